/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Senders: tells who has sent a line, for running totals
 *
 * It is asked when the value of a running total is recorded, and not before: all other lines pay
 * nothing for it.
 */

#include "base/slice.h"

#include <stdint.h>

/* Whom to ask. find() returns a hash of the sender of @text, a line that was pushed. */
struct senders {
    void *ctx;
    uint64_t (*find)(void *ctx, struct slice text);
};
