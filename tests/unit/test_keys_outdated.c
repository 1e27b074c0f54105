/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Keys that are outdated: they are not found, and freed a few at a time
 *
 * Lines are numbered. Those of one cell have the same number modulo N_CELLS.
 */

#include "unit.h"

#include "aggregate/keys.h"

#include <stdio.h>

#define N_CELLS 7
#define N_LINES 100u

struct stage {
    struct keys keys;
    struct cell cells[N_CELLS];
    char text[32];
};

static struct line line_of(struct stage *stage, unsigned number)
{
    snprintf(stage->text, sizeof(stage->text), "a%u", number);
    return (struct line){ .name = slice_of(stage->text), .value = SLICE("1"), .rest = SLICE("|c") };
}

static bool is_cached(struct stage *stage, unsigned number)
{
    struct line line = line_of(stage, number);
    struct key *key = keys_find(&stage->keys, keys_hash(&stage->keys, &line));

    return key && key_is_of(key, &line);
}

static void add(struct stage *stage, unsigned number)
{
    struct line line = line_of(stage, number);

    assert_non_null(keys_add(&stage->keys, &line, keys_hash(&stage->keys, &line),
                             &stage->cells[number % N_CELLS], NULL));
    assert_true(is_cached(stage, number));
}

/* A cache of N_LINES keys. */
static void set_stage(struct stage *stage)
{
    *stage = (struct stage){ .keys = { .max_bytes = 1 << 20, .seed = 42 } };
    for (unsigned i = 0; i < N_LINES; i++)
        add(stage, i);
}

static size_t count_of_cells(const struct stage *stage)
{
    size_t n = 0;

    for (unsigned i = 0; i < N_CELLS; i++)
        for (const struct key *key = stage->cells[i].keys; key; key = key->next)
            n++;
    return n;
}

static void must_be_empty(const struct stage *stage)
{
    assert_int_equal(stage->keys.slots.n, 0);
    assert_int_equal(stage->keys.outdated.n, 0);
    assert_int_equal(stage->keys.n_bytes, 0);
    assert_int_equal(count_of_cells(stage), 0);
}

static void must_be_counted(const struct stage *stage, size_t n, size_t n_outdated)
{
    assert_int_equal(stage->keys.slots.n, n);
    assert_int_equal(stage->keys.outdated.n, n_outdated);
    assert_int_equal(count_of_cells(stage), n + n_outdated);
}

static void none_is_found_and_none_freed_at_once(void **state)
{
    struct stage stage;
    uint32_t age;
    size_t n_bytes;

    set_stage(&stage);
    age = stage.keys.age;
    n_bytes = stage.keys.n_bytes;
    keys_outdate(&stage.keys);
    for (unsigned i = 0; i < N_LINES; i++)
        assert_false(is_cached(&stage, i));
    must_be_counted(&stage, 0, N_LINES);
    assert_int_equal(stage.keys.n_bytes, n_bytes);
    assert_int_equal(stage.keys.n_evicted, 0);
    assert_int_not_equal(stage.keys.age, age);
    keys_deinit(&stage.keys);
    must_be_empty(&stage);
}

static void a_few_are_freed_with_each_that_is_added(void **state)
{
    struct stage stage;
    size_t n_bytes;

    set_stage(&stage);
    n_bytes = stage.keys.n_bytes;
    keys_outdate(&stage.keys);
    for (unsigned i = 0; i < N_LINES; i++) {
        unsigned n_freed = KEYS_OUTDATED_FREED * (i + 1);

        add(&stage, i);
        must_be_counted(&stage, i + 1, n_freed < N_LINES ? N_LINES - n_freed : 0);
    }
    assert_int_equal(stage.keys.n_bytes, n_bytes);
    for (unsigned i = 0; i < N_LINES; i++)
        assert_true(is_cached(&stage, i));
    keys_deinit(&stage.keys);
    must_be_empty(&stage);
}

/* As when a series is removed: its cell has keys of both sorts, in any order. */
static void a_cell_loses_both_sorts(void **state)
{
    for (unsigned n_new = 0; n_new < N_LINES; n_new++) {
        struct stage stage;

        set_stage(&stage);
        keys_outdate(&stage.keys);
        for (unsigned i = 0; i < n_new; i++)
            add(&stage, i);
        for (unsigned i = 0; i < N_CELLS; i++)
            while (stage.cells[i].keys)
                keys_remove(&stage.keys, stage.cells[i].keys);
        must_be_empty(&stage);
        /* What is outdated next does not meet what is left of this. */
        add(&stage, 1);
        keys_outdate(&stage.keys);
        must_be_counted(&stage, 0, 1);
        keys_deinit(&stage.keys);
        must_be_empty(&stage);
    }
}

/* Those since the last time are few, and freed at once; the others go on as before. */
static void a_second_time_while_some_are_left_frees_the_newer_ones(void **state)
{
    struct stage stage;
    size_t n_left = N_LINES - 3 * KEYS_OUTDATED_FREED;

    set_stage(&stage);
    keys_outdate(&stage.keys);
    for (unsigned i = 0; i < 3; i++)
        add(&stage, i);
    keys_outdate(&stage.keys);
    must_be_counted(&stage, 0, n_left);
    for (unsigned i = 0; i < N_LINES; i++)
        assert_false(is_cached(&stage, i));
    add(&stage, 1);
    must_be_counted(&stage, 1, n_left - KEYS_OUTDATED_FREED);
    keys_deinit(&stage.keys);
    must_be_empty(&stage);
}

static void at_the_limit_they_go_before_any_is_evicted(void **state)
{
    struct stage stage;

    set_stage(&stage);
    stage.keys.max_bytes = stage.keys.n_bytes / 4;
    keys_outdate(&stage.keys);
    add(&stage, 0);
    assert_true(stage.keys.n_bytes <= stage.keys.max_bytes);
    assert_true(stage.keys.outdated.n > 0);
    assert_int_equal(stage.keys.n_evicted, 0);
    for (unsigned i = 1; stage.keys.outdated.n; i++) {
        add(&stage, i);
        assert_int_equal(stage.keys.n_evicted, 0);
    }
    keys_deinit(&stage.keys);
}

/* The hash depends on the listener, and a listener may be told of between two lines. */
static void they_may_be_of_both_kinds_of_listener(void **state)
{
    struct stage stage;

    set_stage(&stage);
    keys_set_of_totals(&stage.keys, true);
    for (unsigned i = 0; i < N_LINES; i++)
        add(&stage, i);
    keys_outdate(&stage.keys);
    must_be_counted(&stage, 0, 2 * (size_t)N_LINES);
    for (unsigned i = 0; i < N_CELLS; i++)
        while (stage.cells[i].keys)
            keys_remove(&stage.keys, stage.cells[i].keys);
    must_be_empty(&stage);
    keys_deinit(&stage.keys);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(none_is_found_and_none_freed_at_once),
        CASE(a_few_are_freed_with_each_that_is_added),
        CASE(a_cell_loses_both_sorts),
        CASE(a_second_time_while_some_are_left_frees_the_newer_ones),
        CASE(at_the_limit_they_go_before_any_is_evicted),
        CASE(they_may_be_of_both_kinds_of_listener),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
