/* SPDX-License-Identifier: Apache-2.0 */

#include "regexes.h"

static void sets_of_perl_are_ascii(void **state)
{
    must_match("\\d+",
               "\xd9\xa3"
               "12",
               "12");
    must_match("\\w+",
               "\xc3\xa9"
               "a_1-",
               "a_1");
    must_match("\\s+", "a \t\n\f\r\v", " \t\n\f\r");
    must_match("\\S+", " \v\xc3\xa9 ", "\v\xc3\xa9");
    must_match("\\D", "1\xd9\xa3", "\xd9\xa3");
    must_match("\\W", "a\xc3\xa9", "\xc3\xa9");
    must_match("a\\b\xc3\xa9", "a\xc3\xa9", "a\xc3\xa9");
    must_match("\\B\xc3\xa9", "a\xc3\xa9", NULL);
}

static void brackets_hold_characters_ranges_and_sets(void **state)
{
    must_match("[\\w-]+", "a-1_.b", "a-1_");
    must_match("[a-c]+", "xabcd", "abc");
    must_match("[^.]+", "ab.c", "ab");
    must_match("[^a]", "a\n", "\n");
    must_match("[]a]+", "a]", "a]");
    must_match("[^]a]", "a]b", "b");
    must_match("[a-]+", "-a", "-a");
    must_match("[a-b-c]+", "c-ab", "c-ab");
    must_match("[[:alpha:]_]+", "1a_", "a_");
    must_match("[[:^alpha:]]+", "a1\xc3\xa9", "1\xc3\xa9");
    must_match("[[a]+", "[a", "[a");
    must_match("[[:a]+", ":a[", ":a[");
    must_match("[\\.\\]\\-]+", ".]-", ".]-");
    must_match("[\\d\\s]+", "1 2", "1 2");
    must_match("[\\D]", "1x", "x");
    must_match("[+--]+", "+,-.", "+,-");
}

static void sets_of_posix_are_ascii(void **state)
{
    must_match("[[:space:]]+", " \v\t", " \v\t");
    must_match("[[:punct:]]+", "a!/@`~", "!/@`~");
    must_match("[[:cntrl:]]+", "a\x01\x1f\x7f", "\x01\x1f\x7f");
    must_match("[[:xdigit:]]+", "xaF9g", "aF9");
    must_match("[[:word:]]+", "-a_1", "a_1");
    must_match("[[:ascii:]]+",
               "\xc3\xa9"
               "a~",
               "a~");
}

static void escapes_stand_for_characters(void **state)
{
    must_match("\\x41\\x{1f4a7}\\101\\n\\t\\a\\v\\f\\r",
               "A\xf0\x9f\x92\xa7"
               "A\n\t\a\v\f\r",
               "A\xf0\x9f\x92\xa7"
               "A\n\t\a\v\f\r");
    must_match("\\0", "\x01", NULL);
    must_match("\\012", "\n", "\n");
    must_match("\\12", "\n", "\n");
    must_match("\\.\\*\\_\\/\\ ", ".*_/ ", ".*_/ ");
}

static void properties_are_categories_and_scripts(void **state)
{
    must_match("\\pL+",
               "1\xce\xb1"
               "a2",
               "\xce\xb1"
               "a");
    must_match("\\PL+", "a12b", "12");
    must_match("\\p{Greek}+", "a\xce\xb1\xce\xb2", "\xce\xb1\xce\xb2");
    /* It may be used with Greek, but is not of that script. */
    must_match("\\p{Greek}", "\xcd\x82", NULL);
    must_match("\\p{^Greek}+", "a\xce\xb1", "a");
    must_match("\\P{^Lu}", "aB", "B");
    must_match("[\\pN_]+", "a1_", "1_");
    must_match("\\p{Any}", "\n", "\n");
    must_match("\\pC", "a\x01", "\x01");
    must_match("(?i)\\p{Lu}", "a", "a");
}

/* Two characters that are not ASCII are the other case of k and s. */
static void case_holds_in_sets(void **state)
{
    must_match("(?i)[a-z]", "K", "K");
    must_match("(?i)\\w", "\xe2\x84\xaa", "\xe2\x84\xaa");
    must_match("(?i)\\W", "\xe2\x84\xaa", NULL);
    must_match("(?i)[^\\W]", "\xc5\xbf", "\xc5\xbf");
    must_match("(?i)[[:lower:]]", "K", "K");
    must_match("(?i)[[:^lower:]]", "K", NULL);
    must_match("\\w", "\xe2\x84\xaa", NULL);
}

static void refuses_escapes_that_go_has_not(void **state)
{
    must_refuse("(a)\\1", 3, "back reference");
    must_refuse("\\9", 0, "back reference");
    must_refuse("\\k<a>", 0, "back reference");
    must_refuse("a\\K", 1, "\\K");
    must_refuse("\\R", 0, "line break");
    must_refuse("\\G", 0, "last match");
    must_refuse("a\\Z", 1, "\\z");
    must_refuse("\\h", 0, "horizontal space");
    must_refuse("\\C", 0, "byte");
    must_refuse("\\X", 0, "grapheme");
    must_refuse("\\q", 0, "\\q means nothing");
    must_refuse("\\E", 0, "\\Q");
    must_refuse("\\", 0, "backslash at the end");
    must_refuse("[\\b]", 1, "means nothing");
    must_refuse("\\\xc3\xa9", 0, "cannot be escaped");
}

static void refuses_what_is_malformed(void **state)
{
    must_refuse("\\x4", 0, "hexadecimal");
    must_refuse("\\x{}", 0, "hexadecimal");
    must_refuse("\\x{4", 0, "hexadecimal");
    must_refuse("\\x{110000}", 0, "no character");
    must_refuse("a[b", 1, "not closed");
    must_refuse("[]", 0, "not closed");
    must_refuse("[b-a]", 1, "before it begins");
    must_refuse("[a-\\d]", 3, "means nothing");
    must_refuse("[[:alpa:]]", 1, "no class");
    must_refuse("\\p", 0, "needs a letter");
    must_refuse("\\p{Greek", 0, "not closed");
    must_refuse("\\p{greek}", 0, "categories");
    must_refuse("\\pX", 0, "categories");
    must_refuse("\\p{Klingonese}", 0, "category or script");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(sets_of_perl_are_ascii),
        CASE(brackets_hold_characters_ranges_and_sets),
        CASE(sets_of_posix_are_ascii),
        CASE(escapes_stand_for_characters),
        CASE(properties_are_categories_and_scripts),
        CASE(case_holds_in_sets),
        CASE(refuses_escapes_that_go_has_not),
        CASE(refuses_what_is_malformed),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
