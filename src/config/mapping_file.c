/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Mapping file
 *
 * Files in the world are worse than the documentation of statsd_exporter, so the tables are read
 * leniently. A file may also be the datadog.yaml of a DogStatsD, in which all keys but one mean
 * something else.
 */

#include "config/mapping_file.h"

#include "config/mapping_rule.h"
#include "config/profiles.h"
#include "config/tests_file.h"

struct root_nodes {
    const struct node *defaults, *mappings, *tests, *mapper_profiles, *datadog_profiles;
    struct label_rules_nodes label_rules;
};

#define FIELD_NODES struct root_nodes
static const struct field root_fields[] = {
    { "defaults", FIELD_MAP, FIELD(defaults),
      "what holds for rules that do not say it, and for names without a rule",
      .table = &mapping_defaults_table },
    { "mappings", FIELD_LIST, FIELD(mappings),
      "rules; the first that matches wins, but globs "
      "come before regexes",
      .table = &mapping_rule_table },
    { "mapper_profiles", FIELD_LIST, FIELD(mapper_profiles), "rules in the language of DogStatsD",
      .table = &profiles_table },
    { "dogstatsd_mapper_profiles", FIELD_LIST, FIELD(datadog_profiles),
      "the same, as a datadog.yaml has it", .table = &profiles_table },
    LABEL_RULES_FIELDS(label_rules),
    { "tests", FIELD_LIST, FIELD(tests), "lines to send, and the series that they must give",
      .table = &tests_table },
};
const struct field_table mapping_file_table = FIELD_TABLE(root_fields, "a mapping file");
#undef FIELD_NODES

/*
 * Read rules of both languages. The defaults hold for names without a rule too; of several files,
 * the first that says something.
 */
static void read_rules(struct draft *draft, const struct field_reader *reader,
                       const struct root_nodes *nodes)
{
    struct mapping_defaults defaults = mapping_rule_read_defaults(draft, reader, nodes->defaults);

    draft->n_defaults++;
    draft->n_observer_defaults += defaults.observer != OBSERVER_DEFAULT;
    draft->unmatched = metric_spec_join(&draft->unmatched, &defaults.spec);
    for (const struct node *rule = nodes->mappings ? nodes->mappings->first : NULL; rule;
         rule = rule->next)
        mapping_rule_read(draft, reader, &defaults, rule);
    profiles_read(draft, reader, &defaults, nodes->mapper_profiles);
    profiles_read(draft, reader, &defaults, nodes->datadog_profiles);
}

void mapping_file_read_node(struct draft *draft, const struct node *node)
{
    const struct field_reader reader = { .problems = draft->problems, .is_lenient = true };
    struct field_reader root_reader = reader;
    struct root_nodes nodes;

    root_reader.skips_unknown = field_has_key(node, "dogstatsd_mapper_profiles");
    if (!field_read_item(&root_reader, &mapping_file_table, node, &nodes))
        return;
    draft->says_something = true;
    read_rules(draft, &reader, &nodes);
    label_rules_read_for_all(draft, &nodes.label_rules);
    tests_file_read(draft, &reader, nodes.tests);
}

/* --- the text format before 0.5 --------------------------------------------------------- */

/* Whether a line of the file is name="…", as each rule of the old format has. */
static bool is_text_format(struct slice bytes)
{
    while (bytes.len) {
        struct slice line = slice_trim(slice_cut(&bytes, '\n'));

        if (slice_starts_with(line, SLICE("name")) &&
            slice_starts_with(slice_trim((struct slice){ line.at + 4, line.len - 4 }),
                              SLICE("=\"")))
            return true;
    }
    return false;
}

static void refuse_text_format(struct draft *draft)
{
    problems_add(draft->problems, (struct place){ 1, 1 },
                 "this is the text format of statsd_exporter before 0.5; write its rules as YAML: "
                 "mappings: [{match: \"a.*.c\", name: \"a_total\", labels: {b: \"$1\"}}]");
}

static void read_document(struct draft *draft, struct document *document)
{
    const struct node *root;

    if (!draft_keep(draft, document))
        return;
    root = document_root(document);
    draft->says_something = true;
    if (root)
        mapping_file_read_node(draft, root);
    else
        problems_warn(draft->problems, PLACE_NONE, "this file is empty");
}

void mapping_file_read(struct draft *draft, const char *path, const char *flag)
{
    CLEANUP(buffer_deinit) struct buffer bytes = { 0 };

    draft_enter_new(draft, path);
    if (!file_read(path, flag, &bytes, draft->problems))
        return;
    if (is_text_format(buffer_text(&bytes)))
        refuse_text_format(draft);
    else
        read_document(draft, document_parse(buffer_text(&bytes), draft->problems));
}
