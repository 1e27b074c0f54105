# SPDX-License-Identifier: Apache-2.0
"""A reload puts a valid config in force without a gap, and an invalid one changes nothing."""

import http.client
import os
import signal
import time

import pytest

from configured import n_reloads, reload
from harness import wait_until

LIFECYCLE = "--web.enable-lifecycle"
JOBS = "metrics:\n- {name: jobs_total, type: counter, help: %s, initial: {kind: [%s]}}\n"
TIMES = "metrics:\n- {name: wait, type: histogram, help: %s, buckets: [%s]}\n"
MOVED = 'mapping:\n  mappings:\n  - {match: "app.*.*", name: %s, labels: {part: $1}}\n'


def test_a_known_line_follows_the_new_rules(configure):
    config = configure(MOVED % "old_total", "--workers=2")
    flows = [config.daemon.new_flow() for _ in range(8)]
    for flow in flows:
        config.daemon.send("app.web.hits:1|c", flow=flow)
    assert config.daemon.settle().value("old_total", part="web") == 8
    config.change(MOVED % "new_total")
    for flow in flows:
        config.daemon.send("app.web.hits:1|c", flow=flow)
    scrape = config.daemon.settle()
    assert scrape.value("old_total", part="web") == scrape.value("new_total", part="web") == 8


def test_without_a_file_names_mean_themselves_again(configure):
    config = configure(MOVED % "old_total")
    config.change("")
    config.daemon.send("app.web.hits:1|c")
    assert config.daemon.settle().value("app_web_hits") == 1


def test_values_stay_where_type_and_buckets_do(configure):
    config = configure(TIMES % ("Before", "1, 2"))
    config.daemon.send("wait:1500|ms", "other:1|c")
    config.daemon.settle()
    config.change(TIMES % ("After", "1, 2"))
    config.daemon.send("wait:500|ms", "other:1|c")
    scrape = config.daemon.settle()
    assert scrape.families["wait"].help == "After"
    assert scrape.value("wait_count") == scrape.value("other") == 2
    config.change(TIMES % ("After", "1, 3"))
    config.daemon.send("wait:500|ms", "other:1|c")
    scrape = config.daemon.settle()
    assert scrape.buckets("wait") == {1: 1, 3: 1, float("inf"): 1}
    assert scrape.value("other") == 3


def test_initial_series_follow(configure):
    config = configure(JOBS % ("Jobs", "mail, print"))
    config.daemon.send("jobs_total:2|c|#kind:print")
    config.daemon.settle()
    config.change(JOBS % ("Jobs", "fax, print"))
    scrape = config.daemon.scrape()
    assert scrape.named("jobs_total") == [({"kind": "fax"}, 0), ({"kind": "print"}, 2)]


@pytest.mark.parametrize("text,problem", [
    ("metrics:\n- {name: a_total, type: conter}\n", "2:25: type: conter: "),
    ("metrics: [", "2:1: "),
    ("statsd.ttl: soon\n", "1:13: statsd.ttl: soon: "),
], ids=["metric", "yaml", "setting"])
def test_an_invalid_config_changes_nothing(configure, text, problem):
    config = configure(MOVED % "old_total")
    config.daemon.send("app.web.hits:1|c")
    before = config.daemon.settle()
    config.change(text, "failure")
    config.daemon.send("app.web.hits:1|c", "app.db.hits:1|c")
    scrape = config.daemon.settle()
    assert scrape.value("old_total", part="web") == 2 and scrape.value("old_total", part="db") == 1
    assert scrape.value("udometer_config_last_reload_successful") == 0
    stamp = "udometer_config_last_reload_success_timestamp_seconds"
    assert scrape.value(stamp) == before.value(stamp)
    assert config.logged("a problem in the config")[0]["problem"].startswith(
        str(config.path) + ":" + problem)
    config.change(MOVED % "new_total")
    scrape = config.daemon.scrape()
    assert scrape.value("udometer_config_last_reload_successful") == 1
    assert before.value(stamp) < scrape.value(stamp) <= time.time()


def test_a_file_that_is_gone_changes_nothing(configure):
    config = configure(MOVED % "old_total")
    config.path.unlink()
    reload(config.daemon, "failure")
    config.daemon.send("app.web.hits:1|c")
    assert config.daemon.settle().value("old_total", part="web") == 1


def test_a_mapping_file_of_a_flag_is_read_again(start, tmp_path):
    path = tmp_path / "mapping.yml"
    path.write_text("mappings: [{match: a.*, name: b}]\n")
    udometer = start("--statsd.mapping-config=" + str(path))
    path.write_text("mappings: [{match: a.*, name: c}]\n")
    reload(udometer)
    udometer.send("a.x:1|c")
    assert udometer.settle().value("c") == 1


def test_says_what_needs_a_restart(configure):
    config = configure("log.format: logfmt\nweb.enable-lifecycle: true\n")
    config.change("log.format: json\nlimit.connections: 5\nlimit.key-memory: 256MiB\n" +
                  MOVED % "new_total")
    config.daemon.send("app.web.hits:1|c")
    assert config.daemon.settle().value("new_total", part="web") == 1
    records = config.logged("settings of the config have changed that need a restart")
    assert [record["settings"] for record in records] == [
        "web.enable-lifecycle, limit.connections, log.format"]
    assert config.daemon.own_metrics().value("udometer_limit", limit="connections") == 1024


def test_ttls_follow(configure):
    config = configure("")
    config.daemon.send("hits_total:1|c", "depth:1|g", "stays:1|s")
    config.daemon.settle()
    config.change("statsd.unscraped-ttl: 0s\nstatsd.type-ttl: [counter=1s, gauge=1s]\n")
    wait_until(lambda: set(config.daemon.scrape().families) & {"hits_total", "depth", "stays"} ==
               {"stays"}, config.daemon.stderr)
    config.change("statsd.unscraped-ttl: 0s\nstatsd.ttl: 1s\n")
    wait_until(lambda: not config.daemon.scrape().named("stays"), config.daemon.stderr)


def send_series(config, n, name="jobs_total"):
    config.daemon.send(*["%s:1|c|#i:%d" % (name, i) for i in range(n)])
    return config.daemon.settle()


@pytest.mark.parametrize("limit", ["series", "family-series"])
def test_limits_follow_in_both_directions(configure, limit):
    text = "limit.%s: %%d\n" % limit
    config = configure(text % 5)
    assert len(send_series(config, 10).named("jobs_total")) == 6  # with the overflow series
    config.change(text % 20)
    scrape = send_series(config, 10)
    assert len(scrape.named("jobs_total")) == 11
    assert scrape.value("udometer_limit", limit=limit) == 20
    config.change(text % 3)
    scrape = send_series(config, 15)
    assert len(scrape.named("jobs_total")) == 11  # those that are there stay
    assert scrape.sum("jobs_total") == 35
    assert scrape.value("jobs_total", overflow="true") == 5 + 5
    assert scrape.value("udometer_limit", limit=limit) == 3


def test_a_limit_of_memory_follows(configure):
    config = configure("limit.series-memory: 1GiB\n")
    config.daemon.send("before:1|c")
    config.daemon.settle()
    config.change("limit.series-memory: 4KiB\n")
    config.daemon.send(*["after%d:1|c" % i for i in range(50)])
    scrape = config.daemon.settle()
    assert scrape.refused("series_limit") > 40 and scrape.value("before") == 1
    config.change("limit.series-memory: 1GiB\n")
    config.daemon.send("after49:1|c")
    assert config.daemon.settle().value("after49") == 1


def test_the_level_of_the_log_follows(configure):
    config = configure("")
    config.change("log.level: debug\n")
    for i in range(50):
        config.daemon.send("jobs%d:many|c" % i)
    config.daemon.settle()
    wait_until(lambda: len(config.logged("line refused")) == 50, config.daemon.stderr)
    config.change("log.level: warn\n")
    config.daemon.send("jobs:many|c", "jobs:1|c", "jobs:1|g")
    config.daemon.settle()
    assert config.logged("type conflict: samples are refused")
    assert len(config.logged("line refused")) == 50


def post(config, method="POST"):
    response = config.daemon.get("/-/reload", method=method)
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    return response.status, response.body.decode()


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_request_reloads_and_waits_for_the_outcome(configure, method):
    config = configure(MOVED % "old_total", LIFECYCLE)
    config.daemon.send("app.web.hits:1|c")
    config.daemon.settle()
    config.path.write_text(MOVED % "new_total")
    assert post(config, method) == (200, "The config is reloaded.\n")
    config.daemon.send("app.web.hits:1|c")
    scrape = config.daemon.settle()
    assert scrape.value("old_total", part="web") == scrape.value("new_total", part="web") == 1
    assert n_reloads(config.daemon) == {"success": 1, "failure": 0}


def test_a_request_gets_all_problems(configure):
    config = configure(MOVED % "old_total", LIFECYCLE)
    config.path.write_text("workers: many\nmetrics: [{type: counter}]\n")
    status, text = post(config)
    assert status == 500 and "stays in force" in text
    places = [line.split(": ")[0] for line in text.splitlines()[1:]]
    assert places == ["%s:%s" % (config.path, place) for place in ("1:10", "2:11")]
    assert n_reloads(config.daemon) == {"success": 0, "failure": 1}
    config.daemon.send("app.web.hits:1|c")
    assert config.daemon.settle().value("old_total", part="web") == 1


def test_a_request_gets_warnings_and_what_needs_a_restart(configure):
    config = configure(MOVED % "old_total", LIFECYCLE)
    config.path.write_text("workers: 7\nmapping:\n  mappings:\n")
    status, text = post(config)
    assert status == 200
    assert "need a restart: workers\n" in text and "udometer.yml:3:3: mappings: is empty" in text


def test_without_lifecycle_a_request_reloads_nothing(configure):
    config = configure(MOVED % "old_total")
    status, text = post(config)
    assert status == 403 and LIFECYCLE in text
    assert config.daemon.get("/-/reload").status == 405
    assert n_reloads(config.daemon) == {"success": 0, "failure": 0}


def begin_slow_reload(config):
    """Let a reload begin that reads from a pipe; returns the pipe's end to write to."""
    config.path.unlink()
    os.mkfifo(config.path)
    connection = config.daemon.connect_http()
    connection.request("POST", "/-/reload?a=%2541")

    def open_if_read():
        try:
            return os.open(config.path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # it has no reader yet
            return None

    return connection, wait_until(open_if_read, config.daemon.stderr)


def test_other_clients_need_not_wait_for_a_reload(configure, tmp_path):
    config = configure(MOVED % "old_total", LIFECYCLE)
    first, pipe = begin_slow_reload(config)
    later = [config.daemon.connect_http() for _ in range(3)]
    for connection in later:
        connection.request("POST", "/-/reload")
    config.daemon.send("app.web.hits:1|c")
    assert config.daemon.settle().value("old_total", part="web") == 1
    (tmp_path / "next.yml").write_text("metrics: [{name: 1}]\n")
    os.replace(tmp_path / "next.yml", config.path)
    os.write(pipe, (MOVED % "new_total").encode())
    os.close(pipe)
    assert first.getresponse().status in (200, 500)  # of its own, or of the next one
    assert [connection.getresponse().status for connection in later] == [500] * 3
    assert n_reloads(config.daemon)["success"] == 1
    config.daemon.send("app.web.hits:1|c")
    assert config.daemon.settle().value("new_total", part="web") == 1


def test_the_end_does_not_wait_for_a_reload(configure):
    config = configure(MOVED % "old_total", LIFECYCLE)
    connection, pipe = begin_slow_reload(config)
    config.daemon.stop()
    os.close(pipe)
    with pytest.raises((http.client.HTTPException, OSError)):
        connection.getresponse()


def wait_for_reloads(config, success, failure=0):
    wait_until(lambda: n_reloads(config.daemon) == {"success": success, "failure": failure},
               config.daemon.stderr)


def test_a_change_of_a_file_is_noticed(configure, tmp_path):
    (tmp_path / "conf.d").mkdir()
    config = configure("include: conf.d/*.yml\n", "--config.watch")
    (tmp_path / "conf.d" / "a.yml").write_text(MOVED % "old_total")
    wait_for_reloads(config, 1)
    (tmp_path / "conf.d" / "a.yml").write_text(MOVED % "new_total")
    wait_for_reloads(config, 2)
    (tmp_path / "conf.d" / "a.yml").write_text("metrics: [{name: 1}]\n")
    wait_for_reloads(config, 2, 1)
    config.daemon.send("app.web.hits:1|c")
    assert config.daemon.settle().value("new_total", part="web") == 1
    config.path.write_text("")
    wait_for_reloads(config, 3, 1)


def test_a_volume_of_kubernetes_is_noticed(start, tmp_path):
    """The file is a link into a folder, which is a link that is replaced."""
    for name, metric in (("..1", "old_total"), ("..2", "new_total")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "udometer.yml").write_text(MOVED % metric)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "udometer.yml").symlink_to("..data/udometer.yml")
    udometer = start("--config.watch", "--config.file=%s/udometer.yml" % tmp_path)
    (tmp_path / "..data_tmp").symlink_to("..2")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    wait_until(lambda: n_reloads(udometer)["success"] == 1, udometer.stderr)
    udometer.send("app.web.hits:1|c")
    assert udometer.settle().value("new_total", part="web") == 1


def test_a_slow_disk_keeps_nothing_waiting(configure):
    """The file is a pipe without a writer: all else goes on, and the end comes."""
    config = configure(MOVED % "old_total")
    config.path.unlink()
    os.mkfifo(config.path)
    config.daemon.send_signal(signal.SIGHUP)
    config.logged("reloading the config")
    config.daemon.send("app.web.hits:1|c")
    assert config.daemon.settle().value("old_total", part="web") == 1
    config.daemon.stop()


def test_reloads_at_the_end_do_no_harm(configure):
    config = configure(MOVED % "old_total")
    for i in range(200):
        config.daemon.send("app.web%d.hits:1|c" % i)
        config.daemon.send_signal(signal.SIGHUP)
    assert config.daemon.stop()["applied"] == "200"
