#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check what a formatter does not: sizes, banned calls, left-over markers, licence lines.

clang-format wraps code, but not comments or documents.
"""

import pathlib
import re
import sys

from report import report

FILE_LINES_MAX = 500
TEST_FILE_LINES_MAX = 900
# The C client is one file so that a project can copy it. Replacing the series of a gauge is a
# second noun in it, but one that works inside packets and slots: a file of its own would need a
# header for them, and a project would have to copy four files instead of two.
LONG_FILES = {"clients/c/udometer.c": 2240}
FUNCTION_LINES_MAX = 40
# In a unit test, main() is a list of its cases, and grows with them.
LIST_OF_CASES = "int main(void)"
PARAMETERS_MAX = 5
WIDTH_MAX = 100

# Unbounded, locale-dependent, not reentrant, or an exit from deep inside.
BANNED = re.compile(
    r"\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|localtime|gmtime|asctime|ctime"
    r"|alloca|setlocale|pthread_cancel|abort|system|popen|rand|srand)\s*\("
)
# These may receive descriptors over a Unix socket: each caller has no room for them there.
MAY_RECEIVE = ["src/input/receive.c", "src/tools/bench/load.c", "src/tools/bench/sink.c"]
RECEIVE = re.compile(r"\b(recvmsg|recvmmsg)\s*\(")
# The file in which a broken invariant ends the process.
MAY_ABORT = "src/base/must.c"
# These wait for a disk, a name server, or whatever reads the output, and nothing that receives,
# scrapes, expires or ends the process may do that (docs/decisions/0020): log instead.
WAITING = re.compile(r"(?<![\w>.])(f?printf|f?puts|f?putc|putchar|fwrite|fflush|perror|writev?"
                     r"|fopen|opendir|getaddrinfo|sleep|usleep|nanosleep)\s*\(")
# Commands and the start may wait; the log has a thread for it; /proc is in memory.
MAY_WAIT = ("src/main.c", "src/tools/", "src/config/", "src/base/address.c", "src/base/target.c",
            "src/base/log.c", "src/base/spool.c", "src/base/must.c", "src/base/process.c")
EXIT = re.compile(r"\b(exit|_exit)\s*\(")
MARKER = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")  # in pieces, so as not to match itself
# In Markdown: a row of a table; a lone link or URL, perhaps in a list or with a full stop after it.
UNWRAPPABLE = re.compile(r"\s*(\|.*|([-*>] |\d+\. )?(<?https?://\S+|\[[^]]*\]:? ?\S+))")
CALLBACK = re.compile(r"\bon_\w+\(")


def strip_comments(text):
    """The text with comments and strings blanked; line numbers stay."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(\\.|[^"\\\n])*"', blank, text, flags=re.S)


def count_parameters(signature):
    """The number of parameters; 0 for a callback, whose signature a library defines."""
    if CALLBACK.search(signature):
        return 0
    outer = signature[signature.index("(") + 1:]
    while re.search(r"\([^()]*\)", outer):
        outer = re.sub(r"\([^()]*\)", "", outer)
    return outer.count(",") + 1


def functions(code):
    """Each function's first line number, signature and length in lines."""
    lines = code.splitlines()
    for start, line in enumerate(lines):
        if line != "{":
            continue
        end = start + lines[start:].index("}")
        head = start - 1
        while head > 0 and lines[head - 1].strip() and not lines[head - 1].startswith(("}", "#")):
            head -= 1
        signature = " ".join(lines[head:start])
        yield head + 1, signature, end - start - 1


def complaints_about(path, text):
    code = strip_comments(text)
    first = text.splitlines()[1 if text.startswith("#!") else 0]
    if "SPDX-License-Identifier: Apache-2.0" not in first:
        yield 1, "the first line must be the SPDX line"
    is_program = path.parts[0] == "src"
    is_test = path.parts[0] == "tests"
    is_short = is_program or path.parts[0] == "docs"
    is_unit = path.parts[:2] == ("tests", "unit")
    lines_max = LONG_FILES.get(str(path), FILE_LINES_MAX if is_short else TEST_FILE_LINES_MAX)
    if code.count("\n") > lines_max:
        yield 1, f"more than {lines_max} lines: is there a second noun inside?"
    for number, line in enumerate(code.splitlines(), 1):
        if is_program and BANNED.search(line) and str(path) != MAY_ABORT:
            yield number, f"{BANNED.search(line)[1]}() is banned"
        if RECEIVE.search(line) and not is_test and str(path) not in MAY_RECEIVE:
            yield number, f"{RECEIVE.search(line)[1]}() may bring descriptors; see MAY_RECEIVE"
        if is_program and WAITING.search(line) and not str(path).startswith(MAY_WAIT):
            yield number, f"{WAITING.search(line)[1]}() may wait; see MAY_WAIT"
        if is_program and EXIT.search(line):
            yield number, "only main() ends the process, by returning"
    for number, line in enumerate(text.splitlines(), 1):
        if MARKER.search(line):
            yield number, "left-over marker: make it an issue"
    for number, signature, length in functions(code):
        if length > FUNCTION_LINES_MAX and not (is_unit and signature == LIST_OF_CASES):
            yield number, f"a function of {length} lines; at most {FUNCTION_LINES_MAX}"
        n_parameters = count_parameters(signature)
        if is_program and n_parameters > PARAMETERS_MAX:
            yield number, f"{n_parameters} parameters; at most {PARAMETERS_MAX}, then a struct"


def prose_lines(text):
    """The lines of Markdown that can be wrapped, numbered: no code, no table, no lone link."""
    is_fenced = is_indented = False
    is_after_blank = True
    for number, line in enumerate(text.splitlines(), 1):
        is_fence = line.lstrip().startswith("```")
        is_fenced ^= is_fence
        is_indented = line.startswith("    ") and (is_after_blank or is_indented)
        is_after_blank = not line.strip()
        if not (is_fence or is_fenced or is_indented or UNWRAPPABLE.fullmatch(line)):
            yield number, line


def complaints_about_width(path, text):
    is_markdown = path.suffix == ".md"
    for number, line in prose_lines(text) if is_markdown else enumerate(text.splitlines(), 1):
        if len(line) > WIDTH_MAX:
            yield number, f"{len(line)} columns; at most {WIDTH_MAX}"


# Each check, and the files that it reads.
CHECKS = {
    complaints_about: ["src/**/*.[ch]", "include/*.h", "clients/**/*.[ch]", "clients/**/*.sh",
                       "tests/**/*.[ch]", "docs/examples/**/*.[ch]", "docs/examples/**/*.sh"],
    complaints_about_width: [
        "src/**/*.[ch]", "include/*.h", "clients/**/*.[ch]", "tests/**/*.[ch]",
        "docs/examples/**/*.[ch]", "docs/examples/**/*.sh", "docs/examples/**/*.js",
        "docs/examples/**/*.py", "docs/examples/**/*.go", "docs/examples/meson.build",
        "*.md", "docs/**/*.md", "proto/*.md", "clients/**/*.md",
        "meson.build", "src/meson.build", "clients/**/meson.build", "tests/**/meson.build",
        "tests/**/*.py", "Makefile", ".ci/run",
    ],
}


def complaints(root):
    for check, patterns in CHECKS.items():
        for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
            relative = path.relative_to(root)
            for number, what in check(relative, path.read_text("utf-8")):
                yield f"{relative}:{number}: {what}"


if __name__ == "__main__":
    sys.exit(report(complaints(pathlib.Path(sys.argv[1]))))
