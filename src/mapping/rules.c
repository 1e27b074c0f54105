/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rules
 *
 * globs.c finds the globs that match a name, all at once; regexes are tried one after the other, as
 * only they can be. The first whose types and tags fit is applied: its templates are expanded for
 * what it has captured.
 */

#include "mapping/rules.h"

#include "base/arena.h"
#include "base/regex.h"
#include "mapping/glob.h"
#include "mapping/globs.h"
#include "mapping/name.h"
#include "mapping/rule_check.h"
#include "mapping/template.h"

#include <errno.h>
#include <stdlib.h>

#define NO_RULE SIZE_MAX

/* The number of globs that are looked at to find out whether another one ever applies. */
#define TRIED_MAX 100

/* A rule, compiled. */
struct compiled {
    struct regex *regex; /* NULL: it is a glob */
    struct template_parts name;
    struct template_parts *values; /* of its labels */
};

struct rules {
    struct arena arena;
    const struct rule *list;
    struct compiled *compiled;
    size_t n;
    struct globs *globs;
    size_t *regexes; /* the indices of rules, in their order */
    size_t n_regexes;
    size_t n_groups_max; /* of a rule, with group 0 */
    size_t n_labels_max;
};

struct rules_scratch {
    struct rules_limits limits;
    struct globs_scratch *globs;
    struct regex_scratch *regex;
    struct slice *groups; /* what the rule has captured */
    struct label *labels;
    char *text; /* the name before it is escaped, then the labels' values */
    char *name;
};

/* --- compiling -------------------------------------------------------------------------- */

/* Where problems of one rule go. */
struct reporter {
    const struct rules_options *options;
    size_t rule;
    bool is_refused; /* some problem of any rule was not a warning */
};

static void report(struct reporter *reporter, enum rules_part part, size_t label, bool is_warning,
                   struct slice text)
{
    const struct rules_problem problem = { reporter->rule, part, label, is_warning, text };

    reporter->is_refused |= !is_warning;
    if (reporter->options->on_problem)
        reporter->options->on_problem(reporter->options->ctx, &problem);
}

static void report_fault(struct reporter *reporter, enum rules_part part, size_t label,
                         const char *fault)
{
    if (fault)
        report(reporter, part, label, false, slice_of(fault));
}

static void warn_of_missing(struct reporter *reporter, enum rules_part part, size_t label,
                            struct slice missing)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };

    if (missing.len == 0)
        return;
    rule_check_missing(missing, &text);
    report(reporter, part, label, true, buffer_text(&text));
}

static int compile_regex(struct rules *rules, struct reporter *reporter, struct compiled *compiled)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };
    struct slice match = rules->list[reporter->rule].match;
    struct regex_fault fault;
    int r = regex_new(&compiled->regex, match, &fault);

    if (r == -EINVAL) {
        buffer_add_format(&text, "%s (at character %zu)", fault.text, fault.at + 1);
        report(reporter, RULES_MATCH, 0, false, buffer_text(&text));
    }
    if (r == 0 && regex_groups(compiled->regex)->may_differ)
        report(
            reporter, RULES_MATCH, 0, true,
            SLICE("it repeats a group that can be empty; what this captures may differ from Go"));
    return r == -EINVAL ? 0 : r;
}

static int compile_match(struct rules *rules, struct reporter *reporter, struct compiled *compiled,
                         struct template_groups *ret)
{
    const struct rule *rule = &rules->list[reporter->rule];
    const char *fault;
    int r;

    *ret = (struct template_groups){
        .syntax = rule->syntax == RULE_GLOB ? TEMPLATE_GLOB : TEMPLATE_REGEX,
        .n = 1,
    };
    if (rule->syntax == RULE_REGEX) {
        r = compile_regex(rules, reporter, compiled);
        if (r < 0 || !compiled->regex)
            return r;
        ret->n = regex_groups(compiled->regex)->n;
        ret->names = regex_groups(compiled->regex)->names;
        rules->regexes[rules->n_regexes++] = reporter->rule;
    } else {
        fault = glob_fault(rule->match);
        report_fault(reporter, RULES_MATCH, 0, fault);
        ret->n += fault ? 0 : glob_stars(rule->match);
    }
    if (ret->n > rules->n_groups_max)
        rules->n_groups_max = ret->n;
    return 0;
}

static int compile_labels(struct rules *rules, struct reporter *reporter,
                          const struct template_groups *groups, struct compiled *compiled)
{
    const struct rule *rule = &rules->list[reporter->rule];
    struct slice missing;

    compiled->values =
        arena_alloc(&rules->arena, (rule->n_labels + 1) * sizeof(struct template_parts));
    if (!compiled->values)
        return -ENOMEM;
    for (size_t i = 0; i < rule->n_labels; i++) {
        report_fault(reporter, RULES_LABEL_NAME, i, rule_check_label(rule->labels[i].name));
        if (template_compile(&rules->arena, rule->labels[i].value, groups, &compiled->values[i],
                             &missing) < 0)
            return -ENOMEM;
        warn_of_missing(reporter, RULES_LABEL_VALUE, i, missing);
    }
    if (rule->n_labels > rules->n_labels_max)
        rules->n_labels_max = rule->n_labels;
    return 0;
}

static int compile_rule(struct rules *rules, struct reporter *reporter)
{
    const struct rule *rule = &rules->list[reporter->rule];
    struct compiled *compiled = &rules->compiled[reporter->rule];
    struct template_groups groups;
    struct slice missing;
    const char *fault;
    int r = compile_match(rules, reporter, compiled, &groups);

    if (r < 0)
        return r;
    /* Nothing is made of what is dropped. */
    if (rule->action == RULE_DROP)
        return 0;
    r = template_compile(&rules->arena, rule->name, &groups, &compiled->name, &missing);
    if (r < 0)
        return r;
    fault = rule_check_name(rule->name, &compiled->name, missing);
    report_fault(reporter, RULES_NAME, 0, fault);
    if (!fault)
        warn_of_missing(reporter, RULES_NAME, 0, missing);
    return compile_labels(rules, reporter, &groups, compiled);
}

/* Does @other take each line with one of the names of @rule? */
static bool takes_all_types(const struct rule *other, const struct rule *rule)
{
    return other->n_tags == 0 && other->prefix.len == 0 &&
           (other->types == 0 || (rule->types && (rule->types & ~other->types) == 0));
}

static void warn_of_useless(struct rules *rules, struct globs_scratch *scratch,
                            struct reporter *reporter)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };
    const struct rule *rule = &rules->list[reporter->rule], *other;
    size_t index, n_tried = 0;

    if (rule->syntax != RULE_GLOB)
        return;
    globs_find(rules->globs, scratch, rule->match, _RULE_TYPE_N);
    while (globs_next(scratch, &index) && index != reporter->rule && n_tried++ < TRIED_MAX) {
        other = &rules->list[index];
        if (!takes_all_types(other, rule))
            continue;
        buffer_add_format(&text, "it never applies: %.*s (line %u) takes all of its names",
                          (int)other->match.len, other->match.at, other->line);
        report(reporter, RULES_MATCH, 0, true, buffer_text(&text));
        return;
    }
}

static int compile_globs(struct rules *rules, struct reporter *reporter)
{
    CLEANUP(globs_scratch_freep) struct globs_scratch *scratch = NULL;
    int r = globs_new(&rules->globs, rules->list, rules->n, reporter->options->globs_are_unordered);

    if (r == 0)
        r = globs_scratch_new(&scratch, rules->globs);
    for (reporter->rule = 0; r == 0 && reporter->rule < rules->n; reporter->rule++)
        warn_of_useless(rules, scratch, reporter);
    return r;
}

static int compile(struct rules *rules, const struct rules_options *options)
{
    struct reporter reporter = { .options = options };
    int r;

    rules->n_groups_max = 1;
    rules->compiled = arena_alloc(&rules->arena, (rules->n + 1) * sizeof(*rules->compiled));
    rules->regexes = arena_alloc(&rules->arena, (rules->n + 1) * sizeof(*rules->regexes));
    if (!rules->compiled || !rules->regexes)
        return -ENOMEM;
    for (; reporter.rule < rules->n; reporter.rule++) {
        r = compile_rule(rules, &reporter);
        if (r < 0)
            return r;
    }
    return reporter.is_refused ? -EINVAL : compile_globs(rules, &reporter);
}

int rules_new(struct rules **ret, const struct rules_options *options, const struct rule *list,
              size_t n)
{
    struct rules *rules = calloc(1, sizeof(*rules));
    int r;

    if (!rules)
        return -ENOMEM;
    rules->list = list;
    rules->n = n;
    r = compile(rules, options);
    if (r < 0) {
        rules_free(rules);
        return r;
    }
    *ret = rules;
    return 0;
}

size_t rules_count(const struct rules *rules)
{
    return rules->n;
}

const struct rule *rules_item(const struct rules *rules, size_t i)
{
    return &rules->list[i];
}

void rules_free(struct rules *rules)
{
    if (!rules)
        return;
    for (size_t i = 0; rules->compiled && i < rules->n; i++)
        regex_free(rules->compiled[i].regex);
    globs_free(rules->globs);
    arena_deinit(&rules->arena);
    free(rules);
}

/* --- scratch memory --------------------------------------------------------------------- */

static bool fill_scratch(struct rules_scratch *scratch, const struct rules *rules)
{
    const struct rules_limits *limits = &scratch->limits;

    scratch->groups = calloc(rules->n_groups_max, sizeof(*scratch->groups));
    scratch->labels = calloc(rules->n_labels_max + 1, sizeof(*scratch->labels));
    scratch->text = malloc(limits->name + rules->n_labels_max * limits->label_value + 1);
    scratch->name = malloc(NAME_WRITTEN_MAX(limits->name));
    return scratch->groups && scratch->labels && scratch->text && scratch->name &&
           globs_scratch_new(&scratch->globs, rules->globs) == 0 &&
           (rules->n_regexes == 0 || regex_scratch_new(&scratch->regex, rules->n_groups_max) == 0);
}

int rules_scratch_new(struct rules_scratch **ret, const struct rules *rules,
                      const struct rules_limits *limits)
{
    struct rules_scratch *scratch = calloc(1, sizeof(*scratch));

    if (!scratch)
        return -ENOMEM;
    scratch->limits = *limits;
    if (!fill_scratch(scratch, rules)) {
        rules_scratch_free(scratch);
        return -ENOMEM;
    }
    *ret = scratch;
    return 0;
}

void rules_scratch_free(struct rules_scratch *scratch)
{
    if (!scratch)
        return;
    globs_scratch_free(scratch->globs);
    regex_scratch_free(scratch->regex);
    free(scratch->groups);
    free(scratch->labels);
    free(scratch->text);
    free(scratch->name);
    free(scratch);
}

/* --- matching --------------------------------------------------------------------------- */

static bool takes_type(const struct rule *rule, enum rule_type type)
{
    return rule->types == 0 || rule->types & 1u << type;
}

static bool has_tag(const struct labels *tags, const struct rule_tag *wanted)
{
    for (size_t i = 0; tags && i < tags->n; i++)
        if (slice_equal(tags->items[i].name, wanted->name))
            return wanted->takes_any || slice_equal(tags->items[i].value, wanted->value);
    return false;
}

/* The first tag of @rule that is missing, or NULL. */
static const struct rule_tag *missing_tag(const struct rule *rule, const struct labels *tags)
{
    for (size_t i = 0; i < rule->n_tags; i++)
        if (!has_tag(tags, &rule->tags[i]))
            return &rule->tags[i];
    return NULL;
}

static bool takes_beginning(const struct rule *rule, struct slice name)
{
    return rule->prefix.len == 0 || slice_starts_with(name, rule->prefix);
}

/* Is @rule, whose match fits, for @query? */
static bool fits(const struct rule *rule, const struct rules_query *query)
{
    return takes_beginning(rule, query->name) && !missing_tag(rule, query->tags);
}

static size_t find_glob(const struct rules *rules, struct rules_scratch *scratch,
                        const struct rules_query *query)
{
    size_t index;

    globs_find(rules->globs, scratch->globs, query->name, query->type);
    while (globs_next(scratch->globs, &index))
        if (fits(&rules->list[index], query)) {
            globs_captures(scratch->globs, scratch->groups);
            return index;
        }
    return NO_RULE;
}

static size_t find_regex(const struct rules *rules, struct rules_scratch *scratch,
                         const struct rules_query *query, unsigned *n_exceeded)
{
    for (size_t i = 0; i < rules->n_regexes; i++) {
        size_t index = rules->regexes[i];
        const struct rule *rule = &rules->list[index];
        enum regex_outcome outcome;

        if (!takes_type(rule, query->type) || !fits(rule, query))
            continue;
        outcome =
            regex_find(rules->compiled[index].regex, scratch->regex, query->name, scratch->groups);
        if (outcome == REGEX_MATCHED)
            return index;
        *n_exceeded += outcome == REGEX_EXCEEDED;
    }
    return NO_RULE;
}

static enum rules_outcome expand(const struct rules *rules, struct rules_scratch *scratch,
                                 size_t index, struct rules_match *ret)
{
    const struct compiled *compiled = &rules->compiled[index];
    const struct rules_limits *limits = &scratch->limits;
    char *out = scratch->text + limits->name;
    struct slice name;

    if (!template_expand(&compiled->name, scratch->groups, scratch->text, limits->name, &name))
        return RULES_TOO_LONG;
    for (size_t i = 0; i < ret->rule->n_labels; i++, out += limits->label_value) {
        scratch->labels[i].name = ret->rule->labels[i].name;
        if (!template_expand(&compiled->values[i], scratch->groups, out, limits->label_value,
                             &scratch->labels[i].value))
            return RULES_TOO_LONG;
    }
    ret->name = name_write(scratch->name, name);
    ret->labels = scratch->labels;
    ret->n_labels = ret->rule->n_labels;
    return name.len ? RULES_MATCHED : RULES_NO_NAME;
}

enum rules_outcome rules_match(const struct rules *rules, struct rules_scratch *scratch,
                               const struct rules_query *query, struct rules_match *ret)
{
    size_t index = find_glob(rules, scratch, query);

    *ret = (struct rules_match){ 0 };
    if (index == NO_RULE)
        index = find_regex(rules, scratch, query, &ret->n_exceeded);
    if (index == NO_RULE)
        return RULES_NO_MATCH;
    ret->rule = &rules->list[index];
    if (ret->rule->action == RULE_DROP)
        return RULES_MATCHED;
    return expand(rules, scratch, index, ret);
}

/* --- explaining ------------------------------------------------------------------------- */

/* What rules_explain() was called with. */
struct explanation {
    const struct rules *rules;
    struct rules_scratch *scratch;
    const struct rules_query *query;
    rules_on_attempt *on_attempt;
    void *ctx;
};

/* Whether the match of a rule fits; RULES_FATE_WON if it does. */
static enum rules_fate try_match(const struct explanation *to, size_t index, size_t *ret_segment)
{
    const struct regex *regex = to->rules->compiled[index].regex;
    struct slice match = to->rules->list[index].match;

    if (regex)
        switch (regex_find(regex, to->scratch->regex, to->query->name, to->scratch->groups)) {
        case REGEX_MATCHED: return RULES_FATE_WON;
        case REGEX_NO_MATCH: return RULES_FATE_REGEX;
        case REGEX_EXCEEDED: return RULES_FATE_EXCEEDED;
        }
    if (glob_segments(match) != glob_segments(to->query->name))
        return RULES_FATE_LENGTH;
    *ret_segment = glob_difference(match, to->query->name);
    return *ret_segment == SIZE_MAX ? RULES_FATE_WON : RULES_FATE_SEGMENT;
}

/* Returns whether the rule won. */
static bool explain_rule(const struct explanation *to, size_t index)
{
    struct rules_attempt attempt = { .rule = &to->rules->list[index] };

    attempt.fate = try_match(to, index, &attempt.segment);
    if (attempt.fate != RULES_FATE_SEGMENT)
        attempt.segment = 0;
    if (attempt.fate == RULES_FATE_WON && !takes_type(attempt.rule, to->query->type))
        attempt.fate = RULES_FATE_TYPE;
    if (attempt.fate == RULES_FATE_WON && !takes_beginning(attempt.rule, to->query->name))
        attempt.fate = RULES_FATE_PREFIX;
    if (attempt.fate == RULES_FATE_WON) {
        attempt.tag = missing_tag(attempt.rule, to->query->tags);
        if (attempt.tag)
            attempt.fate = RULES_FATE_TAG;
    }
    to->on_attempt(to->ctx, &attempt);
    return attempt.fate == RULES_FATE_WON;
}

void rules_explain(const struct rules *rules, struct rules_scratch *scratch,
                   const struct rules_query *query, rules_on_attempt *on_attempt, void *ctx)
{
    const struct explanation to = { rules, scratch, query, on_attempt, ctx };
    bool has_won = false;
    size_t index;

    for (size_t i = 0; !has_won && globs_at(rules->globs, i, &index); i++)
        has_won = explain_rule(&to, index);
    for (size_t i = 0; !has_won && i < rules->n_regexes; i++)
        has_won = explain_rule(&to, rules->regexes[i]);
}
