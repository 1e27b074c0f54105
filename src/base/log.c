/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Log
 *
 * A line is built in a buffer and written by one write(), so that lines of different threads never
 * mix. Between log_start() and log_stop(), the thread of a spool does that, and whoever logs only
 * adds to the spool. Otherwise the one thread that there is writes the line itself. If that fails,
 * nothing can report it.
 *
 * The level, the format and the spool are global variables, as otherwise every function would have
 * to pass them on. The format is set once, before threads start. How a line goes changes at the
 * end, when a thread that waits for a disk may still want to log.
 */

#include "base/log.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/spool.h"
#include "base/utf8.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define TIME_MAX 64

/* A line without its fields; the message is a literal of ours, and rarely cut. */
#define SHORT_MAX 256

static _Atomic enum log_level threshold = LOG_INFO;
static enum log_format line_format = LOG_LOGFMT;

static struct spool spool;
enum way { DIRECT, SPOOLED, ENDED };
static _Atomic enum way way = DIRECT;

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};

void log_setup(enum log_level level, enum log_format format)
{
    log_set_level(level);
    line_format = format;
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&threshold, level, memory_order_relaxed);
}

static void write_time(char ret[TIME_MAX])
{
    int64_t now_ns = clock_realtime_ns();
    time_t seconds = (time_t)(now_ns / CLOCK_NS_PER_S);
    struct tm utc;
    size_t len;

    gmtime_r(&seconds, &utc);
    len = strftime(ret, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(ret + len, TIME_MAX - len, ".%03dZ", (int)(now_ns % CLOCK_NS_PER_S / CLOCK_NS_PER_MS));
}

/* Add @text in quotes; the escapes are those that JSON and logfmt share. */
static void add_quoted(struct buffer *line, struct slice text)
{
    CLEANUP(buffer_deinit) struct buffer good = { 0 };

    utf8_repair(text, &good);
    line->has_failed |= good.has_failed;
    buffer_add_char(line, '"');
    for (size_t i = 0; i < good.len; i++) {
        char c = good.data[i];

        if (c == '"' || c == '\\') {
            buffer_add_char(line, '\\');
            buffer_add_char(line, c);
        } else if (c == '\n') {
            buffer_add_literal(line, "\\n");
        } else if ((unsigned char)c < 0x20 || c == 0x7f) {
            buffer_add_format(line, "\\u%04x", (unsigned)c);
        } else {
            buffer_add_char(line, c);
        }
    }
    buffer_add_char(line, '"');
}

/* logfmt needs quotes only around text that is not one ASCII word. */
static bool is_one_word(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return text.len > 0;
}

static void add_value(struct buffer *line, const struct log_field *field)
{
    if (field->is_number)
        buffer_add_uint(line, field->number);
    else if (line_format == LOG_LOGFMT && is_one_word(field->text))
        buffer_add(line, field->text);
    else
        add_quoted(line, field->text);
}

static void add_field(struct buffer *line, const struct log_field *field)
{
    bool is_json = line_format == LOG_JSON;

    if (is_json)
        buffer_add_format(line, ",\"%s\":", field->key);
    else
        buffer_add_format(line, " %s=", field->key);
    add_value(line, field);
}

static void add_head(struct buffer *line, enum log_level level)
{
    char time[TIME_MAX];

    write_time(time);
    buffer_add_format(
        line, line_format == LOG_JSON ? "{\"time\":\"%s\",\"level\":\"%s\"" : "time=%s level=%s",
        time, level_names[level]);
}

static void add_line(struct buffer *line, enum log_level level, const char *message,
                     const struct log_field *fields, size_t n_fields)
{
    add_head(line, level);
    buffer_add(line, line_format == LOG_JSON ? SLICE(",\"msg\":") : SLICE(" msg="));
    add_quoted(line, slice_of(message));
    for (size_t i = 0; i < n_fields; i++)
        add_field(line, &fields[i]);
    if (line_format == LOG_JSON)
        buffer_add_char(line, '}');
    buffer_add_char(line, '\n');
}

/* --- from a line to stderr ------------------------------------------------------------------ */

static void put(int fd, struct slice text)
{
    enum way its_way = way;

    switch (its_way) {
    case SPOOLED: spool_add(&spool, fd, text); break;
    case DIRECT:
        if (write(fd, text.at, text.len) < 0)
            return;
        break;
    case ENDED: break;
    }
}

bool log_has(enum log_level level)
{
    return level >= atomic_load_explicit(&threshold, memory_order_relaxed);
}

/* For want of memory for the line, say only what has happened. */
static void put_short(enum log_level level, const char *message)
{
    char time[TIME_MAX], line[SHORT_MAX];
    int len;

    write_time(time);
    len = snprintf(line, sizeof(line),
                   line_format == LOG_JSON
                       ? "{\"time\":\"%s\",\"level\":\"%s\",\"msg\":\"%.100s\",\"cut\":\"%s\"}\n"
                       : "time=%s level=%s msg=\"%.100s\" cut=\"%s\"\n",
                   time, level_names[level], message, "out of memory");
    put(STDERR_FILENO, (struct slice){ line, (size_t)len });
}

void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t n_fields)
{
    CLEANUP(buffer_deinit) struct buffer line = { 0 };

    if (!log_has(level))
        return;
    add_line(&line, level, message, fields, n_fields);
    if (line.has_failed)
        put_short(level, message);
    else
        put(STDERR_FILENO, buffer_text(&line));
}

void log_print(struct slice text)
{
    put(STDOUT_FILENO, text);
}

/* On the spool's thread. */
static void report_dropped(struct buffer *out, uint64_t n_dropped)
{
    const struct log_field fields[] = {
        LOG_UINT("count", n_dropped),
        LOG_TEXT("hint", "what reads stderr is too slow, has stopped or has failed"),
    };

    add_line(out, LOG_WARN, "log lines were dropped", fields, ARRAY_SIZE(fields));
}

uint64_t log_n_dropped(void)
{
    return spool_n_dropped(&spool);
}

int log_start(void)
{
    int r;

    spool.fd = STDERR_FILENO;
    spool.report = report_dropped;
    r = spool_start(&spool);
    if (r == 0)
        way = SPOOLED;
    return r;
}

void log_flush(int64_t end_ns)
{
    if (way == SPOOLED)
        spool_flush(&spool, end_ns);
}

void log_stop(int64_t end_ns)
{
    if (way == SPOOLED)
        way = spool_stop(&spool, end_ns) ? DIRECT : ENDED;
}
