/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "aggregate/counter.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

static void assert_total(struct counter_cell *counter, double expected)
{
    _Atomic(struct cell *) cells[] = { &counter->cell };
    struct reading reading;

    counter_read(cells, 1, NULL, &reading);
    if (reading.value != expected)
        fail_msg("total is %.17g, not %.17g", reading.value, expected);
}

/* The exact text of the sum of @n counters, as a page shows it. */
static void assert_whole(struct counter_cell *counters, unsigned n, uint64_t expected)
{
    _Atomic(struct cell *) cells[CELLS_MAX];
    struct reading reading;

    for (unsigned i = 0; i < n; i++)
        cells[i] = &counters[i].cell;
    counter_read(cells, n, NULL, &reading);
    if (reading.whole != expected || reading.value != (double)expected)
        fail_msg("%" PRIu64 " and %.17g, not %" PRIu64, reading.whole, reading.value, expected);
}

static void add(struct counter_cell *counter, double amount)
{
    if (counter_record(counter, amount) != VERDICT_APPLIED)
        fail_msg("%.17g is refused", amount);
}

static void begins_at_0(void **state)
{
    struct counter_cell counter = { 0 };

    assert_total(&counter, 0);
}

static void adds_up(void **state)
{
    struct counter_cell counter = { 0 };

    assert_int_equal(counter_record(&counter, 1), VERDICT_APPLIED);
    assert_int_equal(counter_record(&counter, 2.5), VERDICT_APPLIED);
    assert_int_equal(counter_record(&counter, 0), VERDICT_APPLIED);
    assert_total(&counter, 3.5);
}

static void an_overflow_is_refused_and_changes_nothing(void **state)
{
    struct counter_cell counter = { 0 };

    assert_int_equal(counter_record(&counter, DBL_MAX), VERDICT_APPLIED);
    assert_int_equal(counter_record(&counter, DBL_MAX), REFUSED_VALUE_OVERFLOW);
    assert_total(&counter, DBL_MAX);
    assert_int_equal(counter_record(&counter, 0), VERDICT_APPLIED);
    assert_total(&counter, DBL_MAX);
}

static void ones_count_beyond_2_to_the_53(void **state)
{
    struct counter_cell counter = { 0 };

    add(&counter, 0x1p53 - 500);
    for (unsigned i = 0; i < 1000; i++)
        add(&counter, 1);
    assert_whole(&counter, 1, (UINT64_C(1) << 53) + 500);
}

static void it_is_exact_up_to_2_to_the_63(void **state)
{
    struct counter_cell counter = { 0 };
    uint64_t expected = 0;

    for (unsigned bit = 0; bit < 62; bit++) {
        add(&counter, (double)(UINT64_C(1) << bit));
        add(&counter, 1);
        expected += (UINT64_C(1) << bit) + 1;
    }
    assert_whole(&counter, 1, expected);
    add(&counter, 0x1p62 - 512); /* 2^63 less 451 */
    assert_whole(&counter, 1, expected + (UINT64_C(1) << 62) - 512);
}

static void beyond_2_to_the_63_it_is_a_double(void **state)
{
    struct counter_cell counter = { 0 };

    add(&counter, 0x1p62);
    add(&counter, 1);
    add(&counter, 0x1p62);
    assert_total(&counter, 0x1p63);
    add(&counter, 4096);
    assert_total(&counter, 0x1p63 + 4096);
    assert_int_equal(counter_record(&counter, 1), REFUSED_VALUE_OVERFLOW);
    add(&counter, 1e300);
    assert_total(&counter, 1e300);
    assert_int_equal(counter_record(&counter, 1e9), REFUSED_VALUE_OVERFLOW);
    assert_int_equal(counter_record(&counter, 0x1p62), REFUSED_VALUE_OVERFLOW);
    assert_int_equal(counter_record(&counter, 0), VERDICT_APPLIED);
    assert_total(&counter, 1e300);
}

static void one_huge_amount_comes_after_any_total(void **state)
{
    static const double totals[] = { 0, 0.5, 7, 0x1p53, 0x1p60, 0x1p64 };

    for (size_t i = 0; i < ARRAY_SIZE(totals); i++) {
        struct counter_cell counter = { 0 };

        add(&counter, totals[i]);
        add(&counter, 1e300);
        assert_total(&counter, 1e300);
    }
}

static void what_does_not_change_it_is_refused(void **state)
{
    struct counter_cell counter = { 0 }, small = { 0 };

    add(&counter, 0x1p53);
    assert_int_equal(counter_record(&counter, 0.5), REFUSED_VALUE_OVERFLOW);
    assert_int_equal(counter_record(&counter, 5e-324), REFUSED_VALUE_OVERFLOW);
    assert_int_equal(counter_record(&counter, 0), VERDICT_APPLIED);
    assert_int_equal(counter_record(&counter, -0.0), VERDICT_APPLIED);
    assert_whole(&counter, 1, UINT64_C(1) << 53);
    add(&counter, 0.75);
    add(&counter, 3.25);
    assert_whole(&counter, 1, (UINT64_C(1) << 53) + 4);

    add(&small, 1e10);
    assert_int_equal(counter_record(&small, 1e-9), REFUSED_VALUE_OVERFLOW);
    add(&small, 1e-3);
    assert_total(&small, 1e10 + 1e-3);
}

static void fractions_are_rounded_when_they_no_longer_fit(void **state)
{
    struct counter_cell counter = { 0 };

    add(&counter, 0.75);
    add(&counter, 0x1p53);
    assert_whole(&counter, 1, (UINT64_C(1) << 53) + 1);
}

static void a_sum_over_workers_is_exact(void **state)
{
    struct counter_cell counters[3] = { 0 };

    add(&counters[0], 0x1p52 + 1);
    add(&counters[1], 0x1p52 + 1);
    assert_whole(counters, 2, (UINT64_C(1) << 53) + 2);
    add(&counters[1], 0x1p52);
    add(&counters[2], 7.75); /* the fraction is not shown */
    assert_whole(counters, 3, (UINT64_C(3) << 52) + 9);
    add(&counters[0], 0x1p62);
    add(&counters[1], 0x1p62);
    add(&counters[2], 0x1p62);
    assert_whole(counters, 3, (UINT64_C(3) << 62) + (UINT64_C(3) << 52) + 10);
}

static void a_sum_over_workers_may_be_more_than_64_bits(void **state)
{
    struct counter_cell counters[2] = { 0 };
    _Atomic(struct cell *) cells[] = { &counters[0].cell, &counters[1].cell };
    struct reading reading;

    add(&counters[0], 0x1p62);
    add(&counters[1], 1e300);
    counter_read(cells, 2, NULL, &reading);
    assert_true(reading.value == 1e300 && reading.whole == 0);
    add(&counters[0], DBL_MAX);
    add(&counters[1], DBL_MAX / 2);
    counter_read(cells, 2, NULL, &reading);
    assert_true(reading.value == DBL_MAX && reading.whole == 0);
}

/* What one worker has counted never goes down, whatever it adds. */
static void it_never_goes_down(void **state)
{
    struct counter_cell counter = { 0 };
    _Atomic(struct cell *) cells[] = { &counter.cell };
    double last = 0, amount = 1e-3;
    struct reading reading;

    for (unsigned i = 0; i < 20000; i++, amount *= 1.003) {
        (void)!counter_record(&counter, amount);
        counter_read(cells, 1, NULL, &reading);
        if (reading.value < last)
            fail_msg("%.17g after %.17g", reading.value, last);
        last = reading.value;
    }
    assert_true(last > 1e20);
}

static void an_infinite_amount_is_refused(void **state)
{
    struct counter_cell counter = { 0 };

    assert_int_equal(counter_record(&counter, 7), VERDICT_APPLIED);
    assert_int_equal(counter_record(&counter, INFINITY), REFUSED_VALUE_OVERFLOW);
    assert_total(&counter, 7);
    assert_int_equal(counter_record(&counter, 1), VERDICT_APPLIED);
    assert_total(&counter, 8);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(begins_at_0),
        CASE(adds_up),
        CASE(an_overflow_is_refused_and_changes_nothing),
        CASE(ones_count_beyond_2_to_the_53),
        CASE(it_is_exact_up_to_2_to_the_63),
        CASE(beyond_2_to_the_63_it_is_a_double),
        CASE(one_huge_amount_comes_after_any_total),
        CASE(what_does_not_change_it_is_refused),
        CASE(fractions_are_rounded_when_they_no_longer_fit),
        CASE(a_sum_over_workers_is_exact),
        CASE(a_sum_over_workers_may_be_more_than_64_bits),
        CASE(it_never_goes_down),
        CASE(an_infinite_amount_is_refused),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
