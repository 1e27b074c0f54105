/* SPDX-License-Identifier: Apache-2.0 */

#include "abort.h"

#include <stdlib.h>

/* uthash allocates with this; only n_allocations_left calls succeed. */
static int n_allocations_left = INT32_MAX;

static void *scarce_malloc(size_t size)
{
    return n_allocations_left-- > 0 ? malloc(size) : NULL;
}

#define uthash_malloc(size) scarce_malloc(size)
#include "base/table.h"

struct thing {
    unsigned number;
    uint64_t hash;
    struct table_node node;
};

static struct thing *thing_of(struct table_node *node)
{
    return CONTAINER_OF(node, struct thing, node);
}

static bool has_number(const void *node, const void *wanted)
{
    return CONST_CONTAINER_OF(node, struct thing, node)->number == *(const unsigned *)wanted;
}

static struct thing *find(struct table *table, uint64_t hash, unsigned number)
{
    struct table_node *node = table_find(table, hash, &number, has_number);

    return node ? thing_of(node) : NULL;
}

/* splitmix64: as even as a real hash. */
static uint64_t hash_of(unsigned number)
{
    uint64_t z = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static struct thing *things_new(struct table *table, unsigned n)
{
    struct thing *things = calloc(n, sizeof(*things));

    assert_non_null(things);
    for (unsigned i = 0; i < n; i++) {
        things[i].number = i;
        things[i].hash = hash_of(i);
        if (!table_add(table, &things[i].node, things[i].hash))
            fail_msg("no memory for %u", i);
    }
    return things;
}

static void remove_thing(struct table *table, struct thing *thing)
{
    table_remove(table, &thing->node, thing->hash);
}

static void remove_all(struct table *table)
{
    struct table_node *node;

    while ((node = table_any(table)))
        remove_thing(table, thing_of(node));
    assert_int_equal(table->n_nodes, 0);
}

static void an_empty_table_has_nothing(void **state)
{
    struct table table = { 0 };

    assert_null(find(&table, 0, 0));
    assert_null(find(&table, UINT64_MAX, 0));
    assert_null(table_any(&table));
}

static void finds_each_of_100000_and_no_other(void **state)
{
    struct table table = { 0 };
    unsigned n = 100000;
    struct thing *things = things_new(&table, n);

    assert_int_equal(table.n_nodes, n);
    for (unsigned i = 0; i < n; i++) {
        assert_ptr_equal(find(&table, hash_of(i), i), &things[i]);
        assert_null(find(&table, hash_of(i), i + 1));
        assert_null(find(&table, hash_of(n + i), n + i));
    }
    remove_all(&table);
    free(things);
}

static void removes_each_of_100000_and_no_other(void **state)
{
    struct table table = { 0 };
    unsigned n = 100000;
    struct thing *things = things_new(&table, n);

    for (unsigned i = 0; i < n; i += 2)
        remove_thing(&table, &things[i]);
    assert_int_equal(table.n_nodes, n / 2);
    for (unsigned i = 0; i < n; i++)
        assert_ptr_equal(find(&table, hash_of(i), i), i % 2 ? &things[i] : NULL);
    for (unsigned i = 0; i < n; i += 2)
        assert_true(table_add(&table, &things[i].node, things[i].hash));
    assert_int_equal(table.n_nodes, n);
    for (unsigned i = 0; i < n; i++)
        remove_thing(&table, &things[i]);
    assert_int_equal(table.n_nodes, 0);
    assert_null(table_any(&table));
    free(things);
}

static void equal_decides_among_equal_hashes(void **state)
{
    struct table table = { 0 };
    struct thing things[100] = { 0 };

    for (unsigned i = 0; i < 100; i++) {
        things[i] = (struct thing){ .number = i, .hash = 5 };
        assert_true(table_add(&table, &things[i].node, 5));
    }
    for (unsigned i = 0; i < 100; i++)
        assert_ptr_equal(find(&table, 5, i), &things[i]);
    assert_null(find(&table, 5, 100));
    remove_thing(&table, &things[50]);
    assert_null(find(&table, 5, 50));
    assert_ptr_equal(find(&table, 5, 51), &things[51]);
    remove_all(&table);
}

static void every_stripe_is_a_table(void **state)
{
    struct table table = { 0 };
    struct thing things[TABLE_STRIPES] = { 0 };

    for (unsigned i = 0; i < TABLE_STRIPES; i++) {
        things[i] = (struct thing){ .number = i, .hash = (uint64_t)i << 56 };
        assert_true(table_add(&table, &things[i].node, things[i].hash));
    }
    for (unsigned i = 0; i < TABLE_STRIPES; i++) {
        assert_ptr_equal(find(&table, things[i].hash, i), &things[i]);
        assert_null(find(&table, (uint64_t)(i ^ 1) << 56, i));
    }
    remove_all(&table);
}

static void the_first_of_a_stripe_needs_memory(void **state)
{
    struct table table = { 0 };
    struct thing thing = { .number = 1, .hash = 1 };

    for (int n = 0; n < 2; n++) {
        n_allocations_left = n;
        assert_false(table_add(&table, &thing.node, thing.hash));
        assert_int_equal(table.n_nodes, 0);
        assert_null(table_any(&table));
        assert_null(find(&table, 1, 1));
    }
    n_allocations_left = INT32_MAX;
    assert_true(table_add(&table, &thing.node, thing.hash));
    assert_ptr_equal(find(&table, 1, 1), &thing);
    remove_all(&table);
}

/* All hashes choose one stripe, which must grow. */
static void nothing_changes_when_growing_fails(void **state)
{
    struct table table = { 0 };
    static struct thing things[5000];
    unsigned n_refused = 0;

    n_allocations_left = 2;
    for (unsigned i = 0; i < 5000; i++) {
        things[i] = (struct thing){ .number = i, .hash = hash_of(i) >> 8 };
        if (table_add(&table, &things[i].node, things[i].hash))
            continue;
        n_refused++;
        assert_int_equal(table.n_nodes, i);
        assert_null(find(&table, things[i].hash, i));
        n_allocations_left = 1;
        assert_true(table_add(&table, &things[i].node, things[i].hash));
    }
    n_allocations_left = INT32_MAX;
    assert_true(n_refused > 0);
    assert_int_equal(table.n_nodes, 5000);
    for (unsigned i = 0; i < 5000; i++)
        assert_ptr_equal(find(&table, things[i].hash, i), &things[i]);
    remove_all(&table);
}

/* A node that was in a table looks as if it were in one. */
static void a_used_node_is_refused_as_a_new_one_is(void **state)
{
    struct table table = { 0 };
    struct thing thing = { .number = 1, .hash = 1 };

    assert_true(table_add(&table, &thing.node, thing.hash));
    remove_thing(&table, &thing);
    n_allocations_left = 0;
    assert_false(table_add(&table, &thing.node, thing.hash));
    n_allocations_left = INT32_MAX;
    assert_int_equal(table.n_nodes, 0);
    assert_null(table_any(&table));
}

static void remove_twice(void)
{
    struct thing thing = { 0 }, other = { 0 };
    struct table table = { 0 };

    if (!table_add(&table, &thing.node, 0) || !table_add(&table, &other.node, 0))
        return;
    table_remove(&table, &thing.node, 0);
    table_remove(&table, &thing.node, 0);
}

static void remove_from_another_table(void)
{
    struct thing thing = { 0 }, other = { 0 };
    struct table table = { 0 }, other_table = { 0 };

    if (table_add(&table, &thing.node, 0) && table_add(&other_table, &other.node, 0))
        table_remove(&other_table, &thing.node, 0);
}

static void removing_what_is_not_there_aborts(void **state)
{
    assert_aborts(remove_twice, "does not hold");
    assert_aborts(remove_from_another_table, "does not hold");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(an_empty_table_has_nothing),
        CASE(finds_each_of_100000_and_no_other),
        CASE(removes_each_of_100000_and_no_other),
        CASE(equal_decides_among_equal_hashes),
        CASE(every_stripe_is_a_table),
        CASE(the_first_of_a_stripe_needs_memory),
        CASE(nothing_changes_when_growing_fails),
        CASE(a_used_node_is_refused_as_a_new_one_is),
        CASE(removing_what_is_not_there_aborts),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
