# SPDX-License-Identifier: Apache-2.0
"""How the daemon starts, and what it reports if it cannot."""

import json
import os
import socket

import pytest

from harness import HAS_IPV6, Udometer, host_and_port, read_log, run

FREE_UDP = "--statsd.listen-udp=127.0.0.1:0"
FREE_HTTP = "--web.listen-address=127.0.0.1:0"


def the_one_line(text):
    lines = text.splitlines()
    assert len(lines) == 1, text
    return lines[0]


# --- wrong flags ---


WRONG_FLAGS = [
    # flags, words that the line must have
    (["--no-such-flag"], ["--no-such-flag", "--help"]),
    (["--no-such-flag=1"], ["--no-such-flag", "--help"]),
    (["--workers"], ["--workers", "value"]),
    (["--workers="], ["--workers", "expected"]),
    (["--workers=many"], ["--workers", "many", "expected"]),
    (["--workers=-1"], ["--workers", "-1", "expected"]),
    (["--workers=1.5"], ["--workers", "1.5", "expected"]),
    (["--workers=99999999999999999999"], ["--workers", "expected"]),
    (["--statsd.listen-udp=nonsense"], ["--statsd.listen-udp", "nonsense", "HOST:PORT"]),
    (["--statsd.listen-udp=127.0.0.1"], ["--statsd.listen-udp", "HOST:PORT"]),
    (["--statsd.listen-udp=127.0.0.1:99999"], ["--statsd.listen-udp", "99999", "HOST:PORT"]),
    (["--statsd.listen-udp=127.0.0.1:-1"], ["--statsd.listen-udp", "HOST:PORT"]),
    (["--statsd.listen-udp=127.0.0.1:http"], ["--statsd.listen-udp", "HOST:PORT"]),
    (["--statsd.listen-udp=[::1:8125"], ["--statsd.listen-udp", "HOST:PORT"]),
    (["--statsd.listen-udp=x"], ["--statsd.listen-udp", "HOST:PORT"]),
    (["--statsd.listen-tcp=127.0.0.1:0?dialect=x"],
     ["--statsd.listen-tcp", "?dialect=statsd|dogstatsd"]),
    (["--statsd.listen-unixgram=unix:///tmp/x"], ["--statsd.listen-unixgram", "only the path"]),
    (["--statsd.unixsocket-mode=rw"], ["--statsd.unixsocket-mode", "0660"]),
    (["--limit.labels=257"], ["--limit.labels", "1 to 256"]),
    (["--web.listen-address=256.0.0.1:1"], ["--web.listen-address", "unknown host"]),
    (["--statsd.listen-udp=no-host.invalid:1"], ["--statsd.listen-udp", "unknown host"]),
    (["--web.telemetry-path=metrics"], ["--web.telemetry-path", "/metrics"]),
    (["--web.telemetry-path=/"], ["--web.telemetry-path", "/metrics"]),
    (["--web.telemetry-path=/-/ready"], ["--web.telemetry-path", "/metrics"]),
    (["--web.telemetry-path=/api/v1/refused"], ["--web.telemetry-path", "another page"]),
    (["--web.self-metrics-path=self"], ["--web.self-metrics-path", "/metrics"]),
    (["--web.self-metrics-path=/metrics"], ["--web.self-metrics-path=/metrics", "other than"]),
    (["--statsd.read-buffer=1XB"], ["--statsd.read-buffer", "1XB", "MiB"]),
    (["--statsd.read-buffer=-1"], ["--statsd.read-buffer", "MiB"]),
    (["--statsd.ttl=5"], ["--statsd.ttl", "90s"]),
    (["--statsd.ttl=-5s"], ["--statsd.ttl", "90s"]),
    (["--limit.series=0x10"], ["--limit.series", "0x10"]),
    (["--limit.series-memory=lots"], ["--limit.series-memory", "lots"]),
    (["--log.level=loud"], ["--log.level", "loud", "debug", "error"]),
    (["--log.format=xml"], ["--log.format", "xml", "logfmt", "json"]),
    (["--check-config=maybe"], ["--check-config"]),
    (["--help=please"], ["--help"]),
    (["argument"], ["argument", "--help"]),
    (["sned", "count", "a"], ["sned: unknown command; did you mean udometer send?"]),
    (["--log.level=info", "explain", "a:1|c"], ["explain: a command is the first word"]),
    (["--", "--workers=1"], ["--workers=1: expected nothing after --"]),
    (["help"], ["help: unknown flag; did you mean --help?"]),
    (["check-config"], ["did you mean --check-config?"]),
    (["workers=3"], ["did you mean --workers?"]),
    (["--statsd.cache-size", "1000"], ["statsd_exporter", "--limit.key-memory"]),
    (["-c", "config.json"], ["brubeck", "--config.file"]),
    (["--port=8125"], ["--port=8125", "--statsd.listen-udp"]),
    (["-workers=1"], ["workers"]),
    ([""], ["--help"]),
]


@pytest.mark.parametrize("flags, words", WRONG_FLAGS, ids=[" ".join(f[0]) for f in WRONG_FLAGS])
def test_a_wrong_flag_is_told_in_one_line_and_status_2(flags, words):
    done = run(*flags)
    line = the_one_line(done.stderr)
    assert done.returncode == 2 and not done.stdout
    assert all(word in line for word in words), line


def test_more_listeners_than_there_is_room_for_are_a_wrong_flag():
    done = run(*[FREE_UDP] * 100)
    assert done.returncode == 2
    assert "--statsd.listen-udp" in the_one_line(done.stderr)


@pytest.mark.parametrize("variable, value", [
    ("UDOMETER_WORKERS", "many"), ("UDOMETER_STATSD_LISTEN_UDP", "nonsense"),
    ("UDOMETER_STATSD_READ_BUFFER", "x"), ("UDOMETER_LOG_LEVEL", "loud")])
def test_a_wrong_variable_is_told_in_one_line_and_status_2(variable, value):
    done = run(environment={variable: value})
    assert done.returncode == 2
    assert variable in the_one_line(done.stderr) and value in done.stderr


VARIABLES = {"UDOMETER_WORKRS": "3", "UDOMETER_CHECK_CONFIG": "true", "UDOMETER_URL": "udp://x",
             "UDOMETER_SERVICE_HOST": "10.0.0.11", "UDOMETER_LOG_LEVEL": ""}
WARNINGS = {"UDOMETER_WORKRS: sets nothing; did you mean UDOMETER_WORKERS?",
            "UDOMETER_CHECK_CONFIG: sets nothing; use the flag --check-config"}


@pytest.mark.parametrize("command", [["--check-config"], ["explain", "a:1|c"]])
def test_variables_that_set_nothing_are_warned_of(command):
    done = run(*command, environment=VARIABLES)
    assert done.returncode == 0 and done.stdout
    assert {line.partition(" warning: ")[2] for line in done.stderr.splitlines()} == WARNINGS


def test_variables_that_set_nothing_are_warned_of_in_the_log(start):
    log = start(environment=VARIABLES).log()
    warnings = [record for record in log if record["msg"] == "the config has something doubtful"]
    assert {r["problem"] for r in warnings} == WARNINGS
    assert {r["level"] for r in warnings} == {"warn"}


# --- things that do not exist ---


def cannot_listen(done):
    """The one error line of a udometer that could not open something."""
    assert done.returncode == 1
    errors = [record for record in read_log(done.stderr) if record.get("level") == "error"]
    assert len(errors) == 1, done.stderr
    assert not any(record.get("msg") == "ready" for record in read_log(done.stderr))
    return errors[0]


def test_a_udp_port_in_use_by_another_udometer_is_told(udometer):
    """Both would have SO_REUSEPORT: without a check, the second gets half of the datagrams."""
    address = "127.0.0.1:%d" % udometer.udp[0][1]
    error = cannot_listen(run("--statsd.listen-udp=" + address, FREE_HTTP))
    assert error["address"] == address and error["flag"] == "--statsd.listen-udp"
    assert "in use" in error["error"] and error["hint"]
    for _ in range(20):
        udometer.send("hits_total:1|c", flow=udometer.new_flow())
    assert udometer.settle().value("hits_total") == 20


@pytest.mark.parametrize("share", [False, True], ids=["plain", "reuseport"])
def test_a_udp_port_in_use_by_a_plain_socket_is_told(share):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        if share:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % other.getsockname()[1]
        error = cannot_listen(run("--statsd.listen-udp=" + address, FREE_HTTP))
        assert error["address"] == address and error["flag"] == "--statsd.listen-udp"


def test_one_udp_address_given_twice_is_told():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % other.getsockname()[1]
    flag = "--statsd.listen-udp=" + address
    done = run(flag, flag, FREE_HTTP)
    assert done.returncode in (1, 2)
    assert address in done.stderr.splitlines()[-1]


def test_an_http_port_in_use_is_told(udometer):
    address = "127.0.0.1:%d" % udometer.http[1]
    error = cannot_listen(run(FREE_UDP, "--web.listen-address=" + address))
    assert error["address"] == address and error["flag"] == "--web.listen-address"
    assert "in use" in error["error"] and error["hint"]


def test_an_address_of_another_machine_is_told():
    error = cannot_listen(run("--statsd.listen-udp=192.0.2.1:8125", FREE_HTTP))
    assert error["address"] == "192.0.2.1:8125" and error["flag"] == "--statsd.listen-udp"


def test_a_missing_folder_of_a_socket_is_named(tmp_path):
    missing = str(tmp_path / "missing")
    flag = "--statsd.listen-unixgram=%s/a/socket" % missing
    error = cannot_listen(run(flag, FREE_UDP, FREE_HTTP))
    assert "no folder %s;" % missing in error["hint"]


# --- the config file ---


@pytest.fixture
def config(tmp_path):
    def write(text):
        path = tmp_path / "udometer.yml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def config_error(path):
    done = run("--config.file=" + path, "--check-config")
    assert done.returncode == 1 and not done.stdout
    line = the_one_line(done.stderr)
    assert path in line
    return line


def test_a_missing_config_file_is_told(tmp_path):
    line = config_error(str(tmp_path / "nope.yml"))
    assert "No such file" in line and "--config.file" in line


def test_a_missing_folder_of_a_config_file_is_named(tmp_path):
    line = config_error(str(tmp_path / "a" / "b" / "c.yml"))
    assert "there is no folder %s/a;" % tmp_path in line


def test_a_config_file_that_cannot_be_read_is_told(tmp_path):
    assert "irectory" in config_error(str(tmp_path))


@pytest.mark.parametrize("text, where, words", [
    ("statsd.listen-udp: [127.0.0.1:0\n", ":2:1:", []),
    ("workers: [1]\n", ":1:10:", ["workers", "list"]),
    ("workers: 1\nno-such-key: 3\n", ":2:", ["no-such-key"]),
    ("\n\nworkers: many\n", ":3:10:", ["workers", "many", "expected"]),
    ("statsd.listen-udp:\n  - 127.0.0.1:0\n  - nonsense\n", ":3:5:", ["nonsense", "HOST:PORT"]),
    ("statsd:\n  listen-udp: nonsense\n", ":2:15:", ["nonsense", "HOST:PORT"]),
    ("- workers\n", ":1:1:", []),
    ("workers: {a: b}\n", ":1:", ["workers"]),
    ("workers: 1\n\tttl: 1\n", ":2:", []),
    ("workers: \"1\n", ":2:1:", []),
    (b"workers: \xff\xfe\n", ":1:", []),
    (b"workers: 1\x00\n", ":1:", []),
    ("workers: *nothing\n", ":1:", []),
    ("workers: 1\nworkers: 2\n", ":2:", ["workers"]),
    ("a: &a [*a]\n", ":1:", []),
    ("config.file: other.yml\n", ":1:", ["config.file"]),
])
def test_a_wrong_config_file_is_told_with_line_and_column(config, text, where, words):
    path = config(text)
    line = config_error(path)
    assert path + where in line, line
    assert all(word in line for word in words), line


WRONG_IN_ALL_WAYS = """\
workrs: 2
statsd:
  ttl: soon
  ttl: 5m
  listen-udp: [127.0.0.1:0, nonsense]
limit: 7
log.level:
  - info
"""


@pytest.mark.parametrize("flags", [[], ["--check-config"]], ids=["start", "check"])
def test_all_that_is_wrong_with_a_config_file_is_told(config, flags):
    path = config(WRONG_IN_ALL_WAYS)
    done = run("--config.file=" + path, *flags)
    assert done.returncode == 1 and not done.stdout
    lines = done.stderr.splitlines()
    places = ["1:1", "3:8", "4:3", "5:29", "6:8", "8:3"]
    assert [line.split(": ", 2)[1] for line in lines] == ["%s:%s" % (path, p) for p in places]
    assert all(line.startswith("udometer: ") for line in lines)
    assert lines[0].endswith("workrs: unknown setting; did you mean workers?")
    assert "statsd.ttl: soon: expected a duration" in lines[1]


@pytest.mark.parametrize("flags", [[], ["--check-config"]], ids=["start", "check"])
def test_all_that_is_wrong_with_file_variables_and_flags_is_reported(config, flags):
    path = config(WRONG_IN_ALL_WAYS)
    done = run("--config.file=" + path, "--workrs", "5", "--limit.series=x",
               "--statsd.listen-udp=a", "stray", *flags,
               environment={"UDOMETER_LOG_LEVEL": "loud", "UDOMETER_LIMIT_LABELS": "257"})
    assert done.returncode == 2 and not done.stdout
    lines = done.stderr.splitlines()
    assert all(line.startswith("udometer: " + path + ":") for line in lines[:6])
    assert lines[6:] == [
        "udometer: UDOMETER_LIMIT_LABELS=257: expected a whole number from 1 to 256",
        "udometer: UDOMETER_LOG_LEVEL=loud: expected debug, info, warn or error",
        "udometer: --workrs: unknown flag; did you mean --workers?",
        "udometer: --limit.series=x: expected a whole number from 1 to 1000000000",
        "udometer: --statsd.listen-udp=a: expected HOST:PORT, for example 127.0.0.1:8125, "
        "[::1]:8125 or :8125",
        "udometer: stray: expected a flag, --NAME=VALUE; see udometer --help"]


def test_explain_reports_all_problems_too(config):
    done = run("explain", "--config.file=" + config("workrs: 2\n"), "--limit.labels=257", "a:1|c",
               environment={"UDOMETER_LOG_LEVEL": "loud"})
    assert done.returncode == 2 and not done.stdout
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == ["udometer explain"] * 3


def test_of_very_many_problems_the_first_are_told(config):
    done = run("--config.file=" + config("".join("x%d: 1\n" % n for n in range(150))))
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and len(lines) == 101
    assert lines[-1] == "udometer: … and 50 more"


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "---\n", "{}\n"])
def test_an_empty_config_file_is_fine(config, text):
    assert run("--config.file=" + config(text), "--check-config").returncode == 0


def test_the_config_file_sets_what_flags_do(start, config):
    path = config("statsd.listen-udp: [127.0.0.1:0, 127.0.0.1:0]\nworkers: 3\n"
                  "web.telemetry-path: /numbers\n")
    udometer = start("--config.file=" + path, FREE_HTTP, free_ports=False)
    assert len(udometer.udp) == 2
    assert workers_of(udometer) == "3"
    udometer.scrape("/numbers")


def workers_of(udometer):
    return next(r["workers"] for r in udometer.log() if r["msg"] == "ready")


# --- sources ---


def test_variables_set_what_flags_do(start):
    environment = {"UDOMETER_WORKERS": "3", "UDOMETER_LOG_LEVEL": "info",
                   "UDOMETER_STATSD_LISTEN_UDP": "127.0.0.1:0",
                   "UDOMETER_WEB_LISTEN_ADDRESS": "127.0.0.1:0",
                   "UDOMETER_WEB_TELEMETRY_PATH": "/numbers"}
    udometer = start(environment=environment, free_ports=False)
    assert workers_of(udometer) == "3"
    udometer.scrape("/numbers")


def test_flags_beat_variables_beat_the_file_beats_defaults(start, config):
    file = "--config.file=" + config("workers: 2\nlimit.series: 1\n")
    assert workers_of(start(file)) == "2"
    environment = {"UDOMETER_WORKERS": "3"}
    assert workers_of(start(file, environment=environment)) == "3"
    assert workers_of(start(file, "--workers=4", environment=environment)) == "4"


def test_a_list_of_a_higher_source_replaces_the_lower_one(start):
    udometer = start("--statsd.listen-udp=127.0.0.1:0",
                     environment={"UDOMETER_STATSD_LISTEN_UDP": "192.0.2.1:8125"})
    assert len(udometer.udp) == 1


def test_the_last_of_a_flag_wins(start):
    assert workers_of(start("--workers=2", "--workers=3")) == "3"


def test_a_value_may_be_an_argument_of_its_own(start):
    assert workers_of(start("--workers", "3")) == "3"


# --- what it can say ---


def test_check_config_says_yes_and_opens_nothing(udometer):
    in_use = "127.0.0.1:%d" % udometer.http[1]
    done = run("--check-config", "--web.listen-address=" + in_use)
    assert done.returncode == 0 and not done.stderr
    assert the_one_line(done.stdout)


def test_print_config_names_sources_and_opens_nothing(udometer, config):
    in_use = "127.0.0.1:%d" % udometer.http[1]
    path = config("statsd:\n  ttl: 90s\nlog.level: warn\n")
    done = run("--print-config", "--config.file", path, "--web.listen-address=" + in_use,
               environment={"UDOMETER_WORKERS": "2"})
    assert done.returncode == 0 and not done.stderr
    listed = {tuple(line.split(None, 1)) for line in done.stdout.splitlines()}
    shown = {name: value.split(" # ")[0].strip() for name, value in listed}
    sources = {name: value.split(" # ")[1] for name, value in listed if name != "#"}
    assert shown["workers:"] == "2" and sources["workers:"] == "UDOMETER_WORKERS"
    assert shown["statsd.ttl:"] == "90s" and sources["statsd.ttl:"] == path + ":2:3"
    assert shown["web.listen-address:"] == in_use
    assert sources["web.listen-address:"] == "--web.listen-address"
    assert sources["log.format:"] == "default"

    again = run("--print-config", "--config.file", config(done.stdout))
    assert [line.split(" # ")[0] for line in again.stdout.splitlines()[1:]] == [
        line.split(" # ")[0] for line in done.stdout.splitlines()[1:]]
    wrong = run("--print-config", "--workers=many")
    assert wrong.returncode == 2 and not wrong.stdout


def test_help_names_every_flag_variable_and_status():
    done = run("--help")
    assert done.returncode == 0 and not done.stderr
    for flag in ["--config.file", "--statsd.listen-udp", "--statsd.read-buffer", "--statsd.ttl",
                 "--web.listen-address", "--web.telemetry-path", "--workers", "--check-config",
                 "--print-config", "--log.level", "--log.format", "--limit.series", "--help",
                 "--version"]:
        assert flag in done.stdout
    assert "localhost:8125" in done.stdout and "localhost:9102" in done.stdout
    assert "UDOMETER_STATSD_LISTEN_UDP" in done.stdout


def test_version_is_one_line_and_the_same_as_in_build_info(udometer):
    done = run("--version")
    assert done.returncode == 0 and not done.stderr
    name, version = the_one_line(done.stdout).split()[:2]
    assert name == "udometer"
    (labels, value), = udometer.scrape().named("udometer_build_info")
    assert (labels["version"], value) == (version, 1)


def test_json_log_lines_are_json(start, tmp_path):
    wrong = run("--log.format=json", "--statsd.listen-udp=192.0.2.1:8125", FREE_HTTP)
    records = [json.loads(line) for line in wrong.stderr.splitlines()]
    assert records[-1]["level"] == "error" and records[-1]["address"] == "192.0.2.1:8125"

    path = tmp_path / "log"
    udometer = JsonUdometer(path)
    try:
        assert udometer.scrape().value("udometer_lines_total") == 0
    finally:
        last = udometer.stop()
    assert last["msg"] == "stopped" and last["lines"] == 0
    assert all({"time", "level", "msg"} <= set(record) for record in udometer.log())


class JsonUdometer(Udometer):
    def __init__(self, directory):
        directory.mkdir()
        super().__init__(str(directory), "--log.format=json", "--log.level=debug")

    def log(self):
        return [json.loads(line) for line in self.stderr().splitlines()]


def test_log_level_error_leaves_errors_only():
    done = run("--log.level=error", "--statsd.listen-udp=192.0.2.1:8125", FREE_HTTP)
    assert len(done.stderr.splitlines()) == 1


def test_every_address_that_is_bound_is_told(udometer):
    listening = [record for record in udometer.log() if record["msg"] == "listening"]
    assert {record["protocol"] for record in listening} == {"udp", "http"}
    assert all(host_and_port(record["address"])[1] > 0 for record in listening)


def test_two_udp_listeners_feed_the_same_series(start):
    udometer = start(FREE_UDP, FREE_UDP)
    assert len(set(udometer.udp)) == 2
    for listener in (0, 1):
        udometer.send("hits_total:1|c", flow=udometer.new_flow(listener))
    scrape = udometer.settle()
    assert scrape.value("hits_total") == 2
    listeners = {labels["listener"] for labels, _ in scrape.named("udometer_kernel_drops_total")}
    assert listeners == {"udp://127.0.0.1:%d" % port for _, port in udometer.udp}


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no ::1")
def test_ipv6_is_written_in_brackets(start):
    udometer = start("--statsd.listen-udp=[::1]:0", "--web.listen-address=[::1]:0")
    udometer.send("hits_total:1|c")
    assert udometer.settle().value("hits_total") == 1


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no ::1")
def test_the_ipv6_wildcard_is_ready_to_serve(start):
    udometer = start("--statsd.listen-udp=[::]:0", "--web.listen-address=[::]:0")
    udometer.send("hits_total:1|c")
    assert udometer.settle().value("hits_total") == 1


def test_the_ipv4_wildcard_is_ready_to_serve(start):
    udometer = start("--statsd.listen-udp=0.0.0.0:0", "--web.listen-address=0.0.0.0:0")
    udometer.send("hits_total:1|c")
    assert udometer.settle().value("hits_total") == 1


def test_a_port_alone_means_every_address_of_this_machine(start):
    """As in statsd_exporter and everything else of Prometheus: --web.listen-address=:9102."""
    udometer = start("--statsd.listen-udp=:0", "--web.listen-address=:0")
    with socket.create_connection(("127.0.0.1", udometer.http[1])):
        pass


# --- without standard files ---


def test_what_is_closed_at_the_start_is_dev_null(start):
    """Else its first sockets would have these numbers, and be read and written as such."""
    udometer = start(words=["sh", "-c", 'exec "$@" <&- >&-', "sh"])
    for number in (0, 1):
        assert os.readlink("/proc/%d/fd/%d" % (udometer.pid, number)) == "/dev/null"
    udometer.send("a_total:1|c")
    assert udometer.settle().value("a_total") == 1
