/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Compressed: a stream in the coding that its client accepts: zstd, gzip or none
 */

#include "http/reply.h"
#include "http/request.h"

/* The number of compressed streams that are open, and the most. HTTP thread only. */
struct compressors {
    unsigned n, n_max;
};

/*
 * Choose the coding of @stream for the client that sent @request, and add headers to @reply:
 * always Vary, so that caches know that the page depends on the client, and Content-Encoding
 * if there is a coding. Of zstd and gzip the client gets what it gives the larger weight, and zstd
 * if they are equal.
 *
 * Returns the stream to reply with. This is a new stream that takes @stream and compresses it
 * while it is read. It is @stream itself if the client does not accept a coding, if as many streams
 * as may be are already being compressed, or when out of memory. @compressors must stay in place
 * until the stream is closed.
 *
 * A coding holds back a megabyte or more, so this is not for streams that people watch live.
 */
struct http_stream *compressed_open(struct compressors *compressors,
                                    const struct http_request *request, struct http_reply *reply,
                                    struct http_stream *stream);
