/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "config/config.h"
#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct settings settings;
static struct buffer problem;
static unsigned n_warnings;
static char path[] = "/tmp/udometer-test-config-XXXXXX";
static char file_flag[64];

/* Load with these flags, up to NULL. */
static enum config_outcome load(const char *const *flags)
{
    char *argv[16] = { strdup("udometer") };
    CLEANUP(problems_deinit) struct problems problems = { 0 }, warnings = { 0 };
    struct slice lines;
    struct command_line line;
    enum config_outcome outcome;
    int argc = 1;

    while (flags[argc - 1]) {
        argv[argc] = strdup(flags[argc - 1]);
        argc++;
    }
    line = config_line(argc, argv, false);
    naming_deinit(&settings.naming); /* a case may load several times */
    outcome = config_load(&settings, &line, &problems, &warnings);
    n_warnings = warnings.n;
    /* Without the last line feed. */
    lines = buffer_text(&problems.lines);
    buffer_clear(&problem);
    buffer_add(&problem, (struct slice){ lines.at, lines.len ? lines.len - 1 : 0 });
    buffer_add_char(&problem, '\0');
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return outcome;
}

#define load_with(...) load((const char *const[]){ __VA_ARGS__, NULL })
#define load_without_flags() load((const char *const[]){ NULL })

#define assert_good(outcome, expected)                                                             \
    do {                                                                                           \
        enum config_outcome assert_outcome = (outcome);                                            \
                                                                                                   \
        if (assert_outcome != (expected))                                                          \
            fail_msg("outcome %d: %s", assert_outcome, problem.data);                              \
        assert_string_equal(problem.data, "");                                                     \
    } while (0)

#define assert_runs(outcome) assert_good((outcome), CONFIG_RUN)
#define assert_checks(outcome) assert_good((outcome), CONFIG_CHECK)

/* One line, which contains @text, says what is wrong. */
static void assert_problem(enum config_outcome outcome, enum config_outcome expected,
                           const char *text)
{
    if (outcome != expected)
        fail_msg("outcome %d, not %d: %s", outcome, expected, problem.data);
    if (!strstr(problem.data, text))
        fail_msg("no %s in: %s", text, problem.data);
    if (strchr(problem.data, '\n'))
        fail_msg("more than a line: %s", problem.data);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void without_anything_defaults_stay(void **state)
{
    assert_runs(load_without_flags());
    assert_string_equal(settings.listen_http, "localhost:9102");
    assert_int_equal(settings.listen_udp.n, 1);
}

static void a_flag_has_its_value_after_a_sign_or_a_blank(void **state)
{
    assert_runs(load_with("--workers=3", "--limit.series", "7", "--web.telemetry-path=/a=b"));
    assert_int_equal(settings.n_workers, 3);
    assert_int_equal(settings.max_series, 7);
    assert_string_equal(settings.telemetry_path, "/a=b");
}

static void the_last_of_a_repeated_flag_counts(void **state)
{
    assert_runs(load_with("--workers=3", "--workers=4"));
    assert_int_equal(settings.n_workers, 4);
}

static void a_repeated_list_grows(void **state)
{
    assert_runs(load_with("--statsd.listen-udp=127.0.0.1:1", "--statsd.listen-udp",
                          "127.0.0.1:2,127.0.0.1:3"));
    assert_int_equal(settings.listen_udp.n, 3);
    assert_string_equal(settings_listener(&settings.listen_udp, 2)->address, "127.0.0.1:3");
}

static void a_switch_needs_no_value(void **state)
{
    assert_checks(load_with("--check-config", "--welcome=true"));
    assert_true(settings.check_config);
    assert_true(settings.welcome);
    assert_runs(load_with("--no-check-config", "--welcome=false"));
    assert_false(settings.check_config);
    assert_false(settings.welcome);
}

static void only_switches_can_be_negated(void **state)
{
    assert_problem(load_with("--no-workers"), CONFIG_USAGE_ERROR, "--no-workers");
    assert_problem(load_with("--no-nonsense"), CONFIG_USAGE_ERROR, "--no-nonsense");
    assert_problem(load_with("--no-check-config=true"), CONFIG_USAGE_ERROR, "--no-check-config");
}

static void a_switch_takes_no_word_after_a_blank(void **state)
{
    assert_problem(load_with("--check-config", "false"), CONFIG_USAGE_ERROR, "false");
}

static void refuses_unknown_flags(void **state)
{
    assert_problem(load_with("--workrs=3"), CONFIG_USAGE_ERROR, "--workrs");
    assert_problem(load_with("--", "--workers=3"), CONFIG_USAGE_ERROR, "after --");
    assert_problem(load_with("--=3"), CONFIG_USAGE_ERROR, "--=3");
    assert_problem(load_with("-w"), CONFIG_USAGE_ERROR, "-w");
    assert_problem(load_with("workers=3"), CONFIG_USAGE_ERROR, "workers=3");
    assert_problem(load_with(""), CONFIG_USAGE_ERROR, "expected");
    assert_problem(load_with("--statsd"), CONFIG_USAGE_ERROR, "--statsd");
}

static void refuses_a_flag_without_its_value(void **state)
{
    assert_problem(load_with("--workers"), CONFIG_USAGE_ERROR, "--workers");
    assert_problem(load_with("--check-config", "--config.file"), CONFIG_USAGE_ERROR,
                   "--config.file");
}

static void refuses_a_wrong_value(void **state)
{
    assert_problem(load_with("--workers=65"), CONFIG_USAGE_ERROR, "--workers=65: expected ");
    assert_problem(load_with("--workers="), CONFIG_USAGE_ERROR, "--workers=: expected ");
    assert_problem(load_with("--check-config=maybe"), CONFIG_USAGE_ERROR, "maybe");
    assert_problem(load_with("--workers", "--check-config"), CONFIG_USAGE_ERROR, "--workers=");
}

static void a_problem_is_one_line_whatever_the_flag(void **state)
{
    assert_problem(load_with("--workers=a\nb"), CONFIG_USAGE_ERROR, "--workers=");
}

static void help_and_version_win_over_wrong_values(void **state)
{
    assert_int_equal(load_with("--help"), CONFIG_HELP);
    assert_int_equal(load_with("-h"), CONFIG_HELP);
    assert_int_equal(load_with("--version"), CONFIG_VERSION);
    assert_int_equal(load_with("--workers=65", "--help"), CONFIG_HELP);
    assert_int_equal(load_with("--nonsense", "--version"), CONFIG_VERSION);
    assert_string_equal(problem.data, "");
    assert_int_equal(load_with("--config.file=/no/such", "--version"), CONFIG_VERSION);
}

static void variables_set_what_flags_do_not(void **state)
{
    setenv("UDOMETER_WORKERS", "5", 1);
    setenv("UDOMETER_STATSD_TTL", "5m", 1);
    setenv("UDOMETER_STATSD_LISTEN_UDP", "127.0.0.1:1,127.0.0.1:2", 1);
    setenv("UDOMETER_STATSD_BARE_TAGS", "true", 1);
    assert_runs(load_with("--workers=6"));
    assert_int_equal(settings.n_workers, 6);
    assert_int_equal(settings.ttl_s, 300);
    assert_int_equal(settings.listen_udp.n, 2);
    assert_true(settings.bare_tags);
}

static void variables_give_no_commands(void **state)
{
    setenv("UDOMETER_CHECK_CONFIG", "true", 1);
    setenv("UDOMETER_WELCOME", "nonsense", 1);
    assert_runs(load_without_flags());
    assert_false(settings.check_config);
    assert_false(settings.welcome);
    assert_int_equal(n_warnings, 2);
}

static void variables_that_set_nothing_get_warnings(void **state)
{
    setenv("UDOMETER_WORKRS", "5", 1);
    assert_runs(load_without_flags());
    assert_int_equal(n_warnings, 1);
    assert_problem(load_with("--nonsense"), CONFIG_USAGE_ERROR, "--nonsense: unknown flag");
    assert_int_equal(n_warnings, 1);
    assert_int_equal(load_with("--help"), CONFIG_HELP);
    assert_int_equal(n_warnings, 0);
}

static void in_the_place_of_another_only_defaults_are_others(void **state)
{
    write_file("web:\n  listen-address: 127.0.0.1:1\n");
    assert_runs(load_with("--compat=statsd_exporter", file_flag,
                          "--statsd.listen-tcp=", "--statsd.cache-size", "5"));
    assert_int_equal(n_warnings, 1); /* the flag */
    assert_int_equal(settings.compat, SETTINGS_STATSD_EXPORTER);
    assert_string_equal(settings_listener(&settings.listen_udp, 0)->address, ":9125");
    assert_int_equal(settings.listen_tcp.n, 0);
    assert_string_equal(settings.listen_http, "127.0.0.1:1");
}

static void another_may_be_named_by_a_variable(void **state)
{
    setenv("UDOMETER_COMPAT", "statsd_exporter", 1);
    assert_runs(load_with("--statsd.cache-size=5"));
    assert_false(settings.graphite_tags);
    assert_problem(load_with("--compat=none", "--statsd.cache-size=5"), CONFIG_USAGE_ERROR,
                   "--statsd.cache-size=5: a flag of statsd_exporter; remove it");
    unsetenv("UDOMETER_COMPAT");
    assert_problem(load_with("--compat=brubeck"), CONFIG_USAGE_ERROR,
                   "--compat=brubeck: expected none or statsd_exporter");
}

static void a_wrong_variable_is_named(void **state)
{
    setenv("UDOMETER_LIMIT_SERIES", "many", 1);
    assert_problem(load_without_flags(), CONFIG_USAGE_ERROR,
                   "UDOMETER_LIMIT_SERIES=many: expected ");
    assert_problem(load_with("--limit.series=3"), CONFIG_USAGE_ERROR, "UDOMETER_LIMIT_SERIES");
}

static void a_file_sets_what_nothing_else_does(void **state)
{
    write_file("workers: 1\nlimit.series: 1\nstatsd.ttl: 1s\n");
    setenv("UDOMETER_LIMIT_SERIES", "2", 1);
    setenv("UDOMETER_STATSD_TTL", "2s", 1);
    assert_runs(load_with("--statsd.ttl=3s", file_flag));
    assert_int_equal(settings.n_workers, 1);
    assert_int_equal(settings.max_series, 2);
    assert_int_equal(settings.ttl_s, 3);
    assert_int_equal(settings.log_level, LOG_INFO);
}

static void lists_are_replaced_not_joined(void **state)
{
    write_file("statsd.listen-udp: [\"127.0.0.1:1\", \"127.0.0.1:2\"]\n");
    assert_runs(load_with(file_flag));
    assert_int_equal(settings.listen_udp.n, 2);
    setenv("UDOMETER_STATSD_LISTEN_UDP", "127.0.0.1:3", 1);
    settings_deinit(&settings);
    assert_int_equal(settings_init(&settings), 0);
    assert_runs(load_with(file_flag));
    assert_int_equal(settings.listen_udp.n, 1);
    assert_string_equal(settings_listener(&settings.listen_udp, 0)->address, "127.0.0.1:3");
}

static void flags_replace_all_other_lists(void **state)
{
    write_file("statsd.listen-udp: [\"127.0.0.1:1\", \"127.0.0.1:2\"]\n");
    setenv("UDOMETER_STATSD_LISTEN_UDP", "127.0.0.1:3", 1);
    assert_runs(
        load_with("--statsd.listen-udp=127.0.0.1:4", file_flag, "--statsd.listen-udp=127.0.0.1:5"));
    assert_int_equal(settings.listen_udp.n, 2);
    assert_string_equal(settings_listener(&settings.listen_udp, 0)->address, "127.0.0.1:4");
    assert_string_equal(settings_listener(&settings.listen_udp, 1)->address, "127.0.0.1:5");
}

static void the_file_may_be_named_by_a_variable(void **state)
{
    write_file("workers: 9\n");
    setenv("UDOMETER_CONFIG_FILE", path, 1);
    assert_runs(load_without_flags());
    assert_int_equal(settings.n_workers, 9);
}

static void a_flag_names_the_file_before_a_variable(void **state)
{
    write_file("workers: 9\n");
    setenv("UDOMETER_CONFIG_FILE", "/no/such/file", 1);
    assert_runs(load_with(file_flag));
    assert_int_equal(settings.n_workers, 9);
    assert_string_equal(settings.config_file, path);
}

static void an_empty_flag_names_no_file(void **state)
{
    setenv("UDOMETER_CONFIG_FILE", "/no/such/file", 1);
    assert_runs(load_with("--config.file="));
    assert_string_equal(settings.config_file, "");
}

static void a_list_can_be_emptied_by_file_or_flag(void **state)
{
    write_file("statsd.listen-udp: \"\"\n");
    assert_runs(load_with(file_flag));
    assert_int_equal(settings.listen_udp.n, 0);
    setenv("UDOMETER_STATSD_LISTEN_UDP", "127.0.0.1:1", 1);
    assert_runs(load_with(file_flag, "--statsd.listen-udp="));
    assert_int_equal(settings.listen_udp.n, 0);
}

static void an_empty_variable_sets_nothing(void **state)
{
    write_file("workers: 3\nstatsd.listen-udp: [\"127.0.0.1:1\", \"127.0.0.1:2\"]\n");
    setenv("UDOMETER_WORKERS", "", 1);
    setenv("UDOMETER_STATSD_LISTEN_UDP", "", 1);
    setenv("UDOMETER_CONFIG_FILE", "", 1);
    assert_runs(load_with(file_flag));
    assert_int_equal(settings.n_workers, 3);
    assert_int_equal(settings.listen_udp.n, 2);
}

static void what_is_on_can_be_switched_off(void **state)
{
    assert_runs(load_with("--no-statsd.parse-signalfx-tags", "--statsd.bare-tags"));
    assert_false(settings.signalfx_tags);
    assert_true(settings.bare_tags);
}

static void a_dialect_belongs_to_its_listener(void **state)
{
    assert_runs(load_with("--statsd.dialect=dogstatsd",
                          "--statsd.listen-udp=127.0.0.1:1?dialect=statsd",
                          "--statsd.listen-udp=127.0.0.1:2"));
    assert_int_equal(settings.dialect, SETTINGS_DOGSTATSD);
    assert_true(settings_listener(&settings.listen_udp, 0)->dialect.is_set);
    assert_false(settings_listener(&settings.listen_udp, 0)->dialect.is_other);
    assert_false(settings_listener(&settings.listen_udp, 1)->dialect.is_set);
}

static void a_missing_file_is_a_file_error(void **state)
{
    assert_problem(load_with("--config.file=/no/such/file"), CONFIG_FILE_ERROR, "/no/such/file:");
}

static void a_wrong_file_is_a_file_error_with_its_place(void **state)
{
    char where[64];

    write_file("# comment\nworkers: 65\n");
    snprintf(where, sizeof(where), "%s:2:10: ", path);
    assert_problem(load_with(file_flag), CONFIG_FILE_ERROR, where);
}

#define EXPECTED_OTHER_PATH                                                                        \
    "expected a path other than web.telemetry-path's; leave it empty for one page with both"

/* As another run, with settings of its own. */
static void begin_again(void)
{
    settings_deinit(&settings);
    assert_int_equal(settings_init(&settings), 0);
}

static void two_pages_cannot_have_one_path(void **state)
{
    assert_runs(load_with("--web.self-metrics-path=/self"));
    begin_again();
    assert_problem(load_with("--web.self-metrics-path=/metrics"), CONFIG_USAGE_ERROR,
                   "--web.self-metrics-path=/metrics: " EXPECTED_OTHER_PATH);
    assert_problem(
        load_with("--web.self-metrics-path=/m", "--web.telemetry-path=/m", "--check-config"),
        CONFIG_USAGE_ERROR, "--web.self-metrics-path=/m: " EXPECTED_OTHER_PATH);
    setenv("UDOMETER_WEB_SELF_METRICS_PATH", "/m", 1);
    begin_again();
    assert_problem(load_with("--web.telemetry-path=/m"), CONFIG_USAGE_ERROR,
                   "UDOMETER_WEB_SELF_METRICS_PATH=/m: " EXPECTED_OTHER_PATH);
    begin_again();
    assert_runs(load_with("--web.telemetry-path=/m", "--web.self-metrics-path=/n"));
    unsetenv("UDOMETER_WEB_SELF_METRICS_PATH");
}

static void two_pages_with_one_path_in_a_file_are_a_file_error(void **state)
{
    char expected[256];

    write_file("workers: 1\nweb:\n  self-metrics-path: /m\n  telemetry-path: /m\n");
    snprintf(expected, sizeof(expected), "%s:3:3: web.self-metrics-path: /m: " EXPECTED_OTHER_PATH,
             path);
    assert_int_equal(load_with(file_flag), CONFIG_FILE_ERROR);
    assert_string_equal(problem.data, expected);
    begin_again();
    assert_runs(load_with(file_flag, "--web.telemetry-path=/n"));
    write_file("web.self-metrics-path: /m\n");
    begin_again();
    assert_runs(load_with(file_flag));
    begin_again();
    assert_problem(load_with(file_flag, "--web.telemetry-path=/m"), CONFIG_USAGE_ERROR,
                   ":1:1: web.self-metrics-path: /m: " EXPECTED_OTHER_PATH);
}

static void all_that_is_wrong_with_a_file_is_reported(void **state)
{
    char expected[512];

    write_file("workrs: 1\nstatsd.ttl: soon\nlog.level: info\n");
    snprintf(expected, sizeof(expected),
             "%s:1:1: workrs: unknown setting; did you mean workers?\n"
             "%s:2:13: statsd.ttl: soon: expected a duration like 90s, 15m, 12h or 7d; "
             "0s means never",
             path, path);
    assert_int_equal(load_with(file_flag), CONFIG_FILE_ERROR);
    assert_string_equal(problem.data, expected);
}

static void all_that_is_wrong_with_all_sources_is_reported(void **state)
{
    char expected[1024];

    write_file("workrs: 1\nstatsd.ttl: soon\n");
    setenv("UDOMETER_WORKERS", "many", 1);
    setenv("UDOMETER_STATSD_LISTEN_UDP", "nonsense", 1);
    snprintf(expected, sizeof(expected),
             "%s:1:1: workrs: unknown setting; did you mean workers?\n"
             "%s:2:13: statsd.ttl: soon: expected a duration like 90s, 15m, 12h or 7d; "
             "0s means never\n"
             "UDOMETER_STATSD_LISTEN_UDP=nonsense: expected HOST:PORT, for example "
             "127.0.0.1:8125, [::1]:8125 or :8125\n"
             "UDOMETER_WORKERS=many: expected a whole number from 1 to 64, or 0 to let it "
             "choose\n"
             "--limit.serie=5: unknown flag; did you mean --limit.series?\n"
             "--log.level=loud: expected debug, info, warn or error",
             path, path);
    assert_int_equal(load_with("--limit.serie=5", file_flag, "--log.level", "loud"),
                     CONFIG_USAGE_ERROR);
    assert_string_equal(problem.data, expected);
}

static void a_wrong_flag_decides_the_outcome(void **state)
{
    assert_int_equal(load_with("--config.file=/no/such/file", "--nonsense"), CONFIG_USAGE_ERROR);
    assert_non_null(strstr(problem.data, "/no/such/file: "));
    assert_non_null(strstr(problem.data, "\n--nonsense: unknown flag"));
    setenv("UDOMETER_WORKERS", "many", 1);
    assert_int_equal(load_with("--config.file=/no/such/file"), CONFIG_USAGE_ERROR);
}

static int begin(void **state)
{
    static const char *const variables[] = {
        "UDOMETER_WORKERS",     "UDOMETER_STATSD_TTL",       "UDOMETER_LIMIT_SERIES",
        "UDOMETER_CONFIG_FILE", "UDOMETER_CHECK_CONFIG",     "UDOMETER_STATSD_LISTEN_UDP",
        "UDOMETER_WELCOME",     "UDOMETER_STATSD_BARE_TAGS", "UDOMETER_WORKRS",
        "UDOMETER_COMPAT",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(variables); i++)
        unsetenv(variables[i]);
    return settings_init(&settings);
}

static int end(void **state)
{
    settings_deinit(&settings);
    buffer_deinit(&problem);
    problem = (struct buffer){ 0 };
    return 0;
}

static int make_file(void **state)
{
    int fd = mkstemp(path);

    snprintf(file_flag, sizeof(file_flag), "--config.file=%s", path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    return unlink(path);
}

#define CONFIG_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        CONFIG_CASE(without_anything_defaults_stay),
        CONFIG_CASE(a_flag_has_its_value_after_a_sign_or_a_blank),
        CONFIG_CASE(the_last_of_a_repeated_flag_counts),
        CONFIG_CASE(a_repeated_list_grows),
        CONFIG_CASE(a_switch_needs_no_value),
        CONFIG_CASE(only_switches_can_be_negated),
        CONFIG_CASE(a_switch_takes_no_word_after_a_blank),
        CONFIG_CASE(refuses_unknown_flags),
        CONFIG_CASE(refuses_a_flag_without_its_value),
        CONFIG_CASE(refuses_a_wrong_value),
        CONFIG_CASE(a_problem_is_one_line_whatever_the_flag),
        CONFIG_CASE(help_and_version_win_over_wrong_values),
        CONFIG_CASE(variables_set_what_flags_do_not),
        CONFIG_CASE(variables_give_no_commands),
        CONFIG_CASE(variables_that_set_nothing_get_warnings),
        CONFIG_CASE(in_the_place_of_another_only_defaults_are_others),
        CONFIG_CASE(another_may_be_named_by_a_variable),
        CONFIG_CASE(a_wrong_variable_is_named),
        CONFIG_CASE(a_file_sets_what_nothing_else_does),
        CONFIG_CASE(lists_are_replaced_not_joined),
        CONFIG_CASE(flags_replace_all_other_lists),
        CONFIG_CASE(the_file_may_be_named_by_a_variable),
        CONFIG_CASE(a_flag_names_the_file_before_a_variable),
        CONFIG_CASE(an_empty_flag_names_no_file),
        CONFIG_CASE(a_list_can_be_emptied_by_file_or_flag),
        CONFIG_CASE(an_empty_variable_sets_nothing),
        CONFIG_CASE(what_is_on_can_be_switched_off),
        CONFIG_CASE(a_dialect_belongs_to_its_listener),
        CONFIG_CASE(a_missing_file_is_a_file_error),
        CONFIG_CASE(a_wrong_file_is_a_file_error_with_its_place),
        CONFIG_CASE(two_pages_cannot_have_one_path),
        CONFIG_CASE(two_pages_with_one_path_in_a_file_are_a_file_error),
        CONFIG_CASE(all_that_is_wrong_with_a_file_is_reported),
        CONFIG_CASE(all_that_is_wrong_with_all_sources_is_reported),
        CONFIG_CASE(a_wrong_flag_decides_the_outcome),
    };

    /* The build's own variables, such as UDOMETER_SANITIZED, would get warnings. */
    clearenv();
    return cmocka_run_group_tests(cases, make_file, remove_file);
}
