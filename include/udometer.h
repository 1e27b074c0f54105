/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UDOMETER_H
#define UDOMETER_H

/*
 * udometer.h: the C client of udometer
 *
 *      struct udom *udom = udom_open_url(NULL);
 *      struct udom_metric *routes = udom_metric(udom, UDOM_COUNTER, "bot.routes_total",
 *                                               "status", "completed");
 *
 *      udom_metric_count(routes, 1);                  the fast way
 *      udom_gauge(udom, "queue.depth", 12, "queue", "inbox");      the short way
 *      udom_close(udom);
 *
 * It never harms the program it is in. No update but udom_expire() waits for anybody, and what
 * cannot be sent is dropped and counted. NULL is a client and a metric, too, with which all
 * functions do nothing.
 *
 * Unless a function says otherwise, any thread may call it at any time between udom_open() and
 * udom_close(), it copies what it is given, makes no allocation, raises no signal, and leaves
 * errno alone. (The C library may allocate at a thread's first update, once, in a program with
 * more than 32 thread-specific keys.)
 *
 * Text. Strings end with a NUL. So that no line is ever broken or forged, these become "_":
 *      in names, the prefix, keys   blanks, control characters, | : , # @ [ ] {
 *      in values of tags            control characters, | and ,; a blank at the end
 *      in members of a set          | and line feeds
 * and so does, but for members, each byte that is not part of UTF-8. A tag whose key or value is
 * missing or empty is left out. Refused, which means counted and otherwise ignored, is an update
 *      - of a name that is NULL, empty, or longer than 512 bytes with its prefix,
 *      - with a key of more than 256 bytes, with more than 64 tags, or when name and tags need
 *        more than 1,280 bytes, or leave no room in a packet for a value,
 *      - whose value is NaN or infinite, is negative for a counter, or is an empty member,
 *      - of a metric of another kind.
 *
 * Tags are given as pairs of strings at the end, key and then value, and end by themselves: the
 * macros below append the UDOM_END that the functions want. (Who takes a function's address, or
 * calls it from another language, passes it.) Of two tags with one key the last wins; the
 * options' constant tags come first.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct udom;        /* a client */
struct udom_metric; /* a series of a client: kind, name and tags, encoded once */

/* --- opening and closing --------------------------------------------------------------------- */

#define UDOM_NO_THREAD 1u      /* no background thread; the program calls udom_flush() */
#define UDOM_NO_AGGREGATION 2u /* send a line for each update, also of prepared metrics */
#define UDOM_TELEMETRY 4u      /* send the counts of udom_get_stats(), too; see there */

/* All zero is a good choice for each of them. Nothing here needs to outlive udom_open(). */
struct udom_options {
    /*
     * Where the udometer listens: "udp://HOST[:PORT]", "udp://[IPV6][:PORT]", or "unix:///PATH"
     * of a datagram socket. NULL or "" means what the environment says: UDOMETER_URL, else
     * DD_AGENT_HOST with DD_DOGSTATSD_PORT, else STATSD_HOST with STATSD_PORT, else
     * udp://127.0.0.1:8125. A host variable may hold a URL. Ports default to 8125; "localhost"
     * is 127.0.0.1.
     */
    const char *url;
    const char *prefix;      /* put before every name as it is, such as "bot."; NULL: none */
    const char *const *tags; /* constant tags: key, value, key, value, …, NULL; NULL: none */
    unsigned flags;          /* UDOM_… */
    unsigned flush_ms;       /* between flushes by the thread; 0: 1,000 */
    unsigned resolve_ms;     /* between two look-ups of a host name; 0: 60,000 */
    unsigned packet_bytes;   /* 512 to 65,000; 0: 1,432 for udp, 8,192 for unix */
    unsigned n_metrics;      /* metrics that can be prepared, up to 65,536; 0: 256 */
    unsigned n_threads;      /* threads with a buffer of their own, up to 4,096; 0: 64 */
};

/*
 * Open a client. NULL for @options means all zero. All its memory is taken here: about
 * n_threads * (n_metrics * 136 + packet_bytes) bytes, of which only used pages become real.
 *
 * It looks a host name up before it returns, as slowly as the system does that. When the name is
 * not known, or nobody listens, it opens all the same, drops and counts what is recorded, and its
 * thread tries again, as it does whenever sending fails: a path at every flush, a host after one
 * second, then less and less often, down to every 32. Names are looked up anew every @resolve_ms.
 *
 * Its thread has all signals blocked. The caller ends the client with udom_close(). Returns NULL
 * and sets errno to EINVAL (a URL of another form, a number out of its range, a prefix or
 * constant tags too long for a metric), ENOMEM, or EAGAIN (no more threads, or thread keys).
 *
 * After a fork() the child's client is as if newly opened: it has the metrics, but none of the
 * updates that the parent had not sent yet, and counts from 0. Its thread is started by the
 * first update or flush, which allocates. Do not fork() in a signal handler.
 */
struct udom *udom_open(const struct udom_options *options);

/* udom_open() with this URL and otherwise all zero. */
struct udom *udom_open_url(const char *url);

/*
 * Send what was recorded, by all threads, before the call. Waits for a flush under way and for
 * threads in the middle of an update, never for the network. Without a background thread it also
 * does what that would do for the connection: it may look a host name up.
 */
void udom_flush(struct udom *client);

/*
 * Flush, end the thread, and free everything. No other thread may be in a call, or begin one.
 * Takes as long as a host name's look-up by the thread that is under way.
 */
void udom_close(struct udom *client);

/* --- updates, the short way ---------------------------------------------------------------------
 *
 * Each encodes name and tags anew, and becomes a line of its own, in the buffer of its thread.
 * A buffer is sent when it is full, and by each flush. Not to be called in signal handlers.
 */

#define UDOM_END ((const char *)0)

/* Add @value, at least 0, to a counter. */
void udom_count(struct udom *client, const char *name, double value, ...);
#define udom_count(...) udom_count(__VA_ARGS__, UDOM_END)

/* Set a gauge. Below 0, it is set to 0 first, in the same packet: a sign means to add. */
void udom_gauge(struct udom *client, const char *name, double value, ...);
#define udom_gauge(...) udom_gauge(__VA_ARGS__, UDOM_END)

/* Add @value, which may be negative, to a gauge. */
void udom_gauge_add(struct udom *client, const char *name, double value, ...);
#define udom_gauge_add(...) udom_gauge_add(__VA_ARGS__, UDOM_END)

/* Observe a duration, in milliseconds. The udometer shows seconds. */
void udom_timing_ms(struct udom *client, const char *name, double value, ...);
#define udom_timing_ms(...) udom_timing_ms(__VA_ARGS__, UDOM_END)

/* Observe a value, in the unit that the name says, for a histogram. */
void udom_observe(struct udom *client, const char *name, double value, ...);
#define udom_observe(...) udom_observe(__VA_ARGS__, UDOM_END)

/* Have @member among the members of a set, whose distinct ones are counted. */
void udom_set(struct udom *client, const char *name, const char *member, ...);
#define udom_set(...) udom_set(__VA_ARGS__, UDOM_END)

/*
 * End at once all series of this name that have all of these tags. Does a udom_flush() before
 * and sends after it, so that nothing that was recorded earlier brings them back. Refused when a
 * tag had to be left out, as it would end more than was meant.
 */
void udom_expire(struct udom *client, const char *name, ...);
#define udom_expire(...) udom_expire(__VA_ARGS__, UDOM_END)

/* --- updates, the fast way ----------------------------------------------------------------------
 *
 * A prepared metric's updates are merged until the next flush: what is added to a counter is
 * summed, of a gauge the last value is kept, 16 observations share a line. Not so for sets, and
 * with UDOM_NO_AGGREGATION. Counters and observations are merged in memory of their thread's own.
 * Merged updates come behind others of the same flush: do not change a gauge in both ways.
 *
 * All of these but udom_metric_expire() may be called in a signal handler, with glibc and musl,
 * when the thread has made an update with the client before and @value has at most nine decimals
 * (others are printed with snprintf(), which POSIX does not call signal-safe).
 */

enum udom_kind {
    UDOM_COUNTER = 1, /* udom_metric_count() */
    UDOM_GAUGE,       /* udom_metric_gauge(), udom_metric_gauge_add() */
    UDOM_TIMING,      /* udom_metric_timing_ms(), udom_timer_…() */
    UDOM_HISTOGRAM,   /* udom_metric_observe() */
    UDOM_SET          /* udom_metric_set() */
};

/*
 * Prepare a metric, of whose updates only a random share of @rate is sent, with a note that each
 * stands for 1/@rate. It belongs to the client and lives as long. Asking again for the same one
 * gives the same one, slowly. When name or tags are refused, or n_metrics are there already, what
 * is returned refuses all updates; udom_get_stats() tells. Waits for others that are preparing
 * one. Not to be called in signal handlers.
 *
 * A rate that is not within 1e-9 and 1 is taken as 1. So it is for gauges and sets, which cannot
 * be sampled, and for counters that are summed, of which it would save nothing.
 */
struct udom_metric *udom_metric_sampled(struct udom *client, enum udom_kind kind, double rate,
                                        const char *name, ...);
#define udom_metric_sampled(...) udom_metric_sampled(__VA_ARGS__, UDOM_END)

/* The same with all updates sent: udom_metric(client, kind, name, tags…). */
#define udom_metric(client, kind, ...) udom_metric_sampled(client, kind, 1, __VA_ARGS__)

/* As the functions above without metric_ in their names. */
void udom_metric_count(struct udom_metric *metric, double value);
void udom_metric_gauge(struct udom_metric *metric, double value);
void udom_metric_gauge_add(struct udom_metric *metric, double value);
void udom_metric_timing_ms(struct udom_metric *metric, double value);
void udom_metric_observe(struct udom_metric *metric, double value);
void udom_metric_set(struct udom_metric *metric, const char *member);
void udom_metric_expire(struct udom_metric *metric);

/* --- timers ---------------------------------------------------------------------------------- */

struct udom_timer {
    struct udom_metric *metric;
    uint64_t started_ns; /* CLOCK_MONOTONIC */
};

/* Begin to time something for @metric, of kind UDOM_TIMING. */
struct udom_timer udom_timer_start(struct udom_metric *metric);

/* Observe the time since the start, to a nanosecond. Does nothing the second time, or with NULL. */
void udom_timer_stop(struct udom_timer *timer);

/* As a declaration: time what is between here and the end of the block, however that is left. */
#ifdef __GNUC__
#define UDOM_TIME_SCOPE(metric) UDOM_TIME_SCOPE_AT_(metric, __LINE__)
#define UDOM_TIME_SCOPE_AT_(metric, line) UDOM_TIME_SCOPE_NAMED_(metric, line)
#define UDOM_TIME_SCOPE_NAMED_(metric, line)                                                       \
    struct udom_timer udom_scope_##line __attribute__((unused, cleanup(udom_timer_stop))) =        \
        udom_timer_start(metric)
#endif

/* --- telemetry ------------------------------------------------------------------------------- */

/*
 * What became of the updates. An update is one call; as many as were made are at any moment
 *      sent + dropped + refused + unsampled + those still in memory, which a flush makes none.
 * With UDOM_TELEMETRY each flush also sends what has grown, as counters with the constant tags but
 * without the prefix: udom_client_updates_total and udom_client_datagrams_total with the tag
 * outcome, and udom_client_bytes_total. These are not updates, but their bytes count.
 */
struct udom_stats {
    uint64_t sent;      /* in packets that the kernel took; UDP does not say if they arrived */
    uint64_t dropped;   /* nobody listens, a full socket, or a lock that was not free in time */
    uint64_t refused;   /* see "Text" above */
    uint64_t unsampled; /* left out for the rate of their metric */
    uint64_t datagrams_sent;
    uint64_t datagrams_dropped;
    uint64_t bytes_sent;
};

/* Write what is known now to @ret; zeros for a NULL client. Signal-safe. */
void udom_get_stats(struct udom *client, struct udom_stats *ret);

#ifdef __cplusplus
}
#endif

#endif
