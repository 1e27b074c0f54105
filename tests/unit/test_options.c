/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/clock.h"
#include "config/settings.h"
#include "config/type_ttl.h"
#include "daemon/daemon.h"
#include "daemon/options.h"

#include <stdio.h>

static struct settings settings;
static struct daemon_options options;

static const struct option *find(const char *name)
{
    const struct option *option = option_find(&settings_table, slice_of(name));

    assert_non_null(option);
    return option;
}

static void set(const char *name, const char *text)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };

    if (option_set(find(name), &settings, text, OPTION_FLAG, &wrong) < 0)
        fail_msg("%s=%s: %.*s", name, text, (int)wrong.len, wrong.data);
}

static void take_options(void)
{
    options_daemon(&settings, &options);
}

/* --- taking in lines ------------------------------------------------------------------------ */

static void limits_reach_the_pipeline(void **state)
{
    struct line_limits limits;

    set("limit.line-length", "1000");
    set("limit.name-length", "1001");
    set("limit.labels", "102");
    set("limit.label-name-length", "1003");
    set("limit.label-value-length", "1004");
    set("limit.labels-length", "1005");
    limits = options_pipeline(&settings).resolve.limits;
    assert_int_equal(limits.line, 1000);
    assert_int_equal(limits.name, 1001);
    assert_int_equal(limits.labels, 102);
    assert_int_equal(limits.label_name, 1003);
    assert_int_equal(limits.label_value, 1004);
    assert_int_equal(limits.labels_text, 1005);
}

static void each_dialect_of_tags_can_be_switched_off(void **state)
{
    static const char *const names[_TAG_DIALECT_N] = {
        [TAG_DOGSTATSD] = "statsd.parse-dogstatsd-tags",
        [TAG_INFLUXDB] = "statsd.parse-influxdb-tags",
        [TAG_LIBRATO] = "statsd.parse-librato-tags",
        [TAG_SIGNALFX] = "statsd.parse-signalfx-tags",
        [TAG_GRAPHITE] = "statsd.parse-graphite-tags",
    };
    unsigned all = (1u << _TAG_DIALECT_N) - 1;

    for (unsigned i = 0; i < _TAG_DIALECT_N; i++) {
        assert_true(option_is_switch(find(names[i])));
        set(names[i], "false");
        assert_int_equal(options_pipeline(&settings).resolve.dialects, all & ~(1u << i));
        set(names[i], "true");
        assert_int_equal(options_pipeline(&settings).resolve.dialects, all);
    }
}

static void switches_reach_the_pipeline(void **state)
{
    set("statsd.bare-tags", "true");
    assert_true(options_pipeline(&settings).resolve.keeps_bare_tags);
    assert_false(options_pipeline(&settings).resolve.has_container_label);
    assert_false(options_pipeline(&settings).resolve.renames_scrape_labels);
    set("statsd.scrape-labels", "rename");
    assert_true(options_pipeline(&settings).resolve.renames_scrape_labels);
    set("statsd.container-label", "true");
    assert_true(options_pipeline(&settings).resolve.has_container_label);
    assert_false(options_pipeline(&settings).resolve.keeps_container_prefix);
    set("statsd.container-prefix", "true");
    assert_true(options_pipeline(&settings).resolve.keeps_container_prefix);
    assert_false(options_pipeline(&settings).has_check_gauges);
    set("statsd.service-checks", "true");
    assert_true(options_pipeline(&settings).has_check_gauges);
}

/* --- the daemon ------------------------------------------------------------------------------ */

static void each_setting_reaches_its_module(void **state)
{
    set("limit.series", "101");
    set("limit.family-series", "102");
    set("limit.series-memory", "103KiB");
    set("limit.key-memory", "104KiB");
    set("limit.running-totals", "112");
    set("limit.new-names", "113");
    set("limit.connections", "105");
    set("limit.line-length", "106");
    set("statsd.ttl", "107s");
    set("statsd.type-ttl", "gauge=112s");
    set("statsd.idle-timeout", "108s");
    set("workers", "8");
    set("web.listen-address", "127.0.0.1:109");
    set("web.telemetry-path", "/110");
    set("web.self-metrics-path", "/111");
    set("log.level", "warn");
    set("log.format", "json");
    take_options();
    assert_int_equal(options.registry.max_series, 101);
    assert_int_equal(options.registry.max_family_series, 102);
    assert_int_equal(options.registry.max_bytes, 103 << 10);
    assert_int_equal(options.registry.max_totals, 112);
    assert_int_equal(options.registry.max_new_names, 113);
    assert_int_equal(options.max_key_bytes, 104 << 10);
    assert_int_equal(options.max_connections, 105);
    assert_int_equal(options.pipeline.resolve.limits.line, 106);
    assert_int_equal(options.ttl_s[METRIC_COUNTER], 107);
    assert_int_equal(options.ttl_s[METRIC_GAUGE], 112);
    assert_int_equal(options.idle_max_s, 108);
    assert_int_equal(options.n_workers, 8);
    assert_string_equal(options.http_address, "127.0.0.1:109");
    assert_string_equal(options.telemetry_path, "/110");
    assert_string_equal(options.selfmetrics_path, "/111");
    assert_int_equal(options.log_level, LOG_WARN);
    assert_int_equal(options.log_format, LOG_JSON);
    assert_false(options.has_welcome);
    set("welcome", "true");
    take_options();
    assert_true(options.has_welcome);
}

static void assert_listener(unsigned i, enum listener_protocol protocol, const char *address,
                            bool is_dogstatsd)
{
    const struct listener_options *listener = &options.listeners.listeners[i];

    assert_true(i < options.listeners.n_listeners);
    assert_int_equal(listener->protocol, protocol);
    assert_string_equal(listener->address, address);
    assert_int_equal(listener->reading.is_dogstatsd, is_dogstatsd);
}

/* So that sockets which are passed to the daemon replace only what no user asked for. */
static void limits_of_http_reach_its_server(void **state)
{
    set("web.max-requests", "113");
    set("web.request-timeout", "114s");
    set("web.answer-timeout", "115s");
    set("limit.http-connections", "116");
    set("limit.http-address-connections", "117");
    take_options();
    assert_int_equal(options.http.max_requests, 113);
    assert_int_equal(options.http.head_max_ns, 114 * CLOCK_NS_PER_S);
    assert_int_equal(options.http.answer_max_ns, 115 * CLOCK_NS_PER_S);
    assert_int_equal(options.http.max_connections, 116);
    assert_int_equal(options.http.max_address_connections, 117);
}

static void defaults_are_known_as_such(void **state)
{
    take_options();
    assert_int_equal(options.listeners.n_listeners, 1);
    assert_true(options.listeners.listeners[0].is_default);
    assert_true(options.is_http_default);
    set("statsd.listen-udp", "localhost:8125"); /* although it is the same */
    set("statsd.listen-tcp", "localhost:8125");
    set("web.listen-address", "localhost:9102");
    take_options();
    assert_int_equal(options.listeners.n_listeners, 2);
    assert_false(options.listeners.listeners[0].is_default);
    assert_false(options.listeners.listeners[1].is_default);
    assert_false(options.is_http_default);
}

static void listeners_come_by_protocol(void **state)
{
    set("statsd.listen-unix", "/run/s");
    set("statsd.listen-unixgram", "/run/d");
    set("statsd.listen-tcp", "127.0.0.1:1,127.0.0.1:2?dialect=statsd");
    set("statsd.listen-udp", "127.0.0.1:3?dialect=dogstatsd");
    take_options();
    assert_int_equal(options.listeners.n_listeners, 5);
    assert_listener(0, LISTENER_UDP, "127.0.0.1:3", true);
    assert_listener(1, LISTENER_TCP, "127.0.0.1:1", false);
    assert_listener(2, LISTENER_TCP, "127.0.0.1:2", false);
    assert_listener(3, LISTENER_UNIXGRAM, "/run/d", false);
    assert_listener(4, LISTENER_UNIX, "/run/s", false);
    assert_false(options_reading(&settings).is_dogstatsd);
    set("statsd.dialect", "dogstatsd");
    take_options();
    assert_true(options_reading(&settings).is_dogstatsd);
    assert_listener(1, LISTENER_TCP, "127.0.0.1:1", true);
    assert_listener(2, LISTENER_TCP, "127.0.0.1:2", false);
}

/* "t" if counters are totals, "s" if their senders are sockets. */
static void assert_counter(unsigned i, const char *expected)
{
    const struct pipeline_reading *reading = &options.listeners.listeners[i].reading;
    char got[3] = "", *at = got;

    if (reading->has_totals)
        *at++ = 't';
    if (reading->has_senders_by_socket)
        *at++ = 's';
    assert_string_equal(got, expected);
}

static void a_listener_may_have_running_totals(void **state)
{
    set("statsd.listen-udp", "127.0.0.1:1,127.0.0.1:2?counter=absolute,127.0.0.1:3?counter="
                             "increment,127.0.0.1:4?counter-sender=host&counter=absolute");
    take_options();
    assert_counter(0, "");
    assert_counter(1, "t");
    assert_counter(2, "");
    assert_counter(3, "t");
    assert_false(options.listeners.reading.has_totals);
    set("statsd.counter", "absolute");
    set("statsd.counter-sender", "socket");
    take_options();
    assert_counter(0, "ts");
    assert_counter(1, "ts");
    assert_counter(2, "s");
    assert_counter(3, "t");
    assert_true(options.listeners.reading.has_totals);
    assert_true(options.listeners.reading.has_senders_by_socket);
    assert_true(options_reading(&settings).has_totals);
}

static void sockets_are_made_as_they_are_set(void **state)
{
    set("statsd.read-buffer", "1MiB");
    set("statsd.unixsocket-mode", "0600");
    set("statsd.unixsocket-owner", "12:34");
    take_options();
    assert_int_equal(options.listeners.read_buffer_bytes, 1 << 20);
    assert_int_equal(options.listeners.permissions.mode, 0600);
    assert_int_equal(options.listeners.permissions.owner, 12);
    assert_int_equal(options.listeners.permissions.group, 34);
}

static uint64_t limit_of(const char *name)
{
    for (unsigned i = 0; i < options.n_limits; i++)
        if (strcmp(options.limits[i].name, name) == 0)
            return options.limits[i].value;
    fail_msg("there is no limit %s", name);
    return 0;
}

static void limits_are_what_they_are_set_to(void **state)
{
    settings.max_series = 7;
    settings.max_family_series = 8;
    settings.max_series_bytes = 9 << 20;
    settings.line_length = 10;
    take_options();
    assert_int_equal(limit_of("series"), 7);
    assert_int_equal(limit_of("family-series"), 8);
    assert_int_equal(limit_of("series-memory"), 9 << 20);
    assert_int_equal(limit_of("line-length"), 10);
    assert_int_equal(limit_of("name-length"), 512);
    assert_int_equal(limit_of("labels"), 64);
    assert_int_equal(limit_of("connections"), 1024);
}

/* Each --limit.NAME and --web.max-NAME has exactly one series, and nothing else has one. */
static void every_limit_is_there_once(void **state)
{
    unsigned n = 0;

    take_options();
    for (unsigned i = 0; i < settings_table.n; i++) {
        const char *name = settings_table.options[i].name;
        bool is_web = strncmp(name, "web.max-", strlen("web.max-")) == 0;

        if (!is_web && strncmp(name, "limit.", strlen("limit.")) != 0)
            continue;
        assert_int_equal(limit_of(name + strlen(is_web ? "web.max-" : "limit.")),
                         option_number(&settings_table.options[i], &settings));
        n++;
    }
    assert_true(n > 8);
    assert_int_equal(n, options.n_limits);
}

/* --- every setting -------------------------------------------------------------------------- */

/* Settings that main and config use; the daemon does not need them. */
static const char *const of_no_module[] = { "config.file",  "compat",       "statsd.mapping-config",
                                            "check-config", "print-config", "print-schema" };

static bool is_of_no_module(const struct option *option)
{
    for (unsigned i = 0; i < ARRAY_SIZE(of_no_module); i++)
        if (strcmp(option->name, of_no_module[i]) == 0)
            return true;
    return false;
}

static const void *member(const struct option *option)
{
    return (const char *)&settings + option->offset;
}

/* A number that @option may have, but does not have now, in its unit. */
static const char *other_number(const struct option *option)
{
    static char text[32];
    const struct value_range *range = &option->range;
    uint64_t now = option_number(option, &settings);

    snprintf(text, sizeof(text), "%lu%s", now == range->most ? range->least : range->most,
             range->unit == VALUE_SECONDS ? "s" : "");
    return text;
}

/* A word that @option may have, but does not have now. */
static const char *other_word(const struct option *option)
{
    unsigned now, last = option->range.n_words - 1;

    memcpy(&now, member(option), sizeof(now));
    return option->range.words[now == last ? last - 1 : last];
}

/* A text that any option of this @form accepts, and that is not a default. */
static const char *other_text(const struct value_form *form)
{
    static const struct {
        const struct value_form *form;
        const char *text;
    } texts[] = {
        { &value_text, "other" },
        { &value_page, "/other" },
        { &value_page_or_none, "/other" },
        { &value_address, "127.0.0.1:9" },
        { &value_listener_address, "127.0.0.1:9" },
        { &value_listener_path, "/other" },
        { &value_file_mode, "0777" },
        { &value_file_owner, "9:9" },
        { &value_type_ttl, "counter=9s" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(texts); i++)
        if (texts[i].form == form)
            return texts[i].text;
    return NULL;
}

static const char *other_value(const struct option *option)
{
    const char *text = other_text(option->form);

    if (option->form == &value_switch)
        return *(const bool *)member(option) ? "false" : "true";
    if (option->form == &value_number)
        return other_number(option);
    if (option->form == &value_word)
        return other_word(option);
    if (!text)
        fail_msg("say in other_text() what --%s may be set to", option->name);
    return text;
}

static void describe_listeners(struct buffer *out)
{
    const struct listeners_options *listeners = &options.listeners;

    buffer_add_format(out, "%lu %o %d %d", (unsigned long)listeners->read_buffer_bytes,
                      (unsigned)listeners->permissions.mode, (int)listeners->permissions.owner,
                      (int)listeners->permissions.group);
    for (unsigned i = 0; i < listeners->n_listeners; i++)
        buffer_add_format(out, " %d %s %d %d %d", (int)listeners->listeners[i].protocol,
                          listeners->listeners[i].address,
                          listeners->listeners[i].reading.is_dogstatsd,
                          listeners->listeners[i].reading.has_totals,
                          listeners->listeners[i].reading.has_senders_by_socket);
}

static void describe_pipeline(struct buffer *out)
{
    const struct resolve_options *resolve = &options.pipeline.resolve;
    const struct line_limits *limits = &resolve->limits;

    buffer_add_format(out, " %zu %zu %zu %zu %zu %zu", limits->line, limits->name, limits->labels,
                      limits->label_name, limits->label_value, limits->labels_text);
    buffer_add_format(out, " %u %d %d %d %d %d %d", resolve->dialects, resolve->keeps_bare_tags,
                      resolve->renames_scrape_labels, resolve->has_container_label,
                      resolve->keeps_container_prefix, resolve->has_origin,
                      options.pipeline.has_check_gauges);
}

/*
 * All options of all modules, except limits that are only reported. Not by memcmp(), because the
 * bytes between the members of a struct may be anything.
 */
static void describe(struct buffer *out)
{
    take_options();
    buffer_clear(out);
    describe_listeners(out);
    describe_pipeline(out);
    buffer_add_format(out, " %zu %zu %zu %zu %lu %zu", options.registry.max_series,
                      options.registry.max_family_series, options.registry.max_bytes,
                      options.registry.max_totals, options.registry.max_new_names,
                      options.max_key_bytes);
    buffer_add_format(out, " %u %u %u %ld %ld", options.http.max_connections,
                      options.http.max_address_connections, options.http.max_requests,
                      (long)options.http.head_max_ns, (long)options.http.answer_max_ns);
    buffer_add_format(out, " %d %d %u %lu %u %u %u %s %s %s %d %d %d %d %d %d",
                      (int)options.log_level, (int)options.log_format, options.n_workers,
                      (unsigned long)options.max_connections, options.idle_max_s,
                      options.ttl_s[METRIC_COUNTER], options.unscraped_ttl_s, options.http_address,
                      options.telemetry_path,
                      options.selfmetrics_path ? options.selfmetrics_path : "", options.has_welcome,
                      options.has_lifecycle, options.is_watching, options.has_exporter_names,
                      options.formats.has_openmetrics, options.formats.has_created);
    assert_false(out->has_failed);
}

static void every_setting_reaches_some_module(void **state)
{
    CLEANUP(buffer_deinit) struct buffer before = { 0 }, after = { 0 };

    for (unsigned i = 0; i < settings_table.n; i++) {
        const struct option *option = &settings_table.options[i];
        bool is_told;

        describe(&before);
        set(option->name, other_value(option));
        describe(&after);
        is_told = !slice_equal(buffer_text(&before), buffer_text(&after));
        if (is_told == is_of_no_module(option))
            fail_msg("--%s: daemon/options.c tells %s module of it, or describe() in this test "
                     "leaves it out",
                     option->name, is_told ? "some" : "no");
    }
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

#define OPTIONS_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        OPTIONS_CASE(limits_reach_the_pipeline),
        OPTIONS_CASE(each_dialect_of_tags_can_be_switched_off),
        OPTIONS_CASE(switches_reach_the_pipeline),
        OPTIONS_CASE(each_setting_reaches_its_module),
        OPTIONS_CASE(limits_of_http_reach_its_server),
        OPTIONS_CASE(defaults_are_known_as_such),
        OPTIONS_CASE(listeners_come_by_protocol),
        OPTIONS_CASE(a_listener_may_have_running_totals),
        OPTIONS_CASE(sockets_are_made_as_they_are_set),
        OPTIONS_CASE(limits_are_what_they_are_set_to),
        OPTIONS_CASE(every_limit_is_there_once),
        OPTIONS_CASE(every_setting_reaches_some_module),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
