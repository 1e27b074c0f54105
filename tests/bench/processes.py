# SPDX-License-Identifier: Apache-2.0
"""Processes: a daemon, a sink, load for them, and what they cost, measured from outside."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
from children import clean_environment  # noqa: E402

DEADLINE_S = 30

# How far a generator may stay below the wanted rate.
RATE_TOLERANCE = 0.02

# Time after the last datagram in which the receiver empties its socket.
SETTLE_S = 0.1

LISTENING = re.compile(r'msg="listening" protocol=(udp|http) address=(\S+)')
CHUNK_EDGE = re.compile(rb"\r\n[0-9A-Fa-f]+\r\n")
TAIL_BYTES = 1 << 16


class Unjudgeable(Exception):
    """There is no figure, or one that does not show what was to be measured."""


def wait_until(condition, what):
    end = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > end:
            raise Unjudgeable("still not true after %d s: %s" % (DEADLINE_S, what))
        time.sleep(0.01)


# --- what the kernel knows of a process ---------------------------------------------------


def threads(pid):
    return list(Path("/proc/%d/task" % pid).iterdir())


def cpu_ns(pid):
    """Processor time of all threads, user and system."""
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads(pid))


def status_field(path, name):
    """A number of /proc/*/status."""
    return int(re.search(r"^%s:\s+(\d+)" % name, path.read_text(), re.M)[1])


def switches(pid):
    """The number of times that its threads went to sleep, and so of wake-ups."""
    return sum(status_field(thread / "status", "voluntary_ctxt_switches")
               for thread in threads(pid))


def memory_bytes(pid, name):
    """VmRSS, the resident size; VmHWM, its highest value so far."""
    return status_field(Path("/proc/%d/status" % pid), name) * 1024


# --- HTTP ---------------------------------------------------------------------------------


@dataclass
class Page:
    """A page that was read and discarded, except for its end."""
    seconds: float
    n_bytes: int
    head: str
    tail: bytes

    def has_gzip(self):
        return "content-encoding: gzip" in self.head.lower()

    def text(self):
        """The end of the page; all of it if it is small."""
        return CHUNK_EDGE.sub(b"", self.tail).decode("ascii", "replace")

    def values(self, name):
        """All samples of @name, one of udometer's own metrics."""
        found = re.findall(r"^%s(?:\{[^}]*\})? (\S+)$" % name, self.text(), re.M)
        if not found:
            raise Unjudgeable("no %s at the end of the page" % name)
        return [float(value) for value in found]

    def value(self, name):
        """Their sum."""
        return sum(self.values(name))


def fetch(address, encoding="identity"):
    """
    Read /metrics as fast as Python can: into the same mebibyte again and again, with as little work
    as possible between two reads.
    """
    buffer = bytearray(1 << 20)
    tail = bytearray()
    head = None
    n_bytes = 0
    request = ("GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n"
               "Accept-Encoding: %s\r\n\r\n" % encoding).encode()
    with socket.create_connection(address, timeout=DEADLINE_S) as sock:
        started = time.monotonic()
        sock.sendall(request)
        while True:
            n = sock.recv_into(buffer)
            if n == 0:
                break
            if head is None:
                head = bytes(buffer[:n]).split(b"\r\n\r\n")[0].decode("ascii", "replace")
            n_bytes += n
            tail += memoryview(buffer)[max(0, n - TAIL_BYTES):n]
            if len(tail) > 4 * TAIL_BYTES:
                del tail[:-TAIL_BYTES]
        seconds = time.monotonic() - started
    if head is None or " 200 " not in head.split("\r\n")[0] or not tail.endswith(b"0\r\n\r\n"):
        raise Unjudgeable("a scrape was cut short: %s" % (head or "no answer"))
    return Page(seconds, n_bytes, head, bytes(tail))


# --- receivers ----------------------------------------------------------------------------


class Daemon:
    """A udometer on its own ports. Use it with `with`."""

    def __init__(self, lab, *flags):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [lab.binary, "--statsd.listen-udp=127.0.0.1:0", "--web.listen-address=127.0.0.1:0",
             *flags],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log,
            env=clean_environment())
        self.pid = self.process.pid
        try:
            wait_until(lambda: 'msg="ready"' in self.read_log(), "the daemon is ready")
        except BaseException:
            self.__exit__()
            raise
        addresses = dict(LISTENING.findall(self.read_log()))
        self.target = addresses["udp"]
        self.url = "http://%s/metrics" % addresses["http"]
        host, port = addresses["http"].rsplit(":", 1)
        self.http = (host, int(port))

    def read_log(self):
        # Not through the file's own position, which the daemon shares.
        size = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), size, 0).decode("utf-8", "replace")

    def fetch(self, encoding="identity"):
        return fetch(self.http, encoding)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Sink:
    """A receiver that does nothing: udometer bench --sink."""

    def __init__(self, lab, method):
        self.process = subprocess.Popen(
            [lab.binary, "bench", "--sink=" + method, "--format=json"], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=clean_environment())
        self.pid = self.process.pid
        self.target = self.process.stdout.readline().strip()

    def finish(self):
        """Its report, once it has ended."""
        self.process.send_signal(signal.SIGTERM)
        return json.loads(self.process.communicate(timeout=DEADLINE_S)[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


# --- load ---------------------------------------------------------------------------------


class Lab:
    """Where the programs are, and the processor that load comes from."""

    def __init__(self, build):
        self.binary = str(build / "src" / "udometer")
        self.programs = build / "tests" / "bench"
        processors = sorted(os.sched_getaffinity(0))
        # The last processor, so that the others are left to the daemon; none if there is only one.
        self.generator_cpu = processors[-1] if len(processors) > 1 else None

    def start_load(self, target, *flags, is_bound=True):
        def stay_there():
            if is_bound and self.generator_cpu is not None:
                os.sched_setaffinity(0, {self.generator_cpu})

        return subprocess.Popen(
            [self.binary, "bench", "--format=json", "--target=" + target, *flags], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=clean_environment(), preexec_fn=stay_there)

    def finish_load(self, process, rate):
        """The generator's report; it must have sent everything, at the rate."""
        output, errors = process.communicate(timeout=10 * DEADLINE_S)
        if process.returncode not in (0, 1) or not output:
            raise Unjudgeable("the generator failed: " + errors.strip())
        report = json.loads(output)
        if report["not_sent"] or report["unreachable"]:
            raise Unjudgeable("the generator could not send %d datagrams"
                              % (report["not_sent"] + report["unreachable"]))
        if rate and report["datagrams_per_second"] < rate * (1 - RATE_TOLERANCE):
            raise Unjudgeable("generator too slow: {:,.0f}/s instead of {:,}/s".format(
                report["datagrams_per_second"], rate))
        return report

    def load(self, target, rate, *flags):
        """Send, and return the generator's report."""
        return self.finish_load(self.start_load(target, "--rate=%d" % rate, *flags), rate)

    def run_program(self, name):
        """What a benchmark in C reports."""
        done = subprocess.run([str(self.programs / name), "--json"], capture_output=True,
                              text=True, timeout=20 * DEADLINE_S)
        if done.returncode != 0:
            raise Unjudgeable("%s failed: %s" % (name, done.stderr.strip()))
        return json.loads(done.stdout)


class Beside(threading.Thread):
    """Do something again and again in the background."""

    def __init__(self, work, pause_s=0.0):
        super().__init__(daemon=True)
        self.work, self.pause_s = work, pause_s
        self.results = []
        self.problem = None
        self.ended = threading.Event()

    def run(self):
        try:
            while not self.ended.is_set():
                self.results.append(self.work())
                self.ended.wait(self.pause_s)
        except Exception as problem:  # raised again by finish()
            self.problem = problem

    def finish(self):
        self.ended.set()
        self.join()
        if self.problem:
            raise self.problem
        return self.results
