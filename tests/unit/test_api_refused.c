/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/address.h"
#include "base/utf8.h"
#include "web/api_refused.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_LISTS 2
#define NOW_S 10000

static struct refused *lists;
static json_t *page;

static int begin(void **state)
{
    return refused_new(&lists, N_LISTS, 42);
}

static int end(void **state)
{
    free(lists);
    json_decref(page);
    page = NULL;
    return 0;
}

/* Worker @i refuses @text from @from, "" for an unknown sender, at @at_s. */
static void note_at(unsigned i, const char *from, struct slice text, uint32_t at_s)
{
    const struct fault fault = { REFUSED_MALFORMED_VALUE, text, text.len > 2 ? text.at + 2 : NULL,
                                 NULL };
    struct refused_line line = { .last_s = at_s };
    struct address address;

    if (*from) {
        assert_int_equal(address_parse(&address, from), 0);
        line.peer = peer_of_address(&address.any, address.len);
    }
    refused_note(&lists[i], &line, "udp://[::]:8125", &fault);
}

static void note(unsigned i, const char *text)
{
    note_at(i, "192.0.2.7:4711", slice_of(text), NOW_S);
}

/* Make the page at 2026-11-21T06:25:48Z. Returns the entries. */
static json_t *read_lines(void)
{
    json_decref(page);
    page = api_refused(lists, N_LISTS, NOW_S, 1795242348);
    assert_non_null(page);
    return json_object_get(page, "lines");
}

static const char *text_of(json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));

    assert_non_null(text);
    return text;
}

static json_int_t number_of(json_t *object, const char *key)
{
    assert_true(json_is_integer(json_object_get(object, key)));
    return json_integer_value(json_object_get(object, key));
}

static void is_empty_before_anything_is_refused(void **state)
{
    assert_int_equal(json_array_size(read_lines()), 0);
    assert_int_equal(number_of(page, "refused"), 0);
    assert_int_equal(number_of(page, "unlisted"), 0);
}

static void an_entry_has_all_fields(void **state)
{
    json_t *line;

    note_at(0, "192.0.2.7:4711", SLICE("a:x|c"), NOW_S - 3600);
    note(0, "a:y|c");
    line = json_array_get(read_lines(), 0);
    assert_int_equal(json_object_size(line), 10);
    assert_string_equal(text_of(line, "reason"), "malformed_value");
    assert_string_equal(text_of(line, "cause"), "a decimal number cannot have this byte here");
    assert_string_equal(text_of(line, "line"), "a:y|c");
    assert_int_equal(number_of(line, "length"), 5);
    assert_int_equal(number_of(line, "byte"), 2);
    assert_string_equal(text_of(line, "sender"), "192.0.2.7:4711");
    assert_string_equal(text_of(line, "listener"), "udp://[::]:8125");
    assert_int_equal(number_of(line, "count"), 2);
    assert_string_equal(text_of(line, "first"), "2026-11-21T05:25:48Z");
    assert_string_equal(text_of(line, "last"), "2026-11-21T06:25:48Z");
}

static void what_is_not_known_is_null(void **state)
{
    static const char *const keys[] = { "cause", "line", "length", "byte", "sender" };
    json_t *line;

    note_at(0, "", (struct slice){ NULL, 0 }, NOW_S);
    line = json_array_get(read_lines(), 0);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        assert_true(json_is_null(json_object_get(line, keys[i])));
}

static void workers_are_added_up(void **state)
{
    json_t *entries;

    note_at(0, "192.0.2.7:1", SLICE("a:x|c"), NOW_S - 5);
    note_at(1, "192.0.2.7:2", SLICE("a:y|c"), NOW_S - 1);
    note_at(1, "192.0.2.7:2", SLICE("b:y|c"), NOW_S - 2);
    entries = read_lines();
    assert_int_equal(json_array_size(entries), 2);
    assert_string_equal(text_of(json_array_get(entries, 0), "line"), "a:y|c");
    assert_string_equal(text_of(json_array_get(entries, 0), "sender"), "192.0.2.7:2");
    assert_string_equal(text_of(json_array_get(entries, 0), "first"), "2026-11-21T06:25:43Z");
    assert_string_equal(text_of(json_array_get(entries, 0), "last"), "2026-11-21T06:25:47Z");
    assert_int_equal(number_of(json_array_get(entries, 0), "count"), 2);
    assert_string_equal(text_of(json_array_get(entries, 1), "line"), "b:y|c");
    assert_int_equal(number_of(page, "refused"), 3);
    assert_int_equal(number_of(page, "unlisted"), 0);
}

static void what_has_no_entry_is_counted(void **state)
{
    char text[32];
    json_int_t n_listed = 0;
    json_t *entries;

    for (unsigned i = 0; i < 1000; i++) {
        snprintf(text, sizeof(text), "name%u:x|c", i);
        note(i % N_LISTS, text);
    }
    entries = read_lines();
    for (size_t i = 0; i < json_array_size(entries); i++)
        n_listed += number_of(json_array_get(entries, i), "count");
    assert_int_equal(number_of(page, "refused"), 1000);
    assert_int_equal(number_of(page, "unlisted"), 1000 - n_listed);
    assert_int_equal(n_listed, N_LISTS * REFUSED_OF_ONE_MAX);
}

static void hostile_texts_become_good_json(void **state)
{
    static const char hostile[] = "a:\0\x01\x1b\"\\\xff\xe2\x82|c";
    CLEANUP(buffer_deinit) struct buffer wanted = { 0 };
    char *text;
    json_t *line, *again;

    note_at(0, "", (struct slice){ hostile, sizeof(hostile) - 1 }, NOW_S);
    line = json_object_get(json_array_get(read_lines(), 0), "line");
    utf8_repair((struct slice){ hostile, sizeof(hostile) - 1 }, &wanted);
    assert_int_equal(json_string_length(line), wanted.len);
    assert_memory_equal(json_string_value(line), wanted.data, wanted.len);
    text = json_dumps(page, 0);
    assert_non_null(text);
    again = json_loads(text, JSON_ALLOW_NUL, NULL);
    assert_true(json_equal(again, page));
    json_decref(again);
    free(text);
}

static void a_long_line_is_cut_with_a_mark(void **state)
{
    char text[1000];
    json_t *line;
    const char *shown;

    memset(text, 'n', sizeof(text));
    note_at(0, "", (struct slice){ text, sizeof(text) }, NOW_S);
    line = json_array_get(read_lines(), 0);
    shown = text_of(line, "line");
    assert_int_equal(strspn(shown, "n"), REFUSED_TEXT_MAX);
    assert_string_equal(shown + REFUSED_TEXT_MAX, "…");
    assert_int_equal(number_of(line, "length"), 1000);
}

#define API_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        API_CASE(is_empty_before_anything_is_refused), API_CASE(an_entry_has_all_fields),
        API_CASE(what_is_not_known_is_null),           API_CASE(workers_are_added_up),
        API_CASE(what_has_no_entry_is_counted),        API_CASE(hostile_texts_become_good_json),
        API_CASE(a_long_line_is_cut_with_a_mark),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
