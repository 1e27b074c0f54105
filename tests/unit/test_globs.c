/* SPDX-License-Identifier: Apache-2.0 */

#include "unit.h"

#include "mapping/glob.h"
#include "mapping/globs.h"

#include <stdio.h>
#include <stdlib.h>

/* Globs that are compiled, and memory to match them. */
struct set {
    struct rule *rules;
    size_t n;
    struct globs *globs;
    struct globs_scratch *scratch;
};

static struct set make(const char *const *matches, size_t n, bool is_unordered)
{
    struct set set = { calloc(n + 1, sizeof(*set.rules)), n, NULL, NULL };

    for (size_t i = 0; i < n; i++)
        set.rules[i].match = slice_of(matches[i]);
    assert_int_equal(globs_new(&set.globs, set.rules, n, is_unordered), 0);
    assert_int_equal(globs_scratch_new(&set.scratch, set.globs), 0);
    return set;
}

static void unmake(struct set *set)
{
    globs_scratch_free(set->scratch);
    globs_free(set->globs);
    free(set->rules);
}

/* All that match, in order, as in "0 2". */
static void must_find(struct set *set, const char *name, enum rule_type type, const char *expected)
{
    char found[256] = "";
    size_t rule, len = 0;

    globs_find(set->globs, set->scratch, slice_of(name), type);
    while (globs_next(set->scratch, &rule))
        len += (size_t)snprintf(found + len, sizeof(found) - len, len ? " %zu" : "%zu", rule);
    if (strcmp(found, expected) != 0)
        fail_msg("%s matches \"%s\", not \"%s\"", name, found, expected);
}

static void must_match(const char *const *matches, size_t n, bool is_unordered, const char *name,
                       const char *expected)
{
    struct set set = make(matches, n, is_unordered);

    must_find(&set, name, RULE_COUNTER, expected);
    unmake(&set);
}

#define MATCHES(...)                                                                               \
    (const char *const[]){ __VA_ARGS__ },                                                          \
        sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *)

static void a_star_is_one_segment_and_may_be_empty(void **state)
{
    must_match(MATCHES("a.*.c"), false, "a.b.c", "0");
    must_match(MATCHES("a.*.c"), false, "a..c", "0");
    must_match(MATCHES("a.*.c"), false, "a.b.b.c", "");
    must_match(MATCHES("a.*.c"), false, "a.c", "");
    must_match(MATCHES("*"), false, "anything", "0");
    must_match(MATCHES("*"), false, "", "0");
    must_match(MATCHES("*"), false, "any.thing", "");
    must_match(MATCHES("*.*"), false, ".", "0");
    must_match(MATCHES("a.b"), false, "A.b", "");
}

static void the_first_in_the_list_comes_first(void **state)
{
    must_match(MATCHES("order.*.*", "order.*.b"), false, "order.a.b", "0 1");
    must_match(MATCHES("*.b", "a.*", "a.b"), false, "a.b", "0 1 2");
    must_match(MATCHES("a.b.c", "a.b", "a"), false, "a.b", "1");
    must_match(MATCHES("a.*", "*.b", "a.*"), false, "a.b", "0 1 2");
}

static void the_most_specific_comes_first_if_unordered(void **state)
{
    must_match(MATCHES("no.*.*", "no.*.b", "no.c.b"), true, "no.c.b", "2 1 0");
    must_match(MATCHES("no.*.*", "no.*.b", "no.c.b"), true, "no.x.b", "1 0");
    must_match(MATCHES("*.b", "a.*"), true, "a.b", "1 0");
    must_match(MATCHES("*.b.c", "a.*.*"), true, "a.b.c", "1 0");
    must_match(MATCHES("a.*", "a.*"), true, "a.b", "0 1");
}

static void a_text_that_leads_nowhere_hides_no_star(void **state)
{
    must_match(MATCHES("back.*.bbb", "back.just.aaa"), true, "back.just.bbb", "0");
    must_match(MATCHES("a.*.c", "a.b.d", "a.x.c"), true, "a.b.c", "0");
    must_match(MATCHES("*.x.z", "a.*.y", "a.x.w"), true, "a.x.z", "0");
}

static void types_have_rules_of_their_own(void **state)
{
    struct set set = make(MATCHES("a.*", "a.*", "*.b"), false);

    globs_scratch_free(set.scratch);
    globs_free(set.globs);
    set.rules[0].types = 1u << RULE_GAUGE;
    set.rules[1].types = 1u << RULE_COUNTER | 1u << RULE_OBSERVER;
    assert_int_equal(globs_new(&set.globs, set.rules, set.n, false), 0);
    assert_int_equal(globs_scratch_new(&set.scratch, set.globs), 0);
    must_find(&set, "a.b", RULE_COUNTER, "1 2");
    must_find(&set, "a.b", RULE_GAUGE, "0 2");
    must_find(&set, "a.b", RULE_OBSERVER, "1 2");
    must_find(&set, "a.b", RULE_SET, "2");
    must_find(&set, "a.c", RULE_SET, "");
    must_find(&set, "a.b", _RULE_TYPE_N, "0 1 2");
    unmake(&set);
}

static void regexes_are_passed_over(void **state)
{
    struct set set = make(MATCHES("a", "b"), false);
    size_t rule;

    set.rules[0].syntax = RULE_REGEX;
    globs_scratch_free(set.scratch);
    globs_free(set.globs);
    assert_int_equal(globs_new(&set.globs, set.rules, set.n, false), 0);
    assert_int_equal(globs_scratch_new(&set.scratch, set.globs), 0);
    must_find(&set, "a", RULE_COUNTER, "");
    must_find(&set, "b", RULE_COUNTER, "1");
    assert_true(globs_at(set.globs, 0, &rule));
    assert_int_equal(rule, 1);
    assert_false(globs_at(set.globs, 1, &rule));
    unmake(&set);
}

static void captures_are_those_of_the_glob_that_was_found(void **state)
{
    struct set set = make(MATCHES("*.dummy.*", "full.name.*"), false);
    struct slice captures[3];
    size_t rule;

    globs_find(set.globs, set.scratch, SLICE("full.name.other"), RULE_GAUGE);
    assert_true(globs_next(set.scratch, &rule));
    globs_captures(set.scratch, captures);
    assert_int_equal(captures[0].len, 0);
    assert_slice_equal(captures[1], "other");
    globs_find(set.globs, set.scratch, SLICE("some.dummy."), RULE_GAUGE);
    assert_true(globs_next(set.scratch, &rule));
    globs_captures(set.scratch, captures);
    assert_slice_equal(captures[1], "some");
    assert_slice_equal(captures[2], "");
    unmake(&set);
}

static void no_globs_match_nothing(void **state)
{
    struct set set = make(NULL, 0, false);

    must_find(&set, "a.b", RULE_COUNTER, "");
    unmake(&set);
}

/* --- many globs, compared with one after the other ------------------------------------- */

enum { N_MANY = 700, SEGMENTS_MAX = 6 };

static unsigned next_random(void)
{
    static uint64_t x = 88172645463325252u;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (unsigned)(x >> 32);
}

/* Text of few letters, so that much of it is the same. */
static void random_text(char *out, bool has_stars)
{
    unsigned n = 1 + next_random() % SEGMENTS_MAX;

    for (unsigned i = 0; i < n; i++) {
        unsigned letter = next_random() % (has_stars ? 5 : 3);

        *out++ = letter < 3 ? (char)('a' + letter) : '*';
        *out++ = '.';
    }
    out[-1] = '\0';
}

/* The first of @n that matches, in the order of compare. */
static size_t first_by_hand(const struct set *set, const char *name, bool is_unordered)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < set->n; i++) {
        struct slice match = set->rules[i].match;

        if (glob_segments(match) != glob_segments(slice_of(name)) ||
            glob_difference(match, slice_of(name)) != SIZE_MAX)
            continue;
        if (best == SIZE_MAX || (is_unordered && glob_compare(match, set->rules[best].match) < 0))
            best = i;
    }
    return best;
}

static void compare_many(bool is_unordered)
{
    static char texts[N_MANY][2 * SEGMENTS_MAX];
    const char *matches[N_MANY];
    struct set set;

    for (size_t i = 0; i < N_MANY; i++) {
        random_text(texts[i], true);
        matches[i] = texts[i];
    }
    set = make(matches, N_MANY, is_unordered);
    for (size_t i = 0; i < 2000; i++) {
        char name[2 * SEGMENTS_MAX];
        size_t found = SIZE_MAX;

        random_text(name, false);
        globs_find(set.globs, set.scratch, slice_of(name), RULE_SET);
        if (!globs_next(set.scratch, &found))
            found = SIZE_MAX;
        if (found != first_by_hand(&set, name, is_unordered))
            fail_msg("%s: %zu instead of %zu", name, found,
                     first_by_hand(&set, name, is_unordered));
    }
    unmake(&set);
}

static void many_globs_match_as_one_after_the_other(void **state)
{
    compare_many(false);
    compare_many(true);
}

/* Text that few globs have, text that many have, and stars: lists of words of all lengths. */
static void long_lists_match_as_one_after_the_other(void **state)
{
    enum { N = 6000 };
    static char texts[N][40];
    static const char *matches[N];
    struct set set;

    for (size_t i = 0; i < N; i++) {
        unsigned few = next_random() % 300, many = next_random() % 4, some = next_random() % 40;

        snprintf(texts[i], sizeof(texts[i]), next_random() % 16 ? "f%u.m%u.s%u" : "f%u.m%u.*", few,
                 many, some);
        matches[i] = texts[i];
    }
    set = make(matches, N, false);
    for (size_t i = 0; i < 1000; i++) {
        char name[40];
        size_t found;

        snprintf(name, sizeof(name), "f%u.m%u.s%u", next_random() % 300, next_random() % 4,
                 next_random() % 40);
        globs_find(set.globs, set.scratch, slice_of(name), RULE_SET);
        if (!globs_next(set.scratch, &found))
            found = SIZE_MAX;
        assert_int_equal(found, first_by_hand(&set, name, false));
    }
    unmake(&set);
}

/* Each segment is "a" or '*' in all ways: a search with backtracking would try 2^12 of them. */
static void globs_that_differ_in_nothing_match(void **state)
{
    enum { N = 4096, DEPTH = 12 };
    static char texts[N][2 * DEPTH + 2];
    const char *matches[N];
    struct set set;
    size_t rule;

    for (unsigned i = 0; i < N; i++) {
        for (unsigned j = 0; j < DEPTH; j++)
            snprintf(texts[i] + 2 * j, 3, "%c.", i & 1u << j ? 'a' : '*');
        strcpy(texts[i] + 2 * DEPTH, "z");
        matches[i] = texts[i];
    }
    set = make(matches, N, true);
    globs_find(set.globs, set.scratch, SLICE("a.a.a.a.a.a.a.a.a.a.a.a.z"), RULE_SET);
    assert_true(globs_next(set.scratch, &rule));
    assert_int_equal(rule, N - 1);
    must_find(&set, "a.a.a.a.a.a.a.a.a.a.a.a.y", RULE_SET, "");
    unmake(&set);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(a_star_is_one_segment_and_may_be_empty),
        CASE(the_first_in_the_list_comes_first),
        CASE(the_most_specific_comes_first_if_unordered),
        CASE(a_text_that_leads_nowhere_hides_no_star),
        CASE(types_have_rules_of_their_own),
        CASE(regexes_are_passed_over),
        CASE(captures_are_those_of_the_glob_that_was_found),
        CASE(no_globs_match_nothing),
        CASE(many_globs_match_as_one_after_the_other),
        CASE(long_lists_match_as_one_after_the_other),
        CASE(globs_that_differ_in_nothing_match),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
