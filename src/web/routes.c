/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Routes
 *
 *      /           a page for people, with links
 *      /metrics    the scrape; the path is a setting
 *      /-/healthy  200 while the process runs
 *      /-/ready    200 while it takes in samples, 503 otherwise
 *      /api/v1/conflicts
 *                  the names that senders do not agree about, as JSON
 */

#include "web/routes.h"

#include "output/text.h"
#include "web/api_conflicts.h"
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
    "<li><a href=\"/-/healthy\">Healthy</a>: is the process alive?</li>\n"
    "<li><a href=\"/-/ready\">Ready</a>: are all listeners open?</li>\n"
    "<li><a href=\"/api/v1/conflicts\">Conflicts</a>: which names are sent with two types?</li>\n"
    "</ul>\n"
    "</body>\n"
    "</html>\n";

static void respond_landing(void *ctx, struct http_reply *reply)
{
    const struct routes *routes = ctx;

    reply->status = 200;
    reply->content_type = "text/html; charset=utf-8";
    reply->body = slice_of(routes->landing_page);
}

static void respond_healthy(void *ctx, struct http_reply *reply)
{
    reply->status = 200;
    reply->body = SLICE("udometer is healthy.\n");
}

static void respond_ready(void *ctx, struct http_reply *reply)
{
    struct routes *routes = ctx;
    bool is_ready = atomic_load(&routes->is_ready);

    reply->status = is_ready ? 200 : 503;
    reply->body = is_ready ? SLICE("udometer is ready.\n") : SLICE("udometer is not ready.\n");
}

static void respond_conflicts(void *ctx, struct http_reply *reply)
{
    const struct routes *routes = ctx;
    char *text = api_conflicts(routes->selfmetrics->registry);

    if (!text) {
        reply->status = 503;
        reply->body = SLICE("503: no memory for an answer.\n");
        return;
    }
    reply->status = 200;
    reply->content_type = API_CONTENT_TYPE;
    reply->body = slice_of(text);
    reply->is_body_given = true;
}

static void respond_metrics(void *ctx, struct http_reply *reply)
{
    const struct routes *routes = ctx;
    struct scrape *scrape;

    if (scrape_new(&scrape, routes->selfmetrics, &text_writer) < 0) {
        reply->status = 503;
        reply->body = SLICE("503: no memory for a scrape.\n");
        return;
    }
    reply->status = 200;
    reply->content_type = text_writer.content_type;
    reply->stream = scrape_stream(scrape);
}

void routes_init(struct routes *routes, const struct selfmetrics *selfmetrics,
                 const char *telemetry_path)
{
    const struct http_route table[ROUTES_N] = {
        { telemetry_path, respond_metrics },        { "/", respond_landing },
        { "/-/healthy", respond_healthy },          { "/-/ready", respond_ready },
        { "/api/v1/conflicts", respond_conflicts },
    };

    routes->selfmetrics = selfmetrics;
    atomic_init(&routes->is_ready, false);
    snprintf(routes->landing_page, sizeof(routes->landing_page), landing_format, telemetry_path);
    memcpy(routes->table, table, sizeof(table));
}

struct http_server_options routes_http_options(struct routes *routes)
{
    return (struct http_server_options){
        .routes = routes->table,
        .n_routes = ROUTES_N,
        .ctx = routes,
    };
}
