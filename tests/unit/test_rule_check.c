/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "mapping/rule_check.h"

/* What is wrong with @name as the template of a rule with one group. */
static const char *check(const char *name, enum template_syntax syntax)
{
    static const struct slice names[] = { { NULL, 0 }, { "word", 4 } };
    const struct template_groups groups = { syntax, 2, syntax == TEMPLATE_REGEX ? names : NULL };
    CLEANUP(arena_deinit) struct arena arena = { 0 };
    struct template_parts parts;
    struct slice missing;

    assert_int_equal(template_compile(&arena, slice_of(name), &groups, &parts, &missing), 0);
    return rule_check_name(slice_of(name), &parts, missing);
}

static void a_name_has_name_characters_and_references(void **state)
{
    assert_null(check("a_B9", TEMPLATE_GLOB));
    assert_null(check("$1", TEMPLATE_GLOB));
    assert_null(check("aa_${1}_total", TEMPLATE_GLOB));
    assert_null(check("$1_$9", TEMPLATE_GLOB));
    assert_null(check("${1}_$1", TEMPLATE_REGEX));
    assert_null(check("${word}_total", TEMPLATE_REGEX));
}

static void says_why_a_name_cannot_be_right(void **state)
{
    assert_non_null(strstr(check("", TEMPLATE_GLOB), "needs the name"));
    assert_non_null(strstr(check("0foo", TEMPLATE_GLOB), "begin with a digit"));
    assert_non_null(strstr(check("foo.bar", TEMPLATE_GLOB), "letters, digits"));
    assert_non_null(strstr(check("foo-$1", TEMPLATE_GLOB), "letters, digits"));
    assert_non_null(strstr(check("foo$", TEMPLATE_GLOB), "letters, digits"));
    assert_non_null(strstr(check("foo$$", TEMPLATE_REGEX), "letters, digits"));
    assert_non_null(strstr(check("foo_$word", TEMPLATE_GLOB), "group"));
    assert_non_null(strstr(check("foo_$wort", TEMPLATE_REGEX), "group"));
}

static void a_label_has_a_name_for_prometheus(void **state)
{
    assert_null(rule_check_label(SLICE("a")));
    assert_null(rule_check_label(SLICE("_a9")));
    assert_non_null(rule_check_label(SLICE("")));
    assert_non_null(rule_check_label(SLICE("9a")));
    assert_non_null(rule_check_label(SLICE("a-b")));
    assert_non_null(rule_check_label(SLICE("__name__")));
}

static void must_say(struct slice missing, const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    rule_check_missing(missing, &out);
    buffer_add_char(&out, '\0');
    assert_string_equal(out.data, expected);
}

static void says_what_was_meant_by_a_reference(void **state)
{
    must_say(SLICE("$7"), "$7 names no group of the match, so it stands for nothing");
    must_say(SLICE("${7}"), "${7} names no group of the match, so it stands for nothing");
    must_say(SLICE("$word"), "$word names no group of the match, so it stands for nothing");
    must_say(SLICE("$1_total"), "$1_total names no group of the match, so it stands for nothing; "
                                "write ${1}_total");
    must_say(SLICE("$1$2"), "$1$2 names no group of the match, so it stands for nothing; "
                            "write ${1}$2");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_name_has_name_characters_and_references),
        CASE(says_why_a_name_cannot_be_right),
        CASE(a_label_has_a_name_for_prometheus),
        CASE(says_what_was_meant_by_a_reference),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
