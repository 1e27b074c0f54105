# SPDX-License-Identifier: Apache-2.0
"""Clients of the pages that are slow, greedy or many: a scraper and health checks get answers."""

import contextlib
import resource
import socket
import time

from harness import SLOWNESS
from honest import MIB, SCRAPE_SECONDS, SECONDS, Honest, daemon_of, fill, repeat_if_stalled

ATTACKER = "127.0.0.9"
N_TRICKLES = 2100
N_STALLED = 200
N_SERIES = 60_000
MAX_REQUESTS = 40  # the default of --web.max-requests
N_LISTS, N_LISTED = 200, 190_000
N_BURST = 400
# The backlog is as long as the kernel allows, so a connection of a burst need not try again.
CONNECT_SECONDS = 0.5 * SLOWNESS
HEAD = b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: %s\r\n\r\n"


def connect(udometer, receive_buffer=None):
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.bind((ATTACKER, 0))
    sock.settimeout(30)
    sock.connect(udometer.http)
    return sock


@contextlib.contextmanager
def connections(udometer, n, **options):
    """@n connections of the attacker, which are closed in the end."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(connect(udometer, **options)) for _ in range(n)]


def send(sock, raw):
    """Send to a connection, which the daemon may have closed. Returns whether it was open."""
    try:
        sock.send(raw)
    except OSError:
        return False
    return True


def lines_of_series(n, more=""):
    """Lines that make @n series."""
    return ["held_total:1|c|#x:%s%d" % (more, i) for i in range(n)]


@repeat_if_stalled
def test_thousands_of_connections_that_trickle(start):
    """Each sends a byte now and then, and never the end of its request."""
    udometer = daemon_of(start)
    head = HEAD % b"gzip"
    n_sent = 0
    with Honest(udometer, start, resident_max=100 * MIB) as honest:
        with connections(udometer, N_TRICKLES) as socks:
            end = time.monotonic() + SECONDS
            for i in range(len(head) - 2):
                n_sent += sum(send(sock, head[i:i + 1]) for sock in socks)
                time.sleep(0.2)
                if time.monotonic() > end:
                    break
    assert n_sent > N_TRICKLES
    honest.check()
    closed = honest.page.sum("udometer_http_connections_closed_total")
    assert closed > N_TRICKLES / 2, closed


def in_flight(udometer):
    return udometer.own_metrics().value("udometer_http_requests_in_flight")


def begin_pages(udometer, socks, coding):
    """Each begins a page that has new series, and never reads it."""
    flow = udometer.new_flow()
    for i, sock in enumerate(socks):
        udometer.send(*lines_of_series(10, "%03d." % i), flow=flow)
        if send(sock, HEAD % coding(i)):
            sock.recv(1)  # it has begun, and the next one finds further series


@repeat_if_stalled
def test_readers_that_take_nothing(start):
    """Few of them get a page, and others get theirs nevertheless, or are refused at once."""
    udometer = daemon_of(start)
    fill(udometer, lines_of_series(N_SERIES))
    with Honest(udometer, start, scrape_seconds=SCRAPE_SECONDS * N_SERIES / 10_000,
                resident_max=100 * MIB) as honest:
        with connections(udometer, N_STALLED, receive_buffer=4096) as socks:
            begin_pages(udometer, socks, lambda i: b"gzip" if i % 2 else b"identity")
            n_held = in_flight(udometer)
            time.sleep(SECONDS / 4)  # the scraper comes twice
    assert MAX_REQUESTS / 2 < n_held <= MAX_REQUESTS, n_held
    honest.check()
    assert honest.page.value("udometer_http_connections_closed_total", cause="stalled") > 0


@repeat_if_stalled
def test_readers_that_take_nothing_share_one_list(start):
    """If each had one of its own, with 8 bytes for each series, they would hold 300 MB."""
    udometer = daemon_of(start, "--web.max-requests=1000", "--limit.http-address-connections=1000",
                         "--limit.http-connections=1000")
    fill(udometer, lines_of_series(N_LISTED))
    with Honest(udometer, start, scrape_seconds=None, resident_max=180 * MIB) as honest:
        with connections(udometer, N_LISTS, receive_buffer=4096) as socks:
            begin_pages(udometer, socks, lambda i: b"identity")
            n_held = in_flight(udometer)
    assert n_held >= N_LISTS, n_held
    assert honest.page.value("udometer_series", type="counter") > N_LISTED + 9 * N_LISTS
    honest.check()


@repeat_if_stalled
def test_a_burst_of_connections(start):
    udometer = daemon_of(start)
    slowest = n_bursts = 0
    with Honest(udometer, start, resident_max=100 * MIB) as honest:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            began = time.monotonic()
            with connections(udometer, N_BURST):
                slowest = max(slowest, time.monotonic() - began)
            n_bursts += 1
            time.sleep(0.2)
    assert n_bursts > 2
    honest.check()
    assert slowest < CONNECT_SECONDS, slowest
