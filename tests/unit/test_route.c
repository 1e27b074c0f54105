/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/compiler.h"
#include "http/route.h"

static void respond(void *ctx, const struct http_request *request, struct http_reply *reply)
{
}

static const struct http_route routes[] = {
    { "/", HTTP_READ, 0, respond, NULL, false },
    { "/page", HTTP_READ, 0, respond, NULL, false },
    { "/both", HTTP_READ, 0, respond, NULL, false },
    { "/both", HTTP_POST | HTTP_DELETE, 0, respond, NULL, false },
    { "/write", HTTP_PUT, 0, respond, NULL, false },
};

static struct http_match match(const char *path, enum http_method method)
{
    struct http_request request = { .method = method, .path = slice_of(path) };
    struct http_match ret;

    route_match(routes, ARRAY_SIZE(routes), &request, &ret);
    return ret;
}

static void path_and_method_choose_the_route(void **state)
{
    assert_ptr_equal(match("/", HTTP_GET).route, &routes[0]);
    assert_ptr_equal(match("/page", HTTP_HEAD).route, &routes[1]);
    assert_ptr_equal(match("/both", HTTP_GET).route, &routes[2]);
    assert_ptr_equal(match("/both", HTTP_DELETE).route, &routes[3]);
    assert_ptr_equal(match("/write", HTTP_PUT).route, &routes[4]);
}

static void paths_match_whole_and_as_they_are(void **state)
{
    static const char *const paths[] = { "", "/pag", "/page/", "/PAGE", "//page", "/p%61ge" };

    for (unsigned i = 0; i < ARRAY_SIZE(paths); i++)
        assert_null(match(paths[i], HTTP_GET).route);
}

static void assert_refused(const char *path, enum http_method method, unsigned status,
                           const char *allow)
{
    struct http_match refused = match(path, method);
    struct http_reply reply = { 0 };

    assert_null(refused.route);
    route_refuse(&refused, &reply);
    assert_int_equal(reply.status, status);
    assert_string_equal(reply.headers[0].name, "Content-Type");
    assert_int_equal(reply.n_headers, allow ? 2 : 1);
    if (allow) {
        assert_string_equal(reply.headers[1].name, "Allow");
        assert_string_equal(reply.headers[1].value, allow);
    }
    assert_true(reply.body.len > 0);
    assert_null(reply.stream);
}

static void an_unknown_path_is_refused_with_404(void **state)
{
    assert_refused("/nope", HTTP_GET, 404, NULL);
    assert_refused("/nope", HTTP_POST, 404, NULL);
    assert_refused("/nope", HTTP_OTHER, 404, NULL);
}

static void another_method_is_refused_with_405_and_what_the_path_takes(void **state)
{
    assert_refused("/page", HTTP_POST, 405, "GET, HEAD");
    assert_refused("/page", HTTP_OTHER, 405, "GET, HEAD");
    assert_refused("/write", HTTP_GET, 405, "PUT");
    assert_refused("/both", HTTP_PUT, 405, "GET, HEAD, POST, DELETE");
}

static void the_first_of_two_rows_answers(void **state)
{
    static const struct http_route twins[] = {
        { "/a", HTTP_GET, 0, respond, NULL, false },
        { "/a", HTTP_READ, 0, respond, NULL, false },
    };
    struct http_request request = { .method = HTTP_GET, .path = SLICE("/a") };
    struct http_match ret;

    route_match(twins, ARRAY_SIZE(twins), &request, &ret);
    assert_ptr_equal(ret.route, &twins[0]);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(path_and_method_choose_the_route),
        CASE(paths_match_whole_and_as_they_are),
        CASE(an_unknown_path_is_refused_with_404),
        CASE(another_method_is_refused_with_405_and_what_the_path_takes),
        CASE(the_first_of_two_rows_answers),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
