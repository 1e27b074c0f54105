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

#include <stdlib.h>

struct compressed {
    struct http_stream stream;
    struct compressors *compressors;
    struct http_stream *source;
    struct gzip *gzip;
};

static long read_source(void *ctx, char *out, size_t max)
{
    struct http_stream *source = ctx;

    return source->read(source, out, max);
}

static long read_compressed(struct http_stream *stream, char *out, size_t max)
{
    struct compressed *compressed = CONTAINER_OF(stream, struct compressed, stream);

    return gzip_read(compressed->gzip, read_source, compressed->source, out, max);
}

static void close_compressed(struct http_stream *stream, bool is_sent)
{
    struct compressed *compressed = CONTAINER_OF(stream, struct compressed, stream);

    compressed->source->close(compressed->source, is_sent);
    compressed->compressors->n--;
    gzip_free(compressed->gzip);
    free(compressed);
}

/* Returns NULL if all compressors are in use, or when out of memory. */
static struct compressed *compress(struct compressors *compressors, struct http_stream *source)
{
    struct compressed *compressed;

    if (compressors->n >= compressors->n_max)
        return NULL;
    compressed = calloc(1, sizeof(*compressed));
    if (!compressed || gzip_new(&compressed->gzip) < 0) {
        free(compressed);
        return NULL;
    }
    compressed->stream = (struct http_stream){ .read = read_compressed, .close = close_compressed };
    compressed->compressors = compressors;
    compressed->source = source;
    compressors->n++;
    return compressed;
}

static bool accepts_gzip(const struct http_request *request)
{
    return negotiate_coding(request, SLICE("gzip")) > 0;
}

struct http_stream *compressed_open(struct compressors *compressors,
                                    const struct http_request *request, struct http_reply *reply,
                                    struct http_stream *stream)
{
    struct compressed *compressed = accepts_gzip(request) ? compress(compressors, stream) : NULL;

    if (compressed)
        reply_add_header(reply, "Content-Encoding", "gzip");
    reply_add_header(reply, "Vary", "Accept-Encoding");
    return compressed ? &compressed->stream : stream;
}
