/* SPDX-License-Identifier: Apache-2.0 */

#include "registry_setup.h"

#include "web/scraper_names.h"

static enum verdict admit(struct registry *registry, const char *name, enum sample_type type)
{
    const struct identity identity = { .type = type, .family = slice_of(name), .weight = 1 };
    struct admission admission;

    return registry_admit(registry, 0, 0, &identity, &admission);
}

static void they_are_refused_for_each_type(void **state)
{
    static const char *const names[] = { "up", "scrape_series_added", "ALERTS_FOR_STATE" };
    struct registry *registry = new_registry(1, 10, 1 << 20);

    assert_int_equal(scraper_names_reserve(registry), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        for (unsigned type = 0; type < SAMPLE_END; type++)
            assert_int_equal(admit(registry, names[i], (enum sample_type)type),
                             REFUSED_RESERVED_NAME);
    registry_free(registry);
}

static void names_like_them_are_free(void **state)
{
    static const char *const names[] = { "ups", "Up", "up_total", "scrape_", "ALERT", "alerts" };
    struct registry *registry = new_registry(1, 10, 1 << 20);

    assert_int_equal(scraper_names_reserve(registry), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        assert_int_equal(admit(registry, names[i], SAMPLE_GAUGE), VERDICT_APPLIED);
    registry_free(registry);
}

static void they_can_be_reserved_only_once(void **state)
{
    struct registry *registry = new_registry(1, 10, 1 << 20);

    assert_int_equal(scraper_names_reserve(registry), 0);
    assert_true(scraper_names_reserve(registry) < 0);
    registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_refused_for_each_type),
        cmocka_unit_test(names_like_them_are_free),
        cmocka_unit_test(they_can_be_reserved_only_once),
    };

    return cmocka_run_group_tests(tests, make_buckets, free_buckets);
}
