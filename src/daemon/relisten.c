/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Relisten
 *
 * The steps, and what undoes them:
 *
 *      thread      finds the listeners that stay           free
 *      thread      looks up names            (waits)       free
 *      thread      opens sockets             (waits)       close them, remove their files
 *      thread      takes rows to count in                  release them
 *      workers     make sources                            close them
 *      workers     begin and end
 *      thread      removes files             (waits)
 *      thread      closes sockets
 *
 * While it waits, the process may end, and main frees what is in force. So then it only uses
 * listeners that are not in force.
 */

#include "daemon/relisten.h"

#include "daemon/intake.h"

#include <errno.h>
#include <string.h>

/* --- the workers' part ----------------------------------------------------------------------- */

static unsigned find_sockets(const struct relisten *relisten, unsigned worker,
                             struct source_socket ret[SOURCES_MAX])
{
    return listeners_of_worker(relisten->next, worker, ret);
}

static void get_ready(void *ctx, unsigned worker, struct intake *intake)
{
    struct relisten *relisten = ctx;
    struct source_socket sockets[SOURCES_MAX];
    unsigned n = find_sockets(relisten, worker, sockets);

    relisten->results[worker] = sources_prepare(intake_sources(intake), sockets, n);
}

static void give_up(void *ctx, unsigned worker, struct intake *intake)
{
    sources_cancel(intake_sources(intake));
}

void relisten_switch(struct relisten *relisten, unsigned worker, struct intake *intake)
{
    struct source_socket sockets[SOURCES_MAX];
    unsigned n = find_sockets(relisten, worker, sockets);

    sources_commit(intake_sources(intake), sockets, n);
}

static void ask(struct relisten *relisten,
                void (*run)(void *ctx, unsigned worker, struct intake *intake))
{
    const struct workers_request request = { run, relisten };

    workers_ask(relisten->workers, 0, relisten->workers->n, &request);
}

/* Returns 0; or negative errno, and then no worker is ready. */
static int ready_workers(struct relisten *relisten)
{
    int r = 0;

    ask(relisten, get_ready);
    for (unsigned i = 0; i < relisten->workers->n && r == 0; i++)
        r = relisten->results[i];
    if (r < 0)
        ask(relisten, give_up);
    return r;
}

/* --- waiting --------------------------------------------------------------------------------- */

/* Returns false if the process ends. */
static bool begin_wait(struct relisten *relisten)
{
    relisten->is_waiting = true;
    return disk_thread_begin_wait(relisten->thread);
}

static bool end_wait(struct relisten *relisten)
{
    if (!disk_thread_end_wait(relisten->thread))
        return false;
    relisten->is_waiting = false;
    return true;
}

/*
 * Close @listeners, which are not in force; in any case, as their files are to be gone. Returns
 * false if the process ends.
 */
static bool close_listeners(struct relisten *relisten, struct listeners *listeners)
{
    bool is_ending = !begin_wait(relisten);

    listeners_close(listeners);
    return !is_ending && end_wait(relisten);
}

/* If a name server hangs, the files of sockets can be removed all the same. */
static int look_up(struct relisten *relisten, struct listeners_failure *failure)
{
    int r;

    if (!disk_thread_begin_look_up(relisten->thread))
        return -ECANCELED;
    r = listeners_look_up(relisten->next, failure);
    return disk_thread_end_wait(relisten->thread) ? r : -ECANCELED;
}

static int bind_sockets(struct relisten *relisten, struct listeners_failure *failure)
{
    struct listeners *next = relisten->next;
    int r;

    if (!begin_wait(relisten))
        return -ECANCELED;
    r = listeners_bind(next, failure);
    if (end_wait(relisten))
        return r;
    relisten->next = NULL;
    bound_remove_taken(listeners_bound(next));
    listeners_close(next);
    return -ECANCELED;
}

/* --- beginning and end ------------------------------------------------------------------------ */

void relisten_init(struct relisten *relisten, struct sockets *sockets, struct workers *workers,
                   struct disk_thread *thread)
{
    *relisten = (struct relisten){ .sockets = sockets, .workers = workers, .thread = thread };
}

void relisten_deinit(struct relisten *relisten)
{
    listeners_free(TAKE(relisten->next));
}

/* --- all steps -------------------------------------------------------------------------------- */

static int open_next(struct relisten *relisten, struct listeners_failure *failure)
{
    int r = look_up(relisten, failure);

    if (r < 0)
        return r;
    listeners_adopt(relisten->next, relisten->sockets->listeners);
    r = bind_sockets(relisten, failure);
    if (r == 0)
        r = sockets_take_rows(relisten->sockets, relisten->next);
    return r == 0 ? ready_workers(relisten) : r;
}

static void complain(const struct relisten *relisten, int error,
                     const struct listeners_failure *failure, struct problems *problems)
{
    const struct listener_options *listener = failure->listener;
    const char *rival = NULL;

    problems->path = listener && listener->place.line > 0 ? relisten->config_path : NULL;
    if (!listener) {
        problems_add(problems, PLACE_NONE, "the workers cannot receive from new listeners: %s",
                     strerror(-error));
        return;
    }
    if (error == -EADDRINUSE)
        rival = listeners_rival(relisten->next, relisten->sockets->listeners, listener);
    listener_complain(listener, error, rival, problems);
}

/* Close what is open for the new listeners alone. Returns false if the process ends. */
static bool undo(struct relisten *relisten)
{
    struct listeners *next = TAKE(relisten->next);

    sockets_release_rows(next);
    bound_remove_taken(listeners_bound(next));
    return close_listeners(relisten, next);
}

int relisten_prepare(struct relisten *relisten, const struct listeners_options *options,
                     struct problems *problems)
{
    struct listeners_failure failure = { 0, NULL };
    int r = sockets_plan(relisten->sockets, options, &relisten->next);

    relisten->config_path = options->config_path;
    if (r == 0)
        r = open_next(relisten, &failure);
    if (r == 0 || r == -ECANCELED || !relisten->next)
        return r;
    complain(relisten, r, &failure, problems);
    return undo(relisten) ? r : -ECANCELED;
}

bool relisten_finish(struct relisten *relisten)
{
    struct listeners *old = sockets_exchange(relisten->sockets, relisten->next);

    listeners_log_new(TAKE(relisten->next));
    listeners_log_old(old);
    return close_listeners(relisten, old);
}
