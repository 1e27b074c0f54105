#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Add up the cases of a meson test run: the last line is "N passed, N failed".

An executable that says how many of its cases passed and failed is counted by these,
any other as one case; one that ends badly has failed in at least one.
"""

import json
import pathlib
import re
import sys

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


def main(paths):
    passed = failed = 0
    for path in paths:
        for line in pathlib.Path(path).read_text().splitlines():
            result = json.loads(line)
            more_passed, more_failed = cases(result)
            passed, failed = passed + more_passed, failed + more_failed
            if more_failed:
                print(f"FAILED: {result['name']} ({result['result']}); {path} has its output")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
