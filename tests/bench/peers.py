#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compare other StatsD receivers with udometer, under the same load on the same machine.

    peers.py BUILD_FOLDER [--rounds=5] [--seconds=10] [--only=NAME,...] [--markdown]

Receivers take turns, each as a new process: the two null sinks of "udometer bench", udometer,
netdata and collectd (from Debian), and statsd (from npm, in BUILD_FOLDER/peers). Each gets a second
of the load to meet all series, time to settle, and then the measured load from "udometer bench". A
ratio is to the blocking sink of the same round, and a figure is the median of all rounds.

All are measured from outside, by what the kernel knows of the process and its children: CPU time of
all threads, per datagram that was not dropped; resident memory at the end; datagrams that the
socket dropped. What a receiver itself refuses or loses is not seen. The time includes the work
without which a receiver is of no use: netdata's updates, one each second, about one flush of
collectd and statsd (every 10 s), and one scrape of udometer.

Peers have the smallest settings that make them StatsD receivers, with nowhere to write to. None of
the three tells series apart by tags, so they get as many bytes, all in the names.
"""

import argparse
import contextlib
import dataclasses
import getpass
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import children  # noqa: E402

START_S = 30   # the time that a receiver has to open its socket …
DRAIN_S = 30   # … to empty it when the load has ended …
SETTLE_S = 15  # … to finish the work for new series (netdata's charts) …
STOP_S = 10    # … and to end when it is told to

LOADS = {
    "20 lines, 5,000/s": ["--rate=5000"],
    "20 lines, 50,000/s": ["--rate=50000"],
    "1 line of 28 bytes, 50,000/s": ["--rate=50000", "--lines=1", "--labels=0", "--mix=c:100",
                                     "--bytes=28"],
}
BLOCKING = "blocking sink"
WITHOUT_TAGS = ["--labels=0"]


class Failure(Exception):
    """A receiver could not be measured; the text is for the table."""


# --- receivers ------------------------------------------------------------------------------


class Receiver:
    """How to start a receiver. It has a folder of its own, which is empty."""

    load_flags = []

    def __init__(self, name, build):
        self.name = name
        self.build = build

    def version(self):
        """Its version for the table. Raises Failure if it is not installed."""
        return ""

    def command(self, folder, port):
        """Write settings to @folder; returns the command that receives on UDP @port of loopback."""
        raise NotImplementedError

    def use(self):
        """More work in the measured time, after the load. None for a receiver that flushes."""


class Sink(Receiver):
    def command(self, folder, port):
        return [self.build / "src/udometer", "bench", f"--sink={self.name.split()[0]}",
                f"--listen=127.0.0.1:{port}"]


class Udometer(Receiver):
    web_port = None

    def command(self, folder, port):
        self.web_port = free_port(socket.SOCK_STREAM)
        return [self.build / "src/udometer", f"--statsd.listen-udp=127.0.0.1:{port}",
                f"--web.listen-address=127.0.0.1:{self.web_port}"]

    def use(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web_port}/metrics") as reply:
            reply.read()


def installed(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not path:
        raise Failure("is not installed")
    return path


def package_version(package):
    """Debian's version of @package without its revision; empty if there is none."""
    with contextlib.suppress(OSError):
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], text=True,
                              capture_output=True)
        return done.stdout.rsplit("-", 1)[0]
    return ""


class Netdata(Receiver):
    load_flags = WITHOUT_TAGS
    OFF = ["apps", "cgroups", "charts.d", "checks", "diskspace", "ebpf", "fping", "go.d",
           "idlejitter", "ioping", "loopsleepms", "nfacct", "perf", "proc", "python.d", "slabinfo",
           "tc", "timex", "enable running new plugins", "netdata monitoring",
           "netdata monitoring extended"]

    def version(self):
        installed("netdata")
        return package_version("netdata-core")

    def command(self, folder, port):
        settings = {
            "global": {"run as user": getpass.getuser(), "hostname": "bench"},
            "db": {"mode": "ram", "retention": "600"},
            "directories": {name: self.make(folder, name) for name in
                            ["config", "stock config", "log", "cache", "lib", "home", "plugins"]},
            "web": {"mode": "none"},
            "ml": {"enabled": "no"},
            "health": {"enabled": "no"},
            "plugins": {name: "no" for name in self.OFF} | {"statsd": "yes"},
            "statsd": {"enabled": "yes", "bind to": f"udp:127.0.0.1:{port}"},
        }
        text = "".join(f"[{section}]\n" + "".join(f"    {key} = {value}\n"
                                                  for key, value in values.items())
                       for section, values in settings.items())
        (folder / "netdata.conf").write_text(text)
        (folder / "config" / ".opt-out-from-anonymous-statistics").touch()
        (folder / "lib" / "cloud.d").mkdir()
        (folder / "lib" / "cloud.d" / "cloud.conf").write_text("[global]\n    enabled = no\n")
        return [installed("netdata"), "-D", "-c", folder / "netdata.conf",
                "-P", folder / "netdata.pid"]

    @staticmethod
    def make(folder, name):
        path = folder / name.replace(" ", "-")
        path.mkdir()
        return path


class Collectd(Receiver):
    load_flags = WITHOUT_TAGS
    SETTINGS = """
Hostname "bench"
FQDNLookup false
BaseDir "{folder}"
PIDFile "{folder}/collectd.pid"
TypesDB "/usr/share/collectd/types.db"
LoadPlugin statsd
<Plugin statsd>
    Host "127.0.0.1"
    Port "{port}"
</Plugin>
# It has nothing to write to, which must not be an error.
PostCacheChain "end"
<Chain "end">
    Target "stop"
</Chain>
"""

    def version(self):
        installed("collectd")
        return package_version("collectd-core")

    def command(self, folder, port):
        settings = self.SETTINGS.format(folder=folder, port=port)
        (folder / "collectd.conf").write_text(settings)
        return [installed("collectd"), "-f", "-C", folder / "collectd.conf"]


class Statsd(Receiver):
    load_flags = WITHOUT_TAGS

    def module(self):
        path = self.build / "peers/node_modules/statsd"
        if not (path / "stats.js").exists():
            raise Failure("is not installed")
        return path

    def version(self):
        installed("node")
        return json.loads((self.module() / "package.json").read_text())["version"]

    def command(self, folder, port):
        settings = {"address": "127.0.0.1", "port": port, "mgmt_address": "127.0.0.1",
                    "mgmt_port": free_port(socket.SOCK_STREAM), "backends": [],
                    "automaticConfigReload": False}
        (folder / "config.js").write_text(json.dumps(settings))
        return [installed("node"), self.module() / "stats.js", folder / "config.js"]


def receivers(build):
    return [Sink(BLOCKING, build), Sink("coalescing sink", build),
            Udometer("udometer", build), Netdata("netdata", build), Collectd("collectd", build),
            Statsd("statsd", build)]


# --- what the kernel says -------------------------------------------------------------------


def free_port(kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def family(pid):
    """@pid and all its descendants."""
    children = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(path.read_text().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def cpu_by_thread(pid):
    """Nanoseconds that each thread of the family has run."""
    found = {}
    for member in family(pid):
        for path in pathlib.Path(f"/proc/{member}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                found[path.parent.name] = int(path.read_text().split()[0])
    return found


def resident_bytes(pid):
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            pages = int(pathlib.Path(f"/proc/{member}/statm").read_text().split()[1])
            total += pages * os.sysconf("SC_PAGE_SIZE")
    return total


def udp_sockets(port):
    """For each UDP socket at @port: bytes waiting in it, and datagrams that it dropped."""
    found = []
    for table in ["/proc/net/udp", "/proc/net/udp6"]:
        with contextlib.suppress(OSError):
            for line in pathlib.Path(table).read_text().splitlines()[1:]:
                words = line.split()
                if int(words[1].rsplit(":", 1)[1], 16) == port:
                    found.append((int(words[4].split(":")[1], 16), int(words[12])))
    return found


def dropped(port):
    return sum(drops for _, drops in udp_sockets(port))


# --- one run --------------------------------------------------------------------------------


@dataclasses.dataclass
class Result:
    """The figures of one run, or the medians of several."""
    cpu_us: float
    ratio: float
    resident_mb: float
    n_sent: int
    n_lost: int


def last_line(path):
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1][:120] if lines else "it said nothing"


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@contextlib.contextmanager
def running(receiver, port):
    """The process of @receiver while it listens on @port; it is stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="peers-") as name:
        folder = pathlib.Path(name)
        command = [str(word) for word in receiver.command(folder, port)]
        with open(folder / "said", "wb") as said:
            process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=said,
                                       stderr=said, start_new_session=True)
        try:
            wait_for(lambda: process.poll() is not None or udp_sockets(port), START_S)
            if process.poll() is not None or not udp_sockets(port):
                raise Failure("did not start: " + last_line(folder / "said"))
            yield process
            if process.poll() is not None:
                raise Failure("ended under load: " + last_line(folder / "said"))
        finally:
            stop(process)


def stop(process):
    """End it and all that it has started, which are in a session of their own."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def send(build, port, flags):
    """Send a load; returns the number of datagrams."""
    done = subprocess.run([build / "src/udometer", "bench", f"--target=127.0.0.1:{port}",
                           "--format=json", *flags], text=True, stdin=subprocess.DEVNULL,
                          capture_output=True)
    try:
        return json.loads(done.stdout)["datagrams"]
    except ValueError:
        raise Failure("no load: " + done.stderr.strip()) from None


def drain(port):
    if not wait_for(lambda: sum(waiting for waiting, _ in udp_sockets(port)) == 0, DRAIN_S):
        raise Failure(f"had not emptied its socket after {DRAIN_S} s")


def settle(pid):
    """Wait until it has done most of the work for new series."""
    used_ns = [sum(cpu_by_thread(pid).values())]

    def is_calm():
        time.sleep(1)
        used_ns.append(sum(cpu_by_thread(pid).values()))
        return used_ns[-1] - used_ns[-2] < 50e6

    wait_for(is_calm, SETTLE_S)


def measure(receiver, flags, seconds):
    """One run of @receiver, without its ratio."""
    port = free_port(socket.SOCK_DGRAM)
    with running(receiver, port) as process:
        send(receiver.build, port, [*flags, "--seconds=1"])
        drain(port)
        settle(process.pid)
        cpu_before, lost_before = cpu_by_thread(process.pid), dropped(port)
        n_sent = send(receiver.build, port, [*flags, f"--seconds={seconds}"])
        receiver.use()
        drain(port)
        cpu_ns = sum(ns - cpu_before.get(thread, 0)
                     for thread, ns in cpu_by_thread(process.pid).items())
        n_lost = dropped(port) - lost_before
        resident = resident_bytes(process.pid)
    if n_sent == n_lost:
        raise Failure("received nothing")
    return Result(cpu_ns / 1e3 / (n_sent - n_lost), 0, resident / 1e6, n_sent, n_lost)


# --- all runs -------------------------------------------------------------------------------


def run_load(everyone, flags, options):
    """Rounds of all receivers in turn. Returns for each name its results, or why it has none."""
    results = {receiver.name: [] for receiver in everyone}
    failures = {}
    for _ in range(options.rounds):
        floor = float("nan")
        for receiver in everyone:
            if receiver.name in failures:
                continue
            try:
                receiver.version()
                result = measure(receiver, flags + receiver.load_flags, options.seconds)
            except Failure as failure:
                failures[receiver.name] = str(failure)
                continue
            if receiver.name == BLOCKING:
                floor = result.cpu_us
            result.ratio = result.cpu_us / floor
            results[receiver.name].append(result)
    return results, failures


def middle(results):
    return Result(*[statistics.median(getattr(result, field.name) for result in results)
                    for field in dataclasses.fields(Result)])


def row(receiver, results, failures):
    """The cells of one receiver."""
    if receiver.name in failures:
        return [receiver.name, "–", "–", "–", failures[receiver.name]]
    result = middle(results[receiver.name])
    lost = 100 * result.n_lost / result.n_sent
    return [f"{receiver.name} {receiver.version()}".strip(), f"{result.ratio:.2f}",
            f"{result.cpu_us:.2f}", f"{result.resident_mb:.0f}",
            f"{result.n_lost:,.0f} ({lost:.1f}%)" if result.n_lost else "0"]


def show(title, rows, is_markdown):
    head = ["receiver", "CPU, × blocking", "µs a datagram", "resident, MB", "datagrams lost"]
    if is_markdown:
        print(f"\n**{title}**\n\n| " + " | ".join(head) + " |\n| --- | ---: | ---: | ---: | ---: |")
        for cells in rows:
            print("| " + " | ".join(cells) + " |")
    else:
        print(f"\n{title}")
        for cells in [head, *rows]:
            print(f"  {cells[0]:18}" + "".join(f"{cell:>17}" for cell in cells[1:4])
                  + f"   {cells[4]}")
    sys.stdout.flush()


def read_options():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=lambda path: pathlib.Path(path).resolve())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--only", default="", help="these receivers, and the blocking sink")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def main(options):
    only = options.only.split(",") if options.only else []
    everyone = [receiver for receiver in receivers(options.build)
                if not only or receiver.name in [BLOCKING, *only]]
    n_failed = 0
    for title, flags in LOADS.items():
        results, failures = run_load(everyone, flags, options)
        show(title, [row(receiver, results, failures) for receiver in everyone],
             options.markdown)
        n_failed += len(failures)
    return 1 if n_failed else 0


if __name__ == "__main__":
    children.prepare()
    try:
        sys.exit(main(read_options()))
    finally:
        children.end()
