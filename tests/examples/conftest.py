# SPDX-License-Identifier: Apache-2.0

import os
import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "system"), str(TESTS / "clients")]
os.environ.setdefault("CLIENTS_BUILD", os.environ["UDOMETER_BUILD"])
pytest.register_assert_rewrite("checks", "exposition", "harness", "hour",
                               "prometheus")

import children  # noqa: E402
from fixtures import folder, nothing_is_left  # noqa: E402, F401

children.prepare()


def pytest_configure(config):
    config.addinivalue_line("markers", "long: runs a whole system; for make test-examples")


def pytest_collection_modifyitems(items):
    """A bot in Go or JavaScript needs packages that only make test-examples installs."""
    for item in items:
        if item.cls and "bot" in item.name and item.cls.needs_languages():
            item.add_marker(pytest.mark.long)
