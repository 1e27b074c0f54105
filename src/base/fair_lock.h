/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Fair lock: a mutex for long work in small steps, between which others get it
 *
 * To unlock a mutex and lock it again passes it to no other thread, as those that wait have to wake
 * up first. Here the owner can give way: one that waits has it before the owner has it again.
 */

#include <pthread.h>
#include <stdatomic.h>

struct fair_lock {
    pthread_mutex_t mutex;
    pthread_cond_t passed; /* a thread that had waited has got it */
    _Atomic unsigned n_waiting;
    unsigned n_passed; /* how often a thread that had waited got it; under the mutex */
};

void fair_lock_init(struct fair_lock *lock);
void fair_lock_deinit(struct fair_lock *lock);

/* Take it; release it. Any thread. */
void fair_lock_take(struct fair_lock *lock);
void fair_lock_release(struct fair_lock *lock);

/*
 * By its owner: if others wait, let one of them have it, and take it again. What the lock guards
 * may have changed then. Costs one load if no thread waits.
 */
void fair_lock_give_way(struct fair_lock *lock);
