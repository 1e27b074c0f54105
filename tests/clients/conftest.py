# SPDX-License-Identifier: Apache-2.0

import pathlib
import sys

import pytest

# What the system tests have: a daemon of one's own, the vectors, and their oracle.
sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))
pytest.register_assert_rewrite("exposition", "harness")

from harness import Udometer  # noqa: E402: asserts are rewritten at import


@pytest.fixture
def start(tmp_path):
    """Start daemons with flags of their own; they are stopped, and must end well."""
    started = []

    def start_one(*flags):
        directory = tmp_path / ("udometer-%d" % len(started))
        directory.mkdir()
        started.append(Udometer(str(directory), *flags))
        return started[-1]

    try:
        yield start_one
        for udometer in started:
            udometer.stop()
    finally:
        for udometer in started:
            if not udometer.has_ended:
                udometer.kill()
