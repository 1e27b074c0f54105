# SPDX-License-Identifier: Apache-2.0
"""All bundled clients read the same environment: clients/README.md, "The environment".

environment.json has the cases. In each, a client counts x with the tag k=v:

    environment     the variables; {a}, {b} and {six} are ports, {path} and {abstract} Unix sockets,
                    {x9} is nine letters, {t9} nine tags
    given           what a program passes: a URL, a prefix (not in the shell, which has variables)
    to              which socket gets the line; "default" is 127.0.0.1:8125; "off", "nowhere": none
    line            the line; x:1|c|#k:v unless it says otherwise
    line_of_words   the same of the clients that clean names more strictly
    unknown, meant  a variable that nothing reads, and the one that was meant. The shell client says
                    so if it is asked to, and "udometer send" always; the C client does not look
    wrong           the variable that is wrong. The clients say so if they are asked to, and go on;
                    "udometer send" sends nothing and exits with 2
"""

import json
import os
import pathlib
import re
import socket
import subprocess

import pytest

from children import clean_environment
from harness import BINARY, DEADLINE, HAS_IPV6, check_sanitizers
from shells import SHELLS, Receiver

CASES = json.loads(pathlib.Path(__file__).with_name("environment.json").read_text())
WORDS = ["count", "x", "k=v"]


class Sockets:
    """Those that a case may send to."""

    def __init__(self, folder):
        self.abstract = "@udometer-test-%d" % os.getpid()
        self.receivers = {
            "a": Receiver(), "b": Receiver(), "path": Receiver(socket.AF_UNIX, folder + "/s"),
            "abstract": Receiver(socket.AF_UNIX, "\0" + self.abstract[1:])}
        if HAS_IPV6:
            self.receivers["six"] = Receiver(socket.AF_INET6, ("::1", 0))
        try:
            self.receivers["default"] = Receiver(bind_to=("127.0.0.1", 8125))
        except OSError:
            pass  # a udometer runs on this machine
        self.words = {"path": folder + "/s", "abstract": self.abstract}
        for name in ("a", "b", "six"):
            if name in self.receivers:
                self.words[name] = self.receivers[name].address[1]

    def fill_in(self, text):
        for name, word in self.words.items():
            text = text.replace("{%s}" % name, str(word))
        text = re.sub(r"\{x(\d+)\}", lambda match: "x" * int(match[1]), text)
        return re.sub(r"\{t(\d+)\}", lambda match: ",".join(
            "t%d:v" % i for i in range(int(match[1]))), text)

    def arrived(self):
        """What each has got, if it has got anything."""
        found = {name: receiver.arrived() for name, receiver in self.receivers.items()}
        return {name: lines for name, lines in found.items() if lines}

    def close(self):
        for receiver in self.receivers.values():
            receiver.close()


@pytest.fixture(scope="module")
def sockets(tmp_path_factory):
    sockets = Sockets(str(tmp_path_factory.mktemp("sockets")))
    yield sockets
    sockets.close()


def environment_of(sockets, case, **more):
    given = {name: sockets.fill_in(value) for name, value in case["environment"].items()}
    return {**given, **more}


def given_of(sockets, case):
    return {name: sockets.fill_in(value) for name, value in case.get("given", {}).items()}


def check(sockets, case, line, n=1, is_strict=False):
    """That the right socket has got @n such lines, and no other one anything."""
    expected = {} if case["to"] in ("off", "nowhere") or is_strict and "wrong" in case \
        else {case["to"]: [sockets.fill_in(line).encode()] * n}
    assert sockets.arrived() == expected, case


def skip_if_impossible(sockets, case):
    if case["to"] not in ("off", "nowhere", *sockets.receivers):
        pytest.skip("this machine has no such address, or it is in use")


def line_of(case):
    return case.get("line", "x:1|c|#k:v")


def line_of_words(case):
    return case.get("line_of_words", line_of(case))


def unknown(case, who):
    """What @who says of a variable that is misspelt."""
    return "%s: %s: sets nothing; did you mean %s?\n" % (who, case["unknown"], case["meant"]) \
        if "unknown" in case else ""


every_case = pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])


@every_case
def test_send(sockets, case):
    skip_if_impossible(sockets, case)
    flags = ["--%s=%s" % pair for pair in given_of(sockets, case).items()]
    done = subprocess.run([BINARY, "send", *flags, *WORDS], capture_output=True, text=True,
                          env=clean_environment(environment_of(sockets, case)), timeout=DEADLINE)
    check_sanitizers(done.stderr)
    check(sockets, case, line_of_words(case), is_strict=True)
    assert done.returncode == (2 if "wrong" in case else 0), done
    assert case.get("wrong", "") + "=" in done.stderr if "wrong" in case \
        else done.stderr == unknown(case, "udometer send")


def run_opener(sockets, case, **more):
    flags = ["--%s=%s" % pair for pair in given_of(sockets, case).items()]
    environment = clean_environment(environment_of(sockets, case, **more))
    done = subprocess.run([os.environ["UDOMETER_OPENER"], *flags], capture_output=True, text=True,
                          env=environment, timeout=DEADLINE)
    check_sanitizers(done.stderr)
    check(sockets, case, line_of(case))
    assert done.returncode == (3 if case["to"] == "nowhere" else 0), done
    return done


@every_case
def test_c(sockets, case):
    skip_if_impossible(sockets, case)
    assert run_opener(sockets, case).stderr == ""
    told = run_opener(sockets, case, UDOMETER_DEBUG="1").stderr
    assert "udometer: %s=" % case["wrong"] in told if "wrong" in case else told == ""
