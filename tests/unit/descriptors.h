/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Descriptors: how many this process has open, and sending some over a Unix socket
 */

#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <sys/socket.h>

/* The most that a datagram can pass (SCM_MAX_FD). */
#define SCM_FDS_MAX 253

static inline unsigned n_descriptors(void)
{
    DIR *open_files = opendir("/proc/self/fd");
    unsigned n = 0;

    assert_non_null(open_files);
    while (readdir(open_files))
        n++;
    closedir(open_files);
    return n;
}

/* Send @text on @out, and pass @fd @n times. Returns 0 or negative errno. */
static inline int pass(int out, const char *text, int fd, unsigned n)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(SCM_FDS_MAX * sizeof(int))] = { 0 };
    struct iovec vector = { (void *)(uintptr_t)text, strlen(text) };
    struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
    struct cmsghdr *header;

    assert_true(n <= SCM_FDS_MAX);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(n * sizeof(int));
    header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(n * sizeof(int));
    for (unsigned i = 0; i < n; i++)
        memcpy(CMSG_DATA(header) + i * sizeof(int), &fd, sizeof(fd));
    return sendmsg(out, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}
