/* SPDX-License-Identifier: Apache-2.0 */

#include "sockets.h"

#include "base/clock.h"
#include "base/socket.h"
#include "base/unix.h"
#include "input/datagrams.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A struct datagrams in a loop of its own, a sender, and what the callbacks received. */
struct stage {
    uv_loop_t loop;
    uv_timer_t deadline;
    int fd;
    int out;
    struct datagrams *udp;
    struct datagrams_callbacks callbacks;

    unsigned n_wakeups[2];
    enum datagrams_wakeup first_wakeup;
    unsigned n_datagrams;
    size_t n_bytes;
    unsigned n_cut;
    size_t n_cut_bytes;
    unsigned n_in_batches;
    unsigned n_drained;
    unsigned n_since_batch_end;
    unsigned n_out_of_order; /* datagrams are numbers, from 0 */
    unsigned n_wrong_stamps;
    unsigned n_drained_asleep; /* drained without a wake-up, or twice after one */
    bool is_awake;
    int error;
    int64_t slow_ns; /* the time to process a datagram */

    unsigned wanted;  /* stop the loop after this many */
    unsigned to_send; /* send one more whenever drained, until this many were sent */
    unsigned n_sent;
    unsigned close_at; /* close in the callback for the datagram of this number */
};

static void on_wakeup(void *ctx, enum datagrams_wakeup wakeup)
{
    struct stage *stage = ctx;

    if (!stage->n_wakeups[0] && !stage->n_wakeups[1])
        stage->first_wakeup = wakeup;
    stage->n_wakeups[wakeup]++;
    stage->is_awake = true;
}

static void stop_loop(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void on_cut(void *ctx, size_t n_bytes)
{
    struct stage *stage = ctx;

    stage->n_cut++;
    stage->n_cut_bytes += n_bytes;
}

/* Blanks may follow it. */
static bool is_number(struct slice datagram, struct slice number)
{
    return slice_starts_with(datagram, number) &&
           (datagram.len == number.len || datagram.at[number.len] == ' ');
}

static void on_datagram(void *ctx, struct slice datagram, int64_t arrived_ns)
{
    struct stage *stage = ctx;
    int64_t end_ns = clock_monotonic_ns() + stage->slow_ns;
    char expected[16];

    while (stage->slow_ns && clock_monotonic_ns() < end_ns)
        ;

    snprintf(expected, sizeof(expected), "%u", stage->n_datagrams);
    stage->n_out_of_order += !is_number(datagram, slice_of(expected));
    stage->n_wrong_stamps += arrived_ns < 0 || arrived_ns > clock_monotonic_ns();
    stage->n_datagrams++;
    stage->n_bytes += datagram.len;
    stage->n_since_batch_end++;
    if (stage->n_datagrams == stage->close_at) {
        datagrams_close(stage->udp);
        stage->udp = NULL;
    }
}

static void on_batch_end(void *ctx, unsigned n_datagrams)
{
    struct stage *stage = ctx;

    if (n_datagrams == stage->n_since_batch_end)
        stage->n_in_batches += n_datagrams;
    stage->n_since_batch_end = 0;
}

static void send_number(struct stage *stage)
{
    char text[16];
    int len = snprintf(text, sizeof(text), "%u", stage->n_sent++);

    assert_int_equal(send(stage->out, text, (size_t)len, 0), len);
}

static void on_drained(void *ctx)
{
    struct stage *stage = ctx;

    stage->n_drained++;
    stage->n_drained_asleep += !stage->is_awake;
    stage->is_awake = false;
    if (stage->n_sent < stage->to_send)
        send_number(stage);
    if (stage->wanted && stage->n_datagrams >= stage->wanted)
        uv_stop(&stage->loop);
}

static void on_error(void *ctx, int error)
{
    struct stage *stage = ctx;

    stage->error = error;
    uv_stop(&stage->loop);
}

/* Receive from @fd, which is bound. */
/* On the socket @fd, to which @out sends. */
static void stage_open_on(struct stage *stage, int fd, int out)
{
    *stage = (struct stage){ .fd = fd, .out = out };
    stage->callbacks = (struct datagrams_callbacks){ stage,        on_wakeup,  on_datagram, on_cut,
                                                     on_batch_end, on_drained, on_error };
    assert_int_equal(uv_loop_init(&stage->loop), 0);
    assert_int_equal(uv_timer_init(&stage->loop, &stage->deadline), 0);
    assert_int_equal(datagrams_open(&stage->udp, &stage->loop, stage->fd, &stage->callbacks), 0);
    datagrams_start(stage->udp);
}

static void stage_open(struct stage *stage)
{
    int fd;

    bind_loopback(1, &fd);
    stage_open_on(stage, fd, sender_to(fd));
}

/* Closing leaves nothing in the loop, or closing the loop fails. */
static void stage_close(struct stage *stage)
{
    datagrams_close(stage->udp);
    uv_close((uv_handle_t *)&stage->deadline, NULL);
    assert_int_equal(uv_run(&stage->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&stage->loop), 0);
    close(stage->fd);
    close(stage->out);
}

static void on_deadline(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

/* Run the loop until something stops it, or for this long. */
static void run_for(struct stage *stage, unsigned ms)
{
    uv_update_time(&stage->loop);
    uv_timer_start(&stage->deadline, on_deadline, ms, 0);
    uv_run(&stage->loop, UV_RUN_DEFAULT);
    uv_timer_stop(&stage->deadline);
}

/* Run the loop until @n datagrams have arrived since the start. */
static void run_until_received(struct stage *stage, unsigned n)
{
    stage->wanted = n;
    run_for(stage, 10000);
    assert_true(stage->n_datagrams >= n);
    stage->wanted = 0;
}

/* The number of wake-ups within that time. */
static unsigned wakeups_within(struct stage *stage, unsigned ms)
{
    unsigned before = stage->n_wakeups[0] + stage->n_wakeups[1];

    run_for(stage, ms);
    return stage->n_wakeups[0] + stage->n_wakeups[1] - before;
}

/* Run until it no longer polls: a tenth of a second without a wake-up. Fails after 3 s. */
static void run_until_quiet(struct stage *stage)
{
    int n = 30;

    while (n-- > 0 && wakeups_within(stage, 100) > 0)
        continue;
    assert_true(n >= 0);
}

/* --- receiving ------------------------------------------------------------------ */

static void hands_over_all_that_was_sent(void **state)
{
    struct stage stage;

    stage_open(&stage);
    for (unsigned n = 1; n < 1000; n = n * 3) {
        for (unsigned i = 0; i < n; i++)
            send_number(&stage);
        run_until_received(&stage, stage.n_sent);
    }
    run_for(&stage, 20);
    assert_int_equal(stage.n_datagrams, stage.n_sent);
    assert_int_equal(stage.n_out_of_order, 0);
    assert_int_equal(stage.n_wrong_stamps, 0);
    assert_int_equal(stage.error, 0);
    assert_int_equal(stage.n_cut, 0);
    assert_int_equal(socket_kernel_drops(stage.fd), 0);
    stage_close(&stage);
}

static void tells_batches_and_ends_each_wakeup_once(void **state)
{
    struct stage stage;

    stage_open(&stage);
    for (unsigned i = 0; i < 500; i++)
        send_number(&stage);
    stage.to_send = 600;
    run_until_received(&stage, 600);
    assert_int_equal(stage.n_in_batches, 600);
    assert_int_equal(stage.n_since_batch_end, 0);
    assert_int_equal(stage.n_drained_asleep, 0);
    assert_int_equal(stage.n_drained, stage.n_wakeups[0] + stage.n_wakeups[1]);
    stage_close(&stage);
}

static void an_empty_datagram_is_one_too(void **state)
{
    struct stage stage;

    stage_open(&stage);
    assert_int_equal(send(stage.out, "", 0, 0), 0);
    run_until_received(&stage, 1);
    assert_int_equal(stage.n_datagrams, 1);
    stage_close(&stage);
}

static void the_poll_wakes_first_and_then_the_timer(void **state)
{
    struct stage stage;

    stage_open(&stage);
    send_number(&stage);
    stage.to_send = 200;
    run_until_received(&stage, 200);
    assert_int_equal(stage.first_wakeup, DATAGRAMS_WAKEUP_POLL);
    assert_true(stage.n_wakeups[DATAGRAMS_WAKEUP_TIMER] > stage.n_wakeups[DATAGRAMS_WAKEUP_POLL]);
    assert_int_equal(stage.n_out_of_order, 0);
    stage_close(&stage);
}

static void nothing_wakes_a_socket_that_never_got_anything(void **state)
{
    struct stage stage;

    stage_open(&stage);
    assert_int_equal(wakeups_within(&stage, 300), 0);
    stage_close(&stage);
}

static void nothing_wakes_up_when_it_is_quiet_again(void **state)
{
    struct stage stage;

    stage_open(&stage);
    send_number(&stage);
    stage.to_send = 100;
    run_until_received(&stage, 100);
    run_until_quiet(&stage);
    assert_int_equal(wakeups_within(&stage, 300), 0);
    stage_close(&stage);
}

static void polls_again_after_it_was_quiet(void **state)
{
    struct stage stage;

    stage_open(&stage);
    for (unsigned round = 1; round <= 3; round++) {
        unsigned n_polls = stage.n_wakeups[DATAGRAMS_WAKEUP_POLL];

        stage.to_send = 50 * round;
        send_number(&stage);
        run_until_received(&stage, 50 * round);
        assert_true(stage.n_wakeups[DATAGRAMS_WAKEUP_POLL] > n_polls);
        run_until_quiet(&stage);
    }
    assert_int_equal(stage.n_datagrams, 150);
    assert_int_equal(stage.n_out_of_order, 0);
    stage_close(&stage);
}

static void tells_of_an_error(void **state)
{
    struct stage stage;
    struct address nobody;
    int other;

    stage_open(&stage);
    bind_loopback(1, &other);
    assert_int_equal(address_of_socket(&nobody, other), 0);
    close(other);
    assert_int_equal(connect(stage.fd, &nobody.any, nobody.len), 0);
    assert_int_equal(send(stage.fd, "", 0, 0), 0);
    run_for(&stage, 2000);
    assert_int_equal(stage.error, -ECONNREFUSED);
    stage_close(&stage);
}

/* Sending to a closed port makes the next read fail. After that the socket works as before. */
static void receives_after_an_error(void **state)
{
    struct address sender, nobody;
    struct stage stage;
    int other;

    stage_open(&stage);
    bind_loopback(1, &other);
    assert_int_equal(address_of_socket(&sender, stage.out), 0);
    assert_int_equal(address_of_socket(&nobody, other), 0);
    close(other);
    assert_int_equal(connect(stage.fd, &nobody.any, nobody.len), 0);
    assert_int_equal(send(stage.fd, "", 0, 0), 0);
    run_for(&stage, 2000);
    assert_int_not_equal(stage.error, 0);
    assert_int_equal(connect(stage.fd, &sender.any, sender.len), 0);
    send_number(&stage);
    stage.wanted = 1;
    run_for(&stage, 1000);
    assert_int_equal(stage.n_datagrams, 1);
    stage_close(&stage);
}

/* --- draining and closing --------------------------------------------------------- */

#define DRAIN_NS (5 * CLOCK_NS_PER_MS)

/* One drain takes all that was sent, unless the machine is so slow that its time runs out. */
static void drain_all(struct stage *stage)
{
    while (stage->n_datagrams < stage->n_sent) {
        unsigned n_left = stage->n_sent - stage->n_datagrams;
        int64_t began_ns = clock_monotonic_ns();
        unsigned n = datagrams_drain(stage->udp);

        if (clock_monotonic_ns() - began_ns < DRAIN_NS)
            assert_int_equal(n, n_left);
        assert_true(n >= 64 || n == n_left);
    }
}

static void drain_takes_what_is_there(void **state)
{
    struct stage stage;

    stage_open(&stage);
    assert_int_equal(datagrams_drain(stage.udp), 0);
    for (unsigned i = 0; i < 300; i++)
        send_number(&stage);
    drain_all(&stage);
    assert_int_equal(stage.n_datagrams, 300);
    assert_int_equal(stage.n_in_batches, 300);
    assert_int_equal(stage.n_out_of_order, 0);
    assert_int_equal(datagrams_drain(stage.udp), 0);
    stage_close(&stage);
}

/* It ends after about 5 ms, but only after a whole batch; here each datagram is slow. */
static void drain_ends_in_time_and_leaves_the_rest(void **state)
{
    struct stage stage;

    stage_open(&stage);
    for (unsigned i = 0; i < 200; i++)
        send_number(&stage);
    stage.slow_ns = CLOCK_NS_PER_MS;
    assert_int_equal(datagrams_drain(stage.udp), 64);
    assert_int_equal(datagrams_drain(stage.udp), 64);
    stage.slow_ns = 0;
    drain_all(&stage);
    assert_int_equal(stage.n_datagrams, 200);
    assert_int_equal(stage.n_out_of_order, 0);
    stage_close(&stage);
}

#define LONG_LEN 8192

static void send_long_number(struct stage *stage)
{
    char text[LONG_LEN];
    int len = snprintf(text, sizeof(text), "%u", stage->n_sent++);

    memset(text + len, ' ', sizeof(text) - (size_t)len);
    assert_int_equal(send(stage->out, text, sizeof(text), 0), sizeof(text));
}

/* All are received at once. Handing them over takes longer than a turn, and goes on in the next. */
static void a_batch_of_long_datagrams_may_take_several_turns(void **state)
{
    struct stage stage;

    stage_open(&stage);
    for (unsigned i = 0; i < 20; i++)
        send_long_number(&stage);
    stage.slow_ns = 2 * CLOCK_NS_PER_MS;
    assert_int_equal(datagrams_drain(stage.udp), 4);
    assert_int_equal(datagrams_drain(stage.udp), 4);
    stage.slow_ns = 0;
    drain_all(&stage); /* in more turns where the machine is busy */
    assert_int_equal(stage.n_in_batches, 20);
    assert_int_equal(stage.n_out_of_order, 0);
    assert_int_equal(datagrams_drain(stage.udp), 0);
    stage_close(&stage);
}

/* Nothing is left in the socket, so only the loop's own passes bring the rest. */
static void the_rest_of_a_batch_comes_by_itself(void **state)
{
    struct stage stage;

    stage_open(&stage);
    for (unsigned i = 0; i < 20; i++)
        send_long_number(&stage);
    stage.slow_ns = 2 * CLOCK_NS_PER_MS;
    run_until_received(&stage, 20);
    assert_in_range(stage.n_drained, 5, 10);
    assert_int_equal(stage.n_out_of_order, 0);
    stage.slow_ns = 0;
    run_until_quiet(&stage);
    send_number(&stage);
    run_until_received(&stage, 21);
    stage_close(&stage);
}

static void closing_hands_over_the_rest_of_a_batch(void **state)
{
    struct stage stage;

    stage_open(&stage);
    for (unsigned i = 0; i < 20; i++)
        send_long_number(&stage);
    stage.slow_ns = 2 * CLOCK_NS_PER_MS;
    assert_int_equal(datagrams_drain(stage.udp), 4);
    datagrams_close(stage.udp);
    stage.udp = NULL;
    assert_int_equal(stage.n_datagrams, 20);
    assert_int_equal(stage.n_in_batches, 20);
    assert_int_equal(stage.n_drained, 2);
    stage_close(&stage);
}

/* A worker that cannot keep up still handles its other events. */
static void a_flood_does_not_keep_the_loop_from_its_timers(void **state)
{
    struct stage stage;
    uv_timer_t other;

    stage_open(&stage);
    for (unsigned i = 0; i < 1000; i++)
        send_number(&stage);
    stage.slow_ns = CLOCK_NS_PER_MS;
    uv_timer_init(&stage.loop, &other);
    other.data = &stage;
    uv_timer_start(&other, stop_loop, 100, 0);
    uv_run(&stage.loop, UV_RUN_DEFAULT);
    assert_in_range(stage.n_datagrams, 64, 500);
    uv_close((uv_handle_t *)&other, NULL);
    stage_close(&stage);
}

static void drains_after_it_was_quiet(void **state)
{
    struct stage stage;

    stage_open(&stage);
    send_number(&stage);
    run_until_received(&stage, 1);
    run_until_quiet(&stage);
    send_number(&stage);
    assert_int_equal(datagrams_drain(stage.udp), 1);
    send_number(&stage);
    run_until_received(&stage, 3);
    assert_int_equal(stage.n_datagrams, 3);
    assert_int_equal(stage.n_out_of_order, 0);
    stage_close(&stage);
}

static void after_close_nothing_is_called(void **state)
{
    struct stage stage;

    stage_open(&stage);
    send_number(&stage);
    run_until_received(&stage, 1);
    for (unsigned i = 0; i < 100; i++)
        send_number(&stage);
    datagrams_close(stage.udp);
    stage.udp = NULL;
    assert_int_equal(wakeups_within(&stage, 50), 0);
    assert_int_equal(stage.n_datagrams, 1);
    datagrams_close(NULL);
    stage_close(&stage);
}

/* As the header says: it stops, and its memory is freed once the loop has run again. */
static void may_be_closed_by_its_own_callback(void **state)
{
    struct stage stage;

    stage_open(&stage);
    stage.close_at = 5;
    for (unsigned i = 0; i < 200; i++)
        send_number(&stage);
    run_for(&stage, 50);
    assert_null(stage.udp);
    assert_in_range(stage.n_datagrams, 5, 64);
    assert_int_equal(stage.error, 0);
    stage_close(&stage);
}

static void the_descriptor_stays_the_callers(void **state)
{
    struct stage stage;
    struct address address;

    stage_open(&stage);
    datagrams_close(stage.udp);
    run_for(&stage, 10);
    assert_int_equal(address_of_socket(&address, stage.fd), 0);
    assert_int_equal(datagrams_open(&stage.udp, &stage.loop, stage.fd, &stage.callbacks), 0);
    datagrams_start(stage.udp);
    send_number(&stage);
    run_until_received(&stage, 1);
    stage_close(&stage);
}

static void cannot_be_opened_on_what_cannot_be_watched(void **state)
{
    struct datagrams_callbacks callbacks = { 0 };
    struct datagrams *udp = NULL;
    uv_loop_t loop;

    assert_int_equal(uv_loop_init(&loop), 0);
    assert_true(datagrams_open(&udp, &loop, -1, &callbacks) < 0);
    assert_null(udp);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* --- a Unix socket ------------------------------------------------------------------------ */

static char directory[] = "/tmp/udometer-test-udp-XXXXXX";
static char path[64];

static void stage_open_unix(struct stage *stage)
{
    const struct unix_permissions permissions = { 0600, (uid_t)-1, (gid_t)-1 };
    struct unix_file file;
    int fd;

    snprintf(path, sizeof(path), "%s/socket", directory);
    fd = unix_bind(path, SOCK_DGRAM, &permissions, &file);
    assert_true(fd >= 0);
    stage_open_on(stage, fd, connect_to_file(path, SOCK_DGRAM));
}

static void stage_close_unix(struct stage *stage)
{
    stage_close(stage);
    unlink(path);
}

static void receives_from_a_unix_socket(void **state)
{
    struct stage stage;

    stage_open_unix(&stage);
    stage.to_send = 500; /* one at a time, as its queue is short */
    send_number(&stage);
    run_until_received(&stage, 500);
    assert_int_equal(stage.n_out_of_order, 0);
    assert_int_equal(stage.n_wrong_stamps, 0);
    assert_int_equal(stage.n_in_batches, 500);
    assert_int_equal(stage.error, 0);
    stage_close_unix(&stage);
}

/* Senders block, or lose datagrams, when its queue is full, so it cannot wait for a timer. */
static void a_unix_socket_never_waits_for_a_timer(void **state)
{
    struct stage stage;

    stage_open_unix(&stage);
    stage.to_send = 500;
    send_number(&stage);
    run_until_received(&stage, 500);
    assert_int_equal(stage.n_wakeups[DATAGRAMS_WAKEUP_TIMER], 0);
    assert_true(stage.n_wakeups[DATAGRAMS_WAKEUP_POLL] > 0);
    assert_int_equal(stage.n_drained, stage.n_wakeups[DATAGRAMS_WAKEUP_POLL]);
    assert_int_equal(wakeups_within(&stage, 50), 0); /* and not while it is quiet */
    stage_close_unix(&stage);
}

static void a_unix_socket_takes_what_lies_in_its_queue(void **state)
{
    struct stage stage;

    stage_open_unix(&stage);
    for (unsigned i = 0; i < 5; i++)
        send_number(&stage);
    assert_int_equal(datagrams_drain(stage.udp), 5);
    assert_int_equal(datagrams_drain(stage.udp), 0);
    assert_int_equal(stage.n_datagrams, 5);
    assert_int_equal(stage.n_out_of_order, 0);
    stage_close_unix(&stage);
}

/* Send a datagram of @len bytes in lines of 100. Returns false if the kernel does not allow it. */
static bool send_lines_of_100(struct stage *stage, size_t len)
{
    int buffer_bytes = 4 << 20;
    char *text = malloc(len);
    ssize_t n;

    assert_non_null(text);
    for (size_t i = 0; i < len; i++)
        text[i] = i % 100 == 99 ? '\n' : 'x';
    setsockopt(stage->out, SOL_SOCKET, SO_SNDBUFFORCE, &buffer_bytes, sizeof(buffer_bytes));
    n = send(stage->out, text, len, 0);
    free(text);
    return n >= 0;
}

static void a_unix_socket_takes_odd_datagrams(void **state)
{
    static char large[60000];
    struct stage stage;

    stage_open_unix(&stage);
    memset(large, 'x', sizeof(large));
    assert_int_equal(send(stage.out, "", 0, 0), 0);
    assert_int_equal(send(stage.out, large, sizeof(large), 0), sizeof(large));
    assert_true(send_lines_of_100(&stage, 150000));
    run_until_received(&stage, 3);
    assert_int_equal(stage.n_datagrams, 3);
    assert_int_equal(stage.n_bytes, sizeof(large) + 150000);
    assert_int_equal(stage.n_cut, 0);
    assert_int_equal(stage.error, 0);
    stage_close_unix(&stage);
}

static void a_datagram_that_is_cut_has_its_whole_lines(void **state)
{
    struct stage stage;
    bool can_send;

    stage_open_unix(&stage);
    can_send = send_lines_of_100(&stage, 600000);
    if (can_send) {
        run_until_received(&stage, 1);
        assert_int_equal(stage.n_bytes, 524200);
        assert_int_equal(stage.n_cut, 1);
        assert_int_equal(stage.n_cut_bytes, 600000 - 524200);
    }
    stage_close_unix(&stage);
    if (!can_send)
        skip(); /* only root may */
}

/* What is left may not be cut anywhere: half a name would be another metric. */
static void a_datagram_that_is_cut_in_its_only_line_has_none(void **state)
{
    static char text[600000];
    int buffer_bytes = 4 << 20;
    struct stage stage;
    bool can_send;

    stage_open_unix(&stage);
    memset(text, 'x', sizeof(text));
    setsockopt(stage.out, SOL_SOCKET, SO_SNDBUFFORCE, &buffer_bytes, sizeof(buffer_bytes));
    can_send = send(stage.out, text, sizeof(text), 0) >= 0;
    if (can_send) {
        run_until_received(&stage, 1);
        assert_int_equal(stage.n_bytes, 0);
        assert_int_equal(stage.n_cut, 1);
        assert_int_equal(stage.n_cut_bytes, sizeof(text));
    }
    stage_close_unix(&stage);
    if (!can_send)
        skip(); /* only root may */
}

/* A socket file that is gone is made again, and its descriptor keeps its number. */
static void a_unix_socket_can_be_replaced(void **state)
{
    const struct unix_permissions permissions = { 0600, (uid_t)-1, (gid_t)-1 };
    struct unix_file file;
    struct stage stage;
    int new_fd;

    stage_open_unix(&stage);
    for (unsigned i = 0; i < 3; i++)
        send_number(&stage);
    unlink(path);
    new_fd = unix_bind(path, SOCK_DGRAM, &permissions, &file);
    assert_true(new_fd >= 0);
    datagrams_replace(stage.udp, new_fd);
    assert_int_equal(stage.n_datagrams, 3);
    assert_int_equal(fcntl(new_fd, F_GETFD), -1);
    assert_true(fcntl(stage.fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(send(stage.out, "lost", 4, MSG_NOSIGNAL), -1);
    assert_int_equal(errno, ECONNREFUSED);

    close(stage.out);
    stage.out = connect_to_file(path, SOCK_DGRAM);
    stage.to_send = 100;
    send_number(&stage);
    run_until_received(&stage, 100);
    assert_int_equal(stage.n_out_of_order, 0);
    assert_int_equal(stage.n_in_batches, 100);
    assert_int_equal(wakeups_within(&stage, 50), 0);
    assert_int_equal(stage.error, 0);
    stage_close_unix(&stage);
}

static void a_unix_socket_drops_nothing_that_the_kernel_counts(void **state)
{
    struct stage stage;

    stage_open_unix(&stage);
    send_number(&stage);
    run_until_received(&stage, 1);
    assert_int_equal(socket_kernel_drops(stage.fd), 0);
    assert_true(socket_read_buffer(stage.fd) > 0);
    stage_close_unix(&stage);
}

static int make_directory(void **state)
{
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(hands_over_all_that_was_sent),
        CASE(tells_batches_and_ends_each_wakeup_once),
        CASE(an_empty_datagram_is_one_too),
        CASE(the_poll_wakes_first_and_then_the_timer),
        CASE(nothing_wakes_a_socket_that_never_got_anything),
        CASE(nothing_wakes_up_when_it_is_quiet_again),
        CASE(polls_again_after_it_was_quiet),
        CASE(tells_of_an_error),
        CASE(receives_after_an_error),
        CASE(drain_takes_what_is_there),
        CASE(drain_ends_in_time_and_leaves_the_rest),
        CASE(a_batch_of_long_datagrams_may_take_several_turns),
        CASE(the_rest_of_a_batch_comes_by_itself),
        CASE(closing_hands_over_the_rest_of_a_batch),
        CASE(a_flood_does_not_keep_the_loop_from_its_timers),
        CASE(drains_after_it_was_quiet),
        CASE(after_close_nothing_is_called),
        CASE(the_descriptor_stays_the_callers),
        CASE(cannot_be_opened_on_what_cannot_be_watched),
        CASE(may_be_closed_by_its_own_callback),
        CASE(receives_from_a_unix_socket),
        CASE(a_unix_socket_never_waits_for_a_timer),
        CASE(a_unix_socket_takes_what_lies_in_its_queue),
        CASE(a_unix_socket_takes_odd_datagrams),
        CASE(a_datagram_that_is_cut_has_its_whole_lines),
        CASE(a_datagram_that_is_cut_in_its_only_line_has_none),
        CASE(a_unix_socket_can_be_replaced),
        CASE(a_unix_socket_drops_nothing_that_the_kernel_counts),
    };

    return cmocka_run_group_tests(cases, make_directory, remove_directory);
}
