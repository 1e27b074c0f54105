# SPDX-License-Identifier: Apache-2.0
"""udometer explain: it describes a line as the daemon treats it."""

import collections
import concurrent.futures
import os
import pathlib
import random
import re
import subprocess
import sys

import vectors
from children import clean_environment
from harness import BINARY, DEADLINE, SANITIZED, check_sanitizers, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "style"))
import check_abnf  # noqa: E402

VERDICT = re.compile(r"^(applied|refused|skipped) +(\d+) (sample|event|service check)s?"
                     r"(?:, (\w+): .*)?$")


def explain(raw, *flags):
    done = subprocess.run([BINARY, "explain", *flags], input=raw, capture_output=True,
                          env=clean_environment(), timeout=DEADLINE)
    check_sanitizers(done.stderr.decode("utf-8", "replace"))
    return done.returncode, done.stdout.decode("utf-8", "replace")


def verdicts(output):
    """The numbers of samples by their verdict."""
    ends = collections.Counter()
    for line in output.splitlines():
        match = VERDICT.match(line)
        if match:
            end = {"applied": "applied", "refused": match[4],
                   "skipped": match[3].replace(" ", "_")}[match[1]]
            ends[end] += int(match[2])
    return dict(ends)


def expected_verdicts(case):
    ends = {**case.refused, **case.skipped}
    if case.samples:
        ends["applied"] = len(case.samples)
    return ends


def complaint(case):
    status, output = explain(case.raw, *case.flags)
    n_carets = len(re.findall(r"^ *\^ byte \d+, ", output, re.MULTILINE))
    if verdicts(output) != expected_verdicts(case):
        return "%s: %s instead of %s:\n%s" % (case.name, verdicts(output),
                                              expected_verdicts(case), output)
    if status != (1 if case.refused else 0):
        return "%s: status %d" % (case.name, status)
    if bool(n_carets) != bool(case.refused):
        return "%s: %d carets:\n%s" % (case.name, n_carets, output)
    return None


# A process for each takes 5 minutes of a sanitizer's time, so these run one in five.
CASES = vectors.load()[::5] if SANITIZED else vectors.load()


def test_it_says_what_the_vectors_say():
    with concurrent.futures.ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
        found = [text for text in pool.map(complaint, CASES) if text]
    assert not found, "\n".join(found[:20])


def random_lines(marks, n):
    """Lines whose names have the marks of all dialects anywhere."""
    draw = random.Random(marks)
    for _ in range(n):
        yield "".join(draw.choices(marks, k=draw.randint(1, 10))) \
            + draw.choice((":1|", ":1|", ":1|", ":1:2|", ":x|")) + draw.choice("cgh") \
            + draw.choice(("", "|#k:v", "|#b", "|#", "|@0.5", "|c:x"))


def test_random_names_are_accepted_as_the_grammar_says():
    pattern = check_abnf.read_patterns(ROOT)
    beyond_syntax = {"applied", "type_conflict", "reserved_name"}
    for marks in ("ab,#[]=:;", "a,[];=", "a[]:;=", "a,#[]="):
        lines = list(random_lines(marks, 3000))
        outputs = explain("\n".join(lines).encode())[1].strip("\n").split("\n\n")
        assert len(outputs) == len(lines)
        for line, output in zip(lines, outputs):
            found = set(verdicts(output))
            # The grammar does not describe a line of which a part counts.
            if found <= beyond_syntax or not found & beyond_syntax and "samples, " not in output:
                assert check_abnf.is_match(pattern, line.encode()) == (found <= beyond_syntax), \
                    output


def test_a_line_is_taken_apart():
    status, output = explain(b"bot.routes:1|c|@0.5|#player:1,bare,__x:y|T12|zz|c:ci-7",
                             "--statsd.container-label")
    assert status == 0
    for text in ("name      bot.routes\n", "type      c, a counter\n", "tags      DogStatsD\n",
                 "player:1  ->  player = 1\n", "bare  ->  dropped: it has no value\n",
                 "__x:y  ->  dropped: names that begin with __ are reserved\n",
                 "@0.5  ->  the rate\n", "T12  ->  known", "zz  ->  unknown",
                 "value     1  ->  adds 2\n",
                 'series    bot_routes{container_id="7",player="1"}\n', "applied   1 sample\n"):
        assert text in output, output


def test_each_dialect_is_named():
    for line, name in ((b"a,k=v:1|c", "InfluxDB"), (b"a#k=v:1|c", "Librato"),
                       (b"a[k=v]:1|c", "SignalFx"), (b"a;k=v:1|c", "Graphite"),
                       (b"a:1|c|#k:v", "DogStatsD")):
        assert "tags      %s\n          k" % name in explain(line)[1]


def test_a_line_with_bare_tags_of_another_dialect_names_both():
    output = explain(b"a,bare:1|c|#k:v")[1]
    assert "tags      InfluxDB\n          bare  ->  dropped" in output, output
    assert "tags      DogStatsD\n          k:v  ->  k = v" in output, output


def test_a_caret_stands_under_the_byte():
    for line, column in (("a:12x4|c", 4), ("abc", 3), ("a:-1|c", 2), ("a:1|qq", 4), (":1|c", 0),
                         ("a:1|c|#k:v,l:\udcff", 13), ("a,b=c:1|c|#d:e", 11), ("a:1:y|h", 4),
                         ("a:1:|h", 4)):
        status, output = explain(line.encode("utf-8", "surrogateescape"))
        shown, caret = output.splitlines()[:2]
        assert status == 1 and caret.index("^") - shown.index(line[0]) == column, output
        assert "^ byte %d, " % (column + 1) in caret


def test_a_malformed_line_says_what_is_wrong():
    for raw, cause in ((b"abc", "there is no ':' and value after the name"),
                       (b":1|c", "the name is empty"), (b",k=v:1|c", "the name is empty"),
                       (b"a:1", "there is no '|' and type after the value"),
                       (b"a:1|c:2", "there is no '|' and type after the value"),
                       (b"a\xff:1|c", "this byte of a name or tag is not UTF-8"),
                       (b"a:1|c|#k:\xff", "this byte of a name or tag is not UTF-8"),
                       (b"_e{1", "it begins as an event, _e{…}, but is not one"),
                       (b"_sc|x", "it begins as a service check, _sc|…, but is not one"),
                       (b"a:1|x|#bare", "an x of which a tag is dropped"),
                       (b"a[b:1|x", "an x of which a tag is dropped")):
        assert ", malformed_line: " + cause in explain(raw)[1], raw


def test_a_missing_type_is_not_called_a_wrong_one():
    for raw in (b"a:1|", b"a:1||#k:v"):
        assert ", illegal_event: the type is missing; expected one of c," in explain(raw)[1], raw
    assert ", illegal_event: the type is not one of c," in explain(b"a:1|cc")[1]


def test_a_malformed_value_says_what_is_wrong():
    for raw, cause in ((b"a:|c", "the value is empty"),
                       (b"a:1,5|c", "a decimal number cannot have this byte here"),
                       (b"a:x|h", "a decimal number cannot have this byte here"),
                       (b"a:1e999|c", "the number is out of range, or its end is missing"),
                       (b"a:-|g", "the number is out of range, or its end is missing"),
                       (b"a:-1:x|c", "a decimal number cannot have this byte here")):
        assert ", malformed_value: " + cause in explain(raw)[1], raw


def test_names_of_self_metrics_are_free_if_these_have_their_own_page():
    line, flag = "process_threads:1|g", "--web.self-metrics-path=/self"
    taken = run("explain", line)
    assert taken.returncode == 1
    assert "reserved_name: the name belongs to udometer's own metrics" in taken.stdout
    assert "--web.self-metrics-path" in taken.stdout
    assert run("explain", flag, line).returncode == 0
    assert "reserved_name" in run("explain", flag, "up:1|g").stdout


def test_a_limit_of_labels_is_named():
    for flag, line, words in (
            ("--limit.labels=1", b"a:1|c|#k:1,l:2", "one label more than --limit.labels\n"),
            ("--limit.label-name-length=1", b"a:1|c|#kk:1", "key is longer than --limit"),
            ("--limit.label-value-length=2", b"a:1|c|#k:123", "value is longer than --limit"),
            ("--limit.labels-length=8", b"a:1|c|#k:123,l:2", "all labels together are longer")):
        assert words in explain(line, flag)[1], flag


def test_text_beyond_ascii_is_shown():
    output = explain("größe.日本:1|c|#städte:köln".encode())[1]
    assert 'name      größe.日本\n' in output
    assert 'städte:köln  ->  st_dte = köln\n' in output
    assert 'series    gr__e___{st_dte="köln"}\n' in output
    shown, caret = explain("日本:x|c".encode())[1].splitlines()[:2]
    assert caret.index("^") == shown.index("x") + 2  # two characters are two columns wide


def test_the_bounds_of_a_histogram_are_listed():
    output = explain(b"a.b:320|ms")[1]
    assert "\nbuckets   a_b_bucket, le = 0.005, 0.01, " in output and ", 10, +Inf\n" in output
    assert "buckets" not in explain(b"a:1|c")[1]


def test_a_conflict_names_what_has_the_name():
    for raw, cause in ((b"a.b:1|c\na_b:1|g", "a_b is a counter already, so it cannot be a gauge"),
                       (b"a:1|h\na_sum:1|c", "a_sum is one of the names of a, a histogram"),
                       (b"a_sum:1|c\na:1|h",
                        "a, a histogram, would have the name of a_sum, a counter")):
        assert "type_conflict: " + cause in explain(raw)[1], raw


def test_what_is_applied_has_no_caret():
    status, output = explain(b"a:1e308|x|@0.001")
    assert status == 0 and "applied   1 sample\n" in output and "^" not in output, output


def test_the_age_of_an_x_is_told():
    status, output = explain(b"a:-1.5|x")
    assert status == 0 and "-1.5  ->  ends what has had no sample for 1.5 s\n" in output, output
    assert "->" not in explain(b"a:1.5|x")[1]


def test_what_is_refused_as_a_whole_has_no_effect():
    status, output = explain(b"a[b:1|x|@0.5:2|c")
    assert status == 1 and "^ byte 2, 0x5B" in output, output
    assert "type      x, ends series\nrefused   1 sample, malformed_line: " in output, output
    for word in ("value ", "series ", "adds "):
        assert word not in output, output


def test_a_bar_in_a_tag_is_told():
    status, output = explain(b"a:1|c|x|#k:v|w,j:x|@0.5")
    assert status == 0
    assert "x  ->  unknown, and skipped\n" in output, output
    assert "w,j:x  ->  unknown, and skipped; a '|' ends a tag\n" in output, output


def test_a_colon_in_a_name_is_told():
    for line, byte in ((b"a.10_0_0_1:9001.b:7|g", "17, 0x62"), (b"a:1:x|c:2|c", "5, 0x78"),
                       (b"db,url=http://h:10|ms", "13, 0x2F")):
        status, output = explain(line)
        assert status == 1 and "^ byte " + byte in output, output
        assert "refused   1 sample, malformed_value: " in output, output
        assert "the first ':' ends the name" in output and "\nvalue" not in output, output
    assert "the first ':' ends" not in explain(b"a:1::x|s\na:1:|c\na:x|c")[1]


def test_initial_series_have_their_names_from_the_start(tmp_path):
    config = tmp_path / "udometer.yml"
    config.write_text("metrics: [{name: took, type: histogram, labels: [], initial: true}]\n")
    status, output = explain(b"took_count:1|c", f"--config.file={config}")
    assert status == 1, output
    assert "type_conflict: took_count is one of the names of took, a histogram\n" in output, output


def test_flags_arguments_and_mistakes():
    several = run("explain", "--limit.series=1", "a:1|c|#k:1", "a:1|c|#k:2\na:x|c")
    assert several.returncode == 1
    assert "a limit of series is reached" in several.stdout and "malformed_value" in several.stdout
    assert run("explain", "--statsd.dialect=dogstatsd", "g:+3|g").stdout.count("sets it to 3") == 1
    assert run("explain", "g:+3|g").stdout.count("adds 3") == 1
    wrong = run("explain", "--limit.nonsense=1", "a:1|c")
    assert wrong.returncode == 2 and "--limit.nonsense=1" in wrong.stderr
    assert "Usage: udometer explain" in run("explain", "--help").stdout
    assert run("explain", "\n \n").stdout == ""
