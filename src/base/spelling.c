/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Spelling
 *
 * The distance between two words is the number of edits that turn one into the other. It is
 * computed in a table of all pairs of prefixes, row by row: the distance between two prefixes
 * is that between shorter ones, plus at most one edit (Damerau-Levenshtein distance, as
 * optimal string alignment). Only the last three rows are kept.
 */

#include "base/spelling.h"

struct rows {
    unsigned cells[3][SPELLING_LENGTH_MAX + 1];
};

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Fill the row of the first @i bytes of @a, for each prefix of @b. */
static void fill_row(struct rows *rows, struct slice a, struct slice b, size_t i)
{
    unsigned *row = rows->cells[i % 3];
    const unsigned *above = rows->cells[(i + 2) % 3], *above_that = rows->cells[(i + 1) % 3];

    row[0] = (unsigned)i;
    for (size_t j = 1; j <= b.len; j++) {
        bool is_same = lower(a.at[i - 1]) == lower(b.at[j - 1]);

        row[j] = least(above[j - 1] + !is_same, least(above[j], row[j - 1]) + 1);
        if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1])
            row[j] = least(row[j], above_that[j - 2] + 1);
    }
}

/* The distance between two words of at most SPELLING_LENGTH_MAX bytes. */
static unsigned distance_of(struct slice a, struct slice b)
{
    struct rows rows = { 0 };

    for (size_t j = 0; j <= b.len; j++)
        rows.cells[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++)
        fill_row(&rows, a, b, i);
    return rows.cells[a.len % 3][b.len];
}

/* What follows the last dot of @word; all of it, if there is none. */
static struct slice last_part(struct slice word)
{
    const char *dot = word.len ? memrchr(word.at, '.', word.len) : NULL;

    return dot ? (struct slice){ dot + 1, word.len - (size_t)(dot + 1 - word.at) } : word;
}

void spelling_init(struct spelling *spelling, struct slice word)
{
    unsigned n_allowed = (unsigned)(last_part(word).len / 3);

    *spelling = (struct spelling){ .word = word, .distance = (n_allowed ? n_allowed : 1) + 1 };
    if (word.len > SPELLING_LENGTH_MAX)
        spelling->distance = 0;
}

static void try_as(struct spelling *spelling, struct slice form, struct slice known)
{
    size_t len = spelling->word.len;
    size_t difference = len > form.len ? len - form.len : form.len - len;
    unsigned distance;

    /* Each extra byte of the longer one is an edit. */
    if (form.len == 0 || form.len > SPELLING_LENGTH_MAX || difference >= spelling->distance)
        return;
    distance = distance_of(spelling->word, form);
    if (distance < spelling->distance) {
        spelling->distance = distance;
        spelling->nearest = known;
    }
}

void spelling_try(struct spelling *spelling, struct slice known)
{
    struct slice part = last_part(known);

    try_as(spelling, known, known);
    if (part.len < known.len)
        try_as(spelling, part, known);
}
