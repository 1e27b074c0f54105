/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz pipeline: a datagram all the way into series, and out as text
 *
 * Besides not crashing: all counts add up, limits hold, and pushing the same
 * datagram twice (misses, then hits) refuses and skips the same lines twice. A sink is told about
 * each refusal, with a text and a fault that lie in the datagram.
 */

#include "fuzz.h"

#include "base/buffer.h"
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_SERIES 20
#define MAX_BYTES 65536

/* What the sink has been told. */
struct told {
    struct slice datagram;
    uint64_t n_refused[_VERDICT_N];
};

static bool is_within(const char *at, struct slice text)
{
    return at >= text.at && at <= text.at + text.len;
}

static void on_refused(void *ctx, const struct refusal *refusal)
{
    struct told *told = ctx;

    MUST(refusal->text.len > 0 && is_within(refusal->text.at, told->datagram));
    MUST(is_within(refusal->text.at + refusal->text.len, told->datagram));
    MUST(!memchr(refusal->text.at, '\n', refusal->text.len));
    MUST(!refusal->fault || is_within(refusal->fault, refusal->text));
    told->n_refused[refusal->reason]++;
}

static void check_told(const struct rig *rig, const struct told *told)
{
    for (unsigned verdict = 0; verdict < _VERDICT_N; verdict++)
        MUST(told->n_refused[verdict] == (verdict_is_refusal((enum verdict)verdict)
                                              ? rig->lane.row->counts[TELEMETRY_VERDICTS + verdict]
                                              : 0));
}

static void check_books(const struct rig *rig)
{
    const uint64_t *counts = rig->lane.row->counts;
    struct registry_counts held = registry_count(rig->registry);
    uint64_t accounted = 0;
    size_t n_series = 0;

    for (unsigned type = 0; type < _SAMPLE_TYPE_N; type++)
        accounted += counts[TELEMETRY_SAMPLES + type];
    MUST(accounted == counts[TELEMETRY_VERDICTS + VERDICT_APPLIED]);
    for (unsigned verdict = 1; verdict < _VERDICT_N; verdict++)
        accounted += counts[TELEMETRY_VERDICTS + verdict];
    MUST(accounted == counts[TELEMETRY_LINES] + counts[TELEMETRY_PACKED]);
    MUST(held.bytes <= MAX_BYTES);
    for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
        n_series += held.series[type];
    /* And an overflow series for each family. */
    MUST(n_series <= MAX_SERIES + held.families);
}

static void check_order(const struct rig *rig)
{
    struct snapshot *snapshot = registry_snapshot(rig->registry);

    for (size_t i = 1; i < snapshot->n_series; i++)
        MUST(series_compare(snapshot->series[i - 1], snapshot->series[i]) < 0);
    snapshot_unref(snapshot);
}

/* All of the text: at once, or a series at a time. */
static void write_text(const struct rig *rig, struct buffer *out, bool is_at_once)
{
    CLEANUP(exposition_freep) struct exposition *exposition = rig_expose(rig);
    size_t before;

    do {
        before = out->len;
        MUST(exposition_write(exposition, out, is_at_once ? SIZE_MAX : before + 1) == 0);
    } while (out->len > before);
}

static void check_text(const struct rig *rig)
{
    CLEANUP(buffer_deinit) struct buffer whole = { 0 };
    CLEANUP(buffer_deinit) struct buffer pieces = { 0 };

    write_text(rig, &whole, true);
    write_text(rig, &pieces, false);
    MUST(whole.len == 0 || whole.data[whole.len - 1] == '\n');
    MUST(slice_equal(buffer_text(&whole), buffer_text(&pieces)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice datagram = { (const char *)data, size };
    const struct rig_limits limits = { MAX_SERIES, MAX_BYTES, .max_key_bytes = 4096 };
    struct told told = { .datagram = datagram };
    const struct refusal_sink sink = { &told, on_refused };
    struct rig rig;
    uint64_t n_lines;

    rig_init(&rig, &limits);
    pipeline_set_sink(rig.lane.pipeline, &sink);
    pipeline_push(rig.lane.pipeline, datagram, 0);
    pipeline_flush(rig.lane.pipeline);
    check_books(&rig);
    n_lines = rig.lane.row->counts[TELEMETRY_LINES];
    pipeline_push(rig.lane.pipeline, datagram, 0);
    pipeline_flush(rig.lane.pipeline);
    check_books(&rig);
    MUST(rig.lane.row->counts[TELEMETRY_LINES] == 2 * n_lines);
    check_told(&rig, &told);
    check_order(&rig);
    check_text(&rig);
    rig_deinit(&rig);
    return 0;
}
