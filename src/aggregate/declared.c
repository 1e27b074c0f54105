/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Declared
 *
 * There are few of them, and a series has no room for a generation. So they are in a table of
 * their own, and the flag in the series says whether to look there.
 */

#include "aggregate/declared.h"

#include "base/must.h"

#include <stdlib.h>

struct declaration {
    struct series *series;
    uint64_t generation;
};

void declared_deinit(struct declared *declared)
{
    struct slots_cursor cursor = { 0 };
    struct declaration *declaration;

    while ((declaration = slots_next(&declared->slots, &cursor)))
        free(declaration);
    slots_deinit(&declared->slots);
}

static bool is_of(const void *entry, const void *wanted)
{
    const struct declaration *declaration = entry;

    return declaration->series == wanted;
}

static struct declaration *find(const struct declared *declared, uint64_t hash,
                                const struct series *series)
{
    return series->is_declared ? slots_find(&declared->slots, hash, series, is_of) : NULL;
}

bool declared_note(struct declared *declared, uint64_t hash, struct series *series,
                   uint64_t generation)
{
    struct declaration *declaration = find(declared, hash, series);

    if (!declaration) {
        declaration = calloc(1, sizeof(*declaration));
        if (!declaration || !slots_add(&declared->slots, hash, declaration)) {
            free(declaration);
            return false;
        }
        declaration->series = series;
        series->is_declared = true;
    }
    if (generation > declaration->generation)
        declaration->generation = generation;
    return true;
}

void declared_remove(struct declared *declared, uint64_t hash, struct series *series)
{
    struct declaration *declaration = find(declared, hash, series);

    MUST(declaration);
    slots_remove(&declared->slots, hash, declaration);
    free(declaration);
    series->is_declared = false;
}

void declared_replace(struct declared *declared, uint64_t hash, struct series *series,
                      struct series *to)
{
    struct declaration *declaration = find(declared, hash, series);

    MUST(declaration);
    declaration->series = to;
    series->is_declared = false;
    to->is_declared = true;
}

size_t declared_older(const struct declared *declared, uint64_t generation, unsigned part,
                      struct series **ret, size_t max)
{
    struct slots_cursor cursor = { .stripe = part };
    const struct declaration *declaration;
    size_t n = 0;

    while (n < max && (declaration = slots_next(&declared->slots, &cursor)) &&
           cursor.stripe == part)
        if (declaration->generation < generation)
            ret[n++] = declaration->series;
    return n;
}
