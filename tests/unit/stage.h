/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Stage: a listening socket, TCP or Unix, its connections, and a log of their callbacks
 *
 * The log has lines as parse_next_line() cuts them, each with a '/' after it, '!' for a line
 * over the limit, and '?' for another refusal. Nothing sleeps: the loop runs until a counter
 * shows that the awaited event has happened.
 */

#include "sockets.h"

#include "base/address.h"
#include "base/unix.h"
#include "input/connections.h"
#include "input/parse.h"

#include <errno.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#define LOG_MAX 4096
#define LINE_MAX_BYTES 65536
#define PATIENCE_MS 15000

enum transport { TCP, UNIX };

struct stage {
    enum transport transport;
    uv_loop_t loop;
    struct turn turn;
    uv_timer_t deadline;
    bool is_late;
    int fd;
    struct connections *connections;
    struct connections_options options;
    struct places *places;
    unsigned n_max; /* of places */
    char path[64];  /* of a Unix socket */
    struct unix_file file;

    char log[LOG_MAX];
    size_t log_len;
    unsigned n_lines;
    unsigned n_refused;
    unsigned n_opened;
    unsigned n_closed;
    unsigned n_ends[_CONNECTION_END_N]; /* of those, by cause */
    unsigned n_evicted;                 /* told to leave, for a new one */
    struct places_eviction eviction;    /* the last of them */
    unsigned n_connections_refused;
    unsigned n_turns;
    bool is_in_turn; /* a callback has run since the last turn's end */

    char refused[256]; /* the beginning of the text that was refused last */
    size_t refused_len;

    bool asks_for_peer; /* with each line and refusal */
    struct peer peer;
};

/* --- callbacks --------------------------------------------------------------------- */

static inline void note(struct stage *stage, struct slice text, char end)
{
    size_t len = text.len < 32 ? text.len : 32;

    stage->is_in_turn = true;
    if (stage->log_len + len + 1 > LOG_MAX)
        return;
    memcpy(stage->log + stage->log_len, text.at, len);
    stage->log_len += len;
    stage->log[stage->log_len++] = end;
}

static inline void ask_for_peer(struct stage *stage)
{
    if (stage->asks_for_peer)
        stage->peer = *connections_peer(stage->connections);
}

static inline void on_lines(void *ctx, struct slice lines)
{
    const struct parse_options options = { .line_max = LINE_MAX_BYTES };
    struct stage *stage = ctx;
    struct slice line;

    ask_for_peer(stage);
    while (parse_next_line(&lines, &options, &line)) {
        bool is_good = line.len <= LINE_MAX_BYTES;

        stage->n_lines += is_good;
        stage->n_refused += !is_good;
        note(stage, is_good ? line : SLICE(""), is_good ? '/' : '!');
    }
}

static inline void on_refused(void *ctx, enum verdict reason, struct slice text)
{
    struct stage *stage = ctx;

    ask_for_peer(stage);
    assert_true(reason == REFUSED_LINE_LIMIT || reason == REFUSED_MALFORMED_LINE);
    stage->n_refused++;
    stage->refused_len = text.len < sizeof(stage->refused) ? text.len : sizeof(stage->refused);
    if (text.len)
        memcpy(stage->refused, text.at, stage->refused_len);
    note(stage, SLICE(""), reason == REFUSED_LINE_LIMIT ? '!' : '?');
}

static inline void on_opened(void *ctx)
{
    struct stage *stage = ctx;

    stage->n_opened++;
    stage->is_in_turn = true;
    assert_true(stage->n_opened - stage->n_closed <= stage->n_max + PLACES_LEAVING_MAX);
}

static inline void on_closed(void *ctx, enum connection_end cause)
{
    struct stage *stage = ctx;

    stage->n_closed++;
    stage->n_ends[cause]++;
    stage->is_in_turn = true;
    assert_true(stage->n_closed <= stage->n_opened);
}

static inline void on_evicted(void *ctx, const struct places_eviction *eviction)
{
    struct stage *stage = ctx;

    stage->n_evicted++;
    stage->eviction = *eviction;
    stage->is_in_turn = true;
}

static inline void on_connection_refused(void *ctx)
{
    struct stage *stage = ctx;

    stage->n_connections_refused++;
    stage->is_in_turn = true;
}

static inline void on_turn_end(void *ctx)
{
    struct stage *stage = ctx;

    stage->n_turns++;
    stage->is_in_turn = false;
}

/* --- the stage ----------------------------------------------------------------------- */

static inline void on_deadline(uv_timer_t *timer)
{
    struct stage *stage = timer->data;

    stage->is_late = true;
}

static inline int listen_unix(struct stage *stage)
{
    const struct unix_permissions permissions = { 0600, (uid_t)-1, (gid_t)-1 };
    int fd;

    snprintf(stage->path, sizeof(stage->path), "/tmp/test_connections.%d", (int)getpid());
    fd = unix_bind(stage->path, SOCK_STREAM, &permissions, &stage->file);
    assert_true(fd >= 0);
    return fd;
}

static inline void open_connections(struct stage *stage, struct connections **ret)
{
    assert_int_equal(connections_open(ret, &stage->loop, &stage->options), 0);
    connections_start(*ret);
}

static inline void stage_open(struct stage *stage, enum transport transport, unsigned n_max)
{
    *stage = (struct stage){ .transport = transport, .n_max = n_max };
    assert_int_equal(places_new(&stage->places, n_max, 42), 0);
    assert_int_equal(uv_loop_init(&stage->loop), 0);
    turn_open(&stage->turn, &stage->loop, stage, on_turn_end);
    assert_int_equal(uv_timer_init(&stage->loop, &stage->deadline), 0);
    stage->deadline.data = stage;
    stage->fd = transport == TCP ? listen_loopback() : listen_unix(stage);
    stage->options = (struct connections_options){
        .fd = stage->fd,
        .turn = &stage->turn,
        .stream = { LINE_MAX_BYTES, .may_have_frames = transport == UNIX },
        .places = stage->places,
        .keep_alive = { .idle_s = 30, .interval_s = 5, .n_probes = 6 },
        .callbacks = {
            .ctx = stage,
            .on_lines = on_lines,
            .on_refused = on_refused,
            .on_opened = on_opened,
            .on_closed = on_closed,
            .on_evicted = on_evicted,
            .on_connection_refused = on_connection_refused,
        },
    };
    open_connections(stage, &stage->connections);
}

/* Closing the loop checks that nothing is left in it. */
static inline void stage_close(struct stage *stage)
{
    connections_close(stage->connections);
    turn_close(&stage->turn);
    assert_int_equal(places_count(stage->places), 0);
    places_free(stage->places);
    assert_int_equal(stage->n_opened, stage->n_closed);
    assert_false(stage->is_in_turn);
    uv_close((uv_handle_t *)&stage->deadline, NULL);
    assert_int_equal(uv_run(&stage->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&stage->loop), 0);
    if (stage->transport == UNIX)
        unix_remove(stage->path, &stage->file);
    close(stage->fd);
}

static inline void start_deadline(struct stage *stage, unsigned ms)
{
    stage->is_late = false;
    uv_update_time(&stage->loop);
    uv_timer_start(&stage->deadline, on_deadline, ms, 0);
}

/* Read what has arrived, as at a stop. */
static inline void drain(struct stage *stage, int64_t end_ns)
{
    connections_gather(stage->connections);
    turn_take(&stage->turn, end_ns);
    turn_end(&stage->turn);
}

/* Run the loop until @counter is @n. Each wake-up must end its turn before the next one. */
static inline void run_until(struct stage *stage, const unsigned *counter, unsigned n)
{
    start_deadline(stage, PATIENCE_MS);
    while (*counter < n && !stage->is_late) {
        uv_run(&stage->loop, UV_RUN_ONCE);
        assert_false(stage->is_in_turn);
    }
    uv_timer_stop(&stage->deadline);
    if (*counter != n)
        fail_msg("waited for %u, and %u came", n, *counter);
}

/* Run the loop for @ms, and take in what arrives. */
static inline void run_for(struct stage *stage, unsigned ms)
{
    start_deadline(stage, ms);
    while (!stage->is_late)
        uv_run(&stage->loop, UV_RUN_ONCE);
}

static inline void must_have_come(struct stage *stage, const char *expected)
{
    if (!slice_equal((struct slice){ stage->log, stage->log_len }, slice_of(expected)))
        fail_msg("came: %.*s, not %s", (int)stage->log_len, stage->log, expected);
    stage->log_len = 0;
}

/* --- clients ----------------------------------------------------------------------------- */

static inline int client_of(const struct stage *stage)
{
    struct sockaddr_un file = { .sun_family = AF_UNIX };
    struct address address;
    int out;

    if (stage->transport == TCP) {
        assert_int_equal(address_of_socket(&address, stage->fd), 0);
        out = socket(address.any.sa_family, SOCK_STREAM, 0);
        assert_int_equal(connect(out, &address.any, address.len), 0);
        return out;
    }
    memcpy(file.sun_path, stage->path, strlen(stage->path));
    out = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(out, (const struct sockaddr *)&file, sizeof(file)), 0);
    return out;
}

static inline void say(int out, struct slice text)
{
    assert_int_equal(send(out, text.at, text.len, MSG_NOSIGNAL), text.len);
}

/* The other side has closed. */
static inline void must_be_closed(int out)
{
    struct timeval patience = { 5, 0 };
    char byte;

    assert_int_equal(setsockopt(out, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_true(recv(out, &byte, 1, 0) == 0 || errno == ECONNRESET);
}

static inline void reset(int out)
{
    struct linger linger = { 1, 0 };

    assert_int_equal(setsockopt(out, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
    close(out);
}
