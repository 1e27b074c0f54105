/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Environment
 *
 * The table says which variables to look for. Not everything that starts a program can leave a
 * variable out: "NAME: ${NAME}" in a compose file makes an empty one. So empty counts as unset, as
 * POSIX has it for LC_ALL.
 */

#include "config/environment.h"

#include <stdlib.h>

const char *environment_value(const struct option *option)
{
    CLEANUP(buffer_deinit) struct buffer name = { 0 };
    const char *value;

    option_write_variable(option, &name);
    buffer_add_char(&name, '\0');
    value = name.has_failed ? NULL : getenv(name.data);
    return value && value[0] ? value : NULL;
}

static void read_variable(const struct option *option, void *values, struct problems *problems)
{
    CLEANUP(buffer_deinit) struct buffer before = { 0 };
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
    const char *value = environment_value(option);

    if (!value || option->lowest_source > OPTION_ENVIRONMENT ||
        option_set(option, values, value, OPTION_ENVIRONMENT, &wrong) == 0)
        return;
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
