/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "aggregate/past_ends.h"

#include <stdio.h>

static struct past_ends ends;

static struct identity identity_of(const char *family, enum sample_type type, const char *labels)
{
    struct identity identity = {
        .type = type,
        .family = slice_of(family),
        .labels = slice_of(labels),
    };

    for (unsigned own = 0; own < _OWN_LABEL_N; own++)
        identity.labels_beside[own] = identity.labels;
    return identity;
}

static void note(const char *family, const char *labels, int64_t arrived_ns)
{
    struct identity identity = identity_of(family, SAMPLE_END, labels);

    assert_true(past_ends_note(&ends, &identity, 7, arrived_ns));
}

static bool have(const char *family, const char *labels, int64_t arrived_ns)
{
    struct identity identity = identity_of(family, SAMPLE_COUNTER, labels);

    return past_ends_have(&ends, &identity, 7, arrived_ns);
}

static void an_empty_list_has_nothing(void **state)
{
    assert_false(have("a", "", 0));
    assert_false(have("", "", 0));
}

static void has_what_arrived_before_an_x(void **state)
{
    note("a", "", 10);
    assert_true(have("a", "", 9));
    assert_false(have("a", "", 10));
    assert_false(have("a", "", 11));
}

static void names_are_compared_not_only_their_hashes(void **state)
{
    note("a", "", 10);
    assert_false(have("b", "", 9));
}

static void another_hash_is_another_name(void **state)
{
    struct identity identity = identity_of("a", SAMPLE_COUNTER, "");

    note("a", "", 10);
    assert_false(past_ends_have(&ends, &identity, 8, 9));
}

static void texts_are_copied(void **state)
{
    char name[] = "a", labels[] = "k=\"1\"";

    note(name, labels, 10);
    name[0] = 'b';
    labels[3] = '2';
    assert_true(have("a", "k=\"1\"", 9));
    assert_false(have("b", "k=\"2\"", 9));
}

static void each_x_in_the_list_counts(void **state)
{
    note("a", "k=\"1\"", 30);
    note("a", "k=\"2\"", 10); /* another worker's, which lagged */
    assert_true(have("a", "k=\"1\"", 20));
    assert_false(have("a", "k=\"2\"", 20));
    assert_true(have("a", "k=\"2\"", 9));
}

/* On a histogram the sender's le is exported_le. */
static void labels_are_those_of_the_type(void **state)
{
    struct identity identity = identity_of("a", SAMPLE_END, "le=\"1\"");

    identity.labels_beside[OWN_LABEL_LE] = SLICE("exported_le=\"1\"");
    assert_true(past_ends_note(&ends, &identity, 7, 10));
    identity = identity_of("a", SAMPLE_TIMER, "exported_le=\"1\"");
    assert_true(past_ends_have(&ends, &identity, 7, 9));
    identity.type = SAMPLE_COUNTER;
    assert_false(past_ends_have(&ends, &identity, 7, 9));
    identity.labels = SLICE("le=\"1\"");
    assert_true(past_ends_have(&ends, &identity, 7, 9));
}

static void a_new_one_replaces_the_oldest(void **state)
{
    char name[16];

    note("first", "", 1000);
    note("second", "", 1000);
    for (unsigned i = 2; i < PAST_ENDS_MAX; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        note(name, "", 1000);
    }
    assert_true(have("first", "", 1));
    note("last", "", 1000);
    assert_false(have("first", "", 1));
    assert_true(have("second", "", 1));
    assert_true(have("last", "", 1));
}

static int begin(void **state)
{
    ends = (struct past_ends){ 0 };
    return 0;
}

static int end(void **state)
{
    past_ends_deinit(&ends);
    return 0;
}

#define PAST_ENDS_CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest cases[] = {
        PAST_ENDS_CASE(an_empty_list_has_nothing),
        PAST_ENDS_CASE(has_what_arrived_before_an_x),
        PAST_ENDS_CASE(names_are_compared_not_only_their_hashes),
        PAST_ENDS_CASE(another_hash_is_another_name),
        PAST_ENDS_CASE(texts_are_copied),
        PAST_ENDS_CASE(each_x_in_the_list_counts),
        PAST_ENDS_CASE(labels_are_those_of_the_type),
        PAST_ENDS_CASE(a_new_one_replaces_the_oldest),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
