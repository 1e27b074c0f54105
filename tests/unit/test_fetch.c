/* SPDX-License-Identifier: Apache-2.0 */

/* Fetch, from its header: the server is a child process, which answers as a case says. */

#include "child.h"
#include "read_address.h"
#include "sockets.h"

#include "base/address.h"
#include "base/buffer.h"
#include "tools/bench/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUEST "GET /metrics HTTP/1.0\r\nHost: "

struct server {
    char url[ADDRESS_TEXT_MAX + 32];
    pid_t pid;
};

/* Answer one request with @pieces, up to NULL; exit 0 if the request was right. */
static void serve(int listener, const struct slice *pieces)
{
    int fd = accept(listener, NULL, NULL);
    char request[1024];
    size_t n = 0;

    while (n < 4 || memcmp(request + n - 4, "\r\n\r\n", 4) != 0) {
        ssize_t more = recv(fd, request + n, sizeof(request) - n, 0);

        if (more <= 0)
            _exit(1);
        n += (size_t)more;
    }
    for (; pieces->at; pieces++) {
        if (send(fd, pieces->at, pieces->len, MSG_NOSIGNAL) != (ssize_t)pieces->len)
            break;
        /* So that it probably arrives as one piece. */
        usleep(1000);
    }
    _exit(memcmp(request, REQUEST, strlen(REQUEST)) == 0 ? 0 : 1);
}

static struct server start_server(const struct slice *pieces)
{
    char text[ADDRESS_TEXT_MAX];
    struct address address;
    struct server server;
    int listener = listen_loopback();

    assert_int_equal(address_of_socket(&address, listener), 0);
    address_format(&address, text);
    snprintf(server.url, sizeof(server.url), "http://%s/metrics", text);
    server.pid = fork_child();
    if (server.pid == 0) {
        alarm(10);
        fcntl(listener, F_SETFL, 0);
        serve(listener, pieces);
    }
    close(listener);
    return server;
}

static void collect(void *ctx, struct slice line)
{
    buffer_add(ctx, line);
    buffer_add_char(ctx, '|');
}

/*
 * The return value of fetch_lines() for these pieces; @lines gets the lines, with a bar after each.
 */
static int fetch(const struct slice *pieces, struct buffer *lines)
{
    struct server server = start_server(pieces);
    int r = fetch_lines(server.url, collect, lines), status;

    waitpid(server.pid, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return r;
}

#define FETCH(lines, ...) fetch((const struct slice[]){ __VA_ARGS__, { NULL, 0 } }, (lines))

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"

static void hands_over_each_line(void **state)
{
    struct buffer lines = { 0 };

    assert_int_equal(FETCH(&lines, SLICE(HEAD "a 1\nb 2\r\n\nc 3\n")), 0);
    assert_slice_equal(buffer_text(&lines), "a 1|b 2||c 3|");
    buffer_clear(&lines);
    assert_int_equal(FETCH(&lines, SLICE("HTTP/1.0 200\r\n\r\n")), 0);
    assert_int_equal(lines.len, 0);
    buffer_deinit(&lines);
}

static void pieces_do_not_matter(void **state)
{
    struct buffer lines = { 0 };

    assert_int_equal(FETCH(&lines, SLICE("HTT"), SLICE("P/1.1 200 OK\r"), SLICE("\nA: b\r\n\r"),
                           SLICE("\na"), SLICE(" 1"), SLICE("\n"), SLICE("b 2\nc"), SLICE(" 3\n")),
                     0);
    assert_slice_equal(buffer_text(&lines), "a 1|b 2|c 3|");
    buffer_deinit(&lines);
}

static void a_page_may_be_longer_than_a_line(void **state)
{
    struct buffer page = { 0 }, lines = { 0 };

    buffer_add(&page, SLICE(HEAD));
    for (unsigned i = 0; i < 30000; i++)
        buffer_add_format(&page, "line %u\n", i);
    assert_int_equal(FETCH(&lines, buffer_text(&page)), 0);
    assert_slice_equal(((struct slice){ lines.data + lines.len - 22, 22 }),
                       "line 29998|line 29999|");
    buffer_deinit(&page);
    buffer_deinit(&lines);
}

static void an_answer_may_be_wrong(void **state)
{
    static char long_line[FETCH_LINE_MAX + 1];
    struct buffer lines = { 0 };

    memset(long_line, 'x', sizeof(long_line));
    assert_int_equal(FETCH(&lines, SLICE("HTTP/1.1 404 Not Found\r\n\r\na\n")), -ENOENT);
    assert_int_equal(FETCH(&lines, SLICE("SSH-2.0-x\r\n\r\n")), -EPROTO);
    assert_int_equal(FETCH(&lines, SLICE("HTTP/1.1\r\n\r\n")), -EPROTO);
    assert_int_equal(FETCH(&lines, SLICE("HTTP/1.1 200 OK\r\n")), -EPROTO);
    assert_int_equal(FETCH(&lines, SLICE("")), -EPROTO);
    assert_int_equal(lines.len, 0);
    assert_int_equal(FETCH(&lines, SLICE(HEAD "a\nb")), -EPROTO);
    assert_slice_equal(buffer_text(&lines), "a|");
    assert_int_equal(FETCH(&lines, SLICE(HEAD), ((struct slice){ long_line, sizeof(long_line) })),
                     -EMSGSIZE);
    buffer_deinit(&lines);
}

static void nobody_may_listen(void **state)
{
    struct address address;
    char text[ADDRESS_TEXT_MAX], url[ADDRESS_TEXT_MAX + 32];
    int fd;

    /* A port that is bound, but on which nothing listens. */
    assert_int_equal(address_parse(&address, "127.0.0.1:0"), 0);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, &address.any, address.len), 0);
    assert_int_equal(address_of_socket(&address, fd), 0);
    address_format(&address, text);
    snprintf(url, sizeof(url), "http://%s/metrics", text);
    assert_int_equal(fetch_lines(url, collect, NULL), -ECONNREFUSED);
    close(fd);
}

static void takes_only_plain_urls(void **state)
{
    assert_int_equal(fetch_check("http://127.0.0.1:9102/metrics"), 0);
    assert_int_equal(fetch_check("http://[::1]:9102"), 0);
    assert_int_equal(fetch_check("https://127.0.0.1:9102/metrics"), -EINVAL);
    assert_int_equal(fetch_check("127.0.0.1:9102/metrics"), -EINVAL);
    assert_int_equal(fetch_check("http://127.0.0.1/metrics"), -EINVAL);
    assert_int_equal(fetch_check("http:///metrics"), -EINVAL);
    assert_int_equal(fetch_check("http://127.0.0.1:9102/a b"), -EINVAL);
    assert_int_equal(fetch_check("http://127.0.0.1:9102/a\r\nb"), -EINVAL);
    assert_int_equal(fetch_check(""), -EINVAL);
    assert_is_unknown(fetch_check("http://no-such-host.invalid:1/metrics"));
    assert_int_equal(fetch_lines("http://x", collect, NULL), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(hands_over_each_line),
        CASE(pieces_do_not_matter),
        CASE(a_page_may_be_longer_than_a_line),
        CASE(an_answer_may_be_wrong),
        CASE(nobody_may_listen),
        CASE(takes_only_plain_urls),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
