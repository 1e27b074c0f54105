/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Event, from its header and proto/README.md, section 8
 */

#include "parts.h"

#include "input/event.h"

#include <stdlib.h>

static enum verdict recognise(struct slice text)
{
    return recognise_by(event_recognise, text);
}

static void must_all_be(enum verdict verdict, const char *const *texts, size_t n)
{
    must_all_be_by(event_recognise, verdict, texts, n);
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

/* Their lengths decide, whatever bytes they contain. */
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

/* No length is so large that a sum overflows and becomes small. */
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

static void what_begins_otherwise_is_no_event(void **state)
{
    static const char *const others[] = {
        "_",          "_e",      "_s",          "_e:1|c",       "_ex{1,1}:a|b",
        "e{1,1}:a|b", "_sc|a|0", "_E{1,1}:a|b", " _e{1,1}:a|b", "_e {1,1}:a|b",
        "a:1|c",      "|",       "\xff",
    };

    must_all_be(VERDICT_APPLIED, others, ARRAY_SIZE(others));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(knows_events_by_their_lengths),       CASE(a_title_and_a_text_may_have_any_bytes),
        CASE(a_title_and_a_text_may_be_empty),     CASE(refuses_events_of_other_lengths),
        CASE(refuses_lengths_that_are_no_numbers), CASE(refuses_lengths_beyond_anything),
        CASE(what_begins_otherwise_is_no_event),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
