/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Intake: takes what a worker's sockets receive through a pipeline to the worker's shard
 *
 * Call everything except intake_new() and intake_free() on the loop's thread, or before that
 * thread starts.
 */

#include "base/compiler.h"
#include "base/places.h"
#include "base/refused.h"
#include "daemon/sources.h"
#include "ingest/lane.h"

#include <uv.h>

struct intake;

struct intake_options {
    struct lane_options lane;            /* all that it names is borrowed for the intake's life */
    const struct source_socket *sockets; /* to begin with; borrowed until intake_open() returns */
    unsigned n_sockets;
    struct refused *refused; /* the list of refused lines; NULL: they are only counted */
    const struct suspect_sink *suspects; /* for the pipeline; borrowed; NULL: none */
    int64_t idle_max_ns;                 /* of connections; 0: they may be idle for ever */
    struct places *places;               /* for the connections of all workers together; borrowed */
    void (*on_ended)(void *ctx);         /* on the worker's thread: a sender has ended series */
    void *ctx;
};

/* Make an intake with its own shard; it does not receive yet. Returns 0 or negative errno. */
MUST_CHECK int intake_new(struct intake **ret, const struct intake_options *options);

/* Free the intake, after the loop has run the close callbacks. NULL is fine. */
void intake_free(struct intake *intake);
DEFINE_CLEANUP(struct intake *, intake_free)

/* Start receiving in @loop. Returns 0 or negative errno; call intake_close() in either case. */
MUST_CHECK int intake_open(struct intake *intake, uv_loop_t *loop);

/*
 * Receive what is in the sockets' buffers, but not for longer than until @end_ns (monotonic). They
 * take turns, so one that is flooded does not take the time of the others.
 */
void intake_drain(struct intake *intake, int64_t end_ns);

/*
 * Receive from the Unix socket @new_fd in place of socket @fd, whose number it gets. It is taken.
 * What is left in the old socket is applied first. -1: another intake that shares @fd has done
 * so; watch it anew.
 */
void intake_replace(struct intake *intake, int fd, int new_fd);

/* Stop receiving. */
void intake_close(struct intake *intake);

/* Its sources, borrowed, to exchange them for others. */
struct sources *intake_sources(struct intake *intake);

/* The shard, borrowed, for use on this thread only. */
struct shard *intake_shard(struct intake *intake);

/* Do what lane_exchange_mapper() does. */
MUST_CHECK struct mapper *intake_exchange_mapper(struct intake *intake, struct mapper *mapper);

/* Publish the counters after something else has changed the shard's keys. */
void intake_publish(struct intake *intake);
