/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sink
 *
 * One thread, one socket, no event loop library. Both methods receive with the same call into
 * the same 64 buffers. They differ only in how they wait, so the difference between their
 * figures is the cost of waiting.
 */

#include "tools/bench/sink.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MAX 64
#define DATAGRAM_MAX 65536

/* How long the blocking sink may sleep before it checks whether to stop. */
#define LOOK_US 100000

struct sink {
    const struct sink_options *options;
    int fd;
    int64_t end_ns;
    uint64_t n_datagrams;
    struct mmsghdr headers[BATCH_MAX];
    struct iovec vectors[BATCH_MAX];
    char buffers[BATCH_MAX][DATAGRAM_MAX]; /* pages that are never written take no memory */
};

static bool is_over(const struct sink *sink)
{
    return *sink->options->is_interrupted || clock_monotonic_ns() >= sink->end_ns;
}

/* Receive once. Returns the number received; 0 on a time-out or a signal; or negative errno. */
static int take(struct sink *sink, int flags)
{
    int n = recvmmsg(sink->fd, sink->headers, BATCH_MAX, flags, NULL);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    sink->n_datagrams += (unsigned)n;
    return n;
}

static int drain(struct sink *sink)
{
    int n;

    do {
        n = take(sink, MSG_DONTWAIT);
    } while (n == BATCH_MAX);
    return n;
}

static int run_blocking(struct sink *sink)
{
    int n = 0;

    while (n >= 0 && !is_over(sink))
        n = take(sink, MSG_WAITFORONE);
    return n;
}

static int run_coalescing(struct sink *sink)
{
    const struct timespec pause = { .tv_nsec = CLOCK_NS_PER_MS };
    int n = 0;

    while (n >= 0 && !is_over(sink)) {
        n = drain(sink);
        nanosleep(&pause, NULL);
    }
    return n;
}

/*
 * Limit how long a call waits, because a signal that arrives just before the call does not
 * end it.
 */
static int wait_in_calls(int fd)
{
    const struct timeval longest = { .tv_usec = LOOK_US };
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof(longest)) < 0)
        return -errno;
    return 0;
}

static int announce(int fd, void (*on_bound)(const char *address))
{
    char text[ADDRESS_TEXT_MAX];
    struct address address;
    int r = address_of_socket(&address, fd);

    if (r < 0)
        return r;
    address_format(&address, text);
    on_bound(text);
    return 0;
}

static int run(struct sink *sink, struct sink_result *ret)
{
    int64_t before_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID), now_ns = clock_monotonic_ns();
    int r;

    sink->end_ns = INT64_MAX;
    if (sink->options->duration_ns < INT64_MAX - now_ns)
        sink->end_ns = now_ns + sink->options->duration_ns;
    r = sink->options->method == SINK_BLOCKING ? run_blocking(sink) : run_coalescing(sink);
    if (r >= 0)
        r = drain(sink);
    *ret = (struct sink_result){
        .n_datagrams = sink->n_datagrams,
        .n_kernel_drops = socket_kernel_drops(sink->fd),
        .cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - before_ns,
    };
    return r < 0 ? r : 0;
}

static struct sink *sink_new(const struct sink_options *options, int fd)
{
    struct sink *sink = calloc(1, sizeof(*sink));

    if (!sink)
        return NULL;
    sink->options = options;
    sink->fd = fd;
    for (unsigned i = 0; i < BATCH_MAX; i++) {
        sink->vectors[i] = (struct iovec){ sink->buffers[i], DATAGRAM_MAX };
        sink->headers[i].msg_hdr = (struct msghdr){ .msg_iov = &sink->vectors[i], .msg_iovlen = 1 };
    }
    return sink;
}

int sink_run(const struct sink_options *options, void (*on_bound)(const char *address),
             struct sink_result *ret)
{
    struct address address;
    struct sink *sink;
    int fd = -1, r = address_parse(&address, options->listen);

    if (r == 0)
        r = socket_bind_udp(&address, options->read_buffer_bytes, 1, &fd);
    if (r < 0)
        return r;
    sink = sink_new(options, fd);
    if (!sink)
        r = -ENOMEM;
    if (r == 0 && options->method == SINK_BLOCKING)
        r = wait_in_calls(fd);
    if (r == 0)
        r = announce(fd, on_bound);
    if (r == 0)
        r = run(sink, ret);
    free(sink);
    close(fd);
    return r;
}
