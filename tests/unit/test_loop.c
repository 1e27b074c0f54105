/* SPDX-License-Identifier: Apache-2.0 */

/* Loop: without memory its table does not grow, and nothing is watched that needs that */

#include "unit.h"

#include "input/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

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

/* A descriptor that is readable, and the handle that watches it. */
struct watched {
    int ends[2];
    int fd;
    uv_poll_t poll;
    unsigned n_events;
};

static void on_event(uv_poll_t *poll, int status, int events)
{
    ((struct watched *)poll->data)->n_events++;
}

/* Let @loop watch a descriptor with the number @fd. Returns what loop_poll_init() does. */
static int watch(uv_loop_t *loop, struct watched *watched, int fd)
{
    int r;

    *watched = (struct watched){ .fd = fd, .poll.data = watched };
    assert_int_equal(pipe(watched->ends), 0);
    assert_int_equal(write(watched->ends[1], "x", 1), 1);
    assert_int_equal(dup2(watched->ends[0], fd), fd);
    r = loop_poll_init(loop, &watched->poll, fd);
    if (r == 0) {
        watched->poll.data = watched;
        has_memory = false; /* from here on it needs none; libuv would abort */
        assert_int_equal(uv_poll_start(&watched->poll, UV_READABLE, on_event), 0);
        uv_run(loop, UV_RUN_NOWAIT);
        has_memory = true;
        assert_int_equal(watched->n_events, 1);
    }
    return r;
}

static void unwatch(struct watched *watched)
{
    if (watched->n_events)
        uv_close((uv_handle_t *)&watched->poll, NULL);
}

static void close_all(uv_loop_t *loop, struct watched *watched, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        unwatch(&watched[i]);
    uv_run(loop, UV_RUN_DEFAULT);
    for (unsigned i = 0; i < n; i++) {
        close(watched[i].fd);
        close(watched[i].ends[0]);
        close(watched[i].ends[1]);
    }
    assert_int_equal(uv_loop_close(loop), 0);
}

static void the_first_descriptors_need_no_memory(void **state)
{
    struct watched watched[2];
    uv_loop_t loop;

    assert_int_equal(loop_open(&loop), 0);
    n_asked = 0;
    assert_int_equal(watch(&loop, &watched[0], 50), 0);
    assert_int_equal(watch(&loop, &watched[1], LOOP_DESCRIPTORS - 1), 0);
    assert_int_equal(n_asked, 0);
    close_all(&loop, watched, 2);
}

static void for_others_the_table_grows(void **state)
{
    struct watched watched[3];
    uv_loop_t loop;

    assert_int_equal(loop_open(&loop), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(watch(&loop, &watched[i], (int)(50 + i * 1100)), 0);
    for (unsigned i = 0; i < 3; i++) /* those from before are still watched */
        assert_int_equal(watched[i].n_events, 3 - i);
    close_all(&loop, watched, 3);
}

static void without_memory_nothing_is_watched_that_needs_some(void **state)
{
    struct watched watched[2];
    uv_loop_t loop;

    assert_int_equal(loop_open(&loop), 0);
    has_memory = false;
    assert_int_equal(watch(&loop, &watched[0], 2100), -ENOMEM);
    has_memory = true;
    assert_int_equal(watch(&loop, &watched[1], 2200), 0);
    close_all(&loop, watched, 2);
}

static void what_is_no_descriptor_is_refused(void **state)
{
    uv_poll_t poll;
    uv_loop_t loop;

    assert_int_equal(loop_open(&loop), 0);
    assert_int_equal(loop_poll_init(&loop, &poll, -1), -EBADF);
    assert_int_equal(loop_poll_init(&loop, &poll, 2100), -EBADF);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void without_memory_it_does_not_open(void **state)
{
    uv_loop_t loop;

    has_memory = false;
    assert_int_equal(loop_open(&loop), -ENOMEM);
    has_memory = true;
    assert_int_equal(loop_open(&loop), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static int begin(void **state)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_true(limit.rlim_max > 2300);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return 0;
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(the_first_descriptors_need_no_memory),
        CASE(for_others_the_table_grows),
        CASE(without_memory_nothing_is_watched_that_needs_some),
        CASE(what_is_no_descriptor_is_refused),
        CASE(without_memory_it_does_not_open),
    };

    return cmocka_run_group_tests(cases, begin, NULL);
}
