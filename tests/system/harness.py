# SPDX-License-Identifier: Apache-2.0
"""Harness: a daemon on its own ports, and functions to control it."""

import contextlib
import fcntl
import http.client
import multiprocessing
import os
import re
import signal
import socket
import struct
import subprocess
import time

from children import clean_environment
from exposition import Page, Scrape, own_metrics

BINARY = os.environ["UDOMETER_BINARY"]
SANITIZED = os.environ.get("UDOMETER_SANITIZED") == "1"
# The factor by which everything may take longer than usual. Only a failing test waits for DEADLINE.
SLOWNESS = float(os.environ.get("UDOMETER_TEST_SLOWNESS", "10" if SANITIZED else "1"))
DEADLINE = 30 * SLOWNESS

SANITIZER_REPORTS = ("Sanitizer", "runtime error:")
LOG_FIELD = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|\S*)')


def wait_until(condition, what, seconds=DEADLINE):
    """
    Ask again and again until @condition returns something true; return that.

    It must not be true before what should make it true: there are no series before the first has
    arrived, and two equal pages while a worker sleeps. Count what has happened, or settle() first.
    """
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < end, "still not true: " + (what() if callable(what) else what)
        time.sleep(0.01)


def has_ipv6_loopback():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


HAS_IPV6 = has_ipv6_loopback()


def frame(raw):
    """A datagram as DogStatsD frames it in a Unix stream."""
    return struct.pack("<I", len(raw)) + raw


def host_and_port(text):
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


def read_log(text):
    """Log lines in logfmt as dictionaries."""
    return [{key: value.strip('"') for key, value in LOG_FIELD.findall(line)}
            for line in text.splitlines()]


@contextlib.contextmanager
def beside(work, calls):
    """Run work(*call) for each of @calls, each in its own process, which must end with status 0."""
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=work, args=call) for call in calls]
    try:
        for process in processes:
            process.start()
        yield processes
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0] * len(processes)
    finally:
        for process in processes:
            process.kill()
            process.join()


def check_sanitizers(stderr):
    assert not any(report in stderr for report in SANITIZER_REPORTS), stderr


def run(*flags, environment=None, folder=None):
    """Run a udometer that must end by itself, in @folder."""
    done = subprocess.run([BINARY, *flags], env=clean_environment(environment), text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE,
                          cwd=folder)
    check_sanitizers(done.stderr)
    return done


def promtool_check(scrape):
    """The exit status of `promtool check metrics` (0: fine, 1: not parsed, 3: lint), and its
    output.
    """
    done = subprocess.run(["promtool", "check", "metrics"], input=scrape.body,
                          capture_output=True, timeout=60)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


class Response:
    def __init__(self, reply):
        self.status = reply.status
        self.headers = reply.headers
        self.body = reply.read()


def with_free_ports(flags):
    """The flags; the kernel chooses each port that they do not set."""
    wanted = ["--statsd.listen-udp", "--web.listen-address"]
    given = {flag.split("=")[0] for flag in flags}
    return [*flags, *[flag + "=127.0.0.1:0" for flag in wanted if flag not in given]]


def has_stopped(pid):
    """Whether SIGSTOP has stopped the process."""
    with open("/proc/%d/stat" % pid) as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] == "T"


class LogReader:
    """A process that copies a small pipe to a file, until it is stopped or ended."""

    def __init__(self, path):
        with open(path, "wb") as out:
            self.process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=out)
        self.pipe = self.process.stdin
        fcntl.fcntl(self.pipe, fcntl.F_SETPIPE_SZ, 4096)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: has_stopped(self.process.pid), "the reader has stopped")

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def end(self):
        self.process.kill()
        self.process.wait()

    def wait(self):
        """Wait until it has read everything; the daemon must have ended."""
        self.resume()
        self.process.wait(DEADLINE)


class Udometer:
    """
    A daemon on free ports. After stop() it must have ended well.

    With @has_reader, its stderr is a pipe, and self.reader copies that to the file.
    """

    def __init__(self, directory, *flags, environment=None, free_ports=True, has_reader=False,
                 words=(), pass_fds=()):
        """@words come before the binary: a program that becomes it."""
        self.sockets = []
        self.has_ended = False
        self.is_paused = False
        self.stderr_path = os.path.join(directory, "stderr")
        flags = with_free_ports(flags) if free_ports else flags
        self.reader = LogReader(self.stderr_path) if has_reader else None
        with self.reader.pipe if has_reader else open(self.stderr_path, "wb") as stderr:
            self.process = subprocess.Popen([*words, BINARY, *flags], stderr=stderr,
                                            pass_fds=pass_fds,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            env=clean_environment(environment))
        self.pid = self.process.pid
        self.n_sent = 0  # lines sent with send()
        try:
            wait_until(self.is_ready, self.stderr)
        except BaseException:
            self.kill()
            raise
        self.udp = [host_and_port(address) for address in self.listening("udp")]
        self.tcp = [host_and_port(address) for address in self.listening("tcp")]
        self.http = host_and_port(self.listening("http")[0])

    # --- log ---

    def stderr(self):
        with open(self.stderr_path, encoding="utf-8") as stderr:
            return stderr.read()

    def log(self):
        """What is logged so far: a line may come after its cause. After stop(), all are there."""
        return read_log(self.stderr())

    def listening(self, protocol):
        """The addresses or paths at which it listens, as its log says."""
        return [record["address"] for record in self.log()
                if record.get("msg") == "listening" and record["protocol"] == protocol]

    def is_ready(self):
        assert self.process.poll() is None, "it ended at once: " + self.stderr()
        self.check_sanitizers()
        return any(record.get("msg") == "ready" for record in self.log())

    # --- datagrams ---

    def new_flow(self, listener=0):
        """A new flow: a socket with another source port."""
        host, port = self.udp[listener]
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        flow = socket.socket(family, socket.SOCK_DGRAM)
        flow.connect((host, port))
        self.sockets.append(flow)
        return flow

    def send(self, *datagrams, flow=None):
        """Send each text or bytes as one datagram. Their lines are counted for settle()."""
        if flow is None:
            flow = self.sockets[0] if self.sockets else self.new_flow()
        for datagram in datagrams:
            raw = datagram.encode("utf-8") if isinstance(datagram, str) else datagram
            flow.send(raw)
            self.n_sent += sum(1 for line in raw.split(b"\n") if line.strip(b" \t\r"))

    def wait_for_lines(self):
        """Wait until each line that send() sent, and no other, has been seen to."""
        seen = []

        def has_all():
            seen[:] = [self.own_metrics().value("udometer_lines_total")]
            assert seen[0] <= self.n_sent, "%d lines of %d sent" % (seen[0], self.n_sent)
            return seen[0] == self.n_sent

        wait_until(has_all, lambda: "%s lines of %d" % (seen, self.n_sent))

    def settle(self):
        """
        The same, and scrape then. A page is not one moment: the counts at its end may know of lines
        that its beginning does not, so this takes a scrape of its own.
        """
        self.wait_for_lines()
        return self.scrape()

    # --- HTTP ---

    def connect_http(self, seconds=DEADLINE):
        return http.client.HTTPConnection(*self.http, timeout=seconds)

    def get(self, path, method="GET", headers=None, seconds=DEADLINE):
        connection = self.connect_http(seconds)
        try:
            connection.request(method, path, headers=headers or {})
            return Response(connection.getresponse())
        finally:
            connection.close()

    def scrape(self, path="/metrics", seconds=DEADLINE):
        return Scrape(self.metrics(path, seconds))

    def own_metrics(self):
        """A scrape to be repeated while waiting: of a long page, only udometer's own metrics."""
        return own_metrics(self.metrics())

    def scrape_series(self, path="/metrics"):
        """Of a page without self-metrics, because these have one of their own."""
        return Page(self.metrics(path))

    def metrics(self, path="/metrics", seconds=DEADLINE):
        """The bytes of a page with metrics."""
        response = self.get(path, seconds=seconds)
        assert response.status == 200, response.body
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return response.body

    # --- process ---

    def send_signal(self, number):
        self.process.send_signal(number)

    def pause(self):
        """Stop the process with SIGSTOP, and return when it has stopped."""
        self.send_signal(signal.SIGSTOP)
        wait_until(lambda: has_stopped(self.pid), "the process has stopped")
        self.is_paused = True

    def resume(self):
        self.send_signal(signal.SIGCONT)
        self.is_paused = False

    def stop(self, number=signal.SIGTERM, seconds=DEADLINE):
        """End it, check that it ended with status 0, and return its last log record."""
        if self.process.poll() is None:
            self.send_signal(number)
            # Only then: a SIGCONT takes away the SIGSTOP with which LeakSanitizer stops the
            # threads at exit, which then waits for ever.
            if self.is_paused:
                self.resume()
        return self.wait(seconds)

    def wait(self, seconds=DEADLINE):
        """Check that it ends by itself with status 0, and return its last log record."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("it did not stop in %g s: %s" % (seconds, self.stderr()))
        if self.reader:
            self.reader.wait()
        self.close()
        self.check_sanitizers()
        assert status == 0, "exit status %d: %s" % (status, self.stderr())
        return self.log()[-1]

    def check_sanitizers(self):
        check_sanitizers(self.stderr())

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self):
        self.has_ended = True
        for flow in self.sockets:
            flow.close()


# --- sockets to the listeners of a daemon ---


def connect(udometer, kind, listener=0):
    """A connection to one of its listeners; it is closed with the daemon at the latest."""
    if kind == "tcp":
        host, port = udometer.tcp[listener]
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        address = (host, port)
    else:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM if kind == "unixgram" else
                             socket.SOCK_STREAM)
        address = udometer.listening(kind)[listener]
        if address.startswith("@"):
            address = "\0" + address[1:]
    udometer.sockets.append(sock)
    sock.connect(address)  # without a timeout, which would hide a call that should wait
    sock.settimeout(DEADLINE)
    return sock


def write(udometer, sock, raw, n_lines=None):
    """Write bytes, and count their lines for settle()."""
    sock.sendall(raw)
    lines = [line for line in raw.split(b"\n") if line.strip(b" \t\r")]
    udometer.n_sent += len(lines) if n_lines is None else n_lines
