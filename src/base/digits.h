/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Digits: eight of them at once
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DIGITS_WORD 8

/* Each byte of @word is one character of a number, the first one lowest: are all digits? */
static inline bool digits_are_all(uint64_t word)
{
    const uint64_t threes = UINT64_C(0x3030303030303030);
    const uint64_t high_halves = UINT64_C(0xf0f0f0f0f0f0f0f0);

    /* 0x30 to 0x3f, and still so when 6 is added: no byte carries into the next. */
    return (word & high_halves) == threes &&
           ((word + UINT64_C(0x0606060606060606)) & high_halves) == threes;
}

/* The number that eight digits make: pairs, then fours, then all. */
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
 * Read the @len bytes at @at, of which DIGITS_WORD may be read whatever they are. Returns
 * false, and leaves @ret alone, unless they are 1 to 8 digits. It takes the same time for
 * any of these: a loop would often be wrong about when it is over.
 */
static inline bool digits_parse(const char *at, size_t len, uint32_t *ret)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t word, zeros = UINT64_C(0x3030303030303030);

    if (len - 1 >= DIGITS_WORD) /* 0 is among these */
        return false;
    memcpy(&word, at, sizeof(word));
    /* What is not there are leading zeros. */
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
