#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check that the documents describe flags and self-metrics as the program does, and their links.

    check_docs.py SOURCE_FOLDER UDOMETER [--update]

docs/configuration.md must have the text of --help; docs/telemetry.md must have a row for each
self-metric of a real scrape, with its type and help; docs/names.md must have a row for each key of
the schema that --print-schema prints, and docs/udometer.schema.json must be that schema. With
--update, the part between the "generated" marks of each is updated, and the schema.

The table of reasons in docs/telemetry.md must have each reason to refuse a line, with the text that
"udometer explain" gives.

Each environment variable of the clients' documents must be known to src/config/environment.c, which
would warn of it otherwise.

A relative link in any Markdown file must lead to a file or folder of the repository; its anchor,
to a heading.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse
import urllib.request

import schema_reference
from report import report

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import children  # noqa: E402

# Folders without documents of ours.
NOT_OURS = re.compile(r"build.*|\..*|node_modules")
FENCED = re.compile(r"^( *)```.*?^ *```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`]*`")
HEADING = re.compile(r"^#+ +(.*?)(?: +#+)?$", re.MULTILINE)
# [text](target "title"), and the definition of [text][name].
LINK = re.compile(r"\]\(<?([^)\s>]*)[^)]*\)|^\[[^\]]+\]: *<?([^\s>]+)", re.MULTILINE)
SCHEME = re.compile(r"[a-z]+:")

BEGIN, END = "<!-- generated: begin -->\n", "<!-- generated: end -->\n"


def help_text(binary):
    text = subprocess.run([binary, "--help"], check=True, capture_output=True, text=True).stdout
    return f"```\n{text}```\n"


def scrape(binary):
    """A scrape of a new daemon without any series."""
    daemon = subprocess.Popen(
        [binary, "--statsd.listen-udp=127.0.0.1:0", "--web.listen-address=127.0.0.1:0",
         "--workers=1"],
        stderr=subprocess.PIPE, text=True)
    try:
        for line in daemon.stderr:
            match = re.search(r"protocol=http address=(\S+)", line)
            if match:
                address = match[1]
            if 'msg="ready"' in line:
                break
        with urllib.request.urlopen(f"http://{address}/metrics") as reply:
            return reply.read().decode()
    finally:
        daemon.kill()
        daemon.communicate()


def metrics_table(binary):
    rows = {}
    for line in scrape(binary).splitlines():
        words = line.split(" ", 3)
        if words[:2] == ["#", "HELP"]:
            rows[words[2]] = [words[3], "", set()]
        elif words[:2] == ["#", "TYPE"]:
            rows[words[2]][1] = words[3]
        elif "{" in line:
            name = re.sub(r"_(bucket|sum|count)$", "", line.split("{")[0])
            labels = re.findall(r'(\w+)="', line)
            rows.get(name, rows.get(line.split("{")[0]))[2].update(labels)
    table = "| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n"
    for name, (meaning, kind, labels) in sorted(rows.items()):
        shown = ", ".join(f"`{label}`" for label in sorted(labels - {"le"}))
        table += f"| `{name}` | {kind} | {shown} | {meaning} |\n"
    return table


def generated_part(path):
    text = path.read_text()
    return text[text.index(BEGIN) + len(BEGIN):text.index(END)]


def schema_text(binary):
    return subprocess.run([binary, "--print-schema"], check=True, capture_output=True,
                          text=True).stdout


def stale_schema(root, binary, is_update):
    path = root / "docs/udometer.schema.json"
    text = schema_text(binary)
    if is_update:
        path.write_text(text)
    elif path.read_text() != text:
        yield f"{path}: differs from --print-schema; run: {' '.join(sys.argv)} --update"


def stale_parts(root, binary, is_update):
    wanted = {"configuration.md": help_text(binary), "telemetry.md": metrics_table(binary),
              "names.md": "\n" + schema_reference.reference(json.loads(schema_text(binary)))}
    for name, part in wanted.items():
        path = root / "docs" / name
        if is_update:
            text = path.read_text().replace(BEGIN + generated_part(path), BEGIN + part)
            path.write_text(text)
        elif generated_part(path) != part:
            yield f"{path}: differs from what the program says; run: {' '.join(sys.argv)} --update"


def refusals(root):
    """Each reason to refuse a line, and the text of tools/explain/refusal.c, as a pattern."""
    names = dict(re.findall(r"X\((\w+), (\w+)\)", (root / "src/base/verdict.h").read_text()))
    text = (root / "src/tools/explain/refusal.c").read_text()
    for verdict, meaning in re.findall(r"case REFUSED_(\w+):\s*return\s+([^;]+);", text):
        parts = re.findall(r'"([^"]*)"|(\w+)', meaning)
        yield names.pop(verdict), "".join(re.escape(said) if said else ".+" for said, _ in parts)
    yield from ((name, "") for name in names.values())


def wrong_reasons(root):
    path = root / "docs/telemetry.md"
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \| .* \|$", path.read_text(), re.MULTILINE))
    for name, meaning in refusals(root):
        shown = rows.get(name, "").replace("`", "").replace("\\|", "|")
        if not re.fullmatch(meaning, shown):
            yield f"{path}: the row of {name} must say what src/tools/explain/refusal.c says"


def unknown_variables(root):
    source = (root / "src/config/environment.c").read_text()
    known = {"UDOMETER_" + name.upper() for name in re.findall(r'\.name = "([^"]+)"', source)}
    for path in sorted(root.glob("clients/**/*.md")):
        for name in sorted(set(re.findall(r"\bUDOMETER_[A-Z_]+", path.read_text())) - known):
            yield f"{path}: {name} must be a row of of_clients in src/config/environment.c"


def without(pattern, text):
    """The text with what matches blanked; line numbers stay."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def anchors(text):
    """The anchors that GitHub makes of the headings."""
    found = set()
    for heading in HEADING.findall(without(FENCED, text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        repeated = (f"{name}-{n}" for n in range(1, 1000))
        found.add(name if name not in found else next(a for a in repeated if a not in found))
    return found


def problem_of(root, path, target):
    """What is wrong with a link in @path, or None."""
    place, _, anchor = urllib.parse.unquote(target).partition("#")
    to = (path.parent / place).resolve() if place else path
    if not to.exists() or not to.is_relative_to(root):
        return "does not exist"
    if anchor and (to.suffix != ".md" or anchor not in anchors(to.read_text("utf-8"))):
        return f"has no heading with the anchor #{anchor}"
    return None


def broken_links(root):
    for path in sorted(root.rglob("*.md")):
        name = path.relative_to(root)
        if any(NOT_OURS.fullmatch(part) for part in name.parts[:-1]):
            continue
        text = without(CODE, without(FENCED, path.read_text("utf-8")))
        for match in LINK.finditer(text):
            target = match[1] or match[2] or ""
            problem = None if SCHEME.match(target) else problem_of(root, path, target)
            if problem:
                yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {target} {problem}"


def complaints(root, binary, is_update):
    yield from stale_parts(root, binary, is_update)
    yield from stale_schema(root, binary, is_update)
    yield from wrong_reasons(root)
    yield from unknown_variables(root)
    yield from broken_links(root)


if __name__ == "__main__":
    children.prepare()
    os.environ.pop("ASAN_OPTIONS", None)
    sys.exit(report(complaints(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2],
                               "--update" in sys.argv)))
