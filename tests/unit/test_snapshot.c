/* SPDX-License-Identifier: Apache-2.0 */

#include "abort.h"

#include "aggregate/snapshot.h"

#include <stdio.h>

/* A series of a family of its own, with a reference for the snapshots. */
static struct series *new_series(const char *name, const char *labels)
{
    struct identity identity = { .family = slice_of(name), .sent_as = slice_of(name) };
    struct family *family = family_new(&identity, NULL);
    struct series *series;

    assert_non_null(family);
    series = series_new(family, slice_of(labels), 1);
    assert_non_null(series);
    family_unref(family);
    return series;
}

/* Follow @*current, as the registry does: its own reference moves to the latest. */
static void follow(struct snapshot **current, struct series **fresh, size_t n_fresh,
                   size_t n_removed)
{
    struct snapshot *next = snapshot_follow(*current, fresh, n_fresh, n_removed);

    assert_non_null(next);
    snapshot_unref(*current);
    *current = next;
}

/* As a sweep does. */
static void remove_series(struct series *series)
{
    series_set_state(series, SERIES_EXPIRING);
    series_set_state(series, SERIES_REMOVED);
}

static struct snapshot *hold(struct snapshot *snapshot)
{
    snapshot_ref(snapshot);
    return snapshot;
}

/* The names in @snapshot in its order, with a blank after each. */
static void assert_names(const struct snapshot *snapshot, const char *expected)
{
    char names[256] = "";
    size_t len = 0;

    for (size_t i = 0; i < snapshot->n_series; i++) {
        struct slice name = snapshot->series[i]->family->name;

        len += (size_t)snprintf(names + len, sizeof(names) - len, "%.*s ", (int)name.len, name.at);
    }
    assert_string_equal(names, expected);
}

/* Free everything: the last snapshot, and the series in it. */
static void end(struct snapshot *current)
{
    for (size_t i = 0; i < current->n_series; i++)
        series_unref(current->series[i]);
    snapshot_unref(current);
}

static void an_empty_one_has_nothing_and_one_reference(void **state)
{
    struct snapshot *snapshot = snapshot_new_empty();

    assert_int_equal(snapshot->n_series, 0);
    assert_int_equal(snapshot->refs, 1);
    assert_null(snapshot->next);
    snapshot_unref(snapshot);
}

static void sorts_fresh_series_in(void **state)
{
    struct snapshot *current = snapshot_new_empty();
    struct series *first[] = { new_series("m", ""), new_series("b", ""), new_series("x", "") };
    struct series *second[] = { new_series("z", ""), new_series("a", ""), new_series("n", ""),
                                new_series("c", "") };

    follow(&current, first, 3, 0);
    assert_names(current, "b m x ");
    follow(&current, second, 4, 0);
    assert_names(current, "a b c m n x z ");
    end(current);
}

static void sorts_series_of_one_family_by_labels(void **state)
{
    struct snapshot *current = snapshot_new_empty();
    struct series *fresh[] = { new_series("a", "x=\"2\""), new_series("a", "x=\"10\""),
                               new_series("a", "") };

    follow(&current, fresh, 3, 0);
    assert_slice_equal(series_labels(current->series[0]), "");
    assert_slice_equal(series_labels(current->series[1]), "x=\"10\"");
    assert_slice_equal(series_labels(current->series[2]), "x=\"2\"");
    end(current);
}

static void finds_its_families(void **state)
{
    static const char *const names[] = { "b", "d", "d_x", "f" }, *const others[] = {
        "", "a", "c", "d_", "e", "g"
    };
    struct snapshot *current = snapshot_new_empty();
    struct series *fresh[ARRAY_SIZE(names)];

    for (unsigned n = 0; n < ARRAY_SIZE(names); n++)
        fresh[n] = new_series(names[n], "");
    assert_null(snapshot_find(current, SLICE("b")));
    follow(&current, fresh, ARRAY_SIZE(fresh), 0);
    for (unsigned n = 0; n < ARRAY_SIZE(names); n++)
        assert_ptr_equal(snapshot_find(current, slice_of(names[n])), fresh[n]->family);
    for (unsigned n = 0; n < ARRAY_SIZE(others); n++)
        assert_null(snapshot_find(current, slice_of(others[n])));
    end(current);
}

static void the_old_one_stays_as_it_was(void **state)
{
    struct snapshot *current = snapshot_new_empty(), *old;
    struct series *first[] = { new_series("a", ""), new_series("c", "") };
    struct series *second[] = { new_series("b", "") };

    follow(&current, first, 2, 0);
    old = hold(current);
    remove_series(current->series[0]);
    follow(&current, second, 1, 1);
    assert_names(current, "b c ");
    assert_names(old, "a c ");
    assert_ptr_equal(old->removed, old->series[0]);
    assert_null(old->removed->next_fresh);
    snapshot_unref(old);
    end(current);
}

/* Without memory for another one. */
static void it_leaves_some_out_if_nobody_else_can_see_them(void **state)
{
    struct snapshot *current = snapshot_new_empty(), *before;
    struct series *first[] = { new_series("a", ""), new_series("b", ""), new_series("c", "") };
    struct series *second[] = { new_series("d", "") };

    follow(&current, first, 3, 0);
    before = hold(current);
    remove_series(current->series[1]);
    assert_false(snapshot_leave_out(current, 1));
    assert_names(current, "a b c ");
    snapshot_unref(before);
    assert_true(snapshot_leave_out(current, 1));
    assert_names(current, "a c ");

    before = hold(current);
    follow(&current, second, 1, 0);
    remove_series(current->series[0]);
    assert_false(snapshot_leave_out(current, 1)); /* an older one has it, too */
    snapshot_unref(before);
    assert_true(snapshot_leave_out(current, 1));
    assert_names(current, "c d ");
    end(current);
}

static void gives_the_old_one_a_reference_on_the_new(void **state)
{
    struct snapshot *old = snapshot_new_empty(), *next = snapshot_follow(old, NULL, 0, 0);

    assert_non_null(next);
    assert_int_equal(next->refs, 2);
    assert_ptr_equal(old->next, next);
    snapshot_unref(old);
    assert_int_equal(next->refs, 1);
    snapshot_unref(next);
}

/* However many new lists are made while a slow reader holds an old one. */
static void a_list_that_nobody_reads_is_given_back(void **state)
{
    struct snapshot *current = snapshot_new_empty(), *first = hold(current), *second;
    struct series *fresh = new_series("a", "");

    follow(&current, &fresh, 1, 0);
    second = current;
    fresh = new_series("b", "");
    follow(&current, &fresh, 1, 0);
    assert_non_null(first->series);
    assert_null(second->series);
    assert_ptr_equal(first->next, second);
    snapshot_unref(first);
    end(current);
}

static void all_may_be_removed_at_once(void **state)
{
    struct snapshot *current = snapshot_new_empty();
    struct series *fresh[] = { new_series("a", ""), new_series("b", ""), new_series("c", "") };

    follow(&current, fresh, 3, 0);
    for (unsigned i = 0; i < 3; i++)
        remove_series(current->series[i]);
    follow(&current, NULL, 0, 3);
    assert_int_equal(current->n_series, 0);
    end(current);
}

static void a_series_may_come_again_as_its_namesake_goes(void **state)
{
    struct snapshot *current = snapshot_new_empty();
    struct series *first[] = { new_series("a", ""), new_series("b", "") };
    struct series *again[] = { new_series("a", "") };

    follow(&current, first, 2, 0);
    assert_ptr_equal(current->series[0], first[0]);
    remove_series(first[0]);
    follow(&current, again, 1, 1);
    assert_names(current, "a b ");
    assert_ptr_equal(current->series[0], again[0]);
    end(current);
}

static void a_removed_series_goes_with_the_last_that_can_see_it(void **state)
{
    struct snapshot *current = snapshot_new_empty(), *oldest, *old;
    struct series *series = new_series("a", ""), *other = new_series("b", "");

    follow(&current, &series, 1, 0);
    oldest = hold(current);
    follow(&current, &other, 1, 0);
    old = hold(current);
    series_ref(series); /* ours, to see its references */
    remove_series(series);
    follow(&current, NULL, 0, 1);

    snapshot_unref(old); /* the oldest still has it */
    assert_int_equal(series->refs, 2);
    snapshot_unref(oldest);
    assert_int_equal(series->refs, 1);
    series_unref(series);
    end(current);
}

#define HELD 5

/* Make HELD snapshots, each without one series of the one before; release them in @order. */
static void release_in_order(const unsigned *order)
{
    struct snapshot *current = snapshot_new_empty(), *held[HELD];
    struct series *fresh[HELD];

    for (unsigned i = 0; i < HELD; i++)
        fresh[i] = new_series((const char[]){ (char)('a' + i), '\0' }, "");
    follow(&current, fresh, HELD, 0);
    for (unsigned i = 0; i < HELD; i++) {
        held[i] = hold(current);
        remove_series(current->series[0]);
        follow(&current, NULL, 0, 1);
    }
    for (unsigned i = 0; i < HELD; i++) {
        for (unsigned j = i; j < HELD; j++) { /* those that remain can be read */
            assert_int_equal(held[order[j]]->n_series, HELD - order[j]);
            assert_true(held[order[j]]->series[0]->family->name.at[0] == 'a' + (char)order[j]);
        }
        snapshot_unref(held[order[i]]);
    }
    assert_int_equal(current->n_series, 0);
    end(current);
}

/* All permutations of @order from @n on. */
static void permute(unsigned *order, unsigned n)
{
    if (n == HELD)
        release_in_order(order);
    for (unsigned i = n; i < HELD; i++) {
        unsigned swap = order[n];

        order[n] = order[i];
        order[i] = swap;
        permute(order, n + 1);
        order[i] = order[n];
        order[n] = swap;
    }
}

static void several_are_released_in_every_order(void **state)
{
    unsigned order[HELD] = { 0, 1, 2, 3, 4 };

    permute(order, 0);
}

static void a_long_chain_goes_at_once(void **state)
{
    struct snapshot *current = snapshot_new_empty(), *oldest = hold(current);

    for (unsigned i = 0; i < 200000; i++)
        follow(&current, NULL, 0, 0);
    snapshot_unref(oldest);
    assert_int_equal(current->refs, 1);
    end(current);
}

static void many_fresh_and_removed_ones_merge_in_order(void **state)
{
    static struct series *fresh[2000];
    struct snapshot *current = snapshot_new_empty();
    char name[16];
    unsigned seed = 1;

    for (unsigned round = 0; round < 3; round++) {
        size_t n_removed = 0;

        for (unsigned i = 0; i < ARRAY_SIZE(fresh); i++) {
            snprintf(name, sizeof(name), "f%u_%u", (seed = seed * 1103515245 + 12345) >> 8, round);
            fresh[i] = new_series(name, "");
        }
        for (size_t i = 0; i < current->n_series; i += 3, n_removed++)
            remove_series(current->series[i]);
        follow(&current, fresh, ARRAY_SIZE(fresh), n_removed);
        for (size_t i = 0; i < current->n_series; i++) {
            assert_int_equal(series_state(current->series[i]), SERIES_LIVE);
            assert_true(i == 0 || series_compare(current->series[i - 1], current->series[i]) <= 0);
        }
    }
    assert_int_equal(current->n_series, 2000 + 2000 - 2000 / 3 - 1 - (3333 + 2) / 3 + 2000);
    end(current);
}

static void drop_a_reader_too_many(void)
{
    struct snapshot *snapshot = snapshot_new_empty();

    atomic_store(&snapshot->readers, 0);
    snapshot_unref(snapshot);
}

/* Follow a list of two series, @n of which are removed, but @n_removed is what it is told. */
static void follow_miscounted(unsigned n, size_t n_removed)
{
    struct snapshot *current = snapshot_new_empty();
    struct series *fresh[] = { new_series("a", ""), new_series("b", "") };

    follow(&current, fresh, 2, 0);
    for (unsigned i = 0; i < n; i++)
        remove_series(current->series[i]);
    follow(&current, NULL, 0, n_removed);
}

static void remove_more_than_counted(void)
{
    follow_miscounted(2, 1);
}

static void remove_fewer_than_counted(void)
{
    follow_miscounted(1, 2);
}

static void a_reader_too_many_aborts(void **state)
{
    assert_aborts(drop_a_reader_too_many, "before > 0u does not hold: 0 and 0");
}

static void a_wrong_number_of_removed_series_aborts(void **state)
{
    assert_aborts(remove_more_than_counted, "*n_removed > (size_t)0 does not hold: 0 and 0");
    assert_aborts(remove_fewer_than_counted, "n_removed == (size_t)0 does not hold: 1 and 0");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(an_empty_one_has_nothing_and_one_reference),
        CASE(sorts_fresh_series_in),
        CASE(sorts_series_of_one_family_by_labels),
        CASE(finds_its_families),
        CASE(the_old_one_stays_as_it_was),
        CASE(it_leaves_some_out_if_nobody_else_can_see_them),
        CASE(gives_the_old_one_a_reference_on_the_new),
        CASE(a_list_that_nobody_reads_is_given_back),
        CASE(all_may_be_removed_at_once),
        CASE(a_series_may_come_again_as_its_namesake_goes),
        CASE(a_removed_series_goes_with_the_last_that_can_see_it),
        CASE(several_are_released_in_every_order),
        CASE(a_long_chain_goes_at_once),
        CASE(many_fresh_and_removed_ones_merge_in_order),
        CASE(a_reader_too_many_aborts),
        CASE(a_wrong_number_of_removed_series_aborts),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
