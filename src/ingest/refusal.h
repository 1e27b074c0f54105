/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Refusal: tells which lines are refused, while the pipeline goes on at full speed
 *
 * There is one call for each refusal that is counted, so a packed line may bring several. A trace
 * (ingest/trace.h) tells more, but costs much more, and about all lines.
 */

#include "base/compiler.h"
#include "base/slice.h"
#include "base/verdict.h"

struct treatment; /* base/treatment.h */

/* A refused line, or sample of a line. */
struct refusal {
    enum verdict reason;
    struct slice text; /* the whole line without the blanks around it; empty if it is not known */
    const char *fault; /* the first byte of the text that cannot be right; NULL if not known */
    const struct treatment *treatment; /* of the value; NULL: none, or not known */
};

/* Whom to tell. The refusal and its text are borrowed until on_refused returns. */
struct refusal_sink {
    void *ctx;
    void (*on_refused)(void *ctx, const struct refusal *refusal);
};

/* Tell @sink, unless it is NULL. */
static inline void refusal_tell(const struct refusal_sink *sink, enum verdict reason,
                                struct slice text, const char *fault,
                                const struct treatment *treatment)
{
    const struct refusal refusal = { reason, text, fault, treatment };

    if (sink)
        sink->on_refused(sink->ctx, &refusal);
}
