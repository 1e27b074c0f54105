/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Cost: the CPU time that a datagram takes, compared with its bound
 *
 * The bound is COST_NS_PER_BYTE for each byte, COST_NS_PER_LINE for each line and, for each further
 * sample that a line packs or chains, COST_NS_PER_SAMPLE, on a machine on which a plain known line
 * takes COST_PLAIN_NS. Series that are made or ended have bounds of their
 * own (docs/operations.md): a datagram is pushed once before it is measured, and no x may end
 * anything any more.
 */

#include "base/slice.h"

#include <stdint.h>

#define COST_NS_PER_BYTE 15
#define COST_NS_PER_LINE 500
#define COST_NS_PER_SAMPLE 250
#define COST_PLAIN_NS 36

/* What a worker knows before the datagram comes. */
enum cost_state {
    COST_KNOWN,  /* the datagram: its keys are cached */
    COST_NEW,    /* its series, but no key: all lines are new spellings */
    COST_BEYOND, /* nothing, and no series may be made */
    _COST_STATE_N,
};

struct cost {
    enum cost_state state; /* in which it was measured */
    double ns;             /* of a push; as measured */
    double share;          /* of the bound */
    size_t n_lines, n_packed;
    uint64_t outcomes; /* a bit for each verdict that some line got, in any state */
};

/* Begin, or after cost_deinit() begin anew, with nothing pushed. At the end, cost_deinit(). */
void cost_init(void);
void cost_deinit(void);

/*
 * Push @datagram, up to 64 KiB, in each state, @n_rounds times. The cost is the least of all
 * rounds; that of the state with the largest share is returned.
 */
struct cost cost_measure(struct slice datagram, unsigned n_rounds);
