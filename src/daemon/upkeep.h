/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Upkeep: what keeps the running daemon as its config and the disk say
 *
 * It reloads the config, and makes the files of sockets again, both on the disk thread.
 */

#include "base/compiler.h"
#include "daemon/reload.h"

struct upkeep;

struct upkeep_options {
    struct reload_options reload; /* its thread is filled in. Its sockets have the files */
};

/*
 * Start it, after the workers. Returns 0 or negative errno; call upkeep_stop() and upkeep_free() in
 * either case.
 */
MUST_CHECK int upkeep_start(struct upkeep **ret, const struct upkeep_options *options);

/* The reload, for signals and pages; until upkeep_free(). */
struct reload *upkeep_reload(struct upkeep *upkeep);

/*
 * Do what disk_thread_stop() does. If a disk hangs on which the file of a socket is, then the files
 * are left as they are, and sockets_close() will not remove them. NULL is fine, and so is a
 * second call.
 */
void upkeep_stop(struct upkeep *upkeep);

/* Free it, unless the thread is stuck. NULL is fine. */
void upkeep_free(struct upkeep *upkeep);
