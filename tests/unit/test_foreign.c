/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "config/foreign.h"
#include "config/settings.h"

static void assert_advice(const char *name, const char *words)
{
    const char *advice = foreign_advice(slice_of(name));

    if (!advice || !strstr(advice, words))
        fail_msg("%s: %s", name, advice ? advice : "no advice");
}

static void says_what_to_use_instead_or_that_nothing_is_needed(void **state)
{
    assert_advice("statsd.cache-size", "statsd_exporter");
    assert_advice("statsd.event-flush-interval", "remove it");
    assert_advice("config", "--config.file");
    assert_advice("v", "--version");
    assert_null(foreign_advice(SLICE("nonsense")));
    assert_null(foreign_advice(SLICE("")));
    assert_null(foreign_key_advice(SLICE("statsd")));
}

/* As soon as udometer has a flag, nothing may be said about its name in other programs. */
static void has_nothing_to_say_about_udometers_own_flags(void **state)
{
    for (unsigned i = 0; i < settings_table.n; i++)
        assert_null(foreign_advice(slice_of(settings_table.options[i].name)));
    assert_null(foreign_advice(SLICE("help")));
    assert_null(foreign_advice(SLICE("version")));
}

/* What statsd_exporter 0.30 and the libraries that read its command line take. */
static void every_flag_of_statsd_exporter_is_known(void **state)
{
    static const char *const names[] = {
        "web.listen-address",
        "web.enable-lifecycle",
        "web.telemetry-path",
        "statsd.listen-udp",
        "statsd.listen-tcp",
        "statsd.listen-unixgram",
        "statsd.unixsocket-mode",
        "statsd.mapping-config",
        "statsd.read-buffer",
        "statsd.cache-size",
        "statsd.cache-type",
        "statsd.event-queue-size",
        "statsd.event-flush-threshold",
        "statsd.event-flush-interval",
        "debug.dump-fsm",
        "check-config",
        "statsd.parse-dogstatsd-tags",
        "statsd.parse-influxdb-tags",
        "statsd.parse-librato-tags",
        "statsd.parse-signalfx-tags",
        "statsd.relay.address",
        "statsd.relay.packet-length",
        "statsd.udp-packet-queue-size",
        "log.level",
        "log.format",
        "help-long",
        "help-man",
        "statsd.listen-address",
        "statsd.add-suffix",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        if (!option_find(&settings_table, slice_of(names[i])) &&
            !foreign_advice(slice_of(names[i])))
            fail_msg("%s", names[i]);
}

/* In its place it is enough that udometer has the flag, or ignores it. */
static void what_statsd_exporter_takes_can_be_ignored(void **state)
{
    static const char *const names[] = {
        "statsd.cache-size",
        "statsd.cache-type",
        "statsd.event-queue-size",
        "statsd.event-flush-threshold",
        "statsd.event-flush-interval",
        "debug.dump-fsm",
        "statsd.relay.address",
        "statsd.relay.packet-length",
        "statsd.udp-packet-queue-size",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        assert_non_null(foreign_ignored(slice_of(names[i])));
    assert_null(foreign_ignored(SLICE("statsd.listen-address"))); /* it has removed this one */
    assert_null(foreign_ignored(SLICE("verbose")));
}

/* The example file in its repository has all keys that it reads at the top. */
static void every_key_of_brubeck_is_known(void **state)
{
    static const char *const names[] = { "sharding", "server_name", "dumpfile", "capacity",
                                         "expire",   "http",        "backends", "samplers" };

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        assert_non_null(foreign_key_advice(slice_of(names[i])));
}

/* Each flag that the advice names is one of udometer's. */
static void names_flags_that_exist(void **state)
{
    static const char *const names[] = { "statsd.cache-size",
                                         "statsd.event-queue-size",
                                         "statsd.relay.address",
                                         "debug.dump-fsm",
                                         "web.config.file",
                                         "web.systemd-socket",
                                         "config",
                                         "log",
                                         "v",
                                         "verbose",
                                         "quiet",
                                         "daemon",
                                         "foreground",
                                         "port",
                                         "listen" };
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz.-";

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        const char *flag = foreign_advice(slice_of(names[i]));

        assert_non_null(flag);
        while ((flag = strstr(flag, "--"))) {
            struct slice name = { flag + 2, strspn(flag + 2, letters) };

            if (!option_find(&settings_table, name) && !slice_equal(name, SLICE("version")))
                fail_msg("%s: no flag %.*s", names[i], (int)name.len, name.at);
            flag += 2;
        }
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(says_what_to_use_instead_or_that_nothing_is_needed),
        cmocka_unit_test(has_nothing_to_say_about_udometers_own_flags),
        cmocka_unit_test(every_flag_of_statsd_exporter_is_known),
        cmocka_unit_test(what_statsd_exporter_takes_can_be_ignored),
        cmocka_unit_test(every_key_of_brubeck_is_known),
        cmocka_unit_test(names_flags_that_exist),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
