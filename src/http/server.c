/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Server
 *
 * libmicrohttpd runs one thread on epoll. It listens on one socket; an acceptor listens on the
 * others, and passes connections to that thread, so that all requests are handled there.
 *
 * libmicrohttpd parses requests, and keeps and limits connections. This file connects its callbacks
 * to a handler, and turns the handler's reply into a response. libmicrohttpd calls, in this order:
 *
 *      on_connection   when a client connects
 *      on_target       with the first line of a request
 *      on_request      with its head, then with each piece of its body, then with nothing;
 *                      that last call runs the handler
 *      on_read         for each piece of a stream, as the client takes it
 *      on_completed    when the reply is sent or aborted; on_target follows with the next
 *                      request
 *      on_connection   when the connection is closed
 *
 * libmicrohttpd 0.9.75 omits on_completed when a query has more parameters than it has
 * memory for. So the exchange, which keeps the state of these calls, belongs to the connection.
 *
 * While a stream has nothing to send, or a handler has no reply yet, its connection is suspended,
 * and libmicrohttpd does not touch it. server_wake() resumes all suspended connections, as only
 * their streams and handlers know which of them can go on; for a handler, on_request follows.
 */

#include "http/server.h"

#include "base/buffer.h"
#include "base/must.h"
#include "http/acceptor.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 2048
#define CONNECTION_MEMORY 8192 /* for the head of a request, and that of the reply */
#define IDLE_TIMEOUT_S 15
#define STREAM_BLOCK_SIZE 65536

struct http_server {
    struct http_server_options options;
    struct MHD_Daemon *daemon;
    struct acceptor *acceptor; /* NULL with a single socket */
    _Atomic unsigned n_wakes;
    _Atomic bool is_stopping;
    pthread_mutex_t lock; /* for what follows, and for suspending and resuming */
    struct exchange *waiting;
};

/* A request and its reply. A connection uses the same struct for all its requests in turn. */
struct exchange {
    struct http_server *server;
    struct MHD_Connection *connection;
    char *target; /* of the request; its path and query are taken from it in place */
    char *query;  /* in the target; NULL: it has none */
    struct http_request request;
    struct http_match match;
    bool has_head;
    bool is_body_too_long;
    struct buffer body;
    struct http_stream *stream; /* of the reply, or NULL */
    bool has_stream_ended;      /* it was read to its end */
    bool is_waiting;            /* it is in the server's list, and its connection suspended */
    struct exchange *next_waiting;
};

/* --- streams ------------------------------------------------------------------------------- */

/*
 * Suspend the connection until the next server_wake(). Returns false when there was one since
 * @n_wakes was read: the stream may have missed its cause.
 */
static bool begin_waiting(struct exchange *exchange, unsigned n_wakes)
{
    struct http_server *server = exchange->server;
    bool may_wait;

    pthread_mutex_lock(&server->lock);
    may_wait = atomic_load(&server->n_wakes) == n_wakes;
    if (may_wait) {
        exchange->is_waiting = true;
        exchange->next_waiting = server->waiting;
        server->waiting = exchange;
        MHD_suspend_connection(exchange->connection);
    }
    pthread_mutex_unlock(&server->lock);
    return may_wait;
}

void server_wake(struct http_server *server)
{
    struct exchange *exchange, *next;

    pthread_mutex_lock(&server->lock);
    atomic_fetch_add(&server->n_wakes, 1);
    for (exchange = TAKE(server->waiting); exchange; exchange = next) {
        next = exchange->next_waiting; /* once resumed, it may be gone */
        exchange->is_waiting = false;
        MHD_resume_connection(exchange->connection);
    }
    pthread_mutex_unlock(&server->lock);
}

static ssize_t on_read(void *ctx, uint64_t position, char *out, size_t max)
{
    struct exchange *exchange = ctx;
    struct http_stream *stream = exchange->stream;
    unsigned n_wakes;
    long n;

    do {
        /* In this order: no stream may begin to wait after the wake of server_stop(). */
        n_wakes = atomic_load(&exchange->server->n_wakes);
        if (atomic_load(&exchange->server->is_stopping))
            return MHD_CONTENT_READER_END_WITH_ERROR;
        n = stream->read(stream, out, max);
        if (n > 0)
            return n;
        exchange->has_stream_ended = n == 0;
        if (n == 0)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (n != -EAGAIN)
            return MHD_CONTENT_READER_END_WITH_ERROR;
    } while (!begin_waiting(exchange, n_wakes));
    return 0;
}

/* --- from a reply to a response ------------------------------------------------------------ */

static struct MHD_Response *stream_response(struct exchange *exchange)
{
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_BLOCK_SIZE, on_read, exchange, NULL);

    /* With chunks, libmicrohttpd 0.9.75 would answer HEAD with the last one, an empty one. */
    if (response && exchange->request.method == HTTP_HEAD)
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    return response;
}

static struct MHD_Response *body_response(struct slice body, bool is_given)
{
    /* The function's type has no const; with PERSISTENT it only reads. */
    union {
        const char *in;
        void *out;
    } bytes = { .in = body.at };
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.len, bytes.out, is_given ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);

    if (!response && is_given)
        free(bytes.out);
    return response;
}

static enum MHD_Result send_reply(struct exchange *exchange, const struct http_reply *reply)
{
    struct MHD_Response *response;
    enum MHD_Result result = MHD_YES;

    exchange->stream = reply->stream;
    response = reply->stream ? stream_response(exchange)
                             : body_response(reply->body, reply->is_body_given);
    if (!response)
        return MHD_NO;
    for (unsigned i = 0; i < reply->n_headers && result == MHD_YES; i++)
        result = MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
    if (result == MHD_YES)
        result = MHD_queue_response(exchange->connection, reply->status, response);
    MHD_destroy_response(response);
    return result;
}

/* --- from callbacks to a request ----------------------------------------------------------- */

static enum MHD_Result on_header(void *ctx, enum MHD_ValueKind origin, const char *name,
                                 const char *value)
{
    struct http_fields *headers = ctx;

    headers->items[headers->n++] = (struct http_field){
        slice_of(name),
        value ? slice_of(value) : SLICE(""),
    };
    return MHD_YES;
}

static void free_text(char **text)
{
    free(*text);
}

/*
 * Let the handler fill @reply. The request's fields exist while it runs. Returns false when
 * out of memory for them.
 */
static bool run_handler(struct exchange *exchange, struct http_reply *reply)
{
    struct http_request *request = &exchange->request;
    const struct http_route *route = exchange->match.route;
    /* A copy, as it is decoded in place, and the handler may be called again. */
    CLEANUP(free_text) char *query = exchange->query ? strdup(exchange->query) : NULL;
    unsigned n_parameters = query ? request_count_parameters(query) : 0;
    struct MHD_Connection *connection = exchange->connection;
    int n_headers = MHD_get_connection_values(connection, MHD_HEADER_KIND, NULL, NULL);
    struct http_field *fields = calloc(n_parameters + (unsigned)n_headers + 1, sizeof(*fields));

    if (!fields || (exchange->query && !query)) {
        free(fields);
        return false;
    }
    request->headers.n = request->query.n = 0;
    request->query.items = fields;
    if (query)
        request_parse_query(query, &request->query);
    request->headers.items = fields + n_parameters;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, &request->headers);
    request->body = buffer_text(&exchange->body);
    route->respond(route->ctx, request, reply);
    free(fields);
    return true;
}

/* Fill @reply, unless it is to come later. */
static void make_reply(struct exchange *exchange, struct http_reply *reply)
{
    if (!exchange->match.route)
        route_refuse(&exchange->match, reply);
    else if (exchange->is_body_too_long)
        reply_text(reply, 413, SLICE("413: the body is longer than this page accepts.\n"));
    else if (exchange->body.has_failed || !run_handler(exchange, reply))
        reply_text(reply, 503, SLICE("503: not enough memory for the request.\n"));
    exchange->request.ticket = reply->ticket;
}

/* Send the reply, or wait for the wake after which there may be one. */
static enum MHD_Result answer(struct exchange *exchange)
{
    struct http_reply reply;
    unsigned n_wakes;

    do {
        /* In this order, as for a stream. */
        n_wakes = atomic_load(&exchange->server->n_wakes);
        if (exchange->request.ticket && atomic_load(&exchange->server->is_stopping))
            return MHD_NO;
        reply = (struct http_reply){ 0 };
        make_reply(exchange, &reply);
        if (reply.ticket && begin_waiting(exchange, n_wakes))
            return MHD_YES;
    } while (reply.ticket);
    buffer_deinit(&exchange->body); /* sending the reply may take long */
    return send_reply(exchange, &reply);
}

static bool is_read(const struct exchange *exchange)
{
    return exchange->request.method & HTTP_READ;
}

static uint64_t announced_length(const struct exchange *exchange)
{
    const char *text = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
                                                   MHD_HTTP_HEADER_CONTENT_LENGTH);

    return text ? strtoull(text, NULL, 10) : 0; /* libmicrohttpd has checked it */
}

/*
 * libmicrohttpd closes the connection after a reply that is queued when only the head has been
 * read. That is right for an unwanted body, and wrong for a scraper, which sends further
 * requests. So GET and HEAD are answered at their end, even when they are refused.
 */
static enum MHD_Result take_head(struct exchange *exchange)
{
    const struct http_route *route = exchange->match.route;

    exchange->has_head = true;
    if (is_read(exchange))
        return MHD_YES;
    exchange->is_body_too_long = route && announced_length(exchange) > route->max_body_bytes;
    return route && !exchange->is_body_too_long ? MHD_YES : answer(exchange);
}

/* Keep @piece, up to the route's limit. A body that turns out to be too long is dropped. */
static void take_body(struct exchange *exchange, struct slice piece)
{
    if (is_read(exchange) || exchange->is_body_too_long)
        return;
    if (piece.len > exchange->match.route->max_body_bytes - exchange->body.len) {
        exchange->is_body_too_long = true;
        buffer_deinit(&exchange->body);
        return;
    }
    buffer_add(&exchange->body, piece);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    const struct http_server *server = ctx;
    struct exchange *exchange = *state;

    if (!exchange)
        return MHD_NO; /* out of memory in on_target() or on_connection() */
    if (*upload_size) {
        take_body(exchange, (struct slice){ upload, *upload_size });
        *upload_size = 0;
        return MHD_YES;
    }
    if (exchange->has_head)
        return answer(exchange);
    exchange->request.method = request_method(method);
    exchange->request.path = request_parse_target(exchange->target, &exchange->query);
    route_match(server->options.routes, server->options.n_routes, &exchange->request,
                &exchange->match);
    return take_head(exchange);
}

/* Free the memory of a request and its reply, if there was one. @is_sent: all of the reply. */
static void end_exchange(struct exchange *exchange, bool is_sent)
{
    MUST(!exchange->is_waiting);
    if (exchange->stream)
        exchange->stream->close(exchange->stream, is_sent && exchange->has_stream_ended);
    buffer_deinit(&exchange->body);
    free(exchange->target);
    *exchange = (struct exchange){
        .server = exchange->server,
        .connection = exchange->connection,
    };
}

/* The return value becomes on_request()'s state; NULL when out of memory. */
static void *on_target(void *ctx, const char *target, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct exchange *exchange = info->socket_context;

    if (!exchange)
        return NULL;
    end_exchange(exchange, false);
    exchange->target = strdup(target ? target : "");
    return exchange->target ? exchange : NULL;
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    if (*state)
        end_exchange(*state, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **connection_state,
                          enum MHD_ConnectionNotificationCode code)
{
    struct exchange *exchange = *connection_state;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        exchange = calloc(1, sizeof(*exchange));
        if (exchange)
            *exchange = (struct exchange){ .server = ctx, .connection = connection };
        *connection_state = exchange;
    } else if (exchange) {
        end_exchange(exchange, false);
        free(exchange);
    }
}

/* Escapes are decoded from the target (request.h): here %00 would end a path early. */
static size_t on_unescape(void *ctx, struct MHD_Connection *connection, char *text)
{
    return strlen(text);
}

/* --- beginning and end ---------------------------------------------------------------------- */

static struct MHD_Daemon *start_daemon(struct http_server *server, int fd)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, NULL, MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL, MHD_OPTION_END);
}

/* On the acceptor's thread. If there are too many connections already, this closes @fd. */
static void on_accepted(void *ctx, int fd, const struct sockaddr *peer, socklen_t len)
{
    struct http_server *server = ctx;

    (void)MHD_add_connection(server->daemon, fd, peer, len);
}

static void free_server(struct http_server *server)
{
    pthread_mutex_destroy(&server->lock);
    free(server);
}

static void close_all(const int *fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        close(fds[i]);
}

/* Start the threads. On failure the sockets are closed. */
static int start_threads(struct http_server *server, const int *fds, unsigned n_fds)
{
    const struct acceptor_options options = { fds + 1, n_fds - 1, on_accepted, server };
    int r = 0;

    errno = 0;
    server->daemon = start_daemon(server, fds[0]);
    if (!server->daemon) {
        r = errno ? -errno : -ENOMEM;
        close_all(fds, n_fds);
        return r;
    }
    if (n_fds > 1)
        r = acceptor_start(&server->acceptor, &options);
    if (r < 0) {
        MHD_stop_daemon(server->daemon);
        close_all(fds + 1, n_fds - 1);
    }
    return r;
}

int server_start(struct http_server **ret, const int *fds, unsigned n_fds,
                 const struct http_server_options *options)
{
    struct http_server *server = calloc(1, sizeof(*server));
    int r;

    if (!server) {
        close_all(fds, n_fds);
        return -ENOMEM;
    }
    server->options = *options;
    pthread_mutex_init(&server->lock, NULL);
    r = start_threads(server, fds, n_fds);
    if (r < 0) {
        free_server(server);
        return r;
    }
    *ret = server;
    return 0;
}

void server_stop(struct http_server *server)
{
    if (!server)
        return;
    acceptor_stop(server->acceptor);
    atomic_store(&server->is_stopping, true);
    server_wake(server); /* libmicrohttpd must not stop while a connection is suspended */
    MHD_stop_daemon(server->daemon);
    free_server(server);
}
