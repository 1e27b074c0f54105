/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/pages.h"

static void all_pages_with_a_path_of_their_own_are_included(void **state)
{
    assert_true(pages_include("/"));
    assert_true(pages_include("/-/healthy"));
    assert_true(pages_include("/-/ready"));
    assert_true(pages_include("/api/v1/conflicts"));
    assert_true(pages_include("/api/v1/refused"));
}

static void everything_below_the_dash_is_included(void **state)
{
    assert_true(pages_include("/-/"));
    assert_true(pages_include("/-/metrics"));
    assert_false(pages_include("/-"));
    assert_false(pages_include("/-x"));
}

static void other_paths_of_the_api_are_free(void **state)
{
    assert_false(pages_include("/api"));
    assert_false(pages_include("/api/v1/metrics"));
    assert_false(pages_include("/api/v1/refused/"));
    assert_false(pages_include("/api/v1/Refused"));
    assert_false(pages_include("/metrics"));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(all_pages_with_a_path_of_their_own_are_included),
        CASE(everything_below_the_dash_is_included),
        CASE(other_paths_of_the_api_are_free),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
