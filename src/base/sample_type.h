/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sample type: what a sender calls a sample, and what it becomes
 *
 * Two lists name all types. The facts about a type stand in its row, and tables and texts are made
 * from the rows. Where the program does something else for each type, it has a switch without
 * "default:". So the compiler finds all of these when a row is added, and
 * tests/style/check_types.py checks that it does.
 */

#include "base/compiler.h"
#include "base/must.h"
#include "base/slice.h"

#include <stdbool.h>

/*
 * Labels that some types of metrics have of their own: id, and the name. On a metric of such a
 * type, a sender's label of that name is exposed with a prefix (proto/README.md, "Tags").
 */
#define OWN_LABELS(X)                                                                              \
    X(LE, "le")                                                                                    \
    X(QUANTILE, "quantile")
#define OWN_LABEL_PREFIX "exported_"

enum own_label {
#define X(id, name) OWN_LABEL_##id,
    OWN_LABELS(X)
#undef X
        _OWN_LABEL_N,
    OWN_LABEL_NONE = _OWN_LABEL_N,
};

/*
 * What samples become:
 *
 *      id          METRIC_id
 *      name        in udometer's own metrics and messages
 *      own_label   OWN_LABEL_own_label is the label that its senders may not use
 *
 * Prometheus sees a set as a gauge.
 */
#define METRIC_TYPES(X)                                                                            \
    X(COUNTER, counter, NONE)                                                                      \
    X(GAUGE, gauge, NONE)                                                                          \
    X(HISTOGRAM, histogram, LE)                                                                    \
    X(SET, set, NONE)                                                                              \
    X(SUMMARY, summary, QUANTILE)

enum metric_type {
#define X(id, ...) METRIC_##id,
    METRIC_TYPES(X)
#undef X
        _METRIC_TYPE_N,
    METRIC_NONE = _METRIC_TYPE_N, /* of a sample that makes no series */
};

/* What a sample's value may be. */
enum sample_value {
    SAMPLE_VALUE_NUMBER,
    SAMPLE_VALUE_AMOUNT, /* a number that is not negative */
    SAMPLE_VALUE_TEXT,   /* any bytes, at least one */
};

/*
 * What senders write (proto/README.md, "Types"):
 *
 *      id            SAMPLE_id
 *      letters       what follows the first bar
 *      name          in udometer_samples_total{type="…"}
 *      metric        METRIC_metric is what it becomes
 *      summary       METRIC_summary is what it becomes where the config asks for summaries
 *      value         SAMPLE_VALUE_value is what it takes
 *      divisor       its units per exposed unit
 *      is_weighted   a sample at rate 0.1 stands for ten
 *      word          SENT_AS(its word in "udometer send"), or NOT_SENT if it has none
 *      meaning       what "udometer explain" prints after the letters
 *
 * d is treated as h (DogStatsD). x ends series instead of writing one (udometer's own). It
 * comes last, after all types that make series. A text that lists the types may begin with @FIRST
 * and end with @LAST.
 */
#define SAMPLE_TYPE_ROWS(FIRST, X, LAST)                                                           \
    FIRST(COUNTER, "c", counter, COUNTER, COUNTER, AMOUNT, 1, true, SENT_AS("count"), "a counter") \
    X(GAUGE, "g", gauge, GAUGE, GAUGE, NUMBER, 1, false, SENT_AS("gauge"), "a gauge")              \
    X(TIMER, "ms", timer, HISTOGRAM, SUMMARY, NUMBER, 1000, true, SENT_AS("timing"),               \
      "a timer in milliseconds, exposed as a histogram in seconds")                                \
    X(HISTOGRAM, "h", histogram, HISTOGRAM, SUMMARY, NUMBER, 1, true, SENT_AS("observe"),          \
      "an observation for a histogram")                                                            \
    X(DISTRIBUTION, "d", distribution, HISTOGRAM, SUMMARY, NUMBER, 1, true, NOT_SENT,              \
      "an observation for a histogram")                                                            \
    X(SET, "s", set, SET, SET, TEXT, 1, false, SENT_AS("set"),                                     \
      "a set, exposed as a gauge of distinct values")                                              \
    LAST(END, "x", expire, NONE, NONE, NUMBER, 1, false, SENT_AS("expire"), "ends series")

#define SAMPLE_TYPES(X) SAMPLE_TYPE_ROWS(X, X, X)

/* The letters of the types that make series, and of all types, as messages list them. */
#define SAMPLE_LETTERS_OF_SERIES                                                                   \
    SAMPLE_TYPE_ROWS(SAMPLE_FIRST_LETTERS, SAMPLE_MORE_LETTERS, SAMPLE_NO_LETTERS)
#define SAMPLE_LETTERS                                                                             \
    SAMPLE_TYPE_ROWS(SAMPLE_FIRST_LETTERS, SAMPLE_MORE_LETTERS, SAMPLE_MORE_LETTERS)
#define SAMPLE_FIRST_LETTERS(id, letters, ...) letters
#define SAMPLE_MORE_LETTERS(id, letters, ...) ", " letters
#define SAMPLE_NO_LETTERS(...)

enum sample_type {
#define X(id, ...) SAMPLE_##id,
    SAMPLE_TYPES(X)
#undef X
        _SAMPLE_TYPE_N,
};

/* A row of SAMPLE_TYPES. */
struct sample_type_facts {
    struct slice letters;
    const char *name;
    enum metric_type metric, summary;
    enum sample_value value;
    double divisor;
    bool is_weighted;
    const char *word;    /* in "udometer send"; NULL: it does not send the type */
    const char *meaning; /* with the letters: "c, a counter" */
};

#define SAMPLE_WORD_SENT_AS(word) word
#define SAMPLE_WORD_NOT_SENT NULL

/* The facts about @type. In the header, so that those of a constant type are constants. */
static inline const struct sample_type_facts *sample_type_facts(enum sample_type type)
{
    static const struct sample_type_facts facts[_SAMPLE_TYPE_N] = {
#define X(id, letters, name, metric, summary, value, divisor, is_weighted, word, meaning)          \
    { { letters, sizeof(letters) - 1 },                                                            \
      #name,                                                                                       \
      METRIC_##metric,                                                                             \
      METRIC_##summary,                                                                            \
      SAMPLE_VALUE_##value,                                                                        \
      divisor,                                                                                     \
      is_weighted,                                                                                 \
      SAMPLE_WORD_##word,                                                                          \
      letters ", " meaning },
        SAMPLE_TYPES(X)
#undef X
    };

    return &facts[type];
}

/* The type with these letters. Returns false, @ret unchanged, if there is none. */
MUST_CHECK bool sample_type_parse(struct slice letters, enum sample_type *ret);

/*
 * What a sample of @type becomes, unless the config asks for a summary (identity_metric);
 * METRIC_NONE if it makes no series.
 */
static inline enum metric_type metric_type_of(enum sample_type type)
{
    return sample_type_facts(type)->metric;
}

/* Whether it is an observation: it may become a summary. */
static inline bool sample_type_observes(enum sample_type type)
{
    return sample_type_facts(type)->summary != sample_type_facts(type)->metric;
}

/* Whether a sample of @type may become @metric. */
static inline bool sample_type_may_become(enum sample_type type, enum metric_type metric)
{
    return sample_type_facts(type)->metric == metric || sample_type_facts(type)->summary == metric;
}

/* A type of samples that become @type, which is not METRIC_NONE. */
enum sample_type sample_type_for(enum metric_type type);

/* @number in the unit that is exposed: milliseconds become seconds. */
static inline double sample_type_scale(enum sample_type type, double number)
{
    return number / sample_type_facts(type)->divisor;
}

/* The name of @type, which is not METRIC_NONE, in udometer's own metrics and messages. */
static inline const char *metric_type_name(enum metric_type type)
{
    static const char *const names[_METRIC_TYPE_N] = {
#define X(id, name, ...) #name,
        METRIC_TYPES(X)
#undef X
    };

    MUST(type < _METRIC_TYPE_N);
    return names[type];
}

/* The label that metrics of @type have of their own. */
static inline enum own_label metric_type_own_label(enum metric_type type)
{
    static const enum own_label labels[METRIC_NONE + 1] = {
#define X(id, name, own_label) OWN_LABEL_##own_label,
        METRIC_TYPES(X)
#undef X
            OWN_LABEL_NONE, /* of METRIC_NONE */
    };

    return labels[type];
}

/* What a sender's label called @name is called on a metric whose own label is @own. */
static inline struct slice own_label_rename(enum own_label own, struct slice name)
{
    static const struct {
        struct slice name, renamed;
    } labels[] = {
#define X(id, name)                                                                                \
    { { name, sizeof(name) - 1 }, { OWN_LABEL_PREFIX name, sizeof(OWN_LABEL_PREFIX name) - 1 } },
        OWN_LABELS(X)
#undef X
    };

    if (own == OWN_LABEL_NONE || !slice_equal(name, labels[own].name))
        return name;
    return labels[own].renamed;
}
