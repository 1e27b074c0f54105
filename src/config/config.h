/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Config: settings from flags, environment and file, and the mapping from files
 *
 * The settings are opaque to callers. daemon/options.c turns them into the options of each
 * module.
 */

#include "base/compiler.h"
#include "config/command_line.h"
#include "config/problems.h"

struct draft_test;
struct mapping;
struct settings;

/* Make settings with all defaults. Returns 0 or -ENOMEM. */
MUST_CHECK int config_new(struct settings **ret);
void config_free(struct settings *settings);
DEFINE_CLEANUP(struct settings *, config_free)

/* What the command line asks for. */
enum config_outcome {
    CONFIG_RUN,
    CONFIG_CHECK,  /* --check-config: everything is valid; say so and exit */
    CONFIG_PRINT,  /* --print-config: likewise; call config_write() and exit */
    CONFIG_SCHEMA, /* --print-schema: likewise; call schema_write() and exit */
    CONFIG_HELP,
    CONFIG_VERSION,
    CONFIG_USAGE_ERROR, /* flags or variables are invalid; exit status 2 */
    CONFIG_FILE_ERROR,  /* only files are missing or invalid; exit status 1 */
};

/*
 * The line of the daemon, or of a command that takes its flags and, if @has_words, other words.
 * @argv is borrowed.
 */
struct command_line config_line(int argc, char **argv, bool has_words);

/*
 * Fill @settings, which has its defaults, from the config file, the environment and the flags of
 * @line, in this order, so that flags win. On an error @problems lists every problem of all three,
 * and of the files that say something about names; @warnings lists what was ignored, such as
 * variables that set nothing, and what is doubtful in these files. Both are sorted (problems_sort).
 * For CONFIG_HELP and CONFIG_VERSION both stay empty.
 */
MUST_CHECK enum config_outcome config_load(struct settings *settings,
                                           const struct command_line *line,
                                           struct problems *problems, struct problems *warnings);

/*
 * What the config file, those that it includes and the mapping files say about names; NULL if they
 * say nothing. Borrowed from @settings; whoever keeps it takes a reference.
 */
struct mapping *config_mapping(const struct settings *settings);

/* The tests that these files bring, an array of *@ret_n (config/draft.h); borrowed likewise. */
const struct draft_test *config_tests(const struct settings *settings, size_t *ret_n);

/*
 * The paths of the config file and of these files, and the folders in which an include looks for
 * files; borrowed likewise, also after an error.
 */
const char *const *config_files(const struct settings *settings, size_t *ret_n);

/* What environment_warn() does for the daemon's settings; for other commands, which share them. */
void config_warn_of_variables(struct problems *warnings);

/* Set the generation of the mapping that config_load() will make; 1 if it is not called. */
void config_set_generation(struct settings *settings, uint64_t generation);

/* Let config_load() not look up the names of hosts: a reload looks up only what is new. */
void config_skip_hosts(struct settings *settings);

/*
 * Set all settings of @wanted that need a restart, and differ from those of @in_force, to what
 * these are; and add their names to @out: "workers, log.format". So @wanted has what a reload can
 * put in force. Returns 0 or -ENOMEM.
 */
MUST_CHECK int config_hold(struct settings *wanted, const struct settings *in_force,
                           struct buffer *out);

/*
 * A sentence about what holds although the config does not say it, for who checks or explains it;
 * NULL: there is nothing to say.
 */
const char *config_note(const struct settings *settings);

/* Whether --check-config=json was given. */
bool config_wants_json(const struct settings *settings);

/*
 * Write the settings that config_load() has made from @line, each with its source, in the form of
 * a config file.
 */
void config_write(const struct settings *settings, const struct command_line *line,
                  struct buffer *out);

/* Write the text of --help. */
void config_write_help(struct buffer *out);
