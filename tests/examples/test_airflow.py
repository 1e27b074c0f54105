# SPDX-License-Identifier: Apache-2.0
"""Apache Airflow: an hour as of every system, and a week's churn of task ids in a minute."""

import collections
import os
import re
import time

import pytest

import checks
from example import Example, working
from exposition import Page
from harness import DEADLINE, Udometer, wait_until
from prometheus import running

WEEK_S = 7 * 86400
PAGE_MAX = 1_000_000
MEMORY_MAX_MB = 50
GROWTH_MAX_MB = 2
OF_TASKS = ("airflow_ti_started_total", "airflow_ti_finished_total",
            "airflow_task_duration_seconds_count", "airflow_task_duration_seconds_sum")
NAME = re.compile(r"^(\w+)")


class TestFiles(checks.Files):
    system = "airflow"


class TestFlags(checks.Flags):
    system = "airflow"


class TestKilled(checks.Killed):
    system = "airflow"


class TestRun(checks.Run):
    system = "airflow"


def memory_mb(udometer):
    with open("/proc/%d/status" % udometer.pid, encoding="utf-8") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) * 1024 / 1e6


def has_ended(bot):
    """Whether its process has ended; wait() still finds it."""
    return os.waitid(os.P_PID, bot.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def start(tmp_path, config):
    return running(Udometer(str(tmp_path), "--config.file=%s" % config,
                            "--statsd.listen-udp=127.0.0.1:0", "--web.listen-address=127.0.0.1:0"))


class Week:
    """Seven days of Airflow in a minute: the size of the page meanwhile, and of the memory."""

    def __init__(self, tmp_path):
        example = Example("airflow")
        self.sizes, self.memory = [], []
        with start(tmp_path, example.config) as udometer:
            with working(tmp_path, example.bot_command(), udometer.udp[0], duration=WEEK_S,
                         speed=WEEK_S / 60) as bot:
                began = time.monotonic()
                while not has_ended(bot):
                    self.sizes.append(len(udometer.metrics()))
                    self.memory.append(memory_mb(udometer))
                    time.sleep(0.5)
                self.took_s = time.monotonic() - began
                bot.wait(DEADLINE)
            self.totals = bot.totals()
            wait_until(lambda: self.count(udometer) == self.totals["info"]["samples_sent"],
                       lambda: "%d of %d are known" % (self.count(udometer),
                                                       self.totals["info"]["samples_sent"]))
            self.page = udometer.scrape()

    def count(self, udometer):
        """
        The lines that have come, and those that the kernel has dropped because all processors were
        busy: python3-statsd sends each in a datagram of its own.
        """
        own = udometer.own_metrics()
        self.n_dropped = sum(n for _, n in own.named("udometer_kernel_drops_total"))
        return own.value("udometer_lines_total") + self.n_dropped


@pytest.mark.long
class TestWeek:
    """With the config as it is: a minute is too short for any TTL, so only limits help."""

    @pytest.fixture(scope="class")
    def week(self, tmp_path_factory):
        week = Week(tmp_path_factory.mktemp("week"))
        yield week
        info = week.totals["info"]
        print("airflow: a week's %d task ids in %d s: %d samples, %d of them dropped by the kernel,"
              " page up to %d kB, memory up to %.1f MB" % (
                  info["task_ids"], week.took_s, info["samples_sent"], week.n_dropped,
                  max(week.sizes) / 1000, max(week.memory)))

    def test_it_has_a_week_s_ids(self, week):
        assert week.totals["info"]["task_ids"] > 30_000
        names = {NAME.match(name)[1] for name in week.totals["series"]}
        assert names >= set(OF_TASKS)

    def test_the_page_stays_under_a_megabyte(self, week):
        assert max(week.sizes) < PAGE_MAX

    def test_memory_stays_flat(self, week):
        third = len(week.memory) // 3
        assert max(week.memory) < MEMORY_MAX_MB
        assert max(week.memory[third:]) - max(week.memory[:third]) < GROWTH_MAX_MB

    def test_sums_over_all_tasks_are_exact(self, week):
        """With the overflow series, where all ids are that found no place of their own."""
        expected = collections.Counter()
        for name, value in week.totals["series"].items():
            expected[NAME.match(name)[1]] += value
        for name in OF_TASKS:
            got = sum(value for _, value in week.page.named(name))
            assert got == expected[name] or 0 <= expected[name] - got and week.n_dropped, name
            assert week.page.get(name, overflow="true") > 0, name

    def test_only_gauges_of_too_many_tasks_are_refused(self, week):
        """A gauge cannot overflow: the sum of several has no meaning."""
        refused = {labels["reason"] for labels, n in week.page.named("udometer_refused_total") if n}
        assert refused == {"series_limit"}


def series_of_tasks(page):
    return {(name, labels) for name, labels in page.samples if "task_id" in dict(labels)}


@pytest.mark.long
def test_finished_tasks_vanish(tmp_path):
    """A day in nine seconds, with TTLs of a second or two; and then nothing is left of its tasks.
    """
    config = tmp_path / "short.yml"
    text = Example("airflow").config.read_text("utf-8").replace("ttl: 90m", "ttl: 2s")
    config.write_text("statsd.unscraped-ttl: 0s\n" + text.replace("ttl: 5m", "ttl: 1s"), "utf-8")
    with start(tmp_path, config) as udometer:
        with working(tmp_path, Example("airflow").bot_command(), udometer.udp[0], duration=86400,
                     speed=WEEK_S / 60) as bot:
            wait_until(lambda: len(series_of_tasks(Page(udometer.metrics()))) > 500, "tasks run")
            bot.wait(DEADLINE)
        wait_until(lambda: not series_of_tasks(Page(udometer.metrics())), "all are gone")
        page = udometer.scrape()
        assert page.value("udometer_expired_series_total") > bot.totals()["info"]["task_ids"]
        # What is not of a single task is still there.
        for name in "airflow_ti_successes_total", "airflow_scheduler_heartbeat_total":
            assert page.value(name) > 0
        assert len(udometer.metrics()) < 100_000
