/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "aggregate/gauge.h"
#include "aggregate/kind.h"

#include <float.h>
#include <math.h>
#include <pthread.h>

#define WORKERS 3

/* A gauge that three workers share. It can hold changes from the start. */
struct shared {
    struct gauge_cell gauges[WORKERS];
    struct gauge_change changes[WORKERS][GAUGE_CHANGES_MAX];
    _Atomic(struct cell *) cells[WORKERS];
};

static void shared_init(struct shared *shared)
{
    *shared = (struct shared){ 0 };
    for (unsigned i = 0; i < WORKERS; i++) {
        atomic_init(&shared->cells[i], &shared->gauges[i].cell);
        atomic_init(&shared->gauges[i].changes, shared->changes[i]);
    }
}

static double read_gauge(_Atomic(struct cell *) *cells, unsigned n_cells)
{
    struct reading reading;

    gauge_read(cells, n_cells, NULL, &reading);
    return reading.value;
}

static void set(struct shared *shared, unsigned worker, double value, int64_t at)
{
    gauge_set(&shared->gauges[worker], value, at);
}

static enum verdict try_add(struct shared *shared, unsigned worker, double change, int64_t at)
{
    return gauge_add(&shared->gauges[worker], shared->cells, WORKERS, change, at);
}

static void add(struct shared *shared, unsigned worker, double change, int64_t at)
{
    assert_int_equal(try_add(shared, worker, change, at), VERDICT_APPLIED);
}

static void assert_value(struct shared *shared, double expected)
{
    double value = read_gauge(shared->cells, WORKERS);

    if (value != expected)
        fail_msg("value is %.17g, not %.17g", value, expected);
}

/* --- memory ---------------------------------------------------------------------- */

static void room_for_changes_comes_with_the_first(void **state)
{
    struct cell *cell = kind_new_cell(METRIC_GAUGE, NULL, NULL);
    struct gauge_cell *gauge = (struct gauge_cell *)cell;
    _Atomic(struct cell *) cells[1];
    struct gauge_change *changes;

    assert_non_null(cell);
    atomic_init(&cells[0], cell);
    gauge_set(gauge, 5, 1);
    assert_null(atomic_load(&gauge->changes));
    assert_int_equal(gauge_add(gauge, cells, 1, 2, 2), VERDICT_APPLIED);
    changes = atomic_load(&gauge->changes);
    assert_non_null(changes);
    assert_int_equal(gauge_add(gauge, cells, 1, -1, 3), VERDICT_APPLIED);
    assert_ptr_equal(atomic_load(&gauge->changes), changes);
    assert_true(read_gauge(cells, 1) == 6);
    kind_free_cell(METRIC_GAUGE, cell);
}

/* --- one worker ------------------------------------------------------------------ */

static void is_0_before_it_is_set(void **state)
{
    _Atomic(struct cell *) nobody[WORKERS] = { NULL };
    struct shared shared;

    shared_init(&shared);
    assert_value(&shared, 0);
    assert_true(read_gauge(nobody, WORKERS) == 0);
}

static void holds_the_last_value_set(void **state)
{
    struct shared shared;

    shared_init(&shared);
    set(&shared, 0, 5, 10);
    assert_value(&shared, 5);
    set(&shared, 0, -2.5, 11);
    assert_value(&shared, -2.5);
}

static void changes_add_to_what_was_set(void **state)
{
    struct shared shared;

    shared_init(&shared);
    set(&shared, 0, 5, 10);
    add(&shared, 0, 3, 11);
    add(&shared, 0, -10, 12);
    assert_value(&shared, -2);
}

static void changes_before_any_set_add_to_0(void **state)
{
    struct shared shared;

    shared_init(&shared);
    add(&shared, 0, 3, 1);
    add(&shared, 0, -1, 2);
    assert_value(&shared, 2);
}

static void a_set_overrides_the_changes_before_it(void **state)
{
    struct shared shared;

    shared_init(&shared);
    add(&shared, 0, 3, 10);
    set(&shared, 0, 100, 11);
    assert_value(&shared, 100);
    add(&shared, 0, 1, 12);
    assert_value(&shared, 101);
}

static void workers_without_a_cell_do_not_count(void **state)
{
    struct shared shared;

    shared_init(&shared);
    atomic_store(&shared.cells[0], NULL);
    atomic_store(&shared.cells[2], NULL);
    set(&shared, 1, 7, 10);
    add(&shared, 1, 1, 11);
    assert_value(&shared, 8);
}

/* --- several workers --------------------------------------------------------------- */

static void the_newest_set_counts_whichever_worker_got_it(void **state)
{
    struct shared shared;

    shared_init(&shared);
    set(&shared, 2, 1, 10);
    set(&shared, 0, 2, 20);
    assert_value(&shared, 2);
    set(&shared, 1, 3, 30);
    assert_value(&shared, 3);
}

static void a_set_applied_late_does_not_undo_a_newer_one(void **state)
{
    struct shared shared;

    shared_init(&shared);
    set(&shared, 0, 2, 20);
    set(&shared, 1, 1, 10);
    assert_value(&shared, 2);
}

static void changes_add_to_a_foreign_set(void **state)
{
    struct shared shared;

    shared_init(&shared);
    set(&shared, 0, 100, 10);
    add(&shared, 1, 5, 20);
    add(&shared, 2, -1, 30);
    add(&shared, 1, 5, 40);
    assert_value(&shared, 109);
}

static void a_foreign_set_overrules_the_changes_before_it(void **state)
{
    struct shared shared;

    shared_init(&shared);
    add(&shared, 1, 5, 10);
    add(&shared, 2, 7, 20);
    set(&shared, 0, 100, 30);
    assert_value(&shared, 100);
}

static void a_new_sum_begins_after_a_foreign_set(void **state)
{
    struct shared shared;

    shared_init(&shared);
    add(&shared, 1, 5, 10);
    set(&shared, 0, 100, 20);
    add(&shared, 1, 1, 30);
    assert_value(&shared, 101);
    add(&shared, 1, 1, 40);
    assert_value(&shared, 102);
}

static void a_change_that_came_before_a_foreign_set_is_overruled_by_it(void **state)
{
    struct shared shared;

    shared_init(&shared);
    set(&shared, 0, 100, 20);
    add(&shared, 1, 5, 10); /* applied late */
    assert_value(&shared, 100);
    add(&shared, 1, 1, 30);
    assert_value(&shared, 101);
}

static void changes_since_a_set_that_is_applied_late_stay(void **state)
{
    struct shared shared;

    shared_init(&shared);
    add(&shared, 1, 5, 20);
    set(&shared, 0, 100, 10); /* applied late */
    assert_value(&shared, 105);
}

static void a_late_set_overrules_only_what_came_before_it(void **state)
{
    struct shared shared;

    shared_init(&shared);
    add(&shared, 1, 1, 10);
    add(&shared, 1, 5, 30);
    set(&shared, 0, 100, 20); /* applied late: between the two changes */
    assert_value(&shared, 105);
}

static void trimming_leaves_what_arrived_later(void **state)
{
    struct shared shared;

    shared_init(&shared);
    set(&shared, 0, 100, 10);
    add(&shared, 1, 1, 20);
    add(&shared, 1, 5, 40);
    gauge_trim(&shared.gauges[2].cell, shared.cells, WORKERS, 30);
    assert_value(&shared, 5);
    set(&shared, 0, 7, 50);
    gauge_trim(&shared.gauges[2].cell, shared.cells, WORKERS, 45); /* too late to matter */
    assert_value(&shared, 7);
    gauge_trim(&shared.gauges[0].cell, shared.cells, WORKERS, 50);
    assert_value(&shared, 0);
}

/* --- all orders --------------------------------------------------------------------- */

#define OPERATIONS 5

/* A sample: @at is its place in the order of arrival, and also the digit of its value. */
struct operation {
    unsigned worker;
    bool is_set;
    unsigned at;
};

static double amount(const struct operation *operation)
{
    return (double)(UINT64_C(1) << (4 * operation->at));
}

/* The value of the gauge if each of @by_arrival is applied as it arrives. */
static double expected_value(const struct operation *by_arrival)
{
    double value = 0;

    for (unsigned i = 0; i < OPERATIONS; i++)
        value = (by_arrival[i].is_set ? 0 : value) + amount(&by_arrival[i]);
    return value;
}

static double applied_value(const struct operation *const *order)
{
    struct shared shared;

    shared_init(&shared);
    for (unsigned i = 0; i < OPERATIONS; i++) {
        if (order[i]->is_set)
            set(&shared, order[i]->worker, amount(order[i]), order[i]->at);
        else
            add(&shared, order[i]->worker, amount(order[i]), order[i]->at);
    }
    return read_gauge(shared.cells, WORKERS);
}

/* Whether a set is applied after a change that arrived after it. */
static bool has_late_set(const struct operation *const *order)
{
    for (unsigned i = 0; i < OPERATIONS; i++)
        for (unsigned j = 0; j < i; j++)
            if (order[i]->is_set && !order[j]->is_set && order[j]->at > order[i]->at)
                return true;
    return false;
}

/* The number of orders of application whose value differs from that of the order of arrival. */
static unsigned count_wrong(const struct operation *by_arrival, const struct operation **order,
                            unsigned n, bool with_late_sets)
{
    unsigned n_wrong = 0;

    if (n == OPERATIONS)
        return (with_late_sets || !has_late_set(order)) &&
               applied_value(order) != expected_value(by_arrival);
    for (unsigned worker = 0; worker < WORKERS; worker++) {
        /*
         * Each worker applies its own in order: its next is the first that it has not applied yet.
         */
        const struct operation *next = NULL;

        for (unsigned i = 0; i < OPERATIONS && !next; i++) {
            next = by_arrival[i].worker == worker ? &by_arrival[i] : NULL;
            for (unsigned j = 0; j < n; j++)
                next = order[j] == next ? NULL : next;
        }
        if (next) {
            order[n] = next;
            n_wrong += count_wrong(by_arrival, order, n + 1, with_late_sets);
        }
    }
    return n_wrong;
}

static unsigned count_wrong_of_all(bool with_late_sets)
{
    struct operation by_arrival[OPERATIONS];
    const struct operation *order[OPERATIONS];
    unsigned n_wrong = 0;

    for (unsigned who = 0; who < 243; who++) { /* 3 workers to the power of OPERATIONS */
        for (unsigned sets = 0; sets < 1u << OPERATIONS; sets++) {
            for (unsigned i = 0, left = who; i < OPERATIONS; i++, left /= WORKERS)
                by_arrival[i] = (struct operation){ left % WORKERS, sets >> i & 1, i + 1 };
            n_wrong += count_wrong(by_arrival, order, 0, with_late_sets);
        }
    }
    return n_wrong;
}

static void order_of_application_does_not_matter_if_no_set_is_late(void **state)
{
    assert_int_equal(count_wrong_of_all(false), 0);
}

static void order_of_application_does_not_matter(void **state)
{
    assert_int_equal(count_wrong_of_all(true), 0);
}

/* --- reading meanwhile ----------------------------------------------------------------- */

/* Its owner makes it 0, 10, 100, 0, 10, 100, … */
static void *go_round(void *arg)
{
    struct shared *shared = arg;
    int64_t at = 0;

    for (unsigned i = 0; i < 300000; i++) {
        set(shared, 0, 0, ++at);
        (void)!try_add(shared, 0, 10, ++at);
        set(shared, 0, 100, ++at);
    }
    set(shared, 0, -1, ++at);
    return NULL;
}

static void is_never_read_as_what_it_never_was(void **state)
{
    struct shared shared;
    unsigned n_wrong = 0;
    double value = 0;
    pthread_t owner;

    shared_init(&shared);
    assert_int_equal(pthread_create(&owner, NULL, go_round, &shared), 0);
    while (value != -1) {
        value = read_gauge(shared.cells, WORKERS);
        n_wrong += value != 0 && value != 10 && value != 100 && value != -1;
    }
    pthread_join(owner, NULL);
    assert_int_equal(n_wrong, 0);
}

/* --- overflow ------------------------------------------------------------------------ */

static void an_overflow_is_refused_and_changes_nothing(void **state)
{
    struct shared shared;

    shared_init(&shared);
    set(&shared, 0, DBL_MAX, 10);
    assert_int_equal(try_add(&shared, 0, DBL_MAX, 20), REFUSED_VALUE_OVERFLOW);
    assert_value(&shared, DBL_MAX);
    add(&shared, 0, -DBL_MAX, 30);
    assert_value(&shared, 0);
}

static void an_overflow_over_a_foreign_set_is_refused(void **state)
{
    struct shared shared;

    shared_init(&shared);
    set(&shared, 0, -DBL_MAX, 10);
    assert_int_equal(try_add(&shared, 1, -DBL_MAX, 20), REFUSED_VALUE_OVERFLOW);
    assert_value(&shared, -DBL_MAX);
    add(&shared, 1, DBL_MAX, 30);
    assert_value(&shared, 0);
}

/* Changes beyond the last few are merged, and the result would not show it. */
static void a_change_that_would_be_lost_is_refused(void **state)
{
    struct shared shared;

    shared_init(&shared);
    add(&shared, 0, 0x1p53, 1);
    assert_int_equal(try_add(&shared, 0, 1, 2), REFUSED_VALUE_OVERFLOW);
    add(&shared, 0, 0, 3);
    add(&shared, 0, -1, 4);
    assert_value(&shared, 0x1p53 - 1);
    set(&shared, 0, 0x1p53, 5); /* changes since then have a sum of their own */
    for (int64_t at = 6; at < 106; at++)
        add(&shared, 0, 1, at);
    assert_value(&shared, 0x1p53 + 100);
}

static void a_refused_change_does_not_bring_an_overruled_sum_back(void **state)
{
    struct shared shared;

    shared_init(&shared);
    add(&shared, 1, 5, 10);
    set(&shared, 0, DBL_MAX, 20);
    assert_int_equal(try_add(&shared, 1, DBL_MAX, 30), REFUSED_VALUE_OVERFLOW);
    assert_value(&shared, DBL_MAX);
    set(&shared, 0, 1, 40);
    assert_value(&shared, 1);
}

static void changes_of_several_workers_cannot_overflow_together(void **state)
{
    struct shared shared;

    shared_init(&shared);
    set(&shared, 0, 1e308, 10);
    assert_int_equal(try_add(&shared, 1, 0.7e308, 20), VERDICT_APPLIED);
    (void)!try_add(&shared, 2, 0.7e308, 30); /* must be refused: 2.4e308 is beyond a double */
    assert_true(isfinite(read_gauge(shared.cells, WORKERS)));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(room_for_changes_comes_with_the_first),
        CASE(is_0_before_it_is_set),
        CASE(holds_the_last_value_set),
        CASE(changes_add_to_what_was_set),
        CASE(changes_before_any_set_add_to_0),
        CASE(a_set_overrides_the_changes_before_it),
        CASE(workers_without_a_cell_do_not_count),
        CASE(the_newest_set_counts_whichever_worker_got_it),
        CASE(a_set_applied_late_does_not_undo_a_newer_one),
        CASE(changes_add_to_a_foreign_set),
        CASE(a_foreign_set_overrules_the_changes_before_it),
        CASE(a_new_sum_begins_after_a_foreign_set),
        CASE(a_change_that_came_before_a_foreign_set_is_overruled_by_it),
        CASE(changes_since_a_set_that_is_applied_late_stay),
        CASE(a_late_set_overrules_only_what_came_before_it),
        CASE(trimming_leaves_what_arrived_later),
        CASE(order_of_application_does_not_matter_if_no_set_is_late),
        CASE(order_of_application_does_not_matter),
        CASE(is_never_read_as_what_it_never_was),
        CASE(an_overflow_is_refused_and_changes_nothing),
        CASE(an_overflow_over_a_foreign_set_is_refused),
        CASE(a_change_that_would_be_lost_is_refused),
        CASE(a_refused_change_does_not_bring_an_overruled_sum_back),
        CASE(changes_of_several_workers_cannot_overflow_together),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
