/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "config/settings.h"
#include "daemon/daemon.h"
#include "daemon/options.h"

static struct settings settings;
static struct daemon_options options;

static void take_options(void)
{
    options_daemon(&settings, &options);
}

static uint64_t limit_of(const char *name)
{
    for (unsigned i = 0; i < options.n_limits; i++)
        if (strcmp(options.limits[i].name, name) == 0)
            return options.limits[i].value;
    fail_msg("there is no limit %s", name);
    return 0;
}

static void limits_are_what_they_are_set_to(void **state)
{
    settings.max_series = 7;
    settings.max_family_series = 8;
    settings.max_series_bytes = 9 << 20;
    settings.line_length = 10;
    take_options();
    assert_int_equal(limit_of("series"), 7);
    assert_int_equal(limit_of("family-series"), 8);
    assert_int_equal(limit_of("series-memory"), 9 << 20);
    assert_int_equal(limit_of("line-length"), 10);
    assert_int_equal(limit_of("name-length"), 512);
    assert_int_equal(limit_of("labels"), 64);
    assert_int_equal(limit_of("connections"), 1024);
}

/* "All visible as metrics": each --limit.NAME is there once, by its name, and nothing else. */
static void every_limit_is_there_once(void **state)
{
    unsigned n = 0;

    take_options();
    for (unsigned i = 0; i < settings_table.n; i++) {
        const char *name = settings_table.options[i].name;

        if (strncmp(name, "limit.", strlen("limit.")) != 0)
            continue;
        assert_int_equal(limit_of(name + strlen("limit.")),
                         option_number(&settings_table.options[i], &settings));
        n++;
    }
    assert_true(n > 8);
    assert_int_equal(n, options.n_limits);
}

static int begin(void **state)
{
    return settings_init(&settings);
}

static int end(void **state)
{
    settings_deinit(&settings);
    return 0;
}

#define OPTIONS_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        OPTIONS_CASE(limits_are_what_they_are_set_to),
        OPTIONS_CASE(every_limit_is_there_once),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
