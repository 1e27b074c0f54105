/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/exact.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Middles between two doubles, cut off after 255 digits: half of the smallest double, the one below
 * the smallest normal double, and the one between DBL_MAX and infinity. The comments say which next
 * digit is below the middle, and which is above.
 */
#define HALF_OF_SMALLEST /* 8 is below, 9 above */                                                 \
    "24703282292062327208828439643411068618252990130716238221279284125033775363510437"             \
    "59326499181808179961898982823477228588654633283551779698981993873980053909390631"             \
    "50356595155702263922908583924491051844359318028499365361525003193704576782492193"             \
    "656236698636584"
#define BELOW_NORMAL /* 7, 8 */                                                                    \
    "22250738585072011360574097967091319759348195463516456480234261097248222220210769"             \
    "45516529523908135087914149158913039621106870086438694594645527657207407820621743"             \
    "37998814106326732925355228688137214901298112245145188984905722230728525513315575"             \
    "501591439747639"
#define ABOVE_LARGEST /* 1, 2 */                                                                   \
    "17976931348623158079372897140530341507993413271003782693617377898044496829276475"             \
    "09466490179775872070963302864166928879109465555478519404026306574886715058206819"             \
    "08902000708383676273854845817711531764475730270069855571366959622842914819860834"             \
    "936475292719074"

/* 1 + 2^-53 and 1 + 3 * 2^-53, times 10^53. */
#define MIDDLE_ABOVE_EVEN "100000000000000011102230246251565404236316680908203125"
#define MIDDLE_ABOVE_ODD "100000000000000033306690738754696212708950042724609375"
#define EVEN 1.0
#define ODD (1.0 + DBL_EPSILON)

static void must_round(const char *digits, int exponent, double lower, double expected)
{
    double number = exact_round(slice_of(digits), exponent, lower);

    if (memcmp(&number, &expected, sizeof(number)) != 0)
        fail_msg("%se%d above %a became %a, not %a", digits, exponent, lower, number, expected);
}

static void a_middle_goes_to_the_even_side(void **state)
{
    must_round(MIDDLE_ABOVE_EVEN, -53, EVEN, EVEN);
    must_round(MIDDLE_ABOVE_ODD, -53, ODD, ODD + DBL_EPSILON);
    must_round("9007199254740993", 0, 9007199254740992.0, 9007199254740992.0);
    must_round("9007199254740995", 0, 9007199254740994.0, 9007199254740996.0);
    must_round("1", 23, 1e23, 1e23);
    must_round("1", 22, 1e22, 1e22);
}

static void the_last_digit_decides(void **state)
{
    must_round(MIDDLE_ABOVE_EVEN "0000000000000000000001", -75, EVEN, ODD);
    must_round("100000000000000011102230246251565404236316680908203124", -53, EVEN, EVEN);
    must_round("1000000000000000111022302462515654042363166809082031249999999999", -63, EVEN, EVEN);
    must_round(MIDDLE_ABOVE_ODD "0000000000000000000001", -75, ODD, ODD + DBL_EPSILON);
    must_round("100000000000000033306690738754696212708950042724609374", -53, ODD, ODD);
}

/* Scaled to whole numbers, the decimal and the middle are on two sides of 2^64. */
static void one_word_more_is_greater(void **state)
{
    must_round("1844674407370955.1616", -4, 1844674407370955.0, 1844674407370955.25);
    must_round("1844674407370955.1615", -4, 1844674407370955.25, 1844674407370955.25);
}

static void a_point_and_zeros_change_nothing(void **state)
{
    must_round("1." MIDDLE_ABOVE_EVEN, -54, 1.1, 1.1);
    must_round("0000000000000000000000000." MIDDLE_ABOVE_EVEN, -53, EVEN, EVEN);
    must_round("." MIDDLE_ABOVE_ODD, -53, ODD, ODD + DBL_EPSILON);
    must_round(MIDDLE_ABOVE_EVEN ".", -53, EVEN, EVEN);
    must_round("0.000000000000000000000000000" MIDDLE_ABOVE_EVEN "0000000000000000", -69, EVEN,
               EVEN);
    must_round("1000000000000000.11102230246251565404236316680908203125", -53, EVEN, EVEN);
    must_round("1000000000000000.11102230246251565404236316680908203126", -53, EVEN, ODD);
}

static void subnormals_round_like_others(void **state)
{
    must_round(HALF_OF_SMALLEST "8", -579, 0, 0);
    must_round(HALF_OF_SMALLEST "9", -579, 0, DBL_TRUE_MIN);
    must_round(BELOW_NORMAL "7", -563, DBL_MIN - DBL_TRUE_MIN, DBL_MIN - DBL_TRUE_MIN);
    must_round(BELOW_NORMAL "8", -563, DBL_MIN - DBL_TRUE_MIN, DBL_MIN);
    must_round("1", -340, 0, 0);
}

static void the_largest_may_become_infinite(void **state)
{
    must_round(ABOVE_LARGEST "1", 53, DBL_MAX, DBL_MAX);
    must_round(ABOVE_LARGEST "2", 53, DBL_MAX, (double)INFINITY);
}

/* Lengths at the limits of the arithmetic: a sanitizer detects what does not fit. */
static void the_longest_have_room(void **state)
{
    char nines[EXACT_DIGITS_MAX + 1] = "";

    memset(nines, '9', EXACT_DIGITS_MAX);
    must_round(nines, 0, nextafter(1e256, 0), 1e256);
    must_round(nines, 52, nextafter(1e308, 0), 1e308);
    must_round(nines, -256, nextafter(1, 0), 1);
    must_round(nines, -512, nextafter(1e-256, 0), 1e-256);
    must_round(nines, -563, nextafter(1e-307, 0), 1e-307);
    must_round(nines, -579, DBL_TRUE_MIN, 2 * DBL_TRUE_MIN);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_middle_goes_to_the_even_side), CASE(the_last_digit_decides),
        CASE(one_word_more_is_greater),       CASE(a_point_and_zeros_change_nothing),
        CASE(subnormals_round_like_others),   CASE(the_largest_may_become_infinite),
        CASE(the_longest_have_room),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
