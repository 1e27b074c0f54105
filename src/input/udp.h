/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * UDP: a datagram socket in a worker's loop, drained as cheaply as its traffic allows
 *
 * A Unix datagram socket works as well. Its senders wait, or lose, as soon as a short
 * queue is full, so what comes there never waits for a timer.
 */

#include "base/address.h"
#include "base/compiler.h"
#include "base/slice.h"

#include <stdint.h>
#include <uv.h>

/* What woke the worker up. */
enum udp_wakeup {
    UDP_WAKEUP_POLL,  /* the socket had been quiet, and now has something */
    UDP_WAKEUP_TIMER, /* it is time to look again */
};

/* Everything runs on the loop's thread. Datagrams are borrowed until on_batch_end returns. */
struct udp_callbacks {
    void *ctx;
    void (*on_wakeup)(void *ctx, enum udp_wakeup wakeup);
    void (*on_datagram)(void *ctx, struct slice datagram, int64_t arrived_ns);
    void (*on_cut)(void *ctx); /* the end of a datagram is lost; its whole lines follow */
    void (*on_batch_end)(void *ctx, unsigned n_datagrams);
    void (*on_drained)(void *ctx);          /* at the end of each drain */
    void (*on_error)(void *ctx, int error); /* reading failed with negative errno */
};

/*
 * Make @n sockets that are all bound to @address and share its traffic by flow
 * (SO_REUSEPORT). With port 0 the kernel chooses one port for all of them.
 * @read_buffer_bytes is asked for as each one's receive buffer.
 *
 * Returns 0 and hands over the descriptors in @ret_fds; or negative errno, when
 * @ret_fds holds nothing, of which -EADDRINUSE also means that another program shares the port already.
 */
MUST_CHECK int udp_bind(const struct address *address, int read_buffer_bytes, unsigned n,
                        int *ret_fds);

/*
 * The receive buffer that the kernel really granted @fd, in bytes, in the terms in
 * which udp_bind() asks for it; or negative errno.
 */
int udp_read_buffer(int fd);

/*
 * How many datagrams the kernel dropped because @fd's buffer was full, modulo 2^32,
 * as it counts them. Any thread; 0 on error.
 */
uint64_t udp_kernel_drops(int fd);

struct udp;

/*
 * Receive from @fd in @loop. @fd stays the caller's and must outlive the udp.
 * Returns 0 and the udp in @ret, or negative errno.
 */
MUST_CHECK int udp_open(struct udp **ret, uv_loop_t *loop, int fd,
                        const struct udp_callbacks *callbacks);

/*
 * Receive what is in the socket now, but end after some 5 ms, at the end of a
 * batch. Returns how many datagrams came: 0 only if there was none.
 */
unsigned udp_drain(struct udp *udp);

/*
 * Stop receiving; from within a callback too, after which at most the rest of the
 * batch is handed over. Memory goes when the loop has run its close callbacks.
 * NULL is fine.
 */
void udp_close(struct udp *udp);
