/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Push: helpers for the tests of the pipeline
 *
 * A pipeline of one worker, with one reserved name ("own"), room for a thousand series and
 * the default options. The counters must add up after every step, and a sink must have been told
 * about each refusal.
 */

#include "registry_setup.h"

#include "base/buffer.h"
#include "defaults.h"

#include <stdio.h>
#include <stdlib.h>

static struct registry *registry;
static struct shard *shard;
static struct telemetry_row row;
static struct pipeline *pipeline;

static uint64_t n_told[_VERDICT_N];
static struct refusal last_told;

static inline uint64_t verdicts(enum verdict verdict)
{
    return row.counts[TELEMETRY_VERDICTS + verdict];
}

static inline uint64_t samples(void)
{
    uint64_t n = 0;

    for (unsigned type = 0; type < _SAMPLE_TYPE_N; type++)
        n += row.counts[TELEMETRY_SAMPLES + type];
    return n;
}

static inline void on_refused(void *ctx, const struct refusal *refusal)
{
    struct slice text = refusal->text;

    assert_true(verdict_is_refusal(refusal->reason));
    assert_true(!refusal->fault ||
                (refusal->fault >= text.at && refusal->fault <= text.at + text.len));
    n_told[refusal->reason]++;
    last_told = *refusal;
}

/* lines + packed = samples + refused + skipped, exactly. */
static inline void assert_identity(void)
{
    uint64_t n_not_applied = 0;

    for (enum verdict verdict = VERDICT_APPLIED + 1; verdict < _VERDICT_N; verdict++) {
        n_not_applied += verdicts(verdict);
        assert_int_equal(n_told[verdict], verdict_is_refusal(verdict) ? verdicts(verdict) : 0);
    }
    assert_int_equal(row.counts[TELEMETRY_LINES] + row.counts[TELEMETRY_PACKED],
                     samples() + n_not_applied);
    assert_int_equal(verdicts(VERDICT_APPLIED), samples());
}

static inline void push_at(const char *datagram, int64_t arrived_ns)
{
    pipeline_push(pipeline, slice_of(datagram), arrived_ns);
    pipeline_flush(pipeline);
}

static inline void push(const char *datagram)
{
    push_at(datagram, 0);
}

/* Read the series of this family with these labels. */
static inline struct reading read_series(const char *family, const char *labels)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    struct reading reading;
    bool is_found = false;

    for (size_t i = 0; i < snapshot->n_series && !is_found; i++) {
        struct series *series = snapshot->series[i];

        is_found = slice_equal(series->family->name, slice_of(family)) &&
                   slice_equal(series_labels(series), slice_of(labels));
        if (is_found)
            series_read(series, &reading);
    }
    snapshot_unref(snapshot);
    if (!is_found)
        fail_msg("no %s{%s}", family, labels);
    return reading;
}

static inline size_t n_series(void)
{
    return count_series(registry);
}

/* Push a datagram of one line, which must get this verdict. */
static inline void assert_verdict(const char *line, enum verdict verdict)
{
    uint64_t before = verdicts(verdict), lines = row.counts[TELEMETRY_LINES];

    push(line);
    if (verdicts(verdict) != before + 1 || row.counts[TELEMETRY_LINES] != lines + 1)
        fail_msg("not verdict %d: %s", verdict, line);
    assert_identity();
}

/* Make the pipeline, instead of the one that there is. */
static inline int make_pipeline(const struct pipeline_options *options)
{
    static const struct refusal_sink sink = { .on_refused = on_refused };

    pipeline_free(TAKE(pipeline));
    if (pipeline_new(&pipeline, shard, &row, options) < 0)
        return -1;
    pipeline_set_sink(pipeline, &sink);
    return 0;
}

static inline int begin_with(size_t max_series)
{
    struct shard_options shard_options = { .max_key_bytes = 1 << 20, .seed = 42 };

    row = (struct telemetry_row){ 0 };
    memset(n_told, 0, sizeof(n_told));
    shard_options.registry = registry = new_registry(1, max_series, SIZE_MAX);
    assert_int_equal(registry_reserve(registry, SLICE("own"), METRIC_GAUGE), 0);
    if (shard_new(&shard, &shard_options) < 0)
        return -1;
    return make_pipeline(default_pipeline());
}

static inline int begin(void **state)
{
    return begin_with(1000);
}

static inline int end(void **state)
{
    pipeline_free(TAKE(pipeline));
    shard_free(shard);
    registry_free(registry);
    return 0;
}

#define PIPELINE_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
