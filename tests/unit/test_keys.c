/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Keys, from its header
 *
 * The lines of a case are numbered, and each records what has become of its key. Cells are bare:
 * keys use only their list and the time of their last write. Memory runs out when a case says so:
 * the linker redirects malloc() and calloc() to this file.
 */

#include "abort.h"

#include "aggregate/keys.h"

#include <stdio.h>
#include <stdlib.h>

#define MANY SIZE_MAX

void *__wrap_malloc(size_t size);
void *__real_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_calloc(size_t n, size_t size);

/* The number of allocations that succeed. */
static size_t n_allocations_left = MANY;

static bool may_allocate(void)
{
    if (n_allocations_left == MANY)
        return true;
    return n_allocations_left && n_allocations_left--;
}

void *__wrap_malloc(size_t size)
{
    return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
    return may_allocate() ? __real_calloc(n, size) : NULL;
}

/* splitmix64 */
static unsigned draw(uint64_t *random, unsigned below)
{
    uint64_t z = *random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ (z >> 31)) % below);
}

static struct line line_of(struct slice name, struct slice rest)
{
    return (struct line){ .name = name, .value = SLICE("1"), .rest = rest };
}

static struct key *add(struct keys *keys, const struct line *line, struct cell *cell)
{
    return keys_add(keys, line, keys_hash(keys, line), cell, NULL);
}

/* The key with the hash of @line, whether it is the key of @line or not. */
static struct key *find(const struct keys *keys, const struct line *line)
{
    return keys_find(keys, keys_hash(keys, line));
}

/* Whether @key is in the list of @cell, and the list is in order. */
static bool is_listed(const struct cell *cell, const struct key *key)
{
    bool is_there = false;

    for (const struct key *at = cell->keys; at; at = at->next) {
        assert_ptr_equal(at->cell, cell);
        if (at->next)
            assert_ptr_equal(at->next->prev, at);
        is_there |= at == key;
    }
    return is_there;
}

static unsigned count_keys(const struct cell *cell)
{
    unsigned n = 0;

    for (const struct key *at = cell->keys; at; at = at->next)
        n++;
    return n;
}

/* Look it up as the shard does. */
static struct key *look_up(const struct keys *keys, const struct line *line)
{
    struct key *key = find(keys, line);

    return key && key_is_of(key, line) ? key : NULL;
}

static void must_be_empty(const struct keys *keys)
{
    assert_int_equal(keys->slots.n, 0);
    assert_int_equal(keys->n_bytes, 0);
}

/* --- one key -------------------------------------------------------------------- */

static void finds_what_it_remembers(void **state)
{
    struct keys keys = { .max_bytes = 1 << 20, .seed = 42 };
    struct line line = line_of(SLICE("a.b"), SLICE("|c|#k:v"));
    const struct key_facts *facts;
    struct cell cell = { 0 };
    struct key *key;

    assert_null(find(&keys, &line));
    key = add(&keys, &line, &cell);
    assert_non_null(key);
    assert_ptr_equal(find(&keys, &line), key);
    assert_true(key_is_of(key, &line));
    assert_ptr_equal(key->cell, &cell);
    assert_true(is_listed(&cell, key));
    facts = &key->facts;
    assert_true(facts->weight == 0);
    assert_int_equal(facts->n_tag_errors | facts->n_unknown_sections | facts->type, 0);
    assert_false(facts->is_unusual || facts->has_bad_rate || facts->is_overflow);
    assert_int_equal(keys.slots.n, 1);
    assert_null(keys_find(&keys, keys_hash(&keys, &line) ^ 1));
    keys_deinit(&keys);
}

static void removes_the_keys_that_it_is_given(void **state)
{
    struct keys keys = { .max_bytes = 1 << 20, .seed = 42 };
    struct line line = line_of(SLICE("a"), SLICE("|c"));
    struct cell cell = { 0 };

    for (unsigned round = 1; round <= 5; round++) {
        struct key *key = add(&keys, &line, &cell);

        assert_non_null(key);
        keys_remove(&keys, key);
        assert_null(find(&keys, &line));
        assert_null(cell.keys);
        must_be_empty(&keys);
        assert_int_equal(keys.age, round);
        assert_int_equal(keys.n_evicted, 0);
    }
    keys_deinit(&keys);
}

static void a_key_is_a_copy(void **state)
{
    struct keys keys = { .max_bytes = 1 << 20, .seed = 42 };
    char name[] = "abc", rest[] = "|ms";
    struct line line = line_of(slice_of(name), slice_of(rest)), same = line;
    struct cell cell = { 0 };
    struct key *key = add(&keys, &line, &cell);

    same.name = SLICE("abc");
    same.rest = SLICE("|ms");
    memset(name, 'x', sizeof(name) - 1);
    memset(rest, 'x', sizeof(rest) - 1);
    assert_true(key_is_of(key, &same));
    assert_false(key_is_of(key, &line));
    assert_memory_equal(key->text, "abc|ms", 6);
    keys_deinit(&keys);
}

/* Neither the value nor anything else of a line belongs to its key. */
static void a_key_is_name_and_rest(void **state)
{
    struct keys keys = { .max_bytes = 1 << 20, .seed = 42 };
    struct line line = line_of(SLICE("ab"), SLICE("|c")), other = line;
    struct cell cell = { 0 };
    struct key *key = add(&keys, &line, &cell);

    other.value = SLICE("2");
    other.number = 2;
    other.is_number = other.is_relative = other.is_dogstatsd = true;
    other.arrived_ns = 7;
    assert_true(keys_hash(&keys, &other) == keys_hash(&keys, &line));
    assert_true(key_is_of(key, &other));
    keys_deinit(&keys);
}

/* On a listener whose counters are running totals, a line means something else. */
static void lines_of_totals_have_keys_of_their_own(void **state)
{
    struct keys keys = { .max_bytes = 1 << 20, .seed = 42 };
    struct line line = line_of(SLICE("ab"), SLICE("|c"));
    struct cell cell = { 0 };
    struct key *plain = add(&keys, &line, &cell), *of_totals;

    keys_set_of_totals(&keys, true);
    assert_null(look_up(&keys, &line));
    of_totals = add(&keys, &line, &cell);
    assert_ptr_not_equal(of_totals, plain);
    keys_set_of_totals(&keys, true);
    assert_ptr_equal(look_up(&keys, &line), of_totals);
    keys_set_of_totals(&keys, false);
    assert_ptr_equal(look_up(&keys, &line), plain);
    keys_remove(&keys, of_totals);
    keys_set_of_totals(&keys, true);
    assert_null(look_up(&keys, &line));
    keys_remove(&keys, plain);
    must_be_empty(&keys);
    keys_deinit(&keys);
}

static void must_differ(const struct key *key, const struct keys *keys, struct slice name,
                        struct slice rest)
{
    const struct line line = line_of(name, rest);

    if (key_is_of(key, &line))
        fail_msg("%.*s and %.*s were taken for the key", (int)name.len, name.at, (int)rest.len,
                 rest.at);
}

static void where_a_line_is_cut_counts(void **state)
{
    struct keys keys = { .max_bytes = 1 << 20, .seed = 42 };
    struct line line = line_of(SLICE("ab"), SLICE("|c"));
    struct cell cell = { 0 };
    struct key *key = add(&keys, &line, &cell);

    must_differ(key, &keys, SLICE("a"), SLICE("b|c"));
    must_differ(key, &keys, SLICE("ab|"), SLICE("c"));
    must_differ(key, &keys, SLICE("ab|c"), SLICE(""));
    must_differ(key, &keys, SLICE(""), SLICE("ab|c"));
    must_differ(key, &keys, SLICE("ab"), SLICE("|"));
    must_differ(key, &keys, SLICE("a"), SLICE("|c"));
    must_differ(key, &keys, SLICE("ab"), SLICE("|cc"));
    must_differ(key, &keys, SLICE("abb"), SLICE("|c"));
    must_differ(key, &keys, SLICE("|c"), SLICE("ab"));
    keys_deinit(&keys);
}

static char *text_of(size_t len)
{
    char *text = malloc(len ? len : 1);

    assert_non_null(text);
    memset(text, 'a', len);
    return text;
}

/* Names and rests around the lengths in which bytes are compared. */
static void every_byte_counts(void **state)
{
    struct keys keys = { .max_bytes = 1 << 20, .seed = 42 };
    struct cell cell = { 0 };

    for (size_t len = 1; len <= 70; len += 3) {
        char *name = text_of(len), *rest = text_of(len / 2 + 1);
        struct line line =
            line_of((struct slice){ name, len }, (struct slice){ rest, len / 2 + 1 });
        struct key *key = add(&keys, &line, &cell);

        for (size_t i = 0; i < len + len / 2 + 1; i++) {
            char *byte = i < len ? &name[i] : &rest[i - len];

            *byte ^= '\x80';
            assert_false(key_is_of(key, &line));
            *byte ^= '\x80';
            assert_true(key_is_of(key, &line));
        }
        free(name);
        free(rest);
    }
    keys_deinit(&keys);
}

/* --- keys of cells ---------------------------------------------------------------- */

#define N_LINES 60
#define N_CELLS 5

/* Lines that differ only in their rest. */
struct stage {
    struct keys keys;
    struct cell cells[N_CELLS];
    struct line lines[N_LINES];
    struct key *known[N_LINES]; /* NULL: not cached */
    char texts[N_LINES][32];
};

static void set_stage(struct stage *stage)
{
    *stage = (struct stage){ .keys = { .max_bytes = 1 << 20, .seed = 42 } };
    for (unsigned i = 0; i < N_LINES; i++) {
        snprintf(stage->texts[i], sizeof(stage->texts[i]), "|c|#k:%u", i);
        stage->lines[i] = line_of(SLICE("x"), slice_of(stage->texts[i]));
    }
}

static struct cell *cell_of(struct stage *stage, unsigned i)
{
    return &stage->cells[i % N_CELLS];
}

static void must_be_in_order(struct stage *stage)
{
    unsigned n[N_CELLS] = { 0 }, n_known = 0;

    for (unsigned i = 0; i < N_LINES; i++) {
        struct key *known = stage->known[i];

        assert_ptr_equal(look_up(&stage->keys, &stage->lines[i]), known);
        if (!known)
            continue;
        assert_true(is_listed(cell_of(stage, i), known));
        n[i % N_CELLS]++;
        n_known++;
    }
    assert_int_equal(stage->keys.slots.n, n_known);
    for (unsigned i = 0; i < N_CELLS; i++)
        assert_int_equal(count_keys(&stage->cells[i]), n[i]);
}

static void remember(struct stage *stage, unsigned i)
{
    stage->known[i] = add(&stage->keys, &stage->lines[i], cell_of(stage, i));
    assert_non_null(stage->known[i]);
}

static void remove_known(struct stage *stage, unsigned i)
{
    keys_remove(&stage->keys, stage->known[i]);
    stage->known[i] = NULL;
}

static void aliases_can_be_forgotten_in_any_order(void **state)
{
    struct stage stage;

    set_stage(&stage);
    /* Four keys of one cell. Of 256 ways to choose four times, 24 are the orders of all. */
    for (unsigned way = 0; way < 256; way++) {
        for (unsigned i = 0; i < 4; i++)
            remember(&stage, i * N_CELLS);
        must_be_in_order(&stage);
        for (unsigned i = 0; i < 4; i++) {
            unsigned chosen = (way >> 2 * i) % 4 * N_CELLS;

            if (stage.known[chosen])
                remove_known(&stage, chosen);
            must_be_in_order(&stage);
        }
        for (unsigned i = 0; i < 4; i++)
            if (stage.known[i * N_CELLS])
                remove_known(&stage, i * N_CELLS);
        must_be_in_order(&stage);
        must_be_empty(&stage.keys);
    }
    keys_deinit(&stage.keys);
}

static void cells_keep_the_keys_that_are_remembered(void **state)
{
    struct stage stage;
    uint64_t random = 1, n_forgotten = 0;

    set_stage(&stage);
    for (unsigned step = 0; step < 5000; step++) {
        unsigned i = draw(&random, N_LINES);

        if (!stage.known[i]) {
            remember(&stage, i);
        } else {
            remove_known(&stage, i);
            n_forgotten++;
        }
        must_be_in_order(&stage);
    }
    assert_int_equal(stage.keys.age, n_forgotten);
    assert_int_equal(stage.keys.n_evicted, 0);
    keys_deinit(&stage.keys);
}

/* As the shard does when a series has ended. */
static void all_keys_of_a_cell_can_be_forgotten(void **state)
{
    struct stage stage;

    set_stage(&stage);
    for (unsigned i = 0; i < N_LINES; i++)
        remember(&stage, i);
    while (stage.cells[2].keys)
        keys_remove(&stage.keys, stage.cells[2].keys);
    for (unsigned i = 2; i < N_LINES; i += N_CELLS)
        stage.known[i] = NULL;
    must_be_in_order(&stage);
    assert_int_equal(stage.keys.age, N_LINES / N_CELLS);
    keys_deinit(&stage.keys);
}

static void deinit_takes_keys_off_their_cells(void **state)
{
    struct stage stage;

    set_stage(&stage);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < N_LINES; i++)
            remember(&stage, i);
        must_be_in_order(&stage);
        keys_deinit(&stage.keys);
        for (unsigned i = 0; i < N_CELLS; i++)
            assert_null(stage.cells[i].keys);
        must_be_empty(&stage.keys);
        memset(stage.known, 0, sizeof(stage.known));
    }
    keys_deinit(&stage.keys);
}

static void deinit_accepts_an_empty_cache(void **state)
{
    struct keys keys = { .max_bytes = 1, .seed = 42 };

    keys_deinit(&keys);
    must_be_empty(&keys);
}

/* --- equal hashes ---------------------------------------------------------------------- */

static void of_two_keys_with_one_hash_the_first_is_remembered(void **state)
{
    struct stage stage;
    size_t n_bytes;

    set_stage(&stage);
    remember(&stage, 0);
    n_bytes = stage.keys.n_bytes;
    assert_null(keys_add(&stage.keys, &stage.lines[1], keys_hash(&stage.keys, &stage.lines[0]),
                         &stage.cells[1], NULL));
    assert_null(stage.cells[1].keys);
    assert_int_equal(stage.keys.n_bytes, n_bytes);
    assert_int_equal(stage.keys.age, 0);
    must_be_in_order(&stage);
    keys_deinit(&stage.keys);
}

/* --- lengths ----------------------------------------------------------------------------- */

/* A key of @name_len and @rest_len bytes is cached, or leaves no trace. */
static bool is_remembered(struct keys *keys, size_t name_len, size_t rest_len)
{
    char *name = text_of(name_len), *rest = text_of(rest_len);
    struct line line = line_of((struct slice){ name, name_len }, (struct slice){ rest, rest_len });
    size_t n_bytes = keys->n_bytes, n = keys->slots.n;
    struct cell cell = { 0 };
    struct key *key = add(keys, &line, &cell);
    bool is_remembered = key != NULL;

    assert_ptr_equal(look_up(keys, &line), key);
    assert_ptr_equal(cell.keys, key);
    if (key)
        keys_remove(keys, key);
    assert_int_equal(keys->n_bytes, n_bytes);
    assert_int_equal(keys->slots.n, n);
    free(name);
    free(rest);
    return is_remembered;
}

static void a_key_has_1024_bytes_at_most(void **state)
{
    struct keys keys = { .max_bytes = 1 << 20, .seed = 42 };

    assert_int_equal(KEY_LENGTH_MAX, 1024);
    assert_true(is_remembered(&keys, 1, 1));
    assert_true(is_remembered(&keys, KEY_LENGTH_MAX - 1, 1));
    assert_true(is_remembered(&keys, 1, KEY_LENGTH_MAX - 1));
    assert_true(is_remembered(&keys, 512, 512));
    assert_false(is_remembered(&keys, KEY_LENGTH_MAX, 1));
    assert_false(is_remembered(&keys, 1, KEY_LENGTH_MAX));
    assert_false(is_remembered(&keys, 512, 513));
    assert_false(is_remembered(&keys, 65536, 65536));
    assert_false(is_remembered(&keys, 65535, 2));
    keys_deinit(&keys);
}

static void nobody_has_to_go_for_a_key_that_is_too_long(void **state)
{
    struct stage stage;

    set_stage(&stage);
    for (unsigned i = 0; i < N_LINES; i++)
        remember(&stage, i);
    stage.keys.max_bytes = stage.keys.n_bytes;
    assert_false(is_remembered(&stage.keys, KEY_LENGTH_MAX, 1));
    assert_int_equal(stage.keys.age, 0);
    must_be_in_order(&stage);
    keys_deinit(&stage.keys);
}

/* --- the bound ----------------------------------------------------------------------------- */

/* The memory that a key of these lengths takes. */
static size_t cost_of(size_t name_len, size_t rest_len)
{
    struct keys keys = { .max_bytes = 1 << 20, .seed = 42 };
    char *name = text_of(name_len), *rest = text_of(rest_len);
    struct line line = line_of((struct slice){ name, name_len }, (struct slice){ rest, rest_len });
    struct cell cell = { 0 };
    size_t cost;

    assert_non_null(add(&keys, &line, &cell));
    cost = keys.n_bytes;
    keys_deinit(&keys);
    free(name);
    free(rest);
    return cost;
}

static void a_key_takes_no_less_than_its_memory(void **state)
{
    for (size_t len = 1; len < KEY_LENGTH_MAX; len += 7)
        assert_true(cost_of(len, 1) >= sizeof(struct key) + len + 1 + SLOTS_BYTES_PER_ENTRY);
}

/* A line with the number @i in @text; its name and rest are as long as that, and @n_more bytes. */
static struct line numbered(const struct keys *keys, char text[512], unsigned i, unsigned n_more)
{
    int len = snprintf(text, 512, "name%u|c|#k:%0*u", i, (int)n_more + 1, i % 10);
    const char *bar = strchr(text, '|');

    return line_of((struct slice){ text, (size_t)(bar - text) },
                   (struct slice){ bar, (size_t)(text + len - bar) });
}

/*
 * The lists of @cells have exactly the cached keys, and the keys take the memory that is counted.
 */
static void must_add_up(const struct keys *keys, const struct cell *cells, unsigned n_cells)
{
    size_t n = 0, n_bytes = 0;

    for (unsigned i = 0; i < n_cells; i++)
        for (const struct key *key = cells[i].keys; key; key = key->next) {
            const struct line line =
                line_of((struct slice){ key->text, key->name_len },
                        (struct slice){ key->text + key->name_len, key->rest_len });

            assert_ptr_equal(find(keys, &line), key);
            n_bytes += cost_of(key->name_len, key->rest_len);
            n++;
        }
    assert_int_equal(n, keys->slots.n);
    assert_int_equal(n_bytes, keys->n_bytes);
}

static void never_takes_more_than_its_bound(void **state)
{
    for (size_t max_bytes = 3000; max_bytes <= 100000; max_bytes += 48500) {
        struct keys keys = { .max_bytes = max_bytes, .seed = max_bytes };
        struct cell cells[100] = { 0 };
        uint64_t random = max_bytes;
        char text[512];

        for (unsigned i = 0; i < 5000; i++) {
            struct line line = numbered(&keys, text, i, draw(&random, 400));
            size_t n = keys.slots.n, n_evicted = keys.n_evicted;

            cells[i % 100].touched_ns = draw(&random, 3);
            assert_non_null(add(&keys, &line, &cells[i % 100]));
            assert_non_null(look_up(&keys, &line));
            assert_true(keys.n_bytes <= max_bytes);
            assert_int_equal(keys.slots.n, n + 1 - (keys.n_evicted - n_evicted));
            assert_int_equal(keys.age, keys.n_evicted);
            if (i % 500 == 0)
                must_add_up(&keys, cells, 100);
        }
        must_add_up(&keys, cells, 100);
        assert_int_equal(keys.n_evicted, 5000 - keys.slots.n);
        /* It must not cache fewer: the longest key takes less than 1,000 bytes. */
        assert_true(keys.n_bytes > max_bytes - 1000);
        keys_deinit(&keys);
    }
}

static void nobody_has_to_go_while_there_is_room(void **state)
{
    struct keys keys = { .max_bytes = 100 * cost_of(7, 7), .seed = 42 };
    struct cell cell = { 0 };
    char text[512];

    for (unsigned i = 0; i <= 100; i++) {
        struct line line = numbered(&keys, text, 100 + i, 0);

        assert_int_equal(line.name.len, 7);
        assert_int_equal(line.rest.len, 7);
        assert_int_equal(keys.n_evicted, 0);
        assert_non_null(add(&keys, &line, &cell));
    }
    assert_int_equal(keys.n_evicted, 1);
    assert_int_equal(keys.n_bytes, keys.max_bytes);
    keys_deinit(&keys);
}

static void evicted_and_forgotten_are_counted_apart(void **state)
{
    struct keys keys = { .max_bytes = 5000, .seed = 42 };
    struct cell cell = { 0 };
    unsigned n_told = 0;
    char text[512];

    for (unsigned i = 0; i < 1000; i++) {
        struct line line = numbered(&keys, text, i, 10);
        struct key *key = add(&keys, &line, &cell);

        if (i % 3 == 0) {
            keys_remove(&keys, key);
            n_told++;
        }
        assert_int_equal(keys.age, keys.n_evicted + n_told);
        assert_int_equal(keys.age, i + 1 - keys.slots.n);
    }
    assert_true(keys.n_evicted > 0);
    keys_deinit(&keys);
}

/* Otherwise the key of somebody who seldom sends would never be cached. */
static void a_key_larger_than_the_bound_stays_alone(void **state)
{
    struct keys keys = { .max_bytes = 10, .seed = 42 };
    struct cell cells[2] = { 0 };
    char text[512];

    for (unsigned i = 0; i < 10; i++) {
        struct line line = numbered(&keys, text, i, 50);
        struct key *key = add(&keys, &line, &cells[i % 2]);

        assert_non_null(key);
        assert_ptr_equal(look_up(&keys, &line), key);
        assert_int_equal(keys.slots.n, 1);
        assert_int_equal(keys.n_evicted, i);
        assert_null(cells[(i + 1) % 2].keys);
    }
    keys_deinit(&keys);
}

/* --- who has to go ------------------------------------------------------------------- */

#define N_HALF 1000

/* Of a few keys, the one whose last write is the longest ago is evicted, wherever it is. */
static void of_a_few_the_least_used_has_to_go(void **state)
{
    for (unsigned i = 0; i < 100; i++) {
        struct keys keys = { .max_bytes = 3 * cost_of(7, 7), .seed = i };
        struct cell cells[4] = { 0 };
        char text[512];

        for (unsigned c = 0; c < 4; c++) {
            struct line line = numbered(&keys, text, 100 + c, 0);

            atomic_store(&cells[c].touched_ns, c == i % 3 ? i % 2 : i + 2 + c);
            assert_non_null(add(&keys, &line, &cells[c]));
        }
        assert_int_equal(keys.n_evicted, 1);
        for (unsigned c = 0; c < 4; c++)
            assert_int_equal(cells[c].keys == NULL, c == i % 3);
        keys_deinit(&keys);
    }
}

/* A busy series in many spellings, each sent once, must not evict all other keys. */
static void of_a_busy_cell_the_spellings_have_to_go(void **state)
{
    struct keys keys = { .max_bytes = 1 << 30, .seed = 42 };
    static struct cell cells[N_HALF];
    struct cell busy = { 0 };
    unsigned n_lost = 0;
    char text[512];

    memset(cells, 0, sizeof(cells));
    for (unsigned i = 0; i < 2 * N_HALF; i++) {
        struct line line = numbered(&keys, text, i, 10);

        atomic_store(i < N_HALF ? &cells[i].touched_ns : &busy.touched_ns, i < N_HALF ? 5 : 100);
        assert_non_null(add(&keys, &line, i < N_HALF ? &cells[i] : &busy));
    }
    keys.max_bytes = keys.n_bytes;
    for (unsigned i = 0; i < N_HALF / 2; i++) {
        struct line line = numbered(&keys, text, 10000 + i, 10);

        assert_non_null(add(&keys, &line, &busy));
    }
    for (unsigned i = 0; i < N_HALF; i++)
        n_lost += !cells[i].keys;
    assert_in_range(n_lost, 0, N_HALF / 10);
    keys_deinit(&keys);
}

/* Every second of 2 * N_HALF keys was written at @live_s, the others at @idle_s. */
static void fill_by_halves(struct keys *keys, struct cell *cells, uint32_t live_s, uint32_t idle_s)
{
    char text[512];

    for (unsigned i = 0; i < 2 * N_HALF; i++) {
        struct line line = numbered(keys, text, i, 10);

        atomic_store(&cells[i].touched_ns, i % 2 ? live_s : idle_s);
        assert_non_null(add(keys, &line, &cells[i]));
    }
    assert_int_equal(keys->n_evicted, 0);
    keys->max_bytes = keys->n_bytes;
}

/* After @n_new others have come, written at @live_s: the number of live keys that were evicted. */
static unsigned count_lost(struct keys *keys, struct cell *cells, unsigned n_new, uint32_t live_s)
{
    static struct cell newer[2 * N_HALF];
    unsigned n_lost = 0;
    char text[512];

    memset(newer, 0, sizeof(newer));
    for (unsigned i = 0; i < n_new; i++) {
        struct line line = numbered(keys, text, 10000 + i, 10);

        assert_non_null(add(keys, &line, &newer[i]));
        atomic_store(&newer[i].touched_ns, live_s);
    }
    for (unsigned i = 1; i < 2 * N_HALF; i += 2)
        n_lost += !cells[i].keys;
    keys_deinit(keys);
    return n_lost;
}

/* If keys were evicted at random, half of the N_HALF / 2 would be live. */
static void must_keep_live_ones(uint32_t live_s, uint32_t idle_s)
{
    struct keys keys = { .max_bytes = 1 << 30, .seed = 42 };
    static struct cell cells[2 * N_HALF];

    memset(cells, 0, sizeof(cells));
    fill_by_halves(&keys, cells, live_s, idle_s);
    assert_in_range(count_lost(&keys, cells, N_HALF / 2, live_s), 0, N_HALF / 10);
}

static void keys_written_lately_stay(void **state)
{
    must_keep_live_ones(1000000, 0); /* the sweep has marked the others */
    must_keep_live_ones(1000000, 1);
    must_keep_live_ones(1000000, 900000);
    must_keep_live_ones(1000, 1);
}

/* A key must be evicted, not always the same, and not the newest. */
static void when_all_are_live_one_is_evicted(void **state)
{
    struct keys keys = { .max_bytes = 1 << 30, .seed = 42 };
    static struct cell cells[2 * N_HALF];

    memset(cells, 0, sizeof(cells));
    fill_by_halves(&keys, cells, 1000, 1000);
    assert_in_range(count_lost(&keys, cells, 2 * N_HALF, 1000), N_HALF / 4, N_HALF);
}

/* --- without memory --------------------------------------------------------------------- */

static void nothing_is_remembered_without_memory(void **state)
{
    struct stage stage;
    unsigned n_refused = 0;

    set_stage(&stage);
    for (unsigned i = 0; i < N_LINES; i++)
        for (unsigned n = 0; !stage.known[i]; n++) {
            size_t n_bytes = stage.keys.n_bytes;

            n_allocations_left = n;
            stage.known[i] = add(&stage.keys, &stage.lines[i], cell_of(&stage, i));
            n_allocations_left = MANY;
            must_be_in_order(&stage);
            if (stage.known[i])
                continue;
            n_refused++;
            assert_int_equal(stage.keys.n_bytes, n_bytes);
            assert_in_range(n, 0, 5);
        }
    /* Memory for the key is always needed, and sometimes for the slots. */
    assert_true(n_refused > N_LINES);
    assert_int_equal(stage.keys.age, 0);
    keys_deinit(&stage.keys);
}

/* Keys may have been evicted by then; the others must be right. */
static void a_full_cache_without_memory_is_in_order(void **state)
{
    struct keys keys = { .max_bytes = 5000, .seed = 42 };
    struct cell cells[10] = { 0 };
    char text[512];

    for (unsigned i = 0; i < 600; i++) {
        struct line line = numbered(&keys, text, i, 10);
        struct key *key;

        n_allocations_left = i % 3 ? i % 3 - 1 : MANY;
        key = add(&keys, &line, &cells[i % 10]);
        n_allocations_left = MANY;
        assert_true(key || i % 3);
        assert_ptr_equal(look_up(&keys, &line), key);
        assert_true(keys.n_bytes <= keys.max_bytes);
        must_add_up(&keys, cells, 10);
    }
    keys_deinit(&keys);
    must_be_empty(&keys);
}

static void remove_a_key_that_its_cell_does_not_have(void)
{
    struct keys keys = { .max_bytes = MANY };
    struct cell cell = { 0 };
    struct line line = line_of(SLICE("x"), SLICE("|c"));
    struct key *key = add(&keys, &line, &cell);

    cell.keys = NULL;
    keys_remove(&keys, key);
}

static void remove_a_key_whose_neighbour_has_another(void)
{
    struct keys keys = { .max_bytes = MANY };
    struct cell cell = { 0 };
    struct line line = line_of(SLICE("x"), SLICE("|c"));
    struct line next_line = line_of(SLICE("y"), SLICE("|c"));
    struct key *next = add(&keys, &next_line, &cell);
    struct key *key = add(&keys, &line, &cell);

    next->prev = NULL;
    keys_remove(&keys, key);
}

static void a_broken_list_aborts(void **state)
{
    assert_aborts(remove_a_key_that_its_cell_does_not_have, "== key does not hold");
    assert_aborts(remove_a_key_whose_neighbour_has_another, "== key does not hold");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(finds_what_it_remembers),
        CASE(removes_the_keys_that_it_is_given),
        CASE(a_key_is_a_copy),
        CASE(a_key_is_name_and_rest),
        CASE(lines_of_totals_have_keys_of_their_own),
        CASE(where_a_line_is_cut_counts),
        CASE(every_byte_counts),
        CASE(aliases_can_be_forgotten_in_any_order),
        CASE(cells_keep_the_keys_that_are_remembered),
        CASE(all_keys_of_a_cell_can_be_forgotten),
        CASE(deinit_takes_keys_off_their_cells),
        CASE(deinit_accepts_an_empty_cache),
        CASE(of_two_keys_with_one_hash_the_first_is_remembered),
        CASE(a_key_has_1024_bytes_at_most),
        CASE(nobody_has_to_go_for_a_key_that_is_too_long),
        CASE(a_key_takes_no_less_than_its_memory),
        CASE(never_takes_more_than_its_bound),
        CASE(nobody_has_to_go_while_there_is_room),
        CASE(evicted_and_forgotten_are_counted_apart),
        CASE(a_key_larger_than_the_bound_stays_alone),
        CASE(of_a_few_the_least_used_has_to_go),
        CASE(of_a_busy_cell_the_spellings_have_to_go),
        CASE(keys_written_lately_stay),
        CASE(when_all_are_live_one_is_evicted),
        CASE(nothing_is_remembered_without_memory),
        CASE(a_full_cache_without_memory_is_in_order),
        CASE(a_broken_list_aborts),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
