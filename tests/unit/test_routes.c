/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "web/routes.h"

#include <stdio.h>
#include <stdlib.h>

static struct routes routes;

static int make_routes(void **state)
{
    routes_init(&routes, NULL, "/numbers");
    return 0;
}

/* What the page at @path answers; it must be one that asks for no metrics. */
static struct http_reply ask(const char *path)
{
    struct http_server_options options = routes_http_options(&routes);
    struct http_reply reply = { 0 };

    for (unsigned i = 0; i < options.n_routes; i++) {
        if (strcmp(options.routes[i].path, path) == 0) {
            options.routes[i].respond(options.ctx, &reply);
            return reply;
        }
    }
    fail_msg("there is no page at %s", path);
    return reply;
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
    struct http_server_options options = routes_http_options(&routes);
    struct http_reply page = ask("/");

    assert_int_equal(page.status, 200);
    assert_string_equal(page.content_type, "text/html; charset=utf-8");
    for (unsigned i = 0; i < options.n_routes; i++) {
        char link[64];

        snprintf(link, sizeof(link), "href=\"%s\"", options.routes[i].path);
        assert_true(strcmp(options.routes[i].path, "/") == 0 || contains(page.body, link));
    }
}

static void conflicts_are_told_in_json(void **state)
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
    assert_string_equal(page.content_type, "application/json");
    assert_true(contains(page.body, "\"success\""));
    assert_true(page.is_body_given); /* so it is ours to free */
    free((void *)(uintptr_t)page.body.at);
}

static void metrics_are_where_they_were_asked_to_be(void **state)
{
    assert_string_equal(routes_http_options(&routes).routes[0].path, "/numbers");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(is_ready_only_while_it_says_so),
        CASE(is_healthy_whether_it_is_ready_or_not),
        CASE(the_landing_page_links_to_all_the_others),
        CASE(metrics_are_where_they_were_asked_to_be),
        CASE(conflicts_are_told_in_json),
    };

    return cmocka_run_group_tests(cases, make_routes, NULL);
}
