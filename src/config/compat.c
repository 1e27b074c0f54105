/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Compat
 *
 * A mode is a row: other defaults, flags to ignore, and what observations become. Defaults are
 * replaced before the config file, the variables and the flags are read, so that each of these
 * still overrides them. Nothing else in udometer asks for the mode.
 *
 * The defaults are those of https://github.com/prometheus/statsd_exporter, main.go.
 */

#include "config/compat.h"

#include "config/environment.h"
#include "config/foreign.h"

struct other_default {
    const char *name, *value;
};

static const struct other_default of_statsd_exporter[] = {
    { "statsd.listen-udp", ":9125" },
    { "statsd.listen-tcp", ":9125" },
    { "statsd.unixsocket-mode", "755" },
    { "web.listen-address", ":9102" },
    /* It does not know them, and its rules may match names that contain them. */
    { "statsd.parse-graphite-tags", "false" },
    /* It takes the ID as it is. */
    { "statsd.container-label", "true" },
    { "statsd.container-prefix", "true" },
    { "web.statsd-exporter-metrics", "true" },
    /* Its counters keep their names. */
    { "web.openmetrics", "false" },
};

static const struct mode {
    const struct other_default *defaults;
    unsigned n;
    const char *(*ignored_flags)(struct slice name);
    enum observer observer;
} modes[] = {
    [SETTINGS_NONE] = { 0 },
    [SETTINGS_STATSD_EXPORTER] = {
        .defaults = of_statsd_exporter,
        .n = ARRAY_SIZE(of_statsd_exporter),
        .ignored_flags = foreign_ignored,
        .observer = OBSERVER_SUMMARY,
    },
};

enum settings_compat compat_find(const struct command_line *line)
{
    const struct option *option = option_find(line->table, SLICE("compat"));
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
    enum settings_compat compat = SETTINGS_NONE;
    const char *text = command_line_value(line, option);

    if (!text)
        text = environment_value(option);
    if (!text || option->form->read(&compat, text, &option->range, &wrong) < 0)
        return SETTINGS_NONE;
    return compat;
}

typeof(((struct command_line *)0)->ignore) compat_ignored_flags(enum settings_compat compat)
{
    return modes[compat].ignored_flags;
}

void compat_apply(enum settings_compat compat, struct settings *settings, struct problems *problems)
{
    const struct mode *mode = &modes[compat];
    int r = 0;

    for (unsigned i = 0; i < mode->n && r == 0; i++)
        r = option_set_default(option_find(&settings_table, slice_of(mode->defaults[i].name)),
                               settings, mode->defaults[i].value);
    if (r < 0)
        problems_add(problems, PLACE_NONE, "out of memory");
}

enum observer compat_observer(enum settings_compat compat)
{
    return modes[compat].observer;
}

bool compat_has_default(enum settings_compat compat, const char *name)
{
    for (unsigned i = 0; i < modes[compat].n; i++)
        if (strcmp(modes[compat].defaults[i].name, name) == 0)
            return true;
    return false;
}
