/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Server
 *
 * libmicrohttpd with one thread on epoll. It parses requests, keeps connections
 * and limits them; here is only the way from a path to a page.
 */

#include "http/server.h"

#include "http/negotiate.h"
#include "output/gzip.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 2048
#define CONNECTION_MEMORY 8192 /* for a request's head, and headers of the answer */
#define IDLE_TIMEOUT_S 15
#define STREAM_BLOCK_SIZE 65536

/* Each takes half a megabyte; when there are more at once, the rest go as they are. */
#define GZIPS_MAX 16

struct http_server {
    struct http_server_options options;
    unsigned n_gzips; /* the HTTP thread's: streams that are being compressed */
    struct MHD_Daemon *server;
};

/* A stream on its way through libmicrohttpd. */
struct passage {
    struct http_server *http;
    struct http_stream *stream;
    struct gzip *gzip; /* NULL: it goes as it is */
};

static long read_source(void *source, char *out, size_t max)
{
    struct http_stream *stream = source;

    return stream->read(stream, out, max);
}

static ssize_t on_read(void *ctx, uint64_t position, char *out, size_t max)
{
    struct passage *passage = ctx;
    long n = passage->gzip ? gzip_read(passage->gzip, read_source, passage->stream, out, max)
                           : read_source(passage->stream, out, max);

    if (n < 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return n > 0 ? n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void close_passage(struct passage *passage)
{
    passage->stream->close(passage->stream);
    if (passage->gzip)
        passage->http->n_gzips--;
    gzip_free(passage->gzip);
    free(passage);
}

static void on_close(void *ctx)
{
    close_passage(ctx);
}

static ssize_t on_no_read(void *ctx, uint64_t position, char *out, size_t max)
{
    return MHD_CONTENT_READER_END_OF_STREAM;
}

/* Compress what @passage carries, if there is memory for it. */
static bool begin_gzip(struct passage *passage)
{
    if (passage->http->n_gzips == GZIPS_MAX || gzip_new(&passage->gzip) < 0)
        return false;
    passage->http->n_gzips++;
    return true;
}

static struct MHD_Response *stream_response(struct http_server *http, struct http_stream *stream,
                                            bool wants_gzip)
{
    struct passage *passage = calloc(1, sizeof(*passage));
    struct MHD_Response *response;
    bool has_gzip;

    if (!passage) {
        stream->close(stream);
        return NULL;
    }
    *passage = (struct passage){ .http = http, .stream = stream };
    has_gzip = wants_gzip && begin_gzip(passage);
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_SIZE, on_read,
                                                 passage, on_close);
    if (!response)
        close_passage(passage);
    else if (has_gzip)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    return response;
}

static struct MHD_Response *body_response(struct slice body, bool is_given)
{
    /* The function's type has no const; with PERSISTENT it only reads. */
    union {
        const char *in;
        void *out;
    } bytes = { .in = body.at };

    return MHD_create_response_from_buffer(
        body.len, bytes.out, is_given ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
}

/* The head of a stream alone: one whose length is not known, and which is not read. */
static struct MHD_Response *head_response(struct http_stream *stream)
{
    stream->close(stream);
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_SIZE, on_no_read, NULL,
                                             NULL);
}

static bool wants_gzip(struct MHD_Connection *connection)
{
    const char *header =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);

    return header && negotiate_coding(slice_of(header), SLICE("gzip")) > 0;
}

static struct MHD_Response *make_response(struct http_server *http,
                                          struct MHD_Connection *connection,
                                          const struct http_reply *reply, bool is_head)
{
    struct MHD_Response *response;

    if (!reply->stream)
        return body_response(reply->body, reply->is_body_given);
    if (is_head)
        response = head_response(reply->stream);
    else
        response = stream_response(http, reply->stream, wants_gzip(connection));
    if (!response)
        return NULL;
    MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    /* With chunks, libmicrohttpd 0.9.75 would send the last one, an empty one. */
    if (is_head)
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    return response;
}

static enum MHD_Result queue(struct http_server *http, struct MHD_Connection *connection,
                             const struct http_reply *reply, bool is_head)
{
    struct MHD_Response *response = make_response(http, connection, reply, is_head);
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
    if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    result = MHD_queue_response(connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}

static const struct http_route *find_route(const struct http_server *http, const char *path)
{
    for (unsigned i = 0; i < http->options.n_routes; i++)
        if (strcmp(http->options.routes[i].path, path) == 0)
            return &http->options.routes[i];
    return NULL;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **request)
{
    struct http_reply reply = { .content_type = "text/plain; charset=utf-8" };
    struct http_server *http = ctx;
    const struct http_route *route = find_route(http, path);
    bool is_head = strcmp(method, "HEAD") == 0;
    bool is_read_only = is_head || strcmp(method, "GET") == 0;

    /*
     * The first call comes when only the head has been read. An answer given then
     * also closes the connection: right for a body that nobody wants to read,
     * wrong for a scraper that comes again.
     */
    if (is_read_only && !*request) {
        *request = http; /* anything but NULL */
        return MHD_YES;
    }
    if (*upload_size) {
        *upload_size = 0;
        return MHD_YES;
    }
    if (!route) {
        reply.status = MHD_HTTP_NOT_FOUND;
        reply.body = SLICE("404: there is no such page. / has links to all there are.\n");
    } else if (!is_read_only) {
        reply.status = MHD_HTTP_METHOD_NOT_ALLOWED;
        reply.body = SLICE("405: this page can only be read, with GET or HEAD.\n");
    } else {
        route->respond(http->options.ctx, &reply);
    }
    return queue(http, connection, &reply, is_head);
}

/* Paths are compared as they were sent: %00 must not end one early. */
static size_t on_unescape(void *ctx, struct MHD_Connection *connection, char *text)
{
    return strlen(text);
}

int server_start(struct http_server **ret, int fd, const struct http_server_options *options)
{
    struct http_server *http = calloc(1, sizeof(*http));

    if (!http) {
        close(fd);
        return -ENOMEM;
    }
    http->options = *options;
    errno = 0;
    http->server = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, on_request, http,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL, MHD_OPTION_END);
    if (!http->server) {
        int error = errno ? errno : ENOMEM;

        close(fd);
        free(http);
        return -error;
    }
    *ret = http;
    return 0;
}

void server_stop(struct http_server *http)
{
    if (!http)
        return;
    MHD_stop_daemon(http->server);
    free(http);
}
