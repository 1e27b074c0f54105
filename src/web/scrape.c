/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Scrape
 *
 * Lives on the HTTP thread. It walks a snapshot, which never changes, and reads
 * the cells of each series with plain loads, so it neither waits for a worker nor
 * makes one wait. Text is made some kilobytes at a time, as fast as the client
 * takes it, so a scrape of any size takes the same small memory.
 */

#include "web/scrape.h"

#include "base/clock.h"
#include "output/text.h"

#include <errno.h>
#include <stdlib.h>

/* Make at least so much text at once; what a socket takes in one go or two. */
#define CHUNK_BYTES 65536

/* A series is fetched from memory so many before its turn: about a microsecond. */
#define PREFETCH 8

/* Prometheus gives up after 10 s by default. A reader slower than this is no scraper. */
#define DEADLINE_NS (60 * CLOCK_NS_PER_S)

struct scrape {
    struct http_stream stream;
    const struct selfmetrics *source;
    struct snapshot *snapshot;
    size_t n_written;            /* series of the snapshot that are in the text already */
    const struct family *family; /* of the last of these */
    bool has_self;               /* the self-metrics are in the text already */
    bool is_complete;            /* the client has been given everything */
    struct buffer text;
    size_t n_taken; /* bytes of text that the client has */
    int64_t started_ns;
    double size_bytes;
};

static long read_stream(struct http_stream *stream, char *out, size_t max)
{
    return scrape_read(CONTAINER_OF(stream, struct scrape, stream), out, max);
}

static void close_stream(struct http_stream *stream)
{
    scrape_free(CONTAINER_OF(stream, struct scrape, stream));
}

struct http_stream *scrape_stream(struct scrape *scrape)
{
    return &scrape->stream;
}

int scrape_new(struct scrape **ret, const struct selfmetrics *source)
{
    struct scrape *scrape = calloc(1, sizeof(*scrape));

    if (!scrape)
        return -ENOMEM;
    scrape->stream = (struct http_stream){ read_stream, close_stream };
    scrape->source = source;
    scrape->started_ns = clock_monotonic_ns();
    scrape->snapshot = registry_snapshot(source->registry);
    *ret = scrape;
    return 0;
}

static double elapsed_s(const struct scrape *scrape)
{
    return (double)(clock_monotonic_ns() - scrape->started_ns) / CLOCK_NS_PER_S;
}

void scrape_free(struct scrape *scrape)
{
    if (scrape->is_complete)
        scrape_stats_record(scrape->source->scrapes, elapsed_s(scrape), scrape->size_bytes);
    else if (scrape->size_bytes > 0)
        scrape->source->scrapes->n_broken++;
    snapshot_unref(scrape->snapshot);
    buffer_deinit(&scrape->text);
    free(scrape);
}

/* Begin to fetch the series that come soon: nearly each of them is in memory only. */
static void prefetch(const struct snapshot *snapshot, size_t i)
{
    if (i + 2 * PREFETCH < snapshot->n_series)
        series_prefetch(snapshot->series[i + 2 * PREFETCH]);
    if (i + PREFETCH < snapshot->n_series)
        series_prefetch_cells(snapshot->series[i + PREFETCH]);
}

static void write_series(struct scrape *scrape, size_t i)
{
    struct series *series = scrape->snapshot->series[i];
    struct reading reading;

    prefetch(scrape->snapshot, i);
    if (series->family != scrape->family) {
        scrape->family = series->family;
        text_series_family(&scrape->text, series->family);
    }
    series_read(series, &reading);
    text_series(&scrape->text, series, &reading);
}

/* Fill the text with the next chunk; it stays empty at the end. */
static void write_chunk(struct scrape *scrape)
{
    buffer_clear(&scrape->text);
    scrape->n_taken = 0;
    while (scrape->n_written < scrape->snapshot->n_series && scrape->text.len < CHUNK_BYTES)
        write_series(scrape, scrape->n_written++);
    if (scrape->n_written == scrape->snapshot->n_series && !scrape->has_self) {
        selfmetrics_write(scrape->source, &scrape->text);
        scrape->has_self = true;
    }
}

long scrape_read(struct scrape *scrape, char *out, size_t max)
{
    size_t n;

    if (clock_monotonic_ns() - scrape->started_ns > DEADLINE_NS)
        return -ETIME;
    if (scrape->n_taken == scrape->text.len)
        write_chunk(scrape);
    if (scrape->text.has_failed)
        return -ENOMEM;
    n = scrape->text.len - scrape->n_taken;
    if (n > max)
        n = max;
    memcpy(out, scrape->text.data + scrape->n_taken, n);
    scrape->n_taken += n;
    scrape->size_bytes += (double)n;
    scrape->is_complete = n == 0;
    return (long)n;
}
