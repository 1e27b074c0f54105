/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Settings: everything that can be set, in one table
 *
 * From it come the flags, the environment variables (UDOMETER_ and the flag's name
 * in capitals), the keys of the config file, and --help.
 */

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/log.h"

#include <stdint.h>
#include <sys/types.h>

#define SETTINGS_LISTENERS_MAX 16
#define SETTINGS_MAX 64

/* Where a value comes from; a later one beats an earlier one. */
enum settings_source {
    SETTINGS_DEFAULT,
    SETTINGS_FILE,
    SETTINGS_ENVIRONMENT,
    SETTINGS_FLAG,
};

/* Where to receive. */
struct listener {
    char *address;     /* or path */
    bool has_dialect;  /* of its own; otherwise it is that of all: */
    bool is_dogstatsd; /* a gauge's sign is just a sign */
};

/* A setting that may be given several times. */
struct settings_list {
    struct listener items[SETTINGS_LISTENERS_MAX];
    unsigned n;
    enum settings_source source; /* of the items: a higher source replaces them all */
};

/* Whose socket files are; -1: nobody is said. */
struct settings_owner {
    uid_t user;
    gid_t group;
};

struct settings {
    char *config_file; /* "": none */
    struct settings_list listen_udp, listen_tcp, listen_unixgram, listen_unix;
    uint64_t unix_mode;
    struct settings_owner unix_owner;
    bool is_dogstatsd;
    bool dogstatsd_tags, influxdb_tags, librato_tags, signalfx_tags;
    bool bare_tags;
    bool container_label;
    bool service_checks;
    uint64_t read_buffer_bytes;
    uint64_t ttl_s; /* 0: series stay for ever */
    char *listen_http;
    char *telemetry_path;
    uint64_t n_workers; /* 0: as many as it thinks best */
    uint64_t max_series;
    uint64_t max_family_series;
    uint64_t max_series_bytes;
    uint64_t max_key_bytes;
    uint64_t line_length, name_length;
    uint64_t labels, label_name_length, label_value_length, labels_length;
    uint64_t max_connections;
    enum log_level log_level;
    enum log_format log_format;
    bool check_config;
    bool welcome;
};

struct setting;

/* The settings with all defaults. Returns 0 or -ENOMEM. */
MUST_CHECK int settings_init(struct settings *settings);
void settings_deinit(struct settings *settings);

/* The setting of this name ("statsd.listen-udp"), or NULL. */
const struct setting *settings_find(struct slice name);

/* Settings by number, 0 to settings_count() - 1, in the order of --help. */
unsigned settings_count(void);
const struct setting *settings_at(unsigned i);

const char *setting_name(const struct setting *setting);

/* A switch takes no value on the command line: --check-config, --no-check-config. */
bool setting_is_switch(const struct setting *setting);

/* It may be given several times, or as a list in a file. */
bool setting_is_list(const struct setting *setting);

/* Is it a limit, "limit.NAME"? Then this is its NAME, and what it is set to. */
bool setting_is_limit(const struct setting *setting, const struct settings *settings,
                      const char **ret_name, uint64_t *ret_value);

/* Which one it is, as settings_at() counts. */
unsigned setting_index(const struct setting *setting);

/* Is @prefix and a dot what the name of some setting begins with? */
bool settings_have_prefix(struct slice prefix);

/* Write the name of its environment variable. */
void setting_write_variable(const struct setting *setting, struct buffer *out);

/*
 * Set it from @text. Returns NULL, or what is wrong with @text, as the end of a
 * sentence that began with where it stands: "expected …".
 */
MUST_CHECK const char *setting_set(const struct setting *setting, struct settings *settings,
                                   const char *text, enum settings_source source);

/* Write the text of --help. */
void settings_write_help(struct buffer *out);
