/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Trace
 *
 * The effect that is told is the one that shard_record() applies (base/effect.h).
 * tests/fuzz/fuzz_trace.c compares what is told with the values of the series.
 */

#include "ingest/trace.h"

#include "aggregate/series.h"
#include "base/metric_spec.h"
#include "base/number.h"

/* The first byte of a value that cannot be recorded. */
static const char *fault_of(struct slice value, enum verdict cause)
{
    return value.at + (cause == REFUSED_MALFORMED_VALUE ? number_valid_prefix(value) : 0);
}

struct trace_sample trace_sample_of(const struct line *line, const struct destination *to,
                                    enum verdict verdict)
{
    enum verdict cause = destination_check(to, line);
    struct trace_sample sample = { .value = line->value,
                                   .treatment = to->treatment,
                                   .verdict = verdict };

    /* A known series may refuse a valid value for its sum. */
    if (cause != verdict || cause == VERDICT_APPLIED)
        sample.effect = destination_effect(to, line);
    else if (verdict_is_refusal(cause))
        sample.fault = fault_of(line->value, cause);
    return sample;
}

void trace_tell_key(const struct trace *trace, const struct key *key)
{
    const struct series *series = cell_series(key->cell);
    struct metric_spec spec = { .ttl_ns = SPEC_TTL_DEFAULT };
    struct identity is = { .type = key->facts.type, .weight = key->facts.weight, .spec = &spec };

    if (!series)
        return;
    spec.buckets = series->family->buckets;
    is.family = series->family->name;
    is.labels = series_labels(series);
    trace->on_series(trace->ctx, &is);
}
