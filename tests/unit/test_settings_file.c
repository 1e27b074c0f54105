/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/buffer.h"
#include "config/settings_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct settings settings;
static char path[] = "/tmp/udometer-test-settings-file-XXXXXX";

static void write_file(struct slice text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text.at, 1, text.len, file), text.len);
    assert_int_equal(fclose(file), 0);
}

static bool apply(const char *from, struct problems *problems)
{
    CLEANUP(document_freep)
    struct document *document = document_read(from, "--config.file", problems);
    bool is_good = document && settings_file_apply(&settings, document, problems);

    problems->path = NULL;
    return is_good;
}

/* Read the file, and append its problems to @ret as lines without its path, then a NUL. */
static bool read_file(struct buffer *ret)
{
    CLEANUP(problems_deinit) struct problems problems = { 0 };
    bool is_good = apply(path, &problems);
    struct slice lines = buffer_text(&problems.lines);

    assert_int_equal(is_good, problems.n == 0);
    while (lines.len) {
        struct slice line = slice_cut(&lines, '\n');

        assert_true(slice_starts_with(line, slice_of(path)));
        assert_int_equal(line.at[strlen(path)], ':');
        buffer_add_format(ret, "%.*s\n", (int)(line.len - strlen(path) - 1),
                          line.at + strlen(path) + 1);
    }
    buffer_add_char(ret, '\0');
    return is_good;
}

static void read_good(const char *text)
{
    CLEANUP(buffer_deinit) struct buffer problems = { 0 };

    write_file(slice_of(text));
    if (!read_file(&problems))
        fail_msg("%s", problems.data);
}

/* @text has these problems, each "LINE:COLUMN: …" and a line feed, and changes nothing. */
static void read_bad(struct slice text, const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer problems = { 0 };
    uint64_t n_workers = settings.n_workers;
    unsigned n_listeners = settings.listen_udp.n;

    write_file(text);
    if (read_file(&problems))
        fail_msg("accepted: %.*s", (int)text.len, text.at);
    assert_string_equal(problems.data, expected);
    assert_int_equal(settings.n_workers, n_workers);
    assert_int_equal(settings.listen_udp.n, n_listeners);
}

#define assert_problems(text, expected) read_bad(SLICE(text), (expected))

static void assert_place(const char *name, unsigned line, unsigned column)
{
    const struct option *option = option_find(&settings_table, slice_of(name));
    struct place place = settings.places[option_index(&settings_table, option)];

    assert_int_equal(place.line, line);
    assert_int_equal(place.column, column);
}

static void whole_names_are_keys(void **state)
{
    read_good("statsd.ttl: 5m\nworkers: 3\nweb.telemetry-path: /m\nstatsd.bare-tags: true\n");
    assert_int_equal(settings.ttl_s, 300);
    assert_int_equal(settings.n_workers, 3);
    assert_string_equal(settings.telemetry_path, "/m");
    assert_true(settings.bare_tags);
    assert_place("statsd.ttl", 1, 1);
    assert_place("workers", 2, 1);
    assert_place("log.level", 0, 0);
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

static void assert_listener_place(const struct option_list *list, unsigned i, unsigned line,
                                  unsigned column)
{
    const struct value_listener *listener = settings_listener(list, i);

    assert_int_equal(listener->place.line, line);
    assert_int_equal(listener->place.column, column);
}

static void listeners_know_their_places(void **state)
{
    assert_listener_place(&settings.listen_udp, 0, 0, 0);
    read_good("statsd:\n  listen-udp:\n    - 127.0.0.1:1\n    - \"127.0.0.1:2,127.0.0.1:3\"\n"
              "  listen-unix: [/run/a, /run/b]\n");
    assert_listener_place(&settings.listen_udp, 0, 3, 7);
    assert_listener_place(&settings.listen_udp, 1, 4, 7);
    assert_listener_place(&settings.listen_udp, 2, 4, 7);
    assert_listener_place(&settings.listen_unix, 1, 5, 25);
}

static void listeners_may_have_a_dialect_of_their_own(void **state)
{
    read_good("statsd:\n  listen-unix: [/run/a.sock, \"/run/b.sock?dialect=dogstatsd\"]\n");
    assert_int_equal(settings.listen_unix.n, 2);
    assert_false(settings_listener(&settings.listen_unix, 0)->dialect.is_set);
    assert_string_equal(settings_listener(&settings.listen_unix, 1)->address, "/run/b.sock");
    assert_true(settings_listener(&settings.listen_unix, 1)->dialect.is_other);
    assert_problems("statsd.listen-udp:\n  - 127.0.0.1:1\n  - 127.0.0.1:2?dialect=x\n",
                    "3:5: statsd.listen-udp: 127.0.0.1:2?dialect=x: expected nothing "
                    "after the address, or one or more, joined by &, of ?dialect=statsd|dogstatsd, "
                    "counter=increment|absolute, counter-sender=host|socket\n");
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

/* --- values ---------------------------------------------------------------------- */

#define EXPECTED_WORKERS "expected a whole number from 1 to 64, or 0 to let it choose\n"
#define EXPECTED_DURATION "expected a duration like 90s, 15m, 12h or 7d; 0s means never\n"
#define EXPECTED_ADDRESS "expected HOST:PORT, for example 127.0.0.1:8125, [::1]:8125 or :8125\n"

static void says_where_a_value_is_wrong(void **state)
{
    assert_problems("workers: 65\n", "1:10: workers: 65: " EXPECTED_WORKERS);
    assert_problems("# first\nstatsd:\n  ttl: 5\n", "3:8: statsd.ttl: 5: " EXPECTED_DURATION);
    assert_problems("statsd.listen-udp:\n  - 127.0.0.1:1\n  - nonsense\n",
                    "3:5: statsd.listen-udp: nonsense: " EXPECTED_ADDRESS);
    assert_problems("workers:\n", "1:9: workers: : " EXPECTED_WORKERS);
    assert_problems("statsd.bare-tags: yes\n",
                    "1:19: statsd.bare-tags: yes: expected true or false\n");
}

static void each_value_of_a_list_is_checked(void **state)
{
    assert_problems("statsd.listen-udp: [x, \"127.0.0.1:1\", y]\n",
                    "1:21: statsd.listen-udp: x: " EXPECTED_ADDRESS
                    "1:39: statsd.listen-udp: y: " EXPECTED_ADDRESS);
}

static void a_value_of_the_wrong_shape_is_reported(void **state)
{
    assert_problems("workers: [1, many]\n", "1:10: workers: expected one value, not a list\n");
    assert_problems("workers:\n- 1\n", "2:1: workers: expected one value, not a list\n");
    assert_problems("workers: {a: b}\n", "1:10: workers: expected one value, not a map\n");
    assert_problems("statsd:\n  ttl:\n    x: 5m\n",
                    "3:5: statsd.ttl: expected one value, not a map\n");
    assert_problems("statsd.listen-udp: {a: b}\n",
                    "1:20: statsd.listen-udp: expected a list, not a map\n");
    assert_problems("statsd.listen-udp: []\n",
                    "1:20: statsd.listen-udp: expected at least one value in this list\n");
    assert_problems("statsd.listen-udp:\n  - [a, b]\n  - a: b\n",
                    "2:5: statsd.listen-udp: expected a plain value in this list\n"
                    "3:5: statsd.listen-udp: expected a plain value in this list\n");
    assert_problems("statsd: 5m\nlimit: [1]\nweb:\n", "1:9: statsd: expected a map of settings\n"
                                                      "2:8: limit: expected a map of settings\n"
                                                      "3:5: web: expected a map of settings\n");
}

static void a_list_that_is_too_long_is_reported_once(void **state)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };

    buffer_add_literal(&text, "statsd.listen-udp:\n");
    for (unsigned i = 1; i <= OPTION_LIST_MAX; i++)
        buffer_add_format(&text, "- 127.0.0.1:%u\n", i);
    buffer_add_char(&text, '\0');
    read_good(text.data);
    assert_int_equal(settings.listen_udp.n, OPTION_LIST_MAX);
    text.len--;
    for (unsigned i = 1; i <= 3; i++)
        buffer_add_literal(&text, "- 127.0.0.1:7\n");
    read_bad(buffer_text(&text),
             "18:3: statsd.listen-udp: 127.0.0.1:7: expected at most 16 values\n");
}

static void a_long_value_is_quoted_in_part(void **state)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };
    CLEANUP(buffer_deinit) struct buffer expected = { 0 };

    buffer_add_format(&text, "workers: %0300dx\n", 0);
    buffer_add_format(&expected, "1:10: workers: %0200d…: " EXPECTED_WORKERS "%c", 0, '\0');
    read_bad(buffer_text(&text), expected.data);
}

/* --- names ----------------------------------------------------------------------- */

static void an_unknown_name_leads_to_the_nearest(void **state)
{
    assert_problems("workers: 1\nworkrs: 1\n",
                    "2:1: workrs: unknown setting; did you mean workers?\n");
    assert_problems("statsd:\n  tt: 5m\n",
                    "2:3: statsd.tt: unknown setting; did you mean statsd.ttl?\n");
    assert_problems("ttl: 5m\n", "1:1: ttl: unknown setting; did you mean statsd.ttl?\n");
    assert_problems("workers: 1\nworkrs: []\n",
                    "2:1: workrs: unknown setting; did you mean workers?\n");
    assert_problems("limits:\n  series: 7\n  no: 1\n",
                    "1:1: limits: unknown section; did you mean limit?\n");
}

static void a_name_like_no_other_leads_to_help(void **state)
{
    assert_problems("no-such-key: 3\n", "1:1: no-such-key: unknown setting; see udometer --help\n");
    assert_problems("help: true\n", "1:1: help: unknown setting; see udometer --help\n");
    assert_problems("x: {a: 1}\n", "1:1: x: unknown section; see udometer --help\n");
    assert_problems("\"\": 1\nstatsd: {\"\": 1}\n",
                    "1:1: : unknown setting; see udometer --help\n"
                    "2:10: statsd.: unknown setting; see udometer --help\n");
}

static void the_file_cannot_name_another_file(void **state)
{
    assert_problems("config.file: /etc/passwd\nconfig: {file: x}\n",
                    "1:1: config.file: cannot be set in a file; use --config.file\n"
                    "2:10: config.file: cannot be set in a file; use --config.file\n");
    /* Nor does a misspelt name hint at it. */
    assert_problems("config.fil: x\n", "1:1: config.fil: unknown setting; see udometer --help\n");
}

static void commands_are_no_settings(void **state)
{
    assert_problems("check-config: true\nwelcome: x\n",
                    "1:1: check-config: cannot be set in a file; use --check-config\n"
                    "2:1: welcome: cannot be set in a file; use --welcome\n");
    assert_problems("welcom: x\n", "1:1: welcom: unknown setting; see udometer --help\n");
}

static void keys_of_other_programs_are_known(void **state)
{
    assert_problems("mappings:\n- match: a\n",
                    "1:1: mappings: a key of a mapping file; move it below mapping:, or load its "
                    "file by --statsd.mapping-config\n");
    assert_problems("{\"server_name\": \"x\"}\n",
                    "1:2: server_name: a key of brubeck; udometer's keys are named as flags, see "
                    "udometer --help\n");
    assert_problems("statsd: {mappings: []}\n",
                    "1:10: statsd.mappings: unknown setting; see udometer --help\n");
}

static void a_name_too_long_is_no_setting(void **state)
{
    char text[400] = "workers: 1\n";

    memset(text + 11, 'a', 300);
    strcpy(text + 311, ": 1\n");
    read_bad(slice_of(text), "2:1: no setting has a name this long\n");
    strcpy(text + 11 + 128, ": 1\n");
    read_bad(slice_of(text), "2:1: no setting has a name this long\n");
}

static void a_setting_is_set_once(void **state)
{
    assert_problems("workers: 1\nworkers: 2\n", "2:1: workers: is set twice in this file\n");
    assert_problems("statsd.ttl: 1s\nstatsd:\n  ttl: 1s\n",
                    "3:3: statsd.ttl: is set twice in this file\n");
    assert_problems("statsd:\n  ttl: soon\nstatsd.ttl: 1s\n",
                    "2:8: statsd.ttl: soon: " EXPECTED_DURATION
                    "3:1: statsd.ttl: is set twice in this file\n");
    assert_problems("statsd: {ttl: 1s}\nstatsd: {read-buffer: 1MiB}\n",
                    "2:1: statsd: is set twice in this file\n");
    assert_problems("statsd.listen-udp: \"\"\nstatsd.listen-udp: []\n",
                    "2:1: statsd.listen-udp: is set twice in this file\n");
}

/* --- files ----------------------------------------------------------------------- */

static void all_problems_are_reported_in_their_order(void **state)
{
    assert_problems("# all wrong\n"
                    "workers: many\n"
                    "statsd:\n"
                    "  tt: 5m\n"
                    "  listen-udp: [a, [b]]\n"
                    "limit: 3\n"
                    "log.level: loud\n"
                    "workers: 1\n"
                    "statsd.bare-tags: true\n",
                    "2:10: workers: many: " EXPECTED_WORKERS
                    "4:3: statsd.tt: unknown setting; did you mean statsd.ttl?\n"
                    "5:16: statsd.listen-udp: a: " EXPECTED_ADDRESS
                    "5:19: statsd.listen-udp: expected a plain value in this list\n"
                    "6:8: limit: expected a map of settings\n"
                    "7:12: log.level: loud: expected debug, info, warn or error\n"
                    "8:1: workers: is set twice in this file\n");
}

static void a_file_with_a_problem_sets_nothing(void **state)
{
    assert_problems("workers: 3\nstatsd.listen-udp: [\"127.0.0.1:1\", \"127.0.0.1:2\"]\nx: 1\n",
                    "3:1: x: unknown setting; see udometer --help\n");
    assert_int_equal(settings.n_workers, 0);
    assert_string_equal(settings_listener(&settings.listen_udp, 0)->address, "localhost:8125");
}

static void says_where_the_form_is_wrong(void **state)
{
    assert_problems("just text\n", "1:1: expected settings, NAME: VALUE\n");
    assert_problems("- workers\n", "1:1: expected settings, NAME: VALUE\n");
    assert_problems("? {workers: 3}\n: 5\n", "1:3: expected a plain key\n");
    assert_problems(
        "workers: 1\nlog.level: *x\n",
        "2:12: *x: no value above has the anchor &x; if the text begins with '*', quote it\n");
    assert_problems("workers: \"4\\0 or more\"\n", "1:10: this contains a NUL character\n");
}

static void yaml_is_checked_before_settings(void **state)
{
    assert_problems("workers: many\nlog.level: \"info\nlog.format: json\n",
                    "4:1: found unexpected end of stream; is a quote missing?\n");
    assert_problems("workers: many\nlog.level: \xff\n", "2:12: invalid leading UTF-8 octet\n");
}

static void a_problem_is_one_line_whatever_the_text(void **state)
{
    assert_problems("workers: \"a\\nb\"\n", "1:10: workers: a?b: " EXPECTED_WORKERS);
    assert_problems("\"a\\nb\": 1\n", "1:1: a?b: unknown setting; see udometer --help\n");
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
    CLEANUP(problems_deinit) struct problems problems = { 0 };

    assert_false(apply("/tmp/no/such/file.yml", &problems));
    assert_slice_equal(buffer_text(&problems.lines),
                       "/tmp/no/such/file.yml: cannot be read: there is no folder /tmp/no; "
                       "check --config.file\n");
}

static void very_many_problems_are_counted(void **state)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };
    CLEANUP(problems_deinit) struct problems problems = { 0 };

    for (unsigned i = 0; i < 49000; i++)
        buffer_add_format(&text, "listen-addres%u:\n", i);
    write_file(buffer_text(&text));
    assert_false(apply(path, &problems));
    assert_int_equal(problems.n, 49000);
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
        FILE_CASE(listeners_know_their_places),
        FILE_CASE(listeners_may_have_a_dialect_of_their_own),
        FILE_CASE(json_is_yaml),
        FILE_CASE(an_empty_file_changes_nothing),
        FILE_CASE(says_where_a_value_is_wrong),
        FILE_CASE(each_value_of_a_list_is_checked),
        FILE_CASE(a_value_of_the_wrong_shape_is_reported),
        FILE_CASE(a_list_that_is_too_long_is_reported_once),
        FILE_CASE(a_long_value_is_quoted_in_part),
        FILE_CASE(an_unknown_name_leads_to_the_nearest),
        FILE_CASE(a_name_like_no_other_leads_to_help),
        FILE_CASE(the_file_cannot_name_another_file),
        FILE_CASE(commands_are_no_settings),
        FILE_CASE(keys_of_other_programs_are_known),
        FILE_CASE(a_name_too_long_is_no_setting),
        FILE_CASE(a_setting_is_set_once),
        FILE_CASE(all_problems_are_reported_in_their_order),
        FILE_CASE(a_file_with_a_problem_sets_nothing),
        FILE_CASE(says_where_the_form_is_wrong),
        FILE_CASE(yaml_is_checked_before_settings),
        FILE_CASE(a_problem_is_one_line_whatever_the_text),
        FILE_CASE(a_file_that_is_not_there_is_an_error),
        FILE_CASE(very_many_problems_are_counted),
    };

    return cmocka_run_group_tests(cases, make_file, remove_file);
}
