/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Keys
 *
 * Of two keys with the same 64-bit hash only the first is cached; this is too rare to matter.
 *
 * To evict a key, a few candidates are compared. One that shares its cell with other keys goes
 * first, since all spellings of a busy series look busy; otherwise the one whose cell was written
 * least recently. If it is still in use, its next line is a miss and adds it again.
 */

#include "aggregate/keys.h"

#include "base/must.h"

#include <stdlib.h>

/* The number of keys that are compared to evict one of them. */
#define CANDIDATES 4

/* The memory for a key of @len bytes. */
static size_t key_size(size_t len, bool has_treatment)
{
    return sizeof(struct key) + len + (has_treatment ? sizeof(struct treatment *) : 0) +
           SLOTS_BYTES_PER_ENTRY;
}

static size_t key_len(const struct key *key)
{
    return (size_t)key->name_len + key->rest_len;
}

/* A seed and the other one; any random bits would do. */
static uint64_t other_seed(uint64_t seed)
{
    return seed ^ UINT64_C(0xc2b2ae3d27d4eb4f);
}

void keys_set_of_totals(struct keys *keys, bool is_of_totals)
{
    if (keys->is_of_totals != is_of_totals)
        keys->seed = other_seed(keys->seed);
    keys->is_of_totals = is_of_totals;
}

static uint64_t hash_of(const struct keys *keys, const struct key *key)
{
    const struct slice name = { key->text, key->name_len };
    const struct slice rest = { key->text + key->name_len, key->rest_len };

    return hash_pair(name, rest,
                     key->facts.is_from_totals == keys->is_of_totals ? keys->seed
                                                                     : other_seed(keys->seed));
}

/* --- cells -------------------------------------------------------------------------- */

static void link_to_cell(struct key *key, struct cell *cell)
{
    key->cell = cell;
    key->next = cell->keys;
    if (key->next)
        key->next->prev = key;
    cell->keys = key;
}

static void unlink_from_cell(struct key *key)
{
    MUST((key->prev ? key->prev->next : key->cell->keys) == key);
    MUST(!key->next || key->next->prev == key);
    if (key->prev)
        key->prev->next = key->next;
    else
        key->cell->keys = key->next;
    if (key->next)
        key->next->prev = key->prev;
}

/* --- removing ------------------------------------------------------------------------ */

void keys_remove(struct keys *keys, struct key *key)
{
    slots_remove(&keys->slots, hash_of(keys, key), key);
    keys->n_bytes -= key_size(key_len(key), key->facts.has_treatment);
    keys->age++;
    unlink_from_cell(key);
    free(key);
}

void keys_deinit(struct keys *keys)
{
    struct slots_cursor cursor = { 0 };
    struct key *key;

    while ((key = slots_next(&keys->slots, &cursor))) {
        unlink_from_cell(key);
        free(key);
    }
    slots_deinit(&keys->slots);
    keys->n_bytes = 0;
}

/* The next key after @cursor; the first one after the last. There must be one. */
static struct key *next_key(const struct keys *keys, struct slots_cursor *cursor)
{
    struct key *key = slots_next(&keys->slots, cursor);

    if (key)
        return key;
    *cursor = (struct slots_cursor){ 0 };
    return slots_next(&keys->slots, cursor);
}

/* Keys with a lower worth are evicted first: when the cell was last written, 0 if shared. */
static int64_t worth_of(const struct key *key)
{
    if (key->next || key->prev)
        return 0;
    return atomic_load_explicit(&key->cell->touched_ns, memory_order_relaxed);
}

/* Evict one of the keys near @hash. */
static void evict(struct keys *keys, uint64_t hash)
{
    struct slots_cursor cursor = slots_at(&keys->slots, hash);
    struct key *chosen = next_key(keys, &cursor);

    for (unsigned i = 1; i < CANDIDATES; i++) {
        struct key *key = next_key(keys, &cursor);

        if (worth_of(key) < worth_of(chosen))
            chosen = key;
    }
    keys_remove(keys, chosen);
    keys->n_evicted++;
}

/* --- adding ---------------------------------------------------------------------------- */

static struct key *key_new(const struct line *line, const struct treatment *treatment,
                           bool is_from_totals)
{
    size_t len = line->name.len + line->rest.len;
    struct key *key = malloc(sizeof(*key) + len + (treatment ? sizeof(treatment) : 0));

    if (!key)
        return NULL;
    *key = (struct key){
        .name_len = (uint16_t)line->name.len,
        .rest_len = (uint16_t)line->rest.len,
        .facts.is_from_totals = is_from_totals,
    };
    memcpy(key->text, line->name.at, line->name.len);
    memcpy(key->text + line->name.len, line->rest.at, line->rest.len);
    if (UNLIKELY(treatment)) {
        key->facts.has_treatment = true;
        memcpy(key->text + len, &treatment, sizeof(treatment));
    }
    return key;
}

const struct treatment *key_treatment(const struct key *key)
{
    const struct treatment *treatment;

    memcpy(&treatment, key->text + key_len(key), sizeof(treatment));
    return treatment;
}

struct key *keys_add(struct keys *keys, const struct line *line, uint64_t hash, struct cell *cell,
                     const struct treatment *treatment)
{
    size_t len = line->name.len + line->rest.len;
    size_t size = key_size(len, treatment);
    struct key *key;

    if (len > KEY_LENGTH_MAX || keys_find(keys, hash))
        return NULL;
    while (keys->slots.n && keys->n_bytes + size > keys->max_bytes)
        evict(keys, hash);
    key = key_new(line, treatment, keys->is_of_totals);
    if (!key)
        return NULL;
    if (!slots_add(&keys->slots, hash, key)) {
        free(key);
        return NULL;
    }
    link_to_cell(key, cell);
    keys->n_bytes += size;
    return key;
}
