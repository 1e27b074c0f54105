/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/compiler.h"
#include "http/request.h"

#include <stdio.h>
#include <stdlib.h>

/* --- methods ------------------------------------------------------------------------------- */

static void methods_have_their_names(void **state)
{
    assert_int_equal(request_method("GET"), HTTP_GET);
    assert_int_equal(request_method("HEAD"), HTTP_HEAD);
    assert_int_equal(request_method("POST"), HTTP_POST);
    assert_int_equal(request_method("PUT"), HTTP_PUT);
    assert_int_equal(request_method("PATCH"), HTTP_PATCH);
    assert_int_equal(request_method("DELETE"), HTTP_DELETE);
    assert_int_equal(request_method("OPTIONS"), HTTP_OPTIONS);
}

static void other_names_are_other_methods(void **state)
{
    static const char *const names[] = { "", "get", "Get", "GETS", "GE", "BREW", "TRACE" };

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        assert_int_equal(request_method(names[i]), HTTP_OTHER);
}

static void methods_are_listed_as_allow_wants_them(void **state)
{
    char text[HTTP_METHODS_TEXT_MAX];

    request_write_methods(HTTP_READ, text);
    assert_string_equal(text, "GET, HEAD");
    request_write_methods(HTTP_POST, text);
    assert_string_equal(text, "POST");
    request_write_methods(0, text);
    assert_string_equal(text, "");
    request_write_methods(~0u, text);
    assert_string_equal(text, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
}

/* --- by name --------------------------------------------------------------------------------- */

static void headers_are_found_in_any_case(void **state)
{
    struct http_field headers[] = {
        { SLICE("Host"), SLICE("x") },
        { SLICE("accept-encoding"), SLICE("gzip") },
        { SLICE("Empty"), SLICE("") },
        { SLICE("HOST"), SLICE("y") },
    };
    struct http_request request = { .headers = { headers, ARRAY_SIZE(headers) } };

    assert_slice_equal(request_header(&request, "Accept-Encoding"), "gzip");
    assert_slice_equal(request_header(&request, "host"), "x");
    assert_slice_equal(request_header(&request, "empty"), "");
    assert_non_null(request_header(&request, "empty").at);
    assert_null(request_header(&request, "Accept").at);
    assert_null(request_header(&request, "Hos").at);
    assert_null(request_header(&request, "").at);
}

static void parameters_are_found_by_their_exact_name(void **state)
{
    struct http_field query[] = {
        { SLICE("limit"), SLICE("10") },
        { SLICE("empty"), SLICE("") },
        { SLICE("limit"), SLICE("20") },
    };
    struct http_request request = { .query = { query, ARRAY_SIZE(query) } };

    assert_slice_equal(request_query(&request, "limit"), "10");
    assert_non_null(request_query(&request, "empty").at);
    assert_null(request_query(&request, "Limit").at);
    assert_null(request_query(&request, "lim").at);
}

static void a_request_without_any_has_none(void **state)
{
    struct http_request request = { 0 };

    assert_null(request_query(&request, "a").at);
    assert_null(request_header(&request, "a").at);
}

/* --- the target ------------------------------------------------------------------------------ */

static void check_target(const char *target, const char *path, const char *query)
{
    char copy[256], *found;
    struct slice parsed;

    snprintf(copy, sizeof(copy), "%s", target);
    parsed = request_parse_target(copy, &found);
    if (!slice_equal(parsed, slice_of(path)) || !found != !query ||
        (query && strcmp(found, query) != 0))
        fail_msg("\"%s\": path \"%.*s\", query \"%s\"", target, (int)parsed.len, parsed.at, found);
}

static void a_target_is_a_path_and_a_query(void **state)
{
    check_target("/", "/", NULL);
    check_target("/a/b", "/a/b", NULL);
    check_target("/a?", "/a", "");
    check_target("/a?b=c?d", "/a", "b=c?d");
    check_target("/a?b=%41", "/a", "b=%41"); /* decoded later */
    check_target("?b", "", "b");
    check_target("*", "*", NULL);
    check_target("", "", NULL);
}

/* RFC 9112, 3.2.2. */
static void a_target_may_be_absolute(void **state)
{
    check_target("http://host:9102/metrics?a=b", "/metrics", "a=b");
    check_target("HTTP://[::1]:9102/metrics", "/metrics", NULL);
    check_target("https://h/a//b/", "/a//b/", NULL);
    check_target("http://h", "/", NULL);
    check_target("http://h/", "/", NULL);
    check_target("http://h?a=b", "/", "a=b");
    check_target("http://h?a=/b", "/", "a=/b");
    check_target("http://h/%6detrics", "/metrics", NULL);
    check_target("/http://h/a", "/http://h/a", NULL);
    check_target("/a?http://h/b", "/a", "http://h/b");
}

static void other_targets_stay_as_they_are(void **state)
{
    check_target("http:///a", "http:///a", NULL); /* without a host: RFC 9110, 4.2.1 */
    check_target("http://", "http://", NULL);
    check_target("http:/h/a", "http:/h/a", NULL);
    check_target("ftp://h/a", "ftp://h/a", NULL);
    check_target("h:443", "h:443", NULL);
}

/* RFC 3986, 2.3 and 6.2.2.2. */
static void escapes_of_unreserved_characters_are_decoded(void **state)
{
    check_target("/%6Detrics", "/metrics", NULL);
    check_target("/%6d%65%74%72%69%63%73", "/metrics", NULL);
    check_target("/%41%5A%61%7A%30%39%2D%2e%5F%7e", "/AZaz09-._~", NULL);
    check_target("/%2D/healthy", "/-/healthy", NULL);
}

static void other_escapes_in_a_path_stay(void **state)
{
    check_target("/a%2Fb", "/a%2Fb", NULL);
    check_target("/a%2fb%3F%23%25%20", "/a%2fb%3F%23%25%20", NULL);
    check_target("/%40%5b%60%7b%2f%3a", "/%40%5b%60%7b%2f%3a", NULL); /* next to the others */
    check_target("/a%00b", "/a%00b", NULL);
    check_target("/%c3%a9%ff%80", "/%c3%a9%ff%80", NULL);
    check_target("/a+b", "/a+b", NULL);
    check_target("/%", "/%", NULL);
    check_target("/%6", "/%6", NULL);
    check_target("/%6g", "/%6g", NULL);
    check_target("/%256D", "/%256D", NULL); /* decoded once only */
}

/* --- queries -------------------------------------------------------------------------------- */

/* The parameters of @query, each as "name=value;". The query is in memory of exactly its size. */
static char *parse(const char *query)
{
    static char out[1024];
    char *copy = strdup(query);
    struct http_fields fields = { .items = calloc(request_count_parameters(query),
                                                  sizeof(*fields.items)) };
    size_t n = 0;

    assert_non_null(copy);
    assert_non_null(fields.items);
    request_parse_query(copy, &fields);
    assert_true(fields.n <= request_count_parameters(query));
    out[0] = '\0';
    for (unsigned i = 0; i < fields.n; i++) {
        const struct http_field *field = &fields.items[i];

        n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s=%.*s;", (int)field->name.len,
                              field->name.at, (int)field->value.len, field->value.at);
        assert_true(n < sizeof(out));
    }
    free(fields.items);
    free(copy);
    return out;
}

static void a_query_is_taken_apart(void **state)
{
    static const struct {
        const char *query, *expected;
    } cases[] = {
        { "", "" },
        { "a=b", "a=b;" },
        { "a=b&c=d", "a=b;c=d;" },
        { "a=b&a=c", "a=b;a=c;" },
        { "a", "a=;" },
        { "a&b=", "a=;b=;" },
        { "=x", "=x;" },
        { "=", "=;" },
        { "a=b=c", "a=b=c;" },
        { "&&a=b&", "a=b;" },
        { "a=b;c=d", "a=b;c=d;" }, /* one parameter */
        { "a=?&b=/", "a=?;b=/;" },
        { "name[]=x", "name[]=x;" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(parse(cases[i].query), cases[i].expected);
}

static void escapes_are_decoded(void **state)
{
    static const struct {
        const char *query, *expected;
    } cases[] = {
        { "%61=%62", "a=b;" },         { "a=x+y", "a=x y;" },
        { "a=x%20y%2By", "a=x y+y;" }, { "a=%26&b=%3d", "a=&;b==;" },
        { "%3D=x", "==x;" },           { "a=%2541", "a=%41;" }, /* decoded once only */
        { "a=%c3%A9", "a=\xc3\xa9;" }, { "a=\xc3\xa9", "a=\xc3\xa9;" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(parse(cases[i].query), cases[i].expected);
}

static void malformed_escapes_stay_as_they_are(void **state)
{
    static const struct {
        const char *query, *expected;
    } cases[] = {
        { "a=%", "a=%;" },           { "a=%4", "a=%4;" },   { "a=%zz", "a=%zz;" },
        { "a=%4z", "a=%4z;" },       { "a=%%41", "a=%A;" }, { "%=1", "%=1;" },
        { "a=%&41=b", "a=%;41=b;" }, { "a%4=1", "a%4=1;" }, { "a=%@1", "a=%@1;" },
        { "a=%`1", "a=%`1;" },       { "a=%G1", "a=%G1;" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(parse(cases[i].query), cases[i].expected);
}

static void a_value_may_hold_any_byte(void **state)
{
    char query[] = "a=x%00y";
    struct http_field field;
    struct http_fields fields = { .items = &field };

    request_parse_query(query, &fields);
    assert_int_equal(fields.n, 1);
    assert_slice_equal(field.value, "x\0y");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(methods_have_their_names),
        CASE(other_names_are_other_methods),
        CASE(methods_are_listed_as_allow_wants_them),
        CASE(headers_are_found_in_any_case),
        CASE(parameters_are_found_by_their_exact_name),
        CASE(a_request_without_any_has_none),
        CASE(a_target_is_a_path_and_a_query),
        CASE(a_target_may_be_absolute),
        CASE(other_targets_stay_as_they_are),
        CASE(escapes_of_unreserved_characters_are_decoded),
        CASE(other_escapes_in_a_path_stay),
        CASE(a_query_is_taken_apart),
        CASE(escapes_are_decoded),
        CASE(malformed_escapes_stay_as_they_are),
        CASE(a_value_may_hold_any_byte),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
