/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bench core: what a line costs inside the process, and a series at a scrape
 *
 * Datagrams (lines.h) go through a real pipeline, from memory. The same ones are pushed
 * again and again, in random order, for each number of series:
 *
 *      in order   a datagram's lines are of series first seen together, as when
 *                 a client flushes the same table each time; they may be neighbours in memory
 *      shuffled   each line is of any series
 *
 * The numbers of series take turns for five rounds, and so do two figures of the machine
 * alone, to compare machines: the time to follow a pointer to anywhere in 256 MiB, and the
 * time to copy a line. A figure is the median of its rounds.
 */

#include "base/clock.h"
#include "base/memory.h"
#include "lines.h"
#include "median.h"

#include <errno.h>
#include <stdio.h>

#define LINES_PER_RUN 4000000
#define DATAGRAMS_PER_RUN (LINES_PER_RUN / LINES_PER_DATAGRAM)
#define ROUNDS 5
#define CASES_MAX 4

/* The size of web/scrape.c's chunks. */
#define CHUNK_BYTES 65536

#define CHASE_PLACES ((size_t)256 << 20 >> 6)
#define CHASE_STEPS 2000000

struct bench {
    struct rig rig;
    struct lines lines;
    struct lines shuffled;
    struct pusher pusher;
    double new_ns;
    double line_ns[ROUNDS];
    double shuffled_ns[ROUNDS];
    double scrape_ns[ROUNDS];
};

/* --- the machine alone ------------------------------------------------------------------ */

struct place {
    _Alignas(CACHE_LINE) size_t next;
};

struct machine {
    struct place *places;
    size_t at;
    double chase_ns[ROUNDS];
    double copy_ns[ROUNDS];
};

/* A ring through all places, in an order that no prefetcher predicts (a full-period LCG). */
static void machine_init(struct machine *machine)
{
    size_t at = 0;

    machine->places = aligned_alloc(CACHE_LINE, CHASE_PLACES * sizeof(*machine->places));
    rig_must(machine->places ? 0 : -ENOMEM, "places");
    for (size_t i = 0; i < CHASE_PLACES; i++) {
        size_t next = (at * 1664525 + 1013904223) % CHASE_PLACES;

        machine->places[at].next = next;
        at = next;
    }
}

static double chase(struct machine *machine)
{
    int64_t started_ns = clock_monotonic_ns();
    size_t at = machine->at;

    for (size_t i = 0; i < CHASE_STEPS; i++)
        at = machine->places[at].next;
    machine->at = at;
    return (double)(clock_monotonic_ns() - started_ns) / CHASE_STEPS;
}

static double copy(const struct lines *lines)
{
    static char to[LINES_BATCH][LINES_DATAGRAM_MAX];
    int64_t started_ns = clock_monotonic_ns();

    for (size_t i = 0; i < DATAGRAMS_PER_RUN; i++) {
        struct slice datagram = lines->datagrams[i % lines->n_datagrams];

        memcpy(to[i % LINES_BATCH], datagram.at, datagram.len);
        /* Keeps the compiler from removing the loop. */
        __asm__ volatile("" : : "r"(to) : "memory");
    }
    return (double)(clock_monotonic_ns() - started_ns) / LINES_PER_RUN;
}

/* --- one number of series ---------------------------------------------------------------- */

static void bench_init(struct bench *bench, size_t n_series, size_t max_key_bytes)
{
    const struct rig_limits limits = {
        .max_series = 4000000,
        .max_series_bytes = (size_t)4 << 30,
        .max_key_bytes = max_key_bytes,
    };

    rig_init(&bench->rig, &limits);
    lines_make(&bench->lines, 0, n_series, LINES_IN_ORDER);
    lines_make(&bench->shuffled, 0, n_series, LINES_SHUFFLED);
    bench->pusher.pipeline = bench->rig.lane.pipeline;
    bench->new_ns = pusher_push(&bench->pusher, &bench->lines, bench->lines.n_datagrams, 1) /
                    (double)bench->lines.n_lines;
}

static void bench_deinit(struct bench *bench)
{
    rig_deinit(&bench->rig);
    lines_free(&bench->lines);
    lines_free(&bench->shuffled);
}

static double push(struct bench *bench, const struct lines *lines)
{
    return pusher_push(&bench->pusher, lines, DATAGRAMS_PER_RUN, LINES_STRIDE) / LINES_PER_RUN;
}

/* Like the daemon, chunk by chunk, but without self-metrics. */
static double scrape(struct bench *bench)
{
    int64_t started_ns = clock_monotonic_ns();
    struct exposition *exposition = rig_expose(&bench->rig);
    struct buffer text = { 0 };

    do {
        buffer_clear(&text);
        rig_must(exposition_write(exposition, &text, CHUNK_BYTES), "scrape");
    } while (text.len > 0);
    exposition_free(exposition);
    buffer_deinit(&text);
    return (double)(clock_monotonic_ns() - started_ns) / (double)bench->lines.n_lines;
}

static void check_applied(const struct bench *bench)
{
    const uint64_t *counts = bench->rig.lane.row->counts;

    rig_must(counts[TELEMETRY_VERDICTS] == counts[TELEMETRY_LINES] ? 0 : -EINVAL,
             "some lines were refused");
    rig_must(counts[TELEMETRY_KEY_MISSES] == bench->lines.n_lines ? 0 : -EINVAL,
             "some keys were evicted");
}

/* Every line asks the registry, as there is hardly room for a key. */
static void print_misses(size_t n_series)
{
    static struct bench bench;

    bench_init(&bench, n_series, 65536);
    for (unsigned i = 0; i < ROUNDS; i++)
        bench.line_ns[i] =
            pusher_push(&bench.pusher, &bench.lines, bench.lines.n_datagrams, LINES_STRIDE) /
            (double)bench.lines.n_lines;
    printf("%8zu series, no key cached: %6.1f ns a line\n", n_series,
           median(bench.line_ns, ROUNDS));
    bench_deinit(&bench);
}

/* --- report ---------------------------------------------------------------------------- */

static void print_text(struct bench *benches, size_t n, struct machine *machine)
{
    for (size_t i = 0; i < n; i++) {
        double line_ns = median(benches[i].line_ns, ROUNDS);
        double shuffled_ns = median(benches[i].shuffled_ns, ROUNDS);

        printf("%8zu series: %6.1f ns a line, %5.1f M lines/s; shuffled %6.1f ns, %5.1f M;"
               " %7.0f ns a new series; %6.0f ns a series scraped\n",
               benches[i].lines.n_lines, line_ns, 1e3 / line_ns, shuffled_ns, 1e3 / shuffled_ns,
               benches[i].new_ns, median(benches[i].scrape_ns, ROUNDS));
    }
    printf("the machine: %.1f ns to follow a pointer, %.1f ns to copy a line\n",
           median(machine->chase_ns, ROUNDS), median(machine->copy_ns, ROUNDS));
}

static void print_json(struct bench *benches, size_t n, struct machine *machine)
{
    printf("{\"chase_ns\": %.2f, \"copy_ns\": %.2f, \"sizes\": [",
           median(machine->chase_ns, ROUNDS), median(machine->copy_ns, ROUNDS));
    for (size_t i = 0; i < n; i++)
        printf("%s{\"series\": %zu, \"line_ns\": %.2f, \"shuffled_ns\": %.2f, \"new_ns\": %.1f,"
               " \"scrape_ns\": %.1f}",
               i ? ", " : "", benches[i].lines.n_lines, median(benches[i].line_ns, ROUNDS),
               median(benches[i].shuffled_ns, ROUNDS), benches[i].new_ns,
               median(benches[i].scrape_ns, ROUNDS));
    printf("]}\n");
}

static void run_rounds(struct bench *benches, size_t n, struct machine *machine)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < n; i++) {
            benches[i].line_ns[round] = push(&benches[i], &benches[i].lines);
            benches[i].shuffled_ns[round] = push(&benches[i], &benches[i].shuffled);
            benches[i].scrape_ns[round] = scrape(&benches[i]);
        }
        machine->chase_ns[round] = chase(machine);
        machine->copy_ns[round] = copy(&benches[0].lines);
    }
}

/* With --json the report is one object. With a number of series, only that is run (profiling). */
int main(int argc, char **argv)
{
    static struct bench benches[CASES_MAX];
    static struct machine machine;
    bool is_json = argc > 1 && strcmp(argv[1], "--json") == 0;
    size_t n_only = argc > 1 && !is_json ? strtoul(argv[1], NULL, 10) : 0, n = 0;

    memory_use_huge_pages();
    if (argc == 1)
        print_misses(10000);
    machine_init(&machine);
    for (size_t n_series = n_only ? n_only : 1000; n < CASES_MAX; n_series *= 10) {
        bench_init(&benches[n++], n_series, (size_t)4 << 30);
        if (n_only)
            break;
    }
    run_rounds(benches, n, &machine);
    for (size_t i = 0; i < n; i++)
        check_applied(&benches[i]);
    if (is_json)
        print_json(benches, n, &machine);
    else
        print_text(benches, n, &machine);
    for (size_t i = 0; i < n; i++)
        bench_deinit(&benches[i]);
    free(machine.places);
    return 0;
}
