/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Settings
 *
 * The table. What a row makes of its value is said by its kind (config/value.h).
 */

#include "config/settings.h"

#include "base/labels.h"
#include "base/socket.h"

#define KIB (UINT64_C(1) << 10)
#define GIB (UINT64_C(1) << 30)
#define BILLION 1000000000

static const char *const dialects[] = {
    [SETTINGS_STATSD] = "statsd",
    [SETTINGS_DOGSTATSD] = "dogstatsd",
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

#define OPTION_VALUES struct settings

static const struct option options[] = {
    { "config.file", "PATH", OPTION_TEXT(config_file, ""),
      "YAML file with settings; keys are the names of these flags" },
    { "statsd.listen-udp", "HOST:PORT",
      OPTION_LIST(value_listener_address, listen_udp, "127.0.0.1:8125"),
      "where to receive datagrams; may be repeated; port 0 lets the kernel choose; empty: "
      "nowhere" },
    { "statsd.listen-tcp", "HOST:PORT", OPTION_LIST(value_listener_address, listen_tcp, ""),
      "where to receive lines by TCP" },
    { "statsd.listen-unixgram", "PATH", OPTION_LIST(value_listener_path, listen_unixgram, ""),
      "socket file at which to receive datagrams" },
    { "statsd.listen-unix", "PATH", OPTION_LIST(value_listener_path, listen_unix, ""),
      "socket file at which to receive streams, of lines or of DogStatsD's frames" },
    { "statsd.unixsocket-mode", "MODE", OPTION_OF(value_file_mode, unix_mode, mode_t, "0660"),
      "mode of these files, in octal; senders need the right to write" },
    { "statsd.unixsocket-owner", "USER:GROUP",
      OPTION_OF(value_file_owner, unix_owner, struct value_owner, ""),
      "owner of these files; either part may be missing" },
    { "statsd.dialect", "DIALECT", OPTION_WORD(dialect, dialects, "statsd"),
      "statsd: a gauge with a sign is added; dogstatsd: it is set; ADDRESS?dialect=… for one "
      "alone" },
    { "statsd.parse-dogstatsd-tags", NULL, OPTION_SWITCH(dogstatsd_tags, "true"),
      "understand name:1|c|#key:value" },
    { "statsd.parse-influxdb-tags", NULL, OPTION_SWITCH(influxdb_tags, "true"),
      "understand name,key=value:1|c" },
    { "statsd.parse-librato-tags", NULL, OPTION_SWITCH(librato_tags, "true"),
      "understand name#key=value:1|c" },
    { "statsd.parse-signalfx-tags", NULL, OPTION_SWITCH(signalfx_tags, "true"),
      "understand name[key=value]:1|c" },
    { "statsd.bare-tags", NULL, OPTION_SWITCH(bare_tags, "false"),
      "take a tag without a value for key=\"true\" instead of dropping it" },
    { "statsd.container-label", NULL, OPTION_SWITCH(container_label, "false"),
      "make DogStatsD's |c:ID the label container_id" },
    { "statsd.service-checks", NULL, OPTION_SWITCH(service_checks, "false"),
      "make DogStatsD's service checks gauges of their status, 0 to 3" },
    { "statsd.read-buffer", "BYTES",
      OPTION_BYTES(read_buffer_bytes, 4 * KIB, 1 * GIB,
                   OPTION_DIGITS(SOCKET_READ_BUFFER_MIB) "MiB"),
      "receive buffer to ask the kernel for, for each socket" },
    { "statsd.ttl", "DURATION",
      OPTION_SECONDS(ttl_s, 1, BILLION, "0s", .zero = "; 0s means for ever"),
      "forget a series that nobody wrote to for so long; 0s: never" },
    { "web.listen-address", "HOST:PORT",
      OPTION_OF(value_address, listen_http, char *, "127.0.0.1:9102"),
      "where to serve metrics and the other pages" },
    { "web.telemetry-path", "PATH", OPTION_OF(value_page, telemetry_path, char *, "/metrics"),
      "path of the page that Prometheus scrapes" },
    { "workers", "N", OPTION_COUNT(n_workers, 1, 64, "0", .zero = ", or 0 to let it choose"),
      "threads that receive, each with a socket of its own; 0: one for each of two cores" },
    { "limit.series", "N", OPTION_COUNT(max_series, 1, BILLION, "2000000"),
      "series to hold; samples of further ones go to their family's overflow series",
      .limit = "series" },
    { "limit.family-series", "N", OPTION_COUNT(max_family_series, 1, BILLION, "200000"),
      "series of one family to hold, likewise", .limit = "family-series" },
    { "limit.series-memory", "BYTES", OPTION_BYTES(max_series_bytes, 4 * KIB, 1024 * GIB, "1GiB"),
      "memory for series, likewise", .limit = "series-memory" },
    { "limit.key-memory", "BYTES", OPTION_BYTES(max_key_bytes, 4 * KIB, 1024 * GIB, "256MiB"),
      "memory of each worker for the keys it has at hand; disused ones make room",
      .limit = "key-memory" },
    { "limit.line-length", "BYTES", OPTION_COUNT(line_length, 1, 1048576, "65536"),
      "longest line; longer ones are refused, as with the following limits",
      .limit = "line-length" },
    { "limit.name-length", "BYTES", OPTION_COUNT(name_length, 1, 4096, "512"),
      "longest name, without its tags", .limit = "name-length" },
    { "limit.labels", "N", OPTION_COUNT(labels, 1, LABELS_MAX, "64"), "labels of a sample",
      .limit = "labels" },
    { "limit.label-name-length", "BYTES", OPTION_COUNT(label_name_length, 1, 1024, "256"),
      "longest key of a tag", .limit = "label-name-length" },
    { "limit.label-value-length", "BYTES", OPTION_COUNT(label_value_length, 1, 16384, "2048"),
      "longest value of a tag", .limit = "label-value-length" },
    { "limit.labels-length", "BYTES", OPTION_COUNT(labels_length, 1, 65536, "8192"),
      "longest text of all labels of a sample together, as Prometheus is shown them",
      .limit = "labels-length" },
    { "limit.connections", "N", OPTION_COUNT(max_connections, 1, 65536, "1024"),
      "connections by TCP and Unix streams; further ones are closed at once",
      .limit = "connections" },
    { "log.level", "LEVEL", OPTION_WORD(log_level, log_levels, "info"),
      "least level of lines to log: debug, info, warn or error" },
    { "log.format", "FORMAT", OPTION_WORD(log_format, log_formats, "logfmt"),
      "form of log lines: logfmt or json" },
    { "check-config", NULL, OPTION_SWITCH(check_config, "false"),
      "check flags, environment and config file, and exit" },
    { "welcome", NULL, OPTION_SWITCH(welcome, "false"),
      "print what to try first, once everything is open" },
};

_Static_assert(ARRAY_SIZE(options) <= OPTIONS_MAX, "OPTIONS_MAX is too small");

const struct option_table settings_table = OPTION_TABLE(options);

int settings_init(struct settings *settings)
{
    return option_init_values(&settings_table, settings);
}

void settings_deinit(struct settings *settings)
{
    option_deinit_values(&settings_table, settings);
}
