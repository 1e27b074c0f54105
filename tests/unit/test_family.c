/* SPDX-License-Identifier: Apache-2.0 */

#include "abort.h"

#include "aggregate/family.h"

static struct family *new_family(enum sample_type type, const char *name, const char *sent_as)
{
    const struct identity identity = { .type = type,
                                       .family = slice_of(name),
                                       .sent_as = slice_of(sent_as) };
    struct family *family = family_new(&identity, NULL);

    assert_non_null(family);
    return family;
}

static void keeps_its_names_when_the_identity_is_gone(void **state)
{
    char name[] = "a_b", sent_as[] = "a.b";
    struct family *family = new_family(SAMPLE_GAUGE, name, sent_as);

    memset(name, 'x', sizeof(name));
    memset(sent_as, 'x', sizeof(sent_as));
    assert_slice_equal(family->name, "a_b");
    assert_slice_equal(family->sent_as, "a.b");
    family_unref(family);
}

static void a_counter_claims_its_name_alone(void **state)
{
    struct family *family = new_family(SAMPLE_COUNTER, "x", "x");

    assert_int_equal(family->type, METRIC_COUNTER);
    assert_int_equal(family->n_claims, 1);
    assert_slice_equal(family->claims[0].name, "x");
    assert_ptr_equal(family->claims[0].family, family);
    family_unref(family);
}

static void a_histogram_claims_what_it_is_exposed_under(void **state)
{
    struct family *family = new_family(SAMPLE_TIMER, "x", "x");

    assert_int_equal(family->type, METRIC_HISTOGRAM);
    assert_int_equal(family->n_claims, 4);
    assert_slice_equal(family->claims[0].name, "x");
    assert_slice_equal(family->claims[1].name, "x_bucket");
    assert_slice_equal(family->claims[2].name, "x_sum");
    assert_slice_equal(family->claims[3].name, "x_count");
    family_unref(family);
}

static void make_the_family_of_an_end(void)
{
    new_family(SAMPLE_END, "x", "x");
}

static void an_end_has_none(void **state)
{
    assert_aborts(make_the_family_of_an_end, "type < _METRIC_TYPE_N does not hold");
}

static void a_reserved_one_has_all_names_of_its_type(void **state)
{
    struct family *family = family_new_reserved(SLICE("x"), METRIC_HISTOGRAM);

    assert_non_null(family);
    assert_true(family->is_reserved);
    assert_int_equal(family->type, METRIC_HISTOGRAM);
    assert_int_equal(family->n_claims, 4);
    assert_slice_equal(family->name, "x");
    assert_slice_equal(family->sent_as, "");
    family_unref(family);
}

static void knows_how_much_memory_it_takes(void **state)
{
    struct family *small = new_family(SAMPLE_GAUGE, "x", "x");
    struct family *large = new_family(SAMPLE_GAUGE, "x_and_much_more", "x.and.much.more");

    assert_true(small->size > sizeof(struct family));
    assert_true(large->size > small->size);
    family_unref(small);
    family_unref(large);
}

static void counts_its_memory_where_it_is_told_to(void **state)
{
    struct family *first = new_family(SAMPLE_GAUGE, "x", "x");
    struct family *second = new_family(SAMPLE_TIMER, "yy", "y.y");
    size_t first_size = first->size, second_size = second->size;
    struct budget budget = { .held_bytes = 5 };

    family_set_budget(first, &budget, 0);
    assert_int_equal(budget.held_bytes, 5 + first_size);
    family_set_budget(second, &budget, 1000);
    assert_int_equal(budget.held_bytes, 5 + first_size + second_size + 1000);
    family_unref(first);
    assert_int_equal(budget.held_bytes, 5 + second_size + 1000);
    family_ref(second);
    family_unref(second);
    assert_int_equal(budget.held_bytes, 5 + second_size + 1000);
    family_unref(second);
    assert_int_equal(budget.held_bytes, 5);
}

static void a_set_claims_its_name_alone(void **state)
{
    struct family *family = new_family(SAMPLE_SET, "x", "x");

    assert_int_equal(family->type, METRIC_SET);
    assert_int_equal(family->n_claims, 1);
    family_unref(family);
}

/* LeakSanitizer shows that the last reference frees it. */
static void goes_with_its_last_reference(void **state)
{
    struct family *family = new_family(SAMPLE_GAUGE, "x", "x");

    family_ref(family);
    family_unref(family);
    assert_slice_equal(family->name, "x");
    family_unref(family);
}

static void drop_a_reference_that_nobody_has(void)
{
    struct family *family = new_family(SAMPLE_GAUGE, "x", "x");

    atomic_store(&family->refs, 0);
    family_unref(family);
}

static void a_reference_too_many_aborts(void **state)
{
    assert_aborts(drop_a_reference_that_nobody_has, "refs > 0u does not hold: 0 and 0");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(keeps_its_names_when_the_identity_is_gone),
        CASE(a_counter_claims_its_name_alone),
        CASE(a_histogram_claims_what_it_is_exposed_under),
        CASE(a_set_claims_its_name_alone),
        CASE(an_end_has_none),
        CASE(a_reserved_one_has_all_names_of_its_type),
        CASE(knows_how_much_memory_it_takes),
        CASE(counts_its_memory_where_it_is_told_to),
        CASE(goes_with_its_last_reference),
        CASE(a_reference_too_many_aborts),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
