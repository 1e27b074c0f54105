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

/* The TTL of metrics for which the config says none. */
#define SPEC_TTL_DEFAULT INT64_C(-1)

/* Immutable once made. What it refers to is borrowed from the mapping that holds it. */
struct metric_spec {
    const struct buckets *buckets; /* of a histogram; NULL: the default ones */
    struct slice help;             /* plain text for # HELP; empty: a default that says the name */
    struct slice unit;             /* such as "seconds"; or empty */
    int64_t ttl_ns;                /* or SPEC_TTL_DEFAULT; 0: its series never expire */
    size_t max_series;             /* of each family; 0: the default */
};

/* Whether @spec says anything; not if it is NULL. */
static inline bool metric_spec_is_said(const struct metric_spec *spec)
{
    return spec && (spec->buckets || spec->help.len || spec->unit.len || spec->max_series ||
                    spec->ttl_ns != SPEC_TTL_DEFAULT);
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
    if (!joined.help.len)
        joined.help = second->help;
    if (!joined.unit.len)
        joined.unit = second->unit;
    if (joined.ttl_ns == SPEC_TTL_DEFAULT)
        joined.ttl_ns = second->ttl_ns;
    if (!joined.max_series)
        joined.max_series = second->max_series;
    return joined;
}
