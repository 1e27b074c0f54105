/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Bench cells: the cost for two workers of adding to the same series
 *
 * Each of two threads adds 1.0 many times to each of 1,000 series in turn, in
 * three ways: to its own cell (counter.h), to a shared double by compare and
 * swap, and to a shared double under that series' lock.
 */

#include "aggregate/counter.h"
#include "base/clock.h"
#include "median.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define N_SERIES 1000
#define ADDITIONS 20000000
#define RUNS 5

struct shared {
    struct {
        _Alignas(CACHE_LINE) struct counter_cell cell;
    } own[2];
    _Alignas(CACHE_LINE) _Atomic double swapped;
    _Alignas(CACHE_LINE) pthread_mutex_t lock;
    double locked;
};

static struct shared series[N_SERIES];

static void *add_to_own(void *arg)
{
    size_t worker = *(size_t *)arg;

    for (size_t i = 0; i < ADDITIONS; i++)
        (void)!counter_record(&series[i % N_SERIES].own[worker].cell, 1);
    return NULL;
}

static void *add_by_swap(void *arg)
{
    for (size_t i = 0; i < ADDITIONS; i++) {
        _Atomic double *total = &series[i % N_SERIES].swapped;
        double seen = atomic_load_explicit(total, memory_order_relaxed);

        while (!atomic_compare_exchange_weak_explicit(total, &seen, seen + 1, memory_order_relaxed,
                                                      memory_order_relaxed))
            ;
    }
    return NULL;
}

static void *add_under_lock(void *arg)
{
    for (size_t i = 0; i < ADDITIONS; i++) {
        struct shared *one = &series[i % N_SERIES];

        pthread_mutex_lock(&one->lock);
        one->locked++;
        pthread_mutex_unlock(&one->lock);
    }
    return NULL;
}

static double measure(void *(*add)(void *))
{
    size_t workers[2] = { 0, 1 };
    pthread_t threads[2];
    int64_t started_ns = clock_monotonic_ns();

    for (unsigned i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, add, &workers[i]) != 0)
            exit(1);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return (double)(clock_monotonic_ns() - started_ns) / ADDITIONS;
}

int main(void)
{
    static const struct {
        const char *name;
        void *(*add)(void *);
    } ways[] = {
        { "own cell", add_to_own },
        { "compare and swap", add_by_swap },
        { "lock per series", add_under_lock },
    };
    double ns[3][RUNS];

    for (unsigned i = 0; i < N_SERIES; i++)
        pthread_mutex_init(&series[i].lock, NULL);
    for (unsigned run = 0; run < RUNS; run++)
        for (unsigned way = 0; way < 3; way++)
            ns[way][run] = measure(ways[way].add);
    for (unsigned way = 0; way < 3; way++)
        printf("%-16s %6.2f ns an addition, two threads at once (x%.1f)\n", ways[way].name,
               median(ns[way], RUNS), median(ns[way], RUNS) / median(ns[0], RUNS));
    return 0;
}
