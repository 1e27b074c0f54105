/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Roster
 *
 *      name  ->  family  ->  its series, in a list
 *      family, labels    ->  series  ->  a cell for each worker
 *
 * A family is made with its first series and goes with its last one.
 *
 * When a limit is reached, what would have been a new series is counted by one
 * that its family has for that purpose. Such series are beyond the limits: each
 * family has had the memory for its own counted since it was made.
 */

#include "aggregate/roster.h"

#include "aggregate/kind.h"
#include "aggregate/registry.h"
#include "base/hash.h"

#include <errno.h>

void roster_deinit(struct roster *roster)
{
    struct slots_cursor cursor = { 0 };
    struct series *series;

    /* Names first: they live in the families, which go with their last series. */
    names_deinit(&roster->names);
    while ((series = slots_next(&roster->series, &cursor)))
        series_free(series);
    slots_deinit(&roster->series);
}

struct roster_request roster_request(const struct roster *roster, const struct identity *identity,
                                     unsigned worker)
{
    uint64_t name_hash = names_hash(&roster->names, identity->family);

    return (struct roster_request){
        .identity = identity,
        .name_hash = name_hash,
        .hash = hash_bytes(identity->labels, name_hash),
        .worker = worker,
    };
}

/* --- families ------------------------------------------------------------------ */

int roster_reserve(struct roster *roster, const struct identity *identity)
{
    struct family *family = family_new(identity, roster->buckets), *holder;
    enum verdict verdict;

    if (!family)
        return -ENOMEM;
    family->is_reserved = true;
    verdict = names_claim(&roster->names, family, &holder);
    if (verdict != VERDICT_APPLIED) {
        family_unref(family);
        return verdict == REFUSED_NO_MEMORY ? -ENOMEM : -EEXIST;
    }
    return 0;
}

static bool has_memory(const struct roster *roster, size_t more_bytes)
{
    return atomic_load_explicit(&roster->bytes, memory_order_relaxed) + more_bytes <=
           roster->max_bytes;
}

/* The memory for an overflow series of @family, if its kind has one. */
static size_t overflow_bytes(const struct roster *roster, const struct family *family)
{
    if (!kind_of(family->type)->can_overflow)
        return 0;
    return series_size(REGISTRY_OVERFLOW_LABELS, roster->n_workers) +
           roster->n_workers * kind_cell_size(family->type, family->buckets);
}

/* Make a family; @ret is it, or who has one of its names already. */
static enum verdict add_family(struct roster *roster, const struct identity *identity,
                               struct family **ret)
{
    struct family *family = family_new(identity, roster->buckets);
    enum verdict verdict;
    size_t reserve;

    if (!family)
        return REFUSED_NO_MEMORY;
    verdict = names_claim(&roster->names, family, ret);
    if (verdict != VERDICT_APPLIED) {
        family_unref(family);
        return verdict;
    }
    reserve = overflow_bytes(roster, family);
    if (roster->series.n >= roster->max_series || !has_memory(roster, family->size + reserve)) {
        names_release(&roster->names, family);
        return REFUSED_SERIES_LIMIT;
    }
    family_hold(family, &roster->bytes, reserve);
    roster->n_families++;
    *ret = family;
    return VERDICT_APPLIED;
}

/* A family that has lost its last series, or got none: its name is free again. */
static void drop_family(struct roster *roster, struct family *family)
{
    names_release(&roster->names, family);
    roster->n_families--;
}

struct family *roster_find_family(struct roster *roster, const struct roster_request *request)
{
    return names_holder(&roster->names, request->identity->family, request->name_hash);
}

/* --- series and cells --------------------------------------------------------- */

struct series_key {
    const struct family *family;
    struct slice labels;
};

static bool series_is(const void *entry, const void *wanted)
{
    const struct series *series = entry;
    const struct series_key *key = wanted;

    return series->family == key->family && slice_equal(series_labels(series), key->labels);
}

/* The same as in a request for it. */
static uint64_t series_hash(const struct series *series)
{
    return hash_bytes(series_labels(series), series->family->claims[0].hash);
}

static struct series *find_series(struct roster *roster, struct family *family, struct slice labels,
                                  uint64_t hash)
{
    const struct series_key key = { family, labels };

    return slots_find(&roster->series, hash, &key, series_is);
}

static void link_to_family(struct series *series)
{
    struct family *family = series->family;

    series->next_in_family = family->series;
    if (family->series)
        family->series->prev_in_family = series;
    family->series = series;
    family->n_series++;
    family->label_bytes += series->labels_len;
}

static void unlink_from_family(struct series *series)
{
    struct family *family = series->family;

    if (series->prev_in_family)
        series->prev_in_family->next_in_family = series->next_in_family;
    else
        family->series = series->next_in_family;
    if (series->next_in_family)
        series->next_in_family->prev_in_family = series->prev_in_family;
    family->n_series--;
    family->label_bytes -= series->labels_len;
}

static bool has_room(const struct roster *roster, const struct family *family, size_t more_bytes)
{
    return roster->series.n < roster->max_series && family->n_series < roster->max_family_series &&
           has_memory(roster, more_bytes);
}

/* Labels to be admitted, with their hash. */
struct labelled {
    struct slice labels;
    uint64_t hash;
    bool is_overflow; /* they are those of an overflow series */
};

static enum verdict add_series(struct roster *roster, struct family *family,
                               const struct labelled *labelled, struct series **ret)
{
    struct series *series = series_new(family, labelled->labels, roster->n_workers);

    if (!series)
        return REFUSED_NO_MEMORY;
    if (labelled->is_overflow)
        series_take_reserve(series);
    if (!slots_add(&roster->series, labelled->hash, series)) {
        series_free(series);
        return REFUSED_NO_MEMORY;
    }
    series->next_fresh = roster->fresh;
    roster->fresh = series;
    roster->n_fresh++;
    roster->n_series[family->type]++;
    link_to_family(series);
    *ret = series;
    return VERDICT_APPLIED;
}

/* May a series of @family with these labels, and a cell, be made? */
static bool may_add(const struct roster *roster, const struct family *family,
                    const struct labelled *labelled)
{
    size_t bytes = series_size(labelled->labels, roster->n_workers) +
                   kind_cell_size(family->type, family->buckets);

    if (!labelled->is_overflow)
        return has_room(roster, family, bytes);
    return !atomic_load(&family->is_reserve_used) || has_memory(roster, bytes);
}

/* May @series, which has no cell for one of the workers, have one? */
static bool may_add_cell(const struct roster *roster, const struct series *series)
{
    const struct family *family = series->family;

    return series->is_prepaid || has_memory(roster, kind_cell_size(family->type, family->buckets));
}

/* The series of @family with these labels, with room for a cell of @worker; or it is made. */
static enum verdict admit_series(struct roster *roster, struct family *family,
                                 const struct labelled *labelled, unsigned worker,
                                 struct series **ret)
{
    *ret = find_series(roster, family, labelled->labels, labelled->hash);
    if (!*ret)
        return may_add(roster, family, labelled) ? add_series(roster, family, labelled, ret)
                                                 : REFUSED_SERIES_LIMIT;
    return (*ret)->cells[worker] || may_add_cell(roster, *ret) ? VERDICT_APPLIED
                                                               : REFUSED_SERIES_LIMIT;
}

static enum verdict admit_labels(struct roster *roster, struct family *family,
                                 const struct labelled *labelled, unsigned worker,
                                 struct cell **ret)
{
    struct series *series;
    enum verdict verdict = admit_series(roster, family, labelled, worker, &series);

    if (verdict != VERDICT_APPLIED)
        return verdict;
    if (series_state(series) == SERIES_EXPIRING)
        series_set_state(series, SERIES_LIVE);
    if (!series->cells[worker] && !series_add_cell(series, worker))
        return REFUSED_NO_MEMORY;
    *ret = series->cells[worker];
    return VERDICT_APPLIED;
}

static enum verdict admit(struct roster *roster, struct family *family,
                          const struct roster_request *request, struct cell **ret)
{
    struct labelled labelled = { .labels = request->identity->labels, .hash = request->hash };
    enum verdict verdict;

    labelled.is_overflow = kind_of(family->type)->can_overflow &&
                           slice_equal(labelled.labels, REGISTRY_OVERFLOW_LABELS);
    verdict = admit_labels(roster, family, &labelled, request->worker, ret);
    if (verdict != REFUSED_SERIES_LIMIT || !kind_of(family->type)->can_overflow ||
        family->n_series == 0)
        return verdict;
    labelled.labels = REGISTRY_OVERFLOW_LABELS;
    labelled.hash = hash_bytes(labelled.labels, request->name_hash);
    labelled.is_overflow = true;
    return admit_labels(roster, family, &labelled, request->worker, ret);
}

enum verdict roster_admit(struct roster *roster, const struct roster_request *request,
                          struct cell **ret, const struct family **ret_family)
{
    struct family *family;
    enum verdict verdict = names_find(&roster->names, request->identity->family, request->name_hash,
                                      metric_type_of(request->identity->type), &family);

    if (verdict == VERDICT_APPLIED && !family)
        verdict = add_family(roster, request->identity, &family);
    *ret_family = family;
    if (verdict != VERDICT_APPLIED)
        return verdict;

    verdict = admit(roster, family, request, ret);
    if (family->n_series == 0)
        drop_family(roster, family);
    return verdict;
}

void roster_remove(struct roster *roster, struct series *series, enum series_state state)
{
    struct family *family = series->family;

    series_set_state(series, state);
    slots_remove(&roster->series, series_hash(series), series);
    roster->n_series[family->type]--;
    unlink_from_family(series);
    if (family->n_series == 0)
        drop_family(roster, family);
}

/* --- fresh series --------------------------------------------------------------- */

struct series *roster_take_fresh(struct roster *roster, size_t *ret_n)
{
    struct series *fresh = TAKE(roster->fresh);

    *ret_n = roster->n_fresh;
    roster->n_fresh = 0;
    return fresh;
}

void roster_put_back_fresh(struct roster *roster, struct series *fresh, size_t n)
{
    struct series *last = fresh;

    if (!fresh)
        return;
    while (last->next_fresh)
        last = last->next_fresh;
    last->next_fresh = roster->fresh;
    roster->fresh = fresh;
    roster->n_fresh += n;
}
