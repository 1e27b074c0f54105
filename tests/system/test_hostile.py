# SPDX-License-Identifier: Apache-2.0
"""No datagram can hurt: whatever comes, scrapes go on and memory stays."""

import multiprocessing
import os
import socket
import time

from harness import SANITIZED, SLOWNESS, promtool_check, wait_until
from hostile_lines import Generator

SEED = int(os.environ.get("UDOMETER_TEST_SEED", "20261"))
# .ci/run gives it a minute with the sanitizers that would notice.
SECONDS = float(os.environ.get("UDOMETER_HOSTILE_SECONDS", "5"))
N_SENDERS = 2
LIMITS = ["--limit.series=10000", "--limit.family-series=2000", "--limit.series-memory=16MiB",
          "--limit.key-memory=16MiB"]
SERIES_BYTES_MAX = 16 << 20
# A sanitizer keeps what was freed, to notice who still uses it.
RESIDENT_MAX = 1_500_000_000 if SANITIZED else 200_000_000


def open_flow(kind, address):
    is_datagram = kind in ("udp", "unixgram")
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    flow = socket.socket(family, socket.SOCK_DGRAM if is_datagram else socket.SOCK_STREAM)
    flow.connect(address)
    return flow


def send_hostile(addresses, seed, end):
    """At full speed: datagrams, and the same bytes in streams, cut and closed anywhere."""
    generator = Generator(seed)
    flows = [[kind, address, open_flow(kind, address)] for kind, address in addresses * 2]
    while time.monotonic() < end:
        flow = generator.chance.choice(flows)
        kind, address, connection = flow
        data = generator.datagram()
        if kind in ("tcp", "unix") and generator.chance.random() < 0.05:
            connection.close()
            flow[2] = connection = open_flow(kind, address)
        connection.sendall(data if kind in ("udp", "unixgram") else generator.piece(data))
    for _, _, connection in flows:
        connection.close()


def resident_peak(udometer):
    with open("/proc/%d/status" % udometer.pid) as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def check_during(udometer):
    """What must hold at any moment."""
    assert udometer.get("/-/ready", seconds=10 * SLOWNESS).status == 200
    scrape = udometer.scrape(seconds=10 * SLOWNESS)
    status, said = promtool_check(scrape)
    assert status in (0, 3), said
    assert scrape.value("udometer_series_bytes") <= SERIES_BYTES_MAX
    return scrape


def test_hostile_senders_at_full_speed_hurt_nothing(start, tmp_path):
    print("UDOMETER_TEST_SEED=%d" % SEED)
    paths = {"unixgram": str(tmp_path / "gram"), "unix": str(tmp_path / "stream")}
    udometer = start(*LIMITS, "--statsd.ttl=2s", "--statsd.listen-tcp=127.0.0.1:0",
                     "--statsd.listen-unixgram=" + paths["unixgram"],
                     "--statsd.listen-unix=" + paths["unix"], "--statsd.service-checks",
                     "--limit.line-length=20000")
    addresses = [("udp", udometer.udp[0]), ("tcp", udometer.tcp[0]), *paths.items()]
    fork = multiprocessing.get_context("fork")
    end = time.monotonic() + SECONDS
    senders = [fork.Process(target=send_hostile, args=(addresses, SEED + i, end))
               for i in range(N_SENDERS)]
    for sender in senders:
        sender.start()
    n_scrapes = 0
    while any(sender.is_alive() for sender in senders):
        check_during(udometer)
        n_scrapes += 1
    for sender in senders:
        sender.join()
        assert sender.exitcode == 0
    assert n_scrapes >= 3

    wait_until(lambda: quiet(udometer), "nothing comes any more")
    last = check_during(udometer)
    assert last.value("udometer_lines_total") > 1000
    assert last.sum("udometer_samples_total") > 1000
    assert last.value("udometer_packed_samples_total") > 100
    assert last.value("udometer_stream_bytes_total") > 10_000
    assert all(value > 0 for labels, value in last.named("udometer_samples_total"))
    assert sum(value > 0 for _, value in last.named("udometer_refused_total")) >= 9
    assert resident_peak(udometer) < RESIDENT_MAX
    udometer.n_sent = last.value("udometer_lines_total")
    udometer.send("still.works_total:1|x")
    udometer.settle()


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
