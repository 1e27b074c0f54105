/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/address.h"
#include "base/refused.h"
#include "base/treatment.h"
#include "base/utf8.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct refused refused;
static struct refused_line lines[REFUSED_LINES_MAX];
static unsigned n_lines;
static uint32_t now_s;
static const char *listener;

/* Note a refused line from @from, "" for an unknown sender. */
static bool note_from(const char *from, enum verdict reason, struct slice text, const char *fault)
{
    const struct fault what = { reason, text, fault, NULL };
    struct refused_line line = { .last_s = now_s };
    struct address address;

    if (*from) {
        assert_int_equal(address_parse(&address, from), 0);
        line.peer = peer_of_address(&address.any, address.len);
    }
    return refused_note(&refused, &line, listener, &what);
}

static bool note(const char *text)
{
    return note_from("192.0.2.7:1", REFUSED_MALFORMED_VALUE, slice_of(text), NULL);
}

static void read_all(void)
{
    n_lines = refused_read(&refused, lines);
}

/* The entry whose text begins with @text, which must exist. */
static const struct refused_line *find_line(const char *text)
{
    read_all();
    for (unsigned i = 0; i < n_lines; i++)
        if (strncmp(lines[i].text, text, strlen(text)) == 0)
            return &lines[i];
    fail_msg("no entry of %s", text);
    abort();
}

static uint64_t n_listed(void)
{
    uint64_t n = 0;

    read_all();
    for (unsigned i = 0; i < n_lines; i++)
        n += lines[i].count;
    return n;
}

static int begin(void **state)
{
    refused_init(&refused, 42);
    now_s = 1000;
    listener = "udp://127.0.0.1:8125";
    return 0;
}

/* --- entries ------------------------------------------------------------------------------- */

static void is_empty_at_first(void **state)
{
    read_all();
    assert_int_equal(n_lines, 0);
    assert_int_equal(refused_total(&refused), 0);
}

static void an_entry_has_everything(void **state)
{
    struct slice text = SLICE("a:x|c");
    const struct refused_line *line;
    char peer[ADDRESS_TEXT_MAX];
    struct address address;

    assert_true(note_from("192.0.2.7:4711", REFUSED_MALFORMED_VALUE, text, text.at + 2));
    line = find_line("a:x|c");
    assert_int_equal(line->count, 1);
    assert_int_equal(line->reason, REFUSED_MALFORMED_VALUE);
    assert_int_equal(line->length, 5);
    assert_int_equal(line->fault, 2);
    assert_int_equal(line->first_s, 1000);
    assert_int_equal(line->last_s, 1000);
    assert_string_equal(line->listener, "udp://127.0.0.1:8125");
    memcpy(&address.storage, line->peer.bytes, line->peer.len);
    address.len = line->peer.len;
    address_format(&address, peer);
    assert_string_equal(peer, "192.0.2.7:4711");
}

static void a_line_may_be_unknown(void **state)
{
    note_from("", REFUSED_LINE_LIMIT, (struct slice){ NULL, 0 }, NULL);
    read_all();
    assert_int_equal(n_lines, 1);
    assert_int_equal(lines[0].length, 0);
    assert_int_equal(lines[0].fault, REFUSED_NO_FAULT);
    assert_int_equal(lines[0].peer.len, 0);
}

static void a_long_line_is_cut(void **state)
{
    char text[1000];

    memset(text, 'n', sizeof(text));
    note_from("", REFUSED_NAME_LIMIT, (struct slice){ text, sizeof(text) }, text + 999);
    read_all();
    assert_int_equal(lines[0].length, 1000);
    assert_int_equal(lines[0].fault, 999);
    assert_memory_equal(lines[0].text, text, REFUSED_TEXT_MAX);
}

static void the_same_name_from_the_same_host_is_one_entry(void **state)
{
    assert_true(note("a:x|c"));
    assert_false(note_from("192.0.2.7:2", REFUSED_MALFORMED_VALUE, SLICE("a:y|c"), NULL));
    now_s += 7;
    assert_true(note_from("192.0.2.7:3", REFUSED_MALFORMED_VALUE, SLICE("a:z|g"), NULL));
    assert_int_equal(n_listed(), 3);
    assert_int_equal(n_lines, 1);
    /* The text is copied once a second. */
    assert_string_equal(lines[0].text, "a:z|g");
    assert_int_equal(lines[0].first_s, 1000);
    assert_int_equal(lines[0].last_s, 1007);
}

static void time_and_count_follow_without_a_copy(void **state)
{
    assert_true(note("a:1x|c"));
    now_s++;
    assert_true(note("a:2x|c"));
    assert_false(note("a:3x|c"));
    assert_int_equal(find_line("a:2x|c")->count, 3);
    assert_int_equal(find_line("a:2x|c")->first_s, 1000);
    assert_int_equal(find_line("a:2x|c")->last_s, 1001);
}

static void another_reason_name_or_host_is_another_entry(void **state)
{
    note("a:x|c");
    note_from("192.0.2.7:1", REFUSED_ILLEGAL_EVENT, SLICE("a:x|c"), NULL);
    note_from("192.0.2.8:1", REFUSED_MALFORMED_VALUE, SLICE("a:x|c"), NULL);
    note_from("", REFUSED_MALFORMED_VALUE, SLICE("a:x|c"), NULL);
    note("ab:x|c");
    note("a");
    assert_int_equal(n_listed(), 6);
    assert_int_equal(n_lines, 5); /* "a" has the name a, too */
}

static void the_listener_may_go_away(void **state)
{
    char text[] = "udp://127.0.0.1:8126";

    listener = text;
    note("a:x|c");
    memset(text, 'x', sizeof(text) - 1);
    assert_string_equal(find_line("a:x|c")->listener, "udp://127.0.0.1:8126");
}

static void another_listener_is_another_entry(void **state)
{
    note("a:x|c");
    listener = "udp://127.0.0.1:8126";
    note("a:x|c");
    read_all();
    assert_int_equal(n_lines, 2);
    assert_true(lines[0].id != lines[1].id && lines[0].source != lines[1].source);
}

static void ids_are_the_same_for_all_workers(void **state)
{
    struct refused_line first[2];

    note("a:x|c");
    first[0] = *find_line("a");
    refused_init(&refused, 42);
    note("b:x|c");
    note("a:y|g");
    first[1] = *find_line("a");
    assert_true(first[0].id == first[1].id && first[0].source == first[1].source);
    assert_true(find_line("b")->id != first[0].id && find_line("b")->source == first[0].source);
}

/* --- limits -------------------------------------------------------------------------------- */

/* From as many hosts, each with one line. */
static void note_hosts(unsigned n)
{
    char from[32];

    for (unsigned i = 0; i < n; i++) {
        snprintf(from, sizeof(from), "198.51.%u.%u:1", i / 256, i % 256);
        note_from(from, REFUSED_MALFORMED_LINE, SLICE("nonsense"), NULL);
    }
}

static void the_least_recent_entry_is_replaced(void **state)
{
    note("kept:x|c");
    note("replaced:x|c");
    note_hosts(REFUSED_LINES_MAX - 2);
    note("kept:x|c");
    note_from("203.0.113.1:1", REFUSED_MALFORMED_LINE, SLICE("new"), NULL);
    assert_int_equal(find_line("kept")->count, 2);
    assert_int_equal(find_line("new")->count, 1);
    assert_int_equal(n_lines, REFUSED_LINES_MAX);
    for (unsigned i = 0; i < n_lines; i++)
        assert_true(strncmp(lines[i].text, "replaced", 8) != 0);
    assert_int_equal(refused_total(&refused), REFUSED_LINES_MAX + 2);
    assert_int_equal(n_listed(), REFUSED_LINES_MAX + 1);
}

static void one_sender_leaves_room_for_others(void **state)
{
    char text[32];

    note_hosts(10);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(text, sizeof(text), "name%u:x|c", i);
        note(text);
    }
    read_all();
    assert_int_equal(n_lines, 10 + REFUSED_OF_ONE_MAX);
    assert_int_equal(find_line("name199")->count, 1);
    assert_int_equal(find_line("name192")->count, 1);
}

static void texts_are_copied_a_limited_number_of_times_a_second(void **state)
{
    note_hosts(REFUSED_COPIES_MAX);
    assert_false(note("late:x|c"));
    assert_int_equal(refused_total(&refused), REFUSED_COPIES_MAX + 1);
    assert_int_equal(n_listed(), REFUSED_LINES_MAX);
    now_s++;
    assert_true(note("late:x|c"));
    assert_int_equal(find_line("late")->count, 1);
    assert_int_equal(refused_total(&refused), REFUSED_COPIES_MAX + 2);
}

/* --- threads ------------------------------------------------------------------------------- */

static _Atomic bool is_over;

/* Each text consists of one letter, so a reader would see if it got halves of two. */
static void *note_many(void *ctx)
{
    char text[REFUSED_TEXT_MAX], from[32];

    for (unsigned i = 0; i < 20000; i++) {
        memset(text, 'a' + (int)(i % 26), sizeof(text));
        snprintf(from, sizeof(from), "198.51.0.%u:1", i % 200);
        now_s = 1000 + i / 200;
        note_from(from, REFUSED_MALFORMED_LINE, (struct slice){ text, sizeof(text) }, NULL);
    }
    is_over = true;
    return NULL;
}

static void a_reader_gets_whole_entries_while_the_owner_writes(void **state)
{
    static struct refused_line got[REFUSED_LINES_MAX];
    pthread_t owner;
    bool was_over;

    is_over = false;
    assert_int_equal(pthread_create(&owner, NULL, note_many, NULL), 0);
    do {
        unsigned n;

        was_over = is_over;
        n = refused_read(&refused, got);
        for (unsigned i = 0; i < n; i++) {
            assert_int_equal(got[i].length, REFUSED_TEXT_MAX);
            for (unsigned j = 1; j < REFUSED_TEXT_MAX; j++)
                assert_int_equal(got[i].text[j], got[i].text[0]);
        }
    } while (!was_over);
    pthread_join(owner, NULL);
    assert_int_equal(refused_total(&refused), 20000);
}

#define REFUSED_CASE(name) cmocka_unit_test_setup(name, begin)

static void a_long_cause_is_cut_at_a_character(void **state)
{
#define TEN "ääääääääää"
    static const char word[] = TEN TEN TEN TEN TEN TEN TEN TEN;
#undef TEN
    const struct treatment_word words[] = { { SLICE(word), 1 } };
    const struct treatment treatment = { .scale = 1, .words = words, .n_words = 1 };
    const struct fault fault = { REFUSED_MALFORMED_VALUE, SLICE("a:b|g"), NULL, &treatment };
    struct refused_line line = { .last_s = now_s };
    size_t len;

    assert_true(refused_note(&refused, &line, listener, &fault));
    read_all();
    assert_int_equal(n_lines, 1);
    len = strlen(lines[0].cause);
    assert_in_range(len, REFUSED_CAUSE_MAX - 3, REFUSED_CAUSE_MAX - 1);
    assert_int_equal(utf8_valid_prefix(slice_of(lines[0].cause)), len);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        REFUSED_CASE(is_empty_at_first),
        REFUSED_CASE(an_entry_has_everything),
        REFUSED_CASE(a_line_may_be_unknown),
        REFUSED_CASE(a_long_line_is_cut),
        REFUSED_CASE(the_same_name_from_the_same_host_is_one_entry),
        REFUSED_CASE(time_and_count_follow_without_a_copy),
        REFUSED_CASE(another_reason_name_or_host_is_another_entry),
        REFUSED_CASE(the_listener_may_go_away),
        REFUSED_CASE(another_listener_is_another_entry),
        REFUSED_CASE(ids_are_the_same_for_all_workers),
        REFUSED_CASE(the_least_recent_entry_is_replaced),
        REFUSED_CASE(one_sender_leaves_room_for_others),
        REFUSED_CASE(texts_are_copied_a_limited_number_of_times_a_second),
        REFUSED_CASE(a_reader_gets_whole_entries_while_the_owner_writes),
        REFUSED_CASE(a_long_cause_is_cut_at_a_character),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
