/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Lines: datagrams in memory, pushed like a worker does
 *
 * Datagrams of 20 lines with 3 tags, some 1,400 bytes: 60% counters, 20% gauges, 20%
 * timers. If something cannot be made, the program ends (rig_must).
 */

#include "base/buffer.h"
#include "rig.h"

#define LINES_PER_DATAGRAM 20
#define LINES_BATCH 64
#define LINES_DATAGRAM_MAX 4096

enum lines_order {
    LINES_IN_ORDER, /* those that were first seen together come together ever after */
    LINES_SHUFFLED, /* any may stand beside any */
};

struct lines {
    struct buffer text;
    struct slice *datagrams; /* in @text */
    size_t n_datagrams;
    size_t n_lines; /* one for each series, filled up to whole datagrams */
};

/* Make a line for each of @n_series, whose numbers begin with @first. */
void lines_make(struct lines *lines, size_t first, size_t n_series, enum lines_order order);
void lines_free(struct lines *lines);

/* One worker's part. Large; not for the stack. */
struct pusher {
    struct pipeline *pipeline;
    size_t at;          /* the datagram that is next */
    int64_t pushed_ns;  /* what pushing took so far, without the copying */
    int64_t longest_ns; /* and the longest batch of it */
    bool was_blocked;   /* the longest batch waited for something (a lock, a page) */
    bool was_preempted; /* the kernel gave the processor to somebody else meanwhile */
    bool has_longest;   /* whether to find out about the longest: a system call each batch */
    struct slice batch[LINES_BATCH];
    char received[LINES_BATCH * LINES_DATAGRAM_MAX];
};

/*
 * Push the next @n datagrams in batches, as a worker does, and return the time in ns. Each
 * batch is first copied to where a socket would put it, into the cache; that time does not
 * count. @stride is the distance from one datagram to the next.
 */
double pusher_push(struct pusher *pusher, const struct lines *lines, size_t n, size_t stride);

/* A stride that is coprime to every number of datagrams used here. */
#define LINES_STRIDE 7919
