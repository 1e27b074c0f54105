# SPDX-License-Identifier: Apache-2.0
"""Report: the output and exit status of the checks in this folder."""


def report(complaints):
    """Print the complaints, and the line that tests/summary.py reads. Returns the exit status."""
    found = list(complaints)
    print("\n".join(found))
    print(f"{int(not found)} passed, {len(found)} failed")
    return 1 if found else 0
