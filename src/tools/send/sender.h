/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sender: packs lines into full datagrams and sends them
 *
 *      struct sender sender;
 *      sender_open(&sender, &address);
 *      sender_add(&sender, line); ...
 *      sender_close(&sender);      sends the last datagram
 *
 * When the socket has no room, the sender waits at most 100 ms, and only if the previous
 * datagram had room. So a single datagram is sent at once or not at all, and many are not lost
 * just because the daemon is a little slower to receive them.
 */

#include "base/address.h"
#include "base/slice.h"
#include "tools/send/encode.h"

struct sender {
    int fd;
    bool had_room; /* for the previous datagram */
    size_t len;
    int error; /* negative errno of the first datagram that was not sent, or 0 */
    char datagram[ENCODE_DATAGRAM_MAX];
};

/* Connect to @to. Returns 0, or negative errno with nothing to close. */
MUST_CHECK int sender_open(struct sender *sender, const struct address *to);

/*
 * Append @line, given without a line feed, to the datagram. If it does not fit, the datagram
 * is sent first. Returns 0, or -EMSGSIZE if the line fits into no datagram and is left out.
 */
MUST_CHECK int sender_add(struct sender *sender, struct slice line);

/* Send the datagram now, unless it is empty. */
void sender_flush(struct sender *sender);

/* Send the datagram and close. Returns sender.error, 0 if everything was sent. */
MUST_CHECK int sender_close(struct sender *sender);
