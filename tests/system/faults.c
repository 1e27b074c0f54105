/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Faults: functions of libraries that hang or fail when a test says so
 *
 * Loaded into the daemon before its libraries (LD_PRELOAD). The test makes a file to begin, and
 * removes it to end:
 *
 *      FAULTS/resolver     looking up a name that ends with ".hangs" does not return; while it
 *                          hangs, there is a file FAULTS/looking-up
 *      FAULTS/poll         every second uv_poll_init() has no memory
 *
 * where FAULTS is the folder in the variable UDOMETER_TEST_FAULTS.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define SUFFIX ".hangs"

static void write_path(const char *name, char out[PATH_MAX])
{
    const char *folder = getenv("UDOMETER_TEST_FAULTS");

    snprintf(out, PATH_MAX, "%s/%s", folder ? folder : "/nowhere", name);
}

static bool is_wanted(const char *fault)
{
    char path[PATH_MAX];

    write_path(fault, path);
    return access(path, F_OK) == 0;
}

static void hang(void)
{
    char path[PATH_MAX];

    write_path("looking-up", path);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    while (is_wanted("resolver"))
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    unlink(path);
}

static bool has_suffix(const char *name)
{
    size_t len = name ? strlen(name) : 0;

    return len > strlen(SUFFIX) && strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;
}

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (!has_suffix(name))
        return real(name, service, hints, ret);
    if (is_wanted("resolver"))
        hang();
    return real("127.0.0.1", service, hints, ret);
}

int uv_poll_init(uv_loop_t *loop, uv_poll_t *handle, int fd)
{
    static _Atomic unsigned n;
    int (*real)(uv_loop_t *, uv_poll_t *, int);

    *(void **)&real = dlsym(RTLD_NEXT, "uv_poll_init");
    if (is_wanted("poll") && atomic_fetch_add(&n, 1) % 2 == 1)
        return UV_ENOMEM;
    return real(loop, handle, fd);
}
