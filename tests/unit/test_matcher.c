/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "web/matcher.h"

#include <errno.h>
#include <stdlib.h>

static enum matcher_outcome match(enum matcher_sign sign, const char *wanted, const char *value)
{
    struct matcher matcher;
    struct regex_fault fault;
    enum matcher_outcome outcome;

    assert_int_equal(matcher_init(&matcher, sign, SLICE("a"), slice_of(wanted), &fault), 0);
    outcome = matcher_match(&matcher, slice_of(value));
    matcher_deinit(&matcher);
    return outcome;
}

static void compares_texts(void **state)
{
    assert_int_equal(match(MATCHER_EQUAL, "x", "x"), MATCHER_HOLDS);
    assert_int_equal(match(MATCHER_EQUAL, "x", "xx"), MATCHER_FAILS);
    assert_int_equal(match(MATCHER_EQUAL, "", ""), MATCHER_HOLDS);
    assert_int_equal(match(MATCHER_NOT_EQUAL, "x", "x"), MATCHER_FAILS);
    assert_int_equal(match(MATCHER_NOT_EQUAL, "x", ""), MATCHER_HOLDS);
}

static void a_regex_matches_the_whole_value(void **state)
{
    assert_int_equal(match(MATCHER_REGEX, "a|bc", "bc"), MATCHER_HOLDS);
    assert_int_equal(match(MATCHER_REGEX, "a|bc", "abc"), MATCHER_FAILS);
    assert_int_equal(match(MATCHER_REGEX, "", ""), MATCHER_HOLDS);
    assert_int_equal(match(MATCHER_REGEX, "", "a"), MATCHER_FAILS);
    assert_int_equal(match(MATCHER_REGEX, "a.*", "a\nb"), MATCHER_HOLDS);
    assert_int_equal(match(MATCHER_REGEX, "a", "a\n"), MATCHER_FAILS);
    assert_int_equal(match(MATCHER_NOT_REGEX, "a.*", "ab"), MATCHER_FAILS);
    assert_int_equal(match(MATCHER_NOT_REGEX, "a.*", "ba"), MATCHER_HOLDS);
}

static void what_is_no_regex_is_refused(void **state)
{
    static const char *const wrong[] = { "a(", "a)|(b", "a(?=b)", "*" };

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct regex_fault fault = { 0 };
        struct matcher matcher;

        assert_int_equal(
            matcher_init(&matcher, MATCHER_REGEX, SLICE("a"), slice_of(wrong[i]), &fault), -EINVAL);
        assert_true(strlen(fault.text) > 0);
        matcher_deinit(&matcher);
        assert_int_equal(match(MATCHER_EQUAL, wrong[i], wrong[i]), MATCHER_HOLDS);
    }
}

/* PCRE2 tries all ways to divide the value, of which there are more each time. */
static void a_regex_takes_a_bounded_number_of_steps(void **state)
{
    static const char value[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc";

    assert_int_equal(match(MATCHER_REGEX, "(a+)+c", value), MATCHER_EXCEEDED);
    assert_int_equal(match(MATCHER_NOT_REGEX, "(a+)+c", value), MATCHER_EXCEEDED);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(compares_texts),
        CASE(a_regex_matches_the_whole_value),
        CASE(what_is_no_regex_is_refused),
        CASE(a_regex_takes_a_bounded_number_of_steps),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
