# SPDX-License-Identifier: Apache-2.0
"""Two senders use one name with two types: one wins, and the other one is reported."""

import json


def conflicts(udometer):
    response = udometer.get("/api/v1/conflicts")
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json"
    page = json.loads(response.body)
    assert page["status"] == "success"
    return page["data"]


def test_no_conflicts_is_an_empty_list(start):
    assert conflicts(start()) == []


def test_losers_are_listed_the_most_refused_first(start):
    udometer = start()
    udometer.send("jobs:1|c", "size:1|h")
    udometer.settle()
    udometer.send("jobs:1|g\njobs:2|g\njobs:3|s\nsize_count:1|c\nsize_count:2|c\nsize_count:3|c")
    scrape = udometer.settle()
    assert conflicts(udometer) == [
        {"name": "size_count", "sent_as": "counter", "held_by": "size", "held_as": "histogram",
         "refused": 3},
        {"name": "jobs", "sent_as": "gauge", "held_by": "jobs", "held_as": "counter", "refused": 2},
        {"name": "jobs", "sent_as": "set", "held_by": "jobs", "held_as": "counter", "refused": 1}]
    assert scrape.refused("type_conflict") == 6
    assert scrape.get("jobs") == 1


def test_the_list_is_bounded(start):
    udometer = start()
    for i in range(200):
        udometer.send("n%d:1|c\nn%d:1|g" % (i, i))
    udometer.settle()
    assert len(conflicts(udometer)) == 64


def test_the_name_is_free_when_its_last_series_has_ended(start):
    udometer = start()
    udometer.send("jobs:1|c\njobs:1|c|#k:v\njobs:1|x\njobs:5|g")
    assert udometer.settle().get("jobs") == 5
    assert conflicts(udometer) == []


def test_the_log_names_the_loser_but_not_each_time(start):
    udometer = start()
    udometer.send("jobs:1|c")
    for _ in range(50):
        udometer.send("jobs:1|g")
        udometer.settle()
    udometer.stop()
    lines = [record for record in udometer.log() if "type conflict" in record.get("msg", "")]
    # At most one for each worker that received some.
    assert 1 <= len(lines) <= 2
    assert lines[0]["name"] == "jobs" and lines[0]["held_as"] == "counter"
    assert lines[0]["sent_as"] == "gauge"
