/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Aliases: family names that senders write in several ways
 *
 * "a.b", "a-b" and "a_b" are all exposed as a_b, and so are any two names of one Chinese character.
 * Their samples go to the same series. That may be intended, or not, so it is noted here.
 *
 * A short list for people: the latest such names, each with some of its spellings. The caller
 * holds the registry's lock, unless it works on a copy.
 */

#include "aggregate/family.h"

/* The maximum length of the list. A new name then replaces the least recently noted one. */
#define ALIASES_MAX 64

/* The number of spellings that are kept for each name. */
#define ALIAS_SPELLINGS_MAX 4

/* Longer texts are cut to this number of bytes or a few less, so that no character is cut. */
#define ALIAS_LENGTH_MAX 256

struct alias_text {
    size_t len;
    char at[ALIAS_LENGTH_MAX];
};

/* A name and its spellings, in the order in which they were noted. */
struct alias {
    struct alias_text name; /* of the family */
    struct alias_text spellings[ALIAS_SPELLINGS_MAX];
    unsigned n_spellings;
    bool has_more;  /* there are further ones */
    uint64_t hash;  /* of the name */
    uint64_t order; /* the list's n_noted when this one was last noted */
};

/* Zero-initialized, the list is empty. */
struct aliases {
    struct alias items[ALIASES_MAX];
    unsigned n;
    uint64_t n_noted;
};

/*
 * Note that the name of @family was sent as @sent_as, which is UTF-8, and not only as
 * the family's texts say. @hash is the hash of the family's name.
 */
void aliases_note(struct aliases *aliases, const struct family *family, uint64_t hash,
                  struct slice sent_as);
