/* SPDX-License-Identifier: Apache-2.0 */

/*
 * OpenMetrics 2
 *
 *      # TYPE bot_wait_seconds histogram
 *      # UNIT bot_wait_seconds seconds
 *      # HELP bot_wait_seconds Sent as bot.wait_seconds.
 *      bot_wait_seconds{player="1"} {count:3,sum:0.7,bucket:[0.1:1,0.5:3,+Inf:3]} st@1605301325.012
 *      # EOF
 *
 * The longest line is that of a histogram. Its room is reserved once, and the texts of the bounds,
 * which all series of a family share, are cached.
 */

#include "output/openmetrics2.h"

#include "output/lines.h"

/* The most bytes of " st@1605301325.012". */
#define START_MAX (sizeof(" st@.012") + NUMBER_TEXT_MAX)

/* The most bytes of "0.005:3,", also with another value. */
#define BUCKET_MAX (2 * NUMBER_TEXT_MAX + 2)

/* The most bytes of the other members of a composite value, native buckets among them. */
#define MEMBERS_MAX                                                                                \
    (sizeof("{count:,sum:,schema:,zero_threshold:,zero_count:,negative_spans:[],"                  \
            "negative_buckets:[],positive_spans:[],positive_buckets:[],bucket:[+Inf:]}") +         \
     6 * NUMBER_TEXT_MAX)

/* What the format makes of a type. */
struct form {
    struct slice type;
    bool has_start; /* of a type whose samples are single numbers */
};

struct openmetrics2 {
    bool has_start;                   /* of the family that is being written */
    const struct buckets *buckets;    /* whose texts are cached; NULL at first */
    struct slice bounds[BUCKETS_MAX]; /* 0.005: */
    char text[BUCKETS_MAX][NUMBER_TEXT_MAX + 1];
};

/* --- families ------------------------------------------------------------------------------ */

static struct form form_of(enum metric_type type)
{
    switch (type) {
    case METRIC_COUNTER: return (struct form){ SLICE("counter"), true };
    case METRIC_GAUGE:
    case METRIC_SET: return (struct form){ SLICE("gauge"), false }; /* the format has no sets */
    case METRIC_HISTOGRAM: return (struct form){ SLICE("histogram"), false };
    case METRIC_SUMMARY: return (struct form){ SLICE("summary"), false };
    case _METRIC_TYPE_N: break;
    }
    return (struct form){ SLICE("unknown"), false };
}

static void begin_metadata(struct buffer *out, struct slice what, struct slice name)
{
    buffer_add_literal(out, "# ");
    buffer_add(out, what);
    buffer_add_char(out, ' ');
    buffer_add(out, name);
    buffer_add_char(out, ' ');
}

static void write_family(void *state, struct buffer *out, const struct exposition_family *family)
{
    struct openmetrics2 *openmetrics = state;
    struct form form = form_of(family->type);

    openmetrics->has_start = form.has_start;
    begin_metadata(out, SLICE("TYPE"), family->name);
    buffer_add(out, form.type);
    buffer_add_char(out, '\n');
    if (family->unit.len) {
        begin_metadata(out, SLICE("UNIT"), family->name);
        buffer_add(out, family->unit);
        buffer_add_char(out, '\n');
    }
    begin_metadata(out, SLICE("HELP"), family->name);
    lines_add_escaped(out, family->help, "\"");
    buffer_add_char(out, '\n');
}

/* --- numbers ------------------------------------------------------------------------------- */

static inline char *put_number(char *at, double number)
{
    return at + number_format(at, number);
}

static inline char *put_whole(char *at, uint64_t number)
{
    return at + number_format_uint(at, number);
}

static inline char *put_signed(char *at, int64_t number)
{
    if (number < 0)
        at = PUT(at, "-");
    return put_whole(at, number < 0 ? (uint64_t)-number : (uint64_t)number);
}

/* The end of a line: when the series began, if that is known. */
static inline char *put_end(char *at, int64_t started_ms)
{
    unsigned ms = (unsigned)(started_ms % 1000);

    if (started_ms > 0) {
        at = PUT(put_whole(PUT(at, " st@"), (uint64_t)started_ms / 1000), ".");
        *at++ = (char)('0' + ms / 100);
        *at++ = (char)('0' + ms / 10 % 10);
        *at++ = (char)('0' + ms % 10);
    }
    return PUT(at, "\n");
}

/* --- samples ------------------------------------------------------------------------------- */

/* The position after the name and labels of a sample; NULL without memory. */
static inline char *begin_sample(struct buffer *out, struct slice name, struct slice labels)
{
    if (!buffer_reserve(out, name.len + labels.len + LINES_REST_MAX + START_MAX))
        return NULL;
    return put_name(out->data + out->len, name, SLICE(""), labels);
}

static void write_sample(void *state, struct buffer *out, const struct exposition_family *family,
                         const struct exposition_sample *sample)
{
    const struct openmetrics2 *openmetrics = state;
    char *at = begin_sample(out, family->name, sample->labels);

    if (!at)
        return;
    at = put_end(put_number(at, sample->value), openmetrics->has_start ? sample->started_ms : 0);
    out->len = (size_t)(at - out->data);
}

static void write_large(void *state, struct buffer *out, const struct exposition_family *family,
                        const struct exposition_large *large)
{
    char *at = begin_sample(out, family->name, large->labels);

    if (at)
        out->len = (size_t)(put_end(put_whole(at, large->value), large->started_ms) - out->data);
}

/* --- histograms ---------------------------------------------------------------------------- */

static void render_bounds(struct openmetrics2 *openmetrics, const struct buckets *buckets)
{
    for (unsigned i = 0; i < buckets->n; i++) {
        char *begin = openmetrics->text[i];
        char *at = PUT(begin + number_format_canonical(begin, buckets->bounds[i]), ":");

        openmetrics->bounds[i] = (struct slice){ begin, (size_t)(at - begin) };
    }
    openmetrics->buckets = buckets;
}

/* The buckets of one sign, whose members begin with @sign. */
static char *put_side(char *at, struct slice sign, const struct native_side *side)
{
    if (side->n_spans == 0)
        return at;
    at = PUT(put(PUT(at, ","), sign), "_spans:[");
    for (unsigned i = 0; i < side->n_spans; i++) {
        if (i > 0)
            at = PUT(at, ",");
        at = PUT(put_signed(at, side->spans[i].offset), ":");
        at = put_whole(at, side->spans[i].length);
    }
    at = PUT(put(PUT(at, "],"), sign), "_buckets:[");
    for (unsigned i = 0; i < side->n_counts; i++) {
        if (i > 0)
            at = PUT(at, ",");
        at = put_whole(at, side->counts[i]);
    }
    return PUT(at, "]");
}

static char *put_native(char *at, const struct native_buckets *native)
{
    at = put_signed(PUT(at, ",schema:"), native->schema);
    at = put_number(PUT(at, ",zero_threshold:"), native->zero_threshold);
    at = put_whole(PUT(at, ",zero_count:"), native->zero_count);
    at = put_side(at, SLICE("negative"), &native->negative);
    return put_side(at, SLICE("positive"), &native->positive);
}

/* The classic buckets, whose bounds are cached. */
static inline char *put_classic(char *at, const struct openmetrics2 *openmetrics,
                                const struct exposition_histogram *histogram)
{
    unsigned n = histogram->buckets->n;
    uint64_t count = 0;

    at = PUT(at, ",bucket:[");
    for (unsigned i = 0; i < n; i++) {
        count += histogram->counts[i];
        at = PUT(put_whole(put(at, openmetrics->bounds[i]), count), ",");
    }
    return PUT(put_whole(PUT(at, "+Inf:"), count + histogram->counts[n]), "]}");
}

static uint64_t count_all(const struct exposition_histogram *histogram)
{
    uint64_t count = 0;

    for (unsigned i = 0; i <= histogram->buckets->n; i++)
        count += histogram->counts[i];
    return count;
}

static size_t side_max(const struct native_side *side)
{
    return (size_t)side->n_spans * BUCKET_MAX + (size_t)side->n_counts * (NUMBER_TEXT_MAX + 1);
}

/* The room for the line of @histogram, in bytes. */
static size_t histogram_max(struct slice name, const struct exposition_histogram *histogram)
{
    const struct native_buckets *native = histogram->native;
    size_t n_bytes = native ? side_max(&native->negative) + side_max(&native->positive) : 0;

    return n_bytes + name.len + histogram->labels.len + LINES_REST_MAX + START_MAX + MEMBERS_MAX +
           histogram->buckets->n * BUCKET_MAX;
}

static void write_histogram(void *state, struct buffer *out, const struct exposition_family *family,
                            const struct exposition_histogram *histogram)
{
    struct openmetrics2 *openmetrics = state;
    char *at;

    if (openmetrics->buckets != histogram->buckets)
        render_bounds(openmetrics, histogram->buckets);
    if (!buffer_reserve(out, histogram_max(family->name, histogram)))
        return;
    at = put_name(out->data + out->len, family->name, SLICE(""), histogram->labels);
    at = put_whole(PUT(at, "{count:"), count_all(histogram));
    at = put_number(PUT(at, ",sum:"), histogram->sum);
    if (histogram->native)
        at = put_native(at, histogram->native);
    at = put_end(put_classic(at, openmetrics, histogram), histogram->started_ms);
    out->len = (size_t)(at - out->data);
}

/* --- summaries ----------------------------------------------------------------------------- */

/* What is below 0 has no place there. So a quantile is left out, and a series without a sum. */
static void write_summary(void *state, struct buffer *out, const struct exposition_family *family,
                          const struct exposition_summary *summary)
{
    size_t room = family->name.len + summary->labels.len + LINES_REST_MAX + START_MAX +
                  MEMBERS_MAX + summary->n_quantiles * BUCKET_MAX;
    unsigned n = 0;
    char *at;

    if (summary->sum < 0 || !buffer_reserve(out, room))
        return;
    at = put_name(out->data + out->len, family->name, SLICE(""), summary->labels);
    at = put_whole(PUT(at, "{count:"), summary->count);
    at = PUT(put_number(PUT(at, ",sum:"), summary->sum), ",quantile:[");
    for (unsigned i = 0; i < summary->n_quantiles; i++) {
        if (summary->values[i] < 0)
            continue;
        if (n++ > 0)
            at = PUT(at, ",");
        at += number_format_canonical(at, summary->quantiles[i]);
        at = put_number(PUT(at, ":"), summary->values[i]);
    }
    out->len = (size_t)(put_end(PUT(at, "]}"), summary->started_ms) - out->data);
}

/* --- the page ------------------------------------------------------------------------------- */

static void write_end(void *state, struct buffer *out)
{
    buffer_add_literal(out, "# EOF\n");
}

static void forget_buckets(void *state)
{
    struct openmetrics2 *openmetrics = state;

    openmetrics->buckets = NULL;
}

const struct exposition_writer openmetrics2_writer = {
    .state_size = sizeof(struct openmetrics2),
    .family = write_family,
    .sample = write_sample,
    .large = write_large,
    .summary = write_summary,
    .histogram = write_histogram,
    .end = write_end,
    .pause = forget_buckets,
};
