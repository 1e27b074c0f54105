# SPDX-License-Identifier: Apache-2.0
"""check_dashboards.py finds each mistake in a dashboard that is good otherwise.

That it compares all that a document states is in test_check_dashboards.py.
"""

import copy
import json

import pytest

from check_dashboards import problems_of
from example import EXAMPLES

GOOD = EXAMPLES / "palingenesis" / "grafana" / "palingenesis.json"


def panel(dashboard, kind):
    return next(panel for panel in dashboard["panels"] if panel["type"] == kind)


def same_ids(dashboard):
    dashboard["panels"][1]["id"] = dashboard["panels"][2]["id"]


def overlap(dashboard):
    dashboard["panels"][2]["gridPos"]["x"] -= 1


def wide(dashboard):
    panel(dashboard, "heatmap")["gridPos"]["w"] += 1


def fixed_datasource(dashboard):
    panel(dashboard, "stat")["datasource"] = {"type": "prometheus", "uid": "prometheus"}


def fixed_datasource_of_a_query(dashboard):
    panel(dashboard, "stat")["targets"][0]["datasource"] = {"type": "prometheus", "uid": "PBFA9"}


def no_variable(dashboard):
    dashboard["templating"]["list"] = []


def no_unit(dashboard):
    del panel(dashboard, "stat")["fieldConfig"]["defaults"]["unit"]


def wrong_unit(dashboard):
    panel(dashboard, "stat")["fieldConfig"]["defaults"]["unit"] = "second"


def old_schema(dashboard):
    dashboard["schemaVersion"] = 16


def no_uid(dashboard):
    dashboard["uid"] = ""


def no_title(dashboard):
    panel(dashboard, "stat")["title"] = ""


def no_query(dashboard):
    panel(dashboard, "stat")["targets"] = []


def empty_query(dashboard):
    panel(dashboard, "stat")["targets"][0]["expr"] = " "


def same_ref(dashboard):
    targets = next(p for p in dashboard["panels"] if len(p.get("targets", [])) > 1)["targets"]
    targets[1]["refId"] = targets[0]["refId"]


def thresholds_down(dashboard):
    steps = next(p["fieldConfig"]["defaults"]["thresholds"]["steps"] for p in dashboard["panels"]
                 if len(p.get("fieldConfig", {}).get("defaults", {}).get("thresholds", {})
                        .get("steps", [])) > 2)
    steps[1], steps[2] = steps[2], steps[1]


def unknown_type(dashboard):
    panel(dashboard, "stat")["type"] = "graph"


MISTAKES = [
    (same_ids, "ids of panels are missing, or not unique"),
    (overlap, "overlap"),
    (wide, "leaves the grid of 24 columns"),
    (fixed_datasource, "its datasource is not"),
    (fixed_datasource_of_a_query, "its datasource is not"),
    (no_variable, "no variable named datasource"),
    (no_unit, "has no unit"),
    (wrong_unit, "second is not one of the units known here"),
    (old_schema, "schemaVersion is not 39 or later"),
    (no_uid, "no uid"),
    (no_title, "has no title"),
    (no_query, "has no query"),
    (empty_query, "a query without expr"),
    (same_ref, "two queries with one refId"),
    (thresholds_down, "its thresholds do not ascend"),
    (unknown_type, "graph is not a type of panel known here"),
]


def problems(folder, *dashboards, expected=None):
    for i, dashboard in enumerate(dashboards):
        (folder / ("%d.json" % i)).write_text(json.dumps(dashboard), "utf-8")
    return problems_of(folder, expected)


@pytest.fixture
def good():
    return json.loads(GOOD.read_text("utf-8"))


def test_a_good_dashboard_has_no_problem(tmp_path, good):
    assert problems(tmp_path, good) == []


@pytest.mark.parametrize("break_it, message", MISTAKES,
                         ids=[break_it.__name__ for break_it, _ in MISTAKES])
def test_each_mistake_is_named(tmp_path, good, break_it, message):
    break_it(good)
    assert any(message in problem for problem in problems(tmp_path, good))


def test_panels_in_a_folded_row_overlap_only_each_other(tmp_path, good):
    first = copy.deepcopy(good["panels"][1])
    first["id"] = 1000
    row = next(panel for panel in good["panels"] if panel["type"] == "row")
    row["panels"] = [first]
    assert problems(tmp_path, good) == []
    second = copy.deepcopy(first)
    second["id"] = 1001
    row["panels"].append(second)
    assert any("overlap" in problem for problem in problems(tmp_path, good))


def test_two_dashboards_must_not_have_one_uid(tmp_path, good):
    assert problems(tmp_path, good, good) == ["1.json: its uid is that of 0.json"]


def test_a_dashboard_that_a_document_states_must_be_there(tmp_path, good):
    expected = {"dashboards": {"0.json": {"panels": []}, "other.json": {"panels": []}}}
    assert problems(tmp_path, good, expected=expected) == ["other.json is missing"]


def test_a_folder_without_dashboards_is_a_problem(tmp_path):
    assert len(problems_of(tmp_path)) == 1
