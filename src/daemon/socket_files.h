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
#include "daemon/listeners.h"
#include "daemon/worker.h"

struct socket_files;

/*
 * Look after the files of @listeners, with a thread of its own, as a disk may keep it waiting. The
 * listeners and the workers are borrowed. Returns 0, or negative errno; 0 and NULL if there are
 * none to look after.
 */
MUST_CHECK int socket_files_start(struct socket_files **ret, struct listeners *listeners,
                                  struct worker *const *workers);

/*
 * End the thread. If it waits for a disk, then it is given a second to end; after that, the files
 * are left as they are, and listeners_close() will not remove them. Call this before the workers
 * are stopped, and socket_files_free() afterwards. NULL is fine for both.
 */
void socket_files_stop(struct socket_files *files);
void socket_files_free(struct socket_files *files);
