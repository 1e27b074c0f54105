/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Exposition
 *
 * A walk is a position in a snapshot, which never changes. So it can stop after any
 * series, for as long as the client likes, and continue there. Each value is read when
 * the walk reaches its series.
 *
 * While it is paused, it has only the series that it wrote last. That is a position in any
 * snapshot, as all have the same order. So however many clients are slow, there is one list of
 * series.
 */

#include "output/exposition.h"

#include "aggregate/native_reading.h"
#include "base/must.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* A series is prefetched this many series before its turn: about a microsecond. */
#define PREFETCH 8

struct exposition {
    const struct exposition_writer *writer;
    struct snapshot *snapshot; /* NULL: it is paused */
    uint64_t number;           /* of the snapshot, or of the last one */
    struct series *last;       /* while it is paused: the series written last, or NULL */
    int64_t now_ns;            /* monotonic, or 0 */
    struct exposition_collector collector;
    size_t n_written;               /* series of the snapshot that are written */
    const struct family *at_family; /* of the last of these */
    struct exposition_family family;
    bool is_leaving_out;    /* the family written last has begun anew */
    bool is_family_written; /* the writer has received it */
    bool has_ended;
    int error;          /* 0, or the error that ended the walk */
    struct buffer *out; /* during exposition_write() */
    struct buffer help; /* this and the next: of a family of the snapshot */
    struct buffer unit;
    struct native_reading native; /* of a series */
    max_align_t state[];          /* the writer's */
};

int exposition_new(struct exposition **ret, const struct exposition_writer *writer,
                   struct snapshot *snapshot, const struct exposition_collector *collector)
{
    struct exposition *exposition = calloc(1, sizeof(*exposition) + writer->state_size);

    if (!exposition)
        return -ENOMEM;
    exposition->writer = writer;
    if (collector)
        exposition->collector = *collector;
    exposition->snapshot = snapshot;
    exposition->number = snapshot->number;
    snapshot_ref(snapshot);
    *ret = exposition;
    return 0;
}

void exposition_set_now(struct exposition *exposition, int64_t now_ns)
{
    exposition->now_ns = now_ns;
}

void exposition_free(struct exposition *exposition)
{
    if (!exposition)
        return;
    snapshot_unref(exposition->snapshot);
    if (exposition->last)
        series_unref(exposition->last);
    buffer_deinit(&exposition->help);
    buffer_deinit(&exposition->unit);
    native_reading_deinit(&exposition->native);
    free(exposition);
}

/* --- families and series ---------------------------------------------------------------- */

void exposition_begin_family(struct exposition *exposition, struct slice name,
                             enum metric_type type, struct slice help)
{
    exposition->family = (struct exposition_family){
        .name = name,
        .type = type,
        .help = help,
        .others = exposition->snapshot,
    };
    exposition->is_family_written = false;
}

static void write_family(struct exposition *exposition)
{
    if (exposition->is_family_written)
        return;
    exposition->is_family_written = true;
    exposition->writer->family(exposition->state, exposition->out, &exposition->family);
}

static void write_sample(struct exposition *exposition, const struct exposition_sample *sample)
{
    exposition->writer->sample(exposition->state, exposition->out, &exposition->family, sample);
}

static void write_histogram(struct exposition *exposition,
                            const struct exposition_histogram *histogram)
{
    exposition->writer->histogram(exposition->state, exposition->out, &exposition->family,
                                  histogram);
}

void exposition_add_sample(struct exposition *exposition, struct slice labels, double value)
{
    write_family(exposition);
    write_sample(exposition,
                 &(struct exposition_sample){ labels, value, exposition->collector.started_ms });
}

void exposition_add_labelled(struct exposition *exposition, const char *name, const char *label,
                             double value)
{
    char labels[EXPOSITION_LABEL_MAX + 1];
    int len = snprintf(labels, sizeof(labels), "%s=\"%s\"", name, label);

    MUST_BE(len, <=, EXPOSITION_LABEL_MAX);
    exposition_add_sample(exposition, (struct slice){ labels, (size_t)len }, value);
}

void exposition_add_histogram(struct exposition *exposition,
                              const struct exposition_histogram *histogram)
{
    struct exposition_histogram started = *histogram;

    started.started_ms = exposition->collector.started_ms;
    write_family(exposition);
    write_histogram(exposition, &started);
}

static void write_summary(struct exposition *exposition, const struct series *series,
                          const struct reading *reading)
{
    const struct summary_options *options = &series->family->buckets->summary;
    const struct exposition_summary summary = {
        .labels = series_labels(series),
        .n_quantiles = options->quantiles.n,
        .quantiles = options->quantiles.at,
        .values = reading->quantiles,
        .sum = reading->sum,
        .count = reading->count,
        .has_negative = reading->has_negative,
        .started_ms = series->started_ms,
    };

    exposition->writer->summary(exposition->state, exposition->out, &exposition->family, &summary);
}

/* --- the snapshot ----------------------------------------------------------------------- */

COLD static void begin_family_of(struct exposition *exposition, struct family *family)
{
    struct buffer *help = &exposition->help, *unit = &exposition->unit;

    buffer_clear(help);
    buffer_clear(unit);
    family_write_help(family, help);
    family_write_unit(family, unit);
    exposition->out->has_failed |= help->has_failed | unit->has_failed;
    exposition_begin_family(exposition, family->name, family->type, buffer_text(help));
    exposition->family.unit = buffer_text(unit);
    write_family(exposition);
    exposition->at_family = family;
    exposition->is_leaving_out = false;
}

/* Prefetch the series that come next. Nearly all of them are in no cache. */
static void prefetch(struct series **series, size_t i, size_t n)
{
    if (i + 2 * PREFETCH < n)
        series_prefetch(series[i + 2 * PREFETCH]);
    if (i + PREFETCH < n)
        series_prefetch_cells(series[i + PREFETCH]);
}

/* A counter whose value a double may not hold. */
COLD static void write_large(struct exposition *exposition, const struct series *series,
                             const struct reading *reading)
{
    struct slice labels = series_labels(series);
    const struct exposition_writer *writer = exposition->writer;

    if (writer->large && reading->whole)
        writer->large(exposition->state, exposition->out, &exposition->family,
                      &(struct exposition_large){ labels, reading->whole, series->started_ms });
    else
        write_sample(exposition,
                     &(struct exposition_sample){ labels, reading->value, series->started_ms });
}

static inline void enter_family(struct exposition *exposition, struct family *family)
{
    if (family != exposition->at_family)
        begin_family_of(exposition, family);
}

static bool has_native(const struct exposition *exposition, const struct family *family)
{
    const struct buckets *own = family->own_buckets; /* the default ones are not native */

    return UNLIKELY(own) && buckets_are_native(own) && !exposition->writer->ignores_native;
}

/* @reading has the classic buckets; native ones and these are read together. */
static inline void write_histogram_of(struct exposition *exposition, struct series *series,
                                      struct reading *reading)
{
    bool is_native = has_native(exposition, series->family);

    if (is_native && !series_read_native(series, reading, &exposition->native)) {
        exposition->out->has_failed = true;
        return;
    }
    write_histogram(exposition, &(struct exposition_histogram){
                                    .labels = series_labels(series),
                                    .buckets = series->family->buckets,
                                    .counts = reading->counts,
                                    .sum = reading->sum,
                                    .started_ms = series->started_ms,
                                    .native = is_native ? &exposition->native.buckets : NULL,
                                });
}

static inline void write_series(struct exposition *exposition, struct series *series)
{
    struct family *family = series->family;
    struct reading reading;

    reading.now_ns = exposition->now_ns;
    series_read_at(series, &reading);
    switch (family->type) {
    case METRIC_SET:
        if (isnan(reading.value)) /* it cannot be known now, and a family may have no others */
            return;
        enter_family(exposition, family);
        break;
    case METRIC_COUNTER:
        enter_family(exposition, family);
        if (UNLIKELY(reading.value >= READING_WHOLE)) {
            write_large(exposition, series, &reading);
            return;
        }
        break;
    case METRIC_GAUGE: enter_family(exposition, family); break;
    case METRIC_HISTOGRAM:
        enter_family(exposition, family);
        write_histogram_of(exposition, series, &reading);
        return;
    case METRIC_SUMMARY:
        enter_family(exposition, family);
        write_summary(exposition, series, &reading);
        return;
    case _METRIC_TYPE_N: return;
    }
    write_sample(exposition, &(struct exposition_sample){ series_labels(series), reading.value,
                                                          series->started_ms });
}

/* --- chunks ----------------------------------------------------------------------------- */

static bool is_full(const struct buffer *out, size_t enough)
{
    return out->len >= enough || out->has_failed;
}

/* Write series of the snapshot. Returns whether all of them are written. */
static bool write_snapshot(struct exposition *exposition, struct buffer *out, size_t enough)
{
    struct series **series = exposition->snapshot->series;
    size_t n = exposition->snapshot->n_series, i = exposition->n_written;

    for (; i < n && !is_full(out, enough); i++) {
        prefetch(series, i, n);
        write_series(exposition, series[i]);
    }
    exposition->n_written = i;
    return i == n;
}

static void write_rest(struct exposition *exposition)
{
    const struct exposition_collector *collector = &exposition->collector;

    if (collector->collect)
        collector->collect(collector->ctx, exposition);
    if (exposition->writer->end && !exposition->out->has_failed)
        exposition->writer->end(exposition->state, exposition->out);
    exposition->has_ended = true;
}

int exposition_write(struct exposition *exposition, struct buffer *out, size_t enough)
{
    if (exposition->error < 0 || exposition->has_ended)
        return exposition->error;
    MUST(exposition->snapshot);
    exposition->out = out;
    if (write_snapshot(exposition, out, enough) && !is_full(out, enough))
        write_rest(exposition);
    if (exposition->writer->flush && !out->has_failed)
        exposition->writer->flush(exposition->state, out);
    exposition->out = NULL;
    if (out->has_failed)
        exposition->error = -ENOMEM;
    return exposition->error;
}

/* --- pauses ------------------------------------------------------------------------------- */

void exposition_pause(struct exposition *exposition)
{
    struct snapshot *snapshot = exposition->snapshot;
    const struct exposition_writer *writer = exposition->writer;

    if (!snapshot)
        return;
    if (exposition->n_written > 0) {
        exposition->last = snapshot->series[exposition->n_written - 1];
        series_ref(exposition->last);
    }
    /* With another family, the one that was written may be freed, and its address used again. */
    if (exposition->last && exposition->last->family != exposition->at_family)
        exposition->at_family = NULL;
    if (writer->pause)
        writer->pause(exposition->state);
    snapshot_unref(TAKE(exposition->snapshot));
}

/* Whether a series has the name of the family that was written last, but is of another one. */
static bool is_of_namesake(const struct exposition *exposition, const struct series *series)
{
    const struct family *last = exposition->last->family;
    bool is_written = exposition->at_family == last || exposition->is_leaving_out;

    return is_written && series->family != exposition->at_family &&
           slice_equal(series->family->name, last->name);
}

/*
 * Find the position in a snapshot that is not the one before. A family may have ended and begun
 * anew meanwhile. A page has each name only once, so what follows of it is left out.
 */
static void find_position(struct exposition *exposition)
{
    const struct snapshot *snapshot = exposition->snapshot;
    size_t i = snapshot_count_until(snapshot, exposition->last);

    for (; i < snapshot->n_series && is_of_namesake(exposition, snapshot->series[i]); i++)
        exposition->is_leaving_out = true;
    exposition->n_written = i;
}

void exposition_resume(struct exposition *exposition, struct snapshot *snapshot)
{
    MUST(!exposition->snapshot);
    exposition->snapshot = snapshot;
    if (exposition->last) {
        if (snapshot->number != exposition->number)
            find_position(exposition);
        series_unref(TAKE(exposition->last));
    }
    exposition->number = snapshot->number;
}
