# SPDX-License-Identifier: Apache-2.0
"""Exposition: a page of metrics, parsed strictly and checked.

The page is parsed twice: by prometheus_client, and by a small parser here that accepts only
what the text format 0.0.4 allows. Both must find the same samples.
"""

import re
from collections import Counter, defaultdict

from prometheus_client.parser import text_string_to_metric_families

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"'
VALUE = r"[+-]?(?:Inf|\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
SAMPLE_LINE = re.compile(
    r"(%s)(?:\{((?:%s(?:,|(?=\})))*)\})? (%s|NaN)" % (NAME, LABEL.replace("(", "(?:", 1), VALUE))
COMMENT_LINE = re.compile(r"# (HELP|TYPE) (%s) (.*)" % NAME, re.DOTALL)
LABELS = re.compile(LABEL)
ESCAPE = re.compile(r"\\(.)")
SUFFIXES = {
    "counter": [""],
    "gauge": [""],
    "histogram": ["_bucket", "_sum", "_count"],
    "summary": ["", "_sum", "_count"],
}


class Family:
    def __init__(self, name):
        self.name = name
        self.help = None
        self.type = None
        self.samples = {}  # (sample name, frozenset of label pairs) -> value


class Page:
    """The page that one GET returned. It has at least one series."""

    def __init__(self, body):
        self.body = body
        self.text = body.decode("utf-8")
        self.families = read_families(self.text)
        self.samples = all_samples(self.families)
        for family in self.families.values():
            check_family(family)
        check_with_prometheus_client(self)

    def value(self, name, **labels):
        """The value of the one sample with exactly these labels."""
        return self.samples[(name, frozenset(labels.items()))]

    def get(self, name, **labels):
        return self.samples.get((name, frozenset(labels.items())))

    def named(self, name):
        """All samples of this name, as pairs of labels and value."""
        return [(dict(labels), v) for (n, labels), v in self.samples.items() if n == name]

    def sum(self, name):
        """The sum of all samples of this name, whatever their labels."""
        values = [value for _, value in self.named(name)]
        assert values, "no sample is named " + name
        return sum(values)

    def buckets(self, name, **labels):
        """The cumulative counts of a histogram, by their le as a number."""
        found = {}
        for got, value in self.named(name + "_bucket"):
            le = float(got.pop("le"))
            if got == labels:
                found[le] = value
        return found

    def n_datagrams(self):
        """The number of datagrams that were received or that the kernel dropped."""
        return self.value("udometer_datagrams_total") + self.sum("udometer_kernel_drops_total")

    def refused(self, reason):
        return self.value("udometer_refused_total", reason=reason)


class Scrape(Page):
    """A page with self-metrics, which add up."""

    def __init__(self, body):
        super().__init__(body)
        check_identity(self)


# A longer page takes prometheus_client most of a second.
LONG_BYTES = 200_000
OWN_LINE = re.compile(rb"^(?:# (?:HELP|TYPE) )?udometer_.*\n", re.MULTILINE)


def own_metrics(body):
    """What udometer says of itself on a page, which may have many series."""
    is_long = len(body) > LONG_BYTES
    return Scrape(b"".join(OWN_LINE.findall(body)) if is_long else body)


def unescape(text):
    return ESCAPE.sub(lambda m: "\n" if m.group(1) == "n" else m.group(1), text)


def read_families(text):
    assert text.endswith("\n"), "a scrape ends with a line feed"
    families = {}
    family = None
    for line in text[:-1].split("\n"):
        comment = COMMENT_LINE.fullmatch(line)
        if comment:
            family = read_comment(families, family, *comment.groups())
        else:
            read_sample(family, line)
    return families


def read_comment(families, family, kind, name, rest):
    if kind == "HELP":
        assert name not in families, "a second family " + name
        family = families[name] = Family(name)
        family.help = unescape(rest)
    else:
        assert family is not None and family.name == name, "# TYPE without # HELP: " + name
        assert family.type is None and not family.samples, "a late # TYPE: " + name
        assert rest in SUFFIXES, "an unknown type: " + rest
        family.type = rest
    return family


def read_sample(family, line):
    match = SAMPLE_LINE.fullmatch(line)
    assert match, "not a sample: %r" % line[:300]
    name, inside, number = match.group(1), match.group(2), match.groups()[-1]
    pairs = [(n, unescape(v)) for n, v in LABELS.findall(inside or "")]
    assert len(dict(pairs)) == len(pairs), "a label twice: %r" % line[:300]
    assert family is not None and family.type, "a sample before # TYPE: %r" % line[:300]
    assert name in [family.name + s for s in SUFFIXES[family.type]], \
        "%s stands in the family %s" % (name, family.name)
    # Of a quantile without observations.
    assert number != "NaN" or family.type == "summary" and name == family.name, line[:300]
    key = (name, frozenset(pairs))
    assert key not in family.samples, "a series twice: %r" % line[:300]
    family.samples[key] = float(number)


def all_samples(families):
    samples = {}
    for family in families.values():
        for key, value in family.samples.items():
            assert key not in samples, "two families make one series: %r" % (key,)
            samples[key] = value
    return samples


def check_family(family):
    assert family.type, "no # TYPE for " + family.name
    assert family.samples, "a family without samples: " + family.name
    if family.type == "counter":
        assert all(value >= 0 for value in family.samples.values()), family.name
    if family.type == "histogram":
        check_histograms(family)


def check_histograms(family):
    series = defaultdict(dict)
    for (name, labels), value in family.samples.items():
        suffix = name[len(family.name):]
        others = frozenset(pair for pair in labels if pair[0] != "le")
        if suffix == "_bucket":
            series[others].setdefault("buckets", []).append((float(dict(labels)["le"]), value))
        else:
            assert others == labels, "le beside a bucket: %r" % (labels,)
            series[others][suffix] = value
    for labels, parts in series.items():
        assert set(parts) == {"buckets", "_sum", "_count"}, (family.name, labels)
        bounds = [le for le, _ in parts["buckets"]]
        counts = [count for _, count in parts["buckets"]]
        assert bounds == sorted(bounds) and bounds[-1] == float("inf"), (family.name, bounds)
        assert counts == sorted(counts), (family.name, labels, counts)
        assert counts[-1] == parts["_count"], (family.name, labels)


def check_with_prometheus_client(scrape):
    """
    Names are not compared: prometheus_client appends _total to counters. For that it first
    takes it off, and then fails on a counter that is called just _total. Values are compared as
    texts, as one NaN does not equal another.
    """
    theirs = Counter()
    text = re.sub(r"(?m)^((?:# (?:HELP|TYPE) )?)_total(?=[ {])", r"\1only_total", scrape.text)
    for family in text_string_to_metric_families(text):
        theirs.update((frozenset(s.labels.items()), repr(s.value)) for s in family.samples)
    ours = Counter((labels, repr(value)) for (_, labels), value in scrape.samples.items())
    assert theirs == ours, list((theirs - ours).items())[:3] + list((ours - theirs).items())[:3]


def check_identity(scrape):
    """Every line and sample is applied, refused or skipped. This holds exactly, in every scrape."""
    lines = scrape.value("udometer_lines_total") + scrape.value("udometer_packed_samples_total")
    parts = [scrape.sum("udometer_%s_total" % part) for part in ("samples", "refused", "skipped")]
    assert lines == sum(parts), \
        "%d samples came, but %s were applied, refused, skipped" % (lines, parts)
