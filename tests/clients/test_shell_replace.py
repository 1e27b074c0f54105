# SPDX-License-Identifier: Apache-2.0
"""clients/shell/udometer.sh replaces all series of a gauge, in every shell."""

import shutil

import pytest

from harness import wait_until
from shells import SHELLS
from words import datagrams_of

every_shell = pytest.mark.parametrize("shell", SHELLS)


def way_of(shell):
    return "bash" if shell == "bash" else "udometer"


def replacement(*jobs, begin="jobs"):
    """A script that replaces the series with these."""
    rows = "; ".join("udom_replace %d job=%s" % (len(job), job) for job in jobs)
    return "udom_replace_begin %s; %s%sudom_replace_end\n" % (begin, rows, "; " if rows else "")


def gauge(job):
    return "jobs:%d|g|#job:%s" % (len(job), job)


def end(job):
    return "jobs:1|x|#job:%s" % job


OLDER = "jobs:-2|x"


def at(second):
    """Sets the clock of a script."""
    return "_udom_now() { _udom_us=%d000000; }\n" % second


def datagrams(receiver):
    return [datagram.decode().split("\n") for datagram in receiver.arrived()]


@every_shell
def test_what_is_not_set_again_ends_after_what_is(shells, receiver, shell):
    script = "set -eu\n" + at(5) + replacement("a", "bb") + replacement("bb", "ccc") \
        + replacement("bb", "ccc") + replacement("bb", "ccc") + replacement() + replacement("a")
    shells.must_run(shell, script, url=receiver.url, way=way_of(shell))
    assert datagrams(receiver) == [
        [gauge("a"), gauge("bb"), OLDER],
        [gauge("bb"), gauge("ccc"), end("a")],
        [gauge("bb"), gauge("ccc"), end("a")],
        [gauge("bb"), gauge("ccc")],
        [end("bb"), end("ccc")],
        [gauge("a"), end("bb"), end("ccc")]]


@every_shell
def test_families_do_not_touch_each_other(shells, receiver, shell):
    script = at(5) + replacement("a", begin="jobs host=1") + replacement("a", begin="jobs host=2") \
        + replacement("a", begin="job") + replacement("b", begin="jobs host=1")
    shells.must_run(shell, script, url=receiver.url, way=way_of(shell))
    assert datagrams(receiver) == [
        ["jobs:1|g|#host:1,job:a", "jobs:-2|x|#host:1"],
        ["jobs:1|g|#host:2,job:a", "jobs:-2|x|#host:2"],
        ["job:1|g|#job:a", "job:-2|x"],
        ["jobs:1|g|#host:1,job:b", "jobs:1|x|#host:1,job:a"]]


@every_shell
def test_prefix_and_tags_of_the_environment_are_part_of_it(shells, receiver, shell):
    script = "set -eu\n" + at(5) + replacement("a") + at(8) + replacement()
    shells.must_run(shell, script, url=receiver.url, way=way_of(shell), UDOMETER_PREFIX="p.",
                    UDOMETER_TAGS="env=prod")
    assert datagrams(receiver) == [["p.jobs:1|g|#env:prod,job:a", "p.jobs:-2|x|#env:prod"],
                                   ["p.jobs:-2|x|#env:prod", "p.jobs:1|x|#env:prod,job:a"]]


@every_shell
def test_the_last_value_wins_and_may_be_negative(shells, receiver, shell):
    script = "udom_replace_begin a; udom_replace 5; udom_replace -2.5; udom_replace_end"
    shells.must_run(shell, script, url=receiver.url, way=way_of(shell))
    assert datagrams(receiver) == [["a:5|g", "a:0:-2.5|g", "a:-2|x"]]


@every_shell
@pytest.mark.parametrize("first, second, lines", [
    ("udom_replace 1 job=a", "udom_replace 1 job=a phase=x",
     ["a:1|g|#job:a,phase:x", "a:1|x|#job:a", "a:1|g|#job:a,phase:x"]),
    ("udom_replace 1", "udom_replace 1 job=a", ["a:1|g|#job:a", "a:1|x", "a:1|g|#job:a"]),
    ("udom_replace 1 job=a", "udom_replace 1; udom_replace 1 job=b",
     ["a:1|g", "a:1|g|#job:b", "a:1|x|#job:a", "a:1|g", "a:1|g|#job:b"])])
def test_with_other_keys_what_stays_is_set_again(shells, receiver, shell, first, second, lines):
    """An x ends all series that have its tags, also those that have more."""
    script = at(5) + "".join("udom_replace_begin a; %s; udom_replace_end\n" % rows
                             for rows in (first, second))
    shells.must_run(shell, script, url=receiver.url, way=way_of(shell))
    assert datagrams(receiver)[1] == lines


@every_shell
def test_hostile_tags_are_the_same_in_both_lines(shells, receiver, shell):
    script = at(5) + \
        "udom_replace_begin 'a|b' 'x,y=1'\nudom_replace 1 'k:l=v,w|\t#*?[' 'm=$(id) \\n'\n" \
        "udom_replace_end\nudom_replace_begin 'a|b' 'x,y=1'\nudom_replace_end"
    shells.must_run(shell, script, url=receiver.url, way=way_of(shell))
    tags = "|#x_y:1,k_l:v_w__#*?[,m:$(id) \\n"
    assert datagrams(receiver) == [["a_b:1|g" + tags, "a_b:-2|x|#x_y:1"], ["a_b:1|x" + tags]]


@every_shell
def test_mistakes_are_told_on_request(shells, receiver, shell):
    script = """
        udom_replace 1 k=v; udom_replace_end
        udom_replace_begin ''; udom_replace 1 k=v; udom_replace_end
        udom_replace_begin a k=; udom_replace_end
        udom_replace_begin a; udom_replace x k=v; udom_replace 1 k=; udom_replace 1 k
        udom_replace; udom_replace + 5; udom_replace 1 k=v; udom_replace_end; udom_replace_end
        echo end"""
    found = shells.must_run(shell, "set -eu" + script, url=receiver.url, way=way_of(shell))
    assert found == "end\n" and datagrams(receiver) == [["a:1|g|#k:v", "a:-2|x"]]
    done = shells.run(shell, script, url=receiver.url, way=way_of(shell), UDOMETER_DEBUG="1")
    assert done.returncode == 0 and done.stderr.count(b"udometer.sh: not sent: ") == 13


@every_shell
def test_many_series_are_packed(shells, receiver, shell):
    jobs = ["job-number-%d" % i for i in range(100)]
    script = at(5) + replacement(*jobs) + replacement(*jobs[50:])
    shells.must_run(shell, script, url=receiver.url, way=way_of(shell))
    first = [*map(gauge, jobs), OLDER]
    second = [*map(gauge, jobs[50:]), *map(end, jobs[:50])]
    expected = [datagrams_of([line.encode() for line in lines]) for lines in (first, second)]
    assert receiver.arrived() == expected[0] + expected[1]


@every_shell
def test_a_file_remembers_for_the_next_process(shells, receiver, tmp_path, shell):
    """As cron starts one, or as the end of a pipeline."""
    state = str(tmp_path / "state of mine")
    for script in (at(5) + replacement("a", "bb"), at(7) + replacement("bb"),
                   at(8) + replacement("bb"), at(11) + replacement("bb"),
                   "set -C; true | { %s}\n" % replacement("ccc")):
        shells.must_run(shell, script, url=receiver.url, way=way_of(shell), UDOMETER_STATE=state)
    assert datagrams(receiver) == [
        [gauge("a"), gauge("bb"), OLDER], [gauge("bb"), end("a")],
        [gauge("bb"), OLDER, end("a")], [gauge("bb")], [gauge("ccc"), end("bb")]]
    done = shells.run(shell, replacement("a"), url=receiver.url, way=way_of(shell),
                      UDOMETER_STATE=str(tmp_path / "no" / "folder"), UDOMETER_DEBUG="1")
    assert done.returncode == 0 and b"UDOMETER_STATE: cannot write" in done.stderr


@every_shell
@pytest.mark.parametrize("workers", [1, 2])
def test_no_scrape_sees_a_gap(shells, start, shell, workers):
    udometer = start("--workers=%d" % workers)
    script = """
        i=0
        while [ $i -lt 100 ]; do
            udom_replace_begin queue
            for k in 0 1 2 3 4; do udom_replace $k job=$((5 * i + k)); done
            udom_replace_end
            i=$((i + 1))
        done"""
    process = shells.start(shell, script, url="udp://%s:%d" % udometer.udp[0], way=way_of(shell))
    wait_until(lambda: len(udometer.scrape().named("queue")) >= 5, "its first series")
    sizes = []
    while process.poll() is None:
        sizes.append(len(udometer.scrape().named("queue")))
    assert process.communicate() == (b"", b"") and process.returncode == 0
    assert min(sizes) >= 5 and len(sizes) > 10
    if workers == 1:  # with two, a replacement may be applied before the previous one
        assert max(sizes) <= 10 and len(udometer.scrape().named("queue")) == 5


@every_shell
def test_what_the_first_has_spared_ends_when_it_is_old_enough(shells, receiver, shell):
    script = "set -eu\n" + "".join(at(second) + replacement("a") for second in (5, 7, 8, 9, 99))
    shells.must_run(shell, script, url=receiver.url, way=way_of(shell))
    assert datagrams(receiver) == [
        [gauge("a"), OLDER], [gauge("a")], [gauge("a"), OLDER], [gauge("a")], [gauge("a")]]


@every_shell
@pytest.mark.parametrize("state", ["0\t", "0\tx;y"])
def test_other_rows_in_the_file_do_no_harm(shells, receiver, tmp_path, shell, state):
    path = tmp_path / "state"
    path.write_text("jobs:1|x\t%s\t\n" % state)
    shells.must_run(shell, "set -eu\n" + 2 * replacement("a"), url=receiver.url,
                    way=way_of(shell), UDOMETER_STATE=str(path))
    assert datagrams(receiver) == [[gauge("a"), OLDER], [gauge("a")]]


@every_shell
def test_the_age_grows_with_what_is_sent(shells, receiver, shell):
    """Which may take seconds in a slow shell."""
    jobs = ["%d%s" % (i, "x" * 180) for i in range(85)]
    shells.must_run(shell, replacement(*jobs), url=receiver.url, way=way_of(shell))
    expected = [*map(gauge, jobs), "jobs:-4|x"]
    assert receiver.arrived() == datagrams_of([line.encode() for line in expected])


@every_shell
@pytest.mark.parametrize("workers", [1, 2])
def test_no_scrape_sees_a_gap_when_the_next_process_begins(shells, start, shell, workers):
    """As each replacement at the end of a pipeline does."""
    udometer = start("--workers=%d" % workers)
    jobs = ["j%d" % i for i in range(100)]  # two datagrams
    once = "(%s)\n" % replacement(*jobs).rstrip()
    url = "udp://%s:%d" % udometer.udp[0]
    shells.must_run(shell, once, url=url, way=way_of(shell))
    wait_until(lambda: len(udometer.scrape().named("jobs")) == 100, "its series")
    process = shells.start(shell, once * 20, url=url, way=way_of(shell))
    sizes = set()
    while process.poll() is None:
        sizes.add(len(udometer.scrape().named("jobs")))
    assert process.communicate() == (b"", b"") and process.returncode == 0
    assert sizes == {100}


@every_shell
def test_what_an_earlier_process_has_left_ends(shells, start, shell):
    udometer = start()
    url = "udp://%s:%d" % udometer.udp[0]
    shells.must_run(shell, replacement("a", "bb"), url=url, way=way_of(shell))

    script = "while :; do %s; %s 0.1; done" % (replacement("a").rstrip(), shutil.which("sleep"))
    process = shells.start(shell, script, url=url, way=way_of(shell))

    def has_ended():
        return [labels for labels, _ in udometer.scrape().named("jobs")] == [{"job": "a"}]

    try:
        wait_until(has_ended, "the other has ended")
    finally:
        process.kill()
        output = process.communicate()
    assert output == (b"", b"")
