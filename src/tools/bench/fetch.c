/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fetch
 *
 * HTTP/1.0, because it is simple: the page is everything between the first empty line and the
 * end of the connection. A page of a million series has hundreds of megabytes, so lines are
 * passed on as they arrive, and the whole page is never in memory.
 */

#include "tools/bench/fetch.h"

#include "base/address.h"
#include "base/buffer.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_S 10

/* The part of the answer that a line belongs to. */
enum part {
    PART_STATUS,
    PART_HEADERS,
    PART_BODY,
};

struct answer {
    enum part part;
    void (*on_line)(void *ctx, struct slice line);
    void *ctx;
    size_t n_held; /* bytes at the start of data, of a line whose end has not arrived yet */
    char data[FETCH_LINE_MAX + 1];
};

/* --- URL ------------------------------------------------------------------------------ */

/* Split @url into its host and port, of at most 255 bytes, and its path. */
static bool cut_url(const char *url, char authority[256], const char **ret_path)
{
    static const struct slice scheme = { "http://", 7 };
    const char *path;

    if (!slice_starts_with(slice_of(url), scheme))
        return false;
    url += scheme.len;
    path = strchrnul(url, '/');
    if (path - url >= 256)
        return false;
    memcpy(authority, url, (size_t)(path - url));
    authority[path - url] = '\0';
    *ret_path = *path ? path : "/";
    return strpbrk(path, " \r\n") == NULL;
}

/* Returns as fetch_check(). */
static int find_server(const char *url, char authority[256], const char **ret_path,
                       struct address *ret)
{
    return cut_url(url, authority, ret_path) ? address_parse(ret, authority) : -EINVAL;
}

int fetch_check(const char *url)
{
    struct address server;
    char authority[256];
    const char *path;

    return find_server(url, authority, &path, &server);
}

/* --- request -------------------------------------------------------------------------- */

static int connect_to(const struct address *server)
{
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    int fd = socket(server->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), r = 0;

    if (fd < 0)
        return -errno;
    /* The time-out for sending also applies to connect(). */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
        connect(fd, &server->any, server->len) < 0)
        r = errno == EINPROGRESS ? -ETIMEDOUT : -errno;
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

static int send_request(int fd, const char *authority, const char *path)
{
    CLEANUP(buffer_deinit) struct buffer request = { 0 };
    ssize_t n;

    buffer_add_format(&request, "GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n", path,
                      authority);
    if (request.has_failed)
        return -ENOMEM;
    /* The request is far smaller than a new connection's buffer. */
    n = send(fd, request.data, request.len, MSG_NOSIGNAL);
    if (n < 0)
        return -errno;
    return (size_t)n == request.len ? 0 : -EPROTO;
}

/* --- answer --------------------------------------------------------------------------- */

static int take_line(struct answer *answer, struct slice line)
{
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    switch (answer->part) {
    case PART_STATUS:
        if (!slice_starts_with(line, SLICE("HTTP/1.")) || line.len < 12)
            return -EPROTO;
        answer->part = PART_HEADERS;
        return memcmp(line.at + 8, " 200", 4) == 0 ? 0 : -ENOENT;
    case PART_HEADERS:
        if (line.len == 0)
            answer->part = PART_BODY;
        return 0;
    case PART_BODY: answer->on_line(answer->ctx, line); return 0;
    }
    return -EPROTO;
}

/* Pass on the complete lines of the bytes held and the @n_more bytes after them. */
static int take_lines(struct answer *answer, size_t n_more)
{
    struct slice rest = { answer->data, answer->n_held + n_more };
    int r = 0;

    while (r == 0 && memchr(rest.at, '\n', rest.len))
        r = take_line(answer, slice_cut(&rest, '\n'));
    memmove(answer->data, rest.at, rest.len);
    answer->n_held = rest.len;
    return r;
}

static int read_answer(int fd, struct answer *answer)
{
    int r = 0;

    while (r == 0) {
        ssize_t n;

        if (answer->n_held == sizeof(answer->data))
            return -EMSGSIZE;
        n = recv(fd, answer->data + answer->n_held, sizeof(answer->data) - answer->n_held, 0);
        if (n == 0)
            return answer->part == PART_BODY && answer->n_held == 0 ? 0 : -EPROTO;
        if (n > 0)
            r = take_lines(answer, (size_t)n);
        else if (errno != EINTR)
            r = errno == EAGAIN ? -ETIMEDOUT : -errno;
    }
    return r;
}

int fetch_lines(const char *url, void (*on_line)(void *ctx, struct slice line), void *ctx)
{
    struct answer answer = { .on_line = on_line, .ctx = ctx };
    struct address server;
    char authority[256];
    const char *path;
    int fd, r;

    r = find_server(url, authority, &path, &server);
    if (r < 0)
        return r;
    fd = connect_to(&server);
    if (fd < 0)
        return fd;
    r = send_request(fd, authority, path);
    if (r == 0)
        r = read_answer(fd, &answer);
    close(fd);
    return r;
}

const char *fetch_error(int error)
{
    switch (error) {
    case -ENOENT: return "the server does not give this page";
    case -EPROTO: return "the answer is not HTTP, or was cut";
    case -EMSGSIZE: return "a line of the page is too long for a page of metrics";
    case -ETIMEDOUT: return "no answer within 10 seconds";
    default: return address_error(error);
    }
}
