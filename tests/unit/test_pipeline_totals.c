/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pipeline, from its header: counters whose values are running totals
 */

#include "push.h"

/* The latest datagrams and their senders; what is not one of them comes from the sender 1. */
static struct {
    struct slice datagram;
    uint64_t sender;
} sent[4];
static unsigned n_sent;

static uint64_t find_sender(void *ctx, struct slice text)
{
    for (unsigned i = n_sent; i > 0 && n_sent - i < ARRAY_SIZE(sent); i--) {
        struct slice datagram = sent[(i - 1) % ARRAY_SIZE(sent)].datagram;

        if (text.at >= datagram.at && text.at + text.len <= datagram.at + datagram.len)
            return sent[(i - 1) % ARRAY_SIZE(sent)].sender;
    }
    return 1;
}

static const struct senders senders = { NULL, find_sender };

static void set_sender(uint64_t sender, struct slice datagram)
{
    sent[n_sent % ARRAY_SIZE(sent)].datagram = datagram;
    sent[n_sent++ % ARRAY_SIZE(sent)].sender = sender;
}

static void push_from(uint64_t sender, const char *datagram)
{
    set_sender(sender, slice_of(datagram));
    push(datagram);
    assert_identity();
}

static double value_of(const char *family)
{
    return read_series(family, "").value;
}

static void adds_what_each_sender_has_counted(void **state)
{
    push_from(1, "a:100|c");
    push_from(2, "a:7|c");
    assert_true(value_of("a") == 0);
    push_from(1, "a:103|c");
    push_from(2, "a:8|c");
    assert_true(value_of("a") == 4);
    push_from(1, "a:2|c");
    assert_true(value_of("a") == 6);
    assert_int_equal(samples(), 5);
}

/* The lines of several datagrams wait for each other. */
static void lines_keep_their_sender_while_they_wait(void **state)
{
    static const struct slice datagrams[] = { { "a:100|c", 7 }, { "a:1|c", 5 }, { "a:105|c", 7 } };

    for (unsigned i = 0; i < ARRAY_SIZE(datagrams); i++) {
        set_sender(i == 1 ? 2 : 1, datagrams[i]);
        pipeline_push(pipeline, datagrams[i], 0);
    }
    pipeline_flush(pipeline);
    assert_true(value_of("a") == 5);
}

static void the_first_total_makes_the_series(void **state)
{
    push_from(1, "a:100|c");
    assert_int_equal(n_series(), 1);
    assert_true(value_of("a") == 0);
}

static void a_rate_changes_nothing(void **state)
{
    push_from(1, "a:100|c|@0.1");
    push_from(1, "a:103|c");
    push_from(1, "a:105|c|@0.5\na:106|c|@2");
    assert_true(value_of("a") == 6);
    assert_int_equal(row.counts[TELEMETRY_RATE_ERRORS], 1);
    push_from(1, "a:1e308|c|@0.001");
    assert_true(value_of("a") == 1e308);
}

static void packed_values_come_one_after_the_other(void **state)
{
    push_from(1, "a:100:101::105|c");
    assert_true(value_of("a") == 5);
    assert_int_equal(samples(), 3);
    push_from(1, "a:106:2:3|c");
    assert_true(value_of("a") == 9);
}

static void links_of_a_chain_are_totals_too(void **state)
{
    push_from(1, "a:100|c|@0.5:101|c");
    push_from(1, "a:105|c:107|c|@0.5");
    assert_true(value_of("a") == 7);
    push_from(1, "a:108|c");
    assert_true(value_of("a") == 8);
}

static void only_counters_are_totals(void **state)
{
    push_from(1, "g:5|g\nt:500|ms\ns:x|s");
    push_from(1, "g:+2|g\nt:500|ms\ns:y|s");
    assert_true(value_of("g") == 7);
    assert_true(read_series("t", "").sum == 1);
    assert_true(value_of("s") == 2);
}

static int n_asked;

static uint64_t count_and_find(void *ctx, struct slice text)
{
    n_asked++;
    return 1;
}

static void the_sender_is_asked_for_only_with_totals(void **state)
{
    static const struct senders counting = { NULL, count_and_find };

    pipeline_set_senders(pipeline, &counting);
    push("g:5|g\nt:5|ms\nt:6|ms");
    pipeline_set_totals(pipeline, false);
    push("a:1|c\na:2|c");
    assert_int_equal(n_asked, 0);
    pipeline_set_totals(pipeline, true);
    push("a:1|c\na:2:3|c\na:4|c");
    assert_int_equal(n_asked, 3);
}

static void what_is_no_total_is_refused(void **state)
{
    assert_verdict("a:-1|c", REFUSED_ILLEGAL_NEGATIVE_COUNTER);
    assert_verdict("a:x|c", REFUSED_MALFORMED_VALUE);
    assert_int_equal(n_series(), 0);
    push_from(1, "a:10|c");
    assert_verdict("a:-1|c", REFUSED_ILLEGAL_NEGATIVE_COUNTER);
    assert_verdict("a:x|c", REFUSED_MALFORMED_VALUE);
    push_from(1, "a:12|c");
    assert_true(value_of("a") == 2);
}

static void tag_errors_are_counted_for_each_line(void **state)
{
    push_from(1, "a:10|c|#bad");
    push_from(1, "a:11|c|#bad");
    assert_int_equal(row.counts[TELEMETRY_TAG_ERRORS], 2);
    assert_true(value_of("a") == 1);
}

static void another_listener_may_send_increments_of_the_series(void **state)
{
    push_from(1, "a:10|c");
    pipeline_set_totals(pipeline, false);
    push_from(1, "a:10|c");
    push_from(1, "a:10|c");
    pipeline_set_totals(pipeline, true);
    push_from(1, "a:11|c");
    assert_true(value_of("a") == 21);
}

static void waiting_lines_are_of_the_listener_before(void **state)
{
    pipeline_set_totals(pipeline, false);
    pipeline_push(pipeline, SLICE("a:10|c"), 0);
    pipeline_set_totals(pipeline, true);
    pipeline_push(pipeline, SLICE("a:10|c"), 0);
    pipeline_set_totals(pipeline, false);
    pipeline_flush(pipeline);
    assert_true(value_of("a") == 10);
}

static void more_lines_than_a_group_has(void **state)
{
    CLEANUP(buffer_deinit) struct buffer datagram = { 0 };

    for (unsigned i = 0; i < 1000; i++)
        buffer_add_format(&datagram, "a:%u|c\n", i);
    set_sender(1, buffer_text(&datagram));
    pipeline_push(pipeline, buffer_text(&datagram), 0);
    pipeline_flush(pipeline);
    assert_true(value_of("a") == 999);
}

static int begin_totals(void **state)
{
    int r = begin(state);

    pipeline_set_totals(pipeline, true);
    pipeline_set_senders(pipeline, &senders);
    return r;
}

#define TOTALS_CASE(name) cmocka_unit_test_setup_teardown(name, begin_totals, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        TOTALS_CASE(adds_what_each_sender_has_counted),
        TOTALS_CASE(lines_keep_their_sender_while_they_wait),
        TOTALS_CASE(the_first_total_makes_the_series),
        TOTALS_CASE(a_rate_changes_nothing),
        TOTALS_CASE(packed_values_come_one_after_the_other),
        TOTALS_CASE(links_of_a_chain_are_totals_too),
        TOTALS_CASE(only_counters_are_totals),
        TOTALS_CASE(the_sender_is_asked_for_only_with_totals),
        TOTALS_CASE(what_is_no_total_is_refused),
        TOTALS_CASE(tag_errors_are_counted_for_each_line),
        TOTALS_CASE(another_listener_may_send_increments_of_the_series),
        TOTALS_CASE(waiting_lines_are_of_the_listener_before),
        TOTALS_CASE(more_lines_than_a_group_has),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
