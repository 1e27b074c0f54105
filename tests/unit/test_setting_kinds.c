/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For each kind, texts that are taken and what they come to, and texts that are not:
 * these leave the value as it was.
 */

#include "unit.h"

#include "base/log.h"
#include "config/setting_kinds.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

/* Take @text, or fail. */
static void take(setting_kind *set, void *to, const char *text)
{
    const char *problem = set(to, text, SETTINGS_FLAG);

    if (problem)
        fail_msg("%s: %s", text, problem);
}

/* Try @text, which is wrong: the problem is the end of a sentence. */
static void refuse(setting_kind *set, void *to, const char *text)
{
    const char *problem = set(to, text, SETTINGS_FLAG);

    if (!problem)
        fail_msg("%s was taken", text);
    if (strncmp(problem, "expected ", strlen("expected ")) != 0 || strchr(problem, '\n'))
        fail_msg("%s: %s", text, problem);
}

/* --- whole numbers and such -------------------------------------------------------------- */

#define UNTOUCHED UINT64_C(0x1234567890)

static void takes_number(setting_kind *set, const char *text, uint64_t expected)
{
    uint64_t value = UNTOUCHED;

    take(set, &value, text);
    if (value != expected)
        fail_msg("%s came to %llu", text, (unsigned long long)value);
}

static void refuses_numbers(setting_kind *set, const char *const *texts, unsigned n)
{
    uint64_t value = UNTOUCHED;

    for (unsigned i = 0; i < n; i++) {
        refuse(set, &value, texts[i]);
        assert_true(value == UNTOUCHED);
    }
}

#define refuses_all(set, ...)                                                                      \
    refuses_numbers((set), (const char *const[]){ __VA_ARGS__ },                                   \
                    ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ })))

/* Whole numbers from @min to @max, and nothing else. */
static void has_range(setting_kind *set, uint64_t min, uint64_t max)
{
    char text[32];

    for (uint64_t value = min; value < min + 3; value++) {
        snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
        takes_number(set, text, value);
    }
    snprintf(text, sizeof(text), "%llu", (unsigned long long)max);
    takes_number(set, text, max);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)max + 1);
    refuses_all(set, text);
    refuses_all(set, "", " ", "-1", "+1", " 1", "1 ", "1.0", "1e1", "0x1", "1k", "one", "1,2",
                "18446744073709551616", "18446744073709551617", "99999999999999999999999999");
    if (min > 0)
        refuses_all(set, "0", "00", "-0");
}

static void numbers_have_their_ranges(void **state)
{
    has_range(set_count, 1, 1000000000);
    has_range(set_up_to_256, 1, 256);
    has_range(set_up_to_1024, 1, 1024);
    has_range(set_up_to_4096, 1, 4096);
    has_range(set_up_to_16384, 1, 16384);
    has_range(set_up_to_65536, 1, 65536);
    has_range(set_up_to_1048576, 1, 1048576);
    has_range(set_workers, 0, 64);
}

static void sizes_may_have_units(void **state)
{
    setting_kind *const both[] = { set_bytes, set_socket_bytes };

    for (unsigned i = 0; i < ARRAY_SIZE(both); i++) {
        takes_number(both[i], "4096", 4096);
        takes_number(both[i], "4097", 4097);
        takes_number(both[i], "4KiB", 4096);
        takes_number(both[i], "3MiB", 3 << 20);
        takes_number(both[i], "1GiB", 1 << 30);
        takes_number(both[i], "1024MiB", 1 << 30);
        takes_number(both[i], "1073741824", 1 << 30);
        refuses_all(both[i], "", "0", "4095", "3KiB", "0GiB", "-4096", "+4096", " 4096", "4096 ",
                    "4 KiB", "4KB", "4K", "4kib", "4KIB", "4k", "KiB", "4.5KiB", "4TiB", "4KiBs",
                    "1e4", "0x2000", "18446744073709551616", "18446744073709555712",
                    "17179869184GiB", "18014398509481985KiB", "99999999999999999999GiB");
    }
}

static void sizes_of_memory_reach_1024_gibibytes(void **state)
{
    takes_number(set_bytes, "1024GiB", UINT64_C(1) << 40);
    takes_number(set_bytes, "1099511627776", UINT64_C(1) << 40);
    refuses_all(set_bytes, "1025GiB", "1099511627777", "1048577MiB");
}

static void sizes_of_sockets_fit_twice_into_an_int(void **state)
{
    refuses_all(set_socket_bytes, "1073741825", "2GiB", "1025MiB", "1024GiB", "2147483648",
                "4294967296", "4294971392");
}

static void durations_have_a_unit(void **state)
{
    takes_number(set_duration, "0s", 0);
    takes_number(set_duration, "0d", 0);
    takes_number(set_duration, "1s", 1);
    takes_number(set_duration, "90s", 90);
    takes_number(set_duration, "15m", 900);
    takes_number(set_duration, "12h", 43200);
    takes_number(set_duration, "7d", 604800);
    refuses_all(set_duration, "", "0", "5", "s", "-1s", "+1s", "1.5h", "5 m", " 5m", "5m ", "5ms",
                "5min", "5M", "5S", "1h30m", "1w", "1y", "never", "18446744073709551616s",
                "213503982334602d", "18446744073709551615d", "99999999999999999999s");
}

static void modes_are_octal(void **state)
{
    takes_number(set_mode, "0660", 0660);
    takes_number(set_mode, "0600", 0600);
    takes_number(set_mode, "0777", 0777);
    takes_number(set_mode, "0000", 0);
    takes_number(set_mode, "660", 0660);
    refuses_all(set_mode, "", "0680", "0o660", "0x1b0", "-660", "+660", " 0660", "0660 ", "rw",
                "u=rw", "1e2", "077777", "7777", "66000", "0660x", "99999999999999999999999");
}

/* --- words --------------------------------------------------------------------------------- */

static void levels_are_four_words(void **state)
{
    static const char *const words[] = { "debug", "info", "warn", "error" };
    static const enum log_level levels[] = { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
    static const char *const wrong[] = { "",        "Debug",  "DEBUG", "inf",    "infos",
                                         "warning", "0",      "err",   "fatal",  "error ",
                                         " info",   "info\n", "1",     "notice." };
    enum log_level level;

    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        level = levels[(i + 1) % 4];
        take(set_log_level, &level, words[i]);
        assert_int_equal(level, levels[i]);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        level = LOG_WARN;
        refuse(set_log_level, &level, wrong[i]);
        assert_int_equal(level, LOG_WARN);
    }
}

static void formats_are_two_words(void **state)
{
    static const char *const wrong[] = {
        "", "JSON", "Json", "jso", "jsonl", "log", "text", "json "
    };
    enum log_format format = LOG_LOGFMT;

    take(set_log_format, &format, "json");
    assert_int_equal(format, LOG_JSON);
    take(set_log_format, &format, "logfmt");
    assert_int_equal(format, LOG_LOGFMT);
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        refuse(set_log_format, &format, wrong[i]);
        assert_int_equal(format, LOG_LOGFMT);
    }
}

static void are_two_words(setting_kind *set, const char *yes, const char *no,
                          const char *const *wrong, unsigned n)
{
    bool value = false;

    take(set, &value, yes);
    assert_true(value);
    for (unsigned i = 0; i < n; i++) {
        refuse(set, &value, wrong[i]);
        assert_true(value);
    }
    take(set, &value, no);
    assert_false(value);
    for (unsigned i = 0; i < n; i++) {
        refuse(set, &value, wrong[i]);
        assert_false(value);
    }
}

static void dialects_are_two_words(void **state)
{
    static const char *const wrong[] = { "",        "Statsd",   "DogStatsD",       "dog",
                                         "statsd ", "influxdb", "dogstatsd,statsd" };

    are_two_words(set_dialect, "dogstatsd", "statsd", wrong, ARRAY_SIZE(wrong));
}

static void switches_are_two_words(void **state)
{
    static const char *const wrong[] = { "",  "True", "FALSE", "yes", "no",   "1",
                                         "0", "on",   "truer", "tru", " true" };

    are_two_words(set_switch, "true", "false", wrong, ARRAY_SIZE(wrong));
}

/* --- texts ---------------------------------------------------------------------------------- */

/* Take @text and nothing else; memory checkers see whether the old one was freed. */
static void takes_text(setting_kind *set, char **value, const char *text)
{
    char *copy = strdup(text);

    take(set, value, copy);
    memset(copy, '#', strlen(copy));
    free(copy);
    assert_string_equal(*value, text);
}

static void refuses_texts(setting_kind *set, const char *const *wrong, unsigned n)
{
    char *value = strdup("before");

    for (unsigned i = 0; i < n; i++) {
        refuse(set, &value, wrong[i]);
        assert_string_equal(value, "before");
    }
    free(value);
}

static void texts_are_copied(void **state)
{
    char *value = NULL;

    takes_text(set_text, &value, "/etc/udometer.yml");
    takes_text(set_text, &value, "");
    takes_text(set_text, &value, "what ever? \xc3\xa4");
    free(value);
}

static void paths_of_pages_are_simple(void **state)
{
    static const char *const good[] = { "/metrics", "/m", "/a/b-c_d.e~f=g", "/0", "/-x" };
    static const char *const wrong[] = { "",     "/",    "metrics", "/-/",      "/-/ready", "/a b",
                                         "/a?b", "/a#b", "/a%20b",  "/<a>",     "/a\"b",    "/a&b",
                                         "/a\n", "/\t",  "/a'",     "/\xc3\xa4" };
    char *value = NULL, longest[202];

    for (unsigned i = 0; i < ARRAY_SIZE(good); i++)
        takes_text(set_path, &value, good[i]);
    memset(longest, 'a', sizeof(longest));
    longest[0] = '/';
    longest[200] = '\0';
    takes_text(set_path, &value, longest);
    free(value);
    refuses_texts(set_path, wrong, ARRAY_SIZE(wrong));
}

static const char *const good_addresses[] = { "127.0.0.1:0", "0.0.0.0:1", ":9102",
                                              "[::1]:65535", "[::]:0",    "localhost:8125" };
static const char *const wrong_addresses[] = {
    "8125",         "127.0.0.1",   "127.0.0.1:",   "127.0.0.1:65536",
    "127.0.0.1:-1", "::1:8125",    "127.0.0.1:x",  "127.0.0.1:1 ",
    " 127.0.0.1:1", "[::1]",       "[::1]8125",    "[::1:8125",
    "300.1.1.1:1",  "/tmp/socket", "127.0.0.1:1/", ":"
};

static void addresses_are_host_and_port(void **state)
{
    char *value = NULL;

    for (unsigned i = 0; i < ARRAY_SIZE(good_addresses); i++)
        takes_text(set_address, &value, good_addresses[i]);
    free(value);
    refuses_texts(set_address, wrong_addresses, ARRAY_SIZE(wrong_addresses));
    refuses_texts(set_address, (const char *const[]){ "" }, 1);
}

/* --- owners --------------------------------------------------------------------------------- */

static void takes_owner(const char *text, uid_t user, gid_t group)
{
    struct settings_owner owner = { 77, 77 };

    take(set_owner, &owner, text);
    if (owner.user != user || owner.group != group)
        fail_msg("%s came to %u:%u", text, owner.user, owner.group);
}

static void owners_are_names_or_numbers(void **state)
{
    const struct passwd *user = getpwuid(0);
    const struct group *group = getgrgid(0);
    char text[256];

    takes_owner("0:0", 0, 0);
    takes_owner("12:34", 12, 34);
    takes_owner("4000000000:4000000001", 4000000000, 4000000001);
    takes_owner("12", 12, (gid_t)-1);
    takes_owner(":34", (uid_t)-1, 34);
    if (user && group) {
        snprintf(text, sizeof(text), "%s:%s", user->pw_name, group->gr_name);
        takes_owner(text, 0, 0);
        snprintf(text, sizeof(text), ":%s", group->gr_name);
        takes_owner(text, (uid_t)-1, 0);
        takes_owner(user->pw_name, 0, (gid_t)-1);
    }
}

static void refuses_other_owners(void **state)
{
    static const char *const wrong[] = { "no such user",
                                         "nobody-at-all",
                                         "0:no-such-group",
                                         "no-such-user:0",
                                         "1:2:3",
                                         "-1",
                                         "-1:-1",
                                         "+1",
                                         "1.5",
                                         "0x0",
                                         "4294967295",
                                         ":4294967295",
                                         "4294967296",
                                         "18446744073709551616",
                                         "0 :0",
                                         "0: 0" };
    struct settings_owner owner = { 77, 88 };

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        refuse(set_owner, &owner, wrong[i]);
        assert_int_equal(owner.user, 77);
        assert_int_equal(owner.group, 88);
    }
}

/* --- lists ------------------------------------------------------------------------------------ */

/* A list with a neighbour on each side, which nobody may write to. */
static struct {
    uint64_t before;
    struct settings_list list;
    uint64_t after[4];
} lists;

#define NEIGHBOUR UINT64_C(0x5a5a5a5a5a5a5a5a)

static void assert_neighbours(void)
{
    assert_true(lists.before == NEIGHBOUR);
    for (unsigned i = 0; i < ARRAY_SIZE(lists.after); i++)
        assert_true(lists.after[i] == NEIGHBOUR);
}

static int begin_list(void **state)
{
    lists.before = NEIGHBOUR;
    lists.list = (struct settings_list){ 0 };
    for (unsigned i = 0; i < ARRAY_SIZE(lists.after); i++)
        lists.after[i] = NEIGHBOUR;
    return 0;
}

static int end_list(void **state)
{
    settings_list_clear(&lists.list);
    assert_int_equal(lists.list.n, 0);
    assert_neighbours();
    return 0;
}

static void assert_listener(unsigned i, const char *address, bool has_dialect, bool is_dogstatsd)
{
    assert_true(i < lists.list.n);
    assert_string_equal(lists.list.items[i].address, address);
    assert_int_equal(lists.list.items[i].has_dialect, has_dialect);
    if (has_dialect)
        assert_int_equal(lists.list.items[i].is_dogstatsd, is_dogstatsd);
}

static void a_list_grows_with_each_text(void **state)
{
    for (unsigned i = 0; i < ARRAY_SIZE(good_addresses); i++)
        take(set_addresses, &lists.list, good_addresses[i]);
    assert_int_equal(lists.list.n, ARRAY_SIZE(good_addresses));
    for (unsigned i = 0; i < ARRAY_SIZE(good_addresses); i++)
        assert_listener(i, good_addresses[i], false, false);
}

static void a_text_may_have_several(void **state)
{
    take(set_addresses, &lists.list, "127.0.0.1:1,[::1]:2?dialect=dogstatsd,:3?dialect=statsd");
    assert_int_equal(lists.list.n, 3);
    assert_listener(0, "127.0.0.1:1", false, false);
    assert_listener(1, "[::1]:2", true, true);
    assert_listener(2, ":3", true, false);
}

static void an_empty_text_is_no_listener(void **state)
{
    take(set_addresses, &lists.list, "");
    assert_int_equal(lists.list.n, 0);
    assert_null(set_addresses(&lists.list, "127.0.0.1:1", SETTINGS_DEFAULT));
    take(set_addresses, &lists.list, "");
    assert_int_equal(lists.list.n, 0);
    take(set_socket_paths, &lists.list, "");
    assert_int_equal(lists.list.n, 0);
}

static void wrong_ones_are_no_part_of_a_list(void **state)
{
    for (unsigned i = 0; i < ARRAY_SIZE(wrong_addresses); i++)
        refuse(set_addresses, &lists.list, wrong_addresses[i]);
    refuse(set_addresses, &lists.list, ",");
    refuse(set_addresses, &lists.list, ",127.0.0.1:1");
    assert_int_equal(lists.list.n, 0);
    refuse(set_socket_paths, &lists.list, ",");
    refuse(set_socket_paths, &lists.list, "?dialect=statsd");
    assert_int_equal(lists.list.n, 0);
}

static void dialects_have_one_form(void **state)
{
    static const char *const wrong[] = { "?",
                                         "?dialect",
                                         "?dialect=",
                                         "?dialect=dog",
                                         "?Dialect=statsd",
                                         "?dialect=statsd?",
                                         "?dialect=statsd&x=y",
                                         "?mode=0660",
                                         "??dialect=statsd",
                                         "?dialect=statsd ",
                                         " ?dialect=statsd" };
    char text[64];

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        snprintf(text, sizeof(text), "127.0.0.1:1%s", wrong[i]);
        refuse(set_addresses, &lists.list, text);
    }
    assert_int_equal(lists.list.n, 0);
}

static void a_list_has_room_for_16(void **state)
{
    char text[32];

    for (unsigned i = 0; i < SETTINGS_LISTENERS_MAX; i++) {
        snprintf(text, sizeof(text), "127.0.0.1:%u", i);
        take(set_addresses, &lists.list, text);
    }
    for (unsigned i = 0; i < 3; i++) {
        refuse(set_addresses, &lists.list, "127.0.0.1:99");
        refuse(set_addresses, &lists.list, "127.0.0.1:98?dialect=dogstatsd");
        assert_int_equal(lists.list.n, SETTINGS_LISTENERS_MAX);
        assert_int_equal(lists.list.source, SETTINGS_FLAG);
        assert_neighbours();
    }
    for (unsigned i = 0; i < SETTINGS_LISTENERS_MAX; i++) {
        snprintf(text, sizeof(text), "127.0.0.1:%u", i);
        assert_listener(i, text, false, false);
    }
}

static void more_than_16_in_one_text_are_refused(void **state)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };

    for (unsigned i = 0; i <= SETTINGS_LISTENERS_MAX; i++)
        buffer_add_format(&text, "%s127.0.0.1:%u", i ? "," : "", i);
    buffer_add_char(&text, '\0');
    refuse(set_addresses, &lists.list, text.data);
    assert_true(lists.list.n <= SETTINGS_LISTENERS_MAX);
    assert_neighbours();
}

static void a_higher_source_replaces_a_list(void **state)
{
    assert_null(set_addresses(&lists.list, "127.0.0.1:1", SETTINGS_DEFAULT));
    assert_null(set_addresses(&lists.list, "127.0.0.1:2,127.0.0.1:3", SETTINGS_FILE));
    assert_int_equal(lists.list.n, 2);
    assert_listener(0, "127.0.0.1:2", false, false);
    assert_null(set_addresses(&lists.list, "127.0.0.1:4", SETTINGS_ENVIRONMENT));
    assert_int_equal(lists.list.n, 1);
    assert_null(set_addresses(&lists.list, "127.0.0.1:5", SETTINGS_FLAG));
    assert_null(set_addresses(&lists.list, "127.0.0.1:6", SETTINGS_FLAG));
    assert_int_equal(lists.list.n, 2);
    assert_listener(0, "127.0.0.1:5", false, false);
    assert_listener(1, "127.0.0.1:6", false, false);
    assert_int_equal(lists.list.source, SETTINGS_FLAG);
}

static void socket_paths_are_paths(void **state)
{
    take(set_socket_paths, &lists.list, "/run/udometer.sock");
    take(set_socket_paths, &lists.list, "socket?dialect=dogstatsd,a b/\xc3\xa4?dialect=statsd");
    assert_int_equal(lists.list.n, 3);
    assert_listener(0, "/run/udometer.sock", false, false);
    assert_listener(1, "socket", true, true);
    assert_listener(2, "a b/\xc3\xa4", true, false);
    refuse(set_socket_paths, &lists.list, "/not\xff/utf8");
    assert_int_equal(lists.list.n, 3);
}

/* A socket's path has 108 bytes with its NUL (unix(7)). */
static void socket_paths_have_up_to_107_bytes(void **state)
{
    char path[109];

    memset(path, 'p', sizeof(path));
    path[108] = '\0';
    refuse(set_socket_paths, &lists.list, path);
    path[107] = '\0';
    take(set_socket_paths, &lists.list, path);
    assert_listener(0, path, false, false);
}

static void a_cleared_list_can_be_filled_again(void **state)
{
    take(set_addresses, &lists.list, "127.0.0.1:1,127.0.0.1:2");
    settings_list_clear(&lists.list);
    assert_int_equal(lists.list.n, 0);
    take(set_addresses, &lists.list, "127.0.0.1:3");
    assert_int_equal(lists.list.n, 1);
    assert_listener(0, "127.0.0.1:3", false, false);
}

#define LIST_CASE(name) cmocka_unit_test_setup_teardown(name, begin_list, end_list)

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(numbers_have_their_ranges),
        CASE(sizes_may_have_units),
        CASE(sizes_of_memory_reach_1024_gibibytes),
        CASE(sizes_of_sockets_fit_twice_into_an_int),
        CASE(durations_have_a_unit),
        CASE(modes_are_octal),
        CASE(levels_are_four_words),
        CASE(formats_are_two_words),
        CASE(dialects_are_two_words),
        CASE(switches_are_two_words),
        CASE(texts_are_copied),
        CASE(paths_of_pages_are_simple),
        CASE(addresses_are_host_and_port),
        CASE(owners_are_names_or_numbers),
        CASE(refuses_other_owners),
        LIST_CASE(a_list_grows_with_each_text),
        LIST_CASE(a_text_may_have_several),
        LIST_CASE(an_empty_text_is_no_listener),
        LIST_CASE(wrong_ones_are_no_part_of_a_list),
        LIST_CASE(dialects_have_one_form),
        LIST_CASE(a_list_has_room_for_16),
        LIST_CASE(more_than_16_in_one_text_are_refused),
        LIST_CASE(a_higher_source_replaces_a_list),
        LIST_CASE(socket_paths_are_paths),
        LIST_CASE(socket_paths_have_up_to_107_bytes),
        LIST_CASE(a_cleared_list_can_be_filled_again),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
