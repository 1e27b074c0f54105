/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Limits: the maximum sizes of a line and its parts
 */

#include <stddef.h>

/* In bytes, except for labels. Lines, names and values are measured as they were sent. */
struct line_limits {
    size_t labels; /* their number; at most LABELS_MAX (base/labels.h) */
    size_t line;
    size_t name;
    size_t label_name;
    size_t label_value;
    /*
     * All labels together, as a scrape shows them. A histogram repeats them on each of its lines,
     * so this bounds the page that a sender can cause.
     */
    size_t labels_text;
};
