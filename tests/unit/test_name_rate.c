/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "aggregate/name_rate.h"

#define MS INT64_C(1000000)
#define PER_S 50000

static struct name_rate rate;

static int begin(void **state)
{
    rate = (struct name_rate){ 0 };
    return 0;
}

/* Take names at @at until there are none left, at most @max. Returns their number. */
static unsigned take(int64_t at, unsigned max)
{
    unsigned n = 0;

    while (n < max && name_rate_take(&rate, PER_S, at))
        n++;
    return n;
}

static void many_begin_at_once(void **state)
{
    assert_int_equal(take(5 * MS, UINT32_MAX), NAME_RATE_FIRST);
    assert_int_equal(take(5 * MS, UINT32_MAX), 0);
}

static void the_first_may_be_spread_over_any_time(void **state)
{
    for (unsigned i = 0; i < NAME_RATE_FIRST; i += 1000)
        assert_int_equal(take(i * 1000 * MS, 1000), 1000);
}

static void then_as_many_as_are_due(void **state)
{
    take(0, UINT32_MAX);
    assert_int_equal(take(1 * MS, UINT32_MAX), PER_S / 1000);
    assert_int_equal(take(1 * MS, UINT32_MAX), 0);
    assert_int_equal(take(11 * MS, UINT32_MAX), PER_S / 100);
    for (unsigned i = 1; i <= PER_S; i++)
        assert_int_equal(take(11 * MS + i * 1000 * MS / PER_S, UINT32_MAX), 1);
}

static void what_is_saved_up_is_bounded(void **state)
{
    take(0, UINT32_MAX);
    assert_int_equal(take(INT64_MAX / 2, UINT32_MAX), NAME_RATE_BURST);
    assert_int_equal(take(INT64_MAX, UINT32_MAX), NAME_RATE_BURST);
}

static void time_does_not_go_back(void **state)
{
    take(100 * MS, UINT32_MAX);
    assert_int_equal(take(50 * MS, UINT32_MAX), 0);
    assert_int_equal(take(100 * MS, UINT32_MAX), 0);
    assert_int_equal(take(101 * MS, UINT32_MAX), PER_S / 1000);
}

static void any_rate_is_fine(void **state)
{
    static const uint64_t rates[] = { 1, 7, 1000000000 };

    for (unsigned i = 0; i < ARRAY_SIZE(rates); i++) {
        begin(NULL);
        for (unsigned n = 0; n < NAME_RATE_FIRST; n++)
            assert_true(name_rate_take(&rate, rates[i], 1));
        assert_false(name_rate_take(&rate, rates[i], 1));
        assert_true(name_rate_take(&rate, rates[i], 1 + 1000 * MS));
    }
}

static void a_higher_rate_does_not_multiply_what_is_saved(void **state)
{
    assert_true(name_rate_take(&rate, 1, 0));
    assert_int_equal(take(0, UINT32_MAX), NAME_RATE_FIRST);
}

#define RATE_CASE(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest cases[] = {
        RATE_CASE(many_begin_at_once),
        RATE_CASE(the_first_may_be_spread_over_any_time),
        RATE_CASE(then_as_many_as_are_due),
        RATE_CASE(what_is_saved_up_is_bounded),
        RATE_CASE(time_does_not_go_back),
        RATE_CASE(any_rate_is_fine),
        RATE_CASE(a_higher_rate_does_not_multiply_what_is_saved),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
