/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Age list: things in the order in which they were last used, or came
 *
 * Pure. All operations take constant time.
 */

#include <stddef.h>

/* Embedded in each thing. */
struct age_node {
    struct age_node *newer, *older;
};

/* All zero is an empty list. */
struct age_list {
    struct age_node *newest, *oldest;
};

/* Add @node, which is in no list. It has just been used. */
static inline void age_list_add(struct age_list *list, struct age_node *node)
{
    *node = (struct age_node){ .older = list->newest };
    if (list->newest)
        list->newest->newer = node;
    else
        list->oldest = node;
    list->newest = node;
}

/* Remove @node, which is in @list. */
static inline void age_list_remove(struct age_list *list, struct age_node *node)
{
    if (node->newer)
        node->newer->older = node->older;
    else
        list->newest = node->older;
    if (node->older)
        node->older->newer = node->newer;
    else
        list->oldest = node->newer;
}

/* @node, which is in @list, has been used again. */
static inline void age_list_touch(struct age_list *list, struct age_node *node)
{
    age_list_remove(list, node);
    age_list_add(list, node);
}
