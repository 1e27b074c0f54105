# SPDX-License-Identifier: Apache-2.0

import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "system")]
pytest.register_assert_rewrite("exposition", "harness", "honest")

import children  # noqa: E402
from fixtures import folder, nothing_is_left, start  # noqa: E402, F401

children.prepare()
