/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Compressed: a stream as its client accepts it, by gzip or as it is
 */

#include "http/reply.h"
#include "http/request.h"

/* Streams that are being compressed. All zero at first. The HTTP thread's alone. */
struct compressors {
    unsigned n;
};

/*
 * Choose the coding of @stream, which is taken, for the client that sent @request. Adds the
 * headers that say so to @reply: Vary in any case, as a cache must know that the choice
 * depends on the client, and Content-Encoding if it is gzip.
 *
 * Returns the stream to reply with: one that compresses @stream while it is read, or @stream
 * itself when the client does not accept gzip, or there is no memory, or 16 streams are
 * being compressed already. @compressors must stay in place until both are closed.
 *
 * gzip holds back up to some megabytes, so it is not for a stream that is watched live.
 */
struct http_stream *compressed_open(struct compressors *compressors,
                                    const struct http_request *request, struct http_reply *reply,
                                    struct http_stream *stream);
