/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Stream, from its header and proto/README.md, section 1
 *
 * The output is written as one string: lines with a '/' after each, as parse_next_line() cuts them;
 * '!' for a line that is too long, however it was refused; '?' for a frame that was cut off. So it
 * must be the same, whatever the pieces in which the bytes arrive. Each piece is in memory of its
 * own, of exactly its size.
 */

#include "unit.h"

#include "input/parse.h"
#include "input/stream.h"

#include <stdlib.h>

#define OUTCOME_MAX 512

/* A stream, and its output. */
struct stage {
    struct stream stream;
    struct parse_options parse;
    char outcome[OUTCOME_MAX];
    size_t n;
    char refused[256]; /* the beginning of what was given with the last refusal */
    size_t refused_len;
};

static const struct stream_options lines_of_8 = { .line_max = 8 };
static const struct stream_options frames_of_8 = { .line_max = 8, .may_have_frames = true };
static const struct stream_options lines_of_64k = { .line_max = 65536 };
static const struct stream_options frames_of_64k = { .line_max = 65536, .may_have_frames = true };

static void stage_init(struct stage *stage, const struct stream_options *options)
{
    *stage = (struct stage){ .parse = { .line_max = options->line_max } };
    stream_init(&stage->stream, options);
}

/* The beginning of a long line is enough. */
static void note_bytes(struct stage *stage, struct slice bytes, char end)
{
    bytes.len = bytes.len < 32 ? bytes.len : 32;
    assert_true(stage->n + bytes.len + 1 < OUTCOME_MAX);
    memcpy(stage->outcome + stage->n, bytes.at, bytes.len);
    stage->n += bytes.len;
    stage->outcome[stage->n++] = end;
}

static void note_lines(struct stage *stage, struct slice lines)
{
    struct slice line;

    while (parse_next_line(&lines, &stage->parse, &line))
        note_bytes(stage, line.len > stage->parse.line_max ? SLICE("") : line,
                   line.len > stage->parse.line_max ? '!' : '/');
}

static void note_refusal(struct stage *stage, struct slice text, char end)
{
    stage->refused_len = text.len < sizeof(stage->refused) ? text.len : sizeof(stage->refused);
    if (text.len)
        memcpy(stage->refused, text.at, stage->refused_len);
    note_bytes(stage, SLICE(""), end);
}

static void note(struct stage *stage, enum stream_step step, struct slice lines)
{
    switch (step) {
    case STREAM_HAS_LINES: note_lines(stage, lines); break;
    case STREAM_TOO_LONG: note_refusal(stage, lines, '!'); break;
    case STREAM_CUT_OFF: note_refusal(stage, lines, '?'); break;
    case STREAM_NO_MEMORY: fail_msg("no memory"); break;
    case STREAM_HUNGRY: break;
    }
}

/* The stream takes all of @piece, in a limited number of steps. */
static void stage_read(struct stage *stage, struct slice piece)
{
    char *bytes = malloc(piece.len);
    struct slice input = { bytes, piece.len }, lines = { NULL, 0 };
    enum stream_step step;
    size_t n_steps = 0;

    memcpy(bytes, piece.at, piece.len);
    do {
        step = stream_read(&stage->stream, &input, &lines);
        note(stage, step, lines);
        assert_true(n_steps++ <= 2 * piece.len + 4);
    } while (step != STREAM_HUNGRY);
    assert_int_equal(input.len, 0);
    free(bytes);
}

static void stage_end(struct stage *stage)
{
    struct slice lines = { NULL, 0 };
    enum stream_step step;
    size_t n_steps = 0;

    do {
        step = stream_end(&stage->stream, &lines);
        note(stage, step, lines);
        assert_true(n_steps++ <= 4);
    } while (step != STREAM_HUNGRY);
    assert_false(stream_is_inside(&stage->stream));
}

static void must_have_come(const struct stage *stage, const char *expected)
{
    if (!slice_equal((struct slice){ stage->outcome, stage->n }, slice_of(expected)))
        fail_msg("came out: %.*s, not %s", (int)stage->n, stage->outcome, expected);
}

/* The part of @whole from @from to @to. */
static struct slice part(struct slice whole, size_t from, size_t to)
{
    return (struct slice){ whole.at + from, to - from };
}

/* In three pieces, cut at @a and @b, some of which may be empty. */
static void must_come_cut_at(const struct stream_options *options, struct slice input, size_t a,
                             size_t b, const char *expected)
{
    struct stage stage;

    stage_init(&stage, options);
    stage_read(&stage, part(input, 0, a));
    stage_read(&stage, part(input, a, b));
    stage_read(&stage, part(input, b, input.len));
    stage_end(&stage);
    if (!slice_equal((struct slice){ stage.outcome, stage.n }, slice_of(expected)))
        fail_msg("%s cut at %zu and %zu: %.*s, not %s", input.at, a, b, (int)stage.n, stage.outcome,
                 expected);
    stream_deinit(&stage.stream);
}

static void must_come_in_pieces_of(const struct stream_options *options, struct slice input,
                                   size_t size, const char *expected)
{
    struct stage stage;

    stage_init(&stage, options);
    for (size_t at = 0; at < input.len; at += size)
        stage_read(&stage, part(input, at, at + size < input.len ? at + size : input.len));
    stage_end(&stage);
    if (!slice_equal((struct slice){ stage.outcome, stage.n }, slice_of(expected)))
        fail_msg("%s in pieces of %zu: %.*s, not %s", input.at, size, (int)stage.n, stage.outcome,
                 expected);
    stream_deinit(&stage.stream);
}

/* In any pieces: as a whole, in all twos and threes, in pieces of one size. */
static void must_come(const struct stream_options *options, struct slice input,
                      const char *expected)
{
    for (size_t a = 0; a <= input.len; a++)
        for (size_t b = a; b <= input.len; b++)
            must_come_cut_at(options, input, a, b, expected);
    for (size_t size = 1; size <= input.len; size++)
        must_come_in_pieces_of(options, input, size, expected);
}

/* The same, where frames would be understood. */
static void must_come_as_lines(struct slice input, const char *expected)
{
    must_come(&lines_of_8, input, expected);
    must_come(&frames_of_8, input, expected);
}

/* --- lines --------------------------------------------------------------------- */

static void lines_come_whole_whatever_the_pieces(void **state)
{
    must_come_as_lines(SLICE("a:1|c\nb:2|g\n"), "a:1|c/b:2|g/");
    must_come_as_lines(SLICE("a\nb\nc\nd\ne\nf\n"), "a/b/c/d/e/f/");
    must_come_as_lines(SLICE("ab\ncdefgh\nij"), "ab/cdefgh/ij/");
    must_come_as_lines(SLICE("abcdefgh\nijk"), "abcdefgh/ijk/");
}

static void the_last_line_may_lack_its_line_feed(void **state)
{
    must_come_as_lines(SLICE("a:1|c"), "a:1|c/");
    must_come_as_lines(SLICE("a:1|c\nb:2|g"), "a:1|c/b:2|g/");
    must_come_as_lines(SLICE("a"), "a/");
    must_come_as_lines(SLICE("abc"), "abc/");
    must_come_as_lines(SLICE("a\nb"), "a/b/");
    must_come_as_lines(SLICE("abcdefgh"), "abcdefgh/");
}

static void empty_lines_are_no_lines(void **state)
{
    must_come_as_lines(SLICE(""), "");
    must_come_as_lines(SLICE("\n"), "");
    must_come_as_lines(SLICE("\n\n\n\n\n\n"), "");
    must_come_as_lines(SLICE("\r\n\r\na\r\n\r\n"), "a/");
    must_come_as_lines(SLICE("\n\n  \nab\n \n"), "ab/");
    must_come_as_lines(SLICE("\na"), "a/");
}

static void lines_may_have_odd_bytes(void **state)
{
    struct stage stage;

    must_come_as_lines(SLICE("\xff\xfe\n\x80"), "\xff\xfe/\x80/");
    must_come_as_lines(SLICE("\ra\r\n\rb\rc\r"), "\ra/\rb\rc/");
    for (size_t size = 1; size <= 8; size++) {
        stage_init(&stage, &frames_of_8);
        for (size_t at = 0; at < 8; at += size)
            stage_read(&stage, part(SLICE("a\0b\nc\0\0\n"), at, at + size < 8 ? at + size : 8));
        stage_end(&stage);
        assert_int_equal(stage.n, 8);
        assert_memory_equal(stage.outcome, "a\0b/c\0\0/", 8);
        stream_deinit(&stage.stream);
    }
}

static void a_line_over_the_limit_is_refused_once(void **state)
{
    must_come_as_lines(SLICE("abcdefghi"), "!");
    must_come_as_lines(SLICE("abcdefghi\n"), "!");
    must_come_as_lines(SLICE("abcdefgh\r\n"), "!");
    must_come_as_lines(SLICE("abcdefghijklmnopqrstuvwxyz"), "!");
    must_come_as_lines(SLICE("abcdefghijklmnopqrstuvwxyz\n"), "!");
}

static void what_stands_around_it_comes(void **state)
{
    must_come_as_lines(SLICE("x\nabcdefghi\ny\n"), "x/!y/");
    must_come_as_lines(SLICE("x\nabcdefghijklmnopq\ny"), "x/!y/");
    must_come_as_lines(SLICE("abcdefghi\nabcdefghi\nx"), "!!x/");
    must_come_as_lines(SLICE("abcdefghi\n\nabcdefgh\n"), "!abcdefgh/");
    must_come_as_lines(SLICE("ab\nabcdefghijklm"), "ab/!");
}

/* Read @text in pieces of @n_bytes, and end. The last refusal must have come with @wanted. */
static void must_be_given(const struct stream_options *options, struct slice text, size_t n_bytes,
                          const char *wanted)
{
    struct stage stage;

    stage_init(&stage, options);
    for (size_t at = 0; at < text.len; at += n_bytes)
        stage_read(&stage, part(text, at, at + n_bytes < text.len ? at + n_bytes : text.len));
    stage_end(&stage);
    if (!slice_equal((struct slice){ stage.refused, stage.refused_len }, slice_of(wanted)))
        fail_msg("given: %.*s, not %s", (int)stage.refused_len, stage.refused, wanted);
    stream_deinit(&stage.stream);
}

static void a_refusal_comes_with_the_beginning_of_its_text(void **state)
{
    for (size_t n_bytes = 1; n_bytes < 20; n_bytes++) {
        /* A line that comes in one piece is left to parse_line(). */
        if (n_bytes < 8)
            must_be_given(&lines_of_8, SLICE("ab\nabcdefghijklm\ncd\n"), n_bytes, "abcdefgh");
        if (n_bytes < 8)
            must_be_given(&frames_of_8, SLICE("\12\0\0\0abcdefghij"), n_bytes, "abcdefgh");
        must_be_given(&frames_of_8, SLICE("\7\0\0\0abcdefg\7\0\0\0a\nbcd"), n_bytes, "bcd");
        must_be_given(&frames_of_8, SLICE("\7\0\0\0abcdefg\7\0"), n_bytes, "");
    }
}

static void the_beginning_is_as_long_as_people_need(void **state)
{
    struct stage stage;
    char text[300];

    memset(text, 'x', sizeof(text));
    stage_init(&stage, &lines_of_64k);
    stage_read(&stage, (struct slice){ text, 1 });
    for (unsigned i = 0; i < 300; i++)
        stage_read(&stage, (struct slice){ text, sizeof(text) });
    assert_int_equal(stage.n, 1);
    assert_int_equal(stage.refused_len, sizeof(stage.refused));
    stream_deinit(&stage.stream);
}

static void what_is_held_is_known(void **state)
{
    struct stage stage;

    stage_init(&stage, &frames_of_8);
    assert_int_equal(stream_rest(&stage.stream).len, 0);
    stage_read(&stage, SLICE("\7\0"));
    assert_int_equal(stream_rest(&stage.stream).len, 2);
    stage_read(&stage, SLICE("\0\0abc"));
    assert_slice_equal(stream_rest(&stage.stream), "abc");
    stream_deinit(&stage.stream);
}

static void a_limit_may_be_less_than_a_beginning(void **state)
{
    static const struct stream_options tiny = { .line_max = 1, .may_have_frames = true };
    static const struct stream_options small = { .line_max = 3, .may_have_frames = true };

    must_come(&tiny, SLICE("a\nb\nc\n"), "a/b/c/");
    must_come(&tiny, SLICE("ab\nc\ndef"), "!c/!");
    must_come(&tiny, SLICE("abcd\ne"), "!e/");
    must_come(&tiny, SLICE("abcd"), "!");
    must_come(&small, SLICE("abcd"), "!");
    must_come(&small, SLICE("abc\nabcd\na"), "abc/!a/");
    must_come(&small, SLICE("\1\0\0\0a\4\0\0\0abcd\3\0\0\0xyz"), "a/!xyz/");
}

/* Lines may be anywhere in memory, but must be whole. */
static void hands_out_whole_lines_only(void **state)
{
    static const char text[] = "a:1|c\nb:2|c\nc:";
    struct slice input = SLICE(text), lines;
    struct stream stream;

    stream_init(&stream, &lines_of_8);
    for (size_t n_bytes = 0; stream_read(&stream, &input, &lines) == STREAM_HAS_LINES;) {
        assert_true(lines.len > 0);
        assert_int_equal(lines.at[lines.len - 1], '\n');
        n_bytes += lines.len;
        assert_true(n_bytes <= 12);
    }
    assert_int_equal(input.len, 0);
    assert_true(stream_is_inside(&stream));
    input = SLICE("3|c\n");
    assert_int_equal(stream_read(&stream, &input, &lines), STREAM_HAS_LINES);
    assert_slice_equal(lines, "c:3|c\n");
    assert_int_equal(stream_read(&stream, &input, &lines), STREAM_HUNGRY);
    assert_false(stream_is_inside(&stream));
    stream_deinit(&stream);
}

/* --- frames ---------------------------------------------------------------------- */

static void frames_come_whole_whatever_the_pieces(void **state)
{
    must_come(&frames_of_8, SLICE("\5\0\0\0a:1|c\5\0\0\0b:2|g"), "a:1|c/b:2|g/");
    must_come(&frames_of_8, SLICE("\1\0\0\0a\2\0\0\0bc"), "a/bc/");
    must_come(&frames_of_8, SLICE("\10\0\0\0abcdefgh"), "abcdefgh/");
}

/* Frames may contain line feeds, with or without a line after the last one. */
static void a_frame_is_a_datagram(void **state)
{
    must_come(&frames_of_8, SLICE("\3\0\0\0a\nb\3\0\0\0c\nd"), "a/b/c/d/");
    must_come(&frames_of_8, SLICE("\4\0\0\0a\nb\n\2\0\0\0c\n"), "a/b/c/");
    must_come(&frames_of_8, SLICE("\5\0\0\0 a \r\n\1\0\0\0b"), "a/b/");
}

static void a_frame_may_be_empty(void **state)
{
    must_come(&frames_of_8, SLICE("\0\0\0\0"), "");
    must_come(&frames_of_8, SLICE("\0\0\0\0\0\0\0\0\1\0\0\0a"), "a/");
    must_come(&frames_of_8, SLICE("\1\0\0\0a\0\0\0\0"), "a/");
    must_come(&frames_of_8, SLICE("\2\0\0\0\n\n\1\0\0\0a"), "a/");
}

/* The limit is one of lines, and a frame may have many. */
static void a_frame_over_the_limit_loses_no_line(void **state)
{
    must_come(&frames_of_8, SLICE("\1\0\0\0x\12\0\0\0a\nb\nc\nd\ne\n\1\0\0\0y"), "x/a/b/c/d/e/y/");
    must_come(&frames_of_8, SLICE("\11\0\0\0abcde\nfgh"), "abcde/fgh/");
    must_come(&frames_of_8, SLICE("\21\0\0\0abcdefgh\nijklmnop"), "abcdefgh/ijklmnop/");
}

static void a_line_of_a_frame_over_the_limit_is_refused_once(void **state)
{
    must_come(&frames_of_8, SLICE("\11\0\0\0abcdefghi\1\0\0\0x"), "!x/");
    must_come(&frames_of_8, SLICE("\11\0\0\0abcdefghi\11\0\0\0abcdefghi"), "!!");
    must_come(&frames_of_8, SLICE("\16\0\0\0a\nabcdefghij\nb\1\0\0\0x"), "a/!b/x/");
    must_come(&frames_of_8, SLICE("\14\0\0\0a\nabcdefghi\n\1\0\0\0x"), "a/!x/");
}

/* It is too long, and was refused for that; a line is refused once. */
static void a_line_over_the_limit_may_be_cut_off_with_its_frame(void **state)
{
    must_come(&frames_of_8, SLICE("\377\377\377\0abcdefghijkl"), "!");
    must_come(&frames_of_8, SLICE("\0\0\1\0abcdefghijkl"), "!");
    must_come(&frames_of_8, SLICE("\0\1\0\0abcdefghijkl"), "!");
    must_come(&frames_of_8, SLICE("\0\1\0\0abcdefghijkl\n"), "!?");
}

static void a_frame_that_its_connection_ends_in_is_cut_off(void **state)
{
    must_come(&frames_of_8, SLICE("\5\0\0\0a:1|"), "?");
    must_come(&frames_of_8, SLICE("\5\0\0\0"), "?");
    must_come(&frames_of_8, SLICE("\1\0\0\0a\5\0\0\0a:1|"), "a/?");
    must_come(&frames_of_8, SLICE("\1\0\0\0a\5"), "a/?");
    must_come(&frames_of_8, SLICE("\1\0\0\0a\5\0\0"), "a/?");
    must_come(&frames_of_8, SLICE("\1\0\0\0a\5\0\0\0"), "a/?");
    must_come(&frames_of_8, SLICE("\11\0\0\0abcd"), "?");
    must_come(&frames_of_8, SLICE("\11\0\0\0"), "?");
}

/* A line whose line feed has arrived is whole, whatever was to come after it. */
static void whole_lines_of_a_frame_that_is_cut_off_come(void **state)
{
    must_come(&frames_of_8, SLICE("\5\0\0\0a\nb"), "a/?");
    must_come(&frames_of_8, SLICE("\5\0\0\0a\n"), "a/?");
    must_come(&frames_of_8, SLICE("\0\1\0\0a\nb\nc\nd\ne\nf"), "a/b/c/d/e/?");
}

/* Only the first length decides: a later length may have any fourth byte. */
static void a_later_frame_may_be_of_any_length(void **state)
{
    must_come(&frames_of_8, SLICE("\1\0\0\0a\1\0\0\1bcdef"), "a/?");
    must_come(&frames_of_8, SLICE("\1\0\0\0a\377\377\377\377bcdefghijk"), "a/!");
    must_come(&frames_of_8, SLICE("\1\0\0\0a\377\377\377\377b\nc\nd"), "a/b/c/?");
}

static void only_a_zero_at_the_fourth_byte_makes_frames(void **state)
{
    struct stage stage;

    must_come(&frames_of_8, SLICE("ab\n\0\1\0\0\0"), "?");
    for (unsigned fourth = 1; fourth < 256; fourth++) {
        char text[] = { '\1', '\2', '\3', (char)fourth, '\n' };

        stage_init(&stage, &frames_of_8);
        stage_read(&stage, (struct slice){ text, sizeof(text) });
        stage_end(&stage);
        assert_true(stage.n >= 4);
        assert_memory_equal(stage.outcome, "\1\2\3", 3);
        stream_deinit(&stage.stream);
    }
}

static void there_are_no_frames_where_they_are_not_allowed(void **state)
{
    struct stage stage;

    for (size_t cut = 0; cut <= 6; cut++) {
        stage_init(&stage, &lines_of_8);
        stage_read(&stage, part(SLICE("\1\0\0\0a\n"), 0, cut));
        stage_read(&stage, part(SLICE("\1\0\0\0a\n"), cut, 6));
        stage_end(&stage);
        assert_int_equal(stage.n, 6);
        assert_memory_equal(stage.outcome, "\1\0\0\0a/", 6);
        stream_deinit(&stage.stream);
    }
}

/* --- the end ------------------------------------------------------------------------ */

static void must_be_inside(const struct stream_options *options, struct slice input, bool is_inside)
{
    struct stage stage;

    stage_init(&stage, options);
    assert_false(stream_is_inside(&stage.stream));
    stage_read(&stage, input);
    if (stream_is_inside(&stage.stream) != is_inside)
        fail_msg("%s: is%s inside", input.at, is_inside ? " not" : "");
    stage_end(&stage);
    stream_deinit(&stage.stream);
}

static void knows_whether_something_waits_for_its_end(void **state)
{
    must_be_inside(&lines_of_8, SLICE(""), false);
    must_be_inside(&lines_of_8, SLICE("a"), true);
    must_be_inside(&lines_of_8, SLICE("a:1|c\n"), false);
    must_be_inside(&lines_of_8, SLICE("a:1|c\nb"), true);
    must_be_inside(&lines_of_8, SLICE("abcdefghijk\n"), false);
    must_be_inside(&lines_of_8, SLICE("abcdefghijk\na\n"), false);
    must_be_inside(&frames_of_8, SLICE("ab"), true);
    must_be_inside(&frames_of_8, SLICE("a:1|c\n"), false);
    must_be_inside(&frames_of_8, SLICE("\1\0\0\0a"), false);
    must_be_inside(&frames_of_8, SLICE("\0\0\0\0"), false);
    must_be_inside(&frames_of_8, SLICE("\1\0\0\0"), true);
    must_be_inside(&frames_of_8, SLICE("\1\0\0\0a\2"), true);
    must_be_inside(&frames_of_8, SLICE("\11\0\0\0abcdefghi"), false);
    must_be_inside(&frames_of_8, SLICE("\n"), false);
    /* It has been refused already, so it is not reported again. */
    must_be_inside(&lines_of_8, SLICE("abcdefghijk"), false);
    must_be_inside(&frames_of_8, SLICE("\15\0\0\0abcdefghijk"), false);
    must_be_inside(&frames_of_8, SLICE("\15\0\0\0abc\n"), true);
}

/* They are empty lines (proto/README.md, section 1), with their line feed or without. */
static void blanks_alone_wait_for_nothing(void **state)
{
    static const char *const blanks[] = {
        " ", "\t", "\n", "\n\n\n", " \n", "\n \t", " \t  \t", "\r"
    };

    for (size_t i = 0; i < ARRAY_SIZE(blanks); i++) {
        must_be_inside(&lines_of_8, slice_of(blanks[i]), false);
        must_be_inside(&frames_of_8, slice_of(blanks[i]), false);
        must_come_as_lines(slice_of(blanks[i]), "");
    }
    must_be_inside(&lines_of_8, SLICE("a:1|c\n \t"), false);
    must_be_inside(&frames_of_8, SLICE("a:1|c\n\n "), false);
    must_be_inside(&lines_of_8, SLICE(" \ta"), true);
    must_be_inside(&frames_of_8, SLICE("\n a"), true);
}

static void an_end_comes_in_every_state(void **state)
{
    struct stage stage;

    stage_init(&stage, &frames_of_8);
    stage_end(&stage);
    must_have_come(&stage, "");
    stage_end(&stage);
    must_have_come(&stage, "");
    stream_deinit(&stage.stream);

    stage_init(&stage, &lines_of_8);
    stage_read(&stage, SLICE("ab"));
    stage_end(&stage);
    must_have_come(&stage, "ab/");
    stage_end(&stage);
    must_have_come(&stage, "ab/");
    stream_deinit(&stage.stream);
}

static void may_be_thrown_away_in_every_state(void **state)
{
    static const char *const beginnings[] = { "a", "abcde", "abcdefghijk", "a\nbcd" };
    struct stage stage;

    for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
        stage_init(&stage, &frames_of_8);
        stage_read(&stage, slice_of(beginnings[i]));
        stream_deinit(&stage.stream);
    }
    stage_init(&stage, &frames_of_8);
    stage_read(&stage, SLICE("\5\0\0\0ab"));
    stream_deinit(&stage.stream);
}

/* A slice of no bytes may have no address (base/slice.h). For UBSan. */
static void a_piece_of_nothing_is_a_piece_too(void **state)
{
    static const struct stream_options *const options[] = { &lines_of_8, &frames_of_8 };
    static const char *const before[] = { "", "ab", "abcdefghijk", "a\n" };

    for (size_t i = 0; i < 8; i++) {
        struct slice nothing = { NULL, 0 }, lines;
        struct stage stage;

        stage_init(&stage, options[i / 4]);
        stage_read(&stage, slice_of(before[i % 4]));
        assert_int_equal(stream_read(&stage.stream, &nothing, &lines), STREAM_HUNGRY);
        stream_deinit(&stage.stream);
    }
}

/* --- sizes ---------------------------------------------------------------------------- */

/* @head, then @n times 'x', then @tail: all the bytes, in these pieces. */
static void read_long(struct stage *stage, struct slice head, size_t n, struct slice tail,
                      size_t piece)
{
    size_t len = head.len + n + tail.len;
    char *text = malloc(len);

    memset(text, 'x', len);
    memcpy(text, head.at, head.len);
    memcpy(text + head.len + n, tail.at, tail.len);
    for (size_t at = 0; at < len; at += piece)
        stage_read(stage, (struct slice){ text + at, at + piece < len ? piece : len - at });
    free(text);
}

static void must_come_long(size_t n, const char *expected)
{
    static const size_t pieces[] = { 1000, 1448, 65535, 65536, 65537, 200000 };
    struct stage stage;

    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        stage_init(&stage, &frames_of_64k);
        stage.parse.line_max = 65536;
        read_long(&stage, SLICE("a:1|c\n"), n, SLICE("\nb:2|c\n"), pieces[i]);
        stage_end(&stage);
        must_have_come(&stage, expected);
        stream_deinit(&stage.stream);
    }
}

static void a_line_over_64_kib_is_skipped_to_its_end(void **state)
{
    must_come_long(65537, "a:1|c/!b:2|c/");
    must_come_long(1000000, "a:1|c/!b:2|c/");
}

/* Each may be as long as the limit, however small the pieces are. */
static void the_longest_line_comes_whole(void **state)
{
    static char text[65537];

    memset(text, 'x', sizeof(text));
    text[65536] = '\n';
    for (size_t piece = 1; piece <= sizeof(text); piece = piece * 7 + 1) {
        struct slice lines = { NULL, 0 };
        struct stream stream;
        size_t n_lines = 0;

        stream_init(&stream, &lines_of_64k);
        for (size_t at = 0; at < sizeof(text); at += piece) {
            size_t n = at + piece < sizeof(text) ? piece : sizeof(text) - at;
            struct slice input = { text + at, n };
            enum stream_step step;

            while ((step = stream_read(&stream, &input, &lines)) != STREAM_HUNGRY) {
                assert_int_equal(step, STREAM_HAS_LINES);
                assert_int_equal(lines.len, sizeof(text));
                assert_memory_equal(lines.at, text, sizeof(text));
                n_lines++;
            }
        }
        assert_int_equal(n_lines, 1);
        stream_deinit(&stream);
    }
}

/* The memory that a sender can make it hold: a line, or the length of a frame. */
static void holds_no_more_than_the_limit(void **state)
{
    struct stage stage;

    stage_init(&stage, &lines_of_8);
    for (int i = 0; i < 100; i++) {
        stage_read(&stage, SLICE("abcde"));
        assert_true(stage.stream.held.len <= 8);
    }
    must_have_come(&stage, "!");
    stream_deinit(&stage.stream);

    stage_init(&stage, &frames_of_8);
    stage_read(&stage, SLICE("\0\0\0\0\377\377\377\177"));
    for (int i = 0; i < 100; i++) {
        stage_read(&stage, SLICE("abcde"));
        assert_true(stage.stream.held.len <= 8);
    }
    must_have_come(&stage, "!");
    stream_deinit(&stage.stream);
}

static void gives_memory_back_between_lines_and_frames(void **state)
{
    struct stage stage;

    stage_init(&stage, &frames_of_64k);
    read_long(&stage, SLICE("a:"), 60000, SLICE("\n"), 1000);
    assert_true(stage.stream.held.cap <= 1024);
    stream_deinit(&stage.stream);

    stage_init(&stage, &frames_of_64k);
    read_long(&stage, SLICE("\140\352\0\0"), 60000, SLICE(""), 1000);
    assert_false(stream_is_inside(&stage.stream));
    assert_true(stage.stream.held.cap <= 1024);
    stream_deinit(&stage.stream);

    stage_init(&stage, &lines_of_64k);
    read_long(&stage, SLICE(""), 70000, SLICE("\n"), 1000);
    assert_true(stage.stream.held.cap <= 1024);
    stream_deinit(&stage.stream);
}

/* A failed allocation, as base/buffer.h remembers it. */
static void tells_when_there_is_no_memory(void **state)
{
    struct slice input = SLICE("abc"), lines;
    struct stream stream;

    stream_init(&stream, &lines_of_8);
    assert_int_equal(stream_read(&stream, &input, &lines), STREAM_HUNGRY);
    stream.held.has_failed = true;
    input = SLICE("def");
    assert_int_equal(stream_read(&stream, &input, &lines), STREAM_NO_MEMORY);
    assert_int_equal(stream_end(&stream, &lines), STREAM_HUNGRY);
    stream_deinit(&stream);

    stream_init(&stream, &frames_of_8);
    stream.held.has_failed = true;
    input = SLICE("\3\0\0\0abc");
    assert_int_equal(stream_read(&stream, &input, &lines), STREAM_NO_MEMORY);
    assert_int_equal(stream_end(&stream, &lines), STREAM_HUNGRY);
    stream_deinit(&stream);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(lines_come_whole_whatever_the_pieces),
        CASE(the_last_line_may_lack_its_line_feed),
        CASE(empty_lines_are_no_lines),
        CASE(lines_may_have_odd_bytes),
        CASE(a_line_over_the_limit_is_refused_once),
        CASE(what_stands_around_it_comes),
        CASE(a_refusal_comes_with_the_beginning_of_its_text),
        CASE(the_beginning_is_as_long_as_people_need),
        CASE(what_is_held_is_known),
        CASE(a_limit_may_be_less_than_a_beginning),
        CASE(hands_out_whole_lines_only),
        CASE(frames_come_whole_whatever_the_pieces),
        CASE(a_frame_is_a_datagram),
        CASE(a_frame_may_be_empty),
        CASE(a_frame_over_the_limit_loses_no_line),
        CASE(a_line_of_a_frame_over_the_limit_is_refused_once),
        CASE(a_line_over_the_limit_may_be_cut_off_with_its_frame),
        CASE(a_frame_that_its_connection_ends_in_is_cut_off),
        CASE(whole_lines_of_a_frame_that_is_cut_off_come),
        CASE(a_later_frame_may_be_of_any_length),
        CASE(only_a_zero_at_the_fourth_byte_makes_frames),
        CASE(there_are_no_frames_where_they_are_not_allowed),
        CASE(knows_whether_something_waits_for_its_end),
        CASE(blanks_alone_wait_for_nothing),
        CASE(an_end_comes_in_every_state),
        CASE(may_be_thrown_away_in_every_state),
        CASE(a_piece_of_nothing_is_a_piece_too),
        CASE(a_line_over_64_kib_is_skipped_to_its_end),
        CASE(the_longest_line_comes_whole),
        CASE(holds_no_more_than_the_limit),
        CASE(gives_memory_back_between_lines_and_frames),
        CASE(tells_when_there_is_no_memory),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
