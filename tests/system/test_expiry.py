# SPDX-License-Identifier: Apache-2.0
"""No series expires before a scrape has shown it, unless none comes for long."""

import socket

import pytest

from harness import DEADLINE, wait_until

# With a page that shows no series, to look at without being a scrape.
FLAGS = ["--statsd.ttl=1s", "--web.self-metrics-path=/self"]


def own(udometer, name):
    return udometer.scrape("/self").value(name)


def n_expired(udometer):
    return own(udometer, "udometer_expired_series_total")


def send(udometer, *lines):
    """Send them, and wait until they are applied."""
    udometer.send(*lines)
    wait_until(lambda: own(udometer, "udometer_lines_total") == udometer.n_sent, "all have come")


class Clock:
    """A daemon whose series wait for no scrape: when one of them expires, its TTL is over."""

    def __init__(self, start):
        self.udometer = start(*FLAGS, "--statsd.unscraped-ttl=0s")
        self.n = 0

    def pass_ttl(self):
        """Twice, as another daemon sweeps at other times."""
        for _ in range(2):
            self.n += 1
            self.udometer.send("tick:1|g")
            wait_until(lambda: n_expired(self.udometer) == self.n, "it has expired")
        assert own(self.udometer, "udometer_expired_unscraped_series_total") == self.n


@pytest.fixture
def clock(start):
    return Clock(start)


def test_a_series_waits_for_one_scrape(start, clock):
    udometer = start(*FLAGS)
    send(udometer, "hits_total:3|c")
    clock.pass_ttl()
    assert n_expired(udometer) == 0
    assert udometer.scrape_series().value("hits_total") == 3
    wait_until(lambda: n_expired(udometer) == 1, "it has expired")
    assert own(udometer, "udometer_expired_unscraped_series_total") == 0
    assert udometer.metrics() == b""


def test_a_counter_does_not_begin_again_unseen(start, clock):
    udometer = start(*FLAGS, "--workers=2")
    send(udometer, "hits_total:3|c")
    clock.pass_ttl()
    send(udometer, "hits_total:4|c")
    clock.pass_ttl()
    assert udometer.scrape_series().value("hits_total") == 7
    wait_until(lambda: n_expired(udometer) == 1, "it has expired")
    send(udometer, "hits_total:5|c")
    assert udometer.scrape_series().value("hits_total") == 5


def test_a_scrape_that_does_not_reach_its_end_is_none(start, clock):
    """Nor are HEAD and the page of self-metrics."""
    udometer = start(*FLAGS)
    n = 6000  # 12 MB, more than all buffers of a connection hold
    for i in range(0, n, 500):
        send(udometer, *["long:1|g|#series:%d,v:%s" % (j, "x" * 2000) for j in range(i, i + 500)])
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.settimeout(DEADLINE)
        clock.pass_ttl()
        reader.connect(udometer.http)
        reader.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert reader.recv(1000)
    wait_until(lambda: own(udometer, "udometer_scrapes_broken_total") == 1, "it is broken off")
    assert udometer.get("/metrics", method="HEAD").status == 200
    clock.pass_ttl()
    assert n_expired(udometer) == 0
    assert len(udometer.scrape_series().named("long")) == n
    wait_until(lambda: n_expired(udometer) == n, "all have expired")
    assert own(udometer, "udometer_expired_unscraped_series_total") == 0


def test_without_scrapes_a_series_expires_at_the_second_limit(start):
    udometer = start(*FLAGS, "--statsd.unscraped-ttl=2s")
    send(udometer, "hits_total:3|c")
    wait_until(lambda: n_expired(udometer) == 1, "it has expired")
    assert own(udometer, "udometer_expired_unscraped_series_total") == 1
    assert udometer.metrics() == b""


def test_a_sender_ends_series_without_waiting(start):
    udometer = start(*FLAGS)
    send(udometer, "hits_total:3|c", "hits_total:1|x")
    assert own(udometer, "udometer_ended_series_total") == 1
    assert udometer.metrics() == b""


def test_each_type_may_have_a_ttl_of_its_own(start):
    udometer = start("--statsd.ttl=0s", "--statsd.type-ttl=gauge=1s", "--statsd.unscraped-ttl=0s",
                     "--web.self-metrics-path=/self")
    send(udometer, "c:1|c", "g:1|g", "s:1|s")
    wait_until(lambda: n_expired(udometer) == 1, "the gauge has expired")
    page = udometer.scrape_series()
    assert page.get("g") is None and page.get("c") == 1 and page.get("s") == 1


def test_defaults_of_a_mapping_file_hold_for_names_without_a_rule(start, tmp_path):
    mapping = tmp_path / "mapping.yml"
    mapping.write_text("""
defaults: {ttl: 1s, observer_type: histogram, histogram_options: {buckets: [0.5]}}
mappings: [{match: kept.*, name: kept_$1, ttl: 0s}]
""")
    udometer = start("--statsd.ttl=0s", "--statsd.unscraped-ttl=0s",
                     "--web.self-metrics-path=/self", f"--statsd.mapping-config={mapping}")
    send(udometer, "lobby.wait:200|ms", "kept.hits:2|c")
    page = udometer.scrape_series()
    assert page.get("lobby_wait_bucket", le="0.5") == 1
    wait_until(lambda: n_expired(udometer) == 1, "the name without a rule has expired")
    page = udometer.scrape_series()
    assert page.get("lobby_wait_count") is None and page.get("kept_hits") == 2
