/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Config
 *
 * Flags are looked at twice: first for --help and --config.file, then, after the file and the
 * environment, to set what they say.
 */

#include "config/config.h"

#include "config/compat.h"
#include "config/environment.h"
#include "config/foreign.h"
#include "config/hosts.h"
#include "config/listing.h"
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

/* --- pages --------------------------------------------------------------------------- */

static const struct option *find(const char *name)
{
    return option_find(&settings_table, slice_of(name));
}

/* Add a problem with the value of @option, which comes from @source. */
static void complain(const struct option *option, enum option_source source,
                     const struct settings *settings, const char *wrong, struct problems *problems)
{
    CLEANUP(buffer_deinit) struct buffer before = { 0 }, value = { 0 };
    struct place place = settings->places[option_index(&settings_table, option)];

    option_write_before(option, source, &before);
    if (source == OPTION_FILE)
        problems->path = settings->config_file;
    option_write_value(option, settings, 0, &value);
    problems_add_value(problems, place, buffer_text(&before), buffer_text(&value), slice_of(wrong));
    problems->path = NULL;
}

/* Two pages cannot have one path. Returns CONFIG_RUN if they do not. */
static enum config_outcome check_pages(const struct command_line *line,
                                       const struct settings *settings, struct problems *problems)
{
    const struct option *series = find("web.telemetry-path");
    const struct option *self = find("web.self-metrics-path");
    enum option_source source = listing_source(self, settings, line);

    if (strcmp(settings->telemetry_path, settings->selfmetrics_path) != 0)
        return CONFIG_RUN;
    complain(self, source, settings,
             "expected a path other than web.telemetry-path's; leave it empty for one page with "
             "both",
             problems);
    return source <= OPTION_FILE && listing_source(series, settings, line) <= OPTION_FILE
               ? CONFIG_FILE_ERROR
               : CONFIG_USAGE_ERROR;
}

/* --- hosts --------------------------------------------------------------------------- */

void config_skip_hosts(struct settings *settings)
{
    settings->skips_hosts = true;
}

/* --- sources ------------------------------------------------------------------------- */

/* The path of the config file, which flag or variable may set; "" if there is none. */
static const char *find_path(const struct command_line *line)
{
    const struct option *config_file = option_find(&settings_table, SLICE("config.file"));
    const char *path = command_line_value(line, config_file);

    if (!path)
        path = environment_value(config_file);
    return path ? path : "";
}

/* Read the settings of the config file, which becomes *@ret. */
static bool read_file(struct settings *settings, const char *path, struct document **ret,
                      struct problems *problems)
{
    bool is_good;

    *ret = document_read(path, "--config.file", problems);
    is_good = *ret && settings_file_apply(settings, *ret, problems);
    problems->path = NULL;
    return is_good;
}

/* Read what the config file and others say about names. */
static bool read_names(struct settings *settings, const char *path, const struct document *document,
                       struct problems *problems)
{
    const struct naming_sources sources = {
        .config_path = path,
        .document = document,
        .mappings = &settings->mapping_config,
        .generation = settings->generation ? settings->generation : 1,
        .observer = compat_observer(settings->compat),
    };
    unsigned n_before = problems->n;

    naming_read(&settings->naming, &sources, problems);
    return problems->n == n_before;
}

/* Read all sources, the lowest first, whatever is wrong with the others. */
static enum config_outcome read_sources(const struct command_line *line, struct settings *settings,
                                        struct problems *problems, struct problems *warnings)
{
    const char *path = find_path(line);
    enum settings_compat compat = compat_find(line);
    CLEANUP(document_freep) struct document *document = NULL;
    bool is_file_good = true, is_usage_good;
    enum option_source unknown = OPTION_DEFAULT; /* hosts */
    enum config_outcome outcome;

    compat_apply(compat, settings, problems);
    if (path[0])
        is_file_good = read_file(settings, path, &document, problems);
    is_usage_good = environment_read(&settings_table, settings, problems);
    config_warn_of_variables(warnings);
    if (command_line_read(line, settings, problems) != COMMAND_LINE_RUN)
        is_usage_good = false;
    if (!settings->skips_hosts)
        unknown = hosts_look_up(settings, problems);
    if (!read_names(settings, path, document, problems))
        is_file_good = false;
    if (!is_usage_good || unknown > OPTION_FILE)
        return CONFIG_USAGE_ERROR;
    if (!is_file_good || unknown == OPTION_FILE)
        return CONFIG_FILE_ERROR;
    outcome = check_pages(line, settings, problems);
    if (outcome != CONFIG_RUN)
        return outcome;
    if (settings->print_schema)
        return CONFIG_SCHEMA;
    if (settings->print_config)
        return CONFIG_PRINT;
    return settings->check_config ? CONFIG_CHECK : CONFIG_RUN;
}

struct command_line config_line(int argc, char **argv, bool has_words)
{
    struct command_line line = {
        .command = "udometer",
        .table = &settings_table,
        .has_version = true,
        .has_words = has_words,
        .advise = foreign_advice,
        .argc = argc,
        .argv = argv,
    };

    line.ignore = compat_ignored_flags(compat_find(&line));
    return line;
}

void config_warn_of_variables(struct problems *warnings)
{
    environment_warn(&settings_table, warnings);
}

enum config_outcome config_load(struct settings *settings, const struct command_line *line,
                                struct problems *problems, struct problems *warnings)
{
    enum config_outcome outcome;

    switch (command_line_request(line)) {
    case COMMAND_LINE_HELP: return CONFIG_HELP;
    case COMMAND_LINE_VERSION: return CONFIG_VERSION;
    case COMMAND_LINE_RUN:
    case COMMAND_LINE_WRONG: break;
    }
    problems->warnings = warnings;
    outcome = read_sources(line, settings, problems, warnings);
    problems->warnings = NULL;
    problems_sort(problems);
    problems_sort(warnings);
    return outcome;
}

struct mapping *config_mapping(const struct settings *settings)
{
    return settings->naming.mapping;
}

const struct draft_test *config_tests(const struct settings *settings, size_t *ret_n)
{
    *ret_n = settings->naming.n_tests;
    return settings->naming.tests;
}

const char *const *config_files(const struct settings *settings, size_t *ret_n)
{
    *ret_n = settings->naming.n_files;
    return (const char *const *)settings->naming.files;
}

void config_set_generation(struct settings *settings, uint64_t generation)
{
    settings->generation = generation;
}

int config_hold(struct settings *wanted, const struct settings *in_force, struct buffer *out)
{
    return settings_hold(wanted, in_force, out);
}

/* In the place of statsd_exporter they are what they are there. */
const char *config_note(const struct settings *settings)
{
    const struct naming *naming = &settings->naming;

    if (settings->compat != SETTINGS_NONE || !naming->has_rules || naming->says_observer)
        return NULL;
    return "timers become histograms, also where no observer_type says so; statsd_exporter would "
           "make summaries of them (an observer_type in defaults ends this note)";
}

bool config_wants_json(const struct settings *settings)
{
    return settings->check_config == SETTINGS_CHECK_JSON;
}

void config_write(const struct settings *settings, const struct command_line *line,
                  struct buffer *out)
{
    listing_write(settings, line, out);
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

/* The width of paragraphs that are not of flags. */
#define HELP_WIDTH 88

static const char help_tail[] =
    "  --help\n"
    "      print this and exit\n"
    "  --version\n"
    "      print the version and exit\n"
    "\n"
    "Each flag before --check-config is a setting. It also has an environment variable,\n"
    "UDOMETER_ and the flag in capitals (UDOMETER_STATSD_LISTEN_UDP), and, except for the\n"
    "first two, a key in the config file (statsd.listen-udp). Flags override the\n"
    "environment, which overrides the config file, which overrides the defaults. An empty\n"
    "variable counts as unset.\n"
    "\n"
    "In all commands a flag is --FLAG=VALUE or --FLAG VALUE, and a switch is --FLAG or\n"
    "--no-FLAG. Flags may stand before, among or after other words; the word -- ends them.\n"
    "\n"
    "On SIGTERM and SIGINT, udometer applies what is in the socket buffers, then exits\n"
    "with status 0. Exit status 1: it could not start. 2: a flag or variable is invalid.\n"
    "\n"
    "On SIGHUP, udometer reads its config again; a bad one changes nothing. These settings\n"
    "stay as they are until a restart:\n";

/* Write the names of the settings that a reload does not apply, as a paragraph. */
static void write_held(struct buffer *out)
{
    size_t column = 0;

    for (unsigned i = 0; i < settings_table.n; i++) {
        const struct option *option = &settings_table.options[i];
        size_t len = strlen(option->name);

        if (option->is_live || option->lowest_source > OPTION_DEFAULT)
            continue;
        if (column > 0)
            buffer_add(out, column + 2 + len > HELP_WIDTH ? SLICE(",\n") : SLICE(", "));
        column = column == 0 || column + 2 + len > HELP_WIDTH ? len : column + 2 + len;
        buffer_add(out, slice_of(option->name));
    }
    buffer_add_literal(out, ".\n");
}

void config_write_help(struct buffer *out)
{
    option_write_help(&settings_table, help_head, help_tail, out);
    write_held(out);
}
