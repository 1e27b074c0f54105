# SPDX-License-Identifier: Apache-2.0
"""OpenMetrics: what Prometheus' own parser of Python reads is what the text page says."""

import os
import random

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics

from exposition import Page

ACCEPT = {"Accept": "application/openmetrics-text; version=1.0.0"}
CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
# Each round is a registry; "thousands" once, and fewer each time.
N_ROUNDS = int(os.environ.get("UDOMETER_RANDOM_PAGES", "60"))

# Names that the format may have to tell apart. Of "h" there are only histograms.
NAMES = ["a", "a_total", "a_created", "a_created_total", "a_sum_total", "b", "b_total", "b_seconds",
         "c_info", "c_bucket", "_d", "e:f", "a_total_total", "h_total", "h_count_total",
         "x_created"]
SUFFIXES = {"counter": ["", "_total", "_created"], "gauge": [""],
            "histogram": ["", "_bucket", "_count", "_sum", "_created"]}
VALUES = ["0", "1", "0.1", "1e-300", "1e300", "9007199254740993", "123456.789", "1e22"]


def random_line(dice):
    name = dice.choice(NAMES)
    kind = dice.choice(["c", "c", "g", "s"])
    if dice.random() < 0.3:
        name, kind = dice.choice(["h", "h_x", "h_seconds"]), dice.choice(["h", "ms", "d"])
    value = dice.choice(VALUES)
    if kind in ("g", "h") and dice.random() < 0.3:
        value = ("" if kind == "h" else "-") + value
    tags = ["%s:%s" % (key, dice.choice(["", "1", 'q"uo\\te', "é", "v v"]))
            for key in dice.sample(["k", "le2", "zone"], dice.randrange(3))]
    return "%s:%s|%s%s" % (name, value, kind, "|#" + ",".join(tags) if tags else "")


def with_bound(labels):
    """@labels, with a bound as a number: the formats write it in two ways."""
    return frozenset((name, float(value) if name == "le" else value)
                     for name, value in dict(labels).items())


def samples_of(families):
    """The value of each sample, by name and labels; none comes twice."""
    found = {}
    for family in families:
        for sample in family.samples:
            key = sample.name, with_bound(sample.labels)
            assert key not in found, sample
            found[key] = float(sample.value)
    return found


def names_of(name, kind):
    """All names that a family takes in OpenMetrics."""
    base = name.removesuffix("_total") if kind == "counter" else name
    return {name} | {base + suffix for suffix in SUFFIXES[kind]}


def must_keep_its_name(name, types):
    """Whether counter @name would be called like another family."""
    others = set().union(*(names_of(other, kind) for other, kind in types.items() if other != name))
    base = name.removesuffix("_total")
    return bool({base, base + "_total", base + "_created"} & others)


def renamed(name, types):
    """What OpenMetrics calls the samples of counter @name."""
    return name if name.endswith("_total") or must_keep_its_name(name, types) else name + "_total"


def expected(page, types):
    """The samples of the text page under the names that OpenMetrics gives them."""
    found = {}
    for family in page.families.values():
        below_zero = {labels for (name, labels), value in family.samples.items()
                      if name == family.name + "_sum" and value < 0}
        for (name, labels), value in family.samples.items():
            if family.type == "histogram" and labels in below_zero and "_bucket" not in name:
                continue
            if family.type == "counter":
                name = renamed(name, types)
            found[name, with_bound(labels)] = value
    return found


def is_own(key):
    """Whether it is of udometer's own metrics, which change from page to page."""
    return key[0].startswith(("udometer_", "process_"))


def compare(udometer):
    text = Page(udometer.metrics())
    reply = udometer.get("/metrics", headers=ACCEPT)
    assert reply.headers["Content-Type"] == CONTENT_TYPE
    page = reply.body.decode()
    assert page.endswith("\n# EOF\n") and "\n\n" not in page
    families = list(read_openmetrics(page))
    types = {family.name: family.type for family in text.families.values()}
    wanted, found = expected(text, types), samples_of(families)
    assert {key for key in found if is_own(key)} == {key for key in wanted if is_own(key)}
    assert {key: found[key] for key in found if not is_own(key)} == \
        {key: wanted[key] for key in wanted if not is_own(key)}, page
    for family in families:
        assert family.type != "unknown" or must_keep_its_name(family.name, types), page


def test_random_registries_read_the_same_in_both_formats(start):
    udometer = start("--web.enable-lifecycle")
    dice = random.Random(12)
    for _ in range(N_ROUNDS):
        udometer.send(*[random_line(dice) for _ in range(dice.randrange(1, 40))])
        udometer.wait_for_lines()
        compare(udometer)
        ended = udometer.get('/api/v1/series?match[]={__name__=~".%2B"}', method="DELETE")
        assert ended.status == 200, ended.body


def test_what_is_declared_has_its_unit(start, tmp_path):
    config = tmp_path / "udometer.yml"
    config.write_text("metrics:\n- name: wait_seconds\n  type: histogram\n  unit: seconds\n"
                      "  buckets: [-1, 0, 1e6]\n  initial: [{}]\n"
                      "- name: cpu_seconds_total\n  type: counter\n  unit: seconds\n"
                      "  initial: [{}]\n"
                      "- name: speed\n  type: gauge\n  unit: knots\n  help: 'Of \"it\".'\n"
                      "  initial: [{}]\n")
    page = start("--config.file=%s" % config).get("/metrics", headers=ACCEPT).body.decode()
    families = {family.name: family for family in read_openmetrics(page)}
    assert families["wait_seconds"].unit == families["cpu_seconds"].unit == "seconds"
    assert (families["speed"].unit, families["speed"].documentation) == ("", 'Of "it".')
    bounds = [sample.labels["le"] for sample in families["wait_seconds"].samples]
    assert bounds == ["-1.0", "0.0", "1e+06", "+Inf"]


def test_caches_learn_what_the_page_depends_on(udometer):
    reply = udometer.get("/metrics")
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    vary = ", ".join(reply.headers.get_all("Vary"))
    assert {"Accept", "Accept-Encoding"} <= set(vary.split(", "))


def test_it_can_be_switched_off(start):
    reply = start("--no-web.openmetrics").get("/metrics", headers=ACCEPT)
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_the_page_of_self_metrics_has_both_formats_too(start):
    udometer = start("--web.self-metrics-path=/self")
    page = udometer.get("/self", headers=ACCEPT).body.decode()
    names = {family.name for family in read_openmetrics(page)}
    assert names > {"udometer_lines", "process_cpu_seconds"}


def test_senders_cannot_take_a_name_of_udometers_own(udometer):
    """In OpenMetrics a counter becomes another name, which may be taken."""
    udometer.send("process_cpu_seconds:1|c", "udometer_lines:5|c", "udometer_lines_created:1|g")
    udometer.wait_for_lines()
    page = udometer.get("/metrics", headers=ACCEPT).body.decode()
    families = {family.name: family for family in read_openmetrics(page)}
    assert len(families["process_cpu_seconds"].samples) == 1
    assert families["process_cpu_seconds"].type == "counter"
