/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Registry
 *
 * Two locks, for two sides that do not wait for each other:
 *
 *  - `lock` guards the roster. A worker takes it for a new key, for a lookup and an insertion.
 *  - `view_lock` guards the view, which has the current snapshot. Scrapes and the sweep
 *    take it, and sorting happens under it. Workers never take it, and a scrape does not
 *    while there is much to sort.
 *
 * Series that workers make reach the other side as a list of fresh ones, which is taken over whole
 * in two instructions. Series that they end reach it as an array. Where both locks are held,
 * view_lock is taken first.
 *
 * So a series that is ended leaves in two steps: it leaves the roster's tables at once, and the
 * snapshots when the next one is made (series.h). The sweep, which holds both locks, does both in
 * one step.
 */

#include "aggregate/registry.h"

#include "aggregate/roster.h"
#include "aggregate/view.h"
#include "base/fair_lock.h"
#include "base/must.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct registry {
    struct fair_lock lock;
    struct roster roster;
    struct ending ending;
    struct conflicts *conflicts; /* apart, as both lists are long */
    struct aliases aliases;

    pthread_mutex_t view_lock;
    struct view view;
};

/* The lock is held, or not needed yet. */
static void set_limits(struct registry *registry, const struct registry_options *options)
{
    struct roster *roster = &registry->roster;

    roster->max_series = options->max_series;
    roster->max_family_series = options->max_family_series ?: options->max_series;
    roster->budget.max_bytes = options->max_bytes;
    roster->max_new_names = options->max_new_names;
}

void registry_set_limits(struct registry *registry, const struct registry_options *options)
{
    fair_lock_take(&registry->lock);
    set_limits(registry, options);
    fair_lock_release(&registry->lock);
}

int registry_new(struct registry **ret, const struct registry_options *options)
{
    CLEANUP(registry_freep) struct registry *registry = NULL;

    if (options->n_workers < 1 || options->n_workers > CELLS_MAX)
        return -EINVAL;
    registry = calloc(1, sizeof(*registry));
    if (!registry)
        return -ENOMEM;
    registry->roster = (struct roster){
        .n_workers = options->n_workers,
        .max_totals = options->max_totals,
        .wall_ms = options->wall_ms,
        .buckets = options->buckets,
        .names.seed = options->seed,
    };
    set_limits(registry, options);
    fair_lock_init(&registry->lock);
    pthread_mutex_init(&registry->view_lock, NULL);
    registry->conflicts = calloc(1, sizeof(*registry->conflicts));
    if (!registry->conflicts || view_init(&registry->view) < 0)
        return -ENOMEM;
    *ret = TAKE(registry);
    return 0;
}

void registry_free(struct registry *registry)
{
    if (!registry)
        return;
    view_deinit(&registry->view, &registry->roster.fresh);
    ending_deinit(&registry->ending);
    roster_deinit(&registry->roster);
    pthread_mutex_destroy(&registry->view_lock);
    fair_lock_deinit(&registry->lock);
    free(registry->conflicts);
    free(registry);
}

int registry_reserve(struct registry *registry, struct slice name, enum metric_type type)
{
    int r;

    fair_lock_take(&registry->lock);
    r = roster_reserve(&registry->roster, name, type);
    fair_lock_release(&registry->lock);
    return r;
}

/* --- for workers ------------------------------------------------------------------ */

/* Note that a name was sent in another spelling than at first. */
static void note_spelling(struct registry *registry, const struct roster_request *request,
                          struct family *family)
{
    const struct identity *identity = request->identity;

    if (LIKELY(slice_equal(identity->sent_as, family->texts->sent_as)) ||
        !slice_equal(identity->family, family->name))
        return;
    if (family->texts->sent_as.len == 0) {
        family_set_sent_as(family, identity->sent_as);
        return;
    }
    atomic_store_explicit(&family->has_aliases, true, memory_order_relaxed);
    aliases_note(&registry->aliases, family, request->name_hash, identity->sent_as);
}

/* Note that @family, of another type, has the name that is requested. */
static void note_conflict(struct registry *registry, const struct roster_request *request,
                          const struct family *family)
{
    const struct conflict_holder holder = { .name = family->name, .type = family->type };

    conflicts_note(registry->conflicts, request->identity->family, request->name_hash,
                   identity_metric(request->identity), &holder);
}

void registry_note_conflict(struct registry *registry, const struct identity *identity)
{
    const struct conflict_holder metric = { identity->family, identity->declared_type, true };
    uint64_t hash = names_hash(&registry->roster.names, identity->family);

    fair_lock_take(&registry->lock);
    conflicts_note(registry->conflicts, identity->family, hash, identity_metric(identity), &metric);
    fair_lock_release(&registry->lock);
}

/* Admit a sample whose series has not ended since it arrived. */
static enum verdict admit(struct registry *registry, const struct roster_request *request,
                          struct admission *ret)
{
    struct roster_reply reply;
    enum verdict verdict = roster_find_or_add(&registry->roster, request, &reply);

    if (verdict == REFUSED_TYPE_CONFLICT)
        note_conflict(registry, request, reply.family);
    if (verdict == VERDICT_APPLIED || verdict == REFUSED_TYPE_CONFLICT)
        note_spelling(registry, request, reply.family);
    *ret = (struct admission){ .cell = reply.cell, .is_overflow = reply.is_overflow };
    return verdict;
}

enum verdict registry_admit(struct registry *registry, unsigned worker, int64_t arrived_ns,
                            const struct identity *identity, struct admission *ret)
{
    struct roster_request request = roster_request(&registry->roster, identity, worker, arrived_ns);
    enum verdict verdict;

    fair_lock_take(&registry->lock);
    if (past_ends_have(&registry->ending.past_ends, identity, request.name_hash, arrived_ns)) {
        *ret = (struct admission){ 0 };
        verdict = VERDICT_APPLIED;
    } else {
        verdict = admit(registry, &request, ret);
    }
    fair_lock_release(&registry->lock);
    return verdict;
}

bool registry_revive(struct registry *registry, struct cell *cell, int64_t arrived_ns)
{
    struct series *series = cell_series(cell);
    bool is_registered;

    fair_lock_take(&registry->lock);
    is_registered = series_is_registered(series) && !series->family->is_retired;
    if (is_registered)
        series_keep(series, cell, arrived_ns);
    fair_lock_release(&registry->lock);
    return is_registered;
}

enum verdict registry_totals(struct registry *registry, struct totals **ret)
{
    enum verdict verdict;

    fair_lock_take(&registry->lock);
    verdict = roster_totals(&registry->roster, ret);
    fair_lock_release(&registry->lock);
    return verdict;
}

enum verdict registry_end(struct registry *registry, const struct end_request *request,
                          size_t *allowance, size_t *ret)
{
    struct end_walk walk;
    enum verdict verdict;

    *ret = 0;
    fair_lock_take(&registry->lock);
    verdict = ending_begin(&registry->ending, &registry->roster, request, allowance, &walk);
    while (verdict == VERDICT_APPLIED && !end_walk_is_over(&walk)) {
        verdict = ending_end(&registry->ending, &registry->roster, request, &walk, ret);
        fair_lock_give_way(&registry->lock);
    }
    ending_finish(&walk, allowance);
    fair_lock_release(&registry->lock);
    return verdict;
}

/* --- for the config ------------------------------------------------------------------- */

enum verdict registry_declare(struct registry *registry, const struct identity *identity)
{
    struct roster_request request = roster_request_of_config(&registry->roster, identity);
    struct family *family;
    enum verdict verdict;

    fair_lock_take(&registry->lock);
    verdict = roster_declare(&registry->roster, &request, &family);
    if (verdict == REFUSED_TYPE_CONFLICT)
        note_conflict(registry, &request, family);
    fair_lock_release(&registry->lock);
    return verdict;
}

size_t registry_undeclare(struct registry *registry, uint64_t generation)
{
    unsigned part = 0;
    size_t n = 0;

    fair_lock_take(&registry->lock);
    while (part < DECLARED_PARTS) {
        part += !ending_end_undeclared(&registry->ending, &registry->roster, generation, part, &n);
        fair_lock_give_way(&registry->lock);
    }
    fair_lock_release(&registry->lock);
    return n;
}

bool registry_end_series(struct registry *registry, struct series *const *series, size_t n,
                         int64_t arrived_ns, size_t *ret)
{
    bool is_whole = true;

    MUST_BE(n, <=, (size_t)REGISTRY_BATCH);
    fair_lock_take(&registry->lock);
    for (size_t i = 0; i < n && is_whole; i++)
        is_whole =
            ending_end_series(&registry->ending, &registry->roster, series[i], arrived_ns, ret);
    fair_lock_release(&registry->lock);
    return is_whole;
}

/* --- for the web --------------------------------------------------------------------- */

struct registry_counts registry_count(struct registry *registry)
{
    struct registry_counts counts;

    fair_lock_take(&registry->lock);
    memcpy(counts.series, registry->roster.n_series, sizeof(counts.series));
    counts.families = registry->roster.n_families;
    counts.bytes = atomic_load(&registry->roster.budget.held_bytes);
    counts.totals = totals_count(registry->roster.totals);
    fair_lock_release(&registry->lock);
    return counts;
}

size_t registry_n_series(struct registry *registry)
{
    size_t n;

    fair_lock_take(&registry->lock);
    n = registry->roster.series.n + registry->ending.n;
    fair_lock_release(&registry->lock);
    return n;
}

void registry_conflicts(struct registry *registry, struct conflicts *ret)
{
    fair_lock_take(&registry->lock);
    *ret = *registry->conflicts;
    fair_lock_release(&registry->lock);
}

void registry_aliases(struct registry *registry, struct aliases *ret)
{
    fair_lock_take(&registry->lock);
    *ret = registry->aliases;
    fair_lock_release(&registry->lock);
}

bool registry_latest_conflict(struct registry *registry, struct conflict *ret)
{
    const struct conflict *latest;

    fair_lock_take(&registry->lock);
    latest = conflicts_latest(registry->conflicts);
    if (latest)
        *ret = *latest;
    fair_lock_release(&registry->lock);
    return latest;
}

/* With both locks held: end and remove a batch of series. Returns whether there are more. */
static bool remove_batch(struct registry *registry, bool *is_short)
{
    struct roster *roster = &registry->roster;
    struct ending *ending = &registry->ending;

    if (!*is_short && roster_retired(roster))
        *is_short = !ending_end_retired(ending, roster, REGISTRY_BATCH);
    return ending_remove(ending, roster, REGISTRY_BATCH, &registry->view.n_to_leave_out) ||
           (!*is_short && roster_retired(roster));
}

/*
 * With both locks held: make the next snapshot leave out all that has ended, releasing the lock
 * between batches. Returns false without memory; some have not ended then.
 */
static bool remove_ended(struct registry *registry)
{
    bool is_short = false;

    while (remove_batch(registry, &is_short))
        fair_lock_give_way(&registry->lock);
    return !is_short;
}

/*
 * With view_lock held: take the fresh series, and all that must not be in one snapshot with them.
 * Returns false without memory; no snapshot may include the fresh ones then.
 */
static bool take_fresh(struct registry *registry, struct fresh_list *ret)
{
    bool is_fine;

    fair_lock_take(&registry->lock);
    is_fine = remove_ended(registry);
    *ret = fresh_take(&registry->roster.fresh);
    fair_lock_release(&registry->lock);
    return is_fine;
}

/* With view_lock held: bring the current snapshot up to date; without memory none is added. */
static void refresh(struct registry *registry)
{
    struct fresh_list fresh;
    bool is_whole = take_fresh(registry, &fresh);

    if (is_whole && view_follow(&registry->view, &fresh))
        return;
    if (!is_whole)
        view_leave_out(&registry->view, &fresh);
    fair_lock_take(&registry->lock);
    fresh_put_back(&registry->roster.fresh, fresh);
    fair_lock_release(&registry->lock);
}

struct snapshot *registry_snapshot(struct registry *registry)
{
    struct snapshot *snapshot;

    pthread_mutex_lock(&registry->view_lock);
    refresh(registry);
    snapshot = view_share(&registry->view);
    pthread_mutex_unlock(&registry->view_lock);
    return snapshot;
}

/* With view_lock held: whether refresh() takes a few milliseconds at most. */
static bool is_quick(struct registry *registry)
{
    bool is_quick;

    fair_lock_take(&registry->lock);
    is_quick = !roster_retired(&registry->roster) &&
               view_is_quick(&registry->view, registry->roster.fresh.n, registry->ending.n);
    fair_lock_release(&registry->lock);
    return is_quick;
}

struct snapshot *registry_snapshot_if_quick(struct registry *registry)
{
    struct snapshot *snapshot = NULL;

    if (pthread_mutex_trylock(&registry->view_lock) != 0)
        return NULL;
    if (is_quick(registry)) {
        refresh(registry);
        snapshot = view_share(&registry->view);
    }
    pthread_mutex_unlock(&registry->view_lock);
    return snapshot;
}

struct snapshot *registry_last_snapshot(struct registry *registry)
{
    return view_share(&registry->view);
}

/* --- for the sweep ------------------------------------------------------------- */

int64_t registry_take_shortest_ttl(struct registry *registry)
{
    int64_t shortest_ns;

    fair_lock_take(&registry->lock);
    shortest_ns = registry->roster.shortest_ttl_ns ? registry->roster.shortest_ttl_ns : INT64_MAX;
    registry->roster.shortest_ttl_ns = 0;
    fair_lock_release(&registry->lock);
    return shortest_ns;
}

bool registry_has_ended(struct registry *registry)
{
    bool has_ended;

    fair_lock_take(&registry->lock);
    has_ended = registry->ending.n > 0 || roster_retired(&registry->roster);
    fair_lock_release(&registry->lock);
    return has_ended;
}

struct sweep_item *registry_take_ended(struct registry *registry, size_t *ret_n)
{
    struct sweep_item *items;

    pthread_mutex_lock(&registry->view_lock);
    fair_lock_take(&registry->lock);
    (void)remove_ended(registry); /* without memory, the rest is there the next time */
    items = ending_take(&registry->ending, ret_n);
    fair_lock_release(&registry->lock);
    refresh(registry);
    pthread_mutex_unlock(&registry->view_lock);
    return items;
}

static void mark_one(const struct sweep_item *item)
{
    struct series *series = item->series;

    if (series_is_registered(series) && !series_is_pristine(series))
        series_mark_expiring(series, item->touched_ns);
}

static bool remove_one(struct registry *registry, struct sweep_item *item)
{
    struct series *series = item->series;

    if (series_state(series) != SERIES_EXPIRING)
        return false;
    if (series_touched_ns(series) > 0) {
        series_set_state(series, SERIES_LIVE);
        return false;
    }
    if (!roster_remove(&registry->roster, series, SERIES_REMOVED)) {
        series_set_state(series, SERIES_LIVE); /* the next sweep tries again */
        return false;
    }
    registry->view.n_to_leave_out++;
    return true;
}

void registry_mark_expiring(struct registry *registry, const struct sweep_item *items, size_t n)
{
    MUST_BE(n, <=, (size_t)REGISTRY_BATCH);
    fair_lock_take(&registry->lock);
    for (size_t i = 0; i < n; i++)
        mark_one(&items[i]);
    fair_lock_release(&registry->lock);
}

bool registry_remove_expiring(struct registry *registry, struct sweep_item *items, size_t n)
{
    MUST_BE(n, <=, (size_t)REGISTRY_BATCH);
    /* No snapshot may include both a removed series and a new one with the same labels. */
    if (pthread_mutex_trylock(&registry->view_lock) != 0)
        return false;
    fair_lock_take(&registry->lock);
    for (size_t i = 0; i < n; i++)
        items[i].is_removed = remove_one(registry, &items[i]);
    fair_lock_release(&registry->lock);
    pthread_mutex_unlock(&registry->view_lock);
    return true;
}
