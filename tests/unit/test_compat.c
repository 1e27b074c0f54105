/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "config/compat.h"
#include "config/config.h"

#include <stdlib.h>

static struct settings settings;
static struct problems problems, warnings;

/* The mode of a command line with @flag only. */
static enum settings_compat find_with(const char *flag)
{
    char *argv[] = { NULL, strdup(flag), NULL };
    const struct command_line line = { .table = &settings_table, .argc = 2, .argv = argv };
    enum settings_compat compat = compat_find(&line);

    free(argv[1]);
    return compat;
}

static void a_flag_or_else_a_variable_sets_the_mode(void **state)
{
    assert_int_equal(find_with("--cold"), SETTINGS_NONE);
    assert_int_equal(find_with("--compat=statsd_exporter"), SETTINGS_STATSD_EXPORTER);
    setenv("UDOMETER_COMPAT", "statsd_exporter", 1);
    assert_int_equal(find_with("--cold"), SETTINGS_STATSD_EXPORTER);
    assert_int_equal(find_with("--compat=none"), SETTINGS_NONE);
    unsetenv("UDOMETER_COMPAT");
}

static void a_wrong_mode_is_none(void **state)
{
    assert_int_equal(find_with("--compat=brubeck"), SETTINGS_NONE);
    assert_int_equal(find_with("--compat="), SETTINGS_NONE);
}

static void apply(enum settings_compat compat)
{
    problems.warnings = &warnings;
    compat_apply(compat, &settings, &problems);
    assert_int_equal(problems.n, 0);
}

static void without_a_mode_nothing_changes(void **state)
{
    apply(SETTINGS_NONE);
    assert_int_equal(warnings.n, 0);
    assert_string_equal(settings.listen_http, "localhost:9102");
    assert_null(compat_ignored_flags(SETTINGS_NONE));
    assert_false(compat_has_default(SETTINGS_NONE, "web.listen-address"));
}

static void statsd_exporter_has_its_ports(void **state)
{
    apply(SETTINGS_STATSD_EXPORTER);
    assert_int_equal(settings.listen_udp.n, 1);
    assert_string_equal(settings_listener(&settings.listen_udp, 0)->address, ":9125");
    assert_int_equal(settings.listen_tcp.n, 1);
    assert_string_equal(settings_listener(&settings.listen_tcp, 0)->address, ":9125");
    assert_string_equal(settings.listen_http, ":9102");
    assert_int_equal(settings.unix_mode, 0755);
}

static void switches_are_as_statsd_exporter_has_them(void **state)
{
    assert_true(settings.graphite_tags);
    assert_false(settings.container_label);
    assert_false(settings.container_prefix);
    apply(SETTINGS_STATSD_EXPORTER);
    assert_false(settings.graphite_tags);
    assert_true(settings.container_label);
    assert_true(settings.container_prefix);
    assert_true(settings.dogstatsd_tags);
    assert_true(settings.exporter_metrics);
}

/* So that sockets which are passed to the daemon replace them, as those without a mode. */
static void they_are_still_defaults(void **state)
{
    apply(SETTINGS_STATSD_EXPORTER);
    assert_int_equal(settings.listen_udp.source, OPTION_DEFAULT);
    assert_int_equal(settings.http_source, OPTION_DEFAULT);
    assert_true(compat_has_default(SETTINGS_STATSD_EXPORTER, "web.listen-address"));
    assert_false(compat_has_default(SETTINGS_STATSD_EXPORTER, "web.telemetry-path"));
}

static void observations_become_what_they_are_there(void **state)
{
    assert_int_equal(compat_observer(SETTINGS_STATSD_EXPORTER), OBSERVER_SUMMARY);
    assert_int_equal(compat_observer(SETTINGS_NONE), OBSERVER_DEFAULT);
}

static void flags_that_say_nothing_are_ignored_with_a_reason(void **state)
{
    const char *(*ignored)(struct slice name) = compat_ignored_flags(SETTINGS_STATSD_EXPORTER);

    assert_non_null(ignored(SLICE("statsd.cache-size")));
    assert_null(ignored(SLICE("statsd.nonsense")));
    assert_null(ignored(SLICE("config"))); /* of brubeck */
}

static int begin(void **state)
{
    unsetenv("UDOMETER_COMPAT");
    return settings_init(&settings);
}

static int end(void **state)
{
    settings_deinit(&settings);
    problems_deinit(&problems);
    problems_deinit(&warnings);
    return 0;
}

#define COMPAT_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        COMPAT_CASE(a_flag_or_else_a_variable_sets_the_mode),
        COMPAT_CASE(a_wrong_mode_is_none),
        COMPAT_CASE(without_a_mode_nothing_changes),
        COMPAT_CASE(statsd_exporter_has_its_ports),
        COMPAT_CASE(switches_are_as_statsd_exporter_has_them),
        COMPAT_CASE(they_are_still_defaults),
        COMPAT_CASE(observations_become_what_they_are_there),
        COMPAT_CASE(flags_that_say_nothing_are_ignored_with_a_reason),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
