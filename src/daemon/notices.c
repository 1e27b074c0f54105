/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Notices
 *
 * What happened is seen by comparing counters after each batch, so nothing is looked at for each
 * line.
 */

#include "daemon/notices.h"

#include "base/clock.h"
#include "base/log.h"

#include <uv.h>

/* The shortest time between two log lines about the same thing. */
#define LOG_PAUSE_NS (10 * CLOCK_NS_PER_S)

void notices_init(struct notices *notices, const struct notices_options *options)
{
    *notices = (struct notices){ .options = *options };
}

/* Whether @pause_ns has passed since *@last_ns; if so, set *@last_ns to now. */
static bool may_log(int64_t *last_ns, int64_t pause_ns)
{
    int64_t now_ns = clock_monotonic_ns();

    if (*last_ns && now_ns - *last_ns < pause_ns)
        return false;
    *last_ns = now_ns;
    return true;
}

static void log_conflict(struct notices *notices)
{
    struct conflict conflict;

    if (!may_log(&notices->last_conflict_ns, LOG_PAUSE_NS) ||
        !registry_latest_conflict(notices->options.registry, &conflict))
        return;
    log_warn("type conflict: samples are refused", LOG_TEXT("name", conflict.name),
             LOG_TEXT("sent_as", metric_type_name(conflict.wanted)),
             LOG_TEXT("held_by", conflict.held_by),
             LOG_TEXT("held_as", metric_type_name(conflict.held)),
             LOG_TEXT("hint", conflict.is_declared
                                  ? "the config declares the type; /api/v1/conflicts lists all"
                                  : "rename one of the two; /api/v1/conflicts lists all"));
}

void notices_after_lines(struct notices *notices)
{
    const uint64_t *counts = notices->options.row->counts;
    uint64_t n_conflicts = counts[TELEMETRY_VERDICTS + REFUSED_TYPE_CONFLICT];

    if (UNLIKELY(n_conflicts != notices->n_conflicts))
        log_conflict(notices);
    notices->n_conflicts = n_conflicts;
    if (UNLIKELY(counts[TELEMETRY_ENDED] != notices->n_ended) && notices->options.on_ended)
        notices->options.on_ended(notices->options.ctx);
    notices->n_ended = counts[TELEMETRY_ENDED];
}

void notices_of_error(struct notices *notices, int error)
{
    if (may_log(&notices->last_error_ns, CLOCK_NS_PER_S))
        log_warn("receiving failed", LOG_UINT("worker", notices->options.worker),
                 LOG_TEXT("error", uv_strerror(error)));
}

void notices_of_eviction(struct notices *notices, const struct places_eviction *eviction)
{
    CLEANUP(buffer_deinit) struct buffer peer = { 0 };

    if (!may_log(&notices->last_eviction_ns, LOG_PAUSE_NS))
        return;
    peer_write_host(&eviction->peer, &peer);
    log_warn("every connection was in use: the longest idle one of this address was closed",
             LOG_SLICE("address", buffer_text(&peer)), LOG_UINT("connections", eviction->n),
             LOG_TEXT("hint", "find out why it keeps them open, or raise --limit.connections"));
}
