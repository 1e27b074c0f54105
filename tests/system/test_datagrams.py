# SPDX-License-Identifier: Apache-2.0
"""What datagrams bring besides lines."""

import array
import os
import socket

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


@pytest.mark.parametrize("kind", ["unixgram", "unix"])
def test_descriptors_do_not_pile_up(start, folder, kind):
    udometer = start("--statsd.listen-%s=%s/socket" % (kind, folder), "--workers=1")
    sock = connect(udometer, kind)
    write(udometer, sock, b"hits_total:1|c\n")
    before = udometer.settle().value("process_open_fds")
    for _ in range(60):
        pass_files(udometer, sock, b"lost_or_not:1|c\n", [0] * 4)
    write(udometer, sock, b"hits_total:20|c\n")
    scrape = udometer.settle()
    assert scrape.value("hits_total") == 21
    # One may be the connection of another scrape that has not been closed yet.
    assert scrape.value("process_open_fds") <= before + 1
    assert len(os.listdir("/proc/%d/fd" % udometer.pid)) <= before + 1
