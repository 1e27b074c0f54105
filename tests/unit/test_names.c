/* SPDX-License-Identifier: Apache-2.0 */

#include "registry_setup.h"

#include "aggregate/names.h"

#include <stdio.h>

static struct names names;

/* A family that has its names. */
static struct family *claim(const char *name, enum sample_type type)
{
    struct family *family = new_family(name, type);

    struct family *holder;

    assert_int_equal(names_claim(&names, family, &holder), VERDICT_APPLIED);
    return family;
}

static struct family *reserve(const char *name, enum metric_type type)
{
    struct family *family = family_new_reserved(slice_of(name), type), *holder;

    assert_non_null(family);
    assert_int_equal(names_claim(&names, family, &holder), VERDICT_APPLIED);
    return family;
}

static enum verdict find(const char *name, enum metric_type type, struct family **ret)
{
    struct slice slice = slice_of(name);

    return names_find(&names, slice, names_hash(&names, slice), type, ret);
}

static void assert_free(const char *name)
{
    struct family *family = new_family("mark", SAMPLE_COUNTER), *found = family;

    for (unsigned type = 0; type < _METRIC_TYPE_N; type++) {
        found = family;
        assert_int_equal(find(name, (enum metric_type)type, &found), VERDICT_APPLIED);
        assert_null(found);
    }
    family_unref(family);
}

static void assert_refused(const char *name, enum metric_type type, enum verdict verdict)
{
    struct family *found = NULL;

    assert_int_equal(find(name, type, &found), verdict);
    assert_non_null(found); /* the family that has the name */
}

static struct family *holder_of(const char *name)
{
    struct slice slice = slice_of(name);

    return names_holder(&names, slice, names_hash(&names, slice));
}

/* A family of this name and type gets no name at all, because of @holder. */
static void assert_claim_refused_for(const char *name, enum sample_type type, enum verdict verdict,
                                     const struct family *holder)
{
    struct family *family = new_family(name, type), *found = NULL;

    assert_int_equal(names_claim(&names, family, &found), verdict);
    assert_ptr_equal(found, holder);
    family_unref(family);
}

static void a_name_is_free_at_first(void **state)
{
    assert_free("x");
    assert_free("");
}

static void finds_the_family_for_the_same_type_only(void **state)
{
    struct family *family = claim("x", SAMPLE_COUNTER), *found = NULL;

    assert_int_equal(find("x", METRIC_COUNTER, &found), VERDICT_APPLIED);
    assert_ptr_equal(found, family);
    assert_refused("x", METRIC_GAUGE, REFUSED_TYPE_CONFLICT);
    assert_refused("x", METRIC_HISTOGRAM, REFUSED_TYPE_CONFLICT);
    names_release(&names, family);
    assert_free("x");
}

static void a_histogram_takes_four_names(void **state)
{
    static const char *const taken[] = { "x_bucket", "x_sum", "x_count" };
    struct family *family = claim("x", SAMPLE_TIMER), *found = NULL;

    assert_int_equal(find("x", METRIC_HISTOGRAM, &found), VERDICT_APPLIED);
    assert_ptr_equal(found, family);
    for (unsigned i = 0; i < ARRAY_SIZE(taken); i++) {
        for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
            assert_refused(taken[i], (enum metric_type)type, REFUSED_TYPE_CONFLICT);
        assert_claim_refused_for(taken[i], SAMPLE_COUNTER, REFUSED_TYPE_CONFLICT, family);
    }
    names_release(&names, family);
    for (unsigned i = 0; i < ARRAY_SIZE(taken); i++)
        assert_free(taken[i]);
}

static void a_histogram_is_refused_where_one_of_its_names_is_taken(void **state)
{
    static const char *const taken[] = { "x", "x_bucket", "x_sum", "x_count" };

    for (unsigned i = 0; i < ARRAY_SIZE(taken); i++) {
        struct family *family = claim(taken[i], SAMPLE_COUNTER);

        assert_claim_refused_for("x", SAMPLE_HISTOGRAM, REFUSED_TYPE_CONFLICT, family);
        names_release(&names, family);
    }
}

static void a_refused_histogram_takes_no_name(void **state)
{
    struct family *family = claim("x_count", SAMPLE_GAUGE), *found = NULL;
    struct family *refused = new_family("x", SAMPLE_HISTOGRAM), *holder = NULL;

    assert_int_equal(names_claim(&names, refused, &holder), REFUSED_TYPE_CONFLICT);
    assert_ptr_equal(holder, family);
    assert_int_equal(names.claims.n, 1);
    assert_free("x");
    assert_free("x_bucket");
    assert_free("x_sum");
    assert_int_equal(find("x_count", METRIC_GAUGE, &found), VERDICT_APPLIED);
    assert_ptr_equal(found, family);
    family_unref(refused);
    names_release(&names, family);
}

static void histograms_whose_names_nest_conflict(void **state)
{
    struct family *family = claim("x", SAMPLE_HISTOGRAM);

    assert_claim_refused_for("x_bucket", SAMPLE_HISTOGRAM, REFUSED_TYPE_CONFLICT, family);
    names_release(&names, family);
    family = claim("x_bucket", SAMPLE_HISTOGRAM);
    assert_claim_refused_for("x", SAMPLE_HISTOGRAM, REFUSED_TYPE_CONFLICT, family);
    names_release(&names, family);
}

static void names_that_only_look_alike_do_not_conflict(void **state)
{
    struct family *histogram = claim("x", SAMPLE_HISTOGRAM);
    struct family *counter = claim("x_buckets", SAMPLE_COUNTER);
    struct family *gauge = claim("x_su", SAMPLE_GAUGE);
    struct family *total = claim("x_total", SAMPLE_COUNTER);

    assert_free("X");
    assert_free("x_");
    names_release(&names, total);
    names_release(&names, gauge);
    names_release(&names, counter);
    names_release(&names, histogram);
}

static void a_counter_takes_one_name(void **state)
{
    struct family *counter = claim("x", SAMPLE_COUNTER);

    assert_free("x_bucket");
    assert_free("x_sum");
    assert_free("x_count");
    names_release(&names, counter);
}

static void reserved_names_are_refused_for_all_types(void **state)
{
    struct family *own = reserve("udometer_lines_total", METRIC_COUNTER);

    for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
        assert_refused("udometer_lines_total", (enum metric_type)type, REFUSED_RESERVED_NAME);
    assert_claim_refused_for("udometer_lines_total", SAMPLE_COUNTER, REFUSED_RESERVED_NAME, own);
}

static void a_reserved_histogram_reserves_four_names(void **state)
{
    reserve("own", METRIC_HISTOGRAM);
    assert_refused("own", METRIC_HISTOGRAM, REFUSED_RESERVED_NAME);
    assert_refused("own_bucket", METRIC_COUNTER, REFUSED_RESERVED_NAME);
    assert_refused("own_sum", METRIC_GAUGE, REFUSED_RESERVED_NAME);
    assert_refused("own_count", METRIC_HISTOGRAM, REFUSED_RESERVED_NAME);
    assert_free("own_total");
}

static void a_histogram_over_a_reserved_name_is_refused(void **state)
{
    struct family *own = reserve("own_sum", METRIC_COUNTER);

    assert_claim_refused_for("own", SAMPLE_HISTOGRAM, REFUSED_RESERVED_NAME, own);
    assert_free("own");
    assert_free("own_bucket");
}

static void a_refusal_tells_which_family_has_the_name(void **state)
{
    struct family *histogram = claim("x", SAMPLE_TIMER), *own = reserve("own", METRIC_GAUGE);
    struct family *found = NULL;

    assert_int_equal(find("x", METRIC_COUNTER, &found), REFUSED_TYPE_CONFLICT);
    assert_ptr_equal(found, histogram);
    found = NULL;
    assert_int_equal(find("x_sum", METRIC_COUNTER, &found), REFUSED_TYPE_CONFLICT);
    assert_ptr_equal(found, histogram);
    assert_int_equal(find("own", METRIC_GAUGE, &found), REFUSED_RESERVED_NAME);
    assert_ptr_equal(found, own);
    names_release(&names, histogram);
}

static void finds_the_family_of_a_name_whatever_its_type(void **state)
{
    static const enum sample_type types[] = { SAMPLE_COUNTER, SAMPLE_GAUGE, SAMPLE_TIMER,
                                              SAMPLE_SET };

    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        struct family *family;

        assert_null(holder_of("x"));
        family = claim("x", types[i]);
        assert_ptr_equal(holder_of("x"), family);
        assert_null(holder_of("X"));
        names_release(&names, family);
    }
    assert_null(holder_of("x"));
}

/* x_sum is not a family, though no other family may have that name. */
static void what_a_histogram_is_exposed_under_is_no_family(void **state)
{
    struct family *histogram = claim("x", SAMPLE_HISTOGRAM);

    assert_null(holder_of("x_bucket"));
    assert_null(holder_of("x_sum"));
    assert_null(holder_of("x_count"));
    assert_ptr_equal(holder_of("x"), histogram);
    names_release(&names, histogram);
}

static void finds_its_own_families_too(void **state)
{
    struct family *own = reserve("own", METRIC_GAUGE);

    assert_ptr_equal(holder_of("own"), own);
    assert_true(holder_of("own")->is_reserved);
}

/* Prometheus sees a set as a gauge, but the two cannot share series. */
static void a_set_is_no_gauge(void **state)
{
    struct family *set = claim("x", SAMPLE_SET), *found = NULL;

    assert_int_equal(find("x", METRIC_SET, &found), VERDICT_APPLIED);
    assert_ptr_equal(found, set);
    assert_refused("x", METRIC_GAUGE, REFUSED_TYPE_CONFLICT);
    assert_claim_refused_for("x", SAMPLE_GAUGE, REFUSED_TYPE_CONFLICT, set);
    names_release(&names, set);
}

static void thousands_of_names_come_and_go(void **state)
{
    static struct family *families[3000];
    char name[32];

    for (unsigned i = 0; i < ARRAY_SIZE(families); i++) {
        snprintf(name, sizeof(name), "family_%u", i);
        families[i] = claim(name, SAMPLE_HISTOGRAM);
    }
    assert_int_equal(names.claims.n, 4 * ARRAY_SIZE(families));
    for (unsigned i = 0; i < ARRAY_SIZE(families); i++)
        names_release(&names, families[i]);
    assert_int_equal(names.claims.n, 0);
}

static int begin(void **state)
{
    names = (struct names){ .seed = 42 };
    return 0;
}

static int end(void **state)
{
    names_deinit(&names);
    return 0;
}

#define NAMES_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        NAMES_CASE(a_name_is_free_at_first),
        NAMES_CASE(finds_the_family_for_the_same_type_only),
        NAMES_CASE(a_histogram_takes_four_names),
        NAMES_CASE(a_histogram_is_refused_where_one_of_its_names_is_taken),
        NAMES_CASE(a_refused_histogram_takes_no_name),
        NAMES_CASE(histograms_whose_names_nest_conflict),
        NAMES_CASE(names_that_only_look_alike_do_not_conflict),
        NAMES_CASE(a_counter_takes_one_name),
        NAMES_CASE(reserved_names_are_refused_for_all_types),
        NAMES_CASE(a_reserved_histogram_reserves_four_names),
        NAMES_CASE(a_histogram_over_a_reserved_name_is_refused),
        NAMES_CASE(a_refusal_tells_which_family_has_the_name),
        NAMES_CASE(finds_the_family_of_a_name_whatever_its_type),
        NAMES_CASE(what_a_histogram_is_exposed_under_is_no_family),
        NAMES_CASE(finds_its_own_families_too),
        NAMES_CASE(a_set_is_no_gauge),
        NAMES_CASE(thousands_of_names_come_and_go),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
