/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/buffer.h"
#include "daemon/pipeline.h"

#include <stdio.h>
#include <stdlib.h>

static struct buckets *buckets;
static struct registry *registry;
static struct shard *shard;
static struct telemetry_row row;
static struct pipeline *pipeline;

static uint64_t verdicts(enum verdict verdict)
{
    return row.counts[TELEMETRY_VERDICTS + verdict];
}

static uint64_t samples(void)
{
    uint64_t n = 0;

    for (unsigned type = 0; type < _SAMPLE_TYPE_N; type++)
        n += row.counts[TELEMETRY_SAMPLES + type];
    return n;
}

/* lines = samples + refused + skipped, exactly. */
static void assert_identity(void)
{
    uint64_t n_not_applied = 0;

    for (unsigned verdict = VERDICT_APPLIED + 1; verdict < _VERDICT_N; verdict++)
        n_not_applied += verdicts((enum verdict)verdict);
    assert_int_equal(row.counts[TELEMETRY_LINES], samples() + n_not_applied);
    assert_int_equal(verdicts(VERDICT_APPLIED), samples());
}

static void push_at(const char *datagram, int64_t arrived_ns)
{
    pipeline_push(pipeline, slice_of(datagram), arrived_ns);
    pipeline_flush(pipeline);
}

static void push(const char *datagram)
{
    push_at(datagram, 0);
}

/* The series of this family and these labels. */
static struct reading read_series(const char *family, const char *labels)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    struct reading reading;
    bool is_found = false;

    for (size_t i = 0; i < snapshot->n_series && !is_found; i++) {
        struct series *series = snapshot->series[i];

        is_found = slice_equal(series->family->name, slice_of(family)) &&
                   slice_equal(series->labels, slice_of(labels));
        if (is_found)
            series_read(series, &reading);
    }
    snapshot_unref(snapshot);
    if (!is_found)
        fail_msg("no %s{%s}", family, labels);
    return reading;
}

static size_t n_series(void)
{
    struct registry_counts counts = registry_count(registry);

    return counts.series[METRIC_COUNTER] + counts.series[METRIC_GAUGE] +
           counts.series[METRIC_HISTOGRAM];
}

/* A datagram of one line, of which this becomes. */
static void assert_verdict(const char *line, enum verdict verdict)
{
    uint64_t before = verdicts(verdict), lines = row.counts[TELEMETRY_LINES];

    push(line);
    if (verdicts(verdict) != before + 1 || row.counts[TELEMETRY_LINES] != lines + 1)
        fail_msg("not verdict %d: %s", verdict, line);
    assert_identity();
}

static void applies_a_line_of_each_type(void **state)
{
    push("c:2|c\ng:3|g\nt:500|ms\nh:5|h\nd:5|d");
    assert_true(read_series("c", "").value == 2);
    assert_true(read_series("g", "").value == 3);
    assert_true(read_series("t", "").sum == 0.5);
    assert_true(read_series("h", "").sum == 5);
    assert_true(read_series("d", "").sum == 5);
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
    assert_verdict("a:1|x", REFUSED_ILLEGAL_EVENT);
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
    assert_verdict("a:1|g", VERDICT_APPLIED); /* the name is free */
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

static void refuses_series_beyond_the_limit(void **state)
{
    char line[32];

    for (unsigned i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "s%u:1|c", i);
        assert_verdict(line, VERDICT_APPLIED);
    }
    assert_verdict("more:1|c", REFUSED_SERIES_LIMIT);
    assert_verdict("s0:1|c", VERDICT_APPLIED);
    assert_int_equal(n_series(), 1000);
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

static const char *const odd_parts[][8] = {
    { "a", "b.c", "a-b", "", "\xff", "own", "_sc", "_e{" },
    { ":", ":", "::", "", ":|", " : ", ":", ":" },
    { "1", "-1", "+1", "x", "1e308", "", "NaN", "0x1" },
    { "|c", "|g", "|ms", "|h", "|d", "|s", "|", "" },
    { "", "|@0.5", "|@0", "|@x", "|#a:1", "|#", "|#__x:1,b", "|\xff|T1" },
};

static void the_books_balance_after_all_kinds_of_odd_lines(void **state)
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
        if (verdict != REFUSED_NAME_LIMIT && verdict != REFUSED_LABEL_LIMIT &&
            verdict != REFUSED_SERIES_LIMIT && verdict != REFUSED_NO_MEMORY)
            assert_true(verdicts((enum verdict)verdict) > 0);
}

static void the_books_balance_after_random_bytes(void **state)
{
    static const char alphabet[] = "ab:|c|g:1|@#,-+.\n\r \t_e{\x80\xc3\xa4\x00";
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

static int begin(void **state)
{
    const struct registry_options options = {
        .n_workers = 1, .max_series = 1000, .max_bytes = SIZE_MAX, .seed = 42, .buckets = buckets
    };
    const struct identity own = { .type = SAMPLE_GAUGE, .family = SLICE("own") };
    struct shard_options shard_options = { .max_key_bytes = 1 << 20, .seed = 42 };

    row = (struct telemetry_row){ 0 };
    if (registry_new(&registry, &options) < 0 || registry_reserve(registry, &own) < 0)
        return -1;
    shard_options.registry = registry;
    if (shard_new(&shard, &shard_options) < 0)
        return -1;
    return pipeline_new(&pipeline, shard, &row);
}

static int end(void **state)
{
    pipeline_free(pipeline);
    shard_free(shard);
    registry_free(registry);
    return 0;
}

static int make_buckets(void **state)
{
    return buckets_new(&buckets, buckets_default_bounds, ARRAY_SIZE(buckets_default_bounds));
}

static int free_buckets(void **state)
{
    buckets_free(buckets);
    return 0;
}

#define PIPELINE_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        PIPELINE_CASE(applies_a_line_of_each_type),
        PIPELINE_CASE(counts_datagrams_bytes_and_lines),
        PIPELINE_CASE(every_verdict_has_its_lines),
        PIPELINE_CASE(a_line_that_is_refused_makes_no_series),
        PIPELINE_CASE(a_value_that_overflows_at_once_makes_no_series),
        PIPELINE_CASE(refuses_names_and_labels_beyond_their_limits),
        PIPELINE_CASE(refuses_series_beyond_the_limit),
        PIPELINE_CASE(counts_what_it_passed_over_with_each_sample),
        PIPELINE_CASE(knows_a_key_after_its_first_line),
        PIPELINE_CASE(tags_in_any_order_are_one_series),
        PIPELINE_CASE(a_rate_weighs_a_counter),
        PIPELINE_CASE(signed_gauges_are_relative),
        PIPELINE_CASE(lines_that_wait_are_applied_by_a_flush),
        PIPELINE_CASE(a_large_datagram_is_applied_whole),
        PIPELINE_CASE(the_books_balance_after_all_kinds_of_odd_lines),
        PIPELINE_CASE(the_books_balance_after_random_bytes),
        PIPELINE_CASE(free_accepts_null),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
