/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Trace: reports what the pipeline does with each line, while it does it
 *
 * A program that shows what becomes of lines gives the pipeline a trace and prints what the
 * pipeline reports. It decides nothing itself, so its output cannot differ from what happens. The
 * calls for each line:
 *
 *      on_line
 *          refused or skipped when it is cut:  on_verdict
 *          samples of one series:              on_name, on_type, its tags and sections,
 *                                              on_series, and on_sample for each of them
 *          a chain:                            on_name, on_chain, the tags of its name; then
 *                                              for each link on_link, on_type, its sections,
 *                                              on_series and on_sample
 *          a service check:                    on_check; if checks are gauges, its tags and
 *                                              sections, on_series and on_sample
 *      on_line_done
 *
 * A line or link that is refused as a whole gets on_verdict instead of the calls that would
 * follow; REFUSED_MALFORMED_VALUE then means that its packed values are not all numbers. Each
 * verdict that the pipeline counts is one on_sample or one on_verdict. A line that a stream refused
 * (pipeline_refuse) is only an on_verdict.
 */

#include "base/compiler.h"
#include "base/effect.h"
#include "base/identity.h"
#include "base/line.h"
#include "base/total_step.h"
#include "base/verdict.h"
#include "ingest/destination.h"
#include "input/resolve.h"
#include "input/service_check.h"

/* A value, its effect and its verdict. */
struct trace_sample {
    struct slice value;                /* as it was sent */
    const struct treatment *treatment; /* of it, or NULL; lives as long as the mapping */
    struct effect effect;
    enum verdict verdict;   /* if it is a refusal, the effect did not happen */
    const char *fault;      /* the first byte that cannot be right, or NULL if there is none */
    bool is_overflow;       /* it was applied to the overflow series */
    size_t n_ended;         /* EFFECT_ENDS: the number of series it ended */
    struct total_step step; /* EFFECT_REACHES: what it added, if it was recorded */
};

/*
 * All functions must be set. Their arguments are borrowed until they return, except for the text
 * of the line and slices of it, which are valid until on_line_done.
 */
struct trace {
    void *ctx;
    /* A line was cut: @text, without the blanks around it. */
    void (*on_line)(void *ctx, struct slice text);
    /* Its name, as it was sent. */
    void (*on_name)(void *ctx, struct slice name);
    /* It is a chain: disregard all calls since on_name. */
    void (*on_chain)(void *ctx);
    /* The next link of the chain begins. */
    void (*on_link)(void *ctx);
    void (*on_check)(void *ctx, const struct service_check *check);
    /* on_type, on_tag and on_section; they have a ctx of their own. */
    struct resolve_trace resolving;
    /*
     * The series that samples go to. Only type, weight, family and labels may be used, and the
     * buckets of its spec, if it has one.
     */
    void (*on_series)(void *ctx, const struct identity *identity);
    void (*on_sample)(void *ctx, const struct trace_sample *sample);
    /*
     * A line or link was refused as a whole, or skipped. @fault is NULL if skipped or not known.
     * @treatment is that of its values, as in struct trace_sample; NULL: none, or not known.
     */
    void (*on_verdict)(void *ctx, enum verdict verdict, const char *fault,
                       const struct treatment *treatment);
    void (*on_line_done)(void *ctx);
};

/* Call a trace, unless it is NULL: TRACE(trace, on_name, line->name). */
#define TRACE(trace, event, ...)                                                                   \
    do {                                                                                           \
        if (UNLIKELY(trace))                                                                       \
            (trace)->event((trace)->ctx, ##__VA_ARGS__);                                           \
    } while (0)

/*
 * What is known about the sample in the value of @line for @to, which got @verdict. What recording
 * it has done (is_overflow, n_ended, step) is not.
 */
COLD struct trace_sample trace_sample_of(const struct line *line, const struct destination *to,
                                         enum verdict verdict);

/* Tell @trace to which series a known key leads; one whose lines are skipped leads nowhere. */
void trace_tell_key(const struct trace *trace, const struct key *key);
