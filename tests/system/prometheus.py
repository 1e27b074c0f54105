# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus with a directory of its own, and what a test asks it."""

import contextlib
import json
import os
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from harness import DEADLINE, wait_until


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Prometheus:
    """
    One with these texts as its configuration and, for rule_files, its rules.yml. Its data is in
    @directory. @flags are further ones.
    """

    def __init__(self, directory, configuration, rules="", flags=()):
        config = directory / "prometheus.yml"
        config.write_text(configuration)
        (directory / "rules.yml").write_text(rules)
        self.url = "http://127.0.0.1:%d" % free_port()
        self.log = directory / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["prometheus", "--config.file=%s" % config, "--enable-feature=extra-scrape-metrics",
                 "--storage.tsdb.path=%s" % (directory / "data"),
                 "--web.listen-address=" + self.url[len("http://"):], *flags],
                cwd=directory, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env={**os.environ, "GOMAXPROCS": "1"})

    def get(self, path, **parameters):
        url = self.url + path + "?" + urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(url, timeout=DEADLINE) as reply:
            return reply.read()

    def ask(self, path, **parameters):
        """The result of a query, which must be right."""
        try:
            reply = json.loads(self.get(path, **parameters))
        except urllib.error.HTTPError as error:
            raise AssertionError("%s: %s" % (parameters, error.read().decode())) from error
        assert reply["status"] == "success", reply
        return reply["data"]["result"]

    def is_ready(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get("/-/ready")
        except OSError:
            return False

    def query(self, text, at=None):
        """The vector or matrix that @text gives, at a moment or now."""
        moment = {} if at is None else {"time": at}
        return self.ask("/api/v1/query", query=text, **moment)

    def range(self, text, begin, end, step_s):
        """The matrix that @text gives from @begin to @end."""
        return self.ask("/api/v1/query_range", query=text, start=begin, end=end, step=step_s)

    def number(self, text, at=None):
        """The only number that @text gives, or None when it gives nothing."""
        result = self.query(text, at)
        assert len(result) <= 1, result
        return float(result[0]["value"][1]) if result else None

    def wait_for(self, text, expected):
        """Wait until @text gives @expected."""
        wait_until(lambda: self.number(text) == expected,
                   lambda: "%s is %s, not %s" % (text, self.number(text), expected))

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def running(started):
    """A udometer that ends with the block."""
    try:
        yield started
        started.stop()
    finally:
        if started.process.poll() is None:
            started.kill()


@contextlib.contextmanager
def scraping(directory, *words, **options):
    started = Prometheus(directory, *words, **options)
    try:
        yield started
    finally:
        started.stop()
