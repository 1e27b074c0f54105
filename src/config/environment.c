/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Environment
 *
 * The table says which variables to look for. Not everything that starts a program can leave a
 * variable out: "NAME: ${NAME}" in a compose file makes an empty one. So empty counts as unset, as
 * POSIX has it for LC_ALL.
 */

#include "config/environment.h"

#include "base/spelling.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

const char *environment_value(const struct option *option)
{
    char name[OPTION_VARIABLE_MAX];
    const char *value;

    option_variable(option, name);
    value = getenv(name);
    return value && value[0] ? value : NULL;
}

static void read_variable(const struct option *option, void *values, struct problems *problems)
{
    CLEANUP(buffer_deinit) struct buffer before = { 0 };
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
    const char *value = environment_value(option);
    int r;

    if (!value || option->lowest_source > OPTION_ENVIRONMENT)
        return;
    r = option_set(option, values, value, OPTION_ENVIRONMENT, &wrong);
    if (r == 0)
        return;
    problems->has_no_memory |= r == -ENOMEM;
    option_write_variable(option, &before);
    buffer_add_char(&before, '=');
    problems_add_value(problems, PLACE_NONE, buffer_text(&before), slice_of(value),
                       buffer_text(&wrong));
}

bool environment_read(const struct option_table *table, void *values, struct problems *problems)
{
    unsigned n_before = problems->n;

    for (unsigned i = 0; i < table->n; i++)
        read_variable(&table->options[i], values, problems);
    return problems->n == n_before;
}

/* --- variables that set nothing --------------------------------------------------------- */

/*
 * Not options, but named likewise: what the clients read (clients/README.md, and
 * clients/shell/README.md). A bot and the daemon may well share an environment.
 */
static const struct option of_clients[] = {
    { .name = "url" },   { .name = "prefix" }, { .name = "tags" },
    { .name = "debug" }, { .name = "state" },
};

/* The option among @options whose variable is @name, or NULL. */
static const struct option *find_option(const struct option *options, unsigned n, struct slice name)
{
    for (unsigned i = 0; i < n; i++) {
        CLEANUP(buffer_deinit) struct buffer variable = { 0 };

        option_write_variable(&options[i], &variable);
        if (slice_equal(buffer_text(&variable), name))
            return &options[i];
    }
    return NULL;
}

/*
 * Whether Kubernetes, or Docker for a linked container, made this variable for a service called
 * "udometer" or "udometer-…": UDOMETER_SERVICE_HOST, UDOMETER_SERVICE_PORT_WEB,
 * UDOMETER_PORT=tcp://10.0.0.11:9102, UDOMETER_PORT_9102_TCP_ADDR.
 * (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables)
 */
static bool is_of_a_service(const char *name, struct slice value)
{
    const char *port = strstr(name, "_PORT");

    if (strstr(name, "_SERVICE_HOST=") || strstr(name, "_SERVICE_PORT"))
        return true;
    if (!port || port > value.at)
        return false;
    port += strlen("_PORT");
    if (*port == '=')
        return memmem(value.at, value.len, "://", 3) != NULL;
    return port[0] == '_' && port[1] >= '0' && port[1] <= '9';
}

/* The option whose variable is most similar to @name, or NULL. */
static const struct option *find_nearest(const struct option_table *table, struct slice name)
{
    CLEANUP(buffer_deinit) struct buffer word = { 0 };
    const struct option *found;
    struct spelling spelling;

    /* As an option would be named, except for its dots, which count as wrong bytes. */
    for (size_t i = strlen(OPTION_VARIABLE); i < name.len; i++)
        buffer_add_char(&word, name.at[i] == '_' ? '-' : (char)(name.at[i] | 0x20));
    spelling_init(&spelling, buffer_text(&word));
    for (unsigned i = 0; i < table->n; i++)
        if (table->options[i].lowest_source <= OPTION_ENVIRONMENT)
            spelling_try(&spelling, slice_of(table->options[i].name));
    for (unsigned i = 0; i < ARRAY_SIZE(of_clients); i++)
        spelling_try(&spelling, slice_of(of_clients[i].name));
    if (!spelling.nearest.len)
        return NULL;
    found = option_find(table, spelling.nearest);
    for (unsigned i = 0; i < ARRAY_SIZE(of_clients) && !found; i++)
        if (spelling.nearest.at == of_clients[i].name)
            found = &of_clients[i];
    return found;
}

static void warn_of_unknown(const struct option_table *table, struct slice name,
                            struct problems *warnings)
{
    CLEANUP(buffer_deinit) struct buffer variable = { 0 };
    /* Comparing with all names is slow, and the text would not be kept. */
    const struct option *nearest = problems_are_many(warnings) ? NULL : find_nearest(table, name);

    if (nearest)
        option_write_variable(nearest, &variable);
    if (nearest && !variable.has_failed)
        problems_add(warnings, PLACE_NONE, "%.*s: sets nothing; did you mean %.*s?", (int)name.len,
                     name.at, (int)variable.len, variable.data);
    else
        problems_add(warnings, PLACE_NONE, "%.*s: sets nothing; see udometer --help", (int)name.len,
                     name.at);
}

static void check_variable(const struct option_table *table, struct slice name,
                           struct problems *warnings)
{
    const struct option *option = find_option(table->options, table->n, name);

    if (!option && !find_option(of_clients, ARRAY_SIZE(of_clients), name))
        warn_of_unknown(table, name, warnings);
    else if (option && option->lowest_source > OPTION_ENVIRONMENT)
        problems_add(warnings, PLACE_NONE, "%.*s: sets nothing; use the flag --%s", (int)name.len,
                     name.at, option->name);
}

void environment_warn(const struct option_table *table, struct problems *warnings)
{
    for (char **entry = environ; entry && *entry; entry++) {
        struct slice value = slice_of(*entry), name = slice_cut(&value, '=');

        if (value.len && slice_starts_with(name, SLICE(OPTION_VARIABLE)) &&
            !is_of_a_service(*entry, value))
            check_variable(table, name, warnings);
    }
}
