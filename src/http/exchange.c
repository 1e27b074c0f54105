/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Exchange
 *
 * The first part of a request is its head. If that alone decides, the reply follows at once;
 * otherwise at the end of the request. A stream is then read as the client takes it.
 *
 * At each step the connection gets a new deadline (http/clients.h), and a request to a limited
 * route has a place among those in flight (http/in_flight.h) until its reply is sent. Its handler
 * and each piece of a stream wait for their turn (http/round.h).
 */

#include "http/exchange.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/must.h"
#include "http/head.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>

#define STREAM_BLOCK_SIZE 65536

/* How long a client may take nothing of a stream; and how long it may wait to ask again. */
#define STALLED_MAX_NS (15 * CLOCK_NS_PER_S)
#define IDLE_MAX_NS (15 * CLOCK_NS_PER_S)

struct exchange {
    struct exchange_host *host;
    struct client *client;
    struct waiter waiter;
    struct in_flight_entry in_flight;
    struct round_entry turn;
    struct slice raw_target; /* in libmicrohttpd's memory: compared, not read */
    char *target;            /* of the request; its path and query are taken from it in place */
    char *query;             /* in the target; NULL: it has none */
    struct http_request request;
    struct http_field *headers;
    struct http_match match;
    struct http_head_problem problem;
    int64_t end_ns; /* by when all of the reply must be sent */
    bool has_head;
    bool is_body_too_long;
    struct buffer body;
    struct http_stream *stream; /* of the reply, or NULL */
    bool has_stream_ended;      /* it was read to its end */
};

/* --- limits ----------------------------------------------------------------------------------- */

static void expect_until(struct exchange *exchange, enum client_phase phase, int64_t now_ns,
                         int64_t deadline_ns)
{
    clients_expect(exchange->host->clients, exchange->client, phase, now_ns, deadline_ns);
}

/* The reply, or what is left of the request, may take until its end. */
static void expect_answer(struct exchange *exchange, int64_t now_ns)
{
    expect_until(exchange, CLIENT_ANSWERED, now_ns, exchange->end_ns);
}

/* The client has taken all that there was of the reply: it may take its time for the next block. */
static void expect_progress(struct exchange *exchange, int64_t now_ns)
{
    const struct http_stream *stream = exchange->stream;
    int64_t stalled_ns = now_ns + STALLED_MAX_NS;

    in_flight_progress(&exchange->host->in_flight, &exchange->in_flight, now_ns);
    if (stream && (stream->is_endless || stalled_ns < exchange->end_ns))
        expect_until(exchange, CLIENT_STREAMING, now_ns, stalled_ns);
    else
        expect_answer(exchange, now_ns);
}

static bool begin_waiting(struct exchange *exchange, unsigned n_wakes)
{
    /* Before it is suspended: afterwards, a wake may already have resumed it. */
    expect_until(exchange, CLIENT_ANSWERED, clock_monotonic_ns(), INT64_MAX);
    return waiting_begin(&exchange->host->waiting, &exchange->waiter, n_wakes);
}

static void count_in_flight(struct exchange_host *host)
{
    atomic_store_explicit(&host->stats->n_in_flight, host->in_flight.n, memory_order_relaxed);
}

/* Whether the request may be in flight. */
static bool take_off(struct exchange *exchange)
{
    struct exchange_host *host = exchange->host;
    bool is_in;

    if (!exchange->match.route->is_limited || exchange->in_flight.is_in)
        return true;
    exchange->in_flight.peer = exchange->client->peer;
    is_in = in_flight_add(&host->in_flight, &exchange->in_flight, clock_monotonic_ns());
    count_in_flight(host);
    return is_in;
}

void exchange_give_up(void *ctx, struct in_flight_entry *entry)
{
    struct exchange_host *host = ctx;

    clients_cut(host->clients, CONTAINER_OF(entry, struct exchange, in_flight)->client);
}

/* --- streams ---------------------------------------------------------------------------------- */

/* Read the next piece of the stream. */
static long read_piece(struct exchange *exchange, char *out, size_t max)
{
    struct http_stream *stream = exchange->stream;
    int64_t began_ns, now_ns;
    long n;

    if (!round_may_work(&exchange->host->round, &exchange->turn))
        return -EINPROGRESS;
    began_ns = clock_monotonic_ns();
    n = stream->read(stream, out, max);
    now_ns = clock_monotonic_ns();
    round_spend(&exchange->host->round, now_ns - began_ns);
    if (n > 0 || n == -EINPROGRESS)
        expect_progress(exchange, now_ns);
    return n;
}

static ssize_t on_read(void *ctx, uint64_t position, char *out, size_t max)
{
    struct exchange *exchange = ctx;
    struct waiting *waiting = &exchange->host->waiting;
    unsigned n_wakes;
    long n;

    do {
        /* In this order: no stream may begin to wait after the wake of server_stop(). */
        n_wakes = waiting_wakes(waiting);
        if (waiting_is_stopping(waiting))
            return MHD_CONTENT_READER_END_WITH_ERROR;
        n = read_piece(exchange, out, max);
        if (n > 0)
            return n;
        if (n == -EINPROGRESS)
            return 0; /* libmicrohttpd calls again in its next round, without waiting */
        exchange->has_stream_ended = n == 0;
        if (n == 0)
            return MHD_CONTENT_READER_END_OF_STREAM;
        if (n != -EAGAIN)
            return MHD_CONTENT_READER_END_WITH_ERROR;
    } while (!begin_waiting(exchange, n_wakes));
    return 0;
}

/* --- from a reply to a response --------------------------------------------------------------- */

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

static bool send_reply(struct exchange *exchange, const struct http_reply *reply)
{
    struct MHD_Response *response;
    enum MHD_Result result;

    exchange->stream = reply->stream;
    response = reply->stream ? stream_response(exchange)
                             : body_response(reply->body, reply->is_body_given);
    if (!response)
        return false;
    result = MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    for (unsigned i = 0; i < reply->n_headers && result == MHD_YES; i++)
        result = MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
    if (result == MHD_YES)
        result = MHD_queue_response(exchange->waiter.connection, reply->status, response);
    MHD_destroy_response(response);
    expect_progress(exchange, clock_monotonic_ns());
    return result == MHD_YES;
}

/* --- the reply -------------------------------------------------------------------------------- */

static void free_text(char **text)
{
    free(*text);
}

/* Let the handler fill @reply. Returns false when out of memory for the request's fields. */
static bool run_handler(struct exchange *exchange, struct http_reply *reply)
{
    struct http_request *request = &exchange->request;
    const struct http_route *route = exchange->match.route;
    /* A copy, as it is decoded in place, and the handler may be called again. */
    CLEANUP(free_text) char *query = exchange->query ? strdup(exchange->query) : NULL;
    unsigned n_parameters = query ? request_count_parameters(query) : 0;
    struct http_field *fields = calloc(n_parameters + 1, sizeof(*fields));
    int64_t began_ns;

    if (!fields || (exchange->query && !query)) {
        free(fields);
        return false;
    }
    request->query = (struct http_fields){ .items = fields };
    if (query)
        request_parse_query(query, &request->query);
    request->body = buffer_text(&exchange->body);
    began_ns = clock_monotonic_ns();
    route->respond(route->ctx, request, reply);
    if (route->is_limited)
        round_spend(&exchange->host->round, clock_monotonic_ns() - began_ns);
    free(fields);
    return true;
}

static void refuse_head(const struct http_head_problem *problem, struct http_reply *reply)
{
    reply_text(reply, problem->status, problem->text);
    reply_add_header(reply, "Connection", "close"); /* what follows may not be a request */
}

static void refuse_flight(struct exchange *exchange, struct http_reply *reply)
{
    reply_text(reply, 503, SLICE("503: too many requests are being answered.\n"));
    reply_add_header(reply, "Retry-After", "1");
    http_stats_add(&exchange->host->stats->n_refused);
}

/* Whether the head, or the length of the body, alone decides on the reply. */
static bool is_refused(const struct exchange *exchange)
{
    return exchange->problem.status || !exchange->match.route || exchange->is_body_too_long;
}

static void refuse(struct exchange *exchange, struct http_reply *reply)
{
    if (exchange->problem.status)
        refuse_head(&exchange->problem, reply);
    else if (!exchange->match.route)
        route_refuse(&exchange->match, reply);
    else
        reply_text(reply, 413, SLICE("413: the body is longer than this page accepts.\n"));
}

/* Whether the handler is to run, and others must be served first. */
static bool must_wait(struct exchange *exchange)
{
    return !is_refused(exchange) && exchange->match.route->is_limited && take_off(exchange) &&
           !round_may_work(&exchange->host->round, &exchange->turn);
}

/* Fill @reply, unless it is to come later. */
static void make_reply(struct exchange *exchange, struct http_reply *reply)
{
    if (is_refused(exchange))
        refuse(exchange, reply);
    else if (!take_off(exchange))
        refuse_flight(exchange, reply);
    else if (exchange->body.has_failed || !run_handler(exchange, reply))
        reply_text(reply, 503, SLICE("503: not enough memory for the request.\n"));
    exchange->request.ticket = reply->ticket;
}

/* Let libmicrohttpd call again in its next round. */
static void come_again(struct exchange *exchange)
{
    MHD_suspend_connection(exchange->waiter.connection);
    MHD_resume_connection(exchange->waiter.connection);
}

/* Send the reply, or wait for the wake after which there may be one. */
static bool answer(struct exchange *exchange)
{
    struct waiting *waiting = &exchange->host->waiting;
    struct http_reply reply;
    unsigned n_wakes;

    if (must_wait(exchange)) {
        come_again(exchange);
        return true;
    }
    do {
        /* In this order, as for a stream. */
        n_wakes = waiting_wakes(waiting);
        if (exchange->request.ticket && waiting_is_stopping(waiting))
            return false;
        reply = (struct http_reply){ 0 };
        make_reply(exchange, &reply);
        if (reply.ticket && begin_waiting(exchange, n_wakes))
            return true;
    } while (reply.ticket);
    buffer_deinit(&exchange->body); /* sending the reply may take long */
    return send_reply(exchange, &reply);
}

/* --- the request ------------------------------------------------------------------------------ */

static bool is_read(const struct exchange *exchange)
{
    return exchange->request.method & HTTP_READ;
}

static uint64_t announced_length(const struct exchange *exchange)
{
    const char *text = MHD_lookup_connection_value(exchange->waiter.connection, MHD_HEADER_KIND,
                                                   MHD_HTTP_HEADER_CONTENT_LENGTH);

    return text ? strtoull(text, NULL, 10) : 0; /* libmicrohttpd has checked it */
}

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

/* Get the headers. Returns false when out of memory. */
static bool get_headers(struct exchange *exchange)
{
    struct MHD_Connection *connection = exchange->waiter.connection;
    int n = MHD_get_connection_values(connection, MHD_HEADER_KIND, NULL, NULL);
    struct http_fields *headers = &exchange->request.headers;

    exchange->headers = calloc((size_t)n + 1, sizeof(*exchange->headers));
    *headers = (struct http_fields){ .items = exchange->headers };
    if (!headers->items)
        return false;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, headers);
    return true;
}

static void check_head(struct exchange *exchange, const struct exchange_part *part)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        exchange->waiter.connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const struct http_head head = {
        .begin = part->method,
        .end = part->method + info->header_size,
        .target = exchange->raw_target,
        .version = part->version,
        .headers = exchange->request.headers,
    };

    exchange->problem = head_check(&head);
}

/*
 * libmicrohttpd closes the connection after a reply that is queued when only the head has been
 * read. That is right for an unwanted body, and wrong for a scraper, which sends further
 * requests. So GET and HEAD are answered at their end, even when they are refused.
 */
static bool take_head(struct exchange *exchange, const struct exchange_part *part)
{
    const struct exchange_host *host = exchange->host;
    int64_t now_ns = clock_monotonic_ns();
    const struct http_route *route;

    exchange->end_ns = now_ns + host->answer_max_ns;
    expect_answer(exchange, now_ns);
    if (!get_headers(exchange))
        return false;
    exchange->has_head = true;
    exchange->request.method = request_method(part->method);
    check_head(exchange, part);
    if (exchange->problem.status)
        return answer(exchange);
    exchange->request.path = request_parse_target(exchange->target, &exchange->query);
    route_match(host->routes, host->n_routes, &exchange->request, &exchange->match);
    if (is_read(exchange))
        return true;
    route = exchange->match.route;
    exchange->is_body_too_long = route && announced_length(exchange) > route->max_body_bytes;
    return route && !exchange->is_body_too_long ? true : answer(exchange);
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

bool exchange_take(struct exchange *exchange, const struct exchange_part *part)
{
    if (part->body.len) {
        take_body(exchange, part->body);
        return true;
    }
    return exchange->has_head ? answer(exchange) : take_head(exchange, part);
}

bool exchange_begin(struct exchange *exchange, char *target)
{
    char *query;

    exchange_end(exchange, false);
    exchange->raw_target = target ? slice_of(target) : SLICE("");
    exchange->target = strdup(target ? target : "");
    query = target ? strchr(target, '?') : NULL;
    if (query && query[1])
        query[1] = '\0';
    return exchange->target;
}

/* --- beginning and end ------------------------------------------------------------------------ */

struct exchange *exchange_new(struct exchange_host *host, struct MHD_Connection *connection,
                              struct client *client)
{
    struct exchange *exchange = client ? calloc(1, sizeof(*exchange)) : NULL;

    if (!exchange)
        return NULL;
    *exchange = (struct exchange){
        .host = host,
        .client = client,
        .waiter = { .connection = connection },
    };
    return exchange;
}

/* Free the memory of a request and its reply, if there was one. */
static void clear(struct exchange *exchange, bool is_sent)
{
    MUST(!exchange->waiter.is_waiting);
    round_leave(&exchange->host->round, &exchange->turn);
    in_flight_remove(&exchange->host->in_flight, &exchange->in_flight);
    count_in_flight(exchange->host);
    if (exchange->stream)
        exchange->stream->close(exchange->stream, is_sent && exchange->has_stream_ended);
    buffer_deinit(&exchange->body);
    free(exchange->headers);
    free(exchange->target);
    *exchange = (struct exchange){
        .host = exchange->host,
        .client = exchange->client,
        .waiter = { .connection = exchange->waiter.connection },
    };
}

void exchange_end(struct exchange *exchange, bool is_sent)
{
    int64_t now_ns = clock_monotonic_ns();

    if (exchange->has_head)
        expect_until(exchange, CLIENT_IDLE, now_ns,
                     now_ns + IDLE_MAX_NS + exchange->host->head_max_ns);
    clear(exchange, is_sent);
}

void exchange_free(struct exchange *exchange)
{
    if (!exchange)
        return;
    clear(exchange, false);
    free(exchange);
}
