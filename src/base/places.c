/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Places
 *
 * All places are in one array, and finding the one to evict reads it. So what happens for each read
 * of a connection is one store. With more than PLACES_LOOKS_MAX places, a search reads only this
 * many, and the next search those that follow: it takes microseconds at any number of places.
 *
 * One lock guards the rest. It is taken when a connection comes or goes, never for a read.
 */

#include "base/places.h"

#include "base/must.h"
#include "base/socket.h"
#include "base/table.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

/* A peer with at least one place. Its hash is its key: others have another. */
struct places_peer {
    struct table_node node;
    uint64_t hash;
    struct peer peer;
    unsigned n; /* places, without those of connections that are leaving */
    unsigned n_leaving;
};

struct places {
    pthread_mutex_t lock;
    unsigned n_max, n_max_of_peer;
    uint64_t seed;
    unsigned n_taken, n_leaving;
    struct table peers;
    struct places_entry *first_free;
    size_t next_look; /* where the next search begins */
    size_t n_all;     /* n_max, and as many as may be leaving */
    struct places_entry all[];
};

/* --- peers --------------------------------------------------------------------------------- */

static bool has_hash(const void *node, const void *wanted)
{
    return CONST_CONTAINER_OF(node, struct places_peer, node)->hash == *(const uint64_t *)wanted;
}

/* The entry of @peer, which is made if there is none; NULL when out of memory. */
static struct places_peer *find_peer(struct places *places, const struct peer *peer)
{
    uint64_t hash = peer_hash(peer, places->seed);
    struct table_node *node = table_find(&places->peers, hash, &hash, has_hash);
    struct places_peer *found;

    if (node)
        return CONTAINER_OF(node, struct places_peer, node);
    found = calloc(1, sizeof(*found));
    if (!found)
        return NULL;
    found->hash = hash;
    found->peer = *peer;
    if (!table_add(&places->peers, &found->node, hash)) {
        free(found);
        return NULL;
    }
    return found;
}

static void free_peer_if_gone(struct places *places, struct places_peer *peer)
{
    if (peer->n + peer->n_leaving > 0)
        return;
    table_remove(&places->peers, &peer->node, peer->hash);
    free(peer);
}

/* --- evicting ------------------------------------------------------------------------------ */

static bool goes_before(const struct places_entry *a, const struct places_entry *b)
{
    if (a->peer->n != b->peer->n)
        return a->peer->n > b->peer->n;
    return places_last_ns(a) < places_last_ns(b);
}

/*
 * The place to evict first, of those that are looked at and have @peer, or any if that is NULL.
 * Returns NULL if each is free or leaving.
 */
static struct places_entry *find_victim(struct places *places, const struct places_peer *peer)
{
    size_t n_looks = places->n_all < PLACES_LOOKS_MAX ? places->n_all : PLACES_LOOKS_MAX;
    struct places_entry *victim = NULL;

    for (size_t i = 0; i < n_looks; i++) {
        struct places_entry *place = &places->all[places->next_look];

        if (++places->next_look == places->n_all)
            places->next_look = 0;
        if (!place->peer || place->is_leaving || (peer && place->peer != peer))
            continue;
        if (!victim || goes_before(place, victim))
            victim = place;
    }
    return victim;
}

static void shut_down(const struct places_entry *place)
{
    if (place->fd < 0)
        return;
    /*
     * Both directions: with reading alone shut down, what the peer goes on sending would still
     * arrive, and the end never. It is answered with a reset instead.
     */
    if (place->is_to_reset)
        socket_cut(place->fd);
    else
        (void)!shutdown(place->fd, SHUT_RDWR);
}

static void evict(struct places *places, struct places_entry *place, struct places_eviction *ret)
{
    place->is_leaving = true;
    place->peer->n--;
    place->peer->n_leaving++;
    places->n_taken--;
    places->n_leaving++;
    shut_down(place);
    *ret = (struct places_eviction){ place->peer->peer, place->peer->n };
}

/* --- taking and giving back ---------------------------------------------------------------- */

/* Evict a connection for one of @peer if necessary. The new one must count for it already. */
static enum places_outcome evict_if_full(struct places *places, const struct places_peer *peer,
                                         struct places_eviction *ret)
{
    bool is_greedy = peer->n > places->n_max_of_peer;
    struct places_entry *victim;

    if (!is_greedy && places->n_taken < places->n_max)
        return PLACES_FREE;
    if (places->n_leaving == PLACES_LEAVING_MAX)
        return PLACES_FULL;
    victim = find_victim(places, is_greedy ? peer : NULL);
    if (!victim)
        return PLACES_FULL;
    evict(places, victim, ret);
    return PLACES_EVICTED;
}

static struct places_entry *take_free(struct places *places, struct places_peer *peer,
                                      const struct places_arrival *arrival)
{
    struct places_entry *place = places->first_free;

    MUST(place);
    places->first_free = place->next_free;
    places->n_taken++;
    place->peer = peer;
    place->fd = arrival->fd;
    place->is_to_reset = arrival->is_to_reset;
    places_touch(place, arrival->now_ns);
    return place;
}

static enum places_outcome take_locked(struct places *places, const struct places_arrival *arrival,
                                       struct places_entry **ret,
                                       struct places_eviction *ret_eviction)
{
    struct places_peer *peer = find_peer(places, arrival->peer);
    enum places_outcome outcome;

    if (!peer)
        return PLACES_NO_MEMORY;
    peer->n++;
    outcome = evict_if_full(places, peer, ret_eviction);
    if (outcome == PLACES_FULL) {
        peer->n--;
        free_peer_if_gone(places, peer);
        return outcome;
    }
    *ret = take_free(places, peer, arrival);
    return outcome;
}

enum places_outcome places_take(struct places *places, const struct places_arrival *arrival,
                                struct places_entry **ret, struct places_eviction *ret_eviction)
{
    enum places_outcome outcome;

    pthread_mutex_lock(&places->lock);
    outcome = take_locked(places, arrival, ret, ret_eviction);
    pthread_mutex_unlock(&places->lock);
    return outcome;
}

void places_give_back(struct places *places, struct places_entry *place)
{
    struct places_peer *peer = place->peer;

    pthread_mutex_lock(&places->lock);
    MUST(peer);
    if (place->is_leaving) {
        peer->n_leaving--;
        places->n_leaving--;
    } else {
        peer->n--;
        places->n_taken--;
    }
    free_peer_if_gone(places, peer);
    place->peer = NULL;
    place->is_leaving = false;
    place->next_free = places->first_free;
    places->first_free = place;
    pthread_mutex_unlock(&places->lock);
}

void places_set_fd(struct places *places, struct places_entry *place, int fd)
{
    pthread_mutex_lock(&places->lock);
    place->fd = fd;
    if (place->is_leaving)
        shut_down(place);
    pthread_mutex_unlock(&places->lock);
}

bool places_is_evicted(struct places *places, const struct places_entry *place)
{
    bool is_evicted;

    pthread_mutex_lock(&places->lock);
    is_evicted = place->is_leaving;
    pthread_mutex_unlock(&places->lock);
    return is_evicted;
}

bool places_are_crowded(struct places *places)
{
    bool are_crowded;

    pthread_mutex_lock(&places->lock);
    are_crowded = places->n_leaving == PLACES_LEAVING_MAX;
    pthread_mutex_unlock(&places->lock);
    return are_crowded;
}

unsigned places_count(struct places *places)
{
    unsigned n;

    pthread_mutex_lock(&places->lock);
    n = places->n_taken;
    pthread_mutex_unlock(&places->lock);
    return n;
}

/* --- all of them --------------------------------------------------------------------------- */

int places_new(struct places **ret, unsigned n_max, uint64_t seed)
{
    size_t n = (size_t)n_max + PLACES_LEAVING_MAX;
    struct places *places = calloc(1, sizeof(*places) + n * sizeof(places->all[0]));

    if (!places)
        return -ENOMEM;
    pthread_mutex_init(&places->lock, NULL);
    places->n_max = n_max;
    places->n_max_of_peer = UINT_MAX;
    places->seed = seed;
    places->n_all = n;
    /* The first ones are used first. */
    for (size_t i = n; i-- > 0;) {
        places->all[i].next_free = places->first_free;
        places->first_free = &places->all[i];
    }
    *ret = places;
    return 0;
}

void places_limit_peers(struct places *places, unsigned n_max)
{
    places->n_max_of_peer = n_max;
}

void places_free(struct places *places)
{
    if (!places)
        return;
    MUST_BE(places->n_taken + places->n_leaving, ==, 0u);
    pthread_mutex_destroy(&places->lock);
    free(places);
}
