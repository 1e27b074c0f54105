#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check that the files that docs/how-to-add.md names exist, with the names it looks for in them.

A recipe writes `path`, or `path`, `name`. A file that the reader makes is marked (new).
"""

import pathlib
import re
import sys

from report import report

RECIPES = "docs/how-to-add.md"
FILE = re.compile(r"`((?:src|tests|proto|docs)/[\w./-]+\.\w+)`(\s\(new\))?(?:,\s`(\w+)(?:\(\))?`)?")


def complaints(root):
    named = FILE.findall((root / RECIPES).read_text())
    if not named:
        yield f"{RECIPES}: names no file"
    for path, is_new, name in named:
        if is_new:
            continue
        if not (root / path).is_file():
            yield f"{RECIPES}: there is no {path}"
        elif name and not re.search(rf"\b{name}\b", (root / path).read_text()):
            yield f"{RECIPES}: {path} has no {name}"


if __name__ == "__main__":
    sys.exit(report(complaints(pathlib.Path(sys.argv[1]))))
