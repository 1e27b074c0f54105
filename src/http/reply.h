/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reply: a handler's answer
 *
 * A handler gets an empty reply and fills it with one of reply_text(), reply_page(),
 * reply_take(), reply_stream() and reply_later(). Headers are sent in the order in which they are
 * added.
 */

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define HTTP_REPLY_HEADERS_MAX 8

/*
 * A body that is produced while it is sent. A module that produces one embeds this struct and
 * supplies both functions, which run on the HTTP thread. Requests take turns piece by piece
 * (http/round.h), so a long stream does not delay a short page: a piece is work of a millisecond,
 * or not much more. A stream may be endless.
 */
struct http_stream {
    /*
     * Write up to @max bytes, at least 1, to @out. Returns
     *
     *      the number of bytes
     *      0               at the end
     *      -EAGAIN         if there is nothing yet; read again after server_wake()
     *      -EINPROGRESS    if there is nothing yet, and work to do; read again after other clients
     *      negative errno  to abort; the client can tell that its page is incomplete
     *
     * While a stream waits, its connection has no deadline, and the server does not notice
     * when the client disconnects. A stream that may wait long must send something from time
     * to time.
     */
    long (*read)(struct http_stream *stream, char *out, size_t max);
    /*
     * Free the stream. Called once. @is_sent: it was read to its end, and the kernel has taken all
     * of the reply. Otherwise reading failed, the client disconnected first, or asked for HEAD.
     */
    void (*close)(struct http_stream *stream, bool is_sent);
    bool is_endless; /* the deadline for whole answers does not apply */
};

struct http_reply {
    unsigned status; /* 200 and so on */
    struct {
        const char *name, *value;
    } headers[HTTP_REPLY_HEADERS_MAX];
    unsigned n_headers;
    struct slice body;
    bool is_body_given;         /* the body is malloc()ed, and the server frees it */
    struct http_stream *stream; /* instead of the body, or NULL; the server closes it */
    uint64_t ticket;            /* if not 0, there is no reply yet */
};

/* Add a header. Both texts are borrowed until the server has sent the reply. */
void reply_add_header(struct http_reply *reply, const char *name, const char *value);

/* Reply with @body, of @content_type. Both are borrowed until the server has sent them. */
void reply_page(struct http_reply *reply, unsigned status, const char *content_type,
                struct slice body);

/* The same for plain text in UTF-8. */
void reply_text(struct http_reply *reply, unsigned status, struct slice body);

/* Reply 200 with @body, which is malloc()ed, ends in NUL, and is taken. */
void reply_take(struct http_reply *reply, const char *content_type, char *body);

/*
 * There is no reply yet. The handler is called again with the same request and @ticket, which is
 * not 0, after each server_wake(), until it replies. Meanwhile the connection has no deadline.
 */
void reply_later(struct http_reply *reply, uint64_t ticket);

/* Reply 200 with @stream, which is taken. HEAD closes it unread. */
void reply_stream(struct http_reply *reply, const char *content_type, struct http_stream *stream);
