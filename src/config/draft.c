/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Draft
 *
 * What is read goes into arrays, because more files may add to them. At the end the arrays are
 * copied into the arena of the mapping, and the rules are compiled there. The compiler knows rules,
 * not files; the nodes of each rule tell where its problems are.
 */

#include "config/draft.h"

#include "base/must.h"
#include "mapping/name.h"
#include "mapping/rules.h"

#include <errno.h>
#include <stdlib.h>

void draft_init(struct draft *draft, struct problems *problems, uint64_t generation)
{
    *draft = (struct draft){
        .problems = problems,
        .generation = generation,
        .n_problems = problems->n,
        .unmatched = { .ttl_ns = SPEC_TTL_DEFAULT },
    };
}

void draft_deinit(struct draft *draft)
{
    for (size_t i = 0; i < draft->documents.n; i++)
        document_free(*DRAFT_ITEM(draft->documents, struct document *, i));
    free(draft->rules.items);
    free(draft->nodes.items);
    free(draft->metrics.items);
    free(draft->metric_nodes.items);
    free(draft->documents.items);
    free(draft->tests.items);
    free(draft->files.items);
    arena_deinit(&draft->arena);
    *draft = (struct draft){ 0 };
}

/* --- memory ----------------------------------------------------------------------------- */

void *draft_alloc(struct draft *draft, size_t size)
{
    void *memory = arena_alloc(&draft->arena, size);

    draft->has_failed |= !memory;
    return memory;
}

struct slice draft_copy(struct draft *draft, struct slice text)
{
    struct slice copy = arena_copy(&draft->arena, text);

    draft->has_failed |= !copy.at;
    return copy.at ? copy : SLICE("");
}

struct slice draft_resolve(struct draft *draft, const char *from, const char *path)
{
    const char *slash = path[0] == '/' ? NULL : strrchr(from, '/');
    CLEANUP(buffer_deinit) struct buffer resolved = { 0 };

    if (slash)
        buffer_add(&resolved, (struct slice){ from, (size_t)(slash - from) + 1 });
    buffer_add(&resolved, slice_of(path));
    draft->has_failed |= resolved.has_failed;
    return resolved.has_failed ? SLICE("") : draft_copy(draft, buffer_text(&resolved));
}

struct slice draft_name(struct draft *draft, struct slice sent)
{
    char *name = draft_alloc(draft, NAME_WRITTEN_MAX(sent.len));

    return name ? name_write(name, sent) : SLICE("");
}

const struct metric_spec *draft_keep_spec(struct draft *draft, const struct metric_spec *spec)
{
    struct metric_spec *copy = metric_spec_is_said(spec) ? draft_alloc(draft, sizeof(*copy)) : NULL;

    if (copy)
        *copy = *spec;
    return copy;
}

void *draft_add(struct draft *draft, struct draft_list *list, size_t size)
{
    void *item;

    if (list->n == list->room) {
        size_t room = list->room ? 2 * list->room : 16;
        void *items = reallocarray(list->items, room, size);

        draft->has_failed |= !items;
        if (!items)
            return NULL;
        list->items = items;
        list->room = room;
    }
    item = (char *)list->items + list->n++ * size;
    memset(item, 0, size);
    return item;
}

struct document *draft_keep(struct draft *draft, struct document *document)
{
    struct document **kept;

    if (!document)
        return NULL;
    kept = draft_add(draft, &draft->documents, sizeof(struct document *));
    if (kept)
        *kept = document;
    else
        document_free(document);
    return kept ? document : NULL;
}

void draft_enter(struct draft *draft, const char *path)
{
    draft->problems->path = path;
    draft->file = draft_copy(draft, slice_of(path));
}

void draft_note_file(struct draft *draft, struct slice path)
{
    struct slice copy = draft_copy(draft, path);
    struct slice *file = copy.at ? draft_add(draft, &draft->files, sizeof(*file)) : NULL;

    if (file)
        *file = copy;
}

void draft_enter_new(struct draft *draft, const char *path)
{
    draft_enter(draft, path);
    draft_note_file(draft, slice_of(path));
}

/* Copy the items of @list, @size bytes each, into the arena. */
static void *move_items(struct draft *draft, const struct draft_list *list, size_t size)
{
    void *items = draft_alloc(draft, list->n * size);

    if (items && list->n)
        memcpy(items, list->items, list->n * size);
    return items;
}

/* --- the problems of rules ----------------------------------------------------------------- */

/* The last label of this name. */
static const struct node *find_label(const struct draft_rule_nodes *nodes, struct slice name)
{
    const struct node *found = NULL;

    for (const struct node *value = nodes->labels ? nodes->labels->first : NULL; value;
         value = value->next)
        if (slice_equal(value->key->text, name))
            found = value;
    return found;
}

/* The value that the problem is about, and what to call it. */
static struct place find_place(const struct draft *draft, const struct rules_problem *problem,
                               struct slice *ret_name)
{
    const struct rule *rule = DRAFT_ITEM(draft->rules, struct rule, problem->rule);
    const struct draft_rule_nodes *nodes =
        DRAFT_ITEM(draft->nodes, struct draft_rule_nodes, problem->rule);
    const struct node *label = NULL;

    if (problem->part == RULES_LABEL_NAME || problem->part == RULES_LABEL_VALUE) {
        *ret_name = rule->labels[problem->label].name;
        label = find_label(nodes, *ret_name);
    }
    switch (problem->part) {
    case RULES_MATCH: *ret_name = SLICE("match"); break;
    case RULES_NAME: *ret_name = SLICE("name"); break;
    case RULES_LABEL_NAME: return label ? label->key->place : nodes->rule->place;
    case RULES_LABEL_VALUE: return label ? label->place : nodes->rule->place;
    }
    if (problem->part == RULES_NAME)
        return nodes->name ? nodes->name->place : nodes->rule->place;
    return nodes->match ? nodes->match->place : nodes->rule->place;
}

static void on_problem(void *ctx, const struct rules_problem *problem)
{
    struct draft *draft = ctx;
    struct slice name;
    struct place place = find_place(draft, problem, &name);

    draft->problems->path = DRAFT_ITEM(draft->nodes, struct draft_rule_nodes, problem->rule)->path;
    if (problem->is_warning)
        problems_warn(draft->problems, place, "%.*s: %.*s", (int)name.len, name.at,
                      (int)problem->text.len, problem->text.at);
    else
        problems_add(draft->problems, place, "%.*s: %.*s", (int)name.len, name.at,
                     (int)problem->text.len, problem->text.at);
    draft->problems->path = NULL;
}

/* Compile the rules, which are copied. Returns 0 or a negative errno. */
static int compile(struct draft *draft, struct rules **ret)
{
    struct rules_options options = {
        .globs_are_unordered = draft->globs_are_unordered,
        .on_problem = on_problem,
        .ctx = draft,
    };
    const struct rule *rules = move_items(draft, &draft->rules, sizeof(struct rule));

    return rules ? rules_new(ret, &options, rules, draft->rules.n) : -ENOMEM;
}

/* --- the end ------------------------------------------------------------------------------- */

/* Make the mapping, which takes @rules. NULL: out of memory. */
static struct mapping *make(struct draft *draft, struct rules *rules)
{
    struct metric *metrics = move_items(draft, &draft->metrics, sizeof(struct metric));
    struct mapping_parts parts = {
        .metrics = metrics,
        .n_metrics = draft->metrics.n,
        .rules = rules,
        .unmatched = draft_keep_spec(draft, &draft->unmatched),
        .label_rules = draft->label_rules,
        .undeclared = draft->undeclared,
        .undeclared_labels = draft->undeclared_labels,
        .has_totals = draft->has_totals,
        .generation = draft->generation,
    };
    struct mapping *mapping;

    parts.arena = draft->arena;
    if (draft->has_failed || mapping_new(&mapping, &parts) < 0) {
        rules_free(rules);
        return NULL;
    }
    draft->arena = (struct arena){ 0 };
    return mapping;
}

struct mapping *draft_finish(struct draft *draft)
{
    struct mapping *mapping;
    struct rules *rules = NULL;

    if (draft->rules.n && compile(draft, &rules) == -ENOMEM)
        draft->has_failed = true;
    draft->problems->path = NULL;
    if (draft->problems->n > draft->n_problems || (!draft->says_something && !draft->has_failed)) {
        rules_free(rules);
        return NULL;
    }
    mapping = make(draft, rules);
    if (!mapping)
        problems_add(draft->problems, PLACE_NONE, "out of memory");
    return mapping;
}
