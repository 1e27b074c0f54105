# SPDX-License-Identifier: Apache-2.0
"""Sockets that a service manager passes, as systemd does (sd_listen_fds(3))."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys

import pytest

from children import clean_environment
from fixtures import starter
from harness import BINARY, DEADLINE, Udometer, read_log, wait_until

# Puts descriptors, given by number, from 3 on, and becomes the program that follows.
ACTIVATE = """
import os, sys
fds = [int(word) for word in sys.argv[1].split(",") if word]
high = [os.dup2(fd, 500 + i) for i, fd in enumerate(fds)]
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
os.environ["LISTEN_PID"] = str(os.getpid() + int(os.environ.pop("OTHER_PID", "0")))
os.execv(sys.argv[2], sys.argv[2:])
"""


def activation(socks, names=None, n=None):
    """The words before the binary, the environment, and the descriptors to pass."""
    environment = {"LISTEN_FDS": str(len(socks) if n is None else n)}
    if names is not None:
        environment["LISTEN_FDNAMES"] = ":".join(names)
    fds = [sock.fileno() for sock in socks]
    words = [sys.executable, "-c", ACTIVATE, ",".join(map(str, fds))]
    return words, environment, fds


class Activated(Udometer):
    """A daemon with passed sockets; its own defaults, unless flags say otherwise."""

    def __init__(self, directory, socks, *flags, names=None, environment=None):
        words, more, fds = activation(socks, names)
        super().__init__(directory, *flags, free_ports=False, words=words, pass_fds=fds,
                         environment={**more, **(environment or {})})


@pytest.fixture
def activate(tmp_path):
    """Start daemons with the given sockets and flags."""
    yield from starter(tmp_path, Activated)


def ended(socks, *flags, names=None, n=None, **environment):
    """A udometer with passed sockets that is expected to end by itself."""
    words, more, fds = activation(socks, names, n)
    return subprocess.run([*words, BINARY, *flags], pass_fds=fds, capture_output=True, text=True,
                          env=clean_environment({**more, **environment}), timeout=DEADLINE,
                          stdin=subprocess.DEVNULL)


@contextlib.contextmanager
def sockets(folder):
    """One socket of each kind, as a socket unit makes them."""
    with contextlib.ExitStack() as stack:
        made = {}
        for name, family, kind, address in [
                ("udp", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
                ("tcp", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
                ("unixgram", socket.AF_UNIX, socket.SOCK_DGRAM, folder + "/gram"),
                ("unix", socket.AF_UNIX, socket.SOCK_STREAM, folder + "/stream"),
                ("http", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))]:
            made[name] = stack.enter_context(socket.socket(family, kind))
            made[name].bind(address)
            if kind == socket.SOCK_STREAM:
                made[name].listen()
        yield made


def send(udometer, sock, raw):
    flow = socket.socket(sock.family, sock.type)
    udometer.sockets.append(flow)
    flow.connect(sock.getsockname())
    flow.sendall(raw)
    udometer.n_sent += 1


@pytest.mark.parametrize("workers", [1, 2])
def test_samples_arrive_at_passed_sockets_and_pages_are_served(activate, folder, workers):
    with sockets(folder) as made:
        udometer = activate(made.values(), "--workers=%d" % workers,
                            names=["a", "b", "c", "d", "http"])
        host, port = made["udp"].getsockname()
        assert udometer.listening("udp") == ["%s:%d" % (host, port)]
        assert udometer.listening("unixgram") == [folder + "/gram"]
        assert udometer.listening("http") == ["%s:%d" % made["http"].getsockname()]
        for i, kind in enumerate(["udp", "tcp", "unixgram", "unix"]):
            send(udometer, made[kind], b"hits_total:%d|c\n" % 10 ** i)
        assert udometer.settle().value("hits_total") == 1111
        udometer.stop()
        # The files belong to the service manager, which passes the sockets to the next process.
        assert sorted(os.listdir(folder)) == ["gram", "stream"]


@pytest.mark.parametrize("workers", [1, 2])
def test_passed_sockets_stay_through_reloads(activate, folder, tmp_path, workers):
    """Others come and go beside them; what is sent at any moment arrives."""
    path = tmp_path / "udometer.yml"
    path.write_text("")
    with sockets(folder) as made:
        udometer = activate(made.values(), "--workers=%d" % workers, "--config.file=%s" % path,
                            names=["a", "b", "c", "d", "http"])
        kinds = ["udp", "tcp", "unixgram", "unix"]
        lines = {"udp": "127.0.0.1:0", "tcp": "127.0.0.1:0", "unixgram": folder + "/g",
                 "unix": folder + "/s"}
        connected = {}
        for kind in kinds:
            connected[kind] = socket.socket(made[kind].family, made[kind].type)
            udometer.sockets.append(connected[kind])
            connected[kind].connect(made[kind].getsockname())
        for i in range(8):
            path.write_text("".join("statsd.listen-%s: %s\n" % (kind, lines[kind])
                                    for kind in kinds if i % 2 == 0) +
                            "statsd.dialect: %s\n" % ("dogstatsd" if i % 4 < 2 else "statsd"))
            udometer.send_signal(signal.SIGHUP)
            for kind in kinds:  # while it reloads
                send(udometer, made[kind], b"n:1|c\n")
                connected[kind].sendall(b"n:1|c\n")
                udometer.n_sent += 1
            wait_until(lambda: udometer.own_metrics().value(
                "udometer_config_reloads_total", outcome="success") == i + 1, udometer.stderr)
        assert udometer.settle().value("n") == 8 * len(kinds) * 2
        assert sorted(os.listdir(folder)) == ["gram", "stream"]
        assert udometer.own_metrics().sum("udometer_kernel_drops_total") == 0


def test_what_waits_in_passed_sockets_is_not_lost(activate, folder):
    """As while a service restarts, or before it is started for the first time."""
    with sockets(folder) as made:
        flow = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stream = socket.socket(socket.AF_UNIX)
        with flow, stream:
            flow.connect(made["udp"].getsockname())
            flow.send(b"hits_total:1|c")
            stream.connect(folder + "/stream")
            stream.sendall(b"hits_total:20|c\n")
            udometer = activate(made.values(), names=["a", "b", "c", "d", "http"])
            udometer.n_sent = 2
            assert udometer.settle().value("hits_total") == 21


@pytest.mark.parametrize("workers", [1, 2])
def test_sockets_of_one_port_count_together(activate, workers):
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                for _ in range(3)]
        for sock in made:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(("127.0.0.1", 0) if sock is made[0] else made[0].getsockname())
        udometer = activate(made, "--web.listen-address=127.0.0.1:0", "--workers=%d" % workers)
        for _ in range(20):
            send(udometer, made[0], b"hits_total:1|c\n")
        scrape = udometer.settle()
        assert scrape.value("hits_total") == 20
        name = "udometer_listener_datagrams_total"
        assert len(scrape.named(name)) == workers and scrape.sum(name) == 20


def test_its_name_sets_the_dialect(activate, folder):
    with sockets(folder) as made:
        udometer = activate([made["udp"], made["tcp"], made["http"]], "--workers=1",
                            names=["dogstatsd", "statsd", "http"])
        for kind, expected in [("udp", -5), ("udp", -5), ("tcp", -10)]:
            send(udometer, made[kind], b"g:-5|g\n")
            assert udometer.settle().value("g") == expected


def test_passed_sockets_replace_the_defaults_only(activate, folder):
    with sockets(folder) as made:
        udometer = activate([made["tcp"], made["http"]], "--statsd.listen-udp=127.0.0.1:0",
                            names=["", "http"])
        assert len(udometer.listening("udp")) == len(udometer.listening("tcp")) == 1
        send(udometer, made["tcp"], b"hits_total:1|c\n")
        udometer.send("hits_total:20|c", flow=udometer.new_flow())
        assert udometer.settle().value("hits_total") == 21


def test_one_for_pages_leaves_the_default_of_samples(activate, folder):
    with sockets(folder) as made:
        udometer = activate([made["http"]], "--statsd.listen-udp=", "--statsd.listen-tcp=[::]:0",
                            names=["http"])
        assert udometer.listening("http") == ["%s:%d" % made["http"].getsockname()]
        assert not udometer.listening("udp") and udometer.listening("tcp")


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE)
        self.sock.connect(self.host)


def test_pages_may_be_served_on_a_unix_socket(activate, folder):
    with sockets(folder) as made:
        udometer = activate([made["http"], made["unix"]], "--statsd.listen-udp=127.0.0.1:0",
                            names=["http", "http"])
        assert udometer.listening("http")[1] == folder + "/stream"
        with contextlib.closing(UnixConnection(folder + "/stream")) as connection:
            for _ in range(2):
                connection.request("GET", "/metrics", headers={"Host": "x"})
                reply = connection.getresponse()
                assert reply.status == 200 and b"udometer_build_info" in reply.read()
        assert udometer.scrape().value("udometer_scrape_duration_seconds_count") == 2


def test_children_of_the_process_they_were_for_ignore_them(folder):
    """LISTEN_PID says for which process they are: the variables are inherited by others."""
    with sockets(folder) as made:
        done = ended([made["tcp"]], "--check-config", OTHER_PID="1")
        assert done.returncode == 0
        done = ended([made["tcp"]], "--statsd.listen-udp=192.0.2.1:1", OTHER_PID="1",
                     UDOMETER_WEB_LISTEN_ADDRESS="127.0.0.1:0")
    assert done.returncode == 1
    assert not [record for record in read_log(done.stderr) if record.get("protocol") == "tcp"]


def test_a_connection_cannot_be_listened_on():
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ends[0], ends[1]:
        done = ended(ends[:1], names=["mine"])
    assert done.returncode == 1
    errors = [record for record in read_log(done.stderr) if record["level"] == "error"]
    assert len(errors) == 1 and errors[0]["name"] == "mine" and "Accept=no" in errors[0]["hint"]
    assert errors[0]["descriptor"] == "3"


def test_a_file_cannot_be_listened_on(folder):
    with open(folder + "/file", "w") as file:
        done = ended([file])
    assert done.returncode == 1
    errors = [record for record in read_log(done.stderr) if record["level"] == "error"]
    assert len(errors) == 1 and "socket" in errors[0]["error"]


def test_pages_need_a_stream_socket(folder):
    with sockets(folder) as made:
        done = ended([made["udp"]], names=["http"])
    assert done.returncode == 1
    errors = [record for record in read_log(done.stderr) if record["level"] == "error"]
    assert len(errors) == 1 and errors[0]["name"] == "http"


@pytest.mark.parametrize("n", ["65", "x", "-1", "", "99999999999999999999"])
def test_a_wrong_number_is_an_error(n):
    done = ended([], n=n)
    assert done.returncode == 1
    errors = [record for record in read_log(done.stderr) if record["level"] == "error"]
    assert len(errors) == 1 and errors[0]["hint"], done.stderr


def test_more_connections_are_accepted_after_a_pass(activate, folder):
    """Several workers accept from one socket."""
    with sockets(folder) as made:
        udometer = activate([made["tcp"], made["http"]], "--workers=2", names=["", "http"])
        for _ in range(50):
            send(udometer, made["tcp"], b"hits_total:1|c\n")
        assert udometer.settle().value("hits_total") == 50
        wait_until(lambda: udometer.scrape().sum("udometer_connections") == 50, "50 connections")


def test_passed_sockets_may_block(activate, folder):
    """One thread accepts from all sockets for pages but the first. None must keep it waiting."""
    with sockets(folder) as made, contextlib.ExitStack() as stack:
        pages = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        assert all(sock.getblocking() for sock in [*made.values(), *pages])
        udometer = activate([made["tcp"], *pages], names=["", "http", "http", "http"])
        for _ in range(2):
            for sock in pages:
                connection = http.client.HTTPConnection(*sock.getsockname(), timeout=DEADLINE)
                with contextlib.closing(connection):
                    connection.request("GET", "/-/ready")
                    assert connection.getresponse().status == 200
            send(udometer, made["tcp"], b"hits_total:1|c\n")
        assert udometer.settle().value("hits_total") == 2
        udometer.stop()
