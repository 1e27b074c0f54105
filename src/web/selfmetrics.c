/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Self-metrics
 *
 * Two tables hold all there are: telemetry_items for what workers count, and the
 * one below for the rest. Names are reserved from them, the pages of /metrics are
 * written from them, and a test compares docs/telemetry.md with a real scrape.
 */

#include "web/selfmetrics.h"

#include "base/clock.h"
#include "base/labels.h"
#include "base/process.h"
#include "base/socket.h"

#include <errno.h>
#include <stdio.h>

/* clang's __VERSION__ begins with its name. */
#ifdef __clang__
#define COMPILER __VERSION__
#else
#define COMPILER "gcc " __VERSION__
#endif

enum self_family {
    SELF_BUILD_INFO,
    SELF_SERIES,
    SELF_FAMILIES,
    SELF_SERIES_BYTES,
    SELF_EXPIRED,
    SELF_LIMIT,
    SELF_CONNECTIONS,
    SELF_KEYS,
    SELF_BATCH,
    SELF_DROPS,
    SELF_READ_BUFFER,
    SELF_SCRAPE_DURATION,
    SELF_SCRAPE_SIZE,
    SELF_SCRAPES_BROKEN,
    SELF_CPU,
    SELF_RESIDENT,
    SELF_VIRTUAL,
    SELF_OPEN_FDS,
    SELF_MAX_FDS,
    SELF_THREADS,
    SELF_START_TIME,
    _SELF_N,
};

static const struct {
    const char *name;
    enum metric_type type;
    const char *help;
} families[_SELF_N] = {
    [SELF_BUILD_INFO] = { "udometer_build_info", METRIC_GAUGE,
                          "1, labelled with what this binary was built from." },
    [SELF_SERIES] = { "udometer_series", METRIC_GAUGE, "Series there are now, by type." },
    [SELF_FAMILIES] = { "udometer_families", METRIC_GAUGE, "Metric families there are now." },
    [SELF_SERIES_BYTES] = { "udometer_series_bytes", METRIC_GAUGE,
                            "Memory that families, series and cells take, or may come to take." },
    [SELF_EXPIRED] = { "udometer_expired_series_total", METRIC_COUNTER,
                       "Series let go of because nobody wrote to them for their time to live." },
    [SELF_LIMIT] = { "udometer_limit", METRIC_GAUGE, "The limits, as --limit.NAME has set them." },
    [SELF_CONNECTIONS] = { "udometer_connections", METRIC_GAUGE,
                           "Connections a worker has now, TCP and Unix streams." },
    [SELF_KEYS] = { "udometer_keys", METRIC_GAUGE, "Keys a worker has at hand now." },
    [SELF_BATCH] = { "udometer_batch_datagrams", METRIC_HISTOGRAM,
                     "Datagrams a worker got in one receive call." },
    [SELF_DROPS] = { "udometer_kernel_drops_total", METRIC_COUNTER,
                     "Datagrams the kernel dropped because a socket's buffer was full." },
    [SELF_READ_BUFFER] = { "udometer_receive_buffer_bytes", METRIC_GAUGE,
                           "Size of a socket's receive buffer as the kernel granted it." },
    [SELF_SCRAPE_DURATION] = { "udometer_scrape_duration_seconds", METRIC_HISTOGRAM,
                               "Time from a scrape's request to its last byte; earlier scrapes." },
    [SELF_SCRAPE_SIZE] = { "udometer_scrape_size_bytes", METRIC_HISTOGRAM,
                           "Length of a scrape's body before compression; earlier scrapes." },
    [SELF_SCRAPES_BROKEN] = { "udometer_scrapes_broken_total", METRIC_COUNTER,
                              "Scrapes that did not reach their end." },
    [SELF_CPU] = { "process_cpu_seconds_total", METRIC_COUNTER, "User and system CPU time." },
    [SELF_RESIDENT] = { "process_resident_memory_bytes", METRIC_GAUGE, "Resident memory." },
    [SELF_VIRTUAL] = { "process_virtual_memory_bytes", METRIC_GAUGE, "Virtual memory." },
    [SELF_OPEN_FDS] = { "process_open_fds", METRIC_GAUGE, "Open file descriptors." },
    [SELF_MAX_FDS] = { "process_max_fds", METRIC_GAUGE, "Limit of open file descriptors." },
    [SELF_THREADS] = { "process_threads", METRIC_GAUGE, "Threads." },
    [SELF_START_TIME] = { "process_start_time_seconds", METRIC_GAUGE,
                          "Start of the process, in seconds since 1970." },
};

int selfmetrics_batch_buckets(struct buckets **ret)
{
    double bounds[TELEMETRY_BATCH_BUCKETS - 1];

    for (unsigned i = 0; i < ARRAY_SIZE(bounds); i++)
        bounds[i] = 1u << i;
    return buckets_new(ret, bounds, ARRAY_SIZE(bounds));
}

/* --- names --------------------------------------------------------------------- */

static int reserve(struct registry *registry, const char *name, enum metric_type type)
{
    struct identity identity = { .family = slice_of(name) };

    identity.type = type == METRIC_HISTOGRAM ? SAMPLE_HISTOGRAM : SAMPLE_GAUGE;
    return registry_reserve(registry, &identity);
}

int selfmetrics_reserve(struct registry *registry)
{
    int r = 0;

    for (unsigned i = 0; i < _SELF_N && r == 0; i++)
        r = reserve(registry, families[i].name, families[i].type);
    for (unsigned i = 0; i < telemetry_n_items && r == 0; i++)
        if (i == 0 || strcmp(telemetry_items[i].family, telemetry_items[i - 1].family) != 0)
            r = reserve(registry, telemetry_items[i].family, METRIC_COUNTER);
    return r;
}

/* --- writing -------------------------------------------------------------------- */

static void begin(struct exposition *out, enum self_family family)
{
    exposition_begin_family(out, slice_of(families[family].name), families[family].type,
                            slice_of(families[family].help));
}

static void add(struct exposition *out, const char *labels, double value)
{
    exposition_add_sample(out, slice_of(labels), value);
}

/* A family of one sample without labels. */
static void add_single(struct exposition *out, enum self_family family, double value)
{
    begin(out, family);
    add(out, "", value);
}

static void write_telemetry(const struct selfmetrics *source, struct exposition *out)
{
    uint64_t sum[_TELEMETRY_N];
    const char *family = "";

    telemetry_sum(source->rows, source->n_rows, sum);
    for (unsigned i = 0; i < telemetry_n_items; i++) {
        const struct telemetry_item *item = &telemetry_items[i];

        if (strcmp(family, item->family) != 0)
            exposition_begin_family(out, slice_of(item->family), METRIC_COUNTER,
                                    slice_of(item->help));
        family = item->family;
        add(out, item->labels, (double)sum[item->counter]);
    }
}

static void write_registry(const struct selfmetrics *source, struct exposition *out)
{
    struct registry_counts counts = registry_count(source->registry);
    char labels[32];

    begin(out, SELF_SERIES);
    for (unsigned type = 0; type < _METRIC_TYPE_N; type++) {
        snprintf(labels, sizeof(labels), "type=\"%s\"", metric_type_name(type));
        add(out, labels, (double)counts.series[type]);
    }
    add_single(out, SELF_FAMILIES, (double)counts.families);
    add_single(out, SELF_SERIES_BYTES, (double)counts.bytes);
    add_single(out, SELF_EXPIRED,
               (double)atomic_load_explicit(source->n_expired, memory_order_relaxed));
}

static void write_limits(const struct settings *settings, struct exposition *out)
{
    char labels[64];

    begin(out, SELF_LIMIT);
    for (unsigned i = 0; i < settings_table.n; i++) {
        const struct option *option = &settings_table.options[i];

        if (!option->limit)
            continue;
        snprintf(labels, sizeof(labels), "limit=\"%s\"", option->limit);
        add(out, labels, (double)option_number(option, settings));
    }
}

static void write_batches(const struct selfmetrics *source, struct exposition *out, unsigned worker)
{
    uint64_t row[_TELEMETRY_N];
    char labels[32];

    telemetry_read(&source->rows[worker], row);
    snprintf(labels, sizeof(labels), "worker=\"%u\"", worker);
    exposition_add_histogram(out, &(struct exposition_histogram){
                                      slice_of(labels), source->batch_buckets,
                                      row + TELEMETRY_BATCHES, (double)row[TELEMETRY_DATAGRAMS] });
}

/* A level of each worker's. */
static void write_levels(const struct selfmetrics *source, struct exposition *out,
                         enum self_family family, enum telemetry_counter level)
{
    uint64_t row[_TELEMETRY_N];
    char labels[32];

    begin(out, family);
    for (unsigned worker = 0; worker < source->n_rows; worker++) {
        telemetry_read(&source->rows[worker], row);
        snprintf(labels, sizeof(labels), "worker=\"%u\"", worker);
        add(out, labels, (double)row[level]);
    }
}

static void write_workers(const struct selfmetrics *source, struct exposition *out)
{
    begin(out, SELF_BATCH);
    for (unsigned i = 0; i < source->n_rows; i++)
        write_batches(source, out, i);
    write_levels(source, out, SELF_KEYS, TELEMETRY_KEYS);
    write_levels(source, out, SELF_CONNECTIONS, TELEMETRY_CONNECTIONS);
}

/* A path may hold anything, so it is escaped as label values are. */
static void write_socket_labels(const struct listener_socket *socket, struct buffer *labels)
{
    const struct labels listener = {
        .items = { { SLICE("listener"), slice_of(socket->address) } },
        .n = 1,
    };
    char text[2 * sizeof(socket->address) + sizeof("listener=\"\"")];

    buffer_clear(labels);
    buffer_add(labels, labels_write(&listener, text));
    buffer_add_format(labels, ",worker=\"%u\"", socket->worker);
}

static void write_sockets(const struct selfmetrics *source, struct exposition *out,
                          enum self_family family)
{
    CLEANUP(buffer_deinit) struct buffer labels = { 0 };

    begin(out, family);
    for (unsigned i = 0; i < source->n_sockets; i++) {
        const struct listener_socket *socket = &source->sockets[i];
        double value = socket_read_buffer(socket->socket.fd);

        if (socket->socket.is_stream)
            continue;
        write_socket_labels(socket, &labels);
        if (family == SELF_DROPS)
            value = (double)socket_kernel_drops(socket->socket.fd);
        exposition_add_sample(out, buffer_text(&labels), value);
    }
}

static void write_scrapes(const struct scrape_stats *scrapes, struct exposition *out)
{
    begin(out, SELF_SCRAPE_DURATION);
    exposition_add_histogram(
        out, &(struct exposition_histogram){ SLICE(""), scrapes->duration_buckets,
                                             scrapes->duration_counts, scrapes->duration_sum_s });
    begin(out, SELF_SCRAPE_SIZE);
    exposition_add_histogram(out, &(struct exposition_histogram){ SLICE(""), scrapes->size_buckets,
                                                                  scrapes->size_counts,
                                                                  scrapes->size_sum_bytes });
    add_single(out, SELF_SCRAPES_BROKEN, (double)scrapes->n_broken);
}

static void write_process(const struct selfmetrics *source, struct exposition *out)
{
    struct process_stats process = process_read();

    add_single(out, SELF_CPU, process.cpu_seconds);
    add_single(out, SELF_RESIDENT, (double)process.resident_bytes);
    add_single(out, SELF_VIRTUAL, (double)process.virtual_bytes);
    add_single(out, SELF_OPEN_FDS, (double)process.open_fds);
    add_single(out, SELF_MAX_FDS, (double)process.max_fds);
    add_single(out, SELF_THREADS, (double)process.threads);
    add_single(out, SELF_START_TIME, source->start_time_s);
}

void selfmetrics_collect(const void *ctx, struct exposition *out)
{
    const struct selfmetrics *source = ctx;

    begin(out, SELF_BUILD_INFO);
    add(out, "compiler=\"" COMPILER "\",version=\"" UDOMETER_VERSION "\"", 1);
    write_telemetry(source, out);
    write_registry(source, out);
    write_limits(source->settings, out);
    write_workers(source, out);
    write_sockets(source, out, SELF_DROPS);
    write_sockets(source, out, SELF_READ_BUFFER);
    write_scrapes(source->scrapes, out);
    write_process(source, out);
}
