/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz trace: the trace of a line tells what happens to it
 *
 * The same datagrams (an empty line ends one) go through a pipeline with a trace and through
 * one without, twice, so that keys are new at first and known later. All counters and all
 * series must be the same. What the trace was told must add up to them: each verdict to its
 * counter, and the effects to the values of series, up to rounding.
 */

#include "fuzz.h"

#include "base/buffer.h"
#include "defaults.h"
#include "rig.h"

#include <math.h>

#define MAX_SERIES 20
#define MAX_BYTES 65536
/* With an overflow series for each family. */
#define KNOWN_MAX (2 * MAX_SERIES)
/* The part of the largest number in a sum that another order of additions may cost. */
#define TOLERANCE 1e-9

/* A series, as it follows from the effects that were told. */
struct known {
    struct buffer name;  /* family and labels */
    double value;        /* of a counter or gauge; or how many observations of a histogram */
    double sum;          /* of a histogram */
    double largest;      /* absolute number in any of these sums */
    bool is_approximate; /* the sum is, because rates did not make whole observations */
};

struct told {
    struct slice line;
    struct buffer series; /* family and labels of the last one */
    size_t family_len;
    uint64_t n_lines, n_ended, n_overflows;
    uint64_t verdicts[_VERDICT_N];
    struct known known[KNOWN_MAX];
    size_t n_known;
    bool is_lost; /* series were ended, and no call tells which: the effects are not kept */
};

/* --- what is told ---------------------------------------------------------------------- */

static void on_line(void *ctx, struct slice text)
{
    struct told *told = ctx;

    MUST(text.len > 0);
    told->line = text;
    told->n_lines++;
}

static void on_name(void *ctx, struct slice name)
{
    MUST(name.len > 0);
}

static void on_nothing(void *ctx)
{
}

static void on_check(void *ctx, const struct service_check *check)
{
    MUST(check->name.len > 0 && check->status.len == 1);
}

static void on_type(void *ctx, enum sample_type type)
{
    MUST(type < _SAMPLE_TYPE_N);
}

static void on_tag(void *ctx, const struct tags *tags, struct slice text, enum tag_fate fate,
                   const struct label *label)
{
    MUST(text.len > 0);
    MUST(fate != TAG_KEPT || (label->name.len > 0 && label->value.len > 0));
}

static void on_section(void *ctx, struct slice section, enum section meaning, bool is_good)
{
    MUST(section.len > 0);
}

static void on_series(void *ctx, const struct identity *identity)
{
    struct told *told = ctx;

    told->family_len = identity->family.len;
    buffer_clear(&told->series);
    buffer_add(&told->series, identity->family);
    buffer_add_char(&told->series, '{');
    buffer_add(&told->series, identity->labels);
}

static void count_end(struct told *told, enum verdict verdict, const char *fault)
{
    MUST(!fault || (fault >= told->line.at && fault <= told->line.at + told->line.len));
    told->verdicts[verdict]++;
}

static void on_verdict(void *ctx, enum verdict verdict, const char *fault,
                       const struct treatment *treatment)
{
    MUST(verdict != VERDICT_APPLIED);
    count_end(ctx, verdict, fault);
}

/* --- effects ------------------------------------------------------------------------------ */

static struct known *find_known(struct told *told, struct slice name)
{
    for (size_t i = 0; i < told->n_known; i++)
        if (slice_equal(buffer_text(&told->known[i].name), name))
            return &told->known[i];
    return NULL;
}

/* The series that the sample went to. */
static struct known *know_series(struct told *told, bool is_overflow)
{
    struct slice name;
    struct known *known;

    if (is_overflow) {
        told->series.len = told->family_len + 1;
        buffer_add(&told->series, SLICE("overflow=\"true\""));
    }
    name = buffer_text(&told->series);
    known = find_known(told, name);
    if (!known) {
        MUST(told->n_known < KNOWN_MAX);
        known = &told->known[told->n_known++];
        buffer_add(&known->name, name);
    }
    return known;
}

static void apply_effect(struct told *told, const struct trace_sample *sample)
{
    struct known *known = know_series(told, sample->is_overflow);
    const struct effect *effect = &sample->effect;
    double amount = effect->action == EFFECT_REACHES ? sample->step.increment : effect->amount;

    if (effect->action == EFFECT_OBSERVES) {
        amount *= effect->weight;
        known->sum += amount;
        known->value += effect->weight;
        known->is_approximate |= effect->weight != floor(effect->weight);
    } else {
        known->value = effect->action == EFFECT_SETS ? amount : known->value + amount;
    }
    known->largest = fmax(known->largest, fabs(amount));
    known->largest = fmax(known->largest, fmax(fabs(known->value), fabs(known->sum)));
}

static void on_sample(void *ctx, const struct trace_sample *sample)
{
    struct told *told = ctx;
    bool is_applied = sample->verdict == VERDICT_APPLIED;

    count_end(told, sample->verdict, sample->fault);
    MUST(is_applied ? sample->effect.action != EFFECT_NOTHING && !sample->fault
                    : sample->effect.action != EFFECT_NOTHING || sample->fault);
    MUST(is_applied || !sample->is_overflow);
    told->n_overflows += sample->is_overflow;
    told->n_ended += sample->n_ended;
    told->is_lost |= sample->n_ended > 0;
    if (is_applied && !told->is_lost && sample->effect.action != EFFECT_ENDS)
        apply_effect(told, sample);
}

/* --- comparing ----------------------------------------------------------------------------- */

static void check_histogram(const struct known *known, const struct reading *reading,
                            unsigned n_counts, double error)
{
    double n = 0;

    for (unsigned i = 0; i < n_counts; i++)
        n += (double)reading->counts[i];
    /* What is left of an observation is carried over to the next one. */
    MUST(fabs(n - known->value) <= error + 1);
    MUST(known->is_approximate || fabs(reading->sum - known->sum) <= error);
}

static void check_value(const struct known *known, const struct series *series,
                        const struct reading *reading)
{
    double error = TOLERANCE * known->largest;

    switch (series->family->type) {
    case METRIC_COUNTER:
    case METRIC_GAUGE: MUST(fabs(reading->value - known->value) <= error); break;
    case METRIC_HISTOGRAM:
        check_histogram(known, reading, series->family->buckets->n + 1, error);
        break;
    case METRIC_SET:
    case METRIC_SUMMARY: /* nothing here asks for one */
    case METRIC_NONE: break;
    }
}

static void check_series(struct told *told, struct series *series)
{
    CLEANUP(buffer_deinit) struct buffer name = { 0 };
    struct reading reading;
    struct known *known;

    buffer_add(&name, series->family->name);
    buffer_add_char(&name, '{');
    buffer_add(&name, series_labels(series));
    known = find_known(told, buffer_text(&name));
    MUST(known);
    series_read(series, &reading);
    check_value(known, series, &reading);
}

static void check_effects(struct told *told, const struct rig *rig)
{
    struct snapshot *snapshot;

    if (told->is_lost)
        return;
    snapshot = registry_snapshot(rig->registry);
    MUST(snapshot->n_series == told->n_known);
    for (size_t i = 0; i < snapshot->n_series; i++)
        check_series(told, snapshot->series[i]);
    snapshot_unref(snapshot);
}

static void check_counters(const struct told *told, const struct rig *plain,
                           const struct rig *traced)
{
    const uint64_t *counts = traced->lane.row->counts;

    for (unsigned i = 0; i < _TELEMETRY_N; i++)
        MUST_BE(plain->lane.row->counts[i], ==, counts[i]);
    for (unsigned i = 0; i < _VERDICT_N; i++)
        MUST_BE(told->verdicts[i], ==, counts[TELEMETRY_VERDICTS + i]);
    MUST_BE(told->n_lines, ==, counts[TELEMETRY_LINES]);
    MUST_BE(told->n_ended, ==, counts[TELEMETRY_ENDED]);
    MUST_BE(told->n_overflows, ==, counts[TELEMETRY_OVERFLOWS]);
}

static void write_text(const struct rig *rig, struct buffer *out)
{
    CLEANUP(exposition_freep) struct exposition *exposition = rig_expose(rig);

    MUST(exposition_write(exposition, out, SIZE_MAX) == 0);
}

static void check_texts(const struct rig *plain, const struct rig *traced)
{
    CLEANUP(buffer_deinit) struct buffer of_plain = { 0 };
    CLEANUP(buffer_deinit) struct buffer of_traced = { 0 };

    write_text(plain, &of_plain);
    write_text(traced, &of_traced);
    MUST(slice_equal(buffer_text(&of_plain), buffer_text(&of_traced)));
}

/* --- running -------------------------------------------------------------------------------- */

static void push_all(const struct rig *rig, struct slice input)
{
    while (input.len) {
        const char *end = memmem(input.at, input.len, "\n\n", 2);
        size_t len = end ? (size_t)(end - input.at) + 2 : input.len;

        pipeline_push(rig->lane.pipeline, (struct slice){ input.at, len }, 0);
        input = (struct slice){ input.at + len, input.len - len };
    }
    pipeline_flush(rig->lane.pipeline);
}

static struct trace trace_to(struct told *told)
{
    return (struct trace){
        .ctx = told,
        .on_line = on_line,
        .on_name = on_name,
        .on_chain = on_nothing,
        .on_link = on_nothing,
        .on_check = on_check,
        .resolving = { told, on_type, on_tag, on_section, { 0 } },
        .on_series = on_series,
        .on_sample = on_sample,
        .on_verdict = on_verdict,
        .on_line_done = on_nothing,
    };
}

static void free_told(struct told *told)
{
    for (size_t i = 0; i < told->n_known; i++)
        buffer_deinit(&told->known[i].name);
    buffer_deinit(&told->series);
}

/* @is_other: where listeners may differ, these do from the usual. */
static void run(const struct pipeline_options *options, bool is_other, struct slice input)
{
    const struct rig_limits limits = { .max_series = MAX_SERIES,
                                       .max_series_bytes = MAX_BYTES,
                                       .max_key_bytes = 4096,
                                       .pipeline = options };
    struct told told = { .n_lines = 0 };
    const struct trace trace = trace_to(&told);
    struct rig plain, traced;

    rig_init(&plain, &limits);
    rig_init(&traced, &limits);
    pipeline_set_dogstatsd(plain.lane.pipeline, is_other);
    pipeline_set_dogstatsd(traced.lane.pipeline, is_other);
    pipeline_set_totals(plain.lane.pipeline, is_other);
    pipeline_set_totals(traced.lane.pipeline, is_other);
    pipeline_set_trace(traced.lane.pipeline, &trace);
    for (unsigned round = 0; round < 2; round++) {
        push_all(&plain, input);
        push_all(&traced, input);
        check_counters(&told, &plain, &traced);
        check_texts(&plain, &traced);
        check_effects(&told, &traced);
    }
    rig_deinit(&plain);
    rig_deinit(&traced);
    free_told(&told);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = { (const char *)data, size };
    struct pipeline_options all = *default_pipeline();

    all.has_check_gauges = true;
    all.resolve.has_container_label = true;
    all.resolve.keeps_bare_tags = true;
    all.resolve.renames_scrape_labels = true;
    run(default_pipeline(), false, input);
    run(&all, true, input);
    return 0;
}
