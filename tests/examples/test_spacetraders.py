# SPDX-License-Identifier: Apache-2.0
"""docs/examples/spacetraders, and what its plan promises besides metrics."""

import os
import signal
import socket
import subprocess

import pytest
import yaml

import checks
from children import clean_environment
from example import destination
from harness import DEADLINE, wait_until

# "Safe: < 100,000 total time series."
SERIES_SAFE = 100_000


def limits(config):
    """The maximum number of series of each metric."""
    for group in yaml.safe_load(config)["metrics"]:
        for metric in group["metrics"]:
            metric = {**group.get("defaults", {}), **metric}
            yield "%s_%s_%s" % (group["namespace"], group["subsystem"],
                                metric["name"]), metric["max_series"]


def samples(metric):
    """The number of samples of one series on a page."""
    return len(metric["buckets"]) + 3 if metric["type"] == "histogram" else 1


def start(example, address, *words, **variables):
    return subprocess.Popen(
        [*example.bot_command(), *words], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=clean_environment({**destination(*address), **variables}))


class TestFiles(checks.Files):
    system = "spacetraders"

    def test_the_limits_together_are_what_the_plan_calls_safe(self, example):
        most = dict(limits(example.read("udometer.yml")))
        # One more for the overflow series of each.
        total = sum((most[metric["name"]] + 1) * samples(metric)
                    for metric in example.expected["metrics"])
        assert 50_000 < total < SERIES_SAFE

    @pytest.mark.parametrize("words, variables, is_on", [
        ([], {}, False),
        ([], {"ST_METRICS_ENABLED": "false"}, False),
        ([], {"ST_METRICS_ENABLED": "true"}, True),
        (["--metrics=off"], {"ST_METRICS_ENABLED": "true"}, False),
        (["--metrics=on"], {}, True)])
    def test_only_who_switches_metrics_on_sends_any(self, example, words, variables, is_on):
        """If they are off, the bot does not even have a socket."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            server.settimeout(DEADLINE)
            bot = start(example, server.getsockname(), "--speed=120", *words, **variables)
            try:
                if is_on:
                    assert server.recv(65536).startswith(b"spacetraders_daemon_")
                sockets = []
                wait_until(lambda: bot.poll() is None and "bot" in os.readlink(
                    "/proc/%d/exe" % bot.pid), "the bot runs")
                bot.send_signal(signal.SIGSTOP)
                for entry in os.scandir("/proc/%d/fd" % bot.pid):
                    if os.readlink(entry.path).startswith("socket:"):
                        sockets.append(entry.name)
                bot.send_signal(signal.SIGCONT)
                assert (sockets != []) == is_on
            finally:
                bot.kill()
                bot.wait()
            server.setblocking(False)
            if not is_on:
                with pytest.raises(BlockingIOError):
                    server.recv(1)

    def test_namespace_and_subsystem_are_those_of_the_environment(self, example):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            server.settimeout(DEADLINE)
            bot = start(example, server.getsockname(), ST_METRICS_ENABLED="true",
                        ST_METRICS_NAMESPACE="mine", ST_METRICS_SUBSYSTEM="bot")
            try:
                assert server.recv(65536).startswith(b"mine_bot_")
            finally:
                bot.kill()
                bot.wait()

    def test_a_wrong_value_of_a_variable_is_named(self, example):
        done = subprocess.run(example.bot_command(), capture_output=True, text=True,
                              env=clean_environment({"ST_METRICS_SHIP_POLL_INTERVAL": "soon"}))
        assert done.returncode == 2 and "ST_METRICS_SHIP_POLL_INTERVAL=soon" in done.stderr


class TestFlags(checks.Flags):
    system = "spacetraders"


class TestKilled(checks.Killed):
    system = "spacetraders"


class TestRun(checks.Run):
    system = "spacetraders"
