/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Worker: a thread that receives, and owns all it needs for that
 */

#include "aggregate/shard.h"
#include "base/compiler.h"
#include "daemon/intake.h"

struct worker;

/* Something to do on a worker's thread, between two drains. */
struct worker_task {
    void (*run)(struct shard *shard, void *arg);
    void *arg;
    struct worker_task *next; /* the worker's, until run is called */
};

/* Make a worker and start its thread, which receives. Returns 0 or negative errno. */
MUST_CHECK int worker_start(struct worker **ret, const struct intake_options *options);

/*
 * Have @task run on the worker's thread, soon. It stays where it is until then.
 * Every task is run, at the latest when the worker stops. Any thread, not after
 * worker_stop().
 */
void worker_ask(struct worker *worker, struct worker_task *task);

/*
 * Have it apply what lies in its socket buffers, for a second at most (and the
 * batch it is at), and then end. Does not wait: ask all before you stop the first.
 * NULL is fine.
 */
void worker_ask_to_stop(struct worker *worker);

/* The same; wait for it, and free the worker. NULL is fine. */
void worker_stop(struct worker *worker);
