# SPDX-License-Identifier: Apache-2.0
"""The cases of proto/vectors, over every transport.

A case is what one datagram does to a daemon that has just started. One daemon for each set of
options runs all its cases; after each case all series are ended with "x" lines. The daemon's own
counters are compared by their increase. As a daemon takes some milliseconds to read a line that
arrives soon after another one, several cases run at once.
"""

import http.client
import math
import pathlib
import random
import re
import signal
import socket
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

import children
import vectors
from exposition import check_family, read_families
from harness import DEADLINE, HAS_IPV6, Udometer, frame

CASES = vectors.load()
SEED = 20263
COUNTER = re.compile(
    r"^(udometer_(?:lines|packed_samples|samples|refused|skipped|tag_errors|unknown_sections"
    r'|sample_errors)_total)(?:\{(\w+)="(\w+)"\})? (\d+)$', re.MULTILINE)
# The most that a sum of values divided by rates may differ from the oracle's. All else is exact.
TOLERANCE = 1e-13
# A test ends after this many daemons have died or lost a line.
GIVE_UP_MAX = 5
N_LANES = 12


# --- daemons, and what they show ---


class Page:
    """A scrape in its two parts: what was sent, and then udometer's own metrics."""

    def __init__(self, text, own_begin):
        at = text.index(own_begin)
        self.sent = text[:at]
        self.counters = {tuple(word for word in match.groups()[:3] if word): int(match[4])
                         for match in COUNTER.finditer(text, at)}
        self.n_lines = self.counters["udometer_lines_total",]

    def families(self):
        families = read_families(self.sent) if self.sent else {}
        for family in families.values():
            check_family(family)
        return families


class Subject:
    """A daemon with a listener for every protocol, which runs one case after the other."""

    def __init__(self, directory, flags):
        self.unixgram, self.unix = str(directory / "gram"), str(directory / "stream")
        self.udometer = Udometer(
            str(directory), "--workers=1", *flags, "--statsd.listen-udp=127.0.0.1:0",
            *["--statsd.listen-udp=[::1]:0"] * HAS_IPV6, "--statsd.listen-tcp=127.0.0.1:0",
            "--statsd.listen-unixgram=" + self.unixgram, "--statsd.listen-unix=" + self.unix)
        self.http = self.udometer.connect_http()
        self.flows = {}
        # Nothing has been sent yet, so everything on the page is its own.
        self.own_begin = self.get().partition("\n")[0] + "\n"
        self.page = self.look()

    def ask(self):
        self.http.request("GET", "/metrics")
        return self.http.getresponse()

    def get(self):
        try:
            response = self.ask()
        except http.client.RemoteDisconnected:  # it has been idle for too long: once more
            self.http.close()
            response = self.ask()
        body = response.read()
        assert response.status == 200, body
        return body.decode()

    def look(self):
        return Page(self.get(), self.own_begin)

    def await_lines(self, n):
        """A page with all effects of @n more lines; fails if there are more lines."""
        goal = self.page.n_lines + n
        end = time.monotonic() + DEADLINE
        while self.look().n_lines < goal:
            assert time.monotonic() < end, "%d lines of %d" % (self.look().n_lines, goal)
            time.sleep(0.0005)
        return self.look()

    def flow(self, kind, address):
        if (kind, address) not in self.flows:
            flow = self.flows[kind, address] = socket.socket(kind, socket.SOCK_DGRAM)
            flow.connect(address)
        return self.flows[kind, address]

    def stop(self):
        self.http.close()
        for flow in self.flows.values():
            flow.close()
        self.udometer.wait()


class Subjects:
    """The daemons by their flags; each starts when it is first needed."""

    def __init__(self, directory):
        self.directory = directory
        self.started = {}

    def get(self, flags=()):
        if flags not in self.started:
            self.started[flags] = Subject(pathlib.Path(tempfile.mkdtemp(dir=self.directory)), flags)
            children.shared.add(self.started[flags].udometer.pid)
        return self.started[flags]

    def give_up(self, flags):
        """Kill a daemon whose state is unknown. Returns its last log lines."""
        if flags not in self.started:
            return "it did not start"
        udometer = self.started.pop(flags).udometer
        udometer.kill()
        return udometer.stderr()[-2000:]

    def stop(self):
        for subject in self.started.values():
            subject.udometer.send_signal(signal.SIGTERM)
        for subject in self.started.values():
            subject.stop()

    def kill(self):
        for subject in self.started.values():
            if not subject.udometer.has_ended:
                subject.udometer.kill()


@pytest.fixture(scope="module")
def lanes(tmp_path_factory):
    """As many as may be used at once, each by one thread, as pytest's folders are not thread-safe.
    """
    lanes = [Subjects(tmp_path_factory.mktemp("lane")) for _ in range(N_LANES)]
    try:
        yield lanes
        for subjects in lanes:
            subjects.stop()
    finally:
        for subjects in lanes:
            subjects.kill()


@pytest.fixture
def subjects(lanes):
    return lanes[0]


# --- transports ---


def send_udp4(subject, raw):
    subject.flow(socket.AF_INET, subject.udometer.udp[0]).send(raw)


def send_udp6(subject, raw):
    subject.flow(socket.AF_INET6, subject.udometer.udp[1]).send(raw)


def send_unixgram(subject, raw):
    subject.flow(socket.AF_UNIX, subject.unixgram).send(raw)


def send_tcp(subject, *pieces):
    with socket.create_connection(subject.udometer.tcp[0]) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        send_stream(connection, pieces)


def send_unix(subject, *pieces):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(subject.unix)
        send_stream(connection, pieces)


def send_stream(connection, pieces):
    """Send them one by one, shut the connection down, and wait until the other side has seen that.
    """
    connection.settimeout(DEADLINE)
    for piece in pieces:
        connection.sendall(piece)
    connection.shutdown(socket.SHUT_WR)
    assert connection.recv(1) == b"", "it answers"


def send_unix_frame(subject, raw):
    send_unix(subject, frame(raw))


def in_pieces(send, wrap=bytes):
    """Like @send, but in pieces of 1 to 7 bytes."""
    def send_in_pieces(subject, raw):
        chance = random.Random(raw)
        rest, pieces = wrap(raw), []
        while rest:
            n = chance.randint(1, 7)
            pieces.append(rest[:n])
            rest = rest[n:]
        send(subject, *pieces)

    return send_in_pieces


TRANSPORTS = {"udp4": send_udp4, "udp6": send_udp6, "unixgram": send_unixgram, "tcp": send_tcp,
              "unix": send_unix, "unix-frames": send_unix_frame}
PIECES = {"tcp": in_pieces(send_tcp), "unix": in_pieces(send_unix),
          "unix-frames": in_pieces(send_unix, frame)}


# --- one case ---


def complaints(case, page, before):
    """All differences between a page and the case."""
    is_sum = len(case.samples) > 1 and any("rate" in sample for sample in case.samples)
    tolerance = TOLERANCE if is_sum else 0
    return [*differences("counter", case.counters(), grown(page, before)),
            *family_differences(page, *vectors.expected(case.samples), tolerance)]


def grown(page, before):
    growth = {key: n - before.counters.get(key, 0) for key, n in page.counters.items()}
    return {key: n for key, n in growth.items() if n}


def family_differences(page, types, values, tolerance):
    try:
        families = page.families()
    except AssertionError as error:
        return ["the scrape is broken: %s" % error]
    got_types = {name: family.type for name, family in families.items()}
    got = {key: value for family in families.values() for key, value in family.samples.items()}
    return [*differences("type", types, got_types), *differences("series", values, got, tolerance)]


def differences(what, expected, got, tolerance=0):
    for key in sorted(expected.keys() | got.keys(), key=repr):
        wanted, found = expected.get(key), got.get(key)
        is_near = tolerance and None not in (wanted, found) \
            and math.isclose(wanted, found, rel_tol=tolerance)
        if wanted != found and not is_near:
            yield "%s %s: expected %r, got %r" % (what, key, wanted, found)


def end_all(subject, send):
    """End all series, and return what is left or wrong afterwards."""
    page = subject.page
    names = re.findall(r"^# TYPE (\w+)", page.sent, re.MULTILINE)
    # A digit had the underscore before it from us; a name of the longest has no room for it.
    lines = [re.sub(r"^_(?=\d)", "", name) + ":1|x" for name in names] or ["nothing:1|x"]
    send(subject, "\n".join(lines).encode())
    subject.page = subject.await_lines(len(lines))
    late = subject.page.n_lines - page.n_lines - len(lines)
    return ["%d lines came late" % late] * (late > 0) \
        + ["series are left: " + subject.page.sent[:300]] * (subject.page.sent != "")


def try_case(subject, send, case, send_end=None):
    """What is wrong with the case, or nothing. Leaves the daemon as it was."""
    before = subject.page
    send(subject, case.raw)
    subject.page = subject.await_lines(case.n_lines)
    found = complaints(case, subject.page, before)
    if subject.page.sent or not case.n_lines:
        found += end_all(subject, send_end or send)
    return found


def try_lane(subjects, send, cases):
    """The failed ones, as text."""
    failed, n_given_up = [], 0
    for case in cases:
        try:
            found = try_case(subjects.get(case.flags), send, case)
        except (AssertionError, OSError, http.client.HTTPException) as error:
            found = [repr(error), subjects.give_up(case.flags)]
            n_given_up += 1
        if found:
            title = "%s: %s: %r" % (case.file, case.name, case.raw[:200])
            failed.append("\n    ".join([title, *found[:8]]))
        if n_given_up == GIVE_UP_MAX:
            break
    return failed


def share_out(cases):
    """The cases of each lane. Cases with options use the lane of their daemon."""
    shares = [[] for _ in range(N_LANES)]
    by_flags = defaultdict(list)
    for case in cases:
        by_flags[case.flags].append(case)
    for i, case in enumerate(by_flags.pop((), [])):
        shares[i % N_LANES].append(case)
    for i, flags in enumerate(sorted(by_flags)):
        shares[i % N_LANES] += by_flags[flags]
    return shares


def try_all(lanes, send, cases):
    with ThreadPoolExecutor(N_LANES) as pool:
        of_lanes = pool.map(lambda lane, share: try_lane(lane, send, share),
                            lanes, share_out(cases))
        failed = [text for of_lane in of_lanes for text in of_lane]
    if failed:
        pytest.fail("%d cases failed:\n%s" % (len(failed), "\n".join(failed)), pytrace=False)


# --- the tests ---


def test_there_are_as_many_as_promised():
    assert len(CASES) >= 400
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_all_vectors_pass(lanes, transport):
    if transport == "udp6" and not HAS_IPV6:
        pytest.skip("this machine has no ::1")
    try_all(lanes, TRANSPORTS[transport], CASES)


@pytest.mark.parametrize("transport", PIECES)
def test_vectors_pass_in_pieces(lanes, transport):
    short = [case for case in CASES if len(case.raw) < 300]
    try_all(lanes, PIECES[transport], random.Random(SEED).sample(short, len(short) // 8))


# --- what only a stream can say ---

SMALL = ("--limit.line-length=8",)
LONG = b"name_that_is_too_long:1|c|#k:v"


def try_stream(subject, send, *lines, **expectations):
    """Run the case by calling @send, which sends its lines in some form."""
    fields = {"name": "a stream", "text": b"\n".join(lines).decode(), **expectations}
    case = vectors.Case(vectors.DIRECTORY, fields)
    found = try_case(subject, send, case, send_end=send_udp4)
    assert not found, "\n".join(found)


def counter(family, value):
    return {"family": family, "type": "counter", "labels": {}, "value": value}


STREAMS = {"tcp": send_tcp, "unix": send_unix, "tcp in pieces": PIECES["tcp"],
           "unix in pieces": PIECES["unix"]}


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_goes_on_behind_a_line_that_is_too_long(subjects, stream):
    try_stream(subjects.get(SMALL), STREAMS[stream],
               b"a:1|c", LONG, b"abcd:2|c", b"abcde:4|c", b"", LONG * 100, b"a:8|c", LONG,
               refused={"line_limit": 4},
               samples=[counter("a", 1), counter("abcd", 2), counter("a", 8)])


@pytest.mark.parametrize("stream", STREAMS)
def test_a_line_as_long_as_the_default_limit_passes(subjects, stream):
    within = b"a:1|c|".ljust(65536, b"x")
    try_stream(subjects.get(), STREAMS[stream], within, within + b"x", b"a:2|c", b"",
               refused={"line_limit": 1}, unknown_sections=1,
               samples=[counter("a", 1), counter("a", 2)])


def frames_in_pieces(*datagrams, size):
    whole = b"".join(map(frame, datagrams))
    pieces = [whole[i:i + size] for i in range(0, len(whole), size)]
    return lambda subject, raw: send_unix(subject, *pieces)


@pytest.mark.parametrize("size", [1000000, 3])
def test_frames_go_on_behind_one_that_is_too_long(subjects, size):
    lines = [b"a:1|c", LONG, b"", b"abcd:2|c", LONG * 100, b"a:4|c"]
    try_stream(subjects.get(SMALL), frames_in_pieces(*lines, size=size), *lines,
               refused={"line_limit": 2},
               samples=[counter("a", 1), counter("abcd", 2), counter("a", 4)])


@pytest.mark.parametrize("size", [1000000, 3])
def test_frames_of_several_lines_and_of_none(subjects, size):
    datagrams = [b"a:1|c\nb:2|c\n", b"a:4|c", b"", b"\n", b"b:8|c\r\n"]
    try_stream(subjects.get(), frames_in_pieces(*datagrams, size=size), *datagrams,
               samples=[counter("a", 1), counter("b", 2), counter("a", 4), counter("b", 8)])


def test_a_line_does_not_continue_in_the_next_frame(subjects):
    parts = [b"a:1", b"2|c"]
    try_stream(subjects.get(), frames_in_pieces(*parts, size=1000000), *parts,
               refused={"malformed_line": 2})


def test_a_line_does_not_continue_in_the_next_datagram(subjects):
    parts = [b"a:1", b"2|c"]
    try_stream(subjects.get(), lambda subject, raw: [send_udp4(subject, part) for part in parts],
               *parts, refused={"malformed_line": 2})


def test_a_line_does_not_continue_in_the_next_connection(subjects):
    parts = [b"a:1", b"2|c"]
    try_stream(subjects.get(), lambda subject, raw: [send_tcp(subject, part) for part in parts],
               *parts, refused={"malformed_line": 2})
