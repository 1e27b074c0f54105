/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Verdict: what became of a sample
 */

#include <stdbool.h>

/*
 * Every reason to refuse a line, with its name in udometer_refused_total{reason}. Those that are
 * wrong with the line itself come first (verdict_is_of_line).
 * proto/README.md, section 11, says what each means. The names are those of
 * statsd_exporter where it has one.
 */
#define REFUSALS(X)                                                                                \
    X(LINE_LIMIT, line_limit)                                                                      \
    X(MALFORMED_LINE, malformed_line)                                                              \
    X(ILLEGAL_EVENT, illegal_event)                                                                \
    X(MIXED_TAGGING_STYLES, mixed_tagging_styles)                                                  \
    X(NAME_LIMIT, name_limit)                                                                      \
    X(LABEL_LIMIT, label_limit)                                                                    \
    X(MALFORMED_VALUE, malformed_value)                                                            \
    X(ILLEGAL_NEGATIVE_COUNTER, illegal_negative_counter)                                          \
    X(SERIES_LIMIT, series_limit)                                                                  \
    X(NAME_RATE, name_rate)                                                                        \
    X(END_LIMIT, expire_limit)                                                                     \
    X(UNDECLARED_LABEL, undeclared_label)                                                          \
    X(TYPE_CONFLICT, type_conflict)                                                                \
    X(RESERVED_NAME, reserved_name)                                                                \
    X(VALUE_OVERFLOW, value_overflow)                                                              \
    X(NO_MEMORY, no_memory)

/*
 * What is recognised and not applied, with its name in udometer_skipped_total: DogStatsD's events
 * (_e{…}) and service checks (_sc|…), names that a rule drops, and names that the configuration
 * does not declare.
 */
#define SKIPS(X)                                                                                   \
    X(EVENT, event)                                                                                \
    X(SERVICE_CHECK, service_check)                                                                \
    X(RULE, rule)                                                                                  \
    X(UNDECLARED, undeclared)

/* What became of a line. */
enum verdict {
    VERDICT_APPLIED,
#define X(id, name) REFUSED_##id,
    REFUSALS(X)
#undef X
#define X(id, name) SKIPPED_##id,
        SKIPS(X)
#undef X
            _VERDICT_N,
};

static inline bool verdict_is_refusal(enum verdict verdict)
{
    return verdict > VERDICT_APPLIED && verdict < SKIPPED_EVENT;
}

/* Whether the line itself is wrong, so that it makes no sample, whatever its series. */
static inline bool verdict_is_of_line(enum verdict verdict)
{
    return verdict > VERDICT_APPLIED && verdict <= REFUSED_MALFORMED_VALUE;
}

/* The reason in udometer_refused_total, such as "line_limit"; NULL if @verdict is not a refusal. */
const char *verdict_reason(enum verdict verdict);
