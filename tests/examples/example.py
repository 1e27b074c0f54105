# SPDX-License-Identifier: Apache-2.0
"""Example: a folder of docs/examples, and its bot.

This is for the tests and for run_example.py, which needs neither pytest nor what it brings.
"""

import contextlib
import fcntl
import json
import math
import os
import pathlib
import re
import subprocess
import time

import yaml

import promql
from children import clean_environment
from languages import GO_ENVIRONMENT, NODE_MODULES

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"
EXPECTED = pathlib.Path(__file__).resolve().parent / "expected"
# How long the bot may take to end.
SECONDS_TO_END = 30
BUILD = pathlib.Path(os.environ["UDOMETER_BUILD"])
# Of one metric or of all; or of a type, as in "type-ttl: [gauge=2m]".
TTL = re.compile(r"(\bttl:\s*|\b(?:counter|gauge|histogram|set)=)(%s)" % promql.DURATION)
# A TTL of a fast run is at least this long, or live series would expire on a busy machine.
SHORTEST_TTL_S = 3


def all_systems():
    return sorted(path.parent.name for path in EXAMPLES.glob("*/udometer.yml"))


class Example:
    def __init__(self, system):
        self.system = system
        self.folder = EXAMPLES / system
        self.expected = json.loads((EXPECTED / (system + ".json")).read_text("utf-8"))
        self.config = self.folder / "udometer.yml"

    def read(self, name):
        return (self.folder / name).read_text("utf-8")

    def dashboards(self):
        """Each dashboard by its file's name."""
        return {path.name: json.loads(path.read_text("utf-8"))
                for path in sorted((self.folder / "grafana").glob("*.json"))}

    def expressions(self):
        """Every expression of the example: where it stands, and its text."""
        for name, dashboard in self.dashboards().items():
            for title, text in promql.of_dashboard(dashboard):
                yield "grafana/%s, %s" % (name, title), text
            for title, text in promql.of_variables(dashboard):
                yield "grafana/%s, $%s" % (name, title), text
        for name, text in promql.of_rules(yaml.safe_load(self.read("alerts.yml"))):
            yield "alerts.yml, " + name, text
        for text in promql.of_list(self.read("queries.promql")):
            yield "queries.promql", text

    def config_for(self, directory, speed):
        """A copy of udometer.yml whose TTLs are shorter by this factor."""
        def shorter(match):
            seconds = promql.seconds_of(match[2])
            if seconds:
                seconds = max(SHORTEST_TTL_S, seconds / speed)
            return "%s%ds" % (match[1], math.ceil(seconds)) if seconds else match[0]

        copy = directory / "udometer.yml"
        copy.write_text(TTL.sub(shorter, self.config.read_text("utf-8")), "utf-8")
        return copy

    def prometheus_for(self, host, port):
        """The text of prometheus.yml for udometer's HTTP address, scraped each second."""
        config = yaml.safe_load(self.read("prometheus.yml"))
        config["global"] = {**config.get("global", {}), "scrape_interval": "1s",
                            "scrape_timeout": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = ["rules.yml"]
        config.pop("alerting", None)
        for job in config["scrape_configs"]:
            job.pop("scrape_interval", None)
            job.pop("scrape_timeout", None)
            for group in job["static_configs"]:
                group["targets"] = ["%s:%d" % (host, port)]
        return yaml.safe_dump(config)

    def self_metrics_path(self, config):
        """The page that has udometer's own metrics."""
        settings = yaml.safe_load(config.read_text("utf-8"))
        return settings.get("web", {}).get("self-metrics-path") or \
            settings.get("web.self-metrics-path") or self.expected["path"]

    def jobs(self):
        """What its prometheus.yml scrapes: names and paths."""
        return [(job["job_name"], job.get("metrics_path", "/metrics"))
                for job in yaml.safe_load(self.read("prometheus.yml"))["scrape_configs"]]

    # --- the bot ---

    def bot_command(self):
        """The command that starts the bot. One in Go is compiled first."""
        paths = {suffix: self.folder / ("bot" + suffix)
                 for suffix in (".c", ".sh", ".go", ".js", ".py")}
        suffix, = [suffix for suffix, path in paths.items() if path.exists()]
        path = str(paths[suffix])
        if suffix == ".c":
            return [str(BUILD / "docs" / "examples" / (self.system + "-bot"))]
        if suffix == ".go":
            program = BUILD / "docs" / "examples" / (self.system + "-bot")
            program.parent.mkdir(parents=True, exist_ok=True)
            with only_one(program.with_suffix(".lock")):
                subprocess.run(["go", "build", "-o", program, path], check=True, timeout=300,
                               env={**clean_environment(), **GO_ENVIRONMENT})
            return [str(program)]
        return {".sh": ["bash"], ".js": ["node"], ".py": ["/usr/bin/python3"]}[suffix] + [path]


@contextlib.contextmanager
def only_one(path):
    """
    One process at a time: of two that compile to one file, the second would write to what the first
    has begun to run. When it comes to its turn, there is nothing left to do.
    """
    with open(path, "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def destination(host, port):
    """The environment that tells every client where to send."""
    return {"UDOMETER_URL": "udp://%s:%d" % (host, port), "STATSD_HOST": host,
            "STATSD_PORT": str(port), "DD_AGENT_HOST": host, "DD_DOGSTATSD_PORT": str(port),
            "NODE_PATH": NODE_MODULES}


class Bot:
    """A bot that sends to an address; its output is in @directory."""

    def __init__(self, directory, command, address, **flags):
        self.totals_path = directory / "totals.json"
        self.output_path = directory / "bot.log"
        flags = {"seed": 1, "metrics": "on", "totals": self.totals_path, **flags}
        words = ["--%s=%s" % (name, value) for name, value in flags.items() if value is not None]
        with open(self.output_path, "wb") as output:
            self.process = subprocess.Popen(
                [*command, *words], cwd=directory, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, env=clean_environment(destination(*address)))
        self.cpu_s = None

    def wait(self, seconds):
        """Wait for its end, which must be orderly; sets cpu_s, with its own children."""
        end = time.monotonic() + seconds
        while True:
            pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                break
            assert time.monotonic() < end, "the bot still runs: " + self.output()
            time.sleep(0.005)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_s = usage.ru_utime + usage.ru_stime
        assert self.process.returncode == 0, "status %d: %s" % (
            self.process.returncode, self.output())

    def totals(self):
        return json.loads(self.totals_path.read_text("utf-8"))

    def output(self):
        return self.output_path.read_text("utf-8", "replace")

    def stop(self):
        if self.process.returncode is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(SECONDS_TO_END)
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def working(*words, **options):
    """A Bot that ends with the block."""
    bot = Bot(*words, **options)
    try:
        yield bot
    finally:
        bot.stop()
