/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "tools/send/defaults.h"

#include <stdio.h>
#include <stdlib.h>

static struct problems problems;

/* The URL that the environment gives, or what is wrong, between angle brackets. */
static const char *url_of(const char *flag)
{
    static char text[256];
    CLEANUP(defaults_deinit) struct defaults defaults;

    problems_deinit(&problems);
    if (defaults_init(&defaults, flag, NULL, &problems))
        snprintf(text, sizeof(text), "%s", defaults.url.data);
    else
        snprintf(text, sizeof(text), "<%.*s>", (int)problems.lines.len - 1, problems.lines.data);
    return text;
}

static const char *tags_of(const char *flag)
{
    static char text[4096];
    CLEANUP(defaults_deinit) struct defaults defaults;
    bool is_good;

    problems_deinit(&problems);
    assert_true(defaults_init(&defaults, "off", NULL, &problems));
    is_good = defaults_read_tags(&defaults, flag, &problems);
    if (is_good)
        snprintf(text, sizeof(text), "%.*s", (int)defaults.tags.len, defaults.tags.data);
    else
        snprintf(text, sizeof(text), "<%.*s>", (int)problems.lines.len - 1, problems.lines.data);
    return text;
}

static void the_first_variable_that_is_set_decides(void **state)
{
    assert_string_equal(url_of(NULL), "udp://127.0.0.1:8125");
    setenv("STATSD_HOST", "s", 1);
    assert_string_equal(url_of(NULL), "udp://s:8125");
    setenv("DD_AGENT_HOST", "d", 1);
    assert_string_equal(url_of(NULL), "udp://d:8125");
    setenv("DD_DOGSTATSD_URL", "unix:///d", 1);
    assert_string_equal(url_of(NULL), "unix:///d");
    setenv("UDOMETER_URL", "", 1);
    assert_string_equal(url_of(NULL), "unix:///d");
    setenv("UDOMETER_URL", "off", 1);
    assert_string_equal(url_of(NULL), "off");
    assert_string_equal(url_of("udp://flag"), "udp://flag");
}

static void a_port_counts_with_its_host(void **state)
{
    setenv("STATSD_PORT", "1", 1);
    setenv("DD_DOGSTATSD_PORT", "2", 1);
    assert_string_equal(url_of(NULL), "udp://127.0.0.1:8125");
    setenv("STATSD_HOST", "s", 1);
    assert_string_equal(url_of(NULL), "udp://s:1");
    setenv("DD_AGENT_HOST", "d", 1);
    assert_string_equal(url_of(NULL), "udp://d:2");
    setenv("DD_DOGSTATSD_PORT", "tcp://10.0.0.11:8125", 1);
    assert_string_equal(url_of(NULL), "udp://d:8125");
    setenv("DD_DOGSTATSD_PORT", "65536", 1);
    assert_string_equal(url_of(NULL),
                        "<DD_DOGSTATSD_PORT=65536: expected a port, from 1 to 65535>");
}

static void a_host_may_have_its_own_port_or_be_a_url(void **state)
{
    static const char *const hosts[][2] = {
        { "s:2", "udp://s:2" },
        { "[::1]:2", "udp://[::1]:2" },
        { "[::1]", "udp://[::1]:1" },
        { "::1", "udp://[::1]:1" },
        { "unix:///path", "unix:///path" },
        { "udp://s", "udp://s" },
    };

    setenv("STATSD_PORT", "1", 1);
    for (unsigned i = 0; i < ARRAY_SIZE(hosts); i++) {
        setenv("STATSD_HOST", hosts[i][0], 1);
        assert_string_equal(url_of(NULL), hosts[i][1]);
    }
}

static void it_is_known_which_variable_a_url_is_from(void **state)
{
    CLEANUP(defaults_deinit) struct defaults defaults, flag;

    setenv("DD_AGENT_HOST", "a b", 1);
    assert_true(defaults_init(&defaults, NULL, NULL, &problems));
    assert_string_equal(defaults.source, "DD_AGENT_HOST");
    assert_slice_equal(defaults.value, "a b");
    assert_false(defaults_are_off(&defaults));
    assert_true(defaults_init(&flag, "off", NULL, &problems));
    assert_null(flag.source);
    assert_true(defaults_are_off(&flag));
}

static void a_flag_replaces_the_prefix(void **state)
{
    CLEANUP(defaults_deinit) struct defaults none, own, flag;

    assert_true(defaults_init(&none, NULL, NULL, &problems));
    assert_int_equal(none.prefix.len, 0);
    setenv("UDOMETER_PREFIX", "bot.", 1);
    assert_true(defaults_init(&own, NULL, NULL, &problems));
    assert_slice_equal(own.prefix, "bot.");
    assert_true(defaults_init(&flag, NULL, "", &problems));
    assert_int_equal(flag.prefix.len, 0);
}

static void tags_come_from_all_variables(void **state)
{
    assert_string_equal(tags_of(NULL), "");
    setenv("UDOMETER_TAGS", "k=v,url=http://x,l:m=n", 1);
    setenv("DD_VERSION", " 1,0 ", 1);
    setenv("DD_ENV", "prod", 1);
    setenv("DD_SERVICE", "", 1);
    setenv("DD_TAGS", "team:a", 1);
    assert_string_equal(tags_of(NULL), "team:a,env:prod,version:1_0,k:v,url:http://x,l:m=n");
    assert_string_equal(tags_of("a=b"), "team:a,env:prod,version:1_0,a:b");
    assert_string_equal(tags_of(""), "team:a,env:prod,version:1_0");
}

static void what_is_not_a_tag_is_a_problem_only_in_our_own_variable(void **state)
{
    setenv("DD_TAGS", "bare,:,k:,:v,a:b,,", 1);
    assert_string_equal(tags_of(NULL), "a:b");
    setenv("DD_TAGS", "bare  a:b c:d", 1);
    assert_string_equal(tags_of(NULL), "a:b,c:d");
    setenv("UDOMETER_TAGS", " k = v ,, bare", 1);
    assert_string_equal(tags_of(NULL), "<UDOMETER_TAGS= k = v ,, bare: bare: expected key=value "
                                       "or key:value, and a comma between two>");
    assert_string_equal(
        tags_of("=x"), "<--tags==x: =x: expected key=value or key:value, and a comma between two>");
}

static void the_number_of_tags_has_a_limit(void **state)
{
    char text[4 * (DEFAULTS_TAGS_MAX + 1) + 1] = "";

    for (int i = 0; i < DEFAULTS_TAGS_MAX + 1; i++)
        memcpy(text + (size_t)i * 4, "k=v,", 5);
    assert_non_null(strstr(tags_of(text), "expected at most 32 tags, and 640 bytes"));
    text[4 * DEFAULTS_TAGS_MAX] = '\0';
    assert_int_equal(strlen(tags_of(text)), 4 * DEFAULTS_TAGS_MAX - 1);
}

static void the_length_of_tags_and_prefix_has_a_limit(void **state)
{
    CLEANUP(defaults_deinit) struct defaults defaults, longer;
    char tag[DEFAULTS_TAGS_BYTES_MAX + 2] = "k=", prefix[DEFAULTS_PREFIX_MAX + 2] = "";

    memset(tag + 2, 'v', DEFAULTS_TAGS_BYTES_MAX - 2);
    setenv("DD_ENV", tag, 1); /* left out: its key is longer */
    assert_int_equal(strlen(tags_of(tag)), DEFAULTS_TAGS_BYTES_MAX);
    tag[DEFAULTS_TAGS_BYTES_MAX] = 'v';
    assert_non_null(strstr(tags_of(tag), "expected at most 32 tags, and 640 bytes"));
    memset(prefix, 'p', DEFAULTS_PREFIX_MAX);
    assert_true(defaults_init(&defaults, "off", prefix, &problems));
    prefix[DEFAULTS_PREFIX_MAX] = 'p';
    assert_false(defaults_init(&longer, "off", prefix, &problems));
}

static void a_key_is_found(void **state)
{
    CLEANUP(defaults_deinit) struct defaults defaults;

    assert_true(defaults_init(&defaults, "off", NULL, &problems));
    assert_false(defaults_have_tag(&defaults, SLICE("status")));
    assert_true(defaults_read_tags(&defaults, "a=status,status=x", &problems));
    assert_true(defaults_have_tag(&defaults, SLICE("status")));
    assert_false(defaults_have_tag(&defaults, SLICE("x")));
}

static int begin(void **state)
{
    clearenv();
    return 0;
}

static int end(void **state)
{
    problems_deinit(&problems);
    return 0;
}

#define DEFAULTS_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        DEFAULTS_CASE(the_first_variable_that_is_set_decides),
        DEFAULTS_CASE(a_port_counts_with_its_host),
        DEFAULTS_CASE(a_host_may_have_its_own_port_or_be_a_url),
        DEFAULTS_CASE(it_is_known_which_variable_a_url_is_from),
        DEFAULTS_CASE(a_flag_replaces_the_prefix),
        DEFAULTS_CASE(tags_come_from_all_variables),
        DEFAULTS_CASE(what_is_not_a_tag_is_a_problem_only_in_our_own_variable),
        DEFAULTS_CASE(the_number_of_tags_has_a_limit),
        DEFAULTS_CASE(the_length_of_tags_and_prefix_has_a_limit),
        DEFAULTS_CASE(a_key_is_found),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
