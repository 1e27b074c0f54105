/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Service check, from its header and proto/README.md, section 8
 *
 * Also what the resolver makes of a check. Its cases are those of a line, except for the sections.
 */

#include "parts.h"
#include "resolve.h"

#include "input/service_check.h"

#include <stdlib.h>

static enum verdict recognise(struct slice text)
{
    return recognise_by(service_check_recognise, text);
}

static void must_all_be(enum verdict verdict, const char *const *texts, size_t n)
{
    must_all_be_by(service_check_recognise, verdict, texts, n);
}

/* --- recognising ------------------------------------------------------------------ */

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

static void what_begins_otherwise_is_no_check(void **state)
{
    static const char *const others[] = {
        "_",        "_s",          "_sc",      "_sc:1|c", "_scx|a|0", "sc|a|0", "_SC|a|0",
        " _sc|a|0", "_e{1,1}:a|b", "__sc|a|0", "a:1|c",   "|",        "\xff",
    };

    must_all_be(VERDICT_APPLIED, others, ARRAY_SIZE(others));
}

/* --- taking apart ------------------------------------------------------------------ */

static void must_take_apart(struct slice text, const char *name, const char *status,
                            const char *sections)
{
    struct service_check check;

    if (!service_check_parse(text, &check))
        fail_msg("%s is none", text.at);
    if (!slice_equal(check.name, slice_of(name)) || !slice_equal(check.status, slice_of(status)) ||
        !slice_equal(check.sections, slice_of(sections)))
        fail_msg("%s: %.*s, %.*s, %.*s", text.at, (int)check.name.len, check.name.at,
                 (int)check.status.len, check.status.at, (int)check.sections.len,
                 check.sections.at);
    assert_true(check.name.at >= text.at && check.status.at + 1 <= text.at + text.len);
    assert_true(check.sections.at + check.sections.len <= text.at + text.len);
}

static void takes_a_check_apart(void **state)
{
    must_take_apart(SLICE("_sc|a|0"), "a", "0", "");
    must_take_apart(SLICE("_sc|a b.c|3|#k:v"), "a b.c", "3", "|#k:v");
    must_take_apart(SLICE("_sc|a|1|h:x|#k:v"), "a", "1", "|h:x|#k:v");
    must_take_apart(SLICE("_sc|a|2|||x"), "a", "2", "|||x");
}

static void a_message_is_no_section(void **state)
{
    must_take_apart(SLICE("_sc|a|1|m:y"), "a", "1", "");
    must_take_apart(SLICE("_sc|a|1|h:x|#k:v|m:y|z"), "a", "1", "|h:x|#k:v");
    must_take_apart(SLICE("_sc|a|1|m:"), "a", "1", "");
    must_take_apart(SLICE("_sc|a|1|m:m:|m:|#k:v"), "a", "1", "");
    must_take_apart(SLICE("_sc|a|1|h:m:x||m:y"), "a", "1", "|h:m:x|");
    must_take_apart(SLICE("_sc|a|1|m|mm:x"), "a", "1", "|m|mm:x");
    must_take_apart(SLICE("_sc|m:|1|#m:v"), "m:", "1", "|#m:v");
}

static void takes_only_checks_apart(void **state)
{
    struct service_check check;

    assert_false(service_check_parse(SLICE("_sc|a|4"), &check));
    assert_false(service_check_parse(SLICE("_sc||0"), &check));
    assert_false(service_check_parse(SLICE("_sc|a"), &check));
    assert_false(service_check_parse(SLICE("_sc|a|0x"), &check));
}

static void must_be_section(const char *text, enum section meaning, const char *content)
{
    must_be_section_by(service_check_section, text, meaning, content);
}

static void knows_the_sections_of_a_check(void **state)
{
    must_be_section("#k:v,l", SECTION_TAGS, "k:v,l");
    must_be_section("#", SECTION_TAGS, "");
    must_be_section("##k:v", SECTION_TAGS, "#k:v");
    must_be_section("h:host", SECTION_HOST, "host");
    must_be_section("h:", SECTION_HOST, "");
    must_be_section("h:a:b", SECTION_HOST, "a:b");
    must_be_section("d:1656581400", SECTION_KNOWN, "1656581400");
    must_be_section("c:ci-id", SECTION_KNOWN, "ci-id");
    must_be_section("d:", SECTION_KNOWN, "");
}

static void does_not_know_others(void **state)
{
    static const char *const others[] = { "h",   "m",    "d",    "c",  "x",     ":",  "x:y", "H:x",
                                          "M:x", " h:x", "hh:x", "@1", "p:low", "hx", "mx:y" };

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        must_be_section(others[i], SECTION_UNKNOWN, NULL);
}

/* --- resolving ------------------------------------------------------------------------ */

static enum verdict resolve_check_by(struct resolver *by, struct slice text, struct identity *ret)
{
    struct resolve_parts parts = { .type = SAMPLE_GAUGE, .parse_section = service_check_section };
    struct service_check check;
    enum verdict verdict;

    memset(ret, 0xa5, sizeof(*ret));
    if (!service_check_parse(text, &check))
        fail_msg("%s is not a check", text.at);
    parts.name = check.name;
    parts.sections = check.sections;
    verdict = resolve_parts(by, &parts, ret);
    if (verdict != VERDICT_APPLIED)
        fault_must_lie_in(by, text);
    return verdict;
}

static void check_must_be(const char *text, const char *family, const char *labels,
                          unsigned n_tag_errors)
{
    struct identity identity;

    if (resolve_check_by(resolver, slice_of(text), &identity) != VERDICT_APPLIED)
        fail_msg("refused: %s", text);
    must_equal(text, &identity, family, labels, n_tag_errors);
    assert_int_equal(identity.type, SAMPLE_GAUGE);
    assert_true(identity.weight == 1);
    assert_false(identity.has_bad_rate);
}

static void check_must_end_as(const struct resolve_options *options, enum verdict verdict,
                              const char *text)
{
    struct identity identity;
    struct resolver *own;

    assert_int_equal(resolve_new(&own, options), 0);
    if (resolve_check_by(own, slice_of(text), &identity) != verdict)
        fail_msg("%s does not end as %d", text, verdict);
    resolve_free(own);
}

static void a_check_is_a_gauge_of_its_name(void **state)
{
    check_must_be("_sc|a.b|0", "a_b", "", 0);
    check_must_be("_sc|Redis connection|2", "Redis_connection", "", 0);
    check_must_be("_sc|a|3|", "a", "", 0);
}

static void a_check_has_tags_and_a_host(void **state)
{
    check_must_be("_sc|a|0|#k:v,b:w", "a", "b=\"w\",k=\"v\"", 0);
    check_must_be("_sc|a|0|h:web-1|#k:v", "a", "hostname=\"web-1\",k=\"v\"", 0);
    check_must_be("_sc|a|0|#k:v|h:x:80", "a", "hostname=\"x:80\",k=\"v\"", 0);
    check_must_be("_sc|a|0|#k:v,flag,:x|#l:w", "a", "k=\"v\",l=\"w\"", 2);
    check_must_be("_sc|a|0|#le:1", "a", "le=\"1\"", 0);
    check_must_be("_sc|a|0|h:", "a", "", 0);
    check_must_be("_sc|a|0|d:123|c:ci-x||", "a", "", 0);
    check_must_be("_sc|a|0|h:x|#hostname:y", "a", "hostname=\"y\"", 0);
    check_must_be("_sc|a|0|#hostname:y|h:x", "a", "hostname=\"x\"", 0);
}

static void a_message_reaches_to_the_end(void **state)
{
    check_must_be("_sc|a|0|m:all is well|#k:v|h:x", "a", "", 0);
    check_must_be("_sc|a|0|#k:v|m:|#l:w|zz", "a", "k=\"v\"", 0);
    check_must_be("_sc|a|0|#k:v|m:\xff", "a", "k=\"v\"", 0);
}

static void unknown_sections_of_a_check_are_counted(void **state)
{
    struct identity identity;

    assert_int_equal(resolve_check_by(resolver, SLICE("_sc|a|0|zz|#k:v|@0.5|m:x|y"), &identity),
                     VERDICT_APPLIED);
    assert_int_equal(identity.n_unknown_sections, 2);
    assert_slice_equal(identity.labels, "k=\"v\"");
    assert_slice_equal(identity.sent_as, "a");
}

static void a_checks_tags_are_an_unknown_section_where_dogstatsd_is_off(void **state)
{
    struct resolve_options options = with_dialects(ALL & ~(1u << TAG_DOGSTATSD));
    struct identity identity;
    struct resolver *own;

    assert_int_equal(resolve_new(&own, &options), 0);
    assert_int_equal(resolve_check_by(own, SLICE("_sc|a|0|#k:v"), &identity), VERDICT_APPLIED);
    must_equal("_sc|a|0|#k:v", &identity, "a", "", 0);
    assert_int_equal(identity.n_unknown_sections, 1);
    resolve_free(own);
}

static void checks_are_refused_as_lines_are(void **state)
{
    struct resolve_options options = default_pipeline()->resolve;

    options.limits.name = 3;
    options.limits.labels = 1;
    options.limits.label_value = 4;
    options.limits.labels_text = 20;
    check_must_end_as(&options, VERDICT_APPLIED, "_sc|aaa|0|#k:v");
    check_must_end_as(&options, REFUSED_NAME_LIMIT, "_sc|aaaa|0");
    check_must_end_as(&options, REFUSED_MALFORMED_LINE, "_sc|\xff|0");
    check_must_end_as(&options, REFUSED_MALFORMED_LINE, "_sc|a|0|#k:\xff");
    check_must_end_as(&options, REFUSED_MALFORMED_LINE, "_sc|a|0|h:\xff");
    check_must_end_as(&options, REFUSED_LABEL_LIMIT, "_sc|a|0|#k:v,l:w");
    check_must_end_as(&options, REFUSED_LABEL_LIMIT, "_sc|a|0|#k:v|h:x");
    check_must_end_as(&options, REFUSED_LABEL_LIMIT, "_sc|a|0|h:web-1");
    check_must_end_as(&options, REFUSED_LABEL_LIMIT, "_sc|a|0|#kkkkkkkkkkkkkkk:vvvv");
    check_must_end_as(&options, REFUSED_MALFORMED_LINE, "_sc|aaaa|0|#k:\xff");
    check_must_end_as(&options, REFUSED_MALFORMED_LINE, "_sc|a|0|#k:1,l:2|h:\xff");
}

/* The same resolver handles both. */
static void checks_and_lines_follow_each_other(void **state)
{
    must_be("a,k=v:1|c", "a", "k=\"v\"", 0);
    check_must_be("_sc|a|0|#l:w", "a", "l=\"w\"", 0);
    must_be("a:1|ms|@0.5", "a", "", 0);
    check_must_be("_sc|a|0", "a", "", 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(knows_checks_by_their_status),
        CASE(refuses_other_checks),
        CASE(what_begins_otherwise_is_no_check),
        CASE(takes_a_check_apart),
        CASE(a_message_is_no_section),
        CASE(takes_only_checks_apart),
        CASE(knows_the_sections_of_a_check),
        CASE(does_not_know_others),
        CASE(a_check_is_a_gauge_of_its_name),
        CASE(a_check_has_tags_and_a_host),
        CASE(a_message_reaches_to_the_end),
        CASE(unknown_sections_of_a_check_are_counted),
        CASE(a_checks_tags_are_an_unknown_section_where_dogstatsd_is_off),
        CASE(checks_are_refused_as_lines_are),
        CASE(checks_and_lines_follow_each_other),
    };

    return cmocka_run_group_tests(cases, make_resolver, free_resolver);
}
