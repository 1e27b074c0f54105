/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/std_files.h"
#include "child.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether @fd is open, and is /dev/null. */
static bool is_null(int fd)
{
    struct stat of_fd, of_null;

    return fstat(fd, &of_fd) == 0 && stat("/dev/null", &of_null) == 0 &&
           of_fd.st_rdev == of_null.st_rdev && S_ISCHR(of_fd.st_mode);
}

/*
 * In a child without the descriptors in @closed, a bit for each: whether these are /dev/null
 * afterwards, the others are as before, and the next file gets another descriptor.
 */
static bool is_right_without(unsigned closed)
{
    int pipes[2], next;
    bool is_right;

    if (pipe(pipes) < 0)
        return false;
    for (int fd = 0; fd < 3; fd++) {
        if (closed & 1u << fd)
            close(fd);
        else
            dup2(pipes[1], fd);
    }
    is_right = std_files_open() == 0;
    for (int fd = 0; fd < 3; fd++)
        is_right = is_right && is_null(fd) == !!(closed & 1u << fd);
    next = open("/dev/null", O_RDONLY);
    return is_right && next > 2;
}

static void those_that_are_closed_become_dev_null(void **state)
{
    for (unsigned closed = 0; closed < 8; closed++) {
        pid_t child = fork_child();
        int status;

        if (child == 0)
            _exit(is_right_without(closed) ? 0 : 1);
        assert_true(child > 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (status != 0)
            fail_msg("wrong without the descriptors in %u", closed);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(those_that_are_closed_become_dev_null),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
