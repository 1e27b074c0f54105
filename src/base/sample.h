/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sample: the words that all stages share
 *
 * A *line* is what a sender wrote, cut where the value begins and ends. Its
 * *identity* is what the bytes around the value mean: which series, of which
 * type, at which weight. A *verdict* is what became of a line.
 */

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* The longest line there is, in bytes: what a UDP datagram can carry. */
#define LINE_LENGTH_MAX 65536

/* What the sender calls it: the letters behind the first bar. */
enum sample_type {
    SAMPLE_COUNTER,      /* c */
    SAMPLE_GAUGE,        /* g */
    SAMPLE_TIMER,        /* ms, exposed as a histogram of seconds */
    SAMPLE_HISTOGRAM,    /* h */
    SAMPLE_DISTRIBUTION, /* d, treated as h (DogStatsD) */
    _SAMPLE_TYPE_N,
};

/* What Prometheus calls it: the word of the # TYPE line. */
enum metric_type {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_HISTOGRAM,
    _METRIC_TYPE_N,
};

/* The type that a sample of @type is exposed as. */
static inline enum metric_type metric_type_of(enum sample_type type)
{
    static const enum metric_type of[_SAMPLE_TYPE_N] = {
        [SAMPLE_COUNTER] = METRIC_COUNTER,        [SAMPLE_GAUGE] = METRIC_GAUGE,
        [SAMPLE_TIMER] = METRIC_HISTOGRAM,        [SAMPLE_HISTOGRAM] = METRIC_HISTOGRAM,
        [SAMPLE_DISTRIBUTION] = METRIC_HISTOGRAM,
    };

    return of[type];
}

/*
 * Every reason to refuse a line, as it stands in udometer_refused_total{reason},
 * with what it means. The names follow statsd_exporter's where it has one.
 */
#define REFUSALS(X)                                                                                \
    X(MALFORMED_LINE, malformed_line, "not NAME:VALUE|TYPE, or a name or tag is not UTF-8")        \
    X(MALFORMED_VALUE, malformed_value, "the value is not a decimal number, or out of range")      \
    X(ILLEGAL_EVENT, illegal_event, "the type is none of c, g, ms, h, d")                          \
    X(ILLEGAL_NEGATIVE_COUNTER, illegal_negative_counter, "a counter can only grow")               \
    X(NAME_LIMIT, name_limit, "the name has more bytes than the limit")                            \
    X(LABEL_LIMIT, label_limit, "more labels, or a longer one, than the limit")                    \
    X(SERIES_LIMIT, series_limit, "a new series beyond --limit.series or --limit.series-memory")   \
    X(TYPE_CONFLICT, type_conflict, "the name is in use with another type")                        \
    X(RESERVED_NAME, reserved_name, "the name belongs to one of udometer's own metrics")           \
    X(VALUE_OVERFLOW, value_overflow, "the sum would leave the range of a double")                 \
    X(NO_MEMORY, no_memory, "no memory for a new series")

/* What became of a line. */
enum verdict {
    VERDICT_APPLIED,
#define X(id, name, meaning) REFUSED_##id,
    REFUSALS(X)
#undef X
        SKIPPED_EVENT,     /* _e{…}: DogStatsD event, recognised and not applied */
    SKIPPED_SERVICE_CHECK, /* _sc|…: DogStatsD service check, likewise */
    _VERDICT_N,
};

/* A line, cut. All slices borrow from the datagram. */
struct line {
    struct slice name;  /* before the first ':' */
    struct slice value; /* between that and the first '|' behind it */
    struct slice rest;  /* from that '|' on: type, rate and tags; begins with '|' */
    uint64_t hash;      /* of name and rest, once the shard has seen it */
    int64_t arrived_ns; /* when it reached this machine, monotonic; 0: not known */
    double number;      /* the value, when is_number */
    bool is_number;
    bool is_signed; /* the value begins with '+' or '-': relative, for a gauge */
};

/* May the value of @line be recorded as a @type at all? VERDICT_APPLIED, or why not. */
static inline enum verdict sample_check(enum sample_type type, const struct line *line)
{
    if (!line->is_number)
        return REFUSED_MALFORMED_VALUE;
    if (type == SAMPLE_COUNTER && line->number < 0)
        return REFUSED_ILLEGAL_NEGATIVE_COUNTER;
    return VERDICT_APPLIED;
}

/* What the bytes around a value mean. Slices borrow from whoever resolved it. */
struct identity {
    enum sample_type type;
    struct slice family;         /* the Prometheus name */
    struct slice labels;         /* rendered: a="1",b="2"; sorted, escaped, without braces */
    struct slice sent_as;        /* the name as the sender wrote it, for # HELP */
    double weight;               /* how many events one sample stands for: 1 / rate, at least 1 */
    unsigned n_tag_errors;       /* tags that were dropped */
    unsigned n_unknown_sections; /* |… sections that were passed over */
    bool has_bad_rate;           /* the rate was unusable and taken as 1 */
};
