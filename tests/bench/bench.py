#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure every row of the table, judge it, and print it: "make bench".

The exit status is 0 if every row passes, 1 if a row fails or could not be measured. Timings that
are judged are ratios within one run, or come with a figure of the machine alone; counts must be
exact. docs/performance.md says how each row is measured.

With --write, this run's results replace the generated part of that page.
"""

import argparse
import datetime
import sys
import textwrap
import time
from pathlib import Path

import machine
import rows_ingest
import rows_inside
import rows_scrape
from processes import Daemon, Lab, Unjudgeable
from row import Row

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests"))
import children  # noqa: E402

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- generated: begin -->\n", "<!-- generated: end -->\n"

HEADER = ["row", "workload", "must reach", "measured", "pass/fail"]

# Above this share of the processors, figures are not worth much.
BUSY_MAX = 0.05

# In the order of the page. The million series are made once for all rows that need them.
ROWS = {
    "ingest": rows_ingest.ingest,
    "slower": rows_ingest.slower,
    "freshness": rows_ingest.freshness,
    "flood": rows_ingest.flood,
    "single": rows_ingest.single,
    "core": rows_inside.core,
    "new": rows_inside.new,
    "rules": rows_inside.rules,
    "scrape": rows_scrape.scrape,
    "memory": rows_scrape.memory,
    "scaling": rows_inside.scaling,
    "idle": rows_scrape.idle,
}
NEED_MILLION = {"scrape", "memory"}


def show(row):
    """Print a row as soon as it is known."""
    print(" | ".join(row.cells()))
    for detail in row.details:
        print("        " + detail)
    sys.stdout.flush()


def measure(lab, names):
    """All rows of these names. A row that cannot be measured is one that fails."""
    found = []
    million = rows_scrape.Million(lab)
    try:
        for name in names:
            more = (million,) if name in NEED_MILLION else ()
            before = machine.Usage(million.pids())
            try:
                for row in ROWS[name](lab, *more):
                    found.append(row)
                    show(row)
            except (Unjudgeable, OSError) as problem:
                found.append(Row(name, "", "", "not measured: %s" % problem, False))
                show(found[-1])
            note_others(found[-1], before, million.pids())
    finally:
        million.close()
    return found


def note_others(row, before, own_pids):
    """Tell if other processes were busy while a row was measured."""
    share = machine.Usage(own_pids).share_of_others(before)
    if share > BUSY_MAX:
        row.details.append("NOT QUIET: others used %.0f %% of the processors" % (share * 100))
        print("        " + row.details[-1])


# --- the page -----------------------------------------------------------------------------


def cell(text):
    for ours, theirs in [("|", "\\|"), ("<=", "≤"), (">=", "≥"),
                         (" us,", " µs,"), (" us (", " µs (")]:
        text = text.replace(ours, theirs)
    return text


def table(rows):
    lines = [HEADER, ["---"] * len(HEADER), *[[cell(text) for text in row.cells()]
                                             for row in rows]]
    return "".join("| %s |\n" % " | ".join(line) for line in lines)


def generated(rows, description):
    text = table(rows) + "\nMore figures:\n\n"
    for row in rows:
        for detail in row.details:
            item = "- %s, %s: %s" % (row.what, cell(row.workload), cell(detail))
            text += textwrap.fill(item, 100, subsequent_indent="  ", break_long_words=False,
                                  break_on_hyphens=False) + "\n"
    text += "\nThe machine:\n\n| what | here |\n| --- | --- |\n"
    return text + "".join("| %s | %s |\n" % (name, cell(value)) for name, value in description)


def write_page(rows, description):
    text = PAGE.read_text()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    PAGE.write_text(text[:begin] + generated(rows, description) + text[end:])


# --- command ------------------------------------------------------------------------------


def arguments():
    parser = argparse.ArgumentParser(description="Measure and judge, as docs/performance.md says.")
    parser.add_argument("--build", type=Path, default=ROOT / "build",
                        help="meson's build folder")
    parser.add_argument("--row", action="append", choices=list(ROWS),
                        help="measure only this row; may be repeated")
    parser.add_argument("--write", action="store_true",
                        help="write the results into docs/performance.md")
    given = parser.parse_args()
    if given.write and given.row:
        parser.error("--write needs all rows")
    return given


def describe_run(started, before, busy):
    """How long the run took, and how much of the machine others used."""
    after = machine.Usage()
    return [
        ("date", datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")),
        ("this run", "%.0f s; others used %.0f %% of the processors before it and %.0f %% during "
         "it; the hypervisor took %.1f s" % (time.monotonic() - started, busy * 100,
                                             after.share_of_others(before) * 100,
                                             after.stolen_s - before.stolen_s)),
        ("command", "`%s`" % " ".join(["make bench", *(["BENCH_ARGS=--write"]
                                                       if "--write" in sys.argv else [])])),
    ]


def main():
    given = arguments()
    lab = Lab(given.build)
    busy = machine.busy_before()
    started, before = time.monotonic(), machine.Usage()
    with Daemon(lab) as daemon:
        description = machine.describe(given.build, daemon.fetch())
    for name, value in description:
        print("%-24s%s" % (name, value))
    if busy > BUSY_MAX:
        print("WARNING: the processors are %.0f %% busy already; figures will be wrong"
              % (busy * 100))
    print("\n" + " | ".join(HEADER))
    rows = measure(lab, given.row or list(ROWS))
    description += describe_run(started, before, busy)
    print()
    for name, value in description[-3:]:
        print("%-24s%s" % (name, value))
    if given.write:
        write_page(rows, description)
    n_failed = sum(not row.has_passed for row in rows)
    print("%d passed, %d failed" % (len(rows) - n_failed, n_failed))
    return 1 if n_failed else 0


if __name__ == "__main__":
    children.prepare()
    try:
        sys.exit(main())
    finally:
        children.end()
