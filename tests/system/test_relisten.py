# SPDX-License-Identifier: Apache-2.0
"""A reload opens and closes listeners, as the config says, and those that stay lose nothing."""

import os
import signal
import socket
import stat
import time

import pytest

from configured import n_reloads, reload
from harness import DEADLINE, HAS_IPV6, SANITIZED, SLOWNESS, wait_until, write

KINDS = ("udp", "tcp", "unixgram", "unix")


def config(**lists):
    """A config with these listeners, and none of UDP unless they say so."""
    lists = {"udp": [], **lists}
    return "".join("statsd.listen-%s: %s\n" % (kind, [str(at) for at in lists[kind]] or '""')
                   for kind in lists)


@pytest.fixture
def listen(configure):
    """Start a daemon whose listeners are those of the file alone."""
    return lambda text, *flags, **options: configure(text, "--web.listen-address=127.0.0.1:0",
                                                     *flags, free_ports=False, **options)


class Faults:
    """Functions of libraries that hang or fail in a daemon (faults.c)."""

    def __init__(self, path):
        self.path = path
        self.environment = {"LD_PRELOAD": os.environ["UDOMETER_FAULTS"],
                            "UDOMETER_TEST_FAULTS": str(path)}
        if SANITIZED:
            self.environment["ASAN_OPTIONS"] = ":".join(
                [os.environ.get("ASAN_OPTIONS", ""), "verify_asan_link_order=0"])

    def begin(self, name):
        (self.path / name).touch()

    def end(self, name):
        (self.path / name).unlink()


@pytest.fixture
def faults(tmp_path):
    (tmp_path / "faults").mkdir()
    return Faults(tmp_path / "faults")


def addresses(udometer, kind, message="listening"):
    return [record["address"] for record in udometer.log()
            if record.get("msg") == message and record["protocol"] == kind]


def opened(udometer, kind, n=1):
    """The address of the listener that was opened last; so far there were @n."""
    return wait_until(lambda: len(addresses(udometer, kind)) == n and addresses(udometer, kind),
                      udometer.stderr)[-1]


def closed(udometer, kind, n=1):
    return wait_until(
        lambda: len(addresses(udometer, kind, "not listening any more")) == n, udometer.stderr)


def dial(udometer, kind, at):
    """A socket that is connected to what listens at @at."""
    is_datagrams = kind in ("udp", "unixgram")
    family = socket.AF_UNIX if kind.startswith("unix") else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM if is_datagrams else socket.SOCK_STREAM)
    udometer.sockets.append(sock)
    if family == socket.AF_INET:
        host, port = at.rsplit(":", 1)
        at = (host, int(port))
    elif at.startswith("@"):
        at = "\0" + at[1:]
    sock.connect(at)
    sock.settimeout(DEADLINE)
    return sock


def count(udometer, kind, at, name="udometer_listener_datagrams_total"):
    listener = "%s://%s" % (kind, at)
    return sum(value for labels, value in udometer.own_metrics().named(name)
               if labels["listener"] == listener)


def descriptors(udometer):
    """What is open. A connection of HTTP may be, for a moment after its end."""
    folder = "/proc/%d/fd/" % udometer.pid
    return [os.readlink(folder + fd) for fd in os.listdir(folder) if os.path.lexists(folder + fd)]


def place(folder, kind, name="a"):
    return "127.0.0.1:0" if kind in ("udp", "tcp") else "%s/%s" % (folder, name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_listener_comes_and_goes(listen, folder, kind):
    configured = listen(config())
    udometer = configured.daemon
    configured.change(config(**{kind: [place(folder, kind)]}))
    at = opened(udometer, kind)
    sock = dial(udometer, kind, at)
    write(udometer, sock, b"a:1|c\n")
    assert udometer.settle().value("a") == 1
    write(udometer, sock, b"a:1|c\n")
    configured.change(config())
    closed(udometer, kind)
    assert udometer.settle().value("a") == 2
    if kind.startswith("unix"):
        assert not os.path.exists(at)
    with pytest.raises(OSError):
        dial(udometer, kind, at).send(b"a:1|c\n")
        sock.send(b"a:1|c\n")
        sock.send(b"a:1|c\n")


@pytest.mark.parametrize("kind", KINDS)
def test_what_stays_keeps_its_sockets(listen, folder, kind):
    """Connections stay, and the file is the same one."""
    first, more = place(folder, kind), place(folder, kind, "b")
    configured = listen(config(**{kind: [first]}))
    udometer = configured.daemon
    at = opened(udometer, kind)
    sock = dial(udometer, kind, at)
    before = os.stat(at).st_ino if kind.startswith("unix") else None
    for i, wanted in enumerate(([more, first], [first], [first, more])):
        write(udometer, sock, b"a:1|c\n")
        configured.change(config(**{kind: wanted}))
        write(udometer, sock, b"a:1|c\n")
        assert udometer.settle().value("a") == 2 * (i + 1)
    assert before == (os.stat(at).st_ino if kind.startswith("unix") else None)
    scrape = udometer.scrape()
    assert scrape.value("udometer_connections_opened_total") == \
        (1 if kind in ("tcp", "unix") else 0)


def test_options_change_without_the_socket(listen):
    configured = listen(config(udp=["127.0.0.1:0"]), "--workers=2")
    udometer = configured.daemon
    at = opened(udometer, "udp")
    sock = dial(udometer, "udp", at)
    write(udometer, sock, b"n:5|c\ng:5|g")
    write(udometer, sock, b"n:5|c\ng:-1|g")
    scrape = udometer.settle()
    assert scrape.value("n") == 10 and scrape.value("g") == 4
    configured.change(config(udp=["127.0.0.1:0?counter=absolute&dialect=dogstatsd"]))
    write(udometer, sock, b"m:5|c\ng:-1|g")
    write(udometer, sock, b"m:7|c")
    scrape = udometer.settle()
    assert scrape.value("m") == 2 and scrape.value("g") == -1
    configured.change(config(udp=["127.0.0.1:0"]) + "statsd.dialect: dogstatsd\n")
    write(udometer, sock, b"m:5|c\ng:-2|g")
    scrape = udometer.settle()
    assert scrape.value("m") == 7 and scrape.value("g") == -2
    assert addresses(udometer, "udp") == [at]


def test_files_have_the_mode(listen, folder):
    configured = listen(config() + "statsd.unixsocket-mode: 0600\n")
    paths = {kind: place(folder, kind, kind) for kind in ("unixgram", "unix")}
    configured.change(config(**{kind: [path] for kind, path in paths.items()}) +
                      "statsd.unixsocket-mode: 0600\n")
    for path in paths.values():
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_abstract_names_come_and_go(listen):
    name = "@udometer-test-%d" % os.getpid()
    configured = listen(config())
    for _ in range(2):
        configured.change(config(unixgram=[name], unix=[name + "-stream"]))
        for kind, at in (("unixgram", name), ("unix", name + "-stream")):
            write(configured.daemon, dial(configured.daemon, kind, at), b"a:1|c\n")
        configured.change(config())
    assert configured.daemon.settle().value("a") == 4


def test_an_address_that_is_bound_is_taken_over(listen):
    """The same address under another name: its socket, and what waits in it, stays."""
    configured = listen(config(udp=["127.0.0.1:0"], tcp=["127.0.0.1:0"]))
    udometer = configured.daemon
    at = {kind: opened(udometer, kind) for kind in ("udp", "tcp")}
    udp, tcp = (dial(udometer, kind, at[kind]) for kind in ("udp", "tcp"))
    for host in ("localhost", "127.0.0.1", "localhost"):
        configured.change(config(**{kind: [host + ":" + at[kind].split(":")[1]] for kind in at}))
        write(udometer, udp, b"a:1|c\n")
        write(udometer, tcp, b"a:1|c\n")
    assert udometer.settle().value("a") == 6
    n = 3 if HAS_IPV6 else 1
    assert len(addresses(udometer, "udp")) == len(addresses(udometer, "tcp")) == n


def problem_of(configured, n=1):
    return wait_until(lambda: [record["problem"] for record in configured.daemon.log()
                               if record.get("msg") == "a problem in the config"][n - 1:],
                      configured.daemon.stderr)[0]


def taken_udp(folder):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    return sock, "127.0.0.1:%d" % sock.getsockname()[1]


def taken_tcp(folder):
    sock = socket.create_server(("127.0.0.1", 0))
    return sock, "127.0.0.1:%d" % sock.getsockname()[1]


def taken_path(kind):
    def take(folder):
        sock = socket.socket(socket.AF_UNIX, kind)
        sock.bind(folder + "/taken")
        if kind == socket.SOCK_STREAM:
            sock.listen()
        return sock, folder + "/taken"

    return take


BAD = {
    "udp": ("udp", taken_udp, "Address already in use; another program uses it"),
    "tcp": ("tcp", taken_tcp, "Address already in use; another program uses it"),
    "unixgram": ("unixgram", taken_path(socket.SOCK_DGRAM), "Address already in use"),
    "unix": ("unix", taken_path(socket.SOCK_STREAM), "Address already in use"),
    "folder": ("unix", lambda folder: (None, folder + "/no/socket"), "there is no folder"),
    "name": ("udp", lambda folder: (None, "nothing.invalid:1"), "unknown host"),
    "machine": ("tcp", lambda folder: (None, "192.0.2.1:8125"), "does not have this address"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_listener_that_cannot_open_changes_nothing(listen, folder, bad):
    kind, take, problem = BAD[bad]
    taken, at = take(folder)
    mapping = "mapping:\n  mappings:\n  - {match: a, name: b}\nstatsd.ttl: 1s\n"
    configured = listen(config(udp=["127.0.0.1:0"]))
    udometer = configured.daemon
    sock = dial(udometer, "udp", opened(udometer, "udp"))
    n_files = len(descriptors(udometer))
    lists = {"udp": ["127.0.0.1:0"], "unix": [folder + "/new"]}
    lists[kind] = lists.get(kind, []) + [at]
    configured.change(config(**lists) + mapping, "failure")
    line = 2 if kind == "unix" else 1 if kind == "udp" else 3
    text = problem_of(configured)
    assert text.startswith("%s:%d:" % (configured.path, line)), text
    assert "statsd.listen-%s: %s: " % (kind, at) in text and problem in text, text
    write(udometer, sock, b"a:1|c")
    scrape = udometer.settle()
    assert scrape.value("a") == 1 and not scrape.named("b")
    assert os.listdir(folder) == (["taken"] if at.endswith("taken") else [])
    wait_until(lambda: len(descriptors(udometer)) <= n_files,
               lambda: "%d descriptors, then %s" % (n_files, descriptors(udometer)))
    if taken:
        taken.close()
        if at.endswith("taken"):
            os.unlink(at)
        configured.change(config(**lists) + mapping)
        write(udometer, sock, b"a:1|c")
        assert udometer.settle().value("b") == 1


@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_an_overlapping_address_says_what_to_do(listen, kind):
    configured = listen(config(**{kind: ["127.0.0.1:0"]}))
    port = int(opened(configured.daemon, kind).split(":")[1])
    configured.change(config(**{kind: [":%d" % port]}), "failure")
    text = problem_of(configured)
    assert "this process listens at %s://127.0.0.1:%d" % (kind, port) in text
    assert "in one reload and add this one in the next" in text
    configured.change(config())
    configured.change(config(**{kind: [":%d" % port]}))
    write(configured.daemon, dial(configured.daemon, kind, "127.0.0.1:%d" % port), b"a:1|c\n")
    assert configured.daemon.settle().value("a") == 1


def test_a_path_of_another_type_says_what_to_do(listen, folder):
    path = folder + "/socket"
    configured = listen(config(unixgram=[path]))
    configured.change(config(unix=[path]), "failure")
    assert "this process listens at unixgram://" + path in problem_of(configured)
    write(configured.daemon, dial(configured.daemon, "unixgram", path), b"a:1|c")
    assert configured.daemon.settle().value("a") == 1


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_connections_of_a_closed_listener_are_read_and_closed(listen, folder, kind):
    configured = listen(config(**{kind: [place(folder, kind)]}), "--workers=2")
    udometer = configured.daemon
    at = opened(udometer, kind)
    socks = [dial(udometer, kind, at) for _ in range(20)]
    raw = b"a:1|c\n" * 1000
    udometer.pause()
    for sock in socks:
        write(udometer, sock, raw)
    late = dial(udometer, kind, at)  # it waits to be accepted
    write(udometer, late, b"late:1|c\n")
    configured.path.write_text(config())
    udometer.resume()
    reload(udometer)
    scrape = udometer.settle()
    assert scrape.value("a") == 20000 and scrape.value("late") == 1
    for sock in socks:
        with pytest.raises(OSError):
            while sock.recv(1):
                pass
            raise OSError("closed")

    def end():
        return udometer.own_metrics()

    wait_until(lambda: end().sum("udometer_connections") == 0, udometer.stderr)
    assert end().value("udometer_connections_closed_total", cause="removed") == 21


def test_counts_of_a_closed_listener_stay(listen):
    """Sums never go back, and what was received is what was applied and refused."""
    configured = listen(config(udp=["127.0.0.1:0", "127.0.0.1:0"]), "--workers=2")
    udometer = configured.daemon
    at = addresses(udometer, "udp")[1]
    total = 0
    for _ in range(3):
        flows = [dial(udometer, "udp", at) for _ in range(10)]
        for flow in flows:
            write(udometer, flow, b"a:1|c")
            write(udometer, flow, b"bad line")
        total += 20
        udometer.settle()
        assert count(udometer, "udp", at) == total
        configured.change(config(udp=["127.0.0.1:0"]))
        assert count(udometer, "udp", at) == total
        configured.change(config(udp=["127.0.0.1:0", at]))
    scrape = udometer.settle()
    assert scrape.value("a") == total / 2
    assert scrape.value("udometer_datagrams_total") == total
    assert scrape.sum("udometer_refused_total") == total / 2


def test_what_needs_a_restart_is_named_beside(listen):
    configured = listen(config(udp=["127.0.0.1:0"]))
    configured.change(config(udp=["127.0.0.1:0"], tcp=["127.0.0.1:0"]) +
                      "workers: 3\nstatsd.read-buffer: 1MiB\n")
    records = configured.logged("settings of the config have changed that need a restart")
    assert [record["settings"] for record in records] == ["statsd.read-buffer, workers"]
    write(configured.daemon, dial(configured.daemon, "tcp", opened(configured.daemon, "tcp")),
          b"a:1|c\n")
    assert configured.daemon.settle().value("a") == 1
    assert n_reloads(configured.daemon) == {"success": 1, "failure": 0}


def test_reloads_at_the_end_leave_no_files(listen, folder):
    configured = listen(config())
    wanted = [config(), config(unix=[folder + "/a"]), config(unixgram=[folder + "/b"])]
    for i in range(100):
        configured.path.write_text(wanted[i % 3])
        configured.daemon.send_signal(signal.SIGHUP)
    configured.daemon.stop()
    assert os.listdir(folder) == []


def test_the_same_listener_twice_is_two(listen):
    configured = listen(config(udp=["127.0.0.1:0"]))
    udometer = configured.daemon
    configured.change(config(udp=["127.0.0.1:0", "127.0.0.1:0"]))
    both = wait_until(lambda: len(addresses(udometer, "udp")) == 2 and addresses(udometer, "udp"),
                      udometer.stderr)
    assert len(set(both)) == 2
    for at in both:
        write(udometer, dial(udometer, "udp", at), b"a:1|c")
    configured.change(config(udp=["127.0.0.1:0"]))
    assert addresses(udometer, "udp", "not listening any more") == both[1:]
    assert udometer.settle().value("a") == 2


@pytest.mark.parametrize("workers", [1, 3])
def test_a_worker_that_cannot_receive_undoes_all(listen, folder, faults, workers):
    """One of several sockets finds no memory, in whichever worker."""
    configured = listen(config(udp=["127.0.0.1:0"]), "--workers=%d" % workers,
                        environment=faults.environment)
    udometer = configured.daemon
    sock = dial(udometer, "udp", opened(udometer, "udp"))
    write(udometer, sock, b"a:1|c")
    udometer.settle()
    n_files = len(descriptors(udometer))
    wanted = config(udp=["127.0.0.1:0", "127.0.0.1:0", "localhost:0"], tcp=["127.0.0.1:0"],
                    unix=[folder + "/new"], unixgram=[folder + "/gram"])
    faults.begin("poll")
    for _ in range(3):
        configured.change(wanted + "mapping:\n  mappings:\n  - {match: a, name: b}\n", "failure")
    assert "the workers cannot receive from new listeners: " in problem_of(configured)
    assert os.listdir(folder) == []
    wait_until(lambda: len(descriptors(udometer)) <= n_files,
               lambda: "%d descriptors, then %s" % (n_files, descriptors(udometer)))
    write(udometer, sock, b"a:1|c")
    assert udometer.settle().value("a") == 2
    faults.end("poll")
    # The descriptors of sockets that were not opened mean others now.
    configured.change(config(udp=["127.0.0.1:0"], tcp=["127.0.0.1:0"]))
    write(udometer, dial(udometer, "tcp", opened(udometer, "tcp")), b"a:1|c\n")
    udometer.settle()
    configured.change(wanted)
    for kind, at in (("unix", folder + "/new"), ("unixgram", folder + "/gram")):
        write(udometer, dial(udometer, kind, at), b"a:1|c\n")
    assert udometer.settle().value("a") == 5


def begin_look_up(configured, faults):
    """Let a reload begin that waits for a name server."""
    faults.begin("resolver")
    configured.path.write_text(config(udp=["127.0.0.1:0", "server.hangs:0"]))
    configured.daemon.send_signal(signal.SIGHUP)
    wait_until((faults.path / "looking-up").exists, configured.daemon.stderr)


def test_a_name_server_that_hangs_keeps_nothing_waiting(listen, faults):
    configured = listen(config(udp=["127.0.0.1:0"]), environment=faults.environment)
    udometer = configured.daemon
    sock = dial(udometer, "udp", opened(udometer, "udp"))
    begin_look_up(configured, faults)
    for i in range(100):
        write(udometer, sock, b"a:1|c\nb:1|c")
        assert udometer.settle().value("a") == i + 1
    assert n_reloads(udometer) == {"success": 0, "failure": 0}
    faults.end("resolver")
    write(udometer, dial(udometer, "udp", opened(udometer, "udp", 2)), b"a:1|c")
    assert udometer.settle().value("a") == 101
    assert n_reloads(udometer) == {"success": 1, "failure": 0}


def test_a_listener_that_stays_is_not_looked_up_again(listen, faults):
    """A rule can be changed while no name server answers."""
    listeners = config(udp=["127.0.0.1:0", "server.hangs:0"])
    configured = listen(listeners, environment=faults.environment)
    udometer = configured.daemon
    sock = dial(udometer, "udp", addresses(udometer, "udp")[1])
    faults.begin("resolver")
    configured.change(listeners + "mapping:\n  mappings:\n  - {match: a, name: b}\n")
    write(udometer, sock, b"a:1|c")
    assert udometer.settle().value("b") == 1


def test_the_end_does_not_wait_for_a_name_server(listen, folder, faults):
    """What has arrived is applied, files are removed, and no second is spent on waiting."""
    configured = listen(config(udp=["127.0.0.1:0"], unix=[folder + "/socket"]),
                        environment=faults.environment)
    udometer = configured.daemon
    sock = dial(udometer, "udp", opened(udometer, "udp"))
    begin_look_up(configured, faults)
    write(udometer, sock, b"a:1|c")
    begin = time.monotonic()
    assert udometer.stop()["applied"] == "1"
    assert time.monotonic() - begin < 0.9 * SLOWNESS
    assert os.listdir(folder) == []
