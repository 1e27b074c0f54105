/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Native reading: the native buckets of a series, from all its cells
 *
 *      native_reading_begin(), native_reading_add() for each cell, native_reading_end()
 */

#include "aggregate/native.h"
#include "aggregate/reading.h"

struct native_entry {
    uint32_t code; /* of a native bucket */
    uint64_t count;
};

/* Zero-initialized, it is empty. Its memory serves one series after the other. */
struct native_reading {
    struct native_buckets buckets; /* after native_reading_end(); its lists are part of this */
    int schema;                    /* of the entries */
    struct native_entry *entries;
    size_t n, room;
    struct native_span *spans; /* room for all entries: a span for each, … */
    uint64_t *counts;          /* … and as many counts, and those of the gaps that are closed */
    size_t entries_room;
};

void native_reading_deinit(struct native_reading *reading);

void native_reading_begin(struct native_reading *reading, const struct native_options *options);

/*
 * Any thread: add what a cell has counted: by classic bucket to @counts, and unless @reading is
 * NULL by native bucket to that. Waits at most while the owner switches a pointer. Returns false
 * without memory; then only a part is added.
 */
MUST_CHECK bool native_reading_add(struct native_reading *reading, struct native *native,
                                   uint64_t *counts);

/*
 * Set the buckets. There are no more of them than the options allow: resolution is halved as often
 * as it takes. As cells only gain buckets, it never rises again. Returns false without memory.
 */
MUST_CHECK bool native_reading_end(struct native_reading *reading,
                                   const struct native_options *options);
