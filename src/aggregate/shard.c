/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Shard
 *
 * The hot path is a lookup that hits: one hash over the bytes that lie around the
 * value, one bucket, one comparison, one addition. Nothing here can fail once a
 * key is known.
 *
 *      "bot.routes_total" "|c|#player_id:1"  ->  key  ->  cell  ->  series
 *
 * Several keys may lead to one cell (tags in another order, another rate); they
 * hang on the cell in a list, so that all of them are found when the series goes.
 * Keys are bounded by memory; about the oldest leave first. That is fair enough:
 * a key in use comes back at its next line, and counts as a miss.
 */

#include "aggregate/shard.h"

#include "aggregate/counter.h"
#include "aggregate/gauge.h"
#include "aggregate/histogram.h"
#include "aggregate/set.h"
#include "base/hash.h"
#include "base/table.h"

#include <errno.h>
#include <stdlib.h>

struct key {
    struct table_node node;
    uint64_t hash;
    struct cell *cell;
    struct key *next, *prev; /* of the keys that lead to this cell */
    struct key_facts facts;
    uint32_t name_len;
    uint32_t rest_len;
    char text[]; /* name, rest */
};

struct shard {
    struct shard_options options;
    struct table keys;
    size_t key_bytes;
    uint64_t n_evicted;
    uint32_t now_s;
    size_t expire_budget; /* left of this second */
    int64_t last_at;      /* the order of the last gauge sample */
    struct key passing;   /* stands in for a key that is not remembered */
};

int shard_new(struct shard **ret, const struct shard_options *options)
{
    struct shard *shard = calloc(1, sizeof(*shard));

    if (!shard)
        return -ENOMEM;
    shard->options = *options;
    shard->expire_budget = SHARD_EXPIRE_BUDGET;
    *ret = shard;
    return 0;
}

void shard_set_now(struct shard *shard, uint32_t now_s)
{
    if (shard->now_s != now_s)
        shard->expire_budget = SHARD_EXPIRE_BUDGET;
    shard->now_s = now_s;
}

size_t shard_n_keys(const struct shard *shard)
{
    return shard->keys.n_nodes;
}

uint64_t shard_n_evicted(const struct shard *shard)
{
    return shard->n_evicted;
}

const struct key_facts *shard_key_facts(const struct key *key)
{
    return &key->facts;
}

/* --- keys ---------------------------------------------------------------------- */

static size_t key_size(const struct line *line)
{
    return sizeof(struct key) + line->name.len + line->rest.len;
}

static bool key_is(const void *node, const void *wanted)
{
    const struct key *key = CONST_CONTAINER_OF(node, struct key, node);
    const struct line *line = wanted;

    return key->name_len == line->name.len && key->rest_len == line->rest.len &&
           memcmp(key->text, line->name.at, line->name.len) == 0 &&
           memcmp(key->text + line->name.len, line->rest.at, line->rest.len) == 0;
}

static void forget_key(struct shard *shard, struct key *key)
{
    table_remove(&shard->keys, &key->node, key->hash);
    shard->key_bytes -= sizeof(*key) + key->name_len + key->rest_len;
    if (key->prev)
        key->prev->next = key->next;
    else
        key->cell->keys = key->next;
    if (key->next)
        key->next->prev = key->prev;
    free(key);
}

void shard_free(struct shard *shard)
{
    struct table_node *node;

    if (!shard)
        return;
    while ((node = table_any(&shard->keys)))
        forget_key(shard, CONTAINER_OF(node, struct key, node));
    free(shard);
}

static void make_room(struct shard *shard, uint64_t hash, size_t bytes)
{
    while (shard->keys.n_nodes && shard->key_bytes + bytes > shard->options.max_key_bytes) {
        struct table_node *oldest = table_oldest(&shard->keys, hash);

        if (!oldest)
            oldest = table_any(&shard->keys);
        forget_key(shard, CONTAINER_OF(oldest, struct key, node));
        shard->n_evicted++;
    }
}

static struct key *remember_key(struct shard *shard, const struct line *line, struct cell *cell)
{
    size_t size = key_size(line);
    struct key *key;

    if (line->name.len + line->rest.len > KEY_LENGTH_MAX)
        return NULL;
    make_room(shard, line->hash, size);
    key = malloc(size);
    if (!key)
        return NULL;
    *key = (struct key){
        .hash = line->hash,
        .name_len = (uint32_t)line->name.len,
        .rest_len = (uint32_t)line->rest.len,
    };
    memcpy(key->text, line->name.at, line->name.len);
    memcpy(key->text + line->name.len, line->rest.at, line->rest.len);
    if (!table_add(&shard->keys, &key->node, key->hash)) {
        free(key);
        return NULL;
    }
    shard->key_bytes += size;
    key->next = cell->keys;
    if (key->next)
        key->next->prev = key;
    cell->keys = key;
    return key;
}

/* --- looking up ---------------------------------------------------------------- */

/* Begin to fetch a key: its handle, and the text behind it. */
static void prefetch_key(const struct key *key)
{
    __builtin_prefetch(key);
    __builtin_prefetch((const char *)key + CACHE_LINE);
    __builtin_prefetch((const char *)key + 2 * CACHE_LINE);
}

void shard_prepare(struct shard *shard, struct line *lines, size_t n)
{
    const struct key *keys[SHARD_PREPARE_MAX];

    /* Each pass asks for what the next one reads: buckets, keys, cells. */
    for (size_t i = 0; i < n; i++) {
        lines[i].hash = hash_pair(lines[i].name, lines[i].rest, shard->options.seed);
        table_prefetch_bucket(&shard->keys, lines[i].hash);
    }
    for (size_t i = 0; i < n; i++) {
        const struct table_node *node = table_peek(&shard->keys, lines[i].hash);

        keys[i] = node ? CONST_CONTAINER_OF(node, struct key, node) : NULL;
        if (keys[i])
            prefetch_key(keys[i]);
    }
    for (size_t i = 0; i < n; i++)
        if (keys[i])
            __builtin_prefetch(keys[i]->cell, 1);
}

struct key *shard_find(struct shard *shard, const struct line *line)
{
    struct table_node *node = table_find(&shard->keys, line->hash, line, key_is);
    struct key *key;

    if (!node)
        return NULL;
    key = CONTAINER_OF(node, struct key, node);
    if (UNLIKELY(atomic_load_explicit(&key->cell->is_dying, memory_order_relaxed)) &&
        !registry_save(shard->options.registry, key->cell)) {
        forget_key(shard, key);
        return NULL;
    }
    return key;
}

enum verdict shard_admit(struct shard *shard, const struct line *line,
                         const struct identity *identity, struct key **ret)
{
    struct cell *cell;
    struct key *key = NULL;
    bool is_overflow;
    enum verdict verdict =
        registry_admit(shard->options.registry, shard->options.worker, identity, &cell);

    if (verdict != VERDICT_APPLIED)
        return verdict;
    is_overflow = slice_equal(cell->series->labels, REGISTRY_OVERFLOW_LABELS) &&
                  !slice_equal(identity->labels, REGISTRY_OVERFLOW_LABELS);
    if (!is_overflow && !identity->is_passing)
        key = remember_key(shard, line, cell);
    if (!key)
        key = &shard->passing;
    key->cell = cell;
    key->facts = (struct key_facts){
        .weight = identity->weight,
        .type = identity->type,
        .n_tag_errors = identity->n_tag_errors,
        .n_unknown_sections = identity->n_unknown_sections,
        .has_bad_rate = identity->has_bad_rate,
        .is_overflow = is_overflow,
    };
    *ret = key;
    return VERDICT_APPLIED;
}

void shard_forget(struct shard *shard, const struct suspect *suspects, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct series *series = suspects[i].series;
        struct cell *cell =
            atomic_load_explicit(&series->cells[shard->options.worker], memory_order_relaxed);

        if (!series->is_removed || !cell || cell->is_forgotten)
            continue;
        while (cell->keys)
            forget_key(shard, cell->keys);
        cell->is_forgotten = true;
        series_unref(series);
    }
}

/* --- recording ----------------------------------------------------------------- */

/* When a gauge sample came, strictly after the one before it in this worker. */
static int64_t next_at(struct shard *shard, int64_t arrived_ns)
{
    shard->last_at = arrived_ns > shard->last_at ? arrived_ns : shard->last_at + 1;
    return shard->last_at;
}

static enum verdict record_gauge(struct shard *shard, struct gauge_cell *gauge,
                                 const struct line *line)
{
    struct series *series = gauge->cell.series;
    int64_t at = next_at(shard, line->arrived_ns);

    if (UNLIKELY(line->is_relative && !line->is_dogstatsd))
        return gauge_add(gauge, series->cells, series->n_cells, line->number, at);
    gauge_set(gauge, line->number, at);
    return VERDICT_APPLIED;
}

static enum verdict record_observation(struct key *key, double value)
{
    return histogram_record((struct histogram_cell *)key->cell, key->cell->series->family->buckets,
                            value, key->facts.weight);
}

static enum verdict record(struct shard *shard, struct key *key, const struct line *line)
{
    struct cell *cell = key->cell;

    switch (key->facts.type) {
    case SAMPLE_COUNTER:
        return counter_record((struct counter_cell *)cell, line->number, key->facts.weight);
    case SAMPLE_GAUGE: return record_gauge(shard, (struct gauge_cell *)cell, line);
    case SAMPLE_TIMER: return record_observation(key, line->number / 1000); /* ms to s */
    case SAMPLE_HISTOGRAM:
    case SAMPLE_DISTRIBUTION: return record_observation(key, line->number);
    case SAMPLE_SET:
        return set_record((struct set_cell *)cell, hash_bytes(line->value, shard->options.seed));
    case SAMPLE_EXPIRE:
    case _SAMPLE_TYPE_N: break;
    }
    return VERDICT_APPLIED;
}

enum verdict shard_record(struct shard *shard, struct key *key, const struct line *line)
{
    enum verdict verdict = record(shard, key, line);

    if (verdict == VERDICT_APPLIED)
        atomic_store_explicit(&key->cell->touched_s, shard->now_s, memory_order_release);
    return verdict;
}

enum verdict shard_expire(struct shard *shard, const struct identity *identity, size_t *ret)
{
    return registry_expire(shard->options.registry, identity, &shard->expire_budget, ret);
}
