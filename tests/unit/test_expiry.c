/* SPDX-License-Identifier: Apache-2.0 */

#include "sweep.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static bool is_memory_short;

void *__wrap_malloc(size_t size)
{
    return is_memory_short ? NULL : __real_malloc(size);
}

/* When an x arrives. */
#define END_NS 1000

/* --- when ---------------------------------------------------------------------------- */

static void a_series_expires_when_its_time_to_live_is_over(void **state)
{
    record(0, "x", 100);
    assert_int_equal(sweep(100, 10), 0);
    assert_int_equal(sweep(110, 10), 0);
    assert_int_equal(sweep(111, 10), 1);
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 0);
    assert_int_equal(sweep(1000, 10), 0);
}

static void only_old_ones_expire(void **state)
{
    record(0, "a", 100);
    record(0, "b", 105);
    record(1, "c", 100);
    assert_int_equal(sweep(112, 10), 2);
    assert_int_equal(total(), 1);
}

static void one_worker_that_writes_keeps_it(void **state)
{
    record(0, "x", 100);
    record(1, "x", 200);
    assert_int_equal(sweep(205, 10), 0);
    assert_true(total() == 2);
    assert_int_equal(sweep(211, 10), 1);
}

static void a_ttl_longer_than_the_clock_has_run_takes_nothing(void **state)
{
    record(0, "x", 1);
    assert_int_equal(sweep(2, UINT32_MAX), 0);
    assert_int_equal(sweep(UINT32_MAX, UINT32_MAX - 1), 0);
}

static void a_series_of_the_future_stays(void **state)
{
    record(0, "x", 500); /* a worker's clock was read after the sweep's */
    assert_int_equal(sweep(499, 1), 0);
    assert_true(total() == 1);
}

static void nothing_to_mark_ends_a_sweep(void **state)
{
    struct expiry expiry = { 0 };

    assert_int_equal(mark(&expiry, 1000, 1), 0);
    end_sweep(&expiry);
    end_sweep(&expiry);
    assert_null(expiry.items);
}

static void a_sweep_may_end_after_marking(void **state)
{
    struct expiry expiry = { 0 };

    record(0, "x", 1);
    assert_int_equal(mark(&expiry, 1000, 1), 1);
    end_sweep(&expiry);
    assert_true(total() == 1);
    assert_int_equal(sweep(1000, 1), 1); /* and start again */
}

/* --- without memory ------------------------------------------------------------------------ */

static void without_memory_a_sweep_has_its_reserve(void **state)
{
    enum { N = EXPIRY_RESERVE + 100 };
    struct expiry expiry;
    char name[16];

    assert_int_equal(expiry_init(&expiry), 0);
    for (unsigned i = 0; i < N; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        record(0, name, 1);
    }
    is_memory_short = true;
    assert_int_equal(mark(&expiry, 1000, 1), EXPIRY_RESERVE);
    assert_true(expiry.is_short);
    end_sweep(&expiry);
    is_memory_short = false;
    assert_int_equal(mark(&expiry, 1000, 1), N);
    assert_false(expiry.is_short);
    end_sweep(&expiry);
    expiry_deinit(&expiry);
    assert_null(expiry.reserve);
}

/* --- what no scrape has shown ---------------------------------------------------------------- */

#define SECOND INT64_C(1000000000)

/* Sweep with a TTL of 1 s, or 60 s until a scrape; the newest of these began at @shown_s. */
static size_t sweep_after(int64_t now_s, int64_t shown_s)
{
    struct expiry_rule rule = rule_of(now_s * SECOND, SECOND);

    rule.unscraped_ttl_ns = 60 * SECOND;
    rule.shown_ns = shown_s * SECOND;
    return sweep_by(&rule);
}

static void a_series_waits_for_a_scrape(void **state)
{
    record(0, "x", 100 * SECOND);
    assert_int_equal(sweep_after(110, 0), 0);
    assert_int_equal(sweep_after(130, 99), 0);
    assert_int_equal(sweep_after(130, 129), 1);
    assert_int_equal(n_unscraped, 0);
}

static void but_not_for_ever(void **state)
{
    record(0, "x", 100 * SECOND);
    assert_int_equal(sweep_after(160, 0), 0);
    assert_int_equal(sweep_after(161, 0), 1);
    assert_int_equal(n_unscraped, 1);
}

/* A sample is applied some time after it arrives, so a scrape may have passed its series. */
static void a_scrape_right_after_a_sample_may_not_have_shown_it(void **state)
{
    record(0, "x", 100 * SECOND + 1);
    assert_int_equal(sweep_after(110, 100), 0);
    assert_int_equal(sweep_after(110, 101), 0);
    assert_int_equal(sweep_after(110, 102), 1);
    record(0, "x", 200 * SECOND);
    assert_int_equal(sweep_after(210, 201), 1);
}

static void each_sample_waits_for_a_scrape_of_its_own(void **state)
{
    record(0, "x", 100 * SECOND);
    record(1, "x", 120 * SECOND);
    assert_int_equal(sweep_after(140, 110), 0); /* it has shown the first only */
    record(0, "x", 150 * SECOND);
    assert_int_equal(sweep_after(170, 140), 0);
    assert_int_equal(sweep_after(210, 140), 0); /* the limit counts from the last sample, too */
    assert_true(total() == 3);
    assert_int_equal(sweep_after(211, 140), 1);
    assert_int_equal(n_unscraped, 1);
}

static void a_longer_ttl_holds_whether_scrapes_come_or_not(void **state)
{
    struct expiry_rule rule = rule_of(0, 60 * SECOND);

    rule.unscraped_ttl_ns = SECOND;
    record(0, "x", 100 * SECOND);
    rule.now_ns = 160 * SECOND;
    assert_int_equal(sweep_by(&rule), 0);
    rule.shown_ns = 159 * SECOND;
    assert_int_equal(sweep_by(&rule), 0);
    rule.shown_ns = 0;
    rule.now_ns++;
    assert_int_equal(sweep_by(&rule), 1);
    assert_int_equal(n_unscraped, 1); /* the TTL was too short for the scraper, if there is one */
}

static void shown_and_unscraped_series_of_a_sweep_are_told_apart(void **state)
{
    char name[16];

    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        record(i % 2, name, (i % 10 == 3 ? 150 : 100) * SECOND);
    }
    assert_int_equal(sweep_after(211, 140), 1000);
    assert_int_equal(n_unscraped, 100);
    assert_int_equal(registry_count(registry).bytes, 0);
    assert_int_equal(shard_n_keys(shards[0]) + shard_n_keys(shards[1]), 0);
}

static void a_write_keeps_an_unscraped_series_too(void **state)
{
    struct expiry_rule rule = rule_of(200 * SECOND, 1);
    struct expiry expiry = { 0 };

    rule.shown_ns = 120 * SECOND;
    record(0, "shown", 100 * SECOND);
    record(0, "unscraped", 150 * SECOND);
    record(0, "written", 150 * SECOND);
    assert_int_equal(mark_by(&expiry, &rule), 3);
    record(1, "written", 200 * SECOND);
    assert_int_equal(finish(&expiry), 2);
    assert_int_equal(n_unscraped, 1);
    assert_true(total() == 2);
}

/* --- what is kept ---------------------------------------------------------------------- */

static void a_write_between_mark_and_remove_keeps_the_series(void **state)
{
    struct expiry expiry = { 0 };

    record(0, "x", 100);
    assert_int_equal(mark(&expiry, 200, 10), 1);
    record(0, "x", 200);
    assert_int_equal(finish(&expiry), 0);
    assert_true(total() == 2);
    record(0, "x", 201);
    assert_true(total() == 3);
}

/* A time in seconds is too coarse to show it, so the worker must check. */
static void a_write_in_the_second_of_the_last_one_keeps_the_series(void **state)
{
    struct expiry expiry = { 0 };

    record(0, "x", 100);
    assert_int_equal(mark(&expiry, 200, 10), 1);
    record(0, "x", 100);
    assert_int_equal(finish(&expiry), 0);
    assert_true(total() == 2);
}

static void a_new_cell_in_the_second_of_the_last_write_keeps_the_series(void **state)
{
    struct expiry expiry = { 0 };

    record(0, "x", 100);
    assert_int_equal(mark(&expiry, 200, 10), 1);
    record(1, "x", 100);
    assert_int_equal(finish(&expiry), 0);
    assert_true(total() == 2);
}

static void a_worker_without_a_cell_of_it_keeps_it_too(void **state)
{
    struct expiry expiry = { 0 };

    record(0, "x", 100);
    assert_int_equal(mark(&expiry, 200, 10), 1);
    record(1, "x", 200);
    assert_int_equal(finish(&expiry), 0);
    assert_true(total() == 2);
}

/* The worker finds its key before the mark, and writes after it. */
static void a_write_that_had_begun_before_the_mark_keeps_the_series(void **state)
{
    struct expiry expiry = { 0 };
    struct line line = line_of("x", "|", 1, 200);
    struct key *key;

    record(0, "x", 100);
    key = look_up(0, &line, SAMPLE_COUNTER);
    assert_int_equal(mark(&expiry, 200, 10), 1);
    assert_int_equal(shard_record(shards[0], key, &line), VERDICT_APPLIED);
    assert_int_equal(finish(&expiry), 0);
    assert_true(total() == 2);
}

/* The same, but its thread has waited so long that its time is that of the last write. */
static void a_write_that_waited_since_before_the_mark_is_not_lost(void **state)
{
    struct expiry expiry = { 0 };
    struct line line = line_of("x", "|", 1, 100);
    struct key *key;

    record(0, "x", 100);
    key = look_up(0, &line, SAMPLE_COUNTER);
    assert_int_equal(mark(&expiry, 200, 10), 1);
    assert_int_equal(shard_record(shards[0], key, &line), VERDICT_APPLIED);
    assert_int_equal(finish(&expiry), 0);
    assert_true(total() == 2);
}

static void an_admission_before_the_first_write_is_not_lost(void **state)
{
    struct expiry expiry = { 0 };
    struct line line = line_of("x", "|", 1, 100);
    struct key *key = look_up(0, &line, SAMPLE_COUNTER); /* as old as its sample, not yet written */

    assert_int_equal(mark(&expiry, 200, 10), 1);
    assert_int_equal(shard_record(shards[0], key, &line), VERDICT_APPLIED);
    assert_int_equal(finish(&expiry), 0);
    assert_true(total() == 1);
}

static void what_was_kept_expires_at_its_next_time(void **state)
{
    struct expiry expiry = { 0 };

    record(0, "x", 100);
    assert_int_equal(mark(&expiry, 200, 10), 1);
    record(0, "x", 200);
    assert_int_equal(finish(&expiry), 0);
    assert_int_equal(sweep(210, 10), 0);
    assert_int_equal(sweep(211, 10), 1);
}

/* --- what is removed --------------------------------------------------------------------- */

static void names_of_removed_series_are_free_for_another_type(void **state)
{
    record_as(0, "x", SAMPLE_TIMER, 1);
    assert_int_equal(sweep(100, 10), 1);
    record_as(1, "x_count", SAMPLE_GAUGE, 100);
    record_as(0, "x", SAMPLE_COUNTER, 100);
    assert_int_equal(registry_count(registry).series[METRIC_HISTOGRAM], 0);
    assert_int_equal(registry_count(registry).families, 2);
}

static void keys_of_all_aliases_are_forgotten(void **state)
{
    struct identity identity = identity_of("x", SAMPLE_COUNTER, "");
    struct line line = line_of("x", "|", 1, 100);
    struct lookup lookup;
    char alias[16];

    for (unsigned i = 0; i < 100; i++) {
        snprintf(alias, sizeof(alias), "alias%u", i);
        line.name = slice_of(alias);
        lookup = shard_find(shards[i % 2], &line);
        assert_null(lookup.key);
        assert_int_equal(shard_learn(shards[i % 2], &line, &identity, &lookup), VERDICT_APPLIED);
    }
    assert_int_equal(shard_n_keys(shards[0]) + shard_n_keys(shards[1]), 100);
    assert_int_equal(sweep(111, 10), 1);
    assert_int_equal(shard_n_keys(shards[0]) + shard_n_keys(shards[1]), 0);
    assert_int_equal(registry_count(registry).bytes, 0);
}

static void a_snapshot_held_across_a_removal_can_be_read(void **state)
{
    struct snapshot *snapshot;
    struct reading reading;

    record(0, "x", 100);
    record(1, "x", 100);
    snapshot = registry_snapshot(registry);
    assert_int_equal(sweep(200, 10), 1);
    assert_int_equal(snapshot->n_series, 1);
    assert_slice_equal(snapshot->series[0]->family->name, "x");
    series_read(snapshot->series[0], &reading);
    assert_true(reading.value == 2);
    assert_true(total() == 0);
    snapshot_unref(snapshot);
}

static void a_series_that_comes_again_begins_at_0(void **state)
{
    record(0, "x", 100);
    assert_int_equal(sweep(200, 10), 1);
    record(0, "x", 200);
    assert_true(total() == 1);
}

static void thousands_go_in_one_sweep(void **state)
{
    char name[16];

    for (unsigned i = 0; i < 3000; i++) {
        snprintf(name, sizeof(name), "s%u", i);
        record_as(i % 2, name, (enum sample_type)(i % 3), i % 10 ? 100 : 150);
    }
    assert_int_equal(sweep(155, 10), 2700);
    assert_int_equal(registry_count(registry).families, 300);
    assert_int_equal(shard_n_keys(shards[0]) + shard_n_keys(shards[1]), 300);
}

/* --- ended by senders --------------------------------------------------------------------- */

/* A worker ends the series of that name. Returns their number. */
static size_t end_series(unsigned worker, const char *name)
{
    const struct identity identity = identity_of(name, SAMPLE_END, "");
    size_t n;

    assert_int_equal(shard_end(shards[worker], END_NS, 0, &identity, &n), VERDICT_APPLIED);
    return n;
}

/* Process the series that were ended. Returns their number. */
static size_t bury(void)
{
    struct expiry expiry = { 0 };
    size_t n = expiry_take_ended(&expiry, registry);

    for (unsigned i = 0; i < WORKERS; i++)
        shard_release(shards[i], expiry.items, expiry.n_items);
    end_sweep(&expiry);
    assert_null(expiry.items);
    return n;
}

static void what_senders_ended_gives_its_memory_back(void **state)
{
    record(0, "x", 1);
    record(1, "x", 1);
    record_as(0, "t", SAMPLE_TIMER, 1);
    assert_int_equal(bury(), 0);
    assert_int_equal(end_series(0, "x"), 1);
    assert_int_equal(end_series(1, "t"), 1);
    assert_int_equal(bury(), 2);
    assert_int_equal(registry_count(registry).bytes, 0);
    assert_int_equal(shard_n_keys(shards[0]) + shard_n_keys(shards[1]), 0);
    assert_int_equal(bury(), 0);
}

static void a_sweep_of_what_was_ended_can_begin_anew(void **state)
{
    struct expiry expiry = { 0 };

    record(0, "x", 1);
    record(0, "y", 1);
    assert_int_equal(end_series(0, "x"), 1);
    assert_int_equal(expiry_take_ended(&expiry, registry), 1);
    for (unsigned i = 0; i < WORKERS; i++)
        shard_release(shards[i], expiry.items, expiry.n_items);
    end_sweep(&expiry);
    assert_int_equal(mark(&expiry, 1000, 1), 1); /* more than fits */
    assert_int_equal(finish(&expiry), 1);
    assert_int_equal(registry_count(registry).bytes, 0);
}

static void what_was_ended_is_not_marked(void **state)
{
    struct expiry expiry = { 0 };

    record(0, "x", 1);
    assert_int_equal(end_series(0, "x"), 1);
    assert_int_equal(mark(&expiry, 1000, 1), 0);
    end_sweep(&expiry);
    assert_int_equal(bury(), 1);
}

/* Both lists have it then, and each worker releases it once. */
static void what_is_ended_during_a_sweep_is_released_once(void **state)
{
    struct expiry expiry = { 0 };

    record(0, "x", 1);
    record(1, "x", 1);
    assert_int_equal(mark(&expiry, 1000, 1), 1);
    assert_int_equal(end_series(1, "x"), 1);
    finish(&expiry);
    assert_int_equal(bury(), 1);
    assert_int_equal(registry_count(registry).bytes, 0);
    record(0, "x", 1000);
    record(1, "x", 1000);
    assert_true(total() == 2);
}

static void a_sweep_may_be_broken_off_when_the_workers_have_ended(void **state)
{
    struct expiry expiry = { 0 };

    record(0, "x", 1);
    record(1, "x", 1);
    record(0, "y", 1);
    record(1, "z", 2000);
    assert_int_equal(mark(&expiry, 1000, 1), 2);
    assert_int_equal(remove_marked(&expiry), 2);
    shard_release(shards[0], expiry.items, expiry.n_items); /* the other was not reached */
    for (unsigned i = 0; i < WORKERS; i++) {
        shard_free(shards[i]);
        shards[i] = NULL;
    }
    expiry_deinit(&expiry);
    assert_null(expiry.items);
    assert_true(total() == 1);
    assert_int_equal(registry_count(registry).families, 1);
}

static void what_is_only_expiring_survives_the_end_of_a_sweep(void **state)
{
    struct expiry expiry = { 0 };

    record(0, "x", 1);
    assert_int_equal(mark(&expiry, 1000, 1), 1);
    expiry_deinit(&expiry);
    assert_true(total() == 1);
    assert_int_equal(registry_count(registry).series[METRIC_COUNTER], 1);
    expiry_deinit(&expiry); /* nothing is left to do */
}

static void what_was_ended_is_released_for_workers_that_have_ended(void **state)
{
    struct expiry expiry = { 0 };
    size_t bytes;

    record(1, "y", 1);
    bytes = registry_count(registry).bytes;
    record(0, "x", 1);
    assert_int_equal(end_series(1, "x"), 1);
    assert_int_equal(expiry_take_ended(&expiry, registry), 1);
    for (unsigned i = 0; i < WORKERS; i++) {
        shard_free(shards[i]);
        shards[i] = NULL;
    }
    expiry_deinit(&expiry);
    assert_int_equal(registry_count(registry).bytes, bytes);
}

/* --- everybody at once --------------------------------------------------------------------- */

#define SERIES_N 60
#define ROUNDS 3000
#define SWEEPS_MIN 20

/*
 * Two workers record into the same series, each some of them in turn, so that all series are idle
 * at times, and sometimes end one. The sweeper's clock advances with each sweep.
 */
static struct {
    _Atomic int64_t now_ns;
    int64_t worker_ns[WORKERS];     /* each worker's own clock */
    _Atomic unsigned round;         /* rounds; workers answer between two records */
    _Atomic unsigned seen[WORKERS]; /* the last round that each has answered */
    _Atomic bool must_release;
    _Atomic unsigned n_working;
    _Atomic bool is_over;
    struct expiry expiry; /* what workers must release */
    double recorded[WORKERS];
    double removed; /* the sum over all removed series */
    size_t n_expired, n_ended;
    _Atomic unsigned n_sweeps;
    unsigned n_bad_readings;
} all;

/* A moment when a worker holds no pointer to a cell. */
static void pass(unsigned worker)
{
    unsigned round = atomic_load(&all.round);

    if (round == atomic_load(&all.seen[worker]))
        return;
    all.worker_ns[worker] = atomic_load(&all.now_ns);
    if (atomic_load(&all.must_release))
        shard_release(shards[worker], all.expiry.items, all.expiry.n_items);
    atomic_store(&all.seen[worker], round);
}

static bool record_some(unsigned worker, unsigned i)
{
    char name[16];
    struct line line;
    struct key *key;

    snprintf(name, sizeof(name), "%c%u", i % 3 ? 'c' : 'h', i);
    line = line_of(name, "|", 1, all.worker_ns[worker]);
    line.number = i % 7;
    if (!try_look_up(worker, &line, i % 3 ? SAMPLE_COUNTER : SAMPLE_HISTOGRAM, &key))
        return false;
    if (!key)
        return true;
    if (shard_record(shards[worker], key, &line) != VERDICT_APPLIED)
        return false;
    all.recorded[worker] += line.number;
    return true;
}

static bool end_one(unsigned worker, unsigned i)
{
    struct identity identity = { .type = SAMPLE_END };
    char name[16];
    size_t n;

    snprintf(name, sizeof(name), "%c%u", i % 3 ? 'c' : 'h', i);
    identity.family = slice_of(name);
    return shard_end(shards[worker], all.worker_ns[worker], 0, &identity, &n) == VERDICT_APPLIED;
}

static void *work(void *arg)
{
    unsigned worker = *(unsigned *)arg, seed = worker;

    for (unsigned round = 0; round < ROUNDS || atomic_load(&all.n_sweeps) < SWEEPS_MIN; round++) {
        unsigned first = (seed = seed * 1103515245 + 12345) >> 8;

        for (unsigned i = 0; i < 8; i++)
            if (!record_some(worker, (first + i) % SERIES_N))
                return NULL; /* n_working stays; the sums will not match */
        if (round % 16 == 0 && !end_one(worker, first % SERIES_N))
            return NULL;
        pass(worker);
    }
    atomic_fetch_sub(&all.n_working, 1);
    while (!atomic_load(&all.is_over)) {
        pass(worker);
        sched_yield();
    }
    return NULL;
}

static double value_of(struct series *series)
{
    struct reading reading;

    series_read(series, &reading);
    return series->family->type == METRIC_HISTOGRAM ? reading.sum : reading.value;
}

static void *scrape(void *arg)
{
    while (!atomic_load(&all.is_over)) {
        struct snapshot *snapshot = registry_snapshot(registry);

        for (size_t i = 0; i < snapshot->n_series; i++) {
            all.n_bad_readings += !(value_of(snapshot->series[i]) >= 0);
            all.n_bad_readings +=
                i > 0 && series_compare(snapshot->series[i - 1], snapshot->series[i]) >= 0;
        }
        snapshot_unref(snapshot);
        sched_yield();
    }
    return NULL;
}

static void wait_for_workers(bool must_release)
{
    unsigned round = atomic_load(&all.round) + 1;

    atomic_store(&all.must_release, must_release);
    atomic_store(&all.round, round);
    for (unsigned i = 0; i < WORKERS; i++)
        while (atomic_load(&all.seen[i]) != round)
            sched_yield();
}

/* Add up the values of @n removed series, which no worker writes any more. */
static void add_up(const struct sweep_item *removed, size_t n)
{
    for (size_t i = 0; i < n; i++)
        all.removed += value_of(removed[i].series);
}

/* Take what the sweep has removed. Returns the number. */
static size_t move_removed(struct expiry *expiry)
{
    size_t n = 0;

    for (size_t i = 0; i < expiry->n_items; i++) {
        struct sweep_item item = expiry->items[i];

        if (series_state(item.series) != SERIES_REMOVED)
            continue;
        expiry->items[i] = expiry->items[n];
        expiry->items[n++] = item;
    }
    return n;
}

/* Count a series that is in both lists once. */
static void add_up_ended(const struct expiry *ended, const struct sweep_item *added, size_t n_added)
{
    for (size_t i = 0; i < ended->n_items; i++) {
        bool is_added = false;

        for (size_t k = 0; k < n_added; k++)
            is_added |= added[k].series == ended->items[i].series;
        if (!is_added)
            add_up(&ended->items[i], 1);
    }
}

static void sweep_once(void)
{
    struct expiry swept;
    size_t n_removed = 0;

    atomic_fetch_add(&all.now_ns, 2);
    wait_for_workers(false); /* their clocks are not earlier than ours */
    if (mark(&all.expiry, atomic_load(&all.now_ns), 1) > 0) {
        wait_for_workers(false);
        all.n_expired += remove_marked(&all.expiry);
        n_removed = move_removed(&all.expiry);
        wait_for_workers(true);
        add_up(all.expiry.items, n_removed);
    }
    swept = all.expiry;
    all.expiry = (struct expiry){ 0 };
    all.n_ended += expiry_take_ended(&all.expiry, registry);
    wait_for_workers(true);
    add_up_ended(&all.expiry, swept.items, n_removed);
    end_sweep(&all.expiry);
    end_sweep(&swept);
    atomic_fetch_add(&all.n_sweeps, 1);
}

static double total_of_all(void)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    double sum = 0;

    for (size_t i = 0; i < snapshot->n_series; i++)
        sum += value_of(snapshot->series[i]);
    snapshot_unref(snapshot);
    return sum;
}

static void workers_scrapes_and_sweeps_lose_no_sample(void **state)
{
    unsigned numbers[WORKERS];
    pthread_t workers[WORKERS], scraper;

    atomic_store(&all.now_ns, 10);
    atomic_store(&all.n_working, WORKERS);
    for (unsigned i = 0; i < WORKERS; i++) {
        numbers[i] = i;
        all.worker_ns[i] = 10;
        assert_int_equal(pthread_create(&workers[i], NULL, work, &numbers[i]), 0);
    }
    assert_int_equal(pthread_create(&scraper, NULL, scrape, NULL), 0);
    while (atomic_load(&all.n_working) > 0)
        sweep_once();
    sweep_once(); /* what was ended last */
    atomic_store(&all.is_over, true);
    for (unsigned i = 0; i < WORKERS; i++)
        pthread_join(workers[i], NULL);
    pthread_join(scraper, NULL);

    assert_int_equal(all.n_bad_readings, 0);
    assert_true(all.n_expired > 0);
    assert_true(all.n_ended > 0);
    assert_true(all.recorded[0] + all.recorded[1] == total_of_all() + all.removed);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        EXPIRY_CASE(a_series_expires_when_its_time_to_live_is_over),
        EXPIRY_CASE(only_old_ones_expire),
        EXPIRY_CASE(one_worker_that_writes_keeps_it),
        EXPIRY_CASE(a_ttl_longer_than_the_clock_has_run_takes_nothing),
        EXPIRY_CASE(a_series_of_the_future_stays),
        EXPIRY_CASE(nothing_to_mark_ends_a_sweep),
        EXPIRY_CASE(a_series_waits_for_a_scrape),
        EXPIRY_CASE(but_not_for_ever),
        EXPIRY_CASE(a_scrape_right_after_a_sample_may_not_have_shown_it),
        EXPIRY_CASE(each_sample_waits_for_a_scrape_of_its_own),
        EXPIRY_CASE(a_longer_ttl_holds_whether_scrapes_come_or_not),
        EXPIRY_CASE(shown_and_unscraped_series_of_a_sweep_are_told_apart),
        EXPIRY_CASE(a_write_keeps_an_unscraped_series_too),
        EXPIRY_CASE(a_sweep_may_end_after_marking),
        EXPIRY_CASE(a_write_between_mark_and_remove_keeps_the_series),
        EXPIRY_CASE(a_write_in_the_second_of_the_last_one_keeps_the_series),
        EXPIRY_CASE(a_new_cell_in_the_second_of_the_last_write_keeps_the_series),
        EXPIRY_CASE(a_worker_without_a_cell_of_it_keeps_it_too),
        EXPIRY_CASE(a_write_that_had_begun_before_the_mark_keeps_the_series),
        EXPIRY_CASE(a_write_that_waited_since_before_the_mark_is_not_lost),
        EXPIRY_CASE(an_admission_before_the_first_write_is_not_lost),
        EXPIRY_CASE(what_was_kept_expires_at_its_next_time),
        EXPIRY_CASE(names_of_removed_series_are_free_for_another_type),
        EXPIRY_CASE(keys_of_all_aliases_are_forgotten),
        EXPIRY_CASE(a_snapshot_held_across_a_removal_can_be_read),
        EXPIRY_CASE(a_series_that_comes_again_begins_at_0),
        EXPIRY_CASE(thousands_go_in_one_sweep),
        EXPIRY_CASE(without_memory_a_sweep_has_its_reserve),
        EXPIRY_CASE(what_senders_ended_gives_its_memory_back),
        EXPIRY_CASE(a_sweep_of_what_was_ended_can_begin_anew),
        EXPIRY_CASE(what_was_ended_is_not_marked),
        EXPIRY_CASE(what_is_ended_during_a_sweep_is_released_once),
        EXPIRY_CASE(a_sweep_may_be_broken_off_when_the_workers_have_ended),
        EXPIRY_CASE(what_is_only_expiring_survives_the_end_of_a_sweep),
        EXPIRY_CASE(what_was_ended_is_released_for_workers_that_have_ended),
        EXPIRY_CASE(workers_scrapes_and_sweeps_lose_no_sample),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
