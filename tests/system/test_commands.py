# SPDX-License-Identifier: Apache-2.0
"""What all commands have in common: how flags are written, and what is said without any words."""

import os
import socket
import subprocess

import pytest

from children import clean_environment
from harness import BINARY, DEADLINE, check_sanitizers, run


def run_at(terminal, *words):
    """Run a udometer whose standard input is @terminal."""
    done = subprocess.run([BINARY, *words], env=clean_environment(), text=True, stdin=terminal,
                          capture_output=True, timeout=DEADLINE)
    check_sanitizers(done.stderr)
    return done


@pytest.fixture
def terminal():
    """Both ends: of the one who types, and of the program."""
    ends = os.openpty()
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture
def receiver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(DEADLINE)
        yield receiver


# --- flags ---


DIALECT = "--statsd.dialect=dogstatsd"
LINE = "g:+3|g"


@pytest.mark.parametrize("words", [
    [DIALECT, LINE], [LINE, DIALECT], ["a:1|c", DIALECT, LINE], [DIALECT, "--", LINE],
    [*DIALECT.split("="), LINE], [LINE, *DIALECT.split("=")],
    [LINE, "--no-statsd.parse-librato-tags", DIALECT, "--", "--x:1|c"]], ids=" ".join)
def test_explain_takes_flags_anywhere(words):
    done = run("explain", *words)
    assert done.returncode == 0 and done.stdout.count("sets it to 3") == 1
    assert ("name      --x\n" in done.stdout) == ("--x:1|c" in words)


@pytest.mark.parametrize("words", [
    "{url} count a 2 k=v", "count {url} a 2 k=v", "count a 2 k=v {url}", "{url} -- count a 2 k=v",
    "count a {words} 2 k=v", "count {url} -- a 2 k=v"])
def test_send_takes_flags_anywhere(receiver, words):
    url = "udp://127.0.0.1:%d" % receiver.getsockname()[1]
    done = run("send", *words.format(url="--url=" + url, words="--url " + url).split())
    assert (done.returncode, done.stderr) == (0, "")
    assert receiver.recv(100) == b"a:2|c|#k:v\n"


@pytest.mark.parametrize("words", [
    "{url} time a k=v -- {command}", "time a {url} k=v -- {command}", "{url} -- time a k=v -- "
    "{command}"])
def test_send_leaves_the_flags_of_a_command_alone(receiver, words):
    url = "--url=udp://127.0.0.1:%d" % receiver.getsockname()[1]
    done = run("send", *words.format(url=url, command="echo --url=x -- --help").split())
    assert (done.returncode, done.stdout) == (0, "--url=x -- --help\n")
    assert receiver.recv(100).endswith(b"|ms|#k:v,status:ok\n")


@pytest.mark.parametrize("flags", [
    "--datagrams=1 --target={}", "--datagrams 1 --target {}", "--datagrams 1 --target={} --"])
def test_bench_takes_both_forms(receiver, flags):
    done = run("bench", *flags.format("127.0.0.1:%d" % receiver.getsockname()[1]).split())
    assert done.returncode == 0 and done.stdout.startswith("sent          1 datagrams")
    assert receiver.recv(65536)


@pytest.mark.parametrize("words, says", [
    (["explain", LINE, "--limit.lables=1"], "--limit.lables=1: unknown flag; did you mean"),
    (["explain", LINE, "-limit.labels=1"], "-limit.labels=1: unknown flag; did you mean"),
    (["explain", LINE, "--limit.labels"], "--limit.labels: needs a value, --limit.labels=N"),
    (["explain", "--limit.labels", "--", LINE], "--limit.labels: needs a value"),
    (["explain", "--x:1|c"], "words that begin with two dashes stand after --"),
    (["explain", LINE, "--statsd.cache-size=5"], "a flag of statsd_exporter"),
    (["send", "count", "a", "--ulr=x"], "--ulr=x: unknown flag; did you mean --url?"),
    (["send", "count", "a", "-url", "x"], "-url: unknown flag; did you mean --url?"),
    (["send", "count", "a", "--url"], "--url: needs a value, --url=URL"),
    (["bench", "--datagrams", "1", "stray"], "stray: expected a flag"),
    (["bench", "--datagrams"], "--datagrams: needs a value, --datagrams=N"),
    (["bench", "--", "--datagrams=1"], "--datagrams=1: expected nothing after --"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else None)
def test_a_wrong_flag_is_told_by_every_command(words, says):
    done = run(*words)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1
    assert done.stderr.startswith("udometer %s: " % words[0]) and says in done.stderr


@pytest.mark.parametrize("words", [[], [LINE], ["count", "a"]], ids=" ".join)
@pytest.mark.parametrize("command", ["send", "explain", "bench"])
def test_help_may_be_asked_for_after_words(command, words):
    done = run(command, *words, "--help")
    assert done.returncode == 0 and done.stdout.startswith("Usage: udometer " + command)


# --- without words ---


@pytest.mark.parametrize("command", ["send", "explain"])
def test_on_a_terminal_without_words_the_usage_is_printed(terminal, command):
    done = run_at(terminal[1], command)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == run(command, "--help").stdout


def test_with_a_dash_a_terminal_is_read(terminal, receiver):
    url = "--url=udp://127.0.0.1:%d" % receiver.getsockname()[1]
    for words in (["send", url, "-"], ["explain", "-"]):
        os.write(terminal[0], b"a:1|c\n\x04")
        done = run_at(terminal[1], *words)
        assert (done.returncode, done.stderr) == (0, "")
    assert "applied   1 sample\n" in done.stdout
    assert receiver.recv(100) == b"a:1|c\n"


@pytest.mark.parametrize("command", ["send", "explain"])
def test_an_empty_input_is_no_reason_for_the_usage(command):
    done = run(command)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
