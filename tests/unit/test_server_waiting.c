/* SPDX-License-Identifier: Apache-2.0 */

#include "http_client.h"

#include <poll.h>

#define MANY_WAKES 20000
#define MANY_WATCHERS 50

/* --- pages: a feed, which goes on when the test says so, and a stream without end ----------- */

static _Atomic size_t n_fed;
static _Atomic bool has_ended;
static _Atomic unsigned n_reads;

struct watcher {
    struct http_stream stream;
    size_t n; /* bytes of the feed that it has received */
};

static void fill(char *out, size_t from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (char)('a' + (from + i) % 26);
}

static long read_feed(struct http_stream *stream, char *out, size_t max)
{
    struct watcher *watcher = CONTAINER_OF(stream, struct watcher, stream);
    bool is_last = atomic_load(&has_ended);
    size_t n = atomic_load(&n_fed) - watcher->n;

    atomic_fetch_add(&n_reads, 1);
    if (n == 0)
        return is_last ? 0 : -EAGAIN;
    if (n > max)
        n = max;
    fill(out, watcher->n, n);
    watcher->n += n;
    return (long)n;
}

static long read_endless(struct http_stream *stream, char *out, size_t max)
{
    fill(out, 0, max);
    return (long)max;
}

static void close_watcher(struct http_stream *stream, bool is_sent)
{
    free(CONTAINER_OF(stream, struct watcher, stream));
    atomic_fetch_add(&n_closed, 1);
}

static void reply_watcher(struct http_reply *reply,
                          long (*read)(struct http_stream *stream, char *out, size_t max))
{
    struct watcher *watcher = calloc(1, sizeof(*watcher));

    if (!watcher)
        return; /* called on another thread, where assertions must not fail */
    watcher->stream = (struct http_stream){ .read = read, .close = close_watcher };
    reply_stream(reply, "text/x-feed", &watcher->stream);
    atomic_fetch_add(&n_opened, 1);
}

static void respond_feed(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    reply_watcher(reply, read_feed);
}

static void respond_endless(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    reply_watcher(reply, read_endless);
}

/* Replies once the feed has ended, with the query's value, which is decoded anew each time. */
static void respond_later(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    atomic_fetch_add(&n_reads, 1);
    if (!atomic_load(&has_ended))
        reply_later(reply, request->ticket + 1);
    else if (request->ticket && slice_equal(request_query(request, "a"), SLICE("%41")))
        reply_text(reply, 418, SLICE("later\n"));
    else
        reply_text(reply, 400, SLICE("wrong\n"));
}

static void respond_short(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    reply_text(reply, 200, SLICE("short\n"));
}

static const struct http_route routes[] = {
    { "/feed", HTTP_READ, 0, respond_feed, NULL, false },
    { "/endless", HTTP_READ, 0, respond_endless, NULL, false },
    { "/short", HTTP_READ, 0, respond_short, NULL, false },
    { "/later", HTTP_POST, 8, respond_later, NULL, false },
};

/* --- what is done and expected -------------------------------------------------------------- */

static void feed(size_t n)
{
    atomic_fetch_add(&n_fed, n);
    server_wake(server);
}

static void end_feed(void)
{
    atomic_store(&has_ended, true);
    server_wake(server);
}

/* Connect, and open a stream that has been read once and now waits. */
static int watch(const char *request)
{
    unsigned n = atomic_load(&n_reads);
    int fd = connect_to_server();
    CLEANUP(free_answer) struct answer answer = { 0 };

    send_text(fd, request);
    answer = receive(fd, has_head);
    assert_has(&answer, "HTTP/1.1 200 ");
    assert_string_equal(answer.body, "");
    wait_for(&n_reads, n + 1);
    return fd;
}

static void expect(int fd, const char *text)
{
    char got[128] = "";
    size_t len = strlen(text);

    assert_true(len < sizeof(got));
    assert_int_equal(recv(fd, got, len, MSG_WAITALL), len);
    assert_string_equal(got, text);
}

static void expect_closed(int fd)
{
    char byte;

    assert_true(recv(fd, &byte, 1, 0) <= 0);
    close(fd);
}

/* --- cases ---------------------------------------------------------------------------------- */

static void a_stream_that_waits_goes_on_when_it_is_woken(void **state)
{
    int fd = watch("GET /feed" KEEPING);

    feed(5);
    expect(fd, "5\r\nabcde\r\n");
    feed(3);
    expect(fd, "3\r\nfgh\r\n");
    server_wake(server); /* without news */
    feed(1);
    expect(fd, "1\r\ni\r\n");
    end_feed();
    expect(fd, "0\r\n\r\n");
    /* And the connection works as before. */
    send_text(fd, "GET /short" CLOSING);
    expect(fd, "HTTP/1.1 200 OK\r\n");
    close(fd);
}

static void an_old_client_can_watch_too(void **state)
{
    int fd = watch("GET /feed HTTP/1.0\r\n\r\n");

    feed(5);
    expect(fd, "abcde");
    feed(3);
    expect(fd, "fgh");
    end_feed();
    expect_closed(fd);
}

static void a_stream_that_waits_takes_no_time(void **state)
{
    int fd = watch("GET /feed" KEEPING);
    unsigned n = atomic_load(&n_reads);

    for (unsigned i = 0; i < 50; i++) {
        CLEANUP(free_answer) struct answer answer = ask("GET /short" CLOSING);

        assert_has(&answer, "HTTP/1.1 200 ");
    }
    assert_int_equal(atomic_load(&n_reads), n);
    close(fd);
}

/* The HTTP thread is woken again and again, just as it is about to wait. */
static void no_wake_is_lost(void **state)
{
    CLEANUP(free_answer) struct answer answer = { 0 };
    int fd = watch("GET /feed" KEEPING);
    size_t len;

    for (unsigned i = 0; i < MANY_WAKES; i++)
        feed(1);
    end_feed();
    answer = receive(fd, has_last_chunk);
    answer.body = answer.text; /* watch() has read the head */
    assert_true(unwrap(&answer, &len));
    assert_int_equal(len, MANY_WAKES);
    close(fd);
}

static void all_that_wait_are_woken(void **state)
{
    int fds[MANY_WATCHERS];

    for (unsigned i = 0; i < MANY_WATCHERS; i++)
        fds[i] = watch("GET /feed" KEEPING);
    for (unsigned turn = 0; turn < 3; turn++) {
        feed(26);
        for (unsigned i = 0; i < MANY_WATCHERS; i++)
            expect(fds[i], "1A\r\nabcdefghijklmnopqrstuvwxyz\r\n");
    }
    for (unsigned i = 0; i < MANY_WATCHERS; i++)
        close(fds[i]);
}

static void head_does_not_wait(void **state)
{
    unsigned n = atomic_load(&n_reads);
    CLEANUP(free_answer) struct answer answer = ask("HEAD /feed" CLOSING);

    assert_has(&answer, "HTTP/1.1 200 ");
    assert_string_equal(answer.body, "");
    wait_for(&n_closed, 1);
    assert_int_equal(atomic_load(&n_reads), n);
}

static void a_stream_without_end_ends_with_its_client(void **state)
{
    int fd = connect_to_server();
    char piece[65536];
    size_t n = 0;

    send_text(fd, "GET /endless" KEEPING);
    while (n < 32 << 20) {
        ssize_t got = recv(fd, piece, sizeof(piece), 0);

        assert_true(got > 0);
        n += (size_t)got;
    }
    assert_int_equal(atomic_load(&n_closed), 0);
    close(fd);
    wait_for(&n_closed, 1);
}

/* The server notices it when the stream has something to send. */
static void a_stream_that_waits_ends_with_its_client(void **state)
{
    int64_t deadline_ns = clock_monotonic_ns() + DEADLINE_MS * CLOCK_NS_PER_MS;
    int fd = watch("GET /feed" KEEPING);

    close(fd);
    while (atomic_load(&n_closed) == 0 && clock_monotonic_ns() < deadline_ns) {
        feed(1);
        poll(NULL, 0, 1);
    }
    assert_int_equal(atomic_load(&n_closed), 1);
}

static void stopping_ends_those_that_wait(void **state)
{
    int fds[5];

    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
        fds[i] = watch("GET /feed" KEEPING);
    stop_server();
    assert_int_equal(atomic_load(&n_closed), ARRAY_SIZE(fds));
    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
        expect_closed(fds[i]);
}

/* Some wait, some are being read, and some are about to wait. */
static void stopping_ends_those_that_are_just_woken(void **state)
{
    for (unsigned turn = 0; turn < 200; turn++) {
        int fd = watch("GET /feed" KEEPING);

        feed(1);
        stop_server();
        close(fd);
        atomic_store(&n_fed, 0);
        assert_int_equal(start_server(routes, ARRAY_SIZE(routes)), 0);
    }
}

/* Send a POST whose handler has been called once, and has no reply yet. */
static int post_for_later(void)
{
    unsigned n = atomic_load(&n_reads);
    int fd = connect_to_server();

    send_text(fd, "POST /later?a=%2541 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    wait_for(&n_reads, n + 1);
    return fd;
}

static void a_reply_may_come_later(void **state)
{
    int fd = post_for_later();

    server_wake(server);
    wait_for(&n_reads, 2);
    {
        CLEANUP(free_answer) struct answer other = ask("GET /short" CLOSING);

        assert_has(&other, "HTTP/1.1 200 ");
    }
    end_feed();
    {
        CLEANUP(free_answer) struct answer answer = receive(fd, has_length);

        assert_has(&answer, "HTTP/1.1 418 ");
        assert_string_equal(answer.body, "later\n");
    }
    close(fd);
}

static void stopping_ends_those_without_a_reply(void **state)
{
    int fds[5];

    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
        fds[i] = post_for_later();
    stop_server();
    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
        expect_closed(fds[i]);
}

static int start(void **state)
{
    atomic_store(&n_fed, 0);
    atomic_store(&has_ended, false);
    atomic_store(&n_reads, 0);
    return start_server(routes, ARRAY_SIZE(routes));
}

#define SERVER_CASE(name) cmocka_unit_test_setup_teardown(name, start, stop_case)

int main(void)
{
    const struct CMUnitTest cases[] = {
        SERVER_CASE(a_stream_that_waits_goes_on_when_it_is_woken),
        SERVER_CASE(an_old_client_can_watch_too),
        SERVER_CASE(a_stream_that_waits_takes_no_time),
        SERVER_CASE(no_wake_is_lost),
        SERVER_CASE(all_that_wait_are_woken),
        SERVER_CASE(head_does_not_wait),
        SERVER_CASE(a_stream_without_end_ends_with_its_client),
        SERVER_CASE(a_stream_that_waits_ends_with_its_client),
        SERVER_CASE(stopping_ends_those_that_wait),
        SERVER_CASE(a_reply_may_come_later),
        SERVER_CASE(stopping_ends_those_without_a_reply),
        SERVER_CASE(stopping_ends_those_that_are_just_woken),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
