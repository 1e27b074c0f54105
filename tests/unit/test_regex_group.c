/* SPDX-License-Identifier: Apache-2.0 */

#include "regexes.h"

static void groups_capture(void **state)
{
    must_match("(a)(b)?(c)", "ac", "ac|a||c");
    must_match("((a)(b))", "ab", "ab|ab|a|b");
    must_match("(?:a)(b)", "ab", "ab|b");
    must_match("()a", "a", "a|");
    must_match("(a|)b", "b", "b|");
    must_match("(?:(a)|b)*", "ab", "ab|a");
}

static void groups_may_have_names(void **state)
{
    CLEANUP(regex_freep) struct regex *regex = NULL;
    struct regex_fault fault;

    assert_int_equal(regex_new(&regex, SLICE("(a)(?P<first>b)(?<second_2>c)"), &fault), 0);
    assert_int_equal(regex_groups(regex)->n, 4);
    assert_int_equal(regex_groups(regex)->names[1].len, 0);
    assert_slice_equal(regex_groups(regex)->names[2], "first");
    assert_slice_equal(regex_groups(regex)->names[3], "second_2");
    must_match("(?P<x>a)|(?P<x>b)", "b", "b||b");
}

static void flags_hold_to_the_end_of_their_group(void **state)
{
    must_match("(?i)aB", "Ab", "Ab");
    must_match("a(?i:b)c", "aBc", "aBc");
    must_match("a(?i:b)c", "aBC", NULL);
    must_match("(?:a(?i)b|c)d", "Cd", "Cd");
    must_match("(?:a(?i)b|c)d", "CD", NULL);
    must_match("(?i)a(?-i)b", "AB", NULL);
    must_match("(?is-m:a.)b", "A\nb", "A\nb");
    must_match("(?)a", "a", "a");
    must_match("(?U:a+)(a*)", "aaa", "aaa|aa");
}

static void case_is_that_of_unicode(void **state)
{
    must_match("(?i)k", "\xe2\x84\xaa", "\xe2\x84\xaa");
    must_match("(?i)\xc3\xa9", "\xc3\x89", "\xc3\x89");
}

static void refuses_what_go_has_not(void **state)
{
    must_refuse("a(?=b)", 1, "lookahead");
    must_refuse("a(?!b)", 1, "lookahead");
    must_refuse("(?<=a)b", 0, "lookbehind");
    must_refuse("(?<!a)b", 0, "lookbehind");
    must_refuse("(?>a)", 0, "atomic");
    must_refuse("(?#a)", 0, "comment");
    must_refuse("(?|a)", 0, "branch reset");
    must_refuse("(?(1)a)", 0, "condition");
    must_refuse("(?R)", 0, "recursion");
    must_refuse("(?1)", 0, "call of a group");
    must_refuse("(?+1)", 0, "call of a group");
    must_refuse("(?&a)", 0, "call of a group");
    must_refuse("(?P>a)", 0, "call of a group");
    must_refuse("(a)(?P=a)", 3, "back reference");
    must_refuse("(?C1)", 0, "callout");
    must_refuse("(?'a'b)", 0, "(?P<name>");
    must_refuse("(*COMMIT)", 1, "nothing to repeat");
}

static void refuses_groups_that_are_malformed(void **state)
{
    must_refuse("(a", 2, "not closed");
    must_refuse("a)", 1, "closes nothing");
    must_refuse("(?P<a", 0, "does not end");
    must_refuse("(?P<>a)", 0, "letters, digits");
    must_refuse("(?P<a-b>a)", 0, "letters, digits");
    must_refuse("(?i-)a", 0, "flags");
    must_refuse("(?i--s)a", 0, "flags");
    must_refuse("(?x)a", 0, "flags");
    must_refuse("(?i", 0, "flags");
    must_refuse("(?", 0, "flags");
}

static void refuses_to_nest_too_deep(void **state)
{
    char pattern[2 * REGEX_DEPTH_MAX + 4] = "";

    memset(pattern, '(', REGEX_DEPTH_MAX);
    memset(pattern + REGEX_DEPTH_MAX, ')', REGEX_DEPTH_MAX);
    {
        CLEANUP(regex_freep) struct regex *regex = NULL;
        struct regex_fault fault;

        assert_int_equal(regex_new(&regex, slice_of(pattern), &fault), 0);
    }
    memset(pattern, '(', REGEX_DEPTH_MAX + 1);
    memset(pattern + REGEX_DEPTH_MAX + 1, ')', REGEX_DEPTH_MAX + 1);
    must_refuse(pattern, REGEX_DEPTH_MAX + 1, "nested");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(groups_capture),
        CASE(groups_may_have_names),
        CASE(flags_hold_to_the_end_of_their_group),
        CASE(case_is_that_of_unicode),
        CASE(refuses_what_go_has_not),
        CASE(refuses_groups_that_are_malformed),
        CASE(refuses_to_nest_too_deep),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
