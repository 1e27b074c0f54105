/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Connections when all places are taken: which one is closed, and what becomes of its lines
 */

#include "stage.h"

#include <stdlib.h>

/* A client with the address @host, one of 127.0.0.0/8, or one of the Unix socket. */
static int client_from(const struct stage *stage, const char *host)
{
    struct address address, from;
    char text[ADDRESS_TEXT_MAX];
    int out;

    if (stage->transport == UNIX)
        return client_of(stage);
    snprintf(text, sizeof(text), "%s:0", host);
    assert_int_equal(address_parse(&from, text), 0);
    assert_int_equal(address_of_socket(&address, stage->fd), 0);
    out = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(out, &from.any, from.len), 0);
    assert_int_equal(connect(out, &address.any, address.len), 0);
    return out;
}

static void close_all(struct stage *stage, const int *out, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        close(out[i]);
    run_until(stage, &stage->n_closed, stage->n_opened);
    stage_close(stage);
}

static void must_evict_the_longest_idle(enum transport transport)
{
    struct stage stage;
    int out[4];

    stage_open(&stage, transport, 3);
    for (unsigned i = 0; i < 3; i++) {
        out[i] = client_of(&stage);
        run_until(&stage, &stage.n_opened, i + 1);
    }
    say(out[0], SLICE("a:1|c\n"));
    run_until(&stage, &stage.n_lines, 1);
    out[3] = client_of(&stage);
    run_until(&stage, &stage.n_closed, 1);
    must_be_closed(out[1]);
    assert_int_equal(stage.n_ends[CONNECTION_END_EVICTED], 1);
    assert_int_equal(stage.n_evicted, 1);
    assert_int_equal(stage.eviction.n, 3); /* with the new one */
    assert_int_equal(stage.n_connections_refused, 0);
    assert_int_equal(places_count(stage.places), 3);
    say(out[0], SLICE("a:1|c\n"));
    say(out[2], SLICE("a:1|c\n"));
    say(out[3], SLICE("a:1|c\n"));
    run_until(&stage, &stage.n_lines, 4);
    close_all(&stage, out, 4);
    assert_int_equal(stage.n_ends[CONNECTION_END_PEER], 3);
    assert_int_equal(stage.n_refused, 0);
}

static void the_longest_idle_goes_first(void **state)
{
    must_evict_the_longest_idle(TCP);
    must_evict_the_longest_idle(UNIX);
}

/* One peer opens more and more. The other ones are idle for longer, and stay. */
static void the_busiest_peer_loses_its_own(void **state)
{
    struct stage stage;
    int quiet[2], out[40];
    CLEANUP(buffer_deinit) struct buffer peer = { 0 };

    stage_open(&stage, TCP, 10);
    quiet[0] = client_from(&stage, "127.0.0.2");
    run_until(&stage, &stage.n_opened, 1);
    quiet[1] = client_from(&stage, "127.0.0.3");
    run_until(&stage, &stage.n_opened, 2);
    for (unsigned i = 0; i < 40; i++) {
        out[i] = client_from(&stage, "127.0.0.4");
        run_until(&stage, &stage.n_opened, i + 3);
    }
    run_until(&stage, &stage.n_closed, 32);
    assert_int_equal(stage.n_ends[CONNECTION_END_EVICTED], 32);
    assert_int_equal(stage.n_connections_refused, 0);
    peer_write_host(&stage.eviction.peer, &peer);
    assert_true(slice_equal(buffer_text(&peer), SLICE("127.0.0.4")));
    assert_int_equal(stage.eviction.n, 8);
    for (unsigned i = 0; i < 32; i++)
        must_be_closed(out[i]);
    say(quiet[0], SLICE("a:1|c\n"));
    say(quiet[1], SLICE("a:1|c\n"));
    for (unsigned i = 32; i < 40; i++)
        say(out[i], SLICE("a:1|c\n"));
    run_until(&stage, &stage.n_lines, 10);
    close(quiet[0]);
    close(quiet[1]);
    close_all(&stage, out, 40);
}

/* What has arrived counts; a line that has not ended is refused, even if it looks whole. */
static void an_evicted_connection_is_read_to_its_end(void **state)
{
    for (enum transport transport = TCP; transport <= UNIX; transport++) {
        struct stage stage;
        int out[2];

        stage_open(&stage, transport, 1);
        out[0] = client_of(&stage);
        run_until(&stage, &stage.n_opened, 1);
        /* Both before the loop runs again. */
        say(out[0], SLICE("a:1|c\nb:2|c\nc:3|c"));
        out[1] = client_of(&stage);
        run_until(&stage, &stage.n_closed, 1);
        must_have_come(&stage, "a:1|c/b:2|c/?");
        must_be_closed(out[0]);
        assert_int_equal(stage.n_ends[CONNECTION_END_EVICTED], 1);
        close_all(&stage, out, 2);
    }
}

static atomic_bool may_speak;

/* Says more and more, until it cannot. */
static void speak(void *ctx)
{
    static char text[65536];
    const int *out = ctx;

    memset(text, '\n', sizeof(text));
    while (atomic_load(&may_speak) && send(*out, text, sizeof(text), MSG_NOSIGNAL) > 0)
        ;
}

/* It is the newer one of the two, but the older one has spoken since. */
static void one_that_never_stops_to_speak_can_be_evicted(void **state)
{
    for (enum transport transport = TCP; transport <= UNIX; transport++) {
        struct stage stage;
        uv_thread_t thread;
        int out[2];

        stage_open(&stage, transport, 1);
        out[0] = client_of(&stage);
        run_until(&stage, &stage.n_opened, 1);
        atomic_store(&may_speak, true);
        assert_int_equal(uv_thread_create(&thread, speak, &out[0]), 0);
        run_for(&stage, 20);
        out[1] = client_of(&stage);
        run_until(&stage, &stage.n_closed, 1);
        assert_int_equal(stage.n_ends[CONNECTION_END_EVICTED], 1);
        uv_thread_join(&thread); /* its send() has failed */
        say(out[1], SLICE("a:1|c\n"));
        run_until(&stage, &stage.n_lines, 1);
        close_all(&stage, out, 2);
    }
}

/* All wait when the loop runs: more than may be leaving at once are refused. */
static void a_crowd_that_comes_at_once_is_bounded(void **state)
{
    static int out[2 * PLACES_LEAVING_MAX];
    struct stage stage;

    stage_open(&stage, TCP, 10);
    for (unsigned i = 0; i < ARRAY_SIZE(out); i++)
        out[i] = client_of(&stage);
    drain(&stage, INT64_MAX);
    /* Some leave between others that come, so on_opened() has counted those that are there. */
    assert_in_range(stage.n_opened, 10 + PLACES_LEAVING_MAX, ARRAY_SIZE(out) - 1);
    assert_int_equal(stage.n_opened + stage.n_connections_refused, ARRAY_SIZE(out));
    assert_int_equal(places_count(stage.places), 10);
    run_until(&stage, &stage.n_closed, stage.n_opened - 10);
    assert_int_equal(stage.n_ends[CONNECTION_END_EVICTED], stage.n_closed);
    close_all(&stage, out, ARRAY_SIZE(out));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(the_longest_idle_goes_first),
        CASE(the_busiest_peer_loses_its_own),
        CASE(an_evicted_connection_is_read_to_its_end),
        CASE(one_that_never_stops_to_speak_can_be_evicted),
        CASE(a_crowd_that_comes_at_once_is_bounded),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
