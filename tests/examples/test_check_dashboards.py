# SPDX-License-Identifier: Apache-2.0
"""check_dashboards.py notices each change of what a document states.

Every key of every expected/*.json is tried: the dashboard says something else there.
"""

import copy

import pytest

from check_dashboards import all_panels, expected_problems
from example import Example, all_systems

OTHER = "something else"


def change_targets(panel, key):
    for target in panel["targets"]:
        target[key] = OTHER


def change_threshold(panel):
    panel["fieldConfig"]["defaults"]["thresholds"]["steps"][-1]["value"] += 1


# How to change what a key of a panel states. The others are in gridPos.
CHANGES = {
    "type": lambda panel: panel.update(type=OTHER),
    "title": lambda panel: panel.update(title=OTHER),
    "unit": lambda panel: panel["fieldConfig"]["defaults"].update(unit=OTHER),
    "min": lambda panel: panel["fieldConfig"]["defaults"].update(min=-1),
    "max": lambda panel: panel["fieldConfig"]["defaults"].update(max=-1),
    "stacking": lambda panel: panel["fieldConfig"]["defaults"]["custom"].pop("stacking"),
    "thresholds": change_threshold,
    "exprs": lambda panel: change_targets(panel, "expr"),
    "legends": lambda panel: change_targets(panel, "legendFormat"),
}


def changed_in_panel(dashboard, wanted, key):
    changed = copy.deepcopy(dashboard)
    panel, = [panel for panel in all_panels(changed)
              if (panel["title"], panel["type"]) == (wanted["title"], wanted["type"])]
    change = CHANGES.get(key)
    if change:
        change(panel)
    else:
        panel["gridPos"][key] += 1
    return changed


@pytest.mark.parametrize("system", all_systems())
def test_each_change_is_noticed(system):
    example = Example(system)
    for name, expected in example.expected["dashboards"].items():
        dashboard = example.dashboards()[name]
        assert list(expected_problems(dashboard, expected)) == []
        for key in expected.keys() - {"panels"}:
            assert list(expected_problems({**dashboard, key: OTHER}, expected)), (name, key)
        for wanted in expected["panels"]:
            for key in wanted:
                changed = changed_in_panel(dashboard, wanted, key)
                assert list(expected_problems(changed, expected)), (name, wanted["title"], key)


def test_each_kind_of_statement_is_compared():
    """No document would be left out in silence if its expected/*.json had nothing."""
    stated = {key for system in all_systems()
              for expected in Example(system).expected["dashboards"].values()
              for key in [*expected, *(key for panel in expected["panels"] for key in panel)]}
    assert {"uid", "title", "tags", "refresh", "time", "timezone", "type", "x", "y", "w", "h",
            "unit", "min", "max", "thresholds", "stacking", "exprs", "legends"} <= stated
