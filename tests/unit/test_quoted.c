/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "web/quoted.h"

/* Take the string at the beginning of @text; it must be all of @text but @n_rest bytes. */
static void assert_quoted(const char *text, const char *expected, size_t n_rest)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };
    const char *why;

    assert_int_equal(quoted_take(slice_of(text), &out, &why), strlen(text) - n_rest);
    buffer_add_char(&out, '\0');
    assert_string_equal(out.data, expected);
}

static const char *fault_of(const char *text)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };
    const char *why = NULL;

    assert_int_equal(quoted_take(slice_of(text), &out, &why), 0);
    return why;
}

static void takes_what_is_between_two_quotes(void **state)
{
    assert_quoted("\"\"", "", 0);
    assert_quoted("\"a b\"", "a b", 0);
    assert_quoted("'a\"b' , c", "a\"b", 4);
    assert_quoted("`a'\"b`}", "a'\"b", 1);
}

static void knows_the_escapes_of_go(void **state)
{
    assert_quoted("\"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\"", "\a\b\f\n\r\t\v\\\"", 0);
    assert_quoted("'\\''", "'", 0);
    assert_quoted("\"\\x41\\101\\u0042\\U00000043\"", "AABC", 0);
    assert_quoted("\"\\u00e4\\u4e2d\\U0001F600\"", "ä中😀", 0);
}

static void nothing_is_escaped_between_backticks(void **state)
{
    assert_quoted("`\\d+\n`", "\\d+\n", 0);
}

static void a_string_must_end(void **state)
{
    assert_string_equal(fault_of("\"abc"), "the quote is not closed");
    assert_string_equal(fault_of("\""), "the quote is not closed");
    assert_string_equal(fault_of("\"a\nb\""), "the quote is not closed");
    assert_string_equal(fault_of("`abc'"), "the quote is not closed");
}

static void other_escapes_are_wrong(void **state)
{
    static const char *const wrong[] = { "\"\\d\"",  "\"\\'\"",   "\"\\x4\"",    "\"\\400\"",
                                         "\"\\08\"", "\"\\u12\"", "\"\\ud800\"", "\"\\U00110000\"",
                                         "\"\\",     "\"\\xg0\"" };

    for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_non_null(strstr(fault_of(wrong[i]), "begins no escape"));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(takes_what_is_between_two_quotes),
        CASE(knows_the_escapes_of_go),
        CASE(nothing_is_escaped_between_backticks),
        CASE(a_string_must_end),
        CASE(other_escapes_are_wrong),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
