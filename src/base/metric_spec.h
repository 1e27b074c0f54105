/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Metric spec: what the config says about the families of a metric or rule
 *
 * The resolver finds the spec of a line, and the family that is made for the line copies what it
 * needs. { .ttl_ns = SPEC_TTL_DEFAULT } says nothing: all defaults hold.
 */

#include "base/buckets.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What observations become. */
enum observer {
    OBSERVER_DEFAULT, /* histograms */
    OBSERVER_HISTOGRAM,
    OBSERVER_SUMMARY,
};

/* The TTL of metrics for which the config says none. */
#define SPEC_TTL_DEFAULT INT64_C(-1)

/* Immutable once made. What it refers to is borrowed from the mapping that holds it. */
struct metric_spec {
    const struct buckets *buckets; /* of a histogram: bounds; NULL: the default ones */
    /* Its native buckets, of which the maximum is 0 if it has none. NULL: it is not said. */
    const struct native_options *native;
    struct slice help; /* plain text for # HELP; empty: a default that says the name */
    struct slice unit; /* such as "seconds"; or empty */
    int64_t ttl_ns;    /* or SPEC_TTL_DEFAULT; 0: its series never expire */
    size_t max_series; /* of each family; 0: the default */
    enum observer observer;
    /* Of a summary: */
    const struct quantiles *quantiles; /* NULL: quantiles_default */
    int64_t max_age_ns;                /* 0: SUMMARY_MAX_AGE_NS */
    unsigned n_ages;                   /* 0: SUMMARY_N_AGES */
};

/*
 * The buckets of a histogram of which the config says @spec, or NULL: @initial unless it says
 * others, which may be put into @room.
 */
static inline const struct buckets *metric_spec_buckets(const struct metric_spec *spec,
                                                        const struct buckets *initial,
                                                        struct buckets *room)
{
    const struct buckets *wanted = spec && spec->buckets ? spec->buckets : initial;

    if (!spec || !spec->native)
        return wanted;
    *room = *wanted;
    room->native = *spec->native;
    return room;
}

/* Whether @spec says anything; not if it is NULL. */
static inline bool metric_spec_is_said(const struct metric_spec *spec)
{
    return spec && (spec->buckets || spec->native || spec->help.len || spec->unit.len ||
                    spec->max_series || spec->ttl_ns != SPEC_TTL_DEFAULT || spec->observer ||
                    spec->quantiles || spec->max_age_ns || spec->n_ages);
}

/* The options of a summary by @spec, which may be NULL. */
static inline struct summary_options metric_spec_summary(const struct metric_spec *spec)
{
    return (struct summary_options){
        .quantiles = spec && spec->quantiles ? *spec->quantiles : quantiles_default,
        .max_age_ns = spec && spec->max_age_ns ? spec->max_age_ns : SUMMARY_MAX_AGE_NS,
        .n_ages = spec && spec->n_ages ? spec->n_ages : SUMMARY_N_AGES,
    };
}

/* What @first says, and of the rest what @second says. Either may be NULL. */
static inline struct metric_spec metric_spec_join(const struct metric_spec *first,
                                                  const struct metric_spec *second)
{
    struct metric_spec joined = { .ttl_ns = SPEC_TTL_DEFAULT };

    if (first)
        joined = *first;
    if (!second)
        return joined;
    if (!joined.buckets)
        joined.buckets = second->buckets;
    if (!joined.native)
        joined.native = second->native;
    if (!joined.help.len)
        joined.help = second->help;
    if (!joined.unit.len)
        joined.unit = second->unit;
    if (joined.ttl_ns == SPEC_TTL_DEFAULT)
        joined.ttl_ns = second->ttl_ns;
    if (!joined.max_series)
        joined.max_series = second->max_series;
    if (!joined.observer)
        joined.observer = second->observer;
    if (!joined.quantiles)
        joined.quantiles = second->quantiles;
    if (!joined.max_age_ns)
        joined.max_age_ns = second->max_age_ns;
    if (!joined.n_ages)
        joined.n_ages = second->n_ages;
    return joined;
}
