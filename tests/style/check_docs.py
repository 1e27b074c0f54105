#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check that the documents describe flags and self-metrics as the program does.

docs/configuration.md must have the text of --help; docs/telemetry.md must have a row for each
self-metric of a real scrape, with its type and help. With --update, the part between the
"generated" marks of each is updated.
"""

import os
import pathlib
import re
import subprocess
import sys
import urllib.request

BEGIN, END = "<!-- generated: begin -->\n", "<!-- generated: end -->\n"


def help_text(binary):
    text = subprocess.run([binary, "--help"], check=True, capture_output=True, text=True).stdout
    return f"```\n{text}```\n"


def scrape(binary):
    """A scrape of a new daemon without any series."""
    daemon = subprocess.Popen(
        [binary, "--statsd.listen-udp=127.0.0.1:0", "--web.listen-address=127.0.0.1:0",
         "--workers=1"],
        stderr=subprocess.PIPE, text=True)
    try:
        for line in daemon.stderr:
            match = re.search(r"protocol=http address=(\S+)", line)
            if match:
                address = match[1]
            if 'msg="ready"' in line:
                break
        with urllib.request.urlopen(f"http://{address}/metrics") as reply:
            return reply.read().decode()
    finally:
        daemon.kill()
        daemon.communicate()


def metrics_table(binary):
    rows = {}
    for line in scrape(binary).splitlines():
        words = line.split(" ", 3)
        if words[:2] == ["#", "HELP"]:
            rows[words[2]] = [words[3], "", set()]
        elif words[:2] == ["#", "TYPE"]:
            rows[words[2]][1] = words[3]
        elif "{" in line:
            name = re.sub(r"_(bucket|sum|count)$", "", line.split("{")[0])
            labels = re.findall(r'(\w+)="', line)
            rows.get(name, rows.get(line.split("{")[0]))[2].update(labels)
    table = "| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n"
    for name, (meaning, kind, labels) in sorted(rows.items()):
        shown = ", ".join(f"`{label}`" for label in sorted(labels - {"le"}))
        table += f"| `{name}` | {kind} | {shown} | {meaning} |\n"
    return table


def generated_part(path):
    text = path.read_text()
    return text[text.index(BEGIN) + len(BEGIN):text.index(END)]


def main(root, binary, is_update):
    n_failed = 0
    wanted = {"configuration.md": help_text(binary), "telemetry.md": metrics_table(binary)}
    for name, part in wanted.items():
        path = root / "docs" / name
        if is_update:
            text = path.read_text().replace(BEGIN + generated_part(path), BEGIN + part)
            path.write_text(text)
        elif generated_part(path) != part:
            print(f"{path}: differs from what the program says; run: {' '.join(sys.argv)} --update")
            n_failed += 1
    print(f"{len(wanted) - n_failed} passed, {n_failed} failed")
    return 1 if n_failed else 0


if __name__ == "__main__":
    os.environ.pop("ASAN_OPTIONS", None)
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2], "--update" in sys.argv))
