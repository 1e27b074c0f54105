/* SPDX-License-Identifier: Apache-2.0 */

#include "registry_setup.h"

#include "web/reserved_names.h"

static struct registry *registry;

static enum verdict admit_gauge(const char *name)
{
    const struct identity identity = { .type = SAMPLE_GAUGE,
                                       .family = slice_of(name),
                                       .weight = 1 };
    struct admission admission;

    return registry_admit(registry, 0, 0, &identity, &admission);
}

static void claim(bool has_self_page, bool has_exporter_names)
{
    const struct reserved_names names = { has_self_page, has_exporter_names };

    assert_int_equal(reserved_names_claim(registry, &names), 0);
}

static void on_one_page_all_names_are_reserved(void **state)
{
    claim(false, false);
    assert_int_equal(admit_gauge("up"), REFUSED_RESERVED_NAME);
    assert_int_equal(admit_gauge("udometer_lines_total"), REFUSED_RESERVED_NAME);
    assert_int_equal(admit_gauge("process_open_fds"), REFUSED_RESERVED_NAME);
    assert_int_equal(admit_gauge("statsd_exporter_lines_total"), VERDICT_APPLIED);
}

static void so_are_the_names_of_its_counters_in_openmetrics(void **state)
{
    claim(false, true);
    assert_int_equal(admit_gauge("process_cpu_seconds"), REFUSED_RESERVED_NAME);
    assert_int_equal(admit_gauge("udometer_lines"), REFUSED_RESERVED_NAME);
    assert_int_equal(admit_gauge("udometer_lines_created"), REFUSED_RESERVED_NAME);
    assert_int_equal(admit_gauge("statsd_exporter_lines"), REFUSED_RESERVED_NAME);
    assert_int_equal(admit_gauge("udometer_line"), VERDICT_APPLIED);
}

static void names_of_statsd_exporter_are_reserved_on_request(void **state)
{
    claim(false, true);
    assert_int_equal(admit_gauge("statsd_exporter_lines_total"), REFUSED_RESERVED_NAME);
}

static void a_page_of_their_own_frees_those_of_self_metrics(void **state)
{
    claim(true, true);
    assert_int_equal(admit_gauge("up"), REFUSED_RESERVED_NAME);
    assert_int_equal(admit_gauge("udometer_lines_total"), VERDICT_APPLIED);
    assert_int_equal(admit_gauge("process_open_fds"), VERDICT_APPLIED);
    assert_int_equal(admit_gauge("statsd_exporter_lines_total"), VERDICT_APPLIED);
}

static void they_can_be_claimed_only_once(void **state)
{
    const struct reserved_names names = { .has_self_page = false };

    claim(false, false);
    assert_true(reserved_names_claim(registry, &names) < 0);
}

static int begin(void **state)
{
    registry = new_registry(1, 10, 1 << 20);
    return 0;
}

static int end(void **state)
{
    registry_free(registry);
    return 0;
}

#define NAMES_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NAMES_CASE(on_one_page_all_names_are_reserved),
        NAMES_CASE(so_are_the_names_of_its_counters_in_openmetrics),
        NAMES_CASE(names_of_statsd_exporter_are_reserved_on_request),
        NAMES_CASE(a_page_of_their_own_frees_those_of_self_metrics),
        NAMES_CASE(they_can_be_claimed_only_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
