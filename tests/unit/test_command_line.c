/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Flags in the strict form that tools use. test_config.c has the daemon's form, and the order of
 * sources.
 */

#include "unit.h"

#include "config/command_line.h"

#include <stdlib.h>

struct weather {
    uint64_t n_drops;
    char *place;
    bool is_cold;
};

#define OPTION_VALUES struct weather

static const struct option rows[] = {
    { "drops", "N", OPTION_COUNT(n_drops, 0, 1000, 1), "how many" },
    { "place", "TEXT", OPTION_TEXT(place, "here"), "where", .ignores_empty = true },
    { "cold", NULL, OPTION_SWITCH(is_cold, false), "is it?" },
};

static const struct option_table table = OPTION_TABLE(rows);

static struct weather weather;
static struct buffer problem;

/* Read @words, up to NULL, as flags of @line. */
static enum command_line_outcome read_line(struct command_line line, const char *const *words)
{
    char *argv[16] = { strdup("rain") };
    enum command_line_outcome outcome;
    int argc = 1;

    for (; words[argc - 1]; argc++)
        argv[argc] = strdup(words[argc - 1]);
    line.command = "udometer rain";
    line.table = &table;
    line.argc = argc;
    line.argv = argv;
    buffer_clear(&problem);
    outcome = command_line_read(&line, NULL, &weather, &problem);
    buffer_add_char(&problem, '\0');
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return outcome;
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void read_good(const char *const *words)
{
    if (read_line((struct command_line){ 0 }, words) != COMMAND_LINE_RUN)
        fail_msg("%s", problem.data);
    assert_string_equal(problem.data, "");
}

static void read_wrong(struct command_line line, const char *const *words, const char *expected)
{
    assert_int_equal(read_line(line, words), COMMAND_LINE_WRONG);
    assert_string_equal(problem.data, expected);
}

static const struct command_line strict, before_words = { .has_words = true },
                                         loose = { .has_next_word = true, .has_version = true };

static void flags_are_set_from_the_first_to_the_last(void **state)
{
    read_good(WORDS("--drops=7", "--place=a=b", "--cold", "--drops=8"));
    assert_int_equal(weather.n_drops, 8);
    assert_string_equal(weather.place, "a=b");
    assert_true(weather.is_cold);
    read_good(WORDS("--no-cold", "--place="));
    assert_false(weather.is_cold);
    assert_string_equal(weather.place, "");
}

static void a_value_that_must_follow_a_sign_is_shown_so(void **state)
{
    read_wrong(strict, WORDS("--drops", "7"), "--drops: needs a value, --drops=N");
    read_wrong(loose, WORDS("--drops"), "--drops: needs a value; see udometer rain --help");
    assert_int_equal(weather.n_drops, 1);
}

static void a_value_is_no_word_where_words_follow(void **state)
{
    read_wrong(before_words, WORDS("--drops"), "--drops: unknown flag; see udometer rain --help");
}

static void every_word_is_a_flag(void **state)
{
    read_wrong(strict, WORDS("drops=7"), "drops=7: unknown flag; see udometer rain --help");
    read_wrong(strict, WORDS("--dro=7"), "--dro=7: unknown flag; see udometer rain --help");
    read_wrong(strict, WORDS("--"), "--: unknown flag; see udometer rain --help");
    read_wrong(strict, WORDS("--no-drops"), "--no-drops: unknown flag; see udometer rain --help");
    read_wrong(loose, WORDS("drops=7"),
               "drops=7: expected a flag, --NAME=VALUE; see udometer rain --help");
}

static void a_wrong_value_is_explained(void **state)
{
    read_wrong(strict, WORDS("--drops=1001"),
               "--drops=1001: expected a whole number from 0 to 1000");
    read_wrong(loose, WORDS("--drops", "x"), "--drops=x: expected a whole number from 0 to 1000");
}

static void the_first_that_is_not_set_decides(void **state)
{
    assert_int_equal(read_line(strict, WORDS("--help", "--nonsense")), COMMAND_LINE_HELP);
    assert_int_equal(read_line(strict, WORDS("--drops=2", "-h")), COMMAND_LINE_HELP);
    assert_int_equal(read_line(loose, WORDS("--version", "--help")), COMMAND_LINE_VERSION);
    assert_int_equal(read_line(strict, WORDS("--version")), COMMAND_LINE_WRONG);
    assert_int_equal(read_line(strict, WORDS("--drops=x", "--help")), COMMAND_LINE_WRONG);
    assert_int_equal(weather.n_drops, 2);
}

static void flags_end_at_the_first_word(void **state)
{
    char send[] = "send", url[] = "--url=a", dashes[] = "--", count[] = "count", x[] = "--x";
    char *words[] = { send, url, dashes, count, x };

    assert_int_equal(command_line_count_flags(5, words), 3);
    assert_int_equal(command_line_count_flags(2, words), 2);
    assert_int_equal(command_line_count_flags(1, words), 1);
}

static void variables_are_read_as_far_as_there_are_some(void **state)
{
    setenv("UDOMETER_DROPS", "9", 1);
    assert_true(command_line_read_variables(&table, &weather, &problem));
    assert_int_equal(weather.n_drops, 9);
    assert_string_equal(weather.place, "here");
    setenv("UDOMETER_PLACE", "", 1);
    assert_true(command_line_read_variables(&table, &weather, &problem));
    assert_string_equal(weather.place, "here");
    setenv("UDOMETER_DROPS", "", 1);
    assert_false(command_line_read_variables(&table, &weather, &problem));
    assert_slice_equal(buffer_text(&problem),
                       "UDOMETER_DROPS=: expected a whole number from 0 to 1000");
}

static int begin(void **state)
{
    unsetenv("UDOMETER_DROPS");
    unsetenv("UDOMETER_PLACE");
    unsetenv("UDOMETER_COLD");
    return option_init_values(&table, &weather);
}

static int end(void **state)
{
    option_deinit_values(&table, &weather);
    buffer_deinit(&problem);
    problem = (struct buffer){ 0 };
    return 0;
}

#define LINE_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        LINE_CASE(flags_are_set_from_the_first_to_the_last),
        LINE_CASE(a_value_that_must_follow_a_sign_is_shown_so),
        LINE_CASE(a_value_is_no_word_where_words_follow),
        LINE_CASE(every_word_is_a_flag),
        LINE_CASE(a_wrong_value_is_explained),
        LINE_CASE(the_first_that_is_not_set_decides),
        LINE_CASE(flags_end_at_the_first_word),
        LINE_CASE(variables_are_read_as_far_as_there_are_some),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
