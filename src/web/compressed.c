/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Compressed
 *
 * A compressed stream reads another stream. Each takes half a megabyte, so their number is
 * limited. When all are in use, a further client gets its page uncompressed, without waiting
 * (docs/decisions/0015).
 */

#include "web/compressed.h"

#include "base/compiler.h"
#include "http/negotiate.h"
#include "output/gzip.h"
#include "output/zstd.h"

#include <stdlib.h>

struct compressed {
    struct http_stream stream;
    struct compressors *compressors;
    struct http_stream *source;
    const struct coding *coding;
    void *state; /* the coding's */
};

/* In the server's order of preference. */
static const struct coding *const codings[] = { &zstd_coding, &gzip_coding };

static long read_source(void *ctx, char *out, size_t max)
{
    struct http_stream *source = ctx;

    return source->read(source, out, max);
}

static long read_compressed(struct http_stream *stream, char *out, size_t max)
{
    struct compressed *compressed = CONTAINER_OF(stream, struct compressed, stream);

    return compressed->coding->read(compressed->state, read_source, compressed->source, out, max);
}

static void close_compressed(struct http_stream *stream, bool is_sent)
{
    struct compressed *compressed = CONTAINER_OF(stream, struct compressed, stream);

    compressed->source->close(compressed->source, is_sent);
    compressed->compressors->n--;
    compressed->coding->free(compressed->state);
    free(compressed);
}

/* Returns NULL if all compressors are in use, or when out of memory. */
static struct compressed *compress(struct compressors *compressors, const struct coding *coding,
                                   struct http_stream *source)
{
    struct compressed *compressed;

    if (compressors->n >= compressors->n_max)
        return NULL;
    compressed = calloc(1, sizeof(*compressed));
    if (compressed)
        compressed->state = coding->new ();
    if (!compressed || !compressed->state) {
        free(compressed);
        return NULL;
    }
    compressed->stream = (struct http_stream){ .read = read_compressed, .close = close_compressed };
    compressed->compressors = compressors;
    compressed->source = source;
    compressed->coding = coding;
    compressors->n++;
    return compressed;
}

/* The coding with the largest weight, the first of several. NULL: the client accepts none. */
static const struct coding *choose_coding(const struct http_request *request)
{
    const struct coding *best = NULL;
    unsigned best_weight = 0;

    for (size_t i = 0; i < ARRAY_SIZE(codings); i++) {
        unsigned weight = negotiate_coding(request, slice_of(codings[i]->name));

        if (weight > best_weight) {
            best = codings[i];
            best_weight = weight;
        }
    }
    return best;
}

struct http_stream *compressed_open(struct compressors *compressors,
                                    const struct http_request *request, struct http_reply *reply,
                                    struct http_stream *stream)
{
    const struct coding *coding = choose_coding(request);
    struct compressed *compressed = coding ? compress(compressors, coding, stream) : NULL;

    if (compressed)
        reply_add_header(reply, "Content-Encoding", coding->name);
    reply_add_header(reply, "Vary", "Accept-Encoding");
    return compressed ? &compressed->stream : stream;
}
