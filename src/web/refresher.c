/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Refresher
 *
 * Requests are points in time, so one round serves all that were asked before it began. What came
 * later waits for the next round, of which there is one at a time.
 */

#include "web/refresher.h"

#include "base/clock.h"

/* Wait for something to do. Returns false when there will be nothing more. */
static bool wait_for_work(struct refresher *refresher)
{
    while (!refresher->is_stopping && refresher->wanted_ns <= refresher->begun_ns)
        pthread_cond_wait(&refresher->changed, &refresher->lock);
    return !refresher->is_stopping;
}

static void *run(void *arg)
{
    struct refresher *refresher = arg;

    pthread_mutex_lock(&refresher->lock);
    while (wait_for_work(refresher)) {
        int64_t begun_ns = clock_monotonic_ns();

        pthread_mutex_unlock(&refresher->lock);
        snapshot_unref(registry_snapshot(refresher->registry));
        pthread_mutex_lock(&refresher->lock);
        refresher->begun_ns = begun_ns;
        pthread_mutex_unlock(&refresher->lock);
        refresher->on_done(refresher->ctx);
        pthread_mutex_lock(&refresher->lock);
    }
    pthread_mutex_unlock(&refresher->lock);
    return NULL;
}

int refresher_start(struct refresher *refresher, struct registry *registry,
                    void (*on_done)(void *ctx), void *ctx)
{
    int r;

    *refresher = (struct refresher){ .registry = registry, .on_done = on_done, .ctx = ctx };
    pthread_mutex_init(&refresher->lock, NULL);
    pthread_cond_init(&refresher->changed, NULL);
    r = -pthread_create(&refresher->thread, NULL, run, refresher);
    if (r < 0)
        refresher->registry = NULL;
    return r;
}

void refresher_stop(struct refresher *refresher)
{
    if (!refresher->registry)
        return;
    pthread_mutex_lock(&refresher->lock);
    refresher->is_stopping = true;
    pthread_cond_signal(&refresher->changed);
    pthread_mutex_unlock(&refresher->lock);
    pthread_join(refresher->thread, NULL);
}

struct snapshot *refresher_snapshot(struct refresher *refresher, int64_t asked_ns)
{
    struct snapshot *snapshot = registry_snapshot_if_quick(refresher->registry);
    bool is_done;

    if (snapshot)
        return snapshot;
    pthread_mutex_lock(&refresher->lock);
    is_done = refresher->begun_ns >= asked_ns;
    if (!is_done && refresher->wanted_ns < asked_ns) {
        refresher->wanted_ns = asked_ns;
        pthread_cond_signal(&refresher->changed);
    }
    pthread_mutex_unlock(&refresher->lock);
    return is_done ? registry_last_snapshot(refresher->registry) : NULL;
}
