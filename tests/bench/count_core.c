/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Count core: the same work each time, for a tool that counts instructions
 *
 * Datagrams of "udometer bench" go through a real pipeline, and a scrape's text is
 * written. All that is to be counted happens inside counted(), which callgrind finds by
 * its name (--toggle-collect=counted*), so the build does not need valgrind. Setting up
 * and checking results happen outside.
 *
 *      count_core          print the names of all parts, and what this was built with
 *      count_core PART     run the part, and print the number of its units: "50000 lines"
 *
 * It has no clock, no thread and no randomness: hashes use the rig's seeds, the workload
 * its own. check_budget.py divides and judges.
 */

#include "base/buffer.h"
#include "rig.h"
#include "tools/bench/workload.h"

#include <errno.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>

#define N_SERIES 10000

/* About as many as a worker takes at once when its timer wakes it. */
#define BATCH 64

/* The size of web/scrape.c's chunks. */
#define CHUNK_BYTES 65536

/* jemalloc's; a build with sanitizers has none. */
extern int mallctl(const char *name, void *old, size_t *old_len, void *new, size_t new_len)
    __attribute__((__weak__));

struct count {
    const struct part *part;
    struct rig rig;
    struct workload *workload;
    size_t per_pass;           /* datagrams that have each series once */
    struct slice batch[BATCH]; /* what a step is to push … */
    size_t n_batch;
    int64_t now_ns;
    struct snapshot *snapshot;     /* … or has taken … */
    struct exposition *exposition; /* … or is to go on with */
    struct buffer text;
    uint64_t n_units;
};

struct part {
    const char *name;
    unsigned percent[WORKLOAD_N_TYPES];
    uint64_t n_lines, n_labels, n_bytes;
    void (*run)(struct count *count);
    const char *unit;
};

static void must_be(bool condition, const char *what)
{
    rig_must(condition ? 0 : -EINVAL, what);
}

/*
 * The one function whose instructions count, with those of all it calls. No tail call: it
 * would end before @step does.
 */
__attribute__((__noinline__)) static void counted(void (*step)(struct count *), struct count *count)
{
    step(count);
    __asm__ volatile("" ::: "memory");
}

/* --- lines ------------------------------------------------------------------------------ */

/* Push like a worker that has received a batch. */
static void push_batch(struct count *count)
{
    for (size_t i = 0; i < count->n_batch; i++)
        pipeline_push(count->rig.lane.pipeline, count->batch[i], count->now_ns + (int64_t)i);
    pipeline_flush(count->rig.lane.pipeline);
}

static uint64_t counter(const struct count *count, enum telemetry_counter which)
{
    return count->rig.lane.row->counts[which];
}

/* Let @push have @n datagrams from number @from on, batch by batch. Returns their lines. */
static uint64_t push(struct count *count, size_t from, size_t n,
                     void (*push_one)(struct count *count))
{
    uint64_t n_before = counter(count, TELEMETRY_LINES);

    for (size_t end = from + n; from < end; from += count->n_batch) {
        count->n_batch = end - from < BATCH ? end - from : BATCH;
        for (size_t i = 0; i < count->n_batch; i++)
            count->batch[i] = workload_datagram(count->workload, from + i);
        count->now_ns += BATCH;
        push_one(count);
    }
    must_be(counter(count, TELEMETRY_LINES) == counter(count, TELEMETRY_VERDICTS),
            "some lines were refused");
    return counter(count, TELEMETRY_LINES) - n_before;
}

static void push_batch_counted(struct count *count)
{
    counted(push_batch, count);
}

/* Every key is known, and nothing is left to allocate. */
static void run_known(struct count *count)
{
    uint64_t n_misses;

    push(count, 0, 2 * count->per_pass, push_batch);
    n_misses = counter(count, TELEMETRY_KEY_MISSES);
    count->n_units = push(count, 2 * count->per_pass, 4 * count->per_pass, push_batch_counted);
    must_be(n_misses == counter(count, TELEMETRY_KEY_MISSES), "some keys were not known");
}

static void run_new(struct count *count)
{
    count->n_units = push(count, 0, count->per_pass, push_batch_counted);
    must_be(count->n_units == counter(count, TELEMETRY_KEYS), "some series were not new");
}

/* Write @line with its first tag moved to the end: another key, the same series. */
static void add_rotated(struct buffer *out, struct slice line)
{
    struct slice head = slice_cut(&line, '#'), first = slice_cut(&line, ',');

    buffer_add(out, head);
    buffer_add_char(out, '#');
    buffer_add(out, line);
    buffer_add_char(out, ',');
    buffer_add(out, first);
    buffer_add_char(out, '\n');
}

static void rotate_batch(struct count *count, struct buffer *out)
{
    size_t starts[BATCH + 1] = { 0 };

    buffer_clear(out);
    for (size_t i = 0; i < count->n_batch; i++) {
        struct slice rest = count->batch[i];

        while (rest.len > 0)
            add_rotated(out, slice_cut(&rest, '\n'));
        starts[i + 1] = out->len;
    }
    must_be(!out->has_failed, "rotate");
    for (size_t i = 0; i < count->n_batch; i++)
        count->batch[i] = (struct slice){ out->data + starts[i], starts[i + 1] - starts[i] - 1 };
}

static void push_rotated_counted(struct count *count)
{
    rotate_batch(count, &count->text);
    counted(push_batch, count);
}

/* Series that exist, by keys that the shard has not met. */
static void run_other_key(struct count *count)
{
    size_t n_series;

    push(count, 0, count->per_pass, push_batch);
    n_series = counter(count, TELEMETRY_KEYS);
    count->n_units = push(count, 0, count->per_pass, push_rotated_counted);
    must_be(count->n_units == n_series, "some series have no line");
    must_be(counter(count, TELEMETRY_KEY_MISSES) == 2 * n_series, "some keys were known");
}

/* --- scrapes ------------------------------------------------------------------------------ */

static void take_snapshot(struct count *count)
{
    count->snapshot = registry_snapshot(count->rig.registry);
}

/* The first scrape after new series, which are sorted in. */
static void run_snapshot(struct count *count)
{
    push(count, 0, count->per_pass, push_batch);
    counted(take_snapshot, count);
    count->n_units = count->snapshot->n_series;
    snapshot_unref(count->snapshot);
}

static void write_chunk(struct count *count)
{
    rig_must(exposition_write(count->exposition, &count->text, CHUNK_BYTES), "scrape");
}

static uint64_t count_samples(struct slice text)
{
    uint64_t n = 0;

    while (text.len > 0)
        n += *slice_cut(&text, '\n').at != '#';
    return n;
}

/* The text of all series, all of one type, each after several lines. */
static void run_scrape(struct count *count)
{
    push(count, 0, 4 * count->per_pass, push_batch);
    count->exposition = rig_expose(&count->rig);
    do {
        buffer_clear(&count->text);
        counted(write_chunk, count);
        count->n_units += count_samples(buffer_text(&count->text));
    } while (count->text.len > 0);
    exposition_free(count->exposition);
}

/* --- parts -------------------------------------------------------------------------------- */

#define COUNTERS                                                                                   \
    {                                                                                              \
        [SAMPLE_COUNTER] = 100                                                                     \
    }
#define GAUGES                                                                                     \
    {                                                                                              \
        [SAMPLE_GAUGE] = 100                                                                       \
    }
#define TIMERS                                                                                     \
    {                                                                                              \
        [SAMPLE_TIMER] = 100                                                                       \
    }
#define MIX                                                                                        \
    {                                                                                              \
        [SAMPLE_COUNTER] = 60, [SAMPLE_GAUGE] = 20, [SAMPLE_TIMER] = 20                            \
    }

/* Of the reference workload, 20 lines with 3 tags, in 1,399 bytes; and a small counter. */
#define REFERENCE 20, 3, 1399
#define SINGLE 1, 0, 28

static const struct part parts[] = {
    { "line, counter", COUNTERS, REFERENCE, run_known, "lines" },
    { "line, gauge", GAUGES, REFERENCE, run_known, "lines" },
    { "line, timer", TIMERS, REFERENCE, run_known, "lines" },
    { "line, mix", MIX, REFERENCE, run_known, "lines" },
    { "line, one in a datagram", COUNTERS, SINGLE, run_known, "lines" },
    { "line, other key of a series", MIX, REFERENCE, run_other_key, "lines" },
    { "line, new series", MIX, REFERENCE, run_new, "lines" },
    { "snapshot, new series", MIX, REFERENCE, run_snapshot, "series" },
    { "scrape, counter", COUNTERS, REFERENCE, run_scrape, "samples" },
    { "scrape, gauge", GAUGES, REFERENCE, run_scrape, "samples" },
    { "scrape, histogram", TIMERS, REFERENCE, run_scrape, "samples" },
};

static void run(const struct part *part)
{
    const struct rig_limits limits = {
        .max_series = 10 * N_SERIES,
        .max_series_bytes = (size_t)1 << 30,
        .max_key_bytes = (size_t)1 << 30,
    };
    struct workload_spec spec = {
        .prefix = "bench",
        .seed = 1,
        .n_series = N_SERIES,
        .n_lines = part->n_lines,
        .n_labels = part->n_labels,
        .n_bytes = part->n_bytes,
        .n_datagrams = UINT64_MAX,
    };
    struct count count = { .part = part, .per_pass = N_SERIES / part->n_lines };

    memcpy(spec.percent, part->percent, sizeof(spec.percent));
    rig_must(workload_new(&count.workload, &spec), "workload");
    rig_init(&count.rig, &limits);
    part->run(&count);
    printf("%lu %s\n", count.n_units, part->unit);
    rig_deinit(&count.rig);
    workload_free(count.workload);
    buffer_deinit(&count.text);
}

/* --- command ------------------------------------------------------------------------------ */

/* Print what a figure depends on besides our own code. */
static void print_made_with(void)
{
    const char *malloc_version = "of libc";
    size_t len = sizeof(malloc_version);

    if (mallctl && mallctl("version", &malloc_version, &len, NULL, 0) != 0)
        malloc_version = "unknown";
#ifdef __clang__
    printf("compiler: %s\n", __VERSION__);
#else
    printf("compiler: gcc %s\n", __VERSION__);
#endif
    printf("libc: glibc %s\n", gnu_get_libc_version());
    printf("malloc: %s%s\n", mallctl ? "jemalloc " : "", malloc_version);
    printf("build: %s\n", BUILD_OPTIONS); /* given by meson.build */
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (argc < 2) {
            printf("part: %s\n", parts[i].name);
        } else if (strcmp(argv[1], parts[i].name) == 0) {
            run(&parts[i]);
            return 0;
        }
    }
    if (argc < 2)
        print_made_with();
    else
        fprintf(stderr, "%s: there is no such part\n", argv[1]);
    return argc < 2 ? 0 : 2;
}
