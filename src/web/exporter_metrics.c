/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Exporter metrics
 *
 * A table of the families of statsd_exporter that have a meaning here. What udometer does not
 * count is left out: a number that is made up would be trusted. docs/migrating-from-statsd_exporter
 * names those. Every refusal is in exactly one of three families, as it is there: sample errors
 * (the line is wrong), event errors (it is not applicable), and conflicts.
 *
 * Names, types, labels and help are those of https://github.com/prometheus/statsd_exporter, main.go
 * and pkg/mappercache/metrics.go.
 */

#include "web/exporter_metrics.h"

#include "web/own_name.h"

#define VERSION_LABELS                                                                             \
    "branch=\"\",goarch=\"\",goos=\"\",goversion=\"\",revision=\"\",tags=\"\","                    \
    "version=\"udometer " UDOMETER_VERSION "\""

struct exporter_family {
    const char *name;
    enum metric_type type;
    const char *help;
    /* Adds the series. NULL: there is one, with the sum of the counter. */
    void (*add)(const struct exporter_metrics *metrics, struct exposition *out);
    enum telemetry_counter counter;
};

/* --- series ------------------------------------------------------------------------------ */

static void add_build_info(const struct exporter_metrics *metrics, struct exposition *out)
{
    exposition_add_sample(out, SLICE(VERSION_LABELS), 1);
}

/* The type of an event that becomes a metric of @type; NULL: statsd_exporter has none. */
static const char *event_type(enum metric_type type)
{
    switch (type) {
    case METRIC_COUNTER: return "counter";
    case METRIC_GAUGE: return "gauge";
    case METRIC_HISTOGRAM: return "observer";
    case METRIC_SET:
    case METRIC_SUMMARY: /* its samples are counted as those of histograms */
    case METRIC_NONE: break;
    }
    return NULL;
}

static void add_events(const struct exporter_metrics *metrics, struct exposition *out)
{
    for (unsigned type = 0; type < _METRIC_TYPE_N; type++) {
        uint64_t n = 0;

        for (unsigned i = 0; i < SAMPLE_END; i++)
            if (metric_type_of((enum sample_type)i) == type)
                n += metrics->sum[TELEMETRY_SAMPLES + i];
        if (event_type((enum metric_type)type))
            exposition_add_labelled(out, "type", event_type((enum metric_type)type), (double)n);
    }
}

static void add_flushes(const struct exporter_metrics *metrics, struct exposition *out)
{
    exposition_add_sample(
        out, SLICE(""),
        (double)(metrics->sum[TELEMETRY_WAKEUPS_POLL] + metrics->sum[TELEMETRY_WAKEUPS_TIMER]));
}

static void add_udp_packets(const struct exporter_metrics *metrics, struct exposition *out)
{
    exposition_add_sample(out, SLICE(""), (double)metrics->n_udp_datagrams);
}

static void add_unixgram_packets(const struct exporter_metrics *metrics, struct exposition *out)
{
    exposition_add_sample(out, SLICE(""), (double)metrics->n_unix_datagrams);
}

static void add_drops(const struct exporter_metrics *metrics, struct exposition *out)
{
    exposition_add_sample(out, SLICE(""), (double)metrics->n_drops);
}

static void add_samples(const struct exporter_metrics *metrics, struct exposition *out)
{
    exposition_add_sample(out, SLICE(""),
                          (double)(metrics->sum[TELEMETRY_LINES] + metrics->sum[TELEMETRY_PACKED]));
}

/* --- refusals ------------------------------------------------------------------------------ */

enum share {
    SHARE_NONE, /* not a refusal */
    SHARE_SAMPLE_ERROR,
    SHARE_EVENT_ERROR,
    SHARE_CONFLICT,
};

static enum share share_of(enum verdict verdict)
{
    switch (verdict) {
    case REFUSED_LINE_LIMIT:
    case REFUSED_MALFORMED_LINE:
    case REFUSED_ILLEGAL_EVENT:
    case REFUSED_MIXED_TAGGING_STYLES:
    case REFUSED_NAME_LIMIT:
    case REFUSED_LABEL_LIMIT:
    case REFUSED_MALFORMED_VALUE: return SHARE_SAMPLE_ERROR;
    case REFUSED_ILLEGAL_NEGATIVE_COUNTER:
    case REFUSED_SERIES_LIMIT:
    case REFUSED_NAME_RATE:
    case REFUSED_END_LIMIT:
    case REFUSED_UNDECLARED_LABEL:
    case REFUSED_RESERVED_NAME:
    case REFUSED_VALUE_OVERFLOW:
    case REFUSED_NO_MEMORY: return SHARE_EVENT_ERROR;
    case REFUSED_TYPE_CONFLICT: return SHARE_CONFLICT;
    case VERDICT_APPLIED:
    case SKIPPED_EVENT:
    case SKIPPED_SERVICE_CHECK:
    case SKIPPED_RULE:
    case SKIPPED_UNDECLARED:
    case _VERDICT_N: break;
    }
    return SHARE_NONE;
}

static void add_refusals(const struct exporter_metrics *metrics, enum share share,
                         struct exposition *out)
{
    for (unsigned i = 0; i < _VERDICT_N; i++)
        if (share_of((enum verdict)i) == share)
            exposition_add_labelled(out, "reason", verdict_reason((enum verdict)i),
                                    (double)metrics->sum[TELEMETRY_VERDICTS + i]);
}

static void add_sample_errors(const struct exporter_metrics *metrics, struct exposition *out)
{
    add_refusals(metrics, SHARE_SAMPLE_ERROR, out);
    exposition_add_labelled(out, "reason", "invalid_sample_factor",
                            (double)metrics->sum[TELEMETRY_RATE_ERRORS]);
}

static void add_event_errors(const struct exporter_metrics *metrics, struct exposition *out)
{
    add_refusals(metrics, SHARE_EVENT_ERROR, out);
}

static void add_actions(const struct exporter_metrics *metrics, struct exposition *out)
{
    exposition_add_labelled(out, "action", "drop",
                            (double)metrics->sum[TELEMETRY_VERDICTS + SKIPPED_RULE]);
}

/* --- the process --------------------------------------------------------------------------- */

static void add_reloads(const struct exporter_metrics *metrics, struct exposition *out)
{
    const struct reload_stats *reloads = metrics->reloads;

    exposition_add_labelled(out, "outcome", "success", (double)atomic_load(&reloads->n_successes));
    exposition_add_labelled(out, "outcome", "failure", (double)atomic_load(&reloads->n_failures));
}

static void add_mappings(const struct exporter_metrics *metrics, struct exposition *out)
{
    exposition_add_sample(out, SLICE(""), (double)atomic_load(&metrics->reloads->n_rules));
}

static void add_metrics(const struct exporter_metrics *metrics, struct exposition *out)
{
    for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
        exposition_add_labelled(out, "type", metric_type_name((enum metric_type)type),
                                (double)metrics->registry->series[type]);
}

static void add_cache_hits(const struct exporter_metrics *metrics, struct exposition *out)
{
    exposition_add_sample(
        out, SLICE(""),
        (double)(metrics->sum[TELEMETRY_LINES] - metrics->sum[TELEMETRY_KEY_MISSES]));
}

/* --- the table ------------------------------------------------------------------------------- */

#define COUNTER(id) .counter = TELEMETRY_##id

static const struct exporter_family families[] = {
    { "statsd_exporter_build_info", METRIC_GAUGE,
      "1, labelled with the version of udometer, which takes the place of statsd_exporter.",
      .add = add_build_info },
    { "statsd_exporter_events_total", METRIC_COUNTER, "The total number of StatsD events seen.",
      .add = add_events },
    { "statsd_exporter_events_unmapped_total", METRIC_COUNTER,
      "The total number of StatsD events no mapping was found for.", COUNTER(UNMAPPED) },
    { "statsd_exporter_event_queue_flushed_total", METRIC_COUNTER,
      "Number of times a worker woke up to receive; udometer has no queue.", .add = add_flushes },
    { "statsd_exporter_udp_packets_total", METRIC_COUNTER,
      "The total number of StatsD packets received over UDP.", .add = add_udp_packets },
    { "statsd_exporter_udp_packet_drops_total", METRIC_COUNTER,
      "The total number of dropped StatsD packets which received over UDP.", .add = add_drops },
    { "statsd_exporter_tcp_connections_total", METRIC_COUNTER,
      "The total number of TCP connections handled.", COUNTER(CONNECTIONS_OPENED) },
    { "statsd_exporter_tcp_connection_errors_total", METRIC_COUNTER,
      "The number of errors encountered reading from TCP.",
      .counter = TELEMETRY_CONNECTIONS_CLOSED + CONNECTION_END_ERROR },
    { "statsd_exporter_tcp_too_long_lines_total", METRIC_COUNTER,
      "The number of lines discarded due to being too long.",
      .counter = TELEMETRY_VERDICTS + REFUSED_LINE_LIMIT },
    { "statsd_exporter_unixgram_packets_total", METRIC_COUNTER,
      "The total number of StatsD packets received over Unixgram.", .add = add_unixgram_packets },
    { "statsd_exporter_lines_total", METRIC_COUNTER, "The total number of StatsD lines received.",
      COUNTER(LINES) },
    { "statsd_exporter_samples_total", METRIC_COUNTER,
      "The total number of StatsD samples received.", .add = add_samples },
    { "statsd_exporter_sample_errors_total", METRIC_COUNTER,
      "The total number of errors parsing StatsD samples.", .add = add_sample_errors },
    { "statsd_exporter_tags_total", METRIC_COUNTER, "The total number of DogStatsD tags processed.",
      COUNTER(TAGGED) },
    { "statsd_exporter_tag_errors_total", METRIC_COUNTER,
      "The number of errors parsing DogStatsD tags.", COUNTER(TAG_ERRORS) },
    { "statsd_exporter_config_reloads_total", METRIC_COUNTER,
      "The number of configuration reloads.", .add = add_reloads },
    { "statsd_exporter_loaded_mappings", METRIC_GAUGE,
      "The current number of configured metric mappings.", .add = add_mappings },
    { "statsd_exporter_events_conflict_total", METRIC_COUNTER,
      "The total number of StatsD events with conflicting names.",
      .counter = TELEMETRY_VERDICTS + REFUSED_TYPE_CONFLICT },
    { "statsd_exporter_events_error_total", METRIC_COUNTER,
      "The total number of StatsD events discarded due to errors.", .add = add_event_errors },
    { "statsd_exporter_events_actions_total", METRIC_COUNTER,
      "The total number of StatsD events by action.", .add = add_actions },
    { "statsd_exporter_metrics_total", METRIC_GAUGE, "The current number of series, by type.",
      .add = add_metrics },
    { "statsd_metric_mapper_cache_length", METRIC_GAUGE,
      "The count of keys that workers have cached now.", COUNTER(KEYS) },
    { "statsd_metric_mapper_cache_gets_total", METRIC_COUNTER,
      "The count of total metric cache gets.", COUNTER(LINES) },
    { "statsd_metric_mapper_cache_hits_total", METRIC_COUNTER,
      "The count of total metric cache hits.", .add = add_cache_hits },
};

int exporter_metrics_reserve(struct registry *registry)
{
    int r = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(families) && r == 0; i++)
        r = own_name_reserve(registry, slice_of(families[i].name), families[i].type);
    return r;
}

void exporter_metrics_collect(const struct exporter_metrics *metrics, struct exposition *out)
{
    for (unsigned i = 0; i < ARRAY_SIZE(families); i++) {
        const struct exporter_family *family = &families[i];

        exposition_begin_family(out, slice_of(family->name), family->type, slice_of(family->help));
        if (family->add)
            family->add(metrics, out);
        else
            exposition_add_sample(out, SLICE(""), (double)metrics->sum[family->counter]);
    }
}
