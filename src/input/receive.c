/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Receive
 *
 * The batch owns its buffers, mapped but not touched, so that only the pages that long datagrams
 * have actually reached take memory. recvmmsg() overwrites the lengths in the
 * headers it fills. So these are set again before the next call, and only the datagrams that it
 * has returned are read.
 *
 * Kernels stamp arrivals with the real-time clock, which may jump. So a stamp is converted to
 * monotonic time when it is read, and never lies in the future. The difference between the two
 * clocks is constant except for jumps. It is measured once, as precisely as possible, and again
 * only after a jump. So the stamps of different threads agree to about 100 ns.
 *
 * The kernel takes 30 ns to tell the sender of a datagram, a tenth of what receiving and recording
 * a short one takes under load, and hardly any sender is ever asked for. So after a full batch,
 * only the first few of the next one have a sender, unless senders were asked for lately. Each time
 * that the socket is drained, this costs 2 us at most, and the senders of light traffic are all
 * known.
 *
 * Stamps are control messages. So are descriptors that a sender passes over a Unix socket: the
 * kernel would install in this process as many as there is room for. So a batch for a Unix socket
 * has no room for control messages; then the kernel drops the descriptors (unix(7), SCM_RIGHTS).
 *
 * While senders are asked for, it has room for one message, the process that has sent a datagram.
 * The kernel writes that one first (scm_recv() in its include/net/scm.h), so nothing is left for
 * descriptors; but only if the socket has the option SO_PASSCRED, which is set before each receive
 * with room.
 */

#include "input/receive.h"

#include "base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

/*
 * What the distance between buffers is more than their size. Without it, a power of two, all
 * datagrams would compete for the same few cache sets: most of 64 received ones would be evicted
 * from the cache before they are read.
 */
#define BUFFER_SHIFT (33 * (size_t)CACHE_LINE)
#define CONTROL_SIZE CMSG_SPACE(sizeof(struct timespec))
/* The room for the sender's process, and for nothing else. */
#define PROCESS_SIZE CMSG_SPACE(sizeof(struct ucred))

_Static_assert(PROCESS_SIZE <= CONTROL_SIZE, "there is room for a process");

/* A process that is not known: of a datagram that was sent before SO_PASSCRED was set. */
#define OVERFLOW_UID 65534

/* The datagrams of a batch whose senders are told although the last one was full. */
#define N_NAMED_MIN 8
/* The number of batches with all senders after one was asked for. */
#define NAMED_FILLS 1000

/* The room for the address of each sender, and for all of them. Those of UDP are shorter. */
#define NAME_SIZE sizeof(struct sockaddr_in6)
#define UNIX_NAME_SIZE sizeof(struct sockaddr_un)
#define NAMES_SIZE                                                                                 \
    (RECEIVE_BATCH_MAX * NAME_SIZE > RECEIVE_UNIX_BATCH_MAX * UNIX_NAME_SIZE                       \
         ? RECEIVE_BATCH_MAX * NAME_SIZE                                                           \
         : RECEIVE_UNIX_BATCH_MAX * UNIX_NAME_SIZE)

/* A larger change of their difference is a jump of a clock, not just a slow thread. */
#define JUMP_NS CLOCK_NS_PER_MS

struct receive_batch {
    char *buffers;
    size_t buffers_size;
    size_t datagram_max; /* bytes of a buffer */
    size_t stride;       /* from one buffer to the next */
    unsigned n_max;      /* datagrams that one call receives */
    struct mmsghdr headers[RECEIVE_BATCH_MAX];
    struct iovec vectors[RECEIVE_BATCH_MAX];
    _Alignas(struct cmsghdr) char control[RECEIVE_BATCH_MAX][CONTROL_SIZE];
    char names[NAMES_SIZE];
    socklen_t name_size;
    unsigned n_named;       /* datagrams whose senders the kernel tells: the first ones */
    unsigned n_named_fills; /* further fills with all of them */
    bool names_all;         /* all fills have all of them */
    bool is_unix;
    size_t control_size; /* the room for control messages of each datagram */
    int n_filled;        /* headers that the last fill wrote to */
    int64_t now_ns;      /* monotonic, as of the last fill with stamps */
    int64_t lead_ns;     /* real time - monotonic time */
};

static void fill_headers(struct receive_batch *batch)
{
    for (size_t i = 0; i < batch->n_max; i++) {
        batch->vectors[i] = (struct iovec){
            .iov_base = batch->buffers + i * batch->stride,
            .iov_len = batch->datagram_max,
        };
        batch->headers[i].msg_hdr = (struct msghdr){
            .msg_iov = &batch->vectors[i],
            .msg_iovlen = 1,
            .msg_control = batch->control_size ? batch->control[i] : NULL,
            .msg_controllen = batch->control_size,
        };
    }
}

/* Give each datagram this room for control messages. */
static void set_control_size(struct receive_batch *batch, size_t size)
{
    for (unsigned i = 0; i < batch->n_max && size != batch->control_size; i++) {
        batch->headers[i].msg_hdr.msg_control = size ? batch->control[i] : NULL;
        batch->headers[i].msg_hdr.msg_controllen = size;
    }
    batch->control_size = size;
}

/*
 * Let the kernel tell the processes that send to the Unix socket @fd, if @are_wanted. Without the
 * option, the room would be for descriptors.
 */
static void name_processes(struct receive_batch *batch, int fd, bool are_wanted)
{
    int on = 1;
    bool is_set = are_wanted && setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0;

    set_control_size(batch, is_set ? PROCESS_SIZE : 0);
}

/* Let the kernel tell the senders of the first @n datagrams. */
static void name_first(struct receive_batch *batch, unsigned n)
{
    for (unsigned i = 0; i < batch->n_max && n != batch->n_named; i++) {
        struct msghdr *header = &batch->headers[i].msg_hdr;

        header->msg_name = i < n ? batch->names + i * batch->name_size : NULL;
        header->msg_namelen = batch->name_size; /* ignored without a name */
    }
    batch->n_named = n;
}

/* Let the kernel tell as many senders of the next fill, from @fd, as there is time for. */
static void name_senders(struct receive_batch *batch, int fd)
{
    bool are_wanted = batch->n_named_fills > 0 || batch->names_all;
    bool was_full = (unsigned)batch->n_filled == batch->n_max;

    batch->n_named_fills -= batch->n_named_fills > 0;
    name_first(batch, are_wanted || !was_full ? batch->n_max : N_NAMED_MIN);
    if (batch->is_unix)
        name_processes(batch, fd, are_wanted);
}

int receive_batch_new(struct receive_batch **ret, bool is_unix)
{
    CLEANUP(receive_batch_freep) struct receive_batch *batch = NULL;

    batch = calloc(1, sizeof(*batch));
    if (!batch)
        return -ENOMEM;
    batch->datagram_max = is_unix ? RECEIVE_UNIX_DATAGRAM_MAX : RECEIVE_DATAGRAM_MAX;
    batch->n_max = is_unix ? RECEIVE_UNIX_BATCH_MAX : RECEIVE_BATCH_MAX;
    batch->stride = batch->datagram_max + BUFFER_SHIFT;
    batch->buffers_size = batch->n_max * batch->stride;
    batch->buffers = mmap(NULL, batch->buffers_size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (batch->buffers == MAP_FAILED) {
        batch->buffers = NULL;
        return -ENOMEM;
    }
    batch->name_size = is_unix ? UNIX_NAME_SIZE : NAME_SIZE;
    batch->is_unix = is_unix;
    batch->control_size = is_unix ? 0 : CONTROL_SIZE;
    fill_headers(batch);
    name_first(batch, batch->n_max);
    *ret = TAKE(batch);
    return 0;
}

void receive_batch_free(struct receive_batch *batch)
{
    if (!batch)
        return;
    if (batch->buffers)
        munmap(batch->buffers, batch->buffers_size);
    free(batch);
}

static void note_clocks(struct receive_batch *batch)
{
    int64_t drift_ns;

    batch->now_ns = clock_monotonic_ns();
    drift_ns = clock_realtime_ns() - batch->now_ns - batch->lead_ns;
    if (drift_ns < -JUMP_NS || drift_ns > JUMP_NS)
        batch->lead_ns = clock_lead_ns();
}

int receive_batch_fill(struct receive_batch *batch, int fd)
{
    /* MSG_TRUNC: msg_len is the length as sent, even if that exceeds the buffer. */
    int n, flags = MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC;

    name_senders(batch, fd);
    /* Only those that the last call changed: most batches are small, and all headers are 4 KB. */
    for (int i = 0; i < batch->n_filled; i++) {
        batch->headers[i].msg_hdr.msg_controllen = batch->control_size;
        batch->headers[i].msg_hdr.msg_namelen = batch->name_size;
    }
    batch->n_filled = 0;
    do {
        n = recvmmsg(fd, batch->headers, batch->n_max, flags, NULL);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
    batch->n_filled = n;
    if (n > 0 && batch->headers[0].msg_hdr.msg_controllen > 0)
        note_clocks(batch);
    return n;
}

int receive_batch_max(const struct receive_batch *batch)
{
    return (int)batch->n_max;
}

struct slice receive_batch_datagram(const struct receive_batch *batch, int i)
{
    size_t len = batch->headers[i].msg_len;

    return (struct slice){ batch->vectors[i].iov_base,
                           LIKELY(len <= batch->datagram_max) ? len : batch->datagram_max };
}

static size_t index_of(const struct receive_batch *batch, const char *at)
{
    return (size_t)(at - batch->buffers) / batch->stride;
}

struct slice receive_batch_around(const struct receive_batch *batch, const char *at)
{
    return receive_batch_datagram(batch, (int)index_of(batch, at));
}

/* Add the process that has sent a datagram from a Unix socket without a name. */
static void add_process(struct peer *peer, const struct msghdr *header)
{
    const struct cmsghdr *control = CMSG_FIRSTHDR(header);
    struct ucred process;

    if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_CREDENTIALS ||
        control->cmsg_len != CMSG_LEN(sizeof(process)))
        return;
    memcpy(&process, CMSG_DATA(control), sizeof(process));
    if (process.pid == 0 && process.uid == OVERFLOW_UID)
        return;
    peer->has_process = true;
    peer->pid = process.pid;
    peer->uid = process.uid;
}

struct peer receive_batch_peer(struct receive_batch *batch, const char *at)
{
    const struct msghdr *header = &batch->headers[index_of(batch, at)].msg_hdr;
    socklen_t len = header->msg_namelen;
    struct peer peer = { 0 };

    batch->n_named_fills = NAMED_FILLS;
    /* The kernel tells the true length, even if it had to cut the address. */
    if (header->msg_name)
        peer = peer_of_address(header->msg_name, len < batch->name_size ? len : batch->name_size);
    if (peer.len == 0)
        add_process(&peer, header);
    return peer;
}

void receive_batch_name_all(struct receive_batch *batch, int fd, bool are_wanted)
{
    batch->names_all = are_wanted;
    /* The kernel notes the process when a datagram is sent. */
    if (batch->is_unix)
        name_processes(batch, fd, are_wanted);
}

size_t receive_batch_n_cut(const struct receive_batch *batch, int i)
{
    size_t len = batch->headers[i].msg_len;

    return LIKELY(len <= batch->datagram_max) ? 0 : len - batch->datagram_max;
}

int64_t receive_batch_arrived_ns(const struct receive_batch *batch, int i)
{
    const struct msghdr *header = &batch->headers[i].msg_hdr;
    const struct cmsghdr *control = CMSG_FIRSTHDR(header);
    struct timespec stamp;
    int64_t arrived_ns;

    if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPNS)
        return 0;
    memcpy(&stamp, CMSG_DATA(control), sizeof(stamp));
    arrived_ns = stamp.tv_sec * CLOCK_NS_PER_S + stamp.tv_nsec - batch->lead_ns;
    return arrived_ns < batch->now_ns ? arrived_ns : batch->now_ns;
}

int receive_stamp_arrivals(int fd)
{
    int on = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
        return -errno;
    return 0;
}
