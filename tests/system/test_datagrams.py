# SPDX-License-Identifier: Apache-2.0
"""Datagrams: what they bring besides lines, and how long they may be."""

import array
import errno
import os
import socket
import time

import pytest

from harness import connect, write

SO_PASSRIGHTS = 83  # Linux 6.16


def can_refuse_descriptors():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.getsockopt(socket.SOL_SOCKET, SO_PASSRIGHTS)
        except OSError:
            return False
        return True


CAN_REFUSE = can_refuse_descriptors()


def pass_files(udometer, sock, raw, fds):
    """Send @raw with @fds. Where the kernel can refuse them, it must have been told to."""
    control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
    try:
        sock.sendmsg([raw], control)
        assert not CAN_REFUSE
        udometer.n_sent += raw.count(b"\n")
    except PermissionError:
        assert CAN_REFUSE


@pytest.mark.parametrize("first", [b"hits_total:1|c\n", b"refused\nhits_total:1|c\n"])
@pytest.mark.parametrize("kind", ["unixgram", "unix"])
def test_descriptors_do_not_pile_up(start, folder, kind, first):
    """Not even after refused lines, when the senders of datagrams are asked for."""
    udometer = start("--statsd.listen-%s=%s/socket" % (kind, folder), "--workers=1")
    sock = connect(udometer, kind)
    write(udometer, sock, first)
    before = udometer.settle().value("process_open_fds")
    for _ in range(60):
        pass_files(udometer, sock, b"lost_or_not:1|c\n", [0] * 4)
    write(udometer, sock, b"hits_total:20|c\n")
    scrape = udometer.settle()
    assert scrape.value("hits_total") == 21
    # One may be the connection of another scrape that has not been closed yet.
    assert scrape.value("process_open_fds") <= before + 1
    assert len(os.listdir("/proc/%d/fd" % udometer.pid)) <= before + 1


# --- long datagrams ---

SO_SNDBUFFORCE = 32
UNIX_DATAGRAM_MAX = 524288


def long_flow(udometer):
    sock = connect(udometer, "unixgram")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 21)
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 21)
    except PermissionError:
        pass
    return sock


@pytest.mark.parametrize("n_bytes", [65536, 65537, 150000, 212960, 425952])
def test_every_line_of_a_long_unix_datagram_counts(start, folder, n_bytes):
    """Up to what the kernel allows to anybody, unless net.core.wmem_max is raised."""
    udometer = start("--statsd.listen-unixgram=%s/socket" % folder)
    n_lines = n_bytes // 20
    raw = b"hits_total:1|c|#n:x\n" * n_lines
    write(udometer, long_flow(udometer), raw)
    scrape = udometer.settle()
    assert scrape.value("hits_total", n="x") == n_lines
    assert scrape.value("udometer_datagram_bytes_total") == len(raw)
    assert scrape.value("udometer_datagrams_cut_total") == 0
    assert scrape.value("udometer_datagram_cut_bytes_total") == 0


def test_what_is_cut_off_is_counted(start, folder):
    udometer = start("--statsd.listen-unixgram=%s/socket" % folder)
    sock = long_flow(udometer)
    line = b"hits_total:1|c|#key:a_value\n"
    raw = line * 25000
    n_whole = UNIX_DATAGRAM_MAX // len(line)
    try:
        write(udometer, sock, raw, n_whole)
    except OSError as error:
        assert error.errno == errno.EMSGSIZE
        pytest.skip("the kernel allows no datagram that long")
    write(udometer, sock, line, 1)
    scrape = udometer.settle()
    assert scrape.value("hits_total", key="a_value") == n_whole + 1
    assert scrape.value("udometer_datagrams_total") == 2
    assert scrape.value("udometer_datagrams_cut_total") == 1
    assert scrape.value("udometer_datagram_bytes_total") == (n_whole + 1) * len(line)
    assert scrape.value("udometer_datagram_cut_bytes_total") == len(raw) - n_whole * len(line)
    assert scrape.sum("udometer_refused_total") == 0
    end = udometer.stop()
    assert (end["datagrams"], end["datagrams_cut"]) == ("2", "1")


# --- wake-ups ---


def test_after_a_burst_a_slow_sender_costs_one_wakeup_a_datagram(start):
    udometer = start("--workers=1")
    for _ in range(200):
        udometer.send("burst_total:1|c")
        time.sleep(0.001)
    before = udometer.settle().sum("udometer_wakeups_total")
    for _ in range(60):
        udometer.send("slow_total:1|c")
        time.sleep(0.02)  # what is tested: 50 datagrams a second
    n = udometer.settle().sum("udometer_wakeups_total") - before
    # It was two for each. A machine that is slow for a while makes some come together.
    assert 30 <= n <= 90, n
