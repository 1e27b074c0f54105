/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Settings
 *
 * A row of the table says where in struct settings a value goes and which kind of
 * value it is. A kind is a function that turns text into it.
 */

#include "daemon/settings.h"

#include "base/address.h"

#include <errno.h>
#include <stdlib.h>

struct setting {
    const char *name;
    const char *placeholder; /* for --help; NULL: a switch */
    const char *initial;     /* the default, as text */
    const char *(*set)(void *to, const char *text, enum settings_source source);
    size_t offset; /* of its value in struct settings */
    const char *help;
};

/* --- kinds ---------------------------------------------------------------------- */

static const char no_memory[] = "no memory for it";
static const char expected_address[] =
    "expected HOST:PORT, for example 127.0.0.1:8125 or [::1]:0, with a host that is known here";

static const char *set_text(void *to, const char *text, enum settings_source source)
{
    char **value = to, *copy = strdup(text);

    if (!copy)
        return no_memory;
    free(*value);
    *value = copy;
    return NULL;
}

static const char *set_address(void *to, const char *text, enum settings_source source)
{
    struct address address;

    return address_parse(&address, text) < 0 ? expected_address : set_text(to, text, source);
}

static const char *set_path(void *to, const char *text, enum settings_source source)
{
    static const char taken[] = "/-/";
    static const char path_characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/=";

    if (text[0] != '/' || text[1] == '\0' || strncmp(text, taken, strlen(taken)) == 0 ||
        strspn(text, path_characters) != strlen(text) || strlen(text) > 200)
        return "expected a path like /metrics of letters, digits and -._~/=, not below /-/";
    return set_text(to, text, source);
}

static void clear_list(struct settings_list *list)
{
    for (unsigned i = 0; i < list->n; i++)
        free(list->items[i]);
    list->n = 0;
}

static const char *add_address(struct settings_list *list, const char *text)
{
    const char *problem;

    if (list->n == SETTINGS_LISTENERS_MAX)
        return "expected at most 16 of them";
    list->items[list->n] = NULL;
    problem = set_address(&list->items[list->n], text, list->source);
    if (!problem)
        list->n++;
    return problem;
}

/* One address, or several with commas between them; the same source may go on with more. */
static const char *set_addresses(void *to, const char *text, enum settings_source source)
{
    struct settings_list *list = to;
    const char *problem = NULL;
    char *copy = strdup(text), *rest = copy, *item;

    if (!copy)
        return no_memory;
    if (list->source != source)
        clear_list(list);
    list->source = source;
    while (!problem && (item = strsep(&rest, ",")))
        problem = add_address(list, item);
    free(copy);
    return problem;
}

/* Read a whole number at the beginning of @text; what follows it is in @ret_rest. */
static bool read_number(const char *text, uint64_t *ret, const char **ret_rest)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    *ret_rest = end;
    return errno == 0;
}

/* A number and one of @n units. */
struct unit {
    const char *name;
    uint64_t factor;
};

static bool read_with_unit(const char *text, const struct unit *units, unsigned n, uint64_t *ret)
{
    uint64_t number;
    const char *rest;

    if (!read_number(text, &number, &rest))
        return false;
    for (unsigned i = 0; i < n; i++)
        if (strcmp(rest, units[i].name) == 0)
            return !__builtin_mul_overflow(number, units[i].factor, ret);
    return false;
}

static const char *set_bytes(void *to, const char *text, enum settings_source source)
{
    static const struct unit units[] = { { "", 1 },
                                         { "KiB", UINT64_C(1) << 10 },
                                         { "MiB", UINT64_C(1) << 20 },
                                         { "GiB", UINT64_C(1) << 30 } };
    uint64_t value;

    if (!read_with_unit(text, units, ARRAY_SIZE(units), &value) || value < 4096 ||
        value > UINT64_C(1) << 40)
        return "expected a size from 4KiB to 1024GiB, in bytes or with KiB, MiB or GiB";
    *(uint64_t *)to = value;
    return NULL;
}

/* A size that has to fit into the int of a socket option, and be doubled there. */
static const char *set_socket_bytes(void *to, const char *text, enum settings_source source)
{
    uint64_t value;
    const char *problem = set_bytes(&value, text, source);

    if (problem || value > UINT64_C(1) << 30)
        return "expected a size from 4KiB to 1GiB, in bytes or with KiB, MiB or GiB";
    *(uint64_t *)to = value;
    return NULL;
}

static const char *set_duration(void *to, const char *text, enum settings_source source)
{
    static const struct unit units[] = { { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
    uint64_t value;

    if (!read_with_unit(text, units, ARRAY_SIZE(units), &value) || value > 1000000000)
        return "expected a duration like 90s, 15m, 12h or 7d; 0s means for ever";
    *(uint64_t *)to = value;
    return NULL;
}

static const char *set_count(void *to, const char *text, enum settings_source source)
{
    uint64_t value;
    const char *rest;

    if (!read_number(text, &value, &rest) || *rest || value < 1 || value > 1000000000)
        return "expected a whole number from 1 to 1000000000";
    *(uint64_t *)to = value;
    return NULL;
}

static const char *set_workers(void *to, const char *text, enum settings_source source)
{
    uint64_t value;
    const char *rest;

    if (!read_number(text, &value, &rest) || *rest || value > 64)
        return "expected a whole number from 1 to 64, or 0 to let it choose";
    *(uint64_t *)to = value;
    return NULL;
}

static const char *set_log_level(void *to, const char *text, enum settings_source source)
{
    static const char *const words[] = { "debug", "info", "warn", "error" };

    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            *(enum log_level *)to = (enum log_level)i;
            return NULL;
        }
    }
    return "expected debug, info, warn or error";
}

static const char *set_log_format(void *to, const char *text, enum settings_source source)
{
    if (strcmp(text, "logfmt") != 0 && strcmp(text, "json") != 0)
        return "expected logfmt or json";
    *(enum log_format *)to = text[0] == 'j' ? LOG_JSON : LOG_LOGFMT;
    return NULL;
}

static const char *set_switch(void *to, const char *text, enum settings_source source)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return "expected true or false";
    *(bool *)to = text[0] == 't';
    return NULL;
}

/* --- the table ------------------------------------------------------------------- */

#define AT(member) offsetof(struct settings, member)

static const struct setting table[] = {
    { "config.file", "PATH", "", set_text, AT(config_file),
      "YAML file with settings; keys are the names of these flags" },
    { "statsd.listen-udp", "HOST:PORT", "127.0.0.1:8125", set_addresses, AT(listen_udp),
      "where to receive datagrams; may be repeated; port 0 lets the kernel choose" },
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
      "series to hold; samples of further ones are refused and counted" },
    { "limit.series-memory", "BYTES", "1GiB", set_bytes, AT(max_series_bytes),
      "memory for series, likewise" },
    { "limit.key-memory", "BYTES", "256MiB", set_bytes, AT(max_key_bytes),
      "memory of each worker for the keys it has at hand; the oldest make room" },
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
    clear_list(&settings->listen_udp);
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
    return setting->set == set_addresses;
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

void settings_write_help(struct buffer *out)
{
    buffer_add_literal(out, help_head);
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        const struct setting *setting = &table[i];

        if (setting->placeholder)
            buffer_add_format(out, "  --%s=%s\n      %s", setting->name, setting->placeholder,
                              setting->help);
        else
            buffer_add_format(out, "  --%s\n      %s", setting->name, setting->help);
        if (setting->placeholder && setting->initial[0])
            buffer_add_format(out, " (default %s)", setting->initial);
        buffer_add_char(out, '\n');
    }
    buffer_add_literal(out, help_tail);
}
