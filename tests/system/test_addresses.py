# SPDX-License-Identifier: Apache-2.0
"""A listen address is all its addresses: those of a name, and those of the machine."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys

import pytest

from children import clean_environment
from harness import BINARY, DEADLINE, HAS_IPV6, check_sanitizers, host_and_port, read_log

BOTH = ["127.0.0.1", "::1"] if HAS_IPV6 else ["127.0.0.1"]
EVERY = ["0.0.0.0", "::"] if HAS_IPV6 else ["0.0.0.0"]
HOSTS = {"localhost": BOTH, "*": EVERY, "": EVERY, "[::]": EVERY}


def send_to(udometer, kind, host, port, raw):
    """Send over a socket of its own, to an address that need not be the one in the log."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    udometer.sockets.append(sock)
    sock.settimeout(DEADLINE)
    sock.connect((host, port))
    sock.sendall(raw)
    udometer.n_sent += 1


@pytest.mark.parametrize("kind", ["udp", "tcp"])
@pytest.mark.parametrize("host", HOSTS)
def test_samples_arrive_over_both_families(start, host, kind):
    udometer = start("--statsd.listen-%s=%s:0" % (kind, host), "--workers=2")
    bound = [host_and_port(address) for address in udometer.listening(kind)]
    assert sorted(address for address, _ in bound) == sorted(HOSTS[host])
    assert len({port for _, port in bound}) == 1
    for i, address in enumerate(BOTH):
        for _ in range(8):  # flows, so that all workers have some
            send_to(udometer, kind, address, bound[0][1], b"hits_total:%d|c\n" % 10 ** i)
    assert udometer.settle().value("hits_total") == (88 if HAS_IPV6 else 8)


@pytest.mark.parametrize("host", HOSTS)
def test_pages_are_served_over_both_families(start, host):
    udometer = start("--web.listen-address=%s:0" % host)
    bound = [host_and_port(address) for address in udometer.listening("http")]
    assert sorted(address for address, _ in bound) == sorted(HOSTS[host])
    assert len({port for _, port in bound}) == 1
    for address in BOTH * 3:
        connection = http.client.HTTPConnection(address, bound[0][1], timeout=DEADLINE)
        with contextlib.closing(connection):
            for path in ["/metrics", "/", "/metrics"]:  # on one connection
                connection.request("GET", path)
                reply = connection.getresponse()
                assert reply.status == 200 and len(reply.read()) > 400
    assert udometer.scrape().value("udometer_scrape_duration_seconds_count") == 6 * len(BOTH)


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no ::1")
def test_connections_of_both_families_end_with_it(start):
    """Idle ones, and those in the middle of a reply."""
    udometer = start("--web.listen-address=localhost:0")
    socks = []
    for address in udometer.listening("http"):
        for request in [b"", b"GET /metr", b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"] * 3:
            sock = socket.create_connection(host_and_port(address), timeout=DEADLINE)
            sock.sendall(request)
            socks.append(sock)
    udometer.stop()
    for sock in socks:
        with sock, contextlib.suppress(ConnectionResetError):
            while sock.recv(65536):
                pass


def test_one_of_ipv4_does_not_listen_on_ipv6(start):
    udometer = start("--statsd.listen-tcp=127.0.0.1:0", "--statsd.listen-tcp=0.0.0.0:0")
    for _, port in udometer.tcp:
        with pytest.raises(OSError):
            socket.create_connection(("::1", port), timeout=DEADLINE)


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no ::1")
@pytest.mark.parametrize("flag", ["--statsd.listen-udp", "--statsd.listen-tcp",
                                  "--web.listen-address"])
def test_a_port_in_use_at_one_address_is_an_error(flag):
    """Half a listener would lose half of the samples without a word."""
    kind = socket.SOCK_DGRAM if flag.endswith("udp") else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET6, kind) as other:
        other.bind(("::1", 0))
        port = other.getsockname()[1]
        flags = {"--statsd.listen-udp": "", "--web.listen-address": "127.0.0.1:0"}
        flags[flag] = "localhost:%d" % port
        done = subprocess.run([BINARY] + ["%s=%s" % item for item in flags.items()],
                              capture_output=True, text=True, timeout=DEADLINE,
                              env=clean_environment(None))
    assert done.returncode == 1
    errors = [record for record in read_log(done.stderr) if record.get("level") == "error"]
    assert [record["flag"] for record in errors] == [flag], done.stderr
    assert "in use" in errors[0]["error"]


# --- on a machine of its own ---

# Runs a program in new namespaces: UP brings up the loopback interface, NO_IPV6 switches IPv6 off,
# HOSTS replaces /etc/hosts.
IN_NAMESPACES = """
import fcntl, os, socket, struct, subprocess, sys
if os.environ.get("UP"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, 0x8914, struct.pack("16sh14x", b"lo", 1 | 64))  # SIOCSIFFLAGS
if os.environ.get("NO_IPV6"):
    with open("/proc/sys/net/ipv6/conf/all/disable_ipv6", "w") as switch:
        switch.write("1")
if os.environ.get("HOSTS"):
    subprocess.run(["mount", "--bind", os.environ["HOSTS"], "/etc/hosts"], check=True)
os.execv(sys.argv[1], sys.argv[1:])
"""
UNSHARE = ["unshare", "--user", "--map-root-user", "--net", "--mount", "--"]


def can_unshare():
    try:
        done = subprocess.run([*UNSHARE, "mount", "--bind", "/etc/hosts", "/etc/hosts"],
                              stdin=subprocess.DEVNULL, capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


needs_namespaces = pytest.mark.skipif(not can_unshare(), reason="namespaces are not allowed here")


def log_of(*flags, **machine):
    """The log of a udometer, with these flags alone, on such a machine, until it is ready."""
    process = subprocess.Popen([*UNSHARE, sys.executable, "-c", IN_NAMESPACES, BINARY, *flags],
                               env=clean_environment(machine), stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    stderr = ""
    for line in process.stderr:
        stderr += line
        if "msg=\"ready\"" in line:
            os.kill(process.pid, signal.SIGTERM)
    check_sanitizers(stderr)
    assert process.wait(DEADLINE) == 0, stderr
    return read_log(stderr)


def addresses(log, protocol):
    return [record["address"] for record in log if record.get("protocol") == protocol]


def complaints(log):
    return [record for record in log if record["level"] != "info"]


@needs_namespaces
@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no ::1")
def test_the_default_is_both_loopbacks():
    log = log_of(UP="1")
    assert addresses(log, "udp") == ["127.0.0.1:8125", "[::1]:8125"]
    assert addresses(log, "http") == ["127.0.0.1:9102", "[::1]:9102"]


@needs_namespaces
def test_without_ipv6_the_default_starts_without_a_complaint():
    log = log_of("--statsd.read-buffer=64KiB", UP="1", NO_IPV6="1")
    assert addresses(log, "udp") == ["127.0.0.1:8125"]
    assert addresses(log, "http") == ["127.0.0.1:9102"]
    assert not complaints(log)


@needs_namespaces
def test_a_name_is_all_its_addresses(folder):
    hosts = ["127.0.0.1 many", "127.0.0.2 many", "127.0.0.3 many", "127.0.0.2 many"]
    if HAS_IPV6:
        hosts.append("::1 many")
    with open(folder + "/hosts", "w") as file:
        file.write("\n".join(hosts) + "\n")
    os.chmod(folder + "/hosts", 0o644)
    log = log_of("--statsd.listen-udp=many:8125", "--statsd.listen-tcp=many:8125",
                 "--web.listen-address=many:9102", "--workers=3", UP="1",
                 HOSTS=folder + "/hosts")
    expected = ["127.0.0.%d" % i for i in (1, 2, 3)] + (["[::1]"] if HAS_IPV6 else [])
    for protocol, port in [("udp", 8125), ("tcp", 8125), ("http", 9102)]:
        assert sorted(addresses(log, protocol)) == sorted("%s:%d" % (address, port)
                                                          for address in expected)


@needs_namespaces
def test_addresses_of_a_name_that_the_machine_lacks_are_left_out(folder):
    with open(folder + "/hosts", "w") as file:
        file.write("127.0.0.1 half\n192.0.2.1 half\n")
    log = log_of("--statsd.listen-udp=half:8125", UP="1", HOSTS=folder + "/hosts")
    assert addresses(log, "udp") == ["127.0.0.1:8125"]
