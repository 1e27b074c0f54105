/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/compiler.h"
#include "base/fault.h"
#include "base/treatment.h"

/* The cause for @line with its fault at the byte @at. */
static const char *cause_at(enum verdict verdict, const char *line, size_t at)
{
    return fault_cause(verdict, slice_of(line), line + at);
}

static void a_malformed_line_has_many_causes(void **state)
{
    static const struct {
        const char *line;
        size_t fault;
        const char *cause;
    } rows[] = {
        { "_e{1:a", 3, "it begins as an event, _e{…}, but is not one" },
        { "_sc|a", 5, "it begins as a service check, _sc|…, but is not one" },
        { "name", 4, "there is no ':' and value after the name" },
        { "name:1", 6, "there is no '|' and type after the value" },
        { "na\xffme:1|c", 2, "this byte of a name or tag is not UTF-8" },
        { "a:1|c|#k:\xc3", 9, "this byte of a name or tag is not UTF-8" },
        { ":1|c", 0, "the name is empty" },
        { "a[b=c]|1", 6, "there is no ':' after the tags in brackets" },
        { "a.b:1|c", 0, "the mapping rule that matches makes an empty name of it" },
        { "a:1|x|#k:", 7, "an x of which a tag is dropped would end more than it names" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_string_equal(cause_at(REFUSED_MALFORMED_LINE, rows[i].line, rows[i].fault),
                            rows[i].cause);
}

static void so_has_a_malformed_value(void **state)
{
    assert_string_equal(cause_at(REFUSED_MALFORMED_VALUE, "a:|c", 2), "the value is empty");
    assert_string_equal(cause_at(REFUSED_MALFORMED_VALUE, "a:1e|c", 4),
                        "the number is out of range, or its end is missing");
    assert_string_equal(cause_at(REFUSED_MALFORMED_VALUE, "a:x|c", 2),
                        "a decimal number cannot have this byte here");
}

static void a_type_may_be_missing_and_labels_may_be_long_together(void **state)
{
    assert_non_null(strstr(cause_at(REFUSED_ILLEGAL_EVENT, "a:1|", 4), "the type is missing"));
    assert_null(cause_at(REFUSED_ILLEGAL_EVENT, "a:1|q", 4));
    assert_non_null(strstr(cause_at(REFUSED_LABEL_LIMIT, "a:1|c", 5), "all labels together"));
    assert_null(cause_at(REFUSED_LABEL_LIMIT, "a:1|c", 3));
}

static void others_have_only_one(void **state)
{
    assert_null(cause_at(REFUSED_NAME_LIMIT, "a:1|c", 0));
    assert_null(fault_cause(REFUSED_MALFORMED_LINE, SLICE("a"), NULL));
    assert_null(fault_cause(REFUSED_SERIES_LIMIT, SLICE(""), NULL));
}

static const struct treatment_word many[] = {
    { SLICE("a"), 0 }, { SLICE("b"), 1 }, { SLICE("c"), 2 },  { SLICE("d"), 3 },
    { SLICE("e"), 4 }, { SLICE("f"), 5 }, { SLICE("g"), 6 },  { SLICE("h"), 7 },
    { SLICE("i"), 8 }, { SLICE("j"), 9 }, { SLICE("k"), 10 }, { SLICE("l"), 11 },
};

/* What fault_write() says of @line, whose value may be one of the first @n_words. */
static void must_write(const char *line, size_t at, size_t n_words, const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };
    const struct treatment treatment = { .scale = 1, .words = many, .n_words = n_words };
    const struct fault fault = { REFUSED_MALFORMED_VALUE, slice_of(line), line + at, &treatment };

    fault_write(&fault, &text);
    assert_true(slice_equal(buffer_text(&text), slice_of(expected)));
}

static void words_of_a_value_are_listed(void **state)
{
    must_write("n:x|g", 2, 2, "the value is not a number or one of the words a, b");
    must_write("n:x|g", 2, 12,
               "the value is not a number or one of the words a, b, c, d, e, f, g, h, i, j, and 2 "
               "more");
    must_write("n:x|g", 2, 0, "a decimal number cannot have this byte here");
}

static void several_values_must_be_numbers(void **state)
{
    static const char words[] = "the value is not a number or one of the words a; of several "
                                "values, each must be a number";

    must_write("n:a:1|g", 2, 1, words);
    must_write("n:1:a|g", 4, 1, words);
    must_write("n:1:a:3|g", 4, 1, words);
}

static void finds_the_value_around_a_fault(void **state)
{
    static const char line[] = "n:12:3x:4|g";

    assert_true(slice_equal(fault_value(slice_of(line), line + 6), SLICE("3x")));
    assert_true(slice_equal(fault_value(slice_of(line), line + 2), SLICE("12")));
    assert_true(slice_equal(fault_value(slice_of(line), line + 9), SLICE("4")));
}

static void what_the_reason_says_needs_no_cause(void **state)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };

    fault_write(&(struct fault){ .verdict = REFUSED_SERIES_LIMIT }, &text);
    assert_int_equal(text.len, 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_malformed_line_has_many_causes),
        CASE(so_has_a_malformed_value),
        CASE(a_type_may_be_missing_and_labels_may_be_long_together),
        CASE(others_have_only_one),
        CASE(words_of_a_value_are_listed),
        CASE(several_values_must_be_numbers),
        CASE(finds_the_value_around_a_fault),
        CASE(what_the_reason_says_needs_no_cause),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
