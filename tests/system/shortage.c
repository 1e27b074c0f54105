/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Shortage: memory that is not there when a test says so
 *
 * Loaded into the daemon before its libraries (LD_PRELOAD), so that all of these ask here: the
 * daemon, its libraries and the C library. A thread needs memory too, and counts as an allocation.
 *
 * The test and the daemon share a file, the one in the variable UDOMETER_TEST_SHORTAGE, with the
 * numbers in struct shortage.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct shortage {
    _Atomic uint64_t n;        /* allocations so far; the test may set it to 0 */
    _Atomic uint64_t only;     /* the one that fails, from 1 on; 0: none */
    _Atomic uint64_t every;    /* each of which the number is a multiple of this one; 0: none */
    _Atomic uint64_t n_failed; /* so far */
};

static struct shortage *shortage;

static void *(*real_malloc)(size_t);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static int (*real_posix_memalign)(void **, size_t, size_t);
static void *(*real_aligned_alloc)(size_t, size_t);
static int (*real_pthread_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

static void find(void *ret, const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    if (!function)
        abort();
    memcpy(ret, &function, sizeof(function));
}

/* A call before the C library knows the environment always has memory. */
static struct shortage *find_shortage(void)
{
    const char *path = getenv("UDOMETER_TEST_SHORTAGE");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *at = fd < 0 ? MAP_FAILED
                      : mmap(NULL, sizeof(*shortage), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    close(fd);
    return at == MAP_FAILED ? NULL : at;
}

/* The first call comes before other threads exist. */
static void begin(void)
{
    find(&real_calloc, "calloc");
    find(&real_realloc, "realloc");
    find(&real_posix_memalign, "posix_memalign");
    find(&real_aligned_alloc, "aligned_alloc");
    find(&real_pthread_create, "pthread_create");
    find(&real_malloc, "malloc");
}

/* Whether there is no memory for the allocation that is asked for. */
static bool fails(void)
{
    uint64_t n, only, every;

    if (!real_malloc)
        begin();
    if (!shortage && !(shortage = find_shortage()))
        return false;
    n = atomic_fetch_add(&shortage->n, 1) + 1;
    only = atomic_load(&shortage->only);
    every = atomic_load(&shortage->every);
    if (n != only && (every == 0 || n % every != 0))
        return false;
    atomic_fetch_add(&shortage->n_failed, 1);
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails() ? NULL : real_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : real_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    return fails() ? NULL : real_realloc(old, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
    return fails() ? ENOMEM : real_posix_memalign(ret, alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : real_aligned_alloc(alignment, size);
}

int pthread_create(pthread_t *restrict ret, const pthread_attr_t *restrict attributes,
                   void *(*run)(void *), void *restrict arg)
{
    return fails() ? EAGAIN : real_pthread_create(ret, attributes, run, arg);
}
