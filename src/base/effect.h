/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Effect: what the value of a line does to its series
 *
 * The shard does what it says, and a trace tells it.
 */

#include "base/line.h"
#include "base/weight.h"

enum effect_action {
    EFFECT_NOTHING,  /* the value cannot be recorded in any series */
    EFFECT_COUNTS,   /* adds to a counter */
    EFFECT_REACHES,  /* adds to a counter what its sender's running total has grown by */
    EFFECT_ADDS,     /* adds to a gauge */
    EFFECT_SETS,     /* a gauge */
    EFFECT_OBSERVES, /* for a histogram */
    EFFECT_COLLECTS, /* its text, for a set */
    EFFECT_ENDS,     /* all series that its line selects */
};

struct effect {
    enum effect_action action;
    double amount; /* counted, reached, added, set or observed, in the exposed unit, after rates;
                      EFFECT_ENDS: how long ago the last sample must be, in seconds; 0: any time */
    double weight; /* EFFECT_OBSERVES: the number of observations, on average */
};

/*
 * The effect of the value of @line, which has passed line_check(), as a sample of @type at @weight,
 * which is whole (base/weight.h). In the header, so that nothing is left to decide for a constant
 * type.
 */
static inline struct effect effect_at_whole(const struct line *line, enum sample_type type,
                                            double weight)
{
    switch (type) {
    case SAMPLE_COUNTER: return (struct effect){ EFFECT_COUNTS, line->number * weight, 0 };
    case SAMPLE_GAUGE:
        return (struct effect){ line_is_step(line) ? EFFECT_ADDS : EFFECT_SETS, line->number, 0 };
    case SAMPLE_TIMER:
    case SAMPLE_HISTOGRAM:
    case SAMPLE_DISTRIBUTION:
        return (struct effect){ EFFECT_OBSERVES, sample_type_scale(type, line->number), weight };
    case SAMPLE_SET: return (struct effect){ EFFECT_COLLECTS, 0, 0 };
    case SAMPLE_END: return (struct effect){ EFFECT_ENDS, line->number < 0 ? -line->number : 0, 0 };
    case _SAMPLE_TYPE_N: break;
    }
    return (struct effect){ EFFECT_NOTHING, 0, 0 };
}

/* The same at any weight (struct identity). */
static inline struct effect effect_of(const struct line *line, enum sample_type type, double weight)
{
    struct effect effect = effect_at_whole(line, type, weight_is_whole(weight) ? weight : 1);

    if (effect.action == EFFECT_COUNTS)
        effect.amount = weight_times(weight, line->number);
    else if (effect.action == EFFECT_OBSERVES)
        effect.weight = weight_events(weight);
    return effect;
}

/* Whether the value of a sample of @type may be a running total. */
static inline bool effect_may_be_total(enum sample_type type)
{
    const struct line line = { .is_number = true };

    return effect_of(&line, type, 1).action == EFFECT_COUNTS;
}

/* The effect of a value that is a running total (struct identity, is_absolute), by @effect. */
static inline struct effect effect_of_total(struct effect effect)
{
    if (effect.action == EFFECT_COUNTS)
        effect.action = EFFECT_REACHES;
    return effect;
}
