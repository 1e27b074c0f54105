/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Protobuf, from proto/metric_family.proto and the encoding of protocol buffers
 *
 * Bytes are written out here. The system tests read whole pages with a decoder of others.
 */

#include "push.h"

#include "output/protobuf.h"

#define ONE "\x00\x00\x00\x00\x00\x00\xf0\x3f"
#define TWO "\x00\x00\x00\x00\x00\x00\x00\x40"
#define THREE "\x00\x00\x00\x00\x00\x00\x08\x40"
#define INFINITE "\x00\x00\x00\x00\x00\x00\xf0\x7f"

/* Of families "a": the fields before their series. */
#define COUNTER_A                                                                                  \
    "\x0a\x01"                                                                                     \
    "a\x12\x0aSent as a.\x18\x00"
#define GAUGE_A                                                                                    \
    "\x0a\x01"                                                                                     \
    "a\x12\x0aSent as a.\x18\x01"

/* Append all series in chunks of at least @enough bytes. */
static void add_page(struct buffer *out, size_t enough)
{
    CLEANUP(exposition_freep) struct exposition *exposition = NULL;
    struct snapshot *snapshot = registry_snapshot(registry);
    size_t len;

    assert_int_equal(exposition_new(&exposition, &protobuf_writer, snapshot, NULL), 0);
    snapshot_unref(snapshot);
    do {
        struct buffer chunk = { 0 };

        assert_int_equal(exposition_write(exposition, &chunk, enough), 0);
        len = chunk.len;
        buffer_add(out, buffer_text(&chunk));
        buffer_deinit(&chunk);
    } while (len > 0);
}

static void assert_bytes(struct buffer *out, struct slice expected)
{
    assert_false(out->has_failed);
    assert_int_equal(out->len, expected.len);
    assert_memory_equal(out->data, expected.at, expected.len);
    buffer_deinit(out);
}

static void assert_page(const char *lines, struct slice expected)
{
    struct buffer out = { 0 };

    push(lines);
    add_page(&out, SIZE_MAX);
    assert_bytes(&out, expected);
}

static void an_empty_page_has_no_bytes(void **state)
{
    struct buffer out = { 0 };

    add_page(&out, SIZE_MAX);
    assert_int_equal(out.len, 0);
}

static void a_counter_keeps_its_name(void **state)
{
    assert_page("a:3|c\na:2|c|#x:1,y:z", SLICE("\x3b" COUNTER_A "\x22\x0b\x1a\x09\x09" THREE
                                               "\x22\x1b\x0a\x06\x0a\x01\x78\x12\x01\x31"
                                               "\x0a\x06\x0a\x01\x79\x12\x01\x7a"
                                               "\x1a\x09\x09" TWO));
}

static void a_set_is_a_gauge(void **state)
{
    assert_page("a:x|s\na:y|s", SLICE("\x1e" GAUGE_A "\x22\x0b\x12\x09\x09" TWO));
}

static void families_are_messages(void **state)
{
    assert_page("a:3|g\nb:1|c",
                SLICE("\x1e" GAUGE_A "\x22\x0b\x12\x09\x09" THREE
                      "\x1e\x0a\x01\x62\x12\x0aSent as b.\x18\x00\x22\x0b\x1a\x09\x09" ONE));
}

/* In text it is "q\"\\". */
static void values_are_not_escaped(void **state)
{
    assert_page("a:1|g|#x:q\"\\", SLICE("\x28" GAUGE_A "\x22\x15\x0a\x08\x0a\x01\x78\x12\x03q\"\\"
                                        "\x12\x09\x09" ONE));
}

/* 2^53 + 1, of which a double has no odd neighbour. */
static void a_large_counter_is_the_nearest_double(void **state)
{
    assert_page("a:9007199254740992|c\na:1|c",
                SLICE("\x1e" COUNTER_A "\x22\x0b\x1a\x09\x09\x00\x00\x00\x00\x00\x00\x40\x43"));
}

static void a_family_in_two_chunks_is_two_messages(void **state)
{
    struct buffer out = { 0 };

    push("a:1|c\na:2|c|#x:1");
    add_page(&out, 1);
    assert_bytes(&out, SLICE("\x1e" COUNTER_A "\x22\x0b\x1a\x09\x09" ONE "\x26" COUNTER_A
                             "\x22\x13\x0a\x06\x0a\x01\x78\x12\x01\x31\x1a\x09\x09" TWO));
}

/* --- facts ---------------------------------------------------------------------------------- */

static void *writer_state(void)
{
    void *made = calloc(1, protobuf_writer.state_size);

    assert_non_null(made);
    return made;
}

static void write_samples(struct buffer *out, struct slice labels, unsigned n)
{
    const struct exposition_family family = { .name = SLICE("a"), .type = METRIC_GAUGE };
    void *format = writer_state();

    protobuf_writer.family(format, out, &family);
    for (unsigned i = 0; i < n; i++)
        protobuf_writer.sample(format, out, &family,
                               &(struct exposition_sample){ .labels = labels, .value = 1 });
    protobuf_writer.flush(format, out);
    free(format);
}

/* Lengths from 128 on have two bytes: of the value, of the label, of the series, of the family. */
static void lengths_may_have_two_bytes(void **state)
{
    char labels[204], expected[256], *at;
    struct buffer out = { 0 };

    at = memset(mempcpy(labels, "x=\"", 3), 'v', 200);
    memcpy(at + 200, "\"", 1);
    write_samples(&out, (struct slice){ labels, sizeof(labels) }, 1);
    at = mempcpy(expected,
                 "\xe6\x01\x0a\x01"
                 "a\x12\x00\x18\x01",
                 9);
    at = mempcpy(at, "\x22\xdc\x01\x0a\xce\x01\x0a\x01\x78\x12\xc8\x01", 12);
    at = memset(at, 'v', 200);
    at = mempcpy(at + 200, "\x12\x09\x09" ONE, 11);
    assert_bytes(&out, (struct slice){ expected, (size_t)(at - expected) });
}

/* Append the series of @labels, a gauge, and its length, as the format has it. */
static void add_expected(struct buffer *out, const struct labels *labels)
{
    struct buffer pairs = { 0 };

    for (size_t i = 0; i < labels->n; i++) {
        const struct label *label = &labels->items[i];

        buffer_add_char(&pairs, '\x0a');
        buffer_add_char(&pairs, (char)(label->value.len + 5));
        buffer_add(&pairs, SLICE("\x0a\x01"));
        buffer_add(&pairs, label->name);
        buffer_add_char(&pairs, '\x12');
        buffer_add_char(&pairs, (char)label->value.len);
        buffer_add(&pairs, label->value);
    }
    buffer_add_char(out, '\x22');
    buffer_add_char(out, (char)(pairs.len + 11));
    buffer_add(out, buffer_text(&pairs));
    buffer_add(out, SLICE("\x12\x09\x09" ONE));
    buffer_deinit(&pairs);
}

/* Values of what is special, of each length, in memory of exactly their size. */
static void labels_of_any_values_are_taken_apart(void **state)
{
    uint64_t random = 1;

    for (unsigned round = 0; round < 20000; round++) {
        struct labels labels = { .n = 2 };
        struct buffer expected = { 0 }, out = { 0 };
        char values[2][24], text[200], *exact;
        struct slice written;

        for (unsigned i = 0; i < 2; i++) {
            size_t len = (random >> 40) % sizeof(values[i]);

            for (size_t j = 0; j < len; j++) {
                random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
                values[i][j] = "abcdefgh,=\n{}x\"\\"[random >> (round % 2 ? 60 : 61)];
            }
            labels.items[i] = (struct label){ i ? SLICE("b") : SLICE("a"), { values[i], len } };
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        }
        written = labels_write(&labels, text);
        exact = malloc(written.len);
        assert_non_null(exact);
        memcpy(exact, text, written.len);
        write_samples(&out, (struct slice){ exact, written.len }, 1);
        add_expected(&expected, &labels);
        assert_memory_equal(out.data + out.len - expected.len, expected.data, expected.len);
        buffer_deinit(&out);
        buffer_deinit(&expected);
        free(exact);
    }
}

/* Each series has 13 bytes here. */
static void lengths_of_messages_may_have_any_size(void **state)
{
    static const struct {
        unsigned n;
        size_t n_bytes;
        const char *length;
    } cases[] = {
        { 1, 1, "\x14" },
        { 9, 1, "\x7c" },
        { 10, 2, "\x89\x01" },
        { 1260, 3, "\x83\x80\x01" },
        { 170000, 4, "\xd7\xf1\x86\x01" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buffer_deinit) struct buffer out = { 0 };

        write_samples(&out, SLICE(""), cases[i].n);
        assert_int_equal(out.len, cases[i].n_bytes + 7 + 13 * cases[i].n);
        assert_memory_equal(out.data, cases[i].length, cases[i].n_bytes);
        assert_memory_equal(out.data + cases[i].n_bytes,
                            "\x0a\x01"
                            "a\x12\x00\x18\x01\x22\x0b",
                            9);
        assert_memory_equal(out.data + out.len - 13, "\x22\x0b\x12\x09\x09" ONE, 13);
    }
}

static void a_unit_is_said_as_declared(void **state)
{
    const struct exposition_family family = {
        .name = SLICE("a"), .type = METRIC_COUNTER, .help = SLICE("A\n\"\\"), .unit = SLICE("knots")
    };
    void *format = writer_state();
    struct buffer out = { 0 };

    protobuf_writer.family(format, &out, &family);
    protobuf_writer.sample(format, &out, &family, &(struct exposition_sample){ .value = 1 });
    protobuf_writer.flush(format, &out);
    protobuf_writer.flush(format, &out);
    assert_bytes(&out, SLICE("\x1f\x0a\x01"
                             "a\x12\x04\x41\n\"\\\x18\x00\x2a\x05knots"
                             "\x22\x0b\x1a\x09\x09" ONE));
    free(format);
}

/* Append a family "a" with this series. */
static void write_histogram(struct buffer *out, const struct exposition_histogram *histogram)
{
    const struct exposition_family family = { .name = SLICE("a"), .type = METRIC_HISTOGRAM };
    void *format = writer_state();

    protobuf_writer.family(format, out, &family);
    protobuf_writer.histogram(format, out, &family, histogram);
    protobuf_writer.flush(format, out);
    free(format);
}

static void buckets_are_cumulative_up_to_infinity(void **state)
{
    const uint64_t counts[] = { 1, 0, 200 };
    const struct buckets two = { .n = 2, .bounds = { 1, 3 } };
    struct buffer out = { 0 };

    write_histogram(&out,
                    &(struct exposition_histogram){
                        .labels = SLICE("x=\"1\""), .buckets = &two, .counts = counts, .sum = -2 });
    assert_bytes(&out, SLICE("\x47\x0a\x01"
                             "a\x12\x00\x18\x04\x22\x3e"
                             "\x0a\x06\x0a\x01\x78\x12\x01\x31\x3a\x34"
                             "\x08\xc9\x01\x11\x00\x00\x00\x00\x00\x00\x00\xc0"
                             "\x1a\x0b\x08\x01\x11" ONE "\x1a\x0b\x08\x01\x11" THREE
                             "\x1a\x0c\x08\xc9\x01\x11" INFINITE));
}

/* 1000000001234 ms: 1000000001 s and 234 ms. */
#define STARTED "\x08\x81\x94\xeb\xdc\x03\x10\x80\x9d\xca\x6f"

static void counters_and_histograms_have_a_start(void **state)
{
    static const struct buckets none;
    const struct exposition_family family = { .name = SLICE("a"), .type = METRIC_COUNTER };
    const struct exposition_sample times[] = { { .value = 1, .started_ms = 1000000001234 },
                                               { .value = 1, .started_ms = 1000000001000 } };
    const uint64_t count = 1;
    void *format = writer_state();
    struct buffer out = { 0 };

    protobuf_writer.family(format, &out, &family);
    for (unsigned i = 0; i < ARRAY_SIZE(times); i++)
        protobuf_writer.sample(format, &out, &family, &times[i]);
    protobuf_writer.flush(format, &out);
    free(format);
    assert_bytes(&out, SLICE("\x36\x0a\x01"
                             "a\x12\x00\x18\x00"
                             "\x22\x18\x1a\x16\x09" ONE "\x1a\x0b" STARTED
                             "\x22\x13\x1a\x11\x09" ONE "\x1a\x06\x08\x81\x94\xeb\xdc\x03"));
    write_histogram(
        &out, &(struct exposition_histogram){
                  .buckets = &none, .counts = &count, .sum = 1, .started_ms = 1000000001234 });
    assert_memory_equal(out.data + out.len - 13, "\x7a\x0b" STARTED, 13);
    buffer_deinit(&out);
}

/* Append what @native adds to a series of 6 observations. */
static void write_native(struct buffer *out, const struct native_buckets *native)
{
    static const struct buckets none;
    const uint64_t count = 6;
    struct buffer all = { 0 };
    const size_t n_before = 26; /* count, sum, bucket */

    write_histogram(&all, &(struct exposition_histogram){
                              .buckets = &none, .counts = &count, .sum = 1, .native = native });
    assert_memory_equal(all.data + 12, "\x08\x06\x11" ONE "\x1a\x0b\x08\x06\x11" INFINITE,
                        n_before - 2);
    buffer_add(out, (struct slice){ all.data + 12 + n_before - 2, all.len - 12 - n_before + 2 });
    buffer_deinit(&all);
}

static void native_buckets_are_spans_and_differences(void **state)
{
    const struct native_span below[] = { { -3, 1 } }, above[] = { { 2, 2 }, { 70, 1 } };
    const uint64_t few[] = { 1 }, some[] = { 1, 200, 0 };
    struct buffer out = { 0 };

    write_native(&out, &(struct native_buckets){ .schema = -4,
                                                 .zero_threshold = 1,
                                                 .zero_count = 130,
                                                 .negative = { below, 1, few, 1 },
                                                 .positive = { above, 2, some, 3 } });
    assert_bytes(&out, SLICE("\x28\x07\x31" ONE "\x38\x82\x01"
                             "\x4a\x04\x08\x05\x10\x01\x52\x01\x02"
                             "\x62\x04\x08\x04\x10\x02\x62\x05\x08\x8c\x01\x10\x01"
                             "\x6a\x05\x02\x8e\x03\x8f\x03"));
}

static void a_native_histogram_without_anything_has_an_empty_span(void **state)
{
    struct buffer out = { 0 };

    write_native(&out, &(struct native_buckets){ .schema = 3 });
    assert_bytes(&out, SLICE("\x28\x06\x31\x00\x00\x00\x00\x00\x00\x00\x00\x38\x00"
                             "\x62\x04\x08\x00\x10\x00"));
    write_native(&out, &(struct native_buckets){ .schema = 3, .zero_threshold = 1 });
    assert_bytes(&out, SLICE("\x28\x06\x31" ONE "\x38\x00"));
}

/* All of them as long as they can be; the sanitizer sees whether there was room. */
static void native_buckets_may_be_many(void **state)
{
    static struct native_span spans[500];
    static uint64_t counts[1000];
    const struct native_side side = { spans, 500, counts, 1000 };
    const struct native_buckets native = { .positive = side, .negative = side };
    static const struct buckets none;
    const uint64_t count = 1;
    struct buffer out = { 0 };

    for (unsigned i = 0; i < 500; i++) {
        spans[i] = (struct native_span){ INT32_MIN, 2 };
        counts[2 * i] = INT64_MAX;
    }
    write_histogram(&out, &(struct exposition_histogram){
                              .buckets = &none, .counts = &count, .native = &native });
    assert_in_range(out.len, 2 * (500 * 10 + 1000 * 10), SIZE_MAX);
    buffer_deinit(&out);
}

static void a_summary_has_quantiles_after_count_and_sum(void **state)
{
    const struct exposition_family family = { .name = SLICE("a"), .type = METRIC_SUMMARY };
    const double quantile = 1, value = 2;
    void *format = writer_state();
    struct buffer out = { 0 };

    protobuf_writer.family(format, &out, &family);
    protobuf_writer.summary(format, &out, &family,
                            &(struct exposition_summary){
                                .labels = SLICE("x=\"1\""),
                                .n_quantiles = 1,
                                .quantiles = &quantile,
                                .values = &value,
                                .sum = 3,
                                .count = 3,
                            });
    protobuf_writer.flush(format, &out);
    assert_bytes(&out, SLICE("\x32\x0a\x01"
                             "a\x12\x00\x18\x02\x22\x29"
                             "\x0a\x06\x0a\x01\x78\x12\x01\x31\x22\x1f"
                             "\x08\x03\x11" THREE "\x1a\x12\x09" ONE "\x11" TWO));
    free(format);
}

/* The walk then ends; what was written so far does not matter. */
static void without_memory_nothing_is_written(void **state)
{
    struct buffer out = { .has_failed = true };

    write_samples(&out, SLICE("x=\"1\""), 2);
    assert_int_equal(out.len, 0);
}

#define PROTOBUF_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        PROTOBUF_CASE(an_empty_page_has_no_bytes),
        PROTOBUF_CASE(a_counter_keeps_its_name),
        PROTOBUF_CASE(a_set_is_a_gauge),
        PROTOBUF_CASE(families_are_messages),
        PROTOBUF_CASE(values_are_not_escaped),
        PROTOBUF_CASE(a_large_counter_is_the_nearest_double),
        PROTOBUF_CASE(a_family_in_two_chunks_is_two_messages),
        CASE(lengths_may_have_two_bytes),
        CASE(labels_of_any_values_are_taken_apart),
        CASE(lengths_of_messages_may_have_any_size),
        CASE(a_unit_is_said_as_declared),
        CASE(buckets_are_cumulative_up_to_infinity),
        CASE(a_summary_has_quantiles_after_count_and_sum),
        CASE(counters_and_histograms_have_a_start),
        CASE(native_buckets_are_spans_and_differences),
        CASE(a_native_histogram_without_anything_has_an_empty_span),
        CASE(native_buckets_may_be_many),
        CASE(without_memory_nothing_is_written),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
