#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check that every include points to the same floor or to one below."""

import pathlib
import re
import sys

# A folder may include itself and the folders named here (design, section 5).
MAY_INCLUDE = {
    "base": [],
    "input": ["base"],
    "aggregate": ["base"],
    "output": ["base", "aggregate"],
    "daemon": ["base", "input", "aggregate", "output"],
    "tools": ["base", "input", "aggregate", "output", "daemon"],
}

# Who may include a library: files (folder/stem) or whole folders.
MAY_USE = {
    "uthash.h": ["base/table"],
    "utlist.h": [],
    "utarray.h": [],
    "xxhash.h": ["base/hash"],
    "yaml.h": ["daemon/config_file"],
    "microhttpd.h": ["output/http"],
    "isa-l/igzip_lib.h": ["output/gzip"],
    "jansson.h": ["daemon/api", "tools/report"],
    "uv.h": ["input/udp", "input/connections", "daemon", "tools"],
}

# No loop, no thread, no clock, no log, no socket: these files only compute.
PURE_FILES = ["input/parse", "input/mapping", "input/tags", "input/labeller", "input/event", "input/stream",
              "output/text", "output/gzip", "base/labels", "base/name", "base/slots",
              "base/number", "base/nearest", "base/exact", "base/utf8", "base/buffer", "base/hash", "base/table",
              "tools/encode", "tools/layout", "tools/workload", "tools/tally"]
PURE_FOLDERS = ["aggregate"]
IMPURE = ["base/clock.h", "base/log.h", "time.h", "sys/time.h", "sys/socket.h", "unistd.h", "uv.h"]

# What output may not see, however much of aggregate it may.
HIDDEN_FROM_OUTPUT = ["aggregate/shard.h"]

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def may_use(name, folder, module):
    allowed = MAY_USE.get(name)
    return allowed is None or folder in allowed or f"{folder}/{module}" in allowed


def complaint(folder, module, bracket, name):
    if bracket == '"':
        other = name.split("/")[0]
        if (folder, module, other) == ("daemon", "main", "tools"):
            return None  # the one door to both
        if other != folder and other not in MAY_INCLUDE.get(folder, []):
            return f"{folder}/ may not include {name}"
        if folder == "output" and name in HIDDEN_FROM_OUTPUT:
            return f"output/ may not see {name}"
    elif not may_use(name, folder, module):
        return f"<{name}> does not belong here; allowed: {', '.join(MAY_USE[name]) or 'nowhere'}"
    is_pure = folder in PURE_FOLDERS or f"{folder}/{module}" in PURE_FILES
    if is_pure and name in IMPURE:
        return f"{folder}/{module} is pure and may not include {name}"
    return None


def complaints(root):
    for path in sorted(root.glob("src/*/*.[ch]")):
        folder, module = path.parent.name, path.stem
        if folder not in MAY_INCLUDE:
            yield f"{path.relative_to(root)}: src/{folder}/ is no floor of this house"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            found = match and complaint(folder, module, match[1], match[2])
            if found:
                yield f"{path.relative_to(root)}:{number}: {found}"


if __name__ == "__main__":
    found = list(complaints(pathlib.Path(sys.argv[1])))
    print("\n".join(found))
    print(f"{int(not found)} passed, {len(found)} failed")
    sys.exit(1 if found else 0)
