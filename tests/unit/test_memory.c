/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory, from its header. Each case runs this program again in a new process, because what is
 * forbidden is decided before main().
 */

#include "child.h"
#include "unit.h"

#include "base/clock.h"
#include "base/memory.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define FORBIDDEN_AT_FIRST 1
#define FORBIDDEN_AFTERWARDS 2

/* The linker leaves jemalloc out unless something allocates. */
static void *(*volatile allocate)(size_t) = malloc;

/* NULL: there is no jemalloc, as in a build with sanitizers. */
__attribute__((weak)) int mallctl(const char *name, void *ret, size_t *ret_len, void *value,
                                  size_t len);

static bool is_forbidden(void)
{
    return prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1;
}

static int run_as_child(void)
{
    int status = is_forbidden() ? FORBIDDEN_AT_FIRST : 0;

    memory_use_huge_pages();
    memory_use_huge_pages(); /* a second call changes nothing */
    return status | (is_forbidden() ? FORBIDDEN_AFTERWARDS : 0);
}

/* What the program finds if its parent forbids huge pages, and if it does not. */
static int status_under(bool forbids)
{
    pid_t child = fork_child();
    int status;

    if (child == 0) {
        prctl(PR_SET_THP_DISABLE, forbids, 0, 0, 0);
        execl("/proc/self/exe", "test_memory", "child", NULL);
        _exit(99);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void there_are_no_huge_pages_until_they_are_asked_for(void **state)
{
    assert_int_equal(status_under(false), FORBIDDEN_AT_FIRST);
}

static void what_the_parent_has_forbidden_stays_forbidden(void **state)
{
    assert_int_equal(status_under(true), FORBIDDEN_AT_FIRST | FORBIDDEN_AFTERWARDS);
}

static void the_allocator_has_one_arena_of_huge_pages(void **state)
{
    void *memory = allocate(1);
    const char *thp;
    unsigned n_arenas;
    size_t len;

    free(memory);
    if (!mallctl)
        skip();
    len = sizeof(n_arenas);
    assert_int_equal(mallctl("opt.narenas", &n_arenas, &len, NULL, 0), 0);
    assert_int_equal(n_arenas, 1);
    len = sizeof(thp);
    assert_int_equal(mallctl("opt.thp", &thp, &len, NULL, 0), 0);
    assert_string_equal(thp, "always");
}

#define N_CHUNKS 512
#define CHUNK_BYTES (128 << 10)

/* It allocates nothing. */
static size_t resident_pages(void)
{
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    char text[128] = "", *end;

    assert_true(fd >= 0);
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    close(fd);
    (void)strtoul(text, &end, 10);
    return strtoul(end, NULL, 10);
}

/* As the buffers of many connections that are gone; but it takes milliseconds, not ten seconds. */
static void what_is_free_is_given_back_although_nothing_allocates(void **state)
{
    size_t n_pages = (size_t)N_CHUNKS * CHUNK_BYTES / (size_t)sysconf(_SC_PAGESIZE), n_used;
    int64_t end_ns = clock_monotonic_ns() + 20 * CLOCK_NS_PER_S;
    static void *chunks[N_CHUNKS];
    ssize_t decay_ms = 50;

    if (!mallctl)
        skip();
    assert_int_equal(mallctl("arena.0.dirty_decay_ms", NULL, NULL, &decay_ms, sizeof(decay_ms)), 0);
    memory_give_back();
    for (unsigned i = 0; i < N_CHUNKS; i++) {
        chunks[i] = allocate(CHUNK_BYTES);
        assert_non_null(chunks[i]);
        memset(chunks[i], 'x', CHUNK_BYTES);
    }
    n_used = resident_pages();
    for (unsigned i = 0; i < N_CHUNKS; i++)
        free(chunks[i]);
    while (resident_pages() > n_used - n_pages * 9 / 10 && clock_monotonic_ns() < end_ns)
        uv_sleep(1);
    assert_true(resident_pages() <= n_used - n_pages * 9 / 10);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        CASE(there_are_no_huge_pages_until_they_are_asked_for),
        CASE(what_the_parent_has_forbidden_stays_forbidden),
        CASE(the_allocator_has_one_arena_of_huge_pages),
        CASE(what_is_free_is_given_back_although_nothing_allocates),
    };

    if (argc > 1)
        return run_as_child();
    return cmocka_run_group_tests(cases, NULL, NULL);
}
