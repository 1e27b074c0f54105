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
    assert_advice("statsd.mapping-config", "statsd_exporter");
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

/* Each flag that the advice names is one of udometer's. */
static void names_flags_that_exist(void **state)
{
    static const char *const names[] = { "statsd.mapping-config",
                                         "statsd.cache-size",
                                         "statsd.event-queue-size",
                                         "statsd.relay.address",
                                         "debug.dump-fsm",
                                         "web.enable-lifecycle",
                                         "web.config.file",
                                         "web.systemd-socket",
                                         "config",
                                         "log",
                                         "no-setproctitle",
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
        cmocka_unit_test(names_flags_that_exist),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
