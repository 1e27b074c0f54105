/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Settings
 *
 * A row of the table says where in struct settings a value goes and which kind of
 * value it is (setting_kinds.h).
 */

#include "config/setting_kinds.h"

#include <errno.h>
#include <stdlib.h>

struct setting {
    const char *name;
    const char *placeholder; /* for --help; NULL: a switch */
    const char *initial;     /* the default, as text */
    setting_kind *set;
    size_t offset; /* of its value in struct settings */
    const char *help;
};

/* --- the table ------------------------------------------------------------------- */

#define AT(member) offsetof(struct settings, member)

static const struct setting table[] = {
    { "config.file", "PATH", "", set_text, AT(config_file),
      "YAML file with settings; keys are the names of these flags" },
    { "statsd.listen-udp", "HOST:PORT", "127.0.0.1:8125", set_addresses, AT(listen_udp),
      "where to receive datagrams; may be repeated; port 0 lets the kernel choose; empty: "
      "nowhere" },
    { "statsd.listen-tcp", "HOST:PORT", "", set_addresses, AT(listen_tcp),
      "where to receive lines by TCP" },
    { "statsd.listen-unixgram", "PATH", "", set_socket_paths, AT(listen_unixgram),
      "socket file at which to receive datagrams" },
    { "statsd.listen-unix", "PATH", "", set_socket_paths, AT(listen_unix),
      "socket file at which to receive streams, of lines or of DogStatsD's frames" },
    { "statsd.unixsocket-mode", "MODE", "0660", set_mode, AT(unix_mode),
      "mode of these files, in octal; senders need the right to write" },
    { "statsd.unixsocket-owner", "USER:GROUP", "", set_owner, AT(unix_owner),
      "owner of these files; either part may be missing" },
    { "statsd.dialect", "DIALECT", "statsd", set_dialect, AT(is_dogstatsd),
      "statsd: a gauge with a sign is added; dogstatsd: it is set; ADDRESS?dialect=… for one "
      "alone" },
    { "statsd.parse-dogstatsd-tags", NULL, "true", set_switch, AT(dogstatsd_tags),
      "understand name:1|c|#key:value" },
    { "statsd.parse-influxdb-tags", NULL, "true", set_switch, AT(influxdb_tags),
      "understand name,key=value:1|c" },
    { "statsd.parse-librato-tags", NULL, "true", set_switch, AT(librato_tags),
      "understand name#key=value:1|c" },
    { "statsd.parse-signalfx-tags", NULL, "true", set_switch, AT(signalfx_tags),
      "understand name[key=value]:1|c" },
    { "statsd.bare-tags", NULL, "false", set_switch, AT(bare_tags),
      "take a tag without a value for key=\"true\" instead of dropping it" },
    { "statsd.container-label", NULL, "false", set_switch, AT(container_label),
      "make DogStatsD's |c:ID the label container_id" },
    { "statsd.service-checks", NULL, "false", set_switch, AT(service_checks),
      "make DogStatsD's service checks gauges of their status, 0 to 3" },
    { "statsd.read-buffer", "BYTES", "8MiB", set_socket_bytes, AT(read_buffer_bytes),
      "receive buffer to ask the kernel for, for each socket" },
    { "statsd.ttl", "DURATION", "0s", set_duration, AT(ttl_s),
      "forget a series that nobody wrote to for so long; 0s: never" },
    { "web.listen-address", "HOST:PORT", "127.0.0.1:9102", set_address, AT(listen_http),
      "where to serve metrics and the other pages" },
    { "web.telemetry-path", "PATH", "/metrics", set_path, AT(telemetry_path),
      "path of the page that Prometheus scrapes" },
    { "workers", "N", "0", set_workers, AT(n_workers),
      "threads that receive, each with a socket of its own; 0: one for each of two cores" },
    { "limit.series", "N", "2000000", set_count, AT(max_series),
      "series to hold; samples of further ones go to their family's overflow series" },
    { "limit.family-series", "N", "200000", set_count, AT(max_family_series),
      "series of one family to hold, likewise" },
    { "limit.series-memory", "BYTES", "1GiB", set_bytes, AT(max_series_bytes),
      "memory for series, likewise" },
    { "limit.key-memory", "BYTES", "256MiB", set_bytes, AT(max_key_bytes),
      "memory of each worker for the keys it has at hand; disused ones make room" },
    { "limit.line-length", "BYTES", "65536", set_up_to_1048576, AT(line_length),
      "longest line; longer ones are refused, as with the following limits" },
    { "limit.name-length", "BYTES", "512", set_up_to_4096, AT(name_length),
      "longest name, without its tags" },
    { "limit.labels", "N", "64", set_up_to_256, AT(labels), "labels of a sample" },
    { "limit.label-name-length", "BYTES", "256", set_up_to_1024, AT(label_name_length),
      "longest key of a tag" },
    { "limit.label-value-length", "BYTES", "2048", set_up_to_16384, AT(label_value_length),
      "longest value of a tag" },
    { "limit.labels-length", "BYTES", "8192", set_up_to_65536, AT(labels_length),
      "longest text of all labels of a sample together, as Prometheus is shown them" },
    { "limit.connections", "N", "1024", set_up_to_65536, AT(max_connections),
      "connections by TCP and Unix streams; further ones are closed at once" },
    { "log.level", "LEVEL", "info", set_log_level, AT(log_level),
      "least level of lines to log: debug, info, warn or error" },
    { "log.format", "FORMAT", "logfmt", set_log_format, AT(log_format),
      "form of log lines: logfmt or json" },
    { "check-config", NULL, "false", set_switch, AT(check_config),
      "check flags, environment and config file, and exit" },
    { "welcome", NULL, "false", set_switch, AT(welcome),
      "print what to try first, once everything is open" },
};

_Static_assert(ARRAY_SIZE(table) <= SETTINGS_MAX, "SETTINGS_MAX is too small");

int settings_init(struct settings *settings)
{
    *settings = (struct settings){ 0 };
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        if (setting_set(&table[i], settings, table[i].initial, SETTINGS_DEFAULT)) {
            settings_deinit(settings);
            return -ENOMEM;
        }
    }
    return 0;
}

void settings_deinit(struct settings *settings)
{
    free(settings->config_file);
    settings_list_clear(&settings->listen_udp);
    settings_list_clear(&settings->listen_tcp);
    settings_list_clear(&settings->listen_unixgram);
    settings_list_clear(&settings->listen_unix);
    free(settings->listen_http);
    free(settings->telemetry_path);
    *settings = (struct settings){ 0 };
}

const struct setting *settings_find(struct slice name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
        if (slice_equal(slice_of(table[i].name), name))
            return &table[i];
    return NULL;
}

unsigned settings_count(void)
{
    return ARRAY_SIZE(table);
}

const struct setting *settings_at(unsigned i)
{
    return &table[i];
}

const char *setting_name(const struct setting *setting)
{
    return setting->name;
}

bool setting_is_switch(const struct setting *setting)
{
    return !setting->placeholder;
}

bool setting_is_list(const struct setting *setting)
{
    return setting->set == set_addresses || setting->set == set_socket_paths;
}

bool setting_is_limit(const struct setting *setting, const struct settings *settings,
                      const char **ret_name, uint64_t *ret_value)
{
    static const struct slice prefix = { "limit.", 6 };

    if (!slice_starts_with(slice_of(setting->name), prefix))
        return false;
    *ret_name = setting->name + prefix.len;
    /* All limits are numbers of this type. */
    memcpy(ret_value, (const char *)settings + setting->offset, sizeof(*ret_value));
    return true;
}

unsigned setting_index(const struct setting *setting)
{
    return (unsigned)(setting - table);
}

bool settings_have_prefix(struct slice prefix)
{
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++)
        if (slice_starts_with(slice_of(table[i].name), prefix) && table[i].name[prefix.len] == '.')
            return true;
    return false;
}

void setting_write_variable(const struct setting *setting, struct buffer *out)
{
    buffer_add_literal(out, "UDOMETER_");
    for (const char *c = setting->name; *c; c++) {
        if (*c == '.' || *c == '-')
            buffer_add_char(out, '_');
        else
            buffer_add_char(out, (char)(*c - 'a' + 'A'));
    }
}

const char *setting_set(const struct setting *setting, struct settings *settings, const char *text,
                        enum settings_source source)
{
    return setting->set((char *)settings + setting->offset, text, source);
}

/* --- help ------------------------------------------------------------------------ */

static const char help_head[] =
    "udometer receives StatsD datagrams, merges them into series, and serves these to Prometheus.\n"
    "\n"
    "Usage: udometer [--FLAG=VALUE]...\n"
    "       udometer send TYPE NAME [VALUE] [key=value]... send a sample\n"
    "       udometer explain [--FLAG=VALUE]... [LINE]...   what it would make of a line, and why\n"
    "       udometer bench [--FLAG=VALUE]...               send load, and measure what is lost\n"
    "\n";

static const char help_tail[] =
    "  --help\n"
    "      print this and exit\n"
    "  --version\n"
    "      print the version and exit\n"
    "\n"
    "Each flag has an environment variable, named UDOMETER_ and the flag in capitals\n"
    "(UDOMETER_STATSD_LISTEN_UDP), and a key in the config file (statsd.listen-udp).\n"
    "Flags beat the environment, which beats the config file, which beats the defaults.\n"
    "\n"
    "SIGTERM and SIGINT apply what lies in the socket buffers, then exit with status 0.\n"
    "Exit status 1: it could not start. 2: a flag or variable is wrong.\n";

/* A switch that one may want to switch off. */
static bool is_on(const struct setting *setting)
{
    return !setting->placeholder && strcmp(setting->initial, "true") == 0;
}

void settings_write_help(struct buffer *out)
{
    buffer_add_literal(out, help_head);
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        const struct setting *setting = &table[i];

        if (setting->placeholder)
            buffer_add_format(out, "  --%s=%s\n      %s", setting->name, setting->placeholder,
                              setting->help);
        else
            buffer_add_format(out, "  --%s%s\n      %s", is_on(setting) ? "[no-]" : "",
                              setting->name, setting->help);
        if (is_on(setting) || (setting->placeholder && setting->initial[0]))
            buffer_add_format(out, " (default %s)", setting->initial);
        buffer_add_char(out, '\n');
    }
    buffer_add_literal(out, help_tail);
}
