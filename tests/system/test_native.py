# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus takes native histograms, and its quantiles are those of what was sent."""

import random

import pytest

from harness import SLOWNESS, Udometer, wait_until
from prometheus import running, scraping

PROMETHEUS = """
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: udometer
    static_configs:
      - targets: ["%s:%d"]
"""
# Alone, beside classic buckets, and with so few that the resolution must be halved.
NAMES = """
metrics:
- { name: alone_seconds, type: histogram, buckets: [], native: true }
- { name: beside_seconds, type: histogram, buckets: [0.1, 1], native: { factor: 1.02 } }
- { name: few_seconds, type: histogram, native: { max_buckets: 12 } }
"""
WIDTHS = {"alone_seconds": 2 ** (1 / 8), "beside_seconds": 2 ** (1 / 64), "few_seconds": 2}
N = 4000


@pytest.fixture(scope="module")
def values():
    """Log-normal, as durations often are; from 0.01 to 4 or so."""
    generator = random.Random(51)
    return sorted(generator.lognormvariate(-1.5, 0.8) for _ in range(N))


@pytest.fixture(scope="module")
def udometer(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("native")
    (folder / "names.yml").write_text(NAMES)
    with running(Udometer(str(folder), "--config.file=%s" % (folder / "names.yml"))) as started:
        for name in WIDTHS:
            started.send(*["%s:%r|h" % (name, value) for value in values])
        started.settle()
        yield started


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory, udometer):
    with scraping(tmp_path_factory.mktemp("p"), PROMETHEUS % udometer.http,
                  flags=["--enable-feature=native-histograms"]) as started:
        wait_until(started.is_ready, "Prometheus is ready", 30 * SLOWNESS)
        wait_until(lambda: started.number("up") == 1, "the first scrape")
        yield started


@pytest.mark.parametrize("name", WIDTHS)
def test_quantiles_are_right_within_the_width_of_a_bucket(prometheus, values, name):
    prometheus.wait_for("histogram_count(%s)" % name, N)
    assert prometheus.number("histogram_sum(%s)" % name) == pytest.approx(sum(values))
    for quantile in (0.01, 0.1, 0.5, 0.9, 0.99, 0.999):
        found = prometheus.number("histogram_quantile(%g, %s)" % (quantile, name))
        expected = values[int(quantile * N)]
        assert 1 / WIDTHS[name] <= found / expected <= WIDTHS[name], (quantile, found, expected)


def test_the_classic_buckets_of_a_text_page_have_the_same_observations(udometer, values):
    page = udometer.settle()
    assert page.value("alone_seconds_count") == N
    assert page.value("alone_seconds_bucket", le="+Inf") == N
    assert page.value("beside_seconds_bucket", le="0.1") == sum(value <= 0.1 for value in values)
    assert page.value("beside_seconds_bucket", le="1") == sum(value <= 1 for value in values)
    assert page.value("few_seconds_bucket", le="0.25") == sum(value <= 0.25 for value in values)


def test_observations_go_on_after_the_resolution_was_halved(udometer, prometheus):
    udometer.send(*["few_seconds:1e9|h", "few_seconds:-3|h", "few_seconds:0|h"] * 10)
    prometheus.wait_for("histogram_count(few_seconds)", N + 30)
    assert prometheus.number("min_over_time(up[1h])") == 1
