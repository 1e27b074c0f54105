/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Protobuf
 *
 *      length  name  type  help  unit  length metric  length metric  …
 *      └─ of all that follows            └─ labels, and a number or a histogram
 *
 * A length precedes what it counts. So room is left for it, the content is written, and then the
 * length; if it takes less or more room than was left, the content moves by a byte or two. The
 * room is chosen so that hardly anything moves that is long.
 *
 * A message ends where its family or the chunk ends. The next series of the family opens another
 * one. So a family needs no more memory than a chunk, whatever its size.
 */

#include "output/protobuf.h"

#include "base/labels.h"
#include "base/scan.h"

#include <endian.h>

/* --- the format ----------------------------------------------------------------------------- */

/* How a field begins. All numbers are below 16, so this is one byte. */
#define VARINT(number) ((number) << 3)
#define FIXED64(number) ((number) << 3 | 1)
#define BYTES(number) ((number) << 3 | 2)

enum tag {
    FAMILY_NAME = BYTES(1),
    FAMILY_HELP = BYTES(2),
    FAMILY_TYPE = VARINT(3),
    FAMILY_METRIC = BYTES(4),
    FAMILY_UNIT = BYTES(5),

    SERIES_LABEL = BYTES(1),
    SERIES_GAUGE = BYTES(2),
    SERIES_COUNTER = BYTES(3),
    SERIES_SUMMARY = BYTES(4),
    SERIES_UNTYPED = BYTES(5),
    SERIES_HISTOGRAM = BYTES(7),

    LABEL_NAME = BYTES(1),
    LABEL_VALUE = BYTES(2),

    NUMBER_VALUE = FIXED64(1), /* of a gauge, a counter or what has no type */
    COUNTER_STARTED = BYTES(3),

    HISTOGRAM_COUNT = VARINT(1),
    HISTOGRAM_SUM = FIXED64(2),
    HISTOGRAM_BUCKET = BYTES(3),
    HISTOGRAM_STARTED = BYTES(15),
    HISTOGRAM_SCHEMA = VARINT(5),
    HISTOGRAM_ZERO_THRESHOLD = FIXED64(6),
    HISTOGRAM_ZERO_COUNT = VARINT(7),
    HISTOGRAM_NEGATIVE_SPAN = BYTES(9),
    HISTOGRAM_NEGATIVE_DELTA = BYTES(10),
    HISTOGRAM_POSITIVE_SPAN = BYTES(12),
    HISTOGRAM_POSITIVE_DELTA = BYTES(13),

    TIMESTAMP_SECONDS = VARINT(1),
    TIMESTAMP_NANOSECONDS = VARINT(2),

    SPAN_OFFSET = VARINT(1),
    SPAN_LENGTH = VARINT(2),

    SUMMARY_COUNT = VARINT(1),
    SUMMARY_SUM = FIXED64(2),
    SUMMARY_QUANTILE = BYTES(3),
    SUMMARY_STARTED = BYTES(4),

    QUANTILE_QUANTILE = FIXED64(1),
    QUANTILE_VALUE = FIXED64(2),

    BUCKET_COUNT = VARINT(1),
    BUCKET_BOUND = FIXED64(2),
};

/* What the format makes of a type. */
struct form {
    unsigned char type;  /* of the family */
    unsigned char value; /* the tag of a series' value */
};

static inline struct form form_of(enum metric_type type)
{
    switch (type) {
    case METRIC_COUNTER: return (struct form){ 0, SERIES_COUNTER };
    case METRIC_GAUGE:
    case METRIC_SET: return (struct form){ 1, SERIES_GAUGE }; /* the format has no sets */
    case METRIC_HISTOGRAM: return (struct form){ 4, SERIES_HISTOGRAM };
    case METRIC_SUMMARY: return (struct form){ 2, SERIES_SUMMARY };
    case _METRIC_TYPE_N: break;
    }
    return (struct form){ 3, SERIES_UNTYPED };
}

/* --- parts ---------------------------------------------------------------------------------- */

#define VARINT_MAX 10 /* bytes */
#define FIXED64_MAX (1 + sizeof(uint64_t))
#define STARTED_MAX (2 + 2 * (1 + VARINT_MAX))

static inline char *put_varint(char *at, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        *at++ = (char)(number | 0x80);
    *at++ = (char)number;
    return at;
}

static inline size_t varint_size(uint64_t number)
{
    size_t size = 1;

    for (; number >= 0x80; number >>= 7)
        size++;
    return size;
}

static inline char *put_tag(char *at, enum tag tag)
{
    *at++ = (char)tag;
    return at;
}

static inline char *put_double(char *at, enum tag tag, double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    bits = htole64(bits);
    return mempcpy(put_tag(at, tag), &bits, sizeof(bits));
}

static inline char *put_uint(char *at, enum tag tag, uint64_t number)
{
    return put_varint(put_tag(at, tag), number);
}

/* A signed number, small if its amount is small. */
static inline uint64_t zigzag(int64_t number)
{
    return ((uint64_t)number << 1) ^ (uint64_t)(number >> 63);
}

static inline char *put_text(char *at, enum tag tag, struct slice text)
{
    at = put_varint(put_tag(at, tag), text.len);
    return text.len ? mempcpy(at, text.at, text.len) : at;
}

/*
 * Write the length of what is at @begin before it, where @room bytes were left for it. Up to
 * VARINT_MAX bytes after @end may be needed. Returns the new end.
 */
static inline char *put_length(char *begin, size_t room, char *end)
{
    size_t len = (size_t)(end - begin), size = varint_size(len);

    if (UNLIKELY(size != room))
        memmove(begin - room + size, begin, len);
    put_varint(begin - room, len);
    return end - room + size;
}

/* When a series began; nothing if that is unknown. */
static inline char *put_started(char *at, enum tag tag, int64_t started_ms)
{
    uint64_t ms = (uint64_t)started_ms;
    char *begin = put_tag(at, tag) + 1;

    if (started_ms <= 0)
        return at;
    at = put_uint(begin, TIMESTAMP_SECONDS, ms / 1000);
    if (ms % 1000)
        at = put_uint(at, TIMESTAMP_NANOSECONDS, ms % 1000 * 1000000);
    return put_length(begin, 1, at);
}

/* The most bytes that put_labels() writes, with room for one length. */
static inline size_t labels_max(struct slice labels)
{
    /* name="value", is at least 4 bytes, and becomes 3 tags and 3 lengths, mostly of a byte. */
    return 3 * labels.len + VARINT_MAX;
}

/* The first quote or backslash at or after @at in @labels, or its end. */
static inline const char *find_special(struct slice labels, const char *at)
{
    const char *end = labels.at + labels.len;
    size_t n_left;
    unsigned found;

    for (; end - at >= SCAN_BLOCK; at += SCAN_BLOCK) {
        found = scan_block(at, '"', '\\');
        if (found)
            return at + __builtin_ctz(found);
    }
    n_left = (size_t)(end - at);
    if (labels.len < SCAN_BLOCK || n_left == 0)
        return scan_either(at, end, '"', '\\');
    found = scan_block(end - SCAN_BLOCK, '"', '\\') >> (SCAN_BLOCK - n_left);
    return found ? at + __builtin_ctz(found) : end;
}

/* Like mempcpy(), for texts of some ten bytes: inlined, and without a loop that ends unforeseen. */
static inline char *put_few(char *at, const char *from, size_t len)
{
    if (len < 16)
        return mempcpy(at, from, len);
    for (size_t i = 0; i + 16 < len; i += 16)
        memcpy(at + i, from + i, 16);
    memcpy(at + len - 16, from + len - 16, 16);
    return at + len;
}

/* A label of any length, with any escapes. */
NOINLINE static char *put_any_label(char *at, struct slice name, struct slice value)
{
    char *pair = put_tag(at, SERIES_LABEL) + 1, *begin;

    begin = put_tag(put_text(pair, LABEL_NAME, name), LABEL_VALUE) + 1;
    at = put_length(begin, 1, labels_unescape(begin, value));
    return put_length(pair, 1, at);
}

/*
 * In both forms two bytes are between name and value: the quote and what precedes it, and the tag
 * and the length of the value. So a label without escapes, whose lengths are bytes, is one copy.
 */
static inline char *put_labels(char *at, struct slice labels)
{
    struct slice rest = labels, name, value;

    while (rest.len) {
        const char *opening = find_special(labels, rest.at);
        const char *closing = find_special(labels, opening + 1);
        size_t len = (size_t)(closing - rest.at), name_len = (size_t)(opening - rest.at) - 1;

        if (UNLIKELY(*closing == '\\' || len + 2 >= 0x80)) {
            if (labels_next_parts(&rest, &name, &value))
                at = put_any_label(at, name, value);
            continue;
        }
        *at++ = SERIES_LABEL;
        *at++ = (char)(len + 2);
        *at++ = LABEL_NAME;
        *at++ = (char)name_len;
        put_few(at, rest.at, len);
        at[name_len] = LABEL_VALUE;
        at[name_len + 1] = (char)(len - name_len - 2);
        at += len;
        rest = (struct slice){ closing + 1, rest.len - len - 1 };
        if (rest.len)
            rest = (struct slice){ rest.at + 1, rest.len - 1 }; /* after the comma */
    }
    return at;
}

/* --- messages ------------------------------------------------------------------------------- */

struct protobuf {
    bool is_open;   /* a message of the current family */
    size_t message; /* its beginning in the output, with its length */
};

/* Chunks of 16 KiB to 2 MiB have a length of this many bytes. */
#define MESSAGE_ROOM 3

static bool open_message(struct protobuf *protobuf, struct buffer *out,
                         const struct exposition_family *family)
{
    char *at;

    if (!buffer_reserve(out, MESSAGE_ROOM + family->name.len + family->help.len + family->unit.len +
                                 4 * (1 + VARINT_MAX)))
        return false;
    protobuf->is_open = true;
    protobuf->message = out->len;
    at = out->data + out->len + MESSAGE_ROOM;
    at = put_text(at, FAMILY_NAME, family->name);
    at = put_text(at, FAMILY_HELP, family->help);
    at = put_uint(at, FAMILY_TYPE, form_of(family->type).type);
    if (family->unit.len)
        at = put_text(at, FAMILY_UNIT, family->unit);
    out->len = (size_t)(at - out->data);
    return true;
}

static void close_message(void *state, struct buffer *out)
{
    struct protobuf *protobuf = state;

    if (!protobuf->is_open || !buffer_reserve(out, VARINT_MAX))
        return;
    out->len = (size_t)(put_length(out->data + protobuf->message + MESSAGE_ROOM, MESSAGE_ROOM,
                                   out->data + out->len) -
                        out->data);
    protobuf->is_open = false;
}

static void write_family(void *state, struct buffer *out, const struct exposition_family *family)
{
    close_message(state, out);
}

/* --- series --------------------------------------------------------------------------------- */

/* The position for a series, of at most @max bytes; NULL without memory. */
static inline char *begin_series(struct protobuf *protobuf, struct buffer *out,
                                 const struct exposition_family *family, size_t max)
{
    if (UNLIKELY(!protobuf->is_open) && !open_message(protobuf, out, family))
        return NULL;
    return buffer_reserve(out, max) ? put_tag(out->data + out->len, FAMILY_METRIC) : NULL;
}

#define NUMBER_ROOM 1 /* for the length of a series with a number */
#define NUMBER_MAX (2 * (1 + VARINT_MAX) + FIXED64_MAX + STARTED_MAX)

static void write_sample(void *state, struct buffer *out, const struct exposition_family *family,
                         const struct exposition_sample *sample)
{
    struct slice labels = sample->labels;
    char *at = begin_series(state, out, family, labels_max(labels) + NUMBER_MAX), *begin, *value;

    if (!at)
        return;
    begin = at + NUMBER_ROOM;
    at = put_labels(begin, labels);
    value = put_tag(at, form_of(family->type).value) + 1;
    at = put_double(value, NUMBER_VALUE, sample->value);
    if (form_of(family->type).value == SERIES_COUNTER)
        at = put_started(at, COUNTER_STARTED, sample->started_ms);
    at = put_length(value, 1, at);
    out->len = (size_t)(put_length(begin, NUMBER_ROOM, at) - out->data);
}

/* --- native histograms ---------------------------------------------------------------------- */

#define HISTOGRAM_ROOM 2 /* for the lengths of a series with a histogram, and of its long parts */

#define SPAN_MAX (2 + 2 * (1 + VARINT_MAX))
#define SIDE_MAX(side) ((side)->n_spans * SPAN_MAX + (side)->n_counts * VARINT_MAX + 1 + VARINT_MAX)

/* The most bytes that put_native() writes. */
static size_t native_max(const struct native_buckets *native)
{
    return SIDE_MAX(&native->positive) + SIDE_MAX(&native->negative) + 2 * (1 + VARINT_MAX) +
           FIXED64_MAX + SPAN_MAX;
}

static char *put_span(char *at, enum tag tag, int32_t offset, uint32_t length)
{
    char *begin = put_tag(at, tag) + 1;

    at = put_uint(put_uint(begin, SPAN_OFFSET, zigzag(offset)), SPAN_LENGTH, length);
    return put_length(begin, 1, at);
}

/* Spans, and the difference of each count from the one before. */
static char *put_side(char *at, const struct native_side *side, enum tag span, enum tag delta)
{
    uint64_t last = 0;
    char *begin;

    for (unsigned i = 0; i < side->n_spans; i++)
        at = put_span(at, span, side->spans[i].offset, side->spans[i].length);
    if (side->n_counts == 0)
        return at;
    begin = put_tag(at, delta) + HISTOGRAM_ROOM;
    at = begin;
    for (unsigned i = 0; i < side->n_counts; i++) {
        at = put_varint(at, zigzag((int64_t)(side->counts[i] - last)));
        last = side->counts[i];
    }
    return put_length(begin, HISTOGRAM_ROOM, at);
}

/*
 * Without observations and without a zero bucket, a span of no length says that it is native
 * (the comment on positive_span in Prometheus' metrics.proto).
 */
static char *put_native(char *at, const struct native_buckets *native)
{
    bool is_blank = native->positive.n_spans + native->negative.n_spans == 0 &&
                    native->zero_count == 0 && !(native->zero_threshold > 0);

    at = put_uint(at, HISTOGRAM_SCHEMA, zigzag(native->schema));
    at = put_double(at, HISTOGRAM_ZERO_THRESHOLD, native->zero_threshold);
    at = put_uint(at, HISTOGRAM_ZERO_COUNT, native->zero_count);
    at = put_side(at, &native->negative, HISTOGRAM_NEGATIVE_SPAN, HISTOGRAM_NEGATIVE_DELTA);
    at = put_side(at, &native->positive, HISTOGRAM_POSITIVE_SPAN, HISTOGRAM_POSITIVE_DELTA);
    return is_blank ? put_span(at, HISTOGRAM_POSITIVE_SPAN, 0, 0) : at;
}

/* --- histograms ----------------------------------------------------------------------------- */

#define BUCKET_MAX (2 + 1 + VARINT_MAX + FIXED64_MAX)
#define HISTOGRAM_MAX (3 * (1 + VARINT_MAX) + FIXED64_MAX + STARTED_MAX)

static inline char *put_bucket(char *at, uint64_t count, double bound)
{
    char *begin = put_tag(at, HISTOGRAM_BUCKET) + 1;

    at = put_double(put_uint(begin, BUCKET_COUNT, count), BUCKET_BOUND, bound);
    return put_length(begin, 1, at);
}

/* All buckets, cumulative, up to +Inf. */
static char *put_buckets(char *at, const struct exposition_histogram *histogram)
{
    unsigned n = histogram->buckets->n;
    uint64_t count = 0;

    for (unsigned i = 0; i <= n; i++) {
        count += histogram->counts[i];
        at = put_bucket(at, count, i < n ? histogram->buckets->bounds[i] : __builtin_inf());
    }
    return at;
}

static uint64_t count_all(const struct exposition_histogram *histogram)
{
    uint64_t count = 0;

    for (unsigned i = 0; i <= histogram->buckets->n; i++)
        count += histogram->counts[i];
    return count;
}

static void write_histogram(void *state, struct buffer *out, const struct exposition_family *family,
                            const struct exposition_histogram *histogram)
{
    struct slice labels = histogram->labels;
    size_t max = labels_max(labels) + HISTOGRAM_MAX + (histogram->buckets->n + 1) * BUCKET_MAX;
    char *at, *begin, *value;

    if (histogram->native)
        max += native_max(histogram->native);
    at = begin_series(state, out, family, max);
    if (!at)
        return;
    begin = at + HISTOGRAM_ROOM;
    value = put_tag(put_labels(begin, labels), SERIES_HISTOGRAM) + HISTOGRAM_ROOM;
    at = put_uint(value, HISTOGRAM_COUNT, count_all(histogram));
    at = put_double(at, HISTOGRAM_SUM, histogram->sum);
    at = put_buckets(at, histogram);
    at = put_started(at, HISTOGRAM_STARTED, histogram->started_ms);
    if (histogram->native)
        at = put_native(at, histogram->native);
    at = put_length(value, HISTOGRAM_ROOM, at);
    out->len = (size_t)(put_length(begin, HISTOGRAM_ROOM, at) - out->data);
}

/* --- summaries ------------------------------------------------------------------------------ */

#define SUMMARY_ROOM 1 /* for the lengths of a series with a summary, and of it */
#define QUANTILE_MAX (1 + VARINT_MAX + 2 * FIXED64_MAX)
#define SUMMARY_MAX (3 * (1 + VARINT_MAX) + FIXED64_MAX + STARTED_MAX)

static inline char *put_quantile(char *at, double quantile, double value)
{
    char *begin = put_tag(at, SUMMARY_QUANTILE) + 1;

    at = put_double(put_double(begin, QUANTILE_QUANTILE, quantile), QUANTILE_VALUE, value);
    return put_length(begin, 1, at);
}

static void write_summary(void *state, struct buffer *out, const struct exposition_family *family,
                          const struct exposition_summary *summary)
{
    struct slice labels = summary->labels;
    size_t max = labels_max(labels) + SUMMARY_MAX + summary->n_quantiles * QUANTILE_MAX;
    char *at = begin_series(state, out, family, max), *begin, *value;

    if (!at)
        return;
    begin = at + SUMMARY_ROOM;
    value = put_tag(put_labels(begin, labels), SERIES_SUMMARY) + SUMMARY_ROOM;
    at = put_uint(value, SUMMARY_COUNT, summary->count);
    at = put_double(at, SUMMARY_SUM, summary->sum);
    for (unsigned i = 0; i < summary->n_quantiles; i++)
        at = put_quantile(at, summary->quantiles[i], summary->values[i]);
    at = put_started(at, SUMMARY_STARTED, summary->started_ms);
    at = put_length(value, SUMMARY_ROOM, at);
    out->len = (size_t)(put_length(begin, SUMMARY_ROOM, at) - out->data);
}

const struct exposition_writer protobuf_writer = {
    .state_size = sizeof(struct protobuf),
    .family = write_family,
    .sample = write_sample,
    .summary = write_summary,
    .histogram = write_histogram,
    .flush = close_message,
};
