#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check what "udometer explain" says of the lines of a case.

check_explained.py UDOMETER FOLDER [--update]

For each <case>.explained of the folder, what --check-config says of <case>.yml, and what explain
says of the lines of <case>.in with it, must equal that file. With --update it is written instead;
read the difference before you commit it.
"""

import os
import pathlib
import subprocess
import sys


def run(folder, *command, lines=b""):
    """What a command prints; its folder is the case's, so that the paths are short."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("UDOMETER_")}
    done = subprocess.run(command, cwd=folder, env=environment, input=lines, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return done.stdout.decode()


def explained(udometer, case):
    config = f"--config.file={case.stem}.yml"
    return run(case.parent, udometer, "--check-config", config) + "\n" \
        + run(case.parent, udometer, "explain", config, lines=case.with_suffix(".in").read_bytes())


def main(udometer, folder, option=None):
    udometer = pathlib.Path(udometer).resolve()
    cases = sorted(pathlib.Path(folder).glob("*.explained"))
    n_failed = 0
    for case in cases:
        actual = explained(udometer, case)
        if option == "--update":
            case.write_text(actual)
        elif actual != case.read_text():
            print(f"{case} differs from:\n{actual}")
            n_failed += 1
    print(f"{len(cases) - n_failed} passed, {n_failed} failed")
    return 1 if n_failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
