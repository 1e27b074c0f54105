/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Server: clients that are too slow, or too many
 */

#include "http_client.h"

#include "http/round.h"

#include <limits.h>
#include <sched.h>

#define SHORT_NS (CLOCK_NS_PER_S / 2)
#define LONG_BYTES (32 << 20)

struct stream {
    struct http_stream base;
    size_t n_left;
};

static long read_stream(struct http_stream *base, char *out, size_t max)
{
    struct stream *stream = CONTAINER_OF(base, struct stream, base);
    size_t n = stream->n_left < max ? stream->n_left : max;

    memset(out, 'x', n);
    stream->n_left -= n;
    return (long)n;
}

static void close_stream(struct http_stream *base, bool is_sent)
{
    atomic_fetch_add(&n_closed, 1);
    free(CONTAINER_OF(base, struct stream, base));
}

static void respond_long(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct stream *stream = calloc(1, sizeof(*stream));

    *stream = (struct stream){ { .read = read_stream, .close = close_stream }, LONG_BYTES };
    reply_stream(reply, "text/x-stream", &stream->base);
    atomic_fetch_add(&n_opened, 1);
}

static _Atomic unsigned n_pieces;

/* A piece of work takes a round, and there is nothing to send yet. */
static long read_busy(struct http_stream *base, char *out, size_t max)
{
    int64_t end_ns = clock_monotonic_ns() + ROUND_NS;

    while (clock_monotonic_ns() < end_ns)
        ;
    atomic_fetch_add(&n_pieces, 1);
    return -EINPROGRESS;
}

static void respond_busy(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct stream *stream = calloc(1, sizeof(*stream));

    *stream = (struct stream){ { .read = read_busy, .close = close_stream }, 0 };
    reply_stream(reply, "text/x-stream", &stream->base);
    atomic_fetch_add(&n_opened, 1);
}

static void respond_short(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    reply_text(reply, 200, SLICE("short\n"));
}

static const struct http_route routes[] = {
    { "/short", HTTP_READ, 0, respond_short, NULL, false },
    { "/limited", HTTP_READ, 0, respond_short, NULL, true },
    { "/long", HTTP_READ, 0, respond_long, NULL, true },
    { "/busy", HTTP_READ, 0, respond_busy, NULL, true },
    { "/write", HTTP_POST, 10, respond_short, NULL, false },
};

static struct http_server_options options;

static void start(void)
{
    assert_int_equal(start_server_with(&options), 0);
}

static int begin(void **state)
{
    options = server_options(routes, ARRAY_SIZE(routes));
    return 0;
}

/* Wait until the server ends the connection. Returns 0, or ECONNRESET. */
static int wait_for_end(int fd)
{
    static char block[65536];
    ssize_t n;

    do
        n = recv(fd, block, sizeof(block), 0);
    while (n > 0);
    assert_true(n == 0 || errno == ECONNRESET);
    return n == 0 ? 0 : errno;
}

/* It is counted by another thread, maybe after the client has seen it. */
static void wait_for_closes(enum http_close cause, uint64_t n)
{
    int64_t deadline_ns = clock_monotonic_ns() + DEADLINE_MS * CLOCK_NS_PER_MS;

    while (atomic_load(&stats.n_closed[cause]) < n && clock_monotonic_ns() < deadline_ns)
        sched_yield();
    assert_int_equal(atomic_load(&stats.n_closed[cause]), n);
}

static void assert_short_page(const char *request)
{
    CLEANUP(free_answer) struct answer answer = ask(request);

    assert_has(&answer, " 200 ");
}

/* A client whose kernel takes little that it does not read itself. */
static int connect_slowly(void)
{
    int fd = connect_to_server(), bytes = 4096;

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    return fd;
}

static void a_head_that_never_ends_is_not_waited_for(void **state)
{
    static const char *const heads[] = { "", "GET", "GET /short HTTP/1.1\r\nX: y\r\n" };
    int fds[ARRAY_SIZE(heads)];

    options.head_max_ns = SHORT_NS;
    start();
    for (unsigned i = 0; i < ARRAY_SIZE(heads); i++) {
        fds[i] = connect_to_server();
        send_text(fds[i], heads[i]);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(heads); i++) {
        (void)wait_for_end(fds[i]);
        close(fds[i]);
    }
    wait_for_closes(HTTP_CLOSE_HEAD, ARRAY_SIZE(heads));
}

/* A byte now and then does not help. */
static void a_head_that_trickles_is_not_waited_for(void **state)
{
    bool has_ended = false;
    int fd;

    options.head_max_ns = SHORT_NS;
    start();
    fd = connect_to_server();
    send_text(fd, "GET /short HTTP/1.1\r\nX: ");
    for (unsigned i = 0; i < DEADLINE_MS / 20 && !has_ended; i++) {
        struct pollfd polled = { .fd = fd, .events = POLLIN };

        has_ended = poll(&polled, 1, 20) > 0;
        if (!has_ended)
            (void)!send(fd, "x", 1, MSG_NOSIGNAL);
    }
    assert_true(has_ended);
    close(fd);
    wait_for_closes(HTTP_CLOSE_HEAD, 1);
}

static void a_body_that_trickles_is_not_waited_for(void **state)
{
    int fd;

    options.answer_max_ns = SHORT_NS;
    start();
    fd = connect_to_server();
    send_text(fd, "POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello");
    (void)wait_for_end(fd);
    close(fd);
    wait_for_closes(HTTP_CLOSE_ANSWER, 1);
}

static void an_answer_that_is_not_read_is_reset(void **state)
{
    int fd;

    options.answer_max_ns = SHORT_NS;
    start();
    fd = connect_slowly();
    send_text(fd, "GET /long" KEEPING);
    wait_for(&n_closed, 1);
    assert_int_equal(wait_for_end(fd), ECONNRESET);
    close(fd);
    wait_for_closes(HTTP_CLOSE_ANSWER, 1);
}

static void more_requests_than_allowed_get_503(void **state)
{
    int fds[2];

    options.max_requests = ARRAY_SIZE(fds);
    start();
    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++) {
        CLEANUP(free_answer) struct answer answer = { 0 };

        fds[i] = connect_slowly();
        send_text(fds[i], "GET /long" KEEPING);
        answer = receive(fds[i], has_head);
        assert_has(&answer, " 200 ");
    }
    {
        CLEANUP(free_answer) struct answer answer = ask("GET /limited" CLOSING);

        assert_has(&answer, " 503 ");
        assert_has(&answer, "Retry-After: 1\r\n");
    }
    assert_int_equal(stats.n_refused, 1);
    assert_int_equal(stats.n_in_flight, 2);
    assert_short_page("GET /short" CLOSING);
    close(fds[0]);
    wait_for(&n_closed, 1);
    assert_short_page("GET /limited" CLOSING);
    close(fds[1]);
}

static void one_that_has_stalled_gives_way(void **state)
{
    int64_t deadline_ns = clock_monotonic_ns() + DEADLINE_MS * CLOCK_NS_PER_MS;
    bool is_refused = true;
    int fd;

    options.max_requests = 1;
    start();
    fd = connect_slowly();
    send_text(fd, "GET /long" KEEPING);
    wait_for(&n_opened, 1);
    while (is_refused && clock_monotonic_ns() < deadline_ns) {
        CLEANUP(free_answer) struct answer answer = ask("GET /limited" CLOSING);

        is_refused = strstr(answer.text, " 503 ");
    }
    assert_false(is_refused);
    wait_for(&n_closed, 1);
    assert_int_equal(wait_for_end(fd), ECONNRESET);
    close(fd);
    wait_for_closes(HTTP_CLOSE_STALLED, 1);
}

#define N_BUSY 8

/*
 * The least pieces of work while a page is answered, of several times. The connection stands
 * before, because the time to make one is also that of other threads.
 */
static unsigned count_pieces_beside(const char *request)
{
    int fd = connect_to_server();
    unsigned least = UINT_MAX;

    for (unsigned i = 0; i < 5; i++) {
        CLEANUP(free_answer) struct answer answer = { 0 };
        unsigned before = atomic_load(&n_pieces), n;

        send_text(fd, request);
        answer = receive(fd, has_length);
        n = atomic_load(&n_pieces) - before;
        assert_has(&answer, " 200 ");
        least = n < least ? n : least;
    }
    close(fd);
    return least;
}

static void a_page_waits_for_a_round_only(void **state)
{
    int fds[N_BUSY];

    start();
    atomic_store(&n_pieces, 0);
    for (unsigned i = 0; i < N_BUSY; i++) {
        fds[i] = connect_to_server();
        send_text(fds[i], "GET /busy" KEEPING);
    }
    while (atomic_load(&n_pieces) < 2 * N_BUSY)
        sched_yield();
    assert_in_range(count_pieces_beside("GET /short" KEEPING), 0, 4);
    /* A handler that may take long has its turn, like the pieces. */
    assert_in_range(count_pieces_beside("GET /limited" KEEPING), 2, 4 * N_BUSY);
    for (unsigned i = 0; i < N_BUSY; i++)
        close(fds[i]);
}

static void connections_beyond_the_limit_replace_the_first(void **state)
{
    int fds[5];

    options.max_address_connections = 3;
    start();
    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
        fds[i] = connect_to_server();
    for (unsigned i = 0; i < 2; i++)
        (void)wait_for_end(fds[i]);
    wait_for_closes(HTTP_CLOSE_EVICTED, 2);
    assert_short_page("GET /short" CLOSING); /* and the third goes */
    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
}

#define LIMITS_CASE(name) cmocka_unit_test_setup_teardown(name, begin, stop_case)

int main(void)
{
    const struct CMUnitTest cases[] = {
        LIMITS_CASE(a_head_that_never_ends_is_not_waited_for),
        LIMITS_CASE(a_head_that_trickles_is_not_waited_for),
        LIMITS_CASE(a_body_that_trickles_is_not_waited_for),
        LIMITS_CASE(an_answer_that_is_not_read_is_reset),
        LIMITS_CASE(more_requests_than_allowed_get_503),
        LIMITS_CASE(one_that_has_stalled_gives_way),
        LIMITS_CASE(a_page_waits_for_a_round_only),
        LIMITS_CASE(connections_beyond_the_limit_replace_the_first),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
