/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/clock.h"

#include <stdlib.h>

static void monotonic_time_never_goes_backwards(void **state)
{
    int64_t before_ns = clock_monotonic_ns();

    for (unsigned i = 0; i < 1000; i++) {
        int64_t now_ns = clock_monotonic_ns();

        assert_true(now_ns >= before_ns);
        before_ns = now_ns;
    }
}

static void real_time_is_that_of_time(void **state)
{
    int64_t seconds = clock_realtime_ns() / CLOCK_NS_PER_S;

    assert_in_range(time(NULL) - seconds + 1, 0, 2);
}

static void seconds_are_those_of_monotonic_time_and_never_0(void **state)
{
    uint32_t before_s = (uint32_t)(clock_monotonic_ns() / CLOCK_NS_PER_S);
    uint32_t now_s = clock_seconds();

    assert_true(now_s >= 1);
    assert_in_range(now_s, before_s + 1, before_s + 2);
}

static void the_lead_is_the_difference_of_the_clocks(void **state)
{
    int64_t before_ns = clock_realtime_ns() - clock_monotonic_ns();

    assert_true(llabs(clock_lead_ns() - before_ns) < CLOCK_NS_PER_S);
}

static void a_monotonic_time_has_one_on_the_wall(void **state)
{
    int64_t now_ns = clock_monotonic_ns(), now_ms = clock_wall_ms(0);

    assert_in_range(now_ms, clock_realtime_ns() / CLOCK_NS_PER_MS - 1000, INT64_MAX);
    assert_true(llabs(clock_wall_ms(now_ns) - now_ms) < 1000);
    assert_true(llabs(clock_wall_ms(now_ns - 60 * CLOCK_NS_PER_S) - now_ms + 60000) < 1000);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(monotonic_time_never_goes_backwards),
        CASE(real_time_is_that_of_time),
        CASE(the_lead_is_the_difference_of_the_clocks),
        CASE(a_monotonic_time_has_one_on_the_wall),
        CASE(seconds_are_those_of_monotonic_time_and_never_0),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
