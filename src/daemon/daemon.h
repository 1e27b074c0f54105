/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Daemon: all parts, put together, until a signal ends them
 */

#include "aggregate/registry.h"
#include "base/compiler.h"
#include "base/log.h"
#include "daemon/listeners.h"
#include "ingest/pipeline.h"
#include "web/selfmetrics.h"

#define DAEMON_LIMITS_MAX 64

/* What each part is told. All texts are borrowed until daemon_run() returns. */
struct daemon_options {
    enum log_level log_level;
    enum log_format log_format;
    unsigned n_workers; /* 0: as many as it thinks best */
    struct listeners_options listeners;
    uint64_t max_connections; /* of all workers together */
    struct pipeline_options pipeline;
    struct registry_options registry; /* how much it may hold; the daemon fills in the rest */
    size_t max_key_bytes;             /* of each worker's shard */
    uint32_t ttl_s;                   /* 0: series stay for ever */
    const char *http_address;         /* HOST:PORT */
    const char *telemetry_path;
    struct selfmetrics_limit limits[DAEMON_LIMITS_MAX]; /* to report */
    unsigned n_limits;
    bool has_welcome; /* print what to try first */
};

/*
 * Run until SIGTERM or SIGINT. Call once, on the main thread, with no other
 * threads. Logs what it does. Returns 0 after a good end, or negative errno when
 * it could not start, having said why on stderr.
 */
MUST_CHECK int daemon_run(const struct daemon_options *options);
