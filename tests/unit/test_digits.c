/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Digits, from its header
 *
 * Where the first byte in memory is not the lowest, it leaves all texts to its caller. Then there
 * is nothing to test, and each case passes.
 */

#include "unit.h"

#include "base/compiler.h"
#include "base/digits.h"

#include <stdio.h>
#include <stdlib.h>

#define UNTOUCHED 0xdeadbeef

static bool is_of_use(void)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
}

/* The text is in memory of exactly DIGITS_WORD bytes; @next fills the bytes after it. */
static bool parse(struct slice text, char next, uint32_t *ret)
{
    char *memory = malloc(DIGITS_WORD);
    bool is_number;

    assert_non_null(memory);
    memset(memory, next, DIGITS_WORD);
    memcpy(memory, text.at, text.len < DIGITS_WORD ? text.len : DIGITS_WORD);
    is_number = digits_parse(memory, text.len, ret);
    free(memory);
    return is_number;
}

static void must_be_before(struct slice text, char next, uint32_t expected)
{
    uint32_t actual = UNTOUCHED;

    if (!is_of_use())
        return;
    if (!parse(text, next, &actual))
        fail_msg("refused: %.*s, with %02x after it", (int)text.len, text.at, (unsigned char)next);
    if (actual != expected)
        fail_msg("%.*s, with %02x after it, is %u", (int)text.len, text.at, (unsigned char)next,
                 actual);
}

static void must_be(struct slice text, uint32_t expected)
{
    must_be_before(text, '|', expected);
    must_be_before(text, '9', expected);
}

static void must_refuse_before(struct slice text, char next)
{
    uint32_t ret = UNTOUCHED;

    if (parse(text, next, &ret))
        fail_msg("accepted: %.*s", (int)text.len, text.at);
    assert_int_equal(ret, UNTOUCHED);
}

/* @number with at least @width digits. */
static struct slice print(char text[16], unsigned width, unsigned number)
{
    int len = snprintf(text, 16, "%0*u", (int)width, number);

    return (struct slice){ text, (size_t)len };
}

static void reads_all_numbers_of_up_to_4_digits(void **state)
{
    char text[16];

    for (unsigned number = 0; number < 10000; number++)
        must_be(print(text, 1, number), number);
}

static void leading_zeros_change_nothing(void **state)
{
    char text[16];

    for (unsigned width = 1; width <= DIGITS_WORD; width++)
        for (unsigned number = 0; number < 10000; number += width < 5 ? 1 : 13)
            must_be(print(text, width, number), number);
    must_be(SLICE("00000000"), 0);
}

static void reads_random_numbers_of_up_to_8_digits(void **state)
{
    uint64_t random = 1;
    unsigned reach = 10;
    char text[16];

    for (unsigned i = 0; i < 400000; i++) {
        unsigned number;

        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        number = (unsigned)((random >> 33) % reach);
        must_be(print(text, 1, number), number);
        reach = reach == 100000000 ? 10 : reach * 10;
    }
}

/* Each digit is tried in each place. */
static void reads_one_digit_among_zeros_and_nines(void **state)
{
    char text[16];
    unsigned power = 1;

    for (unsigned place = 0; place < DIGITS_WORD; place++, power *= 10)
        for (unsigned digit = 0; digit < 10; digit++) {
            must_be(print(text, 8, digit * power), digit * power);
            must_be(print(text, 8, 99999999 - digit * power), 99999999 - digit * power);
        }
}

static void what_follows_does_not_matter(void **state)
{
    unsigned first = 1; /* 12, 123 and so on */
    char text[16];

    for (unsigned width = 1; width <= DIGITS_WORD; width++, first = first * 10 + width)
        for (int next = 0; next < 256; next++) {
            must_be_before(print(text, width, 7), (char)next, 7);
            must_be_before(print(text, width, first), (char)next, first);
        }
}

/* Any one byte that is not a digit, at each place of each length. */
static void refuses_all_that_is_no_digit(void **state)
{
    static const char *const among[] = { "00000000", "99999999", "12345678", "90909090" };

    for (size_t t = 0; t < ARRAY_SIZE(among); t++)
        for (size_t len = 1; len <= DIGITS_WORD; len++)
            for (size_t place = 0; place < len; place++)
                for (int byte = 0; byte < 256; byte++) {
                    char text[DIGITS_WORD];

                    if (byte >= '0' && byte <= '9')
                        continue;
                    memcpy(text, among[t], DIGITS_WORD);
                    text[place] = (char)byte;
                    must_refuse_before((struct slice){ text, len }, '0');
                    must_refuse_before((struct slice){ text, len }, '\xff');
                }
}

/* A byte so large that it would compensate for its neighbour. */
static void refuses_two_that_are_none_together(void **state)
{
    for (int first = 0; first < 256; first++)
        for (int second = 0; second < 256; second++) {
            char text[2] = { (char)first, (char)second };
            bool are_digits = first >= '0' && first <= '9' && second >= '0' && second <= '9';

            if (are_digits)
                must_be((struct slice){ text, 2 }, (uint32_t)(first - '0') * 10 + second - '0');
            else
                must_refuse_before((struct slice){ text, 2 }, '5');
        }
}

static void refuses_other_lengths(void **state)
{
    static const size_t lens[] = { 0, 9, 10, 15, 16, 17, 64, 256, 257, 1 << 20, SIZE_MAX };

    for (size_t i = 0; i < ARRAY_SIZE(lens); i++)
        must_refuse_before((struct slice){ "12345678", lens[i] }, '1');
    must_refuse_before((struct slice){ "12345678", (size_t)UINT32_MAX + 2 }, '1');
}

static void refuses_all_else_that_is_a_number(void **state)
{
    static const char *const others[] = { "+1", "-1", "1.", ".1", "1e1",    " 1",
                                          "1 ", "1_", "0x", "1:", "1.5e10", "-.5" };

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        must_refuse_before(slice_of(others[i]), '1');
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(reads_all_numbers_of_up_to_4_digits),    CASE(leading_zeros_change_nothing),
        CASE(reads_random_numbers_of_up_to_8_digits), CASE(reads_one_digit_among_zeros_and_nines),
        CASE(what_follows_does_not_matter),           CASE(refuses_all_that_is_no_digit),
        CASE(refuses_two_that_are_none_together),     CASE(refuses_other_lengths),
        CASE(refuses_all_else_that_is_a_number),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
