/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Datagrams: how often they wake a worker up
 *
 * The socket and its polling are real, and time is not: the timer and the loop's clock are
 * replaced, and each case says when datagrams are sent. So a slow machine counts the same.
 */

#include "sockets.h"

#include "base/socket.h"
#include "input/datagrams.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static uint64_t now_ms;
static uv_timer_t *timer; /* the one that runs, or NULL */
static uv_timer_cb on_timer;
static uint64_t due_ms;

static unsigned n_wakeups, n_sent, n_datagrams;

uint64_t __wrap_uv_now(const uv_loop_t *loop);
int __wrap_uv_timer_start(uv_timer_t *handle, uv_timer_cb callback, uint64_t ms, uint64_t repeat);

uint64_t __wrap_uv_now(const uv_loop_t *loop)
{
    return now_ms;
}

int __wrap_uv_timer_start(uv_timer_t *handle, uv_timer_cb callback, uint64_t ms, uint64_t repeat)
{
    assert_int_equal(repeat, 0);
    timer = handle;
    on_timer = callback;
    due_ms = now_ms + ms;
    return 0;
}

/* --- a worker that only counts -------------------------------------------------------------- */

static void on_wakeup(void *ctx, enum datagrams_wakeup wakeup)
{
    n_wakeups++;
}

static void on_datagram(void *ctx, struct slice datagram, int64_t arrived_ns)
{
    n_datagrams++;
}

static void on_cut(void *ctx, size_t n_bytes)
{
    fail_msg("cut");
}

static void on_batch_end(void *ctx, unsigned n)
{
}

static void on_drained(void *ctx)
{
}

static void on_error(void *ctx, int error)
{
    fail_msg("error %d", error);
}

static uv_loop_t loop;
static struct datagrams *datagrams;
static int in, out;

static void open_with_buffer(int read_buffer_bytes)
{
    const struct datagrams_callbacks callbacks = { NULL,         on_wakeup,  on_datagram, on_cut,
                                                   on_batch_end, on_drained, on_error };
    struct address address;

    now_ms = 1000000;
    n_wakeups = n_sent = n_datagrams = 0;
    timer = NULL;
    assert_int_equal(address_parse(&address, "127.0.0.1:0"), 0);
    assert_int_equal(socket_bind_udp(&address, read_buffer_bytes, 1, &in), 0);
    out = sender_to(in);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(datagrams_open(&datagrams, &loop, in, &callbacks), 0);
    datagrams_start(datagrams);
}

static void close_all(void)
{
    datagrams_close(datagrams);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    close(in);
    close(out);
}

/* Let the loop see what is readable, if it watches. */
static void poll_now(void)
{
    uv_run(&loop, UV_RUN_NOWAIT);
}

/* Let time pass until @then_ms; the timer runs whenever it is due. */
static void pass_time_until(uint64_t then_ms)
{
    while (timer && due_ms <= then_ms) {
        uv_timer_t *due = timer;

        now_ms = due_ms;
        timer = NULL;
        on_timer(due);
        poll_now();
    }
    now_ms = then_ms;
    poll_now();
}

static void send_datagrams(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(send(out, "a:1|c", 5, 0), 5);
    n_sent += n;
    poll_now();
}

/* Send @n datagrams a millisecond for some time. */
static void send_burst(unsigned n)
{
    for (unsigned i = 0; i < 200; i++) {
        send_datagrams(n);
        pass_time_until(now_ms + 1);
    }
}

/* They leave the timer with no period, the longest and the shortest. */
static const unsigned bursts[] = { 0, 1, 300 };

/* Send @n datagrams, one each @gap_ms. Returns the number of wake-ups. */
static unsigned wakeups_of(unsigned n, unsigned gap_ms)
{
    unsigned n_before = n_wakeups;

    for (unsigned i = 0; i < n; i++) {
        pass_time_until(now_ms + gap_ms);
        send_datagrams(1);
    }
    pass_time_until(now_ms + 100);
    assert_int_equal(n_datagrams, n_sent);
    return n_wakeups - n_before;
}

/* --- cases --------------------------------------------------------------------------------- */

/* Their buffer allows for periods of up to 15 ms, and of 1 ms. */
static const int buffers[] = { 16 << 20, 64 << 10 };

/* Once the timer has adapted, which takes as many wake-ups as its period has milliseconds. */
#define ADAPTING 20

static void must_wake_once_for_each(unsigned gap_ms, unsigned burst, int read_buffer_bytes)
{
    unsigned n;

    open_with_buffer(read_buffer_bytes);
    send_burst(burst);
    n = wakeups_of(500, gap_ms);
    if (n > 500 + ADAPTING)
        fail_msg("%u wake-ups for 500 datagrams, each %u ms, after %u a ms, buffer %d", n, gap_ms,
                 burst, read_buffer_bytes);
    close_all();
}

static void regular_datagrams_cost_one_wakeup_each_at_most(void **state)
{
    for (unsigned gap_ms = 1; gap_ms <= 40; gap_ms++)
        for (size_t i = 0; i < ARRAY_SIZE(buffers); i++) {
            must_wake_once_for_each(gap_ms, 0, buffers[i]);
            must_wake_once_for_each(gap_ms, 1, buffers[i]);
        }
}

/* At 50 datagrams a second no timer is worth it. The first few find the one of the burst. */
static void a_slow_sender_is_polled_soon_after_a_burst(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(bursts); i++) {
        open_with_buffer(buffers[0]);
        send_burst(bursts[i]);
        assert_in_range(wakeups_of(10, 20), 10, 13);
        assert_int_equal(wakeups_of(1000, 20), 1000);
        close_all();
    }
}

/* A sender that is not as regular as a clock: gaps of 1 to 39 ms, 20 on average. */
static void irregular_gaps_cost_little_more(void **state)
{
    unsigned n = 2000, seed = 1;

    open_with_buffer(buffers[0]);
    for (unsigned i = 0; i < n; i++) {
        seed = seed * 1103515245 + 12345;
        pass_time_until(now_ms + 1 + (seed >> 16) % 39);
        send_datagrams(1);
    }
    pass_time_until(now_ms + 100);
    assert_int_equal(n_datagrams, n);
    if (n_wakeups > n * 5 / 4)
        fail_msg("%u wake-ups for %u datagrams", n_wakeups, n);
    close_all();
}

/* Where the period can be long enough, most traffic shares wake-ups. */
static void frequent_datagrams_share_wakeups(void **state)
{
    open_with_buffer(buffers[0]);
    assert_in_range(wakeups_of(1000, 5), 1, 400);
    assert_in_range(wakeups_of(1000, 1), 1, 120);
    close_all();
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(regular_datagrams_cost_one_wakeup_each_at_most),
        CASE(a_slow_sender_is_polled_soon_after_a_burst),
        CASE(irregular_gaps_cost_little_more),
        CASE(frequent_datagrams_share_wakeups),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
