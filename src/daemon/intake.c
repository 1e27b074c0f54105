/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Intake
 *
 * Each socket has a reader, for datagrams or for connections, which passes bytes to callbacks;
 * all of them feed one pipeline. The pipeline counts what happens. After each batch the callbacks
 * compare the counters, to see whether others must be notified.
 */

#include "daemon/intake.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/refusals.h"
#include "input/connections.h"
#include "input/datagrams.h"

#include <errno.h>
#include <stdlib.h>

/*
 * A TCP peer that has vanished (its machine crashed, or a firewall dropped its state) is found
 * after 30 s of silence and 6 probes, a minute in all. One that is only quiet answers the probes,
 * so it stays connected.
 */
static const struct socket_keep_alive keep_alive = {
    .idle_s = 30,
    .interval_s = 5,
    .n_probes = 6,
};

/* The shortest time between two log lines about the same thing. */
#define LOG_PAUSE_NS (10 * CLOCK_NS_PER_S)

/*
 * From this many keys on, about 10 MB of memory, huge pages pay off. The first worker to
 * reach it turns them on for all.
 */
#define HUGE_PAGES_KEYS 20000

/* A socket and its reader: either datagrams or connections. */
struct source {
    struct intake *intake;
    struct intake_socket socket;
    struct datagrams *datagrams;
    struct connections *connections;
    struct arrivals arrivals;
};

struct intake {
    struct intake_options options;
    struct lane lane;
    struct refusals refusals;
    struct refusal_sink sink;
    struct senders senders;
    struct source sources[INTAKE_SOCKETS_MAX];
    unsigned n_sources;
    int64_t woken_ns;       /* when the worker woke up to receive datagrams */
    struct source *current; /* whose lines are being pushed, or wait */
    int64_t last_error_ns;
    int64_t last_conflict_ns;
    int64_t last_eviction_ns;
    uint64_t n_conflicts; /* this counter and the next, when last compared */
    uint64_t n_ended;
    uint64_t n_changes;
    bool has_huge_pages;
};

/* --- notifying others ------------------------------------------------------------- */

/* Whether @pause_ns has passed since *@last_ns; if so, set *@last_ns to now. */
static bool may_log(int64_t *last_ns, int64_t pause_ns)
{
    int64_t now_ns = clock_monotonic_ns();

    if (*last_ns && now_ns - *last_ns < pause_ns)
        return false;
    *last_ns = now_ns;
    return true;
}

static void log_conflict(struct intake *intake)
{
    struct conflict conflict;

    if (!may_log(&intake->last_conflict_ns, LOG_PAUSE_NS) ||
        !registry_latest_conflict(intake->options.lane.shard.registry, &conflict))
        return;
    log_warn("type conflict: samples are refused", LOG_TEXT("name", conflict.name),
             LOG_TEXT("sent_as", metric_type_name(conflict.wanted)),
             LOG_TEXT("held_by", conflict.held_by),
             LOG_TEXT("held_as", metric_type_name(conflict.held)),
             LOG_TEXT("hint", conflict.is_declared
                                  ? "the config declares the type; /api/v1/conflicts lists all"
                                  : "rename one of the two; /api/v1/conflicts lists all"));
}

/* After lines were applied, notify others of what has changed. */
static void tell_others(struct intake *intake)
{
    const uint64_t *counts = intake->lane.row->counts;
    uint64_t n_conflicts = counts[TELEMETRY_VERDICTS + REFUSED_TYPE_CONFLICT];

    if (UNLIKELY(n_conflicts != intake->n_conflicts))
        log_conflict(intake);
    intake->n_conflicts = n_conflicts;
    if (UNLIKELY(counts[TELEMETRY_ENDED] != intake->n_ended) && intake->options.on_ended)
        intake->options.on_ended(intake->options.ctx);
    intake->n_ended = counts[TELEMETRY_ENDED];
}

static void choose_pages(struct intake *intake)
{
    if (LIKELY(intake->has_huge_pages || shard_n_keys(intake->lane.shard) < HUGE_PAGES_KEYS))
        return;
    memory_use_huge_pages();
    intake->has_huge_pages = true;
}

/* --- refused lines ------------------------------------------------------------------ */

/* The sender of a line that @source has received. */
static struct peer peer_of(struct source *source, struct slice text)
{
    if (source->connections)
        return *connections_peer(source->connections);
    return text.len ? datagrams_peer(source->datagrams, text.at) : (struct peer){ 0 };
}

static void on_refusal(void *ctx, const struct refusal *refusal)
{
    struct intake *intake = ctx;
    struct source *source = intake->current;
    struct peer peer = peer_of(source, refusal->text);

    refusals_note(&intake->refusals, refusal, &peer, source->socket.row->listener, clock_seconds());
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
    struct source *source = intake->current;
    struct peer peer = peer_of(source, text);
    uint64_t seed = intake->options.lane.shard.seed;

    return source->socket.reading.has_senders_by_socket ? peer_hash_socket(&peer, seed)
                                                        : peer_hash_host(&peer, seed);
}

/*
 * The kernel tells the senders of all datagrams that may have running totals: as their listener
 * says, or, if @for_names, as the config says of some names.
 */
static void name_senders(struct intake *intake, bool for_names)
{
    for (unsigned i = 0; i < intake->n_sources; i++)
        if (intake->sources[i].datagrams)
            datagrams_name_all(intake->sources[i].datagrams,
                               for_names || intake->sources[i].socket.reading.has_totals);
}

/* --- sources ------------------------------------------------------------------------ */

/* From now on, what is pushed comes from @source. */
static void make_current(struct source *source)
{
    struct intake *intake = source->intake;

    if (LIKELY(intake->current == source))
        return;
    pipeline_set_arrivals(intake->lane.pipeline, &source->arrivals);
    pipeline_set_dogstatsd(intake->lane.pipeline, source->socket.reading.is_dogstatsd);
    pipeline_set_totals(intake->lane.pipeline, source->socket.reading.has_totals);
    intake->current = source;
}

/* After lines of @source, and of no other, were applied: count the changes of gauges in them. */
static void count_changes(struct source *source)
{
    struct intake *intake = source->intake;
    uint64_t n = shard_n_changes(intake->lane.shard);

    if (UNLIKELY(n != intake->n_changes))
        socket_row_count(&source->socket.row->n_changes, n - intake->n_changes);
    intake->n_changes = n;
}

/* --- receiving datagrams ------------------------------------------------------------ */

static void on_wakeup(void *ctx, enum datagrams_wakeup wakeup)
{
    struct intake *intake = ((struct source *)ctx)->intake;
    enum telemetry_counter counter =
        wakeup == DATAGRAMS_WAKEUP_POLL ? TELEMETRY_WAKEUPS_POLL : TELEMETRY_WAKEUPS_TIMER;

    telemetry_count(intake->lane.row, counter, 1);
    intake->woken_ns = clock_monotonic_ns();
}

static void on_datagram(void *ctx, struct slice datagram, int64_t arrived_ns)
{
    struct source *source = ctx;

    make_current(source);
    /* The kernel stamps only UDP, and only where it is asked to. */
    if (arrived_ns == 0)
        arrived_ns =
            source->socket.needs_arrivals ? clock_monotonic_ns() : source->intake->woken_ns;
    arrived_ns = arrivals_note(&source->arrivals, arrived_ns);
    pipeline_push(source->intake->lane.pipeline, datagram, arrived_ns);
}

static void on_cut(void *ctx, size_t n_bytes)
{
    uint64_t *counts = ((struct source *)ctx)->intake->lane.row->counts;

    counts[TELEMETRY_DATAGRAMS_CUT]++;
    counts[TELEMETRY_DATAGRAM_CUT_BYTES] += n_bytes;
}

static void on_batch_end(void *ctx, unsigned n_datagrams)
{
    struct source *source = ctx;
    struct intake *intake = source->intake;

    pipeline_flush(intake->lane.pipeline);
    count_changes(source);
    telemetry_count_batch(intake->lane.row, n_datagrams);
    socket_row_count(&source->socket.row->n_datagrams, n_datagrams);
    tell_others(intake);
    choose_pages(intake);
}

static void on_drained(void *ctx)
{
    struct intake *intake = ((struct source *)ctx)->intake;

    telemetry_publish(intake->lane.row);
}

static void on_error(void *ctx, int error)
{
    struct intake *intake = ((struct source *)ctx)->intake;

    /* One line per second is enough. */
    if (may_log(&intake->last_error_ns, CLOCK_NS_PER_S))
        log_warn("receiving failed", LOG_UINT("worker", intake->options.lane.shard.worker),
                 LOG_TEXT("error", uv_strerror(error)));
}

/* --- receiving streams ---------------------------------------------------------------- */

static void on_lines(void *ctx, struct slice lines)
{
    struct source *source = ctx;
    struct intake *intake = source->intake;

    make_current(source);
    pipeline_push_stream(intake->lane.pipeline, lines,
                         arrivals_note(&source->arrivals, clock_monotonic_ns()));
    pipeline_flush(intake->lane.pipeline);
    count_changes(source);
}

static void on_refused(void *ctx, enum verdict reason, struct slice text)
{
    struct source *source = ctx;

    make_current(source);
    pipeline_refuse(source->intake->lane.pipeline, reason, text);
}

static void on_opened(void *ctx)
{
    struct telemetry_row *row = ((struct source *)ctx)->intake->lane.row;

    row->counts[TELEMETRY_CONNECTIONS]++;
    telemetry_count(row, TELEMETRY_CONNECTIONS_OPENED, 1);
}

static void on_connection_closed(void *ctx, enum connection_end cause)
{
    struct telemetry_row *row = ((struct source *)ctx)->intake->lane.row;

    row->counts[TELEMETRY_CONNECTIONS]--;
    telemetry_count(row, TELEMETRY_CONNECTIONS_CLOSED + cause, 1);
}

static void on_evicted(void *ctx, const struct places_eviction *eviction)
{
    struct intake *intake = ((struct source *)ctx)->intake;
    CLEANUP(buffer_deinit) struct buffer peer = { 0 };

    if (!may_log(&intake->last_eviction_ns, LOG_PAUSE_NS))
        return;
    peer_write_host(&eviction->peer, &peer);
    log_warn("every connection was in use: the longest idle one of this address was closed",
             LOG_SLICE("address", buffer_text(&peer)), LOG_UINT("connections", eviction->n),
             LOG_TEXT("hint", "find out why it keeps them open, or raise --limit.connections"));
}

static void on_connection_refused(void *ctx)
{
    struct telemetry_row *row = ((struct source *)ctx)->intake->lane.row;

    telemetry_count(row, TELEMETRY_CONNECTIONS_REFUSED, 1);
}

static void on_turn_end(void *ctx)
{
    struct intake *intake = ((struct source *)ctx)->intake;

    telemetry_count(intake->lane.row, TELEMETRY_WAKEUPS_POLL, 1);
    tell_others(intake);
    choose_pages(intake);
    telemetry_publish(intake->lane.row);
}

/* --- opening and closing ------------------------------------------------------------ */

static int open_datagrams(struct source *source, uv_loop_t *loop)
{
    const struct datagrams_callbacks callbacks = {
        .ctx = source,
        .on_wakeup = on_wakeup,
        .on_datagram = on_datagram,
        .on_cut = on_cut,
        .on_batch_end = on_batch_end,
        .on_drained = on_drained,
        .on_error = on_error,
    };

    return datagrams_open(&source->datagrams, loop, source->socket.fd, &callbacks);
}

static int open_connections(struct source *source, uv_loop_t *loop)
{
    const struct intake_options *options = &source->intake->options;
    const struct connections_options connections_options = {
        .fd = source->socket.fd,
        .stream = {
            .line_max = options->lane.pipeline->resolve.limits.line,
            .may_have_frames = source->socket.may_have_frames,
        },
        .places = options->places,
        .keep_alive = keep_alive,
        .idle_max_ns = options->idle_max_ns,
        .callbacks = {
            .ctx = source,
            .on_lines = on_lines,
            .on_refused = on_refused,
            .on_opened = on_opened,
            .on_closed = on_connection_closed,
            .on_evicted = on_evicted,
            .on_connection_refused = on_connection_refused,
            .on_turn_end = on_turn_end,
        },
    };

    return connections_open(&source->connections, loop, &connections_options);
}

int intake_open(struct intake *intake, uv_loop_t *loop)
{
    int r = 0;

    for (unsigned i = 0; i < intake->options.n_sockets && r == 0; i++) {
        struct source *source = &intake->sources[i];

        *source = (struct source){ .intake = intake, .socket = intake->options.sockets[i] };
        r = source->socket.is_stream ? open_connections(source, loop)
                                     : open_datagrams(source, loop);
        intake->n_sources++;
        if (r == 0 && source->datagrams)
            datagrams_start(source->datagrams);
        else if (r == 0)
            connections_start(source->connections);
    }
    name_senders(intake, mapping_has_totals(intake->options.lane.pipeline->resolve.mapping));
    return r;
}

static void drain(struct source *source, int64_t end_ns)
{
    if (source->connections)
        connections_drain(source->connections, end_ns);
    source->intake->woken_ns = clock_monotonic_ns();
    while (source->datagrams && datagrams_drain(source->datagrams) > 0)
        if (clock_monotonic_ns() > end_ns)
            break;
}

void intake_drain(struct intake *intake, int64_t end_ns)
{
    for (unsigned i = 0; i < intake->n_sources; i++)
        drain(&intake->sources[i], end_ns);
}

void intake_replace(struct intake *intake, int fd, int new_fd)
{
    intake->woken_ns = clock_monotonic_ns();
    for (unsigned i = 0; i < intake->n_sources; i++) {
        struct source *source = &intake->sources[i];

        if (source->socket.fd != fd)
            continue;
        if (source->datagrams)
            datagrams_replace(source->datagrams, new_fd);
        else
            connections_replace(source->connections, new_fd);
    }
}

void intake_close(struct intake *intake)
{
    for (unsigned i = 0; i < intake->n_sources; i++) {
        datagrams_close(intake->sources[i].datagrams);
        connections_close(intake->sources[i].connections);
    }
}

struct shard *intake_shard(struct intake *intake)
{
    return intake->lane.shard;
}

struct mapper *intake_exchange_mapper(struct intake *intake, struct mapper *mapper)
{
    name_senders(intake, mapper && mapping_has_totals(mapper_mapping(mapper)));
    return lane_exchange_mapper(&intake->lane, mapper);
}

void intake_publish(struct intake *intake)
{
    intake->lane.row->counts[TELEMETRY_KEYS] = shard_n_keys(intake->lane.shard);
    telemetry_publish(intake->lane.row);
}

int intake_new(struct intake **ret, const struct intake_options *options)
{
    CLEANUP(intake_freep) struct intake *intake = calloc(1, sizeof(*intake));
    int r;

    if (!intake)
        return -ENOMEM;
    intake->options = *options;
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
