/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Lines: what the text formats write alike
 *
 *      bot_routes_total{player_id="1",status="completed"} 1
 *
 * A scrape may write a million samples. So a writer reserves room once for all lines of a series,
 * and each put_…() takes the position to write at, and returns the position after it. They are in
 * the header so that they are inlined where the most is written.
 */

#include "base/number.h"
#include "output/exposition.h"

/* The most bytes of le="0.005". */
#define LINES_LE_MAX (sizeof("le=\"\"") + NUMBER_TEXT_MAX)

/* The same of quantile="0.5". */
#define LINES_QUANTILE_MAX (sizeof("quantile=\"\"") + NUMBER_TEXT_MAX)

/* The most bytes of a sample's line, without name, labels and bound. */
#define LINES_REST_MAX (sizeof("_bucket{,} \n") + NUMBER_TEXT_MAX)

/*
 * Rendering a bound costs a hundred times as much as copying its text, so the texts of one
 * set of buckets are cached. One set is enough: all histograms of a family share theirs, and
 * families come one after the other. So a new set costs at most as much as the lines that
 * begin a family.
 */
struct lines_bounds {
    const struct buckets *buckets; /* the cached set; NULL at first */
    struct slice le[BUCKETS_MAX];  /* le="0.005" */
    char text[BUCKETS_MAX][LINES_LE_MAX];
};

/* number_format(), or another that writes a bound or a quantile. */
typedef size_t lines_format(char out[NUMBER_TEXT_MAX], double number);

/* Cache the texts of @buckets, whose bounds @format writes. */
void lines_render_bounds(struct lines_bounds *bounds, const struct buckets *buckets,
                         lines_format *format);

/* Append @text with "\\" and "\n" escaped, and each character of @more as well. */
void lines_add_escaped(struct buffer *out, struct slice text, const char *more);

/* The room for all lines of @summary, in bytes. */
static inline size_t lines_summary_max(struct slice name, const struct exposition_summary *summary)
{
    return (summary->n_quantiles + 2) *
           (name.len + summary->labels.len + LINES_QUANTILE_MAX + LINES_REST_MAX);
}

/* The room for all lines of @histogram, in bytes. */
static inline size_t lines_histogram_max(struct slice name,
                                         const struct exposition_histogram *histogram)
{
    return (histogram->buckets->n + 3) *
           (name.len + histogram->labels.len + LINES_LE_MAX + LINES_REST_MAX);
}

static inline char *put(char *at, struct slice text)
{
    return text.len ? mempcpy(at, text.at, text.len) : at;
}

static inline char *put_literal(char *at, const char *literal, size_t len)
{
    memcpy(at, literal, len);
    return at + len;
}

#define PUT(at, literal) put_literal((at), (literal), sizeof(literal) - 1)

/* name{labels} and a space; no braces without labels. */
static inline char *put_name(char *at, struct slice name, struct slice suffix, struct slice labels)
{
    at = put(put(at, name), suffix);
    if (labels.len)
        at = PUT(put(PUT(at, "{"), labels), "}");
    return PUT(at, " ");
}

static inline char *put_double(char *at, double number)
{
    at += number_format(at, number);
    return PUT(at, "\n");
}

static inline char *put_uint(char *at, uint64_t number)
{
    at += number_format_uint(at, number);
    return PUT(at, "\n");
}

/* The line of quantile @i, which @format writes. */
static inline char *put_quantile(char *at, struct slice name,
                                 const struct exposition_summary *summary, unsigned i,
                                 lines_format *format)
{
    at = PUT(put(at, name), "{");
    if (summary->labels.len)
        at = PUT(put(at, summary->labels), ",");
    at = PUT(at, "quantile=\"");
    at += format(at, summary->quantiles[i]);
    return put_double(PUT(at, "\"} "), summary->values[i]);
}

/* The cumulative lines of all buckets, whose texts are cached. @ret_count gets the total. */
static inline char *put_buckets(char *at, const struct lines_bounds *bounds, struct slice name,
                                const struct exposition_histogram *histogram, uint64_t *ret_count)
{
    unsigned n = histogram->buckets->n;
    struct slice beginning = { at, 0 };
    uint64_t count = 0;

    at = PUT(put(at, name), "_bucket{");
    if (histogram->labels.len)
        at = PUT(put(at, histogram->labels), ",");
    beginning.len = (size_t)(at - beginning.at);
    for (unsigned i = 0; i < n; i++) {
        count += histogram->counts[i];
        at = put_uint(PUT(put(at, bounds->le[i]), "} "), count);
        /* All lines begin alike; this is the beginning of the next one. */
        at = put(at, beginning);
    }
    count += histogram->counts[n];
    *ret_count = count;
    return put_uint(PUT(at, "le=\"+Inf\"} "), count);
}
