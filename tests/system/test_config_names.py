# SPDX-License-Identifier: Apache-2.0
"""What a config file says about names arrives in the scrape: declared metrics, mapping rules, label
rules, and what is not declared.
"""

import json
import math

import pytest

from harness import promtool_check
from test_explain import explain

CONFIG = """
metrics:
- namespace: bot
  metrics:
  - name: hits_total
    type: counter
    help: Hits of the bot.
    labels: [route]
  - name: took_seconds
    type: histogram
    help: How long a route took.
    buckets: [1, 60, 120]
  - name: state
    type: gauge
    value_map: {idle: 0, busy: 1}
mapping:
  mappings:
  - match: "app.*.hits"
    name: app_hits
    labels:
      app: "$1"
  - match: "noise.*"
    action: drop
    name: noise
  - match: '^load\\.(\\d+)$'
    match_type: regex
    name: load
    scale: 0.5
    labels:
      core: "$1"
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "udometer.yml"
    path.write_text(CONFIG)
    return "--config.file=%s" % path


def test_a_declared_metric_has_its_help_type_and_buckets(start, config):
    udometer = start(config)
    udometer.send("bot.hits_total:1|c|#route:a", "bot_hits_total:2|c|#route:a",
                  "bot.took_seconds:45000|ms", "bot_took_seconds:100|h")
    scrape = udometer.settle()
    assert scrape.value("bot_hits_total", route="a") == 3
    assert scrape.buckets("bot_took_seconds") == {1: 0, 60: 1, 120: 2, math.inf: 2}
    assert "# HELP bot_hits_total Hits of the bot.\n" in scrape.text
    assert "# HELP bot_took_seconds How long a route took.\n" in scrape.text
    promtool_check(scrape)


def test_words_stand_for_numbers(start, config):
    udometer = start(config)
    udometer.send("bot.state:busy|g|#n:1", "bot.state:busy|g|#n:2\nbot.state:idle|g|#n:2",
                  "bot.state:asleep|g|#n:3")
    scrape = udometer.settle()
    assert scrape.value("bot_state", n="1") == 1
    assert scrape.value("bot_state", n="2") == 0
    assert scrape.refused("malformed_value") == 1


def test_a_sample_of_another_type_is_a_conflict(start, config):
    udometer = start(config)
    # Links of a chain are samples of their own, and an x has no type.
    udometer.send("bot.hits_total:1|g\nbot.hits_total:1|c", "bot.hits_total:1|g:2|c:3|g",
                  "bot_took_seconds:1|s", "bot.hits_total:1|x|#route:none")
    scrape = udometer.settle()
    assert scrape.refused("type_conflict") == 4
    assert scrape.value("bot_hits_total") == 3
    assert json.loads(udometer.get("/api/v1/conflicts").body)["data"] == [
        {"name": "bot_hits_total", "sent_as": "gauge", "held_by": "bot_hits_total",
         "held_as": "counter", "declared": True, "refused": 3},
        {"name": "bot_took_seconds", "sent_as": "set", "held_by": "bot_took_seconds",
         "held_as": "histogram", "declared": True, "refused": 1}]


def test_the_log_names_a_conflict_with_a_declared_metric(start, config):
    udometer = start(config, "--workers=1")
    udometer.send("bot.hits_total:1|g")
    udometer.settle()
    udometer.stop()
    line, = [record for record in udometer.log() if "type conflict" in record["msg"]]
    assert line["name"] == line["held_by"] == "bot_hits_total"
    assert line["sent_as"] == "gauge" and line["held_as"] == "counter"
    assert line["hint"].startswith("the config declares the type")


def test_explain_names_the_declaration_that_a_sample_conflicts_with(config):
    status, output = explain(b"bot.hits_total:1|g\nother:1|c\nother:1|g\n", config)
    assert status == 1
    declared, _, used = output.split("\n\n")[:3]
    assert ("type_conflict: the config declares bot_hits_total as a counter, at %s:5:5, so it "
            "cannot be a gauge" % config.partition("=")[2]) in declared
    assert "other is a counter already, so it cannot be a gauge" in used


def test_explain_lists_the_words_that_a_value_may_be(config, tmp_path):
    status, output = explain(b"bot.state:bussy|g\nbot.state:asleep|g\nbot.state:1x|g\nx:1x|g\n"
                             b"bot.state:busy|g\n", config)
    assert status == 1
    near, far, number, other, right = output.split("\n\n")[:5]
    listed = "malformed_value: the value is not a number or one of the words busy, idle"
    assert listed + "; did you mean busy?" in near
    assert far.endswith(listed) and number.endswith(listed)
    assert "a decimal number cannot have this byte here" in other
    assert "sets it to 1\n" in right
    path = tmp_path / "many.yml"
    path.write_text("metrics:\n- name: state\n  type: gauge\n  value_map: {%s}\n" %
                    ", ".join("word_%02d: %d" % (i, i) for i in range(99)))
    _, output = explain(b"state:wort_77|g\n", "--config.file=%s" % path)
    assert "words word_00, word_01, " in output
    assert ", word_09, and 89 more; did you mean word_77?" in output


def test_rules_map_names_and_labels(start, config):
    udometer = start(config)
    for _ in range(2):
        udometer.send("app.web.hits:2|c|#zone:a\napp.db.hits:3|c", "load.0:7|g\nload.1:-2|g",
                      "load.x:1|g")
    scrape = udometer.settle()
    assert scrape.value("app_hits", app="web", zone="a") == 4
    assert scrape.value("app_hits", app="db") == 6
    assert scrape.value("load", core="0") == 3.5
    assert scrape.value("load", core="1") == -2
    assert scrape.value("load_x") == 1


def test_lines_that_a_rule_drops_are_skipped(start, config):
    udometer = start(config)
    for _ in range(3):
        udometer.send("noise.a:1|c\nnoise.b:1:2|ms\nkept:1|c")
    scrape = udometer.settle()
    assert scrape.value("udometer_skipped_total", kind="rule") == 6
    assert scrape.value("kept") == 3
    assert not scrape.named("noise") and not scrape.named("noise_a")


def test_an_x_ends_what_a_rule_has_made(start, config):
    udometer = start(config)
    udometer.send("app.web.hits:2|c\napp.db.hits:3|c")
    udometer.settle()
    udometer.send("app.web.hits:0|x")
    scrape = udometer.settle()
    assert scrape.named("app_hits") and scrape.value("app_hits", app="db") == 3
    assert scrape.value("udometer_ended_series_total") == 1


def test_undeclared_names_and_labels(start, tmp_path):
    path = tmp_path / "strict.yml"
    path.write_text(CONFIG.partition("mapping:")[0] +
                    "undeclared: drop\nundeclared_labels: refuse\n")
    udometer = start("--config.file=%s" % path)
    udometer.send("other:1|c\nbot.hits_total:1|c|#route:a\nbot.hits_total:1|c|#user:b")
    scrape = udometer.settle()
    assert scrape.value("udometer_skipped_total", kind="undeclared") == 1
    assert scrape.refused("undeclared_label") == 1
    assert scrape.value("bot_hits_total", route="a") == 1
    assert not scrape.named("other")


def test_explain_tells_which_labels_are_not_declared(tmp_path):
    path = tmp_path / "udometer.yml"
    lines = b"bot.hits_total:1|c|#user:7,route:a,host:b\nbot.state:1|g|#any:1\n"
    path.write_text(CONFIG + "undeclared_labels: drop\n")
    status, output = explain(lines, "--config.file=%s" % path)
    assert status == 0
    hits, state = output.split("\n\n")[:2]
    assert "label     user = 7  ->  dropped: the metric does not declare it\n" in hits
    assert "label     host = b  ->  dropped: the metric does not declare it\n" in hits
    assert "label     route" not in hits and "label     " not in state
    path.write_text(CONFIG + "undeclared_labels: refuse\n")
    status, output = explain(lines, "--config.file=%s" % path)
    assert status == 1
    assert "label     user = 7  ->  refused: the metric does not declare it\nrefused " in output


def test_undeclared_labels_that_are_dropped_are_counted(start, tmp_path):
    path = tmp_path / "udometer.yml"
    path.write_text(CONFIG + "undeclared_labels: drop\n")
    udometer = start("--config.file=%s" % path)
    # By a new key, a known one, in a chain, and not for a sample that is refused.
    for _ in range(3):
        udometer.send("bot.hits_total:1|c|#user:7,route:a,host:b")
    udometer.send("bot.hits_total,user=7:1|c:2|c", "bot.hits_total:x|c|#user:7")
    scrape = udometer.settle()
    assert scrape.value("bot_hits_total", route="a") == 3
    assert scrape.value("bot_hits_total") == 3
    assert scrape.value("udometer_undeclared_labels_total") == 8
    assert scrape.value("udometer_tag_errors_total") == 0


def test_explain_tells_the_rule_and_why_others_did_not_match(config):
    status, output = explain(b"load.7:4|g\nnoise.a:1|c\nbot.took_seconds:1|ms\nnone:1|c\n", config)
    assert status == 0
    loads, noise, took, none = output.split("\n\n")[:4]
    assert "rule      ^load\\.(\\d+)$ (" in loads and "udometer.yml:" in loads
    assert "not app.*.hits (" in loads and "another number of segments" in loads
    assert "segment 1 of the name is not noise" in loads
    assert "sets it to 2\n" in loads and 'series    load{core="7"}' in loads
    assert "->  drops it\n" in noise and "skipped   1 sample, rule:" in noise
    assert "series " not in noise
    assert "metric    declared as a histogram at " in took
    assert "le = 1, 60, 120, +Inf\n" in took
    assert "rule      none matches\n" in none and "the regex does not match" in none
