/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/spelling.h"

static const char *const known[] = { "workers",    "statsd.ttl", "statsd.listen-udp",
                                     "log.format", "log.level",  "limit.series" };

/* The nearest of the known words to @text; "" if none is near. */
static struct slice nearest(const char *text)
{
    struct spelling spelling;

    spelling_init(&spelling, slice_of(text));
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        spelling_try(&spelling, slice_of(known[i]));
    return spelling.nearest;
}

#define assert_nearest(text, expected) assert_slice_equal(nearest(text), expected)

static void one_edit_is_near(void **state)
{
    assert_nearest("workrs", "workers");
    assert_nearest("workerss", "workers");
    assert_nearest("workors", "workers");
    assert_nearest("wrokers", "workers");
    assert_nearest("statsd.tt", "statsd.ttl");
    assert_nearest("stats.ttl", "statsd.ttl");
    assert_nearest("xorkers", "workers");
}

static void the_word_itself_is_nearest(void **state)
{
    assert_nearest("log.level", "log.level");
    assert_nearest("LOG.LEVEL", "log.level");
    assert_nearest("Statsd.TTL", "statsd.ttl");
}

static void longer_words_may_have_more_edits(void **state)
{
    assert_nearest("statsd.listen_upd", "statsd.listen-udp");
    assert_nearest("statsd.listen-xyz", "statsd.listen-udp");
    assert_nearest("statsd.lisxyz-xyz", "");
    assert_nearest("workxyz", "");
    assert_nearest("statsd.foo", "");
}

static void swapped_neighbours_are_one_edit(void **state)
{
    assert_nearest("statsd.tlt", "statsd.ttl");
    assert_nearest("tsatsd.ttl", "statsd.ttl");
    assert_nearest("log.ofrmta", "log.format");
}

static void a_last_part_finds_its_word(void **state)
{
    assert_nearest("ttl", "statsd.ttl");
    assert_nearest("level", "log.level");
    assert_nearest("lvel", "log.level");
    assert_nearest("listen-udp", "statsd.listen-udp");
    assert_nearest("log.series", "");
}

static void of_equals_the_first_is_kept(void **state)
{
    struct spelling spelling;

    spelling_init(&spelling, SLICE("abcd"));
    spelling_try(&spelling, SLICE("abcx"));
    spelling_try(&spelling, SLICE("abcy"));
    assert_slice_equal(spelling.nearest, "abcx");
    spelling_try(&spelling, SLICE("abcd"));
    assert_slice_equal(spelling.nearest, "abcd");
}

static void nothing_resembles_a_very_long_word(void **state)
{
    char text[SPELLING_LENGTH_MAX + 2];
    struct spelling spelling;

    memset(text, 'a', sizeof(text));
    spelling_init(&spelling, (struct slice){ text, SPELLING_LENGTH_MAX });
    spelling_try(&spelling, (struct slice){ text, SPELLING_LENGTH_MAX + 1 });
    assert_int_equal(spelling.nearest.len, 0);
    spelling_try(&spelling, (struct slice){ text, SPELLING_LENGTH_MAX - 1 });
    assert_int_equal(spelling.nearest.len, SPELLING_LENGTH_MAX - 1);
    spelling_try(&spelling, (struct slice){ text, SPELLING_LENGTH_MAX });
    assert_int_equal(spelling.nearest.len, SPELLING_LENGTH_MAX);

    spelling_init(&spelling, (struct slice){ text, SPELLING_LENGTH_MAX + 1 });
    spelling_try(&spelling, (struct slice){ text, SPELLING_LENGTH_MAX });
    assert_int_equal(spelling.nearest.len, 0);
}

static void an_empty_word_resembles_none(void **state)
{
    assert_nearest("", "");
    assert_nearest(".", "");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(one_edit_is_near),
        CASE(the_word_itself_is_nearest),
        CASE(longer_words_may_have_more_edits),
        CASE(swapped_neighbours_are_one_edit),
        CASE(a_last_part_finds_its_word),
        CASE(of_equals_the_first_is_kept),
        CASE(nothing_resembles_a_very_long_word),
        CASE(an_empty_word_resembles_none),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
