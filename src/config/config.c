/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Config
 *
 * Flags are read twice: first to check that they exist and to find --config.file, then,
 * after the file and the environment, to set what they say.
 */

#include "config/config.h"

#include "config/command_line.h"
#include "config/settings.h"
#include "config/settings_file.h"

#include <errno.h>
#include <stdlib.h>

int config_new(struct settings **ret)
{
    struct settings *settings = malloc(sizeof(*settings));

    if (!settings || settings_init(settings) < 0) {
        free(settings);
        return -ENOMEM;
    }
    *ret = settings;
    return 0;
}

void config_free(struct settings *settings)
{
    if (!settings)
        return;
    settings_deinit(settings);
    free(settings);
}

/* --- sources ------------------------------------------------------------------------- */

static enum config_outcome read_flags(const struct command_line *line, const struct option *only,
                                      struct settings *settings, struct buffer *problem)
{
    switch (command_line_read(line, only, settings, problem)) {
    case COMMAND_LINE_RUN: return CONFIG_RUN;
    case COMMAND_LINE_HELP: return CONFIG_HELP;
    case COMMAND_LINE_VERSION: return CONFIG_VERSION;
    case COMMAND_LINE_WRONG: return CONFIG_USAGE_ERROR;
    }
    return CONFIG_USAGE_ERROR;
}

/* The file's path may itself come from the environment or a flag. */
static enum config_outcome find_file(const struct command_line *line, struct settings *settings,
                                     struct buffer *problem)
{
    const struct option *config_file = option_find(&settings_table, SLICE("config.file"));

    if (!command_line_read_variable(config_file, settings, problem))
        return CONFIG_USAGE_ERROR;
    return read_flags(line, config_file, settings, problem);
}

enum config_outcome config_load(struct settings *settings, int argc, char **argv,
                                struct problems *problems)
{
    CLEANUP(buffer_deinit) struct buffer problem = { 0 };
    const struct command_line line = {
        .command = "udometer",
        .table = &settings_table,
        .has_version = true,
        .has_next_word = true,
        .argc = argc,
        .argv = argv,
    };
    enum config_outcome outcome = find_file(&line, settings, &problem);

    if (outcome == CONFIG_RUN && settings->config_file[0] &&
        !settings_file_read(settings, settings->config_file, problems))
        outcome = CONFIG_FILE_ERROR;
    if (outcome == CONFIG_RUN && !command_line_read_variables(&settings_table, settings, &problem))
        outcome = CONFIG_USAGE_ERROR;
    if (outcome == CONFIG_RUN)
        outcome = read_flags(&line, NULL, settings, &problem);
    if (problem.len)
        problems_add(problems, PLACE_NONE, "%.*s", (int)problem.len, problem.data);
    return outcome == CONFIG_RUN && settings->check_config ? CONFIG_CHECK : outcome;
}

/* --- help ------------------------------------------------------------------------ */

static const char help_head[] =
    "udometer receives StatsD samples, aggregates them into series, and serves them to "
    "Prometheus.\n"
    "\n"
    "Usage: udometer [--FLAG=VALUE]...\n"
    "       udometer send TYPE NAME [VALUE] [key=value]... send a sample\n"
    "       udometer explain [--FLAG=VALUE]... [LINE]...   show what becomes of a line, and why\n"
    "       udometer bench [--FLAG=VALUE]...               generate load, and measure losses\n"
    "\n";

static const char help_tail[] =
    "  --help\n"
    "      print this and exit\n"
    "  --version\n"
    "      print the version and exit\n"
    "\n"
    "Each flag also has an environment variable, UDOMETER_ and the flag in capitals\n"
    "(UDOMETER_STATSD_LISTEN_UDP), and a key in the config file (statsd.listen-udp).\n"
    "Flags override the environment, which overrides the config file, which overrides\n"
    "the defaults.\n"
    "\n"
    "On SIGTERM and SIGINT, udometer applies what is in the socket buffers, then exits\n"
    "with status 0. Exit status 1: it could not start. 2: a flag or variable is invalid.\n";

void config_write_help(struct buffer *out)
{
    buffer_add_literal(out, help_head);
    option_write_help(&settings_table, out);
    buffer_add_literal(out, help_tail);
}
