/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fair lock
 *
 * A thread that gets the mutex at once does not count as waiting, so usually this is a mutex and
 * nothing else.
 */

#include "base/fair_lock.h"

void fair_lock_init(struct fair_lock *lock)
{
    pthread_mutex_init(&lock->mutex, NULL);
    pthread_cond_init(&lock->passed, NULL);
    atomic_init(&lock->n_waiting, 0);
    lock->n_passed = 0;
}

void fair_lock_deinit(struct fair_lock *lock)
{
    pthread_cond_destroy(&lock->passed);
    pthread_mutex_destroy(&lock->mutex);
}

void fair_lock_take(struct fair_lock *lock)
{
    if (pthread_mutex_trylock(&lock->mutex) == 0)
        return;
    atomic_fetch_add_explicit(&lock->n_waiting, 1, memory_order_relaxed);
    pthread_mutex_lock(&lock->mutex);
    atomic_fetch_sub_explicit(&lock->n_waiting, 1, memory_order_relaxed);
    lock->n_passed++;
    pthread_cond_broadcast(&lock->passed);
}

void fair_lock_release(struct fair_lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
}

/* A thread that waits does so until it has the mutex, and it gets it while this waits. */
void fair_lock_give_way(struct fair_lock *lock)
{
    unsigned n_passed = lock->n_passed;

    if (atomic_load_explicit(&lock->n_waiting, memory_order_relaxed) == 0)
        return;
    while (lock->n_passed == n_passed)
        pthread_cond_wait(&lock->passed, &lock->mutex);
}
