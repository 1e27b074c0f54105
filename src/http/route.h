/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Route: which handler answers for a path and a method
 */

#include "http/reply.h"
#include "http/request.h"

/* A row of the table. A path may have several, for methods that are handled apart. */
struct http_route {
    const char *path; /* compared as it was sent: an escape is not its byte */
    unsigned methods; /* bits of enum http_method */
    /* A longer body gets 413. The body of GET and HEAD is dropped, whatever its length. */
    size_t max_body_bytes;
    /* Fill @reply. Runs on the HTTP thread, and other clients wait meanwhile. */
    void (*respond)(void *ctx, const struct http_request *request, struct http_reply *reply);
    void *ctx;
};

struct http_match {
    const struct http_route *route; /* NULL: no row takes the request */
    unsigned methods;               /* of all rows of the path; 0 if it has no row */
    char allow[HTTP_METHODS_TEXT_MAX];
};

/* Find the first of the @n rows of @routes that takes the path and the method of @request. */
void route_match(const struct http_route *routes, unsigned n, const struct http_request *request,
                 struct http_match *ret);

/*
 * Reply to a request that no route takes: 404, or 405 and Allow. @match, which holds the
 * text of Allow, must stay until the reply is sent.
 */
void route_refuse(const struct http_match *match, struct http_reply *reply);
