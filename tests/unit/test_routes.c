/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/pages.h"
#include "web/routes.h"

#include <stdio.h>
#include <stdlib.h>

static struct routes routes;

static int make_routes(void **state)
{
    routes_init(&routes, NULL, "/numbers", "/self");
    return 0;
}

/* The answer to a GET of @path, which must be a page without metrics. */
static struct http_reply ask(const char *path)
{
    struct http_request request = { .method = HTTP_GET, .path = slice_of(path) };
    struct http_reply reply = { 0 };
    struct http_match match;

    route_match(routes.table, routes.n, &request, &match);
    if (match.route)
        match.route->respond(match.route->ctx, &request, &reply);
    else
        fail_msg("there is no page at %s", path);
    return reply;
}

static const char *content_type(const struct http_reply *reply)
{
    assert_string_equal(reply->headers[0].name, "Content-Type");
    return reply->headers[0].value;
}

static bool contains(struct slice text, const char *wanted)
{
    return memmem(text.at, text.len, wanted, strlen(wanted)) != NULL;
}

static void is_ready_only_while_it_says_so(void **state)
{
    assert_int_equal(ask("/-/ready").status, 503);
    atomic_store(&routes.is_ready, true);
    assert_int_equal(ask("/-/ready").status, 200);
    atomic_store(&routes.is_ready, false);
    assert_int_equal(ask("/-/ready").status, 503);
}

static void is_healthy_whether_it_is_ready_or_not(void **state)
{
    assert_int_equal(ask("/-/healthy").status, 200);
}

static void the_landing_page_links_to_all_the_others(void **state)
{
    struct http_reply page = ask("/");

    assert_int_equal(page.status, 200);
    assert_string_equal(content_type(&page), "text/html; charset=utf-8");
    for (unsigned i = 0; i < routes.n; i++) {
        char link[64];

        if (!(routes.table[i].methods & HTTP_GET))
            continue;
        snprintf(link, sizeof(link), "href=\"%s\"", routes.table[i].path);
        assert_true(strcmp(routes.table[i].path, "/") == 0 || contains(page.body, link));
    }
}

static void conflicts_are_reported_in_json(void **state)
{
    struct registry_options options = { .n_workers = 1, .max_series = 10, .max_bytes = SIZE_MAX };
    CLEANUP(registry_freep) struct registry *registry = NULL;
    struct selfmetrics source = { 0 };
    struct http_reply page;

    assert_int_equal(registry_new(&registry, &options), 0);
    source.registry = registry;
    routes.selfmetrics = &source;
    page = ask("/api/v1/conflicts");
    routes.selfmetrics = NULL;
    assert_int_equal(page.status, 200);
    assert_string_equal(content_type(&page), "application/json");
    assert_true(contains(page.body, "\"success\""));
    assert_true(page.is_body_given); /* so it is ours to free */
    free((void *)(uintptr_t)page.body.at);
}

static void metrics_are_where_they_were_asked_to_be(void **state)
{
    assert_string_equal(routes.table[0].path, "/numbers");
}

/* A path that comes from a setting. */
static bool is_chosen(const char *path)
{
    return strcmp(path, "/numbers") == 0 || strcmp(path, "/self") == 0;
}

/* So that no setting can give another page the same path. */
static void the_paths_of_all_others_are_known(void **state)
{
    for (unsigned i = 0; i < routes.n; i++)
        if (!is_chosen(routes.table[i].path) && !pages_include(routes.table[i].path))
            fail_msg("base/pages.c does not have %s", routes.table[i].path);
}

static void without_a_path_self_metrics_have_no_page(void **state)
{
    struct routes one_page;

    routes_init(&one_page, NULL, "/numbers", NULL);
    assert_int_equal(one_page.n, routes.n - 1);
    assert_null(strstr(one_page.landing_page, "Self-metrics"));
    for (unsigned i = 0; i < one_page.n; i++)
        assert_string_equal(one_page.table[i].path, routes.table[i].path);
}

/* Both paths may have 200 bytes. */
static void the_landing_page_has_room_for_long_paths(void **state)
{
    struct routes long_paths;
    char path[201];

    memset(path, 'p', sizeof(path));
    path[0] = '/';
    path[200] = '\0';
    routes_init(&long_paths, NULL, path, path);
    assert_non_null(strstr(long_paths.landing_page, "</html>\n"));
}

static void nothing_but_series_config_and_process_can_be_changed(void **state)
{
    for (unsigned i = 0; i < routes.n; i++)
        assert_int_equal(routes.table[i].methods,
                         strcmp(routes.table[i].path, PAGE_SERIES) == 0 ? HTTP_DELETE
                         : strcmp(routes.table[i].path, PAGE_RELOAD) == 0 ||
                                 strcmp(routes.table[i].path, PAGE_QUIT) == 0
                             ? HTTP_POST | HTTP_PUT
                             : HTTP_READ);
}

static void nothing_can_be_changed_without_lifecycle(void **state)
{
    struct http_request request = { .method = HTTP_DELETE, .path = SLICE(PAGE_SERIES) };
    struct http_reply reply = { 0 };
    struct http_match match;

    route_match(routes.table, routes.n, &request, &match);
    match.route->respond(match.route->ctx, &request, &reply);
    assert_int_equal(reply.status, 403);
    assert_true(contains(reply.body, "--web.enable-lifecycle"));
    free((void *)(uintptr_t)reply.body.at);
}

static struct http_reply post(const char *path)
{
    struct http_request request = { .method = HTTP_POST, .path = slice_of(path) };
    struct http_reply reply = { 0 };
    struct http_match match;

    route_match(routes.table, routes.n, &request, &match);
    match.route->respond(match.route->ctx, &request, &reply);
    return reply;
}

static void nothing_is_reloaded_without_lifecycle_or_before_all_is_ready(void **state)
{
    struct http_reply reply = post(PAGE_RELOAD);

    assert_int_equal(reply.status, 403);
    assert_true(contains(reply.body, "--web.enable-lifecycle"));
    routes.has_lifecycle = true;
    assert_int_equal(post(PAGE_RELOAD).status, 503);
    routes.has_lifecycle = false;
}

static unsigned n_quits;

static void quit(void)
{
    n_quits++;
}

static void a_request_stops_the_process_only_with_lifecycle(void **state)
{
    struct http_reply reply;

    routes.quit = quit;
    atomic_store(&routes.is_ready, true);
    assert_int_equal(post(PAGE_QUIT).status, 403);
    assert_int_equal(n_quits, 0);
    routes.has_lifecycle = true;
    reply = post(PAGE_QUIT);
    assert_int_equal(reply.status, 200);
    reply.stream->close(reply.stream, true);
    assert_int_equal(n_quits, 1);
    atomic_store(&routes.is_ready, false);
    assert_int_equal(post(PAGE_QUIT).status, 503); /* it is already stopping */
    assert_int_equal(n_quits, 1);
    routes.has_lifecycle = false;
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(is_ready_only_while_it_says_so),
        CASE(is_healthy_whether_it_is_ready_or_not),
        CASE(the_landing_page_links_to_all_the_others),
        CASE(metrics_are_where_they_were_asked_to_be),
        CASE(the_paths_of_all_others_are_known),
        CASE(conflicts_are_reported_in_json),
        CASE(without_a_path_self_metrics_have_no_page),
        CASE(the_landing_page_has_room_for_long_paths),
        CASE(nothing_but_series_config_and_process_can_be_changed),
        CASE(nothing_can_be_changed_without_lifecycle),
        CASE(nothing_is_reloaded_without_lifecycle_or_before_all_is_ready),
        CASE(a_request_stops_the_process_only_with_lifecycle),
    };

    return cmocka_run_group_tests(cases, make_routes, NULL);
}
