/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Standard files
 *
 * A new descriptor is the lowest that is free, so in ascending order each is the one looked at.
 */

#include "base/std_files.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int std_files_open(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
            return -errno;
    return 0;
}
