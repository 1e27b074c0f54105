/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sample type
 *
 * There are a few types, of one or two letters: comparing with each in turn is as fast
 * as anything.
 */

#include "base/sample_type.h"

/* A literal that messages are made from cannot be joined from the list without one comma more. */
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
