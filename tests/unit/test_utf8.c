/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/utf8.h"

#include <stdlib.h>

static void must_accept(const char *text)
{
    if (!utf8_is_valid(slice_of(text)))
        fail_msg("refused: %s", text);
}

static void must_refuse(const char *text)
{
    if (utf8_is_valid(slice_of(text)))
        fail_msg("accepted: %s", text);
}

/*
 * The table of RFC 3629, section 4: the number of bytes of the character at @at; 0 if it is
 * invalid.
 */
static size_t character_len(const unsigned char *at, size_t len)
{
    static const unsigned char rows[][5] = {
        /* from, to, second from, second to, bytes */
        { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
        { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
        { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
    };

    if (at[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const unsigned char *row = rows[i];

        if (at[0] < row[0] || at[0] > row[1])
            continue;
        if (len < row[4] || at[1] < row[2] || at[1] > row[3])
            return 0;
        for (size_t j = 2; j < row[4]; j++)
            if ((at[j] & 0xc0) != 0x80)
                return 0;
        return row[4];
    }
    return 0;
}

static bool is_valid(const unsigned char *at, size_t len)
{
    while (len) {
        size_t n = character_len(at, len);

        if (!n)
            return false;
        at += n;
        len -= n;
    }
    return true;
}

static void must_agree(const unsigned char *bytes, size_t len)
{
    struct slice text = { (const char *)bytes, len };

    if (utf8_is_valid(text) != is_valid(bytes, len))
        fail_msg("%02x %02x %02x %02x, %zu bytes", bytes[0], bytes[1], bytes[2], bytes[3], len);
}

static void accepts_text(void **state)
{
    must_accept("");
    must_accept("plain");
    must_accept("gr\xc3\xbc\xc3\x9f");
    must_accept("\xc2\x80 \xdf\xbf");
    must_accept("\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf");
    must_accept("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf");
    assert_true(utf8_is_valid(SLICE("a\0b")));
}

static void refuses_overlong_forms(void **state)
{
    must_refuse("\xc0\x80");
    must_refuse("\xc0\xaf");
    must_refuse("\xc1\xbf");
    must_refuse("\xe0\x80\x80");
    must_refuse("\xe0\x9f\xbf");
    must_refuse("\xf0\x80\x80\x80");
    must_refuse("\xf0\x8f\xbf\xbf");
    must_refuse("\xf8\x88\x80\x80\x80");
    must_refuse("\xfc\x84\x80\x80\x80\x80");
}

static void refuses_surrogates_and_beyond(void **state)
{
    must_refuse("\xed\xa0\x80");
    must_refuse("\xed\xbf\xbf");
    must_refuse("\xed\xa0\x81\xed\xb0\x80");
    must_refuse("\xf4\x90\x80\x80");
    must_refuse("\xf5\x80\x80\x80");
    must_refuse("\xfe");
    must_refuse("\xff");
}

static void refuses_characters_cut_short(void **state)
{
    must_refuse("\x80");
    must_refuse("a\xbf");
    must_refuse("\xc3");
    must_refuse("\xe2\x82");
    must_refuse("\xe2");
    must_refuse("\xf0\x9f\x92");
    must_refuse("\xc3 \xbc");
    must_refuse("\xe2\x82x");
    must_refuse("\xc3\xbc\xbc");
}

static void all_short_strings_are_judged_as_the_rfc_does(void **state)
{
    unsigned char bytes[4] = { 0 };

    for (unsigned i = 0; i < 1 << 24; i++) {
        bytes[0] = (unsigned char)(i >> 16);
        bytes[1] = (unsigned char)(i >> 8);
        bytes[2] = (unsigned char)i;
        if (bytes[1] == 0 && bytes[2] == 0)
            must_agree(bytes, 1);
        if (bytes[2] == 0)
            must_agree(bytes, 2);
        must_agree(bytes, 3);
    }
}

/* Of the last two bytes, only the range can matter. */
static void four_byte_strings_are_judged_as_the_rfc_does(void **state)
{
    static const unsigned char ranges[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90,
                                            0xbf, 0xc0, 0xc3, 0xf0, 0xff };

    for (unsigned i = 0; i < 65536 * 100; i++) {
        unsigned char bytes[4] = { (unsigned char)(i / 100 >> 8), (unsigned char)(i / 100),
                                   ranges[i / 10 % 10], ranges[i % 10] };

        must_agree(bytes, 4);
    }
}

/*
 * Each character, in texts of each length, at each place; a sanitizer detects reads beyond the end.
 */
static void finds_a_character_wherever_it_stands(void **state)
{
    static const char *const inserts[] = {
        "\x80",         "\xff",         "\xc3\xbc",         "\xe2\x82",
        "\xe2\x82\xac", "\xed\xa0\x80", "\xf0\x9f\x92\xa7", "\xf0\x9f\x92"
    };

    for (size_t len = 4; len < 70; len++) {
        for (size_t i = 0; i < sizeof(inserts) / sizeof(inserts[0]); i++) {
            size_t n = strlen(inserts[i]);

            for (size_t at = 0; at + n <= len; at++) {
                unsigned char *text = malloc(len);

                memset(text, 'a', len);
                memcpy(text + at, inserts[i], n);
                must_agree(text, len);
                free(text);
            }
        }
    }
}

/* As base/slice.h allows. */
static void a_slice_of_nothing_may_be_null(void **state)
{
    assert_true(utf8_is_valid((struct slice){ NULL, 0 }));
}

static void assert_repaired(struct slice text, const char *wanted)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    utf8_repair(text, &out);
    assert_false(out.has_failed);
    assert_int_equal(out.len, strlen(wanted));
    if (out.len)
        assert_memory_equal(out.data, wanted, out.len);
}

#define BAD "\xef\xbf\xbd"

static void repairs_byte_by_byte_what_is_wrong_and_nothing_else(void **state)
{
    assert_repaired((struct slice){ NULL, 0 }, "");
    assert_repaired(SLICE("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
    assert_repaired(SLICE("\xff"), BAD);
    assert_repaired(SLICE("a\x80z\xc3\xbc\xfe"), "a" BAD "z\xc3\xbc" BAD);
    assert_repaired(SLICE("cut \xe2\x82"), "cut " BAD BAD);
    assert_repaired(SLICE("\xed\xa0\x80"), BAD BAD BAD);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(accepts_text),
        CASE(refuses_overlong_forms),
        CASE(refuses_surrogates_and_beyond),
        CASE(refuses_characters_cut_short),
        CASE(all_short_strings_are_judged_as_the_rfc_does),
        CASE(four_byte_strings_are_judged_as_the_rfc_does),
        CASE(finds_a_character_wherever_it_stands),
        CASE(a_slice_of_nothing_may_be_null),
        CASE(repairs_byte_by_byte_what_is_wrong_and_nothing_else),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
