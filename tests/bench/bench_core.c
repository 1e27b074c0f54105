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
#include "daemon/pipeline.h"
#include "output/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LINES_PER_DATAGRAM 20
#define LINES_PER_RUN 4000000
#define BATCH 64
#define DATAGRAM_MAX 4096
#define RUNS 5

struct rig {
    struct buckets *buckets;
    struct registry *registry;
    struct shard *shard;
    struct telemetry_row *row;
    struct pipeline *pipeline;
    struct slice *datagrams;
    size_t n_datagrams;
    struct buffer text;
    struct slice batch[BATCH];
    char received[BATCH * DATAGRAM_MAX];
};

static void must(int r, const char *what)
{
    if (r >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, strerror(-r));
    exit(1);
}

static void add_line(struct buffer *text, size_t series)
{
    static const char *const types[] = { "c", "c", "c", "g", "ms" };

    buffer_add_format(text,
                      "bench.metric_%zu_total:%zu|%s|#player_id:%zu,status:ok,region:eu-%zu\n",
                      series % 100, series % 1000, types[series % 5], series, series % 7);
}

/* All datagrams one after the other in one text, then cut into slices. */
static void make_datagrams(struct rig *rig, size_t n_series)
{
    size_t *starts;

    rig->n_datagrams = (n_series + LINES_PER_DATAGRAM - 1) / LINES_PER_DATAGRAM;
    starts = calloc(rig->n_datagrams + 1, sizeof(*starts));
    rig->datagrams = calloc(rig->n_datagrams, sizeof(*rig->datagrams));
    must(starts && rig->datagrams ? 0 : -ENOMEM, "datagrams");
    for (size_t i = 0; i < rig->n_datagrams; i++) {
        starts[i] = rig->text.len;
        for (size_t j = 0; j < LINES_PER_DATAGRAM; j++)
            add_line(&rig->text, i * LINES_PER_DATAGRAM + j);
    }
    starts[rig->n_datagrams] = rig->text.len;
    for (size_t i = 0; i < rig->n_datagrams; i++)
        rig->datagrams[i] = (struct slice){ rig->text.data + starts[i], starts[i + 1] - starts[i] };
    free(starts);
}

static void rig_init(struct rig *rig, size_t n_series, size_t max_key_bytes)
{
    struct registry_options options = {
        .n_workers = 1, .max_series = 4000000, .max_bytes = (size_t)4 << 30, .seed = 1
    };
    struct shard_options shard_options = { .max_key_bytes = max_key_bytes, .seed = 2 };

    memset(rig, 0, sizeof(*rig));
    must(buckets_new(&rig->buckets, buckets_default_bounds, 11), "buckets");
    options.buckets = rig->buckets;
    must(registry_new(&rig->registry, &options), "registry");
    shard_options.registry = rig->registry;
    must(shard_new(&rig->shard, &shard_options), "shard");
    rig->row = aligned_alloc(CACHE_LINE, sizeof(*rig->row));
    must(rig->row ? 0 : -ENOMEM, "row");
    memset(rig->row, 0, sizeof(*rig->row));
    must(pipeline_new(&rig->pipeline, rig->shard, rig->row), "pipeline");
    make_datagrams(rig, n_series);
}

static void rig_deinit(struct rig *rig)
{
    pipeline_free(rig->pipeline);
    free(rig->row);
    shard_free(rig->shard);
    registry_free(rig->registry);
    buckets_free(rig->buckets);
    free(rig->datagrams);
    buffer_deinit(&rig->text);
}

/* Copy @n datagrams to where a socket would have put them: into the cache, that is. */
static size_t receive(struct rig *rig, size_t *at, size_t stride, size_t n)
{
    char *to = rig->received;

    for (size_t i = 0; i < n; i++) {
        struct slice datagram = rig->datagrams[*at];

        rig->batch[i] = (struct slice){ to, datagram.len };
        memcpy(to, datagram.at, datagram.len);
        to += datagram.len;
        *at = (*at + stride) % rig->n_datagrams;
    }
    return n;
}

/* Push datagrams in batches, as a worker does; the time of that without the copying, in ns. */
static double push(struct rig *rig, size_t n_datagrams, size_t stride)
{
    int64_t elapsed_ns = 0, started_ns;
    size_t at = 0;

    for (size_t done = 0; done < n_datagrams;) {
        size_t left = n_datagrams - done;
        size_t n = receive(rig, &at, stride, left < BATCH ? left : BATCH);

        started_ns = clock_monotonic_ns();
        for (size_t i = 0; i < n; i++)
            pipeline_push(rig->pipeline, rig->batch[i], 0);
        pipeline_flush(rig->pipeline);
        elapsed_ns += clock_monotonic_ns() - started_ns;
        done += n;
    }
    return (double)elapsed_ns;
}

static double scrape(struct rig *rig)
{
    int64_t started_ns = clock_monotonic_ns();
    struct snapshot *snapshot = registry_snapshot(rig->registry);
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

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return left < right ? -1 : left > right;
}

static double median(double *figures)
{
    qsort(figures, RUNS, sizeof(*figures), compare);
    return figures[RUNS / 2];
}

static void bench(size_t n_series)
{
    double line_ns[RUNS], scrape_ns[RUNS], new_ns;
    static struct rig rig;
    size_t n_lines, n_datagrams = LINES_PER_RUN / LINES_PER_DATAGRAM;

    rig_init(&rig, n_series, (size_t)4 << 30);
    n_lines = rig.n_datagrams * LINES_PER_DATAGRAM;
    new_ns = push(&rig, rig.n_datagrams, 1) / (double)n_lines;
    for (unsigned i = 0; i < RUNS; i++) {
        /* A stride that has no divisor in common with any of the counts. */
        line_ns[i] = push(&rig, n_datagrams, 7919) / LINES_PER_RUN;
        scrape_ns[i] = scrape(&rig) / (double)n_lines;
    }
    must(rig.row->counts[TELEMETRY_VERDICTS] == rig.row->counts[TELEMETRY_LINES] ? 0 : -EINVAL,
         "some lines were refused");
    printf("%8zu series: %6.1f ns a line, %5.1f M lines/s; %7.0f ns a new series;"
           " %6.0f ns a series scraped\n",
           n_lines, median(line_ns), 1e3 / median(line_ns), new_ns, median(scrape_ns));
    rig_deinit(&rig);
}

/* Every line asks the registry: there is hardly room for a key. */
static void bench_misses(size_t n_series)
{
    double line_ns[RUNS];
    static struct rig rig;

    rig_init(&rig, n_series, 65536);
    push(&rig, rig.n_datagrams, 1);
    for (unsigned i = 0; i < RUNS; i++)
        line_ns[i] = push(&rig, rig.n_datagrams, 7919) / (double)n_series;
    printf("%8zu series, no key at hand: %6.1f ns a line\n", n_series, median(line_ns));
    rig_deinit(&rig);
}

int main(int argc, char **argv)
{
    /* With a number of series, only that; for profiling. */
    if (argc > 1) {
        bench(strtoul(argv[1], NULL, 10));
        return 0;
    }
    bench_misses(10000);
    for (size_t n_series = 1000; n_series <= 1000000; n_series *= 10)
        bench(n_series);
    return 0;
}
