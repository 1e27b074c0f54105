/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "config/config.h"
#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/udometer-test-listing-XXXXXX";
static char file_flag[64];
static struct buffer listing;

/* List the settings of these flags, up to NULL. */
static void list(const char *const *flags)
{
    CLEANUP(config_freep) struct settings *settings = NULL;
    CLEANUP(problems_deinit) struct problems problems = { 0 }, warnings = { 0 };
    char *argv[16] = { strdup("udometer") };
    struct command_line line;
    int argc = 1;

    for (; flags[argc - 1]; argc++)
        argv[argc] = strdup(flags[argc - 1]);
    assert_int_equal(config_new(&settings), 0);
    line = config_line(argc, argv, false);
    if (config_load(settings, &line, &problems, &warnings) != CONFIG_PRINT)
        fail_msg("%.*s", (int)problems.lines.len, problems.lines.data);
    buffer_clear(&listing);
    config_write(settings, &line, &listing);
    buffer_add_char(&listing, '\0');
    assert_false(listing.has_failed);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
}

#define list_with(...) list((const char *const[]){ "--print-config", __VA_ARGS__, NULL })

/* One line of the listing is "@setting   # @source", with any number of spaces. */
static void assert_line(const char *setting, const char *source)
{
    const char *line = strstr(listing.data, setting), *end;

    if (!line || (line != listing.data && line[-1] != '\n'))
        fail_msg("no %s in:\n%s", setting, listing.data);
    line += strlen(setting);
    line += strspn(line, " ");
    end = strchr(line, '\n');
    if (strncmp(line, "# ", 2) != 0 || strncmp(line + 2, source, strlen(source)) != 0 ||
        line + 2 + strlen(source) != end)
        fail_msg("not %s, but %.*s", source, (int)(end - line), line);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void every_setting_is_listed_and_no_command(void **state)
{
    unsigned n_lines = 0;

    list_with(NULL);
    for (unsigned i = 0; i < settings_table.n; i++) {
        char line[80];

        snprintf(line, sizeof(line), "\n%s: ", settings_table.options[i].name);
        if (settings_table.options[i].lowest_source != OPTION_ENVIRONMENT &&
            !strstr(listing.data, line) != (settings_table.options[i].lowest_source == OPTION_FLAG))
            fail_msg("%s in:\n%s", settings_table.options[i].name, listing.data);
    }
    for (const char *c = listing.data; *c; c++)
        n_lines += *c == '\n';
    assert_line("# config.file: \"\"", "default");
    assert_line("# compat: none", "default");
    assert_line("workers: 0", "default");
    assert_line("statsd.ttl: 0s", "default");
    assert_line("statsd.unixsocket-mode: 0660", "default");
    assert_line("statsd.unixsocket-owner: \"\"", "default");
    assert_line("statsd.listen-tcp: \"\"", "default");
    assert_line("web.telemetry-path: /metrics", "default");
    assert_line("log.level: info", "default");
    assert_true(n_lines < settings_table.n);
}

static void the_source_of_each_setting_is_named(void **state)
{
    char place[80];

    write_file("workers: 1\nstatsd:\n  ttl: 90s\n  listen-udp: [127.0.0.1:1]\nlog.level: warn\n");
    setenv("UDOMETER_WORKERS", "2", 1);
    setenv("UDOMETER_LOG_LEVEL", "", 1);
    setenv("UDOMETER_LOG_FORMAT", "json", 1);
    list_with(file_flag, "--workers", "3", "--no-statsd.parse-signalfx-tags");
    snprintf(place, sizeof(place), "# config.file: %s", path);
    assert_line(place, "--config.file");
    assert_line("workers: 3", "--workers");
    assert_line("statsd.parse-signalfx-tags: false", "--statsd.parse-signalfx-tags");
    assert_line("log.format: json", "UDOMETER_LOG_FORMAT");
    snprintf(place, sizeof(place), "%s:3:3", path);
    assert_line("statsd.ttl: 90s", place);
    snprintf(place, sizeof(place), "%s:4:3", path);
    assert_line("statsd.listen-udp: [127.0.0.1:1]", place);
    snprintf(place, sizeof(place), "%s:5:1", path);
    assert_line("log.level: warn", place);
}

static void defaults_of_another_program_are_marked(void **state)
{
    list_with("--compat=statsd_exporter", "--web.listen-address=127.0.0.1:1");
    assert_line("# compat: statsd_exporter", "--compat");
    assert_line("statsd.listen-tcp: [\":9125\"]", "default of --compat");
    assert_line("web.listen-address: 127.0.0.1:1", "--web.listen-address");
    assert_line("statsd.dialect: statsd", "default");
}

static void values_that_yaml_would_misread_are_quoted(void **state)
{
    list_with("--statsd.listen-udp=[::1]:0,127.0.0.1:2?dialect=dogstatsd",
              "--statsd.listen-unixgram=/tmp/a b#\"\\\n", "--statsd.listen-unix=/tmp/größe",
              "--statsd.unixsocket-owner=:7", "--statsd.listen-udp=:3?dialect=statsd");
    assert_line("statsd.listen-udp: [\"[::1]:0\", 127.0.0.1:2?dialect=dogstatsd, "
                "\":3?dialect=statsd\"]",
                "--statsd.listen-udp");
    assert_line("statsd.listen-unixgram: [\"/tmp/a b#\\\"\\\\\\x0A\"]", "--statsd.listen-unixgram");
    assert_line("statsd.listen-unix: [\"/tmp/größe\"]", "--statsd.listen-unix");
    assert_line("statsd.unixsocket-owner: \":7\"", "--statsd.unixsocket-owner");
}

/* Keep only what is before the source in each line. */
static void drop_sources(void)
{
    CLEANUP(buffer_deinit) struct buffer kept = { 0 };
    struct slice rest = buffer_text(&listing);

    while (rest.len) {
        struct slice line = slice_cut(&rest, '\n');
        const char *source = line.len ? memrchr(line.at, '#', line.len) : NULL;

        if (!source || line.at[0] == '#')
            continue;
        buffer_add(&kept, slice_trim((struct slice){ line.at, (size_t)(source - line.at) }));
        buffer_add_char(&kept, '\n');
    }
    buffer_clear(&listing);
    buffer_add(&listing, buffer_text(&kept));
    buffer_add_char(&listing, '\0');
}

static void as_a_config_file_it_sets_the_same(void **state)
{
    char *before;

    list_with("--statsd.listen-udp=[::1]:0", "--statsd.listen-unixgram=/tmp/a b#\"\\\n\t",
              "--statsd.unixsocket-owner=5:7", "--web.listen-address=[::1]:0", "--workers=9",
              "--statsd.unixsocket-mode=0600", "--limit.series-memory=5000", "--statsd.bare-tags");
    write_file(listing.data);
    drop_sources();
    before = strdup(listing.data);
    list_with(file_flag, "--compat=none");
    assert_null(strstr(listing.data, "# default"));
    drop_sources();
    assert_string_equal(listing.data, before);
    free(before);
}

static int begin(void **state)
{
    unsetenv("UDOMETER_WORKERS");
    unsetenv("UDOMETER_LOG_LEVEL");
    unsetenv("UDOMETER_LOG_FORMAT");
    return 0;
}

static int make_file(void **state)
{
    int fd = mkstemp(path);

    if (fd < 0)
        return -1;
    close(fd);
    snprintf(file_flag, sizeof(file_flag), "--config.file=%s", path);
    return 0;
}

static int remove_file(void **state)
{
    buffer_deinit(&listing);
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test_setup(every_setting_is_listed_and_no_command, begin),
        cmocka_unit_test_setup(the_source_of_each_setting_is_named, begin),
        cmocka_unit_test_setup(defaults_of_another_program_are_marked, begin),
        cmocka_unit_test_setup(values_that_yaml_would_misread_are_quoted, begin),
        cmocka_unit_test_setup(as_a_config_file_it_sets_the_same, begin),
    };

    return cmocka_run_group_tests(cases, make_file, remove_file);
}
