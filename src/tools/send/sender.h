/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sender: lines in, full datagrams out
 *
 *      struct sender sender;
 *      sender_open(&sender, &address);
 *      sender_add(&sender, line); ...
 *      sender_close(&sender);      the last datagram goes now
 *
 * When the socket has no room, it waits at most 100 ms, and only if there was room for the
 * datagram before. So one datagram alone is sent at once or not at all, and many are not
 * lost because the daemon takes them a little later than they come.
 */

#include "base/address.h"
#include "base/slice.h"
#include "tools/send/encode.h"

struct sender {
    int fd;
    bool had_room; /* for the datagram before */
    size_t len;
    int error; /* negative errno of the first datagram that was not sent, or 0 */
    char datagram[ENCODE_DATAGRAM_MAX];
};

/* Connect to @to. Returns 0 or negative errno; then there is nothing to close. */
MUST_CHECK int sender_open(struct sender *sender, const struct address *to);

/*
 * Put @line, without line feed, into the datagram; when there is no room for it, that one is
 * sent first. Returns 0, or -EMSGSIZE when it fits into none, and is left out.
 */
MUST_CHECK int sender_add(struct sender *sender, struct slice line);

/* Send the datagram as far as it is filled. */
void sender_flush(struct sender *sender);

/* The same, and close. Returns 0 or sender.error. */
MUST_CHECK int sender_close(struct sender *sender);
