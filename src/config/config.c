/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Config
 *
 * Flags are read twice: first to see that they are flags and to find
 * --config.file, then, after the file and the environment, to be obeyed.
 */

#include "config/config.h"

#include "config/config_file.h"

#include <stdlib.h>

/* A flag of the command line, taken apart. */
struct flag {
    const struct setting *setting;
    const char *value;
    const char *as_given;
};

/* Take the flag at argv[*i], moving *i over what belongs to it. */
static bool take_flag(int argc, char **argv, int *i, struct flag *ret, struct buffer *problem)
{
    const char *arg = argv[(*i)++], *equals = strchr(arg, '=');
    struct slice name = { arg + 2, equals ? (size_t)(equals - arg - 2) : strlen(arg) - 2 };
    bool is_negated = false;

    *ret = (struct flag){ .as_given = arg };
    ret->setting = settings_find(name);
    if (!ret->setting && !equals && slice_starts_with(name, SLICE("no-"))) {
        ret->setting = settings_find((struct slice){ name.at + 3, name.len - 3 });
        is_negated = true;
    }
    if (!ret->setting || (is_negated && !setting_is_switch(ret->setting))) {
        buffer_add_format(problem, "%s: there is no such flag; see udometer --help", arg);
        return false;
    }
    if (equals)
        ret->value = equals + 1;
    else if (setting_is_switch(ret->setting))
        ret->value = is_negated ? "false" : "true";
    else if (*i < argc)
        ret->value = argv[(*i)++];
    else
        buffer_add_format(problem, "%s: needs a value; see udometer --help", arg);
    return ret->value != NULL;
}

static bool set_flag(struct settings *settings, const struct flag *flag, struct buffer *problem)
{
    const char *wrong = setting_set(flag->setting, settings, flag->value, SETTINGS_FLAG);

    if (wrong)
        buffer_add_format(problem, "--%s=%s: %s", setting_name(flag->setting), flag->value, wrong);
    return !wrong;
}

/* Go through all flags; obey those that @only names, or all of them. */
static enum config_outcome read_flags(struct settings *settings, int argc, char **argv,
                                      const struct setting *only, struct buffer *problem)
{
    struct flag flag;
    int i = 1;

    while (i < argc) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return CONFIG_HELP;
        if (strcmp(argv[i], "--version") == 0)
            return CONFIG_VERSION;
        if (strncmp(argv[i], "--", 2) != 0) {
            buffer_add_format(problem, "%s: expected a flag, --NAME=VALUE; see udometer --help",
                              argv[i]);
            return CONFIG_USAGE_ERROR;
        }
        if (!take_flag(argc, argv, &i, &flag, problem))
            return CONFIG_USAGE_ERROR;
        if ((!only || flag.setting == only) && !set_flag(settings, &flag, problem))
            return CONFIG_USAGE_ERROR;
    }
    return CONFIG_RUN;
}

static enum config_outcome read_variable(struct settings *settings, const struct setting *setting,
                                         struct buffer *problem)
{
    CLEANUP(buffer_deinit) struct buffer name = { 0 };
    const char *value, *wrong;

    setting_write_variable(setting, &name);
    buffer_add_char(&name, '\0');
    value = name.has_failed ? NULL : getenv(name.data);
    if (!value)
        return CONFIG_RUN;
    wrong = setting_set(setting, settings, value, SETTINGS_ENVIRONMENT);
    if (!wrong)
        return CONFIG_RUN;
    buffer_add_format(problem, "%s=%s: %s", name.data, value, wrong);
    return CONFIG_USAGE_ERROR;
}

static enum config_outcome read_environment(struct settings *settings, struct buffer *problem)
{
    enum config_outcome outcome = CONFIG_RUN;

    for (unsigned i = 0; i < settings_count() && outcome == CONFIG_RUN; i++)
        outcome = read_variable(settings, settings_at(i), problem);
    return outcome;
}

/* The file's path may itself come from the environment or a flag. */
static enum config_outcome find_file(struct settings *settings, int argc, char **argv,
                                     struct buffer *problem)
{
    const struct setting *config_file = settings_find(SLICE("config.file"));
    enum config_outcome outcome = read_variable(settings, config_file, problem);

    if (outcome != CONFIG_RUN)
        return outcome;
    return read_flags(settings, argc, argv, config_file, problem);
}

enum config_outcome config_load(struct settings *settings, int argc, char **argv,
                                struct buffer *problem)
{
    enum config_outcome outcome = find_file(settings, argc, argv, problem);

    if (outcome == CONFIG_RUN && settings->config_file[0] &&
        !config_file_read(settings, settings->config_file, problem))
        outcome = CONFIG_FILE_ERROR;
    if (outcome == CONFIG_RUN)
        outcome = read_environment(settings, problem);
    if (outcome == CONFIG_RUN)
        outcome = read_flags(settings, argc, argv, NULL, problem);
    buffer_keep_on_one_line(problem);
    return outcome;
}
