/* SPDX-License-Identifier: Apache-2.0 */

/*
 * API: series, piece by piece; tests/system/test_series_api.py has whole requests
 */

#include "admit.h"

#include "web/api_series.h"

static struct registry *registry;

static int set_up(void **state)
{
    registry = new_large_registry();
    return 0;
}

static int tear_down(void **state)
{
    registry_free(registry);
    return 0;
}

static struct http_reply ask(const char *selector)
{
    struct http_field field = { SLICE("match[]"), slice_of(selector) };
    const struct http_request request = { .method = HTTP_DELETE, .query = { &field, 1 } };
    struct http_reply reply = { 0 };

    api_end_series(registry, registry_snapshot(registry), &request, &reply);
    return reply;
}

static void add_series(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char labels[32];

        snprintf(labels, sizeof(labels), "a=\"%u\"", i);
        admit(registry, 0, "x", SAMPLE_COUNTER, labels);
    }
}

static void counts_what_has_ended(void **state)
{
    char page[1024] = "";
    struct http_reply reply;

    add_series(1000);
    admit(registry, 0, "y", SAMPLE_COUNTER, "");
    reply = ask("x");
    assert_int_equal(reply.status, 200);
    assert_true(reply.stream->read(reply.stream, page, sizeof(page)) > 0);
    assert_non_null(strstr(page, "\"numDeleted\": 1000\n"));
    assert_null(strstr(page, "warnings"));
    assert_int_equal(reply.stream->read(reply.stream, page, sizeof(page)), 0);
    reply.stream->close(reply.stream, true);
    assert_int_equal(count_series(registry), 1);
}

/* So that a scrape has its turn in between. */
static void does_a_bounded_part_each_time(void **state)
{
    struct http_reply reply;
    unsigned n_pieces = 0;
    char first;

    add_series(30000);
    reply = ask("x{a=~\"[0-9]+\"}");
    for (;;) {
        assert_int_equal(reply.stream->read(reply.stream, &first, 1), 1);
        if (first == '{')
            break;
        assert_int_equal(first, ' ');
        n_pieces++;
    }
    assert_in_range(n_pieces, 10, 100);
    reply.stream->close(reply.stream, true);
    assert_int_equal(count_series(registry), 0);
}

static void a_client_that_goes_leaves_the_rest(void **state)
{
    struct http_reply reply;
    char first;

    add_series(30000);
    reply = ask("x{a=~\"[0-9]+\"}");
    assert_int_equal(reply.stream->read(reply.stream, &first, 1), 1);
    reply.stream->close(reply.stream, false);
    assert_in_range(count_series(registry), 1, 29999);
}

static void says_when_it_could_not_tell(void **state)
{
    char page[1024] = "";
    struct http_reply reply;

    admit(registry, 0, "x", SAMPLE_COUNTER, "a=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc\"");
    reply = ask("x{a=~\"(a+)+c\"}");
    assert_true(reply.stream->read(reply.stream, page, sizeof(page)) > 0);
    assert_non_null(strstr(page, "\"numDeleted\": 0\n"));
    assert_non_null(strstr(page, "1 series stay"));
    reply.stream->close(reply.stream, true);
    assert_int_equal(count_series(registry), 1);
}

#define API_CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest cases[] = {
        API_CASE(counts_what_has_ended),
        API_CASE(does_a_bounded_part_each_time),
        API_CASE(a_client_that_goes_leaves_the_rest),
        API_CASE(says_when_it_could_not_tell),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
