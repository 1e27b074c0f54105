/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Connections whose listener goes away: what has arrived is received, and nothing more can arrive
 */

#include "stage.h"

#include "base/clock.h"

static unsigned n_gone;

static void on_gone(void *ctx)
{
    n_gone++;
}

static void open_stage(struct stage *stage, enum transport transport)
{
    stage_open(stage, transport, 10);
    connections_close(stage->connections);
    uv_run(&stage->loop, UV_RUN_NOWAIT);
    n_gone = 0;
    stage->options.callbacks.on_gone = on_gone;
    open_connections(stage, &stage->connections);
}

static void retire(struct stage *stage)
{
    connections_retire(stage->connections);
    assert_false(stage->is_in_turn);
}

static void wait_until_gone(struct stage *stage)
{
    run_until(stage, &n_gone, 1);
    stage->connections = NULL;
}

/* The peer is told before it writes again. */
static void must_be_refused(int out)
{
    must_be_closed(out);
    assert_true(send(out, "x:1|c\n", 6, MSG_NOSIGNAL) < 0);
    close(out);
}

static void must_read_what_has_arrived(enum transport transport)
{
    struct stage stage;
    int out, waiting;

    open_stage(&stage, transport);
    out = client_of(&stage);
    run_until(&stage, &stage.n_opened, 1);
    say(out, SLICE("a:1|c\nb:2|c\n"));
    waiting = client_of(&stage);
    say(waiting, SLICE("c:3|c\n"));
    retire(&stage);
    wait_until_gone(&stage);
    assert_int_equal(stage.n_opened, 2);
    assert_int_equal(stage.n_ends[CONNECTION_END_REMOVED], 2);
    assert_int_equal(stage.n_lines, 3);
    assert_int_equal(stage.n_refused, 0);
    must_be_refused(out);
    must_be_refused(waiting);
    stage_close(&stage);
}

static void what_has_arrived_is_received(void **state)
{
    must_read_what_has_arrived(TCP);
    must_read_what_has_arrived(UNIX);
}

static void without_connections_all_is_gone_at_once(void **state)
{
    struct stage stage;

    open_stage(&stage, TCP);
    retire(&stage);
    wait_until_gone(&stage);
    stage_close(&stage);
}

static void must_refuse_part_of_a_line(enum transport transport)
{
    struct stage stage;
    int out;

    open_stage(&stage, transport);
    out = client_of(&stage);
    say(out, SLICE("a:1|c\nb:2|"));
    retire(&stage);
    wait_until_gone(&stage);
    must_have_come(&stage, "a:1|c/?");
    must_be_refused(out);
    stage_close(&stage);
}

static void a_line_that_is_cut_is_refused(void **state)
{
    must_refuse_part_of_a_line(TCP);
    must_refuse_part_of_a_line(UNIX);
}

static void must_keep_the_last_line(enum transport transport)
{
    struct stage stage;
    int out;

    open_stage(&stage, transport);
    out = client_of(&stage);
    say(out, SLICE("a:1|c\nb:2|c"));
    close(out);
    retire(&stage);
    wait_until_gone(&stage);
    must_have_come(&stage, "a:1|c/b:2|c/");
    assert_int_equal(stage.n_ends[CONNECTION_END_PEER], 1);
    stage_close(&stage);
}

static void the_last_line_of_a_peer_that_has_ended_is_whole(void **state)
{
    must_keep_the_last_line(TCP);
    must_keep_the_last_line(UNIX);
}

/* More than a turn takes, and the peer goes on: it cannot keep its connection that way. */
static void a_peer_that_goes_on_sending_is_cut_off(void **state)
{
    static char text[1 << 20];
    struct timeval patience = { 0, 10000 };
    struct stage stage;
    size_t n_sent = 0;
    ssize_t n;
    int out;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 8 == 7 ? '\n' : 'x';
    open_stage(&stage, TCP);
    out = client_of(&stage);
    assert_int_equal(setsockopt(out, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)), 0);
    run_until(&stage, &stage.n_opened, 1);
    for (unsigned i = 0; i < 3 && (n = send(out, text, sizeof(text), MSG_NOSIGNAL)) > 0; i++)
        n_sent += (size_t)n;
    retire(&stage);
    while (stage.connections) {
        (void)!send(out, text, sizeof(text), MSG_NOSIGNAL);
        uv_run(&stage.loop, UV_RUN_NOWAIT);
        if (n_gone)
            stage.connections = NULL;
    }
    assert_in_range(stage.n_lines, 1, n_sent / 8 + 3 * sizeof(text) / 8);
    assert_int_equal(stage.n_ends[CONNECTION_END_REMOVED], 1);
    must_be_refused(out);
    stage_close(&stage);
}

/* The end of a worker may come before all are closed. */
static void may_be_drained_and_closed_meanwhile(void **state)
{
    struct stage stage;
    int outs[3];

    open_stage(&stage, TCP);
    for (unsigned i = 0; i < 3; i++) {
        outs[i] = client_of(&stage);
        say(outs[i], SLICE("a:1|c\n"));
    }
    retire(&stage);
    drain(&stage, clock_monotonic_ns() + CLOCK_NS_PER_S);
    assert_int_equal(stage.n_lines, 3);
    connections_close(stage.connections);
    wait_until_gone(&stage);
    assert_int_equal(n_gone, 1);
    for (unsigned i = 0; i < 3; i++)
        close(outs[i]);
    stage_close(&stage);
}

static void may_be_closed_before_it_has_read(void **state)
{
    struct stage stage;
    int out;

    open_stage(&stage, UNIX);
    out = client_of(&stage);
    run_until(&stage, &stage.n_opened, 1);
    retire(&stage);
    connections_close(stage.connections);
    assert_int_equal(stage.n_ends[CONNECTION_END_SHUTDOWN], 1);
    wait_until_gone(&stage);
    close(out);
    stage_close(&stage);
}

/* Its descriptor is not used any more, so that the number may mean another file. */
static void the_listening_socket_may_be_closed(void **state)
{
    struct stage stage;
    int out;

    open_stage(&stage, TCP);
    out = client_of(&stage);
    run_until(&stage, &stage.n_opened, 1);
    say(out, SLICE("a:1|c\n"));
    retire(&stage);
    close(stage.fd);
    stage.fd = listen_loopback();
    wait_until_gone(&stage);
    must_have_come(&stage, "a:1|c/");
    must_be_refused(out);
    stage_close(&stage);
}

static void accepts_nothing_before_it_is_started(void **state)
{
    struct stage stage;
    int out;

    open_stage(&stage, TCP);
    connections_close(stage.connections);
    wait_until_gone(&stage);
    assert_int_equal(connections_open(&stage.connections, &stage.loop, &stage.options), 0);
    out = client_of(&stage);
    say(out, SLICE("a:1|c\n"));
    uv_run(&stage.loop, UV_RUN_NOWAIT);
    assert_int_equal(stage.n_opened, 0);
    connections_start(stage.connections);
    run_until(&stage, &stage.n_lines, 1);
    close(out);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(what_has_arrived_is_received),
        CASE(without_connections_all_is_gone_at_once),
        CASE(a_line_that_is_cut_is_refused),
        CASE(the_last_line_of_a_peer_that_has_ended_is_whole),
        CASE(a_peer_that_goes_on_sending_is_cut_off),
        CASE(may_be_drained_and_closed_meanwhile),
        CASE(may_be_closed_before_it_has_read),
        CASE(the_listening_socket_may_be_closed),
        CASE(accepts_nothing_before_it_is_started),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
