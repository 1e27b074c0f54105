/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Spelling: the known word that an unknown one resembles most
 *
 *      struct spelling spelling;
 *
 *      spelling_init(&spelling, SLICE("workrs"));
 *      spelling_try(&spelling, SLICE("workers"));    for each known word
 *      spelling.nearest                              "workers"
 */

#include "base/slice.h"

/* Longer words, in bytes, resemble none. */
#define SPELLING_LENGTH_MAX 63

struct spelling {
    struct slice word;    /* borrowed */
    struct slice nearest; /* of the words tried, borrowed; empty while none is near enough */
    unsigned distance;    /* nearer ones than this are wanted */
};

/* Look for words near to @word. */
void spelling_init(struct spelling *spelling, struct slice word);

/*
 * Try @known. It is near enough when at most one byte in three of the word's last part
 * (after its last dot), but at least one, was added, left out, replaced, or swapped with
 * its neighbour. @known is also compared by its last part alone, so that "ttl" finds
 * "statsd.ttl". Of equally near words the first one tried is kept.
 */
void spelling_try(struct spelling *spelling, struct slice known);
