/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Upkeep
 *
 * One thread does both, so a socket is never replaced while a reload looks at it.
 */

#include "daemon/upkeep.h"

#include "daemon/disk_thread.h"
#include "daemon/socket_files.h"

#include <errno.h>
#include <stdlib.h>

struct upkeep {
    struct disk_thread *thread;
    struct reload *reload;
    struct socket_files files;
};

static void on_asked(void *ctx)
{
    reload_run(((struct upkeep *)ctx)->reload);
}

static void on_tick(void *ctx)
{
    struct upkeep *upkeep = ctx;

    (void)(reload_look(upkeep->reload) && socket_files_look(&upkeep->files));
}

static bool needs_ticks(void *ctx)
{
    struct upkeep *upkeep = ctx;

    return reload_is_watching(upkeep->reload) || socket_files_exist(&upkeep->files);
}

int upkeep_start(struct upkeep **ret, const struct upkeep_options *options)
{
    struct upkeep *upkeep = calloc(1, sizeof(*upkeep));
    const struct disk_thread_options thread_options = { on_asked, on_tick, needs_ticks, upkeep };
    struct reload_options reload_options = options->reload;
    int r;

    *ret = upkeep;
    if (!upkeep)
        return -ENOMEM;
    r = disk_thread_new(&upkeep->thread);
    if (r < 0)
        return r;
    upkeep->files = (struct socket_files){
        .sockets = options->reload.sockets,
        .workers = options->reload.workers,
        .thread = upkeep->thread,
    };
    reload_options.thread = upkeep->thread;
    r = reload_new(&upkeep->reload, &reload_options);
    return r < 0 ? r : disk_thread_start(upkeep->thread, &thread_options);
}

struct reload *upkeep_reload(struct upkeep *upkeep)
{
    return upkeep->reload;
}

void upkeep_stop(struct upkeep *upkeep)
{
    if (!upkeep)
        return;
    disk_thread_stop(upkeep->thread);
    /* The disk would keep the caller waiting, too. */
    if (disk_thread_is_stuck(upkeep->thread) &&
        (upkeep->files.is_waiting || reload_waits_for_files(upkeep->reload)))
        listeners_bound(upkeep->files.sockets->listeners)->n_files = 0;
}

void upkeep_free(struct upkeep *upkeep)
{
    if (!upkeep || disk_thread_is_stuck(upkeep->thread))
        return;
    reload_free(upkeep->reload);
    disk_thread_free(upkeep->thread);
    free(upkeep);
}
