/* SPDX-License-Identifier: Apache-2.0 */

#include "regexes.h"

static void a_match_may_be_anywhere_and_is_the_leftmost(void **state)
{
    must_match("b+", "abbcbbb", "bb");
    must_match("", "abc", "");
    must_match("a|ab", "ab", "a");
    must_match("(a|ab)(c|bcd)", "abcd", "abcd|a|bcd");
}

static void anchors_are_the_ends_of_the_name(void **state)
{
    must_match("^b", "ab", NULL);
    must_match("^a", "ab", "a");
    must_match("a$", "ba", "a");
    must_match("a$", "a\n", NULL);
    must_match("a\\z", "a\n", NULL);
    must_match("\\Aa\\z", "a", "a");
    must_match("(?m)a$", "a\nb", "a");
    must_match("(?m)^b", "a\nb", "b");
    must_match("(?m)^$", "a\n", "");
}

static void a_dot_is_any_character_but_a_line_feed(void **state)
{
    must_match("a.c",
               "a\xc3\xa9"
               "c",
               "a\xc3\xa9"
               "c");
    must_match("a.c", "a\nc", NULL);
    must_match("a.c", "a\rc", "a\rc");
    must_match("(?s)a.c", "a\nc", "a\nc");
}

static void quantifiers_are_greedy_or_lazy(void **state)
{
    must_match("(.+)\\.(.+)", "a.b.c", "a.b.c|a.b|c");
    must_match("(.+?)\\.(.+)", "a.b.c", "a.b.c|a|b.c");
    must_match("(?U)(.+)\\.(.+?)", "a.b.c", "a.b.c|a|b.c");
    must_match("(a*)(a?)(a{1,2})", "aaa", "aaa|aa||a");
    must_match("a{2,3}?", "aaa", "aa");
    must_match("(?:ab){2,}", "ababab", "ababab");
    must_match("x{0}y", "y", "y");
}

static void braces_that_are_no_count_are_text(void **state)
{
    must_match("a{", "a{", "a{");
    must_match("a{,2}", "a{,2}", "a{,2}");
    must_match("a{01}", "a{01}", "a{01}");
    must_match("a{x}", "a{x}", "a{x}");
    must_match("}", "}", "}");
}

static void quantifiers_may_follow_places(void **state)
{
    must_match("^*a", "a", "a");
    must_match("\\b+a", "a", "a");
    must_match("(?:$)?a", "a", "a");
    must_match("(?m)^{2}a", "a", "a");
}

static void flags_without_a_group_are_passed_over_by_quantifiers(void **state)
{
    must_match("a(?i)*B", "aab", "aab");
    must_match("a*\\Q\\E*b", "aab", "aab");
}

static void quoted_text_has_no_meaning(void **state)
{
    must_match("\\Qa.b*\\E+", "a.b**", "a.b**");
    must_match("\\Q(\\d", "(\\d", "(\\d");
}

static void refuses_what_go_refuses(void **state)
{
    must_refuse("*a", 0, "nothing to repeat before *");
    must_refuse("a|+", 2, "nothing to repeat before +");
    must_refuse("(?i)?", 4, "nothing to repeat");
    must_refuse("a**", 2, "cannot follow another");
    must_refuse("a*+", 2, "possessive");
    must_refuse("a++", 2, "possessive");
    must_refuse("a{2}+", 4, "possessive");
    must_refuse("a??*", 3, "cannot follow another");
    must_refuse("a{1001}", 1, "1000");
    must_refuse("a{99999999999}", 1, "1000");
    must_refuse("a{3,2}", 1, "smaller to the larger");
    must_refuse("(?:a{100}){11}", 10, "1000 copies");
    must_refuse("\xff", 0, "UTF-8");
    must_refuse("*\\.foo", 0, "nothing to repeat before *");
}

static void nested_counts_may_be_1000_copies(void **state)
{
    must_match("^(?:a{100}){0,10}$", "aaa", NULL);
    must_match("^(?:(?:a{2}){3}|b{500}){2}$", "aaaaaaaaaaaa", "aaaaaaaaaaaa");
}

static void knows_where_an_empty_repetition_may_differ(void **state)
{
    static const struct {
        const char *pattern;
        bool may_differ;
    } patterns[] = {
        { "(a*)*", true },      { "(a*)+", true },        { "(?:a|b*)*", true },
        { "(a?){2,}", true },   { "(\\b|a)*", true },     { "((a*))*", true },
        { "(a*b)*", false },    { "(a+)*", false },       { "(a*)?", false },
        { "(a*){0,3}", false }, { "(.*)\\.(.*)", false }, { "([\\w-]+)+", false },
        { "^*", false },        { "(a|b)*", false },      { "(a*|b)c*", false },
    };

    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        CLEANUP(regex_freep) struct regex *regex = NULL;
        struct regex_fault fault;

        assert_int_equal(regex_new(&regex, slice_of(patterns[i].pattern), &fault), 0);
        if (regex_groups(regex)->may_differ != patterns[i].may_differ)
            fail_msg("%s", patterns[i].pattern);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_match_may_be_anywhere_and_is_the_leftmost),
        CASE(anchors_are_the_ends_of_the_name),
        CASE(a_dot_is_any_character_but_a_line_feed),
        CASE(quantifiers_are_greedy_or_lazy),
        CASE(braces_that_are_no_count_are_text),
        CASE(quantifiers_may_follow_places),
        CASE(flags_without_a_group_are_passed_over_by_quantifiers),
        CASE(quoted_text_has_no_meaning),
        CASE(refuses_what_go_refuses),
        CASE(nested_counts_may_be_1000_copies),
        CASE(knows_where_an_empty_repetition_may_differ),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
