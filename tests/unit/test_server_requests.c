/* SPDX-License-Identifier: Apache-2.0 */

#include "http_client.h"

#include "base/buffer.h"

#define BODY_MAX 20000

/* --- pages: one that tells what its handler was given, and its neighbours -------------------- */

static _Atomic unsigned n_answered;

static void tell_fields(struct buffer *text, char sign, const struct http_fields *fields)
{
    for (unsigned i = 0; i < fields->n; i++)
        buffer_add_format(text, "%c %.*s=%.*s\n", sign, (int)fields->items[i].name.len,
                          fields->items[i].name.at, (int)fields->items[i].value.len,
                          fields->items[i].value.at);
}

static void respond_echo(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct buffer text = { 0 };
    char method[HTTP_METHODS_TEXT_MAX];

    atomic_fetch_add(&n_answered, 1);
    request_write_methods(request->method, method);
    buffer_add_format(&text, "%s %.*s\n", method, (int)request->path.len, request->path.at);
    tell_fields(&text, '?', &request->query);
    tell_fields(&text, ':', &request->headers);
    buffer_add_format(&text, "%zu:", request->body.len);
    buffer_add(&text, request->body);
    buffer_add_char(&text, '\0');
    reply_take(reply, "text/plain", text.data);
}

static void respond_write(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    atomic_fetch_add(&n_answered, 1);
    reply_text(reply, 201, SLICE("written\n"));
}

static const struct http_route routes[] = {
    { "/echo", HTTP_READ | HTTP_POST | HTTP_PUT, BODY_MAX, respond_echo, NULL, false },
    { "/write", HTTP_POST, 0, respond_write, NULL, false },
    { "/write", HTTP_DELETE, 5, respond_write, NULL, false },
};

/* --- what is sent and expected ---------------------------------------------------------------- */

/* @n bytes other than NUL, which do not repeat at the size of a block. */
static char *make_body(size_t n)
{
    char *body = malloc(n + 1);

    assert_non_null(body);
    for (size_t i = 0; i < n; i++)
        body[i] = (char)('a' + i % 23);
    body[n] = '\0';
    return body;
}

/* The answer on @fd, which stays open. */
static struct answer next_answer(int fd)
{
    return receive(fd, has_length);
}

/* Send @request and return the answer, which may come before all of it is sent. */
static struct answer ask_politely(const char *request)
{
    int fd = connect_to_server();
    size_t len = strlen(request);
    struct answer answer;
    ssize_t n = 1;

    while (len && n > 0) {
        n = send(fd, request, len, MSG_NOSIGNAL);
        if (n > 0) {
            request += n;
            len -= (size_t)n;
        }
    }
    answer = receive(fd, has_length);
    close(fd);
    return answer;
}

static void assert_kept(int fd)
{
    CLEANUP(free_answer) struct answer answer = { 0 };

    send_text(fd, "GET /echo?still=there" KEEPING);
    answer = next_answer(fd);
    assert_has(&answer, "HTTP/1.1 200 ");
    assert_has(&answer, "\n? still=there\n");
    close(fd);
}

static void assert_closed(int fd)
{
    char byte;

    assert_true(recv(fd, &byte, 1, 0) <= 0);
    close(fd);
}

/* --- the head ------------------------------------------------------------------------------- */

static void a_handler_gets_method_and_path(void **state)
{
    CLEANUP(free_answer) struct answer get = ask("GET /echo" CLOSING);
    CLEANUP(free_answer) struct answer put = ask("PUT /echo" CLOSING);

    assert_has(&get, "\r\n\r\nGET /echo\n");
    assert_has(&put, "\r\n\r\nPUT /echo\n");
}

static void a_handler_gets_the_query_decoded(void **state)
{
    CLEANUP(free_answer)
    struct answer answer = ask("GET /echo?a=b&name[]=x+y%2Bz&%3f=%3F?&empty" CLOSING);

    assert_has(&answer, "GET /echo\n? a=b\n? name[]=x y+z\n? ?=??\n? empty=\n: Host=x\n");
}

static void a_target_may_be_absolute_or_escaped(void **state)
{
    CLEANUP(free_answer)
    struct answer absolute = ask("GET http://other:1/echo?a=b HTTP/1.1\r\nHost: x\r\n"
                                 "Connection: close\r\n\r\n");
    CLEANUP(free_answer) struct answer escaped = ask("GET /%65ch%6F?a=%62" CLOSING);
    CLEANUP(free_answer) struct answer reserved = ask("GET /echo%3F" CLOSING);

    assert_has(&absolute, "\r\n\r\nGET /echo\n? a=b\n");
    assert_has(&escaped, "\r\n\r\nGET /echo\n? a=b\n");
    assert_has(&reserved, "HTTP/1.1 404 ");
}

static void a_handler_gets_the_headers(void **state)
{
    CLEANUP(free_answer)
    struct answer answer = ask("GET /echo HTTP/1.1\r\nHost: x\r\nX-Test:  a b \r\nx-test:\r\n"
                               "Connection: close\r\n\r\n");

    assert_has(&answer, "GET /echo\n: Host=x\n: X-Test=a b");
    assert_has(&answer, "\n: x-test=\n: Connection=close\n0:");
}

static void as_many_headers_and_parameters_as_fit_arrive(void **state)
{
    CLEANUP(buffer_deinit) struct buffer request = { 0 };
    CLEANUP(free_answer) struct answer answer = { 0 };

    buffer_add_format(&request, "GET /echo?");
    for (unsigned i = 0; i < 40; i++)
        buffer_add_format(&request, "p%u=%u&", i, i);
    buffer_add_format(&request, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    for (unsigned i = 0; i < 40; i++)
        buffer_add_format(&request, "H%u: %u\r\n", i, i);
    buffer_add_format(&request, "\r\n%c", '\0');
    answer = ask(request.data);
    for (unsigned i = 0; i < 40; i++) {
        char text[32];

        snprintf(text, sizeof(text), "\n? p%u=%u\n", i, i);
        assert_has(&answer, text);
        snprintf(text, sizeof(text), "\n: H%u=%u\n", i, i);
        assert_has(&answer, text);
    }
}

/* The memory for a head is bounded; if one needs more, no handler runs. */
static void a_head_that_is_too_long_is_refused(void **state)
{
    CLEANUP(buffer_deinit) struct buffer request = { 0 };
    CLEANUP(free_answer) struct answer answer = { 0 };
    unsigned n = atomic_load(&n_answered);

    buffer_add_format(&request, "GET /echo?");
    for (unsigned i = 0; i < 9000; i++)
        buffer_add_char(&request, 'x');
    buffer_add_format(&request, CLOSING "%c", '\0');
    answer = ask(request.data);
    assert_has(&answer, "HTTP/1.1 414 ");
    assert_int_equal(atomic_load(&n_answered), n);
}

/* libmicrohttpd 0.9.75 would need memory for each, and without that neither answer nor close. */
static void a_query_of_many_parameters_is_answered(void **state)
{
    unsigned n = atomic_load(&n_answered), n_queries = 0;
    char query[4096];

    memset(query, '&', sizeof(query));
    for (unsigned i = 100; i < sizeof(query); i += 100, n_queries++) {
        CLEANUP(buffer_deinit) struct buffer request = { 0 };
        CLEANUP(free_answer) struct answer answer = { 0 };

        buffer_add_format(&request, "GET /echo?%.*s" CLOSING "%c", (int)i, query, '\0');
        answer = ask(request.data);
        assert_has(&answer, "HTTP/1.1 200 ");
    }
    assert_int_equal(atomic_load(&n_answered), n + n_queries);
}

/*
 * Whatever takes up the space: its answer comes at once. At some lengths far beyond the limit,
 * libmicrohttpd 0.9.75 has no memory left for one, and closes the connection instead.
 */
static void a_head_of_any_length_is_answered(void **state)
{
    static const struct {
        const char *before, *after;
    } shapes[] = {
        { "GET /echo HTTP/1.1\r\nHost: x\r\nX: ", "\r\n\r\n" },
        { "GET /echo HTTP/1.1\r\nHost: x\r\nCookie: a=", "\r\n\r\n" },
        { "GET /echo HTTP/1.1\r\nHost: x\r\n", ": 1\r\n\r\n" },
        { "GET /", " HTTP/1.1\r\nHost: x\r\n\r\n" },
        { "GET /echo?", " HTTP/1.1\r\nHost: x\r\n\r\n" },
        { "", " / HTTP/1.1\r\nHost: x\r\n\r\n" },
    };
    static char filling[40000], request[sizeof(filling) + 100];

    for (unsigned shape = 0; shape < ARRAY_SIZE(shapes); shape++)
        for (unsigned len = 7500; len < sizeof(filling); len += len < 8400 ? 20 : 1300) {
            CLEANUP(free_answer) struct answer answer = { 0 };

            memset(filling, 'x', len);
            filling[len] = '\0';
            snprintf(request, sizeof(request), "%s%s%s", shapes[shape].before, filling,
                     shapes[shape].after);
            answer = ask_politely(request);
            if (len < 8000 && shape < 2)
                assert_has(&answer, " 200 ");
            else if (len <= 8400)
                assert_has(&answer, "HTTP/1.1 ");
            if (len > 8192)
                assert_null(strstr(answer.text, " 200 "));
        }
}

static void many_headers_are_answered(void **state)
{
    for (unsigned n = 10; n < 6000; n += n < 200 ? 10 : 500) {
        CLEANUP(buffer_deinit) struct buffer request = { 0 };
        CLEANUP(free_answer) struct answer answer = { 0 };

        buffer_add_format(&request, "GET /echo HTTP/1.1\r\nHost: x\r\n");
        for (unsigned i = 0; i < n; i++)
            buffer_add_format(&request, "a:\r\n");
        buffer_add_format(&request, "\r\n%c", '\0');
        answer = ask_politely(request.data);
        assert_non_null(answer.body);
        assert_has(&answer, n <= 200 ? " 200 " : n > 2000 ? " 431 " : "HTTP/1.1 ");
    }
}

static void a_head_of_two_meanings_is_refused(void **state)
{
    static const struct {
        const char *head;
        const char *status;
    } cases[] = {
        { "GET /echo HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", " 400 " },
        { "POST /echo HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 6\r\n\r\nhello", " 400 " },
        { "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
          " 400 " },
        { "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\ncontent-length: 5\r\n\r\n",
          " 400 " },
        { "GET /echo HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n", " 501 " },
        { "POST /echo HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", " 501 " },
        { "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
          " 400 " },
        { "GET /echo HTTP/1.1\r\nX: a\r\n b\r\n\r\n", " 400 " },
        { "GET /echo HTTP/1.1\r\nX: a\r\n\tb\r\nY: c\r\n\r\n", " 400 " },
        { "GET /echo HTTP/1.1\r\nContent-: 5\r\n Length\r\n\r\nhello", " 400 " },
        { "GET /echo HTTP/1.1\r\n X: a\r\n\r\n", " 400 " },
        { "GET /echo HTTP/1.1\r\nContent-Length : 5\r\n\r\nhello", " 400 " },
        { "GET /echo HTTP/1.1\r\nX: a\rb\r\n\r\n", " 400 " },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        int fd = connect_to_server();
        CLEANUP(free_answer) struct answer answer = { 0 };

        send_text(fd, cases[i].head);
        answer = receive(fd, never); /* to the end of the connection */
        if (!strstr(answer.text, cases[i].status))
            fail_msg("%s: %s", cases[i].head, answer.text);
        close(fd);
    }
}

static void a_raw_nul_is_refused(void **state)
{
    static const struct slice heads[] = {
        SLICE("GET /echo\0 HTTP/1.1\r\nHost: x\r\n\r\n"),
        SLICE("GET /echo\0HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n"),
        SLICE("GET /echo?a=\0b HTTP/1.1\r\nHost: x\r\n\r\n"),
        SLICE("GET /echo HTTP/1.1\r\nHost: x\0y\r\n\r\n"),
        SLICE("GET /echo HTTP/1.1\r\nX: a\0b\r\nHost: x\r\n\r\n"),
        SLICE("GET /echo HTTP/1.1\r\nX\0: a\r\nHost: x\r\n\r\n"),
        SLICE("GET /echo HTTP/1.1\r\nHost: x\r\n\0Content-Length: 5\r\n\r\n"),
        SLICE("GET /echo HTTP/1.1\r\n\0\r\nContent-Length: 5\r\n\r\n"),
    };

    for (unsigned i = 0; i < ARRAY_SIZE(heads); i++) {
        int fd = connect_to_server();
        CLEANUP(free_answer) struct answer answer = { 0 };

        assert_int_equal(send(fd, heads[i].at, heads[i].len, MSG_NOSIGNAL), heads[i].len);
        answer = receive(fd, never);
        if (!strstr(answer.text, " 400 "))
            fail_msg("case %u: %s", i, answer.text);
        close(fd);
    }
}

static void what_is_only_unusual_is_answered(void **state)
{
    static const char *const heads[] = {
        "GET /echo HTTP/1.1\nHost: x\n\n",
        "GET /echo HTTP/1.1\r\nHost: x\nX:\r\nY: \t z\t\r\n\r\n",
        "\r\n\r\nGET /echo HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: x\r\nTE: xchunked\r\n\r\n",
        "GET /echo HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "GET /echo HTTP/1.1\r\nX: \xc3\xa4\r\nCookie: a=b; c\r\n\r\n",
        "GET /echo?a=%00 HTTP/1.0\r\n\r\n",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(heads); i++) {
        CLEANUP(free_answer) struct answer answer = ask_politely(heads[i]);

        if (!strstr(answer.text, " 200 "))
            fail_msg("%s: %s", heads[i], answer.text);
        assert_has(&answer, "X-Content-Type-Options: nosniff\r\n");
    }
}

/* --- bodies --------------------------------------------------------------------------------- */

static void a_handler_gets_the_body(void **state)
{
    int fd = connect_to_server();
    CLEANUP(free_answer) struct answer answer = { 0 };

    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
    answer = next_answer(fd);
    assert_has(&answer, "\r\n\r\nPOST /echo\n");
    assert_has(&answer, "\n5:hello");
    assert_kept(fd);
}

static void a_body_may_come_in_chunks(void **state)
{
    int fd = connect_to_server();
    CLEANUP(free_answer) struct answer answer = { 0 };

    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "5;extension=1\r\nhello\r\n7\r\n, world\r\n0\r\nX-Trailer: t\r\n\r\n");
    answer = next_answer(fd);
    assert_has(&answer, "\n12:hello, world");
    assert_null(strstr(answer.text, "X-Trailer")); /* it is not a header */
    assert_kept(fd);
}

static void a_body_may_come_in_pieces(void **state)
{
    CLEANUP(free_answer) struct answer answer = { 0 };
    unsigned n = atomic_load(&n_answered);
    int fd = connect_to_server();

    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n");
    for (const char *byte = "hello"; *byte; byte++) {
        CLEANUP(free_answer) struct answer other = ask("GET /echo" CLOSING);

        assert_has(&other, "HTTP/1.1 200 ");
        send_text(fd, (char[]){ *byte, '\0' });
    }
    assert_int_equal(atomic_load(&n_answered), n + 5); /* for the others: it is not complete yet */
    send_text(fd, "!");
    answer = next_answer(fd);
    assert_has(&answer, "\n6:hello!");
    assert_kept(fd);
}

static void a_body_may_be_empty_or_missing(void **state)
{
    static const char *const heads[] = {
        ("POST /echo" KEEPING),
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(heads); i++) {
        CLEANUP(free_answer) struct answer answer = { 0 };
        int fd = connect_to_server();

        send_text(fd, heads[i]);
        answer = next_answer(fd);
        assert_has(&answer, "HTTP/1.1 200 ");
        assert_string_equal(answer.text + answer.len - 3, "\n0:");
        assert_kept(fd);
    }
}

static void a_body_may_be_as_long_as_the_route_allows(void **state)
{
    char *body = make_body(BODY_MAX), head[128], expected[32];
    int fd = connect_to_server();
    CLEANUP(free_answer) struct answer answer = { 0 };

    snprintf(head, sizeof(head), "PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
             BODY_MAX);
    send_text(fd, head);
    send_text(fd, body);
    answer = next_answer(fd);
    snprintf(expected, sizeof(expected), "\n%d:abc", BODY_MAX);
    assert_has(&answer, expected);
    assert_string_equal(answer.text + answer.len - BODY_MAX, body);
    free(body);
    assert_kept(fd);
}

/* No body is sent at all: the 413 must not wait for it. */
static void a_longer_body_gets_413_from_its_length(void **state)
{
    static const char *const lengths[] = { "20001", "4294967296", "18446744073709551615" };

    for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
        CLEANUP(free_answer) struct answer answer = { 0 };
        unsigned n = atomic_load(&n_answered);
        char head[128];
        int fd = connect_to_server();

        snprintf(head, sizeof(head), "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n",
                 lengths[i]);
        send_text(fd, head);
        answer = next_answer(fd);
        assert_has(&answer, "HTTP/1.1 413 ");
        assert_has(&answer, "Connection: close\r\n");
        assert_int_equal(atomic_load(&n_answered), n);
        assert_closed(fd);
    }
}

/* Only its end shows its length, so all of it is read, and the connection can stay open. */
static void a_longer_body_in_chunks_gets_413_at_its_end(void **state)
{
    char *chunk = make_body(4096);
    unsigned n = atomic_load(&n_answered);
    int fd = connect_to_server();
    CLEANUP(free_answer) struct answer answer = { 0 };

    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (unsigned i = 0; i < 100; i++) {
        send_text(fd, "1000\r\n");
        send_text(fd, chunk);
        send_text(fd, "\r\n");
    }
    send_text(fd, "0\r\n\r\n");
    answer = next_answer(fd);
    assert_has(&answer, "HTTP/1.1 413 ");
    assert_int_equal(atomic_load(&n_answered), n);
    free(chunk);
    assert_kept(fd);
}

static void a_route_without_a_body_takes_an_empty_one_only(void **state)
{
    CLEANUP(free_answer) struct answer empty = ask("POST /write" CLOSING);
    CLEANUP(free_answer)
    struct answer full = ask("POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");

    assert_has(&empty, "HTTP/1.1 201 ");
    assert_has(&full, "HTTP/1.1 413 ");
}

static void the_body_of_a_get_is_dropped(void **state)
{
    char *body = make_body(3 * BODY_MAX), head[128];
    int fd = connect_to_server();
    CLEANUP(free_answer) struct answer answer = { 0 };

    snprintf(head, sizeof(head), "GET /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
             3 * BODY_MAX);
    send_text(fd, head);
    send_text(fd, body);
    answer = next_answer(fd);
    assert_has(&answer, "HTTP/1.1 200 ");
    assert_string_equal(answer.text + answer.len - 3, "\n0:");
    free(body);
    assert_kept(fd);
}

static void a_client_that_asks_first_is_told_to_go_on(void **state)
{
    int fd = connect_to_server();
    CLEANUP(free_answer) struct answer go_on = { 0 }, answer = { 0 };

    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                  "Content-Length: 5\r\n\r\n");
    go_on = receive(fd, has_head);
    assert_string_equal(go_on.text, "HTTP/1.1 100 Continue\r\n\r\n");
    send_text(fd, "hello");
    answer = next_answer(fd);
    assert_has(&answer, "\n5:hello");
    assert_kept(fd);
}

static void a_client_that_asks_first_is_told_that_it_is_too_long(void **state)
{
    int fd = connect_to_server();
    CLEANUP(free_answer) struct answer answer = { 0 };

    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                  "Content-Length: 20001\r\n\r\n");
    answer = next_answer(fd);
    assert_non_null(answer.text);
    assert_int_equal(strncmp(answer.text, "HTTP/1.1 413 ", strlen("HTTP/1.1 413 ")), 0);
    assert_closed(fd);
}

static void an_old_client_may_send_a_body(void **state)
{
    CLEANUP(free_answer)
    struct answer answer = ask("POST /echo HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello");

    assert_has(&answer, "\n5:hello");
}

static void requests_in_one_piece_keep_their_bodies_apart(void **state)
{
    CLEANUP(free_answer)
    struct answer answer = ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none"
                               "PUT /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                               "3\r\ntwo\r\n0\r\n\r\n"
                               "GET /echo?three" CLOSING);
    char *one = strstr(answer.text, "\n3:one"), *two = strstr(answer.text, "\n3:two");
    char *three = strstr(answer.text, "\n? three=\n");

    assert_true(one && two && three && one < two && two < three);
    assert_string_equal(answer.text + answer.len - 3, "\n0:");
}

static void a_client_that_goes_away_in_a_body_is_forgotten(void **state)
{
    static const char *const heads[] = {
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhel",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "GET /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhel",
        "POST /echo?with=a&long=target HTTP/1.1\r\nHost: x\r\nX: ",
        "POST /echo?only=a&target HTTP/1.1\r\n",
    };
    unsigned n = atomic_load(&n_answered);

    for (unsigned i = 0; i < ARRAY_SIZE(heads); i++) {
        int fd = connect_to_server();

        send_text(fd, heads[i]);
        close(fd);
    }
    assert_kept(connect_to_server());
    stop_server();
    assert_int_equal(atomic_load(&n_answered), n + 1); /* on the open connection */
}

static void stopping_breaks_off_half_a_body(void **state)
{
    int fd = connect_to_server();
    CLEANUP(free_answer) struct answer go_on = { 0 };

    send_text(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                  "Content-Length: 5\r\n\r\n");
    go_on = receive(fd, has_head);
    send_text(fd, "hel");
    stop_server();
    assert_closed(fd);
}

/* --- refusals ------------------------------------------------------------------------------- */

static void a_method_that_no_row_of_the_path_takes_gets_405(void **state)
{
    CLEANUP(free_answer) struct answer get = ask("GET /write" CLOSING);
    CLEANUP(free_answer) struct answer put = ask("PUT /write" CLOSING);
    CLEANUP(free_answer) struct answer del = ask("DELETE /echo" CLOSING);

    assert_has(&get, "HTTP/1.1 405 ");
    assert_has(&get, "Allow: POST, DELETE\r\n");
    assert_has(&put, "Allow: POST, DELETE\r\n");
    assert_has(&del, "Allow: GET, HEAD, POST, PUT\r\n");
}

/* Each row of the table has its own limit. */
static void a_path_may_have_several_rows(void **state)
{
    CLEANUP(free_answer)
    struct answer del = ask("DELETE /write HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                            "Content-Length: 5\r\n\r\nhello");
    CLEANUP(free_answer)
    struct answer post = ask("POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");

    assert_has(&del, "HTTP/1.1 201 ");
    assert_has(&post, "HTTP/1.1 413 ");
}

static int start(void **state)
{
    return start_server(routes, ARRAY_SIZE(routes));
}

static int stop(void **state)
{
    stop_server();
    return 0;
}

#define SERVER_CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest cases[] = {
        SERVER_CASE(a_handler_gets_method_and_path),
        SERVER_CASE(a_handler_gets_the_query_decoded),
        SERVER_CASE(a_target_may_be_absolute_or_escaped),
        SERVER_CASE(a_handler_gets_the_headers),
        SERVER_CASE(as_many_headers_and_parameters_as_fit_arrive),
        SERVER_CASE(a_head_that_is_too_long_is_refused),
        SERVER_CASE(a_query_of_many_parameters_is_answered),
        SERVER_CASE(a_head_of_any_length_is_answered),
        SERVER_CASE(many_headers_are_answered),
        SERVER_CASE(a_head_of_two_meanings_is_refused),
        SERVER_CASE(a_raw_nul_is_refused),
        SERVER_CASE(what_is_only_unusual_is_answered),
        SERVER_CASE(a_handler_gets_the_body),
        SERVER_CASE(a_body_may_come_in_chunks),
        SERVER_CASE(a_body_may_come_in_pieces),
        SERVER_CASE(a_body_may_be_empty_or_missing),
        SERVER_CASE(a_body_may_be_as_long_as_the_route_allows),
        SERVER_CASE(a_longer_body_gets_413_from_its_length),
        SERVER_CASE(a_longer_body_in_chunks_gets_413_at_its_end),
        SERVER_CASE(a_route_without_a_body_takes_an_empty_one_only),
        SERVER_CASE(the_body_of_a_get_is_dropped),
        SERVER_CASE(a_client_that_asks_first_is_told_to_go_on),
        SERVER_CASE(a_client_that_asks_first_is_told_that_it_is_too_long),
        SERVER_CASE(an_old_client_may_send_a_body),
        SERVER_CASE(requests_in_one_piece_keep_their_bodies_apart),
        SERVER_CASE(a_client_that_goes_away_in_a_body_is_forgotten),
        SERVER_CASE(stopping_breaks_off_half_a_body),
        SERVER_CASE(a_method_that_no_row_of_the_path_takes_gets_405),
        SERVER_CASE(a_path_may_have_several_rows),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
