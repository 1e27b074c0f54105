/* SPDX-License-Identifier: Apache-2.0 */

#include "regexes.h"

#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DOTS40 "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."

/* Backtracking takes an exponential time, or a high power, to see that these do not match. */
static const struct {
    const char *pattern, *name;
} slow[] = {
    /* With the limit that PCRE2 has by default, this one would be found out. */
    { "(a+)+c", "aaaaaaaaaaaaaaaaabc" },
    { "(a+)+c", A40 "bc" },
    { "(a*)*b!", A40 "!b!a" },
    { "(a|a)*b!", A40 "!b!a" },
    { "(?:(?:(?:a?)*)*)*bz", A40 "zbaz" },
    { "^(.+)\\.(.+)\\.(.+)\\.(.+)\\.(.+)\\.x$", DOTS40 DOTS40 DOTS40 "ax" },
    { "(\\w+\\.?)+!b", A40 "b!" },
};

static void exceeds_a_limit_instead_of_taking_long(void **state)
{
    CLEANUP(regex_scratch_freep) struct regex_scratch *scratch = NULL;
    struct slice groups[REGEX_GROUPS_MAX];
    struct regex_fault fault;

    assert_int_equal(regex_scratch_new(&scratch, REGEX_GROUPS_MAX), 0);
    for (size_t i = 0; i < sizeof(slow) / sizeof(slow[0]); i++) {
        CLEANUP(regex_freep) struct regex *regex = NULL;

        assert_int_equal(regex_new(&regex, slice_of(slow[i].pattern), &fault), 0);
        if (regex_find(regex, scratch, slice_of(slow[i].name), groups) != REGEX_EXCEEDED)
            fail_msg("%s", slow[i].pattern);
    }
}

static void a_limit_that_was_exceeded_is_forgiven(void **state)
{
    CLEANUP(regex_scratch_freep) struct regex_scratch *scratch = NULL;
    CLEANUP(regex_freep) struct regex *regex = NULL;
    struct slice groups[REGEX_GROUPS_MAX];
    struct regex_fault fault;

    assert_int_equal(regex_scratch_new(&scratch, REGEX_GROUPS_MAX), 0);
    assert_int_equal(regex_new(&regex, SLICE("(a+)+c"), &fault), 0);
    assert_int_equal(regex_find(regex, scratch, SLICE(A40 "bc"), groups), REGEX_EXCEEDED);
    assert_int_equal(regex_find(regex, scratch, SLICE("aac"), groups), REGEX_MATCHED);
    assert_slice_equal(groups[1], "aa");
}

static void names_of_real_files_need_no_limit(void **state)
{
    must_match("^(?:[\\w-]+)\\.([\\w-]+)\\.([\\w-]+)\\.([\\w-]+)\\.([\\w-]+)\\.([\\w-]+)$",
               "airflow.dag.my-dag_1.task-2.2026.duration",
               "airflow.dag.my-dag_1.task-2.2026.duration|dag|my-dag_1|task-2|2026|duration");
    must_match("(.+)\\.(.+)\\.total", "a.very.long.name.of.a.service.that.ends.in.total",
               "a.very.long.name.of.a.service.that.ends.in.total|"
               "a.very.long.name.of.a.service.that.ends|in");
    must_match("(.*)\\.(.*)-(.*)\\.(.*)", "proxy-1.http-goober.success",
               "proxy-1.http-goober.success|proxy-1|http|goober|success");
    must_match("test3\\.(\\w+)\\.(\\w+)", "test3.total_requests.count",
               "test3.total_requests.count|total_requests|count");
    must_match(".", "x", "x");
}

static void refuses_what_is_too_large(void **state)
{
    char pattern[40] = "";

    strcpy(pattern, "(?:[^\\pL]\\pN\\PN[\\pL-]){1000}");
    must_refuse(pattern, 0, "too large");
}

static void an_empty_name_is_a_name(void **state)
{
    must_match("^$", "", "");
    must_match(".", "", NULL);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE(exceeds_a_limit_instead_of_taking_long),
        CASE(a_limit_that_was_exceeded_is_forgiven),
        CASE(names_of_real_files_need_no_limit),
        CASE(refuses_what_is_too_large),
        CASE(an_empty_name_is_a_name),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
