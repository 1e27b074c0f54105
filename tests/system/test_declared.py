# SPDX-License-Identifier: Apache-2.0
"""Metrics that a config declares: what it says of them reaches the page, and decides how long
their series live."""

import urllib.parse

from harness import wait_until

CONFIG = """\
web.enable-lifecycle: true
statsd.unscraped-ttl: 0s
metrics:
  - namespace: bot
    metrics:
      - name: routes_total
        type: counter
        help: Routes flown.
        initial:
          - {status: ok}
          - {status: failed}
      - name: latency_seconds
        type: histogram
        help: From order to arrival.
        buckets: [0.1, 1]
        initial: [{}]
      - name: depth
        type: gauge
        ttl: 1s
      - name: running
        type: gauge
        ttl: 1s
        initial: true
      - name: ships
        type: gauge
        max_series: 2
"""


def start_declared(start, tmp_path):
    config = tmp_path / "udometer.yml"
    config.write_text(CONFIG)
    return start("--config.file=%s" % config)


def test_initial_series_are_at_zero_before_the_first_sample(start, tmp_path):
    scrape = start_declared(start, tmp_path).scrape()
    assert scrape.get("bot_routes_total", status="ok") == 0
    assert scrape.get("bot_routes_total", status="failed") == 0
    assert scrape.buckets("bot_latency_seconds") == {0.1: 0, 1: 0, float("inf"): 0}
    assert "# HELP bot_routes_total Routes flown.\n# TYPE bot_routes_total counter\n" in scrape.text
    assert "# HELP bot_latency_seconds From order to arrival.\n" in scrape.text


def test_they_go_back_to_zero_by_x_and_by_request(start, tmp_path):
    udometer = start_declared(start, tmp_path)
    udometer.send("bot.routes_total:3|c|#status:ok\nbot_routes_total:2|c|#status:ok",
                  "bot.latency_seconds:500|ms")
    scrape = udometer.settle()
    assert scrape.get("bot_routes_total", status="ok") == 5
    assert scrape.buckets("bot_latency_seconds") == {0.1: 0, 1: 1, float("inf"): 1}
    udometer.send("bot.routes_total:0|x")
    assert udometer.settle().get("bot_routes_total", status="ok") == 0
    query = urllib.parse.urlencode({"match[]": "bot_latency_seconds"})
    assert udometer.get("/api/v1/series?" + query, method="DELETE").status == 200
    assert udometer.scrape().get("bot_latency_seconds_count") == 0
    udometer.send("bot.routes_total:1|c|#status:ok", "bot.latency_seconds:50|ms")
    scrape = udometer.settle()
    assert scrape.get("bot_routes_total", status="ok") == 1
    assert scrape.get("bot_latency_seconds_count") == 1


def test_a_metric_has_its_own_ttl(start, tmp_path):
    udometer = start_declared(start, tmp_path)
    udometer.send("bot.depth:4|g\nbot.routes_total:1|c|#status:ok\nother:1|g")
    udometer.settle()
    wait_until(lambda: udometer.scrape().get("bot_depth") is None, "it has expired")
    scrape = udometer.scrape()
    assert scrape.value("udometer_expired_series_total") == 1
    assert scrape.get("other") == 1 and scrape.get("bot_routes_total", status="ok") == 1


def test_initial_series_go_back_to_zero_after_their_ttl(start, tmp_path):
    """Or a gauge would show for ever what a program that was killed has said last."""
    udometer = start_declared(start, tmp_path)
    for value in 4, 7:
        udometer.send("bot.running:%d|g" % value)
        assert udometer.settle().get("bot_running") == value
        wait_until(lambda: udometer.scrape().get("bot_running") == 0, "it is back at zero")
    assert udometer.scrape().value("udometer_expired_series_total") == 2


def test_a_metric_has_its_own_limit(start, tmp_path):
    udometer = start_declared(start, tmp_path)
    udometer.send("\n".join("bot.ships:%d|g|#i:%d\nother:1|g|#i:%d" % (i, i, i) for i in range(5)))
    scrape = udometer.settle()
    assert len(scrape.named("bot_ships")) == 2 and len(scrape.named("other")) == 5
    assert scrape.refused("series_limit") == 3


NO_SUCH_SERIES = """
metrics:
- { name: fine, type: gauge, labels: [], initial: true }
- { name: many_total, type: counter, labels: [i], initial: { i: [a, b, c] } }
- { name: up, type: gauge, labels: [], initial: true }
mapping:
  mappings:
  - { match: "scrapes.*", name: scrape_samples_scraped }
"""


def test_the_log_names_what_cannot_be(start, tmp_path):
    path = tmp_path / "config.yml"
    path.write_text(NO_SUCH_SERIES)
    udometer = start("--config.file=%s" % path, "--limit.series=2")
    said = [record.get("problem", "") for record in udometer.log()]
    for name in "up", "scrape_samples_scraped":
        wanted = ": %s: all samples of this name are refused" % name
        assert [line for line in said if wanted in line]
    record, = [record for record in udometer.log() if "initial series" in record["msg"]]
    assert (record["first"], record["reason"]) == ("many_total", "series_limit")
    assert int(record["series"]) == 3  # two of many_total, and up
