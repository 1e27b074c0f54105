/* SPDX-License-Identifier: Apache-2.0 */

#include "rule_list.h"
#include "unit.h"

#include "mapping/rules.h"

#include <errno.h>
#include <stdio.h>

/* --- problems --------------------------------------------------------------------------- */

struct log {
    char text[2048];
    size_t len;
};

static void note_problem(void *ctx, const struct rules_problem *problem)
{
    static const char *const parts[] = { "match", "name", "label", "value" };
    struct log *log = ctx;

    log->len += (size_t)snprintf(log->text + log->len, sizeof(log->text) - log->len,
                                 "%zu %s %zu %s: %.*s\n", problem->rule, parts[problem->part],
                                 problem->label, problem->is_warning ? "warning" : "refused",
                                 (int)problem->text.len, problem->text.at);
}

static void must_report(const struct rule *list, size_t n, int result, const char *expected)
{
    struct log log = { "", 0 };
    const struct rules_options options = { .on_problem = note_problem, .ctx = &log };
    CLEANUP(rules_freep) struct rules *rules = NULL;

    assert_int_equal(rules_new(&rules, &options, list, n), result);
    assert_string_equal(log.text, expected);
}

#define MUST_REPORT(list, result, expected)                                                        \
    must_report((list), sizeof(list) / sizeof((list)[0]), (result), (expected))

static void reports_all_that_is_wrong(void **state)
{
    const struct rule list[] = {
        { .match = TEXT("a!"), .name = TEXT("a") },
        { .match = TEXT("a.*"), .name = TEXT("") },
        { .match = TEXT("*\\.foo"), .syntax = RULE_REGEX, .name = TEXT("foo") },
        { .match = TEXT("ok.*"),
          .name = TEXT("ok"),
          LABELS({ TEXT("good"), TEXT("$1") }, { TEXT("not good"), TEXT("") }) },
        { .match = TEXT("(a"), .syntax = RULE_REGEX, .name = TEXT("9"), .action = RULE_DROP },
    };

    MUST_REPORT(list, -EINVAL,
                "0 match 0 refused: a glob has letters, digits, '_' and '-' between its dots, or "
                "'*'; for other characters, use match_type: regex\n"
                "1 name 0 refused: a rule needs the name of the metric that it makes\n"
                "2 match 0 refused: there is nothing to repeat before * (at character 1)\n"
                "3 label 1 refused: the name of a label has letters, digits and '_'\n"
                "4 match 0 refused: a parenthesis is not closed (at character 3)\n");
}

static void warns_of_references_to_nothing(void **state)
{
    const struct rule list[] = {
        { .match = TEXT("a.*"),
          .name = TEXT("a_$2"),
          LABELS({ TEXT("x"), TEXT("$1") }, { TEXT("y"), TEXT("$1_b") }) },
        { .match = TEXT("b(.*)"), .syntax = RULE_REGEX, .name = TEXT("$1_b") },
    };

    MUST_REPORT(list, 0,
                "0 name 0 warning: $2 names no group of the match, so it stands for nothing\n"
                "0 value 1 warning: $1_b names no group of the match, so it stands for nothing; "
                "write ${1}_b\n"
                "1 name 0 warning: $1_b names no group of the match, so it stands for nothing; "
                "write ${1}_b\n");
}

static void warns_of_globs_that_never_apply(void **state)
{
    static const struct rule_tag tag = { .name = TEXT("t"), .takes_any = true };
    const struct rule list[] = {
        { .line = 3, .match = TEXT("a.*.c"), .name = TEXT("x"), .types = 1u << RULE_GAUGE },
        { .line = 4, .match = TEXT("a.*.c"), .name = TEXT("x"), .tags = &tag, .n_tags = 1 },
        { .line = 5, .match = TEXT("*.b.*"), .name = TEXT("x") },
        { .line = 6, .match = TEXT("a.b.c"), .name = TEXT("x") },
        { .line = 7, .match = TEXT("a.*.c"), .name = TEXT("x"), .types = 1u << RULE_GAUGE },
        { .line = 8, .match = TEXT("a.*.c"), .name = TEXT("x") },
    };

    MUST_REPORT(list, 0,
                "3 match 0 warning: it never applies: *.b.* (line 5) takes all of its names\n"
                "4 match 0 warning: it never applies: a.*.c (line 3) takes all of its names\n");
}

static void warns_of_captures_that_may_differ(void **state)
{
    const struct rule list[] = {
        { .match = TEXT("a(b*)*"), .syntax = RULE_REGEX, .name = TEXT("x") },
    };

    MUST_REPORT(list, 0,
                "0 match 0 warning: it repeats a group that can be empty; what this "
                "captures may differ from Go\n");
}

/* --- explaining ------------------------------------------------------------------------- */

static void note_attempt(void *ctx, const struct rules_attempt *attempt)
{
    static const char *const fates[] = { "won",     "type",  "prefix",   "length",
                                         "segment", "regex", "exceeded", "tag" };
    struct log *log = ctx;

    log->len +=
        (size_t)snprintf(log->text + log->len, sizeof(log->text) - log->len, "%.*s %s %zu%s\n",
                         (int)attempt->rule->name.len, attempt->rule->name.at, fates[attempt->fate],
                         attempt->segment, attempt->tag ? " t" : "");
}

static void says_why_the_rules_before_did_not_match(void **state)
{
    static const struct rule_tag tag = { .name = TEXT("t"), .takes_any = true };
    const struct rule list[] = {
        { .match = TEXT("^x"), .syntax = RULE_REGEX, .name = TEXT("regex_x") },
        { .match = TEXT("(a+)+c"), .syntax = RULE_REGEX, .name = TEXT("slow") },
        { .match = TEXT("a.*"), .name = TEXT("short") },
        { .match = TEXT("*.b.d"), .name = TEXT("other") },
        { .match = TEXT("*.b.*"), .name = TEXT("typed"), .types = 1u << RULE_SET },
        { .match = TEXT("*.b.*"), .name = TEXT("tagged"), .tags = &tag, .n_tags = 1 },
        { .match = TEXT("*.b.*"), .name = TEXT("profile"), .prefix = TEXT("b.") },
        { .match = TEXT("b"), .syntax = RULE_REGEX, .name = TEXT("winner") },
        { .match = TEXT("b"), .syntax = RULE_REGEX, .name = TEXT("late") },
    };
    const struct rules_options options = { 0 };
    const struct rules_limits limits = { 100, 100 };
    const struct rules_query query = { SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b.c"),
                                       RULE_COUNTER, NULL };
    CLEANUP(rules_freep) struct rules *rules = NULL;
    CLEANUP(rules_scratch_freep) struct rules_scratch *scratch = NULL;
    struct log log = { "", 0 };

    assert_int_equal(rules_new(&rules, &options, list, 9), 0);
    assert_int_equal(rules_scratch_new(&scratch, rules, &limits), 0);
    rules_explain(rules, scratch, &query, note_attempt, &log);
    assert_string_equal(log.text, "short length 0\n"
                                  "other segment 2\n"
                                  "typed type 0\n"
                                  "tagged tag 0 t\n"
                                  "profile prefix 0\n"
                                  "regex_x regex 0\n"
                                  "slow exceeded 0\n"
                                  "winner won 0\n");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(reports_all_that_is_wrong),
        CASE(warns_of_references_to_nothing),
        CASE(warns_of_globs_that_never_apply),
        CASE(warns_of_captures_that_may_differ),
        CASE(says_why_the_rules_before_did_not_match),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
