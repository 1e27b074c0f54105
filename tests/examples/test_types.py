# SPDX-License-Identifier: Apache-2.0
"""Every dashboard is what Grafana's own types say, and they do find mistakes."""

import copy
import json
import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "types"))

from check_types import problems_of  # noqa: E402
from example import BUILD, EXAMPLES, ROOT  # noqa: E402

MODULES = BUILD / "dashboard-types" / "node_modules"

pytestmark = pytest.mark.long


def dashboards():
    return sorted([*EXAMPLES.glob("*/grafana/*.json"), *(ROOT / "docs").glob("mixin/*.json")])


def test_all_dashboards_are_compiled():
    assert len(dashboards()) > 1
    assert problems_of(dashboards(), MODULES) == ""


def set_at(dashboard, path, value):
    *before, last = path
    for key in before:
        dashboard = dashboard[key]
    dashboard[last] = value


def panel_of_type(dashboard, kind):
    return next(i for i, panel in enumerate(dashboard["panels"]) if panel["type"] == kind)


# A type of panel or None, a path below it, a wrong value, and what the compiler must name.
MISTAKES = [
    (None, ["titel"], "a key that does not exist", "titel"),
    (None, ["schemaVersion"], "39", "'string' is not assignable to type 'number'"),
    (None, ["uid"], None, "null"),
    (None, ["templating", "list", 0, "type"], "datasources", "datasources"),
    ("stat", ["type"], "singlestat", "singlestat"),
    ("stat", ["gridPos", "width"], 4, "width"),
    ("stat", ["options", "graphMode"], "lines", "lines"),
    ("stat", ["options", "pieType"], "pie", "pieType"),
    ("stat", ["targets", 0, "expression"], "up", "expression"),
    ("stat", ["fieldConfig", "defaults", "unit"], 1, "number"),
    ("stat", ["fieldConfig", "defaults", "thresholds"], {"mode": "absolute", "steps": [
        {"color": "red", "value": "80"}]}, "string"),
    ("timeseries", ["fieldConfig", "defaults", "custom", "fillOpacity"], "25", "string"),
    ("timeseries", ["fieldConfig", "defaults", "custom", "lineWeight"], 2, "lineWeight"),
    ("timeseries", ["fieldConfig", "overrides"], [{
        "matcher": {"id": "byName", "options": "a"},
        "properties": [{"id": "custom.lineWeight", "value": 1}]}], "custom.lineWeight"),
    ("timeseries", ["transformations"], [{"id": "organise", "options": {}}], "organise"),
    ("heatmap", ["options", "yAxis", "units"], "s", "units"),
]


def test_each_mistake_is_found(tmp_path):
    """All are compiled at once, each in a file of its own."""
    source = EXAMPLES / "palingenesis" / "grafana" / "palingenesis.json"
    good = json.loads(source.read_text("utf-8"))
    paths = []
    for i, (kind, path, value, _) in enumerate(MISTAKES):
        bad = copy.deepcopy(good)
        set_at(bad["panels"][panel_of_type(bad, kind)] if kind else bad, path, value)
        paths.append(tmp_path / ("mistake%d" % i) / "grafana" / "bad.json")
        os.makedirs(paths[-1].parent)
        paths[-1].write_text(json.dumps(bad), "utf-8")
    problems = problems_of(paths, MODULES).splitlines()
    for i, (_, path, _, name) in enumerate(MISTAKES):
        about = [line for line in problems if line.startswith("mistake%d-" % i)]
        assert any(name in line for line in about), (path, about)
