/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bench new: the cost of a million new series
 *
 * Two questions, each with a new registry every time:
 *
 *      how many a second   one worker makes all, or two make half of them each; these take
 *                          turns for five rounds
 *      who has to wait     one worker makes a million, the other continues to push lines
 *                          of 10,000 series that it knows; the longest batch of either
 *
 * A batch is 64 datagrams of 20 lines, as a worker takes them from a socket. On a machine
 * that others use too, a thread may be stopped for milliseconds at any time. So before and
 * after, both processors spin for a while and look for the longest gap between two readings
 * of the clock: nothing below that can be judged. Rounds with a long gap are marked as
 * noisy, and repeated a few times.
 */

#include "base/clock.h"
#include "base/memory.h"
#include "crew.h"
#include "lines.h"
#include "median.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#define N_NEW 1000000
#define N_KNOWN 10000
#define ROUNDS 5

/* The gap that makes a round noisy; the number of quiet rounds wanted; the most rounds. */
#define NOISE_NS (5 * CLOCK_NS_PER_MS)
#define STALL_ROUNDS 3
#define STALL_ROUNDS_MAX 8
#define SPIN_NS (CLOCK_NS_PER_S / 2)

struct worker {
    struct rig rig;
    struct pusher pusher;
    const struct lines *lines;
    _Atomic bool *is_over; /* of the one that makes series */
};

static struct worker workers[CREW_MAX];

static void workers_init(void)
{
    static const struct rig_limits limits = {
        .n_workers = CREW_MAX,
        .max_series = 4000000,
        .max_series_bytes = (size_t)4 << 30,
        .max_key_bytes = (size_t)1 << 30,
    };

    rig_init(&workers[0].rig, &limits);
    rig_join(&workers[1].rig, &workers[0].rig, &limits, 1);
    for (unsigned i = 0; i < CREW_MAX; i++) {
        workers[i].pusher.pipeline = workers[i].rig.lane.pipeline;
        workers[i].pusher.at = 0;
        workers[i].pusher.longest_ns = 0;
        workers[i].pusher.has_longest = false;
    }
}

/* Everything must have been applied, and made @n_series. */
static void workers_deinit(size_t n_series)
{
    struct registry_counts counts = registry_count(workers[0].rig.registry);
    size_t n = 0;

    for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
        n += counts.series[type];
    rig_must(n == n_series ? 0 : -EINVAL, "number of series");
    for (unsigned i = CREW_MAX; i-- > 0;)
        rig_deinit(&workers[i].rig);
}

/* --- how many a second ------------------------------------------------------------------ */

static void make_all(void *ctx)
{
    struct worker *worker = ctx;

    pusher_push(&worker->pusher, worker->lines, worker->lines->n_datagrams, 1);
    if (worker->is_over)
        atomic_store(worker->is_over, true);
}

/* New series per second, over all @n_workers, each with its part of @parts. */
static double measure(const struct lines *parts, unsigned n_workers)
{
    struct crew_task tasks[CREW_MAX];
    double elapsed_ns;

    workers_init();
    for (unsigned i = 0; i < n_workers; i++) {
        workers[i].lines = &parts[i];
        workers[i].is_over = NULL;
        tasks[i] = (struct crew_task){ make_all, &workers[i] };
    }
    elapsed_ns = crew_run(tasks, n_workers);
    workers_deinit(N_NEW);
    return N_NEW / elapsed_ns * 1e9;
}

static void measure_speed(const struct lines *all, const struct lines *halves, double *ret_per_s)
{
    double per_s[CREW_MAX][ROUNDS];

    for (unsigned round = 0; round < ROUNDS; round++) {
        per_s[0][round] = measure(all, 1);
        per_s[1][round] = measure(halves, 2);
    }
    ret_per_s[0] = median(per_s[0], ROUNDS);
    ret_per_s[1] = median(per_s[1], ROUNDS);
}

/* --- who has to wait ------------------------------------------------------------------- */

static void push_until_over(void *ctx)
{
    struct worker *worker = ctx;

    while (!atomic_load(worker->is_over))
        pusher_push(&worker->pusher, worker->lines, LINES_BATCH, 7);
}

static void look_for_gaps(void *ctx)
{
    int64_t *longest_ns = ctx, start_ns = clock_monotonic_ns(), last_ns = start_ns, now_ns;

    do {
        now_ns = clock_monotonic_ns();
        if (*longest_ns < now_ns - last_ns)
            *longest_ns = now_ns - last_ns;
        last_ns = now_ns;
    } while (now_ns - start_ns < SPIN_NS);
}

/* The longest gap that a thread sees that only spins. */
static int64_t longest_gap_ns(void)
{
    int64_t longest_ns[CREW_MAX] = { 0 };
    const struct crew_task tasks[CREW_MAX] = { { look_for_gaps, &longest_ns[0] },
                                               { look_for_gaps, &longest_ns[1] } };

    crew_run(tasks, CREW_MAX);
    return longest_ns[0] > longest_ns[1] ? longest_ns[0] : longest_ns[1];
}

static int64_t measure_stall(const struct lines *all, const struct lines *known)
{
    const struct crew_task tasks[CREW_MAX] = { { make_all, &workers[0] },
                                               { push_until_over, &workers[1] } };
    int64_t before_ns = longest_gap_ns(), after_ns;
    _Atomic bool is_over = false;

    workers_init();
    pusher_push(&workers[1].pusher, known, known->n_datagrams, 1);
    workers[0].lines = all;
    workers[1].lines = known;
    for (unsigned i = 0; i < CREW_MAX; i++) {
        workers[i].is_over = &is_over;
        workers[i].pusher.has_longest = true;
    }
    crew_run(tasks, CREW_MAX);
    workers_deinit(N_NEW + N_KNOWN);
    after_ns = longest_gap_ns();
    return before_ns > after_ns ? before_ns : after_ns;
}

static void print_side(const char *name, const struct pusher *pusher, bool is_json)
{
    if (is_json)
        printf(", \"%s\": {\"ms\": %.3f, \"was_blocked\": %s, \"was_preempted\": %s}", name,
               (double)pusher->longest_ns / 1e6, pusher->was_blocked ? "true" : "false",
               pusher->was_preempted ? "true" : "false");
    else
        printf("; %s series %.2f ms%s%s", name, (double)pusher->longest_ns / 1e6,
               pusher->was_blocked ? ", waited" : "", pusher->was_preempted ? ", preempted" : "");
}

static void measure_stalls(const struct lines *all, const struct lines *known, bool is_json)
{
    unsigned n_quiet = 0;

    for (unsigned i = 0; i < STALL_ROUNDS_MAX && n_quiet < STALL_ROUNDS; i++) {
        int64_t gap_ns = measure_stall(all, known);
        bool is_noisy = gap_ns > NOISE_NS;

        n_quiet += !is_noisy;
        if (is_json)
            printf("%s{\"gap_ms\": %.3f, \"is_noisy\": %s", i ? ", " : "", (double)gap_ns / 1e6,
                   is_noisy ? "true" : "false");
        else
            printf("longest gap %.2f ms%s; longest batch:", (double)gap_ns / 1e6,
                   is_noisy ? " (noisy)" : "");
        print_side("known", &workers[1].pusher, is_json);
        print_side("new", &workers[0].pusher, is_json);
        printf(is_json ? "}" : "\n");
    }
}

int main(int argc, char **argv)
{
    bool is_json = argc > 1 && strcmp(argv[1], "--json") == 0;
    struct lines all, halves[2], known;
    double per_s[CREW_MAX];

    memory_use_huge_pages();
    lines_make(&all, 0, N_NEW, LINES_IN_ORDER);
    lines_make(&halves[0], 0, N_NEW / 2, LINES_IN_ORDER);
    lines_make(&halves[1], N_NEW / 2, N_NEW / 2, LINES_IN_ORDER);
    lines_make(&known, N_NEW, N_KNOWN, LINES_SHUFFLED);
    measure_speed(&all, halves, per_s);
    if (is_json)
        printf("{\"one_per_s\": %.0f, \"both_per_s\": %.0f, \"stalls\": [", per_s[0], per_s[1]);
    else
        printf("new series a second: %.0f by one worker, %.0f by two\n", per_s[0], per_s[1]);
    measure_stalls(&all, &known, is_json);
    printf(is_json ? "]}\n" : "");
    lines_free(&all);
    lines_free(&halves[0]);
    lines_free(&halves[1]);
    lines_free(&known);
    return 0;
}
