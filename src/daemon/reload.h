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
#include "daemon/disk_thread.h"
#include "daemon/sockets.h"
#include "daemon/sweeper.h"
#include "daemon/workers.h"
#include "input/limits.h"
#include "web/reload_page.h"
#include "web/reload_stats.h"
#include "web/selfmetrics.h"

struct reload;

/* All pointers are borrowed until reload_free(); what @line names, until the process ends. */
struct reload_options {
    const struct settings *settings; /* of the start, for what cannot change without a restart */
    const struct command_line *line; /* from which they were made */
    struct line_limits limits;       /* of the workers' mappers */
    struct registry *registry;
    struct sweeper *sweeper;
    struct selfmetrics_limit *shown_limits; /* of daemon_options, as they are in force */
    struct sockets *sockets;                /* whose listeners are opened and closed */
    struct workers *workers;
    struct disk_thread *thread; /* calls reload_run() when it is asked, and reload_look() */
    bool is_watching;           /* reload when a file of the config changes, too */
    struct reload_stats *stats; /* set up by the caller */
    void (*on_done)(void *ctx); /* on the disk thread: there is an outcome */
    void *ctx;
};

/* Make a reload, before the thread runs. Returns 0 or -ENOMEM. */
MUST_CHECK int reload_new(struct reload **ret, const struct reload_options *options);

/*
 * Reload as soon as the thread can: what is asked for before it has begun to read is one reload.
 * Does not wait. Returns a ticket for it, which is not 0. Any thread, between reload_new() and
 * reload_free().
 */
uint64_t reload_ask(struct reload *reload);

/* The same for a page, and to learn the outcome; until reload_free(). */
struct reload_functions reload_functions(struct reload *reload);

/* On the disk thread: reload. What has begun is completed, unless the process ends as it reads. */
void reload_run(struct reload *reload);

/* Whether files are watched. */
bool reload_is_watching(const struct reload *reload);

/*
 * On the disk thread: if files are watched, ask for a reload if they have changed. Returns false if
 * the process ends.
 */
MUST_CHECK bool reload_look(struct reload *reload);

/* Whether it waits, if the disk thread is stuck, for the disk of a socket file. */
bool reload_waits_for_files(const struct reload *reload);

/* Free all, unless the disk thread is stuck. NULL is fine. */
void reload_free(struct reload *reload);
