/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Cuttings: pieces of text, written as one string, so that a table can hold them
 */

#include "unit.h"

#include "base/slice.h"

/* The results so far. */
struct cuttings {
    char text[256];
    size_t n;
};

static inline void add(struct cuttings *cuttings, struct slice piece, char end)
{
    assert_true(cuttings->n + piece.len < sizeof(cuttings->text));
    if (piece.len)
        memcpy(cuttings->text + cuttings->n, piece.at, piece.len);
    cuttings->n += piece.len;
    cuttings->text[cuttings->n++] = end;
}

static inline void must_be(const struct cuttings *cuttings, const char *what, const char *expected)
{
    if (!slice_equal((struct slice){ cuttings->text, cuttings->n }, slice_of(expected)))
        fail_msg("%s was cut into %.*s, not %s", what, (int)cuttings->n, cuttings->text, expected);
}
