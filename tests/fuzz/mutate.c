/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Mutate
 *
 * What costs much for each byte is usually short and repeated, so half of all changes repeat a
 * piece. The others put in what the protocol gives a meaning, or bytes that must be escaped.
 */

#include "mutate.h"

#include "base/compiler.h"

#include <string.h>

static uint64_t state = 1;

void mutate_seed(uint64_t seed)
{
    state = seed | 1;
}

/* xorshift64* */
static uint64_t next(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(0x2545f4914f6cdd1d);
}

unsigned mutate_below(size_t n)
{
    return (unsigned)((next() >> 32) * n >> 32);
}

static const char *const pieces[] = {
    "\n",
    ":",
    "|",
    "#",
    ",",
    "=",
    ";",
    "[",
    "]",
    "@",
    "|c",
    "|g",
    "|ms",
    "|h",
    "|d",
    "|s",
    "|x",
    "|#",
    "|@.1",
    "|@0",
    ":1|c",
    ":1|x",
    ":-1|c",
    ":+1|g",
    "|T1",
    "|c:ci-1",
    ",a:1",
    ",k:v",
    "_e{1,",
    "_sc|a|",
    "_sum",
    "_bucket",
    ":1:2",
    "a:1|c\n",
    "a:x|c\n",
    "a:-1|c\n",
    "\\",
    "\"",
    "\xc3\xa9",
    "\xff",
    "\xf0\x9f\x92\xa7",
    ".",
    "-",
    "__",
    "1e308",
    "0.1",
    "NaN",
    "99999999999999999999",
    " ",
    "\r\n",
    "overflow:true",
    "le:1",
};

/* Append @piece @n times, as far as there is room. */
static size_t append(char *out, size_t len, struct slice piece, size_t n)
{
    for (size_t i = 0; i < n && piece.len <= MUTATE_MAX - len; i++) {
        memcpy(out + len, piece.at, piece.len);
        len += piece.len;
    }
    return len;
}

static struct slice any_piece(struct slice text)
{
    size_t at = mutate_below(text.len), max = text.len - at;
    size_t len = 1 + mutate_below(mutate_below(2) && max > 16 ? 16 : max);

    return (struct slice){ text.at + at, len };
}

static struct slice any_insertion(struct slice parent, struct slice other)
{
    const char *piece = pieces[mutate_below(ARRAY_SIZE(pieces))];

    switch (mutate_below(4)) {
    case 0: return any_piece(parent);
    case 1: return any_piece(other);
    default: return (struct slice){ piece, strlen(piece) };
    }
}

/* How often a piece comes: once, or so often that it fills a datagram of some size. */
static size_t any_number(size_t piece_len)
{
    if (mutate_below(2))
        return 1;
    return 1 + mutate_below((size_t)1 << (4 + mutate_below(12))) / piece_len;
}

size_t mutate(char out[MUTATE_MAX], struct slice parent, struct slice other)
{
    size_t cut = mutate_below(parent.len + 1);
    size_t skipped = mutate_below(3) ? 0 : mutate_below(parent.len - cut + 1);
    struct slice piece = any_insertion(parent, other);
    size_t len = append(out, 0, (struct slice){ parent.at, cut }, 1);

    if (mutate_below(4))
        len = append(out, len, piece, any_number(piece.len));
    len = append(out, len, (struct slice){ parent.at + cut + skipped, parent.len - cut - skipped },
                 1);
    if (len > 0 && mutate_below(4) == 0)
        out[mutate_below(len)] = (char)next();
    if (len > 64 && mutate_below(8) == 0)
        len = 1 + mutate_below(len);
    return len ? len : append(out, 0, piece, 1);
}
