/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Clients: the connections of a server, and until when each may go on as it does
 *
 * Each has a place (base/places.h), so their number is limited, and that of each address. Each has
 * a deadline, which depends on what it is doing. A connection that passes it is shut down;
 * libmicrohttpd sees that and closes it.
 *
 * libmicrohttpd's own timeout would not do: any byte begins it anew.
 */

#include "base/compiler.h"
#include "http/stats.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct clients;

/* What a client is doing. */
enum client_phase {
    CLIENT_ASKING,    /* it sends the head of its first request */
    CLIENT_IDLE,      /* it may send another one */
    CLIENT_ANSWERED,  /* it gets an answer, or sends the body of its request */
    CLIENT_STREAMING, /* likewise, and the deadline is about some progress of it */
};

struct client {
    struct places_entry *place; /* NULL: there is no such connection */
    uint64_t peer;              /* a hash of the address, without a port */
    int64_t deadline_ns;        /* the rest is under the lock of the clients */
    enum client_phase phase;
    int fd;
    bool is_known; /* libmicrohttpd has it, and will say when it closes it */
    bool is_cut;
};

struct clients_options {
    unsigned n_max, n_max_per_address;
    int64_t head_max_ns; /* from accepting a connection to the end of its first head */
    uint64_t seed;       /* for the hashes of addresses */
    struct http_stats *stats;
};

/* Returns 0 or -ENOMEM. */
MUST_CHECK int clients_new(struct clients **ret, const struct clients_options *options);

/* All connections have left. NULL is allowed. */
void clients_free(struct clients *clients);

/* The most connections at a time, with those that are being closed. */
unsigned clients_count_max(const struct clients *clients);

/*
 * On the thread that accepts, for a connection that is new: give it a place, and let the kernel
 * hold little of what it does not take. Returns false if there is no place for it: close it.
 */
MUST_CHECK bool clients_admit(struct clients *clients, int fd, const struct sockaddr *address,
                              socklen_t len);

/* On the same thread: whether clients_admit() might refuse one, which could wait instead. */
bool clients_are_crowded(struct clients *clients);

/* On the same thread: the connection that has just been admitted is closed after all. */
void clients_dismiss(struct clients *clients, int fd);

/*
 * On the same thread, about twice a second: end the connections that have passed their deadlines.
 * Returns whether there are any connections.
 */
bool clients_sweep(struct clients *clients, int64_t now_ns);

/* --- on the thread that answers --------------------------------------------------------------- */

/* The client of an admitted connection, which will leave; NULL if it was not admitted. */
struct client *clients_meet(struct clients *clients, int fd);

/* The client is going. Its descriptor is still open. */
void clients_leave(struct clients *clients, struct client *client);

/* What the client is doing from @now_ns (clock_monotonic_ns) on, and until when it may. */
void clients_expect(struct clients *clients, struct client *client, enum client_phase phase,
                    int64_t now_ns, int64_t deadline_ns);

/* End the connection in the middle of an answer, so that the kernel drops the rest of that. */
void clients_cut(struct clients *clients, struct client *client);
