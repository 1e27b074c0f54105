/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Acceptor
 *
 * A thread that waits for all sockets at once. An eventfd tells it to end, even in a pause. It
 * sleeps for good while nothing is connected.
 */

#include "http/acceptor.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The pause in accepting after an error, as when the process has no descriptor left. */
#define PAUSE_MS 100

#define TICK_MS 500

/* The most connections before the other sockets have their turn. */
#define ACCEPTS_PER_TURN 64

struct acceptor {
    struct acceptor_options options;
    pthread_t thread;
    int stop_fd;
    bool is_ticking;
    int64_t next_tick_ns;
    struct pollfd polled[]; /* stop_fd, then the sockets */
};

/* Returns 0, or negative errno if no more can be accepted for a while. */
static int accept_some(struct acceptor *acceptor, int listening)
{
    struct sockaddr_storage peer;

    for (unsigned i = 0; i < ACCEPTS_PER_TURN; i++) {
        socklen_t len = sizeof(peer);
        int fd = accept4(listening, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            acceptor->options.on_connection(acceptor->options.ctx, fd,
                                            (const struct sockaddr *)&peer, len);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        else if (errno != ECONNABORTED && errno != EINTR)
            return -errno;
    }
    return 0;
}

static void tick(struct acceptor *acceptor)
{
    int64_t now_ns = acceptor->is_ticking ? clock_monotonic_ns() : 0;

    if (!acceptor->is_ticking || now_ns < acceptor->next_tick_ns)
        return;
    acceptor->is_ticking = acceptor->options.on_tick(acceptor->options.ctx);
    acceptor->next_tick_ns = now_ns + TICK_MS * CLOCK_NS_PER_MS;
}

static void *run(void *arg)
{
    struct acceptor *acceptor = arg;
    struct pollfd *polled = acceptor->polled;
    bool is_pausing = false;

    for (;;) {
        nfds_t n = is_pausing ? 1 : acceptor->options.n_fds + 1;
        int wait_ms = is_pausing ? PAUSE_MS : acceptor->is_ticking ? TICK_MS : -1;

        if (poll(polled, n, wait_ms) > 0 && polled[0].revents)
            return NULL;
        is_pausing = false;
        for (nfds_t i = 1; i < n; i++) {
            if (!polled[i].revents)
                continue;
            is_pausing |= accept_some(acceptor, polled[i].fd) < 0;
            acceptor->is_ticking = acceptor->options.on_tick;
        }
        tick(acceptor);
    }
}

static void free_acceptor(struct acceptor *acceptor)
{
    if (acceptor->stop_fd >= 0)
        close(acceptor->stop_fd);
    free(acceptor);
}

int acceptor_start(struct acceptor **ret, const struct acceptor_options *options)
{
    struct acceptor *acceptor =
        calloc(1, sizeof(*acceptor) + (options->n_fds + 1) * sizeof(acceptor->polled[0]));
    int r = 0;

    if (!acceptor)
        return -ENOMEM;
    acceptor->options = *options;
    acceptor->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (acceptor->stop_fd < 0)
        r = -errno;
    acceptor->polled[0] = (struct pollfd){ .fd = acceptor->stop_fd, .events = POLLIN };
    for (unsigned i = 0; i < options->n_fds; i++)
        acceptor->polled[i + 1] = (struct pollfd){ .fd = options->fds[i], .events = POLLIN };
    if (r == 0)
        r = -pthread_create(&acceptor->thread, NULL, run, acceptor);
    if (r < 0) {
        free_acceptor(acceptor);
        return r;
    }
    *ret = acceptor;
    return 0;
}

void acceptor_stop(struct acceptor *acceptor)
{
    if (!acceptor)
        return;
    (void)eventfd_write(acceptor->stop_fd, 1);
    pthread_join(acceptor->thread, NULL);
    for (unsigned i = 1; i <= acceptor->options.n_fds; i++)
        close(acceptor->polled[i].fd);
    free_acceptor(acceptor);
}
