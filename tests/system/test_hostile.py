# SPDX-License-Identifier: Apache-2.0
"""No datagram can hurt: whatever arrives, scrapes work and memory does not grow."""

import multiprocessing
import os
import socket
import time

from harness import SANITIZED, SLOWNESS, beside, promtool_check, wait_until
from hostile_lines import Generator

SEED = int(os.environ.get("UDOMETER_TEST_SEED", "20261"))
# .ci/run gives it a minute with the sanitizers, which detect bad accesses.
SECONDS = float(os.environ.get("UDOMETER_HOSTILE_SECONDS", "5"))
N_SENDERS = 2
LIMITS = ["--limit.series=10000", "--limit.family-series=2000", "--limit.series-memory=16MiB",
          "--limit.key-memory=16MiB"]
SERIES_BYTES_MAX = 16 << 20
# A sanitizer keeps freed memory, to detect accesses to it.
RESIDENT_MAX = 1_500_000_000 if SANITIZED else 200_000_000


def is_stream(protocol):
    return protocol in ("tcp", "unix")


def open_flow(protocol, address):
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    flow = socket.socket(family, socket.SOCK_STREAM if is_stream(protocol) else socket.SOCK_DGRAM)
    flow.connect(address)
    return flow


def send_hostile(addresses, seed, end, sent):
    """
    At full speed: datagrams, and the same bytes in streams, cut and closed anywhere. In the end
    @sent gets the numbers of datagrams and connections.
    """
    generator = Generator(seed)
    flows = [[protocol, address, open_flow(protocol, address)]
             for protocol, address in addresses * 2]
    n_datagrams, n_connections = 0, sum(is_stream(protocol) for protocol, _, _ in flows)
    while time.monotonic() < end:
        flow = generator.chance.choice(flows)
        protocol, address, connection = flow
        data = generator.datagram()
        if is_stream(protocol) and generator.chance.random() < 0.05:
            connection.close()
            flow[2] = connection = open_flow(protocol, address)
            n_connections += 1
        connection.sendall(generator.piece(data) if is_stream(protocol) else data)
        n_datagrams += not is_stream(protocol)
    for _, _, connection in flows:
        connection.close()
    sent.put((n_datagrams, n_connections))


def resident_peak(udometer):
    with open("/proc/%d/status" % udometer.pid) as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def check_during(udometer):
    """Check what must hold at any time."""
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
    sent = multiprocessing.get_context("fork").SimpleQueue()
    end = time.monotonic() + SECONDS
    n_scrapes = 0
    calls = [(addresses, SEED + i, end, sent) for i in range(N_SENDERS)]
    with beside(send_hostile, calls) as senders:
        while any(sender.is_alive() for sender in senders):
            check_during(udometer)
            n_scrapes += 1
    assert n_scrapes >= 3

    n_datagrams, n_connections = map(sum, zip(*[sent.get() for _ in range(N_SENDERS)]))
    wait_until(lambda: has_seen(udometer.scrape(), n_datagrams, n_connections),
               "all that was sent has been seen to")
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


def has_seen(scrape, n_datagrams, n_connections):
    """Each datagram was received or dropped by the kernel; each connection opened and closed."""
    return n_datagrams == scrape.n_datagrams() \
        and n_connections == scrape.value("udometer_connections_opened_total") \
        + scrape.value("udometer_connections_refused_total") \
        and scrape.sum("udometer_connections") == 0


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
    """Tags in changing orders, with changing unknown sections: many keys, one series."""
    udometer = start("--limit.key-memory=1MiB", "--workers=1")
    for i in range(20_000):
        udometer.send("one_total:1|c|#k:v|x%d" % i)
        if i % 5000 == 4999:
            scrape = udometer.settle()
    assert scrape.named("one_total") == [({"k": "v"}, 20_000)]
    assert scrape.sum("udometer_keys") < 20_000
    assert scrape.value("udometer_key_evictions_total") > 0
