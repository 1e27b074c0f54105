/* SPDX-License-Identifier: Apache-2.0 */

/* test_config.c has the order of sources. */

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

/* Read @words, up to NULL, as flags of @line. Warnings go to @warnings. */
static enum command_line_outcome read_line_of(struct command_line line, const char *const *words,
                                              struct problems *warnings)
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
    problems.warnings = warnings;
    outcome = command_line_read(&line, &weather, &problems);
    problems.warnings = NULL;
    buffer_add_char(&problems.lines, '\0');
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return outcome;
}

static enum command_line_outcome read_line(struct command_line line, const char *const *words)
{
    return read_line_of(line, words, NULL);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const struct command_line plain, with_words = { .has_words = true },
                                        with_version = { .has_version = true };

static void read_good(const char *const *words)
{
    if (read_line(plain, words) != COMMAND_LINE_RUN)
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

static void a_value_may_be_the_next_word(void **state)
{
    read_good(WORDS("--drops", "7", "--place", "--cold", "--drops=8"));
    assert_int_equal(weather.n_drops, 8);
    assert_string_equal(weather.place, "--cold");
    assert_false(weather.is_cold);
    read_wrong(plain, WORDS("--cold", "true"),
               "true: expected a flag, --NAME=VALUE; see udometer rain --help");
}

static void a_missing_value_is_shown(void **state)
{
    read_wrong(plain, WORDS("--drops"), "--drops: needs a value, --drops=N");
    read_wrong(plain, WORDS("--drops", "--"), "--drops: needs a value, --drops=N");
    assert_int_equal(weather.n_drops, 1);
}

static void every_word_is_a_flag(void **state)
{
    read_wrong(plain, WORDS("drips=7"), "drips=7: unknown flag; did you mean --drops?");
    read_wrong(plain, WORDS("--dro=7"), "--dro=7: unknown flag; see udometer rain --help");
    read_wrong(plain, WORDS("--no-drops"), "--no-drops: unknown flag; see udometer rain --help");
    read_wrong(plain, WORDS("rain=7"),
               "rain=7: expected a flag, --NAME=VALUE; see udometer rain --help");
}

static void nothing_follows_the_end_of_the_flags(void **state)
{
    read_good(WORDS("--drops=7", "--"));
    assert_int_equal(weather.n_drops, 7);
    read_wrong(plain, WORDS("--place", "x", "--", "--drops=8", "--"),
               "--drops=8: expected nothing after --; see udometer rain --help\n"
               "--: expected nothing after --; see udometer rain --help");
    assert_int_equal(weather.n_drops, 7);
    assert_string_equal(weather.place, "x");
    read_wrong(plain, WORDS("--", "--help"),
               "--help: expected nothing after --; see udometer rain --help");
}

static void a_wrong_value_is_explained(void **state)
{
    read_wrong(plain, WORDS("--drops=1001"),
               "--drops=1001: expected a whole number from 0 to 1000");
    read_wrong(plain, WORDS("--drops", "x"), "--drops=x: expected a whole number from 0 to 1000");
}

static void all_problems_are_reported_in_order(void **state)
{
    read_wrong(plain, WORDS("--drops=x", "--place=a", "--dro=7", "--cold=y", "stray", "--drops"),
               "--drops=x: expected a whole number from 0 to 1000\n"
               "--dro=7: unknown flag; see udometer rain --help\n"
               "--cold=y: expected true or false\n"
               "stray: expected a flag, --NAME=VALUE; see udometer rain --help\n"
               "--drops: needs a value, --drops=N");
    assert_string_equal(weather.place, "a");
    assert_int_equal(problems.n, 5);
}

static void the_nearest_flag_is_named(void **state)
{
    read_wrong(plain, WORDS("--drop=7"), "--drop=7: unknown flag; did you mean --drops?");
    read_wrong(plain, WORDS("--coldd"), "--coldd: unknown flag; did you mean --cold?");
    read_wrong(plain, WORDS("--no-colt"), "--no-colt: unknown flag; did you mean --no-cold?");
    read_wrong(plain, WORDS("--no-drop"), "--no-drop: unknown flag; see udometer rain --help");
    read_wrong(plain, WORDS("--hepl"), "--hepl: unknown flag; did you mean --help?");
    read_wrong(with_version, WORDS("--versoin"),
               "--versoin: unknown flag; did you mean --version?");
    read_wrong(plain, WORDS("--versoin"), "--versoin: unknown flag; see udometer rain --help");
}

static void dashes_may_be_missing(void **state)
{
    read_wrong(with_version, WORDS("drops=7"), "drops=7: unknown flag; did you mean --drops?");
    read_wrong(with_version, WORDS("-drops=7"), "-drops=7: unknown flag; did you mean --drops?");
    read_wrong(with_version, WORDS("help"), "help: unknown flag; did you mean --help?");
    read_wrong(with_version, WORDS("no-cold"), "no-cold: unknown flag; did you mean --no-cold?");
    read_wrong(with_version, WORDS("-x"), "-x: unknown flag; see udometer rain --help");
    read_wrong(with_version, WORDS("-"), "-: unknown flag; see udometer rain --help");
    read_wrong(with_version, WORDS(""),
               ": expected a flag, --NAME=VALUE; see udometer rain --help");
}

static const char *advise(struct slice name)
{
    return slice_equal(name, SLICE("snow")) || slice_equal(name, SLICE("no-ice")) ? "it melts"
                                                                                  : NULL;
}

static void advice_on_known_flags_of_others_is_given(void **state)
{
    const struct command_line advised = { .advise = advise };

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
    read_wrong(with_version, WORDS("--drop", "7", "--place", "there"),
               "--drop: unknown flag; did you mean --drops?");
    assert_string_equal(weather.place, "there");
    read_wrong(with_version, WORDS("--drop=7", "8"),
               "--drop=7: unknown flag; did you mean --drops?\n"
               "8: expected a flag, --NAME=VALUE; see udometer rain --help");
    read_wrong(with_version, WORDS("--no-colt", "8"),
               "--no-colt: unknown flag; did you mean --no-cold?\n"
               "8: expected a flag, --NAME=VALUE; see udometer rain --help");
    read_wrong(with_words, WORDS("--drop", "--place=x"),
               "--drop: unknown flag; did you mean --drops?");
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
    struct command_line line = { .table = &table, .argv = argv };

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
    assert_int_equal(read_line(plain, WORDS("--help", "--nonsense")), COMMAND_LINE_HELP);
    assert_int_equal(read_line(plain, WORDS("--nonsense", "--help")), COMMAND_LINE_HELP);
    assert_int_equal(read_line(plain, WORDS("--drops=2", "-h")), COMMAND_LINE_HELP);
    assert_int_equal(read_line(plain, WORDS("--drops=x", "--help")), COMMAND_LINE_HELP);
    assert_int_equal(read_line(with_version, WORDS("--version", "--help")), COMMAND_LINE_VERSION);
    assert_int_equal(problems.n, 0);
    assert_int_equal(weather.n_drops, 1); /* nothing is set */
    assert_int_equal(read_line(plain, WORDS("--version")), COMMAND_LINE_WRONG);
    /* A word that is the value of a flag asks for nothing. */
    assert_int_equal(read_line(with_version, WORDS("--place", "--help")), COMMAND_LINE_RUN);
    assert_string_equal(weather.place, "--help");
}

/* --- words --- */

static void add_words(struct buffer *out, char *const *words, int n)
{
    for (int i = 0; i < n; i++)
        buffer_add_format(out, "%s ", words[i]);
    buffer_add_literal(out, "| ");
}

/* Part @words, up to NULL. @expected is the flags, the words before and those after "--". */
static void assert_sorted(const char *const *words, const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };
    char *argv[16] = { strdup("rain") }, *copies[16];
    struct command_line line = { .table = &table, .has_words = true, .argc = 1, .argv = argv };
    struct command_words sorted;

    for (; words[line.argc - 1]; line.argc++)
        argv[line.argc] = strdup(words[line.argc - 1]);
    memcpy(copies, argv, sizeof(copies));
    assert_int_equal(command_line_sort(&line, &sorted), 0);
    assert_ptr_equal(sorted.at, argv + line.argc);
    assert_null(sorted.at[sorted.n]);
    add_words(&text, argv + 1, line.argc - 1);
    add_words(&text, sorted.at, sorted.n_before_dashes);
    add_words(&text, sorted.at + sorted.n_before_dashes, sorted.n - sorted.n_before_dashes);
    buffer_add_char(&text, '\0');
    assert_string_equal(text.data, expected);
    for (unsigned i = 0; i < ARRAY_SIZE(copies); i++)
        free(copies[i]);
}

static void flags_may_stand_among_words(void **state)
{
    assert_sorted(WORDS("a", "--drops=7", "b", "--place", "there", "--cold", "c"),
                  "--drops=7 --place there --cold | a b c | | ");
    assert_sorted(WORDS("a", "--nonsense", "b", "--help"), "--nonsense --help | a b | | ");
    assert_sorted(WORDS("--drops", "7"), "--drops 7 | | | ");
    assert_sorted(WORDS(NULL), "| | | ");
}

static void two_dashes_end_the_flags(void **state)
{
    assert_sorted(WORDS("a", "--cold", "--", "--drops=7", "--", "b"),
                  "--cold | a | --drops=7 -- b | ");
    assert_sorted(WORDS("--", "a"), "| | a | ");
    assert_sorted(WORDS("--place", "--", "a"), "--place | | a | ");
    assert_sorted(WORDS("a", "--"), "| a | | ");
}

static void a_word_with_one_dash_is_a_word_unless_it_names_a_flag(void **state)
{
    assert_sorted(WORDS("-5", "-", "-x", "-e", "-place", "-drops=7", "drops=7", "-help", "-h"),
                  "-place -drops=7 -help -h | -5 - -x -e drops=7 | | ");
    read_wrong(with_words, WORDS("-place"), "-place: unknown flag; did you mean --place?");
    read_wrong(with_words, WORDS("--rain"),
               "--rain: unknown flag; words that begin with two dashes stand after --; "
               "see udometer rain --help");
}

static const char *ignore(struct slice name)
{
    return slice_equal(name, SLICE("snow")) ? "it melts" : NULL;
}

/* Read @words, and expect these warnings, each with its line feed. */
static void read_ignoring(const char *const *words, const char *expected)
{
    CLEANUP(problems_deinit) struct problems warnings = { 0 };
    const struct command_line ignoring = { .ignore = ignore };

    assert_int_equal(read_line_of(ignoring, words, &warnings), COMMAND_LINE_RUN);
    buffer_add_char(&warnings.lines, '\0');
    assert_string_equal(warnings.lines.data, expected);
}

static void flags_of_others_may_be_ignored(void **state)
{
    read_ignoring(WORDS("--snow=7", "--drops=7"), "--snow=7: ignored: it melts\n");
    assert_int_equal(weather.n_drops, 7);
    read_ignoring(WORDS("--snow", "7", "--drops=8"), "--snow: ignored: it melts\n");
    assert_int_equal(weather.n_drops, 8);
    /* A missing value does not matter, and is not the next flag. */
    read_ignoring(WORDS("--snow", "--drops=9", "--snow"),
                  "--snow: ignored: it melts\n--snow: ignored: it melts\n");
    assert_int_equal(weather.n_drops, 9);
}

static void the_value_of_an_ignored_flag_is_no_word(void **state)
{
    char rain[] = "rain", snow[] = "--snow", seven[] = "7", word[] = "word";
    char *argv[] = { rain, snow, seven, word, NULL };
    struct command_line line = {
        .table = &table,
        .has_words = true,
        .ignore = ignore,
        .argc = 4,
        .argv = argv,
    };
    struct command_words words;

    assert_int_equal(command_line_sort(&line, &words), 0);
    assert_int_equal(words.n, 1);
    assert_string_equal(words.at[0], "word");
}

static void other_unknown_flags_are_still_refused(void **state)
{
    const struct command_line ignoring = { .ignore = ignore };

    read_wrong(ignoring, WORDS("--ice=7"), "--ice=7: unknown flag; see udometer rain --help");
    read_wrong(ignoring, WORDS("--no-snow"), "--no-snow: unknown flag; see udometer rain --help");
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
        LINE_CASE(a_value_may_be_the_next_word),
        LINE_CASE(a_missing_value_is_shown),
        LINE_CASE(every_word_is_a_flag),
        LINE_CASE(nothing_follows_the_end_of_the_flags),
        LINE_CASE(a_wrong_value_is_explained),
        LINE_CASE(all_problems_are_reported_in_order),
        LINE_CASE(the_nearest_flag_is_named),
        LINE_CASE(dashes_may_be_missing),
        LINE_CASE(advice_on_known_flags_of_others_is_given),
        LINE_CASE(a_value_of_an_unknown_flag_is_no_second_problem),
        LINE_CASE(flags_of_others_may_be_ignored),
        LINE_CASE(the_value_of_an_ignored_flag_is_no_word),
        LINE_CASE(other_unknown_flags_are_still_refused),
        LINE_CASE(the_first_value_beyond_a_full_list_is_reported),
        LINE_CASE(a_flag_may_be_looked_up_before_any_is_set),
        LINE_CASE(help_and_version_win_wherever_they_stand),
        LINE_CASE(flags_may_stand_among_words),
        LINE_CASE(two_dashes_end_the_flags),
        LINE_CASE(a_word_with_one_dash_is_a_word_unless_it_names_a_flag),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
