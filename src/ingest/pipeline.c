/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pipeline
 *
 * Lines are gathered into groups that are looked up together: the shard can then
 * wait for many cache misses at once instead of one after the other. Each sample
 * ends in exactly one verdict, and each verdict in one counter.
 *
 * Nearly every line is one number for a key that is known. All others take the way
 * by apply_known() or apply_unknown(), in their order.
 */

#include "ingest/pipeline.h"

#include "input/service_check.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct pipeline {
    struct shard *shard;
    struct telemetry_row *row;
    struct resolver *resolver;
    struct parse_options parsing;
    bool has_check_gauges;
    bool is_dogstatsd;
    size_t n_lines;
    struct line lines[SHARD_GROUP_MAX];
};

struct parse_options pipeline_parse_options(const struct pipeline_options *options)
{
    return (struct parse_options){
        .line_max = options->resolve.limits.line,
        .skips_brackets = options->resolve.dialects & 1u << TAG_SIGNALFX,
    };
}

int pipeline_new(struct pipeline **ret, struct shard *shard, struct telemetry_row *row,
                 const struct pipeline_options *options)
{
    CLEANUP(pipeline_freep) struct pipeline *pipeline = calloc(1, sizeof(*pipeline));

    if (!pipeline)
        return -ENOMEM;
    pipeline->shard = shard;
    pipeline->row = row;
    pipeline->has_check_gauges = options->has_check_gauges;
    pipeline->parsing = pipeline_parse_options(options);
    if (resolve_new(&pipeline->resolver, &options->resolve) < 0)
        return -ENOMEM;
    *ret = TAKE(pipeline);
    return 0;
}

void pipeline_free(struct pipeline *pipeline)
{
    if (!pipeline)
        return;
    resolve_free(pipeline->resolver);
    free(pipeline);
}

void pipeline_set_dogstatsd(struct pipeline *pipeline, bool is_dogstatsd)
{
    pipeline->is_dogstatsd = is_dogstatsd;
}

/* --- counting ---------------------------------------------------------------------- */

static void count(struct pipeline *pipeline, unsigned counter, uint64_t n)
{
    pipeline->row->counts[counter] += n;
}

static void count_verdict(struct pipeline *pipeline, enum verdict verdict)
{
    count(pipeline, TELEMETRY_VERDICTS + verdict, 1);
}

/* What was wrong with a line, or a link of a chain, that was applied all the same. */
static void count_errors(struct pipeline *pipeline, unsigned n_tag_errors,
                         unsigned n_unknown_sections, bool has_bad_rate)
{
    count(pipeline, TELEMETRY_TAG_ERRORS, n_tag_errors);
    count(pipeline, TELEMETRY_UNKNOWN_SECTIONS, n_unknown_sections);
    count(pipeline, TELEMETRY_RATE_ERRORS, has_bad_rate);
}

static void count_identity_errors(struct pipeline *pipeline, const struct identity *identity)
{
    count_errors(pipeline, identity->n_tag_errors, identity->n_unknown_sections,
                 identity->has_bad_rate);
}

static void count_key_errors(struct pipeline *pipeline, const struct key_facts *facts)
{
    if (UNLIKELY(facts->has_errors))
        count_errors(pipeline, facts->n_tag_errors, facts->n_unknown_sections, facts->has_bad_rate);
}

/* --- samples ----------------------------------------------------------------------- */

static enum verdict record(struct pipeline *pipeline, struct key *key, const struct line *line)
{
    enum verdict verdict = line_check(line, key->facts.type);

    if (verdict == VERDICT_APPLIED)
        verdict = shard_record(pipeline->shard, key, line);
    if (verdict == VERDICT_APPLIED)
        count(pipeline, TELEMETRY_SAMPLES + key->facts.type, 1);
    return verdict;
}

/* Where the samples of a line go: a key, or what the line means as long as there is none. */
struct target {
    struct key *key;
    struct identity identity;
    enum verdict refusal; /* why there is no key, once it is known */
    bool has_ended;
};

static bool is_finite(enum sample_type type, double value, double weight)
{
    return !sample_type_facts(type)->is_weighted || isfinite(value * weight);
}

static enum verdict end_series(struct pipeline *pipeline, struct target *target)
{
    size_t n_ended = 0;

    /* What one value of a packed line has ended, the next ones find ended. */
    if (!target->has_ended)
        target->refusal = shard_end(pipeline->shard, &target->identity, &n_ended);
    target->has_ended = true;
    count(pipeline, TELEMETRY_ENDED, n_ended);
    if (target->refusal == VERDICT_APPLIED)
        count(pipeline, TELEMETRY_SAMPLES + SAMPLE_END, 1);
    return target->refusal;
}

/* The value of @line for a target without a key; it gets one if the value can be recorded. */
static enum verdict apply_first(struct pipeline *pipeline, const struct line *line,
                                struct target *target)
{
    const struct identity *identity = &target->identity;
    enum verdict verdict = line_check(line, identity->type);

    /* A value that cannot be recorded must not make a series. */
    if (verdict != VERDICT_APPLIED)
        return verdict;
    if (!is_finite(identity->type, line->number, identity->weight))
        return REFUSED_VALUE_OVERFLOW;
    if (identity->type == SAMPLE_END)
        return end_series(pipeline, target);
    if (target->refusal == VERDICT_APPLIED)
        target->refusal = shard_learn(pipeline->shard, line, identity, &target->key);
    return target->refusal == VERDICT_APPLIED ? record(pipeline, target->key, line)
                                              : target->refusal;
}

/* One sample. Returns whether it was applied. */
static bool apply_value(struct pipeline *pipeline, const struct line *line, struct target *target)
{
    enum verdict verdict =
        target->key ? record(pipeline, target->key, line) : apply_first(pipeline, line, target);

    count_verdict(pipeline, verdict);
    if (verdict != VERDICT_APPLIED)
        return false;
    if (target->key && target->key->facts.is_overflow)
        count(pipeline, TELEMETRY_OVERFLOWS, 1);
    return true;
}

/* Several samples. Returns whether any was applied. */
static bool apply_packed(struct pipeline *pipeline, const struct line *line, struct target *target)
{
    struct slice values = line->value;
    struct line member = *line;
    uint64_t n_values = 0;
    bool is_applied = false;

    for (; parse_next_value(&values, &member); n_values++)
        is_applied |= apply_value(pipeline, &member, target);
    count(pipeline, TELEMETRY_PACKED, n_values - 1);
    return is_applied;
}

/* One sample of @type, or several. Returns whether any was applied. */
static bool apply_values(struct pipeline *pipeline, const struct line *line, enum sample_type type,
                         struct target *target)
{
    bool takes_text = sample_type_facts(type)->value == SAMPLE_VALUE_TEXT;

    if (line->is_number || takes_text || !parse_is_packed(line))
        return apply_value(pipeline, line, target);
    return apply_packed(pipeline, line, target);
}

/* --- lines --------------------------------------------------------------------------- */

/* A line whose key this shard does not know, but whose identity is known. */
static void apply_resolved(struct pipeline *pipeline, const struct line *line,
                           struct target *target)
{
    target->key = NULL;
    target->refusal = VERDICT_APPLIED;
    target->has_ended = false;
    if (apply_values(pipeline, line, target->identity.type, target))
        count_identity_errors(pipeline, &target->identity);
}

static void apply_known(struct pipeline *pipeline, const struct line *line, struct key *key)
{
    struct target target;

    target.key = key;
    if (apply_values(pipeline, line, key->facts.type, &target))
        count_key_errors(pipeline, &key->facts);
}

/* One link of a chain: a line of its own, whose name is known. */
static void apply_link(struct pipeline *pipeline, struct line *link, const struct identity *name)
{
    struct target target;
    struct key *key;
    enum verdict verdict;

    key = shard_find(pipeline->shard, link);
    if (key) {
        apply_known(pipeline, link, key);
        return;
    }
    count(pipeline, TELEMETRY_KEY_MISSES, 1);
    verdict = resolve_link(pipeline->resolver, name, link, &target.identity);
    if (verdict == VERDICT_APPLIED)
        apply_resolved(pipeline, link, &target);
    else
        count_verdict(pipeline, verdict);
}

/* name:1|c:200|ms:6|g. The name is worked out once, however many links there are. */
static void apply_chain(struct pipeline *pipeline, const struct line *line)
{
    const char *end = line->rest.at + line->rest.len;
    struct slice links = { line->value.at, (size_t)(end - line->value.at) };
    struct line link = *line;
    struct identity name;
    enum verdict verdict = resolve_name(pipeline->resolver, line->name, &name);
    uint64_t n_links = 0;

    if (verdict != VERDICT_APPLIED) {
        count_verdict(pipeline, verdict);
        return;
    }
    for (; parse_next_link(&links, &link); n_links++) {
        if (link.rest.len)
            apply_link(pipeline, &link, &name);
        else
            count_verdict(pipeline, REFUSED_MALFORMED_LINE);
    }
    count(pipeline, TELEMETRY_PACKED, n_links - 1);
}

/* Can it be a chain that @line is, as it makes no sense as a single sample? */
static bool may_be_chain(enum verdict verdict, const struct identity *identity)
{
    return verdict == REFUSED_ILLEGAL_EVENT || identity->has_colon_rate;
}

/* A line whose key this shard does not know: work out what it means. */
static void apply_unknown(struct pipeline *pipeline, const struct line *line)
{
    struct target target;
    enum verdict verdict = resolve_line(pipeline->resolver, line, &target.identity);

    count(pipeline, TELEMETRY_KEY_MISSES, 1);
    if (UNLIKELY(may_be_chain(verdict, &target.identity)) && parse_is_chain(line))
        apply_chain(pipeline, line);
    else if (verdict == VERDICT_APPLIED)
        apply_resolved(pipeline, line, &target);
    else
        count_verdict(pipeline, verdict);
}

/* Apply the line that is number @i of its group. */
static void apply(struct pipeline *pipeline, size_t i)
{
    const struct line *line = &pipeline->lines[i];
    struct key *key = shard_find_prepared(pipeline->shard, i, line);
    enum verdict verdict;

    if (UNLIKELY(!key)) {
        apply_unknown(pipeline, line);
        return;
    }
    if (UNLIKELY(!line->is_number)) {
        apply_known(pipeline, line, key);
        return;
    }
    verdict = record(pipeline, key, line);
    if (verdict == VERDICT_APPLIED)
        count_key_errors(pipeline, &key->facts);
    count_verdict(pipeline, verdict);
}

void pipeline_flush(struct pipeline *pipeline)
{
    shard_prepare(pipeline->shard, pipeline->lines, pipeline->n_lines);
    for (size_t i = 0; i < pipeline->n_lines; i++)
        apply(pipeline, i);
    pipeline->n_lines = 0;
    pipeline->row->counts[TELEMETRY_KEYS] = shard_n_keys(pipeline->shard);
    pipeline->row->counts[TELEMETRY_KEY_EVICTIONS] = shard_n_evicted(pipeline->shard);
}

/* A check is a gauge, and too rare for a key. */
static enum verdict resolve_check(struct resolver *resolver, const struct service_check *check,
                                  struct identity *ret)
{
    const struct resolve_parts parts = {
        .type = SAMPLE_GAUGE,
        .name = check->name,
        .sections = check->sections,
        .parse_section = service_check_section,
    };
    enum verdict verdict = resolve_parts(resolver, &parts, ret);

    ret->is_passing = true;
    return verdict;
}

/* Set the gauge that stands for a service check; SKIPPED_SERVICE_CHECK when there is none. */
static enum verdict apply_check(struct pipeline *pipeline, struct slice text, int64_t arrived_ns)
{
    struct target target = { .key = NULL, .refusal = VERDICT_APPLIED };
    struct line line = { .arrived_ns = arrived_ns, .is_number = true };
    struct service_check check;
    enum verdict verdict;

    if (!pipeline->has_check_gauges || !service_check_parse(text, &check))
        return SKIPPED_SERVICE_CHECK;
    /* What waits came before it. */
    pipeline_flush(pipeline);
    line.number = check.status.at[0] - '0';
    verdict = resolve_check(pipeline->resolver, &check, &target.identity);
    if (verdict != VERDICT_APPLIED)
        return verdict;
    verdict = apply_first(pipeline, &line, &target);
    if (verdict == VERDICT_APPLIED)
        count_identity_errors(pipeline, &target.identity);
    return verdict;
}

/* --- input ---------------------------------------------------------------------------- */

/*
 * Cut a line that is not quite usual. Returns 1; or 0 when nothing of it is left to apply,
 * and it is counted.
 */
NOINLINE static size_t cut_other_line(struct pipeline *pipeline, struct slice *lines,
                                      int64_t arrived_ns)
{
    enum verdict verdict;
    struct slice text;

    if (!parse_next_line(lines, &pipeline->parsing, &text))
        return 0;
    verdict = parse_line(text, &pipeline->parsing, &pipeline->lines[pipeline->n_lines]);
    if (verdict == VERDICT_APPLIED)
        return 1;
    if (verdict == SKIPPED_SERVICE_CHECK)
        verdict = apply_check(pipeline, text, arrived_ns);
    count(pipeline, TELEMETRY_LINES, 1);
    count_verdict(pipeline, verdict);
    return 0;
}

/* Lines from here on, so many, wait for the next flush. */
static void take_lines(struct pipeline *pipeline, size_t n, int64_t arrived_ns)
{
    struct line *lines = &pipeline->lines[pipeline->n_lines];

    for (size_t i = 0; i < n; i++) {
        lines[i].arrived_ns = arrived_ns;
        lines[i].is_dogstatsd = pipeline->is_dogstatsd;
    }
    pipeline->n_lines += n;
    count(pipeline, TELEMETRY_LINES, n);
}

static void push_lines(struct pipeline *pipeline, struct slice lines, int64_t arrived_ns)
{
    while (lines.len) {
        size_t n =
            parse_usual_lines(&lines, &pipeline->parsing, &pipeline->lines[pipeline->n_lines],
                              SHARD_GROUP_MAX - pipeline->n_lines);

        take_lines(pipeline, n, arrived_ns);
        if (pipeline->n_lines < SHARD_GROUP_MAX && lines.len)
            take_lines(pipeline, cut_other_line(pipeline, &lines, arrived_ns), arrived_ns);
        if (pipeline->n_lines == SHARD_GROUP_MAX)
            pipeline_flush(pipeline);
    }
}

void pipeline_push(struct pipeline *pipeline, struct slice datagram, int64_t arrived_ns)
{
    count(pipeline, TELEMETRY_DATAGRAMS, 1);
    count(pipeline, TELEMETRY_DATAGRAM_BYTES, datagram.len);
    push_lines(pipeline, datagram, arrived_ns);
}

void pipeline_push_stream(struct pipeline *pipeline, struct slice lines, int64_t arrived_ns)
{
    count(pipeline, TELEMETRY_STREAM_BYTES, lines.len);
    push_lines(pipeline, lines, arrived_ns);
}

void pipeline_refuse(struct pipeline *pipeline, enum verdict reason)
{
    count(pipeline, TELEMETRY_LINES, 1);
    count_verdict(pipeline, reason);
}
