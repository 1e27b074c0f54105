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

/* Words longer than this, in bytes, resemble no other. */
#define SPELLING_LENGTH_MAX 63

struct spelling {
    struct slice word;    /* borrowed */
    struct slice nearest; /* of the words tried, borrowed; empty while none is near enough */
    unsigned distance;    /* only words nearer than this count */
};

/* Start to look for words near @word, which is borrowed. */
void spelling_init(struct spelling *spelling, struct slice word);

/*
 * Try @known, which is borrowed. An edit adds, removes or replaces a byte, or swaps it with its
 * neighbour; capitals are as good as small letters. @known is near enough if it takes no more edits
 * than a third of the bytes of the word's last part (after its last dot), or one if that is less.
 * @known's last part is also compared alone, so that "ttl" finds "statsd.ttl". Among equally near
 * words the first one tried is kept.
 */
void spelling_try(struct spelling *spelling, struct slice known);
