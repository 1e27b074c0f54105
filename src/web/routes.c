/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Routes
 *
 *      /           a page for people, with links
 *      /metrics    the scrape; the path is a setting
 *                  the self-metrics, if another setting gives them a page of their own
 *      /-/healthy  200 while the process runs
 *      /-/ready    200 while it accepts samples, 503 otherwise
 *      /-/reload   POST reloads the config; only with --web.enable-lifecycle
 *      /-/quit     POST stops the process; likewise
 *      /api/v1/conflicts
 *                  names that are sent with different types, as JSON
 *      /api/v1/refused
 *                  the latest refused lines and their senders, as JSON
 *      /api/v1/series
 *                  DELETE ends series; only with --web.enable-lifecycle
 */

#include "web/routes.h"

#include "base/clock.h"
#include "base/pages.h"
#include "web/api.h"
#include "web/api_conflicts.h"
#include "web/api_refused.h"
#include "web/api_series.h"
#include "web/compressed.h"
#include "web/format.h"
#include "web/quit_page.h"
#include "web/scrape.h"

#include <stdio.h>

static const char landing_format[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head><meta charset=\"utf-8\"><title>udometer</title></head>\n"
    "<body>\n"
    "<h1>udometer</h1>\n"
    "<p>StatsD datagrams in, Prometheus metrics out.</p>\n"
    "<ul>\n"
    "<li><a href=\"%s\">Metrics</a>: what Prometheus scrapes</li>\n"
    "%s"
    "<li><a href=\"" PAGE_HEALTHY "\">Healthy</a>: is the process alive?</li>\n"
    "<li><a href=\"" PAGE_READY "\">Ready</a>: are all listeners open?</li>\n"
    "<li><a href=\"" PAGE_CONFLICTS "\">Conflicts</a>: which names are sent with two types, "
    "or in two spellings?</li>\n"
    "<li><a href=\"" PAGE_REFUSED "\">Refused</a>: which lines are refused, and who sends "
    "them?</li>\n"
    "</ul>\n"
    "</body>\n"
    "</html>\n";

static const char selfmetrics_format[] =
    "<li><a href=\"%s\">Self-metrics</a>: udometer's metrics about itself</li>\n";

static void respond_landing(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    const struct routes *routes = ctx;

    reply_page(reply, 200, "text/html; charset=utf-8", slice_of(routes->landing_page));
    /* It has links and nothing else. */
    reply_add_header(reply, "Content-Security-Policy",
                     "default-src 'none'; base-uri 'none'; form-action 'none'; "
                     "frame-ancestors 'none'");
}

static void respond_healthy(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    reply_text(reply, 200, SLICE("udometer is healthy.\n"));
}

static void respond_ready(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct routes *routes = ctx;

    if (atomic_load(&routes->is_ready))
        reply_text(reply, 200, SLICE("udometer is ready.\n"));
    else
        reply_text(reply, 503, SLICE("udometer is not ready.\n"));
}

static void respond_reload(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct routes *routes = ctx;

    if (!routes->has_lifecycle)
        reply_text(reply, 403,
                   SLICE("403: requests may reload the config only if udometer is started with "
                         "--web.enable-lifecycle; SIGHUP always does.\n"));
    else if (!request->ticket && !atomic_load(&routes->is_ready))
        reply_text(reply, 503, SLICE("503: udometer is not ready.\n"));
    else
        reload_page(&routes->reload, request, reply);
}

static void respond_quit(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct routes *routes = ctx;

    if (!routes->has_lifecycle)
        reply_text(reply, 403,
                   SLICE("403: requests may stop udometer only if it is started with "
                         "--web.enable-lifecycle; SIGTERM always does.\n"));
    else if (!atomic_load(&routes->is_ready))
        reply_text(reply, 503, SLICE("503: udometer is not ready.\n"));
    else
        quit_page(routes->quit, reply);
}

static void respond_conflicts(void *ctx, const struct http_request *request,
                              struct http_reply *reply)
{
    const struct routes *routes = ctx;

    api_reply(reply, api_conflicts(routes->selfmetrics->registry));
}

static void respond_refused(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    const struct routes *routes = ctx;

    api_reply(reply, api_refused(routes->refused, routes->n_refused, clock_seconds(),
                                 clock_realtime_ns() / CLOCK_NS_PER_S));
}

/* When the request came. If a snapshot takes long, it comes again, with that as its ticket. */
static int64_t asked_at(const struct http_request *request)
{
    return request->ticket ? (int64_t)request->ticket : clock_monotonic_ns();
}

/* A snapshot with all series there were at @asked_ns; or NULL, and a reply that comes later. */
static struct snapshot *take_snapshot(struct routes *routes, int64_t asked_ns,
                                      struct http_reply *reply)
{
    struct refresher *refresher = atomic_load(&routes->refresher);
    struct snapshot *snapshot;

    if (!refresher)
        return registry_snapshot(routes->selfmetrics->registry);
    snapshot = refresher_snapshot(refresher, asked_ns);
    if (!snapshot)
        reply_later(reply, (uint64_t)asked_ns);
    return snapshot;
}

static void respond_end_series(void *ctx, const struct http_request *request,
                               struct http_reply *reply)
{
    struct routes *routes = ctx;
    struct snapshot *snapshot;

    if (!routes->has_lifecycle) {
        api_refuse(reply, 403, "forbidden",
                   "requests may end series only if udometer is started with "
                   "--web.enable-lifecycle");
        return;
    }
    snapshot = take_snapshot(routes, asked_at(request), reply);
    if (snapshot)
        api_end_series(routes->selfmetrics->registry, snapshot, request, reply);
}

static void respond_scrape(struct routes *routes, enum scrape_part part,
                           const struct http_request *request, struct http_reply *reply)
{
    struct format format = format_choose(request, routes->formats);
    const struct scrape_options options = {
        .source = routes->selfmetrics,
        .part = part,
        .writer = format.writer,
        .asked_ns = asked_at(request),
    };
    struct snapshot *snapshot = NULL;
    struct http_stream *stream;
    struct scrape *scrape;

    if (SCRAPE_HAS_SERIES(part)) {
        snapshot = take_snapshot(routes, options.asked_ns, reply);
        if (!snapshot)
            return;
    }
    if (scrape_new(&scrape, &options, snapshot) < 0) {
        reply_text(reply, 503, SLICE("503: not enough memory for a scrape.\n"));
        return;
    }
    stream = compressed_open(&routes->compressors, request, reply, scrape_stream(scrape));
    reply_add_header(reply, "Vary", "Accept");
    reply_stream(reply, format.content_type, stream);
}

static void respond_metrics(void *ctx, const struct http_request *request, struct http_reply *reply)
{
    struct routes *routes = ctx;

    respond_scrape(routes, routes->has_self_page ? SCRAPE_SERIES : SCRAPE_ALL, request, reply);
}

static void respond_selfmetrics(void *ctx, const struct http_request *request,
                                struct http_reply *reply)
{
    respond_scrape(ctx, SCRAPE_SELFMETRICS, request, reply);
}

static void write_landing_page(struct routes *routes, const char *telemetry_path,
                               const char *selfmetrics_path)
{
    char link[512] = "";

    if (selfmetrics_path)
        snprintf(link, sizeof(link), selfmetrics_format, selfmetrics_path);
    snprintf(routes->landing_page, sizeof(routes->landing_page), landing_format, telemetry_path,
             link);
}

void routes_init(struct routes *routes, const struct selfmetrics *selfmetrics,
                 const char *telemetry_path, const char *selfmetrics_path)
{
    const struct http_route table[ROUTES_MAX] = {
        { telemetry_path, HTTP_READ, 0, respond_metrics, routes, true },
        { PAGE_LANDING, HTTP_READ, 0, respond_landing, routes, false },
        { PAGE_HEALTHY, HTTP_READ, 0, respond_healthy, routes, false },
        { PAGE_READY, HTTP_READ, 0, respond_ready, routes, false },
        { PAGE_RELOAD, HTTP_POST | HTTP_PUT, 0, respond_reload, routes, false },
        { PAGE_QUIT, HTTP_POST | HTTP_PUT, 0, respond_quit, routes, false },
        { PAGE_CONFLICTS, HTTP_READ, 0, respond_conflicts, routes, true },
        { PAGE_REFUSED, HTTP_READ, 0, respond_refused, routes, true },
        { PAGE_SERIES, HTTP_DELETE, 0, respond_end_series, routes, true },
        /* The last one, because there may be no such page. */
        { selfmetrics_path, HTTP_READ, 0, respond_selfmetrics, routes, true },
    };

    routes->selfmetrics = selfmetrics;
    routes->has_self_page = selfmetrics_path;
    routes->refused = NULL;
    routes->n_refused = 0;
    routes->compressors = (struct compressors){ .n_max = ROUTES_COMPRESSORS };
    routes->has_lifecycle = false;
    routes->formats = (struct format_offers){ .has_openmetrics = true };
    atomic_init(&routes->is_ready, false);
    atomic_init(&routes->refresher, NULL);
    write_landing_page(routes, telemetry_path, selfmetrics_path);
    memcpy(routes->table, table, sizeof(table));
    routes->n = routes->has_self_page ? ROUTES_MAX : ROUTES_MAX - 1;
}
