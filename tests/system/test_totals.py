# SPDX-License-Identifier: Apache-2.0
"""Counters whose values are running totals: real senders, restarts, workers and limits."""

import os
import signal
import socket

import pytest

from harness import connect, run, wait_until, write

ABSOLUTE = "--statsd.counter=absolute"
BY_SOCKET = "--statsd.counter-sender=socket"
OUTCOMES = ["baseline", "increase", "reset", "late"]


def flow_from(udometer, host, listener=0):
    """A flow from another of the addresses that this machine has on loopback."""
    flow = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    flow.bind((host, 0))
    flow.connect(udometer.udp[listener])
    udometer.sockets.append(flow)
    return flow


def outcomes(scrape):
    """The number of totals by what became of them: baseline, increase, reset, late."""
    return [scrape.value("udometer_running_total_samples_total", outcome=outcome)
            for outcome in OUTCOMES]


def value_after(udometer, flow, *lines):
    udometer.send(*lines, flow=flow)
    return udometer.settle().value("a_total")


# --- senders ---


def test_totals_of_two_hosts_make_one_counter(start):
    udometer = start(ABSOLUTE)
    first, second = flow_from(udometer, "127.0.0.1"), flow_from(udometer, "127.0.0.2")
    assert value_after(udometer, first, "a_total:1000|c") == 0
    assert value_after(udometer, second, "a_total:50|c") == 0
    assert value_after(udometer, first, "a_total:1003|c") == 3
    assert value_after(udometer, second, "a_total:60|c") == 13
    assert value_after(udometer, first, "a_total:1003|c") == 13
    scrape = udometer.scrape()
    assert outcomes(scrape) == [2, 3, 0, 0]
    assert scrape.value("udometer_running_totals") == 2
    assert scrape.value("udometer_samples_total", type="counter") == 5


def test_a_restarted_program_has_another_port_and_begins_at_zero(start):
    udometer = start(ABSOLUTE)
    value_after(udometer, udometer.new_flow(), "a_total:1000|c", "a_total:1010|c")
    assert value_after(udometer, udometer.new_flow(), "a_total:4|c") == 14
    assert value_after(udometer, udometer.new_flow(), "a_total:9|c") == 19
    assert outcomes(udometer.scrape()) == [1, 2, 1, 0]


def test_a_new_port_for_each_report_is_one_sender(start):
    """As Spark does it."""
    udometer = start(ABSOLUTE)
    for total in range(100, 120):
        udometer.send("a_total:%d|c" % total, flow=udometer.new_flow())
        value = udometer.settle().value("a_total")
    assert value == 19


def test_programs_of_one_host_can_be_told_apart_by_their_sockets(start):
    """As with several uWSGI, which all begin their names with the same word."""
    udometer = start(ABSOLUTE, BY_SOCKET)
    first, second = udometer.new_flow(), udometer.new_flow()
    for i in range(10):
        udometer.send("a_total:%d|c" % (1000 + i), flow=first)
        udometer.send("a_total:%d|c" % (50 + 2 * i), flow=second)
    scrape = udometer.settle()
    assert scrape.value("a_total") == 9 + 18
    assert outcomes(scrape) == [2, 18, 0, 0]
    udometer.send("a_total:5|c", flow=udometer.new_flow())
    assert udometer.settle().value("a_total") == 27
    assert outcomes(udometer.scrape()) == [3, 18, 0, 0]


def test_many_datagrams_at_once_all_have_their_sender(start):
    """More than a call receives, of which the kernel tells few senders if nothing asks for them."""
    udometer = start(ABSOLUTE, "--workers=1")
    flows = [flow_from(udometer, "127.0.0.%d" % (i + 1)) for i in range(4)]
    udometer.pause()
    for i in range(500):
        for n, flow in enumerate(flows):
            udometer.send("a_total:%d|c" % (i * (n + 1)), flow=flow)
    udometer.resume()
    scrape = udometer.settle()
    assert scrape.value("a_total") == 499 * (1 + 2 + 3 + 4)
    assert outcomes(scrape) == [4, 499 * 4, 0, 0]


def test_the_lines_of_a_datagram_have_one_sender(start):
    udometer = start(ABSOLUTE, "--workers=1")
    flows = [flow_from(udometer, "127.0.0.%d" % (i + 1)) for i in range(3)]
    udometer.pause()
    for i in range(30):
        for n, flow in enumerate(flows):
            lines = ["a_total:%d|c" % (10 * i * (n + 1)), "b_total:%d|c" % i]
            udometer.send("\n".join(lines), flow=flow)
    udometer.resume()
    scrape = udometer.settle()
    assert scrape.value("a_total") == 290 * (1 + 2 + 3) and scrape.value("b_total") == 3 * 29
    assert outcomes(scrape) == [6, 6 * 29, 0, 0]


# --- listeners ---


def test_one_listener_may_have_totals(start):
    udometer = start("--statsd.listen-udp=127.0.0.1:0?counter=absolute",
                     "--statsd.listen-udp=127.0.0.1:0")
    totals, increments = udometer.new_flow(0), udometer.new_flow(1)
    for _ in range(3):
        value_after(udometer, totals, "a_total:10|c")
        value_after(udometer, increments, "a_total:10|c")
    assert udometer.scrape().value("a_total") == 30
    assert value_after(udometer, totals, "a_total:11|c") == 31
    said = [record["counter"] for record in udometer.log() if record.get("msg") == "listening"
            and record["protocol"] == "udp"]
    assert said == ["absolute", "increment"]


def test_one_listener_may_have_increments(start):
    udometer = start(ABSOLUTE, "--statsd.listen-udp=127.0.0.1:0",
                     "--statsd.listen-udp=127.0.0.1:0?counter=increment")
    value_after(udometer, udometer.new_flow(0), "a_total:10|c", "a_total:11|c")
    assert value_after(udometer, udometer.new_flow(1), "a_total:10|c", "a_total:11|c") == 22


# --- names ---

RULE = 'mapping: { mappings: [{ match: "a_total", name: a_total, counter: %s }] }\n'


@pytest.fixture
def config_file(folder):
    def write_file(text):
        path = os.path.join(folder, "config.yml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path
    return write_file


def test_a_rule_may_have_totals(start, config_file):
    udometer = start("--config.file=" + config_file(RULE % "absolute"))
    first, second = flow_from(udometer, "127.0.0.1"), flow_from(udometer, "127.0.0.2")
    for i in range(3):
        value_after(udometer, first, "a_total:%d|c" % (1000 + i), "b_total:5|c")
        value_after(udometer, second, "a_total:%d|c" % (70 + 2 * i))
    scrape = udometer.scrape()
    assert scrape.value("a_total") == 2 + 4 and scrape.value("b_total") == 15
    assert outcomes(scrape) == [2, 4, 0, 0]


def test_a_declared_metric_may_have_totals(start, config_file):
    text = "metrics: [{ name: a_total, type: counter, counter: absolute }]"
    udometer = start("--config.file=" + config_file(text))
    assert value_after(udometer, udometer.new_flow(), "a_total:1000|c", "a_total:1003|c") == 3
    assert value_after(udometer, udometer.new_flow(), "a_total:1005|c") == 5


def test_a_rule_may_have_increments_where_others_are_totals(start, config_file):
    udometer = start(ABSOLUTE, "--config.file=" + config_file(RULE % "increment"))
    assert value_after(udometer, udometer.new_flow(), "a_total:5|c", "a_total:5|c", "b:1|c") == 10


def test_many_datagrams_of_a_rule_all_have_their_sender(start, config_file):
    """From the first one in the middle of others, and after a reload that brings the rule."""
    path = config_file(RULE % "increment")
    udometer = start("--config.file=" + path, "--workers=1")
    flows = [flow_from(udometer, "127.0.0.%d" % (i + 1)) for i in range(4)]
    config_file(RULE % "absolute")
    udometer.send_signal(signal.SIGHUP)
    wait_until(lambda: udometer.scrape().value("udometer_config_reloads_total",
                                               outcome="success") == 1, "the reload")
    udometer.pause()
    for _ in range(100):
        udometer.send("b_total:1|c", flow=flows[0])
    for i in range(500):
        for n, flow in enumerate(flows):
            udometer.send("a_total:%d|c" % (i * (n + 1)), flow=flow)
    udometer.resume()
    scrape = udometer.settle()
    assert scrape.value("a_total") == 499 * (1 + 2 + 3 + 4)
    assert outcomes(scrape) == [4, 499 * 4, 0, 0]


# --- protocols ---


@pytest.mark.parametrize("protocol", ["tcp", "unixgram", "unix"])
def test_totals_by_all_protocols(start, folder, protocol):
    """A sender that connects again goes on where it was."""
    place = "127.0.0.1:0" if protocol == "tcp" else folder + "/socket"
    udometer = start("--statsd.listen-%s=%s?counter=absolute" % (protocol, place), "--workers=2")
    value = -1
    for total, expected in [(100, 0), (107, 7), (3, 10)]:
        sock = connect(udometer, protocol)
        write(udometer, sock, b"a_total:%d|c\na_total:%d|c\n" % (total, total))
        value = udometer.settle().value("a_total")
        assert value == expected
        sock.close()
    assert outcomes(udometer.scrape()) == [1, 4, 1, 0]


def test_unix_senders_can_be_told_apart_by_their_paths(start, folder):
    udometer = start("--statsd.listen-unixgram=%s/socket?counter=absolute&counter-sender=socket"
                     % folder)
    senders = []
    for name in ["a", "b"]:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        udometer.sockets.append(sock)
        sock.bind(os.path.join(folder, name))
        sock.connect(os.path.join(folder, "socket"))
        senders.append(sock)
    for i in range(5):
        for n, sock in enumerate(senders):
            udometer.send("a_total:%d|c" % (100 * n + i), flow=sock)
    scrape = udometer.settle()
    assert scrape.value("a_total") == 8
    assert outcomes(scrape) == [2, 8, 0, 0]


def test_unix_senders_without_a_path_can_be_told_apart_by_their_processes(start, folder):
    udometer = start("--statsd.listen-unixgram=%s/socket?counter=absolute&counter-sender=socket"
                     % folder)
    for i in range(3):
        udometer.send("a_total:%d|c" % (100 + i), flow=connect(udometer, "unixgram"))
        done = run("send", "--url=unix://%s/socket" % folder, "count", "a_total", "5")
        assert done.returncode == 0, done.stderr
        udometer.n_sent += 1
    scrape = udometer.settle()
    assert scrape.value("a_total") == 2
    assert outcomes(scrape) == [4, 2, 0, 0]


def test_connections_of_one_host_can_be_told_apart(start):
    udometer = start("--statsd.listen-tcp=127.0.0.1:0", ABSOLUTE, BY_SOCKET, "--workers=2")
    first, second = connect(udometer, "tcp"), connect(udometer, "tcp")
    for i in range(5):
        write(udometer, first, b"a_total:%d|c\n" % (100 + i))
        write(udometer, second, b"a_total:%d|c\n" % i)
        udometer.settle()
    assert udometer.scrape().value("a_total") == 8


# --- several workers ---


@pytest.fixture
def four(start):
    return start(ABSOLUTE, "--workers=4")


def test_whichever_worker_gets_a_total(four):
    flows = [four.new_flow() for _ in range(64)]
    for total in range(2000):
        four.send("a_total:%d|c" % (5000 + total), flow=flows[total * 7 % len(flows)])
        if total % 100 == 0:  # the first one too, or a later one may be applied before it
            four.settle()
    scrape = four.settle()
    received = [value for _, value in scrape.named("udometer_batch_datagrams_count")]
    assert len(received) == 4 and all(received)
    assert scrape.value("a_total") == 1999
    n_first, n_more, n_resets, n_late = outcomes(scrape)
    assert n_first == 1 and n_resets == 0 and n_more + n_late == 1999


def test_a_total_that_is_applied_late_is_no_restart(four):
    """Each worker applies what is in its buffer, one after the other."""
    flows = [four.new_flow() for _ in range(64)]
    four.send("a_total:0|c", flow=flows[0])
    four.settle()
    four.pause()
    for total in range(1, 1001):
        four.send("a_total:%d|c" % total, flow=flows[total % len(flows)])
    four.resume()
    scrape = four.settle()
    assert scrape.value("a_total") == 1000
    n_first, n_more, n_resets, n_late = outcomes(scrape)
    assert n_first == 1 and n_resets == 0 and n_late > 0 and n_more + n_late == 1000


# --- limits ---


def test_beyond_the_limit_one_begins_anew_for_each_that_is_added(start):
    udometer = start(ABSOLUTE, "--limit.running-totals=2")
    flow = udometer.new_flow()
    udometer.send("a_total:1|c", "b_total:1|c", "b_total:2|c", "a_total:3|c", flow=flow)
    scrape = udometer.settle()
    assert scrape.value("a_total") == 2 and scrape.value("b_total") == 1
    assert scrape.value("udometer_running_total_evictions_total") == 0
    udometer.send("c_total:1|c", flow=flow)
    scrape = udometer.settle()
    assert scrape.value("udometer_running_total_evictions_total") == 1
    assert scrape.value("udometer_running_totals") == 2
    assert scrape.value("udometer_limit", limit="running-totals") == 2
    # One of the two was evicted: its next total adds nothing, whichever it is.
    udometer.send("c_total:2|c", flow=flow)
    assert udometer.settle().value("c_total") == 1
    assert outcomes(udometer.scrape()) == [3, 3, 0, 0]


def test_their_memory_is_series_memory(start):
    udometer = start(ABSOLUTE, "--limit.running-totals=100000")
    before = udometer.scrape().value("udometer_series_bytes")
    udometer.send("g:1|g")
    assert udometer.settle().value("udometer_series_bytes") < before + 100000
    udometer.send("a_total:1|c")
    after = udometer.settle().value("udometer_series_bytes")
    assert 3500000 < after - before < 4500000


def test_without_memory_for_them_they_are_refused(start):
    udometer = start(ABSOLUTE, "--limit.series-memory=1MiB")
    udometer.send("a_total:1|c", "g:1|g")
    scrape = udometer.settle()
    assert scrape.value("udometer_refused_total", reason="series_limit") == 1
    assert scrape.value("g") == 1 and not scrape.named("a_total")


def test_many_series_go_to_the_overflow_series_and_stay_apart(start):
    udometer = start(ABSOLUTE, "--limit.series=1")
    for i in range(3):
        udometer.send(*["a_total:%d|c|#k:%d" % (1000 * k + i, k) for k in range(5)])
    scrape = udometer.settle()
    assert scrape.value("a_total", k="0") == 2
    assert scrape.value("a_total", overflow="true") == 8
    assert outcomes(scrape) == [5, 10, 0, 0]


def test_a_series_that_ends_adds_what_was_counted_since(start):
    udometer = start(ABSOLUTE)
    assert value_after(udometer, udometer.new_flow(), "a_total:100|c", "a_total:110|c") == 10
    assert value_after(udometer, udometer.new_flow(), "a_total:1|x", "a_total:115|c") == 5


# --- explain ---


def test_explain_says_what_each_total_adds():
    lines = ["a:100|c", "a:103|c|@0.1", "a:2|c", "a:-1|c"]
    done = run("explain", ABSOLUTE, *lines)
    said = [line.partition("->")[2].strip() for line in done.stdout.splitlines()
            if line.startswith("value")]
    assert said == ["a running total, the first of its sender: adds 0", "a running total: adds 3",
                    "a running total, less than the last one: adds 2", ""]


def test_explain_says_so_for_a_rule(config_file):
    done = run("explain", "--config.file=" + config_file(RULE % "absolute"), "a_total:100|c",
               "a_total:103|c", "b_total:3|c")
    said = [line.partition("->")[2].strip() for line in done.stdout.splitlines()
            if line.startswith("value")]
    assert said[:2] == ["a running total, the first of its sender: adds 0",
                        "a running total: adds 3"] and len(said) == 3, said
