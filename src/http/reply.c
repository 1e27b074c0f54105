/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reply
 *
 * The content type is a header like any other, so a reply has only a status, headers and a
 * body.
 */

#include "http/reply.h"

#include "base/must.h"

void reply_add_header(struct http_reply *reply, const char *name, const char *value)
{
    MUST(reply->n_headers < HTTP_REPLY_HEADERS_MAX);
    reply->headers[reply->n_headers].name = name;
    reply->headers[reply->n_headers].value = value;
    reply->n_headers++;
}

void reply_page(struct http_reply *reply, unsigned status, const char *content_type,
                struct slice body)
{
    reply->status = status;
    reply->body = body;
    reply_add_header(reply, "Content-Type", content_type);
}

void reply_text(struct http_reply *reply, unsigned status, struct slice body)
{
    reply_page(reply, status, "text/plain; charset=utf-8", body);
}

void reply_take(struct http_reply *reply, const char *content_type, char *body)
{
    reply_page(reply, 200, content_type, slice_of(body));
    reply->is_body_given = true;
}

void reply_later(struct http_reply *reply, uint64_t ticket)
{
    MUST(ticket != 0);
    reply->ticket = ticket;
}

void reply_stream(struct http_reply *reply, const char *content_type, struct http_stream *stream)
{
    reply_page(reply, 200, content_type, (struct slice){ 0 });
    reply->stream = stream;
}
