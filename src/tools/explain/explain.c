/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Explain
 *
 * The command: flags, lines, exit status. tools/explain/explanation.c writes the text.
 */

#include "tools/explain/explain.h"

#include "base/buffer.h"
#include "config/command_line.h"
#include "config/config.h"
#include "daemon/options.h"
#include "tools/explain/explanation.h"

#include <stdio.h>
#include <stdlib.h>

#define EXIT_USAGE 2

static void explain_input(struct explanation *explanation)
{
    CLEANUP(buffer_deinit) struct buffer input = { 0 };
    char chunk[4096];
    size_t n;

    while ((n = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
        buffer_add(&input, (struct slice){ chunk, n });
    explanation_print(explanation, buffer_text(&input));
}

static int run(const struct settings *settings, int argc, char **argv)
{
    CLEANUP(explanation_freep) struct explanation *explanation = NULL;
    const struct explanation_options options = {
        .pipeline = options_pipeline(settings),
        .registry = options_registry(settings),
        .max_key_bytes = options_max_key_bytes(settings),
        .is_dogstatsd = options_is_dogstatsd(settings),
    };
    int r = explanation_new(&explanation, &options);

    if (r < 0) {
        fprintf(stderr, "udometer explain: %s\n", strerror(-r));
        return EXIT_FAILURE;
    }
    for (int i = 0; i < argc; i++)
        explanation_print(explanation, slice_of(argv[i]));
    if (argc == 0)
        explain_input(explanation);
    if (fflush(stdout) != 0 || ferror(stdout))
        return EXIT_FAILURE;
    return explanation_has_refused(explanation) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int print_usage(void)
{
    puts("Usage: udometer explain [--FLAG=VALUE]... [LINE]...\n"
         "\n"
         "Shows what a daemon with these flags would do with each LINE, and why. Without any\n"
         "LINE, reads standard input. A LINE may contain several lines, like a datagram.\n"
         "Exit status 0: nothing was refused. 1: something was. 2: a flag is invalid.\n"
         "\n"
         "    udometer explain 'bot.routes_total:1|c|@0.5|#player_id:1,status:completed'");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int explain_main(int argc, char **argv)
{
    CLEANUP(config_freep) struct settings *settings = NULL;
    CLEANUP(problems_deinit) struct problems problems = { 0 };
    CLEANUP(problems_deinit) struct problems warnings = { 0 };
    enum config_outcome outcome;
    int n_flags = command_line_count_flags(argc, argv);

    if (config_new(&settings) < 0)
        return EXIT_FAILURE;
    outcome = config_load(settings, n_flags, argv, &problems, &warnings);
    problems_print(&problems, "udometer explain", stderr);
    problems_print(&warnings, "udometer explain: warning", stderr);
    switch (outcome) {
    case CONFIG_RUN:
    case CONFIG_CHECK:
    case CONFIG_PRINT: return run(settings, argc - n_flags, argv + n_flags);
    case CONFIG_HELP:
    case CONFIG_VERSION: return print_usage();
    case CONFIG_USAGE_ERROR:
    case CONFIG_FILE_ERROR: break;
    }
    return EXIT_USAGE;
}
