/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "base/labels.h"

#include <stdio.h>
#include <stdlib.h>

static char names[LABELS_MAX + 1][8];

/* A set with LABELS_MAX labels, n99 first. */
static struct labels full_set(void)
{
    struct labels labels = { 0 };

    for (int i = 0; i <= LABELS_MAX; i++)
        snprintf(names[i], sizeof(names[i]), "n%d", 99 - i);
    for (int i = 0; i < LABELS_MAX; i++)
        assert_true(labels_set(&labels, slice_of(names[i]), SLICE("v")));
    return labels;
}

/* What the header says is room enough, to the byte: the sanitizer sees one too many. */
static char *room_for(const struct labels *labels)
{
    size_t room = 0;
    char *out;

    for (size_t i = 0; i < labels->n; i++)
        room += labels->items[i].name.len + 2 * labels->items[i].value.len + 4;
    out = malloc(room);
    assert_true(out != NULL || room == 0);
    return out;
}

static void must_write(const struct labels *labels, const char *expected)
{
    char *out = room_for(labels);
    struct slice text = labels_write(labels, out);

    if (!slice_equal(text, slice_of(expected)))
        fail_msg("wrote %.*s, not %s", (int)text.len, text.at, expected);
    free(out);
}

static void must_escape(struct slice value, const char *expected)
{
    struct labels labels = { 0 };

    assert_true(labels_set(&labels, SLICE("a"), value));
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

    assert_true(labels_set(&labels, SLICE("b"), SLICE("2")));
    must_write(&labels, "b=\"2\"");
    assert_true(labels_set(&labels, SLICE("a"), SLICE("1")));
    must_write(&labels, "b=\"2\",a=\"1\"");
    labels_sort(&labels);
    must_write(&labels, "a=\"1\",b=\"2\"");
}

static void a_later_value_replaces_the_earlier(void **state)
{
    struct labels labels = { 0 };

    assert_true(labels_set(&labels, SLICE("a"), SLICE("1")));
    assert_true(labels_set(&labels, SLICE("b"), SLICE("2")));
    assert_true(labels_set(&labels, SLICE("a"), SLICE("3")));
    assert_int_equal(labels.n, 2);
    labels_sort(&labels);
    must_write(&labels, "a=\"3\",b=\"2\"");
}

static void a_prefix_is_another_name(void **state)
{
    struct labels labels = { 0 };

    assert_true(labels_set(&labels, SLICE("ab"), SLICE("1")));
    assert_true(labels_set(&labels, SLICE("a"), SLICE("2")));
    assert_true(labels_set(&labels, SLICE("A"), SLICE("3")));
    assert_int_equal(labels.n, 3);
}

static void sorts_by_bytes(void **state)
{
    static const char *const sent[] = { "b", "ab", "_a", "B", "a", "a_", "a1", "aB", "Z9" };
    struct labels labels = { 0 };

    for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++)
        assert_true(labels_set(&labels, slice_of(sent[i]), SLICE("")));
    labels_sort(&labels);
    must_write(&labels, "B=\"\",Z9=\"\",_a=\"\",a=\"\",a1=\"\",aB=\"\",a_=\"\",ab=\"\",b=\"\"");
}

static void sorts_a_full_set_and_keeps_values_with_names(void **state)
{
    struct labels labels = full_set();

    for (int i = 0; i < LABELS_MAX; i++)
        assert_true(labels_set(&labels, slice_of(names[i]), slice_of(names[i])));
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

    assert_false(labels_set(&labels, slice_of(names[LABELS_MAX]), SLICE("v")));
    assert_memory_equal(&labels, &before, sizeof(labels));
}

static void replaces_a_value_in_a_full_set(void **state)
{
    struct labels labels = full_set();

    assert_true(labels_set(&labels, slice_of(names[LABELS_MAX - 1]), SLICE("new")));
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
        assert_true(labels_set(&labels, slice_of(names[i]), (struct slice){ value, 1000 }));
    out = room_for(&labels);
    assert_int_equal(labels_write(&labels, out).len, LABELS_MAX * (3 + 2000 + 4) - 1);
    free(out);
}

static void different_sets_have_different_texts(void **state)
{
    struct labels one = { 0 }, two = { 0 };
    char *texts[2];

    assert_true(labels_set(&one, SLICE("a"), SLICE("1\",b=\"2")));
    assert_true(labels_set(&two, SLICE("a"), SLICE("1")));
    assert_true(labels_set(&two, SLICE("b"), SLICE("2")));
    texts[0] = room_for(&one);
    texts[1] = room_for(&two);
    assert_false(slice_equal(labels_write(&one, texts[0]), labels_write(&two, texts[1])));
    free(texts[0]);
    free(texts[1]);
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
        CASE(replaces_a_value_in_a_full_set),
        CASE(escapes_three_characters_and_no_other),
        CASE(a_value_may_need_twice_its_bytes),
        CASE(different_sets_have_different_texts),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
