/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Labels
 *
 * Usual sets are small, so linear search and insertion sort beat anything cleverer. More labels,
 * as a hostile sender may send, are sorted by merging.
 */

#include "base/labels.h"

#include "base/must.h"
#include "base/scan.h"

#include <stdint.h>

/* As many labels are sorted by insertion. */
#define SORT_FEW 8

bool labels_set(struct labels *labels, size_t max, struct slice name, struct slice value)
{
    for (size_t i = 0; i < labels->n; i++) {
        if (slice_equal(labels->items[i].name, name)) {
            labels->items[i].value = value;
            return true;
        }
    }
    if (labels->n == max)
        return false;
    labels->items[labels->n++] = (struct label){ name, value };
    return true;
}

const struct label *labels_find(const struct labels *labels, struct slice name)
{
    for (size_t i = 0; i < labels->n; i++)
        if (slice_equal(labels->items[i].name, name))
            return &labels->items[i];
    return NULL;
}

void labels_remove(struct labels *labels, struct slice name)
{
    size_t n = 0;

    for (size_t i = 0; i < labels->n; i++)
        if (!slice_equal(labels->items[i].name, name))
            labels->items[n++] = labels->items[i];
    labels->n = n;
}

static void sort_few(struct label *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct label label = items[i];
        size_t at = i;

        if (slice_compare(items[i - 1].name, label.name) <= 0)
            continue;
        for (; at > 0 && slice_compare(items[at - 1].name, label.name) > 0; at--)
            items[at] = items[at - 1];
        items[at] = label;
    }
}

/* Merge the sorted @items before and after @middle. */
static void merge(struct label *items, size_t middle, size_t n)
{
    struct label first[LABELS_MAX];
    size_t i = 0, j = middle, at = 0;

    memcpy(first, items, middle * sizeof(*items));
    while (i < middle && j < n)
        items[at++] = slice_compare(first[i].name, items[j].name) <= 0 ? first[i++] : items[j++];
    memcpy(items + at, first + i, (middle - i) * sizeof(*items));
}

void labels_sort(struct labels *labels)
{
    size_t n = labels->n;

    if (LIKELY(n <= SORT_FEW)) {
        sort_few(labels->items, n);
        return;
    }
    for (size_t at = 0; at < n; at += SORT_FEW)
        sort_few(labels->items + at, n - at < SORT_FEW ? n - at : SORT_FEW);
    for (size_t run = SORT_FEW; run < n; run *= 2)
        for (size_t at = 0; at + run < n; at += 2 * run)
            merge(labels->items + at, run, n - at < 2 * run ? n - at : 2 * run);
}

/* Does @c need a backslash before it? A table, as it is looked up for every byte of a value. */
static bool is_special(char c)
{
    static const bool specials[256] = { ['\\'] = true, ['"'] = true, ['\n'] = true };

    return specials[(unsigned char)c];
}

/* Not 0 if any of the eight bytes of @word is @c (Hacker's Delight, 6-1: find a zero byte). */
static uint64_t any_is(uint64_t word, char c)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t zero = word ^ (ones * (unsigned char)c);

    return (zero - ones) & ~zero & (ones << 7);
}

/* Copy eight bytes at a time until one of them is special. Returns the number of bytes copied. */
static size_t copy_usual(char *out, struct slice value)
{
    size_t n = 0;
    uint64_t word;

    for (; value.len - n >= sizeof(word); n += sizeof(word)) {
        memcpy(&word, value.at + n, sizeof(word));
        if (any_is(word, '\\') | any_is(word, '"') | any_is(word, '\n'))
            break;
        memcpy(out + n, &word, sizeof(word));
    }
    return n;
}

static char *write_escaped(char *out, struct slice value)
{
    size_t n_usual = copy_usual(out, value);

    out += n_usual;
    for (size_t i = n_usual; i < value.len; i++) {
        char c = value.at[i];

        if (UNLIKELY(is_special(c))) {
            *out++ = '\\';
            c = c == '\n' ? 'n' : c;
        }
        *out++ = c;
    }
    return out;
}

struct slice labels_write(const struct labels *labels, char *out)
{
    char *at = out;

    for (size_t i = 0; i < labels->n; i++) {
        const struct label *label = &labels->items[i];

        if (i > 0)
            *at++ = ',';
        memcpy(at, label->name.at, label->name.len);
        at += label->name.len;
        *at++ = '=';
        *at++ = '"';
        at = write_escaped(at, label->value);
        *at++ = '"';
    }
    return (struct slice){ out, (size_t)(at - out) };
}

static size_t escaped_length(struct slice value)
{
    size_t len = value.len;

    for (size_t i = 0; i < value.len; i++)
        len += is_special(value.at[i]);
    return len;
}

size_t labels_length(const struct labels *labels)
{
    size_t len = labels->n ? labels->n - 1 : 0; /* commas */

    for (size_t i = 0; i < labels->n; i++)
        len += labels->items[i].name.len + escaped_length(labels->items[i].value) + 3;
    return len;
}

size_t labels_length_max(const struct labels *labels)
{
    size_t len = 0;

    for (size_t i = 0; i < labels->n; i++)
        len += labels->items[i].name.len + 2 * labels->items[i].value.len + 4;
    return len;
}

/*
 * The bytes of a block that follow a backslash which is not escaped itself. The bit after the last
 * byte of the block may be set too. Of a run of backslashes each second one is escaped; where a run
 * ends, the carry of a subtraction says whether its length is odd (as in simdjson's
 * json_escape_scanner.h).
 */
static uint32_t escaped_bytes(uint32_t backslashes)
{
    const uint32_t odd = 0xaaaaaaaa;
    uint32_t escapes_and_ends = (((backslashes << 1) | odd) - backslashes) ^ odd;

    return (escapes_and_ends ^ backslashes) & ((2u << SCAN_BLOCK) - 1);
}

/*
 * The end of the value that begins at @at: the first quote that no backslash escapes. By blocks, as
 * a sender may choose values in which no branch can be predicted.
 */
static const char *closing_quote(const char *at, const char *end)
{
    while (end - at >= SCAN_BLOCK) {
        uint32_t backslashes = scan_block(at, '\\', '\\');
        /* A branch, so that usually the next block does not wait for this one. */
        uint32_t escaped = backslashes ? escaped_bytes(backslashes) : 0;
        uint32_t quotes = scan_block(at, '"', '"') & ~escaped;

        if (quotes)
            return at + __builtin_ctz(quotes);
        at += SCAN_BLOCK + (escaped >> SCAN_BLOCK);
    }
    while (at < end && *at != '"')
        at += *at == '\\' ? 2 : 1;
    return at;
}

/* The closing quote of the first label of @text, which is not empty; its opening one, too. */
static inline const char *find_quotes(struct slice text, const char **ret_opening)
{
    const char *end = text.at + text.len;

    /* Names contain no quotes, so the first one opens the value. */
    *ret_opening = scan_for(text.at, end, '"');
    return closing_quote(*ret_opening + 1, end);
}

/* Cut off the label that ends with @quote, and the comma after it. */
static inline void cut_after(struct slice *text, const char *quote)
{
    const char *end = text->at + text->len;

    text->at = quote + 1 < end ? quote + 2 : end;
    text->len = (size_t)(end - text->at);
}

bool labels_next(struct slice *text, struct slice *ret)
{
    const char *opening, *closing;

    if (text->len == 0)
        return false;
    closing = find_quotes(*text, &opening);
    *ret = (struct slice){ text->at, (size_t)(closing + 1 - text->at) };
    cut_after(text, closing);
    return true;
}

bool labels_next_parts(struct slice *text, struct slice *ret_name, struct slice *ret_value)
{
    const char *opening, *closing;

    if (text->len == 0)
        return false;
    closing = find_quotes(*text, &opening);
    *ret_name = (struct slice){ text->at, (size_t)(opening - text->at) - 1 }; /* and "=" */
    *ret_value = (struct slice){ opening + 1, (size_t)(closing - opening) - 1 };
    cut_after(text, closing);
    return true;
}

char *labels_unescape(char *out, struct slice value)
{
    const char *at = value.at, *end = value.at + value.len;

    for (;;) {
        const char *escape = scan_for(at, end, '\\');

        out = mempcpy(out, at, (size_t)(escape - at));
        if (escape == end)
            return out;
        *out++ = escape[1] == 'n' ? '\n' : escape[1];
        at = escape + 2;
    }
}

size_t labels_cut(struct slice text, struct slice ret[LABELS_MAX])
{
    struct slice label;
    size_t n = 0;

    while (labels_next(&text, &label)) {
        MUST_BE(n, <, (size_t)LABELS_MAX);
        ret[n++] = label;
    }
    return n;
}

/* Both are sorted, so labels that were passed in @all need no second look. */
bool labels_include(struct slice all, const struct slice *some, size_t n)
{
    struct slice label;
    size_t n_found = 0;

    while (n_found < n && labels_next(&all, &label))
        n_found += slice_equal(label, some[n_found]);
    return n_found == n;
}

bool labels_cut_include(const struct slice *all, size_t n_all, const struct slice *some, size_t n)
{
    size_t n_found = 0;

    for (size_t i = 0; i < n_all && n_found < n; i++)
        n_found += slice_equal(all[i], some[n_found]);
    return n_found == n;
}
