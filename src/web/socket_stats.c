/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Socket stats
 *
 * Sockets are opened and closed by one thread, and shown by another: a lock keeps a descriptor open
 * while it is asked for its drops. The workers only add to their rows, and never take the lock.
 */

#include "web/socket_stats.h"

#include "base/must.h"
#include "base/socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void socket_stats_init(struct socket_stats *stats)
{
    *stats = (struct socket_stats){ 0 };
    pthread_mutex_init(&stats->lock, NULL);
}

void socket_stats_deinit(struct socket_stats *stats)
{
    struct socket_row *next;

    for (struct socket_row *row = stats->first; row; row = next) {
        next = row->next;
        free(row);
    }
    pthread_mutex_destroy(&stats->lock);
}

/* --- rows ---------------------------------------------------------------------------------- */

/* Where the pointer to the row is, or to the end of the list. */
static struct socket_row **find(struct socket_stats *stats, const char *listener, unsigned worker)
{
    struct socket_row **at = &stats->first;

    while (*at && ((*at)->worker != worker || strcmp((*at)->listener, listener) != 0))
        at = &(*at)->next;
    return at;
}

/* The row, which is made if there is none; NULL without memory. */
static struct socket_row *find_or_make(struct socket_stats *stats, const char *listener,
                                       unsigned worker, bool is_stream)
{
    struct socket_row **at = find(stats, listener, worker);

    if (*at)
        return *at;
    *at = calloc(1, sizeof(**at));
    if (!*at)
        return NULL;
    snprintf((*at)->listener, sizeof((*at)->listener), "%s", listener);
    (*at)->worker = worker;
    (*at)->is_stream = is_stream;
    return *at;
}

struct socket_row *socket_stats_take(struct socket_stats *stats, const char *listener,
                                     unsigned worker, bool is_stream)
{
    struct socket_row *row;

    pthread_mutex_lock(&stats->lock);
    row = find_or_make(stats, listener, worker, is_stream);
    if (row)
        socket_row_keep(row);
    pthread_mutex_unlock(&stats->lock);
    return row;
}

void socket_row_keep(struct socket_row *row)
{
    atomic_fetch_add(&row->n_uses, 1);
}

void socket_row_release(struct socket_row *row)
{
    MUST_BE(atomic_fetch_sub(&row->n_uses, 1), >, 0u);
}

/* --- rows without a socket ----------------------------------------------------------------- */

static bool is_closed(const struct socket_row *row)
{
    return row->n_fds == 0 && !row->is_sum;
}

/* Where the pointer is to the row that lost its socket first, of those that nothing uses. */
static struct socket_row **find_oldest(struct socket_stats *stats)
{
    struct socket_row **oldest = NULL;

    for (struct socket_row **at = &stats->first; *at; at = &(*at)->next)
        if (is_closed(*at) && atomic_load(&(*at)->n_uses) == 0 &&
            (!oldest || (*at)->order < (*oldest)->order))
            oldest = at;
    return oldest;
}

/* The row that sums up others like @row, which is made if there is none; NULL without memory. */
static struct socket_row *find_sum(struct socket_stats *stats, const struct socket_row *row)
{
    char listener[SOCKET_STATS_LISTENER_MAX];
    struct socket_row *sum;

    snprintf(listener, sizeof(listener), "%.*s://(removed)", (int)strcspn(row->listener, ":"),
             row->listener);
    sum = find_or_make(stats, listener, row->worker, row->is_stream);
    if (sum)
        sum->is_sum = true;
    return sum;
}

/* Let the sum have what this row has counted, and free it. Without memory it stays. */
static void remove_row(struct socket_stats *stats, struct socket_row **at)
{
    struct socket_row *row = *at;
    struct socket_row *sum = find_sum(stats, row);

    if (!sum)
        return;
    sum->is_shown |= row->is_shown;
    sum->n_drops += row->n_drops;
    atomic_fetch_add(&sum->n_datagrams, atomic_load(&row->n_datagrams));
    atomic_fetch_add(&sum->n_changes, atomic_load(&row->n_changes));
    *at = row->next;
    free(row);
}

static unsigned count_closed(const struct socket_stats *stats)
{
    unsigned n = 0;

    for (const struct socket_row *row = stats->first; row; row = row->next)
        n += is_closed(row);
    return n;
}

/* --- sockets ------------------------------------------------------------------------------- */

void socket_stats_open(struct socket_stats *stats, struct socket_row *row, int fd)
{
    pthread_mutex_lock(&stats->lock);
    MUST_BE(row->n_fds, <, (unsigned)SOCKET_STATS_FDS_MAX);
    row->fds[row->n_fds++] = fd;
    row->is_shown = true;
    pthread_mutex_unlock(&stats->lock);
}

static void forget(struct socket_row *row, int fd)
{
    unsigned i = 0;

    while (i < row->n_fds && row->fds[i] != fd)
        i++;
    MUST_BE(i, <, row->n_fds);
    row->fds[i] = row->fds[--row->n_fds];
}

void socket_stats_close(struct socket_stats *stats, struct socket_row *row, int fd)
{
    unsigned n_too_many;
    struct socket_row **oldest;

    pthread_mutex_lock(&stats->lock);
    if (!row->is_stream)
        row->n_drops += socket_kernel_drops(fd);
    forget(row, fd);
    row->order = ++stats->n_closings;
    n_too_many = count_closed(stats);
    while (n_too_many-- > SOCKET_STATS_CLOSED_MAX && (oldest = find_oldest(stats)))
        remove_row(stats, oldest);
    pthread_mutex_unlock(&stats->lock);
}

/* --- showing ------------------------------------------------------------------------------- */

static struct socket_view view_of(const struct socket_row *row)
{
    struct socket_view view = {
        .listener = row->listener,
        .worker = row->worker,
        .is_stream = row->is_stream,
        .is_open = row->n_fds > 0,
        .n_datagrams = atomic_load_explicit(&row->n_datagrams, memory_order_relaxed),
        .n_changes = atomic_load_explicit(&row->n_changes, memory_order_relaxed),
        .n_drops = row->n_drops,
    };

    for (unsigned i = 0; i < row->n_fds && !row->is_stream; i++) {
        int bytes = socket_read_buffer(row->fds[i]);

        view.n_drops += socket_kernel_drops(row->fds[i]);
        view.buffer_bytes = i == 0 || bytes < view.buffer_bytes ? bytes : view.buffer_bytes;
    }
    return view;
}

void socket_stats_each(struct socket_stats *stats,
                       void (*show)(void *ctx, const struct socket_view *view), void *ctx)
{
    pthread_mutex_lock(&stats->lock);
    for (const struct socket_row *row = stats->first; row; row = row->next) {
        const struct socket_view view = view_of(row);

        if (row->is_shown)
            show(ctx, &view);
    }
    pthread_mutex_unlock(&stats->lock);
}
