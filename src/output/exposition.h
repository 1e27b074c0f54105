/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Exposition: the one walk over everything a scrape shows, and the interface of its writers
 *
 * The walk passes facts to a writer: each family once, then its series. A writer is one
 * format. It alone knows what belongs to that format, such as suffixes of names, le="…" and
 * a last line, and it does not know where the facts come from (docs/decisions/0017). Pure.
 */

#include "aggregate/snapshot.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "base/sample_type.h"

/* --- facts ------------------------------------------------------------------------------ */

/* What the series of a family share. */
struct exposition_family {
    struct slice name; /* without suffixes that only a format adds */
    enum metric_type type;
    struct slice help; /* plain text, not escaped */
};

/* A series with one number: a counter, a gauge or a set. */
struct exposition_sample {
    struct slice labels; /* rendered (base/labels.h); empty for none */
    double value;
};

/* A series of a histogram. */
struct exposition_histogram {
    struct slice labels; /* as above */
    const struct buckets *buckets;
    const uint64_t *counts; /* for each bucket, not cumulated: buckets->n + 1 */
    double sum;
};

/* --- writers ---------------------------------------------------------------------------- */

/*
 * A format. The functions append to @out; lack of memory shows in out->has_failed. @state is
 * the writer's own, one for each walk. Facts are valid during the call, but for two that last
 * longer: a family stays as it is until the next one, and buckets until the walk ends, so
 * that a writer may keep what it has rendered of them, under their address.
 */
struct exposition_writer {
    const char *content_type; /* of HTTP */
    size_t state_size;        /* bytes, all zero when the walk begins; freed after it */

    /* A family begins. At least one series follows. */
    void (*family)(void *state, struct buffer *out, const struct exposition_family *family);

    /* A series of it: this one for a counter, gauge or set … */
    void (*sample)(void *state, struct buffer *out, const struct exposition_family *family,
                   const struct exposition_sample *sample);

    /* … and this one for a histogram. */
    void (*histogram)(void *state, struct buffer *out, const struct exposition_family *family,
                      const struct exposition_histogram *histogram);

    /* Everything has been written. NULL: nothing to do. */
    void (*end)(void *state, struct buffer *out);

    /*
     * The chunk in @out is handed out after this call and cannot be changed then. For formats
     * in which a length comes before what it counts. NULL: nothing to do.
     */
    void (*flush)(void *state, struct buffer *out);
};

/* --- the walk --------------------------------------------------------------------------- */

struct exposition;

/* Families that are in no registry, udometer's own. They come last, all in one chunk. */
struct exposition_collector {
    /* Pass them to @exposition with the functions below. */
    void (*collect)(const void *ctx, struct exposition *exposition);
    const void *ctx;
};

/*
 * Begin a walk for @writer over @snapshot, of which it becomes a reader, and then over the
 * families of @collector, which is copied; NULL: there are none. One thread at a time.
 * Returns 0 or -ENOMEM.
 */
MUST_CHECK int exposition_new(struct exposition **ret, const struct exposition_writer *writer,
                              struct snapshot *snapshot,
                              const struct exposition_collector *collector);

/* End the walk, wherever it is. NULL is fine. */
void exposition_free(struct exposition *exposition);
DEFINE_CLEANUP(struct exposition *, exposition_free)

/*
 * Go on with the walk, appending to @out until it holds at least @enough bytes or the walk
 * has ended. Values are read now. Nothing is appended once the walk has ended. Returns 0, or
 * -ENOMEM, which ends the walk: @out then holds an unspecified part, and each later call
 * returns the same.
 */
MUST_CHECK int exposition_write(struct exposition *exposition, struct buffer *out, size_t enough);

/*
 * For a collector: begin a family, whose @name and @help, borrowed, stay as they are until the
 * next one; then add its series. A family without series is not written.
 */
void exposition_begin_family(struct exposition *exposition, struct slice name,
                             enum metric_type type, struct slice help);
void exposition_add_sample(struct exposition *exposition, struct slice labels, double value);
void exposition_add_histogram(struct exposition *exposition,
                              const struct exposition_histogram *histogram);
