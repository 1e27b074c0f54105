/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "aggregate/view.h"

static struct view view;
static struct fresh_list registry_fresh; /* as the registry has it */
static bool has_memory = true;

void *__wrap_calloc(size_t n, size_t size);
void *__real_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
    return has_memory ? __real_calloc(n, size) : NULL;
}

/* A fresh series of a family of its own, with the reference of the snapshots. */
static struct series *add_series(const char *name)
{
    struct identity identity = { .family = slice_of(name), .sent_as = slice_of(name) };
    struct family *family = family_new(&identity, NULL);
    struct series *series;

    assert_non_null(family);
    series = series_new(family, SLICE(""), 1);
    assert_non_null(series);
    family_unref(family);
    fresh_add(&registry_fresh, series);
    return series;
}

/* As a sweep does. */
static void remove_series(struct series *series)
{
    series_set_state(series, SERIES_EXPIRING);
    series_set_state(series, SERIES_REMOVED);
    view.n_to_leave_out++;
}

static void follow(void)
{
    struct fresh_list fresh = fresh_take(&registry_fresh);

    assert_true(view_follow(&view, &fresh));
}

static void assert_has(const struct series *series, size_t i)
{
    assert_true(i < view.current->n_series);
    assert_ptr_equal(view.current->series[i], series);
}

static void begins_empty(void **state)
{
    assert_int_equal(view.current->n_series, 0);
}

static void takes_fresh_series(void **state)
{
    struct series *b = add_series("b"), *a = add_series("a");

    follow();
    assert_int_equal(view.current->n_series, 2);
    assert_has(a, 0);
    assert_has(b, 1);
}

static void stays_as_it_is_if_nothing_has_changed(void **state)
{
    const struct snapshot *before;

    add_series("a");
    follow();
    before = view.current;
    follow();
    assert_ptr_equal(view.current, before);
}

static void leaves_out_what_was_removed(void **state)
{
    struct series *a = add_series("a"), *b = add_series("b");

    follow();
    remove_series(a);
    follow();
    assert_int_equal(view.n_to_leave_out, 0);
    assert_int_equal(view.current->n_series, 1);
    assert_has(b, 0);
}

/* A series that was removed before a snapshot had it must not reach one. */
static void never_shows_what_was_removed_while_fresh(void **state)
{
    struct series *a = add_series("a"), *b = add_series("b");

    remove_series(a);
    follow();
    assert_int_equal(view.n_to_leave_out, 0);
    assert_int_equal(view.current->n_series, 1);
    assert_has(b, 0);
}

static void without_memory_the_fresh_series_come_later(void **state)
{
    struct series *a = add_series("a");
    struct fresh_list fresh = fresh_take(&registry_fresh);

    has_memory = false;
    assert_false(view_follow(&view, &fresh));
    has_memory = true;
    assert_int_equal(view.current->n_series, 0);
    fresh_put_back(&registry_fresh, fresh);
    follow();
    assert_has(a, 0);
}

/* So memory comes back although there is none for the next snapshot. */
static void without_memory_the_removed_ones_go_all_the_same(void **state)
{
    struct series *a = add_series("a"), *b = add_series("b"), *fresh_one, *c;
    struct fresh_list fresh;

    follow();
    fresh_one = add_series("fresh");
    c = add_series("c");
    series_ref(a);
    remove_series(a);
    remove_series(fresh_one);
    fresh = fresh_take(&registry_fresh);
    has_memory = false;
    assert_false(view_follow(&view, &fresh));
    has_memory = true;
    assert_int_equal(view.n_to_leave_out, 0);
    assert_int_equal(view.current->n_series, 1);
    assert_has(b, 0);
    assert_int_equal(a->refs, 1);
    series_unref(a);
    fresh_put_back(&registry_fresh, fresh);
    follow();
    assert_int_equal(view.current->n_series, 2);
    assert_has(c, 1);
}

static void what_is_read_is_left_out_later(void **state)
{
    struct series *a = add_series("a"), *b = add_series("b");
    struct fresh_list none = { 0 };
    struct snapshot *reader;

    follow();
    reader = view_share(&view);
    remove_series(a);
    view_leave_out(&view, &none);
    assert_int_equal(view.n_to_leave_out, 1);
    assert_int_equal(reader->n_series, 2);
    snapshot_unref(reader);
    view_leave_out(&view, &none);
    assert_int_equal(view.n_to_leave_out, 0);
    assert_int_equal(view.current->n_series, 1);
    assert_has(b, 0);
}

static void shares_the_current_snapshot(void **state)
{
    struct snapshot *shared = view_share(&view);

    add_series("a");
    follow();
    assert_int_equal(shared->n_series, 0);
    assert_true(shared != view.current);
    snapshot_unref(shared);
}

/* What is still registered is not the view's: the registry frees it. */
static void releases_what_is_no_longer_registered(void **state)
{
    struct series *shown = add_series("shown"), *fresh, *kept = add_series("kept");

    follow();
    fresh = add_series("fresh");
    series_ref(shown);
    series_ref(fresh);
    remove_series(shown);
    remove_series(fresh);
    view_deinit(&view, &registry_fresh);
    assert_int_equal(shown->refs, 1);
    assert_int_equal(fresh->refs, 1);
    assert_int_equal(kept->refs, 1);
    series_unref(shown);
    series_unref(fresh);
    series_unref(kept);
    registry_fresh = (struct fresh_list){ 0 };
    assert_int_equal(view_init(&view), 0);
}

static int begin(void **state)
{
    registry_fresh = (struct fresh_list){ 0 };
    return view_init(&view);
}

/* Free the series that are still registered, as the registry does, and the view. */
static int end(void **state)
{
    struct snapshot *last;

    follow();
    last = view_share(&view);
    view_deinit(&view, &registry_fresh);
    for (size_t i = 0; i < last->n_series; i++)
        series_unref(last->series[i]);
    snapshot_unref(last);
    return 0;
}

#define VIEW_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        VIEW_CASE(begins_empty),
        VIEW_CASE(takes_fresh_series),
        VIEW_CASE(stays_as_it_is_if_nothing_has_changed),
        VIEW_CASE(leaves_out_what_was_removed),
        VIEW_CASE(never_shows_what_was_removed_while_fresh),
        VIEW_CASE(without_memory_the_fresh_series_come_later),
        VIEW_CASE(without_memory_the_removed_ones_go_all_the_same),
        VIEW_CASE(what_is_read_is_left_out_later),
        VIEW_CASE(shares_the_current_snapshot),
        VIEW_CASE(releases_what_is_no_longer_registered),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
