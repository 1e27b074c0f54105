/* SPDX-License-Identifier: Apache-2.0 */

#include "push.h"

#include "base/clock.h"
#include "web/refresher.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#define DEADLINE_NS (10 * CLOCK_NS_PER_S)

static struct refresher refresher;
static _Atomic unsigned n_done;

static void on_done(void *ctx)
{
    assert_ptr_equal(ctx, &refresher);
    atomic_fetch_add(&n_done, 1);
}

static void wait_for_done(unsigned n)
{
    int64_t deadline_ns = clock_monotonic_ns() + DEADLINE_NS;

    while (atomic_load(&n_done) < n && clock_monotonic_ns() < deadline_ns)
        sched_yield();
    assert_true(atomic_load(&n_done) >= n);
}

static void push_many(const char *name, unsigned n)
{
    char line[64];

    for (unsigned i = 0; i < n; i++) {
        snprintf(line, sizeof(line), "%s:1|c|#i:%u", name, i);
        push(line);
    }
}

static int begin_case(void **state)
{
    atomic_store(&n_done, 0);
    assert_int_equal(begin_with(100000), 0);
    return refresher_start(&refresher, registry, on_done, &refresher);
}

static int end_case(void **state)
{
    refresher_stop(&refresher);
    return end(state);
}

static void assert_n_series(struct snapshot *snapshot, size_t n)
{
    assert_non_null(snapshot);
    assert_int_equal(snapshot->n_series, n);
    snapshot_unref(snapshot);
}

static void few_new_series_are_there_at_once(void **state)
{
    push_many("a", 100);
    assert_n_series(refresher_snapshot(&refresher, clock_monotonic_ns()), 100);
    assert_int_equal(atomic_load(&n_done), 0);
}

static void many_come_later(void **state)
{
    int64_t asked_ns;

    push_many("a", 5000);
    asked_ns = clock_monotonic_ns();
    assert_null(refresher_snapshot(&refresher, asked_ns));
    wait_for_done(1);
    assert_n_series(refresher_snapshot(&refresher, asked_ns), 5000);
}

/* Even if there are many new ones again, one that has waited gets what there was. */
static void who_has_waited_need_not_wait_again(void **state)
{
    int64_t asked_ns;

    push_many("a", 5000);
    asked_ns = clock_monotonic_ns();
    assert_null(refresher_snapshot(&refresher, asked_ns));
    wait_for_done(1);
    push_many("b", 5000);
    assert_n_series(refresher_snapshot(&refresher, asked_ns), 5000);
    asked_ns = clock_monotonic_ns();
    assert_null(refresher_snapshot(&refresher, asked_ns));
    wait_for_done(2);
    assert_n_series(refresher_snapshot(&refresher, asked_ns), 10000);
}

static void many_that_have_ended_come_later_too(void **state)
{
    int64_t asked_ns;

    push_many("a", 5000);
    snapshot_unref(registry_snapshot(registry));
    for (unsigned i = 0; i < 2; i++)
        push("a:1|x");
    asked_ns = clock_monotonic_ns();
    assert_null(refresher_snapshot(&refresher, asked_ns));
    wait_for_done(1);
    assert_n_series(refresher_snapshot(&refresher, asked_ns), 0);
}

#define REFRESHER_CASE(name) cmocka_unit_test_setup_teardown(name, begin_case, end_case)

int main(void)
{
    const struct CMUnitTest cases[] = {
        REFRESHER_CASE(few_new_series_are_there_at_once),
        REFRESHER_CASE(many_come_later),
        REFRESHER_CASE(who_has_waited_need_not_wait_again),
        REFRESHER_CASE(many_that_have_ended_come_later_too),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
