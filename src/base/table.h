/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Table: uthash, set up once for the whole program
 *
 * For addresses. The tables that have an entry for each series or name use base/slots.h.
 *
 * This is the only file that includes <uthash.h>. A table holds nodes, which its user embeds in
 * structs. The user supplies hashes, compares keys, and owns the memory. Not thread-safe: one
 * thread, or a lock.
 *
 * A table is 256 uthash tables, its stripes; the top bits of a hash choose one. A uthash table that
 * grows relinks all of its nodes at once. That takes 40 ms with a million nodes, and 1 to 2 ms in
 * one of 256 stripes (docs/decisions/0006).
 */

#include "base/compiler.h"
#include "base/must.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * uthash compares two keys with this. `equal` is the parameter of table_find(), which is always
 * inlined, and so is the comparison.
 */
#define HASH_KEYCMP(stored, wanted, len) (!equal((stored), (wanted)))
/* Never used, as callers supply the hashes. */
#define HASH_FUNCTION(key, len, out) ((out) = 0, __builtin_trap())
/* Without this, uthash calls exit() when memory runs out. */
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
