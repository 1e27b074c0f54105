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

/* Free @key, which is in no slot. */
static void free_key(struct keys *keys, struct key *key)
{
    keys->n_bytes -= key_size(key_len(key), key->facts.has_treatment);
    unlink_from_cell(key);
    free(key);
}

void keys_remove(struct keys *keys, struct key *key)
{
    bool is_outdated = key->facts.is_odd != keys->is_odd;

    slots_remove(is_outdated ? &keys->outdated : &keys->slots, hash_of(keys, key), key);
    keys->age++;
    free_key(keys, key);
}

/* Free up to @max keys of @slots, to which none is added any more, from @cursor on. */
static void free_some(struct keys *keys, struct slots *slots, struct slots_cursor *cursor,
                      size_t max)
{
    struct key *key;

    for (size_t i = 0; i < max && (key = slots_take(slots, cursor)); i++)
        free_key(keys, key);
    if (slots->n == 0)
        slots_deinit(slots);
}

static void free_outdated(struct keys *keys, size_t max)
{
    if (UNLIKELY(keys->outdated.n > 0))
        free_some(keys, &keys->outdated, &keys->outdated_at, max);
}

/* Free all but the outdated keys. */
static void free_current(struct keys *keys)
{
    struct slots_cursor cursor = { 0 };

    free_some(keys, &keys->slots, &cursor, SIZE_MAX);
}

void keys_outdate(struct keys *keys)
{
    keys->age++;
    /* Then these are few: there were several times as many outdated ones, and some are left. */
    if (keys->outdated.n > 0) {
        free_current(keys);
        return;
    }
    slots_deinit(&keys->outdated);
    keys->outdated = keys->slots;
    keys->outdated_at = (struct slots_cursor){ 0 };
    keys->slots = (struct slots){ 0 };
    keys->is_odd = !keys->is_odd;
}

void keys_deinit(struct keys *keys)
{
    free_current(keys);
    free_outdated(keys, SIZE_MAX);
    slots_deinit(&keys->outdated);
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

/* Evict one of the keys near @hash. There must be one. */
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

/* Free keys, or evict some near @hash, until @size more bytes are within the limit. */
static void free_bytes(struct keys *keys, uint64_t hash, size_t size)
{
    free_outdated(keys, KEYS_OUTDATED_FREED);
    while (keys->outdated.n && keys->n_bytes + size > keys->max_bytes)
        free_outdated(keys, 1);
    while (keys->slots.n && keys->n_bytes + size > keys->max_bytes)
        evict(keys, hash);
}

/* --- adding ---------------------------------------------------------------------------- */

static struct key *key_new(const struct keys *keys, const struct line *line,
                           const struct treatment *treatment)
{
    size_t len = line->name.len + line->rest.len;
    struct key *key = malloc(sizeof(*key) + len + (treatment ? sizeof(treatment) : 0));

    if (!key)
        return NULL;
    *key = (struct key){
        .name_len = (uint16_t)line->name.len,
        .rest_len = (uint16_t)line->rest.len,
        .facts.is_from_totals = keys->is_of_totals,
        .facts.is_odd = keys->is_odd,
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
    free_bytes(keys, hash, size);
    key = key_new(keys, line, treatment);
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
