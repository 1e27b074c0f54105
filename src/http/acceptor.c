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

/*
 * The pause when it is crowded, and the most of them in a row. They end long before a client would
 * give up, also if it stays crowded for a reason that time does not mend.
 */
#define CROWDED_MS 1
#define CROWDED_PAUSES_MAX 500

#define TICK_MS 500

/* The most connections before the other sockets have their turn. */
#define ACCEPTS_PER_TURN 64

struct acceptor {
    struct acceptor_options options;
    pthread_t thread;
    int stop_fd;
    unsigned n_crowded; /* pauses in a row */
    bool is_ticking;
    int64_t next_tick_ns;
    struct pollfd polled[]; /* stop_fd, then the sockets */
};

/* Whether the next connection should stay in the kernel's backlog for now. */
static bool is_to_wait(struct acceptor *acceptor)
{
    const struct acceptor_options *options = &acceptor->options;

    if (!options->is_crowded || !options->is_crowded(options->ctx)) {
        acceptor->n_crowded = 0;
        return false;
    }
    if (acceptor->n_crowded == CROWDED_PAUSES_MAX)
        return false;
    acceptor->n_crowded++;
    return true;
}

/* Returns how many milliseconds to pause; 0: not at all. */
static int accept_some(struct acceptor *acceptor, int listening)
{
    struct sockaddr_storage peer;

    for (unsigned i = 0; i < ACCEPTS_PER_TURN; i++) {
        socklen_t len = sizeof(peer);
        int fd;

        if (is_to_wait(acceptor))
            return CROWDED_MS;
        fd = accept4(listening, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            acceptor->options.on_connection(acceptor->options.ctx, fd,
                                            (const struct sockaddr *)&peer, len);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        else if (errno != ECONNABORTED && errno != EINTR)
            return PAUSE_MS;
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
    int pause_ms = 0;

    for (;;) {
        nfds_t n = pause_ms ? 1 : acceptor->options.n_fds + 1;
        int ms, wait_ms = pause_ms ? pause_ms : acceptor->is_ticking ? TICK_MS : -1;

        if (poll(polled, n, wait_ms) > 0 && polled[0].revents)
            return NULL;
        pause_ms = 0;
        for (nfds_t i = 1; i < n; i++) {
            if (!polled[i].revents)
                continue;
            ms = accept_some(acceptor, polled[i].fd);
            pause_ms = ms > pause_ms ? ms : pause_ms;
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
