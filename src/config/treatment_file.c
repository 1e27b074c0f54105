/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Treatment file
 *
 * The table has checked the words, so each of them is one of these.
 */

#include "config/treatment_file.h"

const char *const treatment_gauges[] = { "absolute", "relative", NULL };
const char *const treatment_counters[] = { "absolute", "increment", NULL };

bool treatment_file_read(struct draft *draft, const struct treatment_nodes *nodes,
                         struct treatment *ret)
{
    if (nodes->scale)
        ret->scale = field_number(nodes->scale);
    if (nodes->gauge)
        ret->gauge = field_word(treatment_gauges, nodes->gauge) == 0 ? TREATMENT_GAUGE_ABSOLUTE
                                                                     : TREATMENT_GAUGE_RELATIVE;
    if (nodes->counter)
        ret->counter = field_word(treatment_counters, nodes->counter) == 0
                           ? TREATMENT_COUNTER_ABSOLUTE
                           : TREATMENT_COUNTER_INCREMENT;
    draft->has_totals |= ret->counter == TREATMENT_COUNTER_ABSOLUTE;
    return nodes->scale || nodes->gauge || nodes->counter;
}
