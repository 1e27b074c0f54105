/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Problems
 *
 * A problem is formatted when it is added, because the file's tree is freed before the
 * problems are printed.
 */

#include "config/problems.h"

#include "base/utf8.h"

#include <stdarg.h>

/* The most bytes of a value to quote. */
#define QUOTE_MAX 200

void problems_deinit(struct problems *problems)
{
    buffer_deinit(&problems->lines);
    *problems = (struct problems){ 0 };
}

static void add_place(const struct problems *problems, struct place place, struct buffer *out)
{
    if (!problems->path)
        return;
    buffer_add_format(out, "%s:", problems->path);
    if (place.line)
        buffer_add_format(out, "%u:%u:", place.line, place.column);
    buffer_add_char(out, ' ');
}

void problems_add(struct problems *problems, struct place place, const char *format, ...)
{
    CLEANUP(buffer_deinit) struct buffer line = { 0 };
    va_list args;

    if (problems->n++ >= PROBLEMS_MAX)
        return;
    add_place(problems, place, &line);
    va_start(args, format);
    buffer_add_format_args(&line, format, args);
    va_end(args);
    buffer_keep_on_one_line(&line);
    buffer_add(&problems->lines, buffer_text(&line));
    buffer_add_char(&problems->lines, '\n');
}

void problems_add_value(struct problems *problems, struct place place, struct slice before,
                        struct slice value, struct slice wrong)
{
    struct slice beginning = { value.at, value.len < QUOTE_MAX ? value.len : QUOTE_MAX };
    size_t len = value.len <= QUOTE_MAX ? value.len : utf8_valid_prefix(beginning);

    problems_add(problems, place, "%.*s%.*s%s: %.*s", (int)before.len, before.at, (int)len,
                 value.at, len < value.len ? "…" : "", (int)wrong.len, wrong.at);
}

void problems_print(const struct problems *problems, const char *program, FILE *to)
{
    struct slice rest = buffer_text(&problems->lines);

    while (rest.len) {
        struct slice line = slice_cut(&rest, '\n');

        fprintf(to, "%s: %.*s\n", program, (int)line.len, line.at);
    }
    if (problems->n > PROBLEMS_MAX)
        fprintf(to, "%s: … and %u more\n", program, problems->n - PROBLEMS_MAX);
}
