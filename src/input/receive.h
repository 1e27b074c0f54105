/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Receive: a batch of datagrams from a socket
 *
 * One thread at a time. It knows no event loop and never waits.
 */

#include "base/compiler.h"
#include "base/peer.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* The most datagrams in a batch; the most bytes of a datagram, which is all that UDP can carry. */
#define RECEIVE_BATCH_MAX 64
#define RECEIVE_DATAGRAM_MAX 65536

/*
 * The same for Unix sockets. A datagram may be as long as the send buffer of its sender: by default
 * 212,992 bytes, and at most twice that (net.core.wmem_max, SO_SNDBUF in socket(7)). Where an
 * administrator allows more, the kernel delivers up to some megabytes, and the rest is cut off.
 */
#define RECEIVE_UNIX_BATCH_MAX 16
#define RECEIVE_UNIX_DATAGRAM_MAX (512 << 10)

struct receive_batch;

/*
 * Make an empty batch with all its buffers. @is_unix: it is for Unix sockets, whose datagrams have
 * no stamps, and descriptors that senders pass with them are dropped. Returns 0 or -ENOMEM.
 */
MUST_CHECK int receive_batch_new(struct receive_batch **ret, bool is_unix);
void receive_batch_free(struct receive_batch *batch);
DEFINE_CLEANUP(struct receive_batch *, receive_batch_free)

/*
 * Replace the contents of the batch with the datagrams queued on @fd, without waiting for more.
 * Returns their number, at most receive_batch_max(); fewer means that the socket is empty. Or
 * returns negative errno.
 */
MUST_CHECK int receive_batch_fill(struct receive_batch *batch, int fd);

/* The most datagrams that one fill receives. */
int receive_batch_max(const struct receive_batch *batch);

/* Datagram @i of the batch, borrowed until the next fill. */
struct slice receive_batch_datagram(const struct receive_batch *batch, int i);

/* The datagram in which @at lies, a byte of the batch, borrowed likewise. */
struct slice receive_batch_around(const struct receive_batch *batch, const char *at);

/*
 * The sender of the datagram in which @at lies, a byte of the batch. For a Unix socket that is not
 * bound, as in most programs, that is the process. Senders are unknown for most of a batch that
 * follows a full one, and processes for all of a batch, unless senders were asked for lately: the
 * next thousand batches have all of them.
 */
struct peer receive_batch_peer(struct receive_batch *batch, const char *at);

/* Whether the kernel tells the senders of all datagrams to @fd from now on. Off at first. */
void receive_batch_name_all(struct receive_batch *batch, int fd, bool are_wanted);

/*
 * The number of bytes at its end that are lost, because it is longer than
 * RECEIVE_UNIX_DATAGRAM_MAX. Always 0 with UDP.
 */
size_t receive_batch_n_cut(const struct receive_batch *batch, int i);

/*
 * The time at which it reached this machine, on the clock of clock_monotonic_ns(). 0 unless
 * receive_stamp_arrivals() was called for the socket.
 */
int64_t receive_batch_arrived_ns(const struct receive_batch *batch, int i);

/*
 * Make the kernel stamp each datagram of a UDP socket when it arrives. Returns 0 or negative errno.
 */
MUST_CHECK int receive_stamp_arrivals(int fd);
