/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Settings
 *
 * The table. The form of a row says how its value is read (config/value.h).
 *
 * Most rows are settings: they say how the daemon runs. The last ones are commands: they ask for
 * something else instead, or besides, and only a flag can do that. As a variable or in a file,
 * "check-config" would keep every udometer that sees it from running.
 */

#include "config/settings.h"

#include "base/labels.h"
#include "base/socket.h"
#include "base/target.h"
#include "config/type_ttl.h"

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define BILLION 1000000000

static const char *const dialects[] = {
    [SETTINGS_STATSD] = "statsd",
    [SETTINGS_DOGSTATSD] = "dogstatsd",
};

static const char *const counters[] = {
    [SETTINGS_INCREMENT] = "increment",
    [SETTINGS_ABSOLUTE] = "absolute",
};

static const char *const senders[] = {
    [SETTINGS_HOST] = "host",
    [SETTINGS_SOCKET] = "socket",
};

static const char *const scrape_labels[] = {
    [SETTINGS_KEEP] = "keep",
    [SETTINGS_RENAME] = "rename",
};

static const char *const log_levels[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};

static const char *const log_formats[] = {
    [LOG_LOGFMT] = "logfmt",
    [LOG_JSON] = "json",
};

static const char *const compats[] = {
    [SETTINGS_NONE] = "none",
    [SETTINGS_STATSD_EXPORTER] = "statsd_exporter",
};

/* A switch that has a third value. */
static const char *const checks[] = {
    [SETTINGS_CHECK_NO] = "false",
    [SETTINGS_CHECK_TEXT] = "true",
    [SETTINGS_CHECK_JSON] = "json",
};

#define OPTION_VALUES struct settings

static const struct option options[] = {
    { "config.file", "PATH", OPTION_TEXT(config_file, ""),
      "YAML file of settings; its keys are the names of these flags; it may also declare metrics, "
      "and have mapping rules, label rules and tests",
      .lowest_source = OPTION_ENVIRONMENT },
    { "compat", "PROGRAM", OPTION_WORD(compat, compats, SETTINGS_NONE),
      "none, or statsd_exporter: take its place, with its defaults, and accept all its flags",
      .lowest_source = OPTION_ENVIRONMENT },
    { "config.watch", NULL, OPTION_SWITCH(config_watch, false),
      "reload the config when one of its files changes, or a file comes to a folder of include" },
    { "statsd.listen-udp", "HOST:PORT",
      OPTION_LIST(value_listener_address, listen_udp, "localhost:" TARGET_DEFAULT_PORT),
      "UDP address to receive on; may be repeated; a name means all its addresses, no HOST or * "
      "all of this machine; port 0: the kernel chooses; empty: none",
      .is_live = true },
    { "statsd.listen-tcp", "HOST:PORT", OPTION_LIST(value_listener_address, listen_tcp, ""),
      "TCP address to receive on; likewise", .is_live = true },
    { "statsd.listen-unixgram", "PATH", OPTION_LIST(value_listener_path, listen_unixgram, ""),
      "Unix datagram socket to receive on; @NAME: an abstract socket, without a file",
      .is_live = true },
    { "statsd.listen-unix", "PATH", OPTION_LIST(value_listener_path, listen_unix, ""),
      "Unix stream socket to receive on, lines or DogStatsD's frames; @NAME likewise",
      .is_live = true },
    { "statsd.unixsocket-mode", "MODE", OPTION_OF(value_file_mode, unix_mode, mode_t, 0660),
      "mode of the Unix socket files, in octal; senders need write permission" },
    { "statsd.unixsocket-owner", "USER:GROUP",
      OPTION_OF(value_file_owner, unix_owner, struct value_owner, (uid_t)-1, (gid_t)-1),
      "owner of the Unix socket files; either part may be omitted" },
    { "statsd.dialect", "DIALECT", OPTION_WORD(dialect, dialects, SETTINGS_STATSD),
      "statsd: a gauge value with a sign is added; dogstatsd: it is set; ADDRESS?dialect=… sets "
      "it for one listener",
      .is_live = true },
    { "statsd.counter", "increment|absolute", OPTION_WORD(counter, counters, SETTINGS_INCREMENT),
      "increment: a counter value is added; absolute: it is the running total of its sender, and "
      "what is new in it is added; ADDRESS?counter=… sets it for one listener",
      .is_live = true },
    { "statsd.counter-sender", "host|socket", OPTION_WORD(counter_sender, senders, SETTINGS_HOST),
      "with absolute counters, a sender is a host, whatever its ports; or a socket, so that "
      "programs of one host can send the same series; ADDRESS?counter-sender=… likewise",
      .is_live = true },
    { "statsd.mapping-config", "PATH", OPTION_LIST(value_text, mapping_config, ""),
      "YAML file of mapping rules, as of statsd_exporter or DogStatsD; may be repeated",
      .is_live = true },
    { "statsd.parse-dogstatsd-tags", NULL, OPTION_SWITCH(dogstatsd_tags, true),
      "parse name:1|c|#key:value" },
    { "statsd.parse-influxdb-tags", NULL, OPTION_SWITCH(influxdb_tags, true),
      "parse name,key=value:1|c" },
    { "statsd.parse-librato-tags", NULL, OPTION_SWITCH(librato_tags, true),
      "parse name#key=value:1|c" },
    { "statsd.parse-signalfx-tags", NULL, OPTION_SWITCH(signalfx_tags, true),
      "parse name[key=value]:1|c" },
    { "statsd.parse-graphite-tags", NULL, OPTION_SWITCH(graphite_tags, true),
      "parse name;key=value;key=value:1|c" },
    { "statsd.bare-tags", NULL, OPTION_SWITCH(bare_tags, false),
      "turn a tag without a value into key=\"true\" instead of dropping it" },
    { "statsd.scrape-labels", "keep|rename",
      OPTION_WORD(scrape_labels, scrape_labels, SETTINGS_KEEP),
      "keep the labels job and instance as they are sent, or rename them to exported_job and "
      "exported_instance, so that no sender can claim to be another target" },
    { "statsd.container-label", NULL, OPTION_SWITCH(container_label, false),
      "turn DogStatsD's |c:ID into the label container_id" },
    { "statsd.container-prefix", NULL, OPTION_SWITCH(container_prefix, false),
      "leave the ci- before the ID in the label container_id, as statsd_exporter does" },
    { "statsd.service-checks", NULL, OPTION_SWITCH(service_checks, false),
      "turn DogStatsD's service checks into gauges of their status, 0 to 3" },
    { "statsd.read-buffer", "BYTES",
      OPTION_BYTES(read_buffer_bytes, 4 * KIB, 1 * GIB, SOCKET_READ_BUFFER_BYTES,
                   .zero = ", or 0 for the kernel's default"),
      "receive buffer to request from the kernel for each socket; 0: its default" },
    { "statsd.idle-timeout", "DURATION",
      OPTION_SECONDS(idle_timeout_s, 1, BILLION, 0, .zero = "; 0s means never"),
      "close a TCP or Unix stream connection that has sent nothing for this long; 0s: never" },
    { "statsd.ttl", "DURATION", OPTION_SECONDS(ttl_s, 1, BILLION, 0, .zero = "; 0s means never"),
      "remove a series this long after its last update; 0s: never", .is_live = true },
    { "statsd.type-ttl", "TYPE=DURATION", OPTION_LIST(value_type_ttl, type_ttls, ""),
      "the same for one type of metric, counter, gauge, histogram, set or summary: gauge=5m",
      .is_live = true },
    { "statsd.unscraped-ttl", "DURATION",
      OPTION_SECONDS(unscraped_ttl_s, 1, BILLION, 600, .zero = "; 0s means not to wait"),
      "let a series that no complete scrape has shown since its last update wait for one, up to "
      "this long after the update, even if --statsd.ttl is shorter; 0s: do not wait",
      .is_live = true },
    { "web.listen-address", "HOST:PORT",
      OPTION_TEXT_OF(value_address, listen_http, "localhost:9102"),
      "address on which to serve metrics and the other pages; a name or * as above",
      OPTION_SOURCE(http_source) },
    { "web.telemetry-path", "PATH", OPTION_TEXT_OF(value_page, telemetry_path, "/metrics"),
      "path of the page that Prometheus scrapes" },
    { "web.self-metrics-path", "PATH", OPTION_TEXT_OF(value_page_or_none, selfmetrics_path, ""),
      "path of a page of its own for udometer's own metrics; senders may then use their names; "
      "empty: they are at the end of the page above, and their names are refused" },
    { "web.statsd-exporter-metrics", NULL, OPTION_SWITCH(exporter_metrics, false),
      "show udometer's own metrics also under the names that statsd_exporter has for them" },
    { "web.openmetrics", NULL, OPTION_SWITCH(openmetrics, true),
      "answer in OpenMetrics if a scraper prefers it, as Prometheus does; counters whose names do "
      "not end in _total end in it there; false: the Prometheus text format only" },
    { "web.openmetrics-created", NULL, OPTION_SWITCH(openmetrics_created, false),
      "say in OpenMetrics 1.0 when each counter, histogram and summary began, in a sample _created "
      "of its own; OpenMetrics 2.0 and protobuf say it without" },
    { "web.enable-lifecycle", NULL, OPTION_SWITCH(lifecycle, false),
      "let HTTP requests change something: DELETE /api/v1/series ends series, POST /-/reload "
      "reloads the config, POST /-/quit stops udometer" },
    { "web.max-requests", "N", OPTION_COUNT(max_requests, 1, 1000, 40),
      "maximum number of scrapes and other long answers at a time; a further one takes the place "
      "of one that its client has stopped reading, or gets 503 with Retry-After",
      .limit = "requests" },
    { "web.request-timeout", "DURATION", OPTION_SECONDS(request_timeout_s, 1, 3600, 10),
      "close an HTTP connection if the head of a request takes longer than this to arrive" },
    { "web.answer-timeout", "DURATION", OPTION_SECONDS(answer_timeout_s, 1, 86400, 60),
      "reset an HTTP connection if its client takes longer than this to read an answer, or reads "
      "nothing for 15s" },
    { "workers", "N", OPTION_COUNT(n_workers, 1, 64, 0, .zero = ", or 0 to let it choose"),
      "threads that receive, each with its own socket; 0: two, or one on a single core" },
    { "limit.series", "N", OPTION_COUNT(max_series, 1, BILLION, 2000000),
      "maximum number of series; samples of further ones go to their family's overflow series",
      .limit = "series", .is_live = true },
    { "limit.family-series", "N", OPTION_COUNT(max_family_series, 1, BILLION, 200000),
      "maximum number of series in one family; likewise", .limit = "family-series",
      .is_live = true },
    { "limit.series-memory", "BYTES", OPTION_BYTES(max_series_bytes, 4 * KIB, 1024 * GIB, 1 * GIB),
      "maximum memory for series; likewise", .limit = "series-memory", .is_live = true },
    { "limit.new-names", "N", OPTION_COUNT(max_new_names, 1, 1000000, 50000),
      "maximum number of new names in a second for each worker, after the first 100,000; samples "
      "of "
      "further ones are refused, until there is room again",
      .limit = "new-names", .is_live = true },
    { "limit.key-memory", "BYTES", OPTION_BYTES(max_key_bytes, 4 * KIB, 1024 * GIB, 256 * MIB),
      "memory per worker for cached keys; the least used are evicted", .limit = "key-memory" },
    { "limit.running-totals", "N", OPTION_COUNT(max_totals, 1, BILLION, 100000),
      "maximum number of running totals to remember, one for each series and sender; for a further "
      "one, another is evicted and begins anew; their memory counts as series memory",
      .limit = "running-totals" },
    { "limit.line-length", "BYTES", OPTION_COUNT(line_length, 1, 1048576, 65536),
      "longest line; longer ones are refused, as with the limits that follow",
      .limit = "line-length" },
    { "limit.name-length", "BYTES", OPTION_COUNT(name_length, 1, 4096, 512),
      "longest name, without tags", .limit = "name-length" },
    { "limit.labels", "N", OPTION_COUNT(labels, 1, LABELS_MAX, 64),
      "maximum number of labels of a sample", .limit = "labels" },
    { "limit.label-name-length", "BYTES", OPTION_COUNT(label_name_length, 1, 1024, 256),
      "longest tag key", .limit = "label-name-length" },
    { "limit.label-value-length", "BYTES", OPTION_COUNT(label_value_length, 1, 16384, 2048),
      "longest tag value", .limit = "label-value-length" },
    { "limit.labels-length", "BYTES", OPTION_COUNT(labels_length, 1, 65536, 8192),
      "longest text of all labels of a sample together, as Prometheus sees it",
      .limit = "labels-length" },
    { "limit.connections", "N", OPTION_COUNT(max_connections, 1, 65536, 1024),
      "maximum number of TCP and Unix stream connections; a further one replaces the longest idle "
      "of the address with the most",
      .limit = "connections" },
    { "limit.http-connections", "N", OPTION_COUNT(max_http_connections, 4, 65536, 512),
      "maximum number of HTTP connections; likewise", .limit = "http-connections" },
    { "limit.http-address-connections", "N",
      OPTION_COUNT(max_http_address_connections, 1, 65536, 256),
      "maximum number of HTTP connections of one address; a further one replaces its longest idle",
      .limit = "http-address-connections" },
    { "log.level", "LEVEL", OPTION_WORD(log_level, log_levels, LOG_INFO),
      "lowest level to log: debug, info, warn or error", .is_live = true },
    { "log.format", "FORMAT", OPTION_WORD(log_format, log_formats, LOG_LOGFMT),
      "format of log lines: logfmt or json" },
    { "check-config", NULL, OPTION_SWITCH_WORD(check_config, checks, SETTINGS_CHECK_NO),
      "check flags, environment and all files, and exit; =json: print problems for editors",
      .lowest_source = OPTION_FLAG },
    { "print-config", NULL, OPTION_SWITCH(print_config, false),
      "print all settings and where each comes from, in the form of a config file, and exit",
      .lowest_source = OPTION_FLAG },
    { "print-schema", NULL, OPTION_SWITCH(print_schema, false),
      "print a JSON schema of the config file, for editors, and exit",
      .lowest_source = OPTION_FLAG },
    { "welcome", NULL, OPTION_SWITCH(welcome, false),
      "print what to try first, once udometer is ready", .lowest_source = OPTION_FLAG },
};

_Static_assert(ARRAY_SIZE(options) <= OPTIONS_MAX, "OPTIONS_MAX is too small");

const struct option_table settings_table = OPTION_TABLE(options);

static bool is_equal(const struct option *option, const struct settings *a,
                     const struct settings *b)
{
    unsigned n = option_n_values(option, a);
    bool is_same = n == option_n_values(option, b);

    for (unsigned i = 0; i < n && is_same; i++) {
        CLEANUP(buffer_deinit) struct buffer one = { 0 }, other = { 0 };

        option_write_value(option, a, i, &one);
        option_write_value(option, b, i, &other);
        is_same = slice_equal(buffer_text(&one), buffer_text(&other));
    }
    return is_same;
}

int settings_hold(struct settings *wanted, const struct settings *in_force, struct buffer *out)
{
    int r = 0;

    for (unsigned i = 0; i < settings_table.n && r == 0; i++) {
        const struct option *option = &settings_table.options[i];

        /* Commands are flags, which stay as they are. */
        if (option->is_live || option->lowest_source == OPTION_FLAG ||
            is_equal(option, in_force, wanted))
            continue;
        buffer_add_format(out, "%s%s", out->len ? ", " : "", option->name);
        r = option_copy_value(option, wanted, in_force);
    }
    return r;
}

int settings_init(struct settings *settings)
{
    return option_init_values(&settings_table, settings);
}

void settings_deinit(struct settings *settings)
{
    naming_deinit(&settings->naming);
    option_deinit_values(&settings_table, settings);
}
