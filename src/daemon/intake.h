/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Intake: all that a worker receives, from its sockets through a pipeline to its shard
 *
 * Everything but intake_new() and intake_free() runs on the thread of the loop, or before
 * it starts.
 */

#include "aggregate/registry.h"
#include "aggregate/shard.h"
#include "base/compiler.h"
#include "base/telemetry.h"
#include "ingest/pipeline.h"

#include <uv.h>

struct intake;

/* A socket that is bound; the descriptor stays the caller's. */
struct intake_socket {
    int fd;
    bool is_stream; /* it listens; otherwise it receives datagrams */
    bool may_have_frames;
    bool is_dogstatsd;   /* a gauge's sign is just a sign */
    bool needs_arrivals; /* what comes needs a time, to be ordered with other workers' */
};

#define INTAKE_SOCKETS_MAX 64

struct intake_options {
    unsigned worker;                     /* 0 to n - 1: which of the registry's workers this is */
    const struct intake_socket *sockets; /* borrowed until intake_open() returns */
    unsigned n_sockets;
    struct registry *registry; /* outlives the intake, as does the row */
    struct telemetry_row *row;
    size_t max_key_bytes; /* of the shard */
    uint64_t seed;        /* of the shard */
    const struct pipeline_options *pipeline;
    _Atomic unsigned *n_connections; /* of all workers together; borrowed */
    unsigned max_connections;
    void (*on_ended)(void *ctx); /* on the worker's thread: a sender has ended series */
    void *ctx;
};

/* Make one, with a shard of its own, that does not receive yet. Returns 0 or negative errno. */
MUST_CHECK int intake_new(struct intake **ret, const struct intake_options *options);

/* Free it, after the loop has run the close callbacks. NULL is fine. */
void intake_free(struct intake *intake);
DEFINE_CLEANUP(struct intake *, intake_free)

/* Receive in @loop. Returns 0 or negative errno; intake_close() in any case. */
MUST_CHECK int intake_open(struct intake *intake, uv_loop_t *loop);

/* Take in what is in the sockets' buffers, but begin no further read after @end_ns. */
void intake_drain(struct intake *intake, int64_t end_ns);

/* Stop receiving. */
void intake_close(struct intake *intake);

/* The shard, for those who run on this thread. Borrowed. */
struct shard *intake_shard(struct intake *intake);

/* Publish the counters, after the shard's keys were changed from outside. */
void intake_publish(struct intake *intake);
