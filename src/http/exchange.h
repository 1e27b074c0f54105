/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Exchange: a request and its reply
 *
 * A connection has one exchange, for all its requests in turn. All functions run on the thread of
 * libmicrohttpd, in its callbacks.
 */

#include "base/compiler.h"
#include "base/slice.h"
#include "http/clients.h"
#include "http/in_flight.h"
#include "http/round.h"
#include "http/route.h"
#include "http/waiting.h"

struct MHD_Connection;
struct exchange;

/* What the exchanges of a server share. */
struct exchange_host {
    const struct http_route *routes;
    unsigned n_routes;
    int64_t head_max_ns, answer_max_ns;
    struct waiting waiting;
    struct clients *clients;
    struct in_flight in_flight; /* its entries are those of exchanges: exchange_give_up() */
    struct round round;         /* likewise */
    struct http_stats *stats;
};

/* What libmicrohttpd passes with a part of a request. */
struct exchange_part {
    const char *method, *version; /* where the first line was parsed */
    struct slice body;            /* a piece of the body; empty: the head, or the end */
};

/*
 * Begin with a new connection; @client is its entry, or NULL. Returns NULL when out of memory. It
 * goes with the connection.
 */
struct exchange *exchange_new(struct exchange_host *host, struct MHD_Connection *connection,
                              struct client *client);
void exchange_free(struct exchange *exchange);

/*
 * The first line of a request has arrived, with @target, which is copied. Its query is taken out of
 * it: libmicrohttpd would keep each parameter in memory that it has little of. Returns false when
 * out of memory.
 */
MUST_CHECK bool exchange_begin(struct exchange *exchange, char *target);

/* A part of the request has arrived. Returns false if the connection is to be closed. */
MUST_CHECK bool exchange_take(struct exchange *exchange, const struct exchange_part *part);

/* The reply is sent, @is_sent: all of it; or it will not be. Another request may follow. */
void exchange_end(struct exchange *exchange, bool is_sent);

/* For struct in_flight. */
void exchange_give_up(void *ctx, struct in_flight_entry *entry);
