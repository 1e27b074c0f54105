/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Labels: a small set of names and values, and its canonical text form
 *
 * Two label sets are equal if and only if their texts are. So series are found by that
 * text, and a scrape copies it.
 */

#include "base/compiler.h"
#include "base/slice.h"

/* The most labels a set has room for; the user may set a lower limit. */
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
 * Set a label; a later value for a name replaces the earlier one. Returns false and
 * changes nothing when there would be more than @max labels. @max is at most LABELS_MAX.
 */
MUST_CHECK bool labels_set(struct labels *labels, size_t max, struct slice name,
                           struct slice value);

/* The label called @name, or NULL. */
const struct label *labels_find(const struct labels *labels, struct slice name);

/* Remove the label called @name, if there is one. The order of the others stays. */
void labels_remove(struct labels *labels, struct slice name);

/* Sort the labels by name, in byte order. */
void labels_sort(struct labels *labels);

/*
 * Write the labels to @out in their order, as name="value",name="value", with
 * backslash, double quote and line feed escaped (Prometheus text format 0.0.4).
 * @out must have room for labels_length() bytes. Returns what was written.
 */
struct slice labels_write(const struct labels *labels, char *out);

/* The bytes that labels_write() writes; and an upper bound, which is faster to compute. */
size_t labels_length(const struct labels *labels);
size_t labels_length_max(const struct labels *labels);

/*
 * Cut the first label, name="value" as written, off the front of @text, which must come
 * from labels_write(). Returns false when there is none left.
 */
MUST_CHECK bool labels_next(struct slice *text, struct slice *ret);

/*
 * The same, as the label's two parts: its name, and its value, which is still escaped. Returns
 * false when there is none left.
 */
MUST_CHECK bool labels_next_parts(struct slice *text, struct slice *ret_name,
                                  struct slice *ret_value);

/*
 * Write @value, which must come from labels_next_parts(), without its escapes. @out must have room
 * for value.len bytes. Returns the end of what was written.
 */
char *labels_unescape(char *out, struct slice value);

/* Cut off all labels of @text, as labels_next() does. Returns their number. */
size_t labels_cut(struct slice text, struct slice ret[LABELS_MAX]);

/*
 * Does @all include each of the @n labels that labels_cut() found in another text? Both texts were
 * sorted, and written by labels_write(). The cost depends on the bytes of @all alone.
 */
bool labels_include(struct slice all, const struct slice *some, size_t n);

/* The same if @all has been cut too. */
bool labels_cut_include(const struct slice *all, size_t n_all, const struct slice *some, size_t n);
