/* SPDX-License-Identifier: Apache-2.0 */

/*
 * OpenMetrics
 *
 *      # TYPE bot_routes counter
 *      # HELP bot_routes Sent as bot.routes_total.
 *      bot_routes_total{player_id="1",status="completed"} 1
 *      # EOF
 *
 * What a family is called is found out when it begins. After that, a sample is written as in the
 * other text format.
 */

#include "output/openmetrics.h"

#include "output/lines.h"

#define MORE_MAX 4

/* What the format makes of a type. */
struct form {
    struct slice type;
    struct slice suffix;         /* of a sample that is a single number; not in the family's name */
    struct slice more[MORE_MAX]; /* suffixes of other samples, by the section "Suffixes" */
};

/* METRIC_NONE gives a form without suffixes. */
static const struct form *form_of(enum metric_type type)
{
    static const struct form counter = { .type = { "counter", 7 },
                                         .suffix = { "_total", 6 },
                                         .more = { { "_created", 8 } } };
    static const struct form gauge = { .type = { "gauge", 5 } };
    static const struct form histogram = {
        .type = { "histogram", 9 },
        .more = { { "_bucket", 7 }, { "_count", 6 }, { "_sum", 4 }, { "_created", 8 } },
    };
    static const struct form summary = {
        .type = { "summary", 7 },
        .more = { { "_count", 6 }, { "_sum", 4 }, { "_created", 8 } },
    };
    static const struct form unknown = { .type = { "unknown", 7 } };

    switch (type) {
    case METRIC_COUNTER: return &counter;
    case METRIC_GAUGE:
    case METRIC_SET: return &gauge;
    case METRIC_HISTOGRAM: return &histogram;
    case METRIC_SUMMARY: return &summary;
    case _METRIC_TYPE_N: break;
    }
    return &unknown;
}

struct openmetrics {
    struct lines_bounds bounds;
    /* Of the family that is being written: */
    struct slice name;   /* as its metadata say it: a part of struct exposition_family's */
    struct slice suffix; /* of its samples, if each is a single number */
    bool has_created;    /* its series have a sample with their start */
};

/* --- names --------------------------------------------------------------------------------- */

/* Whether @name ends in @suffix; then @ret_base is what precedes it. */
static bool has_suffix(struct slice name, struct slice suffix, struct slice *ret_base)
{
    if (suffix.len == 0 || name.len <= suffix.len ||
        memcmp(name.at + name.len - suffix.len, suffix.at, suffix.len) != 0)
        return false;
    *ret_base = (struct slice){ name.at, name.len - suffix.len };
    return true;
}

/* A name with suffixes. Senders' names have at most 4096 bytes (limit.name-length). */
struct name {
    char text[4096 + 2 * sizeof("_created")];
};

/* Empty if it is too long for any family. */
static struct slice join(struct name *name, struct slice base, struct slice suffix)
{
    if (base.len + suffix.len > sizeof(name->text))
        return (struct slice){ 0 };
    return (struct slice){ name->text, (size_t)(put(put(name->text, base), suffix) - name->text) };
}

/* The form of the family called @name, if it is not @family. */
static const struct form *form_called(const struct exposition_family *family, struct slice name)
{
    const struct family *other =
        slice_equal(name, family->name) ? NULL : snapshot_find(family->others, name);

    return form_of(other ? other->type : METRIC_NONE);
}

/* The form of a family but @family that has a suffix in its name, which the format calls @base. */
static const struct form *form_with_suffix(const struct exposition_family *family,
                                           struct slice base)
{
    const struct slice suffix = form_of(family->type)->suffix;
    struct name name;
    const struct form *form = form_called(family, join(&name, base, suffix));

    return form->suffix.len ? form : form_of(METRIC_NONE);
}

static bool has_more(const struct form *form, struct slice suffix)
{
    for (unsigned i = 0; i < MORE_MAX; i++)
        if (form->more[i].len && slice_equal(form->more[i], suffix))
            return true;
    return false;
}

/* Whether a family but @family has samples called @name, or is itself called that. */
static bool is_taken_by_another(const struct exposition_family *family, struct slice name)
{
    const struct form *most = form_of(METRIC_HISTOGRAM); /* it has all other suffixes */
    struct slice base;

    if ((!slice_equal(name, family->name) && snapshot_find(family->others, name)) ||
        form_with_suffix(family, name)->suffix.len)
        return true;
    for (unsigned i = 0; i < MORE_MAX; i++)
        if (has_suffix(name, most->more[i], &base) &&
            (has_more(form_called(family, base), most->more[i]) ||
             has_more(form_with_suffix(family, base), most->more[i])))
            return true;
    return false;
}

static bool is_taken(const struct exposition_family *family, struct slice base, struct slice suffix)
{
    struct name name;

    return is_taken_by_another(family, join(&name, base, suffix));
}

/* Whether all names that @family takes as one called @base are its alone. */
static bool may_be_called(const struct exposition_family *family, struct slice base)
{
    const struct form *form = form_of(family->type);
    bool is_free = !is_taken(family, base, SLICE("")) && !is_taken(family, base, form->suffix);

    for (unsigned i = 0; i < MORE_MAX && is_free; i++)
        is_free = form->more[i].len == 0 || !is_taken(family, base, form->more[i]);
    return is_free;
}

/* --- families ------------------------------------------------------------------------------- */

/*
 * Decide what @family is called. Returns its type as the format has it. Only where a suffix is not
 * in the name can the name be another family's; the registry sees to all others.
 */
static struct slice name_family(struct openmetrics *state, const struct exposition_family *family)
{
    const struct form *form = form_of(family->type);
    struct slice base = family->name;

    (void)has_suffix(family->name, form->suffix, &base);
    if (form->suffix.len && family->others && !may_be_called(family, base)) {
        form = form_of(METRIC_NONE);
        base = family->name;
    }
    state->name = base;
    state->suffix = form->suffix;
    return form->type;
}

/* Whether the type of @family has starts, and no other family their name. */
static bool may_have_created(const struct openmetrics *state,
                             const struct exposition_family *family)
{
    return has_more(form_of(family->type), SLICE("_created")) &&
           (form_of(family->type)->suffix.len == 0 || state->suffix.len) &&
           !(family->others && is_taken(family, state->name, SLICE("_created")));
}

static void begin_metadata(struct buffer *out, struct slice what, struct slice name)
{
    buffer_add_literal(out, "# ");
    buffer_add(out, what);
    buffer_add_char(out, ' ');
    buffer_add(out, name);
    buffer_add_char(out, ' ');
}

/* A unit may be said only of a name that ends in it. */
static bool ends_in_unit(struct slice name, struct slice unit)
{
    struct slice base;

    return unit.len && has_suffix(name, unit, &base) && base.len > 1 &&
           base.at[base.len - 1] == '_';
}

static void write_family(void *state, struct buffer *out, const struct exposition_family *family)
{
    struct openmetrics *openmetrics = state;
    struct slice type = name_family(openmetrics, family), name = openmetrics->name;

    begin_metadata(out, SLICE("TYPE"), name);
    buffer_add(out, type);
    buffer_add_char(out, '\n');
    if (ends_in_unit(name, family->unit)) {
        begin_metadata(out, SLICE("UNIT"), name);
        buffer_add(out, family->unit);
        buffer_add_char(out, '\n');
    }
    begin_metadata(out, SLICE("HELP"), name);
    lines_add_escaped(out, family->help, "\"");
    buffer_add_char(out, '\n');
}

static void write_family_with_starts(void *state, struct buffer *out,
                                     const struct exposition_family *family)
{
    struct openmetrics *openmetrics = state;

    write_family(state, out, family);
    openmetrics->has_created = may_have_created(openmetrics, family);
}

/* --- samples -------------------------------------------------------------------------------- */

/* The position after the name and labels of a sample; NULL without memory. */
static char *begin_sample(const struct openmetrics *openmetrics, struct buffer *out,
                          struct slice labels)
{
    struct slice name = openmetrics->name, suffix = openmetrics->suffix;

    if (!buffer_reserve(out, name.len + suffix.len + labels.len + LINES_REST_MAX))
        return NULL;
    return put_name(out->data + out->len, name, suffix, labels);
}

/* When a series began, if that is to be shown. */
static void write_created(const struct openmetrics *openmetrics, struct buffer *out,
                          struct slice labels, int64_t started_ms)
{
    char *at;

    if (!openmetrics->has_created || started_ms == 0 ||
        !buffer_reserve(out, openmetrics->name.len + labels.len + LINES_REST_MAX))
        return;
    at = put_name(out->data + out->len, openmetrics->name, SLICE("_created"), labels);
    out->len = (size_t)(put_double(at, (double)started_ms / 1000) - out->data);
}

static void write_sample(void *state, struct buffer *out, const struct exposition_family *family,
                         const struct exposition_sample *sample)
{
    char *at = begin_sample(state, out, sample->labels);

    if (at)
        out->len = (size_t)(put_double(at, sample->value) - out->data);
    write_created(state, out, sample->labels, sample->started_ms);
}

static void write_large(void *state, struct buffer *out, const struct exposition_family *family,
                        const struct exposition_large *large)
{
    char *at = begin_sample(state, out, large->labels);

    if (at)
        out->len = (size_t)(put_uint(at, large->value) - out->data);
    write_created(state, out, large->labels, large->started_ms);
}

/*
 * A histogram with negative observations has no sum there, and then no count either, as its sum is
 * not a counter. Whether it may have some, its lowest bound says; and a sum below zero.
 */
static bool has_sum(const struct exposition_histogram *histogram)
{
    return histogram->sum >= 0 && !(histogram->buckets->n && histogram->buckets->bounds[0] < 0);
}

static void write_histogram(void *state, struct buffer *out, const struct exposition_family *family,
                            const struct exposition_histogram *histogram)
{
    struct slice name = family->name, labels = histogram->labels;
    struct openmetrics *openmetrics = state;
    uint64_t count;
    char *at;

    if (openmetrics->bounds.buckets != histogram->buckets)
        lines_render_bounds(&openmetrics->bounds, histogram->buckets, number_format_canonical);
    if (!buffer_reserve(out, lines_histogram_max(name, histogram)))
        return;
    at = put_buckets(out->data + out->len, &openmetrics->bounds, name, histogram, &count);
    if (has_sum(histogram)) {
        at = put_double(put_name(at, name, SLICE("_sum"), labels), histogram->sum);
        at = put_uint(put_name(at, name, SLICE("_count"), labels), count);
    }
    out->len = (size_t)(at - out->data);
    write_created(openmetrics, out, labels, histogram->started_ms);
}

/* What is below 0 has no place there: neither a quantile, nor a sum that may shrink. */
static void write_summary(void *state, struct buffer *out, const struct exposition_family *family,
                          const struct exposition_summary *summary)
{
    struct slice name = family->name, labels = summary->labels;
    char *at;

    if (!buffer_reserve(out, lines_summary_max(name, summary)))
        return;
    at = out->data + out->len;
    for (unsigned i = 0; i < summary->n_quantiles; i++)
        if (!(summary->values[i] < 0))
            at = put_quantile(at, name, summary, i, number_format_canonical);
    if (!summary->has_negative) {
        at = put_double(put_name(at, name, SLICE("_sum"), labels), summary->sum);
        at = put_uint(put_name(at, name, SLICE("_count"), labels), summary->count);
    }
    out->len = (size_t)(at - out->data);
    write_created(state, out, labels, summary->started_ms);
}

static void write_end(void *state, struct buffer *out)
{
    buffer_add_literal(out, "# EOF\n");
}

static void forget_buckets(void *state)
{
    struct openmetrics *openmetrics = state;

    openmetrics->bounds.buckets = NULL;
}

#define WRITER(write_family)                                                                       \
    {                                                                                              \
        .state_size = sizeof(struct openmetrics), .ignores_native = true,                          \
        .family = (write_family), .sample = write_sample, .large = write_large,                    \
        .summary = write_summary, .histogram = write_histogram, .end = write_end,                  \
        .pause = forget_buckets,                                                                   \
    }

const struct exposition_writer openmetrics_writer = WRITER(write_family);
const struct exposition_writer openmetrics_created_writer = WRITER(write_family_with_starts);
