# SPDX-License-Identifier: Apache-2.0
"""docs/examples/palingenesis, and the numbers that its document promises."""

import checks


class TestFiles(checks.Files):
    system = "palingenesis"


class TestRun(checks.Run):
    system = "palingenesis"
