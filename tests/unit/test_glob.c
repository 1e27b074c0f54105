/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "mapping/glob.h"

static void accepts_what_statsd_exporter_does(void **state)
{
    static const char *const globs[] = {
        "*",
        "a",
        "a.b-c.d_e",
        "test.*.*.counter",
        "*.*",
        "foo--bar.*",
        "test.99.myapp.*",
        "kafka.brokerPort.9092.ReplicaFetcherThread-0-1.1MinuteRate.gauge",
    };

    for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++)
        if (glob_fault(slice_of(globs[i])))
            fail_msg("%s: %s", globs[i], glob_fault(slice_of(globs[i])));
}

static void accepts_a_digit_at_the_beginning(void **state)
{
    assert_null(glob_fault(SLICE("99.a")));
}

static void says_why_a_glob_cannot_be_right(void **state)
{
    assert_non_null(strstr(glob_fault(SLICE("bad!!metric-line.*.*")), "other characters"));
    assert_non_null(strstr(glob_fault(SLICE("a.b*")), "whole segment"));
    assert_non_null(strstr(glob_fault(SLICE("a.**")), "whole segment"));
    assert_non_null(strstr(glob_fault(SLICE("a b")), "other characters"));
    assert_non_null(strstr(glob_fault(SLICE("")), "empty"));
    assert_non_null(strstr(glob_fault(SLICE("a..b")), "empty"));
    assert_non_null(strstr(glob_fault(SLICE("a.")), "empty"));
    assert_non_null(strstr(glob_fault(SLICE(".a")), "empty"));
}

static void counts_segments_and_stars(void **state)
{
    assert_int_equal(glob_segments(SLICE("")), 1);
    assert_int_equal(glob_segments(SLICE("a")), 1);
    assert_int_equal(glob_segments(SLICE("a.*.")), 3);
    assert_int_equal(glob_stars(SLICE("a.b")), 0);
    assert_int_equal(glob_stars(SLICE("*.b.*")), 2);
}

static void finds_the_first_segment_that_differs(void **state)
{
    assert_int_equal(glob_difference(SLICE("a.*.c"), SLICE("a.b.c")), SIZE_MAX);
    assert_int_equal(glob_difference(SLICE("a.*.c"), SLICE("a..c")), SIZE_MAX);
    assert_int_equal(glob_difference(SLICE("a.*.c"), SLICE("x.b.x")), 0);
    assert_int_equal(glob_difference(SLICE("a.*.c"), SLICE("a.b.x")), 2);
    assert_int_equal(glob_difference(SLICE("a.*.c"), SLICE("a.b")), 2);
}

static void text_is_more_specific_than_a_star(void **state)
{
    assert_int_equal(glob_compare(SLICE("a.*"), SLICE("b.*")), 0);
    assert_true(glob_compare(SLICE("a.*.c"), SLICE("*.b.c")) < 0);
    assert_true(glob_compare(SLICE("a.*.*"), SLICE("a.b.*")) > 0);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(accepts_what_statsd_exporter_does),    CASE(accepts_a_digit_at_the_beginning),
        CASE(says_why_a_glob_cannot_be_right),      CASE(counts_segments_and_stars),
        CASE(finds_the_first_segment_that_differs), CASE(text_is_more_specific_than_a_star),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
