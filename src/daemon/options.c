/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Options
 *
 * Each field is assigned by name, so that a search for a setting finds where it goes.
 */

#include "daemon/options.h"

#include "base/clock.h"
#include "config/settings.h"
#include "config/type_ttl.h"

_Static_assert(OPTION_LIST_MAX <= LISTENERS_PER_PROTOCOL_MAX, "there is room for every listener");
_Static_assert(OPTIONS_MAX <= DAEMON_LIMITS_MAX, "there is room for every limit");

/* --- the pipeline, for the daemon and explain -------------------------------------------- */

struct pipeline_options options_pipeline(const struct settings *settings)
{
    return (struct pipeline_options){
        .resolve = {
            .limits = {
                .line = settings->line_length,
                .name = settings->name_length,
                .labels = settings->labels,
                .label_name = settings->label_name_length,
                .label_value = settings->label_value_length,
                .labels_text = settings->labels_length,
            },
            .dialects = (unsigned)settings->dogstatsd_tags << TAG_DOGSTATSD |
                        (unsigned)settings->influxdb_tags << TAG_INFLUXDB |
                        (unsigned)settings->librato_tags << TAG_LIBRATO |
                        (unsigned)settings->signalfx_tags << TAG_SIGNALFX |
                        (unsigned)settings->graphite_tags << TAG_GRAPHITE,
            .keeps_bare_tags = settings->bare_tags,
            .renames_scrape_labels = settings->scrape_labels == SETTINGS_RENAME,
            .has_container_label = settings->container_label,
            .keeps_container_prefix = settings->container_prefix,
            .has_origin = settings->exporter_metrics,
            .mapping = config_mapping(settings),
        },
        .has_check_gauges = settings->service_checks,
    };
}

struct registry_options options_registry(const struct settings *settings)
{
    return (struct registry_options){
        .max_series = settings->max_series,
        .max_family_series = settings->max_family_series,
        .max_bytes = settings->max_series_bytes,
        .max_totals = settings->max_totals,
        .max_new_names = settings->max_new_names,
        .wall_ms = clock_wall_ms,
    };
}

size_t options_max_key_bytes(const struct settings *settings)
{
    return settings->max_key_bytes;
}

/* The page of the self-metrics, or NULL if it is that of the series. */
static const char *selfmetrics_path(const struct settings *settings)
{
    return settings->selfmetrics_path[0] ? settings->selfmetrics_path : NULL;
}

struct reserved_names options_reserved_names(const struct settings *settings)
{
    return (struct reserved_names){
        .has_self_page = selfmetrics_path(settings),
        .has_exporter_names = settings->exporter_metrics,
    };
}

struct pipeline_reading options_reading(const struct settings *settings)
{
    return (struct pipeline_reading){
        .is_dogstatsd = settings->dialect == SETTINGS_DOGSTATSD,
        .has_totals = settings->counter == SETTINGS_ABSOLUTE,
        .has_senders_by_socket = settings->counter_sender == SETTINGS_SOCKET,
    };
}

/* --- the daemon ------------------------------------------------------------------------- */

static struct pipeline_reading reading_of(const struct value_listener *listener,
                                          struct pipeline_reading otherwise)
{
    return (struct pipeline_reading){
        .is_dogstatsd = value_trait_is_other(listener->dialect, otherwise.is_dogstatsd),
        .has_totals = value_trait_is_other(listener->counter, otherwise.has_totals),
        .has_senders_by_socket =
            value_trait_is_other(listener->sender, otherwise.has_senders_by_socket),
    };
}

static void add_listeners(struct listeners_options *options, enum listener_protocol protocol,
                          const struct option_list *list, struct pipeline_reading reading)
{
    for (unsigned i = 0; i < list->n; i++) {
        const struct value_listener *listener = settings_listener(list, i);

        options->listeners[options->n_listeners++] = (struct listener_options){
            .protocol = protocol,
            .address = listener->address,
            .reading = reading_of(listener, reading),
            .place = listener->place,
            .is_default = list->source == OPTION_DEFAULT,
        };
    }
}

static struct listeners_options listeners_options(const struct settings *settings)
{
    struct pipeline_reading reading = options_reading(settings);
    struct listeners_options options = {
        .reading = reading,
        .read_buffer_bytes = settings->read_buffer_bytes,
        .config_path = settings->config_file,
        .permissions = {
            .mode = settings->unix_mode,
            .owner = settings->unix_owner.user,
            .group = settings->unix_owner.group,
        },
    };

    add_listeners(&options, LISTENER_UDP, &settings->listen_udp, reading);
    add_listeners(&options, LISTENER_TCP, &settings->listen_tcp, reading);
    add_listeners(&options, LISTENER_UNIXGRAM, &settings->listen_unixgram, reading);
    add_listeners(&options, LISTENER_UNIX, &settings->listen_unix, reading);
    return options;
}

/* Add the limits that the self-metrics report, in the order of --help. */
static void add_limits(const struct settings *settings, struct daemon_options *options)
{
    for (unsigned i = 0; i < settings_table.n; i++) {
        const struct option *option = &settings_table.options[i];

        if (option->limit)
            options->limits[options->n_limits++] = (struct selfmetrics_limit){
                .name = option->limit,
                .value = option_number(option, settings),
            };
    }
}

/* The TTL for each type: its own, or that of all. */
static void set_ttls(const struct settings *settings, uint32_t ret[_METRIC_TYPE_N])
{
    const struct type_ttl *ttls = settings->type_ttls.items;

    for (unsigned type = 0; type < _METRIC_TYPE_N; type++)
        ret[type] = (uint32_t)settings->ttl_s;
    for (unsigned i = 0; i < settings->type_ttls.n; i++)
        ret[ttls[i].type] = (uint32_t)ttls[i].ttl_s;
}

void options_daemon(const struct settings *settings, struct daemon_options *ret)
{
    *ret = (struct daemon_options){
        .log_level = settings->log_level,
        .log_format = settings->log_format,
        .n_workers = (unsigned)settings->n_workers,
        .listeners = listeners_options(settings),
        .max_connections = settings->max_connections,
        .idle_max_s = (uint32_t)settings->idle_timeout_s,
        .pipeline = options_pipeline(settings),
        .registry = options_registry(settings),
        .max_key_bytes = options_max_key_bytes(settings),
        .unscraped_ttl_s = (uint32_t)settings->unscraped_ttl_s,
        .http_address = settings->listen_http,
        .http = {
            .max_connections = (unsigned)settings->max_http_connections,
            .max_address_connections = (unsigned)settings->max_http_address_connections,
            .max_requests = (unsigned)settings->max_requests,
            .head_max_ns = (int64_t)settings->request_timeout_s * CLOCK_NS_PER_S,
            .answer_max_ns = (int64_t)settings->answer_timeout_s * CLOCK_NS_PER_S,
        },
        .is_http_default = settings->http_source == OPTION_DEFAULT,
        .telemetry_path = settings->telemetry_path,
        .selfmetrics_path = selfmetrics_path(settings),
        .has_exporter_names = settings->exporter_metrics,
        .has_welcome = settings->welcome,
        .has_lifecycle = settings->lifecycle,
        .formats = { settings->openmetrics, settings->openmetrics_created },
        .settings = settings,
        .is_watching = settings->config_watch,
    };
    set_ttls(settings, ret->ttl_s);
    add_limits(settings, ret);
}
