/* SPDX-License-Identifier: Apache-2.0 */

#include "abort.h"
#include "registry_setup.h"

#include "aggregate/counter.h"
#include "aggregate/gauge.h"
#include "aggregate/histogram.h"
#include "aggregate/series.h"
#include "aggregate/set.h"

/* A series of a family of its own. */
static struct series *new_series(const char *name, enum sample_type type, const char *labels)
{
    struct family *family = new_family(name, type);
    struct series *series = series_new(family, slice_of(labels), 3);

    assert_non_null(series);
    family_unref(family);
    return series;
}

/* A cell, whose reference stays with the worker. */
static struct cell *add_cell(struct series *series, unsigned worker)
{
    assert_true(series_add_cell(series, worker));
    assert_non_null(series->cells[worker]);
    return series->cells[worker];
}

/* Give back the references of the workers, and the first one. */
static void drop(struct series *series)
{
    series_release_workers(series);
    series_unref(series);
}

static struct reading read_series(struct series *series)
{
    struct reading reading;

    memset(&reading, 0x5a, sizeof(reading));
    series_read(series, &reading);
    return reading;
}

static void a_new_series_has_one_reference_and_no_cells(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "a=\"1\"");

    assert_int_equal(series->refs, 1);
    assert_int_equal(series->n_cells, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_null(series->cells[i]);
    assert_int_equal(series->family->refs, 1);
    assert_int_equal(series_state(series), SERIES_LIVE);
    series_unref(series);
}

static void copies_the_labels(void **state)
{
    char labels[] = "a=\"1\"";
    struct series *series = new_series("x", SAMPLE_COUNTER, labels);

    memset(labels, '#', sizeof(labels) - 1);
    assert_slice_equal(series_labels(series), "a=\"1\"");
    series_unref(series);
}

static void says_how_many_bytes_it_takes(void **state)
{
    size_t empty = series_size(SLICE(""), 0);

    assert_true(empty >= sizeof(struct series));
    assert_int_equal(series_size(SLICE("abc"), 0), empty + 3);
    assert_int_equal(series_size(SLICE(""), 4), empty + 4 * sizeof(struct cell *));
}

static void a_reading_without_cells_is_0(void **state)
{
    struct series *counter = new_series("x", SAMPLE_COUNTER, "");
    struct series *gauge = new_series("x", SAMPLE_GAUGE, "");
    struct series *histogram = new_series("x", SAMPLE_TIMER, "");
    struct series *set = new_series("x", SAMPLE_SET, "");

    assert_true(read_series(set).value == 0);
    assert_true(read_series(counter).value == 0);
    assert_true(read_series(gauge).value == 0);
    assert_true(read_series(histogram).sum == 0);
    for (unsigned i = 0; i <= buckets->n; i++)
        assert_int_equal(read_series(histogram).counts[i], 0);
    series_unref(set);
    series_unref(histogram);
    series_unref(gauge);
    series_unref(counter);
}

static void a_counter_is_the_sum_over_its_cells(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");
    struct counter_cell *first = (struct counter_cell *)add_cell(series, 0);
    struct counter_cell *last = (struct counter_cell *)add_cell(series, 2);

    assert_int_equal(counter_record(first, 1.5), VERDICT_APPLIED);
    assert_int_equal(counter_record(last, 2), VERDICT_APPLIED);
    assert_true(read_series(series).value == 3.5);
    drop(series);
}

static void a_gauge_is_its_newest_set(void **state)
{
    struct series *series = new_series("x", SAMPLE_GAUGE, "");
    struct gauge_cell *first = (struct gauge_cell *)add_cell(series, 0);
    struct gauge_cell *last = (struct gauge_cell *)add_cell(series, 2);

    gauge_set(first, 7, 20);
    gauge_set(last, 5, 10);
    assert_int_equal(gauge_add(last, series->cells, 3, 1, 30), VERDICT_APPLIED);
    assert_true(read_series(series).value == 8);
    drop(series);
}

static void a_histogram_is_the_sum_over_its_cells(void **state)
{
    struct series *series = new_series("x", SAMPLE_HISTOGRAM, "");
    struct histogram_cell *first = (struct histogram_cell *)add_cell(series, 1);
    struct histogram_cell *last = (struct histogram_cell *)add_cell(series, 2);
    struct reading reading;

    assert_int_equal(histogram_record(first, 1, 2), VERDICT_APPLIED);
    assert_int_equal(histogram_record(last, 99, 1), VERDICT_APPLIED);
    reading = read_series(series);
    assert_true(reading.sum == 101);
    assert_int_equal(reading.counts[7], 2);
    assert_int_equal(reading.counts[11], 1);
    drop(series);
}

static void a_set_is_what_its_cells_have_seen_together(void **state)
{
    struct series *series = new_series("x", SAMPLE_SET, "");
    struct set_cell *first = (struct set_cell *)add_cell(series, 0);
    struct set_cell *last = (struct set_cell *)add_cell(series, 2);

    assert_int_equal(set_record(first, 11), VERDICT_APPLIED);
    assert_int_equal(set_record(first, 12), VERDICT_APPLIED);
    assert_int_equal(set_record(last, 12), VERDICT_APPLIED);
    assert_int_equal(set_record(last, 13), VERDICT_APPLIED);
    assert_true(read_series(series).value == 3);
    drop(series);
}

static void a_cell_is_of_the_type_of_its_family(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");
    struct cell *cell = add_cell(series, 1);

    assert_ptr_equal(cell_series(cell), series);
    assert_null(series->cells[0]);
    assert_null(series->cells[2]);
    assert_false(cell_must_ask(cell));
    assert_int_equal(series_touched_ns(series), 0);
    drop(series);
}

static void each_cell_is_a_reference_of_its_worker(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");

    add_cell(series, 0);
    assert_int_equal(series->refs, 2);
    add_cell(series, 2);
    assert_int_equal(series->refs, 3);
    drop(series);
}

static void references_of_workers_that_have_ended_can_be_given_back(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");
    struct cell *first = add_cell(series, 0);

    add_cell(series, 1);
    add_cell(series, 2);
    cell_touch(first, CELL_RELEASED); /* this worker has given back its own */
    series_unref(series);
    series_release_workers(series);
    assert_int_equal(series->refs, 1);
    series_release_workers(series); /* all have given back theirs */
    assert_int_equal(series->refs, 1);
    series_unref(series);
}

/* The workers' references may be the only ones. */
/* Three series of one family; the last one joined comes first in it. */
static void join_three(struct series *ret[3])
{
    struct family *family = new_family("x", SAMPLE_COUNTER);

    for (unsigned i = 0; i < 3; i++) {
        ret[i] = series_new(family, SLICE(""), 1);
        series_join_family(ret[i]);
    }
    family_unref(family);
}

static void unref_three(struct series *series[3])
{
    for (unsigned i = 0; i < 3; i++)
        series_unref(series[i]);
}

static void may_leave_its_family_and_join_it_again(void **state)
{
    struct series *series[3];

    join_three(series);
    for (unsigned i = 0; i < 3; i++) {
        series_leave_family(series[i]);
        series_join_family(series[i]);
        series_leave_family(series[i]);
        series_join_family(series[i]);
    }
    assert_int_equal(series[0]->family->n_series, 3);
    for (unsigned i = 0; i < 3; i++)
        series_leave_family(series[i]);
    assert_null(series[0]->family->series);
    unref_three(series);
}

static void a_walk_passes_over_what_leaves_and_what_joins(void **state)
{
    struct family_walk walk, other;
    struct series *series[3], *next;

    join_three(series);
    series_walk_begin(&walk, series[0]->family);
    series_walk_begin(&other, series[0]->family);
    assert_ptr_equal(series_walk_next(&walk), series[2]);
    series_leave_family(series[1]);
    next = series_new(series[0]->family, SLICE(""), 1);
    series_join_family(next);
    assert_ptr_equal(series_walk_next(&walk), series[0]);
    assert_null(series_walk_next(&walk));
    series_walk_end(&walk);
    assert_ptr_equal(series_walk_next(&other), series[2]);
    series_leave_family(series[0]);
    assert_null(series_walk_next(&other));
    series_walk_end(&other);
    assert_null(series[0]->family->walks);
    series_unref(next);
    unref_three(series);
}

/* The walk has a reference on the family. */
static void a_walk_may_outlive_all_series(void **state)
{
    struct family_walk walk;
    struct series *series[3];

    join_three(series);
    series_walk_begin(&walk, series[0]->family);
    for (unsigned i = 0; i < 3; i++)
        series_leave_family(series[i]);
    unref_three(series);
    assert_null(series_walk_next(&walk));
    assert_int_equal(walk.family->refs, 1);
    series_walk_end(&walk);
}

static void goes_with_the_last_worker(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");
    struct family *family = series->family;

    family_ref(family);
    add_cell(series, 0);
    add_cell(series, 1);
    series_unref(series);
    assert_int_equal(series->refs, 2);
    series_release_workers(series);
    assert_int_equal(family->refs, 1); /* so the series is freed */
    family_unref(family);
}

static void every_cell_shows_whether_its_worker_must_ask(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");
    struct cell *first = add_cell(series, 0), *last = add_cell(series, 2);

    series_set_state(series, SERIES_EXPIRING);
    assert_true(cell_must_ask(first) && cell_must_ask(last));
    series_set_state(series, SERIES_LIVE);
    assert_false(cell_must_ask(first) || cell_must_ask(last));
    series_set_state(series, SERIES_ENDED);
    assert_true(cell_must_ask(first) && cell_must_ask(last));
    series_set_state(series, SERIES_REMOVED);
    assert_true(cell_must_ask(first) && cell_must_ask(last));
    drop(series);
}

static void what_has_ended_may_come_back(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");
    struct cell *cell = add_cell(series, 0);

    series_set_state(series, SERIES_ENDED);
    assert_true(cell_must_ask(cell));
    series_set_state(series, SERIES_LIVE);
    assert_false(cell_must_ask(cell));
    assert_true(series_is_registered(series));
    series_release_workers(series);
    series_unref(series);
}

static void is_registered_until_it_is_ended_or_removed(void **state)
{
    struct series *ended = new_series("x", SAMPLE_COUNTER, "");
    struct series *expired = new_series("x", SAMPLE_COUNTER, "");

    assert_true(series_is_registered(ended));
    series_set_state(ended, SERIES_ENDED);
    assert_false(series_is_registered(ended));
    series_set_state(expired, SERIES_EXPIRING);
    assert_true(series_is_registered(expired));
    series_set_state(expired, SERIES_REMOVED);
    assert_false(series_is_registered(expired));
    series_unref(expired);
    series_unref(ended);
}

/* --- memory --------------------------------------------------------------------------- */

static void counts_its_memory_where_the_family_does(void **state)
{
    static const enum sample_type types[] = { SAMPLE_COUNTER, SAMPLE_GAUGE, SAMPLE_TIMER,
                                              SAMPLE_SET };

    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        struct family *family = new_family("x", types[i]);
        size_t cell = kind_cell_size(family->type, buckets), base = family->size;
        size_t empty = series_size(SLICE("a=\"1\""), 3);
        struct series *series;
        struct budget budget = { 0 };

        family_set_budget(family, &budget, 0);
        series = series_new(family, SLICE("a=\"1\""), 3);
        family_unref(family);
        assert_int_equal(budget.held_bytes, base + empty);
        add_cell(series, 0);
        add_cell(series, 2);
        assert_int_equal(budget.held_bytes, base + empty + 2 * cell);
        series_ref(series);
        drop(series);
        assert_int_equal(budget.held_bytes, base + empty + 2 * cell); /* one reference is left */
        series_unref(series);
        assert_int_equal(budget.held_bytes, 0);
    }
}

static void the_memory_of_a_family_is_held_by_its_series(void **state)
{
    struct family *family = new_family("x", SAMPLE_COUNTER);
    struct series *first, *second;
    struct budget budget = { 0 };

    family_set_budget(family, &budget, 0);
    first = series_new(family, SLICE(""), 1);
    second = series_new(family, SLICE("a=\"1\""), 1);
    family_unref(family);
    series_unref(first);
    assert_int_equal(budget.held_bytes, family->size + series_size(SLICE("a=\"1\""), 1));
    series_free(second);
    assert_int_equal(budget.held_bytes, 0);
}

static void was_touched_when_the_newest_cell_was(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");

    assert_int_equal(series_touched_ns(series), 0);
    atomic_store(&add_cell(series, 1)->touched_ns, 7);
    assert_int_equal(series_touched_ns(series), 7);
    atomic_store(&add_cell(series, 0)->touched_ns, INT64_MAX);
    atomic_store(&add_cell(series, 2)->touched_ns, 3);
    assert_int_equal(series_touched_ns(series), INT64_MAX);
    drop(series);
}

static void lives_until_the_last_reference_goes(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");
    struct family *family = series->family;

    family_ref(family);
    add_cell(series, 0);
    series_ref(series);
    series_unref(series);
    series_unref(series);
    assert_int_equal(series->refs, 1); /* the worker's */
    assert_true(read_series(series).value == 0);
    series_unref(series);
    assert_int_equal(family->refs, 1);
    family_unref(family);
}

static void free_does_not_ask_for_references(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");

    add_cell(series, 1);
    series_ref(series);
    series_free(series);
}

static void assert_before(const char *name, const char *labels, const char *next_name,
                          const char *next_labels)
{
    struct series *first = new_series(name, SAMPLE_COUNTER, labels);
    struct series *second = new_series(next_name, SAMPLE_GAUGE, next_labels);

    assert_true(series_compare(first, second) < 0);
    assert_true(series_compare(second, first) > 0);
    assert_true(series_compare(first, first) == 0);
    series_unref(second);
    series_unref(first);
}

static void sorts_by_name_then_by_labels_as_bytes(void **state)
{
    assert_before("a", "z=\"1\"", "b", "a=\"1\"");
    assert_before("a", "", "aa", "");
    assert_before("Z", "", "a", "");
    assert_before("a", "", "a", "x=\"1\"");
    assert_before("a", "x=\"1\"", "a", "x=\"10\"");
    assert_before("a", "x=\"a\"", "a", "x=\"\xc3\xa4\"");
}

/* The memory for one series and all its cells is counted before it is allocated. */
static void a_series_may_use_what_its_family_has_prepaid(void **state)
{
    struct family *family = new_family("x", SAMPLE_COUNTER);
    size_t reserve = series_size(SLICE("a"), 2) + 2 * kind_cell_size(METRIC_COUNTER, NULL);
    struct series *first, *second;
    struct budget budget = { 0 };
    size_t before;

    family_set_budget(family, &budget, reserve);
    before = budget.held_bytes;
    first = series_new(family, SLICE("a"), 2);
    series_use_prepaid(first);
    assert_int_equal(budget.held_bytes, before);
    add_cell(first, 0);
    add_cell(first, 1);
    assert_int_equal(budget.held_bytes, before);
    second = series_new(family, SLICE("b"), 2);
    series_use_prepaid(second); /* which the first one has */
    add_cell(second, 1);
    assert_int_equal(budget.held_bytes,
                     before + series_size(SLICE("b"), 2) + kind_cell_size(METRIC_COUNTER, NULL));
    drop(second);
    assert_int_equal(budget.held_bytes, before);
    drop(first);
    assert_int_equal(budget.held_bytes, before);
    first = series_new(family, SLICE("c"), 2);
    series_use_prepaid(first); /* it is free again */
    assert_int_equal(budget.held_bytes, before);
    drop(first);
    family_unref(family);
    assert_int_equal(budget.held_bytes, 0);
}

static void what_is_not_prepaid_is_counted(void **state)
{
    struct family *family = new_family("x", SAMPLE_COUNTER);
    struct series *series;
    struct budget budget = { 0 };

    family_set_budget(family, &budget, 0);
    series = series_new(family, SLICE(""), 1);
    family_unref(family);
    series_use_prepaid(series);
    add_cell(series, 0);
    assert_int_equal(budget.held_bytes, family->size + series_size(SLICE(""), 1) +
                                            kind_cell_size(METRIC_COUNTER, NULL));
    drop(series);
    assert_int_equal(budget.held_bytes, 0);
}

/* --- what must not be ------------------------------------------------------------------ */

static void drop_a_reference_that_nobody_has(void)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");

    atomic_store(&series->refs, 0);
    series_unref(series);
}

static void expire_what_has_ended(void)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");

    series_set_state(series, SERIES_ENDED);
    series_set_state(series, SERIES_EXPIRING);
}

static void revive_what_was_removed(void)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");

    series_set_state(series, SERIES_EXPIRING);
    series_set_state(series, SERIES_REMOVED);
    series_set_state(series, SERIES_LIVE);
}

static void remove_what_is_live(void)
{
    series_set_state(new_series("x", SAMPLE_COUNTER, ""), SERIES_REMOVED);
}

static void a_reference_too_many_aborts(void **state)
{
    assert_aborts(drop_a_reference_that_nobody_has, "refs > 0u does not hold: 0 and 0");
}

static void only_steps_between_states_are_taken(void **state)
{
    assert_aborts(expire_what_has_ended, "is_step(before, state) does not hold");
    assert_aborts(revive_what_was_removed, "is_step(before, state) does not hold");
    assert_aborts(remove_what_is_live, "is_step(before, state) does not hold");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_new_series_has_one_reference_and_no_cells),
        CASE(copies_the_labels),
        CASE(says_how_many_bytes_it_takes),
        CASE(a_reading_without_cells_is_0),
        CASE(a_counter_is_the_sum_over_its_cells),
        CASE(a_gauge_is_its_newest_set),
        CASE(a_histogram_is_the_sum_over_its_cells),
        CASE(a_set_is_what_its_cells_have_seen_together),
        CASE(a_cell_is_of_the_type_of_its_family),
        CASE(each_cell_is_a_reference_of_its_worker),
        CASE(references_of_workers_that_have_ended_can_be_given_back),
        CASE(may_leave_its_family_and_join_it_again),
        CASE(a_walk_passes_over_what_leaves_and_what_joins),
        CASE(a_walk_may_outlive_all_series),
        CASE(goes_with_the_last_worker),
        CASE(every_cell_shows_whether_its_worker_must_ask),
        CASE(what_has_ended_may_come_back),
        CASE(is_registered_until_it_is_ended_or_removed),
        CASE(counts_its_memory_where_the_family_does),
        CASE(the_memory_of_a_family_is_held_by_its_series),
        CASE(a_series_may_use_what_its_family_has_prepaid),
        CASE(what_is_not_prepaid_is_counted),
        CASE(was_touched_when_the_newest_cell_was),
        CASE(lives_until_the_last_reference_goes),
        CASE(free_does_not_ask_for_references),
        CASE(sorts_by_name_then_by_labels_as_bytes),
        CASE(a_reference_too_many_aborts),
        CASE(only_steps_between_states_are_taken),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
