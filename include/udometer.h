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
 * The client never harms the program it is in. No update waits, except for udom_expire() and
 * udom_replace_…(), and what cannot be sent is dropped and counted. NULL is a valid client, metric
 * and family, for which every function does nothing.
 *
 * Unless its description says otherwise, any thread may call a function at any time between
 * udom_open() and udom_close(). A function copies what it is given, does not allocate, raises no
 * signal, and leaves errno unchanged. (In a program with more than 32 thread-specific keys, the C
 * library may allocate once, at a thread's first update.)
 *
 * Text. Strings end with a NUL. So that no line is ever broken or forged, these become "_":
 *      in names, the prefix, keys   blanks, control characters, | : , # @ [ ] {
 *      in values of tags            control characters, | and ,; a blank at the end
 *      in members of a set          | and line feeds
 * Except in members, so does each byte that is not part of valid UTF-8. A tag whose key or value is
 * missing or empty is left out. An update is refused, which means that it is counted and otherwise
 * ignored, if
 *      - its name is NULL, empty, or longer than 512 bytes including the prefix,
 *      - a key has more than 256 bytes, there are more than 64 tags, or name and tags need more
 *        than 1,280 bytes or leave no room in a packet for a value,
 *      - its value is NaN or infinite, or negative for a counter, or an empty member,
 *      - its metric is of another kind.
 *
 * Tags are pairs of strings, key and value, at the end of a call. The macros below append the
 * UDOM_END that the functions require after them. (If you take a function's address, or call it
 * from another language, pass UDOM_END yourself.) Of two tags with one key the last wins; the
 * constant tags, those of the environment before those of the options, come first.
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
#define UDOM_NO_AGGREGATION 2u /* send a line for each update, even of prepared metrics */
#define UDOM_TELEMETRY 4u      /* also send the counts of struct udom_stats; see there */

/*
 * Zero is a good choice for every member. Nothing here needs to outlive udom_open(). What the
 * environment may say is the same for all bundled clients: clients/README.md, "The environment".
 */
struct udom_options {
    /*
     * Where the udometer listens: "udp://HOST[:PORT]", "udp://[IPV6][:PORT]", "HOST:PORT", or
     * "unix:///PATH" or "unix://@ABSTRACT_NAME" of a datagram socket; or "off". If it is NULL or
     * "", the environment decides: UDOMETER_URL, else DD_DOGSTATSD_URL, else DD_AGENT_HOST with
     * DD_DOGSTATSD_PORT, else STATSD_HOST with STATSD_PORT, else udp://127.0.0.1:8125. Ports
     * default to 8125; "localhost" means 127.0.0.1.
     */
    const char *url;
    const char *prefix; /* put before every name, such as "bot."; NULL: UDOMETER_PREFIX, or none */

    /*
     * Constant tags: key, value, key, value, …, NULL; NULL: none. Those of DD_TAGS, DD_ENV,
     * DD_SERVICE, DD_VERSION and UDOMETER_TAGS come before them, up to 32 and 640 bytes.
     */
    const char *const *tags;
    unsigned flags;        /* UDOM_… */
    unsigned flush_ms;     /* time between flushes by the thread; 0: 1,000 */
    unsigned resolve_ms;   /* time between lookups of a host name; 0: 60,000 */
    unsigned packet_bytes; /* 512 to 65,000; 0: 1,432 for udp, 8,192 for unix */
    unsigned n_metrics;    /* metrics that can be prepared, up to 65,536; 0: 256 */
    unsigned n_threads;    /* threads with their own buffer, up to 4,096; 0: 64 */
};

/*
 * Open a client. NULL for @options means all zero. The client allocates all its memory here: about
 * n_threads * (n_metrics * 136 + packet_bytes) bytes, of which only pages in use are resident.
 *
 * A host name is looked up before this returns, which takes as long as the system's resolver does.
 * If the name is unknown, or nothing listens, the client opens all the same, drops and counts what
 * is recorded, and its thread tries again. It does the same whenever sending fails: it tries a path
 * again at every flush, a host after one second, then less and less often, down to every 32
 * seconds. Names are looked up again every @resolve_ms.
 *
 * The thread blocks all signals. The caller ends the client with udom_close(). Returns NULL and
 * sets errno to EINVAL (a URL of another form, a number out of its range, a prefix or constant tags
 * too long for a metric), ENOMEM, or EAGAIN (no more threads or thread keys). With the URL "off",
 * returns a client that is not NULL, but as NULL does nothing, with metrics and families that are
 * NULL.
 *
 * If the variable UDOMETER_DEBUG is set, this says on stderr which variable has a wrong value. What
 * is not a tag in a variable is left out.
 *
 * After a fork() the child's client is as if newly opened: it has the metrics, but none of the
 * updates that the parent had not sent yet, and counts from 0. The child's first update or flush
 * starts the thread, which allocates. Do not call fork() in a signal handler.
 */
struct udom *udom_open(const struct udom_options *options);

/* udom_open() with this URL and otherwise all zero. */
struct udom *udom_open_url(const char *url);

/*
 * Send what all threads recorded before the call. Waits for a flush that is under way and for
 * threads in the middle of an update, never for the network. Without a background thread it also
 * maintains the connection in its place, and may look up a host name.
 */
void udom_flush(struct udom *client);

/*
 * Flush, end the thread, and free everything. No other thread may be in a call, or begin one.
 * Waits until a host name lookup by the thread, if one is under way, ends.
 */
void udom_close(struct udom *client);

/* --- updates, the short way ---------------------------------------------------------------------
 *
 * Each call encodes name and tags, and adds one line to its thread's buffer. A buffer is sent when
 * it is full, and by each flush. Do not call these in signal handlers.
 */

#define UDOM_END ((const char *)0)

/* Add @value, at least 0, to a counter. */
void udom_count(struct udom *client, const char *name, double value, ...);
#define udom_count(...) udom_count(__VA_ARGS__, UDOM_END)

/*
 * Set a gauge. In StatsD a sign means to add, in DogStatsD it does not: a negative value is sent
 * after a 0 in the same packet, and is right in both.
 */
void udom_gauge(struct udom *client, const char *name, double value, ...);
#define udom_gauge(...) udom_gauge(__VA_ARGS__, UDOM_END)

/*
 * Add @value, which may be negative, to a gauge. A listener with --statsd.dialect=dogstatsd sets
 * the gauge instead, as DogStatsD does; and when a datagram is lost, the gauge is wrong until it is
 * set again. A program that knows the value should set it.
 */
void udom_gauge_add(struct udom *client, const char *name, double value, ...);
#define udom_gauge_add(...) udom_gauge_add(__VA_ARGS__, UDOM_END)

/* Observe a duration in milliseconds. The udometer shows seconds. */
void udom_timing_ms(struct udom *client, const char *name, double value, ...);
#define udom_timing_ms(...) udom_timing_ms(__VA_ARGS__, UDOM_END)

/* Observe a value for a histogram, in the unit that the name says. */
void udom_observe(struct udom *client, const char *name, double value, ...);
#define udom_observe(...) udom_observe(__VA_ARGS__, UDOM_END)

/* Add @member to a set, which counts its distinct members. */
void udom_set(struct udom *client, const char *name, const char *member, ...);
#define udom_set(...) udom_set(__VA_ARGS__, UDOM_END)

/*
 * End all series of this name that have all of these tags, with the next flush. Calls udom_flush()
 * first if a prepared metric or another thread has recorded anything, so that nothing recorded
 * earlier brings them back. It is sent before everything that is recorded after it, and in the same
 * packet as this thread's next updates and all merged gauges if that has room. Refused if a tag had
 * to be left out, as it would end more than was meant.
 */
void udom_expire(struct udom *client, const char *name, ...);
#define udom_expire(...) udom_expire(__VA_ARGS__, UDOM_END)

/* --- updates, the fast way ----------------------------------------------------------------------
 *
 * A prepared metric's updates are merged until the next flush: counts are summed, a gauge keeps its
 * last value, 16 observations share a line. Sets are not merged, and with UDOM_NO_AGGREGATION
 * nothing is. Counts and observations are merged in their thread's own memory. Merged updates may
 * be sent before or after others of the same flush: do not change a gauge in both ways.
 *
 * With glibc and musl, all of these except udom_metric_expire() may be called in a signal handler
 * if the thread has made an update with the client before and @value has at most nine decimals
 * (others are printed with snprintf(), which POSIX does not list as signal-safe).
 */

enum udom_kind {
    UDOM_COUNTER = 1, /* udom_metric_count() */
    UDOM_GAUGE,       /* udom_metric_gauge(), udom_metric_gauge_add() */
    UDOM_TIMING,      /* udom_metric_timing_ms(), udom_timer_…() */
    UDOM_HISTOGRAM,   /* udom_metric_observe() */
    UDOM_SET          /* udom_metric_set() */
};

/*
 * Prepare a metric. Only a random share @rate of its updates is sent, each marked as standing for
 * 1/@rate updates. The metric belongs to the client and lives as long as it does. Preparing the
 * same one again returns the same one, slowly. If name or tags are refused, or n_metrics are
 * prepared already, the returned metric refuses all updates, which udom_get_stats() counts. Waits
 * while another thread prepares one. Do not call this in signal handlers.
 *
 * A rate outside 1e-9 to 1 is taken as 1. The rate is also taken as 1 for gauges and sets, which
 * cannot be sampled, and for counters that are summed, where it would save nothing.
 */
struct udom_metric *udom_metric_sampled(struct udom *client, enum udom_kind kind, double rate,
                                        const char *name, ...);
#define udom_metric_sampled(...) udom_metric_sampled(__VA_ARGS__, UDOM_END)

/* The same with all updates sent: udom_metric(client, kind, name, tags…). */
#define udom_metric(client, kind, ...) udom_metric_sampled(client, kind, 1, __VA_ARGS__)

/* The same as the functions above without metric_ in their names. */
void udom_metric_count(struct udom_metric *metric, double value);
void udom_metric_gauge(struct udom_metric *metric, double value);
void udom_metric_gauge_add(struct udom_metric *metric, double value);
void udom_metric_timing_ms(struct udom_metric *metric, double value);
void udom_metric_observe(struct udom_metric *metric, double value);
void udom_metric_set(struct udom_metric *metric, const char *member);
void udom_metric_expire(struct udom_metric *metric);

/* --- replacing all series of a gauge ------------------------------------------------------------
 *
 * For a gauge whose series come and go, such as one for each job that runs now:
 *
 *      struct udom_family *jobs = udom_family(udom, "bot.jobs_progress", 100);
 *
 *      udom_replace_begin(jobs);
 *      for (i = 0; i < n; i++)
 *          udom_replace(jobs, job[i].progress, "job", job[i].name);
 *      udom_replace_end(jobs);
 *
 * Series that are not set again end. The new ones are sent before the others are ended, so no
 * scrape finds neither; one that comes in between finds both.
 */

/*
 * Prepare a family: all series of gauge @name that have these tags and were set by replacements. Up
 * to @n_series (0: 1,000; at most 65,536) can be set at a time. Allocates about 600 bytes for each;
 * their tags have 384 on average. The family belongs to the client and lives as long as it does.
 * Preparing the same one again returns the same one. If its name or a tag is refused, or if a tag
 * would be left out, it refuses all updates. Returns NULL and sets errno to ENOMEM without memory.
 */
struct udom_family *udom_family(struct udom *client, const char *name, unsigned n_series, ...);
#define udom_family(...) udom_family(__VA_ARGS__, UDOM_END)

/* Begin a replacement. One that was begun but not ended is discarded. */
void udom_replace_begin(struct udom_family *family);

/*
 * Set the series with the family's tags and these. The last value wins. Refused if no replacement
 * has begun, if there are more than @n_series, if there is no room for its tags, or if a tag would
 * be left out.
 */
void udom_replace(struct udom_family *family, double value, ...);
#define udom_replace(...) udom_replace(__VA_ARGS__, UDOM_END)

/*
 * Send the series that were set, and end those that were not but that the previous replacement had
 * set. The client does not know which series an earlier process has left. So the first replacement
 * also ends, after the new ones, all series of that name that have the family's tags and got no
 * sample for a second, and the first one that begins a second later does so again. Give the family
 * tags that tell it from what other processes send.
 *
 * Sends at once, with all that this thread has recorded, and may wait as udom_expire() does. Give
 * the series the same keys in the same order each time: an expiry ends all series that have its
 * tags and more, so with other keys a series that stays may end, and begin again in the next line.
 */
void udom_replace_end(struct udom_family *family);

/* --- timers ---------------------------------------------------------------------------------- */

struct udom_timer {
    struct udom_metric *metric;
    uint64_t started_ns; /* CLOCK_MONOTONIC */
};

/* Start a timer for @metric, of kind UDOM_TIMING. */
struct udom_timer udom_timer_start(struct udom_metric *metric);

/* Observe the time since the start, to a nanosecond. Does nothing the second time, or with NULL. */
void udom_timer_stop(struct udom_timer *timer);

/* A declaration: observe the time from here until the block is left, in whatever way. */
#ifdef __GNUC__
#define UDOM_TIME_SCOPE(metric) UDOM_TIME_SCOPE_AT_(metric, __LINE__)
#define UDOM_TIME_SCOPE_AT_(metric, line) UDOM_TIME_SCOPE_NAMED_(metric, line)
#define UDOM_TIME_SCOPE_NAMED_(metric, line)                                                       \
    struct udom_timer udom_scope_##line __attribute__((unused, cleanup(udom_timer_stop))) =        \
        udom_timer_start(metric)
#endif

/* --- telemetry ------------------------------------------------------------------------------- */

/*
 * What became of the updates. An update is one call. At any moment the number of updates is
 *      sent + dropped + refused + unsampled + those still in memory, none after a flush.
 * With UDOM_TELEMETRY each flush also sends the increases, as counters with the constant tags but
 * without the prefix: udom_client_updates_total and udom_client_datagrams_total with the tag
 * outcome, and udom_client_bytes_total. These do not count as updates, but their bytes count.
 */
struct udom_stats {
    uint64_t sent;      /* in packets that the kernel accepted; UDP does not tell if they arrived */
    uint64_t dropped;   /* nothing listens, the socket is full, or a lock was not free in time */
    uint64_t refused;   /* see "Text" above */
    uint64_t unsampled; /* left out because of their metric's rate */
    uint64_t datagrams_sent;
    uint64_t datagrams_dropped;
    uint64_t bytes_sent;
};

/* Write the current counts to @ret; zeros for a NULL client. Signal-safe. */
void udom_get_stats(struct udom *client, struct udom_stats *ret);

#ifdef __cplusplus
}
#endif

#endif
