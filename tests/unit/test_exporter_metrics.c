/* SPDX-License-Identifier: Apache-2.0 */

#include "collected.h"
#include "registry_setup.h"

#include "web/exporter_metrics.h"

#include <stdio.h>

static struct registry *registry;
static uint64_t sum[_TELEMETRY_N];
static struct exporter_metrics metrics;
static struct reload_stats reloads;
static struct buffer text;

static void collect(const void *ctx, struct exposition *out)
{
    const struct registry_counts counts = registry_count(registry);

    metrics.registry = &counts;
    exporter_metrics_collect(&metrics, out);
}

static void write_text(void)
{
    const struct exposition_collector collector = { .collect = collect };

    write_collected(&collector, &text);
}

static void assert_line(const char *line)
{
    write_text();
    must_have_line(&text, line);
}

/* --- names ------------------------------------------------------------------------------ */

static void has_the_names_and_types_of_statsd_exporter(void **state)
{
    static const char *const types[] = {
        "statsd_exporter_events_total counter",
        "statsd_exporter_events_unmapped_total counter",
        "statsd_exporter_event_queue_flushed_total counter",
        "statsd_exporter_udp_packets_total counter",
        "statsd_exporter_udp_packet_drops_total counter",
        "statsd_exporter_tcp_connections_total counter",
        "statsd_exporter_tcp_connection_errors_total counter",
        "statsd_exporter_tcp_too_long_lines_total counter",
        "statsd_exporter_unixgram_packets_total counter",
        "statsd_exporter_lines_total counter",
        "statsd_exporter_samples_total counter",
        "statsd_exporter_sample_errors_total counter",
        "statsd_exporter_tags_total counter",
        "statsd_exporter_tag_errors_total counter",
        "statsd_exporter_config_reloads_total counter",
        "statsd_exporter_loaded_mappings gauge",
        "statsd_exporter_events_conflict_total counter",
        "statsd_exporter_events_error_total counter",
        "statsd_exporter_events_actions_total counter",
        "statsd_exporter_metrics_total gauge",
        "statsd_exporter_build_info gauge",
        "statsd_metric_mapper_cache_length gauge",
        "statsd_metric_mapper_cache_gets_total counter",
        "statsd_metric_mapper_cache_hits_total counter",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        char line[128];

        snprintf(line, sizeof(line), "# TYPE %s", types[i]);
        assert_line(line);
    }
}

static void their_names_are_reserved_when_they_are_shown(void **state)
{
    struct identity identity = { .family = SLICE("statsd_exporter_lines_total"), .weight = 1 };
    struct admission admission;

    assert_int_equal(registry_admit(registry, 0, 0, &identity, &admission), VERDICT_APPLIED);
    registry_free(registry);
    registry = new_registry(2, 1000, SIZE_MAX);
    assert_int_equal(exporter_metrics_reserve(registry), 0);
    assert_int_equal(registry_admit(registry, 0, 0, &identity, &admission), REFUSED_RESERVED_NAME);
}

/* --- numbers ---------------------------------------------------------------------------- */

static void shows_sums(void **state)
{
    sum[TELEMETRY_LINES] = 7;
    sum[TELEMETRY_PACKED] = 2;
    sum[TELEMETRY_KEY_MISSES] = 1;
    sum[TELEMETRY_KEYS] = 5;
    sum[TELEMETRY_TAGGED] = 4;
    sum[TELEMETRY_UNMAPPED] = 12;
    sum[TELEMETRY_WAKEUPS_POLL] = 3;
    sum[TELEMETRY_WAKEUPS_TIMER] = 8;
    metrics.n_drops = 6;
    assert_line("statsd_exporter_lines_total 7");
    assert_line("statsd_exporter_samples_total 9");
    assert_line("statsd_exporter_event_queue_flushed_total 11");
    assert_line("statsd_exporter_udp_packet_drops_total 6");
    assert_line("statsd_exporter_tags_total 4");
    assert_line("statsd_exporter_events_unmapped_total 12");
    assert_line("statsd_metric_mapper_cache_length 5");
    assert_line("statsd_metric_mapper_cache_gets_total 7");
    assert_line("statsd_metric_mapper_cache_hits_total 6");
}

static void events_have_three_types(void **state)
{
    sum[TELEMETRY_SAMPLES + SAMPLE_COUNTER] = 1;
    sum[TELEMETRY_SAMPLES + SAMPLE_GAUGE] = 2;
    sum[TELEMETRY_SAMPLES + SAMPLE_TIMER] = 4;
    sum[TELEMETRY_SAMPLES + SAMPLE_DISTRIBUTION] = 8;
    sum[TELEMETRY_SAMPLES + SAMPLE_SET] = 16; /* it knows none */
    assert_line("statsd_exporter_events_total{type=\"counter\"} 1");
    assert_line("statsd_exporter_events_total{type=\"gauge\"} 2");
    assert_line("statsd_exporter_events_total{type=\"observer\"} 12");
}

static void each_refusal_is_shown_once(void **state)
{
    for (unsigned i = 0; i < _VERDICT_N; i++)
        sum[TELEMETRY_VERDICTS + i] = 1;
    write_text();
    for (unsigned i = 0; i < _VERDICT_N; i++) {
        char label[64];
        const char *first;

        if (!verdict_is_refusal((enum verdict)i) || i == REFUSED_TYPE_CONFLICT)
            continue;
        snprintf(label, sizeof(label), "{reason=\"%s\"} 1\n", verdict_reason((enum verdict)i));
        first = strstr(text.data, label);
        if (!first || strstr(first + 1, label))
            fail_msg("%s is not there once", label);
    }
    assert_line("statsd_exporter_events_conflict_total 1");
    assert_line("statsd_exporter_events_error_total{reason=\"illegal_negative_counter\"} 1");
    assert_line("statsd_exporter_events_actions_total{action=\"drop\"} 1");
    assert_line("statsd_exporter_tcp_too_long_lines_total 1");
    assert_line("statsd_exporter_sample_errors_total{reason=\"malformed_line\"} 1");
    assert_line("statsd_exporter_sample_errors_total{reason=\"invalid_sample_factor\"} 0");
}

static void datagrams_count_by_protocol(void **state)
{
    metrics.n_udp_datagrams = 5;
    metrics.n_unix_datagrams = 6;
    assert_line("statsd_exporter_udp_packets_total 5");
    assert_line("statsd_exporter_unixgram_packets_total 6");
}

static void connections_and_reloads_have_their_counts(void **state)
{
    sum[TELEMETRY_CONNECTIONS_OPENED] = 3;
    sum[TELEMETRY_CONNECTIONS_CLOSED + CONNECTION_END_ERROR] = 2;
    reload_stats_record(&reloads, false, 0);
    assert_line("statsd_exporter_tcp_connections_total 3");
    assert_line("statsd_exporter_tcp_connection_errors_total 2");
    assert_line("statsd_exporter_config_reloads_total{outcome=\"success\"} 0");
    assert_line("statsd_exporter_config_reloads_total{outcome=\"failure\"} 1");
    assert_line("statsd_exporter_loaded_mappings 0");
    atomic_store(&reloads.n_rules, 40);
    assert_line("statsd_exporter_loaded_mappings 40");
}

static void metrics_are_counted_by_type(void **state)
{
    struct identity identity = { .type = SAMPLE_TIMER, .family = SLICE("t"), .weight = 1 };
    struct admission admission;

    assert_int_equal(registry_admit(registry, 0, 0, &identity, &admission), VERDICT_APPLIED);
    assert_line("statsd_exporter_metrics_total{type=\"histogram\"} 1");
    assert_line("statsd_exporter_metrics_total{type=\"counter\"} 0");
}

static int begin(void **state)
{
    memset(sum, 0, sizeof(sum));
    registry = new_registry(2, 1000, SIZE_MAX);
    reload_stats_init(&reloads, 0);
    metrics = (struct exporter_metrics){ .sum = sum, .reloads = &reloads };
    return 0;
}

static int end(void **state)
{
    registry_free(registry);
    buffer_deinit(&text);
    text = (struct buffer){ 0 };
    return 0;
}

#define EXPORTER_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        EXPORTER_CASE(has_the_names_and_types_of_statsd_exporter),
        EXPORTER_CASE(their_names_are_reserved_when_they_are_shown),
        EXPORTER_CASE(shows_sums),
        EXPORTER_CASE(events_have_three_types),
        EXPORTER_CASE(each_refusal_is_shown_once),
        EXPORTER_CASE(datagrams_count_by_protocol),
        EXPORTER_CASE(connections_and_reloads_have_their_counts),
        EXPORTER_CASE(metrics_are_counted_by_type),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
