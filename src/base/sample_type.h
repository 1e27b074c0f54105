/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sample type: what a sender calls a sample, and what it becomes
 *
 * Two lists name all types. The facts about a type stand in its row, and tables are made from
 * the rows. Where the program does something else for each type, it has a switch without
 * "default:". So the compiler finds all of these when a row is added, and
 * tests/style/check_types.py checks that it does.
 */

#include "base/compiler.h"
#include "base/must.h"
#include "base/slice.h"

#include <stdbool.h>

/*
 * What samples become: id, and the name of the type in udometer's own metrics and messages.
 * Prometheus sees a set as a gauge.
 */
#define METRIC_TYPES(X)                                                                            \
    X(COUNTER, counter)                                                                            \
    X(GAUGE, gauge)                                                                                \
    X(HISTOGRAM, histogram)                                                                        \
    X(SET, set)

enum metric_type {
#define X(id, name) METRIC_##id,
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
 *      value         SAMPLE_VALUE_value is what it takes
 *      divisor       its units per exposed unit
 *      is_weighted   a sample at rate 0.1 stands for ten
 *      meaning       what "udometer explain" prints after the letters
 *
 * d is treated as h (DogStatsD). x ends series instead of writing one (udometer's own). It
 * comes last, after all types that make series.
 */
#define SAMPLE_TYPES(X)                                                                            \
    X(COUNTER, "c", counter, COUNTER, AMOUNT, 1, true, "a counter")                                \
    X(GAUGE, "g", gauge, GAUGE, NUMBER, 1, false, "a gauge")                                       \
    X(TIMER, "ms", timer, HISTOGRAM, NUMBER, 1000, true,                                           \
      "a timer in milliseconds, exposed as a histogram in seconds")                                \
    X(HISTOGRAM, "h", histogram, HISTOGRAM, NUMBER, 1, true, "an observation for a histogram")     \
    X(DISTRIBUTION, "d", distribution, HISTOGRAM, NUMBER, 1, true,                                 \
      "an observation for a histogram")                                                            \
    X(SET, "s", set, SET, TEXT, 1, false, "a set, exposed as a gauge of distinct values")          \
    X(END, "x", expire, NONE, NUMBER, 1, false, "ends series")

/* The letters of the types that make series, and of all types, as messages list them. */
#define SAMPLE_LETTERS_OF_SERIES "c, g, ms, h, d, s"
#define SAMPLE_LETTERS SAMPLE_LETTERS_OF_SERIES ", x"

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
    enum metric_type metric;
    enum sample_value value;
    double divisor;
    bool is_weighted;
    const char *meaning; /* with the letters: "c, a counter" */
};

/* The facts about @type. In the header, so that those of a constant type are constants. */
static inline const struct sample_type_facts *sample_type_facts(enum sample_type type)
{
    static const struct sample_type_facts facts[_SAMPLE_TYPE_N] = {
#define X(id, letters, name, metric, value, divisor, is_weighted, meaning)                         \
    { { letters, sizeof(letters) - 1 },                                                            \
      #name,                                                                                       \
      METRIC_##metric,                                                                             \
      SAMPLE_VALUE_##value,                                                                        \
      divisor,                                                                                     \
      is_weighted,                                                                                 \
      letters ", " meaning },
        SAMPLE_TYPES(X)
#undef X
    };

    return &facts[type];
}

/* The type with these letters. Returns false, @ret unchanged, if there is none. */
MUST_CHECK bool sample_type_parse(struct slice letters, enum sample_type *ret);

/* What a sample of @type becomes; METRIC_NONE if it makes no series. */
static inline enum metric_type metric_type_of(enum sample_type type)
{
    return sample_type_facts(type)->metric;
}

/* @number in the unit that is exposed: milliseconds become seconds. */
static inline double sample_type_scale(enum sample_type type, double number)
{
    return number / sample_type_facts(type)->divisor;
}

/* The name of @type, which is not METRIC_NONE, in udometer's own metrics and messages. */
static inline const char *metric_type_name(enum metric_type type)
{
    static const char *const names[_METRIC_TYPE_N] = {
#define X(id, name) #name,
        METRIC_TYPES(X)
#undef X
    };

    MUST(type < _METRIC_TYPE_N);
    return names[type];
}
