/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Names file
 *
 * An included file is read where it is included, before the rest of the file that includes it.
 * Paths are relative to the folder of the config file, so that the daemon may be started anywhere.
 */

#include "config/names_file.h"

#include "base/path.h"
#include "config/label_rules_file.h"
#include "config/mapping_file.h"
#include "config/metrics_file.h"
#include "config/tests_file.h"

#include <glob.h>

static const char *const undeclared[] = {
    [MAPPING_ACCEPT] = "accept", [MAPPING_DROP] = "drop", NULL
};
static const char *const undeclared_labels[] = { [MAPPING_LABELS_KEEP] = "keep",
                                                 [MAPPING_LABELS_DROP] = "drop",
                                                 [MAPPING_LABELS_REFUSE] = "refuse",
                                                 NULL };

struct root_nodes {
    const struct node *include, *undeclared, *undeclared_labels, *metrics, *mapping, *tests;
    struct label_rules_nodes label_rules;
};

#define FIELD_NODES struct root_nodes
static const struct field root_fields[] = {
    { "include", FIELD_ANY, FIELD(include),
      "files to read too: a path, with * in it perhaps, or a list; relative to this file's "
      "folder",
      .schema = "{\"type\": \"string\"}, {\"type\": \"array\"}" },
    { "undeclared", FIELD_WORD, FIELD(undeclared), "what becomes of metrics that are not declared",
      .words = undeclared },
    { "undeclared_labels", FIELD_WORD, FIELD(undeclared_labels),
      "what becomes of labels that a metric with labels does not declare",
      .words = undeclared_labels },
    { "metrics", FIELD_LIST, FIELD(metrics), "declared metrics, and groups of them",
      .table = &metrics_table, .other = &metrics_group_table },
    { "mapping", FIELD_MAP, FIELD(mapping), "mapping rules, as in a file of statsd_exporter",
      .table = &mapping_file_table },
    LABEL_RULES_FIELDS(label_rules),
    { "tests", FIELD_LIST, FIELD(tests), "lines to send, and the series that they must give",
      .table = &tests_table },
};
const struct field_table names_file_table =
    FIELD_TABLE(root_fields, "an included file, which may have metrics, mapping, label rules and "
                             "tests");
#undef FIELD_NODES

bool names_file_has_key(struct slice key)
{
    for (size_t i = 0; i < ARRAY_SIZE(root_fields); i++)
        if (slice_equal(slice_of(root_fields[i].key), key))
            return true;
    return false;
}

/* --- a file ----------------------------------------------------------------------------- */

/* Read all but "include". */
static void read_root(struct draft *draft, const struct field_reader *reader,
                      const struct root_nodes *nodes)
{
    if (nodes->undeclared)
        draft->undeclared = (enum mapping_undeclared)field_word(undeclared, nodes->undeclared);
    if (nodes->undeclared_labels)
        draft->undeclared_labels =
            (enum mapping_labels)field_word(undeclared_labels, nodes->undeclared_labels);
    draft->says_something |= nodes->undeclared || nodes->undeclared_labels;
    metrics_file_read(draft, reader, nodes->metrics);
    if (nodes->mapping)
        mapping_file_read_node(draft, nodes->mapping);
    label_rules_read_for_all(draft, &nodes->label_rules);
    tests_file_read(draft, reader, nodes->tests);
}

static void read_included(struct draft *draft, const char *path)
{
    struct field_reader reader = { .problems = draft->problems };
    struct root_nodes nodes;
    const struct document *document;

    draft_enter_new(draft, path);
    document = draft_keep(draft, document_read(draft->file.at, "include", draft->problems));
    draft->problems->path = draft->file.at;
    if (!document || !document_root(document) ||
        !field_read_item(&reader, &names_file_table, document_root(document), &nodes))
        return;
    if (nodes.include)
        problems_add(draft->problems, nodes.include->key->place,
                     "include: an included file cannot include more; include them in the config "
                     "file");
    read_root(draft, &reader, &nodes);
}

/* --- include ---------------------------------------------------------------------------- */

static bool is_pattern(const char *text)
{
    return strpbrk(text, "*?[") != NULL;
}

/* Note the folder to which further files may come. */
static void note_folder(struct draft *draft, const char *pattern)
{
    const char *slash = strrchr(pattern, '/');

    draft_note_file(draft,
                    slash ? (struct slice){ pattern, (size_t)(slash - pattern) + 1 } : SLICE("."));
}

/* Read the files that @pattern means. Returns 0 or a result of glob(). */
static int read_matches(struct draft *draft, const char *pattern)
{
    glob_t matches = { 0 };
    int r = glob(pattern, 0, NULL, &matches);

    for (size_t i = 0; r == 0 && i < matches.gl_pathc; i++)
        read_included(draft, matches.gl_pathv[i]);
    globfree(&matches);
    return r;
}

/* The folder that is missing for @pattern; empty if it is not a folder, or a pattern itself. */
static struct slice missing_folder(const char *pattern)
{
    struct slice missing = path_missing_folder(pattern);

    return is_pattern(pattern) && missing.len > strcspn(pattern, "*?[") ? SLICE("") : missing;
}

/* There is no file that @pattern means. A pattern may be for files that are yet to come. */
static void complain_of_no_file(struct draft *draft, const char *pattern, const struct node *node)
{
    struct slice missing = missing_folder(pattern);
    struct slice which = missing.len ? missing : slice_of(pattern);
    const char *what = missing.len ? "folder" : "file";

    if (is_pattern(pattern))
        problems_warn(draft->problems, node->place, "include: there is no %s %.*s", what,
                      (int)which.len, which.at);
    else
        problems_add(draft->problems, node->place, "include: there is no %s %.*s", what,
                     (int)which.len, which.at);
}

static void include(struct draft *draft, const char *path, const struct node *node)
{
    const char *pattern;
    int r;

    if (node->shape != NODE_SCALAR || node->text.len == 0) {
        problems_add(draft->problems, node->place,
                     "include: expected the path of a file, such as conf.d/*.yml");
        return;
    }
    pattern = draft_resolve(draft, path, node->text.at).at;
    if (draft->has_failed)
        return;
    if (is_pattern(pattern))
        note_folder(draft, pattern);
    r = read_matches(draft, pattern);
    draft_enter(draft, path);
    if (r == GLOB_NOMATCH)
        complain_of_no_file(draft, pattern, node);
    else if (r != 0)
        problems_add(draft->problems, node->place, "include: %s: cannot be read", pattern);
}

static void include_all(struct draft *draft, const char *path, const struct node *node)
{
    if (node->shape != NODE_LIST) {
        include(draft, path, node);
        return;
    }
    for (const struct node *item = node->first; item; item = item->next)
        include(draft, path, item);
}

void names_file_read(struct draft *draft, const char *path, const struct node *root)
{
    const struct field_reader reader = { .problems = draft->problems };
    const struct field_reader root_reader = { .problems = draft->problems, .skips_unknown = true };
    struct root_nodes nodes;

    draft_enter(draft, path);
    field_read(&root_reader, &names_file_table, root, &nodes);
    if (nodes.include)
        include_all(draft, path, nodes.include);
    read_root(draft, &reader, &nodes);
    draft->problems->path = NULL;
}
