# SPDX-License-Identifier: Apache-2.0
"""docs/examples/manufacturing, and what its plan calls success."""

import checks


class TestFiles(checks.Files):
    system = "manufacturing"


class TestRun(checks.Run):
    system = "manufacturing"
