/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Log: lines on stderr, in logfmt or JSON, as Prometheus' own programs write them
 *
 *      time=2026-11-21T06:25:48.123Z level=info msg="listening" address=127.0.0.1:8125
 *
 * Only daemon/ and tools/ log. Nothing is logged per line or datagram; those are counted.
 * Any thread may log; each line is one write().
 */

#include "base/compiler.h"

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
    const char *text; /* borrowed; NULL when is_number */
    uint64_t number;
    bool is_number;
};

#define LOG_TEXT(key, text) ((struct log_field){ (key), (text), 0, false })
#define LOG_UINT(key, number) ((struct log_field){ (key), NULL, (number), true })

/* Set the format, and drop lines below @level. Call it before threads start. */
void log_setup(enum log_level level, enum log_format format);

/*
 * Write one line. @message and the texts of @fields are borrowed. Control characters in
 * them are escaped; in a text that is not UTF-8, each byte outside ASCII becomes U+FFFD.
 */
void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t n_fields);

#define LOG(level, message, ...)                                                                   \
    log_write((level), (message), (const struct log_field[]){ __VA_ARGS__ },                       \
              sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field))
#define log_info(message, ...) LOG(LOG_INFO, (message), __VA_ARGS__)
#define log_warn(message, ...) LOG(LOG_WARN, (message), __VA_ARGS__)
#define log_error(message, ...) LOG(LOG_ERROR, (message), __VA_ARGS__)
#define log_debug(message, ...) LOG(LOG_DEBUG, (message), __VA_ARGS__)
