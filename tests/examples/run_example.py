#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run an example on this machine: udometer, the bot, and Prometheus; `make example-SYSTEM` does it.

    run_example.py [--build=FOLDER] [--speed=FACTOR] [--wait=SECONDS] SYSTEM

All listen on loopback, at the ports that the example's files name unless these are taken. Ctrl-C
ends all of them, and so does whatever ends this program; what they have written is removed.
"""

import argparse
import ctypes
import difflib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "clients")]

PR_SET_PDEATHSIG = 1
# A few things happen in each second.
SPEED = 5
SECONDS_TO_START = 30
SECONDS_TO_END = 15
N_NUMBERS = 8
# Where Prometheus listens by default.
PROMETHEUS_PORT = 9090
LOG_LINES = 15


class Failure(Exception):
    """What went wrong, for the user."""


class TooLong(Failure):
    """What has not happened in time."""


def is_free(port, kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(wanted, kind, taken=()):
    """The wanted port, or the next one that is free."""
    for port in range(wanted, wanted + 1000):
        if port not in taken and is_free(port, kind):
            return port
    raise Failure("no port from %d to %d is free on 127.0.0.1" % (wanted, wanted + 999))


def end_with_parent():
    """In a child, before it becomes its program: it shall not outlive us, even if we are killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class Program:
    """A child in a group of its own, so that Ctrl-C reaches it only through us."""

    def __init__(self, name, directory, words, environment):
        self.name = name
        self.log = directory / (name + ".log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(words, cwd=directory, env=environment, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL,
                                            start_new_session=True, preexec_fn=end_with_parent)

    def check(self):
        """It still runs."""
        status = self.process.poll()
        if status is not None:
            lines = self.log.read_text("utf-8", "replace").splitlines()[-LOG_LINES:]
            raise Failure("%s has ended with status %d. Its last words:\n%s" % (
                self.name, status, "\n".join("    " + line for line in lines)))

    def ask_to_end(self):
        if self.process.poll() is None:
            self.process.terminate()

    def wait_for_end(self):
        try:
            self.process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Example:
    """One that runs, in a directory of its own."""

    def __init__(self, system, build, speed):
        from example import Example as Files

        self.build, self.speed = build, speed
        self.files = Files(system)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="udometer-example-"))
        self.programs = []

    def setting(self, name):
        """A setting of its udometer.yml, as udometer itself prints it."""
        done = subprocess.run([self.build / "src" / "udometer", "--config.file",
                               self.files.config, "--print-config"], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
        if done.returncode != 0:
            raise Failure(done.stderr)
        return re.search(r"^%s: (.*?)\s+#" % re.escape(name), done.stdout, re.M)[1].strip("[]")

    def start(self):
        self.choose_ports()
        self.start_program("udometer", [
            self.build / "src" / "udometer", "--config.file=%s" % self.files.config,
            "--statsd.listen-udp=127.0.0.1:%d" % self.udp,
            "--web.listen-address=127.0.0.1:%d" % self.http])
        self.wait_for("udometer", "http://127.0.0.1:%d/" % self.http)
        bot = self.files.bot_command()
        self.start_prometheus()
        self.wait_for("Prometheus", self.prometheus + "/-/ready")
        # So that it has seen the counters at zero.
        self.wait_until(lambda: self.query("min(up) > 0"), "Prometheus has not scraped udometer")
        self.start_program("bot", [*bot, "--metrics=on", "--speed=%g" % self.speed],
                           ("127.0.0.1", self.udp))

    def choose_ports(self):
        udp, http = [int(re.match(r"\S*?:(\d+)(?:,|\?|$)", self.setting(name))[1])
                     for name in ("statsd.listen-udp", "web.listen-address")]
        self.udp = free_port(udp, socket.SOCK_DGRAM)
        self.http = free_port(http, socket.SOCK_STREAM)
        port = free_port(PROMETHEUS_PORT, socket.SOCK_STREAM, {self.http, http})
        self.prometheus = "http://127.0.0.1:%d" % port
        for wanted, got in (udp, self.udp), (http, self.http):
            if wanted != got:
                print("Port %d is taken; using %d." % (wanted, got))

    def start_prometheus(self):
        (self.directory / "prometheus.yml").write_text(
            self.files.prometheus_for("127.0.0.1", self.http), "utf-8")
        shutil.copy(self.files.folder / "alerts.yml", self.directory / "rules.yml")
        self.start_program("prometheus", [
            "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data",
            "--web.listen-address=" + self.prometheus[len("http://"):]])

    def start_program(self, name, words, to=None):
        from children import clean_environment
        from example import destination

        environment = clean_environment(destination(*to) if to else None)
        self.programs.append(Program(name, self.directory, words, environment))

    def check(self):
        for program in self.programs:
            program.check()

    def wait_until(self, condition, problem, seconds=SECONDS_TO_START):
        end = time.monotonic() + seconds
        while not condition():
            self.check()
            if time.monotonic() > end:
                raise TooLong("%s for %g s" % (problem, seconds))
            time.sleep(0.05)

    def wait_for(self, name, url):
        def answers():
            try:
                with urllib.request.urlopen(url, timeout=5):
                    return True
            except OSError:
                return False

        self.wait_until(answers, "%s has not answered at %s" % (name, url))

    def end(self):
        """The bot first, so that nothing it sends is lost."""
        for program in reversed(self.programs):
            program.ask_to_end()
            program.wait_for_end()
        shutil.rmtree(self.directory, ignore_errors=True)

    # --- numbers ---

    def query(self, text):
        url = "%s/api/v1/query?%s" % (self.prometheus, urllib.parse.urlencode({"query": text}))
        with urllib.request.urlopen(url, timeout=10) as reply:
            return json.load(reply)["data"]["result"]

    def first_numbers(self):
        """Of each panel that shows a number, its title and what it shows now."""
        import promql
        import units

        shown = {}
        for dashboard in self.files.dashboards().values():
            values = promql.values_of_variables(dashboard)
            for panel in promql.panels_of(dashboard):
                if panel["type"] not in ("stat", "gauge"):
                    continue
                results = self.query(promql.with_variables(panel["targets"][0]["expr"], values))
                config = panel.get("fieldConfig", {}).get("defaults", {})
                numbers = [float(result["value"][1]) for result in results]
                if len(numbers) == 1 and numbers[0] == numbers[0] and panel["title"] not in shown:
                    shown[panel["title"]] = units.value_text(config, numbers[0])
        return list(shown.items())[:N_NUMBERS]

    def wait_for_numbers(self, seconds):
        """Wait until two scrapes have seen counters grow, so that rates have values."""
        seen = set()
        names = "{__name__=~'%s'}" % "|".join(m["name"] for m in self.files.expected["metrics"]
                                              if m["type"] == "counter")

        def has_grown_twice():
            seen.update(result["value"][1] for result in self.query("sum(%s) > 0" % names))
            return len(seen) >= 2

        self.wait_until(has_grown_twice, "Prometheus has not seen a counter grow twice",
                        seconds)


def print_places(example):
    path = example.setting("web.telemetry-path")
    print("""
%s is alive, at %g times the speed of life.

    samples     127.0.0.1:%d (UDP)
    metrics     http://127.0.0.1:%d%s
    Prometheus  %s/graph
    alerts      %s/alerts
    dashboards  %s, for Grafana's import
""" % (example.files.system, example.speed, example.udp, example.http, path, example.prometheus,
       example.prometheus, example.files.folder.relative_to(TESTS.parent) / "grafana"))


def live(example, wait_s):
    """Run it until somebody wants it to end."""
    example.start()
    print_places(example)
    sys.stdout.flush()
    try:
        example.wait_for_numbers(wait_s)
    except TooLong as problem:
        print("%s. What there is:" % problem)
    numbers = example.first_numbers()
    width = max(len(title) for title, _ in numbers) if numbers else 0
    for title, text in numbers:
        print("    %-*s  %s" % (width, title, text))
    print("\nCtrl-C ends it.")
    sys.stdout.flush()
    while True:
        example.check()
        time.sleep(0.2)


def check_name(parser, system):
    known = sorted(path.parent.name for path in
                   (TESTS.parent / "docs" / "examples").glob("*/udometer.yml"))
    if system not in known:
        near = difflib.get_close_matches(system, known, 1)
        parser.error("%s: there is no such example; %s" % (
            system, "did you mean %s?" % near[0] if near else "there are " + ", ".join(known)))


def above_zero(text):
    """A number of the command line."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError("%s: expected a number above 0" % text)
    return number


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=TESTS.parent / "build",
                        metavar="FOLDER")
    parser.add_argument("--speed", type=above_zero, default=SPEED, metavar="FACTOR")
    parser.add_argument("--wait", type=above_zero, default=SECONDS_TO_START, metavar="SECONDS",
                        help="how long to wait until counters grow, before numbers are printed")
    parser.add_argument("system")
    words = parser.parse_args()
    check_name(parser, words.system)
    build = words.build.resolve()
    os.environ["UDOMETER_BUILD"] = os.environ["CLIENTS_BUILD"] = str(build)
    import children

    children.prepare()
    example = Example(words.system, build, words.speed)
    status = 0
    try:
        live(example, words.wait)
    except KeyboardInterrupt:
        print("\nEnding.")
    except Failure as failure:
        print("%s: %s" % (words.system, failure), file=sys.stderr)
        status = 1
    except BrokenPipeError:
        # The reader of our output has gone, so this says no more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            signal.signal(number, signal.SIG_IGN)
        example.end()
        children.end()
    return status


if __name__ == "__main__":
    sys.exit(main())
