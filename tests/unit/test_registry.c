/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "aggregate/registry.h"

#include <errno.h>
#include <stdio.h>

static struct buckets *buckets;

static struct registry *new_registry(unsigned n_workers, size_t max_series, size_t max_bytes)
{
    const struct registry_options options = {
        .n_workers = n_workers,
        .max_series = max_series,
        .max_bytes = max_bytes,
        .seed = 42,
        .buckets = buckets,
    };
    struct registry *registry;

    assert_int_equal(registry_new(&registry, &options), 0);
    return registry;
}

static struct registry *new_large_registry(void)
{
    return new_registry(2, 1000000, SIZE_MAX);
}

static struct identity identity_of(const char *family, enum sample_type type, const char *labels)
{
    return (struct identity){
        .type = type,
        .family = slice_of(family),
        .labels = slice_of(labels),
        .sent_as = slice_of(family),
        .weight = 1,
    };
}

static enum verdict try_admit(struct registry *registry, unsigned worker, const char *family,
                              enum sample_type type, const char *labels)
{
    struct identity identity = identity_of(family, type, labels);
    struct cell *cell = NULL;
    enum verdict verdict = registry_admit(registry, worker, &identity, &cell);

    assert_int_equal(verdict == VERDICT_APPLIED, cell != NULL);
    return verdict;
}

static struct cell *admit(struct registry *registry, unsigned worker, const char *family,
                          enum sample_type type, const char *labels)
{
    struct identity identity = identity_of(family, type, labels);
    struct cell *cell = NULL;

    assert_int_equal(registry_admit(registry, worker, &identity, &cell), VERDICT_APPLIED);
    assert_non_null(cell);
    return cell;
}

/* Mark and remove these series, as a sweep does; each suspect holds a reference. */
static void mark(struct registry *registry, struct suspect *suspects, size_t n)
{
    for (size_t i = 0; i < n; i++)
        series_ref(suspects[i].series);
    registry_mark_dying(registry, suspects, n);
}

static void end_sweep(struct suspect *suspects, size_t n)
{
    for (size_t i = 0; i < n; i++)
        series_unref(suspects[i].series);
}

/* Remove the series of @cell, whose one worker lets go of it. */
static void remove_series(struct registry *registry, struct cell *cell)
{
    struct suspect suspect = { cell->series, series_touched_s(cell->series) };

    mark(registry, &suspect, 1);
    registry_remove_dying(registry, &suspect, 1);
    assert_true(suspect.series->is_removed);
    series_unref(suspect.series);
    end_sweep(&suspect, 1);
}

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
    assert_ptr_equal(first->series, second->series);
    assert_ptr_equal(first->series->cells[1], second);
    assert_int_equal(first->series->refs, 3); /* the snapshots' one, and each worker's */
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 1);
}

static void a_worker_has_one_reference_however_often_it_asks(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, "");

    for (unsigned i = 0; i < 10; i++)
        admit(registry, 0, "x", SAMPLE_COUNTER, "");
    assert_int_equal(cell->series->refs, 2);
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
    assert_slice_equal(cell->series->family->name, "name");
    assert_slice_equal(cell->series->family->sent_as, "name");
    assert_slice_equal(cell->series->labels, "a=\"1\"");
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
    struct identity own = identity_of("own", SAMPLE_HISTOGRAM, "");

    assert_int_equal(registry_reserve(registry, &own), 0);
    assert_int_equal(try_admit(registry, 0, "own", SAMPLE_HISTOGRAM, ""), REFUSED_RESERVED_NAME);
    assert_int_equal(try_admit(registry, 0, "own_sum", SAMPLE_GAUGE, ""), REFUSED_RESERVED_NAME);
    assert_int_equal(registry_count(registry).families, 0);
    admit(registry, 0, "own_total", SAMPLE_COUNTER, "");
}

static void a_name_is_reserved_once(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct identity own = identity_of("own", SAMPLE_GAUGE, "");
    struct identity taken = identity_of("taken", SAMPLE_GAUGE, "");

    assert_int_equal(registry_reserve(registry, &own), 0);
    assert_int_equal(registry_reserve(registry, &own), -EEXIST);
    admit(registry, 0, "taken_count", SAMPLE_COUNTER, "");
    taken.type = SAMPLE_HISTOGRAM;
    assert_int_equal(registry_reserve(registry, &taken), -EEXIST);
    admit(registry, 0, "taken", SAMPLE_COUNTER, "");
}

/* --- limits ------------------------------------------------------------------------------ */

static void refuses_a_series_beyond_the_limit(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(2, 2, SIZE_MAX);

    admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\"");
    admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"2\"");
    assert_int_equal(try_admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"3\""), REFUSED_SERIES_LIMIT);
    assert_int_equal(try_admit(registry, 0, "y", SAMPLE_GAUGE, ""), REFUSED_SERIES_LIMIT);
    admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"2\"");
    admit(registry, 1, "x", SAMPLE_COUNTER, "a=\"1\""); /* an old series, another worker */
}

static void a_refused_series_takes_no_name(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 1, SIZE_MAX);
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    size_t bytes = registry_count(registry).bytes;

    assert_int_equal(try_admit(registry, 0, "y", SAMPLE_TIMER, ""), REFUSED_SERIES_LIMIT);
    assert_int_equal(registry_count(registry).families, 1);
    assert_int_equal(registry_count(registry).bytes, bytes);
    snapshot_unref(registry_snapshot(registry));
    remove_series(registry, cell);
    admit(registry, 0, "y", SAMPLE_COUNTER, "");
}

static void a_removed_series_makes_room_for_another(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 1, SIZE_MAX);

    for (unsigned i = 0; i < 100; i++) {
        struct cell *cell = admit(registry, 0, i % 2 ? "x" : "y", SAMPLE_TIMER, "");

        snapshot_unref(registry_snapshot(registry));
        remove_series(registry, cell);
    }
    assert_int_equal(registry_count(registry).bytes, 0);
    assert_int_equal(registry_count(registry).families, 0);
    assert_int_equal(registry_count(registry).series[METRIC_HISTOGRAM], 0);
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

/* What a family with one series of one worker takes. */
static size_t bytes_of(enum sample_type type, const char *labels)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 10, SIZE_MAX);

    admit(registry, 0, "x", type, labels);
    return registry_count(registry).bytes;
}

/* What one more series of a family takes. */
static size_t more_bytes_of(enum sample_type type, const char *labels)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 10, SIZE_MAX);
    size_t before;

    admit(registry, 0, "x", type, "other=\"1\"");
    before = registry_count(registry).bytes;
    admit(registry, 0, "x", type, labels);
    return registry_count(registry).bytes - before;
}

static void counts_the_bytes_of_series_and_cells(void **state)
{
    size_t counter = series_size(SLICE("a=\"1\""), 1) + cell_size(METRIC_COUNTER, buckets);
    size_t timer = series_size(SLICE(""), 1) + cell_size(METRIC_HISTOGRAM, buckets);

    assert_int_equal(more_bytes_of(SAMPLE_COUNTER, "a=\"1\""), counter);
    assert_int_equal(more_bytes_of(SAMPLE_TIMER, ""), timer);
}

static void counts_the_bytes_of_a_family(void **state)
{
    /* Its struct at the least, and a histogram's four names. */
    assert_true(bytes_of(SAMPLE_COUNTER, "") >
                more_bytes_of(SAMPLE_COUNTER, "") + sizeof(struct family));
    assert_true(bytes_of(SAMPLE_TIMER, "") > more_bytes_of(SAMPLE_TIMER, "") +
                                                 sizeof(struct family) +
                                                 strlen("xx_bucketx_sumx_count"));
}

static void refuses_a_series_beyond_the_memory_limit(void **state)
{
    size_t bytes = bytes_of(SAMPLE_COUNTER, "");
    CLEANUP(registry_freep) struct registry *exact = new_registry(1, 10, 2 * bytes);
    CLEANUP(registry_freep) struct registry *scarce = new_registry(1, 10, 2 * bytes - 1);

    admit(exact, 0, "x", SAMPLE_COUNTER, "");
    admit(exact, 0, "y", SAMPLE_COUNTER, "");
    assert_int_equal(try_admit(exact, 0, "z", SAMPLE_COUNTER, ""), REFUSED_SERIES_LIMIT);
    admit(scarce, 0, "x", SAMPLE_COUNTER, "");
    assert_int_equal(try_admit(scarce, 0, "y", SAMPLE_COUNTER, ""), REFUSED_SERIES_LIMIT);
    assert_int_equal(registry_count(scarce).bytes, bytes);
}

static void cells_of_further_workers_keep_to_the_memory_limit(void **state)
{
    size_t max =
        bytes_of(SAMPLE_TIMER, "") + 7 * sizeof(void *) + cell_size(METRIC_HISTOGRAM, buckets);
    CLEANUP(registry_freep) struct registry *registry = new_registry(8, 10, max);

    for (unsigned worker = 0; worker < 8; worker++)
        (void)try_admit(registry, worker, "x", SAMPLE_TIMER, "");
    assert_int_equal(registry_count(registry).bytes, max);
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
    assert_slice_equal(snapshot->series[0]->labels, "x=\"1\"");
    assert_slice_equal(snapshot->series[1]->labels, "x=\"2\"");
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
    assert_slice_equal(snapshot->series[0]->labels, "a=\"1\"");
    series_read(snapshot->series[0], &reading);
    assert_true(reading.value == 0);
    assert_int_equal(next->n_series, 1);
    assert_int_equal(next->series[0]->family->type, METRIC_GAUGE);
    snapshot_unref(next);
    snapshot_unref(snapshot);
}

/* --- dying and being saved ------------------------------------------------------------------- */

static void marking_says_so_in_every_cell(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *first = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    struct cell *second = admit(registry, 1, "x", SAMPLE_COUNTER, "");
    struct suspect suspect = { first->series, series_touched_s(first->series) };

    atomic_store(&first->touched_s, 7);
    suspect.touched_s = 7;
    mark(registry, &suspect, 1);
    assert_true(first->is_dying && second->is_dying);
    assert_true(registry_save(registry, second));
    assert_false(first->is_dying || second->is_dying);
    end_sweep(&suspect, 1);
}

static void a_saved_series_is_not_removed(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    struct suspect suspect = { cell->series, series_touched_s(cell->series) };

    snapshot_unref(registry_snapshot(registry));
    mark(registry, &suspect, 1);
    assert_true(registry_save(registry, cell));
    registry_remove_dying(registry, &suspect, 1);
    assert_false(suspect.series->is_removed);
    assert_ptr_equal(admit(registry, 0, "x", SAMPLE_COUNTER, ""), cell);
    end_sweep(&suspect, 1);
}

static void a_dying_series_lives_on_when_it_is_admitted_again(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    struct suspect suspect = { cell->series, series_touched_s(cell->series) };

    snapshot_unref(registry_snapshot(registry));
    mark(registry, &suspect, 1);
    admit(registry, 1, "x", SAMPLE_COUNTER, "");
    assert_false(cell->is_dying);
    registry_remove_dying(registry, &suspect, 1);
    assert_false(suspect.series->is_removed);
    end_sweep(&suspect, 1);
}

static void a_series_that_was_written_since_is_not_removed(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    struct suspect suspect = { cell->series, series_touched_s(cell->series) };

    snapshot_unref(registry_snapshot(registry));
    mark(registry, &suspect, 1);
    atomic_store(&cell->touched_s, 9);
    registry_remove_dying(registry, &suspect, 1);
    assert_false(suspect.series->is_removed);
    assert_false(cell->is_dying);
    end_sweep(&suspect, 1);
}

static void it_is_too_late_to_save_a_removed_series(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, ""), *again;
    struct suspect suspect = { cell->series, series_touched_s(cell->series) };

    snapshot_unref(registry_snapshot(registry));
    mark(registry, &suspect, 1);
    registry_remove_dying(registry, &suspect, 1);
    assert_true(suspect.series->is_removed);
    assert_false(registry_save(registry, cell));
    assert_true(cell->is_dying);
    again = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    assert_ptr_not_equal(again, cell);
    assert_ptr_not_equal(again->series, cell->series);
    series_unref(cell->series);
    end_sweep(&suspect, 1);
}

static void removes_more_than_one_batch(void **state)
{
    static struct suspect suspects[1000];
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    char labels[32];

    for (unsigned i = 0; i < ARRAY_SIZE(suspects); i++) {
        snprintf(labels, sizeof(labels), "i=\"%u\"", i);
        suspects[i].series = admit(registry, 0, "x", SAMPLE_COUNTER, labels)->series;
    }
    admit(registry, 0, "y", SAMPLE_COUNTER, "");
    snapshot_unref(registry_snapshot(registry));
    mark(registry, suspects, ARRAY_SIZE(suspects));
    registry_remove_dying(registry, suspects, ARRAY_SIZE(suspects));
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 1);
    assert_int_equal(registry_count(registry).families, 1);
    end_sweep(suspects, ARRAY_SIZE(suspects));
    end_sweep(suspects, ARRAY_SIZE(suspects)); /* the worker's references */
}

static void free_accepts_null(void **state)
{
    registry_free(NULL);
}

static int make_buckets(void **state)
{
    return buckets_new(&buckets, buckets_default_bounds, ARRAY_SIZE(buckets_default_bounds));
}

static int free_buckets(void **state)
{
    buckets_free(buckets);
    return 0;
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
        CASE(refuses_a_series_beyond_the_limit),
        CASE(a_refused_series_takes_no_name),
        CASE(a_removed_series_makes_room_for_another),
        CASE(refuses_a_number_of_workers_that_no_series_could_hold),
        CASE(counts_the_bytes_of_series_and_cells),
        CASE(counts_the_bytes_of_a_family),
        CASE(refuses_a_series_beyond_the_memory_limit),
        CASE(cells_of_further_workers_keep_to_the_memory_limit),
        CASE(a_snapshot_has_all_series_in_order),
        CASE(nothing_new_gives_the_same_snapshot),
        CASE(a_snapshot_that_is_held_outlives_a_removal),
        CASE(marking_says_so_in_every_cell),
        CASE(a_saved_series_is_not_removed),
        CASE(a_dying_series_lives_on_when_it_is_admitted_again),
        CASE(a_series_that_was_written_since_is_not_removed),
        CASE(it_is_too_late_to_save_a_removed_series),
        CASE(removes_more_than_one_batch),
        CASE(free_accepts_null),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
