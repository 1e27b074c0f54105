/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/labels.h"

#include <stdio.h>
#include <stdlib.h>

static char names[LABELS_MAX + 1][8];

/* A set with LABELS_MAX labels, beginning with n999. */
static struct labels full_set(void)
{
    struct labels labels = { 0 };

    for (int i = 0; i <= LABELS_MAX; i++)
        snprintf(names[i], sizeof(names[i]), "n%d", 999 - i);
    for (int i = 0; i < LABELS_MAX; i++)
        assert_true(labels_set(&labels, LABELS_MAX, slice_of(names[i]), SLICE("v")));
    return labels;
}

/* The size that the header calls sufficient, to the byte: a sanitizer detects one too many. */
static char *room_for(const struct labels *labels)
{
    size_t room = labels_length(labels);
    char *out = malloc(room);

    assert_true(out != NULL || room == 0);
    return out;
}

static void must_write(const struct labels *labels, const char *expected)
{
    char *out = room_for(labels);
    struct slice text = labels_write(labels, out);

    if (!slice_equal(text, slice_of(expected)))
        fail_msg("wrote %.*s, not %s", (int)text.len, text.at, expected);
    assert_int_equal(labels_length(labels), text.len);
    assert_true(labels_length_max(labels) >= text.len);
    free(out);
}

static void must_escape(struct slice value, const char *expected)
{
    struct labels labels = { 0 };

    assert_true(labels_set(&labels, LABELS_MAX, SLICE("a"), value));
    must_write(&labels, expected);
}

static void an_empty_set_writes_nothing(void **state)
{
    struct labels labels = { 0 };

    labels_sort(&labels);
    must_write(&labels, "");
}

static void writes_labels_in_their_order(void **state)
{
    struct labels labels = { 0 };

    assert_true(labels_set(&labels, LABELS_MAX, SLICE("b"), SLICE("2")));
    must_write(&labels, "b=\"2\"");
    assert_true(labels_set(&labels, LABELS_MAX, SLICE("a"), SLICE("1")));
    must_write(&labels, "b=\"2\",a=\"1\"");
    labels_sort(&labels);
    must_write(&labels, "a=\"1\",b=\"2\"");
}

static void a_later_value_replaces_the_earlier(void **state)
{
    struct labels labels = { 0 };

    assert_true(labels_set(&labels, LABELS_MAX, SLICE("a"), SLICE("1")));
    assert_true(labels_set(&labels, LABELS_MAX, SLICE("b"), SLICE("2")));
    assert_true(labels_set(&labels, LABELS_MAX, SLICE("a"), SLICE("3")));
    assert_int_equal(labels.n, 2);
    labels_sort(&labels);
    must_write(&labels, "a=\"3\",b=\"2\"");
}

static void a_prefix_is_another_name(void **state)
{
    struct labels labels = { 0 };

    assert_true(labels_set(&labels, LABELS_MAX, SLICE("ab"), SLICE("1")));
    assert_true(labels_set(&labels, LABELS_MAX, SLICE("a"), SLICE("2")));
    assert_true(labels_set(&labels, LABELS_MAX, SLICE("A"), SLICE("3")));
    assert_int_equal(labels.n, 3);
}

static void sorts_by_bytes(void **state)
{
    static const char *const sent[] = { "b", "ab", "_a", "B", "a", "a_", "a1", "aB", "Z9" };
    struct labels labels = { 0 };

    for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++)
        assert_true(labels_set(&labels, LABELS_MAX, slice_of(sent[i]), SLICE("")));
    labels_sort(&labels);
    must_write(&labels, "B=\"\",Z9=\"\",_a=\"\",a=\"\",a1=\"\",aB=\"\",a_=\"\",ab=\"\",b=\"\"");
}

static void sorts_a_full_set_and_keeps_values_with_names(void **state)
{
    struct labels labels = full_set();

    for (int i = 0; i < LABELS_MAX; i++)
        assert_true(labels_set(&labels, LABELS_MAX, slice_of(names[i]), slice_of(names[i])));
    labels_sort(&labels);
    assert_int_equal(labels.n, LABELS_MAX);
    for (size_t i = 0; i < LABELS_MAX; i++) {
        assert_true(slice_equal(labels.items[i].name, labels.items[i].value));
        assert_true(i == 0 || slice_compare(labels.items[i - 1].name, labels.items[i].name) < 0);
    }
}

static void refuses_a_label_beyond_the_limit(void **state)
{
    struct labels labels = full_set();
    struct labels before = labels;

    assert_false(labels_set(&labels, LABELS_MAX, slice_of(names[LABELS_MAX]), SLICE("v")));
    assert_memory_equal(&labels, &before, sizeof(labels));
}

static void a_smaller_maximum_binds_too(void **state)
{
    struct labels labels = { 0 };

    assert_false(labels_set(&labels, 0, SLICE("a"), SLICE("1")));
    assert_int_equal(labels.n, 0);
    assert_true(labels_set(&labels, 2, SLICE("a"), SLICE("1")));
    assert_true(labels_set(&labels, 2, SLICE("b"), SLICE("2")));
    assert_false(labels_set(&labels, 2, SLICE("c"), SLICE("3")));
    must_write(&labels, "a=\"1\",b=\"2\"");
    assert_true(labels_set(&labels, 2, SLICE("a"), SLICE("4"))); /* replaces */
    assert_true(labels_set(&labels, 3, SLICE("c"), SLICE("3")));
    must_write(&labels, "a=\"4\",b=\"2\",c=\"3\"");
}

static void replaces_a_value_in_a_full_set(void **state)
{
    struct labels labels = full_set();

    assert_true(labels_set(&labels, LABELS_MAX, slice_of(names[LABELS_MAX - 1]), SLICE("new")));
    assert_int_equal(labels.n, LABELS_MAX);
    assert_slice_equal(labels.items[LABELS_MAX - 1].value, "new");
}

static void escapes_three_characters_and_no_other(void **state)
{
    must_escape(SLICE(""), "a=\"\"");
    must_escape(SLICE("\\"), "a=\"\\\\\"");
    must_escape(SLICE("\""), "a=\"\\\"\"");
    must_escape(SLICE("\n"), "a=\"\\n\"");
    must_escape(SLICE("\\n"), "a=\"\\\\n\"");
    must_escape(SLICE("x\\\"\ny"), "a=\"x\\\\\\\"\\ny\"");
    must_escape(SLICE("\r\t'{},= "), "a=\"\r\t'{},= \"");
    must_escape(SLICE("gr\xc3\xbc\xc3\x9f \xe2\x82\xac"), "a=\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac\"");
}

static void a_value_may_need_twice_its_bytes(void **state)
{
    static const char specials[3] = { '\\', '"', '\n' };
    struct labels labels = full_set();
    char value[1000];
    char *out;

    for (size_t i = 0; i < sizeof(value); i++)
        value[i] = specials[i % 3];
    for (int i = 0; i < LABELS_MAX; i++)
        assert_true(
            labels_set(&labels, LABELS_MAX, slice_of(names[i]), (struct slice){ value, 1000 }));
    out = room_for(&labels);
    assert_int_equal(labels_write(&labels, out).len, LABELS_MAX * (4 + 2000 + 4) - 1);
    free(out);
}

static void different_sets_have_different_texts(void **state)
{
    struct labels one = { 0 }, two = { 0 };
    char *texts[2];

    assert_true(labels_set(&one, LABELS_MAX, SLICE("a"), SLICE("1\",b=\"2")));
    assert_true(labels_set(&two, LABELS_MAX, SLICE("a"), SLICE("1")));
    assert_true(labels_set(&two, LABELS_MAX, SLICE("b"), SLICE("2")));
    texts[0] = room_for(&one);
    texts[1] = room_for(&two);
    assert_false(slice_equal(labels_write(&one, texts[0]), labels_write(&two, texts[1])));
    free(texts[0]);
    free(texts[1]);
}

static void nothing_has_no_length(void **state)
{
    const struct labels labels = { 0 };

    assert_int_equal(labels_length(&labels), 0);
    assert_int_equal(labels_length_max(&labels), 0);
}

/* The bound on its length does not depend on the values. */
static void the_greatest_length_is_that_of_values_all_escaped(void **state)
{
    struct labels plain = { 0 }, special = { 0 };

    assert_true(labels_set(&plain, LABELS_MAX, SLICE("ab"), SLICE("xyz")));
    assert_true(labels_set(&special, LABELS_MAX, SLICE("ab"), SLICE("\"\n\\")));
    assert_int_equal(labels_length(&plain), 2 + 3 + 3);
    assert_int_equal(labels_length(&special), 2 + 3 + 6);
    assert_int_equal(labels_length_max(&plain), labels_length_max(&special));
    assert_in_range(labels_length_max(&plain), 2 + 3 + 6, 2 + 3 + 6 + 1);
}

/* --- taken apart -------------------------------------------------------------------- */

/* The labels of @text, one by one, are those of @expected, which ends with NULL. */
static void assert_parts(const char *text, const char *const *expected)
{
    struct slice rest = slice_of(text), part;

    for (; *expected; expected++) {
        assert_true(labels_next(&rest, &part));
        if (!slice_equal(part, slice_of(*expected)))
            fail_msg("cut %.*s off %s, not %s", (int)part.len, part.at, text, *expected);
    }
    assert_int_equal(rest.len, 0);
    assert_false(labels_next(&rest, &part));
    assert_false(labels_next(&rest, &part));
}

#define assert_parts_are(text, ...) assert_parts((text), (const char *const[]){ __VA_ARGS__, NULL })

static void nothing_has_no_parts(void **state)
{
    assert_parts("", (const char *const[]){ NULL });
}

static void takes_labels_apart(void **state)
{
    assert_parts_are("a=\"1\"", "a=\"1\"");
    assert_parts_are("a=\"1\",b=\"2\",c=\"\"", "a=\"1\"", "b=\"2\"", "c=\"\"");
    assert_parts_are("a=\"\",b=\"\"", "a=\"\"", "b=\"\"");
}

/* Names in no order, and the same number of times by insertion and by merging. */
static void any_number_of_labels_can_be_sorted(void **state)
{
    static char names_of[LABELS_MAX][8];
    uint64_t random = 1;

    for (size_t n = 0; n <= LABELS_MAX; n++) {
        struct labels labels = { .n = n };

        for (size_t i = 0; i < n; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            snprintf(names_of[i], sizeof(names_of[i]), "%u_%zu", (unsigned)(random >> 60), i);
            labels.items[i] = (struct label){ slice_of(names_of[i]), { names_of[i], 1 } };
        }
        labels_sort(&labels);
        assert_int_equal(labels.n, n);
        for (size_t i = 0; i < n; i++) {
            assert_ptr_equal(labels.items[i].name.at, labels.items[i].value.at);
            if (i > 0)
                assert_true(slice_compare(labels.items[i - 1].name, labels.items[i].name) < 0);
        }
    }
}

static void what_stands_in_a_value_ends_no_label(void **state)
{
    assert_parts_are("a=\"1,b=2\",c=\"=,=\"", "a=\"1,b=2\"", "c=\"=,=\"");
    assert_parts_are("a=\"\\\"\",b=\"x\\\",c=\\\"\"", "a=\"\\\"\"", "b=\"x\\\",c=\\\"\"");
    assert_parts_are("a=\"\\\\\",b=\"\\\\\\\"\"", "a=\"\\\\\"", "b=\"\\\\\\\"\"");
    assert_parts_are("a=\"\\n\",b=\"\xc3\xa4\"", "a=\"\\n\"", "b=\"\xc3\xa4\"");
}

/* The parts of the first label of @text are those of @label. */
static void assert_unescaped(struct slice text, const struct label *label)
{
    struct slice whole, name, value, rest = text;
    char out[80];

    assert_true(labels_next(&rest, &whole));
    assert_true(labels_next_parts(&text, &name, &value));
    assert_ptr_equal(text.at, rest.at);
    assert_int_equal(text.len, rest.len);
    assert_true(slice_equal(name, label->name));
    assert_in_range(value.len, 0, sizeof(out));
    text = (struct slice){ out, (size_t)(labels_unescape(out, value) - out) };
    assert_true(slice_equal(text, label->value));
}

/* Values of what is special, and quotes at each place of a block. */
static void values_of_any_escapes_can_be_taken_apart(void **state)
{
    uint64_t random = 1;

    for (unsigned round = 0; round < 20000; round++) {
        struct labels labels = { .n = 2 };
        char values[2][40], text[200];
        struct slice rest, part;

        for (unsigned i = 0; i < 2; i++) {
            size_t len = (random >> 40) % sizeof(values[i]);

            for (size_t j = 0; j < len; j++) {
                random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
                values[i][j] = "\\\\\"\nab,="[random >> 61];
            }
            labels.items[i] = (struct label){ i ? SLICE("b") : SLICE("a"), { values[i], len } };
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
        }
        rest = labels_write(&labels, text);
        for (unsigned i = 0; i < 2; i++) {
            struct labels one = { .items = { labels.items[i] }, .n = 1 };
            char expected[100];

            assert_unescaped(rest, &labels.items[i]);
            assert_true(labels_next(&rest, &part));
            assert_true(slice_equal(part, labels_write(&one, expected)));
        }
        assert_false(labels_next(&rest, &part));
        assert_false(labels_next_parts(&rest, &part, &part));
    }
}

static void a_full_set_can_be_taken_apart(void **state)
{
    struct labels labels = full_set();
    char *out = room_for(&labels);
    struct slice text = labels_write(&labels, out), part;
    char expected[32];

    for (int i = 0; i < LABELS_MAX; i++) {
        assert_true(labels_next(&text, &part));
        snprintf(expected, sizeof(expected), "%.7s=\"v\"", names[i]);
        assert_true(slice_equal(part, slice_of(expected)));
    }
    assert_false(labels_next(&text, &part));
    free(out);
}

/* --- compared ------------------------------------------------------------------------- */

static void assert_included(const char *all, const char *some, bool is_included)
{
    struct slice in_all[LABELS_MAX], in_some[LABELS_MAX];
    size_t n_all = labels_cut(slice_of(all), in_all), n = labels_cut(slice_of(some), in_some);

    if (labels_include(slice_of(all), in_some, n) != is_included ||
        labels_cut_include(in_all, n_all, in_some, n) != is_included)
        fail_msg("{%s} %s {%s}", all, is_included ? "lacks" : "includes", some);
}

static void all_sets_include_nothing_and_themselves(void **state)
{
    assert_included("", "", true);
    assert_included("a=\"1\"", "", true);
    assert_included("a=\"1\"", "a=\"1\"", true);
    assert_included("a=\"1\",b=\"2\"", "a=\"1\",b=\"2\"", true);
}

static void a_set_includes_any_part_of_it(void **state)
{
    const char *all = "a=\"1\",b=\"2\",c=\"3\",d=\"4\"";

    assert_included(all, "a=\"1\"", true);
    assert_included(all, "d=\"4\"", true);
    assert_included(all, "a=\"1\",c=\"3\"", true);
    assert_included(all, "b=\"2\",d=\"4\"", true);
    assert_included(all, "b=\"2\",c=\"3\",d=\"4\"", true);
}

static void a_set_does_not_include_what_it_lacks(void **state)
{
    assert_included("", "a=\"1\"", false);
    assert_included("a=\"1\"", "a=\"2\"", false);
    assert_included("a=\"1\"", "b=\"1\"", false);
    assert_included("b=\"1\"", "a=\"1\"", false);
    assert_included("a=\"1\"", "a=\"1\",b=\"2\"", false);
    assert_included("b=\"2\"", "a=\"1\",b=\"2\"", false);
    assert_included("a=\"1\",c=\"3\"", "a=\"1\",b=\"2\",c=\"3\"", false);
    assert_included("a=\"1\",b=\"2\"", "a=\"1\",b=\"3\"", false);
}

static void a_prefix_is_not_the_same(void **state)
{
    assert_included("a=\"10\"", "a=\"1\"", false);
    assert_included("a=\"1\"", "a=\"10\"", false);
    assert_included("ab=\"1\"", "a=\"1\"", false);
    assert_included("ab=\"1\"", "b=\"1\"", false);
    assert_included("a=\"1\",ab=\"2\"", "ab=\"2\"", true);
}

/* The value of a label may contain the text of another label. */
static void values_are_compared_whole(void **state)
{
    assert_included("a=\"x\\\",b=\\\"2\"", "b=\"2\"", false);
    assert_included("a=\"x,b=2\"", "b=\"2\"", false);
    assert_included("a=\"\\\\\",b=\"2\"", "b=\"2\"", true);
}

/* Each special character at each place of values up to three words long. */
static void special_characters_are_escaped_wherever_they_are(void **state)
{
    static const char specials[] = "\\\"\n", escaped[] = "\\\"n";

    for (size_t len = 1; len <= 24; len++) {
        for (size_t at = 0; at < len; at++) {
            for (size_t i = 0; i < strlen(specials); i++) {
                char value[24], out[64], expected[64];
                struct labels labels = { .n = 1 };
                struct slice written;

                memset(value, 'v', len);
                value[at] = specials[i];
                labels.items[0] = (struct label){ SLICE("a"), { value, len } };
                written = labels_write(&labels, out);
                snprintf(expected, sizeof(expected), "a=\"%.*s\\%c%.*s\"", (int)at, value,
                         escaped[i], (int)(len - at - 1), value + at + 1);
                assert_int_equal(written.len, strlen(expected));
                assert_memory_equal(written.at, expected, written.len);
                assert_int_equal(labels_length(&labels), written.len);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(an_empty_set_writes_nothing),
        CASE(writes_labels_in_their_order),
        CASE(a_later_value_replaces_the_earlier),
        CASE(a_prefix_is_another_name),
        CASE(sorts_by_bytes),
        CASE(sorts_a_full_set_and_keeps_values_with_names),
        CASE(refuses_a_label_beyond_the_limit),
        CASE(a_smaller_maximum_binds_too),
        CASE(replaces_a_value_in_a_full_set),
        CASE(escapes_three_characters_and_no_other),
        CASE(a_value_may_need_twice_its_bytes),
        CASE(different_sets_have_different_texts),
        CASE(nothing_has_no_length),
        CASE(the_greatest_length_is_that_of_values_all_escaped),
        CASE(nothing_has_no_parts),
        CASE(takes_labels_apart),
        CASE(any_number_of_labels_can_be_sorted),
        CASE(what_stands_in_a_value_ends_no_label),
        CASE(values_of_any_escapes_can_be_taken_apart),
        CASE(a_full_set_can_be_taken_apart),
        CASE(all_sets_include_nothing_and_themselves),
        CASE(a_set_includes_any_part_of_it),
        CASE(a_set_does_not_include_what_it_lacks),
        CASE(a_prefix_is_not_the_same),
        CASE(values_are_compared_whole),
        CASE(special_characters_are_escaped_wherever_they_are),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
