/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Trace
 *
 * The effect of a value follows from its type and sign alone. shard_record() implements it, and
 * tests/fuzz/fuzz_trace.c compares what is told with the values of the series.
 */

#include "ingest/trace.h"

#include "base/number.h"

/* The first byte of a value that cannot be recorded. */
static const char *fault_of(struct slice value, enum verdict cause)
{
    return value.at + (cause == REFUSED_MALFORMED_VALUE ? number_valid_prefix(value) : 0);
}

static void set_effect(struct trace_sample *sample, const struct line *line, enum sample_type type,
                       double weight)
{
    switch (metric_type_of(type)) {
    case METRIC_COUNTER:
        sample->effect = TRACE_ADDS;
        sample->amount = line->number * weight;
        break;
    case METRIC_GAUGE:
        sample->effect = line_is_step(line) ? TRACE_ADDS : TRACE_SETS;
        sample->amount = line->number;
        break;
    case METRIC_HISTOGRAM:
        sample->effect = TRACE_OBSERVES;
        sample->amount = sample_type_scale(type, line->number);
        sample->n_times = weight;
        break;
    case METRIC_SET: sample->effect = TRACE_COLLECTS; break;
    case METRIC_NONE: sample->effect = TRACE_ENDS; break;
    }
}

struct trace_sample trace_sample_of(const struct line *line, enum sample_type type, double weight,
                                    enum verdict cause)
{
    struct trace_sample sample = { .value = line->value };

    if (cause == VERDICT_APPLIED)
        set_effect(&sample, line, type, weight);
    else
        sample.fault = fault_of(line->value, cause);
    return sample;
}
