/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Main
 *
 * A table of commands, each a program of its own. Without a command, this is the daemon. Its
 * exit status is 0 after a normal end, 1 if it could not start, 2 if a flag or an environment
 * variable is invalid.
 */

#include "base/spelling.h"
#include "base/std_files.h"
#include "config/config.h"
#include "config/schema.h"
#include "daemon/daemon.h"
#include "daemon/name_check.h"
#include "daemon/options.h"
#include "daemon/self_test.h"
#include "tools/bench/bench.h"
#include "tools/explain/explain.h"
#include "tools/send/send.h"

#include <stdio.h>
#include <stdlib.h>

#define EXIT_USAGE 2

/* What is wrong with the config, and which variables have no effect. */
struct findings {
    struct problems problems, warnings;
};

static void free_findings(struct findings *findings)
{
    problems_deinit(&findings->problems);
    problems_deinit(&findings->warnings);
}

/* For editors, which read stdout. */
static void print_json(const struct findings *findings)
{
    CLEANUP(buffer_deinit) struct buffer json = { 0 };

    problems_write_json(&findings->problems, "error", &json);
    problems_write_json(&findings->warnings, "warning", &json);
    if (json.len)
        fwrite(json.data, 1, json.len, stdout);
}

static void print_findings(const struct findings *findings, bool is_json)
{
    if (is_json) {
        print_json(findings);
        return;
    }
    problems_print(&findings->problems, "udometer", stderr);
    problems_print(&findings->warnings, "udometer: warning", stderr);
}

/* Output that could not be written is a failure too. */
static int finish_output(void)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int print(const struct buffer *text)
{
    if (text->has_failed)
        return EXIT_FAILURE;
    fwrite(text->data, 1, text->len, stdout);
    return finish_output();
}

static int print_help(void)
{
    CLEANUP(buffer_deinit) struct buffer help = { 0 };

    config_write_help(&help);
    return print(&help);
}

static int print_schema(void)
{
    CLEANUP(buffer_deinit) struct buffer schema = { 0 };

    schema_write(&schema);
    return print(&schema);
}

static int print_config(const struct settings *settings, const struct command_line *line)
{
    CLEANUP(buffer_deinit) struct buffer text = { 0 };

    config_write(settings, line, &text);
    return print(&text);
}

/* The names in the config, of which the daemon can do without. */
static void check_names(const struct settings *settings, struct problems *of_metrics,
                        struct problems *of_rules)
{
    int r = name_check_run(settings, of_metrics, of_rules);

    if (r < 0)
        problems_add(of_metrics, PLACE_NONE, "the names cannot be checked: %s", strerror(-r));
}

static int run(const struct settings *settings, const struct command_line *line,
               struct problems *warnings)
{
    struct daemon_options options;

    check_names(settings, warnings, warnings);
    options_daemon(settings, &options);
    options.line = line;
    options.warnings = buffer_text(&warnings->lines);
    return daemon_run(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Look at what a valid config does: which names can be, and what its tests say. */
static enum config_outcome check_what_it_does(const struct settings *settings,
                                              struct findings *findings)
{
    int r = self_test_run(settings, &findings->problems);

    check_names(settings, &findings->problems, &findings->warnings);
    if (r < 0)
        problems_add(&findings->problems, PLACE_NONE, "the tests cannot be run: %s", strerror(-r));
    return findings->problems.n ? CONFIG_FILE_ERROR : CONFIG_CHECK;
}

static void print_valid(const struct settings *settings)
{
    const char *note = config_note(settings);

    if (config_wants_json(settings))
        return;
    if (note)
        printf("udometer: note: %s\n", note);
    puts("udometer: the config is valid");
}

static int daemon_main(int argc, char **argv)
{
    CLEANUP(config_freep) struct settings *settings = NULL;
    CLEANUP(free_findings) struct findings findings = { 0 };
    const struct command_line line = config_line(argc, argv, false);
    enum config_outcome outcome;

    if (config_new(&settings) < 0) {
        fputs("udometer: out of memory\n", stderr);
        return EXIT_FAILURE;
    }
    outcome = config_load(settings, &line, &findings.problems, &findings.warnings);
    if (outcome == CONFIG_RUN)
        return run(settings, &line, &findings.warnings);
    if (outcome == CONFIG_CHECK)
        outcome = check_what_it_does(settings, &findings);
    print_findings(&findings, config_wants_json(settings));
    switch (outcome) {
    case CONFIG_CHECK: print_valid(settings); return finish_output();
    case CONFIG_PRINT: return print_config(settings, &line);
    case CONFIG_SCHEMA: return print_schema();
    case CONFIG_HELP: return print_help();
    case CONFIG_VERSION: puts("udometer " UDOMETER_VERSION); return finish_output();
    case CONFIG_USAGE_ERROR: return findings.problems.has_no_memory ? EXIT_FAILURE : EXIT_USAGE;
    case CONFIG_RUN:
    case CONFIG_FILE_ERROR: break;
    }
    return EXIT_FAILURE;
}

/* --- commands ---------------------------------------------------------------------- */

/* Each gets the words from its name on, and returns the exit status. */
static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    { "send", send_main },
    { "explain", explain_main },
    { "bench", bench_main },
};

/* The command of this name, or NULL. */
static const struct command *find_command(const char *word)
{
    for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(word, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

/* The name of the command that @word resembles, or an empty slice. */
static struct slice find_nearest(const char *word)
{
    struct spelling spelling;

    spelling_init(&spelling, slice_of(word));
    for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
        spelling_try(&spelling, slice_of(commands[i].name));
    return spelling.nearest;
}

/* The command after flags whose last one has its value, so that it is not another one; or NULL. */
static const struct command *find_late_command(int argc, char **argv)
{
    int i = 1;

    while (i < argc && strncmp(argv[i], "--", 2) == 0)
        i++;
    return i > 1 && i < argc && strchr(argv[i - 1], '=') ? find_command(argv[i]) : NULL;
}

/* Refuse a word that was meant as a command. Returns false if there is none. */
static bool refuse_command(int argc, char **argv)
{
    CLEANUP(problems_deinit) struct problems problems = { 0 };
    struct slice nearest = argv[1][0] != '-' ? find_nearest(argv[1]) : SLICE("");
    const struct command *late = find_late_command(argc, argv);

    if (nearest.len)
        problems_add(&problems, PLACE_NONE, "%s: unknown command; did you mean udometer %.*s?",
                     argv[1], (int)nearest.len, nearest.at);
    else if (late)
        problems_add(&problems, PLACE_NONE,
                     "%s: a command is the first word, before its flags; see udometer %s --help",
                     late->name, late->name);
    problems_print(&problems, "udometer", stderr);
    return problems.n > 0;
}

int main(int argc, char **argv)
{
    const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;

    if (std_files_open() < 0)
        return EXIT_FAILURE; /* and there may be nothing to say it on */
    if (command)
        return command->run(argc - 1, argv + 1);
    if (argc > 1 && refuse_command(argc, argv))
        return EXIT_USAGE;
    return daemon_main(argc, argv);
}
