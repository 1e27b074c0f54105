/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "config/environment.h"

#include <stdlib.h>

struct weather {
    uint64_t n_drops;
    char *place;
    struct option_list clouds;
};

#define OPTION_VALUES struct weather

static const struct option rows[] = {
    { "rain.n-drops", "N", OPTION_COUNT(n_drops, 0, 1000, 1), "number of drops" },
    { "place", "TEXT", OPTION_TEXT(place, "here"), "where" },
    { "clouds", "TEXT", OPTION_LIST(value_text, clouds, "low"), "which" },
};

static const struct option_table table = OPTION_TABLE(rows);

static struct weather weather;
static struct problems problems;

static void without_variables_nothing_changes(void **state)
{
    assert_true(environment_read(&table, &weather, &problems));
    assert_int_equal(weather.n_drops, 1);
    assert_string_equal(weather.place, "here");
    assert_null(environment_value(&rows[0]));
}

static void variables_set_what_they_name(void **state)
{
    setenv("UDOMETER_RAIN_N_DROPS", "9", 1);
    setenv("UDOMETER_PLACE", "a=b", 1);
    setenv("UDOMETER_CLOUDS", "high,higher", 1);
    assert_true(environment_read(&table, &weather, &problems));
    assert_int_equal(problems.n, 0);
    assert_int_equal(weather.n_drops, 9);
    assert_string_equal(weather.place, "a=b");
    assert_int_equal(weather.clouds.n, 2);
    assert_int_equal(weather.clouds.source, OPTION_ENVIRONMENT);
    assert_string_equal(environment_value(&rows[0]), "9");
}

static void an_empty_variable_counts_as_unset(void **state)
{
    setenv("UDOMETER_PLACE", "", 1);
    setenv("UDOMETER_CLOUDS", "", 1);
    setenv("UDOMETER_RAIN_N_DROPS", "", 1);
    assert_true(environment_read(&table, &weather, &problems));
    assert_string_equal(weather.place, "here");
    assert_null(environment_value(&rows[1]));
    assert_int_equal(weather.clouds.n, 1);
    assert_int_equal(weather.clouds.source, OPTION_DEFAULT);
    assert_int_equal(weather.n_drops, 1);
}

static void each_wrong_variable_is_a_problem(void **state)
{
    char clouds[2 * (OPTION_LIST_MAX + 1)];

    memset(clouds, ',', sizeof(clouds));
    clouds[sizeof(clouds) - 1] = '\0';
    setenv("UDOMETER_RAIN_N_DROPS", " ", 1);
    setenv("UDOMETER_PLACE", "there", 1);
    setenv("UDOMETER_CLOUDS", clouds, 1);
    assert_false(environment_read(&table, &weather, &problems));
    assert_slice_equal(buffer_text(&problems.lines),
                       "UDOMETER_RAIN_N_DROPS= : expected a whole number from 0 to 1000\n"
                       "UDOMETER_CLOUDS=,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,: expected at most 16 "
                       "values\n");
    assert_int_equal(weather.n_drops, 1);
    assert_string_equal(weather.place, "there");
}

static int begin(void **state)
{
    unsetenv("UDOMETER_RAIN_N_DROPS");
    unsetenv("UDOMETER_PLACE");
    unsetenv("UDOMETER_CLOUDS");
    return option_init_values(&table, &weather);
}

static int end(void **state)
{
    option_deinit_values(&table, &weather);
    problems_deinit(&problems);
    return 0;
}

#define ENVIRONMENT_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        ENVIRONMENT_CASE(without_variables_nothing_changes),
        ENVIRONMENT_CASE(variables_set_what_they_name),
        ENVIRONMENT_CASE(an_empty_variable_counts_as_unset),
        ENVIRONMENT_CASE(each_wrong_variable_is_a_problem),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
