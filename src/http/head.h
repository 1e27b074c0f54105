/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Head: whether the head of a request is one that every reader understands alike
 *
 * A proxy and a server that read a head differently disagree on where the next request begins, and
 * a client can hide one from the proxy. So what RFC 9112 lets a server refuse for that reason is
 * refused here: libmicrohttpd 0.9.75 accepts it.
 */

#include "http/request.h"

/* The longest head, with its first line. */
#define HTTP_HEAD_MAX 8192

/* A head, as libmicrohttpd has parsed it. */
struct http_head {
    const char *begin, *end;    /* of all of it, with the empty line */
    struct slice target;        /* up to its first NUL */
    const char *version;        /* "HTTP/1.1", on the same line */
    struct http_fields headers; /* in the order in which they were sent, where they were parsed */
};

struct http_head_problem {
    unsigned status; /* to refuse it with; 0: there is none */
    struct slice text;
};

/* The first problem of @head. */
struct http_head_problem head_check(const struct http_head *head);
