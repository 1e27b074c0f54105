/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Main
 *
 * Reads the settings, then hands over; "udometer send", "udometer explain" and
 * "udometer bench" are other programs in the same file. Exit status: 0 after a good end,
 * 1 when it could not start, 2 when a flag or an environment variable is wrong.
 */

#include "config/config.h"
#include "daemon/daemon.h"
#include "tools/bench/bench.h"
#include "tools/explain/explain.h"
#include "tools/send/send.h"

#include <stdio.h>
#include <stdlib.h>

#define EXIT_USAGE 2

static int complain(const struct problems *problems, int status)
{
    problems_print(problems, "udometer", stderr);
    return status;
}

/* Output that did not reach its file is a failure too. */
static int finish_output(void)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int print_help(void)
{
    CLEANUP(buffer_deinit) struct buffer help = { 0 };

    settings_write_help(&help);
    if (help.has_failed)
        return EXIT_FAILURE;
    fwrite(help.data, 1, help.len, stdout);
    return finish_output();
}

static int run(const struct settings *settings)
{
    if (settings->check_config) {
        puts("udometer: the configuration is valid");
        return finish_output();
    }
    log_setup(settings->log_level, settings->log_format);
    return daemon_run(settings) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run_daemon(int argc, char **argv)
{
    CLEANUP(settings_deinit) struct settings settings;
    CLEANUP(problems_deinit) struct problems problems = { 0 };

    if (settings_init(&settings) < 0) {
        fputs("udometer: no memory\n", stderr);
        return EXIT_FAILURE;
    }
    switch (config_load(&settings, argc, argv, &problems)) {
    case CONFIG_RUN: return run(&settings);
    case CONFIG_HELP: return print_help();
    case CONFIG_VERSION: puts("udometer " UDOMETER_VERSION); return finish_output();
    case CONFIG_USAGE_ERROR: return complain(&problems, EXIT_USAGE);
    case CONFIG_FILE_ERROR: return complain(&problems, EXIT_FAILURE);
    }
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "send") == 0)
        return send_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "explain") == 0)
        return explain_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "bench") == 0)
        return bench_main(argc - 1, argv + 1);
    return run_daemon(argc, argv);
}
