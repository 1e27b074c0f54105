/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who is at the other end of a connection
 */

#include "stage.h"

static void must_be(const struct peer *peer, const char *wanted)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };

    peer_write(peer, &text);
    buffer_add_char(&text, '\0');
    assert_false(text.has_failed);
    assert_string_equal(text.data, wanted);
}

static void must_be_address_of(const struct peer *peer, int fd)
{
    char text[ADDRESS_TEXT_MAX];
    struct address address;

    assert_int_equal(address_of_socket(&address, fd), 0);
    address_format(&address, text);
    must_be(peer, text);
}

static void a_tcp_peer_is_its_address(void **state)
{
    struct stage stage;
    int outs[2];

    stage_open(&stage, TCP, 10);
    stage.asks_for_peer = true;
    outs[0] = client_of(&stage);
    outs[1] = client_of(&stage);
    for (unsigned i = 0; i < 6; i++) {
        say(outs[i % 2], SLICE("a:1|c\n"));
        run_until(&stage, &stage.n_lines, i + 1);
        must_be_address_of(&stage.peer, outs[i % 2]);
    }
    close(outs[0]);
    close(outs[1]);
    run_until(&stage, &stage.n_closed, 2);
    stage_close(&stage);
}

/* The one that has sent nothing for longest is closed last. */
static void a_connection_that_is_closed_is_not_the_one_read_last(void **state)
{
    struct stage stage;
    int outs[2];

    stage_open(&stage, TCP, 10);
    stage.asks_for_peer = true;
    for (unsigned i = 0; i < 2; i++) {
        outs[i] = client_of(&stage);
        say(outs[i], SLICE("a:1|c\nb"));
        run_until(&stage, &stage.n_lines, i + 1);
    }
    must_be_address_of(&stage.peer, outs[1]);
    stage_close(&stage);
    assert_int_equal(stage.n_refused, 2);
    must_be_address_of(&stage.peer, outs[0]);
    close(outs[0]);
    close(outs[1]);
}

static void must_be_this_process(const struct peer *peer)
{
    char wanted[64];

    snprintf(wanted, sizeof(wanted), "pid %d, uid %u", getpid(), getuid());
    must_be(peer, wanted);
}

/* A client of a Unix stage, which has sent @text. */
static int unix_client(struct stage *stage, struct slice text)
{
    int out;

    stage_open(stage, UNIX, 10);
    stage->asks_for_peer = true;
    out = client_of(stage);
    say(out, text);
    return out;
}

static void a_unix_peer_is_its_process(void **state)
{
    struct stage stage;
    int out = unix_client(&stage, SLICE("a:1|c\n"));

    run_until(&stage, &stage.n_lines, 1);
    must_be_this_process(&stage.peer);
    close(out);
    run_until(&stage, &stage.n_closed, 1);
    stage_close(&stage);
}

/* A line that is cut off is refused when the connection has ended. */
static void a_unix_peer_that_has_gone_is_still_known(void **state)
{
    struct stage stage;

    close(unix_client(&stage, SLICE("\x08\0\0\0a:1")));
    run_until(&stage, &stage.n_closed, 1);
    assert_int_equal(stage.n_refused, 1);
    must_be_this_process(&stage.peer);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_tcp_peer_is_its_address),
        CASE(a_connection_that_is_closed_is_not_the_one_read_last),
        CASE(a_unix_peer_is_its_process),
        CASE(a_unix_peer_that_has_gone_is_still_known),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
