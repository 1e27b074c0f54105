/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "web/api.h"

#include <stdlib.h>

static void a_page_has_a_status_and_its_data(void **state)
{
    struct http_reply reply = { 0 };

    api_reply(&reply, json_pack("[s]", "a \"b\""));
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.headers[0].name, "Content-Type");
    assert_string_equal(reply.headers[0].value, "application/json");
    assert_slice_equal(reply.body, "{\n"
                                   "  \"status\": \"success\",\n"
                                   "  \"data\": [\n"
                                   "    \"a \\\"b\\\"\"\n"
                                   "  ]\n"
                                   "}");
    assert_true(reply.is_body_given); /* so it is ours to free */
    free((void *)(uintptr_t)reply.body.at);
}

static void without_memory_for_the_data_it_is_503(void **state)
{
    struct http_reply reply = { 0 };

    api_reply(&reply, NULL);
    assert_int_equal(reply.status, 503);
    assert_slice_equal(reply.body, "503: not enough memory for an answer.\n");
    assert_false(reply.is_body_given);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_page_has_a_status_and_its_data),
        CASE(without_memory_for_the_data_it_is_503),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
