/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Event, from its header and proto/README.md, section 8
 *
 * Every text is looked at in memory of exactly its size: lengths that a sender has
 * written down must not be believed.
 */

#include "unit.h"

#include "input/event.h"

#include <stdlib.h>

static enum verdict recognise(struct slice text)
{
    char *bytes = malloc(text.len);
    enum verdict verdict;

    memcpy(bytes, text.at, text.len);
    verdict = event_recognise((struct slice){ bytes, text.len });
    free(bytes);
    return verdict;
}

static void must_all_be(enum verdict verdict, const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        enum verdict actual = recognise(slice_of(texts[i]));

        if (actual != verdict)
            fail_msg("%s: verdict %d, not %d", texts[i], actual, verdict);
    }
}

/* --- events -------------------------------------------------------------------- */

static void knows_events_by_their_lengths(void **state)
{
    static const char *const events[] = {
        "_e{5,4}:title|text",        "_e{5,4}:title|text|",
        "_e{5,4}:title|text|#a:b",   "_e{5,4}:title|text|d:1|h:x|k:y|p:low|s:z|t:error|#a:b|c:id",
        "_e{5,4}:title|text||||",    "_e{1,1}:a|b",
        "_e{05,4}:title|text",       "_e{10,1}:0123456789|x",
        "_e{00000005,4}:title|text", "_e{5,000000000000000000000000000004}:title|text",
    };

    must_all_be(SKIPPED_EVENT, events, ARRAY_SIZE(events));
}

/* They are what the lengths say, whatever bytes stand there. */
static void a_title_and_a_text_may_have_any_bytes(void **state)
{
    static const char *const events[] = {
        "_e{3,3}:a|b|c|d",
        "_e{3,3}:|||||||",
        "_e{1,3}::|:|:",
        "_e{2,2}:\xff\xfe|\xc3\xbc",
        "_e{3,8}:a}b|{\\n}\\n{}|p:low",
    };

    must_all_be(SKIPPED_EVENT, events, ARRAY_SIZE(events));
    assert_int_equal(recognise(SLICE("_e{3,3}:a\0b|\0\0\0")), SKIPPED_EVENT);
    assert_int_equal(recognise(SLICE("_e{3,3}:a\0b|\0\0")), REFUSED_MALFORMED_LINE);
}

static void a_title_and_a_text_may_be_empty(void **state)
{
    static const char *const events[] = { "_e{0,0}:|", "_e{0,1}:|x", "_e{1,0}:x|", "_e{0,0}:||",
                                          "_e{1,0}:x||#a:b" };

    must_all_be(SKIPPED_EVENT, events, ARRAY_SIZE(events));
}

static void refuses_events_of_other_lengths(void **state)
{
    static const char *const others[] = {
        "_e{5,4}:title|tex",
        "_e{5,4}:title|texts",
        "_e{4,4}:title|text",
        "_e{6,4}:title|text",
        "_e{5,5}:title|text",
        "_e{5,3}:title|text",
        "_e{0,4}:title|text",
        "_e{5,0}:title|text",
        "_e{5,4}:title:text",
        "_e{5,4}:title",
        "_e{5,4}:",
        "_e{5,4}",
        "_e{5,4}:title|text#a",
        "_e{5,4}:title|text\xff",
    };

    must_all_be(REFUSED_MALFORMED_LINE, others, ARRAY_SIZE(others));
}

static void refuses_lengths_that_are_no_numbers(void **state)
{
    static const char *const others[] = {
        "_e{",          "_e{}",         "_e{,}:|",       "_e{5}:title|text", "_e{5,}:title|",
        "_e{,4}:|text", "_e{x,4}:t|te", "_e{ 1,1}:a|b",  "_e{1, 1}:a|b",     "_e{1,1 }:a|b",
        "_e{-1,1}:|b",  "_e{+1,1}:a|b", "_e{1.0,1}:a|b", "_e{0x1,1}:a|b",    "_e{1;1}:a|b",
        "_e{1,1,1}:ab", "_e{1,1)}:a|b", "_e{1,1:a|b",    "_e{1,1} :a|b",     "_e{1,1}a|b",
        "_e{1,1}|a|b",  "_e{1,1}::a|b",
    };

    must_all_be(REFUSED_MALFORMED_LINE, others, ARRAY_SIZE(others));
}

/* No length is so large that adding it to another makes a small one. */
static void refuses_lengths_beyond_anything(void **state)
{
    static const char *const others[] = {
        "_e{4294967295,1}:a|b",
        "_e{4294967296,1}:a|b",
        "_e{4294967297,1}:a|b",
        "_e{18446744073709551615,1}:a|b",
        "_e{18446744073709551616,1}:a|b",
        "_e{18446744073709551617,1}:a|b",
        "_e{1,18446744073709551617}:a|b",
        "_e{18446744073709551613,3}:a|b",
        "_e{18446744073709551614,18446744073709551614}:a|b",
        "_e{99999999999999999999999999999999999999999999999999,1}:a|b",
        "_e{99999999999999999999999999999999999999999999999999",
        "_e{9999999,9999999}:a|b",
    };

    must_all_be(REFUSED_MALFORMED_LINE, others, ARRAY_SIZE(others));
}

/* --- service checks -------------------------------------------------------------- */

static void knows_checks_by_their_status(void **state)
{
    static const char *const checks[] = {
        "_sc|a|0",       "_sc|a|1",
        "_sc|a|2",       "_sc|a|3",
        "_sc|a|0|",      "_sc|a|0||||",
        "_sc|a b|0",     "_sc|a:b|0",
        "_sc|\xff|0",    "_sc| |0",
        "_sc|_sc|0",     "_sc|0|0",
        "_sc|a|0|#k:v",  "_sc|a|0|nonsense",
        "_sc|a|0|m:a|4", "_sc|a|2|d:1|h:x|#k:v|c:id|m:anything | at : all",
    };

    must_all_be(SKIPPED_SERVICE_CHECK, checks, ARRAY_SIZE(checks));
    assert_int_equal(recognise(SLICE("_sc|\0|0")), SKIPPED_SERVICE_CHECK);
}

static void refuses_other_checks(void **state)
{
    static const char *const others[] = {
        "_sc|",     "_sc||",     "_sc||0",    "_sc|a",    "_sc|a|",    "_sc|a||0", "_sc|a|4",
        "_sc|a|-1", "_sc|a|00",  "_sc|a|0 ",  "_sc|a| 0", "_sc|a|x",   "_sc|a|10", "_sc|a|OK",
        "_sc|a|/",  "_sc|a|0#a", "_sc|a|0:1", "_sc|:1|c", "_sc|a|b|0", "_sc|0",
    };

    must_all_be(REFUSED_MALFORMED_LINE, others, ARRAY_SIZE(others));
    assert_int_equal(recognise(SLICE("_sc|a|0\0")), REFUSED_MALFORMED_LINE);
    assert_int_equal(recognise(SLICE("_sc|a|\0")), REFUSED_MALFORMED_LINE);
}

static void what_begins_otherwise_is_neither(void **state)
{
    static const char *const others[] = {
        "_",           "_e",       "_s",           "_sc",          "_e:1|c",
        "_sc:1|c",     "_scx|a|0", "_ex{1,1}:a|b", "e{1,1}:a|b",   "sc|a|0",
        "_E{1,1}:a|b", "_SC|a|0",  " _e{1,1}:a|b", "_e {1,1}:a|b", "__sc|a|0",
        "a:1|c",       "|",        "\xff"
    };

    must_all_be(VERDICT_APPLIED, others, ARRAY_SIZE(others));
}

static void must_take_apart(struct slice text, const char *name, const char *status,
                            const char *rest)
{
    struct service_check check;

    if (!event_parse_check(text, &check))
        fail_msg("%s is none", text.at);
    if (!slice_equal(check.name, slice_of(name)) || !slice_equal(check.status, slice_of(status)) ||
        !slice_equal(check.rest, slice_of(rest)))
        fail_msg("%s: %.*s, %.*s, %.*s", text.at, (int)check.name.len, check.name.at,
                 (int)check.status.len, check.status.at, (int)check.rest.len, check.rest.at);
    assert_true(check.name.at >= text.at && check.status.at + 1 <= text.at + text.len);
    assert_true(check.rest.at + check.rest.len <= text.at + text.len);
}

static void takes_a_check_apart(void **state)
{
    must_take_apart(SLICE("_sc|a|0"), "a", "0", "");
    must_take_apart(SLICE("_sc|a b.c|3|#k:v"), "a b.c", "3", "|#k:v");
    must_take_apart(SLICE("_sc|a|1|h:x|#k:v|m:y|z"), "a", "1", "|h:x|#k:v|m:y|z");
    must_take_apart(SLICE("_sc|a|2|||x"), "a", "2", "|||x");
}

static void takes_only_checks_apart(void **state)
{
    struct service_check check;

    assert_false(event_parse_check(SLICE("_sc|a|4"), &check));
    assert_false(event_parse_check(SLICE("_sc||0"), &check));
    assert_false(event_parse_check(SLICE("_sc|a"), &check));
    assert_false(event_parse_check(SLICE("_sc|a|0x"), &check));
}

static void must_be_section(const char *text, enum check_section kind, const char *content)
{
    struct slice actual = { NULL, 0 };
    enum check_section found = event_check_section(slice_of(text), &actual);

    if (found != kind)
        fail_msg("%s is a section of kind %d", text, found);
    if (content && !slice_equal(actual, slice_of(content)))
        fail_msg("%s: %.*s", text, (int)actual.len, actual.at);
}

static void knows_the_sections_of_a_check(void **state)
{
    must_be_section("#k:v,l", CHECK_TAGS, "k:v,l");
    must_be_section("#", CHECK_TAGS, "");
    must_be_section("##k:v", CHECK_TAGS, "#k:v");
    must_be_section("h:host", CHECK_HOST, "host");
    must_be_section("h:", CHECK_HOST, "");
    must_be_section("h:a:b", CHECK_HOST, "a:b");
    must_be_section("m:all is well", CHECK_MESSAGE, "all is well");
    must_be_section("m:", CHECK_MESSAGE, "");
    must_be_section("d:1656581400", CHECK_KNOWN, "1656581400");
    must_be_section("c:ci-id", CHECK_KNOWN, "ci-id");
    must_be_section("d:", CHECK_KNOWN, "");
}

static void does_not_know_others(void **state)
{
    static const char *const others[] = { "h",   "m",    "d",    "c",  "x",     ":",  "x:y", "H:x",
                                          "M:x", " h:x", "hh:x", "@1", "p:low", "hx", "mx:y" };

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        must_be_section(others[i], CHECK_UNKNOWN, NULL);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(knows_events_by_their_lengths),
        CASE(a_title_and_a_text_may_have_any_bytes),
        CASE(a_title_and_a_text_may_be_empty),
        CASE(refuses_events_of_other_lengths),
        CASE(refuses_lengths_that_are_no_numbers),
        CASE(refuses_lengths_beyond_anything),
        CASE(knows_checks_by_their_status),
        CASE(refuses_other_checks),
        CASE(what_begins_otherwise_is_neither),
        CASE(takes_a_check_apart),
        CASE(takes_only_checks_apart),
        CASE(knows_the_sections_of_a_check),
        CASE(does_not_know_others),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
