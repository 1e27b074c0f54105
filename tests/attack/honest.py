# SPDX-License-Identifier: Apache-2.0
"""
Honest traffic beside an attack: what must not suffer, measured.

A test starts a daemon with daemon_of(), and attacks it inside "with Honest(...) as honest". Beside
the attack, each in a process of its own:

- a sender sends 1,000 datagrams a second from four sockets, spread evenly;
- a probe asks for /-/healthy from another address, each time on a new connection;
- a scraper gets /metrics from a third address;
- a control asks an idle udometer for /-/healthy, and measures how late it wakes up. What it sees is
  the stall of the machine, and not the daemon's.

At the end of the block honest.check() judges. Nothing that was sent may be lost, all sums are
exact, and each answer comes in time. If something is wrong although the machine has not stalled, it
is the daemon's. If the machine has stalled, the test is repeated: see repeat_if_stalled().
"""

import functools
import http.client
import multiprocessing
import os
import re
import socket
import time

from harness import SLOWNESS, connect, own_metrics, wait_until, write

# How long each attack lasts.
SECONDS = float(os.environ.get("UDOMETER_ATTACK_SECONDS", "4"))

# The receive buffer of a process without CAP_NET_ADMIN, with the kernel's defaults.
READ_BUFFER = "208KiB"

RATE = 1000  # datagrams a second of the honest sender
N_FLOWS = 4
FIRST_NUMBER, LAST_NUMBER = 1, 97  # values of the lines, in turn

HEALTHY_SECONDS = 0.5 * SLOWNESS
SCRAPE_SECONDS = 1.0 * SLOWNESS
REFUSED_SECONDS = 0.5 * SLOWNESS  # a 503 comes at once
PROBE_PERIOD, SCRAPE_PERIOD = 0.05, 0.5
# A machine that keeps a process waiting for longer is not one on which to judge others.
STALL_SECONDS = 0.02
ROUNDS_MAX = 3
ANSWER_DEADLINE = 30

PROBE_ADDRESS, SCRAPER_ADDRESS = "127.0.0.2", "127.0.0.3"
MIB = 1 << 20


class MachineStalled(AssertionError):
    """Something was wrong, but the machine has stalled meanwhile."""


def repeat_if_stalled(test):
    """Repeat a test, up to ROUNDS_MAX times in all, in which the machine has stalled."""
    @functools.wraps(test)
    def repeated(*args, **fixtures):
        for round_ in range(1, ROUNDS_MAX + 1):
            try:
                return test(*args, **fixtures)
            except MachineStalled as stalled:
                if round_ == ROUNDS_MAX:
                    raise
                print("round %d: %s" % (round_, stalled))
    return repeated


def daemon_of(start, *flags, **options):
    """A daemon with the receive buffer of a process without privileges, and TCP for fill()."""
    return start("--statsd.read-buffer=" + READ_BUFFER, "--statsd.listen-tcp=127.0.0.1:0", *flags,
                 **options)


def fill(udometer, lines):
    """Send lines before an attack, by TCP, so that none is lost, and wait until they are seen."""
    stream = connect(udometer, "tcp")
    write(udometer, stream, "".join(line + "\n" for line in lines).encode())
    udometer.wait_for_lines()


def flood(udometer, datagrams, rate, seconds=SECONDS, n_flows=8):
    """
    Attack with the datagrams, in turn: @rate a second, spread evenly, from several sockets. Returns
    how many were sent. The sockets have ports that differ, so both workers get some.
    """
    flows = [udometer.new_flow() for _ in range(n_flows)]
    began = time.monotonic()
    n = 0
    while time.monotonic() < began + seconds:
        delay = began + n / rate - time.monotonic()
        if delay > 0:
            time.sleep(delay)
        flows[n % n_flows].send(datagrams[n % len(datagrams)])
        n += 1
    return n


# --- the processes --------------------------------------------------------------------------


def request(address, path, source):
    """The status of GET @path, the body's length, and the seconds both took."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(*address, timeout=ANSWER_DEADLINE,
                                            source_address=(source, 0))
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        status, n_bytes = reply.status, len(reply.read())
    except OSError as error:
        status, n_bytes = repr(error), 0
    finally:
        connection.close()
    return status, n_bytes, time.monotonic() - began


def ask_again_and_again(stop, out, address, path, source, period):
    """Put (status, bytes, seconds) of each request to @out, until @stop."""
    answers = []
    while not stop.is_set():
        answers.append(request(address, path, source))
        stop.wait(period)
    out.put(answers)


def watch_machine(stop, out, idle_address):
    """Put the longest delay of a process that sleeps, and of an idle daemon's answer."""
    longest_delay = longest_answer = 0.0
    next_request = time.monotonic()
    while not stop.is_set():
        began = time.monotonic()
        time.sleep(0.001)
        longest_delay = max(longest_delay, time.monotonic() - began - 0.001)
        if time.monotonic() >= next_request:
            longest_answer = max(longest_answer, request(idle_address, "/-/healthy",
                                                         PROBE_ADDRESS)[2])
            next_request = time.monotonic() + PROBE_PERIOD
    out.put((longest_delay, longest_answer))


def send_evenly(stop, out, address, done):
    """Put the numbers and sums sent by each flow. After @stop, mark the end until @done."""
    flows = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(N_FLOWS)]
    for flow in flows:
        flow.connect(address)
    for i, flow in enumerate(flows):  # before an attack uses up the limits
        flow.send(b"honest.end:0|g|#flow:%d" % i)
    numbers, sums = [0] * N_FLOWS, [0] * N_FLOWS
    began = time.monotonic()
    for i in iter_until(stop):
        delay = began + i / RATE - time.monotonic()
        if delay > 0:
            time.sleep(delay)
        flow = i % N_FLOWS
        value = FIRST_NUMBER + i % LAST_NUMBER
        flows[flow].send(b"honest.sent_total:1|c|#flow:%d\nhonest.sum_total:%d|c|#flow:%d"
                         % (flow, value, flow))
        numbers[flow] += 1
        sums[flow] += value
    out.put((numbers, sums))
    while not done.is_set():
        for i, flow in enumerate(flows):
            flow.send(b"honest.end:1|g|#flow:%d" % i)
        done.wait(0.05)


def iter_until(stop):
    i = 0
    while not stop.is_set():
        yield i
        i += 1


# --- the block --------------------------------------------------------------------------------


def cpu_seconds(pid):
    """The CPU time of a process, user and system."""
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_peak(pid):
    """The most memory, in bytes, that a process has had since it was started."""
    with open("/proc/%d/status" % pid) as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


class Honest:
    """
    Honest traffic, beside the attack in the block. After it:

    - lost: datagrams of the sender that were not applied;
    - page: udometer's own metrics after the attack;
    - seconds: how long the block took; cpu: the daemon's CPU time meanwhile.
    """

    def __init__(self, udometer, start, *, scrape_seconds=SCRAPE_SECONDS,
                 resident_max=None, path="/metrics"):
        """
        @scrape_seconds: for pages with more than 10,000 series; None: do not scrape.
        @resident_max: the most memory, in bytes, that the daemon may have.
        """
        self.udometer = udometer
        self.idle = start()
        self.scrape_seconds = scrape_seconds
        self.resident_max = resident_max
        self.path = path
        self.context = multiprocessing.get_context("fork")
        self.stop, self.done = self.context.Event(), self.context.Event()
        self.processes = []
        self.outs = {}

    def run(self, name, work, *args):
        out = self.outs[name] = self.context.SimpleQueue()
        process = self.context.Process(target=work, args=(self.stop, out, *args), daemon=True)
        process.start()
        self.processes.append(process)

    def __enter__(self):
        udometer = self.udometer
        self.run("sender", send_evenly, udometer.udp[0], self.done)
        wait_until(self.all_flows_are_on_page, "the honest sender is on the page")
        self.run("probe", ask_again_and_again, udometer.http, "/-/healthy", PROBE_ADDRESS,
                 PROBE_PERIOD)
        if self.scrape_seconds:
            self.run("scraper", ask_again_and_again, udometer.http, self.path, SCRAPER_ADDRESS,
                     SCRAPE_PERIOD)
        self.run("control", watch_machine, self.idle.http)
        self.began, self.cpu_before = time.monotonic(), cpu_seconds(udometer.pid)
        return self

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.seconds = time.monotonic() - self.began
                self.cpu = cpu_seconds(self.udometer.pid) - self.cpu_before
                self.settle()
        finally:
            self.done.set()
            for process in self.processes:
                process.join(ANSWER_DEADLINE if kind is None else 0)
                process.kill()
                process.join()

    def all_flows_are_on_page(self):
        body = self.udometer.get(self.path).body
        return all(len(re.findall(rb"^%s{flow=" % name, body, re.MULTILINE)) == N_FLOWS
                   for name in (b"honest_sent_total", b"honest_end"))

    def all_flows_have_ended(self):
        return sum(self.read_flows(self.udometer.get(self.path).body, b"honest_end")) == N_FLOWS

    def settle(self):
        """End the traffic, wait until all of it was seen to, and read what came of it."""
        self.stop.set()
        found = {name: out.get() for name, out in self.outs.items()}
        self.sent, self.sums = found["sender"]
        self.answers, self.scrapes = found["probe"], found.get("scraper", [])
        self.longest_delay, self.idle_answer = found["control"]
        # A flow's datagrams stay in order, so after its mark nothing of it is on its way.
        wait_until(self.all_flows_have_ended, "the honest sender has ended")
        body = self.udometer.get(self.path).body
        self.page = own_metrics(body)
        self.applied = self.read_flows(body, b"honest_sent_total")
        self.applied_sums = self.read_flows(body, b"honest_sum_total")
        self.lost = sum(self.sent) - sum(self.applied)
        self.resident = resident_peak(self.udometer.pid)

    @staticmethod
    def read_flows(body, name):
        values = [0] * N_FLOWS
        for line in body.split(b"\n"):
            if line.startswith(name + b'{flow="'):
                labels, value = line.rsplit(b" ", 1)
                values[int(labels.split(b'"')[1])] = float(value)
        return values

    # --- judging ---

    def faults(self):
        """What is beyond a bound, as texts."""
        faults = []
        if self.lost or self.applied_sums != self.sums:
            faults.append("%d of %d honest datagrams lost; sums %r instead of %r; the kernel "
                          "dropped %d of all" % (self.lost, sum(self.sent), self.applied_sums,
                                                 self.sums,
                                                 self.page.sum("udometer_kernel_drops_total")))
        faults += self.slow("/-/healthy", self.answers, HEALTHY_SECONDS, None)
        if self.scrape_seconds:
            faults += self.slow(self.path, self.scrapes, self.scrape_seconds, REFUSED_SECONDS)
        if self.resident_max and self.resident > self.resident_max:
            faults.append("%d MiB resident, %d allowed"
                          % (self.resident // MIB, self.resident_max // MIB))
        return faults

    @staticmethod
    def slow(path, answers, seconds_max, refused_seconds_max):
        """Answers that are late or wrong. With a @refused_seconds_max, a fast 503 is right."""
        bad = [(status, seconds) for status, _, seconds in answers
               if not (status == 200 and seconds <= seconds_max
                       or status == 503 and refused_seconds_max
                       and seconds <= refused_seconds_max)]
        if not answers:
            return ["%s was never asked" % path]
        return ["%d of %d answers of %s late or wrong: %r"
                % (len(bad), len(answers), path, bad[:5])] if bad else []

    def stall(self):
        return "the machine kept a sleeping process waiting for %.0f ms, and an idle udometer " \
            "answered within %.0f ms" % (self.longest_delay * 1e3, self.idle_answer * 1e3)

    def report(self):
        return "%d honest datagrams in %.1f s, %d lost; /-/healthy %.0f ms, scrape %.0f ms " \
            "at most; %.0f%% of a CPU; %d MiB; %s" % (
                sum(self.sent), self.seconds, self.lost,
                max(seconds for _, _, seconds in self.answers) * 1e3,
                max([seconds for _, _, seconds in self.scrapes], default=0) * 1e3,
                100 * self.cpu / self.seconds, self.resident // MIB, self.stall())

    def check(self):
        """Fail if anything is beyond its bound. The test must have asserted its own volume."""
        assert sum(self.sent) > 0.9 * RATE * min(self.seconds, SECONDS) / SLOWNESS, \
            "the honest sender was too slow: " + self.report()
        print(self.report())
        faults = self.faults()
        if not faults:
            return
        text = "; ".join(faults) + "; " + self.report()
        if self.longest_delay > STALL_SECONDS or self.idle_answer > HEALTHY_SECONDS / 2:
            raise MachineStalled(text)
        raise AssertionError(text)
