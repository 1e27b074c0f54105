# SPDX-License-Identifier: Apache-2.0
"""OpenMetrics 2.0: a reader of the specification's grammar reads what the text page says."""

import math
import random
import time

from exposition import Page
from openmetrics2_reader import Distribution, read
from test_openmetrics import is_own, random_line

ACCEPT = {"Accept": "application/openmetrics-text;version=2.0.0"}
CONTENT_TYPE = "application/openmetrics-text; version=2.0.0; charset=utf-8"
N_ROUNDS = 8


def families_of(udometer):
    reply = udometer.get("/metrics", headers=ACCEPT)
    assert reply.headers["Content-Type"] == CONTENT_TYPE
    return read(reply.body)


def samples_of(families):
    """The value of each sample of the text page, by name and labels."""
    found = {}
    for family in families.values():
        for sample in family.samples:
            def add(suffix, value, family=family, sample=sample, **more):
                key = family.name + suffix, frozenset({**sample.labels, **more}.items())
                assert key not in found
                found[key] = value
            if not isinstance(sample.value, Distribution):
                add("", sample.value)
                continue
            add("_count", sample.value.count)
            add("_sum", sample.value.sum)
            for bound, count in sample.value.buckets:
                add("_bucket", count, le=bound)
    return found


def text_samples(page):
    return {(name, frozenset((key, float(value) if key == "le" else value)
                             for key, value in labels)): value
            for family in page.families.values()
            for (name, labels), value in family.samples.items()}


def compare(udometer):
    wanted, found = text_samples(Page(udometer.metrics())), samples_of(families_of(udometer))
    assert set(found) == set(wanted)
    assert {key: value for key, value in found.items() if not is_own(key)} == \
        {key: value for key, value in wanted.items() if not is_own(key)}


def test_random_registries_read_the_same_in_both_formats(start):
    udometer = start("--web.enable-lifecycle")
    dice = random.Random(15)
    for _ in range(N_ROUNDS):
        udometer.send(*[random_line(dice) for _ in range(dice.randrange(1, 40))])
        udometer.wait_for_lines()
        compare(udometer)
        ended = udometer.get('/api/v1/series?match[]={__name__=~".%2B"}', method="DELETE")
        assert ended.status == 200, ended.body


def now_ms():
    return math.floor(time.time() * 1000)


def starts_of(udometer):
    """The start of each series with one, in ms; of the first sample of each family."""
    return {name: round(1000 * family.samples[0].start)
            for name, family in families_of(udometer).items()
            if family.samples[0].start is not None}


def send(udometer, *lines):
    """Returns between which ms it happened."""
    before = now_ms()
    udometer.send(*lines)
    udometer.wait_for_lines()
    return before, now_ms()


def test_counters_and_histograms_say_when_they_began(udometer):
    first = send(udometer, "c:1|c", "h:1|h", "g:1|g", "s:x|s")
    second = send(udometer, "c:1|c", "late:1|c")
    starts = starts_of(udometer)
    assert {"c", "h", "late"} == {name for name in starts if not is_own([name])}
    assert first[0] <= starts["c"] == starts["h"] <= first[1]
    assert second[0] <= starts["late"] <= second[1]
    third = send(udometer, "c:1|x")
    assert "c" not in starts_of(udometer)
    send(udometer, "c:1|c")
    assert third[0] <= starts_of(udometer)["c"]


def test_its_own_began_with_the_process(udometer):
    families = families_of(udometer)
    began_s = families["process_start_time_seconds"].samples[0].value
    for family in families.values():
        for sample in family.samples:
            if family.type == "gauge":
                assert sample.start is None
            else:
                assert abs(sample.start - began_s) < 0.001, family.name


def test_a_unit_is_said_of_any_name(start, tmp_path):
    config = tmp_path / "udometer.yml"
    config.write_text("metrics:\n- name: speed\n  type: gauge\n  unit: knots\n"
                      "  help: 'Of \"it\".'\n  initial: [{}]\n")
    family = families_of(start("--config.file=%s" % config))["speed"]
    assert (family.unit, family.help) == ("knots", 'Of "it".')


def test_it_can_be_switched_off(start):
    reply = start("--no-web.openmetrics").get("/metrics", headers=ACCEPT)
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
