/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "aggregate/totals.h"
#include "base/hash.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SECOND_NS INT64_C(1000000000)

static struct totals *totals;

static struct totals *new_totals(size_t n_max)
{
    struct totals *made = NULL;

    assert_int_equal(totals_new(&made, n_max, 42), 0);
    return made;
}

static int setup(void **state)
{
    totals = new_totals(4);
    return 0;
}

static int teardown(void **state)
{
    totals_free(totals);
    return 0;
}

/* An id as it may be: spread over all bits. */
static uint64_t id_of(uint64_t i)
{
    return hash_bytes((struct slice){ (const char *)&i, sizeof(i) }, 1);
}

static double note(uint64_t i, double value, int64_t at, enum total_outcome outcome)
{
    struct total_step step = totals_note(totals, id_of(i), value, at);

    assert_int_equal(step.outcome, outcome);
    return step.increment;
}

static void the_first_of_a_sender_adds_nothing(void **state)
{
    assert_true(note(1, 1000, 1, TOTAL_OUTCOME_BASELINE) == 0);
    assert_true(note(2, 0, 1, TOTAL_OUTCOME_BASELINE) == 0);
}

static void then_the_difference_is_added(void **state)
{
    note(1, 1000, 1, TOTAL_OUTCOME_BASELINE);
    assert_true(note(1, 1003, 2, TOTAL_OUTCOME_INCREASE) == 3);
    assert_true(note(1, 1003, 3, TOTAL_OUTCOME_INCREASE) == 0);
    assert_true(note(1, 1003.5, 3, TOTAL_OUTCOME_INCREASE) == 0.5);
}

static void a_decrease_adds_all_of_it(void **state)
{
    note(1, 1000, 1, TOTAL_OUTCOME_BASELINE);
    assert_true(note(1, 7, 2, TOTAL_OUTCOME_RESET) == 7);
    assert_true(note(1, 9, 3, TOTAL_OUTCOME_INCREASE) == 2);
    assert_true(note(1, 0, 4, TOTAL_OUTCOME_RESET) == 0);
}

static void senders_are_apart(void **state)
{
    note(1, 1000, 1, TOTAL_OUTCOME_BASELINE);
    note(2, 10, 2, TOTAL_OUTCOME_BASELINE);
    assert_true(note(1, 1001, 3, TOTAL_OUTCOME_INCREASE) == 1);
    assert_true(note(2, 12, 4, TOTAL_OUTCOME_INCREASE) == 2);
}

/* Two workers may note what a sender has sent in the wrong order. */
static void what_a_later_one_has_overtaken_adds_nothing(void **state)
{
    note(1, 100, 10, TOTAL_OUTCOME_BASELINE);
    assert_true(note(1, 120, 30, TOTAL_OUTCOME_INCREASE) == 20);
    assert_true(note(1, 110, 20, TOTAL_OUTCOME_LATE) == 0);
    assert_true(note(1, 125, 40, TOTAL_OUTCOME_INCREASE) == 5);
}

/* The later one, which was noted as the first, has added nothing. */
static void what_the_first_one_has_overtaken_is_where_it_began(void **state)
{
    note(1, 110, 20, TOTAL_OUTCOME_BASELINE);
    assert_true(note(1, 100, 10, TOTAL_OUTCOME_INCREASE) == 10);
    assert_true(note(1, 95, 5, TOTAL_OUTCOME_LATE) == 0);
    assert_true(note(1, 125, 30, TOTAL_OUTCOME_INCREASE) == 15);
}

static void so_its_sender_may_have_begun_anew_between_them(void **state)
{
    note(1, 5, 20, TOTAL_OUTCOME_BASELINE);
    assert_true(note(1, 110, 10, TOTAL_OUTCOME_RESET) == 5);
    assert_true(note(1, 7, 30, TOTAL_OUTCOME_INCREASE) == 2);
}

static void a_full_table_evicts_one_for_each_new_one(void **state)
{
    for (unsigned i = 0; i < 4; i++)
        note(i, 1, SECOND_NS, TOTAL_OUTCOME_BASELINE);
    assert_int_equal(totals_count(totals).n_kept, 4);
    assert_int_equal(totals_count(totals).n_evicted, 0);
    note(4, 1, SECOND_NS, TOTAL_OUTCOME_BASELINE);
    assert_int_equal(totals_count(totals).n_kept, 4);
    assert_int_equal(totals_count(totals).n_evicted, 1);
    assert_true(note(4, 3, SECOND_NS, TOTAL_OUTCOME_INCREASE) == 2);
}

/* Which of the others was evicted does not matter, but it is one, and it begins anew. */
static void an_evicted_one_begins_anew(void **state)
{
    unsigned n_left = 0;

    for (unsigned i = 0; i < 5; i++)
        note(i, 1, SECOND_NS, TOTAL_OUTCOME_BASELINE);
    for (unsigned i = 0; i < 5; i++) {
        uint64_t n_evicted = totals_count(totals).n_evicted;
        struct total_step step = totals_note(totals, id_of(i), 5, SECOND_NS);
        bool is_left = step.outcome == TOTAL_OUTCOME_INCREASE;

        assert_true(step.increment == (is_left ? 4 : 0));
        assert_int_equal(totals_count(totals).n_evicted, n_evicted + !is_left);
        n_left += is_left;
    }
    assert_true(n_left >= 1 && n_left <= 4);
}

static void idle_ones_are_evicted_first(void **state)
{
    struct totals *many = new_totals(64);
    unsigned n_busy_evicted = 0;

    for (unsigned i = 0; i < 64; i++)
        totals_note(many, id_of(i), 1, i < 32 ? 0 : TOTALS_IDLE_NS);
    for (unsigned i = 64; i < 80; i++)
        totals_note(many, id_of(i), 1, TOTALS_IDLE_NS);
    assert_int_equal(totals_count(many).n_evicted, 16);
    for (unsigned i = 32; i < 64; i++)
        n_busy_evicted +=
            totals_note(many, id_of(i), 1, TOTALS_IDLE_NS).outcome == TOTAL_OUTCOME_BASELINE;
    /* 8 are looked at, so that one of the idle ones may be missed, with luck of 1 in 100. */
    assert_true(n_busy_evicted <= 2);
    totals_free(many);
}

/* If the longest idle one went first, 110 totals in turn would never find each other. */
static void a_few_too_many_in_turn_are_mostly_found(void **state)
{
    struct totals *many = new_totals(100);
    unsigned n_found = 0;

    for (unsigned round = 0; round < 20; round++)
        for (unsigned i = 0; i < 110; i++)
            n_found += totals_note(many, id_of(i), round, round * SECOND_NS).outcome ==
                       TOTAL_OUTCOME_INCREASE;
    assert_true(n_found > 20 * 110 * 70 / 100);
    totals_free(many);
}

static void a_large_table_has_room_for_nearly_all(void **state)
{
    struct totals *large = new_totals(100000);

    for (unsigned i = 0; i < 95000; i++)
        assert_int_equal(totals_note(large, id_of(i), 1, 1).outcome, TOTAL_OUTCOME_BASELINE);
    assert_int_equal(totals_count(large).n_kept, 95000);
    for (unsigned i = 0; i < 95000; i++)
        assert_true(totals_note(large, id_of(i), 3, 2).increment == 2);
    for (unsigned i = 95000; i < 200000; i++)
        totals_note(large, id_of(i), 1, 3);
    assert_int_equal(totals_count(large).n_kept, 100000);
    assert_int_equal(totals_count(large).n_evicted, 100000);
    totals_free(large);
}

static void a_table_of_one_works(void **state)
{
    struct totals *one = new_totals(1);

    totals_note(one, id_of(1), 1, 1);
    assert_true(totals_note(one, id_of(1), 2, 2).increment == 1);
    assert_int_equal(totals_note(one, id_of(2), 2, 3).outcome, TOTAL_OUTCOME_BASELINE);
    assert_int_equal(totals_note(one, id_of(1), 3, 4).outcome, TOTAL_OUTCOME_BASELINE);
    assert_int_equal(totals_count(one).n_kept, 1);
    assert_int_equal(totals_count(one).n_evicted, 2);
    totals_free(one);
}

static void counts_outcomes(void **state)
{
    struct totals_counts counts;

    note(1, 5, 1, TOTAL_OUTCOME_BASELINE);
    note(2, 5, 1, TOTAL_OUTCOME_BASELINE);
    note(1, 6, 3, TOTAL_OUTCOME_INCREASE);
    note(1, 7, 4, TOTAL_OUTCOME_INCREASE);
    note(1, 8, 5, TOTAL_OUTCOME_INCREASE);
    note(1, 2, 6, TOTAL_OUTCOME_RESET);
    note(1, 9, 2, TOTAL_OUTCOME_LATE);
    counts = totals_count(totals);
    assert_int_equal(counts.outcomes[TOTAL_OUTCOME_BASELINE], 2);
    assert_int_equal(counts.outcomes[TOTAL_OUTCOME_INCREASE], 3);
    assert_int_equal(counts.outcomes[TOTAL_OUTCOME_RESET], 1);
    assert_int_equal(counts.outcomes[TOTAL_OUTCOME_LATE], 1);
}

static void knows_its_memory(void **state)
{
    assert_true(totals_bytes(1000) > 1000 * 32 && totals_bytes(1000) < 1000 * 48);
    assert_true(totals_bytes(100000) > 100000 * 32 && totals_bytes(100000) < 100000 * 40);
}

/* --- threads ---------------------------------------------------------------------------- */

#define ROUNDS 20000

struct racer {
    struct totals *totals;
    _Atomic int64_t *clock; /* the value that a sender sends next, and when */
    double sum;
};

/* Two workers get the totals of one sender, a value for each moment. */
static void *race(void *arg)
{
    struct racer *racer = arg;
    int64_t at;

    while ((at = atomic_fetch_add(racer->clock, 1)) < ROUNDS)
        racer->sum += totals_note(racer->totals, id_of(1), (double)at, at).increment;
    return NULL;
}

static void workers_together_add_what_the_sender_has_counted(void **state)
{
    _Atomic int64_t clock = 1;
    struct racer racers[2] = { { totals, &clock, 0 }, { totals, &clock, 0 } };
    pthread_t threads[2];

    note(1, 0, 0, TOTAL_OUTCOME_BASELINE);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_true(racers[0].sum + racers[1].sum == ROUNDS - 1);
    assert_int_equal(totals_count(totals).outcomes[TOTAL_OUTCOME_RESET], 0);
}

#define TOTALS_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest cases[] = {
        TOTALS_CASE(the_first_of_a_sender_adds_nothing),
        TOTALS_CASE(then_the_difference_is_added),
        TOTALS_CASE(a_decrease_adds_all_of_it),
        TOTALS_CASE(senders_are_apart),
        TOTALS_CASE(what_a_later_one_has_overtaken_adds_nothing),
        TOTALS_CASE(what_the_first_one_has_overtaken_is_where_it_began),
        TOTALS_CASE(so_its_sender_may_have_begun_anew_between_them),
        TOTALS_CASE(a_full_table_evicts_one_for_each_new_one),
        TOTALS_CASE(an_evicted_one_begins_anew),
        TOTALS_CASE(idle_ones_are_evicted_first),
        TOTALS_CASE(a_few_too_many_in_turn_are_mostly_found),
        TOTALS_CASE(a_large_table_has_room_for_nearly_all),
        TOTALS_CASE(a_table_of_one_works),
        TOTALS_CASE(counts_outcomes),
        TOTALS_CASE(knows_its_memory),
        TOTALS_CASE(workers_together_add_what_the_sender_has_counted),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
