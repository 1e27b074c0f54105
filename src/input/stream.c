/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Stream
 *
 * Whole lines are handed on in place. Only a line that begins in one piece and ends in another is
 * copied, so an idle connection holds a few bytes or none.
 *
 *      |a:1|c\nb:2|c\nc:|       handed on: two lines;   held: "c:"
 *      |3|c\nd:4|c\n|           handed on: "c:3|c\n", then the rest
 *
 * A frame is lines too: its end is the end of a line, even without a line feed. So it may be of any
 * length, and a line in it that is too long costs no other one.
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

/* Whether the held bytes are of a frame's length, and not of a line. */
static bool holds_length(const struct stream *stream)
{
    return stream->state == STREAM_FRAMES && stream->n_left == 0;
}

struct slice stream_rest(const struct stream *stream)
{
    size_t at = holds_length(stream) ? stream->held.len : stream->n_given;

    return (struct slice){ stream->held.data ? stream->held.data + at : NULL,
                           stream->held.len - at };
}

bool stream_is_inside(const struct stream *stream)
{
    const struct parse_options options = { .line_max = stream->options.line_max };
    struct slice rest = stream_rest(stream), line;

    if (holds_length(stream))
        return stream->held.len > stream->n_given;
    if (stream->state == STREAM_FRAMES)
        return !stream->is_skipping;
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
static void skip_line(struct stream *stream, struct slice *input, bool is_end)
{
    const char *end = memchr(input->at, '\n', input->len);

    stream->is_skipping = !end && !is_end;
    skip(input, end ? (size_t)(end - input->at) + 1 : input->len);
}

/* Continue a line that began in an earlier piece. */
static enum stream_step go_on_with_line(struct stream *stream, struct slice *input, bool is_end,
                                        struct slice *ret_lines)
{
    const char *end = memchr(input->at, '\n', input->len);
    size_t n = end ? (size_t)(end - input->at) : input->len;

    if (stream->held.len + n > stream->options.line_max)
        return line_too_long(stream, input, ret_lines);
    hold(stream, input, end ? n + 1 : n);
    return end || is_end ? give(stream, 0, stream->held.len, ret_lines) : STREAM_HUNGRY;
}

static enum stream_step begin_line(struct stream *stream, struct slice *input, bool is_end,
                                   struct slice *ret_lines)
{
    const char *end = memrchr(input->at, '\n', input->len);

    if (end || is_end) {
        *ret_lines =
            (struct slice){ input->at, is_end ? input->len : (size_t)(end - input->at) + 1 };
        skip(input, ret_lines->len);
        return STREAM_HAS_LINES;
    }
    if (input->len > stream->options.line_max)
        return line_too_long(stream, input, ret_lines);
    hold(stream, input, input->len);
    return STREAM_HUNGRY;
}

/* Read lines. With @is_end, the last one ends with @input. */
static enum stream_step read_lines(struct stream *stream, struct slice *input, bool is_end,
                                   struct slice *ret_lines)
{
    if (stream->is_skipping)
        skip_line(stream, input, is_end);
    if (input->len == 0)
        return STREAM_HUNGRY;
    if (stream->held.len)
        return go_on_with_line(stream, input, is_end, ret_lines);
    return begin_line(stream, input, is_end, ret_lines);
}

/* --- frames ---------------------------------------------------------------------------- */

static size_t frame_length(const struct stream *stream)
{
    const unsigned char *bytes = (const unsigned char *)stream->held.data;

    return bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
}

/* Read the length of the next frame that is not empty. Returns whether all of it has arrived. */
static bool read_length(struct stream *stream, struct slice *input)
{
    while (stream->n_left == 0) {
        hold(stream, input, LENGTH_BYTES - stream->held.len);
        if (stream->held.has_failed || stream->held.len < LENGTH_BYTES)
            return false;
        stream->n_left = frame_length(stream);
        drop_all(stream);
    }
    return true;
}

/* Read what @input has of a frame. */
static enum stream_step read_frame(struct stream *stream, struct slice *input,
                                   struct slice *ret_lines)
{
    size_t len = stream->n_left < input->len ? stream->n_left : input->len;
    struct slice part = { input->at, len };
    enum stream_step step = read_lines(stream, &part, len == stream->n_left, ret_lines);

    skip(input, len - part.len);
    stream->n_left -= len - part.len;
    return step;
}

static enum stream_step read_frames(struct stream *stream, struct slice *input,
                                    struct slice *ret_lines)
{
    enum stream_step step = STREAM_HUNGRY;

    while (step == STREAM_HUNGRY && read_length(stream, input) && input->len)
        step = read_frame(stream, input, ret_lines);
    return step;
}

/* --- both -------------------------------------------------------------------------------- */

/* The fourth byte decides: it is zero in every usual length of a first frame, and in no line. */
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
    return read_lines(stream, input, false, ret_lines);
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
    case STREAM_LINES: step = read_lines(stream, input, false, ret_lines); break;
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
    bool is_cut_off;

    *ret_lines = (struct slice){ NULL, 0 };
    drop_given(stream);
    is_cut_off = stream->state == STREAM_FRAMES && stream_is_inside(stream);
    if (is_cut_off)
        give_rest(stream, ret_lines);
    stream->is_skipping = false;
    stream->n_left = 0;
    if (is_cut_off)
        return STREAM_CUT_OFF;
    return stream->held.len ? give(stream, 0, stream->held.len, ret_lines) : STREAM_HUNGRY;
}

/* --- to a sink --------------------------------------------------------------------------- */

static void pass_on(const struct stream_sink *sink, enum stream_step step, struct slice lines)
{
    switch (step) {
    case STREAM_HAS_LINES: sink->on_lines(sink->ctx, lines); break;
    case STREAM_TOO_LONG: sink->on_refused(sink->ctx, REFUSED_LINE_LIMIT, lines); break;
    case STREAM_CUT_OFF: sink->on_refused(sink->ctx, REFUSED_MALFORMED_LINE, lines); break;
    case STREAM_NO_MEMORY: sink->on_refused(sink->ctx, REFUSED_NO_MEMORY, lines); break;
    case STREAM_HUNGRY: break;
    }
}

bool stream_take(struct stream *stream, struct slice input, const struct stream_sink *sink)
{
    enum stream_step step;
    struct slice lines;

    do {
        step = stream_read(stream, &input, &lines);
        pass_on(sink, step, lines);
    } while (step != STREAM_HUNGRY && step != STREAM_NO_MEMORY);
    return step == STREAM_HUNGRY;
}

void stream_finish(struct stream *stream, const struct stream_sink *sink)
{
    enum stream_step step;
    struct slice lines;

    do {
        step = stream_end(stream, &lines);
        pass_on(sink, step, lines);
    } while (step != STREAM_HUNGRY);
}
