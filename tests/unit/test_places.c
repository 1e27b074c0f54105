/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Places, from their header, with one end of a socket pair for each connection
 *
 * Memory runs out when a case says so: the linker redirects calloc() to this file (meson.build).
 */

#include "abort.h"

#include "base/places.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define SEED 42

void *__wrap_calloc(size_t n, size_t size);
void *__real_calloc(size_t n, size_t size);

static bool is_out_of_memory;

void *__wrap_calloc(size_t n, size_t size)
{
    return is_out_of_memory ? NULL : __real_calloc(n, size);
}

/* --- connections --------------------------------------------------------------------------- */

struct fake {
    struct places_entry *place;
    int ours, theirs;
};

static struct places *places;
static struct places_eviction eviction;

/* Process @number. */
static struct peer peer_number(unsigned number)
{
    return (struct peer){ .has_process = true, .pid = (pid_t)number };
}

static unsigned number_of(const struct peer *peer)
{
    return (unsigned)peer->pid;
}

static enum places_outcome take(struct fake *fake, unsigned peer, int64_t now_ns)
{
    const struct peer of = peer_number(peer);
    struct places_arrival arrival = { .peer = &of, .now_ns = now_ns };
    enum places_outcome outcome;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    *fake = (struct fake){ .ours = pair[0], .theirs = pair[1] };
    arrival.fd = fake->ours;
    outcome = places_take(places, &arrival, &fake->place, &eviction);
    if (outcome == PLACES_FULL || outcome == PLACES_NO_MEMORY) {
        assert_null(fake->place);
        close(pair[0]);
        close(pair[1]);
    }
    return outcome;
}

static void give_back(struct fake *fake)
{
    places_give_back(places, fake->place);
    close(fake->ours);
    close(fake->theirs);
}

/* Both ends see it, and no other's do. */
static bool is_shut_down(const struct fake *fake)
{
    char byte;
    bool is_down = recv(fake->ours, &byte, 1, MSG_DONTWAIT) == 0;

    assert_int_equal(recv(fake->theirs, &byte, 1, MSG_DONTWAIT) == 0, is_down);
    assert_int_equal(places_is_evicted(places, fake->place), is_down);
    return is_down;
}

/* --- which one goes ------------------------------------------------------------------------ */

static void there_are_as_many_as_were_made(void **state)
{
    struct fake fakes[3];

    assert_int_equal(places_new(&places, 2, SEED), 0);
    assert_int_equal(take(&fakes[0], 1, 10), PLACES_FREE);
    assert_int_equal(take(&fakes[1], 2, 20), PLACES_FREE);
    assert_int_equal(places_count(places), 2);
    give_back(&fakes[0]);
    assert_int_equal(places_count(places), 1);
    assert_int_equal(take(&fakes[0], 3, 30), PLACES_FREE);
    assert_int_equal(take(&fakes[2], 4, 40), PLACES_EVICTED);
    assert_int_equal(places_count(places), 2);
    for (unsigned i = 0; i < 3; i++)
        give_back(&fakes[i]);
    assert_int_equal(places_count(places), 0);
    places_free(places);
}

static void of_equals_the_longest_idle_goes(void **state)
{
    struct fake fakes[4];

    assert_int_equal(places_new(&places, 3, SEED), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(take(&fakes[i], i, 10 + i), PLACES_FREE);
    places_touch(fakes[0].place, 20);
    assert_int_equal(places_last_ns(fakes[0].place), 20);
    assert_int_equal(take(&fakes[3], 9, 30), PLACES_EVICTED);
    assert_int_equal(number_of(&eviction.peer), 1);
    assert_int_equal(eviction.n, 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(is_shut_down(&fakes[i]), i == 1);
    for (unsigned i = 0; i < 4; i++)
        give_back(&fakes[i]);
    places_free(places);
}

static void the_peer_with_the_most_loses_one(void **state)
{
    struct fake fakes[7];

    assert_int_equal(places_new(&places, 6, SEED), 0);
    assert_int_equal(take(&fakes[0], 1, 10), PLACES_FREE);
    for (unsigned i = 1; i < 4; i++)
        assert_int_equal(take(&fakes[i], 2, 10 + i), PLACES_FREE);
    assert_int_equal(take(&fakes[4], 3, 20), PLACES_FREE);
    assert_int_equal(take(&fakes[5], 3, 21), PLACES_FREE);
    places_touch(fakes[1].place, 30);
    assert_int_equal(take(&fakes[6], 4, 40), PLACES_EVICTED);
    for (unsigned i = 0; i < 7; i++)
        assert_int_equal(is_shut_down(&fakes[i]), i == 2);
    assert_int_equal(number_of(&eviction.peer), 2);
    assert_int_equal(eviction.n, 2);
    for (unsigned i = 0; i < 7; i++)
        give_back(&fakes[i]);
    places_free(places);
}

/* Peer 2 would have 3 with the new one, more than peer 1. */
static void the_new_one_counts_for_its_peer(void **state)
{
    struct fake fakes[5];

    assert_int_equal(places_new(&places, 4, SEED), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(take(&fakes[i], 1 + i / 2, 10 + i), PLACES_FREE);
    assert_int_equal(take(&fakes[4], 2, 20), PLACES_EVICTED);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(is_shut_down(&fakes[i]), i == 2);
    assert_int_equal(eviction.n, 2);
    for (unsigned i = 0; i < 5; i++)
        give_back(&fakes[i]);
    places_free(places);
}

/* Otherwise peer 1 would go on losing for one that has left already. */
static void one_that_leaves_counts_no_longer(void **state)
{
    struct fake fakes[7];

    assert_int_equal(places_new(&places, 5, SEED), 0);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(take(&fakes[i], i < 3 ? 1 : 2, 10 + i), PLACES_FREE);
    assert_int_equal(take(&fakes[5], 3, 20), PLACES_EVICTED);
    places_touch(fakes[1].place, 30);
    places_touch(fakes[2].place, 30);
    assert_int_equal(take(&fakes[6], 4, 40), PLACES_EVICTED);
    for (unsigned i = 0; i < 7; i++)
        assert_int_equal(is_shut_down(&fakes[i]), i == 0 || i == 3);
    assert_int_equal(number_of(&eviction.peer), 2);
    for (unsigned i = 0; i < 7; i++)
        give_back(&fakes[i]);
    places_free(places);
}

/* With this many, a search has only a part of them; the one that should go is in the second. */
static void of_many_the_longest_idle_goes_soon(void **state)
{
    enum { N = 2 * PLACES_LOOKS_MAX };
    struct places_entry **all = calloc(N + 2, sizeof(struct places_entry *));
    struct peer peer;
    struct places_arrival arrival = { .peer = &peer, .fd = -1 };

    assert_non_null(all);
    assert_int_equal(places_new(&places, N, SEED), 0);
    for (unsigned i = 0; i < N + 2; i++) {
        peer = peer_number(i);
        arrival.now_ns = i == N - 100 ? 1 : 10 + i;
        assert_int_equal(places_take(places, &arrival, &all[i], &eviction),
                         i < N ? PLACES_FREE : PLACES_EVICTED);
        if (i == N)
            assert_int_equal(number_of(&eviction.peer), 0);
        if (i == N + 1)
            assert_int_equal(number_of(&eviction.peer), N - 100);
    }
    for (unsigned i = 0; i < N + 2; i++)
        places_give_back(places, all[i]);
    places_free(places);
    free(all);
}

/* --- none ---------------------------------------------------------------------------------- */

static void only_some_may_be_leaving(void **state)
{
    static struct fake fakes[PLACES_LEAVING_MAX + 1];
    struct fake beyond;

    assert_int_equal(places_new(&places, 1, SEED), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(fakes); i++)
        assert_int_equal(take(&fakes[i], i, i), i ? PLACES_EVICTED : PLACES_FREE);
    assert_int_equal(take(&beyond, 1, 1000), PLACES_FULL);
    assert_int_equal(take(&beyond, 1000, 1000), PLACES_FULL);
    assert_int_equal(places_count(places), 1);
    give_back(&fakes[0]);
    assert_int_equal(take(&fakes[0], 0, 1000), PLACES_EVICTED);
    for (unsigned i = 0; i < ARRAY_SIZE(fakes); i++)
        give_back(&fakes[i]);
    places_free(places);
}

static void there_may_be_no_place_at_all(void **state)
{
    struct fake fake;

    assert_int_equal(places_new(&places, 0, SEED), 0);
    assert_int_equal(take(&fake, 1, 1), PLACES_FULL);
    places_free(places);
    places_free(NULL);
}

static void without_memory_nothing_is_taken(void **state)
{
    struct fake fakes[2];

    is_out_of_memory = true;
    assert_int_equal(places_new(&places, 1, SEED), -ENOMEM);
    is_out_of_memory = false;
    assert_int_equal(places_new(&places, 1, SEED), 0);
    assert_int_equal(take(&fakes[0], 1, 1), PLACES_FREE);
    is_out_of_memory = true;
    assert_int_equal(take(&fakes[1], 2, 2), PLACES_NO_MEMORY);
    assert_false(is_shut_down(&fakes[0]));
    /* A peer that is known needs no memory. */
    assert_int_equal(take(&fakes[1], 1, 3), PLACES_EVICTED);
    is_out_of_memory = false;
    give_back(&fakes[0]);
    give_back(&fakes[1]);
    places_free(places);
}

static void free_taken_places(void)
{
    struct fake fake;

    assert_int_equal(places_new(&places, 1, SEED), 0);
    assert_int_equal(take(&fake, 1, 1), PLACES_FREE);
    places_free(places);
}

static void a_place_that_is_not_given_back_is_noticed(void **state)
{
    assert_aborts(free_taken_places, "places->n_taken + places->n_leaving == 0u");
}

static void a_peer_may_have_only_so_many(void **state)
{
    struct fake fakes[5];

    assert_int_equal(places_new(&places, 9, SEED), 0);
    places_limit_peers(places, 2);
    assert_int_equal(take(&fakes[0], 1, 10), PLACES_FREE);
    for (unsigned i = 1; i < 3; i++)
        assert_int_equal(take(&fakes[i], 2, 30 - i), PLACES_FREE);
    assert_int_equal(take(&fakes[3], 2, 40), PLACES_EVICTED);
    assert_int_equal(number_of(&eviction.peer), 2);
    assert_int_equal(eviction.n, 2);
    assert_int_equal(take(&fakes[4], 1, 50), PLACES_FREE);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(is_shut_down(&fakes[i]), i == 2);
    for (unsigned i = 0; i < 5; i++)
        give_back(&fakes[i]);
    places_free(places);
}

static void a_descriptor_told_late_is_shut_down_then(void **state)
{
    const struct peer peer = peer_number(1);
    const struct places_arrival arrival = { .peer = &peer, .fd = -1, .now_ns = 1 };
    struct fake late = { 0 }, next;
    int pair[2];

    assert_int_equal(places_new(&places, 1, SEED), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    late = (struct fake){ .ours = pair[0], .theirs = pair[1] };
    assert_int_equal(places_take(places, &arrival, &late.place, &eviction), PLACES_FREE);
    assert_int_equal(take(&next, 2, 20), PLACES_EVICTED);
    places_set_fd(places, late.place, late.ours);
    assert_true(is_shut_down(&late));
    places_set_fd(places, next.place, next.ours);
    assert_false(is_shut_down(&next));
    give_back(&late);
    give_back(&next);
    places_free(places);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(there_are_as_many_as_were_made),   CASE(of_equals_the_longest_idle_goes),
        CASE(the_peer_with_the_most_loses_one), CASE(the_new_one_counts_for_its_peer),
        CASE(one_that_leaves_counts_no_longer), CASE(of_many_the_longest_idle_goes_soon),
        CASE(only_some_may_be_leaving),         CASE(there_may_be_no_place_at_all),
        CASE(without_memory_nothing_is_taken),  CASE(a_place_that_is_not_given_back_is_noticed),
        CASE(a_peer_may_have_only_so_many),     CASE(a_descriptor_told_late_is_shut_down_then),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
