# SPDX-License-Identifier: Apache-2.0
"""Two senders use one name with two types: one wins, and the other one is reported. Two names
become one when they are escaped: that is reported, too.
"""

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
         "declared": False, "refused": 3},
        {"name": "jobs", "sent_as": "gauge", "held_by": "jobs", "held_as": "counter",
         "declared": False, "refused": 2},
        {"name": "jobs", "sent_as": "set", "held_by": "jobs", "held_as": "counter",
         "declared": False, "refused": 1}]
    assert scrape.refused("type_conflict") == 6
    assert scrape.get("jobs") == 1


def test_the_list_is_bounded(start):
    udometer = start()
    for i in range(200):
        udometer.send("n%d:1|c\nn%d:1|g" % (i, i))
    udometer.settle()
    assert len(conflicts(udometer)) == 64


def test_names_that_become_one_are_listed_with_their_spellings(start):
    udometer = start()
    udometer.send("a.b:1|c\na-b:2|c|#k:v\na_b:4|c\na.b:8|c", "c.d:1|c\nc.d:1|c|#k:v")
    udometer.settle()
    udometer.send("工作:1|g\n队列:2|g\nx[k=v].y:1|c\nx.y,k=w:1|c")
    scrape = udometer.settle()
    assert conflicts(udometer) == [
        {"name": "__", "spellings": ["工作", "队列"], "has_more": False},
        {"name": "a_b", "spellings": ["a.b", "a-b", "a_b"], "has_more": False}]
    assert scrape.get("a_b") == 13 and scrape.get("__") == 2
    assert "# HELP a_b Sent as a.b, and in other spellings.\n" in scrape.text
    assert "# HELP c_d Sent as c.d.\n" in scrape.text


def test_a_conflict_of_types_tells_the_spellings(start):
    udometer = start()
    udometer.send("jobs.done:1|c", "jobs_done:1|g")
    udometer.settle()
    assert conflicts(udometer) == [
        {"name": "jobs_done", "sent_as": "gauge", "held_by": "jobs_done", "held_as": "counter",
         "declared": False, "refused": 1},
        {"name": "jobs_done", "spellings": ["jobs.done", "jobs_done"], "has_more": False}]


def test_the_list_of_spellings_is_bounded(start):
    udometer = start()
    for i in range(200):
        udometer.send("".join("n%d%sx:1|c\n" % (i, character) for character in ".-+/!*"))
    udometer.settle()
    found = conflicts(udometer)
    assert len(found) == 64
    for alias in found:
        assert len(alias["spellings"]) == 4 and alias["has_more"]


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
