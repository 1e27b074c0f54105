/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Declared: the series that the config wants to be exposed before their first sample
 *
 * They are series of the roster with a flag, which neither the sweep nor an x takes away for good.
 * This table has the generation of the config that declared each of them, so that those can be
 * found that a newer one does not declare. The caller holds the registry's lock.
 */

#include "aggregate/series.h"
#include "base/compiler.h"
#include "base/slots.h"

/* All zero is an empty table. */
struct declared {
    struct slots slots; /* struct declaration, by the hash of the series in the roster */
};

/* Free the table, not the series. */
void declared_deinit(struct declared *declared);

/*
 * Note that a config of @generation declares @series, which has this hash. Returns false without
 * memory.
 */
MUST_CHECK bool declared_note(struct declared *declared, uint64_t hash, struct series *series,
                              uint64_t generation);

/* @series is no longer declared; or @to, which has the same hash, is in its place. */
void declared_remove(struct declared *declared, uint64_t hash, struct series *series);
void declared_replace(struct declared *declared, uint64_t hash, struct series *series,
                      struct series *to);

/* The table can be looked through a part at a time, so that the lock is never held for long. */
#define DECLARED_PARTS SLOTS_STRIPES

/*
 * Find up to @max series in @part of the table, below DECLARED_PARTS, that no config of @generation
 * or newer declares. Returns their number.
 */
size_t declared_older(const struct declared *declared, uint64_t generation, unsigned part,
                      struct series **ret, size_t max);
