/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Worker metrics
 *
 * Types and refusals come from their lists, so a new one is exposed without a change here.
 */

#include "web/worker_metrics.h"

#include "base/compiler.h"

#define CLOSED_HELP "TCP and Unix stream connections closed, by cause."
#define SAMPLES_HELP "Samples applied, by the type the sender gave."
#define REFUSED_HELP "Lines and samples refused, by reason."
#define SKIPPED_HELP "Lines recognised but not applied, by kind."
#define WAKEUPS_HELP "Times a worker woke up to receive, by cause."

const struct worker_metric worker_metrics[] = {
    { "udometer_datagrams_total", "", "Datagrams received.", TELEMETRY_DATAGRAMS },
    { "udometer_datagram_bytes_total", "", "Bytes of datagrams received.",
      TELEMETRY_DATAGRAM_BYTES },
    { "udometer_datagrams_cut_total", "",
      "Unix datagrams longer than 524,288 bytes, of which only the beginning was received.",
      TELEMETRY_DATAGRAMS_CUT },
    { "udometer_datagram_cut_bytes_total", "",
      "Bytes cut off from Unix datagrams that are too long. Their lines are in no other count.",
      TELEMETRY_DATAGRAM_CUT_BYTES },
    { "udometer_stream_bytes_total", "", "Bytes of lines received over TCP and Unix streams.",
      TELEMETRY_STREAM_BYTES },
    { "udometer_connections_opened_total", "", "TCP and Unix stream connections accepted.",
      TELEMETRY_CONNECTIONS_OPENED },
    { "udometer_connections_refused_total", "",
      "Connections closed at once: there was no memory, or --limit.connections was reached and "
      "too many others were just being closed.",
      TELEMETRY_CONNECTIONS_REFUSED },
#define X(id, name)                                                                                \
    { "udometer_connections_closed_total", "cause=\"" #name "\"", CLOSED_HELP,                     \
      TELEMETRY_CONNECTIONS_CLOSED + CONNECTION_END_##id },
    CONNECTION_ENDS(X)
#undef X
        { "udometer_lines_total", "",
          "Lines received. Lines + packed samples = applied + refused + skipped, exactly.",
          TELEMETRY_LINES },
    { "udometer_packed_samples_total", "", "Samples after the first of their line.",
      TELEMETRY_PACKED },
#define X(id, letters, name, ...)                                                                  \
    { "udometer_samples_total", "type=\"" #name "\"", SAMPLES_HELP,                                \
      TELEMETRY_SAMPLES + SAMPLE_##id },
    SAMPLE_TYPES(X)
#undef X
#define X(id, name)                                                                                \
    { "udometer_refused_total", "reason=\"" #name "\"", REFUSED_HELP,                              \
      TELEMETRY_VERDICTS + REFUSED_##id },
        REFUSALS(X)
#undef X
#define X(id, name)                                                                                \
    { "udometer_skipped_total", "kind=\"" #name "\"", SKIPPED_HELP,                                \
      TELEMETRY_VERDICTS + SKIPPED_##id },
            SKIPS(X)
#undef X
                { "udometer_tag_errors_total", "",
                  "Tags dropped from samples: bare, with an empty key or value, or with a __ name.",
                  TELEMETRY_TAG_ERRORS },
    { "udometer_undeclared_labels_total", "",
      "Labels dropped from samples because the config does not declare them for the metric.",
      TELEMETRY_UNDECLARED_LABELS },
    { "udometer_sample_errors_total", "reason=\"invalid_sample_factor\"",
      "Lines applied despite an error: an invalid rate, which was taken as 1.",
      TELEMETRY_RATE_ERRORS },
    { "udometer_overflow_samples_total", "",
      "Samples applied to a family's overflow series, because of a limit.", TELEMETRY_OVERFLOWS },
    { "udometer_ended_series_total", "", "Series ended by senders, with x.", TELEMETRY_ENDED },
    { "udometer_unknown_sections_total", "", "Unknown sections of lines, which were ignored.",
      TELEMETRY_UNKNOWN_SECTIONS },
    { "udometer_regex_limit_exceeded_total", "",
      "Regexes of rules that exceeded their match limit with a name, and so did not match.",
      TELEMETRY_EXCEEDED },
    { "udometer_key_misses_total", "", "Lines whose key their worker had not cached.",
      TELEMETRY_KEY_MISSES },
    { "udometer_key_evictions_total", "", "Keys that workers evicted from their caches.",
      TELEMETRY_KEY_EVICTIONS },
    { "udometer_wakeups_total", "cause=\"poll\"", WAKEUPS_HELP, TELEMETRY_WAKEUPS_POLL },
    { "udometer_wakeups_total", "cause=\"timer\"", WAKEUPS_HELP, TELEMETRY_WAKEUPS_TIMER },
};

const unsigned n_worker_metrics = ARRAY_SIZE(worker_metrics);
