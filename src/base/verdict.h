/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Verdict: what became of a sample
 */

#include "base/sample_type.h"

/*
 * Every reason to refuse a line, as it stands in udometer_refused_total{reason},
 * with what it means. The names follow statsd_exporter's where it has one.
 */
#define REFUSALS(X)                                                                                \
    X(LINE_LIMIT, line_limit, "the line has more bytes than --limit.line-length")                  \
    X(MALFORMED_LINE, malformed_line, "not NAME:VALUE|TYPE, or a name or tag is not UTF-8")        \
    X(ILLEGAL_EVENT, illegal_event, "the type is none of " SAMPLE_LETTERS)                         \
    X(MIXED_TAGGING_STYLES, mixed_tagging_styles, "tags of two dialects on one line")              \
    X(NAME_LIMIT, name_limit, "the name has more bytes than --limit.name-length")                  \
    X(LABEL_LIMIT, label_limit, "more labels, or longer ones, than the --limit.label flags allow") \
    X(MALFORMED_VALUE, malformed_value, "the value is not a decimal number, or out of range")      \
    X(ILLEGAL_NEGATIVE_COUNTER, illegal_negative_counter, "a counter can only grow")               \
    X(SERIES_LIMIT, series_limit, "a new series beyond one of the --limit.*series* flags")         \
    X(END_LIMIT, expire_limit, "more series to look at for x than a worker does in a second")      \
    X(TYPE_CONFLICT, type_conflict, "the name is in use with another type")                        \
    X(RESERVED_NAME, reserved_name, "the name belongs to one of udometer's own metrics")           \
    X(VALUE_OVERFLOW, value_overflow, "the sum would leave the range of a double")                 \
    X(NO_MEMORY, no_memory, "no memory for a new series, or for more of a gauge or set")

/* What became of a line. */
enum verdict {
    VERDICT_APPLIED,
#define X(id, name, meaning) REFUSED_##id,
    REFUSALS(X)
#undef X
        SKIPPED_EVENT,     /* _e{…}: DogStatsD event, recognised and not applied */
    SKIPPED_SERVICE_CHECK, /* _sc|…: DogStatsD service check, likewise */
    _VERDICT_N,
};
