/* SPDX-License-Identifier: Apache-2.0 */

/* The order of an x and other samples that several workers have received. */

#include "registry_setup.h"
#include "samples.h"

#include "aggregate/shard.h"

#include <stdio.h>

#define WORKERS 3

static struct registry *registry;
static struct shard *shards[WORKERS];

static struct key *look_up(unsigned worker, struct line *line, enum sample_type type)
{
    struct identity identity = { .type = type, .family = line->name, .weight = 1 };
    struct lookup lookup = shard_find(shards[worker], line);

    if (!lookup.key)
        assert_int_equal(shard_learn(shards[worker], line, &identity, &lookup), VERDICT_APPLIED);
    return lookup.key;
}

static void write_line(unsigned worker, struct key *key, const struct line *line)
{
    assert_int_equal(shard_record(shards[worker], key, line), VERDICT_APPLIED);
}

/* A worker applies a sample of the series x. */
static void record(unsigned worker, enum sample_type type, double number, int64_t arrived_ns)
{
    struct line line = line_of("x", "|", number, arrived_ns);

    write_line(worker, look_up(worker, &line, type), &line);
}

static void change(unsigned worker, double number, int64_t arrived_ns)
{
    struct line line = line_of("x", "|", number, arrived_ns);

    line.is_relative = true;
    write_line(worker, look_up(worker, &line, SAMPLE_GAUGE), &line);
}

/* A worker applies an x with an age. Returns the number of series that it has ended. */
static size_t end_older(unsigned worker, int64_t arrived_ns, int64_t age_ns)
{
    const struct identity identity = identity_of("x", SAMPLE_END, "");
    size_t n;

    assert_int_equal(shard_end(shards[worker], arrived_ns, age_ns, &identity, &n), VERDICT_APPLIED);
    return n;
}

/* The same without. */
static size_t end_series(unsigned worker, int64_t arrived_ns)
{
    return end_older(worker, arrived_ns, 0);
}

/* What a scrape sees: whether there is a series, and its value. */
static bool read_series(struct reading *ret)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    bool has_series = snapshot->n_series > 0;

    if (has_series)
        series_read(snapshot->series[0], ret);
    snapshot_unref(snapshot);
    return has_series;
}

static void assert_value(double expected)
{
    struct reading reading;

    assert_true(read_series(&reading));
    assert_true(reading.value == expected);
}

/* --- an x that is applied late ---------------------------------------------------------- */

static void an_x_ends_only_what_arrived_before_it(void **state)
{
    record(0, SAMPLE_GAUGE, 7, 5);
    record(0, SAMPLE_GAUGE, 1, 20);
    assert_int_equal(end_series(1, 10), 0); /* applied after a sample that arrived after it */
    assert_value(1);
    assert_int_equal(end_series(1, 30), 1);
    assert_int_equal(count_series(registry), 0);
}

static void an_x_ends_what_arrived_at_the_same_time(void **state)
{
    record(0, SAMPLE_GAUGE, 7, 10);
    assert_int_equal(end_series(1, 10), 1);
}

static void the_worker_s_own_samples_arrived_before_its_x(void **state)
{
    record(1, SAMPLE_GAUGE, 7, 10); /* all of one datagram, in this order */
    change(1, 1, 10);
    assert_int_equal(end_series(1, 10), 1);
    record(1, SAMPLE_GAUGE, 3, 10);
    assert_value(3);
}

static void a_new_series_counts_as_written_before_its_first_sample_is(void **state)
{
    struct line line = line_of("x", "|", 1, 20);
    struct key *key = look_up(0, &line, SAMPLE_GAUGE);

    assert_int_equal(end_series(1, 10), 0);
    write_line(0, key, &line);
    assert_value(1);
}

static void so_does_one_that_was_expiring(void **state)
{
    struct line line = line_of("x", "|", 1, 20);
    struct sweep_item item = { .touched_ns = 5 };
    struct key *key;

    record(0, SAMPLE_GAUGE, 7, 5);
    item.series = cell_series(look_up(0, &line, SAMPLE_GAUGE)->cell);
    mark_expiring(registry, &item, 1);
    key = look_up(0, &line, SAMPLE_GAUGE);
    assert_int_equal(end_series(1, 10), 0);
    write_line(0, key, &line);
    assert_value(1);
}

/* --- what is left of a series that does not end -------------------------------------------- */

static void of_a_gauge_the_changes_that_arrived_later(void **state)
{
    record(1, SAMPLE_GAUGE, 100, 5);
    change(0, 10, 6);
    change(0, 3, 20);
    assert_int_equal(end_series(1, 10), 0);
    assert_value(3);
    change(0, 1, 30);
    assert_value(4);
}

static void also_if_the_worker_of_the_x_has_no_cell(void **state)
{
    record(0, SAMPLE_GAUGE, 100, 5);
    change(0, 3, 20);
    assert_int_equal(end_series(1, 10), 0);
    assert_value(3);
    assert_int_equal(end_series(2, 30), 1);
}

static void of_a_gauge_that_was_set_later_this_value(void **state)
{
    change(0, 3, 5);
    change(1, 4, 6);
    record(0, SAMPLE_GAUGE, 100, 20);
    change(0, 1, 21);
    assert_int_equal(end_series(1, 10), 0);
    assert_value(101);
}

static void of_a_counter_all(void **state)
{
    record(0, SAMPLE_COUNTER, 5, 5);
    record(0, SAMPLE_COUNTER, 1, 20);
    record(1, SAMPLE_COUNTER, 3, 7);
    assert_int_equal(end_series(1, 10), 0);
    assert_value(9);
}

static void of_a_histogram_all(void **state)
{
    struct reading reading;

    record(0, SAMPLE_TIMER, 5000, 5);
    record(0, SAMPLE_TIMER, 1000, 20);
    assert_int_equal(end_series(1, 10), 0);
    assert_true(read_series(&reading));
    assert_true(reading.sum == 6);
}

static void of_a_set_all(void **state)
{
    record(0, SAMPLE_SET, 1, 5);
    record(0, SAMPLE_SET, 1, 20);
    assert_int_equal(end_series(1, 10), 0);
    assert_value(1);
}

/* --- a sample that is applied late -------------------------------------------------------- */

/* A worker learns the key of a sample that arrived at @arrived_ns. Returns whether it has ended. */
static bool is_ended(unsigned worker, const char *name, const char *labels, int64_t arrived_ns)
{
    struct line line = line_of(name, "|", 1, arrived_ns);
    struct identity identity = identity_of(name, SAMPLE_GAUGE, "");
    struct lookup lookup = { 0, NULL };

    identity.labels = slice_of(labels);
    identity.is_passing = true;
    assert_int_equal(shard_learn(shards[worker], &line, &identity, &lookup), VERDICT_APPLIED);
    return !lookup.key;
}

static void what_arrived_before_an_x_begins_no_series_after_it(void **state)
{
    struct line line = line_of("x", "|", 1, 15);

    record(0, SAMPLE_GAUGE, 1, 5);
    assert_int_equal(end_series(1, 20), 1);
    assert_null(look_up(0, &line, SAMPLE_GAUGE));
    assert_int_equal(count_series(registry), 0);
    record(0, SAMPLE_GAUGE, 2, 25);
    assert_value(2);
    assert_null(look_up(2, &line, SAMPLE_GAUGE)); /* nor does it belong to the new series */
    assert_value(2);
}

static void nor_if_the_x_found_nothing_to_end(void **state)
{
    assert_int_equal(end_series(1, 20), 0);
    assert_true(is_ended(0, "x", "", 19));
    assert_false(is_ended(0, "x", "", 20));
    assert_false(is_ended(0, "y", "", 19));
}

static void an_x_takes_only_late_samples_with_all_of_its_labels(void **state)
{
    struct identity identity = identity_of("x", SAMPLE_END, "");
    size_t n;

    identity.labels = SLICE("a=\"1\"");
    assert_int_equal(shard_end(shards[1], 20, 0, &identity, &n), VERDICT_APPLIED);
    assert_true(is_ended(0, "x", "a=\"1\"", 10));
    assert_true(is_ended(0, "x", "a=\"1\",b=\"1\"", 10));
    assert_false(is_ended(0, "x", "a=\"2\"", 10));
    assert_false(is_ended(0, "x", "", 10));
}

/* --- a sample that is written at the moment of the x --------------------------------------- */

/* A worker has found its key, and may write; then an x of another worker ends the series. */
static struct key *find_then_end(struct line *line, enum sample_type type, int64_t x_arrived_ns)
{
    struct key *key;

    record(0, type, 7, 5);
    key = look_up(0, line, type);
    assert_int_equal(end_series(1, x_arrived_ns), 1);
    return key;
}

static void it_brings_the_series_back(void **state)
{
    struct line line = line_of("x", "|", 1, 20);
    struct registry_counts before, after;
    struct key *key;

    record(0, SAMPLE_GAUGE, 7, 5);
    before = registry_count(registry);
    key = find_then_end(&line, SAMPLE_GAUGE, 10);
    assert_int_equal(count_series(registry), 0);
    write_line(0, key, &line);
    assert_value(1);
    after = registry_count(registry);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_ptr_equal(look_up(0, &line, SAMPLE_GAUGE), key);
    assert_int_equal(end_series(1, 30), 1);
    assert_false(read_series(&(struct reading){ 0 }));
}

static void not_if_it_arrived_before_the_x(void **state)
{
    struct line line = line_of("x", "|", 1, 20);
    struct key *key = find_then_end(&line, SAMPLE_GAUGE, 20);

    write_line(0, key, &line);
    assert_false(read_series(&(struct reading){ 0 }));
}

static void nor_if_another_series_has_its_place(void **state)
{
    struct line line = line_of("x", "|", 1, 20);
    struct key *key = find_then_end(&line, SAMPLE_GAUGE, 10);

    write_line(0, key, &line);
    record(2, SAMPLE_GAUGE, 3, 30);
    assert_value(3);
    assert_int_equal(count_series(registry), 1);
}

static void nor_if_its_name_has_another_type(void **state)
{
    struct line line = line_of("x", "|", 1, 20);
    struct key *key = find_then_end(&line, SAMPLE_GAUGE, 10);

    write_line(0, key, &line);
    record(2, SAMPLE_COUNTER, 3, 30);
    assert_value(3);
    assert_int_equal(count_series(registry), 1);
    assert_int_equal(registry_count(registry).families, 1);
}

/* --- an x with an age --------------------------------------------------------------------- */

static void with_an_age_it_ends_only_what_was_not_written_lately(void **state)
{
    record(0, SAMPLE_GAUGE, 7, 20);
    assert_int_equal(end_older(1, 30, 11), 0); /* nothing since 19 would do */
    assert_value(7);
    assert_int_equal(end_older(1, 30, 10), 1);
    assert_int_equal(count_series(registry), 0);
}

static void the_last_sample_of_all_workers_counts(void **state)
{
    record(0, SAMPLE_COUNTER, 1, 5);
    record(2, SAMPLE_COUNTER, 1, 25);
    record(1, SAMPLE_COUNTER, 1, 5);
    assert_int_equal(end_older(1, 30, 10), 0);
    assert_value(3);
}

/* Not even what arrived before: +1 needs the value that it changes. */
static void it_takes_nothing_from_what_was_written_lately(void **state)
{
    record(0, SAMPLE_GAUGE, 7, 5);
    change(2, 1, 25);
    assert_int_equal(end_older(1, 30, 10), 0);
    assert_value(8);
    assert_int_equal(end_older(1, 20, 10), 0); /* an x that is applied late, likewise */
    assert_value(8);
}

static void nor_from_what_another_worker_applies_late(void **state)
{
    record(0, SAMPLE_COUNTER, 1, 25);
    assert_int_equal(end_older(1, 30, 10), 0);
    record(2, SAMPLE_COUNTER, 1, 15); /* 2 asks the registry for the series */
    assert_value(2);
}

static void what_is_written_late_to_an_older_series_begins_it_again(void **state)
{
    record(0, SAMPLE_GAUGE, 7, 5);
    assert_int_equal(end_older(1, 30, 10), 1);
    record(0, SAMPLE_GAUGE, 3, 25);
    assert_value(3);
}

static void what_is_written_at_its_moment_brings_the_series_back(void **state)
{
    struct line line = line_of("x", "|", 1, 25);
    struct key *key;

    record(0, SAMPLE_COUNTER, 7, 5);
    key = look_up(0, &line, SAMPLE_COUNTER);
    assert_int_equal(end_older(1, 30, 10), 1);
    write_line(0, key, &line);
    assert_value(8);
}

static void with_an_age_beyond_all_time_it_ends_nothing(void **state)
{
    record(0, SAMPLE_GAUGE, 7, 0);
    assert_int_equal(end_older(1, 30, INT64_MAX), 0);
    assert_value(7);
}

/* --- all orders --------------------------------------------------------------------------- */

#define OPERATIONS 4

/* What a worker receives: @at is its place in the order of arrival, and its value's digit. */
struct operation {
    unsigned worker;
    enum { OP_SET, OP_ADD, OP_END, _OP_N } what;
    unsigned at;
};

static double amount(const struct operation *operation)
{
    return (double)(UINT64_C(1) << (4 * operation->at));
}

/* The value of the gauge if each operation is applied as it arrives; -1: it does not exist. */
static double expected_value(const struct operation *by_arrival)
{
    double value = -1;

    for (unsigned i = 0; i < OPERATIONS; i++) {
        switch (by_arrival[i].what) {
        case OP_SET: value = amount(&by_arrival[i]); break;
        case OP_ADD: value = (value < 0 ? 0 : value) + amount(&by_arrival[i]); break;
        case OP_END: value = -1; break;
        case _OP_N: break;
        }
    }
    return value;
}

static void apply(const struct operation *operation)
{
    struct line line = line_of("x", "|", amount(operation), operation->at);
    struct key *key;

    line.is_relative = operation->what == OP_ADD;
    if (operation->what == OP_END) {
        end_series(operation->worker, operation->at);
        return;
    }
    key = look_up(operation->worker, &line, SAMPLE_GAUGE);
    if (key)
        write_line(operation->worker, key, &line);
}

static int begin(void **state);
static int end(void **state);

static double applied_value(const struct operation *const *order)
{
    struct reading reading;
    double value;

    begin(NULL);
    for (unsigned i = 0; i < OPERATIONS; i++)
        apply(order[i]);
    value = read_series(&reading) ? reading.value : -1;
    end(NULL);
    return value;
}

/* The number of orders of application that differ from the order of arrival in what they give. */
static unsigned count_wrong(const struct operation *by_arrival, const struct operation **order,
                            unsigned n)
{
    unsigned n_wrong = 0;

    if (n == OPERATIONS)
        return applied_value(order) != expected_value(by_arrival);
    for (unsigned worker = 0; worker < WORKERS; worker++) {
        /* Each worker applies what it has received in order. */
        const struct operation *next = NULL;

        for (unsigned i = 0; i < OPERATIONS && !next; i++) {
            next = by_arrival[i].worker == worker ? &by_arrival[i] : NULL;
            for (unsigned j = 0; j < n; j++)
                next = order[j] == next ? NULL : next;
        }
        if (next) {
            order[n] = next;
            n_wrong += count_wrong(by_arrival, order, n + 1);
        }
    }
    return n_wrong;
}

static void order_of_application_does_not_matter(void **state)
{
    struct operation by_arrival[OPERATIONS];
    const struct operation *order[OPERATIONS];
    unsigned n_wrong = 0;

    end(state);
    for (unsigned who = 0; who < 81; who++) { /* 3 workers to the power of OPERATIONS */
        for (unsigned what = 0; what < 81; what++) {
            unsigned left = what;

            for (unsigned i = 0, at = who; i < OPERATIONS; i++, at /= WORKERS, left /= _OP_N)
                by_arrival[i] = (struct operation){ at % WORKERS, left % _OP_N, i + 1 };
            n_wrong += count_wrong(by_arrival, order, 0);
        }
    }
    assert_int_equal(n_wrong, 0);
}

static int begin_with(size_t max_bytes)
{
    registry = new_registry(WORKERS, 100000, max_bytes);
    for (unsigned i = 0; i < WORKERS; i++) {
        const struct shard_options options = { registry, i, 16 << 20, 42 };

        if (shard_new(&shards[i], &options) < 0)
            return -1;
    }
    return 0;
}

static int begin(void **state)
{
    return begin_with(SIZE_MAX);
}

static int end(void **state)
{
    for (unsigned i = 0; i < WORKERS; i++)
        shard_free(TAKE(shards[i]));
    registry_free(TAKE(registry));
    return 0;
}

static void without_memory_for_a_cell_the_x_is_refused(void **state)
{
    const struct identity identity = identity_of("x", SAMPLE_END, "");
    size_t n, n_bytes;

    change(0, 1, 20);
    n_bytes = registry_count(registry).bytes;
    end(state);
    begin_with(n_bytes);
    change(0, 1, 20);
    assert_int_equal(shard_end(shards[1], 10, 0, &identity, &n), REFUSED_NO_MEMORY);
    assert_int_equal(n, 0);
    assert_value(1);
}

#define ORDER_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        ORDER_CASE(an_x_ends_only_what_arrived_before_it),
        ORDER_CASE(an_x_ends_what_arrived_at_the_same_time),
        ORDER_CASE(the_worker_s_own_samples_arrived_before_its_x),
        ORDER_CASE(a_new_series_counts_as_written_before_its_first_sample_is),
        ORDER_CASE(so_does_one_that_was_expiring),
        ORDER_CASE(of_a_gauge_the_changes_that_arrived_later),
        ORDER_CASE(also_if_the_worker_of_the_x_has_no_cell),
        ORDER_CASE(of_a_gauge_that_was_set_later_this_value),
        ORDER_CASE(of_a_counter_all),
        ORDER_CASE(of_a_histogram_all),
        ORDER_CASE(of_a_set_all),
        ORDER_CASE(what_arrived_before_an_x_begins_no_series_after_it),
        ORDER_CASE(nor_if_the_x_found_nothing_to_end),
        ORDER_CASE(an_x_takes_only_late_samples_with_all_of_its_labels),
        ORDER_CASE(it_brings_the_series_back),
        ORDER_CASE(not_if_it_arrived_before_the_x),
        ORDER_CASE(nor_if_another_series_has_its_place),
        ORDER_CASE(nor_if_its_name_has_another_type),
        ORDER_CASE(with_an_age_it_ends_only_what_was_not_written_lately),
        ORDER_CASE(the_last_sample_of_all_workers_counts),
        ORDER_CASE(it_takes_nothing_from_what_was_written_lately),
        ORDER_CASE(nor_from_what_another_worker_applies_late),
        ORDER_CASE(what_is_written_late_to_an_older_series_begins_it_again),
        ORDER_CASE(what_is_written_at_its_moment_brings_the_series_back),
        ORDER_CASE(with_an_age_beyond_all_time_it_ends_nothing),
        ORDER_CASE(order_of_application_does_not_matter),
        ORDER_CASE(without_memory_for_a_cell_the_x_is_refused),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
