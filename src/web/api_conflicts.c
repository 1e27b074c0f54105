/* SPDX-License-Identifier: Apache-2.0 */

/*
 * API: conflicts
 *
 * The registry's lists are short and bounded, so they are copied whole and then sorted.
 */

#include "web/api_conflicts.h"

#include <stdlib.h>

/* Add @entry to @data, and take it; false if one of them is NULL, or there is no memory. */
static bool add(json_t *data, json_t *entry)
{
    return json_array_append_new(data, entry) == 0;
}

/* --- types ------------------------------------------------------------------------------ */

static int compare_conflicts(const void *a, const void *b)
{
    const struct conflict *left = a, *right = b;

    return (left->n_refused < right->n_refused) - (left->n_refused > right->n_refused);
}

static json_t *conflict_json(const struct conflict *conflict)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:I}", "name", conflict->name, "sent_as",
                     metric_type_name(conflict->wanted), "held_by", conflict->held_by, "held_as",
                     metric_type_name(conflict->held), "declared", (int)conflict->is_declared,
                     "refused", (json_int_t)conflict->n_refused);
}

static bool add_conflicts(json_t *data, struct registry *registry)
{
    struct conflicts *conflicts = malloc(sizeof(*conflicts));
    bool is_whole = conflicts;

    if (is_whole) {
        registry_conflicts(registry, conflicts);
        qsort(conflicts->items, conflicts->n, sizeof(conflicts->items[0]), compare_conflicts);
    }
    for (unsigned i = 0; is_whole && i < conflicts->n; i++)
        is_whole = add(data, conflict_json(&conflicts->items[i]));
    free(conflicts);
    return is_whole;
}

/* --- spellings ---------------------------------------------------------------------------- */

static int compare_aliases(const void *a, const void *b)
{
    const struct alias *left = a, *right = b;

    return (left->order < right->order) - (left->order > right->order);
}

static json_t *text_json(const struct alias_text *text)
{
    return json_stringn(text->at, text->len);
}

static json_t *alias_json(const struct alias *alias)
{
    json_t *spellings = json_array();
    bool is_whole = spellings;

    for (unsigned i = 0; is_whole && i < alias->n_spellings; i++)
        is_whole = add(spellings, text_json(&alias->spellings[i]));
    if (is_whole)
        return json_pack("{s:o, s:o, s:b}", "name", text_json(&alias->name), "spellings", spellings,
                         "has_more", (int)alias->has_more);
    json_decref(spellings);
    return NULL;
}

static bool add_aliases(json_t *data, struct registry *registry)
{
    struct aliases *aliases = malloc(sizeof(*aliases));
    bool is_whole = aliases;

    if (is_whole) {
        registry_aliases(registry, aliases);
        qsort(aliases->items, aliases->n, sizeof(aliases->items[0]), compare_aliases);
    }
    for (unsigned i = 0; is_whole && i < aliases->n; i++)
        is_whole = add(data, alias_json(&aliases->items[i]));
    free(aliases);
    return is_whole;
}

json_t *api_conflicts(struct registry *registry)
{
    json_t *data = json_array();

    if (data && add_conflicts(data, registry) && add_aliases(data, registry))
        return data;
    json_decref(data);
    return NULL;
}
