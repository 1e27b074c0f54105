/* SPDX-License-Identifier: Apache-2.0 */

#include "http_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LONG_BYTES (8 << 20)

/* --- pages: a short one, a long stream, and one that breaks off ------------------------ */

struct stream {
    struct http_stream base;
    size_t n;     /* bytes written so far */
    size_t max;   /* of this many */
    bool is_good; /* or it breaks off at max */
};

/* The byte at @i of a stream: nothing repeats at the size of a block. */
static char byte_at(size_t i)
{
    return (char)('a' + i % 23);
}

static long read_stream(struct http_stream *base, char *out, size_t max)
{
    struct stream *stream = CONTAINER_OF(base, struct stream, base);
    size_t n = stream->max - stream->n;

    if (n == 0)
        return stream->is_good ? 0 : -EIO;
    if (n > max)
        n = max;
    for (size_t i = 0; i < n; i++)
        out[i] = byte_at(stream->n + i);
    stream->n += n;
    return (long)n;
}

/* Those that were sent to their end. */
static _Atomic unsigned n_sent;

static void close_stream(struct http_stream *base, bool is_sent)
{
    atomic_fetch_add(&n_sent, is_sent);
    atomic_fetch_add(&n_closed, 1);
    free(CONTAINER_OF(base, struct stream, base));
}

static void open_stream(struct http_reply *reply, size_t max, bool is_good)
{
    struct stream *stream = calloc(1, sizeof(*stream));

    *stream = (struct stream){ { .read = read_stream, .close = close_stream }, 0, max, is_good };
    reply_stream(reply, "text/x-stream", &stream->base);
    atomic_fetch_add(&n_opened, 1);
}

static void respond_short(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    reply_page(reply, 200, "text/x-short", slice_of(ctx));
}

static void respond_busy(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    reply_text(reply, 503, SLICE("busy\n"));
}

static void respond_long(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    open_stream(reply, LONG_BYTES, true);
}

static void respond_broken(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    open_stream(reply, 200000, false);
}

static void respond_empty(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    open_stream(reply, 0, true);
}

static char page[] = "a page\n";
static const struct http_route routes[] = {
    { "/short", HTTP_READ, 0, respond_short, page, false },
    { "/busy", HTTP_READ, 0, respond_busy, NULL, false },
    { "/long", HTTP_READ, 0, respond_long, NULL, false },
    { "/broken", HTTP_READ, 0, respond_broken, NULL, false },
    { "/empty", HTTP_READ, 0, respond_empty, NULL, false },
};

/* --- what is expected of streams -------------------------------------------------------- */

static void assert_stream(const char *body, size_t len, size_t expected)
{
    assert_int_equal(len, expected);
    for (size_t i = 0; i < len; i++)
        if (body[i] != byte_at(i))
            fail_msg("byte %zu is %d", i, body[i]);
}

/* Streams are closed on another thread. */
static void wait_for_closed(unsigned n)
{
    wait_for(&n_closed, n);
    assert_int_equal(atomic_load(&n_closed), n);
}

/* --- short pages ---------------------------------------------------------------------------- */

static void get_gets_the_page(void **state)
{
    CLEANUP(free_answer) struct answer answer = ask("GET /short" CLOSING);

    assert_has(&answer, "HTTP/1.1 200 ");
    assert_has(&answer, "Content-Type: text/x-short\r\n");
    assert_has(&answer, "Content-Length: 7\r\n");
    assert_string_equal(answer.body, page);
}

static void head_gets_its_head_only(void **state)
{
    CLEANUP(free_answer) struct answer answer = ask("HEAD /short" CLOSING);

    assert_has(&answer, "HTTP/1.1 200 ");
    assert_has(&answer, "Content-Length: 7\r\n");
    assert_string_equal(answer.body, "");
}

static void a_query_does_not_change_the_page(void **state)
{
    CLEANUP(free_answer) struct answer answer = ask("GET /short?a=b&c" CLOSING);

    assert_has(&answer, "HTTP/1.1 200 ");
    assert_string_equal(answer.body, page);
}

static void a_page_has_the_status_it_says(void **state)
{
    CLEANUP(free_answer) struct answer answer = ask("GET /busy" CLOSING);

    assert_has(&answer, "HTTP/1.1 503 ");
    assert_has(&answer, "Content-Type: ");
    assert_string_equal(answer.body, "busy\n");
}

static void other_paths_get_404(void **state)
{
    static const char *const requests[] = {
        "GET /" CLOSING,       "GET /short/" CLOSING, "GET /shor" CLOSING,
        "GET //short" CLOSING, "HEAD /none" CLOSING,  "GET /SHORT" CLOSING,
    };

    for (unsigned i = 0; i < ARRAY_SIZE(requests); i++) {
        CLEANUP(free_answer) struct answer answer = ask(requests[i]);

        assert_has(&answer, "HTTP/1.1 404 ");
    }
}

static void other_methods_get_405_with_allow(void **state)
{
    static const char *const methods[] = { "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW" };
    char request[128];

    for (unsigned i = 0; i < ARRAY_SIZE(methods); i++) {
        CLEANUP(free_answer) struct answer answer = { 0 };

        snprintf(request, sizeof(request), "%s /short" CLOSING, methods[i]);
        answer = ask(request);
        assert_has(&answer, "HTTP/1.1 405 ");
        assert_has(&answer, "Allow: GET, HEAD\r\n");
    }
}

static void a_post_with_a_body_gets_405(void **state)
{
    CLEANUP(free_answer)
    struct answer answer = ask("POST /short HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");

    assert_has(&answer, "HTTP/1.1 405 ");
    assert_has(&answer, "Allow: GET, HEAD\r\n");
}

static void a_get_with_a_body_is_answered(void **state)
{
    CLEANUP(free_answer)
    struct answer answer = ask("GET /short HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                               "Content-Length: 5\r\n\r\nhello");

    assert_has(&answer, "HTTP/1.1 200 ");
    assert_string_equal(answer.body, page);
}

static void rubbish_ends_only_its_own_connection(void **state)
{
    CLEANUP(free_answer) struct answer rubbish = ask("\x16\x03\x01 rubbish\r\n\r\n\r\n");
    CLEANUP(free_answer) struct answer answer = ask("GET /short" CLOSING);

    assert_null(strstr(rubbish.text, " 200 "));
    assert_has(&answer, "HTTP/1.1 200 ");
}

static void a_connection_is_kept_for_more_requests(void **state)
{
    int fd = connect_to_server();

    for (unsigned i = 0; i < 20; i++) {
        CLEANUP(free_answer) struct answer answer = { 0 };

        send_text(fd, i % 5 == 3 ? "GET /none" KEEPING : "GET /short" KEEPING);
        answer = receive(fd, has_length);
        assert_has(&answer, i % 5 == 3 ? "HTTP/1.1 404 " : "HTTP/1.1 200 ");
    }
    close(fd);
}

/* --- streams --------------------------------------------------------------------------------- */

static void a_long_stream_arrives_whole(void **state)
{
    unsigned n = atomic_load(&n_closed);
    CLEANUP(free_answer) struct answer answer = ask("GET /long" CLOSING);
    size_t len;

    assert_has(&answer, "HTTP/1.1 200 ");
    assert_true(unwrap(&answer, &len));
    assert_stream(answer.body, len, LONG_BYTES);
    wait_for_closed(n + 1);
}

static void a_long_stream_arrives_whole_at_an_old_client(void **state)
{
    CLEANUP(free_answer) struct answer answer = ask("GET /long HTTP/1.0\r\n\r\n");

    assert_true(answer.body != NULL);
    assert_stream(answer.body, (size_t)(answer.text + answer.len - answer.body), LONG_BYTES);
}

static void an_empty_stream_is_an_empty_page(void **state)
{
    CLEANUP(free_answer) struct answer answer = ask("GET /empty" CLOSING);
    size_t len;

    assert_has(&answer, "HTTP/1.1 200 ");
    assert_true(unwrap(&answer, &len));
    assert_int_equal(len, 0);
}

static void streams_keep_the_connection_too(void **state)
{
    int fd = connect_to_server();

    for (unsigned i = 0; i < 3; i++) {
        CLEANUP(free_answer) struct answer answer = { 0 };
        size_t len;

        send_text(fd, "GET /long" KEEPING);
        answer = receive(fd, has_last_chunk);
        assert_true(unwrap(&answer, &len));
        assert_stream(answer.body, len, LONG_BYTES);
    }
    close(fd);
}

static void head_of_a_stream_gets_its_head_only(void **state)
{
    unsigned n = atomic_load(&n_closed);
    CLEANUP(free_answer) struct answer answer = ask("HEAD /long" CLOSING);

    assert_has(&answer, "HTTP/1.1 200 ");
    assert_string_equal(answer.body, "");
    wait_for_closed(n + 1);
}

static void a_stream_that_breaks_off_does_not_look_complete(void **state)
{
    unsigned n = atomic_load(&n_closed);
    CLEANUP(free_answer) struct answer answer = ask("GET /broken" KEEPING);
    size_t len;

    assert_false(unwrap(&answer, &len));
    assert_true(len <= 200000);
    wait_for_closed(n + 1);
}

static void a_stream_is_told_whether_it_was_sent(void **state)
{
    static const struct {
        const char *request;
        bool is_sent;
    } cases[] = {
        { "GET /long" CLOSING, true },    { "GET /long HTTP/1.0\r\n\r\n", true },
        { "GET /empty" CLOSING, true },   { "HEAD /long" CLOSING, false },
        { "HEAD /empty" CLOSING, false }, { "GET /broken" CLOSING, false },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        unsigned n = atomic_load(&n_closed), n_sent_before = atomic_load(&n_sent);
        struct answer answer = ask(cases[i].request);

        free_answer(&answer);
        wait_for_closed(n + 1);
        if (atomic_load(&n_sent) != n_sent_before + cases[i].is_sent)
            fail_msg("%s", cases[i].request);
    }
}

static void a_client_that_goes_away_ends_its_stream(void **state)
{
    unsigned n = atomic_load(&n_closed), n_sent_before = atomic_load(&n_sent);
    int fd = connect_to_server();
    CLEANUP(free_answer) struct answer answer = { 0 };

    send_text(fd, "GET /long" KEEPING);
    answer = receive(fd, has_head);
    close(fd);
    wait_for_closed(n + 1);
    assert_int_equal(atomic_load(&n_sent), n_sent_before);
}

static void a_slow_reader_does_not_hold_up_others(void **state)
{
    unsigned n = atomic_load(&n_closed);
    int slow = connect_to_server();

    send_text(slow, "GET /long" KEEPING); /* and it does not read */
    for (unsigned i = 0; i < 20; i++) {
        CLEANUP(free_answer) struct answer answer = ask("GET /short" CLOSING);

        assert_string_equal(answer.body, page);
    }
    assert_int_equal(atomic_load(&n_closed), n);
    {
        CLEANUP(free_answer) struct answer answer = receive(slow, has_last_chunk);
        size_t len;

        assert_true(unwrap(&answer, &len));
        assert_stream(answer.body, len, LONG_BYTES);
    }
    close(slow);
    wait_for_closed(n + 1);
}

static void several_streams_run_side_by_side(void **state)
{
    int fds[5];

    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = connect_to_server();
        send_text(fds[i], "GET /long" CLOSING);
    }
    for (unsigned i = ARRAY_SIZE(fds); i-- > 0;) {
        CLEANUP(free_answer) struct answer answer = receive(fds[i], never);
        size_t len;

        assert_true(unwrap(&answer, &len));
        assert_stream(answer.body, len, LONG_BYTES);
        close(fds[i]);
    }
}

/* --- beginning and end ---------------------------------------------------------------------- */

static void a_port_in_use_cannot_be_listened_on(void **state)
{
    struct address address;
    char text[32];

    snprintf(text, sizeof(text), "127.0.0.1:%d", port);
    assert_int_equal(address_parse(&address, text), 0);
    assert_int_equal(address_listen(&address), -EADDRINUSE);
}

static void a_server_that_cannot_start_closes_its_socket(void **state)
{
    const struct http_server_options options = server_options(routes, ARRAY_SIZE(routes));
    int fd = listen_loopback();
    struct rlimit limit, none = { 0 };
    struct http_server *mark = (struct http_server *)(uintptr_t)1, *other = mark;
    int r;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none.rlim_max = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0); /* epoll is not available */
    r = server_start(&other, &fd, 1, &options);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(r < 0);
    assert_ptr_equal(other, mark);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void stopping_breaks_off_what_is_going_on(void **state)
{
    unsigned n = atomic_load(&n_opened);
    int fd = connect_to_server();
    CLEANUP(free_answer) struct answer answer = { 0 };

    send_text(fd, "GET /long" KEEPING);
    answer = receive(fd, has_head);
    stop_server();
    assert_int_equal(atomic_load(&n_opened), n + 1);
    assert_int_equal(atomic_load(&n_closed), n + 1);
    close(fd);
}

static void stop_accepts_null(void **state)
{
    server_stop(NULL);
}

static int start(void **state)
{
    return start_server(routes, ARRAY_SIZE(routes));
}

#define SERVER_CASE(name) cmocka_unit_test_setup_teardown(name, start, stop_case)

int main(void)
{
    const struct CMUnitTest cases[] = {
        SERVER_CASE(get_gets_the_page),
        SERVER_CASE(head_gets_its_head_only),
        SERVER_CASE(a_query_does_not_change_the_page),
        SERVER_CASE(a_page_has_the_status_it_says),
        SERVER_CASE(other_paths_get_404),
        SERVER_CASE(other_methods_get_405_with_allow),
        SERVER_CASE(a_post_with_a_body_gets_405),
        SERVER_CASE(a_get_with_a_body_is_answered),
        SERVER_CASE(rubbish_ends_only_its_own_connection),
        SERVER_CASE(a_connection_is_kept_for_more_requests),
        SERVER_CASE(a_long_stream_arrives_whole),
        SERVER_CASE(a_long_stream_arrives_whole_at_an_old_client),
        SERVER_CASE(an_empty_stream_is_an_empty_page),
        SERVER_CASE(streams_keep_the_connection_too),
        SERVER_CASE(head_of_a_stream_gets_its_head_only),
        SERVER_CASE(a_stream_that_breaks_off_does_not_look_complete),
        SERVER_CASE(a_stream_is_told_whether_it_was_sent),
        SERVER_CASE(a_client_that_goes_away_ends_its_stream),
        SERVER_CASE(a_slow_reader_does_not_hold_up_others),
        SERVER_CASE(several_streams_run_side_by_side),
        SERVER_CASE(a_port_in_use_cannot_be_listened_on),
        SERVER_CASE(a_server_that_cannot_start_closes_its_socket),
        SERVER_CASE(stopping_breaks_off_what_is_going_on),
        SERVER_CASE(stop_accepts_null),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
