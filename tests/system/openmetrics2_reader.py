# SPDX-License-Identifier: Apache-2.0
"""A strict reader of OpenMetrics 2.0.0-rc0, written from the specification's grammar alone.

https://prometheus.io/docs/specs/om/open_metrics_spec_2_0/. Functions are called after the rules of
the ABNF. Besides the grammar it checks what the text says with MUST, and two things it only
recommends: the order of the metadata, and a last line feed. What is not allowed is a Mistake.
"""

import math
import re
from dataclasses import dataclass, field

METRIC_NAME = r"[A-Za-z_:][A-Za-z0-9_:]*"
LABEL_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
QUOTED = r'"(?:[^\n"\\]|\\[^\n])*"'
REAL = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|[0-9]*\.[0-9]+)(?:e[+-]?[0-9]+)?"
NUMBER = r"(?:%s|[+-]?(?i:inf(?:inity)?)|(?i:nan))(?![0-9A-Za-z.])" % REAL
INTEGER = r"[+-]?[0-9]+"
NON_NEGATIVE = r"\+?[0-9]+"
TYPES = ("counter", "gauge", "histogram", "gaugehistogram", "stateset", "info", "summary",
         "unknown")
COMPOSITE = ("histogram", "gaugehistogram", "summary")
DESCRIPTORS = ["TYPE", "UNIT", "HELP"]


class Mistake(ValueError):
    pass


@dataclass
class Exemplar:
    labels: dict
    value: float
    timestamp: float


@dataclass
class Native:
    schema: int
    zero_threshold: float
    zero_count: float
    negative: dict  # counts by index
    positive: dict


@dataclass
class Distribution:
    """A histogram or gauge histogram, of classic buckets, native ones, or both."""
    count: float
    sum: float
    buckets: list = None  # pairs of upper bound and cumulative count, up to +Inf; or None
    native: Native = None


@dataclass
class Summary:
    count: float
    sum: float
    quantiles: list  # pairs of quantile and value


@dataclass
class Sample:
    labels: dict
    value: object
    timestamp: float = None
    start: float = None
    exemplars: list = field(default_factory=list)


@dataclass
class Family:
    name: str
    type: str = "unknown"
    unit: str = ""
    help: str = ""
    samples: list = field(default_factory=list)
    described: list = field(default_factory=list)  # which descriptors it has had


class Cursor:
    """A position in one line."""

    def __init__(self, line):
        self.line, self.at = line, 0

    def fail(self, wanted):
        raise Mistake("byte %d of %r: expected %s" % (self.at, self.line, wanted))

    def match(self, pattern):
        found = re.compile(pattern).match(self.line, self.at)
        if found:
            self.at = found.end()
        return found and found[0]

    def take(self, pattern, wanted):
        found = self.match(pattern)
        if found is None:
            self.fail(wanted)
        return found

    def text(self, literal):
        return self.take(re.escape(literal), repr(literal))

    def sees(self, literal):
        return self.line.startswith(literal, self.at)

    def end(self):
        if self.at != len(self.line):
            self.fail("the end of the line")


def unescape(text):
    return re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1] if m[1] in '"\\' else m[0]), text)


def quoted(cursor, wanted):
    return unescape(cursor.take(QUOTED, wanted)[1:-1])


def name_of_metric(cursor):
    if not cursor.sees('"'):
        return cursor.take(METRIC_NAME, "the name of a metric")
    return quoted(cursor, "a name in quotes") or cursor.fail("a name that is not empty")


def number(cursor):
    return float(cursor.take(NUMBER, "a number"))


def realnumber(cursor):
    return float(cursor.take(REAL, "a real number"))


def integer(cursor):
    return int(cursor.take(INTEGER, "an integer"))


def non_negative_integer(cursor):
    return int(cursor.take(NON_NEGATIVE, "an integer that is not negative"))


# --- labels ---------------------------------------------------------------------------------

def label(cursor, labels):
    key = quoted(cursor, "a label's name") if cursor.sees('"') else cursor.take(
        LABEL_NAME, "a label's name")
    if not key or key in labels:
        cursor.fail("a label's name that is not empty, and new")
    cursor.text("=")
    labels[key] = quoted(cursor, "a label's value in quotes")


def labels_in_braces(cursor):
    labels = {}
    cursor.text("{")
    if not cursor.match(r"\}"):
        label(cursor, labels)
        while not cursor.match(r"\}"):
            cursor.text(",")
            label(cursor, labels)
    return labels


def name_and_labels_in_braces(cursor):
    labels = {}
    cursor.text("{")
    name = quoted(cursor, "a name in quotes") or cursor.fail("a name that is not empty")
    while not cursor.match(r"\}"):
        cursor.text(",")
        label(cursor, labels)
    return name, labels


def metricname_and_labels(cursor):
    if cursor.sees("{"):
        return name_and_labels_in_braces(cursor)
    name = cursor.take(METRIC_NAME, "the name of a metric")
    return name, labels_in_braces(cursor) if cursor.sees("{") else {}


# --- composite values -----------------------------------------------------------------------

def listed(cursor, item):
    """[item,item] or []."""
    items = []
    cursor.text("[")
    while not cursor.match(r"\]"):
        if items:
            cursor.text(",")
        items.append(item(cursor))
    return items


def count_and_sum(cursor, prefix):
    cursor.text(prefix + "count:")
    count = number(cursor)
    cursor.text("," + prefix + "sum:")
    return count, number(cursor)


def bucket(cursor):
    infinite = cursor.match(r"[+-]Inf(?=:)")
    bound = float(infinite) if infinite else realnumber(cursor)
    cursor.text(":")
    return bound, number(cursor)


def classic_buckets(cursor):
    cursor.text("bucket:")
    buckets = listed(cursor, bucket)
    bounds = [bound for bound, _ in buckets]
    if not bounds or bounds[-1] != math.inf or bounds != sorted(set(bounds)):
        cursor.fail("buckets in order, each once, the last up to +Inf")
    return buckets


def span(cursor):
    offset = integer(cursor)
    cursor.text(":")
    return offset, non_negative_integer(cursor)


def native_side(cursor, side):
    """The counts of one side by index."""
    if not cursor.sees(",%s_spans:" % side):
        return {}
    cursor.text(",%s_spans:" % side)
    spans = listed(cursor, span)
    cursor.text(",%s_buckets:" % side)
    counts = listed(cursor, number)
    if any(offset < 0 for offset, _ in spans[1:]):
        cursor.fail("a later span that goes on upwards")
    if sum(length for _, length in spans) != len(counts):
        cursor.fail("as many buckets as the spans say")
    index, found = 0, {}
    for offset, length in spans:
        index += offset
        for _ in range(length):
            found[index] = counts[len(found)]
            index += 1
    return found


def native_buckets(cursor):
    cursor.text("schema:")
    schema = integer(cursor)
    if not -4 <= schema <= 8:
        cursor.fail("a schema from -4 to 8")
    cursor.text(",zero_threshold:")
    threshold = realnumber(cursor)
    if threshold < 0:
        cursor.fail("a threshold that is not negative")
    cursor.text(",zero_count:")
    zero = number(cursor)
    return Native(schema, threshold, zero, native_side(cursor, "negative"),
                  native_side(cursor, "positive"))


def histogram_value(cursor, prefix):
    value = Distribution(*count_and_sum(cursor, prefix))
    cursor.text(",")
    if not cursor.sees("bucket:"):
        value.native = native_buckets(cursor)
    if value.native is None or cursor.match(","):
        value.buckets = classic_buckets(cursor)
    check_distribution(cursor, value, prefix == "g")
    return value


def check_distribution(cursor, value, is_gauge):
    counts = [value.count]
    if value.buckets:
        counts += [count for _, count in value.buckets]
        if value.buckets[-1][1] != value.count:
            cursor.fail("a count like that of the bucket up to +Inf")
        if not is_gauge and counts[1:] != sorted(counts[1:]):
            cursor.fail("counts that are cumulative")
    if value.native:
        within = [value.native.zero_count, *value.native.negative.values(),
                  *value.native.positive.values()]
        counts += within
        if not math.isnan(value.sum) and sum(within) != value.count:
            cursor.fail("a count like the sum of the native buckets")
    if not is_gauge and any(not count >= 0 for count in counts):
        cursor.fail("counts that are not negative")


def quantile(cursor):
    at = realnumber(cursor)
    cursor.text(":")
    return at, number(cursor)


def summary_value(cursor):
    count, total = count_and_sum(cursor, "")
    cursor.text(",quantile:")
    value = Summary(count, total, listed(cursor, quantile))
    at = [q for q, _ in value.quantiles]
    if at != sorted(set(at)) or any(not 0 <= q <= 1 for q in at):
        cursor.fail("quantiles from 0 to 1, in order, each once")
    if not (count >= 0 and count == int(count) and total == total):
        cursor.fail("a whole count and a sum")
    return value


def composite_value(cursor, kind):
    cursor.text("{")
    if kind == "summary" or (kind == "unknown" and ",quantile:" in cursor.line[cursor.at:]):
        value = summary_value(cursor)
    else:
        value = histogram_value(cursor, "g" if cursor.sees("g") else "")
        if kind != "unknown" and ("{g" in cursor.line) != (kind == "gaugehistogram"):
            cursor.fail("fields of a " + kind)
    cursor.text("}")
    return value


# --- samples --------------------------------------------------------------------------------

def exemplar(cursor):
    cursor.text(" # ")
    labels = labels_in_braces(cursor)
    cursor.text(" ")
    value = number(cursor)
    cursor.text(" ")
    return Exemplar(labels, value, realnumber(cursor))


def after_name(cursor, kind, labels):
    """The rest of a sample's line."""
    cursor.text(" ")
    if kind != "unknown" and cursor.sees("{") != (kind in COMPOSITE):
        cursor.fail("the value of a " + kind)
    sample = Sample(labels, composite_value(cursor, kind) if cursor.sees("{") else number(cursor))
    if re.match(r" [^s#]", cursor.line[cursor.at:]):
        cursor.text(" ")
        sample.timestamp = realnumber(cursor)
    if cursor.sees(" st@"):
        cursor.text(" st@")
        sample.start = realnumber(cursor)
    while cursor.sees(" #"):
        sample.exemplars.append(exemplar(cursor))
    cursor.end()
    return sample


def check_sample(cursor, family, sample):
    kind, labels, value = family.type, sample.labels, sample.value
    own = {"histogram": "le", "gaugehistogram": "le", "summary": "quantile"}.get(kind)
    if own in labels and not (kind != "summary" and value.buckets is None):
        cursor.fail("no label " + own)
    if kind == "counter" and not value >= 0:
        cursor.fail("a counter from 0 on")
    if kind == "info" and value != 1 or kind == "stateset" and value not in (0, 1):
        cursor.fail("the value of a " + kind)
    if kind == "stateset" and family.name not in labels:
        cursor.fail("a label that names the state")
    if sample.start is not None and kind not in ("counter", "histogram", "summary", "unknown"):
        cursor.fail("no start of a " + kind)
    if sample.exemplars and kind not in ("counter", "histogram", "gaugehistogram", "unknown"):
        cursor.fail("no exemplar of a " + kind)


# --- families -------------------------------------------------------------------------------

class Page:
    def __init__(self):
        self.families = {}
        self.latest = None
        self.labels = set()  # of the samples of the latest family

    def family(self, cursor, name):
        """The family that this line belongs to."""
        if self.latest is None or self.latest.name != name:
            if name in self.families:
                cursor.fail("a family that has not been there before")
            self.latest = self.families[name] = Family(name)
            self.labels = set()
        return self.latest


def metric_descriptor(page, cursor):
    cursor.text("# ")
    what = cursor.take("TYPE|HELP|UNIT", "TYPE, HELP or UNIT")
    cursor.text(" ")
    family = page.family(cursor, name_of_metric(cursor))
    order = [DESCRIPTORS.index(said) for said in [*family.described, what]]
    if family.samples or order != sorted(set(order)):
        cursor.fail("TYPE, UNIT, HELP, each once, before the samples")
    family.described.append(what)
    cursor.text(" ")
    rest = cursor.line[cursor.at:]
    if what == "TYPE":
        family.type = rest if rest in TYPES else cursor.fail("a type")
        if family.type == "info" and not family.name.endswith("_info"):
            cursor.fail("a name ending in _info")
    elif what == "UNIT":
        family.unit = rest if re.fullmatch(r"[A-Za-z0-9_:]*", rest) else cursor.fail("a unit")
        if family.unit and family.type in ("info", "stateset"):
            cursor.fail("no unit")
    else:
        family.help = unescape(cursor.take(r'(?:[^\n"\\]|\\[^\n])*', "a text with escapes"))
        cursor.end()


def sample(page, cursor):
    name, labels = metricname_and_labels(cursor)
    family = page.family(cursor, name)
    key = frozenset(labels.items())
    if key in page.labels:
        cursor.fail("labels that are new")
    page.labels.add(key)
    family.samples.append(after_name(cursor, family.type, labels))
    check_sample(cursor, family, family.samples[-1])


def read(body):
    """The families of a page of bytes, by name, or a Mistake. Timestamps are not expected."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Mistake(str(error)) from None
    if "\r" in text or text.startswith("\ufeff"):
        raise Mistake("a carriage return or a byte order mark")
    if not text.endswith("# EOF\n") or not ("\n" + text).endswith("\n# EOF\n"):
        raise Mistake("no # EOF in a line of its own at the end")
    page = Page()
    for line in text.removesuffix("# EOF\n").split("\n")[:-1]:
        cursor = Cursor(line)
        metric_descriptor(page, cursor) if line.startswith("#") else sample(page, cursor)
    return page.families
