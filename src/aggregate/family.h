/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Family: all series of one name; they have the same type
 */

#include "aggregate/budget.h"
#include "aggregate/kind.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "base/identity.h"
#include "base/metric_spec.h"
#include "base/sample_type.h"

#include <pthread.h>
#include <stdatomic.h>

/* A family takes its own name and the other names it is exposed under. */
#define FAMILY_NAMES_MAX (1 + KIND_SUFFIXES_MAX)

struct family;
struct series;

/* A name that is taken, in the registry's table of names. */
struct claim {
    uint64_t hash;
    struct slice name;
    struct family *family; /* the family that has it */
};

/* What people read of a family. Immutable; a family may get another one. */
struct family_texts {
    struct slice sent_as; /* the name as the first sender wrote it; empty: not sent yet */
    struct slice help;    /* of the config; or empty */
    struct slice unit;    /* the same */
    size_t size;          /* bytes of memory */
    char at[];            /* the slices point here */
};

/* A walk over the series of a family (series.h), which others may change meanwhile. */
struct family_walk {
    struct family *family;
    struct series *next; /* NULL: it is over */
    struct family_walk *next_walk;
};

struct family {
    enum metric_type type;
    bool is_reserved;              /* one of udometer's own: senders may not use its names */
    const struct buckets *buckets; /* of a histogram: its own, or the default ones; of a summary:
                                      its own */
    struct buckets *own_buckets;   /* or NULL */
    struct slice name;
    struct family_texts *texts; /* changes with the registry's lock and texts_lock held */
    pthread_mutex_t texts_lock;
    uint64_t generation;           /* of the identity that it is like; under the registry's lock */
    size_t max_series;             /* or 0: the default; the same */
    _Atomic int64_t ttl_ns;        /* as in struct metric_spec; any thread reads it */
    size_t size;                   /* bytes of memory, with its slots as names, without series */
    struct budget *budget;         /* counts the memory of the family and its series; or NULL */
    struct budget_prepaid prepaid; /* for its overflow series */
    unsigned n_claims;
    struct claim claims[FAMILY_NAMES_MAX]; /* the first is the name itself */
    _Atomic bool has_aliases;              /* the name was also sent in another spelling */
    size_t n_series;                       /* this and the next three: under the registry's lock */
    size_t label_bytes;                    /* the sum over its series */
    struct series *series;                 /* linked by series->next_in_family */
    struct family_walk *walks;             /* over them, on the stacks of threads */
    bool is_retired;                       /* it has lost its names to a family of a newer config */
    struct family *next_retired;           /* this and the last: under the registry's lock */
    _Atomic unsigned refs;                 /* one for its names, and one for each series */
    char text[];                           /* the names */
};

/*
 * Make the family that @identity names, without series and with one reference, the caller's. The
 * identity is not that of an x. What its spec says is copied, except @buckets, the default ones,
 * which are borrowed. Returns NULL without memory.
 */
struct family *family_new(const struct identity *identity, const struct buckets *buckets);

/*
 * The memory for that, as in family->size. The buckets that it would have: those for which
 * @identity asks, or @buckets; those of a summary are written to @room.
 */
size_t family_size(const struct identity *identity, const struct buckets *buckets);
const struct buckets *family_buckets(const struct identity *identity, const struct buckets *buckets,
                                     struct buckets *room);

/* Make one that reserves @name, and the other names of its type, for udometer itself. The same. */
struct family *family_new_reserved(struct slice name, enum metric_type type);

/*
 * Count the memory of @family on @budget, which outlives it, and that of its series as they are
 * made. @prepaid_bytes, for an overflow series, count from now on.
 */
void family_set_budget(struct family *family, struct budget *budget, size_t prepaid_bytes);

/*
 * Whether a family that is made for @identity would have the same buckets, with @buckets as the
 * default ones. True for a type without buckets.
 */
bool family_has_buckets_of(const struct family *family, const struct identity *identity,
                           const struct buckets *buckets);

/*
 * Whether @identity is of a newer config than @family and gives its name another meaning: other
 * buckets or options, a summary for a histogram or the reverse, or another type that the config
 * says. Only the last of these takes a name that @family has because of a suffix. The same
 * @buckets.
 */
bool family_must_retire(const struct family *family, const struct identity *identity,
                        const struct buckets *buckets);

/*
 * Take over from @identity whatever does not change the meaning of values: texts, TTL, limit and
 * generation. The name as it was sent stays, if there is one. With the registry's lock held.
 * Returns false without memory, and then nothing changes.
 */
MUST_CHECK bool family_adopt(struct family *family, const struct identity *identity);

/*
 * Note how a name was sent that had been declared before. With the registry's lock held. Without
 * memory, nothing changes.
 */
void family_set_sent_as(struct family *family, struct slice sent_as);

/*
 * Any thread with a reference: append what # HELP says of @family to @out, as plain text. May wait
 * for as long as a pointer is set.
 */
void family_write_help(struct family *family, struct buffer *out);

/* The same for the unit that the config gives it; nothing if it gives none. */
void family_write_unit(struct family *family, struct buffer *out);

/* Take a reference; release one. Releasing the last one frees the family. */
void family_ref(struct family *family);
void family_unref(struct family *family);
