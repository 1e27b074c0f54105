/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "mapping/template.h"

/* Group 0 is the whole match; 3 took no part. */
static const struct slice captured[] = {
    { "whole", 5 }, { "one", 3 }, { "two", 3 }, { NULL, 0 }, { "four", 4 },
};

static const struct slice names[] = {
    { NULL, 0 }, { NULL, 0 }, { "word", 4 }, { "either", 6 }, { "either", 6 },
};

static void must_expand(enum template_syntax syntax, const char *text, const char *expected,
                        const char *expected_missing)
{
    const struct template_groups groups = { syntax, 5, syntax == TEMPLATE_REGEX ? names : NULL };
    CLEANUP(arena_deinit) struct arena arena = { 0 };
    struct template_parts parts;
    struct slice missing, expanded;
    char out[64];

    assert_int_equal(template_compile(&arena, slice_of(text), &groups, &parts, &missing), 0);
    assert_true(template_expand(&parts, captured, out, sizeof(out), &expanded));
    if (!slice_equal(expanded, slice_of(expected)))
        fail_msg("%s became \"%.*s\", not \"%s\"", text, (int)expanded.len, expanded.at, expected);
    if (!slice_equal(missing, slice_of(expected_missing)))
        fail_msg("%s: \"%.*s\" is missing, not \"%s\"", text, (int)missing.len, missing.at,
                 expected_missing);
}

static void text_stays_as_it_is(void **state)
{
    must_expand(TEMPLATE_GLOB, "", "", "");
    must_expand(TEMPLATE_GLOB, "a-b %s {1}", "a-b %s {1}", "");
    must_expand(TEMPLATE_REGEX, "", "", "");
    must_expand(TEMPLATE_REGEX, "a-b %s {1} \\1", "a-b %s {1} \\1", "");
}

static void numbers_are_replaced_by_what_was_captured(void **state)
{
    must_expand(TEMPLATE_GLOB, "$1", "one", "");
    must_expand(TEMPLATE_GLOB, "${1}_server", "one_server", "");
    must_expand(TEMPLATE_GLOB, "$1-$2-$1", "one-two-one", "");
    must_expand(TEMPLATE_GLOB, "${2}$1", "twoone", "");
    must_expand(TEMPLATE_REGEX, "$1", "one", "");
    must_expand(TEMPLATE_REGEX, "${1}_server", "one_server", "");
    must_expand(TEMPLATE_REGEX, "$1-$2-$1", "one-two-one", "");
    must_expand(TEMPLATE_REGEX, "$2$1", "twoone", "");
}

static void a_group_that_does_not_exist_is_nothing(void **state)
{
    must_expand(TEMPLATE_GLOB, "a$5b", "a", "$5b");
    must_expand(TEMPLATE_GLOB, "$1-${9}", "one-", "${9}");
    must_expand(TEMPLATE_GLOB, "$99999999999999999999", "", "$99999999999999999999");
    must_expand(TEMPLATE_REGEX, "a-${5}-$6", "a--", "${5}");
    must_expand(TEMPLATE_REGEX, "$99999999999999999999", "", "$99999999999999999999");
    must_expand(TEMPLATE_REGEX, "${nothing}", "", "${nothing}");
}

static void letters_after_a_number_belong_to_the_name(void **state)
{
    must_expand(TEMPLATE_GLOB, "$1_foo", "", "$1_foo");
    must_expand(TEMPLATE_GLOB, "$1$2", "", "$1$2");
    must_expand(TEMPLATE_REGEX, "$1_foo", "", "$1_foo");
    must_expand(TEMPLATE_REGEX, "$1x-$2", "-two", "$1x");
}

static void only_a_regex_has_a_group_0(void **state)
{
    must_expand(TEMPLATE_GLOB, "$0", "", "$0");
    must_expand(TEMPLATE_REGEX, "$0.${0}", "whole.whole", "");
}

static void zeros_before_a_number_count_for_globs_only(void **state)
{
    must_expand(TEMPLATE_GLOB, "$01", "one", "");
    must_expand(TEMPLATE_REGEX, "$01", "", "$01");
}

static void globs_do_not_care_about_pairs_of_braces(void **state)
{
    must_expand(TEMPLATE_GLOB, "${1-", "one-", "");
    must_expand(TEMPLATE_GLOB, "$1}-", "one-", "");
    must_expand(TEMPLATE_REGEX, "${1-", "${1-", "");
    must_expand(TEMPLATE_REGEX, "$1}-", "one}-", "");
}

static void dollars_that_refer_to_nothing_are_text(void **state)
{
    must_expand(TEMPLATE_GLOB, "$", "$", "");
    must_expand(TEMPLATE_GLOB, "$-${}", "$-${}", "");
    must_expand(TEMPLATE_GLOB, "$$", "", "$$");
    must_expand(TEMPLATE_REGEX, "$", "$", "");
    must_expand(TEMPLATE_REGEX, "$-${}-${", "$-${}-${", "");
    must_expand(TEMPLATE_REGEX, "$$1-$$", "$1-$", "");
}

static void groups_of_a_regex_have_names(void **state)
{
    must_expand(TEMPLATE_REGEX, "${word}s and $word", "twos and two", "");
    must_expand(TEMPLATE_REGEX, "$words", "", "$words");
    must_expand(TEMPLATE_GLOB, "$word", "", "$word");
}

static void of_groups_with_one_name_the_first_that_took_part_counts(void **state)
{
    must_expand(TEMPLATE_REGEX, "$either", "four", "");
    must_expand(TEMPLATE_REGEX, "-$either-$3-$word", "-four--two", "");
}

static bool expands(enum template_syntax syntax, const char *text, size_t room)
{
    const struct template_groups groups = { syntax, 5, NULL };
    CLEANUP(arena_deinit) struct arena arena = { 0 };
    struct template_parts parts;
    struct slice missing, expanded;
    char out[8];

    assert_int_equal(template_compile(&arena, slice_of(text), &groups, &parts, &missing), 0);
    return template_expand(&parts, captured, out, room, &expanded);
}

static void what_is_too_long_is_not_written(void **state)
{
    assert_true(expands(TEMPLATE_GLOB, "$1-$2", 7));
    assert_false(expands(TEMPLATE_GLOB, "$1-$2", 6));
    assert_true(expands(TEMPLATE_REGEX, "$1$", 4));
    assert_false(expands(TEMPLATE_REGEX, "$1$", 3));
    assert_true(expands(TEMPLATE_GLOB, "$1", 3));
    assert_false(expands(TEMPLATE_GLOB, "$1", 2));
    assert_true(expands(TEMPLATE_GLOB, "", 0));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(text_stays_as_it_is),
        CASE(numbers_are_replaced_by_what_was_captured),
        CASE(a_group_that_does_not_exist_is_nothing),
        CASE(letters_after_a_number_belong_to_the_name),
        CASE(only_a_regex_has_a_group_0),
        CASE(zeros_before_a_number_count_for_globs_only),
        CASE(globs_do_not_care_about_pairs_of_braces),
        CASE(dollars_that_refer_to_nothing_are_text),
        CASE(groups_of_a_regex_have_names),
        CASE(of_groups_with_one_name_the_first_that_took_part_counts),
        CASE(what_is_too_long_is_not_written),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
