/* SPDX-License-Identifier: Apache-2.0 */

#include "collected.h"
#include "registry_setup.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"
#include "web/selfmetrics.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct buckets *batch_buckets;
static struct registry *registry;
static struct telemetry_row rows[2];
static struct scrape_stats scrapes;
static _Atomic uint64_t n_expired, n_unscraped;
static struct socket_stats sockets;
static struct socket_row *socket_rows[3];
static int fds[2];
static struct selfmetrics_limit limits[2];
static struct selfmetrics source;
static struct http_stats http;
static struct reload_stats reloads;
static struct buffer text;

/* Write all self-metrics, and nothing else. */
static void write_text(void)
{
    const struct exposition_collector collector = { .collect = selfmetrics_collect,
                                                    .ctx = &source };

    write_collected(&collector, &text);
}

/* Write them, and search for @line. */
static void assert_line(const char *line)
{
    write_text();
    must_have_line(&text, line);
}

/* Call a function for each line that is written. */
static void for_each_line(void (*with)(char *line))
{
    char *rest, *line;

    write_text();
    rest = text.data;
    while ((line = strsep(&rest, "\n")) && rest)
        with(line);
}

static struct socket_row *take_row(const char *listener, unsigned worker)
{
    struct socket_row *row =
        socket_stats_take(&sockets, listener, worker, strncmp(listener, "tcp:", 4) == 0);

    assert_non_null(row);
    return row;
}

/* --- names ------------------------------------------------------------------------- */

static void assert_reserved(struct slice name)
{
    for (unsigned type = 0; type < SAMPLE_END; type++) {
        struct identity identity = { .type = (enum sample_type)type, .family = name, .weight = 1 };
        struct admission admission;

        if (registry_admit(registry, 0, 0, &identity, &admission) != REFUSED_RESERVED_NAME)
            fail_msg("%.*s is not reserved", (int)name.len, name.at);
    }
}

static unsigned n_samples;

/* The name of every sample, with _bucket and the like. */
static void check_reserved(char *line)
{
    if (line[0] == '#')
        return;
    n_samples++;
    assert_reserved((struct slice){ line, strcspn(line, "{ ") });
}

static void no_sender_can_use_their_names(void **state)
{
    n_samples = 0;
    for_each_line(check_reserved);
    assert_true(n_samples > 50);
    assert_reserved(SLICE("udometer_batch_datagrams"));
}

static void names_can_be_reserved_in_a_registry_only_once(void **state)
{
    assert_true(selfmetrics_reserve(registry, false) < 0);
}

/* --- form -------------------------------------------------------------------------------- */

static char current[128], seen[200][128];
static unsigned n_seen;

/* # HELP, # TYPE, then only samples of that family; each family once. */
static void check_form(char *line)
{
    char name[128], word[32];

    if (sscanf(line, "# HELP %127s", name) == 1) {
        for (unsigned i = 0; i < n_seen; i++)
            assert_string_not_equal(seen[i], name);
        strcpy(seen[n_seen++], name);
        strcpy(current, name);
    } else if (sscanf(line, "# TYPE %127s %31s", name, word) == 2) {
        assert_string_equal(name, current);
        assert_true(!strcmp(word, "counter") || !strcmp(word, "gauge") ||
                    !strcmp(word, "histogram"));
        assert_int_equal(strcmp(word, "counter") == 0,
                         strcmp(name + strlen(name) - strlen("_total"), "_total") == 0);
    } else if (strncmp(line, current, strlen(current)) != 0 || !strrchr(line, ' ')) {
        fail_msg("not of %s: %s", current, line);
    }
}

static void each_family_is_announced_once_before_its_samples(void **state)
{
    n_seen = 0;
    for_each_line(check_form);
    assert_true(n_seen > 20);
}

static char *samples[400];
static unsigned n_different;

static void check_different(char *line)
{
    if (line[0] == '#')
        return;
    *strrchr(line, ' ') = '\0';
    for (unsigned i = 0; i < n_different; i++)
        assert_string_not_equal(samples[i], line);
    samples[n_different++] = line;
}

static void no_sample_is_written_twice(void **state)
{
    n_different = 0;
    for_each_line(check_different);
}

static void all_names_begin_as_they_should(void **state)
{
    n_seen = 0;
    for_each_line(check_form);
    for (unsigned i = 0; i < n_seen; i++)
        assert_true(!strncmp(seen[i], "udometer_", 9) || !strncmp(seen[i], "process_", 8));
}

/* --- numbers --------------------------------------------------------------------------------- */

static void sums_what_workers_published(void **state)
{
    rows[0].counts[TELEMETRY_LINES] = 3;
    rows[1].counts[TELEMETRY_LINES] = 4;
    rows[1].counts[TELEMETRY_VERDICTS + REFUSED_NAME_LIMIT] = 2;
    rows[0].counts[TELEMETRY_SAMPLES + SAMPLE_TIMER] = 5;
    telemetry_publish(&rows[0]);
    telemetry_publish(&rows[1]);
    rows[0].counts[TELEMETRY_LINES] = 100; /* not published */
    assert_line("udometer_lines_total 7");
    assert_line("udometer_refused_total{reason=\"name_limit\"} 2");
    assert_line("udometer_samples_total{type=\"timer\"} 5");
    assert_line("udometer_samples_total{type=\"gauge\"} 0");
}

static void has_every_reason_to_refuse(void **state)
{
#define X(id, name) assert_line("udometer_refused_total{reason=\"" #name "\"} 0");
    REFUSALS(X)
#undef X
}

static void tells_what_the_registry_holds(void **state)
{
    struct identity identity = { .type = SAMPLE_TIMER, .family = SLICE("t"), .weight = 1 };
    struct admission admission;

    assert_int_equal(registry_admit(registry, 0, 0, &identity, &admission), VERDICT_APPLIED);
    atomic_store(&n_expired, 12);
    atomic_store(&n_unscraped, 5);
    assert_line("udometer_series{type=\"histogram\"} 1");
    assert_line("udometer_series{type=\"counter\"} 0");
    assert_line("udometer_families 1");
    assert_line("udometer_expired_series_total 12");
    assert_line("udometer_expired_unscraped_series_total 5");
}

static void tells_what_became_of_running_totals(void **state)
{
    static const double values[] = { 5, 6, 7, 1 };
    struct totals *totals;

    assert_line("udometer_running_totals 0");
    assert_line("udometer_running_total_samples_total{outcome=\"increase\"} 0");
    assert_int_equal(registry_totals(registry, &totals), VERDICT_APPLIED);
    for (unsigned i = 0; i < ARRAY_SIZE(values); i++)
        totals_note(totals, 1, values[i], i);
    totals_note(totals, 1, 7, 2);
    assert_line("udometer_running_totals 1");
    assert_line("udometer_running_total_samples_total{outcome=\"baseline\"} 1");
    assert_line("udometer_running_total_samples_total{outcome=\"increase\"} 2");
    assert_line("udometer_running_total_samples_total{outcome=\"reset\"} 1");
    assert_line("udometer_running_total_samples_total{outcome=\"late\"} 1");
    for (uint64_t id = 2; id < 105; id++)
        totals_note(totals, id, 1, 5);
    assert_line("udometer_running_totals 100");
    assert_line("udometer_running_total_evictions_total 4");
}

static void tells_batches_and_keys_by_worker(void **state)
{
    telemetry_count_batch(&rows[1], 1);
    telemetry_count_batch(&rows[1], 3);
    telemetry_count_batch(&rows[1], 64);
    rows[1].counts[TELEMETRY_DATAGRAMS] = 68;
    rows[1].counts[TELEMETRY_KEYS] = 9;
    telemetry_publish(&rows[1]);
    assert_line("udometer_batch_datagrams_bucket{worker=\"1\",le=\"1\"} 1");
    assert_line("udometer_batch_datagrams_bucket{worker=\"1\",le=\"2\"} 1");
    assert_line("udometer_batch_datagrams_bucket{worker=\"1\",le=\"4\"} 2");
    assert_line("udometer_batch_datagrams_bucket{worker=\"1\",le=\"64\"} 3");
    assert_line("udometer_batch_datagrams_bucket{worker=\"1\",le=\"+Inf\"} 3");
    assert_line("udometer_batch_datagrams_sum{worker=\"1\"} 68");
    assert_line("udometer_batch_datagrams_count{worker=\"0\"} 0");
    assert_line("udometer_keys{worker=\"1\"} 9");
}

static void tells_of_each_socket(void **state)
{
    char line[128];
    int bytes;
    socklen_t len = sizeof(bytes);

    assert_int_equal(getsockopt(fds[1], SOL_SOCKET, SO_RCVBUF, &bytes, &len), 0);
    assert_line("udometer_kernel_drops_total{listener=\"udp://127.0.0.1:1\",worker=\"0\"} 0");
    snprintf(line, sizeof(line),
             "udometer_receive_buffer_bytes{listener=\"udp://[::1]:2\",worker=\"1\"} %d",
             bytes / 2); /* the kernel reports twice what it granted */
    assert_line(line);
}

static void tells_drops_and_buffers_of_datagrams_only(void **state)
{
    assert_line("udometer_connections{worker=\"0\"} 0");
    assert_null(strstr(text.data, "udometer_kernel_drops_total{listener=\"tcp:"));
    assert_null(strstr(text.data, "udometer_receive_buffer_bytes{listener=\"tcp:"));
}

static void tells_of_changes_of_gauges_at_each_socket(void **state)
{
    socket_row_count(&socket_rows[1]->n_changes, 7);
    socket_row_count(&socket_rows[2]->n_changes, 8);
    assert_line("udometer_relative_gauges_total{listener=\"udp://127.0.0.1:1\",worker=\"0\"} 0");
    assert_line("udometer_relative_gauges_total{listener=\"udp://[::1]:2\",worker=\"1\"} 7");
    assert_line("udometer_relative_gauges_total{listener=\"tcp://[::1]:3\",worker=\"1\"} 8");
}

static void tells_of_datagrams_at_each_socket(void **state)
{
    socket_row_count(&socket_rows[1]->n_datagrams, 7);
    socket_row_count(&socket_rows[1]->n_datagrams, 1);
    assert_line("udometer_listener_datagrams_total{listener=\"udp://127.0.0.1:1\",worker=\"0\"} 0");
    assert_line("udometer_listener_datagrams_total{listener=\"udp://[::1]:2\",worker=\"1\"} 8");
    assert_null(strstr(text.data, "udometer_listener_datagrams_total{listener=\"tcp:"));
}

/* Sums must not become less, and there is no buffer any more. */
static void a_closed_socket_keeps_its_counts(void **state)
{
    socket_row_count(&socket_rows[0]->n_changes, 7);
    socket_row_count(&socket_rows[0]->n_datagrams, 8);
    socket_stats_close(&sockets, socket_rows[0], fds[0]);
    assert_line("udometer_relative_gauges_total{listener=\"udp://127.0.0.1:1\",worker=\"0\"} 7");
    assert_line("udometer_listener_datagrams_total{listener=\"udp://127.0.0.1:1\",worker=\"0\"} 8");
    assert_line("udometer_kernel_drops_total{listener=\"udp://127.0.0.1:1\",worker=\"0\"} 0");
    assert_null(strstr(text.data, "udometer_receive_buffer_bytes{listener=\"udp://127.0.0.1:1"));
    assert_non_null(strstr(text.data, "udometer_receive_buffer_bytes{listener=\"udp://[::1]:2"));
}

/* A family without series would show nothing. */
static void without_sockets_their_families_are_missing(void **state)
{
    struct socket_stats none;

    socket_stats_init(&none);
    source.sockets = &none;
    assert_line("udometer_families 0");
    assert_null(strstr(text.data, "udometer_kernel_drops_total"));
    assert_null(strstr(text.data, "udometer_receive_buffer_bytes"));
    assert_null(strstr(text.data, "udometer_relative_gauges_total"));
    socket_stats_deinit(&none);
}

static void statsd_exporters_names_come_too_if_they_should(void **state)
{
    struct socket_row *gram = take_row("unixgram:///run/a", 0);

    socket_stats_open(&sockets, gram, fds[0]);
    socket_row_count(&socket_rows[0]->n_datagrams, 3);
    socket_row_count(&socket_rows[1]->n_datagrams, 4);
    socket_row_count(&gram->n_datagrams, 5);
    write_text();
    assert_null(strstr(text.data, "statsd_exporter_"));
    source.has_exporter_names = true;
    assert_line("statsd_exporter_udp_packets_total 7");
    assert_line("statsd_exporter_udp_packet_drops_total 0");
    assert_line("statsd_exporter_unixgram_packets_total 5");
}

static void statsd_exporters_names_can_be_reserved(void **state)
{
    registry_free(registry);
    registry = new_registry(2, 1000, SIZE_MAX);
    assert_int_equal(selfmetrics_reserve(registry, true), 0);
    assert_reserved(SLICE("statsd_exporter_lines_total"));
    assert_reserved(SLICE("udometer_lines_total"));
}

static void the_path_of_a_socket_may_hold_anything(void **state)
{
    socket_stats_open(&sockets, take_row("unixgram:///tmp/a\"b\\c\nd,e={}", 0), fds[0]);
    assert_line("udometer_kernel_drops_total{listener=\"unixgram:///tmp/"
                "a\\\"b\\\\c\\nd,e={}\",worker=\"0\"} 0");
}

/* Every byte of the longest name may need escaping. */
static void the_longest_path_fits_escaped(void **state)
{
    static char address[SOCKET_STATS_LISTENER_MAX];
    char line[2 * sizeof(address) + 100], *at = line;

    memset(address, '"', sizeof(address) - 1);
    socket_stats_open(&sockets, take_row(address, UINT_MAX), fds[0]);
    at += sprintf(at, "udometer_kernel_drops_total{listener=\"");
    for (size_t i = 0; i < strlen(address); i++)
        at += sprintf(at, "\\\"");
    sprintf(at, "\",worker=\"4294967295\"} 0");
    assert_line(line);
}

static void tells_the_limits_as_they_are_set(void **state)
{
    assert_line("udometer_limit{limit=\"family-series\"} 8");
    assert_line("udometer_limit{limit=\"series-memory\"} 9437184");
}

static void tells_connections_by_worker(void **state)
{
    rows[0].counts[TELEMETRY_CONNECTIONS] = 3;
    rows[0].counts[TELEMETRY_CONNECTIONS_OPENED] = 10;
    rows[1].counts[TELEMETRY_CONNECTIONS_OPENED] = 1;
    rows[1].counts[TELEMETRY_CONNECTIONS_REFUSED] = 2;
    telemetry_publish(&rows[0]);
    telemetry_publish(&rows[1]);
    assert_line("udometer_connections{worker=\"0\"} 3");
    assert_line("udometer_connections{worker=\"1\"} 0");
    assert_line("udometer_connections_opened_total 11");
    assert_line("udometer_connections_refused_total 2");
}

static void tells_sets_apart_from_gauges(void **state)
{
    struct identity identity = { .type = SAMPLE_SET, .family = SLICE("s"), .weight = 1 };
    struct admission admission;

    assert_int_equal(registry_admit(registry, 0, 0, &identity, &admission), VERDICT_APPLIED);
    assert_line("udometer_series{type=\"set\"} 1");
    assert_line("udometer_series{type=\"gauge\"} 0");
}

static void tells_of_itself(void **state)
{
    struct rlimit limit;
    char line[64];

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    snprintf(line, sizeof(line), "process_max_fds %lu", limit.rlim_cur);
    assert_line(line);
    snprintf(line, sizeof(line), "process_threads %.0f", process_read().threads);
    assert_line(line);
    assert_line("process_start_time_seconds 1234.5");
    assert_non_null(strstr(text.data, "\nudometer_build_info{"));
    assert_non_null(strstr(text.data, "\nprocess_cpu_seconds_total "));
    assert_null(strstr(text.data, "\nprocess_resident_memory_bytes 0\n"));
}

/* --- the log -------------------------------------------------------------------------------- */

static void counts_the_log_lines_that_were_dropped(void **state)
{
    int saved = dup(STDERR_FILENO), full = open("/dev/full", O_WRONLY);

    assert_line("udometer_log_lines_dropped_total 0");
    dup2(full, STDERR_FILENO);
    assert_int_equal(log_start(), 0);
    for (uint64_t i = 0; i < 3; i++)
        log_warn("lost", LOG_UINT("i", i));
    log_stop(clock_monotonic_ns() + 60 * CLOCK_NS_PER_S);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(full);
    assert_line("udometer_log_lines_dropped_total 3");
}

/* --- reloads -------------------------------------------------------------------------------- */

static void reloads_are_counted_by_outcome(void **state)
{
    assert_line("udometer_config_reloads_total{outcome=\"success\"} 0");
    assert_line("udometer_config_reloads_total{outcome=\"failure\"} 0");
    assert_line("udometer_config_last_reload_successful 1");
    assert_line("udometer_config_last_reload_success_timestamp_seconds 2.5");
    reload_stats_record(&reloads, true, 3 * CLOCK_NS_PER_S);
    reload_stats_record(&reloads, false, 4 * CLOCK_NS_PER_S);
    assert_line("udometer_config_reloads_total{outcome=\"success\"} 1");
    assert_line("udometer_config_reloads_total{outcome=\"failure\"} 1");
    assert_line("udometer_config_last_reload_successful 0");
    assert_line("udometer_config_last_reload_success_timestamp_seconds 3");
    atomic_store(&reloads.n_rules, 12);
    assert_line("udometer_mapping_rules 12");
    reload_stats_record(&reloads, true, 5 * CLOCK_NS_PER_S);
    assert_line("udometer_config_last_reload_successful 1");
    assert_line("udometer_config_last_reload_success_timestamp_seconds 5");
}

/* --- scrapes -------------------------------------------------------------------------------- */

static void scrapes_are_counted_by_duration_and_size(void **state)
{
    scrape_stats_record(&scrapes, 0, 5000000, 500);
    scrape_stats_record(&scrapes, 0, 250000000, 2000);
    scrape_stats_record(&scrapes, 0, 99000000000, 1e12);
    scrapes.n_broken = 4;
    assert_line("udometer_scrape_duration_seconds_bucket{le=\"0.005\"} 1");
    assert_line("udometer_scrape_duration_seconds_bucket{le=\"10\"} 2");
    assert_line("udometer_scrape_duration_seconds_sum 99.255");
    assert_line("udometer_scrape_duration_seconds_count 3");
    assert_line("udometer_scrape_size_bytes_count 3");
    assert_line("udometer_scrape_size_bytes_sum 1000000002500");
    assert_line("udometer_scrapes_broken_total 4");
}

static void batch_buckets_are_powers_of_2(void **state)
{
    assert_int_equal(batch_buckets->n, TELEMETRY_BATCH_BUCKETS - 1);
    for (unsigned i = 0; i < batch_buckets->n; i++)
        assert_true(batch_buckets->bounds[i] == 1u << i);
}

static int open_socket(void)
{
    return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static int begin(void **state)
{
    memset(rows, 0, sizeof(rows));
    atomic_store(&n_expired, 0);
    atomic_store(&n_unscraped, 0);
    socket_stats_init(&sockets);
    socket_rows[0] = take_row("udp://127.0.0.1:1", 0);
    socket_rows[1] = take_row("udp://[::1]:2", 1);
    socket_rows[2] = take_row("tcp://[::1]:3", 1);
    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = open_socket();
        socket_stats_open(&sockets, socket_rows[i], fds[i]);
    }
    socket_stats_open(&sockets, socket_rows[2], -1);
    limits[0] = (struct selfmetrics_limit){ "family-series", 8 };
    limits[1] = (struct selfmetrics_limit){ "series-memory", 9 << 20 };
    registry = new_registry(2, 1000, SIZE_MAX);
    assert_int_equal(selfmetrics_reserve(registry, false), 0);
    assert_int_equal(selfmetrics_batch_buckets(&batch_buckets), 0);
    source = (struct selfmetrics){
        .registry = registry,
        .rows = rows,
        .n_rows = 2,
        .sockets = &sockets,
        .limits = limits,
        .n_limits = 2,
        .scrapes = &scrapes,
        .http = &http,
        .batch_buckets = batch_buckets,
        .n_expired = &n_expired,
        .n_unscraped = &n_unscraped,
        .reloads = &reloads,
        .start_time_s = 1234.5,
    };
    reload_stats_init(&reloads, 2500 * (int64_t)1000000);
    return scrape_stats_init(&scrapes);
}

static int end(void **state)
{
    scrape_stats_deinit(&scrapes);
    registry_free(registry);
    buckets_free(batch_buckets);
    buffer_deinit(&text);
    text = (struct buffer){ 0 };
    socket_stats_deinit(&sockets);
    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
    return 0;
}

#define SELF_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        SELF_CASE(no_sender_can_use_their_names),
        SELF_CASE(names_can_be_reserved_in_a_registry_only_once),
        SELF_CASE(each_family_is_announced_once_before_its_samples),
        SELF_CASE(no_sample_is_written_twice),
        SELF_CASE(all_names_begin_as_they_should),
        SELF_CASE(sums_what_workers_published),
        SELF_CASE(has_every_reason_to_refuse),
        SELF_CASE(tells_what_the_registry_holds),
        SELF_CASE(tells_what_became_of_running_totals),
        SELF_CASE(tells_batches_and_keys_by_worker),
        SELF_CASE(tells_of_each_socket),
        SELF_CASE(tells_drops_and_buffers_of_datagrams_only),
        SELF_CASE(tells_of_changes_of_gauges_at_each_socket),
        SELF_CASE(tells_of_datagrams_at_each_socket),
        SELF_CASE(a_closed_socket_keeps_its_counts),
        SELF_CASE(without_sockets_their_families_are_missing),
        SELF_CASE(statsd_exporters_names_come_too_if_they_should),
        SELF_CASE(statsd_exporters_names_can_be_reserved),
        SELF_CASE(the_path_of_a_socket_may_hold_anything),
        SELF_CASE(the_longest_path_fits_escaped),
        SELF_CASE(tells_the_limits_as_they_are_set),
        SELF_CASE(tells_connections_by_worker),
        SELF_CASE(tells_sets_apart_from_gauges),
        SELF_CASE(tells_of_itself),
        SELF_CASE(counts_the_log_lines_that_were_dropped),
        SELF_CASE(reloads_are_counted_by_outcome),
        SELF_CASE(scrapes_are_counted_by_duration_and_size),
        SELF_CASE(batch_buckets_are_powers_of_2),
    };

    return cmocka_run_group_tests(cases, make_buckets, free_buckets);
}
