/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Layout: how the lines of a workload are written
 */

#include "base/buffer.h"
#include "base/sample_type.h"
#include "tools/bench/workload_spec.h"

/* The values of a type's samples. */
struct layout_values {
    unsigned low, n; /* values are low to low + n - 1 */
    unsigned scale;  /* a line has the value times this … */
    unsigned width;  /* … in this number of digits */
};

struct layout_values layout_values(enum sample_type type);

/* What a daemon shows for a value of 1. */
double layout_unit(enum sample_type type);

struct layout {
    const char *prefix; /* borrowed; used only for writing lines */
    enum sample_type types[100];
    uint64_t n_labels;
    unsigned series_width, family_width;
    size_t line_len;                /* of every line, without its line feed */
    size_t n_pad[WORKLOAD_N_TYPES]; /* bytes of padding in a line of each type */
};

struct layout_line {
    uint32_t series;
    uint32_t value;
};

/* Fit the lines to @spec. Returns 0 or -ENOMEM. There is nothing to deinit. */
MUST_CHECK int layout_init(struct layout *layout, const struct workload_spec *spec);

/* Write a line and its line feed. */
void layout_add_line(struct buffer *out, const struct layout *layout, struct layout_line line);

/* The type of all samples of a series. */
static inline enum sample_type layout_type(const struct layout *layout, uint64_t series)
{
    return layout->types[series % ARRAY_SIZE(layout->types)];
}
