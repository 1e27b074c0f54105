/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Tags: the five dialects
 *
 *      name:1|c|#key:value,key:value       DogStatsD
 *      name,key=value,key=value:1|c        InfluxDB
 *      name#key=value,key=value:1|c        Librato
 *      na[key=value,key=value]me:1|c       SignalFx
 *      name;key=value;key=value:1|c        Graphite
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
    TAG_GRAPHITE,
    _TAG_DIALECT_N,
};

/* The name of @dialect for people. */
const char *tag_dialect_name(enum tag_dialect dialect);

/* Tags of one dialect, as they were sent. */
struct tags {
    enum tag_dialect dialect;
    struct slice text; /* key, separator, value, comma or semicolon, … */
};

struct tag {
    struct slice key;
    struct slice value;
    bool is_bare; /* there is no separator; value is empty */
};

/* Some clients put the section's mark before each tag: |#a:1,#b:2. */
static inline struct slice tag_without_mark(struct slice key)
{
    return key.len && key.at[0] == '#' ? slice_trim((struct slice){ key.at + 1, key.len - 1 })
                                       : key;
}

/* What separates two tags. */
static inline char tag_dialect_comma(enum tag_dialect dialect)
{
    return dialect == TAG_GRAPHITE ? ';' : ',';
}

/* What separates a key from its value. */
static inline char tag_dialect_separator(enum tag_dialect dialect)
{
    return dialect == TAG_DOGSTATSD ? ':' : '=';
}

/*
 * Cut the next tag off the front of @tags; empty text between two commas is skipped. @ret_text is
 * the whole tag. Returns false if none is left.
 */
MUST_CHECK static inline bool tags_next(struct tags *tags, struct tag *ret, struct slice *ret_text)
{
    char comma = tag_dialect_comma(tags->dialect);
    struct slice value;

    do {
        if (tags->text.len == 0)
            return false;
        value = *ret_text = slice_cut(&tags->text, comma);
    } while (value.len == 0);

    ret->key = slice_cut(&value, tag_dialect_separator(tags->dialect));
    ret->is_bare = ret->key.len == ret_text->len;
    ret->key = slice_trim(ret->key);
    if (tags->dialect == TAG_DOGSTATSD)
        ret->key = tag_without_mark(ret->key);
    ret->value = value;
    return true;
}

/* Whether @text contains no tag: it is empty or only commas. */
bool tags_are_none(struct slice text);

/* Whether all tags in @tags are bare. Such tags do not count as a dialect of their line. */
bool tags_are_bare(const struct tags *tags);

/*
 * Find the bracket group of @text, which begins with a name as it was sent. The group may contain
 * the first ':' of @text, but it begins before that, and before the first ',', '#' or ';' that
 * begins tags of one of @dialects, which has a bit (1 << dialect) for each.
 *
 * It is the first text in brackets, from a '[' to the next ']', that has a '=' or no tag at all.
 * Other brackets are part of the name: proxies write addresses like "listener.[__1]_80.cx". Returns
 * false if there is no group; otherwise @ret is the group with its brackets.
 */
MUST_CHECK bool tags_find_group(struct slice text, unsigned dialects, struct slice *ret);

/* The most dialects in a name: a bracket group, and another one after it. */
#define TAGS_IN_NAME_MAX 2

/* A name without its tags. */
struct tagged_name {
    struct slice name;
    struct tags tags[TAGS_IN_NAME_MAX]; /* without empty ones */
    unsigned n_tags;
    const char *odd_bracket; /* a bracket in a name where none has a partner, or NULL */

    /* For tags_origin(): */
    struct slice sent;
    const char *scratch; /* the text around a group was joined here; NULL: no group */
    size_t group_at;     /* the offset in it at which the group stood */
    size_t group_len;    /* with its brackets */
};

/*
 * Split the tags off @sent. Only dialects whose bit (1 << dialect) is in @dialects are
 * recognised. @scratch holds sent.len bytes; the result borrows from both.
 */
void tags_split_name(struct slice sent, unsigned dialects, char *scratch, struct tagged_name *ret);

/* The place in the sent text of the byte at @at, which may be in @name, its tags or elsewhere. */
const char *tags_origin(const struct tagged_name *name, const char *at);
