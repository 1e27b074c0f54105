# SPDX-License-Identifier: Apache-2.0
"""docs/mixin: alerts and dashboard of udometer itself.

One run provokes all that the alerts are for, on two daemons that a real Prometheus scrapes. Each
alert's expression must be true at some moment of it, and each panel must have data.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest
import yaml

import check_dashboards
import checks
import promql
from example import ROOT
from harness import DEADLINE, Udometer, connect, wait_until, write
from prometheus import free_port, running, scraping

MIXIN = ROOT / "docs" / "mixin"
METRIC = re.compile(r"\b(?:udometer|process)_\w+")
SO_SNDBUFFORCE = 32
# A connection is refused when there is no memory, or when a worker does not run for so long that
# those that it shall close still have their places. A test can wait for neither.
NOT_PROVOKED = {"UdometerRefusesConnections"}

CONFIG = """
undeclared_labels: drop
metrics:
- {name: flood, type: counter, labels: [], max_series: 10}
- {name: brief, type: gauge, ttl: 100ms}
mapping:
  mappings:
  - {match: "(a+)+c", match_type: regex, name: slow}
"""


class Files:
    """What checks.Files reads of an example."""

    folder = MIXIN

    def read(self, name):
        return (MIXIN / name).read_text("utf-8")


def alerts():
    return dict(promql.of_rules(yaml.safe_load(Files().read("alerts.yml"))))


def dashboard():
    return json.loads(Files().read("dashboard.json"))


# --- files ---


def test_each_alert_is_tested():
    assert "SUCCESS" in checks.promtool("check", "rules", "alerts.yml", folder=MIXIN)
    checks.Files().test_each_alert_is_tested(Files())


def test_each_alert_is_explained():
    text = Files().read("README.md")
    assert [name for name in alerts() if "`%s`" % name not in text] == []


def test_the_dashboard_is_right():
    assert check_dashboards.problems_of(MIXIN) == []


def test_jsonnet_imports_alerts_and_dashboard():
    code = "local mixin = import 'mixin.libsonnet';" \
        "{ alerts: mixin.prometheusAlerts, dashboards: mixin.grafanaDashboards }"
    done = subprocess.run(["jsonnet", "-e", code], cwd=MIXIN, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"alerts": yaml.safe_load(Files().read("alerts.yml")),
                                       "dashboards": {"udometer.json": dashboard()}}


def test_each_self_metric_that_is_queried_exists(tmp_path):
    """An alert for a metric that there is not would be silent for ever."""
    with running(Udometer(str(tmp_path), "--statsd.listen-tcp=127.0.0.1:0")) as udometer:
        scrape = udometer.scrape()
        known = {name for family in scrape.families.values() for name, _ in family.samples}
    texts = [*alerts().values(), *(text for _, text in promql.of_dashboard(dashboard()))]
    used = {name for text in texts for name in METRIC.findall(text)}
    assert used and used - known == set()


# --- a run ---


class Run:
    """What is provoked, in order. Prometheus scrapes both daemons each second meanwhile."""

    def __init__(self, stack, directory):
        self.directory = directory
        self.stack = stack
        self.config = directory / "udometer.yml"
        self.config.write_text(CONFIG, "utf-8")
        self.can_cut = True
        self.small = self.start(
            "small", "--config.file=%s" % self.config, "--workers=1", "--log.level=debug",
            "--statsd.listen-udp=127.0.0.1:0",
            "--statsd.listen-udp=127.0.0.1:0?counter=absolute",
            "--statsd.listen-tcp=127.0.0.1:0", "--statsd.listen-unixgram=%s/socket" % directory,
            "--statsd.read-buffer=1MiB", "--statsd.unscraped-ttl=0s", "--limit.series=60",
            "--limit.key-memory=4KiB", "--limit.running-totals=1", "--limit.connections=2",
            has_reader=True)
        self.port = free_port()
        self.large = self.start_large(0)
        self.began = int(time.time())
        folder = directory / "prometheus"
        folder.mkdir()
        self.prometheus = stack.enter_context(scraping(folder, yaml.safe_dump({
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"job_name": "udometer", "static_configs": [
                {"targets": ["%s:%d" % self.small.http, "127.0.0.1:%d" % self.port]}]}]})))
        wait_until(self.prometheus.is_ready, "Prometheus is ready", DEADLINE)

    def start(self, name, *flags, **options):
        folder = self.directory / name
        folder.mkdir()
        udometer = Udometer(str(folder), *flags, **options)
        self.stack.callback(lambda: None if udometer.has_ended else udometer.stop())
        return udometer

    def start_large(self, number):
        """The one whose page is long, always at the same address."""
        return self.start("large-%d" % number, "--limit.series-memory=14MiB",
                          "--statsd.listen-tcp=127.0.0.1:0",
                          "--web.listen-address=127.0.0.1:%d" % self.port)

    def wait_for(self, text):
        wait_until(lambda: self.prometheus.query(text) != [], text)

    def provoke(self):
        # Two scrapes without a line: no data.
        self.wait_for(alerts()["UdometerNoData"])
        self.send_all_types()
        self.send_what_is_refused()
        self.expire_unseen()
        self.lose_log_lines()
        self.reach_limits()
        self.flood()
        self.fail_to_reload()
        self.cut()
        self.break_scrapes()
        self.restart()
        self.ended = int(time.time()) + 1

    def send_all_types(self):
        self.small.send("a_total:1|c\nb:1|g\nc_seconds:3|ms\nd:4|h\ne:5|d\nf:x|s", "b:1|x",
                        "_e{1,1}:a|b", "flood:1|c|#dropped:1", "g:1|c|#bare", "b:2|g",
                        "a" * 60 + "bc:1|c")
        tcp = connect(self.small, "tcp")
        write(self.small, tcp, b"a_total:1|c\n")
        self.small.wait_for_lines()

    def send_what_is_refused(self):
        self.small.send("nonsense", "a_total:1|g", "a_total:-1|c")
        self.small.wait_for_lines()
        self.wait_for('increase(udometer_refused_total{reason="type_conflict"}[1m]) > 0')

    def expire_unseen(self):
        """A scrape that comes before its end sees the series, so there are several."""
        text = alerts()["UdometerExpiresUnseen"]
        next_s = 0

        def is_noticed():
            nonlocal next_s
            if time.monotonic() >= next_s:
                next_s = time.monotonic() + 1.3
                self.small.send("brief:1|g")
                self.small.wait_for_lines()
            return self.prometheus.query(text) != []

        wait_until(is_noticed, text)

    def reach_limits(self):
        absolute = self.small.new_flow(1)
        for total in 1, 2:
            self.small.send("x_total:%d|c" % total, flow=absolute)
        for total in range(1, 4):
            self.small.send("x_total:%d|c" % total, "y_total:%d|c" % total, flow=absolute)
        self.small.wait_for_lines()
        self.small.send(*("many_total:1|c|#id:%d" % i for i in range(100)))
        for _ in range(3):
            write(self.small, connect(self.small, "tcp"), b"a_total:1|c\n")
            self.small.wait_for_lines()

    def lose_log_lines(self):
        """At the level debug it logs each refused line, but its log is not read."""
        self.small.reader.pause()
        for _ in range(20):
            self.small.send(*("nonsense%d" % i for i in range(100)))
            self.small.wait_for_lines()
        self.wait_for(alerts()["UdometerLosesLogLines"])
        self.small.reader.resume()

    def flood(self):
        """
        More than a socket's buffer takes, again and again, until a worker has received in full
        batches on average. Each line has a tag that no other has.
        """
        flow = self.small.new_flow()

        def burst():
            self.small.pause()
            for i in range(3000):
                flow.send(b"flood:1|c|#dropped:%d-%d" % (time.monotonic_ns(), i))
            self.small.resume()
            own = self.small.own_metrics()
            return own.value("udometer_batch_datagrams_sum", worker="0") > \
                52 * own.value("udometer_batch_datagrams_count", worker="0")

        wait_until(burst, "batches are full")
        self.wait_for(alerts()["UdometerLosesDatagrams"])

    def fail_to_reload(self):
        self.config.write_text("metrics: [", "utf-8")
        self.small.send_signal(signal.SIGHUP)
        self.wait_for(alerts()["UdometerReloadFailed"])
        self.config.write_text(CONFIG, "utf-8")
        self.small.send_signal(signal.SIGHUP)
        self.wait_for("udometer_config_reloads_total{outcome='success'} > 0")

    def cut(self):
        """A Unix datagram that is too long; only root may send one, on most machines."""
        sock = connect(self.small, "unixgram")
        try:
            sock.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 1 << 21)
            sock.sendall(b"a_total:1|c\n" * 50000)
        except OSError:
            self.can_cut = False
        else:
            self.wait_for(alerts()["UdometerCutsDatagrams"])

    def break_scrapes(self):
        """Of a page that is longer than all buffers of a connection."""
        write(self.large, connect(self.large, "tcp"),
              b"".join(b"long:1|g|#id:%d,v:%s\n" % (i, b"x" * 2000) for i in range(6000)))
        self.large.wait_for_lines()
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.settimeout(DEADLINE)
            reader.connect(self.large.http)
            reader.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            assert reader.recv(1000)
        self.wait_for(alerts()["UdometerScrapesBreak"])
        self.wait_for(alerts()["UdometerMemoryNearLimit"])

    def restart(self):
        for number in 1, 2:
            self.large.stop()
            self.large = self.start_large(number)
            self.wait_for("changes(process_start_time_seconds{instance='127.0.0.1:%d'}[5m]) == %d"
                          % (self.port, number))
        self.large.stop()
        self.wait_for(alerts()["UdometerDown"])

    def has_data(self, text):
        reply = self.prometheus.range(text, self.began, self.ended, 1)
        return any(value != "NaN" for series in reply for _, value in series["values"])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        run = Run(stack, tmp_path_factory.mktemp("mixin"))
        run.provoke()
        yield run


@pytest.mark.long
def test_each_alert_fires_when_it_should(run):
    silent = {name for name, text in alerts().items() if not run.has_data(text)}
    assert silent - NOT_PROVOKED - ({"UdometerCutsDatagrams"} if not run.can_cut else set()) == \
        set()


@pytest.mark.long
def test_no_alert_fires_all_the_time(run):
    moments = run.ended - run.began
    always = [name for name, text in alerts().items()
              if len({moment for series in run.prometheus.range(text, run.began, run.ended, 1)
                      for moment, _ in series["values"]}) >= moments]
    assert always == []


@pytest.mark.long
def test_each_panel_has_data(run):
    texts = [*promql.of_dashboard(dashboard()), *promql.of_variables(dashboard())]
    assert [(title, text) for title, text in texts if not run.has_data(text)] == []


@pytest.mark.long
def test_no_panel_is_empty(run, tmp_path):
    """Draws the picture, and replaces that of docs/mixin if EXAMPLE_PICTURES is set."""
    import render  # needs matplotlib, which the tests of files do without

    folder = MIXIN if "EXAMPLE_PICTURES" in os.environ else tmp_path
    assert render.render([MIXIN / "dashboard.json"], run.prometheus, pathlib.Path(folder),
                         (run.began, run.ended, 1)) == []
