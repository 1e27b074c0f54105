/* SPDX-License-Identifier: Apache-2.0 */

/* Loop: the memory for its table is there when it is opened, and only then */

#include "unit.h"

#include "daemon/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define N_DESCRIPTORS 500

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool has_memory = true;
static unsigned n_asked;

void *__wrap_malloc(size_t size)
{
    n_asked++;
    return has_memory ? __real_malloc(size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
    n_asked++;
    return has_memory ? __real_realloc(old, size) : NULL;
}

static void on_event(uv_poll_t *poll, int status, int events)
{
}

/* Let @loop watch a descriptor with this number, or one a little above it. */
static void watch(uv_loop_t *loop, int number)
{
    int pipes[2], fd;
    uv_poll_t poll;

    assert_int_equal(pipe(pipes), 0);
    fd = fcntl(pipes[0], F_DUPFD_CLOEXEC, number);
    assert_true(fd >= number);
    assert_int_equal(uv_poll_init(loop, &poll, fd), 0);
    assert_int_equal(uv_poll_start(&poll, UV_READABLE, on_event), 0);
    uv_close((uv_handle_t *)&poll, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    close(fd);
    close(pipes[0]);
    close(pipes[1]);
}

/* libuv would abort. */
static void it_needs_no_memory_once_it_is_open(void **state)
{
    uv_loop_t loops[2];

    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(loop_open(&loops[i]), 0);
    has_memory = false;
    for (int number = 20; number < N_DESCRIPTORS - 10; number += 60)
        for (unsigned i = 0; i < 2; i++)
            watch(&loops[i], number);
    has_memory = true;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(uv_loop_close(&loops[i]), 0);
}

static void with_more_descriptors_than_planned_it_goes_on(void **state)
{
    uv_loop_t loop;

    assert_int_equal(loop_open(&loop), 0);
    n_asked = 0;
    watch(&loop, 2 * N_DESCRIPTORS);
    assert_int_equal(n_asked, 1);
    watch(&loop, 5 * N_DESCRIPTORS);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void without_memory_it_does_not_open(void **state)
{
    uv_loop_t loop;

    has_memory = false;
    assert_int_equal(loop_open(&loop), -ENOMEM);
    has_memory = true;
    for (unsigned i = 0; i < 200; i++) { /* and no place is lost */
        assert_int_equal(loop_open(&loop), 0);
        assert_int_equal(uv_loop_close(&loop), 0);
    }
}

static int begin(void **state)
{
    loop_prepare(N_DESCRIPTORS);
    return 0;
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(it_needs_no_memory_once_it_is_open),
        CASE(with_more_descriptors_than_planned_it_goes_on),
        CASE(without_memory_it_does_not_open),
    };

    return cmocka_run_group_tests(cases, begin, NULL);
}
