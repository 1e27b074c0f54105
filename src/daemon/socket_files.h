/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Socket files: they are made again if they disappear
 *
 * A cleaner of /tmp, a container that is set up again, or a mistaken rm removes the file of a
 * socket, and new senders find nothing, although the process still listens. Within a second or two
 * a file that is gone is noticed, logged, and made again with a new socket. What was sent to the
 * old one is applied first, and its connections stay. A sender that was connected to the old socket
 * of datagrams gets ECONNREFUSED once, as after a restart.
 *
 * If something else is at the path, it stays: this is logged, and tried again every second.
 */

#include "base/compiler.h"
#include "daemon/disk_thread.h"
#include "daemon/sockets.h"
#include "daemon/workers.h"

/* All are borrowed. */
struct socket_files {
    struct sockets *sockets; /* of whose listeners in force it looks after the files */
    struct workers *workers;
    struct disk_thread *thread;
    bool is_waiting; /* if the thread is stuck: for the disk of a file, which may not be touched */
};

/* On the disk thread: whether there are any. */
bool socket_files_exist(const struct socket_files *files);

/* On the disk thread: look after all files. Returns false if the process ends. */
MUST_CHECK bool socket_files_look(struct socket_files *files);
