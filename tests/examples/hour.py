# SPDX-License-Identifier: Apache-2.0
"""Hour: one run of an example, and what it left.

It is udometer with the example's udometer.yml, its bot at high speed, and a Prometheus with its
prometheus.yml, all on free ports of this machine.
"""

import pathlib
import re
import time

import history
import promql
from example import Bot
from exposition import Page, own_metrics
from harness import DEADLINE, Udometer, wait_until
from prometheus import running, scraping


def numbers_of(matrix):
    return [float(value) for series in matrix for _, value in series["values"] if value != "NaN"]


class Hour:
    """A run, which ends with @stack. The bot has ended; udometer and Prometheus still run."""

    def __init__(self, stack, example, directory, duration, speed):
        self.example = example
        self.duration, self.speed = duration, speed
        self.stack = stack
        self.directory = directory
        self.command = example.bot_command()
        self.figures = {}
        self.start()
        self.live()

    def start(self):
        config = self.example.config_for(self.directory, self.speed)
        self.self_path = self.example.self_metrics_path(config)
        self.udometer = self.stack.enter_context(running(
            Udometer(str(self.directory), "--config.file=%s" % config,
                     "--statsd.listen-udp=127.0.0.1:0", "--web.listen-address=127.0.0.1:0")))
        folder = self.directory / "prometheus"
        folder.mkdir()
        self.prometheus = self.stack.enter_context(scraping(
            folder, self.example.prometheus_for(*self.udometer.http),
            self.example.read("alerts.yml")))
        wait_until(self.prometheus.is_ready, "Prometheus is ready", DEADLINE)
        wait_until(lambda: self.prometheus.number("min(up)") == 1, "the first scrape")

    def live(self):
        """Let the bot live for an hour of its time."""
        self.began = time.time()
        self.recorder = history.Recorder(self.udometer, self.example.jobs(), self.self_path,
                                         self.duration, self.speed)
        self.stack.callback(self.recorder.stop)
        bot = self.start_bot("hour", duration=self.duration, speed=self.speed)
        bot.wait(self.duration / self.speed + DEADLINE)
        self.recorder.finish()
        self.bot_cpu_s = bot.cpu_s
        self.totals = bot.totals()
        self.wait_for_samples(self.totals["info"])
        self.page = self.read_page()
        self.own = self.read_own()
        moment = time.time()
        wait_until(lambda: self.prometheus.number("min(timestamp(up))") > moment, "a last scrape")
        self.ended = time.time()

    def start_bot(self, name, **flags):
        folder = self.directory / name
        folder.mkdir()
        bot = Bot(folder, self.command, self.udometer.udp[0], **flags)
        self.stack.callback(bot.stop)
        return bot

    def read_page(self):
        return Page(self.udometer.metrics(self.example.expected["path"]))

    def read_own(self):
        return own_metrics(self.udometer.metrics(self.self_path))

    def wait_for_samples(self, info):
        """
        Wait until as much has been seen to as the bot says it has sent: samples, or datagrams if
        its client merges samples.
        """
        def seen():
            own = self.read_own()
            if "datagrams_sent" in info:
                return own.value("udometer_datagrams_total")
            return own.value("udometer_lines_total") + own.value("udometer_packed_samples_total")

        expected = info.get("datagrams_sent", info["samples_sent"])
        wait_until(lambda: seen() == expected,
                   lambda: "%d have come, not the %d sent" % (seen(), expected), 10)

    def cpu_s(self):
        """The processor time of all its threads, to the microsecond; /proc/PID/stat has ticks."""
        paths = pathlib.Path("/proc/%d/task" % self.udometer.pid).glob("*/schedstat")
        total = sum(int(path.read_text().split()[0]) for path in paths) / 1e9
        assert total, "this kernel does not tell"
        return total

    def memory_mb(self):
        """The most that it has had."""
        status = pathlib.Path("/proc/%d/status" % self.udometer.pid).read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024 / 1e6

    def has_data(self, text):
        """Whether an expression gives a number at some moment of the run."""
        return numbers_of(self.prometheus.range(promql.for_speed(text, self.speed), self.began,
                                                self.ended, 1)) != []

    def start_history(self):
        """The Prometheus that has the hour in the system's own time, and the hour's span."""
        folder = self.directory / "history"
        folder.mkdir()
        begin, end = history.write_blocks(self.recorder, folder, "%s:%d" % self.udometer.http)
        started = self.stack.enter_context(scraping(
            folder, history.config(self.recorder), flags=history.flags(self.recorder)))
        wait_until(started.is_ready, "the second Prometheus is ready", DEADLINE)
        return started, (begin, end, self.recorder.interval_s)
