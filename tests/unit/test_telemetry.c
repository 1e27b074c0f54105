/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/clock.h"
#include "base/telemetry.h"

#include <pthread.h>
#include <stdio.h>

static void counts_show_when_they_are_published(void **state)
{
    struct telemetry_row row = { 0 };
    uint64_t counts[_TELEMETRY_N];

    for (unsigned i = 0; i < _TELEMETRY_N; i++)
        row.counts[i] = i + 1;
    telemetry_read(&row, counts);
    for (unsigned i = 0; i < _TELEMETRY_N; i++)
        assert_int_equal(counts[i], 0);
    telemetry_publish(&row);
    row.counts[0] = 100;
    telemetry_read(&row, counts);
    for (unsigned i = 0; i < _TELEMETRY_N; i++)
        assert_int_equal(counts[i], i + 1);
}

static void publishing_again_shows_the_newer_counts(void **state)
{
    struct telemetry_row row = { 0 };
    uint64_t counts[_TELEMETRY_N];

    for (uint64_t i = 1; i < 100; i++) {
        row.counts[TELEMETRY_LINES] += UINT64_C(1) << 40;
        row.counts[TELEMETRY_KEYS] = 100 - i;
        telemetry_publish(&row);
        telemetry_read(&row, counts);
        assert_int_equal(counts[TELEMETRY_LINES], i << 40);
        assert_int_equal(counts[TELEMETRY_KEYS], 100 - i);
    }
}

/* The bucket that a batch was counted in; exactly one. */
static unsigned bucket_of(unsigned n_datagrams)
{
    struct telemetry_row row = { 0 };
    unsigned bucket = TELEMETRY_BATCH_BUCKETS;
    uint64_t n_counted = 0;

    telemetry_count_batch(&row, n_datagrams);
    for (unsigned i = 0; i < TELEMETRY_BATCH_BUCKETS; i++) {
        n_counted += row.counts[TELEMETRY_BATCHES + i];
        if (row.counts[TELEMETRY_BATCHES + i])
            bucket = i;
    }
    assert_int_equal(n_counted, 1);
    return bucket;
}

static void batches_are_counted_by_size(void **state)
{
    unsigned upper = 1;

    for (unsigned bucket = 0; bucket < TELEMETRY_BATCH_BUCKETS; bucket++, upper *= 2) {
        assert_int_equal(bucket_of(upper), bucket);
        assert_int_equal(bucket_of(upper / 2 + 1), bucket);
    }
}

static void a_huge_batch_is_counted_too(void **state)
{
    assert_int_equal(bucket_of(129), TELEMETRY_BATCH_BUCKETS - 1);
    assert_int_equal(bucket_of(UINT32_MAX), TELEMETRY_BATCH_BUCKETS - 1);
}

static void an_item_has_its_own_counter(void **state)
{
    assert_true(telemetry_n_items > 0);
    for (unsigned i = 0; i < telemetry_n_items; i++) {
        assert_true(telemetry_items[i].counter < TELEMETRY_BATCHES);
        for (unsigned j = 0; j < i; j++)
            assert_true(telemetry_items[i].counter != telemetry_items[j].counter);
    }
}

static void an_item_has_its_own_name_and_labels(void **state)
{
    for (unsigned i = 0; i < telemetry_n_items; i++) {
        const struct telemetry_item *item = &telemetry_items[i];

        assert_int_equal(strncmp(item->family, "udometer_", 9), 0);
        assert_true(item->help[0] != 0);
        assert_null(strpbrk(item->labels, "{}\n"));
        for (unsigned j = 0; j < i; j++)
            assert_false(strcmp(item->family, telemetry_items[j].family) == 0 &&
                         strcmp(item->labels, telemetry_items[j].labels) == 0);
    }
}

static void items_of_one_family_stand_together_and_share_their_help(void **state)
{
    for (unsigned i = 1; i < telemetry_n_items; i++) {
        const struct telemetry_item *item = &telemetry_items[i], *before = item - 1;

        if (strcmp(item->family, before->family) == 0) {
            assert_string_equal(item->help, before->help);
            continue;
        }
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(item->family, telemetry_items[j].family);
    }
}

/* Is the counter exposed under this name, with these labels? */
static bool is_exposed(unsigned counter, const char *family, const char *labels)
{
    for (unsigned i = 0; i < telemetry_n_items; i++)
        if (telemetry_items[i].counter == counter)
            return strcmp(telemetry_items[i].family, family) == 0 &&
                   strcmp(telemetry_items[i].labels, labels) == 0;
    return false;
}

static void every_refusal_is_exposed_with_its_reason(void **state)
{
#define X(id, name)                                                                                \
    assert_true(is_exposed(TELEMETRY_VERDICTS + REFUSED_##id, "udometer_refused_total",            \
                           "reason=\"" #name "\""));
    REFUSALS(X)
#undef X
}

/* lines + packed = applied + refused + skipped, where "applied" is the sum over the types. */
static void every_term_of_the_sum_is_exposed(void **state)
{
    static const unsigned terms[] = { TELEMETRY_LINES, TELEMETRY_PACKED,
                                      TELEMETRY_VERDICTS + SKIPPED_EVENT,
                                      TELEMETRY_VERDICTS + SKIPPED_SERVICE_CHECK };
    unsigned n_found = 0, n_samples = 0;

    for (unsigned i = 0; i < telemetry_n_items; i++) {
        unsigned counter = telemetry_items[i].counter;

        for (size_t j = 0; j < ARRAY_SIZE(terms); j++)
            n_found += counter == terms[j];
        n_samples += counter >= TELEMETRY_SAMPLES && counter < TELEMETRY_VERDICTS;
        n_samples += counter == TELEMETRY_VERDICTS + VERDICT_APPLIED ? _SAMPLE_TYPE_N : 0;
    }
    assert_int_equal(n_found, ARRAY_SIZE(terms));
    assert_true(n_samples >= _SAMPLE_TYPE_N);
}

/* The names that proto/README.md promises. */
static void what_the_protocol_promises_is_exposed(void **state)
{
    assert_true(is_exposed(TELEMETRY_LINES, "udometer_lines_total", ""));
    assert_true(is_exposed(TELEMETRY_PACKED, "udometer_packed_samples_total", ""));
    assert_true(is_exposed(TELEMETRY_TAG_ERRORS, "udometer_tag_errors_total", ""));
    assert_true(is_exposed(TELEMETRY_UNKNOWN_SECTIONS, "udometer_unknown_sections_total", ""));
    assert_true(is_exposed(TELEMETRY_RATE_ERRORS, "udometer_sample_errors_total",
                           "reason=\"invalid_sample_factor\""));
    assert_true(
        is_exposed(TELEMETRY_SAMPLES + SAMPLE_SET, "udometer_samples_total", "type=\"set\""));
    assert_true(
        is_exposed(TELEMETRY_SAMPLES + SAMPLE_END, "udometer_samples_total", "type=\"expire\""));
}

/* What there is now; web/selfmetrics.c shows it for each worker. */
static bool is_level(unsigned counter)
{
    return counter == TELEMETRY_KEYS || counter == TELEMETRY_CONNECTIONS;
}

static bool is_summed(unsigned counter)
{
    for (unsigned i = 0; i < telemetry_n_items; i++)
        if (telemetry_items[i].counter == counter)
            return true;
    return false;
}

/* The samples applied are exposed by type, so their sum need not be. */
static void all_but_levels_are_summed_over_the_workers(void **state)
{
    for (unsigned counter = 0; counter < TELEMETRY_BATCHES; counter++)
        if (counter != TELEMETRY_VERDICTS + VERDICT_APPLIED &&
            is_summed(counter) == is_level(counter))
            fail_msg("counter %u is %s telemetry_items", counter,
                     is_level(counter) ? "a level, and yet among" : "not among");
}

static struct telemetry_row shared;
static _Atomic bool is_done;

/* The owner: all counts are equal whenever they are published. */
static void *publish_equal_counts(void *ctx)
{
    while (!is_done) {
        for (unsigned i = 0; i < _TELEMETRY_N; i++)
            shared.counts[i]++;
        telemetry_publish(&shared);
    }
    return NULL;
}

/* Read for that long. Returns how many rows were torn, or older than one read before. */
static uint64_t read_for(int64_t ns)
{
    uint64_t counts[_TELEMETRY_N], last = 0, n_wrong = 0;

    for (int64_t end_ns = clock_monotonic_ns() + ns; clock_monotonic_ns() < end_ns;) {
        telemetry_read(&shared, counts);
        for (unsigned i = 1; i < _TELEMETRY_N; i++)
            n_wrong += counts[i] != counts[0];
        n_wrong += counts[0] < last;
        last = counts[0];
    }
    return n_wrong;
}

static void a_reader_never_sees_a_torn_row(void **state)
{
    uint64_t counts[_TELEMETRY_N], n_wrong;
    pthread_t owner;

    assert_int_equal(pthread_create(&owner, NULL, publish_equal_counts, NULL), 0);
    n_wrong = read_for(300 * CLOCK_NS_PER_MS);
    is_done = true;
    pthread_join(owner, NULL);
    assert_int_equal(n_wrong, 0);
    telemetry_read(&shared, counts);
    assert_true(counts[0] > 0);
    assert_int_equal(counts[0], shared.counts[0]);
}

static void sums_what_each_row_has_published(void **state)
{
    static struct telemetry_row rows[3];
    uint64_t sums[_TELEMETRY_N];

    for (unsigned i = 0; i < 3; i++) {
        rows[i].counts[TELEMETRY_LINES] = 10 + i;
        telemetry_publish(&rows[i]);
    }
    rows[2].counts[TELEMETRY_LINES] = 1000; /* not published yet */
    telemetry_sum(rows, 3, sums);
    assert_int_equal(sums[TELEMETRY_LINES], 33);
    assert_int_equal(sums[TELEMETRY_DATAGRAMS], 0);
    telemetry_sum(rows, 0, sums);
    assert_int_equal(sums[TELEMETRY_LINES], 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(counts_show_when_they_are_published),
        CASE(publishing_again_shows_the_newer_counts),
        CASE(batches_are_counted_by_size),
        CASE(a_huge_batch_is_counted_too),
        CASE(an_item_has_its_own_counter),
        CASE(an_item_has_its_own_name_and_labels),
        CASE(items_of_one_family_stand_together_and_share_their_help),
        CASE(every_refusal_is_exposed_with_its_reason),
        CASE(every_term_of_the_sum_is_exposed),
        CASE(what_the_protocol_promises_is_exposed),
        CASE(all_but_levels_are_summed_over_the_workers),
        CASE(a_reader_never_sees_a_torn_row),
        CASE(sums_what_each_row_has_published),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
