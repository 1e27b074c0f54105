/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Treatment: how the configuration changes what a value means
 *
 * A name may have a treatment: its values are scaled, or words stand for numbers, or a gauge's sign
 * means something else than on its listener, or its lines are skipped. Nearly all names have none;
 * then the value means what base/effect.h says.
 */

#include "base/effect.h"
#include "base/identity.h"
#include "base/line.h"
#include "base/sample_type.h"
#include "base/slice.h"
#include "base/verdict.h"

/* What a sign before a gauge's value means. */
enum treatment_gauge {
    TREATMENT_GAUGE_BY_LISTENER, /* what the listener's dialect says */
    TREATMENT_GAUGE_ABSOLUTE,    /* it belongs to the value, which is set */
    TREATMENT_GAUGE_RELATIVE,    /* the value is added */
};

/* What a counter's value is. */
enum treatment_counter {
    TREATMENT_COUNTER_BY_LISTENER, /* what its listener says */
    TREATMENT_COUNTER_ABSOLUTE,    /* a running total of its sender */
    TREATMENT_COUNTER_INCREMENT,
};

/* A word that stands for a number: "idle" for 0. */
struct treatment_word {
    struct slice word;
    double number;
};

/* Immutable. All it points to is borrowed, and lives as long as the treatment. */
struct treatment {
    enum verdict fate; /* VERDICT_APPLIED; or SKIPPED_RULE or SKIPPED_UNDECLARED: skip all lines */
    double scale;      /* factor of the exposed value, after milliseconds became seconds; finite */
    enum treatment_gauge gauge;
    enum treatment_counter counter;
    const struct treatment_word *words; /* sorted by word, in byte order; each once */
    size_t n_words;
};

/* A treatment that changes nothing, to begin with. */
#define TREATMENT_NONE                                                                             \
    {                                                                                              \
        .fate = VERDICT_APPLIED, .scale = 1                                                        \
    }

/*
 * Whether values of @type are running totals, for a name with @treatment, or NULL; @by_listener is
 * what its listener says of counters.
 */
static inline bool treatment_is_absolute(const struct treatment *treatment, enum sample_type type,
                                         bool by_listener)
{
    if (treatment && treatment->counter != TREATMENT_COUNTER_BY_LISTENER)
        by_listener = treatment->counter == TREATMENT_COUNTER_ABSOLUTE;
    return by_listener && effect_may_be_total(type);
}

/* Whether the lines of @identity are recognised and not applied. */
static inline bool identity_is_skipped(const struct identity *identity)
{
    return identity->treatment && identity->treatment->fate != VERDICT_APPLIED;
}

/*
 * Whether the whole value of @line is one value for @treatment: a word, or anything if it is to be
 * skipped. Otherwise it may be several numbers (parse_is_packed).
 */
bool treatment_takes_whole(const struct treatment *treatment, const struct line *line);

/*
 * Can the value of @line be recorded as @type at @weight (struct identity)? Returns VERDICT_APPLIED
 * or why not: the fate of @treatment, the verdicts of line_check() for the scaled number, or
 * REFUSED_VALUE_OVERFLOW if that number, times the weight of types that have one, is out of the
 * range of a double. Texts of sets and the age of an x are not scaled.
 */
enum verdict treatment_check(const struct treatment *treatment, const struct line *line,
                             enum sample_type type, double weight);

/*
 * The effect of the value of @line, which has passed treatment_check(), as a sample of @type at
 * @weight (struct identity).
 */
struct effect treatment_effect(const struct treatment *treatment, const struct line *line,
                               enum sample_type type, double weight);
