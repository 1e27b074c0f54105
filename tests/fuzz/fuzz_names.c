/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz names: a file that says something about names, to a mapping or to problems
 *
 * Any tree gives either a mapping and no problem, or problems and no mapping, whether it is read as
 * a config file or as a mapping file. What the mapping holds is what other modules rely on: names
 * that Prometheus accepts, in order and each once, bounds that ascend, labels that are sorted.
 */

#include "fuzz.h"

#include "base/metric_spec.h"
#include "config/mapping_file.h"
#include "config/names_file.h"
#include "config/naming.h"

#include <math.h>

static void check_spec(const struct metric_spec *spec)
{
    if (!spec)
        return;
    MUST(spec->ttl_ns >= 0 || spec->ttl_ns == SPEC_TTL_DEFAULT);
    if (spec->native) {
        MUST(spec->native->schema >= -4 && spec->native->schema <= 8);
        MUST_BE(spec->native->max_buckets, <=, (unsigned)NATIVE_BUCKETS_MAX);
        MUST(isfinite(spec->native->zero_threshold) && spec->native->zero_threshold >= 0);
    }
    if (!spec->buckets)
        return;
    MUST(spec->buckets->n > 0 || (spec->native && spec->native->max_buckets > 0));
    MUST_BE(spec->buckets->n, <=, (unsigned)BUCKETS_MAX);
    for (unsigned i = 0; i < spec->buckets->n; i++) {
        MUST(isfinite(spec->buckets->bounds[i]));
        MUST(i == 0 || spec->buckets->bounds[i - 1] < spec->buckets->bounds[i]);
    }
}

static void check_labels(const struct label *labels, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        MUST(fuzz_is_name(labels[i].name));
        MUST(i == 0 || slice_compare(labels[i - 1].name, labels[i].name) <= 0);
    }
}

static void check_metric(const struct metric *metric)
{
    MUST(fuzz_is_name(metric->name));
    MUST(metric->type < METRIC_NONE);
    MUST(metric->spec != NULL);
    check_spec(metric->spec);
    check_labels(metric->constants, metric->n_constants);
    for (size_t i = 0; i < metric->n_labels; i++)
        MUST(metric_takes_label(metric, metric->labels[i]));
    for (size_t i = 0; i < metric->n_initial; i++)
        check_labels(metric->initial[i].labels, metric->initial[i].n);
}

static void check_rules(const struct draft *draft)
{
    MUST_BE(draft->rules.n, ==, draft->nodes.n);
    for (size_t i = 0; i < draft->rules.n; i++) {
        const struct rule *rule = DRAFT_ITEM(draft->rules, struct rule, i);

        MUST(rule->match.len > 0);
        MUST(rule->name.len > 0 || rule->action == RULE_DROP);
        check_spec(rule->spec);
        for (size_t j = 1; j < rule->n_labels; j++)
            for (size_t k = 0; k < j; k++)
                MUST(!slice_equal(rule->labels[j].name, rule->labels[k].name));
    }
}

static void check_mapping(const struct mapping *mapping)
{
    const struct mapping_parts *parts = mapping_parts(mapping);

    for (size_t i = 0; i < parts->n_metrics; i++) {
        check_metric(&parts->metrics[i]);
        MUST(mapping_find(mapping, parts->metrics[i].name) == &parts->metrics[i]);
    }
}

/* Read the tree, which @draft keeps. An included file would be on this machine's disk. */
static void read_root(struct draft *draft, const struct node *root, bool is_mapping_file)
{
    draft_enter(draft, "f");
    if (is_mapping_file)
        mapping_file_read_node(draft, root);
    else if (root->shape == NODE_MAP && !field_has_key(root, "include"))
        names_file_read(draft, "f", root);
}

static void read_bytes(struct slice bytes, bool is_mapping_file)
{
    CLEANUP(problems_deinit) struct problems problems = { .path = "f" };
    CLEANUP(problems_deinit) struct problems warnings = { 0 };
    struct document *document = document_parse(bytes, &problems);
    struct mapping *mapping;
    struct draft draft;

    problems.warnings = &warnings;
    draft_init(&draft, &problems, 1);
    draft_keep(&draft, document);
    if (document && document_root(document))
        read_root(&draft, document_root(document), is_mapping_file);
    naming_check(&draft);
    check_rules(&draft);
    mapping = draft_finish(&draft);
    if (document)
        MUST((mapping != NULL) == (problems.n == 0 && draft.says_something));
    if (mapping)
        check_mapping(mapping);
    mapping_unref(mapping);
    draft_deinit(&draft);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = { (const char *)data, size };

    read_bytes(bytes, false);
    read_bytes(bytes, true);
    return 0;
}
