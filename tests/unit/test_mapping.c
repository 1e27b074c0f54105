/* SPDX-License-Identifier: Apache-2.0 */

#include "rule_list.h"
#include "unit.h"

#include "mapping/mapping.h"

static struct mapping *new_mapping(size_t n_metrics, const char *const *names)
{
    struct mapping_parts parts = { .n_metrics = n_metrics, .generation = 7 };
    struct mapping *mapping = NULL;

    if (n_metrics)
        parts.metrics = arena_alloc(&parts.arena, n_metrics * sizeof(*parts.metrics));
    for (size_t i = 0; i < n_metrics; i++)
        parts.metrics[i] = (struct metric){ .name = slice_of(names[i]), .line = (unsigned)i + 1 };
    assert_int_equal(mapping_new(&mapping, &parts), 0);
    assert_null(parts.metrics);
    return mapping;
}

static void metrics_are_found_by_name_in_any_order(void **state)
{
    static const char *const names[] = { "b", "a_b", "c", "a", "ab" };
    struct mapping *mapping = new_mapping(ARRAY_SIZE(names), names);

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        assert_int_equal(mapping_find(mapping, slice_of(names[i]))->line, i + 1);
    assert_null(mapping_find(mapping, SLICE("")));
    assert_null(mapping_find(mapping, SLICE("a_")));
    assert_null(mapping_find(mapping, SLICE("d")));
    assert_int_equal(mapping_parts(mapping)->generation, 7);
    mapping_unref(mapping);
}

static void an_empty_mapping_declares_nothing(void **state)
{
    struct mapping *mapping = new_mapping(0, NULL);

    assert_null(mapping_find(mapping, SLICE("a")));
    assert_int_equal(mapping_n_rules(mapping), 0);
    assert_int_equal(mapping_n_rules(NULL), 0);
    mapping_unref(mapping);
}

static void counts_its_rules(void **state)
{
    static const struct rule list[] = {
        { .match = TEXT("a.*"), .name = TEXT("a") },
        { .match = TEXT("b.*"), .name = TEXT("b") },
    };
    const struct rules_options options = { 0 };
    struct mapping_parts parts = { .generation = 1 };
    struct mapping *mapping;

    assert_int_equal(rules_new(&parts.rules, &options, list, 2), 0);
    assert_int_equal(mapping_new(&mapping, &parts), 0);
    assert_int_equal(mapping_n_rules(mapping), 2);
    mapping_unref(mapping);
}

static void lives_until_its_last_reference_is_released(void **state)
{
    static const char *const names[] = { "a" };
    struct mapping *mapping = new_mapping(1, names);

    assert_ptr_equal(mapping_ref(mapping), mapping);
    mapping_unref(mapping);
    assert_non_null(mapping_find(mapping, SLICE("a")));
    mapping_unref(mapping);
    assert_null(mapping_ref(NULL));
    mapping_unref(NULL);
}

static void a_metric_takes_the_labels_it_lists(void **state)
{
    const struct slice labels[] = { SLICE("a"), SLICE("ab"), SLICE("c") };
    const struct metric listed = { .labels = labels, .n_labels = 3 };
    const struct metric none = { .n_labels = 0 }, any = { .takes_any_label = true };

    for (unsigned i = 0; i < ARRAY_SIZE(labels); i++)
        assert_true(metric_takes_label(&listed, labels[i]));
    assert_false(metric_takes_label(&listed, SLICE("b")));
    assert_false(metric_takes_label(&listed, SLICE("")));
    assert_false(metric_takes_label(&none, SLICE("a")));
    assert_true(metric_takes_label(&any, SLICE("a")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(metrics_are_found_by_name_in_any_order),
        CASE(an_empty_mapping_declares_nothing),
        CASE(counts_its_rules),
        CASE(lives_until_its_last_reference_is_released),
        CASE(a_metric_takes_the_labels_it_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
