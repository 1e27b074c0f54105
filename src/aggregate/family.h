/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Family: all series of one name, which therefore have one type
 */

#include "aggregate/buckets.h"
#include "base/sample.h"
#include "base/table.h"

#include <stdatomic.h>

/* A histogram needs its name, and the three that it is exposed under. */
#define FAMILY_NAMES_MAX 4

struct family;

/* A name that is taken, in the registry's table of names. */
struct claim {
    struct table_node node;
    uint64_t hash;
    struct slice name;
    struct family *family; /* whose it is */
};

struct family {
    enum metric_type type;
    bool is_reserved;              /* udometer's own name: senders may not use it */
    const struct buckets *buckets; /* of a histogram */
    struct slice name;
    struct slice sent_as; /* the first sender's way to write it */
    size_t size;          /* bytes of memory, all in all */
    unsigned n_claims;
    struct claim claims[FAMILY_NAMES_MAX]; /* the first is the name itself */
    size_t n_series;                       /* under the registry's lock */
    _Atomic unsigned refs;                 /* one for each series that exists anywhere */
    char text[];                           /* what the slices point to */
};

/* A family without series, as @identity asks for, or NULL; nobody has a reference to it yet. */
struct family *family_new(const struct identity *identity, const struct buckets *buckets);
void family_free(struct family *family);

/* Take, and give back, a reference; the last one frees the family. */
void family_ref(struct family *family);
void family_unref(struct family *family);
