/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Table: uthash, set up once for the whole program
 *
 * For names. The tables that have an entry for each series use base/slots.h.
 *
 * This is the only file that includes <uthash.h>. A table holds nodes, which its user embeds in
 * structs. The user supplies hashes, compares keys, and owns the memory. Not thread-safe: one
 * thread, or a lock.
 *
 * A table is 256 uthash tables side by side, chosen by the hash's top bits. When
 * a uthash table grows it relinks every one of its nodes in one go; at a million
 * nodes that takes 40 ms, and in one of 256 stripes 1 to 2 ms
 * (docs/decisions/0006).
 */

#include "base/compiler.h"
#include "base/must.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * uthash compares a stored with a wanted key by this. Every lookup goes through
 * table_find(), and `equal` is its parameter. As that function is always inlined,
 * so is the comparison.
 */
#define HASH_KEYCMP(stored, wanted, len) (!equal((stored), (wanted)))
/* Callers always supply hashes; reaching this would be a bug. */
#define HASH_FUNCTION(key, len, out) ((out) = 0, __builtin_trap())
/* By default uthash calls exit() when memory is short. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#define TABLE_STRIPES 256

struct table_node {
    UT_hash_handle hh; /* hh.tbl is NULL after a failed addition and after removal */
};

struct table {
    struct table_node *stripes[TABLE_STRIPES]; /* all NULL: an empty table */
    size_t n_nodes;
};

/* Does the node's key equal @wanted? @node is the node as given to table_add. */
typedef bool table_equal(const void *node, const void *wanted);

static inline struct table_node **table_stripe(struct table *table, uint64_t hash)
{
    return &table->stripes[hash >> 56];
}

/* The node with this hash for which @equal holds, or NULL. */
__attribute__((__always_inline__)) static inline struct table_node *table_find(struct table *table,
                                                                               uint64_t hash,
                                                                               const void *wanted,
                                                                               table_equal *equal)
{
    struct table_node *head = *table_stripe(table, hash);
    struct table_node *node;

    HASH_FIND_BYHASHVALUE(hh, head, wanted, 0, (unsigned)hash, node);
    return node;
}

/*
 * Add @node. The caller has made sure that no equal node is there. Returns false and changes
 * nothing when out of memory.
 */
MUST_CHECK static inline bool table_add(struct table *table, struct table_node *node, uint64_t hash)
{
    struct table_node **head = table_stripe(table, hash);

    HASH_ADD_KEYPTR_BYHASHVALUE(hh, *head, node, 0, (unsigned)hash, node);
    if (!node->hh.tbl)
        return false;
    table->n_nodes++;
    return true;
}

/* Remove @node, which must be in the table under @hash. */
static inline void table_remove(struct table *table, struct table_node *node, uint64_t hash)
{
    struct table_node **head = table_stripe(table, hash);

    MUST(node->hh.tbl && *head && node->hh.tbl == (*head)->hh.tbl);
    HASH_DELETE(hh, *head, node);
    node->hh.tbl = NULL;
    table->n_nodes--;
}

/* Any node, or NULL when the table is empty. For emptying a table. */
static inline struct table_node *table_any(struct table *table)
{
    for (size_t i = 0; i < TABLE_STRIPES; i++)
        if (table->stripes[i])
            return table->stripes[i];
    return NULL;
}
