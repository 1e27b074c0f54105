# SPDX-License-Identifier: Apache-2.0
"""Nothing waits for whatever reads the log: a stopped reader, a full disk, a file at its limit."""

import fcntl
import os
import resource
import signal
import subprocess

import pytest

from children import clean_environment
from harness import BINARY, SLOWNESS, wait_until

# Workers may drain for a second, the log may take another, and the rest is slack.
END_SECONDS = 5 * SLOWNESS


def n_dropped(udometer):
    return udometer.scrape().value("udometer_log_lines_dropped_total")


def log_until_lines_are_dropped(udometer):
    """Each SIGHUP is a line of the log. Those that come at once may be one signal."""
    before = n_dropped(udometer)

    def has_dropped():
        for _ in range(500):
            udometer.send_signal(signal.SIGHUP)
        return n_dropped(udometer) > before

    wait_until(has_dropped, "lines are dropped")


def check_that_it_works(udometer):
    """It receives, scrapes, and removes what expires."""
    udometer.send("comes:1|g")
    assert udometer.settle().get("comes") == 1
    wait_until(lambda: udometer.scrape().get("comes") is None, "the series expires")
    assert udometer.get("/-/ready").status == 200


def check_that_nothing_stops(udometer):
    """Its log has nowhere to go."""
    log_until_lines_are_dropped(udometer)
    check_that_it_works(udometer)
    udometer.send_signal(signal.SIGTERM)
    assert udometer.process.wait(END_SECONDS) == 0


@pytest.fixture
def read_udometer(start):
    """Its log goes through a pipe."""
    udometer = start("--statsd.ttl=1s", has_reader=True)
    assert n_dropped(udometer) == 0
    return udometer


def test_a_stopped_reader_of_the_log_stops_nothing(read_udometer):
    read_udometer.reader.pause()
    check_that_nothing_stops(read_udometer)


def test_the_log_says_how_many_lines_are_missing(read_udometer):
    udometer = read_udometer
    udometer.reader.pause()
    log_until_lines_are_dropped(udometer)
    udometer.reader.resume()
    wait_until(lambda: said_to_be_missing(udometer) == n_dropped(udometer), "the log says so")
    n_missing = n_dropped(udometer)
    last = udometer.stop()
    assert last["msg"] == "stopped" and "datagrams" in last
    assert said_to_be_missing(udometer) == n_missing > 0


def said_to_be_missing(udometer):
    return sum(int(record["count"]) for record in udometer.log()
               if record.get("msg") == "log lines were dropped" and "hint" in record)


def test_a_reader_that_has_ended_stops_nothing(read_udometer):
    read_udometer.reader.end()
    check_that_nothing_stops(read_udometer)


def limit_file_size(udometer, n_bytes):
    limits = resource.prlimit(udometer.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(udometer.pid, resource.RLIMIT_FSIZE, (n_bytes, limits[1]))


def test_a_log_file_at_its_limit_stops_nothing(start):
    """Without care, SIGXFSZ would end the process."""
    udometer = start("--statsd.ttl=1s")
    limit_file_size(udometer, os.path.getsize(udometer.stderr_path))
    log_until_lines_are_dropped(udometer)
    check_that_it_works(udometer)
    limit_file_size(udometer, resource.getrlimit(resource.RLIMIT_FSIZE)[0])
    n_missing = n_dropped(udometer)
    udometer.stop()
    assert said_to_be_missing(udometer) == n_missing


def full_pipe():
    ends = os.pipe()
    fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, 4096)
    os.write(ends[1], b"x" * fcntl.fcntl(ends[1], fcntl.F_GETPIPE_SZ))
    return ends


def test_it_starts_and_stops_while_nobody_reads_what_it_prints(folder):
    """Neither its log nor its welcome."""
    out, pipe = full_pipe()
    path = os.path.join(folder, "socket")
    process = subprocess.Popen(
        [BINARY, "--welcome", "--statsd.listen-udp=127.0.0.1:0", "--web.listen-address=127.0.0.1:0",
         "--statsd.listen-unixgram=" + path],
        stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=clean_environment())
    wait_until(lambda: handles_sigterm(process.pid), "it has started")
    assert os.path.exists(path)
    process.send_signal(signal.SIGTERM)
    assert process.wait(END_SECONDS) == 0
    assert not os.path.exists(path)
    os.close(out)
    os.close(pipe)


def handles_sigterm(pid):
    with open("/proc/%d/status" % pid) as status:
        caught = next(line for line in status if line.startswith("SigCgt:"))
    return int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1


def test_the_welcome_follows_the_log(folder):
    """On one terminal, what to try first is the last thing that is printed."""
    path = os.path.join(folder, "output")
    with open(path, "wb") as output:
        process = subprocess.Popen(
            [BINARY, "--welcome", "--statsd.listen-udp=127.0.0.1:0",
             "--web.listen-address=127.0.0.1:0"],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=clean_environment())

    def text():
        with open(path) as output:
            return output.read()

    wait_until(lambda: "Read on:" in text(), "it has printed its welcome")
    assert text().index('msg="ready"') < text().index("Send something:")
    process.send_signal(signal.SIGTERM)
    assert process.wait(END_SECONDS) == 0
