/* SPDX-License-Identifier: Apache-2.0 */

/*
 * API: conflicts
 *
 * The registry's list is short and bounded, so it is copied whole and then sorted.
 */

#include "web/api_conflicts.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const struct conflict *left = a, *right = b;

    return (left->n_refused < right->n_refused) - (left->n_refused > right->n_refused);
}

static json_t *conflict_json(const struct conflict *conflict)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:I}", "name", conflict->name, "sent_as",
                     metric_type_name(conflict->wanted), "held_by", conflict->held_by, "held_as",
                     metric_type_name(conflict->held), "refused", (json_int_t)conflict->n_refused);
}

json_t *api_conflicts(struct registry *registry)
{
    struct conflicts *conflicts = malloc(sizeof(*conflicts));
    json_t *data = json_array();
    bool is_whole = conflicts && data;

    if (is_whole) {
        registry_conflicts(registry, conflicts);
        qsort(conflicts->items, conflicts->n, sizeof(conflicts->items[0]), compare);
    }
    for (unsigned i = 0; is_whole && i < conflicts->n; i++)
        is_whole = json_array_append_new(data, conflict_json(&conflicts->items[i])) == 0;
    free(conflicts);
    if (is_whole)
        return data;
    json_decref(data);
    return NULL;
}
