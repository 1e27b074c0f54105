/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reload
 *
 * A thread of its own reads the files, because a disk may take long, and main must not wait for
 * one. Once all is read, nothing that follows waits for anything but the workers:
 *
 *      thread      makes a mapper for each worker; if there is no memory, nothing has changed
 *                  declares the initial series of the new mapping
 *      workers     exchange their mappers, each between two lines
 *      thread      frees the mappers that they had
 *
 * While some workers have the new mapping and others the old one, the families take care of
 * themselves: those of the newer generation win (docs/decisions/0026).
 *
 * Each attempt has a generation of its own, so that it grows even if one fails on the way.
 */

#include "daemon/reload.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/initial_series.h"
#include "daemon/watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#define END_MAX_NS CLOCK_NS_PER_S

/* How often to look whether files have changed. */
#define WATCH_NS CLOCK_NS_PER_S

/* A worker's part: it gets a mapper, and gives back the one that it had. */
struct swap {
    struct reload *reload;
    struct worker *worker;
    struct worker_task task;
    struct mapper *mapper; /* NULL after the start without a mapping: none */
};

struct reload {
    struct reload_options options;
    struct command_line line; /* a copy, because the thread may be abandoned while it reads */
    struct swap *swaps;       /* one for each worker */
    uint64_t generation;      /* of the last attempt */
    struct watch watch;       /* the thread's */
    pthread_t thread;
    bool has_stopped, is_stuck;

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t changed;
    uint64_t n_asked, n_begun, n_done; /* the tickets given out, being read, and settled */
    enum reload_outcome outcome;       /* of the last reload that is settled, */
    struct buffer text;                /* and what to tell people about it */
    bool is_reading;                   /* the thread may wait for a disk */
    unsigned n_awaited;                /* workers that have not answered yet */
    bool is_stopping, has_ended;
};

/* What was read. */
struct fresh_config {
    struct settings *settings;
    struct problems problems, warnings;
    bool is_good;
};

static void free_config(struct fresh_config *fresh)
{
    config_free(fresh->settings);
    problems_deinit(&fresh->problems);
    problems_deinit(&fresh->warnings);
}

/* --- the workers' part ----------------------------------------------------------------------- */

/* On a worker's thread. */
static void exchange(struct shard *shard, void *arg)
{
    struct swap *swap = arg;
    struct reload *reload = swap->reload;

    swap->mapper = intake_exchange_mapper(worker_intake(swap->worker), swap->mapper);
    pthread_mutex_lock(&reload->lock);
    reload->n_awaited--;
    pthread_cond_broadcast(&reload->changed);
    pthread_mutex_unlock(&reload->lock);
}

/* Let all workers exchange their mappers, and wait until they have. They run every task. */
static void exchange_all(struct reload *reload)
{
    pthread_mutex_lock(&reload->lock);
    reload->n_awaited = reload->options.n_workers;
    for (unsigned i = 0; i < reload->options.n_workers; i++)
        worker_ask(reload->swaps[i].worker, &reload->swaps[i].task);
    while (reload->n_awaited > 0)
        pthread_cond_wait(&reload->changed, &reload->lock);
    pthread_mutex_unlock(&reload->lock);
}

/* --- the thread ------------------------------------------------------------------------------- */

static void free_mappers(struct reload *reload)
{
    for (unsigned i = 0; i < reload->options.n_workers; i++) {
        mapper_free(reload->swaps[i].mapper);
        reload->swaps[i].mapper = NULL;
    }
}

/* Make the mappers of all workers. On failure there are none. */
static int make_mappers(struct reload *reload, struct mapping *mapping)
{
    int r = 0;

    for (unsigned i = 0; i < reload->options.n_workers && r == 0; i++)
        r = mapper_new(&reload->swaps[i].mapper, mapping, &reload->options.limits);
    if (r < 0)
        free_mappers(reload);
    return r;
}

static void log_lines(enum log_level level, const char *message, const struct problems *problems)
{
    struct slice lines = buffer_text(&problems->lines);

    while (lines.len)
        LOG(level, message, LOG_SLICE("problem", slice_cut(&lines, '\n')));
}

/* Watch the files of @settings, if that is asked for. */
static void watch_config(struct reload *reload, const struct settings *settings)
{
    size_t n = 0;
    const char *const *paths = config_files(settings, &n);

    if (reload->options.is_watching)
        watch_set(&reload->watch, paths, n);
}

/* Read everything. Returns 0, or -ENOMEM with nothing read. */
static int read_config(struct reload *reload, struct fresh_config *fresh)
{
    int r = config_new(&fresh->settings);

    if (r < 0)
        return r;
    watch_begin(&reload->watch);
    config_set_generation(fresh->settings, ++reload->generation);
    fresh->is_good = config_load(fresh->settings, &reload->line, &fresh->problems,
                                 &fresh->warnings) == CONFIG_RUN;
    watch_config(reload, fresh->settings);
    return 0;
}

/* Put the config in force. Returns 0, or -ENOMEM with nothing changed. */
static int apply(struct reload *reload, const struct fresh_config *fresh)
{
    struct mapping *mapping = config_mapping(fresh->settings);
    int r = make_mappers(reload, mapping);

    if (r < 0)
        return r;
    initial_series_declare(reload->options.registry, mapping);
    exchange_all(reload);
    free_mappers(reload);
    atomic_store(&reload->options.stats->n_rules, mapping_n_rules(mapping));
    return 0;
}

/* Log it, and write for people what they need to know. */
static void tell_success(const struct reload *reload, const struct fresh_config *fresh,
                         struct buffer *text)
{
    CLEANUP(buffer_deinit) struct buffer changes = { 0 };

    log_lines(LOG_WARN, "the config has something doubtful", &fresh->warnings);
    config_compare(reload->options.settings, fresh->settings, &changes);
    buffer_add_literal(text, "The config is reloaded.\n");
    if (changes.len) {
        buffer_add_literal(text, "These settings have changed and need a restart: ");
        buffer_add(text, buffer_text(&changes));
        buffer_add_char(text, '\n');
        log_warn("settings of the config have changed that need a restart",
                 LOG_SLICE("settings", buffer_text(&changes)),
                 LOG_TEXT("hint", "until then they stay as they were at the start"));
    }
    if (fresh->warnings.n)
        buffer_add_literal(text, "Warnings:\n");
    buffer_add(text, buffer_text(&fresh->warnings.lines));
    log_info("the config is reloaded", LOG_UINT("generation", reload->generation));
}

static void tell_failure(const struct fresh_config *fresh, int error, struct buffer *text)
{
    const char *reason = error ? strerror(-error) : "the config is invalid";

    buffer_add_format(text, "The config is not reloaded; the one before stays in force: %s\n",
                      reason);
    buffer_add(text, buffer_text(&fresh->problems.lines));
    log_lines(LOG_ERROR, "a problem in the config", &fresh->problems);
    log_error("the config is not reloaded; the one before stays in force",
              LOG_UINT("problems", fresh->problems.n), LOG_TEXT("error", reason));
}

/* Returns false if the process ends. */
static bool end_reading(struct reload *reload)
{
    bool is_stopping;

    pthread_mutex_lock(&reload->lock);
    reload->is_reading = false;
    is_stopping = reload->is_stopping;
    pthread_mutex_unlock(&reload->lock);
    return !is_stopping;
}

/* Publish the outcome, and take @text. */
static void settle(struct reload *reload, enum reload_outcome outcome, struct buffer *text)
{
    reload_stats_record(reload->options.stats, outcome == RELOAD_SUCCEEDED, clock_realtime_ns());
    pthread_mutex_lock(&reload->lock);
    buffer_deinit(&reload->text);
    reload->text = *text;
    reload->outcome = outcome;
    reload->n_done = reload->n_begun;
    pthread_mutex_unlock(&reload->lock);
    reload->options.on_done(reload->options.ctx);
}

/* Reload once. Until end_reading() only what the thread owns may be touched. */
static void reload_once(struct reload *reload)
{
    CLEANUP(free_config) struct fresh_config fresh = { 0 };
    struct buffer text = { 0 };
    int r = read_config(reload, &fresh);

    if (!end_reading(reload))
        return;
    if (r == 0 && fresh.is_good)
        r = apply(reload, &fresh);
    if (r == 0 && fresh.is_good)
        tell_success(reload, &fresh, &text);
    else
        tell_failure(&fresh, r, &text);
    settle(reload, r == 0 && fresh.is_good ? RELOAD_SUCCEEDED : RELOAD_FAILED, &text);
}

/* Look at the files, and ask for a reload if they have changed. */
static void look(struct reload *reload)
{
    bool has_changed = watch_has_changed(&reload->watch);

    if (!end_reading(reload) || !has_changed)
        return;
    log_info("reloading the config", LOG_TEXT("reason", "a file of it has changed"));
    (void)reload_ask(reload);
}

/*
 * Wait until a reload is asked for, and begin it; or until it is time to look at the files. Returns
 * false if the process ends.
 */
static bool begin_reading(struct reload *reload, bool *ret_is_asked)
{
    int64_t until_ns = clock_monotonic_ns() + WATCH_NS;
    const struct timespec until = { until_ns / CLOCK_NS_PER_S, until_ns % CLOCK_NS_PER_S };
    bool is_stopping;
    int r = 0;

    pthread_mutex_lock(&reload->lock);
    while (reload->n_begun == reload->n_asked && !reload->is_stopping && r != ETIMEDOUT)
        r = reload->options.is_watching
                ? pthread_cond_timedwait(&reload->changed, &reload->lock, &until)
                : pthread_cond_wait(&reload->changed, &reload->lock);
    *ret_is_asked = reload->n_begun != reload->n_asked;
    is_stopping = reload->is_stopping;
    reload->n_begun = reload->n_asked;
    reload->is_reading = !is_stopping;
    pthread_mutex_unlock(&reload->lock);
    return !is_stopping;
}

static void *run(void *arg)
{
    struct reload *reload = arg;
    bool is_asked;

    while (begin_reading(reload, &is_asked)) {
        if (is_asked)
            reload_once(reload);
        else
            look(reload);
    }
    pthread_mutex_lock(&reload->lock);
    reload->has_ended = true;
    pthread_cond_broadcast(&reload->changed);
    pthread_mutex_unlock(&reload->lock);
    return NULL;
}

uint64_t reload_ask(struct reload *reload)
{
    uint64_t ticket;

    pthread_mutex_lock(&reload->lock);
    if (reload->n_asked == reload->n_begun)
        reload->n_asked++;
    ticket = reload->n_asked;
    pthread_cond_broadcast(&reload->changed);
    pthread_mutex_unlock(&reload->lock);
    return ticket;
}

/* --- for a page ------------------------------------------------------------------------------- */

static uint64_t ask(void *ctx)
{
    return reload_ask(ctx);
}

static enum reload_outcome find_outcome(void *ctx, uint64_t ticket, struct buffer *ret)
{
    struct reload *reload = ctx;
    enum reload_outcome outcome = RELOAD_PENDING;

    pthread_mutex_lock(&reload->lock);
    if (reload->n_done >= ticket) {
        outcome = reload->outcome;
        buffer_add(ret, buffer_text(&reload->text));
        ret->has_failed |= reload->text.has_failed;
    }
    pthread_mutex_unlock(&reload->lock);
    return outcome;
}

struct reload_functions reload_functions(struct reload *reload)
{
    return (struct reload_functions){ ask, find_outcome, reload };
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void init_lock(struct reload *reload)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&reload->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&reload->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void init_swaps(struct reload *reload)
{
    for (unsigned i = 0; i < reload->options.n_workers; i++) {
        struct swap *swap = &reload->swaps[i];

        *swap = (struct swap){ reload, reload->options.workers[i], { exchange, swap, NULL }, NULL };
    }
}

int reload_start(struct reload **ret, const struct reload_options *options)
{
    struct reload *reload = calloc(1, sizeof(*reload));
    struct swap *swaps = calloc(options->n_workers, sizeof(*swaps));
    int r = -ENOMEM;

    if (!reload || !swaps) {
        free(reload);
        free(swaps);
        return r;
    }
    reload->options = *options;
    reload->line = *options->line;
    reload->swaps = swaps;
    reload->generation = 1; /* that of the start */
    init_lock(reload);
    init_swaps(reload);
    watch_config(reload, options->settings);
    atomic_store(&options->stats->n_rules, mapping_n_rules(config_mapping(options->settings)));
    r = -pthread_create(&reload->thread, NULL, run, reload);
    reload->has_stopped = r < 0;
    if (r < 0)
        reload_free(reload);
    else
        *ret = reload;
    return r;
}

/* Returns whether the thread has ended; otherwise it waits for a disk. */
static bool wait_for_end(struct reload *reload)
{
    int64_t until_ns = clock_monotonic_ns() + END_MAX_NS;
    const struct timespec until = { until_ns / CLOCK_NS_PER_S, until_ns % CLOCK_NS_PER_S };
    bool has_ended;
    int r = 0;

    pthread_mutex_lock(&reload->lock);
    reload->is_stopping = true;
    pthread_cond_broadcast(&reload->changed);
    while (!reload->has_ended && reload->is_reading && r != ETIMEDOUT)
        r = pthread_cond_timedwait(&reload->changed, &reload->lock, &until);
    while (!reload->has_ended && !reload->is_reading)
        pthread_cond_wait(&reload->changed, &reload->lock);
    has_ended = reload->has_ended;
    pthread_mutex_unlock(&reload->lock);
    return has_ended;
}

void reload_stop(struct reload *reload)
{
    if (!reload || reload->has_stopped)
        return;
    reload->has_stopped = true;
    if (wait_for_end(reload)) {
        pthread_join(reload->thread, NULL);
        return;
    }
    pthread_detach(reload->thread);
    reload->is_stuck = true;
}

void reload_free(struct reload *reload)
{
    if (!reload || reload->is_stuck)
        return;
    pthread_cond_destroy(&reload->changed);
    pthread_mutex_destroy(&reload->lock);
    watch_deinit(&reload->watch);
    buffer_deinit(&reload->text);
    free(reload->swaps);
    free(reload);
}
