/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Places: how many connections may be open, and which one is evicted for a new one
 *
 * There is a fixed number of places, which all threads share. When a connection comes and all are
 * taken, it gets a place nevertheless, and the connection that has been idle longest, among those
 * of the peer that has the most, is evicted. The new one counts for its own peer, so a peer that
 * opens more and more connections only evicts its own. A limit for each peer is possible, too.
 *
 * A connection is evicted by shutting its socket down, as only its own thread may close it. That
 * thread reads what has arrived, sees the end, and gives the place back. Until then the connection
 * is leaving, and does not count.
 */

#include "base/compiler.h"
#include "base/peer.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The most connections that may be leaving. While this many are, a new one is refused. */
#define PLACES_LEAVING_MAX 64

/* The most places among which the one to evict is searched; with more, each search has others. */
#define PLACES_LOOKS_MAX 4096

struct places;

struct places_entry {
    _Atomic int64_t last_ns;  /* when its connection last received anything */
    struct places_peer *peer; /* the rest is under the lock of the places; NULL: it is free */
    struct places_entry *next_free;
    int fd;
    bool is_to_reset;
    bool is_leaving;
};

enum places_outcome {
    PLACES_FREE,    /* there was a free place */
    PLACES_EVICTED, /* another connection is leaving for it */
    PLACES_FULL,    /* none: too many are leaving already */
    PLACES_NO_MEMORY,
};

/* A connection that has been accepted. */
struct places_arrival {
    const struct peer *peer; /* copied */
    int fd;                  /* or -1, to be told by places_set_fd() */
    int64_t now_ns;          /* clock_monotonic_ns */
    bool is_to_reset;        /* if it is evicted, drop what its peer has not taken yet */
};

/* The peer whose connection was evicted. */
struct places_eviction {
    struct peer peer;
    unsigned n; /* of its connections are left */
};

/* Make @n_max places. @seed is for the table of peers. Returns 0 or -ENOMEM. */
MUST_CHECK int places_new(struct places **ret, unsigned n_max, uint64_t seed);

/*
 * Before any place is taken: let no peer have more than @n_max. A further connection of it evicts
 * its longest idle, whether places are free or not.
 */
void places_limit_peers(struct places *places, unsigned n_max);

/* Free the places, which all have been given back. NULL is fine. */
void places_free(struct places *places);
DEFINE_CLEANUP(struct places *, places_free)

/*
 * Take a place for a connection. Any thread. With PLACES_FREE and PLACES_EVICTED the place is in
 * @ret; with PLACES_EVICTED, @ret_eviction is set too.
 */
MUST_CHECK enum places_outcome places_take(struct places *places,
                                           const struct places_arrival *arrival,
                                           struct places_entry **ret,
                                           struct places_eviction *ret_eviction);

/* Give a place back, before its descriptor is closed. Any thread. */
void places_give_back(struct places *places, struct places_entry *place);

/*
 * Tell the descriptor of a connection that came with -1. Until then it can be evicted, and is shut
 * down now. Any thread.
 */
void places_set_fd(struct places *places, struct places_entry *place, int fd);

/* Whether the connection has been evicted. Any thread. */
bool places_is_evicted(struct places *places, const struct places_entry *place);

/* Whether so many are leaving that a new connection might be refused. Any thread. */
bool places_are_crowded(struct places *places);

/* The number of places taken, without those of connections that are leaving. Any thread. */
unsigned places_count(struct places *places);

/* The connection has received something. Only its own thread. */
static inline void places_touch(struct places_entry *place, int64_t now_ns)
{
    atomic_store_explicit(&place->last_ns, now_ns, memory_order_relaxed);
}

static inline int64_t places_last_ns(const struct places_entry *place)
{
    return atomic_load_explicit(&place->last_ns, memory_order_relaxed);
}
