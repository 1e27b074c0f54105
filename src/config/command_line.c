/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Command line
 *
 * Splitting a flag and reading its value are separate steps. This lets the daemon look for
 * --help and for the path of its config file before it sets anything.
 */

#include "config/command_line.h"

#include "base/must.h"
#include "base/spelling.h"

#include <errno.h>
#include <stdlib.h>

static bool is_flag(const char *word)
{
    return strncmp(word, "--", 2) == 0;
}

/* Whether @word ends the flags. */
static bool is_end(const char *word)
{
    return strcmp(word, "--") == 0;
}

/* --- flags ----------------------------------------------------------------------------- */

/* A flag, split. */
struct flag {
    const char *word;
    const struct option *option; /* NULL: there is no such flag */
    const char *value;           /* NULL: none was given */
    const char *why_ignored;     /* as line->ignore() says; NULL: it is not */
};

/* Find the option that flag->word names, and the flag's value if that is part of the word. */
static void find_flag(const struct command_line *line, struct flag *flag)
{
    struct slice value = slice_of(flag->word + 2), name = slice_cut(&value, '=');
    bool has_value = flag->word[2 + name.len] == '=', is_negated = false;

    flag->option = option_find(line->table, name);
    if (!flag->option && !has_value && slice_starts_with(name, SLICE("no-"))) {
        flag->option = option_find(line->table, (struct slice){ name.at + 3, name.len - 3 });
        is_negated = true;
    }
    if (!flag->option && line->ignore)
        flag->why_ignored = line->ignore(name);
    if (has_value)
        flag->value = value.at;
    if (!flag->option || has_value)
        return;
    if (option_is_switch(flag->option))
        flag->value = is_negated ? "false" : "true";
    else if (is_negated)
        flag->option = NULL;
}

/* Whether the word after @word, a flag without a value, may have been meant as its value. */
static bool may_have_value(const char *word)
{
    return word[0] == '-' && !is_end(word) && strncmp(word, "--no-", 5) != 0 && !strchr(word, '=');
}

/* Split the flag at argv[*i], and move *i past it and its value. */
static struct flag take_flag(const struct command_line *line, int *i)
{
    const char *word = line->argv[(*i)++];
    struct flag flag = { .word = word };
    const char *next = *i < line->argc ? line->argv[*i] : NULL;

    if (is_flag(word))
        find_flag(line, &flag);
    if (flag.value || !next || is_end(next))
        return flag;
    if (flag.option || (flag.why_ignored && next[0] != '-'))
        flag.value = line->argv[(*i)++];
    else if (!line->has_words && may_have_value(word) && next[0] != '-')
        (*i)++; /* one problem, not two */
    return flag;
}

enum command_line_outcome command_line_request(const struct command_line *line)
{
    int i = 1;

    while (i < line->argc) {
        const char *word = take_flag(line, &i).word;

        if (is_end(word))
            break;
        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
            return COMMAND_LINE_HELP;
        if (line->has_version && strcmp(word, "--version") == 0)
            return COMMAND_LINE_VERSION;
    }
    return COMMAND_LINE_RUN;
}

const char *command_line_value(const struct command_line *line, const struct option *option)
{
    const char *value = NULL;
    int i = 1;

    while (i < line->argc) {
        struct flag flag = take_flag(line, &i);

        if (is_end(flag.word))
            break;
        if (flag.option == option && flag.value)
            value = flag.value;
    }
    return value;
}

/* --- words ------------------------------------------------------------------------------ */

/* Whether @word, which does not begin with two dashes, is a flag that lacks one or two. */
static bool lacks_a_dash(const struct command_line *line, const char *word)
{
    struct slice rest = slice_of(word + (word[0] == '-'));

    if (word[0] != '-')
        return false;
    return strcmp(word, "-h") == 0 || strcmp(word, "-help") == 0 ||
           option_find(line->table, slice_cut(&rest, '='));
}

int command_line_sort(struct command_line *line, struct command_words *ret)
{
    char **words = malloc((size_t)line->argc * sizeof(*words));
    int n_flags = 1, n_words = 0, i = 1, end = line->argc;

    if (!words)
        return -ENOMEM;
    while (i < end) {
        int first = i;
        struct flag flag = take_flag(line, &i);

        if (is_end(flag.word)) {
            end = first;
        } else if (is_flag(flag.word) || lacks_a_dash(line, flag.word)) {
            while (first < i)
                line->argv[n_flags++] = line->argv[first++];
        } else {
            words[n_words++] = line->argv[first];
        }
    }
    ret->n_before_dashes = n_words;
    while (i < line->argc)
        words[n_words++] = line->argv[i++];
    memcpy(line->argv + n_flags, words, (size_t)n_words * sizeof(*words));
    free(words);
    if (n_flags + n_words < line->argc)
        line->argv[n_flags + n_words] = NULL;
    ret->at = line->argv + n_flags;
    ret->n = n_words;
    line->argc = n_flags;
    return 0;
}

/* --- problems ----------------------------------------------------------------------- */

/* The flag whose name is most similar to @name; of all flags, or of those that --no- negates. */
static struct slice find_nearest(const struct command_line *line, struct slice name,
                                 bool is_negated)
{
    struct spelling spelling;

    spelling_init(&spelling, name);
    for (unsigned i = 0; i < line->table->n; i++)
        if (!is_negated || option_is_switch(&line->table->options[i]))
            spelling_try(&spelling, slice_of(line->table->options[i].name));
    if (!is_negated)
        spelling_try(&spelling, SLICE("help"));
    if (!is_negated && line->has_version)
        spelling_try(&spelling, SLICE("version"));
    return spelling.nearest;
}

static void refuse(const struct command_line *line, const char *word, const char *what,
                   struct problems *problems)
{
    problems_add(problems, PLACE_NONE, "%s: %s; see %s --help", word, what, line->command);
}

/* The name that @word has, or would have as a flag: what is after up to two dashes, before '='. */
static struct slice name_of(const char *word)
{
    struct slice rest = slice_of(word + (word[0] == '-') + is_flag(word));

    return slice_cut(&rest, '=');
}

static const char *advice_on(const struct command_line *line, struct slice name, bool is_negated)
{
    const char *advice = line->advise ? line->advise(name) : NULL;

    if (!advice && line->advise && is_negated)
        advice = line->advise((struct slice){ name.at + 3, name.len - 3 });
    return advice;
}

/* @word is not a flag of this table. @what says so, if it is not known what it was meant to be. */
static void refuse_unknown(const struct command_line *line, const char *word, const char *what,
                           struct problems *problems)
{
    struct slice name = name_of(word), nearest;
    bool is_negated = slice_starts_with(name, SLICE("no-"));
    const char *advice = word[0] == '-' ? advice_on(line, name, is_negated) : NULL;

    if (advice) {
        problems_add(problems, PLACE_NONE, "%s: %s", word, advice);
        return;
    }
    if (is_negated)
        name = (struct slice){ name.at + 3, name.len - 3 };
    /* Comparing with all names is slow, and the text would not be kept. */
    nearest = problems_are_many(problems) ? SLICE("") : find_nearest(line, name, is_negated);
    if (nearest.len)
        problems_add(problems, PLACE_NONE, "%s: unknown flag; did you mean --%s%.*s?", word,
                     is_negated ? "no-" : "", (int)nearest.len, nearest.at);
    else
        refuse(line, word, what, problems);
}

static void refuse_word(const struct command_line *line, const char *word,
                        struct problems *problems)
{
    const char *what = "unknown flag";

    if (word[0] != '-')
        what = "expected a flag, --NAME=VALUE";
    else if (line->has_words)
        what = "unknown flag; words that begin with two dashes stand after --";
    refuse_unknown(line, word, what, problems);
}

static void refuse_missing_value(const struct flag *flag, struct problems *problems)
{
    problems_add(problems, PLACE_NONE, "%s: needs a value, --%s=%s", flag->word, flag->option->name,
                 flag->option->placeholder);
}

/* --- values ------------------------------------------------------------------------------ */

/* Set a value. Returns what option_set() returns. */
static int set_flag(const struct flag *flag, void *values, struct problems *problems)
{
    CLEANUP(buffer_deinit) struct buffer before = { 0 };
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
    int r = option_set(flag->option, values, flag->value, OPTION_FLAG, &wrong);

    if (r < 0) {
        buffer_add_format(&before, "--%s=", flag->option->name);
        problems->has_no_memory |= r == -ENOMEM;
        problems_add_value(problems, PLACE_NONE, buffer_text(&before), slice_of(flag->value),
                           buffer_text(&wrong));
    }
    return r;
}

/* Set the values of the flags. Returns the index of the first word after them. */
static int set_flags(const struct command_line *line, void *values, struct problems *problems)
{
    /* Of a full list, report only the first value too many. */
    bool is_full[OPTIONS_MAX] = { false };
    int i = 1;

    MUST(line->table->n <= OPTIONS_MAX);
    while (i < line->argc) {
        struct flag flag = take_flag(line, &i);
        unsigned row = flag.option ? option_index(line->table, flag.option) : 0;

        if (is_end(flag.word))
            break;
        if (flag.why_ignored)
            problems_warn(problems, PLACE_NONE, "%s: ignored: %s", flag.word, flag.why_ignored);
        else if (!flag.option)
            refuse_word(line, flag.word, problems);
        else if (!flag.value)
            refuse_missing_value(&flag, problems);
        else if (!is_full[row])
            is_full[row] = set_flag(&flag, values, problems) == -E2BIG;
    }
    return i;
}

enum command_line_outcome command_line_read(const struct command_line *line, void *values,
                                            struct problems *problems)
{
    enum command_line_outcome request = command_line_request(line);
    unsigned n_before = problems->n;

    if (request != COMMAND_LINE_RUN)
        return request;
    for (int i = set_flags(line, values, problems); i < line->argc; i++)
        refuse(line, line->argv[i], "expected nothing after --", problems);
    return problems->n > n_before ? COMMAND_LINE_WRONG : request;
}
