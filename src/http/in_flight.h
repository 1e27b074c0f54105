/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * In flight: the requests that are being answered at once, and which one is given up for another
 *
 * Each answer holds memory until its client has taken it, so their number is limited. When there
 * is no room for a further one, the answer whose client has taken nothing for longest is given up
 * if that is two seconds or more. Otherwise a client that has more than half of all loses its
 * slowest to a request of another. So a client that does not read cannot keep others out.
 *
 * One thread.
 */

#include "base/age_list.h"
#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/* An answer without progress for this long may be given up. */
#define IN_FLIGHT_STALLED_NS INT64_C(2000000000)

struct in_flight_entry {
    struct age_node node;
    bool is_in;
    bool is_sending; /* the client can take something; otherwise it is not the client's fault */
    uint64_t peer;   /* a hash of the client's address */
    int64_t progress_ns;
};

struct in_flight {
    struct age_list all; /* by their last progress */
    unsigned n, n_max;
    /* Abort the answer of @entry, which is not in any more. */
    void (*give_up)(void *ctx, struct in_flight_entry *entry);
    void *ctx;
};

/*
 * Add @entry, with its peer set, at @now_ns (clock_monotonic_ns), or return false: there is no
 * room.
 */
MUST_CHECK bool in_flight_add(struct in_flight *in_flight, struct in_flight_entry *entry,
                              int64_t now_ns);

/*
 * There is something of the answer of @entry, if it is in, that its client can take; it has taken
 * all that there was before.
 */
void in_flight_progress(struct in_flight *in_flight, struct in_flight_entry *entry, int64_t now_ns);

/* Take @entry out, if it is in. */
void in_flight_remove(struct in_flight *in_flight, struct in_flight_entry *entry);
