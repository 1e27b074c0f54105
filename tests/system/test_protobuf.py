# SPDX-License-Identifier: Apache-2.0
"""Protobuf: what Google's decoder and a real Prometheus read is what the text page says."""

import contextlib
import json
import random
import socket
import time

import pytest

from exposition import Page
from harness import SANITIZED, SLOWNESS, Udometer, wait_until
from protobuf import ACCEPT, CONTENT_TYPE, read, samples_of, split
from prometheus import running, scraping
from test_openmetrics import random_line

N_ROUNDS = 12
N_SERIES = 20_000 if SANITIZED else 200_000

CONFIG = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: udometer
    static_configs:
      - targets: ["%s:%d"]
"""


def page_of(udometer, path="/metrics"):
    reply = udometer.get(path, headers=ACCEPT)
    assert reply.headers["Content-Type"] == CONTENT_TYPE
    return reply.body


def is_own(name):
    """Whether it is of udometer's own metrics, which change from page to page."""
    return name.startswith(("udometer_", "process_"))


def with_bound(samples):
    return {(name, frozenset((label, float(value) if label == "le" else value)
                             for label, value in labels)): value
            for (name, labels), value in samples.items()}


def compare(udometer):
    text, families = Page(udometer.metrics()), read(page_of(udometer))
    assert list(families) == list(text.families)
    for name, family in families.items():
        expected = text.families[name]
        assert (family.type, family.help) == (expected.type, expected.help)
        found, wanted = samples_of(family), with_bound(expected.samples)
        if is_own(name):
            assert found.keys() == wanted.keys()
        else:
            assert found == wanted


def test_random_registries_read_the_same_as_in_text(start):
    udometer = start("--web.enable-lifecycle")
    dice = random.Random(7)
    for _ in range(N_ROUNDS):
        udometer.send(*[random_line(dice) for _ in range(dice.randrange(1, 40))])
        udometer.send("long:1|g|#v:%s,w:%s" % ("x" * dice.randrange(300), '"' * dice.randrange(99)))
        udometer.wait_for_lines()
        compare(udometer)
        ended = udometer.get('/api/v1/series?match[]={__name__=~".%2B"}', method="DELETE")
        assert ended.status == 200, ended.body


def test_what_is_declared_has_its_unit(start, tmp_path):
    config = tmp_path / "udometer.yml"
    config.write_text("metrics:\n- name: wait_seconds\n  type: histogram\n  unit: seconds\n"
                      "  buckets: [-1, 0, 1e6]\n  initial: [{}]\n"
                      "- name: speed\n  type: gauge\n  unit: knots\n  initial: [{}]\n")
    families = read(page_of(start("--config.file=%s" % config)))
    assert (families["wait_seconds"].unit, families["speed"].unit) == ("seconds", "knots")
    bounds = [bucket.upper_bound for bucket in families["wait_seconds"].metrics[0].histogram.bucket]
    assert bounds == [-1, 0, 1e6, float("inf")]


def test_a_start_is_when_the_first_sample_came(udometer):
    begin = time.time()
    udometer.send("a_total:1|c", "b:1|h", "c:1|g")
    udometer.wait_for_lines()
    families = read(page_of(udometer))
    for metric in families["a_total"].metrics[0].counter, families["b"].metrics[0].histogram:
        started = metric.created_timestamp
        assert begin - 1 < started.seconds + started.nanos / 1e9 < time.time() + 1


def memory(udometer, field):
    """Bytes, of /proc/PID/status."""
    with open("/proc/%d/status" % udometer.pid) as status:
        line = next(line for line in status if line.startswith(field + ":"))
    return int(line.split()[1]) * 1024


def test_a_large_family_is_streamed(start):
    udometer = start("--statsd.listen-tcp=127.0.0.1:0")
    with socket.create_connection(udometer.tcp[0]) as connection:
        connection.sendall(b"".join(b"large_total:1|c|#k:%d\n" % i for i in range(N_SERIES)))
    udometer.n_sent += N_SERIES
    udometer.wait_for_lines()
    if not SANITIZED:
        with open("/proc/%d/clear_refs" % udometer.pid, "w") as peak:
            peak.write("5")  # it begins anew
    before = memory(udometer, "VmRSS")
    page = page_of(udometer)
    grown = memory(udometer, "VmHWM") - before
    sizes = [len(message) for message in split(page) if message.startswith(b"\x0a\x0blarge_total")]
    assert sum(sizes) > 25 * N_SERIES and max(sizes) < 70_000
    # The kernel may give it a huge page, 2 MiB.
    assert SANITIZED or grown < 3e6 < sum(sizes) / 2
    assert page.count(b"\x0a\x01k") == N_SERIES


@pytest.fixture(scope="module")
def scraped(tmp_path_factory):
    """A udometer, and a Prometheus that asks for protobuf."""
    with contextlib.ExitStack() as stack:
        udometer = stack.enter_context(running(Udometer(str(tmp_path_factory.mktemp("u")))))
        prometheus = stack.enter_context(
            scraping(tmp_path_factory.mktemp("p"), CONFIG % udometer.http,
                     flags=["--enable-feature=native-histograms"]))
        wait_until(prometheus.is_ready, "Prometheus is ready", 30 * SLOWNESS)
        yield udometer, prometheus


def test_prometheus_reads_every_type(scraped):
    """By protobuf: in OpenMetrics, which it wants next, the first would be plain_total."""
    udometer, prometheus = scraped
    udometer.send("plain:2|c", "clash:1|g", "clash_total:3|c", "level:-1.5|g", 'odd:1|g|#v:q"\\é',
                  "users:a|s", "users:b|s", *["wait:200|ms"] * 10, *["wait:300|ms"] * 80,
                  *["wait:800|ms"] * 10)
    udometer.send(*["\n".join("many:1|g|#k:%d" % i for i in range(at, at + 500))
                    for at in range(0, 3000, 500)])
    prometheus.wait_for("count(many)", 3000)
    assert len([raw for raw in split(page_of(udometer)) if raw.startswith(b"\x0a\x04many")]) > 1
    for text, value in [("plain", 2), ("clash", 1), ("clash_total", 3), ("level", -1.5),
                        ("users", 2), ("wait_count", 100), ('wait_bucket{le="0.25"}', 10),
                        ('wait_bucket{le="+Inf"}', 100), ("up", 1)]:
        assert prometheus.number(text) == value, text
    assert prometheus.number("wait_sum") == pytest.approx(34)
    assert prometheus.number("histogram_quantile(0.5, wait_bucket)") == pytest.approx(0.375)
    assert prometheus.query("odd")[0]["metric"]["v"] == 'q"\\é'
    known = json.loads(prometheus.get("/api/v1/metadata"))["data"]
    assert {name: known[name][0]["type"] for name in ("plain", "clash", "users", "wait", "many")} \
        == {"plain": "counter", "clash": "gauge", "users": "gauge", "wait": "histogram",
            "many": "gauge"}
    assert known["plain"] == [{"type": "counter", "help": "Sent as plain.", "unit": ""}]
