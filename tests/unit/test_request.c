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
        CASE(a_query_is_taken_apart),
        CASE(escapes_are_decoded),
        CASE(malformed_escapes_stay_as_they_are),
        CASE(a_value_may_hold_any_byte),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
