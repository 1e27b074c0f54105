/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Intake
 *
 * The sources pass what they receive to the lane. What the lane refuses comes back, because only
 * the sources know who has sent it.
 */

#include "daemon/intake.h"

#include "base/clock.h"
#include "daemon/notices.h"
#include "daemon/refusals.h"

#include <errno.h>
#include <stdlib.h>

struct intake {
    struct intake_options options;
    struct lane lane;
    struct sources sources;
    struct notices notices;
    struct refusals refusals;
    struct refusal_sink sink;
    struct senders senders;
};

/* --- refused lines ------------------------------------------------------------------ */

static void on_refusal(void *ctx, const struct refusal *refusal)
{
    struct intake *intake = ctx;
    struct peer peer = source_current_peer(&intake->sources.shared, refusal->text);

    refusals_note(&intake->refusals, refusal, &peer,
                  source_current_listener(&intake->sources.shared), clock_seconds());
}

/* Note refused lines, unless there is no list. */
static void open_refusals(struct intake *intake)
{
    if (!intake->options.refused)
        return;
    refusals_init(&intake->refusals, intake->options.refused);
    intake->sink = (struct refusal_sink){ intake, on_refusal };
    pipeline_set_sink(intake->lane.pipeline, &intake->sink);
}

/* --- senders of running totals ------------------------------------------------------ */

static uint64_t find_sender(void *ctx, struct slice text)
{
    struct intake *intake = ctx;

    return source_current_sender(&intake->sources.shared, text);
}

/* --- receiving ---------------------------------------------------------------------- */

int intake_open(struct intake *intake, uv_loop_t *loop)
{
    const struct intake_options *options = &intake->options;
    const struct source_options source_options = {
        .loop = loop,
        .lane = &intake->lane,
        .notices = &intake->notices,
        .places = options->places,
        .seed = options->lane.shard.seed,
        .line_max = options->lane.pipeline->resolve.limits.line,
        .idle_max_ns = options->idle_max_ns,
    };
    int r;

    sources_init(&intake->sources, &source_options);
    sources_name_senders(&intake->sources,
                         mapping_has_totals(options->lane.pipeline->resolve.mapping));
    r = sources_prepare(&intake->sources, options->sockets, options->n_sockets);
    if (r == 0)
        sources_commit(&intake->sources, options->sockets, options->n_sockets);
    return r;
}

void intake_drain(struct intake *intake, int64_t end_ns)
{
    sources_drain(&intake->sources, end_ns);
}

void intake_replace(struct intake *intake, int fd, int new_fd)
{
    sources_replace(&intake->sources, fd, new_fd);
}

void intake_close(struct intake *intake)
{
    sources_close(&intake->sources);
}

struct sources *intake_sources(struct intake *intake)
{
    return &intake->sources;
}

/* --- the lane ------------------------------------------------------------------------- */

struct shard *intake_shard(struct intake *intake)
{
    return intake->lane.shard;
}

struct mapper *intake_exchange_mapper(struct intake *intake, struct mapper *mapper)
{
    sources_name_senders(&intake->sources, mapper && mapping_has_totals(mapper_mapping(mapper)));
    return lane_exchange_mapper(&intake->lane, mapper);
}

void intake_publish(struct intake *intake)
{
    intake->lane.row->counts[TELEMETRY_KEYS] = shard_n_keys(intake->lane.shard);
    telemetry_publish(intake->lane.row);
}

/* --- life ----------------------------------------------------------------------------- */

int intake_new(struct intake **ret, const struct intake_options *options)
{
    CLEANUP(intake_freep) struct intake *intake = calloc(1, sizeof(*intake));
    const struct notices_options notices_options = {
        .registry = options->lane.shard.registry,
        .row = options->lane.row,
        .worker = options->lane.shard.worker,
        .on_ended = options->on_ended,
        .ctx = options->ctx,
    };
    int r;

    if (!intake)
        return -ENOMEM;
    intake->options = *options;
    notices_init(&intake->notices, &notices_options);
    r = lane_init(&intake->lane, &options->lane);
    if (r < 0)
        return r;
    open_refusals(intake);
    intake->senders = (struct senders){ intake, find_sender };
    pipeline_set_senders(intake->lane.pipeline, &intake->senders);
    pipeline_set_suspects(intake->lane.pipeline, options->suspects);
    *ret = TAKE(intake);
    return 0;
}

void intake_free(struct intake *intake)
{
    if (!intake)
        return;
    lane_deinit(&intake->lane);
    free(intake);
}
