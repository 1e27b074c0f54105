# SPDX-License-Identifier: Apache-2.0
"""udometer bench knows what it has sent, and finds exactly what is missing."""

import json
import os
import signal
import socket
import subprocess

import pytest

from children import clean_environment
from harness import BINARY, DEADLINE, check_sanitizers, host_and_port, run, wait_until

EVERY_TYPE = "--mix=c:20,g:20,ms:20,h:10,d:10,s:20"


def address(host, port):
    return "%s:%d" % (host, port)


def aim(udometer, *flags):
    """Flags to send to this daemon, and to compare with its scrape."""
    return ["bench", "--format=json", "--target=" + address(*udometer.udp[0]),
            "--scrape=http://%s/metrics" % address(*udometer.http), *flags]


def bench(*flags, status=0):
    """Run it to its end, and return its report."""
    done = run(*flags)
    assert done.returncode == status, done.stdout + done.stderr
    return json.loads(done.stdout)


def differing(report):
    return {check["subject"] + " " + check["quantity"] for check in report["scrape"]["checks"]
            if not check["agrees"]}


def compared(report):
    return {check["subject"] + " " + check["quantity"] for check in report["scrape"]["checks"]}


class Bench:
    """A bench that runs in the background."""

    def __init__(self, *flags):
        self.process = subprocess.Popen([BINARY, "bench", "--format=json", *flags], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=clean_environment())

    def first_line(self):
        return self.process.stdout.readline().strip()

    def finish(self, number=None):
        """End it with a signal, or wait for its end; returns status and report."""
        if number is not None:
            self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=DEADLINE)
        check_sanitizers(errors)
        return self.process.returncode, json.loads(output)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


@pytest.fixture
def start_bench():
    started = []

    def start_one(*flags):
        started.append(Bench(*flags))
        return started[-1]

    yield start_one
    for one in started:
        one.kill()


@pytest.fixture
def receiver():
    """A socket that only receives."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(DEADLINE)
        yield sock


def receive(sock, n):
    return [sock.recv(65536) for _ in range(n)]


# --- what it sends ------------------------------------------------------------------


def test_the_same_flags_send_the_same_datagrams(receiver):
    target = "--target=" + address(*receiver.getsockname())
    flags = [target, "--datagrams=300", "--rate=5000", "--series=500", EVERY_TYPE]
    sent = []
    for more in ([], [], ["--seed=2"]):
        report = bench("bench", "--format=json", *flags, *more)
        assert (report["datagrams"], report["lines"], report["not_sent"]) == (300, 6000, 0)
        sent.append(receive(receiver, 300))
        assert report["bytes"] == sum(len(datagram) for datagram in sent[-1])
    assert sent[0] == sent[1] != sent[2]


def test_the_workloads_that_it_is_made_for(receiver):
    target = "--target=" + address(*receiver.getsockname())
    report = bench("bench", "--format=json", target, "--datagrams=1000", "--rate=20000")
    assert {len(datagram) for datagram in receive(receiver, 1000)} == {1399}
    assert {name: total["series"] for name, total in report["expected"].items()} == {
        "counter": 6000, "gauge": 2000, "timer": 2000}
    assert {name: total["samples"] for name, total in report["expected"].items()} == {
        "counter": 12000, "gauge": 4000, "timer": 4000}
    bench("bench", "--format=json", target, "--datagrams=1000", "--rate=20000", "--lines=1",
          "--labels=0", "--mix=c:100", "--bytes=28")
    small = receive(receiver, 1000)
    assert {len(datagram) for datagram in small} == {28} and len(set(small)) > 900
    bench("bench", "--format=json", target, "--datagrams=100", "--rate=5000",
          "--series=1000000", "--order=sequential")
    lines = b"\n".join(receive(receiver, 100)).split(b"\n")
    assert [int(line.split(b"series:")[1][:6]) for line in lines] == list(range(2000))


def test_flows_are_ports(receiver):
    bench("bench", "--format=json", "--target=" + address(*receiver.getsockname()),
          "--datagrams=100", "--flows=4", "--burst=5", "--rate=10000")
    senders = [receiver.recvfrom(65536)[1] for _ in range(100)]
    assert len(set(senders)) == 4
    assert all(len(set(senders[i:i + 5])) == 1 for i in range(0, 100, 5))


def test_the_rate_and_the_seconds_make_the_number(receiver):
    seconds = []
    while not seconds or min(seconds) >= 1.6 and len(seconds) < 10:  # a slow machine may be late
        report = bench("bench", "--format=json", "--target=" + address(*receiver.getsockname()),
                       "--rate=400", "--seconds=0.5")
        assert report["datagrams"] == 200
        seconds.append(report["seconds"])
    # The last burst of five is due 12.5 ms before the end.
    assert 0.487 <= min(seconds) < 1.6


def test_a_low_rate_does_not_burn_a_core(receiver):
    before = os.times()
    bench("bench", "--format=json", "--target=" + address(*receiver.getsockname()), "--rate=500",
          "--datagrams=500", "--series=100")
    after = os.times()
    cpu = after.children_user - before.children_user \
        + after.children_system - before.children_system
    # A thread that spins would use the whole second.
    assert cpu < 0.5


def test_a_signal_ends_it_with_a_report(receiver, start_bench):
    sender = start_bench("--target=" + address(*receiver.getsockname()), "--rate=1000",
                         "--seconds=1000", "--burst=1")
    receive(receiver, 10)
    status, report = sender.finish(signal.SIGINT)
    assert status == 0 and report["datagrams"] >= 10
    receive(receiver, report["datagrams"] - 10)
    receiver.setblocking(False)
    with pytest.raises(BlockingIOError):
        receiver.recv(65536)


def test_nobody_listens():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        target = "--target=" + address(*closed.getsockname())
    for flags in (["--rate=0"], ["--rate=5000"],
                  ["--rate=0", "--flows=3"], ["--rate=0", "--burst=1"]):
        report = bench("bench", "--format=json", target, "--datagrams=1000", *flags, status=1)
        assert (report["datagrams"], report["unreachable"], report["not_sent"]) == (1000, 1000, 0)


def test_a_unix_socket_that_goes_away(tmp_path, start_bench):
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        sender = start_bench("--target=unix://" + path, "--datagrams=500", "--rate=1000")
        server.settimeout(DEADLINE)
        n_received = len(receive(server, 10))
    status, report = sender.finish()
    assert status == 1 and report["error"] == "Connection refused" and report["not_sent"] > 0
    assert n_received <= report["datagrams"] == 500 - report["not_sent"]
    done = run("bench", "--target=unix://" + path, "--datagrams=1")
    assert done.returncode == 1 and "Connection refused" in done.stderr and path in done.stderr


# --- what it finds ---------------------------------------------------------------------


def test_every_number_agrees(udometer):
    report = bench(*aim(udometer, "--rate=5000", "--datagrams=2000", EVERY_TYPE))
    assert report["scrape"]["agrees"] and not report["scrape"]["lost_datagrams"]
    assert compared(report) == {
        "datagrams received", "lines received", "lines refused", "counter sum", "counter series",
        "gauge series", "gauge sum of last values", "timer observations", "timer sum",
        "timer series", "histogram observations", "histogram sum", "histogram series",
        "distribution observations", "distribution sum", "distribution series", "set series",
        "set sum of sizes"}
    scrape = udometer.scrape()
    assert report["datagrams"] == scrape.value("udometer_datagrams_total") == 2000
    assert report["bytes"] == scrape.value("udometer_datagram_bytes_total")
    assert report["lines"] == scrape.value("udometer_lines_total")
    for kind, total in report["expected"].items():
        assert total["samples"] == scrape.value("udometer_samples_total", type=kind)


def test_a_second_run_compares_what_grew(udometer):
    bench(*aim(udometer, "--rate=5000", "--datagrams=500", EVERY_TYPE))
    report = bench(*aim(udometer, "--rate=5000", "--datagrams=300", "--seed=2", EVERY_TYPE))
    assert {"counter sum", "timer observations", "timer sum"} < compared(report)
    assert not {"counter series", "gauge sum of last values", "set sum of sizes"} & compared(report)


def test_flows_and_workers_agree(start):
    udometer = start("--workers=2")
    report = bench(*aim(udometer, "--rate=5000", "--datagrams=1000", "--flows=8"))
    assert "counter sum" in compared(report)
    assert not any("gauge" in name for name in compared(report))


def test_names_without_labels_agree(udometer):
    bench(*aim(udometer, "--rate=5000", "--datagrams=500", "--series=300", "--lines=3",
               "--labels=0", "--bytes=200", EVERY_TYPE))


def test_unix_datagrams_wait_for_room(start, tmp_path):
    path = str(tmp_path / "socket")
    udometer = start("--statsd.listen-unixgram=" + path)
    report = bench(*aim(udometer, "--rate=0", "--datagrams=3000")[:2], "--target=unix://" + path,
                   *aim(udometer)[3:], "--rate=0", "--datagrams=3000")
    assert report["scrape"]["agrees"] and report["not_sent"] == report["unreachable"] == 0


def test_what_the_kernel_drops_is_counted_exactly(start):
    udometer = start("--statsd.read-buffer=4KiB", "--workers=1")
    report = bench(*aim(udometer, "--rate=0", "--datagrams=5000"), status=1)
    scrape = udometer.scrape()
    lost = report["scrape"]["lost_datagrams"]
    assert lost == report["scrape"]["kernel_drops"] == scrape.sum("udometer_kernel_drops_total") > 0
    assert lost == 5000 - scrape.value("udometer_datagrams_total")
    assert report["scrape"]["lost_lines"] == 20 * lost
    assert {"datagrams received", "lines received", "counter sum"} <= differing(report)


def test_a_daemon_that_stood_still(start, start_bench):
    """The daemon is stopped in the middle until its buffer overflows, and then continues."""
    udometer = start("--statsd.read-buffer=64KiB", "--workers=1")
    sender = start_bench(*aim(udometer, "--rate=2000", "--seconds=1000")[2:])
    wait_until(lambda: udometer.scrape().value("udometer_datagrams_total"), "something came")
    udometer.pause()
    wait_until(lambda: kernel_drops(udometer) > 0, "the kernel drops")
    udometer.resume()
    status, report = sender.finish(signal.SIGINT)
    dropped = udometer.scrape().sum("udometer_kernel_drops_total")
    assert status == 1 and report["scrape"]["lost_datagrams"] == dropped > 0


def kernel_drops(udometer):
    """The kernel's figures for the daemon's socket while the daemon is stopped."""
    port = ":%04X" % udometer.udp[0][1]
    with open("/proc/net/udp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return sum(int(row[-1]) for row in rows if row[1].endswith(port))


def test_traffic_of_others_is_noticed(udometer, start_bench):
    sender = start_bench(*aim(udometer, "--rate=1000", "--seconds=1000")[2:])
    wait_until(lambda: udometer.scrape().value("udometer_datagrams_total"), "something came")
    udometer.send("bench_c_0:1|c", "other:x|c")
    wait_until(lambda: udometer.scrape().refused("malformed_value"), "theirs came")
    status, report = sender.finish(signal.SIGINT)
    assert status == 1
    assert report["scrape"]["lost_datagrams"] == report["scrape"]["lost_lines"] == -2
    assert differing(report) == {"datagrams received", "lines received", "lines refused",
                                 "counter sum", "counter series"}


def test_self_metrics_may_have_a_page_of_their_own(start):
    udometer = start("--web.self-metrics-path=/self")
    flags = aim(udometer, "--rate=5000", "--datagrams=200", EVERY_TYPE)
    own = "--self-metrics=http://%s/self" % address(*udometer.http)
    report = bench(*flags, own)
    assert report["scrape"]["agrees"] and len(compared(report)) == 18
    without = run(*flags)
    assert without.returncode == 1 and "/metrics: this page has no metrics" in without.stderr
    assert "--self-metrics=URL" in without.stderr
    elsewhere = run(*flags, own + "ish")
    assert elsewhere.returncode == 1 and "/selfish: the server does not" in elsewhere.stderr
    alone = run("bench", own)
    assert alone.returncode == 2 and "--self-metrics: expected --scrape" in alone.stderr


def test_the_page_of_another_daemon(start):
    there, elsewhere = start(), start()
    flags = aim(there, "--rate=5000", "--datagrams=50")
    flags[3] = "--scrape=http://%s/metrics" % address(*elsewhere.http)
    report = bench(*flags, status=1)
    assert report["scrape"]["lost_datagrams"] == 50 and report["scrape"]["kernel_drops"] == 0


def test_the_page_must_be_udometers(udometer):
    flags = aim(udometer, "--datagrams=1")
    for path, words in (("/-/ready", "no metrics of udometer"),
                        ("/", "no metrics of udometer"),
                        ("/nowhere", "does not give this page")):
        flags[3] = "--scrape=http://%s%s" % (address(*udometer.http), path)
        done = run(*flags)
        assert done.returncode == 1 and path in done.stderr and words in done.stderr
    assert udometer.scrape().value("udometer_datagrams_total") == 0


def test_a_page_where_nobody_listens(receiver):
    done = run("bench", "--datagrams=1", "--target=" + address(*receiver.getsockname()),
               "--scrape=http://%s/metrics" % address(*receiver.getsockname()))
    assert done.returncode == 1 and "nothing listens there" in done.stderr


# --- sinks --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["blocking", "coalescing"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_sink_counts(method, number, start_bench):
    sink = start_bench("--sink=" + method)
    target = sink.first_line()
    assert host_and_port(target)[1] > 0
    sent = bench("bench", "--format=json", "--target=" + target, "--datagrams=3000", "--rate=20000")
    status, report = sink.finish(number)
    assert status == 0 and sent["datagrams"] == 3000
    assert report["datagrams"] + report["kernel_drops"] == 3000
    assert report["cpu_seconds"] > 0
    each = report["cpu_seconds"] / report["datagrams"] * 1e6
    assert report["cpu_us_per_datagram"] == pytest.approx(each)


@pytest.mark.parametrize("method", ["blocking", "coalescing"])
def test_a_sink_counts_what_is_in_its_socket_at_the_end(method, start_bench):
    sink = start_bench("--sink=" + method)
    target = sink.first_line()
    sink.process.send_signal(signal.SIGSTOP)
    bench("bench", "--format=json", "--target=" + target, "--datagrams=200", "--rate=20000")
    sink.process.send_signal(signal.SIGTERM)
    status, report = sink.finish(signal.SIGCONT)
    assert status == 0 and report["datagrams"] + report["kernel_drops"] == 200


def test_a_sink_may_end_by_itself():
    for method in ("blocking", "coalescing"):
        done = run("bench", "--sink=" + method, "--seconds=0.05")
        assert done.returncode == 0
        assert done.stdout.splitlines()[1:] == ["received      0 datagrams", "kernel drops  0",
                                                done.stdout.splitlines()[3]]


def test_a_sink_that_cannot_bind(receiver):
    taken = address(*receiver.getsockname())
    done = run("bench", "--sink=blocking", "--listen=" + taken)
    assert done.returncode == 1 and done.stdout == ""
    assert taken in done.stderr and "Address already in use" in done.stderr


# --- flags ------------------------------------------------------------------------------


@pytest.mark.parametrize("flags, word", [
    (["--nonsense=1"], "--nonsense=1: unknown flag"),
    (["nonsense"], "nonsense: expected a flag"),
    (["--rate"], "--rate: needs a value"),
    (["--rate=fast"], "--rate=fast: expected a whole number"),
    (["--rate=-1"], "expected a whole number"),
    (["--flows=0"], "from 1 to 1024"),
    (["--burst=65"], "from 1 to 64"),
    (["--labels=65"], "from 0 to 64"),
    (["--seconds=0"], "expected a number of seconds"),
    (["--seconds=x"], "expected a number of seconds"),
    (["--target=nowhere"], "expected HOST:PORT"),
    (["--target=unix://"], "expected HOST:PORT"),
    (["--target=no-host.invalid:1"], "--target=no-host.invalid:1: unknown host"),
    (["--scrape=127.0.0.1:9102"], "expected http://"),
    (["--scrape=http://no-host.invalid:1/metrics"], "unknown host"),
    (["--prefix=1a"], "expected a name"),
    (["--prefix=a.b"], "expected a name"),
    (["--mix=c:50"], "100 in total"),
    (["--mix=c:50,c:50"], "100 in total"),
    (["--mix=x:100"], "100 in total"),
    (["--mix=c"], "100 in total"),
    (["--order=up"], "expected random or sequential"),
    (["--format=xml"], "expected text or json"),
    (["--sink=fast"], "expected blocking or coalescing"),
    (["--bytes=100"], "--bytes=100: too few for --lines=20 and --labels=3, expected at least 919"),
    (["--lines=1000"], "at most 65507"),
    (["--series=10000001"], "from 1 to 10000000"),
    (["--series=10000000", "--bytes=3000", "--rate=0"], "more than 1 GiB"),
    (["--seconds=1", "--datagrams=1"], "--seconds and --datagrams"),
    (["--sink=blocking", "--datagrams=1"], "--sink: "),
])
def test_a_wrong_flag(flags, word):
    done = run("bench", *flags)
    assert done.returncode == 2 and done.stdout == "" and word in done.stderr
    assert done.stderr.startswith("udometer bench: ") and done.stderr.count("\n") == 1


def test_all_wrong_flags_are_reported():
    done = run("bench", "--rate=fast", "--flow=2", "--seconds=1", "--datagrams=1",
               "--sink=blocking")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.splitlines() == [
        "udometer bench: --rate=fast: expected a whole number from 0 to 1000000000",
        "udometer bench: --flow=2: unknown flag; did you mean --flows?",
        "udometer bench: --seconds and --datagrams: expected only one of them",
        "udometer bench: --sink: cannot be combined with --scrape or --datagrams"]


def test_wrong_sizes_are_among_them():
    done = run("bench", "--series=10000000", "--bytes=800", "--labels=30", "--rate=0",
               "--format=xml", "stray")
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        "--format=xml", "stray", "--bytes=800", "--series=10000000"]
    for wrong in ("--lines=x", "--labels=", "--prefix=.", "--seconds=0"):
        # With the default in its place, "too few" might not be true.
        assert run("bench", "--bytes=100", wrong).stderr.count("\n") == 1
    assert run("bench", "--bytes=100", "--sink=x").stderr.count("\n") == 2


def test_help():
    done = run("bench", "--help")
    assert done.returncode == 0 and done.stdout.startswith("Usage: udometer bench")
    for default in ("10000", "c:60,g:20,ms:20", "auto", "random", "bench", "127.0.0.1:0"):
        assert "(default %s)\n" % default in done.stdout
    assert done.stdout.count("(default ") == 14
    assert "udometer bench" in run("--help").stdout


def test_the_report_for_people(udometer):
    flags = [flag for flag in aim(udometer, "--datagrams=100") if flag != "--format=json"]
    done = run(*flags)
    assert done.returncode == 0
    assert done.stdout.startswith("sent          100 datagrams, 2000 lines, 139900 bytes\n")
    assert done.stdout.endswith("lost          0 datagrams, 0 lines; the kernel dropped 0\n"
                                "verdict       every number agrees\n")
