/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Observations
 *
 * Of several bounds that are wrong each is told, but only once that one is not a number can the
 * next be in order.
 */

#include "config/observations.h"

#include "base/number.h"

#include <math.h>

#define FIELD_NODES struct histogram_nodes
static const struct field histogram_fields[] = {
    { "buckets", FIELD_ANY, FIELD(buckets), "upper bounds of the buckets, ascending", BUCKETS_ROW },
    { "native_histogram_bucket_factor", FIELD_NUMBER, FIELD(factor),
      "how much wider a bucket of the native histogram is than the one before it", .least = 0,
      .most = 65536 },
    { "native_histogram_max_buckets", FIELD_COUNT, FIELD(max_buckets),
      "maximum number of buckets of the native histogram", .least = 0, .most = 4294967295 },
};
const struct field_table histogram_options_table =
    FIELD_TABLE(histogram_fields, "histogram_options");
#undef FIELD_NODES

#define FIELD_NODES struct summary_nodes
static const struct field summary_fields[] = {
    { "quantiles", FIELD_LIST, FIELD(quantiles), "quantiles, each with the error it may have",
      QUANTILES_ROW },
    { "max_age", FIELD_DURATION, FIELD(max_age), "how long an observation counts; 10m by default" },
    { "age_buckets", FIELD_COUNT, FIELD(age_buckets),
      "number of steps in which the window moves; 5 by default, at most 20", .least = 0,
      .most = 4294967295 },
    { "buf_cap", FIELD_COUNT, FIELD(buf_cap), "has no effect: nothing is kept back", .least = 0,
      .most = 4294967295 },
};
const struct field_table summary_options_table = FIELD_TABLE(summary_fields, "summary_options");
#undef FIELD_NODES

struct native_nodes {
    const struct node *factor, *max_buckets, *zero_threshold;
};

#define FIELD_NODES struct native_nodes
static const struct field native_fields[] = {
    { "factor", FIELD_NUMBER, FIELD(factor), "how much wider a bucket is than the one before it",
      .least = 1.0001, .most = 65536 },
    { "max_buckets", FIELD_COUNT, FIELD(max_buckets), "maximum number of buckets", .least = 1,
      .most = NATIVE_BUCKETS_MAX },
    { "zero_threshold", FIELD_NUMBER, FIELD(zero_threshold),
      "observations up to this distance from 0 count as 0", .least = 0, .most = 1e300 },
};
const struct field_table native_table = FIELD_TABLE(native_fields, "native");
#undef FIELD_NODES

struct quantile_nodes {
    const struct node *quantile, *error;
};

#define FIELD_NODES struct quantile_nodes
static const struct field quantile_fields[] = {
    { "quantile", FIELD_NUMBER, FIELD(quantile), "such as 0.99", .least = 0, .most = 1 },
    { "error", FIELD_NUMBER, FIELD(error),
      "has no effect: the rank is exact, and the value within 1 %", .least = 0, .most = 1 },
};
const struct field_table quantile_table = FIELD_TABLE(quantile_fields, "a quantile and its error");
#undef FIELD_NODES

struct series_nodes {
    const struct node *start, *step, *count;
};

/* Bounds at equal distances, or at equal ratios. */
#define FIELD_NODES struct series_nodes
static const struct field linear_fields[] = {
    { "start", FIELD_NUMBER, FIELD(start), "the first bound" },
    { "width", FIELD_NUMBER, FIELD(step), "the distance to the next", .least = 1e-300,
      .most = 1e300 },
    { "count", FIELD_COUNT, FIELD(count), "number of bounds", .least = 1, .most = BUCKETS_MAX },
};
static const struct field_table linear_table =
    FIELD_TABLE(linear_fields, "linear, which has start, width and count");

static const struct field exponential_fields[] = {
    { "start", FIELD_NUMBER, FIELD(start), "the first bound", .least = 1e-300, .most = 1e300 },
    { "factor", FIELD_NUMBER, FIELD(step), "the ratio of the next to it", .least = 1.0001,
      .most = 1e300 },
    { "count", FIELD_COUNT, FIELD(count), "number of bounds", .least = 1, .most = BUCKETS_MAX },
};
static const struct field_table exponential_table =
    FIELD_TABLE(exponential_fields, "exponential, which has start, factor and count");
#undef FIELD_NODES

struct form_nodes {
    const struct node *linear, *exponential;
};

#define FIELD_NODES struct form_nodes
static const struct field form_fields[] = {
    { "linear", FIELD_MAP, FIELD(linear), "bounds at equal distances", .table = &linear_table },
    { "exponential", FIELD_MAP, FIELD(exponential), "bounds at equal ratios",
      .table = &exponential_table },
};
const struct field_table buckets_table =
    FIELD_TABLE(form_fields, "buckets, which are a list, {linear: …} or {exponential: …}");
#undef FIELD_NODES

/* --- bounds -------------------------------------------------------------------------------- */

struct bounds {
    const struct field_reader *reader;
    struct buckets buckets;
    bool is_wrong;
};

/* Add the problem "buckets: VALUE: @wrong". */
static void complain(struct bounds *bounds, const struct node *node, const char *wrong)
{
    problems_add_value(bounds->reader->problems, node->place, SLICE("buckets: "), node->text,
                       slice_of(wrong));
    bounds->is_wrong = true;
}

static bool is_infinite(struct slice text)
{
    static const struct slice words[] = {
        { ".inf", 4 },  { ".Inf", 4 }, { ".INF", 4 }, { "+.inf", 5 }, { "+.Inf", 5 },
        { "+.INF", 5 }, { "+Inf", 4 }, { "Inf", 3 },  { "inf", 3 },   { "+inf", 4 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (slice_equal(text, words[i]))
            return true;
    return false;
}

static void add_bound(struct bounds *bounds, const struct node *node)
{
    struct buckets *buckets = &bounds->buckets;
    double bound, last = buckets->n ? buckets->bounds[buckets->n - 1] : -INFINITY;

    if (node->shape != NODE_SCALAR || is_infinite(node->text) || !number_parse(node->text, &bound))
        complain(bounds, node,
                 is_infinite(node->text) ? "remove it; there always is a bucket up to +Inf"
                                         : "expected a number");
    else if (bound == last)
        complain(bounds, node, "is given twice; remove one");
    else if (bound < last)
        complain(bounds, node, "comes after a larger one; write the bounds in ascending order");
    else
        buckets->bounds[buckets->n++] = bound;
}

static void read_list(struct bounds *bounds, const struct node *list)
{
    for (const struct node *node = list->first; node; node = node->next) {
        if (bounds->buckets.n == BUCKETS_MAX) {
            problems_add(bounds->reader->problems, node->place,
                         "buckets: expected at most %d bounds", BUCKETS_MAX);
            bounds->is_wrong = true;
            return;
        }
        add_bound(bounds, node);
    }
}

static void add_computed(struct bounds *bounds, const struct node *map, double bound)
{
    struct buckets *buckets = &bounds->buckets;

    if (bounds->is_wrong)
        return;
    if (!isfinite(bound) || (buckets->n && bound <= buckets->bounds[buckets->n - 1])) {
        problems_add(bounds->reader->problems, map->place,
                     "buckets: bound %u is not larger than the one before it, or not finite",
                     buckets->n + 1);
        bounds->is_wrong = true;
        return;
    }
    buckets->bounds[buckets->n++] = bound;
}

static void read_series(struct bounds *bounds, const struct node *map, bool is_linear)
{
    struct series_nodes nodes;
    unsigned n_before = bounds->reader->problems->n;
    double start, step;

    field_read(bounds->reader, is_linear ? &linear_table : &exponential_table, map, &nodes);
    bounds->is_wrong = bounds->reader->problems->n > n_before;
    if (bounds->is_wrong)
        return;
    if (!nodes.start || !nodes.step || !nodes.count) {
        problems_add(bounds->reader->problems, map->place, "buckets: expected %s",
                     is_linear ? "linear: {start: …, width: …, count: …}"
                               : "exponential: {start: …, factor: …, count: …}");
        bounds->is_wrong = true;
        return;
    }
    start = field_number(nodes.start);
    step = field_number(nodes.step);
    for (unsigned i = 0; i < field_count(nodes.count); i++)
        add_computed(bounds, map, is_linear ? start + i * step : start * pow(step, i));
}

static void read_map(struct bounds *bounds, const struct node *map)
{
    struct form_nodes nodes;
    unsigned n_before = bounds->reader->problems->n;

    field_read(bounds->reader, &buckets_table, map, &nodes);
    bounds->is_wrong = bounds->reader->problems->n > n_before;
    if (bounds->is_wrong)
        return;
    if (!nodes.linear == !nodes.exponential) {
        problems_add(bounds->reader->problems, map->place,
                     "buckets: expected a list, {linear: …} or {exponential: …}");
        bounds->is_wrong = true;
    } else if (nodes.linear) {
        read_series(bounds, nodes.linear, true);
    } else {
        read_series(bounds, nodes.exponential, false);
    }
}

const struct buckets *observations_buckets(struct draft *draft, const struct field_reader *reader,
                                           const struct node *node)
{
    struct bounds bounds = { .reader = reader };
    struct buckets *buckets;

    if (!node)
        return NULL;
    switch (node->shape) {
    case NODE_LIST: read_list(&bounds, node); break;
    case NODE_MAP: read_map(&bounds, node); break;
    case NODE_SCALAR:
        complain(&bounds, node, "expected a list, {linear: …} or {exponential: …}");
        break;
    }
    if (bounds.is_wrong || bounds.buckets.n == 0)
        return NULL;
    buckets = draft_alloc(draft, sizeof(*buckets));
    if (buckets)
        *buckets = bounds.buckets;
    return buckets;
}

/* --- summaries -------------------------------------------------------------------------------- */

/* The number in @node, a quantile; NULL: it has a problem, which is added. */
static const struct node *find_quantile(const struct field_reader *reader, const struct node *node)
{
    static const struct field number = { "quantiles", FIELD_NUMBER, .least = 0, .most = 1 };
    struct quantile_nodes nodes;

    if (node->shape == NODE_SCALAR)
        return field_check(reader, &number, SLICE("quantiles"), node) ? node : NULL;
    if (!field_read_item(reader, &quantile_table, node, &nodes))
        return NULL;
    if (!field_has_key(node, "quantile"))
        problems_add(reader->problems, node->place,
                     "quantile: is missing; write {quantile: 0.99, "
                     "error: 0.001}");
    return nodes.quantile;
}

const struct quantiles *observations_quantiles(struct draft *draft,
                                               const struct field_reader *reader,
                                               const struct node *node)
{
    struct quantiles quantiles = { 0 }, *copy;
    bool is_wrong = false;

    if (!node)
        return NULL;
    for (const struct node *item = node->first; item; item = item->next) {
        const struct node *number = find_quantile(reader, item);

        is_wrong |= !number;
        if (number && quantiles.n < QUANTILES_MAX) {
            quantiles.at[quantiles.n++] = field_number(number);
        } else if (number) {
            problems_add(reader->problems, item->place, "quantiles: expected at most %d",
                         QUANTILES_MAX);
            return NULL;
        }
    }
    copy = is_wrong ? NULL : draft_alloc(draft, sizeof(*copy));
    if (!copy)
        return NULL;
    quantiles_sort(&quantiles);
    *copy = quantiles;
    return copy;
}

void observations_window(const struct field_reader *reader, const struct node *max_age,
                         const struct node *age_buckets, struct metric_spec *spec)
{
    uint64_t n_ages = age_buckets ? field_count(age_buckets) : 0;

    if (max_age)
        spec->max_age_ns = field_duration_ns(max_age);
    if (n_ages > SUMMARY_AGES_MAX) {
        problems_warn(reader->problems, age_buckets->place,
                      "age_buckets: %d is the most, and is taken; write that", SUMMARY_AGES_MAX);
        n_ages = SUMMARY_AGES_MAX;
    }
    if (n_ages)
        spec->n_ages = (unsigned)n_ages;
}

void observations_set_summary(struct draft *draft, const struct field_reader *reader,
                              const struct summary_nodes *nodes, struct metric_spec *spec)
{
    const struct quantiles *quantiles = observations_quantiles(draft, reader, nodes->quantiles);

    if (spec->observer != OBSERVER_SUMMARY)
        return;
    spec->quantiles = quantiles;
    observations_window(reader, nodes->max_age, nodes->age_buckets, spec);
}

/* --- native histograms ------------------------------------------------------------------------ */

/* What "native: true" means. */
#define NATIVE_FACTOR 1.1
#define NATIVE_MAX_BUCKETS 160

/* What statsd_exporter takes for the option that is not said. */
#define SAID_FACTOR 1.1
#define SAID_MAX_BUCKETS 256

static const struct native_options *keep_native(struct draft *draft,
                                                const struct native_options *native)
{
    struct native_options *copy = draft_alloc(draft, sizeof(*copy));

    if (copy)
        *copy = *native;
    return copy;
}

const struct native_options *observations_native(struct draft *draft,
                                                 const struct field_reader *reader,
                                                 const struct node *node)
{
    static const struct field is_on = { "native", FIELD_SWITCH, .offset = 0 };
    struct native_options native = {
        .schema = native_options_schema(NATIVE_FACTOR),
        .max_buckets = NATIVE_MAX_BUCKETS,
        .zero_threshold = NATIVE_ZERO_THRESHOLD,
    };
    struct native_nodes nodes = { 0 };

    if (!node)
        return NULL;
    if (node->shape == NODE_MAP)
        field_read(reader, &native_table, node, &nodes);
    else if (!field_check(reader, &is_on, SLICE("native"), node))
        return NULL;
    else if (!field_switch(node))
        native.max_buckets = 0;
    if (nodes.factor)
        native.schema = native_options_schema(field_number(nodes.factor));
    if (nodes.max_buckets)
        native.max_buckets = (unsigned)field_count(nodes.max_buckets);
    if (nodes.zero_threshold)
        native.zero_threshold = field_number(nodes.zero_threshold);
    return keep_native(draft, &native);
}

struct native_said observations_said_of_native(const struct histogram_nodes *nodes,
                                               const struct native_said *defaults)
{
    struct native_said said = {
        .factor = nodes->factor ? field_number(nodes->factor) : 0,
        .max_buckets = nodes->max_buckets ? field_count(nodes->max_buckets) : 0,
    };

    if (!(said.factor > 0))
        said.factor = defaults->factor;
    if (!said.max_buckets)
        said.max_buckets = defaults->max_buckets;
    return said;
}

const struct native_options *observations_native_said(struct draft *draft,
                                                      const struct native_said *said)
{
    double factor = said->factor > 0 ? said->factor : SAID_FACTOR;
    size_t max = said->max_buckets ? said->max_buckets : SAID_MAX_BUCKETS;
    struct native_options native = {
        .schema = native_options_schema(factor),
        .max_buckets = (unsigned)(max < NATIVE_BUCKETS_MAX ? max : NATIVE_BUCKETS_MAX),
        .zero_threshold = NATIVE_ZERO_THRESHOLD,
    };

    if (!(said->factor > 0) && !said->max_buckets)
        return NULL;
    if (factor <= 1)
        native.max_buckets = 0;
    return keep_native(draft, &native);
}

/* --- the options of one type ------------------------------------------------------------------ */

struct histogram_nodes observations_histogram(const struct field_reader *reader,
                                              const struct node *map)
{
    struct histogram_nodes nodes = { 0 };

    if (map)
        field_read(reader, &histogram_options_table, map, &nodes);
    return nodes;
}

struct summary_nodes observations_summary(const struct field_reader *reader, const struct node *map)
{
    struct summary_nodes nodes = { 0 };

    if (map)
        field_read(reader, &summary_options_table, map, &nodes);
    return nodes;
}
