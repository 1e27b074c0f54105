/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "config/config_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct settings settings;
static struct buffer problem;
static char path[] = "/tmp/udometer-test-config-file-XXXXXX";

static void write_file(struct slice text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text.at, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
}

static void read_good(const char *text)
{
    write_file(slice_of(text));
    if (!config_file_read(&settings, path, &problem)) {
        buffer_add_char(&problem, '\0');
        fail_msg("%s", problem.data);
    }
    assert_int_equal(problem.len, 0);
}

/* @text is wrong at @where, "LINE:COLUMN", which one line says. */
static void read_bad(struct slice text, const char *where)
{
    char expected[128];

    buffer_clear(&problem);
    write_file(text);
    if (config_file_read(&settings, path, &problem))
        fail_msg("accepted: %.*s", (int)text.len, text.at);
    buffer_add_char(&problem, '\0');
    snprintf(expected, sizeof(expected), "%s:%s: ", path, where);
    if (strncmp(problem.data, expected, strlen(expected)) != 0 ||
        strlen(problem.data) <= strlen(expected))
        fail_msg("not at %s: %s", where, problem.data);
    if (strchr(problem.data, '\n'))
        fail_msg("more than a line: %s", problem.data);
}

#define read_bad_text(text, where) read_bad(SLICE(text), (where))

static void whole_names_are_keys(void **state)
{
    read_good("statsd.ttl: 5m\nworkers: 3\nweb.telemetry-path: /m\ncheck-config: true\n");
    assert_int_equal(settings.ttl_s, 300);
    assert_int_equal(settings.n_workers, 3);
    assert_string_equal(settings.telemetry_path, "/m");
    assert_true(settings.check_config);
}

static void names_may_be_taken_apart_at_their_dots(void **state)
{
    read_good("statsd:\n  ttl: 5m\n  read-buffer: 1MiB\nlimit:\n  series: 7\n"
              "  series-memory: 1MiB\nworkers: 2\n");
    assert_int_equal(settings.ttl_s, 300);
    assert_int_equal(settings.read_buffer_bytes, 1 << 20);
    assert_int_equal(settings.max_series, 7);
    assert_int_equal(settings.max_series_bytes, 1 << 20);
    assert_int_equal(settings.n_workers, 2);
}

static void lists_are_yaml_lists(void **state)
{
    read_good("statsd:\n  listen-udp:\n    - 127.0.0.1:1\n    - \"[::1]:2\"\n  ttl: 1s\n");
    assert_int_equal(settings.listen_udp.n, 2);
    assert_string_equal(settings_listener(&settings.listen_udp, 0)->address, "127.0.0.1:1");
    assert_string_equal(settings_listener(&settings.listen_udp, 1)->address, "[::1]:2");
    assert_int_equal(settings.ttl_s, 1);
}

static void a_list_of_one_may_be_a_plain_value(void **state)
{
    read_good("statsd.listen-udp: 127.0.0.1:1");
    assert_int_equal(settings.listen_udp.n, 1);
    assert_string_equal(settings_listener(&settings.listen_udp, 0)->address, "127.0.0.1:1");
}

static void an_empty_value_is_nowhere(void **state)
{
    read_good("statsd:\n  listen-udp: \"\"\n");
    assert_int_equal(settings.listen_udp.n, 0);
}

static void listeners_may_have_a_dialect_of_their_own(void **state)
{
    read_good("statsd:\n  listen-unix: [/run/a.sock, \"/run/b.sock?dialect=dogstatsd\"]\n");
    assert_int_equal(settings.listen_unix.n, 2);
    assert_false(settings_listener(&settings.listen_unix, 0)->has_dialect);
    assert_string_equal(settings_listener(&settings.listen_unix, 1)->address, "/run/b.sock");
    assert_true(settings_listener(&settings.listen_unix, 1)->is_dogstatsd);
    read_bad_text("statsd.listen-udp:\n  - 127.0.0.1:1\n  - 127.0.0.1:2?dialect=x\n", "3:5");
}

static void json_is_yaml(void **state)
{
    read_good("{\"statsd\": {\"ttl\": \"5m\", \"listen-udp\": [\"127.0.0.1:1\"]}, \"workers\": 4}");
    assert_int_equal(settings.ttl_s, 300);
    assert_int_equal(settings.n_workers, 4);
}

static void an_empty_file_changes_nothing(void **state)
{
    read_good("");
    read_good("# only this\n");
    read_good("---\n");
    assert_string_equal(settings.telemetry_path, "/metrics");
    assert_int_equal(settings.listen_udp.n, 1);
}

static void says_where_a_value_is_wrong(void **state)
{
    read_bad_text("workers: 65\n", "1:10");
    read_bad_text("# first\nstatsd:\n  ttl: 5\n", "3:8");
    assert_non_null(strstr(problem.data, "statsd.ttl"));
    assert_non_null(strstr(problem.data, "expected "));
    read_bad_text("statsd.listen-udp:\n  - 127.0.0.1:1\n  - nonsense\n", "3:5");
    read_bad_text("workers:\n", "1:9");
    read_bad_text("check-config: yes\n", "1:15");
}

static void says_where_a_setting_is_unknown(void **state)
{
    read_bad_text("workers: 1\nworkrs: 1\n", "2:9");
    assert_non_null(strstr(problem.data, "workrs"));
    read_bad_text("statsd:\n  tt: 5m\n", "2:7");
    assert_non_null(strstr(problem.data, "statsd.tt"));
    read_bad_text("statsd:\n  ttl:\n    x: 5m\n", "3:5");
    read_bad_text("statsd: 5m\n", "1:9");
    read_bad_text("help: true\n", "1:7");
}

static void the_file_cannot_name_another_file(void **state)
{
    read_bad_text("config.file: /etc/passwd\n", "1:14");
}

static void says_where_the_form_is_wrong(void **state)
{
    read_bad_text("just text\n", "1:1");
    read_bad_text("- workers\n", "1:1");
    read_bad_text("statsd.listen-udp:\n  - [a, b]\n", "2:5");
    read_bad_text("statsd.listen-udp:\n  - a: b\n", "2:5");
    read_bad_text("a: &x 1\n", "1:4");
    read_bad_text("workers: 1\nlog.level: *x\n", "2:12");
}

static void says_where_yaml_is_broken(void **state)
{
    read_bad_text("workers: 1\nlog.level: \"info\nlog.format: json\n", "4:1");
    read_bad_text("workers: 1\n\tlog.level: info\n", "2:1");
    read_bad_text("workers: 1\nlimit.series: @\n", "2:15");
}

static void says_where_a_file_is_not_utf8(void **state)
{
    read_bad_text("workers: 1\nlog.level: \xff\n", "2:12");
}

static void a_name_too_long_is_no_setting(void **state)
{
    char text[400] = "workers: 1\n";

    memset(text + 11, 'a', 300);
    strcpy(text + 311, ": 1\n");
    read_bad(slice_of(text), "2:1");
}

static void deep_nesting_ends_in_an_error(void **state)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };

    for (unsigned i = 0; i < 1000; i++)
        buffer_add_literal(&text, "{a: ");
    write_file(buffer_text(&text));
    assert_false(config_file_read(&settings, path, &problem));
}

static void an_unknown_setting_is_refused_without_a_value_too(void **state)
{
    read_bad_text("workers: 1\nworkrs: []\n", "2:9");
}

static void a_plain_setting_is_no_list(void **state)
{
    read_bad_text("workers: [1, 2]\n", "1:10");
}

static void a_setting_is_no_key_of_a_key(void **state)
{
    read_bad_text("? {workers: 3}\n: 5\n", "1:3");
}

static void a_value_ends_where_yaml_says(void **state)
{
    read_bad_text("workers: \"4\\0 or more\"\n", "1:10");
}

static void a_problem_is_one_line_whatever_the_value(void **state)
{
    read_bad_text("workers: \"a\\nb\"\n", "1:10");
}

static void a_problem_is_one_line_whatever_the_key(void **state)
{
    read_bad_text("\"a\\nb\": 1\n", "1:9");
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
    assert_false(config_file_read(&settings, "/tmp/no/such/file.yml", &problem));
    buffer_add_char(&problem, '\0');
    assert_non_null(strstr(problem.data, "/tmp/no/such/file.yml:"));
}

static void a_directory_is_an_error(void **state)
{
    assert_false(config_file_read(&settings, "/tmp", &problem));
    assert_true(problem.len > strlen("/tmp: "));
}

static int begin(void **state)
{
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

    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    return unlink(path);
}

#define FILE_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        FILE_CASE(whole_names_are_keys),
        FILE_CASE(names_may_be_taken_apart_at_their_dots),
        FILE_CASE(lists_are_yaml_lists),
        FILE_CASE(a_list_of_one_may_be_a_plain_value),
        FILE_CASE(an_empty_value_is_nowhere),
        FILE_CASE(listeners_may_have_a_dialect_of_their_own),
        FILE_CASE(json_is_yaml),
        FILE_CASE(an_empty_file_changes_nothing),
        FILE_CASE(says_where_a_value_is_wrong),
        FILE_CASE(says_where_a_setting_is_unknown),
        FILE_CASE(the_file_cannot_name_another_file),
        FILE_CASE(says_where_the_form_is_wrong),
        FILE_CASE(says_where_yaml_is_broken),
        FILE_CASE(says_where_a_file_is_not_utf8),
        FILE_CASE(a_name_too_long_is_no_setting),
        FILE_CASE(deep_nesting_ends_in_an_error),
        FILE_CASE(an_unknown_setting_is_refused_without_a_value_too),
        FILE_CASE(a_plain_setting_is_no_list),
        FILE_CASE(a_setting_is_no_key_of_a_key),
        FILE_CASE(a_value_ends_where_yaml_says),
        FILE_CASE(a_problem_is_one_line_whatever_the_value),
        FILE_CASE(a_problem_is_one_line_whatever_the_key),
        FILE_CASE(a_file_that_is_not_there_is_an_error),
        FILE_CASE(a_directory_is_an_error),
    };

    return cmocka_run_group_tests(cases, make_file, remove_file);
}
