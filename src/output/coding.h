/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Coding: the interface of content codings, which compress a stream as it is read
 */

#include <stddef.h>

/* Write up to @max bytes to @out. Returns their number; 0 at the end; or a negative errno. */
typedef long coding_source(void *stream, char *out, size_t max);

struct coding {
    const char *name; /* as in Content-Encoding */

    /* Begin a stream. Returns its state, half a megabyte of memory; NULL without memory. */
    void *(*new)(void);

    /* NULL is allowed. */
    void (*free)(void *state);

    /*
     * Write up to @max bytes, at least 1, of the compressed stream to @out. Reads from @source at
     * most once, so that a call takes a fraction of a millisecond. Returns the number of bytes
     * written; 0 at the end; the negative value that @source returned; -ENOMEM; or -EINPROGRESS
     * when there is nothing to write yet. After that and -EAGAIN it may be called again.
     */
    long (*read)(void *state, coding_source *source, void *stream, char *out, size_t max);
};

/* The most of a source that is read at once. */
#define CODING_INPUT_BYTES 65536
