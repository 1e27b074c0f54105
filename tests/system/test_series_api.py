# SPDX-License-Identifier: Apache-2.0
"""DELETE /api/v1/series ends what a selector selects, and nothing else."""

import json
import urllib.parse

import harness

LIFECYCLE = "--web.enable-lifecycle"


def delete(udometer, *selectors):
    query = urllib.parse.urlencode([("match[]", text) for text in selectors])
    return udometer.get("/api/v1/series?" + query, method="DELETE")


def n_deleted(response):
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json"
    page = json.loads(response.body)
    assert page["status"] == "success" and "warnings" not in page
    return page["data"]["numDeleted"]


def error_of(response, status=400, kind="bad_data"):
    page = json.loads(response.body)
    assert (response.status, page["status"], page["errorType"]) == (status, "error", kind)
    return page["error"]


def test_ends_the_selected_series_alone(start):
    udometer = start(LIFECYCLE)
    udometer.send("a:1|c|#k:v\na:2|c|#k:w\na:3|c", "b:4|g|#k:v", "h:5|h|#k:v")
    udometer.settle()
    assert n_deleted(delete(udometer, 'a{k="v"}')) == 1
    scrape = udometer.scrape()
    assert scrape.get("a", k="v") is None and scrape.get("a", k="w") == 2
    assert n_deleted(delete(udometer, '{__name__=~"a|h",k!=""}', "b")) == 3
    scrape = udometer.scrape()
    assert scrape.get("a") == 3
    assert "# TYPE b " not in scrape.text and "# TYPE h " not in scrape.text
    assert n_deleted(delete(udometer, "b")) == 0


def test_what_is_sent_afterwards_begins_at_zero(start):
    udometer = start(LIFECYCLE)
    udometer.send("a:5|c")
    udometer.settle()
    assert n_deleted(delete(udometer, "a")) == 1
    udometer.send("a:2|c")
    assert udometer.settle().get("a") == 2


def test_memory_of_ended_series_comes_back(start):
    udometer = start(LIFECYCLE)
    udometer.send(*["n%d:1|c" % i for i in range(50)])
    assert udometer.settle().get("udometer_series_bytes") > 0
    assert n_deleted(delete(udometer, '{__name__=~"n.*"}')) == 50
    harness.wait_until(lambda: udometer.scrape().get("udometer_series_bytes") == 0,
                       "the memory to come back")


def test_its_own_metrics_cannot_be_ended(start):
    udometer = start(LIFECYCLE)
    assert n_deleted(delete(udometer, '{__name__=~"udometer_.+"}')) == 0
    assert udometer.scrape().get("udometer_series_bytes") == 0


def test_a_wrong_selector_ends_nothing(start):
    udometer = start(LIFECYCLE)
    udometer.send("a:5|c")
    udometer.settle()
    assert "no match[]" in error_of(delete(udometer))
    assert error_of(delete(udometer, "a", "b{c=d}")) == \
        'match[], byte 5 of b{c=d}: expected a value in quotes, such as "api"'
    assert "select all series" in error_of(delete(udometer, "{}"))
    assert "more than 16" in error_of(delete(udometer, *["a"] * 17))
    assert udometer.settle().get("a") == 5


def test_needs_the_flag(start):
    udometer = start()
    udometer.send("a:5|c")
    udometer.settle()
    assert "--web.enable-lifecycle" in error_of(delete(udometer, "a"), 403, "forbidden")
    assert udometer.get("/api/v1/series?match[]=a").status == 405
    assert udometer.settle().get("a") == 5


def test_many_series_are_ended_while_others_are_served(start):
    udometer = start(LIFECYCLE)
    for i in range(100):
        udometer.send("\n".join("many:1|c|#i:%d" % j for j in range(100 * i, 100 * i + 100)))
    udometer.send("few:1|c")
    udometer.settle()
    assert n_deleted(delete(udometer, 'many{i=~"[0-9]*[02468]"}')) == 5000
    assert n_deleted(delete(udometer, "many")) == 5000
    assert udometer.settle().get("few") == 1
