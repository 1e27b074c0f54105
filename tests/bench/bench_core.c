/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bench core: what a line costs inside the process, and a series at a scrape
 *
 * Datagrams of 20 lines with 3 tags (60% counters, 20% gauges, 20% timers) go
 * through a real pipeline, from memory. The same datagrams are pushed again and
 * again, in an order that jumps about, for each number of series. One figure is a
 * median of five runs.
 */

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "median.h"
#include "output/text.h"
#include "rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LINES_PER_DATAGRAM 20
#define LINES_PER_RUN 4000000
#define BATCH 64
#define DATAGRAM_MAX 4096
#define RUNS 5

struct bench {
    struct rig rig;
    struct slice *datagrams;
    size_t n_datagrams;
    struct buffer text;
    struct slice batch[BATCH];
    char received[BATCH * DATAGRAM_MAX];
};

static void add_line(struct buffer *text, size_t series)
{
    static const char *const types[] = { "c", "c", "c", "g", "ms" };

    buffer_add_format(text,
                      "bench.metric_%zu_total:%zu|%s|#player_id:%zu,status:ok,region:eu-%zu\n",
                      series % 100, series % 1000, types[series % 5], series, series % 7);
}

/* All datagrams one after the other in one text, then cut into slices. */
static void make_datagrams(struct bench *bench, size_t n_series)
{
    size_t *starts;

    bench->n_datagrams = (n_series + LINES_PER_DATAGRAM - 1) / LINES_PER_DATAGRAM;
    starts = calloc(bench->n_datagrams + 1, sizeof(*starts));
    bench->datagrams = calloc(bench->n_datagrams, sizeof(*bench->datagrams));
    rig_must(starts && bench->datagrams ? 0 : -ENOMEM, "datagrams");
    for (size_t i = 0; i < bench->n_datagrams; i++) {
        starts[i] = bench->text.len;
        for (size_t j = 0; j < LINES_PER_DATAGRAM; j++)
            add_line(&bench->text, i * LINES_PER_DATAGRAM + j);
    }
    starts[bench->n_datagrams] = bench->text.len;
    for (size_t i = 0; i < bench->n_datagrams; i++)
        bench->datagrams[i] =
            (struct slice){ bench->text.data + starts[i], starts[i + 1] - starts[i] };
    free(starts);
}

static void bench_init(struct bench *bench, size_t n_series, size_t max_key_bytes)
{
    const struct rig_limits limits = {
        .max_series = 4000000,
        .max_series_bytes = (size_t)4 << 30,
        .max_key_bytes = max_key_bytes,
    };

    memset(bench, 0, sizeof(*bench));
    memory_use_huge_pages();
    rig_init(&bench->rig, &limits);
    make_datagrams(bench, n_series);
}

static void bench_deinit(struct bench *bench)
{
    rig_deinit(&bench->rig);
    free(bench->datagrams);
    buffer_deinit(&bench->text);
}

/* Copy @n datagrams to where a socket would have put them: into the cache, that is. */
static size_t receive(struct bench *bench, size_t *at, size_t stride, size_t n)
{
    char *to = bench->received;

    for (size_t i = 0; i < n; i++) {
        struct slice datagram = bench->datagrams[*at];

        bench->batch[i] = (struct slice){ to, datagram.len };
        memcpy(to, datagram.at, datagram.len);
        to += datagram.len;
        *at = (*at + stride) % bench->n_datagrams;
    }
    return n;
}

/* Push datagrams in batches, as a worker does; the time of that without the copying, in ns. */
static double push(struct bench *bench, size_t n_datagrams, size_t stride)
{
    int64_t elapsed_ns = 0, started_ns;
    size_t at = 0;

    for (size_t done = 0; done < n_datagrams;) {
        size_t left = n_datagrams - done;
        size_t n = receive(bench, &at, stride, left < BATCH ? left : BATCH);

        started_ns = clock_monotonic_ns();
        for (size_t i = 0; i < n; i++)
            pipeline_push(bench->rig.pipeline, bench->batch[i], 0);
        pipeline_flush(bench->rig.pipeline);
        elapsed_ns += clock_monotonic_ns() - started_ns;
        done += n;
    }
    return (double)elapsed_ns;
}

static double scrape(struct bench *bench)
{
    int64_t started_ns = clock_monotonic_ns();
    struct snapshot *snapshot = registry_snapshot(bench->rig.registry);
    struct buffer text = { 0 };
    struct reading reading;

    for (size_t i = 0; i < snapshot->n_series; i++) {
        if (text.len > 65536)
            buffer_clear(&text);
        series_read(snapshot->series[i], &reading);
        text_series(&text, snapshot->series[i], &reading);
    }
    snapshot_unref(snapshot);
    buffer_deinit(&text);
    return (double)(clock_monotonic_ns() - started_ns);
}

static void bench_series(size_t n_series)
{
    double line_ns[RUNS], scrape_ns[RUNS], new_ns;
    static struct bench bench;
    size_t n_lines, n_datagrams = LINES_PER_RUN / LINES_PER_DATAGRAM;

    bench_init(&bench, n_series, (size_t)4 << 30);
    n_lines = bench.n_datagrams * LINES_PER_DATAGRAM;
    new_ns = push(&bench, bench.n_datagrams, 1) / (double)n_lines;
    for (unsigned i = 0; i < RUNS; i++) {
        /* A stride that has no divisor in common with any of the counts. */
        line_ns[i] = push(&bench, n_datagrams, 7919) / LINES_PER_RUN;
        scrape_ns[i] = scrape(&bench) / (double)n_lines;
    }
    rig_must(bench.rig.row->counts[TELEMETRY_VERDICTS] == bench.rig.row->counts[TELEMETRY_LINES]
                 ? 0
                 : -EINVAL,
             "some lines were refused");
    printf("%8zu series: %6.1f ns a line, %5.1f M lines/s; %7.0f ns a new series;"
           " %6.0f ns a series scraped\n",
           n_lines, median(line_ns, RUNS), 1e3 / median(line_ns, RUNS), new_ns,
           median(scrape_ns, RUNS));
    bench_deinit(&bench);
}

/* Every line asks the registry: there is hardly room for a key. */
static void bench_misses(size_t n_series)
{
    double line_ns[RUNS];
    static struct bench bench;

    bench_init(&bench, n_series, 65536);
    push(&bench, bench.n_datagrams, 1);
    for (unsigned i = 0; i < RUNS; i++)
        line_ns[i] = push(&bench, bench.n_datagrams, 7919) / (double)n_series;
    printf("%8zu series, no key at hand: %6.1f ns a line\n", n_series, median(line_ns, RUNS));
    bench_deinit(&bench);
}

int main(int argc, char **argv)
{
    /* With a number of series, only that; for profiling. */
    if (argc > 1) {
        bench_series(strtoul(argv[1], NULL, 10));
        return 0;
    }
    bench_misses(10000);
    for (size_t n_series = 1000; n_series <= 1000000; n_series *= 10)
        bench_series(n_series);
    return 0;
}
