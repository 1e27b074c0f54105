/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Limits: how much a line may hold
 */

#include <stddef.h>

/* All but the labels in bytes: lines, names and values as they were sent. */
struct line_limits {
    size_t labels; /* at most LABELS_MAX (base/labels.h) */
    size_t line;
    size_t name;
    size_t label_name;
    size_t label_value;
    /*
     * Of all labels together, as a scrape shows them: a histogram repeats them on each of
     * its lines, so this decides how long a page a sender can make.
     */
    size_t labels_text;
};
