/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Text
 *
 *      # HELP bot_routes_total Sent as bot.routes_total.
 *      # TYPE bot_routes_total counter
 *      bot_routes_total{player_id="1",status="completed"} 1
 */

#include "output/text.h"

#include "output/lines.h"

/* --- families ----------------------------------------------------------------------------- */

static struct slice type_word(enum metric_type type)
{
    switch (type) {
    case METRIC_COUNTER: return SLICE("counter");
    case METRIC_GAUGE:
    case METRIC_SET: return SLICE("gauge"); /* the format has no sets */
    case METRIC_HISTOGRAM: return SLICE("histogram");
    case METRIC_SUMMARY: return SLICE("summary");
    case _METRIC_TYPE_N: break;
    }
    return SLICE("untyped");
}

static void write_family(void *state, struct buffer *out, const struct exposition_family *family)
{
    buffer_add_literal(out, "# HELP ");
    buffer_add(out, family->name);
    buffer_add_char(out, ' ');
    lines_add_escaped(out, family->help, "");
    buffer_add_literal(out, "\n# TYPE ");
    buffer_add(out, family->name);
    buffer_add_char(out, ' ');
    buffer_add(out, type_word(family->type));
    buffer_add_char(out, '\n');
}

/* --- samples ------------------------------------------------------------------------------ */

static void write_sample(void *state, struct buffer *out, const struct exposition_family *family,
                         const struct exposition_sample *sample)
{
    char *at;

    if (!buffer_reserve(out, family->name.len + sample->labels.len + LINES_REST_MAX))
        return;
    at = put_name(out->data + out->len, family->name, SLICE(""), sample->labels);
    out->len = (size_t)(put_double(at, sample->value) - out->data);
}

/* Rare, and written so that the functions above stay inlined where they are used most. */
COLD static void write_large(void *state, struct buffer *out,
                             const struct exposition_family *family,
                             const struct exposition_large *large)
{
    buffer_add(out, family->name);
    if (large->labels.len) {
        buffer_add_char(out, '{');
        buffer_add(out, large->labels);
        buffer_add_char(out, '}');
    }
    buffer_add_char(out, ' ');
    buffer_add_uint(out, large->value);
    buffer_add_char(out, '\n');
}

/* --- histograms --------------------------------------------------------------------------- */

static void write_histogram(void *state, struct buffer *out, const struct exposition_family *family,
                            const struct exposition_histogram *histogram)
{
    struct slice name = family->name, labels = histogram->labels;
    struct lines_bounds *bounds = state;
    uint64_t count;
    char *at;

    if (bounds->buckets != histogram->buckets)
        lines_render_bounds(bounds, histogram->buckets, number_format);
    if (!buffer_reserve(out, lines_histogram_max(name, histogram)))
        return;
    at = put_buckets(out->data + out->len, bounds, name, histogram, &count);
    at = put_double(put_name(at, name, SLICE("_sum"), labels), histogram->sum);
    at = put_uint(put_name(at, name, SLICE("_count"), labels), count);
    out->len = (size_t)(at - out->data);
}

static void write_summary(void *state, struct buffer *out, const struct exposition_family *family,
                          const struct exposition_summary *summary)
{
    struct slice name = family->name, labels = summary->labels;
    char *at;

    if (!buffer_reserve(out, lines_summary_max(name, summary)))
        return;
    at = out->data + out->len;
    for (unsigned i = 0; i < summary->n_quantiles; i++)
        at = put_quantile(at, name, summary, i, number_format);
    at = put_double(put_name(at, name, SLICE("_sum"), labels), summary->sum);
    at = put_uint(put_name(at, name, SLICE("_count"), labels), summary->count);
    out->len = (size_t)(at - out->data);
}

static void forget_buckets(void *state)
{
    struct lines_bounds *bounds = state;

    bounds->buckets = NULL;
}

const struct exposition_writer text_writer = {
    .state_size = sizeof(struct lines_bounds),
    .ignores_native = true,
    .family = write_family,
    .sample = write_sample,
    .large = write_large,
    .summary = write_summary,
    .histogram = write_histogram,
    .pause = forget_buckets,
};
