/* SPDX-License-Identifier: Apache-2.0 */

#include "admit.h"

/* --- limits ------------------------------------------------------------------------------ */

static void refuses_a_name_beyond_the_limit(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(2, 2, SIZE_MAX);
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\"");

    admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"2\"");
    for (enum sample_type type = 0; type < SAMPLE_END; type++)
        assert_int_equal(try_admit(registry, 0, "y", type, ""), REFUSED_SERIES_LIMIT);
    assert_int_equal(try_admit(registry, 0, "y", SAMPLE_COUNTER, "overflow=\"true\""),
                     REFUSED_SERIES_LIMIT);
    assert_ptr_equal(admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\""), cell);
    admit(registry, 1, "x", SAMPLE_COUNTER, "a=\"1\""); /* an old series, another worker */
    assert_int_equal(registry_count(registry).families, 1);
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 2);
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

/* The memory of a family with one series of one worker. */
static size_t bytes_of(enum sample_type type, const char *labels)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 10, SIZE_MAX);

    admit(registry, 0, "x", type, labels);
    return registry_count(registry).bytes;
}

/* The memory of one more series of a family. */
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
    size_t counter = series_size(SLICE("a=\"1\""), 1) + kind_cell_size(METRIC_COUNTER, buckets);
    size_t timer = series_size(SLICE(""), 1) + kind_cell_size(METRIC_HISTOGRAM, buckets);

    assert_int_equal(more_bytes_of(SAMPLE_COUNTER, "a=\"1\""), counter);
    assert_int_equal(more_bytes_of(SAMPLE_TIMER, ""), timer);
}

static void counts_the_bytes_of_a_family(void **state)
{
    /* At least its struct, and a histogram's four names. */
    assert_true(bytes_of(SAMPLE_COUNTER, "") >
                more_bytes_of(SAMPLE_COUNTER, "") + sizeof(struct family));
    assert_true(bytes_of(SAMPLE_TIMER, "") > more_bytes_of(SAMPLE_TIMER, "") +
                                                 sizeof(struct family) +
                                                 strlen("xx_bucketx_sumx_count"));
}

/* Fill @registry with counters, each a family of its own. Returns how many it accepted. */
static unsigned fill(struct registry *registry, unsigned max)
{
    char name[16];
    unsigned n = 0;

    for (enum verdict verdict = VERDICT_APPLIED; verdict == VERDICT_APPLIED && n < max; n++) {
        snprintf(name, sizeof(name), "f%05u", n);
        verdict = try_admit(registry, 0, name, SAMPLE_COUNTER, "");
    }
    return n - 1;
}

/* The memory of one of these, with @n_workers, one of which has a cell. */
static size_t bytes_of_filling(unsigned n_workers)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(n_workers, 10, SIZE_MAX);

    admit(registry, 0, "f00000", SAMPLE_COUNTER, "");
    return registry_count(registry).bytes;
}

static void keeps_to_the_memory_limit(void **state)
{
    size_t bytes = bytes_of_filling(1);
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 100000, 1000 * bytes);
    unsigned n = fill(registry, 2000);

    assert_int_equal(n, 1000);
    assert_int_equal(registry_count(registry).bytes, n * bytes);
    assert_int_equal(try_admit(registry, 0, "z", SAMPLE_GAUGE, ""), REFUSED_SERIES_LIMIT);
    assert_int_equal(registry_count(registry).families, n);
}

static void memory_that_comes_back_can_be_used_again(void **state)
{
    size_t bytes = bytes_of_filling(1);
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 100000, 100 * bytes);
    struct cell *cell = admit(registry, 0, "first", SAMPLE_COUNTER, "");

    fill(registry, 2000);
    assert_int_equal(try_admit(registry, 0, "last", SAMPLE_COUNTER, ""), REFUSED_SERIES_LIMIT);
    snapshot_unref(registry_snapshot(registry));
    remove_series(registry, cell);
    admit(registry, 0, "last", SAMPLE_COUNTER, "");
}

/* The memory of a family with one series, of which one of 64 workers has a cell. */
static size_t bytes_of_timer(void)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(64, 10, SIZE_MAX);

    admit(registry, 0, "x", SAMPLE_TIMER, "");
    return registry_count(registry).bytes;
}

static void cells_of_further_workers_keep_to_the_memory_limit(void **state)
{
    size_t max = bytes_of_timer() + 32 * kind_cell_size(METRIC_HISTOGRAM, buckets);
    CLEANUP(registry_freep) struct registry *registry = new_registry(64, 10, max);
    unsigned n = 0;

    for (unsigned worker = 0; worker < 64; worker++)
        n += series_labels(cell_series(admit(registry, worker, "x", SAMPLE_TIMER, ""))).len == 0;
    assert_int_equal(n, 1 + 32); /* the others go to the overflow series */
    assert_true(registry_count(registry).bytes <= max);
}

/* The same for memory: a series that a slow reader still sees takes some. */
static void counts_the_bytes_of_series_that_are_only_read(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_TIMER, "a=\"1\"");
    struct snapshot *snapshot = registry_snapshot(registry);
    size_t bytes = registry_count(registry).bytes;

    remove_series(registry, cell);
    assert_int_equal(registry_count(registry).families, 0);
    assert_int_equal(registry_count(registry).series[METRIC_HISTOGRAM], 0);
    assert_int_equal(registry_count(registry).bytes, bytes);
    snapshot_unref(snapshot);
    assert_int_equal(registry_count(registry).bytes, 0);
}

static void counts_the_bytes_of_series_that_a_worker_holds(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_SET, "");
    struct sweep_item item = { cell_series(cell), 0, false };
    size_t bytes = registry_count(registry).bytes;

    snapshot_unref(registry_snapshot(registry));
    mark(registry, &item, 1);
    remove_expiring(registry, &item, 1);
    end_sweep(&item, 1);
    assert_int_equal(registry_count(registry).bytes, bytes);
    series_unref(cell_series(cell));
    assert_int_equal(registry_count(registry).bytes, 0);
}

/* --- overflow ------------------------------------------------------------------------------ */

#define OVERFLOW "overflow=\"true\""

static struct registry *new_limited_registry(size_t max_series, size_t max_family_series)
{
    const struct registry_options options = {
        .n_workers = 2,
        .max_series = max_series,
        .max_family_series = max_family_series,
        .max_bytes = SIZE_MAX,
        .seed = 42,
        .buckets = buckets,
    };
    struct registry *registry;

    assert_int_equal(registry_new(&registry, &options), 0);
    return registry;
}

/* It goes to the overflow series of that family. */
static struct cell *admit_beyond(struct registry *registry, unsigned worker, const char *family,
                                 enum sample_type type, const char *labels)
{
    struct cell *cell = admit(registry, worker, family, type, labels);

    assert_slice_equal(series_labels(cell_series(cell)), OVERFLOW);
    assert_true(slice_equal(cell_series(cell)->family->name, slice_of(family)));
    return cell;
}

static void all_types_but_gauges_overflow(void **state)
{
    static const enum sample_type types[] = { SAMPLE_COUNTER, SAMPLE_TIMER, SAMPLE_HISTOGRAM,
                                              SAMPLE_DISTRIBUTION, SAMPLE_SET };

    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        CLEANUP(registry_freep) struct registry *registry = new_registry(1, 2, SIZE_MAX);
        struct cell *cell;

        admit(registry, 0, "x", types[i], "a=\"1\"");
        admit(registry, 0, "x", types[i], "a=\"2\"");
        cell = admit_beyond(registry, 0, "x", types[i], "a=\"3\"");
        assert_ptr_equal(admit_beyond(registry, 0, "x", types[i], "a=\"4\""), cell);
        assert_ptr_equal(admit_beyond(registry, 0, "x", types[i], ""), cell);
        assert_int_equal(cell_series(cell)->family->type, metric_type_of(types[i]));
        assert_int_equal(registry_count(registry).series[metric_type_of(types[i])], 3);
        assert_int_equal(registry_count(registry).families, 1);
    }
}

static void gauges_do_not_overflow(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 1, SIZE_MAX);

    admit(registry, 0, "x", SAMPLE_GAUGE, "a=\"1\"");
    assert_int_equal(try_admit(registry, 0, "x", SAMPLE_GAUGE, "a=\"2\""), REFUSED_SERIES_LIMIT);
    assert_int_equal(try_admit(registry, 0, "x", SAMPLE_GAUGE, ""), REFUSED_SERIES_LIMIT);
    assert_int_equal(registry_count(registry).series[METRIC_GAUGE], 1);
    admit(registry, 0, "x", SAMPLE_GAUGE, "a=\"1\"");
}

static void each_family_overflows_into_a_series_of_its_own(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 2, SIZE_MAX);
    struct cell *first, *second;

    admit(registry, 0, "x", SAMPLE_COUNTER, "");
    admit(registry, 0, "y", SAMPLE_TIMER, "");
    first = admit_beyond(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\"");
    second = admit_beyond(registry, 0, "y", SAMPLE_TIMER, "a=\"1\"");
    assert_ptr_not_equal(cell_series(first), cell_series(second));
}

static void a_family_has_a_limit_of_its_own(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_limited_registry(100, 2);

    for (unsigned i = 0; i < 3; i++) {
        char name[] = { (char)('a' + i), '\0' };

        admit(registry, 0, name, SAMPLE_COUNTER, "n=\"1\"");
        admit(registry, 0, name, SAMPLE_COUNTER, "n=\"2\"");
        admit_beyond(registry, 0, name, SAMPLE_COUNTER, "n=\"3\"");
    }
    admit(registry, 0, "g", SAMPLE_GAUGE, "n=\"1\"");
    admit(registry, 0, "g", SAMPLE_GAUGE, "n=\"2\"");
    assert_int_equal(try_admit(registry, 0, "g", SAMPLE_GAUGE, "n=\"3\""), REFUSED_SERIES_LIMIT);
}

static void without_a_limit_of_its_own_a_family_may_have_them_all(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_limited_registry(50, 0);
    char labels[16];

    for (unsigned i = 0; i < 50; i++) {
        snprintf(labels, sizeof(labels), "i=\"%u\"", i);
        assert_true(
            slice_equal(series_labels(cell_series(admit(registry, 0, "x", SAMPLE_COUNTER, labels))),
                        slice_of(labels)));
    }
    admit_beyond(registry, 0, "x", SAMPLE_COUNTER, "i=\"50\"");
}

static void overflow_cells_of_all_workers_are_of_one_series(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_limited_registry(1, 1);
    struct cell *first, *second;

    admit(registry, 0, "x", SAMPLE_COUNTER, "");
    first = admit_beyond(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\"");
    second = admit_beyond(registry, 1, "x", SAMPLE_COUNTER, "a=\"2\"");
    assert_ptr_not_equal(first, second);
    assert_ptr_equal(cell_series(first), cell_series(second));
    assert_int_equal(cell_series(first)->refs, 3);
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 2);
}

static void a_sender_may_name_the_overflow_series_itself(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 2, SIZE_MAX);
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, OVERFLOW);

    admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\"");
    assert_ptr_equal(admit_beyond(registry, 0, "x", SAMPLE_COUNTER, "a=\"2\""), cell);
}

/* A family that begins with its overflow series has one more series, like any other. */
static void families_that_begin_with_an_overflow_series_keep_to_the_limit(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(2, 10, SIZE_MAX);
    char name[16];

    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "f%u", i);
        if (i >= 10) {
            assert_int_equal(try_admit(registry, 0, name, SAMPLE_SET, OVERFLOW),
                             REFUSED_SERIES_LIMIT);
            continue;
        }
        admit(registry, 0, name, SAMPLE_SET, OVERFLOW);
    }
    admit_beyond(registry, 1, "f0", SAMPLE_SET, OVERFLOW);
    admit_beyond(registry, 1, "f1", SAMPLE_SET, "a=\"1\"");
    assert_int_equal(count_series(registry), 10);
}

/* Sending the label gives no more series than sending any label beyond the limit. */
static void a_family_has_one_overflow_series_whatever_senders_name(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_limited_registry(4, 2);
    struct cell *x, *y;

    for (unsigned i = 0; i < 4; i++)
        admit(registry, 0, i % 2 ? "x" : "y", SAMPLE_COUNTER, i < 2 ? "" : "a=\"1\"");
    x = admit_beyond(registry, 0, "x", SAMPLE_COUNTER, OVERFLOW);
    y = admit_beyond(registry, 0, "y", SAMPLE_COUNTER, "a=\"2\"");
    assert_ptr_equal(admit_beyond(registry, 0, "x", SAMPLE_COUNTER, "a=\"2\""), x);
    assert_ptr_equal(admit_beyond(registry, 0, "y", SAMPLE_COUNTER, OVERFLOW), y);
    assert_int_equal(try_admit(registry, 0, "z", SAMPLE_COUNTER, OVERFLOW), REFUSED_SERIES_LIMIT);
    assert_int_equal(count_series(registry), 4 + 2);
}

/*
 * The memory of one overflow series is counted from the start. While a reader still has it, the
 * memory of the next is counted as well.
 */
static void overflow_series_that_are_sent_again_keep_to_the_memory_limit(void **state)
{
    const size_t bytes = bytes_of(SAMPLE_SET, "a=\"1\"");
    const size_t more = series_size(SLICE(OVERFLOW), 1) + kind_cell_size(METRIC_SET, buckets);
    const size_t max = bytes + 9 * more;
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 1000, max);
    struct snapshot *snapshots[100];
    unsigned n = 0;

    admit(registry, 0, "x", SAMPLE_SET, "a=\"1\"");
    while (n < ARRAY_SIZE(snapshots)) {
        struct identity identity = identity_of("x", SAMPLE_SET, OVERFLOW);
        struct admission admission;

        if (registry_admit(registry, 0, 0, &identity, &admission) != VERDICT_APPLIED)
            break;
        assert_true(registry_count(registry).bytes <= max);
        snapshots[n++] = registry_snapshot(registry);
        remove_series(registry, admission.cell);
    }
    assert_int_equal(n, 1 + 9);
    while (n > 0)
        snapshot_unref(snapshots[--n]);
    admit(registry, 0, "x", SAMPLE_SET, OVERFLOW);
    assert_int_equal(registry_count(registry).bytes, bytes);
}

static void the_overflow_series_is_found_again_after_room_was_made(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 2, SIZE_MAX);
    struct cell *first = admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\"");
    struct cell *second = admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"2\"");
    struct cell *beyond = admit_beyond(registry, 0, "x", SAMPLE_COUNTER, "a=\"3\"");

    snapshot_unref(registry_snapshot(registry));
    remove_series(registry, first);
    remove_series(registry, second);
    assert_slice_equal(
        series_labels(cell_series(admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"3\""))), "a=\"3\"");
    assert_ptr_equal(admit(registry, 0, "x", SAMPLE_COUNTER, OVERFLOW), beyond);
}

static void overflow_series_count_against_the_limits_of_others(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_limited_registry(100, 2);
    struct cell *first = admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\"");
    struct cell *second = admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"2\"");

    admit_beyond(registry, 0, "x", SAMPLE_COUNTER, "a=\"3\"");
    snapshot_unref(registry_snapshot(registry));
    remove_series(registry, first);
    admit_beyond(registry, 0, "x", SAMPLE_COUNTER, "a=\"3\"");
    remove_series(registry, second);
    assert_slice_equal(
        series_labels(cell_series(admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"3\""))), "a=\"3\"");
}

/* A gauge may have labels like theirs, but has no overflow series. */
static void a_gauge_named_like_an_overflow_series_is_a_gauge(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 1, SIZE_MAX);

    admit(registry, 0, "x", SAMPLE_GAUGE, "");
    assert_int_equal(try_admit(registry, 0, "x", SAMPLE_GAUGE, OVERFLOW), REFUSED_SERIES_LIMIT);
}

/* So that sums stay right, this must not fail, and the limit must still hold. */
static void there_is_memory_for_overflow_series_when_there_is_none_for_others(void **state)
{
    size_t max = 1000 * bytes_of_filling(2);
    CLEANUP(registry_freep) struct registry *registry = new_registry(2, 100000, max);
    unsigned n = fill(registry, 2000);
    char name[16];

    for (unsigned i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "f%05u", i);
        admit_beyond(registry, 0, name, SAMPLE_COUNTER, "a=\"1\"");
        admit_beyond(registry, 1, name, SAMPLE_COUNTER, "a=\"2\"");
        assert_true(registry_count(registry).bytes <= max);
    }
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 2 * n);
    assert_int_equal(try_admit(registry, 0, "new", SAMPLE_COUNTER, ""), REFUSED_SERIES_LIMIT);
}

/* The series exist, but there is no memory for another worker's cells in all of them. */
static void a_worker_without_memory_for_a_cell_uses_the_overflow_series(void **state)
{
    size_t bytes = bytes_of_filling(2);
    CLEANUP(registry_freep) struct registry *registry = new_registry(2, 100000, 1000 * bytes);
    unsigned n = fill(registry, 2000), n_beyond = 0;
    char name[16];

    assert_int_equal(n, 1000);
    for (unsigned i = 0; i < 20; i++) {
        struct cell *cell;

        snprintf(name, sizeof(name), "f%05u", i);
        cell = admit(registry, 1, name, SAMPLE_COUNTER, "");
        n_beyond += slice_equal(series_labels(cell_series(cell)), SLICE(OVERFLOW));
        assert_ptr_equal(admit(registry, 1, name, SAMPLE_COUNTER, ""), cell);
    }
    assert_int_equal(n_beyond, 20);
    assert_slice_equal(series_labels(cell_series(admit(registry, 0, name, SAMPLE_COUNTER, ""))),
                       "");
}

/* --- running totals ---------------------------------------------------------------------- */

static void all_workers_share_one_table_of_totals(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct totals *totals = NULL, *again = NULL;

    assert_int_equal(registry_count(registry).bytes, 0);
    assert_int_equal(registry_totals(registry, &totals), VERDICT_APPLIED);
    assert_int_equal(registry_totals(registry, &again), VERDICT_APPLIED);
    assert_ptr_equal(again, totals);
    assert_int_equal(registry_count(registry).bytes, totals_bytes(100));
}

static void counts_the_totals(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct totals *totals = NULL;

    assert_int_equal(registry_count(registry).totals.n_kept, 0);
    assert_int_equal(registry_totals(registry, &totals), VERDICT_APPLIED);
    totals_note(totals, 1, 5, 0);
    assert_int_equal(registry_count(registry).totals.n_kept, 1);
    assert_int_equal(registry_count(registry).totals.outcomes[TOTAL_OUTCOME_BASELINE], 1);
}

static void totals_keep_to_the_memory_limit(void **state)
{
    CLEANUP(registry_freep) struct registry *small = new_registry(1, 10, totals_bytes(100) - 1);
    CLEANUP(registry_freep) struct registry *large = new_registry(1, 10, totals_bytes(100));
    struct totals *totals = NULL;

    assert_int_equal(registry_totals(small, &totals), REFUSED_SERIES_LIMIT);
    assert_null(totals);
    assert_int_equal(registry_totals(large, &totals), VERDICT_APPLIED);
    assert_int_equal(try_admit(large, 0, "x", SAMPLE_COUNTER, ""), REFUSED_SERIES_LIMIT);
}

static void without_totals_there_is_no_table(void **state)
{
    const struct registry_options options = {
        .n_workers = 1, .max_series = 10, .max_bytes = SIZE_MAX, .seed = 42, .buckets = buckets
    };
    CLEANUP(registry_freep) struct registry *registry = NULL;
    struct totals *totals;

    assert_int_equal(registry_new(&registry, &options), 0);
    assert_int_equal(registry_totals(registry, &totals), REFUSED_SERIES_LIMIT);
}

static void limits_can_be_changed(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_limited_registry(10, 2);
    struct registry_options options = { .max_series = 3, .max_bytes = SIZE_MAX };

    admit(registry, 0, "x", SAMPLE_GAUGE, "a=\"1\"");
    admit(registry, 0, "x", SAMPLE_GAUGE, "a=\"2\"");
    assert_int_equal(try_admit(registry, 0, "x", SAMPLE_GAUGE, "a=\"3\""), REFUSED_SERIES_LIMIT);
    registry_set_limits(registry, &options);
    admit(registry, 0, "x", SAMPLE_GAUGE, "a=\"3\"");
    assert_int_equal(try_admit(registry, 0, "x", SAMPLE_GAUGE, "a=\"4\""), REFUSED_SERIES_LIMIT);
    options.max_series = 1; /* those that are there stay */
    registry_set_limits(registry, &options);
    assert_int_equal(count_series(registry), 3);
    options = (struct registry_options){ .max_series = 10, .max_bytes = 1 };
    registry_set_limits(registry, &options);
    assert_int_equal(try_admit(registry, 0, "x", SAMPLE_GAUGE, "a=\"4\""), REFUSED_SERIES_LIMIT);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(refuses_a_name_beyond_the_limit),
        CASE(a_refused_series_takes_no_name),
        CASE(a_removed_series_makes_room_for_another),
        CASE(counts_the_bytes_of_series_and_cells),
        CASE(counts_the_bytes_of_a_family),
        CASE(keeps_to_the_memory_limit),
        CASE(memory_that_comes_back_can_be_used_again),
        CASE(cells_of_further_workers_keep_to_the_memory_limit),
        CASE(counts_the_bytes_of_series_that_are_only_read),
        CASE(counts_the_bytes_of_series_that_a_worker_holds),
        CASE(all_types_but_gauges_overflow),
        CASE(gauges_do_not_overflow),
        CASE(each_family_overflows_into_a_series_of_its_own),
        CASE(a_family_has_a_limit_of_its_own),
        CASE(without_a_limit_of_its_own_a_family_may_have_them_all),
        CASE(overflow_cells_of_all_workers_are_of_one_series),
        CASE(a_sender_may_name_the_overflow_series_itself),
        CASE(families_that_begin_with_an_overflow_series_keep_to_the_limit),
        CASE(a_family_has_one_overflow_series_whatever_senders_name),
        CASE(overflow_series_that_are_sent_again_keep_to_the_memory_limit),
        CASE(the_overflow_series_is_found_again_after_room_was_made),
        CASE(a_gauge_named_like_an_overflow_series_is_a_gauge),
        CASE(overflow_series_count_against_the_limits_of_others),
        CASE(there_is_memory_for_overflow_series_when_there_is_none_for_others),
        CASE(limits_can_be_changed),
        CASE(a_worker_without_memory_for_a_cell_uses_the_overflow_series),
        CASE(all_workers_share_one_table_of_totals),
        CASE(counts_the_totals),
        CASE(totals_keep_to_the_memory_limit),
        CASE(without_totals_there_is_no_table),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
