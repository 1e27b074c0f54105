/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/address.h"
#include "base/log.h"
#include "daemon/refusals.h"

#include <stdio.h>
#include <string.h>

static const char listener[] = "udp://127.0.0.1:8125";

static struct refused list;
static struct refusals refusals;
static uint32_t now_s;
static FILE *file; /* stands in for stderr */
static int saved;

static int begin(void **state)
{
    refused_init(&list, 42);
    refusals_init(&refusals, &list);
    now_s = 1000;
    file = tmpfile();
    saved = dup(STDERR_FILENO);
    return file && dup2(fileno(file), STDERR_FILENO) >= 0 ? 0 : -1;
}

static int end(void **state)
{
    dup2(saved, STDERR_FILENO);
    close(saved);
    return fclose(file);
}

/* Note a malformed value from @from, whose fault is at byte 2. */
static void note_from(const char *from, struct slice text)
{
    const struct refusal refusal = { REFUSED_MALFORMED_VALUE, text, text.at + 2, NULL };
    struct address address;
    struct peer peer;

    assert_int_equal(address_parse(&address, from), 0);
    peer = peer_of_address(&address.any, address.len);
    refusals_note(&refusals, &refusal, &peer, listener, now_s);
}

static void note(const char *text)
{
    note_from("192.0.2.7:4711", slice_of(text));
}

static char logged[20000];

/* The number of log lines so far; their text is in @logged. */
static unsigned n_logged(void)
{
    ssize_t n = pread(fileno(file), logged, sizeof(logged) - 1, 0);
    unsigned n_lines = 0;

    assert_true(n >= 0);
    logged[n] = '\0';
    for (ssize_t i = 0; i < n; i++)
        n_lines += logged[i] == '\n';
    return n_lines;
}

static void the_first_line_of_a_source_is_logged_with_all_that_is_known(void **state)
{
    log_setup(LOG_INFO, LOG_LOGFMT);
    note("a:x|c");
    assert_int_equal(n_logged(), 1);
    assert_non_null(strstr(logged, "level=info msg=\"line refused\" reason=malformed_value "
                                   "cause=\"a decimal number cannot have this byte here\" "
                                   "line=a:x|c byte=2 sender=192.0.2.7:4711 "
                                   "listener=udp://127.0.0.1:8125 hint="));
}

static void unknown_things_are_left_out(void **state)
{
    const struct refusal refusal = { REFUSED_LINE_LIMIT, { NULL, 0 }, NULL, NULL };
    const struct peer peer = { 0 };

    log_setup(LOG_INFO, LOG_LOGFMT);
    refusals_note(&refusals, &refusal, &peer, listener, now_s);
    assert_int_equal(n_logged(), 1);
    assert_non_null(strstr(logged, "msg=\"line refused\" reason=line_limit listener=udp:"));
    assert_int_equal(refused_total(&list), 1);
}

/* Only the first is copied to the list. */
static void at_debug_each_line_has_its_listener(void **state)
{
    unsigned n = 0;

    log_setup(LOG_DEBUG, LOG_LOGFMT);
    for (unsigned i = 0; i < 3; i++)
        note("a:x|c");
    assert_int_equal(n_logged(), 3);
    for (const char *at = logged; (at = strstr(at, "listener=udp://127.0.0.1:8125")); at++)
        n++;
    assert_int_equal(n, 3);
}

static void a_hostile_text_stays_on_its_line(void **state)
{
    static const char text[] = "a:\n\"\x1b[2J\xff\0end";

    log_setup(LOG_INFO, LOG_JSON);
    note_from("192.0.2.7:1", (struct slice){ text, sizeof(text) - 1 });
    assert_int_equal(n_logged(), 1);
    assert_non_null(
        strstr(logged, "\"line\":\"a:\\n\\\"\\u001b[2J\xef\xbf\xbd\\u0000end\",\"byte\":2,"));
}

static void a_long_text_is_cut_between_characters(void **state)
{
    char text[300];

    memset(text, 'n', sizeof(text));
    memcpy(text + REFUSED_TEXT_MAX - 2, "€", 3);
    log_setup(LOG_INFO, LOG_JSON);
    note_from("192.0.2.7:1", (struct slice){ text, sizeof(text) });
    assert_int_equal(n_logged(), 1);
    assert_non_null(strstr(logged, "nn…\","));
    assert_null(strstr(logged, "\xef\xbf\xbd"));
}

static void a_source_is_logged_once_and_again_after_an_hour(void **state)
{
    log_setup(LOG_INFO, LOG_LOGFMT);
    for (unsigned i = 0; i < 3600; i++, now_s++) {
        note("a:x|c");
        note("b:y|g");
    }
    assert_int_equal(n_logged(), 1);
    note("a:x|c");
    assert_int_equal(n_logged(), 2);
    assert_int_equal(refused_total(&list), 7201);
}

static void each_reason_and_each_host_is_a_source(void **state)
{
    const struct refusal refusal = { REFUSED_NAME_LIMIT, SLICE("a:1|c"), NULL, NULL };
    const struct peer peer = { 0 };

    log_setup(LOG_INFO, LOG_LOGFMT);
    note_from("192.0.2.7:1", SLICE("a:x|c"));
    note_from("192.0.2.7:2", SLICE("a:x|c"));
    note_from("192.0.2.8:1", SLICE("a:x|c"));
    refusals_note(&refusals, &refusal, &peer, listener, now_s);
    refusals_note(&refusals, &refusal, &peer, "tcp://127.0.0.1:8125", now_s);
    assert_int_equal(n_logged(), 4);
}

/* One line from each of @n hosts. */
static void note_hosts(unsigned n)
{
    char from[32];

    for (unsigned i = 0; i < n; i++) {
        snprintf(from, sizeof(from), "198.51.%u.%u:1", i / 256, i % 256);
        note_from(from, SLICE("a:x|c"));
    }
}

static void a_flood_of_sources_is_logged_at_a_limited_rate(void **state)
{
    log_setup(LOG_INFO, LOG_LOGFMT);
    note_hosts(10000);
    assert_int_equal(n_logged(), REFUSALS_BURST);
    now_s += 3;
    note_hosts(10000);
    assert_int_equal(n_logged(), REFUSALS_BURST + 3);
    now_s += 1000;
    note_hosts(10000);
    assert_int_equal(n_logged(), 2 * REFUSALS_BURST + 3);
    assert_int_equal(refused_total(&list), 30000);
}

static void at_debug_each_line_is_logged(void **state)
{
    log_setup(LOG_DEBUG, LOG_LOGFMT);
    for (unsigned i = 0; i < 50; i++)
        note("a:x|c");
    assert_int_equal(n_logged(), 50);
    assert_non_null(strstr(logged, "level=info msg=\"line refused\""));
    assert_non_null(strstr(logged, "level=debug msg=\"line refused\""));
}

static void at_warn_lines_are_only_listed(void **state)
{
    log_setup(LOG_WARN, LOG_LOGFMT);
    note("a:x|c");
    assert_int_equal(n_logged(), 0);
    assert_int_equal(refused_total(&list), 1);
}

#define REFUSALS_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        REFUSALS_CASE(the_first_line_of_a_source_is_logged_with_all_that_is_known),
        REFUSALS_CASE(unknown_things_are_left_out),
        REFUSALS_CASE(at_debug_each_line_has_its_listener),
        REFUSALS_CASE(a_hostile_text_stays_on_its_line),
        REFUSALS_CASE(a_long_text_is_cut_between_characters),
        REFUSALS_CASE(a_source_is_logged_once_and_again_after_an_hour),
        REFUSALS_CASE(each_reason_and_each_host_is_a_source),
        REFUSALS_CASE(a_flood_of_sources_is_logged_at_a_limited_rate),
        REFUSALS_CASE(at_debug_each_line_is_logged),
        REFUSALS_CASE(at_warn_lines_are_only_listed),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
