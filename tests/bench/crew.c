/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Crew
 *
 * Threads are bound to processors: two that the scheduler runs on one processor for a
 * while would measure the scheduler.
 */

#include "crew.h"

#include "base/clock.h"
#include "rig.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

struct member {
    struct crew_task task;
    pthread_barrier_t *barrier;
    unsigned processor;
    int64_t started_ns, ended_ns;
};

static void *work(void *arg)
{
    struct member *member = arg;
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(member->processor, &set);
    /* If there is no such processor, or it is not ours, any will do. */
    (void)!pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
    pthread_barrier_wait(member->barrier);
    member->started_ns = clock_monotonic_ns();
    member->task.run(member->task.ctx);
    member->ended_ns = clock_monotonic_ns();
    return NULL;
}

double crew_run(const struct crew_task *tasks, unsigned n)
{
    struct member members[CREW_MAX];
    pthread_t threads[CREW_MAX];
    pthread_barrier_t barrier;
    int64_t started_ns = INT64_MAX, ended_ns = 0;

    rig_must(-pthread_barrier_init(&barrier, NULL, n), "barrier");
    for (unsigned i = 0; i < n; i++) {
        members[i] = (struct member){ .task = tasks[i], .barrier = &barrier, .processor = i };
        rig_must(-pthread_create(&threads[i], NULL, work, &members[i]), "thread");
    }
    for (unsigned i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        if (started_ns > members[i].started_ns)
            started_ns = members[i].started_ns;
        if (ended_ns < members[i].ended_ns)
            ended_ns = members[i].ended_ns;
    }
    pthread_barrier_destroy(&barrier);
    return (double)(ended_ns - started_ns);
}
