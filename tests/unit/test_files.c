/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "daemon/files.h"

#include <errno.h>
#include <sys/resource.h>

static struct rlimit before;

static void the_limit_is_raised_as_far_as_it_may_be(void **state)
{
    struct rlimit low = { .rlim_cur = 64, .rlim_max = before.rlim_max }, after;
    uint64_t n_free = 0;

    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(files_allow(50, &n_free), 0);
    assert_int_equal(n_free, before.rlim_max - 50);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
    assert_int_equal(after.rlim_cur, before.rlim_max);
}

static void at_least_one_file_must_be_left(void **state)
{
    uint64_t n_free = 0;

    assert_int_equal(files_allow(before.rlim_max - 1, &n_free), 0);
    assert_int_equal(n_free, 1);
    assert_int_equal(files_allow(before.rlim_max, &n_free), -EMFILE);
    assert_int_equal(files_allow(UINT64_MAX, &n_free), -EMFILE);
}

static int begin(void **state)
{
    return getrlimit(RLIMIT_NOFILE, &before);
}

static int end(void **state)
{
    return setrlimit(RLIMIT_NOFILE, &before);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(the_limit_is_raised_as_far_as_it_may_be),
        CASE(at_least_one_file_must_be_left),
    };

    return cmocka_run_group_tests(cases, begin, end);
}
