/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Mapping: what the bytes around a value mean to Prometheus
 *
 * Pure but for its scratch memory. One thread per mapping.
 */

#include "base/compiler.h"
#include "base/sample.h"

/* Longest metric name, label name and label value, in bytes, as they were sent. */
#define METRIC_NAME_MAX 512
#define LABEL_NAME_MAX 256
#define LABEL_VALUE_MAX 2048

/*
 * Longest text of all labels together, in bytes, as a scrape shows it: a histogram
 * repeats it on each of its lines, so it decides how long a page a sender can make.
 */
#define LABELS_TEXT_MAX 8192

struct mapping;

/* Make a mapping. Returns 0 or -ENOMEM. */
MUST_CHECK int mapping_new(struct mapping **ret);
void mapping_free(struct mapping *mapping);
DEFINE_CLEANUP(struct mapping *, mapping_free)

/*
 * Work out the identity of @line: its type, weight, family name and labels.
 *
 * Names become Prometheus names (base/name.h); blanks at the ends of a tag's key
 * are not part of it. A tag without a key, a value or a colon, or whose label name
 * would begin with "__" (reserved, Prometheus data model), is dropped and counted
 * in the identity; nothing at all between two commas is no tag. Of two tags with
 * one label name the last wins. On a histogram the label "le" is taken and becomes
 * "exported_le", as Prometheus does with labels it needs itself. Limits come
 * first: a key or value that is too long refuses the line in any case.
 *
 * Returns VERDICT_APPLIED and fills @ret, whose slices borrow from @mapping until
 * the next call and from @line; or REFUSED_ILLEGAL_EVENT, REFUSED_MALFORMED_LINE
 * (name or rest is not UTF-8), REFUSED_NAME_LIMIT or REFUSED_LABEL_LIMIT.
 */
MUST_CHECK enum verdict mapping_resolve(struct mapping *mapping, const struct line *line,
                                        struct identity *ret);
