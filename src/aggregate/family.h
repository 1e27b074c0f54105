/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Family: all series of one name, which therefore have one type
 */

#include "aggregate/budget.h"
#include "aggregate/kind.h"
#include "base/identity.h"
#include "base/sample_type.h"
#include "base/table.h"

#include <stdatomic.h>

/* A family takes its name, and the others that it is exposed under. */
#define FAMILY_NAMES_MAX (1 + KIND_SUFFIXES_MAX)

struct family;
struct series;

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
    struct slice sent_as;          /* the first sender's way to write it */
    size_t size;                   /* bytes of memory, without series */
    struct budget *budget;         /* on which family and series count, or NULL */
    struct budget_prepaid prepaid; /* for its overflow series */
    unsigned n_claims;
    struct claim claims[FAMILY_NAMES_MAX]; /* the first is the name itself */
    size_t n_series;                       /* under the registry's lock, as is the list: */
    size_t label_bytes;                    /* of all of them */
    struct series *series;                 /* linked by series->next_in_family */
    _Atomic unsigned refs;                 /* its names' one, and one for each series there is */
    char text[];                           /* what the slices point to */
};

/* A family without series, as @identity asks for, with one reference, the caller's; or NULL. */
struct family *family_new(const struct identity *identity, const struct buckets *buckets);

/*
 * Count @family's memory on @budget, which outlives it, from now on, and that of its series as
 * they are made; and already now @prepaid_bytes for an overflow series.
 */
void family_set_budget(struct family *family, struct budget *budget, size_t prepaid_bytes);

/* Take, and give back, a reference; the last one frees the family. */
void family_ref(struct family *family);
void family_unref(struct family *family);
