/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Flags in the strict form that tools use. test_config.c has the daemon's form, and the order of
 * sources.
 */

#include "unit.h"

#include "config/command_line.h"

#include <stdio.h>
#include <stdlib.h>

struct weather {
    uint64_t n_drops;
    char *place;
    bool is_cold;
    struct option_list clouds;
};

#define OPTION_VALUES struct weather

static const struct option rows[] = {
    { "drops", "N", OPTION_COUNT(n_drops, 0, 1000, 1), "how many" },
    { "place", "TEXT", OPTION_TEXT(place, "here"), "where" },
    { "cold", NULL, OPTION_SWITCH(is_cold, false), "is it?" },
    { "clouds", "TEXT", OPTION_LIST(value_text, clouds, NULL), "which" },
};

static const struct option_table table = OPTION_TABLE(rows);

static struct weather weather;
static struct problems problems;

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
    problems_deinit(&problems);
    outcome = command_line_read(&line, &weather, &problems);
    buffer_add_char(&problems.lines, '\0');
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return outcome;
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void read_good(const char *const *words)
{
    if (read_line((struct command_line){ 0 }, words) != COMMAND_LINE_RUN)
        fail_msg("%s", problems.lines.data);
    assert_int_equal(problems.n, 0);
}

static void read_wrong(struct command_line line, const char *const *words, const char *expected)
{
    char text[500];

    assert_int_equal(read_line(line, words), COMMAND_LINE_WRONG);
    snprintf(text, sizeof(text), "%s\n", expected);
    assert_string_equal(problems.lines.data, text);
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
    read_wrong(strict, WORDS("drips=7"), "drips=7: unknown flag; did you mean --drops?");
    read_wrong(strict, WORDS("rain=7"), "rain=7: unknown flag; see udometer rain --help");
    read_wrong(strict, WORDS("--dro=7"), "--dro=7: unknown flag; see udometer rain --help");
    read_wrong(strict, WORDS("--"), "--: unknown flag; see udometer rain --help");
    read_wrong(strict, WORDS("--no-drops"), "--no-drops: unknown flag; see udometer rain --help");
    read_wrong(loose, WORDS("rain=7"),
               "rain=7: expected a flag, --NAME=VALUE; see udometer rain --help");
}

static void a_wrong_value_is_explained(void **state)
{
    read_wrong(strict, WORDS("--drops=1001"),
               "--drops=1001: expected a whole number from 0 to 1000");
    read_wrong(loose, WORDS("--drops", "x"), "--drops=x: expected a whole number from 0 to 1000");
}

static void all_problems_are_reported_in_order(void **state)
{
    read_wrong(strict, WORDS("--drops=x", "--place=a", "--dro=7", "--cold=y", "stray", "--drops"),
               "--drops=x: expected a whole number from 0 to 1000\n"
               "--dro=7: unknown flag; see udometer rain --help\n"
               "--cold=y: expected true or false\n"
               "stray: unknown flag; see udometer rain --help\n"
               "--drops: needs a value, --drops=N");
    assert_string_equal(weather.place, "a");
    assert_int_equal(problems.n, 5);
}

static void the_nearest_flag_is_named(void **state)
{
    read_wrong(strict, WORDS("--drop=7"), "--drop=7: unknown flag; did you mean --drops?");
    read_wrong(strict, WORDS("--coldd"), "--coldd: unknown flag; did you mean --cold?");
    read_wrong(strict, WORDS("--no-colt"), "--no-colt: unknown flag; did you mean --no-cold?");
    read_wrong(strict, WORDS("--no-drop"), "--no-drop: unknown flag; see udometer rain --help");
    read_wrong(strict, WORDS("--hepl"), "--hepl: unknown flag; did you mean --help?");
    read_wrong(loose, WORDS("--versoin"), "--versoin: unknown flag; did you mean --version?");
    read_wrong(strict, WORDS("--versoin"), "--versoin: unknown flag; see udometer rain --help");
}

static void dashes_may_be_missing(void **state)
{
    read_wrong(loose, WORDS("drops=7"), "drops=7: unknown flag; did you mean --drops?");
    read_wrong(loose, WORDS("-drops=7"), "-drops=7: unknown flag; did you mean --drops?");
    read_wrong(loose, WORDS("help"), "help: unknown flag; did you mean --help?");
    read_wrong(loose, WORDS("no-cold"), "no-cold: unknown flag; did you mean --no-cold?");
    read_wrong(loose, WORDS("-x"), "-x: unknown flag; see udometer rain --help");
    read_wrong(loose, WORDS("-"), "-: unknown flag; see udometer rain --help");
    read_wrong(loose, WORDS(""), ": expected a flag, --NAME=VALUE; see udometer rain --help");
}

static const char *advise(struct slice name)
{
    return slice_equal(name, SLICE("snow")) || slice_equal(name, SLICE("no-ice")) ? "it melts"
                                                                                  : NULL;
}

static void advice_on_known_flags_of_others_is_given(void **state)
{
    const struct command_line advised = { .has_next_word = true, .advise = advise };

    read_wrong(advised, WORDS("--snow=7"), "--snow=7: it melts");
    read_wrong(advised, WORDS("--snow", "7"), "--snow: it melts");
    read_wrong(advised, WORDS("-snow"), "-snow: it melts");
    read_wrong(advised, WORDS("--no-snow"), "--no-snow: it melts");
    read_wrong(advised, WORDS("--no-ice"), "--no-ice: it melts");
    read_wrong(advised, WORDS("--ice"), "--ice: unknown flag; see udometer rain --help");
    read_wrong(advised, WORDS("snow"),
               "snow: expected a flag, --NAME=VALUE; see udometer rain --help");
}

/* The word after an unknown flag is its value, unless the flag can have none. */
static void a_value_of_an_unknown_flag_is_no_second_problem(void **state)
{
    read_wrong(loose, WORDS("--drop", "7", "--place", "there"),
               "--drop: unknown flag; did you mean --drops?");
    assert_string_equal(weather.place, "there");
    read_wrong(loose, WORDS("--drop=7", "8"),
               "--drop=7: unknown flag; did you mean --drops?\n"
               "8: expected a flag, --NAME=VALUE; see udometer rain --help");
    read_wrong(loose, WORDS("--no-colt", "8"),
               "--no-colt: unknown flag; did you mean --no-cold?\n"
               "8: expected a flag, --NAME=VALUE; see udometer rain --help");
    read_wrong(strict, WORDS("--drop", "7"), "--drop: unknown flag; did you mean --drops?");
    read_wrong(loose, WORDS("--drop", "--place=x"), "--drop: unknown flag; did you mean --drops?");
    assert_string_equal(weather.place, "x");
}

static void the_first_value_beyond_a_full_list_is_reported(void **state)
{
    char *argv[3 * OPTION_LIST_MAX] = { strdup("rain") };
    struct command_line line = { .table = &table, .argc = ARRAY_SIZE(argv), .argv = argv };

    for (unsigned i = 1; i < ARRAY_SIZE(argv); i++)
        argv[i] = strdup("--clouds=low");
    problems_deinit(&problems);
    assert_int_equal(command_line_read(&line, &weather, &problems), COMMAND_LINE_WRONG);
    assert_slice_equal(buffer_text(&problems.lines), "--clouds=low: expected at most 16 values\n");
    for (unsigned i = 0; i < ARRAY_SIZE(argv); i++)
        free(argv[i]);
}

static void a_flag_may_be_looked_up_before_any_is_set(void **state)
{
    char rain[] = "rain", place[] = "--place=a", unknown[] = "--x", other[] = "--place",
         value[] = "b", end[] = "--place";
    char *argv[] = { rain, place, unknown, other, value, end };
    struct command_line line = { .table = &table, .has_next_word = true, .argv = argv };

    line.argc = 1;
    assert_null(command_line_value(&line, &rows[1]));
    line.argc = 2;
    assert_string_equal(command_line_value(&line, &rows[1]), "a");
    line.argc = ARRAY_SIZE(argv);
    assert_string_equal(command_line_value(&line, &rows[1]), "b");
    assert_null(command_line_value(&line, &rows[0]));
    assert_string_equal(weather.place, "here");
}

static void help_and_version_win_wherever_they_stand(void **state)
{
    assert_int_equal(read_line(strict, WORDS("--help", "--nonsense")), COMMAND_LINE_HELP);
    assert_int_equal(read_line(strict, WORDS("--nonsense", "--help")), COMMAND_LINE_HELP);
    assert_int_equal(read_line(strict, WORDS("--drops=2", "-h")), COMMAND_LINE_HELP);
    assert_int_equal(read_line(strict, WORDS("--drops=x", "--help")), COMMAND_LINE_HELP);
    assert_int_equal(read_line(loose, WORDS("--version", "--help")), COMMAND_LINE_VERSION);
    assert_int_equal(problems.n, 0);
    assert_int_equal(weather.n_drops, 1); /* nothing is set */
    assert_int_equal(read_line(strict, WORDS("--version")), COMMAND_LINE_WRONG);
    /* A word that is the value of a flag asks for nothing. */
    assert_int_equal(read_line(loose, WORDS("--place", "--help")), COMMAND_LINE_RUN);
    assert_string_equal(weather.place, "--help");
}

static void flags_end_at_the_first_word(void **state)
{
    char send[] = "send", url[] = "--url=a", dashes[] = "--", count[] = "count", x[] = "--x";
    char *words[] = { send, url, dashes, count, x };

    assert_int_equal(command_line_count_flags(5, words), 3);
    assert_int_equal(command_line_count_flags(2, words), 2);
    assert_int_equal(command_line_count_flags(1, words), 1);
}

static int begin(void **state)
{
    return option_init_values(&table, &weather);
}

static int end(void **state)
{
    option_deinit_values(&table, &weather);
    problems_deinit(&problems);
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
        LINE_CASE(all_problems_are_reported_in_order),
        LINE_CASE(the_nearest_flag_is_named),
        LINE_CASE(dashes_may_be_missing),
        LINE_CASE(advice_on_known_flags_of_others_is_given),
        LINE_CASE(a_value_of_an_unknown_flag_is_no_second_problem),
        LINE_CASE(the_first_value_beyond_a_full_list_is_reported),
        LINE_CASE(a_flag_may_be_looked_up_before_any_is_set),
        LINE_CASE(help_and_version_win_wherever_they_stand),
        LINE_CASE(flags_end_at_the_first_word),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
