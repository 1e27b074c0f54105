/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Worker: a thread that receives, and owns all it needs for that
 */

#include "aggregate/registry.h"
#include "aggregate/shard.h"
#include "base/compiler.h"
#include "base/telemetry.h"
#include "ingest/pipeline.h"

struct worker;

/* A socket that is bound; the descriptor stays the caller's. */
struct worker_socket {
    int fd;
    bool is_stream; /* it listens; otherwise it receives datagrams */
    bool may_have_frames;
    bool is_dogstatsd;   /* a gauge's sign is just a sign */
    bool needs_arrivals; /* what comes needs a time, to be ordered with other workers' */
};

#define WORKER_SOCKETS_MAX 64

struct worker_options {
    unsigned index; /* 0 to n - 1: which of the registry's workers this is */
    const struct worker_socket *sockets;
    unsigned n_sockets;
    struct registry *registry; /* outlives the worker, as does the row */
    struct telemetry_row *row;
    size_t max_key_bytes; /* of the shard */
    uint64_t seed;        /* of the shard */
    const struct pipeline_options *pipeline;
    _Atomic unsigned *n_connections; /* of all workers together; borrowed */
    unsigned max_connections;
    void (*on_ended)(void *ctx); /* on the worker's thread: a sender has ended series */
    void *ctx;
};

/* Something to do on a worker's thread, between two drains. */
struct worker_task {
    void (*run)(struct shard *shard, void *arg);
    void *arg;
    struct worker_task *next; /* the worker's, until run is called */
};

/* Make a worker and start its thread. Returns 0 or negative errno. */
MUST_CHECK int worker_start(struct worker **ret, const struct worker_options *options);

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
