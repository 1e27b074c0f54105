# SPDX-License-Identifier: Apache-2.0
"""udometer with the command line of another program, in its place."""

import pathlib
import re
import shlex

import pytest

from harness import run

MODE = "--compat=statsd_exporter"

# Every flag of statsd_exporter 0.20 to 0.30, apart from the addresses, whose ports may be in use.
ITS_FLAGS = [
    "--web.enable-lifecycle",
    "--web.telemetry-path=/metrics",
    "--statsd.listen-unixgram=",
    "--statsd.unixsocket-mode=755",
    "--statsd.mapping-config=",
    "--statsd.read-buffer=0",
    "--statsd.cache-size", "1000",
    "--statsd.cache-type=lru",
    "--statsd.event-queue-size=10000",
    "--statsd.event-flush-threshold=1000",
    "--statsd.event-flush-interval=200ms",
    "--debug.dump-fsm=",
    "--statsd.parse-dogstatsd-tags",
    "--no-statsd.parse-influxdb-tags",
    "--statsd.parse-librato-tags",
    "--no-statsd.parse-signalfx-tags",
    "--statsd.relay.address=localhost:8125",
    "--statsd.relay.packet-length=1400",
    "--statsd.udp-packet-queue-size=10000",
    "--log.level=info",
    "--log.format=logfmt",
]
IGNORED = {"statsd.cache-size", "statsd.cache-type", "statsd.event-queue-size",
           "statsd.event-flush-threshold", "statsd.event-flush-interval", "debug.dump-fsm",
           "statsd.relay.address", "statsd.relay.packet-length", "statsd.udp-packet-queue-size"}


PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "migrating-from-statsd_exporter.md"


def problems(udometer):
    return [line["problem"] for line in udometer.log() if "problem" in line]


def test_it_starts_with_every_flag_and_says_which_mean_nothing(start):
    udometer = start(MODE, "--statsd.listen-tcp=127.0.0.1:0", *ITS_FLAGS)
    udometer.send("c:1|c")
    assert udometer.settle().value("c") == 1
    ignored = [re.match(r"--([a-z.-]+).*: ignored: ", problem) for problem in problems(udometer)]
    assert {match[1] for match in ignored if match} == IGNORED


def test_a_container_is_a_label_as_it_was_sent(start):
    udometer = start(MODE, "--statsd.listen-tcp=")
    udometer.send("c:1|c|#a:b|c:ci-0123", "c:2|c|@0.5|#a:b|c:sha256:45")
    page = udometer.settle()
    assert page.value("c", a="b", container_id="ci-0123") == 1
    assert page.value("c", a="b", container_id="sha256:45") == 4


def test_timers_are_summaries(start):
    udometer = start(MODE, "--statsd.listen-tcp=")
    udometer.send("t:250|ms", "h:3|h", "d:4|d|#quantile:x")
    page = udometer.settle()
    for quantile in ("0.5", "0.9", "0.99"):
        assert page.value("t", quantile=quantile) == pytest.approx(0.25, rel=0.01)
        found = page.value("d", quantile=quantile, exported_quantile="x")
        assert found == pytest.approx(4, rel=0.01)
    assert page.value("t_sum") == 0.25
    assert page.value("h_count") == 1
    assert not problems(udometer)


def test_they_are_histograms_where_files_say_so(start, tmp_path):
    one, other = tmp_path / "one.yml", tmp_path / "other.yml"
    one.write_text("defaults: {observer_type: histogram}\nmappings: [{match: a, name: b}]\n")
    other.write_text("mappings: [{match: c, name: d}]\n")
    files = [f"--statsd.mapping-config={path}" for path in (one, other)]
    assert run("--check-config", MODE, *files).stderr == ""
    udometer = start(MODE, "--statsd.listen-tcp=", *files)
    udometer.send("a:250|ms", "c:250|ms", "e:250|ms")
    page = udometer.settle()
    # The rule of the other file has no defaults; names without a rule have the first ones.
    assert page.families["b"].type == page.families["e"].type == "histogram"
    assert page.families["d"].type == "summary"


def test_without_the_mode_a_note_says_what_timers_become(tmp_path):
    one, other = tmp_path / "one.yml", tmp_path / "other.yml"
    one.write_text("defaults: {observer_type: histogram}\nmappings: [{match: a, name: b}]\n")
    other.write_text("mappings: [{match: c, name: d}]\n")
    for files, n in (([other], 1), ([one, other], 1), ([one], 0), ([], 0)):
        flags = [f"--statsd.mapping-config={path}" for path in files]
        assert run("--check-config", *flags).stdout.count("note: timers become") == n
        done = run("explain", *flags, "c:1|ms")
        assert done.stderr.count("note: timers become histograms") == n
        assert "note: " not in done.stdout
    done = run("--check-config=json", f"--statsd.mapping-config={other}")
    assert (done.stdout, done.stderr) == ("", "")


def test_a_semicolon_begins_no_tags(start):
    udometer = start(MODE, "--statsd.listen-tcp=")
    udometer.send("c;a=b:1|c")
    assert udometer.settle().value("c_a_b") == 1


def test_self_metrics_have_its_names_too(start):
    udometer = start(MODE, "--statsd.listen-tcp=")
    udometer.send("c:1|c", "c:1|g", "t:1:2|ms", "nonsense")
    scrape = udometer.settle()
    assert scrape.value("statsd_exporter_lines_total") == 4
    assert scrape.value("udometer_lines_total") == 4
    assert scrape.value("statsd_exporter_samples_total") == 5
    assert scrape.value("statsd_exporter_udp_packets_total") == 4
    assert scrape.value("statsd_exporter_events_total", type="observer") == 2
    assert scrape.value("statsd_exporter_events_conflict_total") == 1
    assert scrape.value("statsd_exporter_sample_errors_total", reason="malformed_line") == 1
    assert scrape.value("statsd_exporter_metrics_total", type="counter") == 1


MAPPING = """
mappings:
  - { match: "mapped.*", name: "mapped", labels: { part: "$1" } }
  - { match: "negative.*", name: "negative_$1" }
  - { match: "dropped.*", name: "dropped", action: drop }
"""

# A line, and what statsd_exporter adds for it to its tags_total and events_unmapped_total.
ORIGINS = [
    ("mapped.a:1|c", 0, 0),
    ("mapped.b:1|c|#player:1", 1, 0),
    ("unmapped:1|c", 0, 1),
    ("unmapped:1|g|#player:1", 1, 1),  # its name has another type: an event, and a conflict
    ("tagged,player=1,team=2:1|c", 1, 1),  # one sample, however many tags it has
    ("tagged#player=2:1|c", 1, 1),
    ("tagged[player=3]:1|c", 1, 1),
    ("packed:1:2:3|ms|#player:1", 3, 3),
    ("mapped.timer:1:2|ms", 0, 0),
    ("chain,player=1:1|c:2|c", 2, 2),
    ("dropped.a:1|c", 0, 0),
    ("dropped.a:1|c|#player:1", 1, 0),
    ("negative.a:-1|c|#player:1", 1, 0),
    ("below:-1|c", 0, 1),
    ("contained:1|c|#a:b|c:0123", 1, 1),
    ("bare:1|c|#bare", 0, 1),
    ("malformed.value:one|c|#player:1", 0, 0),
    ("mixed,a=b:1|c|#player:1", 0, 0),
    ("nonsense", 0, 0),
]


def test_it_counts_tagged_and_unmapped_samples_as_statsd_exporter_does(start, tmp_path):
    mapping = tmp_path / "mapping.yml"
    mapping.write_text(MAPPING)
    udometer = start(MODE, "--statsd.listen-tcp=", f"--statsd.mapping-config={mapping}")
    tags = unmapped = 0
    for line, n_tags, n_unmapped in ORIGINS:
        udometer.send(line, line)  # the second time, its bytes are known
        page = udometer.settle()
        tags, unmapped = tags + 2 * n_tags, unmapped + 2 * n_unmapped
        assert (line, page.value("statsd_exporter_tags_total"),
                page.value("statsd_exporter_events_unmapped_total")) == (line, tags, unmapped)


def test_rules_in_force_are_counted_after_a_reload_too(start, tmp_path):
    rule = '- { match: "%s.*", name: "%s" }\n'
    mapping = tmp_path / "mapping.yml"
    mapping.write_text("mappings:\n" + rule % ("a", "a"))
    udometer = start(MODE, "--statsd.listen-tcp=", "--web.enable-lifecycle",
                     "--statsd.mapping-config=%s" % mapping)
    assert udometer.scrape().value("statsd_exporter_loaded_mappings") == 1
    mapping.write_text("mappings:\n" + rule % ("a", "a") + rule % ("b", "b"))
    assert udometer.get("/-/reload", method="PUT").status == 200
    scrape = udometer.scrape()
    assert scrape.value("statsd_exporter_loaded_mappings") == 2
    assert scrape.value("udometer_mapping_rules") == 2
    mapping.write_text("mappings: [x")
    assert udometer.get("/-/reload", method="POST").status == 500
    assert udometer.scrape().value("statsd_exporter_loaded_mappings") == 2
    assert udometer.scrape().value("statsd_exporter_config_reloads_total", outcome="failure") == 1


def test_a_request_stops_it(start):
    udometer = start(MODE, "--statsd.listen-tcp=", "--web.enable-lifecycle")
    udometer.send("c:1|c")
    udometer.settle()
    reply = udometer.get("/-/quit", method="POST")
    assert (reply.status, reply.body) == (200, b"udometer stops.\n")
    assert udometer.wait()["applied"] == "1"


def test_without_the_mode_it_has_its_own_names_only(udometer):
    udometer.send("statsd_exporter_lines_total:1|c")
    assert udometer.settle().value("statsd_exporter_lines_total") == 1


def test_the_page_names_every_flag():
    page = PAGE.read_text()
    for flag in ITS_FLAGS:
        name = re.match(r"--(?:no-)?([a-z.-]+)", flag)
        assert not name or "`--%s`" % name[1] in page, flag


def page_blocks():
    """What the page shows in fences: its language, and the text."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_the_swap_is_what_the_page_shows(tmp_path):
    blocks = page_blocks()
    (mapping,) = [text for language, text in blocks if language == "yaml"]
    (tmp_path / "mapping.yml").write_text(mapping)
    transcripts = [text for _, text in blocks if text.startswith("$ udometer")]
    assert len(transcripts) == 2
    for transcript in transcripts:
        command, shown = re.match(r"\$ udometer ((?:[^\n]*\\\n)*[^\n]*)\n(.*)", transcript,
                                  re.DOTALL).groups()
        words = shlex.split(command.replace("\\\n", " "))
        done = run(*words, folder=tmp_path)
        assert done.returncode == 0
        said = done.stdout if words[0] == "explain" else done.stderr + done.stdout
        lines, expected = said.strip().splitlines(), shown.strip().splitlines()
        assert len(lines) == len(expected), said
        for line, start in zip(lines, expected):
            assert line.startswith(start.rstrip("…")), (line, start)


def test_each_command_of_the_page_is_valid(tmp_path):
    blocks = page_blocks()
    (mapping,) = [text for language, text in blocks if language == "yaml"]
    (tmp_path / "mapping.yml").write_text(mapping)
    commands = [text.replace("\\\n", " ") for language, text in blocks
                if language == "sh" and text.startswith("udometer ")]
    assert len(commands) == 2
    for command in commands:
        done = run(*shlex.split(command)[1:], "--check-config", folder=tmp_path)
        assert (done.returncode, done.stdout) == (0, "udometer: the config is valid\n"), command


@pytest.mark.parametrize("flags, word", [
    ([], "--statsd.cache-size=1: a flag of statsd_exporter"),
    ([MODE, "--statsd.cache-sise=1"], "--statsd.cache-sise=1: unknown flag"),
    (["--compat=brubeck"], "--compat=brubeck: expected none or statsd_exporter"),
])
def test_what_nobody_knows_still_ends_the_start(flags, word):
    ended = run(*flags, "--statsd.cache-size=1")
    assert ended.returncode == 2
    assert word in ended.stderr
