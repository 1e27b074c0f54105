/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Destination: what the values of a line go to
 *
 * In the header, because each new series passes here.
 */

#include "aggregate/keys.h"
#include "base/effect.h"
#include "base/identity.h"
#include "base/treatment.h"
#include "base/verdict.h"

#include <math.h>

struct destination {
    enum sample_type type;
    double weight;                     /* as in struct identity */
    const struct treatment *treatment; /* this and is_absolute likewise */
    bool is_absolute;
    bool is_summary;       /* its series is a summary */
    unsigned char origin;  /* of samples (identity_origin) */
    const struct key *key; /* NULL if they are refused or skipped, or end series */
};

/* Whether its values mean more than their numbers at a whole weight, or go to a summary. */
static inline bool destination_is_unusual(const struct destination *to)
{
    return to->treatment || to->is_absolute || to->is_summary || !weight_is_whole(to->weight);
}

/* The effect of the value of @line, which has passed destination_check(). */
static inline struct effect destination_effect(const struct destination *to,
                                               const struct line *line)
{
    struct effect effect = UNLIKELY(to->treatment)
                               ? treatment_effect(to->treatment, line, to->type, to->weight)
                               : effect_of(line, to->type, to->weight);

    return to->is_absolute ? effect_of_total(effect) : effect;
}

/*
 * Whether the value of @line may be recorded in a new series: VERDICT_APPLIED, or why not
 * (line_check(), or treatment_check(), or REFUSED_VALUE_OVERFLOW).
 */
static inline enum verdict destination_check(const struct destination *to, const struct line *line)
{
    enum verdict verdict;

    if (UNLIKELY(to->treatment))
        return treatment_check(to->treatment, line, to->type, to->weight);
    verdict = line_check(line, to->type);
    if (verdict == VERDICT_APPLIED && sample_type_facts(to->type)->is_weighted &&
        !isfinite(weight_times(to->weight, line->number)))
        return REFUSED_VALUE_OVERFLOW;
    return verdict;
}
