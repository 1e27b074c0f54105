/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sources: the sockets that a worker receives from
 *
 * They can be exchanged for others while it runs. First, those that are new are made, which may
 * fail; then, between two batches, some begin and others end.
 *
 * All of it on the thread of the worker's loop, or before that thread starts.
 */

#include "daemon/source.h"

/* The most sockets of a worker. */
#define SOURCES_MAX 160

struct sources {
    struct source_shared shared;
    struct source *first;
};

/* Begin without sockets. What @options name is borrowed. */
void sources_init(struct sources *sources, const struct source_options *options);

/*
 * Be ready to receive from those of @n @sockets from which the worker does not receive yet. A
 * socket is known by its descriptor. Returns 0 or negative errno. sources_commit() with the same
 * sockets, sources_cancel() or sources_close() must follow.
 */
MUST_CHECK int sources_prepare(struct sources *sources, const struct source_socket *sockets,
                               unsigned n);

/* Close what sources_prepare() has made. */
void sources_cancel(struct sources *sources);

/*
 * From now on receive from these sockets, and read values as they say. Those that are not among
 * them retire: see source_retire().
 */
void sources_commit(struct sources *sources, const struct source_socket *sockets, unsigned n);

/* Whether the config says of some names that they are running totals. At first it does not. */
void sources_name_senders(struct sources *sources, bool has_totals);

/* Do what intake_drain(), intake_replace() and intake_close() do. */
void sources_drain(struct sources *sources, int64_t end_ns);
void sources_replace(struct sources *sources, int fd, int new_fd);
void sources_close(struct sources *sources);
