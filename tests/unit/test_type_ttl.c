/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "config/type_ttl.h"

#include <errno.h>

static void reads_a_type_and_its_ttl(void **state)
{
    static const struct {
        const char *text;
        struct type_ttl ttl;
    } cases[] = {
        { "counter=90s", { METRIC_COUNTER, 90 } },      { "gauge=5m", { METRIC_GAUGE, 300 } },
        { "histogram=1h", { METRIC_HISTOGRAM, 3600 } }, { "set=0s", { METRIC_SET, 0 } },
        { "summary=1m", { METRIC_SUMMARY, 60 } },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(buffer_deinit) struct buffer wrong = { 0 }, written = { 0 };
        struct type_ttl ttl;

        assert_int_equal(value_type_ttl.read(&ttl, cases[i].text, NULL, &wrong), 0);
        assert_int_equal(ttl.type, cases[i].ttl.type);
        assert_int_equal(ttl.ttl_s, cases[i].ttl.ttl_s);
        value_type_ttl.write(&ttl, NULL, &written);
        assert_true(slice_equal(buffer_text(&written), slice_of(cases[i].text)));
    }
}

static void says_what_it_expects(void **state)
{
    static const char *const texts[] = { "",          "gauge",       "gauge=",       "gauge=5",
                                         "gauges=5m", "Gauge=5m",    "summaries=5m", "=5m",
                                         "5m",        "gauge=5m=6m", "gauge =5m" };

    for (unsigned i = 0; i < ARRAY_SIZE(texts); i++) {
        CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
        struct type_ttl ttl;

        assert_int_equal(value_type_ttl.read(&ttl, texts[i], NULL, &wrong), -EINVAL);
        assert_slice_equal(buffer_text(&wrong),
                           "expected a type (counter, gauge, histogram, set, summary), = and a "
                           "duration, like gauge=5m; 0s means never");
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(reads_a_type_and_its_ttl),
        CASE(says_what_it_expects),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
