/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Text
 *
 *      # HELP bot_routes_total Sent as bot.routes_total.
 *      # TYPE bot_routes_total counter
 *      bot_routes_total{player_id="1",status="completed"} 1
 *
 * A scrape may write a million samples. So room is reserved once for all lines of a series,
 * and each put_…() takes the position to write at, and returns the position after it.
 */

#include "output/text.h"

#include "base/number.h"

/* The most bytes of le="0.005". */
#define LE_MAX (sizeof("le=\"\"") + NUMBER_TEXT_MAX)

/* The most bytes of a sample's line, without name, labels and bound. */
#define LINE_REST_MAX (sizeof("_bucket{,} \n") + NUMBER_TEXT_MAX)

/*
 * Rendering a bound costs a hundred times as much as copying its text, so the texts of one
 * set of buckets are cached. One set is enough: all histograms of a family share theirs, and
 * families come one after the other. So a new set costs at most as much as the lines that
 * begin a family.
 */
struct text {
    const struct buckets *buckets; /* the cached set; NULL at first */
    struct slice le[BUCKETS_MAX];  /* le="0.005" */
    char le_text[BUCKETS_MAX][LE_MAX];
};

/* --- families ----------------------------------------------------------------------------- */

static struct slice type_word(enum metric_type type)
{
    switch (type) {
    case METRIC_COUNTER: return SLICE("counter");
    case METRIC_GAUGE:
    case METRIC_SET: return SLICE("gauge"); /* the format has no sets */
    case METRIC_HISTOGRAM: return SLICE("histogram");
    case _METRIC_TYPE_N: break;
    }
    return SLICE("untyped");
}

static void add_help(struct buffer *out, struct slice help)
{
    for (size_t i = 0; i < help.len; i++) {
        if (help.at[i] == '\\')
            buffer_add_literal(out, "\\\\");
        else if (help.at[i] == '\n')
            buffer_add_literal(out, "\\n");
        else
            buffer_add_char(out, help.at[i]);
    }
}

static void write_family(void *state, struct buffer *out, const struct exposition_family *family)
{
    buffer_add_literal(out, "# HELP ");
    buffer_add(out, family->name);
    buffer_add_char(out, ' ');
    add_help(out, family->help);
    buffer_add_literal(out, "\n# TYPE ");
    buffer_add(out, family->name);
    buffer_add_char(out, ' ');
    buffer_add(out, type_word(family->type));
    buffer_add_char(out, '\n');
}

/* --- samples ------------------------------------------------------------------------------ */

static char *put(char *at, struct slice text)
{
    return text.len ? mempcpy(at, text.at, text.len) : at;
}

static char *put_literal(char *at, const char *literal, size_t len)
{
    memcpy(at, literal, len);
    return at + len;
}

#define PUT(at, literal) put_literal((at), (literal), sizeof(literal) - 1)

/* name{labels} and a space; no braces without labels. */
static char *put_name(char *at, struct slice name, struct slice suffix, struct slice labels)
{
    at = put(put(at, name), suffix);
    if (labels.len)
        at = PUT(put(PUT(at, "{"), labels), "}");
    return PUT(at, " ");
}

static char *put_double(char *at, double number)
{
    at += number_format(at, number);
    return PUT(at, "\n");
}

static char *put_uint(char *at, uint64_t number)
{
    at += number_format_uint(at, number);
    return PUT(at, "\n");
}

static void write_sample(void *state, struct buffer *out, const struct exposition_family *family,
                         const struct exposition_sample *sample)
{
    char *at;

    if (!buffer_reserve(out, family->name.len + sample->labels.len + LINE_REST_MAX))
        return;
    at = put_name(out->data + out->len, family->name, SLICE(""), sample->labels);
    out->len = (size_t)(put_double(at, sample->value) - out->data);
}

/* Rare, and written so that the functions above stay inlined where they are used most. */
COLD static void write_large(void *state, struct buffer *out,
                             const struct exposition_family *family, struct slice labels,
                             uint64_t value)
{
    buffer_add(out, family->name);
    if (labels.len) {
        buffer_add_char(out, '{');
        buffer_add(out, labels);
        buffer_add_char(out, '}');
    }
    buffer_add_char(out, ' ');
    buffer_add_uint(out, value);
    buffer_add_char(out, '\n');
}

/* --- histograms --------------------------------------------------------------------------- */

static void render_bounds(struct text *text, const struct buckets *buckets)
{
    for (unsigned i = 0; i < buckets->n; i++) {
        char *begin = text->le_text[i], *at = PUT(begin, "le=\"");

        at += number_format(at, buckets->bounds[i]);
        at = PUT(at, "\"");
        text->le[i] = (struct slice){ begin, (size_t)(at - begin) };
    }
    text->buckets = buckets;
}

/* The cumulative lines of all buckets. @ret_count gets the total. */
static char *put_buckets(char *at, const struct text *text, struct slice name,
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
        at = put_uint(PUT(put(at, text->le[i]), "} "), count);
        /* All lines begin alike; this is the beginning of the next one. */
        at = put(at, beginning);
    }
    count += histogram->counts[n];
    *ret_count = count;
    return put_uint(PUT(at, "le=\"+Inf\"} "), count);
}

static void write_histogram(void *state, struct buffer *out, const struct exposition_family *family,
                            const struct exposition_histogram *histogram)
{
    struct slice name = family->name, labels = histogram->labels;
    struct text *text = state;
    uint64_t count;
    char *at;

    if (text->buckets != histogram->buckets)
        render_bounds(text, histogram->buckets);
    if (!buffer_reserve(out, (histogram->buckets->n + 3) *
                                 (name.len + labels.len + LE_MAX + LINE_REST_MAX)))
        return;
    at = put_buckets(out->data + out->len, text, name, histogram, &count);
    at = put_double(put_name(at, name, SLICE("_sum"), labels), histogram->sum);
    at = put_uint(put_name(at, name, SLICE("_count"), labels), count);
    out->len = (size_t)(at - out->data);
}

const struct exposition_writer text_writer = {
    .content_type = "text/plain; version=0.0.4; charset=utf-8",
    .state_size = sizeof(struct text),
    .family = write_family,
    .sample = write_sample,
    .large = write_large,
    .histogram = write_histogram,
};
