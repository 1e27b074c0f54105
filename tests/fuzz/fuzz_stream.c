/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fuzz stream: bytes in pieces to lines
 *
 *      byte 0          frames are allowed (1), the limit (the bits above)
 *      byte 1          n, the number of sizes of pieces, 0 to 15
 *      n bytes         sizes, used in turn until the end; without any, one piece
 *      the rest        the bytes of the stream
 *
 * Whatever the pieces, the lines must be those that proto/README.md, section 1, defines for
 * the whole stream; they are worked out here a second time, from the whole. Each piece is in
 * its own memory, of exactly its size.
 */

#include "fuzz.h"

#include "base/buffer.h"
#include "input/parse.h"
#include "input/stream.h"

#include <stdio.h>
#include <stdlib.h>

#define LENGTH_BYTES 4
#define LIMITS_N 8

/* A small limit is reached sooner. */
static const size_t limits[LIMITS_N] = { 1, 2, 3, 4, 8, 32, 256, 65536 };

/* The output: lines and refusals, each with its length before it. */
struct outcome {
    struct buffer text;
    struct parse_options parse;
};

static void add_refusal(struct outcome *outcome, char sign)
{
    buffer_add_char(&outcome->text, sign);
}

/* A line that is too long may come, for parse_line() to refuse. */
static void add_lines(struct outcome *outcome, struct slice lines)
{
    struct slice line;

    while (parse_next_line(&lines, &outcome->parse, &line)) {
        if (line.len > outcome->parse.line_max) {
            add_refusal(outcome, '!');
            continue;
        }
        buffer_add_uint(&outcome->text, line.len);
        buffer_add_char(&outcome->text, ':');
        buffer_add(&outcome->text, line);
    }
}

/* --- as it is ------------------------------------------------------------------------ */

static void add_step(struct outcome *outcome, enum stream_step step, struct slice lines)
{
    switch (step) {
    case STREAM_HAS_LINES: add_lines(outcome, lines); break;
    case STREAM_TOO_LONG: add_refusal(outcome, '!'); break;
    case STREAM_CUT_OFF: add_refusal(outcome, '?'); break;
    case STREAM_NO_MEMORY: MUST(step != STREAM_NO_MEMORY); break;
    case STREAM_HUNGRY: break;
    }
}

/* Output ends where a line ends, and is not more than the input. */
static void check_lines(const struct stream *stream, struct slice lines, size_t piece_len)
{
    MUST(lines.len <= piece_len || lines.len <= stream->options.line_max + LENGTH_BYTES);
    MUST(lines.len > 0);
    MUST(lines.at[lines.len - 1] == '\n' || (stream->state == STREAM_FRAMES && !stream->n_left));
}

static void read_piece(struct stream *stream, const char *at, size_t len, struct outcome *outcome)
{
    char *piece = malloc(len ? len : 1);
    struct slice input = { piece, len }, lines = { NULL, 0 };
    enum stream_step step;
    size_t n_steps = 0;

    if (len)
        memcpy(piece, at, len);
    do {
        step = stream_read(stream, &input, &lines);
        if (step == STREAM_HAS_LINES)
            check_lines(stream, lines, len);
        add_step(outcome, step, lines);
        MUST(n_steps++ <= 2 * len + LENGTH_BYTES);
    } while (step != STREAM_HUNGRY);
    MUST(input.len == 0);
    MUST(stream->held.len <= stream->options.line_max + LENGTH_BYTES);
    free(piece);
}

/* As connections do at the end of what a peer sends. */
static void read_end(struct stream *stream, struct outcome *outcome)
{
    enum stream_step step;
    struct slice lines;
    unsigned n_steps = 0;

    do {
        step = stream_end(stream, &lines);
        add_step(outcome, step, lines);
        MUST(n_steps++ < LENGTH_BYTES);
    } while (step != STREAM_HUNGRY);
    MUST(!stream_is_inside(stream));
}

static void read_in_pieces(const struct stream_options *options, struct slice sizes,
                           struct slice input, struct outcome *outcome)
{
    struct stream stream;

    stream_init(&stream, options);
    for (size_t i = 0; input.len; i++) {
        size_t len = sizes.len ? (unsigned char)sizes.at[i % sizes.len] : input.len;

        /* All sizes may be 0, so only some empty pieces in a row are allowed. */
        if (len > input.len || i > 2 * sizes.len + input.len)
            len = input.len;
        read_piece(&stream, input.at, len, outcome);
        input = (struct slice){ input.at + len, input.len - len };
    }
    read_end(&stream, outcome);
    stream_deinit(&stream);
}

/* --- as it should be -------------------------------------------------------------------- */

/* A frame of which only this has arrived: whole lines, and the beginning of one. */
static void expect_cut_off(struct slice frame, struct outcome *outcome)
{
    const char *end = memrchr(frame.at, '\n', frame.len);
    size_t len = end ? (size_t)(end - frame.at) + 1 : 0;

    add_lines(outcome, (struct slice){ frame.at, len });
    add_refusal(outcome, frame.len - len > outcome->parse.line_max ? '!' : '?');
}

static void expect_frames(struct slice input, struct outcome *outcome)
{
    while (input.len >= LENGTH_BYTES) {
        const unsigned char *bytes = (const unsigned char *)input.at;
        size_t len = bytes[0] + 256 * (bytes[1] + 256 * (bytes[2] + 256 * (size_t)bytes[3]));
        size_t left = input.len - LENGTH_BYTES;

        if (len > left) {
            expect_cut_off((struct slice){ input.at + LENGTH_BYTES, left }, outcome);
            return;
        }
        add_lines(outcome, (struct slice){ input.at + LENGTH_BYTES, len });
        input = (struct slice){ input.at + LENGTH_BYTES + len, left - len };
    }
    if (input.len)
        add_refusal(outcome, '?');
}

static void expect(const struct stream_options *options, struct slice input,
                   struct outcome *outcome)
{
    if (options->may_have_frames && input.len >= LENGTH_BYTES && !input.at[LENGTH_BYTES - 1])
        expect_frames(input, outcome);
    else
        add_lines(outcome, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n_sizes = size > 1 ? data[1] % 16 : 0;
    struct stream_options options;
    struct outcome actual = { .text.len = 0 }, expected = { .text.len = 0 };
    struct slice sizes, input;

    if (size < 2 + n_sizes)
        return 0;
    options = (struct stream_options){ limits[(data[0] >> 1) % LIMITS_N], data[0] & 1 };
    actual.parse.line_max = expected.parse.line_max = options.line_max;
    sizes = (struct slice){ (const char *)data + 2, n_sizes };
    input = (struct slice){ (const char *)data + 2 + n_sizes, size - 2 - n_sizes };

    read_in_pieces(&options, sizes, input, &actual);
    expect(&options, input, &expected);
    MUST(slice_equal(buffer_text(&actual.text), buffer_text(&expected.text)));
    buffer_deinit(&actual.text);
    buffer_deinit(&expected.text);
    return 0;
}
