/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Self-metrics
 *
 * Two tables hold all families: worker_metrics has the workers' counters, and the table below
 * has the rest. The names in them are reserved, each scrape walks them in their order, and a
 * test compares docs/telemetry.md with a real scrape.
 */

#include "web/selfmetrics.h"

#include "base/clock.h"
#include "base/labels.h"
#include "base/log.h"
#include "base/must.h"
#include "base/process.h"
#include "base/socket.h"
#include "web/exporter_metrics.h"
#include "web/own_name.h"
#include "web/worker_metrics.h"

#include <math.h>
#include <stdio.h>

/* clang's __VERSION__ begins with its name. */
#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

#define BUILD_LABELS "compiler=\"" COMPILER "\",version=\"" UDOMETER_VERSION "\""

/*
 * Single values: each is the only series of a family, without labels. A row has a member of
 * struct values, and the source from which read_values() sets it.
 */
#define VALUES(X)                                                                                  \
    X(families, registry->families)                                                                \
    X(series_bytes, registry->bytes)                                                               \
    X(totals, registry->totals.n_kept)                                                             \
    X(totals_evicted, registry->totals.n_evicted)                                                  \
    X(expired_series, atomic_load_explicit(source->n_expired, memory_order_relaxed))               \
    X(unscraped_series, atomic_load_explicit(source->n_unscraped, memory_order_relaxed))           \
    X(http_connections, atomic_load(&source->http->n_connections))                                 \
    X(http_in_flight, atomic_load(&source->http->n_in_flight))                                     \
    X(http_refused, atomic_load(&source->http->n_refused))                                         \
    X(scrapes_broken, source->scrapes->n_broken)                                                   \
    X(last_reload_successful, atomic_load(&source->reloads->is_last_successful))                   \
    X(last_success_s, (double)atomic_load(&source->reloads->success_ns) / CLOCK_NS_PER_S)          \
    X(mapping_rules, atomic_load(&source->reloads->n_rules))                                       \
    X(log_dropped, log_n_dropped())                                                                \
    X(cpu_s, process.cpu_seconds)                                                                  \
    X(resident_bytes, process.resident_bytes)                                                      \
    X(virtual_bytes, process.virtual_bytes)                                                        \
    X(open_fds, process.open_fds)                                                                  \
    X(max_fds, process.max_fds)                                                                    \
    X(threads, process.threads)                                                                    \
    X(start_time_s, source->start_time_s)

struct values {
#define X(member, from) double member;
    VALUES(X)
#undef X
};

/* The values of a scrape. Workers and sockets are read one by one, in their turn. */
struct self_reading {
    const struct selfmetrics *source;
    struct registry_counts registry;
    struct values values;
};

struct self_family {
    const char *name; /* NULL: the families of worker_metrics come here */
    enum metric_type type;
    const char *help;
    /* Adds the series. NULL: there is one, with its value at this offset in struct values. */
    void (*add)(const struct self_reading *self, struct exposition *out);
    size_t value_at;
};

/* --- reading ------------------------------------------------------------------------- */

static struct values read_values(const struct selfmetrics *source,
                                 const struct registry_counts *registry)
{
    const struct process_stats process = process_read();

    return (struct values){
#define X(member, from) .member = (double)(from),
        VALUES(X)
#undef X
    };
}

static double value_of(const struct self_family *family, const struct values *values)
{
    return *(const double *)((const char *)values + family->value_at);
}

/* --- families of several series ---------------------------------------------------------- */

static void add_build_info(const struct self_reading *self, struct exposition *out)
{
    exposition_add_sample(out, SLICE(BUILD_LABELS), 1);
}

static void add_telemetry(const struct self_reading *self, struct exposition *out)
{
    uint64_t sum[_TELEMETRY_N];
    const char *family = "";

    telemetry_sum(self->source->rows, self->source->n_rows, sum);
    for (unsigned i = 0; i < n_worker_metrics; i++) {
        const struct worker_metric *metric = &worker_metrics[i];

        if (strcmp(family, metric->family) != 0)
            exposition_begin_family(out, slice_of(metric->family), METRIC_COUNTER,
                                    slice_of(metric->help));
        family = metric->family;
        exposition_add_sample(out, slice_of(metric->labels), (double)sum[metric->counter]);
    }
}

static void add_series(const struct self_reading *self, struct exposition *out)
{
    for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
        exposition_add_labelled(out, "type", metric_type_name(type),
                                (double)self->registry.series[type]);
}

static void add_totals(const struct self_reading *self, struct exposition *out)
{
    static const char *const names[] = {
#define X(id, name) [TOTAL_OUTCOME_##id] = #name,
        TOTAL_OUTCOMES(X)
#undef X
    };

    for (unsigned outcome = 0; outcome < _TOTAL_OUTCOME_N; outcome++)
        exposition_add_labelled(out, "outcome", names[outcome],
                                (double)self->registry.totals.outcomes[outcome]);
}

static void add_limits(const struct self_reading *self, struct exposition *out)
{
    const struct selfmetrics_limit *limits = self->source->limits;

    for (unsigned i = 0; i < self->source->n_limits; i++)
        exposition_add_labelled(out, "limit", limits[i].name,
                                (double)atomic_load(&limits[i].value));
}

static void add_http_closes(const struct self_reading *self, struct exposition *out)
{
    static const char *const names[] = {
#define X(id, name) [HTTP_CLOSE_##id] = #name,
        HTTP_CLOSES(X)
#undef X
    };

    for (unsigned cause = 0; cause < _HTTP_CLOSE_N; cause++)
        exposition_add_labelled(out, "cause", names[cause],
                                (double)atomic_load(&self->source->http->n_closed[cause]));
}

static void add_reloads(const struct self_reading *self, struct exposition *out)
{
    const struct reload_stats *reloads = self->source->reloads;

    exposition_add_labelled(out, "outcome", "success", (double)atomic_load(&reloads->n_successes));
    exposition_add_labelled(out, "outcome", "failure", (double)atomic_load(&reloads->n_failures));
}

/* --- families with a series for each worker ---------------------------------------------- */

/* Room for worker="0". */
#define WORKER_MAX 32

static struct slice write_worker(unsigned worker, char out[WORKER_MAX])
{
    return (struct slice){ out, (size_t)snprintf(out, WORKER_MAX, "worker=\"%u\"", worker) };
}

static void add_batches(const struct self_reading *self, struct exposition *out)
{
    const struct selfmetrics *source = self->source;
    char labels[WORKER_MAX];
    uint64_t row[_TELEMETRY_N];

    for (unsigned worker = 0; worker < source->n_rows; worker++) {
        telemetry_read(&source->rows[worker], row);
        exposition_add_histogram(out, &(struct exposition_histogram){
                                          .labels = write_worker(worker, labels),
                                          .buckets = source->batch_buckets,
                                          .counts = row + TELEMETRY_BATCHES,
                                          .sum = (double)row[TELEMETRY_DATAGRAMS],
                                      });
    }
}

/* Add a level of each worker. */
static void add_levels(const struct selfmetrics *source, struct exposition *out,
                       enum telemetry_counter level)
{
    char labels[WORKER_MAX];
    uint64_t row[_TELEMETRY_N];

    for (unsigned worker = 0; worker < source->n_rows; worker++) {
        telemetry_read(&source->rows[worker], row);
        exposition_add_sample(out, write_worker(worker, labels), (double)row[level]);
    }
}

static void add_keys(const struct self_reading *self, struct exposition *out)
{
    add_levels(self->source, out, TELEMETRY_KEYS);
}

static void add_connections(const struct self_reading *self, struct exposition *out)
{
    add_levels(self->source, out, TELEMETRY_CONNECTIONS);
}

/* --- families with a series for each socket ---------------------------------------------- */

/* Every byte of a path may need escaping. */
#define SOCKET_LABELS_MAX (2 * SOCKET_STATS_LISTENER_MAX + 64)

/* The address is escaped like any label value, as a path may contain any byte. */
static void add_of_socket(struct exposition *out, const struct socket_view *view, double value)
{
    char worker[16], text[SOCKET_LABELS_MAX];
    struct labels labels = { .n = 2 };

    snprintf(worker, sizeof(worker), "%u", view->worker);
    labels.items[0] = (struct label){ SLICE("listener"), slice_of(view->listener) };
    labels.items[1] = (struct label){ SLICE("worker"), slice_of(worker) };
    MUST_BE(labels_length_max(&labels), <=, sizeof(text));
    exposition_add_sample(out, labels_write(&labels, text), value);
}

static void show_datagrams(void *out, const struct socket_view *view)
{
    if (!view->is_stream)
        add_of_socket(out, view, (double)view->n_datagrams);
}

static void add_datagrams(const struct self_reading *self, struct exposition *out)
{
    socket_stats_each(self->source->sockets, show_datagrams, out);
}

static void show_drops(void *out, const struct socket_view *view)
{
    if (!view->is_stream)
        add_of_socket(out, view, (double)view->n_drops);
}

static void add_drops(const struct self_reading *self, struct exposition *out)
{
    socket_stats_each(self->source->sockets, show_drops, out);
}

static void show_buffer_size(void *out, const struct socket_view *view)
{
    if (!view->is_stream && view->is_open)
        add_of_socket(out, view, view->buffer_bytes);
}

static void add_buffer_sizes(const struct self_reading *self, struct exposition *out)
{
    socket_stats_each(self->source->sockets, show_buffer_size, out);
}

static void show_changes(void *out, const struct socket_view *view)
{
    add_of_socket(out, view, (double)view->n_changes);
}

static void add_changes(const struct self_reading *self, struct exposition *out)
{
    socket_stats_each(self->source->sockets, show_changes, out);
}

/* --- scrapes ------------------------------------------------------------------------------ */

static void add_scrapes(struct exposition *out, const struct scrape_histogram *scrapes)
{
    const struct exposition_histogram histogram = {
        .buckets = scrapes->buckets,
        .counts = scrapes->counts,
        .sum = scrapes->sum,
    };

    exposition_add_histogram(out, &histogram);
}

static void add_durations(const struct self_reading *self, struct exposition *out)
{
    add_scrapes(out, &self->source->scrapes->duration_s);
}

static void add_sizes(const struct self_reading *self, struct exposition *out)
{
    add_scrapes(out, &self->source->scrapes->size_bytes);
}

/* --- the table ---------------------------------------------------------------------------- */

#define VALUE(member) .value_at = offsetof(struct values, member)

static const struct self_family families[] = {
    { "udometer_build_info", METRIC_GAUGE, "1, labelled with this binary's compiler and version.",
      .add = add_build_info },
    { .add = add_telemetry },
    { "udometer_series", METRIC_GAUGE, "Current number of series, by type.", .add = add_series },
    { "udometer_families", METRIC_GAUGE, "Current number of families.", VALUE(families) },
    { "udometer_series_bytes", METRIC_GAUGE,
      "Memory that families, series, cells and running totals use, or may grow to.",
      VALUE(series_bytes) },
    { "udometer_running_totals", METRIC_GAUGE,
      "Running totals that are remembered, one for each series and sender.", VALUE(totals) },
    { "udometer_running_total_samples_total", METRIC_COUNTER,
      "Samples whose value is a running total, by what became of it.", .add = add_totals },
    { "udometer_running_total_evictions_total", METRIC_COUNTER,
      "Running totals evicted for others, because of --limit.running-totals.",
      VALUE(totals_evicted) },
    { "udometer_expired_series_total", METRIC_COUNTER,
      "Series removed after their TTL without an update.", VALUE(expired_series) },
    { "udometer_expired_unscraped_series_total", METRIC_COUNTER,
      "Expired series that no complete scrape has shown since their last update.",
      VALUE(unscraped_series) },
    { "udometer_limit", METRIC_GAUGE, "The limits that --limit.NAME and --web.max-NAME have set.",
      .add = add_limits },
    { "udometer_batch_datagrams", METRIC_HISTOGRAM, "Datagrams a worker received in one call.",
      .add = add_batches },
    { "udometer_keys", METRIC_GAUGE, "Keys a worker has cached now.", .add = add_keys },
    { "udometer_connections", METRIC_GAUGE, "TCP and Unix stream connections open now.",
      .add = add_connections },
    { "udometer_listener_datagrams_total", METRIC_COUNTER, "Datagrams received at a listener.",
      .add = add_datagrams },
    { "udometer_kernel_drops_total", METRIC_COUNTER,
      "Datagrams dropped by the kernel because a socket's buffer was full.", .add = add_drops },
    { "udometer_receive_buffer_bytes", METRIC_GAUGE,
      "Size of a socket's receive buffer as granted by the kernel.", .add = add_buffer_sizes },
    { "udometer_relative_gauges_total", METRIC_COUNTER,
      "Samples added to a gauge other than 0 because of their sign, where DogStatsD would set it.",
      .add = add_changes },
    { "udometer_scrape_duration_seconds", METRIC_HISTOGRAM,
      "Time from the request to the last byte of earlier scrapes.", .add = add_durations },
    { "udometer_scrape_size_bytes", METRIC_HISTOGRAM,
      "Length of the body of earlier scrapes, before compression.", .add = add_sizes },
    { "udometer_scrapes_broken_total", METRIC_COUNTER, "Scrapes that did not reach their end.",
      VALUE(scrapes_broken) },
    { "udometer_http_connections", METRIC_GAUGE, "HTTP connections open now.",
      VALUE(http_connections) },
    { "udometer_http_connections_closed_total", METRIC_COUNTER,
      "HTTP connections that udometer closed although they could have gone on, by cause.",
      .add = add_http_closes },
    { "udometer_http_requests_in_flight", METRIC_GAUGE,
      "Requests for long pages that are being answered now.", VALUE(http_in_flight) },
    { "udometer_http_requests_refused_total", METRIC_COUNTER,
      "Requests answered with 503 because of --web.max-requests.", VALUE(http_refused) },
    { "udometer_config_reloads_total", METRIC_COUNTER,
      "Reloads of the config, by outcome; after a failure the config before stays in force.",
      .add = add_reloads },
    { "udometer_config_last_reload_successful", METRIC_GAUGE,
      "1 if the last reload of the config, or the start, was successful; otherwise 0.",
      VALUE(last_reload_successful) },
    { "udometer_config_last_reload_success_timestamp_seconds", METRIC_GAUGE,
      "When the config in force was loaded, in seconds since 1970.", VALUE(last_success_s) },
    { "udometer_mapping_rules", METRIC_GAUGE, "Mapping rules of the config in force.",
      VALUE(mapping_rules) },
    { "udometer_log_lines_dropped_total", METRIC_COUNTER,
      "Log lines dropped because stderr took no more, or failed.", VALUE(log_dropped) },
    { "process_cpu_seconds_total", METRIC_COUNTER, "User and system CPU time.", VALUE(cpu_s) },
    { "process_resident_memory_bytes", METRIC_GAUGE, "Resident memory.", VALUE(resident_bytes) },
    { "process_virtual_memory_bytes", METRIC_GAUGE, "Virtual memory.", VALUE(virtual_bytes) },
    { "process_open_fds", METRIC_GAUGE, "Open file descriptors.", VALUE(open_fds) },
    { "process_max_fds", METRIC_GAUGE, "Maximum number of open file descriptors.", VALUE(max_fds) },
    { "process_threads", METRIC_GAUGE, "Threads.", VALUE(threads) },
    { "process_start_time_seconds", METRIC_GAUGE, "Start of the process, in seconds since 1970.",
      VALUE(start_time_s) },
};

/* --- with other names ------------------------------------------------------------------------ */

/* The sums over all sockets. */
struct socket_sums {
    uint64_t n_drops;
    uint64_t n_datagrams, n_unix_datagrams; /* all, and some of them */
};

static void add_to_sums(void *ctx, const struct socket_view *view)
{
    struct socket_sums *sums = ctx;

    sums->n_drops += view->n_drops;
    sums->n_datagrams += view->n_datagrams;
    if (slice_starts_with(slice_of(view->listener), SLICE("unixgram:")))
        sums->n_unix_datagrams += view->n_datagrams;
}

static void add_exporter_metrics(const struct self_reading *self, struct exposition *out)
{
    const struct selfmetrics *source = self->source;
    struct socket_sums sockets = { 0 };
    uint64_t sum[_TELEMETRY_N];
    struct exporter_metrics metrics = {
        .sum = sum,
        .registry = &self->registry,
        .reloads = source->reloads,
    };

    socket_stats_each(source->sockets, add_to_sums, &sockets);
    telemetry_sum(source->rows, source->n_rows, sum);
    metrics.n_drops = sockets.n_drops;
    metrics.n_udp_datagrams = sockets.n_datagrams - sockets.n_unix_datagrams;
    metrics.n_unix_datagrams = sockets.n_unix_datagrams;
    exporter_metrics_collect(&metrics, out);
}

void selfmetrics_collect(const void *ctx, struct exposition *out)
{
    struct self_reading self = { .source = ctx };

    self.registry = registry_count(self.source->registry);
    self.values = read_values(self.source, &self.registry);
    for (unsigned i = 0; i < ARRAY_SIZE(families); i++) {
        const struct self_family *family = &families[i];

        if (family->name)
            exposition_begin_family(out, slice_of(family->name), family->type,
                                    slice_of(family->help));
        if (family->add)
            family->add(&self, out);
        else if (!isnan(value_of(family, &self.values))) /* known now */
            exposition_add_sample(out, SLICE(""), value_of(family, &self.values));
    }
    if (self.source->has_exporter_names)
        add_exporter_metrics(&self, out);
}

/* --- before the first scrape -------------------------------------------------------------- */

int selfmetrics_reserve(struct registry *registry, bool has_exporter_names)
{
    int r = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(families) && r == 0; i++)
        if (families[i].name)
            r = own_name_reserve(registry, slice_of(families[i].name), families[i].type);
    for (unsigned i = 0; i < n_worker_metrics && r == 0; i++)
        if (i == 0 || strcmp(worker_metrics[i].family, worker_metrics[i - 1].family) != 0)
            r = own_name_reserve(registry, slice_of(worker_metrics[i].family), METRIC_COUNTER);
    if (r == 0 && has_exporter_names)
        r = exporter_metrics_reserve(registry);
    return r;
}

int selfmetrics_batch_buckets(struct buckets **ret)
{
    double bounds[TELEMETRY_BATCH_BUCKETS - 1];

    for (unsigned i = 0; i < ARRAY_SIZE(bounds); i++)
        bounds[i] = 1u << i;
    return buckets_new(ret, bounds, ARRAY_SIZE(bounds));
}
