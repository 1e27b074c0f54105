#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check that comments, texts and documents do not have the words in WRONG (CONTRIBUTING.md).

In C, comments are read, and in src texts too, as users see them. In Python, Make, shell and Meson
it is comments and docstrings, in Markdown everything but code.
"""

import pathlib
import re
import sys

from report import report

# What to search for, and what to write instead. With the word in the group it is right.
WRONG = {
    r"behind": "after",
    r"in front of": "before",
    r"at hand": "cached, available",
    r"(?:let|lets|letting) go of": "remove, evict, release",
    r"forg[eo]t\w*": "remove, expire",
    r"reject(?:s|ed|ing|ion)?": "refuse",
    r"in vain": "without effect",
    r"ma(?:ke|kes|de|king) room": "evict, reserve, free",
    r"nobody": "nothing, no thread, no sender",
    r"so many(?!.{,60} that\b)": "the number of, this many",
    r"(there )?(?:is|are|was|were) none": "is not one",
    r"(there )?(?:is|are|was|were) no (?!longer\b|more\b|less\b)\w+": "is not a",
}
# The word for rows of aggregate/kind.c.
KIND = {r"kinds?(?!\.[ch])": "form, shape, type, protocol; a kind is a metric's"}

# The page that lists these words.
EXEMPT = "CONTRIBUTING.md"

FILES = ["src/**/*.[ch]", "include/*.h", "clients/**/*.[ch]", "tests/**/*.[ch]", "tests/**/*.py",
         "clients/**/*.sh", "*.md", "docs/**/*.md", "proto/*.md", "clients/**/*.md", "Makefile",
         ".ci/run", "meson.build", "src/meson.build", "tests/**/meson.build"]

C_PARTS = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
SCRIPT_PARTS = re.compile(r'"""(?!\().*?"""|#[^\n]*', re.DOTALL)
MARKDOWN_CODE = re.compile(r"^ *```.*?^ *```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def prose(path, text):
    """The parts of a file that people read: pairs of a position and a text."""
    if path.suffix == ".md":
        return [(0, MARKDOWN_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text))]
    is_c = path.suffix in (".c", ".h")
    has_texts = path.parts[0] == "src"
    parts = (C_PARTS if is_c else SCRIPT_PARTS).finditer(text)
    return [(part.start(), part[0]) for part in parts
            if has_texts or not (is_c and part[0].startswith('"'))]


def words_for(path, part):
    """The patterns for a part of a file. A text has "kind" where it names a label of a metric."""
    may_say_kind = path.parts[0] != "src" or path.parts[1] == "aggregate" or part[0] == '"'
    return WRONG if may_say_kind else {**WRONG, **KIND}


def complaints_about(path, text):
    for at, part in prose(path, text):
        # As if it were not wrapped; positions stay.
        unwrapped = re.sub(r"\n( *(?:\*|#|//)?) ?", lambda match: " " * len(match[0]), part)
        for pattern, better in words_for(path, part).items():
            pattern = pattern.replace(" ", r"\s+")
            for match in re.finditer(rf"\b{pattern}\b", unwrapped, re.IGNORECASE):
                if match.re.groups and match[1]:
                    continue
                line = text.count("\n", 0, at + match.start()) + 1
                yield line, f'"{" ".join(match[0].split())}": write {better}'


def complaints(root):
    for path in sorted({path for pattern in FILES for path in root.glob(pattern)}):
        relative = path.relative_to(root)
        if str(relative) in (EXEMPT, "tests/style/check_words.py"):
            continue
        for line, what in complaints_about(relative, path.read_text("utf-8")):
            yield f"{relative}:{line}: {what}"


if __name__ == "__main__":
    sys.exit(report(complaints(pathlib.Path(sys.argv[1]))))
