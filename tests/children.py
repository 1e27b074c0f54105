# SPDX-License-Identifier: Apache-2.0
"""Children: processes that behave the same however we were started, and never outlive their test.

Our parent may ignore signals (nohup, "&" in a script, a supervisor) or block them, and everything
that we start would inherit that. So each ignored signal gets a handler that does nothing. This
changes nothing for us, but in a child exec() resets a handler to the default.

Orphans become our children instead of init's, so that end() finds whatever a test has started.

By default SIGTERM and SIGHUP would end us at once, without our `finally` clauses and fixtures, and
leave our children running. So they raise KeyboardInterrupt, as SIGINT does.
"""

import contextlib
import ctypes
import os
import pathlib
import signal

PR_SET_CHILD_SUBREAPER = 36

# Python itself ignores these, and subprocess restores the default in each child.
OF_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}

# Signals that ask a process to end, besides SIGINT.
REQUESTS_TO_END = (signal.SIGTERM, signal.SIGHUP)

# Processes that several tests use. The fixture that started them ends them.
shared = set()


def interrupt(number, frame):
    raise KeyboardInterrupt


def prepare():
    """Call this first, in the main thread."""
    for number in signal.valid_signals() - OF_PYTHON:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    for number in REQUESTS_TO_END:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, interrupt)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def clean_environment(more=None):
    """Our environment without the developer's settings for clients, but with @more."""
    own = {k: v for k, v in os.environ.items()
           if not k.startswith(("UDOMETER_", "DD_", "STATSD_"))}
    return {**own, **(more or {})}


def parent_of(pid):
    """Its parent, or None if it does not exist any more."""
    try:
        stat = pathlib.Path("/proc/%d/stat" % pid).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(stat.rpartition(")")[2].split()[1])


def running():
    """Our children, zombies among them."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return {pid for pid in pids if parent_of(pid) == os.getpid()}


def end(kept=frozenset()):
    """Kill and reap our children and theirs, except for those @kept and those that are shared."""
    # When a child has gone, its own children become ours.
    while pids := running() - kept - shared:
        for pid in pids:
            # Somebody else may have reaped it.
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
