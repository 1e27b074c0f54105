/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Hosts
 *
 * A value that is by number, or localhost, needs no name server: see address_parse_all().
 */

#include "config/hosts.h"

#include "base/address.h"

#include <errno.h>
#include <stddef.h>

/* An address in the settings. */
struct host {
    const struct option *option;
    enum option_source source;
    struct place place;
    const char *address;
};

/* Returns whether it is known. */
static bool look_up(const struct settings *settings, const struct host *host,
                    struct problems *problems)
{
    CLEANUP(buffer_deinit) struct buffer before = { 0 }, wrong = { 0 };
    struct address_list list;
    int r = address_parse_all(&list, host->address);

    if (r == 0)
        return true;
    option_write_before(host->option, host->source, &before);
    problems->has_no_memory |= r == -ENOMEM;
    value_refuse_address(&wrong, r);
    if (host->source == OPTION_FILE)
        problems->path = settings->config_file;
    problems_add_value(problems, host->place, buffer_text(&before), slice_of(host->address),
                       buffer_text(&wrong));
    problems->path = NULL;
    return false;
}

static const struct option *find(const char *name)
{
    return option_find(&settings_table, slice_of(name));
}

static enum option_source look_up_list(const struct settings *settings, const char *name,
                                       const struct option_list *list, struct problems *problems)
{
    bool are_known = true;

    for (unsigned i = 0; i < list->n; i++) {
        const struct value_listener *listener = settings_listener(list, i);
        const struct host host = { find(name), list->source, listener->place, listener->address };

        are_known &= look_up(settings, &host, problems);
    }
    return are_known ? OPTION_DEFAULT : list->source;
}

static enum option_source look_up_page(const struct settings *settings, struct problems *problems)
{
    const struct option *option = find("web.listen-address");
    const struct host host = {
        option,
        settings->http_source,
        settings->places[option_index(&settings_table, option)],
        settings->listen_http,
    };

    return look_up(settings, &host, problems) ? OPTION_DEFAULT : settings->http_source;
}

static enum option_source higher(enum option_source a, enum option_source b)
{
    return a > b ? a : b;
}

enum option_source hosts_look_up(const struct settings *settings, struct problems *problems)
{
    enum option_source source = look_up_page(settings, problems);

    source = higher(source,
                    look_up_list(settings, "statsd.listen-udp", &settings->listen_udp, problems));
    return higher(source,
                  look_up_list(settings, "statsd.listen-tcp", &settings->listen_tcp, problems));
}
