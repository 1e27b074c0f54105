/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Defaults: where samples go, and what all of them have, by flags and by the environment
 *
 * clients/README.md, "The environment", has the variables and their order.
 */

#include "base/buffer.h"
#include "config/problems.h"

/* The most tags, and their most bytes. The daemon has room for twice as many, a line for more. */
#define DEFAULTS_TAGS_MAX 32
#define DEFAULTS_TAGS_BYTES_MAX 640

/* The most bytes of a prefix; the daemon's limit for names. */
#define DEFAULTS_PREFIX_MAX 512

struct defaults {
    struct buffer url;   /* "off", or for target_parse(); ends with a NUL */
    const char *source;  /* the variable that url is from; NULL: a flag, or the default */
    struct slice value;  /* of that variable, borrowed from the environment */
    struct slice prefix; /* borrowed, as is; empty: names have none */
    struct buffer tags;  /* encoded, "key:value,key:value"; a later one of the same key wins */
    unsigned n_tags;
};

void defaults_deinit(struct defaults *defaults);

/*
 * Find url and prefix. @url and @prefix are the values of flags, which win over variables, or NULL.
 * @ret borrows them. Returns false after adding a problem that names the flag or variable. What
 * else may be wrong with the URL, target_parse() says.
 */
MUST_CHECK bool defaults_init(struct defaults *ret, const char *url, const char *prefix,
                              struct problems *problems);

/*
 * Find the tags. @flag is the value of a flag, which replaces UDOMETER_TAGS, or NULL. Returns false
 * after adding a problem for each part of UDOMETER_TAGS, or of the flag, that is not a tag or is
 * beyond the limits; or if memory runs out. Such parts of DD_… are left out, as they are right
 * elsewhere.
 */
MUST_CHECK bool defaults_read_tags(struct defaults *defaults, const char *flag,
                                   struct problems *problems);

/* Whether url says to send nothing. */
bool defaults_are_off(const struct defaults *defaults);

/* Whether there is a tag with this key. */
bool defaults_have_tag(const struct defaults *defaults, struct slice key);
