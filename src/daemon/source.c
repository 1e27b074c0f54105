/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Source
 *
 * Each socket has a reader, for datagrams or for connections, which passes bytes to callbacks.
 * Those of all sources feed one pipeline, which counts what happens.
 */

#include "daemon/source.h"

#include "base/clock.h"
#include "base/memory.h"
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

/*
 * From this many keys on, about 10 MB of memory, huge pages pay off. The first worker to
 * reach it turns them on for all.
 */
#define HUGE_PAGES_KEYS 20000

/* --- lines -------------------------------------------------------------------------- */

static struct pipeline *pipeline_of(const struct source *source)
{
    return source->shared->options.lane->pipeline;
}

static struct telemetry_row *row_of(void *ctx)
{
    return ((struct source *)ctx)->shared->options.lane->row;
}

/* From now on, what is pushed comes from @source. */
static void make_current(struct source *source)
{
    struct source_shared *shared = source->shared;
    struct pipeline *pipeline = shared->options.lane->pipeline;

    if (LIKELY(shared->current == source))
        return;
    pipeline_set_arrivals(pipeline, &source->arrivals);
    pipeline_set_dogstatsd(pipeline, source->socket.reading.is_dogstatsd);
    pipeline_set_totals(pipeline, source->socket.reading.has_totals);
    shared->current = source;
}

/* After lines of @source, and of no other, were applied: count the changes of gauges in them. */
static void count_changes(struct source *source)
{
    struct source_shared *shared = source->shared;
    uint64_t n = shard_n_changes(shared->options.lane->shard);

    if (UNLIKELY(n != shared->n_changes))
        socket_row_count(&source->socket.row->n_changes, n - shared->n_changes);
    shared->n_changes = n;
}

static void choose_pages(struct source_shared *shared)
{
    if (LIKELY(shared->has_huge_pages ||
               shard_n_keys(shared->options.lane->shard) < HUGE_PAGES_KEYS))
        return;
    memory_use_huge_pages();
    shared->has_huge_pages = true;
}

struct peer source_current_peer(const struct source_shared *shared, struct slice text)
{
    const struct source *source = shared->current;

    if (source->connections)
        return *connections_peer(source->connections);
    return text.len ? datagrams_peer(source->datagrams, text.at) : (struct peer){ 0 };
}

static uint64_t sender_of(const struct source_shared *shared, struct slice text)
{
    struct peer peer = source_current_peer(shared, text);

    return shared->current->socket.reading.has_senders_by_socket
               ? peer_hash_socket(&peer, shared->options.seed)
               : peer_hash_host(&peer, shared->options.seed);
}

/* The lines of a datagram have one sender, which is looked up for the first of them. */
uint64_t source_current_sender(struct source_shared *shared, struct slice text)
{
    const struct source *source = shared->current;

    if (shared->known.len > 0 && text.at >= shared->known.at &&
        text.at < shared->known.at + shared->known.len)
        return shared->sender;
    shared->known =
        source->connections ? shared->lines : datagrams_around(source->datagrams, text.at);
    shared->sender = sender_of(shared, text);
    return shared->sender;
}

const char *source_current_listener(const struct source_shared *shared)
{
    return shared->current->socket.row->listener;
}

/* --- receiving datagrams ------------------------------------------------------------ */

static void on_wakeup(void *ctx, enum datagrams_wakeup wakeup)
{
    struct source *source = ctx;
    enum telemetry_counter counter =
        wakeup == DATAGRAMS_WAKEUP_POLL ? TELEMETRY_WAKEUPS_POLL : TELEMETRY_WAKEUPS_TIMER;

    telemetry_count(row_of(ctx), counter, 1);
    source->shared->woken_ns = clock_monotonic_ns();
}

static void on_datagram(void *ctx, struct slice datagram, int64_t arrived_ns)
{
    struct source *source = ctx;

    make_current(source);
    /* The kernel stamps only UDP, and only where it is asked to. */
    if (arrived_ns == 0)
        arrived_ns =
            source->socket.needs_arrivals ? clock_monotonic_ns() : source->shared->woken_ns;
    arrived_ns = arrivals_note(&source->arrivals, arrived_ns);
    pipeline_push(pipeline_of(source), datagram, arrived_ns);
}

static void on_cut(void *ctx, size_t n_bytes)
{
    telemetry_count(row_of(ctx), TELEMETRY_DATAGRAMS_CUT, 1);
    telemetry_count(row_of(ctx), TELEMETRY_DATAGRAM_CUT_BYTES, n_bytes);
}

static void on_batch_end(void *ctx, unsigned n_datagrams)
{
    struct source *source = ctx;

    pipeline_flush(pipeline_of(source));
    source->shared->known.len = 0;
    count_changes(source);
    telemetry_count_batch(row_of(ctx), n_datagrams);
    socket_row_count(&source->socket.row->n_datagrams, n_datagrams);
    notices_after_lines(source->shared->options.notices);
    choose_pages(source->shared);
}

static void on_drained(void *ctx)
{
    telemetry_publish(row_of(ctx));
}

static void on_error(void *ctx, int error)
{
    notices_of_error(((struct source *)ctx)->shared->options.notices, error);
}

/* --- receiving streams ---------------------------------------------------------------- */

static void on_lines(void *ctx, struct slice lines)
{
    struct source *source = ctx;

    make_current(source);
    source->shared->lines = lines;
    pipeline_push_stream(pipeline_of(source), lines,
                         arrivals_note(&source->arrivals, clock_monotonic_ns()));
    pipeline_flush(pipeline_of(source));
    source->shared->known.len = 0;
    count_changes(source);
}

static void on_refused(void *ctx, enum verdict reason, struct slice text)
{
    struct source *source = ctx;

    make_current(source);
    pipeline_refuse(pipeline_of(source), reason, text);
}

static void on_opened(void *ctx)
{
    row_of(ctx)->counts[TELEMETRY_CONNECTIONS]++;
    telemetry_count(row_of(ctx), TELEMETRY_CONNECTIONS_OPENED, 1);
}

static void on_connection_closed(void *ctx, enum connection_end cause)
{
    row_of(ctx)->counts[TELEMETRY_CONNECTIONS]--;
    telemetry_count(row_of(ctx), TELEMETRY_CONNECTIONS_CLOSED + cause, 1);
}

static void on_evicted(void *ctx, const struct places_eviction *eviction)
{
    notices_of_eviction(((struct source *)ctx)->shared->options.notices, eviction);
}

static void on_connection_refused(void *ctx)
{
    telemetry_count(row_of(ctx), TELEMETRY_CONNECTIONS_REFUSED, 1);
}

static void on_turn_end(void *ctx)
{
    struct source_shared *shared = ctx;
    struct telemetry_row *row = shared->options.lane->row;

    telemetry_count(row, TELEMETRY_WAKEUPS_POLL, 1);
    notices_after_lines(shared->options.notices);
    choose_pages(shared);
    telemetry_publish(row);
}

/* --- one source ----------------------------------------------------------------------- */

/* Remove it from its list, and free it. Its reader is closed. */
static void free_source(struct source *source)
{
    struct source_shared *shared = source->shared;

    if (shared->current == source) {
        pipeline_set_arrivals(pipeline_of(source), &shared->no_arrivals);
        shared->current = NULL;
    }
    *source->link = source->next;
    if (source->next)
        source->next->link = source->link;
    socket_row_release(source->socket.row);
    free(source);
}

static void on_gone(void *ctx)
{
    free_source(ctx);
}

static int open_datagrams(struct source *source)
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

    return datagrams_open(&source->datagrams, source->shared->options.loop, source->socket.fd,
                          &callbacks);
}

static int open_connections(struct source *source)
{
    const struct source_options *options = &source->shared->options;
    const struct connections_options connections_options = {
        .fd = source->socket.fd,
        .stream = {
            .line_max = options->line_max,
            .may_have_frames = source->socket.may_have_frames,
        },
        .turn = &source->shared->turn,
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
            .on_gone = on_gone,
        },
    };

    return connections_open(&source->connections, source->shared->options.loop,
                            &connections_options);
}

int source_new(struct source **list, struct source_shared *shared,
               const struct source_socket *socket)
{
    struct source *source = calloc(1, sizeof(*source));
    int r;

    if (!source)
        return -ENOMEM;
    *source = (struct source){ .next = *list, .link = list, .shared = shared, .socket = *socket };
    if (source->next)
        source->next->link = &source->next;
    *list = source;
    socket_row_keep(socket->row);
    r = socket->is_stream ? open_connections(source) : open_datagrams(source);
    if (r < 0)
        free_source(source);
    return r;
}

void source_start(struct source *source)
{
    source->state = SOURCE_RECEIVING;
    if (source->datagrams)
        datagrams_start(source->datagrams);
    else
        connections_start(source->connections);
}

void source_name_senders(struct source *source)
{
    if (source->datagrams)
        datagrams_name_all(source->datagrams,
                           source->shared->has_totals || source->socket.reading.has_totals);
}

void source_set_reading(struct source *source, const struct pipeline_reading *reading)
{
    source->socket.reading = *reading;
    source_name_senders(source);
    /* So that the pipeline is told with the next line. */
    if (source->shared->current == source)
        source->shared->current = NULL;
}

void source_retire(struct source *source)
{
    source->state = SOURCE_RETIRING;
    if (source->connections) {
        connections_retire(source->connections);
        return;
    }
    source->shared->woken_ns = clock_monotonic_ns();
    datagrams_retire(source->datagrams);
    free_source(source);
}

void source_shared_open(struct source_shared *shared, const struct source_options *options)
{
    *shared = (struct source_shared){ .options = *options };
    turn_open(&shared->turn, options->loop, shared, on_turn_end);
}

void source_shared_close(struct source_shared *shared)
{
    turn_close(&shared->turn);
}

void source_gather(struct source *source)
{
    if (source->connections)
        connections_gather(source->connections);
}

bool source_drain(struct source *source)
{
    if (!source->datagrams)
        return false;
    source->shared->woken_ns = clock_monotonic_ns();
    return datagrams_drain(source->datagrams) > 0;
}

void source_replace(struct source *source, int new_fd)
{
    source->shared->woken_ns = clock_monotonic_ns();
    if (source->datagrams)
        datagrams_replace(source->datagrams, new_fd);
    else
        connections_replace(source->connections, new_fd);
}

void source_close(struct source *source)
{
    source->state = SOURCE_RETIRING;
    connections_close(source->connections);
    if (!source->datagrams)
        return;
    datagrams_close(source->datagrams);
    free_source(source);
}
