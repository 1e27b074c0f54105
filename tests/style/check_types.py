#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check that a type that is added to its list, and nowhere else, does not compile.

    check_types.py SOURCE_FOLDER BUILD_FOLDER

A row is added to a copy of base/sample_type.h. The files that must decide something for each type
are compiled against that copy with the flags of the build, and each must fail. If one compiles, a
switch has a default, or a comparison with one type has replaced a switch. The check also searches
for such comparisons, and for switches in files that LISTS does not name. A row that lacks a column
must not compile either: columns decide what is not in LISTS.

LISTS below also tells a developer who adds a type what the compiler asks for.
"""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

from report import report

HEADER = "base/sample_type.h"
IMPLEMENTATION = "base/sample_type.c"

# The place of an error, or where the list is used if the wrong token is in its row.
PLACE = re.compile(r"^(\S+?):\d+:\d+: (?:error|note: in expansion of macro)", re.MULTILINE)

# The macro with the rows.
ROWS = {"SAMPLE_TYPES": "SAMPLE_TYPE_ROWS", "METRIC_TYPES": "METRIC_TYPES"}

# The list, the row that is added, and the files in which the compiler must ask for more.
LISTS = {
    "SAMPLE_TYPES": ('X(ADDED, "a", added, COUNTER, COUNTER, NUMBER, 1, true, SENT_AS("add"), '
                     '"added")', {
        "base/effect.h": "what a sample does to its series",
        "base/treatment.c": "whether its value may be scaled",
        "mapping/rule.h": "what a mapping rule calls it",
        "tools/bench/layout.c": "which values a workload has",
        "tools/send/encode.c": "whether its value may be left out",
    }),
    "METRIC_TYPES": ("X(ADDED, added, NONE)", {
        "aggregate/kind.c": "its row in the table of kinds",
        "aggregate/shard.c": "how much of a cell is written",
        "output/exposition.c": "which function of a writer takes it",
        "web/own_name.c": "the names that formats make of its own",
        "output/openmetrics.c": "its word in a # TYPE line, and its suffixes",
        "output/openmetrics2.c": "its word in a # TYPE line, and whether a number has a start",
        "output/protobuf.c": "its number, and the field of its values",
        "output/text.c": "its word in a # TYPE line",
        "tools/bench/workload.c": "what its samples add up to",
        "web/exporter_metrics.c": "which events of statsd_exporter become it",
        "tools/bench/tally.c": "how a scrape shows that",
    }),
}

# A file that includes this header, and compiles what is in it.
INCLUDED_BY = {
    "base/effect.h": "aggregate/shard.c",
    "mapping/rule.h": "mapping/rules.c",
}

# A comparison with one type still compiles when another type is added. Comparisons with SAMPLE_END
# are about ending series, and a new type of sample does not change them.
COMPARISON = re.compile(r"[=!]= *((?:METRIC|SAMPLE)_(?!END\b|VALUE_)\w+)")

# A switch on a type, unless its cases are made from the list.
CASE = re.compile(r"\bcase (METRIC|SAMPLE)_(?!VALUE_|##)")


def flags_of(build, source):
    """The build's command for @source, without its output files."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path == source:
            words = shlex.split(entry["command"])
            if pathlib.Path(words[0]).name == "ccache":  # meson uses it where it is installed
                words = words[1:]
            keep = [i for i, word in enumerate(words)
                    if not {"-o", "-MF", "-MQ"} & {word, words[max(i - 1, 0)]}
                    and word not in ("-MD", "-c")]
            return [words[i] for i in keep]
    sys.exit(f"{source} is not among what is built\n0 passed, 1 failed")


def errors_in(root, build, name, headers):
    """The files of src and @headers with errors when the compiler searches @headers first."""
    command = flags_of(build, root / "src" / name)
    command = [command[0], f"-I{headers}", *command[1:], "-fsyntax-only",
               "-fdiagnostics-color=never"]
    done = subprocess.run(command, cwd=build, text=True, capture_output=True, check=False)
    places = PLACE.findall(done.stderr)
    if done.returncode and not places:
        sys.exit(f"{shlex.join(command)}\n{done.stderr}0 passed, 1 failed")
    paths = [(build / place).resolve() for place in places]
    folders = (root / "src", pathlib.Path(headers).resolve())
    return {str(path.relative_to(folder)) for path in paths
            for folder in folders if path.is_relative_to(folder)}


def add_row(text, name, row):
    """@text of the header with @row at the head of list @name."""
    changed = re.sub(rf"(#define {ROWS[name]}\([\w, ]+\) *\\\n)", rf"\1    {row} \\\n", text)
    if changed == text:
        sys.exit(f"{HEADER}: there is no {ROWS[name]}(…)\n0 passed, 1 failed")
    return changed


def comparisons(root):
    for path in sorted(root.glob("src/**/*.[ch]")):
        name = str(path.relative_to(root))
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = COMPARISON.search(line)
            if match:
                yield f"{name}:{number}: {match[1]} in a comparison; use a switch or a column"


def unlisted_switches(root):
    for path in sorted(root.glob("src/**/*.[ch]")):
        name = str(path.relative_to(root / "src"))
        for kind in sorted(set(CASE.findall(path.read_text()))):
            if name not in LISTS[f"{kind}_TYPES"][1]:
                yield f"src/{name}: a switch on {kind}_TYPES, but LISTS does not name the file"


def complaints(root, build, headers):
    yield from comparisons(root)
    yield from unlisted_switches(root)
    copy = pathlib.Path(headers, HEADER)
    copy.parent.mkdir()
    text = (root / "src" / HEADER).read_text()
    for name, (row, places) in LISTS.items():
        sources = sorted({INCLUDED_BY.get(place, place) for place in places})
        copy.write_text(text)
        for source in sources:
            if errors_in(root, build, source, headers):
                yield f"{source} does not compile as it is"
        copy.write_text(add_row(text, name, row))
        found = set().union(*(errors_in(root, build, source, headers) for source in sources))
        for place in places.keys() - found:
            yield f"{place} compiles with a new row in {name}, without {places[place]}"
        copy.write_text(add_row(text, name, row[:row.rindex(",")] + ")"))
        if HEADER not in errors_in(root, build, IMPLEMENTATION, headers):
            yield f"{HEADER} compiles with a row of {name} that lacks its last column"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        status = report(complaints(pathlib.Path(sys.argv[1]).resolve(),
                                   pathlib.Path(sys.argv[2]).resolve(), folder))
    sys.exit(status)
