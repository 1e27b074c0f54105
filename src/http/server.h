/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * HTTP: pages for scrapers and people, on a thread of its own
 */

#include "base/address.h"
#include "base/compiler.h"
#include "base/slice.h"

/*
 * A body that is made while it is sent. A module that makes one embeds this struct and
 * brings both functions, which run on the HTTP thread. Requests take turns piece by piece,
 * so a long stream does not hold up a short page. A stream need not end.
 */
struct http_stream {
    /*
     * Put up to @max bytes, which is not 0, into @out. Returns their number; 0 at the end;
     * or a negative errno to break off: the client then sees that its page is not whole.
     */
    long (*read)(struct http_stream *stream, char *out, size_t max);
    /* Free the stream. Called once: at its end, or earlier when the client has gone. */
    void (*close)(struct http_stream *stream);
};

/* A page. Either a body that outlives the request, or a stream. */
struct http_reply {
    unsigned status; /* 200 and so on */
    const char *content_type;
    struct slice body;
    bool is_body_given;         /* the body is malloc()ed, and http frees it */
    struct http_stream *stream; /* NULL: body is all there is. Compressed if the client accepts */
};

struct http_route {
    const char *path;
    /* Fill @reply, on the HTTP thread. @ctx is the options'. */
    void (*respond)(void *ctx, struct http_reply *reply);
};

struct http_server_options {
    const struct http_route *routes; /* borrowed, as all of this, until server_stop() */
    unsigned n_routes;
    void *ctx;
};

struct http_server;

/*
 * Serve on @fd, which listens (address_listen) and which now belongs to the http.
 *
 * GET and HEAD of a route's path get its page; other methods get 405 with Allow,
 * other paths 404. A path is what stands in the request, %-escapes and all. Returns 0, or negative errno and @fd is closed.
 */
MUST_CHECK int server_start(struct http_server **ret, int fd,
                            const struct http_server_options *options);

/* Break off what is going on and end the thread. NULL is fine. */
void server_stop(struct http_server *http);
