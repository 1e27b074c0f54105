/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Config
 *
 * Flags are read twice: first to see that they are flags and to find
 * --config.file, then, after the file and the environment, to be obeyed.
 */

#include "config/config.h"

#include "config/command_line.h"
#include "config/settings_file.h"

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
    return outcome;
}
