/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sender
 *
 * A connected datagram socket, and the datagram that is being filled.
 */

#include "tools/send/sender.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM_WAIT_MS 100

int sender_open(struct sender *sender, const struct address *to)
{
    int fd = socket(to->any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (connect(fd, &to->any, to->len) < 0) {
        int r = -errno;

        close(fd);
        return r;
    }
    *sender = (struct sender){ .fd = fd };
    return 0;
}

static int send_once(struct sender *sender)
{
    return send(sender->fd, sender->datagram, sender->len, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void note_error(struct sender *sender, int error)
{
    if (sender->error == 0)
        sender->error = error;
}

void sender_flush(struct sender *sender)
{
    struct pollfd room = { .fd = sender->fd, .events = POLLOUT };
    int r;

    if (sender->len == 0)
        return;
    r = send_once(sender);
    if (r == -ECONNREFUSED) {
        /* This may report an earlier datagram; the current one was not sent yet. */
        note_error(sender, r);
        r = send_once(sender);
    }
    if (r == -EAGAIN && sender->had_room && poll(&room, 1, ROOM_WAIT_MS) > 0)
        r = send_once(sender);
    sender->had_room = r == 0;
    note_error(sender, r);
    sender->len = 0;
}

int sender_add(struct sender *sender, struct slice line)
{
    if (line.len > ENCODE_LINE_MAX)
        return -EMSGSIZE;
    if (sender->len + line.len + 1 > sizeof(sender->datagram))
        sender_flush(sender);
    memcpy(sender->datagram + sender->len, line.at, line.len);
    sender->len += line.len;
    sender->datagram[sender->len++] = '\n';
    return 0;
}

int sender_close(struct sender *sender)
{
    sender_flush(sender);
    close(sender->fd);
    return sender->error;
}
