/* SPDX-License-Identifier: Apache-2.0 */

#include "rule_list.h"
#include "unit.h"

#include "mapping/label_rule.h"

#include <stdio.h>

/* What was told, and what came out, as text. */
struct log {
    char text[1024];
    size_t len;
};

static void note(void *ctx, enum label_fate fate, const struct label *before,
                 const struct label *after)
{
    static const char *const fates[] = { "dropped", "renamed", "replaced", "hidden" };
    struct log *log = ctx;

    log->len += (size_t)snprintf(
        log->text + log->len, sizeof(log->text) - log->len, "%s %.*s=%.*s->%.*s=%.*s;", fates[fate],
        (int)before->name.len, before->name.at, (int)before->value.len, before->value.at,
        (int)after->name.len, after->name.at, (int)after->value.len, after->value.at);
}

static struct labels sent(void)
{
    return (struct labels){
        .items = { { TEXT("env"), TEXT("prod") },
                   { TEXT("host"), TEXT("h1") },
                   { TEXT("user"), TEXT("u9") } },
        .n = 3,
    };
}

/* Apply @rules to env="prod", host="h1" and user="u9". */
static void must_become(struct label_rules rules, const char *expected, const char *expected_trace)
{
    struct log log = { "", 0 };
    const struct label_rules_trace trace = { &log, note };
    struct labels labels = sent(), again = sent();
    char out[256];
    struct slice text;

    label_rules_sort(&rules);
    label_rules_apply(&rules, &labels, &trace);
    labels_sort(&labels);
    text = labels_write(&labels, out);
    if (!slice_equal(text, slice_of(expected)))
        fail_msg("%.*s instead of %s", (int)text.len, text.at, expected);
    assert_string_equal(log.text, expected_trace);
    label_rules_apply(&rules, &again, NULL);
    assert_int_equal(again.n, labels.n);
}

static void no_rules_change_nothing(void **state)
{
    must_become((struct label_rules){ 0 }, "env=\"prod\",host=\"h1\",user=\"u9\"", "");
}

static void labels_are_dropped_by_name(void **state)
{
    struct slice drop[] = { TEXT("user"), TEXT("zone"), TEXT("host") };

    must_become((struct label_rules){ .drop = drop, .n_drop = 3 }, "env=\"prod\"",
                "dropped host=h1->host=h1;dropped user=u9->user=u9;");
}

static void all_labels_but_those_to_keep_are_dropped(void **state)
{
    struct slice keep[] = { TEXT("zone"), TEXT("host"), TEXT("env") };
    struct slice drop[] = { TEXT("env") };

    must_become((struct label_rules){ .has_keep = true, .keep = keep, .n_keep = 3 },
                "env=\"prod\",host=\"h1\"", "dropped user=u9->user=u9;");
    must_become(
        (struct label_rules){
            .drop = drop, .n_drop = 1, .has_keep = true, .keep = keep, .n_keep = 3 },
        "host=\"h1\"", "dropped env=prod->env=prod;dropped user=u9->user=u9;");
    must_become((struct label_rules){ .has_keep = true }, "",
                "dropped env=prod->env=prod;dropped host=h1->host=h1;dropped user=u9->user=u9;");
}

static void labels_are_renamed(void **state)
{
    struct label_rename renames[] = { { TEXT("user"), TEXT("account") },
                                      { TEXT("env"), TEXT("environment") },
                                      { TEXT("zone"), TEXT("region") } };

    must_become((struct label_rules){ .renames = renames, .n_renames = 3 },
                "account=\"u9\",environment=\"prod\",host=\"h1\"",
                "renamed env=prod->environment=prod;renamed user=u9->account=u9;");
}

static void two_names_may_be_exchanged(void **state)
{
    struct label_rename renames[] = { { TEXT("user"), TEXT("host") },
                                      { TEXT("host"), TEXT("user") } };

    must_become((struct label_rules){ .renames = renames, .n_renames = 2 },
                "env=\"prod\",host=\"u9\",user=\"h1\"",
                "renamed host=h1->user=h1;renamed user=u9->host=u9;");
}

static void a_label_that_has_the_name_already_stays(void **state)
{
    struct label_rename renames[] = { { TEXT("env"), TEXT("user") } };
    struct label_rename both[] = { { TEXT("env"), TEXT("x") }, { TEXT("user"), TEXT("x") } };

    must_become((struct label_rules){ .renames = renames, .n_renames = 1 },
                "host=\"h1\",user=\"u9\"", "hidden env=prod->env=prod;");
    must_become((struct label_rules){ .renames = both, .n_renames = 2 }, "host=\"h1\",x=\"prod\"",
                "renamed env=prod->x=prod;hidden user=u9->user=u9;");
}

static void values_that_are_not_allowed_become_another(void **state)
{
    struct slice environments[] = { TEXT("test"), TEXT("prod") };
    struct slice users[] = { TEXT("u2"), TEXT("u1") };
    struct label_values values[] = {
        { TEXT("user"), users, 2, TEXT("other") },
        { TEXT("env"), environments, 2, TEXT("other") },
        { TEXT("host"), NULL, 0, { NULL, 0 } },
        { TEXT("zone"), NULL, 0, TEXT("other") },
    };

    must_become((struct label_rules){ .values = values, .n_values = 4 },
                "env=\"prod\",user=\"other\"",
                "dropped host=h1->host=h1;replaced user=u9->user=other;");
}

static void values_are_those_of_the_new_name(void **state)
{
    struct slice users[] = { TEXT("u1") };
    struct label_rename renames[] = { { TEXT("user"), TEXT("account") } };
    struct label_values values[] = { { TEXT("account"), users, 1, TEXT("-") },
                                     { TEXT("user"), users, 1, TEXT("!") } };

    must_become(
        (struct label_rules){ .renames = renames, .n_renames = 1, .values = values, .n_values = 2 },
        "account=\"-\",env=\"prod\",host=\"h1\"",
        "renamed user=u9->account=u9;replaced account=u9->account=-;");
}

static void the_substitute_is_allowed_by_itself(void **state)
{
    struct label_values values[] = { { TEXT("user"), NULL, 0, TEXT("u9") } };

    must_become((struct label_rules){ .values = values, .n_values = 1 },
                "env=\"prod\",host=\"h1\",user=\"u9\"", "");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(no_rules_change_nothing),
        CASE(labels_are_dropped_by_name),
        CASE(all_labels_but_those_to_keep_are_dropped),
        CASE(labels_are_renamed),
        CASE(two_names_may_be_exchanged),
        CASE(a_label_that_has_the_name_already_stays),
        CASE(values_that_are_not_allowed_become_another),
        CASE(values_are_those_of_the_new_name),
        CASE(the_substitute_is_allowed_by_itself),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
