/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Recorder
 *
 * There are two paths. A line whose key is known is a hit, and goes to the key's cell; nearly
 * every line is one number for such a key. Any other line is a miss: it is resolved, and its key
 * is learned if its value can be recorded.
 *
 * A traced line takes the same paths, except for the shortest one. On a hit, the line is resolved
 * again, only for the trace.
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

static void count_verdict(struct recorder *recorder, enum verdict verdict)
{
    telemetry_count(recorder->row, TELEMETRY_VERDICTS + verdict, 1);
}

/* Count the errors of a line, or of a link of a chain, that was applied nevertheless. */
static void count_errors(struct recorder *recorder, unsigned n_tag_errors,
                         unsigned n_unknown_sections, bool has_bad_rate)
{
    telemetry_count(recorder->row, TELEMETRY_TAG_ERRORS, n_tag_errors);
    telemetry_count(recorder->row, TELEMETRY_UNKNOWN_SECTIONS, n_unknown_sections);
    telemetry_count(recorder->row, TELEMETRY_RATE_ERRORS, has_bad_rate);
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

void recorder_settle(struct recorder *recorder, enum verdict verdict, const char *fault)
{
    count_verdict(recorder, verdict);
    TRACE(recorder->trace, on_verdict, verdict, fault);
}

/* --- samples ----------------------------------------------------------------------- */

/* The destination of the samples of a line. */
struct destination {
    enum sample_type type;
    double weight;                   /* as in struct identity */
    struct key *key;                 /* NULL: none yet, but identity may get one */
    const struct identity *identity; /* NULL on the hit path */
    enum verdict refusal;            /* why it gets no key, once known */
    bool has_ended;                  /* the series of an x have been ended */
    size_t n_ended;                  /* the number of series that the last value of an x ended */
};

static bool is_overflow(const struct destination *to)
{
    return to->key && to->key->facts.is_overflow;
}

static bool is_finite(enum sample_type type, double value, double weight)
{
    return !sample_type_facts(type)->is_weighted || isfinite(value * weight);
}

/* Whether the value of @line may be recorded in a new series: VERDICT_APPLIED, or why not. */
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
        telemetry_count(recorder->row, TELEMETRY_SAMPLES + key->facts.type, 1);
    return verdict;
}

static enum verdict end_series(struct recorder *recorder, struct destination *to)
{
    to->n_ended = 0;
    /* The first value of a packed line ends the series; the next ones find nothing to end. */
    if (!to->has_ended)
        to->refusal = shard_end(recorder->shard, to->identity, &to->n_ended);
    to->has_ended = true;
    telemetry_count(recorder->row, TELEMETRY_ENDED, to->n_ended);
    if (to->refusal == VERDICT_APPLIED)
        telemetry_count(recorder->row, TELEMETRY_SAMPLES + SAMPLE_END, 1);
    return to->refusal;
}

/* Record the value of @line at a destination without a key. */
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

/* Tell the trace that the value of @line ended with @verdict. */
COLD static void tell_sample(const struct trace *trace, const struct line *line,
                             const struct destination *to, enum verdict verdict)
{
    /* A known series may accept what a new one cannot, or refuse a valid value for its sum. */
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

/* Record one sample. Returns whether it was applied. */
static bool record_value(struct recorder *recorder, const struct line *line, struct destination *to)
{
    enum verdict verdict =
        to->key ? record(recorder, to->key, line) : record_first(recorder, line, to);

    count_verdict(recorder, verdict);
    if (verdict == VERDICT_APPLIED && is_overflow(to))
        telemetry_count(recorder->row, TELEMETRY_OVERFLOWS, 1);
    if (UNLIKELY(recorder->trace))
        tell_sample(recorder->trace, line, to, verdict);
    return verdict == VERDICT_APPLIED;
}

/* Record several samples. Returns whether any was applied. */
static bool record_packed(struct recorder *recorder, const struct line *line,
                          struct destination *to)
{
    struct slice values = line->value;
    struct line member = *line;
    uint64_t n_values = 0;
    bool is_applied = false;

    for (; parse_next_value(&values, &member); n_values++)
        is_applied |= record_value(recorder, &member, to);
    telemetry_count(recorder->row, TELEMETRY_PACKED, n_values - 1);
    return is_applied;
}

/* Record one sample or several. Returns whether any was applied. */
static bool record_values(struct recorder *recorder, const struct line *line,
                          struct destination *to)
{
    bool takes_text = sample_type_facts(to->type)->value == SAMPLE_VALUE_TEXT;

    if (line->is_number || takes_text || !parse_is_packed(line))
        return record_value(recorder, line, to);
    return record_packed(recorder, line, to);
}

/* --- hits ---------------------------------------------------------------------------- */

/* Record any line whose key is known. */
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

/* The same, with the shortest path for a single number. */
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

/* Record a resolved line. Its key is learned with its first valid value. */
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

/* Record a line, link or check if the resolver returned VERDICT_APPLIED; otherwise end it. */
static void record_if_resolved(struct recorder *recorder, const struct line *line,
                               enum verdict verdict, const struct identity *identity)
{
    if (verdict == VERDICT_APPLIED)
        record_resolved(recorder, line, identity);
    else
        recorder_settle(recorder, verdict, resolve_fault(recorder->resolver));
}

/* Tell the trace to which series a known key leads. */
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

/* Record one link of a chain: a line of its own, whose name has been resolved. */
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
    telemetry_count(recorder->row, TELEMETRY_KEY_MISSES, 1);
    identity.is_passing = !has_key;
    record_if_resolved(recorder, link, verdict, &identity);
}

/* Refuse a link without a type. */
static void refuse_link(struct recorder *recorder, const struct line *link)
{
    const struct trace_sample sample = {
        .value = link->value,
        .verdict = REFUSED_MALFORMED_LINE,
        .fault = link->value.at + link->value.len,
    };

    count_verdict(recorder, sample.verdict);
    TRACE(recorder->trace, on_sample, &sample);
}

/* Record name:1|c:200|ms:6|g. The name is resolved once for all links. */
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
        recorder_settle(recorder, verdict, resolve_fault(recorder->resolver));
        return;
    }
    for (; parse_next_link(&links, &link); n_links++) {
        TRACE(recorder->trace, on_link);
        if (link.rest.len)
            record_link(recorder, &link, &name);
        else
            refuse_link(recorder, &link);
    }
    telemetry_count(recorder->row, TELEMETRY_PACKED, n_links - 1);
}

/* Whether a line for which resolve_line() returned @verdict and @identity may be a chain. */
static bool may_be_chain(enum verdict verdict, const struct identity *identity)
{
    return verdict == REFUSED_ILLEGAL_EVENT || identity->has_colon_rate;
}

static void record_miss(struct recorder *recorder, const struct line *line)
{
    struct identity identity;
    enum verdict verdict = resolve_line(recorder->resolver, line, &identity);

    telemetry_count(recorder->row, TELEMETRY_KEY_MISSES, 1);
    if (UNLIKELY(may_be_chain(verdict, &identity)) && parse_is_chain(line))
        record_chain(recorder, line);
    else
        record_if_resolved(recorder, line, verdict, &identity);
}

/* --- lines ---------------------------------------------------------------------------- */

/* Record line number @i of the group. */
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
    /* It was resolved when its key was learned. This time only the trace needs it. */
    if (resolve_line(recorder->resolver, line, &identity) == VERDICT_APPLIED)
        tell_key(recorder->trace, key);
    record_known(recorder, line, key);
}

/* A check is a gauge; checks are too rare to cache their keys. */
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
