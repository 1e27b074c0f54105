/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pipeline
 *
 * Lines are gathered into groups that are looked up together: the shard can then
 * wait for many cache misses at once instead of one after the other. Each sample
 * ends in exactly one verdict, and each verdict in one counter.
 *
 * There are two ways. A line whose key is known is a hit, and goes to the key's cell; nearly
 * every line is one number for such a key. Any other is a miss: what it means is worked out,
 * and its key is learned if its value can be recorded.
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

/* Where the samples of a line go. */
struct destination {
    struct key *key;                 /* NULL: none yet; then by this it may get one: */
    const struct identity *identity; /* NULL on the hit path, where the key says it all */
    enum verdict refusal;            /* why it gets no key, once that is known */
    bool has_ended;                  /* the series of an x were ended */
};

static enum sample_type destination_type(const struct destination *to)
{
    return to->identity ? to->identity->type : (enum sample_type)to->key->facts.type;
}

static enum verdict record(struct pipeline *pipeline, struct key *key, const struct line *line)
{
    enum verdict verdict = line_check(line, key->facts.type);

    if (verdict == VERDICT_APPLIED)
        verdict = shard_record(pipeline->shard, key, line);
    if (verdict == VERDICT_APPLIED)
        count(pipeline, TELEMETRY_SAMPLES + key->facts.type, 1);
    return verdict;
}

static bool is_finite(enum sample_type type, double value, double weight)
{
    return !sample_type_facts(type)->is_weighted || isfinite(value * weight);
}

/* May the value of @line be recorded at all? */
static enum verdict check_value(const struct line *line, const struct identity *identity)
{
    enum verdict verdict = line_check(line, identity->type);

    if (verdict == VERDICT_APPLIED && !is_finite(identity->type, line->number, identity->weight))
        return REFUSED_VALUE_OVERFLOW;
    return verdict;
}

static enum verdict end_series(struct pipeline *pipeline, struct destination *to)
{
    size_t n_ended = 0;

    /* What one value of a packed line has ended, the next ones find ended. */
    if (!to->has_ended)
        to->refusal = shard_end(pipeline->shard, to->identity, &n_ended);
    to->has_ended = true;
    count(pipeline, TELEMETRY_ENDED, n_ended);
    if (to->refusal == VERDICT_APPLIED)
        count(pipeline, TELEMETRY_SAMPLES + SAMPLE_END, 1);
    return to->refusal;
}

/* The value of @line for a destination without a key. */
static enum verdict record_first(struct pipeline *pipeline, const struct line *line,
                                 struct destination *to)
{
    enum verdict verdict = check_value(line, to->identity);

    /* A value that cannot be recorded must not make a series. */
    if (verdict != VERDICT_APPLIED)
        return verdict;
    if (to->identity->type == SAMPLE_END)
        return end_series(pipeline, to);
    if (to->refusal == VERDICT_APPLIED)
        to->refusal = shard_learn(pipeline->shard, line, to->identity, &to->key);
    return to->refusal == VERDICT_APPLIED ? record(pipeline, to->key, line) : to->refusal;
}

/* One sample. Returns whether it was applied. */
static bool apply_value(struct pipeline *pipeline, const struct line *line, struct destination *to)
{
    enum verdict verdict =
        to->key ? record(pipeline, to->key, line) : record_first(pipeline, line, to);

    count_verdict(pipeline, verdict);
    if (verdict != VERDICT_APPLIED)
        return false;
    if (to->key && to->key->facts.is_overflow)
        count(pipeline, TELEMETRY_OVERFLOWS, 1);
    return true;
}

/* Several samples. Returns whether any was applied. */
static bool apply_packed(struct pipeline *pipeline, const struct line *line, struct destination *to)
{
    struct slice values = line->value;
    struct line member = *line;
    uint64_t n_values = 0;
    bool is_applied = false;

    for (; parse_next_value(&values, &member); n_values++)
        is_applied |= apply_value(pipeline, &member, to);
    count(pipeline, TELEMETRY_PACKED, n_values - 1);
    return is_applied;
}

/* One sample, or several. Returns whether any was applied. */
static bool apply_values(struct pipeline *pipeline, const struct line *line, struct destination *to)
{
    bool takes_text = sample_type_facts(destination_type(to))->value == SAMPLE_VALUE_TEXT;

    if (line->is_number || takes_text || !parse_is_packed(line))
        return apply_value(pipeline, line, to);
    return apply_packed(pipeline, line, to);
}

/* --- hits ---------------------------------------------------------------------------- */

/* Any line whose key is known. */
static void apply_known(struct pipeline *pipeline, const struct line *line, struct key *key)
{
    struct destination to = { .key = key };

    if (apply_values(pipeline, line, &to))
        count_key_errors(pipeline, &key->facts);
}

/* The same, in the shortest way for a single number. */
static void apply_hit(struct pipeline *pipeline, const struct line *line, struct key *key)
{
    enum verdict verdict;

    if (UNLIKELY(!line->is_number)) {
        apply_known(pipeline, line, key);
        return;
    }
    verdict = record(pipeline, key, line);
    if (verdict == VERDICT_APPLIED)
        count_key_errors(pipeline, &key->facts);
    count_verdict(pipeline, verdict);
}

/* --- misses --------------------------------------------------------------------------- */

/* A line that has been resolved: its key is learned with its first good value. */
static void apply_resolved(struct pipeline *pipeline, const struct line *line,
                           const struct identity *identity)
{
    struct destination to = { .identity = identity };

    if (apply_values(pipeline, line, &to))
        count_identity_errors(pipeline, identity);
}

/* One link of a chain: a line of its own, whose name is known. */
static void apply_link(struct pipeline *pipeline, const struct line *link,
                       const struct identity *name)
{
    struct key *key = shard_find(pipeline->shard, link);
    struct identity identity;
    enum verdict verdict;

    if (key) {
        apply_known(pipeline, link, key);
        return;
    }
    count(pipeline, TELEMETRY_KEY_MISSES, 1);
    verdict = resolve_link(pipeline->resolver, name, link, &identity);
    if (verdict == VERDICT_APPLIED)
        apply_resolved(pipeline, link, &identity);
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

/* May a line that makes no sense as a single sample be a chain? */
static bool may_be_chain(enum verdict verdict, const struct identity *identity)
{
    return verdict == REFUSED_ILLEGAL_EVENT || identity->has_colon_rate;
}

static void apply_miss(struct pipeline *pipeline, const struct line *line)
{
    struct identity identity;
    enum verdict verdict = resolve_line(pipeline->resolver, line, &identity);

    count(pipeline, TELEMETRY_KEY_MISSES, 1);
    if (UNLIKELY(may_be_chain(verdict, &identity)) && parse_is_chain(line))
        apply_chain(pipeline, line);
    else if (verdict == VERDICT_APPLIED)
        apply_resolved(pipeline, line, &identity);
    else
        count_verdict(pipeline, verdict);
}

/* --- groups --------------------------------------------------------------------------- */

/* The line that is number @i of its group. */
static void apply(struct pipeline *pipeline, size_t i)
{
    const struct line *line = &pipeline->lines[i];
    struct key *key = shard_find_prepared(pipeline->shard, i, line);

    if (LIKELY(key))
        apply_hit(pipeline, line, key);
    else
        apply_miss(pipeline, line);
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

/* --- service checks -------------------------------------------------------------------- */

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

/* Set the gauge that a service check stands for. */
static void apply_check(struct pipeline *pipeline, const struct service_check *check,
                        int64_t arrived_ns)
{
    const struct line line = {
        .value = check->status,
        .arrived_ns = arrived_ns,
        .number = check->status.at[0] - '0',
        .is_number = true,
    };
    struct identity identity;
    enum verdict verdict;

    /* What waits came before it. */
    pipeline_flush(pipeline);
    verdict = resolve_check(pipeline->resolver, check, &identity);
    if (verdict == VERDICT_APPLIED)
        apply_resolved(pipeline, &line, &identity);
    else
        count_verdict(pipeline, verdict);
}

/* A service check was recognised: take it as a gauge, or skip it. */
static void take_check(struct pipeline *pipeline, struct slice text, int64_t arrived_ns)
{
    struct service_check check;

    if (pipeline->has_check_gauges && service_check_parse(text, &check))
        apply_check(pipeline, &check, arrived_ns);
    else
        count_verdict(pipeline, SKIPPED_SERVICE_CHECK);
}

/* --- input ---------------------------------------------------------------------------- */

/* Cut a line that is not usual. Returns 1 if it is to be applied, or 0 if it has been counted. */
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
    count(pipeline, TELEMETRY_LINES, 1);
    if (verdict == SKIPPED_SERVICE_CHECK)
        take_check(pipeline, text, arrived_ns);
    else
        count_verdict(pipeline, verdict);
    return 0;
}

/* The next @n lines are cut, and wait for the next flush. */
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
