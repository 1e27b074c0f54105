/* SPDX-License-Identifier: Apache-2.0 */

/*
 * API
 *
 * Lives on the HTTP thread. Asked for by people, so it may take its time.
 */

#include "web/api_conflicts.h"

#include <jansson.h>
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

/* The page with @data, which is taken. */
static char *success(json_t *data)
{
    json_t *page = json_pack("{s:s, s:o}", "status", "success", "data", data);
    char *text = page ? json_dumps(page, JSON_INDENT(2)) : NULL;

    json_decref(page);
    return text;
}

char *api_conflicts(struct registry *registry)
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
    if (!is_whole) {
        json_decref(data);
        return NULL;
    }
    return success(data);
}
