/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz document: bytes of a file to a tree, or to problems
 *
 * Any bytes give either a tree and no problem, or no tree and a problem. Each problem is a
 * line with its place, which must be in the file. So must the place of each node, and the
 * nodes of a list or map must come one after the other, but for those that aliases repeat.
 */

#include "fuzz.h"

#include "config/document.h"

#include <stdio.h>
#include <stdlib.h>

/* The byte order mark, which has no column. */
#define MARK "\xef\xbb\xbf"

/* The bytes of each line, without its break. */
struct lines {
    struct slice *items;
    size_t n;
};

/* The number of bytes of the line break at the beginning of @rest; 0 if there is none. */
static size_t break_len(struct slice rest)
{
    static const struct slice breaks[] = {
        { "\r\n", 2 },     { "\r", 1 },           { "\n", 1 },
        { "\xc2\x85", 2 }, { "\xe2\x80\xa8", 3 }, { "\xe2\x80\xa9", 3 },
    };

    for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++)
        if (slice_starts_with(rest, breaks[i]))
            return breaks[i].len;
    return 0;
}

static struct lines split(struct slice bytes)
{
    struct lines lines = { calloc(bytes.len + 1, sizeof(struct slice)), 1 };

    MUST(lines.items != NULL);
    lines.items[0].at = bytes.at;
    while (bytes.len) {
        size_t len = break_len(bytes), n = len ? len : 1;

        bytes = (struct slice){ bytes.at + n, bytes.len - n };
        if (len)
            lines.items[lines.n++].at = bytes.at;
        else
            lines.items[lines.n - 1].len++;
    }
    return lines;
}

static size_t count_characters(struct slice text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++)
        n += (text.at[i] & 0xc0) != 0x80;
    return n;
}

/*
 * A place is a character, or just after the last of its line. What is missing at the end of
 * a file is missing at the beginning of a line, also of one after the last.
 */
static void check_place(const struct lines *lines, struct place place)
{
    if (place.line == lines->n + 1 && place.column == 1)
        return;
    MUST_BE(place.line, >=, 1u);
    MUST_BE(place.line, <=, lines->n);
    MUST_BE(place.column, >=, 1u);
    MUST_BE(place.column, <=, count_characters(lines->items[place.line - 1]) + 1);
}

static bool is_after(struct place place, struct place other)
{
    return place.line > other.line || (place.line == other.line && place.column >= other.column);
}

static unsigned check_node(const struct lines *lines, const struct node *node, unsigned depth)
{
    struct place last = node->place;
    unsigned n = 1;

    MUST_BE(depth, <=, DOCUMENT_DEPTH_MAX + 1u);
    check_place(lines, node->place);
    MUST(node->shape == NODE_SCALAR || node->text.len == 0);
    MUST(node->shape != NODE_SCALAR || (!node->first && strlen(node->text.at) == node->text.len));
    for (const struct node *value = node->first; value; value = value->next) {
        MUST((value->key != NULL) == (node->shape == NODE_MAP));
        if (value->is_alias) {
            n += value->n_nodes + (value->key ? 1 : 0);
            continue;
        }
        if (value->key) {
            MUST(value->key->shape == NODE_SCALAR && !value->key->key);
            MUST(is_after(value->key->place, last));
            last = value->key->place;
            n += check_node(lines, value->key, depth + 1);
        }
        MUST(is_after(value->place, last));
        last = value->place;
        n += check_node(lines, value, depth + 1);
    }
    MUST_BE(n, ==, node->n_nodes);
    return n;
}

/* "f:LINE:COLUMN: what is wrong" */
static void check_problem(const struct lines *lines, struct slice problem)
{
    struct place place;
    int len = 0;
    char text[256];

    MUST(problem.len < sizeof(text));
    memcpy(text, problem.at, problem.len);
    text[problem.len] = '\0';
    MUST_BE(sscanf(text, "f:%u:%u: %n", &place.line, &place.column, &len), ==, 2);
    MUST_BE(len, >, 0);
    MUST_BE((size_t)len, <, problem.len);
    check_place(lines, place);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(problems_deinit) struct problems problems = { .path = "f" };
    struct slice bytes = { (const char *)data, size }, rest;
    struct document *document = document_parse(bytes, &problems);
    struct lines lines;

    if (slice_starts_with(bytes, SLICE(MARK)))
        bytes = (struct slice){ bytes.at + strlen(MARK), bytes.len - strlen(MARK) };
    lines = split(bytes);
    MUST((document != NULL) == (problems.n == 0));
    if (document && document_root(document))
        MUST_BE(check_node(&lines, document_root(document), 1), <=, (unsigned)DOCUMENT_NODES_MAX);
    rest = buffer_text(&problems.lines);
    while (rest.len)
        check_problem(&lines, slice_cut(&rest, '\n'));
    document_free(document);
    free(lines.items);
    return 0;
}
