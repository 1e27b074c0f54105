/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Recorder
 *
 * There are two paths. A line whose key is known is a hit, and its values go to the key's cell;
 * nearly every line is one number for such a key. Any other line is a miss: it is resolved, its
 * key is learned, and then its values go the same way. An x has no key: it ends series instead.
 *
 * A traced line takes the same paths, except for the shortest one. On a hit, the line is resolved
 * again, only for the trace.
 */

#include "ingest/recorder.h"

#include "ingest/destination.h"
#include "ingest/tally.h"
#include "ingest/values.h"

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

void recorder_set_totals(struct recorder *recorder, bool are_totals)
{
    shard_set_totals(recorder->shard, are_totals);
    resolve_set_totals(recorder->resolver, are_totals);
}

/* --- settling ---------------------------------------------------------------------- */

void recorder_settle(struct recorder *recorder, enum verdict verdict, const char *fault,
                     const struct treatment *treatment)
{
    telemetry_count(recorder->row, TELEMETRY_VERDICTS + verdict, 1);
    if (verdict_is_refusal(verdict))
        refusal_tell(recorder->sink, verdict, recorder->text, fault, treatment);
    TRACE(recorder->trace, on_verdict, verdict, fault, treatment);
}

/* --- values ------------------------------------------------------------------------ */

/* Begin with the first value of @line. There is none if the values refuse the line. */
static void begin_values(struct recorder *recorder, struct values *values, const struct line *line,
                         const struct destination *to)
{
    const char *fault = values_begin(values, line, to);

    if (UNLIKELY(fault))
        recorder_settle(recorder, REFUSED_MALFORMED_VALUE, fault, to->treatment);
}

static void next_value(struct recorder *recorder, struct values *values)
{
    if (UNLIKELY(values_next(values)))
        telemetry_count(recorder->row, TELEMETRY_PACKED, 1);
}

/* --- samples ----------------------------------------------------------------------- */

/* Tell the trace that the value of @line got @verdict, and ended @n_ended series. */
COLD static void tell_sample(const struct recorder *recorder, const struct line *line,
                             const struct destination *to, enum verdict verdict, size_t n_ended)
{
    struct trace_sample sample = trace_sample_of(line, to, verdict);

    if (verdict == VERDICT_APPLIED) {
        sample.is_overflow = to->key && to->key->facts.is_overflow;
        sample.n_ended = n_ended;
        sample.step = recorder->step;
    }
    recorder->trace->on_sample(recorder->trace->ctx, &sample);
}

/* Settle the value of @line, which ended @n_ended series. Returns whether it was applied. */
static bool settle_value(struct recorder *recorder, const struct line *line,
                         const struct destination *to, enum verdict verdict, size_t n_ended)
{
    bool is_applied = verdict == VERDICT_APPLIED;

    tally_sample(recorder->row, to->type, verdict);
    tally_origin(recorder->row, to->origin, verdict);
    if (is_applied && to->key && to->key->facts.is_overflow)
        telemetry_count(recorder->row, TELEMETRY_OVERFLOWS, 1);
    if (UNLIKELY(verdict_is_refusal(verdict)))
        refusal_tell(recorder->sink, verdict, recorder->text,
                     trace_sample_of(line, to, verdict).fault, to->treatment);
    if (UNLIKELY(recorder->trace))
        tell_sample(recorder, line, to, verdict, n_ended);
    return is_applied;
}

/*
 * Settle all values. Those that are valid get @verdict, and the current one ended @n_ended series.
 * Returns whether any was applied.
 */
static bool settle_values(struct recorder *recorder, struct values *values,
                          const struct destination *to, enum verdict verdict, size_t n_ended)
{
    bool is_applied = false;

    for (; values->line; next_value(recorder, values)) {
        enum verdict cause = destination_check(to, values->line);

        is_applied |= settle_value(recorder, values->line, to,
                                   cause == VERDICT_APPLIED ? verdict : cause, n_ended);
        n_ended = 0;
    }
    return is_applied;
}

/* Running totals are recorded next. */
COLD static void find_sender(struct recorder *recorder)
{
    const struct senders *senders = recorder->senders;

    if (senders)
        shard_set_sender(recorder->shard, senders->find(senders->ctx, recorder->text));
}

static enum verdict record(struct recorder *recorder, struct key *key, const struct line *line)
{
    enum verdict verdict = line_check(line, key->facts.type);

    return verdict == VERDICT_APPLIED ? shard_record(recorder->shard, key, line) : verdict;
}

/* The same for an unusual destination. */
COLD static enum verdict record_unusual(struct recorder *recorder, struct key *key,
                                        const struct destination *to, const struct line *line)
{
    enum verdict verdict = destination_check(to, line);

    if (verdict != VERDICT_APPLIED)
        return verdict;
    if (to->is_absolute)
        return shard_record_total(recorder->shard, key, line, &recorder->step);
    return shard_record_treated(recorder->shard, key, line);
}

static struct destination destination_of(const struct recorder *recorder, const struct key *key)
{
    return (struct destination){
        .type = key->facts.type,
        .weight = key->facts.weight,
        .treatment = shard_treatment(recorder->shard, key),
        .is_absolute = key->facts.is_absolute,
        .is_summary = key->facts.is_summary,
        .origin = key->facts.origin,
        .key = key,
    };
}

/*
 * Record all values. Returns whether any was applied. Inlined, as nearly all new series come with
 * one value.
 */
__attribute__((__always_inline__)) static inline bool record_values(struct recorder *recorder,
                                                                    struct values *values,
                                                                    const struct destination *to,
                                                                    struct key *key)
{
    bool is_applied = false;

    for (; values->line; next_value(recorder, values)) {
        enum verdict verdict = UNLIKELY(destination_is_unusual(to))
                                   ? record_unusual(recorder, key, to, values->line)
                                   : record(recorder, key, values->line);

        is_applied |= settle_value(recorder, values->line, to, verdict, 0);
    }
    return is_applied;
}

/* --- hits ---------------------------------------------------------------------------- */

/* Record any line whose key is known. */
static void record_known(struct recorder *recorder, const struct line *line, struct key *key)
{
    const struct destination to = destination_of(recorder, key);
    struct values values;

    if (UNLIKELY(to.is_absolute))
        find_sender(recorder);
    begin_values(recorder, &values, line, &to);
    if (record_values(recorder, &values, &to, key))
        tally_key_errors(recorder->row, &key->facts);
}

COLD static void tell_refused_hit(const struct recorder *recorder, const struct line *line,
                                  const struct key *key, enum verdict verdict)
{
    const struct destination to = destination_of(recorder, key);

    refusal_tell(recorder->sink, verdict, line_text(line),
                 trace_sample_of(line, &to, verdict).fault, to.treatment);
}

/* The same, with the shortest path for a single number and a usual key. */
static void record_hit(struct recorder *recorder, const struct line *line, struct key *key)
{
    enum verdict verdict;

    if (UNLIKELY(!line->is_number || key->facts.is_unusual)) {
        recorder->text = line_text(line);
        record_known(recorder, line, key);
        return;
    }
    verdict = record(recorder, key, line);
    if (UNLIKELY(verdict != VERDICT_APPLIED))
        tell_refused_hit(recorder, line, key, verdict);
    tally_sample(recorder->row, key->facts.type, verdict);
}

/* --- misses --------------------------------------------------------------------------- */

/* Refuse values until one can be recorded in a new series. Returns whether there is one. */
static bool find_recordable(struct recorder *recorder, struct values *values,
                            const struct destination *to)
{
    for (; values->line; next_value(recorder, values)) {
        enum verdict verdict = destination_check(to, values->line);

        if (verdict == VERDICT_APPLIED)
            return true;
        settle_value(recorder, values->line, to, verdict, 0);
    }
    return false;
}

/* The current value ends the series, for all of them; the ones after it find nothing to end. */
static bool end_series(struct recorder *recorder, struct values *values,
                       const struct destination *to, const struct identity *identity)
{
    int64_t arrived_ns = values->line->arrived_ns, age_ns = values_age_ns(values, to);
    size_t n_ended = 0, n_more;
    enum verdict verdict = shard_end(recorder->shard, arrived_ns, age_ns, identity, &n_ended);
    struct identity next;

    while (verdict == VERDICT_APPLIED && resolve_next_end(recorder->resolver, &next)) {
        verdict = shard_end(recorder->shard, arrived_ns, age_ns, &next, &n_more);
        n_ended += n_more;
    }
    telemetry_count(recorder->row, TELEMETRY_ENDED, n_ended);
    return settle_values(recorder, values, to, verdict, n_ended);
}

/* Record values whose key is not known: learn it first. */
static bool learn_and_record(struct recorder *recorder, struct values *values,
                             struct destination *to, const struct identity *identity,
                             struct lookup *lookup)
{
    enum verdict verdict;

    if (UNLIKELY(identity->is_absolute))
        find_sender(recorder);
    verdict = shard_learn(recorder->shard, values->line, identity, lookup);
    /* It is refused, or what would be recorded has ended already. */
    if (!lookup->key)
        return settle_values(recorder, values, to, verdict, 0);
    to->key = lookup->key;
    return record_values(recorder, values, to, lookup->key);
}

/* Record a line of @identity whose key is not known. */
static void record_new(struct recorder *recorder, const struct line *line,
                       const struct identity *identity, struct lookup *lookup)
{
    struct destination to = {
        .type = identity->type,
        .weight = identity->weight,
        .treatment = identity->treatment,
        .is_absolute = identity->is_absolute,
        .is_summary = identity_is_summary(identity),
        .origin = identity_origin(identity),
    };
    struct values values;
    bool is_applied;

    /* A line that is skipped is learned as well, so that the next one costs less. */
    if (UNLIKELY(identity_is_skipped(identity)))
        shard_learn_skipped(recorder->shard, line, identity, lookup);
    else
        TRACE(recorder->trace, on_series, identity);
    begin_values(recorder, &values, line, &to);
    /* A value that cannot be recorded must neither make a series nor end one. */
    if (!find_recordable(recorder, &values, &to))
        return;
    is_applied = identity->type == SAMPLE_END
                     ? end_series(recorder, &values, &to, identity)
                     : learn_and_record(recorder, &values, &to, identity, lookup);
    if (is_applied)
        tally_identity_errors(recorder->row, identity);
    if (UNLIKELY(identity->has_cut_tag) && is_applied && recorder->suspects)
        recorder->suspects->on_suspect(recorder->suspects->ctx, identity->sent_as, recorder->text);
}

/* Note a sample that is not of the type that the config declares. An x has no type. */
COLD static void note_conflict(struct recorder *recorder, const struct identity *identity)
{
    if (identity->type != SAMPLE_END)
        shard_note_conflict(recorder->shard, identity);
}

/*
 * Record a line, link or check for which the resolver returned @verdict and @identity. If @lookup
 * has its key, it was resolved only for the trace.
 */
static void record_resolved(struct recorder *recorder, const struct line *line,
                            struct lookup *lookup, enum verdict verdict,
                            const struct identity *identity)
{
    if (lookup->key) {
        trace_tell_key(recorder->trace, lookup->key);
        record_known(recorder, line, lookup->key);
    } else if (verdict == VERDICT_APPLIED) {
        record_new(recorder, line, identity, lookup);
    } else {
        if (verdict == REFUSED_TYPE_CONFLICT)
            note_conflict(recorder, identity);
        tally_origin(recorder->row, identity_origin(identity), verdict);
        recorder_settle(recorder, verdict, resolve_fault(recorder->resolver), NULL);
    }
}

/*
 * Record one link of a chain: a line of its own, whose name has been resolved. The chain counts as
 * one line, and has been counted as one whose key was not known.
 */
static void record_link(struct recorder *recorder, const struct line *link,
                        const struct identity *name)
{
    bool has_key = resolve_link_is_line(recorder->resolver, link);
    struct lookup lookup = { 0, NULL };
    struct identity identity;
    enum verdict verdict;

    if (has_key)
        lookup = shard_find(recorder->shard, link);
    if (lookup.key && !recorder->trace) {
        record_known(recorder, link, lookup.key);
        return;
    }
    verdict = resolve_link(recorder->resolver, name, link, &identity);
    identity.is_passing = !has_key;
    record_resolved(recorder, link, &lookup, verdict, &identity);
}

/* Refuse a link without a type. */
static void refuse_link(struct recorder *recorder, const struct line *link)
{
    const struct trace_sample sample = {
        .value = link->value,
        .verdict = REFUSED_MALFORMED_LINE,
        .fault = link->value.at + link->value.len,
    };

    telemetry_count(recorder->row, TELEMETRY_VERDICTS + sample.verdict, 1);
    refusal_tell(recorder->sink, sample.verdict, recorder->text, sample.fault, NULL);
    TRACE(recorder->trace, on_sample, &sample);
}

/*
 * Each link is looked up with the name of its chain, tags included. So what a chain costs is its
 * number of links times the length of its name, which is bounded. A name of 100 bytes may have 655.
 */
#define CHAIN_WORK_MAX ((size_t)64 << 10)

static bool is_too_much_work(const struct line *line)
{
    const char *at = line->value.at, *end = line->rest.at + line->rest.len;
    size_t n_colons = 0;

    for (; at < end; at++)
        n_colons += *at == ':';
    return (n_colons + 1) * line->name.len > CHAIN_WORK_MAX;
}

/* Resolve the name of a chain. Returns why the chain is refused as a whole, if it is. */
static enum verdict resolve_chain(struct recorder *recorder, const struct line *line,
                                  struct identity *ret_name, const char **ret_fault)
{
    enum verdict verdict;

    *ret_fault = line->value.at;
    if (is_too_much_work(line))
        return REFUSED_LINE_LIMIT;
    verdict = resolve_name(recorder->resolver, line->name, ret_name);
    *ret_fault = resolve_fault(recorder->resolver);
    if (verdict != VERDICT_APPLIED)
        return verdict;
    *ret_fault = parse_chain_fault(line);
    return *ret_fault ? REFUSED_MALFORMED_VALUE : VERDICT_APPLIED;
}

/* Record name:1|c:200|ms:6|g. The name is resolved once for all links. */
NOINLINE static void record_chain(struct recorder *recorder, const struct line *line)
{
    const char *end = line->rest.at + line->rest.len;
    struct slice links = { line->value.at, (size_t)(end - line->value.at) };
    struct line link = *line;
    struct identity name;
    enum verdict verdict;
    const char *fault;
    uint64_t n_links = 0;

    TRACE(recorder->trace, on_chain);
    verdict = resolve_chain(recorder, line, &name, &fault);
    if (verdict != VERDICT_APPLIED) {
        recorder_settle(recorder, verdict, fault, NULL);
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

/* Resolve a line and record it. If @lookup has its key, that is only for the trace. */
static void record_miss(struct recorder *recorder, const struct line *line, struct lookup lookup)
{
    struct identity identity;
    enum verdict verdict = resolve_line(recorder->resolver, line, &identity);

    recorder->text = line_text(line);
    telemetry_count(recorder->row, TELEMETRY_KEY_MISSES, !lookup.key);
    if (UNLIKELY(may_be_chain(verdict, &identity)) && !lookup.key && parse_is_chain(line))
        record_chain(recorder, line);
    else
        record_resolved(recorder, line, &lookup, verdict, &identity);
}

/* --- lines ---------------------------------------------------------------------------- */

static void count_keys(struct recorder *recorder)
{
    recorder->row->counts[TELEMETRY_KEYS] = shard_n_keys(recorder->shard);
    recorder->row->counts[TELEMETRY_KEY_EVICTIONS] = shard_n_evicted(recorder->shard);
}

void recorder_record(struct recorder *recorder, const struct line *lines, size_t n)
{
    shard_prepare(recorder->shard, lines, n);
    for (size_t i = 0; i < n; i++) {
        struct key *key = shard_find_prepared(recorder->shard, i, &lines[i]);

        if (LIKELY(key))
            record_hit(recorder, &lines[i], key);
        else
            record_miss(recorder, &lines[i], shard_missed(recorder->shard, i));
    }
    count_keys(recorder);
}

void recorder_record_traced(struct recorder *recorder, const struct line *line)
{
    struct lookup lookup = shard_find(recorder->shard, line);

    TRACE(recorder->trace, on_name, line->name);
    record_miss(recorder, line, lookup);
    count_keys(recorder);
}

void recorder_record_parts(struct recorder *recorder, const struct resolve_parts *parts,
                           const struct line *line)
{
    struct lookup lookup = { 0, NULL };
    struct identity identity;
    enum verdict verdict = resolve_parts(recorder->resolver, parts, &identity);

    identity.is_passing = true;
    record_resolved(recorder, line, &lookup, verdict, &identity);
}
