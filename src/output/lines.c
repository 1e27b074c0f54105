/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lines
 *
 * Only what is written once for a family is here; the rest is in the header.
 */

#include "output/lines.h"

void lines_render_bounds(struct lines_bounds *bounds, const struct buckets *buckets,
                         lines_format *format)
{
    for (unsigned i = 0; i < buckets->n; i++) {
        char *begin = bounds->text[i], *at = PUT(begin, "le=\"");

        at += format(at, buckets->bounds[i]);
        at = PUT(at, "\"");
        bounds->le[i] = (struct slice){ begin, (size_t)(at - begin) };
    }
    bounds->buckets = buckets;
}

void lines_add_escaped(struct buffer *out, struct slice text, const char *more)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (c == '\n') {
            buffer_add_literal(out, "\\n");
            continue;
        }
        if (c == '\\' || (c && strchr(more, c)))
            buffer_add_char(out, '\\');
        buffer_add_char(out, c);
    }
}
