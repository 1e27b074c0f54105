/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sources
 *
 * A source that retires stays in the list while its connections are read. Its descriptor may be
 * closed meanwhile, and its number given to another socket, so it is not found by that.
 *
 * The list is walked with the next one known, because those that end remove themselves.
 */

#include "daemon/sources.h"

#include "base/clock.h"

void sources_init(struct sources *sources, const struct source_options *options)
{
    sources->first = NULL;
    source_shared_open(&sources->shared, options);
}

static struct source *find_source(const struct sources *sources, int fd)
{
    struct source *source = sources->first;

    while (source && (source->state == SOURCE_RETIRING || source->socket.fd != fd))
        source = source->next;
    return source;
}

int sources_prepare(struct sources *sources, const struct source_socket *sockets, unsigned n)
{
    int r = 0;

    for (unsigned i = 0; i < n && r == 0; i++)
        if (!find_source(sources, sockets[i].fd))
            r = source_new(&sources->first, &sources->shared, &sockets[i]);
    return r;
}

void sources_cancel(struct sources *sources)
{
    struct source *next;

    for (struct source *source = sources->first; source; source = next) {
        next = source->next;
        if (source->state == SOURCE_READY)
            source_close(source);
    }
}

static const struct source_socket *find_socket(const struct source_socket *sockets, unsigned n,
                                               int fd)
{
    for (unsigned i = 0; i < n; i++)
        if (sockets[i].fd == fd)
            return &sockets[i];
    return NULL;
}

/* @wanted is NULL if the source is not among the sockets any more. */
static void commit(struct source *source, const struct source_socket *wanted)
{
    if (!wanted) {
        source_retire(source);
        return;
    }
    source_set_reading(source, &wanted->reading);
    if (source->state == SOURCE_READY)
        source_start(source);
}

void sources_commit(struct sources *sources, const struct source_socket *sockets, unsigned n)
{
    struct source *next;

    for (struct source *source = sources->first; source; source = next) {
        next = source->next;
        if (source->state != SOURCE_RETIRING)
            commit(source, find_socket(sockets, n, source->socket.fd));
    }
}

void sources_name_senders(struct sources *sources, bool has_totals)
{
    sources->shared.has_totals = has_totals;
    for (struct source *source = sources->first; source; source = source->next)
        source_name_senders(source);
}

/* Give each source of datagrams a turn, and all streams one. Returns whether there may be more. */
static bool drain_some(struct sources *sources, int64_t end_ns)
{
    bool has_more = false;
    int64_t now_ns;

    for (struct source *source = sources->first; source; source = source->next)
        has_more |= source_drain(source);
    now_ns = clock_monotonic_ns();
    return turn_take(&sources->shared.turn,
                     now_ns + TURN_NS < end_ns ? now_ns + TURN_NS : end_ns) ||
           has_more;
}

void sources_drain(struct sources *sources, int64_t end_ns)
{
    for (struct source *source = sources->first; source; source = source->next)
        source_gather(source);
    while (drain_some(sources, end_ns) && clock_monotonic_ns() < end_ns)
        continue;
    turn_end(&sources->shared.turn);
}

void sources_replace(struct sources *sources, int fd, int new_fd)
{
    struct source *source = find_source(sources, fd);

    if (source)
        source_replace(source, new_fd);
}

void sources_close(struct sources *sources)
{
    struct source *next;

    for (struct source *source = sources->first; source; source = next) {
        next = source->next;
        source_close(source);
    }
    source_shared_close(&sources->shared);
}
