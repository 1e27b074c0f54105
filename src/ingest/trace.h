/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Trace: what the pipeline does with each line, told while it does it
 *
 * A program that shows what becomes of lines gives the pipeline a trace and prints what it is
 * told. It works out nothing of its own, so it cannot differ from what happens. Of each line:
 *
 *      on_line
 *          refused or skipped when it is cut:  on_end
 *          samples of one series:              on_name, on_type, its tags and sections,
 *                                              on_series, and on_sample for each of them
 *          a chain:                            on_name, on_chain, the tags of its name; then
 *                                              for each link on_link, on_type, its sections,
 *                                              on_series and on_sample
 *          a service check:                    on_check; if checks are gauges, its tags and
 *                                              sections, on_series and on_sample
 *      on_line_end
 *
 * A line or link that is refused as a whole ends with on_end instead of what would follow.
 * Each verdict that the pipeline counts is one on_sample or one on_end. A line that a stream
 * refused (pipeline_refuse) is an on_end alone.
 */

#include "base/identity.h"
#include "base/line.h"
#include "base/verdict.h"
#include "input/resolve.h"
#include "input/service_check.h"

/* What a value does to its series. */
enum trace_effect {
    TRACE_NOTHING,  /* it cannot be recorded, whatever the series is */
    TRACE_ADDS,     /* to a counter or gauge */
    TRACE_SETS,     /* a gauge */
    TRACE_OBSERVES, /* for a histogram */
    TRACE_COLLECTS, /* its text, for a set */
    TRACE_ENDS,     /* all series that its line names */
};

/* A value, and how it ended. */
struct trace_sample {
    struct slice value; /* as it was sent */
    enum trace_effect effect;
    double amount;  /* that is added, set or observed, in the unit that is exposed, after rates */
    double n_times; /* TRACE_OBSERVES: how often, on average */
    enum verdict verdict; /* if it is a refusal, the effect is what did not happen */
    const char *fault;    /* the first byte that cannot be right, or NULL if none is to blame */
    bool is_overflow;     /* it was applied to the series for all beyond a limit */
    size_t n_ended;       /* TRACE_ENDS: series ended by it */
};

/*
 * All functions are to be set. What they are given is borrowed until they return, but for the
 * text of the line and slices of it, which stay until on_line_end.
 */
struct trace {
    void *ctx;
    /* A line was cut: @text, without the blanks around it. */
    void (*on_line)(void *ctx, struct slice text);
    /* Its name, as it was sent. */
    void (*on_name)(void *ctx, struct slice name);
    /* It is a chain: forget what was told since its name. */
    void (*on_chain)(void *ctx);
    /* The next link of the chain begins. */
    void (*on_link)(void *ctx);
    void (*on_check)(void *ctx, const struct service_check *check);
    /* on_type, on_tag and on_section; their ctx is a field of its own. */
    struct resolve_trace resolving;
    /* Where samples go: type, family and labels. */
    void (*on_series)(void *ctx, const struct identity *identity);
    void (*on_sample)(void *ctx, const struct trace_sample *sample);
    /* A line or link was refused as a whole at the byte @fault, or skipped: then that is NULL. */
    void (*on_end)(void *ctx, enum verdict verdict, const char *fault);
    void (*on_line_end)(void *ctx);
};

/* Tell a trace, unless it is NULL: TRACE(trace, on_name, line->name). */
#define TRACE(trace, event, ...)                                                                   \
    do {                                                                                           \
        if (UNLIKELY(trace))                                                                       \
            (trace)->event((trace)->ctx, ##__VA_ARGS__);                                           \
    } while (0)

/*
 * The sample of @type at @weight (struct identity) in the value of @line: everything that is
 * known before it is recorded. @cause is why its value can never be recorded, or VERDICT_APPLIED.
 */
struct trace_sample trace_sample_of(const struct line *line, enum sample_type type, double weight,
                                    enum verdict cause);
