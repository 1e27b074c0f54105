/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reload: reads the config again, and puts it in force without a gap
 *
 * All or nothing: a config with a problem leaves the one before in force. The log tells all
 * problems.
 */

#include "aggregate/registry.h"
#include "base/compiler.h"
#include "config/config.h"
#include "daemon/worker.h"
#include "input/limits.h"
#include "web/reload_page.h"
#include "web/reload_stats.h"

struct reload;

/* All pointers are borrowed until reload_stop(); what @line names, until the process ends. */
struct reload_options {
    const struct settings *settings; /* of the start, for what cannot change without a restart */
    const struct command_line *line; /* from which they were made */
    struct line_limits limits;       /* of the workers' mappers */
    struct registry *registry;
    struct worker *const *workers;
    unsigned n_workers;
    bool is_watching;           /* reload when a file of the config changes, too */
    struct reload_stats *stats; /* set up by the caller */
    void (*on_done)(void *ctx); /* on the reload's thread: there is an outcome */
    void *ctx;
};

/* Start the thread that reads the files. Returns 0 or negative errno. */
MUST_CHECK int reload_start(struct reload **ret, const struct reload_options *options);

/*
 * Reload as soon as the thread can: what is asked for before it has begun to read is one reload.
 * Does not wait. Returns a ticket for it, which is not 0. Any thread, between reload_start() and
 * reload_free().
 */
uint64_t reload_ask(struct reload *reload);

/* The same for a page, and to learn the outcome; until reload_free(). */
struct reload_functions reload_functions(struct reload *reload);

/*
 * End the thread, before the workers are stopped. A reload that the workers have been asked for is
 * completed; one that is still reading is not. Waits for the disk for a second at most, and
 * otherwise abandons the thread. NULL is fine, and so is a second call.
 */
void reload_stop(struct reload *reload);

/* Free all, after reload_stop(). NULL is fine. */
void reload_free(struct reload *reload);
