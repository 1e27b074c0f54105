/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Layout
 *
 * Pure. Everything on a line except its value follows from the number of its series:
 *
 *      bench_c_3:7|c|#series:3140,tag1:1,tag2:2xxxxx
 *                                              ^^^^^ padding
 *      bench_ms_0:1125|ms|#series:0276,tag1:7,tag2:8
 *
 * Numbers have leading zeros, so that all lines of a type have the same length before
 * padding. The first hundred series include every type, so they show these lengths.
 */

#include "tools/bench/layout.h"

#include <errno.h>

/* The number of series that share a name: a family far below a daemon's limits. */
#define FAMILY_SERIES 1000

struct layout_values layout_values(enum sample_type type)
{
    /* low, n, scale, width */
    switch (type) {
    case SAMPLE_COUNTER: return (struct layout_values){ 1, 9, 1, 1 };
    case SAMPLE_GAUGE: return (struct layout_values){ 100, 900, 1, 3 };
    case SAMPLE_TIMER: return (struct layout_values){ 8, 72, 125, 4 };
    case SAMPLE_HISTOGRAM:
    case SAMPLE_DISTRIBUTION: return (struct layout_values){ 10, 90, 1, 2 };
    /* At most 64 values, so that a word can hold the set of those seen. */
    case SAMPLE_SET: return (struct layout_values){ 0, 64, 1, 2 };
    case SAMPLE_END:
    case _SAMPLE_TYPE_N: break;
    }
    return (struct layout_values){ 0 };
}

double layout_unit(enum sample_type type)
{
    return sample_type_scale(type, layout_values(type).scale);
}

static struct slice letters_of(enum sample_type type)
{
    return sample_type_facts(type)->letters;
}

/* --- lines ---------------------------------------------------------------------------- */

static unsigned count_digits(uint64_t number)
{
    unsigned n = 1;

    while (number /= 10)
        n++;
    return n;
}

static void add_number(struct buffer *out, uint64_t number, unsigned width)
{
    char digits[20];

    for (unsigned i = width; i-- > 0; number /= 10)
        digits[i] = (char)('0' + number % 10);
    buffer_add(out, (struct slice){ digits, width });
}

static void add_padding(struct buffer *out, size_t n)
{
    while (n-- > 0)
        buffer_add_char(out, 'x');
}

static void add_name(struct buffer *out, const struct layout *layout, uint32_t series)
{
    enum sample_type type = layout_type(layout, series);

    buffer_add(out, slice_of(layout->prefix));
    buffer_add_char(out, '_');
    buffer_add(out, letters_of(type));
    buffer_add_char(out, '_');
    if (layout->n_labels > 0) {
        add_number(out, series / FAMILY_SERIES, layout->family_width);
    } else {
        add_number(out, series, layout->series_width);
        add_padding(out, layout->n_pad[type]);
    }
}

/* The first label distinguishes series; the others have few values, as in real systems. */
static void add_labels(struct buffer *out, const struct layout *layout, uint32_t series)
{
    buffer_add_literal(out, "|#series:");
    add_number(out, series, layout->series_width);
    for (uint64_t i = 1; i < layout->n_labels; i++) {
        buffer_add_literal(out, ",tag");
        buffer_add_uint(out, i);
        buffer_add_char(out, ':');
        add_number(out, series + i, 1);
    }
    add_padding(out, layout->n_pad[layout_type(layout, series)]);
}

void layout_add_line(struct buffer *out, const struct layout *layout, struct layout_line line)
{
    enum sample_type type = layout_type(layout, line.series);
    struct layout_values values = layout_values(type);

    add_name(out, layout, line.series);
    buffer_add_char(out, ':');
    add_number(out, (uint64_t)line.value * values.scale, values.width);
    buffer_add_char(out, '|');
    buffer_add(out, letters_of(type));
    if (layout->n_labels > 0)
        add_labels(out, layout, line.series);
    buffer_add_char(out, '\n');
}

/* --- layout --------------------------------------------------------------------------- */

/* Spread the types evenly, so that any range of series has about the right mix. */
static void spread_types(struct layout *layout, const unsigned *percent)
{
    for (unsigned i = 0; i < 100; i++) {
        /* 37 and 100 have no common divisor, so each place is used once. */
        unsigned place = i * 37 % 100, type = 0;

        while (place >= percent[type])
            place -= percent[type++];
        layout->types[i] = (enum sample_type)type;
    }
}

/* Set the length of all lines: that of the longest, or more if @spec asks for it. */
static int fit_lines(struct layout *layout, const struct workload_spec *spec)
{
    CLEANUP(buffer_deinit) struct buffer line = { 0 };
    size_t len[WORKLOAD_N_TYPES] = { 0 };

    for (uint32_t series = 0; series < 100 && series < spec->n_series; series++) {
        enum sample_type type = layout_type(layout, series);

        buffer_clear(&line);
        layout_add_line(&line, layout, (struct layout_line){ .series = series });
        if (line.has_failed)
            return -ENOMEM;
        len[type] = line.len - 1;
        if (layout->line_len < len[type])
            layout->line_len = len[type];
    }
    /* Each line has a line feed, except the last of a datagram. */
    if (layout->line_len + 1 < (spec->n_bytes + 1) / spec->n_lines)
        layout->line_len = (spec->n_bytes + 1) / spec->n_lines - 1;
    for (unsigned type = 0; type < WORKLOAD_N_TYPES; type++)
        layout->n_pad[type] = layout->line_len - len[type];
    return 0;
}

int layout_init(struct layout *layout, const struct workload_spec *spec)
{
    *layout = (struct layout){
        .prefix = spec->prefix,
        .n_labels = spec->n_labels,
        .series_width = count_digits(spec->n_series - 1),
        .family_width = count_digits((spec->n_series - 1) / FAMILY_SERIES),
    };
    spread_types(layout, spec->percent);
    return fit_lines(layout, spec);
}
