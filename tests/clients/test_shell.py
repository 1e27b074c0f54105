# SPDX-License-Identifier: Apache-2.0
"""clients/shell/udometer.sh sends the right lines, in every shell and in every way."""

import itertools
import os
import pathlib
import shutil
import socket
import subprocess

import pytest

import test_vectors
from harness import DEADLINE, HAS_IPV6, wait_until
from shells import CLIENT, SHELLS, Receiver, calls, name_of, pipe, ways_of
from words import (NASTY, TIGHT_LINES, datagrams_of, expressible_cases, line_of, meant_cases,
                   nasty_samples, other_cases)

every_shell = pytest.mark.parametrize("shell", SHELLS)
every_way = pytest.mark.parametrize(
    "shell, way", [(shell, way) for shell in SHELLS for way in ways_of(shell)])

# Print the lines instead of sending them. They do not depend on the way of sending, and some ways
# need a process for each line, which takes too long for thousands of them.
PRINT = "\n_udom_emit() { printf '%s\\n' \"$1\"; }\n_udom_emit_line() { _udom_emit \"$1\"; }\n"

# The strictest options of each shell. They change nothing unless something goes wrong.
STRICT = {"dash": "set -eu", "bash": "set -euo pipefail", "ash": "set -euo pipefail",
          "zsh": "set -euo pipefail; setopt err_return warn_create_global"}

EVERY_TYPE = """
udom_count bot.routes_total 2 player_id=1 status=ok
udom_count bot.routes_total player_id=1 status=ok
udom_gauge depth 10
udom_gauge depth + 5
udom_gauge depth - 2.5
udom_gauge pnl -500
udom_gauge pnl -12.5 k=v
udom_gauge pnl -12.5 k=v
udom_timing wait 250 route=a
udom_observe size 3
udom_set players x
udom_set players y
udom_set players x
udom_gauge gone 1 k=v
udom_expire gone k=v
"""
N_EVERY_TYPE = 15


def url_of(udometer, listener=0):
    host, port = udometer.udp[listener]
    return "udp://%s:%d" % ("[%s]" % host if ":" in host else host, port)


def must_show_every_type(udometer):
    udometer.n_sent = N_EVERY_TYPE
    scrape = udometer.settle()
    assert scrape.value("bot_routes_total", player_id="1", status="ok") == 3
    assert scrape.value("depth") == 12.5
    assert scrape.named("pnl") == [({}, -500), ({"k": "v"}, -12.5)]
    assert scrape.value("wait_sum", route="a") == 0.25
    assert scrape.value("size_sum") == 3
    assert scrape.value("players") == 2
    assert scrape.named("gone") == []
    assert scrape.sum("udometer_refused_total") == 0


# --- they arrive ---


@every_way
def test_samples_arrive_by_udp(shells, start, shell, way):
    # With several, an expiry may overtake the sample before it: README.md, Limits.
    udometer = start("--workers=1")
    wait_for = way != "nc-w"
    script = EVERY_TYPE if wait_for else "\nudom_count bot.routes_total 3 player_id=1"
    found = shells.must_run(shell, STRICT[shell] + script + '\nprintf %s "$_udom_way $_udom_waits"',
                            url=url_of(udometer), way=way)
    assert found == name_of(way) + (" no" if wait_for else " yes")
    if wait_for:
        must_show_every_type(udometer)
    else:
        udometer.n_sent = 1
        assert udometer.settle().value("bot_routes_total", player_id="1") == 3


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no ::1")
@every_way
def test_samples_arrive_by_ipv6(shells, start, shell, way):
    if way == "nc-q of nc.traditional":
        pytest.skip("it has no IPv6")
    udometer = start("--statsd.listen-udp=[::1]:0")
    shells.must_run(shell, "udom_count a 4", url=url_of(udometer), way=way)
    udometer.n_sent = 1
    assert udometer.settle().value("a") == 4


@every_shell
@pytest.mark.parametrize("way", ["udometer", "socat"])
def test_samples_arrive_by_unix_socket(shells, start, folder, shell, way):
    udometer = start("--workers=1", "--statsd.listen-unixgram=%s/s.sock" % folder)
    found = shells.must_run(shell, STRICT[shell] + EVERY_TYPE + 'printf %s "$_udom_way"',
                            url="unix://%s/s.sock" % folder, way=way)
    assert found == way
    must_show_every_type(udometer)


@every_shell
@pytest.mark.parametrize("way", ["udometer", "socat"])
def test_samples_arrive_by_abstract_socket(shells, start, shell, way):
    name = "@udometer-test-%d" % os.getpid()
    udometer = start("--workers=1", "--statsd.listen-unixgram=" + name)
    found = shells.must_run(shell, STRICT[shell] + EVERY_TYPE + 'printf %s "$_udom_way"',
                            url="unix://" + name, way=way)
    assert found == way
    must_show_every_type(udometer)


@every_shell
def test_the_url_may_lack_its_port_and_change(shells, receiver, shell):
    script = """
        udom_count unsent
        printf '%s %s %s\n' "$_udom_way" "$_udom_host" "$_udom_port"
        UDOMETER_URL=$FIRST/; udom_count first
        UDOMETER_URL=$SECOND; udom_count second
        unset UDOMETER_URL; _udom_look
        printf '%s %s\n' "$_udom_host" "$_udom_port" """
    second = Receiver()
    found = shells.must_run(shell, script, url="udp://127.0.0.2", way="socat", FIRST=receiver.url,
                            SECOND=second.url.replace("127.0.0.1", "localhost"))
    assert found == "socat 127.0.0.2 8125\n127.0.0.1 8125\n"
    assert receiver.arrived() == [b"first:1|c"] and second.arrived() == [b"second:1|c"]
    second.close()


@every_shell
def test_every_sample_is_a_datagram(shells, receiver, shell):
    script = "i=0; while [ $i -lt 100 ]; do udom_count a $i; i=$((i + 1)); done"
    shells.must_run(shell, script, url=receiver.url, way="bash" if shell == "bash" else "udometer")
    assert receiver.arrived() == [b"a:%d|c" % i for i in range(100)]


# --- vectors ---


def lines_of(shells, shell, script, **environment):
    """The lines that this script would send."""
    done = shells.run(shell, ("set -eu" + PRINT).encode() + script, **environment)
    assert (done.returncode, done.stderr) == (0, b"") and done.stdout.endswith(b"\n"), done
    return done.stdout[:-1].split(b"\n")


@every_shell
def test_vectors_come_out_the_same(shells, lanes, shell):
    """
    Said by the client and applied by a daemon, each case has the samples that its file says.
    The daemon gets them from us, datagram by datagram, as the client has made them. What no words
    can say, udom_send sends.
    """
    spoken, others = expressible_cases(), other_cases()
    assert len(spoken) >= 500 and len(spoken) + len(others) >= 1500
    scripts = [calls(words) for _, words in spoken] + [pipe(case.raw) for case, _ in others]
    lines = iter(lines_of(shells, shell, b"\n".join(scripts), way="socat"))
    said = {case.raw: b"\n".join(itertools.islice(lines, len(parts)))
            for case, parts in [*spoken, *others]}
    assert next(lines, None) is None and all(said.values())
    test_vectors.try_all(
        lanes, lambda subject, raw: test_vectors.send_udp4(subject, said.get(raw, raw)),
        [case for case, _ in [*spoken, *others]])


@every_shell
def test_what_is_meant_is_said(shells, shell):
    """In the lines that test_send.py passes to a daemon."""
    samples = [words for _, case in meant_cases() for words in case]
    assert lines_of(shells, shell, calls(samples)) == [line_of(*words) for words in samples]


# --- nothing breaks out ---


@every_shell
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_nothing_breaks_a_line(shells, shell, locale):
    """Every nasty word in every place makes one line as documented, or none."""
    samples = list(nasty_samples())
    expected = [line for line in itertools.starmap(line_of, samples) if line]
    assert len(expected) > 900 and not any(b"\n" in line for line in expected)
    assert lines_of(shells, shell, calls(samples), LC_ALL=locale) == expected


@every_shell
def test_nothing_makes_another_series(shells, start, shell):
    """A daemon applies each to the right series, except for what is not UTF-8."""
    udometer = start("--workers=1")
    words = [word for word in NASTY if is_utf8(word)]
    samples = [("count", "only", b"1", b"k=" + word) for word in words]
    shells.must_run(shell, b"set -eu\n" + calls(samples), url=url_of(udometer),
                    way="bash" if shell == "bash" else "udometer")
    udometer.n_sent = len(samples)
    scrape = udometer.settle()
    assert sum(value for _, value in scrape.named("only")) == len(samples)
    assert all(set(labels) <= {"k"} for labels, _ in scrape.named("only"))
    assert scrape.sum("udometer_refused_total") == 0
    own = ("udometer_", "process_")
    assert [name for name in scrape.families if not name.startswith(own)] == ["only"]


def is_utf8(word):
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True


@every_shell
def test_what_is_too_long_is_not_sent(shells, receiver, shell):
    samples = [("count", "n" * 1427), ("count", "n" * 1428),
               ("count", "é" * 713), ("count", "é" * 714),
               ("gauge", "a", "1", "k=" + "v" * 1422), ("gauge", "a", "1", "k=" + "v" * 1423),
               ("gauge", "a", "1", "k=" + "|" * 100000),
               ("gauge", "a", "1", *["k=" + "v" * 500] * 3),
               ("gauge", "a", "1", *["k=" + "😀" * 100] * 4), ("set", "a", "\n" * 100000),
               ("count", "a", "1" * 257), ("count", "last")]
    shells.must_run(shell, calls(samples), url=receiver.url,
                    way="bash" if shell == "bash" else "socat")
    expected = [line for line in itertools.starmap(line_of, samples) if line]
    assert len(expected) == 4 and receiver.arrived() == expected


# --- it never fails the script ---

MISUSE = """
udom_count; udom_count ''; udom_count a b; udom_count a '' k=v
udom_gauge; udom_gauge a; udom_gauge a k=v; udom_timing a 1,5; udom_observe a 0x10
udom_set; udom_set a; udom_set a ''; udom_expire; udom_expire ''
udom_time '' -- :
udom_count a k=v 512; udom_count a 1 status = ok; udom_count a -1; udom_gauge a 1 ''
udom_gauge a +5; udom_gauge a - -5; udom_gauge a -; udom_gauge a + k=v
udom_expire a k=; udom_expire a k; udom_observe a 1 '=v'; udom_time a status = ok -- :
udom_timer_stop a
"""
N_MISUSE = 28
URLS = ["udp://127.0.0.1:1", "unix:///nowhere/at.all", "udp://", "tcp://127.0.0.1:8125", "nonsense",
        "udp://[::1", "udp://::1", "udp://127.0.0.1:x", "udp://127.0.0.1:123456", "unix://relative",
        "udp://-v:1", "udp://a b:1", "udp://a;b:1", "udp://255.255.255.255:9", "udp://0.0.0.0.0:1",
        "unix:///a,b", "udp://240.0.0.1:1", "udp://a/b:1", "unix://@", "unix://@a b"]


@every_way
def test_without_a_server_nothing_happens(shells, shell, way):
    script = STRICT[shell] + EVERY_TYPE + "echo a:1\\|c | udom_send\nudom_time a -- :\necho end"
    for url in URLS:
        found = shells.must_run(shell, script, url=url, way=way)
        assert found == "end\n", url


@every_shell
def test_with_nothing_to_send_by_nothing_happens(shells, shell):
    script = STRICT[shell] + EVERY_TYPE + "echo a:1 | udom_send; udom_time a -- :; echo end"
    assert shells.must_run(shell, script, way="none", url="udp://127.0.0.1:1") == "end\n"


@every_shell
def test_misuse_sends_nothing_and_is_told_on_request(shells, receiver, shell):
    script = STRICT[shell] + MISUSE + "echo end"
    assert shells.must_run(shell, script, url=receiver.url) == "end\n"
    assert receiver.arrived() == []
    done = shells.run(shell, script, url=receiver.url, UDOMETER_DEBUG="1")
    assert done.returncode == 0 and done.stdout == b"end\n"
    assert done.stderr.count(b"udometer.sh: not sent: ") == N_MISUSE
    for what in (b"512: expected key=value", b"ok: expected key=value", b"-1: a counter cannot",
                 b"k=: the tag has no value", b"=v: the key is empty", b"0x10: not a number"):
        assert b"not sent: " + what in done.stderr
    told = shells.run(shell, "udom_count a", url="nonsense", UDOMETER_DEBUG="1").stderr
    assert b"UDOMETER_URL=nonsense: expected" in told
    told = shells.run(shell, "udom_count a", url=receiver.url, way="none",
                      UDOMETER_DEBUG="1").stderr
    assert b"found none of" in told


@every_shell
@pytest.mark.parametrize("way", ["udometer", "socat"])
def test_a_daemon_that_hangs_holds_up_nobody(shells, folder, shell, way):
    """Its queue is full; what is sent then is lost, and the client does not wait."""
    stuck = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    stuck.bind(folder + "/stuck")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
        filler.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                filler.sendto(b"x:1|c", folder + "/stuck")
    found = shells.must_run(shell, "udom_count a; echo a:1 | udom_send; echo end",
                            url="unix://%s/stuck" % folder, way=way)
    assert found == "end\n"
    stuck.close()


OPTIONS = {
    "dash": ["set -f", "set -C", "set -a"],
    "bash": ["set -f", "set -C", "set -a", "set -m", "set -o posix", "shopt -s nocasematch",
             "shopt -s extglob nullglob", "shopt -u globasciiranges",
             "set -E; trap 'echo wrong' ERR"],
    "ash": ["set -f", "set -C", "set -a"],
    "zsh": ["setopt ksh_arrays", "setopt extended_glob", "setopt force_float", "setopt glob_subst",
            "setopt csh_null_glob", "setopt warn_nested_var", "setopt rc_expand_param",
            "unsetopt multibyte", "unsetopt function_argzero", "emulate ksh"]}


@pytest.mark.parametrize("shell, option", [
    (shell, option) for shell, options in OPTIONS.items()
    for option in [*options, "IFS=", "IFS=,", "IFS=a_:0", "IFS=-n1236", "unset IFS"]])
def test_it_works_with_options_of_the_scripts(shells, receiver, shell, option):
    script = option + EVERY_TYPE + "echo a:1 | udom_send; udom_time a k=v -- :;"
    shells.must_run(shell, script, url=receiver.url, way="bash" if shell == "bash" else "udometer")
    *arrived, time = receiver.arrived()
    assert len(arrived) == N_EVERY_TYPE + 1 and time.startswith(b"a:")
    assert arrived[0] == b"bot.routes_total:2|c|#player_id:1,status:ok"
    samples = list(nasty_samples())[::9]
    expected = [line for line in itertools.starmap(line_of, samples) if line]
    done = shells.run(shell, (option + PRINT).encode() + calls(samples))
    assert done.stdout.splitlines() == expected and done.stderr == b""


# --- it never holds up the script, and leaves no files or processes ---


def make_slow(folder, go, done):
    """A udometer that waits until a file exists."""
    folder.mkdir()
    (folder / "udometer").write_text("#!/bin/sh\nwhile [ ! -e %s ]; do %s 0.01; done\necho >%s\n"
                                     % (go, shutil.which("sleep"), done))
    (folder / "udometer").chmod(0o755)


@every_shell
def test_a_name_is_looked_up_by_somebody_else(shells, tmp_path, shell):
    """
    The script ends, its output is closed, and its other files are free, while the look-up
    still goes on. It has no children, and so no zombies either.
    """
    go, done, lock = tmp_path / "go", tmp_path / "done", tmp_path / "lock"
    make_slow(tmp_path / "slow", go, done)
    script = STRICT[shell] + """
        exec 9>%s; udom_count a; echo b:1 | udom_send
        printf '%%s %%s' "$_udom_way" "$_udom_waits"
        x=; read x </proc/$$/task/$$/children || [ -z "$x" ]; printf ' <%%s>' "$x" """ % lock
    found = shells.must_run(shell, script, url="udp://a.name", PATH=str(tmp_path / "slow"))
    assert found == "udometer yes <>"
    assert not done.exists()
    assert not [link for link in pathlib.Path("/proc").glob("[0-9]*/fd/*") if points_to(link, lock)]
    go.touch()
    wait_until(done.exists, "the look-up ends")


def points_to(link, path):
    try:
        return os.readlink(link) == str(path)
    except OSError:
        return False


@every_shell
def test_what_may_be_looked_up_is_not_waited_for(shells, shell):
    hosts = {"no": ["127.0.0.1", "255.249.199.0", "[::1]", "[2001:db8::1]", "localhost"],
             "yes": ["a", "a.b", "localhost.a", "256.1.1.1", "1.260.1.1", "1.1.300.1", "1.1.1.1000",
                     "1.1.1.1.1", "1.1.1", "1", "0x7f.0.0.1", "1.1.1.a"]}
    for waits, names in hosts.items():
        for name in names:
            script = "_udom_find_way 'udp://%s'; printf '%%s %%s' $_udom_way $_udom_waits" % name
            assert shells.must_run(shell, script) == "udometer " + waits, name


@every_shell
def test_by_name_it_arrives_too(shells, start, shell):
    udometer = start("--statsd.listen-udp=:0")
    url = "udp://%s:%d" % (socket.gethostname(), udometer.udp[0][1])
    for way in ways_of(shell):
        shells.must_run(shell, "udom_count a", url=url, way=way)
    udometer.n_sent = len(ways_of(shell))
    assert udometer.settle().value("a") == len(ways_of(shell))


@every_way
def test_it_reads_nothing_of_the_scripts_input(shells, receiver, shell, way):
    script = "while read -r x; do udom_count a; udom_time b -- :; echo $x; done"
    found = shells.must_run(shell, script, url=receiver.url, way=way, stdin=b"1\n2\n3\n")
    assert found == "1\n2\n3\n"


@every_shell
def test_a_trap_on_exit_runs_once(shells, receiver, shell):
    script = "trap 'echo bye' EXIT\nudom_count a; echo b:1 | udom_send\nudom_time c -- :"
    assert shells.must_run(shell, script, url=receiver.url) == "bye\n"
    assert shells.must_run(shell, script, url="udp://a.name.invalid") == "bye\n"


@every_shell
@pytest.mark.parametrize("place", ["_udom_look", "_udom_fits", "_udom_measure"])
def test_a_trap_may_send_in_the_middle_of_another_sample(shells, shell, place):
    """A signal may arrive there: no line is made from parts of two."""
    body = "_udom_bytes=9" if place == "_udom_measure" else ":"
    script = PRINT + """
        busy=
        %s() {
            if [ -z "$busy" ]; then
                busy=yes; udom_set trap,ped 'm|' 'from=the trap' z=z; busy=
            fi
            %s
        }
        udom_count 'the|loop' 1 'from=the,loop' a=a b=b k=%s""" % (place, body, "é" * 400)
    *trapped, last = shells.must_run(shell, script).splitlines()
    assert last == "the_loop:1|c|#from:the_loop,a:a,b:b,k:" + "é" * 400
    assert trapped and set(trapped) == {"trap_ped:m_|s|#from:the trap,z:z"}


@every_shell
def test_it_leaves_no_names_of_others(shells, receiver, shell):
    listing = {"zsh": "typeset +m '*'; set -o; print -l ${(k)functions}"}.get(
        shell, "set; set -o; alias; trap")
    if shell == "bash":
        listing = "(set -o posix; set); set -o; shopt; trap; declare -F"
    use = EVERY_TYPE + "echo a:1 | udom_send; udom_time a k=v -- :; udom_timer_start a; " \
        "UDOMETER_PREFIX=p; UDOMETER_TAGS=k=v; DD_TAGS='a:b c'; udom_timer_stop a;"
    script = "list() { %s\n}; x=''; list >before; list >before; %s list >after" % (listing, use)
    shells.must_run(shell, "cd %s\n" % shells.directory + script, url=receiver.url)
    before, after = (set((shells.directory / name).read_text().splitlines())
                     for name in ("before", "after"))
    volatile = ("_=", "_udom_", "UDOMETER_", "DD_TAGS", "PIPESTATUS=", "BASH_LINENO", "FUNCNAME",
                "RANDOM=", "SECONDS=", "LINENO=", "EPOCH", "SRANDOM=", "BASH_")
    assert [line for line in after ^ before if not line.startswith(volatile)] == []
    assert len(after) > 20


@every_shell
def test_sourcing_leaves_only_names_of_ours(shells, shell):
    script = "set | grep -a '^[A-Za-z_]*=' | cut -d= -f1"
    client = [*shells.argv(shell), "-c"]
    sets = [set(subprocess.run([*client, start + script], capture_output=True,
                               text=True).stdout.split())
            for start in ("", ". %s; " % CLIENT)]
    new = sets[1] - sets[0]
    new -= {"_", "PIPESTATUS"}
    assert len(new) > 10 and all(name.startswith("_udom_") for name in new), new


# --- many lines ---

LINES = [b"bot.%d:%d|c|#player:%d" % (i % 7, i, i * 31) for i in range(700)]
ODD_LINES = [b"", "é".encode() * 300 + b":1|c", b"x" * 1428 + b":1|c", b"y" * 1427 + b":1|c",
             b"z" * 5000, b"  a\\nb %s \\c$x `y`:1|g  ", "😀".encode() * 357 + b"12", b"",
             *TIGHT_LINES, b"last:1|c"]


@every_way
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_standard_input_is_packed(shells, receiver, shell, way, end):
    lines = LINES + ODD_LINES + LINES[:3]
    shells.must_run(shell, STRICT[shell] + "\nudom_send", url=receiver.url, way=way,
                    stdin=b"\n".join(lines) + end)
    expected = datagrams_of(lines)
    assert len(expected) < 30 and max(map(len, expected)) == 1431
    arrived = receiver.wait(len(expected)) if way == "nc-w" else receiver.arrived()
    assert sorted(arrived) == sorted(expected) if way == "nc-w" else arrived == expected


@every_shell
@pytest.mark.parametrize("way, url", [("none", "udp://127.0.0.1:1"),
                                      ("udometer", "unix:///not/there"),
                                      ("udometer", "nonsense"), ("socat", "udp://127.0.0.1:1")])
def test_who_writes_is_never_cut_short(shells, shell, way, url):
    script = """
        set -e
        { i=0; while [ $i -lt 5000 ]; do echo "a.metric.with.a.name:$i|c"; i=$((i + 1)); done
          echo end >&2; } | udom_send"""
    done = shells.run(shell, script, way=way, url=url)
    assert (done.returncode, done.stderr) == (0, b"end\n")


# --- time ---


@every_shell
def test_time_keeps_status_input_and_output(shells, receiver, shell):
    script = STRICT[shell] + """
        three() { local line; read -r line; echo "three got $line $*"; return 3; }
        code=0; udom_time job.time route=a -- three 'x  y' z || code=$?; echo $code
        code=0; udom_time job.time -- /no/such/program 2>/dev/null || code=$?; echo $code
        udom_time job.time -- echo fine; echo $?
        udom_time '' -- echo without name; udom_time a,b 'k|=1' -- echo odd
        code=0; udom_time outer -- udom_time inner -- three -- || code=$?; echo $code
        if udom_time job.time -- false; then echo wrong; else echo false; fi
        (exit 4) || udom_time last -- echo end"""
    found = shells.must_run(shell, script, url=receiver.url, stdin=b"one\ntwo\n")
    assert found == ("three got one x  y z\n3\n127\nfine\n0\nwithout name\nodd\n"
                     "three got two --\n3\nfalse\nend\n")
    arrived = [datagram.decode() for datagram in receiver.arrived()]
    times = [float(line.split(":")[1].split("|")[0]) for line in arrived]
    assert all(0 <= time < DEADLINE * 1000 for time in times)
    assert [line.split(":")[0] + line.partition("|ms|#")[2] for line in arrived] == [
        "job.time" + "route:a,status:error", "job.timestatus:error", "job.timestatus:ok",
        "a_b" + "k_:1,status:ok", "innerstatus:error", "outerstatus:error",
        "job.timestatus:error", "laststatus:ok"]


@every_shell
def test_a_status_that_is_given_stays(shells, receiver, shell):
    script = STRICT[shell] + """
        udom_time a k=v status=late -- :
        udom_time b status= k=v -- false || :
        udom_time c status= -- :
        udom_time d statuses=1 -- false || :
        UDOMETER_TAGS=status=x; udom_time e k=v -- :
        UDOMETER_TAGS=l=w; udom_time f k=v -- :"""
    shells.must_run(shell, script, url=receiver.url)
    assert [line.split(b":")[0] + line.partition(b"|ms")[2] for line in receiver.arrived()] == [
        b"a|#k:v,status:late", b"b|#k:v", b"c", b"d|#statuses:1,status:error", b"e|#status:x,k:v",
        b"f|#l:w,k:v,status:ok"]


@every_shell
def test_a_timer_observes_what_is_between(shells, receiver, shell):
    """Several may run at once; one that is started again begins again."""
    script = STRICT[shell] + """
        udom_timer_start outer; udom_timer_start 'in|ner'; udom_timer_start outer.x
        udom_timer_start again; %s 0.15
        udom_timer_start again; udom_timer_stop again
        udom_timer_stop 'in|ner' 'k=a,b' l=w; udom_timer_stop outer; udom_timer_stop outer.x
        udom_timer_stop outer; udom_timer_stop never; udom_timer_stop; udom_timer_start""" \
        % shutil.which("sleep")
    shells.must_run(shell, script, url=receiver.url)
    arrived = [line.split(b"|ms") for line in receiver.arrived()]
    assert [head.split(b":")[0] + rest for head, rest in arrived] == [
        b"again", b"in_ner|#k:a_b,l:w", b"outer", b"outer.x"]
    times = [float(head.split(b":")[1]) for head, _ in arrived]
    assert times[0] < times[1] and min(times[1:]) >= 140


@every_shell
def test_a_timer_that_does_not_run_is_told_on_request(shells, receiver, shell):
    script = "udom_timer_stop a; udom_timer_start a; udom_timer_stop a 1; udom_timer_stop a\n" \
        "udom_timer_stop"
    done = shells.run(shell, script, url=receiver.url, UDOMETER_DEBUG="1")
    assert (done.returncode, done.stdout, receiver.arrived()) == (0, b"", [])
    assert done.stderr.count(b"was not started") == 3
    assert done.stderr.count(b"1: expected key=value") == 1


@every_shell
def test_prefix_and_tags_may_change(shells, receiver, shell):
    script = STRICT[shell] + """
        udom_count a
        UDOMETER_PREFIX=p. UDOMETER_TAGS=k=v; udom_gauge a -2; udom_expire a l=w
        UDOMETER_TAGS=k=w; udom_count a; unset UDOMETER_PREFIX; udom_count a
        DD_ENV=prod; udom_count a l=w; unset UDOMETER_TAGS DD_ENV; udom_count a
        UDOMETER_PREFIX=p.; echo a:1 | udom_send
        UDOMETER_PREFIX=%s; udom_count %s; UDOMETER_PREFIX=; udom_count last""" \
        % ("p" * 700, "n" * 728)
    shells.must_run(shell, script, url=receiver.url)
    assert receiver.arrived() == [
        b"a:1|c", b"p.a:0:-2|g|#k:v", b"p.a:1|x|#k:v,l:w", b"p.a:1|c|#k:w", b"a:1|c|#k:w",
        b"a:1|c|#env:prod,k:w,l:w", b"a:1|c", b"a:1", b"last:1|c"]


@every_shell
def test_time_is_that_of_the_command(shells, receiver, shell):
    sleep = shutil.which("sleep")
    path = shells.path("udometer")
    for clock in ([], ["date"]):
        for program in clock:
            (path / program).symlink_to(shutil.which(program))
        shells.must_run(shell, "udom_time a -- %s 0.2" % sleep, url=receiver.url)
        milliseconds = float(receiver.arrived()[0].split(b":")[1].split(b"|")[0])
        assert 190 <= milliseconds < 200 + DEADLINE * 1000


@every_shell
def test_a_status_goes_on_to_end_the_script(shells, receiver, shell):
    done = shells.run(shell, "set -e\nudom_time a -- sh -c 'exit 5'\necho wrong", url=receiver.url,
                      PATH="/usr/bin:/bin")
    assert done.returncode == 5 and done.stdout == b""


@every_shell
@pytest.mark.parametrize("call", ["udom_time", "udom_time a", "udom_time a --",
                                  "udom_time a k=v true"])
def test_time_without_a_command_is_a_mistake(shells, receiver, shell, call):
    done = shells.run(shell, call, url=receiver.url)
    assert done.returncode == 2 and b"expected NAME" in done.stderr
    assert receiver.arrived() == []


# --- as a command ---


@every_shell
def test_it_is_a_command_too(shells, receiver, shell):
    words = [("count", "a"), ("count", "a", "2", "k=v w"), ("gauge", "a", "+", "5"),
             ("timing", "a", "1"), ("observe", "a", "1"), ("set", "a", "b c"),
             ("expire", "a", "k=v"), ("count", "a", "x")]
    for line in words:
        done = shells.run_command(shell, *line, url=receiver.url)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), done
    assert receiver.arrived() == [line for line in itertools.starmap(line_of, words) if line]
    for dash in (["-"], []):
        done = shells.run_command(shell, *dash, url=receiver.url, stdin=b"a:1|c\nb:2|c")
        assert done.returncode == 0
        assert receiver.arrived() == [b"a:1|c\nb:2|c"]
    done = shells.run_command(shell, "time", "a", "--", "/bin/sh", "-c", "exit 6", url=receiver.url)
    assert done.returncode == 6 and receiver.arrived()[0].endswith(b"|ms|#status:error")


@every_shell
def test_wrong_words_are_told(shells, receiver, shell):
    done = shells.run_command(shell, "cuont", "a", PATH="/bin")
    assert done.returncode == 2 and b"Usage: udometer.sh" in done.stderr
    done = shells.run_command(shell, "--help", PATH="/bin")
    assert done.returncode == 0 and b"Usage: udometer.sh" in done.stdout


def test_the_file_runs_by_itself(receiver):
    environment = {"PATH": "/usr/bin:/bin", "UDOMETER_URL": receiver.url}
    subprocess.run([str(CLIENT), "count", "a"], env=environment, check=True)
    assert receiver.arrived() == [b"a:1|c"]


# --- the example ---


@every_shell
@pytest.mark.parametrize("dialect", ["statsd", "dogstatsd"])
def test_a_gauge_is_set_below_zero_in_both_dialects(shells, start, shell, dialect):
    udometer = start("--statsd.dialect=" + dialect)
    script = "udom_gauge pnl 7; udom_gauge pnl -12.5; udom_gauge pnl -12.5; udom_gauge pnl -12.25"
    shells.must_run(shell, script, url=url_of(udometer), way="bash" if shell == "bash" else "socat")
    udometer.n_sent = 4
    assert udometer.settle().value("pnl") == -12.25


@every_shell
@pytest.mark.parametrize("dialect", ["statsd", "dogstatsd"])
def test_the_example_bot_runs(shells, start, shell, dialect):
    udometer = start("--statsd.dialect=" + dialect)
    bot = CLIENT.with_name("example_bot.sh")
    assert len(bot.read_text().splitlines()) < 60
    path = "%s:/usr/bin:/bin" % shells.path("udometer")
    subprocess.run([*shells.argv(shell), str(bot)],
                   input=b"1 coal\n2 iron\n1 nowhere\n", check=True,
                   env={"PATH": path, "UDOMETER_URL": url_of(udometer)})
    udometer.n_sent = 21
    scrape = udometer.settle()
    assert scrape.value("bot_routes_total", player_id="1", status="completed") == 1
    assert scrape.value("bot_routes_total", player_id="1", status="failed") == 1
    assert scrape.value("bot_route_duration_count", route="nowhere", status="error") == 1
    assert scrape.value("bot_route_duration_count", route="coal", status="ok") == 1
    assert scrape.value("bot_players") == 2
    assert scrape.value("bot_up") == 0
    assert scrape.value("bot_route_name_bytes_sum") == 15
    assert scrape.value("bot_queue_depth") == 0
