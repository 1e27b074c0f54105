/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Turn, in a real loop: streams that are only counted
 */

#include "unit.h"

#include "input/turn.h"

#define N 100

struct stream {
    struct turn_entry entry;
    unsigned n_left; /* times that it has something to read; UINT_MAX: always */
    unsigned n_served;
    int64_t cost_ns; /* of each time */
};

static struct turn turn;
static uv_loop_t loop;
static struct stream streams[N];
static unsigned n_turns, n_served;
static char order[64]; /* the numbers of the first ones served, as letters */

static bool serve(struct turn_entry *entry, int64_t now_ns)
{
    struct stream *stream = CONTAINER_OF(entry, struct stream, entry);

    if (n_served < sizeof(order) - 1)
        order[n_served] = (char)('a' + (stream - streams));
    n_served++;
    stream->n_served++;
    while (stream->cost_ns > 0 && clock_monotonic_ns() < now_ns + stream->cost_ns)
        continue;
    if (stream->n_left != UINT_MAX)
        stream->n_left--;
    return stream->n_left > 0;
}

static void on_end(void *ctx)
{
    assert_ptr_equal(ctx, &loop);
    n_turns++;
}

static int begin(void **state)
{
    n_turns = n_served = 0;
    memset(order, 0, sizeof(order));
    for (unsigned i = 0; i < N; i++)
        streams[i] = (struct stream){ .entry = { .serve = serve }, .n_left = 1 };
    assert_int_equal(uv_loop_init(&loop), 0);
    turn_open(&turn, &loop, &loop, on_end);
    return 0;
}

/* Closing the loop checks that nothing is left in it. */
static int end(void **state)
{
    for (unsigned i = 0; i < N; i++)
        turn_leave(&turn, &streams[i].entry);
    turn_close(&turn);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

static void wait_all(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        turn_wait(&turn, &streams[i].entry);
}

static void each_is_served_once_before_any_is_served_again(void **state)
{
    streams[0].n_left = 3;
    streams[2].n_left = 2;
    wait_all(4);
    assert_false(turn_take(&turn, INT64_MAX));
    assert_string_equal(order, "abcdaca");
}

static void waiting_twice_is_waiting_once(void **state)
{
    wait_all(3);
    wait_all(2);
    assert_false(turn_take(&turn, INT64_MAX));
    assert_string_equal(order, "abc");
    streams[0].n_left = 1;
    wait_all(1);
    assert_false(turn_take(&turn, INT64_MAX));
    assert_string_equal(order, "abca");
}

static void whoever_leaves_is_not_served(void **state)
{
    wait_all(3);
    turn_leave(&turn, &streams[1].entry);
    turn_leave(&turn, &streams[1].entry);
    turn_leave(&turn, &streams[3].entry);
    assert_false(turn_take(&turn, INT64_MAX));
    assert_string_equal(order, "ac");
}

static void the_rest_keep_their_places(void **state)
{
    streams[0].n_left = 2;
    wait_all(3);
    assert_true(turn_take(&turn, 0));
    assert_string_equal(order, "");
    streams[0].cost_ns = CLOCK_NS_PER_MS;
    assert_true(turn_take(&turn, clock_monotonic_ns() + CLOCK_NS_PER_MS / 2));
    assert_false(turn_take(&turn, INT64_MAX));
    assert_string_equal(order, "abca");
}

/* Nothing else wakes it up. */
static void the_loop_does_not_sleep_while_any_waits(void **state)
{
    streams[0].n_left = 1000;
    streams[0].cost_ns = TURN_NS / 10;
    wait_all(1);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(n_served, 1000);
    assert_in_range(n_turns, 100, 1000);
}

static void on_timer(uv_timer_t *timer)
{
    unsigned *n = timer->data;

    if (++*n == 20)
        uv_timer_stop(timer);
}

/* Each has more than the loop can ever read. The timer stands for all else in the loop. */
static void a_flood_leaves_the_loop_its_time(void **state)
{
    unsigned n_timers = 0, n_most = 0, n_least = UINT_MAX;
    uv_timer_t timer;

    for (unsigned i = 0; i < N; i++) {
        streams[i].n_left = UINT_MAX;
        streams[i].cost_ns = CLOCK_NS_PER_MS;
    }
    wait_all(N);
    assert_int_equal(uv_timer_init(&loop, &timer), 0);
    timer.data = &n_timers;
    assert_int_equal(uv_timer_start(&timer, on_timer, 1, 1), 0);
    while (n_timers < 20)
        uv_run(&loop, UV_RUN_NOWAIT);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    /* A turn takes 5 ms: with less, where the machine was busy. */
    assert_in_range(n_served, 20, 21 * (TURN_NS / CLOCK_NS_PER_MS + 1));
    for (unsigned i = 0; i < N; i++) {
        n_most = streams[i].n_served > n_most ? streams[i].n_served : n_most;
        n_least = streams[i].n_served < n_least ? streams[i].n_served : n_least;
    }
    assert_in_range(n_most - n_least, 0, 1);
}

static void closing_what_was_not_opened_is_fine(void **state)
{
    struct turn none = { 0 };

    turn_close(&none);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup_teardown(each_is_served_once_before_any_is_served_again, begin, end),
        cmocka_unit_test_setup_teardown(waiting_twice_is_waiting_once, begin, end),
        cmocka_unit_test_setup_teardown(whoever_leaves_is_not_served, begin, end),
        cmocka_unit_test_setup_teardown(the_rest_keep_their_places, begin, end),
        cmocka_unit_test_setup_teardown(the_loop_does_not_sleep_while_any_waits, begin, end),
        cmocka_unit_test_setup_teardown(a_flood_leaves_the_loop_its_time, begin, end),
        CASE(closing_what_was_not_opened_is_fine),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
