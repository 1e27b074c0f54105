# SPDX-License-Identifier: Apache-2.0

import pytest

pytest.register_assert_rewrite("exposition", "harness")

from fixtures import start, udometer  # noqa: E402, F401: asserts are rewritten at import
