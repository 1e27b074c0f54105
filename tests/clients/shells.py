# SPDX-License-Identifier: Apache-2.0
"""Shells: scripts that source clients/shell/udometer.sh, in every shell, and their receivers."""

import os
import pathlib
import queue
import shlex
import shutil
import socket
import subprocess
import threading

import pytest

from harness import BINARY, DEADLINE

CLIENT = pathlib.Path(__file__).resolve().parents[2] / "clients" / "shell" / "udometer.sh"

SHELLS = {"dash": ["dash"], "bash": ["bash"], "ash": ["busybox", "sh"], "zsh": ["zsh"]}

# An unknown nc, of which the client can only see that it has -u.
OTHER_NC = """#!/bin/sh
case $1 in
    -h) echo "usage: nc [-u] [-w SEC] HOST PORT"; exit 1 ;;
esac
exec nc.openbsd "$@"
"""

# The programs that must be in PATH, so that the client finds a certain way.
WAYS = {
    "bash": ["cat"],
    "udometer": [],
    "bash-c": ["bash", "cat"],
    "socat": ["socat"],
    "nc-q": ["nc.openbsd"],
    "nc-q of nc.traditional": ["nc.traditional"],
    "ncat": ["ncat"],
    "nc-w": ["nc.openbsd"],
    "none": [],
}


def name_of(way):
    """As udometer.sh has it."""
    return way.split()[0]


def ways_of(shell):
    return [way for way in WAYS if (way != "bash" or shell == "bash") and way != "none"
            and (way != "bash-c" or shell != "bash")]


def make_path(folder, way):
    """A folder that has only the programs of this way."""
    folder.mkdir()
    for program in WAYS[way]:
        is_nc = program in ("nc.openbsd", "nc.traditional", "ncat") and way != "nc-w"
        (folder / ("nc" if is_nc else program)).symlink_to(shutil.which(program))
    if way == "nc-w":
        (folder / "nc").write_text(OTHER_NC)
        (folder / "nc").chmod(0o755)
    if way == "udometer":
        (folder / "udometer").symlink_to(BINARY)
    return folder


class Shells:
    def __init__(self, directory):
        self.directory = directory
        self.n_scripts = 0

    def path(self, way):
        folder = self.directory / way.replace(" ", "-")
        return folder if folder.exists() else make_path(folder, way)

    def environment(self, url=None, way="udometer", **more):
        own = {"PATH": str(self.path(way)), "LC_ALL": "C.UTF-8",
               "TMPPREFIX": str(self.directory / "zsh")}
        if url:
            own["UDOMETER_URL"] = url
        sanitizers = {k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}
        return {**sanitizers, **own, **more}

    def script(self, text):
        """A file with this script, which sources the client."""
        self.n_scripts += 1
        path = self.directory / ("script-%d.sh" % self.n_scripts)
        raw = text.encode() if isinstance(text, str) else text
        path.write_bytes(b". %s\n%s\n" % (shlex.quote(str(CLIENT)).encode(), raw))
        return str(path)

    def argv(self, shell):
        first, *rest = SHELLS[shell]
        return [shutil.which(first), *rest]

    def start(self, shell, text, *, options=(), **environment):
        return subprocess.Popen([*self.argv(shell), *options, self.script(text)],
                                env=self.environment(**environment), stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, shell, text, *, stdin=b"", options=(), **environment):
        """Wait for its end: returncode, stdout and stderr, once every process has closed them."""
        return subprocess.run([*self.argv(shell), *options, self.script(text)], input=stdin,
                              env=self.environment(**environment), capture_output=True,
                              timeout=DEADLINE)

    def must_run(self, shell, text, **options):
        """Its output; everything else must be as usual."""
        done = self.run(shell, text, **options)
        assert (done.returncode, done.stderr) == (0, b""), done
        return done.stdout.decode()

    def run_command(self, shell, *words, stdin=b"", **environment):
        """udometer.sh, run as a command by this shell."""
        return subprocess.run([*self.argv(shell), str(CLIENT), *words], input=stdin,
                              env=self.environment(**environment), capture_output=True,
                              timeout=DEADLINE)


@pytest.fixture
def shells(tmp_path):
    return Shells(tmp_path)


def quote(word):
    """The same for all shells: between single quotes nothing has a meaning."""
    raw = word.encode() if isinstance(word, str) else word
    return b"'" + raw.replace(b"'", b"'\\''") + b"'"


def calls(samples):
    """A script that sends these samples, each given as words."""
    return b"\n".join(b"udom_" + sample[0].encode() + b" " + b" ".join(map(quote, sample[1:]))
                      for sample in samples)


def pipe(lines):
    """A script that sends these lines as they are."""
    return b"printf %s " + quote(lines) + b" | udom_send"


class Receiver:
    """A socket; its datagrams are kept in their order, without the line feed at the end."""

    END = b"\0end"

    def __init__(self, family=socket.AF_INET, bind_to=("127.0.0.1", 0)):
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.socket.bind(bind_to)
        self.family, self.address = family, self.socket.getsockname()
        self.url = "unix://%s" % bind_to if family == socket.AF_UNIX \
            else "udp://127.0.0.1:%d" % self.address[1]
        self.kept = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.keep, daemon=True)
        self.thread.start()

    def keep(self):
        while True:
            datagram = self.socket.recv(1 << 16)
            self.kept.put(datagram.removesuffix(b"\n"))
            if datagram == self.END * 2:
                return

    def send_end(self, end):
        with socket.socket(self.family, socket.SOCK_DGRAM) as own:
            own.sendto(end, self.address)

    def wait(self, n):
        """The next @n."""
        return [self.kept.get(timeout=DEADLINE) for _ in range(n)]

    def arrived(self):
        """All that have arrived so far."""
        self.send_end(self.END)
        return list(iter(lambda: self.kept.get(timeout=DEADLINE), self.END))

    def close(self):
        self.send_end(self.END * 2)
        self.thread.join()
        self.socket.close()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()
