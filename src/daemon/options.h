/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Options: what each module is told of the settings
 *
 * Modules do not know the settings: each has a small struct of its own. This is the only
 * place where the one becomes the other. Texts are borrowed from the settings.
 */

#include "aggregate/registry.h"
#include "ingest/pipeline.h"

struct daemon_options;
struct settings;

/* All that the daemon is told. */
void options_daemon(const struct settings *settings, struct daemon_options *ret);

/* --- parts of it, for explain, which takes in lines without a daemon ------------------------- */

struct pipeline_options options_pipeline(const struct settings *settings);

/* How much it may hold. The caller fills in workers, seed and buckets. */
struct registry_options options_registry(const struct settings *settings);

/* The memory for keys of each worker's shard, in bytes. */
size_t options_max_key_bytes(const struct settings *settings);

/* Is a gauge's sign just a sign, in what comes by a listener without a dialect of its own? */
bool options_is_dogstatsd(const struct settings *settings);
