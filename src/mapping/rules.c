/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rules
 *
 * Compiled rules are made of parts that know one subject each. This file puts them together.
 */

#include "mapping/rules.h"

#include <errno.h>
#include <stdlib.h>

struct rules {
    const struct rule *list;
    size_t n;
};

struct rules_scratch {
    struct rules_limits limits;
};

int rules_new(struct rules **ret, const struct rules_options *options, const struct rule *list,
              size_t n)
{
    struct rules *rules = calloc(1, sizeof(*rules));

    if (!rules)
        return -ENOMEM;
    *rules = (struct rules){ list, n };
    *ret = rules;
    return 0;
}

void rules_free(struct rules *rules)
{
    free(rules);
}

int rules_scratch_new(struct rules_scratch **ret, const struct rules *rules,
                      const struct rules_limits *limits)
{
    struct rules_scratch *scratch = calloc(1, sizeof(*scratch));

    if (!scratch)
        return -ENOMEM;
    scratch->limits = *limits;
    *ret = scratch;
    return 0;
}

void rules_scratch_free(struct rules_scratch *scratch)
{
    free(scratch);
}

enum rules_outcome rules_match(const struct rules *rules, struct rules_scratch *scratch,
                               const struct rules_query *query, struct rules_match *ret)
{
    *ret = (struct rules_match){ 0 };
    return RULES_NO_MATCH;
}

void rules_explain(const struct rules *rules, struct rules_scratch *scratch,
                   const struct rules_query *query, rules_on_attempt *on_attempt, void *ctx)
{
}
