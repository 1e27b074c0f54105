/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Hashes come from a generator with fixed seeds, so each run is the same: a bound on an error holds
 * in every run or in none.
 */

#include "unit.h"

#include "aggregate/distinct.h"
#include "base/compiler.h"

#include <math.h>
#include <stdlib.h>

/* splitmix64 (Steele, Lea, Flood 2014): 2^64 different numbers for each seed. */
static uint64_t next_hash(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void add(struct distinct *distinct, uint64_t hash)
{
    if (!distinct_add(distinct, hash))
        fail_msg("no memory");
}

static void assert_count(const struct distinct *distinct, double expected)
{
    double count = distinct_count(distinct);

    if (count != expected)
        fail_msg("counted %.17g instead of %.17g", count, expected);
}

static void add_some(struct distinct *distinct, uint64_t seed, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        add(distinct, next_hash(&seed));
}

/* --- exactly ------------------------------------------------------------------------- */

static void nothing_was_there_at_first(void **state)
{
    struct distinct distinct = { 0 };

    assert_count(&distinct, 0);
    distinct_deinit(&distinct);
}

/* Record every number that can be counted exactly; after each, record some of them again. */
static void count_exactly(uint64_t (*hash_at)(uint64_t i))
{
    struct distinct distinct = { 0 };

    for (uint64_t i = 0; i < DISTINCT_EXACT_MAX; i++) {
        add(&distinct, hash_at(i));
        assert_count(&distinct, (double)i + 1);
        add(&distinct, hash_at(i / 2));
        add(&distinct, hash_at(i));
        assert_count(&distinct, (double)i + 1);
    }
    for (uint64_t i = 0; i < DISTINCT_EXACT_MAX; i++)
        add(&distinct, hash_at(i));
    assert_count(&distinct, DISTINCT_EXACT_MAX);
    assert_false(distinct.is_estimate);
    distinct_deinit(&distinct);
}

static uint64_t random_at(uint64_t i)
{
    uint64_t seed = 77 + i;

    return next_hash(&seed);
}

static uint64_t low_bits_are_0(uint64_t i)
{
    return (i + 1) << 32;
}

static uint64_t low_bits_are_equal(uint64_t i)
{
    return i << 48 | UINT64_C(0x7ff);
}

static uint64_t low_bits_are_1(uint64_t i)
{
    return i << 44 | UINT64_C(0xfffffffffff);
}

static uint64_t high_bits_are_equal(uint64_t i)
{
    return UINT64_C(0xabcdef0123400000) | i;
}

static uint64_t in_a_row_before_the_end(uint64_t i)
{
    return UINT64_MAX - i;
}

static void is_exact_for_random_hashes(void **state)
{
    count_exactly(random_at);
}

static void is_exact_for_hashes_with_equal_low_bits(void **state)
{
    count_exactly(low_bits_are_0);
    count_exactly(low_bits_are_equal);
    count_exactly(low_bits_are_1);
}

static void is_exact_for_hashes_with_equal_high_bits(void **state)
{
    count_exactly(high_bits_are_equal);
    count_exactly(in_a_row_before_the_end);
}

static void the_hash_0_counts_as_one(void **state)
{
    struct distinct distinct = { 0 };

    add(&distinct, 0);
    add(&distinct, 0);
    assert_count(&distinct, 1);
    add(&distinct, UINT64_MAX);
    add(&distinct, 2);
    assert_count(&distinct, 3);
    add(&distinct, 0);
    assert_count(&distinct, 3);
    distinct_deinit(&distinct);
}

static void never_takes_more_memory_than_it_says(void **state)
{
    struct distinct distinct = { 0 };

    for (uint64_t i = 0; i < DISTINCT_EXACT_MAX; i++) {
        add(&distinct, random_at(i));
        assert_false(distinct.is_estimate);
        assert_true(distinct.n_slots * sizeof(*distinct.slots) <= DISTINCT_BYTES_MAX);
    }
    distinct_deinit(&distinct);
}

static void deinit_leaves_an_empty_one(void **state)
{
    struct distinct distinct = { 0 };

    add_some(&distinct, 1, 10);
    distinct_deinit(&distinct);
    assert_count(&distinct, 0);
    add_some(&distinct, 2, 5000);
    distinct_deinit(&distinct);
    assert_count(&distinct, 0);
    add_some(&distinct, 3, 7);
    assert_count(&distinct, 7);
    distinct_deinit(&distinct);
}

/* --- about ----------------------------------------------------------------------------- */

/* Errors, relative to the right number. */
struct errors {
    double sum, squares, largest;
    unsigned n;
};

static void note(struct errors *errors, const struct distinct *distinct, double right)
{
    double error = distinct_count(distinct) / right - 1;

    errors->sum += error;
    errors->squares += error * error;
    errors->largest = fmax(errors->largest, fabs(error));
    errors->n++;
}

/*
 * The mean is off by at most @bias, and the others by at most what a standard error of 0.8 %
 * allows.
 */
static void assert_small(const struct errors *errors, double bias, double right)
{
    double mean = errors->sum / errors->n, standard = sqrt(errors->squares / errors->n);

    if (!(fabs(mean) < bias && standard < 0.0105 && errors->largest < 0.03))
        fail_msg("of %g, it is off by %.3f %%; standard error %.3f %%, largest %.3f %%", right,
                 100 * mean, 100 * standard, 100 * errors->largest);
}

static void estimates_without_bias(void **state)
{
    static const unsigned numbers[] = { 2000, 10000, 100000, 1000000, 10000000 };
    struct errors errors[ARRAY_SIZE(numbers)] = { 0 };

    for (uint64_t seed = 0; seed < 24; seed++) {
        uint64_t random = seed << 40;
        struct distinct distinct = { 0 };
        unsigned n = 0;

        for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
            for (; n < numbers[i]; n++)
                add(&distinct, next_hash(&random));
            note(&errors[i], &distinct, n);
        }
        assert_true(distinct.is_estimate);
        distinct_deinit(&distinct);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++)
        assert_small(&errors[i], 0.003, numbers[i]);
}

/* A few seeds do not show the standard error well, so these are many. */
static void the_standard_error_is_what_it_says(void **state)
{
    struct errors errors = { 0 };

    for (uint64_t seed = 0; seed < 400; seed++) {
        struct distinct distinct = { 0 };

        add_some(&distinct, seed << 32, 100000);
        note(&errors, &distinct, 100000);
        distinct_deinit(&distinct);
    }
    assert_small(&errors, 0.0015, 100000);
    assert_true(sqrt(errors.squares / errors.n) < 0.009);
}

static void there_is_no_jump_where_the_estimate_begins(void **state)
{
    struct errors first = { 0 }, later = { 0 };

    for (uint64_t seed = 0; seed < 300; seed++) {
        uint64_t random = seed << 32;
        struct distinct distinct = { 0 };

        for (unsigned i = 0; i < DISTINCT_EXACT_MAX; i++)
            add(&distinct, next_hash(&random));
        assert_count(&distinct, DISTINCT_EXACT_MAX);
        add(&distinct, next_hash(&random));
        note(&first, &distinct, DISTINCT_EXACT_MAX + 1);
        for (unsigned i = 1; i < 100; i++)
            add(&distinct, next_hash(&random));
        note(&later, &distinct, DISTINCT_EXACT_MAX + 100);
        distinct_deinit(&distinct);
    }
    assert_small(&first, 0.001, DISTINCT_EXACT_MAX + 1);
    assert_small(&later, 0.001, DISTINCT_EXACT_MAX + 100);
}

static void what_was_there_changes_no_estimate(void **state)
{
    struct distinct distinct = { 0 };
    double count;

    add_some(&distinct, 5, 50000);
    count = distinct_count(&distinct);
    add_some(&distinct, 5, 50000);
    assert_count(&distinct, count);
    distinct_deinit(&distinct);
}

static void is_a_whole_number_whatever_the_hashes(void **state)
{
    struct distinct distinct = { 0 };

    for (uint64_t i = 0; i < 5000; i++) {
        double count;

        add(&distinct, high_bits_are_equal(i));
        count = distinct_count(&distinct);
        assert_true(count == round(count) && count >= 1 && count <= 1e9);
    }
    distinct_deinit(&distinct);
}

/* --- in any order, in any parts ------------------------------------------------------------ */

#define HASHES_MAX 20000

static uint64_t hashes[HASHES_MAX];

static void make_hashes(unsigned n, uint64_t seed)
{
    for (unsigned i = 0; i < n; i++)
        hashes[i] = next_hash(&seed);
}

static void shuffle(unsigned n, uint64_t seed)
{
    for (unsigned i = n; i > 1; i--) {
        unsigned j = (unsigned)(next_hash(&seed) % i);
        uint64_t other = hashes[j];

        hashes[j] = hashes[i - 1];
        hashes[i - 1] = other;
    }
}

static struct distinct count_all(unsigned n)
{
    struct distinct all = { 0 };

    for (unsigned i = 0; i < n; i++)
        add(&all, hashes[i]);
    return all;
}

static void the_order_does_not_matter(void **state)
{
    static const unsigned numbers[] = { 2, 1000, 1536, 1537, 1538, 4000, HASHES_MAX };

    for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
        make_hashes(numbers[i], i);
        struct distinct all = count_all(numbers[i]);

        for (uint64_t seed = 0; seed < 5; seed++) {
            shuffle(numbers[i], seed);
            struct distinct again = count_all(numbers[i]);

            assert_count(&again, distinct_count(&all));
            distinct_deinit(&again);
        }
        distinct_deinit(&all);
    }
}

#define PARTS_MAX 6

/* Each of @n hashes goes to one part, or to two with @overlap. */
static void deal(struct distinct parts[PARTS_MAX], unsigned n, unsigned n_parts, bool overlap,
                 uint64_t seed)
{
    for (unsigned i = 0; i < n; i++) {
        add(&parts[next_hash(&seed) % n_parts], hashes[i]);
        if (overlap)
            add(&parts[next_hash(&seed) % n_parts], hashes[i]);
    }
}

static void merge(struct distinct *to, const struct distinct *from)
{
    double before = distinct_count(from);

    assert_true(distinct_merge(to, from));
    assert_count(from, before);
}

/* Merge two parts, again and again, until one is left; the merges can form any tree. */
static void merge_down(struct distinct parts[PARTS_MAX], unsigned n_parts, uint64_t seed)
{
    while (n_parts > 1) {
        unsigned to = (unsigned)(next_hash(&seed) % n_parts);
        unsigned from = (unsigned)((to + 1 + next_hash(&seed) % (n_parts - 1)) % n_parts);

        merge(&parts[to], &parts[from]);
        distinct_deinit(&parts[from]);
        parts[from] = parts[--n_parts];
    }
}

static void merged_parts_equal_all_in_one(void **state)
{
    static const unsigned numbers[] = { 0,    1,    2,    100,  1535, 1536,
                                        1537, 1600, 3000, 4600, 9000, HASHES_MAX };
    uint64_t seed = 1;

    for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
        make_hashes(numbers[i], 1000 + i);
        struct distinct all = count_all(numbers[i]);

        for (unsigned round = 0; round < 4 * PARTS_MAX; round++) {
            unsigned n_parts = 1 + round / 4;
            struct distinct parts[PARTS_MAX] = { 0 };

            deal(parts, numbers[i], n_parts, round % 2, next_hash(&seed));
            merge_down(parts, n_parts, next_hash(&seed));
            assert_count(&parts[0], distinct_count(&all));
            distinct_deinit(&parts[0]);
        }
        distinct_deinit(&all);
    }
}

/* The numbers that are merged, from and into; both may be estimates. */
static void merge_two(unsigned n_into, unsigned n_from, unsigned n_common)
{
    unsigned n = n_into + n_from - n_common;
    struct distinct into = { 0 }, from = { 0 };

    make_hashes(n, n);
    struct distinct all = count_all(n);

    for (unsigned i = 0; i < n_into; i++)
        add(&into, hashes[i]);
    for (unsigned i = n - n_from; i < n; i++)
        add(&from, hashes[i]);
    merge(&into, &from);
    assert_count(&into, distinct_count(&all));
    merge(&into, &from);
    assert_count(&into, distinct_count(&all));
    add(&into, hashes[0]);
    assert_count(&into, distinct_count(&all));
    distinct_deinit(&from);
    distinct_deinit(&into);
    distinct_deinit(&all);
}

static void merges_exact_ones_and_estimates(void **state)
{
    merge_two(1, 1536, 1);
    merge_two(1536, 1536, 1536);
    merge_two(1536, 1536, 1535);
    merge_two(768, 768, 0);
    merge_two(768, 769, 0);
    merge_two(1, 5000, 0);
    merge_two(5, 5000, 5);
    merge_two(1500, 5000, 700);
    merge_two(5000, 1, 0);
    merge_two(5000, 1500, 700);
    merge_two(5000, 6000, 1000);
}

static void merging_nothing_changes_nothing(void **state)
{
    struct distinct empty = { 0 }, none = { 0 }, full = { 0 };
    double count;

    merge(&empty, &none);
    assert_count(&empty, 0);
    add_some(&full, 9, 3000);
    count = distinct_count(&full);
    merge(&full, &none);
    assert_count(&full, count);
    merge(&empty, &full);
    assert_count(&empty, count);
    distinct_deinit(&empty);
    distinct_deinit(&full);
}

static void a_merged_one_shares_no_memory(void **state)
{
    struct distinct from = { 0 }, to = { 0 };
    double count;

    add_some(&from, 4, 3000);
    merge(&to, &from);
    count = distinct_count(&from);
    add_some(&to, 5, 3000);
    assert_count(&from, count);
    distinct_deinit(&from);
    assert_true(distinct_count(&to) > 5000);
    distinct_deinit(&to);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(nothing_was_there_at_first),
        CASE(is_exact_for_random_hashes),
        CASE(is_exact_for_hashes_with_equal_low_bits),
        CASE(is_exact_for_hashes_with_equal_high_bits),
        CASE(the_hash_0_counts_as_one),
        CASE(never_takes_more_memory_than_it_says),
        CASE(deinit_leaves_an_empty_one),
        CASE(estimates_without_bias),
        CASE(the_standard_error_is_what_it_says),
        CASE(there_is_no_jump_where_the_estimate_begins),
        CASE(what_was_there_changes_no_estimate),
        CASE(is_a_whole_number_whatever_the_hashes),
        CASE(the_order_does_not_matter),
        CASE(merged_parts_equal_all_in_one),
        CASE(merges_exact_ones_and_estimates),
        CASE(merging_nothing_changes_nothing),
        CASE(a_merged_one_shares_no_memory),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
