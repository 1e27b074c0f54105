# SPDX-License-Identifier: Apache-2.0

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
pytest.register_assert_rewrite("exposition", "harness", "test_vectors", "shells", "words")

from fixtures import start, udometer  # noqa: E402, F401: asserts are rewritten at import
from shells import receiver, shells  # noqa: E402, F401
from test_vectors import lanes  # noqa: E402, F401
