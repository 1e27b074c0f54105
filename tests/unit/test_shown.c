/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "tools/explain/shown.h"

/* @text is shown as @expected, and byte @mark is at column @column. */
static void is_shown(struct slice text, const char *expected, size_t mark, size_t column)
{
    CLEANUP(buffer_deinit) struct buffer shown = { 0 };

    assert_int_equal(shown_add(&shown, text, text.at + mark), column);
    buffer_add_char(&shown, '\0');
    assert_string_equal(shown.data, expected);
}

static void text_is_shown_as_it_is(void **state)
{
    is_shown(SLICE("a b~"), "a b~", 3, 3);
    is_shown(SLICE("größe"), "größe", 6, 4);
    is_shown(SLICE("größe"), "größe", 3, 2); /* within the character */
    is_shown(SLICE("größe"), "größe", 7, 5);
    is_shown(SLICE(""), "", 0, 0);
}

static void what_is_not_text_is_a_question_mark(void **state)
{
    is_shown(SLICE("a\xff\xfe:"), "a??:", 3, 3);
    is_shown(SLICE("a\xc3"), "a?", 1, 1);
    is_shown(SLICE("\xe2\x82:"), "??:", 2, 2);
    is_shown(SLICE("\xed\xa0\x80"), "???", 0, 0);
}

static void what_a_terminal_may_obey_is_not_shown(void **state)
{
    is_shown(SLICE("\x1b[31m\0\x7f\n"), "?[31m???", 5, 5);
    is_shown(SLICE("\xc2\x9b"
                   "b"),
             "?b", 2, 1); /* CSI in one character */
    is_shown(SLICE("\xe2\x80\xae"
                   "b\xe2\x81\xa6"
                   "c\xe2\x80\xa8"),
             "?b?c?", 4, 2);
}

static void wide_characters_take_two_columns(void **state)
{
    is_shown(SLICE("日本:"), "日本:", 6, 4);
    is_shown(SLICE("e\xcc\x81:"), "e\xcc\x81:", 3, 1); /* a combining accent takes none */
    is_shown(SLICE("größe"), "größe", 6, 4);
}

static void a_mark_elsewhere_is_at_column_0(void **state)
{
    CLEANUP(buffer_deinit) struct buffer shown = { 0 };

    assert_int_equal(shown_add(&shown, SLICE("abc"), NULL), 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(text_is_shown_as_it_is),
        cmocka_unit_test(what_is_not_text_is_a_question_mark),
        cmocka_unit_test(what_a_terminal_may_obey_is_not_shown),
        cmocka_unit_test(wide_characters_take_two_columns),
        cmocka_unit_test(a_mark_elsewhere_is_at_column_0),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
