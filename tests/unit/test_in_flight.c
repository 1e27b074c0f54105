/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "http/in_flight.h"

#define MAX 4
#define LATER IN_FLIGHT_STALLED_NS

static struct in_flight in_flight;
static struct in_flight_entry entries[MAX + 1];
static const struct in_flight_entry *given_up;

static void give_up(void *ctx, struct in_flight_entry *entry)
{
    assert_ptr_equal(ctx, &entries);
    assert_false(entry->is_in);
    given_up = entry;
}

static int begin(void **state)
{
    in_flight = (struct in_flight){ .n_max = MAX, .give_up = give_up, .ctx = &entries };
    memset(entries, 0, sizeof(entries));
    given_up = NULL;
    return 0;
}

/* Entry @i of @peer, at @now_ns; its client can take something at once. */
static bool add(unsigned i, uint64_t peer, int64_t now_ns)
{
    bool is_in;

    entries[i].peer = peer;
    is_in = in_flight_add(&in_flight, &entries[i], now_ns);
    in_flight_progress(&in_flight, &entries[i], now_ns);
    return is_in;
}

static void add_all(const uint64_t peers[MAX])
{
    for (unsigned i = 0; i < MAX; i++)
        assert_true(add(i, peers[i], i));
    assert_int_equal(in_flight.n, MAX);
}

static void there_is_room_for_so_many(void **state)
{
    add_all((uint64_t[]){ 1, 2, 3, 4 });
    assert_false(add(4, 5, LATER - 1));
    assert_false(entries[4].is_in);
    in_flight_remove(&in_flight, &entries[2]);
    in_flight_remove(&in_flight, &entries[2]);
    assert_int_equal(in_flight.n, 3);
    assert_true(add(4, 5, LATER - 1));
    for (unsigned i = 0; i <= MAX; i++)
        in_flight_remove(&in_flight, &entries[i]);
    assert_int_equal(in_flight.n, 0);
    assert_null(in_flight.all.oldest);
    assert_null(given_up);
}

static void one_that_has_stalled_is_given_up(void **state)
{
    add_all((uint64_t[]){ 1, 2, 3, 4 });
    in_flight_progress(&in_flight, &entries[0], 10);
    assert_true(add(4, 5, LATER + 1));
    assert_ptr_equal(given_up, &entries[1]);
    assert_int_equal(in_flight.n, MAX);
}

static void one_that_does_not_send_yet_has_not_stalled(void **state)
{
    add_all((uint64_t[]){ 1, 2, 3, 4 });
    for (unsigned i = 0; i < MAX; i++)
        entries[i].is_sending = i == 3;
    assert_true(add(4, 5, 2 * LATER));
    assert_ptr_equal(given_up, &entries[3]);
    entries[4].is_sending = false;
    assert_false(add(3, 6, 4 * LATER));
}

static void the_greedy_lose_their_slowest_to_others(void **state)
{
    add_all((uint64_t[]){ 8, 7, 7, 7 });
    assert_false(add(4, 7, 5));
    assert_true(add(4, 9, 5));
    assert_ptr_equal(given_up, &entries[1]);
}

static void half_of_all_is_not_greedy(void **state)
{
    add_all((uint64_t[]){ 8, 7, 6, 7 });
    assert_false(add(4, 9, 5));
    assert_null(given_up);
}

#define IN_FLIGHT_CASE(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest cases[] = {
        IN_FLIGHT_CASE(there_is_room_for_so_many),
        IN_FLIGHT_CASE(one_that_has_stalled_is_given_up),
        IN_FLIGHT_CASE(one_that_does_not_send_yet_has_not_stalled),
        IN_FLIGHT_CASE(the_greedy_lose_their_slowest_to_others),
        IN_FLIGHT_CASE(half_of_all_is_not_greedy),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
