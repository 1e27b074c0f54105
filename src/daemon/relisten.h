/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Relisten: opens and closes listeners while the workers receive
 *
 * All or nothing. First everything that can fail: new sockets are opened, and each worker gets
 * ready to receive from its own. Then each worker begins with the new ones and ends with those that
 * are to be closed, which it reads empty. Those that stay are not touched.
 *
 * On the disk thread, unless a function says otherwise.
 */

#include "base/compiler.h"
#include "config/problems.h"
#include "daemon/disk_thread.h"
#include "daemon/sockets.h"
#include "daemon/workers.h"

struct relisten {
    struct sockets *sockets;
    struct workers *workers;
    struct disk_thread *thread;
    const char *config_path; /* of the options; for problems */
    struct listeners *next;  /* that are to be in force; NULL: no change is under way */
    int results[CELLS_MAX];  /* whether each worker is ready: 0 or negative errno */
    bool is_waiting;         /* if the thread is stuck: for the disk of a socket file */
};

/* Begin without a change under way. All three are borrowed. */
void relisten_init(struct relisten *relisten, struct sockets *sockets, struct workers *workers,
                   struct disk_thread *thread);

/* Free what a change has left with which the process ended. */
void relisten_deinit(struct relisten *relisten);

/*
 * Open what @options say beside what is in force, and let the workers be ready. Waits for disks and
 * name servers. Returns
 *
 *      0               relisten_finish() must follow
 *      -ECANCELED      the process ends: return, and touch nothing else
 *      negative errno  nothing has changed; @problems has the reason, unless it is -ENOMEM
 */
MUST_CHECK int relisten_prepare(struct relisten *relisten, const struct listeners_options *options,
                                struct problems *problems);

/*
 * On the thread of @worker, once for each, after relisten_prepare(): receive from the new sockets,
 * and apply what has arrived at those that are to be closed.
 */
void relisten_switch(struct relisten *relisten, unsigned worker, struct intake *intake);

/*
 * After all workers have switched: close what is not in force any more. May wait for disks. Returns
 * false if the process ends: return, and touch nothing else.
 */
MUST_CHECK bool relisten_finish(struct relisten *relisten);
