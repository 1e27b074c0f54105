/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Round: the time that long answers share before the server sees to others
 *
 * One thread serves all connections. It goes round those that can go on, again and again. In each
 * round, long answers do some of their work until they have taken ROUND_NS together; the others
 * wait for the next round. So a short page waits for about one ROUND_NS, however many clients want
 * long ones. Pure; one thread.
 */

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

#define ROUND_NS INT64_C(10000000)

/* All zero: nothing waits. */
struct round {
    uint64_t number;
    int64_t spent_ns;    /* in this round */
    uint64_t generation; /* of those that go first */
    unsigned n_first;    /* entries of this generation, which wait */
    unsigned n_next;     /* of the next one */
};

/* Of a long answer. All zero: it does not wait. */
struct round_entry {
    bool is_waiting;
    uint64_t generation;
    uint64_t number; /* of the round in which it began to wait, or went on waiting */
};

/*
 * Whether @entry may do some of its work now. Otherwise it waits: this must be called again when
 * the server comes round to it again, and in no case before.
 */
MUST_CHECK bool round_may_work(struct round *round, struct round_entry *entry);

/* Some work of this round has taken @ns. */
void round_spend(struct round *round, int64_t ns);

/* @entry does not wait any more, if it did. */
void round_leave(struct round *round, struct round_entry *entry);
