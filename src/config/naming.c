/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Naming
 *
 * One draft is passed from file to file. The order matters: of two rules that match, the one of the
 * file that was read first wins. The config file comes first, with what it includes.
 */

#include "config/naming.h"

#include "config/collisions.h"
#include "config/label_rules_file.h"
#include "config/lost_labels.h"
#include "config/mapping_file.h"
#include "config/names_file.h"
#include "config/precedence.h"

#include <stdlib.h>

void naming_deinit(struct naming *names)
{
    for (size_t i = 0; i < names->n_files; i++)
        free(names->files[i]);
    free(names->files);
    free(names->tests);
    mapping_unref(names->mapping);
    *names = (struct naming){ 0 };
}

/* The path of a mapping file, to be opened; "" without memory, and then the draft has failed. */
static const char *find_path(struct draft *draft, const struct naming_sources *sources,
                             const char *path)
{
    if (sources->mappings->source != OPTION_FILE)
        return path;
    return draft_resolve(draft, sources->config_path, path).at;
}

static void read_all(struct draft *draft, const struct naming_sources *sources)
{
    const struct node *root = sources->document ? document_root(sources->document) : NULL;
    const struct option_list *mappings = sources->mappings;

    if (sources->config_path[0])
        draft_note_file(draft, slice_of(sources->config_path));
    if (root && root->shape == NODE_MAP)
        names_file_read(draft, sources->config_path, root);
    for (unsigned i = 0; i < mappings->n; i++) {
        const char *path = find_path(draft, sources, ((char *const *)mappings->items)[i]);

        if (!draft->has_failed)
            mapping_file_read(draft, path, "--statsd.mapping-config");
    }
}

/* Keep a copy of all paths that were read. */
static void keep_files(struct naming *ret, struct draft *draft)
{
    ret->files = calloc(draft->files.n + 1, sizeof(char *));
    for (size_t i = 0; i < draft->files.n && ret->files; i++) {
        ret->files[ret->n_files] = strdup(DRAFT_ITEM(draft->files, struct slice, i)->at);
        ret->n_files += ret->files[ret->n_files] != NULL;
    }
    /* One that is missing would not be watched. */
    draft->has_failed |= ret->n_files < draft->files.n;
}

void naming_check(struct draft *draft)
{
    label_rules_finish(draft);
    lost_labels_check(draft);
    collisions_check(draft);
    precedence_check(draft);
}

void naming_read(struct naming *ret, const struct naming_sources *sources,
                 struct problems *problems)
{
    struct draft draft;

    draft_init(&draft, problems, sources->generation);
    /* After a mapping, having none again is a mapping that says nothing. */
    draft.says_something = sources->generation > 1 || sources->observer;
    draft.observer = sources->observer;
    read_all(&draft, sources);
    naming_check(&draft);
    ret->has_rules = draft.n_defaults > 0;
    ret->says_observer = draft.n_defaults && draft.n_observer_defaults == draft.n_defaults;
    if (!draft.unmatched.observer)
        draft.unmatched.observer = sources->observer;
    keep_files(ret, &draft);
    ret->mapping = draft_finish(&draft);
    if (ret->mapping) {
        ret->tests = draft.tests.items;
        ret->n_tests = draft.tests.n;
        draft.tests = (struct draft_list){ 0 };
    }
    problems->path = NULL;
    draft_deinit(&draft);
}
