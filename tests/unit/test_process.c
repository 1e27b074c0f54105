/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/clock.h"
#include "base/process.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define MANY_BYTES (64 << 20)

static void reads_plausible_numbers(void **state)
{
    struct process_stats stats = process_read();

    assert_true(stats.resident_bytes > 100000);
    assert_true(stats.virtual_bytes >= stats.resident_bytes);
    assert_true(stats.threads >= 1);
    assert_true(stats.open_fds > 0);
    assert_true(stats.cpu_seconds >= 0);
}

static void cpu_time_grows_with_work(void **state)
{
    double before = process_read().cpu_seconds;
    int64_t deadline_ns = clock_monotonic_ns() + 10 * CLOCK_NS_PER_S;

    while (process_read().cpu_seconds < before + 0.02 && clock_monotonic_ns() < deadline_ns)
        ;
    assert_true(process_read().cpu_seconds >= before + 0.02);
    assert_true(process_read().cpu_seconds <= (double)clock() / CLOCKS_PER_SEC + 1);
}

static void counts_open_descriptors(void **state)
{
    uint64_t n = 0;
    int fd;

    for (fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    assert_int_equal(process_read().open_fds, n);
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(process_read().open_fds, n + 1);
    close(fd);
    assert_int_equal(process_read().open_fds, n);
}

static void knows_the_limit_of_descriptors(void **state)
{
    struct rlimit limit, lower;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(process_read().max_fds, limit.rlim_cur);
    lower = limit;
    lower.rlim_cur = 50;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lower), 0);
    assert_int_equal(process_read().max_fds, 50);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void *wait_at(void *barrier)
{
    pthread_barrier_wait(barrier);
    pthread_barrier_wait(barrier);
    return NULL;
}

static void counts_threads(void **state)
{
    pthread_barrier_t barriers[2];
    pthread_t threads[2];
    uint64_t n[2];

    /* A sanitizer may start a thread of its own after our first one. */
    for (unsigned i = 0; i < 2; i++) {
        pthread_barrier_init(&barriers[i], NULL, 2);
        assert_int_equal(pthread_create(&threads[i], NULL, wait_at, &barriers[i]), 0);
        pthread_barrier_wait(&barriers[i]);
        n[i] = process_read().threads;
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_barrier_wait(&barriers[i]);
        pthread_join(threads[i], NULL);
        pthread_barrier_destroy(&barriers[i]);
    }
    assert_true(n[0] >= 2);
    assert_int_equal(n[1], n[0] + 1);
}

static void memory_shows(void **state)
{
    struct process_stats before = process_read(), reserved, after;
    char *memory =
        mmap(NULL, MANY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    reserved = process_read();
    for (size_t i = 0; i < MANY_BYTES; i += 4096)
        memory[i] = 1;
    after = process_read();
    munmap(memory, MANY_BYTES);
    assert_true(reserved.virtual_bytes >= before.virtual_bytes + MANY_BYTES);
    assert_true(reserved.resident_bytes < before.resident_bytes + MANY_BYTES / 2);
    assert_true(after.resident_bytes >= before.resident_bytes + MANY_BYTES / 2);
}

static void without_descriptors_it_does_not_guess(void **state)
{
    struct rlimit limit, none = { 0 };
    struct process_stats stats;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none.rlim_max = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    stats = process_read();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(isnan(stats.open_fds));
    assert_true(isnan(stats.resident_bytes));
    assert_true(isnan(stats.virtual_bytes));
    assert_true(isnan(stats.threads));
    assert_false(isnan(stats.cpu_seconds));
    assert_int_equal(stats.max_fds, 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(reads_plausible_numbers),
        CASE(cpu_time_grows_with_work),
        CASE(counts_open_descriptors),
        CASE(knows_the_limit_of_descriptors),
        CASE(counts_threads),
        CASE(memory_shows),
        CASE(without_descriptors_it_does_not_guess),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
