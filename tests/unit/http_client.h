/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * HTTP client: a server on its own port, and a client that sends any bytes to it
 */

#include "sockets.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "http/server.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX (16 << 20)
#define DEADLINE_MS 10000

#define CLOSING " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
#define KEEPING " HTTP/1.1\r\nHost: x\r\n\r\n"

static struct http_server *server;
static int port;

/* Streams, which the handlers of the case count. */
static _Atomic unsigned n_opened, n_closed;

/* --- the server --------------------------------------------------------------------------- */

/* What the server of the case counts; all zero before it starts. */
static struct http_stats stats;

static inline struct http_server_options server_options(const struct http_route *routes,
                                                        unsigned n_routes)
{
    stats = (struct http_stats){ 0 };
    return (struct http_server_options){
        .routes = routes,
        .n_routes = n_routes,
        .stats = &stats,
        .max_connections = 100,
        .max_address_connections = 100,
        .max_requests = 100,
        .head_max_ns = DEADLINE_MS * CLOCK_NS_PER_MS,
        .answer_max_ns = DEADLINE_MS * CLOCK_NS_PER_MS,
    };
}

/* Returns 0 or a negative errno. */
static inline int start_server_with(const struct http_server_options *options)
{
    int fd = listen_loopback();
    struct address address;
    char text[ADDRESS_TEXT_MAX];

    assert_int_equal(address_of_socket(&address, fd), 0);
    address_format(&address, text);
    port = atoi(strrchr(text, ':') + 1);
    return server_start(&server, &fd, 1, options);
}

static inline int start_server(const struct http_route *routes, unsigned n_routes)
{
    const struct http_server_options options = server_options(routes, n_routes);

    return start_server_with(&options);
}

static inline void stop_server(void)
{
    server_stop(TAKE(server));
}

/* The end of a case: every stream that it opened has been closed. */
static inline int stop_case(void **state)
{
    unsigned n_left;

    stop_server();
    n_left = atomic_load(&n_opened) - atomic_load(&n_closed);
    atomic_store(&n_opened, 0);
    atomic_store(&n_closed, 0);
    return n_left == 0 ? 0 : -1;
}

/* --- a client ----------------------------------------------------------------------------- */

static inline int connect_to_server(void)
{
    struct timeval patience = { .tv_sec = DEADLINE_MS / 1000 };
    struct address address;
    char text[32];
    int fd;

    snprintf(text, sizeof(text), "127.0.0.1:%d", port);
    assert_int_equal(address_parse(&address, text), 0);
    fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, &address.any, address.len), 0);
    return fd;
}

static inline void send_text(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* An answer: all bytes until it or the connection ended. */
struct answer {
    char *text; /* with a NUL after it */
    size_t len;
    char *body;
};

static inline void free_answer(struct answer *answer)
{
    free(answer->text);
    *answer = (struct answer){ 0 };
}

/* Read until @is_done returns true or the connection ends. */
static inline struct answer receive(int fd, bool (*is_done)(const struct answer *))
{
    size_t max = ANSWER_MAX;
    struct answer answer = { .text = malloc(max + 1) };
    ssize_t n = 1;

    assert_non_null(answer.text);
    answer.text[0] = '\0';
    while (n > 0 && !is_done(&answer)) {
        n = recv(fd, answer.text + answer.len, max - answer.len, 0);
        if (n > 0)
            answer.len += (size_t)n;
        answer.text[answer.len] = '\0';
        answer.body = strstr(answer.text, "\r\n\r\n");
        if (answer.body)
            answer.body += 4;
    }
    assert_true(n >= 0 || errno == ECONNRESET);
    return answer;
}

static inline bool never(const struct answer *answer)
{
    return false;
}

static inline bool has_head(const struct answer *answer)
{
    return answer->body != NULL;
}

static inline bool has_length(const struct answer *answer)
{
    const char *length = strstr(answer->text, "Content-Length: ");

    return answer->body && length &&
           strlen(answer->body) >= strtoul(length + strlen("Content-Length: "), NULL, 10);
}

static inline bool has_last_chunk(const struct answer *answer)
{
    return answer->len >= 5 && memcmp(answer->text + answer->len - 5, "0\r\n\r\n", 5) == 0;
}

/* Ask on a new connection, which ends after the answer. */
static inline struct answer ask(const char *request)
{
    int fd = connect_to_server();
    struct answer answer;

    send_text(fd, request);
    answer = receive(fd, never);
    close(fd);
    return answer;
}

static inline void assert_has(const struct answer *answer, const char *text)
{
    if (!strstr(answer->text, text))
        fail_msg("no %s in: %.300s", text, answer->text);
}

/* Decode the chunks of @answer's body in place. Returns whether they are complete. */
static inline bool unwrap(struct answer *answer, size_t *ret_len)
{
    char *from = answer->body, *to = answer->body, *end = answer->text + answer->len;

    while (from < end) {
        char *data;
        size_t n = strtoul(from, &data, 16);

        if (n == 0 || data + 2 + n + 2 > end)
            break;
        memmove(to, data + 2, n);
        to += n;
        from = data + 2 + n + 2;
    }
    *ret_len = (size_t)(to - answer->body);
    return end - from >= 5 && memcmp(from, "0\r\n\r\n", 5) == 0;
}

/* Wait until @counter, which the HTTP thread increments, is at least @n. */
static inline void wait_for(_Atomic unsigned *counter, unsigned n)
{
    int64_t deadline_ns = clock_monotonic_ns() + DEADLINE_MS * CLOCK_NS_PER_MS;

    while (atomic_load(counter) < n && clock_monotonic_ns() < deadline_ns)
        poll(NULL, 0, 1);
    assert_true(atomic_load(counter) >= n);
}
