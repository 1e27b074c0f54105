#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile dashboards against Grafana's own types: each becomes a typed constant.

    check_types.py MODULES DASHBOARD.json...

MODULES is the node_modules into which `npm ci` has installed what package-lock.json lists. A key
that does not exist in Grafana, or a value of the wrong type, is an error of the compiler.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
OPTIONS = ["--noEmit", "--strict", "--skipLibCheck", "--pretty", "false", "--target", "es2022",
           "--module", "nodenext", "--moduleResolution", "nodenext"]
SECONDS_MAX = 300


def write_sources(paths, folder):
    """A source file for each dashboard, named as it and its example are."""
    for path in paths:
        name = "%s-%s.ts" % (path.resolve().parents[1].name, path.stem)
        (folder / name).write_text(
            'import type { Dashboard } from "./strict.js";\n'
            "export const dashboard: Dashboard = %s;\n" % path.read_text("utf-8").strip(), "utf-8")
        yield name


def problems_of(paths, modules):
    """What the compiler says about dashboards; an empty text if it finds nothing wrong."""
    with tempfile.TemporaryDirectory(prefix="udometer-types-") as scratch:
        folder = pathlib.Path(scratch)
        (folder / "node_modules").symlink_to(modules.resolve())
        (folder / "package.json").write_text('{"type": "module"}\n')
        shutil.copy(HERE / "strict.ts", folder)
        names = list(write_sources(paths, folder))
        done = subprocess.run([modules.resolve() / ".bin" / "tsc", *OPTIONS, *names], cwd=folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=SECONDS_MAX)
    text = done.stdout + done.stderr
    assert (done.returncode == 0) == (text.strip() == ""), text
    return text


def main(modules, *dashboards):
    problems = problems_of([pathlib.Path(path) for path in dashboards], pathlib.Path(modules))
    print(problems or "%d dashboards are what Grafana's types say" % len(dashboards))
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
