/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Roster
 *
 *      name  ->  family  ->  its series, in a list
 *      family, labels    ->  series  ->  a cell for each worker
 *
 * A family is added with its first series and removed with its last one.
 *
 * When a reload gives a name another type or other buckets, the first line of the newer config
 * retires the family: its names are free at once, for the new family, which takes constant time.
 * There may be a million series to be ended; whoever updates the snapshots does that, in batches.
 *
 * When a limit is reached, samples that would make a new series are counted in the overflow series
 * of their family instead. Overflow series are exempt from the limits; the memory for its overflow
 * series is counted with each family from the start.
 *
 * A sender may name an overflow series itself, and so make it before any limit is reached. That
 * passes no limit: a family has at most one, and only a family within the limits begins with one.
 * So there are at most max_series families, and as many series beyond max_series.
 */

#include "aggregate/roster.h"

#include "aggregate/kind.h"
#include "base/hash.h"
#include "base/must.h"

#include <errno.h>

void roster_deinit(struct roster *roster)
{
    struct slots_cursor cursor = { 0 };
    struct series *series;

    /* Names first: they are part of the families, which are freed with their last series. */
    names_deinit(&roster->names);
    while ((series = slots_next(&roster->series, &cursor)))
        series_free(series);
    slots_deinit(&roster->series);
    totals_free(roster->totals);
    declared_deinit(&roster->declared);
}

struct roster_request roster_request(const struct roster *roster, const struct identity *identity,
                                     unsigned worker, int64_t arrived_ns)
{
    uint64_t name_hash = names_hash(&roster->names, identity->family);

    return (struct roster_request){
        .identity = identity,
        .name_hash = name_hash,
        .hash = hash_bytes(identity->labels, name_hash),
        .worker = worker,
        .arrived_ns = arrived_ns,
    };
}

/* --- families ------------------------------------------------------------------ */

int roster_reserve(struct roster *roster, struct slice name, enum metric_type type)
{
    struct family *family = family_new_reserved(name, type), *holder;
    enum verdict verdict;

    if (!family)
        return -ENOMEM;
    verdict = names_claim(&roster->names, family, &holder);
    if (verdict != VERDICT_APPLIED) {
        family_unref(family);
        return verdict == REFUSED_NO_MEMORY ? -ENOMEM : -EEXIST;
    }
    return 0;
}

static bool can_overflow(const struct family *family)
{
    return kind_of(family->type)->can_overflow;
}

/* The memory for an overflow series of a family of @identity; 0 if its kind has none. */
static size_t overflow_bytes(const struct roster *roster, const struct identity *identity)
{
    enum metric_type type = identity_metric(identity);
    struct buckets room;

    if (!kind_of(type)->can_overflow)
        return 0;
    return series_size(ROSTER_OVERFLOW_LABELS, roster->n_workers) +
           roster->n_workers *
               kind_cell_size(type, family_buckets(identity, roster->buckets, &room));
}

/* Free the names of @family, which has series. They end when snapshots are brought up to date. */
static void retire(struct roster *roster, struct family *family)
{
    MUST_BE(family->n_series, >, (size_t)0);
    family->is_retired = true;
    family->next_retired = roster->retired;
    roster->retired = family;
    names_release(&roster->names, family);
}

/* Note the TTL of @family for registry_take_shortest_ttl(). */
static void note_ttl(struct roster *roster, const struct family *family)
{
    int64_t ttl_ns = atomic_load_explicit(&family->ttl_ns, memory_order_relaxed);

    if (ttl_ns > 0 && (!roster->shortest_ttl_ns || ttl_ns < roster->shortest_ttl_ns))
        roster->shortest_ttl_ns = ttl_ns;
}

static void leave_retired(struct roster *roster, struct family *family)
{
    struct family **link = &roster->retired;

    while (*link != family)
        link = &(*link)->next_retired;
    *link = family->next_retired;
}

static enum verdict claim_names(struct roster *roster, struct family *family,
                                const struct identity *identity, struct family **ret)
{
    enum verdict verdict;

    while ((verdict = names_claim(&roster->names, family, ret)) == REFUSED_TYPE_CONFLICT &&
           family_must_retire(*ret, identity, roster->buckets))
        retire(roster, *ret);
    return verdict;
}

/* Whether a worker may have another new name. Those of initial series have no rate. */
static bool may_have_name(struct roster *roster, const struct roster_request *request)
{
    return request->is_of_config || roster->max_new_names == 0 ||
           name_rate_take(&roster->name_rates[request->worker], roster->max_new_names,
                          request->arrived_ns);
}

/* The limits come first. On a type conflict, @ret is the family that has one of the names. */
static enum verdict add_family(struct roster *roster, const struct roster_request *request,
                               bool is_new_name, struct family **ret)
{
    const struct identity *identity = request->identity;
    size_t prepaid = overflow_bytes(roster, identity);
    struct family *family;
    enum verdict verdict;

    if (roster->series.n >= roster->max_series ||
        !budget_has(&roster->budget, family_size(identity, roster->buckets) + prepaid))
        return REFUSED_SERIES_LIMIT;
    if (is_new_name && !may_have_name(roster, request))
        return REFUSED_NAME_RATE;
    family = family_new(identity, roster->buckets);
    if (!family)
        return REFUSED_NO_MEMORY;
    verdict = claim_names(roster, family, identity, ret);
    if (verdict != VERDICT_APPLIED) {
        family_unref(family);
        return verdict;
    }
    family_set_budget(family, &roster->budget, prepaid);
    note_ttl(roster, family);
    roster->n_families++;
    *ret = family;
    return VERDICT_APPLIED;
}

/* Frees its names. The family lives on as long as removed series have references on it. */
static void remove_family(struct roster *roster, struct family *family)
{
    if (family->is_retired)
        leave_retired(roster, family);
    else
        names_release(&roster->names, family);
    MUST_BE(roster->n_families, >, (size_t)0);
    roster->n_families--;
}

/* Find the family for @request, as names_find() does; update or replace it by the config. */
static enum verdict find_family(struct roster *roster, const struct roster_request *request,
                                struct family **ret)
{
    const struct identity *identity = request->identity;
    enum verdict verdict = names_find(&roster->names, identity->family, request->name_hash,
                                      identity_metric(identity), ret);
    struct family *family = *ret;

    if (LIKELY(!family || family->generation >= identity->generation))
        return verdict;
    if (family_must_retire(family, identity, roster->buckets)) {
        retire(roster, family);
        *ret = NULL;
        return add_family(roster, request, false, ret);
    }
    if (verdict == VERDICT_APPLIED && !family_adopt(family, identity))
        return REFUSED_NO_MEMORY;
    note_ttl(roster, family);
    return verdict;
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

/* The same hash as in a request for @series. */
static uint64_t series_hash(const struct series *series)
{
    return hash_bytes(series_labels(series), series->family->claims[0].hash);
}

static bool has_room(const struct roster *roster, const struct family *family, size_t more_bytes)
{
    size_t max = family->max_series ? family->max_series : roster->max_family_series;

    return roster->series.n < roster->max_series && family->n_series < max &&
           budget_has(&roster->budget, more_bytes);
}

/* --- finding and adding ------------------------------------------------------------ */

/* A series in which a sample may be counted. */
struct candidate {
    struct series *series; /* NULL: it must be added */
    struct slice labels;
    uint64_t hash;
    bool is_overflow; /* the labels are those of an overflow series */
    bool stands_in;   /* the labels are not those requested */
};

static struct candidate candidate_of(const struct family *family, struct slice labels,
                                     uint64_t hash)
{
    return (struct candidate){
        .labels = labels,
        .hash = hash,
        .is_overflow = can_overflow(family) && slice_equal(labels, ROSTER_OVERFLOW_LABELS),
    };
}

/*
 * Look for the series of @candidate. Returns whether it and a cell of @worker exist, or may be
 * added within the limits.
 */
static bool is_available(struct roster *roster, const struct family *family, unsigned worker,
                         struct candidate *candidate)
{
    const struct series_key key = { family, candidate->labels };
    size_t bytes;

    candidate->series = slots_find(&roster->series, candidate->hash, &key, series_is);
    if (candidate->series && (candidate->series->cells[worker] || candidate->series->is_prepaid))
        return true;
    bytes = kind_cell_size(family->type, family->buckets);
    if (candidate->series)
        return budget_has(&roster->budget, bytes);
    if (candidate->is_overflow && budget_has_prepaid(&family->prepaid))
        return true;
    bytes += series_size(candidate->labels, roster->n_workers);
    return candidate->is_overflow ? budget_has(&roster->budget, bytes)
                                  : has_room(roster, family, bytes);
}

/* Choose the series for the samples of @request: the one it names, or the overflow series. */
static enum verdict choose_series(struct roster *roster, const struct family *family,
                                  const struct roster_request *request, struct candidate *ret)
{
    *ret = candidate_of(family, request->identity->labels, request->hash);
    if (is_available(roster, family, request->worker, ret))
        return VERDICT_APPLIED;
    /* A family with only an overflow series would bypass the limit for new names. */
    if (!can_overflow(family) || ret->is_overflow || family->n_series == 0)
        return REFUSED_SERIES_LIMIT;
    *ret = candidate_of(family, ROSTER_OVERFLOW_LABELS,
                        hash_bytes(ROSTER_OVERFLOW_LABELS, request->name_hash));
    ret->stands_in = true;
    return is_available(roster, family, request->worker, ret) ? VERDICT_APPLIED
                                                              : REFUSED_SERIES_LIMIT;
}

static enum verdict add_series(struct roster *roster, struct family *family, int64_t arrived_ns,
                               struct candidate *candidate)
{
    struct series *series =
        series_new_at(family, candidate->labels, roster->n_workers, roster->wall_ms, arrived_ns);

    if (!series)
        return REFUSED_NO_MEMORY;
    if (candidate->is_overflow)
        series_use_prepaid(series);
    if (!slots_add(&roster->series, candidate->hash, series)) {
        series_free(series);
        return REFUSED_NO_MEMORY;
    }
    fresh_add(&roster->fresh, series);
    roster->n_series[family->type]++;
    series_join_family(series);
    candidate->series = series;
    return VERDICT_APPLIED;
}

static enum verdict give_cell(struct series *series, const struct roster_request *request,
                              struct cell **ret)
{
    unsigned worker = request->worker;

    if (!series->cells[worker] && !series_add_cell(series, worker))
        return REFUSED_NO_MEMORY;
    *ret = series->cells[worker];
    series_keep(series, *ret, request->arrived_ns);
    return VERDICT_APPLIED;
}

static enum verdict find_or_add_family(struct roster *roster, const struct roster_request *request,
                                       struct family **ret)
{
    enum verdict verdict = find_family(roster, request, ret);

    return verdict == VERDICT_APPLIED && !*ret ? add_family(roster, request, true, ret) : verdict;
}

enum verdict roster_find_or_add(struct roster *roster, const struct roster_request *request,
                                struct roster_reply *ret)
{
    struct candidate candidate;
    struct family *family;
    enum verdict verdict = find_or_add_family(roster, request, &family);

    *ret = (struct roster_reply){ .family = family };
    if (verdict != VERDICT_APPLIED)
        return verdict;

    verdict = choose_series(roster, family, request, &candidate);
    if (verdict == VERDICT_APPLIED && !candidate.series)
        verdict = add_series(roster, family, request->arrived_ns, &candidate);
    if (verdict == VERDICT_APPLIED)
        verdict = give_cell(candidate.series, request, &ret->cell);
    ret->is_overflow = candidate.stands_in;
    if (family->n_series == 0) { /* a new one, whose first series was refused */
        remove_family(roster, family);
        ret->family = NULL;
    }
    return verdict;
}

struct cell *roster_cell(struct roster *roster, struct series *series, unsigned worker)
{
    const struct family *family = series->family;

    if (series->cells[worker])
        return series->cells[worker];
    if (!budget_has(&roster->budget, kind_cell_size(family->type, family->buckets)) ||
        !series_add_cell(series, worker))
        return NULL;
    return series->cells[worker];
}

/* --- declared series ---------------------------------------------------------------------- */

enum verdict roster_declare(struct roster *roster, const struct roster_request *request,
                            struct family **ret)
{
    enum verdict verdict = find_or_add_family(roster, request, ret);
    struct candidate candidate;

    if (verdict != VERDICT_APPLIED)
        return verdict;
    candidate = candidate_of(*ret, request->identity->labels, request->hash);
    if (!is_available(roster, *ret, request->worker, &candidate) && !candidate.series)
        verdict = REFUSED_SERIES_LIMIT;
    else if (!candidate.series)
        verdict = add_series(roster, *ret, request->arrived_ns, &candidate);
    if (verdict == VERDICT_APPLIED &&
        !declared_note(&roster->declared, request->hash, candidate.series,
                       request->identity->generation))
        verdict = REFUSED_NO_MEMORY;
    if (verdict == VERDICT_APPLIED && series_state(candidate.series) == SERIES_EXPIRING)
        series_set_state(candidate.series, SERIES_LIVE);
    if ((*ret)->n_series == 0)
        remove_family(roster, *ret);
    return verdict;
}

void roster_undeclare(struct roster *roster, struct series *series)
{
    declared_remove(&roster->declared, series_hash(series), series);
}

/* --- removing ------------------------------------------------------------------------ */

/* Put a new series in the place of @series, a declared one. Returns false without memory. */
static bool begin_again(struct roster *roster, struct series *series)
{
    uint64_t hash = series_hash(series);
    struct series *next =
        series_new_at(series->family, series_labels(series), roster->n_workers, roster->wall_ms, 0);

    if (!next || !slots_add(&roster->series, hash, next)) {
        if (next)
            series_free(next);
        return false;
    }
    declared_replace(&roster->declared, hash, series, next);
    fresh_add(&roster->fresh, next);
    roster->n_series[next->family->type]++;
    series_join_family(next);
    return true;
}

bool roster_remove(struct roster *roster, struct series *series, enum series_state state)
{
    struct family *family = series->family;

    if (series->is_declared && family->is_retired)
        roster_undeclare(roster, series);
    else if (series->is_declared && !begin_again(roster, series))
        return false;
    series_set_state(series, state);
    slots_remove(&roster->series, series_hash(series), series);
    MUST_BE(roster->n_series[family->type], >, (size_t)0);
    roster->n_series[family->type]--;
    series_leave_family(series);
    if (family->n_series == 0)
        remove_family(roster, family);
    return true;
}

/* Give @family its names back if it has lost them with its last series. */
static bool ensure_names(struct roster *roster, struct family *family)
{
    struct family *holder;

    if (family->n_series > 0)
        return true;
    family_ref(family);
    if (names_claim(&roster->names, family, &holder) != VERDICT_APPLIED) {
        family_unref(family);
        return false;
    }
    roster->n_families++;
    return true;
}

static bool add_again(struct roster *roster, struct series *series)
{
    const struct series_key key = { series->family, series_labels(series) };
    uint64_t hash = series_hash(series);

    /* Its memory is still counted, so only the numbers must be within the limits. */
    return !slots_find(&roster->series, hash, &key, series_is) &&
           has_room(roster, series->family, 0) && slots_add(&roster->series, hash, series);
}

bool roster_put_back(struct roster *roster, struct series *series)
{
    struct family *family = series->family;

    if (family->is_retired || !ensure_names(roster, family))
        return false;
    if (!add_again(roster, series)) {
        if (family->n_series == 0)
            remove_family(roster, family);
        return false;
    }
    roster->n_series[family->type]++;
    series_join_family(series);
    series_set_state(series, SERIES_LIVE);
    return true;
}

/* --- running totals ------------------------------------------------------------- */

enum verdict roster_totals(struct roster *roster, struct totals **ret)
{
    enum verdict verdict =
        totals_ensure(&roster->totals, roster->max_totals, roster->names.seed, &roster->budget);

    *ret = roster->totals;
    return verdict;
}
