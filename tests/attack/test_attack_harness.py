# SPDX-License-Identifier: Apache-2.0
"""What judges attacks finds what it is for: loss, late answers, memory."""

import time

import pytest

from honest import MIB, SCRAPE_SECONDS, SECONDS, Honest, daemon_of, fill, repeat_if_stalled


@repeat_if_stalled
def test_without_an_attack_nothing_is_lost(start):
    udometer = daemon_of(start)
    fill(udometer, ("other.name:1|g|#i:%d" % i for i in range(10_000)))
    with Honest(udometer, start, resident_max=100 * MIB) as honest:
        time.sleep(SECONDS / 2)
    assert len(honest.answers) > 10 and len(honest.scrapes) > 1
    assert max(n_bytes for _, n_bytes, _ in honest.scrapes) > 10_000 * len('other_name{i="1"} 1')
    honest.check()


def test_a_daemon_that_stands_still_is_found(start):
    udometer = daemon_of(start)
    with Honest(udometer, start, resident_max=1) as honest:
        udometer.pause()
        time.sleep(2 * SCRAPE_SECONDS)
        udometer.resume()
    faults = honest.faults()
    assert honest.lost > 0
    assert len(faults) == 4, faults
    assert "honest datagrams lost" in faults[0]
    assert "of /-/healthy late" in faults[1]
    assert "resident" in faults[3]
    with pytest.raises(AssertionError):
        honest.check()
