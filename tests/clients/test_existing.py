# SPDX-License-Identifier: Apache-2.0
"""Existing clients do what clients/README.md says, number by number.

`make test-clients` runs this; a client that is not installed is a failure.
"""

import json
import os
import re
import subprocess

import pytest

from catalogue import (CLIENTS, HOT_SHOTS, IN_DOGSTATSD, N_SAMPLED, PARTS, RATE, SET_BELOW_ZERO,
                       TRANSPORTS)
from harness import wait_until
from languages import (N_OPENING_LINES, NODE_MODULES, README, execute, indentation, read_promise,
                       read_readme, read_snippets)

MAIN_README = os.path.join(os.path.dirname(README), "..", "README.md")
SNIPPETS = read_snippets()
OF_UDOMETER = ("udometer_", "process_")
# Counters of samples that were not applied as they were sent.
COMPLAINTS = ("refused_total", "tag_errors_total", "unknown_sections_total", "sample_errors_total",
              "kernel_drops_total")

each_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.title)


@pytest.fixture
def start(start):
    """Start daemons with one worker, which gets UDP datagrams in the order in which they were sent.
    """
    return lambda *flags: start("--workers=1", *flags)


@pytest.fixture
def run_client(tmp_path):
    """Run lines of code after a client's snippet, or instead of a part of it."""
    programs = []

    def run_one(client, code, port, opening=None, path=""):
        fence, snippet = SNIPPETS[client.title]
        opening = snippet[:N_OPENING_LINES] if opening is None else opening
        indent = indentation(snippet[N_OPENING_LINES])
        lines = [*opening, *[indent + line.strip() for line in code]]
        if client.end:
            lines.append(indent + client.end)
        lines = [line.replace("8125", str(port)).replace("PATH", path) for line in lines]
        programs.append(lines)
        execute(fence, lines, str(tmp_path / ("program-%d" % len(programs))))

    return run_one


def snippet_calls(client):
    return SNIPPETS[client.title][1][N_OPENING_LINES:]


def settle(udometer, n_lines):
    """The scrape after exactly @n_lines lines have arrived."""
    udometer.n_sent += n_lines
    return udometer.settle()


def family_of(line):
    return re.sub(r"_(count|sum|bucket)$", "", re.split(r"[ {]", line)[0])


def check_lines(scrape, expected):
    """The scrape has these lines, and nothing else from the client."""
    theirs = [line for line in scrape.text.splitlines()
              if not line.startswith(("#",) + OF_UDOMETER) and "_bucket" not in line]
    missing = [line for line in expected if line not in scrape.text.splitlines()]
    assert not missing, "not there: %s; but: %s" % (missing, theirs)
    families = {family_of(line) for line in expected if not line.startswith(OF_UDOMETER)}
    assert {family_of(line) for line in theirs} == families


def check_no_complaints(scrape):
    for name in COMPLAINTS:
        found = [(labels, n) for labels, n in scrape.named("udometer_" + name) if n]
        assert not found, (name, found)


# --- what the page shows ---


@each_client
def test_the_snippet_does_what_the_page_says(start, run_client, client):
    udometer = start()
    run_client(client, snippet_calls(client), udometer.udp[0][1])
    scrape = settle(udometer, 3)
    check_lines(scrape, read_promise())
    check_no_complaints(scrape)


def test_each_snippet_has_five_lines_and_no_other_is_on_the_page():
    assert {title: len(lines) for title, (_, lines) in SNIPPETS.items()} == \
        {client.title: 5 for client in CLIENTS}


@each_client
def test_the_table_says_what_is_tested(client):
    language, name = client.title.split(": ")
    header, row = [[cell.strip() for cell in line.strip("|").split("|")]
                   for line in read_readme().splitlines()
                   if line.startswith(("| language ", "| %s | [%s](" % (language, name)))]
    row = dict(zip(header, row))
    for part in PARTS:
        column = PARTS[part].column
        assert not column or row[column] == ("yes" if part in client.parts else "–"), column
    assert row["rates"] == ("yes" if "sampled" in client.parts else "–")
    assert row["tags"] == client.has_tags


@each_client
def test_the_table_says_which_version_is_tested(client):
    name = client.title.split(": ")[1]
    version = re.search(r"\[%s\]\(.*?\) \| (.*?) \|" % re.escape(name), read_readme())[1]
    assert installed_version(client.package) == version


def installed_version(package):
    if package.startswith("npm:"):
        path = os.path.join(NODE_MODULES, package[len("npm:"):], "package.json")
        with open(path, encoding="utf-8") as description:
            return json.load(description)["version"]
    full = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], check=True,
                          capture_output=True, text=True).stdout
    upstream = full.split(":")[-1].rsplit("-", 1)[0]
    # Debian calls a package without versions by the date of its last change.
    date = re.fullmatch(r"0\.0~git(\d{4})(\d\d)(\d\d)\..*", upstream)
    return "-".join(date.groups()) if date else upstream


def test_the_main_page_links_to_the_table():
    with open(MAIN_README, encoding="utf-8") as readme:
        assert "](clients/README.md)" in readme.read()


def test_the_table_links_to_each_client():
    """The rows by their anchors, as GitHub makes them from headings."""
    rows = [line for line in read_readme().splitlines() if line.startswith("| ")]
    links = set(re.findall(r"\]\(#([a-z0-9-]+)\)", "\n".join(rows)))
    assert links == {re.sub(r"[^a-z0-9 -]", "", client.title.lower()).replace(" ", "-")
                     for client in CLIENTS}


# --- what else a client can send ---


@each_client
@pytest.mark.parametrize("dialect", ["statsd", "dogstatsd"])
def test_everything_it_can_send_arrives(start, run_client, client, dialect):
    udometer = start("--statsd.dialect=" + dialect)
    names = [name for name in PARTS if name in client.parts]
    parts = {name: PARTS[name] for name in names}
    if client.sends_zero_first:
        parts["below_zero"] = SET_BELOW_ZERO
    run_client(client, [client.parts[name] for name in names], udometer.udp[0][1])
    scrape = settle(udometer, sum(part.n_lines for part in parts.values()))
    expected = {name: part.lines for name, part in parts.items()}
    if dialect == "dogstatsd":
        expected.update((name, IN_DOGSTATSD[name]) for name in names if name in IN_DOGSTATSD)
    check_lines(scrape, [line for lines in expected.values() for line in lines])
    check_no_complaints(scrape)


@pytest.mark.parametrize("client", [client for client in CLIENTS if "sampled" in client.parts],
                         ids=lambda client: client.title)
def test_what_is_sampled_counts_as_often_as_the_rate_says(start, run_client, client):
    """Chance decides which of the samples a client sends, but not what they are worth."""
    udometer = start()
    run_client(client, [client.parts["sampled"]], udometer.udp[0][1])
    # It is sent after all of the client's lines, as the client has ended.
    udometer.send("barrier_total:1|c")

    seen = []

    def all_counted():
        scrape = udometer.scrape()
        if scrape.get("barrier_total") is None:
            return None
        worth = [scrape.value(name) for name in ("sampled_total", "sampled_seconds_count")]
        seen[:] = [*worth, scrape.value("udometer_lines_total") - 1]
        return (scrape, worth) if sum(worth) * RATE == seen[-1] else None

    scrape, worth = wait_until(all_counted, lambda: "worth and lines: %s" % seen)
    # Six standard deviations of N_SAMPLED samples at this rate: less than once in 1e8 runs.
    tolerance = 6 * (N_SAMPLED * (1 - RATE) / RATE) ** 0.5
    assert all(abs(n - N_SAMPLED) < tolerance and n * RATE % 1 == 0 for n in worth), worth
    assert abs(scrape.value("sampled_seconds_sum") - worth[1] * 0.008) < 1e-9
    check_no_complaints(scrape)


@each_client
def test_a_counter_that_would_fall_is_refused_and_counted(start, run_client, client):
    udometer = start()
    run_client(client, [client.parts["counter"], client.parts["decrement"]], udometer.udp[0][1])
    scrape = settle(udometer, PARTS["counter"].n_lines + 1)
    check_lines(scrape, [*PARTS["counter"].lines,
                         'udometer_refused_total{reason="illegal_negative_counter"} 1'])


@pytest.mark.parametrize("client, transport, opening", TRANSPORTS,
                         ids=["%s-%s" % (c.title, transport) for c, transport, _ in TRANSPORTS])
def test_not_only_by_udp(start, run_client, tmp_path, client, transport, opening):
    path = str(tmp_path / "socket")
    address = "127.0.0.1:0" if transport == "tcp" else path
    udometer = start("--statsd.listen-%s=%s" % (transport, address))
    port = udometer.tcp[0][1] if transport == "tcp" else 0
    run_client(client, snippet_calls(client), port,
               opening=[SNIPPETS[client.title][1][0], opening], path=path)
    scrape = settle(udometer, 3)
    check_lines(scrape, read_promise())
    check_no_complaints(scrape)


@pytest.mark.parametrize("option, has_own", [("", True), ("includeDatadogTelemetry: false", False)])
def test_hot_shots_sends_metrics_of_its_own_beside_an_agent(start, run_client, option, has_own):
    udometer = start()
    opening = [SNIPPETS[HOT_SHOTS.title][1][0],
               'process.env.DD_AGENT_HOST = "127.0.0.1"; const client = new StatsD('
               '{ host: "127.0.0.1", port: 8125, %s });' % option]
    run_client(HOT_SHOTS, ['client.gauge("level", 8, { at: "a#b@c|d,e" });'], udometer.udp[0][1],
               opening=opening)
    # They are sent after all of the client's lines, as the client has ended.
    udometer.send("barrier_total:1|c")
    wait_until(lambda: udometer.scrape().get("barrier_total") == 1, "the last line has come")
    scrape = udometer.scrape()
    assert scrape.get("level", at="a_b_c_d_e") == 8
    own = {name for name, _ in scrape.samples if name.startswith("datadog_dogstatsd_client_")}
    assert bool(own) == has_own, own
