/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "web/selector.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct selector *selector_of(const char *text)
{
    struct selector_fault fault = { 0 };
    struct selector *selector = NULL;

    if (selector_new(&selector, slice_of(text), &fault) < 0)
        fail_msg("%s: byte %zu: %s", text, fault.at, fault.text);
    return selector;
}

static enum selector_outcome match(const char *text, const char *name, const char *labels)
{
    CLEANUP(selector_freep) struct selector *selector = selector_of(text);

    return selector_match(selector, slice_of(name), slice_of(labels));
}

#define assert_selects(text, name, labels)                                                         \
    assert_int_equal(match(text, name, labels), SELECTOR_MATCHES)
#define assert_omits(text, name, labels)                                                           \
    assert_int_equal(match(text, name, labels), SELECTOR_NO_MATCH)

static void a_name_selects_all_its_series(void **state)
{
    assert_selects("up", "up", "");
    assert_selects(" up { } ", "up", "job=\"api\"");
    assert_selects("a:b_2", "a:b_2", "");
    assert_omits("up", "upper", "");
}

static void labels_are_compared(void **state)
{
    assert_selects("up{job=\"api\",zone='eu'}", "up", "job=\"api\",zone=\"eu\"");
    assert_omits("up{job=\"api\",zone='eu'}", "up", "job=\"api\",zone=\"us\"");
    assert_selects("up{job!=\"api\"}", "up", "job=\"db\"");
    assert_omits("up{job!=\"api\"}", "up", "job=\"api\"");
    assert_selects("up{job=~`a.i|db`,}", "up", "job=\"db\"");
    assert_omits("up{job!~`a.i|db`}", "up", "job=\"db\"");
    assert_omits("up{job=\"api\"}", "down", "job=\"api\"");
}

static void a_missing_label_is_like_an_empty_one(void **state)
{
    assert_selects("up{job=\"\"}", "up", "jobs=\"x\"");
    assert_omits("up{job!=\"\"}", "up", "jobs=\"x\"");
    assert_selects("up{job!=\"api\"}", "up", "");
    assert_selects("up{job=~\".*\"}", "up", "");
}

/* As labels_write() escapes them. */
static void values_are_compared_without_their_escapes(void **state)
{
    assert_selects("x{a=\"b\\\"c\\\\d\\ne\",z='1'}", "x", "a=\"b\\\"c\\\\d\\ne\",z=\"1\"");
    assert_omits("x{a=`\\n`}", "x", "a=\"\\n\"");
    assert_selects("x{a=`\\n`}", "x", "a=\"\\\\n\"");
}

static void the_name_is_a_label_too(void **state)
{
    assert_selects("{__name__=\"up\"}", "up", "");
    assert_selects("{__name__=~\"bot_.*\",a=\"1\"}", "bot_x", "a=\"1\"");
    assert_omits("{__name__=~\"bot_.*\",a=\"1\"}", "not_x", "a=\"1\"");
    assert_selects("{\"up\", a='1'}", "up", "a=\"1\"");
    assert_selects("{\"__name__\"!=\"down\", 'a'='1'}", "up", "a=\"1\"");
}

static void tells_by_the_name_alone_what_cannot_be_selected(void **state)
{
    CLEANUP(selector_freep) struct selector *selector = selector_of("up{a=\"1\"}");

    assert_int_equal(selector_match_name(selector, SLICE("up")), SELECTOR_MATCHES);
    assert_int_equal(selector_match_name(selector, SLICE("down")), SELECTOR_NO_MATCH);
}

static void says_when_it_cannot_tell(void **state)
{
    static const char slow[] = "x{a=~\"(a+)+c\",z=\"1\"}";

    assert_int_equal(match(slow, "x", "a=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc\",z=\"1\""),
                     SELECTOR_FAILED);
    assert_omits(slow, "x", "a=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc\",z=\"2\"");
}

static void what_is_no_selector_is_refused_at_its_byte(void **state)
{
    static const struct {
        const char *text;
        size_t at;
        const char *why;
    } cases[] = {
        { "", 0, "expected the name of a metric, or {" },
        { "2x", 0, "expected the name of a metric, or {" },
        { "up{", 3, "expected the name of a label, or }" },
        { "up{a}", 4, "expected =, !=, =~ or !~" },
        { "up{a=b}", 5, "expected a value in quotes" },
        { "up{a=\"b}", 5, "the quote is not closed" },
        { "up{a=\"b\" c=\"d\"}", 9, "expected a comma or }" },
        { "up{,}", 3, "expected the name of a label, or }" },
        { "up{} x", 5, "expected nothing more" },
        { "up[5m]", 2, "expected nothing more" },
        { "up{a=\"\\d\"}", 5, "begins no escape" },
        { "up{a=\"\\xff\"}", 5, "not valid UTF-8" },
        { "up{a=~\"b(\"}", 10, "regular expression" },
        { "{}", 2, "select all series" },
        { "{a=\"\"}", 6, "select all series" },
        { "{a=~\".*\",b!=\"x\"}", 16, "select all series" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct selector_fault fault = { 0 };
        struct selector *selector = NULL;

        assert_int_equal(selector_new(&selector, slice_of(cases[i].text), &fault), -EINVAL);
        if (fault.at != cases[i].at || !strstr(fault.text, cases[i].why))
            fail_msg("%s: byte %zu: %s", cases[i].text, fault.at, fault.text);
    }
}

static void a_text_without_a_place_is_empty(void **state)
{
    const struct slice nowhere = { NULL, 0 };
    struct selector_fault fault;
    struct selector *selector;

    assert_int_equal(selector_new(&selector, nowhere, &fault), -EINVAL);
    assert_int_equal(fault.at, 0);
    assert_omits("x{\"\"=\"y\"}", "x", "a=\"y\"");
}

static void the_number_of_conditions_is_limited(void **state)
{
    struct selector_fault fault;
    struct selector *selector;
    char text[4096] = "{";

    for (unsigned i = 0; i < SELECTOR_MATCHERS_MAX; i++)
        strcat(text, "a=\"1\",");
    selector_free(selector_of(strcat(text, "}")));
    strcpy(strchr(text, '}'), "a=\"1\"}");
    assert_int_equal(selector_new(&selector, slice_of(text), &fault), -EINVAL);
    assert_non_null(strstr(fault.text, "more than 64 conditions"));
}

static void regexes_cost_more(void **state)
{
    CLEANUP(selector_freep) struct selector *plain = selector_of("up{a=\"1\"}");
    CLEANUP(selector_freep) struct selector *with_regex = selector_of("up{a=~\"1\"}");

    assert_true(selector_cost(plain) > 0);
    assert_true(selector_cost(with_regex) > selector_cost(plain));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_name_selects_all_its_series),
        CASE(labels_are_compared),
        CASE(a_missing_label_is_like_an_empty_one),
        CASE(values_are_compared_without_their_escapes),
        CASE(the_name_is_a_label_too),
        CASE(tells_by_the_name_alone_what_cannot_be_selected),
        CASE(says_when_it_cannot_tell),
        CASE(what_is_no_selector_is_refused_at_its_byte),
        CASE(a_text_without_a_place_is_empty),
        CASE(the_number_of_conditions_is_limited),
        CASE(regexes_cost_more),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
