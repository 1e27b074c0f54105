/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Gzip
 *
 * ISA-L compresses our text at 0.6 ns per byte, and zlib at 4. So compression keeps up with
 * writing the text, on the same thread (docs/decisions/0015).
 */

#include "output/gzip.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <stdlib.h>

struct gzip {
    struct isal_zstream stream;
    bool has_read_all;
    uint8_t level_memory[ISAL_DEF_LVL1_DEFAULT];
    char input[CODING_INPUT_BYTES];
};

static void *gzip_new(void)
{
    /* All zero: isal_deflate_init() does not set the input, and there is none yet. */
    struct gzip *gzip = calloc(1, sizeof(*gzip));

    if (!gzip)
        return NULL;
    isal_deflate_init(&gzip->stream);
    gzip->stream.gzip_flag = IGZIP_GZIP;
    gzip->stream.level = 1;
    gzip->stream.level_buf = gzip->level_memory;
    gzip->stream.level_buf_size = sizeof(gzip->level_memory);
    return gzip;
}

/* Read more into the empty input. Returns 0, or the source's error. */
static long fill(struct gzip *gzip, coding_source *source, void *stream)
{
    long n = source(stream, gzip->input, CODING_INPUT_BYTES);

    if (n < 0)
        return n;
    gzip->has_read_all = n == 0;
    gzip->stream.next_in = (uint8_t *)gzip->input;
    gzip->stream.avail_in = (uint32_t)n;
    gzip->stream.end_of_stream = gzip->has_read_all;
    return 0;
}

static long gzip_read(void *state, coding_source *source, void *stream, char *out, size_t max)
{
    struct gzip *gzip = state;
    struct isal_zstream *deflate = &gzip->stream;

    deflate->next_out = (uint8_t *)out;
    deflate->avail_out = max < UINT32_MAX ? (uint32_t)max : UINT32_MAX;
    max = deflate->avail_out;
    if (deflate->internal_state.state == ZSTATE_END)
        return 0;
    if (!deflate->avail_in && !gzip->has_read_all) {
        long r = fill(gzip, source, stream);

        if (r < 0)
            return r;
    }
    isal_deflate(deflate); /* fails only for invalid arguments */
    /* ISA-L writes nothing until it has 65,536 literals or repetitions: a megabyte of a page. */
    if (deflate->avail_out == max && deflate->internal_state.state != ZSTATE_END)
        return -EINPROGRESS;
    return (long)(max - deflate->avail_out);
}

const struct coding gzip_coding = {
    .name = "gzip",
    .new = gzip_new,
    .free = free,
    .read = gzip_read,
};
