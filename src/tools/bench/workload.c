/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Workload
 *
 * Pure. All lines have the same length (see layout.c). So a workload is one text, and a
 * datagram is a part of it, found by multiplication:
 *
 *      bench_c_3:7|c|#series:3141,tag1:2xxxx\nbench_ms_0:1125|ms|#series:0271,tag1:3xxx\n…
 *      |<-------------- line -------------->|
 *      |<---------------------------------- datagram -------------------------------->|
 *
 * The series number and the value of each line are kept, to add up what was really sent.
 *
 * Values are whole numbers; those of timers are multiples of 125 ms, which is 1/8 s. Any sum
 * of such numbers below 2^50 is exact in a double, in whatever order they are added. So sums
 * can be compared for equality.
 */

#include "tools/bench/workload.h"

#include "tools/bench/layout.h"

#include <errno.h>
#include <stdlib.h>

/* With few series, repeat them until there are this many lines, so that values vary. */
#define LINES_MIN 65536

struct workload {
    struct layout layout;
    uint64_t n_series;
    uint64_t n_lines; /* per datagram */
    uint64_t n_lines_in_all;
    struct layout_line *plan;
    struct buffer text;
};

enum sample_type workload_type(struct slice letters)
{
    enum sample_type type;

    return sample_type_parse(letters, &type) && type < WORKLOAD_N_TYPES ? type : WORKLOAD_N_TYPES;
}

/* --- plan ----------------------------------------------------------------------------- */

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A number below @n. */
static uint32_t draw(uint64_t *state, uint64_t n)
{
    return (uint32_t)(((unsigned __int128)next_random(state) * n) >> 64);
}

static void shuffle(uint32_t *series, uint64_t n, uint64_t *state)
{
    for (uint64_t i = n; i > 1; i--) {
        uint32_t other = draw(state, i), taken = series[i - 1];

        series[i - 1] = series[other];
        series[other] = taken;
    }
}

static void make_plan(struct workload *workload, const struct workload_spec *spec, uint32_t *order)
{
    uint64_t state = spec->seed, place = 0;

    for (uint64_t i = 0; i < workload->n_lines_in_all; i++) {
        struct layout_line *line = &workload->plan[i];
        struct layout_values values;

        if (place == 0 && !spec->is_sequential)
            shuffle(order, spec->n_series, &state);
        line->series = order[place];
        values = layout_values(layout_type(&workload->layout, line->series));
        line->value = values.low + draw(&state, values.n);
        if (++place == spec->n_series)
            place = 0;
    }
}

static uint64_t count_lines(const struct workload_spec *spec)
{
    uint64_t n_passes = 1, n_lines;

    if (!spec->is_sequential && spec->n_series < LINES_MIN)
        n_passes = (LINES_MIN + spec->n_series - 1) / spec->n_series;
    n_lines = n_passes * spec->n_series;
    if (n_lines / spec->n_lines < spec->n_datagrams)
        return n_lines;
    return spec->n_datagrams * spec->n_lines;
}

static int plan(struct workload *workload, const struct workload_spec *spec)
{
    uint32_t *order = malloc(spec->n_series * sizeof(*order));

    workload->plan = calloc(workload->n_lines_in_all, sizeof(*workload->plan));
    if (!order || !workload->plan) {
        free(order);
        return -ENOMEM;
    }
    for (uint64_t i = 0; i < spec->n_series; i++)
        order[i] = (uint32_t)i;
    make_plan(workload, spec, order);
    free(order);
    return 0;
}

/* --- datagrams ------------------------------------------------------------------------ */

uint64_t workload_datagram_bytes(const struct workload_spec *spec)
{
    struct layout layout;

    return layout_init(&layout, spec) < 0 ? 0 : spec->n_lines * (layout.line_len + 1) - 1;
}

static int check(const struct layout *layout, const struct workload_spec *spec)
{
    size_t stride = layout->line_len + 1;

    if (spec->n_lines * stride - 1 > WORKLOAD_DATAGRAM_MAX)
        return -EMSGSIZE;
    return count_lines(spec) * stride > WORKLOAD_BYTES_MAX ? -E2BIG : 0;
}

int workload_check(const struct workload_spec *spec)
{
    struct layout layout;
    int r = layout_init(&layout, spec);

    return r < 0 ? r : check(&layout, spec);
}

static int render(struct workload *workload)
{
    for (uint64_t i = 0; i < workload->n_lines_in_all; i++)
        layout_add_line(&workload->text, &workload->layout, workload->plan[i]);
    return workload->text.has_failed ? -ENOMEM : 0;
}

int workload_new(struct workload **ret, const struct workload_spec *spec)
{
    CLEANUP(workload_freep) struct workload *workload = calloc(1, sizeof(*workload));
    int r;

    if (!workload)
        return -ENOMEM;
    workload->n_series = spec->n_series;
    workload->n_lines = spec->n_lines;
    workload->n_lines_in_all = count_lines(spec);
    r = layout_init(&workload->layout, spec);
    if (r == 0)
        r = check(&workload->layout, spec);
    if (r == 0)
        r = plan(workload, spec);
    if (r == 0)
        r = render(workload);
    if (r < 0)
        return r;

    *ret = TAKE(workload);
    return 0;
}

void workload_free(struct workload *workload)
{
    if (!workload)
        return;
    buffer_deinit(&workload->text);
    free(workload->plan);
    free(workload);
}

uint64_t workload_n_datagrams(const struct workload *workload)
{
    return (workload->n_lines_in_all + workload->n_lines - 1) / workload->n_lines;
}

/* The number of lines in datagram @i; the last datagram may have fewer. */
static uint64_t n_lines_of(const struct workload *workload, uint64_t i)
{
    uint64_t n_left = workload->n_lines_in_all - i * workload->n_lines;

    return n_left < workload->n_lines ? n_left : workload->n_lines;
}

struct slice workload_datagram(const struct workload *workload, uint64_t i)
{
    size_t stride = workload->layout.line_len + 1;

    return (struct slice){ workload->text.data + i * workload->n_lines * stride,
                           n_lines_of(workload, i) * stride - 1 };
}

/* --- totals --------------------------------------------------------------------------- */

/* What is known about a series. */
struct mark {
    uint64_t turn;  /* when it was last sent; 0: never */
    uint64_t value; /* the last value of a gauge; a bit for each value of a set */
};

static void add_line_up(struct layout_line line, enum sample_type type,
                        const struct workload_sent *sent, struct mark *mark,
                        struct workload_total *total)
{
    total->n_samples += sent->n_times;
    switch (metric_type_of(type)) {
    case METRIC_COUNTER:
    case METRIC_HISTOGRAM:
    case METRIC_SUMMARY:
        total->sum += (double)(line.value * sent->n_times) * layout_unit(type);
        break;
    case METRIC_GAUGE:
        /* Within a datagram, the later line wins. */
        if (sent->last_turn >= mark->turn)
            mark->value = line.value;
        break;
    case METRIC_SET: mark->value |= UINT64_C(1) << line.value; break;
    case METRIC_NONE: break;
    }
    if (sent->last_turn > mark->turn)
        mark->turn = sent->last_turn;
}

static void add_mark_up(const struct mark *mark, enum sample_type type,
                        struct workload_total *total)
{
    total->n_series += mark->turn > 0;
    switch (metric_type_of(type)) {
    case METRIC_GAUGE: total->sum += (double)mark->value; break;
    case METRIC_SET: total->sum += __builtin_popcountll(mark->value); break;
    case METRIC_COUNTER:
    case METRIC_HISTOGRAM:
    case METRIC_SUMMARY: /* added up line by line */
    case METRIC_NONE: break;
    }
}

static void add_datagram_up(const struct workload *workload, uint64_t i,
                            const struct workload_sent *sent, struct mark *marks,
                            struct workload_totals *totals)
{
    uint64_t n_lines = n_lines_of(workload, i);

    totals->n_datagrams += sent->n_times;
    totals->n_bytes += sent->n_times * workload_datagram(workload, i).len;
    totals->n_lines += sent->n_times * n_lines;
    for (uint64_t j = 0; j < n_lines; j++) {
        struct layout_line line = workload->plan[i * workload->n_lines + j];
        enum sample_type type = layout_type(&workload->layout, line.series);

        add_line_up(line, type, sent, &marks[line.series], &totals->types[type]);
    }
}

int workload_add_up(const struct workload *workload, const struct workload_sent *sent,
                    struct workload_totals *ret)
{
    struct mark *marks = calloc(workload->n_series, sizeof(*marks));

    if (!marks)
        return -ENOMEM;
    *ret = (struct workload_totals){ 0 };
    for (uint64_t i = 0; i < workload_n_datagrams(workload); i++)
        if (sent[i].n_times > 0)
            add_datagram_up(workload, i, &sent[i], marks, ret);
    for (uint64_t i = 0; i < workload->n_series; i++) {
        enum sample_type type = layout_type(&workload->layout, i);

        add_mark_up(&marks[i], type, &ret->types[type]);
    }
    free(marks);
    return 0;
}
