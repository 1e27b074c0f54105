/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "config/field.h"

struct fruit {
    const struct node *name, *ripe, *colour, *weight, *seeds, *keeps, *parts, *where, *tags, *other;
    const struct node *old;
};

#define FIELD_NODES struct fruit

static const char *const colours[] = { "green", "red", "yellow", NULL };

static const struct field fields[] = {
    { "name", FIELD_TEXT, FIELD(name), "what it is called" },
    { "ripe", FIELD_SWITCH, FIELD(ripe), "whether to eat it" },
    { "colour", FIELD_WORD, FIELD(colour), "of its skin", .words = colours },
    { "weight", FIELD_NUMBER, FIELD(weight), "with its skin", .unit = "kg" },
    { "seeds", FIELD_COUNT, FIELD(seeds), "in it", .least = 1, .most = 99 },
    { "keeps", FIELD_DURATION, FIELD(keeps), "until it rots" },
    { "parts", FIELD_LIST, FIELD(parts), "of it" },
    { "where", FIELD_MAP, FIELD(where), "it grows" },
    { "tags", FIELD_ENTRIES, FIELD(tags), "on it" },
    { "other", FIELD_ANY, FIELD(other), "that is to say" },
    { "old", FIELD_TEXT, FIELD(old), "name", .instead = "name" },
};

static const struct field_table table = FIELD_TABLE(fields, "a fruit");

static struct problems problems, warnings;
static struct document *document;
static struct fruit fruit;

static int end(void **state)
{
    document_free(TAKE(document));
    problems_deinit(&problems);
    problems_deinit(&warnings);
    return 0;
}

/* Read @text, and compare the problems and warnings: a line "LINE:COLUMN: …" each. */
static void read_text(const char *text, bool is_lenient, const char *expected,
                      const char *expected_warnings)
{
    struct field_reader reader = { .problems = &problems, .is_lenient = is_lenient };

    end(NULL);
    problems.warnings = &warnings;
    problems.path = "f";
    document = document_parse(slice_of(text), &problems);
    assert_non_null(document);
    if (!field_read_item(&reader, &table, document_root(document), &fruit))
        fruit = (struct fruit){ 0 };
    buffer_add_char(&problems.lines, '\0');
    buffer_add_char(&warnings.lines, '\0');
    assert_string_equal(problems.lines.data, expected);
    assert_string_equal(warnings.lines.data, expected_warnings);
}

#define assert_good(text) read_text((text), false, "", "")
#define assert_bad(text, expected) read_text((text), false, (expected), "")

static void each_value_is_found_by_its_key(void **state)
{
    assert_good("{name: pear, ripe: yes, colour: green, weight: 0.25, seeds: 7, keeps: 1h30m,\n"
                " parts: [a], where: {a: b}, tags: {}, other: [1]}");
    assert_slice_equal(fruit.name->text, "pear");
    assert_true(field_switch(fruit.ripe));
    assert_int_equal(field_word(colours, fruit.colour), 0);
    assert_true(field_number(fruit.weight) == 0.25);
    assert_int_equal(field_count(fruit.seeds), 7);
    assert_int_equal(field_duration_ns(fruit.keeps), INT64_C(5400000000000));
    assert_non_null(fruit.parts);
    assert_non_null(fruit.where);
    assert_non_null(fruit.tags);
    assert_int_equal(fruit.other->place.line, 2);
    assert_null(fruit.old);
}

static void an_unknown_key_is_told_with_the_nearest(void **state)
{
    assert_bad("colur: red\nname: x\nzzz: 1\n",
               "f:1:1: colur: unknown key of a fruit; did you mean colour?\n"
               "f:3:1: zzz: unknown key of a fruit\n");
    read_text("colur: red\nzzz: 1\n", true, "",
              "f:1:1: colur: unknown key of a fruit; did you mean colour?\n"
              "f:2:1: zzz: unknown key of a fruit; it is ignored\n");
}

static void of_a_repeated_key_the_last_may_count(void **state)
{
    assert_bad("name: a\nname: b\n", "f:2:1: name: is given twice in this map\n");
    assert_slice_equal(fruit.name->text, "a");
    read_text("name: a\nname: b\n", true, "",
              "f:2:1: name: is given twice here; the last one counts\n");
    assert_slice_equal(fruit.name->text, "b");
}

static void an_invalid_value_is_as_good_as_absent(void **state)
{
    assert_bad("{ripe: 7, colour: yelow, weight: .inf, seeds: 100, keeps: soon}",
               "f:1:8: ripe: 7: expected true or false\n"
               "f:1:19: colour: yelow: expected green, red or yellow; did you mean yellow?\n"
               "f:1:34: weight: .inf: expected a number\n"
               "f:1:47: seeds: 100: expected a whole number from 1 to 99\n"
               "f:1:59: keeps: soon: expected a duration like 90s, 15m, 1h30m or 7d; 0s: never\n");
    assert_null(fruit.ripe);
    assert_null(fruit.colour);
    assert_null(fruit.weight);
    assert_null(fruit.seeds);
    assert_null(fruit.keeps);
}

static void a_duration_needs_its_unit(void **state)
{
    assert_bad("keeps: 5", "f:1:8: keeps: 5: has no unit; write s for seconds: 5s\n");
    assert_bad("keeps: -5s", "f:1:8: keeps: -5s: is negative; expected a duration like 90s, 15m or "
                             "1h30m; 0s: never\n");
    read_text("keeps: 0", false, "", "f:1:8: keeps: 0 has no unit; write 0s, which means never\n");
    assert_int_equal(field_duration_ns(fruit.keeps), 0);
}

static void a_wrong_shape_is_told(void **state)
{
    assert_bad("{name: [], parts: x, where: [], tags: y}",
               "f:1:8: name: expected one value, not a list\n"
               "f:1:19: parts: expected a list, not one value\n"
               "f:1:29: where: expected a map, not a list\n"
               "f:1:39: tags: expected a map, not one value\n");
    assert_bad("[]", "f:1:1: expected a fruit, KEY: VALUE, not a list\n");
}

static void null_is_as_good_as_absent(void **state)
{
    read_text("name:\nparts: ~\nseeds: null\n", false, "",
              "f:1:1: name: is empty; remove it or give it a value\n"
              "f:2:1: parts: is empty; remove it or give it a value\n"
              "f:3:1: seeds: is empty; remove it or give it a value\n");
    assert_null(fruit.name);
    assert_null(fruit.parts);
    assert_good("name: ''");
    assert_non_null(fruit.name);
}

static void an_outdated_key_counts_with_a_warning(void **state)
{
    read_text("old: pear", false, "",
              "f:1:1: old: statsd_exporter has removed this key; write name instead\n");
    assert_slice_equal(fruit.old->text, "pear");
}

#define FIELD_CASE(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        FIELD_CASE(each_value_is_found_by_its_key),
        FIELD_CASE(an_unknown_key_is_told_with_the_nearest),
        FIELD_CASE(of_a_repeated_key_the_last_may_count),
        FIELD_CASE(an_invalid_value_is_as_good_as_absent),
        FIELD_CASE(a_duration_needs_its_unit),
        FIELD_CASE(a_wrong_shape_is_told),
        FIELD_CASE(null_is_as_good_as_absent),
        FIELD_CASE(an_outdated_key_counts_with_a_warning),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
