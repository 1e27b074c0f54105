# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus scrapes the daemon, and PromQL gives the expected numbers."""

import contextlib
import json
import time

import pytest

from harness import SLOWNESS, Udometer, wait_until
from hostile_lines import Generator
from prometheus import running, scraping

CONFIG = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
rule_files: [rules.yml]
scrape_configs:
  - job_name: udometer
    static_configs:
      - targets: ["%s:%d"]
"""
# Two targets whose labels are kept, if they set any.
HONORING = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
rule_files: [rules.yml]
scrape_configs:
  - job_name: keeping
    honor_labels: true
    static_configs:
      - targets: ["%s:%d"]
  - job_name: renaming
    honor_labels: true
    static_configs:
      - targets: ["%s:%d"]
"""
# Both pages of one udometer, as in docs/operations.md.
TWO_PAGES = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
rule_files: [rules.yml]
scrape_configs:
  - job_name: bots
    metrics_path: /api/v1/metrics
    static_configs: [{targets: ["%s:%d"]}]
  - job_name: udometer
    metrics_path: /self
    static_configs: [{targets: ["%s:%d"]}]
"""
# With an interval longer than the TTL.
RARELY = """
global:
  scrape_interval: 6s
  scrape_timeout: 6s
rule_files: [rules.yml]
scrape_configs:
  - job_name: udometer
    static_configs:
      - targets: ["%s:%d"]
"""
# An alert that fires at once and for ever, for the names that Prometheus makes then.
RULES = """
groups:
  - name: always
    interval: 1s
    rules: [{alert: Always, expr: vector(1)}]
"""


class System:
    """A Prometheus and the udometers that it scrapes."""

    def __init__(self, stack, tmp_path_factory, configuration, *flags_of_each):
        self.udometers = [
            stack.enter_context(running(Udometer(str(tmp_path_factory.mktemp("u")), *flags)))
            for flags in flags_of_each]
        places = [udometer.http for udometer in self.udometers] * (2 // len(self.udometers))
        self.prometheus = stack.enter_context(
            scraping(tmp_path_factory.mktemp("p"),
                     configuration % sum(places[:configuration.count("%s")], ()), RULES))


@pytest.fixture(scope="module")
def systems(tmp_path_factory):
    """
    All that the tests here need, started at once: a Prometheus waits for some seconds before its
    first scrape. So each name is used once.
    """
    with contextlib.ExitStack() as stack:
        systems = {name: System(stack, tmp_path_factory, *words) for name, words in {
            "plain": (CONFIG, []),
            "honoring": (HONORING, [], ["--statsd.scrape-labels=rename"]),
            "two pages": (TWO_PAGES, ["--web.telemetry-path=/api/v1/metrics",
                                      "--web.self-metrics-path=/self"]),
            "rarely": (RARELY, ["--statsd.ttl=1s", "--web.self-metrics-path=/self"])}.items()}
        for system in systems.values():
            wait_until(system.prometheus.is_ready, "Prometheus is ready", 30 * SLOWNESS)
            wait_until(lambda: system.prometheus.number("min(up)") is not None, "the first scrape")
        yield systems


@pytest.fixture
def udometer(systems):
    return systems["plain"].udometers[0]


@pytest.fixture
def prometheus(systems):
    return systems["plain"].prometheus


@pytest.fixture(autouse=True)
def always_up(prometheus):
    yield
    never_down(prometheus)


def never_down(prometheus):
    """It could read every scrape that it has made."""
    assert prometheus.number("min_over_time(up[1h])") == 1, down_because(prometheus)


def down_because(prometheus):
    targets = json.loads(prometheus.get("/api/v1/targets"))["data"]["activeTargets"]
    return [target["lastError"] for target in targets]


def test_rate_and_increase_of_a_counter_are_those_sent(udometer, prometheus):
    """Sent evenly, so that the estimates of rate() at the ends of its window are right too."""
    per_second, seconds = 200, 8
    udometer.send("even_total:0|c|#k:v")
    prometheus.wait_for("even_total", 0)
    begin = time.monotonic()
    sent = 0
    while sent < per_second * seconds:
        due = int((time.monotonic() - begin) * per_second)
        for _ in range(sent, min(due, per_second * seconds)):
            udometer.send("even_total:1|c|#k:v")
        sent = max(sent, due)
        time.sleep(0.005)  # not to wait for something: this is the sender's pace
    end = time.time()
    assert udometer.settle().value("even_total", k="v") == per_second * seconds
    prometheus.wait_for("even_total", per_second * seconds)

    window = "even_total{k='v'}[%ds]" % (seconds - 2)
    assert prometheus.number("rate(%s)" % window, at=end - 0.5) == \
        pytest.approx(per_second, rel=0.15)
    assert prometheus.number("increase(%s)" % window, at=end - 0.5) == \
        pytest.approx(per_second * (seconds - 2), rel=0.15)
    whole = "even_total[1h]"
    assert prometheus.number("max_over_time(%s) - min_over_time(%s)" % (whole, whole)) == 1600
    assert prometheus.number("resets(even_total[1h])") == 0


def test_rates_of_counters_have_the_ratio_of_what_was_sent(udometer, prometheus):
    """Exact: both have their first and last samples in the same scrapes."""
    udometer.send("ratio_total:10|c|#of:a", "ratio_total:30|c|#of:b")
    prometheus.wait_for("sum(ratio_total)", 40)
    udometer.send(*["ratio_total:1|c|#of:a", "ratio_total:3|c|#of:b"] * 100)
    prometheus.wait_for("ratio_total{of='b'}", 330)
    prometheus.wait_for("ratio_total{of='a'}", 110)
    for function in ("rate", "increase"):
        ratio = "sum({0}(ratio_total{{of='b'}}[1m])) / sum({0}(ratio_total{{of='a'}}[1m]))"
        assert prometheus.number(ratio.format(function)) == pytest.approx(3, rel=1e-9)


def test_quantiles_of_a_timer_are_those_sent(udometer, prometheus):
    """
    Exact: each batch has the same distribution, and a quantile has no regard for how much of
    it rate() saw. 10 in (0.1, 0.25], 80 in (0.25, 0.5], 10 in (0.5, 1].
    """
    batch = ["wait:200|ms|#job_kind:x"] * 10 + ["wait:300|ms|#job_kind:x"] * 80 + \
        ["wait:800|ms|#job_kind:x"] * 10
    udometer.send(*batch)
    prometheus.wait_for("wait_count", 100)
    udometer.send(*batch * 4)
    prometheus.wait_for("wait_count", 500)
    rates = "sum by (le) (rate(wait_bucket[1m]))"
    for quantile, expected in [(0.05, 0.175), (0.5, 0.375), (0.9, 0.5), (0.95, 0.75)]:
        text = "histogram_quantile(%g, %s)" % (quantile, rates)
        assert prometheus.number(text) == pytest.approx(expected, rel=1e-6)
    mean = "rate(wait_sum[1m]) / rate(wait_count[1m])"
    assert prometheus.number(mean) == pytest.approx(0.34, rel=1e-6)
    assert prometheus.number("wait_sum") == pytest.approx(170, rel=1e-9)


def test_a_gauge_is_what_was_sent_last(udometer, prometheus):
    udometer.send("depth:12.5|g", "depth:-2|g")
    prometheus.wait_for("depth", 10.5)


def test_labels_of_prometheus_itself_are_kept_apart(udometer, prometheus):
    udometer.send("own:1|g|#job:mine,instance:mine")
    prometheus.wait_for("own", 1)
    labels = prometheus.query("own")[0]["metric"]
    assert labels["exported_job"] == labels["exported_instance"] == "mine"
    assert labels["job"] == "udometer"


def test_with_honor_labels_renaming_keeps_senders_from_claiming_a_target(systems):
    """What is kept is theirs: docs/operations.md explains the risk."""
    prometheus = systems["honoring"].prometheus
    keeping, renaming = systems["honoring"].udometers
    for udometer in keeping, renaming:
        udometer.send("claimed:1|g|#job:shop,instance:shop-1")
        udometer.settle()
    prometheus.wait_for("count(claimed)", 2)
    claimed = [result["metric"] for result in prometheus.query("claimed")]
    claimed.sort(key=lambda labels: labels["job"])
    assert claimed == [
        {"__name__": "claimed", "job": "renaming", "instance": "%s:%d" % renaming.http,
         "exported_job": "shop", "exported_instance": "shop-1"},
        {"__name__": "claimed", "job": "shop", "instance": "shop-1"}]


def test_self_metrics_on_their_own_page_leave_their_names_to_bots(systems):
    udometer, = systems["two pages"].udometers
    prometheus = systems["two pages"].prometheus
    udometer.send("process_resident_memory_bytes:1000|g|#bot:a", "process_threads:7000|g",
                  "udometer_build_info:9|g", "process_cpu_seconds_total:3|c|#bot:a")
    prometheus.wait_for("count({job='bots', __name__=~'process_.+|udometer_.+'})", 4)
    prometheus.wait_for("udometer_lines_total{job='udometer'}", 4)
    assert prometheus.number("process_resident_memory_bytes{bot='a'}") == 1000
    assert prometheus.number("udometer_build_info{job='bots'}") == 9
    assert prometheus.number("udometer_build_info{job='udometer'}") == 1
    assert prometheus.number("process_threads{job='udometer'}") != 7000
    assert prometheus.number("process_start_time_seconds") > 1e9  # only one page has it
    assert prometheus.number("count(up == 1)") == 2, down_because(prometheus)
    for job in "bots", "udometer":
        down = "count_over_time((up{job='%s'} == 0)[1h:1s])" % job
        assert prometheus.number(down) is None, down_because(prometheus)


def test_a_ttl_shorter_than_the_interval_hides_nothing(systems):
    udometer, = systems["rarely"].udometers
    prometheus = systems["rarely"].prometheus

    def has_expired(n):
        return udometer.scrape("/self").value("udometer_expired_series_total") == n

    last = None
    for i in range(2):
        wait_until(lambda: prometheus.number("timestamp(up)") not in (None, last), "a scrape")
        last = prometheus.number("timestamp(up)")
        udometer.send("rare_total:%d|c" % (i + 4))
        # A day, because it may have become stale before this looks.
        prometheus.wait_for("max_over_time(rare_total[1d])", i + 4)
        wait_until(lambda: has_expired(i + 1), "it has expired")
    never_down(prometheus)


# Characters that cannot be part of a tag's value, because they end the value or the line.
ENDS = {"\n", ",", "|"}
LABEL_VALUES = [
    *["a%sb" % chr(code) for code in range(0x20) if chr(code) not in ENDS],
    *[chr(code) for code in range(1, 0x20) if chr(code) not in ENDS | set("\t\v\f\r")],
    *["a%sb" % chr(code) for code in range(0x7f, 0xa1)],
    '"', '""', "\\", "\\\\", "\\n", '\\"', '"\\', "\\\\n", 'a"b\\c', "a\\", "}", "{",
    '{a="b"} 1',
    "'", "`", "=", ":", "a:b", "#", "@", "a b", "%00", "%s%n", "&lt;", "NaN", "+Inf", "0",
    "ü", "日本語", "🌧", "e\u0301", "\u2028", "\u202e", "\ufeff", "\ufffd", "\U0010ffff", "a\0\0b",
    "v" * 1000, "v" * 2000, "🌧" * 500, '"' * 1000, "\\" * 1000,
]


def test_label_values_come_back_byte_for_byte(udometer, prometheus):
    udometer.send(*["hostile:%d|g|#i:%d,v:%s,z:end" % (i, i, value)
                    for i, value in enumerate(LABEL_VALUES)])
    assert len(udometer.settle().named("hostile")) == len(LABEL_VALUES)
    wait_until(lambda: prometheus.number("count(hostile)") == len(LABEL_VALUES),
               lambda: "%s of %d have come; last error: %s" % (
                   prometheus.number("count(hostile)"), len(LABEL_VALUES),
                   down_because(prometheus)))
    for result in prometheus.query("hostile"):
        i = int(result["metric"]["i"])
        assert result["metric"]["v"] == LABEL_VALUES[i], (i, LABEL_VALUES[i][:80])
        assert float(result["value"][1]) == i and result["metric"]["z"] == "end"


def test_names_with_anything_in_them_do_not_spoil_a_scrape(udometer, prometheus):
    """# HELP shows them as they were sent. Commas and hashes begin tags."""
    odd = [chr(code) for code in range(0x80) if chr(code) not in "\n:|,#"]
    odd += ["\\n", "\\\\", "ü", "🌧"]
    udometer.send(*["odd_%d_%s_name:1|g" % (i, text) for i, text in enumerate(odd)])
    udometer.send(*["odd_%d_%s:1|g" % (i, text) for i, text in enumerate(odd)])
    udometer.settle()
    prometheus.wait_for("count({__name__=~'odd_.*_name'})", len(odd))


def test_no_sender_can_use_the_names_of_the_scraper(udometer, prometheus):
    """
    With these names, a page would replace Prometheus' own series, or add to them. They are all
    names that this Prometheus has and the page does not have.
    """
    prometheus.wait_for("ALERTS_FOR_STATE{alertname='Always'} > bool 0", 1)
    before = udometer.settle()
    known = json.loads(prometheus.get("/api/v1/label/__name__/values"))["data"]
    names = sorted(set(known) - {name for name, _ in before.samples})
    assert {"up", "scrape_duration_seconds", "scrape_timeout_seconds", "ALERTS"} < set(names)
    udometer.send(*["%s:0|%s|#%s" % (name, letter, tag) for name in names
                    for letter in ("c", "g", "ms", "s") for tag in ("c:d", "a:b")])
    udometer.send(*["%s:0|g" % name for name in names])
    udometer.send("sent_after_names_of_the_scraper:1|g")
    after = udometer.settle()
    assert after.refused("reserved_name") - before.refused("reserved_name") == 9 * len(names)
    prometheus.wait_for("sent_after_names_of_the_scraper", 1)
    for name in names:
        assert prometheus.number("count(%s)" % name) == 1, name
    assert prometheus.number("min_over_time(up[1h])") == 1


def test_hostile_lines_do_not_spoil_a_scrape(udometer, prometheus):
    """The last update: the number of lines before it is not known."""
    generator = Generator(42)
    flow = udometer.new_flow()
    before = udometer.scrape()
    for _ in range(2000):
        flow.send(generator.datagram())
    wait_until(lambda: udometer.scrape().n_datagrams() == before.n_datagrams() + 2000, "all came")
    first = prometheus.number("timestamp(up)")
    wait_until(lambda: prometheus.number("timestamp(up)") > first + 2, "two more scrapes")
    assert prometheus.number("udometer_lines_total") > before.value("udometer_lines_total") + 1000
