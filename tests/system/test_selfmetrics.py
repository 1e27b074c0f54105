# SPDX-License-Identifier: Apache-2.0
"""Self-metrics are complete and add up, in every scrape."""

import os
import re
import socket
import time
from collections import Counter

import pytest

from harness import SANITIZED, beside, connect, wait_until, write

FAMILIES = {
    "udometer_build_info": "gauge",
    "udometer_datagrams_total": "counter",
    "udometer_lines_total": "counter",
    "udometer_samples_total": "counter",
    "udometer_refused_total": "counter",
    "udometer_skipped_total": "counter",
    "udometer_kernel_drops_total": "counter",
    "udometer_series": "gauge",
    "udometer_batch_datagrams": "histogram",
    "udometer_scrape_duration_seconds": "histogram",
    "udometer_scrape_size_bytes": "histogram",
    "udometer_expired_series_total": "counter",
    "process_cpu_seconds_total": "counter",
    "process_resident_memory_bytes": "gauge",
    "process_open_fds": "gauge",
    "process_start_time_seconds": "gauge",
}


@pytest.mark.parametrize("family, kind", FAMILIES.items())
def test_the_family_is_there(udometer, family, kind):
    assert udometer.scrape().families[family].type == kind


def test_samples_are_counted_by_type(udometer):
    udometer.send("a_total:1|c", "b:1|g", "b:+1|g", "c:1|ms", "d:1|h", "e:1|d", "a_total:5|c|@0.1",
                  "f:x|s", "f:1|x")
    scrape = udometer.settle()
    counted = {labels["type"]: value for labels, value in scrape.named("udometer_samples_total")}
    assert counted == {"counter": 2, "gauge": 2, "timer": 1, "histogram": 1, "distribution": 1,
                       "set": 1, "expire": 1}


def test_changes_of_gauges_are_counted_by_listener(start, folder):
    """A socket of a listener may belong to any worker."""
    flags = ["--statsd.listen-udp=127.0.0.1:0", "--statsd.listen-udp=127.0.0.1:0?dialect=dogstatsd",
             "--statsd.listen-tcp=127.0.0.1:0", "--statsd.listen-unix=" + folder + "/s"]
    udometer = start("--workers=2", *flags)
    for listener in range(2):
        for i in range(8):  # the 0 is for the -1, which sets the gauge then
            udometer.send("{0}:3|g\n{0}:-2|g\n{0}:0:-1|g".format("g%d_%d" % (listener, i)),
                          flow=udometer.new_flow(listener))
    write(udometer, connect(udometer, "tcp"), b"d:5|g\nd:-1|g\n")
    scrape = udometer.settle()
    counted = Counter()
    for labels, value in scrape.named("udometer_relative_gauges_total"):
        counted[labels["listener"]] += value
    udp = ["udp://%s:%d" % address for address in udometer.udp]
    assert counted == {udp[0]: 8, udp[1]: 0, "tcp://%s:%d" % udometer.tcp[0]: 1,
                       "unix://" + folder + "/s": 0}


def test_series_are_counted_by_type(udometer):
    udometer.send("a_total:1|c", "a_total:1|c|#k:v", "b:1|g", "c:1|ms", "d:1|h", "c:1|ms",
                  "e:1|s")
    scrape = udometer.settle()
    counted = {labels["type"]: value for labels, value in scrape.named("udometer_series")}
    assert counted == {"counter": 2, "gauge": 1, "histogram": 2, "set": 1, "summary": 0}


def test_datagrams_and_their_bytes_are_counted(udometer):
    udometer.send("a_total:1|c", "a_total:1|c\na_total:1|c", "", "\n")
    scrape = wait_until(lambda: has_datagrams(udometer, 4), "4 datagrams")
    assert scrape.value("udometer_lines_total") == 3
    assert scrape.value("udometer_datagram_bytes_total") == 11 + 23 + 0 + 1


def has_datagrams(udometer, n):
    scrape = udometer.scrape()
    return scrape if scrape.value("udometer_datagrams_total") == n else None


# --- lines that are not applied ---

LONG = "n" * 5000
MANY_TAGS = ",".join("tag%d:v" % i for i in range(500))
REFUSALS = [
    ("malformed_line", ["nonsense", "no_bar:1", "|c", ":1|c", "no_colon|c", b"\xff\xfe:1|c",
                        b"t:1|c|#k:\xff"]),
    ("malformed_value", ["v:|c", "v:abc|c", "v:1x|g", "v:nan|g", "v:inf|g", "v:+Inf|ms", "v:0x10|c",
                         "v:1e999|g", "v:--1|g", "v:1,5|h", "v:1 2|c", "v:%s|c" % ("9" * 400)]),
    ("illegal_event", ["i:1|", "i:1|q", "i:1|cc", "i:1|C", "i:1|@0.1", "i:1||c"]),
    ("illegal_negative_counter", ["n_total:-1|c", "n_total:-0.001|c|@0.5"]),
    ("name_limit", [LONG + ":1|c"]),
    ("label_limit", ["l:1|c|#k:" + LONG, "l:1|c|#" + LONG + ":v", "l:1|c|#" + MANY_TAGS]),
    ("reserved_name", ["udometer_lines_total:1|c", "udometer_samples_total:1|c|#type:x",
                       "udometer.build.info:1|g", "process_open_fds:1|g"]),
]


@pytest.mark.parametrize("reason, lines", REFUSALS, ids=[reason for reason, _ in REFUSALS])
def test_refused_lines_are_counted_by_reason(udometer, reason, lines):
    udometer.send(*lines)
    counted = {labels["reason"]: value
               for labels, value in udometer.settle().named("udometer_refused_total") if value}
    assert counted == {reason: len(lines)}


@pytest.mark.parametrize("first, second", [
    ("a:1|c", "a:1|g"), ("a:1|g", "a:1|c"), ("a:1|g", "a:1|ms"), ("a:1|h", "a:1|c"),
    ("a.b:1|c", "a_b:1|g"), ("a:1|c|#k:v", "a:1|g|#k:w"),
    ("a:1|h", "a_count:1|c"), ("a:1|h", "a_sum:1|g"), ("a:1|ms", "a_bucket:1|c"),
    ("a_count:1|c", "a:1|h"), ("a_sum:1|g", "a:1|ms"), ("a_bucket:1|g", "a:1|h"),
    ("a_bucket:1|h", "a:1|h"),
])
def test_a_name_in_use_with_another_type_is_a_type_conflict(udometer, first, second):
    """Also the names of a histogram's samples: Prometheus could not tell the two apart."""
    udometer.send(first, second, second)
    scrape = udometer.settle()
    assert scrape.refused("type_conflict") == 2
    assert scrape.sum("udometer_samples_total") == 1


@pytest.mark.parametrize("line", ["o_total:1e308|c", "o:1e308|h"])
def test_a_sum_beyond_all_numbers_is_refused(udometer, line):
    udometer.send(line, line)
    scrape = udometer.settle()
    assert scrape.refused("value_overflow") == 1
    assert "Inf" not in re.sub(r'le="\+Inf"', "", scrape.text)


def test_a_gauge_beyond_all_numbers_is_refused(udometer):
    udometer.send("o:1.7e308|g", "o:+1.7e308|g", "o:-1|g")
    scrape = udometer.settle()
    assert scrape.refused("value_overflow") == 1
    assert scrape.value("o") == 1.7e308


def test_a_weight_beyond_all_numbers_hurts_nothing(udometer):
    udometer.send("w_total:1e300|c|@1e-300", "w:1e10|h|@1e-308", "w2:1|h|@5e-324", "ok_total:1|c")
    assert udometer.settle().value("ok_total") == 1


def test_events_and_service_checks_are_skipped(udometer):
    udometer.send("_e{5,4}:title|text|#k:v", "_sc|name|0|#k:v", "_e{1,1}:a|b")
    scrape = udometer.settle()
    assert scrape.value("udometer_skipped_total", kind="event") == 2
    assert scrape.value("udometer_skipped_total", kind="service_check") == 1
    assert scrape.sum("udometer_refused_total") == 0


def test_bad_tags_are_dropped_and_their_samples_kept(udometer):
    udometer.send("t_total:1|c|#bare", "t_total:1|c|#:v", "t_total:1|c|#k:",
                  "t_total:1|c|#__name__:x", "t_total:1|c|#,,", "t_total:1|c|#")
    scrape = udometer.settle()
    assert scrape.named("t_total") == [({}, 6)]
    assert scrape.value("udometer_tag_errors_total") >= 4


def test_a_tag_le_does_not_spoil_a_histogram(udometer):
    udometer.send("h:1|h|#le:5", "c_total:1|c|#le:5,quantile:0.5")
    scrape = udometer.settle()
    assert scrape.value("h_count", exported_le="5") == 1
    assert scrape.value("c_total", le="5", quantile="0.5") == 1


# --- limits ---


def test_gauges_beyond_the_limit_are_refused_and_counted(start):
    udometer = start("--limit.series=10")
    udometer.send(*["s:1|g|#i:%d" % i for i in range(25)])
    udometer.send(*["s:2|g|#i:%d" % i for i in range(10)])
    scrape = udometer.settle()
    assert sorted(labels["i"] for labels, _ in scrape.named("s")) == \
        sorted(str(i) for i in range(10))
    assert [value for _, value in scrape.named("s")] == [2] * 10
    assert scrape.refused("series_limit") == 15
    assert scrape.sum("udometer_series") == 10


def test_counters_beyond_the_limit_overflow_and_are_counted(start):
    udometer = start("--limit.series=10")
    udometer.send(*["s_total:1|c|#i:%d" % i for i in range(25)])
    scrape = udometer.settle()
    assert len(scrape.named("s_total")) == 11
    assert scrape.value("s_total", overflow="true") == 15
    assert scrape.value("udometer_overflow_samples_total") == 15
    assert scrape.refused("series_limit") == 0


def test_the_limit_is_one_for_all_workers(start):
    udometer = start("--limit.series=10", "--workers=4")
    for i in range(200):
        udometer.send("s_total:1|c|#i:%d" % i, flow=udometer.new_flow())
    scrape = udometer.settle()
    assert len(scrape.named("s_total")) == 11
    assert scrape.sum("s_total") == 200
    assert scrape.value("udometer_overflow_samples_total") == 190


def test_memory_of_series_has_a_limit(start):
    udometer = start("--limit.series-memory=1MiB")
    for i in range(6000):
        udometer.send("s:1|g|#i:%d,v:%s" % (i, "x" * 200))
        if i % 3000 == 2999:
            scrape = udometer.settle()
    assert 1 << 19 < scrape.value("udometer_series_bytes") <= 1 << 20
    assert scrape.refused("series_limit") + scrape.sum("udometer_series") == 6000


# --- time to live ---


def n_expired(udometer):
    return udometer.scrape().value("udometer_expired_series_total")


def test_a_series_that_nobody_writes_to_vanishes(start):
    udometer = start("--statsd.ttl=1s", "--workers=2")
    udometer.send("gone_total:1|c|#k:v", "gone_total:2|c|#k:w", "stays:1|g")

    def have_gone():
        udometer.send("stays:1|g")
        return n_expired(udometer) >= 2

    wait_until(have_gone, "the series have gone")
    udometer.send("stays:1|g")
    scrape = udometer.settle()
    assert scrape.value("stays") == 1 and "gone_total" not in scrape.families

    udometer.send("gone_total:7|g")
    scrape = udometer.settle()
    assert scrape.refused("type_conflict") == 0
    assert scrape.families["gone_total"].type == "gauge" and scrape.value("gone_total") == 7


def test_a_series_that_comes_again_begins_anew(start):
    udometer = start("--statsd.ttl=1s")
    flows = [udometer.new_flow() for _ in range(8)]
    for flow in flows:
        udometer.send("back_total:5|c", flow=flow)
    udometer.settle()
    wait_until(lambda: "back_total" not in udometer.scrape().families, "it has gone")
    udometer.send("back_total:1|c", flow=flows[3])
    assert udometer.settle().value("back_total") == 1


def test_a_series_that_is_written_to_stays(start):
    udometer = start("--statsd.ttl=2s")
    flows = [udometer.new_flow() for _ in range(8)]
    sent = 0
    end = time.monotonic() + 5
    while time.monotonic() < end:
        udometer.send("kept_total:1|c", flow=flows[sent % len(flows)])
        sent += 1
        time.sleep(0.02)  # not to wait for something: this is the sender's pace
    scrape = udometer.settle()
    if not SANITIZED:  # there the process may be late by more than the TTL
        assert scrape.value("kept_total") == sent
        assert scrape.value("udometer_expired_series_total") == 0


def test_many_series_expire_with_their_keys_and_their_memory(start):
    """More series than workers are told to release in one step."""
    udometer = start("--statsd.ttl=1s", "--workers=2")
    for i in range(0, 25000, 50):
        udometer.send("\n".join("s_total:1|c|#i:%d" % j for j in range(i, i + 50)))
        if i % 5000 == 0:
            udometer.settle()

    wait_until(lambda: n_expired(udometer) == 25000, "all of them have gone")
    assert udometer.scrape().sum("udometer_series") == 0
    wait_until(lambda: udometer.scrape().value("udometer_series_bytes") == 0, "memory is freed")
    wait_until(lambda: udometer.scrape().sum("udometer_keys") == 0, "their keys are forgotten")


def test_room_of_expired_series_is_free_again(start):
    udometer = start("--statsd.ttl=1s", "--limit.series=10")
    udometer.send(*["s_total:1|c|#i:%d" % i for i in range(10)])
    wait_until(lambda: n_expired(udometer) == 10, "they have gone")

    def has_ten_others():
        """On a slow machine they may expire before the scrape, so each try updates them."""
        udometer.send(*["s_total:1|c|#j:%d" % i for i in range(10)])
        return len(udometer.settle().named("s_total")) == 10

    wait_until(has_ten_others, "ten others are there")
    assert udometer.scrape().refused("series_limit") == 0


# --- what the kernel drops ---


def test_what_the_kernel_drops_is_counted(start):
    udometer = start("--statsd.read-buffer=4KiB", "--workers=2")
    flows = [udometer.new_flow() for _ in range(8)]
    n_datagrams = 2000
    udometer.pause()
    for i in range(n_datagrams):
        flows[i % len(flows)].send(b"d_total:1|c")
    udometer.resume()

    wait_until(lambda: udometer.scrape().n_datagrams() == n_datagrams,
               lambda: "%d are known" % udometer.scrape().n_datagrams())
    # A page does not show a single moment, so only the next one is sure to have what its end knows.
    scrape = udometer.scrape()
    assert scrape.sum("udometer_kernel_drops_total") > 1000
    assert scrape.value("d_total") == scrape.value("udometer_lines_total") < 1000
    last = udometer.stop()
    assert int(last["datagrams"]) + int(last["kernel_drops"]) == n_datagrams


def test_receive_buffers_are_as_large_as_asked_for(start):
    """Root may exceed net.core.rmem_max."""
    udometer = start("--statsd.read-buffer=64KiB")
    sizes = [v for _, v in udometer.scrape().named("udometer_receive_buffer_bytes")]
    assert sizes == [64 * 1024] * len(sizes)


def test_only_sockets_of_datagrams_are_told(start, tmp_path):
    """The kernel does not lose bytes of streams, so these have no counter of drops."""
    udometer = start("--statsd.listen-tcp=127.0.0.1:0",
                     f"--statsd.listen-unixgram={tmp_path}/datagrams",
                     f"--statsd.listen-unix={tmp_path}/stream", "--workers=2")
    scrape = udometer.scrape()
    for family in ("udometer_kernel_drops_total", "udometer_receive_buffer_bytes"):
        told = [labels["listener"].partition(":")[0] for labels, _ in scrape.named(family)]
        assert sorted(told) == ["udp", "udp", "unixgram"]


# --- the identity, all the time ---

MIXED = ["m_total:1|c", "m_total:2|c|#k:v", "m:1|g", "m:+1|g", "t:5|ms\nt:6|ms|#k:v\nx:1|h",
         "nonsense", "m:1|c\nm_total:1|g", "bad:x|c", "bad:1|q", "n:-1|c", "_e{1,1}:a|b",
         "_sc|x|0", "udometer_lines_total:1|c", "t_count:1|c", "many:1|c|#k:%d", "\n\n"]


def send_mixed(address, n_rounds, seed):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
        flow.connect(address)
        for i in range(n_rounds):
            for text in MIXED:
                flow.send((text % (i + seed) if "%" in text else text).encode())
            time.sleep(0.005 if SANITIZED else 0.0005)


def test_the_identity_holds_in_every_scrape_while_traffic_flows(start):
    """Scrape() asserts it; here it does so during traffic."""
    udometer = start("--workers=3", "--limit.series=1000")
    n_rounds = 1000
    scrapes = []
    calls = [(udometer.udp[0], n_rounds, n_rounds * i) for i in range(4)]
    with beside(send_mixed, calls) as senders:
        while any(sender.is_alive() for sender in senders):
            scrapes.append(udometer.scrape())
    n_lines = sum(len([line for line in text.split("\n") if line]) for text in MIXED)
    udometer.n_sent = 4 * n_rounds * n_lines
    scrapes.append(udometer.settle())
    totals = [scrape.value("udometer_lines_total") for scrape in scrapes]
    assert totals == sorted(totals) and len(set(totals)) > 5, totals
    assert totals[-1] == udometer.n_sent
    assert scrapes[-1].value("udometer_datagrams_total") == 4 * n_rounds * len(MIXED)


# --- the process ---


def test_the_process_says_what_the_kernel_says(udometer):
    scrape = udometer.scrape()
    assert abs(scrape.value("process_start_time_seconds") - time.time()) < 600
    assert scrape.value("process_resident_memory_bytes") % os.sysconf("SC_PAGESIZE") == 0
    n_fds = len(os.listdir("/proc/%d/fd" % udometer.pid))
    assert abs(scrape.value("process_open_fds") - n_fds) <= 2
    assert scrape.value("process_cpu_seconds_total") < 60


def test_scrapes_are_timed_and_measured(udometer):
    sizes = [len(udometer.scrape().body) for _ in range(5)]
    scrape = udometer.scrape()
    assert scrape.value("udometer_scrape_duration_seconds_count") == 5
    assert scrape.value("udometer_scrape_size_bytes_count") == 5
    assert scrape.value("udometer_scrape_size_bytes_sum") == sum(sizes)
    assert 0 < scrape.value("udometer_scrape_duration_seconds_sum") < 60


def test_descriptors_do_not_leak(udometer):
    udometer.scrape()
    before = udometer.scrape().value("process_open_fds")
    for _ in range(50):
        udometer.get("/-/ready")
        udometer.get("/nope")
    wait_until(lambda: udometer.scrape().value("process_open_fds") <= before,
               "the descriptors are as many as before")
