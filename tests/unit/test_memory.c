/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Memory, from its header. Each case runs this program again in a new process, because what is
 * forbidden is decided before main().
 */

#include "child.h"
#include "unit.h"

#include "base/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>

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

int main(int argc, char **argv)
{
    const struct CMUnitTest cases[] = {
        CASE(there_are_no_huge_pages_until_they_are_asked_for),
        CASE(what_the_parent_has_forbidden_stays_forbidden),
        CASE(the_allocator_has_one_arena_of_huge_pages),
    };

    if (argc > 1)
        return run_as_child();
    return cmocka_run_group_tests(cases, NULL, NULL);
}
