# SPDX-License-Identifier: Apache-2.0
"""udometer send: samples, lines and times from a command line."""

import fcntl
import os
import signal
import socket
import subprocess
import termios

import pytest

import test_vectors
from children import clean_environment
from harness import BINARY, DEADLINE, HAS_IPV6, check_sanitizers, wait_until
from meaning import in_lanes, misunderstood
from shells import Receiver
from words import (TIGHT_LINES, datagrams_of, expressible_cases, line_of, meant_cases,
                   nasty_samples)


def send(*words, url=None, stdin=b"", **environment):
    done = subprocess.run([BINARY, "send", *words], input=stdin, capture_output=True,
                          timeout=DEADLINE,
                          env=clean_environment({"UDOMETER_URL": url or "", **environment}))
    check_sanitizers(done.stderr.decode("utf-8", "replace"))
    return done


def must_send(*words, **options):
    done = send(*words, **options)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done


def lines_of(receiver, samples):
    """The datagram that each sample makes, or None."""
    for sample in samples:
        done = send("--", *sample, url=receiver.url)
        sent = receiver.arrived()
        assert len(sent) <= 1 and done.returncode == (0 if sent else 2), (sample, done)
        assert bool(done.stderr) != bool(sent), (sample, done)
        yield sent[0] if sent else None


# --- samples ---


@pytest.mark.parametrize("transport", ["udp4", "udp6", "unix", "abstract"])
def test_samples_arrive(start, folder, transport):
    path = "@udometer-test-%d" % os.getpid() if transport == "abstract" else folder + "/socket"
    listen = {"udp4": "--statsd.listen-udp=127.0.0.1:0", "udp6": "--statsd.listen-udp=[::1]:0",
              "unix": "--statsd.listen-unixgram=" + path,
              "abstract": "--statsd.listen-unixgram=" + path}[transport]
    if transport == "udp6" and not HAS_IPV6:
        pytest.skip("this machine has no ::1")
    udometer = start("--workers=1", listen)
    url = "udp://" + udometer.listening("udp")[0]
    if not transport.startswith("udp"):
        url = "unix://" + path
    for words in ("count a 2 k=v", "count a k=v", "gauge g 5", "gauge g - 2", "gauge n -2",
                  "gauge n -2", "timing t 250", "observe o 3", "set s x", "set s y", "gauge gone 1",
                  "expire gone"):
        must_send(*words.split(), url=url)
    udometer.n_sent = 12
    scrape = udometer.settle()
    assert scrape.value("a", k="v") == 3 and scrape.value("g") == 3
    assert scrape.value("n") == -2
    assert scrape.value("t_sum") == 0.25 and scrape.value("o_sum") == 3
    assert scrape.value("s") == 2 and scrape.named("gone") == []


def test_vectors_come_out_the_same(lanes):
    """Given as words and applied by a daemon, each case has the samples that its file lists."""
    cases = [(case, words) for case, words in expressible_cases() if len(words) < 10]
    assert len(cases) >= 490
    receiver = Receiver()
    said = {case.raw: b"\n".join(lines_of(receiver, words)) for case, words in cases}
    receiver.close()
    test_vectors.try_all(
        lanes, lambda subject, raw: test_vectors.send_udp4(subject, said.get(raw, raw)),
        [case for case, _ in cases])


def test_what_is_meant_comes_back(lanes, receiver):
    """
    A daemon shows the samples of a case that are said in words. All clients that take words make
    the same lines of them, so only some of these come from send.
    """
    cases = meant_cases()
    assert len(cases) >= 975
    in_lanes(lanes, cases, lambda subject, share: [
        text for case, words in share
        for text in misunderstood(subject, case, [line_of(*sample) for sample in words])])
    samples = [words for _, case in cases for words in case][::25]
    assert list(lines_of(receiver, samples)) == [line_of(*words) for words in samples]


def test_nothing_breaks_a_line(receiver):
    """The rules of the shell client hold: each nasty word gives one line, or none."""
    samples = list(nasty_samples())[::3]  # 10 places: each word in a third of them
    expected = [line_of(*sample) for sample in samples]
    assert sum(line is not None for line in expected) > 300
    assert list(lines_of(receiver, samples)) == expected


def test_where_it_goes(receiver):
    other = Receiver()
    must_send("count", "a", url=receiver.url)
    must_send("--url=" + other.url, "count", "b", url=receiver.url)
    must_send("--url=" + other.url.removeprefix("udp://"), "count", "c")
    assert receiver.arrived() == [b"a:1|c"] and other.arrived() == [b"b:1|c", b"c:1|c"]
    other.close()


def test_off_sends_nothing_and_fails_nothing():
    must_send("count", "a", url="off")
    must_send(url="off", stdin=b"\n".join(LINES[:3000]))
    assert send("time", "a", "--", "sh", "-c", "exit 3", url="off").returncode == 3
    assert send("cuont", "a", url="off").returncode == 2


def test_lines_of_standard_input_get_nothing_more(receiver):
    """Not even a complaint about tags that they do not get."""
    must_send(url=receiver.url, stdin=b"a:1|c\n", UDOMETER_PREFIX="p.", UDOMETER_TAGS="bare")
    assert receiver.arrived() == [b"a:1|c"]


# --- standard input ---

LINES = [b"bot.%d:%d|c|#player:%d" % (i % 7, i, i * 31) for i in range(3000)] \
    + [b"", b"x" * 1431, b"y" * 1432, b"z" * 100000, b"a\0b:1|c", *TIGHT_LINES, b"last:1|c"]


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("words", [[], ["-"]])
def test_standard_input_is_packed(receiver, words, end):
    done = send(*words, url=receiver.url, stdin=b"\n".join(LINES) + end)
    assert receiver.arrived() == datagrams_of(LINES)
    assert done.returncode == 1 and done.stderr.count(b"a line is too long") == 3


@pytest.mark.parametrize("size", [1, 7, 1431, 65536])
def test_lines_may_come_in_pieces(receiver, size):
    stdin = b"\n".join(LINES[:200])
    process = subprocess.Popen([BINARY, "send", "--url=" + receiver.url], stdin=subprocess.PIPE)
    for i in range(0, len(stdin), size):
        os.write(process.stdin.fileno(), stdin[i:i + size])
    process.stdin.close()
    assert process.wait(DEADLINE) == 0
    assert receiver.arrived() == datagrams_of(LINES[:200])


def test_what_has_come_goes_after_a_silence(receiver):
    process = subprocess.Popen([BINARY, "send", "--url=" + receiver.url], stdin=subprocess.PIPE)
    for line in (b"a:1|c", b"b:1|c"):
        os.write(process.stdin.fileno(), line + b"\nbegun")
        assert receiver.wait(1) == [line if line[:1] == b"a" else b"begun" + line]
    process.stdin.close()
    assert process.wait(DEADLINE) == 0
    assert receiver.arrived() == [b"begun"]


def test_a_unix_socket_that_is_slow_loses_nothing(folder):
    receiver = Receiver(socket.AF_UNIX, folder + "/socket")
    must_send(url=receiver.url, stdin=b"\n".join(LINES[:3000]))
    assert receiver.wait(len(datagrams_of(LINES[:3000]))) == datagrams_of(LINES[:3000])
    receiver.close()


# --- what goes wrong ---


@pytest.mark.parametrize("words, status, says", [
    (["--help"], 0, b"Usage: udometer send"),
    (["--nonsense"], 2, b"unknown flag"),
    (["--url=udp://no-host.invalid", "count", "a"], 1, b"udp://no-host.invalid: unknown host"),
    (["--ulr=x", "--other", "a"], 2, b"--ulr=x: unknown flag; did you mean --url?\n"
     b"udometer send: --other: unknown flag"),
    (["cuont", "a"], 2, b"send: cuont: unknown type; did you mean count?"),
    (["tiem", "a"], 2, b"send: tiem: unknown type; did you mean time?"),
    (["bot.routes", "1"], 2, b"send: bot.routes: unknown type; expected count, gauge"),
    (["count"], 2, b"the name is missing"),
    (["gauge", "a", "x"], 2, b"send: x: expected a number"),
    (["count", "a", "k=v", "512"], 2, b"send: 512: expected key=value; a VALUE comes before"),
    (["count", "a", "1", "status", "=", "ok"], 2, b"send: status: expected key=value"),
    (["count", "a", "1", "k=v", "=", "x"], 2, b"send: =: the key is empty"),
    (["gauge", "a", "+5"], 2, b"write + and a number as two words"),
    (["count", "a", "-1"], 2, b"send: -1: a counter cannot decrease"),
    (["expire", "a", "k="], 2, b"send: k=: the tag has no value"),
    (["count", "a" * 1432], 2, b"the line is too long"),
    (["--url=nonsense", "count", "a"], 2, b"expected udp://HOST:PORT"),
    (["--url=udp://no.such.host.invalid", "count", "a"], 1, b"no.such.host"),
    (["--url=unix:///dev/none", "count", "a"], 1, b"there is no such socket"),
    (["--url=unix:///not/there", "count", "a"], 1, b"there is no folder /not"),
    (["--url=unix:///not/there"], 1, b"there is no folder /not"),
    (["time", "a"], 2, b"expected NAME"),
    (["time", "a", "--"], 2, b"expected NAME"),
    (["time", "--", "true"], 2, b"expected NAME"),
])
def test_its_status_says_what_was_wrong(words, status, says):
    done = send(*words)
    assert done.returncode == status
    assert says in (done.stderr if status else done.stdout)


def test_it_tells_when_nobody_listens():
    """The client cannot know about the first datagram; the error arrives before the second."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        url = "udp://127.0.0.1:%d" % closed.getsockname()[1]
    must_send("count", "a", url=url)
    done = send(url=url, stdin=b"\n".join(LINES[:300]))
    assert done.returncode == 1 and b"Connection refused" in done.stderr


def has_taken(process):
    """Whether it has read all of its input, and waits for more."""
    left = fcntl.ioctl(process.stdin, termios.FIONREAD, b"\0" * 4)
    with open("/proc/%d/stat" % process.pid) as stat:
        return left == b"\0" * 4 and stat.read().rsplit(")", 1)[1].split()[0] == "S"


def test_the_answer_to_one_datagram_does_not_cost_the_next():
    """Nothing listens when the first is sent; when the second is sent, a socket does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        address = closed.getsockname()
    process = subprocess.Popen([BINARY, "send", "--url=udp://%s:%d" % address],
                               stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    os.write(process.stdin.fileno(), b"x" * 1431 + b"\nlast:1|c\n")
    wait_until(lambda: has_taken(process), "it has sent the first")
    receiver = Receiver(bind_to=address)
    assert b"Connection refused" in process.communicate(timeout=DEADLINE)[1]
    assert process.returncode == 1 and receiver.arrived() == [b"last:1|c"]
    receiver.close()


def test_a_daemon_that_hangs_is_not_waited_for(folder):
    path = folder + "/socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stuck:
        stuck.bind(path)
        for words in (["count", "a"], []):
            done = None
            while not done or done.returncode == 0:
                done = send(*words, url="unix://" + path, stdin=b"\n".join(LINES[:3000]))
            assert done.returncode == 1 and b"temporarily unavailable" in done.stderr


# --- time ---


@pytest.mark.parametrize("command, status", [
    (["true"], 0), (["sh", "-c", "exit 3"], 3), (["sh", "-c", "kill -9 $$"], 137),
    (["/no/such/program"], 127), (["/etc/passwd"], 126)])
def test_time_keeps_the_status(receiver, command, status):
    done = send("time", "job", "k=a,b", "--", *command, url=receiver.url)
    assert done.returncode == status
    line, = receiver.arrived()
    name, _, rest = line.partition(b":")
    time, _, rest = rest.partition(b"|")
    assert name == b"job" and 0 <= float(time) < DEADLINE * 1000
    assert rest == b"ms|#k:a_b,status:" + (b"error" if status else b"ok")


@pytest.mark.parametrize("tags, default, rest", [
    (["k=v"], "", b"ms|#k:v,status:ok"),
    (["status=late", "k=v"], "", b"ms|#status:late,k:v"),
    (["k=v", "status="], "", b"ms|#k:v"),
    (["status="], "", b"ms"),
    (["k=v"], "status=x", b"ms|#status:x,k:v"),
    (["k=v"], "l=w", b"ms|#l:w,k:v,status:ok"),
    (["statuses=1"], "", b"ms|#statuses:1,status:ok")])
def test_a_status_that_is_given_stays(receiver, tags, default, rest):
    must_send("time", "job", *tags, "--", "true", url=receiver.url, UDOMETER_TAGS=default)
    assert receiver.arrived()[0].split(b"|", 1)[1] == rest


def test_time_is_that_of_the_command(receiver):
    done = send("time", "a", "--", "sh", "-c", "sleep 0.2; cat; echo err >&2", url=receiver.url,
                stdin=b"its input")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"its input", b"err\n")
    assert float(receiver.arrived()[0].split(b":")[1].split(b"|")[0]) >= 200


def test_a_command_runs_whatever_becomes_of_its_time():
    for name, wrong in (("", {}), ("a", {"url": "nonsense"}), ("a", {"url": "unix:///not/there"}),
                        ("a", {"UDOMETER_TAGS": "bare"})):
        done = send("time", name, "--", "sh", "-c", "echo ran; exit 4", **wrong)
        assert done.returncode == 4 and done.stdout == b"ran\n" and done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_are_passed_on(receiver, number):
    script = "trap 'echo got; exit 9' %d; echo ready; while :; do sleep 0.01; done" % number
    process = subprocess.Popen([BINARY, "send", "--url=" + receiver.url, "time", "a", "--",
                                "sh", "-c", script], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    assert process.communicate(timeout=DEADLINE)[0] == b"got\n"
    assert process.returncode == 9
    assert receiver.arrived()[0].endswith(b"|ms|#status:error")


def test_the_command_gets_the_signal_mask_that_we_had(receiver):
    done = send("time", "a", "--", "grep", "SigBlk", "/proc/self/status", url=receiver.url)
    assert int(done.stdout.split()[1], 16) == 0


def ignore_children():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def test_it_sees_the_end_even_if_children_are_ignored(receiver):
    """As under some supervisors and in some containers."""
    done = subprocess.run([BINARY, "send", "--url=" + receiver.url, "time", "a", "--", "sh", "-c",
                           "exit 3"], timeout=DEADLINE, preexec_fn=ignore_children)
    assert done.returncode == 3
