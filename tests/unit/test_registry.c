/* SPDX-License-Identifier: Apache-2.0 */

#include "admit.h"

/* --- admission --------------------------------------------------------------------- */

static void is_empty_at_first(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct registry_counts counts = registry_count(registry);
    struct snapshot *snapshot = registry_snapshot(registry);

    assert_int_equal(counts.families + counts.bytes, 0);
    assert_int_equal(snapshot->n_series, 0);
    snapshot_unref(snapshot);
}

static void the_same_identity_has_the_same_cell(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\"");

    assert_ptr_equal(admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\""), cell);
    assert_ptr_not_equal(admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"2\""), cell);
    assert_ptr_not_equal(admit(registry, 0, "y", SAMPLE_COUNTER, "a=\"1\""), cell);
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 3);
    assert_int_equal(registry_count(registry).families, 2);
}

static void each_worker_has_a_cell_of_its_own_in_one_series(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *first = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    struct cell *second = admit(registry, 1, "x", SAMPLE_COUNTER, "");

    assert_ptr_not_equal(first, second);
    assert_ptr_equal(cell_series(first), cell_series(second));
    assert_ptr_equal(cell_series(first)->cells[1], second);
    assert_int_equal(cell_series(first)->refs, 3); /* the snapshots' one, and each worker's */
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 1);
}

static void a_worker_has_one_reference_however_often_it_asks(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, "");

    for (unsigned i = 0; i < 10; i++)
        admit(registry, 0, "x", SAMPLE_COUNTER, "");
    assert_int_equal(cell_series(cell)->refs, 2);
}

static void timers_histograms_and_distributions_share_a_family(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_TIMER, "");

    assert_ptr_equal(admit(registry, 0, "x", SAMPLE_HISTOGRAM, ""), cell);
    assert_ptr_equal(admit(registry, 0, "x", SAMPLE_DISTRIBUTION, ""), cell);
}

static void copies_what_it_is_given(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    char name[] = "name", labels[] = "a=\"1\"";
    struct cell *cell = admit(registry, 0, name, SAMPLE_COUNTER, labels);

    memset(name, '#', sizeof(name) - 1);
    memset(labels, '#', sizeof(labels) - 1);
    assert_slice_equal(cell_series(cell)->family->name, "name");
    assert_slice_equal(cell_series(cell)->family->texts->sent_as, "name");
    assert_slice_equal(series_labels(cell_series(cell)), "a=\"1\"");
}

static void the_first_type_wins(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();

    admit(registry, 0, "x", SAMPLE_GAUGE, "");
    assert_int_equal(try_admit(registry, 1, "x", SAMPLE_COUNTER, ""), REFUSED_TYPE_CONFLICT);
    assert_int_equal(try_admit(registry, 0, "x", SAMPLE_TIMER, "a=\"1\""), REFUSED_TYPE_CONFLICT);
    assert_int_equal(registry_count(registry).families, 1);
}

static void the_first_type_wins_until_the_last_series_goes(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *first = admit(registry, 0, "x", SAMPLE_HISTOGRAM, "a=\"1\"");
    struct cell *second = admit(registry, 0, "x", SAMPLE_HISTOGRAM, "a=\"2\"");
    struct snapshot *snapshot = registry_snapshot(registry);

    snapshot_unref(snapshot);
    remove_series(registry, first);
    assert_int_equal(try_admit(registry, 0, "x", SAMPLE_COUNTER, ""), REFUSED_TYPE_CONFLICT);
    assert_int_equal(try_admit(registry, 0, "x_sum", SAMPLE_COUNTER, ""), REFUSED_TYPE_CONFLICT);
    remove_series(registry, second);
    assert_int_equal(registry_count(registry).families, 0);
    admit(registry, 0, "x_sum", SAMPLE_GAUGE, "");
    admit(registry, 0, "x", SAMPLE_COUNTER, "");
}

static void a_histogram_conflicts_with_its_own_lines_in_both_orders(void **state)
{
    static const char *const suffixed[] = { "x_bucket", "x_sum", "x_count" };

    for (unsigned i = 0; i < ARRAY_SIZE(suffixed); i++) {
        CLEANUP(registry_freep) struct registry *first = new_large_registry();
        CLEANUP(registry_freep) struct registry *second = new_large_registry();

        admit(first, 0, "x", SAMPLE_TIMER, "");
        assert_int_equal(try_admit(first, 0, suffixed[i], SAMPLE_COUNTER, ""),
                         REFUSED_TYPE_CONFLICT);
        admit(second, 0, suffixed[i], SAMPLE_COUNTER, "");
        assert_int_equal(try_admit(second, 0, "x", SAMPLE_TIMER, ""), REFUSED_TYPE_CONFLICT);
        assert_int_equal(registry_count(second).families, 1);
    }
}

/* --- reserved names -------------------------------------------------------------------- */

static void reserved_names_are_refused(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();

    assert_int_equal(registry_reserve(registry, SLICE("own"), METRIC_HISTOGRAM), 0);
    assert_int_equal(try_admit(registry, 0, "own", SAMPLE_HISTOGRAM, ""), REFUSED_RESERVED_NAME);
    assert_int_equal(try_admit(registry, 0, "own_sum", SAMPLE_GAUGE, ""), REFUSED_RESERVED_NAME);
    assert_int_equal(registry_count(registry).families, 0);
    admit(registry, 0, "own_total", SAMPLE_COUNTER, "");
}

static void a_name_is_reserved_once(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();

    assert_int_equal(registry_reserve(registry, SLICE("own"), METRIC_GAUGE), 0);
    assert_int_equal(registry_reserve(registry, SLICE("own"), METRIC_GAUGE), -EEXIST);
    admit(registry, 0, "taken_count", SAMPLE_COUNTER, "");
    assert_int_equal(registry_reserve(registry, SLICE("taken"), METRIC_HISTOGRAM), -EEXIST);
    admit(registry, 0, "taken", SAMPLE_COUNTER, "");
}

/* --- snapshots ------------------------------------------------------------------------------ */

static void a_snapshot_has_all_series_in_order(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct snapshot *snapshot;

    admit(registry, 0, "z", SAMPLE_TIMER, "");
    admit(registry, 1, "a", SAMPLE_COUNTER, "x=\"2\"");
    snapshot_unref(registry_snapshot(registry));
    admit(registry, 0, "a", SAMPLE_COUNTER, "x=\"1\"");
    admit(registry, 0, "k", SAMPLE_GAUGE, "");
    snapshot = registry_snapshot(registry);
    assert_int_equal(snapshot->n_series, 4);
    assert_slice_equal(series_labels(snapshot->series[0]), "x=\"1\"");
    assert_slice_equal(series_labels(snapshot->series[1]), "x=\"2\"");
    assert_slice_equal(snapshot->series[2]->family->name, "k");
    assert_slice_equal(snapshot->series[3]->family->name, "z");
    snapshot_unref(snapshot);
}

static void nothing_new_gives_the_same_snapshot(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct snapshot *first, *second;

    admit(registry, 0, "x", SAMPLE_COUNTER, "");
    first = registry_snapshot(registry);
    admit(registry, 1, "x", SAMPLE_COUNTER, "");
    second = registry_snapshot(registry);
    assert_int_equal(first->n_series, 1);
    assert_ptr_equal(first, second);
    snapshot_unref(second);
    snapshot_unref(first);
}

static void a_snapshot_that_is_held_outlives_a_removal(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\"");
    struct snapshot *snapshot = registry_snapshot(registry), *next;
    struct reading reading;

    remove_series(registry, cell);
    admit(registry, 0, "x", SAMPLE_GAUGE, "a=\"1\"");
    next = registry_snapshot(registry);
    assert_int_equal(snapshot->n_series, 1);
    assert_int_equal(snapshot->series[0]->family->type, METRIC_COUNTER);
    assert_slice_equal(series_labels(snapshot->series[0]), "a=\"1\"");
    series_read(snapshot->series[0], &reading);
    assert_true(reading.value == 0);
    assert_int_equal(next->n_series, 1);
    assert_int_equal(next->series[0]->family->type, METRIC_GAUGE);
    snapshot_unref(next);
    snapshot_unref(snapshot);
}

/* --- expiring and being revived -------------------------------------------------------------- */

static void marking_says_so_in_every_cell(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *first = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    struct cell *second = admit(registry, 1, "x", SAMPLE_COUNTER, "");
    struct sweep_item item = { cell_series(first), series_touched_ns(cell_series(first)), false };

    atomic_store(&first->touched_ns, 7);
    item.touched_ns = 7;
    mark(registry, &item, 1);
    assert_true(cell_must_ask(first) && cell_must_ask(second));
    assert_true(registry_revive(registry, second, 0));
    assert_false(cell_must_ask(first) || cell_must_ask(second));
    end_sweep(&item, 1);
}

static void a_revived_series_is_not_removed(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    struct sweep_item item = { cell_series(cell), series_touched_ns(cell_series(cell)), false };

    snapshot_unref(registry_snapshot(registry));
    mark(registry, &item, 1);
    assert_true(registry_revive(registry, cell, 0));
    remove_expiring(registry, &item, 1);
    assert_int_equal(series_state(item.series), SERIES_LIVE);
    assert_ptr_equal(admit(registry, 0, "x", SAMPLE_COUNTER, ""), cell);
    end_sweep(&item, 1);
}

static void an_expiring_series_is_live_again_when_it_is_admitted_again(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    struct sweep_item item = { cell_series(cell), series_touched_ns(cell_series(cell)), false };

    snapshot_unref(registry_snapshot(registry));
    mark(registry, &item, 1);
    admit(registry, 1, "x", SAMPLE_COUNTER, "");
    assert_false(cell_must_ask(cell));
    remove_expiring(registry, &item, 1);
    assert_int_equal(series_state(item.series), SERIES_LIVE);
    end_sweep(&item, 1);
}

static void a_series_that_was_written_since_is_not_removed(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    struct sweep_item item = { cell_series(cell), series_touched_ns(cell_series(cell)), false };

    snapshot_unref(registry_snapshot(registry));
    mark(registry, &item, 1);
    atomic_store(&cell->touched_ns, 9);
    remove_expiring(registry, &item, 1);
    assert_int_equal(series_state(item.series), SERIES_LIVE);
    assert_false(cell_must_ask(cell));
    end_sweep(&item, 1);
}

static void it_is_too_late_to_revive_a_removed_series(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, ""), *again;
    struct sweep_item item = { cell_series(cell), series_touched_ns(cell_series(cell)), false };

    snapshot_unref(registry_snapshot(registry));
    mark(registry, &item, 1);
    remove_expiring(registry, &item, 1);
    assert_int_equal(series_state(item.series), SERIES_REMOVED);
    assert_false(registry_revive(registry, cell, 0));
    assert_true(cell_must_ask(cell));
    again = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    assert_ptr_not_equal(again, cell);
    assert_ptr_not_equal(cell_series(again), cell_series(cell));
    series_unref(cell_series(cell));
    end_sweep(&item, 1);
}

static void removes_more_than_one_batch(void **state)
{
    static struct sweep_item items[1000];
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    char labels[32];

    for (unsigned i = 0; i < ARRAY_SIZE(items); i++) {
        snprintf(labels, sizeof(labels), "i=\"%u\"", i);
        items[i].series = cell_series(admit(registry, 0, "x", SAMPLE_COUNTER, labels));
    }
    admit(registry, 0, "y", SAMPLE_COUNTER, "");
    snapshot_unref(registry_snapshot(registry));
    mark(registry, items, ARRAY_SIZE(items));
    remove_expiring(registry, items, ARRAY_SIZE(items));
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 1);
    assert_int_equal(registry_count(registry).families, 1);
    end_sweep(items, ARRAY_SIZE(items));
    end_sweep(items, ARRAY_SIZE(items)); /* the worker's references */
}

static void refuses_a_number_of_workers_that_no_series_could_hold(void **state)
{
    struct registry_options options = { .max_series = 1, .max_bytes = 1, .buckets = buckets };
    struct registry *registry = NULL;

    assert_int_equal(registry_new(&registry, &options), -EINVAL);
    options.n_workers = CELLS_MAX + 1;
    assert_int_equal(registry_new(&registry, &options), -EINVAL);
    assert_null(registry);
    options.n_workers = CELLS_MAX;
    assert_int_equal(registry_new(&registry, &options), 0);
    registry_free(registry);
}

static void free_accepts_null(void **state)
{
    registry_free(NULL);
}

/* --- conflicts ------------------------------------------------------------------------------ */

static void conflicts_are_noted(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    static struct conflicts conflicts; /* large */
    struct conflict latest;

    assert_false(registry_latest_conflict(registry, &latest));
    admit(registry, 0, "x", SAMPLE_TIMER, "");
    assert_int_equal(try_admit(registry, 0, "x", SAMPLE_SET, ""), REFUSED_TYPE_CONFLICT);
    assert_true(registry_latest_conflict(registry, &latest));
    assert_string_equal(latest.name, "x");
    assert_string_equal(latest.held_by, "x");
    assert_int_equal(latest.wanted, METRIC_SET);
    assert_int_equal(latest.held, METRIC_HISTOGRAM);
    assert_int_equal(latest.n_refused, 1);
    assert_int_equal(try_admit(registry, 1, "x_sum", SAMPLE_COUNTER, ""), REFUSED_TYPE_CONFLICT);
    assert_int_equal(try_admit(registry, 1, "x_sum", SAMPLE_COUNTER, "a=\"1\""),
                     REFUSED_TYPE_CONFLICT);
    assert_true(registry_latest_conflict(registry, &latest));
    assert_string_equal(latest.name, "x_sum");
    assert_string_equal(latest.held_by, "x");
    assert_int_equal(latest.n_refused, 2);
    registry_conflicts(registry, &conflicts);
    assert_int_equal(conflicts.n, 2);
    assert_int_equal(conflicts.n_refused, 3);
}

static void conflicts_with_declared_metrics_are_noted(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    const struct identity gauge = { .type = SAMPLE_GAUGE,
                                    .family = SLICE("x"),
                                    .declared_type = METRIC_COUNTER };
    struct conflict latest;

    registry_note_conflict(registry, &gauge);
    registry_note_conflict(registry, &gauge);
    assert_true(registry_latest_conflict(registry, &latest));
    assert_string_equal(latest.name, "x");
    assert_string_equal(latest.held_by, "x");
    assert_int_equal(latest.wanted, METRIC_GAUGE);
    assert_int_equal(latest.held, METRIC_COUNTER);
    assert_true(latest.is_declared);
    assert_int_equal(latest.n_refused, 2);
}

static enum verdict admit_spelled(struct registry *registry, const char *sent_as,
                                  enum sample_type type, const char *labels)
{
    struct identity identity = identity_of("a_b", type, labels);
    struct admission admission;

    identity.sent_as = slice_of(sent_as);
    return registry_admit(registry, 0, 0, &identity, &admission);
}

static void other_spellings_of_a_name_are_noted(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    static struct aliases aliases; /* large */
    struct snapshot *snapshot;

    assert_int_equal(admit_spelled(registry, "a.b", SAMPLE_COUNTER, ""), VERDICT_APPLIED);
    assert_int_equal(admit_spelled(registry, "a.b", SAMPLE_COUNTER, "x=\"1\""), VERDICT_APPLIED);
    admit(registry, 0, "c", SAMPLE_GAUGE, "");
    registry_aliases(registry, &aliases);
    assert_int_equal(aliases.n, 0);
    assert_int_equal(admit_spelled(registry, "a-b", SAMPLE_COUNTER, ""), VERDICT_APPLIED);
    assert_int_equal(admit_spelled(registry, "a+b", SAMPLE_GAUGE, ""), REFUSED_TYPE_CONFLICT);
    registry_aliases(registry, &aliases);
    assert_int_equal(aliases.n, 1);
    assert_int_equal(aliases.items[0].n_spellings, 3);
    snapshot = registry_snapshot(registry);
    for (size_t i = 0; i < snapshot->n_series; i++) {
        const struct family *family = snapshot->series[i]->family;

        assert_int_equal(family->has_aliases, slice_equal(family->name, SLICE("a_b")));
    }
    snapshot_unref(snapshot);
}

/* x_sum is a name of the family x, but not a spelling of it. */
static void a_name_of_another_family_is_no_spelling(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    static struct aliases aliases;

    admit(registry, 0, "x", SAMPLE_TIMER, "");
    assert_int_equal(try_admit(registry, 0, "x_sum", SAMPLE_GAUGE, ""), REFUSED_TYPE_CONFLICT);
    registry_aliases(registry, &aliases);
    assert_int_equal(aliases.n, 0);
}

/* The new one would be exposed under a name that another family has. */
static void a_new_histogram_is_refused_if_one_of_its_names_is_taken(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct conflict latest;

    admit(registry, 0, "x_count", SAMPLE_GAUGE, "");
    assert_int_equal(try_admit(registry, 0, "x", SAMPLE_TIMER, ""), REFUSED_TYPE_CONFLICT);
    assert_true(registry_latest_conflict(registry, &latest));
    assert_string_equal(latest.name, "x");
    assert_string_equal(latest.held_by, "x_count");
    assert_int_equal(latest.wanted, METRIC_HISTOGRAM);
    assert_int_equal(latest.held, METRIC_GAUGE);
}

static void other_refusals_are_no_conflicts(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 1, SIZE_MAX);
    struct conflict latest;

    assert_int_equal(registry_reserve(registry, SLICE("own"), METRIC_GAUGE), 0);
    assert_int_equal(try_admit(registry, 0, "own", SAMPLE_GAUGE, ""), REFUSED_RESERVED_NAME);
    admit(registry, 0, "x", SAMPLE_GAUGE, "");
    assert_int_equal(try_admit(registry, 0, "x", SAMPLE_GAUGE, "a=\"1\""), REFUSED_SERIES_LIMIT);
    assert_false(registry_latest_conflict(registry, &latest));
}

/* proto/README.md, section 11: of several reasons, the first in the list counts. */
static void at_the_limit_a_conflict_is_still_a_conflict(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 1, SIZE_MAX);

    assert_int_equal(registry_reserve(registry, SLICE("own_sum"), METRIC_GAUGE), 0);
    admit(registry, 0, "x_sum", SAMPLE_COUNTER, "");
    assert_int_equal(try_admit(registry, 0, "x_sum", SAMPLE_GAUGE, ""), REFUSED_TYPE_CONFLICT);
    assert_int_equal(try_admit(registry, 0, "own_sum", SAMPLE_GAUGE, ""), REFUSED_RESERVED_NAME);
}

/* Beyond the limit it does not get as far as claiming the names that others have. */
static void at_the_limit_a_name_that_is_new_is_beyond_it(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 1, SIZE_MAX);

    assert_int_equal(registry_reserve(registry, SLICE("own_sum"), METRIC_GAUGE), 0);
    admit(registry, 0, "x_sum", SAMPLE_COUNTER, "");
    assert_int_equal(try_admit(registry, 0, "x", SAMPLE_TIMER, ""), REFUSED_SERIES_LIMIT);
    assert_int_equal(try_admit(registry, 0, "own", SAMPLE_TIMER, ""), REFUSED_SERIES_LIMIT);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(is_empty_at_first),
        CASE(the_same_identity_has_the_same_cell),
        CASE(each_worker_has_a_cell_of_its_own_in_one_series),
        CASE(a_worker_has_one_reference_however_often_it_asks),
        CASE(timers_histograms_and_distributions_share_a_family),
        CASE(copies_what_it_is_given),
        CASE(the_first_type_wins),
        CASE(the_first_type_wins_until_the_last_series_goes),
        CASE(a_histogram_conflicts_with_its_own_lines_in_both_orders),
        CASE(reserved_names_are_refused),
        CASE(a_name_is_reserved_once),
        CASE(refuses_a_number_of_workers_that_no_series_could_hold),
        CASE(conflicts_are_noted),
        CASE(conflicts_with_declared_metrics_are_noted),
        CASE(other_spellings_of_a_name_are_noted),
        CASE(a_name_of_another_family_is_no_spelling),
        CASE(a_new_histogram_is_refused_if_one_of_its_names_is_taken),
        CASE(other_refusals_are_no_conflicts),
        CASE(at_the_limit_a_conflict_is_still_a_conflict),
        CASE(at_the_limit_a_name_that_is_new_is_beyond_it),
        CASE(a_snapshot_has_all_series_in_order),
        CASE(nothing_new_gives_the_same_snapshot),
        CASE(a_snapshot_that_is_held_outlives_a_removal),
        CASE(marking_says_so_in_every_cell),
        CASE(a_revived_series_is_not_removed),
        CASE(an_expiring_series_is_live_again_when_it_is_admitted_again),
        CASE(a_series_that_was_written_since_is_not_removed),
        CASE(it_is_too_late_to_revive_a_removed_series),
        CASE(removes_more_than_one_batch),
        CASE(free_accepts_null),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
