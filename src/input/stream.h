/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Stream: lines out of bytes that come in pieces
 *
 * Pure: no socket, no loop. Either lines with line feeds, or, where that is allowed
 * and the connection begins like it, DogStatsD's frames: a length of four bytes, least
 * significant first, and so many bytes of lines (proto/README.md, section 1).
 */

#include "base/buffer.h"
#include "base/compiler.h"

struct stream_options {
    size_t line_max; /* bytes of a line without its line feed, or of a frame */
    bool may_have_frames;
};

enum stream_state {
    STREAM_BEGINNING, /* it is not known yet what it will be */
    STREAM_LINES,
    STREAM_FRAMES,
};

struct stream {
    struct stream_options options;
    enum stream_state state;
    struct buffer held; /* what waits for its end */
    size_t n_given;     /* bytes at its front that were handed out */
    bool is_skipping;   /* the rest of a line that is too long */
    size_t n_to_skip;   /* bytes of a frame that is too long */
};

/* What a step came to. */
enum stream_step {
    STREAM_HUNGRY,    /* it needs more input, or has come to its end */
    STREAM_HAS_LINES, /* there are lines, all of them whole */
    STREAM_TOO_LONG,  /* a line or frame beyond the limit is being passed over */
    STREAM_CUT_OFF,   /* the end came inside of a frame */
    STREAM_NO_MEMORY, /* what was held is lost, and all that follows: close it */
};

void stream_init(struct stream *stream, const struct stream_options *options);
void stream_deinit(struct stream *stream);

/*
 * Go on with @input, some of which is cut off its front. With STREAM_HAS_LINES,
 * @ret_lines borrows from the stream or the input until the next call. Call it until
 * it is hungry.
 */
MUST_CHECK enum stream_step stream_read(struct stream *stream, struct slice *input,
                                        struct slice *ret_lines);

/*
 * There will be no more input, and that was agreed on: what is held is the last line.
 * Call it until it is hungry.
 */
MUST_CHECK enum stream_step stream_end(struct stream *stream, struct slice *ret_lines);

/* Is there something that waits for its end, and has not been reported in any way? */
bool stream_is_inside(const struct stream *stream);
