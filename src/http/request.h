/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Request: a client's request
 *
 * It is a plain struct, so that a test can create one without a server. All of it is borrowed
 * from the server and valid until the handler returns.
 */

#include "base/slice.h"

#include <stdint.h>

/* Bits, so that a route can accept several. */
enum http_method {
    HTTP_GET = 1 << 0,
    HTTP_HEAD = 1 << 1,
    HTTP_POST = 1 << 2,
    HTTP_PUT = 1 << 3,
    HTTP_PATCH = 1 << 4,
    HTTP_DELETE = 1 << 5,
    HTTP_OPTIONS = 1 << 6,
    HTTP_OTHER = 1 << 7, /* any other; no route accepts it */
};

/* The methods of a read-only page. Their body has no meaning (RFC 9110, 9.3). */
#define HTTP_READ (HTTP_GET | HTTP_HEAD)

/* Room for the names of all methods as request_write_methods() writes them, and a NUL. */
#define HTTP_METHODS_TEXT_MAX 64

/* A header, or a parameter of the query. */
struct http_field {
    struct slice name, value;
};

struct http_fields {
    struct http_field *items; /* in the order in which they were sent */
    unsigned n;
};

struct http_request {
    enum http_method method;
    struct slice path;          /* without the query; see request_parse_target() */
    struct http_fields query;   /* decoded */
    struct http_fields headers; /* without the trailers of a chunked body */
    struct slice body;          /* whole; empty for GET and HEAD */
    uint64_t ticket;            /* 0; or, in a later call, what the last gave reply_later() */
};

/*
 * The value of the first parameter called exactly @name. It may be empty and may hold any
 * byte. Its .at is NULL if there is no such parameter.
 */
struct slice request_query(const struct http_request *request, const char *name);

/*
 * The value of the first header called @name, in any case. Its .at is NULL if there is none. Not
 * for headers with lists, which may be spread over several (RFC 9110, 5.3): see http/negotiate.h.
 */
struct slice request_header(const struct http_request *request, const char *name);

/* --- for the server -------------------------------------------------------------------------- */

/* The method called @name. Names are case-sensitive (RFC 9110, 9.1). */
enum http_method request_method(const char *name);

/* Write the names of @methods into @out as Allow wants them, "GET, HEAD", and a NUL. */
void request_write_methods(unsigned methods, char out[HTTP_METHODS_TEXT_MAX]);

/*
 * Take the target of a request apart, in place. Returns its path; @ret_query is what follows the
 * first "?", or NULL.
 *
 * It is "/path?query", or "http://host/path?query" (RFC 9112, 3.2.2), as proxies are sent; which
 * host does not matter. Without a path there, the path is "/".
 *
 * Escapes in the path are decoded if they stand for letters, digits, "-", ".", "_" or "~", as such
 * paths are the same (RFC 3986, 6.2.2.2). All others stay as they are: "%2F" is not a "/", and
 * "%00" does not end the path.
 */
struct slice request_parse_target(char *target, char **ret_query);

/* An upper bound of the number of parameters in @query. */
unsigned request_count_parameters(const char *query);

/*
 * Parse @query, which follows the "?", into @ret, which has room for
 * request_count_parameters() parameters. It is application/x-www-form-urlencoded: "a=b&c=d",
 * where "+" is a space and "%41" is "A". A malformed escape stays as it is. A parameter
 * without "=" has an empty value. Empty parameters are omitted. Names and values are decoded
 * in place, and @ret points into @query.
 */
void request_parse_query(char *query, struct http_fields *ret);
