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
    r = telemetry_new(&workers->rows, n);
    return r < 0 ? r : refused_new(&workers->refused, n, seed);
}

void workers_deinit(struct workers *workers)
{
    free(workers->refused);
    free(workers->rows);
    *workers = (struct workers){ 0 };
}

static int start_worker(struct workers *workers, unsigned i, const struct workers_options *options)
{
    struct intake_socket sockets[INTAKE_SOCKETS_MAX];
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

void workers_stop(struct workers *workers)
{
    for (unsigned i = 0; i < workers->n; i++)
        worker_ask_to_stop(workers->items[i]);
    for (unsigned i = 0; i < workers->n; i++)
        worker_stop(TAKE(workers->items[i]));
}
