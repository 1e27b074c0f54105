/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Text
 *
 *      # HELP bot_routes_total Sent as bot.routes_total.
 *      # TYPE bot_routes_total counter
 *      bot_routes_total{player_id="1",status="completed"} 1
 */

#include "output/text.h"

#include "base/number.h"

const char *text_type(enum metric_type type)
{
    static const char *const words[_METRIC_TYPE_N] = {
        [METRIC_COUNTER] = "counter",
        [METRIC_GAUGE] = "gauge",
        [METRIC_HISTOGRAM] = "histogram",
        [METRIC_SET] = "gauge",
    };

    return words[type];
}

static void add_help(struct buffer *buffer, struct slice help)
{
    for (size_t i = 0; i < help.len; i++) {
        if (help.at[i] == '\\')
            buffer_add_literal(buffer, "\\\\");
        else if (help.at[i] == '\n')
            buffer_add_literal(buffer, "\\n");
        else
            buffer_add_char(buffer, help.at[i]);
    }
}

void text_family(struct buffer *buffer, struct slice name, enum metric_type type, struct slice help)
{
    buffer_add_literal(buffer, "# HELP ");
    buffer_add(buffer, name);
    buffer_add_char(buffer, ' ');
    add_help(buffer, help);
    buffer_add_literal(buffer, "\n# TYPE ");
    buffer_add(buffer, name);
    buffer_add_char(buffer, ' ');
    buffer_add(buffer, slice_of(text_type(type)));
    buffer_add_char(buffer, '\n');
}

/* --- samples -------------------------------------------------------------------------- */

/*
 * These are written a million times a scrape. So room is made once for all of a series,
 * and each function below takes where to write, and returns where it has ended.
 */

static char *put(char *at, struct slice text)
{
    if (text.len)
        memcpy(at, text.at, text.len);
    return at + text.len;
}

static char *put_literal(char *at, const char *literal, size_t len)
{
    memcpy(at, literal, len);
    return at + len;
}

#define PUT(at, literal) put_literal((at), (literal), sizeof(literal) - 1)

/* name{labels} and a blank; no braces without labels. */
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

/* What the line of a sample has at most, without name, labels and bound. */
#define LINE_MAX_REST (sizeof("_bucket{,} \n") + NUMBER_TEXT_MAX)

void text_sample(struct buffer *buffer, struct slice name, struct slice labels, double value)
{
    char *at;

    if (!buffer_reserve(buffer, name.len + labels.len + LINE_MAX_REST))
        return;
    at = put_name(buffer->data + buffer->len, name, SLICE(""), labels);
    buffer->len = (size_t)(put_double(at, value) - buffer->data);
}

static char *put_buckets(char *at, struct slice name, struct slice labels,
                         const struct text_histogram *histogram)
{
    const struct buckets *buckets = histogram->buckets;
    struct slice beginning = { at, 0 };
    uint64_t count = 0;

    at = PUT(put(at, name), "_bucket{");
    if (labels.len)
        at = PUT(put(at, labels), ",");
    beginning.len = (size_t)(at - beginning.at);
    for (unsigned i = 0; i < buckets->n; i++) {
        count += histogram->counts[i];
        at = put_uint(PUT(put(at, buckets->labels[i]), "} "), count);
        /* All lines begin alike, so the next one has begun. */
        at = put(at, beginning);
    }
    count += histogram->counts[buckets->n];
    at = put_uint(PUT(at, "le=\"+Inf\"} "), count);

    at = put_double(put_name(at, name, SLICE("_sum"), labels), histogram->sum);
    return put_uint(put_name(at, name, SLICE("_count"), labels), count);
}

void text_histogram(struct buffer *buffer, struct slice name, struct slice labels,
                    const struct text_histogram *histogram)
{
    size_t line_max = name.len + labels.len + BUCKETS_LABEL_MAX + LINE_MAX_REST;
    char *end;

    if (!buffer_reserve(buffer, (histogram->buckets->n + 3) * line_max))
        return;
    end = put_buckets(buffer->data + buffer->len, name, labels, histogram);
    buffer->len = (size_t)(end - buffer->data);
}

/* --- what the registry holds ---------------------------------------------------------- */

void text_series_family(struct buffer *buffer, const struct family *family)
{
    struct buffer help = { 0 };

    buffer_add_literal(&help, "Sent as ");
    buffer_add(&help, family->sent_as);
    buffer_add_char(&help, '.');
    text_family(buffer, family->name, family->type, buffer_text(&help));
    buffer->has_failed |= help.has_failed;
    buffer_deinit(&help);
}

void text_series(struct buffer *buffer, const struct series *series, const struct reading *reading)
{
    const struct family *family = series->family;

    if (family->type == METRIC_HISTOGRAM)
        text_histogram(buffer, family->name, series_labels(series),
                       &(struct text_histogram){ family->buckets, reading->counts, reading->sum });
    else
        text_sample(buffer, family->name, series_labels(series), reading->value);
}
