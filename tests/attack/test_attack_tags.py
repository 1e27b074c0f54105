# SPDX-License-Identifier: Apache-2.0
"""Long lines whose tags and links are repeated: what they cost depends on their bytes alone."""

import pytest

from honest import MIB, SECONDS, Honest, daemon_of, flood, repeat_if_stalled

DATAGRAMS_PER_SECOND = 100
LINE_MAX = 65_000
NS_PER_BYTE = 15
LABELS = ",".join("k%d:1" % i for i in range(64))


def fill_up(text, piece):
    """@text, and @piece as often as there is room."""
    return text + piece * ((LINE_MAX - len(text)) // len(piece))


SHAPES = {
    "repeated tags of an x": fill_up("n:1|x|#" + LABELS, ",k64:1"),
    "the last of many tags of an x": fill_up("n:1|x|#" + LABELS, ",k63:1"),
    "repeated tags, not cached": fill_up("n:1|c|#" + LABELS, ",k63:1"),
    "tags that are dropped": fill_up("n:1|c|#" + LABELS, ",b"),
    "links with tags in the name": fill_up("n," + ",".join("k%d=1" % i for i in range(64)) + ":1|c",
                                           ":1|g"),
    "links that end series": fill_up("n," + ",".join("k%d=1" % i for i in range(64)) + ":1|x",
                                     ":1|x"),
}


@pytest.mark.parametrize("shape", SHAPES)
@repeat_if_stalled
def test_long_lines_cost_little_for_each_byte(start, shape):
    udometer = daemon_of(start)
    # Lines that differ, so that none is found as a key.
    datagrams = [SHAPES[shape].replace("n", "n%d" % i, 1).encode() for i in range(50)]
    with Honest(udometer, start, resident_max=100 * MIB) as honest:
        n_sent = flood(udometer, datagrams, DATAGRAMS_PER_SECOND, SECONDS / 2)
    n_bytes = n_sent * LINE_MAX
    assert n_sent > 0.9 * DATAGRAMS_PER_SECOND * SECONDS / 2
    # Honest traffic, at 20 us a datagram and scrape, is part of it.
    spent = honest.cpu - 20e-6 * sum(honest.sent)
    print("%s: %.1f ns a byte" % (shape, 1e9 * spent / n_bytes))
    assert 1e9 * spent / n_bytes < NS_PER_BYTE, honest.report()
    honest.check()
