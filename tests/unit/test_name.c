/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "mapping/name.h"

#include <stdlib.h>

/* The size that the header says, to the byte: a sanitizer detects one too many. */
static void must_write(struct slice sent, const char *expected)
{
    char *out = malloc(NAME_WRITTEN_MAX(sent.len));
    struct slice name;

    assert_non_null(out);
    name = name_write(out, sent);
    if (!slice_equal(name, slice_of(expected)))
        fail_msg("%.*s became %.*s, not %s", (int)sent.len, sent.at, (int)name.len, name.at,
                 expected);
    free(out);
}

static void keeps_what_prometheus_accepts(void **state)
{
    must_write(SLICE("a"), "a");
    must_write(SLICE("_"), "_");
    must_write(SLICE("__name__"), "__name__");
    must_write(SLICE("abcxyz_ABCXYZ_0189"), "abcxyz_ABCXYZ_0189");
}

static void each_other_character_becomes_an_underscore(void **state)
{
    must_write(SLICE("a.b"), "a_b");
    must_write(SLICE("a..b"), "a__b");
    must_write(SLICE("a:b"), "a_b");
    must_write(SLICE("a b\tc"), "a_b_c");
    must_write(SLICE("."), "_");
    must_write(SLICE("a."), "a_");
    must_write(SLICE("a/b@c[d`e{f"), "a_b_c_d_e_f");
    must_write(SLICE("a\0b\x7f"), "a_b_");
}

static void a_utf8_character_becomes_one_underscore(void **state)
{
    must_write(SLICE("\xc3\xbc"), "_");
    must_write(SLICE("gr\xc3\xbc\xc3\x9f"), "gr__");
    must_write(SLICE("\xe2\x82\xac.x"), "__x");
    must_write(SLICE("a\xf0\x9f\x92\xa7z"), "a_z");
    must_write(SLICE("\xf4\x8f\xbf\xbf"), "_");
}

static void a_run_of_dashes_becomes_one_underscore(void **state)
{
    must_write(SLICE("-"), "_");
    must_write(SLICE("-----"), "_");
    must_write(SLICE("a-b"), "a_b");
    must_write(SLICE("a---b--c"), "a_b_c");
    must_write(SLICE("a-.-b"), "a___b");
    must_write(SLICE("a-_-b"), "a___b");
    must_write(SLICE("a-b-c"), "a_b_c");
    must_write(SLICE("--a--"), "_a_");
}

static void a_leading_digit_gets_an_underscore(void **state)
{
    must_write(SLICE("0"), "_0");
    must_write(SLICE("9a"), "_9a");
    must_write(SLICE("1234567890"), "_1234567890");
    must_write(SLICE("5-.x"), "_5__x");
    must_write(SLICE("-5"), "_5");
    must_write(SLICE("a5"), "a5");
}

static void nothing_stays_nothing(void **state)
{
    must_write(SLICE(""), "");
    must_write((struct slice){ NULL, 0 }, "");
}

static bool is_prometheus_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool is_digit = c >= '0' && c <= '9';

        if (!((c | 32) >= 'a' && (c | 32) <= 'z') && c != '_' && !(is_digit && i > 0))
            return false;
    }
    return name.len > 0;
}

static void any_text_becomes_a_name_within_the_room(void **state)
{
    static const char *const parts[] = { "-", "--", ".",        "a",           "Z",
                                         "7", "_",  "\xc3\xbc", "\xe2\x82\xac" };
    unsigned random = 1;

    for (int i = 0; i < 20000; i++) {
        char sent[64];
        size_t len = 0;
        char *out;

        for (int n = i % 12; n >= 0; n--) {
            random = random * 1103515245 + 12345;
            struct slice part = slice_of(parts[(random >> 16) % 9]);
            memcpy(sent + len, part.at, part.len);
            len += part.len;
        }
        out = malloc(NAME_WRITTEN_MAX(len));
        assert_true(is_prometheus_name(name_write(out, (struct slice){ sent, len })));
        free(out);
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(keeps_what_prometheus_accepts),
        CASE(each_other_character_becomes_an_underscore),
        CASE(a_utf8_character_becomes_one_underscore),
        CASE(a_run_of_dashes_becomes_one_underscore),
        CASE(a_leading_digit_gets_an_underscore),
        CASE(nothing_stays_nothing),
        CASE(any_text_becomes_a_name_within_the_room),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
