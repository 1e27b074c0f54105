/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Recorder
 *
 * There are two ways. A line whose key is known is a hit, and goes to the key's cell; nearly
 * every line is one number for such a key. Any other is a miss: what it means is worked out,
 * and its key is learned if its value can be recorded.
 *
 * A traced line takes the same ways, but for the shortest. What the key of a hit means is then
 * resolved once more, for the trace alone.
 */

#include "ingest/recorder.h"

#include <math.h>

int recorder_init(struct recorder *recorder, struct shard *shard, struct telemetry_row *row,
                  const struct resolve_options *options)
{
    *recorder = (struct recorder){ .shard = shard, .row = row };
    return resolve_new(&recorder->resolver, options);
}

void recorder_deinit(struct recorder *recorder)
{
    resolve_free(recorder->resolver);
}

void recorder_set_trace(struct recorder *recorder, const struct trace *trace)
{
    recorder->trace = trace;
    resolve_set_trace(recorder->resolver, trace ? &trace->resolving : NULL);
}

/* --- counting ---------------------------------------------------------------------- */

static void count(struct recorder *recorder, unsigned counter, uint64_t n)
{
    recorder->row->counts[counter] += n;
}

static void count_verdict(struct recorder *recorder, enum verdict verdict)
{
    count(recorder, TELEMETRY_VERDICTS + verdict, 1);
}

/* What was wrong with a line, or a link of a chain, that was applied all the same. */
static void count_errors(struct recorder *recorder, unsigned n_tag_errors,
                         unsigned n_unknown_sections, bool has_bad_rate)
{
    count(recorder, TELEMETRY_TAG_ERRORS, n_tag_errors);
    count(recorder, TELEMETRY_UNKNOWN_SECTIONS, n_unknown_sections);
    count(recorder, TELEMETRY_RATE_ERRORS, has_bad_rate);
}

static void count_identity_errors(struct recorder *recorder, const struct identity *identity)
{
    count_errors(recorder, identity->n_tag_errors, identity->n_unknown_sections,
                 identity->has_bad_rate);
}

static void count_key_errors(struct recorder *recorder, const struct key_facts *facts)
{
    if (UNLIKELY(facts->has_errors))
        count_errors(recorder, facts->n_tag_errors, facts->n_unknown_sections, facts->has_bad_rate);
}

void recorder_end(struct recorder *recorder, enum verdict verdict, const char *fault)
{
    count_verdict(recorder, verdict);
    TRACE(recorder->trace, on_end, verdict, fault);
}

/* --- samples ----------------------------------------------------------------------- */

/* Where the samples of a line go. */
struct destination {
    enum sample_type type;
    double weight;                   /* as in struct identity */
    struct key *key;                 /* NULL: none yet; then by this it may get one: */
    const struct identity *identity; /* NULL on the hit path */
    enum verdict refusal;            /* why it gets no key, once that is known */
    bool has_ended;                  /* the series of an x were ended … */
    size_t n_ended;                  /* … that many by its last value */
};

static bool is_overflow(const struct destination *to)
{
    return to->key && to->key->facts.is_overflow;
}

static bool is_finite(enum sample_type type, double value, double weight)
{
    return !sample_type_facts(type)->is_weighted || isfinite(value * weight);
}

/* May the value of @line be recorded in a series that is new? */
static enum verdict check_value(const struct line *line, const struct destination *to)
{
    enum verdict verdict = line_check(line, to->type);

    if (verdict == VERDICT_APPLIED && !is_finite(to->type, line->number, to->weight))
        return REFUSED_VALUE_OVERFLOW;
    return verdict;
}

static enum verdict record(struct recorder *recorder, struct key *key, const struct line *line)
{
    enum verdict verdict = line_check(line, key->facts.type);

    if (verdict == VERDICT_APPLIED)
        verdict = shard_record(recorder->shard, key, line);
    if (verdict == VERDICT_APPLIED)
        count(recorder, TELEMETRY_SAMPLES + key->facts.type, 1);
    return verdict;
}

static enum verdict end_series(struct recorder *recorder, struct destination *to)
{
    to->n_ended = 0;
    /* What one value of a packed line has ended, the next ones find ended. */
    if (!to->has_ended)
        to->refusal = shard_end(recorder->shard, to->identity, &to->n_ended);
    to->has_ended = true;
    count(recorder, TELEMETRY_ENDED, to->n_ended);
    if (to->refusal == VERDICT_APPLIED)
        count(recorder, TELEMETRY_SAMPLES + SAMPLE_END, 1);
    return to->refusal;
}

/* The value of @line for a destination without a key. */
static enum verdict record_first(struct recorder *recorder, const struct line *line,
                                 struct destination *to)
{
    enum verdict verdict = check_value(line, to);

    /* A value that cannot be recorded must not make a series. */
    if (verdict != VERDICT_APPLIED)
        return verdict;
    if (to->type == SAMPLE_END)
        return end_series(recorder, to);
    if (to->refusal == VERDICT_APPLIED)
        to->refusal = shard_learn(recorder->shard, line, to->identity, &to->key);
    return to->refusal == VERDICT_APPLIED ? record(recorder, to->key, line) : to->refusal;
}

/* The value of @line ended as @verdict. */
COLD static void tell_sample(const struct trace *trace, const struct line *line,
                             const struct destination *to, enum verdict verdict)
{
    enum verdict cause = check_value(line, to);
    struct trace_sample sample =
        trace_sample_of(line, to->type, to->weight, cause == verdict ? cause : VERDICT_APPLIED);

    sample.verdict = verdict;
    if (verdict == VERDICT_APPLIED) {
        sample.is_overflow = is_overflow(to);
        sample.n_ended = to->n_ended;
    }
    trace->on_sample(trace->ctx, &sample);
}

/* One sample. Returns whether it was applied. */
static bool record_value(struct recorder *recorder, const struct line *line, struct destination *to)
{
    enum verdict verdict =
        to->key ? record(recorder, to->key, line) : record_first(recorder, line, to);

    count_verdict(recorder, verdict);
    if (verdict == VERDICT_APPLIED && is_overflow(to))
        count(recorder, TELEMETRY_OVERFLOWS, 1);
    if (UNLIKELY(recorder->trace))
        tell_sample(recorder->trace, line, to, verdict);
    return verdict == VERDICT_APPLIED;
}

/* Several samples. Returns whether any was applied. */
static bool record_packed(struct recorder *recorder, const struct line *line,
                          struct destination *to)
{
    struct slice values = line->value;
    struct line member = *line;
    uint64_t n_values = 0;
    bool is_applied = false;

    for (; parse_next_value(&values, &member); n_values++)
        is_applied |= record_value(recorder, &member, to);
    count(recorder, TELEMETRY_PACKED, n_values - 1);
    return is_applied;
}

/* One sample, or several. Returns whether any was applied. */
static bool record_values(struct recorder *recorder, const struct line *line,
                          struct destination *to)
{
    bool takes_text = sample_type_facts(to->type)->value == SAMPLE_VALUE_TEXT;

    if (line->is_number || takes_text || !parse_is_packed(line))
        return record_value(recorder, line, to);
    return record_packed(recorder, line, to);
}

/* --- hits ---------------------------------------------------------------------------- */

/* Any line whose key is known. */
static void record_known(struct recorder *recorder, const struct line *line, struct key *key)
{
    struct destination to = {
        .type = key->facts.type,
        .weight = key->facts.weight,
        .key = key,
    };

    if (record_values(recorder, line, &to))
        count_key_errors(recorder, &key->facts);
}

/* The same, in the shortest way for a single number. */
static void record_hit(struct recorder *recorder, const struct line *line, struct key *key)
{
    enum verdict verdict;

    if (UNLIKELY(!line->is_number)) {
        record_known(recorder, line, key);
        return;
    }
    verdict = record(recorder, key, line);
    if (verdict == VERDICT_APPLIED)
        count_key_errors(recorder, &key->facts);
    count_verdict(recorder, verdict);
}

/* --- misses --------------------------------------------------------------------------- */

/* A line that has been resolved: its key is learned with its first good value. */
static void record_resolved(struct recorder *recorder, const struct line *line,
                            const struct identity *identity)
{
    struct destination to = {
        .type = identity->type,
        .weight = identity->weight,
        .identity = identity,
    };

    TRACE(recorder->trace, on_series, identity);
    if (record_values(recorder, line, &to))
        count_identity_errors(recorder, identity);
}

/* A line, or something like one, for which the resolver returned @verdict. */
static void record_if_resolved(struct recorder *recorder, const struct line *line,
                               enum verdict verdict, const struct identity *identity)
{
    if (verdict == VERDICT_APPLIED)
        record_resolved(recorder, line, identity);
    else
        recorder_end(recorder, verdict, resolve_fault(recorder->resolver));
}

/* Tell the trace where a known key leads. */
static void tell_key(const struct trace *trace, const struct key *key)
{
    const struct series *series = key->cell->series;
    const struct identity identity = {
        .type = key->facts.type,
        .family = series->family->name,
        .labels = series_labels(series),
        .weight = key->facts.weight,
    };

    trace->on_series(trace->ctx, &identity);
}

/* One link of a chain: a line of its own, whose name is known. */
static void record_link(struct recorder *recorder, const struct line *link,
                        const struct identity *name)
{
    bool has_key = resolve_link_is_line(recorder->resolver, link);
    struct key *key = has_key ? shard_find(recorder->shard, link) : NULL;
    struct identity identity;
    enum verdict verdict;

    if (key && !recorder->trace) {
        record_known(recorder, link, key);
        return;
    }
    verdict = resolve_link(recorder->resolver, name, link, &identity);
    if (key) {
        tell_key(recorder->trace, key);
        record_known(recorder, link, key);
        return;
    }
    count(recorder, TELEMETRY_KEY_MISSES, 1);
    identity.is_passing = !has_key;
    record_if_resolved(recorder, link, verdict, &identity);
}

/* A link without a type. */
static void end_link(struct recorder *recorder, const struct line *link)
{
    const struct trace_sample sample = {
        .value = link->value,
        .verdict = REFUSED_MALFORMED_LINE,
        .fault = link->value.at + link->value.len,
    };

    count_verdict(recorder, sample.verdict);
    TRACE(recorder->trace, on_sample, &sample);
}

/* name:1|c:200|ms:6|g. The name is worked out once, however many links there are. */
static void record_chain(struct recorder *recorder, const struct line *line)
{
    const char *end = line->rest.at + line->rest.len;
    struct slice links = { line->value.at, (size_t)(end - line->value.at) };
    struct line link = *line;
    struct identity name;
    enum verdict verdict;
    uint64_t n_links = 0;

    TRACE(recorder->trace, on_chain);
    verdict = resolve_name(recorder->resolver, line->name, &name);
    if (verdict != VERDICT_APPLIED) {
        recorder_end(recorder, verdict, resolve_fault(recorder->resolver));
        return;
    }
    for (; parse_next_link(&links, &link); n_links++) {
        TRACE(recorder->trace, on_link);
        if (link.rest.len)
            record_link(recorder, &link, &name);
        else
            end_link(recorder, &link);
    }
    count(recorder, TELEMETRY_PACKED, n_links - 1);
}

/* May a line that makes no sense as a single sample be a chain? */
static bool may_be_chain(enum verdict verdict, const struct identity *identity)
{
    return verdict == REFUSED_ILLEGAL_EVENT || identity->has_colon_rate;
}

static void record_miss(struct recorder *recorder, const struct line *line)
{
    struct identity identity;
    enum verdict verdict = resolve_line(recorder->resolver, line, &identity);

    count(recorder, TELEMETRY_KEY_MISSES, 1);
    if (UNLIKELY(may_be_chain(verdict, &identity)) && parse_is_chain(line))
        record_chain(recorder, line);
    else
        record_if_resolved(recorder, line, verdict, &identity);
}

/* --- lines ---------------------------------------------------------------------------- */

/* The line that is number @i of the group. */
static void record_line(struct recorder *recorder, const struct line *line, size_t i)
{
    struct key *key = shard_find_prepared(recorder->shard, i, line);

    if (LIKELY(key))
        record_hit(recorder, line, key);
    else
        record_miss(recorder, line);
}

void recorder_record(struct recorder *recorder, const struct line *lines, size_t n)
{
    shard_prepare(recorder->shard, lines, n);
    for (size_t i = 0; i < n; i++)
        record_line(recorder, &lines[i], i);
    recorder->row->counts[TELEMETRY_KEYS] = shard_n_keys(recorder->shard);
    recorder->row->counts[TELEMETRY_KEY_EVICTIONS] = shard_n_evicted(recorder->shard);
}

void recorder_record_traced(struct recorder *recorder, const struct line *line)
{
    struct key *key = shard_find(recorder->shard, line);
    struct identity identity;

    TRACE(recorder->trace, on_name, line->name);
    if (!key) {
        recorder_record(recorder, line, 1);
        return;
    }
    /* It was resolved when its key was learned; this time it is for what the resolver tells. */
    if (resolve_line(recorder->resolver, line, &identity) == VERDICT_APPLIED)
        tell_key(recorder->trace, key);
    record_known(recorder, line, key);
}

/* A check is a gauge, and too rare for a key. */
void recorder_record_check(struct recorder *recorder, const struct service_check *check,
                           int64_t arrived_ns)
{
    const struct resolve_parts parts = {
        .type = SAMPLE_GAUGE,
        .name = check->name,
        .sections = check->sections,
        .parse_section = service_check_section,
    };
    const struct line line = {
        .value = check->status,
        .arrived_ns = arrived_ns,
        .number = check->status.at[0] - '0',
        .is_number = true,
    };
    struct identity identity;
    enum verdict verdict = resolve_parts(recorder->resolver, &parts, &identity);

    identity.is_passing = true;
    record_if_resolved(recorder, &line, verdict, &identity);
}
