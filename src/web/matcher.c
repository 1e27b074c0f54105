/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Matcher
 *
 * Like Prometheus, a regex is compiled between "^(?s:" and ")$". It is compiled alone first, so
 * that a fault is at its place, and that "a)|(b" is refused.
 */

#include "web/matcher.h"

#include "base/buffer.h"

#include <errno.h>
#include <stdlib.h>

static int compile(struct matcher *matcher, struct regex_fault *fault)
{
    CLEANUP(buffer_deinit) struct buffer anchored = { 0 };
    CLEANUP(regex_freep) struct regex *alone = NULL;
    int r = regex_new(&alone, matcher->value, fault);

    if (r < 0)
        return r;
    buffer_add_literal(&anchored, "^(?s:");
    buffer_add(&anchored, matcher->value);
    buffer_add_literal(&anchored, ")$");
    if (anchored.has_failed)
        return -ENOMEM;
    r = regex_new(&matcher->regex, buffer_text(&anchored), fault);
    if (r < 0)
        return r;
    matcher->groups = calloc(regex_groups(matcher->regex)->n, sizeof(*matcher->groups));
    if (!matcher->groups)
        return -ENOMEM;
    return regex_scratch_new(&matcher->scratch, regex_groups(matcher->regex)->n);
}

int matcher_init(struct matcher *matcher, enum matcher_sign sign, struct slice label,
                 struct slice value, struct regex_fault *fault)
{
    char *at;

    *matcher = (struct matcher){ .sign = sign };
    matcher->text = at = malloc(label.len + value.len + 1);
    if (!matcher->text)
        return -ENOMEM;
    matcher->label = slice_put(&at, label);
    matcher->value = slice_put(&at, value);
    if (sign == MATCHER_EQUAL || sign == MATCHER_NOT_EQUAL)
        return 0;
    return compile(matcher, fault);
}

void matcher_deinit(struct matcher *matcher)
{
    regex_free(matcher->regex);
    regex_scratch_free(matcher->scratch);
    free(matcher->groups);
    free(matcher->text);
    *matcher = (struct matcher){ 0 };
}

static enum matcher_outcome outcome_of(bool holds)
{
    return holds ? MATCHER_HOLDS : MATCHER_FAILS;
}

enum matcher_outcome matcher_match(const struct matcher *matcher, struct slice value)
{
    bool is_equal = slice_equal(matcher->value, value);
    enum regex_outcome found;

    if (matcher->sign == MATCHER_EQUAL)
        return outcome_of(is_equal);
    if (matcher->sign == MATCHER_NOT_EQUAL)
        return outcome_of(!is_equal);
    found = regex_find(matcher->regex, matcher->scratch, value.len ? value : SLICE(""),
                       matcher->groups);
    if (found == REGEX_EXCEEDED)
        return MATCHER_EXCEEDED;
    return outcome_of((found == REGEX_MATCHED) == (matcher->sign == MATCHER_REGEX));
}
