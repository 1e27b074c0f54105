# SPDX-License-Identifier: Apache-2.0
"""README.md: what it says to type works as printed."""

import os
import pathlib
import re
import subprocess

from children import clean_environment
from harness import BINARY, DEADLINE, run, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language):
    return [text for name, text in FENCED.findall(README) if name == language]


def block_with(language, word):
    block, = [text for text in blocks(language) if word in text]
    return block


def test_the_samples_are_scraped(udometer):
    """With this daemon's ports; everything else as printed."""
    commands = block_with("sh", "curl")
    sending, scraping = commands.rsplit("\n", 2)[0], commands.rsplit("\n", 2)[1]
    assert "/8125" in sending and scraping == "curl http://127.0.0.1:9102/metrics"
    subprocess.run(["bash", "-ec", sending.replace("/8125", "/%d" % udometer.udp[0][1])],
                   check=True, timeout=DEADLINE, env=clean_environment())
    wait_until(lambda: udometer.scrape().value("udometer_lines_total") == 3, "all three came")
    page = udometer.scrape().body.decode()  # again: its beginning may have been older
    samples = [line for line in page.splitlines() if not line.startswith("#")]
    promised = re.search(r"The page begins with `([^`]+)`", README)[1]
    assert samples[0] == promised
    assert "queue_depth 12" in samples and "request_duration_seconds_count 2" in samples


def test_the_targets_of_make_exist():
    wanted = set(re.findall(r"\bmake ([a-z-]+)", README))
    assert {"run", "test", "install"} <= wanted
    made = subprocess.run(["make", "-n", "-C", str(ROOT), *sorted(wanted)], text=True, check=True,
                          capture_output=True, timeout=DEADLINE, env=clean_environment()).stdout
    assert "build/src/udometer --welcome" in made and "meson install" in made


def test_the_binary_is_where_it_says():
    assert "`build/src/udometer`" in README
    assert pathlib.Path(BINARY).parts[-2:] == ("src", "udometer")


def test_prometheus_takes_the_four_lines(tmp_path):
    config = block_with("yaml", "scrape_configs")
    assert len(config.splitlines()) == 4
    path = tmp_path / "prometheus.yml"
    path.write_text(config)
    done = subprocess.run(["promtool", "check", "config", str(path)], text=True,
                          capture_output=True, timeout=DEADLINE, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_commands_that_it_names_have_help():
    for command in re.findall(r"`udometer (\w+) --help`", README):
        assert run(command, "--help").stdout.startswith("Usage: udometer " + command)
