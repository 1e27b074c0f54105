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
#include <stdlib.h>

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

__attribute__((__format__(__printf__, 3, 0))) static void add(struct problems *problems,
                                                              struct place place,
                                                              const char *format, va_list args)
{
    CLEANUP(buffer_deinit) struct buffer line = { 0 };
    struct problem_parts *parts;

    if (problems->n++ >= PROBLEMS_MAX)
        return;
    add_place(problems, place, &line);
    parts = &problems->parts[problems->n - 1];
    *parts = (struct problem_parts){ .place = place, .text = (unsigned)line.len };
    if (problems->path)
        parts->path_len = (unsigned)strlen(problems->path);
    buffer_add_format_args(&line, format, args);
    buffer_keep_on_one_line(&line);
    if (line.has_failed)
        *parts = (struct problem_parts){ 0 };
    buffer_add(&problems->lines, line.has_failed ? SLICE("out of memory") : buffer_text(&line));
    buffer_add_char(&problems->lines, '\n');
    problems->has_no_memory |= line.has_failed || problems->lines.has_failed;
}

void problems_add(struct problems *problems, struct place place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(problems, place, format, args);
    va_end(args);
}

void problems_warn(struct problems *problems, struct place place, const char *format, ...)
{
    va_list args;

    if (!problems->warnings)
        return;
    problems->warnings->path = problems->path;
    va_start(args, format);
    add(problems->warnings, place, format, args);
    va_end(args);
    problems->warnings->path = NULL;
}

void problems_add_value(struct problems *problems, struct place place, struct slice before,
                        struct slice value, struct slice wrong)
{
    struct slice beginning = { value.at, value.len < QUOTE_MAX ? value.len : QUOTE_MAX };
    size_t len = value.len <= QUOTE_MAX ? value.len : utf8_valid_prefix(beginning);

    if (wrong.len == 0) { /* there was no memory to say it */
        wrong = SLICE("out of memory");
        problems->has_no_memory = true;
    }
    problems_add(problems, place, "%.*s%.*s%s: %.*s", (int)before.len, before.at, (int)len,
                 value.at, len < value.len ? "…" : "", (int)wrong.len, wrong.at);
}

/* --- order ------------------------------------------------------------------------ */

/* A kept problem, and what decides where it comes. */
struct kept {
    struct slice line;
    struct problem_parts parts;
    unsigned file;  /* the number of the first problem of its file, */
    unsigned order; /* and its own */
};

static unsigned find_file(const struct kept *kept, unsigned n, struct slice path)
{
    unsigned i = 0;

    while (i < n && !slice_equal((struct slice){ kept[i].line.at, kept[i].parts.path_len }, path))
        i++;
    return i;
}

/* Cut the lines apart. Returns their number. */
static unsigned cut(const struct problems *problems, struct kept ret[PROBLEMS_MAX])
{
    struct slice rest = buffer_text(&problems->lines);
    unsigned n = 0;

    for (; rest.len; n++) {
        const struct problem_parts *parts = &problems->parts[n];
        struct slice line = slice_cut(&rest, '\n');

        ret[n] = (struct kept){ .line = line, .parts = *parts, .order = n };
        ret[n].file = find_file(ret, n, (struct slice){ line.at, parts->path_len });
    }
    return n;
}

static int compare(unsigned a, unsigned b)
{
    return (a > b) - (a < b);
}

static int compare_kept(const void *a, const void *b)
{
    const struct kept *left = a, *right = b;
    int order = compare(left->file, right->file);

    if (order == 0)
        order = compare(left->parts.place.line, right->parts.place.line);
    if (order == 0)
        order = compare(left->parts.place.column, right->parts.place.column);
    return order ? order : compare(left->order, right->order);
}

void problems_sort(struct problems *problems)
{
    CLEANUP(buffer_deinit) struct buffer sorted = { 0 };
    struct kept kept[PROBLEMS_MAX];
    unsigned n = cut(problems, kept);
    struct buffer before;

    qsort(kept, n, sizeof(kept[0]), compare_kept);
    for (unsigned i = 0; i < n; i++) {
        buffer_add(&sorted, kept[i].line);
        buffer_add_char(&sorted, '\n');
    }
    if (sorted.has_failed)
        return;
    for (unsigned i = 0; i < n; i++)
        problems->parts[i] = kept[i].parts;
    before = problems->lines;
    problems->lines = sorted;
    sorted = before;
}

void problems_print(const struct problems *problems, const char *program, FILE *to)
{
    struct slice rest = buffer_text(&problems->lines);
    unsigned n = 0;

    for (; rest.len; n++) {
        struct slice line = slice_cut(&rest, '\n');

        fprintf(to, "%s: %.*s\n", program, (int)line.len, line.at);
    }
    if (problems->n > PROBLEMS_MAX)
        fprintf(to, "%s: … and %u more\n", program, problems->n - PROBLEMS_MAX);
    if (n < problems->n && n < PROBLEMS_MAX)
        fprintf(to, "%s: out of memory; there are more problems than are shown\n", program);
}

/* --- JSON ------------------------------------------------------------------------ */

/* The lines have no control characters, and their other bytes are what the user wrote. */
static void add_json_text(struct slice text, struct buffer *out)
{
    CLEANUP(buffer_deinit) struct buffer valid = { 0 };

    utf8_repair(text, &valid);
    buffer_add_char(out, '"');
    for (size_t i = 0; i < valid.len; i++) {
        if (valid.data[i] == '"' || valid.data[i] == '\\')
            buffer_add_char(out, '\\');
        buffer_add_char(out, valid.data[i]);
    }
    buffer_add_char(out, '"');
    out->has_failed |= valid.has_failed;
}

static void add_json(const struct problem_parts *parts, struct slice line, struct buffer *out)
{
    if (parts->path_len) {
        buffer_add_literal(out, ",\"file\":");
        add_json_text((struct slice){ line.at, parts->path_len }, out);
    }
    if (parts->place.line)
        buffer_add_format(out, ",\"line\":%u,\"column\":%u", parts->place.line,
                          parts->place.column);
    buffer_add_literal(out, ",\"message\":");
    add_json_text((struct slice){ line.at + parts->text, line.len - parts->text }, out);
}

void problems_write_json(const struct problems *problems, const char *severity, struct buffer *out)
{
    struct slice rest = buffer_text(&problems->lines);

    for (unsigned i = 0; rest.len; i++) {
        buffer_add_format(out, "{\"severity\":\"%s\"", severity);
        add_json(&problems->parts[i], slice_cut(&rest, '\n'), out);
        buffer_add_literal(out, "}\n");
    }
}
