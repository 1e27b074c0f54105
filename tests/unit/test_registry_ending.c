/* SPDX-License-Identifier: Apache-2.0 */

#include "admit.h"

/* calloc() counts its calls, and can be made to fail; once it has failed, a worker may be next. */
static size_t n_callocs;
static bool is_memory_short;
static struct registry *next_turn;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
    n_callocs++;
    if (!is_memory_short)
        return __real_calloc(n, size);
    if (next_turn) {
        is_memory_short = false;
        admit(TAKE(next_turn), 1, "meanwhile", SAMPLE_COUNTER, "");
    }
    return NULL;
}

/* --- ending series ----------------------------------------------------------------------- */

static enum verdict try_end(struct registry *registry, const char *family, const char *labels,
                            size_t *budget, size_t *ret)
{
    struct identity identity = identity_of(family, SAMPLE_END, labels);

    for (unsigned own = 0; own < _OWN_LABEL_N; own++)
        identity.labels_beside[own] = identity.labels;
    return registry_end(registry, &(struct end_request){ .identity = &identity }, budget, ret);
}

/* The number of series that it has ended. */
static size_t end(struct registry *registry, const char *family, const char *labels)
{
    size_t budget = SIZE_MAX, n = 77;

    assert_int_equal(try_end(registry, family, labels, &budget, &n), VERDICT_APPLIED);
    return n;
}

/* Take the series that have ended, and release them for all workers. Returns their number. */
static size_t bury(struct registry *registry)
{
    size_t n;
    struct sweep_item *ended = registry_take_ended(registry, &n);

    assert_int_equal(n > 0, ended != NULL);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(series_state(ended[i].series), SERIES_REMOVED);
        series_release_workers(ended[i].series);
        series_unref(ended[i].series);
    }
    free(ended);
    return n;
}

static void assert_empty(struct registry *registry)
{
    struct registry_counts counts = registry_count(registry);
    struct snapshot *snapshot = registry_snapshot(registry);

    assert_int_equal(snapshot->n_series, 0);
    assert_int_equal(counts.families, 0);
    assert_int_equal(counts.bytes, 0);
    for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
        assert_int_equal(counts.series[type], 0);
    snapshot_unref(snapshot);
}

/* The labels of all series, in order, with a blank after each. */
static void assert_labels(struct registry *registry, const char *expected)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    char text[512] = "";
    size_t len = 0;

    for (size_t i = 0; i < snapshot->n_series; i++) {
        struct slice labels = series_labels(snapshot->series[i]);

        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, "%.*s ", (int)labels.len, labels.at);
    }
    snapshot_unref(snapshot);
    assert_string_equal(text, expected);
}

static void admit_some(struct registry *registry, enum sample_type type)
{
    admit(registry, 0, "x", type, "a=\"1\",b=\"1\"");
    admit(registry, 1, "x", type, "a=\"1\",b=\"2\"");
    admit(registry, 0, "x", type, "a=\"2\",b=\"1\"");
    admit(registry, 1, "x", type, "a=\"2\",b=\"1\"");
}

static void ends_the_series_that_have_all_the_labels(void **state)
{
    static const enum sample_type types[] = { SAMPLE_COUNTER, SAMPLE_GAUGE, SAMPLE_TIMER,
                                              SAMPLE_SET };

    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        CLEANUP(registry_freep) struct registry *registry = new_large_registry();

        admit_some(registry, types[i]);
        assert_int_equal(end(registry, "x", "a=\"1\",b=\"2\""), 1);
        assert_labels(registry, "a=\"1\",b=\"1\" a=\"2\",b=\"1\" ");
        assert_int_equal(registry_count(registry).series[metric_type_of(types[i])], 2);
        assert_int_equal(end(registry, "x", "b=\"1\""), 2);
        assert_int_equal(bury(registry), 3);
        assert_empty(registry);
    }
}

static void without_labels_it_ends_them_all(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();

    admit_some(registry, SAMPLE_GAUGE);
    admit(registry, 0, "x", SAMPLE_GAUGE, "");
    admit(registry, 0, "y", SAMPLE_GAUGE, "");
    assert_int_equal(end(registry, "x", ""), 4);
    assert_int_equal(registry_count(registry).families, 1);
    assert_labels(registry, " ");
    assert_int_equal(bury(registry), 4);
    assert_int_equal(bury(registry), 0);
}

static void without_a_match_it_ends_none(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();

    admit_some(registry, SAMPLE_COUNTER);
    assert_int_equal(end(registry, "x", "a=\"3\""), 0);
    assert_int_equal(end(registry, "x", "c=\"1\""), 0);
    assert_int_equal(end(registry, "x", "a=\"1\",b=\"1\",c=\"1\""), 0);
    assert_int_equal(end(registry, "unknown", ""), 0);
    admit(registry, 0, "t", SAMPLE_TIMER, "");
    assert_int_equal(end(registry, "t_sum", ""), 0); /* not a family, though the name is taken */
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 3);
    assert_int_equal(registry_count(registry).series[METRIC_HISTOGRAM], 1);
    assert_int_equal(bury(registry), 0);
}

/* On a histogram the sender's le becomes exported_le, so x must search for that. */
static void a_histogram_is_asked_for_its_own_labels(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct identity identity = identity_of("x", SAMPLE_END, "le=\"1\"");
    const struct end_request request = { .identity = &identity };
    size_t budget = 10000, n;

    identity.labels_beside[OWN_LABEL_LE] = SLICE("exported_le=\"1\"");
    admit(registry, 0, "x", SAMPLE_TIMER, "exported_le=\"1\"");
    admit(registry, 0, "x", SAMPLE_TIMER, "exported_le=\"2\"");
    assert_int_equal(registry_end(registry, &request, &budget, &n), VERDICT_APPLIED);
    assert_int_equal(n, 1);
    assert_labels(registry, "exported_le=\"2\" ");
    identity.family = SLICE("c");
    admit(registry, 0, "c", SAMPLE_COUNTER, "le=\"1\"");
    admit(registry, 0, "c", SAMPLE_COUNTER, "exported_le=\"1\"");
    assert_int_equal(registry_end(registry, &request, &budget, &n), VERDICT_APPLIED);
    assert_int_equal(n, 1);
    assert_labels(registry, "exported_le=\"1\" exported_le=\"2\" ");
}

/* The cost of checking one series of admit_some(): a="1",b="1" has 11 bytes. */
#define LOOK_BYTES (ENDING_LOOK_BYTES + 11)
/* The cost of an x with a label like a="1". */
#define NOTE_BYTES (ENDING_NOTE_BYTES + 5)

static void every_series_of_the_family_costs_budget(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    size_t budget = 10000, n;

    admit_some(registry, SAMPLE_COUNTER); /* three series */
    assert_int_equal(try_end(registry, "x", "a=\"9\"", &budget, &n), VERDICT_APPLIED);
    assert_int_equal(budget, 10000 - NOTE_BYTES - 3 * LOOK_BYTES);
    budget = 10000;
    assert_int_equal(try_end(registry, "nothing", "", &budget, &n), VERDICT_APPLIED);
    assert_int_equal(budget, 10000 - ENDING_NOTE_BYTES);
    budget = 10000;
    assert_int_equal(try_end(registry, "x", "a=\"2\"", &budget, &n), VERDICT_APPLIED);
    assert_int_equal(budget, 10000 - NOTE_BYTES - 3 * LOOK_BYTES - ENDING_END_BYTES);
    budget = 10000;
    assert_int_equal(try_end(registry, "x", "a=\"9\"", &budget, &n), VERDICT_APPLIED);
    assert_int_equal(budget, 10000 - NOTE_BYTES - 2 * LOOK_BYTES); /* one has ended */
}

static void beyond_the_budget_nothing_ends(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    size_t budget = NOTE_BYTES + 3 * LOOK_BYTES - 1, n = 77;

    admit_some(registry, SAMPLE_COUNTER);
    assert_int_equal(try_end(registry, "x", "a=\"2\"", &budget, &n), REFUSED_END_LIMIT);
    assert_int_equal(n, 0);
    assert_int_equal(budget, NOTE_BYTES + 3 * LOOK_BYTES - 1);
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 3);
    budget = ENDING_NOTE_BYTES + 3 * LOOK_BYTES;
    assert_int_equal(try_end(registry, "x", "", &budget, &n), VERDICT_APPLIED);
    assert_int_equal(n, 3);
    assert_int_equal(budget, 0);
}

static void reserved_names_cannot_be_ended(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    size_t budget = 10, n = 77;

    assert_int_equal(registry_reserve(registry, SLICE("own"), METRIC_GAUGE), 0);
    assert_int_equal(try_end(registry, "own", "", &budget, &n), REFUSED_RESERVED_NAME);
    assert_int_equal(n, 0);
    assert_int_equal(budget, 10);
}

static void what_has_ended_begins_anew(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, ""), *again;

    snapshot_unref(registry_snapshot(registry));
    assert_int_equal(end(registry, "x", ""), 1);
    assert_true(cell_must_ask(cell)); /* so the worker must ask, and learns: */
    assert_false(registry_revive(registry, cell, 0));
    again = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    assert_ptr_not_equal(again, cell);
    assert_ptr_not_equal(cell_series(again), cell_series(cell));
    assert_false(cell_must_ask(again));
    assert_labels(registry, " ");
    assert_int_equal(bury(registry), 1);
    assert_int_equal(end(registry, "x", ""), 1);
    assert_int_equal(bury(registry), 1);
    assert_empty(registry);
}

static void the_name_is_free_when_all_have_ended(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();

    admit_some(registry, SAMPLE_TIMER);
    assert_int_equal(end(registry, "x", "a=\"1\""), 2);
    assert_int_equal(try_admit(registry, 0, "x", SAMPLE_GAUGE, ""), REFUSED_TYPE_CONFLICT);
    assert_int_equal(end(registry, "x", ""), 1);
    admit(registry, 0, "x_sum", SAMPLE_COUNTER, "");
    admit(registry, 0, "x", SAMPLE_GAUGE, "");
    assert_int_equal(registry_count(registry).families, 2);
    assert_int_equal(bury(registry), 3);
}

/* No snapshot has shown it, and none will. */
static void a_series_may_end_before_any_snapshot(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    struct snapshot *snapshot;

    assert_int_equal(end(registry, "x", ""), 1);
    snapshot = registry_snapshot(registry);
    assert_int_equal(snapshot->n_series, 0);
    assert_int_equal(cell_series(cell)->refs, 2); /* its worker's, and the registry's for us */
    assert_int_equal(bury(registry), 1);
    assert_int_equal(registry_count(registry).bytes, 0);
    snapshot_unref(snapshot);
}

static void ended_and_fresh_series_pass_each_other(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct snapshot *before, *after;

    admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\"");
    admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"2\"");
    before = registry_snapshot(registry);
    admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"3\"");
    assert_int_equal(end(registry, "x", "a=\"3\""), 1); /* fresh, and ended */
    assert_int_equal(end(registry, "x", "a=\"1\""), 1); /* shown, and ended */
    admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\""); /* and made again */
    admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"0\"");
    assert_labels(registry, "a=\"0\" a=\"1\" a=\"2\" ");
    after = registry_snapshot(registry);
    assert_int_equal(before->n_series, 2);
    assert_ptr_not_equal(before->series[0], after->series[1]);
    assert_slice_equal(series_labels(before->series[0]), "a=\"1\"");
    snapshot_unref(after);
    snapshot_unref(before);
    assert_int_equal(bury(registry), 2);
    assert_labels(registry, "a=\"0\" a=\"1\" a=\"2\" ");
    assert_int_equal(end(registry, "x", ""), 3);
    assert_int_equal(bury(registry), 3);
    assert_empty(registry);
}

static void a_reader_keeps_what_has_ended(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct snapshot *snapshot;
    size_t bytes;

    admit_some(registry, SAMPLE_TIMER);
    snapshot = registry_snapshot(registry);
    bytes = registry_count(registry).bytes;
    assert_int_equal(end(registry, "x", ""), 3);
    assert_int_equal(bury(registry), 3);
    assert_int_equal(registry_count(registry).bytes, bytes);
    assert_slice_equal(series_labels(snapshot->series[2]), "a=\"2\",b=\"1\"");
    snapshot_unref(snapshot);
    assert_empty(registry);
}

static void taking_over_needs_no_snapshot_afterwards(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();

    admit_some(registry, SAMPLE_COUNTER);
    snapshot_unref(registry_snapshot(registry));
    assert_int_equal(end(registry, "x", ""), 3);
    assert_int_equal(bury(registry), 3);
    assert_int_equal(registry_count(registry).bytes, 0);
}

/* A sweep and a sender remove the same series at the same time. */
enum moment { BEFORE_MARK, BEFORE_REMOVE, AFTER_REMOVE, N_MOMENTS };

static void end_at(struct registry *registry, enum moment moment, enum moment now, size_t n)
{
    if (moment == now)
        assert_int_equal(end(registry, "x", "a=\"1\""), n);
}

/* Sweep x{a=1} and x{a=2}; x{a=1} is ended in the middle. */
static void sweep_while_it_ends(enum moment moment, bool has_snapshot_between)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct sweep_item items[2] = {
        { cell_series(admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\"")), 0, false },
        { cell_series(admit(registry, 1, "x", SAMPLE_COUNTER, "a=\"2\"")), 0, false },
    };
    size_t n_ended = moment == AFTER_REMOVE ? 0 : 1;

    snapshot_unref(registry_snapshot(registry));
    for (unsigned i = 0; i < 2; i++)
        series_ref(items[i].series);
    end_at(registry, moment, BEFORE_MARK, n_ended);
    mark_expiring(registry, items, 2);
    end_at(registry, moment, BEFORE_REMOVE, n_ended);
    if (has_snapshot_between)
        snapshot_unref(registry_snapshot(registry));
    remove_expiring(registry, items, 2);
    end_at(registry, moment, AFTER_REMOVE, n_ended);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(series_state(items[i].series), SERIES_REMOVED);
    assert_int_equal(registry_count(registry).families, 0);
    for (unsigned i = 0; i < 2; i++)
        series_release_workers(items[i].series);
    end_sweep(items, 2);
    assert_int_equal(bury(registry), n_ended);
    assert_empty(registry);
}

static void a_sweep_and_an_end_may_meet_at_any_moment(void **state)
{
    for (enum moment moment = 0; moment < N_MOMENTS; moment++) {
        sweep_while_it_ends(moment, false);
        sweep_while_it_ends(moment, true);
    }
}

/* Ended series are taken while the sweep is between its steps. */
static void what_has_ended_may_be_taken_over_during_a_sweep(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct sweep_item item = { cell_series(admit(registry, 0, "x", SAMPLE_COUNTER, "")), 0, false };

    snapshot_unref(registry_snapshot(registry));
    mark(registry, &item, 1);
    assert_int_equal(end(registry, "x", ""), 1);
    assert_int_equal(bury(registry), 1);
    remove_expiring(registry, &item, 1);
    assert_int_equal(series_state(item.series), SERIES_REMOVED);
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 0);
    end_sweep(&item, 1);
    assert_empty(registry);
}

static void a_series_that_was_revived_can_be_ended(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    struct sweep_item item = { cell_series(cell), 0, false };

    snapshot_unref(registry_snapshot(registry));
    mark(registry, &item, 1);
    assert_true(registry_revive(registry, cell, 0));
    assert_int_equal(end(registry, "x", ""), 1);
    assert_false(registry_revive(registry, cell, 0));
    remove_expiring(registry, &item, 1);
    end_sweep(&item, 1);
    assert_int_equal(bury(registry), 1);
    assert_empty(registry);
}

static void an_overflow_series_can_be_ended(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 1, SIZE_MAX);

    admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\"");
    admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"2\"");
    assert_int_equal(end(registry, "x", "overflow=\"true\""), 1);
    assert_labels(registry, "a=\"1\" ");
    assert_int_equal(end(registry, "x", ""), 1);
    admit(registry, 0, "y", SAMPLE_COUNTER, ""); /* the limit is not reached any more */
}

/* LeakSanitizer shows that nothing leaks. */
static void a_registry_may_go_with_series_that_have_just_ended(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();

    admit_some(registry, SAMPLE_SET);
    snapshot_unref(registry_snapshot(registry));
    admit(registry, 0, "x", SAMPLE_SET, "");
    admit(registry, 1, "y", SAMPLE_TIMER, "");
    assert_int_equal(end(registry, "x", ""), 4);
}

static void freeing_a_registry_makes_no_snapshot(void **state)
{
    struct registry *registry = new_large_registry();
    size_t n_before;

    admit_some(registry, SAMPLE_COUNTER);
    snapshot_unref(registry_snapshot(registry));
    assert_int_equal(end(registry, "x", "a=\"1\""), 2);
    n_before = n_callocs;
    registry_free(registry);
    assert_int_equal(n_callocs, n_before);
}

/* Without memory for another snapshot, the one that is read keeps them. */
static void a_registry_may_go_with_removed_series_in_its_snapshot(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct sweep_item item = { cell_series(admit(registry, 0, "x", SAMPLE_COUNTER, "")), 0, false };
    struct snapshot *read;

    admit(registry, 0, "y", SAMPLE_COUNTER, "");
    read = registry_snapshot(registry);
    admit(registry, 1, "z", SAMPLE_COUNTER, "");
    is_memory_short = true;
    mark(registry, &item, 1);
    assert_int_equal(remove_expiring(registry, &item, 1), 1);
    assert_int_equal(end(registry, "y", ""), 1);
    assert_int_equal(end(registry, "z", ""), 1);
    assert_int_equal(bury(registry), 2);
    is_memory_short = false;
    snapshot_unref(read);
    assert_int_equal(item.series->refs, 3); /* ours, the worker's, the snapshots' */
    series_release_workers(item.series);
    end_sweep(&item, 1);
}

/* Without memory they go back to the list, before those that a worker has made meanwhile. */
static void fresh_series_wait_for_memory(void **state)
{
    static const char *const names[] = { "meanwhile", "middle", "new" };
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct snapshot *snapshot;

    admit(registry, 0, "first", SAMPLE_COUNTER, "");
    admit(registry, 0, "middle", SAMPLE_COUNTER, "");
    admit(registry, 0, "last", SAMPLE_COUNTER, "");
    assert_int_equal(end(registry, "first", ""), 1);
    next_turn = registry;
    is_memory_short = true;
    snapshot_unref(registry_snapshot(registry));
    assert_int_equal(end(registry, "last", ""), 1);
    is_memory_short = true;
    snapshot_unref(registry_snapshot(registry));
    is_memory_short = false;
    admit(registry, 0, "new", SAMPLE_COUNTER, "");
    snapshot = registry_snapshot(registry);
    assert_int_equal(snapshot->n_series, ARRAY_SIZE(names));
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        assert_true(slice_equal(snapshot->series[i]->family->name, slice_of(names[i])));
    snapshot_unref(snapshot);
    assert_int_equal(bury(registry), 2);
}

static void ends_many_series_at_once(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    char labels[32];

    for (unsigned i = 0; i < 1000; i++) {
        snprintf(labels, sizeof(labels), "i=\"%u\",odd=\"%u\"", i, i % 2);
        admit(registry, i % 2, "x", SAMPLE_COUNTER, labels);
        if (i == 500)
            snapshot_unref(registry_snapshot(registry));
    }
    assert_int_equal(end(registry, "x", "odd=\"1\""), 500);
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 500);
    assert_int_equal(end(registry, "x", ""), 500);
    assert_int_equal(bury(registry), 1000);
    assert_empty(registry);
}

/* --- series of a snapshot ---------------------------------------------------------------- */

static size_t end_series(struct registry *registry, struct series **series, size_t n,
                         int64_t arrived_ns)
{
    size_t n_ended = 0;

    assert_true(registry_end_series(registry, series, n, arrived_ns, &n_ended));
    return n_ended;
}

static void series_of_a_snapshot_can_be_ended(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct snapshot *snapshot;

    admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\"");
    admit(registry, 1, "x", SAMPLE_COUNTER, "a=\"2\"");
    admit(registry, 1, "y", SAMPLE_GAUGE, "");
    snapshot = registry_snapshot(registry);
    assert_int_equal(end_series(registry, snapshot->series, 2, 1), 2);
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 0);
    assert_int_equal(end_series(registry, snapshot->series, 3, 1), 1); /* two have ended */
    snapshot_unref(snapshot);
    assert_int_equal(bury(registry), 3);
    assert_int_equal(registry_count(registry).bytes, 0);
}

static void series_that_were_written_later_stay(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    struct cell *cell = admit(registry, 0, "x", SAMPLE_COUNTER, "");
    struct series *series = cell_series(cell);

    cell_touch(cell, 5);
    assert_int_equal(end_series(registry, &series, 1, 4), 0);
    assert_int_equal(end_series(registry, &series, 1, 5), 1);
    assert_int_equal(series_state(series), SERIES_ENDED);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(ends_the_series_that_have_all_the_labels),
        CASE(without_labels_it_ends_them_all),
        CASE(without_a_match_it_ends_none),
        CASE(a_histogram_is_asked_for_its_own_labels),
        CASE(every_series_of_the_family_costs_budget),
        CASE(beyond_the_budget_nothing_ends),
        CASE(reserved_names_cannot_be_ended),
        CASE(what_has_ended_begins_anew),
        CASE(the_name_is_free_when_all_have_ended),
        CASE(a_series_may_end_before_any_snapshot),
        CASE(ended_and_fresh_series_pass_each_other),
        CASE(a_reader_keeps_what_has_ended),
        CASE(taking_over_needs_no_snapshot_afterwards),
        CASE(a_sweep_and_an_end_may_meet_at_any_moment),
        CASE(what_has_ended_may_be_taken_over_during_a_sweep),
        CASE(a_series_that_was_revived_can_be_ended),
        CASE(an_overflow_series_can_be_ended),
        CASE(a_registry_may_go_with_series_that_have_just_ended),
        CASE(freeing_a_registry_makes_no_snapshot),
        CASE(a_registry_may_go_with_removed_series_in_its_snapshot),
        CASE(fresh_series_wait_for_memory),
        CASE(series_of_a_snapshot_can_be_ended),
        CASE(series_that_were_written_later_stay),
        CASE(ends_many_series_at_once),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
