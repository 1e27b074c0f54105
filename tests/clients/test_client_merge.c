/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The C client: what prepared metrics merge, sample and refuse
 */

#include "catcher.h"

#include <float.h>
#include <stdlib.h>

static struct catcher catcher;
static struct udom *client;

static int open_both(void **state)
{
    catcher = catcher_open();
    client = open_quiet(&catcher, 0);
    return 0;
}

static int close_both(void **state)
{
    udom_close(client);
    catcher_close(&catcher);
    return 0;
}

static struct udom *open_with(struct udom_options options)
{
    options.url = catcher.url;
    options.flags |= UDOM_NO_THREAD;
    udom_close(client);
    client = udom_open(&options);
    assert_non_null(client);
    return client;
}

/* --- merging --- */

static void counters_are_summed(void **state)
{
    struct udom_metric *metric = udom_metric(client, UDOM_COUNTER, "a", "k", "v");

    for (int i = 0; i < 1000; i++)
        udom_metric_count(metric, 0.5);
    assert_sends(client, &catcher, "a:500|c|#k:v\n");
    assert_int_equal(stats_of(client).sent, 1000);
    assert_sends(client, &catcher, "");
    udom_metric_count(metric, 0);
    assert_sends(client, &catcher, "a:0|c|#k:v\n");
}

static void a_sum_beyond_a_double_becomes_two_lines(void **state)
{
    struct udom_metric *metric = udom_metric(client, UDOM_COUNTER, "a");

    udom_metric_count(metric, DBL_MAX);
    udom_metric_count(metric, DBL_MAX);
    assert_sends(client, &catcher, "a:1.7976931348623157e+308|c\na:1.7976931348623157e+308|c\n");
    assert_int_equal(stats_of(client).sent, 2);
}

static void the_last_value_of_a_gauge_is_kept(void **state)
{
    struct udom_metric *metric = udom_metric(client, UDOM_GAUGE, "a");

    udom_metric_gauge(metric, 5);
    udom_metric_gauge(metric, 7);
    assert_sends(client, &catcher, "a:7|g\n");
    udom_metric_gauge(metric, -7);
    assert_sends(client, &catcher, "a:0|g\na:-7|g\n");
    assert_int_equal(stats_of(client).sent, 3);
}

static void what_is_added_to_a_gauge_is_added_up(void **state)
{
    struct udom_metric *metric = udom_metric(client, UDOM_GAUGE, "a");

    udom_metric_gauge_add(metric, 5);
    udom_metric_gauge_add(metric, -7);
    assert_sends(client, &catcher, "a:-2|g\n");
    udom_metric_gauge_add(metric, 2);
    assert_sends(client, &catcher, "a:+2|g\n");
    udom_metric_gauge_add(metric, 1);
    udom_metric_gauge(metric, 10);
    udom_metric_gauge_add(metric, 1);
    assert_sends(client, &catcher, "a:11|g\n");
}

static void a_gauge_beyond_a_double_is_refused(void **state)
{
    struct udom_metric *metric = udom_metric(client, UDOM_GAUGE, "a");

    udom_metric_gauge(metric, DBL_MAX);
    udom_metric_gauge_add(metric, DBL_MAX);
    assert_sends(client, &catcher, "a:1.7976931348623157e+308|g\n");
    assert_int_equal(stats_of(client).refused, 1);
}

static void observations_share_lines(void **state)
{
    struct udom_metric *metric = udom_metric(client, UDOM_HISTOGRAM, "a", "k", "v");

    for (int i = 0; i < 18; i++)
        udom_metric_observe(metric, i + 0.5);
    assert_sends(client, &catcher,
                 "a:0.5:1.5:2.5:3.5:4.5:5.5:6.5:7.5:8.5:9.5:10.5:11.5:12.5:13.5:14.5:15.5|h|#k:v\n"
                 "a:16.5:17.5|h|#k:v\n");
    assert_int_equal(stats_of(client).sent, 18);
}

static void a_long_name_leaves_room_for_fewer_observations(void **state)
{
    char value[1200], text[70000];
    struct udom_metric *metric;

    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    metric = udom_metric(client, UDOM_HISTOGRAM, "a", "k", value);
    for (int i = 0; i < 100; i++)
        udom_metric_observe(metric, -DBL_MIN * (1 + DBL_EPSILON));
    udom_flush(client);
    while (catcher_read(&catcher, text, sizeof(text)))
        assert_non_null(strstr(text, "|h|#k:vvv"));
    assert_true(catcher.longest <= 1432);
    assert_int_equal(stats_of(client).sent, 100);
}

static void sets_are_lines_at_once(void **state)
{
    struct udom_metric *metric = udom_metric(client, UDOM_SET, "a");

    udom_metric_set(metric, "x");
    udom_metric_set(metric, "x");
    assert_sends(client, &catcher, "a:x|s\na:x|s\n");
}

static void an_expiry_comes_after_what_was_merged(void **state)
{
    struct udom_metric *metric = udom_metric(client, UDOM_COUNTER, "a", "k", "v", "j", "w");

    udom_metric_count(metric, 1);
    udom_expire(client, "a", "k", "v");
    assert_string_equal(catcher_read_all(&catcher), "a:1|c|#k:v,j:w\n");
    udom_metric_count(metric, 1);
    assert_sends(client, &catcher, "a:1|x|#k:v\na:1|c|#k:v,j:w\n");
}

static void an_expiry_travels_with_what_is_merged_after_it(void **state)
{
    struct udom_metric *gauge = udom_metric(client, UDOM_GAUGE, "g");
    struct udom_metric *counter = udom_metric(client, UDOM_COUNTER, "c");

    udom_metric_gauge(gauge, 1);
    udom_metric_count(counter, 1);
    udom_metric_expire(gauge);
    udom_metric_expire(counter);
    assert_string_equal(catcher_read_all(&catcher), "c:1|c\ng:1|g\n");
    udom_metric_gauge(gauge, 2);
    udom_metric_count(counter, 2);
    udom_count(client, "d", 1);
    udom_flush(client);
    assert_int_equal(stats_of(client).datagrams_sent, 2);
    assert_string_equal(catcher_read_all(&catcher), "g:1|x\nc:1|x\nd:1|c\ng:2|g\nc:2|c\n");
    /* The next ones need not wait for anything. */
    udom_metric_gauge(gauge, 3);
    assert_sends(client, &catcher, "g:3|g\n");
}

static void closing_sends_what_is_left(void **state)
{
    udom_metric_count(udom_metric(client, UDOM_COUNTER, "a"), 3);
    udom_count(client, "b", 1);
    udom_close(client);
    assert_string_equal(catcher_read_all(&catcher), "b:1|c\na:3|c\n");
    client = NULL;
}

/* --- preparing --- */

static void the_same_metric_is_prepared_once(void **state)
{
    struct udom_metric *metric = udom_metric(client, UDOM_COUNTER, "a", "k", "v");

    assert_ptr_equal(udom_metric(client, UDOM_COUNTER, "a", "k", "v"), metric);
    assert_ptr_not_equal(udom_metric(client, UDOM_COUNTER, "a", "k", "w"), metric);
    assert_ptr_not_equal(udom_metric(client, UDOM_GAUGE, "a", "k", "v"), metric);
}

static void one_metric_too_many_refuses(void **state)
{
    struct udom_metric *first, *third;

    open_with((struct udom_options){ .n_metrics = 2 });
    first = udom_metric(client, UDOM_COUNTER, "a");
    udom_metric(client, UDOM_COUNTER, "b");
    third = udom_metric(client, UDOM_COUNTER, "c");
    udom_metric_count(third, 1);
    udom_metric_count(first, 1);
    assert_sends(client, &catcher, "a:1|c\n");
    assert_int_equal(stats_of(client).refused, 1);
    assert_ptr_equal(udom_metric(client, UDOM_COUNTER, "a"), first);
}

static void prefix_and_constant_tags_are_everywhere(void **state)
{
    static const char *const tags[] = { "region", "eu|1", "host", "", "j", "w", NULL };

    open_with((struct udom_options){ .prefix = "my bot.", .tags = tags });
    udom_count(client, "a", 1);
    udom_count(client, "a", 1, "region", "us");
    udom_metric_count(udom_metric(client, UDOM_COUNTER, "b"), 1);
    udom_expire(client, "c");
    assert_sends(client, &catcher,
                 "my_bot.a:1|c|#region:eu_1,j:w\n"
                 "my_bot.a:1|c|#region:eu_1,j:w,region:us\n"
                 "my_bot.b:1|c|#region:eu_1,j:w\n"
                 "my_bot.c:1|x|#region:eu_1,j:w\n");
}

static void a_prefix_counts_as_part_of_the_name(void **state)
{
    char name[508];

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    open_with((struct udom_options){ .prefix = "my.bot" });
    udom_count(client, name, 1);
    udom_count(client, "", 1);
    assert_sends(client, &catcher, "");
    assert_int_equal(stats_of(client).refused, 2);
    udom_count(client, name + 1, 1);
    udom_flush(client);
    assert_int_equal(stats_of(client).sent, 1);
}

/* --- sampling --- */

static unsigned lines_in(const char *text)
{
    unsigned n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void a_rate_picks_about_as_many_as_it_says(void **state)
{
    struct udom_metric *metric;
    uint64_t n_sent;

    open_with((struct udom_options){ .flags = UDOM_NO_AGGREGATION });
    metric = udom_metric_sampled(client, UDOM_COUNTER, 0.25, "a", "k", "v");
    for (int i = 0; i < 20000; i++)
        udom_metric_count(metric, 2);
    udom_flush(client);
    n_sent = stats_of(client).sent;
    /* Ten standard deviations of 61 around 5,000. */
    assert_in_range(n_sent, 4390, 5610);
    assert_int_equal(n_sent + stats_of(client).unsampled, 20000);
    assert_int_equal(lines_in(catcher_read_all(&catcher)), n_sent);
    udom_metric_count(metric, 2);
}

static void observations_are_sampled_and_share_lines(void **state)
{
    struct udom_metric *metric = udom_metric_sampled(client, UDOM_TIMING, 0.5, "a");
    const char *text;

    for (int i = 0; i < 1600; i++)
        udom_metric_timing_ms(metric, 1);
    udom_flush(client);
    text = catcher_read_all(&catcher);
    assert_ptr_equal(strstr(text, "a:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1|ms|@0.5\n"), text);
    assert_in_range(stats_of(client).sent, 600, 1000);
    assert_int_equal(lines_in(text), (stats_of(client).sent + 15) / 16);
}

static void what_cannot_be_sampled_is_sent(void **state)
{
    udom_metric_count(udom_metric_sampled(client, UDOM_COUNTER, 1e-9, "a"), 1);
    udom_metric_gauge(udom_metric_sampled(client, UDOM_GAUGE, 1e-9, "b"), 1);
    udom_metric_set(udom_metric_sampled(client, UDOM_SET, 1e-9, "c"), "x");
    udom_metric_observe(udom_metric_sampled(client, UDOM_HISTOGRAM, 0, "d"), 1);
    udom_metric_observe(udom_metric_sampled(client, UDOM_HISTOGRAM, -1, "e"), 1);
    udom_metric_observe(udom_metric_sampled(client, UDOM_HISTOGRAM, 2, "f"), 1);
    udom_metric_observe(udom_metric_sampled(client, UDOM_HISTOGRAM, strtod("nan", NULL), "g"), 1);
    assert_sends(client, &catcher, "c:x|s\na:1|c\nd:1|h\ne:1|h\nf:1|h\ng:1|h\nb:1|g\n");
}

/* --- timers and telemetry --- */

static void timers_time_in_milliseconds(void **state)
{
    struct udom_metric *metric = udom_metric(client, UDOM_TIMING, "a");
    struct udom_timer timer = udom_timer_start(metric);
    double ms;

    timer.started_ns -= 3600000000000;
    udom_timer_stop(&timer);
    udom_timer_stop(&timer);
    udom_flush(client);
    assert_int_equal(sscanf(catcher_read_all(&catcher), "a:%lf|ms\n", &ms), 1);
    assert_true(ms >= 3600000 && ms < 3600000 + 60000);
    assert_int_equal(stats_of(client).sent, 1);
}

static int leave_early(struct udom_metric *metric, int n)
{
    UDOM_TIME_SCOPE(metric);

    if (n == 1)
        return n;
    return 0;
}

static void a_scope_is_timed_however_it_is_left(void **state)
{
    struct udom_metric *metric = udom_metric(client, UDOM_TIMING, "a");

    leave_early(metric, 1);
    leave_early(metric, 2);
    udom_flush(client);
    assert_int_equal(stats_of(client).sent, 2);
}

static void telemetry_is_sent_when_asked_for(void **state)
{
    static const char *const tags[] = { "k", "v", NULL };

    open_with((struct udom_options){ .prefix = "p.", .tags = tags, .flags = UDOM_TELEMETRY });
    udom_count(client, "a", 1);
    udom_count(client, "a", -1);
    assert_sends(client, &catcher,
                 "p.a:1|c|#k:v\n"
                 "udom_client_updates_total:1|c|#k:v,outcome:sent\n"
                 "udom_client_updates_total:0|c|#k:v,outcome:dropped\n"
                 "udom_client_updates_total:1|c|#k:v,outcome:refused\n"
                 "udom_client_updates_total:0|c|#k:v,outcome:unsampled\n"
                 "udom_client_datagrams_total:1|c|#k:v,outcome:sent\n"
                 "udom_client_datagrams_total:0|c|#k:v,outcome:dropped\n"
                 "udom_client_bytes_total:13|c|#k:v\n");
    udom_flush(client);
    assert_null(strstr(catcher_read_all(&catcher), "updates"));
    assert_int_equal(stats_of(client).sent, 1);
}

#define WITH_CLIENT(name) cmocka_unit_test_setup_teardown(name, open_both, close_both)

int main(void)
{
    const struct CMUnitTest cases[] = {
        WITH_CLIENT(counters_are_summed),
        WITH_CLIENT(a_sum_beyond_a_double_becomes_two_lines),
        WITH_CLIENT(the_last_value_of_a_gauge_is_kept),
        WITH_CLIENT(what_is_added_to_a_gauge_is_added_up),
        WITH_CLIENT(a_gauge_beyond_a_double_is_refused),
        WITH_CLIENT(observations_share_lines),
        WITH_CLIENT(a_long_name_leaves_room_for_fewer_observations),
        WITH_CLIENT(sets_are_lines_at_once),
        WITH_CLIENT(an_expiry_comes_after_what_was_merged),
        WITH_CLIENT(an_expiry_travels_with_what_is_merged_after_it),
        WITH_CLIENT(closing_sends_what_is_left),
        WITH_CLIENT(the_same_metric_is_prepared_once),
        WITH_CLIENT(one_metric_too_many_refuses),
        WITH_CLIENT(prefix_and_constant_tags_are_everywhere),
        WITH_CLIENT(a_prefix_counts_as_part_of_the_name),
        WITH_CLIENT(a_rate_picks_about_as_many_as_it_says),
        WITH_CLIENT(observations_are_sampled_and_share_lines),
        WITH_CLIENT(what_cannot_be_sampled_is_sent),
        WITH_CLIENT(timers_time_in_milliseconds),
        WITH_CLIENT(a_scope_is_timed_however_it_is_left),
        WITH_CLIENT(telemetry_is_sent_when_asked_for),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
