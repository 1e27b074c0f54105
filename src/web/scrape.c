/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Scrape
 *
 * A scrape runs on the HTTP thread. Its exposition walks a snapshot, which never changes, and
 * reads the cells of each series with plain loads. So it neither waits for a worker nor makes
 * one wait. It is written some kilobytes at a time, as fast as the client takes them, so a
 * scrape of any size takes the same small amount of memory. For each chunk it takes the snapshot
 * that is current then: a list of all series is not kept for a client that is slow.
 */

#include "web/scrape.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

/* Write at least this much at once; a socket accepts it in one or two calls. */
#define CHUNK_BYTES 65536

struct scrape {
    struct http_stream stream;
    const struct selfmetrics *source;
    bool has_series;
    struct exposition *exposition;
    struct buffer chunk; /* text in the writer's format */
    size_t n_taken;      /* bytes of the chunk that the client has received */
    int64_t asked_ns;
    double size_bytes;
};

static long read_stream(struct http_stream *stream, char *out, size_t max)
{
    return scrape_read(CONTAINER_OF(stream, struct scrape, stream), out, max);
}

static void close_stream(struct http_stream *stream, bool is_sent)
{
    scrape_free(CONTAINER_OF(stream, struct scrape, stream), is_sent);
}

struct http_stream *scrape_stream(struct scrape *scrape)
{
    return &scrape->stream;
}

/* Begin a walk over what the scrape shows. It is paused until the first chunk. */
static int begin_exposition(struct scrape *scrape, const struct scrape_options *options,
                            struct snapshot *snapshot)
{
    const struct exposition_collector collector = {
        .collect = selfmetrics_collect,
        .ctx = options->source,
        .started_ms = (int64_t)(1e3 * options->source->start_time_s + 0.5),
    };
    int r;

    if (!snapshot)
        return -ENOMEM;
    r = exposition_new(&scrape->exposition, options->writer, snapshot,
                       options->part == SCRAPE_SERIES ? NULL : &collector);
    if (r == 0 && scrape->has_series)
        exposition_pause(scrape->exposition);
    return r;
}

int scrape_new(struct scrape **ret, const struct scrape_options *options, struct snapshot *snapshot)
{
    struct scrape *scrape = calloc(1, sizeof(*scrape));
    int r = -ENOMEM;

    if (scrape) {
        scrape->stream = (struct http_stream){ .read = read_stream, .close = close_stream };
        scrape->source = options->source;
        scrape->has_series = SCRAPE_HAS_SERIES(options->part);
        scrape->asked_ns = options->asked_ns;
        if (!scrape->has_series)
            snapshot = snapshot_new_empty();
        r = begin_exposition(scrape, options, snapshot);
    }
    snapshot_unref(snapshot);
    if (r < 0) {
        free(scrape);
        return r;
    }
    *ret = scrape;
    return 0;
}

static void record(const struct scrape *scrape, bool is_sent)
{
    if (is_sent)
        scrape_stats_record(scrape->source->scrapes, scrape->asked_ns, clock_monotonic_ns(),
                            scrape->size_bytes);
    else if (scrape->size_bytes > 0)
        scrape->source->scrapes->n_broken++;
}

void scrape_free(struct scrape *scrape, bool is_sent)
{
    if (scrape->has_series)
        record(scrape, is_sent);
    exposition_free(scrape->exposition);
    buffer_deinit(&scrape->chunk);
    free(scrape);
}

/* Write the next chunk. It is empty at the end. */
static int write_chunk(struct scrape *scrape)
{
    int r;

    buffer_clear(&scrape->chunk);
    scrape->n_taken = 0;
    if (scrape->has_series)
        exposition_resume(scrape->exposition, registry_last_snapshot(scrape->source->registry));
    exposition_set_now(scrape->exposition, clock_monotonic_ns());
    r = exposition_write(scrape->exposition, &scrape->chunk, CHUNK_BYTES);
    if (scrape->has_series)
        exposition_pause(scrape->exposition);
    return r;
}

long scrape_read(struct scrape *scrape, char *out, size_t max)
{
    size_t n;
    int r = 0;

    if (scrape->n_taken == scrape->chunk.len)
        r = write_chunk(scrape);
    if (r < 0)
        return r;
    n = scrape->chunk.len - scrape->n_taken;
    if (n > max)
        n = max;
    if (n > 0) /* an empty buffer has no data to point into */
        memcpy(out, scrape->chunk.data + scrape->n_taken, n);
    scrape->n_taken += n;
    scrape->size_bytes += (double)n;
    return (long)n;
}
