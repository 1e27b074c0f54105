#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check the floors: each include stays on its floor or goes to a lower one, without circles.

Pure modules also keep no state of their own.
"""

import pathlib
import re
import sys

from report import report

# A folder may include itself and the folders named here (docs/architecture.md, "The house").
MAY_INCLUDE = {
    "base": [],
    "mapping": ["base"],
    "http": ["base"],
    "input": ["base", "mapping"],
    "aggregate": ["base"],
    "ingest": ["base", "mapping", "input", "aggregate"],
    "output": ["base", "aggregate"],
    "config": ["base", "mapping"],
    "web": ["base", "aggregate", "ingest", "output", "http"],
    "daemon": ["base", "mapping", "input", "aggregate", "ingest", "output", "config", "http",
               "web"],
    "tools/send": ["base", "config"],
    "tools/explain": ["base", "mapping", "input", "aggregate", "ingest", "config", "web",
                      "daemon"],
    "tools/bench": ["base", "config"],
    "main": ["base", "config", "daemon", "tools/send", "tools/explain", "tools/bench"],
}

# The only files that may include a header, or a folder's headers. MAY_INCLUDE must allow it too.
ONLY_FROM = {
    # Each module has a small struct of options, which one place fills from the settings.
    "config/settings.h": ["config/", "daemon/options"],
    # Explain uses the same options as a worker, and nothing else of the daemon.
    "daemon/": ["daemon/", "main"],
    "daemon/options.h": ["daemon/", "tools/explain/explain", "main"],
    # Explain refuses the names that are reserved, and uses nothing else of the pages.
    "web/": ["web/", "daemon/"],
    "web/reserved_names.h": ["web/", "daemon/", "tools/explain/"],
    # Writers of pages read snapshots, not the caches of workers.
    "aggregate/shard.h": ["aggregate/", "ingest/", "daemon/"],
}

# The files (folder/stem) or folders that may include a library.
MAY_USE = {
    "uthash.h": ["base/table"],
    "utlist.h": [],
    "utarray.h": [],
    "xxhash.h": ["base/hash"],
    "yaml.h": ["config/document"],
    "microhttpd.h": ["http/server", "http/exchange", "http/waiting"],
    "isa-l/igzip_lib.h": ["output/gzip"],
    "zstd.h": ["output/zstd"],
    "jansson.h": ["web/", "tools/bench/report"],
    "pcre2.h": ["base/regex"],
    "uv.h": ["input/datagrams", "input/connection", "input/connections", "input/loop", "input/turn",
             "daemon/", "tools/"],
}

# Files without loop, thread, clock, log, socket or state of their own: they only compute.
PURE = ["mapping/", "aggregate/", "ingest/", "output/",
        "http/head", "http/in_flight", "http/negotiate", "http/reply", "http/request",
        "http/round", "http/route",
        "input/parse", "input/resolve", "input/tags", "input/labeller", "input/event",
        "input/section", "input/service_check", "input/stream",
        "base/age_list", "base/labels", "base/slots", "base/number", "base/nearest", "base/exact",
        "base/utf8", "base/arena", "base/buckets", "base/buffer", "base/hash", "base/spelling",
        "base/table", "base/regex", "base/regex_class", "base/regex_group", "base/regex_parser",
        "base/regex_syntax", "base/summary_options",
        "config/problems",
        "tools/send/encode", "tools/bench/layout", "tools/bench/workload", "tools/bench/tally"]
IMPURE = ["base/address.h", "base/clock.h", "base/log.h", "base/memory.h", "base/path.h",
          "base/peer.h", "base/process.h", "base/socket.h", "base/spool.h", "base/target.h",
          "base/unix.h", "fcntl.h", "netdb.h", "poll.h", "pthread.h", "signal.h", "sys/random.h",
          "sys/socket.h", "sys/stat.h", "sys/time.h", "sys/uio.h", "sys/un.h", "threads.h",
          "time.h", "unistd.h", "uv.h"]
# The mutexes of aggregate: for new keys, for the current snapshot, for what cannot be read word by
# word, and for senders that any worker may meet.
MAY_LOCK = ["aggregate/family", "aggregate/native", "aggregate/registry", "aggregate/set",
            "aggregate/summary", "aggregate/totals", "aggregate/view"]

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')

# A variable that outlives a call: "static" anywhere, or all but types at the level of the file.
LASTING = re.compile(r"(?: *static |(?!typedef |(?:struct|union) \w+;)\w)[^(){}=;]*[=;]")


def folder_of(name):
    """The floor of a header or module: its folder, or "main"."""
    return name.rpartition("/")[0] or "main"


def is_among(module, places):
    """Whether a module is one of these places, or in a folder among them."""
    return any(module.startswith(place) if place.endswith("/") else module == place
               for place in places)


def narrowest_rule(name):
    """The only files that may include a header, by the longest rule for it; None if any may."""
    rules = [rule for rule in ONLY_FROM if name.startswith(rule)]
    return ONLY_FROM[max(rules, key=len)] if rules else None


def complaint_about_header(module, name):
    floor, other = folder_of(module), folder_of(name)
    if other != floor and other not in MAY_INCLUDE[floor]:
        return f"{floor}/ may not include {name}"
    allowed = narrowest_rule(name)
    if allowed and not is_among(module, allowed):
        return f"only {', '.join(allowed)} may include {name}"
    return None


def complaint(module, bracket, name):
    if bracket == '"':
        found = complaint_about_header(module, name)
        if found:
            return found
    elif name in MAY_USE and not is_among(module, MAY_USE[name]):
        return f"<{name}> does not belong here; allowed: {', '.join(MAY_USE[name]) or 'nowhere'}"
    is_its_lock = name == "pthread.h" and module in MAY_LOCK
    if is_among(module, PURE) and name in IMPURE and not is_its_lock:
        return f"{module} is pure and may not include {name}"
    return None


def includes(root):
    """Each include: path, line number, module, bracket, name."""
    for path in sorted(root.glob("src/**/*.[ch]")):
        module = str(path.relative_to(root / "src").with_suffix(""))
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                yield path.relative_to(root), number, module, match[1], match[2]


def is_state(line):
    """Whether a line declares a variable that outlives a call and is not constant."""
    match = LASTING.match(re.sub(r"_Atomic\([^)]*\)", "_Atomic", line))
    # What is after the last "*" is said of the variable, the rest of what it points to.
    return bool(match) and not re.search(r"\bconst\b", match[0].rpartition("*")[2])


def complaints_about_state(root):
    for path in sorted(root.glob("src/**/*.c")):
        relative = path.relative_to(root)
        if is_among(str(relative.relative_to("src").with_suffix("")), PURE):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if is_state(line):
                    yield f"{relative}:{number}: not constant: a pure module keeps no state itself"


def find_cycle(graph):
    """A circle of modules, from a module back to itself; None if there is none. Depth first."""
    done, on_way = set(), []

    def visit(module):
        if module in on_way:
            return on_way[on_way.index(module):] + [module]
        if module in done:
            return None
        on_way.append(module)
        for other in sorted(graph.get(module, ())):
            found = visit(other)
            if found:
                return found
        on_way.pop()
        done.add(module)
        return None

    return next(filter(None, map(visit, sorted(graph))), None)


def complaints(root):
    graph = {}
    for path, number, module, bracket, name in includes(root):
        if folder_of(module) not in MAY_INCLUDE:
            yield f"{path}: src/{folder_of(module)}/ is not in MAY_INCLUDE"
            return
        found = complaint(module, bracket, name)
        if found:
            yield f"{path}:{number}: {found}"
        other = name.removesuffix(".h")
        if bracket == '"' and other != module:
            graph.setdefault(module, set()).add(other)
    yield from complaints_about_state(root)
    cycle = find_cycle(graph)
    if cycle:
        yield f"src: modules include each other in a circle: {' -> '.join(cycle)}"


if __name__ == "__main__":
    sys.exit(report(complaints(pathlib.Path(sys.argv[1]))))
