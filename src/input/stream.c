/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Stream
 *
 * Whole lines are handed on in place. Only a line that begins in one piece and ends in another is
 * copied, so an idle connection holds a few bytes or none.
 *
 *      |a:1|c\nb:2|c\nc:|       handed on: two lines;   held: "c:"
 *      |3|c\nd:4|c\n|           handed on: "c:3|c\n", then the rest
 */

#include "input/stream.h"

#include "input/parse.h"

#define LENGTH_BYTES 4

/* Of the beginning of a line that is too long; more than is ever shown (base/refused.h). */
#define SHOWN_BYTES 512

/* Larger buffers are freed when they are empty. */
#define KEPT_BYTES 1024

void stream_init(struct stream *stream, const struct stream_options *options)
{
    *stream = (struct stream){ .options = *options };
    stream->state = options->may_have_frames ? STREAM_BEGINNING : STREAM_LINES;
}

void stream_deinit(struct stream *stream)
{
    buffer_deinit(&stream->held);
}

struct slice stream_rest(const struct stream *stream)
{
    size_t at = stream->n_given;

    /* The length of a frame is not text. */
    if (stream->state == STREAM_FRAMES && at == 0)
        at = stream->held.len < LENGTH_BYTES ? stream->held.len : LENGTH_BYTES;
    return (struct slice){ stream->held.data ? stream->held.data + at : NULL,
                           stream->held.len - at };
}

bool stream_is_inside(const struct stream *stream)
{
    const struct parse_options options = { .line_max = stream->options.line_max };
    size_t len = stream->held.len - stream->n_given;
    struct slice rest = { len ? stream->held.data + stream->n_given : NULL, len }, line;

    if (stream->state == STREAM_FRAMES)
        return len > 0;
    return parse_next_line(&rest, &options, &line);
}

/* --- held bytes -------------------------------------------------------------------- */

static void drop_all(struct stream *stream)
{
    stream->n_given = 0;
    if (stream->held.cap > KEPT_BYTES)
        buffer_deinit(&stream->held);
    else
        buffer_clear(&stream->held);
}

/* Remove the bytes that were handed on. */
static void drop_given(struct stream *stream)
{
    struct buffer *held = &stream->held;

    if (stream->n_given == 0)
        return;
    if (stream->n_given == held->len) {
        drop_all(stream);
        return;
    }
    held->len -= stream->n_given;
    memmove(held->data, held->data + stream->n_given, held->len);
    stream->n_given = 0;
}

static enum stream_step give(struct stream *stream, size_t from, size_t to, struct slice *ret_lines)
{
    *ret_lines = (struct slice){ stream->held.data + from, to - from };
    stream->n_given = to;
    return STREAM_HAS_LINES;
}

/* Move at most the first @n bytes of @input to the held ones. */
static void hold(struct stream *stream, struct slice *input, size_t n)
{
    n = n < input->len ? n : input->len;
    buffer_add(&stream->held, (struct slice){ input->at, n });
    *input = (struct slice){ input->at + n, input->len - n };
}

static void skip(struct slice *input, size_t n)
{
    *input = (struct slice){ input->at + n, input->len - n };
}

/* Give what is held, although it is not whole. */
static void give_rest(struct stream *stream, struct slice *ret_lines)
{
    *ret_lines = stream_rest(stream);
    stream->n_given = stream->held.len;
}

/* --- lines --------------------------------------------------------------------------- */

/* The bytes of @input up to the limit belong to the line. */
static enum stream_step line_too_long(struct stream *stream, struct slice *input,
                                      struct slice *ret_lines)
{
    size_t len = stream->held.len, max = stream->options.line_max, more = len < max ? max - len : 0;

    hold(stream, input, more < SHOWN_BYTES ? more : SHOWN_BYTES);
    give_rest(stream, ret_lines);
    stream->is_skipping = true;
    return STREAM_TOO_LONG;
}

/* Skip the rest of a line. */
static void skip_line(struct stream *stream, struct slice *input)
{
    const char *end = memchr(input->at, '\n', input->len);

    stream->is_skipping = !end;
    skip(input, end ? (size_t)(end - input->at) + 1 : input->len);
}

/* Continue a line that began in an earlier piece. */
static enum stream_step go_on_with_line(struct stream *stream, struct slice *input,
                                        struct slice *ret_lines)
{
    const char *end = memchr(input->at, '\n', input->len);
    size_t n = end ? (size_t)(end - input->at) : input->len;

    if (stream->held.len + n > stream->options.line_max)
        return line_too_long(stream, input, ret_lines);
    hold(stream, input, end ? n + 1 : n);
    return end ? give(stream, 0, stream->held.len, ret_lines) : STREAM_HUNGRY;
}

static enum stream_step begin_line(struct stream *stream, struct slice *input,
                                   struct slice *ret_lines)
{
    const char *end = memrchr(input->at, '\n', input->len);

    if (end) {
        *ret_lines = (struct slice){ input->at, (size_t)(end - input->at) + 1 };
        skip(input, ret_lines->len);
        return STREAM_HAS_LINES;
    }
    if (input->len > stream->options.line_max)
        return line_too_long(stream, input, ret_lines);
    hold(stream, input, input->len);
    return STREAM_HUNGRY;
}

static enum stream_step read_lines(struct stream *stream, struct slice *input,
                                   struct slice *ret_lines)
{
    if (stream->is_skipping)
        skip_line(stream, input);
    if (input->len == 0)
        return STREAM_HUNGRY;
    if (stream->held.len)
        return go_on_with_line(stream, input, ret_lines);
    return begin_line(stream, input, ret_lines);
}

/* --- frames ---------------------------------------------------------------------------- */

static size_t frame_length(const struct stream *stream)
{
    const unsigned char *bytes = (const unsigned char *)stream->held.data;

    return bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
}

static enum stream_step read_frames(struct stream *stream, struct slice *input,
                                    struct slice *ret_lines)
{
    size_t n_skipped = stream->n_to_skip < input->len ? stream->n_to_skip : input->len;
    size_t whole;

    skip(input, n_skipped);
    stream->n_to_skip -= n_skipped;
    if (stream->n_to_skip)
        return STREAM_HUNGRY;

    if (stream->held.len < LENGTH_BYTES)
        hold(stream, input, LENGTH_BYTES - stream->held.len);
    if (stream->held.len < LENGTH_BYTES)
        return STREAM_HUNGRY;
    whole = LENGTH_BYTES + frame_length(stream);
    if (whole - LENGTH_BYTES > stream->options.line_max) {
        stream->n_to_skip = whole - LENGTH_BYTES;
        drop_all(stream);
        return STREAM_TOO_LONG;
    }
    hold(stream, input, whole - stream->held.len);
    if (stream->held.len < whole)
        return STREAM_HUNGRY;
    return give(stream, LENGTH_BYTES, whole, ret_lines);
}

/* --- both -------------------------------------------------------------------------------- */

/* The fourth byte decides: it is zero in every allowed frame length, and in no line. */
static enum stream_step read_beginning(struct stream *stream, struct slice *input,
                                       struct slice *ret_lines)
{
    const char *end;

    hold(stream, input, LENGTH_BYTES - stream->held.len);
    if (stream->held.has_failed || stream->held.len < LENGTH_BYTES)
        return STREAM_HUNGRY;
    if (stream->held.data[LENGTH_BYTES - 1] == '\0') {
        stream->state = STREAM_FRAMES;
        return read_frames(stream, input, ret_lines);
    }
    stream->state = STREAM_LINES;
    end = memrchr(stream->held.data, '\n', stream->held.len);
    if (end)
        return give(stream, 0, (size_t)(end - stream->held.data) + 1, ret_lines);
    return read_lines(stream, input, ret_lines);
}

enum stream_step stream_read(struct stream *stream, struct slice *input, struct slice *ret_lines)
{
    enum stream_step step = STREAM_HUNGRY;

    *ret_lines = (struct slice){ NULL, 0 };
    drop_given(stream);
    if (input->len == 0)
        return STREAM_HUNGRY;
    switch (stream->state) {
    case STREAM_BEGINNING: step = read_beginning(stream, input, ret_lines); break;
    case STREAM_LINES: step = read_lines(stream, input, ret_lines); break;
    case STREAM_FRAMES: step = read_frames(stream, input, ret_lines); break;
    }
    if (UNLIKELY(stream->held.has_failed)) {
        drop_all(stream);
        return STREAM_NO_MEMORY;
    }
    return step;
}

enum stream_step stream_end(struct stream *stream, struct slice *ret_lines)
{
    bool is_cut_off = stream->state == STREAM_FRAMES && stream->n_to_skip == 0;

    *ret_lines = (struct slice){ NULL, 0 };
    drop_given(stream);
    stream->is_skipping = false;
    stream->n_to_skip = 0;
    if (stream->held.len == 0)
        return STREAM_HUNGRY;
    if (is_cut_off) {
        give_rest(stream, ret_lines);
        return STREAM_CUT_OFF;
    }
    return give(stream, 0, stream->held.len, ret_lines);
}
