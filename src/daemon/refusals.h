/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Refusals: where a worker's refused lines go
 *
 * Each is noted in the worker's list (base/refused.h). The first of a reason and a sender is
 * logged at info, a limited number of them; at debug, each line is logged.
 */

#include "base/refused.h"
#include "ingest/refusal.h"

/* Sources whose lines were logged; the one that was logged first is replaced. */
#define REFUSALS_SOURCES_MAX 64

/* A source that goes on is logged again after this time. */
#define REFUSALS_PAUSE_S 3600

/* Log lines at info: at most this number at once, and one more each second. */
#define REFUSALS_BURST 10

struct refusals {
    struct refused *list;
    struct {
        uint64_t source;
        uint32_t logged_s; /* 0: none */
    } logged[REFUSALS_SOURCES_MAX];
    unsigned next;   /* to be replaced */
    uint32_t second; /* in which n_free was right */
    uint32_t n_free; /* log lines that are allowed */
};

/* Begin with an empty @list, which is borrowed. */
void refusals_init(struct refusals *refusals, struct refused *list);

/*
 * Note a refused line that was received at @listener. @now_s is clock_seconds(). The worker's
 * thread.
 */
void refusals_note(struct refusals *refusals, const struct refusal *refusal,
                   const struct peer *peer, const char *listener, uint32_t now_s);
