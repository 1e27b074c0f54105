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

static void there_are_enough_for_all(void **state)
{
    const struct files_shares wanted = { 1024, 512 };
    struct files_shares got = files_share(1024 + 512 + 128, &wanted);

    assert_int_equal(got.n_streams, 1024);
    assert_int_equal(got.n_http, 512);
    got = files_share(UINT64_MAX, &wanted);
    assert_int_equal(got.n_streams, 1024);
    assert_int_equal(got.n_http, 512);
}

static void neither_takes_all_that_there_are(void **state)
{
    const struct files_shares wanted = { 1024, 512 }, few = { 10, 512 };
    struct files_shares got = files_share(800, &wanted);

    assert_int_equal(got.n_http, 800 / 4 - 64);
    assert_int_equal(got.n_streams, 600 - 64);
    got = files_share(200, &few); /* what one does not want, the other gets */
    assert_int_equal(got.n_streams, 10);
    assert_int_equal(got.n_http, 200 - 10 - 64 - 63);
}

static void even_the_last_are_shared(void **state)
{
    const struct files_shares wanted = { 1024, 512 };

    for (uint64_t n = 0; n < 2000; n++) {
        struct files_shares got = files_share(n, &wanted);

        assert_true(got.n_streams + got.n_http <= n);
        if (n >= 4) {
            assert_true(got.n_streams > 0);
            assert_true(got.n_http > 0);
        }
    }
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
        CASE(there_are_enough_for_all),
        CASE(neither_takes_all_that_there_are),
        CASE(even_the_last_are_shared),
    };

    return cmocka_run_group_tests(cases, begin, end);
}
