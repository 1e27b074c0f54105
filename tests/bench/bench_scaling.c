/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bench scaling: the gain from a second worker
 *
 * Two workers with a pipeline and a shard each, on one registry. Three workloads take turns
 * for five rounds, with one worker and with both:
 *
 *      spinning   registers only: the gain that the machine itself allows
 *      the same   both push lines of the same 10,000 series
 *      others     each pushes lines of its own 10,000 series
 *
 * The figure is lines a second over both, from the first one's start to the last one's end.
 */

#include "base/clock.h"
#include "base/memory.h"
#include "crew.h"
#include "lines.h"
#include "median.h"

#include <errno.h>
#include <stdio.h>

#define N_SERIES 10000
#define LINES_PER_RUN 8000000
#define SPINS 300000000
#define ROUNDS 5

enum way { SPINNING, SAME_SERIES, OWN_SERIES, N_WAYS };

static const char *const way_names[N_WAYS] = { "spinning", "same_series", "own_series" };

struct worker {
    struct rig rig;
    struct pusher pusher;
    const struct lines *lines;
};

struct bench {
    struct worker workers[CREW_MAX];
    struct lines lines[CREW_MAX];           /* of the series of each worker's own */
    double per_s[N_WAYS][CREW_MAX][ROUNDS]; /* of one worker, and of both together */
    uint64_t n_both[CREW_MAX];              /* lines each worker has counted */
};

static void spin(void *ctx)
{
    uint64_t state = 1;

    for (unsigned i = 0; i < SPINS; i++) {
        state += i;
        /* Or the compiler would know the sum. */
        __asm__ volatile("" : "+r"(state));
    }
}

static void push(void *ctx)
{
    struct worker *worker = ctx;

    pusher_push(&worker->pusher, worker->lines, LINES_PER_RUN / LINES_PER_DATAGRAM, LINES_STRIDE);
}

static void warm(struct worker *worker, const struct lines *lines)
{
    worker->pusher.at = 0;
    pusher_push(&worker->pusher, lines, lines->n_datagrams, 1);
}

static void bench_init(struct bench *bench)
{
    const struct rig_limits limits = {
        .n_workers = CREW_MAX,
        .max_series = 4000000,
        .max_series_bytes = (size_t)4 << 30,
        .max_key_bytes = (size_t)1 << 30,
    };

    rig_init(&bench->workers[0].rig, &limits);
    rig_join(&bench->workers[1].rig, &bench->workers[0].rig, &limits, 1);
    for (unsigned i = 0; i < CREW_MAX; i++) {
        lines_make(&bench->lines[i], i * N_SERIES, N_SERIES, LINES_SHUFFLED);
        bench->workers[i].pusher.pipeline = bench->workers[i].rig.lane.pipeline;
        warm(&bench->workers[i], &bench->lines[0]);
        warm(&bench->workers[i], &bench->lines[i]);
    }
}

static void bench_deinit(struct bench *bench)
{
    rig_deinit(&bench->workers[1].rig);
    rig_deinit(&bench->workers[0].rig);
    for (unsigned i = 0; i < CREW_MAX; i++)
        lines_free(&bench->lines[i]);
}

static double measure(struct bench *bench, enum way way, unsigned n_workers)
{
    struct crew_task tasks[CREW_MAX];
    double n = way == SPINNING ? SPINS : LINES_PER_RUN;

    for (unsigned i = 0; i < n_workers; i++) {
        bench->workers[i].lines = &bench->lines[way == OWN_SERIES ? i : 0];
        tasks[i] = way == SPINNING ? (struct crew_task){ spin, NULL }
                                   : (struct crew_task){ push, &bench->workers[i] };
    }
    return n * n_workers / crew_run(tasks, n_workers) * 1e9;
}

static void run_rounds(struct bench *bench)
{
    for (unsigned round = 0; round < ROUNDS; round++)
        for (unsigned way = 0; way < N_WAYS; way++)
            for (unsigned n = 1; n <= CREW_MAX; n++)
                bench->per_s[way][n - 1][round] = measure(bench, way, n);
    for (unsigned i = 0; i < CREW_MAX; i++) {
        const uint64_t *counts = bench->workers[i].rig.lane.row->counts;

        rig_must(counts[TELEMETRY_VERDICTS] == counts[TELEMETRY_LINES] ? 0 : -EINVAL,
                 "some lines were refused");
        bench->n_both[i] = counts[TELEMETRY_LINES];
    }
}

/* Ratios are within a round, as what disturbs one of the two most likely disturbs both. */
static double gain(const struct bench *bench, enum way way)
{
    double gains[ROUNDS];

    for (unsigned round = 0; round < ROUNDS; round++)
        gains[round] = bench->per_s[way][1][round] / bench->per_s[way][0][round];
    return median(gains, ROUNDS);
}

static void print(struct bench *bench, bool is_json)
{
    double gains[N_WAYS];

    for (unsigned way = 0; way < N_WAYS; way++)
        gains[way] = gain(bench, way);
    if (is_json)
        printf("{\"lines_counted\": [%lu, %lu]", bench->n_both[0], bench->n_both[1]);
    for (unsigned way = 0; way < N_WAYS; way++)
        printf(is_json ? ", \"%s\": {\"one_per_s\": %.0f, \"both_per_s\": %.0f, \"gain\": %.3f}"
                       : "%-12s %12.0f a second with one worker, %12.0f with both: x%.2f\n",
               way_names[way], median(bench->per_s[way][0], ROUNDS),
               median(bench->per_s[way][1], ROUNDS), gains[way]);
    if (is_json)
        printf("}\n");
    else
        printf("lines counted by each worker: %lu, %lu\n", bench->n_both[0], bench->n_both[1]);
}

int main(int argc, char **argv)
{
    static struct bench bench;

    memory_use_huge_pages();
    bench_init(&bench);
    run_rounds(&bench);
    print(&bench, argc > 1 && strcmp(argv[1], "--json") == 0);
    bench_deinit(&bench);
    return 0;
}
