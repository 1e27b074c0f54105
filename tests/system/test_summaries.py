# SPDX-License-Identifier: Apache-2.0
"""Summaries: quantiles of a window, over all workers, and what a reload does to them."""

import math

from harness import wait_until

TOOK = "metrics:\n- {name: took, type: %s}\n"
RULES = "mapping: {defaults: {observer_type: %s}, mappings: [{match: a.b, name: c}]}\n"


def test_quantiles_are_of_all_workers_and_forget_what_is_old(configure):
    config = configure(TOOK % "summary, quantiles: [0, 0.5, 1], max_age: 2s, age_buckets: 2",
                       "--workers=2")
    daemon = config.daemon
    for i in range(1, 101):
        daemon.send(f"took:{i}|h", flow=daemon.new_flow() if i % 10 == 1 else None)
    scrape = daemon.settle()
    for quantile, value in (("0", 1), ("0.5", 50), ("1", 100)):
        found = scrape.value("took", quantile=quantile)
        # The window may have moved while they were sent.
        assert math.isnan(found) or value * 0.99 <= found <= 101
    assert scrape.value("took_sum") == 5050
    # Nothing is sent any more: only the time of the scrape can tell.
    wait_until(lambda: math.isnan(daemon.scrape().value("took", quantile="1")), daemon.stderr)
    assert daemon.scrape().value("took_count") == 100


def test_options_that_change_begin_it_anew(configure):
    config = configure(TOOK % "summary")
    daemon = config.daemon
    daemon.send("took:1|h")
    assert daemon.settle().value("took_count") == 1
    config.change(TOOK % "summary, help: Same.")
    daemon.send("took:1|h")
    assert daemon.settle().value("took_count") == 2
    config.change(TOOK % "summary, max_age: 1m")
    daemon.send("took:1|h")
    assert daemon.settle().value("took_count") == 1


def test_rules_decide_at_a_reload_too(configure):
    config = configure(RULES % "summary")
    daemon = config.daemon
    for observer in ("summary", "histogram", "summary"):
        config.change(RULES % observer)
        daemon.send("a.b:1|h", "d:1|h")
        scrape = daemon.settle()
        assert scrape.families["c"].type == scrape.families["d"].type == observer
    config.change("")
    daemon.send("d:1|h")
    scrape = daemon.settle()
    assert scrape.families["d"].type == "histogram"
    assert scrape.value("udometer_refused_total", reason="type_conflict") == 0


def test_an_x_ends_it_by_the_label_that_it_has(configure):
    config = configure(TOOK % "summary")
    daemon = config.daemon
    daemon.send("took:1|h|#quantile:7", "took:2|h")
    assert daemon.settle().value("took_count", exported_quantile="7") == 1
    daemon.send("took:1|x|#quantile:7")
    scrape = daemon.settle()
    assert 'exported_quantile' not in scrape.text
    assert scrape.value("took_count") == 1
