/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Labels: a small set of names and values, and its one text form
 *
 * Two label sets are the same exactly when their texts are, so the text is what
 * series are found by, and what a scrape copies out.
 */

#include "base/compiler.h"
#include "base/slice.h"

#define LABELS_MAX 64

struct label {
    struct slice name;  /* a Prometheus label name */
    struct slice value; /* any UTF-8 */
};

/* Slices are borrowed. All zero is an empty set. */
struct labels {
    struct label items[LABELS_MAX];
    size_t n;
};

/*
 * Put in a label; a later value for a name replaces the earlier one. Returns
 * false, and nothing has changed, when that would make more than LABELS_MAX labels.
 */
MUST_CHECK bool labels_set(struct labels *labels, struct slice name, struct slice value);

/* Bring the labels into byte order of their names. */
void labels_sort(struct labels *labels);

/*
 * Write the labels into @out in their order, as name="value",name="value", with
 * backslash, double quote and line feed escaped (Prometheus text format 0.0.4).
 * @out must have room for each label's name, its value twice (all of it may need
 * an escape) and 4 bytes. Returns what was written.
 */
struct slice labels_write(const struct labels *labels, char *out);
