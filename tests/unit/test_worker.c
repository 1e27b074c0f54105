/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/clock.h"
#include "daemon/worker.h"
#include "input/udp.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE_MS 10000
#define SOCKETS 2

static struct buckets *buckets;
static struct registry *registry;
static struct telemetry_row row;
static int fds[SOCKETS], senders[SOCKETS];
static struct worker *worker;

static struct worker_options worker_options(void)
{
    return (struct worker_options){
        .fds = fds,
        .n_fds = SOCKETS,
        .registry = registry,
        .row = &row,
        .max_key_bytes = 1 << 20,
        .seed = 42,
    };
}

static void start(void)
{
    const struct worker_options options = worker_options();

    assert_int_equal(worker_start(&worker, &options), 0);
}

static void stop(void)
{
    worker_stop(worker);
    worker = NULL;
}

static void send_line(unsigned socket, const char *line)
{
    assert_int_equal(send(senders[socket], line, strlen(line), 0), strlen(line));
}

static uint64_t count(unsigned counter)
{
    uint64_t counts[_TELEMETRY_N];

    telemetry_read(&row, counts);
    return counts[counter];
}

/* Wait until a worker has published at least so much. */
static void wait_for_at_least(unsigned counter, uint64_t expected)
{
    int64_t deadline_ns = clock_monotonic_ns() + DEADLINE_MS * CLOCK_NS_PER_MS;

    while (count(counter) < expected && clock_monotonic_ns() < deadline_ns)
        poll(NULL, 0, 1);
    assert_true(count(counter) >= expected);
}

/* Wait for what a worker publishes, and no more. */
static void wait_for(unsigned counter, uint64_t expected)
{
    wait_for_at_least(counter, expected);
    assert_int_equal(count(counter), expected);
}

static double value_of_only_series(void)
{
    struct snapshot *snapshot = registry_snapshot(registry);
    struct reading reading;

    assert_int_equal(snapshot->n_series, 1);
    series_read(snapshot->series[0], &reading);
    snapshot_unref(snapshot);
    return reading.value;
}

/* --- tasks ------------------------------------------------------------------------- */

/* A task that says it runs, and waits until it may go on. */
struct stay {
    struct worker_task task;
    sem_t is_here, may_go;
    pthread_t thread;
    struct shard *shard;
    unsigned n_runs;
};

static void stay_here(struct shard *shard, void *arg)
{
    struct stay *stay = arg;

    stay->thread = pthread_self();
    stay->shard = shard;
    stay->n_runs++;
    sem_post(&stay->is_here);
    sem_wait(&stay->may_go);
}

static void stay_init(struct stay *stay)
{
    *stay = (struct stay){ .task = { .run = stay_here, .arg = stay } };
    sem_init(&stay->is_here, 0, 0);
    sem_init(&stay->may_go, 0, 0);
}

static void wait_until_here(struct stay *stay)
{
    struct timespec deadline;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += DEADLINE_MS / 1000;
    assert_int_equal(sem_timedwait(&stay->is_here, &deadline), 0);
}

static void tasks_run_on_the_thread_of_the_worker(void **state)
{
    struct stay first, second;

    start();
    stay_init(&first);
    stay_init(&second);
    sem_post(&first.may_go);
    sem_post(&second.may_go);
    worker_ask(worker, &first.task);
    worker_ask(worker, &second.task);
    wait_until_here(&first);
    wait_until_here(&second);
    stop();
    assert_int_equal(first.n_runs + second.n_runs, 2);
    assert_true(pthread_equal(first.thread, second.thread));
    assert_false(pthread_equal(first.thread, pthread_self()));
    assert_non_null(first.shard);
    assert_ptr_equal(first.shard, second.shard);
}

static void a_task_may_be_asked_again_when_it_has_run(void **state)
{
    struct stay stay;

    start();
    stay_init(&stay);
    for (unsigned i = 0; i < 100; i++) {
        worker_ask(worker, &stay.task);
        wait_until_here(&stay);
        sem_post(&stay.may_go);
    }
    stop();
    assert_int_equal(stay.n_runs, 100);
}

static void count_up(struct shard *shard, void *arg)
{
    (*(unsigned *)arg)++;
}

static void every_task_is_run_before_the_worker_has_stopped(void **state)
{
    static struct worker_task tasks[1000];
    struct stay stay;
    unsigned n = 0;

    start();
    stay_init(&stay);
    worker_ask(worker, &stay.task);
    wait_until_here(&stay);
    for (unsigned i = 0; i < ARRAY_SIZE(tasks); i++) {
        tasks[i] = (struct worker_task){ .run = count_up, .arg = &n };
        worker_ask(worker, &tasks[i]);
    }
    sem_post(&stay.may_go);
    stop();
    assert_int_equal(n, ARRAY_SIZE(tasks));
}

static void *ask_often(void *arg)
{
    static unsigned n[4];
    static struct worker_task tasks[4][500];
    unsigned i = *(unsigned *)arg;

    for (unsigned k = 0; k < ARRAY_SIZE(tasks[i]); k++) {
        tasks[i][k] = (struct worker_task){ .run = count_up, .arg = &n[i] };
        worker_ask(worker, &tasks[i][k]);
    }
    return &n[i];
}

static void any_thread_may_ask(void **state)
{
    pthread_t threads[4];
    unsigned numbers[4];
    void *n[4];

    start();
    for (unsigned i = 0; i < 4; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &numbers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], &n[i]);
    stop();
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(*(unsigned *)n[i], 500);
}

/* --- receiving ----------------------------------------------------------------------- */

static void applies_what_it_receives_on_all_its_sockets(void **state)
{
    start();
    for (unsigned i = 0; i < 100; i++)
        send_line(i % SOCKETS, "x:1|c\nx:1|c");
    wait_for(TELEMETRY_LINES, 200);
    assert_true(value_of_only_series() == 200);
    assert_int_equal(count(TELEMETRY_DATAGRAMS), 100);
    assert_int_equal(count(TELEMETRY_SAMPLES + SAMPLE_COUNTER), 200);
    assert_true(count(TELEMETRY_WAKEUPS_POLL) > 0);
    stop();
}

static void batches_add_up_to_datagrams(void **state)
{
    uint64_t n_batches = 0;

    start();
    for (unsigned i = 0; i < 300; i++)
        send_line(0, "x:1|c");
    wait_for(TELEMETRY_DATAGRAMS, 300);
    stop();
    for (unsigned i = 0; i < TELEMETRY_BATCH_BUCKETS; i++)
        n_batches += count(TELEMETRY_BATCHES + i);
    assert_in_range(n_batches, 300 / 64, 300);
}

static void odd_datagrams_do_not_hurt(void **state)
{
    static char large[65000];

    start();
    memset(large, 'x', sizeof(large));
    assert_int_equal(send(senders[0], "", 0, 0), 0);
    assert_int_equal(send(senders[0], large, sizeof(large), 0), sizeof(large));
    send_line(0, "x:1|c");
    wait_for(TELEMETRY_DATAGRAMS, 3);
    assert_int_equal(count(TELEMETRY_LINES), 2);
    assert_int_equal(count(TELEMETRY_VERDICTS + REFUSED_MALFORMED_LINE), 1);
    assert_true(value_of_only_series() == 1);
    stop();
}

static void stopping_applies_what_lies_in_the_buffers(void **state)
{
    struct stay stay;

    start();
    stay_init(&stay);
    worker_ask(worker, &stay.task);
    wait_until_here(&stay);
    for (unsigned i = 0; i < 1000; i++)
        send_line(i % SOCKETS, "x:1|c"); /* which waits: the worker is elsewhere */
    sem_post(&stay.may_go);
    stop();
    assert_true(value_of_only_series() == 1000);
    assert_int_equal(count(TELEMETRY_LINES), 1000);
}

static void what_came_before_the_start_is_received_too(void **state)
{
    send_line(0, "x:5|c");
    start();
    wait_for(TELEMETRY_LINES, 1);
    assert_true(value_of_only_series() == 5);
    stop();
}

static void *flood(void *arg)
{
    _Atomic bool *is_over = arg;

    while (!atomic_load(is_over))
        (void)!send(senders[0], "x:1|c", 5, 0);
    return NULL;
}

static void stopping_ends_while_senders_go_on(void **state)
{
    _Atomic bool is_over = false;
    int64_t began_ns;
    pthread_t thread;

    start();
    assert_int_equal(pthread_create(&thread, NULL, flood, &is_over), 0);
    wait_for_at_least(TELEMETRY_LINES, 1);
    began_ns = clock_monotonic_ns();
    stop();
    assert_true(clock_monotonic_ns() - began_ns < 8 * CLOCK_NS_PER_S); /* 1 s, and a slow machine */
    atomic_store(&is_over, true);
    pthread_join(thread, NULL);
    assert_true(value_of_only_series() == (double)count(TELEMETRY_LINES));
}

static void series_are_touched_in_seconds_of_the_clock(void **state)
{
    uint32_t before_s = clock_seconds();
    struct snapshot *snapshot;

    start();
    send_line(0, "x:1|c");
    wait_for(TELEMETRY_LINES, 1);
    snapshot = registry_snapshot(registry);
    assert_in_range(series_touched_s(snapshot->series[0]), before_s, clock_seconds());
    snapshot_unref(snapshot);
    stop();
}

/* --- beginning and end ------------------------------------------------------------------ */

static void descriptors_stay_the_callers(void **state)
{
    start();
    stop();
    send_line(0, "x:1|c");
    start();
    wait_for(TELEMETRY_LINES, 1);
    stop();
}

static void a_bad_descriptor_is_an_error(void **state)
{
    const int bad[][SOCKETS] = { { -1, fds[1] }, { fds[0], -1 } };
    struct worker_options options = worker_options();
    struct worker *mark = (struct worker *)(uintptr_t)1, *other = mark;

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        options.fds = bad[i];
        assert_true(worker_start(&other, &options) < 0);
        assert_ptr_equal(other, mark);
    }
    start(); /* the good ones are as they were */
    send_line(0, "x:1|c");
    wait_for(TELEMETRY_LINES, 1);
    stop();
}

static void stop_accepts_null(void **state)
{
    worker_stop(NULL);
}

/* A socket that sends to @fd. */
static int connect_to(int fd)
{
    struct address address;
    int sender;

    if (address_of_socket(&address, fd) < 0)
        return -1;
    sender = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return connect(sender, &address.any, address.len) < 0 ? -1 : sender;
}

static int begin(void **state)
{
    const struct registry_options options = {
        .n_workers = 1, .max_series = 1000, .max_bytes = SIZE_MAX, .seed = 42, .buckets = buckets
    };
    struct address address;

    memset(&row, 0, sizeof(row));
    if (registry_new(&registry, &options) < 0 || address_parse(&address, "127.0.0.1:0") < 0)
        return -1;
    for (unsigned i = 0; i < SOCKETS; i++) {
        if (udp_bind(&address, 4 << 20, 1, &fds[i]) < 0)
            return -1;
        senders[i] = connect_to(fds[i]);
    }
    return 0;
}

static int end(void **state)
{
    for (unsigned i = 0; i < SOCKETS; i++) {
        close(senders[i]);
        close(fds[i]);
    }
    registry_free(registry);
    return 0;
}

static int make_buckets(void **state)
{
    return buckets_new(&buckets, buckets_default_bounds, ARRAY_SIZE(buckets_default_bounds));
}

static int free_buckets(void **state)
{
    buckets_free(buckets);
    return 0;
}

#define WORKER_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        WORKER_CASE(tasks_run_on_the_thread_of_the_worker),
        WORKER_CASE(a_task_may_be_asked_again_when_it_has_run),
        WORKER_CASE(every_task_is_run_before_the_worker_has_stopped),
        WORKER_CASE(any_thread_may_ask),
        WORKER_CASE(applies_what_it_receives_on_all_its_sockets),
        WORKER_CASE(batches_add_up_to_datagrams),
        WORKER_CASE(odd_datagrams_do_not_hurt),
        WORKER_CASE(stopping_applies_what_lies_in_the_buffers),
        WORKER_CASE(what_came_before_the_start_is_received_too),
        WORKER_CASE(stopping_ends_while_senders_go_on),
        WORKER_CASE(series_are_touched_in_seconds_of_the_clock),
        WORKER_CASE(descriptors_stay_the_callers),
        WORKER_CASE(a_bad_descriptor_is_an_error),
        WORKER_CASE(stop_accepts_null),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
