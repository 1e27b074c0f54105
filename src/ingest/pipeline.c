/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Pipeline
 *
 * Lines are collected into groups that are looked up together, so that the shard waits for many
 * cache misses at once instead of one after the other. With a trace, each line is a group.
 */

#include "ingest/pipeline.h"

#include "ingest/recorder.h"
#include "input/service_check.h"

#include <errno.h>
#include <stdlib.h>

struct pipeline {
    struct recorder recorder;
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
        .dialects = options->resolve.dialects,
    };
}

int pipeline_new(struct pipeline **ret, struct shard *shard, struct telemetry_row *row,
                 const struct pipeline_options *options)
{
    CLEANUP(pipeline_freep) struct pipeline *pipeline = calloc(1, sizeof(*pipeline));

    if (!pipeline)
        return -ENOMEM;
    pipeline->has_check_gauges = options->has_check_gauges;
    pipeline->parsing = pipeline_parse_options(options);
    if (recorder_init(&pipeline->recorder, shard, row, &options->resolve) < 0)
        return -ENOMEM;
    *ret = TAKE(pipeline);
    return 0;
}

void pipeline_free(struct pipeline *pipeline)
{
    if (!pipeline)
        return;
    recorder_deinit(&pipeline->recorder);
    free(pipeline);
}

struct mapper *pipeline_exchange_mapper(struct pipeline *pipeline, struct mapper *mapper)
{
    pipeline_flush(pipeline);
    return resolve_exchange_mapper(pipeline->recorder.resolver, mapper);
}

void pipeline_set_dogstatsd(struct pipeline *pipeline, bool is_dogstatsd)
{
    pipeline->is_dogstatsd = is_dogstatsd;
}

void pipeline_set_totals(struct pipeline *pipeline, bool are_totals)
{
    pipeline_flush(pipeline);
    recorder_set_totals(&pipeline->recorder, are_totals);
}

void pipeline_set_arrivals(struct pipeline *pipeline, struct arrivals *arrivals)
{
    pipeline_flush(pipeline);
    shard_set_arrivals(pipeline->recorder.shard, arrivals);
}

void pipeline_set_trace(struct pipeline *pipeline, const struct trace *trace)
{
    pipeline_flush(pipeline);
    recorder_set_trace(&pipeline->recorder, trace);
}

void pipeline_set_sink(struct pipeline *pipeline, const struct refusal_sink *sink)
{
    pipeline->recorder.sink = sink;
}

void pipeline_set_suspects(struct pipeline *pipeline, const struct suspect_sink *sink)
{
    pipeline->recorder.suspects = sink;
}

void pipeline_set_senders(struct pipeline *pipeline, const struct senders *senders)
{
    pipeline->recorder.senders = senders;
}

void pipeline_flush(struct pipeline *pipeline)
{
    recorder_record(&pipeline->recorder, pipeline->lines, pipeline->n_lines);
    pipeline->n_lines = 0;
}

/* --- cutting ------------------------------------------------------------------------- */

/* A check is a gauge; checks are too rare to cache their keys. */
static void record_check(struct pipeline *pipeline, const struct service_check *check,
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

    recorder_record_parts(&pipeline->recorder, &parts, &line);
}

/* Record a recognised service check as a gauge, or skip it. */
static void take_check(struct pipeline *pipeline, struct slice text, int64_t arrived_ns)
{
    bool is_needed = pipeline->has_check_gauges || pipeline->recorder.trace;
    struct service_check check;
    bool is_parsed = is_needed && service_check_parse(text, &check);

    if (is_parsed)
        TRACE(pipeline->recorder.trace, on_check, &check);
    if (!is_parsed || !pipeline->has_check_gauges) {
        recorder_settle(&pipeline->recorder, SKIPPED_SERVICE_CHECK, NULL, NULL);
        return;
    }
    /* The waiting lines arrived before it. */
    pipeline_flush(pipeline);
    pipeline->recorder.text = text;
    record_check(pipeline, &check, arrived_ns);
}

/*
 * Parse a line into the next free element. Returns 1 if it must be recorded, or 0 if
 * it was refused, skipped or recorded already.
 */
static size_t take_text(struct pipeline *pipeline, struct slice text, int64_t arrived_ns)
{
    struct line *line = &pipeline->lines[pipeline->n_lines];
    enum verdict verdict = parse_line(text, &pipeline->parsing, line);

    if (verdict == VERDICT_APPLIED)
        return 1;
    telemetry_count(pipeline->recorder.row, TELEMETRY_LINES, 1);
    pipeline->recorder.text = text;
    if (verdict == SKIPPED_SERVICE_CHECK)
        take_check(pipeline, text, arrived_ns);
    else
        recorder_settle(&pipeline->recorder, verdict, verdict == SKIPPED_EVENT ? NULL : line->fault,
                        NULL);
    return 0;
}

/* Cut one line that is not usual. Returns what take_text() does, or 0 if none is left. */
NOINLINE static size_t cut_other_line(struct pipeline *pipeline, struct slice *lines,
                                      int64_t arrived_ns)
{
    struct slice text;

    if (!parse_next_line(lines, &pipeline->parsing, &text))
        return 0;
    return take_text(pipeline, text, arrived_ns);
}

/* Add the next @n elements, which have been filled in, to the lines that wait for a flush. */
static void add_lines(struct pipeline *pipeline, size_t n, int64_t arrived_ns)
{
    struct line *lines = &pipeline->lines[pipeline->n_lines];

    for (size_t i = 0; i < n; i++) {
        lines[i].arrived_ns = arrived_ns;
        lines[i].is_dogstatsd = pipeline->is_dogstatsd;
    }
    pipeline->n_lines += n;
    telemetry_count(pipeline->recorder.row, TELEMETRY_LINES, n);
}

/* Push one line at a time and record it at once. */
COLD static void push_traced(struct pipeline *pipeline, struct slice lines, int64_t arrived_ns)
{
    struct slice text;

    while (parse_next_line(&lines, &pipeline->parsing, &text)) {
        TRACE(pipeline->recorder.trace, on_line, text);
        add_lines(pipeline, take_text(pipeline, text, arrived_ns), arrived_ns);
        if (pipeline->n_lines)
            recorder_record_traced(&pipeline->recorder, &pipeline->lines[0]);
        pipeline->n_lines = 0;
        TRACE(pipeline->recorder.trace, on_line_done);
    }
}

static void push_lines(struct pipeline *pipeline, struct slice lines, int64_t arrived_ns)
{
    if (UNLIKELY(pipeline->recorder.trace)) {
        push_traced(pipeline, lines, arrived_ns);
        return;
    }
    for (;;) {
        size_t n_free = SHARD_GROUP_MAX - pipeline->n_lines;
        struct line *free_lines = &pipeline->lines[pipeline->n_lines];

        add_lines(pipeline, parse_usual_lines(&lines, &pipeline->parsing, free_lines, n_free),
                  arrived_ns);
        if (LIKELY(lines.len == 0))
            return;
        if (pipeline->n_lines == SHARD_GROUP_MAX)
            pipeline_flush(pipeline);
        else
            add_lines(pipeline, cut_other_line(pipeline, &lines, arrived_ns), arrived_ns);
    }
}

/* --- input ---------------------------------------------------------------------------- */

void pipeline_push(struct pipeline *pipeline, struct slice datagram, int64_t arrived_ns)
{
    telemetry_count(pipeline->recorder.row, TELEMETRY_DATAGRAMS, 1);
    telemetry_count(pipeline->recorder.row, TELEMETRY_DATAGRAM_BYTES, datagram.len);
    push_lines(pipeline, datagram, arrived_ns);
}

void pipeline_push_stream(struct pipeline *pipeline, struct slice lines, int64_t arrived_ns)
{
    telemetry_count(pipeline->recorder.row, TELEMETRY_STREAM_BYTES, lines.len);
    push_lines(pipeline, lines, arrived_ns);
}

void pipeline_refuse(struct pipeline *pipeline, enum verdict reason, struct slice text)
{
    telemetry_count(pipeline->recorder.row, TELEMETRY_LINES, 1);
    pipeline->recorder.text = text;
    recorder_settle(&pipeline->recorder, reason, NULL, NULL);
}
