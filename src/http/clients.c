/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Clients
 *
 * Descriptors are shut down on one thread and closed on another. Both happen under the lock, or
 * rather: whoever closes first says so under the lock. So none is shut down that already belongs
 * to something else.
 *
 * There is one exception. When out of memory, libmicrohttpd closes a connection that it never took
 * up, and says nothing. So a connection that it has not taken up is never shut down here. Its entry
 * becomes free when the kernel gives the same descriptor to a new connection.
 */

#include "http/clients.h"

#include "base/clock.h"
#include "base/must.h"
#include "base/places.h"
#include "base/socket.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* What the kernel may hold of an answer: enough for some milliseconds on a fast network. */
#define WRITE_BUFFER_BYTES (256 << 10)

struct clients {
    struct clients_options options;
    pthread_mutex_t lock;
    struct places *places;
    unsigned n; /* that have a place */
    unsigned n_all;
    struct client all[];
};

int clients_new(struct clients **ret, const struct clients_options *options)
{
    unsigned n_all = options->n_max + PLACES_LEAVING_MAX;
    struct clients *clients = calloc(1, sizeof(*clients) + n_all * sizeof(clients->all[0]));

    if (!clients)
        return -ENOMEM;
    if (places_new(&clients->places, options->n_max, options->seed) < 0) {
        free(clients);
        return -ENOMEM;
    }
    places_limit_peers(clients->places, options->n_max_per_address);
    pthread_mutex_init(&clients->lock, NULL);
    clients->options = *options;
    clients->n_all = n_all;
    *ret = clients;
    return 0;
}

unsigned clients_count_max(const struct clients *clients)
{
    return clients->n_all;
}

/* With the lock held, as all that follow. */
static void forget(struct clients *clients, struct client *client)
{
    places_give_back(clients->places, client->place);
    client->place = NULL;
    clients->n--;
    atomic_store_explicit(&clients->options.stats->n_connections, clients->n, memory_order_relaxed);
}

void clients_free(struct clients *clients)
{
    if (!clients)
        return;
    for (unsigned i = 0; i < clients->n_all; i++)
        if (clients->all[i].place && !clients->all[i].is_known)
            forget(clients, &clients->all[i]);
    places_free(clients->places);
    pthread_mutex_destroy(&clients->lock);
    free(clients);
}

static struct client *find(struct clients *clients, int fd)
{
    for (unsigned i = 0; i < clients->n_all; i++)
        if (clients->all[i].place && clients->all[i].fd == fd)
            return &clients->all[i];
    return NULL;
}

static struct client *find_free(struct clients *clients)
{
    for (unsigned i = 0; i < clients->n_all; i++)
        if (!clients->all[i].place)
            return &clients->all[i];
    return NULL;
}

/* Shut the connection down. @is_hard: drop what the client has not taken. */
static void cut(struct client *client, bool is_hard)
{
    client->is_cut = true;
    if (is_hard)
        socket_cut(client->fd);
    else
        (void)!shutdown(client->fd, SHUT_RDWR);
}

/* --- accepting ------------------------------------------------------------------------------ */

static bool take_place(struct clients *clients, const struct peer *peer, struct places_entry **ret)
{
    const struct places_arrival arrival = { peer, -1, clock_monotonic_ns(), true };
    struct http_stats *stats = clients->options.stats;
    struct places_eviction eviction;

    switch (places_take(clients->places, &arrival, ret, &eviction)) {
    case PLACES_FREE: return true;
    case PLACES_EVICTED: http_stats_add(&stats->n_closed[HTTP_CLOSE_EVICTED]); return true;
    case PLACES_FULL:
    case PLACES_NO_MEMORY: break;
    }
    http_stats_add(&stats->n_closed[HTTP_CLOSE_REFUSED]);
    return false;
}

bool clients_admit(struct clients *clients, int fd, const struct sockaddr *address, socklen_t len)
{
    struct peer peer = peer_of_address(address, len);
    struct places_entry *place;
    struct client *client;

    pthread_mutex_lock(&clients->lock);
    client = find(clients, fd);
    if (client)
        forget(clients, client); /* it was closed without a word */
    client = take_place(clients, &peer, &place) ? find_free(clients) : NULL;
    if (client) {
        *client = (struct client){
            .place = place,
            .peer = peer_hash(&peer, clients->options.seed),
            .deadline_ns = clock_monotonic_ns() + clients->options.head_max_ns,
            .fd = fd,
        };
        clients->n++;
        atomic_store_explicit(&clients->options.stats->n_connections, clients->n,
                              memory_order_relaxed);
    }
    pthread_mutex_unlock(&clients->lock);
    if (client)
        socket_limit_write_buffer(fd, WRITE_BUFFER_BYTES);
    return client;
}

bool clients_are_crowded(struct clients *clients)
{
    return places_are_crowded(clients->places);
}

void clients_dismiss(struct clients *clients, int fd)
{
    struct client *client;

    pthread_mutex_lock(&clients->lock);
    client = find(clients, fd);
    if (client)
        forget(clients, client);
    pthread_mutex_unlock(&clients->lock);
}

/* --- deadlines ------------------------------------------------------------------------------ */

static enum http_close cause(enum client_phase phase)
{
    switch (phase) {
    case CLIENT_ASKING: return HTTP_CLOSE_HEAD;
    case CLIENT_IDLE: return HTTP_CLOSE_IDLE;
    case CLIENT_ANSWERED: return HTTP_CLOSE_ANSWER;
    case CLIENT_STREAMING: break;
    }
    return HTTP_CLOSE_STALLED;
}

bool clients_sweep(struct clients *clients, int64_t now_ns)
{
    bool has_any;

    pthread_mutex_lock(&clients->lock);
    for (unsigned i = 0; i < clients->n_all; i++) {
        struct client *client = &clients->all[i];

        if (!client->place || !client->is_known || client->is_cut || client->deadline_ns > now_ns)
            continue;
        http_stats_add(&clients->options.stats->n_closed[cause(client->phase)]);
        cut(client, client->phase != CLIENT_IDLE);
    }
    has_any = clients->n > 0;
    pthread_mutex_unlock(&clients->lock);
    return has_any;
}

/* --- answering ------------------------------------------------------------------------------ */

struct client *clients_meet(struct clients *clients, int fd)
{
    struct client *client;

    pthread_mutex_lock(&clients->lock);
    client = find(clients, fd);
    if (client) {
        client->is_known = true;
        places_set_fd(clients->places, client->place, fd);
    }
    pthread_mutex_unlock(&clients->lock);
    return client;
}

void clients_leave(struct clients *clients, struct client *client)
{
    pthread_mutex_lock(&clients->lock);
    MUST(client->is_known);
    forget(clients, client);
    pthread_mutex_unlock(&clients->lock);
}

void clients_expect(struct clients *clients, struct client *client, enum client_phase phase,
                    int64_t now_ns, int64_t deadline_ns)
{
    places_touch(client->place, now_ns);
    pthread_mutex_lock(&clients->lock);
    client->phase = phase;
    client->deadline_ns = deadline_ns;
    pthread_mutex_unlock(&clients->lock);
}

void clients_cut(struct clients *clients, struct client *client)
{
    pthread_mutex_lock(&clients->lock);
    if (!client->is_cut) {
        http_stats_add(&clients->options.stats->n_closed[HTTP_CLOSE_STALLED]);
        cut(client, true);
    }
    pthread_mutex_unlock(&clients->lock);
}
