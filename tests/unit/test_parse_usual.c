/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Parse: the usual line in one step, against its two steps
 *
 * parse_usual_lines() must make of the lines that it takes what parse_next_line() and parse_line()
 * make of them, and must leave all others to these two. Each datagram is in memory of exactly its
 * size, so that AddressSanitizer detects a read beyond its end.
 */

#include "unit.h"

#include "input/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define LINE_MAX_BYTES 65536
#define DATAGRAM_MAX 200
#define BLOCK_MAX 64 /* as many as are read in one step, now or in future */

static const struct parse_options options = { .line_max = LINE_MAX_BYTES, .dialects = ~0u };
static const struct parse_options plain = { .line_max = LINE_MAX_BYTES };

/* The number of lines, and of usual ones. */
static unsigned n_lines, n_usual;

/* splitmix64 */
static unsigned draw(uint64_t *random, unsigned below)
{
    uint64_t z = *random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((z ^ (z >> 31)) % below);
}

static void complain(const char *what, struct slice datagram, const struct parse_options *by)
{
    fprintf(stderr, "of these bytes, with at most %zu in a line and brackets %s: ", by->line_max,
            by->dialects ? "skipped" : "kept");
    for (size_t i = 0; i < datagram.len; i++)
        fprintf(stderr, "\\x%02x", (unsigned char)datagram.at[i]);
    fprintf(stderr, " = \"%.*s\"\n", (int)datagram.len, datagram.at);
    fail_msg("%s", what);
}

/* The same bytes in the same place. */
static bool is_same(struct slice a, struct slice b)
{
    return a.at == b.at && a.len == b.len;
}

static const char *difference(const struct line *line, const struct line *expected)
{
    if (!is_same(line->name, expected->name))
        return "the name is another";
    if (!is_same(line->value, expected->value))
        return "the value is another";
    if (!is_same(line->rest, expected->rest))
        return "the rest is another";
    if (!line->is_number || !expected->is_number)
        return "the value is not a number";
    /* Compared by their bits: 0 and -0 differ. */
    if (memcmp(&line->number, &expected->number, sizeof(double)) != 0)
        return "the number is another";
    if (line->is_relative != expected->is_relative)
        return "the sign is another";
    if (line->arrived_ns != expected->arrived_ns || line->is_dogstatsd != expected->is_dogstatsd)
        return "something was left that the two steps do away with, or the other way round";
    return NULL;
}

/*
 * Whether the line @text, at the front of @datagram, is usual. It is not with a '_', which may
 * begin an event; with a ':' in a group of tags, which does not end the name; and with control
 * characters, some of which are blanks.
 */
static bool is_to_take(struct slice text, struct slice datagram, const struct parse_options *by)
{
    const char *end = text.at + text.len, *datagram_end = datagram.at + datagram.len;
    struct line line;

    if (text.at != datagram.at || (end < datagram_end && *end != '\n'))
        return false;
    if ((unsigned char)text.at[0] <= ' ' || (unsigned char)end[-1] <= ' ')
        return false;
    return parse_line(text, by, &line) == VERDICT_APPLIED && line.is_number && *text.at != '_' &&
           !memchr(line.name.at, ':', line.name.len);
}

/* Take the next line of @datagram in both ways. Returns false at the end. */
static bool must_agree_on_one(struct slice *datagram, const struct parse_options *by)
{
    /* Not all zero: neither way may leave old values in it. */
    struct line line = { .arrived_ns = 5, .is_relative = true, .is_dogstatsd = true };
    struct line expected = line;
    struct slice before = *datagram, usual = *datagram, text;
    bool is_usual = parse_usual_lines(&usual, by, &line, 1) == 1;

    if (!parse_next_line(datagram, by, &text)) {
        if (is_usual)
            complain("a line was found where there is none", before, by);
        if (!is_same(usual, before))
            complain("the datagram has changed without a line", before, by);
        return false;
    }
    n_lines++;
    if (!is_usual) {
        if (!is_same(usual, before))
            complain("the line is not usual, and the datagram is another", before, by);
        if (is_to_take(text, before, by))
            complain("the line is usual, and was not taken", before, by);
        return true;
    }
    n_usual++;
    if (parse_line(text, by, &expected) != VERDICT_APPLIED)
        complain("the line must be refused", before, by);
    if (difference(&line, &expected))
        complain(difference(&line, &expected), before, by);
    if (!is_same(usual, *datagram))
        complain("the next line begins elsewhere", before, by);
    return true;
}

static void must_agree(struct slice datagram, const struct parse_options *by)
{
    char *bytes = malloc(datagram.len ? datagram.len : 1);
    struct slice rest = { bytes, datagram.len };

    assert_non_null(bytes);
    if (datagram.len)
        memcpy(bytes, datagram.at, datagram.len);
    while (must_agree_on_one(&rest, by))
        ;
    free(bytes);
}

/* With each set of options, and each limit around the lines' lengths. */
static void must_agree_in_any_case(struct slice datagram)
{
    must_agree(datagram, &options);
    must_agree(datagram, &plain);
    for (size_t line_max = 0; line_max <= datagram.len + 1; line_max++)
        for (int skips = 0; skips < 2; skips++)
            must_agree(datagram, &(struct parse_options){ .line_max = line_max,
                                                          .dialects = skips ? ~0u : 0 });
}

/* --- usual lines ----------------------------------------------------------------------- */

static const char *const usual_lines[] = {
    "a:1|c",
    "a:0|c",
    "x:12|g",
    "bot.trades:123|c",
    "bot.trades:1234567|ms",
    "bot.trades:12345678|ms",
    "bot.trades:123456789|ms",
    "bot.latency:0.25|ms|@0.1",
    "bot.latency:12.5|ms|#exchange:binance,pair:btc-usd",
    "a:1.5|h",
    "a:-1|g",
    "a:+3|g",
    "a:-0|g",
    "a:1e3|d",
    "a:1|c|@0.5|#k:v,bare",
    "a:1|c|#url:http://x:80/",
    "a.name.that.is.longer.than.two.blocks.of.sixteen:7|c",
    "orders,exchange=kraken:1|c",
    "orders#exchange=kraken:1|c",
    "gr\xc3\xbc\xc3\x9f:1|c",
    "a b:1|c",
    "a|b:1|c",
    "a:99999999|x",
    "a:100000000|x",
    "a:00000000|x",
    "a:000000001|x",
    "e{1,1}:1|c",
};

/* So that it cannot just leave all lines to the others. */
static void takes_the_usual_line(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(usual_lines); i++)
        for (unsigned ending = 0; ending < 3; ending++) {
            char text[DATAGRAM_MAX];
            int len = snprintf(text, sizeof(text), "%s%s", usual_lines[i],
                               (const char *const[]){ "", "\n", "\nb:2|c" }[ending]);

            n_lines = n_usual = 0;
            must_agree((struct slice){ text, (size_t)len }, &options);
            must_agree((struct slice){ text, (size_t)len }, &plain);
            if (n_usual != n_lines)
                fail_msg("not usual: %s", text);
            assert_int_equal(n_lines, ending == 2 ? 4 : 2);
        }
}

static void takes_numbers_of_any_length(void **state)
{
    char text[DATAGRAM_MAX];

    for (int whole = 0; whole <= 20; whole++)
        for (int part = 0; part <= 20; part++) {
            int len = snprintf(text, sizeof(text), "a:%.*s%s%.*s|c", whole, "12345678901234567890",
                               part ? "." : "", part, "98765432109876543210");

            n_lines = n_usual = 0;
            must_agree((struct slice){ text, (size_t)len }, &options);
            assert_int_equal(n_lines, 1);
            if (n_usual != (whole || part))
                fail_msg("%s was%s taken for a usual line", text, n_usual ? "" : " not");
        }
}

static void takes_all_numbers_of_4_digits(void **state)
{
    char text[DATAGRAM_MAX];

    n_lines = n_usual = 0;
    for (unsigned i = 0; i < 10000; i++) {
        int len = snprintf(text, sizeof(text), "a:%u|c\nb:%04u|c", i, i);

        must_agree((struct slice){ text, (size_t)len }, &options);
    }
    assert_int_equal(n_usual, 20000);
}

/* Names and rests of each length, so that each part begins and ends at each place of a block. */
static void takes_names_and_rests_of_any_length(void **state)
{
    char text[3 * DATAGRAM_MAX];

    n_lines = n_usual = 0;
    for (int name = 1; name <= 70; name++)
        for (int rest = 0; rest <= 70; rest++) {
            int len = snprintf(text, sizeof(text), "%0*d:%d|c%0*d", name, 0, name, rest + 1, 0);

            must_agree((struct slice){ text, (size_t)len }, &options);
            text[len++] = '\n';
            must_agree((struct slice){ text, (size_t)len }, &options);
        }
    assert_int_equal(n_lines, 2 * 70 * 71);
    assert_int_equal(n_usual, n_lines);
}

static bool is_usual(struct slice datagram, const struct parse_options *by)
{
    struct line line;

    must_agree(datagram, by);
    return parse_usual_lines(&datagram, by, &line, 1) == 1;
}

/* All bytes but the line feed count. */
static void a_line_over_the_limit_is_not_usual(void **state)
{
    const struct parse_options ten = { .line_max = 10, .dialects = ~0u };

    assert_true(is_usual(SLICE("aaaaaa:1|c"), &ten));
    assert_true(is_usual(SLICE("aaaaaa:1|c\nbbbbbbbbbbb"), &ten));
    assert_false(is_usual(SLICE("aaaaaaa:1|c"), &ten));
    assert_false(is_usual(SLICE("aaaaaaa:1|c\na:1|c"), &ten));
    assert_false(is_usual(SLICE("a:1|c|#aaaa\na:1|c"), &ten));
}

/* A limit is also kept in a datagram without a line feed, however long it is. */
static void reads_lines_around_the_greatest_limit(void **state)
{
    static char text[LINE_MAX_BYTES + 10];

    memset(text, 'a', sizeof(text));
    for (size_t len = LINE_MAX_BYTES - 2; len <= LINE_MAX_BYTES + 2; len++) {
        memcpy(text + len - 4, ":1|c", 4);
        n_lines = n_usual = 0;
        must_agree((struct slice){ text, len }, &options);
        assert_int_equal(n_usual, len <= LINE_MAX_BYTES);
        memcpy(text + len, "\nb:1|c", 6);
        must_agree((struct slice){ text, len + 6 }, &options);
        memset(text + len - 4, 'a', 10);
    }
}

/*
 * The second of two pages cannot be read: reading it ends in a signal, which cmocka reports as a
 * failure. Otherwise the bytes after many short lines would be read many times.
 */
static void reads_no_further_than_a_block_after_the_line(void **state)
{
    static const char *const lines[] = { "\n",       "a\n",         "a:\n",      "a:b\n",
                                         "a:1\n",    "a:1234567\n", "a:1|\n",    "a:1|c\n",
                                         " a:1|c\n", "a:x|c\n",     "a:1|c\r\n", "_e:1|c|#x\n",
                                         "a[b:1|c\n" };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(pages, MAP_FAILED);
    memset(pages, 'x', 2 * page);
    assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        char *at = pages + page - BLOCK_MAX - strlen(lines[i]);
        struct slice datagram = { at, BLOCK_MAX + strlen(lines[i]) + page };
        struct line line;

        memset(pages, 'x', page);
        memcpy(at, lines[i], strlen(lines[i]));
        parse_usual_lines(&datagram, &options, &line, 1);
    }
    munmap(pages, 2 * page);
}

/* --- others -------------------------------------------------------------------------------- */

/* Each is unusual in one way. */
static const char *const odd_lines[] = {
    " a:1|c",
    "a:1|c ",
    "\ta:1|c",
    "a:1|c\t",
    "a:1|c\r",
    "\ra:1|c",
    "a:1|c \r",
    "\r",
    " ",
    "",
    "\na:1|c",
    "\r\na:1|c",
    "a:1:2|c",
    "a:1|c:2|c",
    "a:1|c:2|ms|@0.1:3|g",
    "a:x|s",
    "a:|c",
    "a:1 |c",
    "a: 1|c",
    "a::1|c",
    "a:--1|g",
    "a:+-1|g",
    "a:-|g",
    "a:.|g",
    "a:1e|g",
    "a:1e999|c",
    "a:nan|c",
    "a:0x10|c",
    "a:1_0|c",
    "a:1,5|c",
    "a[k=v]:1|c",
    "a[k=v:w]b:1|c",
    "[k:v]:1|c",
    "a[b:1|c",
    "a]b:1|c",
    "a]b[c:1|c",
    "a[k=v:1]b:2|c",
    "a[k=v:1|2]b:3|c",
    "a[1:2|3]:4|5",
    "a:1|c|#k:[x:y]",
    "a[b:1|c]:2|c",
    "a:[x:y]|s",
    ":1|c",
    ":",
    "a",
    "a:",
    "a:1",
    "|",
    "a|c",
    "a|1:2",
    "a|1:2|3",
    "_e{5,4}:title|t",
    "_e{1,1}:1|2",
    "_e{:1|c",
    "_e{1,2}:1|cd",
    "_sc|a|0",
    "_sc|:1|c",
    "_sc|a:1|2",
    "_sc:1|c",
    "_e{1}:1|c",
    "_ex:1|c",
    "_e:1|c",
    "_s:1|c",
    "a:1|",
    "a:1||",
    "a:1|\r|c",
    "a\r:1|c",
    "a:1\r|c",
    "a:1|c\r\r",
    "a:1|c|#x: \t",
    "a:1|c|@0.5 \r",
    "\xff:1|c",
    "a:1|\xff",
    "a:\xff|c",
    "a:1\xb0|c",
    "a:12345678.|c",
    "a:.12345678|c",
    "a:123456789|c",
    "a:1.2345678|c",
    "a:1234567:|c",
    "a:/2|c",
    "a:2;|c",
    "a:\x31\xb1|c",
    "a:-12345678|g",
    "a:+0|g",
};

static void agrees_on_odd_lines(void **state)
{
    char text[DATAGRAM_MAX];

    for (size_t i = 0; i < ARRAY_SIZE(odd_lines); i++) {
        static const char *const around[][2] = {
            { "", "" }, { "", "\n" }, { "\n", "" }, { "b:2|c\n", "\nd:3|c" }, { "\n\n", "\r\n\n" }
        };

        for (size_t j = 0; j < ARRAY_SIZE(around); j++) {
            int len =
                snprintf(text, sizeof(text), "%s%s%s", around[j][0], odd_lines[i], around[j][1]);

            must_agree_in_any_case((struct slice){ text, (size_t)len });
        }
    }
}

static void agrees_on_usual_lines_with_any_limit(void **state)
{
    char text[2 * DATAGRAM_MAX];

    for (size_t i = 0; i < ARRAY_SIZE(usual_lines); i++) {
        int len = snprintf(text, sizeof(text), "%s\n%s", usual_lines[i],
                           usual_lines[(i * 5 + 2) % ARRAY_SIZE(usual_lines)]);

        must_agree_in_any_case((struct slice){ text, (size_t)len });
    }
}

static void agrees_on_each_byte_in_each_place(void **state)
{
    static const char line[] = "ab:12.5|ms|#k:v\nc:1|g";

    for (size_t i = 0; i < sizeof(line) - 1; i++)
        for (int byte = 0; byte < 256; byte++) {
            char text[sizeof(line) - 1];

            memcpy(text, line, sizeof(text));
            text[i] = (char)byte;
            must_agree((struct slice){ text, sizeof(text) }, &options);
            must_agree((struct slice){ text, sizeof(text) }, &plain);
        }
}

static void agrees_on_each_end(void **state)
{
    static const char text[] = "ab:12345678|ms|#k:v\nc:1|g\nname:1.5|h|@0.1";

    for (size_t begin = 0; begin < sizeof(text); begin++)
        for (size_t end = begin; end < sizeof(text); end++) {
            must_agree((struct slice){ text + begin, end - begin }, &options);
            must_agree((struct slice){ text + begin, end - begin }, &plain);
        }
}

static void nothing_is_no_line(void **state)
{
    struct slice nothing = { NULL, 0 };
    struct line line;

    assert_false(parse_usual_lines(&nothing, &options, &line, 1) == 1);
    assert_null(nothing.at);
    assert_int_equal(nothing.len, 0);
    must_agree(nothing, &options);
}

static void takes_as_many_as_there_are_or_as_are_wanted(void **state)
{
    const struct slice text = SLICE("a:1|c\nb:2|g\nc:3|ms\n d:4|c\ne:5|c\n");
    static const size_t rests[] = { 0, 6, 12, 19 };

    for (size_t max = 0; max < 8; max++) {
        struct slice datagram = text;
        struct line lines[4] = { 0 };
        size_t n = max < 3 ? max : 3; /* the fourth begins with a blank */

        lines[n].arrived_ns = 77;
        assert_int_equal(parse_usual_lines(&datagram, &options, lines, max), n);
        assert_ptr_equal(datagram.at, text.at + rests[n]);
        assert_int_equal(datagram.len, text.len - rests[n]);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(lines[i].name.at[0], 'a' + i);
            assert_true(lines[i].number == (double)(i + 1));
        }
        assert_int_equal(lines[n].arrived_ns, 77);
    }
}

/* --- at random --------------------------------------------------------------------------- */

static const char alphabet[] = ":|#@,\n\r \t_[]+-.0123456789eabcms\x01";

static char any_byte(uint64_t *random)
{
    if (draw(random, 100) == 0)
        return (char)draw(random, 256);
    return alphabet[draw(random, sizeof(alphabet) - 1)];
}

static struct parse_options any_options(uint64_t *random)
{
    return (struct parse_options){
        .line_max = draw(random, 3) ? LINE_MAX_BYTES : draw(random, 60),
        .dialects = draw(random, 2) ? ~0u : 0,
    };
}

static void agrees_on_random_bytes(void **state)
{
    char text[DATAGRAM_MAX];
    uint64_t random = 1;

    for (unsigned round = 0; round < 100000; round++) {
        const struct parse_options by = any_options(&random);
        size_t len = 1 + draw(&random, round % DATAGRAM_MAX + 1);

        for (size_t i = 0; i < len; i++)
            text[i] = any_byte(&random);
        must_agree((struct slice){ text, len }, &by);
    }
}

/* Some of the lines above, with a line feed after each but the last. */
static size_t some_lines(char text[DATAGRAM_MAX], uint64_t *random)
{
    size_t len = 0;

    for (unsigned n = 1 + draw(random, 4); n; n--) {
        unsigned i = draw(random, ARRAY_SIZE(usual_lines) * 3 + ARRAY_SIZE(odd_lines));
        const char *line = i < ARRAY_SIZE(usual_lines) * 3
                               ? usual_lines[i % ARRAY_SIZE(usual_lines)]
                               : odd_lines[i - ARRAY_SIZE(usual_lines) * 3];

        if (len + 1 + strlen(line) > DATAGRAM_MAX)
            break;
        if (len)
            text[len++] = '\n';
        memcpy(text + len, line, strlen(line));
        len += strlen(line);
    }
    return len;
}

/* Change, remove or insert one byte. Returns the new length. */
static size_t mutate(char text[DATAGRAM_MAX], size_t len, uint64_t *random)
{
    size_t i = draw(random, (unsigned)len + 1);

    switch (draw(random, 3)) {
    case 0:
        if (i == len)
            return len;
        memmove(text + i, text + i + 1, len - i - 1);
        return len - 1;
    case 1:
        if (len == DATAGRAM_MAX)
            return len;
        memmove(text + i + 1, text + i, len - i);
        text[i] = any_byte(random);
        return len + 1;
    default:
        if (i < len)
            text[i] = any_byte(random);
        return len;
    }
}

static void agrees_on_mutations(void **state)
{
    char text[DATAGRAM_MAX];
    uint64_t random = 2;

    n_lines = n_usual = 0;
    for (unsigned round = 0; round < 200000; round++) {
        const struct parse_options by = any_options(&random);
        size_t len = some_lines(text, &random);

        for (unsigned n = draw(&random, 5); n; n--)
            len = mutate(text, len, &random);
        must_agree((struct slice){ text, len }, &by);
    }
    /* The comparison is worth nothing without many of both. */
    assert_in_range(n_usual, n_lines / 4, n_lines / 4 * 3);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(takes_the_usual_line),
        CASE(takes_numbers_of_any_length),
        CASE(takes_all_numbers_of_4_digits),
        CASE(takes_names_and_rests_of_any_length),
        CASE(a_line_over_the_limit_is_not_usual),
        CASE(reads_lines_around_the_greatest_limit),
        CASE(reads_no_further_than_a_block_after_the_line),
        CASE(agrees_on_odd_lines),
        CASE(agrees_on_usual_lines_with_any_limit),
        CASE(agrees_on_each_byte_in_each_place),
        CASE(agrees_on_each_end),
        CASE(nothing_is_no_line),
        CASE(takes_as_many_as_there_are_or_as_are_wanted),
        CASE(agrees_on_random_bytes),
        CASE(agrees_on_mutations),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
