/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/labels.h"
#include "config/config.h"
#include "config/settings.h"

#include <stdio.h>

static struct settings settings;

static const struct option *find(const char *name)
{
    const struct option *option = option_find(&settings_table, slice_of(name));

    assert_non_null(option);
    return option;
}

/* NULL, or what is wrong with @text; valid until the next call. */
static const char *try_set_from(enum option_source source, const char *name, const char *text)
{
    static char problem[300];
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };

    if (option_set(find(name), &settings, text, source, &wrong) == 0) {
        assert_int_equal(wrong.len, 0);
        return NULL;
    }
    snprintf(problem, sizeof(problem), "%.*s", (int)wrong.len, wrong.data);
    return problem;
}

static const char *try_set(const char *name, const char *text)
{
    return try_set_from(OPTION_FLAG, name, text);
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
    assert_string_equal(settings_listener(&settings.listen_udp, 0)->address, "localhost:8125");
    assert_string_equal(settings.listen_http, "localhost:9102");
    assert_string_equal(settings.telemetry_path, "/metrics");
    assert_string_equal(settings.selfmetrics_path, "");
    assert_string_equal(settings.config_file, "");
    assert_int_equal(settings.listen_tcp.n, 0);
    assert_int_equal(settings.listen_unixgram.n, 0);
    assert_int_equal(settings.listen_unix.n, 0);
}

static void has_its_other_defaults(void **state)
{
    assert_int_equal(settings.read_buffer_bytes, 8 << 20);
    assert_int_equal(settings.ttl_s, 0);
    assert_int_equal(settings.unscraped_ttl_s, 600);
    assert_int_equal(settings.idle_timeout_s, 0);
    assert_int_equal(settings.n_workers, 0);
    assert_int_equal(settings.max_series, 2000000);
    assert_int_equal(settings.max_family_series, 200000);
    assert_int_equal(settings.max_series_bytes, 1 << 30);
    assert_int_equal(settings.max_connections, 1024);
    assert_int_equal(settings.unix_mode, 0660);
    assert_int_equal(settings.unix_owner.user, (uid_t)-1);
    assert_int_equal(settings.unix_owner.group, (gid_t)-1);
    assert_int_equal(settings.compat, SETTINGS_NONE);
    assert_int_equal(settings.dialect, SETTINGS_STATSD);
    assert_int_equal(settings.counter, SETTINGS_INCREMENT);
    assert_int_equal(settings.counter_sender, SETTINGS_HOST);
    assert_int_equal(settings.max_key_bytes, 256 << 20);
    assert_int_equal(settings.max_totals, 100000);
    assert_int_equal(settings.max_new_names, 50000);
    assert_int_equal(settings.log_level, LOG_INFO);
    assert_int_equal(settings.log_format, LOG_LOGFMT);
    assert_false(settings.check_config);
    assert_false(settings.print_config);
    assert_false(settings.welcome);
}

/* As --help says of the flags before and after --check-config. */
static void commands_come_after_all_settings(void **state)
{
    enum option_source lowest = OPTION_DEFAULT;

    for (unsigned i = 2; i < settings_table.n; i++) {
        const struct option *option = &settings_table.options[i];

        if (strcmp(option->name, "check-config") == 0)
            lowest = OPTION_FLAG;
        assert_int_equal(option->lowest_source, lowest);
    }
    assert_int_equal(lowest, OPTION_FLAG);
    assert_int_equal(settings_table.options[0].lowest_source, OPTION_ENVIRONMENT);
    assert_int_equal(settings_table.options[1].lowest_source, OPTION_ENVIRONMENT);
}

/* A default that is a value has the text that --help shows. */
static void defaults_are_written_as_they_are_read(void **state)
{
    for (unsigned i = 0; i < settings_table.n; i++) {
        const struct option *option = &settings_table.options[i];
        CLEANUP(buffer_deinit) struct buffer text = { 0 };
        const char *value = (const char *)&settings + option->offset;

        if (!option->initial || !option->form->write)
            continue;
        assert_memory_equal(value, option->initial, option->form->size);
        option->form->write(option->initial, &option->range, &text);
        /* Only the owner may be unset. */
        assert_true(text.len > 0 || option->form == &value_file_owner);
        buffer_add_char(&text, '\0');
        set(option->name, text.data);
        assert_memory_equal(value, option->initial, option->form->size);
    }
}

static void finds_settings_by_their_whole_name(void **state)
{
    for (unsigned i = 0; i < settings_table.n; i++)
        assert_ptr_equal(find(settings_table.options[i].name), &settings_table.options[i]);
    assert_null(option_find(&settings_table, SLICE("statsd")));
    assert_null(option_find(&settings_table, SLICE("workers2")));
    assert_null(option_find(&settings_table, SLICE("Workers")));
    assert_null(option_find(&settings_table, SLICE("")));
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
    assert_all_refused("statsd.read-buffer", "1073741825", "2GiB", "4095", "1", "x");
    assert_int_equal(settings.read_buffer_bytes, 1 << 30);
    set("statsd.read-buffer", "0");
    assert_int_equal(settings.read_buffer_bytes, 0);
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

static void self_metrics_need_no_page_of_their_own(void **state)
{
    set("web.self-metrics-path", "/self");
    assert_string_equal(settings.selfmetrics_path, "/self");
    set("web.self-metrics-path", "");
    assert_string_equal(settings.selfmetrics_path, "");
    assert_all_refused("web.self-metrics-path", "/", "self", "/-/self", "/api/v1/refused");
}

static void takes_paths(void **state)
{
    char longest[202];

    memset(longest, 'a', sizeof(longest));
    longest[0] = '/';
    longest[200] = '\0';
    set("web.telemetry-path", "/m");
    set("web.telemetry-path", "/a/b/metrics");
    set("web.telemetry-path", "/api/v1/metrics");
    set("web.telemetry-path", "/api");
    set("web.telemetry-path", longest);
    assert_string_equal(settings.telemetry_path, longest);
    longest[200] = 'a';
    longest[201] = '\0';
    assert_all_refused("web.telemetry-path", "", "/", "metrics", "/-/ready", "/-/", "/-/metrics",
                       "/api/v1/refused", "/api/v1/conflicts", "/a?b", "/a#b", "/a b", "/<a>",
                       "/a\"b", "/a&b", longest);
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
    assert_true(option_is_switch(find("check-config")));
    assert_true(option_is_switch(find("welcome")));
    assert_false(option_is_switch(find("workers")));
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
    assert_string_equal(settings_listener(&settings.listen_udp, 0)->address, "127.0.0.1:1");
    assert_string_equal(settings_listener(&settings.listen_udp, 1)->address, "127.0.0.1:2");
    assert_string_equal(settings_listener(&settings.listen_udp, 2)->address, "[::1]:3");
    assert_all_refused("statsd.listen-udp", ",", "127.0.0.1:1,", "127.0.0.1:1,,127.0.0.1:2",
                       "127.0.0.1:1 127.0.0.1:2");
}

static void a_list_has_up_to_16_items(void **state)
{
    char text[32];

    for (unsigned i = 0; i < OPTION_LIST_MAX; i++) {
        snprintf(text, sizeof(text), "127.0.0.1:%u", i);
        set("statsd.listen-udp", text);
    }
    assert_int_equal(settings.listen_udp.n, OPTION_LIST_MAX);
    assert_all_refused("statsd.listen-udp", "127.0.0.1:99");
    assert_int_equal(settings.listen_udp.n, OPTION_LIST_MAX);
}

static void a_higher_source_replaces_a_whole_list(void **state)
{
    static const char list[] = "statsd.listen-udp";

    assert_null(try_set_from(OPTION_FILE, list, "127.0.0.1:1,127.0.0.1:2"));
    assert_int_equal(settings.listen_udp.n, 2);
    assert_null(try_set_from(OPTION_ENVIRONMENT, list, "127.0.0.1:3"));
    assert_int_equal(settings.listen_udp.n, 1);
    assert_null(try_set_from(OPTION_FLAG, list, "127.0.0.1:4"));
    assert_null(try_set_from(OPTION_FLAG, list, "127.0.0.1:5"));
    assert_int_equal(settings.listen_udp.n, 2);
    assert_string_equal(settings_listener(&settings.listen_udp, 0)->address, "127.0.0.1:4");
    assert_int_equal(settings.listen_udp.source, OPTION_FLAG);
}

static void limits_end_where_memory_would(void **state)
{
    static const struct {
        const char *name, *most, *beyond;
    } limits[] = {
        { "limit.line-length", "1048576", "1048577" },
        { "limit.name-length", "4096", "4097" },
        { "limit.labels", "256", "257" }, /* LABELS_MAX */
        { "limit.label-name-length", "1024", "1025" },
        { "limit.label-value-length", "16384", "16385" },
        { "limit.labels-length", "65536", "65537" },
        { "limit.connections", "65536", "65537" },
        { "limit.family-series", "1000000000", "1000000001" },
    };

    assert_int_equal(LABELS_MAX, 256);
    for (unsigned i = 0; i < ARRAY_SIZE(limits); i++) {
        set(limits[i].name, "1");
        set(limits[i].name, limits[i].most);
        assert_all_refused(limits[i].name, limits[i].beyond, "0", "-1", "", "1KiB", "x");
    }
    assert_int_equal(settings.max_connections, 65536);
    assert_int_equal(settings.max_family_series, 1000000000);
    assert_int_equal(settings.labels, 256);
}

/* --- listeners ---------------------------------------------------------------------------- */

static void a_list_may_be_emptied(void **state)
{
    static const char list[] = "statsd.listen-udp";

    set("statsd.listen-udp", "");
    assert_int_equal(settings.listen_udp.n, 0);
    set("statsd.listen-udp", ""); /* again, then changed */
    set("statsd.listen-udp", "127.0.0.1:1");
    assert_int_equal(settings.listen_udp.n, 1);
    settings_deinit(&settings);
    assert_int_equal(settings_init(&settings), 0);
    assert_null(try_set_from(OPTION_FILE, list, "127.0.0.1:1,127.0.0.1:2"));
    assert_null(try_set_from(OPTION_ENVIRONMENT, list, ""));
    assert_int_equal(settings.listen_udp.n, 0);
}

static void has_lists_of_all_transports(void **state)
{
    static const char *const names[] = { "statsd.listen-udp", "statsd.listen-tcp",
                                         "statsd.listen-unixgram", "statsd.listen-unix" };

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        assert_true(find(names[i])->is_list);
    assert_false(find("web.listen-address")->is_list);
    set("statsd.listen-tcp", "127.0.0.1:1,[::1]:2");
    assert_int_equal(settings.listen_tcp.n, 2);
    assert_string_equal(settings_listener(&settings.listen_tcp, 1)->address, "[::1]:2");
    set("statsd.listen-unixgram", "/run/a.sock,b.sock");
    assert_int_equal(settings.listen_unixgram.n, 2);
    assert_string_equal(settings_listener(&settings.listen_unixgram, 0)->address, "/run/a.sock");
    assert_string_equal(settings_listener(&settings.listen_unixgram, 1)->address, "b.sock");
    set("statsd.listen-unix", "/run/c.sock");
    assert_string_equal(settings_listener(&settings.listen_unix, 0)->address, "/run/c.sock");
    assert_all_refused("statsd.listen-tcp", "nonsense", "/run/a.sock", ",");
}

static void a_socket_path_fits_into_an_address(void **state)
{
    char path[109];

    memset(path, 'p', sizeof(path));
    path[107] = '\0';
    set("statsd.listen-unix", path);
    path[107] = 'p';
    path[108] = '\0';
    assert_all_refused("statsd.listen-unix", path, ",", "a\xff");
    assert_int_equal(settings.listen_unix.n, 1);
}

static void a_listener_may_have_a_dialect_of_its_own(void **state)
{
    const struct value_listener *items;

    set("statsd.listen-udp",
        "127.0.0.1:1?dialect=dogstatsd,127.0.0.1:2,127.0.0.1:3?dialect=statsd");
    items = settings.listen_udp.items;
    assert_int_equal(settings.listen_udp.n, 3);
    assert_string_equal(items[0].address, "127.0.0.1:1");
    assert_true(items[0].dialect.is_set && items[0].dialect.is_other);
    assert_string_equal(items[1].address, "127.0.0.1:2");
    assert_false(items[1].dialect.is_set);
    assert_string_equal(items[2].address, "127.0.0.1:3");
    assert_true(items[2].dialect.is_set);
    assert_false(items[2].dialect.is_other);
    set("statsd.listen-unix", "/run/x.sock?dialect=dogstatsd");
    assert_string_equal(settings_listener(&settings.listen_unix, 0)->address, "/run/x.sock");
    assert_true(settings_listener(&settings.listen_unix, 0)->dialect.is_other);
}

static void refuses_other_dialects(void **state)
{
    assert_all_refused("statsd.listen-udp", "127.0.0.1:1?dialect=datadog",
                       "127.0.0.1:1?dialect=", "127.0.0.1:1?", "127.0.0.1:1?dialect",
                       "127.0.0.1:1?dialect=statsd2", "127.0.0.1:1?dialect=statsd&x",
                       "?dialect=statsd", "127.0.0.1:1?dialect=statsd?dialect=statsd");
    assert_all_refused("statsd.dialect", "", "DogStatsD", "dog", "influxdb", "statsd ");
    assert_int_equal(settings.dialect, SETTINGS_STATSD);
    set("statsd.dialect", "dogstatsd");
    assert_int_equal(settings.dialect, SETTINGS_DOGSTATSD);
    set("statsd.dialect", "statsd");
    assert_int_equal(settings.dialect, SETTINGS_STATSD);
}

static void a_list_that_was_refused_can_still_be_given_back(void **state)
{
    set("statsd.listen-unix", "/run/a.sock");
    assert_all_refused("statsd.listen-unix", "/run/b.sock,?dialect=statsd", "/run/c.sock?x");
    set("statsd.listen-unix", "/run/d.sock");
    assert_string_equal(
        settings_listener(&settings.listen_unix, settings.listen_unix.n - 1)->address,
        "/run/d.sock");
}

static void takes_modes_and_owners_of_socket_files(void **state)
{
    set("statsd.unixsocket-mode", "0777");
    assert_int_equal(settings.unix_mode, 0777);
    set("statsd.unixsocket-mode", "600");
    assert_int_equal(settings.unix_mode, 0600);
    assert_all_refused("statsd.unixsocket-mode", "", "8", "rw", "1777", "66", "00660");
    set("statsd.unixsocket-owner", "0:0");
    assert_int_equal(settings.unix_owner.user, 0);
    assert_int_equal(settings.unix_owner.group, 0);
    set("statsd.unixsocket-owner", ":123");
    assert_int_equal(settings.unix_owner.user, (uid_t)-1);
    assert_int_equal(settings.unix_owner.group, 123);
    assert_all_refused("statsd.unixsocket-owner", "no such user", "0:no such group");
}

static void the_text_is_copied(void **state)
{
    char text[] = "127.0.0.1:1";

    set("web.listen-address", text);
    set("statsd.listen-udp", text);
    memset(text, '#', sizeof(text) - 1);
    assert_string_equal(settings.listen_http, "127.0.0.1:1");
    assert_string_equal(settings_listener(&settings.listen_udp, 0)->address, "127.0.0.1:1");
}

static void limits_are_reported_by_the_end_of_their_name(void **state)
{
    static const char prefix[] = "limit.", web_prefix[] = "web.max-";

    for (unsigned i = 0; i < settings_table.n; i++) {
        const struct option *option = &settings_table.options[i];

        if (strncmp(option->name, web_prefix, strlen(web_prefix)) == 0)
            assert_string_equal(option->limit, option->name + strlen(web_prefix));
        else if (strncmp(option->name, prefix, strlen(prefix)) != 0)
            assert_null(option->limit);
        else
            assert_string_equal(option->limit, option->name + strlen(prefix));
    }
    set("limit.series", "77");
    assert_int_equal(option_number(find("limit.series"), &settings), 77);
}

static void variables_are_named_after_flags(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };

    option_write_variable(find("statsd.listen-udp"), &out);
    buffer_add_char(&out, ' ');
    option_write_variable(find("workers"), &out);
    assert_slice_equal(buffer_text(&out), "UDOMETER_STATSD_LISTEN_UDP UDOMETER_WORKERS");
}

static bool is_on(const struct option *option)
{
    return strncmp(option->name, "statsd.parse-", strlen("statsd.parse-")) == 0 ||
           strcmp(option->name, "web.openmetrics") == 0;
}

static void what_needs_a_restart_is_named_and_stays(void **state)
{
    CLEANUP(config_freep) struct settings *in_force = NULL;
    CLEANUP(buffer_deinit) struct buffer names = { 0 };

    assert_int_equal(config_new(&in_force), 0);
    assert_int_equal(config_hold(&settings, in_force, &names), 0);
    assert_int_equal(names.len, 0);
    set("statsd.mapping-config", "rules.yml");
    assert_int_equal(config_hold(&settings, in_force, &names), 0);
    assert_int_equal(names.len, 0);
    assert_int_equal(settings.mapping_config.n, 1);
    set("statsd.unixsocket-mode", "0600");
    set("web.listen-address", ":1");
    set("limit.connections", "1024"); /* its default */
    set("log.format", "json");
    assert_int_equal(config_hold(&settings, in_force, &names), 0);
    assert_true(slice_equal(buffer_text(&names),
                            SLICE("statsd.unixsocket-mode, web.listen-address, log.format")));
    assert_int_equal(settings.unix_mode, 0660);
    assert_string_equal(settings.listen_http, "localhost:9102");
    assert_int_equal(settings.http_source, OPTION_DEFAULT);
    assert_int_equal(settings.log_format, LOG_LOGFMT);
}

static void help_tells_every_flag_in_order(void **state)
{
    CLEANUP(buffer_deinit) struct buffer out = { 0 };
    const char *at;
    char flag[64];

    config_write_help(&out);
    buffer_add_char(&out, '\0');
    assert_false(out.has_failed);
    at = out.data;
    for (unsigned i = 0; i < settings_table.n; i++) {
        const struct option *option = &settings_table.options[i];

        /* A switch that is on by default can be switched off. */
        snprintf(flag, sizeof(flag), "  --%s%s%s", is_on(option) ? "[no-]" : "", option->name,
                 option_is_switch(option) ? "\n" : "=");
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
        SETTINGS_CASE(commands_come_after_all_settings),
        SETTINGS_CASE(defaults_are_written_as_they_are_read),
        SETTINGS_CASE(finds_settings_by_their_whole_name),
        SETTINGS_CASE(takes_counts_from_1_to_a_billion),
        SETTINGS_CASE(takes_up_to_64_workers),
        SETTINGS_CASE(takes_sizes_with_and_without_units),
        SETTINGS_CASE(refuses_other_sizes),
        SETTINGS_CASE(a_read_buffer_fits_into_a_socket_option),
        SETTINGS_CASE(takes_durations),
        SETTINGS_CASE(takes_addresses),
        SETTINGS_CASE(takes_paths),
        SETTINGS_CASE(self_metrics_need_no_page_of_their_own),
        SETTINGS_CASE(takes_words),
        SETTINGS_CASE(switches_are_true_or_false),
        SETTINGS_CASE(a_list_grows_by_repetition_and_commas),
        SETTINGS_CASE(a_list_has_up_to_16_items),
        SETTINGS_CASE(a_higher_source_replaces_a_whole_list),
        SETTINGS_CASE(limits_end_where_memory_would),
        SETTINGS_CASE(a_list_may_be_emptied),
        SETTINGS_CASE(has_lists_of_all_transports),
        SETTINGS_CASE(a_socket_path_fits_into_an_address),
        SETTINGS_CASE(a_listener_may_have_a_dialect_of_its_own),
        SETTINGS_CASE(refuses_other_dialects),
        SETTINGS_CASE(a_list_that_was_refused_can_still_be_given_back),
        SETTINGS_CASE(takes_modes_and_owners_of_socket_files),
        SETTINGS_CASE(the_text_is_copied),
        SETTINGS_CASE(limits_are_reported_by_the_end_of_their_name),
        SETTINGS_CASE(variables_are_named_after_flags),
        SETTINGS_CASE(what_needs_a_restart_is_named_and_stays),
        SETTINGS_CASE(help_tells_every_flag_in_order),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
