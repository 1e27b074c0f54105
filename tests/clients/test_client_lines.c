/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The C client: how names, tags and values are written
 */

#include "catcher.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

static struct catcher catcher;
static struct udom *client;

static int open_both(void **state)
{
    catcher = catcher_open();
    client = open_quiet(&catcher, UDOM_NO_AGGREGATION);
    return 0;
}

static int close_both(void **state)
{
    udom_close(client);
    catcher_close(&catcher);
    return 0;
}

static void assert_refused(uint64_t n)
{
    assert_sends(client, &catcher, "");
    assert_int_equal(stats_of(client).refused, n);
}

/* --- lines --- */

static void each_kind_has_its_line(void **state)
{
    udom_count(client, "a.count", 1);
    udom_gauge(client, "a.gauge", 2.5, "k", "v");
    udom_gauge_add(client, "a.gauge", 3);
    udom_gauge_add(client, "a.gauge", -3);
    udom_timing_ms(client, "a.time", 0.125, "k", "v", "j", "w");
    udom_observe(client, "a.size", -4);
    udom_set(client, "a.users", "joe@example.org:1", "k", "v");
    assert_sends(client, &catcher,
                 "a.count:1|c\na.gauge:2.5|g|#k:v\na.gauge:+3|g\na.gauge:-3|g\n"
                 "a.time:0.125|ms|#k:v,j:w\na.size:-4|h\na.users:joe@example.org:1|s|#k:v\n");
}

static void prepared_metrics_have_the_same_lines(void **state)
{
    udom_metric_count(udom_metric(client, UDOM_COUNTER, "a", "k", "v"), 1);
    udom_metric_gauge(udom_metric(client, UDOM_GAUGE, "b"), 2);
    udom_metric_gauge_add(udom_metric(client, UDOM_GAUGE, "b"), 0);
    udom_metric_timing_ms(udom_metric(client, UDOM_TIMING, "c"), 3);
    udom_metric_observe(udom_metric(client, UDOM_HISTOGRAM, "d"), 4);
    udom_metric_set(udom_metric(client, UDOM_SET, "e", "k", "v"), "x");
    assert_sends(client, &catcher, "a:1|c|#k:v\nb:2|g\nb:+0|g\nc:3|ms\nd:4|h\ne:x|s|#k:v\n");
}

static void a_gauge_below_zero_is_set_by_way_of_zero(void **state)
{
    udom_gauge(client, "a", -5, "k", "v");
    udom_gauge(client, "b", -0.0);
    assert_sends(client, &catcher, "a:0|g|#k:v\na:-5|g|#k:v\nb:0|g\n");
    assert_int_equal(stats_of(client).sent, 2);
}

static void an_expiry_keeps_its_place(void **state)
{
    struct udom_metric *metric = udom_metric(client, UDOM_COUNTER, "a", "k", "v");

    udom_metric_count(metric, 1);
    udom_expire(client, "a", "k", "v");
    udom_metric_count(metric, 1);
    udom_metric_expire(metric);
    udom_count(client, "a", 1, "k", "v");
    assert_sends(client, &catcher, "a:1|c|#k:v\na:1|x|#k:v\na:1|c|#k:v\na:1|x|#k:v\na:1|c|#k:v\n");
    assert_int_equal(stats_of(client).sent, 5);
    assert_int_equal(stats_of(client).datagrams_sent, 1);
}

static void an_expiry_without_one_of_its_tags_is_refused(void **state)
{
    udom_expire(client, "a", "k", "");
    udom_expire(client, "a", "", "v");
    udom_expire(client, "a", "k");
    udom_expire(client, NULL);
    udom_expire(client, "a", "k", "v", "j");
    udom_metric_expire(udom_metric(client, UDOM_GAUGE, "a", "k", ""));
    udom_metric_expire(udom_metric(client, UDOM_GAUGE, ""));
    assert_refused(7);
}

/* --- text --- */

static void what_would_break_a_line_is_replaced_in_names(void **state)
{
    udom_count(client, "a|b:c,d#e@f[g]h{i j\tk\nl\rm\x01n\x7fo", 1);
    udom_count(client, "_e{1,1}:x|y", 1);
    udom_count(client, "_sc|a|0", 1);
    udom_count(client, " a ", 1);
    assert_sends(client, &catcher,
                 "a_b_c_d_e_f_g_h_i_j_k_l_m_n_o:1|c\n_e_1_1}_x_y:1|c\n_sc_a_0:1|c\n_a_:1|c\n");
}

static void what_would_break_a_line_is_replaced_in_tags(void **state)
{
    udom_count(client, "a", 1, "k|b:c,d#e@f\ng h", "v|#x:1,y:2\nz:1|c", "#j", "http://x:1/#a@b=c ");
    assert_sends(client, &catcher,
                 "a:1|c|#k_b_c_d_e_f_g_h:v_#x:1_y:2_z:1_c,_j:http://x:1/#a@b=c_\n");
}

static void what_would_break_a_line_is_replaced_in_members(void **state)
{
    udom_set(client, "a", "x|s\nb:1|c");
    assert_sends(client, &catcher, "a:x_s_b:1_c|s\n");
}

static void characters_stay_and_broken_ones_are_replaced(void **state)
{
    udom_count(client, "h\xc3\xa9", 1, "\xe2\x82\xac", "\xf0\x9f\x8c\xa7");
    udom_count(client, "a\xff", 1, "k\xc3", "\xed\xa0\x80\xe0\x80\x80\xf4\x90\x80\x80\xc0\x80");
    udom_count(client, "b\xe2\x82", 1, "k", "\xf0\x9f\x8c");
    assert_sends(client, &catcher,
                 "h\xc3\xa9:1|c|#\xe2\x82\xac:\xf0\x9f\x8c\xa7\n"
                 "a_:1|c|#k_:____________\nb__:1|c|#k:___\n");
}

static void tags_without_key_or_value_are_left_out(void **state)
{
    udom_count(client, "a", 1, "", "v", "k", "", "j", "w");
    udom_count(client, "b", 1, "k");
    udom_count(client, "c", 1, "k", NULL);
    assert_sends(client, &catcher, "a:1|c|#j:w\nb:1|c\nc:1|c\n");
    assert_int_equal(stats_of(client).refused, 0);
}

static char *text_of(char byte, size_t len)
{
    static char text[100000];

    memset(text, byte, len);
    text[len] = '\0';
    return text;
}

static void what_is_too_long_is_refused(void **state)
{
    udom_count(client, text_of('n', 513), 1);
    udom_count(client, text_of('n', 99999), 1);
    udom_count(client, "a", 1, text_of('k', 257), "v");
    udom_count(client, "a", 1, "k", text_of('v', 1280));
    udom_count(client, "a", 1, "k", text_of('v', 99999));
    udom_metric_count(udom_metric(client, UDOM_COUNTER, "a", "k", text_of('v', 1280)), 1);
    udom_set(client, "a", text_of('m', 1429));
    udom_set(client, "a", text_of('m', 99999));
    assert_refused(8);
}

static void what_is_just_short_enough_is_sent(void **state)
{
    udom_count(client, text_of('n', 512), 1);
    udom_count(client, "a", 1, text_of('k', 256), "v");
    udom_count(client, "a", 1, "k", text_of('v', 1280 - (int)strlen("a:|c|#k:\n")));
    udom_set(client, "a", text_of('m', 1432 - (int)strlen("a:|s\n")));
    udom_flush(client);
    catcher_read_all(&catcher);
    assert_int_equal(stats_of(client).sent, 4);
    assert_int_equal(catcher.longest, 1432);
}

static void count_with_tags(int n)
{
    static const char *t[] = { "k", "v" };

#define EIGHT                                                                                      \
    t[0], t[1], t[0], t[1], t[0], t[1], t[0], t[1], t[0], t[1], t[0], t[1], t[0], t[1], t[0], t[1]
    if (n == 64)
        udom_count(client, "a", 1, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT);
    else
        udom_count(client, "a", 1, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, "k",
                   "v");
#undef EIGHT
}

static void more_than_64_tags_are_refused(void **state)
{
    count_with_tags(64);
    udom_flush(client);
    catcher_read_all(&catcher);
    assert_int_equal(stats_of(client).sent, 1);
    count_with_tags(65);
    assert_refused(1);
}

static void bad_names_and_values_are_refused(void **state)
{
    udom_count(client, NULL, 1);
    udom_count(client, "", 1);
    udom_count(client, "a", -1);
    udom_count(client, "a", (double)NAN);
    udom_gauge(client, "a", (double)INFINITY);
    udom_gauge_add(client, "a", -(double)INFINITY);
    udom_timing_ms(client, "a", (double)NAN);
    udom_observe(client, "a", (double)INFINITY);
    udom_set(client, "a", NULL);
    udom_set(client, "a", "");
    assert_refused(10);
}

static void a_metric_of_another_kind_refuses(void **state)
{
    struct udom_metric *counter = udom_metric(client, UDOM_COUNTER, "a");

    udom_metric_gauge(counter, 1);
    udom_metric_gauge_add(counter, 1);
    udom_metric_timing_ms(counter, 1);
    udom_metric_observe(counter, 1);
    udom_metric_set(counter, "x");
    udom_metric_count(udom_metric(client, UDOM_GAUGE, "a"), 1);
    udom_metric_count(udom_metric(client, (enum udom_kind)0, "a"), 1);
    udom_metric_count(udom_metric(client, (enum udom_kind)6, "a"), 1);
    udom_metric_count(udom_metric(client, (enum udom_kind) - 1, "a"), 1);
    assert_refused(9);
}

static void no_client_and_no_metric_do_nothing(void **state)
{
    struct udom_metric *metric = udom_metric(NULL, UDOM_TIMING, "a");
    struct udom_timer timer = udom_timer_start(metric);

    assert_null(metric);
    udom_timer_stop(&timer);
    udom_count(NULL, "a", 1);
    udom_set(NULL, "a", "x");
    udom_expire(NULL, "a");
    udom_metric_count(NULL, 1);
    udom_metric_gauge(NULL, 1);
    udom_metric_set(NULL, "x");
    udom_metric_expire(NULL);
    udom_flush(NULL);
    udom_close(NULL);
    assert_int_equal(stats_of(NULL).refused, 0);
}

/* --- numbers --- */

static void must_write(double number, const char *expected)
{
    char line[100];

    snprintf(line, sizeof(line), "n:%s|h\n", expected);
    udom_observe(client, "n", number);
    assert_sends(client, &catcher, line);
}

static void numbers_are_short(void **state)
{
    must_write(0, "0");
    must_write(-0.0, "0");
    must_write(7, "7");
    must_write(-12, "-12");
    must_write(0.1, "0.1");
    must_write(0.05, "0.05");
    must_write(-1234.5678, "-1234.5678");
    must_write(100.25, "100.25");
    must_write(0.000000001, "0.000000001");
    must_write(123456.789012, "123456.789012");
    must_write(9007199254740991, "9007199254740991");
    must_write(-DBL_MAX, "-1.7976931348623157e+308");
    must_write(DBL_MIN, "2.2250738585072014e-308");
    must_write(1e-10, "1e-10");
    must_write(1.0 / 3, "0.33333333333333331");
}

static double random_double(void)
{
    uint64_t bits;
    double number;

    do {
        bits = (uint64_t)mrand48() << 32 ^ (uint64_t)mrand48();
        memcpy(&number, &bits, sizeof(number));
    } while (!isfinite(number));
    /* Half of them of a usual size, and with few digits. */
    return bits & 1 ? number : (double)(mrand48() % 1000000) / (double)(1 + bits % 1000);
}

static void numbers_come_back_the_same(void **state)
{
    char text[2000];

    srand48(20261);
    for (int i = 0; i < 20000; i++) {
        double number = random_double();

        udom_observe(client, "n", number);
        udom_flush(client);
        assert_true(catcher_read(&catcher, text, sizeof(text)));
        if (strtod(text + 2, NULL) != number)
            fail_msg("%.17g became %s", number, text);
    }
}

/* UDOMETER_TEST_LOCALE names one whose point is a comma; the system test makes it. */
static void no_locale_changes_them(void **state)
{
    const char *name = getenv("UDOMETER_TEST_LOCALE");

    if (!name)
        skip();
    assert_non_null(setlocale(LC_ALL, name));
    assert_string_equal(localeconv()->decimal_point, ",");
    must_write(1.0 / 3, "0.33333333333333331");
    must_write(0.5, "0.5");
    must_write(-DBL_MAX, "-1.7976931348623157e+308");
    setlocale(LC_ALL, "C");
}

/* --- packets --- */

static void packets_are_full_and_no_line_is_cut(void **state)
{
    char text[2000];
    int n_lines = 0;

    for (int i = 0; i < 1000; i++)
        udom_count(client, "some.name", 100000 + i, "k", "v");
    udom_flush(client);
    while (catcher_read(&catcher, text, sizeof(text)))
        for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), n_lines++)
            assert_int_equal(strlen(line), strlen("some.name:100000|c|#k:v"));
    assert_int_equal(n_lines, 1000);
    assert_int_equal(catcher.longest, 1432 / 24 * 24);
    assert_int_equal(catcher.n_datagrams, (1000 + 1432 / 24 - 1) / (1432 / 24));
    assert_int_equal(stats_of(client).datagrams_sent, catcher.n_datagrams);
    assert_int_equal(stats_of(client).bytes_sent, 24000);
}

#define WITH_CLIENT(name) cmocka_unit_test_setup_teardown(name, open_both, close_both)

int main(void)
{
    const struct CMUnitTest cases[] = {
        WITH_CLIENT(each_kind_has_its_line),
        WITH_CLIENT(prepared_metrics_have_the_same_lines),
        WITH_CLIENT(a_gauge_below_zero_is_set_by_way_of_zero),
        WITH_CLIENT(an_expiry_keeps_its_place),
        WITH_CLIENT(an_expiry_without_one_of_its_tags_is_refused),
        WITH_CLIENT(what_would_break_a_line_is_replaced_in_names),
        WITH_CLIENT(what_would_break_a_line_is_replaced_in_tags),
        WITH_CLIENT(what_would_break_a_line_is_replaced_in_members),
        WITH_CLIENT(characters_stay_and_broken_ones_are_replaced),
        WITH_CLIENT(tags_without_key_or_value_are_left_out),
        WITH_CLIENT(what_is_too_long_is_refused),
        WITH_CLIENT(what_is_just_short_enough_is_sent),
        WITH_CLIENT(more_than_64_tags_are_refused),
        WITH_CLIENT(bad_names_and_values_are_refused),
        WITH_CLIENT(a_metric_of_another_kind_refuses),
        CASE(no_client_and_no_metric_do_nothing),
        WITH_CLIENT(numbers_are_short),
        WITH_CLIENT(numbers_come_back_the_same),
        WITH_CLIENT(no_locale_changes_them),
        WITH_CLIENT(packets_are_full_and_no_line_is_cut),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
