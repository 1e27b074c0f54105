# SPDX-License-Identifier: Apache-2.0
"""Catalogue: every client of clients/README.md, and what it is asked to send.

Each part sends the same sample by the call that a client has for it, so all clients have the same
expectation. A part that a client does not support is missing here and in the README's table.
"""

from dataclasses import dataclass

# How often something is sampled, and at which rate. The rate is not 0.5, where a client that sends
# when it should not would look right. The number is small, so that no socket buffer gets full.
N_SAMPLED, RATE = 400, 0.25


@dataclass
class Client:
    title: str  # its heading in clients/README.md
    package: str  # the package whose version is in the README's table: of Debian, or "npm:…"
    parts: dict  # part -> code after the snippet's first two lines
    end: str = ""  # last line of each program
    has_tags: str = "in names"  # the table's word for it
    # Sets a gauge to 0 before it sets it to less, which is right in both dialects.
    sends_zero_first: bool = False


@dataclass
class Part:
    lines: tuple  # what it leaves in the scrape
    n_lines: int  # how many lines it sends
    column: str = ""  # of the README's table, when it has one


# What every client must make of its parts, on a listener of the StatsD dialect.
PARTS = {
    "counter": Part(("jobs_total 7",), 2, "counters"),
    "gauge": Part(("level 8",), 2, "gauges"),
    "change": Part(("moved 12",), 3, "changes"),
    "below_zero": Part(("frost 16",), 2),
    "timer": Part(("wait_seconds_count 2", "wait_seconds_sum 1.75"), 2, "timers"),
    "histogram": Part(("size_bytes_count 2", "size_bytes_sum 7.5"), 2, "histograms"),
    "distribution": Part(("length_count 2", "length_sum 7.5"), 2),
    "set": Part(("players 2",), 3, "sets"),
    "tags": Part(('tagged_total{player_id="1",status="done"} 5',), 1),
    "influx_tags": Part(('influx_total{player_id="1",status="done"} 5',), 1),
    "graphite_tags": Part(('graphite_total{player_id="1",status="done"} 5',), 1),
    "batch": Part(("batched_total 7",), 2),
    "timestamp": Part(("level_then 5",), 1),
    "event": Part(('udometer_skipped_total{kind="event"} 1',), 1),
    "check": Part(('udometer_skipped_total{kind="service_check"} 1',), 1),
}
# DogStatsD has no relative gauges: a sign belongs to the value.
IN_DOGSTATSD = {"change": ("moved -2",), "below_zero": ("frost -4",)}
SET_BELOW_ZERO = Part(("frost -4",), 3)

JS_REPEAT = "for (let i = 0; i < %d; i++) {" % N_SAMPLED
GO_REPEAT = "for i := 0; i < %d; i++ {" % N_SAMPLED
PYTHON_REPEAT = "for _ in range(%d):" % N_SAMPLED

HOT_SHOTS = Client("JavaScript: hot-shots", "npm:hot-shots", {
    "counter": 'client.increment("jobs_total", 3); client.increment("jobs_total", 4);',
    "gauge": 'client.gauge("level", 3.5); client.gauge("level", 8);',
    "change": 'client.gauge("moved", 10); client.gaugeDelta("moved", 4);'
              ' client.gaugeDelta("moved", -2);',
    "below_zero": 'client.gauge("frost", 20); client.gauge("frost", -4);',
    "timer": 'client.timing("wait_seconds", 250); client.timing("wait_seconds", 1500);',
    "histogram": 'client.histogram("size_bytes", 3); client.histogram("size_bytes", 4.5);',
    "distribution": 'client.distribution("length", 3); client.distribution("length", 4.5);',
    "set": 'for (const who of ["ann", "bob", "ann"]) client.set("players", who);',
    "tags": 'client.increment("tagged_total", 5, { status: "done", player_id: 1 });',
    "batch": 'const packing = new StatsD({ host: "127.0.0.1", port: 8125, maxBufferSize: 1000 });'
             ' packing.increment("batched_total", 3); packing.increment("batched_total", 4);'
             ' packing.close();',
    "timestamp": 'client.gauge("level_then", 5, { timestamp: new Date(1700000000000) });',
    "event": 'client.event("deploy", "of version 2");',
    "check": 'client.check("database", client.CHECKS.OK);',
    "sampled": JS_REPEAT + ' client.increment("sampled_total", 1, 0.25);'
                           ' client.timing("sampled_seconds", 8, 0.25); }',
    "decrement": 'client.decrement("jobs_total");',
}, end="client.close();", has_tags="yes")

NODE_STATSD = Client("JavaScript: node-statsd", "npm:node-statsd", {
    "counter": HOT_SHOTS.parts["counter"],
    "gauge": HOT_SHOTS.parts["gauge"],
    "change": 'client.gauge("moved", 10); client.gauge("moved", "+4"); client.gauge("moved", -2);',
    "below_zero": HOT_SHOTS.parts["below_zero"],
    "timer": HOT_SHOTS.parts["timer"],
    "histogram": HOT_SHOTS.parts["histogram"],
    "set": HOT_SHOTS.parts["set"],
    "tags": 'client.increment("tagged_total", 5, ["status:done", "player_id:1"]);',
    "sampled": HOT_SHOTS.parts["sampled"],
    "decrement": HOT_SHOTS.parts["decrement"],
    # close() would discard what has not been sent yet, so the program ends once all is sent.
}, end="client.socket.unref();", has_tags="yes")

STATSD_CLIENT = Client("JavaScript: statsd-client", "npm:statsd-client", {
    "counter": 'client.counter("jobs_total", 3); client.increment("jobs_total", 4);',
    "gauge": HOT_SHOTS.parts["gauge"],
    "change": HOT_SHOTS.parts["change"],
    "below_zero": HOT_SHOTS.parts["below_zero"],
    "timer": HOT_SHOTS.parts["timer"],
    "histogram": HOT_SHOTS.parts["histogram"],
    "distribution": HOT_SHOTS.parts["distribution"],
    "set": HOT_SHOTS.parts["set"],
    "tags": HOT_SHOTS.parts["tags"],
    "decrement": HOT_SHOTS.parts["decrement"],
    # It ends by itself when its socket has been idle for a while; close() does nothing before that.
}, has_tags="yes")

PYTHON_STATSD = Client("Python: python3-statsd", "python3-statsd", {
    "counter": 'client.incr("jobs_total", 3); client.incr("jobs_total", 4)',
    "gauge": 'client.gauge("level", 3.5); client.gauge("level", 8)',
    "change": 'client.gauge("moved", 10); client.gauge("moved", 4, delta=True);'
              ' client.gauge("moved", -2, delta=True)',
    "below_zero": 'client.gauge("frost", 20); client.gauge("frost", -4)',
    "timer": 'client.timing("wait_seconds", 250); client.timing("wait_seconds", 1500)',
    "set": 'client.set("players", "ann"); client.set("players", "bob");'
           ' client.set("players", "ann")',
    "tags": 'client.incr("tagged_total,status=done,player_id=1", 5)',
    "batch": 'with client.pipeline() as pipe:'
             ' pipe.incr("batched_total", 3); pipe.incr("batched_total", 4)',
    "sampled": PYTHON_REPEAT + ' client.incr("sampled_total", rate=0.25);'
                               ' client.timing("sampled_seconds", 8, rate=0.25)',
    "decrement": 'client.decr("jobs_total")',
}, sends_zero_first=True)

AIODOGSTATSD = Client("Python: python3-aiodogstatsd", "python3-aiodogstatsd", {
    "counter": 'client.increment("jobs_total", value=3); client.increment("jobs_total", value=4)',
    "gauge": 'client.gauge("level", value=3.5); client.gauge("level", value=8)',
    "below_zero": 'client.gauge("frost", value=20); client.gauge("frost", value=-4)',
    "timer": 'client.timing("wait_seconds", value=250); client.timing("wait_seconds", value=1500)',
    "histogram": 'client.histogram("size_bytes", value=3);'
                 ' client.histogram("size_bytes", value=4.5)',
    "distribution": 'client.distribution("length", value=3);'
                    ' client.distribution("length", value=4.5)',
    "tags": 'client.increment("tagged_total", value=5, tags={"status": "done", "player_id": 1})',
    "sampled": PYTHON_REPEAT + ' client.increment("sampled_total", sample_rate=0.25);'
                               ' client.timing("sampled_seconds", value=8, sample_rate=0.25)',
    "decrement": 'client.decrement("jobs_total")',
}, has_tags="yes")

DATADOG_GO = Client("Go: datadog-go", "golang-github-datadog-datadog-go-dev", {
    "counter": 'client.Count("jobs_total", 3, nil, 1); client.Count("jobs_total", 4, nil, 1)',
    "gauge": 'client.Gauge("level", 3.5, nil, 1); client.Gauge("level", 8, nil, 1)',
    "below_zero": 'client.Gauge("frost", 20, nil, 1); client.Gauge("frost", -4, nil, 1)',
    "timer": 'client.TimeInMilliseconds("wait_seconds", 250, nil, 1);'
             ' client.TimeInMilliseconds("wait_seconds", 1500, nil, 1)',
    "histogram": 'client.Histogram("size_bytes", 3, nil, 1);'
                 ' client.Histogram("size_bytes", 4.5, nil, 1)',
    "distribution": 'client.Distribution("length", 3, nil, 1);'
                    ' client.Distribution("length", 4.5, nil, 1)',
    "set": 'for _, who := range []string{"ann", "bob", "ann"} {'
           ' client.Set("players", who, nil, 1) }',
    "tags": 'client.Count("tagged_total", 5, []string{"status:done", "player_id:1"}, 1)',
    "batch": 'packing, _ := statsd.NewBuffered("127.0.0.1:8125", 10);'
             ' packing.Count("batched_total", 3, nil, 1);'
             ' packing.Count("batched_total", 4, nil, 1); packing.Close()',
    "event": 'client.SimpleEvent("deploy", "of version 2")',
    "check": 'client.SimpleServiceCheck("database", statsd.Ok)',
    "sampled": GO_REPEAT + ' client.Incr("sampled_total", nil, 0.25);'
                           ' client.TimeInMilliseconds("sampled_seconds", 8, nil, 0.25) }',
    "decrement": 'client.Decr("jobs_total", nil, 1)',
}, has_tags="yes")

CACTUS = Client("Go: cactus/go-statsd-client", "golang-github-cactus-go-statsd-client-dev", {
    "counter": 'client.Inc("jobs_total", 3, 1); client.Inc("jobs_total", 4, 1)',
    "gauge": 'client.Gauge("level", 3, 1); client.Gauge("level", 8, 1)',
    "change": 'client.Gauge("moved", 10, 1); client.GaugeDelta("moved", 4, 1);'
              ' client.GaugeDelta("moved", -2, 1)',
    "below_zero": 'client.Gauge("frost", 20, 1); client.Gauge("frost", -4, 1)',
    "timer": 'client.Timing("wait_seconds", 250, 1); client.Timing("wait_seconds", 1500, 1)',
    "set": 'for _, who := range []string{"ann", "bob", "ann"} { client.Set("players", who, 1) }',
    "tags": 'client.Inc("tagged_total", 5, 1,'
            ' statsd.Tag{"status", "done"}, statsd.Tag{"player_id", "1"})',
    "influx_tags": 'influx, _ := statsd.NewClientWithConfig(&statsd.ClientConfig{'
                   'Address: "127.0.0.1:8125", TagFormat: statsd.InfixComma});'
                   ' influx.Inc("influx_total", 5, 1,'
                   ' statsd.Tag{"status", "done"}, statsd.Tag{"player_id", "1"})',
    "graphite_tags": 'graphite, _ := statsd.NewClientWithConfig(&statsd.ClientConfig{'
                     'Address: "127.0.0.1:8125", TagFormat: statsd.InfixSemicolon});'
                     ' graphite.Inc("graphite_total", 5, 1,'
                     ' statsd.Tag{"status", "done"}, statsd.Tag{"player_id", "1"})',
    "batch": 'packing, _ := statsd.NewClientWithConfig(&statsd.ClientConfig{'
             'Address: "127.0.0.1:8125", UseBuffered: true});'
             ' packing.Inc("batched_total", 3, 1); packing.Inc("batched_total", 4, 1);'
             ' packing.Close()',
    "sampled": GO_REPEAT + ' client.Inc("sampled_total", 1, 0.25);'
                           ' client.Timing("sampled_seconds", 8, 0.25) }',
    "decrement": 'client.Dec("jobs_total", 1, 1)',
}, has_tags="yes")

ALEXCESARO = Client("Go: alexcesaro/statsd.v1", "golang-gopkg-alexcesaro-statsd.v1-dev", {
    "counter": 'client.Count("jobs_total", 3, 1); client.Count("jobs_total", 4, 1)',
    "gauge": 'client.Gauge("level", 3); client.Gauge("level", 8)',
    "change": 'client.Gauge("moved", 10); client.ChangeGauge("moved", 4);'
              ' client.ChangeGauge("moved", -2)',
    "below_zero": 'client.Gauge("frost", 20); client.Gauge("frost", -4)',
    "timer": 'client.Timing("wait_seconds", 250, 1); client.Timing("wait_seconds", 1500, 1)',
    "set": 'for _, who := range []string{"ann", "bob", "ann"} { client.Unique("players", who) }',
    "tags": 'tagged, _ := statsd.New("127.0.0.1:8125",'
            ' statsd.WithDatadogTags("status:done", "player_id:1"));'
            ' tagged.Count("tagged_total", 5, 1); tagged.Close()',
    "influx_tags": 'influx, _ := statsd.New("127.0.0.1:8125",'
                   ' statsd.WithInfluxDBTags("status", "done", "player_id", "1"));'
                   ' influx.Count("influx_total", 5, 1); influx.Close()',
    "sampled": GO_REPEAT + ' client.Count("sampled_total", 1, 0.25);'
                           ' client.Timing("sampled_seconds", 8, 0.25) }',
    "decrement": 'client.Count("jobs_total", -1, 1)',
}, end="client.Close()", has_tags="constant", sends_zero_first=True)

NET_STATSD = Client("Perl: Net::Statsd", "libnet-statsd-perl", {
    "counter": 'Net::Statsd::update_stats("jobs_total", $_) for 3, 4;',
    "gauge": 'Net::Statsd::gauge("level", $_) for 3.5, 8;',
    "change": 'Net::Statsd::gauge("moved", $_) for 10, "+4", -2;',
    "below_zero": 'Net::Statsd::gauge("frost", $_) for 20, -4;',
    "timer": 'Net::Statsd::timing("wait_seconds", $_) for 250, 1500;',
    "tags": 'Net::Statsd::update_stats("tagged_total,status=done,player_id=1", 5);',
    "sampled": 'for (1 .. %d) { Net::Statsd::increment("sampled_total", 0.25);'
               ' Net::Statsd::timing("sampled_seconds", 8, 0.25); }' % N_SAMPLED,
    "decrement": 'Net::Statsd::decrement("jobs_total");',
})

STATSD_RUBY = Client("Ruby: statsd-ruby", "ruby-statsd", {
    "counter": '[3, 4].each { |n| client.count "jobs_total", n }',
    "gauge": '[3.5, 8].each { |n| client.gauge "level", n }',
    "change": '[10, "+4", -2].each { |n| client.gauge "moved", n }',
    "below_zero": '[20, -4].each { |n| client.gauge "frost", n }',
    "timer": '[250, 1500].each { |ms| client.timing "wait_seconds", ms }',
    "set": '["ann", "bob", "ann"].each { |who| client.set "players", who }',
    "tags": 'client.count "tagged_total,status=done,player_id=1", 5',
    "batch": 'client.batch { |batch| [3, 4].each { |n| batch.count "batched_total", n } }',
    "sampled": '%d.times { client.increment "sampled_total", 0.25;'
               ' client.timing "sampled_seconds", 8, 0.25 }' % N_SAMPLED,
    "decrement": 'client.decrement "jobs_total"',
})

CLIENTS = [HOT_SHOTS, NODE_STATSD, STATSD_CLIENT, PYTHON_STATSD, AIODOGSTATSD, DATADOG_GO, CACTUS,
           ALEXCESARO, NET_STATSD, STATSD_RUBY]

# Clients that do not use UDP: client, flag of the listener, and the snippet's second line, in which
# PATH is replaced.
TRANSPORTS = [
    (HOT_SHOTS, "tcp",
     'const client = new StatsD({ host: "127.0.0.1", port: 8125, protocol: "tcp" });'),
    (STATSD_CLIENT, "tcp",
     # With its default of 1000 ms it takes 12 s to end.
     'const client = new StatsDClient('
     '{ host: "127.0.0.1", port: 8125, tcp: true, socketTimeout: 50 });'),
    (PYTHON_STATSD, "tcp", 'client = statsd.TCPStatsClient("127.0.0.1", 8125)'),
    (PYTHON_STATSD, "unix", 'client = statsd.UnixSocketStatsClient("PATH")'),
    (DATADOG_GO, "unixgram", 'client, _ := statsd.New("unix://PATH")'),
    (ALEXCESARO, "tcp", 'client, _ := statsd.New("127.0.0.1:8125", statsd.WithNetwork("tcp"))'),
]
