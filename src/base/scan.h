/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Scan: finding and comparing bytes, a block at a time
 *
 * For lines, whose parts are about ten bytes long: calling memchr() or memcmp() takes
 * longer there than running it. Bytes outside the given range are never read. A block is
 * 16 bytes with SSE2, which every x86-64 has. Elsewhere, and with -DUDOMETER_PORTABLE, it
 * is a word of 8 bytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(UDOMETER_PORTABLE)
#include <emmintrin.h>

#define SCAN_BLOCK 16

/* A bit for each byte of the block at @at that is @a or @b. Bit 0 is the first byte. */
static inline unsigned scan_block(const char *at, char a, char b)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i is_a = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(a));
    __m128i is_b = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b));

    return (unsigned)_mm_movemask_epi8(_mm_or_si128(is_a, is_b));
}

static inline bool scan_equal_block(const char *a, const char *b)
{
    __m128i left = _mm_loadu_si128((const __m128i *)(const void *)a);
    __m128i right = _mm_loadu_si128((const __m128i *)(const void *)b);

    return _mm_movemask_epi8(_mm_cmpeq_epi8(left, right)) == 0xffff;
}
#else
#define SCAN_BLOCK 8

/* Not 0 when a byte of @word is 0 (Mycroft's test; it does not tell which byte). */
static inline uint64_t scan_has_zero(uint64_t word)
{
    return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

static inline unsigned scan_block(const char *at, char a, char b)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    unsigned found = 0;
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    if (!scan_has_zero(word ^ ones * (unsigned char)a) &&
        !scan_has_zero(word ^ ones * (unsigned char)b))
        return 0;
    for (unsigned i = 0; i < SCAN_BLOCK; i++)
        found |= (unsigned)(at[i] == a || at[i] == b) << i;
    return found;
}

static inline bool scan_equal_block(const char *a, const char *b)
{
    uint64_t left, right;

    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    return left == right;
}
#endif

/* The first byte at or after @at that is @a or @b, or @end. */
static inline const char *scan_either(const char *at, const char *end, char a, char b)
{
    const char *blocks_end = at + ((size_t)(end - at) & ~(size_t)(SCAN_BLOCK - 1));

    for (; at < blocks_end; at += SCAN_BLOCK) {
        unsigned found = scan_block(at, a, b);

        if (found)
            return at + __builtin_ctz(found);
    }
    while (at < end && *at != a && *at != b)
        at++;
    return at;
}

/* The first @c at or after @at, or @end. */
static inline const char *scan_for(const char *at, const char *end, char c)
{
    return scan_either(at, end, c, c);
}

/* Are the @len bytes at @a and @b the same? */
static inline bool scan_equal(const char *a, const char *b, size_t len)
{
    size_t i = 0;

    if (len < SCAN_BLOCK) {
        while (i < len && a[i] == b[i])
            i++;
        return i == len;
    }
    for (; i < len - SCAN_BLOCK; i += SCAN_BLOCK)
        if (!scan_equal_block(a + i, b + i))
            return false;
    /* The last block overlaps the one before it. */
    return scan_equal_block(a + len - SCAN_BLOCK, b + len - SCAN_BLOCK);
}
