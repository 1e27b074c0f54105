/* SPDX-License-Identifier: Apache-2.0 */

#include "push.h"

#include "aggregate/expiry.h"
#include "base/clock.h"
#include "output/text.h"
#include "web/scrape.h"

#include <stdio.h>
#include <stdlib.h>

static struct buckets *batch_buckets;
static struct scrape_stats scrapes;
static _Atomic uint64_t n_expired, n_unscraped;
static struct selfmetrics source;
static struct http_stats http;
static struct reload_stats reloads;
static struct socket_stats sockets;

static struct scrape *begin_scrape_of(enum scrape_part part)
{
    const struct scrape_options options = { &source, part, &text_writer, clock_monotonic_ns() };
    struct snapshot *snapshot = SCRAPE_HAS_SERIES(part) ? registry_snapshot(registry) : NULL;
    struct scrape *scrape = NULL;

    assert_int_equal(scrape_new(&scrape, &options, snapshot), 0);
    return scrape;
}

static struct scrape *begin_scrape(void)
{
    return begin_scrape_of(SCRAPE_ALL);
}

/* Read to the end, @max bytes at a time, into @out. */
static void read_rest(struct scrape *scrape, struct buffer *out, size_t max)
{
    char *piece = malloc(max);
    long n;

    assert_non_null(piece);
    while ((n = scrape_read(scrape, piece, max)) > 0) {
        assert_true((size_t)n <= max);
        buffer_add(out, (struct slice){ piece, (size_t)n });
    }
    assert_int_equal(n, 0);
    assert_int_equal(scrape_read(scrape, piece, max), 0);
    free(piece);
    buffer_add_char(out, '\0');
    assert_false(out->has_failed);
}

/* The output of a whole scrape, which the caller frees. */
static struct buffer take_part(enum scrape_part part, size_t max)
{
    struct scrape *scrape = begin_scrape_of(part);
    struct buffer out = { 0 };

    read_rest(scrape, &out, max);
    scrape_free(scrape, true);
    return out;
}

static struct buffer take_scrape(size_t max)
{
    return take_part(SCRAPE_ALL, max);
}

static void must_begin(const char *expected)
{
    CLEANUP(buffer_deinit) struct buffer out = take_scrape(1 << 20);

    out.data[strlen(expected)] = '\0';
    assert_string_equal(out.data, expected);
}

static void has_all_series_in_order_then_itself(void **state)
{
    static const char expected[] = "# HELP a Sent as a.\n"
                                   "# TYPE a counter\n"
                                   "a 1\n"
                                   "a{x=\"1\"} 2\n"
                                   "a{x=\"2\"} 3\n"
                                   "# HELP b_c Sent as b.c.\n"
                                   "# TYPE b_c gauge\n"
                                   "b_c -4\n"
                                   "# HELP udometer_build_info ";

    push("b.c:-4|g\na:3|c|#x:2\na:1|c\na:2|c|#x:1");
    must_begin(expected);
}

static void ends_with_a_line_feed(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = take_scrape(1 << 20);

    assert_true(out.data[out.len - 2] == '\n');
    assert_non_null(strstr(out.data, "\nudometer_lines_total "));
}

/* Without the parts that change from one scrape to the next. */
static size_t series_part(const struct buffer *out)
{
    const char *end = strstr(out->data, "# HELP udometer_build_info ");

    assert_non_null(end);
    return (size_t)(end - out->data);
}

static void push_many(unsigned n)
{
    char line[64];

    for (unsigned i = 0; i < n; i++) {
        snprintf(line, sizeof(line), "family%u:%u|%s|#i:%u", i / 10, i, i / 10 % 2 ? "c" : "h", i);
        push(line);
    }
}

static void pieces_of_any_size_make_the_same_whole(void **state)
{
    static const size_t sizes[] = { 1, 7, 4096, 65536 };
    CLEANUP(buffer_deinit) struct buffer whole = { 0 };

    push_many(500);
    whole = take_scrape(8 << 20);
    assert_true(series_part(&whole) > 100000);
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        CLEANUP(buffer_deinit) struct buffer pieces = take_scrape(sizes[i]);

        assert_int_equal(series_part(&pieces), series_part(&whole));
        assert_memory_equal(pieces.data, whole.data, series_part(&whole));
    }
}

static void a_set_is_shown_as_a_gauge(void **state)
{
    static const char expected[] = "# HELP s Sent as s.\n"
                                   "# TYPE s gauge\n"
                                   "s{a=\"1\"} 2\n";

    push("s:x|s|#a:1\ns:y|s|#a:1\ns:x|s|#a:1");
    must_begin(expected);
}

static void what_was_ended_is_not_in_the_next_one(void **state)
{
    CLEANUP(buffer_deinit) struct buffer first = { 0 }, second = { 0 };
    struct scrape *scrape;

    push("g:1|g|#a:1\ng:2|g|#a:2");
    scrape = begin_scrape();
    push("g:0|x|#a:1");
    read_rest(scrape, &first, 1 << 20); /* it began before */
    scrape_free(scrape, true);
    second = take_scrape(1 << 20);
    assert_non_null(strstr(first.data, "\ng{a=\"1\"} 1\n"));
    assert_null(strstr(second.data, "\ng{a=\"1\"}"));
    assert_non_null(strstr(second.data, "\ng{a=\"2\"} 2\n"));
}

static void series_that_come_later_are_in_the_next_one(void **state)
{
    struct scrape *scrape = begin_scrape();
    CLEANUP(buffer_deinit) struct buffer first = { 0 }, second = { 0 };

    push("late:1|c");
    read_rest(scrape, &first, 4096);
    scrape_free(scrape, true);
    second = take_scrape(4096);
    assert_null(strstr(first.data, "late 1\n"));
    assert_non_null(strstr(second.data, "late 1\n"));
}

static void series_that_go_meanwhile_are_still_there(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };
    const struct expiry_rule rule = { .now_ns = 100, .ttl_ns = { 1, 1, 1, 1 } };
    struct expiry expiry;
    struct scrape *scrape;

    push_many(3000);
    scrape = begin_scrape();
    buffer_add_char(&out, ' ');
    assert_int_equal(scrape_read(scrape, out.data, 1), 1);
    expiry_begin(&expiry, registry, &rule);
    assert_false(expiry_mark(&expiry, registry, 3000));
    assert_false(expiry_remove(&expiry, registry, 3000));
    assert_int_equal(expiry.n_removed, 3000);
    shard_release(shard, expiry.items, expiry.n_items);
    assert_false(expiry_finish(&expiry, 3000));
    push("family1:1|g"); /* of another type now */
    read_rest(scrape, &out, 10000);
    scrape_free(scrape, true);
    assert_non_null(strstr(out.data, "# TYPE family1 counter\n"));
    assert_null(strstr(out.data, "# TYPE family1 gauge\n"));
    assert_non_null(strstr(out.data, "\nfamily299{i=\"2999\"} 2999\n"));
}

static void several_run_side_by_side(void **state)
{
    struct scrape *first, *second;
    CLEANUP(buffer_deinit) struct buffer a = { 0 }, b = { 0 };

    push_many(100);
    first = begin_scrape();
    second = begin_scrape();
    read_rest(second, &b, 333);
    read_rest(first, &a, 444);
    scrape_free(second, true);
    scrape_free(first, true);
    assert_memory_equal(a.data, b.data, series_part(&a));
    assert_int_equal(scrapes.n_broken, 0);
}

static uint64_t n_recorded(void)
{
    uint64_t n = 0;

    for (unsigned i = 0; i <= scrapes.size_bytes.buckets->n; i++)
        n += scrapes.size_bytes.counts[i];
    return n;
}

static void a_scrape_to_the_end_is_recorded_with_its_size(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = take_scrape(1000);

    assert_int_equal(n_recorded(), 1);
    assert_true(scrapes.size_bytes.sum == (double)out.len - 1);
    assert_true(scrapes.duration_s.sum >= 0 && scrapes.duration_s.sum < 60);
    assert_int_equal(scrapes.n_broken, 0);
}

static void a_scrape_that_ends_early_is_counted_as_broken(void **state)
{
    struct scrape *scrape = begin_scrape();
    char piece[10];

    scrape_free(scrape, false); /* never begun, as for HEAD, is not broken off */
    assert_int_equal(scrapes.n_broken, 0);
    scrape = begin_scrape();
    assert_int_equal(scrape_read(scrape, piece, sizeof(piece)), sizeof(piece));
    scrape_free(scrape, false);
    assert_int_equal(scrapes.n_broken, 1);
    assert_int_equal(n_recorded(), 0);
}

/* With gzip, a page is read to its end long before all of it is sent. */
static void a_scrape_that_was_read_but_not_sent_is_broken(void **state)
{
    struct scrape *scrape = begin_scrape();
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    read_rest(scrape, &out, 1 << 20);
    scrape_free(scrape, false);
    assert_int_equal(scrapes.n_broken, 1);
    assert_int_equal(n_recorded(), 0);
}

static void a_scrape_to_the_end_says_when_it_began(void **state)
{
    int64_t before_ns = clock_monotonic_ns(), shown_ns;
    struct scrape *scrape, *broken;
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    assert_int_equal(atomic_load(&scrapes.shown_ns), 0);
    scrape = begin_scrape_of(SCRAPE_SERIES);
    shown_ns = clock_monotonic_ns();
    read_rest(scrape, &out, 1000);
    assert_int_equal(atomic_load(&scrapes.shown_ns), 0);
    scrape_free(scrape, true);
    assert_in_range(atomic_load(&scrapes.shown_ns), before_ns, shown_ns);

    shown_ns = atomic_load(&scrapes.shown_ns);
    broken = begin_scrape();
    read_rest(broken, &out, 1000);
    scrape_free(broken, false);
    scrape = begin_scrape_of(SCRAPE_SELFMETRICS);
    read_rest(scrape, &out, 1000);
    scrape_free(scrape, true);
    assert_int_equal(atomic_load(&scrapes.shown_ns), shown_ns);
}

/* --- on two pages ------------------------------------------------------------------------ */

static void series_alone_are_without_self_metrics(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push("a:1|c\nb:2|g");
    out = take_part(SCRAPE_SERIES, 1 << 20);
    assert_string_equal(out.data, "# HELP a Sent as a.\n# TYPE a counter\na 1\n"
                                  "# HELP b Sent as b.\n# TYPE b gauge\nb 2\n");
    assert_int_equal(n_recorded(), 1);
}

static void self_metrics_alone_are_without_series(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push("a:1|c");
    out = take_part(SCRAPE_SELFMETRICS, 1 << 20);
    assert_int_equal(series_part(&out), 0);
    assert_non_null(strstr(out.data, "\nudometer_lines_total "));
    assert_non_null(strstr(out.data, "\nprocess_start_time_seconds "));
}

static void the_two_parts_make_the_whole(void **state)
{
    CLEANUP(buffer_deinit) struct buffer whole = { 0 }, series = { 0 };

    push_many(500);
    whole = take_scrape(8 << 20);
    series = take_part(SCRAPE_SERIES, 8 << 20);
    assert_int_equal(series.len - 1, series_part(&whole));
    assert_memory_equal(series.data, whole.data, series_part(&whole));
}

static void a_page_of_no_series_is_empty_and_complete(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = take_part(SCRAPE_SERIES, 1000);

    assert_string_equal(out.data, "");
    assert_int_equal(n_recorded(), 1);
    assert_int_equal(scrapes.n_broken, 0);
}

/* The statistics are about what may take long. */
static void pages_of_self_metrics_are_not_recorded(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = take_part(SCRAPE_SELFMETRICS, 1000);
    struct scrape *scrape = begin_scrape_of(SCRAPE_SELFMETRICS);
    char piece[10];

    assert_true(out.len > 0);
    assert_int_equal(scrape_read(scrape, piece, sizeof(piece)), sizeof(piece));
    scrape_free(scrape, false);
    assert_int_equal(n_recorded(), 0);
    assert_int_equal(scrapes.n_broken, 0);
}

static int begin_case(void **state)
{
    assert_int_equal(begin_with(100000), 0);
    assert_int_equal(selfmetrics_reserve(registry, false), 0);
    assert_int_equal(selfmetrics_batch_buckets(&batch_buckets), 0);
    source = (struct selfmetrics){ .registry = registry,
                                   .rows = &row,
                                   .n_rows = 1,
                                   .sockets = &sockets,
                                   .scrapes = &scrapes,
                                   .http = &http,
                                   .batch_buckets = batch_buckets,
                                   .n_expired = &n_expired,
                                   .n_unscraped = &n_unscraped,
                                   .reloads = &reloads };
    reload_stats_init(&reloads, 0);
    socket_stats_init(&sockets);
    return scrape_stats_init(&scrapes);
}

static int end_case(void **state)
{
    scrape_stats_deinit(&scrapes);
    socket_stats_deinit(&sockets);
    buckets_free(batch_buckets);
    return end(state);
}

#define SCRAPE_CASE(name) cmocka_unit_test_setup_teardown(name, begin_case, end_case)

int main(void)
{
    const struct CMUnitTest cases[] = {
        SCRAPE_CASE(has_all_series_in_order_then_itself),
        SCRAPE_CASE(ends_with_a_line_feed),
        SCRAPE_CASE(pieces_of_any_size_make_the_same_whole),
        SCRAPE_CASE(a_set_is_shown_as_a_gauge),
        SCRAPE_CASE(what_was_ended_is_not_in_the_next_one),
        SCRAPE_CASE(series_that_come_later_are_in_the_next_one),
        SCRAPE_CASE(series_that_go_meanwhile_are_still_there),
        SCRAPE_CASE(several_run_side_by_side),
        SCRAPE_CASE(a_scrape_to_the_end_is_recorded_with_its_size),
        SCRAPE_CASE(a_scrape_that_ends_early_is_counted_as_broken),
        SCRAPE_CASE(a_scrape_that_was_read_but_not_sent_is_broken),
        SCRAPE_CASE(a_scrape_to_the_end_says_when_it_began),
        SCRAPE_CASE(series_alone_are_without_self_metrics),
        SCRAPE_CASE(self_metrics_alone_are_without_series),
        SCRAPE_CASE(the_two_parts_make_the_whole),
        SCRAPE_CASE(a_page_of_no_series_is_empty_and_complete),
        SCRAPE_CASE(pages_of_self_metrics_are_not_recorded),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
