# SPDX-License-Identifier: Apache-2.0
"""Memory runs out: the daemon does not start, and says why, or it runs, and goes on.

UDOMETER_TEST_ALLOCATIONS=100000 fails each allocation once, not only some of them, which takes an
hour. Fewer are spread evenly.
"""

import concurrent.futures
import contextlib
import http.client
import mmap
import os
import signal
import socket
import struct
import subprocess

import pytest

from children import clean_environment
from exposition import own_metrics
from harness import BINARY, DEADLINE, SANITIZED, Udometer, connect, host_and_port, wait_until

pytestmark = pytest.mark.skipif(SANITIZED, reason="sanitizers bring their own malloc()")

N_WANTED = int(os.environ.get("UDOMETER_TEST_ALLOCATIONS", "0"))
N_AT_START, N_AT_RUN_TIME = N_WANTED or 40, N_WANTED or 10
EVERY = (2, 3, 7, 50)

CONFIG = """
statsd.mapping-config: rules.yml
statsd.listen-tcp: 127.0.0.1:0
statsd.listen-unix: {folder}/stream
log.level: debug
statsd.ttl: 2s
statsd.unscraped-ttl: 0s
metrics:
- {{name: balance, type: gauge, unit: credits, help: "how much, by config {n}"}}
- {{name: latency_seconds, type: histogram, buckets: [0.1, 1, 10]}}
- {{name: state, type: gauge, value_map: {{idle: 0, busy: 1}}}}
- {{name: routes_total, type: counter, labels: [status], initial: {{status: [ok, "{n}"]}}}}
"""
RULES = r"""
mappings:
- {match: "bot.*.done", name: bot_done, labels: {which: "$1"}}
- {match: 'jobs\.(\w+)', match_type: regex, name: "jobs_$1"}
- {match: "secret.*", action: drop, name: none}
"""


class Shortage:
    """Memory that a daemon does not have (shortage.c)."""

    FIELDS = ("n", "only", "every", "n_failed")

    def __init__(self, path, only=0, every=0):
        path.write_bytes(struct.pack("4Q", 0, only, every, 0))
        self.environment = {"LD_PRELOAD": os.environ["UDOMETER_SHORTAGE"],
                            "UDOMETER_TEST_SHORTAGE": str(path)}
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)

    def __getattr__(self, field):
        return struct.unpack_from("Q", self.map, 8 * self.FIELDS.index(field))[0]

    def set(self, **values):
        for field, value in values.items():
            struct.pack_into("Q", self.map, 8 * self.FIELDS.index(field), value)

    @contextlib.contextmanager
    def begun(self, only=0, every=0):
        self.set(n=0, n_failed=0)
        self.set(only=only, every=every)
        yield
        self.set(only=0, every=0)


def write_config(folder, n=0):
    folder.mkdir(exist_ok=True)
    (folder / "rules.yml").write_text(RULES)
    (folder / "udometer.yml").write_text(CONFIG.format(folder=folder, n=n))


def flags(folder):
    return ["--config.file=%s/udometer.yml" % folder, "--web.enable-lifecycle",
            "--statsd.listen-udp=127.0.0.1:0", "--web.listen-address=127.0.0.1:0"]


# --- at start ---


def start_and_stop(folder, only=0, every=0):
    """Start a daemon, and stop it if that works. Returns its shortage, and what is wrong."""
    write_config(folder)
    shortage = Shortage(folder / "shortage", only, every)
    with open(folder / "stderr", "w+", encoding="utf-8") as stderr:
        process = subprocess.Popen([BINARY, *flags(folder)], stderr=stderr, cwd=folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   env=clean_environment(shortage.environment))

        def text():
            return (folder / "stderr").read_text(encoding="utf-8")

        wait_until(lambda: 'msg="ready"' in text() or process.poll() is not None, text)
        shortage.set(only=0, every=0)
        is_ready = 'msg="ready"' in text()
        if process.poll() is None:
            process.terminate()
        status = process.wait(DEADLINE)
    if is_ready and status == 0:
        return shortage, None
    if not is_ready and status == 1 and "emory" in text():
        return shortage, None
    return shortage, "only=%d every=%d: exit status %d: %s" % (only, every, status, text())


def spread(n, n_wanted):
    """At least @n_wanted of the numbers from 1 to @n, or all of them, evenly spread."""
    return range(1, n + 1, max(1, n // n_wanted))


def test_any_allocation_of_the_start_may_fail(tmp_path):
    shortage, wrong = start_and_stop(tmp_path / "whole")
    assert not wrong
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        results = threads.map(lambda k: start_and_stop(tmp_path / str(k), only=k),
                              spread(shortage.n, N_AT_START))
        results = list(results)
    assert not [wrong for _, wrong in results if wrong]
    assert all(shortage.n_failed <= 1 for shortage, _ in results)
    assert sum(shortage.n_failed for shortage, _ in results) > 0.9 * len(results)


@pytest.mark.parametrize("every", EVERY)
def test_every_nth_allocation_of_the_start_may_fail(tmp_path, every):
    shortage, wrong = start_and_stop(tmp_path / "start", every=every)
    assert not wrong
    assert shortage.n_failed > 0


# --- at run time ---


def fetch(udometer, path, method="GET", **headers):
    """Send a request, which may get no answer."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        udometer.get(path, method, {name.replace("_", "-"): value
                                    for name, value in headers.items()}, seconds=DEADLINE)


class Exercise:
    """Lets a daemon do all that needs memory."""

    def __init__(self, start, tmp_path):
        self.folder = tmp_path / "config"
        write_config(self.folder)
        self.shortage = Shortage(tmp_path / "shortage")
        self.daemon = start(*flags(self.folder), environment=self.shortage.environment,
                            free_ports=False)
        self.flow = self.daemon.new_flow()
        self.n_datagrams = self.n_rounds = self.n_checks = 0
        self.once()
        self.check()

    def send(self, *datagrams):
        for datagram in datagrams:
            self.flow.send(datagram.encode())
            self.n_datagrams += 1

    def send_stream(self, kind):
        with contextlib.suppress(OSError):
            sock = connect(self.daemon, kind)
            sock.sendall(b"of_streams:1|c\nnew_%d_%s:1|c\nhalf of a li" % (
                self.n_rounds, kind.encode()))
            if self.n_rounds % 2:
                sock.close()

    def reload(self):
        write_config(self.folder, self.n_rounds)
        self.daemon.send_signal(signal.SIGHUP)

    def once(self):
        self.n_rounds += 1
        n = self.n_rounds
        self.send(*["new_%d_%d:1|%s" % (n, i, kind)
                    for i, kind in enumerate(("c", "g", "ms", "h", "s", "d"))],
                  "bot.b%d.done:1|c\njobs.j%d:1|c\nsecret.x:1|c" % (n, n),
                  "known:1|c|#n:%d,tags:are|#many" % n, "known:1|c", "known_set:%d|s" % n,
                  "balance:+%d|g" % n, "state:busy|g", "state:neither|g", "wrong",
                  "known:1|g", "new_%d_0:1|x" % (n - 1))
        self.send_stream("tcp")
        self.send_stream("unix")
        fetch(self.daemon, "/metrics")
        fetch(self.daemon, "/metrics", Accept_Encoding="gzip")
        fetch(self.daemon, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
        fetch(self.daemon, "/api/v1/series?match[]=new_%d_1" % n, "DELETE")
        fetch(self.daemon, "/api/v1/conflicts")
        fetch(self.daemon, "/api/v1/refused")
        self.reload()
        fetch(self.daemon, "/-/reload", "POST")

    def settle(self):
        """Wait until all datagrams have been received. Returns a page from after that."""
        wanted = b"\nudometer_datagrams_total %d\n" % self.n_datagrams
        wait_until(lambda: wanted in self.daemon.metrics(), self.daemon.stderr)
        return self.daemon.metrics()

    def check(self):
        """Once there is memory again, all works as if nothing had been."""
        assert self.daemon.process.poll() is None, self.daemon.stderr()
        self.settle()
        self.n_checks += 1
        self.send("again_%d:1|c" % self.n_checks)
        page = self.settle()
        assert b"\nagain_%d 1\n" % self.n_checks in page
        own_metrics(page)  # all samples are applied, refused or skipped


@pytest.fixture
def exercise(start, tmp_path):
    return Exercise(start, tmp_path)


def test_any_allocation_at_run_time_may_fail(exercise):
    with exercise.shortage.begun():
        exercise.once()
        exercise.check()
    for k in spread(exercise.shortage.n, N_AT_RUN_TIME):
        with exercise.shortage.begun(only=k):
            exercise.once()
        exercise.check()


@pytest.mark.parametrize("every", EVERY)
def test_every_nth_allocation_at_run_time_may_fail(exercise, every):
    with exercise.shortage.begun(every=every):
        exercise.once()
        exercise.once()
    assert exercise.shortage.n_failed > 10
    exercise.check()


def test_known_series_need_no_memory(start, tmp_path):
    shortage = Shortage(tmp_path / "shortage")
    udometer = start(environment=shortage.environment)
    udometer.send("known:1|c")
    udometer.settle()
    with shortage.begun(every=1):
        udometer.send(*["known:1|c"] * 100, "never_seen:1|c")
        wait_until(lambda: shortage.n_failed, "the last one has asked for memory")
    scrape = udometer.settle()
    assert scrape.value("known") == 101 and scrape.get("never_seen") is None
    assert scrape.refused("no_memory") == 1


def test_series_expire_without_any_memory(start, tmp_path):
    shortage = Shortage(tmp_path / "shortage")
    udometer = start("--statsd.ttl=1s", "--statsd.unscraped-ttl=0s", "--log.level=debug",
                     environment=shortage.environment)
    udometer.send(*["old_%d:1|c" % i for i in range(100)])
    udometer.settle()
    with shortage.begun(every=1):
        wait_until(lambda: any(record["msg"] == "series expired" for record in udometer.log()),
                   udometer.stderr)
    assert udometer.own_metrics().value("udometer_series_bytes") == 0
