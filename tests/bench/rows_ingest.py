# SPDX-License-Identifier: Apache-2.0
"""Rows about receiving: what a datagram costs, whether any is lost, when it shows."""

import random
import socket
import time
from statistics import median

from processes import SETTLE_S, Beside, Daemon, Sink, Unjudgeable, cpu_ns
from row import Row, spread

ROUNDS = 5
# The most rounds. One in which the generator was too slow, or the daemon met a series for the first
# time, is repeated.
ATTEMPTS = 10

# Evenly spaced datagrams, which is close to many independent senders. Bursts would favour a
# receiver that wakes up for each arrival: one wake-up for five.
EVENLY = ("--burst=1",)

# Datagrams of 20 lines with 3 tags, 10,000 series, 60% c 20% g 20% ms: the defaults.
STANDARD = ()
SINGLE = ("--lines=1", "--labels=0", "--mix=c:100", "--bytes=28")

FRESHNESS_TRIES = 100
FRESHNESS_MAX_MS = 20

FLOOD_S = 10


# --- cost ---------------------------------------------------------------------------------


class Cost:
    """The cost of one receiver in one round."""

    def __init__(self, spent_ns, n_received, n_sent, n_misses=0):
        self.us = spent_ns / 1e3 / max(n_received, 1)
        self.n_lost = n_sent - n_received
        self.n_misses = n_misses  # lines of series that the worker had not seen before


def send_and_watch(lab, receiver, rate, flags):
    """CPU time of the receiver during the load, and the number of datagrams sent."""
    before_ns = cpu_ns(receiver.pid)
    report = lab.load(receiver.target, rate, *flags)
    time.sleep(SETTLE_S)
    return cpu_ns(receiver.pid) - before_ns, report["datagrams"]


def cost_of_sink(lab, method, rate, flags):
    with Sink(lab, method) as sink:
        spent_ns, n_sent = send_and_watch(lab, sink, rate, flags)
        return Cost(spent_ns, sink.finish()["datagrams"], n_sent)


def cost_of_daemon(lab, daemon, rate, flags):
    before = daemon.fetch()
    spent_ns, n_sent = send_and_watch(lab, daemon, rate, flags)
    page = daemon.fetch()
    if page.value("udometer_refused_total"):
        raise Unjudgeable("some lines were refused")
    n_received, n_misses = (page.value(name) - before.value(name) for name in
                            ("udometer_datagrams_total", "udometer_key_misses_total"))
    return Cost(spent_ns, n_received, n_sent, n_misses)


def warm(lab, daemon, flags):
    """Send every series once, so that costs are those of a daemon that has been running."""
    n_datagrams = 20_000 if flags == SINGLE else 1_000
    load = lab.start_load(daemon.target, "--rate=20000", "--datagrams=%d" % n_datagrams, *flags)
    lab.finish_load(load, 0)


def take_turn(lab, daemon, rate, flags):
    """One round: each receiver's cost, by its name."""
    turn = {"blocking": cost_of_sink(lab, "blocking", rate, flags),
            "daemon": cost_of_daemon(lab, daemon, rate, flags),
            "coalescing": cost_of_sink(lab, "coalescing", rate, flags)}
    # The kernel chooses the worker, and may have chosen another one until now.
    if turn["daemon"].n_misses:
        raise Unjudgeable("the daemon met series for the first time")
    return turn


def take_turns(lab, rate, seconds, flags):
    """Rounds of (blocking sink, daemon, coalescing sink): a list for each."""
    turns = []
    problem = None
    pace = EVENLY if rate else ()
    with Daemon(lab) as daemon:
        warm(lab, daemon, flags)
        for _ in range(ATTEMPTS):
            try:
                turns.append(take_turn(lab, daemon, rate,
                                       ("--seconds=%g" % seconds, *pace, *flags)))
            except Unjudgeable as found:
                problem = found
            if len(turns) == ROUNDS:
                return {name: [turn[name] for turn in turns] for name in turns[0]}
    raise Unjudgeable("only %d rounds of %d were good; then: %s" % (len(turns), ROUNDS, problem))


def cost_row(lab, what, workload, rate, seconds, wanted, flags=STANDARD):
    costs = take_turns(lab, rate, seconds, flags)
    ratios, floors = ([mine.us / sink.us for mine, sink in zip(costs[name], costs["blocking"])]
                      for name in ("daemon", "coalescing"))
    n_lost = sum(cost.n_lost for cost in costs["daemon"])
    us = {name: median(cost.us for cost in rounds) for name, rounds in costs.items()}
    details = ["CPU per datagram received: daemon %.2f us, blocking sink %.2f us, coalescing "
               "sink %.2f us (x%.2f)" % (us["daemon"], us["blocking"], us["coalescing"],
                                         median(floors)),
               "lost by the daemon %d, by the blocking sink %d"
               % (n_lost, sum(cost.n_lost for cost in costs["blocking"]))]
    return Row(what, workload, "CPU <= %.1f x blocking sink" % wanted,
               "x%.2f (%s)" % (median(ratios), spread(ratios)),
               # With paced load none may be lost.
               median(ratios) <= wanted and (n_lost == 0 or rate == 0), details)


def ingest(lab):
    standard = "1,400 bytes, 20 lines, 3 tags, 10 k series"
    yield cost_row(lab, "ingest cost", "50,000/s of " + standard, 50_000, 1.5, 1.0)


def slower(lab):
    yield cost_row(lab, "ingest cost", "5,000/s of the same", 5_000, 1.5, 1.0)
    yield cost_row(lab, "ingest cost", "500/s of the same", 500, 2.0, 1.0)


def single(lab):
    yield cost_row(lab, "single lines", "50,000/s of one 28-byte counter", 50_000, 1.5, 0.4,
                   SINGLE)
    yield cost_row(lab, "single lines", "flood of the same", 0, 1.5, 0.6, SINGLE)


# --- freshness ----------------------------------------------------------------------------


def time_to_show(daemon, sock, number):
    """Milliseconds from sending a counter's sample to the end of a scrape that has it."""
    started = time.monotonic()
    sock.send(b"bench_probe_total:1|c")
    wanted = "\nbench_probe_total %d\n" % number
    while time.monotonic() < started + 1:
        if wanted in daemon.fetch().text():
            return (time.monotonic() - started) * 1e3
    raise Unjudgeable("a sample did not show within a second")


def freshness_at(lab, rate):
    """All tries, in ms, while load comes at @rate."""
    with Daemon(lab) as daemon, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        host, port = daemon.target.rsplit(":", 1)
        sock.connect((host, int(port)))
        # The page is small, so that the scrape takes little of the time.
        load = rate and lab.start_load(daemon.target, "--rate=%d" % rate, "--series=100",
                                       "--seconds=60")
        try:
            time.sleep(0.3)
            found = []
            for number in range(1, FRESHNESS_TRIES + 1):
                # At a random moment of the daemon's period.
                time.sleep(random.uniform(0.001, 0.01))
                found.append(time_to_show(daemon, sock, number))
        finally:
            if load:
                load.terminate()
        if load:
            lab.finish_load(load, rate)
    return found


def freshness(lab):
    found = {rate: freshness_at(lab, rate) for rate in (0, 500, 5_000, 50_000)}
    names = {rate: "{:,}/s".format(rate) if rate else "idle" for rate in found}
    yield Row("freshness", "a counter during 0, 500, 5,000, 50,000/s",
              "on /metrics within %d ms" % FRESHNESS_MAX_MS,
              "worst of %d: " % FRESHNESS_TRIES + ", ".join(
                  "%s %.1f ms" % (names[rate], max(tries)) for rate, tries in found.items()),
              all(max(tries) <= FRESHNESS_MAX_MS for tries in found.values()),
              ["median: " + ", ".join("%s %.1f ms" % (names[rate], median(tries))
                                      for rate, tries in found.items())
               + "; from sending to the end of the scrape of 100 series that shows it"])


# --- flood --------------------------------------------------------------------------------


def flood(lab):
    with Daemon(lab, "--workers=1") as daemon:
        warm(lab, daemon, STANDARD)
        scrapes = Beside(daemon.fetch, 1.0)
        before = daemon.fetch()
        scrapes.start()
        report = lab.load(daemon.target, 0, "--seconds=%d" % FLOOD_S, "--scrape=" + daemon.url)
        times = [page.seconds for page in scrapes.finish()]
        after = daemon.fetch()
    name = "udometer_kernel_drops_total"
    n_dropped = after.value(name) - before.value(name)
    verdict = report["scrape"]
    differing = ["%s %s" % (check["subject"], check["quantity"]) for check in verdict["checks"]
                 if not check["agrees"]]
    yield Row("flood", "maximum rate of the same, %d s, a scrape a second" % FLOOD_S,
              "0 datagrams lost, every sum right",
              "{:,.0f} lost of {:,}".format(verdict["lost_datagrams"], report["datagrams"]),
              verdict["agrees"] and n_dropped == 0,
              ["{:,.0f} datagrams/s by one worker; kernel drops {:,.0f}; {} scrapes, the longest "
               "{:.0f} ms; receive buffer {:.1f} MB".format(
                   report["datagrams_per_second"], n_dropped, len(times), max(times) * 1e3,
                   after.value("udometer_receive_buffer_bytes") / 1e6),
               "differs in: " + (", ".join(differing) or "nothing")])
