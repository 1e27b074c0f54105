/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Options
 *
 * Field by field, so that a search for a setting ends here.
 */

#include "daemon/options.h"

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
                        (unsigned)settings->signalfx_tags << TAG_SIGNALFX,
            .keeps_bare_tags = settings->bare_tags,
            .has_container_label = settings->container_label,
        },
        .has_check_gauges = settings->service_checks,
    };
}

unsigned options_limits(const struct settings *settings, struct selfmetrics_limit ret[OPTIONS_MAX])
{
    unsigned n = 0;

    for (unsigned i = 0; i < settings_table.n; i++) {
        const struct option *option = &settings_table.options[i];

        if (option->limit)
            ret[n++] = (struct selfmetrics_limit){ option->limit, option_number(option, settings) };
    }
    return n;
}

_Static_assert(OPTION_LIST_MAX <= LISTENERS_PER_PROTOCOL_MAX,
               "listeners have room for all of them");

static void add_listeners(struct listeners_options *options, enum listener_protocol protocol,
                          const struct option_list *list, const struct settings *settings)
{
    for (unsigned i = 0; i < list->n; i++) {
        const struct value_listener *listener = settings_listener(list, i);
        bool is_dogstatsd = settings->dialect == SETTINGS_DOGSTATSD;

        options->listeners[options->n_listeners++] = (struct listener_options){
            .protocol = protocol,
            .address = listener->address,
            .is_dogstatsd = listener->has_dialect ? listener->is_dogstatsd : is_dogstatsd,
        };
    }
}

struct listeners_options options_listeners(const struct settings *settings)
{
    struct listeners_options options = {
        .read_buffer_bytes = settings->read_buffer_bytes,
        .permissions = {
            .mode = settings->unix_mode,
            .owner = settings->unix_owner.user,
            .group = settings->unix_owner.group,
        },
    };

    add_listeners(&options, LISTENER_UDP, &settings->listen_udp, settings);
    add_listeners(&options, LISTENER_TCP, &settings->listen_tcp, settings);
    add_listeners(&options, LISTENER_UNIXGRAM, &settings->listen_unixgram, settings);
    add_listeners(&options, LISTENER_UNIX, &settings->listen_unix, settings);
    return options;
}
