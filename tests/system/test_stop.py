# SPDX-License-Identifier: Apache-2.0
"""The daemon stops when told, with status 0, after it has applied all that has arrived."""

import multiprocessing
import os
import signal
import socket

import pytest

from harness import DEADLINE, SLOWNESS, wait_until

STOP_SECONDS = 5 * SLOWNESS


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
def test_a_signal_stops_it_with_status_0(udometer, number):
    last = udometer.stop(number, STOP_SECONDS)
    assert last["msg"] == "stopped"
    stopping = [record for record in udometer.log() if record["msg"] == "stopping"]
    assert [record["signal"] for record in stopping] == [number.name]


def test_the_last_line_tells_what_was_received(udometer):
    udometer.send("a_total:1|c\nb_total:1|c", "nonsense", "_sc|name|0")
    udometer.settle()
    last = udometer.stop()
    assert (last["datagrams"], last["lines"], last["applied"]) == ("3", "4", "2")
    assert last["kernel_drops"] == "0"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
@pytest.mark.parametrize("workers", [1, 4])
def test_what_lies_in_the_socket_buffers_is_applied_first(start, workers, number):
    udometer = start("--workers=%d" % workers)
    flows = [udometer.new_flow() for _ in range(16)]
    udometer.pause()
    for i in range(5000):
        udometer.send("waiting_total:1|c\nwaiting_total:2|c", flow=flows[i % 16])
    udometer.send("refused", flow=flows[0])
    last = udometer.stop(number)
    assert last["msg"] == "stopped"
    assert (last["datagrams"], last["lines"], last["applied"]) == ("5001", "10001", "10000")
    assert last["kernel_drops"] == "0"


def test_what_comes_while_all_listeners_wait_is_applied_first(start):
    udometer = start("--statsd.listen-udp=127.0.0.1:0", "--statsd.listen-udp=127.0.0.1:0")
    flows = [udometer.new_flow(0), udometer.new_flow(1)]
    udometer.pause()
    for i in range(1000):
        udometer.send("waiting_total:1|c", flow=flows[i % 2])
    assert udometer.stop()["applied"] == "1000"


def test_a_signal_while_it_ends_changes_nothing(udometer):
    for i in range(0, 40000, 40):
        udometer.send("\n".join("ending:1|g|#series:%d" % j for j in range(i, i + 40)))
    udometer.settle()
    udometer.send_signal(signal.SIGTERM)
    wait_until(lambda: any(record["msg"] == "stopped" for record in udometer.log()), "it stops")
    udometer.send_signal(signal.SIGTERM)
    assert udometer.wait()["msg"] == "stopped"


def test_a_second_signal_changes_nothing(udometer):
    udometer.pause()
    udometer.send(*["waiting_total:1|c"] * 2000)
    udometer.send_signal(signal.SIGTERM)
    udometer.send_signal(signal.SIGINT)
    udometer.resume()
    assert udometer.wait()["applied"] == "2000"


def test_a_scrape_in_progress_does_not_hold_it_up(udometer):
    for i in range(100):
        udometer.send("\n".join("many:1|h|#series:%d" % (i * 30 + j) for j in range(30)))
    udometer.settle()
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect(udometer.http)
        lazy.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert lazy.recv(100).startswith(b"HTTP/1.1 200")
        udometer.stop(seconds=STOP_SECONDS)


def test_idle_and_half_open_connections_do_not_hold_it_up(udometer):
    idle = udometer.connect_http()
    idle.request("GET", "/-/ready")
    idle.getresponse().read()
    with socket.create_connection(udometer.http) as half:
        half.sendall(b"GET /metr")
        udometer.stop(seconds=STOP_SECONDS)
    idle.close()


def test_more_connections_than_it_serves_do_not_hold_it_up(udometer):
    connections = [socket.create_connection(udometer.http) for _ in range(300)]
    try:
        wait_until(lambda: n_descriptors(udometer) >= 256, "most of them are served")
        # Those that were idle for longest have given way to it.
        connections[-1].sendall(b"GET /-/ready HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connections[-1].recv(100).startswith(b"HTTP/1.1 200")
        udometer.stop(seconds=STOP_SECONDS)
    finally:
        for connection in connections:
            connection.close()


def n_descriptors(udometer):
    return len(os.listdir("/proc/%d/fd" % udometer.pid))


LIGHT = b"flood_total:1|c\nflood:2|ms|#k:v"
# 60 KB of the most expensive lines: new keys, hundreds of tags.
HEAVY = b"\n".join(b"flood:1|c|#%s" % b",".join(b"k%d:%d" % (i % 60, i) for i in range(j, j + 256))
                   for j in range(20))


def flood(address, started, datagram):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
        flow.connect(address)
        while True:
            try:
                flow.send(datagram)
            except ConnectionRefusedError:
                if started.is_set():
                    return
            started.set()


@pytest.mark.parametrize("datagram", [LIGHT, HEAVY], ids=["light", "heavy"])
@pytest.mark.parametrize("workers", [1, 4])
def test_a_flood_does_not_hold_it_up(start, workers, datagram):
    udometer = start("--workers=%d" % workers)
    fork = multiprocessing.get_context("fork")
    senders = [(fork.Process(target=flood, args=(udometer.udp[0], started, datagram), daemon=True),
                started)
               for started in [fork.Event(), fork.Event()]]
    try:
        for sender, _ in senders:
            sender.start()
        for _, started in senders:
            assert started.wait(DEADLINE)
        last = udometer.stop(seconds=STOP_SECONDS)
        n_lines = datagram.count(b"\n") + 1
        assert last["msg"] == "stopped"
        assert int(last["lines"]) == n_lines * int(last["datagrams"]) > 0
    finally:
        for sender, _ in senders:
            sender.kill()
            sender.join()


def test_its_ports_are_free_at_once_afterwards(start):
    first = start()
    flags = ["--statsd.listen-udp=127.0.0.1:%d" % first.udp[0][1],
             "--web.listen-address=127.0.0.1:%d" % first.http[1]]
    first.scrape()
    first.stop()
    start(*flags).scrape()
