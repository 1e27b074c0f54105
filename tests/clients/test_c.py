# SPDX-License-Identifier: Apache-2.0
"""The C client against the daemon: the daemon understands what the client sends.

Most cases of proto/vectors have samples, which are what the sender meant. The client sends these
samples, and the daemon, which gets the client's bytes, must show what the oracle expects.

Cases that the client cannot send are counted by reason, so that not all can be skipped:
    type        the client has no verb for a sample, or an expire has an age
    nothing     the case has no sample, as its line is refused
    text        a label with a comma, a bar, a control character, or a blank at its end; a
                member with a bar or line feed: the client makes "_" of them
    length      a name or tags too long for the client, or more than 64 tags
    chance      a rate so small that waiting for the update to be chosen takes too long
    number      a duration that is beyond a double in milliseconds
    merging     (merged only) a rate of a counter, which the client does not need, or several
                rates, whose order matters and is not kept
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading
from collections import Counter

import pytest

import vectors
from children import clean_environment
from harness import DEADLINE, SANITIZED, check_sanitizers, wait_until
from meaning import (PACKET_MAX, in_lanes, is_sayable, is_within_limits, member_of, milliseconds,
                     misunderstood)
from test_vectors import end_all, send_udp4

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEAKER = os.environ["UDOMETER_SPEAKER"]
REPLACER = os.environ["UDOMETER_REPLACER"]
BOT = os.environ["UDOMETER_EXAMPLE_BOT"]
CASES = vectors.load()
RATE_MIN = 0.00001
VERBS = {"counter": "count", "gauge": "gauge", "timer": "timing_ms", "histogram": "observe",
         "distribution": "observe", "set": "set", "expire": "expire"}
# A line that can be split into its parts without doubt.
PLAIN = re.compile(r"([^:|,#\[\]@{\x00-\x20\x7f]+):([^:|]*)\|(c|g|ms|h|d|s|x)(\|@[^|]*)?"
                   r"(?:\|#([^|]*))?")


# --- what can be said ---


def is_text_sayable(sample):
    return not re.search(rb"[|\n\0]", member_of(sample)) and \
        all(is_sayable(value, r"[|,\x00-\x1f\x7f]") for value in sample["labels"].values())


def is_length_sayable(sample):
    tags = ",".join(f"{key}:{value}" for key, value in sample["labels"].items()).encode()
    member = len(str(sample["value"])) if sample["type"] == "set" else 0
    return is_within_limits(sample) and len(sample["family"]) + len(tags) + 30 <= 1280 \
        and len(sample["family"]) + len(tags) + member + 10 <= PACKET_MAX


def obstacle(case, is_merging):
    """Why the client cannot send it, or None."""
    if not case.samples:
        return "nothing"
    for sample in case.samples:
        if sample["type"] not in VERBS or "age" in sample:
            return "type"
        if not is_text_sayable(sample):
            return "text"
        if not is_length_sayable(sample):
            return "length"
        if sample.get("rate", 1) < RATE_MIN:
            return "chance"
        if sample["type"] == "timer" and "inf" in milliseconds(sample["value"]):
            return "number"
        if is_merging and sample["type"] == "counter" and "rate" in sample:
            return "merging"
    if is_merging and len({sample.get("rate", 1) for sample in case.samples}) > 1:
        return "merging"
    return None


# --- saying it ---


class Speaker:
    """The client, in a process of its own, and the socket to which it sends."""

    def __init__(self, mode):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        self.process = subprocess.Popen(
            [SPEAKER, "udp://127.0.0.1:%d" % self.socket.getsockname()[1], mode],
            env=clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def say(self, verb, rate, value, name, labels):
        """Numbers and texts; bytes are taken as they are."""
        words = [repr(rate), value, name, *(word for pair in labels for word in pair)]
        raw = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.process.stdin.write(" ".join([verb, *(word.hex() for word in raw)]).encode() + b"\n")

    def flush(self, what="it"):
        """The datagrams that everything so far makes."""
        self.process.stdin.write(b"flush\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, self.process.stderr.read()
        _, n_dropped, n_refused = map(int, answer.split())
        assert n_dropped == 0
        assert n_refused == 0, "the client refused " + what
        return self.received()

    def received(self):
        datagrams = []
        while True:
            try:
                datagrams.append(self.socket.recv(65536))
            except BlockingIOError:
                return datagrams

    def stop(self):
        _, stderr = self.process.communicate(timeout=DEADLINE)
        check_sanitizers(stderr.decode())
        assert self.process.returncode == 0
        self.socket.close()


def say_sample(speaker, sample, name=None, labels=None):
    verb, value = VERBS[sample["type"]], sample.get("value", "1")
    if sample.get("relative"):
        verb = "gauge_add"
    if sample["type"] == "timer":
        value = milliseconds(value)
    if sample["type"] == "set":
        value = member_of(sample)
    speaker.say(verb, sample.get("rate", 1),
                value if isinstance(value, (str, bytes)) else repr(value),
                name or sample["family"], sample["labels"].items() if labels is None else labels)


def say_all(mode, subject, cases, say):
    """Send these cases one after the other; those that are not understood, as text."""
    speaker = Speaker(mode)
    for case in cases:
        say(speaker, case)
        yield from misunderstood(subject, case, speaker.flush(case.name))
    speaker.stop()


def must_understand(lanes, mode, cases, say):
    in_lanes(lanes, cases, lambda subject, share: say_all(mode, subject, share, say))


def say_samples(speaker, case):
    for sample in case.samples:
        say_sample(speaker, sample)


@pytest.mark.parametrize("mode,n_least", [("lines", 980), ("merged", 930)])
def test_what_is_meant_comes_back(lanes, mode, n_least):
    obstacles = Counter(obstacle(case, mode == "merged") for case in CASES)
    assert obstacles[None] >= n_least, obstacles
    assert obstacles["text"] + obstacles["length"] + obstacles["chance"] <= 50, obstacles
    must_understand(lanes, mode, [case for case in CASES if not obstacle(case, mode == "merged")],
                    say_samples)


# --- the words of the vectors themselves ---


def words_of(case):
    """The name and tags of each line as they were written, or None if they cannot be told apart."""
    if b"\0" in case.raw or case.options or case.tag_errors or case.unknown_sections \
            or case.sample_errors:
        return None
    try:
        lines = [line.decode() for line in vectors.lines_of(case.raw)]
    except UnicodeDecodeError:
        return None
    matches = [PLAIN.fullmatch(line) for line in lines]
    if len(lines) != len(case.samples) or not all(matches):
        return None
    tags = [[tag.partition(":")[::2] for tag in (match[5] or "").split(",") if tag]
            for match in matches]
    if any(len(pairs) > 64 or any(key != key.strip(" #") for key, _ in pairs) for pairs in tags):
        return None  # the daemon removes blanks and hashes around a key, the client does not
    return [(match[1], pairs) for match, pairs in zip(matches, tags)]


def say_words(speaker, case):
    for sample, (name, labels) in zip(case.samples, words_of(case)):
        say_sample(speaker, sample, name, labels)


def test_words_come_back(lanes):
    cases = [case for case in CASES if words_of(case) and not obstacle(case, False)]
    assert len(cases) >= 300, len(cases)
    must_understand(lanes, "lines", cases, say_words)


def test_hostile_words_forge_nothing(lanes):
    """With any text in any place, the client sends exactly the wanted sample, or refuses it."""
    hostile = ["a|c\nb:1|c", "x\ny:1|c", ":1|c|#", "#a:b", ",k=v", "[k=v]", "_e{1,1}:a|b",
               "_sc|a|0", "|@0.1", "\r\n", "\x01\x7f", b"\xff\xfe", b"\xc3", "a b ", " ",
               "__x", "@", "%s%n", "é", "\t"]
    speaker, subject = Speaker("lines"), lanes[0].get()
    for text in hostile:
        speaker.say("count", 1, "1", text, [("k", "v")])
        speaker.say("count", 1, "1", "keys", [(text, "v")])
        speaker.say("count", 1, "1", "values", [("k", text)])
        speaker.say("set", 1, text, "members", [("k", "v")])
    lines = [line for raw in speaker.flush() for line in raw.split(b"\n") if line]
    speaker.stop()
    assert len(lines) == 4 * len(hostile)
    before = subject.page
    send_udp4(subject, b"\n".join(lines))
    page = subject.await_lines(len(lines))
    grown = Counter(page.counters) - Counter(before.counters)
    assert grown["udometer_samples_total", "type", "counter"] == 3 * len(hostile)
    assert grown["udometer_samples_total", "type", "set"] == len(hostile)
    assert not [key for key in grown if "refused" in key[0] or "skipped" in key[0]], grown
    assert page.families()["members"].type == "gauge"
    subject.page = page
    assert not end_all(subject, send_udp4)


# --- gauges whose series are replaced ---


class Replacer:
    """replacer.c, which replaces the series of a gauge until its input ends."""

    def __init__(self, udometer, mode, n_series, n_new):
        self.process = subprocess.Popen([REPLACER, "udp://%s:%d" % udometer.udp[0], mode,
                                         str(n_series), str(n_new)],
                                        env=clean_environment(), stdin=subprocess.PIPE,
                                        stderr=subprocess.PIPE)

    def stop(self):
        _, stderr = self.process.communicate(timeout=DEADLINE)
        check_sanitizers(stderr.decode())
        assert self.process.returncode == 0


def sizes_until(udometer, n_ended):
    """The number of series in each scrape, one right after the other, until @n_ended have ended."""
    connection = udometer.connect_http()
    sizes = []
    while True:
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
        sizes.append(page.count("\nqueue{"))
        if float(re.search("^udometer_ended_series_total (.*)", page, re.M)[1]) >= n_ended:
            connection.close()
            return sizes


@pytest.mark.parametrize("workers", [1, 2])
def test_what_follows_an_expiry_is_there_at_once(start, workers):
    """Not only after the next flush. The daemon itself needs an instant between two lines."""
    udometer = start("--workers=%d" % workers)
    replacer = Replacer(udometer, "expire", 5, 1)
    wait_until(lambda: udometer.scrape().named("queue"), "its first series")
    sizes = sizes_until(udometer, 5 * 300)
    replacer.stop()
    assert sizes.count(0) < len(sizes) / 10


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("n_series, n_new", [(5, 5), (5, 1), (200, 1)])
def test_no_scrape_sees_a_gap_when_series_are_replaced(start, workers, n_series, n_new):
    """All of the old series, all of the new ones, or both."""
    udometer = start("--workers=%d" % workers)
    replacer = Replacer(udometer, "replace", n_series, n_new)
    wait_until(lambda: len(udometer.scrape().named("queue")) >= n_series, "its first series")
    sizes = sizes_until(udometer, n_new * 300)
    replacer.stop()
    assert n_series <= min(sizes) and max(sizes) <= n_series + n_new
    wait_until(lambda: len(udometer.scrape().named("queue")) == n_series, "the last packet")
    assert udometer.scrape().sum("udometer_refused_total") == 0


class Scraper(threading.Thread):
    """Scrapes again and again until it is stopped, and counts the series."""

    def __init__(self, udometer):
        super().__init__()
        self.udometer, self.sizes, self.must_stop = udometer, [], threading.Event()
        self.start()

    def run(self):
        connection = self.udometer.connect_http()
        while not self.must_stop.is_set():
            connection.request("GET", "/metrics")
            self.sizes.append(connection.getresponse().read().decode().count("\nqueue{"))
        connection.close()

    def stop(self):
        self.must_stop.set()
        self.join()


@pytest.mark.parametrize("workers", [1, 2])
def test_no_scrape_sees_a_gap_when_the_next_process_begins(start, workers):
    udometer = start("--workers=%d" % workers)

    def replace(n_series):
        n_lines = udometer.scrape().value("udometer_lines_total")
        replacer = Replacer(udometer, "replace", n_series, 0)
        wait_until(lambda: udometer.scrape().value("udometer_lines_total") > n_lines + 2 * n_series,
                   "its second replacement")
        return replacer

    replace(200).stop()
    scraper = Scraper(udometer)
    for _ in range(20):
        replace(200).stop()
    scraper.stop()
    assert set(scraper.sizes) == {200} and len(scraper.sizes) > 20
    last = replace(5)  # what the others have set within the last second ends a second later
    wait_until(lambda: len(udometer.scrape().named("queue")) == 5, "the others have ended")
    last.stop()


# --- the example, and how it is built ---


@pytest.mark.parametrize("transport, dialect", [("udp", "statsd"), ("unix", "statsd"),
                                                ("abstract", "statsd"), ("udp", "dogstatsd")])
def test_the_example_bot_shows_what_it_does(start, tmp_path, transport, dialect):
    path = "@udometer-test-%d" % os.getpid() if transport == "abstract" else tmp_path / "s"
    udometer = start("--statsd.listen-unixgram=%s" % path, "--statsd.dialect=" + dialect)
    url = "udp://%s:%d" % udometer.udp[0] if transport == "udp" else "unix://%s" % path
    run_bot(BOT, url)
    check_bot(udometer)


def run_bot(binary, url, more=None):
    done = subprocess.run([binary, "200"],
                          env=clean_environment({"UDOMETER_URL": url, **(more or {})}),
                          capture_output=True, text=True, timeout=DEADLINE)
    check_sanitizers(done.stderr)
    assert done.returncode == 0, done.stderr


def check_bot(udometer):
    def shown():
        scrape = udometer.scrape()
        return [scrape.get("bot_routes_in_flight"), scrape.get("bot_route_duration_seconds_count"),
                scrape.get("bot_routes_total", status="completed"),
                scrape.get("bot_routes_total", status="failed"),
                scrape.get("bot_players", region="eu")]

    wait_until(lambda: shown() == [0, 200, 180, 20, 7], lambda: "of the bot: %s" % shown())


def compile_with(compiler, *arguments):
    done = subprocess.run([compiler, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


STRICT = ("-Wall", "-Wextra", "-Werror", "-pedantic")


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("standard", ["c99", "c11", "gnu17"])
def test_two_copied_files_are_enough(start, tmp_path, compiler, standard):
    if not shutil.which(compiler):
        pytest.skip("no " + compiler)
    for name in ("include/udometer.h", "clients/c/udometer.c", "clients/c/example_bot.c"):
        shutil.copy(ROOT / name, tmp_path)
    compile_with(compiler, f"-std={standard}", *STRICT, "-O2", f"-I{tmp_path}", "-pthread", "-o",
                 str(tmp_path / "bot"), str(tmp_path / "udometer.c"),
                 str(tmp_path / "example_bot.c"))
    udometer = start()
    run_bot(str(tmp_path / "bot"), "udp://%s:%d" % udometer.udp[0])
    check_bot(udometer)


IN_CPP = """
#include "udometer.h"
int main()
{
    struct udom *udom = udom_open_url("udp://127.0.0.1:1");
    struct udom_metric *metric = udom_metric(udom, UDOM_TIMING, "a", "k", "v");
    struct udom_stats stats;
    {
        UDOM_TIME_SCOPE(metric);
    }
    udom_count(udom, "b", 1);
    udom_gauge_add(udom, "c", -1, "k", "v");
    udom_set(udom, "d", "x", "k", "v");
    udom_expire(udom, "b");
    udom_flush(udom);
    udom_get_stats(udom, &stats);
    udom_close(udom);
    return stats.sent + stats.dropped == 5 ? 0 : 1;
}
"""


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_it_is_usable_from_cpp(tmp_path, compiler):
    if not shutil.which(compiler):
        pytest.skip("no " + compiler)
    (tmp_path / "main.cc").write_text(IN_CPP)
    compile_with("cc", "-O2", "-I", str(ROOT / "include"), "-c", "-o", str(tmp_path / "udometer.o"),
                 str(ROOT / "clients/c/udometer.c"))
    compile_with(compiler, "-std=c++11", *STRICT, "-I", str(ROOT / "include"), "-pthread", "-o",
                 str(tmp_path / "main"), str(tmp_path / "main.cc"), str(tmp_path / "udometer.o"))
    assert subprocess.run([str(tmp_path / "main")], timeout=DEADLINE).returncode == 0


@pytest.mark.skipif(SANITIZED, reason="such a library needs such a program")
def test_the_installed_library_is_found(start, tmp_path):
    subprocess.run(["meson", "install", "-C", os.environ["UDOMETER_BUILD"], "--no-rebuild",
                    "--quiet", "--destdir", str(tmp_path)],
                   check=True, capture_output=True, timeout=DEADLINE)
    found = next(tmp_path.rglob("udometer.pc"))
    libraries = str(found.parent.parent)
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "udometer"],
        check=True, capture_output=True, text=True,
        env={**os.environ, "PKG_CONFIG_PATH": str(found.parent),
             "PKG_CONFIG_SYSROOT_DIR": str(tmp_path)}).stdout.split()
    compile_with("cc", str(ROOT / "clients/c/example_bot.c"), "-o", str(tmp_path / "bot"), *flags)
    assert list(tmp_path.rglob("libudometer.a"))
    udometer = start()
    run_bot(str(tmp_path / "bot"), "udp://%s:%d" % udometer.udp[0], {"LD_LIBRARY_PATH": libraries})
    check_bot(udometer)


def test_a_locale_with_a_comma_changes_nothing(tmp_path):
    if not shutil.which("localedef") or not os.path.exists("/usr/share/i18n/locales/de_DE"):
        pytest.skip("no sources of locales")
    subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", str(tmp_path / "de_DE.UTF-8")],
                   capture_output=True, timeout=120)
    done = subprocess.run(
        [os.environ["UDOMETER_TEST_CLIENT_LINES"]],
        capture_output=True, text=True, timeout=DEADLINE,
        env={**os.environ, "LOCPATH": str(tmp_path), "UDOMETER_TEST_LOCALE": "de_DE.UTF-8"})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OK ] no_locale_changes_them" in done.stdout + done.stderr
