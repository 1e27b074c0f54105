/* SPDX-License-Identifier: Apache-2.0 */

/*
 * API: refused
 *
 * Workers receive different flows of the same sender, so entries with the same id are added up.
 */

#include "web/api_refused.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <time.h>

/* The moment of the page, on both clocks. */
struct moment {
    uint32_t now_s;
    int64_t realtime_s;
};

/* --- adding up ------------------------------------------------------------------------------ */

static int compare_ids(const void *a, const void *b)
{
    const struct refused_line *left = a, *right = b;

    return (left->id > right->id) - (left->id < right->id);
}

static int compare_times(const void *a, const void *b)
{
    const struct refused_line *left = a, *right = b;

    if (left->last_s != right->last_s)
        return left->last_s < right->last_s ? 1 : -1;
    return (left->count < right->count) - (left->count > right->count);
}

/* Add @more to @line, which has the same id. The text is the later one's. */
static void merge(struct refused_line *line, const struct refused_line *more)
{
    uint64_t count = line->count + more->count;
    uint32_t first_s = line->first_s < more->first_s ? line->first_s : more->first_s;

    if (more->last_s > line->last_s)
        *line = *more;
    line->count = count;
    line->first_s = first_s;
}

/* Merge @n lines with the same ids, and sort them. Returns their number. */
static unsigned merge_all(struct refused_line *lines, unsigned n)
{
    unsigned n_merged = 0;

    qsort(lines, n, sizeof(*lines), compare_ids);
    for (unsigned i = 0; i < n; i++)
        if (n_merged > 0 && lines[n_merged - 1].id == lines[i].id)
            merge(&lines[n_merged - 1], &lines[i]);
        else
            lines[n_merged++] = lines[i];
    qsort(lines, n_merged, sizeof(*lines), compare_times);
    return n_merged < API_REFUSED_MAX ? n_merged : API_REFUSED_MAX;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* NULL when out of memory, and JSON's null for an empty text. */
static json_t *text_json(const struct buffer *text)
{
    if (text->has_failed)
        return NULL;
    return text->len ? json_stringn(text->data, text->len) : json_null();
}

static json_t *line_text_json(const struct refused_line *line)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };

    refused_write_text(line->text, line->length, &text);
    return text_json(&text);
}

static json_t *peer_json(const struct peer *peer)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };
    CLEANUP(buffer_deinit) struct buffer good = { 0 };

    peer_write(peer, &text);
    utf8_repair(buffer_text(&text), &good);
    good.has_failed |= text.has_failed;
    return text_json(&good);
}

static json_t *time_json(const struct moment *moment, uint32_t at_s)
{
    time_t seconds = (time_t)(moment->realtime_s - (int64_t)(moment->now_s - at_s));
    struct tm utc;
    char text[32];

    gmtime_r(&seconds, &utc);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_string(text);
}

/* @number, or JSON's null if it is @none. */
static json_t *number_json(uint32_t number, uint32_t none)
{
    return number == none ? json_null() : json_integer(number);
}

static json_t *line_json(const struct refused_line *line, const struct moment *moment)
{
    return json_pack("{s:s, s:s?, s:o, s:o, s:o, s:o, s:s, s:I, s:o, s:o}", "reason",
                     verdict_reason(line->reason), "cause", line->cause[0] ? line->cause : NULL,
                     "line", line_text_json(line), "length", number_json(line->length, 0), "byte",
                     number_json(line->fault, REFUSED_NO_FAULT), "sender", peer_json(&line->peer),
                     "listener", line->listener, "count", (json_int_t)line->count, "first",
                     time_json(moment, line->first_s), "last", time_json(moment, line->last_s));
}

static json_t *lines_json(const struct refused_line *lines, unsigned n, const struct moment *moment)
{
    json_t *array = json_array();

    for (unsigned i = 0; array && i < n; i++) {
        if (json_array_append_new(array, line_json(&lines[i], moment)) == 0)
            continue;
        json_decref(array);
        return NULL;
    }
    return array;
}

json_t *api_refused(struct refused *lists, unsigned n_lists, uint32_t now_s, int64_t realtime_s)
{
    const struct moment moment = { now_s, realtime_s };
    struct refused_line *lines = calloc(n_lists + 1, REFUSED_LINES_MAX * sizeof(*lines));
    uint64_t n_refused = 0, n_listed = 0;
    unsigned n = 0;
    json_t *data;

    if (!lines)
        return NULL;
    /* The entries first, so that the total is never less than what they count. */
    for (unsigned i = 0; i < n_lists; i++)
        n += refused_read(&lists[i], &lines[n]);
    for (unsigned i = 0; i < n_lists; i++)
        n_refused += refused_total(&lists[i]);
    n = merge_all(lines, n);
    for (unsigned i = 0; i < n; i++)
        n_listed += lines[i].count;
    data = json_pack("{s:I, s:I, s:o}", "refused", (json_int_t)n_refused, "unlisted",
                     (json_int_t)(n_refused - n_listed), "lines", lines_json(lines, n, &moment));
    free(lines);
    return data;
}
