/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/compiler.h"
#include "base/once.h"

#include <pthread.h>

static struct once once;

static int clear(void **state)
{
    once = (struct once){ 0 };
    return 0;
}

static void each_thing_is_new_once(void **state)
{
    for (uint64_t hash = 0; hash < 100; hash++)
        assert_int_equal(once_ask(&once, hash * UINT64_C(0x9e3779b97f4a7c15)), ONCE_NEW);
    for (uint64_t hash = 0; hash < 100; hash++)
        assert_int_equal(once_ask(&once, hash * UINT64_C(0x9e3779b97f4a7c15)), ONCE_KNOWN);
}

static void hashes_may_collide_in_the_table(void **state)
{
    for (uint64_t i = 1; i <= 10; i++)
        assert_int_equal(once_ask(&once, i * ONCE_MAX - 1), ONCE_NEW);
    for (uint64_t i = 1; i <= 10; i++)
        assert_int_equal(once_ask(&once, i * ONCE_MAX - 1), ONCE_KNOWN);
}

static void the_last_one_that_has_room_is_told(void **state)
{
    for (uint64_t i = 1; i < ONCE_MAX; i++)
        assert_int_equal(once_ask(&once, i * i), ONCE_NEW);
    assert_int_equal(once_ask(&once, 1), ONCE_KNOWN);
    assert_int_equal(once_ask(&once, 2), ONCE_LAST);
    assert_int_equal(once_ask(&once, 3), ONCE_FULL);
    assert_int_equal(once_ask(&once, 3), ONCE_FULL);
    assert_int_equal(once_ask(&once, 2), ONCE_KNOWN);
    assert_int_equal(once_ask(&once, 4), ONCE_KNOWN);
}

#define N_THREADS 4

/* Ask for the same things as all others, and count the answers. */
static void *ask_for_all(void *arg)
{
    unsigned *n = arg;

    for (uint64_t i = 1; i <= 2 * ONCE_MAX; i++)
        n[once_ask(&once, i % ONCE_MAX + 1)]++;
    return NULL;
}

static void threads_find_each_thing_new_once(void **state)
{
    unsigned n[N_THREADS][4] = { 0 }, sum[4] = { 0 };
    pthread_t threads[N_THREADS];

    for (unsigned i = 0; i < N_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_for_all, n[i]), 0);
    for (unsigned i = 0; i < N_THREADS; i++) {
        pthread_join(threads[i], NULL);
        for (unsigned answer = 0; answer < 4; answer++)
            sum[answer] += n[i][answer];
    }
    assert_int_equal(sum[ONCE_NEW], ONCE_MAX - 1);
    assert_int_equal(sum[ONCE_LAST], 1);
    assert_int_equal(sum[ONCE_FULL], 0);
    assert_int_equal(sum[ONCE_KNOWN], (2 * N_THREADS - 1) * ONCE_MAX);
}

#define ONCE_CASE(name) cmocka_unit_test_setup(name, clear)

int main(void)
{
    const struct CMUnitTest cases[] = {
        ONCE_CASE(each_thing_is_new_once),
        ONCE_CASE(hashes_may_collide_in_the_table),
        ONCE_CASE(the_last_one_that_has_room_is_told),
        ONCE_CASE(threads_find_each_thing_new_once),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
