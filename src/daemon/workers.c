/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Workers
 *
 * Rows and lists are made before the workers and freed after them, because pages show them until
 * the end.
 */

#include "daemon/workers.h"

#include "base/refused.h"
#include "base/telemetry.h"

#include <stdlib.h>
#include <unistd.h>

unsigned workers_choose(unsigned n_wanted)
{
    long n_cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (n_wanted)
        return n_wanted;
    return n_cores > 1 ? 2 : 1;
}

int workers_init(struct workers *workers, unsigned n, uint64_t seed)
{
    int r;

    *workers = (struct workers){ .n = n };
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->answered, NULL);
    r = telemetry_new(&workers->rows, n);
    return r < 0 ? r : refused_new(&workers->refused, n, seed);
}

void workers_deinit(struct workers *workers)
{
    if (workers->n == 0)
        return;
    free(workers->refused);
    free(workers->rows);
    pthread_cond_destroy(&workers->answered);
    pthread_mutex_destroy(&workers->lock);
    *workers = (struct workers){ 0 };
}

static int start_worker(struct workers *workers, unsigned i, const struct workers_options *options)
{
    struct source_socket sockets[SOURCES_MAX];
    struct intake_options intake = options->intake;

    intake.lane.shard.worker = i;
    intake.lane.row = &workers->rows[i];
    intake.refused = &workers->refused[i];
    intake.sockets = sockets;
    intake.n_sockets = listeners_of_worker(options->listeners, i, sockets);
    return worker_start(&workers->items[i], &intake);
}

int workers_start(struct workers *workers, const struct workers_options *options)
{
    int r = 0;

    for (unsigned i = 0; i < workers->n && r == 0; i++)
        r = start_worker(workers, i, options);
    return r;
}

/* --- requests ------------------------------------------------------------------------------- */

/* On a worker's thread. */
static void do_part(struct shard *shard, void *arg)
{
    struct workers_part *part = arg;
    struct workers *workers = part->workers;
    unsigned i = (unsigned)(part - workers->parts);

    workers->request->run(workers->request->ctx, i, worker_intake(workers->items[i]));
    pthread_mutex_lock(&workers->lock);
    workers->n_awaited--;
    pthread_cond_signal(&workers->answered);
    pthread_mutex_unlock(&workers->lock);
}

void workers_ask(struct workers *workers, unsigned first, unsigned end,
                 const struct workers_request *request)
{
    pthread_mutex_lock(&workers->lock);
    workers->request = request;
    workers->n_awaited = end - first;
    for (unsigned i = first; i < end; i++) {
        struct workers_part *part = &workers->parts[i];

        *part = (struct workers_part){ workers, { .run = do_part, .arg = part } };
        worker_ask(workers->items[i], &part->task);
    }
    while (workers->n_awaited > 0)
        pthread_cond_wait(&workers->answered, &workers->lock);
    pthread_mutex_unlock(&workers->lock);
}

/* --- the end -------------------------------------------------------------------------------- */

void workers_stop(struct workers *workers)
{
    for (unsigned i = 0; i < workers->n; i++)
        worker_ask_to_stop(workers->items[i]);
    for (unsigned i = 0; i < workers->n; i++)
        worker_stop(TAKE(workers->items[i]));
}
