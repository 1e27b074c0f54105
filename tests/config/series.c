/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Series
 *
 * The rig of the golden cases, with a mapping in its pipeline.
 */

#include "series.h"

#include "defaults.h"
#include "ingest/declare.h"
#include "rig.h"
#include "web/worker_metrics.h"

#include <inttypes.h>
#include <stdlib.h>

static void add_counts(const struct telemetry_row *row, struct buffer *out)
{
    for (unsigned i = 0; i < n_worker_metrics; i++) {
        const struct worker_metric *metric = &worker_metrics[i];
        bool is_verdict = metric->counter > TELEMETRY_VERDICTS &&
                          metric->counter < TELEMETRY_VERDICTS + _VERDICT_N;

        if (is_verdict && row->counts[metric->counter])
            buffer_add_format(out, "    # %s{%s} %" PRIu64 "\n", metric->family, metric->labels,
                              row->counts[metric->counter]);
    }
}

/* Whether a line of the page says only how the name was sent. */
static bool is_default_help(struct slice line)
{
    return slice_starts_with(line, SLICE("# HELP ")) &&
           memmem(line.at, line.len, " Sent as ", 9) != NULL;
}

static void add_page(struct slice page, struct buffer *out)
{
    while (page.len) {
        struct slice line = slice_cut(&page, '\n');

        if (!is_default_help(line))
            buffer_add_format(out, "    %.*s\n", (int)line.len, line.at);
    }
}

void series_write(struct mapping *mapping, struct slice lines, struct buffer *out)
{
    CLEANUP(buffer_deinit) struct buffer page = { 0 };
    struct pipeline_options pipeline = *default_pipeline();
    const struct rig_limits limits = {
        .max_series = 1000,
        .max_series_bytes = 1 << 24,
        .max_key_bytes = 1 << 20,
        .pipeline = &pipeline,
    };
    struct rig rig;
    struct exposition *exposition;

    pipeline.resolve.mapping = mapping;
    rig_init(&rig, &limits);
    (void)declare_series(rig.registry, mapping, NULL);
    pipeline_push(rig.lane.pipeline, lines, 0);
    pipeline_flush(rig.lane.pipeline);
    exposition = rig_expose(&rig);
    rig_must(exposition_write(exposition, &page, SIZE_MAX), "write");
    exposition_free(exposition);
    add_page(buffer_text(&page), out);
    add_counts(rig.lane.row, out);
    rig_deinit(&rig);
}
