/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "mapping/rules.h"

static void no_rules_match_nothing(void **state)
{
    const struct rules_options options = { 0 };
    const struct rules_limits limits = { 100, 100 };
    const struct rules_query query = { .name = SLICE("a.b"), .type = RULE_COUNTER };
    CLEANUP(rules_freep) struct rules *rules = NULL;
    CLEANUP(rules_scratch_freep) struct rules_scratch *scratch = NULL;
    struct rules_match match;

    assert_int_equal(rules_new(&rules, &options, NULL, 0), 0);
    assert_int_equal(rules_scratch_new(&scratch, rules, &limits), 0);
    assert_int_equal(rules_match(rules, scratch, &query, &match), RULES_NO_MATCH);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(no_rules_match_nothing),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
