/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Parse, from its header and proto/README.md, sections 1 to 5 and 7
 *
 * Results are written as one string, so that a table can hold them. Packed values and chains are in
 * test_parse_values.c.
 */

#include "cuttings.h"
#include "parts.h"

#include "input/parse.h"

#include <math.h>
#include <stdlib.h>

#define LINE_MAX_BYTES 65536

static const struct parse_options options = { .line_max = LINE_MAX_BYTES, .dialects = ~0u };
static const struct parse_options plain = { .line_max = LINE_MAX_BYTES };
static const struct parse_options short_lines = { .line_max = 10, .dialects = ~0u };

/* --- lines ------------------------------------------------------------------ */

/* @expected: the lines, each with a '/' after it. */
static void must_cut_by(const struct parse_options *by, struct slice datagram, const char *expected)
{
    char *bytes = malloc(datagram.len);
    struct slice rest = { bytes, datagram.len }, line;
    struct cuttings lines = { .n = 0 };

    memcpy(bytes, datagram.at, datagram.len);
    while (parse_next_line(&rest, by, &line))
        add(&lines, line, '/');
    free(bytes);
    must_be(&lines, datagram.at, expected);
}

static void must_cut(struct slice datagram, const char *expected)
{
    must_cut_by(&options, datagram, expected);
}

static void cuts_lines_at_line_feeds(void **state)
{
    must_cut(SLICE("a:1|c"), "a:1|c/");
    must_cut(SLICE("a:1|c\n"), "a:1|c/");
    must_cut(SLICE("a:1|c\nb:2|c"), "a:1|c/b:2|c/");
    must_cut(SLICE("a:1|c\nb:2|c\n"), "a:1|c/b:2|c/");
    must_cut(SLICE("x"), "x/");
}

static void drops_the_blanks_around_a_line_and_its_cr(void **state)
{
    must_cut(SLICE("a:1|c\r\nb:2|c\r\n"), "a:1|c/b:2|c/");
    must_cut(SLICE("a:1|c\r"), "a:1|c/");
    must_cut(SLICE(" \ta b\t \n"), "a b/");
    must_cut(SLICE(" a \r\n\tb\t\r\n"), "a/b/");
}

static void passes_over_empty_lines(void **state)
{
    must_cut(SLICE("\n"), "");
    must_cut(SLICE("\n\n\na\n\n\nb\n\n"), "a/b/");
    must_cut(SLICE("\r\n\r\na\r\n\r\n"), "a/");
    must_cut(SLICE(" \n\t\n \t \r\na\n  "), "a/");
    must_cut(SLICE("\r"), "");
}

static void an_empty_datagram_has_no_line(void **state)
{
    struct slice nothing = { NULL, 0 }, line;

    assert_false(parse_next_line(&nothing, &options, &line));
    assert_false(parse_next_line(&nothing, &options, &line));
    nothing = SLICE("a");
    nothing.len = 0;
    assert_false(parse_next_line(&nothing, &options, &line));
}

static void a_cr_elsewhere_and_odd_bytes_stay(void **state)
{
    struct slice datagram = SLICE("a\rb\n\ra\n\0x\0\n\xff\xfe\v\f\n");
    struct slice line;

    assert_true(parse_next_line(&datagram, &options, &line));
    assert_slice_equal(line, "a\rb");
    assert_true(parse_next_line(&datagram, &options, &line));
    assert_slice_equal(line, "\ra");
    assert_true(parse_next_line(&datagram, &options, &line));
    assert_slice_equal(line, "\0x\0");
    assert_true(parse_next_line(&datagram, &options, &line));
    assert_slice_equal(line, "\xff\xfe\v\f");
    assert_false(parse_next_line(&datagram, &options, &line));
}

static void a_line_borrows_from_the_datagram(void **state)
{
    static const char text[] = "\n first \nsecond";
    struct slice datagram = SLICE(text), line;

    assert_true(parse_next_line(&datagram, &options, &line));
    assert_ptr_equal(line.at, text + 2);
    assert_true(parse_next_line(&datagram, &options, &line));
    assert_ptr_equal(line.at, text + 9);
}

/* The limit counts everything but the line feed, so also a '\r' and blanks. */
static void a_line_over_the_limit_comes_as_it_is(void **state)
{
    must_cut_by(&short_lines, SLICE("123456789\r\nb"), "123456789/b/");
    must_cut_by(&short_lines, SLICE("1234567890\nb"), "1234567890/b/");
    must_cut_by(&short_lines, SLICE("1234567890\r\nb"), "1234567890\r/b/");
    must_cut_by(&short_lines, SLICE("  123456789\nb"), "  123456789/b/");
    must_cut_by(&short_lines, SLICE("a\n12345678901"), "a/12345678901/");
}

/* 64 KiB of each byte that might make a parser scan the same text again and again. */
static void work_is_constant_per_byte(void **state)
{
    static const char *const bytes = "\n\r \t:|\0a#@";
    static char text[LINE_MAX_BYTES];

    for (int i = 0; i < 10; i++) {
        memset(text, bytes[i], sizeof(text));
        for (int round = 0; round < 20; round++) {
            struct slice datagram = SLICE(text), line;
            struct line parts;

            while (parse_next_line(&datagram, &options, &line))
                (void)!parse_line(line, &options, &parts);
            assert_int_equal(datagram.len, 0);
        }
    }
}

/* --- the parts of a line ------------------------------------------------------ */

/*
 * @name, @value and @rest must be cut out of their concatenation; the value is @number, or is
 * refused.
 */
static void must_accept_by(const struct parse_options *by, const char *text,
                           const struct line *expected)
{
    struct line line;
    bool is_relative = expected->value.at[0] == '+' || expected->value.at[0] == '-';

    if (parse_line(slice_of(text), by, &line) != VERDICT_APPLIED)
        fail_msg("refused: %s", text);
    if (!slice_equal(line.name, expected->name) || !slice_equal(line.value, expected->value) ||
        !slice_equal(line.rest, expected->rest))
        fail_msg("%s was cut wrong: %.*s, %.*s, %.*s", text, (int)line.name.len, line.name.at,
                 (int)line.value.len, line.value.at, (int)line.rest.len, line.rest.at);
    if (line.is_number == (bool)isnan(expected->number) ||
        (line.is_number && line.number != expected->number))
        fail_msg("%s: the number is wrong, %f", text, line.number);
    if (line.is_relative != is_relative)
        fail_msg("%s: the sign is wrong", text);
}

static void must_accept(const char *text, const char *name, const char *value, const char *rest,
                        double number)
{
    const struct line expected = {
        .name = slice_of(name), .value = slice_of(value), .rest = slice_of(rest), .number = number
    };

    must_accept_by(&options, text, &expected);
}

/* The same where brackets mean nothing. */
static void must_accept_plain(const char *text, const char *name, const char *value,
                              const char *rest, double number)
{
    const struct line expected = {
        .name = slice_of(name), .value = slice_of(value), .rest = slice_of(rest), .number = number
    };

    must_accept_by(&plain, text, &expected);
}

/* The fault of a refused line is inside it, or at its end. */
static const char *must_end_as(enum verdict verdict, const char *text)
{
    struct line line = { .fault = NULL };
    enum verdict actual = parse_line(slice_of(text), &options, &line);

    if (actual != verdict)
        fail_msg("%s: verdict %d, not %d", text, actual, verdict);
    if (verdict < SKIPPED_EVENT && (line.fault < text || line.fault > text + strlen(text)))
        fail_msg("%s: the fault lies elsewhere", text);
    return line.fault;
}

static void must_refuse(const char *text)
{
    must_end_as(REFUSED_MALFORMED_LINE, text);
}

/* The first byte that cannot be right is @fault bytes after the beginning. */
static void must_refuse_at(const char *text, size_t fault)
{
    const char *actual = must_end_as(REFUSED_MALFORMED_LINE, text);

    if (actual != text + fault)
        fail_msg("%s: the fault is at %d", text, (int)(actual - text));
}

static const double none = (double)NAN;

static void accepts_lines_with_numbers(void **state)
{
    must_accept("a:1|c", "a", "1", "|c", 1);
    must_accept("a:0|c", "a", "0", "|c", 0);
    must_accept("a.b-c_d:12.5|ms", "a.b-c_d", "12.5", "|ms", 12.5);
    must_accept("a:+1|g", "a", "+1", "|g", 1);
    must_accept("a:-1|g", "a", "-1", "|g", -1);
    must_accept("a:-0|g", "a", "-0", "|g", 0);
    must_accept("a:1e3|h", "a", "1e3", "|h", 1000);
    must_accept("a:1E-3|h", "a", "1E-3", "|h", 0.001);
    must_accept("a:.5|d", "a", ".5", "|d", 0.5);
    must_accept("a:5.|d", "a", "5.", "|d", 5);
    must_accept("a:1|c|@0.1|#x:y,z:1", "a", "1", "|c|@0.1|#x:y,z:1", 1);
    must_accept("gr\xc3\xbc\xc3\x9f:1|c", "gr\xc3\xbc\xc3\x9f", "1", "|c", 1);
}

static void the_rest_may_be_anything(void **state)
{
    must_accept("a:1|", "a", "1", "|", 1);
    must_accept("a:1||", "a", "1", "||", 1);
    must_accept("a:1|nonsense", "a", "1", "|nonsense", 1);
    must_accept("a:1|c:1|c", "a", "1", "|c:1|c", 1);
    must_accept("a:1|\xff\xfe\r", "a", "1", "|\xff\xfe\r", 1);
    must_accept("a:1|c|#k:[x]:y", "a", "1", "|c|#k:[x]:y", 1);
}

static void a_value_that_is_no_number_is_for_others_to_judge(void **state)
{
    must_accept("a:|c", "a", "", "|c", none);
    must_accept("a: |c", "a", " ", "|c", none);
    must_accept("a:x|s", "a", "x", "|s", none);
    must_accept("a:-|g", "a", "-", "|g", none);
    must_accept("a:+|g", "a", "+", "|g", none);
    must_accept("a:--1|g", "a", "--1", "|g", none);
    must_accept("a:-x|g", "a", "-x", "|g", none);
    must_accept("a:1 |c", "a", "1 ", "|c", none);
    must_accept("a:nan|c", "a", "nan", "|c", none);
    must_accept("a:-inf|g", "a", "-inf", "|g", none);
    must_accept("a:0x10|c", "a", "0x10", "|c", none);
    must_accept("a:1e999|c", "a", "1e999", "|c", none);
    must_accept("a:1,5|c", "a", "1,5", "|c", none);
    must_accept("a:1\xff|c", "a", "1\xff", "|c", none);
    must_accept("a:1:2:3|c", "a", "1:2:3", "|c", none);
    must_accept("a::1|c", "a", ":1", "|c", none);
}

static void the_name_is_all_before_the_first_colon(void **state)
{
    must_accept("a|b:1|c", "a|b", "1", "|c", 1);
    must_accept("|:1|c", "|", "1", "|c", 1);
    must_accept("a b:1|c", "a b", "1", "|c", 1);
    must_accept("\xff:1|c", "\xff", "1", "|c", 1);
    must_accept("a\r:1|c", "a\r", "1", "|c", 1);
    must_accept("a,x=y:1|c", "a,x=y", "1", "|c", 1);
    must_accept("a#x=y:1|c", "a#x=y", "1", "|c", 1);
}

static void a_colon_between_brackets_does_not_end_the_name(void **state)
{
    must_accept("a[k=v:w]b:1|c", "a[k=v:w]b", "1", "|c", 1);
    must_accept("[k=v:w]:1|c", "[k=v:w]", "1", "|c", 1);
    must_accept("a[=:]:1|c", "a[=:]", "1", "|c", 1);
    must_accept("a[b:k=v]:1|c", "a[b:k=v]", "1", "|c", 1);
    must_accept("a[b]c[k=v:w]:1|c", "a[b]c[k=v:w]", "1", "|c", 1);
    must_accept("a[k=v:1]b:2|c", "a[k=v:1]b", "2", "|c", 2);
    must_accept("a[u=http://x:80/,v=::]:-1|g", "a[u=http://x:80/,v=::]", "-1", "|g", -1);
    must_accept("a[[k=v:w]:1|c", "a[[k=v:w]", "1", "|c", 1);
    must_accept("]a[k=v:w]:1|c", "]a[k=v:w]", "1", "|c", 1);
    must_accept("a[k=v:w]]:1|c", "a[k=v:w]]", "1", "|c", 1);
    must_accept("a[k=v:w]:x|s", "a[k=v:w]", "x", "|s", none);
    must_accept("a[k=v:w]:|c", "a[k=v:w]", "", "|c", none);
    must_accept("a[k=v:w]:1:2|c", "a[k=v:w]", "1:2", "|c", none);
}

static void brackets_without_partner_or_colon_change_nothing(void **state)
{
    must_accept("a[k=v]:1|c", "a[k=v]", "1", "|c", 1);
    must_accept("a[k=v]:x[y:z]|s", "a[k=v]", "x[y:z]", "|s", none);
    must_accept("a[b:1|c", "a[b", "1", "|c", 1);
    must_accept("a[b:x|s", "a[b", "x", "|s", none);
    must_accept("a]b:x|s", "a]b", "x", "|s", none);
    must_accept("a]b:x]:1|s", "a]b", "x]:1", "|s", none);
    must_accept("a]b[c:x|s", "a]b[c", "x", "|s", none);
    must_accept("a:[x:y]|s", "a", "[x:y]", "|s", none);
    must_accept("a:x]:y|s", "a", "x]:y", "|s", none);
    must_accept("a[k=v]:[l=w:x]|s", "a[k=v]", "[l=w:x]", "|s", none);
    must_accept("a[]:[l=w:x]|s", "a[]", "[l=w:x]", "|s", none);
}

static void brackets_without_a_tag_do_not_hide_a_colon(void **state)
{
    must_accept("a[:]:1|c", "a[", "]:1", "|c", none);
    must_accept("a.[fe80::1].b:7|g", "a.[fe80", ":1].b:7", "|g", none);
    must_accept("a[k:v]|c", "a[k", "v]", "|c", none);
    must_accept("a[b]:c[k=v:w]:1|s", "a[b]", "c[k=v:w]:1", "|s", none);
    must_accept("a,url=[k=v:w]:1|c", "a,url=[k=v", "w]:1", "|c", none);
    must_accept("a#url=[k=v:w]:1|c", "a#url=[k=v", "w]:1", "|c", none);
}

static void brackets_are_skipped_only_if_asked_for(void **state)
{
    must_accept_plain("a[k=v]:1|c", "a[k=v]", "1", "|c", 1);
    must_accept_plain("a[k=v:w]b:1|c", "a[k=v", "w]b:1", "|c", none);
    must_accept_plain("a[:]:1|c", "a[", "]:1", "|c", none);
}

static void refuses_what_is_no_line(void **state)
{
    must_refuse_at("", 0);
    must_refuse_at("a", 1);
    must_refuse_at(":", 0);
    must_refuse_at("|", 1);
    must_refuse_at("a:", 2);
    must_refuse_at("a:1", 3);
    must_refuse_at("a|c", 3);
    must_refuse_at("a|1:c", 5);
    must_refuse_at(":1|c", 0);
    must_refuse_at("::|c", 0);
    must_refuse_at(":|", 0);
    must_refuse_at("1|c:", 4);
    must_refuse_at("\xff\xff\xff", 3);
    must_refuse_at("GET / HTTP/1.1", 14);
    must_refuse("a[=k:v]|c");
    must_refuse("a[k:v]");
}

static void knows_events_and_service_checks(void **state)
{
    must_end_as(SKIPPED_EVENT, "_e{5,4}:title|text");
    must_end_as(SKIPPED_EVENT, "_e{21,36}:An exception occurred|Cannot parse CSV file from "
                               "10.0.0.17|t:warning|#err_type:bad_file");
    must_end_as(SKIPPED_SERVICE_CHECK, "_sc|Redis connection|2|#env:dev|m:timed out after 10s");
    must_end_as(SKIPPED_SERVICE_CHECK, "_sc|name|0");
}

static void refuses_what_only_begins_like_them(void **state)
{
    must_refuse("_e{5,4}:title|tex");
    must_refuse("_e{1,2}:1|c");
    must_refuse("_e{:1|c");
    must_refuse("_sc|name|4");
    must_refuse("_sc|:1|c");
}

static void a_name_may_begin_as_events_do(void **state)
{
    must_accept("_e:1|c", "_e", "1", "|c", 1);
    must_accept("_ex{:1|c", "_ex{", "1", "|c", 1);
    must_accept("_sc:1|c", "_sc", "1", "|c", 1);
    must_accept("_scx|:1|c", "_scx|", "1", "|c", 1);
    must_accept("e{1,1}:1|c", "e{1,1}", "1", "|c", 1);
    must_refuse("_e");
    must_refuse("_s");
    must_refuse("_sc");
}

static void a_nul_is_a_byte_like_others(void **state)
{
    struct line line;

    assert_int_equal(parse_line(SLICE("a\0b:1|c\0d"), &options, &line), VERDICT_APPLIED);
    assert_slice_equal(line.name, "a\0b");
    assert_slice_equal(line.rest, "|c\0d");
    assert_true(line.is_number);
    assert_int_equal(parse_line(SLICE("a:1\0|c"), &options, &line), VERDICT_APPLIED);
    assert_slice_equal(line.value, "1\0");
    assert_false(line.is_number);
    assert_int_equal(parse_line(SLICE("\0:1|c"), &options, &line), VERDICT_APPLIED);
    assert_slice_equal(line.name, "\0");
}

/* "aaa…:1|c" of @len bytes, in memory of exactly that size. */
static enum verdict verdict_on_length(size_t len, const struct parse_options *by)
{
    char *text = malloc(len);
    struct line line;
    enum verdict verdict;

    assert_non_null(text);
    memset(text, 'a', len);
    memcpy(text + len - 4, ":1|c", 4);
    verdict = parse_line((struct slice){ text, len }, by, &line);
    assert_true(verdict == VERDICT_APPLIED || (line.fault >= text && line.fault <= text + len));
    free(text);
    return verdict;
}

static void refuses_only_lines_that_are_too_long(void **state)
{
    assert_int_equal(verdict_on_length(65507, &options), VERDICT_APPLIED);
    assert_int_equal(verdict_on_length(LINE_MAX_BYTES, &options), VERDICT_APPLIED);
    assert_int_equal(verdict_on_length(LINE_MAX_BYTES + 1, &options), REFUSED_LINE_LIMIT);
    assert_int_equal(verdict_on_length(70000, &options), REFUSED_LINE_LIMIT);
    assert_int_equal(verdict_on_length(10, &short_lines), VERDICT_APPLIED);
    assert_int_equal(verdict_on_length(11, &short_lines), REFUSED_LINE_LIMIT);
}

/* Of several reasons, the first counts. */
static void too_long_is_too_long_whatever_else_it_is(void **state)
{
    static const char *const lines[] = { "12345678901", ":1234567|cc", "_sc|nnnnn|0", "_e{12345678",
                                         "aaaaaaa:1|c|@0.1" };
    struct line line;

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        if (parse_line(slice_of(lines[i]), &short_lines, &line) != REFUSED_LINE_LIMIT)
            fail_msg("%s", lines[i]);
}

static void a_line_that_is_too_long_faults_at_the_limit(void **state)
{
    struct slice text = SLICE("aaaaaaaa:1|c|@0.5");
    struct line line;

    assert_int_equal(parse_line(text, &short_lines, &line), REFUSED_LINE_LIMIT);
    assert_ptr_equal(line.fault, text.at + short_lines.line_max);
}

static void a_line_of_70000_bytes_is_cut_and_refused(void **state)
{
    static char text[70000 + 6];
    struct slice datagram = SLICE(text), line;
    struct line parts;

    memset(text, 'a', 70000);
    memcpy(text + 70000, "\nb:1|c", 6);
    datagram.len = sizeof(text);
    assert_true(parse_next_line(&datagram, &options, &line));
    assert_int_equal(line.len, 70000);
    assert_int_equal(parse_line(line, &options, &parts), REFUSED_LINE_LIMIT);
    assert_true(parse_next_line(&datagram, &options, &line));
    assert_slice_equal(line, "b:1|c");
}

/* --- rates, sections --------------------------------------------------------------- */

static void must_weigh(const char *rate, double weight)
{
    double actual = 0;

    if (!parse_rate(slice_of(rate), &actual) || actual != weight)
        fail_msg("@%s: weight %g", rate, actual);
}

static void must_be_bad_rate(const char *rate)
{
    double actual = 0;

    if (parse_rate(slice_of(rate), &actual) || actual != 1)
        fail_msg("@%s: weight %g", rate, actual);
}

static void a_rate_up_to_1_is_a_weight(void **state)
{
    must_weigh("1", 1);
    must_weigh("1.0", 1);
    must_weigh("0.5", 2);
    must_weigh(".25", 4);
    must_weigh("+0.5", 2);
    must_weigh("0.125", 8);
    must_weigh("0.1", 10);
    must_weigh("1e-5", 100000);
    must_weigh("1e0", 1);
    must_weigh("10e-1", 1);
}

static void a_rate_that_is_not_1_to_a_whole_number_stays_one(void **state)
{
    must_weigh("0.3", 0.3);
    must_weigh("0.03", 0.03);
    must_weigh("0.9999", 0.9999);
}

static void the_least_rate_is_1e_9(void **state)
{
    must_weigh("1e-9", 1e9);
    must_weigh("0.000000001", 1e9);
    must_be_bad_rate("9.99e-10");
    must_be_bad_rate("1e-300");
    must_be_bad_rate("4.9e-324");
}

static void any_other_rate_is_bad_and_weighs_1(void **state)
{
    static const char *const rates[] = { "0",
                                         "-0",
                                         "0.0",
                                         "1e-400",
                                         "1.0001",
                                         "2",
                                         "-0.5",
                                         "",
                                         " 0.5",
                                         "0.5 ",
                                         "nan",
                                         "inf",
                                         "-inf",
                                         "x",
                                         "@0.5",
                                         "--1",
                                         "0x1p-1",
                                         "1e999",
                                         "0,5",
                                         "0.5:1",
                                         "1_0",
                                         "-1",
                                         "1.0000000000000002" };

    for (size_t i = 0; i < ARRAY_SIZE(rates); i++)
        must_be_bad_rate(rates[i]);
}

/* @expected: the sections, each with a '/' after it. */
static void must_have_sections(struct slice rest, const char *expected)
{
    struct slice whole = rest, section;
    struct cuttings cut = { .n = 0 };

    while (parse_next_section(&rest, &section))
        add(&cut, section, '/');
    assert_false(parse_next_section(&rest, &section));
    must_be(&cut, whole.at, expected);
}

static void cuts_sections_at_bars(void **state)
{
    must_have_sections(SLICE("c|@0.5|#a:b"), "c/@0.5/#a:b/");
    must_have_sections(SLICE("#a:#b,@c: d\r:e"), "#a:#b,@c: d\r:e/");
    must_have_sections(SLICE("x"), "x/");
    must_have_sections(SLICE(" | "), " / /");
}

static void passes_over_empty_sections(void **state)
{
    must_have_sections(SLICE(""), "");
    must_have_sections((struct slice){ NULL, 0 }, "");
    must_have_sections(SLICE("||||"), "");
    must_have_sections(SLICE("|a||b|"), "a/b/");
}

static void must_be_section(const char *text, enum section meaning, const char *content)
{
    must_be_section_by(parse_section, text, meaning, content);
}

static void knows_sections_by_how_they_begin(void **state)
{
    must_be_section("@0.5", SECTION_RATE, "0.5");
    must_be_section("@", SECTION_RATE, "");
    must_be_section("@@", SECTION_RATE, "@");
    must_be_section("#a:b,c", SECTION_TAGS, "a:b,c");
    must_be_section("#", SECTION_TAGS, "");
    must_be_section("##a", SECTION_TAGS, "#a");
    must_be_section("c:ci-0123", SECTION_CONTAINER, "ci-0123");
    must_be_section("c:", SECTION_CONTAINER, "");
    must_be_section("c::", SECTION_CONTAINER, ":");
    must_be_section("e:it-false,cn-x", SECTION_KNOWN, NULL);
    must_be_section("e:", SECTION_KNOWN, NULL);
    must_be_section("card:low", SECTION_KNOWN, NULL);
    must_be_section("card:", SECTION_KNOWN, NULL);
    must_be_section("T1656581400", SECTION_KNOWN, NULL);
    must_be_section("T", SECTION_KNOWN, NULL);
}

static void does_not_know_other_sections(void **state)
{
    static const char *const others[] = { "c",     "e",   "card", "car:",  "C:x", "E:x",
                                          "t1",    " @1", " #",   "1@0.5", "x",   "cc:x",
                                          "CARD:", "d:1", "h:x",  ":" };

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        must_be_section(others[i], SECTION_UNKNOWN, NULL);
}

static void endures_65536_sections(void **state)
{
    static char rest[LINE_MAX_BYTES];
    struct slice text = { rest, sizeof(rest) }, section;
    unsigned n = 0;

    for (size_t i = 0; i < sizeof(rest); i++)
        rest[i] = "|#|@"[i % 4];
    while (parse_next_section(&text, &section))
        n++;
    assert_int_equal(n, LINE_MAX_BYTES / 2);
    memset(rest, '|', sizeof(rest));
    text = (struct slice){ rest, sizeof(rest) };
    assert_false(parse_next_section(&text, &section));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(cuts_lines_at_line_feeds),
        CASE(drops_the_blanks_around_a_line_and_its_cr),
        CASE(passes_over_empty_lines),
        CASE(an_empty_datagram_has_no_line),
        CASE(a_cr_elsewhere_and_odd_bytes_stay),
        CASE(a_line_borrows_from_the_datagram),
        CASE(a_line_over_the_limit_comes_as_it_is),
        CASE(work_is_constant_per_byte),
        CASE(accepts_lines_with_numbers),
        CASE(the_rest_may_be_anything),
        CASE(a_value_that_is_no_number_is_for_others_to_judge),
        CASE(the_name_is_all_before_the_first_colon),
        CASE(a_colon_between_brackets_does_not_end_the_name),
        CASE(brackets_without_partner_or_colon_change_nothing),
        CASE(brackets_without_a_tag_do_not_hide_a_colon),
        CASE(brackets_are_skipped_only_if_asked_for),
        CASE(refuses_what_is_no_line),
        CASE(knows_events_and_service_checks),
        CASE(refuses_what_only_begins_like_them),
        CASE(a_name_may_begin_as_events_do),
        CASE(a_nul_is_a_byte_like_others),
        CASE(refuses_only_lines_that_are_too_long),
        CASE(too_long_is_too_long_whatever_else_it_is),
        CASE(a_line_that_is_too_long_faults_at_the_limit),
        CASE(a_line_of_70000_bytes_is_cut_and_refused),
        CASE(a_rate_up_to_1_is_a_weight),
        CASE(a_rate_that_is_not_1_to_a_whole_number_stays_one),
        CASE(the_least_rate_is_1e_9),
        CASE(any_other_rate_is_bad_and_weighs_1),
        CASE(cuts_sections_at_bars),
        CASE(passes_over_empty_sections),
        CASE(knows_sections_by_how_they_begin),
        CASE(does_not_know_other_sections),
        CASE(endures_65536_sections),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
