/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Name check
 *
 * A registry is asked for a series of each name, so the answer is what samples would get. The
 * registry knows the reserved names, and which names a histogram or summary takes; this file need
 * not.
 */

#include "daemon/name_check.h"

#include "aggregate/registry.h"
#include "base/buckets.h"
#include "base/buffer.h"
#include "config/config.h"
#include "daemon/options.h"
#include "mapping/mapping.h"
#include "mapping/name.h"
#include "web/scraper_names.h"

struct check {
    const struct mapping *mapping;
    struct buckets *buckets; /* any */
    struct registry *registry;
};

/* What the config wants to have a name, and where it says so. */
struct subject {
    struct slice name; /* a Prometheus name */
    enum metric_type type;
    enum observer observer; /* OBSERVER_SUMMARY for a summary */
    struct slice file;
    struct place place;
};

static void check_deinit(struct check *check)
{
    registry_free(check->registry);
    buckets_free(check->buckets);
}

/* --- asking ----------------------------------------------------------------------------- */

static int make_registry(struct check *check, const struct settings *settings)
{
    const struct reserved_names reserved = options_reserved_names(settings);
    struct registry_options options = {
        .n_workers = 1,
        .max_series = SIZE_MAX,
        .max_bytes = SIZE_MAX,
    };
    int r = buckets_new(&check->buckets, buckets_default_bounds, 1);

    options.buckets = check->buckets;
    if (r == 0)
        r = registry_new(&check->registry, &options);
    return r < 0 ? r : reserved_names_claim(check->registry, &reserved);
}

static enum verdict ask(const struct check *check, const struct subject *subject)
{
    const struct metric_spec spec = {
        .ttl_ns = SPEC_TTL_DEFAULT,
        .observer = subject->observer,
    };
    const struct identity identity = {
        .type = sample_type_for(subject->type),
        .is_type_declared = true,
        .spec = &spec,
        .generation = 1,
        .family = subject->name,
        .weight = 1,
    };

    return registry_declare(check->registry, &identity);
}

/* --- answers ---------------------------------------------------------------------------- */

static void complain(const struct subject *subject, struct problems *problems, const char *why)
{
    problems->path = subject->file.at;
    problems_add(problems, subject->place, "%.*s: %s", (int)subject->name.len, subject->name.at,
                 why);
    problems->path = NULL;
}

static void complain_of_reserved(const struct subject *subject, struct problems *problems)
{
    complain(subject, problems,
             scraper_names_have(subject->name)
                 ? "all samples of this name are refused, because Prometheus makes series of it "
                   "itself; choose another name"
                 : "all samples of this name are refused, because it is one of udometer's own "
                   "metrics; choose another name, or set web.self-metrics-path");
}

/*
 * Say how the names of @subject and @holder meet: one is a histogram or a summary, the other a part
 * of it.
 */
static void add_taken(const struct subject *subject, const struct metric *holder,
                      struct buffer *out)
{
    if (subject->name.len > holder->name.len)
        buffer_add_format(out, "the %s %.*s, declared at %.*s:%u:%u, has series of this name",
                          metric_type_name(holder->type), (int)holder->name.len, holder->name.at,
                          (int)holder->file.len, holder->file.at, holder->line, holder->column);
    else
        buffer_add_format(out, "as a %s it has series of the name %.*s, declared at %.*s:%u:%u",
                          subject->observer == OBSERVER_SUMMARY ? "summary" : "histogram",
                          (int)holder->name.len, holder->name.at, (int)holder->file.len,
                          holder->file.at, holder->line, holder->column);
    buffer_add_literal(out, "; there can only be one of the two, so rename one");
}

/* The name is taken: by a metric that is declared, or by another rule, which does not matter. */
static void complain_of_taken(const struct check *check, const struct subject *subject,
                              struct problems *problems)
{
    CLEANUP(buffer_deinit) struct buffer why = { 0 };
    const struct metric *holder;
    struct conflict conflict;

    if (!registry_latest_conflict(check->registry, &conflict))
        return;
    holder = mapping_find(check->mapping, slice_of(conflict.held_by));
    if (!holder)
        return;
    add_taken(subject, holder, &why);
    buffer_add_char(&why, '\0');
    if (!why.has_failed)
        complain(subject, problems, why.data);
}

static void check_subject(const struct check *check, const struct subject *subject,
                          struct problems *problems)
{
    enum verdict verdict = ask(check, subject);

    if (verdict == REFUSED_RESERVED_NAME)
        complain_of_reserved(subject, problems);
    if (verdict == REFUSED_TYPE_CONFLICT)
        complain_of_taken(check, subject, problems);
}

/* --- metrics and rules -------------------------------------------------------------------- */

static void check_metric(const struct check *check, const struct metric *metric,
                         struct problems *problems)
{
    const struct subject subject = { metric->name,
                                     metric->type,
                                     metric->spec->observer,
                                     metric->file,
                                     { metric->line, metric->column } };

    check_subject(check, &subject, problems);
}

/* What the metric of a rule is; of a rule for several types, a counter. */
static enum metric_type type_of(const struct rule *rule)
{
    unsigned type = 0;

    while (type < _METRIC_TYPE_N &&
           rule->types != 1u << rule_type_of(sample_type_for((enum metric_type)type)))
        type++;
    return type < _METRIC_TYPE_N ? (enum metric_type)type : METRIC_COUNTER;
}

static void check_rule(const struct check *check, const struct rule *rule,
                       struct problems *problems)
{
    CLEANUP(buffer_deinit) struct buffer name = { 0 };
    struct subject subject = { .type = type_of(rule),
                               .observer = rule->spec ? rule->spec->observer : OBSERVER_DEFAULT,
                               .file = rule->file,
                               .place = { rule->line, rule->column } };

    if (!rule_has_fixed_name(rule) || !buffer_reserve(&name, NAME_WRITTEN_MAX(rule->name.len)))
        return;
    subject.name = name_write(name.data, rule->name);
    /* The metric has been checked. */
    if (!mapping_find(check->mapping, subject.name))
        check_subject(check, &subject, problems);
}

int name_check_run(const struct settings *settings, struct problems *of_metrics,
                   struct problems *of_rules)
{
    CLEANUP(check_deinit) struct check check = { .mapping = config_mapping(settings) };
    const struct mapping_parts *parts;
    int r;

    if (!check.mapping)
        return 0;
    r = make_registry(&check, settings);
    if (r < 0)
        return r;
    parts = mapping_parts(check.mapping);
    /* In the order of names, so what a histogram takes besides its own comes after it. */
    for (size_t i = 0; i < parts->n_metrics; i++)
        check_metric(&check, &parts->metrics[i], of_metrics);
    for (size_t i = 0; i < mapping_n_rules(check.mapping); i++)
        check_rule(&check, rules_item(parts->rules, i), of_rules);
    problems_sort(of_metrics);
    problems_sort(of_rules);
    return 0;
}
