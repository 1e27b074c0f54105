/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Node: a value in the tree of a YAML file
 *
 * The values of a list or a map are a list linked by `next`, in the order of the file:
 *
 *      for (const struct node *value = map->first; value; value = value->next)
 */

#include "base/slice.h"
#include "config/problems.h"

#include <stdbool.h>

enum node_shape {
    NODE_SCALAR,
    NODE_LIST,
    NODE_MAP,
};

struct node {
    enum node_shape shape;
    bool is_plain;      /* scalar: without quotes, so it may be meant as null, a number, … */
    bool is_repeated;   /* in a map: an earlier value has the same key */
    bool is_alias;      /* what is below, or the key, is elsewhere in the file */
    unsigned n_nodes;   /* list or map: itself and all below, with keys; else 1 */
    unsigned height;    /* of the nested lists and maps: 1 for a scalar */
    struct place place; /* of its first character; for an empty value, where it would be */
    struct slice text;  /* scalar: UTF-8, containing no NUL but followed by one */
    struct node *first; /* list or map: its first value; NULL when it is empty */
    struct node *next;  /* in a list or map: the value after it; NULL when it is the last */
    struct node *key;   /* in a map: its key, a scalar; NULL elsewhere */
};
