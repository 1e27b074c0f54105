# SPDX-License-Identifier: Apache-2.0
"""Streams and datagrams that come as fast as they can: others on the same worker do not wait."""

import multiprocessing
import re
import resource
import select
import socket
import time

from harness import SLOWNESS, connect, wait_until
from honest import MIB, SECONDS, Honest, daemon_of, fill, repeat_if_stalled

STOP_SECONDS = 2.0 * SLOWNESS  # one of them for what the buffers hold
LINES = b"flood_total:1|c\n" * 4000
MANY_TAGS = b"many:1|c|#" + b",".join(b"k%d:1" % (i % 64) for i in range(8000))
REFUSED = b"nonsense\n" * 7000
N_FLOODS = 900  # connections at a stop, each with all that the kernel holds
# A worker of its own sees to the attack and to honest traffic, and leaves attackers a core.
ONE_WORKER = "--workers=1"


def beside(work, *args):
    """A process that attacks, and ends by itself."""
    process = multiprocessing.get_context("fork").Process(target=work, args=args, daemon=True)
    process.start()
    return process


def connections(address, n):
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, resource.getrlimit(
        resource.RLIMIT_NOFILE)[1]),) * 2)
    found = [socket.create_connection(address) for _ in range(n)]
    for one in found:
        one.setblocking(False)
    return found


def write_to_all(address, n, raw, seconds):
    """Write to @n connections as fast as each takes it."""
    socks = {sock.fileno(): sock for sock in connections(address, n)}
    poll = select.epoll()
    for number in socks:
        poll.register(number, select.EPOLLOUT)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for number, _ in poll.poll(0.1):
            try:
                socks[number].send(raw)
            except BlockingIOError:
                pass
            except OSError:  # the daemon has stopped
                return


def come_and_go(address, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        socket.create_connection(address).close()


def send_datagrams(address, raw, seconds):
    flow = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    flow.connect(address)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for _ in range(10):
            flow.send(raw)


def judge(udometer, start, work, *args, **options):
    """Attack with @work beside honest traffic, and stop the daemon while the attack goes on."""
    with Honest(udometer, start, **options) as honest:
        attack = beside(work, *args, SECONDS + 60)
        time.sleep(SECONDS)
    try:
        honest.check()
        began = time.monotonic()
        udometer.stop()
        assert time.monotonic() - began < STOP_SECONDS
    finally:
        attack.kill()
        attack.join()
    return honest


@repeat_if_stalled
def test_many_connections_that_never_stop(start):
    udometer = daemon_of(start, ONE_WORKER)
    honest = judge(udometer, start, write_to_all, udometer.tcp[0], 300, LINES)
    assert honest.page.sum("udometer_connections") >= 300
    assert honest.page.value("udometer_lines_total") > 100_000


@repeat_if_stalled
def test_a_thousand_connections_that_send_single_bytes(start):
    udometer = daemon_of(start, ONE_WORKER)
    honest = judge(udometer, start, write_to_all, udometer.tcp[0], 1000, b"x")
    assert honest.page.sum("udometer_connections") >= 1000


@repeat_if_stalled
def test_connections_that_only_come_and_go(start):
    udometer = daemon_of(start, ONE_WORKER)
    honest = judge(udometer, start, come_and_go, udometer.tcp[0])
    assert honest.page.sum("udometer_connections_closed_total") > 1000


@repeat_if_stalled
def test_a_flood_of_long_datagrams_on_another_listener(start):
    udometer = daemon_of(start, ONE_WORKER, "--statsd.listen-udp=127.0.0.1:0",
                         "--statsd.listen-udp=127.0.0.1:0")
    honest = judge(udometer, start, send_datagrams, udometer.udp[1], MANY_TAGS)
    assert honest.page.value("udometer_datagrams_total") > sum(honest.sent) + 50


def test_at_a_stop_a_flood_leaves_time_for_others(start):
    """The lines of the flood are refused, so that those that are applied are the others'."""
    udometer = daemon_of(start, ONE_WORKER)
    fill(udometer, ["known_total:1|c"])
    quiet = connect(udometer, "tcp")
    floods = connections(udometer.tcp[0], N_FLOODS)
    wait_until(lambda: udometer.own_metrics().sum("udometer_connections") >= N_FLOODS + 1,
               "connections")
    udometer.pause()
    for flood in floods:
        try:
            while True:
                flood.send(REFUSED)
        except BlockingIOError:
            pass
    quiet.sendall(b"known_total:1|c\n" * 500)
    began = time.monotonic()
    last = udometer.stop()
    assert time.monotonic() - began < STOP_SECONDS
    assert last["applied"] == "501"
    assert int(last["lines"]) > 10_000 * N_FLOODS / 10


def resident(pid):
    with open("/proc/%d/status" % pid) as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) * 1024


def test_memory_of_long_lines_is_given_back(start):
    udometer = daemon_of(start, ONE_WORKER)
    before = resident(udometer.pid)
    socks = [socket.create_connection(udometer.tcp[0]) for _ in range(1000)]
    for _ in range(16):
        for sock in socks:
            sock.sendall(b"x" * 4095)
    wait_until(lambda: resident(udometer.pid) > before + 30 * MIB, "long lines are held")
    for sock in socks:
        sock.close()
    wait_until(lambda: udometer.own_metrics().sum("udometer_connections") == 0, "all are closed")
    wait_until(lambda: resident(udometer.pid) < before + 10 * MIB,
               lambda: "%d MiB, %d before" % (resident(udometer.pid) // MIB, before // MIB),
               30 * SLOWNESS)
