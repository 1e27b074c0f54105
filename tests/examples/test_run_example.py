# SPDX-License-Identifier: Apache-2.0
"""run_example.py shows numbers, and leaves nothing running, however it ends."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading

import pytest

import children
from harness import DEADLINE, wait_until

PROGRAM = pathlib.Path(__file__).resolve().parent / "run_example.py"
SYSTEM = "palingenesis"

pytestmark = pytest.mark.long


class Running:
    """One whose output is a pipe."""

    def __init__(self, *flags, system=SYSTEM):
        self.before = children.running()
        self.process = subprocess.Popen(
            ["/usr/bin/python3", PROGRAM, "--build", os.environ["UDOMETER_BUILD"], *flags, system],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines = []

    def read_until(self, wanted):
        """Read lines until one has the text; return that one."""
        too_late = threading.Timer(DEADLINE, self.process.terminate)
        too_late.start()
        try:
            for line in self.process.stdout:
                self.lines.append(line)
                if wanted in line:
                    return line
        finally:
            too_late.cancel()
        raise AssertionError("it ended: %s %s" % (self.lines, self.process.stderr.read()))

    def wait(self):
        """Wait for its end, and for that of all that it started, which come to us if they stay."""
        status = self.process.wait(DEADLINE)
        wait_until(lambda: not left(self.before), lambda: "still there: %s" % left(self.before))
        return status


def left(before):
    """Names of our children since then; those that have ended are reaped."""
    names = []
    for pid in children.running() - before:
        try:
            if os.waitpid(pid, os.WNOHANG) == (0, 0):
                names.append(pathlib.Path("/proc/%d/comm" % pid).read_text().strip())
        except (ChildProcessError, FileNotFoundError):
            pass
    return names


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Examples that others run meanwhile have their folders elsewhere."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


def folders():
    return set(pathlib.Path(tempfile.gettempdir()).glob("udometer-example-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_shows_numbers_and_ends_what_it_started(number):
    before = folders()
    running = Running()
    running.read_until("Ctrl-C")
    text = "".join(running.lines)
    assert re.search(r"^    Daemon +(Monitoring|Paused|Waiting|Resuming)$", text, re.M), text
    assert re.search(r"^    metrics +http://127\.0\.0\.1:\d+/api/v1/metrics$", text, re.M), text
    assert len(left(running.before)) == 1
    running.process.send_signal(number)
    assert running.wait() == 0, running.process.stderr.read()
    assert folders() <= before


def test_it_ends_when_nobody_reads_its_output():
    running = Running()
    running.process.stdout.close()
    assert running.wait() == 0, running.process.stderr.read()


def test_what_it_started_ends_even_if_it_is_killed():
    before = folders()
    running = Running()
    running.read_until("dashboards")
    running.process.kill()
    assert running.wait() == -signal.SIGKILL
    for folder in folders() - before:
        assert (folder / "udometer.log").exists()
        subprocess.run(["rm", "-r", folder], check=True)


def test_it_takes_another_port_if_one_is_taken():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 9102))
            taken.listen()
        except OSError:
            pass  # somebody else has it, which serves as well
        running = Running()
        running.read_until("Port 9102 is taken")
        place = running.read_until("metrics")
        assert "127.0.0.1:9102/" not in place
        running.process.send_signal(signal.SIGINT)
        assert running.wait() == 0, running.process.stderr.read()


def test_it_goes_on_if_nothing_counts():
    running = Running("--speed=0.001", "--wait=2", system="manufacturing")
    running.read_until("Prometheus has not seen a counter grow twice for 2 s. What there is:")
    running.read_until("Ctrl-C")
    running.process.send_signal(signal.SIGINT)
    assert running.wait() == 0, running.process.stderr.read()


@pytest.mark.parametrize("flags, system, problem", [
    ([], "palingenesi", "did you mean palingenesis?"),
    (["--speed=0"], SYSTEM, "--speed: 0: expected a number above 0"),
    (["--speed=fast"], SYSTEM, "--speed: fast: expected a number above 0"),
    (["--wait=-1"], SYSTEM, "--wait: -1: expected a number above 0")])
def test_it_says_what_is_wrong(flags, system, problem):
    running = Running(*flags, system=system)
    _, stderr = running.process.communicate(timeout=DEADLINE)
    assert running.process.returncode == 2
    assert problem in stderr


def test_make_says_what_is_wrong_with_a_name():
    done = subprocess.run(["make", "-C", PROGRAM.parents[2], "example-spacetrader"], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    assert done.returncode != 0
    assert "did you mean spacetraders?" in done.stderr
