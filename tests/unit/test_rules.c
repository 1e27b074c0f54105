/* SPDX-License-Identifier: Apache-2.0 */

#include "rule_list.h"
#include "unit.h"

#include "mapping/rules.h"

#include <stdio.h>

static const struct rules_limits limits = { 90, 37 };

/* Rules that are compiled, with memory to match them. */
struct set {
    struct rules *rules;
    struct rules_scratch *scratch;
};

static struct set make(const struct rule *list, size_t n)
{
    const struct rules_options options = { 0 };
    struct set set = { NULL, NULL };

    assert_int_equal(rules_new(&set.rules, &options, list, n), 0);
    assert_int_equal(rules_scratch_new(&set.scratch, set.rules, &limits), 0);
    return set;
}

static void unmake(struct set *set)
{
    rules_scratch_free(set->scratch);
    rules_free(set->rules);
}

/* The result as text: name{label="value",…}; or what else became of it. */
static void must_become(struct set *set, const char *name, enum rule_type type,
                        const char *expected)
{
    const struct rules_query query = { .name = slice_of(name), .type = type };
    struct rules_match match;
    enum rules_outcome outcome = rules_match(set->rules, set->scratch, &query, &match);
    char found[512];
    int len;

    len = snprintf(found, sizeof(found), "%.*s%s", (int)match.name.len,
                   match.name.len ? match.name.at : "", match.n_labels ? "{" : "");
    for (size_t i = 0; i < match.n_labels; i++)
        len += snprintf(found + len, sizeof(found) - (size_t)len, "%s%.*s=\"%.*s\"", i ? "," : "",
                        (int)match.labels[i].name.len, match.labels[i].name.at,
                        (int)match.labels[i].value.len,
                        match.labels[i].value.len ? match.labels[i].value.at : "");
    if (match.n_labels)
        strcat(found, "}");
    if (outcome == RULES_NO_MATCH)
        strcpy(found, "no match");
    else if (outcome == RULES_TOO_LONG)
        strcpy(found, "too long");
    else if (outcome == RULES_NO_NAME)
        strcpy(found, "no name");
    else if (match.rule->action == RULE_DROP)
        strcpy(found, "drop");
    if (strcmp(found, expected) != 0)
        fail_msg("%s became %s, not %s", name, found, expected);
}

#define MAKE(list) make((list), sizeof(list) / sizeof((list)[0]))

static void no_rules_match_nothing(void **state)
{
    struct set set = make(NULL, 0);

    must_become(&set, "a.b", RULE_COUNTER, "no match");
    unmake(&set);
}

static void templates_are_filled_from_the_name(void **state)
{
    const struct rule list[] = {
        { .match = TEXT("test.dispatcher.*.*.*"),
          .name = TEXT("dispatcher_events_total"),
          LABELS({ TEXT("processor"), TEXT("$1") }, { TEXT("action"), TEXT("$2") },
                 { TEXT("outcome"), TEXT("$3") }, { TEXT("job"), TEXT("test_dispatcher") }) },
        { .match = TEXT("*.signup.*.*"),
          .name = TEXT("signup_events_total"),
          LABELS({ TEXT("provider"), TEXT("$2") }, { TEXT("job"), TEXT("${1}_server") },
                 { TEXT("none"), TEXT("$4") }) },
        { .match = TEXT("aa.bb.*.*"),
          .name = TEXT("aa_bb_${1}_total"),
          LABELS({ TEXT("app"), TEXT("$2") }) },
        { .match = TEXT("\\.?(\\w+)-(?P<end>.*)$"),
          .name = TEXT("${1}_x"),
          .syntax = RULE_REGEX,
          LABELS({ TEXT("all"), TEXT("$0") }, { TEXT("end"), TEXT("<$end>") }) },
    };
    struct set set = MAKE(list);

    must_become(&set, "test.dispatcher.FooProcessor.send.success", RULE_COUNTER,
                "dispatcher_events_total{processor=\"FooProcessor\",action=\"send\","
                "outcome=\"success\",job=\"test_dispatcher\"}");
    must_become(&set, "foo.signup.facebook.failure", RULE_GAUGE,
                "signup_events_total{provider=\"facebook\",job=\"foo_server\",none=\"\"}");
    must_become(&set, "aa.bb.cc.app", RULE_GAUGE, "aa_bb_cc_total{app=\"app\"}");
    must_become(&set, "aa.bb.d-d.", RULE_GAUGE, "aa_bb_d_d_total{app=\"\"}");
    must_become(&set, "web.x-y", RULE_SET, "x_x{all=\".x-y\",end=\"<y>\"}");
    must_become(&set, "test.web", RULE_COUNTER, "no match");
    unmake(&set);
}

static void all_globs_come_before_any_regex(void **state)
{
    const struct rule list[] = {
        { .match = TEXT("^a"), .syntax = RULE_REGEX, .name = TEXT("first_regex") },
        { .match = TEXT("a"), .syntax = RULE_REGEX, .name = TEXT("second_regex") },
        { .match = TEXT("a.*"), .name = TEXT("first_glob") },
        { .match = TEXT("*.b"), .name = TEXT("second_glob") },
    };
    struct set set = MAKE(list);

    must_become(&set, "a.b", RULE_COUNTER, "first_glob");
    must_become(&set, "x.b", RULE_COUNTER, "second_glob");
    must_become(&set, "a.b.c", RULE_COUNTER, "first_regex");
    must_become(&set, "x.a", RULE_COUNTER, "second_regex");
    unmake(&set);
}

static void globs_may_be_unordered(void **state)
{
    const struct rule list[] = {
        { .match = TEXT("a.*"), .name = TEXT("any") },
        { .match = TEXT("a.b"), .name = TEXT("one") },
    };
    const struct rules_options options = { .globs_are_unordered = true };
    struct set set = { NULL, NULL };

    assert_int_equal(rules_new(&set.rules, &options, list, 2), 0);
    assert_int_equal(rules_scratch_new(&set.scratch, set.rules, &limits), 0);
    must_become(&set, "a.b", RULE_COUNTER, "one");
    must_become(&set, "a.c", RULE_COUNTER, "any");
    unmake(&set);
}

static void a_rule_may_be_for_some_types(void **state)
{
    const struct rule list[] = {
        { .match = TEXT("test.*"), .name = TEXT("sum"), .types = 1u << RULE_COUNTER },
        { .match = TEXT("test.*"), .name = TEXT("current"), .types = 1u << RULE_GAUGE },
        { .match = TEXT("test"),
          .syntax = RULE_REGEX,
          .name = TEXT("seconds"),
          .types = 1u << RULE_OBSERVER },
    };
    struct set set = MAKE(list);

    must_become(&set, "test.a", RULE_COUNTER, "sum");
    must_become(&set, "test.a", RULE_GAUGE, "current");
    must_become(&set, "test.a", RULE_OBSERVER, "seconds");
    must_become(&set, "test.a", RULE_SET, "no match");
    unmake(&set);
}

static void types_of_samples_have_names_in_rules(void **state)
{
    assert_int_equal(rule_type_of(SAMPLE_COUNTER), RULE_COUNTER);
    assert_int_equal(rule_type_of(SAMPLE_GAUGE), RULE_GAUGE);
    assert_int_equal(rule_type_of(SAMPLE_TIMER), RULE_OBSERVER);
    assert_int_equal(rule_type_of(SAMPLE_HISTOGRAM), RULE_OBSERVER);
    assert_int_equal(rule_type_of(SAMPLE_DISTRIBUTION), RULE_OBSERVER);
    assert_int_equal(rule_type_of(SAMPLE_SET), RULE_SET);
    assert_int_equal(rule_type_of(SAMPLE_END), _RULE_TYPE_N);
}

static void what_is_dropped_makes_nothing(void **state)
{
    const struct rule list[] = {
        { .match = TEXT("web.*"), .name = TEXT("web"), LABELS({ TEXT("site"), TEXT("$1") }) },
        { .match = TEXT("."), .syntax = RULE_REGEX, .name = TEXT("drop"), .action = RULE_DROP },
    };
    struct set set = MAKE(list);

    must_become(&set, "web.localhost", RULE_COUNTER, "web{site=\"localhost\"}");
    must_become(&set, "test.a", RULE_COUNTER, "drop");
    unmake(&set);
}

/* --- tags ------------------------------------------------------------------------------- */

static const struct rule tagged[] = {
    { .match = TEXT("a.*"),
      .name = TEXT("prod"),
      TAGS({ .name = TEXT("env"), .value = TEXT("prod") },
           { .name = TEXT("host"), .takes_any = true }) },
    { .match = TEXT("a.*"), .name = TEXT("rest") },
    { .match = TEXT("^x"),
      .syntax = RULE_REGEX,
      .name = TEXT("x"),
      TAGS({ .name = TEXT("env"), .value = TEXT("prod") }) },
};

static void must_become_with(struct set *set, const char *name, const struct label *tags, size_t n,
                             const char *expected)
{
    struct labels labels = { .n = n };
    const struct rules_query query = { slice_of(name), RULE_COUNTER, &labels };
    struct rules_match match;

    memcpy(labels.items, tags, n * sizeof(*tags));
    assert_int_equal(rules_match(set->rules, set->scratch, &query, &match),
                     expected ? RULES_MATCHED : RULES_NO_MATCH);
    if (expected && !slice_equal(match.name, slice_of(expected)))
        fail_msg("%s became %.*s, not %s", name, (int)match.name.len, match.name.at, expected);
}

static void a_rule_may_ask_for_tags(void **state)
{
    static const struct label tags[] = {
        { TEXT("host"), TEXT("h1") },
        { TEXT("env"), TEXT("prod") },
        { TEXT("env"), TEXT("test") },
    };
    struct set set = MAKE(tagged);

    must_become_with(&set, "a.b", tags, 2, "prod");
    must_become_with(&set, "a.b", tags, 1, "rest");
    must_become_with(&set, "a.b", tags + 1, 1, "rest");
    must_become_with(&set, "x", tags, 2, "x");
    must_become_with(&set, "x", tags + 2, 1, NULL);
    must_become(&set, "a.b", RULE_COUNTER, "rest");
    must_become(&set, "x", RULE_COUNTER, "no match");
    unmake(&set);
}

static void a_rule_may_ask_for_a_beginning(void **state)
{
    const struct rule list[] = {
        { .match = TEXT("*.b"), .prefix = TEXT("app."), .name = TEXT("glob") },
        { .match = TEXT("b$"), .syntax = RULE_REGEX, .prefix = TEXT("app"), .name = TEXT("regex") },
    };
    struct set set = MAKE(list);

    must_become(&set, "app.b", RULE_COUNTER, "glob");
    must_become(&set, "apps.b", RULE_COUNTER, "regex");
    must_become(&set, "ap.b", RULE_COUNTER, "no match");
    must_become(&set, "b", RULE_COUNTER, "no match");
    unmake(&set);
}

/* --- limits ----------------------------------------------------------------------------- */

static void what_a_rule_makes_has_limits(void **state)
{
    const struct rule list[] = {
        { .match = TEXT("n.*"), .name = TEXT("${1}${1}${1}") },
        { .match = TEXT("l.*"), .name = TEXT("l"), LABELS({ TEXT("a"), TEXT("x$1") }) },
        { .match = TEXT("e.*"), .name = TEXT("$1$9"), LABELS({ TEXT("a"), TEXT("$1") }) },
        { .match = TEXT("f.*"), .name = TEXT("$1") },
    };
    struct set set = MAKE(list);

    must_become(&set, "n.a23456789b23456789c23456789d23", RULE_COUNTER,
                "a23456789b23456789c23456789d23a23456789b23456789c23456789d23"
                "a23456789b23456789c23456789d23");
    must_become(&set, "n.a23456789b23456789c23456789d234", RULE_COUNTER, "too long");
    must_become(&set, "l.a23456789b23456789c23456789d23456789", RULE_COUNTER,
                "l{a=\"xa23456789b23456789c23456789d23456789\"}");
    must_become(&set, "l.a23456789b23456789c23456789d23456789e", RULE_COUNTER, "too long");
    must_become(&set, "e.a", RULE_COUNTER, "no name");
    must_become(&set, "f.", RULE_COUNTER, "no name");
    unmake(&set);
}

static void names_are_escaped_after_they_are_made(void **state)
{
    const struct rule list[] = {
        { .match = TEXT("n.*"), .name = TEXT("$1") },
        { .match = TEXT("^m(.*)"), .syntax = RULE_REGEX, .name = TEXT("m${1}") },
    };
    struct set set = MAKE(list);

    must_become(&set, "n.0a--b\xc3\xa9", RULE_COUNTER, "_0a_b_");
    must_become(&set, "m.x/y", RULE_COUNTER, "m_x_y");
    unmake(&set);
}

static void a_regex_that_exceeds_its_limit_does_not_match(void **state)
{
    const struct rule list[] = {
        { .match = TEXT("(a+)+c"), .syntax = RULE_REGEX, .name = TEXT("slow") },
        { .match = TEXT("(a|a)*cc"), .syntax = RULE_REGEX, .name = TEXT("slow") },
        { .match = TEXT("."), .syntax = RULE_REGEX, .name = TEXT("rest") },
    };
    const struct rules_query query = { SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabcbcc"), RULE_GAUGE,
                                       NULL };
    struct set set = MAKE(list);
    struct rules_match match;

    assert_int_equal(rules_match(set.rules, set.scratch, &query, &match), RULES_MATCHED);
    assert_slice_equal(match.name, "rest");
    assert_int_equal(match.n_exceeded, 2);
    unmake(&set);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(no_rules_match_nothing),
        CASE(templates_are_filled_from_the_name),
        CASE(all_globs_come_before_any_regex),
        CASE(globs_may_be_unordered),
        CASE(a_rule_may_be_for_some_types),
        CASE(types_of_samples_have_names_in_rules),
        CASE(what_is_dropped_makes_nothing),
        CASE(a_rule_may_ask_for_tags),
        CASE(a_rule_may_ask_for_a_beginning),
        CASE(what_a_rule_makes_has_limits),
        CASE(names_are_escaped_after_they_are_made),
        CASE(a_regex_that_exceeds_its_limit_does_not_match),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
