/* SPDX-License-Identifier: Apache-2.0 */

#include "abort.h"

#include "base/must.h"

static void fail_plainly(void)
{
    MUST(1 + 1 == 3);
}

static void fail_a_comparison(void)
{
    int n_refs = -1;

    MUST_BE(n_refs, >, 0);
}

/* The pipe for the caller ends when the child does. */
static void fail_with_a_full_stderr(void)
{
    int ends[2];

    if (pipe(ends) < 0 || dup2(ends[1], STDERR_FILENO) < 0)
        return;
    fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
    while (write(STDERR_FILENO, "x", 1) == 1)
        ;
    fcntl(STDERR_FILENO, F_SETFL, 0);
    MUST(1 + 1 == 3);
}

static void what_holds_goes_on(void **state)
{
    unsigned n_evaluations = 0;

    MUST(++n_evaluations == 1);
    MUST_BE(++n_evaluations, ==, 2u);
    assert_int_equal(n_evaluations, 2);
}

static void what_does_not_hold_aborts_and_says_where(void **state)
{
    char line[512];

    run_to_abort(fail_plainly, line, sizeof(line));
    assert_non_null(strstr(line, "test_must.c:"));
    assert_non_null(strstr(line, ": 1 + 1 == 3 does not hold\n"));
}

static void a_comparison_shows_both_sides(void **state)
{
    char line[512];

    run_to_abort(fail_a_comparison, line, sizeof(line));
    assert_non_null(strstr(line, ": n_refs > 0 does not hold: -1 and 0\n"));
}

static void a_full_stderr_does_not_keep_it_from_aborting(void **state)
{
    char line[512];

    run_to_abort(fail_with_a_full_stderr, line, sizeof(line));
    assert_string_equal(line, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_holds_goes_on),
        CASE(what_does_not_hold_aborts_and_says_where),
        CASE(a_comparison_shows_both_sides),
        CASE(a_full_stderr_does_not_keep_it_from_aborting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
