/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Stream: lines from bytes that arrive in pieces
 *
 * Pure: no socket, no loop. A stream consists of lines that end with line feeds. If allowed, and
 * if it begins with one, it consists of DogStatsD's frames instead: a length of four bytes, least
 * significant first, then that number of bytes with lines, the last of which may lack its line feed
 * (proto/README.md, section 1).
 */

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/verdict.h"

struct stream_options {
    size_t line_max; /* bytes of a line without its line feed */
    bool may_have_frames;
};

enum stream_state {
    STREAM_BEGINNING, /* not known yet */
    STREAM_LINES,
    STREAM_FRAMES,
};

struct stream {
    struct stream_options options;
    enum stream_state state;
    struct buffer held; /* the beginning of a line, or of a frame's length, that has not ended */
    size_t n_given;     /* bytes at its front that were handed on */
    bool is_skipping;   /* skips the rest of a line that is too long */
    size_t n_left;      /* remaining bytes of the frame */
};

/* The outcome of a step. */
enum stream_step {
    STREAM_HUNGRY,    /* it needs more input, or has ended */
    STREAM_HAS_LINES, /* there are lines, all of them whole */
    STREAM_TOO_LONG,  /* a line beyond the limit is being skipped */
    STREAM_CUT_OFF,   /* the stream ended inside a frame */
    STREAM_NO_MEMORY, /* the held bytes are lost, and so is all that follows: close it */
};

void stream_init(struct stream *stream, const struct stream_options *options);
void stream_deinit(struct stream *stream);

/*
 * Take bytes off the front of @input and return the outcome. @ret_lines gets the lines, or the
 * beginning of what is too long or cut off, as far as it is known; it borrows from the stream or
 * the input until the next call. Call this until it returns STREAM_HUNGRY.
 */
MUST_CHECK enum stream_step stream_read(struct stream *stream, struct slice *input,
                                        struct slice *ret_lines);

/*
 * End the stream after the peer has closed it in an orderly way: the held bytes are the last
 * line. Call this until it returns STREAM_HUNGRY.
 */
MUST_CHECK enum stream_step stream_end(struct stream *stream, struct slice *ret_lines);

/* Where the lines of streams go. They are borrowed until the function returns. */
struct stream_sink {
    void *ctx;
    void (*on_lines)(void *ctx, struct slice lines);
    /* A line, whole or not: @text is its beginning, as far as it is known. */
    void (*on_refused)(void *ctx, enum verdict reason, struct slice text);
};

/* Take all of @input, and pass to @sink what it makes. Returns false without memory: close it. */
MUST_CHECK bool stream_take(struct stream *stream, struct slice input,
                            const struct stream_sink *sink);

/* Do what stream_end() does, and pass to @sink what that makes. */
void stream_finish(struct stream *stream, const struct stream_sink *sink);

/* The beginning of a line that it holds, borrowed until the next call. */
struct slice stream_rest(const struct stream *stream);

/*
 * Whether it is inside a line or a frame: the end has not arrived, and it was not reported as too
 * long.
 */
bool stream_is_inside(const struct stream *stream);
