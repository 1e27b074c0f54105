/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "tools/send/encode.h"

#include <stdio.h>

/* The line that @words, up to NULL, make; or what is wrong with them, between angle brackets. */
static const char *line_of(const char *const *words)
{
    static char text[2 * ENCODE_LINE_MAX];
    CLEANUP(buffer_deinit) struct buffer line = { 0 };
    struct encode_words sample;
    const char *wrong;
    int n = 0;

    while (words[n])
        n++;
    wrong = encode_sort(&sample, words, n);
    if (!wrong)
        wrong = encode_line(&sample, &line);
    if (wrong && line.len > 0)
        fail_msg("it left \"%.*s\"", (int)line.len, line.data);
    if (wrong)
        snprintf(text, sizeof(text), "<%s>", wrong);
    else
        snprintf(text, sizeof(text), "%.*s", (int)line.len, line.data);
    return text;
}

#define LINE(...) line_of((const char *const[]){ __VA_ARGS__, NULL })

static void each_type_has_its_letters(void **state)
{
    assert_string_equal(LINE("count", "a", "2"), "a:2|c");
    assert_string_equal(LINE("gauge", "a", "2"), "a:2|g");
    assert_string_equal(LINE("gauge", "a", "-2.5"), "a:-2.5|g");
    assert_string_equal(LINE("timing", "a", "2"), "a:2|ms");
    assert_string_equal(LINE("observe", "a", "2"), "a:2|h");
    assert_string_equal(LINE("set", "a", "k=v"), "a:k=v|s");
    assert_string_equal(LINE("expire", "a"), "a:1|x");
}

static void tags_follow(void **state)
{
    assert_string_equal(LINE("gauge", "a", "2", "k=v", "l=w=x"), "a:2|g|#k:v,l:w=x");
    assert_string_equal(LINE("expire", "a", "k=v"), "a:1|x|#k:v");
}

static void a_counter_may_go_without_value(void **state)
{
    assert_string_equal(LINE("count", "a"), "a:1|c");
    assert_string_equal(LINE("count", "a", "k=v"), "a:1|c|#k:v");
    assert_string_equal(LINE("count", "a", "2", "k=v"), "a:2|c|#k:v");
}

static void a_name_keeps_what_a_metric_may_have(void **state)
{
    assert_string_equal(LINE("count", "a-Z_0.9é"), "a-Z_0.9é:1|c");
    assert_string_equal(LINE("count", "a b:1|c\nd,e#f[g]"), "a_b_1_c_d_e_f_g_:1|c");
    assert_string_equal(LINE("count", "_e{1,1}"), "_e_1_1_:1|c");
    assert_string_equal(LINE("count", "_sc|"), "_sc_:1|c");
    assert_string_equal(LINE("count", "\x01\x1f\x7f\t\r"), "_____:1|c");
}

static void a_key_is_as_a_name(void **state)
{
    assert_string_equal(LINE("count", "a", "1", "k:l,#m n=v"), "a:1|c|#k_l__m_n:v");
}

static void a_tag_value_loses_only_what_ends_it(void **state)
{
    assert_string_equal(LINE("count", "a", "1", "k=http://x:1/?y=z#@"),
                        "a:1|c|#k:http://x:1/?y=z#@");
    assert_string_equal(LINE("count", "a", "1", "k=v,l:w|#m\nb:1|c\x7f"),
                        "a:1|c|#k:v_l:w_#m_b:1_c_");
}

static void a_member_may_have_commas(void **state)
{
    assert_string_equal(LINE("set", "a", "x,y:z|s\nb"), "a:x,y:z_s_b|s");
}

/* The daemon has rules and counters for them. */
static void half_a_tag_is_sent_as_one(void **state)
{
    assert_string_equal(LINE("expire", "a", "bare"), "a:1|x|#bare");
    assert_string_equal(LINE("expire", "a", "k="), "a:1|x|#k:");
    assert_string_equal(LINE("expire", "a", "=v"), "a:1|x|#:v");
    assert_string_equal(LINE("expire", "a", ""), "a:1|x|#:");
}

static void says_what_is_wrong(void **state)
{
    assert_string_equal(LINE("cuont", "a"), "<unknown type; expected count, gauge, "
                                            "timing, observe, set or expire>");
    assert_string_equal(LINE("distribution", "a", "1"), "<unknown type; expected count, gauge, "
                                                        "timing, observe, set or expire>");
    assert_string_equal(LINE("count"), "<the name is missing>");
    assert_string_equal(LINE("count", ""), "<the name is empty>");
    assert_string_equal(LINE("gauge", "a"), "<the value is missing>");
    assert_string_equal(LINE("gauge", "a", "k=v"), "<the value is not a number>");
    assert_string_equal(LINE("count", "a", ""), "<the value is not a number>");
    assert_string_equal(LINE("count", "a", "1|c\nb:1"), "<the value is not a number>");
    assert_string_equal(LINE("observe", "a", "1:2"), "<the value is not a number>");
    assert_string_equal(LINE("set", "a", ""), "<the member is empty>");
}

static void a_line_is_never_cut(void **state)
{
    char name[ENCODE_LINE_MAX - 3]; /* as long as ":1|c" and a NUL leave room for */

    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(strlen(LINE("count", name)), ENCODE_LINE_MAX);
    assert_string_equal(LINE("count", name, "10"), "<the line is too long>");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(each_type_has_its_letters),
        CASE(tags_follow),
        CASE(a_counter_may_go_without_value),
        CASE(a_name_keeps_what_a_metric_may_have),
        CASE(a_key_is_as_a_name),
        CASE(a_tag_value_loses_only_what_ends_it),
        CASE(a_member_may_have_commas),
        CASE(half_a_tag_is_sent_as_one),
        CASE(says_what_is_wrong),
        CASE(a_line_is_never_cut),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
