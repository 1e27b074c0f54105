/* SPDX-License-Identifier: Apache-2.0 */

/*
 * For each form, texts that are accepted, with their values, and texts that are refused, which
 * leave the value unchanged.
 */

#include "addresses.h"

#include "base/log.h"
#include "config/value.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>

/* A form, and which of its values are valid. */
struct row {
    const struct value_form *form;
    struct value_range range;
};

/* Read @text, or fail. */
static void take(const struct row *row, void *to, const char *text)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };

    if (row->form->read(to, text, &row->range, &wrong) < 0)
        fail_msg("%s: %.*s", text, (int)wrong.len, wrong.data);
    assert_int_equal(wrong.len, 0);
}

/* Try @text, which is wrong; the problem is the end of a sentence. */
static void refuse(const struct row *row, void *to, const char *text)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };

    if (row->form->read(to, text, &row->range, &wrong) != -EINVAL)
        fail_msg("%s was taken", text);
    buffer_add_char(&wrong, '\0');
    if (strncmp(wrong.data, "expected ", strlen("expected ")) != 0 || strchr(wrong.data, '\n'))
        fail_msg("%s: %s", text, wrong.data);
}

/* The problem of @text, which is wrong. */
static void is_refused_with(const struct row *row, void *to, const char *text, const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };

    assert_int_equal(row->form->read(to, text, &row->range, &wrong), -EINVAL);
    buffer_add_char(&wrong, '\0');
    assert_string_equal(wrong.data, expected);
}

/* The text of @value. */
static void is_written_as(const struct row *row, const void *value, const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };

    row->form->write(value, &row->range, &text);
    buffer_add_char(&text, '\0');
    assert_string_equal(text.data, expected);
}

/* --- whole numbers and such -------------------------------------------------------------- */

#define UNTOUCHED UINT64_C(0x1234567890)

static void takes_number(const struct row *row, const char *text, uint64_t expected)
{
    uint64_t value = UNTOUCHED;

    take(row, &value, text);
    if (value != expected)
        fail_msg("%s came to %llu", text, (unsigned long long)value);
}

static void refuses_numbers(const struct row *row, const char *const *texts, unsigned n)
{
    uint64_t value = UNTOUCHED;

    for (unsigned i = 0; i < n; i++) {
        refuse(row, &value, texts[i]);
        assert_true(value == UNTOUCHED);
    }
}

#define refuses_all(row, ...)                                                                      \
    refuses_numbers((row), (const char *const[]){ __VA_ARGS__ },                                   \
                    ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ })))

/* Whole numbers from @least to @most, and nothing else. */
static void has_range(uint64_t least, uint64_t most)
{
    const struct row numbers = { &value_number, { .least = least, .most = most } };
    const struct row *row = &numbers;
    char text[32], expected[80];
    uint64_t value = UNTOUCHED;

    for (uint64_t number = least; number < least + 3; number++) {
        snprintf(text, sizeof(text), "%lu", number);
        takes_number(row, text, number);
    }
    snprintf(text, sizeof(text), "%lu", most);
    takes_number(row, text, most);
    snprintf(text, sizeof(text), "%lu", most + 1);
    refuses_all(row, text);
    refuses_all(row, "", " ", "-1", "+1", " 1", "1 ", "1.0", "1e1", "0x1", "1k", "one", "1,2",
                "18446744073709551616", "18446744073709551617", "99999999999999999999999999");
    if (least > 0)
        refuses_all(row, "0", "00", "-0");
    snprintf(expected, sizeof(expected), "expected a whole number from %lu to %lu", least, most);
    is_refused_with(row, &value, "x", expected);
}

static void numbers_have_their_ranges(void **state)
{
    has_range(1, 1000000000);
    has_range(1, 256);
    has_range(1, 1048576);
    has_range(0, 64);
    has_range(7, 9);
}

static void zero_may_be_right_out_of_range(void **state)
{
    const struct row workers = { &value_number,
                                 { .least = 2, .most = 64, .zero = ", or 0 to let it choose" } };
    uint64_t value = UNTOUCHED;

    takes_number(&workers, "0", 0);
    takes_number(&workers, "2", 2);
    refuses_all(&workers, "1", "65");
    is_refused_with(&workers, &value, "1",
                    "expected a whole number from 2 to 64, or 0 to let it choose");
}

#define SIZES(most_bytes)                                                                          \
    {                                                                                              \
        &value_number,                                                                             \
        {                                                                                          \
            .least = 4096, .most = (most_bytes), .unit = VALUE_BYTES                               \
        }                                                                                          \
    }

static const struct row sizes_of_memory = SIZES(UINT64_C(1) << 40);
static const struct row sizes_of_sockets = SIZES(UINT64_C(1) << 30);

static void sizes_may_have_units(void **state)
{
    const struct row *const both[] = { &sizes_of_memory, &sizes_of_sockets };

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
    takes_number(&sizes_of_memory, "1024GiB", UINT64_C(1) << 40);
    takes_number(&sizes_of_memory, "1099511627776", UINT64_C(1) << 40);
    refuses_all(&sizes_of_memory, "1025GiB", "1099511627777", "1048577MiB");
}

static void sizes_are_expected_in_the_largest_unit(void **state)
{
    const struct row odd = { &value_number, { .least = 1025, .most = 3 << 20, VALUE_BYTES } };
    uint64_t value = UNTOUCHED;

    is_refused_with(&sizes_of_memory, &value, "1",
                    "expected a size from 4KiB to 1024GiB, in bytes or with KiB, MiB or GiB");
    is_refused_with(&sizes_of_sockets, &value, "1",
                    "expected a size from 4KiB to 1GiB, in bytes or with KiB, MiB or GiB");
    is_refused_with(&odd, &value, "1",
                    "expected a size from 1025 to 3MiB, in bytes or with KiB, MiB or GiB");
}

static void sizes_of_sockets_fit_twice_into_an_int(void **state)
{
    refuses_all(&sizes_of_sockets, "1073741825", "2GiB", "1025MiB", "1024GiB", "2147483648",
                "4294967296", "4294971392");
}

static const struct row durations = {
    &value_number,
    { .least = 1, .most = 1000000000, .unit = VALUE_SECONDS, .zero = "; 0s means never" },
};

static void durations_have_a_unit(void **state)
{
    takes_number(&durations, "0s", 0);
    takes_number(&durations, "0d", 0);
    takes_number(&durations, "1s", 1);
    takes_number(&durations, "90s", 90);
    takes_number(&durations, "15m", 900);
    takes_number(&durations, "12h", 43200);
    takes_number(&durations, "7d", 604800);
    refuses_all(&durations, "", "0", "5", "s", "-1s", "+1s", "1.5h", "5 m", " 5m", "5m ", "5ms",
                "5min", "5M", "5S", "1h30m", "1w", "1y", "never", "18446744073709551616s",
                "213503982334602d", "18446744073709551615d", "99999999999999999999s");
}

static void durations_are_expected_in_their_form(void **state)
{
    uint64_t value = UNTOUCHED;

    is_refused_with(&durations, &value, "1",
                    "expected a duration like 90s, 15m, 12h or 7d; 0s means never");
}

static void numbers_are_written_in_the_largest_unit(void **state)
{
    static const struct row counts = { &value_number, { .least = 1, .most = 1 << 20 } };
    static const struct {
        const struct row *row;
        uint64_t number;
        const char *text;
    } written[] = {
        { &counts, 65536, "65536" },
        { &counts, 0, "" }, /* out of range: there is no such text */
        { &sizes_of_memory, 4096, "4KiB" },
        { &sizes_of_memory, 4097, "4097" },
        { &sizes_of_memory, 256 << 20, "256MiB" },
        { &sizes_of_memory, UINT64_C(1) << 40, "1024GiB" },
        { &durations, 0, "0s" },
        { &durations, 90, "90s" },
        { &durations, 900, "15m" },
        { &durations, 604800, "7d" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(written); i++)
        is_written_as(written[i].row, &written[i].number, written[i].text);
}

static const struct row modes = { &value_file_mode, { 0 } };

static void takes_mode(const char *text, mode_t expected)
{
    mode_t value = 01234;

    take(&modes, &value, text);
    assert_int_equal(value, expected);
}

static void modes_are_octal(void **state)
{
    static const char *const wrong[] = { "",     "0680",  "0o660", "0x1b0",
                                         "-660", "+660",  " 0660", "0660 ",
                                         "rw",   "u=rw",  "1e2",   "077777",
                                         "7777", "66000", "0660x", "99999999999999999999999" };
    mode_t value = 01234;

    takes_mode("0660", 0660);
    takes_mode("0600", 0600);
    takes_mode("0777", 0777);
    takes_mode("0000", 0);
    takes_mode("660", 0660);
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        refuse(&modes, &value, wrong[i]);
        assert_int_equal(value, 01234);
    }
}

static void modes_are_written_with_four_digits(void **state)
{
    is_written_as(&modes, &(const mode_t){ 0660 }, "0660");
    is_written_as(&modes, &(const mode_t){ 0 }, "0000");
}

/* --- words --------------------------------------------------------------------------------- */

#define WORDS(array)                                                                               \
    {                                                                                              \
        &value_word,                                                                               \
        {                                                                                          \
            .words = (array), .n_words = ARRAY_SIZE(array)                                         \
        }                                                                                          \
    }

static const char *const level_words[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"
};
static const struct row levels_form = WORDS(level_words);

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
        take(&levels_form, &level, words[i]);
        assert_int_equal(level, levels[i]);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        level = LOG_WARN;
        refuse(&levels_form, &level, wrong[i]);
        assert_int_equal(level, LOG_WARN);
    }
}

static const char *const format_words[] = { [LOG_LOGFMT] = "logfmt", [LOG_JSON] = "json" };
static const struct row formats_form = WORDS(format_words);

static void formats_are_two_words(void **state)
{
    static const char *const wrong[] = {
        "", "JSON", "Json", "jso", "jsonl", "log", "text", "json "
    };
    enum log_format format = LOG_LOGFMT;

    take(&formats_form, &format, "json");
    assert_int_equal(format, LOG_JSON);
    take(&formats_form, &format, "logfmt");
    assert_int_equal(format, LOG_LOGFMT);
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        refuse(&formats_form, &format, wrong[i]);
        assert_int_equal(format, LOG_LOGFMT);
    }
}

static void dialects_are_two_words(void **state)
{
    static const char *const words[] = { "statsd", "dogstatsd" };
    static const char *const wrong[] = { "",        "Statsd",   "DogStatsD",       "dog",
                                         "statsd ", "influxdb", "dogstatsd,statsd" };
    static const struct row dialects = WORDS(words);
    enum { STATSD, DOGSTATSD } value = STATSD;

    take(&dialects, &value, "dogstatsd");
    assert_int_equal(value, DOGSTATSD);
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        refuse(&dialects, &value, wrong[i]);
        assert_int_equal(value, DOGSTATSD);
    }
    take(&dialects, &value, "statsd");
    assert_int_equal(value, STATSD);
}

static void a_value_may_have_no_word(void **state)
{
    static const char *const words[] = { [1] = "blocking", [2] = "coalescing" };
    static const struct row sinks = WORDS(words);
    unsigned value = 0;

    refuse(&sinks, &value, "");
    assert_int_equal(value, 0);
    take(&sinks, &value, "coalescing");
    assert_int_equal(value, 2);
    take(&sinks, &value, "blocking");
    assert_int_equal(value, 1);
    is_refused_with(&sinks, &value, "x", "expected blocking or coalescing");
}

static void all_words_are_expected(void **state)
{
    unsigned value = 0;

    is_refused_with(&levels_form, &value, "", "expected debug, info, warn or error");
    is_refused_with(&formats_form, &value, "", "expected logfmt or json");
}

static void switches_are_two_words(void **state)
{
    static const char *const wrong[] = { "",  "True", "FALSE", "yes", "no",   "1",
                                         "0", "on",   "truer", "tru", " true" };
    static const struct row row = { &value_switch, { 0 } };
    bool value = false;

    take(&row, &value, "true");
    assert_true(value);
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        refuse(&row, &value, wrong[i]);
        assert_true(value);
    }
    take(&row, &value, "false");
    assert_false(value);
    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        refuse(&row, &value, wrong[i]);
        assert_false(value);
    }
    is_refused_with(&row, &value, "", "expected true or false");
}

static void words_and_switches_are_written_as_they_are_read(void **state)
{
    static const char *const words[] = { [1] = "blocking", [2] = "coalescing" };
    static const struct row sinks = WORDS(words);
    static const struct row row = { &value_switch, { 0 } };

    is_written_as(&sinks, &(const unsigned){ 2 }, "coalescing");
    is_written_as(&sinks, &(const unsigned){ 0 }, "");
    is_written_as(&sinks, &(const unsigned){ 3 }, "");
    is_written_as(&row, &(const bool){ true }, "true");
    is_written_as(&row, &(const bool){ false }, "false");
}

/* --- texts ---------------------------------------------------------------------------------- */

static const struct row texts = { &value_text, { 0 } };
static const struct row pages = { &value_page, { 0 } };
static const struct row addresses = { &value_address, { 0 } };
static const struct row owners = { &value_file_owner, { 0 } };

/* Read @text; memory checkers see whether the old value was freed. */
static void takes_text(const struct row *row, char **value, const char *text)
{
    char *copy = strdup(text);

    take(row, value, copy);
    memset(copy, '#', strlen(copy));
    free(copy);
    assert_string_equal(*value, text);
}

static void refuses_texts(const struct row *row, const char *const *wrong, unsigned n)
{
    char *value = strdup("before");

    for (unsigned i = 0; i < n; i++) {
        refuse(row, &value, wrong[i]);
        assert_string_equal(value, "before");
    }
    free(value);
}

static void texts_are_copied(void **state)
{
    char *value = NULL;

    takes_text(&texts, &value, "/etc/udometer.yml");
    takes_text(&texts, &value, "");
    takes_text(&texts, &value, "what ever? \xc3\xa4");
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
        takes_text(&pages, &value, good[i]);
    memset(longest, 'a', sizeof(longest));
    longest[0] = '/';
    longest[200] = '\0';
    takes_text(&pages, &value, longest);
    free(value);
    refuses_texts(&pages, wrong, ARRAY_SIZE(wrong));
}

static void addresses_are_host_and_port(void **state)
{
    char *value = NULL;

    for (unsigned i = 0; i < ARRAY_SIZE(good_addresses); i++)
        takes_text(&addresses, &value, good_addresses[i]);
    free(value);
    refuses_texts(&addresses, wrong_addresses, ARRAY_SIZE(wrong_addresses));
    refuses_texts(&addresses, (const char *const[]){ "" }, 1);
}

static void an_example_has_the_usual_port(void **state)
{
    char *value = NULL;

    is_refused_with(&addresses, &value, "8125",
                    "expected HOST:PORT, for example 127.0.0.1:9102, [::1]:9102 or :9102");
}

/* Whether or not a name server answers. */
static void an_unknown_host_is_one(void **state)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
    char *value = NULL;

    assert_int_equal(addresses.form->read(&value, "300.1.1.1:1", &addresses.range, &wrong),
                     -EINVAL);
    assert_true(slice_starts_with(buffer_text(&wrong), SLICE("unknown host")));
    assert_null(value);
}

/* --- owners --------------------------------------------------------------------------------- */

static void takes_owner(const char *text, uid_t user, gid_t group)
{
    struct value_owner owner = { 77, 77 };

    take(&owners, &owner, text);
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
    struct value_owner owner = { 77, 88 };

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        refuse(&owners, &owner, wrong[i]);
        assert_int_equal(owner.user, 77);
        assert_int_equal(owner.group, 88);
    }
    is_refused_with(&owners, &owner, "0:no-such-group",
                    "expected USER, USER:GROUP or :GROUP, as names or numbers; there is no group "
                    "no-such-group");
    is_refused_with(&owners, &owner, "1:2:3",
                    "expected USER, USER:GROUP or :GROUP, as names or numbers");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(numbers_have_their_ranges),
        CASE(zero_may_be_right_out_of_range),
        CASE(sizes_may_have_units),
        CASE(sizes_are_expected_in_the_largest_unit),
        CASE(sizes_of_memory_reach_1024_gibibytes),
        CASE(sizes_of_sockets_fit_twice_into_an_int),
        CASE(durations_have_a_unit),
        CASE(durations_are_expected_in_their_form),
        CASE(numbers_are_written_in_the_largest_unit),
        CASE(modes_are_octal),
        CASE(modes_are_written_with_four_digits),
        CASE(levels_are_four_words),
        CASE(formats_are_two_words),
        CASE(dialects_are_two_words),
        CASE(a_value_may_have_no_word),
        CASE(all_words_are_expected),
        CASE(switches_are_two_words),
        CASE(words_and_switches_are_written_as_they_are_read),
        CASE(texts_are_copied),
        CASE(paths_of_pages_are_simple),
        CASE(addresses_are_host_and_port),
        CASE(an_example_has_the_usual_port),
        CASE(an_unknown_host_is_one),
        CASE(owners_are_names_or_numbers),
        CASE(refuses_other_owners),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
