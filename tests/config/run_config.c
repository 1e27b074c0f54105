/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Config cases: files in, their meaning and their problems out, as data
 *
 * For each case <case>.yml of a folder, what the reader makes of it must equal <case>.out byte for
 * byte: in the folder "mapping" it is read as a mapping file, in others as a config file. If there
 * is a <case>.in, its lines are received with the mapping, and the page of a scrape follows. Errors
 * and warnings come last, with their places. With --update the .out files are written instead; read
 * the difference before you commit it.
 */

#include "base/labels.h"
#include "base/metric_spec.h"
#include "base/treatment.h"
#include "config/mapping_file.h"
#include "config/names_file.h"
#include "config/naming.h"
#include "config/settings_file.h"
#include "golden.h"
#include "mapping/label_rule.h"
#include "series.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define S(slice) (int)(slice).len, (slice).at

/* --- what was read ---------------------------------------------------------------------- */

static void add_doubles(const char *what, const struct buckets *buckets, struct buffer *out)
{
    if (!buckets)
        return;
    buffer_add_format(out, "    %s", what);
    for (unsigned i = 0; i < buckets->n; i++) {
        buffer_add_char(out, ' ');
        buffer_add_double(out, buckets->bounds[i]);
    }
    buffer_add_char(out, '\n');
}

static void add_native(const struct native_options *native, struct buffer *out)
{
    if (!native)
        return;
    if (native->max_buckets == 0)
        buffer_add_literal(out, "    native no");
    else
        buffer_add_format(out, "    native schema %d, at most %u, zero up to %g", native->schema,
                          native->max_buckets, native->zero_threshold);
    buffer_add_char(out, '\n');
}

static void add_summary(const struct metric_spec *spec, struct buffer *out)
{
    const struct quantiles *quantiles = spec->quantiles;

    if (quantiles)
        buffer_add_literal(out, "    quantiles");
    for (unsigned i = 0; quantiles && i < quantiles->n; i++) {
        buffer_add_char(out, ' ');
        buffer_add_double(out, quantiles->at[i]);
    }
    if (quantiles)
        buffer_add_char(out, '\n');
    if (spec->max_age_ns)
        buffer_add_format(out, "    max_age %gs\n", (double)spec->max_age_ns / 1e9);
    if (spec->n_ages)
        buffer_add_format(out, "    age_buckets %u\n", spec->n_ages);
}

static void add_spec(const struct metric_spec *spec, struct buffer *out)
{
    if (!spec)
        return;
    if (spec->help.len)
        buffer_add_format(out, "    help %.*s\n", S(spec->help));
    if (spec->unit.len)
        buffer_add_format(out, "    unit %.*s\n", S(spec->unit));
    if (spec->ttl_ns == 0)
        buffer_add_literal(out, "    ttl never\n");
    else if (spec->ttl_ns != SPEC_TTL_DEFAULT)
        buffer_add_format(out, "    ttl %gs\n", (double)spec->ttl_ns / 1e9);
    if (spec->max_series)
        buffer_add_format(out, "    max_series %zu\n", spec->max_series);
    add_doubles("buckets", spec->buckets, out);
    add_native(spec->native, out);
    add_summary(spec, out);
}

static void add_treatment(const struct treatment *treatment, struct buffer *out)
{
    static const char *const gauges[] = { "by listener", "absolute", "relative" };

    if (!treatment)
        return;
    buffer_add_literal(out, "    scale ");
    buffer_add_double(out, treatment->scale);
    buffer_add_format(out, ", gauge %s", gauges[treatment->gauge]);
    if (treatment->counter != TREATMENT_COUNTER_BY_LISTENER)
        buffer_add_format(out, ", counter %s",
                          treatment->counter == TREATMENT_COUNTER_ABSOLUTE ? "absolute"
                                                                           : "increment");
    buffer_add_char(out, '\n');
    for (size_t i = 0; i < treatment->n_words; i++)
        buffer_add_format(out, "    word %.*s = %g\n", S(treatment->words[i].word),
                          treatment->words[i].number);
}

static void add_texts(const char *what, const struct slice *texts, size_t n, struct buffer *out)
{
    buffer_add(out, slice_of(what));
    for (size_t i = 0; i < n; i++)
        buffer_add_format(out, " %.*s", S(texts[i]));
    buffer_add_char(out, '\n');
}

static void add_label_rules(const struct label_rules *rules, struct buffer *out)
{
    if (!rules)
        return;
    if (rules->n_drop)
        add_texts("    drop labels", rules->drop, rules->n_drop, out);
    if (rules->has_keep)
        add_texts("    keep labels", rules->keep, rules->n_keep, out);
    for (size_t i = 0; i < rules->n_renames; i++)
        buffer_add_format(out, "    rename label %.*s to %.*s\n", S(rules->renames[i].from),
                          S(rules->renames[i].to));
    for (size_t i = 0; i < rules->n_values; i++) {
        buffer_add_format(out, "    label %.*s is %.*s, or", S(rules->values[i].label),
                          S(rules->values[i].other));
        add_texts("", rules->values[i].allowed, rules->values[i].n_allowed, out);
    }
}

static void add_rule(const struct rule *rule, struct buffer *out)
{
    static const char *const observers[] = { "", ", histograms", ", summaries" };
    static const char *const types[] = { "counter", "gauge", "observer", "set" };

    buffer_add_format(out, "%u:%u: %s %.*s", rule->line, rule->column,
                      rule->syntax == RULE_GLOB ? "glob" : "regex", S(rule->match));
    for (unsigned i = 0; i < _RULE_TYPE_N; i++)
        if (rule->types & (1u << i))
            buffer_add_format(out, " (only %s)", types[i]);
    if (rule->prefix.len)
        buffer_add_format(out, " (only after %.*s)", S(rule->prefix));
    if (rule->action == RULE_DROP)
        buffer_add_literal(out, " -> drop\n");
    else
        buffer_add_format(out, " -> %.*s%s%s\n", S(rule->name), observers[rule->observer],
                          rule->honors_labels ? ", honors labels" : "");
    for (size_t i = 0; i < rule->n_tags; i++)
        buffer_add_format(out, "    tag %.*s = %.*s\n", S(rule->tags[i].name),
                          rule->tags[i].takes_any ? 5 : (int)rule->tags[i].value.len,
                          rule->tags[i].takes_any ? "(any)" : rule->tags[i].value.at);
    for (size_t i = 0; i < rule->n_labels; i++)
        buffer_add_format(out, "    label %.*s = %.*s\n", S(rule->labels[i].name),
                          S(rule->labels[i].value));
    add_spec(rule->spec, out);
    add_treatment(rule->treatment, out);
    add_label_rules(rule->label_rules, out);
}

static void add_labels(const struct label *labels, size_t n, struct buffer *out)
{
    for (size_t i = 0; i < n; i++)
        buffer_add_format(out, " %.*s=%.*s", S(labels[i].name), S(labels[i].value));
    buffer_add_char(out, '\n');
}

static void add_metric(const struct metric *metric, struct buffer *out)
{
    buffer_add_format(out, "%u:%u: %s %.*s\n", metric->line, metric->column,
                      metric_type_name(metric->type), S(metric->name));
    if (!metric->takes_any_label) {
        buffer_add_literal(out, "    labels");
        for (size_t i = 0; i < metric->n_labels; i++)
            buffer_add_format(out, " %.*s", S(metric->labels[i]));
        buffer_add_char(out, '\n');
    }
    if (metric->n_constants) {
        buffer_add_literal(out, "    always");
        add_labels(metric->constants, metric->n_constants, out);
    }
    for (size_t i = 0; i < metric->n_initial; i++) {
        buffer_add_literal(out, "    initial");
        add_labels(metric->initial[i].labels, metric->initial[i].n, out);
    }
    add_spec(metric->spec, out);
    add_treatment(metric->treatment, out);
    add_label_rules(metric->label_rules, out);
}

static void add_test(const struct draft_test *test, struct buffer *out)
{
    buffer_add_format(out, "%u:%u: test %.*s\n", test->place.line, test->place.column,
                      S(test->name));
    for (size_t i = 0; i < test->n_send; i++)
        buffer_add_format(out, "    send %.*s\n", S(test->send[i]));
    for (size_t i = 0; i < test->n_expect; i++)
        buffer_add_format(out, "    expect %.*s\n", S(test->expect[i]));
}

static void add_draft(const struct draft *draft, struct buffer *out)
{
    static const char *const undeclared[] = { "accept", "drop" };
    static const char *const labels[] = { "keep", "drop", "refuse" };

    if (draft->globs_are_unordered)
        buffer_add_literal(out, "the most specific glob wins\n");
    if (draft->undeclared)
        buffer_add_format(out, "undeclared: %s\n", undeclared[draft->undeclared]);
    if (draft->undeclared_labels)
        buffer_add_format(out, "undeclared_labels: %s\n", labels[draft->undeclared_labels]);
    if (draft->label_rules)
        buffer_add_literal(out, "all lines:\n");
    add_label_rules(draft->label_rules, out);
    for (size_t i = 0; i < draft->metrics.n; i++)
        add_metric(DRAFT_ITEM(draft->metrics, struct metric, i), out);
    if (metric_spec_is_said(&draft->unmatched)) {
        buffer_add_literal(out, "names without a rule:\n");
        add_spec(&draft->unmatched, out);
    }
    for (size_t i = 0; i < draft->rules.n; i++)
        add_rule(DRAFT_ITEM(draft->rules, struct rule, i), out);
    for (size_t i = 0; i < draft->tests.n; i++)
        add_test(DRAFT_ITEM(draft->tests, struct draft_test, i), out);
}

/* --- a case ------------------------------------------------------------------------------ */

static void read_config(struct draft *draft, const char *path, struct problems *problems)
{
    CLEANUP(settings_deinit) struct settings settings = { 0 };
    struct document *document = document_read(path, "--config.file", problems);

    if (settings_init(&settings) < 0)
        abort();
    if (!document)
        return;
    (void)!settings_file_apply(&settings, document, problems);
    draft_keep(draft, document);
    if (document_root(document) && document_root(document)->shape == NODE_MAP)
        names_file_read(draft, path, document_root(document));
}

static void add_series(struct mapping *mapping, struct slice lines, struct buffer *out)
{
    struct slice rest = lines;

    while (rest.len) {
        struct slice line = slice_cut(&rest, '\n');

        buffer_add_format(out, "sent: %.*s\n", S(line));
    }
    series_write(mapping, lines, out);
}

static void run_case(const char *path, struct slice lines, bool is_mapping, struct buffer *out)
{
    CLEANUP(problems_deinit) struct problems problems = { 0 };
    CLEANUP(problems_deinit) struct problems warnings = { 0 };
    struct mapping *mapping;
    struct draft draft;

    problems.warnings = &warnings;
    draft_init(&draft, &problems, 1);
    if (is_mapping)
        mapping_file_read(&draft, path, "--statsd.mapping-config");
    else
        read_config(&draft, path, &problems);
    naming_check(&draft);
    mapping = draft_finish(&draft);
    if (problems.n == 0)
        add_draft(&draft, out);
    /* Only a file that says something gives a mapping, and only one without problems. */
    if ((mapping != NULL) != (problems.n == 0 && draft.says_something))
        abort();
    if (problems.n == 0 && lines.len)
        add_series(mapping, lines, out);
    mapping_unref(mapping);
    draft_deinit(&draft);
    problems_sort(&problems);
    problems_sort(&warnings);
    if (problems.n)
        buffer_add_literal(out, "errors:\n");
    buffer_add(out, buffer_text(&problems.lines));
    if (warnings.n)
        buffer_add_literal(out, "warnings:\n");
    buffer_add(out, buffer_text(&warnings.lines));
}

static bool check_case(const char *path, bool is_mapping, bool is_update)
{
    CLEANUP(buffer_deinit) struct buffer actual = { 0 };
    CLEANUP(buffer_deinit) struct buffer lines = { 0 };
    char out_path[1024], in_path[1024];

    snprintf(out_path, sizeof(out_path), "%.*s.out", (int)(strlen(path) - 4), path);
    snprintf(in_path, sizeof(in_path), "%.*s.in", (int)(strlen(path) - 4), path);
    golden_read(in_path, &lines);
    run_case(path, buffer_text(&lines), is_mapping, &actual);
    return golden_check(out_path, buffer_text(&actual), is_update);
}

/* Whether @folder is the one of mapping files, wherever it is. */
static bool has_mapping_files(const char *folder)
{
    const char *slash = strrchr(folder, '/');

    return strcmp(slash ? slash + 1 : folder, "mapping") == 0;
}

/* The cases are read from their folder, so that the paths in messages are short. */
int main(int argc, char **argv)
{
    bool is_update = argc > 2 && strcmp(argv[2], "--update") == 0;
    unsigned n_failed = 0;
    glob_t cases;

    if (argc < 2 || chdir(argv[1]) < 0 || glob("*.yml", 0, NULL, &cases) != 0)
        return EXIT_FAILURE;
    for (size_t i = 0; i < cases.gl_pathc; i++)
        n_failed += !check_case(cases.gl_pathv[i], has_mapping_files(argv[1]), is_update);
    printf("%zu passed, %u failed\n", cases.gl_pathc - n_failed, n_failed);
    globfree(&cases);
    return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
