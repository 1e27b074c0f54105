/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Several workers write a set, each to a cell of its own, while a scrape reads; threads here do the
 * same.
 */

#include "unit.h"

#include "aggregate/series.h"
#include "aggregate/set.h"
#include "base/compiler.h"

#include <pthread.h>

#define WORKERS 3

static struct series *series;

static struct set_cell *cell_of(unsigned worker)
{
    if (!series->cells[worker])
        assert_true(series_add_cell(series, worker));
    return (struct set_cell *)series->cells[worker];
}

/* A number whose bits are spread evenly, like those of a hash. */
static uint64_t hash_of(uint64_t number)
{
    uint64_t z = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Record the values from @from to before @to for @worker. */
static void record(unsigned worker, unsigned from, unsigned to)
{
    struct set_cell *set = cell_of(worker);

    for (unsigned i = from; i < to; i++)
        assert_int_equal(set_record(set, hash_of(i)), VERDICT_APPLIED);
}

static double read_set(void)
{
    struct reading reading;

    set_read(series->cells, series->n_cells, NULL, &reading);
    return reading.value;
}

/* The result of counting the values from 0 to before @n once. */
static double count_in_one(unsigned n)
{
    struct distinct distinct = { 0 };
    double count;

    for (unsigned i = 0; i < n; i++)
        assert_true(distinct_add(&distinct, hash_of(i)));
    count = distinct_count(&distinct);
    distinct_deinit(&distinct);
    return count;
}

static void without_cells_it_is_0(void **state)
{
    assert_true(read_set() == 0);
}

static void a_cell_without_values_is_0(void **state)
{
    cell_of(1);
    assert_true(read_set() == 0);
}

static void counts_distinct_values_of_one_worker(void **state)
{
    record(2, 0, 100);
    record(2, 50, 120);
    assert_true(read_set() == 120);
}

static void a_value_that_two_workers_saw_counts_once(void **state)
{
    record(0, 0, 10);
    record(2, 5, 15);
    assert_true(read_set() == 15);
    record(1, 0, 15);
    assert_true(read_set() == 15);
}

static void is_exact_over_all_cells_together(void **state)
{
    record(0, 0, 700);
    record(1, 700, 1400);
    record(2, 1400, DISTINCT_EXACT_MAX);
    assert_true(read_set() == DISTINCT_EXACT_MAX);
}

static void many_values_are_estimated_as_one_count_would(void **state)
{
    record(0, 0, 1000);
    record(1, 1000, 2000);
    assert_true(read_set() == count_in_one(2000));
    record(2, 0, 30000);
    assert_true(read_set() == count_in_one(30000));
    record(0, 20000, 40000);
    assert_true(read_set() == count_in_one(40000));
}

static void reading_changes_nothing(void **state)
{
    record(0, 0, 10);
    for (unsigned i = 0; i < 5; i++)
        assert_true(read_set() == 10);
    record(0, 10, 5000);
    assert_true(read_set() == read_set());
}

static void a_reading_of_the_series_is_the_same(void **state)
{
    struct reading reading = { .value = -1 };

    record(0, 0, 10);
    record(1, 8, 12);
    series_read(series, &reading);
    assert_true(reading.value == 12);
}

/* --- threads ---------------------------------------------------------------------------- */

struct writer {
    unsigned worker, from, to;
    pthread_t thread;
};

static void *write_all(void *arg)
{
    struct writer *writer = arg;
    struct set_cell *set = (struct set_cell *)series->cells[writer->worker];

    for (unsigned i = writer->from; i < writer->to; i++)
        if (set_record(set, hash_of(i)) != VERDICT_APPLIED)
            return NULL;
    return writer;
}

static _Atomic bool is_over;
static double most_seen;
static bool has_shrunk;

static void *read_on(void *arg)
{
    double before = 0;

    while (!atomic_load(&is_over)) {
        double now = read_set();

        if (now < before)
            has_shrunk = true;
        before = now;
        most_seen = now > most_seen ? now : most_seen;
    }
    return NULL;
}

/* Two threads write, a third reads all the time. */
static void write_and_read(unsigned n_each, unsigned n_common)
{
    struct writer writers[] = { { 0, 0, n_each, 0 },
                                { 2, n_each - n_common, 2 * n_each - n_common, 0 } };
    pthread_t reader;
    void *done;

    cell_of(0);
    cell_of(2);
    assert_int_equal(pthread_create(&reader, NULL, read_on, NULL), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(writers); i++)
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_all, &writers[i]), 0);
    for (unsigned i = 0; i < ARRAY_SIZE(writers); i++) {
        assert_int_equal(pthread_join(writers[i].thread, &done), 0);
        assert_ptr_equal(done, &writers[i]);
    }
    atomic_store(&is_over, true);
    assert_int_equal(pthread_join(reader, NULL), 0);
}

static void few_values_of_two_threads_are_exact_and_only_grow(void **state)
{
    write_and_read(1000, 500);
    assert_true(read_set() == 1500);
    assert_true(most_seen <= 1500);
    assert_false(has_shrunk);
}

static void many_values_of_two_threads_are_all_counted(void **state)
{
    write_and_read(30000, 10000);
    assert_true(read_set() == count_in_one(50000));
    assert_true(most_seen < 50000 * 1.05);
}

static int begin(void **state)
{
    const struct identity identity = { .type = SAMPLE_SET,
                                       .family = SLICE("x"),
                                       .sent_as = SLICE("x") };
    struct family *family = family_new(&identity, NULL);

    is_over = has_shrunk = false;
    most_seen = 0;
    series = family ? series_new(family, SLICE(""), WORKERS) : NULL;
    if (family)
        family_unref(family);
    return series ? 0 : -1;
}

static int end(void **state)
{
    series_free(series);
    return 0;
}

#define SET_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        SET_CASE(without_cells_it_is_0),
        SET_CASE(a_cell_without_values_is_0),
        SET_CASE(counts_distinct_values_of_one_worker),
        SET_CASE(a_value_that_two_workers_saw_counts_once),
        SET_CASE(is_exact_over_all_cells_together),
        SET_CASE(many_values_are_estimated_as_one_count_would),
        SET_CASE(reading_changes_nothing),
        SET_CASE(a_reading_of_the_series_is_the_same),
        SET_CASE(few_values_of_two_threads_are_exact_and_only_grow),
        SET_CASE(many_values_of_two_threads_are_all_counted),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
