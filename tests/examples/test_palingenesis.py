# SPDX-License-Identifier: Apache-2.0
"""docs/examples/palingenesis, and what its document promises besides."""

import subprocess
import time

import pytest

import checks
from children import clean_environment
from example import EXAMPLES, EXPECTED, ROOT, destination
from harness import BINARY, SLOWNESS, Udometer, wait_until
from prometheus import running

CONFIG = EXAMPLES / "palingenesis" / "udometer.yml"
PATH = "/api/v1/metrics"


class TestFiles(checks.Files):
    system = "palingenesis"


class TestFlags(checks.Flags):
    system = "palingenesis"


class TestKilled(checks.Killed):
    system = "palingenesis"


class TestRun(checks.Run):
    system = "palingenesis"


@pytest.fixture
def daemon(tmp_path):
    with running(Udometer(str(tmp_path), "--config.file=%s" % CONFIG,
                          "--statsd.listen-udp=127.0.0.1:0", "--web.listen-address=127.0.0.1:0",
                          "--web.self-metrics-path=/self")) as started:
        yield started


# --- the document's example output ---


def normalised(block):
    """
    The document's block as a library would write it, the one that the document uses among them:
    without blank lines between families; families and series in the order of their names and
    labels; and a whole number without ".0", as the block itself has it everywhere but once.
    """
    families = [family.splitlines() for family in block.replace(" 750.0\n", " 750\n").split("\n\n")]
    for lines in families:
        if lines[1].endswith(" counter"):
            lines[2:] = sorted(lines[2:])
    families.sort(key=lambda lines: lines[0].split()[2])
    return "".join(line + "\n" for lines in families for line in lines)


def observations(name, counts, total):
    """
    Lines for a histogram with these counts in buckets, each given as (lower, upper, count), whose
    sum is @total: exact sixty-fourths near the middle of each bucket, and one last value that
    makes up the rest.
    """
    values = []
    for low, high, count in counts:
        values += [round((low + high) / 2 * 64) / 64] * count
    last = values.pop()
    rest = total - sum(values)
    shift = 0
    # What the last bucket cannot take is spread over the others, within their bounds.
    while not counts[-1][0] < rest <= counts[-1][1]:
        shift += 1
        assert shift < 100_000, "no observations have the sum %g" % total
        step = -1 / 64 if rest <= counts[-1][0] else 1 / 64
        place = shift % len(values)
        bounds = [(low, high) for low, high, count in counts for _ in range(count)][place]
        if bounds[0] < values[place] + step <= bounds[1]:
            values[place] += step
            rest -= step
    assert last and sum(values) + rest == total
    return ["palingenesis.%s:%r|h" % (name, value) for value in [*values, rest]]


def resumes():
    """20 sessions stop and are resumed: 15 by rate limits, 3 by full contexts, 2 by hand."""
    for reason, n in ("rate_limit", 15), ("context_exhausted", 3), ("manual", 2):
        for _ in range(n):
            yield "palingenesis.sessions_started_total:1|c"
            if reason == "rate_limit":
                yield "palingenesis.rate_limits_total:1|c"
                yield "palingenesis.daemon_state:3|g"
            if reason == "context_exhausted":
                yield "palingenesis.context_exhaustions_total:1|c"
            yield "palingenesis.daemon_state:4|g"
            yield "palingenesis.resumes_total:1|c|#reason:" + reason
    for error in "timeout", "spawn_failed":
        yield "palingenesis.retry_attempts:1|g"
        yield "palingenesis.resumes_failure_total:1|c|#error_type:" + error
    for _ in range(18):
        yield "palingenesis.resumes_success_total:1|c"
    yield "palingenesis.retry_attempts:0|g"
    yield "palingenesis.daemon_state:1|g"


def steps():
    yield "palingenesis.active_sessions:1|g"
    yield "palingenesis.current_session_steps_total:12|g"
    for step in range(8):
        yield "palingenesis.current_session_steps_completed:%d|g" % step


def events():
    """What must have happened before the document's output."""
    yield from resumes()
    yield from steps()
    yield from observations("resume_duration_seconds", [
        (0, 0.1, 5), (0.1, 0.5, 5), (0.5, 1, 5), (1, 2, 3), (2, 5, 1), (5, 10, 1)], 25.5)
    yield from observations("detection_latency_seconds", [
        (0.01, 0.05, 2), (0.05, 0.1, 8), (0.1, 0.5, 8), (0.5, 1, 2)], 4.2)
    yield from observations("wait_duration_seconds", [
        (5, 10, 2), (10, 30, 3), (30, 60, 7), (60, 120, 3)], 750)


def test_the_page_is_the_output_of_the_document(daemon):
    lines = list(events())
    daemon.send(*lines)
    wait_until(lambda: daemon.scrape("/self").value("udometer_lines_total") == len(lines),
               "all lines have come")
    block = (EXPECTED / "palingenesis.prom").read_text("utf-8")
    assert daemon.metrics(PATH).decode("utf-8") == normalised(block)


def test_the_block_is_changed_in_nothing_but_order_and_one_number():
    block = (EXPECTED / "palingenesis.prom").read_text("utf-8")
    before = sorted(line for line in block.splitlines() if line)
    after = sorted(normalised(block).splitlines())
    assert set(before) - set(after) == {"palingenesis_wait_duration_seconds_sum 750.0"}
    assert set(after) - set(before) == {"palingenesis_wait_duration_seconds_sum 750"}
    assert len(before) == len(after)


# --- its test scenarios ---


def test_metrics_are_at_the_path_of_the_document_only(daemon):
    assert daemon.get(PATH).headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert daemon.get("/metrics").status == 404


def test_a_thousand_updates_take_less_than_100_ms(daemon):
    """From the start of the program that sends them until a scrape has them all."""
    lines = "palingenesis.resumes_total:1|c|#reason:manual\n" * 1000

    def updated():
        page = daemon.scrape_series(PATH)
        return page.value("palingenesis_resumes_total", reason="manual")

    took = []
    for i in range(5):
        began = time.monotonic()
        subprocess.run([BINARY, "send", "--url=udp://%s:%d" % daemon.udp[0], "-"], input=lines,
                       text=True, check=True, timeout=30)
        wait_until(lambda: updated() == (i + 1) * 1000, "all updates are on the page")
        took.append(time.monotonic() - began)
    print("1,000 updates: %.0f ms" % (min(took) * 1000))
    assert min(took) < 0.1 * SLOWNESS


def test_a_thousand_calls_of_the_shell_client_take_two_seconds_at_most(daemon):
    """Each is a datagram of its own, written by bash, so this takes longer than one program."""
    script = '. "$1"; for ((i = 0; i < 1000; i++)); do udom_count "$2" reason=manual; done'
    words = ["bash", "-c", script, "bash", ROOT / "clients" / "shell" / "udometer.sh",
             "palingenesis.resumes_total"]
    took = []
    for i in range(3):
        began = time.monotonic()
        subprocess.run(words, env=clean_environment(destination(*daemon.udp[0])), check=True,
                       stdin=subprocess.DEVNULL, timeout=30)
        wait_until(lambda: daemon.scrape_series(PATH).value(
            "palingenesis_resumes_total", reason="manual") == (i + 1) * 1000,
                   "all updates are on the page")
        took.append(time.monotonic() - began)
    print("1,000 calls of udom_count: %.0f ms" % (min(took) * 1000))
    assert min(took) < 2 * SLOWNESS
