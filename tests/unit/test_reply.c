/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "http/reply.h"

#include <stdlib.h>

static void assert_header(const struct http_reply *reply, unsigned i, const char *name,
                          const char *value)
{
    assert_true(i < reply->n_headers);
    assert_string_equal(reply->headers[i].name, name);
    assert_string_equal(reply->headers[i].value, value);
}

static void text_says_that_it_is_text(void **state)
{
    struct http_reply reply = { 0 };

    reply_text(&reply, 503, SLICE("busy\n"));
    assert_int_equal(reply.status, 503);
    assert_slice_equal(reply.body, "busy\n");
    assert_false(reply.is_body_given);
    assert_null(reply.stream);
    assert_int_equal(reply.n_headers, 1);
    assert_header(&reply, 0, "Content-Type", "text/plain; charset=utf-8");
}

static void headers_stay_in_order(void **state)
{
    struct http_reply reply = { 0 };

    reply_add_header(&reply, "Vary", "Accept");
    reply_page(&reply, 200, "text/html", SLICE("<p>"));
    reply_add_header(&reply, "Vary", "Origin");
    assert_int_equal(reply.n_headers, 3);
    assert_header(&reply, 0, "Vary", "Accept");
    assert_header(&reply, 1, "Content-Type", "text/html");
    assert_header(&reply, 2, "Vary", "Origin");
}

static void a_body_that_is_taken_is_the_servers(void **state)
{
    struct http_reply reply = { 0 };
    char *text = strdup("{}");

    reply_take(&reply, "application/json", text);
    assert_int_equal(reply.status, 200);
    assert_ptr_equal(reply.body.at, text);
    assert_int_equal(reply.body.len, 2);
    assert_true(reply.is_body_given);
    free(text);
}

static void a_stream_takes_the_place_of_the_body(void **state)
{
    struct http_reply reply = { 0 };
    struct http_stream stream = { .read = NULL };

    reply_stream(&reply, "text/plain", &stream);
    assert_int_equal(reply.status, 200);
    assert_ptr_equal(reply.stream, &stream);
    assert_int_equal(reply.body.len, 0);
    assert_header(&reply, 0, "Content-Type", "text/plain");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(text_says_that_it_is_text),
        CASE(headers_stay_in_order),
        CASE(a_body_that_is_taken_is_the_servers),
        CASE(a_stream_takes_the_place_of_the_body),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
