/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "tools/send/encode.h"

#include <stdio.h>

/*
 * The line that @words, up to NULL, make; or what is wrong with them, between angle brackets, after
 * the wrong word.
 */
static const char *line_of(const char *const *words)
{
    static char text[2 * ENCODE_LINE_MAX];
    CLEANUP(buffer_deinit) struct buffer line = { 0 };
    struct encode_mistake mistake;
    struct encode_words sample;
    bool is_good;
    int n = 0;

    while (words[n])
        n++;
    is_good = encode_sort(&sample, words, n, &mistake) && encode_line(&sample, &line, &mistake);
    if (!is_good && line.len > 0)
        fail_msg("it left \"%.*s\"", (int)line.len, line.data);
    if (is_good)
        snprintf(text, sizeof(text), "%.*s", (int)line.len, line.data);
    else if (mistake.meant)
        snprintf(text, sizeof(text), "<%s; did you mean %s?>", mistake.what, mistake.meant);
    else
        snprintf(text, sizeof(text), "%s<%s>", mistake.word ? mistake.word : "", mistake.what);
    return text;
}

#define LINE(...) line_of((const char *const[]){ __VA_ARGS__, NULL })

static void each_type_has_its_letters(void **state)
{
    assert_string_equal(LINE("count", "a", "2"), "a:2|c");
    assert_string_equal(LINE("gauge", "a", "2"), "a:2|g");
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

static void a_gauge_below_zero_is_set_after_a_zero(void **state)
{
    assert_string_equal(LINE("gauge", "a", "-2.5", "k=v"), "a:0:-2.5|g|#k:v");
    assert_string_equal(LINE("gauge", "a", "-0.0"), "a:0.0|g");
    assert_string_equal(LINE("observe", "a", "-2.5"), "a:-2.5|h");
}

static void a_sign_as_a_word_changes_a_gauge(void **state)
{
    assert_string_equal(LINE("gauge", "a", "+", "2", "k=v"), "a:+2|g|#k:v");
    assert_string_equal(LINE("gauge", "a", "-", "2.5"), "a:-2.5|g");
    assert_string_equal(LINE("gauge", "a", "-", "0"), "a:-0|g");
    assert_string_equal(LINE("gauge", "a", "-"), "<the value is missing>");
    assert_string_equal(LINE("gauge", "a", "+", "k=v"), "k=v<expected a number as the value>");
    assert_string_equal(LINE("gauge", "a", "-", "-2"),
                        "-2<expected a number without a sign after + or ->");
    assert_string_equal(LINE("gauge", "a", "+2"),
                        "+2<to change a gauge, write + and a number as two words>");
    assert_string_equal(LINE("count", "a", "+", "2"), "+<expected a number as the value>");
    assert_string_equal(LINE("count", "a", "+2"), "a:+2|c");
}

static void what_is_older_ends(void **state)
{
    assert_string_equal(LINE("expire", "a", "older", "1.5", "k=v"), "a:-1.5|x|#k:v");
    assert_string_equal(LINE("expire", "a", "older", "0"), "a:-0|x");
    assert_string_equal(LINE("expire", "a", "older=1"), "a:1|x|#older:1");
    assert_string_equal(LINE("expire", "a", "older"), "<the value is missing>");
    assert_string_equal(LINE("expire", "a", "older", "k=v"), "k=v<expected a number as the value>");
    assert_string_equal(LINE("expire", "a", "older", "-1"),
                        "-1<expected seconds without a sign after older>");
    assert_string_equal(LINE("expire", "a", "60"),
                        "60<expected key=value; a VALUE comes before all tags>");
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

/* It comes from a variable that may be empty, and the daemon keeps the sample. */
static void a_tag_without_a_value_is_sent(void **state)
{
    assert_string_equal(LINE("count", "a", "k="), "a:1|c|#k:");
    assert_string_equal(LINE("gauge", "a", "1", "k=", "l=w"), "a:1|g|#k:,l:w");
    assert_string_equal(LINE("expire", "a", "l=w", "k="),
                        "k=<the tag has no value, so the daemon would end nothing>");
}

static void a_word_that_is_not_a_tag_is_wrong(void **state)
{
#define NOT_A_TAG "<expected key=value; a VALUE comes before all tags>"
#define NO_KEY "<the key is empty; expected key=value, without blanks>"
    assert_string_equal(LINE("count", "a", "k=v", "512"), "512" NOT_A_TAG);
    assert_string_equal(LINE("gauge", "a", "1", "2"), "2" NOT_A_TAG);
    assert_string_equal(LINE("set", "a", "x", "status", "=", "ok"), "status" NOT_A_TAG);
    assert_string_equal(LINE("observe", "a", "1", "k=v", "=", "l=w"), "=" NO_KEY);
    assert_string_equal(LINE("timing", "a", "1", "=v"), "=v" NO_KEY);
    assert_string_equal(LINE("expire", "a", "bare"), "bare" NOT_A_TAG);
    assert_string_equal(LINE("expire", "a", ""), NOT_A_TAG);
}

static void a_counter_never_decreases(void **state)
{
#define DECREASE "<a counter cannot decrease; use a gauge>"
    assert_string_equal(LINE("count", "a", "-1"), "-1" DECREASE);
    assert_string_equal(LINE("count", "a", "-00.5e-3", "k=v"), "-00.5e-3" DECREASE);
    assert_string_equal(LINE("count", "a", "-0.0"), "a:-0.0|c");
    assert_string_equal(LINE("count", "a", "-0e7"), "a:-0e7|c");
    assert_string_equal(LINE("observe", "a", "-1"), "a:-1|h");
}

static void says_what_is_wrong(void **state)
{
    assert_string_equal(LINE("bot.routes", "1"), "<unknown type; expected count, gauge, "
                                                 "timing, observe, set or expire>");
    assert_string_equal(LINE("count"), "<the name is missing>");
    assert_string_equal(LINE("count", ""), "<the name is empty>");
    assert_string_equal(LINE("gauge", "a"), "<the value is missing>");
    assert_string_equal(LINE("gauge", "a", "k=v"), "k=v<expected a number as the value>");
    assert_string_equal(LINE("count", "a", ""), "<the value is empty; expected a number>");
    assert_string_equal(LINE("count", "a", "1|c\nb:1"), "1|c\nb:1<expected a number as the value>");
    assert_string_equal(LINE("observe", "a", "1:2"), "1:2<expected a number as the value>");
    assert_string_equal(LINE("set", "a", ""), "<the member is empty>");
}

static void the_nearest_word_is_named(void **state)
{
    static const char *const words[][2] = {
        { "cuont", "count" },   { "Gauge", "gauge" },
        { "tiem", "time" },     { "timer", "timing" },
        { "ms", "timing" },     { "counter", "count" },
        { "c", "count" },       { "distribution", "observe" },
        { "d", "observe" },     { "histogram", "observe" },
        { "exprie", "expire" },
    };
    char expected[64];

    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        snprintf(expected, sizeof(expected), "<unknown type; did you mean %s?>", words[i][1]);
        assert_string_equal(LINE(words[i][0], "a"), expected);
    }
}

static void what_all_samples_have_comes_first(void **state)
{
    static const char *const words[] = { "gauge", "a", "-2", "k=v" };
    CLEANUP(buffer_deinit) struct buffer line = { 0 };
    struct encode_mistake mistake;
    struct encode_words sample;

    assert_true(encode_sort(&sample, words, ARRAY_SIZE(words), &mistake));
    sample.prefix = SLICE("bot|.");
    sample.common_tags = SLICE("env:prod,k:w");
    assert_true(encode_line(&sample, &line, &mistake));
    assert_slice_equal(buffer_text(&line), "bot_.a:0:-2|g|#env:prod,k:w,k:v");
    sample.n_tags = 0;
    buffer_clear(&line);
    assert_true(encode_line(&sample, &line, &mistake));
    assert_slice_equal(buffer_text(&line), "bot_.a:0:-2|g|#env:prod,k:w");
    sample.name = "";
    assert_false(encode_line(&sample, &line, &mistake));
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
        CASE(a_gauge_below_zero_is_set_after_a_zero),
        CASE(a_sign_as_a_word_changes_a_gauge),
        CASE(what_is_older_ends),
        CASE(a_name_keeps_what_a_metric_may_have),
        CASE(a_key_is_as_a_name),
        CASE(a_tag_value_loses_only_what_ends_it),
        CASE(a_member_may_have_commas),
        CASE(a_tag_without_a_value_is_sent),
        CASE(a_word_that_is_not_a_tag_is_wrong),
        CASE(a_counter_never_decreases),
        CASE(says_what_is_wrong),
        CASE(the_nearest_word_is_named),
        CASE(what_all_samples_have_comes_first),
        CASE(a_line_is_never_cut),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
