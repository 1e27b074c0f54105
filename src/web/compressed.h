/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Compressed: a stream in the coding that its client accepts, gzip or none
 */

#include "http/reply.h"
#include "http/request.h"

/* Streams that are being compressed. All zero at first. The HTTP thread's alone. */
struct compressors {
    unsigned n;
};

/*
 * Choose the coding of @stream for the client that sent @request, and add the headers of the
 * choice to @reply: Vary in any case, so that a cache knows that it depends on the client, and
 * Content-Encoding if it is gzip.
 *
 * Returns the stream to reply with. It is one that takes @stream and compresses it while it is
 * read, or @stream itself if the client does not accept gzip, if 16 streams are being
 * compressed already, or without memory. @compressors must stay in place until it is closed.
 *
 * gzip holds back a megabyte and more, so this is not for a stream that is watched live.
 */
struct http_stream *compressed_open(struct compressors *compressors,
                                    const struct http_request *request, struct http_reply *reply,
                                    struct http_stream *stream);
