# SPDX-License-Identifier: Apache-2.0
"""Processes of tests do not depend on how the tests were started, and do not outlive them."""

import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest

import children
import harness
from harness import DEADLINE, wait_until

# A test process: it starts what it is told to, and reports it.
PARENT = """
import os, subprocess, sys
import children
children.prepare()
os.kill(os.getpid(), 1)  # SIGHUP, which it ignored from the start
print(subprocess.run(sys.argv[1:], capture_output=True, text=True, check=True).stdout)
"""


# A folder of tests of its own, whose test starts a daemon and then does not end.
CONFTEST = """
import sys
sys.path[:0] = %r
import children
from fixtures import nothing_is_left, start
children.prepare()
"""
ENDLESS = """
import pathlib, time
def test_without_end(start):
    pathlib.Path("pid.part").write_text(str(start().pid))
    pathlib.Path("pid.part").rename("pid")
    time.sleep(1000)
"""


def ignore_and_block():
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())


def test_children_have_the_default_signals():
    folder = os.path.dirname(children.__file__)
    done = subprocess.run([sys.executable, "-c", PARENT, "grep", "Sig", "/proc/self/status"],
                          env={**os.environ, "PYTHONPATH": folder}, preexec_fn=ignore_and_block,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=DEADLINE)
    assert done.returncode == 0, done.stderr
    # glibc has two signals of its own, which no program can change.
    known = sum(1 << number - 1 for number in signal.valid_signals())
    masks = {name: int(mask, 16) & known
             for name, mask in re.findall(r"(\w+):\t([0-9a-f]+)$", done.stdout, re.MULTILINE)}
    assert masks["SigBlk"] == masks["SigIgn"] == 0, done.stdout


def test_children_and_orphans_are_ended():
    before = children.running()
    shell = subprocess.Popen(["sh", "-c", "setsid sleep 1000 & echo $!; kill -9 $$"],
                             stdout=subprocess.PIPE, text=True)
    orphan = int(shell.stdout.readline())
    child = subprocess.Popen(["sleep", "1000"])
    assert shell.wait(DEADLINE) == -signal.SIGKILL
    wait_until(lambda: orphan in children.running(), "the orphan is ours")
    children.end(kept=before)
    assert children.running() == before
    assert not os.path.exists("/proc/%d" % orphan) and not os.path.exists("/proc/%d" % child.pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["term", "hup"])
def test_nothing_outlives_tests_that_are_asked_to_end(tmp_path, number):
    folders = [str(pathlib.Path(module.__file__).parent) for module in (children, harness)]
    (tmp_path / "conftest.py").write_text(CONFTEST % folders)
    (tmp_path / "test_endless.py").write_text(ENDLESS)
    tests = subprocess.Popen([sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
                             cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
    wait_until((tmp_path / "pid").exists, "its daemon runs")
    daemon = int((tmp_path / "pid").read_text())
    tests.send_signal(number)
    said = tests.communicate(timeout=DEADLINE)[0]
    assert tests.returncode == pytest.ExitCode.INTERRUPTED, said
    assert not os.path.exists("/proc/%d" % daemon)
