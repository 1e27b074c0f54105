/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "aggregate/counter.h"
#include "aggregate/gauge.h"
#include "aggregate/histogram.h"
#include "aggregate/series.h"

static struct buckets *buckets;

static struct family *new_family(const char *name, enum sample_type type)
{
    struct identity identity = { .type = type, .family = slice_of(name), .sent_as = SLICE("x") };
    struct family *family = family_new(&identity, buckets);

    assert_non_null(family);
    return family;
}

/* A series of a family of its own. */
static struct series *new_series(const char *name, enum sample_type type, const char *labels)
{
    struct series *series = series_new(new_family(name, type), slice_of(labels), 3);

    assert_non_null(series);
    return series;
}

static struct cell *add_cell(struct series *series, unsigned worker)
{
    struct cell *cell = cell_new(series, series->family->type, series->family->buckets);

    assert_non_null(cell);
    atomic_store(&series->cells[worker], cell);
    return cell;
}

static struct reading read_series(struct series *series)
{
    struct reading reading;

    memset(&reading, 0x5a, sizeof(reading));
    series_read(series, &reading);
    return reading;
}

static void a_new_series_has_one_reference_and_no_cells(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "a=\"1\"");

    assert_int_equal(series->refs, 1);
    assert_int_equal(series->n_cells, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_null(series->cells[i]);
    assert_int_equal(series->family->refs, 1);
    assert_false(series->is_dying);
    assert_false(series->is_removed);
    series_unref(series);
}

static void copies_the_labels(void **state)
{
    char labels[] = "a=\"1\"";
    struct series *series = new_series("x", SAMPLE_COUNTER, labels);

    memset(labels, '#', sizeof(labels) - 1);
    assert_slice_equal(series->labels, "a=\"1\"");
    series_unref(series);
}

static void says_how_many_bytes_it_takes(void **state)
{
    size_t empty = series_size(SLICE(""), 0);

    assert_true(empty >= sizeof(struct series));
    assert_int_equal(series_size(SLICE("abc"), 0), empty + 3);
    assert_int_equal(series_size(SLICE(""), 4), empty + 4 * sizeof(struct cell *));
}

static void a_reading_without_cells_is_0(void **state)
{
    struct series *counter = new_series("x", SAMPLE_COUNTER, "");
    struct series *gauge = new_series("x", SAMPLE_GAUGE, "");
    struct series *histogram = new_series("x", SAMPLE_TIMER, "");

    assert_true(read_series(counter).value == 0);
    assert_true(read_series(gauge).value == 0);
    assert_true(read_series(histogram).sum == 0);
    for (unsigned i = 0; i <= buckets->n; i++)
        assert_int_equal(read_series(histogram).counts[i], 0);
    series_unref(histogram);
    series_unref(gauge);
    series_unref(counter);
}

static void a_counter_is_the_sum_over_its_cells(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");
    struct counter_cell *first = (struct counter_cell *)add_cell(series, 0);
    struct counter_cell *last = (struct counter_cell *)add_cell(series, 2);

    assert_int_equal(counter_record(first, 1.5, 1), VERDICT_APPLIED);
    assert_int_equal(counter_record(last, 2, 1), VERDICT_APPLIED);
    assert_true(read_series(series).value == 3.5);
    series_unref(series);
}

static void a_gauge_is_its_newest_set(void **state)
{
    struct series *series = new_series("x", SAMPLE_GAUGE, "");
    struct gauge_cell *first = (struct gauge_cell *)add_cell(series, 0);
    struct gauge_cell *last = (struct gauge_cell *)add_cell(series, 2);

    gauge_set(first, 7, 20);
    gauge_set(last, 5, 10);
    assert_int_equal(gauge_add(last, series->cells, 3, 1, 30), VERDICT_APPLIED);
    assert_true(read_series(series).value == 8);
    series_unref(series);
}

static void a_histogram_is_the_sum_over_its_cells(void **state)
{
    struct series *series = new_series("x", SAMPLE_HISTOGRAM, "");
    struct histogram_cell *first = (struct histogram_cell *)add_cell(series, 1);
    struct histogram_cell *last = (struct histogram_cell *)add_cell(series, 2);
    struct reading reading;

    assert_int_equal(histogram_record(first, buckets, 1, 2), VERDICT_APPLIED);
    assert_int_equal(histogram_record(last, buckets, 99, 1), VERDICT_APPLIED);
    reading = read_series(series);
    assert_true(reading.sum == 101);
    assert_int_equal(reading.counts[7], 2);
    assert_int_equal(reading.counts[11], 1);
    series_unref(series);
}

static void was_touched_when_the_newest_cell_was(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");

    assert_int_equal(series_touched_s(series), 0);
    atomic_store(&add_cell(series, 1)->touched_s, 7);
    assert_int_equal(series_touched_s(series), 7);
    atomic_store(&add_cell(series, 0)->touched_s, UINT32_MAX);
    atomic_store(&add_cell(series, 2)->touched_s, 3);
    assert_int_equal(series_touched_s(series), UINT32_MAX);
    series_unref(series);
}

static void lives_until_the_last_reference_goes(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");
    struct family *family = series->family;

    family_ref(family);
    add_cell(series, 0);
    series_ref(series);
    series_ref(series);
    series_unref(series);
    series_unref(series);
    assert_int_equal(series->refs, 1);
    assert_true(read_series(series).value == 0);
    series_unref(series);
    assert_int_equal(family->refs, 1);
    family_unref(family);
}

static void free_does_not_ask_for_references(void **state)
{
    struct series *series = new_series("x", SAMPLE_COUNTER, "");

    add_cell(series, 1);
    series_ref(series);
    series_free(series);
}

static void assert_before(const char *name, const char *labels, const char *next_name,
                          const char *next_labels)
{
    struct series *first = new_series(name, SAMPLE_COUNTER, labels);
    struct series *second = new_series(next_name, SAMPLE_GAUGE, next_labels);

    assert_true(series_compare(first, second) < 0);
    assert_true(series_compare(second, first) > 0);
    assert_true(series_compare(first, first) == 0);
    series_unref(second);
    series_unref(first);
}

static void sorts_by_name_then_by_labels_as_bytes(void **state)
{
    assert_before("a", "z=\"1\"", "b", "a=\"1\"");
    assert_before("a", "", "aa", "");
    assert_before("Z", "", "a", "");
    assert_before("a", "", "a", "x=\"1\"");
    assert_before("a", "x=\"1\"", "a", "x=\"10\"");
    assert_before("a", "x=\"a\"", "a", "x=\"\xc3\xa4\"");
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

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_new_series_has_one_reference_and_no_cells),
        CASE(copies_the_labels),
        CASE(says_how_many_bytes_it_takes),
        CASE(a_reading_without_cells_is_0),
        CASE(a_counter_is_the_sum_over_its_cells),
        CASE(a_gauge_is_its_newest_set),
        CASE(a_histogram_is_the_sum_over_its_cells),
        CASE(was_touched_when_the_newest_cell_was),
        CASE(lives_until_the_last_reference_goes),
        CASE(free_does_not_ask_for_references),
        CASE(sorts_by_name_then_by_labels_as_bytes),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
