/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Alias: values of a YAML file that stand there once and count in several places
 *
 *      fast: &fast [0.1, 0.5]        an anchor names a value
 *      slow: *fast                   an alias is that value again
 *      both: { <<: *common, a: 1 }   a merge key adds the keys of a map
 *
 * An alias becomes a copy of the outermost node; what is below is shared. As each copy counts with
 * all nodes below it, a file of a few lines cannot expand beyond the limits of a document.
 */

#include "base/arena.h"
#include "base/compiler.h"
#include "config/node.h"

/* The most anchors of a file, and the most keys of a map with a merge key. */
#define ALIAS_ANCHORS_MAX 1000
#define ALIAS_MERGE_MAX 1000

struct anchor;

/* All zero: no anchors. */
struct anchors {
    struct anchor *newest;
    unsigned n;
};

/* What became of a name or of a merge key. */
enum alias_outcome {
    ALIAS_DONE,
    ALIAS_TOO_MANY,
    ALIAS_NO_MEMORY,
    ALIAS_NOT_A_MAP, /* a merge key has another value than a map or a list of maps */
};

/* Let the anchor @name stand for the complete @node, instead of an earlier one of this name. */
MUST_CHECK enum alias_outcome anchors_add(struct anchors *anchors, struct arena *arena,
                                          struct slice name, const struct node *node);

/* The node that @name stands for; NULL if there is none yet. */
const struct node *anchors_find(const struct anchors *anchors, struct slice name);

/* Count the nodes of the complete list or map @node, and its height. */
void alias_measure(struct node *node);

/* The value of the first merge key of @map; NULL if it has none. */
const struct node *alias_find_merge(const struct node *map);

/*
 * Replace the merge keys of the complete @map by what they add: copies of those values whose keys
 * neither @map has nor a map merged before. Updates the number of nodes of @map, and its height.
 */
MUST_CHECK enum alias_outcome alias_merge(struct arena *arena, struct node *map);
