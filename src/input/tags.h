/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Tags: the four ways to write them
 *
 *      name:1|c|#key:value,key:value       DogStatsD
 *      name,key=value,key=value:1|c        InfluxDB
 *      name#key=value,key=value:1|c        Librato
 *      na[key=value,key=value]me:1|c       SignalFx
 *
 * Pure. The rules are in proto/README.md, section 6.
 */

#include "base/compiler.h"
#include "base/slice.h"

enum tag_dialect {
    TAG_DOGSTATSD,
    TAG_INFLUXDB,
    TAG_LIBRATO,
    TAG_SIGNALFX,
    _TAG_DIALECT_N,
};

/* What a person calls it. */
const char *tag_dialect_name(enum tag_dialect dialect);

/* Tags of one dialect, as they stand on a line. */
struct tags {
    enum tag_dialect dialect;
    struct slice text; /* key, separator, value, comma, … */
};

struct tag {
    struct slice key;
    struct slice value;
    bool is_bare; /* there is no separator; value is empty */
};

/* Some clients put the section's mark before each tag: |#a:1,#b:2 */
static inline struct slice tag_without_mark(struct slice key)
{
    return key.len && key.at[0] == '#' ? slice_trim((struct slice){ key.at + 1, key.len - 1 })
                                       : key;
}

/*
 * Cut the next tag off the front of @tags; nothing between two commas is none.
 * @ret_text is all of it. Returns false when there is none left.
 */
MUST_CHECK static inline bool tags_next(struct tags *tags, struct tag *ret, struct slice *ret_text)
{
    char separator = tags->dialect == TAG_DOGSTATSD ? ':' : '=';
    struct slice value;

    do {
        if (tags->text.len == 0)
            return false;
        value = *ret_text = slice_cut(&tags->text, ',');
    } while (value.len == 0);

    ret->key = slice_cut(&value, separator);
    ret->is_bare = ret->key.len == ret_text->len;
    ret->key = slice_trim(ret->key);
    if (tags->dialect == TAG_DOGSTATSD)
        ret->key = tag_without_mark(ret->key);
    ret->value = value;
    return true;
}

/* Is @text nothing but commas, if anything? */
bool tags_are_none(struct slice text);

/* The two dialects of tags that a name can have: a bracket group, and another behind it. */
#define TAGS_IN_NAME_MAX 2

/* A name without its tags. */
struct tagged_name {
    struct slice name;
    struct tags tags[TAGS_IN_NAME_MAX]; /* those that are not empty */
    unsigned n_tags;
    const char *odd_bracket; /* a bracket without its partner, or NULL */

    /* For tags_origin(): */
    struct slice sent;
    const char *scratch; /* what is around a group is here, or NULL */
    size_t group_at;     /* where in it the group stood */
    size_t group_len;    /* with its brackets */
};

/*
 * Take @sent apart. Only dialects with their bit (1 << dialect) in @dialects are
 * looked for. @scratch holds sent.len bytes; the result borrows from both.
 */
void tags_split_name(struct slice sent, unsigned dialects, char *scratch, struct tagged_name *ret);

/* Where the byte at @at, in @name or its tags or elsewhere, stood in what was sent. */
const char *tags_origin(const struct tagged_name *name, const char *at);
