/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/compiler.h"
#include "base/fault.h"

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

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_malformed_line_has_many_causes),
        CASE(so_has_a_malformed_value),
        CASE(a_type_may_be_missing_and_labels_may_be_long_together),
        CASE(others_have_only_one),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
