/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Golden: lines in, exposition out, as data
 *
 * A new pipeline takes each <case>.in as one datagram. The page of a scrape, followed
 * by a comment for each verdict other than "applied" and for each other unusual count,
 * must equal <case>.prom byte for byte. In a case whose name begins with "total", the
 * values of counters are running totals. With --update the .prom files are written
 * instead; read the difference before you commit it.
 */

#include "golden.h"
#include "rig.h"
#include "web/worker_metrics.h"

#include <glob.h>
#include <stdio.h>

static void write_series(const struct rig *rig, struct buffer *out)
{
    CLEANUP(exposition_freep) struct exposition *exposition = rig_expose(rig);

    rig_must(exposition_write(exposition, out, SIZE_MAX), "write");
}

static void write_counters(const struct telemetry_row *row, struct buffer *out)
{
    for (unsigned i = 0; i < n_worker_metrics; i++) {
        const struct worker_metric *metric = &worker_metrics[i];
        bool is_of_interest =
            metric->counter >= TELEMETRY_VERDICTS || metric->counter == TELEMETRY_TAG_ERRORS ||
            metric->counter == TELEMETRY_RATE_ERRORS ||
            metric->counter == TELEMETRY_UNKNOWN_SECTIONS || metric->counter == TELEMETRY_PACKED ||
            metric->counter == TELEMETRY_OVERFLOWS || metric->counter == TELEMETRY_ENDED;

        if (is_of_interest && row->counts[metric->counter])
            buffer_add_format(out, "# %s{%s} %lu\n", metric->family, metric->labels,
                              row->counts[metric->counter]);
    }
}

static bool is_of_totals(const char *path)
{
    const char *name = strrchr(path, '/');

    return strncmp(name ? name + 1 : path, "total", strlen("total")) == 0;
}

static void run_case(const char *in_path, struct buffer *out)
{
    CLEANUP(buffer_deinit) struct buffer in = { 0 };
    /* Few enough that a case can exceed it. */
    const struct rig_limits limits = { .max_series = 20,
                                       .max_series_bytes = 1 << 20,
                                       .max_key_bytes = 1 << 20 };
    const struct slice own = SLICE("udometer_build_info");
    struct rig rig;

    rig_init(&rig, &limits);
    rig_must(registry_reserve(rig.registry, own, METRIC_GAUGE), "reserve");
    pipeline_set_totals(rig.lane.pipeline, is_of_totals(in_path));
    golden_read(in_path, &in);
    pipeline_push(rig.lane.pipeline, buffer_text(&in), 0);
    pipeline_flush(rig.lane.pipeline);
    write_series(&rig, out);
    write_counters(rig.lane.row, out);
    rig_deinit(&rig);
}

/* The path of the .prom beside the .in. */
static void expected_path(const char *in_path, char *out, size_t size)
{
    snprintf(out, size, "%.*s.prom", (int)(strlen(in_path) - strlen(".in")), in_path);
}

static bool check_case(const char *in_path, bool is_update)
{
    CLEANUP(buffer_deinit) struct buffer actual = { 0 };
    char path[4096];

    expected_path(in_path, path, sizeof(path));
    run_case(in_path, &actual);
    return golden_check(path, buffer_text(&actual), is_update);
}

int main(int argc, char **argv)
{
    bool is_update = argc == 3 && strcmp(argv[2], "--update") == 0;
    unsigned n_passed = 0, n_failed = 0;
    char pattern[4096];
    glob_t cases;

    if (argc < 2)
        return 2;
    snprintf(pattern, sizeof(pattern), "%s/*.in", argv[1]);
    if (glob(pattern, 0, NULL, &cases) != 0) {
        fprintf(stderr, "%s: there are no cases\n", pattern);
        return 1;
    }
    for (size_t i = 0; i < cases.gl_pathc; i++) {
        if (check_case(cases.gl_pathv[i], is_update))
            n_passed++;
        else
            n_failed++;
    }
    globfree(&cases);
    printf("%u passed, %u failed\n", n_passed, n_failed);
    return n_failed > 0;
}
