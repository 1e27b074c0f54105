/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Registry
 *
 * Two locks, for two sides that do not wait for each other:
 *
 *  - `lock` guards the tables of names and series. A worker takes it for a key it
 *    has not seen, for as long as a lookup and an insertion take.
 *  - `view_lock` guards the current snapshot. Scrapes and the sweep take it, and
 *    sorting happens under it. Workers never do.
 *
 * What the first side makes reaches the second by a list of fresh series, taken
 * over whole in two instructions. Where both locks are held, view_lock is first.
 */

#include "aggregate/registry.h"

#include "aggregate/names.h"
#include "base/hash.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* How many series the sweep handles while workers wait for the lock: 0.1 ms. */
#define SWEEP_BATCH 256

struct registry {
    struct registry_options options;

    pthread_mutex_t lock;
    struct names names;
    struct table series; /* struct series */
    struct series *fresh;
    size_t n_fresh;
    struct registry_counts counts;

    pthread_mutex_t view_lock;
    struct snapshot *current;
    size_t n_removed; /* series in current that are removed */
};

int registry_new(struct registry **ret, const struct registry_options *options)
{
    CLEANUP(registry_freep) struct registry *registry = NULL;

    if (options->n_workers < 1 || options->n_workers > CELLS_MAX)
        return -EINVAL;
    registry = calloc(1, sizeof(*registry));
    if (!registry)
        return -ENOMEM;
    registry->options = *options;
    registry->names.seed = options->seed;
    pthread_mutex_init(&registry->lock, NULL);
    pthread_mutex_init(&registry->view_lock, NULL);
    registry->current = snapshot_new_empty();
    if (!registry->current)
        return -ENOMEM;
    *ret = TAKE(registry);
    return 0;
}

static void free_series(struct registry *registry)
{
    struct table_node *node;

    while ((node = table_any(&registry->series))) {
        struct series *series = CONTAINER_OF(node, struct series, node);

        table_remove(&registry->series, node, series->hash);
        series_free(series);
    }
}

void registry_free(struct registry *registry)
{
    if (!registry)
        return;
    /* Names first: they live in the families, which go with their last series. */
    names_deinit(&registry->names);
    free_series(registry);
    snapshot_unref(registry->current);
    pthread_mutex_destroy(&registry->view_lock);
    pthread_mutex_destroy(&registry->lock);
    free(registry);
}

/* --- families ------------------------------------------------------------------ */

int registry_reserve(struct registry *registry, const struct identity *identity)
{
    struct family *family = family_new(identity, registry->options.buckets);
    enum verdict verdict;

    if (!family)
        return -ENOMEM;
    family->is_reserved = true;
    pthread_mutex_lock(&registry->lock);
    verdict = names_claim(&registry->names, family);
    pthread_mutex_unlock(&registry->lock);
    if (verdict != VERDICT_APPLIED) {
        family_free(family);
        return verdict == REFUSED_NO_MEMORY ? -ENOMEM : -EEXIST;
    }
    return 0;
}

/* Is there room for one more series and @more_bytes? */
static bool has_room(const struct registry *registry, size_t more_bytes)
{
    return registry->series.n_nodes < registry->options.max_series &&
           registry->counts.bytes + more_bytes <= registry->options.max_bytes;
}

static enum verdict add_family(struct registry *registry, const struct identity *identity,
                               struct family **ret)
{
    struct family *family = family_new(identity, registry->options.buckets);
    enum verdict verdict;

    if (!family)
        return REFUSED_NO_MEMORY;
    verdict = has_room(registry, family->size) ? names_claim(&registry->names, family)
                                               : REFUSED_SERIES_LIMIT;
    if (verdict != VERDICT_APPLIED) {
        family_free(family);
        return verdict;
    }
    registry->counts.families++;
    registry->counts.bytes += family->size;
    *ret = family;
    return VERDICT_APPLIED;
}

/* A family that has lost its last series, or got none: its name is free again. */
static void drop_family(struct registry *registry, struct family *family)
{
    names_release(&registry->names, family);
    registry->counts.families--;
    registry->counts.bytes -= family->size;
}

/* --- series and cells --------------------------------------------------------- */

struct series_key {
    const struct family *family;
    struct slice labels;
};

static bool series_is(const void *node, const void *wanted)
{
    const struct series *series = CONST_CONTAINER_OF(node, struct series, node);
    const struct series_key *key = wanted;

    return series->family == key->family && slice_equal(series->labels, key->labels);
}

static struct series *find_series(struct registry *registry, struct family *family,
                                  struct slice labels, uint64_t hash)
{
    struct series_key key = { family, labels };
    struct table_node *node = table_find(&registry->series, hash, &key, series_is);

    return node ? CONTAINER_OF(node, struct series, node) : NULL;
}

static enum verdict add_series(struct registry *registry, struct family *family,
                               struct slice labels, uint64_t hash, struct series **ret)
{
    size_t size = series_size(labels, registry->options.n_workers);
    struct series *series;

    if (!has_room(registry, size + cell_size(family->type, family->buckets)))
        return REFUSED_SERIES_LIMIT;
    series = series_new(family, labels, registry->options.n_workers);
    if (!series)
        return REFUSED_NO_MEMORY;
    series->hash = hash;
    if (!table_add(&registry->series, &series->node, hash)) {
        series_free(series);
        return REFUSED_NO_MEMORY;
    }
    series->next_fresh = registry->fresh;
    registry->fresh = series;
    registry->n_fresh++;
    registry->counts.series[family->type]++;
    registry->counts.bytes += size;
    family->n_series++;
    *ret = series;
    return VERDICT_APPLIED;
}

static enum verdict add_cell(struct registry *registry, struct series *series, unsigned worker)
{
    const struct family *family = series->family;
    size_t size = cell_size(family->type, family->buckets);
    struct cell *cell;

    if (registry->counts.bytes + size > registry->options.max_bytes)
        return REFUSED_SERIES_LIMIT;
    cell = cell_new(series, family->type, family->buckets);
    if (!cell)
        return REFUSED_NO_MEMORY;
    series_ref(series);
    registry->counts.bytes += size;
    atomic_store_explicit(&series->cells[worker], cell, memory_order_release);
    return VERDICT_APPLIED;
}

static void set_dying(struct series *series, bool is_dying)
{
    series->is_dying = is_dying;
    for (unsigned i = 0; i < series->n_cells; i++) {
        struct cell *cell = atomic_load_explicit(&series->cells[i], memory_order_relaxed);

        if (cell)
            atomic_store_explicit(&cell->is_dying, is_dying, memory_order_relaxed);
    }
}

/* What a worker asks for, with the hashes, which are made outside the lock. */
struct request {
    const struct identity *identity;
    uint64_t name_hash;
    uint64_t hash;
    unsigned worker;
};

static enum verdict admit_series(struct registry *registry, struct family *family,
                                 const struct request *request, struct series **ret)
{
    struct slice labels = request->identity->labels;

    *ret = find_series(registry, family, labels, request->hash);
    if (!*ret)
        return add_series(registry, family, labels, request->hash, ret);
    if ((*ret)->is_dying)
        set_dying(*ret, false);
    return VERDICT_APPLIED;
}

static enum verdict admit(struct registry *registry, const struct request *request,
                          struct cell **ret)
{
    struct series *series = NULL;
    struct family *family;
    enum verdict verdict =
        names_find(&registry->names, request->identity->family, request->name_hash,
                   metric_type_of(request->identity->type), &family);

    if (verdict == VERDICT_APPLIED && !family)
        verdict = add_family(registry, request->identity, &family);
    if (verdict != VERDICT_APPLIED)
        return verdict;

    /* Without a reference of ours, a new family would go when its first series fails. */
    family_ref(family);
    verdict = admit_series(registry, family, request, &series);
    if (verdict == VERDICT_APPLIED && !series->cells[request->worker])
        verdict = add_cell(registry, series, request->worker);
    if (verdict == VERDICT_APPLIED)
        *ret = series->cells[request->worker];
    if (family->n_series == 0)
        drop_family(registry, family);
    family_unref(family);
    return verdict;
}

enum verdict registry_admit(struct registry *registry, unsigned worker,
                            const struct identity *identity, struct cell **ret)
{
    struct request request = { .identity = identity, .worker = worker };
    enum verdict verdict;

    request.name_hash = names_hash(&registry->names, identity->family);
    request.hash = hash_bytes(identity->labels, request.name_hash);
    pthread_mutex_lock(&registry->lock);
    verdict = admit(registry, &request, ret);
    pthread_mutex_unlock(&registry->lock);
    return verdict;
}

bool registry_save(struct registry *registry, struct cell *cell)
{
    bool is_saved;

    pthread_mutex_lock(&registry->lock);
    is_saved = !cell->series->is_removed;
    if (is_saved)
        set_dying(cell->series, false);
    pthread_mutex_unlock(&registry->lock);
    return is_saved;
}

struct registry_counts registry_count(struct registry *registry)
{
    struct registry_counts counts;

    pthread_mutex_lock(&registry->lock);
    counts = registry->counts;
    pthread_mutex_unlock(&registry->lock);
    return counts;
}

/* --- the view of scrapes and sweep -------------------------------------------- */

/* Take over the fresh series: a list, and how many these are. */
static struct series *take_fresh(struct registry *registry, size_t *ret_n)
{
    struct series *fresh;

    pthread_mutex_lock(&registry->lock);
    fresh = registry->fresh;
    *ret_n = registry->n_fresh;
    registry->fresh = NULL;
    registry->n_fresh = 0;
    pthread_mutex_unlock(&registry->lock);
    return fresh;
}

/* Memory was short: the next snapshot will have to find them. */
static void put_back_fresh(struct registry *registry, struct series *fresh, size_t n)
{
    struct series *last = fresh;

    if (!fresh)
        return;
    while (last->next_fresh)
        last = last->next_fresh;
    pthread_mutex_lock(&registry->lock);
    last->next_fresh = registry->fresh;
    registry->fresh = fresh;
    registry->n_fresh += n;
    pthread_mutex_unlock(&registry->lock);
}

static struct snapshot *follow(struct registry *registry, struct series *fresh, size_t n_fresh)
{
    struct series **array = calloc(n_fresh ? n_fresh : 1, sizeof(*array));
    struct snapshot *next;
    size_t n = 0;

    if (!array)
        return NULL;
    for (struct series *series = fresh; series; series = series->next_fresh)
        array[n++] = series;
    next = snapshot_follow(registry->current, array, n_fresh, registry->n_removed);
    free(array);
    return next;
}

/* With view_lock held: bring the current snapshot up to date, if there is memory for it. */
static void refresh(struct registry *registry)
{
    size_t n_fresh;
    struct series *fresh = take_fresh(registry, &n_fresh);
    struct snapshot *next;

    if (!fresh && registry->n_removed == 0)
        return;
    next = follow(registry, fresh, n_fresh);
    if (!next) {
        put_back_fresh(registry, fresh, n_fresh);
        return;
    }
    snapshot_unref(registry->current);
    registry->current = next;
    registry->n_removed = 0;
}

struct snapshot *registry_snapshot(struct registry *registry)
{
    struct snapshot *snapshot;

    pthread_mutex_lock(&registry->view_lock);
    refresh(registry);
    snapshot = registry->current;
    snapshot_ref(snapshot);
    pthread_mutex_unlock(&registry->view_lock);
    return snapshot;
}

/* --- for the sweep ------------------------------------------------------------- */

static size_t bytes_of(const struct series *series)
{
    const struct family *family = series->family;
    size_t bytes = series_size(series->labels, series->n_cells);

    for (unsigned i = 0; i < series->n_cells; i++)
        if (series->cells[i])
            bytes += cell_size(family->type, family->buckets);
    return bytes;
}

static void remove_series(struct registry *registry, struct series *series)
{
    struct family *family = series->family;

    series->is_removed = true;
    table_remove(&registry->series, &series->node, series->hash);
    registry->counts.series[family->type]--;
    registry->counts.bytes -= bytes_of(series);
    if (--family->n_series == 0)
        drop_family(registry, family);
    registry->n_removed++;
}

/* Make the cells show any write from now on. Returns when the last one before it was. */
static uint32_t reset_touched(struct series *series)
{
    uint32_t newest = 0;

    for (unsigned i = 0; i < series->n_cells; i++) {
        struct cell *cell = series->cells[i];
        uint32_t touched_s =
            cell ? atomic_exchange_explicit(&cell->touched_s, 0, memory_order_acq_rel) : 0;

        if (touched_s > newest)
            newest = touched_s;
    }
    return newest;
}

/* Undo that, where no worker has written meanwhile. */
static void restore_touched(struct series *series, uint32_t touched_s)
{
    for (unsigned i = 0; i < series->n_cells; i++) {
        struct cell *cell = series->cells[i];
        uint32_t unwritten = 0;

        if (cell)
            atomic_compare_exchange_strong(&cell->touched_s, &unwritten, touched_s);
    }
}

static void mark(struct series *series, uint32_t seen_touched_s)
{
    uint32_t touched_s;

    if (series->is_removed)
        return;
    touched_s = reset_touched(series);
    if (touched_s == seen_touched_s)
        set_dying(series, true);
    else
        restore_touched(series, touched_s);
}

static void mark_some(struct registry *registry, struct suspect *suspects, size_t n)
{
    pthread_mutex_lock(&registry->lock);
    for (size_t i = 0; i < n; i++)
        mark(suspects[i].series, suspects[i].touched_s);
    pthread_mutex_unlock(&registry->lock);
}

static void remove_some(struct registry *registry, struct suspect *suspects, size_t n)
{
    pthread_mutex_lock(&registry->lock);
    for (size_t i = 0; i < n; i++) {
        struct series *series = suspects[i].series;

        if (!series->is_dying || series->is_removed)
            continue;
        if (series_touched_s(series) == 0)
            remove_series(registry, series);
        else
            set_dying(series, false);
    }
    pthread_mutex_unlock(&registry->lock);
}

/* Do @some for all @n suspects, letting go of the lock now and then. */
static void in_batches(void (*some)(struct registry *, struct suspect *, size_t),
                       struct registry *registry, struct suspect *suspects, size_t n)
{
    for (size_t i = 0; i < n; i += SWEEP_BATCH)
        some(registry, suspects + i, n - i < SWEEP_BATCH ? n - i : SWEEP_BATCH);
}

void registry_mark_dying(struct registry *registry, struct suspect *suspects, size_t n)
{
    in_batches(mark_some, registry, suspects, n);
}

void registry_remove_dying(struct registry *registry, struct suspect *suspects, size_t n)
{
    /* Nobody may see a list with removed series beside new ones of the same name. */
    pthread_mutex_lock(&registry->view_lock);
    in_batches(remove_some, registry, suspects, n);
    refresh(registry);
    pthread_mutex_unlock(&registry->view_lock);
}
