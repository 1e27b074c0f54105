/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "daemon/settings.h"

#include <stdio.h>

static struct settings settings;

static const char *try_set(const char *name, const char *text)
{
    const struct setting *setting = settings_find(slice_of(name));

    assert_non_null(setting);
    return setting_set(setting, &settings, text, SETTINGS_FLAG);
}

static void set(const char *name, const char *text)
{
    const char *problem = try_set(name, text);

    if (problem)
        fail_msg("%s=%s: %s", name, text, problem);
}

/* Each of @texts is wrong, and the problem is the end of a sentence. */
static void assert_refused(const char *name, const char *const *texts, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const char *problem = try_set(name, texts[i]);

        if (!problem)
            fail_msg("%s=%s was accepted", name, texts[i]);
        if (strncmp(problem, "expected ", strlen("expected ")) != 0)
            fail_msg("%s=%s: %s", name, texts[i], problem);
        assert_null(strchr(problem, '\n'));
    }
}

#define assert_all_refused(name, ...)                                                              \
    assert_refused((name), (const char *const[]){ __VA_ARGS__ },                                   \
                   ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ })))

static void defaults_bind_to_loopback_only(void **state)
{
    assert_int_equal(settings.listen_udp.n, 1);
    assert_string_equal(settings.listen_udp.items[0], "127.0.0.1:8125");
    assert_string_equal(settings.listen_http, "127.0.0.1:9102");
    assert_string_equal(settings.telemetry_path, "/metrics");
    assert_string_equal(settings.config_file, "");
}

static void has_its_other_defaults(void **state)
{
    assert_int_equal(settings.read_buffer_bytes, 8 << 20);
    assert_int_equal(settings.ttl_s, 0);
    assert_int_equal(settings.n_workers, 0);
    assert_int_equal(settings.max_series, 2000000);
    assert_int_equal(settings.max_series_bytes, 1 << 30);
    assert_int_equal(settings.max_key_bytes, 256 << 20);
    assert_int_equal(settings.log_level, LOG_INFO);
    assert_int_equal(settings.log_format, LOG_LOGFMT);
    assert_false(settings.check_config);
    assert_false(settings.welcome);
}

static void finds_settings_by_their_whole_name(void **state)
{
    for (unsigned i = 0; i < settings_count(); i++)
        assert_ptr_equal(settings_find(slice_of(setting_name(settings_at(i)))), settings_at(i));
    assert_null(settings_find(SLICE("statsd")));
    assert_null(settings_find(SLICE("workers2")));
    assert_null(settings_find(SLICE("Workers")));
    assert_null(settings_find(SLICE("")));
}

static void takes_counts_from_1_to_a_billion(void **state)
{
    set("limit.series", "1");
    assert_int_equal(settings.max_series, 1);
    set("limit.series", "1000000000");
    assert_int_equal(settings.max_series, 1000000000);
    assert_all_refused("limit.series", "0", "1000000001", "-1", "+1", "", " 1", "1 ", "1.0", "1e3",
                       "0x10", "1k", "18446744073709551616", "18446744073709551617", "one");
    assert_int_equal(settings.max_series, 1000000000);
}

static void takes_up_to_64_workers(void **state)
{
    set("workers", "0");
    set("workers", "1");
    set("workers", "64");
    assert_int_equal(settings.n_workers, 64);
    assert_all_refused("workers", "65", "-1", "", "auto", "2 ", "18446744073709551617");
    assert_int_equal(settings.n_workers, 64);
}

static void takes_sizes_with_and_without_units(void **state)
{
    set("limit.key-memory", "4096");
    assert_int_equal(settings.max_key_bytes, 4096);
    set("limit.key-memory", "4KiB");
    assert_int_equal(settings.max_key_bytes, 4096);
    set("limit.key-memory", "3MiB");
    assert_int_equal(settings.max_key_bytes, 3 << 20);
    set("limit.series-memory", "1024GiB");
    assert_int_equal(settings.max_series_bytes, UINT64_C(1) << 40);
}

static void refuses_other_sizes(void **state)
{
    assert_all_refused("limit.key-memory", "4095", "3KiB", "1025GiB", "1099511627777", "0", "-1",
                       "", "KiB", "1.5MiB", "4 KiB", "4KB", "4K", "4kib", "4TiB", "5MiBx",
                       "17179869184GiB", "17179869185GiB", "99999999999999999999");
    assert_int_equal(settings.max_key_bytes, 256 << 20);
}

static void a_read_buffer_fits_into_a_socket_option(void **state)
{
    set("statsd.read-buffer", "4KiB");
    set("statsd.read-buffer", "1GiB");
    assert_int_equal(settings.read_buffer_bytes, 1 << 30);
    assert_all_refused("statsd.read-buffer", "1073741825", "2GiB", "4095", "x");
    assert_int_equal(settings.read_buffer_bytes, 1 << 30);
}

static void takes_durations(void **state)
{
    static const struct {
        const char *text;
        uint64_t seconds;
    } good[] = { { "0s", 0 },    { "0d", 0 },      { "90s", 90 },
                 { "15m", 900 }, { "12h", 43200 }, { "7d", 604800 },
                 { "1s", 1 },    { "007s", 7 },    { "1000000000s", 1000000000 } };

    for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
        set("statsd.ttl", good[i].text);
        assert_int_equal(settings.ttl_s, good[i].seconds);
    }
    assert_all_refused("statsd.ttl", "0", "5", "", "s", "1000000001s", "5 m", "1.5h", "-1s", "5ms",
                       "5min", "1h30m", "99999999999999999999d", "18446744073709551615d", "never");
}

static void takes_addresses(void **state)
{
    static const char *const good[] = { "127.0.0.1:0", "[::1]:65535", ":9102", "0.0.0.0:1",
                                        "localhost:9102" };

    for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
        set("web.listen-address", good[i]);
        assert_string_equal(settings.listen_http, good[i]);
    }
    assert_all_refused("web.listen-address", "", "9102", "127.0.0.1", "127.0.0.1:", "::1:9102",
                       "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:x", "[::1]", "[::1]9102",
                       "127.0.0.1:80 ");
    assert_string_equal(settings.listen_http, "localhost:9102");
}

static void takes_paths(void **state)
{
    char longest[202];

    memset(longest, 'a', sizeof(longest));
    longest[0] = '/';
    longest[200] = '\0';
    set("web.telemetry-path", "/m");
    set("web.telemetry-path", "/a/b/metrics");
    set("web.telemetry-path", longest);
    assert_string_equal(settings.telemetry_path, longest);
    longest[200] = 'a';
    longest[201] = '\0';
    assert_all_refused("web.telemetry-path", "", "/", "metrics", "/-/ready", "/-/", "/a?b", "/a#b",
                       "/a b", "/<a>", "/a\"b", "/a&b", longest);
}

static void takes_words(void **state)
{
    set("log.level", "debug");
    assert_int_equal(settings.log_level, LOG_DEBUG);
    set("log.level", "info");
    assert_int_equal(settings.log_level, LOG_INFO);
    set("log.level", "warn");
    assert_int_equal(settings.log_level, LOG_WARN);
    set("log.level", "error");
    assert_int_equal(settings.log_level, LOG_ERROR);
    set("log.format", "json");
    assert_int_equal(settings.log_format, LOG_JSON);
    set("log.format", "logfmt");
    assert_int_equal(settings.log_format, LOG_LOGFMT);
    assert_all_refused("log.level", "", "Info", "warning", "inf", "infos", "0");
    assert_all_refused("log.format", "", "JSON", "jsonx", "text");
}

static void switches_are_true_or_false(void **state)
{
    assert_true(setting_is_switch(settings_find(SLICE("check-config"))));
    assert_true(setting_is_switch(settings_find(SLICE("welcome"))));
    assert_false(setting_is_switch(settings_find(SLICE("workers"))));
    set("check-config", "true");
    assert_true(settings.check_config);
    set("check-config", "false");
    assert_false(settings.check_config);
    assert_all_refused("check-config", "", "yes", "1", "True", "truely");
}

static void a_list_grows_by_repetition_and_commas(void **state)
{
    set("statsd.listen-udp", "127.0.0.1:1");
    set("statsd.listen-udp", "127.0.0.1:2,[::1]:3");
    assert_int_equal(settings.listen_udp.n, 3);
    assert_string_equal(settings.listen_udp.items[0], "127.0.0.1:1");
    assert_string_equal(settings.listen_udp.items[1], "127.0.0.1:2");
    assert_string_equal(settings.listen_udp.items[2], "[::1]:3");
    assert_all_refused("statsd.listen-udp", "", ",", "127.0.0.1:1,", "127.0.0.1:1,,127.0.0.1:2",
                       "127.0.0.1:1 127.0.0.1:2");
}

static void a_list_has_up_to_16_items(void **state)
{
    char text[32];

    for (unsigned i = 0; i < SETTINGS_LISTENERS_MAX; i++) {
        snprintf(text, sizeof(text), "127.0.0.1:%u", i);
        set("statsd.listen-udp", text);
    }
    assert_int_equal(settings.listen_udp.n, SETTINGS_LISTENERS_MAX);
    assert_all_refused("statsd.listen-udp", "127.0.0.1:99");
    assert_int_equal(settings.listen_udp.n, SETTINGS_LISTENERS_MAX);
}

static void a_higher_source_replaces_a_whole_list(void **state)
{
    const struct setting *list = settings_find(SLICE("statsd.listen-udp"));

    assert_null(setting_set(list, &settings, "127.0.0.1:1,127.0.0.1:2", SETTINGS_FILE));
    assert_int_equal(settings.listen_udp.n, 2);
    assert_null(setting_set(list, &settings, "127.0.0.1:3", SETTINGS_ENVIRONMENT));
    assert_int_equal(settings.listen_udp.n, 1);
    assert_null(setting_set(list, &settings, "127.0.0.1:4", SETTINGS_FLAG));
    assert_null(setting_set(list, &settings, "127.0.0.1:5", SETTINGS_FLAG));
    assert_int_equal(settings.listen_udp.n, 2);
    assert_string_equal(settings.listen_udp.items[0], "127.0.0.1:4");
    assert_int_equal(settings.listen_udp.source, SETTINGS_FLAG);
}

static void the_text_is_copied(void **state)
{
    char text[] = "127.0.0.1:1";

    set("web.listen-address", text);
    set("statsd.listen-udp", text);
    memset(text, '#', sizeof(text) - 1);
    assert_string_equal(settings.listen_http, "127.0.0.1:1");
    assert_string_equal(settings.listen_udp.items[0], "127.0.0.1:1");
}

static void variables_are_named_after_flags(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    setting_write_variable(settings_find(SLICE("statsd.listen-udp")), &out);
    buffer_add_char(&out, ' ');
    setting_write_variable(settings_find(SLICE("workers")), &out);
    assert_slice_equal(buffer_text(&out), "UDOMETER_STATSD_LISTEN_UDP UDOMETER_WORKERS");
}

static void help_tells_every_flag_in_order(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };
    const char *at;
    char flag[64];

    settings_write_help(&out);
    buffer_add_char(&out, '\0');
    assert_false(out.has_failed);
    at = out.data;
    for (unsigned i = 0; i < settings_count(); i++) {
        const struct setting *setting = settings_at(i);

        snprintf(flag, sizeof(flag), "  --%s%s", setting_name(setting),
                 setting_is_switch(setting) ? "\n" : "=");
        at = strstr(at, flag);
        if (!at)
            fail_msg("no %s in --help", flag);
    }
    assert_non_null(strstr(at, "--help"));
    assert_non_null(strstr(at, "--version"));
}

static int begin(void **state)
{
    return settings_init(&settings);
}

static int end(void **state)
{
    settings_deinit(&settings);
    return 0;
}

#define SETTINGS_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        SETTINGS_CASE(defaults_bind_to_loopback_only),
        SETTINGS_CASE(has_its_other_defaults),
        SETTINGS_CASE(finds_settings_by_their_whole_name),
        SETTINGS_CASE(takes_counts_from_1_to_a_billion),
        SETTINGS_CASE(takes_up_to_64_workers),
        SETTINGS_CASE(takes_sizes_with_and_without_units),
        SETTINGS_CASE(refuses_other_sizes),
        SETTINGS_CASE(a_read_buffer_fits_into_a_socket_option),
        SETTINGS_CASE(takes_durations),
        SETTINGS_CASE(takes_addresses),
        SETTINGS_CASE(takes_paths),
        SETTINGS_CASE(takes_words),
        SETTINGS_CASE(switches_are_true_or_false),
        SETTINGS_CASE(a_list_grows_by_repetition_and_commas),
        SETTINGS_CASE(a_list_has_up_to_16_items),
        SETTINGS_CASE(a_higher_source_replaces_a_whole_list),
        SETTINGS_CASE(the_text_is_copied),
        SETTINGS_CASE(variables_are_named_after_flags),
        SETTINGS_CASE(help_tells_every_flag_in_order),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
