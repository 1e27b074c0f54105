# SPDX-License-Identifier: Apache-2.0

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
pytest.register_assert_rewrite("configured", "exposition", "harness", "prometheus")

import children  # noqa: E402
from configured import configure  # noqa: E402, F401
from fixtures import folder, nothing_is_left, start, udometer  # noqa: E402, F401

children.prepare()
