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
    assert_slice_equal(family->texts->sent_as, "a.b");
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
    assert_slice_equal(family->texts->sent_as, "");
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

/* The limit is asked before it is made. */
static void its_memory_is_known_before_it_is_made(void **state)
{
    const struct metric_spec plain = { .help = SLICE("help"), .unit = SLICE("s") };
    const double bounds[] = { 1, 2 };
    struct buckets *others, *buckets;

    assert_int_equal(buckets_new(&others, bounds, 2), 0);
    assert_int_equal(buckets_new(&buckets, bounds, 1), 0);
    for (enum sample_type type = 0; type < SAMPLE_END; type++) {
        const struct metric_spec spec = { .help = SLICE("more"), .buckets = others };
        const struct metric_spec *specs[] = { NULL, &plain, &spec };

        for (unsigned i = 0; i < ARRAY_SIZE(specs); i++) {
            struct identity identity = {
                .type = type, .family = SLICE("x_y"), .sent_as = SLICE("x.y"), .spec = specs[i]
            };
            struct family *family = family_new(&identity, buckets);
            struct buckets room;

            assert_non_null(family);
            assert_int_equal(family->size, family_size(&identity, buckets));
            assert_ptr_equal(family_buckets(&identity, buckets, &room),
                             family->own_buckets ? others : family->buckets);
            family_unref(family);
        }
    }
    buckets_free(others);
    buckets_free(buckets);
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

/* --- what the config says --------------------------------------------------------------- */

static const struct buckets three = { .n = 3, .bounds = { 1, 2, 3 } };
static const struct buckets other_three = { .n = 3, .bounds = { 1, 2, 4 } };
static const struct buckets two = { .n = 2, .bounds = { 1, 2 } };

static struct identity identity_with(enum sample_type type, const struct metric_spec *spec)
{
    return (struct identity){
        .type = type,
        .family = SLICE("a_b"),
        .sent_as = SLICE("a.b"),
        .spec = spec,
        .generation = 7,
    };
}

static struct family *family_with(enum sample_type type, const struct metric_spec *spec)
{
    const struct identity identity = identity_with(type, spec);
    struct family *family = family_new(&identity, &three);

    assert_non_null(family);
    return family;
}

static bool must_retire(const struct family *family, enum sample_type type,
                        const struct metric_spec *spec)
{
    struct identity identity = identity_with(type, spec);

    identity.generation++;
    return family_must_retire(family, &identity, &three);
}

static void a_summary_has_options_of_its_own(void **state)
{
    const struct metric_spec spec = { .observer = OBSERVER_SUMMARY, .n_ages = 3 };
    struct family *family = family_with(SAMPLE_TIMER, &spec);

    assert_int_equal(family->type, METRIC_SUMMARY);
    assert_int_equal(family->buckets->n, 0);
    assert_int_equal(family->buckets->summary.n_ages, 3);
    assert_true(family->buckets->summary.max_age_ns == SUMMARY_MAX_AGE_NS);
    assert_true(quantiles_equal(&family->buckets->summary.quantiles, &quantiles_default));
    assert_int_equal(family->n_claims, 3);
    family_unref(family);
}

static void observations_of_a_newer_config_retire_another_type_of_them(void **state)
{
    const struct metric_spec summary = { .observer = OBSERVER_SUMMARY };
    const struct metric_spec other = { .observer = OBSERVER_SUMMARY, .max_age_ns = 1 };
    struct family *of_summary = family_with(SAMPLE_TIMER, &summary);
    struct family *of_histogram = family_with(SAMPLE_TIMER, NULL);
    struct identity identity = identity_with(SAMPLE_HISTOGRAM, NULL);

    assert_false(must_retire(of_summary, SAMPLE_HISTOGRAM, &summary));
    assert_true(must_retire(of_summary, SAMPLE_HISTOGRAM, &other));
    assert_true(must_retire(of_summary, SAMPLE_HISTOGRAM, NULL));
    assert_true(must_retire(of_histogram, SAMPLE_HISTOGRAM, &summary));
    assert_false(must_retire(of_histogram, SAMPLE_HISTOGRAM, NULL));
    identity.generation++;
    identity.family = SLICE("a_b_sum");
    assert_false(family_must_retire(of_summary, &identity, &three));
    assert_false(family_must_retire(of_histogram, &identity, &three));
    identity.is_type_declared = true;
    assert_true(family_must_retire(of_histogram, &identity, &three));
    /* Others do not: the first type of a name keeps it. */
    assert_false(must_retire(of_summary, SAMPLE_COUNTER, &summary));
    family_unref(of_summary);
    family_unref(of_histogram);
}

static void assert_help(struct family *family, const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer help = { 0 };

    family_write_help(family, &help);
    buffer_add_char(&help, '\0');
    assert_string_equal(help.data, expected);
}

static void help_says_how_an_undeclared_name_was_sent(void **state)
{
    struct family *family = new_family(SAMPLE_GAUGE, "a_b", "a.b");

    assert_help(family, "Sent as a.b.");
    atomic_store(&family->has_aliases, true);
    assert_help(family, "Sent as a.b, and in other spellings.");
    family_unref(family);
}

static void the_unit_is_that_of_the_config(void **state)
{
    const struct metric_spec spec = { .unit = SLICE("seconds"), .ttl_ns = SPEC_TTL_DEFAULT };
    const struct identity identity = identity_with(SAMPLE_COUNTER, &spec);
    struct family *family = family_new(&identity, &three), *other;
    CLEANUP(buffer_deinit) struct buffer unit = { 0 };

    family_write_unit(family, &unit);
    assert_true(slice_equal(buffer_text(&unit), SLICE("seconds")));
    other = new_family(SAMPLE_GAUGE, "x", "x");
    family_write_unit(other, &unit);
    assert_true(slice_equal(buffer_text(&unit), SLICE("seconds")));
    family_unref(other);
    family_unref(family);
}

static void help_of_the_config_is_said_first(void **state)
{
    const struct metric_spec spec = { .help = SLICE("Routes flown."), .ttl_ns = SPEC_TTL_DEFAULT };
    const struct identity identity = identity_with(SAMPLE_COUNTER, &spec);
    struct family *family = family_new(&identity, &three);

    assert_help(family, "Routes flown.");
    atomic_store(&family->has_aliases, true);
    assert_help(family, "Routes flown. Sent as a.b, and in other spellings.");
    family_unref(family);
}

static void copies_what_a_spec_says(void **state)
{
    char help[] = "help", unit[] = "seconds";
    struct buckets own = three;
    struct metric_spec spec = { .help = slice_of(help),
                                .unit = slice_of(unit),
                                .buckets = &own,
                                .ttl_ns = 5,
                                .max_series = 9 };
    const struct identity identity = identity_with(SAMPLE_TIMER, &spec);
    struct family *family = family_new(&identity, &two);

    memset(help, 'x', sizeof(help));
    memset(unit, 'x', sizeof(unit));
    own.bounds[2] = 100;
    spec = (struct metric_spec){ 0 };
    assert_help(family, "help");
    assert_slice_equal(family->texts->unit, "seconds");
    assert_true(buckets_equal(family->buckets, &three));
    assert_int_equal(family->ttl_ns, 5);
    assert_int_equal(family->max_series, 9);
    assert_int_equal(family->generation, 7);
    family_unref(family);
}

/* Writers cache texts of bounds by their address, so equal ones should have the same. */
static void borrows_the_default_buckets(void **state)
{
    const struct buckets same = three;
    const struct metric_spec spec = { .buckets = &same, .ttl_ns = SPEC_TTL_DEFAULT };
    const struct identity identity = identity_with(SAMPLE_TIMER, &spec);
    struct family *family = family_new(&identity, &three);

    assert_ptr_equal(family->buckets, &three);
    family_unref(family);
}

static void only_a_histogram_has_buckets_of_its_own(void **state)
{
    const struct metric_spec spec = { .buckets = &two, .ttl_ns = SPEC_TTL_DEFAULT };
    const struct identity identity = identity_with(SAMPLE_COUNTER, &spec);
    struct family *family = family_new(&identity, &three);

    assert_ptr_equal(family->buckets, &three);
    assert_true(family_has_buckets_of(family, &identity, &three));
    family_unref(family);
}

static bool has_buckets_of(const struct buckets *has, const struct buckets *wanted)
{
    const struct metric_spec old_spec = { .buckets = has }, new_spec = { .buckets = wanted };
    const struct identity old = identity_with(SAMPLE_TIMER, &old_spec);
    const struct identity new = identity_with(SAMPLE_TIMER, &new_spec);
    struct family *family = family_new(&old, &two);
    bool has_same = family_has_buckets_of(family, &new, &two);

    family_unref(family);
    return has_same;
}

static void knows_whether_an_identity_wants_other_buckets(void **state)
{
    assert_true(has_buckets_of(NULL, NULL));
    assert_true(has_buckets_of(NULL, &two));
    assert_true(has_buckets_of(&two, NULL));
    assert_true(has_buckets_of(&three, &three));
    assert_false(has_buckets_of(&three, NULL));
    assert_false(has_buckets_of(NULL, &three));
    assert_false(has_buckets_of(&three, &other_three));
    assert_false(has_buckets_of(&three, &two));
}

static void adopts_what_a_newer_config_says(void **state)
{
    const struct metric_spec spec = {
        .help = SLICE("more than before"), .unit = SLICE("bytes"), .ttl_ns = 3, .max_series = 4
    };
    struct identity identity = identity_with(SAMPLE_GAUGE, &spec);
    struct family *family = new_family(SAMPLE_GAUGE, "a_b", "a-b");
    size_t size = family->size;

    assert_true(family_adopt(family, &identity));
    assert_help(family, "more than before");
    assert_slice_equal(family->texts->sent_as, "a-b");
    assert_slice_equal(family->texts->unit, "bytes");
    assert_int_equal(family->ttl_ns, 3);
    assert_int_equal(family->max_series, 4);
    assert_int_equal(family->generation, 7);
    assert_int_equal(family->size, size + strlen("more than before") + strlen("bytes"));

    identity.spec = NULL;
    identity.generation = 8;
    assert_true(family_adopt(family, &identity));
    assert_help(family, "Sent as a-b.");
    assert_int_equal(family->ttl_ns, SPEC_TTL_DEFAULT);
    assert_int_equal(family->max_series, 0);
    assert_int_equal(family->generation, 8);
    assert_int_equal(family->size, size);
    family_unref(family);
}

static void new_texts_are_counted_in_its_budget(void **state)
{
    const struct metric_spec spec = { .help = SLICE("1234567"), .ttl_ns = SPEC_TTL_DEFAULT };
    const struct identity identity = identity_with(SAMPLE_GAUGE, &spec);
    struct family *family = new_family(SAMPLE_GAUGE, "a_b", "a.b");
    struct budget budget = { .held_bytes = 5 };
    size_t size = family->size;

    family_set_budget(family, &budget, 0);
    assert_true(family_adopt(family, &identity));
    assert_int_equal(budget.held_bytes, 5 + size + 7);
    family_unref(family);
    assert_int_equal(budget.held_bytes, 5);
}

static void a_name_that_was_not_sent_says_so(void **state)
{
    const struct identity identity = identity_with(SAMPLE_GAUGE, NULL);
    struct family *family = new_family(SAMPLE_GAUGE, "a_b", "");

    assert_help(family, "Declared, and not sent yet.");
    assert_true(family_adopt(family, &identity));
    assert_help(family, "Sent as a.b.");
    family_unref(family);
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
        CASE(its_memory_is_known_before_it_is_made),
        CASE(counts_its_memory_where_it_is_told_to),
        CASE(goes_with_its_last_reference),
        CASE(a_reference_too_many_aborts),
        CASE(a_summary_has_options_of_its_own),
        CASE(observations_of_a_newer_config_retire_another_type_of_them),
        CASE(help_says_how_an_undeclared_name_was_sent),
        CASE(the_unit_is_that_of_the_config),
        CASE(help_of_the_config_is_said_first),
        CASE(copies_what_a_spec_says),
        CASE(borrows_the_default_buckets),
        CASE(only_a_histogram_has_buckets_of_its_own),
        CASE(knows_whether_an_identity_wants_other_buckets),
        CASE(adopts_what_a_newer_config_says),
        CASE(new_texts_are_counted_in_its_budget),
        CASE(a_name_that_was_not_sent_says_so),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
