/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Worker: a thread that receives samples, and owns everything it needs for that
 */

#include "aggregate/shard.h"
#include "base/compiler.h"
#include "daemon/intake.h"

struct worker;

/* A function to run on a worker's thread, between two drains. */
struct worker_task {
    void (*run)(struct shard *shard, void *arg);
    void *arg;
    struct worker_task *next; /* belongs to the worker until run is called */
};

/* Make a worker, and start the thread that receives. Returns 0 or negative errno. */
MUST_CHECK int worker_start(struct worker **ret, const struct intake_options *options);

/* The worker's intake, borrowed, for use in its tasks only. */
struct intake *worker_intake(struct worker *worker);

/*
 * Run @task on the worker's thread soon. The caller must not touch or move it until then.
 * Every task is run, at the latest when the worker stops. Any thread; not after
 * worker_stop().
 */
void worker_ask(struct worker *worker, struct worker_task *task);

/*
 * Ask the worker to apply what is in its socket buffers, for at most a second plus the current
 * batch, and then end. Does not wait, so that all workers can be asked before the first is
 * stopped. NULL is fine.
 */
void worker_ask_to_stop(struct worker *worker);

/* Ask the worker to stop, wait for it, and free it. NULL is fine. */
void worker_stop(struct worker *worker);
