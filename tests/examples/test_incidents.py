# SPDX-License-Identifier: Apache-2.0
"""An alert that fires outside its incident, or not in it, is found."""

import incidents

STEP_S = 15
HOUR = {"incidents": {"flood": [10, 20]}, "alerts": {"Wet": {"flood": 5}}}


def problems(minutes, expected=HOUR, needed="2m"):
    """Of an alert that is true in these minutes."""
    rules = {"groups": [{"rules": [{"alert": "Wet", "expr": "rain > 1", "for": needed}]}]}
    values = [(second, "1") for begin, end in minutes
              for second in range(begin * 60, end * 60 + 1, STEP_S)]
    return incidents.problems_of_alerts(rules, expected, lambda _: ([values], STEP_S))


def test_an_alert_in_its_incident_is_right():
    assert problems([(10, 20)]) == []
    assert problems([(9, 25)]) == [], "it is true sooner, but fires after two minutes"


def test_one_that_lasts_too_long_is_found():
    found, = problems([(10, 27)])
    assert found == "Wet: it fires without an incident, minutes 26.2 to 27.0; " \
        "it fires in minutes 12.0 to 27.0"


def test_one_that_begins_too_soon_is_found():
    found, = problems([(5, 20)])
    assert "without an incident, minutes 7.0 to 9.8" in found


def test_one_that_fires_elsewhere_as_well_is_found():
    found, = problems([(10, 20), (40, 45)])
    assert "without an incident, minutes 42.0 to 45.0" in found


def test_one_that_is_not_true_for_long_enough_is_found():
    found, = problems([(10, 11), (13, 14)])
    assert found == "Wet: it does not fire when: flood; it fires in minutes never"


def test_one_that_misses_one_of_two_incidents_is_found():
    expected = {"incidents": {**HOUR["incidents"], "storm": [40, 50]},
                "alerts": {"Wet": {"flood": 5, "storm": 0}}}
    found, = problems([(10, 20)], expected)
    assert "it does not fire when: storm" in found


def test_one_without_an_incident_is_found():
    assert problems([(10, 20)], {"incidents": {}, "alerts": {}}) == [
        "Wet: it fires without an incident, minutes 12.0 to 20.0; it fires in minutes 12.0 to 20.0"]
    assert problems([], {"incidents": {}, "alerts": {}}) == [
        "Wet: it never fires; it fires in minutes never"]


def test_an_incident_that_no_alert_is_for_is_found():
    expected = {**HOUR, "incidents": {**HOUR["incidents"], "storm": [40, 50]}}
    assert problems([(10, 20)], expected) == ["no alert is for: storm"]
