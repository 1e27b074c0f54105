/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Treatment
 *
 * A treatment only rewrites the line that it is given: what a value does stays in base/effect.h.
 * Words are searched by halves, so their number does not matter.
 */

#include "base/treatment.h"

#include <math.h>

/* The word that the value of @line is, or NULL. */
static const struct treatment_word *find_word(const struct treatment *treatment,
                                              const struct line *line)
{
    size_t from = 0, to = treatment->n_words;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = slice_compare(line->value, treatment->words[middle].word);

        if (order == 0)
            return &treatment->words[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

/* @line as if it had been sent without need of a treatment, except for the scale. */
static struct line rewritten(const struct treatment *treatment, const struct line *line)
{
    const struct treatment_word *word = line->is_number ? NULL : find_word(treatment, line);
    struct line read = *line;

    if (word) {
        read.is_number = true;
        read.number = word->number;
        read.is_relative = false;
    }
    if (treatment->gauge != TREATMENT_GAUGE_BY_LISTENER)
        read.is_dogstatsd = treatment->gauge == TREATMENT_GAUGE_ABSOLUTE;
    return read;
}

/* The number of a set is a text, and that of an x an age, which is not in the metric's unit. */
static bool is_scaled(enum sample_type type)
{
    switch (type) {
    case SAMPLE_COUNTER:
    case SAMPLE_GAUGE:
    case SAMPLE_TIMER:
    case SAMPLE_HISTOGRAM:
    case SAMPLE_DISTRIBUTION: return true;
    case SAMPLE_SET:
    case SAMPLE_END:
    case _SAMPLE_TYPE_N: break;
    }
    return false;
}

bool treatment_takes_whole(const struct treatment *treatment, const struct line *line)
{
    return treatment->fate != VERDICT_APPLIED || find_word(treatment, line);
}

enum verdict treatment_check(const struct treatment *treatment, const struct line *line,
                             enum sample_type type, double weight)
{
    struct line read = rewritten(treatment, line);

    if (treatment->fate != VERDICT_APPLIED)
        return treatment->fate;
    if (!read.is_number || !is_scaled(type))
        return line_check(&read, type);
    read.number *= treatment->scale;
    if (!isfinite(sample_type_facts(type)->is_weighted ? weight_times(weight, read.number)
                                                       : read.number))
        return REFUSED_VALUE_OVERFLOW;
    return line_check(&read, type);
}

struct effect treatment_effect(const struct treatment *treatment, const struct line *line,
                               enum sample_type type, double weight)
{
    struct line read = rewritten(treatment, line);
    struct effect effect = effect_of(&read, type, weight);

    if (is_scaled(type))
        effect.amount *= treatment->scale;
    return effect;
}
