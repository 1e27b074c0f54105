/* SPDX-License-Identifier: Apache-2.0 */

#include "abort.h"

#include "aggregate/budget.h"

static void has_what_is_left_to_the_last_byte(void **state)
{
    struct budget budget = { .max_bytes = 100 };

    assert_true(budget_has(&budget, 100));
    assert_false(budget_has(&budget, 101));
    budget_hold(&budget, 60);
    assert_int_equal(budget.held_bytes, 60);
    assert_true(budget_has(&budget, 40));
    assert_false(budget_has(&budget, 41));
    budget_release(&budget, 10);
    assert_true(budget_has(&budget, 50));
    budget_release(&budget, 50);
    assert_int_equal(budget.held_bytes, 0);
}

static void a_limit_may_be_as_large_as_can_be(void **state)
{
    struct budget budget = { .max_bytes = SIZE_MAX };

    budget_hold(&budget, 1000);
    assert_true(budget_has(&budget, SIZE_MAX / 2));
    budget_release(&budget, 1000);
}

static void more_than_the_limit_may_be_held(void **state)
{
    struct budget budget = { .max_bytes = 100 };

    budget_hold(&budget, 150);
    assert_false(budget_has(&budget, 0));
    budget_release(&budget, 150);
    assert_true(budget_has(&budget, 100));
}

static void no_budget_counts_nothing(void **state)
{
    budget_hold(NULL, 1);
    budget_release(NULL, 2);
}

static void prepaid_memory_is_used_once_at_a_time(void **state)
{
    struct budget_prepaid prepaid = { .n_bytes = 10 };

    for (unsigned i = 0; i < 2; i++) {
        assert_true(budget_has_prepaid(&prepaid));
        assert_true(budget_use_prepaid(&prepaid));
        assert_false(budget_has_prepaid(&prepaid));
        assert_false(budget_use_prepaid(&prepaid));
        budget_put_back_prepaid(&prepaid);
    }
}

static void what_is_not_prepaid_cannot_be_used(void **state)
{
    struct budget_prepaid prepaid = { 0 };

    assert_false(budget_has_prepaid(&prepaid));
    assert_false(budget_use_prepaid(&prepaid));
}

static void release_more_than_is_held(void)
{
    struct budget budget = { .held_bytes = 1 };

    budget_release(&budget, 2);
}

static void put_back_unused(void)
{
    struct budget_prepaid prepaid = { .n_bytes = 10 };

    budget_put_back_prepaid(&prepaid);
}

static void what_was_not_taken_cannot_be_given_back(void **state)
{
    assert_aborts(release_more_than_is_held, "held >= n_bytes does not hold: 1 and 2");
    assert_aborts(put_back_unused, "was_used does not hold");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(has_what_is_left_to_the_last_byte),       CASE(a_limit_may_be_as_large_as_can_be),
        CASE(more_than_the_limit_may_be_held),         CASE(no_budget_counts_nothing),
        CASE(prepaid_memory_is_used_once_at_a_time),   CASE(what_is_not_prepaid_cannot_be_used),
        CASE(what_was_not_taken_cannot_be_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
