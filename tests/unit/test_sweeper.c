/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The sweeper with two real workers. Its clock stands still until the test advances it, and so do
 * timers of a second or more.
 */

#include "registry_setup.h"

#include "base/clock.h"
#include "base/socket.h"
#include "daemon/sweeper.h"
#include "defaults.h"

#include <semaphore.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE_MS 15000
#define WORKERS 2

/* More series than the main thread handles at a time, or sorts by itself. */
#define MANY 20000

static struct registry *registry;
static struct telemetry_row rows[WORKERS];
static int fds[WORKERS], senders[WORKERS];
static struct worker *workers[WORKERS];
static struct socket_row socket_rows[WORKERS];
static struct sweeper *sweeper;
static _Atomic uint64_t n_expired, n_unscraped;
static _Atomic int64_t shown_ns;
static uv_loop_t loop;
static uv_timer_t tick; /* so that the loop can run for a moment */

/* --- time -------------------------------------------------------------------------------- */

#define LONG_MS 1000
#define NEVER_MS (UINT64_C(1) << 40)

/* A timer that follows our clock. libuv sees it as active, but never due. */
struct alarm {
    uv_timer_t *timer; /* NULL: unused */
    uv_timer_cb callback;
    uint64_t due_ms, repeat_ms;
};

static struct alarm alarms[2];
static _Atomic uint64_t now_ms;

int __real_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);
int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t ms, uint64_t repeat_ms);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t ms, uint64_t repeat_ms);

int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
    if (id != CLOCK_MONOTONIC)
        return __real_clock_gettime(id, ret);
    *ret = (struct timespec){ .tv_sec = (time_t)(atomic_load(&now_ms) / 1000) };
    return 0;
}

int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t ms, uint64_t repeat_ms)
{
    struct alarm *alarm = alarms;

    if (ms < LONG_MS)
        return __real_uv_timer_start(timer, callback, ms, repeat_ms);
    while (alarm->timer && alarm->timer != timer) {
        alarm++;
        assert_true(alarm < alarms + ARRAY_SIZE(alarms));
    }
    *alarm = (struct alarm){ timer, callback, atomic_load(&now_ms) + ms, repeat_ms };
    return __real_uv_timer_start(timer, callback, NEVER_MS, 0);
}

static void ring(struct alarm *alarm)
{
    struct alarm rung = *alarm;

    alarm->due_ms += alarm->repeat_ms;
    if (alarm->repeat_ms == 0) {
        uv_timer_stop(alarm->timer);
        alarm->timer = NULL;
    }
    rung.callback(rung.timer);
}

static void pass_second(void)
{
    uint64_t ms = atomic_fetch_add(&now_ms, 1000) + 1000;

    for (unsigned i = 0; i < ARRAY_SIZE(alarms); i++)
        if (alarms[i].timer && alarms[i].due_ms <= ms)
            ring(&alarms[i]);
}

static void pass_seconds(unsigned n)
{
    while (n--)
        pass_second();
}

/* --- what is waited for -------------------------------------------------------------------- */

static void send_line(unsigned worker, const char *line)
{
    assert_int_equal(send(senders[worker], line, strlen(line), 0), strlen(line));
}

static uint64_t n_series(void)
{
    return count_series(registry);
}

/* The value of a counter, or -1. */
static double value_of(const char *name)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    struct reading reading = { .value = -1 };

    for (size_t i = 0; i < snapshot->n_series; i++)
        if (slice_equal(snapshot->series[i]->family->name, slice_of(name)))
            series_read(snapshot->series[i], &reading);
    snapshot_unref(snapshot);
    return reading.value;
}

static void on_tick(uv_timer_t *timer)
{
}

/* Run the loop until @is_there returns true; @meanwhile is called again and again. */
static void run_until(bool (*is_there)(void), void (*meanwhile)(void))
{
    uint64_t deadline_ns = uv_hrtime() + DEADLINE_MS * UINT64_C(1000000);

    while (!is_there() && uv_hrtime() < deadline_ns) {
        uv_run(&loop, UV_RUN_ONCE);
        if (meanwhile)
            meanwhile();
    }
    assert_true(is_there());
}

static bool has_one_series(void)
{
    return n_series() == 1;
}

static bool has_three_series(void)
{
    return n_series() == 3;
}

static bool has_one_expired(void)
{
    return atomic_load(&n_expired) == 1;
}

static bool has_two_expired(void)
{
    return atomic_load(&n_expired) == 2;
}

static uint64_t n_lines(void)
{
    uint64_t sums[_TELEMETRY_N];

    telemetry_sum(rows, WORKERS, sums);
    return sums[TELEMETRY_LINES];
}

static bool has_two_lines(void)
{
    return n_lines() == 2;
}

/* The only series has been marked, so a sweep has begun. */
static bool is_marked(void)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    bool is_expiring = snapshot->n_series && series_state(snapshot->series[0]) == SERIES_EXPIRING;

    snapshot_unref(snapshot);
    return is_expiring;
}

/* --- time to live ---------------------------------------------------------------------------- */

static void a_series_expires_after_its_time_to_live(void **state)
{
    send_line(0, "x:1|c");
    send_line(1, "x:1|c");
    run_until(has_two_lines, NULL);
    pass_second();
    assert_false(is_marked());
    assert_int_equal(n_series(), 1);
    pass_second();
    assert_true(is_marked());
    run_until(has_one_expired, NULL);
    assert_int_equal(n_series(), 0);
    assert_int_equal(registry_count(registry).bytes, 0);
}

/* An hour, which the sweeper checks each minute. */
static void a_series_outlives_a_long_time_to_live_by_a_minute(void **state)
{
    send_line(0, "x:1|c");
    run_until(has_one_series, NULL);
    pass_seconds(3659);
    assert_false(is_marked());
    pass_second();
    assert_true(is_marked());
    run_until(has_one_expired, NULL);
}

static void a_new_ttl_holds_from_the_next_sweep_on(void **state)
{
    const uint32_t none[_METRIC_TYPE_N] = { 0 };
    uint32_t only_gauges[_METRIC_TYPE_N] = { 0 };

    only_gauges[METRIC_GAUGE] = 1;
    send_line(0, "x:1|c\ny:1|g\nz:1|s");
    run_until(has_three_series, NULL);
    sweeper_set_ttls(sweeper, none, 0);
    pass_seconds(100);
    assert_int_equal(n_series(), 3);
    assert_false(is_marked());
    sweeper_set_ttls(sweeper, only_gauges, 0);
    run_until(has_one_expired, pass_second);
    assert_int_equal(registry_count(registry).series[METRIC_GAUGE], 0);
    assert_int_equal(n_series(), 2);
}

/* As the HTTP thread does at the end of a scrape that began now. */
static void end_scrape(void)
{
    atomic_store(&shown_ns, clock_monotonic_ns());
}

static void a_series_waits_for_a_complete_scrape(void **state)
{
    send_line(0, "x:1|c");
    run_until(has_one_series, NULL);
    end_scrape(); /* too early to have shown it for sure */
    pass_seconds(300);
    assert_false(is_marked());
    end_scrape();
    assert_false(is_marked());
    pass_second();
    assert_true(is_marked());
    run_until(has_one_expired, NULL);
    assert_int_equal(n_series(), 0);
    assert_int_equal(atomic_load(&n_unscraped), 0);
}

static void without_scrapes_a_series_expires_at_the_second_limit(void **state)
{
    send_line(0, "x:1|c");
    run_until(has_one_series, NULL);
    pass_seconds(600);
    assert_false(is_marked());
    pass_second();
    assert_true(is_marked());
    run_until(has_one_expired, NULL);
    assert_int_equal(atomic_load(&n_unscraped), 1);
}

static void its_name_is_free_for_another_type(void **state)
{
    send_line(0, "x:1|c");
    run_until(has_one_series, NULL);
    run_until(has_one_expired, pass_second);
    send_line(1, "x:1|g");
    run_until(has_one_series, NULL);
    assert_int_equal(registry_count(registry).series[METRIC_GAUGE], 1);
    run_until(has_two_expired, pass_second); /* one sweep after the other */
    assert_int_equal(n_series(), 0);
}

static unsigned n_written;

static void write_on(void)
{
    send_line(n_written++ % WORKERS, "busy:1|c");
}

static bool has_all_that_was_written(void)
{
    return value_of("busy") == n_written;
}

static void write_for_a_second(void)
{
    write_on();
    run_until(has_all_that_was_written, NULL);
    pass_second();
}

static void a_series_that_is_written_stays_and_loses_nothing(void **state)
{
    n_written = 0;
    write_on();
    send_line(0, "idle:1|c");
    send_line(1, "silent:1|g");
    run_until(has_three_series, NULL);
    run_until(has_two_expired, write_for_a_second);
    for (unsigned i = 0; i < 10; i++)
        write_for_a_second();
    assert_int_equal(n_series(), 1);
    assert_true(has_all_that_was_written());
    assert_int_equal(atomic_load(&n_expired), 2);
}

/* --- what senders have ended ------------------------------------------------------------ */

static bool holds_nothing(void)
{
    return registry_count(registry).bytes == 0;
}

static bool has_five_lines(void)
{
    return n_lines() == 5;
}

/* They have no TTL, but their memory is freed. */
static void what_senders_have_ended_gives_its_memory_back(void **state)
{
    send_line(0, "x:1|c\ny:1|ms");
    send_line(1, "x:1|c\nz:1|s");
    run_until(has_three_series, NULL);
    send_line(1, "x:0|x");
    run_until(has_five_lines, NULL);
    assert_int_equal(n_series(), 2);
    send_line(0, "y:0|x\nz:0|x");
    run_until(holds_nothing, pass_second);
    assert_int_equal(n_series(), 0);
    assert_int_equal(atomic_load(&n_expired), 0); /* these are counted by the workers */
}

static unsigned n_rounds;

static void end_and_begin(void)
{
    char line[64];

    snprintf(line, sizeof(line), "x:1|g|#i:%u\nx:0|x\nx:2|g", n_rounds);
    send_line(n_rounds++ % WORKERS, line);
    if (n_rounds % 10 == 0)
        pass_second();
}

static bool has_gone_round_often(void)
{
    return n_rounds >= 300;
}

static bool has_the_lines_of_all_rounds(void)
{
    return n_lines() == 3 * n_rounds;
}

/* Many series that are made and removed share the rounds of questions to the workers. */
static void series_may_end_faster_than_their_memory(void **state)
{
    n_rounds = 0;
    run_until(has_gone_round_often, end_and_begin);
    run_until(has_the_lines_of_all_rounds, NULL);
    send_line(0, "x:0|x");
    run_until(holds_nothing, pass_second);
    assert_int_equal(n_series(), 0);
}

static bool has_some_memory(void)
{
    return registry_count(registry).bytes > 0;
}

static void a_notice_about_nothing_does_no_harm(void **state)
{
    for (unsigned i = 0; i < 100; i++)
        sweeper_notify(sweeper);
    send_line(0, "x:1|c");
    run_until(has_some_memory, NULL);
    assert_int_equal(n_series(), 1);
    send_line(0, "x:1|x");
    run_until(holds_nothing, pass_second);
}

/* Series that have ended are not checked for their TTL as well. */
static void what_has_ended_does_not_count_as_expired(void **state)
{
    send_line(0, "x:1|c");
    run_until(has_one_series, NULL);
    send_line(1, "x:0|x");
    run_until(has_two_lines, NULL);
    run_until(holds_nothing, pass_second);
    send_line(0, "y:1|c");
    run_until(has_one_series, NULL);
    run_until(has_one_expired, pass_second);
    send_line(0, "z:1|c\nz:0|x");
    run_until(has_five_lines, NULL);
    run_until(holds_nothing, pass_second);
    assert_int_equal(atomic_load(&n_expired), 1);
}

/* --- many series ----------------------------------------------------------------------- */

static void add_many(void)
{
    char labels[32];

    for (unsigned i = 0; i < MANY; i++) {
        struct identity identity = {
            .type = SAMPLE_COUNTER, .family = SLICE("many"), .sent_as = SLICE("many"), .weight = 1
        };
        struct admission admission;

        snprintf(labels, sizeof(labels), "i=\"%u\"", i);
        identity.labels = slice_of(labels);
        assert_int_equal(registry_admit(registry, 0, 1, &identity, &admission), VERDICT_APPLIED);
    }
}

static bool have_many_expired(void)
{
    return atomic_load(&n_expired) == MANY;
}

static void many_series_expire_in_slices(void **state)
{
    add_many();
    pass_seconds(2);
    assert_int_equal(n_series(), MANY); /* it has only begun */
    run_until(have_many_expired, NULL);
    assert_int_equal(n_series(), 0);
    run_until(holds_nothing, NULL);
}

/* By a request, after which there is no notice. */
static void what_a_request_has_ended_gives_its_memory_back(void **state)
{
    struct snapshot *snapshot;
    size_t n_ended = 0;

    add_many();
    snapshot = registry_snapshot(registry);
    for (size_t i = 0; i + REGISTRY_BATCH <= snapshot->n_series; i += REGISTRY_BATCH)
        assert_true(
            registry_end_series(registry, snapshot->series + i, REGISTRY_BATCH, 10, &n_ended));
    assert_int_equal(n_ended, MANY / REGISTRY_BATCH * REGISTRY_BATCH);
    assert_true(registry_end_series(registry, snapshot->series + n_ended,
                                    snapshot->n_series - n_ended, 10, &n_ended));
    snapshot_unref(snapshot);
    run_until(holds_nothing, pass_second);
    assert_int_equal(atomic_load(&n_expired), 0);
}

/* The pool, the slices or the workers have some of it then. */
static void ends_in_the_middle_of_a_large_sweep(void **state)
{
    add_many();
    pass_seconds(2);
    for (unsigned i = 0; i < 5; i++)
        uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(atomic_load(&n_expired), 0);
}

/* --- an end at any moment ------------------------------------------------------------ */

static sem_t is_here, may_go;

static void stay_here(struct shard *shard, void *arg)
{
    sem_post(&is_here);
    sem_wait(&may_go);
}

static void ends_while_it_waits_for_a_worker(void **state)
{
    struct worker_task task = { .run = stay_here };

    send_line(0, "x:1|c");
    run_until(has_one_series, NULL);
    worker_ask(workers[1], &task);
    sem_wait(&is_here);
    pass_seconds(2);
    assert_true(is_marked());
    for (unsigned i = 0; i < 10; i++)
        uv_run(&loop, UV_RUN_ONCE); /* one worker answers, the other does not */
    assert_int_equal(n_series(), 1);
    assert_int_equal(atomic_load(&n_expired), 0);
    sem_post(&may_go);
}

static bool has_no_series(void)
{
    return n_series() == 0;
}

/* The workers are closed with all keys that nothing has asked them to remove. */
static void ends_before_it_has_taken_over_what_was_ended(void **state)
{
    send_line(0, "x:1|c\ny:1|c");
    send_line(1, "z:1|c");
    run_until(has_three_series, NULL);
    send_line(0, "x:0|x\ny:0|x\nz:0|x");
    run_until(has_no_series, NULL);
}

static void ends_before_it_has_begun(void **state)
{
    assert_int_equal(n_series(), 0);
}

static void close_accepts_null(void **state)
{
    sweeper_close(NULL);
}

/* --- beginning and end ----------------------------------------------------------------- */

/* As the daemon does. */
static void on_ended(void *ctx)
{
    sweeper_notify(*(struct sweeper **)ctx);
}

static int start_worker(unsigned i)
{
    struct source_socket socket_of = { .fd = -1, .row = &socket_rows[i] };
    const struct intake_options options = {
        .lane = {
            .shard = { .registry = registry, .worker = i, .max_key_bytes = 1 << 20, .seed = 42 },
            .pipeline = default_pipeline(),
            .row = &rows[i],
        },
        .sockets = &socket_of,
        .n_sockets = 1,
        .on_ended = on_ended,
        .ctx = &sweeper,
    };
    struct address address;

    if (address_parse(&address, "127.0.0.1:0") < 0 ||
        socket_bind_udp(&address, 1 << 20, 1, &fds[i]) < 0 ||
        address_of_socket(&address, fds[i]) < 0)
        return -1;
    socket_of.fd = fds[i];
    senders[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (connect(senders[i], &address.any, address.len) < 0)
        return -1;
    return worker_start(&workers[i], &options);
}

static int begin_with(uint32_t ttl_s, uint32_t unscraped_ttl_s)
{
    struct sweeper_options sweeper_options = {
        .workers = workers,
        .n_workers = WORKERS,
        .unscraped_ttl_s = unscraped_ttl_s,
        .shown_ns = &shown_ns,
        .n_expired = &n_expired,
        .n_unscraped = &n_unscraped,
    };

    for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
        sweeper_options.ttl_s[type] = ttl_s;
    memset(rows, 0, sizeof(rows));
    memset(alarms, 0, sizeof(alarms));
    atomic_store(&n_expired, 0);
    atomic_store(&n_unscraped, 0);
    atomic_store(&shown_ns, 0);
    registry = new_registry(WORKERS, 2 * MANY, SIZE_MAX);
    for (unsigned i = 0; i < WORKERS; i++)
        if (start_worker(i) < 0)
            return -1;
    sem_init(&is_here, 0, 0);
    sem_init(&may_go, 0, 0);
    uv_loop_init(&loop);
    uv_timer_init(&loop, &tick);
    uv_timer_start(&tick, on_tick, 1, 1);
    sweeper_options.registry = registry;
    return sweeper_open(&sweeper, &loop, &sweeper_options);
}

static int begin(void **state)
{
    return begin_with(1, 0);
}

static int begin_with_long_ttl(void **state)
{
    return begin_with(3600, 0);
}

static int begin_without_ttl(void **state)
{
    return begin_with(0, 600);
}

static int begin_waiting_for_scrapes(void **state)
{
    return begin_with(1, 600);
}

static int end(void **state)
{
    for (unsigned i = 0; i < WORKERS; i++)
        worker_stop(workers[i]);
    sweeper_close(sweeper);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&loop) < 0)
        return -1;
    for (unsigned i = 0; i < WORKERS; i++) {
        close(senders[i]);
        close(fds[i]);
    }
    registry_free(registry);
    return 0;
}

#define SWEEPER_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define LONG_CASE(name) cmocka_unit_test_setup_teardown(name, begin_with_long_ttl, end)
#define SCRAPED_CASE(name) cmocka_unit_test_setup_teardown(name, begin_waiting_for_scrapes, end)
#define NOTIFIED_CASE(name) cmocka_unit_test_setup_teardown(name, begin_without_ttl, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        SWEEPER_CASE(a_series_expires_after_its_time_to_live),
        SWEEPER_CASE(a_new_ttl_holds_from_the_next_sweep_on),
        LONG_CASE(a_series_outlives_a_long_time_to_live_by_a_minute),
        SCRAPED_CASE(a_series_waits_for_a_complete_scrape),
        SCRAPED_CASE(without_scrapes_a_series_expires_at_the_second_limit),
        SWEEPER_CASE(its_name_is_free_for_another_type),
        SWEEPER_CASE(a_series_that_is_written_stays_and_loses_nothing),
        SWEEPER_CASE(ends_while_it_waits_for_a_worker),
        SWEEPER_CASE(what_has_ended_does_not_count_as_expired),
        SWEEPER_CASE(many_series_expire_in_slices),
        SWEEPER_CASE(ends_in_the_middle_of_a_large_sweep),
        NOTIFIED_CASE(what_a_request_has_ended_gives_its_memory_back),
        NOTIFIED_CASE(what_senders_have_ended_gives_its_memory_back),
        NOTIFIED_CASE(series_may_end_faster_than_their_memory),
        NOTIFIED_CASE(a_notice_about_nothing_does_no_harm),
        NOTIFIED_CASE(ends_before_it_has_taken_over_what_was_ended),
        NOTIFIED_CASE(ends_before_it_has_begun),
        SWEEPER_CASE(ends_before_it_has_begun),
        CASE(close_accepts_null),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
