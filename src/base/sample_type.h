/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sample type: what a sender calls a sample, and what it becomes
 */

/* What the sender calls it: the letters behind the first bar. */
enum sample_type {
    SAMPLE_COUNTER,      /* c */
    SAMPLE_GAUGE,        /* g */
    SAMPLE_TIMER,        /* ms, exposed as a histogram of seconds */
    SAMPLE_HISTOGRAM,    /* h */
    SAMPLE_DISTRIBUTION, /* d, treated as h (DogStatsD) */
    SAMPLE_SET,          /* s */
    SAMPLE_END,          /* x: ends series instead of writing one (udometer's own) */
    _SAMPLE_TYPE_N,
};

/* What it becomes. Prometheus is told of a set as of a gauge. */
enum metric_type {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_HISTOGRAM,
    METRIC_SET,
    _METRIC_TYPE_N,
};

/* What a sample of @type becomes; _METRIC_TYPE_N for what makes no series. */
static inline enum metric_type metric_type_of(enum sample_type type)
{
    static const enum metric_type of[_SAMPLE_TYPE_N] = {
        [SAMPLE_COUNTER] = METRIC_COUNTER,
        [SAMPLE_GAUGE] = METRIC_GAUGE,
        [SAMPLE_TIMER] = METRIC_HISTOGRAM,
        [SAMPLE_HISTOGRAM] = METRIC_HISTOGRAM,
        [SAMPLE_DISTRIBUTION] = METRIC_HISTOGRAM,
        [SAMPLE_SET] = METRIC_SET,
        [SAMPLE_END] = _METRIC_TYPE_N,
    };

    return of[type];
}

/* What udometer calls it, in its own metrics and messages. */
static inline const char *metric_type_name(enum metric_type type)
{
    static const char *const names[_METRIC_TYPE_N] = {
        [METRIC_COUNTER] = "counter",
        [METRIC_GAUGE] = "gauge",
        [METRIC_HISTOGRAM] = "histogram",
        [METRIC_SET] = "set",
    };

    return names[type];
}
