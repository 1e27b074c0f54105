/* SPDX-License-Identifier: Apache-2.0 */

#include "push.h"

static void applies_a_line_of_each_type(void **state)
{
    push("c:2|c\ng:3|g\nt:500|ms\nh:5|h\nd:5|d\ns:x|s\nnothing:0|x");
    assert_true(read_series("c", "").value == 2);
    assert_true(read_series("g", "").value == 3);
    assert_true(read_series("t", "").sum == 0.5);
    assert_true(read_series("h", "").sum == 5);
    assert_true(read_series("d", "").sum == 5);
    assert_true(read_series("s", "").value == 1);
    for (unsigned type = 0; type < _SAMPLE_TYPE_N; type++)
        assert_int_equal(row.counts[TELEMETRY_SAMPLES + type], 1);
    assert_identity();
}

static void counts_datagrams_bytes_and_lines(void **state)
{
    push("a:1|c\nb:1|c\n");
    push("");
    push("\n\n \r\n");
    assert_int_equal(row.counts[TELEMETRY_DATAGRAMS], 3);
    assert_int_equal(row.counts[TELEMETRY_DATAGRAM_BYTES], 12 + 5);
    assert_int_equal(row.counts[TELEMETRY_LINES], 2);
    assert_identity();
}

static void every_verdict_has_its_lines(void **state)
{
    assert_verdict("a:1|c", VERDICT_APPLIED);
    assert_verdict("nonsense", REFUSED_MALFORMED_LINE);
    assert_verdict("a\xff:1|c", REFUSED_MALFORMED_LINE);
    assert_verdict("a:x|c", REFUSED_MALFORMED_VALUE);
    assert_verdict("b:|c", REFUSED_MALFORMED_VALUE);
    assert_verdict("a:1|y", REFUSED_ILLEGAL_EVENT);
    assert_verdict("a,k=v:1|c|#l:w", REFUSED_MIXED_TAGGING_STYLES);
    assert_verdict("a:|s", REFUSED_MALFORMED_VALUE);
    assert_verdict("a:-1|c", REFUSED_ILLEGAL_NEGATIVE_COUNTER);
    assert_verdict("new:-1|c", REFUSED_ILLEGAL_NEGATIVE_COUNTER);
    assert_verdict("a:1|g", REFUSED_TYPE_CONFLICT);
    assert_verdict("own:1|g", REFUSED_RESERVED_NAME);
    assert_verdict("_e{1,1}:a|b", SKIPPED_EVENT);
    assert_verdict("_sc|name|0", SKIPPED_SERVICE_CHECK);
    assert_verdict("a:1e308|c", VERDICT_APPLIED);
    assert_verdict("a:1.7e308|c", REFUSED_VALUE_OVERFLOW);
    assert_int_equal(n_series(), 1);
}

static void a_line_that_is_refused_makes_no_series(void **state)
{
    assert_verdict("a:x|c", REFUSED_MALFORMED_VALUE);
    assert_verdict("a:-1|c", REFUSED_ILLEGAL_NEGATIVE_COUNTER);
    assert_int_equal(n_series(), 0);
    assert_verdict("a:1|g", VERDICT_APPLIED); /* the name is still free */
}

static void a_value_that_overflows_at_once_makes_no_series(void **state)
{
    assert_verdict("a:1e308|c|@0.1", REFUSED_VALUE_OVERFLOW);
    assert_int_equal(n_series(), 0);
}

static void refuses_names_and_labels_beyond_their_limits(void **state)
{
    char line[4096] = "";

    memset(line, 'n', 513);
    strcpy(line + 513, ":1|c");
    assert_verdict(line, REFUSED_NAME_LIMIT);
    strcpy(line, "x:1|c|#");
    for (unsigned i = 0; i <= 64; i++)
        snprintf(line + strlen(line), sizeof(line) - strlen(line), "k%u:v,", i);
    assert_verdict(line, REFUSED_LABEL_LIMIT);
}

/* As many series as the limit allows: s0 to s999. */
static void fill_registry(void)
{
    char line[32];

    for (unsigned i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "s%u:1|c", i);
        push(line);
    }
    assert_int_equal(samples(), 1000);
    assert_int_equal(n_series(), 1000);
}

static void refuses_names_beyond_the_limit_of_series(void **state)
{
    fill_registry();
    assert_verdict("more:1|c", REFUSED_SERIES_LIMIT);
    assert_verdict("s0:1|c", VERDICT_APPLIED);
    assert_int_equal(n_series(), 1000);
    assert_int_equal(row.counts[TELEMETRY_OVERFLOWS], 0);
}

static void series_beyond_the_limit_overflow_and_are_counted(void **state)
{
    fill_registry();
    for (unsigned i = 0; i < 3; i++)
        push("s0:2|c|#a:1\ns0:3|c|#a:2\ns1:10::20|c|#a:1\ns0:1|c");
    assert_int_equal(row.counts[TELEMETRY_OVERFLOWS], 3 * 4);
    assert_true(read_series("s0", "overflow=\"true\"").value == 15);
    assert_true(read_series("s0", "").value == 4);
    assert_true(read_series("s1", "overflow=\"true\"").value == 90);
    assert_int_equal(row.counts[TELEMETRY_KEYS], 1000);
    assert_int_equal(n_series(), 1002);
    assert_identity();
}

static void counts_what_it_passed_over_with_each_sample(void **state)
{
    push("a:1|c|#bare,:v,k:,good:1");
    push("a:2|c|#bare,:v,k:,good:1");
    push("b:1|c|@2|x|y");
    push("b:1|c|@2|x|y");
    assert_int_equal(row.counts[TELEMETRY_TAG_ERRORS], 6);
    assert_int_equal(row.counts[TELEMETRY_RATE_ERRORS], 2);
    assert_int_equal(row.counts[TELEMETRY_UNKNOWN_SECTIONS], 4);
    assert_true(read_series("a", "good=\"1\"").value == 3);
    assert_true(read_series("b", "").value == 2);
    assert_identity();
}

static void knows_a_key_after_its_first_line(void **state)
{
    for (unsigned i = 0; i < 10; i++)
        push("a:1|c\nb:1|c");
    assert_int_equal(row.counts[TELEMETRY_KEY_MISSES], 2);
    assert_int_equal(row.counts[TELEMETRY_KEYS], 2);
    assert_int_equal(row.counts[TELEMETRY_KEY_EVICTIONS], 0);
}

static void tags_in_any_order_are_one_series(void **state)
{
    push("a:1|c|#x:1,y:2\na:10|c|#y:2,x:1\na:100|c|@1|#x:1,y:2");
    assert_true(read_series("a", "x=\"1\",y=\"2\"").value == 111);
    assert_int_equal(n_series(), 1);
}

static void a_rate_weighs_a_counter(void **state)
{
    push("a:2|c|@0.1");
    assert_true(read_series("a", "").value == 20);
}

static void signed_gauges_are_relative(void **state)
{
    push_at("g:10|g\ng:+5|g\ng:-2|g", 1000);
    assert_true(read_series("g", "").value == 13);
    push_at("g:0|g\ng:-7|g", 2000);
    assert_true(read_series("g", "").value == -7);
}

static void lines_that_wait_are_applied_by_a_flush(void **state)
{
    char datagrams[3][32] = { "a:1|c\na:1|c", "a:1|c", "b:1|c" };

    for (unsigned i = 0; i < 3; i++)
        pipeline_push(pipeline, slice_of(datagrams[i]), 0);
    pipeline_flush(pipeline);
    assert_true(read_series("a", "").value == 3);
    assert_true(read_series("b", "").value == 1);
    memset(datagrams, 0, sizeof(datagrams));
    pipeline_flush(pipeline);
    assert_true(read_series("a", "").value == 3);
    assert_identity();
}

static void a_large_datagram_is_applied_whole(void **state)
{
    CLEANUP(buffer_deinit) struct buffer datagram = { 0 };

    for (unsigned i = 0; i < 10000; i++)
        buffer_add_format(&datagram, "a%u:1|c\n", i % 100);
    pipeline_push(pipeline, buffer_text(&datagram), 0);
    pipeline_flush(pipeline);
    assert_int_equal(row.counts[TELEMETRY_LINES], 10000);
    assert_int_equal(samples(), 10000);
    assert_true(read_series("a99", "").value == 100);
}

/* --- service checks as gauges --------------------------------------------------------------- */

static void restart(const struct pipeline_options *options)
{
    assert_int_equal(make_pipeline(options), 0);
}

static void restart_with_checks(void)
{
    struct pipeline_options options = *default_pipeline();

    options.has_check_gauges = true;
    restart(&options);
}

static void a_service_check_may_be_a_gauge(void **state)
{
    restart_with_checks();
    push("_sc|Redis connection|2|#env:dev|h:host1|m:Redis: timed out|#not:tags");
    assert_true(read_series("Redis_connection", "env=\"dev\",hostname=\"host1\"").value == 2);
    push("_sc|Redis connection|0|#env:dev|h:host1");
    assert_true(read_series("Redis_connection", "env=\"dev\",hostname=\"host1\"").value == 0);
    assert_int_equal(row.counts[TELEMETRY_SAMPLES + SAMPLE_GAUGE], 2);
    assert_int_equal(verdicts(SKIPPED_SERVICE_CHECK), 0);
    assert_int_equal(n_series(), 1);
    assert_identity();
}

static void a_service_check_keeps_its_place_among_the_lines(void **state)
{
    restart_with_checks();
    push("a:7|g\n_sc|a|1\n_sc|b|1\nb:7|g");
    assert_true(read_series("a", "").value == 1);
    assert_true(read_series("b", "").value == 7);
}

static void a_service_check_has_the_refusals_of_a_gauge(void **state)
{
    restart_with_checks();
    push("c:1|c");
    assert_verdict("_sc|c|1", REFUSED_TYPE_CONFLICT);
    assert_verdict("_sc|own|1", REFUSED_RESERVED_NAME);
    assert_verdict("_sc|c|4", REFUSED_MALFORMED_LINE);
    assert_verdict("_sc||1", REFUSED_MALFORMED_LINE);
    assert_verdict("_sc|\xff|1", REFUSED_MALFORMED_LINE);
    assert_int_equal(n_series(), 1);
    assert_verdict("_sc|d|1|#bare,k:", VERDICT_APPLIED);
    assert_int_equal(row.counts[TELEMETRY_TAG_ERRORS], 2);
    assert_verdict("_e{1,1}:a|b", SKIPPED_EVENT);
}

static void service_checks_take_no_keys(void **state)
{
    restart_with_checks();
    for (unsigned i = 0; i < 3; i++)
        push("_sc|a|1");
    assert_int_equal(row.counts[TELEMETRY_KEYS], 0);
    assert_int_equal(samples(), 3);
}

/* --- what listeners and options say --------------------------------------------------------- */

static void on_a_dogstatsd_listener_a_sign_is_a_sign(void **state)
{
    push("g:10|g\ng:+5|g");
    assert_true(read_series("g", "").value == 15);
    pipeline_set_dogstatsd(pipeline, true);
    push("g:-3|g");
    assert_true(read_series("g", "").value == -3);
    push("g:+4|g\ng:-1:+2|g");
    assert_true(read_series("g", "").value == 2);
    pipeline_set_dogstatsd(pipeline, false);
    push("g:+4|g");
    assert_true(read_series("g", "").value == 6);
}

static void the_dialect_is_that_of_the_push_not_of_the_flush(void **state)
{
    pipeline_push(pipeline, SLICE("g:10|g\ng:+1|g"), 0);
    pipeline_set_dogstatsd(pipeline, true);
    pipeline_push(pipeline, SLICE("h:10|g\nh:+1|g"), 0);
    pipeline_set_dogstatsd(pipeline, false);
    pipeline_flush(pipeline);
    assert_true(read_series("g", "").value == 11);
    assert_true(read_series("h", "").value == 1);
}

static int64_t touched_ns(void)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    int64_t touched_ns = series_touched_ns(snapshot->series[0]);

    snapshot_unref(snapshot);
    return touched_ns;
}

static void lines_have_the_arrival_of_their_push(void **state)
{
    push_at("x:1|c", 100);
    assert_int_equal(touched_ns(), 100);
    pipeline_push_stream(pipeline, SLICE("x:1|c\n"), 110);
    pipeline_flush(pipeline);
    assert_int_equal(touched_ns(), 110);
}

static void what_waits_is_of_the_source_that_has_brought_it(void **state)
{
    struct arrivals first = { 0 }, second = { 0 };

    pipeline_set_arrivals(pipeline, &first);
    pipeline_push(pipeline, SLICE("g:1|g\ng:2|g"), 100);
    pipeline_set_arrivals(pipeline, &second);
    pipeline_push(pipeline, SLICE("g:3|g"), 50);
    pipeline_flush(pipeline);
    assert_int_equal(first.last_at, 101);
    assert_int_equal(second.last_at, 50);
    pipeline_set_arrivals(pipeline, &first);
}

static void limits_are_those_of_the_options(void **state)
{
    struct pipeline_options options = *default_pipeline();

    options.resolve.limits.line = 20;
    options.resolve.limits.name = 4;
    options.resolve.limits.labels = 1;
    restart(&options);
    assert_verdict("abcd:1|c", VERDICT_APPLIED);
    assert_verdict("abcde:1|c", REFUSED_NAME_LIMIT);
    assert_verdict("a:1|c|#b:1,c:2", REFUSED_LABEL_LIMIT);
    assert_verdict("a:1|c|#b:1,c:2,d:3,e:4", REFUSED_LINE_LIMIT);
    assert_verdict("a:1|c|#b:1|aaaaaaaaa", VERDICT_APPLIED); /* 20 bytes */
    assert_verdict("a:1|c|#b:1|aaaaaaaaaa", REFUSED_LINE_LIMIT);
}

static void dialects_that_are_off_are_names(void **state)
{
    struct pipeline_options options = *default_pipeline();

    options.resolve.dialects = 1u << TAG_INFLUXDB;
    restart(&options);
    push("a[k=v]:1|c\nb#k=v:1|c\nc,k=v:1|c\nd:1|c|#k:v");
    read_series("a_k_v_", "");
    read_series("b_k_v", "");
    read_series("c", "k=\"v\"");
    read_series("d", "");
    assert_int_equal(row.counts[TELEMETRY_UNKNOWN_SECTIONS], 1);
    push("e[k:2|c"); /* where brackets mean nothing, a colon ends the name */
    assert_int_equal(verdicts(REFUSED_MALFORMED_VALUE), 0);
    read_series("e_k", "");
}

static void the_defaults_are_those_of_the_protocol(void **state)
{
    const struct pipeline_options *options = default_pipeline();
    const struct line_limits *limits = &options->resolve.limits;

    assert_int_equal(limits->line, 65536);
    assert_int_equal(limits->name, 512);
    assert_int_equal(limits->labels, 64);
    assert_int_equal(limits->label_name, 256);
    assert_int_equal(limits->label_value, 2048);
    assert_int_equal(limits->labels_text, 8192);
    assert_int_equal(options->resolve.dialects, (1u << _TAG_DIALECT_N) - 1);
    assert_false(options->resolve.keeps_bare_tags);
    assert_false(options->resolve.has_container_label);
    assert_false(options->resolve.keeps_container_prefix);
    assert_false(options->has_check_gauges);
}

static void tells_how_lines_are_to_be_cut(void **state)
{
    struct pipeline_options options = *default_pipeline();

    assert_int_equal(pipeline_parse_options(&options).line_max, 65536);
    assert_int_equal(pipeline_parse_options(&options).dialects, options.resolve.dialects);
    options.resolve.limits.line = 99;
    options.resolve.dialects &= ~(1u << TAG_SIGNALFX);
    assert_int_equal(pipeline_parse_options(&options).line_max, 99);
    assert_int_equal(pipeline_parse_options(&options).dialects, options.resolve.dialects);
}

/* --- streams -------------------------------------------------------------------------------- */

static void lines_of_streams_are_counted_as_such(void **state)
{
    pipeline_push_stream(pipeline, SLICE("a:1|c\na:2|c\n"), 0);
    pipeline_push_stream(pipeline, SLICE("a:3|c"), 0);
    pipeline_flush(pipeline);
    assert_true(read_series("a", "").value == 6);
    assert_int_equal(row.counts[TELEMETRY_STREAM_BYTES], 12 + 5);
    assert_int_equal(row.counts[TELEMETRY_DATAGRAMS], 0);
    assert_int_equal(row.counts[TELEMETRY_DATAGRAM_BYTES], 0);
    assert_int_equal(row.counts[TELEMETRY_LINES], 3);
    assert_identity();
}

static void a_line_that_a_stream_has_refused_is_a_line(void **state)
{
    pipeline_refuse(pipeline, REFUSED_LINE_LIMIT, (struct slice){ NULL, 0 });
    pipeline_refuse(pipeline, REFUSED_MALFORMED_LINE, (struct slice){ NULL, 0 });
    assert_int_equal(row.counts[TELEMETRY_LINES], 2);
    assert_int_equal(verdicts(REFUSED_LINE_LIMIT), 1);
    assert_int_equal(verdicts(REFUSED_MALFORMED_LINE), 1);
    assert_identity();
}

/* --- all together --------------------------------------------------------------------------- */

static const char *const odd_parts[][8] = {
    { "a", "b,c=d", "a[b]", "", "\xff", "own", "_sc", "_e{" },
    { ":", ":", "::", "", ":|", " : ", ":", ":" },
    { "1", "-1", "+1:2", "x", "1e308", "", "NaN", "0x1" },
    { "|c", "|g", "|ms:2|h", "|h", "|d", "|s", "|", "|x" },
    { "", "|@0.5", "|@0", "|@x", "|#a:1", "|#", "|#__x:1,b", "|\xff|T1" },
};

static void the_books_balance_after_all_sorts_of_odd_lines(void **state)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 1 << 15; i++) {
        char line[128];
        size_t len = 0;

        for (unsigned part = 0; part < ARRAY_SIZE(odd_parts); part++)
            len += (size_t)snprintf(line + len, sizeof(line) - len, "%s",
                                    odd_parts[part][i >> (3 * part) & 7]);
        push(line);
        n += len > 0;
    }
    assert_int_equal(row.counts[TELEMETRY_DATAGRAMS], 1 << 15);
    assert_in_range(row.counts[TELEMETRY_LINES], n - 64, n);
    assert_identity();
    for (unsigned verdict = 0; verdict < _VERDICT_N; verdict++)
        if (verdict != REFUSED_NAME_LIMIT && verdict != REFUSED_NAME_RATE &&
            verdict != REFUSED_LABEL_LIMIT && verdict != REFUSED_SERIES_LIMIT &&
            verdict != REFUSED_NO_MEMORY && verdict != REFUSED_LINE_LIMIT &&
            verdict != REFUSED_END_LIMIT && verdict != REFUSED_UNDECLARED_LABEL &&
            verdict < SKIPPED_EVENT)
            assert_true(verdicts((enum verdict)verdict) > 0);
}

static void the_books_balance_after_random_bytes(void **state)
{
    static const char alphabet[] = "ab:|c|g:1|s|x:1|@#,=[]-+.\n\r \t_e{\x80\xc3\xa4\x00";
    char datagram[1500];
    unsigned seed = 1;

    for (unsigned round = 0; round < 2000; round++) {
        for (unsigned i = 0; i < sizeof(datagram); i++)
            datagram[i] = alphabet[((seed = seed * 1103515245 + 12345) >> 16) % sizeof(alphabet)];
        pipeline_push(pipeline, (struct slice){ datagram, sizeof(datagram) }, round);
        pipeline_flush(pipeline);
    }
    assert_true(samples() > 0);
    assert_identity();
}

static void free_accepts_null(void **state)
{
    pipeline_free(NULL);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        PIPELINE_CASE(applies_a_line_of_each_type),
        PIPELINE_CASE(counts_datagrams_bytes_and_lines),
        PIPELINE_CASE(every_verdict_has_its_lines),
        PIPELINE_CASE(a_line_that_is_refused_makes_no_series),
        PIPELINE_CASE(a_value_that_overflows_at_once_makes_no_series),
        PIPELINE_CASE(refuses_names_and_labels_beyond_their_limits),
        PIPELINE_CASE(refuses_names_beyond_the_limit_of_series),
        PIPELINE_CASE(series_beyond_the_limit_overflow_and_are_counted),
        PIPELINE_CASE(counts_what_it_passed_over_with_each_sample),
        PIPELINE_CASE(knows_a_key_after_its_first_line),
        PIPELINE_CASE(tags_in_any_order_are_one_series),
        PIPELINE_CASE(a_rate_weighs_a_counter),
        PIPELINE_CASE(signed_gauges_are_relative),
        PIPELINE_CASE(lines_that_wait_are_applied_by_a_flush),
        PIPELINE_CASE(a_large_datagram_is_applied_whole),
        PIPELINE_CASE(a_service_check_may_be_a_gauge),
        PIPELINE_CASE(a_service_check_keeps_its_place_among_the_lines),
        PIPELINE_CASE(a_service_check_has_the_refusals_of_a_gauge),
        PIPELINE_CASE(service_checks_take_no_keys),
        PIPELINE_CASE(on_a_dogstatsd_listener_a_sign_is_a_sign),
        PIPELINE_CASE(the_dialect_is_that_of_the_push_not_of_the_flush),
        PIPELINE_CASE(lines_have_the_arrival_of_their_push),
        PIPELINE_CASE(what_waits_is_of_the_source_that_has_brought_it),
        PIPELINE_CASE(limits_are_those_of_the_options),
        PIPELINE_CASE(dialects_that_are_off_are_names),
        PIPELINE_CASE(the_defaults_are_those_of_the_protocol),
        PIPELINE_CASE(tells_how_lines_are_to_be_cut),
        PIPELINE_CASE(lines_of_streams_are_counted_as_such),
        PIPELINE_CASE(a_line_that_a_stream_has_refused_is_a_line),
        PIPELINE_CASE(the_books_balance_after_all_sorts_of_odd_lines),
        PIPELINE_CASE(the_books_balance_after_random_bytes),
        PIPELINE_CASE(free_accepts_null),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
