/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lines
 *
 * All datagrams are in one text, one after the other. Each batch is copied to the same few
 * pages, as recvmmsg() would do.
 */

#include "lines.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

static void add_line(struct buffer *text, size_t series)
{
    static const char *const types[] = { "c", "c", "c", "g", "ms" };

    buffer_add_format(text,
                      "bench.metric_%zu_total:%zu|%s|#player_id:%zu,status:ok,region:eu-%zu\n",
                      series % 100, series % 1000, types[series % 5], series, series % 7);
}

/* Pseudo-random numbers, the same in every run (xorshift). */
static size_t draw(uint64_t *state, size_t below)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (size_t)(*state % below);
}

/* The series in the order of their lines. */
static size_t *make_order(size_t first, size_t n, enum lines_order order)
{
    uint64_t state = 88172645463325252;
    size_t *series = calloc(n, sizeof(*series));

    rig_must(series ? 0 : -ENOMEM, "order");
    for (size_t i = 0; i < n; i++)
        series[i] = first + i;
    for (size_t i = n; order == LINES_SHUFFLED && i > 1; i--) {
        size_t other = draw(&state, i), last = series[i - 1];

        series[i - 1] = series[other];
        series[other] = last;
    }
    return series;
}

void lines_make(struct lines *lines, size_t first, size_t n_series, enum lines_order order)
{
    size_t n = (n_series + LINES_PER_DATAGRAM - 1) / LINES_PER_DATAGRAM, *series, *starts;

    *lines = (struct lines){ .n_datagrams = n, .n_lines = n * LINES_PER_DATAGRAM };
    series = make_order(first, lines->n_lines, order);
    starts = calloc(n + 1, sizeof(*starts));
    lines->datagrams = calloc(n, sizeof(*lines->datagrams));
    rig_must(starts && lines->datagrams ? 0 : -ENOMEM, "datagrams");
    for (size_t i = 0; i < lines->n_lines; i++) {
        if (i % LINES_PER_DATAGRAM == 0)
            starts[i / LINES_PER_DATAGRAM] = lines->text.len;
        add_line(&lines->text, series[i]);
    }
    starts[n] = lines->text.len;
    rig_must(lines->text.has_failed ? -ENOMEM : 0, "lines");
    for (size_t i = 0; i < n; i++)
        lines->datagrams[i] =
            (struct slice){ lines->text.data + starts[i], starts[i + 1] - starts[i] };
    free(starts);
    free(series);
}

void lines_free(struct lines *lines)
{
    free(lines->datagrams);
    buffer_deinit(&lines->text);
}

/* --- pushing --------------------------------------------------------------------------- */

static void receive(struct pusher *pusher, const struct lines *lines, size_t n, size_t stride)
{
    char *to = pusher->received;

    for (size_t i = 0; i < n; i++) {
        struct slice datagram = lines->datagrams[pusher->at];

        pusher->batch[i] = (struct slice){ to, datagram.len };
        memcpy(to, datagram.at, datagram.len);
        to += datagram.len;
        pusher->at = (pusher->at + stride) % lines->n_datagrams;
    }
}

static int64_t push_batch(struct pusher *pusher, size_t n)
{
    int64_t started_ns = clock_monotonic_ns();

    for (size_t i = 0; i < n; i++)
        pipeline_push(pusher->pipeline, pusher->batch[i], 0);
    pipeline_flush(pusher->pipeline);
    return clock_monotonic_ns() - started_ns;
}

static void push_and_look(struct pusher *pusher, size_t n)
{
    struct rusage before, after;
    int64_t elapsed_ns;

    getrusage(RUSAGE_THREAD, &before);
    elapsed_ns = push_batch(pusher, n);
    getrusage(RUSAGE_THREAD, &after);
    pusher->pushed_ns += elapsed_ns;
    if (elapsed_ns <= pusher->longest_ns)
        return;
    pusher->longest_ns = elapsed_ns;
    pusher->was_blocked = after.ru_nvcsw > before.ru_nvcsw;
    pusher->was_preempted = after.ru_nivcsw > before.ru_nivcsw;
}

double pusher_push(struct pusher *pusher, const struct lines *lines, size_t n, size_t stride)
{
    int64_t before_ns = pusher->pushed_ns;

    for (size_t done = 0; done < n;) {
        size_t n_batch = n - done < LINES_BATCH ? n - done : LINES_BATCH;

        receive(pusher, lines, n_batch, stride);
        if (pusher->has_longest)
            push_and_look(pusher, n_batch);
        else
            pusher->pushed_ns += push_batch(pusher, n_batch);
        done += n_batch;
    }
    return (double)(pusher->pushed_ns - before_ns);
}
