/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pipeline
 *
 * Lines are gathered into groups that are looked up together: the shard can then
 * wait for many cache misses at once instead of one after the other. Each line
 * ends in exactly one verdict, and each verdict in one counter.
 */

#include "daemon/pipeline.h"

#include "input/mapping.h"
#include "input/parse.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Larger groups fall out of the first-level cache, smaller ones wait more often. */
#define GROUP_MAX SHARD_PREPARE_MAX

struct pipeline {
    struct shard *shard;
    struct telemetry_row *row;
    struct mapping *mapping;
    size_t n_lines;
    struct line lines[GROUP_MAX];
};

int pipeline_new(struct pipeline **ret, struct shard *shard, struct telemetry_row *row)
{
    CLEANUP(pipeline_freep) struct pipeline *pipeline = calloc(1, sizeof(*pipeline));

    if (!pipeline)
        return -ENOMEM;
    pipeline->shard = shard;
    pipeline->row = row;
    if (mapping_new(&pipeline->mapping) < 0)
        return -ENOMEM;
    *ret = TAKE(pipeline);
    return 0;
}

void pipeline_free(struct pipeline *pipeline)
{
    if (!pipeline)
        return;
    mapping_free(pipeline->mapping);
    free(pipeline);
}

static void count(struct pipeline *pipeline, unsigned counter, uint64_t n)
{
    pipeline->row->counts[counter] += n;
}

/* A key this shard does not know: work out what it means, then ask the registry. */
static enum verdict admit(struct pipeline *pipeline, const struct line *line, struct key **ret)
{
    struct identity identity;
    enum verdict verdict;

    count(pipeline, TELEMETRY_KEY_MISSES, 1);
    verdict = mapping_resolve(pipeline->mapping, line, &identity);
    if (verdict != VERDICT_APPLIED)
        return verdict;
    /* A value that cannot be recorded must not make a series. */
    verdict = sample_check(identity.type, line);
    if (verdict != VERDICT_APPLIED)
        return verdict;
    if (identity.type != SAMPLE_GAUGE && !isfinite(line->number * identity.weight))
        return REFUSED_VALUE_OVERFLOW;
    return shard_admit(pipeline->shard, line, &identity, ret);
}

static void count_applied(struct pipeline *pipeline, const struct key_facts *facts)
{
    count(pipeline, TELEMETRY_SAMPLES + facts->type, 1);
    if (UNLIKELY(facts->n_tag_errors))
        count(pipeline, TELEMETRY_TAG_ERRORS, facts->n_tag_errors);
    if (UNLIKELY(facts->n_unknown_sections))
        count(pipeline, TELEMETRY_UNKNOWN_SECTIONS, facts->n_unknown_sections);
    if (UNLIKELY(facts->has_bad_rate))
        count(pipeline, TELEMETRY_RATE_ERRORS, 1);
}

static enum verdict apply(struct pipeline *pipeline, const struct line *line)
{
    struct key *key = shard_find(pipeline->shard, line);
    const struct key_facts *facts;
    enum verdict verdict;

    if (UNLIKELY(!key)) {
        verdict = admit(pipeline, line, &key);
        if (verdict != VERDICT_APPLIED)
            return verdict;
    }
    facts = shard_key_facts(key);
    verdict = sample_check(facts->type, line);
    if (verdict == VERDICT_APPLIED)
        verdict = shard_record(pipeline->shard, key, line);
    if (verdict == VERDICT_APPLIED)
        count_applied(pipeline, facts);
    return verdict;
}

void pipeline_flush(struct pipeline *pipeline)
{
    shard_prepare(pipeline->shard, pipeline->lines, pipeline->n_lines);
    for (size_t i = 0; i < pipeline->n_lines; i++)
        count(pipeline, TELEMETRY_VERDICTS + apply(pipeline, &pipeline->lines[i]), 1);
    pipeline->n_lines = 0;
    pipeline->row->counts[TELEMETRY_KEYS] = shard_n_keys(pipeline->shard);
    pipeline->row->counts[TELEMETRY_KEY_EVICTIONS] = shard_n_evicted(pipeline->shard);
}

void pipeline_push(struct pipeline *pipeline, struct slice datagram, int64_t arrived_ns)
{
    struct slice text;

    count(pipeline, TELEMETRY_DATAGRAMS, 1);
    count(pipeline, TELEMETRY_DATAGRAM_BYTES, datagram.len);
    while (parse_next_line(&datagram, &text)) {
        struct line *line = &pipeline->lines[pipeline->n_lines];
        enum verdict verdict = parse_line(text, line);

        count(pipeline, TELEMETRY_LINES, 1);
        if (UNLIKELY(verdict != VERDICT_APPLIED)) {
            count(pipeline, TELEMETRY_VERDICTS + verdict, 1);
            continue;
        }
        line->arrived_ns = arrived_ns;
        if (++pipeline->n_lines == GROUP_MAX)
            pipeline_flush(pipeline);
    }
}
