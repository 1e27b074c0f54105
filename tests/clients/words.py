# SPDX-License-Identifier: Apache-2.0
"""Words: how a client changes its arguments (clients/shell/README.md), and the way back."""

import math
import re

import vectors
from meaning import is_sayable, is_within_limits, member_of, milliseconds

LINE_MAX = 1431
DATAGRAM_MAX = 1432
LETTERS = {"count": b"c", "gauge": b"g", "timing": b"ms", "observe": b"h", "set": b"s",
           "expire": b"x"}
TYPES = {letters: word for word, letters in LETTERS.items()}

CONTROLS = rb"\x01-\x1f\x7f"
NOT_IN_NAMES = re.compile(rb"[^A-Za-z0-9_.\x80-\xff-]")
NOT_IN_TAG_VALUES = re.compile(rb"[,|" + CONTROLS + rb"]")
NOT_IN_MEMBERS = re.compile(rb"[|" + CONTROLS + rb"]")
NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
BELOW_ZERO = re.compile(rb"-[0.]*[1-9]")
LINE = re.compile(rb"([^:|#,\[\]]+):([^|]*)\|(c|g|ms|h|s|x)(?:\|#([^|]*))?")


def as_bytes(word):
    return word.encode() if isinstance(word, str) else word


def line_of(kind, name, *rest):
    """The line that these words make, or None."""
    name, rest = as_bytes(name), [as_bytes(word) for word in rest]
    value = b"1"
    if kind != "expire" and not (kind == "count" and (not rest or b"=" in rest[0])):
        value = rest.pop(0) if rest else b""
    change = value if kind == "gauge" and value in (b"+", b"-") else b""
    if kind == "expire" and rest[:1] == [b"older"]:
        change = b"-"
        rest.pop(0)
    if change:
        value = rest.pop(0) if rest else b""
    is_good = value != b"" if kind == "set" else NUMBER.fullmatch(value) and len(value) <= 256
    if change:
        is_good = is_good and not value.startswith((b"+", b"-"))
        value = change + value
    elif kind == "gauge":
        is_good = is_good and not value.startswith(b"+")
        value = gauge_value(value)
    if kind == "count" and BELOW_ZERO.match(value) or not all(is_tag(kind, tag) for tag in rest):
        return None
    line = NOT_IN_NAMES.sub(b"_", name) + b":" + NOT_IN_MEMBERS.sub(b"_", value) \
        + b"|" + LETTERS[kind]
    if rest:
        line += b"|#" + b",".join(tag_of(tag) for tag in rest)
    return line if name and is_good and len(line) <= LINE_MAX else None


def gauge_value(value):
    """A value below zero is set after a zero."""
    return b"0:" + value if BELOW_ZERO.match(value) else value.removeprefix(b"-")


def is_tag(kind, word):
    key, equals, value = word.partition(b"=")
    return key and equals and (value or kind != "expire")


def tag_of(tag):
    key, _, value = tag.partition(b"=")
    return NOT_IN_NAMES.sub(b"_", key) + b":" + NOT_IN_TAG_VALUES.sub(b"_", value)


def words_of(line):
    """The words that make this line, or one that means the same; or None."""
    match = LINE.fullmatch(line)
    if not match or b"\0" in line:
        return None
    name, value, letters, tags = match.groups()
    if letters not in (b"s", b"x") and not is_finite(value):
        return None
    values = [] if letters == b"x" else [value]
    if letters == b"x" and value[:1] == b"-":
        values = [b"older", value[1:]]
    if letters == b"g" and value[:1] in (b"+", b"-"):
        values = [value[:1], value[1:]]
    words = [TYPES[letters], name, *values,
             *[tag.replace(b":", b"=", 1) for tag in (tags.split(b",") if tags else [])]]
    made = line_of(*words)
    if is_plain(name):
        line = NOT_IN_NAMES.sub(b"_", name) + line[len(name):]
    if tags:
        line = line.removesuffix(tags) + b",".join(map(with_plain_key, tags.split(b",")))
    is_same = made == line or letters == b"x" and is_finite(value) and made \
        and made.split(b"|", 1)[1] == line.split(b"|", 1)[1]
    return words if is_same else None


def is_plain(name):
    """Whether for the daemon, too, each character of it that Prometheus does not allow is a "_"."""
    return not (b";" in name and b"=" in name) and not name.startswith(b"_e{")


def with_plain_key(tag):
    """The same for the key of a tag, without the blanks and the hash that the daemon removes."""
    key, colon, value = tag.partition(b":")
    is_same = key == key.strip(b" \t#") and b"=" not in key
    return (NOT_IN_NAMES.sub(b"_", key) if is_same else key) + colon + value


def is_finite(value):
    return bool(NUMBER.fullmatch(value)) and math.isfinite(float(value))


def expressible_cases():
    """All vectors whose lines can be written as words, each with these words."""
    found = []
    for case in vectors.load():
        words = [words_of(line) for line in vectors.lines_of(case.raw)]
        if words and all(words):
            found.append((case, words))
    return found


MEANT = {"counter": "count", "gauge": "gauge", "timer": "timing", "histogram": "observe",
         "distribution": "observe", "set": "set", "expire": "expire"}


def words_of_sample(sample):
    """The words that mean this sample, or None: it has a rate or type no words can say."""
    values = sample["labels"].values()
    can_say = sample["type"] in MEANT and is_within_limits(sample) \
        and "rate" not in sample \
        and not re.search(rb"[|\0" + CONTROLS + rb"]", member_of(sample)) \
        and all(is_sayable(text, r"[|,\x00-\x1f\x7f]") for text in values)
    if not can_say:
        return None
    tags = [key.encode() + b"=" + text.encode() for key, text in sample["labels"].items()]
    words = [MEANT[sample["type"]], sample["family"].encode(), *values_of(sample), *tags]
    return words if line_of(*words) else None


def values_of(sample):
    """The words of its value."""
    value = sample.get("value")
    if sample["type"] == "set":
        return [member_of(sample)]
    if sample["type"] == "expire":
        return [b"older", repr(sample["age"]).encode()] if "age" in sample else []
    if sample.get("relative"):
        return [b"-" if value < 0 else b"+", repr(abs(value)).encode()]
    return [(milliseconds(value) if sample["type"] == "timer" else repr(value)).encode()]


def meant_cases():
    """All vectors whose samples can be said in words, each with these words."""
    found = [(case, [words_of_sample(sample) for sample in case.samples])
             for case in vectors.load() if case.samples]
    return [(case, words) for case, words in found if all(words)]


def other_cases():
    """All other vectors that are lines of text and fit into a datagram, each with these lines."""
    spoken = {case.raw for case, _ in expressible_cases()}
    cases = [(case, [line for line in case.raw.split(b"\n") if line])
             for case in vectors.load() if case.raw not in spoken and b"\0" not in case.raw]
    return [(case, lines) for case, lines in cases if datagrams_of(lines) == [b"\n".join(lines)]]


def datagrams_of(lines):
    """The fewest datagrams that hold these lines in their order, each with a line feed after it."""
    packs = [[]]
    for line in lines:
        if not line or len(line) > LINE_MAX:
            continue
        if sum(len(other) + 1 for other in packs[-1]) + len(line) + 1 > DATAGRAM_MAX:
            packs.append([])
        packs[-1].append(line)
    return [b"\n".join(pack) for pack in packs if pack]


# Words that must not break out of their place; each of them holds one sample.
NASTY = [bytes([byte]) for byte in range(1, 128)] + [word.encode() for word in (
    "b:1|c\nforged:1|c", "|c\n", "\nforged:1|c\n", "x|@0.1", "x|#forged:1", "x,forged=1",
    "x,forged:1", "x#forged=1", "[forged=1]", "_e{1,1}:a|b", "_sc|a|0", "a\r\n", "\t", " ", "  x  ",
    "`id`", "$(id)", "${IFS}", "%s%n%d", "\\n", "\\", "-n", "--", "-e", "*", "?", "~", "!!", "é€😀",
    "a]b[c", "^", "!", "]", "[!a]", "[[:alpha:]]", "x\x7f\x01\x1b[31m", "'", '"', "'\"'\"")] + [
    b"\xff\xfe", b"\xc3", b"\xc3|", b"\xe2\x82\n", b"\x81\x82\x83\x84\x85\x86\x87\x88"]


# Lines that just fit into a datagram, alone or together, and lines that just do not.
TIGHT_LINES = [b"a" * 1431, b"b" * 715, b"c" * 715, b"d" * 1431, b"e" * 716, b"f" * 715,
               b"g" * 1432, b"h" * 714, b"i" * 1431, b"j"]


def nasty_samples():
    """Each word in each place."""
    yield "expire", b"a", b""
    yield "expire", b"a", b"k=v", b"", b"="
    yield "expire", b"a", b"k=v", b"l="
    yield "expire", b"a", b"older"
    yield "expire", b"a", b"older=1"
    yield "expire", b"a", b"k=v", b"older", b"1"
    for number in (b"1.5", b"0", b"-1", b"+1", b"1e5", b"", b"-", b"k=v", b"1s"):
        yield "expire", b"a", b"older", number, b"k=v"
    yield "gauge", b"a", b"1", b"k=v", b"l="
    yield "count", b"a", b"k=v", b"512"
    yield "count", b"a", b"1", b"k", b"=", b"v"
    yield "count", b"a", b"1", b"=v"
    for number in (b"-1", b"-0", b"-0.0e5", b"-.5", b"-0.05e-3", b"+1", b"0:-5"):
        yield "count", b"a", number
        yield "gauge", b"a", number
        yield "gauge", b"a", b"+", number
        yield "gauge", b"a", b"-", number.lstrip(b"+-"), b"k=v"
    yield "gauge", b"a", b"-", b"k=v"
    for word in NASTY:
        yield "count", b"n" + word + b"n", b"1"
        yield "count", word, b"1"
        yield "gauge", b"a", b"1", word + b"=v", b"l=w"
        yield "gauge", b"a", b"1", b"k=" + word, b"l=w"
        yield "gauge", b"a", b"1", b"k=v" + word + b"v"
        yield "expire", b"a", word
        yield "set", b"a", word
        yield "observe", b"a", word
        yield "timing", b"a", b"1" + word
        yield "count", b"a", word + b"2"
