# SPDX-License-Identifier: Apache-2.0
"""What --check-config says about files of metrics and rules, and the tests that they bring."""

import json
import pathlib
import re

import pytest

from harness import run


@pytest.fixture
def check(tmp_path):
    """Write files, and check the config of the first."""
    def write_and_check(files, flag="--check-config"):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return run(flag, f"--config.file={tmp_path / next(iter(files))}")
    return write_and_check


def test_all_files_are_checked(check, tmp_path):
    done = check({
        "udometer.yml": "include: conf.d/*.yml\nstatsd.mapping-config: [rules.yml]\n",
        "conf.d/a.yml": "metrics: [{name: a_total, type: conter}]\n",
        "rules.yml": "mappings:\n- match: \"a.*\"\n  name: a_total\n  ttl: 5\n  time_type: x\n",
    })
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.splitlines() == [
        f"udometer: {tmp_path}/conf.d/a.yml:1:33: type: conter: expected counter, gauge, "
        "histogram, summary or set; did you mean counter?",
        f"udometer: {tmp_path}/rules.yml:4:8: ttl: 5: has no unit; write s for seconds: 5s",
        f"udometer: warning: {tmp_path}/rules.yml:5:3: time_type: unknown key of a mapping rule; "
        "did you mean timer_type, which is now observer_type?",
    ]


def test_warnings_do_not_end_it(check):
    done = check({"udometer.yml": "mapping:\n  mappings:\n"})
    assert done.returncode == 0 and "valid" in done.stdout
    assert "udometer.yml:2:3: mappings: is empty" in done.stderr


def test_editors_get_json(check, tmp_path):
    done = check({"udometer.yml": "undeclared: maybe\nmapping: {mapings: []}\n"},
                 "--check-config=json")
    assert done.returncode == 1 and not done.stderr
    path = str(tmp_path / "udometer.yml")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"severity": "error", "file": path, "line": 1, "column": 13,
         "message": "undeclared: maybe: expected accept or drop"},
        {"severity": "warning", "file": path, "line": 2, "column": 11,
         "message": "mapings: unknown key of a mapping file; did you mean mappings?"},
    ]
    done = check({"udometer.yml": "undeclared: drop\n"}, "--check-config=json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_examples_of_the_documents_are_valid(check):
    text = (pathlib.Path(__file__).parents[2] / "docs/names.md").read_text()
    blocks = re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)
    rules = next(block for block in blocks if "mappings:" in block)
    assert len(blocks) > 5
    for block in blocks:
        files = {"udometer.yml": (rules if block.startswith("tests:") else "") + block}
        done = check(files)
        assert done.returncode == 0 and not done.stderr, block + done.stderr


TESTS = """
tests:
- name: tags become labels
  send: ["a.b:1|c|#x:1,y:2", "a.b:2|c|#y:2,x:1", "t:5|ms"]
  expect:
"""


def test_tests_in_a_file_are_run(check):
    done = check({"udometer.yml": TESTS + """
  - 'a_b{y="2", x="1"} 3'
  - a_b{x="1",y="2"}
  - t_bucket{le="0.005"} 1.0
  - t_count 1
"""})
    assert done.returncode == 0, done.stderr


def test_a_test_that_fails_is_a_problem_at_its_place(check, tmp_path):
    done = check({"udometer.yml": TESTS + """
  - a_b{x="1",y="2"} 4
  - a_b 3
  - other 1
"""})
    place = f"udometer: {tmp_path}/udometer.yml:3:3: test tags become labels: expected "
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.splitlines() == [
        place + 'a_b{x="1",y="2"} 4, but it is 3',
        place + 'a_b 3, but there is no such series; there is a_b{x="1",y="2"} 3',
        place + "other 1, but there is no such series",
    ]


def test_a_test_alone_starts_without_what_came_before(check):
    one = "- {send: \"a:1|c\", expect: a 1}\n"
    assert check({"udometer.yml": "tests:\n" + one + one}).returncode == 0


def test_a_test_may_not_use_a_name_that_is_reserved(check, tmp_path):
    tests = """tests:
- {send: "up:1|g", expect: up 1}
- {send: "udometer_lines_total:1|c", expect: udometer_lines_total 1}
"""
    assert len(check({"udometer.yml": tests}).stderr.splitlines()) == 2
    done = check({"udometer.yml": tests + "web.self-metrics-path: /self\n"})
    assert done.stderr == (f"udometer: {tmp_path}/udometer.yml:2:3: test: expected up 1, but there "
                           "is no such series\n")


NAMES = """metrics:
- {name: took, type: histogram}
- {name: took_count, type: counter}
- {name: up, type: gauge}
- {name: udometer_lines_total, type: counter}
- {name: process_jobs, type: gauge}
- {name: wait_sum, type: gauge}
mapping:
  mappings:
  - {match: a, name: took_sum}
  - {match: b, name: ALERTS}
  - {match: c, name: process_open_fds}
  - {match: "d.*", name: "took_$1"}
  - {match: e, name: up}
  - {match: e.dropped, name: ALERTS_FOR_STATE, action: drop}
  - {match: f, name: wait, match_metric_type: observer}
"""


def names_that_cannot_be(done, severity):
    """The places and names of the problems, and what is said first."""
    pattern = rf"^udometer: {severity}/\S*yml:(\d+):\d+: (\w+): (as a|the|all samples)\b"
    return re.findall(pattern, done.stderr, re.M)


def test_names_that_can_never_be_are_problems(check, tmp_path):
    done = check({"udometer.yml": NAMES})
    assert done.returncode == 1 and "valid" not in done.stdout
    assert names_that_cannot_be(done, "") == [
        ("3", "took_count", "the"), ("4", "up", "all samples"),
        ("5", "udometer_lines_total", "all samples")]
    # A mapping file must load as it does elsewhere.
    assert names_that_cannot_be(done, "warning: ") == [
        ("10", "took_sum", "the"), ("11", "ALERTS", "all samples"),
        ("12", "process_open_fds", "all samples"), ("16", "wait", "as a")]
    assert (f"took_count: the histogram took, declared at {tmp_path}/udometer.yml:2:3, has series "
            "of this name; there can only be one of the two, so rename one\n") in done.stderr
    assert "set web.self-metrics-path" in done.stderr and "Prometheus makes" in done.stderr
    done = check({"udometer.yml": NAMES + "web.self-metrics-path: /self\n"})
    assert [name for _, name, _ in names_that_cannot_be(done, "")] == ["took_count", "up"]
    assert "process_open_fds" not in done.stderr


def test_the_daemon_starts_with_them_and_warns(start, tmp_path):
    path = tmp_path / "udometer.yml"
    path.write_text("metrics:\n- {name: up, type: gauge}\n")
    udometer = start(f"--config.file={path}", "--web.enable-lifecycle")
    warnings = [line["problem"] for line in udometer.log() if "problem" in line]
    assert len(warnings) == 1 and warnings[0].startswith(f"{path}:2:3: up: all samples")
    response = udometer.get("/-/reload", method="POST")
    assert response.status == 200 and f"{path}:2:3: up: all samples" in response.body.decode()


METRICS = """
metrics:
- name: routes_total
  type: counter
  help: Routes flown
  labels: [status]
  initial: { status: [ok, failed] }
"""


def test_initial_series_are_there_from_the_start(start, tmp_path):
    path = tmp_path / "udometer.yml"
    path.write_text(METRICS)
    udometer = start(f"--config.file={path}")
    page = udometer.metrics().decode()
    assert "# HELP routes_total Routes flown\n# TYPE routes_total counter\n" in page
    assert 'routes_total{status="failed"} 0\nroutes_total{status="ok"} 0\n' in page


def test_a_test_sees_initial_series(check):
    done = check({"udometer.yml": METRICS + """
tests:
- send: "routes.total:2|c|#status:ok"
  expect: {'routes_total{status="failed"}': 0, 'routes_total{status="ok"}': 2}
"""})
    assert done.returncode == 0, done.stderr


def test_warnings_of_a_file_are_in_the_log(start, tmp_path):
    path = tmp_path / "udometer.yml"
    path.write_text("mapping:\n  mappings: []\n  mapings: []\n")
    udometer = start(f"--config.file={path}")
    udometer.stop()
    assert f"{path}:3:3: mapings: unknown key of a mapping file" in udometer.stderr()
