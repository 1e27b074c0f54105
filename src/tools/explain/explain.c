/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Explain
 *
 * The command: flags, lines, exit status. tools/explain/explanation.c writes the text.
 */

#include "tools/explain/explain.h"

#include "base/buffer.h"
#include "config/config.h"
#include "daemon/options.h"
#include "tools/explain/explanation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXIT_USAGE 2

static void explain_input(struct explanation *explanation)
{
    CLEANUP(buffer_deinit) struct buffer input = { 0 };
    char chunk[4096];
    size_t n;

    /* Less than a chunk is the end. On a terminal, a further read would wait for a second one. */
    do {
        n = fread(chunk, 1, sizeof(chunk), stdin);
        buffer_add(&input, (struct slice){ chunk, n });
    } while (n == sizeof(chunk));
    explanation_print(explanation, buffer_text(&input));
}

static int complain(int error)
{
    fprintf(stderr, "udometer explain: %s\n", strerror(-error));
    return EXIT_FAILURE;
}

/* Whether to read standard input: without any LINE, or for "-", which also reads a terminal. */
static bool reads_input(const struct command_words *words)
{
    return words->n == 0 || (words->n == 1 && strcmp(words->at[0], "-") == 0);
}

static int run(const struct settings *settings, const struct command_words *words)
{
    CLEANUP(explanation_freep) struct explanation *explanation = NULL;
    const struct explanation_options options = {
        .pipeline = options_pipeline(settings),
        .registry = options_registry(settings),
        .max_key_bytes = options_max_key_bytes(settings),
        .reserved = options_reserved_names(settings),
        .reading = options_reading(settings),
    };
    int r = explanation_new(&explanation, &options);

    if (r < 0)
        return complain(r);
    if (reads_input(words))
        explain_input(explanation);
    else
        for (int i = 0; i < words->n; i++)
            explanation_print(explanation, slice_of(words->at[i]));
    if (fflush(stdout) != 0 || ferror(stdout))
        return EXIT_FAILURE;
    return explanation_has_refused(explanation) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void print_usage(FILE *to)
{
    fputs("Usage: udometer explain [--FLAG=VALUE]... [LINE]...\n"
          "       udometer explain [--FLAG=VALUE]... [-]\n"
          "\n"
          "Shows what a daemon with these flags would do with each LINE, and why; or with the\n"
          "lines of standard input. A LINE may contain several lines, like a datagram. One that\n"
          "begins with two dashes stands after the word --. udometer --help lists the flags.\n"
          "Exit status 0: nothing was refused. 1: something was. 2: a flag is invalid.\n"
          "\n"
          "    udometer explain 'bot.routes_total:1|c|@0.5|#player_id:1,status:completed'\n"
          "    udometer explain --statsd.dialect=dogstatsd 'bot.money:-5|g'\n",
          to);
}

static int print_help(void)
{
    print_usage(stdout);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void print_note(const struct settings *settings)
{
    const char *note = config_note(settings);

    if (note)
        fprintf(stderr, "udometer explain: note: %s\n", note);
}

/* Run, if there is something to explain: not without any LINE, when a person would have to type. */
static int run_or_help(const struct settings *settings, const struct command_words *words)
{
    if (words->n > 0 || !isatty(STDIN_FILENO)) {
        print_note(settings);
        return run(settings, words);
    }
    print_usage(stderr);
    return EXIT_USAGE;
}

int explain_main(int argc, char **argv)
{
    CLEANUP(config_freep) struct settings *settings = NULL;
    CLEANUP(problems_deinit) struct problems problems = { 0 };
    CLEANUP(problems_deinit) struct problems warnings = { 0 };
    struct command_line line = config_line(argc, argv, true);
    struct command_words words;
    enum config_outcome outcome;

    if (command_line_sort(&line, &words) < 0 || config_new(&settings) < 0)
        return complain(-ENOMEM);
    outcome = config_load(settings, &line, &problems, &warnings);
    problems_print(&problems, "udometer explain", stderr);
    problems_print(&warnings, "udometer explain: warning", stderr);
    switch (outcome) {
    case CONFIG_RUN:
    case CONFIG_CHECK:
    case CONFIG_SCHEMA:
    case CONFIG_PRINT: return run_or_help(settings, &words);
    case CONFIG_HELP:
    case CONFIG_VERSION: return print_help();
    case CONFIG_USAGE_ERROR:
    case CONFIG_FILE_ERROR: break;
    }
    return EXIT_USAGE;
}
