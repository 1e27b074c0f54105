# SPDX-License-Identifier: Apache-2.0
"""Floods of new names: each costs memory, and the lock that all workers share."""

import time

from honest import MIB, SECONDS, Honest, daemon_of, fill, repeat_if_stalled

NAMES_PER_DATAGRAM = 80
DATAGRAMS_PER_SECOND = 500
N_FLOWS = 8
FIRST_NAMES = 100_000  # of each worker, whatever the rate
BURST = 10_000

PATTERN = b"\n".join(b"nXXXXXXXX%02d:1|h" % i for i in range(NAMES_PER_DATAGRAM))


def flood_of_names(udometer):
    """Ever new names of histograms, which take four names each. Returns how many were sent."""
    flows = [udometer.new_flow() for _ in range(N_FLOWS)]
    began = time.monotonic()
    n = 0
    while time.monotonic() < began + SECONDS:
        delay = began + n / DATAGRAMS_PER_SECOND - time.monotonic()
        if delay > 0:
            time.sleep(delay)
        flows[n % N_FLOWS].send(PATTERN.replace(b"XXXXXXXX", b"%08x" % n))
        n += 1
    assert n > 0.9 * DATAGRAMS_PER_SECOND * SECONDS
    return n * NAMES_PER_DATAGRAM


@repeat_if_stalled
def test_names_beyond_the_limit(start):
    udometer = daemon_of(start, "--limit.series=1000")
    with Honest(udometer, start, resident_max=100 * MIB) as honest:
        n_sent = flood_of_names(udometer)
    assert honest.page.refused("series_limit") > 0.9 * n_sent
    # A microsecond for each, with all that receiving it costs, and the honest traffic.
    assert honest.cpu < 1e-6 * n_sent + 0.2 * honest.seconds, honest.report()
    honest.check()


@repeat_if_stalled
def test_more_new_names_than_their_rate(start):
    rate = 1000
    udometer = daemon_of(start, "--workers=1", "--limit.new-names=%d" % rate)
    # The first names are free. They are ended at once, so that the pages stay short.
    fill(udometer, ("first%d:1|c\nfirst%d:1|x" % (i, i) for i in range(FIRST_NAMES)))
    with Honest(udometer, start, resident_max=300 * MIB) as honest:
        n_sent = flood_of_names(udometer)
    made = honest.page.value("udometer_series", type="histogram")
    assert made < BURST + rate * (honest.seconds + 1)
    assert honest.page.refused("name_rate") > 0.5 * n_sent
    print("%d names sent, %d made" % (n_sent, made))
    honest.check()
