/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Quantiles are compared with those of all values, sorted. Values come from a generator with fixed
 * seeds, so each run is the same.
 */

#include "unit.h"

#include "aggregate/ddsketch.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#define N 20000

/* Rounding may add this to the error of a bin, which is the stated one. */
#define ACCURACY (DDSKETCH_ACCURACY * (1 + 1e-9))

static uint64_t seed;
static double values[N];
static unsigned n_values;
static struct ddsketch *sketch;

static uint64_t next_random(void)
{
    uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* From 0 to 1, and neither of them. */
static double uniform(void)
{
    return ((double)(int64_t)(next_random() >> 12) + 0.5) * 0x1p-52;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

static int begin(void **state)
{
    seed = 1;
    n_values = 0;
    sketch = NULL;
    return 0;
}

static int end(void **state)
{
    free(sketch);
    return 0;
}

/* As an owner does it. */
static void count(int32_t index, unsigned row, uint64_t n, unsigned n_rows, unsigned max_bins)
{
    struct ddsketch *other;

    if (sketch && ddsketch_add(sketch, row, index, n))
        return;
    other = ddsketch_extend(sketch, n_rows, max_bins, index, n);
    assert_non_null(other);
    if (other != sketch)
        free(sketch);
    sketch = other;
    assert_true(sketch->n_bins <= max_bins);
    assert_true(ddsketch_add(sketch, row, index, n));
}

static void add(double value)
{
    values[n_values++] = value;
    count(ddsketch_index(value), n_values % 3, 1, 3, DDSKETCH_BINS_MAX);
}

static void sum_up(struct ddsketch_sum *sum)
{
    ddsketch_sum_init(sum, &sketch, 1);
    for (unsigned row = 0; row < sketch->n_rows; row++)
        ddsketch_sum_add(sum, sketch, row);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

/* Each rank from @first on has its value, but for the stated error. */
static void assert_ranks_from(unsigned first)
{
    struct ddsketch_sum sum;

    qsort(values, n_values, sizeof(values[0]), compare);
    sum_up(&sum);
    assert_int_equal(sum.n, n_values);
    for (unsigned rank = first; rank < n_values; rank += 1 + n_values / 500) {
        double value = ddsketch_sum_value(&sum, rank);

        if (fabs(value - values[rank]) > ACCURACY * values[rank])
            fail_msg("rank %u of %u is %.17g instead of %.17g", rank, n_values, value,
                     values[rank]);
    }
}

/* --- bins ------------------------------------------------------------------------------- */

static void assert_accurate(double magnitude)
{
    double value = ddsketch_value(ddsketch_index(magnitude));

    if (fabs(value - magnitude) > ACCURACY * magnitude)
        fail_msg("%.17g is in the bin of %.17g", magnitude, value);
}

static void the_value_of_a_bin_is_within_the_accuracy_of_all_that_it_holds(void **state)
{
    for (unsigned i = 0; i < 1000000; i++) {
        uint64_t bits = next_random() & INT64_MAX;
        double magnitude;

        memcpy(&magnitude, &bits, sizeof(magnitude));
        if (magnitude >= DDSKETCH_LEAST && isfinite(magnitude))
            assert_accurate(magnitude);
    }
    assert_accurate(DDSKETCH_LEAST);
    assert_accurate(DBL_MAX);
    assert_true(isfinite(ddsketch_value(ddsketch_index(DBL_MAX))));
}

/* Near the edges of bins, where the error is largest. */
static void also_at_the_edges_of_each_bin(void **state)
{
    double magnitude = 1;

    for (int32_t index = ddsketch_index(1); magnitude < 16; index++) {
        while (ddsketch_index(magnitude) == index)
            magnitude *= 1 + 1e-6;
        assert_int_equal(ddsketch_index(magnitude), index + 1);
        assert_accurate(magnitude);
        assert_accurate(magnitude * (1 - 1e-6));
    }
}

static void bins_are_in_the_order_of_their_magnitudes(void **state)
{
    int32_t last = 0;

    for (double magnitude = DDSKETCH_LEAST; isfinite(magnitude); magnitude *= 1.001) {
        assert_in_range(ddsketch_index(magnitude), last, last + 1 + (last == 0 ? 100 : 0));
        last = ddsketch_index(magnitude);
    }
    assert_in_range(last, 71600, 71642);
}

/* --- quantiles -------------------------------------------------------------------------- */

static void is_accurate_for_uniform_values(void **state)
{
    while (n_values < N)
        add(uniform() * 1000);
    assert_ranks_from(0);
}

static void is_accurate_for_log_normal_values(void **state)
{
    while (n_values < N)
        add(exp(2 * normal()));
    assert_ranks_from(0);
}

static void is_accurate_for_bimodal_values(void **state)
{
    while (n_values < N)
        add(n_values % 10 ? 0.002 * exp(normal() / 10) : 30 * exp(normal() / 10));
    assert_ranks_from(0);
}

static void is_accurate_for_one_value(void **state)
{
    for (unsigned i = 0; i < 1000; i++)
        add(0.1);
    assert_ranks_from(0);
}

static void is_accurate_for_values_that_grow(void **state)
{
    for (double value = 1e-5; value < 1e-5 * DDSKETCH_SPAN; value *= 1.01)
        add(value);
    assert_ranks_from(0);
}

static void is_accurate_for_values_that_shrink(void **state)
{
    for (double value = 1e-5 * DDSKETCH_SPAN; value > 1e-5; value /= 1.01)
        add(value);
    assert_ranks_from(0);
}

/* The extremes first, and then everything between them. */
static void is_accurate_for_values_from_both_ends(void **state)
{
    for (double low = 1, high = DDSKETCH_SPAN; low < high; low *= 1.01, high /= 1.01) {
        add(low);
        add(high);
    }
    assert_ranks_from(0);
}

/* --- too many bins ---------------------------------------------------------------------- */

static void values_too_far_below_the_largest_count_as_the_lowest_bin(void **state)
{
    struct ddsketch_sum sum;

    for (unsigned i = 0; i < 100; i++)
        add(i < 50 ? 1e-300 : 1 + i);
    assert_int_equal(sketch->n_bins, DDSKETCH_BINS_MAX);
    assert_ranks_from(50);
    sum_up(&sum);
    assert_true(ddsketch_sum_value(&sum, 0) < 100 / DDSKETCH_SPAN);
    assert_true(ddsketch_sum_value(&sum, 0) > 1e-300);
}

static void the_largest_stay_accurate_whatever_comes(void **state)
{
    while (n_values < N)
        add(n_values % 2 ? exp(1400 * uniform() - 700) : 1e300 * (1 + uniform()));
    assert_int_equal(sketch->n_bins, DDSKETCH_BINS_MAX);
    assert_ranks_from(N / 2);
}

static void a_growing_maximum_seldom_moves_the_bins(void **state)
{
    unsigned n_moved = 0, n = 0;

    for (double value = 1e-300; value < 1e300; value *= 1.03, n++) {
        int32_t first = sketch ? sketch->first : 0;

        count(ddsketch_index(value), 0, 1, 1, DDSKETCH_BINS_MAX);
        n_moved += sketch->first != first;
    }
    assert_true(n > 40000);
    assert_true(n_moved < n / 15);
}

static void a_value_that_is_too_low_does_not_search_for_room_again(void **state)
{
    count(ddsketch_index(1e10), 0, 1, 1, DDSKETCH_BINS_MAX);
    assert_false(ddsketch_add(sketch, 0, ddsketch_index(1e-10), 1));
    count(ddsketch_index(1e-10), 0, 1, 1, DDSKETCH_BINS_MAX);
    assert_true(ddsketch_add(sketch, 0, ddsketch_index(1e-20), 1));
    /* A row that was cleared may have room. */
    ddsketch_clear_row(sketch, 0);
    assert_false(ddsketch_add(sketch, 0, ddsketch_index(1e-20), 1));
}

static void has_fewer_bins_when_it_must_shrink(void **state)
{
    struct ddsketch *smaller;

    for (double value = 1; value < DDSKETCH_SPAN; value *= 1.01)
        add(value);
    smaller = ddsketch_shrink(sketch, DDSKETCH_BINS_MAX / 2);
    assert_ptr_not_equal(smaller, sketch);
    free(sketch);
    sketch = smaller;
    assert_int_equal(sketch->n_bins, DDSKETCH_BINS_MAX / 2);
    /* Half of the bins cover 4.4 decades. */
    assert_ranks_from(n_values - n_values / 2);
}

/* --- counts ----------------------------------------------------------------------------- */

static void counts_beyond_32_bits(void **state)
{
    struct ddsketch_sum sum;

    for (unsigned i = 0; i < 10; i++) {
        count(ddsketch_index(1), 0, 1000000000, 2, DDSKETCH_BINS_MAX);
        count(ddsketch_index(1000), 1, 1, 2, DDSKETCH_BINS_MAX);
    }
    assert_true(sketch->is_wide);
    sum_up(&sum);
    assert_true(sum.n == UINT64_C(10000000010));
    assert_true(fabs(ddsketch_sum_value(&sum, sum.n - 11) - 1) < 0.011);
    assert_true(fabs(ddsketch_sum_value(&sum, sum.n - 10) - 1000) < 10.1);
}

static void never_takes_more_than_the_stated_bytes(void **state)
{
    for (unsigned i = 0; i < 5000; i++) {
        count(ddsketch_index(exp(1400 * uniform() - 700)), i % 5, 1 + next_random() % 1000000000, 5,
              DDSKETCH_BINS_MAX);
        assert_true(sizeof(*sketch) + (size_t)5 * sketch->n_bins * (sketch->is_wide ? 8 : 4) <=
                    DDSKETCH_BYTES_MAX(5));
    }
}

static void is_small_for_values_of_one_size(void **state)
{
    for (unsigned i = 0; i < 1000; i++)
        add(0.1 + 0.01 * uniform());
    assert_int_equal(sketch->n_bins, 16);
}

/* --- merging ---------------------------------------------------------------------------- */

static void a_merged_sketch_is_as_accurate(void **state)
{
    struct ddsketch *sketches[3] = { NULL }, *all[4];
    struct ddsketch_sum sum;

    for (unsigned i = 0; i < 3; i++) {
        sketch = NULL;
        while (n_values < (i + 1) * (N / 3))
            add(exp(normal() + 3 * i));
        sketches[i] = sketch;
    }
    memcpy(all, sketches, sizeof(sketches));
    all[3] = NULL;
    ddsketch_sum_init(&sum, all, 4);
    for (unsigned i = 0; i < 3; i++)
        for (unsigned row = 0; row < 3; row++)
            ddsketch_sum_add(&sum, sketches[i], row);
    qsort(values, n_values, sizeof(values[0]), compare);
    assert_int_equal(sum.n, n_values);
    for (unsigned rank = 0; rank < n_values; rank += 7)
        assert_true(fabs(ddsketch_sum_value(&sum, rank) - values[rank]) <= ACCURACY * values[rank]);
    free(sketches[0]);
    free(sketches[1]);
}

static void a_sum_of_ranges_too_far_apart_keeps_the_largest(void **state)
{
    struct ddsketch *sketches[2];
    struct ddsketch_sum sum;

    add(1e-300);
    sketches[0] = sketch;
    sketch = NULL;
    add(1e300);
    sketches[1] = sketch;
    ddsketch_sum_init(&sum, sketches, 2);
    for (unsigned i = 0; i < 2; i++)
        for (unsigned row = 0; row < 3; row++)
            ddsketch_sum_add(&sum, sketches[i], row);
    assert_int_equal(sum.n, 2);
    assert_true(ddsketch_sum_value(&sum, 0) < 1e290);
    assert_true(fabs(ddsketch_sum_value(&sum, 1) - 1e300) < 1e298);
    free(sketches[0]);
}

static void a_sum_of_nothing_has_no_observations(void **state)
{
    struct ddsketch *none = NULL;
    struct ddsketch_sum sum;

    ddsketch_sum_init(&sum, &none, 1);
    assert_int_equal(sum.n, 0);
}

#define SKETCH_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        SKETCH_CASE(the_value_of_a_bin_is_within_the_accuracy_of_all_that_it_holds),
        SKETCH_CASE(also_at_the_edges_of_each_bin),
        SKETCH_CASE(bins_are_in_the_order_of_their_magnitudes),
        SKETCH_CASE(is_accurate_for_uniform_values),
        SKETCH_CASE(is_accurate_for_log_normal_values),
        SKETCH_CASE(is_accurate_for_bimodal_values),
        SKETCH_CASE(is_accurate_for_one_value),
        SKETCH_CASE(is_accurate_for_values_that_grow),
        SKETCH_CASE(is_accurate_for_values_that_shrink),
        SKETCH_CASE(is_accurate_for_values_from_both_ends),
        SKETCH_CASE(values_too_far_below_the_largest_count_as_the_lowest_bin),
        SKETCH_CASE(the_largest_stay_accurate_whatever_comes),
        SKETCH_CASE(a_growing_maximum_seldom_moves_the_bins),
        SKETCH_CASE(a_value_that_is_too_low_does_not_search_for_room_again),
        SKETCH_CASE(has_fewer_bins_when_it_must_shrink),
        SKETCH_CASE(counts_beyond_32_bits),
        SKETCH_CASE(never_takes_more_than_the_stated_bytes),
        SKETCH_CASE(is_small_for_values_of_one_size),
        SKETCH_CASE(a_merged_sketch_is_as_accurate),
        SKETCH_CASE(a_sum_of_ranges_too_far_apart_keeps_the_largest),
        SKETCH_CASE(a_sum_of_nothing_has_no_observations),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
