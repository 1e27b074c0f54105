/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Explanation
 *
 * A pipeline like a worker's processes the lines, and tells a trace what it does with them.
 * This file only turns that into words and columns; it decides nothing.
 *
 * The fields of a line are collected and printed at its end: the caret is printed before
 * them, but the byte that it points to is known last.
 */

#include "tools/explain/explanation.h"

#include "aggregate/kind.h"
#include "aggregate/native.h"
#include "base/buffer.h"
#include "base/metric_spec.h"
#include "ingest/declare.h"
#include "ingest/solo.h"
#include "tools/explain/cause.h"
#include "tools/explain/ruling.h"
#include "tools/explain/shown.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The first sample, link or line with a verdict. */
struct first {
    const char *fault;                 /* where it went wrong, or NULL */
    const struct treatment *treatment; /* of the value, or NULL */
};

struct explanation {
    struct solo solo;
    struct trace trace;

    /* The current line: */
    struct slice line;
    struct slice name;
    struct buffer fields;         /* printed after the line */
    struct ruling ruling;         /* writes to the fields */
    struct buffer series;         /* the field to add after the values */
    const char *fault;            /* the first byte that cannot be right, or NULL */
    struct native_options native; /* of the series told last; no buckets: it has none */
    bool is_check;
    bool has_tags; /* the dialect of its tags was printed: */
    enum tag_dialect dialect;
    bool is_overflow; /* a sample went to an overflow series */
    bool has_colon;   /* packed values are not all numbers, as after a name with a colon */
    uint64_t n_verdicts[_VERDICT_N];
    struct first firsts[_VERDICT_N]; /* with this verdict */

    bool has_refused; /* something was refused, in any line so far */
};

/* --- fields ------------------------------------------------------------------------- */

static void add_field(struct explanation *it, const char *field, struct slice content)
{
    shown_begin_field(&it->fields, field);
    shown_add(&it->fields, content, NULL);
    buffer_add_char(&it->fields, '\n');
}

/* The trace tells the series before the values, but it is printed after them. */
static void add_series_field(struct explanation *it)
{
    buffer_add(&it->fields, buffer_text(&it->series));
    buffer_clear(&it->series);
}

/* Note how a sample, link or line ended. */
static void note_verdict(struct explanation *it, enum verdict verdict, struct first first)
{
    if (it->n_verdicts[verdict]++ == 0)
        it->firsts[verdict] = first;
    if (!it->fault)
        it->fault = first.fault;
}

/* --- the trace: a line ----------------------------------------------------------------- */

static void on_line(void *ctx, struct slice text)
{
    struct explanation *it = ctx;

    it->line = text;
    it->fault = NULL;
    it->is_check = it->has_tags = it->is_overflow = it->has_colon = false;
    memset(it->n_verdicts, 0, sizeof(it->n_verdicts));
    memset(it->firsts, 0, sizeof(it->firsts));
    it->ruling.metric = NULL;
    buffer_clear(&it->fields);
    buffer_clear(&it->series);
}

static void on_name(void *ctx, struct slice name)
{
    struct explanation *it = ctx;

    it->name = name;
    add_field(it, "name", name);
}

static void on_chain(void *ctx)
{
    struct explanation *it = ctx;

    buffer_clear(&it->fields);
    it->has_tags = false;
    add_field(it, "name", it->name);
}

static void on_link(void *ctx)
{
    add_series_field(ctx);
}

static void on_check(void *ctx, const struct service_check *check)
{
    struct explanation *it = ctx;

    it->is_check = true;
    add_field(it, "check", check->name);
    add_field(it, "status", check->status);
}

static void on_verdict(void *ctx, enum verdict verdict, const char *fault,
                       const struct treatment *treatment)
{
    struct explanation *it = ctx;

    it->has_colon |= verdict == REFUSED_MALFORMED_VALUE;
    note_verdict(it, verdict, (struct first){ fault, treatment });
}

/* --- the trace: what it means -------------------------------------------------------- */

static void on_type(void *ctx, enum sample_type type)
{
    add_field(ctx, "type", slice_of(sample_type_facts(type)->meaning));
}

static void on_tag(void *ctx, const struct tags *tags, struct slice text, enum tag_fate fate,
                   const struct label *label)
{
    static const char *const fates[] = {
        [TAG_BARE] = "dropped: it has no value",
        [TAG_EMPTY_KEY] = "dropped: its key is empty",
        [TAG_EMPTY_VALUE] = "dropped: its value is empty",
        [TAG_RESERVED] = "dropped: names that begin with __ are reserved",
        [TAG_LONG_KEY] = "its key is longer than --limit.label-name-length",
        [TAG_LONG_VALUE] = "its value is longer than --limit.label-value-length",
        [TAG_TOO_MANY] = "it would be one label more than --limit.labels",
    };
    struct explanation *it = ctx;

    if (!it->has_tags || it->dialect != tags->dialect)
        add_field(it, "tags", slice_of(tag_dialect_name(tags->dialect)));
    it->has_tags = true;
    it->dialect = tags->dialect;
    shown_begin_field(&it->fields, "");
    shown_add(&it->fields, text, NULL);
    buffer_add_literal(&it->fields, "  ->  ");
    if (fate == TAG_KEPT) {
        buffer_add(&it->fields, label->name);
        buffer_add_literal(&it->fields, " = ");
        shown_add(&it->fields, label->value, NULL);
    } else {
        buffer_add(&it->fields, slice_of(fates[fate]));
    }
    buffer_add_char(&it->fields, '\n');
}

static void on_section(void *ctx, struct slice section, enum section meaning, bool is_good)
{
    static const char *const meanings[] = {
        [SECTION_RATE] = "the rate",
        [SECTION_CONTAINER] = "DogStatsD's container",
        [SECTION_KNOWN] = "known, and skipped",
        [SECTION_UNKNOWN] = "unknown, and skipped",
    };
    struct explanation *it = ctx;

    if (meaning == SECTION_TAGS || it->is_check)
        return;
    shown_begin_field(&it->fields, "section");
    shown_add(&it->fields, section, NULL);
    buffer_add_format(&it->fields, "  ->  %s%s", meanings[meaning],
                      is_good ? "" : ", which is not a number from 1e-9 to 1; 1 is used instead");
    if (meaning == SECTION_UNKNOWN && it->has_tags && it->dialect == TAG_DOGSTATSD)
        buffer_add_literal(&it->fields, "; a '|' ends a tag");
    buffer_add_char(&it->fields, '\n');
}

/* The resolution of native buckets. */
static void add_native(struct explanation *it)
{
    const struct native_options *native = &it->native;

    if (native->max_buckets == 0)
        return;
    shown_begin_field(&it->series, "native");
    buffer_add_format(&it->series,
                      "schema %d, so each bucket is %.4g times as wide as the last; up to %u of "
                      "them, then wider ones\n",
                      native->schema, native_bound(1, native->schema), native->max_buckets);
}

/* The native bucket of @value. */
static void add_native_bucket(struct explanation *it, double value)
{
    const struct native_options *native = &it->native;
    uint32_t code = native_code(value, native->zero_threshold, native->schema);
    int32_t index = native_code_index(code);

    if (code == NATIVE_CODE_ZERO)
        buffer_add_literal(&it->fields, ", in the native zero bucket");
    else
        buffer_add_format(&it->fields, ", in the native bucket %d of %s values: %.4g to %.4g",
                          index, value < 0 ? "negative" : "positive",
                          native_bound(index - 1, native->schema),
                          native_bound(index, native->schema));
}

/* The bounds of the buckets, as values of le. */
static void add_bounds(struct explanation *it, const struct identity *identity)
{
    struct buckets room;
    const struct buckets *buckets = metric_spec_buckets(identity->spec, it->solo.buckets, &room);

    it->native = buckets->native;

    shown_begin_field(&it->series, "buckets");
    buffer_add(&it->series, identity->family);
    buffer_add_literal(&it->series, "_bucket, le = ");
    for (unsigned i = 0; i < buckets->n; i++) {
        buffer_add_double(&it->series, buckets->bounds[i]);
        buffer_add_literal(&it->series, ", ");
    }
    buffer_add_literal(&it->series, "+Inf\n");
    add_native(it);
}

static void on_series(void *ctx, const struct identity *identity)
{
    struct explanation *it = ctx;

    it->native = (struct native_options){ 0 };
    shown_begin_field(&it->series, identity->type == SAMPLE_END ? "ends" : "series");
    buffer_add(&it->series, identity->family);
    if (identity->labels.len) {
        buffer_add_char(&it->series, '{');
        shown_add(&it->series, identity->labels, NULL);
        buffer_add_char(&it->series, '}');
    }
    buffer_add_char(&it->series, '\n');
    if (identity->type != SAMPLE_END && kind_of(identity_metric(identity))->size)
        add_bounds(it, identity);
    if (identity_is_summary(identity))
        shown_add_quantiles(&it->series, identity->spec);
}

/* --- the trace: samples ---------------------------------------------------------------- */

static void add_amount(struct explanation *it, const char *words, double number)
{
    buffer_add_format(&it->fields, "  ->  %s ", words);
    buffer_add_double(&it->fields, number);
}

static void add_step(struct explanation *it, const struct trace_sample *sample)
{
    static const char *const outcomes[] = {
        [TOTAL_OUTCOME_BASELINE] = "a running total, the first of its sender: adds",
        [TOTAL_OUTCOME_INCREASE] = "a running total: adds",
        [TOTAL_OUTCOME_RESET] = "a running total, less than the last one: adds",
        [TOTAL_OUTCOME_LATE] = "a running total that a later one has overtaken: adds",
    };

    if (sample->verdict == VERDICT_APPLIED)
        add_amount(it, outcomes[sample->step.outcome], sample->step.increment);
}

static void add_effect(struct explanation *it, const struct trace_sample *sample)
{
    const struct effect *effect = &sample->effect;

    switch (effect->action) {
    case EFFECT_REACHES: add_step(it, sample); break;
    case EFFECT_COUNTS:
    case EFFECT_ADDS: add_amount(it, "adds", effect->amount); break;
    case EFFECT_SETS: add_amount(it, "sets it to", effect->amount); break;
    case EFFECT_OBSERVES:
        add_amount(it, "observes", effect->amount);
        if (effect->weight > 1)
            add_amount(it, "times", effect->weight);
        if (it->native.max_buckets)
            add_native_bucket(it, effect->amount);
        break;
    case EFFECT_ENDS:
        if (effect->amount > 0) {
            add_amount(it, "ends what has had no sample for", effect->amount);
            buffer_add_literal(&it->fields, " s");
        }
        break;
    case EFFECT_NOTHING:
    case EFFECT_COLLECTS: break;
    }
}

static void on_sample(void *ctx, const struct trace_sample *sample)
{
    struct explanation *it = ctx;

    note_verdict(it, sample->verdict, (struct first){ sample->fault, sample->treatment });
    it->is_overflow |= sample->is_overflow;
    /* The value of a service check was shown as its status. */
    if (it->is_check)
        return;
    shown_begin_field(&it->fields, "value");
    shown_add(&it->fields, sample->value, NULL);
    add_effect(it, sample);
    buffer_add_char(&it->fields, '\n');
}

/* --- the outcome ------------------------------------------------------------------------ */

static const char *verdict_word(enum verdict verdict)
{
    if (verdict == SKIPPED_EVENT)
        return "event";
    return verdict == SKIPPED_SERVICE_CHECK ? "service check" : "sample";
}

/* Write why samples of the line were refused. */
static void add_cause(struct explanation *it, enum verdict verdict)
{
    const struct first *first = &it->firsts[verdict];
    const struct cause cause = {
        .fault = { verdict, it->line, first->fault, first->treatment },
        .registry = it->solo.registry,
        .metric = it->ruling.metric,
    };

    cause_add(&it->fields, &cause);
}

static void add_verdicts(struct explanation *it, enum verdict verdict, uint64_t n)
{
    bool is_refusal = verdict_is_refusal(verdict);

    shown_begin_field(&it->fields, is_refusal                   ? "refused"
                                   : verdict == VERDICT_APPLIED ? "applied"
                                                                : "skipped");
    buffer_add_format(&it->fields, "%lu %s%s", (unsigned long)n, verdict_word(verdict),
                      n > 1 ? "s" : "");
    if (verdict == SKIPPED_RULE)
        buffer_add_literal(&it->fields, ", rule: the rule drops lines of this name");
    if (verdict == SKIPPED_UNDECLARED)
        buffer_add_literal(&it->fields, ", undeclared: the config does not declare this name");
    if (is_refusal) {
        buffer_add_format(&it->fields, ", %s: ", verdict_reason(verdict));
        add_cause(it, verdict);
    }
    buffer_add_char(&it->fields, '\n');
    if (!is_refusal)
        return;
    it->has_refused = true;
    /* Without a fault, point to the name. */
    if (!it->fault)
        it->fault = it->line.at;
}

/* Print the line, and a caret under the byte that cannot be right, with its number and value. */
static void print_line(const struct explanation *it)
{
    CLEANUP(buffer_deinit) struct buffer head = { 0 };
    const char *fault = it->fault, *end = it->line.at + it->line.len;
    size_t column;

    shown_begin_field(&head, "line");
    column = head.len + shown_add(&head, it->line, fault);
    buffer_add_char(&head, '\n');
    if (fault) {
        buffer_add_format(&head, "%*s^ byte %zu, ", (int)column, "",
                          (size_t)(fault - it->line.at) + 1);
        if (fault == end)
            buffer_add_literal(&head, "the end\n");
        else
            buffer_add_format(&head, "0x%02X\n", (unsigned char)*fault);
    }
    fwrite(head.data, 1, head.len, stdout);
}

static void on_line_done(void *ctx)
{
    struct explanation *it = ctx;

    add_series_field(it);
    for (unsigned i = 0; i < _VERDICT_N; i++)
        if (it->n_verdicts[i])
            add_verdicts(it, (enum verdict)i, it->n_verdicts[i]);
    if (it->has_colon)
        add_field(it, "",
                  SLICE("the first ':' ends the name; all values after it must be numbers"));
    if (it->is_overflow)
        add_field(it, "", SLICE("to the series overflow=\"true\": a limit of series is reached"));
    print_line(it);
    fwrite(it->fields.data, 1, it->fields.len, stdout);
    putchar('\n');
}

void explanation_print(struct explanation *it, struct slice datagram)
{
    pipeline_push(it->solo.lane.pipeline, datagram, 0);
}

bool explanation_has_refused(const struct explanation *it)
{
    return it->has_refused;
}

/* --- making and freeing ------------------------------------------------------------ */

static int make_pipeline(struct explanation *it, const struct explanation_options *options)
{
    const struct solo_options of_pipeline = {
        .registry = &options->registry,
        .pipeline = &options->pipeline,
        .max_key_bytes = options->max_key_bytes,
        .reading = options->reading,
    };
    int r = solo_init(&it->solo, &of_pipeline);

    if (r == 0)
        r = reserved_names_claim(it->solo.registry, &options->reserved);
    /* What a limit refuses, the daemon logs when it starts. */
    if (r == 0)
        (void)declare_series(it->solo.registry, options->pipeline.resolve.mapping, NULL);
    return r;
}

static struct trace trace_to(struct explanation *it)
{
    return (struct trace){
        .ctx = it,
        .on_line = on_line,
        .on_name = on_name,
        .on_chain = on_chain,
        .on_link = on_link,
        .on_check = on_check,
        .resolving = { it, on_type, on_tag, on_section, ruling_trace(&it->ruling) },
        .on_series = on_series,
        .on_sample = on_sample,
        .on_verdict = on_verdict,
        .on_line_done = on_line_done,
    };
}

int explanation_new(struct explanation **ret, const struct explanation_options *options)
{
    CLEANUP(explanation_freep) struct explanation *it = calloc(1, sizeof(*it));
    int r;

    if (!it)
        return -ENOMEM;
    r = make_pipeline(it, options);
    if (r < 0)
        return r;
    it->ruling.out = &it->fields;
    it->trace = trace_to(it);
    pipeline_set_trace(it->solo.lane.pipeline, &it->trace);
    *ret = TAKE(it);
    return 0;
}

void explanation_free(struct explanation *it)
{
    if (!it)
        return;
    solo_deinit(&it->solo);
    buffer_deinit(&it->fields);
    buffer_deinit(&it->series);
    free(it);
}
