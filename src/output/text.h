/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Text: the Prometheus text format, version 0.0.4
 *
 * Pure: families, samples and histograms in, lines at the end of a buffer out.
 * Each family is announced once, followed by all its samples. Label texts come
 * rendered (base/labels.h). Lack of memory shows in buffer->has_failed.
 */

#include "aggregate/series.h"
#include "base/buffer.h"
#include "base/sample_type.h"

#define TEXT_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The word for @type in a # TYPE line. */
const char *text_type(enum metric_type type);

/* # HELP and # TYPE. @help is plain text; what must be escaped in it is. */
void text_family(struct buffer *buffer, struct slice name, enum metric_type type,
                 struct slice help);

/* One sample of a counter or gauge. */
void text_sample(struct buffer *buffer, struct slice name, struct slice labels, double value);

/* One histogram: a line for each bucket, cumulated, then _sum and _count. */
struct text_histogram {
    const struct buckets *buckets;
    const uint64_t *counts; /* buckets->n + 1, not cumulated */
    double sum;
};
void text_histogram(struct buffer *buffer, struct slice name, struct slice labels,
                    const struct text_histogram *histogram);

/* The same for what the registry holds. */
void text_series_family(struct buffer *buffer, const struct family *family);
void text_series(struct buffer *buffer, const struct series *series, const struct reading *reading);
