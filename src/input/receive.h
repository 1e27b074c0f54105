/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Receive: a batch of datagrams out of a socket
 *
 * One thread at a time. Knows no event loop: it never waits.
 */

#include "base/compiler.h"
#include "base/slice.h"

#include <stdint.h>

/* The most datagrams a batch takes, and the most bytes of one: all that UDP can carry. */
#define RECEIVE_BATCH_MAX 64
#define RECEIVE_DATAGRAM_MAX 65536

struct receive_batch;

/* Make an empty batch with all its buffers. Returns 0 or -ENOMEM. */
MUST_CHECK int receive_batch_new(struct receive_batch **ret);
void receive_batch_free(struct receive_batch *batch);
DEFINE_CLEANUP(struct receive_batch *, receive_batch_free)

/*
 * Take what is waiting in @fd, without waiting for more. What the batch held
 * before is gone. Returns how many datagrams it holds now: 0 to
 * RECEIVE_BATCH_MAX, fewer than that when the socket is empty; or negative errno.
 */
MUST_CHECK int receive_batch_fill(struct receive_batch *batch, int fd);

/* Datagram @i of those, borrowed until the next fill. */
struct slice receive_batch_datagram(const struct receive_batch *batch, int i);

/* Was it longer than RECEIVE_DATAGRAM_MAX, so that its end is lost? (Unix sockets only.) */
bool receive_batch_is_cut(const struct receive_batch *batch, int i);

/*
 * When it reached this machine, in clock_monotonic_ns() terms. 0 unless
 * receive_stamp_arrivals() was asked for on that socket.
 */
int64_t receive_batch_arrived_ns(const struct receive_batch *batch, int i);

/* Have the kernel note when each datagram arrives. Returns 0 or negative errno. */
MUST_CHECK int receive_stamp_arrivals(int fd);
