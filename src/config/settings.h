/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Settings: all options of the daemon, and their values
 */

#include "base/compiler.h"
#include "base/log.h"
#include "config/naming.h"
#include "config/option.h"
#include "config/problems.h"
#include "config/value_listener.h"

enum settings_counter {
    SETTINGS_INCREMENT,
    SETTINGS_ABSOLUTE, /* a counter's value is a running total of its sender */
};

/* What a sender is, where counters are running totals. */
enum settings_sender {
    SETTINGS_HOST,
    SETTINGS_SOCKET,
};

enum settings_dialect {
    SETTINGS_STATSD,
    SETTINGS_DOGSTATSD, /* a gauge's sign belongs to its value */
};

/* What becomes of the labels job and instance, which a scraper sets too. */
enum settings_scrape_labels {
    SETTINGS_KEEP,
    SETTINGS_RENAME,
};

/* The program in whose place this one is, with its flags and defaults (config/compat.h). */
enum settings_compat {
    SETTINGS_NONE,
    SETTINGS_STATSD_EXPORTER,
};

/* Whether to check the config and exit, and how to print problems. */
enum settings_check {
    SETTINGS_CHECK_NO,
    SETTINGS_CHECK_TEXT,
    SETTINGS_CHECK_JSON,
};

struct settings {
    char *config_file; /* "": none */
    enum settings_compat compat;
    bool config_watch; /* reload when a file changes */
    struct option_list listen_udp, listen_tcp, listen_unixgram, listen_unix; /* value_listener */
    mode_t unix_mode;
    struct value_owner unix_owner;
    enum settings_dialect dialect; /* this and the next two: of listeners without their own */
    enum settings_counter counter;
    enum settings_sender counter_sender;
    struct option_list mapping_config; /* char *: paths of mapping files */
    bool dogstatsd_tags, influxdb_tags, librato_tags, signalfx_tags, graphite_tags;
    bool bare_tags;
    enum settings_scrape_labels scrape_labels;
    bool container_label, container_prefix;
    bool service_checks;
    uint64_t read_buffer_bytes;
    uint64_t idle_timeout_s;      /* 0: connections may be idle for ever */
    uint64_t ttl_s;               /* 0: series never expire */
    struct option_list type_ttls; /* struct type_ttl: for series of a type, instead of ttl_s */
    uint64_t unscraped_ttl_s;     /* 0: ttl_s alone decides */
    char *listen_http;
    enum option_source http_source; /* of listen_http */
    char *telemetry_path;
    char *selfmetrics_path;   /* "": they are at the end of the page above */
    bool exporter_metrics;    /* they have statsd_exporter's names too */
    bool lifecycle;           /* requests may change something */
    bool openmetrics;         /* scrapers that prefer it get it */
    bool openmetrics_created; /* with _created */
    uint64_t max_requests;
    uint64_t request_timeout_s, answer_timeout_s;
    uint64_t n_workers; /* 0: the daemon chooses */
    uint64_t max_series;
    uint64_t max_family_series;
    uint64_t max_series_bytes;
    uint64_t max_key_bytes;
    uint64_t max_totals, max_new_names;
    uint64_t line_length, name_length;
    uint64_t labels, label_name_length, label_value_length, labels_length;
    uint64_t max_connections;
    uint64_t max_http_connections, max_http_address_connections;
    enum log_level log_level;
    enum log_format log_format;
    enum settings_check check_config;
    bool print_config;
    bool print_schema;
    bool welcome;

    /* Not a setting: what the files say about names. */
    struct naming naming;
    uint64_t generation; /* of the mapping to be; 0 counts as 1 */
    bool skips_hosts;    /* do not look up names of hosts */

    /* Not a setting: the key's place in the config file, for each row that the file sets. */
    struct place places[OPTIONS_MAX];
};

/* Listener @i of @list. */
static inline const struct value_listener *settings_listener(const struct option_list *list,
                                                             unsigned i)
{
    return (const struct value_listener *)list->items + i;
}

/* The table that fills the settings, in the order of --help. */
extern const struct option_table settings_table;

/* Do what config_hold() does. */
MUST_CHECK int settings_hold(struct settings *wanted, const struct settings *in_force,
                             struct buffer *out);

/* Set all settings to their defaults. Returns 0, or -ENOMEM with nothing to free. */
MUST_CHECK int settings_init(struct settings *settings);
void settings_deinit(struct settings *settings);
