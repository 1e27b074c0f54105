/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Trace
 *
 * The effect that is told is the one that shard_record() applies (base/effect.h).
 * tests/fuzz/fuzz_trace.c compares what is told with the values of the series.
 */

#include "ingest/trace.h"

#include "base/number.h"

/* The first byte of a value that cannot be recorded. */
static const char *fault_of(struct slice value, enum verdict cause)
{
    return value.at + (cause == REFUSED_MALFORMED_VALUE ? number_valid_prefix(value) : 0);
}

struct trace_sample trace_sample_of(const struct line *line, const struct destination *to,
                                    enum verdict cause)
{
    struct trace_sample sample = { .value = line->value };

    if (cause == VERDICT_APPLIED)
        sample.effect = destination_effect(to, line);
    else if (verdict_is_refusal(cause))
        sample.fault = fault_of(line->value, cause);
    return sample;
}
