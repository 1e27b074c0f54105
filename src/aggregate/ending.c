/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Ending
 *
 * An x and a sample of one series may be applied in the wrong order if two workers have received
 * them. Either way, the time of arrival decides:
 *
 *  - The x is applied late: what arrived after it, and has been written, does not end. Each cell
 *    has the arrival of its last sample, so this costs nothing when samples are recorded.
 *  - The sample is applied late: it would begin a series that the x has ended. So each x is kept
 *    until there are enough later ones, and a worker that asks for a series learns of it.
 *
 * An x with an age ends only what was not written lately. It is for whole series: one that was
 * written keeps all it has. And it is not kept, because it says nothing of a single sample: a late
 * one may belong to a series that it would not have ended.
 *
 * Series that have ended are in an array that grows, because they may still be in the roster's list
 * of fresh ones.
 */

#include "aggregate/ending.h"

#include "aggregate/kind.h"
#include "base/labels.h"
#include "base/must.h"

#include <stdlib.h>

/* Series that ending_end_undeclared() ends in one call. */
#define UNDECLARED_BATCH 256

void ending_deinit(struct ending *ending)
{
    for (size_t i = 0; i < ending->n; i++) {
        series_release_workers(ending->items[i].series);
        series_unref(ending->items[i].series);
    }
    free(ending->items);
    past_ends_deinit(&ending->past_ends);
}

/* --- an x ------------------------------------------------------------------------------ */

/* Keep what arrived in @series after the x of @request, as far as its kind can tell. */
static enum verdict trim(struct roster *roster, struct series *series,
                         const struct end_request *request)
{
    const struct kind *kind = kind_of(series->family->type);
    struct cell *own;

    if (!kind->trim)
        return VERDICT_APPLIED;
    own = roster_cell(roster, series, request->worker);
    if (!own)
        return REFUSED_NO_MEMORY;
    kind->trim(own, series->cells, series->n_cells, request->at);
    return VERDICT_APPLIED;
}

static bool has_room(struct ending *ending)
{
    size_t n_max = ending->n_max ? 2 * ending->n_max : 64;
    struct sweep_item *items;

    if (ending->n < ending->n_max)
        return true;
    items = realloc(ending->items, n_max * sizeof(*items));
    if (!items)
        return false;
    ending->items = items;
    ending->n_max = n_max;
    return true;
}

static enum verdict end(struct ending *ending, struct roster *roster, struct series *series,
                        int64_t arrived_ns)
{
    series_ref(series);
    if (!has_room(ending) || !roster_remove(roster, series, SERIES_ENDED)) {
        series_unref(series);
        return REFUSED_NO_MEMORY;
    }
    ending->items[ending->n++] = (struct sweep_item){ .series = series, .touched_ns = arrived_ns };
    return VERDICT_APPLIED;
}

/* End @series, which has the labels, if the x comes after all its samples. */
static enum verdict end_one(struct ending *ending, struct roster *roster, struct series *series,
                            const struct end_request *request, size_t *ret)
{
    int64_t until_ns = request->arrived_ns - request->age_ns; /* may be below 0 */
    enum verdict verdict;

    if (series_touched_ns(series) > until_ns)
        return request->age_ns == 0 ? trim(roster, series, request) : VERDICT_APPLIED;
    verdict = end(ending, roster, series, until_ns);
    *ret += verdict == VERDICT_APPLIED;
    return verdict;
}

/* Keep the x for samples that arrived before it. */
static bool note(struct ending *ending, const struct roster *roster,
                 const struct end_request *request, uint64_t name_hash)
{
    /* A single worker applies everything in the order of arrival. */
    return roster->n_workers == 1 || request->age_ns > 0 ||
           past_ends_note(&ending->past_ends, request->identity, name_hash, request->arrived_ns);
}

enum verdict ending_begin(struct ending *ending, struct roster *roster,
                          const struct end_request *request, size_t *allowance,
                          struct end_walk *ret)
{
    struct roster_request in_roster =
        roster_request(roster, request->identity, request->worker, request->arrived_ns);
    struct family *family = roster_find_family(roster, &in_roster);
    size_t cost = ENDING_NOTE_BYTES + request->identity->labels.len +
                  (family ? family->n_series * ENDING_LOOK_BYTES + family->label_bytes : 0);

    *ret = (struct end_walk){ 0 };
    if (family && family->is_reserved)
        return REFUSED_RESERVED_NAME;
    if (cost > *allowance)
        return REFUSED_END_LIMIT;
    *allowance -= cost;
    if (!note(ending, roster, request, in_roster.name_hash))
        return REFUSED_NO_MEMORY;
    if (!family)
        return VERDICT_APPLIED;
    series_walk_begin(&ret->walk, family);
    ret->n_wanted = labels_cut(identity_labels_on(request->identity, family->type), ret->wanted);
    return VERDICT_APPLIED;
}

enum verdict ending_end(struct ending *ending, struct roster *roster,
                        const struct end_request *request, struct end_walk *walk, size_t *ret)
{
    size_t cost = 0;
    enum verdict verdict = VERDICT_APPLIED;
    struct series *series;

    while (cost < ENDING_BATCH_BYTES && verdict == VERDICT_APPLIED &&
           (series = series_walk_next(&walk->walk))) {
        cost += ENDING_LOOK_BYTES + series->labels_len;
        if (!labels_include(series_labels(series), walk->wanted, walk->n_wanted) ||
            series_is_pristine(series))
            continue;
        cost += ENDING_END_BYTES;
        walk->more_cost += ENDING_END_BYTES;
        verdict = end_one(ending, roster, series, request, ret);
    }
    return verdict;
}

void ending_finish(struct end_walk *walk, size_t *allowance)
{
    if (!walk->walk.family)
        return;
    series_walk_end(&walk->walk);
    *allowance -= walk->more_cost < *allowance ? walk->more_cost : *allowance;
}

/* --- by the API --------------------------------------------------------------------------- */

bool ending_end_series(struct ending *ending, struct roster *roster, struct series *series,
                       int64_t arrived_ns, size_t *ret)
{
    if (!series_is_registered(series) || series_is_pristine(series) ||
        series_touched_ns(series) > arrived_ns)
        return true;
    if (end(ending, roster, series, arrived_ns) != VERDICT_APPLIED)
        return false;
    ++*ret;
    return true;
}

/* --- by the config ------------------------------------------------------------------------ */

bool ending_end_undeclared(struct ending *ending, struct roster *roster, uint64_t generation,
                           unsigned part, size_t *ret)
{
    struct series *older[UNDECLARED_BATCH];
    size_t n = declared_older(&roster->declared, generation, part, older, UNDECLARED_BATCH);

    for (size_t i = 0; i < n; i++) {
        bool is_pristine = series_is_pristine(older[i]);

        roster_undeclare(roster, older[i]);
        if (is_pristine && end(ending, roster, older[i], INT64_MAX) == VERDICT_APPLIED)
            ++*ret;
    }
    return n == UNDECLARED_BATCH;
}

/* --- families without names ------------------------------------------------------------ */

bool ending_end_retired(struct ending *ending, struct roster *roster, size_t max)
{
    struct series *series;

    /* No sample is later than this "x", so none of them is put back. */
    for (size_t i = 0; i < max && (series = roster_retired(roster)); i++)
        if (end(ending, roster, series, INT64_MAX) != VERDICT_APPLIED)
            return false;
    return true;
}

/* --- what has ended ------------------------------------------------------------------- */

/*
 * Put a series back if it got a sample that arrived after its x. A worker may have checked the
 * cell's flag just before the x set it, and have written just after.
 */
static bool put_back(struct roster *roster, const struct sweep_item *item)
{
    if (series_touched_ns(item->series) <= item->touched_ns ||
        !roster_put_back(roster, item->series))
        return false;
    series_unref(item->series);
    return true;
}

bool ending_remove(struct ending *ending, struct roster *roster, size_t max, size_t *ret)
{
    for (size_t i = 0; i < max && ending->n_removed < ending->n; i++) {
        struct sweep_item *item = &ending->items[ending->n_removed];

        if (put_back(roster, item)) {
            *item = ending->items[--ending->n];
            continue;
        }
        series_set_state(item->series, SERIES_REMOVED);
        ending->n_removed++;
        ++*ret;
    }
    return ending->n_removed < ending->n;
}

struct sweep_item *ending_take(struct ending *ending, size_t *ret_n)
{
    MUST_BE(ending->n_removed, ==, ending->n);
    *ret_n = ending->n;
    ending->n = ending->n_max = ending->n_removed = 0;
    return TAKE(ending->items);
}
