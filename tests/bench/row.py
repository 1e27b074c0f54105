# SPDX-License-Identifier: Apache-2.0
"""Row: one line of the table, and the format of numbers in it."""

from dataclasses import dataclass, field


@dataclass
class Row:
    what: str
    workload: str
    wanted: str
    measured: str
    has_passed: bool
    details: list[str] = field(default_factory=list)

    def cells(self):
        return [self.what, self.workload, self.wanted, self.measured,
                "pass" if self.has_passed else "FAIL"]


def short(number):
    """1000000 as 1 M."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= size and number % (size // 10) == 0:
            return "%g %s" % (number / size, unit)
    return "%g" % number


def spread(figures, form="%.2f"):
    """The lowest and the highest figure of several rounds."""
    return (form + " to " + form) % (min(figures), max(figures))
