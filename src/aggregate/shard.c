/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Shard
 *
 * The hot path is a lookup that hits: one hash over the bytes around the value, one slot, one
 * comparison, one addition.
 *
 *      "bot.routes_total" "|c|#player_id:1"  ->  key  ->  cell  ->  series
 *
 * Several keys may lead to one cell (tags in another order, another rate). The cell lists them, so
 * that all are found when the series is removed. The memory for keys is bounded (keys.c).
 */

#include "aggregate/shard.h"

#include "aggregate/counter.h"
#include "aggregate/gauge.h"
#include "aggregate/histogram.h"
#include "aggregate/set.h"
#include "aggregate/summary.h"
#include "base/buckets.h"
#include "base/effect.h"
#include "base/hash.h"
#include "base/must.h"
#include "base/treatment.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

struct shard {
    struct shard_options options;
    struct keys keys;
    uint32_t prepared_age;                  /* of the keys, when the group was prepared */
    struct lookup lookups[SHARD_GROUP_MAX]; /* whose keys have not been compared yet */
    size_t end_allowance;                   /* what is left for the period of the last x */
    int64_t end_period;
    struct arrivals *arrivals; /* of the source that lines come from */
    struct arrivals own_arrivals;
    uint64_t n_changes;
    const struct treatment *passing_treatment;
    struct cell nowhere;   /* keys whose lines are skipped lead here */
    uint64_t passing_id;   /* total_id() of the passing key, if it is absolute */
    struct totals *totals; /* NULL until a key is absolute */
    uint64_t sender;       /* of the lines: a hash */
    struct key passing;    /* stands in for a key that is not cached; last, as its text is */
};

int shard_new(struct shard **ret, const struct shard_options *options)
{
    struct shard *shard = calloc(1, sizeof(*shard));

    if (!shard)
        return -ENOMEM;
    shard->options = *options;
    shard->arrivals = &shard->own_arrivals;
    shard->end_allowance = SHARD_END_ALLOWANCE;
    shard->keys.max_bytes = options->max_key_bytes;
    shard->keys.seed = options->seed;
    *ret = shard;
    return 0;
}

void shard_free(struct shard *shard)
{
    if (!shard)
        return;
    keys_deinit(&shard->keys);
    free(shard);
}

void shard_set_arrivals(struct shard *shard, struct arrivals *arrivals)
{
    shard->arrivals = arrivals;
}

size_t shard_n_keys(const struct shard *shard)
{
    return shard->keys.slots.n;
}

uint64_t shard_n_evicted(const struct shard *shard)
{
    return shard->keys.n_evicted;
}

void shard_set_totals(struct shard *shard, bool are_totals)
{
    keys_set_of_totals(&shard->keys, are_totals);
}

void shard_set_sender(struct shard *shard, uint64_t sender)
{
    shard->sender = sender;
}

uint64_t shard_n_changes(const struct shard *shard)
{
    return shard->n_changes;
}

/* --- looking up ---------------------------------------------------------------- */

/* Prefetch what a hit reads of a key. */
static void prefetch_key(const struct key *key)
{
    const char *at = (const char *)&key->cell;

    __builtin_prefetch(at);
    __builtin_prefetch(at + CACHE_LINE);
    /* Most keys end about here. Usually that is in the line before, and costs nothing. */
    __builtin_prefetch(at + 3 * CACHE_LINE / 2);
}

/* The offset of the last byte of a cell that recording writes. */
enum {
    LAST_BYTE_COUNTER = sizeof(struct counter_cell) - 1,
    LAST_BYTE_GAUGE = sizeof(struct gauge_cell) - 1,
    /* With the default buckets: one for each bound, and one up to +Inf. */
    LAST_BYTE_HISTOGRAM = sizeof(struct histogram_cell) +
                          (ARRAY_SIZE(buckets_default_bounds) + 1) * sizeof(uint64_t) - 1,
    LAST_BYTE_SET = sizeof(struct set_cell) - 1,
    LAST_BYTE_SUMMARY = sizeof(struct summary_cell) - 1,
    LAST_BYTE_NONE = 0,
};

/* There is one for each metric type, and the table below can hold it. */
#define X(id, ...) | LAST_BYTE_##id
_Static_assert((0 METRIC_TYPES(X)) <= UCHAR_MAX, "cells are short");
#undef X

/*
 * Prefetch what recording writes: up to three cache lines. There is no branch: it would depend on
 * the type, which is still being fetched, and each misprediction would stop the fetches from
 * overlapping. That costs 100 ns a line instead of 50 at 100,000 shuffled series.
 */
static void prefetch_cell(const struct key *key)
{
    static const unsigned char last_byte[_SAMPLE_TYPE_N] = {
#define X(id, letters, name, metric, ...) [SAMPLE_##id] = LAST_BYTE_##metric,
        SAMPLE_TYPES(X)
#undef X
    };
    const char *cell = (const char *)key->cell;
    size_t last = last_byte[key->facts.type];

    __builtin_prefetch(cell, 1);
    __builtin_prefetch(cell + last / 2, 1);
    __builtin_prefetch(cell + last, 1);
}

void shard_prepare(struct shard *shard, const struct line *lines, size_t n)
{
    struct lookup *lookups = shard->lookups;

    MUST_BE(n, <=, (size_t)SHARD_GROUP_MAX);
    shard->prepared_age = shard->keys.age;
    /* Each pass prefetches what the next one reads: slots, keys, cells. */
    for (size_t i = 0; i < n; i++) {
        lookups[i].hash = keys_hash(&shard->keys, &lines[i]);
        slots_prefetch(&shard->keys.slots, lookups[i].hash);
    }
    for (size_t i = 0; i < n; i++) {
        lookups[i].key = keys_find(&shard->keys, lookups[i].hash);
        if (lookups[i].key)
            prefetch_key(lookups[i].key);
    }
    for (size_t i = 0; i < n; i++)
        if (lookups[i].key)
            prefetch_cell(lookups[i].key);
}

/* Find the key of @line, which has this hash, whatever has happened since it was prepared. */
COLD static struct key *find_with_care(struct shard *shard, uint64_t hash, const struct line *line)
{
    struct key *key = keys_find(&shard->keys, hash);

    if (!key || !key_is_of(key, line))
        return NULL;
    if (cell_must_ask(key->cell) &&
        !registry_revive(shard->options.registry, key->cell, line->arrived_ns)) {
        keys_remove(&shard->keys, key);
        return NULL;
    }
    return key;
}

struct key *shard_find_prepared(struct shard *shard, size_t i, const struct line *line)
{
    const struct lookup *lookup = &shard->lookups[i];
    struct key *key = lookup->key;

    /* The key may be new, removed or another line's; or its series is not live. */
    if (UNLIKELY(!key || shard->prepared_age != shard->keys.age || !key_is_of(key, line) ||
                 cell_must_ask(key->cell)))
        return find_with_care(shard, lookup->hash, line);
    return key;
}

struct lookup shard_missed(const struct shard *shard, size_t i)
{
    return (struct lookup){ shard->lookups[i].hash, NULL };
}

struct lookup shard_find(struct shard *shard, const struct line *line)
{
    uint64_t hash = keys_hash(&shard->keys, line);

    return (struct lookup){ hash, find_with_care(shard, hash, line) };
}

static struct key_facts facts_of(const struct shard *shard, const struct identity *identity,
                                 bool is_overflow)
{
    return (struct key_facts){
        .weight = identity->weight,
        .type = identity->type,
        .n_tag_errors = identity->n_tag_errors,
        .n_unknown_sections = identity->n_unknown_sections,
        .n_undeclared_labels = identity->n_undeclared_labels,
        .is_unusual = (identity->n_tag_errors | identity->n_unknown_sections |
                       identity->n_undeclared_labels | (unsigned)identity->has_bad_rate |
                       (unsigned)identity->is_absolute | identity->origin) ||
                      identity->treatment || identity_is_summary(identity) ||
                      !weight_is_whole(identity->weight),
        .has_bad_rate = identity->has_bad_rate,
        .origin = identity->origin,
        .has_treatment = identity->treatment,
        .is_absolute = identity->is_absolute,
        .is_from_totals = shard->keys.is_of_totals,
        .is_odd = shard->keys.is_odd,
        .is_summary = identity_is_summary(identity),
        .is_overflow = is_overflow,
    };
}

/* Make the key of @line lead to where the registry has admitted it. */
static void add_key(struct shard *shard, const struct line *line, const struct identity *identity,
                    const struct admission *admission, struct lookup *lookup)
{
    struct key *key = NULL;

    if (!admission->is_overflow && !identity->is_passing)
        key = keys_add(&shard->keys, line, lookup->hash, admission->cell, identity->treatment);
    if (!key) {
        key = &shard->passing;
        shard->passing_treatment = identity->treatment;
    }
    key->cell = admission->cell;
    key->facts = facts_of(shard, identity, admission->is_overflow);
    lookup->key = key;
}

/* A hash of series and sender: the same in all workers, and whenever the series exists. */
static uint64_t total_id(const struct shard *shard, struct slice family, struct slice labels)
{
    return hash_pair(family, labels, shard->options.seed ^ shard->sender);
}

/* Prepare for totals of @identity. */
COLD static enum verdict begin_totals(struct shard *shard, const struct identity *identity)
{
    shard->passing_id = total_id(shard, identity->family, identity->labels);
    return shard->totals ? VERDICT_APPLIED
                         : registry_totals(shard->options.registry, &shard->totals);
}

enum verdict shard_learn(struct shard *shard, const struct line *line,
                         const struct identity *identity, struct lookup *lookup)
{
    struct admission admission;
    enum verdict verdict =
        UNLIKELY(identity->is_absolute) ? begin_totals(shard, identity) : VERDICT_APPLIED;

    if (verdict != VERDICT_APPLIED)
        return verdict;
    verdict = registry_admit(shard->options.registry, shard->options.worker, line->arrived_ns,
                             identity, &admission);
    if (admission.cell)
        add_key(shard, line, identity, &admission, lookup);
    return verdict;
}

void shard_learn_skipped(struct shard *shard, const struct line *line,
                         const struct identity *identity, struct lookup *lookup)
{
    const struct admission nowhere = { .cell = &shard->nowhere };

    add_key(shard, line, identity, &nowhere, lookup);
}

void shard_note_conflict(struct shard *shard, const struct identity *identity)
{
    registry_note_conflict(shard->options.registry, identity);
}

const struct treatment *shard_treatment(const struct shard *shard, const struct key *key)
{
    if (!key->facts.has_treatment)
        return NULL;
    return key == &shard->passing ? shard->passing_treatment : key_treatment(key);
}

void shard_remove_keys(struct shard *shard)
{
    keys_outdate(&shard->keys);
}

void shard_release(struct shard *shard, const struct sweep_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct series *series = items[i].series;
        struct cell *cell =
            atomic_load_explicit(&series->cells[shard->options.worker], memory_order_relaxed);

        if (series_state(series) != SERIES_REMOVED || !cell ||
            cell_touched_ns(cell) == CELL_RELEASED)
            continue;
        while (cell->keys)
            keys_remove(&shard->keys, cell->keys);
        cell_touch(cell, CELL_RELEASED);
        series_unref(series);
    }
}

/* --- recording ----------------------------------------------------------------- */

/* Change a gauge by @amount, the value of @line. Inlined, it would make all lines slower. */
NOINLINE static enum verdict change(struct shard *shard, struct gauge_cell *gauge,
                                    const struct line *line, double amount)
{
    struct series *series = cell_series(&gauge->cell);

    shard->n_changes += gauge_known_value(gauge, series->cells, series->n_cells) != 0;
    return gauge_add(gauge, series->cells, series->n_cells, amount,
                     arrivals_next(shard->arrivals, line->arrived_ns));
}

/*
 * Apply @effect, that of @line, to the cell of @key, which is a summary's only if it @is_summary.
 * Inlined with what is constant for a type.
 */
static inline enum verdict apply(struct shard *shard, struct key *key, const struct line *line,
                                 struct effect effect, bool is_summary)
{
    struct cell *cell = key->cell;

    switch (effect.action) {
    case EFFECT_COUNTS: return counter_record((struct counter_cell *)cell, effect.amount);
    case EFFECT_ADDS: return change(shard, (struct gauge_cell *)cell, line, effect.amount);
    case EFFECT_SETS:
        gauge_set((struct gauge_cell *)cell, effect.amount,
                  arrivals_next(shard->arrivals, line->arrived_ns));
        return VERDICT_APPLIED;
    case EFFECT_OBSERVES:
        if (is_summary)
            return summary_record((struct summary_cell *)cell, effect.amount, effect.weight,
                                  line->arrived_ns);
        return histogram_record((struct histogram_cell *)cell, effect.amount, effect.weight);
    case EFFECT_COLLECTS:
        return set_record((struct set_cell *)cell, hash_bytes(line->value, shard->options.seed));
    case EFFECT_REACHES: /* shard_record_total() */
    case EFFECT_ENDS:
    case EFFECT_NOTHING: break;
    }
    return VERDICT_APPLIED;
}

static enum verdict record(struct shard *shard, struct key *key, const struct line *line)
{
    double weight = key->facts.weight;

    switch (key->facts.type) {
/* For each type by itself, so that types with divisor 1 do not divide. */
#define X(id, ...)                                                                                 \
    case SAMPLE_##id:                                                                              \
        return apply(shard, key, line, effect_at_whole(line, SAMPLE_##id, weight), false);
        SAMPLE_TYPES(X)
#undef X
    case _SAMPLE_TYPE_N: break;
    }
    return VERDICT_APPLIED;
}

/* Note when the cell of @key was written, if it was. */
static enum verdict touch(struct key *key, const struct line *line, enum verdict verdict)
{
    if (verdict == VERDICT_APPLIED)
        cell_touch(key->cell, line->arrived_ns);
    return verdict;
}

enum verdict shard_record(struct shard *shard, struct key *key, const struct line *line)
{
    return touch(key, line, record(shard, key, line));
}

/* The effect of @line for any key. */
static struct effect unusual_effect(const struct shard *shard, const struct key *key,
                                    const struct line *line)
{
    const struct treatment *treatment = shard_treatment(shard, key);
    const struct key_facts *facts = &key->facts;

    return treatment ? treatment_effect(treatment, line, facts->type, facts->weight)
                     : effect_of(line, facts->type, facts->weight);
}

enum verdict shard_record_treated(struct shard *shard, struct key *key, const struct line *line)
{
    struct effect effect = unusual_effect(shard, key, line);

    return touch(key, line, apply(shard, key, line, effect, key->facts.is_summary));
}

/* The series of @key as it was asked for, even if the key leads to an overflow series. */
static uint64_t id_of(const struct shard *shard, const struct key *key)
{
    const struct series *series = cell_series(key->cell);

    if (key == &shard->passing)
        return shard->passing_id;
    return total_id(shard, series->family->name, series_labels(series));
}

enum verdict shard_record_total(struct shard *shard, struct key *key, const struct line *line,
                                struct total_step *ret)
{
    struct effect effect = effect_of_total(unusual_effect(shard, key, line));

    MUST(effect.action == EFFECT_REACHES);
    *ret = totals_note(shard->totals, id_of(shard, key), effect.amount, line->arrived_ns);
    return touch(key, line, counter_record((struct counter_cell *)key->cell, ret->increment));
}

enum verdict shard_end(struct shard *shard, int64_t arrived_ns, int64_t age_ns,
                       const struct identity *identity, size_t *ret)
{
    const struct end_request request = {
        .identity = identity,
        .worker = shard->options.worker,
        .arrived_ns = arrived_ns,
        .at = arrivals_next(shard->arrivals, arrived_ns),
        .age_ns = age_ns,
    };
    int64_t period = arrived_ns / SHARD_END_PERIOD_NS;

    if (shard->end_period != period)
        shard->end_allowance = SHARD_END_ALLOWANCE;
    shard->end_period = period;
    return registry_end(shard->options.registry, &request, &shard->end_allowance, ret);
}
