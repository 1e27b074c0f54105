# SPDX-License-Identifier: Apache-2.0
"""A real VictoriaMetrics scrapes the text page, and its queries give the values of the page."""

import json
import subprocess
import urllib.parse
import urllib.request

import pytest

from exposition import Page
from harness import DEADLINE, wait_until
from prometheus import free_port

CONFIG = """
scrape_configs:
  - job_name: udometer
    scrape_interval: 1s
    scrape_timeout: 1s
    static_configs:
      - targets: ["%s:%d"]
"""
LINES = [
    "bot.routes_total:3|c|#bot:b1,note:a \"quoted\" \\ value",
    "bot.routes_total:0.25|c|#bot:größe",
    "bot.depth:-1e300|g",
    "bot.users:a|s", "bot.users:b|s",
    *("bot.took:%d|ms|#route:r" % ms for ms in (1, 20, 300, 4000, 50000)),
]


class VictoriaMetrics:
    def __init__(self, directory, address):
        config = directory / "scrape.yml"
        config.write_text(CONFIG % address)
        listens = "127.0.0.1:%d" % free_port()
        self.url = "http://" + listens
        self.log = directory / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["victoria-metrics", "-promscrape.config=%s" % config, "-httpListenAddr=" + listens,
                 "-storageDataPath=%s" % (directory / "data"), "-search.latencyOffset=0",
                 "-search.disableCache", "-memory.allowedBytes=100MB"],
                cwd=directory, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def query(self, text):
        """The vector that @text gives now; None while it does not answer yet."""
        assert self.process.poll() is None, self.log.read_text()
        url = self.url + "/api/v1/query?" + urllib.parse.urlencode({"query": text})
        try:
            with urllib.request.urlopen(url, timeout=DEADLINE) as reply:
                return json.loads(reply.read())["data"]["result"]
        except OSError:
            return None

    def samples(self):
        """The value of each bot's sample, by name and labels, without those of the target."""
        found = {}
        for series in self.query('{__name__=~"bot_.+"}') or []:
            labels = {key: value for key, value in series["metric"].items()
                      if key not in ("__name__", "job", "instance")}
            found[series["metric"]["__name__"], frozenset(labels.items())] = \
                float(series["value"][1])
        return found

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def victoria(tmp_path, udometer):
    started = VictoriaMetrics(tmp_path, udometer.http)
    yield started
    started.stop()


def test_it_stores_what_the_page_shows(udometer, victoria):
    udometer.send(*LINES)
    udometer.wait_for_lines()
    page = Page(udometer.metrics())
    wanted = {key: value for key, value in page.samples.items() if key[0].startswith("bot_")}
    assert len(wanted) == 2 + 1 + 1 + len(page.buckets("bot_took", route="r")) + 2
    wait_until(lambda: victoria.samples() == wanted,
               lambda: "%s\n%s" % (victoria.samples(), victoria.log.read_text()[-2000:]))
    up = victoria.query("up")
    assert [series["value"][1] for series in up] == ["1"], up
    wait_until(lambda: victoria.query("histogram_quantile(0.5, bot_took_bucket)"), victoria.log)
    half = victoria.query("histogram_quantile(0.5, bot_took_bucket)")
    assert 0.25 <= float(half[0]["value"][1]) <= 0.5, half
