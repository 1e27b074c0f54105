/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Stats: what a server has counted
 *
 * The server's threads write; any thread may read.
 */

#include <stdatomic.h>
#include <stdint.h>

/* Why the server closed a connection: id, name in udometer_http_connections_closed_total. */
#define HTTP_CLOSES(X)                                                                             \
    X(HEAD, head_timeout)     /* the head of a request took too long */                            \
    X(IDLE, idle)             /* it has sent no further request */                                 \
    X(ANSWER, answer_timeout) /* the client took too long to take the answer */                    \
    X(STALLED, stalled)       /* it took nothing of it for a while, or others needed its room */   \
    X(EVICTED, evicted)       /* for another connection */                                         \
    X(REFUSED, refused)       /* at once: too many were being closed already */

enum http_close {
#define X(id, name) HTTP_CLOSE_##id,
    HTTP_CLOSES(X)
#undef X
        _HTTP_CLOSE_N,
};

struct http_stats {
    _Atomic uint64_t n_connections; /* open now */
    _Atomic uint64_t n_in_flight;   /* requests that are limited, now */
    _Atomic uint64_t n_refused;     /* requests, with 503, as too many were in flight */
    _Atomic uint64_t n_closed[_HTTP_CLOSE_N];
};

static inline void http_stats_add(_Atomic uint64_t *count)
{
    atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}
