/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Treatment file: what a rule or a declared metric says about values
 *
 *      scale: 0.001
 *      gauge: absolute
 *      counter: absolute
 */

#include "base/treatment.h"
#include "config/draft.h"

/* The rows of a table; @member is the struct treatment_nodes of the struct that it fills. */
#define TREATMENT_FIELDS(member)                                                                   \
    { "scale", FIELD_NUMBER, FIELD(member.scale), "factor for each value" },                       \
        { "gauge", FIELD_WORD, FIELD(member.gauge), "what a sign before a gauge's value means",    \
          .words = treatment_gauges },                                                             \
    {                                                                                              \
        "counter", FIELD_WORD, FIELD(member.counter),                                              \
            "what a counter's value is: a running total of its sender, or an increment",           \
            .words = treatment_counters                                                            \
    }

extern const char *const treatment_gauges[], *const treatment_counters[];

/*
 * Set what @nodes say in @ret, which is unchanged otherwise, and note in @draft if they speak of
 * running totals. Returns whether they say anything.
 */
bool treatment_file_read(struct draft *draft, const struct treatment_nodes *nodes,
                         struct treatment *ret);
