/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Route: from a path and a method to a handler
 */

#include "http/reply.h"
#include "http/request.h"

/* A row of the table. A path may have several rows, for methods with different handlers. */
struct http_route {
    const char *path; /* compared with the request's, without decoding anything */
    unsigned methods; /* bits of enum http_method */
    /* A longer body gets 413. The body of GET and HEAD is dropped, whatever its length. */
    size_t max_body_bytes;
    /* Fill @reply. Runs on the HTTP thread; other clients wait meanwhile. */
    void (*respond)(void *ctx, const struct http_request *request, struct http_reply *reply);
    void *ctx;
    bool is_limited; /* counts as a request in flight: its answer takes memory or time */
};

struct http_match {
    const struct http_route *route; /* NULL: no row accepts the request */
    unsigned methods;               /* of all rows of the path; 0 if it has no row */
    char allow[HTTP_METHODS_TEXT_MAX];
};

/* Find the first of the @n rows of @routes that accepts the path and the method of @request. */
void route_match(const struct http_route *routes, unsigned n, const struct http_request *request,
                 struct http_match *ret);

/*
 * Reply to a request that no route accepts: 404, or 405 with Allow. @match holds the text of
 * Allow and must stay until the reply is sent.
 */
void route_refuse(const struct http_match *match, struct http_reply *reply);
