/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Registry: when its series began
 *
 * The clock of a case is a variable, and so is how far the wall clock is ahead of it.
 */

#include "admit.h"

#include "base/clock.h"

static struct registry *registry;
static int64_t now_ns, lead_ms;

static int64_t wall_ms(int64_t arrived_ns)
{
    return lead_ms + (arrived_ns ? arrived_ns : now_ns) / CLOCK_NS_PER_MS;
}

static int set_up(void **state)
{
    const struct registry_options options = { .n_workers = 2,
                                              .max_series = 10,
                                              .max_bytes = SIZE_MAX,
                                              .wall_ms = wall_ms,
                                              .buckets = buckets };

    now_ns = 20 * CLOCK_NS_PER_MS;
    lead_ms = 1000;
    return registry_new(&registry, &options);
}

static int tear_down(void **state)
{
    registry_free(registry);
    return 0;
}

/* Admit a sample that arrived @arrived_ms after the clock began. It counts as written. */
static struct series *send(unsigned worker, struct identity identity, int64_t arrived_ms)
{
    struct admission admission;

    assert_int_equal(
        registry_admit(registry, worker, arrived_ms * CLOCK_NS_PER_MS, &identity, &admission),
        VERDICT_APPLIED);
    assert_non_null(admission.cell);
    return cell_series(admission.cell);
}

static struct identity counter_of(const char *labels)
{
    return identity_of("c", SAMPLE_COUNTER, labels);
}

static size_t end(int64_t arrived_ms, int64_t age_ms)
{
    const struct identity identity = identity_of("c", SAMPLE_END, "");
    const struct end_request request = { .identity = &identity,
                                         .arrived_ns = arrived_ms * CLOCK_NS_PER_MS,
                                         .age_ns = age_ms * CLOCK_NS_PER_MS };
    size_t allowance = SIZE_MAX, n;

    assert_int_equal(registry_end(registry, &request, &allowance, &n), VERDICT_APPLIED);
    return n;
}

/* The start of the first series on a page, in ms. */
static int64_t first_start(void)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    int64_t started_ms = snapshot->n_series ? snapshot->series[0]->started_ms : -1;

    snapshot_unref(snapshot);
    return started_ms;
}

/* Sweep the series, whatever its TTL. */
static void expire(struct series *series)
{
    struct sweep_item item = { series, series_touched_ns(series), false };

    mark(registry, &item, 1);
    assert_int_equal(remove_expiring(registry, &item, 1), 1);
    series_release_workers(series);
    end_sweep(&item, 1);
}

static enum verdict declare(const char *labels)
{
    struct identity identity = counter_of(labels);

    identity.sent_as = SLICE("");
    return registry_declare(registry, &identity);
}

static void is_the_arrival_of_the_first_sample(void **state)
{
    assert_int_equal(send(0, counter_of(""), 7)->started_ms, 1007);
    assert_int_equal(send(0, counter_of(""), 9)->started_ms, 1007);
    assert_int_equal(send(1, counter_of(""), 11)->started_ms, 1007);
    assert_int_equal(send(1, counter_of("a=\"1\""), 12)->started_ms, 1012);
}

static void is_not_changed_when_the_clock_is_set(void **state)
{
    struct series *before = send(0, counter_of(""), 7);

    lead_ms = 500000;
    assert_int_equal(send(0, counter_of("a=\"1\""), 8)->started_ms, 500008);
    assert_int_equal(before->started_ms, 1007);
}

static void is_unknown_without_a_clock(void **state)
{
    registry_free(registry);
    registry = new_registry(2, 10, SIZE_MAX);
    assert_int_equal(send(0, counter_of(""), 7)->started_ms, 0);
}

static void is_new_after_an_x(void **state)
{
    (void)send(0, counter_of(""), 7);
    assert_int_equal(first_start(), 1007);
    assert_int_equal(end(9, 0), 1);
    assert_int_equal(first_start(), -1);
    (void)send(0, counter_of(""), 11);
    assert_int_equal(first_start(), 1011);
}

static void is_new_after_expiry(void **state)
{
    expire(send(0, counter_of(""), 7));
    assert_int_equal(first_start(), -1);
    (void)send(0, counter_of(""), 11);
    assert_int_equal(first_start(), 1011);
}

/* It was about to expire, but has lost nothing. */
static void is_kept_by_one_that_comes_back(void **state)
{
    struct series *series = send(0, counter_of(""), 7);
    struct sweep_item item = { series, series_touched_ns(series), false };

    mark(registry, &item, 1);
    assert_int_equal(send(0, counter_of(""), 11)->started_ms, 1007);
    assert_int_equal(remove_expiring(registry, &item, 1), 0);
    end_sweep(&item, 1);
    assert_int_equal(first_start(), 1007);
}

/* A worker writes a sample that arrived after the x just when that is applied. */
static void is_kept_by_one_that_an_x_was_too_early_for(void **state)
{
    struct series *series = send(0, counter_of(""), 7);

    assert_int_equal(end(9, 0), 1);
    cell_touch(series->cells[0], 11 * CLOCK_NS_PER_MS);
    assert_int_equal(first_start(), 1007);
}

static void is_new_after_a_reload_that_changes_the_type(void **state)
{
    struct identity gauge = identity_of("c", SAMPLE_GAUGE, "");

    (void)send(0, counter_of(""), 7);
    gauge.generation = 1;
    gauge.is_type_declared = true;
    (void)send(0, gauge, 11);
    assert_int_equal(first_start(), 1011);
}

static void of_a_declared_one_is_its_declaration(void **state)
{
    assert_int_equal(declare(""), VERDICT_APPLIED);
    assert_int_equal(first_start(), 1020);
    (void)send(0, counter_of(""), 23);
    now_ns = 30 * CLOCK_NS_PER_MS;
    assert_int_equal(declare(""), VERDICT_APPLIED);
    assert_int_equal(first_start(), 1020);
}

static void of_a_declared_one_is_when_it_was_set_back(void **state)
{
    assert_int_equal(declare(""), VERDICT_APPLIED);
    (void)send(0, counter_of(""), 23);
    now_ns = 30 * CLOCK_NS_PER_MS;
    assert_int_equal(end(29, 5), 1); /* an x with an age, too */
    assert_int_equal(first_start(), 1030);
    now_ns = 40 * CLOCK_NS_PER_MS;
    expire(send(0, counter_of(""), 35));
    assert_int_equal(first_start(), 1040);
}

#define STARTED_CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest cases[] = {
        STARTED_CASE(is_the_arrival_of_the_first_sample),
        STARTED_CASE(is_not_changed_when_the_clock_is_set),
        STARTED_CASE(is_unknown_without_a_clock),
        STARTED_CASE(is_new_after_an_x),
        STARTED_CASE(is_new_after_expiry),
        STARTED_CASE(is_kept_by_one_that_comes_back),
        STARTED_CASE(is_kept_by_one_that_an_x_was_too_early_for),
        STARTED_CASE(is_new_after_a_reload_that_changes_the_type),
        STARTED_CASE(of_a_declared_one_is_its_declaration),
        STARTED_CASE(of_a_declared_one_is_when_it_was_set_back),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
