/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Exposition: the walk over everything that a scrape shows, and the interface of its writers
 *
 * The walk passes facts to a writer: each family once, then its series. A writer implements
 * one format. Only it knows the details of that format, such as suffixes of names, le="…" and
 * a last line. It does not know where the facts come from (docs/decisions/0017). Pure.
 */

#include "aggregate/reading.h"
#include "aggregate/snapshot.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "base/sample_type.h"

/* --- facts ------------------------------------------------------------------------------ */

/* The facts that the series of a family share. */
struct exposition_family {
    struct slice name; /* without suffixes that a format adds */
    enum metric_type type;
    struct slice help; /* plain text, not escaped */
    struct slice unit; /* such as "seconds"; or empty */
    /*
     * The families with other names on the page, but udometer's own: for formats that change names,
     * which must not make two of them alike. NULL: there are none.
     */
    const struct snapshot *others;
};

/* A series with one number: a counter, a gauge or a set. */
struct exposition_sample {
    struct slice labels; /* rendered (base/labels.h); empty for none */
    double value;
    int64_t started_ms; /* since 1970: when the series began, at zero; 0: unknown */
};

/* A counter whose value a double may not hold. */
struct exposition_large {
    struct slice labels; /* as above */
    uint64_t value;
    int64_t started_ms; /* as above */
};

/* A series of a histogram. */
struct exposition_histogram {
    struct slice labels; /* as above */
    const struct buckets *buckets;
    const uint64_t *counts; /* of each bucket, not cumulative: buckets->n + 1 */
    double sum;
    int64_t started_ms; /* as above */
    /* The same observations, for formats that have native histograms. NULL: it is not one. */
    const struct native_buckets *native;
};

/* A series of a summary. */
struct exposition_summary {
    struct slice labels; /* as above */
    unsigned n_quantiles;
    const double *quantiles; /* from 0 to 1, ascending; the same for all series of a family */
    const double *values;    /* of each quantile; NAN: nothing has been observed lately */
    double sum;
    uint64_t count;
    bool has_negative;  /* some observations are below 0, so the sum may shrink */
    int64_t started_ms; /* as above */
};

/* --- writers ---------------------------------------------------------------------------- */

/*
 * A format. The functions append to @out; out->has_failed shows that memory ran out. @state
 * belongs to the writer; each walk has one. Facts are valid during the call, with two
 * exceptions: a family stays valid until the next one, and buckets until the walk ends or pauses.
 * So a writer may cache what it has rendered of them, by their address.
 */
struct exposition_writer {
    size_t state_size; /* bytes, all zero when the walk begins; freed after it */

    /* The format has no native histograms, so the walk spares itself their buckets. */
    bool ignores_native;

    /* A family begins. At least one series follows. */
    void (*family)(void *state, struct buffer *out, const struct exposition_family *family);

    /* A series of it: this one for a counter, gauge or set … */
    void (*sample)(void *state, struct buffer *out, const struct exposition_family *family,
                   const struct exposition_sample *sample);

    /*
     * … or this one, with the exact value of a counter that a double may not hold, for formats
     * that can show it. NULL: sample() gets the nearest double.
     */
    void (*large)(void *state, struct buffer *out, const struct exposition_family *family,
                  const struct exposition_large *large);

    /* … or this one for a summary … */
    void (*summary)(void *state, struct buffer *out, const struct exposition_family *family,
                    const struct exposition_summary *summary);

    /* … and this one for a histogram. */
    void (*histogram)(void *state, struct buffer *out, const struct exposition_family *family,
                      const struct exposition_histogram *histogram);

    /* Everything has been written. For formats with a last line. NULL: nothing to do. */
    void (*end)(void *state, struct buffer *out);

    /*
     * The chunk in @out is handed out after this call and cannot change any more. For formats
     * in which a length precedes the bytes it counts. NULL: nothing to do.
     */
    void (*flush)(void *state, struct buffer *out);

    /* The walk pauses: drop what is cached by its address. NULL: nothing is. */
    void (*pause)(void *state);
};

/* --- the walk --------------------------------------------------------------------------- */

#define EXPOSITION_LABEL_MAX 63

struct exposition;

/* Families outside the registry: udometer's own. They come last, all in one chunk. */
struct exposition_collector {
    /* Pass the families to @exposition with the functions below. */
    void (*collect)(const void *ctx, struct exposition *exposition);
    const void *ctx;
    int64_t started_ms; /* of all their series: struct exposition_sample; or 0 */
};

/*
 * Begin a walk for @writer over @snapshot, and then over the families of @collector. The walk
 * takes a reference to @snapshot. @collector is copied; it may be NULL for no families. One
 * thread at a time. Returns 0 or -ENOMEM.
 */
MUST_CHECK int exposition_new(struct exposition **ret, const struct exposition_writer *writer,
                              struct snapshot *snapshot,
                              const struct exposition_collector *collector);

/* End the walk at any point. NULL is allowed. */
void exposition_free(struct exposition *exposition);
DEFINE_CLEANUP(struct exposition *, exposition_free)

/*
 * Continue the walk, and append to @out until it holds at least @enough bytes or the walk has
 * ended. Values are read during this call. Nothing is appended after the end. Returns 0 or
 * -ENOMEM. -ENOMEM ends the walk: @out then holds an unspecified part, and each later call
 * returns -ENOMEM too.
 */
MUST_CHECK int exposition_write(struct exposition *exposition, struct buffer *out, size_t enough);

/*
 * From now on, what depends on the time is read as of @now_ns, monotonic: the quantiles of
 * summaries. Until this is called, it is as of the latest sample of each series.
 */
void exposition_set_now(struct exposition *exposition, int64_t now_ns);

/*
 * Between two calls of exposition_write(), release the snapshot; a walk that pauses for long would
 * keep memory of series that no longer exist. To continue, exposition_resume() takes a reference to
 * @snapshot, the same or a later one of the same registry, from its caller. The walk goes on after
 * the series that it wrote last, and leaves out what has the labels of one that it has written.
 */
void exposition_pause(struct exposition *exposition);
void exposition_resume(struct exposition *exposition, struct snapshot *snapshot);

/*
 * For a collector: begin a family, then add its series. @name and @help are borrowed and must
 * stay valid until the next family begins. A family without series is not written.
 */
void exposition_begin_family(struct exposition *exposition, struct slice name,
                             enum metric_type type, struct slice help);
void exposition_add_sample(struct exposition *exposition, struct slice labels, double value);
/* With one label, @name="@label", at most EXPOSITION_LABEL_MAX bytes, which needs no escaping. */
void exposition_add_labelled(struct exposition *exposition, const char *name, const char *label,
                             double value);
/* The start in @histogram is not read: the collector has one. */
void exposition_add_histogram(struct exposition *exposition,
                              const struct exposition_histogram *histogram);
