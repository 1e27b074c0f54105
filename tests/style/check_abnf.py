#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check that proto/statsd.abnf and proto/vectors agree on which lines are accepted.

They and proto/README.md must also cover all sample types of the program.

No rule refers to itself, so each becomes a regular expression over bytes. A line of the vectors
must match its rule if the line is not refused for its syntax, and must not match if it is.
"""

import itertools
import json
import pathlib
import re
import string
import sys

SYNTACTIC = ("malformed_line", "illegal_event", "mixed_tagging_styles", "malformed_value")
LIMITS = ("line_limit", "name_limit", "label_limit")
CORE = {"CR": rb"\r", "DIGIT": rb"[0-9]", "LF": rb"\n", "OCTET": rb"[\x00-\xff]", "WSP": rb"[ \t]"}
TOKEN = re.compile(r"""\s*(?:
    (?P<text>"[^"]*") | %x(?P<bytes>[0-9A-F]{2}(?:\.[0-9A-F]{2})*)(?:-(?P<to>[0-9A-F]{2}))?
    | (?P<repeat>\d*\*\d*|\d+) | (?P<name>[A-Za-z][A-Za-z0-9-]*) | (?P<mark>[][()/]) )""", re.X)
NUMBER = re.compile(rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
DIGITS_MAX = 256
CHAIN_NAME_MAX = 1024
EXPIRY = re.compile(rb"\|x([|:]|$)")
# A row of SAMPLE_TYPES: its letters and its name.
TYPE_ROW = re.compile(r'^    (?:FIRST|X|LAST)\(\w+, "(\w+)", (\w+),', re.M)


def read_rules(text):
    """The tokens of each rule, by the rule's name."""
    rules = {}
    text = re.sub(r'("[^"\n]*")|;[^\n]*', lambda match: match[1] or "", text)
    for name, right in re.findall(r"^([A-Za-z][\w-]*)\s*=((?:.*\n(?![A-Za-z]))*.*)", text, re.M):
        assert name not in rules, f"two rules {name}"
        end, tokens = 0, []
        while right[end:].strip():
            match = TOKEN.match(right, end)
            assert match, f"{name}: what is {right[end:].strip()[:30]!r}?"
            tokens.append(match)
            end = match.end()
        rules[name] = tokens
    return rules


class Translator:
    def __init__(self, rules):
        self.rules = rules
        self.done = dict(CORE)

    def rule(self, name):
        if name not in self.done:
            tokens = list(self.rules[name])
            self.done[name] = self.alternatives(tokens)
            assert not tokens, f"{name}: too many closing brackets"
        return self.done[name]

    def alternatives(self, tokens):
        """Translates up to the closing bracket, which is removed."""
        found, repeat = b"", None
        while tokens:
            token = tokens.pop(0)
            if token["mark"] and token["mark"] in ")]":
                break
            if token["repeat"]:
                repeat = token["repeat"]
                continue
            found += b"|" if token["mark"] == "/" else self.element(token, tokens) + times(repeat)
            repeat = None
        return b"(?:" + found + b")"

    def element(self, token, tokens):
        if token["mark"] == "(":
            return self.alternatives(tokens)
        if token["mark"] == "[":
            return b"(?:" + self.alternatives(tokens) + b")?"
        if token["name"]:
            return self.rule(token["name"])
        if token["text"]:
            return b"(?i:" + re.escape(token["text"][1:-1].encode()) + b")"
        of_bytes = b"".join(rb"\x%s" % byte.encode() for byte in token["bytes"].split("."))
        return b"[" + of_bytes + rb"-\x%s]" % token["to"].encode() if token["to"] \
            else b"(?:" + of_bytes + b")"


def times(repeat):
    if repeat is None:
        return b""
    least, star, most = repeat.partition("*")
    return ("{%s,%s}" % (least or 0, most) if star else "{%s}" % least).encode()


def lines_of(case):
    raw = case["text"].encode() if "text" in case else bytes.fromhex(case["hex"])
    lines = [line.removesuffix(b"\r").strip(b" \t") for line in raw.split(b"\n")]
    return [line for line in lines if line]


def is_beyond_syntax(case, lines):
    """Whether something besides syntax decides: settings, limits, lengths, or a number's range."""
    refused = case.get("refused", {})
    return (any(name.startswith("statsd.") for name in case.get("options", {}))
            or any(reason in refused for reason in LIMITS)
            or "malformed_line" in refused and any(EXPIRY.search(line) for line in lines)
            or any(line.find(b":") > CHAIN_NAME_MAX for line in lines)
            or "malformed_line" in refused and any(line.startswith(b"_e{") for line in lines)
            or "malformed_value" in refused and any(
                len(number) > DIGITS_MAX or float(number) in (float("inf"), float("-inf"))
                for line in lines for number in NUMBER.findall(line)))


def is_in_order(case, lines, pattern):
    """Whether pattern and case agree. A refusal may be of a line or of one of its values."""
    n_bad = sum(n for reason, n in case.get("refused", {}).items() if reason in SYNTACTIC)
    n_ends = len(case.get("samples", [])) + sum(case.get("refused", {}).values()) \
        + sum(case.get("skipped", {}).values())
    n_unmatched = sum(not is_match(pattern, line) for line in lines)
    if n_ends == len(lines):
        return n_unmatched == n_bad
    return min(n_bad, 1) <= n_unmatched <= n_bad


def find_mark(name):
    """Where tags begin that follow @name, as a comment of the grammar has it; or the end."""
    comma = re.search(rb"[,#]|$", name).start()
    semicolon, *tags = re.split(rb";", name)
    return min(comma, len(semicolon)) if all(b"=" in tag for tag in tags) else comma


def find_group(head):
    """Where a bracket group of @head begins and ends, likewise."""
    end = find_mark(head.split(b":")[0])
    begin = head.find(b"[", 0, end)
    while begin >= 0 and (close := head.find(b"]", begin)) >= 0:
        content = head[begin + 1:close]
        if b"=" in content or not content.strip(b","):
            return begin, close
        begin = head.find(b"[", close, end)
    return 0, 0


def is_group_without_name(line):
    """Whether all colons are in a bracket group, which only a comment of the grammar rules out."""
    head = line.split(b"|")[0]
    begin, close = find_group(head)
    return b":" in head[begin:close] and b":" not in head[close:]


def decide_semicolons(line):
    """The line with a mark or a character that cannot be one in the place of each semicolon."""
    begin, close = find_group(line.split(b"|")[0])
    colon = line.find(b":", close)
    name, rest = line[:colon], line[colon:]
    head, tail = (name[:begin], name[close + 1:]) if close else (b"", name)
    mark = len(name) - len(tail) + find_mark(tail)
    is_mark = name[mark:mark + 1] == b";" and b";" not in head
    name = name.replace(b";", b".")
    return (name[:mark] + b";" + name[mark + 1:] if is_mark else name) + rest


def is_match(pattern, line):
    if is_group_without_name(line):
        return False
    rule = "event" if line.startswith(b"_e{") else "check" if line.startswith(b"_sc|") else "sample"
    if rule == "sample":
        line = decide_semicolons(line)
    return pattern[rule].fullmatch(line) is not None


def read_types(root):
    """The letters of each type of sample that the program knows, and its name."""
    return dict(TYPE_ROW.findall((root / "src/base/sample_type.h").read_text()))


def letters_in_grammar(pattern):
    """The types of at most two letters that the grammar accepts."""
    words = ["".join(letters) for n in (1, 2)
             for letters in itertools.product(string.ascii_lowercase, repeat=n)]
    return {word for word in words if is_match(pattern, b"a:1|" + word.encode())}


def letters_in_readme(root):
    section = (root / "proto/README.md").read_text().split("## 3. Types")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return set(re.findall(r"`(\w+)`", " ".join(rows)))


def type_complaints(root, pattern, cases):
    types = read_types(root)
    names = {sample["type"] for case in cases for sample in case.get("samples", [])}
    for what, wanted, found in (
            ("proto/statsd.abnf", set(types), letters_in_grammar(pattern)),
            ("proto/README.md, 3", set(types), letters_in_readme(root)),
            ("proto/vectors", set(types.values()), names)):
        if wanted != found:
            yield f"{what}: not the types of the program: {', '.join(sorted(wanted ^ found))}"


def read_patterns(root):
    """What matches lines of each form, from the grammar. All of its rules are valid."""
    translator = Translator(read_rules((root / "proto" / "statsd.abnf").read_text()))
    for name in translator.rules:
        re.compile(translator.rule(name))
    return {name: re.compile(translator.rule(name)) for name in ("event", "check", "sample")}


def main(root):
    pattern = read_patterns(root)
    cases = [(path, case) for path in sorted((root / "proto" / "vectors").glob("*.json"))
             for case in json.loads(path.read_text("utf-8"))["cases"]]
    complaints = list(type_complaints(root, pattern, [case for _, case in cases]))
    n_passed = 0
    for path, case in cases:
        lines = lines_of(case)
        if is_beyond_syntax(case, lines):
            continue
        if is_in_order(case, lines, pattern):
            n_passed += 1
        else:
            complaints.append(f"{path.name}: {case['name']}: proto/statsd.abnf disagrees")
    print(*complaints, sep="\n", end="\n" if complaints else "")
    print(f"{n_passed} passed, {len(complaints)} failed")
    return 1 if complaints or not n_passed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
