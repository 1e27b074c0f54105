/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Text
 *
 *      # HELP bot_routes_total Sent as bot.routes_total.
 *      # TYPE bot_routes_total counter
 *      bot_routes_total{player_id="1",status="completed"} 1
 */

#include "output/text.h"

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

/* name{labels} and a blank; no braces without labels. */
static void add_name(struct buffer *buffer, struct slice name, struct slice labels)
{
    buffer_add(buffer, name);
    if (labels.len) {
        buffer_add_char(buffer, '{');
        buffer_add(buffer, labels);
        buffer_add_char(buffer, '}');
    }
    buffer_add_char(buffer, ' ');
}

void text_sample(struct buffer *buffer, struct slice name, struct slice labels, double value)
{
    add_name(buffer, name, labels);
    buffer_add_double(buffer, value);
    buffer_add_char(buffer, '\n');
}

static void add_bucket(struct buffer *buffer, struct slice name, struct slice labels,
                       struct slice bound, uint64_t count)
{
    buffer_add(buffer, name);
    buffer_add_literal(buffer, "_bucket{");
    if (labels.len) {
        buffer_add(buffer, labels);
        buffer_add_char(buffer, ',');
    }
    buffer_add(buffer, bound);
    buffer_add_literal(buffer, "} ");
    buffer_add_uint(buffer, count);
    buffer_add_char(buffer, '\n');
}

static void add_suffixed(struct buffer *buffer, struct slice name, struct slice suffix,
                         struct slice labels)
{
    buffer_add(buffer, name);
    add_name(buffer, suffix, labels);
}

void text_histogram(struct buffer *buffer, struct slice name, struct slice labels,
                    const struct text_histogram *histogram)
{
    const struct buckets *buckets = histogram->buckets;
    uint64_t count = 0;

    for (unsigned i = 0; i < buckets->n; i++) {
        count += histogram->counts[i];
        add_bucket(buffer, name, labels, buckets->labels[i], count);
    }
    count += histogram->counts[buckets->n];
    add_bucket(buffer, name, labels, SLICE("le=\"+Inf\""), count);

    add_suffixed(buffer, name, SLICE("_sum"), labels);
    buffer_add_double(buffer, histogram->sum);
    buffer_add_char(buffer, '\n');
    add_suffixed(buffer, name, SLICE("_count"), labels);
    buffer_add_uint(buffer, count);
    buffer_add_char(buffer, '\n');
}

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
