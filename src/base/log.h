/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Log: lines on stderr, in logfmt or JSON, as Prometheus' own programs write them
 *
 *      time=2026-11-21T06:25:48.123Z level=info msg="listening" address=127.0.0.1:8125
 *
 * Only daemon/ logs. What becomes of lines and datagrams is counted. Of refused lines, conflicts
 * and tags that are cut, the first is logged, at a bounded rate; at debug, each refused line.
 * Any thread may log. Lines come in the order of the calls, and never one in the middle of another.
 *
 * Between log_start() and log_stop() a caller never waits for stderr: a thread writes the lines
 * (base/spool.h). While it cannot, SPOOL_BYTES of them wait. Further lines are dropped and counted,
 * and once there is room again, a line says how many are missing.
 */

#include "base/compiler.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level {
    LOG_DEBUG,
    LOG_INFO,
    LOG_WARN,
    LOG_ERROR,
};

enum log_format {
    LOG_LOGFMT,
    LOG_JSON,
};

/* A key and its value. Numbers are not quoted in JSON. */
struct log_field {
    const char *key;
    struct slice text; /* borrowed */
    uint64_t number;
    bool is_number;
};

#define LOG_TEXT(key, text) LOG_SLICE((key), slice_of(text))
#define LOG_SLICE(key, text) ((struct log_field){ (key), (text), 0, false })
#define LOG_UINT(key, number) ((struct log_field){ (key), { 0 }, (number), true })

/* Set the format, and drop lines below @level. Call it before threads start. */
void log_setup(enum log_level level, enum log_format format);

/* From now on drop lines below @level. Any thread. */
void log_set_level(enum log_level level);

/*
 * From now on, let a thread write the lines. Call it after log_setup(), before other threads start.
 * Returns 0 or negative errno; in that case lines are still written at once.
 */
MUST_CHECK int log_start(void);

/* Wait until all lines are written, but not after @end_ns (monotonic). */
void log_flush(int64_t end_ns);

/*
 * The same, then end the thread. Lines that could not be written until then are lost, and so is
 * everything that is logged later. Otherwise the caller's next line is written at once. A line that
 * another thread logs meanwhile is written or dropped.
 */
void log_stop(int64_t end_ns);

/* The number of lines dropped, not counting those below the level. Any thread. */
uint64_t log_n_dropped(void);

/*
 * Write @text to stdout as it is, after the lines logged before. It is dropped if there is no room.
 * Any thread.
 */
void log_print(struct slice text);

/*
 * Write one line. @message and the texts of @fields are borrowed. They may hold any bytes:
 * control characters are escaped, and each byte that is not UTF-8 becomes U+FFFD. Without memory
 * the line has no fields but cut="out of memory"; for that, @message should be plain and short.
 */
void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t n_fields);

/* Whether lines of @level are logged at all. Any thread. */
bool log_has(enum log_level level);

#define LOG(level, message, ...)                                                                   \
    log_write((level), (message), (const struct log_field[]){ __VA_ARGS__ },                       \
              sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field))
#define log_info(message, ...) LOG(LOG_INFO, (message), __VA_ARGS__)
#define log_warn(message, ...) LOG(LOG_WARN, (message), __VA_ARGS__)
#define log_error(message, ...) LOG(LOG_ERROR, (message), __VA_ARGS__)
#define log_debug(message, ...) LOG(LOG_DEBUG, (message), __VA_ARGS__)
