# SPDX-License-Identifier: Apache-2.0
"""clients/shell/udometer.sh reads the environment that all bundled clients read, in every shell."""

import pytest

from shells import SHELLS
from test_environment import (CASES, check, environment_of, line_of_words, skip_if_impossible,
                              sockets, unknown)  # noqa: F401

COUNT = "set -eu; udom_count x k=v; udom_count x k=v"


def way_of(shell, case):
    return "udometer" if shell != "bash" or case["to"] in ("path", "abstract") else "bash"


def must_do(shells, sockets, shell, case, **more):  # noqa: F811
    done = shells.run(shell, COUNT, way=way_of(shell, case),
                      **environment_of(sockets, case, **more))
    assert (done.returncode, done.stdout) == (0, b""), done
    check(sockets, case, line_of_words(case), n=2)
    return done.stderr.decode()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("case", [case for case in CASES if "given" not in case],
                         ids=lambda case: case["name"])
def test_shell(shells, sockets, shell, case):  # noqa: F811
    skip_if_impossible(sockets, case)
    assert must_do(shells, sockets, shell, case) == ""
    told = must_do(shells, sockets, shell, case, UDOMETER_DEBUG="1")
    assert " %s=" % case["wrong"] in told if "wrong" in case \
        else told == unknown(case, "udometer.sh")
