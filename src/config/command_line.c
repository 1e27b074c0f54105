/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Command line
 *
 * Splitting a flag and reading its value are separate steps. This lets the daemon set one
 * flag first, checking only that the others exist, and set those later.
 */

#include "config/command_line.h"

#include <stdlib.h>

static bool is_flag(const char *word)
{
    return strncmp(word, "--", 2) == 0;
}

int command_line_count_flags(int argc, char **argv)
{
    int n = 1;

    while (n < argc && is_flag(argv[n]))
        n++;
    return n;
}

/* --- flags ----------------------------------------------------------------------------- */

/* A flag, split. */
struct flag {
    const struct option *option;
    const char *value; /* NULL: none was given */
};

static bool refuse_word(const struct command_line *line, const char *word, struct buffer *problem)
{
    /* It may have been meant as the value of the word before it. */
    bool is_stray_value = line->has_next_word && !is_flag(word);

    buffer_add_format(problem, "%s: %s; see %s --help", word,
                      is_stray_value ? "expected a flag, --NAME=VALUE" : "unknown flag",
                      line->command);
    return false;
}

static bool refuse_missing_value(const struct command_line *line, const struct flag *flag,
                                 const char *word, struct buffer *problem)
{
    if (line->has_words)
        return refuse_word(line, word, problem);
    if (line->has_next_word)
        buffer_add_format(problem, "%s: needs a value; see %s --help", word, line->command);
    else
        buffer_add_format(problem, "%s: needs a value, --%s=%s", word, flag->option->name,
                          flag->option->placeholder);
    return false;
}

/* Find the option that the flag @word names, and the flag's value if it has one. */
static bool find_flag(const struct command_line *line, const char *word, struct flag *ret)
{
    struct slice value = slice_of(word + 2), name = slice_cut(&value, '=');
    bool has_value = word[2 + name.len] == '=', is_negated = false;

    ret->option = option_find(line->table, name);
    if (!ret->option && !has_value && slice_starts_with(name, SLICE("no-"))) {
        ret->option = option_find(line->table, (struct slice){ name.at + 3, name.len - 3 });
        is_negated = true;
    }
    if (!ret->option || (is_negated && !option_is_switch(ret->option)))
        return false;
    ret->value = has_value ? value.at : NULL;
    if (!has_value && option_is_switch(ret->option))
        ret->value = is_negated ? "false" : "true";
    return true;
}

/* Take the flag at argv[*i], and move *i past it. */
static bool take_flag(const struct command_line *line, int *i, struct flag *ret,
                      struct buffer *problem)
{
    const char *word = line->argv[(*i)++];

    if (!is_flag(word) || !find_flag(line, word, ret))
        return refuse_word(line, word, problem);
    if (!ret->value && line->has_next_word && *i < line->argc)
        ret->value = line->argv[(*i)++];
    return ret->value || refuse_missing_value(line, ret, word, problem);
}

static bool set_flag(const struct flag *flag, void *values, struct buffer *problem)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };

    if (option_set(flag->option, values, flag->value, OPTION_FLAG, &wrong) == 0)
        return true;
    buffer_add_format(problem, "--%s=%s: ", flag->option->name, flag->value);
    buffer_add(problem, buffer_text(&wrong));
    return false;
}

enum command_line_outcome command_line_read(const struct command_line *line,
                                            const struct option *only, void *values,
                                            struct buffer *problem)
{
    struct flag flag;
    int i = 1;

    while (i < line->argc) {
        const char *word = line->argv[i];

        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
            return COMMAND_LINE_HELP;
        if (line->has_version && strcmp(word, "--version") == 0)
            return COMMAND_LINE_VERSION;
        if (!take_flag(line, &i, &flag, problem))
            return COMMAND_LINE_WRONG;
        if ((!only || flag.option == only) && !set_flag(&flag, values, problem))
            return COMMAND_LINE_WRONG;
    }
    return COMMAND_LINE_RUN;
}

/* --- variables --------------------------------------------------------------------------- */

bool command_line_read_variable(const struct option *option, void *values, struct buffer *problem)
{
    CLEANUP(buffer_deinit) struct buffer name = { 0 };
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
    const char *value;

    option_write_variable(option, &name);
    buffer_add_char(&name, '\0');
    value = name.has_failed ? NULL : getenv(name.data);
    if (!value || (option->ignores_empty && !value[0]))
        return true;
    if (option_set(option, values, value, OPTION_ENVIRONMENT, &wrong) == 0)
        return true;
    buffer_add_format(problem, "%s=%s: ", name.data, value);
    buffer_add(problem, buffer_text(&wrong));
    return false;
}

bool command_line_read_variables(const struct option_table *table, void *values,
                                 struct buffer *problem)
{
    bool is_good = true;

    for (unsigned i = 0; i < table->n && is_good; i++)
        is_good = command_line_read_variable(&table->options[i], values, problem);
    return is_good;
}
