/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Udometer: the C client
 *
 * The idea that makes it fast: a thread writes only to its own slot, so the slot's lock is always
 * free, except while a flush takes a cell or a packet away.
 *
 *      metric  "bot.routes_total:" "|c|#status:completed\n"     text, made once, read by all
 *      slot    of a thread: a cell for each metric, and a packet
 *      cell    what was merged since the last flush: a sum, or observations
 *      packet  lines, up to the size of a datagram
 *
 * The idea that makes it harmless: no thread waits. One that finds a lock taken for longer than
 * some microseconds goes another way. If there is none, or the kernel does not accept a datagram,
 * updates are dropped and counted.
 *
 * The flusher is the background thread, or a thread that calls udom_flush(). It goes over all
 * slots, and it alone waits for their locks. It holds each for a few instructions.
 *
 * An expiry is a line in its thread's packet, so it travels with what the thread records next.
 * Everything recorded before it is sent first; and while it waits, nothing that other threads
 * record may overtake it, as the expiry would end that, too ("ending" below).
 *
 * The socket's number never changes. dup3() puts a new socket in its place, so that a thread in the
 * middle of sending never uses a closed descriptor, or worse, one of another file.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "udometer.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* The udometer's own limits. */
#define NAME_MAX_BYTES 512
#define KEY_MAX_BYTES 256
#define N_TAGS_MAX 64

#define TEXT_MAX_BYTES 1280
#define NUMBER_MAX_BYTES 26 /* "-2.2250738585072014e-308", a sign before it, a colon after it */
#define N_VALUES_MAX 16
#define CACHE_LINE 64

#define N_SERIES_MAX 65536u
#define ROW_TEXT_BYTES 128u /* usual length of a row's tags; what is shorter makes up for longer */
#define N_ENDINGS 2         /* times that a series which is no longer set is ended */
#define MARGIN_MS 1000u     /* by so much the way to the udometer may take longer than it did */

#define LOCK_TRIES 8192 /* some microseconds, enough for a holder that is running */
#define RESTS 16
#define N_ADDRESSES_MAX 16u /* addresses of a name that are tried */
#define RETRY_MS_MIN 1000u
#define RETRY_MS_MAX 32000u

/* Internal kinds, besides those of enum udom_kind. */
#define KIND_REFUSED 0
#define KIND_EXPIRE 6

/* Where an expiry waits to be sent, if not in the packet of the slot with this index. */
#define ENDING_NOWHERE (-1)
#define ENDING_WITH_FLUSHER (-2)

/* For words that many threads count and read, without ordering. */
#define LOAD(place) __atomic_load_n(place, __ATOMIC_RELAXED)
#define STORE(place, value) __atomic_store_n(place, value, __ATOMIC_RELAXED)
#define ADD(place, value) ((void)__atomic_fetch_add(place, value, __ATOMIC_RELAXED))

struct packet {
    char *text;
    size_t len;
    uint64_t n_updates; /* merged into its lines */
};

struct cell {
    uint64_t n_updates;          /* 0: nothing to send. Also read without the lock */
    double values[N_VALUES_MAX]; /* for a counter, the first one is the sum */
};

#define USED_TO_SET 1
#define USED_TO_ADD 2

enum slot_state { SLOT_UNUSED, SLOT_TAKEN, SLOT_FREE_AGAIN };

struct slot {
    int lock;
    int state;
    uint64_t random;
    uint64_t n_unsampled;
    struct packet packet;
    struct cell *cells; /* one for each metric that can be prepared */
} __attribute__((aligned(CACHE_LINE)));

/* Gauges are not merged per thread, as it would be lost which value was the last one. */
struct gauge {
    int lock;
    int uses;    /* USED_TO_…, ever */
    bool is_set; /* false: only added to */
    uint64_t n_updates;
    double value;
};

/*
 *      bot.routes_total:|c|@0.1|#status:completed\n
 *                       ^ value_at     (the value belongs here)
 *                               ^ tags_at         ^ len
 */
struct udom_metric {
    struct udom *client;
    int kind;
    int index;          /* of its cells; -1: each update is a line */
    uint64_t threshold; /* random numbers up to here are sent */
    size_t n_values_max;
    size_t value_at, tags_at, len;
    unsigned n_tags;
    bool has_lost_tag;
    struct gauge gauge;
    char text[TEXT_MAX_BYTES];
};

/* A series of a family. */
struct row {
    uint64_t hash, n_updates;
    double value;
    unsigned text_at, len; /* its tags, among the texts */
    unsigned next;         /* index + 1 of the next row in its bucket; 0: it is the last */
    bool is_set;           /* by the replacement that was begun last */
    unsigned n_endings;    /* times that it is to be ended yet; 0: it was not sent */
};

/*
 * A gauge whose series are replaced together. The rows are its series of the latest replacement,
 * and those that ended with it. A series is ended twice, in two replacements, as the first time may
 * be lost. So there is room for the rows of three replacements.
 */
struct udom_family {
    struct udom_family *next;
    struct udom_metric metric; /* name and tags of all series */
    pthread_mutex_t lock;
    unsigned n_series_max, n_rows_max;
    bool is_replacing;
    uint64_t sweep_ms;      /* a replacement from then on ends what an earlier process has left */
    unsigned n_rows, n_set; /* in all, and by this replacement */
    struct row *rows;       /* in the order of their texts */
    unsigned *buckets;      /* by hash: index + 1 of a first row */
    size_t texts_len;
    char *texts;
};

/* In the same order as the table of their names. */
#define N_TELEMETRY (sizeof(struct udom_stats) / sizeof(uint64_t))

struct telemetry {
    struct udom_metric metric;
    uint64_t last; /* the count that was sent last */
    bool is_known; /* to the udometer */
};

struct udom {
    struct udom *next; /* in the list of all clients */
    unsigned flags, flush_ms, resolve_ms, packet_bytes, n_metrics_max, n_slots;
    bool is_off; /* while it is opened; then switched_off is used in its place */

    /* Parts of every metric. */
    char prefix[NAME_MAX_BYTES + 1];
    struct udom_metric constant; /* its text is the constant tags */
    struct udom_metric refusing; /* returned if a metric cannot be prepared */

    /* Metrics: added under the lock, published by their number, never changed. */
    pthread_mutex_t metrics_lock;
    struct udom_metric *metrics;
    unsigned n_metrics;
    struct udom_family *families;

    pthread_key_t key;  /* a thread's slot */
    struct slot *slots; /* the first one is for all threads without one */
    int ending;         /* index of the slot whose packet has an expiry, or ENDING_… */
    struct cell *cells;
    char *packets;
    struct udom_stats counts; /* without unsampled, which the slots count */

    /* Flushing: one at a time. */
    pthread_mutex_t flush_lock;
    struct packet packet; /* lines made of the slots' cells and of gauges */
    struct packet spare;  /* put into a slot in place of the packet that is sent */
    struct telemetry *telemetry;

    /* The server. Only the flusher uses this, once the client is open. */
    bool is_unix;
    char host[256], port[6];
    struct sockaddr_un path;
    socklen_t path_len;
    unsigned first_address; /* which of a name's addresses is tried first */
    uint64_t retry_at_ms, resolve_at_ms, retry_ms;
    int fd;             /* -1 until there was a socket */
    int is_unreachable; /* set by a thread that fails to send */
    int n_rests;        /* full packets left to drop untried */

    pthread_t thread;
    bool has_thread;
    int thread_is_due; /* in the child of a fork */
    pthread_mutex_t thread_lock;
    pthread_cond_t stopping;
    bool is_stopping;
};

/* The client of all who ask for none: its memory is not used. */
static struct udom switched_off;

/* Returns NULL if there is nothing to do for @client. */
static inline struct udom *unless_off(struct udom *client)
{
    return client == &switched_off ? NULL : client;
}

/* --- locks ----------------------------------------------------------------------------------- */

static bool lock_again(int *lock)
{
    for (int i = 0; i < LOCK_TRIES; i++)
        if (!LOAD(lock) && !__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
            return true;
    return false;
}

/* For threads that record. Returns false if the lock did not become free in time. */
static inline bool lock_briefly(int *lock)
{
    return !__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) || lock_again(lock);
}

/* For the flusher. */
static void lock_patiently(int *lock)
{
    while (!lock_briefly(lock))
        sched_yield();
}

static inline void unlock(int *lock)
{
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

/* --- numbers --------------------------------------------------------------------------------- */

/* Write @scaled, whose last @decimals digits come after the point. Begins with the last digit. */
static size_t write_decimal(char *out, uint64_t scaled, int decimals)
{
    char text[NUMBER_MAX_BYTES], *end = text + sizeof(text), *at = end;

    for (; decimals > 0 && scaled % 10 == 0; decimals--)
        scaled /= 10;
    do {
        *--at = (char)('0' + scaled % 10);
        scaled /= 10;
        if (--decimals == 0)
            *--at = '.';
    } while (scaled > 0 || decimals >= 0);
    memcpy(out, at, (size_t)(end - at));
    return (size_t)(end - at);
}

/* Write as many digits as any double may need. In a locale, the point may be any bytes. */
static size_t write_all_digits(char *out, double number)
{
    char text[64];
    bool has_point = false;
    size_t len = 0;

    snprintf(text, sizeof(text), "%.17g", number);
    for (const char *at = text; *at; at++) {
        bool is_plain = strchr("0123456789e+-", *at) != NULL;

        if (is_plain || !has_point)
            out[len++] = is_plain ? *at : '.';
        has_point |= !is_plain;
    }
    return len;
}

/*
 * Write a finite number so that reading it gives the same double; 0 has no sign. A double that is
 * the quotient of two whole numbers below 2^53 is the nearest one to the decimal number with these
 * digits, so the division proves the digits right.
 */
static size_t write_number(char *out, double number)
{
    static const double SCALES[] = { 1, 1e3, 1e6, 1e9 };
    const double exact_max = 9007199254740992.0;
    double positive = number < 0 ? -number : number;
    size_t len = 0;

    if (number < 0)
        out[len++] = '-';
    for (int i = 0; i < 4 && positive * SCALES[i] < exact_max; i++) {
        uint64_t scaled = (uint64_t)(positive * SCALES[i] + 0.5);

        if ((double)scaled / SCALES[i] == positive)
            return len + write_decimal(out + len, scaled, 3 * i);
    }
    return len + write_all_digits(out + len, positive);
}

/* --- packets --------------------------------------------------------------------------------- */

/* Does @error mean that there is too much to send, not that nothing listens? */
static bool is_congestion(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS || error == ENOMEM ||
           error == EINTR;
}

/* Count a packet of which @n bytes were sent (negative: it was dropped), and empty it. */
static void packet_end(struct udom *client, struct packet *packet, ssize_t n)
{
    struct udom_stats *counts = &client->counts;

    ADD(n < 0 ? &counts->datagrams_dropped : &counts->datagrams_sent, 1);
    ADD(n < 0 ? &counts->dropped : &counts->sent, packet->n_updates);
    ADD(&counts->bytes_sent, n < 0 ? 0 : (uint64_t)n);
    packet->len = 0;
    packet->n_updates = 0;
}

/* Send @packet unless it is empty, and empty it. Returns false if it was dropped. */
static bool packet_send(struct udom *client, struct packet *packet)
{
    int error = errno;
    ssize_t n;

    if (packet->len == 0)
        return true;
    n = send(LOAD(&client->fd), packet->text, packet->len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && !is_congestion(errno)) {
        STORE(&client->is_unreachable, 1);
        STORE(&client->n_rests, RESTS);
    }
    packet_end(client, packet, n);
    errno = error;
    return n >= 0;
}

/* --- packets that must be sent in order ------------------------------------------------------ */

static int ending_of(const struct udom *client)
{
    return __atomic_load_n(&client->ending, __ATOMIC_ACQUIRE);
}

static void set_ending(struct udom *client, int ending)
{
    __atomic_store_n(&client->ending, ending, __ATOMIC_RELEASE);
}

/* Is it in @packet that the expiry waits, of which ending_of() is @ending? */
static bool is_ending_in(const struct udom *client, const struct packet *packet, int ending)
{
    if (ending == ENDING_WITH_FLUSHER)
        return packet == &client->packet;
    return ending != ENDING_NOWHERE && packet == &client->slots[ending].packet;
}

/*
 * Send the expiry that waits in another slot's packet, or wait until the flusher has sent it.
 * Returns false if that took too long.
 */
static bool send_ending_first(struct udom *client, int ending)
{
    if (ending != ENDING_WITH_FLUSHER) {
        struct slot *slot = &client->slots[ending];

        if (!lock_briefly(&slot->lock))
            return false;
        if (ending_of(client) == ending) {
            packet_send(client, &slot->packet);
            set_ending(client, ENDING_NOWHERE);
        }
        unlock(&slot->lock);
    }
    for (int i = 0; i < LOCK_TRIES; i++)
        if (ending_of(client) != ENDING_WITH_FLUSHER)
            return true;
    return false;
}

/*
 * Send a packet to which a line does not fit. Sending when nothing listens costs the kernel more
 * than everything else here, so after a failure the next full packets are dropped untried. So is
 * one that would overtake an expiry.
 */
static void packet_send_full(struct udom *client, struct packet *packet)
{
    int ending = ending_of(client), n_rests = LOAD(&client->n_rests);
    bool is_ending = is_ending_in(client, packet, ending);
    bool may_go = is_ending || ending == ENDING_NOWHERE || send_ending_first(client, ending);

    if (n_rests > 0)
        STORE(&client->n_rests, n_rests - 1);
    if (n_rests > 0 || !may_go)
        packet_end(client, packet, -1);
    else
        packet_send(client, packet);
    if (is_ending)
        set_ending(client, ENDING_NOWHERE);
}

/* Reserve @len bytes, which must fit into one packet. */
static inline void packet_reserve(struct udom *client, struct packet *packet, size_t len)
{
    if (packet->len + len > client->packet_bytes)
        packet_send_full(client, packet);
}

/* --- packets: their lines -------------------------------------------------------------------- */

/* Append a line, for which there must be room. Returns where its value is. */
static inline char *packet_append(struct packet *packet, const struct udom_metric *metric,
                                  const char *value, size_t len)
{
    char *at = packet->text + packet->len;

    memcpy(at, metric->text, metric->value_at);
    memcpy(at + metric->value_at, value, len);
    memcpy(at + metric->value_at + len, metric->text + metric->value_at,
           metric->len - metric->value_at);
    packet->len += metric->len + len;
    return at + metric->value_at;
}

static void packet_number(struct packet *packet, struct udom_metric *metric, double number,
                          uint64_t n_updates)
{
    char value[NUMBER_MAX_BYTES];
    size_t len = write_number(value, number);

    packet_reserve(metric->client, packet, metric->len + len);
    packet_append(packet, metric, value, len);
    packet->n_updates += n_updates;
}

/* A sign means to add to a gauge, so a value below zero is sent after a 0. */
static void packet_gauge(struct packet *packet, struct udom_metric *metric, double number,
                         bool is_set, uint64_t n_updates)
{
    char value[NUMBER_MAX_BYTES];
    size_t len = 0;

    if (!is_set && !(number < 0))
        value[len++] = '+';
    len += write_number(value + len, number);
    if (is_set && number < 0) {
        packet_reserve(metric->client, packet, 2 * metric->len + 1 + len);
        packet_append(packet, metric, "0", 1);
    }
    packet_reserve(metric->client, packet, metric->len + len);
    packet_append(packet, metric, value, len);
    packet->n_updates += n_updates;
}

/* Put a cell into the packet as one line, and empty the cell. */
static void packet_cell(struct packet *packet, struct udom_metric *metric, struct cell *cell)
{
    char values[N_VALUES_MAX * NUMBER_MAX_BYTES];
    size_t n_values = metric->kind == UDOM_COUNTER ? 1 : (size_t)cell->n_updates;
    size_t len = 0;

    for (size_t i = 0; i < n_values; i++) {
        if (i > 0)
            values[len++] = ':';
        len += write_number(values + len, cell->values[i]);
    }
    packet_reserve(metric->client, packet, metric->len + len);
    packet_append(packet, metric, values, len);
    packet->n_updates += cell->n_updates;
    cell->values[0] = 0;
    STORE(&cell->n_updates, 0);
}

/* --- text: from the caller's to the wire's --------------------------------------------------- */

enum field { FIELD_NAME, FIELD_VALUE }; /* FIELD_NAME also means a key */

static bool is_forbidden(unsigned char byte, enum field field)
{
    switch (byte) {
    case '|':
    case ',': return true;
    case ' ':
    case ':':
    case '#':
    case '@':
    case '[':
    case ']':
    case '{': return field == FIELD_NAME;
    default: return byte < 0x20 || byte == 0x7F;
    }
}

/* The number of bytes of the UTF-8 character at @at; 0 if it is not one. */
static size_t character_length(const unsigned char *at)
{
    size_t n = at[0] < 0x80 ? 1 : at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    bool is_overlong = (at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xF0 && at[1] < 0x90);
    bool is_surrogate = at[0] == 0xED && at[1] > 0x9F;
    bool is_beyond = at[0] > 0xF4 || (at[0] == 0xF4 && at[1] > 0x8F);

    if (is_overlong || is_surrogate || is_beyond)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((at[i] & 0xC0) != 0x80) /* true for the NUL, too */
            return 0;
    return n;
}

/* Each put function returns whether there was room. */
static bool put(struct udom_metric *metric, const char *bytes, size_t len)
{
    if (len > sizeof(metric->text) - metric->len)
        return false;
    memcpy(metric->text + metric->len, bytes, len);
    metric->len += len;
    return true;
}

/* Put @text, with "_" for each byte that would break a line. At most @max bytes have room. */
static bool put_clean(struct udom_metric *metric, const char *text, enum field field, size_t max)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t begin = metric->len;

    while (*at) {
        size_t n = character_length(at);
        bool is_good = n > 0 && !is_forbidden(*at, field);

        if (!is_good)
            n = 1;
        if (metric->len + n - begin > max || !put(metric, is_good ? (const char *)at : "_", n))
            return false;
        at += n;
    }
    /* The udometer ignores blanks at a line's end. */
    if (metric->len > begin && metric->text[metric->len - 1] == ' ')
        metric->text[metric->len - 1] = '_';
    return true;
}

static bool put_name(struct udom_metric *metric, const char *prefix, const char *name)
{
    return name && *name && put_clean(metric, prefix, FIELD_NAME, NAME_MAX_BYTES) &&
           put_clean(metric, name, FIELD_NAME, NAME_MAX_BYTES - metric->len) && put(metric, ":", 1);
}

static bool put_type(struct udom_metric *metric, double rate)
{
    static const char *const TYPES[] = { "", "|c", "|g", "|ms", "|h", "|s", "|x" };
    char text[NUMBER_MAX_BYTES];

    metric->value_at = metric->len;
    if (!put(metric, TYPES[metric->kind], strlen(TYPES[metric->kind])))
        return false;
    return rate == 1 || (put(metric, "|@", 2) && put(metric, text, write_number(text, rate)));
}

static bool put_tag(struct udom_metric *metric, const char *key, const char *value)
{
    bool is_first = metric->n_tags == 0;

    if (!*key || !value || !*value) {
        metric->has_lost_tag = true;
        return true;
    }
    return ++metric->n_tags <= N_TAGS_MAX && put(metric, is_first ? "|#" : ",", is_first ? 2 : 1) &&
           put_clean(metric, key, FIELD_NAME, KEY_MAX_BYTES) && put(metric, ":", 1) &&
           put_clean(metric, value, FIELD_VALUE, TEXT_MAX_BYTES);
}

/* Put the caller's tags, and the end of the line. */
static bool put_last_tags(struct udom_metric *metric, va_list tags)
{
    const char *key, *value = "";

    while (value && (key = va_arg(tags, const char *)) != NULL) {
        value = va_arg(tags, const char *);
        if (!put_tag(metric, key, value))
            return false;
    }
    return put(metric, "\n", 1);
}

static bool put_constant_tags(struct udom_metric *metric)
{
    const struct udom_metric *constant = &metric->client->constant;

    metric->tags_at = metric->len;
    metric->n_tags = constant->n_tags;
    return put(metric, constant->text, constant->len);
}

/* --- metrics --------------------------------------------------------------------------------- */

/* All but the text, which is large. */
static void metric_init(struct udom_metric *metric, struct udom *client, int kind)
{
    memset(metric, 0, offsetof(struct udom_metric, text));
    metric->client = client;
    metric->kind = kind;
    metric->index = -1;
    metric->threshold = UINT64_MAX;
}

/* The number of values that one of its lines can pack; 0: it is too long for a packet. */
static size_t values_per_line(const struct udom_metric *metric)
{
    size_t room = metric->client->packet_bytes - NUMBER_MAX_BYTES;
    size_t n = metric->len > room ? 0 : (room - metric->len) / NUMBER_MAX_BYTES + 1;

    return n < N_VALUES_MAX ? n : N_VALUES_MAX;
}

/* Give a metric its text. If that fails, the metric refuses all updates. */
static void metric_describe(struct udom_metric *metric, const char *name, double rate, va_list tags)
{
    bool has_text = put_name(metric, metric->client->prefix, name) && put_type(metric, rate) &&
                    put_constant_tags(metric) && put_last_tags(metric, tags);

    metric->n_values_max = has_text ? values_per_line(metric) : 0;
    if (metric->n_values_max == 0)
        metric->kind = KIND_REFUSED;
}

/* Can the metric be sampled, and is @rate a rate? */
static bool is_sampled(const struct udom_metric *metric, double rate)
{
    bool is_summed = metric->kind == UDOM_COUNTER && !(metric->client->flags & UDOM_NO_AGGREGATION);
    bool is_counted = metric->kind == UDOM_COUNTER || metric->kind == UDOM_TIMING ||
                      metric->kind == UDOM_HISTOGRAM;

    return is_counted && !is_summed && rate >= 1e-9 && rate < 1;
}

static bool is_same(const struct udom_metric *a, const struct udom_metric *b)
{
    return a->kind == b->kind && a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

static struct udom_metric *metric_find(struct udom *client, const struct udom_metric *wanted)
{
    for (unsigned i = 0; i < client->n_metrics; i++)
        if (is_same(&client->metrics[i], wanted))
            return &client->metrics[i];
    return NULL;
}

static struct udom_metric *metric_add(struct udom *client, const struct udom_metric *wanted)
{
    bool is_merged = !(client->flags & UDOM_NO_AGGREGATION) && wanted->kind != UDOM_SET;
    struct udom_metric *metric = metric_find(client, wanted);

    if (metric)
        return metric;
    if (wanted->kind == KIND_REFUSED || client->n_metrics == client->n_metrics_max)
        return &client->refusing;
    metric = &client->metrics[client->n_metrics];
    *metric = *wanted;
    metric->index = is_merged ? (int)client->n_metrics : -1;
    __atomic_store_n(&client->n_metrics, client->n_metrics + 1, __ATOMIC_RELEASE);
    return metric;
}

struct udom_metric *(udom_metric_sampled)(struct udom *client, enum udom_kind kind, double rate,
                                          const char *name, ...)
{
    struct udom_metric wanted, *metric;
    va_list tags;

    if (!unless_off(client))
        return NULL;
    if (kind < UDOM_COUNTER || kind > UDOM_SET)
        return &client->refusing;
    metric_init(&wanted, client, (int)kind);
    if (is_sampled(&wanted, rate))
        wanted.threshold = (uint64_t)(rate * 18446744073709551616.0);
    else
        rate = 1;
    va_start(tags, name);
    metric_describe(&wanted, name, rate, tags);
    va_end(tags);
    pthread_mutex_lock(&client->metrics_lock);
    metric = metric_add(client, &wanted);
    pthread_mutex_unlock(&client->metrics_lock);
    return metric;
}

/* --- slots ----------------------------------------------------------------------------------- */

static void thread_start_after_fork(struct udom *client);

/* A thread's first update. */
static struct slot *slot_claim(struct udom *client)
{
    struct slot *shared = client->slots, *slot = shared;

    thread_start_after_fork(client);
    for (unsigned i = 1; i < client->n_slots && slot == shared; i++) {
        int *state = &client->slots[i].state;

        if (LOAD(state) != SLOT_TAKEN &&
            __atomic_exchange_n(state, SLOT_TAKEN, __ATOMIC_ACQ_REL) != SLOT_TAKEN)
            slot = &client->slots[i];
    }
    if (pthread_setspecific(client->key, slot) != 0 && slot != shared) {
        STORE(&slot->state, SLOT_FREE_AGAIN);
        slot = shared;
    }
    return slot;
}

static inline struct slot *slot_of_thread(struct udom *client)
{
    struct slot *slot = pthread_getspecific(client->key);

    return slot ? slot : slot_claim(client);
}

/* Returns the slot of this thread, locked, or NULL: the update is dropped. */
static inline struct slot *slot_enter(struct udom *client)
{
    struct slot *slot = slot_of_thread(client);

    if (lock_briefly(&slot->lock))
        return slot;
    /* The flusher was preempted in there, or a signal handler has interrupted this thread. */
    slot = client->slots;
    if (lock_briefly(&slot->lock))
        return slot;
    ADD(&client->counts.dropped, 1);
    return NULL;
}

/* Is this update to be sent? (The generator is Vigna's xorshift64*.) */
static inline bool slot_draw(struct slot *slot, const struct udom_metric *metric)
{
    uint64_t x = slot->random;

    if (metric->threshold == UINT64_MAX)
        return true;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    slot->random = x;
    if (x * UINT64_C(2685821657736338717) <= metric->threshold)
        return true;
    STORE(&slot->n_unsampled, slot->n_unsampled + 1);
    return false;
}

/* --- recording ------------------------------------------------------------------------------- */

static inline bool accepts(struct udom_metric *metric, enum udom_kind kind, bool is_good)
{
    if (!metric || !metric->client)
        return false;
    if (metric->kind == (int)kind && is_good)
        return true;
    ADD(&metric->client->counts.refused, 1);
    return false;
}

/* Returns the locked slot in which to record the update, or NULL: it is refused or dropped. */
static inline struct slot *metric_enter(struct udom_metric *metric, enum udom_kind kind,
                                        bool is_good)
{
    return accepts(metric, kind, is_good) ? slot_enter(metric->client) : NULL;
}

static inline void slot_sum(struct slot *slot, struct udom_metric *metric, double value)
{
    struct cell *cell = &slot->cells[metric->index];

    if (!isfinite(cell->values[0] + value))
        packet_cell(&slot->packet, metric, cell);
    cell->values[0] += value;
    STORE(&cell->n_updates, cell->n_updates + 1);
}

static inline void slot_collect(struct slot *slot, struct udom_metric *metric, double value)
{
    struct cell *cell = &slot->cells[metric->index];

    cell->values[cell->n_updates] = value;
    STORE(&cell->n_updates, cell->n_updates + 1);
    if (cell->n_updates == metric->n_values_max)
        packet_cell(&slot->packet, metric, cell);
}

void udom_metric_count(struct udom_metric *metric, double value)
{
    struct slot *slot = metric_enter(metric, UDOM_COUNTER, value >= 0 && isfinite(value));

    if (!slot)
        return;
    if (metric->index >= 0)
        slot_sum(slot, metric, value);
    else if (slot_draw(slot, metric))
        packet_number(&slot->packet, metric, value, 1);
    unlock(&slot->lock);
}

static void observe(struct udom_metric *metric, enum udom_kind kind, double value)
{
    struct slot *slot = metric_enter(metric, kind, isfinite(value));

    if (!slot)
        return;
    if (slot_draw(slot, metric)) {
        if (metric->index >= 0)
            slot_collect(slot, metric, value);
        else
            packet_number(&slot->packet, metric, value, 1);
    }
    unlock(&slot->lock);
}

void udom_metric_timing_ms(struct udom_metric *metric, double value)
{
    observe(metric, UDOM_TIMING, value);
}

void udom_metric_observe(struct udom_metric *metric, double value)
{
    observe(metric, UDOM_HISTOGRAM, value);
}

static inline void gauge_note_use(struct gauge *gauge, bool is_set)
{
    int use = is_set ? USED_TO_SET : USED_TO_ADD;

    if (!(LOAD(&gauge->uses) & use))
        __atomic_fetch_or(&gauge->uses, use, __ATOMIC_RELAXED);
}

/* Returns false if the gauge's lock is held for too long. */
static bool gauge_merge(struct udom_metric *metric, double value, bool is_set)
{
    struct gauge *gauge = &metric->gauge;
    double merged;

    gauge_note_use(gauge, is_set);
    if (!lock_briefly(&gauge->lock))
        return false;
    merged = is_set ? value : gauge->value + value;
    if (isfinite(merged)) {
        gauge->value = merged;
        gauge->is_set |= is_set;
        STORE(&gauge->n_updates, gauge->n_updates + 1);
    } else {
        ADD(&metric->client->counts.refused, 1);
    }
    unlock(&gauge->lock);
    return true;
}

static void gauge_append(struct udom_metric *metric, double value, bool is_set)
{
    struct slot *slot = slot_enter(metric->client);

    if (!slot)
        return;
    packet_gauge(&slot->packet, metric, value, is_set, 1);
    unlock(&slot->lock);
}

/*
 * If merging would have to wait, send a line of its own instead: it is sent before what is merged,
 * as if the thread that is merging had come later. That is wrong if some threads set the gauge and
 * some add to it, as a value that was set earlier but is sent later would undo it.
 */
static void change_gauge(struct udom_metric *metric, double value, bool is_set)
{
    if (!accepts(metric, UDOM_GAUGE, isfinite(value)))
        return;
    if (metric->index >= 0 && gauge_merge(metric, value, is_set))
        return;
    if (LOAD(&metric->gauge.uses) == (USED_TO_SET | USED_TO_ADD))
        ADD(&metric->client->counts.dropped, 1);
    else
        gauge_append(metric, value, is_set);
}

void udom_metric_gauge(struct udom_metric *metric, double value)
{
    change_gauge(metric, value, true);
}

void udom_metric_gauge_add(struct udom_metric *metric, double value)
{
    change_gauge(metric, value, false);
}

static void clean_member(char *member, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (member[i] == '|' || member[i] == '\n')
            member[i] = '_';
}

void udom_metric_set(struct udom_metric *metric, const char *member)
{
    struct slot *slot;
    size_t len, room;

    if (!accepts(metric, UDOM_SET, member && *member))
        return;
    room = metric->client->packet_bytes - metric->len;
    len = strnlen(member, room + 1);
    slot = metric_enter(metric, UDOM_SET, len <= room);
    if (!slot)
        return;
    packet_reserve(metric->client, &slot->packet, metric->len + len);
    clean_member(packet_append(&slot->packet, metric, member, len), len);
    slot->packet.n_updates++;
    unlock(&slot->lock);
}

/* --- recording, the short way: with a metric that lives as long as the call ------------------ */

static void metric_once(struct udom_metric *metric, struct udom *client, int kind, const char *name,
                        va_list tags)
{
    metric_init(metric, unless_off(client), kind);
    if (metric->client)
        metric_describe(metric, name, 1, tags);
}

/*
 * Define udom_@update(), which does once what udom_metric_@update() does. A name in parentheses is
 * not the macro in the header that ends the tags, here and below.
 */
#define DEFINE_ONCE(update, kind, type)                                                            \
    void(udom_##update)(struct udom * client, const char *name, type value, ...)                   \
    {                                                                                              \
        struct udom_metric metric;                                                                 \
        va_list tags;                                                                              \
                                                                                                   \
        va_start(tags, value);                                                                     \
        metric_once(&metric, client, kind, name, tags);                                            \
        va_end(tags);                                                                              \
        udom_metric_##update(&metric, value);                                                      \
    }

DEFINE_ONCE(count, UDOM_COUNTER, double)
DEFINE_ONCE(gauge, UDOM_GAUGE, double)
DEFINE_ONCE(gauge_add, UDOM_GAUGE, double)
DEFINE_ONCE(timing_ms, UDOM_TIMING, double)
DEFINE_ONCE(observe, UDOM_HISTOGRAM, double)
DEFINE_ONCE(set, UDOM_SET, const char *)

/* --- flushing -------------------------------------------------------------------------------- */

static void flush_cells(struct udom *client, struct slot *slot)
{
    unsigned n_metrics = __atomic_load_n(&client->n_metrics, __ATOMIC_ACQUIRE);

    for (unsigned i = 0; i < n_metrics; i++) {
        struct cell *cell = &slot->cells[i], taken;

        if (!LOAD(&cell->n_updates))
            continue;
        lock_patiently(&slot->lock);
        taken = *cell;
        cell->values[0] = 0;
        STORE(&cell->n_updates, 0);
        unlock(&slot->lock);
        if (taken.n_updates > 0)
            packet_cell(&client->packet, &client->metrics[i], &taken);
    }
}

static void flush_packet(struct udom *client, struct slot *slot)
{
    struct packet taken;

    lock_patiently(&slot->lock);
    taken = slot->packet;
    slot->packet = client->spare;
    unlock(&slot->lock);
    packet_send(client, &taken);
    client->spare = taken;
}

static void flush_gauges(struct udom *client)
{
    unsigned n_metrics = __atomic_load_n(&client->n_metrics, __ATOMIC_ACQUIRE);

    for (unsigned i = 0; i < n_metrics; i++) {
        struct udom_metric *metric = &client->metrics[i];
        struct gauge *gauge = &metric->gauge, taken;

        if (!LOAD(&gauge->n_updates))
            continue;
        lock_patiently(&gauge->lock);
        taken = *gauge;
        gauge->is_set = false;
        gauge->value = 0;
        STORE(&gauge->n_updates, 0);
        unlock(&gauge->lock);
        packet_gauge(&client->packet, metric, taken.value, taken.is_set, taken.n_updates);
    }
}

/* Each is a packet of its own: so it is known what could not be sent, and is sent the next time. */
static void flush_telemetry(struct udom *client)
{
    struct udom_stats stats;
    uint64_t now[N_TELEMETRY];

    udom_get_stats(client, &stats);
    memcpy(now, &stats, sizeof(now));
    for (size_t i = 0; i < N_TELEMETRY; i++) {
        struct telemetry *one = &client->telemetry[i];

        if (one->is_known && one->last == now[i])
            continue;
        packet_number(&client->packet, &one->metric, (double)(now[i] - one->last), 0);
        if (!packet_send(client, &client->packet))
            continue;
        one->last = now[i];
        one->is_known = true;
    }
}

/*
 * Send the expiry that waits, with what its thread has recorded since, in one packet if that has
 * room. Until then, the threads hold back full packets.
 */
static void flush_ending(struct udom *client)
{
    int ending = ending_of(client);
    struct slot *slot;

    if (ending == ENDING_NOWHERE)
        return;
    slot = &client->slots[ending];
    lock_patiently(&slot->lock);
    if (ending_of(client) == ending) {
        struct packet taken = slot->packet;

        slot->packet = client->packet;
        client->packet = taken;
        set_ending(client, ENDING_WITH_FLUSHER);
    }
    unlock(&slot->lock);
    flush_gauges(client);
    flush_cells(client, slot);
    packet_send(client, &client->packet);
    set_ending(client, ENDING_NOWHERE);
}

/* The caller holds the lock. */
static void flush_all(struct udom *client)
{
    flush_ending(client);
    for (unsigned i = 0; i < client->n_slots; i++) {
        if (LOAD(&client->slots[i].state) == SLOT_UNUSED)
            continue;
        flush_packet(client, &client->slots[i]);
        flush_cells(client, &client->slots[i]);
    }
    flush_gauges(client);
    packet_send(client, &client->packet);
    if (client->flags & UDOM_TELEMETRY)
        flush_telemetry(client);
}

/* Has anything been recorded that is not in the packet of @own? The caller holds the lock. */
static bool is_recorded_elsewhere(struct udom *client, const struct slot *own)
{
    unsigned n_metrics = __atomic_load_n(&client->n_metrics, __ATOMIC_ACQUIRE);
    bool is_recorded = false;

    for (unsigned i = 0; i < client->n_slots && !is_recorded; i++) {
        struct slot *slot = &client->slots[i];

        if (LOAD(&slot->state) == SLOT_UNUSED)
            continue;
        lock_patiently(&slot->lock);
        is_recorded = slot != own && slot->packet.len > 0;
        unlock(&slot->lock);
        for (unsigned m = 0; m < n_metrics; m++)
            is_recorded |= LOAD(&slot->cells[m].n_updates) > 0;
    }
    for (unsigned m = 0; m < n_metrics; m++)
        is_recorded |= LOAD(&client->metrics[m].gauge.n_updates) > 0;
    return is_recorded;
}

/* The caller holds the flusher's lock, and has sent what had to be sent before. */
static void append_expiry(struct slot *slot, struct udom_metric *ending, double value, uint64_t n)
{
    struct udom *client = ending->client;

    lock_patiently(&slot->lock);
    packet_number(&slot->packet, ending, value, n);
    set_ending(client, (int)(slot - client->slots));
    unlock(&slot->lock);
}

/*
 * Updates that were recorded earlier and sent later would begin new series. So what was recorded
 * elsewhere is sent now, while the thread's own packet keeps its order.
 */
static void expire(struct udom_metric *metric)
{
    struct udom *client = metric->client;
    struct slot *slot;

    if (!client || !accepts(metric, (enum udom_kind)KIND_EXPIRE, !metric->has_lost_tag))
        return;
    slot = slot_of_thread(client);
    pthread_mutex_lock(&client->flush_lock);
    if (is_recorded_elsewhere(client, slot))
        flush_all(client);
    append_expiry(slot, metric, 1, 1);
    pthread_mutex_unlock(&client->flush_lock);
}

void(udom_expire)(struct udom *client, const char *name, ...)
{
    struct udom_metric metric;
    va_list tags;

    va_start(tags, name);
    metric_once(&metric, client, KIND_EXPIRE, name, tags);
    va_end(tags);
    expire(&metric);
}

/* Make @ending the expiry of @metric's series. */
static void expiry_init(struct udom_metric *ending, const struct udom_metric *metric)
{
    metric_init(ending, metric->client, KIND_EXPIRE);
    ending->has_lost_tag = metric->has_lost_tag || metric->kind == KIND_REFUSED;
    put(ending, metric->text, metric->value_at);
    put_type(ending, 1);
    if (!put(ending, metric->text + metric->tags_at, metric->len - metric->tags_at))
        ending->kind = KIND_REFUSED;
}

void udom_metric_expire(struct udom_metric *metric)
{
    struct udom_metric ending;

    if (!metric)
        return;
    expiry_init(&ending, metric);
    expire(&ending);
}

/* --- timers ---------------------------------------------------------------------------------- */

static uint64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t clock_ms(void)
{
    return clock_ns() / 1000000u;
}

struct udom_timer udom_timer_start(struct udom_metric *metric)
{
    return (struct udom_timer){ metric, clock_ns() };
}

void udom_timer_stop(struct udom_timer *timer)
{
    if (!timer)
        return;
    udom_metric_timing_ms(timer->metric, (double)(clock_ns() - timer->started_ns) / 1e6);
    timer->metric = NULL;
}

/* --- replacing: rows ------------------------------------------------------------------------- */

/* FNV-1a. */
static uint64_t hash_of(const char *text, size_t len)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001B3);
    return hash;
}

static unsigned *bucket_of(struct udom_family *family, uint64_t hash)
{
    return &family->buckets[hash % family->n_rows_max];
}

static void row_link(struct udom_family *family, struct row *row)
{
    unsigned *bucket = bucket_of(family, row->hash);

    row->next = *bucket;
    *bucket = (unsigned)(row - family->rows) + 1;
}

static struct row *row_find(struct udom_family *family, uint64_t hash, const char *text, size_t len)
{
    for (unsigned i = *bucket_of(family, hash); i > 0; i = family->rows[i - 1].next) {
        struct row *row = &family->rows[i - 1];

        if (row->hash == hash && row->len == len &&
            memcmp(family->texts + row->text_at, text, len) == 0)
            return row;
    }
    return NULL;
}

/* Returns NULL if there is no room. */
static struct row *row_add(struct udom_family *family, uint64_t hash, const char *text, size_t len)
{
    size_t n_bytes = (size_t)family->n_rows_max * ROW_TEXT_BYTES;
    struct row *row = &family->rows[family->n_rows];

    if (family->n_rows == family->n_rows_max || len > n_bytes - family->texts_len)
        return NULL;
    memset(row, 0, sizeof(*row));
    row->hash = hash;
    row->text_at = (unsigned)family->texts_len;
    row->len = (unsigned)len;
    memcpy(family->texts + family->texts_len, text, len);
    family->texts_len += len;
    family->n_rows++;
    row_link(family, row);
    return row;
}

/* Find or add the row of @metric, and note that it is set. Returns NULL if there is no room. */
static struct row *row_set(struct udom_family *family, const struct udom_metric *metric)
{
    const char *text = metric->text + metric->tags_at;
    size_t len = metric->len - metric->tags_at;
    uint64_t hash = hash_of(text, len);
    struct row *row = row_find(family, hash, text, len);

    if (row && row->is_set)
        return row;
    if (family->n_set == family->n_series_max)
        return NULL;
    if (!row)
        row = row_add(family, hash, text, len);
    if (row) {
        row->is_set = true;
        family->n_set++;
    }
    return row;
}

/* Give @metric the name of the family; what it is given next are its tags. */
static void row_begin(struct udom_metric *metric, const struct udom_family *family)
{
    metric_init(metric, family->metric.client, UDOM_GAUGE);
    metric->value_at = family->metric.value_at;
    metric->tags_at = family->metric.tags_at;
    put(metric, family->metric.text, metric->tags_at);
}

/* The keys of a row's tags, "|#key:value,key:value\n". */
static uint64_t row_keys(const struct udom_family *family, const struct row *row)
{
    uint64_t keys = 0;
    const char *at = family->texts + row->text_at, *end = at + row->len;

    while (at < end) {
        const char *colon = memchr(at, ':', (size_t)(end - at)), *next;

        if (!colon)
            break;
        keys = keys * 31 + hash_of(at + 1, (size_t)(colon - at - 1));
        next = memchr(colon, ',', (size_t)(end - colon));
        at = next ? next : end;
    }
    return keys;
}

/* --- replacing: families --------------------------------------------------------------------- */

/*
 * Keep the rows that may have to be ended. Drop the updates of a replacement that was not finished,
 * and the rows that only it has set.
 */
static void family_compact(struct udom_family *family)
{
    unsigned n_rows = family->n_rows;

    family->n_rows = 0;
    family->texts_len = 0;
    memset(family->buckets, 0, family->n_rows_max * sizeof(*family->buckets));
    for (unsigned i = 0; i < n_rows; i++) {
        struct row row = family->rows[i];

        ADD(&family->metric.client->counts.dropped, row.n_updates);
        row.n_updates = 0;
        row.is_set = false;
        if (row.n_endings == 0)
            continue;
        memmove(family->texts + family->texts_len, family->texts + row.text_at, row.len);
        row.text_at = (unsigned)family->texts_len;
        family->texts_len += row.len;
        family->rows[family->n_rows] = row;
        row_link(family, &family->rows[family->n_rows++]);
    }
}

/* Append the rows that are set, or the expiries of all others. */
static void append_rows(struct udom_family *family, struct slot *slot, bool are_set)
{
    struct udom_metric metric, ending;

    for (unsigned i = 0; i < family->n_rows; i++) {
        struct row *row = &family->rows[i];

        if (row->is_set != are_set)
            continue;
        row_begin(&metric, family);
        put(&metric, family->texts + row->text_at, row->len);
        if (!are_set) {
            expiry_init(&ending, &metric);
            append_expiry(slot, &ending, 1, 0);
            row->n_endings--;
            continue;
        }
        lock_patiently(&slot->lock);
        packet_gauge(&slot->packet, &metric, row->value, true, row->n_updates);
        unlock(&slot->lock);
        row->n_updates = 0;
        row->n_endings = N_ENDINGS;
    }
}

/*
 * An expiry ends all series that have its tags, so also one that has more. It can be among those
 * that were just set only if the rows do not have the same keys. There must be a row.
 */
static bool may_end_too_much(const struct udom_family *family)
{
    uint64_t keys = row_keys(family, &family->rows[0]);

    for (unsigned i = 1; i < family->n_rows; i++)
        if (row_keys(family, &family->rows[i]) != keys)
            return true;
    return false;
}

/* As a flush does: it tries, even if the last time nothing listened. */
static void send_packet_of(struct udom *client, struct slot *slot)
{
    lock_patiently(&slot->lock);
    STORE(&client->n_rests, 0);
    if (slot->packet.len > 0)
        packet_send_full(client, &slot->packet);
    unlock(&slot->lock);
}

/*
 * Set the new series before ending the old ones, so that no scrape finds neither. What an earlier
 * process has left is unknown, but older. If the expiry is on its way for longer, its age must not
 * reach the new ones: hence the margin, after which it is sent again. Under the flusher's lock.
 */
static void family_send(struct udom_family *family)
{
    struct udom *client = family->metric.client;
    struct slot *slot = slot_of_thread(client);
    bool ends_rows = family->n_rows > family->n_set;
    uint64_t now_ms = clock_ms(), age_ms;
    struct udom_metric ending;

    if ((ends_rows || now_ms >= family->sweep_ms) && is_recorded_elsewhere(client, slot))
        flush_all(client);
    append_rows(family, slot, true);
    if (now_ms >= family->sweep_ms) {
        age_ms = clock_ms() - now_ms + 1 + MARGIN_MS;
        expiry_init(&ending, &family->metric);
        append_expiry(slot, &ending, -(double)age_ms / 1000, 0);
        family->sweep_ms = family->sweep_ms > 0 ? UINT64_MAX : now_ms + 1 + MARGIN_MS;
    }
    append_rows(family, slot, false);
    if (ends_rows && may_end_too_much(family))
        append_rows(family, slot, true);
    send_packet_of(client, slot);
}

void udom_replace_begin(struct udom_family *family)
{
    if (!family)
        return;
    pthread_mutex_lock(&family->lock);
    family_compact(family);
    family->is_replacing = true;
    family->n_set = 0;
    pthread_mutex_unlock(&family->lock);
}

/* Give @metric the family's name and tags, then @tags. */
static bool family_describe(const struct udom_family *family, struct udom_metric *metric,
                            va_list tags)
{
    const struct udom_metric *common = &family->metric;

    if (common->kind == KIND_REFUSED)
        return false;
    row_begin(metric, family);
    metric->n_tags = common->n_tags;
    return put(metric, common->text + common->tags_at, common->len - 1 - common->tags_at) &&
           put_last_tags(metric, tags) && values_per_line(metric) > 0 && !metric->has_lost_tag;
}

void(udom_replace)(struct udom_family *family, double value, ...)
{
    struct row *row = NULL;
    struct udom_metric metric;
    va_list tags;
    bool is_good;

    if (!family)
        return;
    va_start(tags, value);
    is_good = family_describe(family, &metric, tags) && isfinite(value);
    va_end(tags);
    pthread_mutex_lock(&family->lock);
    if (is_good && family->is_replacing)
        row = row_set(family, &metric);
    if (row) {
        row->value = value;
        row->n_updates++;
    } else {
        ADD(&family->metric.client->counts.refused, 1);
    }
    pthread_mutex_unlock(&family->lock);
}

void udom_replace_end(struct udom_family *family)
{
    if (!family)
        return;
    pthread_mutex_lock(&family->lock);
    if (family->is_replacing && family->metric.kind != KIND_REFUSED) {
        struct udom *client = family->metric.client;

        pthread_mutex_lock(&client->flush_lock);
        family_send(family);
        pthread_mutex_unlock(&client->flush_lock);
    }
    family->is_replacing = false;
    pthread_mutex_unlock(&family->lock);
}

static void family_free(struct udom_family *family)
{
    free(family->texts);
    free(family->buckets);
    free(family->rows);
    free(family);
}

/* Returns NULL without memory. */
static struct udom_family *family_new(const struct udom_metric *metric, unsigned n_series)
{
    struct udom_family *family = calloc(1, sizeof(*family));

    if (!family)
        return NULL;
    family->metric = *metric;
    family->n_series_max = n_series ? n_series : 1000;
    if (family->n_series_max > N_SERIES_MAX)
        family->n_series_max = N_SERIES_MAX;
    if (metric->kind == KIND_REFUSED)
        family->n_series_max = 1;
    family->n_rows_max = (N_ENDINGS + 1) * family->n_series_max;
    family->rows = calloc(family->n_rows_max, sizeof(*family->rows));
    family->buckets = calloc(family->n_rows_max, sizeof(*family->buckets));
    family->texts = malloc((size_t)family->n_rows_max * ROW_TEXT_BYTES);
    pthread_mutex_init(&family->lock, NULL);
    if (family->rows && family->buckets && family->texts)
        return family;
    family_free(family);
    return NULL;
}

/* The caller holds the metrics' lock. */
static struct udom_family *family_find_or_add(struct udom *client, const struct udom_metric *metric,
                                              unsigned n_series)
{
    struct udom_family *family;

    for (family = client->families; family; family = family->next)
        if (is_same(&family->metric, metric))
            return family;
    family = family_new(metric, n_series);
    if (!family)
        return NULL;
    family->next = client->families;
    client->families = family;
    return family;
}

struct udom_family *(udom_family)(struct udom *client, const char *name, unsigned n_series, ...)
{
    struct udom_family *family;
    struct udom_metric metric;
    va_list tags;

    if (!unless_off(client))
        return NULL;
    va_start(tags, n_series);
    metric_once(&metric, client, UDOM_GAUGE, name, tags);
    va_end(tags);
    if (metric.has_lost_tag)
        metric.kind = KIND_REFUSED;
    pthread_mutex_lock(&client->metrics_lock);
    family = family_find_or_add(client, &metric, n_series);
    pthread_mutex_unlock(&client->metrics_lock);
    if (!family)
        errno = ENOMEM;
    return family;
}

/* --- telemetry ------------------------------------------------------------------------------- */

static const struct {
    const char *name, *outcome;
} TELEMETRY[] = {
    { "udom_client_updates_total", "sent" },    { "udom_client_updates_total", "dropped" },
    { "udom_client_updates_total", "refused" }, { "udom_client_updates_total", "unsampled" },
    { "udom_client_datagrams_total", "sent" },  { "udom_client_datagrams_total", "dropped" },
    { "udom_client_bytes_total", NULL },
};

/* Returns false if they are too long, with the constant tags. */
static bool telemetry_init(struct udom *client)
{
    bool is_good = true;

    for (size_t i = 0; i < N_TELEMETRY && is_good; i++) {
        struct udom_metric *metric = &client->telemetry[i].metric;
        const char *outcome = TELEMETRY[i].outcome;

        metric_init(metric, client, UDOM_COUNTER);
        is_good = put_name(metric, "", TELEMETRY[i].name) && put_type(metric, 1) &&
                  put_constant_tags(metric) && (!outcome || put_tag(metric, "outcome", outcome)) &&
                  put(metric, "\n", 1) && values_per_line(metric) > 0;
    }
    return is_good;
}

void udom_get_stats(struct udom *client, struct udom_stats *ret)
{
    uint64_t now[N_TELEMETRY] = { 0 };

    client = unless_off(client);
    for (size_t i = 0; client && i < N_TELEMETRY; i++)
        now[i] = LOAD((uint64_t *)&client->counts + i);
    memcpy(ret, now, sizeof(*ret));
    for (unsigned i = 0; client && i < client->n_slots; i++)
        ret->unsampled += LOAD(&client->slots[i].n_unsampled);
}

/* --- the server: where it is ----------------------------------------------------------------- */

#define EXPECTED_URL "expected udp://HOST:PORT, unix:///PATH, unix://@NAME, or off"

static const char *environment(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* Say what is wrong with the value of a variable, if the user wants to know. */
static void complain(const char *name, const char *value, const char *what)
{
    if (environment("UDOMETER_DEBUG"))
        fprintf(stderr, "udometer: %s=%s: %s\n", name, value, what);
}

/* Is this the end of a URL? */
static bool is_end(const char *at)
{
    return !*at || strcmp(at, "/") == 0;
}

/* Copy @host of @len bytes, and @port, which defaults to the udometer's. */
static bool set_host(struct udom *client, const char *host, size_t len, const char *port)
{
    size_t port_len;
    long number;

    if (!port)
        port = "8125";
    port_len = strspn(port, "0123456789");
    number = strtol(port, NULL, 10);
    if (len == 0 || len >= sizeof(client->host) || port_len >= sizeof(client->port) ||
        !is_end(port + port_len) || number < 1 || number > 65535)
        return false;
    memcpy(client->host, host, len);
    memcpy(client->port, port, port_len);
    /* Without a lookup. A udometer listens on ::1 too, but other servers may not. */
    if (strcmp(client->host, "localhost") == 0)
        memcpy(client->host, "127.0.0.1", sizeof("127.0.0.1"));
    return true;
}

static bool set_host_and_port(struct udom *client, const char *text, const char *port)
{
    bool has_bracket = *text == '[';
    const char *end = has_bracket ? strchr(text, ']') : text + strcspn(text, ":/");
    const char *after = end && has_bracket ? end + 1 : end;

    if (!end || (*after != ':' && !is_end(after)))
        return false;
    text += has_bracket;
    return set_host(client, text, (size_t)(end - text), *after == ':' ? after + 1 : port);
}

static bool set_path(struct udom *client, const char *path)
{
    size_t len = strlen(path);
    bool is_abstract = *path == '@' && len > 1;

    if ((*path != '/' && !is_abstract) || len >= sizeof(client->path.sun_path))
        return false;
    client->is_unix = true;
    client->path.sun_family = AF_UNIX;
    memcpy(client->path.sun_path, path, len);
    client->path_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + !is_abstract);
    /* An abstract name begins with a zero, and ends with its length (unix(7)). */
    if (is_abstract)
        client->path.sun_path[0] = '\0';
    return true;
}

static bool set_url(struct udom *client, const char *url)
{
    client->is_off = strcmp(url, "off") == 0;
    if (strncmp(url, "unix://", 7) == 0)
        return set_path(client, url + 7);
    if (strncmp(url, "udp://", 6) == 0)
        return set_host_and_port(client, url + 6, NULL);
    return client->is_off || set_host_and_port(client, url, ""); /* the port must be given */
}

/* The host may be a URL, or an IPv6 address without brackets. */
static bool set_host_of_variable(struct udom *client, const char *host, const char *port)
{
    const char *colon = strchr(host, ':');

    if (strstr(host, "://"))
        return set_url(client, host);
    if (*host != '[' && colon && strchr(colon + 1, ':'))
        return set_host(client, host, strlen(host), port);
    return set_host_and_port(client, host, port);
}

/* @port_name is NULL for a variable that has a URL. */
static bool set_variable(struct udom *client, const char *name, const char *port_name)
{
    const char *value = environment(name), *port = port_name ? environment(port_name) : NULL;

    /* Kubernetes sets STATSD_PORT=udp://10.0.0.11:8125 for a service named "statsd". */
    if (port && strstr(port, "://"))
        port = NULL;
    if (port_name ? set_host_of_variable(client, value, port) : set_url(client, value))
        return true;
    if (port && set_host_of_variable(client, value, NULL))
        complain(port_name, port, "expected a port, from 1 to 65535");
    else
        complain(name, value, EXPECTED_URL);
    return false;
}

/* The first that is set decides: clients/README.md, "The environment". */
static bool set_server(struct udom *client, const char *url)
{
    static const char *const VARIABLES[][2] = {
        { "UDOMETER_URL", NULL },
        { "DD_DOGSTATSD_URL", NULL },
        { "DD_AGENT_HOST", "DD_DOGSTATSD_PORT" },
        { "STATSD_HOST", "STATSD_PORT" },
    };

    if (url && *url)
        return set_url(client, url);
    for (size_t i = 0; i < sizeof(VARIABLES) / sizeof(*VARIABLES); i++)
        if (environment(VARIABLES[i][0]))
            return set_variable(client, VARIABLES[i][0], VARIABLES[i][1]);
    return set_host(client, "127.0.0.1", strlen("127.0.0.1"), NULL);
}

/* --- the server: connecting ------------------------------------------------------------------ */

/* Returns a socket, or -1. A datagram socket connects without waiting. */
static int open_socket(const struct sockaddr *address, socklen_t len)
{
    int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, address, len) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Try a name's addresses in turn. After each failure, begin with another one. */
static int open_address(struct udom *client, const struct addrinfo *addresses)
{
    const struct addrinfo *at = addresses;
    int fd = -1;

    for (unsigned i = 0; i < client->first_address + N_ADDRESSES_MAX && fd < 0; i++) {
        if (i >= client->first_address)
            fd = open_socket(at->ai_addr, at->ai_addrlen);
        at = at->ai_next ? at->ai_next : addresses;
    }
    return fd;
}

static int open_host(struct udom *client)
{
    const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM };
    struct addrinfo *addresses;
    int fd;

    if (getaddrinfo(client->host, client->port, &hints, &addresses) != 0)
        return -1;
    fd = open_address(client, addresses);
    freeaddrinfo(addresses);
    return fd;
}

/* Connect again. On failure the old socket stays, and a later flush tries again. */
static void reconnect(struct udom *client)
{
    const struct sockaddr *path = (const struct sockaddr *)&client->path;
    int fd = client->is_unix ? open_socket(path, client->path_len) : open_host(client);

    client->resolve_at_ms = clock_ms() + client->resolve_ms;
    STORE(&client->is_unreachable, fd < 0);
    if (fd < 0)
        return;
    if (client->fd < 0) {
        STORE(&client->fd, fd);
        return;
    }
    dup3(fd, client->fd, O_CLOEXEC);
    close(fd);
}

/*
 * Maintain the connection, before each flush. A path is tried each time, as that costs nothing. A
 * host is tried less and less often, to spare name servers, until all was well for as long.
 */
static void tend_connection(struct udom *client)
{
    uint64_t now_ms = clock_ms();

    if (!LOAD(&client->is_unreachable)) {
        if (now_ms >= client->retry_at_ms + client->retry_ms)
            client->retry_ms = RETRY_MS_MIN;
        if (!client->is_unix && now_ms >= client->resolve_at_ms)
            reconnect(client);
        return;
    }
    if (now_ms < client->retry_at_ms)
        return;
    client->first_address = (client->first_address + 1) % N_ADDRESSES_MAX;
    reconnect(client);
    client->retry_at_ms = clock_ms() + (client->is_unix ? 0 : client->retry_ms);
    client->retry_ms = client->retry_ms < RETRY_MS_MAX ? 2 * client->retry_ms : RETRY_MS_MAX;
}

/* --- the thread ------------------------------------------------------------------------------ */

/* Wait until the next flush, or the end. */
static bool wait_to_flush(struct udom *client)
{
    uint64_t until_ms = clock_ms() + client->flush_ms;
    struct timespec until = { (time_t)(until_ms / 1000), (long)(until_ms % 1000) * 1000000 };
    int status = 0;

    pthread_mutex_lock(&client->thread_lock);
    while (!client->is_stopping && status == 0)
        status = pthread_cond_timedwait(&client->stopping, &client->thread_lock, &until);
    pthread_mutex_unlock(&client->thread_lock);
    return status != 0;
}

static void flush_locked(struct udom *client)
{
    pthread_mutex_lock(&client->flush_lock);
    flush_all(client);
    pthread_mutex_unlock(&client->flush_lock);
}

static void *run(void *arg)
{
    struct udom *client = arg;

    while (wait_to_flush(client)) {
        tend_connection(client);
        flush_locked(client);
    }
    return NULL;
}

/* The thread blocks all signals, as the program does not know of it. */
static int thread_start(struct udom *client)
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&client->thread, NULL, run, client);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    client->has_thread = error == 0;
    return error;
}

static void thread_start_after_fork(struct udom *client)
{
    if (LOAD(&client->thread_is_due) &&
        __atomic_exchange_n(&client->thread_is_due, 0, __ATOMIC_ACQ_REL))
        thread_start(client);
}

static void thread_stop(struct udom *client)
{
    if (!client->has_thread)
        return;
    pthread_mutex_lock(&client->thread_lock);
    client->is_stopping = true;
    pthread_cond_signal(&client->stopping);
    pthread_mutex_unlock(&client->thread_lock);
    pthread_join(client->thread, NULL);
}

/* --- threads that end, and forks ------------------------------------------------------------- */

static pthread_mutex_t clients_lock = PTHREAD_MUTEX_INITIALIZER;
static struct udom *clients;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

/* At a thread's end: its slot goes to the next thread, with all that was not sent yet. */
static void slot_hand_back(void *arg)
{
    struct slot *slot = arg;

    pthread_mutex_lock(&clients_lock);
    /* The client may be closed by now. */
    for (struct udom *client = clients; client; client = client->next)
        if (slot > client->slots && slot < client->slots + client->n_slots)
            __atomic_store_n(&slot->state, SLOT_FREE_AGAIN, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&clients_lock);
}

static void init_locks(struct udom *client)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&client->metrics_lock, NULL);
    pthread_mutex_init(&client->flush_lock, NULL);
    pthread_mutex_init(&client->thread_lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&client->stopping, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* Each slot draws its own random numbers, and the child of a fork draws others. */
static uint64_t new_seed(const struct slot *slot)
{
    uint64_t seed = clock_ns() ^ (uint64_t)(uintptr_t)slot ^ ((uint64_t)getpid() << 32);

    return (seed * UINT64_C(0x9E3779B97F4A7C15)) | 1;
}

static struct packet new_packet(const struct udom *client, unsigned i)
{
    return (struct packet){ .text = client->packets + (size_t)i * client->packet_bytes };
}

static void packets_init(struct udom *client)
{
    for (unsigned i = 0; i < client->n_slots; i++)
        client->slots[i].packet = new_packet(client, i);
    client->packet = new_packet(client, client->n_slots);
    client->spare = new_packet(client, client->n_slots + 1);
}

static void slot_reset(struct slot *slot, unsigned n_metrics)
{
    slot->lock = 0;
    slot->n_unsampled = 0;
    slot->random = new_seed(slot);
    if (slot->state != SLOT_UNUSED) {
        for (unsigned i = 0; i < n_metrics; i++) {
            slot->cells[i].n_updates = 0;
            slot->cells[i].values[0] = 0;
        }
        slot->state = SLOT_FREE_AGAIN;
    }
}

/*
 * The child does not have the other threads, whatever they were in the middle of. The parent sends
 * what they had recorded; the child's client begins empty.
 */
static void reset_after_fork(struct udom *client)
{
    init_locks(client);
    packets_init(client);
    for (unsigned i = 0; i < client->n_slots; i++)
        slot_reset(&client->slots[i], client->n_metrics);
    client->slots[0].state = SLOT_TAKEN;
    for (unsigned i = 0; i < client->n_metrics; i++)
        memset(&client->metrics[i].gauge, 0, sizeof(struct gauge));
    for (struct udom_family *family = client->families; family; family = family->next) {
        pthread_mutex_init(&family->lock, NULL);
        family->n_rows = 0; /* these series are the parent's */
        family->is_replacing = false;
        family->sweep_ms = 0;
    }
    for (size_t i = 0; client->telemetry && i < N_TELEMETRY; i++)
        client->telemetry[i].last = 0;
    memset(&client->counts, 0, sizeof(client->counts));
    client->n_rests = 0;
    client->ending = ENDING_NOWHERE;
    client->has_thread = false;
    client->thread_is_due = !(client->flags & UDOM_NO_THREAD);
    /* So that this thread's next update calls slot_claim(). */
    pthread_setspecific(client->key, NULL);
}

static void before_fork(void)
{
    pthread_mutex_lock(&clients_lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&clients_lock);
}

static void after_fork_in_child(void)
{
    for (struct udom *client = clients; client; client = client->next)
        reset_after_fork(client);
    pthread_mutex_unlock(&clients_lock);
}

static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

static void enlist(struct udom *client)
{
    pthread_once(&fork_once, watch_forks);
    pthread_mutex_lock(&clients_lock);
    client->next = clients;
    clients = client;
    pthread_mutex_unlock(&clients_lock);
}

static void delist(struct udom *client)
{
    struct udom **at = &clients;

    pthread_mutex_lock(&clients_lock);
    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    pthread_mutex_unlock(&clients_lock);
}

/* --- opening and closing --------------------------------------------------------------------- */

/* 0 means the default. Returns false if it is out of range. */
static bool set_number(unsigned *ret, unsigned wanted, unsigned usual, unsigned min, unsigned max)
{
    *ret = wanted ? wanted : usual;
    return *ret >= min && *ret <= max;
}

static bool set_numbers(struct udom *client, const struct udom_options *options)
{
    unsigned n_threads, packet_bytes = client->is_unix ? 8192 : 1432;
    bool is_good =
        set_number(&client->flush_ms, options->flush_ms, 1000, 1, UINT32_MAX) &&
        set_number(&client->resolve_ms, options->resolve_ms, 60000, 1, UINT32_MAX) &&
        set_number(&client->packet_bytes, options->packet_bytes, packet_bytes, 512, 65000) &&
        set_number(&client->n_metrics_max, options->n_metrics, 256, 1, 65536) &&
        set_number(&n_threads, options->n_threads, 64, 1, 4096);

    client->n_slots = is_good ? n_threads + 1 : 0;
    return is_good;
}

/* Remove the blanks around @text, in place. */
static char *trim(char *text)
{
    size_t len;

    text += strspn(text, " \t");
    len = strlen(text);
    while (len > 0 && strchr(" \t", text[len - 1]))
        text[--len] = '\0';
    return text;
}

/*
 * Put a constant tag, "key=value" or "key:value". If it is not one, or if too little would be left
 * for the tags of the program, put nothing.
 */
static bool put_constant(struct udom *client, char *tag)
{
    struct udom_metric *constant = &client->constant;
    size_t len = constant->len;
    unsigned n_tags = constant->n_tags;
    char *value = tag + strcspn(tag, "=:");

    if (*value)
        *value++ = '\0';
    tag = trim(tag);
    value = trim(value);
    if (*tag && *value && put_tag(constant, tag, value) && constant->n_tags <= N_TAGS_MAX / 2 &&
        constant->len <= 2 + TEXT_MAX_BYTES / 2)
        return true;
    constant->len = len;
    constant->n_tags = n_tags;
    return false;
}

/* Put the tags that variable @name lists, or its value with the @key. */
static void put_variable(struct udom *client, const char *name, const char *key)
{
    bool is_own = strcmp(name, "UDOMETER_TAGS") == 0; /* in DD_TAGS, other clients allow more */
    const char *at = environment(name);
    const char *separator = *key ? "" : is_own || (at && strchr(at, ',')) ? "," : " ";

    while (at && *at) {
        char tag[TEXT_MAX_BYTES];
        size_t len = strcspn(at, separator);
        bool is_blank = strspn(at, " \t") >= len;

        snprintf(tag, sizeof(tag), "%s%.*s", key, len < sizeof(tag) - 16 ? (int)len : 0, at);
        if (!is_blank && !put_constant(client, tag) && is_own)
            complain(name, at, "expected key=value or key:value, commas, at most 32 and 640 bytes");
        at += len + (at[len] != '\0');
    }
}

/* The parts of every metric: prefix and constant tags. */
static bool set_common_text(struct udom *client, const struct udom_options *options)
{
    const char *prefix = options->prefix ? options->prefix : environment("UDOMETER_PREFIX");
    const char *const *tags = options->tags;

    metric_init(&client->refusing, client, KIND_REFUSED);
    metric_init(&client->constant, client, KIND_REFUSED);
    if (prefix && strlen(prefix) > NAME_MAX_BYTES) {
        complain("UDOMETER_PREFIX", prefix, "expected at most 512 bytes");
        return false;
    }
    snprintf(client->prefix, sizeof(client->prefix), "%s", prefix ? prefix : "");
    /* In this order, as of two tags with one key the last wins. */
    put_variable(client, "DD_TAGS", "");
    put_variable(client, "DD_ENV", "env=");
    put_variable(client, "DD_SERVICE", "service=");
    put_variable(client, "DD_VERSION", "version=");
    put_variable(client, "UDOMETER_TAGS", "");
    for (; tags && tags[0] && tags[1]; tags += 2)
        if (!put_tag(&client->constant, tags[0], tags[1]))
            return false;
    return true;
}

static bool set_all(struct udom *client, const struct udom_options *options)
{
    client->fd = -1;
    client->ending = ENDING_NOWHERE;
    client->retry_ms = RETRY_MS_MIN;
    client->flags = options->flags;
    return set_server(client, options->url) && set_numbers(client, options) &&
           set_common_text(client, options);
}

static bool allocate(struct udom *client)
{
    size_t n_slots = client->n_slots, n_metrics = client->n_metrics_max;
    void *slots = NULL;

    if (posix_memalign(&slots, CACHE_LINE, n_slots * sizeof(*client->slots)) != 0)
        return false;
    client->slots = slots;
    memset(slots, 0, n_slots * sizeof(*client->slots));
    client->cells = calloc(n_slots * n_metrics, sizeof(*client->cells));
    client->metrics = calloc(n_metrics, sizeof(*client->metrics));
    client->packets = malloc((n_slots + 2) * client->packet_bytes);
    client->telemetry = calloc(N_TELEMETRY, sizeof(*client->telemetry));
    if (!client->cells || !client->metrics || !client->packets || !client->telemetry)
        return false;
    for (size_t i = 0; i < n_slots; i++) {
        client->slots[i].cells = client->cells + i * n_metrics;
        client->slots[i].random = new_seed(&client->slots[i]);
    }
    client->slots[0].state = SLOT_TAKEN;
    packets_init(client);
    return true;
}

static void release(struct udom *client)
{
    struct udom_family *next;

    if (client->fd >= 0)
        close(client->fd);
    for (struct udom_family *family = client->families; family; family = next) {
        next = family->next;
        family_free(family);
    }
    free(client->telemetry);
    free(client->packets);
    free(client->metrics);
    free(client->cells);
    free(client->slots);
    free(client);
}

/* Returns 0, or an errno; then everything is undone. */
static int start(struct udom *client)
{
    int error = pthread_key_create(&client->key, slot_hand_back);

    if (error)
        return error;
    init_locks(client);
    reconnect(client);
    enlist(client);
    if (!(client->flags & UDOM_NO_THREAD))
        error = thread_start(client);
    if (error) {
        delist(client);
        pthread_key_delete(client->key);
    }
    return error;
}

static int open_client(struct udom *client, const struct udom_options *options)
{
    int error = set_all(client, options) ? 0 : EINVAL;

    if (client->is_off)
        return error;
    if (!error && !allocate(client))
        error = ENOMEM;
    if (!error && !telemetry_init(client))
        error = EINVAL;
    return error ? error : start(client);
}

struct udom *udom_open(const struct udom_options *options)
{
    static const struct udom_options none;
    struct udom *client = calloc(1, sizeof(*client));
    int error = client ? open_client(client, options ? options : &none) : ENOMEM;

    if (!error && !client->is_off)
        return client;
    if (client)
        release(client);
    if (!error)
        return &switched_off;
    errno = error;
    return NULL;
}

struct udom *udom_open_url(const char *url)
{
    return udom_open(&(struct udom_options){ .url = url });
}

void udom_flush(struct udom *client)
{
    int error = errno;

    if (!unless_off(client))
        return;
    thread_start_after_fork(client);
    if (!client->has_thread)
        tend_connection(client);
    flush_locked(client);
    errno = error;
}

void udom_close(struct udom *client)
{
    int error = errno;

    if (!unless_off(client))
        return;
    thread_stop(client);
    flush_locked(client);
    delist(client);
    pthread_key_delete(client->key);
    release(client);
    errno = error;
}
