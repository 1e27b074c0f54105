/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "aggregate/aliases.h"
#include "base/compiler.h"

#include <stdio.h>

static struct aliases aliases;

static int clear(void **state)
{
    memset(&aliases, 0, sizeof(aliases));
    return 0;
}

/* The family @name, which was sent as @first, was sent as @sent_as. The hash is any number. */
static void note_long(const char *name, uint64_t hash, struct slice first, struct slice sent_as)
{
    const struct identity identity = { .type = SAMPLE_COUNTER,
                                       .family = slice_of(name),
                                       .sent_as = first };
    struct family *family = family_new(&identity, NULL);

    assert_non_null(family);
    aliases_note(&aliases, family, hash, sent_as);
    family_unref(family);
}

static void note(const char *name, uint64_t hash, const char *first, const char *sent_as)
{
    note_long(name, hash, slice_of(first), slice_of(sent_as));
}

static const struct alias *find(const char *name)
{
    for (unsigned i = 0; i < aliases.n; i++) {
        const struct alias *alias = &aliases.items[i];

        if (slice_equal((struct slice){ alias->name.at, alias->name.len }, slice_of(name)))
            return alias;
    }
    return NULL;
}

static const struct alias *must_find(const char *name)
{
    const struct alias *alias = find(name);

    assert_non_null(alias);
    return alias ? alias : &aliases.items[0]; /* gcc does not know that it is never NULL */
}

static void must_have(const struct alias *alias, unsigned i, const char *spelling)
{
    assert_true(i < alias->n_spellings);
    assert_true(slice_equal((struct slice){ alias->spellings[i].at, alias->spellings[i].len },
                            slice_of(spelling)));
}

static void lists_the_first_spelling_and_the_others(void **state)
{
    note("a_b", 1, "a.b", "a-b");
    note("a_b", 1, "a.b", "a_b");
    assert_int_equal(aliases.n, 1);
    must_have(must_find("a_b"), 0, "a.b");
    must_have(must_find("a_b"), 1, "a-b");
    must_have(must_find("a_b"), 2, "a_b");
    assert_false(must_find("a_b")->has_more);
}

static void lists_each_spelling_once(void **state)
{
    for (int i = 0; i < 10; i++)
        note("a_b", 1, i % 2 ? "a.b" : "a-b", i % 3 ? "a-b" : "a.b");
    assert_int_equal(must_find("a_b")->n_spellings, 2);
    assert_int_equal(aliases.n_noted, 10);
}

static void says_when_there_are_more_spellings_than_it_keeps(void **state)
{
    char sent_as[16];

    for (int i = 1; i < ALIAS_SPELLINGS_MAX; i++) {
        snprintf(sent_as, sizeof(sent_as), "a%cb", "-+*/"[i]);
        note("a_b", 1, "a.b", sent_as);
    }
    assert_int_equal(must_find("a_b")->n_spellings, ALIAS_SPELLINGS_MAX);
    assert_false(must_find("a_b")->has_more);
    note("a_b", 1, "a.b", "a!b");
    assert_int_equal(must_find("a_b")->n_spellings, ALIAS_SPELLINGS_MAX);
    assert_true(must_find("a_b")->has_more);
}

static void a_new_name_replaces_the_least_recently_noted(void **state)
{
    char name[16];

    for (unsigned i = 0; i < ALIASES_MAX; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        note(name, i, "x", "y");
    }
    note("n0", 0, "x", "y");
    note("late", 99, "late.1", "late-1");
    assert_int_equal(aliases.n, ALIASES_MAX);
    assert_non_null(find("n0"));
    assert_null(find("n1"));
    assert_non_null(find("n2"));
    assert_int_equal(must_find("late")->n_spellings, 2);
    must_have(must_find("late"), 0, "late.1");
}

static void nothing_is_left_of_a_name_that_was_replaced(void **state)
{
    char text[16];

    for (unsigned i = 0; i <= ALIAS_SPELLINGS_MAX; i++) {
        snprintf(text, sizeof(text), "a%ub", i);
        note("first", 1000, "a.b", text);
    }
    assert_true(must_find("first")->has_more);
    for (unsigned i = 0; i < ALIASES_MAX; i++) {
        snprintf(text, sizeof(text), "n%u", i);
        note(text, i, "x", "y");
    }
    assert_null(find("first"));
    for (unsigned i = 0; i < ALIASES_MAX; i++) {
        assert_int_equal(aliases.items[i].n_spellings, 2);
        assert_false(aliases.items[i].has_more);
    }
}

static void texts_may_be_any_bytes(void **state)
{
    note_long("_", 1, SLICE("\0"), SLICE("\n"));
    assert_int_equal(aliases.items[0].n_spellings, 2);
    assert_memory_equal(aliases.items[0].spellings[0].at, "\0", 1);
    assert_int_equal(aliases.items[0].spellings[1].len, 1);
}

/* The limit is in the middle of a character of three bytes. */
static void long_texts_are_cut_before_a_character(void **state)
{
    char sent_as[300], family[300];

    memset(family, '_', sizeof(family));
    family[sizeof(family) - 1] = '\0';
    memset(sent_as, 'a', sizeof(sent_as));
    memcpy(sent_as + ALIAS_LENGTH_MAX - 1, "\xe4\xb8\xad", 3);
    note_long(family, 1, SLICE("x"), (struct slice){ sent_as, sizeof(sent_as) });
    assert_int_equal(aliases.items[0].name.len, ALIAS_LENGTH_MAX);
    assert_int_equal(aliases.items[0].spellings[1].len, ALIAS_LENGTH_MAX - 1);
}

#define ALIASES_CASE(name) cmocka_unit_test_setup(name, clear)

int main(void)
{
    const struct CMUnitTest cases[] = {
        ALIASES_CASE(lists_the_first_spelling_and_the_others),
        ALIASES_CASE(lists_each_spelling_once),
        ALIASES_CASE(says_when_there_are_more_spellings_than_it_keeps),
        ALIASES_CASE(a_new_name_replaces_the_least_recently_noted),
        ALIASES_CASE(nothing_is_left_of_a_name_that_was_replaced),
        ALIASES_CASE(texts_may_be_any_bytes),
        ALIASES_CASE(long_texts_are_cut_before_a_character),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
