# SPDX-License-Identifier: Apache-2.0
"""Samples that arrive on different workers' sockets make one series."""

import os
import pathlib
import subprocess

import pytest

from children import clean_environment
from harness import DEADLINE

N_ROUNDS = 300

SHELL_CLIENT = pathlib.Path(__file__).resolve().parents[2] / "clients/shell/udometer.sh"


@pytest.fixture
def four(start):
    return start("--workers=4")


@pytest.fixture
def flows(four):
    """So many flows that each worker surely has some."""
    return [four.new_flow() for _ in range(64)]


def batches(scrape):
    return {labels["worker"]: value
            for labels, value in scrape.named("udometer_batch_datagrams_count")}


def settle_often(four, i):
    """Keep the socket buffers far from full."""
    if i % 100 == 99:
        four.settle()


def test_all_workers_receive(four, flows):
    for flow in flows:
        four.send("hits_total:1|c", flow=flow)
    counts = batches(four.settle())
    assert sorted(counts) == ["0", "1", "2", "3"]
    assert all(count > 0 for count in counts.values()), counts


def test_counters_of_all_workers_are_one_series(four, flows):
    for i, flow in enumerate(flows):
        four.send("hits_total:%d|c|#k:v" % i, flow=flow)
    assert four.settle().named("hits_total") == [({"k": "v"}, sum(range(len(flows))))]


def test_histograms_of_all_workers_are_one_series(four, flows):
    for flow in flows:
        four.send("time:250|ms", flow=flow)
    scrape = four.settle()
    assert scrape.value("time_count") == len(flows)
    assert scrape.value("time_sum") == 0.25 * len(flows)


def test_the_batches_of_all_workers_hold_all_datagrams(four, flows):
    for _ in range(10):
        for flow in flows:
            four.send("hits_total:1|c", flow=flow)
    scrape = four.settle()
    assert scrape.sum("udometer_batch_datagrams_sum") == 10 * len(flows)
    assert scrape.value("udometer_datagrams_total") == 10 * len(flows)


def test_the_last_set_of_a_gauge_wins_whoever_got_it(four, flows):
    for i in range(N_ROUNDS):
        for j in range(8):
            four.send("level:%d|g|#round:%d" % (j, i), flow=flows[(i * 8 + j) % len(flows)])
        settle_often(four, i)
    scrape = four.settle()
    wrong = [(labels, value) for labels, value in scrape.named("level") if value != 7]
    assert len(scrape.named("level")) == N_ROUNDS and not wrong, (len(wrong), wrong[:5])


def test_the_last_set_of_one_gauge_wins_again_and_again(four, flows):
    for i in range(N_ROUNDS):
        for j in range(4):
            four.send("same:%d|g" % (i * 4 + j), flow=flows[(i + 7 * j) % len(flows)])
        assert four.settle().value("same") == i * 4 + 3


def test_relative_changes_of_all_workers_add_up(four, flows):
    for i in range(N_ROUNDS):
        for j in range(8):
            four.send("sum:%+d|g" % (j + 1), "sum:-1|g", flow=flows[(i + 5 * j) % len(flows)])
        settle_often(four, i)
    assert four.settle().value("sum") == N_ROUNDS * (36 - 8)


@pytest.mark.parametrize("first, second, expected", [
    pytest.param("10", "+5", 15, id="a change stands on what was set"),
    pytest.param("+5", "10", 10, id="a set ends earlier changes")])
def test_what_two_workers_get_is_in_order(four, flows, first, second, expected):
    for i in range(N_ROUNDS):
        four.send("level:%s|g|#round:%d" % (first, i), flow=flows[i % len(flows)])
        four.send("level:%s|g|#round:%d" % (second, i), flow=flows[(i * 7 + 1) % len(flows)])
        settle_often(four, i)
    values = [value for _, value in four.settle().named("level")]
    wrong = [value for value in values if value != expected]
    assert len(values) == N_ROUNDS and not wrong, (len(wrong), wrong[:5])


def test_one_worker_is_enough(start):
    one = start("--workers=1")
    flows = [one.new_flow() for _ in range(8)]
    for flow in flows:
        one.send("hits_total:1|c", flow=flow)
    scrape = one.settle()
    assert scrape.value("hits_total") == 8
    assert list(batches(scrape)) == ["0"]


def test_arrival_decides_even_when_all_lies_in_the_buffers(four, flows):
    """The scheduler decides when each worker runs; samples are applied in the order of sending."""
    four.pause()
    for i in range(100):
        a, b, c, d = (flows[(i * 3 + 11 * j) % len(flows)] for j in range(4))
        four.send("last:1|g|#round:%d" % i, flow=a)
        four.send("last:2|g|#round:%d" % i, flow=b)
        four.send("base:10|g|#round:%d" % i, flow=c)
        four.send("base:+5|g|#round:%d" % i, flow=d)
        four.send("reset:+5|g|#round:%d" % i, flow=a)
        four.send("reset:10|g|#round:%d" % i, flow=d)
    four.resume()
    scrape = four.settle()
    for name, expected in [("last", 2), ("base", 15), ("reset", 10)]:
        wrong = [pair for pair in scrape.named(name) if pair[1] != expected]
        assert not wrong, (name, len(wrong), wrong[:5])


def test_a_set_between_changes_ends_only_the_earlier_one(four, flows):
    four.pause()
    for i in range(100):
        a, b = flows[i % len(flows)], flows[(i * 7 + 1) % len(flows)]
        four.send("split:+5|g|#round:%d" % i, flow=a)
        four.send("split:10|g|#round:%d" % i, flow=b)
        four.send("split:+1|g|#round:%d" % i, flow=a)
    four.resume()
    wrong = [pair for pair in four.settle().named("split") if pair[1] != 11]
    assert not wrong, (len(wrong), wrong[:5])


# --- x and the samples around it ---

N_SHELL_ROUNDS = 24

# As many as keep a worker busy for some milliseconds.
BALLAST = ["\n".join(["ballast:1|c"] * 100)] * 100


def flow_of_each_worker(server, listener=0):
    """A flow that reaches each of the two workers, by number."""
    flows = {}
    while len(flows) < 2:
        flow, before = server.new_flow(listener), batches(server.settle())
        server.send("probe:1|c", flow=flow)
        after = batches(server.settle())
        flows.update({worker: flow for worker in after if after[worker] > before[worker]})
    return [flows[worker] for worker in sorted(flows)]


def run_shell(server, script, n_lines=2):
    """Let the shell client send lines. Each datagram has a source port of its own."""
    environment = clean_environment({"UDOMETER_URL": "udp://%s:%d" % server.udp[0]})
    subprocess.run(["bash", "-c", '. "$0"; ' + script, os.fspath(SHELL_CLIENT)], check=True,
                   stdin=subprocess.DEVNULL, env=environment, timeout=DEADLINE)
    server.n_sent += n_lines


@pytest.mark.parametrize("script, expected", [
    pytest.param("udom_expire s; udom_gauge s %d a=b", True, id="what is sent after it stays"),
    pytest.param("udom_gauge s %d a=b; udom_expire s", False, id="what is sent before it ends")])
def test_an_x_ends_what_was_sent_before_it_whoever_got_it(start, script, expected):
    """One of the workers has much to do first, so that it applies its line after the other's."""
    two = start("--workers=2")
    flows = flow_of_each_worker(two)
    for i in range(N_SHELL_ROUNDS):
        two.pause()
        two.send(*BALLAST, flow=flows[i % 2])
        run_shell(two, script % i)
        two.resume()
        assert two.settle().named("s") == ([({"a": "b"}, i)] if expected else []), i


def test_a_script_that_replaces_gauges_loses_none(start):
    two = start("--workers=2")
    numbers = range(N_ROUNDS)
    run_shell(two, "for i in {0..%d}; do udom_expire s$i; udom_gauge s$i $i a=b; done"
              % numbers[-1], 2 * len(numbers))
    scrape = two.settle()
    assert [scrape.named("s%d" % i) for i in numbers] == [[({"a": "b"}, i)] for i in numbers]
    assert all(count > 0 for count in batches(scrape).values())


# --- several sockets of a worker ---

TWO_ADDRESSES = ["--statsd.listen-udp=127.0.0.1:0", "--statsd.listen-udp=127.0.0.2:0"]


@pytest.mark.parametrize("first, second, expected", [
    pytest.param("s:1|g", "s:2|g", [({}, 2)], id="of two gauges, the later one stays"),
    pytest.param("s:+1|g", "s:2|g", [({}, 2)], id="a set ends an earlier change"),
    pytest.param("s:1|x", "s:2|g", [({}, 2)], id="what is sent after an x stays"),
    pytest.param("s:1|g", "s:1|x", [], id="what is sent before an x ends")])
def test_arrival_decides_whatever_another_socket_has_brought(start, first, second, expected):
    """The worker of the first line takes later ones before it, from its other socket."""
    two = start("--workers=2", *TWO_ADDRESSES)
    flows = [flow_of_each_worker(two, listener) for listener in range(2)]
    for i in range(N_SHELL_ROUNDS):
        own, other, worker = flows[i % 2], flows[1 - i % 2], i // 2 % 2
        two.pause()
        two.send("other:1|c", flow=other[worker])  # it is ready first, so it is read first
        two.send(first, flow=own[worker])
        two.send(second, flow=own[1 - worker])
        two.send("other:1|c", flow=other[worker])
        two.resume()
        assert two.settle().named("s") == expected, i
        two.send("s:1|x")
        two.settle()
