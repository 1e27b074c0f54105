/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sample type
 *
 * There are only a few types, so the letters are compared with those of each in turn.
 */

#include "base/sample_type.h"

/* The list cannot make this literal, because it would have a comma too many. */
#define X(id, letters, ...) ", " letters
_Static_assert(__builtin_strcmp(", " SAMPLE_LETTERS, SAMPLE_TYPES(X)) == 0,
               "SAMPLE_LETTERS are those of SAMPLE_TYPES, in its order");
#undef X

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
