/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Exposition, from its header
 *
 * The series come from a pipeline. One writer writes a line for each call; another adds up, and
 * writes at the end. Memory runs out when a case says so: the linker redirects calloc() and
 * realloc() to this file.
 */

#include "push.h"

#include "output/protobuf.h"
#include "output/text.h"

#include <errno.h>

#define MANY SIZE_MAX

void *__wrap_calloc(size_t n, size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__real_realloc(void *old, size_t size);

/* The number of allocations that succeed. */
static size_t n_allocations_left = MANY;

static bool may_allocate(void)
{
    if (n_allocations_left == MANY)
        return true;
    return n_allocations_left && n_allocations_left--;
}

/* Whether calloc() alone finds none: a set is read with it. */
static bool is_calloc_failing;

void *__wrap_calloc(size_t n, size_t size)
{
    if (is_calloc_failing)
        return NULL;
    return may_allocate() ? __real_calloc(n, size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
    return may_allocate() ? __real_realloc(old, size) : NULL;
}

/* --- writers ---------------------------------------------------------------------------- */

/* Writes a line for each call, with a number from its state. */
struct recorder {
    unsigned n_calls;
};

/* The calls of the recorder, in all walks of a case. */
static unsigned n_families, n_series_seen, n_ends, n_flushes;
/* The length of the output at the last call of flush. */
static size_t flushed_len;
/* The call at which the recorder finds no memory; 0: none. */
static unsigned fails_at;

static void record(void *state, struct buffer *out)
{
    struct recorder *recorder = state;

    buffer_add_format(out, "%u ", ++recorder->n_calls);
    if (recorder->n_calls == fails_at)
        out->has_failed = true;
}

static void record_family(void *state, struct buffer *out, const struct exposition_family *family)
{
    n_families++;
    record(state, out);
    buffer_add_format(out, "family %.*s, %s: %.*s\n", (int)family->name.len, family->name.at,
                      metric_type_name(family->type), (int)family->help.len, family->help.at);
}

static void record_sample(void *state, struct buffer *out, const struct exposition_family *family,
                          const struct exposition_sample *sample)
{
    n_series_seen++;
    record(state, out);
    buffer_add_format(out, "sample %.*s{%.*s} %g\n", (int)family->name.len, family->name.at,
                      (int)sample->labels.len, sample->labels.at, sample->value);
}

static void record_histogram(void *state, struct buffer *out,
                             const struct exposition_family *family,
                             const struct exposition_histogram *histogram)
{
    n_series_seen++;
    record(state, out);
    buffer_add_format(out, "histogram %.*s{%.*s}", (int)family->name.len, family->name.at,
                      (int)histogram->labels.len, histogram->labels.at);
    for (unsigned i = 0; i <= histogram->buckets->n; i++)
        if (histogram->counts[i])
            buffer_add_format(out, " %lu to %g", histogram->counts[i],
                              i < histogram->buckets->n ? histogram->buckets->bounds[i] : 999);
    buffer_add_format(out, ", sum %g\n", histogram->sum);
}

static void record_end(void *state, struct buffer *out)
{
    n_ends++;
    record(state, out);
    buffer_add_literal(out, "end\n");
}

static void record_flush(void *state, struct buffer *out)
{
    n_flushes++;
    flushed_len = out->len;
}

static const struct exposition_writer recording_writer = {
    .state_size = sizeof(struct recorder),
    .family = record_family,
    .sample = record_sample,
    .histogram = record_histogram,
    .end = record_end,
    .flush = record_flush,
};

/* Writes one line at the end: the number of each, and the sum of all values. */
struct adder {
    unsigned n_families, n_samples, n_histograms;
    double sum;
};

static void add_family(void *state, struct buffer *out, const struct exposition_family *family)
{
    ((struct adder *)state)->n_families++;
}

static void add_sample(void *state, struct buffer *out, const struct exposition_family *family,
                       const struct exposition_sample *sample)
{
    struct adder *adder = state;

    adder->n_samples++;
    adder->sum += sample->value;
}

static void add_histogram(void *state, struct buffer *out, const struct exposition_family *family,
                          const struct exposition_histogram *histogram)
{
    struct adder *adder = state;

    adder->n_histograms++;
    adder->sum += histogram->sum;
}

static void add_end(void *state, struct buffer *out)
{
    const struct adder *adder = state;

    buffer_add_format(out, "%u families, %u samples, %u histograms, %g", adder->n_families,
                      adder->n_samples, adder->n_histograms, adder->sum);
}

static const struct exposition_writer adding_writer = {
    .state_size = sizeof(struct adder),
    .family = add_family,
    .sample = add_sample,
    .histogram = add_histogram,
    .end = add_end,
};

/* --- walks ------------------------------------------------------------------------------ */

static struct buckets *own_buckets;

/* The collector's families: two, and one between them that has no series. */
static void collect(const void *ctx, struct exposition *exposition)
{
    const char *const *labels = ctx;
    static const uint64_t counts[] = { 0, 4, 5 };

    exposition_begin_family(exposition, SLICE("self"), METRIC_COUNTER, SLICE("Of itself."));
    exposition_add_sample(exposition, slice_of(labels[0]), 1);
    exposition_add_labelled(exposition, "n", labels[1], 2);
    exposition_begin_family(exposition, SLICE("empty"), METRIC_GAUGE, SLICE("Of nothing."));
    exposition_begin_family(exposition, SLICE("sizes"), METRIC_HISTOGRAM, SLICE("Of sizes."));
    exposition_add_histogram(exposition, &(struct exposition_histogram){
                                             .buckets = own_buckets, .counts = counts, .sum = 14 });
}

static const char *const collected_labels[] = { "n=\"1\"", "2" };
static const struct exposition_collector collector = { .collect = collect,
                                                       .ctx = collected_labels };

static struct exposition *begin_walk(const struct exposition_writer *writer,
                                     const struct exposition_collector *with)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    struct exposition *exposition = NULL;

    assert_int_equal(exposition_new(&exposition, writer, snapshot, with), 0);
    snapshot_unref(snapshot); /* it is a separate reader */
    return exposition;
}

/* The output of a whole walk, as a string that the caller frees. */
static struct buffer walk(const struct exposition_writer *writer,
                          const struct exposition_collector *with)
{
    CLEANUP(exposition_freep) struct exposition *exposition = begin_walk(writer, with);
    struct buffer out = { 0 };

    assert_int_equal(exposition_write(exposition, &out, SIZE_MAX), 0);
    buffer_add_char(&out, '\0');
    assert_false(out.has_failed);
    return out;
}

static void passes_each_family_once_and_then_its_series(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push("b.c:-4|g\na:3|c|#x:2\na:1|c\na:2|c|#x:1\nd:0.5|h\nd:7|h\nd:1000|h\ns:x|s\ns:y|s");
    out = walk(&recording_writer, NULL);
    assert_string_equal(out.data, "1 family a, counter: Sent as a.\n"
                                  "2 sample a{} 1\n"
                                  "3 sample a{x=\"1\"} 2\n"
                                  "4 sample a{x=\"2\"} 3\n"
                                  "5 family b_c, gauge: Sent as b.c.\n"
                                  "6 sample b_c{} -4\n"
                                  "7 family d, histogram: Sent as d.\n"
                                  "8 histogram d{} 1 to 0.5 1 to 10 1 to 999, sum 1007.5\n"
                                  "9 family s, set: Sent as s.\n"
                                  "10 sample s{} 2\n"
                                  "11 end\n");
}

static void help_says_when_a_name_has_several_spellings(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push("a.b:1|c\na-b:2|c|#k:v\nc.d:1|c\nc.d:2|c|#k:v");
    out = walk(&recording_writer, NULL);
    assert_string_equal(out.data, "1 family a_b, counter: Sent as a.b, and in other spellings.\n"
                                  "2 sample a_b{} 1\n"
                                  "3 sample a_b{k=\"v\"} 2\n"
                                  "4 family c_d, counter: Sent as c.d.\n"
                                  "5 sample c_d{} 1\n"
                                  "6 sample c_d{k=\"v\"} 2\n"
                                  "7 end\n");
}

static void of_nothing_there_is_only_the_end(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = walk(&recording_writer, NULL);

    assert_string_equal(out.data, "1 end\n");
}

static void what_is_collected_comes_last(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push("z:1|c");
    out = walk(&recording_writer, &collector);
    assert_string_equal(out.data, "1 family z, counter: Sent as z.\n"
                                  "2 sample z{} 1\n"
                                  "3 family self, counter: Of itself.\n"
                                  "4 sample self{n=\"1\"} 1\n"
                                  "5 sample self{n=\"2\"} 2\n"
                                  "6 family sizes, histogram: Of sizes.\n"
                                  "7 histogram sizes{} 4 to 2 5 to 999, sum 14\n"
                                  "8 end\n");
}

/* The bytes of the message at @at, with its length, which has one byte or two. */
static size_t next_message(const struct buffer *messages, size_t at)
{
    const unsigned char *length = (const unsigned char *)messages->data + at;

    return length[0] < 128 ? length[0] + 1u : (length[0] & 127u) + length[1] * 128u + 2;
}

static void all_writers_see_the_same(void **state)
{
    CLEANUP(buffer_deinit) struct buffer sum = { 0 };
    CLEANUP(buffer_deinit) struct buffer text = { 0 };
    CLEANUP(buffer_deinit) struct buffer messages = { 0 };
    const char *line;
    unsigned n_lines = 0;

    push("a:3|c|#x:2\na:1|c\nb:4|h\ng:5|g");
    sum = walk(&adding_writer, &collector);
    assert_string_equal(sum.data, "5 families, 5 samples, 2 histograms, 30");
    text = walk(&text_writer, &collector);
    for (line = text.data; (line = strstr(line, "# TYPE ")); line++)
        n_lines++;
    assert_int_equal(n_lines, 5);
    assert_non_null(strstr(text.data, "\na{x=\"2\"} 3\n# HELP b Sent as b.\n# TYPE b histogram\n"));
    assert_non_null(strstr(text.data, "\nself{n=\"2\"} 2\n# HELP sizes Of sizes.\n"));
    assert_non_null(strstr(text.data, "\nsizes_bucket{le=\"2\"} 4\nsizes_bucket{le=\"+Inf\"} 9\n"));
    messages = walk(&protobuf_writer, &collector);
    n_lines = 0;
    for (size_t at = 0; at < messages.len - 1; n_lines++) /* a NUL is added */
        at += next_message(&messages, at);
    assert_int_equal(n_lines, 5);
}

static void what_senders_write_cannot_break_a_help_line(void **state)
{
    const struct identity identity = {
        .type = SAMPLE_GAUGE, .family = SLICE("x"), .sent_as = SLICE("\\x\n# y"), .weight = 1
    };
    CLEANUP(buffer_deinit) struct buffer out = { 0 };
    struct admission admission;

    assert_int_equal(registry_admit(registry, 0, 0, &identity, &admission), VERDICT_APPLIED);
    out = walk(&text_writer, NULL);
    assert_string_equal(out.data, "# HELP x Sent as \\\\x\\n# y.\n# TYPE x gauge\nx 0\n");
    series_unref(cell_series(admission.cell));
}

/* Writes the unit of a family, and whether the others on the page have an "a" and a "self". */
static void write_what_it_knows(void *state, struct buffer *out,
                                const struct exposition_family *family)
{
    buffer_add_format(out, "%.*s in \"%.*s\" of %d and %d\n", (int)family->name.len,
                      family->name.at, (int)family->unit.len, family->unit.at,
                      snapshot_find(family->others, SLICE("a")) != NULL,
                      snapshot_find(family->others, SLICE("self")) != NULL);
}

static void write_nothing(void *state, struct buffer *out, const struct exposition_family *family,
                          const struct exposition_sample *sample)
{
}

static void write_no_histogram(void *state, struct buffer *out,
                               const struct exposition_family *family,
                               const struct exposition_histogram *histogram)
{
}

static void a_writer_learns_of_the_unit_and_of_the_other_families(void **state)
{
    static const struct exposition_writer writer = {
        .family = write_what_it_knows,
        .sample = write_nothing,
        .histogram = write_no_histogram,
    };
    const struct metric_spec spec = { .unit = SLICE("tons"), .ttl_ns = SPEC_TTL_DEFAULT };
    const struct identity identity = {
        .type = SAMPLE_GAUGE, .family = SLICE("a"), .spec = &spec, .weight = 1
    };
    CLEANUP(buffer_deinit) struct buffer out = { 0 };
    struct admission admission;

    push("b:1|c");
    assert_int_equal(registry_admit(registry, 0, 0, &identity, &admission), VERDICT_APPLIED);
    out = walk(&writer, &collector);
    assert_string_equal(out.data, "a in \"tons\" of 1 and 0\n"
                                  "b in \"\" of 1 and 0\n"
                                  "self in \"\" of 1 and 0\n"
                                  "sizes in \"\" of 1 and 0\n");
    series_unref(cell_series(admission.cell));
}

/* Three writers of when a series began. */
static void write_start(void *state, struct buffer *out, const struct exposition_family *family,
                        const struct exposition_sample *sample)
{
    buffer_add_format(out, " %.*s %ld", (int)family->name.len, family->name.at, sample->started_ms);
}

static void write_start_of_large(void *state, struct buffer *out,
                                 const struct exposition_family *family,
                                 const struct exposition_large *large)
{
    buffer_add_format(out, " %.*s %ld", (int)family->name.len, family->name.at, large->started_ms);
}

static void write_start_of_histogram(void *state, struct buffer *out,
                                     const struct exposition_family *family,
                                     const struct exposition_histogram *histogram)
{
    buffer_add_format(out, " %.*s %ld", (int)family->name.len, family->name.at,
                      histogram->started_ms);
}

static void write_no_family(void *state, struct buffer *out, const struct exposition_family *family)
{
}

static void a_writer_learns_when_each_series_began(void **state)
{
    static const struct exposition_writer writer = {
        .family = write_no_family,
        .sample = write_start,
        .large = write_start_of_large,
        .histogram = write_start_of_histogram,
    };
    const struct exposition_collector started = { collect, collected_labels, 99 };
    CLEANUP(buffer_deinit) struct buffer out = { 0 };
    struct snapshot *snapshot;

    push("a:1|c\nb:9007199254740992|c\nc:1|g\nd:1|h\ne:x|s");
    snapshot = registry_snapshot(registry);
    for (unsigned i = 0; i < snapshot->n_series; i++)
        snapshot->series[i]->started_ms = 10 + i;
    snapshot_unref(snapshot);
    out = walk(&writer, &started);
    assert_string_equal(out.data, " a 10 b 11 c 12 d 13 e 14 self 99 self 99 sizes 99");
}

/* --- chunks ------------------------------------------------------------------------------ */

/* The output of a walk in chunks of @enough bytes; each is long enough, except for the last two. */
static struct buffer walk_in_chunks(size_t enough)
{
    CLEANUP(exposition_freep)
    struct exposition *exposition = begin_walk(&recording_writer, &collector);
    CLEANUP(buffer_deinit) struct buffer chunk = { 0 };
    struct buffer out = { 0 };
    bool is_short = false;

    do {
        buffer_clear(&chunk);
        assert_int_equal(exposition_write(exposition, &chunk, enough), 0);
        assert_false(is_short && chunk.len > 0);
        is_short = chunk.len < enough;
        buffer_add(&out, buffer_text(&chunk));
    } while (chunk.len > 0);
    buffer_add_char(&out, '\0');
    return out;
}

static void push_some(void)
{
    push("a:3|c|#x:2\na:1|c\na:2|c|#x:1\nb.c:-4|g\nd:0.5|h|#y:1\nd:7|h|#y:2\ne:1|c\nf:1|c");
}

static void chunks_of_any_size_make_the_same_whole(void **state)
{
    CLEANUP(buffer_deinit) struct buffer whole = { 0 };

    push_some();
    whole = walk(&recording_writer, &collector);
    assert_true(whole.len > 300);
    for (size_t enough = 1; enough <= whole.len + 1; enough++) {
        CLEANUP(buffer_deinit) struct buffer out = walk_in_chunks(enough);

        assert_string_equal(out.data, whole.data);
    }
    assert_int_equal(n_ends, whole.len + 2);
}

static void a_chunk_ends_with_the_series_that_fills_it(void **state)
{
    CLEANUP(exposition_freep) struct exposition *exposition = NULL;
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push_some();
    exposition = begin_walk(&recording_writer, NULL);
    assert_int_equal(exposition_write(exposition, &out, 1), 0);
    assert_int_equal(n_series_seen, 1);
    /* Bytes that are already in the buffer count. */
    assert_int_equal(exposition_write(exposition, &out, out.len), 0);
    assert_int_equal(n_series_seen, 1);
    assert_int_equal(exposition_write(exposition, &out, out.len + 1), 0);
    assert_int_equal(n_series_seen, 2);
    assert_int_equal(n_families, 1);
}

static void values_are_those_of_the_moment_they_are_written(void **state)
{
    CLEANUP(exposition_freep) struct exposition *exposition = NULL;
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push("a:1|c|#x:1\na:1|c|#x:2");
    exposition = begin_walk(&recording_writer, NULL);
    assert_int_equal(exposition_write(exposition, &out, 1), 0);
    push("a:10|c|#x:1\na:10|c|#x:2\na:10|c|#x:3");
    assert_int_equal(exposition_write(exposition, &out, SIZE_MAX), 0);
    buffer_add_char(&out, '\0');
    assert_string_equal(out.data, "1 family a, counter: Sent as a.\n"
                                  "2 sample a{x=\"1\"} 1\n"
                                  "3 sample a{x=\"2\"} 11\n"
                                  "4 end\n");
}

static void a_chunk_is_flushed_when_it_is_complete(void **state)
{
    CLEANUP(exposition_freep) struct exposition *exposition = NULL;
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push("a:1|c\nb:1|c");
    exposition = begin_walk(&recording_writer, &collector);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(exposition_write(exposition, &out, out.len + 1), 0);
        assert_int_equal(n_flushes, i);
        assert_int_equal(flushed_len, out.len);
    }
    assert_int_equal(n_ends, 1);
}

static void when_it_has_ended_nothing_more_comes(void **state)
{
    CLEANUP(exposition_freep) struct exposition *exposition = NULL;
    CLEANUP(buffer_deinit) struct buffer out = { 0 };
    size_t len;

    push("a:1|c");
    exposition = begin_walk(&recording_writer, &collector);
    assert_int_equal(exposition_write(exposition, &out, SIZE_MAX), 0);
    len = out.len;
    push("b:1|c");
    assert_int_equal(exposition_write(exposition, &out, SIZE_MAX), 0);
    assert_int_equal(out.len, len);
    assert_int_equal(n_ends, 1);
    assert_int_equal(n_flushes, 1);
}

static void several_walks_do_not_know_of_each_other(void **state)
{
    CLEANUP(exposition_freep) struct exposition *first = NULL;
    CLEANUP(exposition_freep) struct exposition *second = NULL;
    CLEANUP(buffer_deinit) struct buffer a = { 0 };
    CLEANUP(buffer_deinit) struct buffer b = { 0 };

    push_some();
    first = begin_walk(&recording_writer, &collector);
    second = begin_walk(&recording_writer, &collector);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(exposition_write(first, &a, a.len + 1), 0);
        assert_int_equal(exposition_write(second, &b, b.len + 100), 0);
    }
    assert_true(a.len > 0 && slice_equal(buffer_text(&a), buffer_text(&b)));
}

static void a_walk_may_end_anywhere(void **state)
{
    struct exposition *exposition;
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push_some();
    exposition_free(begin_walk(&recording_writer, &collector));
    exposition = begin_walk(&recording_writer, &collector);
    assert_int_equal(exposition_write(exposition, &out, 50), 0);
    exposition_free(exposition);
    exposition_free(NULL);
    assert_int_equal(n_ends, 0);
}

/* --- without memory ----------------------------------------------------------------------- */

/* Whichever call finds no memory. */
static void without_memory_the_walk_ends(void **state)
{
    CLEANUP(buffer_deinit) struct buffer whole = { 0 };
    unsigned n_calls;

    push_some();
    whole = walk(&recording_writer, &collector);
    n_calls = n_families + n_series_seen + n_ends;
    n_ends = n_flushes = 0;
    for (fails_at = 1; fails_at <= n_calls; fails_at++) {
        CLEANUP(exposition_freep)
        struct exposition *exposition = begin_walk(&recording_writer, &collector);
        CLEANUP(buffer_deinit) struct buffer out = { 0 };
        unsigned n_before = n_series_seen;

        assert_int_equal(exposition_write(exposition, &out, SIZE_MAX), -ENOMEM);
        assert_true(fails_at > 1 || n_series_seen <= n_before + 1); /* it stopped there */
        n_before = n_families + n_series_seen + n_ends;
        buffer_clear(&out); /* which clears the failure; the walk remembers it */
        assert_int_equal(exposition_write(exposition, &out, SIZE_MAX), -ENOMEM);
        assert_int_equal(out.len, 0);
        assert_int_equal(n_families + n_series_seen + n_ends, n_before);
        assert_int_equal(n_ends, fails_at == n_calls);
        assert_int_equal(n_flushes, 0);
    }
}

static void there_is_no_walk_without_memory(void **state)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    struct exposition *mark = (struct exposition *)(uintptr_t)1, *exposition = mark;

    n_allocations_left = 0;
    assert_int_equal(exposition_new(&exposition, &recording_writer, snapshot, NULL), -ENOMEM);
    assert_ptr_equal(exposition, mark);
    snapshot_unref(snapshot);
}

static void a_help_text_needs_memory_too(void **state)
{
    CLEANUP(exposition_freep) struct exposition *exposition = NULL;
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push("a:1|c");
    exposition = begin_walk(&recording_writer, NULL);
    assert_true(buffer_reserve(&out, 4096));
    n_allocations_left = 0;
    assert_int_equal(exposition_write(exposition, &out, SIZE_MAX), -ENOMEM);
}

static void a_set_that_cannot_be_read_is_left_out(void **state)
{
    CLEANUP(exposition_freep) struct exposition *exposition = NULL;
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    push("a:1|c\ns:x|s\nz:1|g");
    exposition = begin_walk(&recording_writer, NULL);
    is_calloc_failing = true;
    assert_int_equal(exposition_write(exposition, &out, SIZE_MAX), 0);
    buffer_add_char(&out, '\0');
    assert_string_equal(out.data, "1 family a, counter: Sent as a.\n"
                                  "2 sample a{} 1\n"
                                  "3 family z, gauge: Sent as z.\n"
                                  "4 sample z{} 1\n"
                                  "5 end\n");
}

static void a_large_counter_is_exact_where_the_writer_can_show_it(void **state)
{
    CLEANUP(buffer_deinit) struct buffer exact = { 0 }, nearest = { 0 };

    push("a:9007199254740992:1|c");
    exact = walk(&text_writer, NULL);
    assert_non_null(strstr(exact.data, "\na 9007199254740993\n"));
    nearest = walk(&recording_writer, NULL);
    assert_non_null(strstr(nearest.data, "sample a{} 9.0072e+15\n"));
}

static int begin_case(void **state)
{
    is_calloc_failing = false;
    n_families = n_series_seen = n_ends = n_flushes = fails_at = 0;
    flushed_len = 0;
    return begin(state);
}

static int end_case(void **state)
{
    n_allocations_left = MANY;
    is_calloc_failing = false;
    return end(state);
}

static int make_all_buckets(void **state)
{
    int r = make_buckets(state);

    return r < 0 ? r : buckets_new(&own_buckets, (const double[]){ 1, 2 }, 2);
}

static int free_all_buckets(void **state)
{
    buckets_free(own_buckets);
    return free_buckets(state);
}

#define EXPOSITION_CASE(name) cmocka_unit_test_setup_teardown(name, begin_case, end_case)

int main(void)
{
    const struct CMUnitTest cases[] = {
        EXPOSITION_CASE(passes_each_family_once_and_then_its_series),
        EXPOSITION_CASE(help_says_when_a_name_has_several_spellings),
        EXPOSITION_CASE(of_nothing_there_is_only_the_end),
        EXPOSITION_CASE(what_is_collected_comes_last),
        EXPOSITION_CASE(all_writers_see_the_same),
        EXPOSITION_CASE(a_writer_learns_of_the_unit_and_of_the_other_families),
        EXPOSITION_CASE(a_writer_learns_when_each_series_began),
        EXPOSITION_CASE(what_senders_write_cannot_break_a_help_line),
        EXPOSITION_CASE(chunks_of_any_size_make_the_same_whole),
        EXPOSITION_CASE(a_chunk_ends_with_the_series_that_fills_it),
        EXPOSITION_CASE(values_are_those_of_the_moment_they_are_written),
        EXPOSITION_CASE(a_chunk_is_flushed_when_it_is_complete),
        EXPOSITION_CASE(when_it_has_ended_nothing_more_comes),
        EXPOSITION_CASE(several_walks_do_not_know_of_each_other),
        EXPOSITION_CASE(a_walk_may_end_anywhere),
        EXPOSITION_CASE(without_memory_the_walk_ends),
        EXPOSITION_CASE(there_is_no_walk_without_memory),
        EXPOSITION_CASE(a_help_text_needs_memory_too),
        EXPOSITION_CASE(a_set_that_cannot_be_read_is_left_out),
        EXPOSITION_CASE(a_large_counter_is_exact_where_the_writer_can_show_it),
    };

    return cmocka_run_group_tests(cases, make_all_buckets, free_all_buckets);
}
