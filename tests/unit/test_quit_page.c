/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "web/quit_page.h"

static unsigned n_quits;

static void quit(void)
{
    n_quits++;
}

static void asks_to_stop_only_when_the_reply_is_sent(void **state)
{
    struct http_reply reply = { 0 };
    char text[64];
    size_t len = 0;
    long n;

    n_quits = 0;
    quit_page(quit, &reply);
    assert_int_equal(reply.status, 200);
    while ((n = reply.stream->read(reply.stream, text + len, 5)) > 0)
        len += (size_t)n;
    assert_int_equal(n, 0);
    assert_int_equal(len, strlen("udometer stops.\n"));
    assert_memory_equal(text, "udometer stops.\n", len);
    assert_int_equal(n_quits, 0);
    reply.stream->close(reply.stream, true);
    assert_int_equal(n_quits, 1);
}

static void stops_also_if_the_client_is_gone(void **state)
{
    struct http_reply reply = { 0 };

    n_quits = 0;
    quit_page(quit, &reply);
    reply.stream->close(reply.stream, false);
    assert_int_equal(n_quits, 1);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(asks_to_stop_only_when_the_reply_is_sent),
        cmocka_unit_test(stops_also_if_the_client_is_gone),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
