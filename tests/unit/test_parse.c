/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "input/parse.h"

#include <math.h>
#include <stdlib.h>

/* --- lines ------------------------------------------------------------------ */

/* @expected: the lines, each with a '/' behind it. */
static void must_cut(struct slice datagram, const char *expected)
{
    char *bytes = malloc(datagram.len);
    struct slice rest = { bytes, datagram.len }, line;
    char joined[256];
    size_t n = 0;

    memcpy(bytes, datagram.at, datagram.len);
    while (parse_next_line(&rest, &line)) {
        assert_true(n + line.len < sizeof(joined));
        memcpy(joined + n, line.at, line.len);
        n += line.len;
        joined[n++] = '/';
    }
    free(bytes);
    if (!slice_equal((struct slice){ joined, n }, slice_of(expected)))
        fail_msg("cut into %.*s, not %s", (int)n, joined, expected);
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

    assert_false(parse_next_line(&nothing, &line));
    assert_false(parse_next_line(&nothing, &line));
    nothing = SLICE("a");
    nothing.len = 0;
    assert_false(parse_next_line(&nothing, &line));
}

static void a_cr_elsewhere_and_odd_bytes_stay(void **state)
{
    struct slice datagram = SLICE("a\rb\n\ra\n\0x\0\n\xff\xfe\v\f\n");
    struct slice line;

    assert_true(parse_next_line(&datagram, &line));
    assert_slice_equal(line, "a\rb");
    assert_true(parse_next_line(&datagram, &line));
    assert_slice_equal(line, "\ra");
    assert_true(parse_next_line(&datagram, &line));
    assert_slice_equal(line, "\0x\0");
    assert_true(parse_next_line(&datagram, &line));
    assert_slice_equal(line, "\xff\xfe\v\f");
    assert_false(parse_next_line(&datagram, &line));
}

static void a_line_borrows_from_the_datagram(void **state)
{
    static const char text[] = "\n first \nsecond";
    struct slice datagram = SLICE(text), line;

    assert_true(parse_next_line(&datagram, &line));
    assert_ptr_equal(line.at, text + 2);
    assert_true(parse_next_line(&datagram, &line));
    assert_ptr_equal(line.at, text + 9);
}

/* 64 KiB of each byte that a cutter might go over again and again. */
static void work_is_constant_per_byte(void **state)
{
    static const char *const bytes = "\n\r \t:|\0a#@";
    static char text[LINE_LENGTH_MAX];

    for (int i = 0; i < 10; i++) {
        memset(text, bytes[i], sizeof(text));
        for (int round = 0; round < 20; round++) {
            struct slice datagram = SLICE(text), line;
            struct line parts;

            while (parse_next_line(&datagram, &line))
                (void)!parse_line(line, &parts);
            assert_int_equal(datagram.len, 0);
        }
    }
}

/* --- the parts of a line ------------------------------------------------------ */

/* @name, @value and @rest must be cut out of their concatenation; the value is @number or none. */
static void must_accept(const char *text, const char *name, const char *value, const char *rest,
                        double number)
{
    struct line line;

    if (parse_line(slice_of(text), &line) != VERDICT_APPLIED)
        fail_msg("refused: %s", text);
    if (!slice_equal(line.name, slice_of(name)) || !slice_equal(line.value, slice_of(value)) ||
        !slice_equal(line.rest, slice_of(rest)))
        fail_msg("%s was cut wrong: %.*s, %.*s, %.*s", text, (int)line.name.len, line.name.at,
                 (int)line.value.len, line.value.at, (int)line.rest.len, line.rest.at);
    if (line.is_number == (bool)isnan(number) || (line.is_number && line.number != number))
        fail_msg("%s: the number is wrong, %f", text, line.number);
    if (line.is_signed != (value[0] == '+' || value[0] == '-'))
        fail_msg("%s: the sign is wrong", text);
}

static void must_end_as(enum verdict verdict, const char *text)
{
    struct line line;
    enum verdict actual = parse_line(slice_of(text), &line);

    if (actual != verdict)
        fail_msg("%s: verdict %d, not %d", text, actual, verdict);
}

static void must_refuse(const char *text)
{
    must_end_as(REFUSED_MALFORMED_LINE, text);
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
}

static void a_value_that_is_no_number_is_for_the_shard_to_refuse(void **state)
{
    must_accept("a:|c", "a", "", "|c", none);
    must_accept("a: |c", "a", " ", "|c", none);
    must_accept("a:x|c", "a", "x", "|c", none);
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
}

static void refuses_what_is_no_line(void **state)
{
    must_refuse("");
    must_refuse("a");
    must_refuse(":");
    must_refuse("|");
    must_refuse("a:");
    must_refuse("a:1");
    must_refuse("a|c");
    must_refuse("a|1:c");
    must_refuse(":1|c");
    must_refuse("::|c");
    must_refuse(":|");
    must_refuse("1|c:");
    must_refuse("\xff\xff\xff");
    must_refuse("GET / HTTP/1.1");
}

static void knows_events_and_service_checks(void **state)
{
    must_end_as(SKIPPED_EVENT, "_e{5,4}:title|text");
    must_end_as(SKIPPED_EVENT, "_e{21,36}:An exception occurred|Cannot parse CSV|t:warning|#a:b");
    must_end_as(SKIPPED_SERVICE_CHECK, "_sc|Redis connection|2|#env:dev|m:timed out after 10s");
    must_end_as(SKIPPED_SERVICE_CHECK, "_sc|name|0");
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

    assert_int_equal(parse_line(SLICE("a\0b:1|c\0d"), &line), VERDICT_APPLIED);
    assert_slice_equal(line.name, "a\0b");
    assert_slice_equal(line.rest, "|c\0d");
    assert_true(line.is_number);
    assert_int_equal(parse_line(SLICE("a:1\0|c"), &line), VERDICT_APPLIED);
    assert_slice_equal(line.value, "1\0");
    assert_false(line.is_number);
    assert_int_equal(parse_line(SLICE("\0:1|c"), &line), VERDICT_APPLIED);
    assert_slice_equal(line.name, "\0");
}

/* "aaa…:1|c" of @len bytes. */
static enum verdict verdict_on_length(size_t len)
{
    char *text = malloc(len);
    enum verdict verdict;
    struct line line;

    assert_non_null(text);
    memset(text, 'a', len);
    memcpy(text + len - 4, ":1|c", 4);
    verdict = parse_line((struct slice){ text, len }, &line);
    free(text);
    return verdict;
}

static void refuses_only_lines_that_are_too_long(void **state)
{
    assert_int_equal(verdict_on_length(65507), VERDICT_APPLIED);
    assert_int_equal(verdict_on_length(LINE_LENGTH_MAX), VERDICT_APPLIED);
    assert_int_equal(verdict_on_length(LINE_LENGTH_MAX + 1), REFUSED_MALFORMED_LINE);
    assert_int_equal(verdict_on_length(70000), REFUSED_MALFORMED_LINE);
}

static void a_line_of_70000_bytes_is_cut_and_refused(void **state)
{
    static char text[70000 + 6];
    struct slice datagram = SLICE(text), line;
    struct line parts;

    memset(text, 'a', 70000);
    memcpy(text + 70000, "\nb:1|c", 6);
    datagram.len = sizeof(text);
    assert_true(parse_next_line(&datagram, &line));
    assert_int_equal(line.len, 70000);
    assert_int_equal(parse_line(line, &parts), REFUSED_MALFORMED_LINE);
    assert_true(parse_next_line(&datagram, &line));
    assert_slice_equal(line, "b:1|c");
}

/* --- sections ------------------------------------------------------------------ */

static struct sections sections_of(const char *rest)
{
    struct sections sections;

    memset(&sections, 0xa5, sizeof(sections));
    if (parse_sections(slice_of(rest), &sections) != VERDICT_APPLIED)
        fail_msg("refused: %s", rest);
    return sections;
}

static void must_have_type(const char *rest, enum sample_type type)
{
    struct sections sections = sections_of(rest);

    if (sections.type != type)
        fail_msg("%s: type %d", rest, sections.type);
    assert_true(sections.weight == 1);
    assert_int_equal(sections.n_tags, 0);
    assert_int_equal(sections.n_unknown, 0);
    assert_false(sections.has_bad_rate);
}

static void knows_five_types(void **state)
{
    must_have_type("|c", SAMPLE_COUNTER);
    must_have_type("|g", SAMPLE_GAUGE);
    must_have_type("|ms", SAMPLE_TIMER);
    must_have_type("|h", SAMPLE_HISTOGRAM);
    must_have_type("|d", SAMPLE_DISTRIBUTION);
}

static void refuses_every_other_type(void **state)
{
    static const char *const rests[] = { "|",     "||",    "||c", "|s",   "|m",   "|C",
                                         "|G",    "|MS",   "|cc", "|c ",  "| c",  "|msx",
                                         "|@0.1", "|#a:b", "|gh", "|c\r", "|mms", "|\xff" };
    struct sections sections;

    for (size_t i = 0; i < ARRAY_SIZE(rests); i++)
        if (parse_sections(slice_of(rests[i]), &sections) != REFUSED_ILLEGAL_EVENT)
            fail_msg("accepted: %s", rests[i]);
    assert_int_equal(parse_sections(SLICE("|c\0"), &sections), REFUSED_ILLEGAL_EVENT);
}

static void must_weigh(const char *rest, double weight)
{
    struct sections sections = sections_of(rest);

    if (sections.weight != weight || sections.has_bad_rate)
        fail_msg("%s: weight %g", rest, sections.weight);
}

static void must_have_bad_rate(const char *rest)
{
    struct sections sections = sections_of(rest);

    if (!sections.has_bad_rate || sections.weight != 1)
        fail_msg("%s: weight %g", rest, sections.weight);
}

static void a_rate_up_to_1_is_a_weight(void **state)
{
    must_weigh("|c", 1);
    must_weigh("|c|@1", 1);
    must_weigh("|c|@1.0", 1);
    must_weigh("|c|@0.5", 2);
    must_weigh("|c|@.25", 4);
    must_weigh("|c|@+0.5", 2);
    must_weigh("|ms|@0.125", 8);
    must_weigh("|c|@0.1", 1 / 0.1);
    must_weigh("|c|@1e-9", 1 / 1e-9);
}

/* The header knows no least rate: (0,1]. */
static void the_least_rate_is_1e_9(void **state)
{
    must_weigh("|c|@1e-9", 1 / 1e-9);
    must_have_bad_rate("|c|@9.99e-10");
    must_have_bad_rate("|c|@1e-300");
}

static void any_other_rate_is_bad_and_weighs_1(void **state)
{
    must_have_bad_rate("|c|@0");
    must_have_bad_rate("|c|@-0");
    must_have_bad_rate("|c|@0.0");
    must_have_bad_rate("|c|@1e-400");
    must_have_bad_rate("|c|@1.0001");
    must_have_bad_rate("|c|@2");
    must_have_bad_rate("|c|@-0.5");
    must_have_bad_rate("|c|@");
    must_have_bad_rate("|c|@ 0.5");
    must_have_bad_rate("|c|@0.5 ");
    must_have_bad_rate("|c|@nan");
    must_have_bad_rate("|c|@inf");
    must_have_bad_rate("|c|@-inf");
    must_have_bad_rate("|c|@x");
    must_have_bad_rate("|c|@@0.5");
    must_have_bad_rate("|c|@0x1p-1");
    must_have_bad_rate("|c|@1e999");
}

static void the_last_rate_wins(void **state)
{
    must_weigh("|c|@0.5|@0.25", 4);
    must_weigh("|c|@0.25|@0.5", 2);
    must_weigh("|c|@x|@0.5", 2);
    must_weigh("|c|@0.5|#a:b|@0.125", 8);
    must_have_bad_rate("|c|@0.5|@x");
    must_have_bad_rate("|c|@0.5|@0");
}

/* A weight beyond any double would make every sum infinite. */
static void a_weight_is_a_number_whatever_the_rate(void **state)
{
    assert_true(isfinite(sections_of("|c|@1e-308").weight));
    assert_true(isfinite(sections_of("|c|@1e-310").weight));
    assert_true(isfinite(sections_of("|c|@4.9e-324").weight));
}

static void finds_tags_wherever_they_stand(void **state)
{
    struct sections sections = sections_of("|c|#a:b,c:d");

    assert_int_equal(sections.n_tags, 1);
    assert_slice_equal(sections.tags[0], "a:b,c:d");
    sections = sections_of("|c|@0.5|#a:b");
    assert_int_equal(sections.n_tags, 1);
    assert_slice_equal(sections.tags[0], "a:b");
    assert_true(sections.weight == 2);
    sections = sections_of("|c|#a:b|@0.5");
    assert_int_equal(sections.n_tags, 1);
    assert_slice_equal(sections.tags[0], "a:b");
    assert_true(sections.weight == 2);
}

static void a_section_ends_at_a_bar_only(void **state)
{
    struct sections sections = sections_of("|c|#a:#b,@c: d\r:e");

    assert_int_equal(sections.n_tags, 1);
    assert_slice_equal(sections.tags[0], "a:#b,@c: d\r:e");
    assert_int_equal(sections.n_unknown, 0);
}

static void looks_at_no_more_than_four_tag_sections(void **state)
{
    struct sections sections = sections_of("|c|#a:1|#b:2|#c:3|#d:4");

    assert_int_equal(sections.n_tags, SECTIONS_TAGS_MAX);
    assert_int_equal(sections.n_unknown, 0);
    sections = sections_of("|c|#a:1|#b:2|#c:3|#d:4|#e:5|#f:6|@0.5");
    assert_int_equal(sections.n_tags, SECTIONS_TAGS_MAX);
    assert_slice_equal(sections.tags[0], "a:1");
    assert_slice_equal(sections.tags[3], "d:4");
    assert_true(sections.weight == 2);
}

static void counts_the_sections_it_passes_over(void **state)
{
    assert_int_equal(sections_of("|c|x").n_unknown, 1);
    assert_int_equal(sections_of("|c|x|y|#a:b|z").n_unknown, 3);
    assert_int_equal(sections_of("|c|1@0.5").n_unknown, 1);
    assert_int_equal(sections_of("|c| #a:b").n_unknown, 1);
    assert_int_equal(sections_of("|c|x|#a:b").n_tags, 1);
    assert_true(sections_of("|c|x|@0.5|y").weight == 2);
}

static void endures_65536_sections(void **state)
{
    static char rest[LINE_LENGTH_MAX];
    struct slice text = { rest, sizeof(rest) };
    struct sections sections;

    for (size_t i = 0; i < sizeof(rest); i++)
        rest[i] = "|#|@"[i % 4];
    rest[1] = 'c';
    assert_int_equal(parse_sections(text, &sections), VERDICT_APPLIED);
    assert_int_equal(sections.n_tags, SECTIONS_TAGS_MAX);
    assert_true(sections.has_bad_rate);
    memset(rest + 2, '|', sizeof(rest) - 2);
    assert_int_equal(parse_sections(text, &sections), VERDICT_APPLIED);
    assert_int_equal(sections.n_tags, 0);
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
        CASE(work_is_constant_per_byte),
        CASE(accepts_lines_with_numbers),
        CASE(the_rest_may_be_anything),
        CASE(a_value_that_is_no_number_is_for_the_shard_to_refuse),
        CASE(the_name_is_all_before_the_first_colon),
        CASE(refuses_what_is_no_line),
        CASE(knows_events_and_service_checks),
        CASE(a_name_may_begin_as_events_do),
        CASE(a_nul_is_a_byte_like_others),
        CASE(refuses_only_lines_that_are_too_long),
        CASE(a_line_of_70000_bytes_is_cut_and_refused),
        CASE(knows_five_types),
        CASE(refuses_every_other_type),
        CASE(a_rate_up_to_1_is_a_weight),
        CASE(the_least_rate_is_1e_9),
        CASE(any_other_rate_is_bad_and_weighs_1),
        CASE(the_last_rate_wins),
        CASE(a_weight_is_a_number_whatever_the_rate),
        CASE(finds_tags_wherever_they_stand),
        CASE(a_section_ends_at_a_bar_only),
        CASE(looks_at_no_more_than_four_tag_sections),
        CASE(counts_the_sections_it_passes_over),
        CASE(endures_65536_sections),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
