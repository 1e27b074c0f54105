# SPDX-License-Identifier: Apache-2.0
"""Listeners of all protocols, their files, streams and limits."""

import json
import os
import signal
import socket
import stat
import threading

import pytest

from harness import SANITIZED, connect, frame, read_log, run, wait_until, write

UDP = "--statsd.listen-udp=127.0.0.1:0"
TCP = "--statsd.listen-tcp=127.0.0.1:0"
NO_UDP = "--statsd.listen-udp="
FREE_HTTP = "--web.listen-address=127.0.0.1:0"
STREAMS = ["tcp", "unix"]


# --- what these tests need besides the harness ---


@pytest.fixture
def start(start):
    """Start daemons; each that still runs at the end has to have accounted for every sample.

    A scrape is read strictly, and checks that (check_identity).
    """
    started = []

    def start_one(*flags, **options):
        started.append(start(*flags, **options))
        return started[-1]

    yield start_one
    for udometer in started:
        if not udometer.has_ended:
            udometer.scrape()


@pytest.fixture
def streams(folder):
    """The flags of one listener of each stream protocol."""
    return [TCP, "--statsd.listen-unix=" + folder + "/stream"]


def is_closed(sock):
    """Whether the other side has closed it. Waits until it has."""
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def n_connections(udometer):
    return udometer.scrape().sum("udometer_connections")


def wait_for_connections(udometer, n):
    wait_until(lambda: n_connections(udometer) == n, lambda: "%d connections" % n)


def cannot_start(*flags):
    """The one error in the log of a udometer that ended with status 1."""
    done = run(*flags, FREE_HTTP)
    assert done.returncode == 1, done.stderr
    errors = [record for record in read_log(done.stderr) if record.get("level") == "error"]
    assert len(errors) == 1, done.stderr
    assert not any(record.get("msg") == "ready" for record in read_log(done.stderr))
    return errors[0]


# --- several of each ---


def test_samples_by_all_listeners_are_one_series(start, folder):
    udometer = start(UDP, "--statsd.listen-udp=[::1]:0", TCP, "--statsd.listen-tcp=[::1]:0",
                     "--statsd.listen-unixgram=" + folder + "/gram0",
                     "--statsd.listen-unixgram=" + folder + "/gram1",
                     "--statsd.listen-unix=" + folder + "/stream0,%s/stream1" % folder,
                     "--workers=2")
    assert udometer.listening("unixgram") == [folder + "/gram0", folder + "/gram1"]
    assert udometer.listening("unix") == [folder + "/stream0", folder + "/stream1"]
    value = 1
    for protocol in ["udp", "tcp", "unixgram", "unix"]:
        for listener in range(2):
            sock = (udometer.new_flow(listener) if protocol == "udp" else
                    connect(udometer, protocol, listener))
            write(udometer, sock, b"hits_total:%d|c\nby:%d|c|#way:%s%d\n"
                  % (value, value, protocol.encode(), listener))
            value *= 10
    scrape = udometer.settle()
    assert scrape.value("hits_total") == 11111111
    assert sorted(v for _, v in scrape.named("by")) == [10 ** i for i in range(8)]
    assert scrape.value("by", way="unix1") == 10 ** 7
    assert scrape.value("udometer_connections_opened_total") == 4
    assert scrape.value("udometer_datagrams_total") == 4


def test_all_addresses_given_are_those_bound(start, folder):
    flags = ["--statsd.listen-udp=[::1]:0", TCP, "--statsd.listen-unixgram=" + folder + "/gram"]
    first = start(*flags)
    port = first.tcp[0][1]
    assert first.udp[0][0] == "::1" and first.udp[0][1] > 0 and port > 0
    first.stop()
    second = start("--statsd.listen-tcp=127.0.0.1:%d" % port)
    assert second.tcp == [("127.0.0.1", port)]


def test_a_tcp_port_in_use_is_told(start):
    udometer = start(TCP)
    address = "127.0.0.1:%d" % udometer.tcp[0][1]
    error = cannot_start(NO_UDP, "--statsd.listen-tcp=" + address)
    assert error["flag"] == "--statsd.listen-tcp" and error["address"] == address
    assert "in use" in error["error"] and error["hint"]


# --- dialects ---


def gauge(udometer, flow, line):
    """Send a line, and return what it makes of the gauge g."""
    write(udometer, flow, line)
    return udometer.settle().value("g")


def test_a_sign_is_just_a_sign_on_a_listener_of_dogstatsd(start):
    udometer = start("--statsd.listen-udp=127.0.0.1:0?dialect=dogstatsd", UDP)
    dogstatsd, statsd = udometer.new_flow(0), udometer.new_flow(1)
    assert gauge(udometer, statsd, b"g:10|g") == 10
    assert gauge(udometer, statsd, b"g:+5|g") == 15
    assert gauge(udometer, dogstatsd, b"g:+5|g") == 5
    assert gauge(udometer, statsd, b"g:+5|g") == 10
    assert gauge(udometer, dogstatsd, b"g:-5|g") == -5
    assert gauge(udometer, statsd, b"g:-5|g") == -10
    assert gauge(udometer, dogstatsd, b"g:7|g") == 7


def test_one_listener_may_differ_from_the_dialect_of_all(start):
    udometer = start("--statsd.dialect=dogstatsd", UDP,
                     "--statsd.listen-udp=127.0.0.1:0?dialect=statsd")
    dogstatsd, statsd = udometer.new_flow(0), udometer.new_flow(1)
    assert gauge(udometer, dogstatsd, b"g:+5|g") == 5
    assert gauge(udometer, statsd, b"g:+5|g") == 10
    assert gauge(udometer, dogstatsd, b"g:-2|g") == -2


@pytest.mark.parametrize("protocol", ["tcp", "unixgram", "unix"])
def test_a_listener_of_each_protocol_may_have_a_dialect(start, folder, protocol):
    base = "127.0.0.1:0" if protocol == "tcp" else folder + "/socket"
    flag = "--statsd.listen-%s=" % protocol
    udometer = start(flag + base + "?dialect=dogstatsd", flag + base.replace("socket", "other"))
    dogstatsd, statsd = connect(udometer, protocol, 0), connect(udometer, protocol, 1)
    for _ in range(3):
        assert gauge(udometer, dogstatsd, b"g:+5|g\n") == 5
        assert gauge(udometer, statsd, b"g:+5|g\n") == 10
        assert gauge(udometer, statsd, b"g:-3|g\n") == 7


# --- socket files ---


def both_files(folder):
    return ["--statsd.listen-unixgram=%s/gram" % folder, "--statsd.listen-unix=%s/stream" % folder]


def send_to_both(udometer):
    for protocol in ["unixgram", "unix"]:
        write(udometer, connect(udometer, protocol), b"hits_total:1|c\n")
    return udometer.settle().value("hits_total")


def test_files_of_a_killed_daemon_are_replaced(start, folder):
    first = start(*both_files(folder))
    assert send_to_both(first) == 2
    first.kill()
    assert sorted(os.listdir(folder)) == ["gram", "stream"]
    second = start(*both_files(folder))
    assert send_to_both(second) == 2
    second.stop()
    assert os.listdir(folder) == []


@pytest.mark.parametrize("protocol", ["unixgram", "unix"])
def test_the_file_of_a_live_daemon_is_an_error(start, folder, protocol):
    flag, path = "--statsd.listen-%s" % protocol, folder + "/socket"
    first = start(flag + "=" + path)
    inode = os.stat(path).st_ino
    error = cannot_start(NO_UDP, flag + "=" + path)
    assert error["flag"] == flag and error["address"] == path
    assert "in use" in error["error"] and error["hint"]
    assert os.stat(path).st_ino == inode
    write(first, connect(first, protocol), b"hits_total:1|c\n")
    assert first.settle().value("hits_total") == 1


@pytest.mark.parametrize("type_", [socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["dgram", "stream"])
@pytest.mark.parametrize("flag", ["--statsd.listen-unixgram", "--statsd.listen-unix"])
def test_the_file_of_somebody_else_is_an_error(folder, flag, type_):
    with socket.socket(socket.AF_UNIX, type_) as other:
        other.bind(folder + "/socket")
        if type_ == socket.SOCK_STREAM:
            other.listen()
        error = cannot_start(NO_UDP, flag + "=" + folder + "/socket")
        assert error["flag"] == flag and error["address"] == folder + "/socket"
        assert os.listdir(folder) == ["socket"]


@pytest.mark.parametrize("flag", ["--statsd.listen-unixgram", "--statsd.listen-unix"])
def test_a_file_that_is_no_socket_is_an_error_and_stays(folder, flag):
    path = folder + "/precious"
    with open(path, "w") as precious:
        precious.write("do not lose this")
    error = cannot_start(NO_UDP, flag + "=" + path)
    assert error["flag"] == flag and error["address"] == path and error["hint"]
    with open(path) as precious:
        assert precious.read() == "do not lose this"


def test_files_opened_before_an_error_are_gone(folder):
    cannot_start(NO_UDP, *both_files(folder), "--statsd.listen-unix=/no/such/folder/socket")
    assert os.listdir(folder) == []


def test_files_have_the_default_mode(start, folder):
    start(*both_files(folder))
    for name in ["gram", "stream"]:
        assert stat.S_IMODE(os.stat(folder + "/" + name).st_mode) == 0o660


@pytest.mark.parametrize("mode", ["0600", "0666", "777", "0000"])
def test_files_have_the_mode_whatever_the_umask(start, folder, mode):
    before = os.umask(0o077)
    try:
        start(*both_files(folder), "--statsd.unixsocket-mode=" + mode)
    finally:
        os.umask(before)
    for name in ["gram", "stream"]:
        assert stat.S_IMODE(os.stat(folder + "/" + name).st_mode) == int(mode, 8)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to others")
@pytest.mark.parametrize("owner, expected", [
    ("1234:4321", (1234, 4321)), ("1234", (1234, 0)), (":4321", (0, 4321)), ("root:root", (0, 0))])
def test_files_have_the_owner(start, folder, owner, expected):
    start(*both_files(folder), "--statsd.unixsocket-owner=" + owner)
    for name in ["gram", "stream"]:
        status = os.stat(folder + "/" + name)
        assert (status.st_uid, status.st_gid) == expected


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
def test_files_are_gone_afterwards(start, folder, number):
    udometer = start(*both_files(folder))
    send_to_both(udometer)
    udometer.stop(number)
    assert os.listdir(folder) == []


def test_a_file_that_replaced_its_own_stays(start, folder):
    udometer = start(*both_files(folder))
    for name in ["gram", "stream"]:
        os.unlink(folder + "/" + name)
        with open(folder + "/" + name, "w"):
            pass
    udometer.stop()
    assert sorted(os.listdir(folder)) == ["gram", "stream"]


# --- lines of streams ---


def in_pieces(raw, n):
    return [raw[i:i + n] for i in range(0, len(raw), n)]


@pytest.mark.parametrize("protocol", STREAMS)
@pytest.mark.parametrize("piece", [1, 2, 7])
def test_a_line_may_come_in_small_pieces(start, streams, protocol, piece):
    udometer = start(*streams)
    sock = connect(udometer, protocol)
    if protocol == "tcp":
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    raw = b"hits_total:1|c|#k:v\r\n\n  hits_total:20|c|#k:v \nother:300|c\n" * 5
    for part in in_pieces(raw, piece):
        write(udometer, sock, part, 0)
    udometer.n_sent = 15
    scrape = udometer.settle()
    assert scrape.value("hits_total", k="v") == 105 and scrape.value("other") == 1500


@pytest.mark.parametrize("protocol", STREAMS)
@pytest.mark.parametrize("end", ["close", "shutdown"])
def test_the_last_line_may_lack_its_line_feed(start, streams, protocol, end):
    udometer = start(*streams)
    sock = connect(udometer, protocol)
    write(udometer, sock, b"hits_total:1|c\nhits_total:20|c")
    if end == "close":
        sock.close()
    else:
        sock.shutdown(socket.SHUT_WR)
    assert udometer.settle().value("hits_total") == 21
    wait_for_connections(udometer, 0)


@pytest.mark.parametrize("protocol", STREAMS)
def test_a_connection_may_bring_nothing_or_next_to_nothing(start, streams, protocol):
    udometer = start(*streams)
    for raw in [b"", b"\n", b"\r\n\n", b"x", b"xy\n", b"a:1"]:
        sock = connect(udometer, protocol)
        write(udometer, sock, raw)
        sock.close()
    assert udometer.settle().refused("malformed_line") == 3
    wait_until(lambda: udometer.scrape().value("udometer_connections_opened_total") == 6, "6")
    wait_for_connections(udometer, 0)


def too_long(limit):
    """Lines around the limit that mean the same, as blanks at the end mean nothing."""
    lengths = (limit - 1, limit, limit + 1, 2 * limit, 10 * limit + 3)
    return [(b"hits_total:1|c".ljust(n), n > limit) for n in lengths]


@pytest.mark.parametrize("protocol", STREAMS)
@pytest.mark.parametrize("limit, piece", [
    (65536, 10000000), (65536, 5000), (100, 10000), (100, 33)])
def test_a_line_that_is_too_long_is_skipped_and_the_connection_stays(start, streams, protocol,
                                                                     limit, piece):
    udometer = start(*streams, *([] if limit == 65536 else ["--limit.line-length=%d" % limit]))
    sock = connect(udometer, protocol)
    raw = b"".join(line + b"\nnext_total:1|c\n" for line, _ in too_long(limit))
    for part in in_pieces(raw, piece):
        write(udometer, sock, part, 0)
    udometer.n_sent = 2 * len(too_long(limit))
    scrape = udometer.settle()
    n_refused = sum(is_refused for _, is_refused in too_long(limit))
    assert scrape.refused("line_limit") == n_refused == 3
    assert scrape.value("hits_total") == len(too_long(limit)) - n_refused
    assert scrape.value("next_total") == len(too_long(limit))
    write(udometer, sock, b"still_there:1|c\n")
    assert udometer.settle().value("still_there") == 1
    assert n_connections(udometer) == 1


@pytest.mark.parametrize("n_before", [0, 3000])
def test_a_line_that_is_too_long_is_refused_alone(start, folder, n_before):
    """A Unix datagram may be longer than any UDP datagram, but its lines only 64 KiB."""
    udometer = start("--statsd.listen-unixgram=" + folder + "/gram")
    before = b"before_total:1|c\n" * n_before
    too_long = b"long_total:1|c|@0.001|#" + b"a:b," * (70_000 // 4)
    write(udometer, connect(udometer, "unixgram"), before + too_long + b"\nafter_total:1|c" * 50,
          n_before + 51)
    scrape = udometer.settle()
    assert scrape.get("before_total") == (n_before or None)
    assert scrape.value("after_total") == 50
    assert not scrape.named("long_total")
    assert scrape.refused("line_limit") == 1


@pytest.mark.parametrize("protocol", STREAMS)
def test_a_line_that_is_too_long_may_be_the_last(start, streams, protocol):
    udometer = start(*streams, "--limit.line-length=100")
    sock = connect(udometer, protocol)
    write(udometer, sock, b"hits_total:1|c\n" + b"x" * 100000, 2)
    sock.close()
    scrape = udometer.settle()
    assert scrape.value("hits_total") == 1 and scrape.refused("line_limit") == 1
    wait_for_connections(udometer, 0)


def test_a_line_without_end_takes_no_memory(start):
    udometer = start(TCP)
    sock = connect(udometer, "tcp")
    before = udometer.scrape().value("process_resident_memory_bytes")
    for _ in range(256):
        write(udometer, sock, b"x" * 65536 * 4, 0)
    write(udometer, sock, b"\nhits_total:1|c\n", 2)
    scrape = udometer.settle()
    assert scrape.refused("line_limit") == 1 and scrape.value("hits_total") == 1
    assert scrape.value("process_resident_memory_bytes") - before < 32 << 20


# --- frames ---


@pytest.fixture
def framed(start, folder):
    udometer = start("--statsd.listen-unix=" + folder + "/stream", "--limit.line-length=1000")
    return udometer, connect(udometer, "unix")


FRAMES = [b"hits_total:1|c", b"hits_total:20|c\nhits_total:300|c\n", b"", b"\n\n",
          b"other:1|c|#k:v\r\nother:2|c|#k:v"]


@pytest.mark.parametrize("piece", [10000, 50, 3, 1])
def test_frames_are_datagrams_on_a_stream(framed, piece):
    udometer, sock = framed
    for part in in_pieces(b"".join(frame(raw) for raw in FRAMES * 3), piece):
        write(udometer, sock, part, 0)
    udometer.n_sent = 15
    scrape = udometer.settle()
    assert scrape.value("hits_total") == 3 * 321 and scrape.value("other", k="v") == 9
    assert n_connections(udometer) == 1


@pytest.mark.parametrize("piece", [1000000, 100])
@pytest.mark.parametrize("n_lines", [112, 7000, 150000])
def test_a_frame_may_be_longer_than_a_line(framed, piece, n_lines):
    """Each line in it counts, and the one that is too long costs no other one."""
    udometer, sock = framed
    half = b"inside:1|c\n" * (n_lines // 2)
    raw = frame(b"hits_total:1|c") + frame(half + b"x" * 1001 + b"\n" + half + b"hits_total:20|c")
    for part in in_pieces(raw + frame(b"hits_total:300|c"), piece):
        write(udometer, sock, part, 0)
    udometer.n_sent = n_lines + 4
    scrape = udometer.settle()
    assert scrape.refused("line_limit") == 1
    assert scrape.value("hits_total") == 321 and scrape.value("inside") == n_lines
    assert scrape.value("process_resident_memory_bytes") < 64 << 20 or SANITIZED


@pytest.mark.parametrize("raw", [
    frame(b"lost:1|c")[:-1], frame(b"lost:1|c")[:5], frame(b"x" * 2000)[:1500], b"\x05\0\0\0",
    b"\x05\0"], ids=len)
def test_a_frame_that_its_connection_ends_in_is_refused(framed, raw):
    udometer, sock = framed
    write(udometer, sock, frame(b"hits_total:1|c") + raw, 2)
    sock.close()
    scrape = udometer.settle()
    assert scrape.value("hits_total") == 1 and not scrape.named("lost")
    # The one that is too long has been refused by then, and only once.
    assert scrape.refused("malformed_line") + scrape.refused("line_limit") == 1


def test_whole_lines_of_a_frame_that_its_connection_ends_in_count(framed):
    udometer, sock = framed
    write(udometer, sock, frame(b"whole:1|c\n" * 99 + b"lost:1|c")[:-3], 100)
    sock.close()
    scrape = udometer.settle()
    assert scrape.value("whole") == 99 and not scrape.named("lost")
    assert scrape.refused("malformed_line") == 1


def test_frames_and_lines_do_not_meet(start, folder):
    """The first bytes of each connection show whether it has frames."""
    udometer = start("--statsd.listen-unix=" + folder + "/stream")
    socks = [connect(udometer, "unix") for _ in range(4)]
    for _ in range(10):
        for i, sock in enumerate(socks):
            write(udometer, sock, frame(b"hits_total:1|c") if i % 2 else b"hits_total:20|c\n", 1)
    assert udometer.settle().value("hits_total") == 20 * 21


# --- connections ---


def n_evicted(udometer):
    return udometer.scrape().value("udometer_connections_closed_total", cause="evicted")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_new_connection_takes_the_place_of_the_longest_idle(start, streams, workers):
    """Without regard to which worker has it: a program that opens more and more is alone here."""
    udometer = start(*streams, "--limit.connections=3", "--workers=%d" % workers)
    for protocol in STREAMS:
        socks = []
        for i in range(20):
            socks.append(connect(udometer, protocol))
            write(udometer, socks[-1], b"hits_total:1|c\n")
            udometer.settle()  # so that the order of what is read is that of what is written
            if i >= 3:
                assert is_closed(socks[i - 3])
        for sock in socks[-3:]:
            write(udometer, sock, b"hits_total:1|c\n")
        udometer.settle()
        for sock in socks:
            sock.close()
        wait_for_connections(udometer, 0)
    scrape = udometer.settle()
    assert scrape.value("hits_total") == 2 * 23
    assert scrape.value("udometer_connections_closed_total", cause="evicted") == 2 * 17
    assert scrape.value("udometer_connections_closed_total", cause="peer") == 2 * 3
    assert scrape.value("udometer_connections_opened_total") == 2 * 20
    assert scrape.value("udometer_connections_refused_total") == 0
    warnings = [record for record in udometer.log() if record.get("level") == "warn"]
    assert warnings[0]["address"] == "127.0.0.1" and len(warnings) <= workers  # at most one in 10 s


def test_a_process_that_opens_more_and_more_loses_its_own(start, streams):
    udometer = start(*streams, "--limit.connections=5", "--workers=1")
    quiet = connect(udometer, "tcp")
    wait_for_connections(udometer, 1)
    leak = [connect(udometer, "unix") for _ in range(40)]
    wait_until(lambda: n_evicted(udometer) == 36, "36")
    assert all(is_closed(sock) for sock in leak[:36])
    write(udometer, quiet, b"hits_total:1|c\n")
    for sock in leak[36:]:
        write(udometer, sock, b"hits_total:1|c\n")
    assert udometer.settle().value("hits_total") == 5


@pytest.mark.parametrize("workers", [1, 2])
def test_idle_connections_are_closed_on_request(start, streams, workers):
    udometer = start(*streams, "--statsd.idle-timeout=1s", "--workers=%d" % workers)
    for _ in range(2):
        socks = [connect(udometer, protocol) for protocol in STREAMS * 3]
        for sock in socks:
            write(udometer, sock, b"hits_total:1|c\n")
        udometer.settle()
        assert all(is_closed(sock) for sock in socks)
        wait_for_connections(udometer, 0)
    scrape = udometer.settle()
    assert scrape.value("hits_total") == 12
    assert scrape.value("udometer_connections_closed_total", cause="idle") == 12


def test_freed_places_can_be_used_again(start, streams):
    udometer = start(*streams, "--limit.connections=2", "--workers=2")
    for i in range(10):
        socks = [connect(udometer, STREAMS[(i + j) % 2]) for j in range(2)]
        wait_for_connections(udometer, 2)
        for sock in socks:
            write(udometer, sock, b"hits_total:1|c\n")
        assert udometer.settle().value("hits_total") == 2 * i + 2
        for sock in socks:
            sock.close()
        wait_for_connections(udometer, 0)
    scrape = udometer.scrape()
    assert scrape.value("udometer_connections_opened_total") == 20
    assert n_evicted(udometer) == 0


def seconds_to_next_probe(port):
    """For each established TCP connection of a local port; None without keep-alive (proc(5))."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.read().splitlines()[1:]]
    return [int(row[5].split(":")[1], 16) / 100 if row[5].startswith("02:") else None
            for row in rows if row[1].endswith(":%04X" % port) and row[3] == "01"]


def test_a_silent_peer_is_probed_within_half_a_minute(start):
    udometer = start(TCP)
    connect(udometer, "tcp")
    wait_for_connections(udometer, 1)
    wait_until(lambda: 20 < (seconds_to_next_probe(udometer.tcp[0][1])[0] or 0) <= 30, "a probe")


N_THREADS, N_EACH, N_LINES = 8, 25, 100


def write_much(udometer, protocol, thread):
    """Open connections, keep all of them open, and write to them in turn, in odd pieces."""
    socks = [connect(udometer, protocol) for _ in range(N_EACH)]
    raw = b"".join(b"hits_total:1|c\nby_total:%d|c|#thread:%d\ntime:250|ms\n" % (i, thread)
                   for i in range(N_LINES))
    parts = in_pieces(raw, 777)
    for part in parts:
        for sock in socks:
            sock.sendall(part)
    for sock in socks[::2]:
        sock.close()


@pytest.mark.parametrize("protocol", STREAMS)
@pytest.mark.parametrize("workers", [1, 2])
def test_200_connections_at_once_lose_nothing(start, streams, protocol, workers):
    udometer = start(*streams, "--workers=%d" % workers)
    threads = [threading.Thread(target=write_much, args=(udometer, protocol, i))
               for i in range(N_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    n = N_THREADS * N_EACH
    udometer.n_sent = 3 * n * N_LINES
    scrape = udometer.settle()
    assert scrape.value("hits_total") == n * N_LINES
    assert scrape.value("time_count") == n * N_LINES and scrape.value("time_sum") == n * N_LINES / 4
    for i in range(N_THREADS):
        assert scrape.value("by_total", thread=str(i)) == N_EACH * sum(range(N_LINES))
    assert scrape.value("udometer_connections_opened_total") == n
    wait_for_connections(udometer, n // 2 - N_THREADS // 2)


# --- the end ---


@pytest.mark.parametrize("protocol", STREAMS)
@pytest.mark.parametrize("workers", [1, 2])
def test_what_had_come_by_open_connections_is_applied_first(start, streams, protocol, workers):
    udometer = start(*streams, "--workers=%d" % workers)
    socks = [connect(udometer, protocol) for _ in range(30)]
    wait_for_connections(udometer, 30)
    udometer.pause()
    for sock in socks:
        write(udometer, sock, b"hits_total:1|c\n" * 1000)
    assert udometer.stop()["applied"] == "30000"


@pytest.mark.parametrize("protocol", STREAMS)
def test_what_had_come_by_waiting_connections_is_applied_first(start, streams, protocol):
    udometer = start(*streams, "--workers=1")
    udometer.pause()
    for i in range(60):
        write(udometer, connect(udometer, protocol), b"hits_total:1|c\nhits_total:2|c\n")
    assert udometer.stop()["applied"] == "120"


@pytest.mark.parametrize("protocol", STREAMS)
def test_what_had_come_by_ended_connections_is_applied_first(start, streams, protocol):
    udometer = start(*streams)
    open_before = [connect(udometer, protocol) for _ in range(10)]
    wait_for_connections(udometer, 10)
    udometer.pause()
    for sock in open_before + [connect(udometer, protocol) for _ in range(10)]:
        write(udometer, sock, b"hits_total:1|c\nhits_total:2|c\n")
        sock.close()
    assert udometer.stop()["applied"] == "40"


def test_what_lies_in_unix_datagram_sockets_is_applied_first(start, folder):
    udometer = start(*["--statsd.listen-unixgram=%s/%d" % (folder, i) for i in range(2)])
    flows = [connect(udometer, "unixgram", i) for i in range(2)]
    udometer.pause()
    for _ in range(5):  # the queue of such a socket is short
        for flow in flows:
            write(udometer, flow, b"hits_total:1|c\nhits_total:2|c")
    assert udometer.stop()["applied"] == "20"


def test_open_connections_do_not_hold_it_up(start, streams):
    udometer = start(*streams)
    for protocol in STREAMS:
        write(udometer, connect(udometer, protocol), b"hits_total:1|c\nhalf_a_li", 1)
    udometer.settle()
    assert udometer.stop()["applied"] == "2"


# --- type conflicts ---


def conflicts_logged(udometer):
    return [record for record in udometer.log() if "conflict" in record["msg"]]


def test_a_type_conflict_is_in_the_log_once(start):
    udometer = start("--workers=1")
    udometer.send("jobs:1|c")
    for _ in range(300):
        udometer.send("jobs:1|g")
    assert udometer.settle().refused("type_conflict") == 300
    udometer.stop()
    logged = conflicts_logged(udometer)
    assert len(logged) == 1 and logged[0]["level"] == "warn", logged
    assert (logged[0]["name"], logged[0]["sent_as"]) == ("jobs", "gauge")
    assert (logged[0]["held_by"], logged[0]["held_as"]) == ("jobs", "counter")


def test_a_type_conflict_tells_both_names(start, streams):
    udometer = start(*streams, "--workers=1")
    sock = connect(udometer, "tcp")
    write(udometer, sock, b"took:1|ms\n" + b"took_sum:1|c\n" * 300)
    scrape = udometer.settle()
    assert scrape.refused("type_conflict") == 300 and scrape.value("took_sum") == 0.001
    page = json.loads(udometer.get("/api/v1/conflicts").body)
    assert page == {"status": "success", "data": [
        {"name": "took_sum", "sent_as": "counter", "held_by": "took", "held_as": "histogram",
         "declared": False, "refused": 300}]}
    udometer.stop()
    logged = conflicts_logged(udometer)
    assert len(logged) == 1, logged
    assert (logged[0]["name"], logged[0]["held_by"]) == ("took_sum", "took")


# --- limits ---


def overflow_of(scrape, name):
    return scrape.value(name, overflow="true")


@pytest.mark.parametrize("flag, room", [
    ("--limit.series=60", 60), ("--limit.family-series=20", 80)])
def test_beyond_a_limit_sums_stay_right_and_gauges_are_refused(start, flag, room):
    udometer = start(flag, "--workers=2")
    flows = [udometer.new_flow() for _ in range(16)]
    n = 500
    # So that each has a family with at least one series.
    udometer.send("c:1|c|#i:0", "h:2|h|#i:0", "s:0|s|#i:0", "g:1|g|#i:0")
    udometer.settle()
    for i in range(1, n):
        udometer.send("c:1|c|#i:%d\nh:2|h|#i:%d\ns:%d|s|#i:%d\ng:1|g|#i:%d" % (i, i, i, i, i),
                      flow=flows[i % 16])
    scrape = udometer.settle()
    assert scrape.sum("c") == n and scrape.sum("h_count") == n and scrape.sum("h_sum") == 2 * n
    assert scrape.sum("s") == n
    # An overflow series is one more, for each family.
    n_series = sum(len(scrape.named(name)) for name in ("c", "h_count", "s", "g"))
    assert room - 4 <= n_series <= room + 3
    assert scrape.sum("udometer_series") == n_series
    assert scrape.refused("series_limit") == n - len(scrape.named("g"))
    assert {i for labels, _ in scrape.named("g") for i in labels} == {"i"}
    n_over = overflow_of(scrape, "c") + overflow_of(scrape, "h_count") + overflow_of(scrape, "s")
    assert scrape.value("udometer_overflow_samples_total") == n_over


def test_what_was_there_before_a_limit_goes_on(start):
    udometer = start("--limit.series=10", "--workers=2")
    flows = [udometer.new_flow() for _ in range(8)]
    for i in range(100):
        udometer.send("c:1|c|#i:%d" % i)
    udometer.settle()
    for i in range(100):
        udometer.send("c:1|c|#i:%d" % i, flow=flows[i % 8])
    scrape = udometer.settle()
    for i in range(9):
        assert scrape.value("c", i=str(i)) == 2
    assert scrape.sum("c") == 200
    assert overflow_of(scrape, "c") in (180, 182)


def test_beyond_a_limit_new_names_are_refused(start):
    udometer = start("--limit.series=5")
    for i in range(20):
        udometer.send("name%d_total:1|c" % i)
    scrape = udometer.settle()
    assert scrape.refused("series_limit") == 15
    assert scrape.value("udometer_families") == 5
    assert scrape.value("udometer_overflow_samples_total") == 0


def test_there_is_room_again_after_x(start):
    udometer = start("--limit.series=10")
    for i in range(100):
        udometer.send("old:1|c|#i:%d" % i)
    assert overflow_of(udometer.settle(), "old") == 90
    udometer.send("old:0|x")
    assert not udometer.settle().named("old")
    for i in range(10):
        udometer.send("new:1|g|#i:%d" % i)
    assert len(udometer.settle().named("new")) == 10


# --- x ---


KINDS = [("c:1|c", "c"), ("g:+1|g", "g"), ("h:1|h", "h_count"), ("t:250|ms", "t_count"),
         ("s:v|s", "s")]


@pytest.mark.parametrize("workers", [1, 2])
def test_x_ends_series_and_what_comes_next_begins_anew(start, workers):
    udometer = start("--workers=%d" % workers)
    flows = [udometer.new_flow() for _ in range(16)]
    for i in range(20):
        lines = "\n".join(line + "|#k:%s" % k for line, _ in KINDS for k in "ab")
        for flow in flows:
            udometer.send(lines, flow=flow)
        scrape = udometer.settle()
        for _, name in KINDS:
            is_set = name == "s"
            assert scrape.value(name, k="a") == (1 if is_set else len(flows)), (i, name)
            assert scrape.value(name, k="b") == (1 if is_set else len(flows) * (i + 1)), (i, name)
        udometer.send("\n".join("%s:0|x|#k:a" % name.split("_")[0] for _, name in KINDS),
                      flow=flows[i % 16])
        scrape = udometer.settle()
        for _, name in KINDS:
            assert [labels for labels, _ in scrape.named(name)] == [{"k": "b"}], (i, name)
    assert scrape.value("udometer_ended_series_total") == 20 * len(KINDS)


def test_x_ends_all_series_that_have_the_tags(start):
    udometer = start("--workers=2")
    flows = [udometer.new_flow() for _ in range(8)]
    for i in range(64):
        udometer.send("on:%d|g|#host:h%d,zone:z%d" % (i, i // 4, i % 4), flow=flows[i % 8])
    udometer.send("other:1|g|#zone:z1")
    udometer.settle()  # the workers do not run in step
    udometer.send("on:0|x|#zone:z1", flow=flows[1])
    scrape = udometer.settle()
    assert sorted(v for _, v in scrape.named("on")) == [i for i in range(64) if i % 4 != 1]
    udometer.send("on:0|x|#zone:z2,host:h3")
    udometer.send("on:0|x|#zone:z2,host:h3,more:1")
    udometer.send("on:0|x|#zone:none")
    assert len(udometer.settle().named("on")) == 47
    udometer.send("on:0|x")
    scrape = udometer.settle()
    assert not scrape.named("on") and scrape.value("other", zone="z1") == 1
    assert scrape.value("udometer_ended_series_total") == 64
    assert scrape.value("udometer_samples_total", type="expire") == 5


def test_a_name_is_free_after_x(start):
    udometer = start("--workers=2")
    flows = [udometer.new_flow() for _ in range(8)]
    for type in ["c", "g", "ms", "s", "h", "c"]:
        for flow in flows:
            udometer.send("x:1|" + type, flow=flow)
        assert udometer.settle().refused("type_conflict") == 0
        udometer.send("x:0|x")
        udometer.settle()


def test_memory_comes_back_after_x(start):
    udometer = start("--workers=2", "--statsd.ttl=0s")
    flows = [udometer.new_flow() for _ in range(16)]
    udometer.send("stays:1|c")
    before = udometer.settle()

    def is_as_before():
        now = udometer.scrape()
        return all(now.sum("udometer_" + name) == before.sum("udometer_" + name)
                   for name in ("series_bytes", "keys"))

    for _ in range(2):
        for i in range(400):
            udometer.send("\n".join(line + "|#i:%d" % i for line, _ in KINDS), flow=flows[i % 16])
        assert udometer.settle().value("udometer_series_bytes") > 1 << 20
        udometer.send("\n".join("%s:0|x" % name.split("_")[0] for _, name in KINDS))
        scrape = udometer.settle()
        assert scrape.sum("udometer_series") == 1 and scrape.value("udometer_families") == 1
        wait_until(is_as_before, "memory is as before")
    assert udometer.scrape().value("stays") == 1
