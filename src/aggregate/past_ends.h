/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Past ends: the latest x samples, for samples that arrived before them but are applied after them
 *
 * Workers do not run at the same pace. So when an x has been applied, another worker may still have
 * a sample that arrived earlier, and that must not begin a new series. The list has the latest
 * PAST_ENDS_MAX x samples. If an even older x should have ended a sample, that begins a series. The
 * caller holds the registry's lock.
 */

#include "base/compiler.h"
#include "base/identity.h"

#include <stdint.h>

#define PAST_ENDS_MAX 64

struct past_end {
    int64_t arrived_ns;
    uint64_t name_hash;
    struct slice name;
    struct past_labels {
        const struct slice *items; /* each was cut off by labels_next() */
        size_t n;
    } labels[1 + _OWN_LABEL_N]; /* as in struct identity: labels, labels_beside */
    void *memory;               /* of all of these */
};

/* All zero is an empty list. */
struct past_ends {
    struct past_end items[PAST_ENDS_MAX];
    unsigned next;     /* the item that is replaced next, the oldest if all are in use */
    int64_t newest_ns; /* the latest arrival in the list; 0: it is empty */
};

void past_ends_deinit(struct past_ends *ends);

/*
 * Note an x with this identity, which is copied, and the hash of its family's name. Returns false
 * without memory.
 */
MUST_CHECK bool past_ends_note(struct past_ends *ends, const struct identity *identity,
                               uint64_t name_hash, int64_t arrived_ns);

/* Whether an x that arrived after @arrived_ns has ended the series of @identity, not an x. */
static inline bool past_ends_have(const struct past_ends *ends, const struct identity *identity,
                                  uint64_t name_hash, int64_t arrived_ns);

/* --- implementation: nearly all samples arrive after the last x ------------------------- */

bool past_ends_search(const struct past_ends *ends, const struct identity *identity,
                      uint64_t name_hash, int64_t arrived_ns);

static inline bool past_ends_have(const struct past_ends *ends, const struct identity *identity,
                                  uint64_t name_hash, int64_t arrived_ns)
{
    return UNLIKELY(arrived_ns < ends->newest_ns) &&
           past_ends_search(ends, identity, name_hash, arrived_ns);
}
