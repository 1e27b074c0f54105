/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "config/environment.h"

#include <stdio.h>
#include <stdlib.h>

struct weather {
    uint64_t n_drops;
    char *place;
    struct option_list clouds;
    bool is_cold;
};

#define OPTION_VALUES struct weather

static const struct option rows[] = {
    { "rain.n-drops", "N", OPTION_COUNT(n_drops, 0, 1000, 1), "number of drops" },
    { "place", "TEXT", OPTION_TEXT(place, "here"), "where" },
    { "clouds", "TEXT", OPTION_LIST(value_text, clouds, "low"), "which" },
    { "cold", NULL, OPTION_SWITCH(is_cold, false), "now", .lowest_source = OPTION_FLAG },
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

static void not_every_option_has_a_variable(void **state)
{
    setenv("UDOMETER_COLD", "nonsense", 1);
    assert_true(environment_read(&table, &weather, &problems));
    assert_int_equal(problems.n, 0);
    assert_false(weather.is_cold);
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

/* Set UDOMETER_@name to "x", warn, and return the warnings without the last line feed. */
static const char *warning_of(const char *name, const char *value)
{
    char variable[64];

    problems_deinit(&problems);
    snprintf(variable, sizeof(variable), "UDOMETER_%s", name);
    setenv(variable, value, 1);
    environment_warn(&table, &problems);
    unsetenv(variable);
    if (problems.lines.len)
        problems.lines.len--;
    buffer_add_char(&problems.lines, '\0');
    return problems.lines.data;
}

static void a_variable_that_sets_nothing_gets_a_warning(void **state)
{
    assert_string_equal(warning_of("WIND", "x"),
                        "UDOMETER_WIND: sets nothing; see udometer --help");
    assert_string_equal(warning_of("", "x"), "UDOMETER_: sets nothing; see udometer --help");
    assert_string_equal(warning_of("COLD", "true"),
                        "UDOMETER_COLD: sets nothing; use the flag --cold");
    assert_string_equal(warning_of("WIND", ""), "");
    assert_string_equal(warning_of("PLACE", "there"), "");
}

static void the_nearest_variable_is_named(void **state)
{
    assert_string_equal(warning_of("PLAICE", "x"),
                        "UDOMETER_PLAICE: sets nothing; did you mean UDOMETER_PLACE?");
    assert_string_equal(warning_of("RAIN_DROPS", "x"),
                        "UDOMETER_RAIN_DROPS: sets nothing; did you mean UDOMETER_RAIN_N_DROPS?");
    assert_string_equal(warning_of("N_DROPS", "x"),
                        "UDOMETER_N_DROPS: sets nothing; did you mean UDOMETER_RAIN_N_DROPS?");
    assert_string_equal(warning_of("STAET", "x"),
                        "UDOMETER_STAET: sets nothing; did you mean UDOMETER_STATE?");
    assert_string_equal(warning_of("PREFX", "x"),
                        "UDOMETER_PREFX: sets nothing; did you mean UDOMETER_PREFIX?");
    /* Nor does a misspelt name hint at a flag's. */
    assert_string_equal(warning_of("COLDD", "x"),
                        "UDOMETER_COLDD: sets nothing; see udometer --help");
}

static void variables_of_others_are_left_alone(void **state)
{
    static const char *const of_others[][2] = {
        { "URL", "udp://127.0.0.1:8125" },
        { "DEBUG", "1" },
        { "PREFIX", "bot." },
        { "TAGS", "env=prod" },
        { "STATE", "/var/lib/bot/state" },
        { "SERVICE_HOST", "10.0.0.11" },
        { "SERVICE_PORT", "9102" },
        { "SERVICE_PORT_WEB", "9102" },
        { "PORT", "tcp://10.0.0.11:9102" },
        { "PORT_9102_TCP", "tcp://10.0.0.11:9102" },
        { "PORT_9102_TCP_PROTO", "tcp" },
        { "WEB_PORT_8125_UDP_ADDR", "10.0.0.11" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(of_others); i++)
        assert_string_equal(warning_of(of_others[i][0], of_others[i][1]), "");
    assert_string_equal(warning_of("PORT", "9102"),
                        "UDOMETER_PORT: sets nothing; see udometer --help");
    assert_string_equal(warning_of("HOST", "a_PORT_9"),
                        "UDOMETER_HOST: sets nothing; see udometer --help");
}

static int begin(void **state)
{
    unsetenv("UDOMETER_RAIN_N_DROPS");
    unsetenv("UDOMETER_PLACE");
    unsetenv("UDOMETER_CLOUDS");
    unsetenv("UDOMETER_COLD");
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
        ENVIRONMENT_CASE(not_every_option_has_a_variable),
        ENVIRONMENT_CASE(an_empty_variable_counts_as_unset),
        ENVIRONMENT_CASE(each_wrong_variable_is_a_problem),
        ENVIRONMENT_CASE(a_variable_that_sets_nothing_gets_a_warning),
        ENVIRONMENT_CASE(the_nearest_variable_is_named),
        ENVIRONMENT_CASE(variables_of_others_are_left_alone),
    };

    /* The build's own variables, such as UDOMETER_SANITIZED, would get warnings. */
    clearenv();
    return cmocka_run_group_tests(cases, NULL, NULL);
}
