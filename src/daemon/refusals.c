/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Refusals
 *
 * Only lines whose text was copied into the list are looked up among the sources: that bounds the
 * time that a flood takes.
 */

#include "daemon/refusals.h"

#include "base/fault.h"
#include "base/log.h"

void refusals_init(struct refusals *refusals, struct refused *list)
{
    *refusals = (struct refusals){ .list = list, .n_free = REFUSALS_BURST };
}

/* --- limits ------------------------------------------------------------------------------- */

/* When lines of @source were logged last, or NULL. */
static uint32_t *find(struct refusals *refusals, uint64_t source)
{
    for (unsigned i = 0; i < REFUSALS_SOURCES_MAX; i++)
        if (refusals->logged[i].logged_s && refusals->logged[i].source == source)
            return &refusals->logged[i].logged_s;
    return NULL;
}

static uint32_t *add(struct refusals *refusals, uint64_t source)
{
    unsigned i = refusals->next;

    refusals->next = (i + 1) % REFUSALS_SOURCES_MAX;
    refusals->logged[i].source = source;
    return &refusals->logged[i].logged_s;
}

/* Take one of the log lines that are allowed. Returns whether there was one. */
static bool take_one(struct refusals *refusals, uint32_t now_s)
{
    uint32_t more = now_s - refusals->second, most = REFUSALS_BURST;

    refusals->n_free = more < most - refusals->n_free ? refusals->n_free + more : most;
    refusals->second = now_s;
    if (refusals->n_free == 0)
        return false;
    refusals->n_free--;
    return true;
}

/* Whether a line of @source is logged at info now. */
static bool is_news(struct refusals *refusals, uint64_t source, uint32_t now_s)
{
    uint32_t *logged_s = find(refusals, source);

    if (logged_s && now_s - *logged_s < REFUSALS_PAUSE_S)
        return false;
    if (!take_one(refusals, now_s))
        return false;
    if (!logged_s)
        logged_s = add(refusals, source);
    *logged_s = now_s;
    return true;
}

/* --- logging ------------------------------------------------------------------------------ */

static struct fault fault_of(const struct refusal *refusal)
{
    return (struct fault){ refusal->reason, refusal->text, refusal->fault, refusal->treatment };
}

static void log_line(enum log_level level, const struct refusal *refusal, const struct peer *sender,
                     const char *listener)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };
    CLEANUP(buffer_deinit) struct buffer peer = { 0 };
    CLEANUP(buffer_deinit) struct buffer cause = { 0 };
    const struct fault fault = fault_of(refusal);
    struct log_field fields[7];
    size_t n = 0;

    refused_write_text(refusal->text.at, refusal->text.len, &text);
    peer_write(sender, &peer);
    fault_write(&fault, &cause);
    fields[n++] = LOG_TEXT("reason", verdict_reason(refusal->reason));
    if (cause.len)
        fields[n++] = LOG_SLICE("cause", buffer_text(&cause));
    if (text.len)
        fields[n++] = LOG_SLICE("line", buffer_text(&text));
    if (refusal->fault)
        fields[n++] = LOG_UINT("byte", (uint64_t)(refusal->fault - refusal->text.at));
    if (peer.len)
        fields[n++] = LOG_SLICE("sender", buffer_text(&peer));
    fields[n++] = LOG_TEXT("listener", listener);
    if (level == LOG_INFO)
        fields[n++] =
            LOG_TEXT("hint", "/api/v1/refused lists such lines; udometer explain says more");
    log_write(level, "line refused", fields, n);
}

void refusals_note(struct refusals *refusals, const struct refusal *refusal,
                   const struct peer *peer, const char *listener, uint32_t now_s)
{
    struct refused_line line = {
        .peer = *peer,
        .last_s = now_s,
    };
    const struct fault fault = fault_of(refusal);
    bool is_listed = refused_note(refusals->list, &line, listener, &fault);

    if (is_listed && log_has(LOG_INFO) && is_news(refusals, line.source, now_s))
        log_line(LOG_INFO, refusal, peer, listener);
    else if (log_has(LOG_DEBUG))
        log_line(LOG_DEBUG, refusal, peer, listener);
}
