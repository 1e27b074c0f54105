/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Parse, from its header and proto/README.md, sections 1 to 5 and 7
 *
 * Results are written as one string, so that a table can hold them: lines and values with a '/'
 * after each, and links as value>rest/.
 */

#include "parts.h"

#include "input/parse.h"

#include <math.h>
#include <stdlib.h>

#define LINE_MAX_BYTES 65536

static const struct parse_options options = { .line_max = LINE_MAX_BYTES, .skips_brackets = true };
static const struct parse_options plain = { .line_max = LINE_MAX_BYTES };
static const struct parse_options short_lines = { .line_max = 10, .skips_brackets = true };

/* The results so far. */
struct cuttings {
    char text[256];
    size_t n;
};

static void add(struct cuttings *cuttings, struct slice piece, char end)
{
    assert_true(cuttings->n + piece.len < sizeof(cuttings->text));
    if (piece.len)
        memcpy(cuttings->text + cuttings->n, piece.at, piece.len);
    cuttings->n += piece.len;
    cuttings->text[cuttings->n++] = end;
}

static void must_be(const struct cuttings *cuttings, const char *what, const char *expected)
{
    if (!slice_equal((struct slice){ cuttings->text, cuttings->n }, slice_of(expected)))
        fail_msg("%s was cut into %.*s, not %s", what, (int)cuttings->n, cuttings->text, expected);
}

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
    must_accept("a[:]:1|c", "a[:]", "1", "|c", 1);
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
    must_refuse("a[k:v]|c");
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

/* --- several values ------------------------------------------------------------ */

static struct line line_of(const char *text)
{
    struct line line;

    if (parse_line(slice_of(text), &options, &line) != VERDICT_APPLIED)
        fail_msg("refused: %s", text);
    return line;
}

static void must_unpack(const char *text, const char *expected)
{
    struct line line = line_of(text);
    struct slice values = line.value;
    struct cuttings cut = { .n = 0 };

    while (parse_next_value(&values, &line))
        add(&cut, line.value, '/');
    assert_false(parse_next_value(&values, &line));
    must_be(&cut, text, expected);
}

static void only_a_value_with_a_colon_is_packed(void **state)
{
    static const char *const packed[] = { "a:1:2|c", "a::|c", "a:1:|c", "a::1|c", "a:x:y|s" };
    static const char *const single[] = { "a:1|c",     "a:|c",       "a:x|s",
                                          "a:1|c:2|c", "a:1|c|#k:v", "a[k:v]:1|c" };
    struct line line;

    for (size_t i = 0; i < ARRAY_SIZE(packed); i++) {
        line = line_of(packed[i]);
        if (!parse_is_packed(&line))
            fail_msg("%s", packed[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(single); i++) {
        line = line_of(single[i]);
        if (parse_is_packed(&line))
            fail_msg("%s", single[i]);
    }
}

static void unpacks_every_value(void **state)
{
    must_unpack("a:1:2:3|h", "1/2/3/");
    must_unpack("a:1|h", "1/");
    must_unpack("a:1::3|h", "1//3/");
    must_unpack("a::1|h", "/1/");
    must_unpack("a:1:|h", "1//");
    must_unpack("a::|h", "//");
    must_unpack("a:::|h", "///");
    must_unpack("a:-1: x:+2|g", "-1/ x/+2/");
}

static void each_value_is_read_anew(void **state)
{
    struct line line = line_of("a:-1:x:2:+3|g");
    struct slice values = line.value;

    assert_true(parse_next_value(&values, &line));
    assert_true(line.is_number && line.is_relative && line.number == -1);
    assert_true(parse_next_value(&values, &line));
    assert_false(line.is_number || line.is_relative);
    assert_true(parse_next_value(&values, &line));
    assert_true(line.is_number && !line.is_relative && line.number == 2);
    assert_true(parse_next_value(&values, &line));
    assert_true(line.is_number && line.is_relative && line.number == 3);
    assert_slice_equal(line.name, "a");
    assert_slice_equal(line.rest, "|g");
}

/* --- chains ---------------------------------------------------------------------- */

/* The links of the line, each as value>rest with a '/' after it; NULL if it is not a chain. */
static void must_chain(const char *text, const char *expected)
{
    struct line line = line_of(text);
    struct slice links = { line.value.at, line.value.len + line.rest.len };
    struct cuttings cut = { .n = 0 };

    if (parse_is_chain(&line) != (expected != NULL))
        fail_msg("%s: is%s a chain", text, expected ? " not" : "");
    if (!expected)
        return;
    while (parse_next_link(&links, &line)) {
        add(&cut, line.value, '>');
        add(&cut, line.rest, '/');
        assert_slice_equal(line.name, "a");
    }
    assert_false(parse_next_link(&links, &line));
    must_be(&cut, text, expected);
}

static void a_colon_in_a_type_begins_the_next_link(void **state)
{
    must_chain("a:1|c:200|ms:6|g", "1>|c/200>|ms/6>|g/");
    must_chain("a:1|c:2|c", "1>|c/2>|c/");
    must_chain("a:1|c:-2|g|c:id", "1>|c/-2>|g|c:id/");
}

static void a_colon_in_a_rate_begins_the_next_link(void **state)
{
    must_chain("a:1|c:200|ms|@0.1:6|g", "1>|c/200>|ms|@0.1/6>|g/");
    must_chain("a:1|ms|@0.1:2|c", "1>|ms|@0.1/2>|c/");
    must_chain("a:1|ms|@0.1|@0.5:2|c|@0.2:3|c", "1>|ms|@0.1|@0.5/2>|c|@0.2/3>|c/");
    must_chain("a:1|c|@:2|c", "1>|c|@/2>|c/");
    must_chain("a:1|c|T123|@0.5:2|c", "1>|c|T123|@0.5/2>|c/");
}

static void a_colon_in_another_section_does_not(void **state)
{
    must_chain("a:1|c|c:id", NULL);
    must_chain("a:1|c|T1:2|c", NULL);
    must_chain("a:1|c|x:2|c", NULL);
    must_chain("a:1|c||:2|c", NULL);
    must_chain("a:1|c:2|c|e:x:3|g", "1>|c/2>|c|e:x:3|g/");
}

static void one_sample_is_no_chain(void **state)
{
    must_chain("a:1|c", NULL);
    must_chain("a:1|", NULL);
    must_chain("a:1||", NULL);
    must_chain("a:1:2|c|@0.5", NULL);
    must_chain("a:x:y|s", NULL);
}

static void a_link_may_be_odd(void **state)
{
    must_chain("a:1|c:", "1>|c/>/");
    must_chain("a:1|c:2", "1>|c/2>/");
    must_chain("a:1|c::", "1>|c/:>/");
    must_chain("a:1|c::2|c", "1>|c/:2>|c/");
    must_chain("a:1|c:|c", "1>|c/>|c/");
    must_chain("a:1|c|@0.5:", "1>|c|@0.5/>/");
}

static void a_link_may_be_packed(void **state)
{
    must_chain("a:1:2|c:3:4|ms", "1:2>|c/3:4>|ms/");
    must_chain("a:x:y|s:3:4|ms:z|s", "x:y>|s/3:4>|ms/z>|s/");
}

static void a_tag_section_makes_it_no_chain(void **state)
{
    must_chain("a:1|c:2|ms|#k:v", NULL);
    must_chain("a:1|c|#k:v|@0.1:2|ms", NULL);
    must_chain("a:1|c|@0.1:2|ms|#", NULL);
    must_chain("a:1|#c:2|ms", NULL);
    must_chain("a:1|c:#2|s", "1>|c/#2>|s/");
}

static void each_link_is_read_anew(void **state)
{
    struct line line = line_of("a:-1|g:x|s:2|ms");
    struct slice links = { line.value.at, line.value.len + line.rest.len };

    assert_true(parse_next_link(&links, &line));
    assert_true(line.is_number && line.is_relative && line.number == -1);
    assert_true(parse_next_link(&links, &line));
    assert_false(line.is_number || line.is_relative);
    assert_true(parse_next_link(&links, &line));
    assert_true(line.is_number && !line.is_relative && line.number == 2);
}

/* "[aaa…]:1|c:2|c", with a name of @name_len bytes. */
static bool is_chain_with_name(size_t name_len)
{
    static char text[CHAIN_NAME_MAX + 64];
    struct slice whole = { text, name_len + 8 };
    struct line line;

    memset(text, 'a', name_len);
    text[0] = '[';
    text[name_len - 1] = ']';
    memcpy(text + name_len, ":1|c:2|c", 8);
    assert_int_equal(parse_line(whole, &options, &line), VERDICT_APPLIED);
    assert_int_equal(line.name.len, name_len);
    return parse_is_chain(&line);
}

static void a_chain_has_a_name_of_1024_bytes_at_most(void **state)
{
    assert_true(is_chain_with_name(CHAIN_NAME_MAX - 1));
    assert_true(is_chain_with_name(CHAIN_NAME_MAX));
    assert_false(is_chain_with_name(CHAIN_NAME_MAX + 1));
    assert_int_equal(CHAIN_NAME_MAX, 1024);
}

/* Cutting all links, with the check before, reads the line a few times at most. */
static void endures_a_chain_of_20000_links(void **state)
{
    static char text[LINE_MAX_BYTES];
    struct slice links = { text + 2, 60000 };
    struct line line;
    unsigned n = 0;

    for (size_t i = 0; i < 60002; i++)
        text[i] = "c:|"[(i + 2) % 3];
    memcpy(text, "a:", 2);
    assert_int_equal(parse_line((struct slice){ text, 60002 }, &options, &line), VERDICT_APPLIED);
    assert_true(parse_is_chain(&line));
    while (parse_next_link(&links, &line))
        n++;
    assert_true(n >= 20000);
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
    must_weigh("0.1", 1 / 0.1);
    must_weigh("1e0", 1);
    must_weigh("10e-1", 1);
}

static void the_least_rate_is_1e_9(void **state)
{
    must_weigh("1e-9", 1 / 1e-9);
    must_weigh("0.000000001", 1 / 1e-9);
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
        CASE(only_a_value_with_a_colon_is_packed),
        CASE(unpacks_every_value),
        CASE(each_value_is_read_anew),
        CASE(a_colon_in_a_type_begins_the_next_link),
        CASE(a_colon_in_a_rate_begins_the_next_link),
        CASE(a_colon_in_another_section_does_not),
        CASE(one_sample_is_no_chain),
        CASE(a_link_may_be_odd),
        CASE(a_link_may_be_packed),
        CASE(a_tag_section_makes_it_no_chain),
        CASE(each_link_is_read_anew),
        CASE(a_chain_has_a_name_of_1024_bytes_at_most),
        CASE(endures_a_chain_of_20000_links),
        CASE(a_rate_up_to_1_is_a_weight),
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
