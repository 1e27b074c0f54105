/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Options: the settings, as options of each module
 *
 * Modules do not know the settings: each has a small struct of options. This is the only
 * place that fills them from the settings. Texts are borrowed from the settings.
 */

#include "aggregate/registry.h"
#include "base/log.h"
#include "config/config.h"
#include "daemon/listeners.h"
#include "http/server.h"
#include "ingest/pipeline.h"
#include "web/format.h"
#include "web/reserved_names.h"
#include "web/selfmetrics.h"

#define DAEMON_LIMITS_MAX 64

/* The options of all parts. All texts are borrowed until daemon_run() returns. */
struct daemon_options {
    enum log_level log_level;
    enum log_format log_format;
    unsigned n_workers; /* 0: the daemon chooses */
    struct listeners_options listeners;
    uint64_t max_connections; /* of all workers together */
    uint32_t idle_max_s;      /* of connections; 0: they may be idle for ever */
    struct pipeline_options pipeline;
    struct registry_options registry; /* only its limits; the daemon fills in the rest */
    size_t max_key_bytes;             /* of each worker's shard */
    uint32_t ttl_s[_METRIC_TYPE_N];   /* by type; 0: series never expire */
    uint32_t unscraped_ttl_s;         /* of series that no scrape has shown; 0: the same */
    const char *http_address;         /* HOST:PORT */
    bool is_http_default;             /* the user did not ask for it */
    struct http_server_options http;  /* only its limits; the daemon fills in the rest */
    const char *telemetry_path;
    const char *selfmetrics_path; /* NULL: the self-metrics are at the end of the page above */
    bool has_exporter_names;      /* as in struct selfmetrics */
    struct selfmetrics_limit limits[DAEMON_LIMITS_MAX]; /* to report */
    unsigned n_limits;
    bool has_welcome;             /* print what to try first */
    bool has_lifecycle;           /* as in struct routes */
    struct format_offers formats; /* likewise */
    /* What is in force, and what it was made from, to read all of it again for a reload. */
    const struct settings *settings;
    const struct command_line *line;
    bool is_watching;      /* as in struct reload_options */
    struct slice warnings; /* lines to log at the start: variables without effect */
};

/* All options that @settings say. The rest is up to whoever runs the daemon. */
void options_daemon(const struct settings *settings, struct daemon_options *ret);

/* --- parts of them, for explain, which runs a pipeline without a daemon --------------------- */

struct pipeline_options options_pipeline(const struct settings *settings);

/* The registry's limits. The caller fills in workers, seed and buckets. */
struct registry_options options_registry(const struct settings *settings);

/* The memory limit for keys in each worker's shard, in bytes. */
size_t options_max_key_bytes(const struct settings *settings);

/* The names that no sender may use. */
struct reserved_names options_reserved_names(const struct settings *settings);

/* How listeners read values that do not say otherwise. */
struct pipeline_reading options_reading(const struct settings *settings);
