/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Telemetry
 *
 * Publishing is a sequence lock whose data are atomics. Words are stored with release
 * and loaded with acquire. So a reader that sees a word of a newer round also sees that
 * round's odd version, and tries again. On x86 these are ordinary moves. The cost arises
 * once per drain, not per line.
 */

#include "base/telemetry.h"

#include <string.h>

void telemetry_count_batch(struct telemetry_row *row, unsigned n_datagrams)
{
    unsigned bucket = 0;

    while (bucket < TELEMETRY_BATCH_BUCKETS - 1 && n_datagrams > 1u << bucket)
        bucket++;
    row->counts[TELEMETRY_BATCHES + bucket]++;
}

void telemetry_publish(struct telemetry_row *row)
{
    uint64_t version = atomic_load_explicit(&row->version, memory_order_relaxed);

    atomic_store_explicit(&row->version, version + 1, memory_order_relaxed);
    for (unsigned i = 0; i < _TELEMETRY_N; i++)
        atomic_store_explicit(&row->published[i], row->counts[i], memory_order_release);
    atomic_store_explicit(&row->version, version + 2, memory_order_release);
}

void telemetry_read(struct telemetry_row *row, uint64_t ret_counts[_TELEMETRY_N])
{
    uint64_t before, after;

    do {
        before = atomic_load_explicit(&row->version, memory_order_acquire);
        for (unsigned i = 0; i < _TELEMETRY_N; i++)
            ret_counts[i] = atomic_load_explicit(&row->published[i], memory_order_acquire);
        after = atomic_load_explicit(&row->version, memory_order_relaxed);
    } while (before != after || before % 2 != 0);
}

void telemetry_sum(struct telemetry_row *rows, unsigned n, uint64_t ret_sums[_TELEMETRY_N])
{
    uint64_t counts[_TELEMETRY_N];

    memset(ret_sums, 0, _TELEMETRY_N * sizeof(*ret_sums));
    for (unsigned row = 0; row < n; row++) {
        telemetry_read(&rows[row], counts);
        for (unsigned i = 0; i < _TELEMETRY_N; i++)
            ret_sums[i] += counts[i];
    }
}

#define SAMPLES_HELP "Samples applied, by the type the sender gave."
#define REFUSED_HELP "Lines and samples refused, by reason."
#define SKIPPED_HELP "Lines recognised but of a kind that makes no sample."
#define WAKEUPS_HELP "Times a worker woke up to receive, by what woke it."

const struct telemetry_item telemetry_items[] = {
    { "udometer_datagrams_total", "", "Datagrams received.", TELEMETRY_DATAGRAMS },
    { "udometer_datagram_bytes_total", "", "Bytes in those datagrams.", TELEMETRY_DATAGRAM_BYTES },
    { "udometer_stream_bytes_total", "", "Bytes of lines received by TCP and Unix streams.",
      TELEMETRY_STREAM_BYTES },
    { "udometer_connections_opened_total", "", "Connections accepted, TCP and Unix streams.",
      TELEMETRY_CONNECTIONS_OPENED },
    { "udometer_connections_refused_total", "",
      "Connections closed at once because there were --limit.connections already.",
      TELEMETRY_CONNECTIONS_REFUSED },
    { "udometer_lines_total", "",
      "Lines received: with packed samples, what was applied + refused + skipped, exactly.",
      TELEMETRY_LINES },
    { "udometer_packed_samples_total", "", "Samples beyond the first of their line.",
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
            { "udometer_skipped_total", "kind=\"event\"", SKIPPED_HELP,
              TELEMETRY_VERDICTS + SKIPPED_EVENT },
    { "udometer_skipped_total", "kind=\"service_check\"", SKIPPED_HELP,
      TELEMETRY_VERDICTS + SKIPPED_SERVICE_CHECK },
    { "udometer_tag_errors_total", "",
      "Tags dropped, their samples kept: bare, with an empty key or value, or a __ name.",
      TELEMETRY_TAG_ERRORS },
    { "udometer_sample_errors_total", "reason=\"invalid_sample_factor\"",
      "Lines that were applied although something about them was wrong: a rate taken as 1.",
      TELEMETRY_RATE_ERRORS },
    { "udometer_overflow_samples_total", "",
      "Samples applied to a family's overflow series, because of a limit.", TELEMETRY_OVERFLOWS },
    { "udometer_ended_series_total", "", "Series ended by senders, with x.", TELEMETRY_ENDED },
    { "udometer_unknown_sections_total", "", "Sections of a line that were passed over.",
      TELEMETRY_UNKNOWN_SECTIONS },
    { "udometer_key_misses_total", "", "Lines whose key their worker did not have at hand.",
      TELEMETRY_KEY_MISSES },
    { "udometer_key_evictions_total", "", "Keys a worker let go of to make room for others.",
      TELEMETRY_KEY_EVICTIONS },
    { "udometer_wakeups_total", "cause=\"poll\"", WAKEUPS_HELP, TELEMETRY_WAKEUPS_POLL },
    { "udometer_wakeups_total", "cause=\"timer\"", WAKEUPS_HELP, TELEMETRY_WAKEUPS_TIMER },
};

const unsigned telemetry_n_items = ARRAY_SIZE(telemetry_items);
