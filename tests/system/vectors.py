#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Vectors: the cases of proto/vectors, and what a scrape must show after each of them.

The oracle does not read lines: it begins with a case's samples. Run as a program, this checks
that all files have the form that proto/README.md describes.
"""

import fractions
import json
import math
import pathlib
import re
import sys
from collections import Counter, defaultdict

DIRECTORY = pathlib.Path(__file__).resolve().parents[2] / "proto" / "vectors"

FAMILY = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, math.inf)
EXPOSED = {"counter": "counter", "gauge": "gauge", "set": "gauge", "timer": "histogram",
           "histogram": "histogram", "distribution": "histogram"}
WITH_RATE = ("counter", "timer", "histogram", "distribution")
REASONS = (
    "line_limit", "malformed_line", "illegal_event", "mixed_tagging_styles", "name_limit",
    "label_limit", "malformed_value", "illegal_negative_counter", "value_overflow",
    "reserved_name", "type_conflict", "series_limit", "name_rate", "expire_limit",
    "no_memory")
COUNTED = {"refused": REASONS, "skipped": ("event", "service_check"),
           "sample_errors": ("invalid_sample_factor",)}
SWITCHES = [f"statsd.{what}" for what in (
    "parse-dogstatsd-tags", "parse-influxdb-tags", "parse-librato-tags", "parse-signalfx-tags",
    "parse-graphite-tags", "bare-tags", "container-label", "service-checks")]
LIMITS = {"limit.line-length": 1048576, "limit.name-length": 4096,
          "limit.label-name-length": 1024, "limit.label-value-length": 16384,
          "limit.labels": 256, "limit.labels-length": 65536, "limit.series": math.inf,
          "limit.family-series": math.inf}
DATAGRAM_MAX = 9000


class Case:
    def __init__(self, path, fields):
        self.file = path.name
        self.fields = fields
        self.name = fields["name"]
        self.raw = fields["text"].encode() if "text" in fields else bytes.fromhex(fields["hex"])
        self.options = fields.get("options", {})
        self.samples = fields.get("samples", [])
        self.refused = fields.get("refused", {})
        self.skipped = fields.get("skipped", {})
        self.sample_errors = fields.get("sample_errors", {})
        self.tag_errors = fields.get("tag_errors", 0)
        self.unknown_sections = fields.get("unknown_sections", 0)

    @property
    def flags(self):
        return tuple(f"--{name}={value}" for name, value in sorted(self.options.items()))

    @property
    def n_lines(self):
        return len(lines_of(self.raw))

    @property
    def n_packed(self):
        """Samples beyond the first of a line: what the identity leaves for them."""
        n_ends = (len(self.samples) + sum(self.refused.values()) + sum(self.skipped.values()))
        return n_ends - self.n_lines

    def counters(self):
        """The increase of each of udometer's own counters that has grown."""
        grown = {("udometer_lines_total",): self.n_lines,
                 ("udometer_packed_samples_total",): self.n_packed,
                 ("udometer_tag_errors_total",): self.tag_errors,
                 ("udometer_unknown_sections_total",): self.unknown_sections}
        for kind, n in Counter(sample["type"] for sample in self.samples).items():
            grown["udometer_samples_total", "type", kind] = n
        for family, label, counts in (("refused", "reason", self.refused),
                                      ("skipped", "kind", self.skipped),
                                      ("sample_errors", "reason", self.sample_errors)):
            for what, n in counts.items():
                grown[f"udometer_{family}_total", label, what] = n
        return {key: n for key, n in grown.items() if n}


def lines_of(raw):
    """The lines of a datagram, by the rules of section 1."""
    lines = [line.removesuffix(b"\r").strip(b" \t") for line in raw.split(b"\n")]
    return [line for line in lines if line]


def load(directory=DIRECTORY):
    return [Case(path, fields) for path in sorted(directory.glob("*.json"))
            for fields in json.loads(path.read_text("utf-8"))["cases"]]


# --- the oracle ---


def rational(number):
    """The number as it was written, such as 3/10, and not the double nearest to it."""
    return fractions.Fraction(repr(number))


class Series:
    def __init__(self):
        self.total = 0  # whole numbers stay exact
        self.carry = 0
        self.n_events = [0] * len(BOUNDS)
        self.members = set()

    def add(self, sample):
        kind, value, rate = sample["type"], sample.get("value"), sample.get("rate", 1)
        if kind == "counter":
            self.total += value if rate == 1 else float(rational(value) / rational(rate))
        elif kind == "gauge":
            self.total = (self.total if sample.get("relative") else 0.0) + value
        elif kind == "set":
            self.members.add(value["hex"] if isinstance(value, dict) else value.encode().hex())
        else:
            self.observe(value, rate)

    def observe(self, value, rate):
        events = 1 / rational(rate) + self.carry
        n = math.floor(events)
        self.carry = events - n
        self.total += value * n
        self.n_events[next(i for i, bound in enumerate(BOUNDS) if value <= bound)] += n

    def exposed(self, family, kind, labels):
        """Its lines of a scrape: (name, labels) and value."""
        if kind == "histogram":
            for i, bound in enumerate(BOUNDS):
                le = "+Inf" if bound == math.inf else "%.12g" % bound
                yield (family + "_bucket", labels | {("le", le)}), sum(self.n_events[:i + 1])
            yield (family + "_sum", labels), self.total
            yield (family + "_count", labels), sum(self.n_events)
        else:
            yield (family, labels), len(self.members) if self.members else self.total


def expected(samples):
    """The types by family and the values by (name, labels) of a scrape after @samples."""
    families = defaultdict(dict)
    types = {}
    for sample in samples:
        labels, series = frozenset(sample["labels"].items()), families[sample["family"]]
        if "age" in sample:
            continue  # everything is newer
        if sample["type"] == "expire":
            for ended in [key for key in series if labels <= key]:
                del series[ended]
        else:
            types[sample["family"]] = EXPOSED[sample["type"]]
            series.setdefault(labels, Series()).add(sample)
    types = {family: kind for family, kind in types.items() if families[family]}
    values = {}
    for family, kind in types.items():
        for labels, series in families[family].items():
            values.update(series.exposed(family, kind, labels))
    return types, values


# --- the form of the files ---


def sample_complaints(sample):
    kind = sample.get("type")
    wanted = {"family", "type", "labels"} | ({"value"} if kind != "expire" else set())
    allowed = (wanted | ({"rate"} if kind in WITH_RATE else set())
               | ({"relative"} if kind == "gauge" else set())
               | ({"age"} if kind == "expire" else set()))
    if kind not in (*EXPOSED, "expire") or not wanted <= set(sample) <= allowed:
        yield f"no {kind}: {sample}"
        return
    if not FAMILY.fullmatch(sample["family"]):
        yield f"no family: {sample['family']}"
    if not all(LABEL.fullmatch(key) and value and isinstance(value, str)
               and (key != "le" or EXPOSED.get(kind) != "histogram")
               for key, value in sample["labels"].items()):
        yield f"no labels: {sample['labels']}"
    if not is_value(kind, sample.get("value")) or sample.get("relative", True) is not True:
        yield f"no value: {sample}"
    if not 600 < sample.get("age", 1e3) < math.inf:  # more than a test may take
        yield f"no age: {sample}"
    if "rate" in sample and not 1e-9 <= sample["rate"] < 1:
        yield f"no rate: {sample}"


def is_value(kind, value):
    if kind == "expire":
        return value is None
    if kind != "set":
        return type(value) in (int, float) and math.isfinite(value)
    if isinstance(value, dict):
        return set(value) == {"hex"} and is_hex_only(value["hex"])
    return isinstance(value, str) and value != ""


def is_hex_only(text):
    """Whether it is the lower-case hex of bytes that cannot be written as text."""
    if not re.fullmatch(r"(?:[0-9a-f]{2})+", text):
        return False
    try:
        bytes.fromhex(text).decode()
    except UnicodeDecodeError:
        return True
    return False


def option_complaints(options):
    for name, value in options.items():
        is_known = (
            name == "statsd.dialect" and value in ("statsd", "dogstatsd")
            or name == "statsd.scrape-labels" and value in ("keep", "rename")
            or name == "statsd.counter" and value in ("increment", "absolute")
            or name in SWITCHES and value in ("true", "false")
            or name in LIMITS and re.fullmatch("[1-9][0-9]*", value) and int(value) <= LIMITS[name])
        if not is_known:
            yield f"no option: {name}={value}"


def transport_complaints(case):
    """Anything that would give the case different meanings on different transports."""
    if len(case.raw) > DATAGRAM_MAX:
        yield f"{len(case.raw)} bytes"
    if case.raw[3:4] == b"\0":
        yield "begins like a frame of DogStatsD"


def case_complaints(fields, path):
    known = {"name", "text", "hex", "options", "samples", "tag_errors", "unknown_sections",
             *COUNTED}
    n_bodies = ("text" in fields) + ("hex" in fields)
    if not set(fields) <= known or not fields.get("name") or n_bodies != 1:
        yield f"fields: {', '.join(fields)}"
        return
    if "hex" in fields and not is_hex_only(fields["hex"]):
        yield "hex is not hex, or could be text"
        return
    case = Case(path, fields)
    yield from option_complaints(case.options)
    yield from transport_complaints(case)
    for sample in case.samples:
        yield from sample_complaints(sample)
    for field, names in COUNTED.items():
        for name, n in fields.get(field, {}).items():
            if name not in names or type(n) is not int or n < 1:
                yield f"{field}: {name}: {n}"
    for field in ("tag_errors", "unknown_sections"):
        if type(fields.get(field, 1)) is not int or fields.get(field, 1) < 1:
            yield f"{field}: {fields[field]}"
    if case.n_packed < 0:
        yield f"{case.n_lines} lines, but {case.n_lines + case.n_packed} ends of them"


def refuse_duplicates(pairs):
    assert len(dict(pairs)) == len(pairs), f"a key twice: {[key for key, _ in pairs]}"
    return dict(pairs)


def main(directory):
    names = Counter()
    n_failed = 0
    for path in sorted(directory.glob("*.json")):
        content = json.loads(path.read_text("utf-8"), object_pairs_hook=refuse_duplicates)
        assert set(content) == {"about", "cases"} and content["cases"], path
        for fields in content["cases"]:
            found = list(case_complaints(fields, path))
            names[fields.get("name")] += 1
            if names[fields.get("name")] > 1:
                found.append("the name is taken")
            n_failed += bool(found)
            for what in found:
                print(f"{path.name}: {fields.get('name')}: {what}")
    print(f"{names.total() - n_failed} passed, {n_failed} failed")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else DIRECTORY))
