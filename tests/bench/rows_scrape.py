# SPDX-License-Identifier: Apache-2.0
"""Rows about a million series, about memory, and about an idle daemon."""

import http.client
import time
import zlib
from statistics import median

from processes import SETTLE_S, Beside, Daemon, Unjudgeable, cpu_ns, memory_bytes, switches
from row import Row, spread

N_SERIES = 1_000_000
N_SAMPLES = 3_600_000
MILLION = ("--series=%d" % N_SERIES, "--order=sequential")
SCRAPES = 5
FILL_ATTEMPTS = 3
# The most flows until the kernel has sent some to both workers.
FLOWS_MAX = 8

MB = 1e6

IDLE_S = 10
# The measured daemon has no timer, as no series expires; one a second would be fine.
IDLE_WAKEUPS_MAX = IDLE_S
IDLE_CPU_MAX = 0.001


def send_each_once(lab, daemon):
    """Send a line for each of the million series, from a new port."""
    load = lab.start_load(daemon.target, "--rate=15000", "--datagrams=%d" % (N_SERIES // 20),
                          *MILLION)
    lab.finish_load(load, 0)
    time.sleep(SETTLE_S)


class Million:
    """
    A daemon with a million series, made when a row first needs it. It has one worker: with two, the
    kernel would choose which one a flow reaches, and each has its own keys and cells.
    """

    def __init__(self, lab):
        self.lab = lab
        self.daemon = None
        self.first_s = 0.0

    def get(self):
        if not self.daemon:
            self.daemon = Daemon(self.lab, "--workers=1")
            self.fill()
        return self.daemon

    def fill(self):
        """Send each series once, and again if some did not arrive."""
        for _ in range(FILL_ATTEMPTS):
            send_each_once(self.lab, self.daemon)
            page = self.daemon.fetch()
            n_series = page.value("udometer_series")
            self.first_s = self.first_s or page.seconds
            if n_series == N_SERIES and page.value("udometer_key_evictions_total") == 0:
                return
        raise Unjudgeable("the daemon holds {:,.0f} series, or not all of their keys".format(
            n_series))

    def pids(self):
        return [self.daemon.pid] if self.daemon else []

    def close(self):
        if self.daemon:
            self.daemon.__exit__()


def count_samples(daemon, encoding):
    """Read the whole page once, decode it, and count the samples of the workload."""
    connection = http.client.HTTPConnection(*daemon.http, timeout=60)
    connection.request("GET", "/metrics", headers={"Accept-Encoding": encoding})
    body = connection.getresponse().read()
    connection.close()
    if encoding == "gzip":
        body = zlib.decompress(body, wbits=31)
    return body.count(b"\nbench_")


def check_samples(daemon, encoding):
    n_samples = count_samples(daemon, encoding)
    if n_samples != N_SAMPLES:
        raise Unjudgeable("{:,} samples instead of {:,}".format(n_samples, N_SAMPLES))


# --- scrape -------------------------------------------------------------------------------


def scrape_row(million, encoding, wanted_s):
    daemon = million.get()
    pages = [daemon.fetch(encoding) for _ in range(SCRAPES)]
    what = ("scrape", "1 M series, 3.6 M samples, " + encoding, "<= %.1f s" % wanted_s)
    if encoding == "gzip" and not pages[0].has_gzip():
        return Row(*what, "n/a: the answer is not in gzip", False)
    check_samples(daemon, encoding)
    seconds = [page.seconds for page in pages]
    return Row(*what, "%.2f s (%s)" % (median(seconds), spread(seconds)),
               median(seconds) <= wanted_s,
               ["%.0f MB; the first scrape, which sorts the series, took %.2f s"
                % (pages[0].n_bytes / MB, million.first_s)])


def ingest_meanwhile_row(lab, million):
    daemon = million.get()
    rate = 100_000
    before = daemon.fetch()
    # Perhaps four threads on two processors, so the generator is not bound to one. With larger
    # bursts it sleeps in between instead of spinning.
    load = lab.start_load(daemon.target, "--rate=%d" % rate, "--seconds=4", "--burst=20", *MILLION,
                          is_bound=False)
    scrapes = Beside(daemon.fetch)
    scrapes.start()
    report = lab.finish_load(load, 0)
    times = [page.seconds for page in scrapes.finish()]
    time.sleep(SETTLE_S)
    after = daemon.fetch()

    def grown(name):
        return after.value(name) - before.value(name)

    n_lost = report["datagrams"] - grown("udometer_datagrams_total")
    n_lost_lines = (report["lines"] - grown("udometer_lines_total")
                    + grown("udometer_refused_total"))
    is_slow = report["datagrams_per_second"] < 0.98 * rate
    return Row("scrape", "during 100,000/s of 20 lines for 1 M series",
               "0 datagrams lost",
               "{:,.0f} lost of {:,}{}".format(
                   n_lost, report["datagrams"], "; generator too slow: {:,.0f}/s".format(
                       report["datagrams_per_second"]) if is_slow else ""),
               n_lost == 0 and n_lost_lines == 0 and not is_slow and len(times) > 0,
               ["lines lost or refused {:,.0f}; kernel drops {:,.0f}; {} scrapes meanwhile, {} s"
                .format(n_lost_lines, grown("udometer_kernel_drops_total"), len(times),
                        spread(times))])


def scrape(lab, million):
    yield scrape_row(million, "identity", 0.5)
    yield scrape_row(million, "gzip", 1.2)
    yield ingest_meanwhile_row(lab, million)


# --- memory -------------------------------------------------------------------------------


def memory_row(daemon, workload, wanted_mb, details):
    resident, peak = (memory_bytes(daemon.pid, name) / MB for name in ("VmRSS", "VmHWM"))
    return Row("memory", workload, "<= %d MB resident" % wanted_mb,
               "%.1f MB at most, %.1f MB after" % (peak, resident), peak <= wanted_mb, details)


def memory_of_two_workers(lab):
    """The highest resident size, in MB, after both have met every series; None if they did not."""
    with Daemon(lab, "--workers=2") as daemon:
        for _ in range(FLOWS_MAX):
            send_each_once(lab, daemon)
            if min(daemon.fetch().values("udometer_keys")) >= N_SERIES:
                return memory_bytes(daemon.pid, "VmHWM") / MB
    return None


def memory(lab, million):
    daemon = million.get()
    for encoding in ("identity", "gzip"):
        daemon.fetch(encoding)
    both = memory_of_two_workers(lab)
    yield memory_row(daemon, "the same 1 M series, scrapes included, one worker", 400,
                     ["two workers that both have met all series: "
                      + ("%.1f MB" % both if both else "not measured")])
    with Daemon(lab) as small:
        lab.load(small.target, 50_000, "--seconds=1")
        for _ in range(3):
            page = small.fetch()
        yield memory_row(small, "10,000 series, scrapes included", 15,
                         ["series {:,.0f}".format(page.value("udometer_series"))])


# --- idle ---------------------------------------------------------------------------------


def idle(lab):
    with Daemon(lab) as daemon:
        lab.load(daemon.target, 50_000, "--seconds=1")
        daemon.fetch()
        # Let the connection of that scrape end, and the timer find nothing.
        time.sleep(1)
        before = switches(daemon.pid), cpu_ns(daemon.pid)
        time.sleep(IDLE_S)
        n_wakeups = switches(daemon.pid) - before[0]
        cpu = (cpu_ns(daemon.pid) - before[1]) / 1e9 / IDLE_S
    yield Row("idle", "no traffic for %d s, 10,000 series" % IDLE_S,
              "no wake-ups but timers; <= 0.1 % CPU",
              "%d wake-ups, %.3f %% CPU" % (n_wakeups, cpu * 100),
              n_wakeups <= IDLE_WAKEUPS_MAX and cpu <= IDLE_CPU_MAX,
              ["all threads; passes with at most one wake-up a second"])
