/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Daemon
 *
 * The only place that knows all parts. They are made in this order and freed in reverse:
 *
 *      log                           its thread, so that nothing waits for stderr
 *      registry, telemetry rows      shared by the others
 *      sockets                       early, so that an invalid address fails fast
 *      loop, signals, sweeper        before the workers, which may notify the sweeper at once
 *      workers                       receive
 *      HTTP                          serves
 *      upkeep                        reloads the config; udometer is ready when all is there
 *
 * On SIGTERM, /-/ready answers 503 at once. The workers drain their sockets and stop while
 * HTTP still answers. What is left of the log may take a second at most.
 */

#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/socket.h"
#include "daemon/cut_tags.h"
#include "daemon/files.h"
#include "daemon/initial_series.h"
#include "daemon/signals.h"
#include "daemon/sockets.h"
#include "daemon/sweeper.h"
#include "daemon/upkeep.h"
#include "daemon/welcome.h"
#include "daemon/workers.h"
#include "http/server.h"
#include "input/loop.h"
#include "web/reserved_names.h"
#include "web/routes.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

/* Descriptors for each worker's loop, and for everything else but connections. */
#define FILES_PER_WORKER 8
#define FILES_ANYWAY 48
#define LIMITS_HINT "check the limits on threads, memory and open files (ulimit -a)"
/* How long the end may wait for the last lines of the log to be written. */
#define LOG_END_MAX_NS CLOCK_NS_PER_S

struct daemon {
    const struct daemon_options *options;
    uint64_t seed;
    _Atomic uint64_t n_expired, n_unscraped;

    struct buckets *buckets, *batch_buckets;
    struct registry *registry;
    struct scrape_stats scrapes;
    struct places *places;
    struct cut_tags cut_tags;
    struct suspect_sink suspects;

    struct sockets sockets;
    struct buffer welcome; /* to print; made of sockets that a reload may close */
    struct socket_stats socket_stats;
    struct workers workers;
    struct selfmetrics_limit limits[DAEMON_LIMITS_MAX]; /* that are in force */
    struct reload_stats reloads;
    struct upkeep *upkeep;
    struct selfmetrics selfmetrics;
    struct routes routes;
    struct refresher refresher;
    unsigned n_http_connections; /* at most */
    struct http_stats http_stats;
    struct http_server *http;
    uv_loop_t loop;
    bool has_loop;
    struct signals signals;
    struct sweeper *sweeper;
};

/* --- the shared parts ------------------------------------------------------------ */

static int make_registry(struct daemon *daemon)
{
    struct registry_options options = daemon->options->registry;
    const struct reserved_names reserved = {
        .has_self_page = daemon->options->selfmetrics_path,
        .has_exporter_names = daemon->options->has_exporter_names,
    };
    int r =
        buckets_new(&daemon->buckets, buckets_default_bounds, ARRAY_SIZE(buckets_default_bounds));

    if (r == 0)
        r = selfmetrics_batch_buckets(&daemon->batch_buckets);
    if (r < 0)
        return r;
    options.n_workers = daemon->workers.n;
    options.seed = daemon->seed;
    options.buckets = daemon->buckets;
    r = registry_new(&daemon->registry, &options);
    if (r == 0)
        r = reserved_names_claim(daemon->registry, &reserved);
    if (r == 0)
        initial_series_declare(daemon->registry, daemon->options->pipeline.resolve.mapping);
    return r;
}

static int make_shared(struct daemon *daemon)
{
    unsigned n_workers = workers_choose(daemon->options->n_workers);
    int r;

    if (getrandom(&daemon->seed, sizeof(daemon->seed), 0) != sizeof(daemon->seed))
        return -errno;
    daemon->cut_tags.seed = daemon->seed;
    daemon->suspects = cut_tags_sink(&daemon->cut_tags);
    socket_stats_init(&daemon->socket_stats);
    reload_stats_init(&daemon->reloads, clock_realtime_ns());
    memcpy(daemon->limits, daemon->options->limits, sizeof(daemon->limits));
    r = workers_init(&daemon->workers, n_workers, daemon->seed);
    if (r == 0)
        r = make_registry(daemon);
    return r < 0 ? r : scrape_stats_init(&daemon->scrapes);
}

static void free_shared(struct daemon *daemon)
{
    buffer_deinit(&daemon->welcome);
    places_free(daemon->places);
    scrape_stats_deinit(&daemon->scrapes);
    socket_stats_deinit(&daemon->socket_stats);
    registry_free(daemon->registry);
    buckets_free(daemon->batch_buckets);
    buckets_free(daemon->buckets);
    workers_deinit(&daemon->workers);
}

/*
 * The number of descriptors that sockets and workers need, not counting connections. How many
 * addresses a listener has is only known when they are open.
 */
static uint64_t count_files(const struct daemon *daemon)
{
    return FILES_ANYWAY + daemon->workers.n * FILES_PER_WORKER + sockets_count(&daemon->sockets);
}

/* Allow as many descriptors as possible; check that there are enough before opening some. */
static int allow_files(const struct daemon *daemon)
{
    uint64_t n_free;

    return files_allow(count_files(daemon) + daemon->options->listeners.n_listeners, &n_free);
}

static int limit_connections(struct daemon *daemon)
{
    const struct files_shares wanted = { daemon->options->max_connections,
                                         daemon->options->http.max_connections };
    struct files_shares shares;
    uint64_t n_free;
    int r = files_allow(count_files(daemon), &n_free);

    if (r < 0)
        return r;
    shares = files_share(n_free, &wanted);
    files_warn(&shares, &wanted, sockets_have_streams(&daemon->sockets));
    daemon->n_http_connections = (unsigned)shares.n_http;
    r = places_new(&daemon->places, (unsigned)shares.n_streams, daemon->seed);
    if (r < 0)
        log_error("cannot start", LOG_TEXT("error", strerror(-r)));
    return r;
}

/* --- sockets ---------------------------------------------------------------------- */

static int open_sockets(struct daemon *daemon)
{
    const struct sockets_options options = {
        .listeners = &daemon->options->listeners,
        .http_address = daemon->options->http_address,
        .is_http_default = daemon->options->is_http_default,
        .n_workers = daemon->workers.n,
        .stats = &daemon->socket_stats,
    };

    int r = sockets_open(&daemon->sockets, &options);

    if (r == 0 && daemon->options->has_welcome)
        welcome_write(listeners_udp_address(daemon->sockets.listeners),
                      daemon->sockets.http.address, daemon->options->telemetry_path,
                      &daemon->welcome);
    return r;
}

/* --- threads ---------------------------------------------------------------------- */

static void on_ended(void *ctx)
{
    struct daemon *daemon = ctx;

    sweeper_notify(daemon->sweeper);
}

static int start_workers(struct daemon *daemon)
{
    const struct workers_options options = {
        .intake = {
            .lane = {
                .shard = {
                    .registry = daemon->registry,
                    .max_key_bytes = daemon->options->max_key_bytes,
                    .seed = daemon->seed,
                },
                .pipeline = &daemon->options->pipeline,
            },
            .places = daemon->places,
            .suspects = &daemon->suspects,
            .idle_max_ns = daemon->options->idle_max_s * CLOCK_NS_PER_S,
            .on_ended = on_ended,
            .ctx = daemon,
        },
        .listeners = daemon->sockets.listeners,
    };

    return workers_start(&daemon->workers, &options);
}

static void stop_workers(struct daemon *daemon)
{
    upkeep_stop(daemon->upkeep); /* it asks the workers */
    workers_stop(&daemon->workers);
}

static int start_http(struct daemon *daemon)
{
    struct http_server_options options = daemon->options->http;
    unsigned n_sockets = daemon->sockets.http.n;

    daemon->selfmetrics = (struct selfmetrics){
        .registry = daemon->registry,
        .rows = daemon->workers.rows,
        .n_rows = daemon->workers.n,
        .sockets = &daemon->socket_stats,
        .limits = daemon->limits,
        .n_limits = daemon->options->n_limits,
        .scrapes = &daemon->scrapes,
        .http = &daemon->http_stats,
        .batch_buckets = daemon->batch_buckets,
        .n_expired = &daemon->n_expired,
        .n_unscraped = &daemon->n_unscraped,
        .reloads = &daemon->reloads,
        .has_exporter_names = daemon->options->has_exporter_names,
        .start_time_s = (double)clock_realtime_ns() / CLOCK_NS_PER_S,
    };
    routes_init(&daemon->routes, &daemon->selfmetrics, daemon->options->telemetry_path,
                daemon->options->selfmetrics_path);
    daemon->routes.has_lifecycle = daemon->options->has_lifecycle;
    daemon->routes.formats = daemon->options->formats;
    daemon->routes.quit = signals_ask_to_stop;
    daemon->routes.compressors.n_max = 2 * options.max_requests; /* some are being closed */
    options.routes = daemon->routes.table;
    options.n_routes = daemon->routes.n;
    options.stats = &daemon->http_stats;
    options.max_connections = daemon->n_http_connections;
    daemon->routes.refused = daemon->workers.refused;
    daemon->routes.n_refused = daemon->workers.n;
    daemon->sockets.http.n = 0; /* the server owns them from here on */
    return server_start(&daemon->http, daemon->sockets.http.fds, n_sockets, &options);
}

static void wake_http(void *ctx)
{
    server_wake(((struct daemon *)ctx)->http);
}

static int start_refresher(struct daemon *daemon)
{
    int r = refresher_start(&daemon->refresher, daemon->registry, wake_http, daemon);

    if (r == 0)
        atomic_store(&daemon->routes.refresher, &daemon->refresher);
    return r;
}

static int start_upkeep(struct daemon *daemon)
{
    const struct upkeep_options options = {
        .reload = {
            .settings = daemon->options->settings,
            .line = daemon->options->line,
            .limits = daemon->options->pipeline.resolve.limits,
            .registry = daemon->registry,
            .sweeper = daemon->sweeper,
            .shown_limits = daemon->limits,
            .sockets = &daemon->sockets,
            .workers = &daemon->workers,
            .is_watching = daemon->options->is_watching,
            .stats = &daemon->reloads,
            .on_done = wake_http,
            .ctx = daemon,
        },
    };
    int r = upkeep_start(&daemon->upkeep, &options);

    if (r == 0)
        daemon->routes.reload = reload_functions(upkeep_reload(daemon->upkeep));
    return r;
}

static void log_no_threads(int error)
{
    log_error("cannot start threads", LOG_TEXT("error", strerror(-error)),
              LOG_TEXT("hint", LIMITS_HINT));
}

/* Start all threads with signals blocked, so that the main thread handles them. */
static int start_threads(struct daemon *daemon)
{
    sigset_t all, before;
    int r;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    memory_give_back();
    r = start_workers(daemon);
    if (r == 0)
        r = start_http(daemon);
    if (r == 0)
        r = start_refresher(daemon);
    if (r == 0)
        r = start_upkeep(daemon);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r < 0)
        log_no_threads(r);
    return r;
}

/* --- the main loop ------------------------------------------------------------------ */

static void add_drops(void *ctx, const struct socket_view *view)
{
    *(uint64_t *)ctx += view->n_drops;
}

/* Log the final totals. All threads must have stopped. */
static void log_end(struct daemon *daemon)
{
    uint64_t sum[_TELEMETRY_N];
    uint64_t applied = 0, drops = 0;

    telemetry_sum(daemon->workers.rows, daemon->workers.n, sum);
    for (unsigned type = 0; type < _SAMPLE_TYPE_N; type++)
        applied += sum[TELEMETRY_SAMPLES + type];
    socket_stats_each(&daemon->socket_stats, add_drops, &drops);
    log_info("stopped", LOG_UINT("datagrams", sum[TELEMETRY_DATAGRAMS]),
             LOG_UINT("lines", sum[TELEMETRY_LINES]), LOG_UINT("applied", applied),
             LOG_UINT("datagrams_cut", sum[TELEMETRY_DATAGRAMS_CUT]),
             LOG_UINT("kernel_drops", drops));
}

static void on_stop(void *ctx, const char *name)
{
    struct daemon *daemon = ctx;

    log_info("stopping", LOG_TEXT("signal", name));
    atomic_store(&daemon->routes.is_ready, false);
    stop_workers(daemon);
    sweeper_close(TAKE(daemon->sweeper));
    signals_close(&daemon->signals);
}

static void on_hangup(void *ctx)
{
    struct daemon *daemon = ctx;

    log_info("reloading the config", LOG_TEXT("signal", "SIGHUP"));
    (void)reload_ask(upkeep_reload(daemon->upkeep));
}

static int open_sweeper(struct daemon *daemon)
{
    struct sweeper_options options = {
        .registry = daemon->registry,
        .workers = daemon->workers.items,
        .n_workers = daemon->workers.n,
        .unscraped_ttl_s = daemon->options->unscraped_ttl_s,
        .shown_ns = &daemon->scrapes.shown_ns,
        .n_expired = &daemon->n_expired,
        .n_unscraped = &daemon->n_unscraped,
    };

    memcpy(options.ttl_s, daemon->options->ttl_s, sizeof(options.ttl_s));
    return sweeper_open(&daemon->sweeper, &daemon->loop, &options);
}

/* Open the loop and its handles. On failure too, close_loop() must be called. */
static int open_loop(struct daemon *daemon)
{
    const struct signals_options watched = { on_stop, on_hangup, daemon };
    int r = loop_open(&daemon->loop);

    if (r < 0) {
        log_error("cannot start the event loop", LOG_TEXT("error", uv_strerror(r)));
        return r;
    }
    daemon->has_loop = true;
    r = signals_open(&daemon->signals, &daemon->loop, &watched);
    if (r == 0)
        r = open_sweeper(daemon);
    if (r < 0)
        log_error("cannot watch for signals or start the sweep", LOG_TEXT("error", uv_strerror(r)),
                  LOG_TEXT("hint", LIMITS_HINT));
    return r;
}

static void close_loop(struct daemon *daemon)
{
    if (!daemon->has_loop)
        return;
    sweeper_close(TAKE(daemon->sweeper));
    signals_close(&daemon->signals);
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
    uv_loop_close(&daemon->loop);
}

static void run_loop(struct daemon *daemon)
{
    atomic_store(&daemon->routes.is_ready, true);
    log_info("ready", LOG_UINT("workers", daemon->workers.n), LOG_UINT("pid", (uint64_t)getpid()));
    if (daemon->welcome.len && !daemon->welcome.has_failed)
        log_print(buffer_text(&daemon->welcome));
    uv_run(&daemon->loop, UV_RUN_DEFAULT);
}

static void log_warnings(struct slice lines)
{
    while (lines.len)
        log_warn("the config has something doubtful",
                 LOG_SLICE("problem", slice_cut(&lines, '\n')));
}

/* Make all parts, in order. On failure the caller frees those that were made. */
static int start(struct daemon *daemon)
{
    int r = log_start();

    if (r < 0)
        log_no_threads(r);
    log_warnings(daemon->options->warnings);
    if (r == 0)
        r = allow_files(daemon);
    if (r == 0) {
        r = make_shared(daemon);
        if (r < 0)
            log_error("cannot start", LOG_TEXT("error", strerror(-r)));
    }
    if (r == 0)
        r = open_sockets(daemon);
    if (r == 0)
        r = limit_connections(daemon);
    if (r == 0)
        r = open_loop(daemon);
    return r == 0 ? start_threads(daemon) : r;
}

int daemon_run(const struct daemon_options *options)
{
    struct daemon *daemon = calloc(1, sizeof(*daemon));
    int64_t log_end_ns;
    int r;

    log_setup(options->log_level, options->log_format);
    if (!daemon) {
        log_error("cannot start", LOG_TEXT("error", strerror(ENOMEM)));
        return -ENOMEM;
    }
    daemon->options = options;
    signal(SIGPIPE, SIG_IGN);

    r = start(daemon);
    if (r == 0)
        run_loop(daemon);

    stop_workers(daemon);
    refresher_stop(&daemon->refresher);
    server_stop(daemon->http);
    upkeep_free(daemon->upkeep);
    close_loop(daemon);
    log_end_ns = clock_monotonic_ns() + LOG_END_MAX_NS;
    log_flush(log_end_ns); /* so that there is room for the totals */
    if (r == 0)
        log_end(daemon);
    sockets_close(&daemon->sockets);
    free_shared(daemon);
    free(daemon);
    log_stop(log_end_ns);
    return r;
}
