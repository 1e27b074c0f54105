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

/* What the sender calls it: the letters behind the first bar. */
enum sample_type {
    SAMPLE_COUNTER,      /* c */
    SAMPLE_GAUGE,        /* g */
    SAMPLE_TIMER,        /* ms, exposed as a histogram of seconds */
    SAMPLE_HISTOGRAM,    /* h */
    SAMPLE_DISTRIBUTION, /* d, treated as h (DogStatsD) */
    SAMPLE_SET,          /* s */
    SAMPLE_EXPIRE,       /* x: ends series instead of writing one (udometer's own) */
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
        [SAMPLE_COUNTER] = METRIC_COUNTER,        [SAMPLE_GAUGE] = METRIC_GAUGE,
        [SAMPLE_TIMER] = METRIC_HISTOGRAM,        [SAMPLE_HISTOGRAM] = METRIC_HISTOGRAM,
        [SAMPLE_DISTRIBUTION] = METRIC_HISTOGRAM, [SAMPLE_SET] = METRIC_SET,
        [SAMPLE_EXPIRE] = _METRIC_TYPE_N,
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

/*
 * Every reason to refuse a line, as it stands in udometer_refused_total{reason},
 * with what it means. The names follow statsd_exporter's where it has one.
 */
#define REFUSALS(X)                                                                                \
    X(LINE_LIMIT, line_limit, "the line has more bytes than --limit.line-length")                  \
    X(MALFORMED_LINE, malformed_line, "not NAME:VALUE|TYPE, or a name or tag is not UTF-8")        \
    X(ILLEGAL_EVENT, illegal_event, "the type is none of c, g, ms, h, d, s, x")                    \
    X(MIXED_TAGGING_STYLES, mixed_tagging_styles, "tags of two dialects on one line")              \
    X(NAME_LIMIT, name_limit, "the name has more bytes than --limit.name-length")                  \
    X(LABEL_LIMIT, label_limit, "more labels, or longer ones, than the --limit.label flags allow") \
    X(MALFORMED_VALUE, malformed_value, "the value is not a decimal number, or out of range")      \
    X(ILLEGAL_NEGATIVE_COUNTER, illegal_negative_counter, "a counter can only grow")               \
    X(SERIES_LIMIT, series_limit, "a new series beyond one of the --limit.*series* flags")         \
    X(EXPIRE_LIMIT, expire_limit, "more series to look at for x than a worker does in a second")   \
    X(TYPE_CONFLICT, type_conflict, "the name is in use with another type")                        \
    X(RESERVED_NAME, reserved_name, "the name belongs to one of udometer's own metrics")           \
    X(VALUE_OVERFLOW, value_overflow, "the sum would leave the range of a double")                 \
    X(NO_MEMORY, no_memory, "no memory for a new series, or for more of a gauge or set")

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
    struct slice name;  /* before the first ':', with the tags that some dialects put there */
    struct slice value; /* between that and the first '|' behind it */
    struct slice rest;  /* from that '|' on: type, rate and tags; begins with '|' */
    uint64_t hash;      /* of name and rest, once the shard has seen it */
    struct key *key;    /* what it has found for that, and not looked into yet; or NULL */
    uint32_t key_age;   /* of the shard, when it did */
    int64_t arrived_ns; /* when it reached this machine, monotonic; 0: not known */
    union {
        double number;     /* the value, when is_number */
        const char *fault; /* when the line was refused: the first byte that cannot be right */
    };
    bool is_number;
    bool is_relative;  /* the value begins with '+' or '-': it is added, to a gauge */
    bool is_dogstatsd; /* it came where a gauge's sign is just a sign */
};

/* May the value of @line be recorded as a @type at all? VERDICT_APPLIED, or why not. */
static inline enum verdict sample_check(enum sample_type type, const struct line *line)
{
    if (type == SAMPLE_SET)
        return line->value.len ? VERDICT_APPLIED : REFUSED_MALFORMED_VALUE;
    if (!line->is_number)
        return REFUSED_MALFORMED_VALUE;
    if (type == SAMPLE_COUNTER && line->number < 0)
        return REFUSED_ILLEGAL_NEGATIVE_COUNTER;
    return VERDICT_APPLIED;
}

/* What the bytes around a value mean. Slices borrow from whoever resolved it. */
struct identity {
    enum sample_type type;
    struct slice family;           /* the Prometheus name */
    struct slice labels;           /* rendered: a="1",b="2"; sorted, escaped, without braces */
    struct slice histogram_labels; /* of an expiry or chain: what they are on a histogram */
    struct slice sent_as;          /* the name as the sender wrote it, for # HELP */
    double weight;                 /* how many events one sample stands for: 1 / rate, at least 1 */
    unsigned n_tag_errors;         /* tags that were dropped */
    unsigned n_unknown_sections;   /* |… sections that were passed over */
    bool has_bad_rate;             /* the rate was unusable and taken as 1 */
    bool has_colon_rate;           /* some rate has a ':' in it, as in a chain */
    bool is_passing;               /* not worth a key: whoever asks for it asks rarely */
};
