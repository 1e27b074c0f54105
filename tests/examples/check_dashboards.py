#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Check dashboards for what Grafana would accept in silence, or show wrongly.

    check_dashboards.py FOLDER...

Panels overlap or leave the grid, two have one id, a data source is fixed, a unit is missing: all of
that loads. Types, and keys that do not exist, are for types/, where Grafana's own package decides.
"""

import itertools
import json
import pathlib
import re
import sys

COLUMNS = 24
SCHEMA_VERSION_LEAST = 39
TYPES = {"row", "stat", "gauge", "timeseries", "piechart", "table", "barchart", "bargauge",
         "heatmap", "text"}
# Panels without a query.
WITHOUT_DATA = {"row", "text"}
# Panels whose unit stands elsewhere: of a heatmap, at its axis; of a table, at each column.
WITHOUT_UNIT = {"table", "heatmap"}
# Of a graph this is a step wide, in which there may be one scrape, or none.
TOO_SHORT_RANGE = re.compile(r"\[\$(?:__interval\b|\{__interval\})")
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
UNITS = {"none", "short", "s", "ms", "m", "h", "bytes", "decbytes", "percent", "percentunit",
         "reqps", "ops", "cps", "cpm", "rps", "Bps", "currencyUSD", "dateTimeAsIso", "dtdurations",
         "dtdhms", "bool", "bool_yes_no", "bool_on_off"}


def all_panels(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def overlap(one, other):
    return one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"] and \
        one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]


def grid_problems(panels):
    for panel in panels:
        grid = panel["gridPos"]
        if not (0 <= grid["x"] and 0 < grid["w"] and grid["x"] + grid["w"] <= COLUMNS
                and 0 <= grid["y"] and 0 < grid["h"]):
            yield "%r leaves the grid of %d columns: %s" % (panel["title"], COLUMNS, grid)
    for one, other in itertools.combinations(panels, 2):
        if overlap(one["gridPos"], other["gridPos"]):
            yield "%r and %r overlap" % (one["title"], other["title"])


def target_problems(panel):
    title = panel["title"]
    targets = panel.get("targets", [])
    if not targets:
        yield "%r has no query" % title
    if len({target.get("refId") for target in targets}) != len(targets):
        yield "%r: two queries with one refId" % title
    for holder in [panel, *targets]:
        if holder.get("datasource") != DATASOURCE:
            yield "%r: its datasource is not %s" % (title, json.dumps(DATASOURCE))
    for target in targets:
        if not target.get("expr", "").strip():
            yield "%r: a query without expr" % title
        if TOO_SHORT_RANGE.search(target.get("expr", "")):
            yield "%r: a range of $__interval; use $__rate_interval" % title


def unit_problems(panel):
    config = panel.get("fieldConfig", {})
    units = [config.get("defaults", {}).get("unit"), panel.get("options", {}).get("yAxis", {})
             .get("unit")]
    units += [prop["value"] for override in config.get("overrides", [])
              for prop in override["properties"] if prop["id"] == "unit"]
    units = [unit for unit in units if unit]
    if panel["type"] not in WITHOUT_UNIT and not units:
        yield "%r has no unit; write none or short if it is just a number" % panel["title"]
    for unit in units:
        if unit not in UNITS and not unit.startswith(("suffix:", "prefix:", "currency:")):
            yield "%r: %s is not one of the units known here" % (panel["title"], unit)


def threshold_problems(panel):
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    steps = defaults.get("thresholds", {}).get("steps")
    if steps is not None:
        values = [step.get("value") for step in steps]
        if not steps or values[0] is not None or None in values[1:]:
            yield "%r: the first threshold, and only it, has the value null" % panel["title"]
        elif values[1:] != sorted(values[1:]):
            yield "%r: its thresholds do not ascend" % panel["title"]


def panel_problems(panel):
    if not panel.get("title"):
        yield "panel %s has no title" % panel.get("id")
        return
    if panel["type"] not in TYPES:
        yield "%r: %s is not a type of panel known here" % (panel["title"], panel["type"])
    if panel["type"] not in WITHOUT_DATA:
        yield from target_problems(panel)
        yield from unit_problems(panel)
        yield from threshold_problems(panel)


def dashboard_problems(dashboard):
    if dashboard.get("schemaVersion", 0) < SCHEMA_VERSION_LEAST:
        yield "schemaVersion is not %d or later" % SCHEMA_VERSION_LEAST
    for key in "uid", "title", "tags", "time":
        if not dashboard.get(key):
            yield "no " + key
    if dashboard.get("id") is not None:
        yield "it has an id, which only a running Grafana gives"
    names = [variable["name"] for variable in dashboard["templating"]["list"]
             if variable["type"] == "datasource" and variable["query"] == "prometheus"]
    if names != ["datasource"]:
        yield "no variable named datasource of the type datasource"
    panels = list(all_panels(dashboard))
    ids = [panel.get("id") for panel in panels]
    if None in ids or len(set(ids)) != len(ids):
        yield "ids of panels are missing, or not unique"
    for panel in panels:
        yield from panel_problems(panel)
    # Panels inside a folded row are laid out as if it were open, and those below it as if not.
    for group in [dashboard["panels"], *[panel.get("panels", []) for panel in panels]]:
        yield from grid_problems(group)


def facts_of(panel):
    """What a document may state of a panel, by the keys of expected/."""
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    targets = panel.get("targets", [])
    return {
        "type": panel["type"], "title": panel["title"], **panel["gridPos"],
        "unit": defaults.get("unit"), "min": defaults.get("min"), "max": defaults.get("max"),
        "thresholds": [[step["color"], step["value"]]
                       for step in defaults.get("thresholds", {}).get("steps", [])],
        "stacking": defaults.get("custom", {}).get("stacking", {}).get("mode"),
        "exprs": [target["expr"] for target in targets],
        "legends": [target.get("legendFormat") for target in targets],
    }


def expected_problems(dashboard, expected):
    """Compare with what a document states: of the dashboard and of each panel, those keys."""
    for key in sorted(expected.keys() - {"panels"}):
        if dashboard.get(key) != expected[key]:
            yield "%s is %s, not %s" % (key, dashboard.get(key), expected[key])
    for wanted in expected["panels"]:
        # A row may have the title of one of its panels.
        found = [panel for panel in all_panels(dashboard) if panel["title"] == wanted["title"]
                 and panel["type"] == wanted.get("type", panel["type"])]
        if len(found) != 1:
            yield "%d panels have the title %r" % (len(found), wanted["title"])
            continue
        got = facts_of(found[0])
        for key, value in wanted.items():
            if got[key] != value:
                yield "%r: %s is %s, not %s" % (wanted["title"], key, got[key], value)


def problems_of(folder, expected=None):
    """The problems of all dashboards of a folder, as lines of text."""
    problems, uids = [], {}
    paths = sorted(folder.glob("*.json"))
    for path in paths:
        dashboard = json.loads(path.read_text("utf-8"))
        found = list(dashboard_problems(dashboard))
        other = uids.setdefault(dashboard.get("uid"), path.name)
        if other != path.name:
            found.append("its uid is that of " + other)
        if expected is not None:
            found += expected_problems(dashboard, expected["dashboards"].get(
                path.name, {"uid": "one of expected/", "panels": []}))
        problems += ["%s: %s" % (path.name, problem) for problem in found]
    missing = set(expected["dashboards"] if expected else ()) - {path.name for path in paths}
    return problems + ["%s is missing" % name for name in sorted(missing)] + \
        ([] if paths else ["%s has no dashboards" % folder])


def main(folders):
    problems = [problem for folder in folders for problem in problems_of(pathlib.Path(folder))]
    print("\n".join(problems) or "the dashboards are fine")
    return 1 if problems or not folders else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
