/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Log
 *
 * A line is built in a buffer and written by one write(), so that lines of
 * different threads never mix. If that write fails, nothing can report it.
 *
 * The level and the format are global variables. They are set once, before threads start, and
 * otherwise every function would have to pass them on.
 */

#include "base/log.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/utf8.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static enum log_level threshold = LOG_INFO;
static enum log_format line_format = LOG_LOGFMT;

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};

void log_setup(enum log_level level, enum log_format format)
{
    threshold = level;
    line_format = format;
}

static void add_time(struct buffer *line)
{
    int64_t now_ns = clock_realtime_ns();
    time_t seconds = (time_t)(now_ns / CLOCK_NS_PER_S);
    struct tm utc;
    char text[32];

    gmtime_r(&seconds, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    buffer_add_format(line, "%s.%03dZ", text, (int)(now_ns % CLOCK_NS_PER_S / CLOCK_NS_PER_MS));
}

/* Add @text in quotes; the escapes are those that JSON and logfmt share. */
static void add_quoted(struct buffer *line, const char *text)
{
    bool is_utf8 = utf8_is_valid(slice_of(text));

    buffer_add_char(line, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            buffer_add_char(line, '\\');
            buffer_add_char(line, *text);
        } else if (*text == '\n') {
            buffer_add_literal(line, "\\n");
        } else if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            buffer_add_format(line, "\\u%04x", (unsigned)*text);
        } else if ((unsigned char)*text >= 0x80 && !is_utf8) {
            buffer_add_literal(line, "\\ufffd");
        } else {
            buffer_add_char(line, *text);
        }
    }
    buffer_add_char(line, '"');
}

/* logfmt needs quotes only around text that is not one ASCII word. */
static bool is_one_word(const char *word)
{
    const signed char *text = (const signed char *)word;

    if (!*text)
        return false;
    for (; *text; text++)
        if (*text <= ' ' || *text == 0x7f || *text == '"' || *text == '=' || *text == '\\')
            return false;
    return true;
}

static void add_value(struct buffer *line, const struct log_field *field)
{
    if (field->is_number)
        buffer_add_uint(line, field->number);
    else if (line_format == LOG_LOGFMT && is_one_word(field->text))
        buffer_add(line, slice_of(field->text));
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
    bool is_json = line_format == LOG_JSON;

    buffer_add(line, is_json ? SLICE("{\"time\":\"") : SLICE("time="));
    add_time(line);
    buffer_add_format(line, is_json ? "\",\"level\":\"%s\"" : " level=%s", level_names[level]);
}

void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t n_fields)
{
    CLEANUP(buffer_deinit) struct buffer line = { 0 };

    if (level < threshold)
        return;
    add_head(&line, level);
    buffer_add(&line, line_format == LOG_JSON ? SLICE(",\"msg\":") : SLICE(" msg="));
    add_quoted(&line, message);
    for (size_t i = 0; i < n_fields; i++)
        add_field(&line, &fields[i]);
    if (line_format == LOG_JSON)
        buffer_add_char(&line, '}');
    buffer_add_char(&line, '\n');
    if (!line.has_failed && write(STDERR_FILENO, line.data, line.len) < 0)
        return;
}
