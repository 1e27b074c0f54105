/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Foreign
 *
 * A table. Most who try udometer bring the command line of statsd_exporter or brubeck, or what
 * they would expect of any daemon. Flags that these share with udometer are not listed. What a row
 * says must be true of this udometer: it changes with the features that it mentions.
 *
 * The flags are those of https://github.com/prometheus/statsd_exporter (main.go; for the removed
 * ones, its CHANGELOG.md), of https://github.com/prometheus/exporter-toolkit (web.*), and of
 * https://github.com/github/brubeck (brubeck.c).
 */

#include "config/foreign.h"

#include "base/compiler.h"

#define STATSD_EXPORTER "a flag of statsd_exporter; "
#define EXPORTERS "a flag of Prometheus' exporters; "
#define BRUBECK "a flag of brubeck; "
#define UNKNOWN "unknown flag; "

#define NO_QUEUE                                                                                   \
    STATSD_EXPORTER "remove it: samples wait in no queue but the kernel's, --statsd.read-buffer"
#define NO_MAPPING_CACHE STATSD_EXPORTER "remove it: --limit.key-memory bounds all that is cached"
#define NO_RELAY STATSD_EXPORTER "udometer does not relay"
#define HELP UNKNOWN "did you mean --help?"
#define NO_DAEMON                                                                                  \
    UNKNOWN "udometer stays in the foreground; let systemd run it, or the shell, with &"
#define DEBUG UNKNOWN "did you mean --log.level=debug?"
#define RECEIVE UNKNOWN "--statsd.listen-udp=HOST:PORT is where udometer receives"

struct row {
    const char *name, *advice;
};

/* Flags of statsd_exporter that say nothing to udometer. */
static const struct row ignored[] = {
    { "statsd.cache-size", NO_MAPPING_CACHE },
    { "statsd.cache-type", NO_MAPPING_CACHE },
    { "statsd.event-queue-size", NO_QUEUE },
    { "statsd.event-flush-threshold", NO_QUEUE },
    { "statsd.event-flush-interval", NO_QUEUE },
    { "statsd.udp-packet-queue-size", NO_QUEUE },
    { "statsd.relay.address", NO_RELAY },
    { "statsd.relay.packet-length", NO_RELAY },
    { "debug.dump-fsm", STATSD_EXPORTER "remove it: udometer explain shows what a line becomes" },
};

static const struct row flags[] = {
    { "statsd.listen-address", STATSD_EXPORTER "use --statsd.listen-udp" },
    { "statsd.add-suffix", STATSD_EXPORTER "remove it: udometer never adds a type to a name" },
    { "help-long", HELP },
    { "help-man", HELP },
    { "web.config.file", EXPORTERS "udometer has no TLS or passwords; let a proxy have them" },
    { "web.systemd-socket", EXPORTERS "remove it: udometer takes the sockets that systemd passes" },

    { "config", BRUBECK "udometer's is --config.file; keys are named as flags" },
    { "log", BRUBECK "udometer logs to stderr, as --log.level and --log.format say" },
    { "c", BRUBECK "udometer's is --config.file; keys are named as flags" },
    { "l", BRUBECK "udometer logs to stderr, as --log.level and --log.format say" },

    { "v", UNKNOWN "did you mean --version, or --log.level=debug?" },
    { "V", UNKNOWN "did you mean --version?" },
    { "verbose", DEBUG },
    { "debug", DEBUG },
    { "d", UNKNOWN "udometer stays in the foreground; for debugging, --log.level=debug" },
    { "q", UNKNOWN "did you mean --log.level=warn?" },
    { "quiet", UNKNOWN "did you mean --log.level=warn?" },
    { "daemon", NO_DAEMON },
    { "daemonize", NO_DAEMON },
    { "background", NO_DAEMON },
    { "foreground", UNKNOWN "remove it: udometer stays in the foreground" },
    { "p", RECEIVE },
    { "port", UNKNOWN "udometer receives on --statsd.listen-udp, and serves on "
                      "--web.listen-address" },
    { "host", UNKNOWN "udometer receives on --statsd.listen-udp, and serves on "
                      "--web.listen-address" },
    { "address", UNKNOWN "udometer receives on --statsd.listen-udp, and serves on "
                         "--web.listen-address" },
    { "listen", RECEIVE },
    { "udp", RECEIVE },
};

#define MAPPING_KEY                                                                                \
    "a key of a mapping file; move it below mapping:, or load its file by --statsd.mapping-config"
#define BRUBECK_KEY "a key of brubeck; udometer's keys are named as flags, see udometer --help"

/* Those at the top of the files of statsd_exporter (pkg/mapper) and brubeck (src/server.c). */
static const struct row keys[] = {
    { "mappings", MAPPING_KEY }, { "defaults", MAPPING_KEY }, { "server_name", BRUBECK_KEY },
    { "backends", BRUBECK_KEY }, { "samplers", BRUBECK_KEY }, { "sharding", BRUBECK_KEY },
    { "capacity", BRUBECK_KEY }, { "dumpfile", BRUBECK_KEY }, { "expire", BRUBECK_KEY },
    { "http", BRUBECK_KEY },
};

static const char *find_advice(const struct row *rows, size_t n, struct slice name)
{
    for (size_t i = 0; i < n; i++)
        if (slice_equal(slice_of(rows[i].name), name))
            return rows[i].advice;
    return NULL;
}

const char *foreign_ignored(struct slice name)
{
    return find_advice(ignored, ARRAY_SIZE(ignored), name);
}

const char *foreign_advice(struct slice name)
{
    const char *advice = foreign_ignored(name);

    return advice ? advice : find_advice(flags, ARRAY_SIZE(flags), name);
}

const char *foreign_key_advice(struct slice name)
{
    return find_advice(keys, ARRAY_SIZE(keys), name);
}
