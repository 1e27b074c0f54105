# SPDX-License-Identifier: Apache-2.0
"""Which lines are refused, and who sends them: the page, and the log."""

import itertools
import json
import os
import socket

import pytest

from harness import connect, frame, run, wait_until, write

UDP = "--statsd.listen-udp=127.0.0.1:0"
TCP = "--statsd.listen-tcp=127.0.0.1:0"


def page(udometer):
    reply = udometer.get("/api/v1/refused")
    assert reply.status == 200 and reply.headers["Content-Type"] == "application/json"
    answer = json.loads(reply.body)
    assert answer["status"] == "success"
    return answer["data"]


def entry(udometer, text):
    """The only entry of this line."""
    lines = [line for line in page(udometer)["lines"] if line["line"] == text]
    assert len(lines) == 1, page(udometer)
    return lines[0]


def logged(udometer):
    return [record for record in udometer.log() if record.get("msg") == "line refused"]


@pytest.fixture
def all_listeners(start, folder):
    return start(UDP, TCP, "--statsd.listen-unix=" + folder + "/stream",
                 "--statsd.listen-unixgram=" + folder + "/gram")


def check_entry(udometer, text, reason, byte):
    line = entry(udometer, text)
    assert (line["reason"], line["byte"], line["length"]) == (reason, byte, len(text))
    assert line["count"] == 1 and line["first"] == line["last"]
    return line["sender"], line["listener"]


def test_udp_senders_are_known_by_their_address(all_listeners):
    udometer = all_listeners
    udometer.send("good:1|c\njobs:many|c\ngood:1|c")
    udometer.settle()
    host, port = udometer.sockets[0].getsockname()
    assert check_entry(udometer, "jobs:many|c", "malformed_value", 5) == (
        "%s:%d" % (host, port), "udp://%s:%d" % udometer.udp[0])


@pytest.mark.parametrize("text, cause", [
    ("nothing", "there is no ':' and value after the name"),
    ("jobs:1", "there is no '|' and type after the value"),
    ("jobs:|c", "the value is empty"),
    ("jobs:1|x|#pod:", "an x of which a tag is dropped would end more than it names"),
    ("jobs:-1|c", None)])
def test_which_cause_of_the_reason_it_is_is_told(start, text, cause):
    udometer = start()
    udometer.send(text)
    udometer.settle()
    assert entry(udometer, text)["cause"] == cause
    assert [record.get("cause") for record in logged(udometer)] == [cause]


@pytest.mark.parametrize("text, more", [
    ("state:flying|g", ""),
    ("state:idle:flying|g", "; of several values, each must be a number")])
def test_log_list_and_explain_name_the_words_of_a_value(start, tmp_path, text, more):
    config = tmp_path / "udometer.yml"
    config.write_text("metrics: [{name: state, type: gauge, value_map: {idle: 0, busy: 1}}]\n")
    udometer = start("--config.file=%s" % config)
    cause = "the value is not a number or one of the words busy, idle" + more
    for known in (False, True):
        udometer.send(*["state:idle|g"] * known, text)
        udometer.settle()
    assert entry(udometer, text)["cause"] == cause
    assert {record.get("cause") for record in logged(udometer)} == {cause}
    explained = run("explain", "--config.file=%s" % config, text)
    assert cause in explained.stdout


def test_tcp_senders_are_known_by_their_address(all_listeners):
    udometer = all_listeners
    sock = connect(udometer, "tcp")
    write(udometer, sock, b"good:1|c\njobs:many|c\n")
    udometer.settle()
    assert check_entry(udometer, "jobs:many|c", "malformed_value", 5) == (
        "%s:%d" % sock.getsockname(), "tcp://%s:%d" % udometer.tcp[0])


def test_a_line_that_a_stream_refuses_has_its_beginning(start):
    udometer = start(TCP, "--limit.line-length=300", "--workers=1")
    sock = connect(udometer, "tcp")
    write(udometer, sock, b"jobs:1|c|#" + b"x" * 1000, 0)
    write(udometer, sock, b"x" * 1000 + b"\n", 1)
    udometer.settle()
    line = entry(udometer, ("jobs:1|c|#" + "x" * 246) + "\u2026")
    # If all of it came at once, the byte beyond the limit is known.
    assert line["reason"] == "line_limit" and line["byte"] in (None, 300)


def test_unix_stream_senders_are_known_by_their_process(all_listeners):
    udometer = all_listeners
    path = udometer.listening("unix")[0]
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.connect(path)
        sock.sendall(frame(b"good:1|c\njobs:many|c"))
        udometer.n_sent += 2
        udometer.settle()
    assert check_entry(udometer, "jobs:many|c", "malformed_value", 5) == (
        "pid %d, uid %d" % (os.getpid(), os.getuid()), "unix://" + path)


def test_unix_datagram_senders_are_known_by_their_path_or_process(all_listeners, folder):
    """
    The kernel tells the process of what is sent once it is asked for it: a moment after the first
    refused line.
    """
    udometer = all_listeners
    path = udometer.listening("unixgram")[0]
    probes = (b"probe.%d:x|c" % i for i in itertools.count())

    def send_unnamed(line):
        connect(udometer, "unixgram").send(line)
        udometer.n_sent += 1
        udometer.settle()
        return entry(udometer, line.decode())["sender"]

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as named:
        named.bind(folder + "/bot")
        for name in (b"first", b"second"):
            named.sendto(b"named." + name + b":x|c", path)
            udometer.n_sent += 1
            send_unnamed(b"unnamed." + name + b":x|c")
            wait_until(lambda: send_unnamed(next(probes)), "the kernel tells the sender")
    listener = "unixgram://" + path
    process = "pid %d, uid %d" % (os.getpid(), os.getuid())
    for name, sender in [("unnamed.first", None), ("unnamed.second", process),
                         ("named.first", folder + "/bot"), ("named.second", folder + "/bot")]:
        assert check_entry(udometer, name + ":x|c", "malformed_value", len(name) + 1) == (
            sender, listener)


def test_lines_of_the_same_name_and_host_share_an_entry(start):
    udometer = start("--workers=2")
    for flow in [udometer.new_flow() for _ in range(16)]:
        for i in range(5):
            udometer.send("jobs:many%d|c" % i, flow=flow)
    udometer.settle()
    data = page(udometer)
    assert (data["refused"], data["unlisted"]) == (80, 0)
    assert len(data["lines"]) == 1 and data["lines"][0]["count"] == 80


def test_values_of_a_packed_line_are_counted_one_by_one(udometer):
    udometer.send("jobs:1:-1:2:-2|c")
    assert udometer.settle().refused("illegal_negative_counter") == 2
    line = entry(udometer, "jobs:1:-1:2:-2|c")
    # The fault is that of the text that was copied, which is done once a second.
    assert (line["count"], line["byte"]) == (2, 7)


def test_hostile_bytes_are_shown_safely(start):
    udometer = start("--log.level=debug")
    udometer.send(b"na\xffme\0\x1b[2J\"\\\xe2\x82\xac:1|c", b"n" * 255 + "\u20ac".encode())
    udometer.settle()
    assert entry(udometer, "na\ufffdme\0\x1b[2J\"\\\u20ac:1|c")["byte"] == 2
    assert entry(udometer, "n" * 255 + "\u2026")["length"] == 258
    udometer.stop()
    # A line that is not cut is refused at once, the other one when it is looked up.
    assert {record["line"] for record in logged(udometer)} == {
        "na\ufffd" r'me\u0000\u001b[2J\"\\' "\u20ac:1|c", "n" * 255 + "\u2026"}


def test_a_flood_of_refused_lines_is_counted_exactly(start):
    """And stays on the page only as far as that is bounded."""
    udometer = start(TCP, "--workers=2")
    sock = connect(udometer, "tcp")
    n_lines = 200000
    write(udometer, sock, b"".join(b"name%d:x|c\n" % i for i in range(n_lines)), n_lines)
    scrape = udometer.settle()
    assert scrape.refused("malformed_value") == n_lines
    data = page(udometer)
    assert data["refused"] == n_lines
    assert data["unlisted"] + sum(line["count"] for line in data["lines"]) == n_lines
    assert len(data["lines"]) <= 8
    udometer.stop()
    assert len(logged(udometer)) == 1


def test_the_log_names_each_reason_and_sender_once(start):
    udometer = start("--workers=1")
    for _ in range(20):
        udometer.send("jobs:many|c", "jobs:1|y", "other:many|c")
    udometer.settle()
    udometer.stop()
    records = logged(udometer)
    assert [(record["level"], record["reason"], record["line"]) for record in records] == [
        ("info", "malformed_value", "jobs:many|c"), ("info", "illegal_event", "jobs:1|y")]
    assert {record["listener"] for record in records} == {"udp://%s:%d" % udometer.udp[0]}
    assert all(record["sender"].startswith("127.0.0.1:") for record in records)


def test_at_debug_every_refused_line_is_logged_or_counted(start):
    """With a log reader that has stopped, lines are dropped, and each is counted."""
    udometer = start("--log.level=debug", "--workers=1", has_reader=True)
    udometer.reader.pause()
    for _ in range(50):
        udometer.send("\n".join("jobs:many%d|c" % i for i in range(100)))
        udometer.settle()
    n_dropped = udometer.scrape().value("udometer_log_lines_dropped_total")
    assert n_dropped > 0
    udometer.reader.resume()

    def n_missing():
        return sum(int(record["count"]) for record in udometer.log()
                   if record.get("msg") == "log lines were dropped" and "hint" in record)

    wait_until(lambda: n_missing() == n_dropped, "the log says how many lines are missing")
    assert len(logged(udometer)) == 5000 - n_dropped
