/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Connection end: why a stream connection was closed
 */

/*
 * Every cause, with its name in udometer_connections_closed_total{cause}:
 *
 *      PEER        the peer has closed it
 *      ERROR       it broke: the peer reset it, or has answered no keep-alive probe
 *      EVICTED     there was no place for a new one (base/places.h)
 *      IDLE        it has sent nothing for as long as --statsd.idle-timeout
 *      NO_MEMORY   there was no memory for an unfinished line
 *      REMOVED     a reload has removed its listener
 *      SHUTDOWN    the worker stops
 */
#define CONNECTION_ENDS(X)                                                                         \
    X(PEER, peer)                                                                                  \
    X(ERROR, error)                                                                                \
    X(EVICTED, evicted)                                                                            \
    X(IDLE, idle)                                                                                  \
    X(NO_MEMORY, no_memory)                                                                        \
    X(REMOVED, removed)                                                                            \
    X(SHUTDOWN, shutdown)

enum connection_end {
#define X(id, name) CONNECTION_END_##id,
    CONNECTION_ENDS(X)
#undef X
        _CONNECTION_END_N,
};
