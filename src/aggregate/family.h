/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Family: all series of one name; they have the same type
 */

#include "aggregate/budget.h"
#include "aggregate/kind.h"
#include "base/identity.h"
#include "base/sample_type.h"
#include "base/table.h"

#include <stdatomic.h>

/* A family takes its own name and the other names it is exposed under. */
#define FAMILY_NAMES_MAX (1 + KIND_SUFFIXES_MAX)

struct family;
struct series;

/* A name that is taken, in the registry's table of names. */
struct claim {
    struct table_node node;
    uint64_t hash;
    struct slice name;
    struct family *family; /* the family that has it */
};

struct family {
    enum metric_type type;
    bool is_reserved;              /* one of udometer's own: senders may not use its names */
    const struct buckets *buckets; /* of a histogram */
    struct slice name;
    struct slice sent_as;          /* the name as the first sender wrote it */
    size_t size;                   /* bytes of memory, without series */
    struct budget *budget;         /* counts the memory of the family and its series; or NULL */
    struct budget_prepaid prepaid; /* for its overflow series */
    unsigned n_claims;
    struct claim claims[FAMILY_NAMES_MAX]; /* the first is the name itself */
    _Atomic bool has_aliases;              /* the name was also sent in another spelling */
    size_t n_series;                       /* this and the next two: under the registry's lock */
    size_t label_bytes;                    /* the sum over its series */
    struct series *series;                 /* linked by series->next_in_family */
    _Atomic unsigned refs;                 /* one for its names, and one for each series */
    char text[];                           /* the slices point here */
};

/*
 * Make the family that @identity names, without series and with one reference, the caller's. The
 * identity is not that of an x. Returns NULL without memory.
 */
struct family *family_new(const struct identity *identity, const struct buckets *buckets);

/* Make one that reserves @name, and the other names of its type, for udometer itself. The same. */
struct family *family_new_reserved(struct slice name, enum metric_type type);

/*
 * Count the memory of @family on @budget, which outlives it, and that of its series as they are
 * made. @prepaid_bytes, for an overflow series, count from now on.
 */
void family_set_budget(struct family *family, struct budget *budget, size_t prepaid_bytes);

/* Take a reference; release one. Releasing the last one frees the family. */
void family_ref(struct family *family);
void family_unref(struct family *family);
