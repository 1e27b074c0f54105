/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The C client: threads, signal handlers and forks
 */

#include "catcher.h"
#include "child.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>

#define N_THREADS 8
#define N_ROUNDS 20000

#if defined(__SANITIZE_THREAD__)
#define HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_TSAN 1
#endif
#endif
#ifndef HAS_TSAN
#define HAS_TSAN 0
#endif

struct rig {
    struct udom *client;
    struct udom_metric *count, *gauge, *time;
};

/* --- what came --- */

struct sums {
    double count, lines_count, time;
};

static void add_values(double *sum, bool is_count_of_values, char *values)
{
    for (char *value = values; value; value = strchr(value, ':')) {
        value += *value == ':';
        *sum += is_count_of_values ? 1 : strtod(value, NULL);
    }
}

static void add_line(struct sums *sums, char *line)
{
    char *values = strchr(line, ':'), *type = strchr(line, '|');

    assert_non_null(values);
    assert_non_null(type);
    *values++ = '\0';
    *type = '\0';
    if (strcmp(line, "count") == 0)
        add_values(&sums->count, false, values);
    else if (strcmp(line, "once") == 0)
        add_values(&sums->lines_count, false, values);
    else if (strcmp(line, "time") == 0)
        add_values(&sums->time, true, values);
    else
        assert_string_equal(line, "gauge");
}

static void *catch_all(void *arg)
{
    static struct sums sums;
    struct catcher *catcher = arg;
    char text[70000], *rest;

    sums = (struct sums){ 0 };
    for (;;) {
        catcher_wait(catcher);
        while (catcher_read(catcher, text, sizeof(text))) {
            if (strcmp(text, "end") == 0)
                return &sums;
            for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                add_line(&sums, line);
        }
    }
}

/* Tell catch_all() that this was all. */
static void send_end(const struct catcher *catcher)
{
    struct sockaddr_in address;
    socklen_t len = sizeof(address);

    assert_int_equal(getsockname(catcher->fd, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(sendto(catcher->fd, "end", 3, 0, (struct sockaddr *)&address, len), 3);
}

/* --- threads --- */

static void *update(void *arg)
{
    const struct rig *rig = arg;

    for (int i = 0; i < N_ROUNDS; i++) {
        udom_metric_count(rig->count, 1);
        udom_metric_gauge(rig->gauge, i);
        if (i % 8 == 0)
            udom_metric_timing_ms(rig->time, i);
        if (i % 16 == 0)
            udom_count(rig->client, "once", 1);
    }
    return NULL;
}

#define UPDATES_OF_A_THREAD (2 * N_ROUNDS + N_ROUNDS / 8 + N_ROUNDS / 16)

static void run_threads(struct rig *rig, unsigned n)
{
    pthread_t threads[N_THREADS];

    for (unsigned i = 0; i < n; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, update, rig), 0);
    for (int i = 0; i < 20; i++)
        udom_flush(rig->client);
    for (unsigned i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
}

static struct rig open_rig(const struct catcher *catcher, struct udom_options options)
{
    struct rig rig;

    options.url = catcher->url;
    rig.client = udom_open(&options);
    assert_non_null(rig.client);
    rig.count = udom_metric(rig.client, UDOM_COUNTER, "count");
    rig.gauge = udom_metric(rig.client, UDOM_GAUGE, "gauge");
    rig.time = udom_metric(rig.client, UDOM_TIMING, "time");
    return rig;
}

/* Two rounds of threads, the second with the slots of the first, while others flush. */
static void must_lose_nothing(struct udom_options options, bool may_drop)
{
    struct catcher catcher = catcher_open();
    struct rig rig = open_rig(&catcher, options);
    struct udom_stats stats;
    pthread_t reader;
    void *result;
    struct sums *sums;
    double n_arrived, n_expected = 2.0 * N_THREADS * (UPDATES_OF_A_THREAD - N_ROUNDS);

    assert_int_equal(pthread_create(&reader, NULL, catch_all, &catcher), 0);
    run_threads(&rig, N_THREADS);
    run_threads(&rig, N_THREADS);
    udom_flush(rig.client);
    stats = stats_of(rig.client);
    udom_close(rig.client);
    send_end(&catcher);
    pthread_join(reader, &result);
    sums = result;
    assert_int_equal(stats.refused, 0);
    assert_int_equal(stats.sent + stats.dropped, 2 * N_THREADS * UPDATES_OF_A_THREAD);
    if (!may_drop) {
        n_arrived = sums->count + sums->time + sums->lines_count;
        /* A holder of a lock that loses its CPU for long may cost one or the other. */
        assert_true(stats.dropped <= N_ROUNDS / 1000);
        assert_true(n_arrived <= n_expected && n_arrived + (double)stats.dropped >= n_expected);
    }
    catcher_close(&catcher);
}

static void eight_threads_lose_nothing(void **state)
{
    must_lose_nothing((struct udom_options){ .flush_ms = 1 }, false);
}

static void threads_without_memory_of_their_own_share_some(void **state)
{
    must_lose_nothing((struct udom_options){ .flush_ms = 1, .n_threads = 1 }, true);
}

static void without_merging_each_update_is_a_line(void **state)
{
    must_lose_nothing((struct udom_options){ .flush_ms = 1, .flags = UDOM_NO_AGGREGATION }, true);
}

static void *count_once(void *arg)
{
    udom_metric_count(arg, 1);
    return NULL;
}

static void a_thread_that_ends_leaves_its_updates(void **state)
{
    struct catcher catcher = catcher_open();
    struct udom *client = open_quiet(&catcher, 0);
    struct udom_metric *metric = udom_metric(client, UDOM_COUNTER, "a");
    pthread_t thread;

    for (int i = 0; i < 1000; i++) {
        assert_int_equal(pthread_create(&thread, NULL, count_once, metric), 0);
        pthread_join(thread, NULL);
    }
    assert_sends(client, &catcher, "a:1000|c\n");
    udom_close(client);
    catcher_close(&catcher);
}

/* --- expiries and threads --- */

#define N_TURNS 2000

struct turns {
    struct udom *client;
    struct udom_metric *gauge;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int turn;
};

/*
 * A turn's updates, which fill some packets. All but the fillers have a number: an even one before
 * the expiry, the next one from there on.
 */
static void take_turn(struct turns *turns, int turn)
{
    char text[16];

    udom_metric_gauge(turns->gauge, 2 * turn);
    snprintf(text, sizeof(text), "%d", 2 * turn);
    udom_count(turns->client, "a", 1, "number", text);
    snprintf(text, sizeof(text), "%d", 2 * turn + 1);
    udom_expire(turns->client, "a", "number", text);
    udom_metric_gauge(turns->gauge, 2 * turn + 1);
    for (int i = 0; i < turn % 100; i++) {
        udom_count(turns->client, "a", 1, "number", text);
        udom_count(turns->client, "a.filler.of.packets", 1, "for", "packets");
    }
}

static void take_turns(struct turns *turns, int first)
{
    for (int turn = first; turn < N_TURNS; turn += 2) {
        pthread_mutex_lock(&turns->lock);
        while (turns->turn != turn)
            pthread_cond_wait(&turns->changed, &turns->lock);
        take_turn(turns, turn);
        turns->turn++;
        pthread_cond_broadcast(&turns->changed);
        pthread_mutex_unlock(&turns->lock);
    }
}

static void *take_odd_turns(void *arg)
{
    take_turns(arg, 1);
    return NULL;
}

/* The number that a line has, or @otherwise. */
static int number_of(const char *line, int otherwise)
{
    int number = otherwise;

    if (sscanf(line, "gauge:%d|g", &number) != 1 && sscanf(line, "a:1|x|#number:%d", &number) != 1)
        sscanf(line, "a:1|c|#number:%d", &number);
    return number;
}

struct order {
    struct catcher *catcher;
    int expiry, highest; /* numbers: of the last expiry, and of all lines */
    unsigned n_expiries, n_wrong;
};

/* What was recorded before an expiry has a lower number and comes before it; the rest, after it. */
static void watch_line(struct order *order, const char *line)
{
    int number = number_of(line, order->highest);

    if (strstr(line, "|x|")) {
        order->n_expiries++;
        order->n_wrong += order->highest >= number;
        order->expiry = number;
    }
    order->n_wrong += number < order->expiry;
    if (number > order->highest)
        order->highest = number;
}

static void *watch_order(void *arg)
{
    struct order *order = arg;
    char text[70000], *rest;

    for (;;) {
        catcher_wait(order->catcher);
        while (catcher_read(order->catcher, text, sizeof(text))) {
            if (strcmp(text, "end") == 0)
                return NULL;
            for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                watch_line(order, line);
        }
    }
}

/* What any thread recorded before an expiry is sent before it; what it records later, after it. */
static void an_expiry_keeps_its_place_among_threads(void **state)
{
    struct catcher catcher = catcher_open();
    struct udom_options options = { .url = catcher.url, .flush_ms = 1 };
    struct turns turns = { .client = udom_open(&options) };
    struct order order = { .catcher = &catcher, .highest = -1 };
    pthread_t watcher, thread;

    assert_non_null(turns.client);
    turns.gauge = udom_metric(turns.client, UDOM_GAUGE, "gauge");
    pthread_mutex_init(&turns.lock, NULL);
    pthread_cond_init(&turns.changed, NULL);
    assert_int_equal(pthread_create(&watcher, NULL, watch_order, &order), 0);
    assert_int_equal(pthread_create(&thread, NULL, take_odd_turns, &turns), 0);
    take_turns(&turns, 0);
    pthread_join(thread, NULL);
    udom_close(turns.client);
    send_end(&catcher);
    pthread_join(watcher, NULL);
    assert_int_equal(order.n_wrong, 0);
    assert_in_range(order.n_expiries, N_TURNS * 9 / 10, N_TURNS);
    catcher_close(&catcher);
}

static void *count_many(void *arg)
{
    for (int i = 0; i < 1000; i++)
        udom_count(arg, "some.name", 1);
    return NULL;
}

/* Without a flush: full packets of another thread take the expiry along. */
static void an_expiry_goes_before_full_packets_of_others(void **state)
{
    struct catcher catcher = catcher_open();
    struct udom *client = open_quiet(&catcher, 0);
    pthread_t thread;
    const char *text;

    udom_expire(client, "a");
    assert_int_equal(pthread_create(&thread, NULL, count_many, client), 0);
    pthread_join(thread, NULL);
    text = catcher_read_all(&catcher);
    assert_ptr_equal(strstr(text, "a:1|x\nsome.name:1|c\n"), text);
    udom_close(client);
    catcher_close(&catcher);
}

/* --- threads that end --- */

static pthread_barrier_t barrier;

static void *count_and_outlive(void *arg)
{
    udom_metric_count(arg, 1);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return NULL;
}

static void a_thread_may_outlive_the_client(void **state)
{
    struct catcher catcher = catcher_open();
    struct udom *client = open_quiet(&catcher, 0);
    pthread_t thread;

    pthread_barrier_init(&barrier, NULL, 2);
    assert_int_equal(
        pthread_create(&thread, NULL, count_and_outlive, udom_metric(client, UDOM_COUNTER, "a")),
        0);
    pthread_barrier_wait(&barrier);
    udom_close(client);
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    assert_string_equal(catcher_read_all(&catcher), "a:1|c\n");
    pthread_barrier_destroy(&barrier);
    catcher_close(&catcher);
}

/* --- signal handlers --- */

static struct rig interrupted;
static volatile sig_atomic_t n_interrupts;

static void count_in_handler(int number)
{
    udom_metric_count(interrupted.count, 1);
    udom_metric_timing_ms(interrupted.time, 1);
    udom_metric_gauge(interrupted.gauge, 1);
    n_interrupts++;
}

static void signal_handlers_may_update(void **state)
{
    struct catcher catcher = catcher_open();
    struct sigaction action = { .sa_handler = count_in_handler, .sa_flags = SA_RESTART };
    struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = { 0 };
    struct udom_stats stats;
    uint64_t n_rounds = 0;

    interrupted = open_rig(&catcher, (struct udom_options){ .flags = UDOM_NO_THREAD });
    count_in_handler(0);
    n_interrupts = 1;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (; n_interrupts < 500; n_rounds++) {
        udom_metric_count(interrupted.count, 1);
        udom_metric_timing_ms(interrupted.time, 1);
        udom_metric_gauge(interrupted.gauge, 1);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    udom_flush(interrupted.client);
    stats = stats_of(interrupted.client);
    assert_int_equal(stats.sent + stats.dropped, 3 * (n_rounds + (uint64_t)n_interrupts));
    udom_close(interrupted.client);
    catcher_close(&catcher);
}

/* What the kernel says of a thread: the signals that it has blocked. */
static unsigned long long blocked_by(const char *thread)
{
    unsigned long long blocked = 0;
    char path[300], line[200];
    FILE *status;

    snprintf(path, sizeof(path), "/proc/self/task/%s/status", thread);
    status = fopen(path, "r");
    assert_non_null(status);
    while (fgets(line, sizeof(line), status))
        sscanf(line, "SigBlk: %llx", &blocked);
    fclose(status);
    return blocked;
}

static void the_thread_takes_no_signals(void **state)
{
    struct catcher catcher = catcher_open();
    struct rig rig = open_rig(&catcher, (struct udom_options){ .flush_ms = 1 });
    DIR *threads = opendir("/proc/self/task");
    int n_blocking = 0;

    assert_non_null(threads);
    /* A thread that has only just begun blocks them in any case. */
    udom_metric_count(rig.count, 1);
    catcher_wait(&catcher);
    for (struct dirent *entry; (entry = readdir(threads)) != NULL;)
        if (entry->d_name[0] != '.' && blocked_by(entry->d_name) & 1ull << (SIGUSR1 - 1))
            n_blocking++;
    closedir(threads);
    /* TSan has one of its own, too. */
    assert_int_equal(n_blocking, 1 + HAS_TSAN);
    udom_close(rig.client);
    catcher_close(&catcher);
}

/* --- forks --- */

static void end_child(pid_t child)
{
    int status;

    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_child_sends_only_what_is_its_own(void **state)
{
    struct catcher catcher = catcher_open();
    struct rig rig = open_rig(&catcher, (struct udom_options){ .flags = UDOM_NO_THREAD });
    pid_t child;

    udom_metric_count(rig.count, 1);
    udom_metric_gauge(rig.gauge, 1);
    udom_metric_timing_ms(rig.time, 1);
    udom_count(rig.client, "once", 1);
    child = fork_child();
    if (child == 0) {
        udom_metric_count(rig.count, 7);
        udom_close(rig.client);
        _exit(0);
    }
    end_child(child);
    assert_string_equal(catcher_read_all(&catcher), "count:7|c\n");
    assert_sends(rig.client, &catcher, "once:1|c\ncount:1|c\ntime:1|ms\ngauge:1|g\n");
    udom_close(rig.client);
    catcher_close(&catcher);
}

static void a_child_has_a_thread_of_its_own(void **state)
{
    struct catcher catcher = catcher_open();
    struct rig rig = open_rig(&catcher, (struct udom_options){ .flush_ms = 5 });
    pid_t child;

    if (HAS_TSAN) /* which does not let a child of several threads have any */
        skip();
    udom_metric_count(rig.count, 1);
    catcher_wait(&catcher);
    catcher_read_all(&catcher);
    child = fork_child();
    if (child == 0) {
        udom_metric_count(rig.count, 7);
        catcher_wait(&catcher);
        udom_close(rig.client);
        _exit(0);
    }
    end_child(child);
    assert_string_equal(catcher_read_all(&catcher), "count:7|c\n");
    udom_close(rig.client);
    catcher_close(&catcher);
}

static int is_ending;

static void *update_until_the_end(void *arg)
{
    const struct rig *rig = arg;

    while (!__atomic_load_n(&is_ending, __ATOMIC_RELAXED)) {
        udom_metric_count(rig->count, 1);
        udom_metric_gauge_add(rig->gauge, 1);
        udom_metric_timing_ms(rig->time, 1);
        udom_count(rig->client, "once", 1);
        udom_flush(rig->client);
    }
    return NULL;
}

static void a_fork_amid_updates_leaves_no_lock_behind(void **state)
{
    struct catcher catcher = catcher_open();
    struct rig rig = open_rig(&catcher, (struct udom_options){ .flush_ms = 1 });
    pthread_t threads[2];

    if (HAS_TSAN)
        skip();
    is_ending = 0;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, update_until_the_end, &rig), 0);
    for (int i = 0; i < 100; i++) {
        pid_t child = fork_child();

        if (child == 0) {
            struct udom_stats stats;

            udom_metric_count(rig.count, 1);
            udom_metric_gauge_add(rig.gauge, 1);
            udom_metric_timing_ms(rig.time, 1);
            udom_count(rig.client, "once", 1);
            udom_flush(rig.client);
            udom_get_stats(rig.client, &stats);
            udom_close(rig.client);
            _exit(stats.sent + stats.dropped == 4 ? 0 : 1);
        }
        end_child(child);
    }
    __atomic_store_n(&is_ending, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    udom_close(rig.client);
    catcher_close(&catcher);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(eight_threads_lose_nothing),
        CASE(threads_without_memory_of_their_own_share_some),
        CASE(without_merging_each_update_is_a_line),
        CASE(an_expiry_keeps_its_place_among_threads),
        CASE(an_expiry_goes_before_full_packets_of_others),
        CASE(a_thread_that_ends_leaves_its_updates),
        CASE(a_thread_may_outlive_the_client),
        CASE(signal_handlers_may_update),
        CASE(the_thread_takes_no_signals),
        CASE(a_child_sends_only_what_is_its_own),
        CASE(a_child_has_a_thread_of_its_own),
        CASE(a_fork_amid_updates_leaves_no_lock_behind),
    };

    return cmocka_run_group_tests(cases, take_signals, NULL);
}
