/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Spool
 *
 * The thread writes from the ring itself. It takes a text out only when it is written, so nothing
 * overwrites it meanwhile.
 *
 * The descriptor stays as it is. O_NONBLOCK would be simpler, but it belongs to the open file,
 * which other programs may share: the terminal of a shell, the pipe to a log reader.
 *
 * Once a text has found no room, no other is added before the ring is empty. So all that was
 * dropped in between is missing at one place, and the report of it stands there. After a failed
 * write() the report waits for the next text: until then nothing is known to have changed.
 */

#include "base/spool.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/uio.h>
#include <unistd.h>

/* Comes before each text in the ring. */
struct entry {
    int fd;
    uint32_t len;
};

/* --- the ring ------------------------------------------------------------------------------ */

/* The @len bytes from @begin on, which may continue at the beginning of the ring. */
static void find_pieces(struct spool *spool, size_t begin, size_t len, struct iovec ret[2])
{
    size_t at = begin % SPOOL_BYTES, to_end = SPOOL_BYTES - at;

    ret[0] = (struct iovec){ spool->ring + at, len < to_end ? len : to_end };
    ret[1] = (struct iovec){ spool->ring, len - ret[0].iov_len };
}

static void put(struct spool *spool, const void *bytes, size_t len)
{
    struct iovec pieces[2];

    find_pieces(spool, spool->end, len, pieces);
    memcpy(pieces[0].iov_base, bytes, pieces[0].iov_len);
    memcpy(pieces[1].iov_base, (const char *)bytes + pieces[0].iov_len, pieces[1].iov_len);
    spool->end += len;
}

static struct entry first_entry(struct spool *spool)
{
    struct entry entry;
    struct iovec pieces[2];

    find_pieces(spool, spool->begin, sizeof(entry), pieces);
    memcpy(&entry, pieces[0].iov_base, pieces[0].iov_len);
    memcpy((char *)&entry + pieces[0].iov_len, pieces[1].iov_base, pieces[1].iov_len);
    return entry;
}

static bool is_empty(const struct spool *spool)
{
    return spool->begin == spool->end;
}

static void count_dropped(struct spool *spool, int fd)
{
    if (fd != spool->fd)
        return;
    spool->n_unreported++;
    atomic_fetch_add_explicit(&spool->n_dropped, 1, memory_order_relaxed);
}

void spool_add(struct spool *spool, int fd, struct slice text)
{
    const struct entry entry = { fd, (uint32_t)text.len };
    size_t room;

    pthread_mutex_lock(&spool->lock);
    room = SPOOL_BYTES - (spool->end - spool->begin);
    if (!spool->is_full && !spool->has_ended && room >= sizeof(entry) &&
        text.len <= room - sizeof(entry)) {
        put(spool, &entry, sizeof(entry));
        put(spool, text.at, text.len);
    } else {
        spool->is_full = !is_empty(spool);
        count_dropped(spool, fd);
    }
    pthread_cond_signal(&spool->has_work);
    pthread_mutex_unlock(&spool->lock);
}

uint64_t spool_n_dropped(const struct spool *spool)
{
    return atomic_load_explicit(&spool->n_dropped, memory_order_relaxed);
}

/* --- writing --------------------------------------------------------------------------------- */

/* Take @n written bytes off @pieces. Returns whether some are left. */
static bool advance(struct iovec pieces[2], size_t n)
{
    for (unsigned i = 0; i < 2; i++) {
        size_t part = n < pieces[i].iov_len ? n : pieces[i].iov_len;

        if (part == 0) /* the second piece may have no text at all */
            continue;
        pieces[i].iov_base = (char *)pieces[i].iov_base + part;
        pieces[i].iov_len -= part;
        n -= part;
    }
    return pieces[0].iov_len > 0 || pieces[1].iov_len > 0;
}

/* Whether to try again after write() has failed, and when: now, or as soon as there is room. */
static bool may_retry(int fd, int error)
{
    struct pollfd room = { .fd = fd, .events = POLLOUT };

    if (error == EINTR)
        return true;
    /* Others may have set O_NONBLOCK. */
    return (error == EAGAIN || error == EWOULDBLOCK) && poll(&room, 1, -1) > 0;
}

/* Write all of @pieces, usually at once. On failure is_mid_line tells if a part was written. */
static bool write_all(struct spool *spool, int fd, struct iovec pieces[2])
{
    bool has_begun = false;

    for (;;) {
        ssize_t n = writev(fd, pieces, 2);

        if (n >= 0 && !advance(pieces, (size_t)n))
            return true;
        if (n <= 0 && !may_retry(fd, n < 0 ? errno : EIO)) {
            spool->is_mid_line |= has_begun && fd == spool->fd;
            return false;
        }
        has_begun |= n > 0;
    }
}

/* Say how many texts are missing here. The lock is released meanwhile. */
static void report(struct spool *spool)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };
    uint64_t n_dropped = spool->n_unreported;
    struct iovec pieces[2] = { { 0 } };
    bool is_written;

    spool->n_unreported = 0;
    pthread_mutex_unlock(&spool->lock);
    if (spool->is_mid_line)
        buffer_add_char(&out, '\n');
    spool->report(&out, n_dropped);
    pieces[0] = (struct iovec){ out.data, out.len };
    is_written = !out.has_failed && write_all(spool, spool->fd, pieces);
    if (is_written)
        spool->is_mid_line = false;
    pthread_mutex_lock(&spool->lock);
    spool->is_broken = !is_written;
    if (!is_written)
        spool->n_unreported += n_dropped;
}

static void advance_past(struct spool *spool, const struct entry *entry)
{
    spool->begin += sizeof(*entry) + entry->len;
    if (is_empty(spool))
        spool->is_full = false;
}

/* Write the first text, and take it out. The lock is released meanwhile. */
static void write_first(struct spool *spool)
{
    struct entry entry = first_entry(spool);
    bool is_ours = entry.fd == spool->fd, is_written = false;
    struct iovec pieces[2];

    if (is_ours && spool->is_broken)
        report(spool);
    if (!is_ours || !spool->is_broken) {
        find_pieces(spool, spool->begin + sizeof(entry), entry.len, pieces);
        pthread_mutex_unlock(&spool->lock);
        is_written = write_all(spool, entry.fd, pieces);
        pthread_mutex_lock(&spool->lock);
    }
    if (!is_written)
        count_dropped(spool, entry.fd);
    if (is_ours)
        spool->is_broken = !is_written;
    advance_past(spool, &entry);
}

static bool may_report(const struct spool *spool)
{
    return is_empty(spool) && spool->n_unreported > 0 && !spool->is_broken;
}

/* Returns false when all is done and the spool stops. */
static bool wait_for_work(struct spool *spool)
{
    while (is_empty(spool) && !may_report(spool)) {
        pthread_cond_broadcast(&spool->has_emptied);
        if (spool->is_stopping)
            return false;
        pthread_cond_wait(&spool->has_work, &spool->lock);
    }
    return true;
}

static void *run(void *ctx)
{
    struct spool *spool = ctx;

    pthread_mutex_lock(&spool->lock);
    while (wait_for_work(spool)) {
        if (may_report(spool))
            report(spool);
        else
            write_first(spool);
    }
    spool->has_ended = true;
    pthread_cond_broadcast(&spool->has_emptied);
    pthread_mutex_unlock(&spool->lock);
    return NULL;
}

/* --- beginning and end ----------------------------------------------------------------------- */

/* They stay for ever: a thread that cannot be waited for may add a text after spool_stop(). */
static void init_locks(struct spool *spool)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&spool->lock, NULL);
    pthread_cond_init(&spool->has_work, NULL);
    pthread_cond_init(&spool->has_emptied, &monotonic);
    pthread_condattr_destroy(&monotonic);
    spool->has_locks = true;
}

int spool_start(struct spool *spool)
{
    sigset_t all, before;
    int r;

    if (!spool->has_locks)
        init_locks(spool);
    pthread_mutex_lock(&spool->lock);
    spool->is_stopping = spool->has_ended = false;
    pthread_mutex_unlock(&spool->lock);
    /* SIGXFSZ, too: beyond a limit on the size of files, write() must fail and no more. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(&spool->thread, NULL, run, spool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -r;
}

static bool is_done(const struct spool *spool)
{
    return spool->is_stopping ? spool->has_ended : is_empty(spool) && !may_report(spool);
}

/* Wait until it is done, but not after @end_ns. Called with the lock. */
static void wait_until_done(struct spool *spool, int64_t end_ns)
{
    const struct timespec end = {
        .tv_sec = end_ns / CLOCK_NS_PER_S,
        .tv_nsec = end_ns % CLOCK_NS_PER_S,
    };
    int r = 0;

    while (!is_done(spool) && r == 0)
        r = pthread_cond_timedwait(&spool->has_emptied, &spool->lock, &end);
}

void spool_flush(struct spool *spool, int64_t end_ns)
{
    pthread_mutex_lock(&spool->lock);
    wait_until_done(spool, end_ns);
    pthread_mutex_unlock(&spool->lock);
}

bool spool_stop(struct spool *spool, int64_t end_ns)
{
    bool has_ended;

    pthread_mutex_lock(&spool->lock);
    spool->is_stopping = true;
    pthread_cond_signal(&spool->has_work);
    wait_until_done(spool, end_ns);
    has_ended = spool->has_ended;
    pthread_mutex_unlock(&spool->lock);
    if (has_ended)
        pthread_join(spool->thread, NULL);
    else
        pthread_detach(spool->thread);
    return has_ended;
}
