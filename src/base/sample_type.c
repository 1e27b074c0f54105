/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sample type
 *
 * There are only a few types, so the letters are compared with those of each in turn.
 */

#include "base/sample_type.h"

enum sample_type sample_type_for(enum metric_type type)
{
    unsigned i = 0;

    MUST(type < _METRIC_TYPE_N);
    while (!sample_type_may_become((enum sample_type)i, type))
        i++;
    return (enum sample_type)i;
}

bool sample_type_parse(struct slice letters, enum sample_type *ret)
{
    for (unsigned i = 0; i < _SAMPLE_TYPE_N; i++) {
        enum sample_type type = (enum sample_type)i;

        if (slice_equal(letters, sample_type_facts(type)->letters)) {
            *ret = type;
            return true;
        }
    }
    return false;
}
