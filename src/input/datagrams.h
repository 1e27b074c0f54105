/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Datagrams: a datagram socket in a worker's loop, drained as cheaply as its traffic allows
 *
 * It may be a Unix socket. As soon as its short queue is full, senders wait or lose datagrams. So
 * these never wait for a timer.
 */

#include "base/address.h"
#include "base/compiler.h"
#include "base/peer.h"
#include "base/slice.h"

#include <stdint.h>
#include <uv.h>

/* What woke the worker up. */
enum datagrams_wakeup {
    DATAGRAMS_WAKEUP_POLL,  /* the socket was quiet and has become readable */
    DATAGRAMS_WAKEUP_TIMER, /* it is time to drain it again, or to go on with that */
};

/* Everything runs on the loop's thread. Datagrams are borrowed until on_batch_end returns. */
struct datagrams_callbacks {
    void *ctx;
    void (*on_wakeup)(void *ctx, enum datagrams_wakeup wakeup);
    void (*on_datagram)(void *ctx, struct slice datagram, int64_t arrived_ns);
    /* The last bytes of a datagram are lost; on_datagram follows with the lines before them. */
    void (*on_cut)(void *ctx, size_t n_bytes);
    void (*on_batch_end)(void *ctx, unsigned n_datagrams);
    void (*on_drained)(void *ctx);          /* at the end of each drain */
    void (*on_error)(void *ctx, int error); /* reading failed with negative errno */
};

struct datagrams;

/*
 * Be ready to receive from @fd in @loop. @fd stays the caller's and must outlive the struct
 * datagrams. Returns 0, or negative errno.
 */
MUST_CHECK int datagrams_open(struct datagrams **ret, uv_loop_t *loop, int fd,
                              const struct datagrams_callbacks *callbacks);

/* Begin to receive. Once, and not after datagrams_close(). */
void datagrams_start(struct datagrams *datagrams);

/*
 * Receive what is in the socket now, but stop after about 5 ms (TURN_NS, input/turn.h), at the end
 * of a batch or of some long datagrams; the rest of the batch is handed over first the next time.
 * Returns the number of datagrams handed over: 0 only if there was none.
 */
unsigned datagrams_drain(struct datagrams *datagrams);

/*
 * Whether the senders of all datagrams are known that are received from now on: 30 ns for each. Off
 * at first.
 */
void datagrams_name_all(struct datagrams *datagrams, bool are_wanted);

/* The datagram in which @at lies, until on_batch_end returns. */
struct slice datagrams_around(const struct datagrams *datagrams, const char *at);

/*
 * The sender of the datagram in which @at lies, until on_batch_end returns. It may be unknown, see
 * receive_batch_peer().
 */
struct peer datagrams_peer(struct datagrams *datagrams, const char *at);

/*
 * Receive from the Unix socket @fd in place of the present one, whose number it gets. It is taken.
 * First the present one is drained, after nothing more can be sent to it. Not from a callback.
 */
void datagrams_replace(struct datagrams *datagrams, int fd);

/*
 * Receive what is in the socket after nothing more can be sent to it, and then do what
 * datagrams_close() does. That takes about as long as to fill its buffer did. Not from a callback.
 */
void datagrams_retire(struct datagrams *datagrams);

/*
 * Stop receiving, but hand over the rest of the batch that has been received. May be called from a
 * callback; then the rest follows after it. The memory is freed after the loop has run its close
 * callbacks. NULL is fine.
 */
void datagrams_close(struct datagrams *datagrams);
