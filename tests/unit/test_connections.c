/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Connections, from their header, in a real loop with real sockets: stage.h has them
 */

#include "base/clock.h"
#include "descriptors.h"
#include "stage.h"

#include <stdlib.h>
#include <sys/resource.h>

/* --- lines --------------------------------------------------------------------------------- */

static void must_receive_lines(enum transport transport)
{
    struct stage stage;
    int out;

    stage_open(&stage, transport, 10);
    out = client_of(&stage);
    say(out, SLICE("a:1|c\nb:2|c\n"));
    run_until(&stage, &stage.n_lines, 2);
    must_have_come(&stage, "a:1|c/b:2|c/");
    assert_int_equal(stage.n_opened, 1);
    assert_int_equal(places_count(stage.places), 1);
    say(out, SLICE("c:3|c\r\n\n d:4|c \n"));
    run_until(&stage, &stage.n_lines, 4);
    must_have_come(&stage, "c:3|c/d:4|c/");
    close(out);
    run_until(&stage, &stage.n_closed, 1);
    must_have_come(&stage, "");
    assert_int_equal(places_count(stage.places), 0);
    assert_int_equal(stage.n_connections_refused, 0);
    stage_close(&stage);
}

static void receives_lines(void **state)
{
    must_receive_lines(TCP);
    must_receive_lines(UNIX);
}

/* As with Linux before 6.16, where a listening socket could not refuse descriptors. */
static void descriptors_are_not_installed(void **state)
{
    int on = 1, so_passrights = 83;
    unsigned n_before;
    struct stage stage;
    int out;

    stage_open(&stage, UNIX, 10);
    (void)setsockopt(stage.fd, SOL_SOCKET, so_passrights, &on, sizeof(on));
    out = client_of(&stage);
    run_until(&stage, &stage.n_opened, 1);
    n_before = n_descriptors();
    for (unsigned i = 1; i <= 60; i++) {
        assert_int_equal(pass(out, "a:1|c\n", STDERR_FILENO, 4), 0);
        run_until(&stage, &stage.n_lines, i);
        assert_int_equal(n_descriptors(), n_before);
    }
    close(out);
    run_until(&stage, &stage.n_closed, 1);
    stage_close(&stage);
}

/* Each byte arrives before the next is sent. */
static void must_join_pieces(enum transport transport)
{
    static const char text[] = "ab:1|c\ncd:2|c\nef:3|c";
    struct stage stage;
    int out;

    stage_open(&stage, transport, 10);
    out = client_of(&stage);
    run_until(&stage, &stage.n_opened, 1);
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        unsigned n_turns = stage.n_turns;

        say(out, (struct slice){ text + i, 1 });
        run_until(&stage, &stage.n_turns, n_turns + 1);
    }
    must_have_come(&stage, "ab:1|c/cd:2|c/");
    close(out);
    run_until(&stage, &stage.n_closed, 1);
    must_have_come(&stage, "ef:3|c/");
    stage_close(&stage);
}

static void lines_may_come_in_pieces(void **state)
{
    must_join_pieces(TCP);
    must_join_pieces(UNIX);
}

/* If a peer shuts down its side, its last line is complete. */
static void the_end_ends_the_last_line(void **state)
{
    struct stage stage;
    int out;

    stage_open(&stage, TCP, 10);
    out = client_of(&stage);
    say(out, SLICE("a:1|c\nb:2|c"));
    assert_int_equal(shutdown(out, SHUT_WR), 0);
    run_until(&stage, &stage.n_closed, 1);
    must_have_come(&stage, "a:1|c/b:2|c/");
    must_be_closed(out);
    close(out);
    stage_close(&stage);
}

static void a_connection_may_bring_nothing(void **state)
{
    struct stage stage;

    stage_open(&stage, TCP, 10);
    close(client_of(&stage));
    run_until(&stage, &stage.n_closed, 1);
    close(client_of(&stage));
    run_until(&stage, &stage.n_closed, 2);
    must_have_come(&stage, "");
    assert_int_equal(stage.n_opened, 2);
    stage_close(&stage);
}

/* A thread sends this, as the socket's buffers cannot hold all of it. */
struct speech {
    uv_thread_t thread;
    int out;
    char *text;
    size_t len;
};

static void speak(void *ctx)
{
    const struct speech *speech = ctx;
    ssize_t n = 0;

    for (size_t sent = 0; sent < speech->len && n >= 0; sent += (size_t)n)
        n = send(speech->out, speech->text + sent, speech->len - sent, MSG_NOSIGNAL);
}

/* @len bytes, all of them 'x', which a case can change before the thread begins. */
static void speech_init(struct speech *speech, const struct stage *stage, size_t len)
{
    *speech = (struct speech){ .out = client_of(stage), .text = malloc(len), .len = len };
    assert_non_null(speech->text);
    memset(speech->text, 'x', len);
}

static void speech_begin(struct speech *speech)
{
    assert_int_equal(uv_thread_create(&speech->thread, speak, speech), 0);
}

static void speech_end(struct speech *speech)
{
    uv_thread_join(&speech->thread);
    close(speech->out);
    free(speech->text);
}

static void must_receive_flood(enum transport transport)
{
    struct speech speech;
    struct stage stage;

    stage_open(&stage, transport, 10);
    speech_init(&speech, &stage, 12 * 500000);
    for (size_t i = 11; i < speech.len; i += 12)
        speech.text[i] = '\n';
    speech_begin(&speech);
    run_until(&stage, &stage.n_lines, 500000);
    speech_end(&speech);
    run_until(&stage, &stage.n_closed, 1);
    assert_int_equal(stage.n_lines, 500000);
    assert_int_equal(stage.n_refused, 0);
    stage_close(&stage);
}

static void a_flood_comes_whole(void **state)
{
    must_receive_flood(TCP);
    must_receive_flood(UNIX);
}

/* @n times 'x', and another line. */
static void must_receive_long_line(size_t n, const char *expected, unsigned n_lines)
{
    struct speech speech;
    struct stage stage;

    stage_open(&stage, TCP, 10);
    speech_init(&speech, &stage, n + 7);
    memcpy(speech.text + n, "\nb:2|c\n", 7);
    speech_begin(&speech);
    run_until(&stage, &stage.n_lines, n_lines);
    must_have_come(&stage, expected);
    assert_int_equal(stage.n_closed, 0);
    speech_end(&speech);
    run_until(&stage, &stage.n_closed, 1);
    must_have_come(&stage, "");
    stage_close(&stage);
}

static void a_line_over_the_limit_is_skipped_and_the_connection_stays(void **state)
{
    must_receive_long_line(65536, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/b:2|c/", 2);
    must_receive_long_line(65537, "!b:2|c/", 1);
    must_receive_long_line(3000000, "!b:2|c/", 1);
}

/* --- frames --------------------------------------------------------------------------------- */

static void receives_frames_where_they_are_allowed(void **state)
{
    struct stage stage;
    int out;

    stage_open(&stage, UNIX, 10);
    out = client_of(&stage);
    say(out, SLICE("\5\0\0\0a:1|c\13\0\0\0b:2|c\nc:3"));
    run_until(&stage, &stage.n_lines, 2);
    say(out, SLICE("|c"));
    run_until(&stage, &stage.n_lines, 3);
    must_have_come(&stage, "a:1|c/b:2|c/c:3|c/");
    close(out);
    run_until(&stage, &stage.n_closed, 1);
    must_have_come(&stage, "");
    stage_close(&stage);
}

static void a_frame_that_is_cut_off_is_refused(void **state)
{
    struct stage stage;
    int out;

    stage_open(&stage, UNIX, 10);
    out = client_of(&stage);
    say(out, SLICE("\5\0\0\0a:1|c\5\0\0\0a:1"));
    close(out);
    run_until(&stage, &stage.n_closed, 1);
    must_have_come(&stage, "a:1|c/?");
    stage_close(&stage);
}

/* No sender sends them over TCP. */
static void over_tcp_they_are_lines(void **state)
{
    struct stage stage;
    int out;

    stage_open(&stage, TCP, 10);
    out = client_of(&stage);
    say(out, SLICE("\5\1\1\0a:1|c\n"));
    run_until(&stage, &stage.n_lines, 1);
    assert_int_equal(stage.log_len, 10);
    assert_memory_equal(stage.log, "\5\1\1\0a:1|c/", 10);
    close(out);
    stage_close(&stage);
}

/* --- many ----------------------------------------------------------------------------------- */

#define N_CLIENTS 200

static void must_receive_from_many(enum transport transport)
{
    static int out[N_CLIENTS];
    struct stage stage;
    char text[32];

    stage_open(&stage, transport, N_CLIENTS);
    for (unsigned i = 0; i < N_CLIENTS; i++) {
        out[i] = client_of(&stage);
        say(out[i], SLICE("a:1"));
        run_until(&stage, &stage.n_opened, i + 1);
    }
    for (unsigned i = 0; i < N_CLIENTS; i++)
        say(out[i], (struct slice){ text, (size_t)snprintf(text, sizeof(text), "%u|c\nb", i) });
    run_until(&stage, &stage.n_lines, N_CLIENTS);
    assert_int_equal(places_count(stage.places), N_CLIENTS);
    for (unsigned i = 0; i < N_CLIENTS; i += 2)
        close(out[i]);
    run_until(&stage, &stage.n_closed, N_CLIENTS / 2);
    assert_int_equal(places_count(stage.places), N_CLIENTS / 2);
    assert_int_equal(stage.n_lines, N_CLIENTS + N_CLIENTS / 2);
    assert_int_equal(stage.n_refused, 0);
    for (unsigned i = 1; i < N_CLIENTS; i += 2)
        say(out[i], SLICE(":1|c\n"));
    run_until(&stage, &stage.n_lines, 2 * N_CLIENTS);
    for (unsigned i = 1; i < N_CLIENTS; i += 2)
        close(out[i]);
    run_until(&stage, &stage.n_closed, N_CLIENTS);
    stage_close(&stage);
}

static void many_connections_do_not_mix(void **state)
{
    must_receive_from_many(TCP);
    must_receive_from_many(UNIX);
}

/* Like two workers, but in one loop, which wants a descriptor for each. */
static void several_may_accept_from_one_socket(void **state)
{
    struct connections *second;
    struct stage stage;
    int out[20], fd;

    stage_open(&stage, TCP, 20);
    stage.options.fd = fd = dup(stage.fd);
    open_connections(&stage, &second);
    for (unsigned i = 0; i < 20; i++) {
        out[i] = client_of(&stage);
        say(out[i], SLICE("a:1|c\n"));
    }
    run_until(&stage, &stage.n_lines, 20);
    assert_int_equal(places_count(stage.places), 20);
    /* One more takes the place of another, whose worker may be another too. */
    close(client_of(&stage));
    run_until(&stage, &stage.n_closed, 2);
    assert_int_equal(stage.n_ends[CONNECTION_END_EVICTED], 1);
    connections_close(second);
    assert_int_equal(places_count(stage.places), stage.n_opened - stage.n_closed);
    for (unsigned i = 0; i < 20; i++)
        close(out[i]);
    run_until(&stage, &stage.n_closed, 21);
    stage_close(&stage);
    close(fd);
}

/* Bind another socket to the stage's path, from which the file has disappeared. */
static int bind_again(struct stage *stage)
{
    const struct unix_permissions permissions = { 0600, (uid_t)-1, (gid_t)-1 };
    int fd;

    unlink(stage->path);
    fd = unix_bind(stage->path, SOCK_STREAM, &permissions, &stage->file);
    assert_true(fd >= 0);
    return fd;
}

static void a_listening_socket_can_be_replaced(void **state)
{
    struct stage stage;
    int before, waiting, after, new_fd;

    stage_open(&stage, UNIX, 10);
    before = client_of(&stage);
    say(before, SLICE("a:1|c\nb:"));
    run_until(&stage, &stage.n_lines, 1);
    waiting = client_of(&stage);
    new_fd = bind_again(&stage);
    connections_replace(stage.connections, new_fd);
    assert_int_equal(stage.n_opened, 2);
    assert_int_equal(fcntl(new_fd, F_GETFD), -1);
    assert_true(fcntl(stage.fd, F_GETFD) & FD_CLOEXEC);
    after = client_of(&stage);
    say(waiting, SLICE("c:3|c\n"));
    run_until(&stage, &stage.n_lines, 2);
    say(after, SLICE("d:4|c\n"));
    run_until(&stage, &stage.n_lines, 3);
    say(before, SLICE("2|c\n"));
    run_until(&stage, &stage.n_lines, 4);
    must_have_come(&stage, "a:1|c/c:3|c/d:4|c/b:2|c/");
    close(before);
    close(waiting);
    close(after);
    run_until(&stage, &stage.n_closed, 3);
    stage_close(&stage);
}

/* Like several workers: the first replaces the socket, and the other only watches it anew. */
static void another_accepts_from_the_new_socket_too(void **state)
{
    struct connections *other;
    struct stage stage;
    struct turn turn;
    uv_loop_t loop;
    int out;

    stage_open(&stage, UNIX, 10);
    assert_int_equal(uv_loop_init(&loop), 0);
    turn_open(&turn, &loop, &stage, on_turn_end);
    stage.options.turn = &turn;
    assert_int_equal(connections_open(&other, &loop, &stage.options), 0);
    connections_start(other);
    uv_run(&loop, UV_RUN_NOWAIT);
    connections_replace(stage.connections, bind_again(&stage));
    connections_replace(other, -1);
    /* Only the other one's loop runs. */
    out = client_of(&stage);
    say(out, SLICE("a:1|c\n"));
    while (stage.n_lines < 1)
        uv_run(&loop, UV_RUN_ONCE);
    must_have_come(&stage, "a:1|c/");
    close(out);
    connections_close(other);
    turn_close(&turn);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    stage_close(&stage);
}

/* --- ends ----------------------------------------------------------------------------------- */

static void a_reset_ends_the_connection_alone(void **state)
{
    struct stage stage;
    int out[2];

    stage_open(&stage, TCP, 10);
    out[0] = client_of(&stage);
    out[1] = client_of(&stage);
    say(out[0], SLICE("a:1|c\nb:2"));
    run_until(&stage, &stage.n_lines, 1);
    run_until(&stage, &stage.n_opened, 2);
    reset(out[0]);
    run_until(&stage, &stage.n_closed, 1);
    must_have_come(&stage, "a:1|c/?");
    say(out[1], SLICE("c:3|c\n"));
    run_until(&stage, &stage.n_lines, 2);
    reset(out[1]);
    run_until(&stage, &stage.n_closed, 2);
    must_have_come(&stage, "c:3|c/");
    stage_close(&stage);
}

/* Refused once, as line_limit, and not again as malformed_line. */
static void a_reset_in_a_line_that_is_too_long_refuses_nothing_more(void **state)
{
    static char text[20000];
    struct stage stage;
    int out;

    memset(text, 'x', sizeof(text));
    stage_open(&stage, TCP, 10);
    out = client_of(&stage);
    for (unsigned i = 0; i < 5; i++) {
        unsigned n_turns = stage.n_turns;

        say(out, (struct slice){ text, sizeof(text) });
        run_until(&stage, &stage.n_turns, n_turns + 1);
    }
    must_have_come(&stage, "!");
    reset(out);
    run_until(&stage, &stage.n_closed, 1);
    must_have_come(&stage, "");
    stage_close(&stage);
}

static void closing_refuses_lines_that_have_not_ended(void **state)
{
    struct stage stage;
    int out[3];

    stage_open(&stage, TCP, 10);
    for (unsigned i = 0; i < 3; i++)
        out[i] = client_of(&stage);
    say(out[0], SLICE("a:1|c\nb:2"));
    say(out[1], SLICE("a:1|c\n"));
    run_until(&stage, &stage.n_lines, 2);
    run_until(&stage, &stage.n_opened, 3);
    assert_int_equal(stage.n_refused, 0);
    stage_close(&stage);
    assert_int_equal(stage.n_refused, 1);
    assert_int_equal(stage.n_closed, 3);
    for (unsigned i = 0; i < 3; i++) {
        must_be_closed(out[i]);
        close(out[i]);
    }
}

static void closing_refuses_a_frame_that_has_not_ended(void **state)
{
    struct stage stage;
    int out;

    stage_open(&stage, UNIX, 10);
    out = client_of(&stage);
    say(out, SLICE("\1\0\0\0a\5\0\0\0a:1"));
    run_until(&stage, &stage.n_lines, 1);
    stage_close(&stage);
    must_have_come(&stage, "a/?");
    close(out);
}

/* Each waits and has been read; what it sent is not a line, so nothing is refused. */
static void must_close_on_blanks(enum transport transport, struct slice blanks)
{
    struct stage stage;
    int out[3];

    stage_open(&stage, transport, 10);
    for (unsigned i = 0; i < 3; i++) {
        unsigned n_turns;

        out[i] = client_of(&stage);
        run_until(&stage, &stage.n_opened, i + 1);
        n_turns = stage.n_turns;
        say(out[i], blanks);
        run_until(&stage, &stage.n_turns, n_turns + 1);
    }
    close(out[0]);
    run_until(&stage, &stage.n_closed, 1);
    if (transport == TCP)
        reset(out[1]);
    else
        close(out[1]);
    run_until(&stage, &stage.n_closed, 2);
    stage_close(&stage);
    must_have_come(&stage, "");
    assert_int_equal(stage.n_lines, 0);
    assert_int_equal(stage.n_refused, 0);
    close(out[2]);
}

static void blanks_that_wait_are_no_line_and_no_error(void **state)
{
    static const char *const blanks[] = { " ", "\n", "\n\n", " \n\t", "\r\n \t", "\n\n\n\n\n  " };

    for (size_t i = 0; i < ARRAY_SIZE(blanks); i++) {
        must_close_on_blanks(TCP, slice_of(blanks[i]));
        must_close_on_blanks(UNIX, slice_of(blanks[i]));
    }
}

static void may_be_closed_before_anybody_came(void **state)
{
    struct stage stage;

    stage_open(&stage, TCP, 10);
    stage_close(&stage);
    assert_int_equal(stage.n_opened, 0);
}

/* They wait in the kernel, as the loop has not run. */
static void may_be_closed_while_a_connection_waits(void **state)
{
    struct stage stage;
    int out;

    stage_open(&stage, TCP, 10);
    out = client_of(&stage);
    say(out, SLICE("a:1|c\n"));
    stage_close(&stage);
    close(out);
}

static void closing_nothing_is_fine(void **state)
{
    connections_close(NULL);
}

static void the_listening_socket_stays_the_callers(void **state)
{
    struct stage stage;
    int out;

    stage_open(&stage, TCP, 10);
    connections_close(stage.connections);
    run_for(&stage, 1);
    out = client_of(&stage);
    open_connections(&stage, &stage.connections);
    say(out, SLICE("a:1|c\n"));
    run_until(&stage, &stage.n_lines, 1);
    close(out);
    stage_close(&stage);
}

static void what_cannot_be_watched_is_an_error(void **state)
{
    struct connections *connections;
    struct stage stage;
    int fd;

    stage_open(&stage, TCP, 10);
    fd = stage.options.fd;
    stage.options.fd = -1;
    assert_true(connections_open(&connections, &stage.loop, &stage.options) < 0);
    stage.options.fd = fd;
    stage_close(&stage);
}

/* --- draining ------------------------------------------------------------------------------- */

static void must_drain(enum transport transport)
{
    struct stage stage;
    int out[20];

    stage_open(&stage, transport, 20);
    for (unsigned i = 0; i < 10; i++) {
        out[i] = client_of(&stage);
        run_until(&stage, &stage.n_opened, i + 1);
    }
    for (unsigned i = 10; i < 20; i++)
        out[i] = client_of(&stage);
    for (unsigned i = 0; i < 20; i++)
        say(out[i], SLICE("a:1|c\nb:2|c\nc"));
    drain(&stage, INT64_MAX);
    assert_false(stage.is_in_turn);
    assert_int_equal(stage.n_opened, 20);
    assert_int_equal(stage.n_lines, 40);
    for (unsigned i = 0; i < 20; i++)
        close(out[i]);
    drain(&stage, INT64_MAX);
    assert_int_equal(stage.n_lines, 60);
    assert_int_equal(stage.n_closed, 20);
    stage_close(&stage);
    assert_int_equal(stage.n_refused, 0);
}

static void a_drain_takes_in_what_has_arrived(void **state)
{
    must_drain(TCP);
    must_drain(UNIX);
}

static void a_drain_accepts_all_that_wait(void **state)
{
    struct stage stage;
    int out[100];

    stage_open(&stage, TCP, 100);
    for (unsigned i = 0; i < 100; i++) {
        out[i] = client_of(&stage);
        say(out[i], SLICE("a:1|c\n"));
    }
    drain(&stage, INT64_MAX);
    assert_int_equal(stage.n_opened, 100);
    assert_int_equal(stage.n_lines, 100);
    stage_close(&stage);
    for (unsigned i = 0; i < 100; i++)
        close(out[i]);
}

/* The end of the connection has arrived too, and it ends the last line. */
static void a_drain_takes_in_the_end_too(void **state)
{
    for (enum transport transport = TCP; transport <= UNIX; transport++) {
        struct stage stage;
        int out;

        stage_open(&stage, transport, 10);
        out = client_of(&stage);
        say(out, SLICE("a:1|c\nb:2|c"));
        close(out);
        drain(&stage, INT64_MAX);
        must_have_come(&stage, "a:1|c/b:2|c/");
        assert_int_equal(stage.n_closed, 1);
        stage_close(&stage);
    }
}

/* However much there is, other connections must be drained too, so the rest may come later. */
static void a_drain_ends_when_its_time_is_over(void **state)
{
    static char text[32 << 20];
    int bytes = 2 * (int)sizeof(text);
    struct stage stage;
    ssize_t sent;
    int out;

    stage_open(&stage, UNIX, 10);
    out = client_of(&stage);
    /* Only root may make a socket hold so much. */
    if (setsockopt(out, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0) {
        close(out);
        stage_close(&stage);
        skip();
    }
    memset(text, 'x', sizeof(text));
    for (size_t i = 7; i < sizeof(text); i += 8)
        text[i] = '\n';
    sent = send(out, text, sizeof(text), MSG_DONTWAIT | MSG_NOSIGNAL);
    assert_true(sent > 16 << 20);
    /* With no time left, no connection is read. With a little time, one is, in part. */
    drain(&stage, 0);
    assert_int_equal(stage.n_lines, 0);
    do
        drain(&stage, clock_monotonic_ns() + 100000);
    while (stage.n_lines == 0); /* its time was over before it began */
    assert_in_range(8 * stage.n_lines, 1, (uintmax_t)sent - 1);
    run_until(&stage, &stage.n_lines, (unsigned)sent / 8);
    close(out);
    run_until(&stage, &stage.n_closed, 1);
    stage_close(&stage);
}

/* --- no descriptors left -------------------------------------------------------------------- */

static struct rlimit limit_before;

/* From here on, no file can be opened. */
static void take_all_descriptors(void)
{
    struct rlimit limit;
    int next = dup(0);

    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit_before), 0);
    limit = limit_before;
    limit.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(dup(0), -1);
}

static void give_descriptors_back(void)
{
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit_before), 0);
}

/*
 * Connections that wait keep the listening socket readable. This must not keep the loop busy or
 * slow down the connections that are open. They are accepted as soon as possible.
 */
static void without_descriptors_it_waits_until_there_are_some(void **state)
{
    struct stage stage;
    unsigned n_turns;
    int out[2];

    stage_open(&stage, TCP, 10);
    out[0] = client_of(&stage);
    run_until(&stage, &stage.n_opened, 1);
    out[1] = client_of(&stage);
    take_all_descriptors();
    n_turns = stage.n_turns;
    run_for(&stage, 150);
    say(out[0], SLICE("a:1|c\n"));
    run_until(&stage, &stage.n_lines, 1);
    n_turns = stage.n_turns - n_turns;
    give_descriptors_back();

    assert_true(n_turns >= 2);
    assert_true(n_turns < 20);
    assert_int_equal(stage.n_opened, 1);
    say(out[1], SLICE("b:2|c\n"));
    run_until(&stage, &stage.n_lines, 2);
    must_have_come(&stage, "a:1|c/b:2|c/");
    close(out[0]);
    close(out[1]);
    run_until(&stage, &stage.n_closed, 2);
    stage_close(&stage);
}

static void it_may_be_closed_while_it_waits_for_some(void **state)
{
    struct stage stage;
    int out;

    stage_open(&stage, TCP, 10);
    out = client_of(&stage);
    take_all_descriptors();
    run_until(&stage, &stage.n_turns, 1);
    stage_close(&stage);
    give_descriptors_back();
    assert_int_equal(stage.n_opened, 0);
    close(out);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(receives_lines),
        CASE(descriptors_are_not_installed),
        CASE(lines_may_come_in_pieces),
        CASE(the_end_ends_the_last_line),
        CASE(a_connection_may_bring_nothing),
        CASE(a_flood_comes_whole),
        CASE(a_line_over_the_limit_is_skipped_and_the_connection_stays),
        CASE(receives_frames_where_they_are_allowed),
        CASE(a_frame_that_is_cut_off_is_refused),
        CASE(over_tcp_they_are_lines),
        CASE(many_connections_do_not_mix),
        CASE(several_may_accept_from_one_socket),
        CASE(a_listening_socket_can_be_replaced),
        CASE(another_accepts_from_the_new_socket_too),
        CASE(a_reset_ends_the_connection_alone),
        CASE(a_reset_in_a_line_that_is_too_long_refuses_nothing_more),
        CASE(closing_refuses_lines_that_have_not_ended),
        CASE(closing_refuses_a_frame_that_has_not_ended),
        CASE(blanks_that_wait_are_no_line_and_no_error),
        CASE(may_be_closed_before_anybody_came),
        CASE(may_be_closed_while_a_connection_waits),
        CASE(closing_nothing_is_fine),
        CASE(the_listening_socket_stays_the_callers),
        CASE(what_cannot_be_watched_is_an_error),
        CASE(a_drain_takes_in_what_has_arrived),
        CASE(a_drain_accepts_all_that_wait),
        CASE(a_drain_takes_in_the_end_too),
        CASE(a_drain_ends_when_its_time_is_over),
        CASE(without_descriptors_it_waits_until_there_are_some),
        CASE(it_may_be_closed_while_it_waits_for_some),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
