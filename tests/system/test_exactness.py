# SPDX-License-Identifier: Apache-2.0
"""A million datagrams from 4 flows at 50,000 a second: every one is counted, and so are those that
arrive twice as fast while the config is reloaded once a second.

The values are chosen so that their sums are exact in a double, in any order.
"""

import signal
import socket
import time

from harness import SANITIZED, beside, wait_until

N_FLOWS = 4
N_DATAGRAMS = 100_000 if SANITIZED else 1_000_000
PER_SECOND = 10_000 if SANITIZED else 50_000
BURST_SECONDS = 0.002
SCRAPE_SECONDS = 0.1
RELOAD_PER_SECOND = round(2.5 * PER_SECOND)
RELOAD_SECONDS = 1

# What each flow sends repeatedly; its length divides the number that each flow sends.
ROUND = [
    b"load.requests_total:1|c",
    b"load.requests_total:2|c|#code:200,method:get",
    b"load.requests_total:1|c|#method:get,code:200",
    b"load.bytes_total:512.5|c|@0.5|#code:500",
    b"load.depth:+1|g",
    b"load.depth:-0.5|g",
    b"load.wait:250|ms|#queue:mail",
    b"load.wait:62.5|ms|#queue:mail",
    b"load.size:3|h|#kind:%d",
    b"load.size:0.125|d|#kind:%d",
]


def send_paced(address, kind, n, per_second=PER_SECOND):
    """Send @n datagrams in bursts, each at its time; after a pause it does not catch up."""
    datagrams = [text.replace(b"%d", b"%d" % kind) for text in ROUND]
    burst = round(per_second / N_FLOWS * BURST_SECONDS)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
        flow.connect(address)
        due = time.monotonic()
        for i in range(n):
            if i % burst == 0:
                now = time.monotonic()
                if now < due:
                    time.sleep(due - now)
                due = max(due + BURST_SECONDS, now - 0.05)
            flow.send(datagrams[i % len(datagrams)])


def scrape_until_sent(udometer, senders):
    scrapes = []
    while any(sender.is_alive() for sender in senders):
        begin = time.monotonic()
        scrapes.append(udometer.scrape())
        time.sleep(max(0, begin + SCRAPE_SECONDS - time.monotonic()))
    return scrapes


def counters(scrape):
    """Everything that may only grow."""
    for family in scrape.families.values():
        for (name, labels), value in family.samples.items():
            if family.type == "counter" or name.endswith(("_bucket", "_count")):
                yield (name, labels), value


def test_a_million_datagrams_are_exactly_what_was_sent(start):
    udometer = start("--workers=2")
    calls = [(udometer.udp[0], i, N_DATAGRAMS // N_FLOWS) for i in range(N_FLOWS)]
    begin = time.monotonic()
    with beside(send_paced, calls) as senders:
        scrapes = scrape_until_sent(udometer, senders)
    took = time.monotonic() - begin
    print("%.0f datagrams/s, %d scrapes" % (N_DATAGRAMS / took, len(scrapes)))
    assert len(scrapes) >= 20

    udometer.n_sent = N_DATAGRAMS
    scrapes.append(udometer.settle())
    nothing_shrinks(scrapes)
    all_is_there(scrapes[-1])
    last = udometer.stop()
    assert last["datagrams"] == last["lines"] == last["applied"] == str(N_DATAGRAMS)


# Of two configs, one line gives different series, one is declared anew, and most stay as they are.
CONFIG = """
metrics:
- {name: load_requests_total, type: counter, help: "Requests, by config %d"}
- {name: unused_total, type: counter, initial: {config: "%d"}}
mapping:
  mappings:
  - {match: load.bytes_total, name: load_bytes_total, labels: {config: "%d"}}
  - {match: "load.*", match_metric_type: observer, name: "load_$1"}
"""


def reload_until_sent(udometer, path, senders):
    """Returns the number of reloads."""
    n = 0
    while any(sender.is_alive() for sender in senders):
        begin = time.monotonic()
        n += 1
        path.write_text(CONFIG % (n, n, n))
        udometer.send_signal(signal.SIGHUP)
        wait_until(lambda: udometer.own_metrics().value("udometer_config_reloads_total",
                                                        outcome="success") == n,
                   udometer.stderr)
        time.sleep(max(0, begin + RELOAD_SECONDS - time.monotonic()))
    return n


def test_reloads_lose_nothing(start, tmp_path):
    path = tmp_path / "udometer.yml"
    path.write_text(CONFIG % (0, 0, 0))
    udometer = start("--workers=2", "--config.file=" + str(path))
    calls = [(udometer.udp[0], i, N_DATAGRAMS // N_FLOWS, RELOAD_PER_SECOND)
             for i in range(N_FLOWS)]
    begin = time.monotonic()
    with beside(send_paced, calls) as senders:
        n_reloads = reload_until_sent(udometer, path, senders)
    print("%.0f datagrams/s, %d reloads" % (N_DATAGRAMS / (time.monotonic() - begin), n_reloads))
    assert n_reloads >= 4

    udometer.n_sent = N_DATAGRAMS
    scrape = udometer.settle()
    all_is_there(scrape)
    assert len(scrape.named("load_bytes_total")) > n_reloads / 2
    assert scrape.named("unused_total") == [({"config": str(n_reloads)}, 0)]


# Of every two configs, one has more listeners, of each protocol.
LISTENERS = ("statsd.listen-udp: [\"127.0.0.1:0?counter=%s\"]\n",
             "statsd.listen-udp: [\"127.0.0.1:0?counter=%s\", \"127.0.0.1:0\"]\n"
             "statsd.listen-tcp: 127.0.0.1:0\n"
             "statsd.listen-unixgram: {folder}/gram\n"
             "statsd.listen-unix: {folder}/stream\n")


def send_to_others(udometer, folder):
    """A line to each of the further listeners; returns the number of lines and of datagrams."""
    host, port = udometer.listening("udp")[-1].rsplit(":", 1)
    tcp_host, tcp_port = udometer.listening("tcp")[-1].rsplit(":", 1)
    for family, kind, address in ((socket.AF_INET, socket.SOCK_DGRAM, (host, int(port))),
                                  (socket.AF_INET, socket.SOCK_STREAM, (tcp_host, int(tcp_port))),
                                  (socket.AF_UNIX, socket.SOCK_DGRAM, folder + "/gram"),
                                  (socket.AF_UNIX, socket.SOCK_STREAM, folder + "/stream")):
        with socket.socket(family, kind) as flow:
            flow.connect(address)
            flow.sendall(b"load.others:1|c\n")
    return 4, 2


def change_listeners_until_sent(udometer, path, folder, senders):
    """Returns the number of reloads, and of the lines and datagrams that were sent to others."""
    n = n_lines = n_datagrams = 0
    while any(sender.is_alive() for sender in senders):
        begin = time.monotonic()
        n += 1
        text = LISTENERS[n % 2] % "increment"
        path.write_text(CONFIG % (n, n, n) + text.replace("{folder}", folder))
        udometer.send_signal(signal.SIGHUP)
        wait_until(lambda: udometer.own_metrics().value("udometer_config_reloads_total",
                                                        outcome="success") == n,
                   udometer.stderr)
        if n % 2:
            wait_until(lambda: len(udometer.listening("unix")) == n // 2 + 1, udometer.stderr)
            lines, datagrams = send_to_others(udometer, folder)
            n_lines, n_datagrams = n_lines + lines, n_datagrams + datagrams
        time.sleep(max(0, begin + RELOAD_SECONDS - time.monotonic()))
    return n, n_lines, n_datagrams


def test_listeners_that_come_and_go_lose_nothing(start, folder, tmp_path):
    path = tmp_path / "udometer.yml"
    path.write_text(CONFIG % (0, 0, 0) + LISTENERS[0] % "increment")
    udometer = start("--workers=2", "--config.file=" + str(path),
                     "--web.listen-address=127.0.0.1:0", free_ports=False)
    calls = [(udometer.udp[0], i, N_DATAGRAMS // N_FLOWS, RELOAD_PER_SECOND)
             for i in range(N_FLOWS)]
    begin = time.monotonic()
    with beside(send_paced, calls) as senders:
        n_reloads, n_lines, n_datagrams = change_listeners_until_sent(udometer, path, folder,
                                                                      senders)
    print("%.0f datagrams/s, %d reloads" % (N_DATAGRAMS / (time.monotonic() - begin), n_reloads))
    assert n_reloads >= 4

    udometer.n_sent = N_DATAGRAMS + n_lines
    scrape = udometer.settle()
    all_is_there(scrape, n_lines, n_datagrams)
    assert scrape.value("load_others") == n_lines
    gone = [record for record in udometer.log() if record["msg"] == "not listening any more"]
    assert len(gone) >= n_reloads // 2 * 4


def nothing_shrinks(scrapes):
    for earlier, later in zip(scrapes, scrapes[1:]):
        for (name, labels), value in counters(earlier):
            assert later.samples[(name, labels)] >= value, (name, labels)


def all_is_there(scrape, n_lines=0, n_datagrams=0):
    """All of the million, and further lines of counters, some in datagrams of their own."""
    n = N_DATAGRAMS // len(ROUND)  # rounds, of all flows
    assert scrape.sum("udometer_kernel_drops_total") == 0
    assert scrape.sum("udometer_refused_total") == 0
    assert scrape.value("udometer_datagrams_total") == N_DATAGRAMS + n_datagrams
    assert scrape.sum("udometer_batch_datagrams_sum") == N_DATAGRAMS + n_datagrams
    counted = {labels["type"]: value for labels, value in scrape.named("udometer_samples_total")}
    assert counted == {"counter": 4 * n + n_lines, "gauge": 2 * n, "timer": 2 * n, "histogram": n,
                       "distribution": n, "set": 0, "expire": 0}

    assert scrape.value("load_requests_total") == n
    assert scrape.value("load_requests_total", code="200", method="get") == 3 * n
    assert all(labels["code"] == "500" for labels, _ in scrape.named("load_bytes_total"))
    assert scrape.sum("load_bytes_total") == 1025 * n
    assert scrape.value("load_depth") == n / 2
    assert scrape.value("load_wait_count", queue="mail") == 2 * n
    assert scrape.value("load_wait_sum", queue="mail") == 0.3125 * n
    buckets = scrape.buckets("load_wait", queue="mail")
    assert (buckets[0.05], buckets[0.1], buckets[0.25], buckets[10]) == (0, n, 2 * n, 2 * n)
    for kind in range(N_FLOWS):
        of_flow = n // N_FLOWS
        assert scrape.value("load_size_count", kind=str(kind)) == 2 * of_flow
        assert scrape.value("load_size_sum", kind=str(kind)) == 3.125 * of_flow
        buckets = scrape.buckets("load_size", kind=str(kind))
        assert (buckets[0.25], buckets[2.5], buckets[5]) == (of_flow, of_flow, 2 * of_flow)
