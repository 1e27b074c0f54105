#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check that each module has a unit test, or a reason for having none, and that each is built.

The tests of src/x/module.c are in tests/unit/test_module.c or, if there are many, also in
tests/unit/test_module_subject.c. A header with functions may have its own test.
"""

import pathlib
import re
import sys

from report import report

# What tests the module instead.
WITHOUT_UNIT_TEST = {
    "aggregate/ending": "only the registry uses it: test_registry_ending.c",
    "config/alias": "only document uses it: test_document.c",
    "config/file": "only documents are read by it: test_document.c",
    "config/treatment_file": "what is said of values is data: tests/config",
    "config/schema": "docs/udometer.schema.json: check_docs.py",
    "config/tests_file": "tests in files are data: tests/config",
    "base/powers_of_five": "its rows are data: test_nearest.c, test_shortest.c",
    "config/profiles": "profiles are data: tests/config",
    "config/observations": "buckets and quantiles are data: tests/config",
    "config/names_file": "its keys are data: tests/config; includes: test_naming.c",
    "config/metrics_file": "declared metrics are data: tests/config",
    "config/mapping_rule": "mapping rules are data: tests/config",
    "config/mapping_file": "mapping files are data: tests/config",
    "config/lost_labels": "its warnings are data: tests/config",
    "config/label_rules_file": "label rules are data: tests/config",
    "config/label_name": "its complaints are data: tests/config",
    "config/initial": "label sets are data: tests/config",
    "config/hosts": "it asks name servers: tests/system/test_start.py, test_relisten.py",
    "config/draft": "all readers of names use it: tests/config",
    "config/collisions": "its warnings are data: tests/config",
    "daemon/bound": "the sockets of listeners: test_listeners.c",
    "daemon/listener": "what is said of one that fails: test_listeners.c",
    "config/precedence": "its warnings, and what it joins, are data: tests/config",
    "daemon/cut_tags": "it only logs: tests/system/test_cut_tags.py",
    "daemon/daemon": "it is the whole process: tests/system",
    "daemon/http_sockets": "it binds, as listeners do: tests/system/test_addresses.py",
    "daemon/initial_series": "it only logs: tests/system/test_check_config.py",
    "daemon/intake": "only a worker uses it: test_worker.c",
    "daemon/notices": "it logs for a worker: test_worker.c, tests/system/test_listeners.py",
    "daemon/source": "only sources use it: test_sources.c, test_worker.c",
    "http/exchange": "only a server makes one: test_server.c, test_server_requests.c",
    "http/head": "what it gets is libmicrohttpd's: test_server_requests.c",
    "http/waiting": "it suspends connections of a server: test_server_waiting.c",
    "ingest/declare": "the initial series of a config: tests/config, test_check_config.py",
    "ingest/lane": "only a worker, explain and the rig make one: test_worker.c, golden",
    "daemon/name_check": "the names of a config: tests/system/test_check_config.py",
    "daemon/self_test": "the tests of a config: tests/system/test_check_config.py",
    "daemon/relisten": "it opens sockets for a whole process: tests/system/test_relisten.py",
    "daemon/reload": "it reads files for a whole process: tests/system/test_reload.py",
    "daemon/signals": "it takes signals: tests/system/test_stop.py, test_reload.py",
    "daemon/socket_files": "it makes files again: tests/system/test_unix_sockets.py",
    "daemon/step_thread": "only a sweeper has one: test_sweeper.c",
    "daemon/sockets": "it opens what the system passes: tests/system/test_activation.py",
    "ingest/solo": "only explain and self_test make one: tests/system",
    "ingest/recorder": "only a pipeline uses it: test_pipeline.c, test_trace.c",
    "input/connection": "only connections make one: test_connections.c and others",
    "input/collector": "only resolve uses it: test_resolve.c, test_resolve_limits.c",
    "input/labeller": "only resolve uses it: test_resolve.c, test_resolve_limits.c",
    "base/regex_parser": "only regex_syntax and its parts use it: test_regex_syntax.c",
    "daemon/upkeep": "it makes parts work together: test_reload.py, test_unix_sockets.py",
    "daemon/workers": "they are a daemon's: tests/system/test_workers.py",
    "daemon/watch": "it looks at files as they change: tests/system/test_reload.py",
    "web/own_name": "it reserves for its callers: test_reserved_names.c",
    "main": "it only chooses a command: tests/system/test_start.py",
    "output/gzip": "a coding: test_coding.c",
    "output/zstd": "a coding: test_coding.c",
    "output/lines": "only the text formats use it: test_text.c, test_openmetrics.c",
    "mapping/metric": "only a mapping uses it: test_mapping.c",
    "tools/bench/bench": "a command: tests/system/test_bench.py",
    "tools/bench/bench_forms": "flags: tests/system/test_bench.py",
    "tools/bench/bench_options": "flags: tests/system/test_bench.py",
    "tools/bench/layout": "only workload uses it: test_workload.c",
    "tools/bench/load": "it sends over real sockets: tests/system/test_bench.py",
    "tools/bench/meter": "it asks a real daemon: tests/system/test_bench.py",
    "tools/bench/report": "output: tests/system/test_bench.py",
    "tools/bench/sink": "it receives from real sockets: tests/system/test_bench.py",
    "tools/explain/cause": "output: tests/system/test_config_names.py, test_explain.py",
    "tools/explain/explain": "a command: tests/system/test_explain.py",
    "tools/explain/explanation": "output: tests/system/test_explain.py, for every vector",
    "tools/explain/refusal": "output: tests/system/test_explain.py, for every vector",
    "tools/explain/ruling": "output: tests/system/test_config_names.py",
    "tools/send/send": "a command: tests/clients/test_send.py",
    "tools/send/sender": "it sends over real sockets: tests/clients/test_send.py",
    "tools/send/stopwatch": "it runs commands: tests/clients/test_send.py",
    "web/reload_page": "it needs a daemon: tests/system/test_reload.py; refused: test_routes.c",
    "web/reload_stats": "what it counts is a scrape's: test_selfmetrics.c",
    "web/api_conflicts": "a page: tests/system/test_conflicts.py",
}


def is_test_of(unit, name):
    return unit == name or unit.startswith(name + "_")


def complaints(root):
    sources = {str(path.relative_to(root / "src").with_suffix(""))
               for path in root.glob("src/**/*.c")}
    names = {path.stem for path in root.glob("src/**/*.[ch]")}
    units = {path.stem.removeprefix("test_") for path in root.glob("tests/unit/test_*.c")}
    listed = re.search(r"^units = \[(.*?)^\]", (root / "tests/unit/meson.build").read_text(),
                       re.M | re.S)[1]
    for module in sorted(sources):
        has_test = any(is_test_of(unit, module.rpartition("/")[2]) for unit in units)
        if has_test == (module in WITHOUT_UNIT_TEST):
            yield f"src/{module}.c: " + (
                "has a unit test; remove its reason from WITHOUT_UNIT_TEST" if has_test
                else "has no unit test, and no reason in WITHOUT_UNIT_TEST")
    for module in sorted(WITHOUT_UNIT_TEST.keys() - sources):
        yield f"src/{module}.c: does not exist; remove its reason from WITHOUT_UNIT_TEST"
    for unit in sorted(units):
        if not any(is_test_of(unit, name) for name in names):
            yield f"tests/unit/test_{unit}.c: there is no module of this name"
    for unit in sorted(units ^ set(re.findall(r"'(\w+)'", listed))):
        yield f"tests/unit/test_{unit}.c: either the file or its line in meson.build is missing"


if __name__ == "__main__":
    sys.exit(report(complaints(pathlib.Path(sys.argv[1]))))
