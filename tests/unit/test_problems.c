/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "config/problems.h"

#include <stdio.h>
#include <stdlib.h>

void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

static unsigned n_failures; /* the next allocations that fail */

void *__wrap_realloc(void *old, size_t size)
{
    if (n_failures == 0)
        return __real_realloc(old, size);
    n_failures--;
    return NULL;
}

static struct problems problems;
static char *written;

/* All problems, as they are printed; borrowed until the next call. */
static struct slice text(void)
{
    size_t len;
    FILE *file;

    free(written);
    file = open_memstream(&written, &len);
    assert_non_null(file);
    problems_print(&problems, "udometer", file);
    assert_int_equal(fclose(file), 0);
    return (struct slice){ written, len };
}

static struct place at(unsigned line, unsigned column)
{
    return (struct place){ line, column };
}

static void an_empty_list_prints_nothing(void **state)
{
    assert_int_equal(problems.n, 0);
    assert_false(problems_are_many(&problems));
    assert_slice_equal(text(), "");
}

static void each_problem_is_a_line_with_its_place(void **state)
{
    problems.path = "a.yml";
    problems_add(&problems, at(3, 8), "expected %d", 5);
    problems_add(&problems, at(1, 1), "second");
    problems.path = "b.yml";
    problems_add(&problems, PLACE_NONE, "cannot be read");
    assert_int_equal(problems.n, 3);
    assert_slice_equal(text(), "udometer: a.yml:3:8: expected 5\n"
                               "udometer: a.yml:1:1: second\n"
                               "udometer: b.yml: cannot be read\n");
}

static void what_is_in_no_file_has_no_place(void **state)
{
    problems_add(&problems, PLACE_NONE, "--workers=65: expected less");
    assert_slice_equal(text(), "udometer: --workers=65: expected less\n");
}

static void the_path_is_not_needed_later(void **state)
{
    char path[] = "a.yml";

    problems.path = path;
    problems_add(&problems, at(1, 2), "wrong");
    path[0] = 'x';
    assert_slice_equal(text(), "udometer: a.yml:1:2: wrong\n");
}

static void a_problem_stays_on_one_line(void **state)
{
    problems.path = "a\nb";
    problems_add(&problems, at(1, 1), "c\td\x7f");
    assert_slice_equal(text(), "udometer: a?b:1:1: c?d?\n");
}

static void a_value_is_quoted_between_key_and_problem(void **state)
{
    problems.path = "a";
    problems_add_value(&problems, at(1, 1), SLICE("statsd.ttl: "), SLICE("soon"),
                       SLICE("expected 5m"));
    problems_add_value(&problems, at(2, 1), SLICE("--k="), (struct slice){ NULL, 0 },
                       SLICE("expected it"));
    assert_slice_equal(text(), "udometer: a:1:1: statsd.ttl: soon: expected 5m\n"
                               "udometer: a:2:1: --k=: expected it\n");
}

/* A value of @n bytes is quoted with @shown of them. */
static void assert_shown(const char *value, size_t n, size_t shown)
{
    char expected[300];
    struct slice quoted;

    problems_deinit(&problems);
    problems_add_value(&problems, PLACE_NONE, SLICE("k: "), (struct slice){ value, n },
                       SLICE("no"));
    snprintf(expected, sizeof(expected), "udometer: k: %.*s%s: no\n", (int)shown, value,
             shown < n ? "…" : "");
    quoted = text();
    assert_int_equal(quoted.len, strlen(expected));
    assert_memory_equal(quoted.at, expected, quoted.len);
}

static void of_a_long_value_the_beginning_is_quoted(void **state)
{
    char value[302];

    memset(value, 'v', sizeof(value));
    assert_shown(value, 200, 200);
    assert_shown(value, 201, 200);
    /* Never within a character. */
    memcpy(value + 199, "ä", 2);
    assert_shown(value, 201, 199);
    memcpy(value + 198, "äx", 3);
    assert_shown(value, 300, 200);
}

static void further_problems_are_only_counted(void **state)
{
    struct slice all;
    unsigned n_lines = 0;

    for (unsigned i = 0; i < PROBLEMS_MAX; i++) {
        assert_false(problems_are_many(&problems));
        problems_add(&problems, PLACE_NONE, "problem %u", i);
    }
    assert_true(problems_are_many(&problems));
    all = text();
    assert_null(memmem(all.at, all.len, "more", 4));
    problems_add(&problems, PLACE_NONE, "one");
    problems_add(&problems, PLACE_NONE, "two");
    assert_int_equal(problems.n, PROBLEMS_MAX + 2);
    all = text();
    while (all.len) {
        struct slice line = slice_cut(&all, '\n');

        if (++n_lines == PROBLEMS_MAX)
            assert_slice_equal(line, "udometer: problem 99");
        if (n_lines == PROBLEMS_MAX + 1)
            assert_slice_equal(line, "udometer: … and 2 more");
    }
    assert_int_equal(n_lines, PROBLEMS_MAX + 1);
}

static void a_warning_goes_to_its_own_list(void **state)
{
    struct problems warnings = { 0 };

    problems.path = "a.yml";
    problems_warn(&problems, at(1, 1), "nobody listens");
    problems.warnings = &warnings;
    problems_warn(&problems, at(2, 3), "is %s", "empty");
    assert_int_equal(problems.n, 0);
    assert_int_equal(warnings.n, 1);
    assert_slice_equal(buffer_text(&warnings.lines), "a.yml:2:3: is empty\n");
    assert_null(warnings.path);
    problems_deinit(&warnings);
}

/* --- order ------------------------------------------------------------------------------------ */

static void add_at(const char *path, unsigned line, unsigned column, const char *what)
{
    problems.path = path;
    problems_add(&problems, at(line, column), "%s", what);
}

static void problems_are_sorted_by_place_within_their_file(void **state)
{
    add_at("b.yml", 30, 2, "eighth");
    add_at(NULL, 0, 0, "--flag");
    add_at("a.yml", 4, 1, "at the end");
    add_at("b.yml", 7, 9, "third");
    add_at("b.yml", 7, 10, "fourth");
    add_at("b.yml", 7, 9, "also third");
    add_at("a.yml", 0, 0, "as a whole");
    add_at(NULL, 0, 0, "VARIABLE");
    problems_sort(&problems);
    assert_int_equal(problems.n, 8);
    assert_slice_equal(text(), "udometer: b.yml:7:9: third\n"
                               "udometer: b.yml:7:9: also third\n"
                               "udometer: b.yml:7:10: fourth\n"
                               "udometer: b.yml:30:2: eighth\n"
                               "udometer: --flag\n"
                               "udometer: VARIABLE\n"
                               "udometer: a.yml: as a whole\n"
                               "udometer: a.yml:4:1: at the end\n");
}

static void editors_get_them_sorted(void **state)
{
    CLEANUP(buffer_deinit) struct buffer json = { 0 };

    add_at("file.yml", 2, 1, "two");
    add_at("file.yml", 1, 5, "one");
    problems_sort(&problems);
    problems_write_json(&problems, "error", &json);
    assert_slice_equal(buffer_text(&json),
                       "{\"severity\":\"error\",\"file\":\"file.yml\",\"line\":1,\"column\":5,"
                       "\"message\":\"one\"}\n"
                       "{\"severity\":\"error\",\"file\":\"file.yml\",\"line\":2,\"column\":1,"
                       "\"message\":\"two\"}\n");
}

static void sorting_keeps_the_first_that_were_added(void **state)
{
    struct slice all, first;

    for (unsigned i = PROBLEMS_MAX; i > 0; i--)
        add_at("a.yml", 10 + i, 1, "kept");
    add_at("a.yml", 1, 1, "not kept");
    problems_sort(&problems);
    problems_sort(&problems);
    all = text();
    first = slice_cut(&all, '\n');
    assert_slice_equal(first, "udometer: a.yml:11:1: kept");
    assert_non_null(memmem(all.at, all.len, "a.yml:110:1: kept\nudometer: … and 1 more\n", 41));
}

static void an_empty_list_can_be_sorted(void **state)
{
    problems_sort(&problems);
    assert_slice_equal(text(), "");
}

static void editors_get_json(void **state)
{
    CLEANUP(buffer_deinit) struct buffer json = { 0 };

    problems_add(&problems, PLACE_NONE, "--a=\"b\\\xff");
    problems.path = "c \"d\".yml";
    problems_add(&problems, at(3, 4), "wrong");
    problems_add(&problems, PLACE_NONE, "cannot be read");
    problems_write_json(&problems, "error", &json);
    assert_slice_equal(
        buffer_text(&json),
        "{\"severity\":\"error\",\"message\":\"--a=\\\"b\\\\\uFFFD\"}\n"
        "{\"severity\":\"error\",\"file\":\"c \\\"d\\\".yml\",\"line\":3,\"column\":4,"
        "\"message\":\"wrong\"}\n"
        "{\"severity\":\"error\",\"file\":\"c \\\"d\\\".yml\","
        "\"message\":\"cannot be read\"}\n");
}

static void without_memory_for_its_text_a_problem_is_still_one(void **state)
{
    CLEANUP(buffer_deinit) struct buffer json = { 0 };

    problems.path = "a.yml";
    n_failures = 1; /* for the text, not for the list */
    problems_add(&problems, at(3, 1), "wrong");
    problems_add(&problems, at(2, 1), "wrong, too");
    problems_sort(&problems);
    assert_int_equal(problems.n, 2);
    assert_true(problems.has_no_memory);
    assert_slice_equal(text(), "udometer: out of memory\nudometer: a.yml:2:1: wrong, too\n");
    problems_write_json(&problems, "error", &json);
    assert_slice_equal(buffer_text(&json),
                       "{\"severity\":\"error\",\"message\":\"out of memory\"}\n"
                       "{\"severity\":\"error\",\"file\":\"a.yml\",\"line\":2,\"column\":1,"
                       "\"message\":\"wrong, too\"}\n");
}

static void without_memory_for_the_list_it_says_that(void **state)
{
    n_failures = 2;
    problems_add(&problems, at(3, 1), "wrong");
    problems_sort(&problems);
    assert_slice_equal(text(), "udometer: out of memory; there are more problems than are shown\n");
    assert_true(problems.has_no_memory);
}

static void without_memory_to_say_what_is_wrong_a_value_has_no_memory(void **state)
{
    problems_add_value(&problems, at(1, 1), SLICE("--a="), SLICE("b"), SLICE(""));
    assert_slice_equal(text(), "udometer: --a=b: out of memory\n");
    assert_true(problems.has_no_memory);
}

static int end(void **state)
{
    problems_deinit(&problems);
    free(written);
    written = NULL;
    return 0;
}

#define PROBLEMS_CASE(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        PROBLEMS_CASE(an_empty_list_prints_nothing),
        PROBLEMS_CASE(each_problem_is_a_line_with_its_place),
        PROBLEMS_CASE(what_is_in_no_file_has_no_place),
        PROBLEMS_CASE(the_path_is_not_needed_later),
        PROBLEMS_CASE(a_problem_stays_on_one_line),
        PROBLEMS_CASE(a_value_is_quoted_between_key_and_problem),
        PROBLEMS_CASE(of_a_long_value_the_beginning_is_quoted),
        PROBLEMS_CASE(further_problems_are_only_counted),
        PROBLEMS_CASE(a_warning_goes_to_its_own_list),
        PROBLEMS_CASE(problems_are_sorted_by_place_within_their_file),
        PROBLEMS_CASE(editors_get_them_sorted),
        PROBLEMS_CASE(sorting_keeps_the_first_that_were_added),
        PROBLEMS_CASE(an_empty_list_can_be_sorted),
        PROBLEMS_CASE(editors_get_json),
        PROBLEMS_CASE(without_memory_for_its_text_a_problem_is_still_one),
        PROBLEMS_CASE(without_memory_for_the_list_it_says_that),
        PROBLEMS_CASE(without_memory_to_say_what_is_wrong_a_value_has_no_memory),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
