/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reload
 *
 * Runs on the disk thread, because a disk may take long, and a name server, too. Once all is read,
 * the rest is:
 *
 *      thread      makes a mapper for each worker, and opens new listeners (daemon/relisten.h); if
 *                  any of that fails, nothing has changed
 *                  declares the initial series of the new mapping
 *      workers     exchange their sockets and mappers, each between two lines
 *      thread      frees the mappers that they had, and closes old listeners
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
#include "daemon/name_check.h"
#include "daemon/options.h"
#include "daemon/relisten.h"
#include "daemon/watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct reload {
    struct reload_options options;
    struct command_line line; /* a copy, because the thread may be abandoned while it reads */
    struct mapper **mappers;  /* one for each worker: its next one, or its last one; or NULL */
    uint64_t generation;      /* of the last attempt */
    struct watch watch;
    struct relisten relisten;

    pthread_mutex_t lock;              /* for what follows */
    uint64_t n_asked, n_begun, n_done; /* the tickets given out, being read, and settled */
    enum reload_outcome outcome;       /* of the last reload that is settled, */
    struct buffer text;                /* and what to tell people about it */
};

/* What was read. */
struct fresh_config {
    struct settings *settings;
    struct problems problems, warnings;
    struct buffer held; /* names of settings that have changed, but need a restart */
    bool is_good;
};

static void free_config(struct fresh_config *fresh)
{
    config_free(fresh->settings);
    problems_deinit(&fresh->problems);
    problems_deinit(&fresh->warnings);
    buffer_deinit(&fresh->held);
}

/* --- the workers' part ----------------------------------------------------------------------- */

static void exchange(void *ctx, unsigned worker, struct intake *intake)
{
    struct reload *reload = ctx;

    /* First, so that what has arrived at sockets that are closed is mapped as it was. */
    relisten_switch(&reload->relisten, worker, intake);
    reload->mappers[worker] = intake_exchange_mapper(intake, reload->mappers[worker]);
}

static void free_mappers(struct reload *reload)
{
    for (unsigned i = 0; i < reload->options.workers->n; i++) {
        mapper_free(reload->mappers[i]);
        reload->mappers[i] = NULL;
    }
}

/* Make the mappers of all workers. On failure there are none. */
static int make_mappers(struct reload *reload, struct mapping *mapping)
{
    int r = 0;

    for (unsigned i = 0; i < reload->options.workers->n && r == 0; i++)
        r = mapper_new(&reload->mappers[i], mapping, &reload->options.limits);
    if (r < 0)
        free_mappers(reload);
    return r;
}

/* --- reading --------------------------------------------------------------------------------- */

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

/* Read everything. Returns 0, or -ENOMEM. */
static int read_config(struct reload *reload, struct fresh_config *fresh)
{
    int r = config_new(&fresh->settings);

    if (r < 0)
        return r;
    watch_begin(&reload->watch);
    config_skip_hosts(fresh->settings);
    config_set_generation(fresh->settings, ++reload->generation);
    fresh->is_good = config_load(fresh->settings, &reload->line, &fresh->problems,
                                 &fresh->warnings) == CONFIG_RUN;
    watch_config(reload, fresh->settings);
    return fresh->is_good ? name_check_run(fresh->settings, &fresh->warnings, &fresh->warnings) : 0;
}

/* Put the settings in force that do not concern the workers. */
static void adopt(const struct reload_options *reload, const struct daemon_options *wanted)
{
    log_set_level(wanted->log_level);
    registry_set_limits(reload->registry, &wanted->registry);
    sweeper_set_ttls(reload->sweeper, wanted->ttl_s, wanted->unscraped_ttl_s);
    for (unsigned i = 0; i < wanted->n_limits; i++)
        atomic_store(&reload->shown_limits[i].value, wanted->limits[i].value);
}

/*
 * Make all that can fail. Returns 0; -ECANCELED if the process ends; or negative errno with nothing
 * changed.
 */
static int prepare(struct reload *reload, struct fresh_config *fresh,
                   struct daemon_options *ret_wanted)
{
    int r = config_hold(fresh->settings, reload->options.settings, &fresh->held);

    if (r == 0)
        r = make_mappers(reload, config_mapping(fresh->settings));
    if (r < 0)
        return r;
    options_daemon(fresh->settings, ret_wanted);
    r = relisten_prepare(&reload->relisten, &ret_wanted->listeners, &fresh->problems);
    if (r < 0)
        free_mappers(reload);
    return r;
}

/* Put the config in force. Returns what prepare() does. */
static int apply(struct reload *reload, struct fresh_config *fresh)
{
    const struct workers_request request = { exchange, reload };
    struct mapping *mapping = config_mapping(fresh->settings);
    struct daemon_options wanted;
    int r = prepare(reload, fresh, &wanted);

    if (r < 0)
        return r;
    adopt(&reload->options, &wanted);
    initial_series_declare(reload->options.registry, mapping);
    workers_ask(reload->options.workers, 0, reload->options.workers->n, &request);
    free_mappers(reload);
    atomic_store(&reload->options.stats->n_rules, mapping_n_rules(mapping));
    return relisten_finish(&reload->relisten) ? 0 : -ECANCELED;
}

/* Log it, and write for people what they need to know. */
static void tell_success(const struct reload *reload, const struct fresh_config *fresh,
                         struct buffer *text)
{
    struct slice held = buffer_text(&fresh->held);

    log_lines(LOG_WARN, "the config has something doubtful", &fresh->warnings);
    buffer_add_literal(text, "The config is reloaded.\n");
    if (held.len) {
        buffer_add_literal(text, "These settings have changed and need a restart: ");
        buffer_add(text, held);
        buffer_add_char(text, '\n');
        log_warn("settings of the config have changed that need a restart",
                 LOG_SLICE("settings", held),
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

static void begin(struct reload *reload)
{
    pthread_mutex_lock(&reload->lock);
    reload->n_begun = reload->n_asked;
    pthread_mutex_unlock(&reload->lock);
}

void reload_run(struct reload *reload)
{
    CLEANUP(free_config) struct fresh_config fresh = { 0 };
    struct buffer text = { 0 };
    int r;

    if (!disk_thread_begin_wait(reload->options.thread))
        return;
    begin(reload);
    r = read_config(reload, &fresh);
    if (!disk_thread_end_wait(reload->options.thread))
        return;
    if (r == 0 && fresh.is_good)
        r = apply(reload, &fresh);
    if (r == -ECANCELED)
        return;
    if (r == 0 && fresh.is_good)
        tell_success(reload, &fresh, &text);
    else
        tell_failure(&fresh, r, &text);
    settle(reload, r == 0 && fresh.is_good ? RELOAD_SUCCEEDED : RELOAD_FAILED, &text);
}

bool reload_is_watching(const struct reload *reload)
{
    return reload->options.is_watching;
}

bool reload_look(struct reload *reload)
{
    bool has_changed;

    if (!reload_is_watching(reload))
        return true;
    if (!disk_thread_begin_wait(reload->options.thread))
        return false;
    has_changed = watch_has_changed(&reload->watch);
    if (!disk_thread_end_wait(reload->options.thread))
        return false;
    if (has_changed) {
        log_info("reloading the config", LOG_TEXT("reason", "a file of it has changed"));
        (void)reload_ask(reload);
    }
    return true;
}

uint64_t reload_ask(struct reload *reload)
{
    uint64_t ticket;

    pthread_mutex_lock(&reload->lock);
    if (reload->n_asked == reload->n_begun)
        reload->n_asked++;
    ticket = reload->n_asked;
    pthread_mutex_unlock(&reload->lock);
    disk_thread_ask(reload->options.thread);
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

int reload_new(struct reload **ret, const struct reload_options *options)
{
    struct reload *reload = calloc(1, sizeof(*reload));
    struct mapper **mappers = calloc(options->workers->n, sizeof(struct mapper *));

    if (!reload || !mappers) {
        free(reload);
        free(mappers);
        return -ENOMEM;
    }
    reload->options = *options;
    reload->line = *options->line;
    reload->mappers = mappers;
    relisten_init(&reload->relisten, options->sockets, options->workers, options->thread);
    reload->generation = 1; /* that of the start */
    pthread_mutex_init(&reload->lock, NULL);
    watch_config(reload, options->settings);
    atomic_store(&options->stats->n_rules, mapping_n_rules(config_mapping(options->settings)));
    *ret = reload;
    return 0;
}

bool reload_waits_for_files(const struct reload *reload)
{
    return reload->relisten.is_waiting;
}

void reload_free(struct reload *reload)
{
    if (!reload)
        return;
    pthread_mutex_destroy(&reload->lock);
    relisten_deinit(&reload->relisten);
    watch_deinit(&reload->watch);
    buffer_deinit(&reload->text);
    free(reload->mappers);
    free(reload);
}
