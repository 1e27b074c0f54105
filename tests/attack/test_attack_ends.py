# SPDX-License-Identifier: Apache-2.0
"""Lines that end series look at all series of a family, under the lock that new series need."""

from honest import MIB, SECONDS, Honest, daemon_of, fill, flood, repeat_if_stalled

N_SERIES = 199_000
LINES_PER_SECOND = 16


def ends(value):
    """Lines of @value that select none of the series."""
    return ["many_total:1|x|#%s:%s" % (name, value) for name in "az"]


def attack(udometer, start, lines):
    fill(udometer, ("many_total:1|c|#k:%d" % i for i in range(N_SERIES)))
    with Honest(udometer, start, resident_max=300 * MIB) as honest:
        n_sent = flood(udometer, [line.encode() for line in lines], LINES_PER_SECOND)
    assert n_sent >= 0.9 * LINES_PER_SECOND * SECONDS
    ended = honest.page.value("udometer_samples_total", type="expire")
    assert ended + honest.page.refused("expire_limit") == n_sent
    assert ended > 0 and honest.page.refused("expire_limit") > 0
    # Each worker may spend 30 ms a second on it; the rest is the honest traffic.
    assert honest.cpu < 0.35 * honest.seconds, honest.report()
    honest.check()


@repeat_if_stalled
def test_an_x_with_a_long_value_of_escapes(start):
    attack(daemon_of(start), start, ends("\\\\" * 1000))


@repeat_if_stalled
def test_an_x_with_many_tags(start):
    tags = ",".join("a%d:%s" % (i, '"' * 30) for i in range(60))
    attack(daemon_of(start), start, ["many_total:1|x|#" + tags])
