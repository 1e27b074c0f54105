/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/buckets.h"

#include <errno.h>
#include <float.h>
#include <math.h>

static struct buckets *new_buckets(const double *bounds, unsigned n)
{
    struct buckets *buckets = NULL;

    assert_int_equal(buckets_new(&buckets, bounds, n), 0);
    assert_non_null(buckets);
    return buckets;
}

/* A refusal must leave the out-parameter unchanged. */
static void assert_refused(const double *bounds, unsigned n)
{
    struct buckets *mark = (struct buckets *)(uintptr_t)1, *ret = mark;

    assert_int_equal(buckets_new(&ret, bounds, n), -EINVAL);
    assert_ptr_equal(ret, mark);
}

static void takes_the_bounds_of_prometheus_clients(void **state)
{
    CLEANUP(buckets_freep) struct buckets *buckets = new_buckets(buckets_default_bounds, 11);

    assert_int_equal(buckets->n, 11);
    assert_memory_equal(buckets->bounds, buckets_default_bounds, sizeof(buckets_default_bounds));
}

static void copies_the_bounds(void **state)
{
    double bounds[] = { 1, 2 };
    CLEANUP(buckets_freep) struct buckets *buckets = new_buckets(bounds, 2);

    bounds[0] = 99;
    assert_true(buckets->bounds[0] == 1);
}

static void a_value_equal_to_a_bound_is_in_its_bucket(void **state)
{
    const double bounds[] = { -1, 0, 2.5 };
    CLEANUP(buckets_freep) struct buckets *buckets = new_buckets(bounds, 3);

    assert_int_equal(buckets_find(buckets, -1), 0);
    assert_int_equal(buckets_find(buckets, nextafter(-1, 0)), 1);
    assert_int_equal(buckets_find(buckets, 0), 1);
    assert_int_equal(buckets_find(buckets, -0.0), 1);
    assert_int_equal(buckets_find(buckets, DBL_TRUE_MIN), 2);
    assert_int_equal(buckets_find(buckets, 2.5), 2);
}

static void values_beyond_the_ends_have_a_bucket(void **state)
{
    CLEANUP(buckets_freep) struct buckets *buckets = new_buckets(buckets_default_bounds, 11);

    assert_int_equal(buckets_find(buckets, -DBL_MAX), 0);
    assert_int_equal(buckets_find(buckets, nextafter(10, 11)), 11);
    assert_int_equal(buckets_find(buckets, DBL_MAX), 11);
}

static void every_default_bound_finds_itself(void **state)
{
    CLEANUP(buckets_freep) struct buckets *buckets = new_buckets(buckets_default_bounds, 11);

    for (unsigned i = 0; i < buckets->n; i++) {
        assert_int_equal(buckets_find(buckets, buckets->bounds[i]), i);
        assert_int_equal(buckets_find(buckets, nextafter(buckets->bounds[i], 99)), i + 1);
    }
}

static void without_bounds_all_is_in_the_last_bucket(void **state)
{
    CLEANUP(buckets_freep) struct buckets *buckets = new_buckets(buckets_default_bounds, 0);

    assert_int_equal(buckets->n, 0);
    assert_int_equal(buckets_find(buckets, -DBL_MAX), 0);
    assert_int_equal(buckets_find(buckets, DBL_MAX), 0);
}

static void refuses_bounds_that_do_not_ascend(void **state)
{
    assert_refused((const double[]){ 1, 1 }, 2);
    assert_refused((const double[]){ 2, 1 }, 2);
    assert_refused((const double[]){ 1, 2, 3, 3 }, 4);
    assert_refused((const double[]){ -0.0, 0.0 }, 2);
}

static void refuses_bounds_that_are_not_finite(void **state)
{
    assert_refused((const double[]){ 1, (double)INFINITY }, 2);
    assert_refused((const double[]){ -(double)INFINITY, 1 }, 2);
    assert_refused((const double[]){ (double)NAN }, 1);
    assert_refused((const double[]){ 1, (double)NAN, 2 }, 3);
}

static void takes_as_many_bounds_as_there_may_be_and_no_more(void **state)
{
    double bounds[BUCKETS_MAX + 1];

    for (unsigned i = 0; i <= BUCKETS_MAX; i++)
        bounds[i] = i;
    assert_refused(bounds, BUCKETS_MAX + 1);
    buckets_free(new_buckets(bounds, BUCKETS_MAX));
}

static void equal_ones_have_the_same_bounds(void **state)
{
    const struct buckets a = { .n = 2, .bounds = { 1, 2 } }, same = a;
    const struct buckets other = { .n = 2, .bounds = { 1, 3 } };
    const struct buckets shorter = { .n = 1, .bounds = { 1 } };

    assert_true(buckets_equal(&a, &a));
    assert_true(buckets_equal(&a, &same));
    assert_false(buckets_equal(&a, &other));
    assert_false(buckets_equal(&other, &a));
    assert_false(buckets_equal(&a, &shorter));
    assert_false(buckets_equal(&shorter, &a));
}

static void equal_ones_have_the_same_native_buckets(void **state)
{
    static const struct native_options others[] = { { 3, 160, 0.5 }, { 4, 160, 0 }, { 3, 161, 0 } };
    const struct buckets plain = { .n = 1, .bounds = { 1 } };
    struct buckets a = plain, b;

    a.native = (struct native_options){ 3, 160, 0 };
    b = a;
    assert_true(buckets_are_native(&a));
    assert_false(buckets_are_native(&plain));
    assert_true(buckets_equal(&a, &b));
    assert_false(buckets_equal(&a, &plain));
    for (unsigned i = 0; i < ARRAY_SIZE(others); i++) {
        b.native = others[i];
        assert_false(buckets_equal(&a, &b));
        assert_false(buckets_equal(&b, &a));
    }
    /* Without native buckets, the rest of the options says nothing. */
    b.native = (struct native_options){ 3, 0, 1 };
    assert_true(buckets_equal(&plain, &b));
}

/* The largest factor 2^(2^-n) that is not above the one wanted, as in Prometheus' own clients. */
static void a_factor_chooses_the_schema(void **state)
{
    static const struct {
        double factor;
        int schema;
    } cases[] = {
        { 1.0001, 8 }, { 1.002, 8 },  { 1.0028, 8 }, { 1.006, 7 }, { 1.05, 4 },
        { 1.09, 4 },   { 1.1, 3 },    { 1.19, 2 },   { 1.2, 2 },   { 1.5, 1 },
        { 1.99, 1 },   { 2, 0 },      { 3.9, 0 },    { 4, -1 },    { 16, -2 },
        { 256, -3 },   { 65535, -3 }, { 65536, -4 }, { 1e9, -4 },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(native_options_schema(cases[i].factor), cases[i].schema);
}

static void free_accepts_null(void **state)
{
    buckets_free(NULL);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(takes_the_bounds_of_prometheus_clients),
        CASE(copies_the_bounds),
        CASE(a_value_equal_to_a_bound_is_in_its_bucket),
        CASE(values_beyond_the_ends_have_a_bucket),
        CASE(every_default_bound_finds_itself),
        CASE(without_bounds_all_is_in_the_last_bucket),
        CASE(refuses_bounds_that_do_not_ascend),
        CASE(refuses_bounds_that_are_not_finite),
        CASE(takes_as_many_bounds_as_there_may_be_and_no_more),
        CASE(equal_ones_have_the_same_bounds),
        CASE(equal_ones_have_the_same_native_buckets),
        CASE(a_factor_chooses_the_schema),
        CASE(free_accepts_null),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
