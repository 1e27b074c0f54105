/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * HTTP: pages for scrapers and people, on a thread of its own
 */

#include "base/address.h"
#include "base/compiler.h"
#include "base/slice.h"

/* A page. Either a body that outlives the request, or a stream. */
struct http_reply {
    unsigned status; /* 200 and so on */
    const char *content_type;
    struct slice body;
    bool is_body_given; /* the body is malloc()ed, and http frees it */
    void *stream;       /* NULL: body is all there is */
};

/*
 * How streams are read, on the HTTP thread. Requests take turns piece by piece,
 * so a long stream does not hold up a short page. Who accepts gzip gets it
 * compressed.
 */
struct http_stream_type {
    /* Put up to @max bytes into @out. Returns how many; 0 at the end; negative to break off. */
    long (*read)(void *stream, char *out, size_t max);
    void (*close)(void *stream);
};

struct http_route {
    const char *path;
    /* Fill @reply, on the HTTP thread. @ctx is the options'. */
    void (*respond)(void *ctx, struct http_reply *reply);
};

struct http_options {
    const struct http_route *routes; /* borrowed, as all of this, until http_stop() */
    unsigned n_routes;
    const struct http_stream_type *stream_type;
    void *ctx;
};

struct http;

/*
 * Serve on @fd, which listens (address_listen) and which now belongs to the http.
 *
 * GET and HEAD of a route's path get its page; other methods get 405 with Allow,
 * other paths 404. A path is what stands in the request, %-escapes and all. Returns 0, or negative errno and @fd is closed.
 */
MUST_CHECK int http_start(struct http **ret, int fd, const struct http_options *options);

/* Break off what is going on and end the thread. NULL is fine. */
void http_stop(struct http *http);
