#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Add up the cases of test runs: the last line is "N passed, N failed".

It reads logs of meson and, if their names end in .xml, pytest's reports in JUnit format.

If an executable prints how many of its cases passed and failed, these are counted; if not, it
counts as one case. One that exits with an error has at least one failed case.
"""

import json
import pathlib
import re
import sys
from xml.etree import ElementTree

# cmocka; then pytest and our own runners.
PATTERNS = [
    (r"\[  PASSED  \] (\d+) test", r"\[  FAILED  \] (\d+) test"),
    (r"\b(\d+) passed\b", r"\b(\d+) (?:failed|error)"),
]


def count(pattern, text):
    return sum(int(number) for number in re.findall(pattern, text))


def cases(result):
    text = result.get("stdout", "") + result.get("stderr", "")
    is_good = result["result"] in ("OK", "SKIP")
    for passed_pattern, failed_pattern in PATTERNS:
        passed, failed = count(passed_pattern, text), count(failed_pattern, text)
        if passed or failed:
            return passed, max(failed, int(not is_good))
    return int(is_good), int(not is_good)


def in_meson_log(path):
    """Cases passed and failed."""
    passed = failed = 0
    for line in pathlib.Path(path).read_text().splitlines():
        result = json.loads(line)
        more_passed, more_failed = cases(result)
        passed, failed = passed + more_passed, failed + more_failed
        if more_failed:
            print(f"FAILED: {result['name']} ({result['result']}); {path} has its output")
    return passed, failed


def in_pytest_report(path):
    """Cases passed and failed."""
    suite = ElementTree.parse(path).getroot().find("testsuite")
    total, failed, errors, skipped = [
        int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")]
    return total - failed - errors - skipped, failed + errors


def main(paths):
    passed = failed = 0
    for path in paths:
        count_cases = in_pytest_report if path.endswith(".xml") else in_meson_log
        more_passed, more_failed = count_cases(path)
        passed, failed = passed + more_passed, failed + more_failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
