# SPDX-License-Identifier: Apache-2.0
"""Checks: what is true of every example. test_SYSTEM.py makes its tests of these classes:

    class TestFiles(checks.Files):
        system = "palingenesis"

    class TestFlags(checks.Flags):
        system = "palingenesis"

    class TestKilled(checks.Killed):
        system = "palingenesis"

    class TestRun(checks.Run):
        system = "palingenesis"

Files and Flags need no more than a second or two and are part of `make test`. Run starts
everything, and an hour of the system passes in half a minute; its figures are printed at the end,
and `make test-examples` shows them.
"""

import contextlib
import math
import os
import pathlib
import re
import socket
import subprocess
import time

import pytest
import yaml

import check_dashboards
import incidents
import promql
from children import clean_environment
from example import EXAMPLES, Example, destination, working
from exposition import Page
from harness import DEADLINE, SLOWNESS, Udometer, promtool_check, run, wait_until
from hour import Hour
from prometheus import running

SOON_S = 1 * SLOWNESS
# At 120 times the speed, half a second is a minute.
LATE_S = 0.5
# TTLs of minutes are as short as they can be then, and one of a day is longer than these.
FASTEST = 6000
HOURS_MAX = 3
LINK = re.compile(r"\[[^]]*\]\(([^)#]+)")


def text_of(name, labels):
    """A series as /metrics has it, with its labels sorted by name."""
    def escape(value):
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    inside = ",".join('%s="%s"' % (k, escape(v)) for k, v in sorted(dict(labels).items()))
    return name + ("{%s}" % inside if inside else "")


def own_families(page):
    """
    The names of what udometer tells of itself on this page. process_… is the bot's, if udometer's
    metrics are on another page.
    """
    if not any(name.startswith("udometer_") for name in page.families):
        return set()
    return {name for name in page.families if name.startswith(("udometer_", "process_"))}


def series_of(page):
    """Each sample of the bot's metrics on a page, by its text."""
    own = {name for family in own_families(page) for name, _ in page.families[family].samples}
    return {text_of(name, labels): value for (name, labels), value in page.samples.items()
            if name not in own}


def promtool(*words, folder):
    done = subprocess.run(["promtool", *words], cwd=folder, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_metric(metric, page):
    """A metric of expected/SYSTEM.json is on the page, as it is described there."""
    family = page.families.get(metric["name"])
    assert family is not None, metric["name"] + " is missing"
    assert family.type == metric["type"], metric["name"]
    assert family.help == metric["help"], metric["name"]
    bounds = {}
    for name, pairs in family.samples:
        labels = dict(pairs)
        le = labels.pop("le", None)
        assert sorted(labels) == sorted(metric["labels"]), text_of(name, pairs)
        if le is not None:
            bounds.setdefault(frozenset(labels.items()), []).append(float(le))
    for got in bounds.values():
        assert sorted(got) == [*map(float, metric["buckets"]), math.inf], metric["name"]


def initial_series(metric):
    """The series of a metric that are there from the start, all of them zero."""
    for labels in metric.get("initial", []):
        if metric["type"] != "histogram":
            yield text_of(metric["name"], labels)
            continue
        for bound in [*metric["buckets"], "+Inf"]:
            le = bound if isinstance(bound, str) else "%g" % bound
            yield text_of(metric["name"] + "_bucket", {**labels, "le": le})
        for suffix in ("_sum", "_count"):
            yield text_of(metric["name"] + suffix, labels)


class Base:
    system = None

    @classmethod
    def needs_languages(cls):
        return any((EXAMPLES / cls.system / name).exists() for name in ("bot.go", "bot.js"))

    @pytest.fixture(scope="class")
    def example(self):
        return Example(self.system)


class Files(Base):
    """The files of an example, without its bot's work."""

    def test_udometer_accepts_the_config(self, example):
        done = run("--config.file=%s" % example.config, "--check-config")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in done.stderr, done.stderr

    def test_promtool_accepts_the_rules_and_the_config(self, example):
        assert "SUCCESS" in promtool("check", "rules", "alerts.yml", folder=example.folder)
        promtool("check", "config", "prometheus.yml", folder=example.folder)

    def test_each_alert_is_tested(self, example):
        """By promtool: each fires in one of its unit tests, and not in another."""
        assert "SUCCESS" in promtool("test", "rules", "alerts_test.yml", folder=example.folder)
        tests = yaml.safe_load(example.read("alerts_test.yml"))
        fired, not_fired = set(), set()
        for test in tests["tests"]:
            for case in test.get("alert_rule_test", []):
                (fired if case.get("exp_alerts") else not_fired).add(case["alertname"])
        alerts = {name for name, _ in promql.of_rules(yaml.safe_load(example.read("alerts.yml")))}
        assert alerts and alerts - fired == set(), "no test in which these fire"
        assert alerts - not_fired == set(), "no test in which these do not fire"

    def test_prometheus_scrapes_the_port_and_path_of_udometer(self, example):
        path, port = example.expected["path"], example.expected["port"]
        printed = run("--config.file=%s" % example.config, "--print-config").stdout
        assert re.search(r"^web\.telemetry-path: %s\s" % re.escape(path), printed, re.M), printed
        assert re.search(r"^web\.listen-address: \S*:%d\s" % port, printed, re.M), printed
        jobs = yaml.safe_load(example.read("prometheus.yml"))["scrape_configs"]
        assert path in [job.get("metrics_path", "/metrics") for job in jobs]
        for job in jobs:
            for group in job["static_configs"]:
                assert [target.rsplit(":", 1)[1] for target in group["targets"]] == [str(port)]

    def test_dashboards_are_as_the_document_states(self, example):
        problems = check_dashboards.problems_of(example.folder / "grafana", example.expected)
        assert problems == []

    def test_the_readme_names_files_that_exist(self, example):
        text = example.read("README.md")
        assert "make example-" + self.system in text
        for match in LINK.finditer(text):
            if "://" not in match[1]:
                assert (example.folder / match[1]).exists(), match[1]
        for picture in sorted((example.folder / "grafana").glob("*.json")):
            assert "pictures/%s.png" % picture.stem in text, picture.stem

    def test_each_dashboard_has_a_picture(self, example):
        for name in example.dashboards():
            picture = example.folder / "pictures" / (pathlib.Path(name).stem + ".png")
            assert 5_000 < picture.stat().st_size <= 150_000, picture.name

    def test_a_bot_that_is_not_switched_on_sends_nothing(self, example, tmp_path):
        """Neither without a word about metrics, nor with the word that means off."""
        command = example.bot_command()
        for flags in {}, {"metrics": "off"}:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
                server.bind(("127.0.0.1", 0))
                words = {"duration": 120, "speed": 120, "metrics": None, **flags}
                with working(tmp_path, command, server.getsockname(), **words) as bot:
                    bot.wait(DEADLINE)
                server.setblocking(False)
                with pytest.raises(BlockingIOError):
                    server.recv(1)
            assert bot.totals()["series"] is not None

    def test_initial_series_are_there_before_the_bot(self, example, tmp_path):
        with running(Udometer(str(tmp_path), "--config.file=%s" % example.config,
                              "--statsd.listen-udp=127.0.0.1:0",
                              "--web.listen-address=127.0.0.1:0")) as udometer:
            expected = {text: 0 for metric in example.expected["metrics"]
                        for text in initial_series(metric)}
            body = udometer.metrics(example.expected["path"])
        assert (series_of(Page(body)) if body else {}) == expected


class Flags(Base):
    """The bot's command line."""

    @pytest.mark.parametrize("flag", ["--seed=x", "--speed=0", "--speed=fast", "--duration=-1",
                                      "--metrics=maybe"])
    def test_the_bot_refuses_a_wrong_value(self, example, tmp_path, flag):
        """And says where it stands."""
        done = subprocess.run([*example.bot_command(), "--duration=1", "--speed=100", flag],
                              cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=DEADLINE,
                              env=clean_environment(destination("127.0.0.1", 9)))
        assert done.returncode == 2, done.stderr
        name, value = flag.split("=")
        assert name in done.stderr and value in done.stderr and "Traceback" not in done.stderr


@pytest.mark.long
class Killed(Base):
    """A bot that is killed in the middle of its work."""

    def test_its_gauges_vanish(self, example, tmp_path):
        """Or are 0, if they were from the start. What was counted stays."""
        metrics = example.expected["metrics"]
        names = {metric["name"] for metric in metrics if metric["type"] == "gauge"}
        before = {text: 0 for metric in metrics if metric["type"] == "gauge"
                  for text in initial_series(metric)}
        config = example.config_for(tmp_path, FASTEST)
        with running(Udometer(str(tmp_path), "--config.file=%s" % config,
                              "--statsd.listen-udp=127.0.0.1:0",
                              "--web.listen-address=127.0.0.1:0")) as udometer:
            def page():
                return Page(udometer.metrics(example.expected["path"]))

            def shown():
                return {text_of(name, labels): value
                        for (name, labels), value in page().samples.items() if name in names}

            def has_counted():
                return any(value for metric in metrics if metric["type"] == "counter"
                           for _, value in page().named(metric["name"]))

            def lives():
                return names <= set(page().families) and any(shown().values()) and has_counted()

            assert shown() == before
            with working(tmp_path, example.bot_command(), udometer.udp[0], speed=120) as bot:
                wait_until(lives, lambda: "only these: %s" % shown(), DEADLINE)
                bot.process.kill()
                bot.process.wait()
            wait_until(lambda: shown() == before, lambda: "still there: %s" % shown(), DEADLINE)
            assert has_counted()


@pytest.mark.long
class Run(Base):
    """An hour of the system at high speed, scraped by a real Prometheus."""

    duration = 3600
    speed = 120

    @pytest.fixture(scope="class")
    def hour(self, example, tmp_path_factory):
        """
        If others have kept this machine so busy that pages were read late, what has happened when
        cannot be told; then the hour is begun anew.
        """
        for number in range(HOURS_MAX):
            with contextlib.ExitStack() as stack:
                hour = Hour(stack, example, tmp_path_factory.mktemp(self.system), self.duration,
                            self.speed)
                if hour.recorder.late_s > LATE_S and number < HOURS_MAX - 1:
                    continue
                yield hour
                hour.figures["a page is read late by"] = "%.2f s" % hour.recorder.late_s
                for name, figure in hour.figures.items():
                    print("%s: %s: %s" % (self.system, name, figure))
                return

    @pytest.fixture(scope="class")
    def hour_of_life(self, hour):
        return hour.start_history()

    def test_nothing_is_refused_or_lost(self, hour):
        for name in "udometer_refused_total", "udometer_kernel_drops_total":
            counts = {text_of(name, labels): value for labels, value in hour.own.named(name)
                      if value}
            assert counts == {}

    def test_every_metric_is_there_as_described(self, example, hour):
        for metric in example.expected["metrics"]:
            check_metric(metric, hour.page)
        names = {metric["name"] for metric in example.expected["metrics"]}
        others = set(hour.page.families) - own_families(hour.page) - names
        assert others == set(), "expected/%s.json does not have these" % self.system

    def test_the_page_has_exactly_the_totals_of_the_bot(self, example, hour):
        expected = {text: 0 for metric in example.expected["metrics"]
                    for text in initial_series(metric)}
        expected.update(hour.totals["series"])
        got = series_of(hour.page)
        wrong = {text: (value, got.get(text)) for text, value in expected.items()
                 if got.get(text) != value}
        assert wrong == {}, "the bot's total, and the page's"
        assert set(got) - set(expected) == set(), "the bot knows nothing of these"

    def test_vanished_series_are_gone(self, hour):
        """At the end of the hour, or soon after, when they expire."""
        absent = set(hour.totals["absent"])
        wait_until(lambda: not absent & set(series_of(hour.read_page())),
                   lambda: "still there: %s" % (absent & set(series_of(hour.read_page()))))

    def test_promtool_accepts_the_page(self, hour, example):
        status, output = promtool_check(hour.page)
        lint = [line for line in output.splitlines()
                if not any(known in line for known in example.expected.get("lint", []))]
        assert status in (0, 3) and lint == [], output

    def test_every_expression_gives_data(self, example, hour):
        """
        At some moment of the run. An alert may be true for less than two minutes, which pass
        between two scrapes of it: then it must be accepted here, and the test below decides.
        """
        expressions = list(example.expressions())
        empty = [(where, text) for where, text in expressions
                 if not hour.has_data(text) and not where.startswith("alerts.yml")]
        assert expressions and empty == []

    def test_each_alert_fires_in_its_incidents_only(self, example, hour_of_life):
        """In the system's own time: in the minutes that expected/SYSTEM.json names, and then only.
        """
        prometheus, (begin, end, step_s) = hour_of_life

        def ask(text):
            # The first page is there after one step; before it, everything is absent.
            matrix = prometheus.range(text, begin + step_s, end, step_s)
            return [[(moment - begin, value) for moment, value in series["values"]]
                    for series in matrix], step_s

        rules = yaml.safe_load(example.read("alerts.yml"))
        assert incidents.problems_of_alerts(rules, example.expected, ask) == []

    def test_no_panel_is_empty(self, example, hour, hour_of_life):
        """Draws the pictures, and replaces those of the example if EXAMPLE_PICTURES is set."""
        import render  # needs matplotlib, which the tests of files do without

        prometheus, span = hour_of_life
        folder = hour.directory / "pictures"
        if "EXAMPLE_PICTURES" in os.environ:
            folder = example.folder / "pictures"
        folder.mkdir(exist_ok=True)
        paths = sorted((example.folder / "grafana").glob("*.json"))
        assert render.render(paths, prometheus, folder, span) == []

    def test_prometheus_could_read_every_scrape(self, hour):
        assert hour.prometheus.number("min(min_over_time(up[1h]))") == 1

    def test_a_sample_is_in_a_scrape_within_a_second(self, example, hour):
        metric = next(m for m in example.expected["metrics"] if m["type"] == "counter")
        labels = next(labels for labels, _ in hour.page.named(metric["name"]))
        line = "%s:1|c" % metric["name"]
        if labels:
            line += "|#" + ",".join("%s:%s" % pair for pair in labels.items())
        slowest = 0
        for _ in range(20):
            before = hour.read_page().get(metric["name"], **labels) or 0
            began = time.monotonic()
            hour.udometer.send(line)
            wait_until(lambda: hour.read_page().get(metric["name"], **labels) == before + 1,
                       "the sample is on the page")
            slowest = max(slowest, time.monotonic() - began)
        hour.figures["from a sample to a scrape"] = "%.0f ms" % (slowest * 1000)
        assert slowest <= SOON_S

    def test_it_costs_little(self, hour):
        """
        At the speed of life, with a scrape each second; and of the bot, what sending costs it. In
        an hour as many events happen at any speed, so their cost is divided by an hour.
        """
        silent = hour.start_bot("silent", duration=self.duration, speed=self.speed * 2,
                                metrics="off")
        live = hour.start_bot("live", duration=10, speed=1)
        began, used_s = time.monotonic(), hour.cpu_s()
        live.wait(10 + DEADLINE)
        share = (hour.cpu_s() - used_s) / (time.monotonic() - began)
        silent.wait(self.duration / self.speed + DEADLINE)
        loss = (hour.bot_cpu_s - silent.cpu_s) / self.duration
        hour.figures.update({
            "memory of udometer": "%.1f MB" % hour.memory_mb(),
            "processor of udometer": "%.2f %% of a core" % (share * 100),
            "samples of the hour": hour.totals["info"]["samples_sent"],
            "bot's loop": "%.3f %%" % (loss * 100)})
        assert hour.memory_mb() < 50 * SLOWNESS
        assert share < 0.01 * SLOWNESS
        assert loss < 0.001 * SLOWNESS
