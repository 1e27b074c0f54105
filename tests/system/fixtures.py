# SPDX-License-Identifier: Apache-2.0
"""Fixtures: daemons for tests, here and in tests/clients."""

import shutil
import tempfile

import pytest

import children
from harness import Udometer


@pytest.fixture(autouse=True)
def nothing_is_left():
    """Ends whatever a test has started, even if the test failed half-way."""
    before = children.running()
    yield
    children.end(kept=before)


@pytest.fixture
def folder():
    """A folder with a short path, as a socket's path may have only 107 bytes."""
    path = tempfile.mkdtemp(prefix="udom")
    yield path
    shutil.rmtree(path)


def starter(tmp_path, make):
    """A function that starts daemons with make(); they are stopped, and must end with status 0."""
    started = []

    def start_one(*words, **options):
        directory = tmp_path / ("udometer-%d" % len(started))
        directory.mkdir()
        started.append(make(str(directory), *words, **options))
        return started[-1]

    try:
        yield start_one
        for udometer in started:
            if not udometer.has_ended:
                udometer.stop()
    finally:
        for udometer in started:
            if not udometer.has_ended:
                udometer.kill()


@pytest.fixture
def start(tmp_path):
    """Start daemons with the given flags."""
    yield from starter(tmp_path, Udometer)


@pytest.fixture
def udometer(start):
    """A daemon with its defaults, except for the ports."""
    return start()
