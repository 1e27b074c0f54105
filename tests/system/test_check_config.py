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
