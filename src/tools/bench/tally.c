/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Tally
 *
 * Pure. Reads the Prometheus text format only as far as needed: the name comes first, the
 * value comes last, and the labels between do not matter, because the names of a workload
 * contain the type: PREFIX_ms_07_count.
 *
 * Numbers are compared for equality; workload.c says why nothing is ever rounded.
 */

#include "tools/bench/tally.h"

#include "base/number.h"

/* How the series of a type show what was sent. */
struct shape {
    bool has_counts;       /* _count is the number of samples, _sum their sum */
    bool only_grows;       /* the value before must be subtracted */
    bool depends_on_order; /* of the samples, which is only known with a single flow */
    const char *sum;       /* the name of what all series add up to */
};

static struct shape shape_of(enum metric_type type)
{
    switch (type) {
    case METRIC_COUNTER: return (struct shape){ .only_grows = true, .sum = "sum" };
    case METRIC_GAUGE:
        return (struct shape){ .depends_on_order = true, .sum = "sum of last values" };
    case METRIC_HISTOGRAM:
    case METRIC_SUMMARY:
        return (struct shape){ .has_counts = true, .only_grows = true, .sum = "sum" };
    case METRIC_SET: return (struct shape){ .sum = "sum of sizes" };
    case METRIC_NONE: break;
    }
    return (struct shape){ .sum = "" };
}

/* --- reading -------------------------------------------------------------------------- */

static bool cut_sample(struct slice line, struct slice *ret_name, double *ret_value)
{
    const char *blank = line.len ? memrchr(line.at, ' ', line.len) : NULL;
    size_t name_len = 0;

    if (!blank || line.at[0] == '#')
        return false;
    while (line.at[name_len] != '{' && line.at[name_len] != ' ')
        name_len++;
    *ret_name = (struct slice){ line.at, name_len };
    return number_parse((struct slice){ blank + 1, (size_t)(line.at + line.len - blank) - 1 },
                        ret_value);
}

static bool slice_ends_with(struct slice slice, struct slice end)
{
    return slice.len >= end.len && memcmp(slice.at + slice.len - end.len, end.at, end.len) == 0;
}

/* The type in @name, PREFIX_ms_07…; WORKLOAD_N_TYPES if the name is not of this workload. */
static enum sample_type type_of(struct slice name, struct slice prefix)
{
    struct slice letters;

    if (!slice_starts_with(name, prefix))
        return WORKLOAD_N_TYPES;
    name = (struct slice){ name.at + prefix.len, name.len - prefix.len };
    if (name.len == 0 || slice_cut(&name, '_').len > 0)
        return WORKLOAD_N_TYPES;
    letters = slice_cut(&name, '_');
    if (name.len == 0 || name.at[0] < '0' || name.at[0] > '9')
        return WORKLOAD_N_TYPES;
    return workload_type(letters);
}

static void add_own(struct tally *tally, struct slice name, double value)
{
    const struct {
        struct slice name;
        double *sum;
    } own[] = {
        { SLICE("udometer_datagrams_total"), &tally->n_datagrams },
        { SLICE("udometer_lines_total"), &tally->n_lines },
        { SLICE("udometer_refused_total"), &tally->n_refused },
        { SLICE("udometer_kernel_drops_total"), &tally->n_kernel_drops },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(own); i++) {
        if (slice_equal(own[i].name, name)) {
            *own[i].sum += value;
            tally->is_udometers = true;
        }
    }
}

static void add_to_type(struct tally_type *type, bool has_counts, struct slice name, double value)
{
    if (!has_counts) {
        type->n_series++;
        type->sum += value;
    } else if (slice_ends_with(name, SLICE("_sum"))) {
        type->sum += value;
    } else if (slice_ends_with(name, SLICE("_count"))) {
        type->n_series++;
        type->n_samples += value;
    }
}

void tally_add_line(struct tally *tally, const char *prefix, struct slice line)
{
    enum sample_type type;
    struct slice name;
    double value;

    if (!cut_sample(line, &name, &value))
        return;
    if (slice_starts_with(name, SLICE("udometer_")))
        add_own(tally, name, value);
    type = type_of(name, slice_of(prefix));
    if (type < WORKLOAD_N_TYPES)
        add_to_type(&tally->types[type], shape_of(metric_type_of(type)).has_counts, name, value);
}

/* --- comparing ------------------------------------------------------------------------ */

static void add_check(struct comparison *comparison, struct check check)
{
    comparison->checks[comparison->n_checks++] = check;
    comparison->agrees = comparison->agrees && check.found == check.expected;
}

static void compare_type(enum sample_type type, const struct tally_type *before,
                         const struct tally_type *after, const struct workload_total *sent,
                         struct comparison *ret)
{
    const char *name = sample_type_facts(type)->name;
    struct shape shape = shape_of(metric_type_of(type));

    if (shape.has_counts)
        add_check(ret, (struct check){ name, "observations", (double)sent->n_samples,
                                       after->n_samples - before->n_samples });
    if (shape.only_grows)
        add_check(ret, (struct check){ name, shape.sum, sent->sum, after->sum - before->sum });
    if (before->n_series > 0)
        return;
    add_check(ret, (struct check){ name, "series", (double)sent->n_series, after->n_series });
    if (!shape.only_grows)
        add_check(ret, (struct check){ name, shape.sum, sent->sum, after->sum });
}

void tally_compare(const struct tally *before, const struct tally *after,
                   const struct workload_totals *sent, bool is_one_flow, struct comparison *ret)
{
    double n_datagrams = after->n_datagrams - before->n_datagrams;
    double n_lines = after->n_lines - before->n_lines;

    *ret = (struct comparison){
        .n_lost_datagrams = (double)sent->n_datagrams - n_datagrams,
        .n_lost_lines = (double)sent->n_lines - n_lines,
        .n_kernel_drops = after->n_kernel_drops - before->n_kernel_drops,
        .agrees = true,
    };
    add_check(ret,
              (struct check){ "datagrams", "received", (double)sent->n_datagrams, n_datagrams });
    add_check(ret, (struct check){ "lines", "received", (double)sent->n_lines, n_lines });
    add_check(ret, (struct check){ "lines", "refused", 0, after->n_refused - before->n_refused });
    for (unsigned i = 0; i < WORKLOAD_N_TYPES; i++) {
        enum sample_type type = (enum sample_type)i;
        bool is_known = is_one_flow || !shape_of(metric_type_of(type)).depends_on_order;

        if (sent->types[i].n_samples == 0 || !is_known)
            continue;
        compare_type(type, &before->types[i], &after->types[i], &sent->types[i], ret);
    }
}

bool comparison_is_complete(const struct comparison *comparison)
{
    return comparison->n_lost_datagrams <= comparison->n_kernel_drops;
}
