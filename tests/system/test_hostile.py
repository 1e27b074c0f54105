# SPDX-License-Identifier: Apache-2.0
"""No datagram can hurt: whatever comes, scrapes go on and memory stays."""

import multiprocessing
import os
import socket
import time

from harness import SANITIZED, SLOWNESS, promtool_check, wait_until
from hostile_lines import Generator

SEED = int(os.environ.get("UDOMETER_TEST_SEED", "20261"))
SECONDS = 5
N_SENDERS = 2
RESIDENT_MAX = 200_000_000


def send_hostile(address, seed, end):
    generator = Generator(seed)
    flows = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(8)]
    for flow in flows:
        flow.connect(address)
    i = 0
    while time.monotonic() < end:
        flows[i % len(flows)].send(generator.datagram())
        i += 1


def resident_peak(udometer):
    with open("/proc/%d/status" % udometer.pid) as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def test_hostile_datagrams_at_full_speed_hurt_nothing(start):
    print("UDOMETER_TEST_SEED=%d" % SEED)
    udometer = start("--limit.series=10000", "--limit.series-memory=16MiB",
                     "--limit.key-memory=16MiB", "--statsd.ttl=2s")
    fork = multiprocessing.get_context("fork")
    end = time.monotonic() + SECONDS
    senders = [fork.Process(target=send_hostile, args=(udometer.udp[0], SEED + i, end))
               for i in range(N_SENDERS)]
    for sender in senders:
        sender.start()
    scrapes = []
    while any(sender.is_alive() for sender in senders):
        assert udometer.get("/-/ready", seconds=10 * SLOWNESS).status == 200
        scrapes.append(udometer.scrape(seconds=10 * SLOWNESS))
        assert promtool_check(scrapes[-1])[0] in (0, 3)
    for sender in senders:
        sender.join()
        assert sender.exitcode == 0

    last = wait_until(lambda: quiet(udometer), "nothing comes any more")
    status, said = promtool_check(last)
    assert status in (0, 3), said
    assert last.value("udometer_lines_total") > 1000
    assert last.sum("udometer_samples_total") > 1000
    assert sum(value > 0 for _, value in last.named("udometer_refused_total")) >= 7
    if not SANITIZED:
        assert resident_peak(udometer) < RESIDENT_MAX
    udometer.n_sent = last.value("udometer_lines_total")
    udometer.send("still.works_total:1|c")
    assert udometer.settle().get("still_works_total") in (1, None)


def quiet(udometer):
    before, after = udometer.scrape(), udometer.scrape()
    same = before.value("udometer_lines_total") == after.value("udometer_lines_total")
    return after if same else None


def test_a_flood_of_new_names_stays_in_its_memory(start):
    udometer = start("--limit.series=10000", "--limit.series-memory=16MiB",
                     "--limit.key-memory=16MiB")
    for i in range(200_000):
        if i % 100 == 0:
            lines = []
        lines.append("new.name%d_total:1|c|#k:%d" % (i, i))
        if i % 100 == 99:
            udometer.send("\n".join(lines))
        if i % 50_000 == 49_999:
            scrape = udometer.settle()
    assert scrape.sum("udometer_series") == 10_000
    assert scrape.refused("series_limit") == 190_000
    if not SANITIZED:
        assert resident_peak(udometer) < RESIDENT_MAX


def test_keys_that_lead_to_one_series_stay_in_their_memory(start):
    """Tags in ever new orders and with ever new unknown sections: many keys, one series."""
    udometer = start("--limit.key-memory=1MiB", "--workers=1")
    for i in range(20_000):
        udometer.send("one_total:1|c|#k:v|x%d" % i)
        if i % 5000 == 4999:
            scrape = udometer.settle()
    assert scrape.named("one_total") == [({"k": "v"}, 20_000)]
    assert scrape.sum("udometer_keys") < 20_000
    assert scrape.value("udometer_key_evictions_total") > 0
