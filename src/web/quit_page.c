/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Quit page
 *
 * A process that is asked to stop may have stopped before its reply is sent. A stream is closed
 * after its last byte is, so the reply is one, and its end asks.
 */

#include "web/quit_page.h"

#include "base/compiler.h"

#include <stdlib.h>

#define TEXT "udometer stops.\n"

struct quit {
    struct http_stream stream;
    void (*quit)(void);
    struct slice rest;
};

static long read_text(struct http_stream *stream, char *out, size_t max)
{
    struct quit *quit = CONTAINER_OF(stream, struct quit, stream);
    size_t n = quit->rest.len < max ? quit->rest.len : max;

    memcpy(out, quit->rest.at, n);
    quit->rest.at += n;
    quit->rest.len -= n;
    return (long)n;
}

static void close_text(struct http_stream *stream, bool is_sent)
{
    struct quit *quit = CONTAINER_OF(stream, struct quit, stream);

    quit->quit();
    free(quit);
}

void quit_page(void (*quit)(void), struct http_reply *reply)
{
    struct quit *page = malloc(sizeof(*page));

    if (!page) {
        quit();
        reply_text(reply, 200, SLICE(TEXT));
        return;
    }
    *page = (struct quit){ { .read = read_text, .close = close_text }, quit, SLICE(TEXT) };
    reply_stream(reply, "text/plain; charset=utf-8", &page->stream);
}
