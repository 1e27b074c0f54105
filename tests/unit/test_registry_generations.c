/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Registry: families that meet a newer config
 */

#include "admit.h"

#include "aggregate/counter.h"
#include "base/metric_spec.h"

static const struct buckets two = { .n = 2, .bounds = { 1, 2 } };
static const struct metric_spec with_two = { .buckets = &two, .ttl_ns = SPEC_TTL_DEFAULT };

static struct registry *registry;

static int set_up(void **state)
{
    registry = new_large_registry();
    return 0;
}

static int tear_down(void **state)
{
    registry_free(registry);
    return 0;
}

/* A config of this generation says that @family has @type and @spec. */
static struct identity declared(const char *family, enum sample_type type, uint64_t generation,
                                const struct metric_spec *spec)
{
    struct identity identity = identity_of(family, type, "");

    identity.generation = generation;
    identity.is_type_declared = true;
    identity.spec = spec;
    return identity;
}

/* A config of this generation says nothing of it. */
static struct identity undeclared(const char *family, enum sample_type type, uint64_t generation)
{
    struct identity identity = identity_of(family, type, "");

    identity.generation = generation;
    return identity;
}

static enum verdict try(const struct identity *identity)
{
    struct admission admission;

    return registry_admit(registry, 0, 0, identity, &admission);
}

static struct cell *get(const struct identity *identity)
{
    struct admission admission;

    assert_int_equal(registry_admit(registry, 0, 0, identity, &admission), VERDICT_APPLIED);
    return admission.cell;
}

static struct family *family_of(const struct cell *cell)
{
    return cell_series(cell)->family;
}

static size_t n_in_snapshot(void)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    size_t n = snapshot->n_series;

    snapshot_unref(snapshot);
    return n;
}

/* --- what goes on --------------------------------------------------------------------------- */

static void a_family_keeps_its_values_and_takes_over_the_rest(void **state)
{
    const struct metric_spec old_spec = { .help = SLICE("old"), .ttl_ns = 1, .max_series = 2 };
    const struct metric_spec new_spec = { .help = SLICE("new"), .ttl_ns = 3, .max_series = 4 };
    const struct identity old = declared("x", SAMPLE_COUNTER, 1, &old_spec);
    const struct identity new = declared("x", SAMPLE_COUNTER, 2, &new_spec);
    struct cell *cell = get(&old);

    assert_ptr_equal(get(&new), cell);
    assert_int_equal(family_of(cell)->ttl_ns, 3);
    assert_int_equal(family_of(cell)->max_series, 4);
    assert_true(slice_equal(family_of(cell)->texts->help, SLICE("new")));
}

static void while_the_config_is_the_same_the_first_decides(void **state)
{
    const struct metric_spec one = { .ttl_ns = 1 }, another = { .ttl_ns = 3, .buckets = &two };
    const struct identity first = declared("x", SAMPLE_TIMER, 1, &one);
    const struct identity second = declared("x", SAMPLE_TIMER, 1, &another);
    struct cell *cell = get(&first);

    assert_ptr_equal(get(&second), cell);
    assert_int_equal(family_of(cell)->ttl_ns, 1);
}

/* A worker may still have lines of the older config. */
static void an_older_identity_changes_nothing(void **state)
{
    const struct metric_spec old_spec = { .ttl_ns = 1, .buckets = &two }, new_spec = { 0 };
    const struct identity old = declared("x", SAMPLE_TIMER, 1, &old_spec);
    const struct identity new = declared("x", SAMPLE_TIMER, 2, &new_spec);
    const struct identity of_other_type = declared("x", SAMPLE_GAUGE, 1, &old_spec);
    struct cell *cell = get(&new);

    assert_ptr_equal(get(&old), cell);
    assert_int_equal(family_of(cell)->ttl_ns, 0);
    assert_int_equal(try(&of_other_type), REFUSED_TYPE_CONFLICT);
}

static void what_is_no_longer_declared_goes_back_to_the_defaults(void **state)
{
    const struct metric_spec spec = { .help = SLICE("help"), .ttl_ns = 1, .max_series = 2 };
    const struct identity old = declared("x", SAMPLE_COUNTER, 1, &spec);
    const struct identity new = undeclared("x", SAMPLE_COUNTER, 2);
    struct cell *cell = get(&old);

    assert_ptr_equal(get(&new), cell);
    assert_int_equal(family_of(cell)->ttl_ns, SPEC_TTL_DEFAULT);
    assert_int_equal(family_of(cell)->max_series, 0);
    assert_int_equal(family_of(cell)->texts->help.len, 0);
}

/* --- what starts anew ----------------------------------------------------------------------- */

static void other_buckets_begin_a_new_family(void **state)
{
    const struct identity old = undeclared("x", SAMPLE_TIMER, 1);
    const struct identity new = declared("x", SAMPLE_TIMER, 2, &with_two);
    struct cell *old_cell = get(&old), *cell;

    assert_int_equal(n_in_snapshot(), 1);
    cell = get(&new);
    assert_ptr_not_equal(cell, old_cell);
    assert_int_equal(family_of(cell)->buckets->n, 2);
    assert_int_equal(n_in_snapshot(), 1);
    assert_int_equal(registry_count(registry).families, 1);
    assert_int_equal(registry_count(registry).series[METRIC_HISTOGRAM], 1);
}

static void a_declared_type_begins_a_new_family(void **state)
{
    const struct identity old = undeclared("x", SAMPLE_COUNTER, 1);
    const struct identity new = declared("x", SAMPLE_GAUGE, 2, NULL);

    get(&old);
    assert_int_equal(family_of(get(&new))->type, METRIC_GAUGE);
    assert_int_equal(n_in_snapshot(), 1);
    assert_int_equal(try(&old), REFUSED_TYPE_CONFLICT);
}

static void an_undeclared_type_is_a_conflict_whatever_the_config(void **state)
{
    const struct identity old = declared("x", SAMPLE_COUNTER, 1, NULL);
    const struct identity new = undeclared("x", SAMPLE_GAUGE, 2);

    get(&old);
    assert_int_equal(try(&new), REFUSED_TYPE_CONFLICT);
}

/* The histogram x is exposed under x_count too. */
static void a_declared_type_takes_all_its_names(void **state)
{
    const struct identity count = undeclared("x_count", SAMPLE_COUNTER, 1);
    const struct identity sum = undeclared("x_sum", SAMPLE_GAUGE, 1);
    const struct identity histogram = declared("x", SAMPLE_TIMER, 2, NULL);

    get(&count);
    get(&sum);
    get(&histogram);
    assert_int_equal(n_in_snapshot(), 1);
    assert_int_equal(registry_count(registry).families, 1);
    assert_int_equal(try(&count), REFUSED_TYPE_CONFLICT);
}

static void a_name_within_a_histogram_is_taken_from_it(void **state)
{
    const struct identity histogram = undeclared("x", SAMPLE_TIMER, 1);
    const struct identity count = declared("x_count", SAMPLE_COUNTER, 2, NULL);

    get(&histogram);
    get(&count);
    assert_int_equal(n_in_snapshot(), 1);
    assert_int_equal(family_of(get(&count))->type, METRIC_COUNTER);
}

/* Of two names that cannot be together in one config, the first to be sent stays. */
static void within_a_config_no_name_is_taken(void **state)
{
    const struct identity histogram = declared("x", SAMPLE_TIMER, 2, NULL);
    const struct identity count = declared("x_count", SAMPLE_COUNTER, 2, NULL);
    const struct identity sum = declared("y_sum", SAMPLE_GAUGE, 2, NULL);
    const struct identity other_histogram = declared("y", SAMPLE_TIMER, 2, NULL);

    get(&histogram);
    get(&sum);
    assert_int_equal(try(&count), REFUSED_TYPE_CONFLICT);
    assert_int_equal(try(&other_histogram), REFUSED_TYPE_CONFLICT);
    assert_int_equal(n_in_snapshot(), 2);
    assert_int_equal(family_of(get(&histogram))->type, METRIC_HISTOGRAM);
    assert_int_equal(family_of(get(&sum))->type, METRIC_GAUGE);
}

static void reserved_names_stay_reserved(void **state)
{
    const struct identity identity = declared("udometer_x", SAMPLE_GAUGE, 5, NULL);

    assert_int_equal(registry_reserve(registry, SLICE("udometer_x"), METRIC_GAUGE), 0);
    assert_int_equal(try(&identity), REFUSED_RESERVED_NAME);
}

/* --- the old series ------------------------------------------------------------------------- */

/* A worker that has its key cached must begin in the new family. */
static void a_worker_cannot_go_back_to_the_old_family(void **state)
{
    const struct identity old = undeclared("x", SAMPLE_TIMER, 1);
    const struct identity new = declared("x", SAMPLE_TIMER, 2, &with_two);
    struct cell *old_cell = get(&old);

    get(&new);
    assert_false(registry_revive(registry, old_cell, 5));
    n_in_snapshot();
    assert_int_equal(series_state(cell_series(old_cell)), SERIES_REMOVED);
    assert_true(cell_must_ask(old_cell));
}

/* A sample that was written at the last moment does not bring the old series back. */
static void a_late_sample_does_not_put_it_back(void **state)
{
    const struct identity old = undeclared("x", SAMPLE_COUNTER, 1);
    const struct identity new = declared("x", SAMPLE_GAUGE, 2, NULL);
    struct cell *old_cell = get(&old);

    get(&new);
    cell_touch(old_cell, INT64_C(1) << 60);
    assert_int_equal(n_in_snapshot(), 1);
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 0);
}

/* Nor does one of its series come back that an x had ended. */
static void a_series_that_has_ended_does_not_go_back_to_it(void **state)
{
    const struct identity old = undeclared("x", SAMPLE_COUNTER, 1);
    const struct identity new = declared("x", SAMPLE_GAUGE, 2, NULL);
    const struct identity x = identity_of("x", SAMPLE_END, "a=\"1\"");
    const struct identity all = identity_of("x", SAMPLE_END, "");
    const struct end_request request = { .identity = &x, .arrived_ns = 10 };
    const struct end_request end_new = { .identity = &all, .arrived_ns = 20 };
    struct cell *ended = admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"1\"");
    size_t allowance = SIZE_MAX, n;

    get(&old);
    assert_int_equal(registry_end(registry, &request, &allowance, &n), VERDICT_APPLIED);
    assert_int_equal(n, 1);
    cell_touch(ended, 11);
    get(&new);
    assert_int_equal(registry_end(registry, &end_new, &allowance, &n), VERDICT_APPLIED);
    assert_int_equal(n_in_snapshot(), 0);
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 0);
}

static void a_sweep_may_remove_it_first(void **state)
{
    const struct identity old = undeclared("x", SAMPLE_COUNTER, 1);
    const struct identity new = declared("x", SAMPLE_GAUGE, 2, NULL);
    struct cell *old_cell = get(&old);

    assert_int_equal(n_in_snapshot(), 1);
    get(&new);
    remove_series(registry, old_cell);
    assert_int_equal(registry_count(registry).families, 1);
    assert_int_equal(n_in_snapshot(), 1);
}

/* More than one batch of the lock; the last one is smaller. */
static void all_series_of_a_large_family_leave_the_next_snapshot(void **state)
{
    const struct identity new = declared("x", SAMPLE_GAUGE, 2, NULL);
    struct sweep_item *ended;
    size_t n;

    for (unsigned i = 0; i < 1000; i++) {
        char labels[32];

        snprintf(labels, sizeof(labels), "a=\"%u\"", i);
        admit(registry, 0, "x", SAMPLE_COUNTER, labels);
    }
    get(&new);
    assert_int_equal(n_in_snapshot(), 1);
    ended = registry_take_ended(registry, &n);
    assert_int_equal(n, 1000);
    for (size_t i = 0; i < n; i++) {
        series_release_workers(ended[i].series);
        series_unref(ended[i].series);
    }
    free(ended);
}

#define GENERATION_CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest cases[] = {
        GENERATION_CASE(a_family_keeps_its_values_and_takes_over_the_rest),
        GENERATION_CASE(while_the_config_is_the_same_the_first_decides),
        GENERATION_CASE(an_older_identity_changes_nothing),
        GENERATION_CASE(what_is_no_longer_declared_goes_back_to_the_defaults),
        GENERATION_CASE(other_buckets_begin_a_new_family),
        GENERATION_CASE(a_declared_type_begins_a_new_family),
        GENERATION_CASE(an_undeclared_type_is_a_conflict_whatever_the_config),
        GENERATION_CASE(a_declared_type_takes_all_its_names),
        GENERATION_CASE(a_name_within_a_histogram_is_taken_from_it),
        GENERATION_CASE(within_a_config_no_name_is_taken),
        GENERATION_CASE(reserved_names_stay_reserved),
        GENERATION_CASE(a_worker_cannot_go_back_to_the_old_family),
        GENERATION_CASE(a_late_sample_does_not_put_it_back),
        GENERATION_CASE(a_series_that_has_ended_does_not_go_back_to_it),
        GENERATION_CASE(a_sweep_may_remove_it_first),
        GENERATION_CASE(all_series_of_a_large_family_leave_the_next_snapshot),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
