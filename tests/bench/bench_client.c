/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bench client: what the C client costs the program that uses it
 *
 * First the time of one call for each type, with a socket that accepts everything and that nothing
 * reads. Then a loop with 20 microseconds of work in each iteration, with and without two updates,
 * while nothing listens: rounds of both in turn, and the median of their ratios.
 */

#include "udometer.h"

#include "base/clock.h"
#include "median.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define RUNS 7
#define CALLS 1000000
#define ROUNDS 61
#define ITERATIONS 1000
#define WORK_NS 20000

/* A socket bound to a free port, and its URL. */
static int bind_any(char *url, size_t size)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return -1;
    snprintf(url, size, "udp://127.0.0.1:%d", ntohs(address.sin_port));
    return fd;
}

/* --- one call --------------------------------------------------------------------------- */

struct rig {
    struct udom *client;
    struct udom_metric *count, *gauge, *time, *sampled;
};

static struct rig open_rig(const char *url, unsigned flags)
{
    struct udom_options options = { .url = url, .flags = flags };
    struct rig rig = { .client = udom_open(&options) };

    rig.count = udom_metric(rig.client, UDOM_COUNTER, "bot.routes_total", "status", "completed");
    rig.gauge = udom_metric(rig.client, UDOM_GAUGE, "queue.depth", "queue", "inbox");
    rig.time = udom_metric(rig.client, UDOM_TIMING, "route_duration_seconds", "kind", "short");
    rig.sampled = udom_metric_sampled(rig.client, UDOM_TIMING, 0.01, "step_seconds");
    return rig;
}

static void call_count(const struct rig *rig, unsigned i)
{
    udom_metric_count(rig->count, 1);
}

static void call_gauge(const struct rig *rig, unsigned i)
{
    udom_metric_gauge(rig->gauge, i);
}

static void call_time(const struct rig *rig, unsigned i)
{
    udom_metric_timing_ms(rig->time, i / 1000.0);
}

static void call_sampled(const struct rig *rig, unsigned i)
{
    udom_metric_timing_ms(rig->sampled, i / 1000.0);
}

static void call_unprepared(const struct rig *rig, unsigned i)
{
    udom_count(rig->client, "bot.routes_total", 1, "status", "completed");
}

struct hammer {
    const struct rig *rig;
    void (*call)(const struct rig *rig, unsigned i);
};

static void *hammer(void *arg)
{
    const struct hammer *hammer = arg;

    for (unsigned i = 0; i < CALLS; i++)
        hammer->call(hammer->rig, i);
    return NULL;
}

/* Nanoseconds per call, with @n_threads doing the same. */
static double time_calls(const struct rig *rig, void (*call)(const struct rig *, unsigned),
                         unsigned n_threads)
{
    struct hammer what = { rig, call };
    double figures[RUNS];
    pthread_t other;

    for (int run = 0; run < RUNS; run++) {
        bool has_other = n_threads > 1 && pthread_create(&other, NULL, hammer, &what) == 0;
        int64_t start = clock_monotonic_ns();

        hammer(&what);
        if (has_other)
            pthread_join(other, NULL);
        figures[run] = (double)(clock_monotonic_ns() - start) / CALLS;
    }
    return median(figures, RUNS);
}

static void print_verdict(const char *what, double ns, double ns_max)
{
    printf("%-46s %7.1f ns, at most %3.0f: %s\n", what, ns, ns_max, ns <= ns_max ? "good" : "BAD");
}

static void bench_calls(const char *url)
{
    struct rig merging = open_rig(url, 0), buffering = open_rig(url, UDOM_NO_AGGREGATION);
    double ns = time_calls(&merging, call_count, 1);

    print_verdict("prepared counter, merged", ns, 30);
    print_verdict("the same from two threads", time_calls(&merging, call_count, 2), 30);
    print_verdict("prepared counter, a line each", time_calls(&buffering, call_count, 1), 150);
    printf("%-46s %7.1f us\n", "1,000 updates of a prepared counter", ns);
    printf("%-46s %7.1f ns\n", "prepared gauge, merged", time_calls(&merging, call_gauge, 1));
    printf("%-46s %7.1f ns\n", "prepared timing, merged", time_calls(&merging, call_time, 1));
    printf("%-46s %7.1f ns\n", "prepared timing, 1 of 100 sampled",
           time_calls(&merging, call_sampled, 1));
    printf("%-46s %7.1f ns\n", "counter, name and tags each time",
           time_calls(&merging, call_unprepared, 1));
    udom_close(merging.client);
    udom_close(buffering.client);
}

/* --- a loop, and no server --------------------------------------------------------------- */

/* As long as it takes to do the same @n_steps. */
static unsigned work(unsigned n_steps, unsigned seed)
{
    for (unsigned i = 0; i < n_steps; i++)
        seed = seed * 1664525 + 1013904223;
    return seed;
}

static unsigned steps_of_work(void)
{
    static volatile unsigned sink;
    unsigned n_steps = 1000000;
    int64_t start = clock_monotonic_ns();

    sink = work(n_steps, sink);
    return (unsigned)((double)n_steps * WORK_NS / (double)(clock_monotonic_ns() - start));
}

/* CPU time, including the client's thread, as other processes disturb it less. */
static double time_loop(const struct rig *rig, unsigned n_steps)
{
    static volatile unsigned sink;
    int64_t start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

    for (unsigned i = 0; i < ITERATIONS; i++) {
        sink = work(n_steps, sink);
        if (rig) {
            udom_metric_count(rig->count, 1);
            udom_metric_timing_ms(rig->time, i / 1000.0);
        }
    }
    return (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start);
}

/* By how many percent a loop is slowed down. */
static double loss_of_loop(const char *url, unsigned flags)
{
    struct rig rig = open_rig(url, flags);
    unsigned n_steps = steps_of_work();
    double losses[ROUNDS];

    for (int round = 0; round < ROUNDS; round++) {
        double bare = time_loop(NULL, n_steps);

        losses[round] = 100 * (time_loop(&rig, n_steps) / bare - 1);
    }
    udom_close(rig.client);
    return median(losses, ROUNDS);
}

static void bench_loops(const char *url)
{
    double loss = loss_of_loop(url, 0);

    printf("%-46s %7.2f %%, below 1: %s\n", "loop of 20 us with 2 updates, no server", loss,
           loss < 1 ? "good" : "BAD");
    printf("%-46s %7.2f %%\n", "the same, a line each", loss_of_loop(url, UDOM_NO_AGGREGATION));
}

int main(void)
{
    char url[64];
    int fd = bind_any(url, sizeof(url));

    if (fd < 0) {
        perror("bench_client");
        return 1;
    }
    bench_calls(url);
    close(fd);
    bench_loops(url);
    return 0;
}
