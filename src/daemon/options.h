/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Options: the settings, as options of each module
 *
 * Modules do not know the settings: each has a small struct of options. This is the only
 * place that fills them from the settings. Texts are borrowed from the settings.
 */

#include "aggregate/registry.h"
#include "ingest/pipeline.h"

struct daemon_options;
struct settings;

/* All options of the daemon. */
void options_daemon(const struct settings *settings, struct daemon_options *ret);

/* --- parts of them, for explain, which runs a pipeline without a daemon --------------------- */

struct pipeline_options options_pipeline(const struct settings *settings);

/* The registry's limits. The caller fills in workers, seed and buckets. */
struct registry_options options_registry(const struct settings *settings);

/* The memory limit for keys in each worker's shard, in bytes. */
size_t options_max_key_bytes(const struct settings *settings);

/* The page of the self-metrics, or NULL if it is that of the series. */
const char *options_selfmetrics_path(const struct settings *settings);

/* Whether self-metrics have the names of statsd_exporter too. */
bool options_has_exporter_names(const struct settings *settings);

/* How listeners read values that do not say otherwise. */
struct pipeline_reading options_reading(const struct settings *settings);
