/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Registry: what the config says about families
 */

#include "admit.h"

#include "aggregate/histogram.h"
#include "base/metric_spec.h"

static const struct buckets two = { .n = 2, .bounds = { 1, 2 } };

/* Admit a series of @name as worker 0; the config says @spec. */
static struct cell *admit_with(struct registry *registry, const char *name, enum sample_type type,
                               const char *labels, const struct metric_spec *spec)
{
    struct identity identity = identity_of(name, type, labels);
    struct admission admission;

    identity.spec = spec;
    assert_int_equal(registry_admit(registry, 0, 0, &identity, &admission), VERDICT_APPLIED);
    return admission.cell;
}

static const struct family *family_of(const struct cell *cell)
{
    return cell_series(cell)->family;
}

/* --- buckets -------------------------------------------------------------------------------- */

static void families_have_buckets_of_their_own(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    const struct metric_spec spec = { .buckets = &two, .ttl_ns = SPEC_TTL_DEFAULT };
    struct cell *with = admit_with(registry, "x", SAMPLE_TIMER, "", &spec);
    struct cell *without = admit_with(registry, "y", SAMPLE_TIMER, "", NULL);
    struct reading reading;

    assert_int_equal(family_of(with)->buckets->n, 2);
    assert_ptr_equal(family_of(without)->buckets, buckets);
    assert_int_equal(histogram_record((struct histogram_cell *)with, 1.5, 1), VERDICT_APPLIED);
    series_read(cell_series(with), &reading);
    assert_int_equal(reading.counts[0], 0);
    assert_int_equal(reading.counts[1], 1);
    assert_int_equal(reading.counts[2], 0);
}

/* Beside the bounds of the spec, or the default ones. */
static void families_have_native_buckets_if_the_spec_says_so(void **state)
{
    static const struct native_options native = { 3, 160, 0 }, none = { 0 };
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    const struct metric_spec both = { .buckets = &two, .native = &native, .ttl_ns = -1 };
    const struct metric_spec default_bounds = { .native = &native, .ttl_ns = -1 };
    const struct metric_spec neither = { .native = &none, .ttl_ns = -1 };
    const struct family *x = family_of(admit_with(registry, "x", SAMPLE_TIMER, "", &both));
    const struct family *y =
        family_of(admit_with(registry, "y", SAMPLE_TIMER, "", &default_bounds));
    const struct family *z = family_of(admit_with(registry, "z", SAMPLE_TIMER, "", &neither));

    assert_int_equal(x->buckets->n, 2);
    assert_int_equal(x->buckets->native.schema, 3);
    assert_false(buckets_are_native(&two));
    assert_int_equal(y->buckets->n, buckets->n);
    assert_int_equal(y->buckets->native.max_buckets, 160);
    assert_ptr_equal(z->buckets, buckets);
    /* A newer config with other options makes another family of it, as with other bounds. */
    assert_false(family_has_buckets_of(
        x, &(struct identity){ .type = SAMPLE_TIMER, .spec = &default_bounds }, buckets));
    assert_true(family_has_buckets_of(x, &(struct identity){ .type = SAMPLE_TIMER, .spec = &both },
                                      buckets));
}

/* The same name from two rules. */
static void the_first_to_make_a_family_decides_its_buckets(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    const struct metric_spec spec = { .buckets = &two, .ttl_ns = SPEC_TTL_DEFAULT };
    struct cell *first = admit_with(registry, "x", SAMPLE_TIMER, "a=\"1\"", NULL);
    struct cell *second = admit_with(registry, "x", SAMPLE_TIMER, "a=\"2\"", &spec);

    assert_ptr_equal(family_of(first), family_of(second));
    assert_ptr_equal(family_of(second)->buckets, buckets);
}

/* A cell with few buckets takes less memory; all of it comes back with the last reference. */
static void memory_is_counted_with_a_familys_own_buckets(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_registry(1, 100, SIZE_MAX);
    const struct metric_spec spec = { .buckets = &two, .ttl_ns = SPEC_TTL_DEFAULT };
    size_t before, counted;
    struct cell *cell;

    admit_with(registry, "x", SAMPLE_TIMER, "a=\"1\"", &spec);
    before = registry_count(registry).bytes;
    cell = admit_with(registry, "x", SAMPLE_TIMER, "", &spec);
    counted = registry_count(registry).bytes - before;
    assert_int_equal(counted, series_size(SLICE(""), 1) + kind_cell_size(METRIC_HISTOGRAM, &two));
    snapshot_unref(registry_snapshot(registry));
    remove_series(registry, cell);
    assert_int_equal(registry_count(registry).bytes, before);
}

/* --- TTLs ----------------------------------------------------------------------------------- */

static void the_shortest_ttl_is_that_of_all_new_families(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    const struct metric_spec specs[] = {
        { .ttl_ns = 5 }, { .ttl_ns = 3 }, { .ttl_ns = 4 }, { .ttl_ns = 7 }, { .ttl_ns = 0 },
    };
    static const char *const names[] = { "a", "b", "c", "d", "e" };

    for (unsigned i = 0; i < 3; i++)
        admit_with(registry, names[i], SAMPLE_COUNTER, "", &specs[i]);
    assert_int_equal(registry_take_shortest_ttl(registry), 3);
    for (unsigned i = 3; i < 5; i++)
        admit_with(registry, names[i], SAMPLE_COUNTER, "", &specs[i]);
    assert_int_equal(registry_take_shortest_ttl(registry), 7);
    assert_int_equal(registry_take_shortest_ttl(registry), INT64_MAX);
}

/* --- limits --------------------------------------------------------------------------------- */

static void a_spec_may_limit_the_series_of_a_family(void **state)
{
    CLEANUP(registry_freep) struct registry *registry = new_large_registry();
    const struct metric_spec spec = { .max_series = 2, .ttl_ns = SPEC_TTL_DEFAULT };

    admit_with(registry, "x", SAMPLE_COUNTER, "a=\"1\"", &spec);
    admit_with(registry, "x", SAMPLE_COUNTER, "a=\"2\"", &spec);
    assert_slice_equal(
        series_labels(cell_series(admit_with(registry, "x", SAMPLE_COUNTER, "a=\"3\"", &spec))),
        "overflow=\"true\"");
    admit_with(registry, "y", SAMPLE_COUNTER, "a=\"1\"", NULL);
    admit_with(registry, "y", SAMPLE_COUNTER, "a=\"2\"", NULL);
    assert_slice_equal(
        series_labels(cell_series(admit_with(registry, "y", SAMPLE_COUNTER, "a=\"3\"", NULL))),
        "a=\"3\"");
}

/* The limit for all families is a default, so that one metric may need more. */
static void a_spec_may_allow_more_series_than_the_default(void **state)
{
    const struct registry_options options = { .n_workers = 1,
                                              .max_series = 100,
                                              .max_family_series = 1,
                                              .max_bytes = SIZE_MAX,
                                              .buckets = buckets };
    const struct metric_spec spec = { .max_series = 2, .ttl_ns = SPEC_TTL_DEFAULT };
    CLEANUP(registry_freep) struct registry *registry = NULL;

    assert_int_equal(registry_new(&registry, &options), 0);
    admit_with(registry, "x", SAMPLE_GAUGE, "a=\"1\"", &spec);
    assert_slice_equal(
        series_labels(cell_series(admit_with(registry, "x", SAMPLE_GAUGE, "a=\"2\"", &spec))),
        "a=\"2\"");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(families_have_buckets_of_their_own),
        CASE(families_have_native_buckets_if_the_spec_says_so),
        CASE(the_first_to_make_a_family_decides_its_buckets),
        CASE(memory_is_counted_with_a_familys_own_buckets),
        CASE(the_shortest_ttl_is_that_of_all_new_families),
        CASE(a_spec_may_limit_the_series_of_a_family),
        CASE(a_spec_may_allow_more_series_than_the_default),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
