/* SPDX-License-Identifier: Apache-2.0 */

#include "registry_setup.h"

#include "base/clock.h"
#include "base/socket.h"
#include "base/unix.h"
#include "daemon/worker.h"
#include "defaults.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DEADLINE_MS 10000
#define SOCKETS 2 /* of datagrams */
#define TCP SOCKETS
#define UNIX (SOCKETS + 1) /* a stream that may have frames */
#define ALL_SOCKETS (SOCKETS + 2)
#define MAX_CONNECTIONS 3

static struct registry *registry;
static struct telemetry_row row;
static int senders[SOCKETS];
static struct source_socket sockets[ALL_SOCKETS];
static struct socket_row socket_rows[ALL_SOCKETS];
static char directory[] = "/tmp/udometer-test-worker-XXXXXX";
static char path[64];
static struct places *places;
static sem_t has_ended;
static struct worker *worker;

static void on_ended(void *ctx)
{
    sem_post(ctx);
}

static struct intake_options worker_options(void)
{
    return (struct intake_options){
        .sockets = sockets,
        .n_sockets = ALL_SOCKETS,
        .lane = {
            .shard = { .registry = registry, .max_key_bytes = 1 << 20, .seed = 42 },
            .pipeline = default_pipeline(),
            .row = &row,
        },
        .places = places,
        .on_ended = on_ended,
        .ctx = &has_ended,
    };
}

static void start(void)
{
    const struct intake_options options = worker_options();

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

/* Wait until a worker has published at least this much. */
static void wait_for_at_least(unsigned counter, uint64_t expected)
{
    int64_t deadline_ns = clock_monotonic_ns() + DEADLINE_MS * CLOCK_NS_PER_MS;

    while (count(counter) < expected && clock_monotonic_ns() < deadline_ns)
        poll(NULL, 0, 1);
    assert_true(count(counter) >= expected);
}

/* Wait until a worker has published exactly this. */
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

/* A task that reports that it runs, and waits until it may continue. */
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
        send_line(i % SOCKETS, "x:1|c"); /* which waits, as the worker is busy */
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

static void series_are_touched_when_a_sample_arrives(void **state)
{
    int64_t before_ns = clock_monotonic_ns();
    struct snapshot *snapshot;

    start();
    send_line(0, "x:1|c");
    wait_for(TELEMETRY_LINES, 1);
    snapshot = registry_snapshot(registry);
    assert_in_range(series_touched_ns(snapshot->series[0]), before_ns, clock_monotonic_ns());
    snapshot_unref(snapshot);
    stop();
}

/* --- receiving streams --------------------------------------------------------------- */

static int connect_stream(unsigned socket_index)
{
    struct address address;
    int fd;

    if (socket_index == UNIX)
        assert_int_equal(unix_address(&address, path), 0);
    else
        assert_int_equal(address_of_socket(&address, sockets[socket_index].fd), 0);
    fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, &address.any, address.len), 0);
    return fd;
}

static void write_bytes(int fd, struct slice bytes)
{
    assert_int_equal(send(fd, bytes.at, bytes.len, MSG_NOSIGNAL), bytes.len);
}

static void write_text(int fd, const char *text)
{
    write_bytes(fd, slice_of(text));
}

/* Wait until a worker has this number of connections. */
static void wait_for_connections(uint64_t expected)
{
    int64_t deadline_ns = clock_monotonic_ns() + DEADLINE_MS * CLOCK_NS_PER_MS;

    while (count(TELEMETRY_CONNECTIONS) != expected && clock_monotonic_ns() < deadline_ns)
        poll(NULL, 0, 1);
    assert_int_equal(count(TELEMETRY_CONNECTIONS), expected);
}

/* The other side has closed the connection, or will, without sending. */
static void wait_for_end(int fd)
{
    struct pollfd waiting = { fd, POLLIN, 0 };
    char byte;

    assert_int_equal(poll(&waiting, 1, DEADLINE_MS), 1);
    assert_true(recv(fd, &byte, 1, 0) <= 0);
}

static void applies_the_lines_of_streams(void **state)
{
    int tcp, local;

    start();
    tcp = connect_stream(TCP);
    local = connect_stream(UNIX);
    write_text(tcp, "x:1|c\nx:2|c\n");
    write_text(local, "x:4|c\n");
    wait_for(TELEMETRY_LINES, 3);
    assert_true(value_of_only_series() == 7);
    assert_int_equal(count(TELEMETRY_CONNECTIONS_OPENED), 2);
    assert_int_equal(count(TELEMETRY_CONNECTIONS), 2);
    assert_int_equal(count(TELEMETRY_DATAGRAMS), 0);
    close(tcp);
    close(local);
    wait_for_connections(0);
    assert_int_equal(count(TELEMETRY_STREAM_BYTES), 18);
    stop();
}

static void a_line_may_come_in_pieces_and_lack_its_end(void **state)
{
    int fd;

    start();
    fd = connect_stream(TCP);
    write_text(fd, "x:1|c\nx:1");
    wait_for(TELEMETRY_LINES, 1);
    write_text(fd, "0|");
    write_text(fd, "c\nx:100|c");
    wait_for(TELEMETRY_LINES, 2);
    assert_true(value_of_only_series() == 11);
    close(fd);
    wait_for(TELEMETRY_LINES, 3);
    assert_true(value_of_only_series() == 111);
    stop();
}

static void a_unix_stream_may_have_frames(void **state)
{
    int framed, plain;

    start();
    framed = connect_stream(UNIX);
    plain = connect_stream(UNIX); /* each for itself */
    write_bytes(framed, SLICE("\5\0\0\0x:1|c\13\0\0\0x:2|c\nx:3|c\0\0"));
    wait_for(TELEMETRY_LINES, 3);
    write_text(plain, "x:10|c\n");
    wait_for(TELEMETRY_LINES, 4);
    write_bytes(framed, SLICE("\0\0\5\0\0\0x:4|c"));
    wait_for(TELEMETRY_LINES, 5);
    assert_true(value_of_only_series() == 20);
    close(framed);
    close(plain);
    wait_for_connections(0);
    assert_int_equal(count(TELEMETRY_LINES), 5);
    stop();
}

static void a_frame_that_is_cut_off_is_refused(void **state)
{
    int fd;

    start();
    fd = connect_stream(UNIX);
    write_bytes(fd, SLICE("\5\0\0\0x:1|c\6\0\0\0x:2|c"));
    wait_for(TELEMETRY_LINES, 1);
    close(fd);
    wait_for(TELEMETRY_LINES, 2);
    assert_int_equal(count(TELEMETRY_VERDICTS + REFUSED_MALFORMED_LINE), 1);
    assert_true(value_of_only_series() == 1);
    stop();
}

static void there_are_no_frames_by_tcp(void **state)
{
    int fd;

    start();
    fd = connect_stream(TCP);
    write_bytes(fd, SLICE("\5\0\0\0x:1|c\nx:2|c\n"));
    wait_for(TELEMETRY_LINES, 2);
    close(fd);
    wait_for_connections(0);
    assert_int_equal(count(TELEMETRY_LINES), 2);
    stop();
}

/* Write @n equal bytes, however long the worker takes to read them. */
static void write_many(int fd, char byte, size_t n)
{
    static char piece[65536];

    memset(piece, byte, sizeof(piece));
    for (size_t i = 0; i < n; i += sizeof(piece)) {
        size_t rest = n - i < sizeof(piece) ? n - i : sizeof(piece);

        write_bytes(fd, (struct slice){ piece, rest });
    }
}

static void a_line_that_is_too_long_costs_only_itself(void **state)
{
    int fd;

    start();
    fd = connect_stream(TCP);
    write_text(fd, "x:1|c\n");
    write_many(fd, 'a', 3 << 20);
    write_text(fd, "\nx:2|c\n");
    wait_for(TELEMETRY_LINES, 3);
    assert_int_equal(count(TELEMETRY_VERDICTS + REFUSED_LINE_LIMIT), 1);
    assert_true(value_of_only_series() == 3);
    assert_int_equal(count(TELEMETRY_CONNECTIONS), 1);
    close(fd);
    stop();
}

static void the_limit_of_a_line_is_that_of_the_pipeline(void **state)
{
    struct pipeline_options pipeline = *default_pipeline();
    struct intake_options options = worker_options();
    int fd;

    pipeline.resolve.limits.line = 6;
    options.lane.pipeline = &pipeline;
    assert_int_equal(worker_start(&worker, &options), 0);
    fd = connect_stream(TCP);
    write_text(fd, "x:1|c\nxy:12|c\nx:12|c\n");
    wait_for(TELEMETRY_LINES, 3);
    assert_int_equal(count(TELEMETRY_VERDICTS + REFUSED_LINE_LIMIT), 1);
    assert_true(value_of_only_series() == 13);
    close(fd);
    stop();
}

static void a_connection_beyond_the_limit_takes_the_place_of_another(void **state)
{
    int open[MAX_CONNECTIONS], beyond;

    start();
    for (unsigned i = 0; i < MAX_CONNECTIONS; i++)
        open[i] = connect_stream(TCP);
    wait_for_connections(MAX_CONNECTIONS);
    write_text(open[0], "x:1|c\n");
    wait_for(TELEMETRY_LINES, 1);
    beyond = connect_stream(TCP);
    wait_for_end(open[1]);
    wait_for(TELEMETRY_CONNECTIONS_CLOSED + CONNECTION_END_EVICTED, 1);
    write_text(open[0], "x:2|c\n");
    write_text(beyond, "x:4|c\n");
    wait_for(TELEMETRY_LINES, 3);
    assert_true(value_of_only_series() == 7);
    assert_int_equal(count(TELEMETRY_CONNECTIONS_OPENED), MAX_CONNECTIONS + 1);
    assert_int_equal(count(TELEMETRY_CONNECTIONS_REFUSED), 0);
    for (unsigned i = 0; i < MAX_CONNECTIONS; i++)
        close(open[i]);
    close(beyond);
    wait_for_connections(0);
    assert_int_equal(count(TELEMETRY_CONNECTIONS_CLOSED + CONNECTION_END_PEER), MAX_CONNECTIONS);
    assert_int_equal(places_count(places), 0);
    stop();
}

/* All workers share the places. A place of another is evicted, but not closed here. */
static void connections_of_others_count_against_the_limit(void **state)
{
    struct places_entry *theirs[MAX_CONNECTIONS];
    struct places_eviction eviction;
    int pair[2], fd;

    start();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    for (unsigned i = 0; i < MAX_CONNECTIONS; i++) {
        const struct peer peer = { 0 };
        const struct places_arrival arrival = { .peer = &peer, .fd = pair[0] };

        assert_int_equal(places_take(places, &arrival, &theirs[i], &eviction), PLACES_FREE);
    }
    fd = connect_stream(TCP);
    wait_for_end(pair[1]);
    wait_for(TELEMETRY_CONNECTIONS, 1);
    for (unsigned i = 0; i < MAX_CONNECTIONS; i++)
        places_give_back(places, theirs[i]);
    close(fd);
    close(pair[0]);
    close(pair[1]);
    stop();
    assert_int_equal(count(TELEMETRY_CONNECTIONS_CLOSED + CONNECTION_END_EVICTED), 0);
}

static void stopping_applies_what_has_come_by_streams(void **state)
{
    struct stay stay;
    int known, waiting, gone;

    start();
    known = connect_stream(TCP);
    write_text(known, "x:1|c\n");
    wait_for(TELEMETRY_LINES, 1);
    stay_init(&stay);
    worker_ask(worker, &stay.task);
    wait_until_here(&stay);
    write_text(known, "x:10|c\n");
    waiting = connect_stream(UNIX); /* which no worker accepts, as the worker is busy */
    write_text(waiting, "x:100|c\nx:");
    gone = connect_stream(TCP);
    write_text(gone, "x:1000|c\n");
    close(gone);
    sem_post(&stay.may_go);
    stop();
    assert_true(value_of_only_series() == 1111);
    assert_int_equal(count(TELEMETRY_LINES), 5);
    assert_int_equal(count(TELEMETRY_VERDICTS + REFUSED_MALFORMED_LINE), 1); /* "x:" */
    assert_int_equal(count(TELEMETRY_CONNECTIONS), 0);
    assert_int_equal(places_count(places), 0);
    wait_for_end(known);
    close(known);
    close(waiting);
}

/* The end of the connection is known already, so the last line needs no line feed. */
static void stopping_applies_the_last_line_of_a_stream_that_has_ended(void **state)
{
    struct stay stay;
    int known, waiting;

    start();
    known = connect_stream(TCP);
    write_text(known, "x:1|c\n");
    wait_for(TELEMETRY_LINES, 1);
    stay_init(&stay);
    worker_ask(worker, &stay.task);
    wait_until_here(&stay);
    write_text(known, "x:10|c");
    close(known);
    waiting = connect_stream(UNIX);
    write_text(waiting, "x:100|c");
    close(waiting);
    sem_post(&stay.may_go);
    stop();
    assert_true(value_of_only_series() == 111);
    assert_int_equal(count(TELEMETRY_VERDICTS + REFUSED_MALFORMED_LINE), 0);
}

static void *flood_stream(void *arg)
{
    int fd = *(int *)arg;

    while (send(fd, "x:1|c\nx:1|c\n", 12, MSG_NOSIGNAL) > 0)
        ;
    return NULL;
}

static void stopping_ends_while_a_stream_goes_on(void **state)
{
    int64_t began_ns;
    pthread_t thread;
    int fd;

    start();
    fd = connect_stream(TCP);
    assert_int_equal(pthread_create(&thread, NULL, flood_stream, &fd), 0);
    wait_for_at_least(TELEMETRY_LINES, 1);
    began_ns = clock_monotonic_ns();
    stop();
    assert_true(clock_monotonic_ns() - began_ns < 8 * CLOCK_NS_PER_S);
    pthread_join(thread, NULL); /* its connection is closed */
    close(fd);
}

/* --- what sockets say ----------------------------------------------------------------- */

static void each_socket_has_its_own_dialect(void **state)
{
    int fd;

    sockets[1].reading.is_dogstatsd = true;
    sockets[UNIX].reading.is_dogstatsd = true;
    start();
    send_line(0, "x:10|g\nx:+5|g");
    wait_for(TELEMETRY_LINES, 2);
    assert_true(value_of_only_series() == 15);
    send_line(1, "x:-3|g");
    wait_for(TELEMETRY_LINES, 3);
    assert_true(value_of_only_series() == -3);
    fd = connect_stream(TCP);
    write_text(fd, "x:+1|g\n");
    wait_for(TELEMETRY_LINES, 4);
    assert_true(value_of_only_series() == -2);
    close(fd);
    fd = connect_stream(UNIX);
    write_text(fd, "x:+1|g\n");
    wait_for(TELEMETRY_LINES, 5);
    assert_true(value_of_only_series() == 1);
    close(fd);
    stop();
}

/* However samples arrive, the value that was set last counts. */
static void gauges_by_all_transports_are_in_order(void **state)
{
    int fd;

    for (unsigned i = 0; i < ALL_SOCKETS; i++)
        sockets[i].needs_arrivals = true;
    start();
    fd = connect_stream(TCP);
    send_line(0, "x:1|g");
    wait_for(TELEMETRY_LINES, 1);
    write_text(fd, "x:2|g\n");
    wait_for(TELEMETRY_LINES, 2);
    assert_true(value_of_only_series() == 2);
    send_line(1, "x:+1|g");
    wait_for(TELEMETRY_LINES, 3);
    assert_true(value_of_only_series() == 3);
    close(fd);
    stop();
}

static void tells_when_senders_have_ended_series(void **state)
{
    struct timespec deadline;
    int fd;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += DEADLINE_MS / 1000;
    start();
    send_line(0, "x:1|g\ny:0|x"); /* there is no y */
    wait_for(TELEMETRY_LINES, 2);
    assert_int_equal(sem_trywait(&has_ended), -1);
    send_line(0, "x:0|x");
    assert_int_equal(sem_timedwait(&has_ended, &deadline), 0);
    fd = connect_stream(UNIX);
    write_text(fd, "x:1|g\nx:0|x\n");
    assert_int_equal(sem_timedwait(&has_ended, &deadline), 0);
    close(fd);
    stop();
    assert_int_equal(sem_trywait(&has_ended), -1);
    assert_int_equal(count(TELEMETRY_ENDED), 2);
}

static void a_worker_may_have_no_sockets(void **state)
{
    struct intake_options options = worker_options();
    struct stay stay;

    options.n_sockets = 0;
    assert_int_equal(worker_start(&worker, &options), 0);
    stay_init(&stay);
    sem_post(&stay.may_go);
    worker_ask(worker, &stay.task);
    wait_until_here(&stay);
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
    struct source_socket bad[ALL_SOCKETS];
    struct intake_options options = worker_options();
    struct worker *mark = (struct worker *)(uintptr_t)1, *other = mark;

    for (unsigned i = 0; i < ALL_SOCKETS; i++) {
        memcpy(bad, sockets, sizeof(bad));
        bad[i].fd = -1;
        options.sockets = bad;
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

static int open_streams(const struct address *loopback)
{
    const struct unix_permissions permissions = { 0600, (uid_t)-1, (gid_t)-1 };
    struct unix_file file;

    snprintf(path, sizeof(path), "%s/stream", directory);
    sockets[TCP].row = &socket_rows[TCP];
    sockets[UNIX].row = &socket_rows[UNIX];
    sockets[TCP].fd = address_listen(loopback);
    sockets[UNIX].fd = unix_bind(path, SOCK_STREAM, &permissions, &file);
    sockets[TCP].is_stream = sockets[UNIX].is_stream = true;
    sockets[UNIX].may_have_frames = true;
    return sockets[TCP].fd < 0 || sockets[UNIX].fd < 0 ? -1 : 0;
}

static int begin(void **state)
{
    struct address address;

    memset(&row, 0, sizeof(row));
    registry = new_registry(1, 1000, SIZE_MAX);
    assert_int_equal(address_parse(&address, "127.0.0.1:0"), 0);
    for (unsigned i = 0; i < SOCKETS; i++) {
        sockets[i] = (struct source_socket){ .fd = -1, .row = &socket_rows[i] };
        if (socket_bind_udp(&address, 4 << 20, 1, &sockets[i].fd) < 0)
            return -1;
        senders[i] = connect_to(sockets[i].fd);
    }
    sem_init(&has_ended, 0, 0);
    if (places_new(&places, MAX_CONNECTIONS, 42) < 0)
        return -1;
    return open_streams(&address);
}

static int end(void **state)
{
    for (unsigned i = 0; i < SOCKETS; i++)
        close(senders[i]);
    for (unsigned i = 0; i < ALL_SOCKETS; i++)
        close(sockets[i].fd);
    unlink(path);
    places_free(places);
    registry_free(registry);
    return 0;
}

static int begin_group(void **state)
{
    return mkdtemp(directory) ? make_buckets(state) : -1;
}

static int end_group(void **state)
{
    free_buckets(state);
    return rmdir(directory);
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
        WORKER_CASE(series_are_touched_when_a_sample_arrives),
        WORKER_CASE(applies_the_lines_of_streams),
        WORKER_CASE(a_line_may_come_in_pieces_and_lack_its_end),
        WORKER_CASE(a_unix_stream_may_have_frames),
        WORKER_CASE(a_frame_that_is_cut_off_is_refused),
        WORKER_CASE(there_are_no_frames_by_tcp),
        WORKER_CASE(a_line_that_is_too_long_costs_only_itself),
        WORKER_CASE(the_limit_of_a_line_is_that_of_the_pipeline),
        WORKER_CASE(a_connection_beyond_the_limit_takes_the_place_of_another),
        WORKER_CASE(connections_of_others_count_against_the_limit),
        WORKER_CASE(stopping_applies_what_has_come_by_streams),
        WORKER_CASE(stopping_applies_the_last_line_of_a_stream_that_has_ended),
        WORKER_CASE(stopping_ends_while_a_stream_goes_on),
        WORKER_CASE(each_socket_has_its_own_dialect),
        WORKER_CASE(gauges_by_all_transports_are_in_order),
        WORKER_CASE(tells_when_senders_have_ended_series),
        WORKER_CASE(a_worker_may_have_no_sockets),
        WORKER_CASE(descriptors_stay_the_callers),
        WORKER_CASE(a_bad_descriptor_is_an_error),
        WORKER_CASE(stop_accepts_null),
    };

    return cmocka_run_group_tests(cases, begin_group, end_group);
}
