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

/* The most labels a set has room for; how many are allowed is for its user to say. */
#define LABELS_MAX 256

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
 * false, and nothing has changed, when that would make more than @max labels, which
 * is LABELS_MAX at most.
 */
MUST_CHECK bool labels_set(struct labels *labels, size_t max, struct slice name,
                           struct slice value);

/* Bring the labels into byte order of their names. */
void labels_sort(struct labels *labels);

/*
 * Write the labels into @out in their order, as name="value",name="value", with
 * backslash, double quote and line feed escaped (Prometheus text format 0.0.4).
 * @out must have room for labels_length() bytes. Returns what was written.
 */
struct slice labels_write(const struct labels *labels, char *out);

/* How many bytes that is; and how many it is at most, which is quicker to tell. */
size_t labels_length(const struct labels *labels);
size_t labels_length_max(const struct labels *labels);

/*
 * Cut the first label, name="value" as it was written, off the front of @text,
 * which is what labels_write() wrote. Returns false when there is none left.
 */
MUST_CHECK bool labels_next(struct slice *text, struct slice *ret);

/* Is each label of @some among those of @all? Both were sorted, and written by labels_write(). */
bool labels_include(struct slice all, struct slice some);
