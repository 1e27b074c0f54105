/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/fair_lock.h"

#include <sched.h>

#define N_STEPS 2000

static struct fair_lock lock;
static unsigned n_taken; /* by the other threads; under the lock */
static _Atomic unsigned n_begun;

static void *take_once(void *arg)
{
    atomic_fetch_add(&n_begun, 1);
    fair_lock_take(&lock);
    n_taken++;
    fair_lock_release(&lock);
    return NULL;
}

static void wait_for_waiting(unsigned n)
{
    while (atomic_load(&lock.n_waiting) < n)
        sched_yield();
}

static void alone_it_is_a_mutex(void **state)
{
    fair_lock_init(&lock);
    fair_lock_take(&lock);
    fair_lock_give_way(&lock);
    assert_int_not_equal(pthread_mutex_trylock(&lock.mutex), 0);
    fair_lock_release(&lock);
    fair_lock_take(&lock);
    fair_lock_release(&lock);
    fair_lock_deinit(&lock);
}

static void whoever_waits_has_it_when_the_owner_has_given_way(void **state)
{
    pthread_t threads[2];

    fair_lock_init(&lock);
    n_taken = 0;
    fair_lock_take(&lock);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_once, NULL), 0);
    wait_for_waiting(2);
    fair_lock_give_way(&lock);
    assert_true(n_taken >= 1);
    fair_lock_give_way(&lock);
    assert_int_equal(n_taken, 2);
    assert_int_not_equal(pthread_mutex_trylock(&lock.mutex), 0);
    fair_lock_release(&lock);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    fair_lock_deinit(&lock);
}

/* Both work for long in small steps, and the others still get their turns. */
static void *work_in_steps(void *arg)
{
    fair_lock_take(&lock);
    for (unsigned i = 0; i < N_STEPS; i++) {
        n_taken++;
        fair_lock_give_way(&lock);
    }
    fair_lock_release(&lock);
    return NULL;
}

static void several_may_give_way_to_each_other(void **state)
{
    pthread_t threads[4];

    fair_lock_init(&lock);
    n_taken = 0;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i % 2 ? work_in_steps : take_once, NULL),
                         0);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(n_taken, 2 * N_STEPS + 2);
    assert_int_equal(atomic_load(&lock.n_waiting), 0);
    fair_lock_deinit(&lock);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(alone_it_is_a_mutex),
        CASE(whoever_waits_has_it_when_the_owner_has_given_way),
        CASE(several_may_give_way_to_each_other),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
