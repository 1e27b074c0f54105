/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Alias
 *
 * Lists and maps are linked by their values, so a value that counts twice needs two nodes. Only the
 * outermost one is copied: a tree is never changed once it is complete.
 */

#include "config/alias.h"

struct anchor {
    struct slice name;
    const struct node *node;
    struct anchor *older;
};

enum alias_outcome anchors_add(struct anchors *anchors, struct arena *arena, struct slice name,
                               const struct node *node)
{
    struct anchor *anchor;

    if (anchors->n == ALIAS_ANCHORS_MAX)
        return ALIAS_TOO_MANY;
    anchor = arena_alloc(arena, sizeof(*anchor));
    if (!anchor)
        return ALIAS_NO_MEMORY;
    *anchor = (struct anchor){ .name = name, .node = node, .older = anchors->newest };
    anchors->newest = anchor;
    anchors->n++;
    return ALIAS_DONE;
}

const struct node *anchors_find(const struct anchors *anchors, struct slice name)
{
    for (const struct anchor *anchor = anchors->newest; anchor; anchor = anchor->older)
        if (slice_equal(anchor->name, name))
            return anchor->node;
    return NULL;
}

/* --- merge keys ------------------------------------------------------------------------ */

static bool is_merge(const struct node *value)
{
    return value->key->is_plain && slice_equal(value->key->text, SLICE("<<"));
}

const struct node *alias_find_merge(const struct node *map)
{
    for (const struct node *value = map->first; value; value = value->next)
        if (is_merge(value))
            return value;
    return NULL;
}

/* A map that grows. */
struct merging {
    struct arena *arena;
    struct node *map;
    struct node **end;
    size_t n;
};

/* Whether one of the first @n values of the map has this key. */
static bool has_key(const struct merging *merging, struct slice key, size_t n)
{
    const struct node *value = merging->map->first;

    for (size_t i = 0; i < n; i++, value = value->next)
        if (slice_equal(value->key->text, key))
            return true;
    return false;
}

static void append(struct merging *merging, struct node *value)
{
    value->next = NULL;
    *merging->end = value;
    merging->end = &value->next;
    merging->n++;
}

static enum alias_outcome merge_map(struct merging *merging, const struct node *source)
{
    size_t n_before = merging->n;

    if (source->shape != NODE_MAP)
        return ALIAS_NOT_A_MAP;
    for (const struct node *value = source->first; value; value = value->next) {
        struct node *copy;

        if (has_key(merging, value->key->text, n_before))
            continue;
        if (merging->n == ALIAS_MERGE_MAX)
            return ALIAS_TOO_MANY;
        copy = arena_alloc(merging->arena, sizeof(*copy));
        if (!copy)
            return ALIAS_NO_MEMORY;
        *copy = *value;
        copy->is_alias = true;
        append(merging, copy);
    }
    return ALIAS_DONE;
}

/* @source is the value of a merge key: a map, or a list of maps of which the first counts most. */
static enum alias_outcome merge_value(struct merging *merging, const struct node *source)
{
    enum alias_outcome outcome = ALIAS_DONE;

    if (source->shape != NODE_LIST)
        return merge_map(merging, source);
    for (const struct node *map = source->first; map && outcome == ALIAS_DONE; map = map->next)
        outcome = merge_map(merging, map);
    return outcome;
}

/* Take the merge keys out of the map. Returns them as a list. */
static struct node *split(struct merging *merging)
{
    struct node *value = merging->map->first, *next, *merges = NULL, **end = &merges;

    merging->map->first = NULL;
    for (; value; value = next) {
        next = value->next;
        if (is_merge(value)) {
            *end = value;
            end = &value->next;
            value->next = NULL;
        } else {
            append(merging, value);
        }
    }
    return merges;
}

void alias_measure(struct node *node)
{
    node->n_nodes = 1;
    node->height = 1;
    for (const struct node *value = node->first; value; value = value->next) {
        node->n_nodes += value->n_nodes + (value->key ? 1 : 0);
        if (node->height < value->height + 1)
            node->height = value->height + 1;
    }
}

enum alias_outcome alias_merge(struct arena *arena, struct node *map)
{
    struct merging merging = { .arena = arena, .map = map, .end = &map->first };
    enum alias_outcome outcome = ALIAS_DONE;
    struct node *merges = split(&merging);

    if (merging.n > ALIAS_MERGE_MAX)
        return ALIAS_TOO_MANY;
    for (const struct node *merge = merges; merge && outcome == ALIAS_DONE; merge = merge->next)
        outcome = merge_value(&merging, merge);
    alias_measure(map);
    return outcome;
}
