// SPDX-License-Identifier: Apache-2.0
"use strict";

// TradeMachine, simulated: a web application in which the owners of a fantasy league trade players.
// It sends its metrics with hot-shots. Requests come in, ask the database, and put jobs into the
// queues for emails and Slack. Each hour of simulated time has its incidents: the mail provider is
// down; the database is slow; the trade deadline brings visitors; Redis is lost; an import blocks
// the event loop and leaks memory, until the process dies, and is started again 12 minutes later.
//
// Durations are multiples of 1/1024 s, so that sums of them are exact in any order.

const fs = require("node:fs");
const { setTimeout: sleep } = require("node:timers/promises");
const { parseArgs } = require("node:util");

// --- metrics: what to copy into an application of your own ---

// The client, or undefined, to which nothing is sent: that is the switch. hot-shots itself reads
// where to send from DD_AGENT_HOST and DD_DOGSTATSD_PORT; if they are set, it would also send
// metrics of its own (datadog.dogstatsd.client.…). An error must not disturb the application.
function connect(isOn) {
    if (!isOn) {
        return undefined;
    }
    const { StatsD } = require("hot-shots");
    return new StatsD({ maxBufferSize: 1400, bufferFlushInterval: 100,
        includeDatadogTelemetry: false, errorHandler: () => {} });
}

// The bounds in udometer.yml, which only the totals need.
const OF_PRISMA = [0, 1, 5, 10, 50, 100, 500, 1000, 5000, 50000];
const BUCKETS = {
    http_request_duration_seconds: [0.003, 0.03, 0.1, 0.3, 1.5, 10],
    http_response_size_bytes: [128, 1024, 8192, 65536, 524288, 4194304],
    job_duration_seconds: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    job_waiting_time_seconds: [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900],
    job_attempts: [1, 2, 3],
    nodejs_gc_duration_seconds: [0.001, 0.01, 0.1, 1, 2, 5],
    prisma_client_queries_duration_histogram_ms: OF_PRISMA,
    prisma_client_queries_wait_histogram_ms: OF_PRISMA,
    prisma_datasource_queries_duration_histogram_ms: OF_PRISMA,
};
// What udometer adds to each series of these.
const OF_APP = /^(http|jobs?|process|nodejs)_/;

// Sends samples, and keeps what they must add up to.
class Metrics {
    constructor(client) {
        this.client = client;
        this.series = {};
        this.nSent = 0;
    }

    increment(name, tags = {}, value = 1) {
        this.client?.increment(name, value, tags);
        this.nSent += 1;
        this.add(name, tags, value);
    }

    gauge(name, value, tags = {}) {
        this.client?.gauge(name, value, tags);
        this.nSent += 1;
        this.series[this.text(name, tags)] = value;
    }

    // A timer is sent in milliseconds, and udometer shows seconds.
    timing(name, seconds, tags = {}) {
        this.client?.timing(name, seconds * 1000, tags);
        this.observe(name, seconds, tags);
    }

    histogram(name, value, tags = {}) {
        this.client?.histogram(name, value, tags);
        this.observe(name, value, tags);
    }

    observe(name, value, tags) {
        this.nSent += 1;
        for (const le of [...BUCKETS[name], "+Inf"]) {
            this.add(`${name}_bucket`, { ...tags, le }, le === "+Inf" || value <= le ? 1 : 0);
        }
        this.add(`${name}_sum`, tags, value);
        this.add(`${name}_count`, tags, 1);
    }

    add(name, tags, value) {
        const text = this.text(name, tags);
        this.series[text] = (this.series[text] ?? 0) + value;
    }

    // The series as /metrics shows it.
    text(name, tags) {
        const labels = OF_APP.test(name) ? { ...tags, app: "trade_machine" } : tags;
        const inside = Object.keys(labels).sort().map(key => `${key}="${labels[key]}"`).join(",");
        return inside ? `${name}{${inside}}` : name;
    }

    // Ends after what is still in the buffer is sent.
    close() {
        return this.client && new Promise(resolve => this.client.close(resolve));
    }
}

// --- chance and incidents, the same for the same seed ---

class Random {
    constructor(seed) {
        this.state = seed | 0;
    }

    // splitmix32: from 0 to 1, without 1.
    number() {
        this.state = (this.state + 0x9e3779b9) | 0;
        let z = this.state;
        z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
        z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
        return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
    }

    below(n) {
        return Math.floor(this.number() * n);
    }

    // From a third of a typical number to three times it.
    about(typical) {
        return typical * 3 ** (2 * this.number() - 1);
    }
}

const inUnits = (value, unit) => Math.round(value / unit) * unit;
const asSeconds = value => inUnits(value, 1 / 1024);

// Of each hour, from and until which minute.
const INCIDENTS = { mailIsDown: [3, 12], databaseIsSlow: [15, 24], tradeDeadline: [26, 38],
    redisIsLost: [30, 39], importBlocks: [37, 47], processIsDown: [47, 59] };

// --- the database: Prisma's metrics, from a pool of ten connections ---

class Database {
    constructor(app) {
        Object.assign(this, { app, metrics: app.metrics, random: app.random, nOpen: 0 });
    }

    // One query of the client; returns how many seconds it took.
    query() {
        const isSlow = this.app.is("databaseIsSlow");
        const waitMs = isSlow ? inUnits(this.random.about(800), 1 / 64) : 0;
        const runMs = inUnits(this.random.about(isSlow ? 400 : 5), 1 / 64);
        const allMs = waitMs + runMs + 0.5;
        this.metrics.increment("prisma_client_queries_total");
        this.metrics.increment("prisma_datasource_queries_total");
        this.metrics.histogram("prisma_client_queries_wait_histogram_ms", waitMs);
        this.metrics.histogram("prisma_datasource_queries_duration_histogram_ms", runMs);
        this.metrics.histogram("prisma_client_queries_duration_histogram_ms", allMs);
        return allMs / 1000;
    }

    // The pool grows to ten under load, and a connection that is idle for long is closed.
    report() {
        const isSlow = this.app.is("databaseIsSlow");
        const busy = isSlow ? 10 : 1 + this.random.below(4);
        const waiting = isSlow ? 5 + this.random.below(20) : 0;
        while (this.nOpen < busy) {
            this.nOpen += 1;
            this.metrics.increment("prisma_pool_connections_opened_total");
        }
        if (this.nOpen > 5 && this.nOpen > busy && this.random.number() < 0.2) {
            this.nOpen -= 1;
            this.metrics.increment("prisma_pool_connections_closed_total");
        }
        this.metrics.gauge("prisma_pool_connections_open", this.nOpen);
        this.metrics.gauge("prisma_pool_connections_busy", busy);
        this.metrics.gauge("prisma_pool_connections_idle", this.nOpen - busy);
        this.metrics.gauge("prisma_client_queries_active", busy + waiting);
        this.metrics.gauge("prisma_client_queries_wait", waiting);
    }
}

// --- a queue of jobs, as Bull's: three attempts, each later than the one before ---

class Queue {
    constructor(app, name, atOnce) {
        Object.assign(this, { app, name, atOnce, metrics: app.metrics, random: app.random,
            waiting: [], active: [], delayed: [] });
    }

    add(name) {
        this.waiting.push({ name, created: this.app.now, attempts: 0 });
    }

    // Without Redis no job begins or ends. Those that have begun count as stalled, and wait again.
    step() {
        const { now } = this.app;
        const tags = { queue_name: this.name };
        if (this.app.is("redisIsLost") && now % 60 >= 10) { // it comes back for moments
            for (const job of this.active.splice(0)) {
                this.metrics.increment("jobs_stalled_total", { ...tags, job_name: job.name });
                this.waiting.push(job);
            }
            if (now % 5 === 0) {
                this.metrics.increment("job_queue_errors_total", tags);
            }
            return;
        }
        this.active.filter(job => job.end <= now).forEach(job => this.finish(job));
        this.active = this.active.filter(job => job.end > now);
        this.waiting.push(...this.delayed.filter(job => job.due <= now));
        this.delayed = this.delayed.filter(job => job.due > now);
        while (this.active.length < this.atOnce && this.waiting.length) {
            this.start(this.waiting.shift());
        }
    }

    start(job) {
        const isDown = this.name === "email_queue" && this.app.is("mailIsDown");
        job.status = this.random.number() < (isDown ? 0.8 : 0.01) ? "failed" : "completed";
        job.seconds = asSeconds(this.random.about(isDown ? 12 : 0.8));
        job.begin = this.app.now;
        job.end = job.begin + job.seconds;
        job.attempts += 1;
        this.active.push(job);
    }

    // What the listeners for "completed" and "failed" do.
    finish(job) {
        const ofJob = { queue_name: this.name, job_name: job.name };
        const tags = { ...ofJob, status: job.status };
        this.metrics.increment(`jobs_${job.status}_total`, ofJob);
        this.metrics.timing("job_duration_seconds", job.seconds, tags);
        this.metrics.timing("job_waiting_time_seconds", job.begin - job.created, tags);
        this.metrics.histogram("job_attempts", job.attempts, tags);
        if (job.status === "failed" && job.attempts < 3) {
            job.due = job.created = this.app.now + 30 * 2 ** (job.attempts - 1);
            this.delayed.push(job);
        }
    }

    // What the application asks of each queue once a minute.
    report() {
        const tags = { queue_name: this.name };
        this.metrics.gauge("jobs_active_total", this.active.length, tags);
        this.metrics.gauge("jobs_waiting_total", this.waiting.length, tags);
        this.metrics.gauge("jobs_delayed_total", this.delayed.length, tags);
    }
}

// --- the process: prom-client's default metrics, from made-up numbers. A real application takes
// them from process.cpuUsage(), process.memoryUsage(), and perf_hooks. ---

const MB = 1024 * 1024;
const SPACES = { read_only: 0, new: 0.25, old: 0.6, code: 0.05, large_object: 0.1 };

class NodeProcess {
    constructor(app) {
        Object.assign(this, { app, metrics: app.metrics, random: app.random });
        this.start();
    }

    start() {
        this.startTime = Math.floor(Date.now() / 1000);
        this.leaked = 0;
    }

    isBlocked() {
        return this.app.is("importBlocks");
    }

    step() {
        if (this.isBlocked()) {
            this.leaked += MB;
        } else if (this.leaked) {
            this.start(); // again, as it has run out of memory
        }
        this.collectGarbage("minor", 0.002);
        if (this.app.now % (this.isBlocked() ? 10 : 60) === 0) {
            this.collectGarbage("major", this.isBlocked() ? 0.9 : 0.03);
        }
    }

    collectGarbage(kind, typical) {
        const seconds = asSeconds(this.random.about(typical));
        this.metrics.timing("nodejs_gc_duration_seconds", seconds, { kind });
    }

    report(seconds, nRequests) {
        const load = this.isBlocked() ? 0.97 : Math.min(0.9, 0.04 + 0.03 * nRequests / seconds);
        const user = inUnits(load * seconds * 0.8, 1 / 64);
        const system = inUnits(load * seconds * 0.2, 1 / 64);
        this.metrics.increment("process_cpu_user_seconds_total", {}, user);
        this.metrics.increment("process_cpu_system_seconds_total", {}, system);
        this.metrics.increment("process_cpu_seconds_total", {}, user + system);
        const gauges = { process_start_time_seconds: this.startTime, process_max_fds: 1048576,
            ...this.memory(), ...this.lags() };
        Object.entries(gauges).forEach(([name, value]) => this.metrics.gauge(name, value));
        this.reportResources();
        const [version, major, minor, patch] = process.version.match(/v(\d+)\.(\d+)\.(\d+)/);
        this.metrics.gauge("nodejs_version_info", 1, { version, major, minor, patch });
    }

    memory() {
        const used = Math.round((70 + this.random.below(40)) * MB) + this.leaked;
        const total = used + 30 * MB;
        for (const [space, share] of Object.entries(SPACES)) {
            const [size, filled] = [Math.round(total * share), Math.round(used * share)];
            const sizes = { total: size, used: filled, available: size - filled };
            for (const [what, bytes] of Object.entries(sizes)) {
                this.metrics.gauge(`nodejs_heap_space_size_${what}_bytes`, bytes, { space });
            }
        }
        return {
            process_resident_memory_bytes: total + 60 * MB,
            process_virtual_memory_bytes: total + 900 * MB,
            process_heap_bytes: total + 80 * MB,
            nodejs_heap_size_total_bytes: total,
            nodejs_heap_size_used_bytes: used,
            nodejs_external_memory_bytes: 4 * MB,
        };
    }

    lags() {
        const mean = this.random.about(this.isBlocked() ? 0.4 : 0.004) + 0.01;
        const factors = { lag: 1, lag_min: 0.5, lag_max: 4, lag_mean: 1, lag_stddev: 0.3,
            lag_p50: 0.9, lag_p90: 1.6, lag_p99: 3 };
        return Object.fromEntries(Object.entries(factors).map(
            ([name, factor]) => [`nodejs_eventloop_${name}_seconds`, asSeconds(mean * factor)]));
    }

    reportResources() {
        const sockets = this.app.sessions.length + this.app.database.nOpen;
        const parts = {
            resources: { TCPSocketWrap: sockets, Timeout: 6 },
            handles: { Socket: sockets, Server: 1 },
            requests: { FSReqCallback: this.random.below(3) },
        };
        for (const [what, byType] of Object.entries(parts)) {
            Object.entries(byType).forEach(
                ([type, n]) => this.metrics.gauge(`nodejs_active_${what}`, n, { type }));
            const sum = Object.values(byType).reduce((a, b) => a + b);
            this.metrics.gauge(`nodejs_active_${what}_total`, sum);
        }
        this.metrics.gauge("process_open_fds", 20 + sockets);
    }
}

// --- the application ---

// Each route with its share of requests, seconds and bytes of a typical reply, and its queries.
const ROUTES = [
    ["GET", "/trades", 24, 0.02, 24000, 3], ["GET", "/trades/:id", 20, 0.01, 3000, 2],
    ["GET", "/players", 12, 0.05, 90000, 1], ["GET", "/teams", 12, 0.01, 9000, 1],
    ["GET", "/users/:id", 8, 0.005, 600, 1], ["POST", "/auth/login", 4, 0.08, 400, 2],
    ["POST", "/auth/reset", 1, 0.01, 80, 2], ["POST", "/trades", 4, 0.04, 2000, 6],
    ["PUT", "/trades/:id/accept", 2, 0.03, 2000, 4],
    ["PUT", "/trades/:id/reject", 1, 0.03, 2000, 4],
];
const ALL_SHARES = ROUTES.reduce((sum, [, , share]) => sum + share, 0);

class Application {
    constructor(metrics, seed) {
        this.metrics = metrics;
        this.random = new Random(seed);
        this.now = 0; // simulated seconds since the start
        this.nRequests = 0; // since the last report
        this.sessions = Array.from({ length: 20 }, () => this.random.below(1200)); // their ends
        this.database = new Database(this);
        this.process = new NodeProcess(this);
        this.emails = new Queue(this, "email_queue", 2);
        this.slack = new Queue(this, "slack_queue", 1);
    }

    is(incident) {
        const [from, until] = INCIDENTS[incident];
        return this.now % 3600 >= from * 60 && this.now % 3600 < until * 60;
    }

    step() {
        for (let n = this.random.below(this.is("tradeDeadline") ? 7 : 3); n > 0; n--) {
            this.request();
        }
        [this.emails, this.slack].forEach(queue => queue.step());
        this.process.step();
        this.sessions = this.sessions.filter(end => end > this.now);
        if (this.now % 10 === 0) {
            this.database.report();
            this.process.report(10, this.nRequests);
            this.metrics.gauge("trade_machine_active_sessions", this.sessions.length);
            this.nRequests = 0;
        }
        if (this.now % 60 === 0) {
            [this.emails, this.slack].forEach(queue => queue.report());
        }
    }

    pickRoute() {
        let left = this.random.below(ALL_SHARES);
        return ROUTES.find(([, , share]) => (left -= share) < 0);
    }

    // What the middleware tells of a request when its response has been sent.
    request() {
        const [method, path, , seconds, bytes, queries] = this.pickRoute();
        let duration = this.random.about(seconds) * (this.process.isBlocked() ? 20 : 1);
        for (let i = 0; i < queries; i++) {
            duration += this.database.query();
        }
        const tags = { status_code: this.status(path, queries), method, path };
        const size = tags.status_code === 200 ? Math.round(this.random.about(bytes)) : 90;
        this.metrics.timing("http_request_duration_seconds", asSeconds(duration), tags);
        this.metrics.histogram("http_response_size_bytes", size, tags);
        this.nRequests += 1;
        if (tags.status_code === 200) {
            this.serve(`${method} ${path}`);
        }
    }

    status(path, queries) {
        if (this.is("databaseIsSlow") && queries > 2 && this.random.number() < 0.5) {
            return 500;
        }
        if (path === "/auth/login" && this.random.number() < 0.1) {
            return 401;
        }
        return path === "/trades/:id" && this.random.number() < 0.03 ? 404 : 200;
    }

    serve(route) {
        const jobs = {
            "POST /auth/reset": ["reset_pass"],
            "POST /trades": ["request_trade", "request_trade"],
            "PUT /trades/:id/accept": ["trade_accepted", "trade_announce"],
            "PUT /trades/:id/reject": ["trade_declined"],
        };
        for (const name of jobs[route] ?? []) {
            (name === "trade_announce" ? this.slack : this.emails).add(name);
        }
        if (route === "POST /auth/login") {
            this.sessions.push(this.now + 600 + this.random.below(600));
        }
    }
}

// --- the program ---

// With their defaults; duration and speed are of simulated seconds.
const FLAGS = { seed: "1", duration: "Infinity", speed: "1", metrics: "off", totals: "" };

function readFlags() {
    const options = Object.fromEntries(Object.entries(FLAGS).map(
        ([name, value]) => [name, { type: "string", default: value }]));
    const { values } = parseArgs({ options }); // throws if there is another flag
    const [seed, duration, speed] = [values.seed, values.duration, values.speed].map(Number);
    const rules = [["metrics", /^(on|off)$/.test(values.metrics), "on or off"],
        ["seed", /^\d+$/.test(values.seed), "a whole number"],
        ["duration", duration > 0, "a number above 0"], ["speed", speed > 0, "a number above 0"]];
    for (const [name, , expected] of rules.filter(([, isRight]) => !isRight)) {
        throw new Error(`--${name}=${values[name]}: expected ${expected}`);
    }
    return { ...values, seed, duration, speed };
}

// Simulate second after second, each when it is due, until the end or a signal. Returns how many
// seconds that was work.
async function run(app, { duration, speed }, signal) {
    const start = performance.now();
    let worked = 0;
    while (app.now < duration && !signal.aborted) {
        const began = performance.now();
        const left = start + app.now / speed * 1000 - began;
        if (left > 0) {
            await sleep(left, undefined, { signal }).catch(() => {});
            continue;
        }
        if (!app.is("processIsDown")) {
            app.step();
        }
        app.now += 1;
        worked += performance.now() - began;
    }
    return worked / 1000;
}

async function main() {
    const flags = readFlags();
    const ending = new AbortController();
    ["SIGINT", "SIGTERM"].forEach(name => process.on(name, () => ending.abort()));
    const metrics = new Metrics(connect(flags.metrics === "on"));
    const app = new Application(metrics, flags.seed);
    const worked = await run(app, flags, ending.signal);
    await metrics.close();
    if (flags.totals) {
        const info = { samples_sent: metrics.nSent, loop_seconds: worked };
        const totals = { series: metrics.series, absent: [], info };
        fs.writeFileSync(flags.totals, JSON.stringify(totals, null, 2));
    }
}

main().catch(error => {
    console.error(`bot.js: ${error.message}`);
    process.exitCode = 2;
});
