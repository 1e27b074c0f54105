/* SPDX-License-Identifier: Apache-2.0 */

/* Semaphores stand in for the disk: each function that the thread calls waits until it may go. */

#include "unit.h"

#include "base/clock.h"
#include "daemon/disk_thread.h"

#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#define DEADLINE_S 30

/* Static, because a thread that was abandoned still uses it, and is never freed. */
static struct disk_thread *thread;
/* They stay reachable, so that a leak sanitizer does not report them. */
static struct disk_thread *volatile abandoned[4];
static unsigned n_abandoned;
static sem_t is_here, may_go, ticks, is_over;
static bool looks_up;       /* instead of the first of the two functions that follow */
static bool waits, is_back; /* whether it calls the two functions, and what the second returned */

/* Whether it ticks; the thread learns of a change when it has been asked for something. */
static _Atomic bool has_ticks;

static bool needs_ticks(void *ctx)
{
    return has_ticks;
}

static void on_asked(void *ctx)
{
    bool may_wait =
        looks_up ? disk_thread_begin_look_up(thread) : !waits || disk_thread_begin_wait(thread);

    sem_post(&is_here);
    sem_wait(&may_go);
    if (waits)
        is_back = disk_thread_end_wait(thread) && may_wait;
    sem_post(&is_over);
}

static void on_tick(void *ctx)
{
    sem_post(&ticks);
}

static int start(void)
{
    const struct disk_thread_options options = { on_asked, on_tick, needs_ticks, NULL };

    sem_init(&is_here, 0, 0);
    sem_init(&may_go, 0, 0);
    sem_init(&ticks, 0, 0);
    sem_init(&is_over, 0, 0);
    waits = looks_up = is_back = false;
    return disk_thread_new(&thread) < 0 ? -1 : disk_thread_start(thread, &options);
}

static int setup(void **state)
{
    has_ticks = true;
    return start();
}

static int setup_without_ticks(void **state)
{
    has_ticks = false;
    return start();
}

static int teardown(void **state)
{
    disk_thread_stop(thread);
    if (disk_thread_is_stuck(thread) && n_abandoned < ARRAY_SIZE(abandoned))
        abandoned[n_abandoned++] = thread;
    disk_thread_free(thread);
    return 0;
}

static void wait_for(sem_t *sem)
{
    struct timespec deadline;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += DEADLINE_S;
    assert_int_equal(sem_timedwait(sem, &deadline), 0);
}

static void assert_nothing(sem_t *sem)
{
    assert_int_equal(sem_trywait(sem), -1);
}

static void does_what_it_is_asked_for(void **state)
{
    for (unsigned i = 0; i < 3; i++) {
        sem_post(&may_go);
        disk_thread_ask(thread);
        wait_for(&is_over);
    }
}

static void does_once_what_is_asked_for_before_it_begins(void **state)
{
    disk_thread_ask(thread);
    wait_for(&is_here);
    for (unsigned i = 0; i < 10; i++)
        disk_thread_ask(thread);
    sem_post(&may_go);
    wait_for(&is_here);
    sem_post(&may_go);
    wait_for(&is_over);
    wait_for(&is_over);
    wait_for(&ticks);
    assert_nothing(&is_here);
}

static void ticks_while_nothing_is_asked_for(void **state)
{
    wait_for(&ticks);
    wait_for(&ticks);
    assert_nothing(&is_over);
}

static void does_not_tick_without_need(void **state)
{
    const struct timespec more_than_a_tick = { .tv_sec = 1, .tv_nsec = 500000000 };

    nanosleep(&more_than_a_tick, NULL);
    assert_nothing(&ticks);
    has_ticks = true;
    sem_post(&may_go);
    disk_thread_ask(thread);
    wait_for(&is_over);
    wait_for(&ticks);
}

static void *let_go_later(void *arg)
{
    const struct timespec pause = { .tv_sec = 1, .tv_nsec = 500000000 };

    nanosleep(&pause, NULL);
    sem_post(&may_go);
    return NULL;
}

/* More than the second that a disk is given. */
static void the_end_waits_for_what_is_not_a_disk(void **state)
{
    pthread_t other;

    disk_thread_ask(thread);
    wait_for(&is_here);
    assert_int_equal(pthread_create(&other, NULL, let_go_later, NULL), 0);
    disk_thread_stop(thread);
    assert_false(disk_thread_is_stuck(thread));
    assert_int_equal(sem_trywait(&is_over), 0);
    pthread_join(other, NULL);
}

static void the_end_does_not_wait_for_a_disk(void **state)
{
    waits = true;
    disk_thread_ask(thread);
    wait_for(&is_here);
    disk_thread_stop(thread);
    assert_true(disk_thread_is_stuck(thread));
    disk_thread_stop(thread);
    sem_post(&may_go);
    wait_for(&is_over);
    assert_false(is_back);
}

static void the_end_does_not_wait_for_a_name_server(void **state)
{
    int64_t begin_ns;

    waits = looks_up = true;
    disk_thread_ask(thread);
    wait_for(&is_here);
    begin_ns = clock_monotonic_ns();
    disk_thread_stop(thread);
    assert_true(clock_monotonic_ns() < begin_ns + CLOCK_NS_PER_S); /* that a disk is given */
    assert_true(disk_thread_is_stuck(thread));
    sem_post(&may_go);
    wait_for(&is_over);
    assert_false(is_back);
}

static void nothing_is_begun_after_the_end(void **state)
{
    disk_thread_stop(thread);
    assert_false(disk_thread_begin_wait(thread));
    assert_false(disk_thread_is_stuck(thread));
    disk_thread_ask(thread);
    assert_nothing(&is_here);
}

static void a_wait_may_end_well(void **state)
{
    waits = true;
    sem_post(&may_go);
    disk_thread_ask(thread);
    wait_for(&is_over);
    assert_true(is_back);
}

#define THREAD_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest cases[] = {
        THREAD_CASE(does_what_it_is_asked_for),
        THREAD_CASE(does_once_what_is_asked_for_before_it_begins),
        THREAD_CASE(ticks_while_nothing_is_asked_for),
        cmocka_unit_test_setup_teardown(does_not_tick_without_need, setup_without_ticks, teardown),
        THREAD_CASE(the_end_waits_for_what_is_not_a_disk),
        THREAD_CASE(the_end_does_not_wait_for_a_disk),
        THREAD_CASE(the_end_does_not_wait_for_a_name_server),
        THREAD_CASE(nothing_is_begun_after_the_end),
        THREAD_CASE(a_wait_may_end_well),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
