/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Digits: parsing eight of them at once
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DIGITS_WORD 8

/* Are all eight bytes of @word ASCII digits? */
static inline bool digits_are_all(uint64_t word)
{
    const uint64_t threes = UINT64_C(0x3030303030303030);
    const uint64_t high_halves = UINT64_C(0xf0f0f0f0f0f0f0f0);

    /* Each byte is 0x30 to 0x3f, and still is after adding 6; no byte carries into the next. */
    return (word & high_halves) == threes &&
           ((word + UINT64_C(0x0606060606060606)) & high_halves) == threes;
}

/* The value of eight digits, the first in the lowest byte: add up pairs, then fours, then all. */
static inline uint32_t digits_sum_up(uint64_t word)
{
    word &= UINT64_C(0x0f0f0f0f0f0f0f0f);
    word = word * 10 + (word >> 8);
    word =
        (word & UINT64_C(0x00ff00ff00ff00ff)) * 100 + (word >> 16 & UINT64_C(0x00ff00ff00ff00ff));
    word =
        (word & UINT64_C(0x0000ffff0000ffff)) * 10000 + (word >> 32 & UINT64_C(0x0000ffff0000ffff));
    return (uint32_t)word;
}

/*
 * Parse the @len bytes at @at. DIGITS_WORD bytes must be readable there, whatever @len is.
 * Returns false and leaves @ret unchanged unless the bytes are 1 to 8 digits. On big-endian
 * machines it always returns false. The time does not depend on @len: the end of a loop would
 * often be mispredicted.
 */
static inline bool digits_parse(const char *at, size_t len, uint32_t *ret)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t word, zeros = UINT64_C(0x3030303030303030);

    if (len - 1 >= DIGITS_WORD) /* includes 0 */
        return false;
    memcpy(&word, at, sizeof(word));
    /* Fill up with leading zeros. */
    word <<= 8 * (DIGITS_WORD - len);
    word |= len < DIGITS_WORD ? zeros >> 8 * len : 0;
    if (!digits_are_all(word))
        return false;
    *ret = digits_sum_up(word);
    return true;
#else
    return false;
#endif
}
