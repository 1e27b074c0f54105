# SPDX-License-Identifier: Apache-2.0
"""Unix sockets: abstract names, and files that disappear."""

import errno
import os
import shutil
import socket
import stat
import time

import pytest

from harness import DEADLINE, connect, wait_until, write

KINDS = ["unixgram", "unix"]


def abstract_name(suffix=""):
    return "@udometer-test-%d%s" % (os.getpid(), suffix)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_arrive_at_an_abstract_name(start, kind):
    name = abstract_name()
    udometer = start("--statsd.listen-%s=%s" % (kind, name), "--workers=2")
    assert udometer.listening(kind) == [name]
    for _ in range(3):
        write(udometer, connect(udometer, kind), b"hits_total:1|c\n")
    scrape = udometer.settle()
    assert scrape.value("hits_total") == 3
    assert not os.path.exists(name)
    if kind == "unixgram":
        assert [labels["listener"] for labels, _ in scrape.named("udometer_kernel_drops_total")
                if labels["listener"].startswith("unixgram")] == ["unixgram://" + name]


def test_an_abstract_name_is_free_after_a_crash(start):
    name = abstract_name()
    flags = ["--statsd.listen-unixgram=" + name, "--statsd.listen-unix=" + name]
    start(*flags).kill()
    udometer = start(*flags)
    for kind in KINDS:
        write(udometer, connect(udometer, kind), b"hits_total:1|c\n")
    assert udometer.settle().value("hits_total") == 2


# --- files that disappear ---


def both_files(folder):
    return ["--statsd.listen-%s=%s/%s" % (kind, folder, kind) for kind in KINDS]


def identity(path):
    status = os.lstat(path)
    return status.st_dev, status.st_ino


def warnings(udometer):
    return [record for record in udometer.log() if record["level"] == "warn"]


def wait_until_made_again(udometer, path):
    wait_until(lambda: os.path.exists(path), lambda: path + " is there")
    # The file is there a moment before its socket is in its place, and logged after both.
    wait_until(lambda: [record for record in warnings(udometer)
                        if "made again" in record["msg"] and record["path"] == path
                        and "cannot" not in record["msg"]], lambda: "it is logged")


@pytest.mark.parametrize("workers", [1, 3])
def test_a_file_that_disappears_is_made_again(start, folder, workers):
    udometer = start(*both_files(folder), "--workers=%d" % workers)
    for round in range(1, 3):
        for kind in KINDS:
            path = udometer.listening(kind)[0]
            os.unlink(path)
            wait_until_made_again(udometer, path)
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
            for _ in range(10):  # each worker that accepts
                write(udometer, connect_again(udometer, kind), b"hits_total:1|c\n")
        assert udometer.settle().value("hits_total") == 20 * round
    assert len(warnings(udometer)) == 4
    udometer.stop()
    assert os.listdir(folder) == []


def connect_again(udometer, kind):
    """A connection to the new socket; just after the file is made, it may not be listened on."""
    def try_to():
        try:
            return connect(udometer, kind)
        except ConnectionRefusedError:
            return None
    return wait_until(try_to, "it can be connected to")


def test_connections_stay_when_a_file_disappears(start, folder):
    udometer = start(*both_files(folder), "--workers=2")
    socks = [connect(udometer, "unix") for _ in range(8)]
    for sock in socks:
        write(udometer, sock, b"hits_total:1|c\nhits_to", 1)
    udometer.settle()
    os.unlink(folder + "/unix")
    wait_until_made_again(udometer, folder + "/unix")
    for sock in socks:
        write(udometer, sock, b"tal:10|c\n", 1)
    scrape = udometer.settle()
    assert scrape.value("hits_total") == 88
    assert scrape.sum("udometer_connections") == 8


def test_no_datagram_that_was_sent_is_lost(start, folder):
    """A sender that is connected to the old socket sends until it is told to connect again."""
    udometer = start("--statsd.listen-unixgram=%s/unixgram" % folder, "--workers=2")
    for _ in range(3):
        flow = connect(udometer, "unixgram")
        os.unlink(folder + "/unixgram")
        end = time.monotonic() + DEADLINE
        with pytest.raises((ConnectionRefusedError, BrokenPipeError)):
            while time.monotonic() < end:
                write(udometer, flow, b"hits_total:1|c\n")
                time.sleep(0.0001)  # so that its short queue is not always full
        wait_until(lambda: os.path.exists(folder + "/unixgram"), lambda: "it is made again")
    assert udometer.settle().value("hits_total") == udometer.n_sent


def test_something_else_at_the_path_stays(start, folder):
    udometer = start(*both_files(folder))
    path = folder + "/unix"
    os.unlink(path)
    with open(path, "w") as precious:
        precious.write("do not lose this")
    wait_until(lambda: warnings(udometer), lambda: "it is logged")
    record = warnings(udometer)[0]
    assert record["path"] == path and "cannot" in record["msg"] and record["hint"]
    with open(path) as precious:
        assert precious.read() == "do not lose this"
    os.unlink(path)
    wait_until_made_again(udometer, path)
    write(udometer, connect_again(udometer, "unix"), b"hits_total:1|c\n")
    assert udometer.settle().value("hits_total") == 1
    assert len(warnings(udometer)) == 2, "each is logged once"


def test_the_socket_of_another_program_stays(start, folder):
    udometer = start(*both_files(folder))
    path = folder + "/unixgram"
    os.unlink(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(path)
        theirs = identity(path)
        wait_until(lambda: warnings(udometer), lambda: "it is logged")
        assert "in use" in warnings(udometer)[0]["error"]
        assert identity(path) == theirs
    # Now it is what a dead process has left.
    wait_until_made_again(udometer, path)
    write(udometer, connect_again(udometer, "unixgram"), b"hits_total:1|c\n")
    assert udometer.settle().value("hits_total") == 1


def test_a_folder_that_disappears_may_come_back(start, folder):
    os.mkdir(folder + "/run")
    udometer = start(*both_files(folder + "/run"))
    shutil.rmtree(folder + "/run")
    wait_until(lambda: len(warnings(udometer)) == 2, lambda: "both are logged")
    assert {record["path"] for record in warnings(udometer)} == \
        {folder + "/run/" + kind for kind in KINDS}
    os.mkdir(folder + "/run")
    for kind in KINDS:
        wait_until_made_again(udometer, folder + "/run/" + kind)
        write(udometer, connect_again(udometer, kind), b"hits_total:1|c\n")
    assert udometer.settle().value("hits_total") == 2
    udometer.stop()
    assert os.listdir(folder + "/run") == []


def test_a_file_that_comes_back_is_known_again(start, folder):
    os.mkdir(folder + "/run")
    udometer = start("--statsd.listen-unixgram=%s/run/unixgram" % folder,
                     "--statsd.listen-unix=%s/unix" % folder)
    for n_lost in (1, 2):
        os.rename(folder + "/run", folder + "/gone")
        wait_until(lambda: len(cannot(udometer)) == n_lost, lambda: "each loss is logged")
        os.rename(folder + "/gone", folder + "/run")
        # The first may be part of a round that began before; the second is not.
        for n_made in (2 * n_lost - 1, 2 * n_lost):
            os.unlink(folder + "/unix")
            wait_until(lambda: len(warnings(udometer)) == n_lost + n_made,
                       lambda: "the other one is made again")
    assert {(record["path"], record["error"]) for record in cannot(udometer)} == \
        {(folder + "/run/unixgram", os.strerror(errno.ENOENT))}
    write(udometer, connect(udometer, "unixgram"), b"hits_total:1|c\n")
    assert udometer.settle().value("hits_total") == 1
    udometer.stop()
    assert os.listdir(folder + "/run") == []


def cannot(udometer):
    return [record for record in warnings(udometer) if "cannot" in record["msg"]]


def test_files_need_no_thread_of_their_own(start, folder):
    n_threads = [start(*flags).scrape().value("process_threads")
                 for flags in ([], both_files(folder))]
    assert n_threads[0] == n_threads[1]
