/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Once: remembers a number of things, so that each is reported once
 *
 * Any thread may ask at any time. Nothing is removed, so senders can cause ONCE_MAX reports in the
 * life of the process.
 */

#include <stdatomic.h>
#include <stdint.h>

#define ONCE_MAX 256

/* Zero-initialized, it remembers nothing. */
struct once {
    _Atomic uint64_t hashes[ONCE_MAX]; /* 0: free */
    _Atomic unsigned n;
};

enum once_answer {
    ONCE_NEW,   /* it is remembered from now on */
    ONCE_LAST,  /* the same, and there is no room for another one */
    ONCE_KNOWN, /* it was remembered before */
    ONCE_FULL,  /* it is not remembered, and there is no room for it */
};

/* Remember the thing with this @hash, which is seeded. */
enum once_answer once_ask(struct once *once, uint64_t hash);
