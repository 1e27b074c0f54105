/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/metric_spec.h"
#include "config/naming.h"
#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static char folder[] = "/tmp/udometer-test-naming-XXXXXX";
static struct settings settings;
static struct problems problems, warnings;
static struct naming naming;
static uint64_t generation;

/* The path of @name in the folder; valid until the next call. */
static const char *path_of(const char *name)
{
    static char path[200];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int begin(void **state)
{
    if (!mkdtemp(folder) || mkdir(path_of("conf.d"), 0700) < 0 || settings_init(&settings) < 0)
        return -1;
    problems.warnings = &warnings;
    generation = 7;
    return 0;
}

static int end(void **state)
{
    static const char *const names[] = { "conf.d/1.yml", "conf.d/2.yml", "conf.d/m.yml",
                                         "conf.d/other.txt", "udometer.yml" };

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
        unlink(path_of(names[i]));
    rmdir(path_of("conf.d"));
    rmdir(folder);
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    naming_deinit(&naming);
    settings_deinit(&settings);
    problems_deinit(&problems);
    problems_deinit(&warnings);
    return 0;
}

static void add_mapping_file(const char *path, enum option_source source)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };

    assert_int_equal(option_set(option_find(&settings_table, SLICE("statsd.mapping-config")),
                                &settings, path, source, &wrong),
                     0);
}

/* Read the config file and all others. Returns the number of problems. */
static unsigned read_all(void)
{
    struct document *document;
    char path[200];

    snprintf(path, sizeof(path), "%s", path_of("udometer.yml"));
    document = document_read(path, "--config.file", &problems);
    assert_non_null(document);
    naming_read(&naming,
                &(struct naming_sources){ path, document, &settings.mapping_config,
                                          .generation = generation },
                &problems);
    document_free(document);
    assert_null(problems.path);
    return problems.n;
}

static bool has(const struct problems *list, const char *text)
{
    struct slice lines = buffer_text(&list->lines);

    return lines.len && memmem(lines.at, lines.len, text, strlen(text));
}

static void a_config_without_names_has_no_mapping(void **state)
{
    write_file("udometer.yml", "workers: 2\n");
    generation = 1;
    assert_int_equal(read_all(), 0);
    assert_null(naming.mapping);
    assert_int_equal(naming.n_files, 1);
    assert_string_equal(naming.files[0], path_of("udometer.yml"));
}

static void after_a_mapping_there_is_always_one(void **state)
{
    write_file("udometer.yml", "workers: 2\n");
    assert_int_equal(read_all(), 0);
    assert_non_null(naming.mapping);
    assert_int_equal(mapping_parts(naming.mapping)->generation, 7);
    assert_int_equal(mapping_parts(naming.mapping)->n_metrics, 0);
}

static void included_files_declare_metrics_too(void **state)
{
    write_file("udometer.yml", "include: conf.d/*.yml\nmetrics: [{name: a, type: gauge}]\n");
    write_file("conf.d/2.yml", "metrics: [{name: c, type: set}]\n");
    write_file("conf.d/1.yml", "metrics: [{name: b.b, type: counter}]\n");
    write_file("conf.d/other.txt", "not read");
    assert_int_equal(read_all(), 0);
    assert_non_null(naming.mapping);
    assert_int_equal(mapping_parts(naming.mapping)->n_metrics, 3);
    assert_int_equal(mapping_parts(naming.mapping)->generation, 7);
    assert_int_equal(mapping_find(naming.mapping, SLICE("b_b"))->type, METRIC_COUNTER);
    assert_int_equal(naming.n_files, 4);
    assert_string_equal(naming.files[0], path_of("udometer.yml"));
    assert_string_equal(naming.files[1], path_of("conf.d/")); /* where further ones may come */
    assert_string_equal(naming.files[2], path_of("conf.d/1.yml"));
    assert_string_equal(naming.files[3], path_of("conf.d/2.yml"));
}

static void a_problem_is_told_with_its_own_file(void **state)
{
    write_file("udometer.yml", "include: [conf.d/1.yml]\nundeclared: maybe\n");
    write_file("conf.d/1.yml", "workers: 3\ninclude: x.yml\nmetrics: [{name: a}]\n");
    assert_int_equal(read_all(), 4);
    assert_null(naming.mapping);
    assert_true(has(&problems, "conf.d/1.yml:1:1: workers: unknown key"));
    assert_true(has(&problems, "conf.d/1.yml:2:1: include: an included file cannot include more"));
    assert_true(has(&problems, "conf.d/1.yml:3:11: type: is missing for a;"));
    assert_true(has(&problems, "udometer.yml:2:13: undeclared: maybe: expected accept or drop"));
    /* So that a later change of the file is seen. */
    assert_int_equal(naming.n_files, 2);
}

static void paths_in_the_config_file_are_relative_to_it(void **state)
{
    write_file("udometer.yml", "metrics: []\n");
    write_file("conf.d/m.yml", "mappings: [{match: a, name: b}]\n");
    add_mapping_file("conf.d/m.yml", OPTION_FILE);
    assert_int_equal(read_all(), 0);
    assert_non_null(mapping_parts(naming.mapping)->rules);
}

static void paths_in_flags_are_not(void **state)
{
    write_file("udometer.yml", "metrics: []\n");
    write_file("conf.d/m.yml", "mappings: [{match: a, name: b}]\n");
    add_mapping_file("conf.d/m.yml", OPTION_FLAG);
    assert_int_equal(read_all(), 1);
    assert_true(has(&problems, "conf.d/m.yml: cannot be read: there is no folder conf.d; check "
                               "--statsd.mapping-config"));
}

static void several_mapping_files_share_one_order_of_globs(void **state)
{
    write_file("udometer.yml", "mapping: {defaults: {glob_disable_ordering: true}}\n");
    write_file("conf.d/m.yml", "defaults: {glob_disable_ordering: false}\nmappings: []\n");
    add_mapping_file(path_of("conf.d/m.yml"), OPTION_FLAG);
    assert_int_equal(read_all(), 1);
    assert_true(has(&problems, "conf.d/m.yml:1:35: glob_disable_ordering: differs from that of "));
}

static void names_without_a_rule_have_the_first_defaults(void **state)
{
    const struct metric_spec *spec;

    write_file("udometer.yml", "include: conf.d/1.yml\nmapping: {defaults: {ttl: 2h}}\n");
    write_file("conf.d/1.yml", "mapping: {defaults: {observer_type: histogram}}\n");
    write_file("conf.d/2.yml", "defaults: {ttl: 3h, buckets: [1, 2]}\n"
                               "mappings: [{match: a, name: b}]\n");
    write_file("conf.d/m.yml", "defaults: {ttl: 4h, buckets: [3]}\nmappings: []\n");
    add_mapping_file(path_of("conf.d/2.yml"), OPTION_FLAG);
    add_mapping_file(path_of("conf.d/m.yml"), OPTION_FLAG);
    assert_int_equal(read_all(), 0);
    spec = mapping_parts(naming.mapping)->unmatched;
    assert_int_equal(spec->ttl_ns, INT64_C(7200) * 1000 * 1000 * 1000);
    assert_int_equal(spec->buckets->n, 2);
    assert_int_equal(spec->observer, OBSERVER_HISTOGRAM);
    spec = rules_item(mapping_parts(naming.mapping)->rules, 0)->spec;
    assert_int_equal(spec->ttl_ns, INT64_C(10800) * 1000 * 1000 * 1000);
}

static void without_defaults_nothing_is_said(void **state)
{
    write_file("udometer.yml", "mapping: {defaults: {match_type: regex}}\n");
    assert_int_equal(read_all(), 0);
    assert_null(mapping_parts(naming.mapping)->unmatched);
}

static void label_rules_for_all_are_given_once(void **state)
{
    write_file("udometer.yml", "drop_labels: [a]\nmapping: {drop_labels: [b], keep_labels: [c]}\n");
    assert_int_equal(read_all(), 1);
    assert_true(has(&problems, "udometer.yml:1:1: drop_labels: is given for all lines already"));
}

static void tests_live_as_long_as_the_mapping(void **state)
{
    write_file("udometer.yml", "mapping: {mappings: [{match: a, name: b}]}\n"
                               "tests: [{name: t, send: \"a:1|c\", expect: \"b 1\"}]\n");
    assert_int_equal(read_all(), 0);
    assert_int_equal(naming.n_tests, 1);
    assert_slice_equal(naming.tests[0].send[0], "a:1|c");
    assert_slice_equal(naming.tests[0].expect[0], "b 1");
    assert_string_equal(naming.tests[0].path, path_of("udometer.yml"));
}

static void ten_thousand_rules_are_read(void **state)
{
    FILE *file = fopen(path_of("udometer.yml"), "w");

    assert_non_null(file);
    fputs("mapping:\n  mappings:\n", file);
    for (int i = 0; i < 10000; i++)
        fprintf(file,
                "  - match: \"service%d.*.requests.*\"\n    name: service_requests_total\n"
                "    help: Requests to a service, by method and code\n    labels:\n"
                "      service: \"%d\"\n      method: \"$1\"\n      code: \"$2\"\n",
                i, i);
    fclose(file);
    assert_int_equal(read_all(), 0);
    assert_non_null(mapping_parts(naming.mapping)->rules);
}

#define NAMING_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        NAMING_CASE(a_config_without_names_has_no_mapping),
        NAMING_CASE(after_a_mapping_there_is_always_one),
        NAMING_CASE(included_files_declare_metrics_too),
        NAMING_CASE(a_problem_is_told_with_its_own_file),
        NAMING_CASE(paths_in_the_config_file_are_relative_to_it),
        NAMING_CASE(paths_in_flags_are_not),
        NAMING_CASE(several_mapping_files_share_one_order_of_globs),
        NAMING_CASE(names_without_a_rule_have_the_first_defaults),
        NAMING_CASE(without_defaults_nothing_is_said),
        NAMING_CASE(label_rules_for_all_are_given_once),
        NAMING_CASE(tests_live_as_long_as_the_mapping),
        NAMING_CASE(ten_thousand_rules_are_read),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
