/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Idle list: things in the order in which they were last used
 *
 * Pure. All operations take constant time.
 */

#include <stddef.h>

/* Embedded in each thing. */
struct idle_node {
    struct idle_node *newer, *older;
};

/* All zero is an empty list. */
struct idle_list {
    struct idle_node *newest, *oldest;
};

/* Add @node, which is in no list. It has just been used. */
static inline void idle_list_add(struct idle_list *list, struct idle_node *node)
{
    *node = (struct idle_node){ .older = list->newest };
    if (list->newest)
        list->newest->newer = node;
    else
        list->oldest = node;
    list->newest = node;
}

/* Remove @node, which is in @list. */
static inline void idle_list_remove(struct idle_list *list, struct idle_node *node)
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
static inline void idle_list_touch(struct idle_list *list, struct idle_node *node)
{
    idle_list_remove(list, node);
    idle_list_add(list, node);
}
